"""The three-way rule, and networks verified with it.

Expected values: tiny arrays worked out by hand, and the float64 scatter sum of ``reference``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matlab_compat import Network, reluLayer, transposedConv2dLayer
from matlab_compat.data_format import dlarray
from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.execution import network as predict
from matlab_compat.parity.network import NETWORK_BOUND, three_way, verify_network
from tests.matlab_compat.reference import EPS, scatter_sum

ONE = np.ones((2, 1))


def test_the_scale_is_float32_s_own_distance_to_the_oracle() -> None:
    own = 1e-5  # computed here, off by 1e-5 from the oracle
    near, far = ONE + 0.9 * NETWORK_BOUND * own, ONE + 1.3 * NETWORK_BOUND * own
    assert three_way("Y", ONE + own, ONE, near, EPS["single"]).verdict == "equal"
    assert three_way("Y", ONE + own, ONE, far, EPS["single"]).verdict == "different"


def test_an_exact_float32_still_allows_roundings_of_the_largest_output() -> None:
    near = ONE + 0.9 * NETWORK_BOUND * EPS["single"]
    far = ONE + 1.1 * NETWORK_BOUND * EPS["single"]
    assert three_way("Y", ONE, ONE, near, EPS["single"]).verdict == "equal"
    assert three_way("Y", ONE, ONE, far, EPS["single"]).verdict == "different"


def test_a_float32_that_is_far_off_does_not_excuse_everything() -> None:
    broken = ONE + 0.5
    assert three_way("Y", broken, ONE, ONE + 0.4, EPS["single"]).verdict == "different"


def test_scale_free() -> None:
    for factor in (1e-6, 1e6):
        near = factor * (ONE + 0.9 * NETWORK_BOUND * EPS["single"])
        assert three_way("Y", factor * ONE, factor * ONE, near, EPS["single"]).verdict == "equal"


def test_labelled_arrays_are_compared() -> None:
    labelled = dlarray(ONE, "CB")
    assert three_way("Y", labelled, labelled, ONE, EPS["single"]).verdict == "equal"


@pytest.fixture
def network() -> Network:
    first = transposedConv2dLayer(3, 4, Stride=2, Cropping="same", NumChannels=2, Name="a")
    second = transposedConv2dLayer(2, 3, Stride=2, NumChannels=4, Name="b")
    layers = [first.initialize(seed=1), reluLayer(Name="r"), second.initialize(seed=2)]
    return Network(layers)


X = np.random.default_rng(3).normal(size=(5, 4, 2, 2)).astype(np.float32)


def truth(network: Network) -> dict[str, np.ndarray]:
    """The activations of the three layers, by the definition."""
    a, b = network.layer("a"), network.layer("b")
    first = scatter_sum(X, a.Weights, a.Bias, (2, 2), (0, 1, 0, 1))  # type: ignore[attr-defined]
    rectified = np.maximum(first, 0)
    second = scatter_sum(rectified, b.Weights, b.Bias, (2, 2), (0, 0, 0, 0))  # type: ignore[attr-defined]
    return {"a": first, "r": rectified, "b": second}


def test_a_network_and_its_activations_against_the_definition(network: Network) -> None:
    right = truth(network)
    report = verify_network(network, [X], {"Y": right["b"]}, activations=right)
    assert (report.verdict, report.first_difference) == ("equal", None)
    assert [c.name for c in report.activations] == ["a", "r", "b"]


def test_the_first_layer_that_differs_is_named(network: Network) -> None:
    wrong = truth(network)
    wrong["r"] = np.maximum(wrong["a"] - 0.01, 0)
    wrong["b"] = wrong["b"] + 1
    report = verify_network(network, [X], {"Y": truth(network)["b"]}, activations=wrong)
    assert (report.verdict, report.exit_code, report.first_difference) == ("different", 1, "r")
    assert report.to_json()["first_difference"] == "r"


def test_a_layer_alone(network: Network) -> None:
    layer = network.layer("r")
    assert verify_network(layer, [X], {"Y": np.maximum(X, 0)}).verdict == "equal"
    assert verify_network(layer, [X], {"Y": X}).verdict == "different"


def test_vacuous_comparisons_and_missing_outputs(network: Network) -> None:
    with pytest.raises(NothingToCompareError):
        verify_network(network, [X], {"Y": np.full((20, 16, 3, 2), np.nan)})
    with pytest.raises(UsageError, match="1 outputs, but 2"):
        verify_network(network, [X], {"Y": X, "Z": X})


def test_the_network_runs_once_in_each_precision(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs and activations come from the same run: what ``verify`` costs is these two runs."""
    runs = []

    def counted(*arguments: Any, **options: Any) -> predict.Computed:
        runs.append(options["dtype"])
        return computed(*arguments, **options)

    computed = predict.computed
    monkeypatch.setattr(predict, "computed", counted)
    right = truth(network)
    assert verify_network(network, [X], {"Y": right["b"]}, activations=right).verdict == "equal"
    assert runs == [None, "double"]
