"""The third set's mistakes in networks and real ones, two at once, and noise.

As :mod:`.third_layers`: drawn and judged beforehand by somebody who has not seen the search.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import converters
import matlab_compat as mc
from matlab_compat.network import Network

from . import real_cases as real
from .fresh_layers import _gru
from .fresh_networks import _causal, _fc_layer, _ln, _step_fc
from .layer_cases import _gru_steps, _lrn, _lstm_steps, _transposed
from .network_cases import (
    Net,
    Otherwise,
    Port,
    _bi,
    _bn,
    _bn_layer,
    _c,
    _conv_layer,
    _convs,
    _d,
    _drop,
    _fc,
    _params,
    _s,
    _t,
    _v,
    adding,
    instead,
    left_out,
)
from .ported_layers import _m, attention
from .ported_networks import (
    _all,
    _both,
    _cells,
    _hidden,
    _linear,
    _nets,
    _norm,
    _ports,
    _with,
)
from .seeded import (
    EQUAL,
    Array,
    Case,
    Data,
    Table,
    Tensor,
    filters,
    generator,
    images,
    numbers,
    vector,
)
from .third_layers import _int4, _past

Runs = Callable[[Tensor], Tensor]

# --- three networks more ----------------------------------------------------------------


def _joined(*x: Tensor) -> Tensor:
    return torch.cat(x, 1)


def _sum(a: Tensor, b: Tensor) -> Tensor:
    return a + b


def dense(seed: int) -> Net:
    """Two layers of a dense block, a transition, a classifier."""
    random = generator(seed + 41)
    made = "c0 conv 3 2 5, c1 conv 3 5 5, c2 conv 3 10 5, b1 bn 5, b2 bn 10, tr conv 1 15 6"
    p = _params(random, f"{made}, fc fc 5 6")
    p["fc"]["w"] *= 3
    p["in"] = {"m": np.full((1, 1, 2), 0.3, "f4"), "d": np.full((1, 1, 2), 1.4, "f4")}
    given = {"Mean": p["in"]["m"], "StandardDeviation": p["in"]["d"], "Normalization": "zscore"}
    layers = [
        mc.imageInputLayer((10, 8, 2), Name="in", **given),
        _conv_layer(p, "c0"),
        _bn_layer(p, "b1"),
        mc.reluLayer(Name="r1"),
        _conv_layer(p, "c1"),
        mc.depthConcatenationLayer(2, Name="cat1"),
        _bn_layer(p, "b2"),
        mc.reluLayer(Name="r2"),
        _conv_layer(p, "c2"),
        mc.depthConcatenationLayer(2, Name="cat2"),
        _conv_layer(p, "tr"),
        mc.averagePooling2dLayer(2, Stride=2, Name="pool"),
        mc.eluLayer(Name="elu"),
        mc.globalAveragePooling2dLayer(Name="gap"),
        _fc_layer(p, "fc"),
        mc.softmaxLayer(Name="sm"),
    ]
    links = [(a, b) for a, b in pairwise(layer.Name for layer in layers) if "cat" not in b]
    links += [("c0", "cat1/in1"), ("c1", "cat1/in2"), ("cat1", "cat2/in1"), ("c2", "cat2/in2")]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: (x - _v(p["in"]["m"])) / _v(p["in"]["d"]), x)
        x = at("c0", _c(p, "c0", padding=1), x)
        y = at("c1", _c(p, "c1", padding=1), at("r1", torch.relu, at("b1", _bn(p, "b1"), x)))
        x = at("cat1", _joined, x, y)
        y = at("c2", _c(p, "c2", padding=1), at("r2", torch.relu, at("b2", _bn(p, "b2"), x)))
        x = at("tr", _c(p, "tr"), at("cat2", _joined, x, y))
        x = at("elu", F.elu, at("pool", lambda x: F.avg_pool2d(x, 2, 2), x))
        x = at("gap", lambda x: x.mean((2, 3), keepdim=True), x)
        return at("sm", lambda x: x.softmax(1), at("fc", lambda x: _fc(p, "fc")(x.flatten(1)), x))

    return Net(Network(layers, links), port, p, images(False, seed, 10, 8, 2, 4))


def _instance(p: Any, name: str, over: tuple[int, ...] = (2, 3)) -> Runs:
    def run(x: Tensor) -> Tensor:
        v, m = torch.var_mean(x, over, unbiased=False, keepdim=True)
        return (x - m) / (v + 1e-5).sqrt() * _v(p[name]["s"]) + _v(p[name]["o"])

    return run


def auto(seed: int) -> Net:
    """As pix2pix: convolutions of 4 by 4 down and up, instance normalization, dropout, tanh."""
    random = generator(seed + 42)
    p = _params(random, "e1 conv 4 2 6, e2 conv 4 6 8, u1 tconv 4 6 8, u2 tconv 4 2 6")
    for name, c in (("i1", 8), ("i2", 6)):
        p[name] = {"s": 1 + numbers(random, 1, 1, c), "o": numbers(random, 1, 1, c)}

    def norm(name: str) -> Any:
        q = p[name]
        return mc.instanceNormalizationLayer(Scale=q["s"], Offset=q["o"], Name=name)

    def up(name: str) -> Any:
        w, b = p[name]["w"], p[name]["b"]
        options = {"Stride": 2, "Cropping": 1, "Name": name}
        return mc.transposedConv2dLayer(4, w.shape[2], Weights=w, Bias=b, **options)

    layers = [
        mc.imageInputLayer((12, 16, 2), Normalization="none", Name="in"),
        _conv_layer(p, "e1", Stride=2, Padding=1),
        mc.leakyReluLayer(0.2, Name="l1"),
        _conv_layer(p, "e2", Stride=2, Padding=1),
        norm("i1"),
        mc.leakyReluLayer(0.2, Name="l2"),
        up("u1"),
        norm("i2"),
        mc.reluLayer(Name="relu"),
        mc.dropoutLayer(0.5, Name="drop"),
        up("u2"),
        mc.tanhLayer(Name="tanh"),
    ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("e1", _c(p, "e1", stride=2, padding=1), at("in", lambda x: x, x))
        x = at("l1", lambda x: F.leaky_relu(x, 0.2), x)
        x = at("i1", _instance(p, "i1"), at("e2", _c(p, "e2", stride=2, padding=1), x))
        x = at("l2", lambda x: F.leaky_relu(x, 0.2), x)
        x = at("i2", _instance(p, "i2"), at("u1", _t(p, "u1", (1, 1)), x))
        x = at("drop", lambda x: x, at("relu", torch.relu, x))
        return at("tanh", torch.tanh, at("u2", _t(p, "u2", (1, 1)), x))

    return Net(Network(layers), port, p, images(False, seed, 12, 16, 2, 2))


def asr(seed: int) -> Net:
    """Convolution over time, batch normalization, GRU with two biases, layer norm, LSTM."""
    random = generator(seed + 43)
    p = _params(random, "bn bn 8, fc fc 4 5")
    p["fc"]["w"] *= 4
    p["conv"] = {"w": numbers(random, 3, 6, 8), "b": numbers(random, 1, 8)}
    p["ln"] = {"s": 1 + numbers(random, 5, 1), "o": numbers(random, 5, 1)}
    mean, deviation = numbers(random, 6, 1), random.uniform(0.5, 1.5, (6, 1)).astype("f4")
    p["in"] = {"m": mean, "d": deviation}
    p["lstm"] = tuple(2 * numbers(random, 20, n) for n in (5, 5, 1))
    w, u = (2 * numbers(random, 15, n) for n in (8, 5))
    gru = mc.gruLayer(
        5,
        ResetGateMode="recurrent-bias-after-multiplication",
        InputWeights=w,
        RecurrentWeights=u,
        Bias=numbers(random, 30, 1),
        Name="gru",
    )
    w, u, b = p["lstm"]
    layers = [
        mc.sequenceInputLayer(
            6, Normalization="zscore", Mean=mean, StandardDeviation=deviation, Name="in"
        ),
        mc.convolution1dLayer(
            3, 8, Padding="same", Weights=p["conv"]["w"], Bias=p["conv"]["b"], Name="conv"
        ),
        _bn_layer({"bn": {k: v.reshape(8, 1) for k, v in p["bn"].items()}}, "bn"),
        mc.reluLayer(Name="relu"),
        gru,
        mc.layerNormalizationLayer(
            OperationDimension="channel-only", Scale=p["ln"]["s"], Offset=p["ln"]["o"], Name="ln"
        ),
        mc.lstmLayer(5, OutputMode="last", InputWeights=w, RecurrentWeights=u, Bias=b, Name="lstm"),
        _fc_layer(p, "fc"),
        mc.softmaxLayer(Name="sm"),
    ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: (x - _s(mean)) / _s(deviation), x)
        x = at("relu", torch.relu, at("bn", _bn(p, "bn"), at("conv", _causal(p, "conv", 1, 1), x)))
        x = at("ln", _ln(p, "ln"), at("gru", partial(_gru, gru), x))
        x = at("lstm", lambda x: _lstm_steps(x, *_d(p["lstm"]))[:, :, -1], x)
        return at("sm", lambda x: x.softmax(1), at("fc", _fc(p, "fc"), x))

    return Net(Network(layers), port, p, images(False, seed, 6, 3, 12))


NETS = {"dense": dense, "auto": auto, "asr": asr}


def _made(name: str, data: Data) -> Net:
    return NETS[name](data.seed) if name in NETS else _nets(name, data)


_NETWORKS = Table("third networks", smooth=(False,), saved=(False, True))
_PAIRS = Table("third pairs", smooth=(False,), saved=(False, True))
_NOISE = Table("noise", smooth=(False,))
_net, _pair, _noise = (adding(table, _made) for table in (_NETWORKS, _PAIRS, _NOISE))

# --- mistakes in them -------------------------------------------------------------------


def _first_norm(n: Net) -> Otherwise:
    """The second normalization's parameters as they are if the new channels come first."""
    return {"b2": _bn({"b2": {k: np.roll(v, 5, 2) for k, v in n.p["b2"].items()}}, "b2")}


def _swapped(n: Net, *pairs: tuple[str, str]) -> Otherwise:
    """The activation before the normalization."""
    found: Otherwise = {r: lambda x: x for _, r in pairs}
    return found | {b: lambda x, b=b: _bn(n.p, b)(torch.relu(x)) for b, _ in pairs}


_net("dense: new channels first in both joins", "(?i)order|inputs", "cat1 cat2")(
    instead("cat1 cat2", lambda a, b: torch.cat([b, a], 1))
)
_net("dense: second join's new channels again the first's", "(?i)connected|from|twice|c1", "cat2")(
    instead("cat2", lambda a, b: torch.cat([a, a[:, 5:]], 1))
)
_net("dense: ReLU before the normalizations", "(?i)before|order|after", "b1 b2 r1 r2")(
    lambda n: _swapped(n, ("b1", "r1"), ("b2", "r2"))
)
_net("dense: parameters of b2 half a turn further", "(?i)order|halves|further|channels", "b2")(
    _first_norm
)
_net("dense: transition pooled with stride 1", "(?i)Stride", "pool")(
    instead("pool", lambda x: F.avg_pool2d(x, 2, 1))
)
_net("dense: transition takes every second element", "(?i)subsampl|every|first|pool", "pool")(
    instead("pool", lambda x: x[:, :, ::2, ::2])
)
_net("dense: classes sorted by name", "(?i)order|outputs|channels|classes|rows")(
    instead("sm", lambda x: x.softmax(1)[:, [2, 0, 4, 1, 3]])
)
_net("auto: Keras's slope everywhere", "0\\.3", "l1 l2")(
    instead("l1 l2", lambda x: F.leaky_relu(x, 0.3))
)
_net("auto: statistics over the observations, too", "(?i)batch|observations", "i1 i2")(
    lambda n: {name: _instance(n.p, name, (0, 2, 3)) for name in ("i1", "i2")}
)
_net("auto: affine=False in both norms", "(?i)initial|affine|Scale|Offset", "i1 i2")(
    lambda n: {
        name: _instance({name: {"s": 1 + 0 * n.p[name]["s"], "o": 0 * n.p[name]["o"]}}, name)
        for name in ("i1", "i2")
    }
)
_net("auto: output brought to 0..1", "(?i)scale and offset|0\\.5|sigmoid|0\\.\\.1|\\+ 1")(
    instead("tanh", lambda x: (x.tanh() + 1) / 2)
)
_net("auto: kernels upwards read row-major", "(?i)row-major|reshaped", "u1 u2")(
    lambda n: {
        u: _t(n.p, u, (1, 1), w=n.p[u]["w"].ravel().reshape(n.p[u]["w"].shape, order="F"))
        for u in ("u1", "u2")
    }
)
_net("auto: padded by reflection on the way down", "(?i)symmetric|reflect", "e1 e2")(
    lambda n: {
        e: lambda x, e=e: _c(n.p, e, stride=2)(F.pad(x, (1, 1, 1, 1), mode="reflect"))
        for e in ("e1", "e2")
    }
)
_net("auto: ReLU for leaky ReLU", "ReLU", "l1 l2")(instead("l1 l2", torch.relu))
_net("auto: dropout stays on (pix2pix)", "(?i)dropout", "drop")(instead("drop", _drop(0.5)))


def _by_four(n: Net, x: Tensor) -> Tensor:
    """The state begins anew with each four steps."""
    return torch.cat([_gru(n.network.layer("gru"), part) for part in torch.split(x, 4, 2)], 2)


_net("asr: biases of the GRU added up", "(?i)bias", "gru")(
    lambda n: {"gru": lambda x: _gru(n.network.layer("gru"), x, "summed")}
)
_net("asr: causal convolution", "(?i)causal|padding|side", "conv")(
    lambda n: {"conv": _causal(n.p, "conv", 1)}
)
_net("asr: LSTM backwards in time", "(?i)flipped|revers|backward", "lstm")(
    lambda n: {"lstm": lambda x: _lstm_steps(x.flip(2), *_d(n.p["lstm"]))[:, :, -1]}
)
_net("asr: layer norm over time", "(?i)time|OperationDimension", "ln")(
    lambda n: {"ln": _ln(n.p, "ln", over=(2,))}
)
_net("asr: statistics of the features in reverse order", "(?i)order|revers|flipped|channels", "in")(
    lambda n: {"in": lambda x: (x - _s(n.p["in"]["m"]).flip(1)) / _s(n.p["in"]["d"]).flip(1)}
)
_net("asr: state of the GRU begins anew each four steps", "(?i)state|reset|anew", "gru")(
    lambda n: {"gru": partial(_by_four, n)}
)
_net("asr: normalized in each sequence", "(?i)instance|own|each|batch|sequence", "bn")(
    lambda n: {
        "bn": lambda x: F.instance_norm(x, eps=1e-5) * _s(n.p["bn"]["s"]) + _s(n.p["bn"]["o"])
    }
)
_net("unet: pools take the first of four", "(?i)subsampl|every|first|PoolSize|pool", "pool1 pool2")(
    instead("pool1 pool2", lambda x: x[:, :, ::2, ::2])
)
_net("unet: sigmoid at the end", "(?i)sigmoid")(instead("output", torch.sigmoid))
_net("unet: input 0..1 taken to -1..1", "(?i)-1|2x|scale", "in")(
    instead("input", lambda x: 2 * x - 1)
)
_net("class: window of the local response 3", "(?i)window", "lrn")(
    instead("lrn", lambda x: _lrn(x, 0.1, k=2, window=3))
)
_net("class: dropout scaled by 1/(1 - p)", "(?i)dropout|scale|1\\.4", "drop")(
    instead("drop", lambda x: x / 0.7)
)
_net("class: fc2 in int4", "(?i)4 bit|int4|rounded|steps", "fc2")(
    lambda n: {"fc2": lambda x: F.linear(x, _int4(_m(n.p["fc2"]["w"])), vector(n.p["fc2"]["b"]))}
)
_net("class: pool padded above and below, not at the left and right", "(?i)padd|side", "pool")(
    instead("pool", lambda x: F.max_pool2d(F.pad(x, (0, 0, 1, 1), value=-1e9), 2, 2))
)
_net("res: second block passed by", "(?i)left out|skip|connected|from", "badd b")(
    instead("badd", lambda a, b, _: b)
)
_net("res: all convolutions' biases doubled", "(?i)bias")(
    lambda n: {
        c: lambda x, c=c: F.conv2d(x, filters(n.p[c]["w"]), 2 * vector(n.p[c]["b"]), padding=1)
        for c in _convs(n)
    }
)
# The same numbers: the output of the layer before is late, as tanh(0) is 0.
_net("seq: a step late into the GRU", "(?i)shift|late", "gru tanh bi")(
    lambda n: {"gru": lambda x: _gru_steps(F.pad(x, (1, -1)), *_d(n.p["gru"]))}
)
_net("seq: recurrent weights of the GRU transposed", "RecurrentWeights.*transposed", "gru")(
    lambda n: {"gru": lambda x: _gru_steps(x, *_transposed(3, *_d(n.p["gru"])))}
)
_net("up: resized before the GELU", "(?i)before|order|after", "gelu resize")(
    lambda n: {
        "gelu": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
        "resize": F.gelu,
    }
)
_net("up: padded by 1 all round", "(?i)padd", "c1")(lambda n: {"c1": _c(n.p, "c1", padding=1)})
_net("mobile: squeezed by sums", "(?i)sum", "squeeze")(
    instead("squeeze", lambda x: x.sum((2, 3), keepdim=True))
)


def _masked(p: Any, last: int, x: Tensor) -> Tensor:
    """Attention that does not see the last steps: what it adds up are the others."""
    q = x.transpose(1, 2)

    def made(name: str) -> Tensor:
        y = F.linear(q, _m(p[name]["w"]), vector(p[name]["b"]))
        return y.unflatten(2, (2, -1)).transpose(1, 2)

    scores = made("aq") @ made("ak").transpose(2, 3) / 2
    scores[..., -last:] = -torch.inf
    z = (scores.softmax(-1) @ made("av")).transpose(1, 2).flatten(2)
    return F.linear(z, _m(p["ao"]["w"]), vector(p["ao"]["b"])).transpose(1, 2)


_net(
    "transformer: positions added to the input", "(?i)position|added|step|offset", "embed att add"
)(
    lambda n: {
        "embed": lambda x: (
            _step_fc(n.p, "embed")(x) + torch.arange(x.shape[2]).double() / x.shape[2]
        )
    }
)
_net("transformer: last two steps masked", "(?i)mask|pad|last", "att")(
    lambda n: {
        "att": partial(_masked, n.p, 2),
    }
)
_net("transformer: second skip from before the norm", "(?i)connected|from|add1|ln1", "add2")(
    lambda n: {
        "add1": lambda a, b: n.p.setdefault("kept", []).append(a + b) or a + b,
        "add2": lambda a, _: a + n.p["kept"][-1],
    }
)
_net("transformer: SiLU for GELU", "(?i)swish|silu", "gelu")(instead("gelu", F.silu))
_net("inception: Keras's epsilon in the group norm", "(?i)epsilon", "gn")(
    lambda n: {
        "gn": lambda x: F.group_norm(x, 3, eps=1e-3) * _v(n.p["gn"]["s"]) + _v(n.p["gn"]["o"])
    }
)
# The same numbers: the next layer's input is scaled.
_net(
    "temporal: sum scaled by the root of a half (WaveNet)", "(?i)0\\.7|scale|root|times", "add tanh"
)(instead("add", lambda a, b: (a + b) * 0.5**0.5))
_net("temporal: ReLU at the end of the block", "ReLU", "tanh")(instead("tanh", torch.relu))
_net("deep: fourth normalization twice", "(?i)twice", "n4")(
    lambda n: {"n4": lambda x: _bn(n.p, "n4")(_bn(n.p, "n4")(x))}
)
_net("deep: padded circularly everywhere", "(?i)circular|wrap")(
    lambda n: {
        f"c{i}": lambda x, i=i: _c(n.p, f"c{i}")(F.pad(x, (1, 1, 1, 1), mode="circular"))
        for i in range(1, 11)
    }
)
_net("deep: filters and channels exchanged where they are as many", "(?i)exchanged|transposed")(
    lambda n: _with(n, lambda w: w.transpose(0, 1) if w.shape[0] == w.shape[1] else w, bias=False)
)
_net("deep: checkpoint in half", "(?i)half")(lambda n: _with(n, lambda w: w.half().double()))

# --- two at once ------------------------------------------------------------------------


_pair("dense: two: ReLU before b1, classes sorted by name", "(?i)before|order|classes|outputs")(
    lambda n: {
        **_swapped(n, ("b1", "r1")),
        "sm": lambda x: x.softmax(1)[:, [2, 0, 4, 1, 3]],
    }
)
_pair("dense: two: mean not subtracted, every epsilon 1e-3", "(?i)mean|epsilon")(
    lambda n: {
        "in": lambda x: x / _v(n.p["in"]["d"]),
        **{b: _bn(n.p, b, 1e-3) for b in ("b1", "b2")},
    }
)
_pair("auto: two: slopes 0.01, first norm over the observations", "(?i)0\\.01|batch|observations")(
    lambda n: {
        **dict.fromkeys(("l1", "l2"), F.leaky_relu),
        "i1": _instance(n.p, "i1", (0, 2, 3)),
    }
)
_pair("auto: two: u1 flipped, tanh left out", "(?i)flipped|left out", "u1 tanh")(
    lambda n: {"u1": _t(n.p, "u1", (1, 1), w=n.p["u1"]["w"][::-1, ::-1]), "tanh": lambda x: x}
)
_pair("asr: two: causal convolution, logits", "(?i)causal|padding|softmax|left out", "conv sm")(
    lambda n: {"conv": _causal(n.p, "conv", 1), "sm": lambda x: x}
)
_pair("asr: two: gates of the LSTM reordered, mean not subtracted", "(?i)gate|mean", "lstm in")(
    lambda n: {
        "lstm": lambda x: _lstm_steps(x, *_d(n.p["lstm"]), order="igfo")[:, :, -1],
        "in": lambda x: x / _s(n.p["in"]["d"]),
    }
)
_pair("unet: two: BGR-like input, pools as averages", "(?i)channels|BGR|average", "in pool")(
    lambda n: {
        "input": lambda x: x.flip(1),
        **dict.fromkeys(("pool1", "pool2"), lambda x: F.avg_pool2d(x, 2)),
    }
)
_pair("res: two: second block's first bias left out, 255 times", "(?i)bias|255", "bc1 in")(
    lambda n: {
        "input": lambda x: 255 * x,
        "bc1": lambda x: F.conv2d(x, filters(n.p["bc1"]["w"]), padding=1),
    }
)
_pair(
    "seq: two: directions exchanged, GRU a step late", "(?i)direction|halves|shift|late", "bi gru"
)(
    lambda n: {
        "bi": lambda x: _bi(x, n.p["bi"]).roll(5, 1),
        "gru": lambda x: F.pad(_gru_steps(x, *_d(n.p["gru"])), (1, -1)),
    }
)
_pair("temporal: two: not dilated, slope 0.01", "(?i)Dilation|0\\.01", "c2 c3 r2")(
    lambda n: {**{c: _causal(n.p, c, 1) for c in ("c2", "c3")}, "r2": F.leaky_relu}
)

# --- real networks ----------------------------------------------------------------------

#: File, size of the input, and what numbers with mean 0 and deviation 1 are brought to.
_DIGITS = lambda x: np.round(np.clip(30 + 60 * x, 0, 255))  # noqa: E731
_UNIT = lambda x: np.clip(0.3 + 0.3 * x, 0, 1)  # noqa: E731
FILES: dict[str, tuple[str, tuple[int, ...], Callable[[Array], Array]]] = {
    "medium": (
        "Neelanjana314__nnv-1/examples__artifact__CAV2020_ImageStar__MNIST_NETS__Architecture__"
        "Medium_ConvNet.mat",
        (28, 28, 1, 3),
        _DIGITS,
    ),
    "ffnn": (
        "Neelanjana314__Trained_Neural_Networks/"
        "FFNN__LeakyRelu__As_Layers__net_norm_3L_20x3_96_95.mat",
        (28, 28, 1, 4),
        _DIGITS,
    ),
    "fashion": ("yanndebray__fashion/fashionNet1.mat", (28, 28, 1, 4), _UNIT),
    "dncnn": ("cfobrien__DNNastro/dncnn.mat", (64, 64, 1, 1), _UNIT),
    "dwn": ("Breeze-ruiang__DWN-Transformer/trained_model.mat", (12, 3, 9), lambda x: x),
    "semseg": ("verivital__SemanticSegmentation/matlab__net.r8be21f6.mat", (64, 84, 1, 1), _DIGITS),
    "fault": (
        "matlab-deep-learning__Fault-Detection-Using-Deep-Learning-Classification/"
        "SavedData__TrainedModel.blob1accca12.mat",
        (10, 3, 12),
        lambda x: x,
    ),
    "pso": (
        "YusufB-8__cnn-pso-global-optimization/trainedNetwork_1.mat",
        (3, 3, 3, 6),
        lambda x: x / 4,
    ),
    "torque": (
        "epoxx-arch__Torque_vectoringthesis/CARMAKER__LSTM_80_2.mat",
        (9, 2, 15),
        lambda x: x,
    ),
}


@cache
def _loaded(name: str) -> Network:
    with warnings.catch_warnings(action="ignore"):
        found = converters.load(real.REAL / FILES[name][0])
    assert isinstance(found, Network)
    return found


def _ends(n: Any, name: str, x: Tensor, back: int = 0) -> Tensor:
    """The last step of both directions; the backward one's is the first."""
    y = _both(n, name)(x)
    half = y.shape[1] // 2
    return torch.cat([y[:, :half, -1], y[:, half:, back]], 1)


def _deconv(n: Any, name: str, crop: tuple[int, int] = (1, 1), flipped: bool = False) -> Runs:
    layer = n.layer(name)
    w = layer.Weights[::-1, ::-1] if flipped else layer.Weights
    return _t({name: {"w": w, "b": layer.Bias}}, name, crop)


def _arrays(n: Net, name: str) -> tuple[Array, ...]:
    names = ("InputWeights", "RecurrentWeights", "Bias")
    return tuple(np.ascontiguousarray(n.network.layer(name).values[k]) for k in names)


def _places(n: Any, name: str, x: Tensor, first: int = 0) -> Tensor:
    table = _m(n.layer(name).Weights)
    return table[:, first : first + x.shape[2]].expand_as(x)


def _attended(n: Any, name: str, causal: bool | None = None, **how: Any) -> Runs:
    layer = n.layer(name)
    masked = layer.AttentionMask == "causal" if causal is None else causal
    return attention(layer, weigh=_past if masked else lambda s: s.softmax(-1), **how)


def _port_of(net: Any) -> dict[str, Callable[..., Tensor]]:
    """What every layer does, of the kinds that the other real networks lack, too."""
    found: dict[str, Callable[..., Tensor]] = dict(_ports(net))
    for layer in net.Layers:
        kind, name = type(layer).__name__.removesuffix("Layer"), layer.Name
        if kind == "ImageInput" and layer.Normalization == "zscore":
            m, d = vector(layer.Mean), vector(layer.StandardDeviation)
            found[name] = lambda x, m=m, d=d: (x - m) / d
        elif kind == "ImageInput":
            found[name] = partial(torch.sub, other=_v(layer.Mean))
        elif kind == "LeakyReLU":
            found[name] = partial(F.leaky_relu, negative_slope=layer.Scale)
        elif kind == "Flatten":
            found[name] = lambda x: x.permute(0, 1, 3, 2).flatten(1)
        elif kind == "TransposedConvolution2D":
            found[name] = _deconv(net, name)
        elif kind == "BiLSTM" and layer.OutputMode == "last":
            found[name] = partial(_ends, net, name)
        elif kind == "Addition":
            found[name] = _sum
        elif kind == "PositionEmbedding":
            found[name] = partial(_places, net, name)
        elif kind == "SelfAttention":
            found[name] = _attended(net, name)
        elif kind == "Indexing1D":
            found[name] = lambda x: x[:, :, -1]
    order = [layer.Name for layer in net.Layers]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0])))


def _real(name: str, data: Data) -> Net:
    net = _loaded(name)
    right = _port_of(net)

    def port(at: Port, x: Tensor) -> Tensor:
        first, *others = right
        given = x = at(first, right[first], x)
        for layer in others:  # sums are with the input
            x = at(layer, right[layer], *((x, given) if right[layer] is _sum else (x,)))
        return x

    _, size, brought = FILES[name]
    X = np.asarray(brought(images(False, data.seed, *size)), "f4")
    return Net(net, port, {}, X)


def _in_front(w: Array, b: Array, x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), filters(w), vector(b))


def _turned(w: Array, b: Array, x: Tensor) -> Tensor:
    return _m(w).T @ x + _s(b)


_REAL = Table("third real", smooth=(False,), saved=(False, True))
_add = adding(_REAL, _real)


_add("medium: offsets of the normalizations left out", "(?i)offset|initial")(
    lambda n: _all(n, "BatchNorm", partial(_norm, Offset=torch.zeros_like))
)
_add("medium: digits in 0..1, mean not", "255", "imageinput")(instead("input", lambda x: x / 255))
_add("medium: ReLU before the last normalization", "(?i)before|order|after", "batchnorm_5 relu_5")(
    lambda n: {
        "batchnorm_5": lambda x: _norm(n.network, "batchnorm_5")(x.relu()),
        "relu_5": lambda x: x,
    }
)
_add("medium: flattened C,H,W", "(?i)CHW|height and width", "fc_1")(
    lambda n: {"fc_1": _linear(n.network, "fc_1", order=(0, 1, 2, 3))}
)
_add("medium: sigmoid for softmax", "(?i)sigmoid", "softmax")(instead("softmax", torch.sigmoid))
_add("ffnn: slope 0.1", "0\\.1", "leakyrelu")(
    instead("leakyrelu_1 leakyrelu_2 leakyrelu_3", lambda x: F.leaky_relu(x, 0.1))
)
_add("ffnn: images read row by row", "(?i)CHW|height and width|transposed|row-major|memory")(
    instead("input", lambda x: x.transpose(2, 3))
)
_add("ffnn: /255 before the z-score", "255", "input")(instead("input", lambda x: x / 255))
_add("ffnn: second bias left out", "(?i)bias", "fc_2")(
    lambda n: {"fc_2": _linear(n.network, "fc_2", 0)}
)
# The same numbers: times -1, plus 1 less twice the mean.
_add("fashion: inverted (1 - x)", "(?i)1 -|invert|negative|sign|times -1", "imageinput")(
    instead("input", lambda x: 1 - x)
)
_add("fashion: mean not subtracted", "(?i)mean|normalization", "imageinput")(left_out("imageinput"))
_add("fashion: flattened row by row", "(?i)CHW|height and width|row-major|transposed|order")(
    instead("flatten", lambda x: x.flatten(1))
)
_add("dncnn: residual subtracted", "(?i)subtract|sign|negat", "add_end relu15")(
    instead("add_end", lambda a, b: b - a)
)
_add("dncnn: residual alone", "(?i)left out|missing", "add_end")(instead("add_end", lambda a, _: a))
_add("dncnn: ReLU left out everywhere", "left out")(
    lambda n: _all(n, "ReLU", lambda *_: lambda x: x)
)
_add("dncnn: padded by replication", "(?i)replicat|repeat")(
    lambda n: {
        c.Name: lambda x, c=c: F.conv2d(
            F.pad(x, (1, 1, 1, 1), mode="replicate"), filters(c.Weights), vector(c.Bias)
        )
        for c in n.network.Layers
        if c.Name.startswith("conv")
    }
)
_add("dwn: positions begin at the second", "(?i)shift|position|further", "pos-emb")(
    lambda n: {"pos-emb": partial(_places, n.network, "pos-emb", first=1)}
)
_add("dwn: causal mask left out", "(?i)causal|mask", "selfattention_1")(
    lambda n: {"selfattention_1": _attended(n.network, "selfattention_1", False)}
)
_add("dwn: both attentions causal", "(?i)causal|mask", "selfattention_2")(
    lambda n: {"selfattention_2": _attended(n.network, "selfattention_2", True)}
)
_add("dwn: positions not added", "(?i)left out|zero|initial", "pos-emb add")(
    instead("add", lambda _, given: given)
)
_add("semseg: cropped at the front alone", "(?i)crop", "transposed-conv")(
    lambda n: {"transposed-conv": _deconv(n.network, "transposed-conv", crop=(2, 0))}
)
_add("semseg: kernels upwards flipped", "flipped", "transposed-conv")(
    lambda n: {"transposed-conv": _deconv(n.network, "transposed-conv", flipped=True)}
)
_add("semseg: pooled 3 by 3", "(?i)PoolSize|window", "maxpool")(
    instead("maxpool", lambda x: F.max_pool2d(x, 3, 2, 1))
)
_add("semseg: one-hot labels", "(?i)one-hot|largest|argmax|class", "softmax")(
    instead("softmax", lambda x: F.one_hot(x.argmax(1), 11).movedim(-1, 1).double())
)
_add("fault: out[:, -1] of both directions", "(?i)last|backward", "biLSTM_2")(
    lambda n: {"biLSTM_2": lambda x: _ends(n.network, "biLSTM_2", x, -1)}
)
_add("fault: gates of TensorFlow in the first", "(?i)gate", "biLSTM_1")(
    lambda n: {"biLSTM_1": lambda x: _bi(x, _arrays(n, "biLSTM_1"), order="igfo")}
)
_add("fault: torch's hard sigmoid in the first", "(?i)hard", "biLSTM_1")(
    lambda n: {"biLSTM_1": lambda x: _bi(x, _arrays(n, "biLSTM_1"), gate=F.hardsigmoid)}
)
_add("fault: backward half of the first left out", "(?i)backward|zero|half|direction", "biLSTM_1")(
    lambda n: {
        "biLSTM_1": lambda x: F.pad(_both(n.network, "biLSTM_1")(x)[:, :100], (0, 0, 0, 100))
    }
)
_add("pso: 'same' of the even kernel at the front", "(?i)padd|side", "conv")(
    lambda n: {"conv": partial(_in_front, *real._wb(n.network, "conv"))}
)
_add("pso: flattened H,W,C", "(?i)HWC|flatten", "fc")(
    lambda n: {"fc": _linear(n.network, "fc", order=(0, 2, 3, 1))}
)
_add("pso: layers of the data in reverse order", "(?i)BGR|channels|revers", "imageinput")(
    instead("input", lambda x: x.flip(1))
)
_add("torque: ReLU between the fully connected layers", "(?i)ReLU|activation", "fc_1 fc_2")(
    lambda n: {"fc_1": lambda x: _linear(n.network, "fc_1")(x).relu()}
)
_add("torque: first fully connected layer transposed", "Weights.*transposed", "fc_1")(
    lambda n: {"fc_1": partial(_turned, *real._wb(n.network, "fc_1"))}
)
_add("torque: gate order of Core ML", "(?i)gate", "lstm")(
    lambda n: {"lstm": _hidden(n, "lstm", order="ifog")}
)
_add("torque: state carried from sequence to sequence", "(?i)state|carried", "lstm")(
    lambda n: {
        "lstm": lambda x: torch.stack(
            _lstm_steps(torch.cat([*x], 1)[None], *_cells(n.network, "lstm"))[0].chunk(len(x), 1)
        )
    }
)


# --- noise ------------------------------------------------------------------------------


def _scattered(x: Tensor, size: float, kind: str = "normal") -> Tensor:
    """Each value by so much larger or smaller."""
    g = torch.Generator().manual_seed(x.numel())
    if kind == "uniform":
        return x * (1 + size * (2 * torch.rand(x.shape, generator=g, dtype=x.dtype) - 1))
    return x * (1 + size * torch.randn(x.shape, generator=g, dtype=x.dtype).clamp(-2, 2))


def _heavy(y: Array) -> Array:
    """A few values far off, most nearly right."""
    return y + 1e-4 * np.abs(y).max() * generator(97).standard_t(2, y.shape).astype("f4")


for _name in ("dense", "auto", "asr", "transformer"):
    _noise(f"{_name}: every value by 3e-3", "")(instead("through", partial(_scattered, size=3e-3)))
    _noise(f"{_name}: results by 2e-2", "")(instead("output", partial(_scattered, size=2e-2)))
    _noise(f"{_name}: heavy tails", "")(instead("saved", _heavy))
    _noise(f"{_name}: all in single", EQUAL)(instead("through", lambda x: x.float().double()))
    _noise(f"{_name}: rounded on the way", EQUAL)(
        instead("through", partial(_scattered, size=2.0**-24, kind="uniform"))
    )


def cases(seed: int) -> Iterator[Case]:
    """All of one seed; those of real networks if their files are there."""
    tables = [_NETWORKS, _PAIRS, _NOISE, *([_REAL] if real.REAL.is_dir() else [])]
    return chain.from_iterable(table.cases(seed) for table in tables)
