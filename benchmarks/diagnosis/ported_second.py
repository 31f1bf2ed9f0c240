"""A second set of ported mistakes, written when the first was mended, and measured once.

See :mod:`.ported_layers` and :mod:`.ported_networks`; places are "second layers" and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc

from . import real_cases as real
from .fresh_networks import _causal, _self_attention
from .layer_cases import _gru_steps, _lstm_steps, conv2d
from .network_cases import _bi, _bn, _c, _d, _dw, _v, adding, instead, left_out
from .ported_layers import (
    Changes,
    Family,
    _m,
    _unit,
    _z,
    attention,
    attention_layer,
    cases_of,
    cells,
    channels,
    computed,
    fixed,
    not_projected,
    recurrent,
)
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
from .seeded import Case, Table, Tensor, filters, numbers, vector

FAMILIES: dict[str, Family] = {}

# --- layers -----------------------------------------------------------------------------


_dilated_layer = conv2d((3, 3), 3, 4, DilationFactor=2, Padding="same", PaddingValue=0)


def _dilated(
    x: Tensor,
    w: Tensor,
    b: Tensor,
    dilation: tuple[int, int] = (2, 2),
    padding: tuple[int, int] = (2, 2),
) -> Tensor:
    return F.conv2d(x, w, b, padding=padding, dilation=dilation)


FAMILIES["dilated conv2d"] = computed(
    _dilated_layer,
    _dilated,
    {
        ("dilated in height alone", "Dilation"): partial(_dilated, dilation=(2, 1), padding=(2, 1)),
        ("computed inside, zeros around", "(?i)edges|border|frame"): lambda x, w, b: F.pad(
            _dilated(x, w, b, padding=(0, 0)), (2, 2, 2, 2)
        ),
        ("the centre of the filters alone", "(?i)Weights|centre|filters"): lambda x, w, b: F.conv2d(
            x, w[:, :, 1:2, 1:2], b
        ),
        ("output read as W,H", "(?i)memory|row-major|reshaped|order"): lambda x, w, b: (
            _dilated(x, w, b).transpose(2, 3).reshape(len(x), -1, *x.shape[2:])
        ),
        ("dilation 3", "Dilation"): partial(_dilated, dilation=(3, 3), padding=(3, 3)),
    },
    lambda layer: [filters(layer.Weights), vector(layer.Bias)],
)


def _up1_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 4, 3, 3), numbers(r, 1, 3)
    layer = mc.transposedConv1dLayer(4, 3, Stride=2, Cropping=1, Weights=w, Bias=b)
    return layer, numbers(r, 3, 2, 8) * 3, "CBT"


def _up1(x: Tensor, w: Tensor, b: Tensor, crop: tuple[int, int] = (1, 1)) -> Tensor:
    return F.pad(F.conv_transpose1d(x, w, b, stride=2), [-n for n in crop])


FAMILIES["transposed conv1d"] = computed(
    _up1_layer,
    _up1,
    {
        ("cropped at the start alone", "(?i)crop"): partial(_up1, crop=(2, 0)),
        ("kernel backwards in time", "(?i)flipped"): lambda x, w, b: _up1(x, w.flip(2), b),
        ("filters and channels exchanged", "(?i)exchanged|transposed"): lambda x, w, b: _up1(
            x, w.transpose(0, 1), b
        ),
    },
    lambda layer: [_m(layer.Weights.transpose(2, 1, 0)), vector(layer.Bias)],
)


def _step_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 4), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 4, 3, 9) * 3, "CBT"


def _step(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.linear(x.transpose(1, 2), w, b).transpose(1, 2)


FAMILIES["fully connected of sequences"] = computed(
    _step_layer,
    _step,
    {
        ("biases one further", "(?i)bias"): lambda x, w, b: _step(x, w, b.roll(1)),
        ("weights clipped", "(?i)Weights"): lambda x, w, b: _step(x, w.clamp(-0.5, 0.5), b),
        ("half the bias", "(?i)bias"): lambda x, w, b: _step(x, w, b / 2),
        ("scores centred", "(?i)mean|Weights"): lambda x, w, b: _step(
            x, w - w.mean(0), b - b.mean()
        ),
        ("binary weights", "(?i)Weights"): lambda x, w, b: _step(x, w.sign() * w.abs().mean(), b),
        ("ReLU built in", "ReLU|negative"): lambda x, w, b: _step(x, w, b).relu(),
    },
    lambda layer: [_m(layer.Weights), vector(layer.Bias)],
)


def _bn_layer(r: np.random.Generator) -> Any:
    m, o = numbers(r, 1, 1, 5), numbers(r, 1, 1, 5)
    s, v = (r.uniform(0.3, 2, (1, 1, 5)).astype("f4") for _ in "sv")
    layer = mc.batchNormalizationLayer(
        TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s, Epsilon=1e-3
    )
    return layer, numbers(r, 6, 7, 5, 3) * 3, None


def _norm_of(x: Tensor, m: Tensor, v: Tensor, s: Tensor, o: Tensor, eps: float = 1e-3) -> Tensor:
    return (x - m) / (v + eps).sqrt() * s + o


FAMILIES["batch norm with Epsilon 1e-3"] = computed(
    _bn_layer,
    _norm_of,
    {
        ("torch's eps", "(?i)epsilon"): partial(_norm_of, eps=1e-5),
        ("epsilon twice", "(?i)epsilon"): partial(_norm_of, eps=2e-3),
        ("mean subtracted after the division", "(?i)mean"): lambda x, m, v, s, o: _norm_of(
            x, 0 * m, v, s, o - m * s
        ),
        ("variances one further", "(?i)variance"): lambda x, m, v, s, o: _norm_of(
            x, m, v.roll(1, 1), s, o
        ),
        ("offset added before the division", "(?i)offset"): lambda x, m, v, s, o: _norm_of(
            x, m - o, v, s, 0 * o
        ),
        ("divided by the scale", "(?i)scale"): lambda x, m, v, s, o: _norm_of(x, m, v, 1 / s, o),
        ("one variance for all", "(?i)variance"): lambda x, m, v, s, o: _norm_of(
            x, m, v.mean(), s, o
        ),
    },
    channels("TrainedMean TrainedVariance Scale Offset"),
)
FAMILIES["lstm, second"] = computed(
    recurrent(mc.lstmLayer, 20, 5, 3, 4, 8),
    _lstm_steps,
    {
        ("recurrent weights halved", "(?i)RecurrentWeights"): lambda x, w, u, b: _lstm_steps(
            x, w, u / 2, b
        ),
        ("bias of the input gate alone", "(?i)bias"): lambda x, w, u, b: _lstm_steps(
            x, w, u, F.pad(b[:5], (0, 15))
        ),
        ("recurrent weights at the identity", "(?i)RecurrentWeights"): lambda x, w, u, b: (
            _lstm_steps(x, w, torch.eye(5).repeat(4, 1).double(), b)
        ),
        ("halves of the input weights exchanged", "(?i)InputWeights"): lambda x, w, u, b: (
            _lstm_steps(x, w.roll(10, 0), u, b)
        ),
        ("tanh too many", "(?i)tanh|twice"): lambda x, *weights: _lstm_steps(x, *weights).tanh(),
        ("outputs accumulated", "(?i)cumul|sum|accumul"): lambda x, *weights: _lstm_steps(
            x, *weights
        ).cumsum(2),
        ("average of all steps for each", "(?i)mean|average"): lambda x, *weights: (
            _lstm_steps(x, *weights).mean(2, keepdim=True).expand(-1, -1, x.shape[2])
        ),
    },
    cells,
)


FAMILIES["self-attention, second"] = Family(
    attention_layer(3, 6, 3, 8),
    attention,
    {
        ("values not projected", "(?i)value"): not_projected("Value"),
        ("heads of the queries reversed", "(?i)head|Query"): {
            "heads": lambda q, k, v: (q.flip(1), k, v)
        },
        ("scores divided by the channels", "(?i)scale|products|times"): {
            "weigh": lambda scores: (scores / 2**0.5).softmax(-1)
        },
        ("sigmoid for softmax", "(?i)sigmoid|softmax"): {"weigh": torch.sigmoid},
        ("attention averaged over the heads", "(?i)head|averag"): {
            "weigh": lambda s: s.softmax(-1).mean(1, keepdim=True).expand_as(s)
        },
        ("keys a step late", "(?i)key|late|shift"): {"heads": lambda q, k, v: (q, k.roll(1, 2), v)},
    },
)
FAMILIES["average pooling, second"] = computed(
    fixed(lambda: mc.averagePooling2dLayer(2, Stride=2), 8, 10, 4, 2),
    lambda x: F.avg_pool2d(x, 2, 2),
    {
        ("a window of 3", "(?i)PoolSize|window"): lambda x: F.avg_pool2d(
            x, 3, 2, 1, count_include_pad=False
        ),
        ("begun at the second element", "(?i)padding|shift|later|earlier"): lambda x: F.avg_pool2d(
            F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:], 2, 2
        ),
        ("the largest", "(?i)max"): lambda x: F.max_pool2d(x, 2, 2),
        ("ReLU after it", "(?i)ReLU|negative"): lambda x: F.avg_pool2d(x, 2, 2).relu(),
        ("of columns alone", "(?i)PoolSize|window"): lambda x: F.avg_pool2d(x, (2, 1), (2, 2)),
    },
)
FAMILIES["clipped relu"] = computed(
    fixed(lambda: mc.clippedReluLayer(1.5), 6, 5, 4, 3),
    lambda x: x.clamp(0, 1.5),
    {
        ("clipped at -1.5, too", "(?i)hard tanh|clip|-1\\.5"): lambda x: x.clamp(-1.5, 1.5),
        ("not clipped", "ReLU"): torch.relu,
        ("clipped at 6", "6"): lambda x: F.hardtanh(x, 0, 6),
        ("of the negative", "(?i)negative|sign"): lambda x: (-x).clamp(0, 1.5),
    },
)
FAMILIES["softmax over time"] = computed(
    fixed(lambda: mc.softmaxLayer(), 5, 3, 8, labels="CBT"),
    lambda x: x.softmax(1),
    {
        ("over the time steps", "(?i)time"): lambda x: x.softmax(2),
        ("of ten times the scores", "(?i)10|temperature"): lambda x: (10 * x).softmax(1),
        ("squared", "(?i)square"): lambda x: x.softmax(1).square(),
        ("divided by the largest", "(?i)largest|max"): lambda x: (
            x.softmax(1) / x.softmax(1).amax(1, keepdim=True)
        ),
    },
)


def _sequence_layer(r: np.random.Generator) -> Any:
    mean, deviation = r.uniform(2, 5, (4, 1)).astype("f4"), r.uniform(1, 3, (4, 1)).astype("f4")
    layer = mc.sequenceInputLayer(4, Normalization="zscore", Mean=mean, StandardDeviation=deviation)
    return layer, r.normal(3, 2, (4, 3, 9)).astype("f4"), "CBT"


def _own_range(x: Tensor, *_: Tensor) -> Tensor:
    low, high = x.amin(2, keepdim=True), x.amax(2, keepdim=True)
    return (x - low) / (high - low)


FAMILIES["sequence input"] = computed(
    _sequence_layer,
    _z,
    {
        ("backwards in time", "(?i)flipped|revers"): lambda x, m, d: _z(x.flip(2), m, d),
        ("means of the features reversed", "(?i)Mean"): lambda x, m, d: _z(x, m.flip(1), d),
        ("a step late", "(?i)shifted|late"): lambda x, m, d: _z(F.pad(x, (1, -1)), m, d),
        ("not divided", "(?i)divid|zerocenter"): lambda x, m, d: x - m,
        ("statistics of each sequence (n - 1)", "(?i)own"): lambda x, *_: _z(
            x, x.mean(2, keepdim=True), x.std(2, keepdim=True)
        ),
        ("range of each sequence", "(?i)own|smallest"): _own_range,
        ("two features exchanged", "(?i)channels|order|features|exchanged"): lambda x, m, d: _z(
            x[:, [1, 0, 2, 3]], m, d
        ),
    },
    channels("Mean StandardDeviation", 1),
)

# --- arrays -----------------------------------------------------------------------------


OUTPUTS: Changes = {
    ("height and width exchanged by a view", "(?i)memory|row-major|reshaped|order"): lambda y: (
        y.swapaxes(0, 1).ravel(order="F").reshape(y.shape, order="F")
    ),
    ("scaled to -1..1", "(?i)scale and offset"): lambda y: 2 * _unit(y) - 1,
    ("first two channels exchanged", "(?i)channels"): lambda y: y[:, :, [1, 0, 2, 3, 4]],
    ("last channel zero", "(?i)channel|zero"): lambda y: y * (np.arange(5) < 4)[:, None],
    ("first observation lost", "(?i)observation|shift|later|earlier"): lambda y: np.concatenate(
        [y[..., 1:], 0 * y[..., :1]], 3
    ),
    ("times 1000, as integers", "(?i)1000|integer|steps|scale"): lambda y: np.round(1000 * y),
    ("thresholded at 0", "(?i)sign|threshold|larger"): lambda y: (y > 0).astype("f4"),
    ("each observation standardized", "(?i)own|standard"): lambda y: (
        (y - y.mean((0, 1, 2), keepdims=True)) / y.std((0, 1, 2), keepdims=True)
    ),
    ("largest channel one", "(?i)largest|max"): lambda y: y / y.max((0, 1, 3), keepdims=True),
    ("every second row again", "(?i)row|every|resiz"): lambda y: np.repeat(y[::2], 2, 0)[
        : y.shape[0]
    ],
    ("turned upside down and negated", "(?i)flip|sign"): lambda y: -y[::-1],
    ("in half", "(?i)half"): lambda y: y.astype("f2").astype("f4"),
    ("tanh too many", "(?i)tanh"): np.tanh,
    ("mean of the channels for all", "(?i)mean"): lambda y: np.broadcast_to(
        y.mean(2, keepdims=True), y.shape
    ),
}
INPUTS: Changes = {
    ("divided by its largest", "(?i)scale|times|largest"): lambda x: x / x.max(),
    ("flipped both ways", "(?i)flipped|turned|180"): lambda x: x[::-1, ::-1],
    ("shifted by two, edges repeated", "(?i)shift"): lambda x: np.pad(
        x, ((2, 0), (0, 0), (0, 0), (0, 0)), mode="edge"
    )[:-2],
    ("one channel for all", "(?i)channel|grey|gray"): lambda x: np.repeat(x[:, :, :1], 3, 2),
    ("minus ImageNet's mean", "(?i)ImageNet"): lambda x: (
        x - np.asarray([0.485, 0.456, 0.406], "f4").reshape(1, 1, 3, 1)
    ),
    ("squared", "(?i)square"): np.square,
    ("channels G, R, B", "(?i)channels"): lambda x: x[:, :, [1, 0, 2]],
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
            filters(n.network.layer(f"conv_{i}").values["Weights"]),
            vector(n.network.layer(f"conv_{i}").values["Bias"]),
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
