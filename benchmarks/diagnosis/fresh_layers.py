"""Mistakes in single layers that were written before the search knew their kinds.

A family is a layer with the computation that it should have, written in torch by hand with what can
be done otherwise as arguments; each mistake sets some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report

from .layer_cases import _gru_steps, _lstm_steps, conv2d
from .seeded import Array, Data, Table, Tensor, array, filters, generator, numbers, tensor, vector


@dataclass(frozen=True)
class Family:
    """A layer, its data, and what a port computes."""

    #: Of a random generator: layer, input, labels.
    make: Callable[[np.random.Generator], tuple[Any, Array, str | None]]
    #: Of a layer, the input as a tensor, and what is done otherwise.
    port: Callable[..., Tensor]
    #: Kind -> what must be said, and what is done otherwise.
    mistakes: dict[str, tuple[str, dict[str, Any]]]


FAMILIES: dict[str, Family] = {}


def _t(value: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value)).double()


def _c(value: Array, x: Tensor) -> Tensor:
    """One number for each channel."""
    return vector(value).reshape(1, -1, *(1,) * (x.ndim - 2))


# --- three dimensions -------------------------------------------------------------------


def _conv3_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 2, 3, 2, 4), numbers(r, 1, 1, 1, 4)
    layer = mc.convolution3dLayer(
        (3, 2, 3), 4, Stride=(1, 2, 1), Padding=[[1, 0, 1], [0, 1, 1]], Weights=w, Bias=b
    )
    return layer, numbers(r, 6, 7, 5, 2, 2) * 3, None


def _conv3(
    layer: Any,
    x: Tensor,
    order: tuple[int, ...] = (4, 3, 0, 1, 2),
    flip: tuple[int, ...] = (),
    stride: tuple[int, ...] = (1, 2, 1),
    pad: tuple[int, ...] = (1, 1, 0, 1, 1, 0),
) -> Tensor:
    w = _t(layer.Weights.transpose(order)).flip(flip)
    return F.conv3d(F.pad(x, pad), w, vector(layer.Bias), stride=stride)


FAMILIES["conv3d"] = Family(
    _conv3_layer,
    _conv3,
    {
        "kernel flipped in depth only": ("flipped in its depth", {"flip": (4,)}),
        "kernel flipped in all three": ("kernel flipped", {"flip": (2, 3, 4)}),
        "height and depth of the kernel exchanged": (
            "height and depth|axes reversed|reverse order|(height|depth).*exchanged",
            {"order": (4, 3, 2, 1, 0)},
        ),
        "stride of width left out": ("Stride", {"stride": (1, 1, 1)}),
        "stride for the wrong dimension": ("(?i)stride", {"stride": (2, 1, 1)}),
        "padding [t l f; b r k] as before, after exchanged": (
            "Padding|padding",
            {"pad": (1, 1, 1, 0, 0, 1)},
        ),
    },
)


def _up3_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 3, 3, 2), numbers(r, 1, 1, 1, 3)
    layer = mc.transposedConv3dLayer(3, 3, Stride=2, Cropping=1, Weights=w, Bias=b)
    return layer, numbers(r, 4, 3, 5, 2, 2) * 3, None


def _up3(
    layer: Any, x: Tensor, flip: bool = False, extra: int = 0, crop: int = 1, bias: float = 1.0
) -> Tensor:
    w = _t(layer.Weights.transpose(4, 3, 0, 1, 2))
    w = w.flip(2, 3, 4) if flip else w
    b = bias * vector(layer.Bias)
    return F.conv_transpose3d(x, w, b, stride=2, padding=crop, output_padding=extra)


FAMILIES["transposed conv3d"] = Family(
    _up3_layer,
    _up3,
    {
        "flipped, as a convolution would have it": ("kernel flipped", {"flip": True}),
        "output_padding=1 to double the size": ("(?i)crop", {"extra": 1}),
        "not cropped": ("(?i)crop", {"crop": 0}),
        "without bias": ("bias missing", {"bias": 0.0}),
    },
)

# --- attention --------------------------------------------------------------------------

_HEADS, _KEYS = 2, 6


def _attention_layer(r: np.random.Generator) -> Any:
    names = ("Query", "Key", "Value", "Output")
    sizes = {"Query": (6, 5), "Key": (6, 5), "Value": (6, 5), "Output": (5, 6)}
    given = {f"{n}Weights": 2 * numbers(r, *sizes[n]) for n in names}
    given |= {f"{n}Bias": numbers(r, sizes[n][0], 1) for n in names}
    return mc.selfAttentionLayer(_HEADS, _KEYS, **given), numbers(r, 5, 2, 7) * 4, "CBT"


def _attention(
    layer: Any,
    x: Tensor,
    scale: float = 1 / sqrt(_KEYS / _HEADS),
    interleaved: bool = False,
    over: int = -1,
    causal: bool = False,
    q: str = "Query",
    k: str = "Key",
    v: str = "Value",
    heads: int = _HEADS,
    bias: bool = True,
    turned: bool = False,
) -> Tensor:
    def linear(name: str, y: Tensor) -> Tensor:
        b = vector(getattr(layer, f"{name}Bias"))
        return y @ _t(getattr(layer, f"{name}Weights")).T + (b if bias or name != "Query" else 0)

    def split(y: Tensor) -> Tensor:
        n, t, c = y.shape
        if interleaved:
            return y.reshape(n, t, c // heads, heads).permute(0, 3, 1, 2)
        return y.reshape(n, t, heads, c // heads).transpose(1, 2)

    y = x.transpose(1, 2)
    a, b, c = (split(linear(n, y)) for n in (q, k, v))
    products = a @ b.transpose(2, 3) * scale
    if causal:
        products = products + torch.full_like(products, -torch.inf).triu(1)
    z = products.softmax(over) @ c
    z = z.flatten(1, 2) if turned else z.transpose(1, 2)
    z = z.reshape(x.shape[0], x.shape[2], -1)
    return linear("Output", z).transpose(1, 2)


FAMILIES["self-attention"] = Family(
    _attention_layer,
    _attention,
    {
        "scores not scaled": ("(?i)scale", {"scale": 1.0}),
        "scaled by all channels, not those of a head": ("(?i)scale", {"scale": 1 / sqrt(_KEYS)}),
        "heads interleaved": ("interleaved", {"interleaved": True}),
        "heads not brought back before the projection": ("heads", {"turned": True}),
        "softmax over the queries": ("softmax|queries", {"over": -2}),
        "causal mask added": ("(?i)causal", {"causal": True}),
        "queries and keys exchanged": (
            "(Query|queries).*(Key|keys).*exchanged",
            {"q": "Key", "k": "Query"},
        ),
        "keys and values exchanged": (
            "(Key|keys).*(Value|values).*exchanged",
            {"k": "Value", "v": "Key"},
        ),
        "one head for two": ("NumHeads", {"heads": 1, "scale": 1 / sqrt(_KEYS)}),
        "query bias left out": ("QueryBias", {"bias": False}),
    },
)

# --- embeddings -------------------------------------------------------------------------


def _words_layer(r: np.random.Generator) -> Any:
    w = numbers(r, 4, 9)
    layer = mc.wordEmbeddingLayer(4, 8, Weights=w, Vocabulary=[f"w{i}" for i in range(1, 9)])
    return layer, r.integers(1, 9, (1, 2, 11)).astype("f4"), "CBT"


def _words(layer: Any, x: Tensor, less: int = 1, rowwise: bool = False) -> Tensor:
    w = layer.Weights
    table = _t(w.ravel(order="F").reshape(w.shape)).T if rowwise else _t(w).T
    return table[(x[:, 0].long() - less) % len(table)].transpose(1, 2)


FAMILIES["word embedding"] = Family(
    _words_layer,
    _words,
    {
        "words counted from 0": ("one further|shifted|count from", {"less": 0}),
        "table reshaped, not transposed": ("reshaped|row-major", {"rowwise": True}),
    },
)


def _places_layer(r: np.random.Generator) -> Any:
    w = numbers(r, 4, 12)
    layer = mc.positionEmbeddingLayer(4, 12, Weights=w)
    return layer, numbers(r, 4, 2, 9), "CBT"


def _places(layer: Any, x: Tensor, first: int = 0, turned: bool = False) -> Tensor:
    w = _t(layer.Weights)
    n = x.shape[2]
    rows = w[:, first : first + n]
    return (rows.flip(1) if turned else rows).expand(x.shape[0], -1, -1)


FAMILIES["position embedding"] = Family(
    _places_layer,
    _places,
    {
        "positions one further": ("one further|shifted|position", {"first": 1}),
        "positions backwards": ("flipped|revers|backward", {"turned": True}),
    },
)

# --- normalization ----------------------------------------------------------------------


def _instance_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 1, 1, 6), "Scale": numbers(r, 1, 1, 6)}
    return mc.instanceNormalizationLayer(**given), numbers(r, 7, 6, 6, 3) * 4, None


def _instance(
    layer: Any,
    x: Tensor,
    over: tuple[int, ...] = (2, 3),
    unbiased: bool = False,
    eps: float = 1e-5,
    affine: bool = True,
    early: bool = False,
) -> Tensor:
    v, m = torch.var_mean(x, over, unbiased=unbiased, keepdim=True)
    y = (x - m) / (v + eps).sqrt()
    s, o = _c(layer.Scale, x), _c(layer.Offset, x)
    if not affine:
        return y
    return (y + o) * s if early else y * s + o


FAMILIES["instance norm"] = Family(
    _instance_layer,
    _instance,
    {
        "unbiased variance": ("unbiased|n - 1", {"unbiased": True}),
        "eps 1e-3": ("(?i)epsilon", {"eps": 1e-3}),
        "affine=False (torch's default)": ("initial", {"affine": False}),
        "offset before the scale": ("(?i)offset.*before|before.*scale", {"early": True}),
        "over the channels": ("channels", {"over": (1,)}),
    },
)


def _layer_norm_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 6, 1), "Scale": numbers(r, 6, 1)}
    layer = mc.layerNormalizationLayer(OperationDimension="channel-only", **given)
    return layer, numbers(r, 6, 3, 6) * 3, "CBT"


def _layer_norm(
    layer: Any, x: Tensor, over: tuple[int, ...] = (1,), unbiased: bool = False
) -> Tensor:
    v, m = torch.var_mean(x, over, unbiased=unbiased, keepdim=True)
    return (x - m) / (v + 1e-5).sqrt() * _c(layer.Scale, x) + _c(layer.Offset, x)


FAMILIES["layer norm of sequences"] = Family(
    _layer_norm_layer,
    _layer_norm,
    {
        "over channels and time": ("OperationDimension|time|layer norm", {"over": (1, 2)}),
        "over time alone": ("time|instance", {"over": (2,)}),
        "over observations": ("batch|observations", {"over": (0,)}),
        "torch.std (unbiased)": ("unbiased|n - 1", {"unbiased": True}),
    },
)


def _bn_layer(r: np.random.Generator) -> Any:
    m, o, s = (numbers(r, 1, 1, 5) for _ in "mos")
    v = r.uniform(0.05, 2, (1, 1, 5)).astype("f4")
    layer = mc.batchNormalizationLayer(TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s)
    return layer, numbers(r, 7, 6, 5, 3) * 4, None


def _bn(
    layer: Any,
    x: Tensor,
    factor: float = 1.0,
    early: bool = False,
    minus: bool = False,
    order: tuple[int, ...] = (0, 1, 2, 3, 4),
) -> Tensor:
    names = ("TrainedMean", "TrainedVariance", "Scale", "Offset")
    m, v, s, o = (_c(getattr(layer, n), x) for n in names)
    y = (x - m[:, list(order)]) / (v * factor + 1e-5).sqrt()
    if early:
        return (y + o) * s
    return y * s - o if minus else y * s + o


FAMILIES["batch norm"] = Family(
    _bn_layer,
    _bn,
    {
        "variance times n/(n-1)": ("(?i)variance", {"factor": 126 / 125}),
        "offset before the scale": ("(?i)offset.*before|before.*scale", {"early": True}),
        "offset subtracted": ("Offset.*(sign|negated)", {"minus": True}),
        "means of other channels (BGR-like order)": ("TrainedMean", {"order": (2, 1, 0, 3, 4)}),
    },
)

# --- recurrent --------------------------------------------------------------------------


def _lstm_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 20, n) for n in (3, 5, 1))
    h, c = (numbers(r, 5, 1) for _ in "hc")
    layer = mc.lstmLayer(5, InputWeights=w, RecurrentWeights=u, Bias=b)
    layer.HiddenState, layer.CellState = h, c
    return layer, numbers(r, 3, 4, 9) * 2, "CBT"


def _lstm(
    layer: Any,
    x: Tensor,
    started: bool = True,
    cell: bool = False,
    batch_first: bool = True,
    exchanged: bool = False,
    transposed: bool = False,
    relu: bool = False,
    without: str = "",
) -> Tensor:
    w, u, b = _t(layer.InputWeights), _t(layer.RecurrentWeights), vector(layer.Bias)
    if transposed:
        u = torch.cat([part.T for part in u.chunk(4)])
    h, c = (vector(v).expand(x.shape[0], -1) for v in (layer.HiddenState, layer.CellState))
    if not batch_first:  # sequences are taken for time steps
        x = x.permute(2, 1, 0)
        h, c = (v[:1].expand(x.shape[0], -1) for v in (h, c))
    if exchanged:
        h, c = c, h
    if not started:
        h, c = 0 * h, 0 * c
    act = torch.relu if relu else torch.tanh
    out = []
    for step in x.unbind(2):
        i, f, g, o = (step @ w.T + h @ u.T + b).chunk(4, 1)
        kept = c if without == "f" else torch.sigmoid(f) * c
        c = kept + torch.sigmoid(i) * act(g)
        h = act(c) if without == "o" else torch.sigmoid(o) * act(c)
        out.append(c if cell else h)
    y = torch.stack(out, 2)
    return y if batch_first else y.permute(2, 1, 0)


FAMILIES["lstm"] = Family(
    _lstm_layer,
    _lstm,
    {
        "initial state not used": ("(?i)state", {"started": False}),
        "hidden and cell state exchanged": ("HiddenState and CellState exch", {"exchanged": True}),
        "cell state put out": ("(?i)cell", {"cell": True}),
        "batch_first left out": ("batch_first|observations.*time", {"batch_first": False}),
        "recurrent weights transposed": ("RecurrentWeights.*transposed", {"transposed": True}),
        "activation relu (Keras option)": ("(?i)relu", {"relu": True}),
        "no forget gate": ("(?i)forget", {"without": "f"}),
        "no output gate": ("(?i)output gate", {"without": "o"}),
    },
)


def _gru_layer(r: np.random.Generator) -> Any:
    w, u = (2 * numbers(r, 15, n) for n in (3, 5))
    b = numbers(r, 30, 1)
    layer = mc.gruLayer(
        5,
        ResetGateMode="recurrent-bias-after-multiplication",
        InputWeights=w,
        RecurrentWeights=u,
        Bias=b,
    )
    return layer, numbers(r, 3, 4, 9) * 2, "CBT"


def _gru(layer: Any, x: Tensor, how: str = "") -> Tensor:
    w, u = _t(layer.InputWeights), _t(layer.RecurrentWeights)
    b, c = vector(layer.Bias).chunk(2)
    if how == "exchanged":
        b, c = c, b
    if how == "none":
        c = 0 * c
    if how == "summed":
        return _gru_steps(x, w, u, b + c)
    h = x.new_zeros(x.shape[0], 5)
    out = []
    for step in x.unbind(2):
        (r, z, n), (s, y, m) = (v.chunk(3, 1) for v in (step @ w.T + b, h @ u.T + c))
        r, z = torch.sigmoid(r + s), torch.sigmoid(z + y)
        n = torch.tanh(n + (m if how == "ungated" else r * m))
        h = (1 - z) * n + z * h
        out.append(h)
    return torch.stack(out, 2)


FAMILIES["gru with two biases"] = Family(
    _gru_layer,
    _gru,
    {
        "recurrent bias left out": ("(?i)bias", {"how": "none"}),
        "biases exchanged": ("(?i)bias|halves", {"how": "exchanged"}),
        "biases added up": ("(?i)bias", {"how": "summed"}),
        "reset gate left out": ("(?i)reset", {"how": "ungated"}),
    },
)


def _bi_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 40, n) for n in (3, 5, 1))
    layer = mc.bilstmLayer(5, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 3, 4, 9) * 2, "CBT"


def _bi(layer: Any, x: Tensor, how: str = "") -> Tensor:
    w, u, b = (
        v.chunk(2) for v in (_t(layer.InputWeights), _t(layer.RecurrentWeights), vector(layer.Bias))
    )
    forward = _lstm_steps(x, w[0], u[0], b[0])
    again = x if how == "forward" else x.flip(2)
    backward = _lstm_steps(again, w[1], u[1], b[1])
    backward = backward if how == "forward" else backward.flip(2)
    if how == "interleaved":
        return torch.stack([forward, backward], 2).flatten(1, 2)
    return torch.cat([backward, forward] if how == "swapped" else [forward, backward], 1)


FAMILIES["bilstm"] = Family(
    _bi_layer,
    _bi,
    {
        "both directions run forward": ("(?i)backward|forward|direction", {"how": "forward"}),
        "directions interleaved": ("interleaved", {"how": "interleaved"}),
        "backward first": ("backward first|halves", {"how": "swapped"}),
    },
)

# --- other layers -----------------------------------------------------------------------


def _shuffle(layer: Any, x: Tensor, how: str = "dcr") -> Tensor:
    n, c, h, w = x.shape
    if how == "crd":
        return F.pixel_shuffle(x, 2)
    if how == "turned":  # rows and columns within the block exchanged
        parts = x.reshape(n, 2, 2, c // 4, h, w).transpose(1, 2)
    else:
        parts = x.reshape(n, 2, 2, c // 4, h, w)
    return parts.permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h, 2 * w)


FAMILIES["depth to space"] = Family(
    lambda r: (mc.depthToSpace2dLayer(2), numbers(r, 4, 5, 8, 2), None),
    _shuffle,
    {
        "torch's pixel_shuffle": ("crd|pixel_shuffle|Mode", {"how": "crd"}),
        "rows and columns of a block exchanged": ("exchanged|order", {"how": "turned"}),
    },
)


def _prelu_layer(r: np.random.Generator) -> Any:
    alpha = r.uniform(0.05, 0.5, (1, 1, 4)).astype("f4")
    return mc.preluLayer(Alpha=alpha), numbers(r, 6, 5, 4, 3), None


def _prelu(layer: Any, x: Tensor, alpha: str = "") -> Tensor:
    a = _c(layer.Alpha, x)
    made = {"": a, "mean": a.mean(), "first": a[:, :1], "0.25": 0.25 + 0 * a, "1-a": 1 - a}
    return torch.where(x > 0, x, made[alpha] * x)


FAMILIES["prelu"] = Family(
    _prelu_layer,
    _prelu,
    {
        "one slope for all: the mean": ("Alpha", {"alpha": "mean"}),
        "one slope for all: the first": ("Alpha", {"alpha": "first"}),
        "slope at torch's initial 0.25": ("Alpha|0.25", {"alpha": "0.25"}),
    },
)


def _scaling_layer(r: np.random.Generator) -> Any:
    return mc.scalingLayer(Scale=2.5, Bias=-0.75), numbers(r, 6, 5, 4, 3), None


FAMILIES["scaling"] = Family(
    _scaling_layer,
    lambda layer, x, early=False, inverse=False: (
        (x - 0.75) * 2.5 if early else (x + 0.75) / 2.5 if inverse else x * 2.5 - 0.75
    ),
    {
        "bias before the scale": ("(?i)before|Bias", {"early": True}),
        "inverted": ("undone|invers", {"inverse": True}),
    },
)


def _softmax(_: Any, x: Tensor, how: str = "") -> Tensor:
    made: dict[str, Callable[[], Tensor]] = {
        "": lambda: x.softmax(1),
        "temperature": lambda: (x / 2).softmax(1),
        "base 2": lambda: (2**x) / (2**x).sum(1, keepdim=True),
        "sigmoid": lambda: x.sigmoid(),
        "hot": lambda: F.one_hot(x.argmax(1), x.shape[1]).double(),
        "min": lambda: (-x).softmax(1),
        "sum": lambda: x / x.sum(1, keepdim=True),
        "exp": lambda: x.exp(),
    }
    return made[how]()


FAMILIES["softmax"] = Family(
    lambda r: (mc.softmaxLayer(), numbers(r, 7, 9) * 3, "CB"),
    _softmax,
    {
        "with a temperature of 2": ("(?i)temperature|divided by 2|0.5", {"how": "temperature"}),
        "base 2": ("(?i)base|2\\^|temperature|0.693", {"how": "base 2"}),
        "sigmoid for it": ("sigmoid", {"how": "sigmoid"}),
        "the largest alone (one-hot)": ("(?i)one-hot|largest|argmax", {"how": "hot"}),
        "of the negative (softmin)": ("(?i)sign|softmin|negative", {"how": "min"}),
        "divided by the sum, no exp": ("(?i)sum", {"how": "sum"}),
        "exp without the sum": ("(?i)exp", {"how": "exp"}),
    },
)


def _fixed(kind: Callable[[], Any], *size: int, labels: str | None = None) -> Any:
    return lambda r: (kind(), numbers(r, *size) * 3, labels)


FAMILIES["average pooling over time"] = Family(
    _fixed(lambda: mc.averagePooling1dLayer(3, Stride=2, Padding=1), 4, 3, 11, labels="CBT"),
    lambda _, x, s=2, p=1, inc=True: F.avg_pool1d(
        F.pad(x, (p, p)) if inc else x, 3, s, 0 if inc else p, False, inc
    ),
    {
        "stride left at the pool size": ("Stride", {"s": 3}),
        "padding not counted": ("not counted", {"inc": False}),
        "not padded": ("Padding|padding", {"p": 0}),
    },
)
FAMILIES["max pooling in 3-D"] = Family(
    _fixed(lambda: mc.maxPooling3dLayer((2, 3, 2), Stride=(2, 1, 2)), 6, 7, 5, 2, 2),
    lambda _, x, k=(2, 3, 2), s=(2, 1, 2), up=False, least=False: (
        (-1 if least else 1) * F.max_pool3d((-1 if least else 1) * x, k, s, ceil_mode=up)
    ),
    {
        "ceil_mode": ("ceil_mode|rounded up", {"up": True}),
        "window in reverse order": ("PoolSize", {"k": (3, 2, 2)}),
        "stride of one for all": ("Stride", {"s": (1, 1, 1)}),
        "smallest for largest": ("(?i)smallest|min", {"least": True}),
    },
)
FAMILIES["average pooling in 2-D"] = Family(
    _fixed(lambda: mc.averagePooling2dLayer(3, Stride=2), 9, 7, 4, 2),
    lambda _, x, how="": {
        "": lambda: F.avg_pool2d(x, 3, 2),
        "l2": lambda: F.avg_pool2d(x**2, 3, 2).sqrt(),
        "sum": lambda: F.avg_pool2d(x, 3, 2) * 9,
        "pick": lambda: x[:, :, 1:-1:2, 1:-1:2],
    }[how](),
    {
        "root mean square (L2 pooling)": ("(?i)root|square|L2", {"how": "l2"}),
        "sums": ("(?i)sum", {"how": "sum"}),
        "every second element instead": ("(?i)subsampl|centre|center|every", {"how": "pick"}),
    },
)
FAMILIES["resize"] = Family(
    _fixed(lambda: mc.resize2dLayer(OutputSize=(11, 8), Method="bilinear"), 6, 5, 3, 2),
    lambda _, x, **how: F.interpolate(
        x, **{"size": (11, 8), "mode": "bilinear", "align_corners": False, **how}
    ),
    {
        "bicubic": ("bicubic", {"mode": "bicubic"}),
        "align_corners": ("corners", {"align_corners": True}),
        "nearest (torch)": ("nearest", {"mode": "nearest", "align_corners": None}),
    },
)
FAMILIES["global average over time"] = Family(
    _fixed(lambda: mc.globalAveragePooling1dLayer(), 5, 3, 8, labels="CBT"),
    lambda _, x, how="": {
        "": lambda: x.mean(2, keepdim=True),
        "last": lambda: x[:, :, -1:],
        "sum": lambda: x.sum(2, keepdim=True),
        "max": lambda: x.amax(2, keepdim=True),
    }[how](),
    {
        "last time step": ("last", {"how": "last"}),
        "sum": ("(?i)sum", {"how": "sum"}),
        "largest": ("(?i)max", {"how": "max"}),
    },
)


_conv_layer = conv2d((3, 3), 3, 4, Stride=2, Padding=1)


def _conv(
    layer: Any,
    x: Tensor,
    turns: int = 0,
    phase: int = 0,
    colours: tuple[int, ...] = (0, 1, 2),
    stride: int = 2,
    dilation: int = 1,
    value: float = 0.0,
    order: tuple[int, ...] = (0, 1, 2, 3),
) -> Tensor:
    w, b = filters(layer.Weights), vector(layer.Bias)
    w = torch.rot90(w, turns, (2, 3))[list(order)][:, list(colours)]
    y = F.conv2d(F.pad(x, (1,) * 4, value=value), w, b, dilation=dilation)
    return y[:, :, phase::stride, phase::stride]


FAMILIES["conv2d"] = Family(
    _conv_layer,
    _conv,
    {
        "filters turned by 90 degrees": ("(?i)turned|rotat|rot90", {"turns": 1}),
        "strided from the second element": ("(?i)padding|shift|second", {"phase": 1}),
        "channels of the filters reversed": ("BGR|channels", {"colours": (2, 1, 0)}),
        "channels G, B, R": ("(?i)channels", {"colours": (1, 2, 0)}),
        "dilation for stride": ("(?i)dilation|stride", {"stride": 1, "dilation": 2}),
        "padded with ones": ("PaddingValue|padded", {"value": 1.0}),
        "filters in another order": ("filters|Weights|channels", {"order": (1, 0, 3, 2)}),
    },
)


def _lrn(
    _: Any, x: Tensor, k: float = 2.0, alpha: float = 1e-1, beta: float = 0.75, one: bool = False
) -> Tensor:
    squares = F.pad(x.square(), (0, 0, 0, 0, *((4, 0) if one else (2, 2))))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(5))
    return x / (k + alpha / 5 * total) ** beta


FAMILIES["local response"] = Family(
    _fixed(lambda: mc.crossChannelNormalizationLayer(5, Alpha=0.1, K=2), 5, 6, 7, 2),
    _lrn,
    {
        "K 0": ("K 0", {"k": 0.0}),
        "root (Beta 0.5)": ("Beta 0.5", {"beta": 0.5}),
        "alpha and beta exchanged": ("Alpha|Beta", {"alpha": 0.75, "beta": 0.1}),
        "channels before alone": ("(?i)channels|window", {"one": True}),
    },
)


def _norm_layer(r: np.random.Generator) -> Any:
    mean = (40 * r.normal(size=(6, 6, 3)) + 120).astype("f4")
    layer = mc.imageInputLayer((6, 6, 3), Normalization="zerocenter", Mean=mean)
    return layer, r.uniform(0, 255, (6, 6, 3, 3)).astype("f4"), None


def _norm(layer: Any, x: Tensor, how: str = "") -> Tensor:
    mean = _t(layer.Mean).permute(2, 0, 1)
    made: dict[str, Callable[[], Tensor]] = {
        "": lambda: x - mean,
        "turned": lambda: x - mean.transpose(1, 2),
        "bgr": lambda: x - mean.flip(0),
        "flipped": lambda: x - mean.flip(1),
        "255": lambda: x / 255 - mean,
        "unit": lambda: x - mean / 255,
        "both": lambda: (x - mean) / 255,
        "grey": lambda: x - mean.mean(),
        "row": lambda: x - _t(layer.Mean.ravel(order="F").reshape(3, 6, 6)),
    }
    return made[how]()


FAMILIES["zerocenter with an image"] = Family(
    _norm_layer,
    _norm,
    {
        "mean image transposed": ("Mean.*(transposed|height and width)", {"how": "turned"}),
        "mean image BGR": ("Mean.*(channels|BGR|reverse)", {"how": "bgr"}),
        "mean image upside down": ("Mean flipped", {"how": "flipped"}),
        "data 0..1, mean 0..255": ("255", {"how": "255"}),
        "mean 0..1, data 0..255": ("Mean.*255|255", {"how": "unit"}),
        "also divided by 255": ("255", {"how": "both"}),
        "mean of all pixels": ("Mean.*(one number)", {"how": "grey"}),
        "mean image read as C,H,W": ("Mean.*(reshaped|row-major)|Mean.*trans", {"how": "row"}),
    },
)


# --- a second set, written after what the first one showed was mended -------------------


def _linear_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 7), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 7, 9) * 3, "CB"


def _linear(layer: Any, x: Tensor, how: str = "") -> Tensor:
    w, b = _t(layer.Weights), vector(layer.Bias)
    made: dict[str, Callable[[], Tensor]] = {
        "": lambda: x @ w.T + b,
        "minus": lambda: x @ w.T - b,
        "rows": lambda: x @ w.flip(0).T + b,
        "unit": lambda: F.normalize(x) @ w.T + b,
        "tanh": lambda: torch.tanh(x @ w.T + b),
        "weights": lambda: x @ F.normalize(w).T + b,
        "sparse": lambda: x @ torch.where(w.abs() < 0.05, 0.0, w).T + b,
    }
    return made[how]()


FAMILIES["fully connected"] = Family(
    _linear_layer,
    _linear,
    {
        "bias subtracted": ("(?i)bias.*(sign|negated)", {"how": "minus"}),
        "rows in reverse order": ("Weights.*(outputs|revers|flipped)", {"how": "rows"}),
        "input of length one": ("(?i)length|norm", {"how": "unit"}),
        "tanh after it": ("tanh", {"how": "tanh"}),
        "rows of length one": ("(?i)length|norm", {"how": "weights"}),
        "small weights pruned": ("(?i)small|pruned|zero", {"how": "sparse"}),
    },
)


_even_layer = conv2d((4, 2), 3, 4, (9, 8, 2), Padding="same")


def _even(
    layer: Any, x: Tensor, pad: tuple[int, ...] = (0, 1, 1, 2), how: str = "", half: bool = False
) -> Tensor:
    w, b = filters(layer.Weights), vector(layer.Bias)
    if how == "centred":
        w = w - w.mean((1, 2, 3), keepdim=True)
    if how == "abs":
        w = w.abs()
    if how == "last":
        w = torch.cat([w[:, -1:], w[:, :-1]], 1)
    if half:
        w = w.half().double()
    y = F.conv2d(F.pad(x, pad), w, b)
    return y + b.reshape(1, -1, 1, 1) * 0.5 if how == "more bias" else y


FAMILIES["conv2d with an even kernel"] = Family(
    _even_layer,
    _even,
    {
        "'same' at the other end (torch)": ("wrong side", {"pad": (1, 0, 2, 1)}),
        "padded by k//2": ("(?i)padding", {"pad": (1, 1, 2, 2)}),
        "valid": ("(?i)padding", {"pad": (0, 0, 0, 0)}),
        "height padded only": ("(?i)padding", {"pad": (0, 0, 1, 2)}),
        "filters without their mean": ("(?i)mean|average", {"how": "centred"}),
        "absolute weights": ("(?i)absolute|sign", {"how": "abs"}),
        "last channel first": ("(?i)channels.*(order|further|shift)|order", {"how": "last"}),
        "one and a half times the bias": ("(?i)bias", {"how": "more bias"}),
        "weights in half": ("half", {"half": True}),
    },
)


def _variant_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 20, n) for n in (3, 5, 1))
    layer = mc.lstmLayer(5, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 3, 4, 9) * 2, "CBT"


def _variant(layer: Any, x: Tensor, how: str = "") -> Tensor:
    w, u, b = _t(layer.InputWeights), _t(layer.RecurrentWeights), vector(layer.Bias)
    x = F.pad(x, (1, 0))[:, :, :-1] if how == "late" else x
    h = c = x.new_zeros(x.shape[0], 5)
    out = []
    for step in x.unbind(2):
        before = torch.zeros_like(h) if how == "no recurrence" else h
        i, f, g, o = (step @ w.T + before @ u.T + b).chunk(4, 1)
        i, f, o = (v.sigmoid() for v in (i, f, o))
        f = 1 - i if how == "coupled" else f
        c = f * c + i * (g.sigmoid() if how == "candidate" else g.tanh())
        c = c.clamp(-0.5, 0.5) if how == "clipped" else c
        h = o * (c if how == "no tanh" else c.tanh())
        out.append(h)
    return torch.stack(out, 2)


FAMILIES["lstm, a second time"] = Family(
    _variant_layer,
    _variant,
    {
        "no recurrence": ("(?i)RecurrentWeights|recurr", {"how": "no recurrence"}),
        "sigmoid for the candidate": ("(?i)candidate|StateActivation", {"how": "candidate"}),
        "no tanh of the cell state": ("(?i)tanh|activation", {"how": "no tanh"}),
        "forget gate is 1 - input gate": ("(?i)forget|coupled", {"how": "coupled"}),
        "cell state clipped": ("(?i)clip", {"how": "clipped"}),
        "a step late": ("(?i)shifted|late", {"how": "late"}),
    },
)


def _embedded(layer: Any, x: Tensor, how: str = "") -> Tensor:
    y = _words(layer, x)
    if how == "scaled":
        return y * 2
    if how == "padding":
        return torch.where(x == 1, 0.0, y)
    return F.normalize(y) if how == "unit" else y


FAMILIES["word embedding, a second time"] = Family(
    _words_layer,
    _embedded,
    {
        "times the root of its dimension": (
            "(?i)Weights.*(twice|doubled|times 2)|scale",
            {"how": "scaled"},
        ),
        "first word as padding": ("(?i)first|zero|padding", {"how": "padding"}),
        "vectors of length one": ("(?i)length|norm", {"how": "unit"}),
    },
)


def _z_layer(r: np.random.Generator) -> Any:
    mean, deviation = (r.uniform(40, 90, (1, 1, 3)).astype("f4") for _ in "md")
    layer = mc.imageInputLayer(
        (6, 5, 3), Normalization="zscore", Mean=mean, StandardDeviation=deviation
    )
    return layer, r.uniform(0, 255, (6, 5, 3, 3)).astype("f4"), None


def _z(layer: Any, x: Tensor, how: str = "") -> Tensor:
    m, d = _c(layer.Mean, x), _c(layer.StandardDeviation, x)
    made: dict[str, Callable[[], Tensor]] = {
        "": lambda: (x - m) / d,
        "early": lambda: x / d - m,
        "eps": lambda: (x - m) / (d + 1),
        "unit": lambda: (x / 255 - m) / d,
        "bgr": lambda: (x - m.flip(1)) / d.flip(1),
        "grey": lambda: (x - m.mean()) / d.mean(),
        "clipped": lambda: ((x - m) / d).clamp(-1, 1),
        "mirrored": lambda: ((x - m) / d).flip(3),
        "truncated": lambda: (x.floor() - m) / d,
        "crop": lambda: F.pad((x - m) / d, (-1, 1)),
    }
    return made[how]()


FAMILIES["zscore"] = Family(
    _z_layer,
    _z,
    {
        "divided before the mean is subtracted": ("(?i)before|divided", {"how": "early"}),
        "1 added to the deviation": ("(?i)deviation", {"how": "eps"}),
        "data 0..1, statistics 0..255": ("255", {"how": "unit"}),
        "statistics BGR": ("(?i)BGR|channels|exchanged|reverse", {"how": "bgr"}),
        "statistics of all channels": ("(?i)one number|averaged", {"how": "grey"}),
        "clipped to -1..1": ("(?i)clip|hard tanh", {"how": "clipped"}),
        "mirrored": ("(?i)flipped", {"how": "mirrored"}),
        "decimals of the data cut": ("(?i)cut|integers", {"how": "truncated"}),
        "shifted by a pixel": ("(?i)shifted", {"how": "crop"}),
    },
)


def _report(one: Family, how: dict[str, Any], data: Data) -> Report:
    layer, x, labels = one.make(generator(data.seed + 11))
    wrong = array(one.port(layer, tensor(x), **how))
    return verify_network(layer, [x], {"Y": wrong}, data_format=labels)


_TABLE = Table("fresh", smooth=(False,))
cases = _TABLE.cases
for _family, _one in FAMILIES.items():
    for _kind, (_right, _how) in _one.mistakes.items():
        _TABLE.add(f"{_family}: {_kind}", _right, "", partial(_report, _one, _how))
