"""Mistakes in networks of other kinds, written before the search knew them.

Mobile, attention, inception, temporal convolutions, super-resolution: each is written a second
time in torch by hand, as in :mod:`.network_cases`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.network import Network

from .network_cases import (
    Net,
    Port,
    _bn,
    _bn_layer,
    _c,
    _conv_layer,
    _dw,
    _fc,
    _params,
    _s,
    _v,
    adding,
    instead,
    left_out,
)
from .seeded import Table, Tensor, generator, images, numbers, vector

# --- mobile -----------------------------------------------------------------------------


def _fc_layer(p: dict[str, Any], name: str) -> Any:
    w = p[name]["w"]
    return mc.fullyConnectedLayer(w.shape[0], Weights=w, Bias=p[name]["b"], Name=name)


def mobile(seed: int) -> Net:
    """Depthwise and pointwise convolutions, clipped ReLU, squeeze and excitation."""
    random = generator(seed + 21)
    made = "stem conv 3 3 6, n0 bn 6, n1 bn 6, point conv 1 6 6, down conv 1 6 3, up conv 1 3 6"
    p = _params(random, f"{made}, fc fc 5 6")
    dw, db = numbers(random, 3, 3, 1, 1, 6), numbers(random, 1, 1, 1, 6)
    p["dw"] = {"w": dw, "b": db}
    mean = np.asarray([0.2, 0.5, 0.4], "f4").reshape(1, 1, 3)
    p["in"] = {"m": mean}
    layers = [
        mc.imageInputLayer((12, 10, 3), Normalization="zerocenter", Mean=mean, Name="in"),
        _conv_layer(p, "stem", Stride=2, Padding=1),
        _bn_layer(p, "n0"),
        mc.clippedReluLayer(1, Name="clip0"),
        mc.groupedConvolution2dLayer(
            3, 1, "channel-wise", Padding=1, Weights=dw, Bias=db, Name="dw"
        ),
        _bn_layer(p, "n1"),
        mc.clippedReluLayer(1, Name="clip1"),
        mc.globalAveragePooling2dLayer(Name="squeeze"),
        _conv_layer(p, "down"),
        mc.reluLayer(Name="relu"),
        _conv_layer(p, "up"),
        mc.sigmoidLayer(Name="gate"),
        mc.multiplicationLayer(2, Name="excite"),
        _conv_layer(p, "point"),
        mc.additionLayer(2, Name="add"),
        mc.globalAveragePooling2dLayer(Name="gap"),
        _fc_layer(p, "fc"),
        mc.softmaxLayer(Name="sm"),
    ]
    names = [layer.Name for layer in layers]
    links = [(a, b) for a, b in pairwise(names) if b not in ("excite", "add")]
    links += [("gate", "excite/in1"), ("clip1", "excite/in2")]
    links += [("point", "add/in1"), ("clip0", "add/in2")]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: x - _v(mean), x)
        x = at("n0", _bn(p, "n0"), at("stem", _c(p, "stem", stride=2, padding=1), x))
        skip = at("clip0", lambda x: x.clamp(0, 1), x)
        x = at("dw", lambda x: F.conv2d(x, _dw(dw), vector(db), padding=1, groups=6), skip)
        x = at("clip1", lambda x: x.clamp(0, 1), at("n1", _bn(p, "n1"), x))
        s = at("squeeze", lambda x: x.mean((2, 3), keepdim=True), x)
        s = at("relu", torch.relu, at("down", _c(p, "down"), s))
        s = at("gate", torch.sigmoid, at("up", _c(p, "up"), s))
        y = at("point", _c(p, "point"), at("excite", lambda s, x: s * x, s, x))
        y = at("add", lambda a, b: a + b, y, skip)
        y = at("gap", lambda x: x.mean((2, 3), keepdim=True), y)
        return at("sm", lambda x: x.softmax(1), at("fc", lambda x: _fc(p, "fc")(x.flatten(1)), y))

    return Net(Network(layers, links), port, p, images(False, seed, 12, 10, 3, 6))


# --- attention --------------------------------------------------------------------------


def _self_attention(p: dict[str, Any], scale: float, causal: bool = False) -> Any:
    def run(x: Tensor) -> Tensor:
        y = x.transpose(1, 2)
        n, t, c = y.shape

        def made(name: str) -> Tensor:
            return F.linear(y, torch.from_numpy(p[name]["w"]).double(), vector(p[name]["b"]))

        q, k, v = (made(f"a{i}").reshape(n, t, 2, -1).transpose(1, 2) for i in "qkv")
        products = q @ k.transpose(2, 3) * scale
        if causal:
            products = products + torch.full_like(products, -torch.inf).triu(1)
        z = (products.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c)
        w, b = torch.from_numpy(p["ao"]["w"]).double(), vector(p["ao"]["b"])
        return F.linear(z, w, b).transpose(1, 2)

    return run


def _ln(p: Any, name: str, eps: float = 1e-5, over: Any = (1,)) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        v, m = torch.var_mean(x, over, unbiased=False, keepdim=True)
        return (x - m) / (v + eps).sqrt() * _s(p[name]["s"]) + _s(p[name]["o"])

    return run


def _step_fc(p: Any, name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: _fc(p, name)(x.transpose(1, 2)).transpose(1, 2)


def transformer(seed: int) -> Net:
    """One block after normalization, GELU, the average over time."""
    random = generator(seed + 22)
    made = "embed fc 8 4, f1 fc 12 8, f2 fc 8 12, head fc 3 8"
    p = _params(random, f"{made}, aq fc 8 8, ak fc 8 8, av fc 8 8, ao fc 8 8")
    for name in ("ln1", "ln2"):
        p[name] = {"s": 1 + numbers(random, 8, 1), "o": numbers(random, 8, 1)}
    for i in "qk":
        p[f"a{i}"]["w"] = 2 * p[f"a{i}"]["w"]
    names = dict(zip("qkvo", ("Query", "Key", "Value", "Output"), strict=True))
    given = {f"{n}Weights": p[f"a{i}"]["w"] for i, n in names.items()}
    given |= {f"{n}Bias": p[f"a{i}"]["b"] for i, n in names.items()}

    def norm(name: str) -> Any:
        return mc.layerNormalizationLayer(
            OperationDimension="channel-only", Scale=p[name]["s"], Offset=p[name]["o"], Name=name
        )

    layers = [
        mc.sequenceInputLayer(4, Name="in"),
        _fc_layer(p, "embed"),
        mc.selfAttentionLayer(2, 8, Name="att", **given),
        mc.additionLayer(2, Name="add1"),
        norm("ln1"),
        _fc_layer(p, "f1"),
        mc.geluLayer(Name="gelu"),
        _fc_layer(p, "f2"),
        mc.additionLayer(2, Name="add2"),
        norm("ln2"),
        mc.globalAveragePooling1dLayer(Name="gap"),
        _fc_layer(p, "head"),
    ]
    chain = [layer.Name for layer in layers]
    links = [(a, b) for a, b in pairwise(chain) if not b.startswith("add")]
    links += [("att", "add1/in1"), ("embed", "add1/in2"), ("f2", "add2/in1"), ("ln1", "add2/in2")]

    def port(at: Port, x: Tensor) -> Tensor:
        skip = at("embed", _step_fc(p, "embed"), at("in", lambda x: x, x))
        x = at("att", _self_attention(p, 0.5), skip)
        skip = at("ln1", _ln(p, "ln1"), at("add1", lambda a, b: a + b, x, skip))
        x = at("f2", _step_fc(p, "f2"), at("gelu", F.gelu, at("f1", _step_fc(p, "f1"), skip)))
        x = at("ln2", _ln(p, "ln2"), at("add2", lambda a, b: a + b, x, skip))
        x = at("gap", lambda x: x.mean(2), x)
        return at("head", _fc(p, "head"), x)

    return Net(Network(layers, links), port, p, images(False, seed, 4, 5, 9))


# --- inception --------------------------------------------------------------------------


def inception(seed: int) -> Net:
    """Three branches: 1x1, 3x3, pooled; joined, normalized in groups, pooled, classified."""
    random = generator(seed + 23)
    made = "stem conv 3 2 4, b1 conv 1 4 4, b3a conv 1 4 3, b3b conv 3 3 4, bp conv 1 4 4"
    p = _params(random, f"{made}, fc fc 5 240")
    p["gn"] = {"s": 1 + numbers(random, 1, 1, 12), "o": numbers(random, 1, 1, 12)}
    layers = [
        mc.imageInputLayer((9, 8, 2), Normalization="none", Name="in"),
        _conv_layer(p, "stem", Padding=1, PaddingValue="replicate"),
        mc.eluLayer(1, Name="elu"),
        _conv_layer(p, "b1"),
        _conv_layer(p, "b3a"),
        _conv_layer(p, "b3b", DilationFactor=2),
        mc.averagePooling2dLayer(3, Padding=1, Name="pool"),
        _conv_layer(p, "bp"),
        mc.depthConcatenationLayer(3, Name="cat"),
        mc.groupNormalizationLayer(3, Scale=p["gn"]["s"], Offset=p["gn"]["o"], Name="gn"),
        mc.swishLayer(Name="swish"),
        mc.maxPooling2dLayer(2, Stride=2, Padding=(0, 1, 0, 0), Name="max"),
        _fc_layer(p, "fc"),
    ]
    links = [("in", "stem"), ("stem", "elu"), ("elu", "b1"), ("elu", "b3a"), ("b3a", "b3b")]
    links += [("elu", "pool"), ("pool", "bp")]
    links += [("b1", "cat/in1"), ("b3b", "cat/in2"), ("bp", "cat/in3")]
    links += [*pairwise(["cat", "gn", "swish", "max", "fc"])]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: x, x)
        x = at("stem", lambda x: _c(p, "stem")(F.pad(x, (1, 1, 1, 1), mode="replicate")), x)
        x = at("elu", F.elu, x)
        one = at("b1", _c(p, "b1"), x)
        three = at("b3b", _c(p, "b3b", padding=2, dilation=2), at("b3a", _c(p, "b3a"), x))
        pooled = at("bp", _c(p, "bp"), at("pool", lambda x: F.avg_pool2d(x, 3, 1, 1), x))
        x = at("cat", lambda *x: torch.cat(x, 1), one, three, pooled)
        x = at("gn", lambda x: F.group_norm(x, 3) * _v(p["gn"]["s"]) + _v(p["gn"]["o"]), x)
        x = at("swish", F.silu, x)
        x = at("max", lambda x: F.max_pool2d(F.pad(x, (0, 0, 0, 1), value=-np.inf), 2, 2), x)
        return at("fc", lambda x: _fc(p, "fc")(x.permute(0, 1, 3, 2).flatten(1)), x)

    return Net(Network(layers, links), port, p, images(False, seed, 9, 8, 2, 3) / 2)


# --- temporal convolutions --------------------------------------------------------------


def _causal(p: Any, name: str, dilation: int, before: int | None = None) -> Any:
    w = torch.from_numpy(p[name]["w"].transpose(2, 1, 0).copy()).double()
    past = 2 * dilation if before is None else before

    def run(x: Tensor) -> Tensor:
        x = F.pad(x, (past, 2 * dilation - past))
        return F.conv1d(x, w, vector(p[name]["b"]), dilation=dilation)

    return run


def temporal(seed: int) -> Net:
    """Causal convolutions with growing dilation, residual; the last step classified."""
    random = generator(seed + 24)
    p: dict[str, Any] = _params(random, "skip fc 6 3, fc fc 4 6")
    for name, c in (("c1", 3), ("c2", 6), ("c3", 6)):
        w, b = numbers(random, 3, c, 6), numbers(random, 1, 6)
        p[name] = {"w": w, "b": b}
    low, high = (np.asarray(v, "f4").reshape(3, 1) for v in ([-3, -2, -4], [3, 3, 3]))
    p["in"] = {"low": low, "high": high}

    def conv(name: str, dilation: int) -> Any:
        q = p[name]
        return mc.convolution1dLayer(
            3, 6, DilationFactor=dilation, Padding="causal", Weights=q["w"], Bias=q["b"], Name=name
        )

    layers = [
        mc.sequenceInputLayer(3, Normalization="rescale-zero-one", Min=low, Max=high, Name="in"),
        conv("c1", 1),
        mc.reluLayer(Name="r1"),
        conv("c2", 2),
        mc.leakyReluLayer(0.1, Name="r2"),
        conv("c3", 4),
        _fc_layer(p, "skip"),
        mc.additionLayer(2, Name="add"),
        mc.tanhLayer(Name="tanh"),
        _fc_layer(p, "fc"),
    ]
    links = [("in", "c1"), ("c1", "r1"), ("r1", "c2"), ("c2", "r2"), ("r2", "c3"), ("in", "skip")]
    links += [("c3", "add/in1"), ("skip", "add/in2"), ("add", "tanh"), ("tanh", "fc")]

    def port(at: Port, x: Tensor) -> Tensor:
        given = at("in", lambda x: (x - _s(low)) / (_s(high) - _s(low)), x)
        x = at("r1", torch.relu, at("c1", _causal(p, "c1", 1), given))
        x = at("r2", lambda x: F.leaky_relu(x, 0.1), at("c2", _causal(p, "c2", 2), x))
        x = at("c3", _causal(p, "c3", 4), x)
        x = at("add", lambda a, b: a + b, x, at("skip", _step_fc(p, "skip"), given))
        return at("fc", _step_fc(p, "fc"), at("tanh", torch.tanh, x))

    return Net(Network(layers, links), port, p, images(False, seed, 3, 3, 14))


# --- super-resolution -------------------------------------------------------------------


def _shuffled(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    parts = x.reshape(n, 2, 2, c // 4, h, w)
    return parts.permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h, 2 * w)


def superres(seed: int) -> Net:
    """Depth to space, and the input resized added to it."""
    random = generator(seed + 25)
    p = _params(random, "c1 conv 3 2 6, c2 conv 3 6 6, c3 conv 3 6 8")
    alpha = random.uniform(0.1, 0.4, (1, 1, 6)).astype("f4")
    p["prelu"] = {"a": alpha}
    layers = [
        mc.imageInputLayer((8, 7, 2), Normalization="none", Name="in"),
        _conv_layer(p, "c1", Padding=1),
        mc.preluLayer(Alpha=alpha, Name="prelu"),
        _conv_layer(p, "c2", Padding=1),
        mc.reluLayer(Name="relu"),
        _conv_layer(p, "c3", Padding=1),
        mc.depthToSpace2dLayer(2, Name="d2s"),
        mc.resize2dLayer(Scale=2, Method="bilinear", Name="resize"),
        mc.additionLayer(2, Name="add"),
    ]
    links = [*pairwise(["in", "c1", "prelu", "c2", "relu", "c3", "d2s"])]
    links += [("in", "resize"), ("d2s", "add/in1"), ("resize", "add/in2")]

    def port(at: Port, x: Tensor) -> Tensor:
        given = at("in", lambda x: x, x)
        x = at("c1", _c(p, "c1", padding=1), given)
        x = at("prelu", lambda x: torch.where(x > 0, x, _v(alpha) * x), x)
        x = at("relu", torch.relu, at("c2", _c(p, "c2", padding=1), x))
        x = at("d2s", _shuffled, at("c3", _c(p, "c3", padding=1), x))
        large = at("resize", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), given)
        return at("add", lambda a, b: a + b, x, large)

    return Net(Network(layers, links), port, p, images(False, seed, 8, 7, 2, 2))


NETS = {
    "mobile": mobile,
    "transformer": transformer,
    "inception": inception,
    "temporal": temporal,
    "superres": superres,
}

# --- mistakes ---------------------------------------------------------------------------

_TABLE = Table("fresh networks", smooth=(False,), saved=(False, True))
_case = adding(_TABLE, lambda name, data: NETS[name](data.seed))
cases = _TABLE.cases


def _row_major(p: Any, name: str, **how: Any) -> Callable[[Tensor], Tensor]:
    w = p[name]["w"]
    changed = {**p[name], "w": w.ravel(order="C").reshape(w.shape, order="F")}
    return _c({name: changed}, name, **how)


_case("mobile: relu6 for a ceiling of 1", "(?i)Ceiling 6|clipped at 6", "clip")(
    lambda n: {name: lambda x: x.clamp(0, 6) for name in ("clip0", "clip1")}
)
_case("mobile: depthwise kernels transposed", "height and width exchanged", "dw")(
    lambda n: {
        "dw": lambda x: F.conv2d(
            x, _dw(n.p["dw"]["w"]).transpose(2, 3), vector(n.p["dw"]["b"]), padding=1, groups=6
        )
    }
)
_case("mobile: gate is a hard sigmoid", "hard sigmoid", "gate")(instead("gate", F.hardsigmoid))
_case("mobile: gate left out (excitation without sigmoid)", "left out", "gate")(left_out("gate"))
_case("mobile: excitation added", "sum of its inputs|joined", "excite")(
    instead("excite", lambda s, x: s + x)
)
_case("mobile: excitation left out", "left out", "excite")(instead("excite", lambda s, x: x))
_case(
    "mobile: image padded before its mean is subtracted",
    "padded.*mean|padded before|PaddingValue",
    "stem in",
)(
    lambda n: {
        "stem": lambda x: _c(n.p, "stem", stride=2)(
            F.pad(x + _v(n.p["in"]["m"]), (1, 1, 1, 1)) - _v(n.p["in"]["m"])
        )
    }
)
_case("mobile: strided convolution starts a pixel later", "(?i)padding", "stem")(
    lambda n: {"stem": lambda x: _c(n.p, "stem", stride=2)(F.pad(x, (0, 2, 0, 2)))}
)
_case("mobile: batch norms exchanged", "exchanged|parameters of", "n0 n1")(
    lambda n: {"n0": _bn(n.p, "n1"), "n1": _bn(n.p, "n0")}
)
_case("mobile: sigmoid for softmax", "sigmoid", "sm")(instead("sm", torch.sigmoid))
_case("mobile: mean of each image instead of the saved one", "own|mean of", "in")(
    instead("in", lambda x: x - x.mean((2, 3), keepdim=True))
)
_case("mobile: bias of the depthwise convolution left out", "bias missing", "dw")(
    lambda n: {"dw": lambda x: F.conv2d(x, _dw(n.p["dw"]["w"]), padding=1, groups=6)}
)
_case("transformer: scores not scaled", "(?i)scale", "att")(
    lambda n: {"att": _self_attention(n.p, 1.0)}
)
_case("transformer: scaled by all channels", "(?i)scale", "att")(
    lambda n: {"att": _self_attention(n.p, 1 / sqrt(8))}
)
_case("transformer: causal mask", "(?i)causal", "att")(
    lambda n: {"att": _self_attention(n.p, 0.5, True)}
)
_case("transformer: skip around attention left out", "left out", "add1")(
    instead("add1", lambda a, b: a)
)
_case("transformer: layer norm over time and channels", "OperationDimension|layer norm", "ln")(
    lambda n: {name: _ln(n.p, name, over=(1, 2)) for name in ("ln1", "ln2")}
)
_case("transformer: all layer norms with eps 1e-3", "(?i)epsilon")(
    lambda n: {name: _ln(n.p, name, eps=1e-3) for name in ("ln1", "ln2")}
)
_case("transformer: gelu by tanh", "tanh", "gelu")(
    instead("gelu", lambda x: F.gelu(x, approximate="tanh"))
)
_case("transformer: class token (first step) for the average", "first", "gap")(
    instead("gap", lambda x: x[:, :, 0])
)
_case("transformer: last step for the average", "last", "gap")(
    instead("gap", lambda x: x[:, :, -1])
)
_case("transformer: layer norms exchanged", "exchanged|parameters of", "ln1 ln2")(
    lambda n: {"ln1": _ln(n.p, "ln2"), "ln2": _ln(n.p, "ln1")}
)
_case("transformer: output projection transposed", "OutputWeights.*transposed", "att")(
    lambda n: {
        "att": _self_attention({**n.p, "ao": {**n.p["ao"], "w": n.p["ao"]["w"].T.copy()}}, 0.5)
    }
)
_case("inception: branches joined in another order", "inputs in another order|order", "cat")(
    instead("cat", lambda a, b, c: torch.cat([c, b, a], 1))
)
_case("inception: dilation left out", "DilationFactor", "b3b")(
    lambda n: {"b3b": _c(n.p, "b3b", padding=1)}
)
_case("inception: replicated padding read as zeros", "PaddingValue", "stem")(
    lambda n: {"stem": _c(n.p, "stem", padding=1)}
)
_case("inception: average without the padding", "not counted", "pool")(
    instead("pool", lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
)
_case("inception: max pooling in the pooled branch", "max", "pool")(
    instead("pool", lambda x: F.max_pool2d(x, 3, 1, 1))
)
_case("inception: group norm with 4 groups", "NumGroups", "gn")(
    lambda n: {"gn": lambda x: F.group_norm(x, 4) * _v(n.p["gn"]["s"]) + _v(n.p["gn"]["o"])}
)
_case("inception: swish as mish", "mish", "swish")(instead("swish", F.mish))
_case("inception: pooling rounded up on the other side", "(?i)padding|wrong side", "max")(
    instead("max", lambda x: F.max_pool2d(F.pad(x, (0, 0, 1, 0), value=-np.inf), 2, 2))
)
_case("inception: weights of two branches exchanged", "exchanged|parameters of", "b1 bp")(
    lambda n: {"b1": _c(n.p, "bp"), "bp": _c(n.p, "b1")}
)
_case(
    "inception: branch connected to the stem before its activation", "connected|input.*from", "b1"
)(lambda n: {"elu": F.elu, "b1": lambda x: _c(n.p, "b1")(torch.where(x > 0, x, x.log1p()))})
_case("temporal: padding on both sides", "(?i)padding", "c1 c2 c3")(
    lambda n: {f"c{i}": _causal(n.p, f"c{i}", d, d) for i, d in ((1, 1), (2, 2), (3, 4))}
)
_case("temporal: dilation 2 in the third for 4", "Dilation", "c3")(
    lambda n: {"c3": _causal(n.p, "c3", 2)}
)
_case("temporal: kernels flipped in time", "flipped", "c1")(
    lambda n: {"c1": _causal({"c1": {**n.p["c1"], "w": n.p["c1"]["w"][::-1]}}, "c1", 1)}
)
_case("temporal: slope 0.01", "0.01", "r2")(instead("r2", F.leaky_relu))
_case("temporal: skip from the input left out", "left out", "add")(instead("add", lambda a, b: a))
_case("temporal: minimum and maximum exchanged", "exchanged", "in")(
    lambda n: {
        "in": lambda x: (x - _s(n.p["in"]["high"])) / (_s(n.p["in"]["low"]) - _s(n.p["in"]["high"]))
    }
)
_case("temporal: divided by the maximum alone", "Min|maximum|Max", "in")(
    lambda n: {"in": lambda x: x / _s(n.p["in"]["high"])}
)
_case("temporal: tanh left out", "left out", "tanh")(left_out("tanh"))
_case("temporal: a step late", "shifted|later|earlier|step")(
    instead("input", lambda x: torch.cat([torch.zeros_like(x[:, :, :1]), x[:, :, :-1]], 2))
)
_case("superres: torch's pixel_shuffle", "crd", "d2s")(
    instead("d2s", lambda x: F.pixel_shuffle(x, 2))
)
_case("superres: bicubic for bilinear", "bicubic", "resize")(
    instead("resize", lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"))
)
_case("superres: corners aligned", "corners", "resize")(
    instead(
        "resize", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    )
)
_case("superres: one slope for all channels", "Alpha", "prelu")(
    lambda n: {
        "prelu": lambda x: F.prelu(x, torch.tensor([float(n.p["prelu"]["a"].mean())]).double())
    }
)
_case("superres: relu before the sum", "ReLU", "d2s c3")(
    instead("d2s", lambda x: torch.relu(_shuffled(x)))
)
_case("superres: clamped to 0..1 at the end", "clip|clamp", "add Y")(
    instead("output", lambda y: y.clamp(0, 1))
)
_case("superres: resized image subtracted", "subtracted", "add")(instead("add", lambda a, b: a - b))
_case("superres: weights read row-major in the second convolution", "row-major|reshaped", "c2")(
    lambda n: {"c2": _row_major(n.p, "c2", padding=1)}
)
