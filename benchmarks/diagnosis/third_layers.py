"""A third set of mistakes in layers and saved arrays, by somebody who has not seen the search.

Drawn from what people report who move networks between MATLAB, Keras, Caffe, ONNX and torch. What
must be said was fixed, with what else would be true, before anything was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc

from .layer_cases import _gru_steps, _lrn, _lstm_steps
from .ported_layers import (
    Changes,
    Family,
    _directions,
    _m,
    _unit,
    _z,
    attention,
    cases_of,
    cells,
    channels,
    computed,
    fixed,
    gates,
    recurrent,
)
from .ported_layers import _bi as both_ways
from .ported_second import _norm_of
from .seeded import Array, Case, Tensor, filters, numbers, vector

FAMILIES: dict[str, Family] = {}

# --- convolutions -----------------------------------------------------------------------


def _conv1_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 5), numbers(r, 1, 5)
    layer = mc.convolution1dLayer(3, 5, Stride=2, Padding=1, Weights=w, Bias=b)
    return layer, numbers(r, 3, 2, 12) * 3, "CBT"


def _conv1(x: Tensor, w: Tensor, b: Tensor, pad: tuple[int, int] = (1, 1)) -> Tensor:
    return F.conv1d(F.pad(x, pad), w, b, stride=2)


FAMILIES["conv1d of every second step"] = computed(
    _conv1_layer,
    _conv1,
    {
        (
            "filter length and channels exchanged",
            "(?i)(Weights|kernel|length|time).*(exchanged|transposed|permuted|channels)",
        ): lambda x, w, b: _conv1(x, w.transpose(1, 2), b),
        ("edges repeated", "(?i)replicat|PaddingValue|repeat|edge"): lambda x, w, b: F.conv1d(
            F.pad(x, (1, 1), mode="replicate"), w, b, stride=2
        ),
        ("begun at the second step", "(?i)padding|padded|shift|second"): partial(
            _conv1, pad=(0, 2)
        ),
        ("N,T,C memory viewed as N,C,T", "(?i)memory|view|row-major|reshaped|order"): (
            lambda x, w, b: _conv1(x.transpose(1, 2).reshape(x.shape), w, b)
        ),
        ("means of pairs for the stride", "(?i)pool|stride|mean|averag"): lambda x, w, b: (
            F.avg_pool1d(F.conv1d(x, w, b, padding=1), 2)
        ),
    },
    lambda layer: [_m(layer.Weights.transpose(2, 1, 0)), vector(layer.Bias)],
)


def _conv3_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 3, 3, 4), numbers(r, 1, 1, 1, 4)
    layer = mc.convolution3dLayer(
        3, 4, DilationFactor=(1, 1, 2), Padding=[[1, 1, 2], [1, 1, 2]], Weights=w, Bias=b
    )
    return layer, numbers(r, 6, 5, 7, 3, 2) * 3, None


def _conv3(
    x: Tensor,
    w: Tensor,
    b: Tensor,
    dilation: tuple[int, ...] = (1, 1, 2),
    mode: str = "constant",
) -> Tensor:
    pad = [n for d in dilation[::-1] for n in (d, d)]
    return F.conv3d(F.pad(x, pad, mode=mode), w, b, dilation=dilation)


FAMILIES["dilated conv3d"] = computed(
    _conv3_layer,
    _conv3,
    {
        ("not dilated", "Dilation"): partial(_conv3, dilation=(1, 1, 1)),
        ("dilated in the height", "Dilation"): partial(_conv3, dilation=(2, 1, 1)),
        ("padded by replication", "(?i)replicat|PaddingValue|repeat"): partial(
            _conv3, mode="replicate"
        ),
        (
            "depth and channels of the kernel exchanged",
            "(?i)Weights.*(exchanged|transposed|permuted|order)|kernel.*exchanged",
        ): lambda x, w, b: _conv3(x, w.transpose(1, 4), b),
    },
    lambda layer: [_m(layer.Weights.transpose(4, 3, 0, 1, 2)), vector(layer.Bias)],
)


def _up_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 4, 4, 3, 3), numbers(r, 1, 1, 3)
    layer = mc.transposedConv2dLayer(4, 3, Stride=2, Cropping=1, Weights=w, Bias=b)
    return layer, numbers(r, 5, 6, 3, 2) * 3, None


def _up(x: Tensor, w: Tensor, b: Tensor, crop: int = 1) -> Tensor:
    return F.conv_transpose2d(x, w, b, stride=2, padding=crop)


def _tent(w: Tensor) -> Tensor:
    """Caffe's filler for deconvolutions: bilinear interpolation, channel by channel."""
    line = torch.tensor([0.25, 0.75, 0.75, 0.25]).double()
    return torch.eye(len(w)).double()[..., None, None] * line[:, None] * line


FAMILIES["transposed conv2d of 4 by 4"] = computed(
    _up_layer,
    _up,
    {
        # The first element that is kept lies one to the right, and one below.
        ("padding put around the input", "(?i)crop|shift|padd"): lambda x, w, b: _up(
            F.pad(x, (1, 1, 1, 1)), w, b
        )[:, :, 1:11, 1:13],
        ("kernel mirrored", "(?i)flipped|mirrored"): lambda x, w, b: _up(x, w.flip(3), b),
        ("filters and channels exchanged", "(?i)exchanged|transposed"): lambda x, w, b: _up(
            x, w.transpose(0, 1), b
        ),
        ("weights left at bilinear interpolation", "(?i)Weights|initial|bilinear"): (
            lambda x, w, b: _up(x, _tent(w), b)
        ),
    },
    lambda layer: [filters(layer.Weights), vector(layer.Bias)],
)


def _depth_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 1, 2, 4), numbers(r, 1, 1, 2, 4)
    layer = mc.groupedConvolution2dLayer(
        3, 2, "channel-wise", Stride=2, Padding="same", Weights=w, Bias=b
    )
    return layer, numbers(r, 8, 10, 4, 2) * 3, None


def _depth(
    x: Tensor, w: Tensor, b: Tensor, pad: tuple[int, ...] = (0, 1, 0, 1), groups: int = 4
) -> Tensor:
    return F.conv2d(F.pad(x, pad), w, b, stride=2, groups=groups)


FAMILIES["depthwise conv2d of every second element"] = computed(
    _depth_layer,
    _depth,
    {
        ("padded at the front", "(?i)padd|side"): partial(_depth, pad=(1, 0, 1, 0)),
        ("each filter on the sum of the channels", "(?i)group"): lambda x, w, b: _depth(
            x, w.expand(-1, 4, -1, -1), b, groups=1
        ),
        ("the multiplier's first filter for both", "(?i)filter|Weights|group"): lambda x, w, b: (
            _depth(x, w[::2].repeat_interleave(2, 0), b)
        ),
        ("biases multiplier by multiplier", "(?i)bias"): lambda x, w, b: _depth(
            x, w, b.reshape(4, 2).T.ravel()
        ),
    },
    lambda layer: [
        _m(layer.Weights.transpose(4, 3, 2, 0, 1).reshape(8, 1, 3, 3)),
        vector(layer.Bias),
    ],
)

# --- fully connected --------------------------------------------------------------------


def _full_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 7), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 7, 9) * 3, "CB"


def _int4(w: Tensor) -> Tensor:
    step = w.abs().max() / 7
    return torch.round(w / step) * step


FAMILIES["fully connected of features"] = computed(
    _full_layer,
    F.linear,
    {
        (
            "classes sorted by their names",
            "(?i)outputs|rows|classes|channels|features|order",
        ): lambda x, w, b: F.linear(x, w, b)[:, [3, 0, 4, 1, 2]],
        # [b W] is read for [W b].
        (
            "bias in the first column of the weights",
            "(?i)Weights.*(shift|further|roll|order)|column",
        ): lambda x, w, b: F.linear(x, torch.cat([b[:, None], w[:, :-1]], 1), w[:, -1]),
        ("weights in int4", "(?i)4 bit|int4|rounded|steps"): lambda x, w, b: F.linear(
            x, _int4(w), b
        ),
        ("observations divided by their largest", "(?i)largest|max|length|norm"): lambda x, w, b: (
            F.linear(x / x.abs().amax(1, keepdim=True), w, b)
        ),
        ("two features exchanged", "(?i)features|channels|order|columns|inputs|exchanged"): (
            lambda x, w, b: F.linear(x[:, [0, 5, 2, 3, 4, 1, 6]], w, b)
        ),
        (
            "last feature not used",
            "(?i)zero|left out|missing|not loaded|unused|not used",
        ): lambda x, w, b: F.linear(x[:, :-1], w[:, :-1], b),
    },
    lambda layer: [_m(layer.Weights), vector(layer.Bias)],
)

# --- normalization ----------------------------------------------------------------------


def _bn_layer(r: np.random.Generator) -> Any:
    m, o, s = (numbers(r, 1, 1, 6) for _ in "mos")
    v = r.uniform(0.3, 2, (1, 1, 6)).astype("f4")
    layer = mc.batchNormalizationLayer(TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s)
    return layer, numbers(r, 5, 6, 6, 3) * 3, None


_bn = partial(_norm_of, eps=1e-5)

FAMILIES["batch norm with negative scales"] = computed(
    _bn_layer,
    _bn,
    {
        ("absolute scale (InPlaceABN)", "(?i)Scale|absolute"): lambda x, m, v, s, o: _bn(
            x, m, v, s.abs() + 1e-5, o
        ),
        ("one over the variance saved", "(?i)variance|deviation"): lambda x, m, v, s, o: _bn(
            x, m, 1 / v, s, o
        ),
        ("Caffe's factor not divided out", "(?i)mean|variance|statistics"): lambda x, m, v, s, o: (
            _bn(x, 0.9 * m, 0.9 * v, s, o)
        ),
        ("scale and offset in half", "(?i)half|rounded"): lambda x, m, v, s, o: _bn(
            x, m, v, s.half().double(), o.half().double()
        ),
        ("ReLU fused", "(?i)ReLU|negative"): lambda x, *weights: _bn(x, *weights).relu(),
        ("parameters one channel further", "(?i)channels|order|further|TrainedMean|shift|roll"): (
            lambda x, *weights: _bn(x, *(w.roll(1, 1) for w in weights))
        ),
    },
    channels("TrainedMean TrainedVariance Scale Offset"),
)


def _ln_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 1, 1, 6), "Scale": 1 + numbers(r, 1, 1, 6)}
    layer = mc.layerNormalizationLayer(OperationDimension="channel-only", **given)
    return layer, numbers(r, 5, 6, 6, 3) * np.float32(0.02), None


def _ln(x: Tensor, s: Tensor, o: Tensor, eps: float = 1e-5) -> Tensor:
    v, m = torch.var_mean(x, 1, unbiased=False, keepdim=True)
    return (x - m) / (v + eps).sqrt() * s + o


FAMILIES["layer norm of small images"] = computed(
    _ln_layer,
    _ln,
    {
        ("1 added to the scale (Apex)", "(?i)Scale"): lambda x, s, o: _ln(x, 1 + s, o),
        ("eps of BERT, 1e-12", "(?i)epsilon"): partial(_ln, eps=1e-12),
        ("epsilon outside the root", "(?i)epsilon"): lambda x, s, o: (
            (x - x.mean(1, keepdim=True)) / (x.std(1, unbiased=False, keepdim=True) + 1e-5) * s + o
        ),
        ("scale and offset along the width", "(?i)width|axis|dimension|along"): lambda x, s, o: _ln(
            x, s.transpose(1, 3), o.transpose(1, 3)
        ),
    },
    channels("Scale Offset"),
)


def _gn_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 1, 1, 8), "Scale": 1 + numbers(r, 1, 1, 8)}
    return mc.groupNormalizationLayer(4, **given), numbers(r, 4, 3, 8, 3), None


def _gn(x: Tensor, s: Tensor, o: Tensor, eps: float = 1e-5, unbiased: bool = False) -> Tensor:
    y = x.unflatten(1, (4, 2))
    v, m = torch.var_mean(y, (2, 3, 4), unbiased=unbiased, keepdim=True)
    return ((y - m) / (v + eps).sqrt()).flatten(1, 2) * s + o


FAMILIES["group norm of 4 groups"] = computed(
    _gn_layer,
    _gn,
    {
        ("Keras's epsilon", "(?i)epsilon"): partial(_gn, eps=1e-3),
        ("variance with n - 1", "(?i)unbiased|n - 1|variance"): partial(_gn, unbiased=True),
        ("scale of the group's first channel", "(?i)Scale"): lambda x, s, o: _gn(
            x, s[:, ::2].repeat_interleave(2, 1), o
        ),
        (
            "statistics of each pixel's group",
            "(?i)pixel|position|element|over the channels|channels?.*(alone|only)",
        ): (
            lambda x, s, o: (
                F.layer_norm(x.unflatten(1, (4, 2)).movedim(2, -1), (2,))
                .movedim(-1, 2)
                .flatten(1, 2)
                * s
                + o
            )
        ),
    },
    channels("Scale Offset"),
)
FAMILIES["local response of 12 channels"] = computed(
    fixed(lambda: mc.crossChannelNormalizationLayer(5, Alpha=0.3, Beta=0.6, K=1.5), 5, 4, 12, 2),
    partial(_lrn, alpha=0.06, beta=0.6, k=1.5),
    {
        # TensorFlow's depth_radius.
        ("window read as radius, alpha divided", "(?i)window"): partial(
            _lrn, alpha=0.3 / 11, beta=0.6, k=1.5, window=11
        ),
        ("window of 3", "(?i)window"): partial(_lrn, alpha=0.1, beta=0.6, k=1.5, window=3),
        ("defaults of torch (Beta 0.75, K 1)", "(?i)Beta|K 1"): partial(_lrn, alpha=0.06),
    },
)

# --- pooling, resizing ------------------------------------------------------------------


FAMILIES["max pooling over time"] = computed(
    fixed(lambda: mc.maxPooling1dLayer(3, Stride=2, Padding=1), 4, 3, 12, labels="CBT"),
    lambda x: F.max_pool1d(x, 3, 2, 1),
    {
        ("padded with zeros", "(?i)padded|zero|PaddingValue"): lambda x: F.max_pool1d(
            F.pad(x, (1, 1)), 3, 2
        ),
        ("a window of 2", "(?i)PoolSize|window"): lambda x: F.max_pool1d(x, 2, 2),
    },
)


def _mean_of(x: Tensor, k: tuple[int, int] = (3, 2), **how: Any) -> Tensor:
    pad = how.get("pad", ((k[1] - 1) // 2, k[1] // 2, (k[0] - 1) // 2, k[0] // 2))
    return F.avg_pool2d(F.pad(x, pad, mode=how.get("mode", "constant")), k, 1)


FAMILIES["average pooling of 3 by 2"] = computed(
    fixed(lambda: mc.averagePooling2dLayer((3, 2), Padding="same"), 7, 8, 3, 2),
    _mean_of,
    {
        ("window of 2 by 3", "(?i)PoolSize|window"): partial(_mean_of, k=(2, 3)),
        ("edges repeated", "(?i)replicat|PaddingValue|repeat|edge|counted"): partial(
            _mean_of, mode="replicate"
        ),
        ("padded at the other end", "(?i)padd|side"): partial(_mean_of, pad=(1, 0, 1, 1)),
    },
)
FAMILIES["resize in 3-D"] = computed(
    fixed(lambda: mc.resize3dLayer(OutputSize=(7, 6, 5), Method="trilinear"), 4, 5, 3, 2, 2),
    partial(F.interpolate, size=(7, 6, 5), mode="trilinear"),
    {
        ("corners aligned", "(?i)corners"): partial(
            F.interpolate, size=(7, 6, 5), mode="trilinear", align_corners=True
        ),
        ("nearest", "(?i)nearest"): partial(F.interpolate, size=(7, 6, 5), mode="nearest"),
    },
)

# --- recurrent --------------------------------------------------------------------------


def _forgotten(x: Tensor, w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    """The cell state begins anew at each step; the hidden state goes on."""
    h, out = x.new_zeros(len(x), u.shape[1]), []
    for step in x.unbind(2):
        i, _, g, o = (step @ w.T + h @ u.T + b).chunk(4, 1)
        h = o.sigmoid() * (i.sigmoid() * g.tanh()).tanh()
        out.append(h)
    return torch.stack(out, 2)


FAMILIES["lstm, third"] = computed(
    recurrent(mc.lstmLayer, 20, 5, 3, 4, 9),
    _lstm_steps,
    {
        ("gate order of Core ML (i f o g)", "(?i)gate"): partial(_lstm_steps, order="ifog"),
        ("forget gate first (f i g o)", "(?i)gate"): partial(_lstm_steps, order="figo"),
        ("torch's hard sigmoid", "(?i)hard"): partial(_lstm_steps, gate=F.hardsigmoid),
        ("cell state not carried", "(?i)cell|forget"): _forgotten,
        ("zeros before the sequence", "(?i)pad|zeros|state"): lambda x, *weights: _lstm_steps(
            F.pad(x, (4, 0)), *weights
        )[:, :, 4:],
        ("input weights of two features exchanged", "(?i)InputWeights|channels|order|features"): (
            lambda x, w, u, b: _lstm_steps(x, w[:, [1, 0, 2]], u, b)
        ),
    },
    cells,
)
FAMILIES["bilstm, third"] = computed(
    recurrent(mc.bilstmLayer, 40, 5, 3, 4, 8),
    _directions(both_ways),
    {
        ("gates of the forward direction alone reordered", "(?i)gate"): _directions(
            lambda x, one, two: both_ways(x, gates("igfo", *one), two)
        ),
        ("recurrent weights of the directions exchanged", "(?i)RecurrentWeights"): _directions(
            lambda x, one, two: both_ways(x, [one[0], two[1], one[2]], [two[0], one[1], two[2]])
        ),
    },
    cells,
)


def _gru_other(x: Tensor, w: Tensor, u: Tensor, b: Tensor, how: str) -> Tensor:
    h, out = x.new_zeros(len(x), u.shape[1]), []
    for step in x.unbind(2):
        (r, z, n), (s, y, m) = ((step @ w.T + b).chunk(3, 1), (h @ u.T).chunk(3, 1))
        r, z = (r + s).sigmoid(), (z + y).sigmoid()
        if how == "one gate":
            r = z
        n = (r * n + m).tanh() if how == "input" else (n + r * m).tanh()
        h = n if how == "no update" else (1 - z) * n + z * h
        out.append(h)
    return torch.stack(out, 2)


FAMILIES["gru, third"] = computed(
    recurrent(mc.gruLayer, 15, 5, 3, 4, 9),
    _gru_steps,
    {
        (
            "update gate for the reset gate, too",
            "(?i)reset.*update|update.*reset|reset gate",
        ): partial(_gru_other, how="one gate"),
        ("reset gate on the input's part", "(?i)reset"): partial(_gru_other, how="input"),
        ("no update gate", "(?i)update"): partial(_gru_other, how="no update"),
        ("candidate by sigmoid", "(?i)sigmoid"): partial(_gru_steps, act=torch.sigmoid),
    },
    cells,
)


def _projected_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 24, n) for n in (4, 6, 1))
    p, q = numbers(r, 4, 4), numbers(r, 6, 6)
    layer = mc.lstmProjectedLayer(
        6, 6, 4, InputWeights=w, RecurrentWeights=u, Bias=b, InputProjector=p, OutputProjector=q
    )
    return layer, numbers(r, 4, 3, 7) * 2, "CBT"


def _projected(x: Tensor, w: Tensor, u: Tensor, b: Tensor, p: Tensor, q: Tensor) -> Tensor:
    return _lstm_steps(x, w @ p.T, u @ q.T, b)


FAMILIES["projected lstm"] = computed(
    _projected_layer,
    _projected,
    {
        ("output projector transposed", "OutputProjector"): lambda x, w, u, b, p, q: _projected(
            x, w, u, b, p, q.T
        ),
        ("input projector left out", "InputProjector"): lambda x, w, u, b, p, q: _projected(
            x, w, u, b, torch.eye(4).double(), q
        ),
        ("gates of TensorFlow", "(?i)gate"): lambda x, *v: _projected(
            x, *gates("igfo", *v[:3]), *v[3:]
        ),
    },
    lambda layer: [*cells(layer), _m(layer.InputProjector), _m(layer.OutputProjector)],
)

# --- attention --------------------------------------------------------------------------


def _causal_layer(r: np.random.Generator) -> Any:
    names = ("Query", "Key", "Value", "Output")
    given = {f"{n}Weights": 2 * numbers(r, 8, 8) for n in names}
    given |= {f"{n}Bias": numbers(r, 8, 1) for n in names}
    layer = mc.selfAttentionLayer(2, 8, AttentionMask="causal", **given)
    return layer, numbers(r, 8, 3, 6) * 3, "CBT"


def _past(scores: Tensor, future: int = 0) -> Tensor:
    return scores.masked_fill(torch.ones_like(scores).triu(1 + future) > 0, -torch.inf).softmax(-1)


def _by_view(*parts: Tensor) -> tuple[Tensor, ...]:
    """Heads taken from memory, as ``view(batch * heads, -1, dim)`` does, without a transpose."""
    return tuple(v.transpose(1, 2).flatten(2).reshape(v.shape) for v in parts)


FAMILIES["causal self-attention"] = Family(
    _causal_layer,
    lambda layer, weigh=_past, **how: attention(layer, weigh=weigh, **how),
    {
        ("masked scores at 0", "(?i)mask|causal"): {"weigh": lambda s: s.tril().softmax(-1)},
        ("mask left out", "(?i)mask|causal"): {"weigh": lambda s: s.softmax(-1)},
        ("one future step seen", "(?i)mask|causal|future"): {"weigh": partial(_past, future=1)},
        ("masked after the softmax", "(?i)mask|causal|softmax"): {
            "weigh": lambda s: s.softmax(-1).tril()
        },
        # A bias of the keys adds the same to all scores of a query.
        ("scaled twice", "(?i)scale|products|times|KeyWeights halved"): {
            "weigh": lambda s: _past(s / 2)
        },
        ("heads viewed, not transposed", "(?i)head"): {"heads": _by_view},
        ("queries and values exchanged", "(?i)(quer.*value|value.*quer)"): {
            "change": lambda p: {
                f"{a}{n}": p[f"{b}{n}"]
                for a, b in (("Query", "Value"), ("Value", "Query"))
                for n in ("Weights", "Bias")
            }
        },
    },
)

# --- activations, input -----------------------------------------------------------------


FAMILIES["softplus"] = computed(
    fixed(mc.softplusLayer, 6, 5, 4, 3),
    F.softplus,
    {
        ("beta 2", "(?i)beta|2x|2 \\*|/ ?2|sharp"): lambda x: F.softplus(x, 2),
        ("ReLU", "(?i)ReLU"): torch.relu,
    },
)


def _prelu_layer(r: np.random.Generator) -> Any:
    alpha = r.uniform(0.05, 0.5, (1, 1, 4)).astype("f4")
    return mc.preluLayer(Alpha=alpha), numbers(r, 6, 5, 4, 3), None


FAMILIES["prelu, third"] = computed(
    _prelu_layer,
    lambda x, a: torch.where(x > 0, x, a * x),
    {
        ("slope on the positive side", "(?i)positive|sign|side|negative"): lambda x, a: torch.where(
            x > 0, a * x, x
        ),
        ("slope subtracted", "(?i)sign|negat|Alpha|absolute"): lambda x, a: torch.where(
            x > 0, x, -a * x
        ),
    },
    channels("Alpha"),
)


def _features_layer(r: np.random.Generator) -> Any:
    m, d = r.normal(3, 2, (5, 1)).astype("f4"), r.uniform(0.5, 3, (5, 1)).astype("f4")
    layer = mc.featureInputLayer(5, Normalization="zscore", Mean=m, StandardDeviation=d)
    return layer, r.normal(3, 2, (5, 12)).astype("f4"), "CB"


FAMILIES["feature input"] = computed(
    _features_layer,
    _z,
    {
        ("fitted anew (StandardScaler.fit_transform)", "(?i)own|batch|statistics"): (
            lambda x, *_: _z(x, x.mean(0), x.std(0, unbiased=False))
        ),
        ("mean and deviation exchanged", "(?i)exchanged"): lambda x, m, d: _z(x, d, m),
        ("deviation of all features", "(?i)deviation|one number|averaged"): lambda x, m, d: _z(
            x, m, d.mean()
        ),
    },
    channels("Mean StandardDeviation", 0),
)


def _bytes_layer(r: np.random.Generator) -> Any:
    mean = r.uniform(90, 150, (1, 1, 3)).astype("f4")
    layer = mc.imageInputLayer((7, 6, 3), Normalization="zerocenter", Mean=mean)
    return layer, np.round(r.uniform(0, 255, (7, 6, 3, 3))).astype("f4"), None


def _luma(x: Tensor) -> Tensor:
    w = torch.tensor([0.299, 0.587, 0.114]).double().reshape(1, 3, 1, 1)
    return (x * w).sum(1, keepdim=True).expand_as(x)


FAMILIES["image of bytes"] = computed(
    _bytes_layer,
    torch.sub,
    {
        ("subtracted in uint8, saturated", "(?i)uint8|negative|satur|clip|cut|ReLU|below"): (
            lambda x, m: (x - m).round().clamp(0, 255)
        ),
        ("subtracted twice", "(?i)twice|doubled|times 2"): lambda x, m: x - 2 * m,
        ("grey by luma", "(?i)grey|gray|luma|channels"): lambda x, m: _luma(x) - m,
        ("divided by 256 first", "(?i)256|0\\.0039|scal"): lambda x, m: x / 256 - m,
        ("mean in 0..1", "255"): lambda x, m: x - m / 255,
    },
    channels("Mean"),
)


def _range_layer(r: np.random.Generator) -> Any:
    low = r.uniform(5, 30, (1, 1, 3)).astype("f4")
    high = r.uniform(200, 240, (1, 1, 3)).astype("f4")
    layer = mc.imageInputLayer((7, 6, 3), Normalization="rescale-zero-one", Min=low, Max=high)
    return layer, r.uniform(5, 240, (7, 6, 3, 3)).astype("f4"), None


FAMILIES["image to 0..1"] = computed(
    _range_layer,
    lambda x, low, high: (x - low) / (high - low),
    {
        ("divided by 255", "255"): lambda x, *_: x / 255,
        ("divided by the largest after the smallest", "(?i)Max|Min|range"): (
            lambda x, low, high: (x - low) / high
        ),
        ("to -1..1", "(?i)-1|symmetric"): lambda x, low, high: 2 * (x - low) / (high - low) - 1,
    },
    channels("Min Max"),
)

# --- arrays -----------------------------------------------------------------------------


def _smooth(x: Array) -> Array:
    """The mean of each element and its neighbours."""
    p = np.pad(x, ((1, 1), (1, 1), (0, 0), (0, 0)), mode="edge")
    h, w = x.shape[:2]
    return np.mean([p[i : i + h, j : j + w] for i in range(3) for j in range(3)], 0)


def _each(x: Array, over: tuple[int, ...]) -> Array:
    low, high = x.min(over, keepdims=True), x.max(over, keepdims=True)
    return (x - low) / (high - low)


def _digits(y: Array) -> Array:
    """As ``%.3g`` writes it."""
    return np.vectorize(lambda v: float(f"{v:.3g}"))(y)


OUTPUTS: Changes = {
    ("first and last channel exchanged", "(?i)channels"): lambda y: y[:, :, [4, 1, 2, 3, 0]],
    ("halves exchanged (fftshift)", "(?i)fftshift|roll|circular|halves|shift|order"): lambda y: (
        np.fft.fftshift(y, (0, 1))
    ),
    ("a pixel down and to the right", "(?i)shift|earlier|later"): lambda y: np.pad(
        y, ((1, 0), (1, 0), (0, 0), (0, 0))
    )[:-1, :-1],
    ("a column to the left", "(?i)shift|earlier|later"): lambda y: np.pad(
        y, ((0, 0), (0, 1), (0, 0), (0, 0))
    )[:, 1:],
    ("log softmax too many", "(?i)log.?softmax"): lambda y: (
        y - np.log(np.exp(y).sum(2, keepdims=True))
    ),
    ("each channel to 0..1", "(?i)channel|dimensions 1, 2, 4"): lambda y: _each(y, (0, 1, 3)),
    ("each channel standardized", "(?i)channel|instance|batch|dimensions 1, 2, 4"): lambda y: (
        (y - y.mean((0, 1, 3), keepdims=True)) / y.std((0, 1, 3), keepdims=True)
    ),
    ("with 3 significant digits", "(?i)digits|decimals|rounded"): _digits,
    ("in steps of 1/256", "(?i)256|steps|fixed|rounded|decimals|bit"): lambda y: (
        np.round(y * 256) / 256
    ),
    ("C,H,W memory read as H,W,C", "(?i)memory|view|row-major|reshaped|permuted|order"): lambda y: (
        y.transpose(2, 0, 1, 3).reshape(y.shape)
    ),
    ("second observation zero", "(?i)observation|zero"): lambda y: y * (np.arange(4) != 1),
    ("observations sorted by name", "(?i)observations"): lambda y: y[..., [0, 2, 3, 1]],
    ("doubled (dropout)", "(?i)scale|doubled|twice|times|factor"): lambda y: 2 * y,
    ("in decibels", "(?i)log|decibel|dB"): lambda y: 20 * np.log10(np.abs(y) + 1e-6),
    ("leaky ReLU too many", "(?i)leaky|slope|0\\.1"): lambda y: np.where(y > 0, y, 0.1 * y),
}
INPUTS: Changes = {
    ("divided by 256", "(?i)256|0\\.0039|scal|times"): lambda x: x / 256,
    ("channels R, B, G", "(?i)channels"): lambda x: x[:, :, [0, 2, 1]],
    ("absolute", "(?i)absolute|magnitude|sign"): np.abs,
    ("smoothed", "(?i)blur|smooth|averag|resiz|antialias"): _smooth,
    ("rolled by a column", "(?i)shift|roll|circular"): lambda x: np.roll(x, 1, 1),
    ("each image to 0..1", "(?i)own|range|smallest|each"): lambda x: _each(x, (0, 1, 2)),
    ("in 16 levels", "(?i)round|bit|steps|levels|integer"): lambda x: (
        np.round(_unit(x) * 15) / 15 * np.ptp(x) + x.min()
    ),
    ("a frame of zeros", "(?i)border|edge|frame|zero"): lambda x: np.pad(
        x[1:-1, 1:-1], ((1, 1), (1, 1), (0, 0), (0, 0))
    ),
    ("first two observations exchanged", "(?i)observations"): lambda x: x[..., [1, 0, 2, 3]],
    ("negated", "(?i)sign|negat"): lambda x: -x,
    ("minus the mean of the observations", "(?i)mean|own|batch"): lambda x: (
        x - x.mean(3, keepdims=True)
    ),
}


def cases(seed: int) -> Iterator[Case]:
    """All of one seed."""
    return cases_of("third", FAMILIES, OUTPUTS, INPUTS, seed)
