"""Mistakes in one layer, written in torch by hand, after ``porting-mistakes`` of other people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report

from .seeded import (
    Array,
    Data,
    Table,
    Tensor,
    array,
    filters,
    generator,
    images,
    numbers,
    tensor,
    vector,
)

#: A layer, its input, its data format and the wrong output.
Made = tuple[Any, Array, str | None, Array]
Make = Callable[[bool, int], Made]
_TABLE = Table("layers")
cases = _TABLE.cases


def _add(kind: str, right: str, make: Make) -> None:
    def made(data: Data) -> Report:
        layer, x, labels, wrong = make(data.smooth, data.seed)
        return verify_network(layer, [x], {"Y": wrong}, data_format=labels)

    _TABLE.add(kind, right, "", made)


# --- convolutions -----------------------------------------------------------------------


def conv2d(
    size: tuple[int, int],
    channels: int,
    count: int,
    at: tuple[int, int, int] = (9, 11, 2),
    **options: Any,
) -> Callable[[np.random.Generator], Any]:
    """Makes a convolution, and so many images of a size for it."""
    height, width, images = at

    def make(r: np.random.Generator) -> Any:
        w, b = numbers(r, *size, channels, count), numbers(r, 1, 1, count)
        layer = mc.convolution2dLayer(size, count, Weights=w, Bias=b, **options)
        return layer, numbers(r, height, width, channels, images) * 3, None

    return make


def _conv(kind: str, right: str, wrong: Callable[..., Tensor], **options: Any) -> None:
    size = options.pop("size", (3, 3))
    channels, count = options.pop("channels", 3), options.pop("filters", 4)

    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        w, b = numbers(random, *size, channels, count), numbers(random, 1, 1, count)
        x = images(smooth, seed, 9, 11, channels, 2)
        layer = mc.convolution2dLayer(size, count, Weights=w, Bias=b, **options)
        return layer, x, None, array(wrong(tensor(x), filters(w), vector(b), w))

    _add(kind, right, make)


def _padded(x: Tensor, w: Tensor, b: Tensor, mode: str) -> Tensor:
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), w, b)


_conv(
    "conv kernel flipped (scipy convolve)",
    "kernel flipped|Weights flipped in height and width",
    lambda x, w, b, _: F.conv2d(x, w.flip(2, 3), b, padding=1),
    Padding=1,
)
_conv(
    "conv kernel h/w exchanged",
    "kernel height and width exchanged",
    lambda x, w, b, _: F.conv2d(x, w.transpose(2, 3), b, padding=1),
    Padding=1,
)
_conv(
    "conv weights row-major reshaped to F,C,h,w",
    "Weights.*(row-major|reshaped)",
    lambda x, w, b, W: F.conv2d(x, torch.from_numpy(W.reshape(w.shape)).double(), b, padding=1),
    Padding=1,
)
_conv(
    "conv input channels reversed (BGR)",
    "BGR|channels.*(reversed|flipped)|flipped in.*(C|channels)",
    lambda x, w, b, _: F.conv2d(x.flip(1), w, b, padding=1),
    Padding=1,
)
_conv(
    "conv dilation exchanged [1 2]/[2 1]",
    "DilationFactor",
    lambda x, w, b, _: F.conv2d(x, w, b, padding=(1, 2), dilation=(2, 1)),
    Padding=(1, 1, 2, 2),
    DilationFactor=(1, 2),
)
_conv(
    "conv padded by replication",
    "replicate|replication|repeat",
    lambda x, w, b, _: _padded(x, w, b, "replicate"),
    Padding=1,
)
_conv(
    "conv padded circularly",
    "circular",
    lambda x, w, b, _: _padded(x, w, b, "circular"),
    Padding="same",
)
_conv(
    "conv [t b l r] as torch's l r t b",
    "Padding.*(order|read|exchanged)",
    lambda x, w, b, _: F.conv2d(F.pad(x, (0, 1, 2, 0)), w, b),
    Padding=(0, 1, 2, 0),
)
_conv(
    "conv bias twice",
    "bias doubled",
    lambda x, w, b, _: F.conv2d(x, w, 2 * b, padding=1),
    Padding=1,
)


def _grouped(kind: str, right: str, wrong: Callable[..., Tensor], groups: int, per: int) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        channels = 4
        w = numbers(random, 3, 3, channels // groups, per, groups)
        b = numbers(random, 1, 1, per, groups)
        x = images(smooth, seed, 9, 11, channels, 2)
        layer = mc.groupedConvolution2dLayer(3, per, groups, Padding=1, Weights=w, Bias=b)
        # h w C F G to (G F) C h w
        there = w.transpose(4, 3, 2, 0, 1).reshape(groups * per, channels // groups, 3, 3)
        weight, bias = torch.from_numpy(there.copy()).double(), vector(b)
        return layer, x, None, array(wrong(tensor(x), weight, bias, groups, per))

    _add(kind, right, make)


def _interleaved(x: Tensor, w: Tensor, b: Tensor, groups: int, per: int) -> Tensor:
    y = F.conv2d(x, w, b, padding=1, groups=groups)
    n, _, height, width = y.shape
    return y.reshape(n, groups, per, height, width).transpose(1, 2).reshape(y.shape)


_GROUPS = "groups|interleaved|filters in another order|channels in another order|reordered"
_grouped("grouped conv: filters of groups interleaved", _GROUPS, _interleaved, 2, 3)
_grouped("depthwise conv: multiplier before channel", _GROUPS, _interleaved, 4, 2)
_grouped(
    "grouped conv: kernel flipped",
    "kernel flipped|Weights flipped in height and width",
    lambda x, w, b, g, _: F.conv2d(x, w.flip(2, 3), b, padding=1, groups=g),
    2,
    3,
)


def _conv1(kind: str, right: str, wrong: Callable[..., Tensor], padding: Any) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        w, b = numbers(random, 3, 3, 4), numbers(random, 1, 4)
        x = images(smooth, seed, 3, 2, 13)
        layer = mc.convolution1dLayer(3, 4, Padding=padding, Weights=w, Bias=b)
        there = torch.from_numpy(w.transpose(2, 1, 0).copy()).double()
        return layer, x, "CBT", array(wrong(tensor(x), there, vector(b)))

    _add(kind, right, make)


_conv1(
    "conv1d causal for same",
    "causal|padding",
    lambda x, w, b: F.conv1d(F.pad(x, (2, 0)), w, b),
    "same",
)
_conv1(
    "conv1d kernel flipped (numpy.convolve)",
    "kernel flipped|Weights flipped",
    lambda x, w, b: F.conv1d(x, w.flip(2), b, padding=1),
    "same",
)

# --- transposed convolutions ------------------------------------------------------------


def _tconv(kind: str, right: str, wrong: Callable[..., Tensor], **options: Any) -> None:
    size = options.pop("size", 3)
    channels, count = options.pop("channels", 4), options.pop("filters", 3)

    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        w, b = numbers(random, size, size, count, channels), numbers(random, 1, 1, count)
        x = images(smooth, seed, 7, 6, channels, 2)
        layer = mc.transposedConv2dLayer(size, count, Stride=2, Weights=w, Bias=b, **options)
        return layer, x, None, array(wrong(tensor(x), filters(w), vector(b), w))

    _add(kind, right, make)


def _up(x: Tensor, w: Tensor, b: Tensor, crop: tuple[int, int, int, int]) -> Tensor:
    top, bottom, left, right = crop
    y = F.conv_transpose2d(x, w, b, stride=2)
    return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]


_tconv(
    "tconv kernel flipped in one axis",
    "kernel flipped vertically",
    lambda x, w, b, _: _up(x, w.flip(2), b, (0, 1, 0, 1)),
    Cropping="same",
)
_tconv(
    "tconv weights row-major reshaped",
    "Weights.*(row-major|reshaped)",
    lambda x, w, b, W: _up(x, torch.from_numpy(W.reshape(w.shape)).double(), b, (0, 1, 0, 1)),
    Cropping="same",
)
_tconv(
    "tconv output_padding idiom k3 s2",
    "cropped on the wrong side",
    lambda x, w, b, _: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1),
    Cropping="same",
)
_tconv(
    "tconv crop shifted by one",
    "crop.*wrong side|Cropping",
    lambda x, w, b, _: _up(x, w, b, (2, 0, 1, 1)),
    Cropping=(1, 1, 1, 1),
    size=4,
)
_tconv(
    "tconv [t b l r] read as [l r t b]",
    "read as|height and width exchanged|Cropping",
    lambda x, w, b, _: _up(x, w, b, (1, 1, 0, 1)),
    Cropping=(0, 1, 1, 1),
)
_tconv(
    "tconv [t b l r] read as [t l b r]",
    "Cropping order",
    lambda x, w, b, _: _up(x, w, b, (1, 0, 2, 1)),
    Cropping=(1, 2, 0, 1),
)
_tconv(
    "tconv bias reversed",
    "Bias flipped|Bias.*(reversed|flipped|order)",
    lambda x, w, b, _: _up(x, w, b.flip(0), (0, 1, 0, 1)),
    Cropping="same",
)


def _upsampled(x: Tensor, w: Tensor, b: Tensor, _: Array) -> Tensor:
    larger = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(larger, w.transpose(0, 1), b, padding=1)


_tconv("tconv as upsampling + convolution", "upsampl", _upsampled, Cropping="same")

# --- fully connected --------------------------------------------------------------------


def _fc(kind: str, right: str, wrong: Callable[..., Tensor], outputs: int, image: bool) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        inputs = 60 if image else 8
        w, b = numbers(random, outputs, inputs), numbers(random, outputs, 1)
        layer = mc.fullyConnectedLayer(outputs, Weights=w, Bias=b)
        x = images(smooth, seed, 5, 4, 3, 6) if image else images(smooth, seed, 8, 6)
        weight = torch.from_numpy(w).double()
        return (
            layer,
            x,
            "SSCB" if image else "CB",
            array(wrong(tensor(x), weight, vector(b))),
        )

    _add(kind, right, make)


_fc("fc weights transposed", "Weights.*transposed", lambda x, w, b: x @ w + b, 8, False)
_fc(
    "fc weights row-major reshaped",
    "Weights.*(row-major|reshaped)",
    lambda x, w, b: F.linear(x, w.T.reshape(w.shape), b),
    5,
    False,
)
_fc(
    "fc flattened C,H,W",
    "CHW",
    lambda x, w, b: F.linear(x.flatten(1), w, b),
    7,
    True,
)
_fc(
    "fc flattened H,W,C (Keras)",
    "HWC",
    lambda x, w, b: F.linear(x.permute(0, 2, 3, 1).flatten(1), w, b),
    7,
    True,
)

# --- normalization ----------------------------------------------------------------------


def _bn(kind: str, right: str, wrong: Callable[..., Tensor], epsilon: float = 1e-3) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        mean, offset, scale = (numbers(random, 1, 1, 5) for _ in range(3))
        variance = random.uniform(0.05, 2, (1, 1, 5)).astype("f4")
        layer = mc.batchNormalizationLayer(
            TrainedMean=mean,
            TrainedVariance=variance,
            Offset=offset,
            Scale=scale,
            Epsilon=epsilon,
        )
        x = images(smooth, seed, 7, 6, 5, 3)
        shaped = [vector(v).reshape(1, -1, 1, 1) for v in (mean, variance, scale, offset)]
        return layer, x, None, array(wrong(tensor(x), *shaped, epsilon))

    _add(kind, right, make)


_bn(
    "bn divides by the variance",
    "variance",
    lambda x, m, v, s, o, e: (x - m) / (v + e) * s + o,
)


def _batch(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, unbiased=False)


_bn(
    "bn batch statistics",
    "batch statistics",
    lambda x, m, v, s, o, e: (x - _batch(x)[0]) / (_batch(x)[1] + e).sqrt() * s + o,
)
_bn(
    "bn gamma and beta exchanged",
    "exchanged",
    lambda x, m, v, s, o, e: (x - m) / (v + e).sqrt() * o + s,
)
_bn(
    "bn epsilon outside the root",
    "epsilon outside|outside the root",
    lambda x, m, v, s, o, e: (x - m) / (v.sqrt() + e) * s + o,
)
_bn(
    "bn mean not subtracted",
    "TrainedMean.*(missing|left out)|mean.*(missing|not subtracted)",
    lambda x, m, v, s, o, e: x / (v + e).sqrt() * s + o,
)
_bn("bn left at its initial values", "initial", lambda x, m, v, s, o, e: x / (1 + e) ** 0.5)


def _norm(kind: str, right: str, wrong: Callable[..., Tensor], make_layer: Any) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        offset, scale = (numbers(random, 1, 1, 8) for _ in range(2))
        x = images(smooth, seed, 6, 5, 8, 2)
        shaped = [vector(v).reshape(1, -1, 1, 1) for v in (scale, offset)]
        layer = make_layer(Offset=offset, Scale=scale)
        return layer, x, None, array(wrong(tensor(x), *shaped))

    _add(kind, right, make)


def _standard(x: Tensor, over: tuple[int, ...], unbiased: bool = False) -> Tensor:
    return (x - x.mean(over, keepdim=True)) / (
        x.var(over, keepdim=True, unbiased=unbiased) + 1e-5
    ).sqrt()


_norm(
    "layer norm as instance norm",
    "instance",
    lambda x, s, o: _standard(x, (2, 3)) * s + o,
    mc.layerNormalizationLayer,
)
_norm(
    "layer norm unbiased variance",
    "unbiased|n - 1|n-1",
    lambda x, s, o: _standard(x, (1, 2, 3), True) * s + o,
    mc.layerNormalizationLayer,
)
_norm(
    "group norm with 4 groups for 2",
    "NumGroups",
    lambda x, s, o: F.group_norm(x, 4) * s + o,
    lambda **v: mc.groupNormalizationLayer(2, **v),
)


def _interleaved_norm(x: Tensor, s: Tensor, o: Tensor) -> Tensor:
    parts = [F.group_norm(x[:, i::2], 1) for i in range(2)]
    return torch.stack(parts, 2).flatten(1, 2) * s + o


_norm(
    "group norm, groups interleaved",
    "interleaved",
    _interleaved_norm,
    lambda **v: mc.groupNormalizationLayer(2, **v),
)

# --- recurrent --------------------------------------------------------------------------


def _lstm_steps(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor,
    *states: Tensor,
    order: str = "ifgo",
    gate: Any = torch.sigmoid,
    act: Any = torch.tanh,
) -> Tensor:
    """N,C,T to N,H,T; the hidden and the cell state before the first step are 0 if not given."""
    h, c = states or [x.new_zeros(x.shape[0], r.shape[1])] * 2
    out = []
    for step in x.unbind(2):
        z = dict(zip(order, (step @ w.T + h @ r.T + b).chunk(4, 1), strict=True))
        c = gate(z["f"]) * c + gate(z["i"]) * act(z["g"])
        h = gate(z["o"]) * act(c)
        out.append(h)
    return torch.stack(out, 2)


def _lstm(
    kind: str,
    right: str,
    wrong: Callable[..., Tensor] = _lstm_steps,
    both: bool = False,
    last: bool = False,
    **how: Any,
) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        rows = 4 * 5 * (2 if both else 1)
        w, r, b = (2 * numbers(random, rows, n) for n in (3, 5, 1))
        x = images(smooth, seed, 3, 2, 9)
        function = mc.bilstmLayer if both else mc.lstmLayer
        layer = function(
            5,
            OutputMode="last" if last else "sequence",
            InputWeights=w,
            RecurrentWeights=r,
            Bias=b,
        )
        parts = [torch.from_numpy(v).double() for v in (w, r)]
        return layer, x, "CBT", array(wrong(tensor(x), *parts, vector(b), **how))

    _add(kind, right, make)


def _hard(x: Tensor) -> Tensor:
    return (0.2 * x + 0.5).clamp(0, 1)


_lstm("lstm gate order i g f o (TensorFlow 1)", "TensorFlow 1", order="igfo")
_lstm("lstm hard sigmoid", "hard-sigmoid", gate=_hard)
_lstm("lstm state activation softsign", "softsign", act=F.softsign)
_lstm(
    "lstm input reversed in time",
    "time.*(reversed|flipped)|(reversed|flipped).*time",
    lambda x, w, r, b: _lstm_steps(x.flip(2), w, r, b),
)


def _both(x: Tensor, w: Tensor, r: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    forward, back = (
        _lstm_steps(z, *(v.chunk(2)[i] for v in (w, r, b))) for i, z in enumerate((x, x.flip(2)))
    )
    return forward, back


_lstm(
    "bilstm backward not turned round",
    "turned|not reversed|backward",
    lambda x, w, r, b: torch.cat(_both(x, w, r, b), 1),
    both=True,
)
_lstm(
    "bilstm last: out[:, -1]",
    r"last|backward",
    lambda x, w, r, b: torch.cat(
        [_both(x, w, r, b)[0][:, :, -1], _both(x, w, r, b)[1].flip(2)[:, :, -1]], 1
    ),
    both=True,
    last=True,
)


def _transposed(gates: int, w: Tensor, r: Tensor, b: Tensor) -> list[Tensor]:
    """With the recurrent weights of each gate transposed."""
    return [w, torch.cat([v.T for v in r.chunk(gates)]), b]


def _gru_steps(
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor,
    *,
    order: str = "rzn",
    before: bool = False,
    turned: bool = False,
    gate: Any = torch.sigmoid,
    act: Any = torch.tanh,
) -> Tensor:
    hidden = r.shape[1]
    h = x.new_zeros(x.shape[0], hidden)
    at = {name: slice(i * hidden, (i + 1) * hidden) for i, name in enumerate(order)}
    out = []
    for step in x.unbind(2):
        given, kept = step @ w.T + b, h @ r.T
        reset, update = (gate(given[:, at[g]] + kept[:, at[g]]) for g in "rz")
        again = (reset * h) @ r[at["n"]].T if before else reset * kept[:, at["n"]]
        new = act(given[:, at["n"]] + again)
        h = update * new + (1 - update) * h if turned else (1 - update) * new + update * h
        out.append(h)
    return torch.stack(out, 2)


def _gru(kind: str, right: str, wrong: Callable[..., Tensor] = _gru_steps, **how: Any) -> None:
    def make(smooth: bool, seed: int) -> Made:
        random = generator(seed + 1)
        w, r, b = (2 * numbers(random, 15, n) for n in (3, 5, 1))
        x = images(smooth, seed, 3, 2, 9)
        layer = mc.gruLayer(5, InputWeights=w, RecurrentWeights=r, Bias=b)
        parts = [torch.from_numpy(v).double() for v in (w, r)]
        return layer, x, "CBT", array(wrong(tensor(x), *parts, vector(b), **how))

    _add(kind, right, make)


_gru("gru reset before (Keras v1) for after", "reset gate applied elsewhere", before=True)
_gru("gru gate order r n z", "gates in another order", order="rnz")
_gru("gru update gate the other way", "update gate", turned=True)
_gru("gru bias twice", "bias doubled", lambda x, w, r, b: _gru_steps(x, w, r, 2 * b))

# --- pooling ----------------------------------------------------------------------------


def _simple(
    kind: str, right: str, layer: Any, wrong: Callable[[Tensor], Tensor], *size: int
) -> None:
    def make(smooth: bool, seed: int) -> Made:
        x = images(smooth, seed, *(size or (8, 10, 3, 2)))
        return layer() if callable(layer) else layer, x, None, array(wrong(tensor(x)))

    _add(kind, right, make)


_simple(
    "max pool same stride 2, torch padding=1",
    "padded on the wrong side",
    mc.maxPooling2dLayer(3, Stride=2, Padding="same"),
    lambda x: F.max_pool2d(x, 3, 2, 1),
)
_simple(
    "max pool padded with zeros",
    "zeros|padded with 0",
    mc.maxPooling2dLayer(3, Stride=2, Padding=1),
    lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2),
)
_simple(
    "average pool excludes padding",
    "padding not counted",
    mc.averagePooling2dLayer(3, Stride=2, Padding=1),
    lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
)
_simple(
    "pool size 2 for 3 (stride 2)",
    "PoolSize",
    mc.maxPooling2dLayer(3, Stride=2),
    lambda x: F.max_pool2d(x, 2, 2),
    9,
    11,
    3,
    2,
)
_simple(
    "average pool sums",
    "sum|constant scale",
    mc.averagePooling2dLayer(2, Stride=2),
    lambda x: 4 * F.avg_pool2d(x, 2),
)
_simple(
    "global max for global average",
    "max",
    mc.globalAveragePooling2dLayer,
    lambda x: x.amax((2, 3), keepdim=True),
)

# --- activations ------------------------------------------------------------------------

_simple(
    "leaky slope 0.01 for 0.1",
    "Scale",
    mc.leakyReluLayer(0.1),
    lambda x: F.leaky_relu(x, 0.01),
)
_simple("relu6 for ceiling 1", "Ceiling", mc.clippedReluLayer(1), lambda x: x.clamp(0, 6))
_simple(
    "hard sigmoid for sigmoid", "hard sigmoid", mc.sigmoidLayer, lambda x: (x / 6 + 0.5).clamp(0, 1)
)
_simple("sigmoid for tanh", "sigmoid", mc.tanhLayer, torch.sigmoid)
_simple("softmax left out", "softmax.*(missing|left out)|left out", mc.softmaxLayer, lambda x: x)

# --- resampling -------------------------------------------------------------------------

_simple(
    "resize nearest for bilinear",
    "nearest",
    mc.resize2dLayer(Scale=2, Method="bilinear"),
    lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
)
_simple(
    "resize half-pixel for align-corners",
    "align|half.pixel",
    mc.resize2dLayer(Scale=2, Method="bilinear"),
    lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
)
_simple(
    "resize nearest: floor asymmetric (torch) for half-pixel",
    "asymmetric|floor|NearestRoundingMode",
    mc.resize2dLayer(OutputSize=(12, 14), Method="nearest"),
    lambda x: F.interpolate(x, size=(12, 14), mode="nearest"),
)

# --- local response ---------------------------------------------------------------------


def _lrn(x: Tensor, alpha: float, beta: float = 0.75, k: float = 1.0, window: int = 5) -> Tensor:
    squares = F.pad(x.square(), (0, 0, 0, 0, window // 2, window // 2))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(window))
    return x / (k + alpha * total) ** beta


def _lrn_space(x: Tensor) -> Tensor:
    mean = F.avg_pool2d(x.square(), 5, 1, 2)
    return x / (1 + 0.5 * mean) ** 0.75


for _kind, _right, _wrong in (
    ("lrn alpha not divided by the window (TF)", "Alpha", lambda x: _lrn(x, 0.5)),
    ("lrn alpha divided twice", "Alpha", lambda x: _lrn(x, 0.5 / 25)),
    ("lrn over space", "space", _lrn_space),
):
    _simple(_kind, _right, mc.crossChannelNormalizationLayer(5, Alpha=0.5, K=1), _wrong, 8, 9, 7, 2)
