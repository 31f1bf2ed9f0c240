"""Seeded mistakes in single layers of any number of dimensions, in recurrences, in inputs, in
precision and in dropout.

The wrong results are made by the definitions of ``filter_reference`` and ``recurrent_reference``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.network import Network
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from ... import filter_reference, recurrent_reference

Array = NDArray[Any]
Found = tuple[Diagnosis, ...]
Pairs = tuple[tuple[int, int], ...]


def data(kind: str, size: tuple[int, ...], seed: int) -> Array:
    """Normal numbers, or ones that change slowly along the first dimensions, from 0 to 1."""
    values = np.random.default_rng(seed).standard_normal(size)
    if kind == "natural":
        for axis in range(max(1, len(size) - 2)):
            values = np.cumsum(values, axis)
        values = (values - values.min()) / np.ptp(values)
    return values.astype(np.float32)


def _single(random: np.random.Generator, *size: int) -> Array:
    return random.normal(size=size).astype(np.float32)


# --- filters in one, two and three dimensions -------------------------------------------


@dataclass(frozen=True)
class Filter:
    """What a convolution does; a mistake is another one of these."""

    weights: Array
    bias: Array
    stride: tuple[int, ...]
    pairs: Pairs
    transposed: bool

    def of(self, X: Array) -> Array:
        dims = len(self.stride)
        W = self.weights[..., np.newaxis]
        if self.transposed:
            found = filter_reference.scatter(X, W, self.bias, self.stride, self.pairs)
        else:
            padded = filter_reference.padded(X, self.pairs)
            found = filter_reference.correlate(padded, W, self.bias, self.stride, (1,) * dims)
        return found.astype(np.float32)


_FILTERS: dict[tuple[int, bool], Any] = {
    (1, False): mc.convolution1dLayer,
    (2, False): mc.convolution2dLayer,
    (3, False): mc.convolution3dLayer,
    (1, True): mc.transposedConv1dLayer,
    (2, True): mc.transposedConv2dLayer,
    (3, True): mc.transposedConv3dLayer,
}
_LABELS = {1: "SCB", 2: "SSCB", 3: "SSSCB"}
#: Strides, and what is padded or cropped, before and after in each dimension.
_STRIDES = {1: (2,), 2: (2, 3), 3: (2, 1, 3)}
_PAIRS: dict[int, Pairs] = {1: ((0, 2),), 2: ((0, 1), (2, 1)), 3: ((0, 1), (1, 2), (0, 2))}
_FLAT: dict[int, Callable[[Pairs], Any]] = {
    1: lambda pairs: list(pairs[0]),
    2: lambda pairs: [n for pair in pairs for n in pair],
    3: lambda pairs: [list(row) for row in zip(*pairs, strict=True)],
}


def _flipped(made: Filter) -> Filter:
    space = tuple(range(len(made.stride)))
    return replace(made, weights=np.flip(made.weights, space))


def _sides_exchanged(made: Filter) -> Filter:
    return replace(made, pairs=tuple(pair[::-1] for pair in made.pairs))


def _read_flat(made: Filter) -> Filter:
    """[t b l r] read as [t l b r]; [t l f; b r k] as [t b l r f k]."""
    (a, b), (c, d), *rest = made.pairs
    if not rest:
        return replace(made, pairs=((a, c), (b, d)))
    ((e, f),) = rest
    t, left, front, bottom, right, back = a, c, e, b, d, f
    return replace(made, pairs=((t, left), (front, bottom), (right, back)))


#: Mistake -> what is done instead, the numbers of dimensions it exists in, the name.
FILTERS: dict[str, tuple[Callable[[Filter], Filter], tuple[int, ...], str]] = {
    "kernel flipped": (_flipped, (1, 2, 3), "kernel flipped"),
    "kernel H/W exchanged": (
        lambda made: replace(made, weights=made.weights.swapaxes(0, 1)),
        (2,),
        "kernel height and width exchanged",
    ),
    "kernel axes reversed": (
        lambda made: replace(made, weights=made.weights.swapaxes(0, 2)),
        (3,),
        "kernel axes reversed",
    ),
    "filters and channels exchanged": (
        lambda made: replace(made, weights=made.weights.swapaxes(-1, -2)),
        (1, 2, 3),
        "filters and channels exchanged",
    ),
    "bias missing": (lambda made: replace(made, bias=0 * made.bias), (1, 2, 3), "bias missing"),
    "bias doubled": (lambda made: replace(made, bias=2 * made.bias), (1, 2, 3), "bias doubled"),
    "stride exchanged": (
        lambda made: replace(made, stride=made.stride[::-1]),
        (2, 3),
        "stride exchanged",
    ),
    "on the wrong side": (_sides_exchanged, (1, 2, 3), "on the wrong side"),
    "order misread": (_read_flat, (2, 3), "order"),
    "[a b] read as [b a]": (
        lambda made: replace(made, pairs=made.pairs[::-1]),
        (2, 3),
        "read as",
    ),
}


def _right(name: str, dims: int, transposed: bool) -> str:
    """The name of a diagnosis of edges, which are cropped or padded."""
    what = "Cropping" if transposed else "Padding"
    return {
        "on the wrong side": f"{'crop' if transposed else 'padding'} on the wrong side",
        "order": f"{what} order {'[t l b r]' if dims == 2 else '[t b l r f k]'}",
        "read as": f"{what} {'[a b] read as [b a]' if dims == 2 else '[a b c] read as [c b a]'}",
    }.get(name, name)


def _layer(made: Filter) -> Any:
    dims = len(made.stride)
    what = "Cropping" if made.transposed else "Padding"
    return _FILTERS[dims, made.transposed](
        made.weights.shape[:dims] if dims > 1 else made.weights.shape[0],
        made.bias.size,
        Stride=made.stride if dims > 1 else made.stride[0],
        Weights=made.weights,
        Bias=made.bias.reshape((1,) * dims + (-1,)),
        Name="layer",
        **{what: _FLAT[dims](made.pairs)},
    )


def _of_filter(mistake: str, dims: int, transposed: bool, kind: str, seed: int) -> Found:
    random = np.random.default_rng(seed + 1)
    weights = _single(random, *(3,) * dims, 4, 4)
    made = Filter(weights, _single(random, 4), _STRIDES[dims], _PAIRS[dims], transposed)
    X = data(kind, ((11,), (9, 8), (6, 5, 7))[dims - 1] + (4, 2), seed)
    wrong = FILTERS[mistake][0](made).of(X)
    return verify_network(_layer(made), [X], {"Y": wrong}, data_format=_LABELS[dims]).diagnoses


# --- recurrences ------------------------------------------------------------------------


def _gru(kind: str, seed: int, mistake: str) -> Found:
    """Rows r z n; the mistake takes them in another order, or applies the reset gate elsewhere."""
    random = np.random.default_rng(seed + 3)
    hidden, channels = 5, 3
    X = data(kind, (channels, 7), seed)
    W, R, b = (_single(random, 15, n) for n in (channels, hidden, 1))
    layer = mc.gruLayer(hidden, InputWeights=W, RecurrentWeights=R, Bias=b, Name="gru")
    mode, bias = "after-multiplication", b
    if mistake == "gates z r n":
        blocks = np.r_[5:10, 0:5, 10:15]
        W, R, bias = W[blocks], R[blocks], b[blocks]
    elif mistake == "reset gate before":
        mode = "before-multiplication"
    else:
        bias = np.concatenate([0 * b, b])
    states, _ = recurrent_reference.gru(
        X[:, np.newaxis, :].astype(np.float64), W, R, bias, np.zeros((hidden, 1)), mode
    )
    layers = [mc.sequenceInputLayer(channels), layer]
    return verify_network(Network(layers), [X], {"Y": states[:, 0].astype(np.float32)}).diagnoses


# --- inputs -----------------------------------------------------------------------------


def _image_network(random: np.random.Generator, size: tuple[int, int]) -> tuple[Any, Any]:
    """input(zerocenter) - conv - relu, and the same by definition."""
    mean = np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 1, 3)
    W, b = _single(random, 3, 3, 3, 4), _single(random, 4)
    layers = [
        mc.imageInputLayer((*size, 3), Normalization="zerocenter", Mean=mean, Name="in"),
        mc.convolution2dLayer(3, 4, Weights=W, Bias=b.reshape(1, 1, 4), Name="conv"),
        mc.reluLayer(Name="relu"),
    ]
    made = Filter(W, b, (1, 1), ((0, 0), (0, 0)), transposed=False)
    return Network(layers), lambda X: np.maximum(made.of(X - mean[..., np.newaxis]), 0)


_INPUTS: dict[str, tuple[Callable[[Array], Array], str]] = {
    "input times 255": (lambda X: 255 * X, "input scaled"),
    "input divided by 255": (lambda X: X / 255, "input scaled"),
    "input H and W exchanged": (lambda X: X.swapaxes(0, 1), "input height and width exchanged"),
    "input H and W exchanged, not square": (
        lambda X: X.swapaxes(0, 1),
        "input height and width exchanged",
    ),
}


def _of_input(kind: str, seed: int, mistake: str) -> Found:
    size = (8, 10) if "not square" in mistake else (9, 9)
    network, definition = _image_network(np.random.default_rng(seed + 4), size)
    X = data(kind, (*size, 3, 2), seed)
    expected = definition(_INPUTS[mistake][0](X))
    return verify_network(network, [X], {"Y": expected}).diagnoses


# --- precision --------------------------------------------------------------------------


def _bfloat16(values: Array) -> Array:
    """To the nearest number with 8 bits of mantissa."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


_COARSE: dict[str, Callable[[Array], Array]] = {
    "half": lambda values: values.astype(np.float16).astype(np.float32),
    "bfloat16": _bfloat16,
}


def _computed_in(kind: str, seed: int, mistake: str) -> Found:
    """Every value rounded: weights, input, and what each layer makes."""
    random = np.random.default_rng(seed + 5)
    rounded = _COARSE[mistake.split()[-1]]
    X = data(kind, (9, 9, 3, 2), seed)
    W, b = _single(random, 3, 3, 3, 4), _single(random, 4)
    V = _single(random, 3, 3, 4, 5)
    none = ((0, 0), (0, 0))
    first = Filter(rounded(W), rounded(b), (1, 1), none, transposed=False)
    hidden = np.maximum(rounded(first.of(rounded(X))), 0)
    second = Filter(rounded(V), np.zeros(5, np.float32), (1, 1), none, transposed=False)
    layers = [
        mc.imageInputLayer((9, 9, 3), Normalization="none"),
        mc.convolution2dLayer(3, 4, Weights=W, Bias=b.reshape(1, 1, 4), Name="first"),
        mc.reluLayer(Name="relu"),
        mc.convolution2dLayer(3, 5, Weights=V, Bias=np.zeros((1, 1, 5), np.float32), Name="second"),
    ]
    return verify_network(Network(layers), [X], {"Y": rounded(second.of(hidden))}).diagnoses


def _operands_in(kind: str, seed: int, mistake: str) -> Found:
    """Weights and input rounded, products summed exactly: TF32 and automatic casts."""
    random = np.random.default_rng(seed + 6)
    rounded = _COARSE[mistake.split()[-1]]
    X = data(kind, (9, 9, 3, 2), seed)
    W, b = _single(random, 3, 3, 3, 4), _single(random, 4)
    made = Filter(W, b, (1, 1), ((0, 0), (0, 0)), transposed=False)
    wrong = replace(made, weights=rounded(W)).of(rounded(X))
    return verify_network(_layer(made), [X], {"Y": wrong}, data_format="SSCB").diagnoses


# --- dropout ----------------------------------------------------------------------------


def _dropped_before(kind: str, seed: int, mistake: str) -> Found:
    """The dropout's own output is not known, only that of the linear layer after it."""
    random = np.random.default_rng(seed + 7)
    if mistake == "dropout before a convolution":
        X = data(kind, (8, 8, 3, 2), seed)
        W, b = _single(random, 3, 3, 3, 6), _single(random, 6)
        made = Filter(W, b, (1, 1), ((1, 1), (1, 1)), transposed=False)
        layers = [
            mc.imageInputLayer((8, 8, 3), Normalization="none"),
            mc.dropoutLayer(0.4, Name="drop"),
        ]
        kept = random.random(X.shape) > 0.4
        expected = made.of((kept * X / np.float32(0.6)).astype(np.float32))
        return verify_network(Network([*layers, _layer(made)]), [X], {"Y": expected}).diagnoses
    X = data(kind, (6, 5, 2, 3), seed)
    W = _single(random, 70, 60) / 8
    layers = [
        mc.imageInputLayer((6, 5, 2), Normalization="none"),
        mc.reluLayer(Name="relu"),
        mc.dropoutLayer(0.5, Name="drop"),
        mc.fullyConnectedLayer(70, Weights=W, Bias=np.zeros((70, 1), np.float32), Name="fc"),
    ]
    kept = random.random(X.shape) > 0.5
    flat = (kept * np.maximum(X, 0) / 0.5).reshape(-1, 3, order="F")
    expected = (W.astype(np.float64) @ flat).T.astype(np.float32)
    return verify_network(Network(layers), [X], {"Y": expected}).diagnoses


def _noise_after_dropout(kind: str, seed: int, mistake: str) -> Found:
    """As if elements of every layer were lost, but none were."""
    random = np.random.default_rng(seed + 8)
    X = data(kind, (8, 8, 3, 2), seed)
    made = Filter(_single(random, 3, 3, 3, 6), _single(random, 6), (1, 1), ((1, 1), (1, 1)), False)
    layers = [
        mc.imageInputLayer((8, 8, 3), Normalization="none"),
        mc.dropoutLayer(0.4, Name="drop"),
    ]
    expected = made.of(X)
    expected = expected * (1 + 0.4 * random.normal(size=expected.shape)).astype(np.float32)
    return verify_network(Network([*layers, _layer(made)]), [X], {"Y": expected}).diagnoses


# --- all of them ------------------------------------------------------------------------

_OTHERS: dict[str, tuple[Callable[[str, int, str], Found], tuple[str, ...]]] = {
    "gates z r n": (_gru, ("gates in another order",)),
    "reset gate before": (_gru, ("reset gate applied elsewhere",)),
    "reset gate on the bias": (_gru, ("reset gate acts on the bias",)),
    **{name: (_of_input, (right,)) for name, (_, right) in _INPUTS.items()},
    "computed in half": (_computed_in, ("half precision",)),
    "computed in bfloat16": (_computed_in, ("bfloat16 precision",)),
    "operands in half": (_operands_in, ("operands in half precision",)),
    "operands in bfloat16": (_operands_in, ("operands in bfloat16 precision",)),
    "dropout before a convolution": (_dropped_before, ("dropout active",)),
    "dropout before a fully connected layer": (_dropped_before, ("dropout active",)),
    "noise after a dropout": (_noise_after_dropout, ()),
}


def runs(kind: str, seed: int) -> Iterator[tuple[str, tuple[str, ...], Callable[[], Found]]]:
    """For every mistake: its name, the names that are right, and what is diagnosed."""
    for dims, transposed in _FILTERS:
        named = f"{'transposed ' if transposed else ''}convolution {dims}-D"
        for mistake, (_, where, name) in FILTERS.items():
            if dims in where:
                arguments = (mistake, dims, transposed, kind, seed)
                right = (_right(name, dims, transposed),)
                yield f"{named}: {mistake}", right, partial(_of_filter, *arguments)
    for mistake, (make, rights) in _OTHERS.items():
        yield mistake, rights, partial(make, kind, seed, mistake)
