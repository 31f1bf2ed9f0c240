"""Mistakes drawn at random in layers and networks drawn at random, run by torch's functions alone.

What a layer does is a dictionary of numbers and arrays here; a mistake is another dictionary. It
shares nothing with the search, which changes descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.network import Network
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from .judge import is_right
from .seeded import Array, Case, Tensor, array, filters, images, tensor, vector

Random = np.random.Generator
#: H×W×C×N of the data of one layer.
SIZES = ((11, 12, 3, 2), (7, 19, 3, 1), (24, 9, 3, 4))
Does = dict[str, Any]
#: A mistake: what must be said, and what becomes of what the layer does; None where it cannot be.
Mistake = Callable[[Does, Random], "tuple[str, Does] | None"]


def _a(values: Any) -> Array:
    return np.asarray(values, np.float32)


def _other(random: Random, *values: Any, than: Any) -> Any:
    left = [v for v in values if v != than]
    return left[random.integers(len(left))]


# --- convolutions -----------------------------------------------------------------------


def _conv(random: Random, channels: int) -> tuple[Any, Does]:
    k = [int(random.integers(1, 5)) for _ in "hw"]
    count = int(random.integers(2, 6))
    stride, dilation = ([int(random.integers(1, 3)) for _ in "hw"] for _ in "sd")
    pad = [int(n) for n in random.integers(0, 3, 4)]
    w = _a(random.normal(size=(*k, channels, count)) / np.sqrt(k[0] * k[1] * channels))
    b = _a(random.normal(size=(1, 1, count)))
    does = {"w": w, "b": b, "stride": stride, "dilation": dilation, "pad": pad, "mode": "constant"}
    layer = mc.convolution2dLayer(
        k, count, Weights=w, Bias=b, Stride=stride, DilationFactor=dilation, Padding=pad, Name="it"
    )
    return layer, does


def _run_conv(does: Does, x: Tensor) -> Tensor:
    top, bottom, left, right = does["pad"]
    x = F.pad(x, (left, right, top, bottom), mode=does["mode"])
    how = {"stride": does["stride"], "dilation": does["dilation"]}
    return F.conv2d(x, filters(does["w"]), vector(does["b"]), **how)


def _numbers(name: str, right: str, *values: int) -> Mistake:
    """One of two numbers is another."""

    def make(does: Does, random: Random) -> tuple[str, Does]:
        now = list(does[name])
        at = int(random.integers(2))
        now[at] = _other(random, *values, than=now[at])
        return right, {**does, name: now}

    return make


def _turned(name: str, right: str) -> Mistake:
    return lambda does, _: (right, {**does, name: does[name][::-1]})


def _moved_pad(does: Does, random: Random) -> tuple[str, Does]:
    order = random.permutation(4)
    return "adding", {**does, "pad": [does["pad"][i] for i in order]}


def _mode(does: Does, random: Random) -> tuple[str, Does]:
    mode = ("reflect", "replicate", "circular")[random.integers(3)]
    right = {"reflect": "symmetric-exclude", "replicate": "replicate|include", "circular": "circ"}
    return right[mode], {**does, "mode": mode}


def _weights(does: Does, random: Random) -> tuple[str, Does] | None:
    w, b = does["w"], does["b"]
    made: list[tuple[str, Any, Any]] = [
        ("flipped", np.flip(w, (0, 1)), b),
        ("flipped", np.flip(w, int(random.integers(w.ndim))), b),
        ("reshaped", w.ravel(order="C").reshape(w.shape, order="F"), b),
        ("bias missing", w, 0 * b),
        ("bias doubled", w, 2 * b),
        ("Bias flipped|Bias.*reverse|Bias shifted", w, np.flip(b)),
        ("rounded|decimals", np.round(w, int(random.integers(1, 5))), b),
        ("Weights (doubled|halved|negated)", w * random.choice([2, 0.5, -1]), b),
        ("half", w.astype(np.float16).astype(np.float32), b.astype(np.float16).astype(np.float32)),
    ]
    if w.shape[0] == w.shape[1]:
        made.append(("height and width exchanged", w.swapaxes(0, 1), b))
    if w.shape[2] == w.shape[3]:
        made.append(
            (
                "channels exchanged|filters exchanged|channels and filters|transposed",
                w.swapaxes(2, 3),
                b,
            )
        )
    said, weights, bias = made[random.integers(len(made))]
    return said, {**does, "w": _a(weights), "b": _a(bias)}


# --- normalization ----------------------------------------------------------------------


def _bn(random: Random, channels: int) -> tuple[Any, Does]:
    m, o, s = (_a(random.normal(size=(1, 1, channels))) for _ in "mos")
    v = _a(random.uniform(0.1, 3, size=(1, 1, channels)))
    eps = float(random.choice([1e-5, 1e-3, 1e-2]))
    layer = mc.batchNormalizationLayer(
        TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s, Epsilon=eps, Name="it"
    )
    return layer, {"m": m, "v": v, "o": o, "s": s, "e": eps, "outside": False}


def _run_bn(does: Does, x: Tensor) -> Tensor:
    m, v, s, o = (vector(does[k]).reshape(1, -1, 1, 1) for k in "mvso")
    root = v.sqrt() + does["e"] if does["outside"] else (v + does["e"]).sqrt()
    return (x - m) / root * s + o


def _statistics(does: Does, random: Random) -> tuple[str, Does] | None:
    d = does
    made: list[tuple[str, Does]] = [
        ("epsilon|Epsilon", {"e": float(10.0 ** -random.integers(1, 4)) * 3}),
        ("outside the root", {"outside": True}),
        ("TrainedVariance|variance", {"v": d["v"] ** 2}),
        ("TrainedVariance|deviation", {"v": np.sqrt(d["v"])}),
        ("TrainedMean|mean", {"m": 0 * d["m"]}),
        ("TrainedMean|mean", {"m": -d["m"]}),
        ("Offset", {"o": 0 * d["o"]}),
        ("Scale", {"s": 0 * d["s"] + 1}),
        ("exchanged", {"s": d["o"], "o": d["s"]}),
        ("Offset.*(flipped|reverse)", {"o": d["o"][..., ::-1]}),
        ("Scale.*(flipped|reverse)", {"s": d["s"][..., ::-1]}),
        ("rounded", {k: np.round(d[k], 2) for k in "mvso"}),
    ]
    said, changed = made[random.integers(len(made))]
    return said, {**does, **changed}


# --- activations ------------------------------------------------------------------------

_FUNCTIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "relu": lambda x, _: torch.relu(x),
    "leaky": lambda x, a: F.leaky_relu(x, a),
    "clipped": lambda x, a: x.clamp(0, a),
    "elu": lambda x, a: F.elu(x, a),
    "gelu": lambda x, _: F.gelu(x),
    "tanh": lambda x, _: torch.tanh(x),
    "sigmoid": lambda x, _: torch.sigmoid(x),
    "swish": lambda x, _: F.silu(x),
    "none": lambda x, _: x,
}


def _activation(random: Random, _: int) -> tuple[Any, Does]:
    kind = str(random.choice([name for name in _FUNCTIONS if name != "none"]))
    a = round(float(random.uniform(0.05, 1.5)), 2)
    layers = {
        "relu": lambda: mc.reluLayer(Name="it"),
        "leaky": lambda: mc.leakyReluLayer(a, Name="it"),
        "clipped": lambda: mc.clippedReluLayer(a, Name="it"),
        "elu": lambda: mc.eluLayer(a, Name="it"),
        "gelu": lambda: mc.geluLayer(Name="it"),
        "tanh": lambda: mc.tanhLayer(Name="it"),
        "sigmoid": lambda: mc.sigmoidLayer(Name="it"),
        "swish": lambda: mc.swishLayer(Name="it"),
    }
    return layers[kind](), {"kind": kind, "a": a}


def _other_function(does: Does, random: Random) -> tuple[str, Does]:
    kind = _other(random, "relu", "gelu", "tanh", "sigmoid", "swish", "none", than=does["kind"])
    right = {"relu": "ReLU|Scale 0 |Alpha 0 ", "none": "left out", "swish": "swish"}.get(kind, kind)
    return f"(?i){right}", {"kind": kind, "a": does["a"]}


def _other_number(does: Does, random: Random) -> tuple[str, Does] | None:
    if does["kind"] not in ("leaky", "clipped", "elu"):
        return None
    a = round(float(random.uniform(0.05, 1.5)), 3)
    return "(?i)Scale|Ceiling|Alpha|leaky|elu", {**does, "a": a}


# --- pooling ----------------------------------------------------------------------------


def _pool(random: Random, _: int) -> tuple[Any, Does]:
    kind = str(random.choice(["max", "average"]))
    k, stride = ([int(n) for n in random.integers(2, 4, 2)] for _ in "ks")
    pad = [int(n) for n in random.integers(0, 2, 4)]
    make = mc.maxPooling2dLayer if kind == "max" else mc.averagePooling2dLayer
    does = {"kind": kind, "k": k, "stride": stride, "pad": pad, "counted": True}
    return make(k, Stride=stride, Padding=pad, Name="it"), does


def _run_pool(does: Does, x: Tensor) -> Tensor:
    top, bottom, left, right = does["pad"]
    edges = (left, right, top, bottom)
    if does["kind"] == "max":
        return F.max_pool2d(F.pad(x, edges, value=-np.inf), does["k"], does["stride"])
    y = F.avg_pool2d(F.pad(x, edges), does["k"], does["stride"])
    if not does["counted"]:
        y = y / F.avg_pool2d(F.pad(torch.ones_like(x), edges), does["k"], does["stride"])
    return y


def _other_pool(does: Does, _: Random) -> tuple[str, Does]:
    other = "average" if does["kind"] == "max" else "max"
    return f"{other} pooling", {**does, "kind": other}


def _uncounted(does: Does, _: Random) -> tuple[str, Does] | None:
    return ("counted", {**does, "counted": False}) if does["kind"] == "average" else None


Kind = tuple[
    Callable[[Random, int], tuple[Any, Does]], Callable[[Does, Tensor], Tensor], list[Mistake]
]
_STRIDE = _numbers("stride", "Stride", 1, 2, 3)
KINDS: dict[str, Kind] = {
    "convolution": (
        _conv,
        _run_conv,
        [
            _weights,
            _weights,
            _STRIDE,
            _numbers("dilation", "Dilation", 1, 2, 3),
            _turned("stride", "(?i)stride"),
            _turned("dilation", "Dilation"),
            _moved_pad,
            _mode,
        ],
    ),
    "batch normalization": (_bn, _run_bn, [_statistics]),
    "activation": (
        _activation,
        lambda does, x: _FUNCTIONS[does["kind"]](x, does["a"]),
        [_other_function, _other_number],
    ),
    "pooling": (
        _pool,
        _run_pool,
        [
            _other_pool,
            _uncounted,
            _numbers("k", "PoolSize", 2, 3, 4),
            _STRIDE,
            _moved_pad,
        ],
    ),
}


def _drawn(name: str, random: Random, channels: int) -> tuple[Any, Does, str, Does]:
    make, _, mistakes = KINDS[name]
    while True:
        layer, does = make(random, channels)
        found = mistakes[random.integers(len(mistakes))](does, random)
        if found is not None:
            said, wrong = found
            return layer, does, said, wrong


#: Report, what must be said, the layer, and whether the stricter judge agrees.
Drawn = tuple[Any, str, str, Callable[[Diagnosis], bool]]


def _one_layer(name: str, seed: int) -> Drawn:
    random = np.random.default_rng([18, seed, len(name)])
    layer, does, said, wrong = _drawn(name, random, 3)
    x = images(bool(seed % 2), seed, *SIZES[seed % len(SIZES)])
    if name == "activation":
        x = 2 * (x - x.mean())
    run, given = KINDS[name][1], tensor(x)
    report = verify_network(layer, [x], {"Y": array(run(wrong, given))})
    return report, said, "", partial(_agrees, layer, does, wrong, given, run(does, given))


def _agrees(layer: Any, does: Does, wrong: Does, x: Tensor, y: Tensor, found: Diagnosis) -> bool:
    return is_right(found, layer, does, wrong, x, y)


def _network(seed: int, saved: bool) -> Drawn:
    """A chain of 4 to 12 layers, one of which is another there."""
    random = np.random.default_rng([19, seed])
    count = int(random.integers(4, 13))
    at = int(random.integers(count))
    x = images(False, seed, 24, 22, 3, 2)
    layers = [mc.imageInputLayer((24, 22, 3), Normalization="none", Name="in")]
    value, kept, channels, said, shrunk = tensor(x), {}, 3, "", 0
    for i in range(count):
        names = [n for n in KINDS if n != "pooling" or shrunk < 1]
        name = str(random.choice(names))
        layer, does, right, wrong = _drawn(name, random, channels)
        if name == "convolution":  # images must not become too small
            while np.prod(layer.Stride) > 1 or max(layer.FilterSize) > 3:
                layer, does, right, wrong = _drawn(name, random, channels)
            channels = layer.NumFilters
        shrunk += name == "pooling"
        layer = layer.renamed(f"l{i}")
        run = KINDS[name][1]
        if i == at:
            said = right
            agrees = partial(_agrees, layer, does, wrong, value, run(does, value))
        value = run(wrong if i == at else does, value)
        layers.append(layer)
        kept[f"l{i}"] = array(value)
    y = array(value)
    activations = kept if saved else {}
    report = verify_network(Network(layers), [x], {"Y": y}, activations=activations)
    return report, said, f"l{at}", agrees


def cases(seed: int) -> Iterator[Case]:
    """So many of each kind, other ones for each seed."""
    for name in KINDS:
        for i in range(8):
            number = 100 * seed + i
            yield _case(f"one {name}", f"{number}", partial(_one_layer, name, number))
    for saved in (False, True):
        for i in range(12):
            number = 100 * seed + i
            kind = "network with activations" if saved else "network"
            yield _case(kind, f"{number}", partial(_network, number, saved))


def _case(kind: str, how: str, make: Callable[[], Drawn]) -> Case:
    """What is right is known when it has been drawn."""

    def run() -> Any:
        try:
            report, said, where, agrees = make()
        except RuntimeError:  # what was drawn does not go together
            return None
        object.__setattr__(case, "right", said)
        object.__setattr__(case, "where", (where,) if where else ())
        object.__setattr__(case, "agrees", agrees)
        return report

    case = Case("random", kind, how, run, "")
    return case
