"""The time that a diagnosis may take, by a clock that only computing moves on.

Expected values: by hand. What differs is unstructured noise, for which every mistake is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from matlab_compat import dropoutLayer, imageInputLayer
from matlab_compat.errors import UsageError
from matlab_compat.layers import TransposedConvolution2DLayer
from matlab_compat.network import Network
from matlab_compat.parity.diagnose import linear, patience
from matlab_compat.parity.diagnose.patience import SECONDS, Patience
from matlab_compat.parity.diagnose.run import Run
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.runner import TorchRunner

from ..alone import verify_layer
from .test_unet import X, convolution, unet, up


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ticks = 0

    def monotonic(self) -> float:
        return self.now

    def costing(self, seconds: float, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, taking so long."""

        def slow(*arguments: Any, **options: Any) -> Any:
            self.now += seconds
            self.ticks += 1
            return function(*arguments, **options)

        return slow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(patience, "time", found)
    return found


def each_try_costs(monkeypatch: pytest.MonkeyPatch, clock: Clock, seconds: float) -> None:
    """Running a layer with a mistake, or a network with several, takes so long."""
    for name in ("own_output", "with_changes"):
        monkeypatch.setattr(Run, name, clock.costing(seconds, getattr(Run, name)))


def noisy(values: Any) -> Any:
    return values + 1e-2 * np.random.default_rng(0).standard_normal(values.shape)


def test_it_ends_when_one_more_try_would_take_too_long(clock: Clock) -> None:
    search = Patience(10)
    assert not search.is_over()
    clock.now += 4
    assert not search.is_over()  # 4 + 4
    clock.now += 1
    assert not search.is_over()  # 5 + the longest, 4
    clock.now += 2
    assert search.is_over()  # 7 + 4


@pytest.mark.parametrize(("seconds", "tries"), [(1.5, 13), (7, 2), (100, 1)])
def test_a_network_s_diagnosis_ends_in_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int
) -> None:
    each_try_costs(monkeypatch, clock, seconds)
    report = verify_network(unet(), [X], {"Y": noisy(unet().predict(X))})
    assert (report.verdict, report.diagnoses) == ("different", ())
    assert clock.ticks == tries
    assert tries == 1 or clock.now - 1000 <= SECONDS


def test_without_haste_everything_is_tried(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    each_try_costs(monkeypatch, clock, 0)
    layer = convolution("conv", 3, 8)
    assert verify_layer(layer, X, noisy(layer.predict(X))).diagnoses == ()
    assert clock.ticks > 50


def test_no_seconds_are_no_search(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    each_try_costs(monkeypatch, clock, 1)
    layer = convolution("conv", 3, 8)
    report = verify_network(layer, [X], {"Y": noisy(layer.predict(X))}, diagnosis_seconds=0)
    assert (report.verdict, report.diagnoses, report.unexplained) == ("different", (), "")
    assert clock.ticks == 0


def test_the_seconds_are_those_asked_for(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    each_try_costs(monkeypatch, clock, 1)
    layer = convolution("conv", 3, 8)
    report = verify_network(layer, [X], {"Y": noisy(layer.predict(X))}, diagnosis_seconds=5)
    assert (clock.ticks, report.unexplained.endswith("there was no time for more.")) == (5, True)


def test_fewer_seconds_than_none_are_refused() -> None:
    with pytest.raises(UsageError, match="-1 seconds") as caught:
        verify_network(convolution("conv", 3, 8), [X], {"Y": X}, diagnosis_seconds=-1)
    assert "0 for none" in str(caught.value)


def test_results_that_are_equal_cost_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the search nor one run more than where nothing is to be explained."""
    layer, calls = convolution("conv", 3, 8), []
    right, run = layer.predict(X), TorchRunner.run

    def counted(self: TorchRunner, *given: Any) -> Any:
        calls.append(given)
        return run(self, *given)

    monkeypatch.setattr(TorchRunner, "run", counted)
    monkeypatch.setattr(Run, "computed", None)
    counts = []
    for seconds in (0, 20):
        calls.clear()
        report = verify_network(layer, [X], {"Y": right}, diagnosis_seconds=seconds)
        assert report.verdict == "equal"
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_what_was_found_in_time_is_reported(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is the first thing tried in the last layer; each try takes 9 of the 20 s."""
    each_try_costs(monkeypatch, clock, 9)
    layers = [imageInputLayer((16, 16, 3), Normalization="none"), up("up", 3, 4)]
    mistaken = [layers[0], up("up", 3, 4, Cropping=[1, 0, 1, 0])]
    report = verify_network(Network(layers), [X], {"Y": Network(mistaken).predict(X)})
    assert [d.name for d in report.diagnoses] == ["'same' cropped on the wrong side"]


@pytest.mark.parametrize(("seconds", "tries"), [(1.5, 13), (7, 2)])
def test_a_layer_s_diagnosis_ends_in_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int
) -> None:
    layer = up("up", 3, 4)
    assert isinstance(layer, TransposedConvolution2DLayer)
    expected = noisy(layer.predict(X))
    each_try_costs(monkeypatch, clock, seconds)
    report = verify_layer(layer, X, expected)
    assert (report.verdict, report.diagnoses) == ("different", ())
    assert clock.ticks == tries
    assert clock.now - 1000 <= SECONDS


def test_solving_for_dropped_elements_ends_in_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [
        imageInputLayer((16, 16, 3), Normalization="none"),
        dropoutLayer(0.25, Name="drop"),
        convolution("conv", 3, 8),
    ]
    network = Network(layers)
    monkeypatch.setattr(linear, "_MOST_STEPS", 10_000)
    monkeypatch.setattr(Run, "computed", clock.costing(0.5, Run.computed))
    report = verify_network(network, [X], {"Y": noisy(network.predict(X))})
    assert (report.verdict, report.diagnoses) == ("different", ())
    assert clock.now - 1000 <= SECONDS
    assert clock.ticks > 20  # it did begin
