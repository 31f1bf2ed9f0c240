"""Several ways to compute one thing, side by side; and what TF32 was.

Expected values: distances and layouts by hand; of runs, that half is off by about its rounding and
double by next to none, which no other result is. There is no GPU in most places: runs on the CPU in
other number formats stand in for it, and one test, marked, uses a real one.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from matlab_compat import TransposedConvolution2DLayer, convolution2dLayer, reluLayer
from matlab_compat.network import Network
from matlab_compat.parity.compare import EPS
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report
from matlab_compat.parity.reports.html import html_page
from matlab_compat.parity.reports.text import grids, report_text, side_by_side
from matlab_compat.parity.runner import Precision
from matlab_compat.parity.side_by_side import Distance, distances

from .. import reference
from .alone import verify_layer

RUNS = (Precision("cpu", "half"), Precision("cpu", "double"))
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(7, 6, 3, 2)).astype(np.float32)
W = RANDOM.normal(size=(3, 3, 4, 3)).astype(np.float32)
Y = reference.scatter_sum(X, W, None, (1, 1), (0, 0, 0, 0)).astype(np.float32)
#: What runs in double may be away from the oracle, which may add up in another order.
DOUBLE = 1e-12


def network() -> Network:
    weights = RANDOM.normal(size=(3, 3, 3, 4)).astype(np.float32)
    return Network([convolution2dLayer(3, 4, Weights=weights, Name="c"), reluLayer(Name="r")])


def layer() -> TransposedConvolution2DLayer:
    return TransposedConvolution2DLayer(FilterSize=3, NumFilters=4, Weights=W)


def of_layer(runs: tuple[Precision, ...] | None = RUNS) -> Report:
    return verify_layer(layer(), X, Y, runs=runs)


def of_network(runs: tuple[Precision, ...] | None = RUNS) -> Report:
    made = network()
    return verify_network(made, [X], {"Y": made.predict(X)}, data_format="SSCB", runs=runs)


def test_distances_by_hand() -> None:
    found = distances("Y", np.array([1.0, 2]), {"CPU": np.array([1, 2.5])}, np.ones(2), 0.25)
    assert [(d.one, d.other, d.max_abs, d.scaled_error) for d in found] == [
        ("MATLAB", "CPU", 0.5, 2),
        ("MATLAB", "float64 oracle", 1, 4),
        ("CPU", "float64 oracle", 1.5, 6),
    ]


def test_other_sizes_and_nan_on_one_side_are_infinitely_far() -> None:
    (found, *_) = distances("Y", np.ones((2, 3)), {"CPU": np.ones((3, 2))}, np.ones((2, 3)), 1)
    assert found.max_abs == np.inf
    nan = np.array([np.nan, 1])
    (found, _, same) = distances("Y", np.ones(2), {"CPU": nan}, nan, 1)
    assert (found.max_abs, same.max_abs) == (np.inf, 0)


def test_a_layer_in_several_ways() -> None:
    found = {(d.one, d.other): d for d in of_layer().side_by_side}
    names = ["MATLAB", "CPU single", "CPU half", "CPU double", "float64 oracle"]
    assert len(found) == 10
    assert {name for pair in found for name in pair} == set(names)
    assert found["CPU double", "float64 oracle"].max_abs < DOUBLE
    assert found["MATLAB", "CPU single"].scaled_error < 3
    assert found["CPU half", "float64 oracle"].scaled_error > 100


def test_a_network_in_several_ways() -> None:
    found = {(d.one, d.other): d for d in of_network().side_by_side}
    assert found["MATLAB", "CPU single"].scaled_error < 3
    assert found["CPU double", "float64 oracle"].max_abs < DOUBLE
    assert 1e-5 < found["CPU half", "float64 oracle"].max_abs < 0.1


def test_the_verdict_does_not_hang_on_other_runs() -> None:
    assert of_layer().verdict == of_layer(()).verdict == "equal"


def test_text_json_and_page_show_them() -> None:
    report = of_layer()
    document = report.to_json()
    assert set(document["side_by_side"][0]) == {
        "output",
        "one",
        "other",
        "max_abs",
        "scaled_error",
    }
    ((output, columns, rows),) = grids(document["side_by_side"])
    assert (output, columns) == ("Y", ["MATLAB", "CPU single", "CPU half", "CPU double"])
    assert [row[0] for row in rows] == [*columns[1:], "float64 oracle"]
    assert side_by_side(output, columns, rows) in report_text(document, "f")
    assert "Side by side" in html_page(report, "f")


def test_the_table_is_a_triangle_with_a_column_for_each_but_the_last() -> None:
    pairs = [("MATLAB", "CPU", 0.5, 2.0), ("MATLAB", "oracle", 0.0, 0.0), ("CPU", "oracle", 1.5, 6)]
    found = [Distance("Y", *pair).to_json() for pair in pairs]
    (table,) = grids(found)
    assert side_by_side(*table).splitlines() == [
        "Y side by side, max abs (scaled error)",
        "          MATLAB   CPU",
        "  CPU     0.5 (2)",
        "  oracle  0 (0)    1.5 (6)",
    ]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_shown() -> None:
    assert of_layer(None).side_by_side == ()
    assert "side by side" not in report_text(of_network(None).to_json(), "f")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_tf32_is_allowed_on_a_cpu_but_changes_nothing() -> None:
    found = verify_layer(layer(), X, Y, allow_tf32=True)
    assert found.environment["tf32"] == "off (allowed, but without effect here)"
    assert found.outputs[0].scaled_error < 3
    assert verify_layer(layer(), X, Y + np.float32(0.01), allow_tf32=True).verdict == "different"


def test_tf32_has_a_bound_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 roundings of 2^-10: 1/64 of what went into an element."""
    monkeypatch.setattr("matlab_compat.engine.precision.tf32_in_use", lambda allowed, *_: allowed)
    off = Y * np.float32(1 + 1e-3)
    assert verify_layer(layer(), X, off, allow_tf32=False).verdict == "different"
    found = verify_layer(layer(), X, off, allow_tf32=True)
    assert (found.verdict, found.environment["tf32"]) == ("equal", "on")
    made = network()
    expected = {"Y": made.predict(X, data_format="SSCB") * (1 + 1e-3)}
    exactly = verify_network(made, [X], expected, data_format="SSCB")
    roughly = verify_network(made, [X], expected, data_format="SSCB", allow_tf32=True, runs=())
    assert (exactly.verdict, roughly.verdict) == ("different", "equal")
    assert Precision("cpu", None, True).label == "CPU single with TF32"
    assert EPS["tf32"] == 2**-10


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_real_gpu_stands_beside_the_cpu() -> None:
    (run,) = Precision("cpu").elsewhere()
    assert (run.label, run.device) == ("GPU single", "cuda")
    for report in (of_layer(None), of_network(None)):
        found = {(d.one, d.other): d for d in report.side_by_side}
        assert found["CPU single", "GPU single"].scaled_error < 16
    on_gpu = verify_layer(layer(), X, Y, device="cuda", allow_tf32=True)
    assert on_gpu.verdict == "equal"
    newer = torch.cuda.get_device_capability() >= (8, 0)
    assert (on_gpu.environment["tf32"] == "on") == newer
