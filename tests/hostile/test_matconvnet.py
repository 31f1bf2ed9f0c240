"""Networks of MatConvNet that contradict themselves: an error of ours, in time.

What must happen is from this project's own rules: one of its errors, or a layer that is not run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from matlab_compat import Network
from matlab_compat.errors import MatFileError, MatlabCompatError
from tests.converters.exports import cells, save, struct_array
from tests.converters.matconvnet.samples import (
    RELU,
    B,
    W,
    conv,
    dagnn,
    layer,
    node,
    saved,
    simplenn,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*only training uses it")

A, C = node("a", "ReLU", ["x"], "y"), node("c", "Conv", ["y"], "z", ("f", "b"), pad=1.0)
DAG = dagnn(A, C, f=W, b=B)

#: Networks whose layers do not hang together, or have not the form of layers.
BROKEN: dict[str, dict[str, Any]] = {
    "a circle": dagnn(node("a", "ReLU", ["z"], "y"), node("c", "ReLU", ["y"], "z")),
    "a layer that feeds itself": dagnn(node("a", "Sum", ["x", "y"], "y")),
    "two layers that make one variable": dagnn(A, node("b", "ReLU", ["x"], "y")),
    "a type that is a number": dagnn({**A, "type": 3.0}),
    "no name": dagnn({**A, "name": np.zeros((0, 0))}),
    "inputs that are numbers": dagnn({**A, "inputs": 1.0}),
    "outputs that are a struct": dagnn({**A, "outputs": {"y": 1.0}}),
    "inputs that are cells of cells": dagnn({**A, "inputs": cells(cells("x"))}),
    "params that are text": {**DAG, "params": "none"},
    "params without names": {**DAG, "params": struct_array([{"value": W}])},
    "params of numbers in a cell": {**DAG, "params": cells(1.0)},
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_hang_together_is_one_of_our_errors(tmp_path: Path, case: str) -> None:
    path = saved(tmp_path, BROKEN[case])
    with pytest.raises(MatFileError) as caught:
        converters.load(path)
    assert str(path) in caught.value.where
    converters.inspect(path)


WRONG: tuple[Any, ...] = (
    *("text", 1.5, -3.0, np.nan, np.inf, True, 1e300, 2 + 3j),
    *(np.zeros((0, 0)), np.ones((3, 0)), np.ones((2, 3, 4)), np.uint8([[200]])),
    *(cells(), cells("a", 1.0), cells(cells(W)), {"a": 1.0}, struct_array([{"a": 1.0}] * 3)),
)
LAYERS: tuple[dict[str, Any], ...] = (
    conv(dilate=1.0, opts=cells(), learningRate=1.0, weightDecay=1.0),
    layer("convt", weights=cells(W, B), upsample=1.0, crop=0.0, numGroups=1.0),
    layer("pool", pool=2.0, stride=1.0, pad=0.0, method="avg"),
    layer("relu", leak=0.1),
    layer("lrn", param=[5.0, 1.0, 1.0, 0.5]),
    layer("bnorm", weights=cells(B, B, np.ones((4, 2), np.float32)), epsilon=1e-4),
    layer("dropout", rate=0.5),
    layer("noffset", param=[1.0, 0.5]),
    layer("spnorm", param=[3.0, 3.0, 1.0, 0.5]),
    layer("softmaxloss", **{"class": 1.0}),
)
FIELDS = [(one["type"], name) for one in LAYERS for name in one if name != "type"]


def opens_or_says_why(path: Path, *sizes: int) -> None:
    """It runs, or an error of ours."""
    try:
        network = converters.load(path)
        converters.inspect(path)
        assert isinstance(network, Network)
        network.predict(np.ones((6, 6, *sizes), np.float32))
    except MatlabCompatError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.filterwarnings("ignore:.*softmaxloss")
@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_any_value_in_any_field_runs_or_is_one_of_our_errors(
    tmp_path: Path, kind: str, field: str
) -> None:
    one = next(one for one in LAYERS if one["type"] == kind)
    for wrong in WRONG:
        opens_or_says_why(saved(tmp_path, simplenn({**one, field: wrong}, RELU)), 2)


@pytest.mark.parametrize("field", ["name", "inputs", "outputs", "params", "block"])
def test_any_value_in_any_field_of_a_DagNN(tmp_path: Path, field: str) -> None:
    for wrong in WRONG:
        opens_or_says_why(saved(tmp_path, dagnn(A, {**C, field: wrong}, f=W, b=B)), 2)


@pytest.mark.parametrize("field", ["vars", "params", "layers", "meta"])
def test_any_value_in_the_place_of_a_part_of_a_DagNN(tmp_path: Path, field: str) -> None:
    for wrong in WRONG:
        opens_or_says_why(saved(tmp_path, {**DAG, field: wrong}), 2)


@pytest.mark.parametrize(
    "field", ["imageSize", "averageImage", "interpolation", "border", "cropSize", "keepAspect"]
)
def test_any_value_in_meta(tmp_path: Path, field: str) -> None:
    for wrong in WRONG:
        normalization = {"imageSize": [6.0, 6.0, 2.0], field: wrong}
        path = saved(tmp_path, simplenn(RELU, normalization=normalization, classes=wrong))
        opens_or_says_why(path, 2)
        try:
            converters.load(path).preprocess(np.ones((7, 7, 2)), crop=True)  # type: ignore[union-attr]
        except MatlabCompatError as error:
            assert str(error)  # noqa: PT017


def test_more_layers_than_python_calls_deep(tmp_path: Path) -> None:
    count = sys.getrecursionlimit() + 500
    layers = [layer("relu", name=f"r{i}") for i in range(count)]
    network = converters.load(save(tmp_path / "many.mat", layers=cells(*layers)))
    assert isinstance(network, Network)
    assert len(network.Layers) == count + 1
    nodes = [node(f"r{i}", "ReLU", [f"x{i}"], f"x{i + 1}") for i in reversed(range(count))]
    network = converters.load(saved(tmp_path, dagnn(*nodes)))
    assert isinstance(network, Network)
    assert len(network.Layers) == count + 1
