"""A second set of ported mistakes, written when the first was mended, and measured once.

See :mod:`.ported_layers` and :mod:`.ported_networks`; places are "second layers" and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc

from . import real_cases as real
from .fresh_networks import _causal, _self_attention
from .layer_cases import _gru_steps, _lstm_steps
from .network_cases import _bi, _bn, _c, _d, _dw, _v, adding, instead, left_out
from .ported_layers import Changes, Family, Runs, _each, _fixed, _m, cases_of
from .ported_networks import (
    _all,
    _both,
    _cells,
    _conv,
    _hidden,
    _nets,
    _norm,
    _norms,
    _real,
    _same,
    _with,
)
from .seeded import Array, Case, Table, Tensor, filters, numbers, vector

FAMILIES: dict[str, Family] = {}

# --- layers -----------------------------------------------------------------------------


def _dilated_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 3, 4), numbers(r, 1, 1, 4)
    layer = mc.convolution2dLayer(
        3, 4, DilationFactor=2, Padding="same", PaddingValue=0, Weights=w, Bias=b
    )
    return layer, numbers(r, 9, 11, 3, 2) * 3, None


def _dilated(
    layer: Any, dilation: tuple[int, int] = (2, 2), padding: tuple[int, int] = (2, 2), how: str = ""
) -> Runs:
    w, b = filters(layer.Weights), vector(layer.Bias)
    if how == "centre":
        w = w * torch.tensor([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    if how == "symmetric":
        w = (w + w.transpose(2, 3)) / 2

    def run(x: Tensor) -> Tensor:
        if how == "framed":
            return F.pad(F.conv2d(x, w, b, dilation=2), (2, 2, 2, 2))
        y = F.conv2d(x, w, b, padding=padding, dilation=dilation)
        return y.transpose(2, 3).reshape(y.shape) if how == "turned" else y

    return run


FAMILIES["dilated conv2d"] = Family(
    _dilated_layer,
    _dilated,
    {
        "dilated in height alone": ("Dilation", {"dilation": (2, 1), "padding": (2, 1)}),
        "computed inside, zeros around": ("(?i)edges|border|frame", {"how": "framed"}),
        "the centre of the filters alone": ("(?i)Weights|centre|filters", {"how": "centre"}),
        "output read as W,H": ("(?i)memory|row-major|reshaped|order", {"how": "turned"}),
        "dilation 3": ("Dilation", {"dilation": (3, 3), "padding": (3, 3)}),
    },
)


def _up1_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 4, 3, 3), numbers(r, 1, 3)
    layer = mc.transposedConv1dLayer(4, 3, Stride=2, Cropping=1, Weights=w, Bias=b)
    return layer, numbers(r, 3, 2, 8) * 3, "CBT"


def _up1(layer: Any, how: str = "", crop: tuple[int, int] = (1, 1)) -> Runs:
    w, b = _m(layer.Weights.transpose(2, 1, 0)), vector(layer.Bias)
    w = w.flip(2) if how == "backwards" else w.transpose(0, 1) if how == "transposed" else w

    def run(x: Tensor) -> Tensor:
        y = F.conv_transpose1d(x, w, b, stride=2)
        return y[:, :, crop[0] : y.shape[2] - crop[1]]

    return run


FAMILIES["transposed conv1d"] = Family(
    _up1_layer,
    _up1,
    {
        "cropped at the start alone": ("(?i)crop", {"crop": (2, 0)}),
        "kernel backwards in time": ("(?i)flipped", {"how": "backwards"}),
        "filters and channels exchanged": ("(?i)exchanged|transposed", {"how": "transposed"}),
    },
)


def _step_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 4), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 4, 3, 9) * 3, "CBT"


def _step(layer: Any, how: str = "") -> Runs:
    w, b = _m(layer.Weights), vector(layer.Bias)

    def run(x: Tensor) -> Tensor:
        made: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
            "": lambda: (w, b),
            "rolled": lambda: (w, b.roll(1)),
            "clipped": lambda: (w.clamp(-0.5, 0.5), b),
            "halved": lambda: (w, b / 2),
            "centred": lambda: (w - w.mean(0), b - b.mean()),
            "signs": lambda: (w.sign() * w.abs().mean(), b),
        }
        weight, bias = made.get(how, made[""])()
        y = F.linear(x.transpose(1, 2), weight, bias).transpose(1, 2)
        return y.relu() if how == "relu" else y

    return run


FAMILIES["fully connected of sequences"] = Family(
    _step_layer,
    _step,
    {
        "biases one further": ("(?i)bias", {"how": "rolled"}),
        "weights clipped": ("(?i)Weights", {"how": "clipped"}),
        "half the bias": ("(?i)bias", {"how": "halved"}),
        "scores centred": ("(?i)mean|Weights", {"how": "centred"}),
        "binary weights": ("(?i)Weights", {"how": "signs"}),
        "ReLU built in": ("ReLU|negative", {"how": "relu"}),
    },
)


def _bn_layer(r: np.random.Generator) -> Any:
    m, o = numbers(r, 1, 1, 5), numbers(r, 1, 1, 5)
    s, v = (r.uniform(0.3, 2, (1, 1, 5)).astype("f4") for _ in "sv")
    layer = mc.batchNormalizationLayer(
        TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s, Epsilon=1e-3
    )
    return layer, numbers(r, 6, 7, 5, 3) * 3, None


def _bn_run(layer: Any, how: str = "") -> Runs:
    def run(x: Tensor) -> Tensor:
        m, v, s, o = (
            _each(getattr(layer, n), x)
            for n in ("TrainedMean", "TrainedVariance", "Scale", "Offset")
        )
        made: dict[str, Callable[[], Tensor]] = {
            "": lambda: (x - m) / (v + 1e-3).sqrt() * s + o,
            "eps": lambda: (x - m) / (v + 1e-5).sqrt() * s + o,
            "twice": lambda: (x - m) / (v + 2e-3).sqrt() * s + o,
            "late": lambda: (x / (v + 1e-3).sqrt() - m) * s + o,
            "rolled": lambda: (x - m) / (v.roll(1, 1) + 1e-3).sqrt() * s + o,
            "shifted": lambda: (x - m + o) / (v + 1e-3).sqrt() * s,
            "divided": lambda: (x - m) / (v + 1e-3).sqrt() / s + o,
            "one": lambda: (x - m) / (v.mean() + 1e-3).sqrt() * s + o,
        }
        return made[how]()

    return run


FAMILIES["batch norm with Epsilon 1e-3"] = Family(
    _bn_layer,
    _bn_run,
    {
        "torch's eps": ("(?i)epsilon", {"how": "eps"}),
        "epsilon twice": ("(?i)epsilon", {"how": "twice"}),
        "mean subtracted after the division": ("(?i)mean", {"how": "late"}),
        "variances one further": ("(?i)variance", {"how": "rolled"}),
        "offset added before the division": ("(?i)offset", {"how": "shifted"}),
        "divided by the scale": ("(?i)scale", {"how": "divided"}),
        "one variance for all": ("(?i)variance", {"how": "one"}),
    },
)


def _lstm_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 20, n) for n in (3, 5, 1))
    layer = mc.lstmLayer(5, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 3, 4, 8) * 2, "CBT"


def _lstm(layer: Any, how: str = "") -> Runs:
    w, u, b = _m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias)
    if how == "half":
        u = u / 2
    if how == "first gate":
        b = torch.cat([b[:5], 0 * b[5:]])
    if how == "eye":
        u = torch.eye(5).repeat(4, 1).double()
    if how == "turned":
        w = torch.cat([w[10:], w[:10]])

    def run(x: Tensor) -> Tensor:
        if how in ("tanh", "sum", "residual"):
            y = _lstm_steps(x, w, u, b)
            return y.tanh() if how == "tanh" else y.cumsum(2) if how == "sum" else y
        if how == "peepholes":
            h = c = x.new_zeros(x.shape[0], 5)
            out = []
            for step in x.unbind(2):
                i, f, g, o = (step @ w.T + h @ u.T + b).chunk(4, 1)
                c = (f + c).sigmoid() * c + (i + c).sigmoid() * g.tanh()
                h = (o + c).sigmoid() * c.tanh()
                out.append(h)
            return torch.stack(out, 2)
        if how == "average":
            y = _lstm_steps(x, w, u, b)
            return y.mean(2, keepdim=True).expand_as(y)
        return _lstm_steps(x, w, u, b)

    return run


FAMILIES["lstm, second"] = Family(
    _lstm_layer,
    _lstm,
    {
        "recurrent weights halved": ("(?i)RecurrentWeights", {"how": "half"}),
        "bias of the input gate alone": ("(?i)bias", {"how": "first gate"}),
        "recurrent weights at the identity": ("(?i)RecurrentWeights", {"how": "eye"}),
        "halves of the input weights exchanged": ("(?i)InputWeights", {"how": "turned"}),
        "tanh too many": ("(?i)tanh|twice", {"how": "tanh"}),
        "outputs accumulated": ("(?i)cumul|sum|accumul", {"how": "sum"}),
        "average of all steps for each": ("(?i)mean|average", {"how": "average"}),
    },
)


def _attention_layer(r: np.random.Generator) -> Any:
    given = {f"{n}Weights": 2 * numbers(r, 6, 6) for n in ("Query", "Key", "Value", "Output")}
    given |= {f"{n}Bias": numbers(r, 6, 1) for n in ("Query", "Key", "Value", "Output")}
    return mc.selfAttentionLayer(3, 6, **given), numbers(r, 6, 3, 8) * 4, "CBT"


def _attention(layer: Any, how: str = "") -> Runs:
    def run(x: Tensor) -> Tensor:
        y = x.transpose(1, 2)
        n, t, c = y.shape

        def made(name: str, z: Tensor) -> Tensor:
            return F.linear(
                z, _m(getattr(layer, f"{name}Weights")), vector(getattr(layer, f"{name}Bias"))
            )

        q, k, v = (made(i, y) for i in ("Query", "Key", "Value"))
        v = y if how == "raw values" else v
        q, k, v = (z.reshape(n, t, 3, 2).transpose(1, 2) for z in (q, k, v))
        if how == "late keys":
            k = k.roll(1, 2)
        if how == "heads":
            q = q.flip(1)
        scores = q @ k.transpose(2, 3) / (2 if how == "scale" else 2**0.5)
        if how == "sigmoid":
            weights = scores.sigmoid()
        elif how == "local":
            far = (torch.arange(t)[:, None] - torch.arange(t)).abs() > 2
            weights = scores.masked_fill(far, -torch.inf).softmax(-1)
        else:
            weights = scores.softmax(-1)
        if how == "mean":
            weights = weights.mean(1, keepdim=True).expand_as(weights)
        z = (weights @ v).transpose(1, 2).reshape(n, t, c)
        return made("Output", z).transpose(1, 2)

    return run


FAMILIES["self-attention, second"] = Family(
    _attention_layer,
    _attention,
    {
        "values not projected": ("(?i)value", {"how": "raw values"}),
        "heads of the queries reversed": ("(?i)head|Query", {"how": "heads"}),
        "scores divided by the channels": ("(?i)scale|products|times", {"how": "scale"}),
        "sigmoid for softmax": ("(?i)sigmoid|softmax", {"how": "sigmoid"}),
        "attention averaged over the heads": ("(?i)head|averag", {"how": "mean"}),
        "keys a step late": ("(?i)key|late|shift", {"how": "late keys"}),
    },
)
FAMILIES["average pooling, second"] = Family(
    _fixed(lambda: mc.averagePooling2dLayer(2, Stride=2), 8, 10, 4, 2),
    lambda _, how="": {
        "": lambda x: F.avg_pool2d(x, 2, 2),
        "large": lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        "late": lambda x: F.avg_pool2d(F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:], 2, 2),
        "max": lambda x: F.max_pool2d(x, 2, 2),
        "relu": lambda x: F.avg_pool2d(x, 2, 2).relu(),
        "rows": lambda x: F.avg_pool2d(x, (2, 1), (2, 2)),
    }[how],
    {
        "a window of 3": ("(?i)PoolSize|window", {"how": "large"}),
        "begun at the second element": ("(?i)padding|shift|later|earlier", {"how": "late"}),
        "the largest": ("(?i)max", {"how": "max"}),
        "ReLU after it": ("(?i)ReLU|negative", {"how": "relu"}),
        "of columns alone": ("(?i)PoolSize|window", {"how": "rows"}),
    },
)
FAMILIES["clipped relu"] = Family(
    _fixed(lambda: mc.clippedReluLayer(1.5), 6, 5, 4, 3),
    lambda _, how="": {
        "": lambda x: x.clamp(0, 1.5),
        "both": lambda x: x.clamp(-1.5, 1.5),
        "scaled": lambda x: 1.5 * torch.sigmoid(x),
        "relu": torch.relu,
        "hard": lambda x: F.hardtanh(x, 0, 6),
        "minus": lambda x: (-x).clamp(0, 1.5),
    }[how],
    {
        "clipped at -1.5, too": ("(?i)hard tanh|clip|-1\\.5", {"how": "both"}),
        "not clipped": ("ReLU", {"how": "relu"}),
        "clipped at 6": ("6", {"how": "hard"}),
        "of the negative": ("(?i)negative|sign", {"how": "minus"}),
    },
)
FAMILIES["softmax over time"] = Family(
    _fixed(lambda: mc.softmaxLayer(), 5, 3, 8, labels="CBT"),
    lambda _, how="": {
        "": lambda x: x.softmax(1),
        "time": lambda x: x.softmax(2),
        "cold": lambda x: (10 * x).softmax(1),
        "square": lambda x: x.softmax(1).square(),
        "max": lambda x: x.softmax(1) / x.softmax(1).amax(1, keepdim=True),
    }[how],
    {
        "over the time steps": ("(?i)time", {"how": "time"}),
        "of ten times the scores": ("(?i)10|temperature", {"how": "cold"}),
        "squared": ("(?i)square", {"how": "square"}),
        "divided by the largest": ("(?i)largest|max", {"how": "max"}),
    },
)


def _sequence_layer(r: np.random.Generator) -> Any:
    mean, deviation = r.uniform(2, 5, (4, 1)).astype("f4"), r.uniform(1, 3, (4, 1)).astype("f4")
    layer = mc.sequenceInputLayer(4, Normalization="zscore", Mean=mean, StandardDeviation=deviation)
    return layer, r.normal(3, 2, (4, 3, 9)).astype("f4"), "CBT"


def _sequence(layer: Any, how: str = "") -> Runs:
    m, d = (vector(getattr(layer, n)).reshape(1, -1, 1) for n in ("Mean", "StandardDeviation"))
    made: dict[str, Runs] = {
        "": lambda x: (x - m) / d,
        "backwards": lambda x: (x.flip(2) - m) / d,
        "order": lambda x: (x - m.flip(1)) / d,
        "late": lambda x: (F.pad(x, (1, 0))[:, :, :-1] - m) / d,
        "mean": lambda x: x - m,
        "own": lambda x: (x - x.mean(2, keepdim=True)) / x.std(2, keepdim=True),
        "range": lambda x: (
            (x - x.amin(2, keepdim=True)) / (x.amax(2, keepdim=True) - x.amin(2, keepdim=True))
        ),
        "plus": lambda x: x / d + m,
        "features": lambda x: (x[:, [1, 0, 2, 3]] - m) / d,
    }
    return made[how]


FAMILIES["sequence input"] = Family(
    _sequence_layer,
    _sequence,
    {
        "backwards in time": ("(?i)flipped|revers", {"how": "backwards"}),
        "means of the features reversed": ("(?i)Mean", {"how": "order"}),
        "a step late": ("(?i)shifted|late", {"how": "late"}),
        "not divided": ("(?i)divid|zerocenter", {"how": "mean"}),
        "statistics of each sequence (n - 1)": ("(?i)own", {"how": "own"}),
        "range of each sequence": ("(?i)own|smallest", {"how": "range"}),
        "two features exchanged": ("(?i)channels|order|features|exchanged", {"how": "features"}),
    },
)

# --- arrays -----------------------------------------------------------------------------


def _unit(y: Array) -> Array:
    return (y - y.min()) / np.ptp(y)


OUTPUTS: Changes = {
    "height and width exchanged by a view": (
        lambda y: y.swapaxes(0, 1).ravel(order="F").reshape(y.shape, order="F"),
        "(?i)memory|row-major|reshaped|order",
    ),
    "scaled to -1..1": (lambda y: 2 * _unit(y) - 1, "(?i)scale and offset"),
    "first two channels exchanged": (lambda y: y[:, :, [1, 0, 2, 3, 4]], "(?i)channels"),
    "last channel zero": (lambda y: y * (np.arange(5) < 4)[:, None], "(?i)channel|zero"),
    "first observation lost": (
        lambda y: np.concatenate([y[..., 1:], 0 * y[..., :1]], 3),
        "(?i)observation|shift|later|earlier",
    ),
    "times 1000, as integers": (lambda y: np.round(1000 * y), "(?i)1000|integer|steps|scale"),
    "thresholded at 0": (lambda y: (y > 0).astype("f4"), "(?i)sign|threshold|larger"),
    "each observation standardized": (
        lambda y: (y - y.mean((0, 1, 2), keepdims=True)) / y.std((0, 1, 2), keepdims=True),
        "(?i)own|standard",
    ),
    "largest channel one": (lambda y: y / y.max((0, 1, 3), keepdims=True), "(?i)largest|max"),
    "every second row again": (
        lambda y: np.repeat(y[::2], 2, 0)[: y.shape[0]],
        "(?i)row|every|resiz",
    ),
    "turned upside down and negated": (lambda y: -y[::-1], "(?i)flip|sign"),
    "in half": (lambda y: y.astype("f2").astype("f4"), "(?i)half"),
    "tanh too many": (np.tanh, "(?i)tanh"),
    "mean of the channels for all": (
        lambda y: np.broadcast_to(y.mean(2, keepdims=True), y.shape),
        "(?i)mean",
    ),
}
INPUTS: Changes = {
    "divided by its largest": (lambda x: x / x.max(), "(?i)scale|times|largest"),
    "flipped both ways": (lambda x: x[::-1, ::-1], "(?i)flipped|turned|180"),
    "shifted by two, edges repeated": (
        lambda x: np.pad(x, ((2, 0), (0, 0), (0, 0), (0, 0)), mode="edge")[:-2],
        "(?i)shift",
    ),
    "one channel for all": (lambda x: np.repeat(x[:, :, :1], 3, 2), "(?i)channel|grey|gray"),
    "minus ImageNet's mean": (
        lambda x: x - np.asarray([0.485, 0.456, 0.406], "f4").reshape(1, 1, 3, 1),
        "(?i)ImageNet",
    ),
    "squared": (np.square, "(?i)square"),
    "channels G, R, B": (lambda x: x[:, :, [1, 0, 2]], "(?i)channels"),
}

# --- networks ---------------------------------------------------------------------------

_NETWORKS = Table("second networks", smooth=(False,), saved=(False, True))
_REAL = Table("second real", smooth=(False,), saved=(False, True))
_net, _add = adding(_NETWORKS, _nets), adding(_REAL, _real)

_net("unet: skip a pixel too far", "(?i)shift|crop|pixel", "cat1")(
    instead("cat1", lambda a, b: torch.cat([a, b.roll(1, 3)], 1))
)
_net(
    "unet: two: bias of d2 twice, ReLU of d1 left out (two at once)", "(?i)bias|left out", "d2 r5"
)(
    lambda n: {
        "d2": lambda x: F.conv2d(x, filters(n.p["d2"]["w"]), 2 * vector(n.p["d2"]["b"]), padding=1),
        "r5": lambda x: x,
    }
)
_net("unet: second skip missing, first level's ReLU twice", "(?i)zero|left out|missing", "cat2")(
    instead("cat2", lambda a, b: torch.cat([a, 0 * b], 1))
)
_net("unet: biases of the transposed convolutions left out", "(?i)bias")(
    lambda n: {
        u: lambda x, u=u: F.conv_transpose2d(x, filters(n.p[u]["w"]), stride=2)[:, :, :-1, :-1]
        for u in ("up1", "up2")
    }
)
_net("class: leaky ReLU before the depthwise convolution", "(?i)order|before", "dw leaky")(
    lambda n: {
        "dw": lambda x: F.conv2d(
            F.leaky_relu(x, 0.2), _dw(n.p["dw"]["w"]), vector(n.p["dw"]["b"]), padding=1, groups=8
        ),
        "leaky": lambda x: x,
    }
)
_net("class: means of the first normalization in the second", "(?i)TrainedMean|parameters", "bn2")(
    lambda n: {"bn2": _bn({"bn2": {**n.p["bn2"], "m": n.p["bn1"]["m"]}}, "bn2")}
)
_net("class: softmax of the negative", "(?i)softmin|negative|sign", "sm")(
    instead("sm", lambda x: (-x).softmax(1))
)
_net("class: one-hot answers", "(?i)one-hot|largest|class", "sm")(
    instead("sm", lambda x: F.one_hot(x.argmax(1), 7).double())
)
_net("class: z-score twice", "(?i)twice", "in")(
    lambda n: {
        "in": lambda x: (
            ((x - _v(n.p["in"]["m"])) / _v(n.p["in"]["d"]) - _v(n.p["in"]["m"]))
            / _v(n.p["in"]["d"])
        )
    }
)
_net("class: last pooling as average", "(?i)average", "pool")(
    instead("pool", lambda x: F.avg_pool2d(F.pad(x, (1, 1)), 2, 2))
)
_net("class: third ReLU as sigmoid", "(?i)sigmoid", "r3")(instead("r3", torch.sigmoid))
_net("res: pooled before the last ReLU", "(?i)order|before|left out|after", "br2 gap")(
    lambda n: {"br2": lambda x: x, "gap": lambda x: x.mean((2, 3), keepdim=True).relu()}
)
_net("res: skip of the first block taken twice", "(?i)twice|times 2|scaled", "aadd")(
    instead("aadd", lambda x, y, _: x + 2 * y)
)
_net("res: ReLU after the stem too late (in the skip alone)", "(?i)ReLU|left out", "r0")(
    left_out("r0")
)
_net(
    "res: two: first skip left out and normalization of the second block not loaded (two at once)",
    "(?i)left out|initial",
)(
    lambda n: {
        "aadd": lambda x, y, _: x,
        **_norms(
            n,
            lambda q: {"m": 0 * q["m"], "v": 1 + 0 * q["v"], "s": 1 + 0 * q["s"], "o": 0 * q["o"]},
            "bn2",
        ),
    }
)
_net("seq: tanh after the GRU", "(?i)tanh", "gru fc")(
    lambda n: {"gru": lambda x: _gru_steps(x, *_d(n.p["gru"])).tanh()}
)
_net("seq: biases of the LSTM halved", "(?i)bias", "lstm")(
    lambda n: {"lstm": lambda x: _lstm_steps(x, *_d(n.p["lstm"])[:2], _d(n.p["lstm"])[2] / 2)}
)
_net("seq: last steps masked with zeros", "(?i)mask|zero|pad|edge")(
    instead("input", lambda x: torch.cat([x[:, :, :-3], 0 * x[:, :, -3:]], 2))
)
_net("seq: both recurrent layers backwards", "(?i)revers|flipped|backward")(
    lambda n: {
        "lstm": lambda x: _lstm_steps(x.flip(2), *_d(n.p["lstm"])).flip(2),
        "gru": lambda x: _gru_steps(x.flip(2), *_d(n.p["gru"])).flip(2),
    }
)
_net("seq: sum of the directions twice", "(?i)direction|sum|half", "bi")(
    lambda n: {
        "bi": lambda x: (_bi(x, n.p["bi"])[:, :5] + _bi(x, n.p["bi"])[:, 5:]).repeat(1, 2, 1)
    }
)
_net("deep: fifth convolution in half", "(?i)half", "c5")(
    lambda n: {"c5": lambda x: _c(n.p, "c5", padding=1)(x).half().double()}
)
_net("deep: weights clipped to -0.3..0.3", "(?i)clip|Weights")(
    lambda n: _with(n, lambda w: w.clamp(-0.3, 0.3), bias=False)
)
_net("deep: slope 0.2 in the first three", "0\\.2")(
    lambda n: {f"l{i}": partial(F.leaky_relu, negative_slope=0.2) for i in (1, 2, 3)}
)
_net("deep: variances with n - 1 (of 720)", "(?i)variance|deviation")(
    lambda n: _norms(n, lambda q: {"v": q["v"] * np.float32(720 / 719)})
)
_net("deep: biases of the first convolution for all", "(?i)bias")(
    lambda n: {
        f"c{i}": lambda x, i=i: F.conv2d(
            x, filters(n.p[f"c{i}"]["w"]), vector(n.p["c1"]["b"]), padding=1
        )
        for i in range(2, 11)
    }
)
_net("deep: scales left out everywhere", "(?i)Scale")(
    lambda n: _norms(n, lambda q: {"s": 1 + 0 * q["s"]})
)
_net("mobile: twice the gate", "(?i)twice|times 2|scaled|2", "gate excite")(
    instead("gate", lambda x: 2 * x.sigmoid())
)
_net("mobile: stem padded at the end alone", "(?i)padding", "stem")(
    lambda n: {"stem": lambda x: _c(n.p, "stem", stride=2)(F.pad(x, (0, 1, 0, 1)))}
)
_net("transformer: first step not averaged", "(?i)first|average|mean|steps", "gap")(
    instead("gap", lambda x: x[:, :, 1:].mean(2))
)
_net("transformer: norms with n - 1", "(?i)unbiased|n - 1", "ln")(
    lambda n: {
        k: lambda x, k=k: (
            (x - x.mean(1, keepdim=True))
            / (x.var(1, keepdim=True) + 1e-5).sqrt()
            * vector(n.p[k]["s"]).reshape(1, -1, 1)
            + vector(n.p[k]["o"]).reshape(1, -1, 1)
        )
        for k in ("ln1", "ln2")
    }
)
_net("transformer: both skips left out", "(?i)left out|without", "add")(
    instead("add1 add2", lambda a, b: a)
)
_net("transformer: scores of the sequence's length", "(?i)scale|times|products", "att")(
    lambda n: {"att": _self_attention(n.p, 1 / 3)}
)
_net("inception: first branch twice", "(?i)connected|input|from|twice", "cat")(
    instead("cat", lambda a, b, c: torch.cat([a, a, c], 1))
)
_net("inception: instance normalization for groups", "(?i)instance|NumGroups|each", "gn")(
    lambda n: {"gn": lambda x: F.group_norm(x, 12) * _v(n.p["gn"]["s"]) + _v(n.p["gn"]["o"])}
)
_net("temporal: rescaled to -1..1", "-1\\.\\.1", "in")(
    lambda n: {
        "in": lambda x: (
            2
            * (x - vector(n.p["in"]["low"]).reshape(1, -1, 1))
            / vector(n.p["in"]["high"] - n.p["in"]["low"]).reshape(1, -1, 1)
            - 1
        )
    }
)
_net("temporal: all padded in the middle", "(?i)padding")(
    lambda n: {f"c{i}": _causal(n.p, f"c{i}", d, d) for i, d in ((2, 2), (3, 4))}
)
_net("superres: resized input twice", "(?i)twice|times 2|scaled", "add")(
    instead("add", lambda a, b: a + 2 * b)
)
_net("superres: slopes reversed", "(?i)Alpha", "prelu")(
    lambda n: {"prelu": lambda x: torch.where(x > 0, x, _v(n.p["prelu"]["a"]).flip(1) * x)}
)

# --- real networks ----------------------------------------------------------------------

_add("speech: last pooling as average", "(?i)average", "maxpool_4")(
    instead("maxpool_4", lambda x: F.avg_pool2d(x, (13, 1), 1))
)
_add("speech: a frame late", "(?i)shift", "imageinput")(
    instead("input", lambda x: F.pad(x, (0, 0, 1, -1)))
)
_add("speech: powers for logarithms", "(?i)exp", "imageinput")(instead("input", torch.exp))
_add("speech: scale and offset not loaded", "(?i)initial|Scale|Offset")(
    lambda n: _all(n, "BatchNorm", partial(_norm, Scale=torch.ones_like, Offset=torch.zeros_like))
)
_add("speech: flattened W,H,C", "(?i)WHC|flatten", "fc")(
    lambda n: {"fc": real._full(n.network, "fc", (0, 3, 2, 1))}
)
_add("speech: padded at the front everywhere", "(?i)padding|side")(
    lambda n: {
        f"conv_{i}": lambda x, i=i: F.conv2d(
            F.pad(x, (2, 0, 2, 0)),
            filters(n.network.layer(f"conv_{i}").Weights),
            vector(n.network.layer(f"conv_{i}").Bias),
        )
        for i in range(1, 6)
    }
)
_add("speech: softmax twice", "(?i)twice|is softmax", "softmax")(
    instead("softmax", lambda x: x.softmax(1).softmax(1))
)
_add("speech: leaky ReLU 0.2 everywhere", "(?i)0\\.2")(
    lambda n: {f"relu_{i}": partial(F.leaky_relu, negative_slope=0.2) for i in range(1, 6)}
)
_add("aircomp: two sensors exchanged", "(?i)channels|order|InputWeights|columns")(
    instead("input", lambda x: x[:, [0, 1, 2, 5, 4, 3, 6, 7, 8, 9]])
)
_add("aircomp: last but one step", "(?i)last|step", "lstm_2")(
    lambda n: {"lstm_2": _hidden(n, "lstm_2", lambda y: y[:, :, -2])}
)
_add(
    "aircomp: recurrent weights of the first in the second",
    "(?i)RecurrentWeights|parameters",
    "lstm_2",
)(
    lambda n: {
        "lstm_2": lambda x: _lstm_steps(
            x,
            _cells(n.network, "lstm_2")[0],
            *_cells(n.network, "lstm_1")[1:2],
            _cells(n.network, "lstm_2")[2],
        )[:, :, -1]
    }
)
_add("aircomp: zeros appended to the sequences", "(?i)pad|zeros|longer")(
    lambda n: {
        "lstm_2": lambda x: _lstm_steps(F.pad(x, (0, 4)), *_cells(n.network, "lstm_2"))[:, :, -1]
    }
)
_add("aircomp: input standardized by itself", "(?i)own|standard")(
    instead(
        "input", lambda x: (x - x.mean(2, keepdim=True)) / x.std(2, keepdim=True, unbiased=False)
    )
)
_add("aircomp: biases left out in both", "(?i)bias")(
    lambda n: {
        "lstm_1": lambda x: _lstm_steps(
            x, *_cells(n.network, "lstm_1")[:2], 0 * _cells(n.network, "lstm_1")[2]
        ),
        "lstm_2": lambda x: _lstm_steps(
            x, *_cells(n.network, "lstm_2")[:2], 0 * _cells(n.network, "lstm_2")[2]
        )[:, :, -1],
    }
)
_add(
    "anomaly: third layer's backward direction missing",
    "(?i)backward|zero|direction|half",
    "bilstm3",
)(
    lambda n: {
        "bilstm3": lambda x: torch.cat([_both(n.network, "bilstm3")(x)[:, :16], 0 * x[:, :16]], 1)
    }
)
_add("anomaly: fc on absolute values", "(?i)absolute|sign|fc")(instead("relu3", torch.abs))
_add("m2nist: dilation 4", "Dilation", "conv_2")(
    lambda n: {"conv_2": _conv(n.network, "conv_2", dilation=(4, 4))}
)
_add("m2nist: mean not subtracted", "(?i)normalization", "imageinput")(left_out("imageinput"))
_add("m2nist: bias of the last convolution left out", "(?i)bias", "conv_3")(
    lambda n: {"conv_3": _conv(n.network, "conv_3", b=torch.zeros_like)}
)
_add("m2nist: average pools shifted the other way and max", "(?i)max|padding")(
    instead("avgpool2d_2", lambda x: F.max_pool2d(_same(x, (2, 2), (1, 1), value=-torch.inf), 2, 1))
)
_add("chunter: bytes and mean in 0..1", "(?i)255", "imageinput")(
    lambda n: {"imageinput": lambda x: (x - real._mean(n.network, "imageinput")) / 255}
)
_add("chunter: turned by 90 degrees", "(?i)turned|90", "imageinput")(
    instead("input", lambda x: x.rot90(1, (2, 3)))
)
_add("chunter: normalization after the activation", "(?i)order|before|after")(
    lambda n: {
        **{
            f"batchnorm_{i}": lambda x, i=i: _norm(n.network, f"batchnorm_{i}")(x.relu())
            for i in (1, 2, 3)
        },
        **{f"relu_{i}": lambda x: x for i in (1, 2, 3)},
    }
)
_add("cifar: images upside down", "(?i)flipped", "imageinput")(
    instead("input", lambda x: x.flip(2))
)
_add("fsrcnn: tanh for ReLU everywhere", "(?i)tanh")(
    lambda n: _all(n, "ReLU", lambda *_: torch.tanh)
)
_add("fenn: input a step late", "(?i)shift|late")(instead("input", lambda x: F.pad(x, (1, -1))))


def cases(seed: int) -> Iterator[Case]:
    """All of one seed; those of real networks if their files are there."""
    tables = [_NETWORKS, *([_REAL] if real.REAL.is_dir() else [])]
    yield from cases_of("second", FAMILIES, OUTPUTS, INPUTS, seed)
    yield from chain.from_iterable(table.cases(seed) for table in tables)
