"""Convolutions in any number of dimensions as their definitions, and as ONNX Runtime has them.

Data is *space×C×N, filters *filter×C/G×F/G×G (for transposed ones *filter×F/G×C/G×G), in float64.
Nothing here uses the package under test.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pairs = Sequence[tuple[int, int]]

#: MATLAB's PaddingValue and the mode of numpy.pad that its documentation describes.
PAD_MODES = {
    "replicate": "edge",
    "symmetric-include-edge": "symmetric",
    "symmetric-exclude-edge": "reflect",
}


def normal(*size: int, seed: int = 0, dtype: type = np.float32) -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(dtype)


def padded(X: Array, pairs: Pairs, value: float | str = 0.0) -> Array:
    widths = [*pairs, (0, 0), (0, 0)]
    if isinstance(value, str):
        return np.pad(X, widths, mode=PAD_MODES[value])  # type: ignore[call-overload,no-any-return]
    return np.pad(X, widths, constant_values=value)


def same_pairs(size: Sequence[int], window: Sequence[int], stride: Sequence[int]) -> Pairs:
    """out = ceil(in/stride), the odd one at the end: the rule as MATLAB's pages word it."""
    totals = [
        max((int(np.ceil(n / s)) - 1) * s + k - n, 0)
        for n, k, s in zip(size, window, stride, strict=True)
    ]
    return [(t // 2, t - t // 2) for t in totals]


def correlate(
    X: Array, W: Array, bias: Array | float, stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    """``Y(i, f) = sum over p, c of W(p, c, f) X(i*s + p*d, c) + B(f)``, group by group."""
    X, W = X.astype(np.float64), W.astype(np.float64)
    d = len(stride)
    filter_size, (per_group, filters, groups) = W.shape[:d], W.shape[d:]
    covered = [(k - 1) * step + 1 for k, step in zip(filter_size, dilation, strict=True)]
    out = [(n - c) // s + 1 for n, c, s in zip(X.shape, covered, stride, strict=False)]
    Y = np.zeros((*out, filters * groups, X.shape[-1]))
    for i in np.ndindex(*out):
        for p in np.ndindex(*filter_size):
            at = tuple(a * s + b * e for a, s, b, e in zip(i, stride, p, dilation, strict=True))
            for g in range(groups):
                channels = X[at][g * per_group : (g + 1) * per_group]
                Y[i][g * filters : (g + 1) * filters] += W[p][:, :, g].T @ channels
    return Y + np.reshape(np.asarray(bias, np.float64), (-1, 1))


def scatter(
    X: Array,
    W: Array,
    bias: Array | float,
    stride: Sequence[int],
    crop: Pairs,
    dilation: Sequence[int] | None = None,
) -> Array:
    """``Y(i*s + p*d, f) += W(p, f, c) X(i, c)``, then the crop, then the bias, group by group."""
    X, W = X.astype(np.float64), W.astype(np.float64)
    d = len(stride)
    dilation = dilation or [1] * d
    filter_size, (filters, per_group, groups) = W.shape[:d], W.shape[d:]
    full = [
        (n - 1) * s + (k - 1) * e + 1
        for n, s, k, e in zip(X.shape, stride, filter_size, dilation, strict=False)
    ]
    Y = np.zeros((*full, filters * groups, X.shape[-1]))
    for i in np.ndindex(*X.shape[:d]):
        for p in np.ndindex(*filter_size):
            at = tuple(a * s + b * e for a, s, b, e in zip(i, stride, p, dilation, strict=True))
            for g in range(groups):
                channels = X[i][g * per_group : (g + 1) * per_group]
                Y[at][g * filters : (g + 1) * filters] += W[p][:, :, g] @ channels
    kept = Y[tuple(slice(b, n - a) for (b, a), n in zip(crop, full, strict=True))]
    return kept + np.reshape(np.asarray(bias, np.float64), (-1, 1))


def to_torch_order(X: Array) -> Array:
    """*space×C×N to N,C,*space."""
    return np.ascontiguousarray(np.moveaxis(X, (-1, -2), (0, 1)))


def from_torch_order(x: Array) -> Array:
    return np.moveaxis(x, (0, 1), (-1, -2))


def onnx_run(operator: str, arrays: Sequence[Array], **attributes: Any) -> Array:
    """One ONNX operator on float32 arrays, as ONNX Runtime computes it."""
    import onnxruntime
    from onnx import TensorProto, helper

    names = [f"x{i}" for i in range(len(arrays))]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, a.shape)
        for name, a in zip(names, arrays, strict=True)
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node(operator, names, ["y"], **attributes)
    graph = helper.make_graph([node], "one", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    session = onnxruntime.InferenceSession(model.SerializeToString())
    feed = {n: np.ascontiguousarray(a, np.float32) for n, a in zip(names, arrays, strict=True)}
    result: Array = session.run(None, feed)[0]
    return result


def onnx_pads(pairs: Pairs) -> list[int]:
    """ONNX wants all befores, then all afters."""
    return [before for before, _ in pairs] + [after for _, after in pairs]


def assert_close(actual: Array, expected: Array, tolerance: float = 2e-5) -> None:
    """Equal size; the largest difference small beside the largest value."""
    assert actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


DIMENSIONS = list(itertools.product([1, 2, 3], [1, 2]))


def assert_moves_over_space_alone(layer: Any) -> None:
    """A 1-D layer of four channels passes time on step by step, without a warning."""
    X = normal(6, 4, 2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Y = layer.predict(X, "SCBT")
    assert_close(Y[..., 1], layer.predict(X[..., 1], "SCB"))


def assert_initialized(layer: Any, weights: tuple[int, ...], bias: tuple[int, ...]) -> None:
    """Initialized for two channels, the learnables have these sizes."""
    made = layer.initialize(2, seed=0)
    assert (made.Weights.shape, made.Bias.shape) == (weights, bias)
