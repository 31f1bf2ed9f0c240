"""Mistakes in six networks of 9 to 31 layers, which are written a second time in torch by hand.

Each network is a list of layers here and a function of torch's there; the function takes a
dictionary of what is done otherwise, by the name of a layer, and keeps what every layer gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report

from .layer_cases import _gru_steps, _lstm_steps
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

#: What a port does otherwise, by the name of a layer: a function of (x, ...) in its place.
Otherwise = dict[str, Callable[..., Any]]


@dataclass
class Port:
    """The other side: tensors in double, layer by layer."""

    otherwise: Otherwise
    kept: dict[str, Tensor] = field(default_factory=dict)
    #: What is done to every value on its way.
    through: Callable[[Tensor], Tensor] = lambda x: x

    def __call__(self, name: str, function: Callable[..., Tensor], *x: Tensor) -> Tensor:
        """What the layer gives, or what is given in its place."""
        y = self.through(self.otherwise.get(name, function)(*x))
        self.kept[name] = y
        return y


@dataclass(frozen=True)
class Net:
    """Both sides of one network."""

    network: Network
    port: Callable[[Port, Tensor], Tensor]
    #: Parameters in torch's layout, by layer and name.
    p: dict[str, Any]
    X: Array


def _params(random: np.random.Generator, made: str) -> dict[str, Any]:
    """Of ``made``, "c1 conv 3 2 6, n1 bn 6, fc fc 4 6": names, kinds and sizes."""
    found: dict[str, Any] = {}
    for name, kind, *shape in map(str.split, made.split(",")):
        sizes = map(int, shape)
        if kind == "conv":
            k, c, f = sizes
            w = np.asarray(random.normal(size=(k, k, c, f)) / np.sqrt(k * k * c), "f4")
            found[name] = {"w": w, "b": np.asarray(0.3 * random.normal(size=(1, 1, f)), "f4")}
        elif kind == "tconv":
            k, f, c = sizes
            w = np.asarray(random.normal(size=(k, k, f, c)) / np.sqrt(k * c), "f4")
            found[name] = {"w": w, "b": np.asarray(0.3 * random.normal(size=(1, 1, f)), "f4")}
        elif kind == "bn":
            (c,) = sizes
            mean, offset = (np.asarray(0.5 * random.normal(size=(1, 1, c)), "f4") for _ in "mo")
            found[name] = {
                "m": mean,
                "o": offset,
                "v": np.asarray(random.uniform(0.3, 1.5, (1, 1, c)), "f4"),
                "s": np.asarray(random.uniform(0.5, 1.5, (1, 1, c)), "f4"),
            }
        else:
            outputs, inputs = sizes
            w = np.asarray(random.normal(size=(outputs, inputs)) / np.sqrt(inputs), "f4")
            found[name] = {"w": w, "b": np.asarray(0.3 * random.normal(size=(outputs, 1)), "f4")}
    return found


def _c(p: dict[str, Any], name: str, **how: Any) -> Callable[[Tensor], Tensor]:
    return lambda x: F.conv2d(x, filters(p[name]["w"]), vector(p[name]["b"]), **how)


def _bn(p: dict[str, Any], name: str, eps: float = 1e-5) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        m, v, s, o = (vector(p[name][k]) for k in "mvso")
        return F.batch_norm(x, m, v, s, o, False, 0.0, eps)

    return run


def _bn_layer(p: dict[str, Any], name: str) -> Any:
    q = p[name]
    return mc.batchNormalizationLayer(
        TrainedMean=q["m"], TrainedVariance=q["v"], Offset=q["o"], Scale=q["s"], Name=name
    )


def _conv_layer(p: dict[str, Any], name: str, **options: Any) -> Any:
    w = p[name]["w"]
    options = {"Padding": "same", **options}
    return mc.convolution2dLayer(
        w.shape[:2], w.shape[3], Weights=w, Bias=p[name]["b"], Name=name, **options
    )


def _conv_relu(p: dict[str, Any], name: str, relu: str) -> list[Any]:
    return [_conv_layer(p, name), mc.reluLayer(Name=relu)]


def _up_layer(p: dict[str, Any], name: str) -> Any:
    w = p[name]["w"]
    options = {"Stride": 2, "Cropping": "same", "Name": name}
    return mc.transposedConv2dLayer(
        w.shape[:2], w.shape[2], Weights=w, Bias=p[name]["b"], **options
    )


def _t(p: dict[str, Any], name: str, crop: Any = (0, 1), **more: Any) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        q = {**p[name], **more}
        y = F.conv_transpose2d(x, filters(q["w"]), vector(q["b"]), stride=2)
        a, b = crop
        return y[:, :, a : y.shape[2] - b, a : y.shape[3] - b]

    return run


# --- U-Net ------------------------------------------------------------------------------


def unet(smooth: bool, seed: int) -> Net:
    """Two levels, 20 layers."""
    random = generator(seed + 2)
    made = "e1 conv 3 2 6, e2 conv 3 6 8, mid conv 3 8 8, up2 tconv 3 8 8, d2 conv 3 16 6"
    p = _params(random, f"{made}, up1 tconv 3 6 6, d1 conv 3 12 6, out conv 1 6 2")
    mean = np.asarray([0.3, 0.4], "f4").reshape(1, 1, 2)
    layers = [
        mc.imageInputLayer((16, 12, 2), Normalization="zerocenter", Mean=mean, Name="in"),
        *_conv_relu(p, "e1", "r1"),
        mc.maxPooling2dLayer(2, Stride=2, Name="pool1"),
        *_conv_relu(p, "e2", "r2"),
        mc.maxPooling2dLayer(2, Stride=2, Name="pool2"),
        *_conv_relu(p, "mid", "r3"),
        _up_layer(p, "up2"),
        mc.depthConcatenationLayer(2, Name="cat2"),
        *_conv_relu(p, "d2", "r4"),
        _up_layer(p, "up1"),
        mc.depthConcatenationLayer(2, Name="cat1"),
        *_conv_relu(p, "d1", "r5"),
        _conv_layer(p, "out"),
    ]
    names = [layer.Name for layer in layers]
    links = [(a, b) for a, b in pairwise(names) if not b.startswith("cat")]
    links += [("up2", "cat2/in1"), ("r2", "cat2/in2"), ("up1", "cat1/in1"), ("r1", "cat1/in2")]
    cat = lambda a, b: torch.cat([a, b], 1)  # noqa: E731

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: x - vector(mean).reshape(1, -1, 1, 1), x)
        r1 = at("r1", torch.relu, at("e1", _c(p, "e1", padding=1), x))
        x = at("pool1", lambda x: F.max_pool2d(x, 2), r1)
        r2 = at("r2", torch.relu, at("e2", _c(p, "e2", padding=1), x))
        x = at("pool2", lambda x: F.max_pool2d(x, 2), r2)
        x = at("r3", torch.relu, at("mid", _c(p, "mid", padding=1), x))
        x = at("cat2", cat, at("up2", _t(p, "up2"), x), r2)
        x = at("r4", torch.relu, at("d2", _c(p, "d2", padding=1), x))
        x = at("cat1", cat, at("up1", _t(p, "up1"), x), r1)
        x = at("r5", torch.relu, at("d1", _c(p, "d1", padding=1), x))
        return at("out", _c(p, "out"), x)

    return Net(Network(layers, links), port, p, images(smooth, seed, 16, 12, 2, 2))


# --- classifier -------------------------------------------------------------------------


def classifier(smooth: bool, seed: int) -> Net:
    """z-score, stride 2, batch normalization, depthwise, local response, dropout, softmax."""
    random = generator(seed + 3)
    p = _params(
        random, "c1 conv 3 3 8, bn1 bn 8, c2 conv 3 8 8, bn2 bn 8, fc1 fc 20 160, fc2 fc 7 20"
    )
    dw = numbers(random, 3, 3, 1, 1, 8)
    db = numbers(random, 1, 1, 1, 8)
    p["dw"] = {"w": dw, "b": db}
    mean = np.asarray([0.3, 0.5, 0.4], "f4").reshape(1, 1, 3)
    deviation = np.asarray([0.2, 0.35, 0.25], "f4").reshape(1, 1, 3)
    p["in"] = {"m": mean, "d": deviation}
    layers = [
        mc.imageInputLayer(
            (16, 16, 3), Normalization="zscore", Mean=mean, StandardDeviation=deviation, Name="in"
        ),
        _conv_layer(p, "c1", Stride=2),
        _bn_layer(p, "bn1"),
        mc.reluLayer(Name="r1"),
        mc.groupedConvolution2dLayer(
            3, 1, "channel-wise", Padding="same", Weights=dw, Bias=db, Name="dw"
        ),
        mc.leakyReluLayer(0.2, Name="leaky"),
        mc.crossChannelNormalizationLayer(5, Alpha=0.3, K=2, Name="lrn"),
        _conv_layer(p, "c2"),
        _bn_layer(p, "bn2"),
        mc.reluLayer(Name="r2"),
        mc.maxPooling2dLayer((2, 2), Stride=(2, 2), Padding=(0, 0, 1, 1), Name="pool"),
        mc.fullyConnectedLayer(20, Weights=p["fc1"]["w"], Bias=p["fc1"]["b"], Name="fc1"),
        mc.reluLayer(Name="r3"),
        mc.dropoutLayer(0.3, Name="drop"),
        mc.fullyConnectedLayer(7, Weights=p["fc2"]["w"], Bias=p["fc2"]["b"], Name="fc2"),
        mc.softmaxLayer(Name="sm"),
    ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: (x - _v(mean)) / _v(deviation), x)
        x = at("c1", lambda x: _c(p, "c1", stride=2)(F.pad(x, (0, 1, 0, 1))), x)
        x = at("bn1", _bn(p, "bn1"), x)
        x = at("r1", torch.relu, x)
        x = at("dw", lambda x: F.conv2d(x, _dw(dw), vector(db), padding=1, groups=8), x)
        x = at("leaky", lambda x: F.leaky_relu(x, 0.2), x)
        x = at("lrn", lambda x: F.local_response_norm(x, 5, 0.3, 0.75, 2.0), x)
        x = at("c2", _c(p, "c2", padding=1), x)
        x = at("bn2", _bn(p, "bn2"), x)
        x = at("r2", torch.relu, x)
        x = at("pool", lambda x: F.max_pool2d(F.pad(x, (1, 1, 0, 0), value=-np.inf), 2, 2), x)
        x = at("fc1", lambda x: _fc(p, "fc1")(x.permute(0, 1, 3, 2).flatten(1)), x)
        x = at("r3", torch.relu, x)
        x = at("drop", lambda x: x, x)
        x = at("fc2", _fc(p, "fc2"), x)
        return at("sm", lambda x: x.softmax(1), x)

    return Net(Network(layers), port, p, images(smooth, seed, 16, 16, 3, 6))


def _v(value: Array) -> Tensor:
    return vector(value).reshape(1, -1, 1, 1)


def _dw(w: Array) -> Tensor:
    return torch.from_numpy(w.transpose(4, 3, 2, 0, 1).reshape(-1, 1, 3, 3).copy()).double()


def _fc(p: dict[str, Any], name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: F.linear(x, torch.from_numpy(p[name]["w"]).double(), vector(p[name]["b"]))


# --- residual ---------------------------------------------------------------------------


def residual(smooth: bool, seed: int) -> Net:
    """A stem, two blocks, global pooling and a fully connected layer; rescaled to -1..1."""
    random = generator(seed + 4)
    blocks = [f"{b}c{i} conv 3 6 6, {b}n{i} bn 6" for b in "ab" for i in "12"]
    p = _params(random, ", ".join(["stem conv 3 3 6, fc fc 12 6", *blocks]))
    low = np.asarray([-3, -2.5, -3.5], "f4").reshape(1, 1, 3)
    high = -low + np.float32(0.5)
    layers = [
        mc.imageInputLayer(
            (10, 12, 3), Normalization="rescale-symmetric", Min=low, Max=high, Name="in"
        ),
        *_conv_relu(p, "stem", "r0"),
    ]
    for block in "ab":
        layers += [
            _conv_layer(p, f"{block}c1"),
            _bn_layer(p, f"{block}n1"),
            mc.reluLayer(Name=f"{block}r1"),
            _conv_layer(p, f"{block}c2"),
            _bn_layer(p, f"{block}n2"),
            mc.additionLayer(2, Name=f"{block}add"),
            mc.reluLayer(Name=f"{block}r2"),
        ]
    layers += [
        mc.globalAveragePooling2dLayer(Name="gap"),
        mc.fullyConnectedLayer(12, Weights=p["fc"]["w"], Bias=p["fc"]["b"], Name="fc"),
    ]
    names = [layer.Name for layer in layers]
    links = [(a, b) for a, b in pairwise(names) if not b.endswith("add")]
    for block, skip in (("a", "r0"), ("b", "ar2")):
        links += [(f"{block}n2", f"{block}add/in1"), (skip, f"{block}add/in2")]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: 2 * (x - _v(low)) / (_v(high) - _v(low)) - 1, x)
        x = at("r0", torch.relu, at("stem", _c(p, "stem", padding=1), x))
        stem = x
        for block in "ab":
            skip = x
            for i in "12":
                x = at(f"{block}c{i}", _c(p, f"{block}c{i}", padding=1), x)
                x = at(f"{block}n{i}", _bn(p, f"{block}n{i}"), x)
                if i == "1":
                    x = at(f"{block}r1", torch.relu, x)
            x = at(f"{block}add", lambda a, b, _: a + b, x, skip, stem)
            x = at(f"{block}r2", torch.relu, x)
        x = at("gap", lambda x: x.mean((2, 3), keepdim=True), x)
        return at("fc", lambda x: _fc(p, "fc")(x.flatten(1)), x)

    return Net(Network(layers, links), port, p, images(smooth, seed, 10, 12, 3, 3))


# --- sequence ---------------------------------------------------------------------------


def sequence(smooth: bool, seed: int) -> Net:
    """z-score, LSTM, dropout, BiLSTM, GRU, fully connected."""
    random = generator(seed + 5)

    def rows(n: int, *sizes: int) -> list[Array]:
        return [np.asarray(random.normal(size=(n, m)) * 0.6, "f4") for m in sizes]

    (lw, lr, lb), (bw, br, bb), (gw, gr, gb) = (
        rows(24, 4, 6, 1),
        rows(40, 6, 5, 1),
        rows(18, 10, 6, 1),
    )
    p = _params(random, "fc fc 3 6")
    mean = np.asarray([[0.2], [-0.1], [0.4], [0.0]], "f4")
    deviation = np.asarray([[1.3], [0.8], [1.1], [0.6]], "f4")
    p |= {
        "lstm": (lw, lr, lb),
        "bi": (bw, br, bb),
        "gru": (gw, gr, gb),
        "in": {"m": mean, "d": deviation},
    }

    def layer(make: Any, hidden: int, weights: Any, name: str) -> Any:
        w, r, b = weights
        return make(hidden, InputWeights=w, RecurrentWeights=r, Bias=b, Name=name)

    layers = [
        mc.sequenceInputLayer(
            4, Normalization="zscore", Mean=mean, StandardDeviation=deviation, Name="in"
        ),
        layer(mc.lstmLayer, 6, p["lstm"], "lstm"),
        mc.dropoutLayer(0.2, Name="drop"),
        layer(mc.bilstmLayer, 5, p["bi"], "bi"),
        mc.tanhLayer(Name="tanh"),
        layer(mc.gruLayer, 6, p["gru"], "gru"),
        mc.fullyConnectedLayer(3, Weights=p["fc"]["w"], Bias=p["fc"]["b"], Name="fc"),
    ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: (x - _s(mean)) / _s(deviation), x)
        x = at("lstm", lambda x: _lstm_steps(x, *_d(p["lstm"])), x)
        x = at("drop", lambda x: x, x)
        x = at("bi", lambda x: _bi(x, p["bi"]), x)
        x = at("tanh", torch.tanh, x)
        x = at("gru", lambda x: _gru_steps(x, *_d(p["gru"])), x)
        return at("fc", lambda x: _fc(p, "fc")(x.transpose(1, 2)).transpose(1, 2), x)

    return Net(Network(layers), port, p, images(smooth, seed, 4, 2, 11))


def _s(value: Array) -> Tensor:
    return vector(value).reshape(1, -1, 1)


def _d(weights: Any) -> list[Tensor]:
    w, r, b = weights
    return [torch.from_numpy(w).double(), torch.from_numpy(r).double(), vector(b)]


def _bi(x: Tensor, weights: Any, **how: Any) -> Tensor:
    parts = [[v.chunk(2)[i] for v in _d(weights)] for i in (0, 1)]
    forward = _lstm_steps(x, *parts[0], **how)
    return torch.cat([forward, _lstm_steps(x.flip(2), *parts[1], **how).flip(2)], 1)


# --- resize and normalization -----------------------------------------------------------


def upscaler(smooth: bool, seed: int) -> Net:
    """Asymmetric padding, layer normalization, GELU, ELU, resize."""
    random = generator(seed + 6)
    p = _params(random, "c1 conv 3 2 6, c2 conv 3 6 6, c3 conv 1 6 2")
    offset, scale = (np.asarray(random.normal(size=(1, 1, 6)), "f4") for _ in "os")
    layers = [
        mc.imageInputLayer((9, 8, 2), Normalization="none", Name="in"),
        _conv_layer(p, "c1", Padding=(2, 0, 1, 1)),
        mc.layerNormalizationLayer(Offset=offset, Scale=scale, Name="ln"),
        mc.geluLayer(Name="gelu"),
        mc.resize2dLayer(Scale=2, Method="bilinear", Name="resize"),
        _conv_layer(p, "c2"),
        mc.eluLayer(0.7, Name="elu"),
        mc.resize2dLayer(OutputSize=(24, 20), Method="nearest", Name="near"),
        _conv_layer(p, "c3"),
    ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: x, x)
        x = at("c1", lambda x: _c(p, "c1")(F.pad(x, (1, 1, 2, 0))), x)
        x = at("ln", lambda x: _ln(x) * _v(scale) + _v(offset), x)
        x = at("gelu", F.gelu, x)
        x = at("resize", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), x)
        x = at("c2", _c(p, "c2", padding=1), x)
        x = at("elu", lambda x: F.elu(x, 0.7), x)
        x = at("near", lambda x: F.interpolate(x, size=(24, 20), mode="nearest-exact"), x)
        return at("c3", _c(p, "c3"), x)

    p["ln"] = {"s": scale, "o": offset}
    return Net(Network(layers), port, p, images(smooth, seed, 9, 8, 2, 2))


def _ln(x: Tensor, eps: float = 1e-5) -> Tensor:
    over = (1, 2, 3)
    return (x - x.mean(over, keepdim=True)) / (
        x.var(over, keepdim=True, unbiased=False) + eps
    ).sqrt()


# --- plain stack ------------------------------------------------------------------------


def deep(smooth: bool, seed: int, blocks: int = 10) -> Net:
    """31 layers: ten times convolution, batch normalization, leaky ReLU."""
    random = generator(seed + 7)
    made = [f"c{i} conv 3 {3 if i == 1 else 5} 5, n{i} bn 5" for i in range(1, blocks + 1)]
    p = _params(random, ", ".join(made))
    layers: list[Any] = [mc.imageInputLayer((8, 9, 3), Normalization="none", Name="in")]
    for i in range(1, blocks + 1):
        layers += [
            _conv_layer(p, f"c{i}"),
            _bn_layer(p, f"n{i}"),
            mc.leakyReluLayer(0.1, Name=f"l{i}"),
        ]

    def port(at: Port, x: Tensor) -> Tensor:
        x = at("in", lambda x: x, x)
        for i in range(1, blocks + 1):
            x = at(f"c{i}", _c(p, f"c{i}", padding=1), x)
            x = at(f"n{i}", _bn(p, f"n{i}"), x)
            x = at(f"l{i}", lambda x: F.leaky_relu(x, 0.1), x)
        return x

    return Net(Network(layers), port, p, images(smooth, seed, 8, 9, 3, 2))


NETS = {
    "unet": unet,
    "class": classifier,
    "res": residual,
    "seq": sequence,
    "up": upscaler,
    "deep": deep,
}

# --- mistakes ---------------------------------------------------------------------------

#: What is done otherwise in layers; and what is done to the network's input ("input"), to its
#: output ("output", or "saved" for the array that is saved of it) or to every value ("through").
Mistake = Callable[[Net], Otherwise]


def adding(
    table: Table, nets: Callable[[str, Data], Net]
) -> Callable[..., Callable[[Mistake], None]]:
    """What adds a mistake in a network: ``add(kind, right, where)(mistake)``, see :class:`Table`.

    The kind begins with the name of the network: "unet: ...".
    """

    def add(kind: str, right: str, where: str = "") -> Callable[[Mistake], None]:
        def of(make: Mistake) -> None:
            def made(data: Data) -> Report:
                net = nets(kind.partition(":")[0], data)
                return verified(net, make(net), data.saved)

            table.add(kind, right, where, made)

        return of

    return add


def instead(names: str, function: Callable[..., Any]) -> Mistake:
    """The function in the place of each of these layers, or of "input" or "saved"."""
    return lambda _: dict.fromkeys(names.split(), function)


def left_out(names: str) -> Mistake:
    """These layers give what they are given."""
    return instead(names, lambda x: x)


_TABLE = Table("networks", saved=(False, True))
_case = adding(_TABLE, lambda name, data: NETS[name](data.smooth, data.seed))
cases = _TABLE.cases


def _flip(p: Any, name: str, **how: Any) -> Callable[[Tensor], Tensor]:
    return lambda x: F.conv2d(x, filters(p[name]["w"]).flip(2, 3), vector(p[name]["b"]), **how)


def _turn(p: Any, name: str, **how: Any) -> Callable[[Tensor], Tensor]:
    w = p[name]["w"].swapaxes(0, 1)
    return lambda x: F.conv2d(x, filters(w), vector(p[name]["b"]), **how)


def _idiom(p: Any, name: str) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        w, b = filters(p[name]["w"]), vector(p[name]["b"])
        return F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1)

    return run


def _convs(net: Net) -> list[str]:
    return [
        layer.Name for layer in net.network.Layers if type(layer).__name__ == "Convolution2DLayer"
    ]


def _exchanged(net: Net, a: str, b: str, **how: Any) -> Otherwise:
    return {a: _c(net.p, b, **how), b: _c(net.p, a, **how)}


_case("unet: tconv h/w exchanged, last one", "height and width exchanged", "up1")(
    lambda n: {"up1": _t(n.p, "up1", w=n.p["up1"]["w"].swapaxes(0, 1))}
)
_case(
    "unet: tconv F/C exchanged",
    "filters and channels exchanged|transposed: its (filters|channels)",
    "up1",
)(lambda n: {"up1": _t(n.p, "up1", w=n.p["up1"]["w"].swapaxes(2, 3))})
_case("unet: tconv bias left out", "bias missing", "up2")(
    lambda n: {"up2": _t(n.p, "up2", b=0 * n.p["up2"]["b"])}
)
_case("unet: tconv bias twice", "bias doubled", "up2")(
    lambda n: {"up2": _t(n.p, "up2", b=2 * n.p["up2"]["b"])}
)
_case("unet: all tconv output_padding idiom", "cropped on the wrong side")(
    lambda n: {name: _idiom(n.p, name) for name in ("up1", "up2")}
)
_case("unet: all convolutions flipped", "kernel flipped")(
    lambda n: {name: _flip(n.p, name, padding=0 if name == "out" else 1) for name in _convs(n)}
)
_case("unet: ReLU after the last layer", "activation too many|negative values cut|ReLU", "out Y")(
    instead("output", torch.relu)
)
_case("unet: max pool as average", "average pooling")(
    lambda n: {name: lambda x: F.avg_pool2d(x, 2) for name in ("pool1", "pool2")}
)
_case("unet: computed in half", "half")(instead("through", lambda x: x.half().double()))
_case("unet: weights exported with 4 decimals", "4 decimals")(
    lambda n: {
        **{
            name: (
                lambda x, name=name: F.conv2d(
                    x,
                    filters(np.round(n.p[name]["w"], 4)),
                    vector(np.round(n.p[name]["b"], 4)),
                    padding=0 if name == "out" else 1,
                )
            )
            for name in _convs(n)
        },
        **{
            name: _t(n.p, name, w=np.round(n.p[name]["w"], 4), b=np.round(n.p[name]["b"], 4))
            for name in ("up1", "up2")
        },
    }
)
_case(
    "unet: output transposed by row-major writing",
    "row-major|memory order|height and width exchanged|permuted|reversed",
)(instead("saved", lambda y: y.ravel(order="C").reshape(y.shape, order="F")))
_case("unet: output standardization not undone", "scale and offset|standard")(
    instead("saved", lambda y: (y - np.float32(0.4)) / np.float32(1.7))
)
_case("unet: convolution padded by reflection", "symmetric-exclude-edge|reflect", "e2")(
    lambda n: {"e2": lambda x: _c(n.p, "e2")(F.pad(x, (1, 1, 1, 1), mode="reflect"))}
)
_case(
    "unet: two: concat exchanged and tconv idiom (two at once)",
    "inputs in another order|cropped on the wrong side",
    "cat1 up2 up1",
)(lambda n: {"cat1": lambda a, b: torch.cat([b, a], 1), "up2": _idiom(n.p, "up2")})
_case("class: flattened C,H,W", "CHW", "fc1")(
    lambda n: {"fc1": lambda x: _fc(n.p, "fc1")(x.flatten(1))}
)
_case("class: conv stride 2 same, torch padding", "padded on the wrong side", "c1")(
    lambda n: {"c1": _c(n.p, "c1", stride=2, padding=1)}
)


def _batch(n: Net, name: str, eps: float = 1e-5) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        s, o = vector(n.p[name]["s"]), vector(n.p[name]["o"])
        return F.batch_norm(x, None, None, s, o, True, 0.1, eps)

    return run


_case("class: batch norm statistics of the batch", "batch statistics")(
    lambda n: {name: _batch(n, name) for name in ("bn1", "bn2")}
)


def _moved(n: Net) -> Otherwise:
    """A pass in training first, which moves the statistics."""
    at = Port({name: _batch(n, name) for name in ("bn1", "bn2")})
    n.port(at, tensor(n.X))
    found: Otherwise = {}
    for name, before in (("bn1", "c1"), ("bn2", "c2")):
        x = at.kept[before]
        m, v = (vector(n.p[name][k]) for k in "mv")
        m = 0.9 * m + 0.1 * x.mean((0, 2, 3))
        v = 0.9 * v + 0.1 * x.var((0, 2, 3))
        s, o = (vector(n.p[name][k]) for k in "so")
        found[name] = lambda x, m=m, v=v, s=s, o=o: F.batch_norm(x, m, v, s, o, False, 0.0, 1e-5)
    return found


_case("class: batch norm running statistics moved", "statistics moved")(_moved)
_case("class: batch norm after the ReLU", "another order|before", "bn1 r1")(
    lambda n: {"bn1": torch.relu, "r1": _bn(n.p, "bn1")}
)


def _unscaled(n: Net) -> Otherwise:
    s, v, m, o = (_v(n.p["bn2"][k]) for k in "svmo")
    b = _v(n.p["c2"]["b"])
    factor = s / (v + 1e-5).sqrt()
    return {"bn2": lambda x: (x - b) * factor + b + o - m * factor}


_case("class: batch norm folded, bias not scaled", "folded", "bn2 c2")(_unscaled)
_case("class: input / 255, no normalization", "divided by 255", "in")(
    instead("in", lambda x: x / 255)
)
_case("class: normalization left out", "normalization missing|normalization of the input", "in")(
    left_out("in")
)
_case("class: z-score divides by the variance", "StandardDeviation.*squared", "in")(
    lambda n: {"in": lambda x: (x - _v(n.p["in"]["m"])) / _v(n.p["in"]["d"]) ** 2}
)
_case("class: z-score with the other ddof", "another deviation", "in")(
    lambda n: {"in": lambda x: (x - _v(n.p["in"]["m"])) / (_v(n.p["in"]["d"]) * np.sqrt(50 / 49))}
)
_case("class: only the standard deviation divided", "Mean missing|mean", "in")(
    lambda n: {"in": lambda x: x / _v(n.p["in"]["d"])}
)
_case("class: image transposed in", "height and width exchanged", "in")(
    instead("input", lambda x: x.transpose(2, 3))
)


def _own(n: Net) -> Otherwise:
    return {
        "in": lambda x: (
            (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True, unbiased=False)
        )
    }


_case("class: own statistics of the image", "own", "in")(_own)
_case("class: leaky slope 0.01", "Scale 0.01|slope 0.01", "leaky")(
    instead("leaky", lambda x: F.leaky_relu(x, 0.01))
)
_case("class: lrn K 1", "K 1", "lrn")(
    instead("lrn", lambda x: F.local_response_norm(x, 5, 0.3, 0.75, 1.0))
)
_case("class: lrn left out", "left out", "lrn")(left_out("lrn"))
_case("class: depthwise filters in the other order", "Weights.*(reverse|flipped)", "dw")(
    lambda n: {
        "dw": lambda x: F.conv2d(
            x, _dw(n.p["dw"]["w"]).flip(0), vector(n.p["dw"]["b"]), padding=1, groups=8
        )
    }
)


def _drop(p: float) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        kept = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) > p
        return x * kept / (1 - p)

    return run


_case("class: dropout on", "dropout", "drop")(instead("drop", _drop(0.3)))
_case("class: log softmax", "log softmax")(instead("sm", lambda x: x.log_softmax(1)))
_case("class: two: mean left out and BGR (two at once)", "Mean|BGR|mean", "in")(
    lambda n: {"in": lambda x: x / _v(n.p["in"]["d"]), "input": lambda x: x.flip(1)}
)
_case("class: two: flattening and epsilon (two at once)", "CHW|epsilon", "fc1 bn")(
    lambda n: {
        "fc1": lambda x: _fc(n.p, "fc1")(x.flatten(1)),
        "bn1": _bn(n.p, "bn1", 1e-3),
        "bn2": _bn(n.p, "bn2", 1e-3),
    }
)
_case("res: skip connection left out", "input left out", "badd")(instead("badd", lambda a, b, _: a))
_case("res: skip subtracted", "subtracted", "aadd")(instead("aadd", lambda a, b, _: a - b))
_case("res: skip taken from the stem for the second block", "connected to another layer", "badd")(
    instead("badd", lambda a, b, stem: a + stem)
)
_case("res: residual scaled by 0.1", "input scaled", "aadd")(
    instead("aadd", lambda a, b, _: 0.1 * a + b)
)
_case("res: rescaled to 0..1 for -1..1", "rescale|scaled", "in")(
    lambda n: {"in": lambda x: _zero_one(n, x)}
)


def _zero_one(n: Net, x: Tensor) -> Tensor:
    low, high = (vector(n.network.layer("in").values[k]) for k in ("Min", "Max"))
    low, high = (v.reshape(1, -1, 1, 1) for v in (low, high))
    return (x - low) / (high - low)


_case(
    "res: weights of two equal layers exchanged",
    "parameters exchanged|exchanged, or used twice",
    "ac1 bc1",
)(lambda n: _exchanged(n, "ac1", "bc1", padding=1))
_case(
    "res: batch norms of two layers exchanged",
    "parameters exchanged|exchanged, or used twice",
    "an1 an2",
)(lambda n: {"an1": _bn(n.p, "an2"), "an2": _bn(n.p, "an1")})
_case("res: weights of a layer used twice", "parameters of another layer|used twice", "bc2")(
    lambda n: {"bc2": _c(n.p, "bc1", padding=1)}
)
_case("res: all batch norms epsilon 1e-3", "epsilon")(
    lambda n: {name: _bn(n.p, name, 1e-3) for name in ("an1", "an2", "bn1", "bn2")}
)
_case("res: global max for average", "max", "gap")(instead("gap", lambda x: x.amax((2, 3), True)))
_case("res: kernels h/w exchanged everywhere", "height and width exchanged")(
    lambda n: {name: _turn(n.p, name, padding=1) for name in _convs(n)}
)
_case("res: conv bias left out before batch norm", "bias missing", "ac2")(
    lambda n: {"ac2": lambda x: F.conv2d(x, filters(n.p["ac2"]["w"]), padding=1)}
)
_case("res: fc bias twice", "bias doubled", "fc")(
    lambda n: {"fc": lambda x: _fc(n.p, "fc")(x.flatten(1)) + vector(n.p["fc"]["b"])}
)
_case("res: leaky ReLU for ReLU", "leaky ReLU")(
    lambda n: {name: lambda x: F.leaky_relu(x, 0.01) for name in ("r0", "ar1", "ar2", "br1", "br2")}
)
_case("res: two: rescale and batch norm epsilon (two at once)", "rescale|scaled|epsilon")(
    lambda n: {
        "in": lambda x: _zero_one(n, x),
        **{name: _bn(n.p, name, 1e-3) for name in ("an1", "an2", "bn1", "bn2")},
    }
)
_case("res: two: ReLU left out, skip left out (two at once)", "left out", "ar1 badd")(
    lambda n: {"ar1": lambda x: x, "badd": lambda a, b, _: a}
)
_case("seq: lstm gate order ONNX", "ONNX", "lstm")(
    lambda n: {"lstm": lambda x: _lstm_steps(x, *_d(n.p["lstm"]), order="iofg")}
)
_case("seq: lstm bias twice", "bias doubled", "lstm")(
    lambda n: {"lstm": lambda x: _lstm_steps(x, *_d(n.p["lstm"])[:2], 2 * _d(n.p["lstm"])[2])}
)
_case("seq: bilstm gate order", "gates in another order", "bi")(
    lambda n: {"bi": lambda x: _bi(x, n.p["bi"], order="igfo")}
)
_case("seq: gru update gate the other way", "update gate", "gru")(
    lambda n: {"gru": lambda x: _gru_steps(x, *_d(n.p["gru"]), turned=True)}
)
_case("seq: normalization left out", "normalization missing|normalization of the input", "in")(
    left_out("in")
)
_case("seq: z-score ddof", "another deviation", "in")(
    lambda n: {"in": lambda x: (x - _s(n.p["in"]["m"])) / (_s(n.p["in"]["d"]) * np.sqrt(30 / 29))}
)
_case("seq: dropout on", "dropout", "drop")(instead("drop", _drop(0.2)))
_case("up: resize asymmetric", "asymmetric", "resize near")(
    instead("near", lambda x: F.interpolate(x, size=(24, 20), mode="nearest"))
)
_case("up: conv padding [t b l r] as l r t b", "Padding", "c1")(
    lambda n: {"c1": lambda x: _c(n.p, "c1")(F.pad(x, (2, 0, 1, 1)))}
)
_case("up: layer norm epsilon 1e-3", "epsilon", "ln")(
    lambda n: {"ln": lambda x: _ln(x, 1e-3) * _v(n.p["ln"]["s"]) + _v(n.p["ln"]["o"])}
)
_case("up: gelu tanh", "tanh", "gelu")(instead("gelu", lambda x: F.gelu(x, approximate="tanh")))
_case("up: elu alpha 1", "Alpha 1|alpha 1", "elu")(instead("elu", F.elu))
_case("deep: kernel flipped in layer 5", "kernel flipped", "c5")(
    lambda n: {"c5": _flip(n.p, "c5", padding=1)}
)
_case("deep: epsilon in layer 7", "epsilon", "n7")(lambda n: {"n7": _bn(n.p, "n7", 1e-3)})
_case(
    "deep: weights of layers 2 and 8 exchanged",
    "parameters exchanged|exchanged, or used twice",
    "c2 c8",
)(lambda n: _exchanged(n, "c2", "c8", padding=1))
_case("deep: bias left out everywhere", "bias missing")(
    lambda n: {
        name: lambda x, name=name: F.conv2d(x, filters(n.p[name]["w"]), padding=1)
        for name in _convs(n)
    }
)
_case("deep: BGR", "BGR", "in")(instead("input", lambda x: x.flip(1)))
_case("deep: input * 1/255", "255", "in")(instead("input", lambda x: x / 255))


def verified(net: Net, made: Otherwise, saved: bool) -> Report:
    """The report on what a port with the mistake gives, with or without activations."""
    own = dict(made)
    given, output = own.pop("input", lambda x: x), own.pop("output", lambda y: y)
    writing = own.pop("saved", lambda y: y)
    at = Port(own, through=own.pop("through", lambda x: x))
    y = output(net.port(at, given(tensor(net.X))))
    last = list(at.kept)[-1]
    is_image = net.X.ndim == 4
    right = array(y).T if y.ndim == 2 else _activation(y, is_image)
    result = np.asarray(writing(right), np.float32)
    activations = {}
    if saved:
        activations = {name: _activation(v, is_image) for name, v in {**at.kept, last: y}.items()}
    X = net.X.transpose(0, 2, 1) if net.X.ndim == 3 else net.X
    return verify_network(net.network, [X], {"Y": result}, activations=activations)


def _activation(value: Tensor, is_image: bool) -> Array:
    """As ``activations`` gives it: features are 1×1×C×N (C×N of sequences), sequences C×T×N."""
    if value.ndim == 2:
        return array(value)[np.newaxis, np.newaxis] if is_image else array(value)
    return array(value).transpose(0, 2, 1) if value.ndim == 3 else array(value)
