"""Mistakes in ports of real networks: digits, CIFAR, super-resolution, an LSTM.

The files lie beside the project (``../shared/real``); where they are not, there are no cases.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import converters
from matlab_compat.network import Network

from .layer_cases import _hard, _lstm_steps
from .network_cases import Mistake, Net, Port, adding, instead, left_out
from .seeded import Array, Case, Table, Tensor, filters, images, tensor, vector

REAL = Path(__file__).parents[3] / "shared" / "real"
FILES = {
    "chunter": "chunter18__CNN-Layers-HLS/matlab__net.mat",
    "cifar": "airtonchagas__deep-learning-cifar-10/net.mat",
    "fsrcnn": "Ryo-Onishi-japan__CNN-based_OFDM_Chaneel_Estimation/model__FSRCNN_Pos1_RB20.mat",
    "fenn": "yaotianhua0924__FENN/LSTM.mat",
}


@cache
def _network(name: str) -> Network:
    with warnings.catch_warnings(action="ignore"):
        found = converters.load(REAL / FILES[name], "net" if name == "fenn" else None)
    assert isinstance(found, Network)
    return found


def _wb(net: Network, name: str) -> tuple[Array, Array]:
    layer = net.layer(name)
    return layer.values["Weights"], layer.values["Bias"]


def _conv(net: Network, name: str, w: Array | None = None, b: Array | None = None) -> Any:
    W, B = _wb(net, name)
    weight, bias = filters(W if w is None else w), vector(B if b is None else b)
    pad = weight.shape[2] // 2
    return lambda x: F.conv2d(x, weight, bias, padding=(pad, weight.shape[3] // 2))


def _norm(net: Network, name: str) -> Any:
    v = net.layer(name).values
    return [vector(v[k]) for k in ("TrainedMean", "TrainedVariance", "Scale", "Offset")]


def _full(net: Network, name: str, order: tuple[int, ...] = (0, 1, 3, 2), bias: float = 1) -> Any:
    W, B = _wb(net, name)
    weight, b = torch.from_numpy(np.ascontiguousarray(W)).double(), bias * vector(B)

    def run(x: Tensor) -> Tensor:
        flat = x.permute(order).flatten(1) if x.ndim == 4 else x
        return F.linear(flat, weight, b)

    return run


def _mean(net: Network, name: str) -> Tensor:
    return tensor(net.layer(name).values["Mean"][..., np.newaxis])


def _up(net: Network, w: Array | None = None, bias: float = 1) -> Any:
    W, B = _wb(net, "transposed-conv")
    weight = filters(W if w is None else w)

    def run(x: Tensor) -> Tensor:
        y = F.conv_transpose2d(x, weight, bias * vector(B), stride=(2, 7))
        return y[:, :, 3 : y.shape[2] - 3, 1 : y.shape[3] - 1]

    return run


def _right(name: str) -> dict[str, Callable[..., Tensor]]:
    """What every layer does, in order."""
    net = _network(name)
    found: dict[str, Callable[..., Tensor]] = {}
    for layer in net.Layers:
        kind, at = type(layer).__name__, layer.Name
        if kind == "ImageInputLayer":
            plain = layer.values["Normalization"] == "none"
            mean = None if plain else _mean(net, at)
            found[at] = lambda x, mean=mean: x if mean is None else x - mean
        elif kind == "SequenceInputLayer":
            found[at] = lambda x: x
        elif kind == "Convolution2DLayer":
            found[at] = _conv(net, at)
        elif kind == "BatchNormalizationLayer":
            m, v, s, o = _norm(net, at)
            epsilon = layer.values["Epsilon"]
            found[at] = partial(
                F.batch_norm, running_mean=m, running_var=v, weight=s, bias=o, eps=epsilon
            )
        elif kind == "ReLULayer":
            found[at] = torch.relu
        elif "Pooling" in kind:
            pool = F.max_pool2d if "Max" in kind else F.avg_pool2d
            size, stride = layer.values["PoolSize"], layer.values["Stride"]
            found[at] = lambda x, pool=pool, k=size, s=stride: pool(x, k, s)
        elif kind == "FullyConnectedLayer":
            full = _full(net, at)
            sequence = name == "fenn"
            found[at] = (
                (lambda x, f=full: f(x.transpose(1, 2)).transpose(1, 2)) if sequence else full
            )
        elif kind == "SoftmaxLayer":
            found[at] = lambda x: x.softmax(1)
        elif kind == "TransposedConvolution2DLayer":
            found[at] = _up(net)
        elif kind == "LSTMLayer":
            found[at] = _lstm(net)
    return found


def _lstm(net: Network, bias: float = 1, **how: Any) -> Callable[[Tensor], Tensor]:
    v = net.layer("lstm").values
    w, r = (
        torch.from_numpy(np.ascontiguousarray(v[f"{k}Weights"])).double()
        for k in ("Input", "Recurrent")
    )
    states = [
        torch.from_numpy(np.ascontiguousarray(v[f"{k}State"].T)).double()
        for k in ("Hidden", "Cell")
        if v[f"{k}State"].size
    ]
    return lambda x: _lstm_steps(x, w, r, bias * vector(v["Bias"]), *states, **how)


_SIZES = {
    "chunter": (28, 28, 1, 3),
    "cifar": (32, 32, 3, 2),
    "fsrcnn": (120, 2, 1, 1),
    "fenn": (1, 1, 40),
}


def _net(name: str, smooth: bool, seed: int) -> Net:
    right = _right(name)

    def port(at: Port, x: Tensor) -> Tensor:
        for layer, function in right.items():
            x = at(layer, function, x)
        return x

    X = images(smooth, seed, *_SIZES[name])
    if name in ("chunter", "cifar"):
        X = X * 255 if smooth else np.asarray(np.clip(128 + 60 * X, 0, 255), "f4")
        X = np.round(X)
    return Net(_network(name), port, {}, X)


def _batch(net: Network, name: str) -> Callable[[Tensor], Tensor]:
    _, _, s, o = _norm(net, name)
    epsilon = net.layer(name).values["Epsilon"]
    return lambda x: F.batch_norm(x, None, None, s, o, True, 0.1, epsilon)


def _wrapped(net: Network) -> Callable[[Tensor], Tensor]:
    mean = _mean(net, "imageinput")
    return lambda x: torch.remainder(x.trunc() - mean.trunc(), 256)


_transposed = instead("input", lambda x: x.transpose(2, 3))


def _flattened(name: str, *order: int) -> Mistake:
    return lambda n: {name: _full(n.network, name, order)}


def _of_lstm(**how: Any) -> Mistake:
    return lambda n: {"lstm": _lstm(n.network, **how)}


MISTAKES: dict[str, tuple[Mistake, str, str]] = {
    "chunter: mean per channel": (
        lambda n: {
            "imageinput": lambda x: x - _mean(n.network, "imageinput").mean((2, 3), keepdim=True)
        },
        "Mean.*(averaged)",
        "imageinput",
    ),
    "chunter: flattened C,H,W": (_flattened("fc", 0, 1, 2, 3), "CHW", "fc"),
    "chunter: image transposed in": (_transposed, "height and width exchanged", "imageinput"),
    "chunter: conv flipped": (
        lambda n: {
            "conv_2": _conv(n.network, "conv_2", np.flip(_wb(n.network, "conv_2")[0], (0, 1)))
        },
        "kernel flipped",
        "conv_2",
    ),
    "chunter: kernel h/w exchanged, second conv": (
        lambda n: {
            "conv_2": _conv(n.network, "conv_2", _wb(n.network, "conv_2")[0].swapaxes(0, 1))
        },
        "height and width exchanged",
        "conv_2",
    ),
    "chunter: ReLU left out": (left_out("relu_2"), "left out", "relu_2"),
    "chunter: batch norm statistics of the batch": (
        lambda n: {f"batchnorm_{i}": _batch(n.network, f"batchnorm_{i}") for i in (1, 2, 3)},
        "batch statistics",
        "",
    ),
    "chunter: max pool as average": (
        lambda n: {f"maxpool_{i}": lambda x: F.avg_pool2d(x, 2) for i in (1, 2)},
        "average pooling",
        "",
    ),
    "chunter: mean image in uint8, wrapping": (
        lambda n: {"imageinput": _wrapped(n.network)},
        "wrap",
        "imageinput",
    ),
    "cifar: / 255": (instead("input", lambda x: x / 255), "255", "imageinput"),
    "cifar: flattened C,H,W": (_flattened("fc_1", 0, 1, 2, 3), "CHW", "fc_1"),
    "cifar: flattened H,W,C": (_flattened("fc_1", 0, 2, 3, 1), "HWC", "fc_1"),
    "cifar: image transposed in": (_transposed, "height and width exchanged", "imageinput"),
    "cifar: kernel h/w exchanged, second conv": (
        lambda n: {
            "conv_2": _conv(n.network, "conv_2", _wb(n.network, "conv_2")[0].swapaxes(0, 1))
        },
        "height and width exchanged",
        "conv_2",
    ),
    "cifar: bias left out, first conv": (
        lambda n: {"conv_1": _conv(n.network, "conv_1", b=0 * _wb(n.network, "conv_1")[1])},
        "bias missing",
        "conv_1",
    ),
    "cifar: ReLU left out": (left_out("relu_3"), "left out", "relu_3"),
    "fsrcnn: tconv flipped": (
        lambda n: {
            "transposed-conv": _up(n.network, np.flip(_wb(n.network, "transposed-conv")[0], (0, 1)))
        },
        "kernel flipped",
        "transposed-conv",
    ),
    "fsrcnn: tconv bias left out": (
        lambda n: {"transposed-conv": _up(n.network, bias=0)},
        "bias missing",
        "transposed-conv",
    ),
    "fsrcnn: conv flipped everywhere": (
        lambda n: {
            f"conv_{i}": _conv(
                n.network, f"conv_{i}", np.flip(_wb(n.network, f"conv_{i}")[0], (0, 1))
            )
            for i in range(1, 8)
        },
        "kernel flipped",
        "",
    ),
    "fsrcnn: ReLU left out": (left_out("relu_4"), "left out", "relu_4"),
    "fsrcnn: leaky ReLU everywhere": (
        lambda n: {f"relu_{i}": lambda x: F.leaky_relu(x, 0.01) for i in range(1, 8)},
        "leaky ReLU",
        "",
    ),
    "fsrcnn: image flipped in": (
        instead("input", lambda x: x.flip(2)),
        "input.*flipped",
        "imageinput",
    ),
    "fsrcnn: computed in half": (instead("through", lambda x: x.half().double()), "half", ""),
    "fenn: lstm gate order i g f o": (_of_lstm(order="igfo"), "TensorFlow 1", "lstm"),
    "fenn: lstm bias twice": (_of_lstm(bias=2), "bias doubled", "lstm"),
    "fenn: lstm bias left out": (_of_lstm(bias=0), "bias missing", "lstm"),
    "fenn: lstm hard sigmoid": (_of_lstm(gate=_hard), "hard-sigmoid", "lstm"),
    "fenn: fc bias left out": (
        lambda n: {
            "fc": lambda x: _full(n.network, "fc", bias=0)(x.transpose(1, 2)).transpose(1, 2)
        },
        "bias missing",
        "fc",
    ),
    "fenn: one step late (Y shifted)": (
        instead("saved", lambda y: np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], 1)),
        "late|earl|shift",
        "",
    ),
}


_TABLE = Table("real", saved=(False, True))
_add = adding(_TABLE, lambda name, data: _net(name, data.smooth, data.seed))
for _kind, (_make, _said, _where) in MISTAKES.items():
    _add(_kind, _said, _where)(_make)


def cases(seed: int) -> Iterator[Case]:
    """All, on random and smooth data, with and without activations, if the files are there."""
    return _TABLE.cases(seed) if REAL.is_dir() else iter(())
