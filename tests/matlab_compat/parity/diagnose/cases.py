"""Seeded mistakes: what a right result becomes by each, and the diagnosis that it must get.

The wrong results are made by definitions written out here in numpy (and in ``reference``), never
by the search that is to find them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matlab_compat import (
    averagePooling2dLayer,
    batchNormalizationLayer,
    convolution2dLayer,
    dropoutLayer,
    fullyConnectedLayer,
    imageInputLayer,
    lstmLayer,
    reluLayer,
    sequenceInputLayer,
    transposedConv2dLayer,
)
from matlab_compat.layers import TransposedConvolution2DLayer
from matlab_compat.network import Network
from matlab_compat.parity.diagnose import Measure, diagnose_output
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from ... import reference
from ..alone import verify_layer
from . import layer_cases

Array = NDArray[Any]
Found = tuple[Diagnosis, ...]
DATA = ("random", "natural")


class Case(NamedTuple):
    """One mistake, made on data of one kind with one seed."""

    mistake: str
    kind: str
    seed: int
    #: The names that are right; none for noise.
    right: tuple[str, ...]
    run: Callable[[], Found]

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.mistake}-{self.kind}-{self.seed}"


def data(kind: str, size: tuple[int, ...], seed: int) -> Array:
    """Normal numbers, or images with the spectrum 1/f of photographs, from 0 to 1."""
    random = np.random.default_rng(seed)
    values = random.standard_normal(size)
    if kind == "natural":
        frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in size[:2]), indexing="ij")
        radius = np.maximum(np.hypot(*frequencies), 1 / max(size[:2]))
        radius = radius.reshape(radius.shape + (1,) * (len(size) - 2))
        values = np.fft.ifft2(np.fft.fft2(values, axes=(0, 1)) / radius**2, axes=(0, 1)).real
        values = (values - values.min()) / np.ptp(values)
    return values.astype(np.float32)


def noisy(values: Array, seed: int) -> Array:
    """Rounded twice, as two computations in single are apart."""
    random = np.random.default_rng(seed + 1000)
    scale = 2.0**-23 * np.abs(values).max()
    result: Array = values + scale * random.uniform(-1, 1, values.shape)
    return result


# --- outputs ----------------------------------------------------------------------------


def _softmax(x: Array, axis: int) -> Array:
    e = np.exp(x.astype(np.float64) - x.max())
    result: Array = e / e.sum(axis, keepdims=True)
    return result


def _sigmoid(x: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-x.astype(np.float64)))
    return result


def _cropped(x: Array, top: int, left: int) -> Array:
    """14×11 of a larger result, from a place on."""
    return x[top : top + 14, left : left + 11]


#: Mistake -> (right and wrong result from the same values, names that are right).
OUTPUTS: dict[str, tuple[Callable[[Array], tuple[Array, Array]], tuple[str, ...]]] = {
    "H and W exchanged": (
        lambda x: (x[:14, :14], x[:14, :14].swapaxes(0, 1)),
        ("height and width exchanged",),
    ),
    "H and W exchanged, not square": (
        lambda x: (x[:14, :11], x[:14, :11].swapaxes(0, 1)),
        ("height and width exchanged",),
    ),
    "channel first": (lambda x: (x, np.moveaxis(x, 2, 0)), ("axes permuted",)),
    "batch first": (lambda x: (x, np.moveaxis(x, 3, 0)), ("axes permuted",)),
    "axes reversed": (lambda x: (x, x.T), ("axes reversed",)),
    "row-major reading": (
        lambda x: (x[:14, :11], x[:14, :11].ravel(order="C").reshape(x[:14, :11].shape, order="F")),
        ("row-major reading",),
    ),
    "N,C,H,W bytes read as H×W×C×N": (
        lambda x: (
            x[:14, :11],
            x[:14, :11].transpose(3, 2, 0, 1).ravel().reshape(x[:14, :11].shape, order="F"),
        ),
        ("another memory order",),
    ),
    "flipped up-down": (lambda x: (x, x[::-1]), ("height flipped",)),
    "flipped left-right": (lambda x: (x, x[:, ::-1]), ("width flipped",)),
    "rotated by 180": (lambda x: (x, x[::-1, ::-1]), ("height and width flipped",)),
    "shift down by 1": (lambda x: (_cropped(x, 0, 0), _cropped(x, 1, 0)), ("shifted",)),
    "shift in both by 1": (lambda x: (_cropped(x, 0, 0), _cropped(x, 1, 1)), ("shifted",)),
    "shift by 2 and -1": (lambda x: (_cropped(x, 0, 1), _cropped(x, 2, 0)), ("shifted",)),
    "one row more": (lambda x: (x[:14], x[:15]), ("crop missing",)),
    "channels reordered": (
        lambda x: (x, x[:, :, [3, 0, 4, 1, 2]]),
        ("channels in another order",),
    ),
    "observations reordered": (
        lambda x: (x, x[..., [1, 2, 0]]),
        ("observations in another order",),
    ),
    "BGR": (lambda x: (x[:, :, :3], x[:, :, 2::-1]), ("BGR for RGB",)),
    "times 255": (lambda x: (x, 255 * x), ("constant scale",)),
    "divided by 255": (lambda x: (x, x / 255), ("constant scale",)),
    "offset": (lambda x: (x, x + 0.25), ("constant offset",)),
    "-1..1 for 0..1": (lambda x: (x, 2 * x - 1), ("scale and offset",)),
    "sign": (lambda x: (x, -x), ("sign exchanged",)),
    "sigmoid applied": (lambda x: (4 * x, _sigmoid(4 * x)), ("sigmoid applied",)),
    "sigmoid missing": (lambda x: (_sigmoid(4 * x), 4 * x), ("sigmoid missing",)),
    "softmax applied": (lambda x: (4 * x, _softmax(4 * x, 2)), ("softmax applied",)),
    "softmax missing": (lambda x: (_softmax(4 * x, 2), 4 * x), ("softmax missing",)),
    "half precision": (lambda x: (x, x.astype(np.float16)), ("half precision",)),
    "rounded": (
        lambda x: (255 * np.abs(x), np.rint(255 * np.abs(x))),
        ("rounded to integers",),
    ),
    "cut": (lambda x: (255 * np.abs(x), np.trunc(255 * np.abs(x))), ("cut to integers",)),
    "uint8": (
        lambda x: (300 * x, np.clip(np.rint(300 * x), 0, 255)),
        ("rounded to integers and clipped",),
    ),
}
_EXACT = ("half precision", "rounded", "cut", "uint8")  # rounding them again would undo them


def output_cases(seed: int) -> Iterator[Case]:
    for kind in DATA:
        for mistake, (make, right) in OUTPUTS.items():
            x = data(kind, (17, 15, 5, 3), seed)
            yield Case(mistake, kind, seed, right, _of_output(make, x, mistake, seed))


def _of_output(make: Any, x: Array, mistake: str, seed: int) -> Callable[[], Found]:
    def run() -> Found:
        actual, expected = make(x)
        wrong = expected if mistake in _EXACT else noisy(expected, seed).astype(np.float32)
        scale = float(np.abs(actual).max())
        return diagnose_output(np.asarray(actual, np.float32), wrong, Measure(2.0**-23, scale, 16))

    return run


# --- transposed convolutions ------------------------------------------------------------


def _up(weights: Array, bias: Array, stride: Any, crop: Any) -> TransposedConvolution2DLayer:
    return transposedConv2dLayer(
        weights.shape[:2],
        weights.shape[2],
        Stride=stride,
        Cropping=crop,
        Weights=weights,
        Bias=bias,
    )


def _taken_for(crop: Any, wrong: Any, right: str) -> dict[str, Any]:
    """A crop that was taken for another, and what a diagnosis should call that."""
    return {"crop": crop, "wrong_crop": wrong, "right": right}


#: Mistake -> what is right (stride, crop) and what is done instead, and the name of the diagnosis.
TRANSPOSED: dict[str, dict[str, Any]] = {
    "kernel flipped": {"weights": lambda w: w[::-1, ::-1], "right": "kernel flipped"},
    "kernel H/W exchanged": {
        "weights": lambda w: w.swapaxes(0, 1),
        "right": "kernel height and width exchanged",
    },
    "filters and channels exchanged": {
        "weights": lambda w: w.swapaxes(2, 3),
        "right": "filters and channels exchanged",
    },
    "bias missing": {"bias": lambda b: 0 * b, "right": "bias missing"},
    "bias doubled": {"bias": lambda b: 2 * b, "right": "bias doubled"},
    "[t b l r] read as [t l b r]": _taken_for(
        (1, 2, 0, 1), (1, 0, 2, 1), "Cropping order [t l b r]"
    ),
    "[a b] read as [b a]": _taken_for((1, 1, 0, 0), (0, 0, 1, 1), "Cropping [a b] read as [b a]"),
    "'same' on the wrong side": {
        "crop": "same",
        "right_crop": (0, 1, 0, 1),
        "wrong_crop": (1, 0, 1, 0),
        "right": "'same' cropped on the wrong side",
    },
    "crop off the top": _taken_for((0, 1, 1, 1), (1, 0, 1, 1), "crop on the wrong side"),
    "stride exchanged": {"stride": (2, 3), "wrong_stride": (3, 2), "right": "stride exchanged"},
}


def transposed_cases(seed: int) -> Iterator[Case]:
    for kind, (mistake, made) in zip(cycle(DATA), TRANSPOSED.items(), strict=False):
        run = _of_layer(made, kind, seed)
        yield Case(f"layer: {mistake}", kind, seed, (made["right"],), run)


def _of_layer(made: dict[str, Any], kind: str, seed: int) -> Callable[[], Found]:
    def run() -> Found:
        random = np.random.default_rng(seed + 1)
        weights = random.normal(size=(3, 3, 4, 4)).astype(np.float32)
        bias = random.normal(size=(1, 1, 4)).astype(np.float32)
        X = data(kind, (9, 7, 4, 2), seed)
        stride, crop = made.get("stride", (2, 2)), made.get("crop", (0, 1, 0, 1))
        wrong = reference.scatter_sum(
            X,
            made.get("weights", np.asarray)(weights),
            made.get("bias", np.asarray)(bias),
            made.get("wrong_stride", stride),
            made.get("wrong_crop", made.get("right_crop", crop)),
        )
        return verify_layer(_up(weights, bias, stride, crop), X, wrong.astype(np.float32)).diagnoses

    return run


# --- noise ------------------------------------------------------------------------------

NOISE: dict[str, Callable[[Array, Array], Array]] = {
    "noise of 1e-1": lambda y, n: y + 1e-1 * n,
    "noise of 1e-3": lambda y, n: y + 1e-3 * n,
    "noise of 1e-5": lambda y, n: y + 1e-5 * n,
    "relative noise": lambda y, n: y * (1 + 1e-4 * n),
    "one element": lambda y, n: y + (np.arange(y.size).reshape(y.shape) == y.size // 2),
    "a corner": lambda y, n: y + 1e-2 * (np.arange(y.shape[0]) < 2).reshape(-1, 1, 1, 1) * n,
    "something else": lambda y, n: n,
    "only zeros": lambda y, n: 0 * y,
    "a constant": lambda y, n: 0 * y + 1,
}


def noise_cases(seed: int) -> Iterator[Case]:
    for kind, (name, make) in zip(cycle(DATA), NOISE.items(), strict=False):
        yield Case(name, kind, seed, (), _of_noise(make, kind, seed))


def _of_noise(make: Any, kind: str, seed: int) -> Callable[[], Found]:
    def run() -> Found:
        random = np.random.default_rng(seed + 1)
        weights = random.normal(size=(3, 3, 4, 4)).astype(np.float32)
        bias = random.normal(size=(1, 1, 4)).astype(np.float32)
        X = data(kind, (9, 7, 4, 2), seed)
        right = reference.scatter_sum(X, weights, bias, (2, 2), (0, 1, 0, 1))
        wrong = make(right, random.normal(size=right.shape)).astype(np.float32)
        return verify_layer(_up(weights, bias, (2, 2), "same"), X, wrong).diagnoses

    return run


# --- networks ---------------------------------------------------------------------------


def _network_run(layers: list[Any], X: Array, expected: Array) -> Found:
    return verify_network(Network(layers), [X], {"Y": expected}).diagnoses


def _conv(x: Array, w: Array, b: Array, pad: tuple[int, int, int, int]) -> Array:
    """H×W×C×N through h×w×C×F with stride 1, in float64."""
    top, bottom, left, right = pad
    x = np.pad(x.astype(np.float64), ((top, bottom), (left, right), (0, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[:2], (0, 1))
    product: Array = np.einsum("ijcnpq,pqcf->ijfn", windows, w.astype(np.float64))
    return product + b.reshape(1, 1, -1, 1)


def _normalized(x: Array, mean: Array, variance: Array, epsilon: float) -> Array:
    shape = (1, 1, -1, 1)
    result: Array = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + epsilon)
    return result


def _half(x: Array) -> Array:
    return x.astype(np.float16).astype(np.float64)


def _bfloat16(x: Array) -> Array:
    """Eight digits, ties away from zero."""
    digits, exponent = np.frexp(x.astype(np.float64))
    result: Array = np.ldexp(np.trunc(digits * 256 + np.copysign(0.5, x)) / 256, exponent)
    return result


#: Nothing of it is a mistake that could be named; the last is as large as TF32's.
NETWORK_NOISE: dict[str, Callable[[Array, Array], Array]] = {
    "noise of 1e-1": lambda y, n: y + 1e-1 * n,
    "noise of 1e-5": lambda y, n: y + 1e-5 * n,
    "relative noise": lambda y, n: y * (1 + 5e-4 * n),
}

#: What operands of products are rounded to.
ROUNDED = {"operands in half": _half, "operands in bfloat16": _bfloat16}


def _dense(x: Array, weights: Array, order: tuple[int, ...]) -> Array:
    """N×K from H×W×C×N, features running through these axes, the first fastest."""
    flat = x.transpose(*order, 3).reshape(-1, x.shape[3], order="F")
    result: Array = (weights.astype(np.float64) @ flat).T
    return result


def _image_network(kind: str, seed: int, mistake: str) -> Found:
    """input(zscore) - conv - batch norm - relu - average pool - fully connected."""
    random = np.random.default_rng(seed + 2)
    X = data(kind, (8, 8, 3, 4), seed)
    w, b = random.normal(size=(3, 3, 3, 4)).astype(np.float32), random.normal(size=4)
    mean = np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 1, 3)
    std = np.array([0.2, 0.3, 0.25], np.float32).reshape(1, 1, 3)
    trained_mean = random.normal(size=(1, 1, 4)).astype(np.float32)
    variance = random.uniform(0.01, 0.5, size=(1, 1, 4)).astype(np.float32)
    fc = random.normal(size=(10, 64)).astype(np.float32)
    b = b.astype(np.float32)
    layers = [
        imageInputLayer((8, 8, 3), Normalization="zscore", Mean=mean, StandardDeviation=std),
        convolution2dLayer(3, 4, Padding="same", Weights=w, Bias=b.reshape(1, 1, 4), Name="conv"),
        batchNormalizationLayer(
            TrainedMean=trained_mean,
            TrainedVariance=variance,
            Offset=np.zeros((1, 1, 4), np.float32),
            Scale=np.ones((1, 1, 4), np.float32),
            Name="bn",
        ),
        reluLayer(Name="relu"),
        averagePooling2dLayer(3, Stride=2, Padding=[1, 0, 1, 0], PaddingValue="mean", Name="pool"),
        fullyConnectedLayer(10, Weights=fc, Bias=np.zeros((10, 1), np.float32), Name="fc"),
    ]
    x = X.astype(np.float64)
    times = {"input normalization missing": 0, "input normalization twice": 2}.get(mistake, 1)
    if mistake == "input BGR":
        x = x[:, :, ::-1]
    for _ in range(times):
        x = (x - mean[..., None]) / std[..., None]
    wrong_w = w[::-1, ::-1] if mistake == "conv flipped" else w
    coarse = ROUNDED.get(mistake, np.asarray)
    x, wrong_w = coarse(x), coarse(wrong_w)
    y = _conv(x, wrong_w, 0 * b if mistake == "conv bias" else b, (1, 1, 1, 1))
    if mistake == "batch statistics":
        y = _normalized(y, y.mean((0, 1, 3)), y.var((0, 1, 3)), 1e-5)
    else:
        epsilon = 1e-3 if mistake == "epsilon" else 1e-5
        y = _normalized(y, trained_mean, variance, epsilon)
    y = np.maximum(y, 0)
    y = _average(y, counted=mistake == "padding counted")
    orders = {"flattening order": (1, 0, 2), "flattening H,W,C": (2, 1, 0)}
    expected = _dense(coarse(y), coarse(fc), orders.get(mistake, (0, 1, 2)))
    expected = NETWORK_NOISE.get(mistake, lambda e, n: e)(expected, random.normal(size=(4, 10)))
    return _network_run(layers, X, expected.astype(np.float32))


def _average(y: Array, *, counted: bool) -> Array:
    """3×3 windows, stride 2, one row of padding at the top and left."""
    edges = ((1, 0), (1, 0), (0, 0), (0, 0))
    ones = np.pad(np.ones_like(y), edges)
    padded = np.pad(y, edges)
    windows = [
        np.lib.stride_tricks.sliding_window_view(z, (3, 3), (0, 1))[::2, ::2].sum((-1, -2))
        for z in (padded, ones)
    ]
    result: Array = windows[0] / (9 if counted else windows[1])
    return result


def _lstm(kind: str, seed: int, mistake: str) -> Found:
    """An LSTM whose rows are read as ONNX orders them (i o f g)."""
    random = np.random.default_rng(seed + 3)
    hidden, channels, steps = 5, 3, 7
    X = data(kind, (channels, steps), seed)
    wx, wh = random.normal(size=(20, 3)), random.normal(size=(20, 5))
    bias = random.normal(size=(20, 1))
    layer = lstmLayer(
        hidden,
        InputWeights=wx.astype(np.float32),
        RecurrentWeights=wh.astype(np.float32),
        Bias=bias.astype(np.float32),
        Name="lstm",
    )
    h, c, outputs = np.zeros(hidden), np.zeros(hidden), []
    order = {"gates i o f g": "iofg"}[mistake]
    for t in range(steps):
        z = (
            wx.astype(np.float32) @ X[:, t]
            + wh.astype(np.float32) @ h
            + bias[:, 0].astype(np.float32)
        )
        gates = dict(zip(order, np.split(z, 4), strict=True))
        c = _sigmoid(gates["f"]) * c + _sigmoid(gates["i"]) * np.tanh(gates["g"])
        h = _sigmoid(gates["o"]) * np.tanh(c)
        outputs.append(h)
    return _network_run(
        [sequenceInputLayer(channels), layer], X, np.stack(outputs, 1).astype(np.float32)
    )


def _dropped(kind: str, seed: int, mistake: str) -> Found:
    X = data(kind, (8, 8, 3, 2), seed)
    kept = np.random.default_rng(seed + 4).random(X.shape) > 0.25
    layers = [imageInputLayer((8, 8, 3), Normalization="none"), dropoutLayer(0.25, Name="drop")]
    return _network_run(layers, X, (kept * X / 0.75).astype(np.float32))


def _strided(kind: str, seed: int, mistake: str) -> Found:
    """A convolution with stride 2 and padding 'same': one row at the bottom, none at the top."""
    random = np.random.default_rng(seed + 5)
    X = data(kind, (8, 10, 3, 2), seed)
    w = random.normal(size=(3, 3, 3, 4)).astype(np.float32)
    b = random.normal(size=(1, 1, 4)).astype(np.float32)
    layer = convolution2dLayer(3, 4, Stride=[2, 2], Padding="same", Weights=w, Bias=b, Name="conv")
    wrong = _conv(X, w, b, (1, 0, 1, 0))[::2, ::2]
    assert mistake == "'same' padded at the top"
    layers = [imageInputLayer((8, 10, 3), Normalization="none"), layer, reluLayer(Name="relu")]
    return _network_run(layers, X, np.maximum(wrong, 0).astype(np.float32))


NETWORKS: dict[str, tuple[Callable[[str, int, str], Found], str]] = {
    "input normalization missing": (_image_network, "input normalization missing"),
    "input normalization twice": (_image_network, "input normalization twice"),
    "input BGR": (_image_network, "input BGR for RGB"),
    "conv flipped": (_image_network, "kernel flipped"),
    "conv bias": (_image_network, "bias missing"),
    "batch statistics": (_image_network, "batch statistics"),
    "epsilon": (_image_network, "another epsilon"),
    "padding counted": (_image_network, "padding counted"),
    "flattening order": (_image_network, "flattening order"),
    "flattening H,W,C": (_image_network, "flattening order"),
    "operands in half": (_image_network, "operands in half precision"),
    "operands in bfloat16": (_image_network, "operands in bfloat16 precision"),
    "'same' padded at the top": (_strided, "'same' padded on the wrong side"),
    "gates i o f g": (_lstm, "gates in another order"),
    "dropout active": (_dropped, "dropout active"),
    **{noise: (_image_network, "") for noise in NETWORK_NOISE},
}


def network_cases(seed: int) -> Iterator[Case]:
    for kind, (mistake, (make, right)) in zip(cycle(DATA), NETWORKS.items(), strict=False):

        def run(make: Any = make, kind: str = kind, mistake: str = mistake) -> Found:
            found: Found = make(kind, seed, mistake)
            return found

        yield Case(f"network: {mistake}", kind, seed, (right,) if right else (), run)


def cases(seed: int) -> Iterator[Case]:
    """Every mistake and every noise; those of outputs on data of both kinds, others in turn."""
    yield from output_cases(seed)
    yield from transposed_cases(seed)
    yield from network_cases(seed)
    yield from noise_cases(seed)
    both = zip(*(layer_cases.runs(kind, seed) for kind in DATA), strict=True)
    for at, alike in zip(cycle(range(len(DATA))), both, strict=False):
        mistake, right, run = alike[at]
        yield Case(mistake, DATA[at], seed, right, run)
