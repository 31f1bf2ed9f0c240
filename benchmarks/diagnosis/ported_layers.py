"""Mistakes in single layers and saved arrays, as somebody makes them who ports a layer by hand.

Written before anybody looked whether the search knows them. A family is a layer and what a port
makes of it: a function, or a torch module where torch has one, with what can be done otherwise as
arguments. Where it is a module, the judge executes the line that repairs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from .seeded import Array, Case, Tensor, array, filters, generator, images, numbers, tensor, vector

Runs = Callable[[Tensor], Tensor]
How = dict[str, Any]
#: Mistake -> what is done to an array, and what must be said.
Changes = dict[str, tuple[Callable[[Array], Array], str]]


@dataclass(frozen=True)
class Family:
    """A layer, its input, and its port."""

    #: Of a random generator: layer, input, labels.
    make: Callable[[np.random.Generator], tuple[Any, Array, str | None]]
    #: Of a layer and what is done otherwise.
    port: Callable[..., Runs]
    #: Kind -> what must be said, and what is done otherwise.
    mistakes: dict[str, tuple[str, How]]


FAMILIES: dict[str, Family] = {}


def _m(value: Array) -> Tensor:
    """A matrix."""
    return torch.from_numpy(np.ascontiguousarray(value)).double()


def _each(value: Array, x: Tensor) -> Tensor:
    """A number for each channel."""
    return vector(value).reshape(1, -1, *(1,) * (x.ndim - 2))


def _fixed(kind: Callable[[], Any], *size: int, labels: str | None = None, times: float = 3) -> Any:
    return lambda r: (kind(), numbers(r, *size) * times, labels)


def _bfloat(w: Tensor) -> Tensor:
    return w.bfloat16().double()


def _int8(w: Tensor, over: tuple[int, ...] | None = None) -> Tensor:
    largest = w.abs().amax(over, keepdim=True) if over else w.abs().max()
    step = largest / 127
    return torch.round(w / step) * step


# --- convolutions -----------------------------------------------------------------------


def _conv_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 4, 6), numbers(r, 1, 1, 6)
    layer = mc.convolution2dLayer(3, 6, Stride=2, Padding=1, Weights=w, Bias=b)
    return layer, numbers(r, 10, 12, 4, 3) * 3, None


def _conv(
    layer: Any,
    weights: Callable[[Tensor], Tensor] = lambda w: w,
    bias: Callable[[Tensor], Tensor] = lambda b: b,
    before: Runs | None = None,
    after: Runs | None = None,
    **options: Any,
) -> Runs:
    w = weights(filters(layer.Weights))
    made = nn.Conv2d(w.shape[1], w.shape[0], 3, **{"stride": 2, "padding": 1, **options}).double()
    made.weight.data, made.bias.data = w, bias(vector(layer.Bias))  # type: ignore[union-attr]
    if before or after:
        same: Runs = lambda x: x  # noqa: E731
        return lambda x: (after or same)(made((before or same)(x)))
    return made


def _first(w: Tensor, n: int, axis: int) -> Tensor:
    kept = torch.zeros_like(w)
    kept.narrow(axis, 0, n).copy_(w.narrow(axis, 0, n))
    return kept


FAMILIES["conv2d"] = Family(
    _conv_layer,
    _conv,
    {
        "kernels flipped and transposed": (
            "(?i)(flipped.*exchanged|transposed.*flipped|anti|turned|exchanged.*flipped)",
            {"weights": lambda w: w.flip(2, 3).transpose(2, 3)},
        ),
        "two of four channels loaded": (
            "(?i)Weights.*(zero|channels)|channels.*(left out|missing|zero)",
            {"weights": lambda w: _first(w, 2, 1)},
        ),
        "four of six filters loaded": (
            "(?i)Weights.*(zero|filters)|filters.*(left out|missing|zero)",
            {"weights": lambda w: _first(w, 4, 0), "bias": lambda b: _first(b, 4, 0)},
        ),
        "weights in bfloat16": ("(?i)bfloat|bf16", {"weights": _bfloat}),
        "weights in int8, one step for all": ("(?i)int8|8 bit", {"weights": _int8}),
        "weights in int8, a step for each filter": (
            "(?i)int8|8 bit",
            {"weights": partial(_int8, over=(1, 2, 3))},
        ),
        "bias along the width": (
            "(?i)bias.*(width|axis|dimension|along)",
            {"bias": torch.zeros_like, "after": None, "padding": 1, "columns": True},
        ),
        "padding of TensorFlow's 'same' at stride 2": (
            "(?i)padding",
            {"padding": 0, "before": lambda x: F.pad(x, (0, 1, 0, 1))},
        ),
        "filters shared: the first for all": (
            "(?i)filter",
            {"weights": lambda w: w[:1].expand_as(w).clone()},
        ),
        "bias of the first filter for all": (
            "(?i)bias",
            {"bias": lambda b: b[:1].expand_as(b).clone()},
        ),
        "weights divided by 255, input as it is": (
            "(?i)255",
            {"weights": lambda w: w / 255},
        ),
        "weight decay by ten percent": (
            "(?i)Weights.*(0\\.9|scaled|times)|0\\.9",
            {"weights": lambda w: w * 0.9},
        ),
        "filters moved by one": (
            "(?i)filters|outputs|channels",
            {"weights": lambda w: w.roll(1, 0), "bias": lambda b: b.roll(1)},
        ),
        "padded by two, cut by one": (
            "(?i)padding|shifted",
            {"padding": 0, "before": lambda x: F.pad(x, (2, 0, 2, 0))},
        ),
        "ReLU built in": ("ReLU|negative", {"after": torch.relu}),
        "stride of the height alone": ("(?i)stride", {"stride": (2, 1)}),
        "pooled instead of strided": (
            "(?i)pool|stride",
            {"stride": 1, "after": lambda y: F.max_pool2d(y, 2)},
        ),
        "channels last read as channels first": (
            "(?i)memory|NHWC|channels.last|row-major|reshaped|order",
            {"before": lambda x: x.permute(0, 2, 3, 1).reshape(x.shape)},
        ),
    },
)


def _columns(layer: Any, columns: bool = False, **how: Any) -> Runs:
    made = _conv(layer, **how)
    return (lambda x: made(x) + vector(layer.Bias)) if columns else made


FAMILIES["conv2d"] = Family(_conv_layer, _columns, FAMILIES["conv2d"].mistakes)


def _grouped_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 2, 3, 2), numbers(r, 1, 1, 3, 2)
    layer = mc.groupedConvolution2dLayer(3, 3, 2, Padding="same", Weights=w, Bias=b)
    return layer, numbers(r, 8, 7, 4, 3) * 3, None


def _grouped(layer: Any, how: str = "") -> Runs:
    w = _m(layer.Weights.transpose(4, 3, 2, 0, 1)).clone()  # groups, filters, channels, h, w
    b = vector(layer.Bias)
    if how == "exchanged":
        w = w.flip(0)
    if how == "shared":
        w = w[:1].expand_as(w)
    if how == "turned":
        w = w.transpose(3, 4)
    if how == "bias":
        b = b.reshape(2, 3).T.ravel()
    flat = w.reshape(6, 2, 3, 3)

    def run(x: Tensor) -> Tensor:
        if how == "shuffled":
            x = x.reshape(x.shape[0], 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)
        y = F.conv2d(x, flat, b, padding=1, groups=2)
        if how == "shuffled out":
            y = y.reshape(y.shape[0], 2, 3, *y.shape[2:]).transpose(1, 2).reshape(y.shape)
        return y

    return run


FAMILIES["grouped conv2d"] = Family(
    _grouped_layer,
    _grouped,
    {
        "groups exchanged, biases not": ("(?i)groups", {"how": "exchanged"}),
        "the first group's filters for both": ("(?i)group", {"how": "shared"}),
        "biases filter by filter over the groups": ("(?i)bias", {"how": "bias"}),
        "channels dealt out in turn (ShuffleNet) before": (
            "(?i)interleav|group",
            {"how": "shuffled"},
        ),
        "channels dealt out in turn (ShuffleNet) after": (
            "(?i)interleav|group|channels",
            {"how": "shuffled out"},
        ),
        "kernel height and width exchanged": ("height and width exchanged", {"how": "turned"}),
    },
)


def _conv1_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 4, 4), numbers(r, 1, 4)
    layer = mc.convolution1dLayer(3, 4, Padding="causal", DilationFactor=2, Weights=w, Bias=b)
    return layer, numbers(r, 4, 3, 12) * 3, "CBT"


def _conv1(layer: Any, how: str = "", pad: tuple[int, int] = (4, 0), dilation: int = 2) -> Runs:
    w = _m(layer.Weights.transpose(2, 1, 0))
    if how == "transposed":
        w = w.transpose(0, 1)
    if how == "rowwise":
        w = _m(layer.Weights.ravel().reshape(4, 4, 3))

    def run(x: Tensor) -> Tensor:
        x = x.flip(2) if how == "backwards" else x
        y = F.conv1d(F.pad(x, pad), w, vector(layer.Bias), dilation=dilation)
        return y.flip(2) if how == "turned out" else y

    return run


FAMILIES["causal conv1d"] = Family(
    _conv1_layer,
    _conv1,
    {
        "padded at the end": ("(?i)padding|side|causal", {"pad": (0, 4)}),
        "dilation left out": ("Dilation", {"pad": (2, 0), "dilation": 1}),
        "padded as if not dilated, zeros after": ("(?i)padding|shifted", {"pad": (2, 2)}),
        "input backwards in time": ("(?i)(flipped|revers|backward)", {"how": "backwards"}),
        "channels and filters exchanged": (
            "(?i)Weights.*(transposed|exchanged)|filters and channels",
            {"how": "transposed"},
        ),
        "weights reshaped in row-major order": ("(?i)row-major|reshape", {"how": "rowwise"}),
        "output backwards in time": ("(?i)(flipped|revers|backward)", {"how": "turned out"}),
    },
)


def _up_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 4, 3, 4, 3), numbers(r, 1, 1, 4)
    layer = mc.transposedConv2dLayer(
        (4, 3), 4, Stride=(2, 1), Cropping=[1, 1, 0, 1], Weights=w, Bias=b
    )
    return layer, numbers(r, 5, 6, 3, 2) * 3, None


def _up(
    layer: Any,
    how: str = "",
    stride: tuple[int, int] = (2, 1),
    crop: tuple[int, int, int, int] = (1, 1, 0, 1),
) -> Runs:
    w, b = filters(layer.Weights), vector(layer.Bias)  # channels, filters, h, w

    def run(x: Tensor) -> Tensor:
        if how == "spread":  # stride made with copies instead of zeros
            wide = x.repeat_interleave(2, 2)
            y = F.conv_transpose2d(wide, w, b)[:, :, :12]
        else:
            y = F.conv_transpose2d(x, w, None if how == "late" else b, stride=stride)
        t, d, le, ri = crop
        return y[:, :, t : y.shape[2] - d, le : y.shape[3] - ri]

    return run


FAMILIES["transposed conv2d"] = Family(
    _up_layer,
    _up,
    {
        "cropping at the bottom alone": ("(?i)crop", {"crop": (0, 2, 0, 1)}),
        "cropping at the left for the right": ("(?i)crop", {"crop": (1, 1, 1, 0)}),
        "bias left out": ("(?i)bias missing", {"how": "late"}),
        "copies instead of zeros between": ("(?i)repeat|copies|nearest|upsampl", {"how": "spread"}),
    },
)


# --- fully connected --------------------------------------------------------------------


def _flat_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 4 * 3 * 6), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 4, 3, 6, 8) * 3, "SSCB"


def _flat(layer: Any, order: tuple[int, ...] = (0, 1, 3, 2), how: str = "") -> Runs:
    w, b = _m(layer.Weights), vector(layer.Bias)
    if how == "unit":
        b = b.mean() + 0 * b
    if how == "classes":
        w, b = w.roll(1, 0), b.roll(1)
    if how == "rows":
        w, b = _first(w, 3, 0), _first(b, 3, 0)
    if how == "int8":
        w = _int8(w)
    if how == "transposed":
        w = w.T.reshape(w.shape)

    def run(x: Tensor) -> Tensor:
        if how == "input int8":
            x = _int8(x)
        y = F.linear(x.permute(order).flatten(1), w, b)
        if how == "dropout":
            y = y * 0.5
        return y

    return run


FAMILIES["fully connected after images"] = Family(
    _flat_layer,
    _flat,
    {
        "flattened W,H,C": ("(?i)WHC|W.*H.*C", {"order": (0, 3, 2, 1)}),
        "flattened with the channels in the middle": (
            "(?i)flatten|order|HCW|WCH",
            {"order": (0, 2, 1, 3)},
        ),
        "one bias for all": ("(?i)bias", {"how": "unit"}),
        "classes counted from the background": (
            "(?i)outputs|rows|filters|shift|further|features",
            {"how": "classes"},
        ),
        "three of five classes loaded": ("(?i)Weights|rows|outputs", {"how": "rows"}),
        "weights in int8": ("(?i)int8|8 bit", {"how": "int8"}),
        "input in int8": ("(?i)int8|8 bit", {"how": "input int8"}),
        "halved for dropout": ("(?i)0\\.5|half|scale", {"how": "dropout"}),
    },
)


# --- normalization ----------------------------------------------------------------------


def _bn_layer(r: np.random.Generator) -> Any:
    m, o = numbers(r, 1, 1, 6), numbers(r, 1, 1, 6)
    s, v = (r.uniform(0.3, 2, (1, 1, 6)).astype("f4") for _ in "sv")
    layer = mc.batchNormalizationLayer(TrainedMean=m, TrainedVariance=v, Offset=o, Scale=s)
    return layer, numbers(r, 6, 6, 6, 3) * 3, None


def _bn(
    layer: Any, order: str = "mvso", eps: float = 1e-5, **change: Callable[..., Tensor]
) -> Runs:
    names = ("TrainedMean", "TrainedVariance", "Scale", "Offset")
    given = dict(zip("mvso", (vector(getattr(layer, n)) for n in names), strict=True))
    m, v, s, o = (given[k] for k in order)
    made = nn.BatchNorm2d(6, eps=eps).double().eval()
    found = {"running_mean": m, "running_var": v, "weight": s, "bias": o}
    for name, value in found.items():
        getattr(made, name).data = change.get(name, lambda w: w)(value)
    return made


def _bn_how(layer: Any, how: str = "", **more: Any) -> Runs:
    if not how:
        return _bn(layer, **more)
    right = _bn(layer)
    m, v, s, o = (
        _each(getattr(layer, n), torch.zeros(1, 1, 1, 1))
        for n in ("TrainedMean", "TrainedVariance", "Scale", "Offset")
    )
    made: dict[str, Runs] = {
        "width": lambda x: right(x.transpose(1, 3)).transpose(1, 3),
        "folded": lambda x: x * (s / (v + 1e-5).sqrt()) + o - m,
        "no eps and plus": lambda x: (x + m) / (v + 1e-5).sqrt() * s + o,
        "instance": lambda x: F.instance_norm(x, eps=1e-5) * s + o,
    }
    return made[how]


FAMILIES["batch norm, ported"] = Family(
    _bn_layer,
    _bn_how,
    {
        "mean, variance, scale, offset as Keras's gamma, beta, mean, variance": (
            "(?i)order|exchanged|Keras",
            {"order": "somv"},
        ),
        "mean and offset exchanged": (
            "(?i)TrainedMean.*Offset|mean.*offset|Offset.*Mean",
            {"order": "ovsm"},
        ),
        "deviation saved for the variance": (
            "(?i)deviation|root|squared",
            {"running_var": torch.sqrt},
        ),
        "one over the deviation saved for the variance": (
            "(?i)deviation|root|reciprocal|inverse|1/",
            {"running_var": lambda v: v.rsqrt()},
        ),
        "scale left out (Keras scale=False)": (
            "(?i)Scale.*(left out|initial|missing)|scale",
            {"weight": torch.ones_like},
        ),
        "offset left out (Keras center=False)": (
            "(?i)Offset.*(left out|initial|missing)|offset",
            {"bias": torch.zeros_like},
        ),
        "1 added to the scale": ("(?i)Scale", {"weight": lambda w: w + 1}),
        "mean added": ("(?i)mean", {"how": "no eps and plus"}),
        "over the width (Keras axis)": ("(?i)width|axis|dimension", {"how": "width"}),
        "folded, mean not scaled": ("(?i)fold|mean", {"how": "folded"}),
        "statistics of each image": ("(?i)instance|each|image|observation", {"how": "instance"}),
        "eps 1e-3, Keras": ("(?i)Epsilon", {"eps": 1e-3}),
        "statistics loaded, the rest not": (
            "(?i)initial|Scale.*Offset|Offset.*Scale",
            {"weight": torch.ones_like, "bias": torch.zeros_like},
        ),
    },
)


def _ln_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 6, 1), "Scale": 1 + numbers(r, 6, 1)}
    layer = mc.layerNormalizationLayer(OperationDimension="channel-only", **given)
    return layer, numbers(r, 6, 3, 8) * 3 + 0.5, "CBT"


def _ln(layer: Any, how: str = "", eps: float = 1e-5) -> Runs:
    def run(x: Tensor) -> Tensor:
        s, o = _each(layer.Scale, x), _each(layer.Offset, x)
        m = x.mean(1, keepdim=True)
        if how == "rms":
            return x / (x.square().mean(1, keepdim=True) + eps).sqrt() * s + o
        v = x.var(1, keepdim=True, unbiased=False)
        y = (x - m) / (v + eps).sqrt()
        if how == "outside":
            y = (x - m) / (v.sqrt() + eps)
        if how == "mad":
            y = (x - m) / ((x - m).abs().mean(1, keepdim=True) + eps)
        made = {"bare": y, "no offset": y * s, "no scale": y + o, "centred": (x - m) * s + o}
        return made.get(how, y * s + o)

    return run


FAMILIES["layer norm, ported"] = Family(
    _ln_layer,
    _ln,
    {
        "root mean square (RMSNorm)": ("(?i)rms|root|mean", {"how": "rms"}),
        "elementwise_affine=False": ("(?i)initial|Scale.*Offset|affine", {"how": "bare"}),
        "without offset (bias=False)": ("(?i)Offset", {"how": "no offset"}),
        "without scale": ("(?i)Scale", {"how": "no scale"}),
        "not divided": ("(?i)divid|deviation|variance", {"how": "centred"}),
        "mean absolute deviation": ("(?i)absolute|deviation", {"how": "mad"}),
    },
)


def _gn_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 1, 1, 12), "Scale": 1 + numbers(r, 1, 1, 12)}
    return mc.groupNormalizationLayer(3, **given), numbers(r, 5, 6, 12, 3) * 3, None


FAMILIES["group norm, ported"] = Family(
    _gn_layer,
    lambda layer, groups=3, affine=True: (
        lambda x: (
            F.group_norm(x, groups) * _each(layer.Scale, x) + _each(layer.Offset, x)
            if affine
            else F.group_norm(x, groups)
        )
    ),
    {
        "channels of a group for their number": ("NumGroups|groups", {"groups": 4}),
        "one group (layer norm)": ("(?i)NumGroups|layer norm|one group", {"groups": 1}),
        "a group for each channel (instance norm)": (
            "(?i)NumGroups|instance|channel",
            {"groups": 12},
        ),
        "affine left out": ("(?i)initial|Scale|affine", {"affine": False}),
    },
)


# --- recurrent --------------------------------------------------------------------------


def _lstm_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 24, n) for n in (4, 6, 1))
    layer = mc.lstmLayer(6, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 4, 3, 9) * 2, "CBT"


def _gates(w: Tensor, order: str) -> Tensor:
    parts = dict(zip("ifgo", w.chunk(4), strict=True))
    return torch.cat([parts[k] for k in order])


def _run_lstm(
    x: Tensor,
    w: Tensor,
    u: Tensor,
    b: Tensor,
    forget: float = 0.0,
    gate: Any = torch.sigmoid,
    act: Any = torch.tanh,
    stateful: bool = False,
) -> Tensor:
    h = c = x.new_zeros(x.shape[0], u.shape[1])
    if stateful:  # the state goes on from one sequence to the next
        rows = []
        h, c = h[:1], c[:1]
        for one in x:
            out = []
            for step in one.T:
                i, f, g, o = (step @ w.T + h @ u.T + b).chunk(4, 1)
                c = gate(f) * c + gate(i) * act(g)
                h = gate(o) * act(c)
                out.append(h[0])
            rows.append(torch.stack(out, 1))
        return torch.stack(rows)
    steps = []
    for step in x.unbind(2):
        i, f, g, o = (step @ w.T + h @ u.T + b).chunk(4, 1)
        c = gate(f + forget) * c + gate(i) * act(g)
        h = gate(o) * act(c)
        steps.append(h)
    return torch.stack(steps, 2)


def _lstm(layer: Any, how: str = "", **more: Any) -> Runs:
    w, u, b = _m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias)
    if how == "input gates":
        w = _gates(w, "igfo")
    if how == "recurrent gates":
        u = _gates(u, "igfo")
    if how == "units first":
        w, u, b = (
            v.reshape(6, 4, *v.shape[1:]).transpose(0, 1).reshape(v.shape) for v in (w, u, b)
        )
    if how == "o first":
        w, u, b = (_gates(v, "oifg") for v in (w, u, b))
    if how == "row-major":
        w = _m(layer.InputWeights.ravel(order="F").reshape(24, 4))

    def run(x: Tensor) -> Tensor:
        if how == "backwards":  # go_backwards: outputs stay in the order they were computed
            return _run_lstm(x.flip(2), w, u, b)
        if how == "late":
            y = _run_lstm(x, w, u, b)
            return F.pad(y, (1, 0))[:, :, :-1]
        if how == "repeated":
            y = _run_lstm(x, w, u, b)
            return y[:, :, -1:].expand_as(y)
        return _run_lstm(x, w, u, b, **more)

    return run


FAMILIES["lstm, ported"] = Family(
    _lstm_layer,
    _lstm,
    {
        "gates of the input weights alone reordered": (
            "(?i)InputWeights.*gate|gate.*InputWeights",
            {"how": "input gates"},
        ),
        "gates of the recurrent weights alone reordered": (
            "(?i)RecurrentWeights.*gate|gate.*RecurrentWeights",
            {"how": "recurrent gates"},
        ),
        "gates of a unit side by side": ("(?i)interleav|unit|gate", {"how": "units first"}),
        "output gate first": ("(?i)gate", {"how": "o first"}),
        "forget bias 1 added (TensorFlow 1)": ("(?i)forget", {"forget": 1.0}),
        "state carried over from the sequence before": (
            "(?i)carried|state|stateful",
            {"stateful": True},
        ),
        "go_backwards, not turned back": ("(?i)flipped|revers|backward", {"how": "backwards"}),
        "last step for all": ("(?i)last|step|OutputMode", {"how": "repeated"}),
        "a step late": ("(?i)late|shifted", {"how": "late"}),
        "input weights read in the other memory order": (
            "(?i)InputWeights.*(row-major|reshaped)",
            {"how": "row-major"},
        ),
        "sigmoid for tanh": ("(?i)sigmoid", {"act": torch.sigmoid}),
        "gates by tanh": ("(?i)gate", {"gate": torch.tanh}),
    },
)


def _last_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 24, n) for n in (4, 6, 1))
    layer = mc.lstmLayer(6, OutputMode="last", InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 4, 5, 9) * 2, "CBT"


def _last(layer: Any, how: str = "") -> Runs:
    w, u, b = _m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias)

    def run(x: Tensor) -> Tensor:
        if how == "padded left":
            x = F.pad(x, (3, 0))
        if how == "padded":
            x = F.pad(x, (0, 3))
        y = _run_lstm(x, w, u, b)
        made = {"mean": y.mean(2), "first": y[:, :, 0], "max": y.amax(2), "before": y[:, :, -2]}
        made |= {"sum": y.sum(2)}
        return made.get(how, y[:, :, -1])

    return run


FAMILIES["lstm, last step"] = Family(
    _last_layer,
    _last,
    {
        "first step": ("(?i)first", {"how": "first"}),
        "mean of the steps": ("(?i)mean|average", {"how": "mean"}),
        "largest of the steps": ("(?i)max|largest", {"how": "max"}),
        "last but one": ("(?i)last but one|step|earl|before", {"how": "before"}),
        "zeros appended, last of all": ("(?i)pad|zeros|longer", {"how": "padded"}),
        "zeros in front": ("(?i)pad|zeros|longer", {"how": "padded left"}),
        "sum of the steps": ("(?i)sum", {"how": "sum"}),
    },
)


def _bi_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 48, n) for n in (4, 6, 1))
    layer = mc.bilstmLayer(6, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 4, 3, 9) * 2, "CBT"


def _bi(layer: Any, how: str = "") -> Runs:
    parts = [
        v.chunk(2) for v in (_m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias))
    ]
    one, two = ([p[i] for p in parts] for i in (0, 1))
    if how == "shared":
        two = one
    if how == "weights exchanged":
        one, two = two, one
    if how == "bias shared":
        two = [*two[:2], one[2]]
    if how == "gates of one":
        two = [_gates(v, "igfo") for v in two]

    def run(x: Tensor) -> Tensor:
        forward = _run_lstm(x, *one)
        backward = _run_lstm(x.flip(2), *two).flip(2)
        if how == "forward alone":
            backward = 0 * backward
        if how == "twice":
            backward = forward
        return torch.cat([forward, backward], 1)

    return run


FAMILIES["bilstm, ported"] = Family(
    _bi_layer,
    _bi,
    {
        "forward weights for both": ("(?i)forward|direction|halves|half", {"how": "shared"}),
        "weights of the directions exchanged": (
            "(?i)directions|halves|exchanged",
            {"how": "weights exchanged"},
        ),
        "forward bias for both": ("(?i)bias", {"how": "bias shared"}),
        "backward left out (zeros)": ("(?i)backward|zero|direction|half", {"how": "forward alone"}),
        "forward result twice": ("(?i)forward|twice|direction|half", {"how": "twice"}),
        "gates of the backward direction alone reordered": ("(?i)gate", {"how": "gates of one"}),
    },
)


def _gru_layer(r: np.random.Generator) -> Any:
    w, u, b = (2 * numbers(r, 18, n) for n in (4, 6, 1))
    layer = mc.gruLayer(6, InputWeights=w, RecurrentWeights=u, Bias=b)
    return layer, numbers(r, 4, 3, 9) * 2, "CBT"


def _hard(x: Tensor) -> Tensor:
    return (0.2 * x + 0.5).clamp(0, 1)


def _gru(layer: Any, how: str = "", gate: Any = torch.sigmoid, act: Any = torch.tanh) -> Runs:
    w, u, b = _m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias)
    if how == "input gates":
        w = torch.cat([w[6:12], w[:6], w[12:]])
    if how == "units first":
        w, u, b = (
            v.reshape(6, 3, *v.shape[1:]).transpose(0, 1).reshape(v.shape) for v in (w, u, b)
        )

    def run(x: Tensor) -> Tensor:
        h = x.new_zeros(x.shape[0], 6)
        out = []
        for step in x.unbind(2):
            r, z, n = (step @ w.T + b).chunk(3, 1)
            s, y, _ = (h @ u.T).chunk(3, 1)
            r, z = gate(r + s), gate(z + y)
            if how == "no reset":
                r = torch.ones_like(r)
            n = act(n + r * (h @ u[12:].T))
            h = (1 - z) * n + z * h
            out.append(h)
        return torch.stack(out, 2)

    return run


FAMILIES["gru, ported"] = Family(
    _gru_layer,
    _gru,
    {
        "hard sigmoid (Keras 1)": ("(?i)hard", {"gate": _hard}),
        "relu for tanh": ("(?i)relu", {"act": torch.relu}),
        "reset and update of the input weights alone exchanged": (
            "(?i)InputWeights",
            {"how": "input gates"},
        ),
        "no reset gate": ("(?i)reset", {"how": "no reset"}),
        "gates of a unit side by side": ("(?i)interleav|unit|gate", {"how": "units first"}),
    },
)


# --- attention --------------------------------------------------------------------------


def _attention_layer(r: np.random.Generator) -> Any:
    given = {f"{n}Weights": 2 * numbers(r, 8, 8) for n in ("Query", "Key", "Value", "Output")}
    given |= {f"{n}Bias": numbers(r, 8, 1) for n in ("Query", "Key", "Value", "Output")}
    return mc.selfAttentionLayer(2, 8, **given), numbers(r, 8, 3, 7) * 4, "CBT"


def _attention(layer: Any, how: str = "") -> Runs:
    w = {n: _m(getattr(layer, f"{n}Weights")) for n in ("Query", "Key", "Value", "Output")}
    b = {n: vector(getattr(layer, f"{n}Bias")) for n in w}
    if how == "transposed":
        w = {n: v.T for n, v in w.items()}
    if how == "one transposed":
        w["Key"] = w["Key"].T
    if how == "no output bias":
        b["Output"] = 0 * b["Output"]
    if how == "no biases":
        b = {n: 0 * v for n, v in b.items()}
    if how == "packed by head":  # rows of q, k, v of the first head, then of the second
        packed = torch.cat([w[n] for n in ("Query", "Key", "Value")]).reshape(2, 3, 4, 8)
        packed = packed.transpose(0, 1).reshape(24, 8)
        w |= dict(zip(("Query", "Key", "Value"), packed.chunk(3), strict=True))

    def run(x: Tensor) -> Tensor:
        y = x.permute(2, 0, 1) if how == "batch first" else x.transpose(1, 2)
        n, t, c = y.shape
        q, k, v = (
            (y @ w[i].T + b[i]).reshape(n, t, 2, 4).transpose(1, 2)
            for i in ("Query", "Key", "Value")
        )
        scores = q @ k.transpose(2, 3) / sqrt(4)
        if how == "no diagonal":
            scores = scores - 1e9 * torch.eye(t)
        if how == "anticausal":
            scores = scores + torch.full_like(scores, -torch.inf).tril(-1)
        a = scores.softmax(1) if how == "over heads" else scores.softmax(-1)
        if how == "no softmax":
            a = scores
        z = (a @ v).transpose(1, 2).reshape(n, t, c)
        z = z if how == "no projection" else z @ w["Output"].T + b["Output"]
        z = z + y if how == "skip" else z
        return z.permute(1, 2, 0) if how == "batch first" else z.transpose(1, 2)

    return run


FAMILIES["self-attention, ported"] = Family(
    _attention_layer,
    _attention,
    {
        "batch_first left out": (
            "(?i)batch_first|observations.*time|time.*observations",
            {"how": "batch first"},
        ),
        "all projections transposed": ("(?i)transposed", {"how": "transposed"}),
        "projection of the keys transposed": (
            "(?i)KeyWeights.*transposed",
            {"how": "one transposed"},
        ),
        "output bias left out": ("(?i)OutputBias", {"how": "no output bias"}),
        "all biases left out": ("(?i)bias", {"how": "no biases"}),
        "in_proj packed head by head": ("(?i)head|packed|blocks", {"how": "packed by head"}),
        "diagonal masked": ("(?i)diagonal|itself|own", {"how": "no diagonal"}),
        "masked the other way": ("(?i)mask|causal|future|past", {"how": "anticausal"}),
        "softmax over the heads": ("(?i)softmax|heads", {"how": "over heads"}),
        "softmax left out": ("(?i)softmax", {"how": "no softmax"}),
        "output projection left out": ("(?i)Output", {"how": "no projection"}),
        "skip built in": ("(?i)skip|added|input", {"how": "skip"}),
    },
)


# --- pooling, resizing, activations -----------------------------------------------------


FAMILIES["max pooling, ported"] = Family(
    _fixed(lambda: mc.maxPooling2dLayer(3, Stride=2, Padding=1), 10, 12, 4, 2),
    lambda _, how="": {
        "": lambda x: F.max_pool2d(x, 3, 2, 1),
        "tf": lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-1e9), 3, 2),
        "zero": lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2),
        "abs": lambda x: F.max_pool2d(x.abs(), 3, 2, 1),
        "dilated": lambda x: F.max_pool2d(F.pad(x, (2, 1, 2, 1), value=-1e9), 3, 2, 0, 2),
        "lp": lambda x: F.lp_pool2d(F.pad(x, (1, 1, 1, 1)), 2, 3, 2),
        "soft": lambda x: F.avg_pool2d(F.pad(x, (1, 1, 1, 1)).exp(), 3, 2).log(),
        "time": lambda x: F.max_pool2d(x, (3, 1), (2, 2), (1, 0)),
    }[how],
    {
        "'same' of TensorFlow": ("(?i)padding", {"how": "tf"}),
        "padded with zeros": ("(?i)padded|zero|PaddingValue", {"how": "zero"}),
        "of the absolute values": ("(?i)absolute|magnitude", {"how": "abs"}),
        "L2 pooling": ("(?i)L2|root|square|power", {"how": "lp"}),
        "window of the height alone": ("(?i)PoolSize|window", {"how": "time"}),
    },
)
FAMILIES["global average, ported"] = Family(
    _fixed(lambda: mc.globalAveragePooling2dLayer(), 6, 7, 5, 4),
    lambda _, how="": {
        "": lambda x: x.mean((2, 3), keepdim=True),
        "sum": lambda x: x.sum((2, 3), keepdim=True),
        "half": lambda x: x[:, :, :4, :4].mean((2, 3), keepdim=True),
        "corner": lambda x: x[:, :, :1, :1],
        "positive": lambda x: x.relu().mean((2, 3), keepdim=True),
        "rms": lambda x: x.square().mean((2, 3), keepdim=True).sqrt(),
        "median": lambda x: x.flatten(2).median(2)[0][..., None, None],
    }[how],
    {
        "window fixed at 4 by 4": ("(?i)window|PoolSize|part", {"how": "half"}),
        "first pixel": ("(?i)first|corner|pixel", {"how": "corner"}),
        "after a ReLU too many": ("(?i)ReLU|positive", {"how": "positive"}),
        "sums": ("(?i)sum", {"how": "sum"}),
        "root mean square": ("(?i)root|square|L2", {"how": "rms"}),
        "median": ("(?i)median", {"how": "median"}),
    },
)
FAMILIES["resize down"] = Family(
    _fixed(lambda: mc.resize2dLayer(OutputSize=(5, 6), Method="bilinear"), 12, 11, 3, 2),
    lambda _, mode="bilinear", **how: (
        lambda x: F.interpolate(
            x,
            size=(5, 6),
            mode=mode,
            **({"align_corners": False} if mode.startswith("bi") else {}) | how,
        )
    ),
    {
        "antialias": ("(?i)antialias", {"antialias": True}),
        "area": ("(?i)area|average", {"mode": "area"}),
        "bicubic": ("(?i)bicubic|cubic", {"mode": "bicubic"}),
        "nearest": ("(?i)nearest", {"mode": "nearest"}),
        "align_corners": ("(?i)corners", {"align_corners": True}),
    },
)


def _activation(layer: Callable[[], Any], right: Runs, **mistakes: tuple[str, Runs]) -> Family:
    found: dict[str, tuple[str, How]] = {
        name.replace("_", " "): (said, {"wrong": run}) for name, (said, run) in mistakes.items()
    }
    return Family(_fixed(layer, 6, 5, 4, 3), lambda _, wrong=right: wrong, found)


FAMILIES["gelu"] = _activation(
    mc.geluLayer,
    F.gelu,
    quick=("(?i)quick|1\\.702|sigmoid", lambda x: x * torch.sigmoid(1.702 * x)),
    swish=("(?i)swish|silu", F.silu),
    relu=("ReLU", torch.relu),
    mish=("(?i)mish", F.mish),
    squared=("(?i)gelu|twice", lambda x: F.gelu(F.gelu(x))),
)
FAMILIES["elu"] = _activation(
    lambda: mc.eluLayer(1.0),
    F.elu,
    selu=("(?i)selu", F.selu),
    celu_half=("(?i)alpha|celu", lambda x: F.celu(x, 0.5)),
    softplus=("(?i)softplus", F.softplus),
    leaky=("(?i)leaky|slope", lambda x: F.leaky_relu(x, 0.1)),
    alpha_0_1=("(?i)alpha", lambda x: F.elu(x, 0.1)),
)
FAMILIES["swish"] = _activation(
    mc.swishLayer,
    F.silu,
    hard=("(?i)hard", F.hardswish),
    beta=("(?i)beta|1\\.702|quick|gelu|slope", lambda x: x * torch.sigmoid(1.702 * x)),
    sigmoid=("(?i)sigmoid", torch.sigmoid),
    gelu=("(?i)gelu", F.gelu),
)
FAMILIES["tanh"] = _activation(
    mc.tanhLayer,
    torch.tanh,
    hard=("(?i)hard", F.hardtanh),
    LeCun=("(?i)1\\.7159|LeCun|scaled", lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
    softsign=("(?i)softsign", F.softsign),
    half=("(?i)sigmoid|half|0\\.49999|0\\.5|2 \\*", lambda x: 2 * torch.sigmoid(x) - 1),
    atan=("(?i)atan|arctan", torch.atan),
)
FAMILIES["sigmoid"] = _activation(
    mc.sigmoidLayer,
    torch.sigmoid,
    hard_of_torch=("(?i)hard", F.hardsigmoid),
    hard_of_Keras=("(?i)hard", _hard),
    logits=("(?i)left out", lambda x: x),
    twice=("(?i)twice|is sigmoid of", lambda x: x.sigmoid().sigmoid()),
    complement=("(?i)1 -|complement|negat|sign", lambda x: 1 - x.sigmoid()),
)
FAMILIES["leaky relu"] = _activation(
    lambda: mc.leakyReluLayer(0.1),
    lambda x: F.leaky_relu(x, 0.1),
    Keras=("0\\.3", lambda x: F.leaky_relu(x, 0.3)),
    TensorFlow=("0\\.2", lambda x: F.leaky_relu(x, 0.2)),
    twice=("(?i)twice|0\\.01", lambda x: F.leaky_relu(F.leaky_relu(x, 0.1), 0.1)),
    absolute=("(?i)absolute|abs|-1", torch.abs),
    elu=("(?i)elu", F.elu),
)
FAMILIES["softmax over pixels"] = Family(
    _fixed(lambda: mc.softmaxLayer(), 5, 6, 4, 3),
    lambda _, how="": {
        "": lambda x: x.softmax(1),
        "height": lambda x: x.softmax(2),
        "batch": lambda x: x.softmax(0),
        "image": lambda x: x.flatten(2).softmax(2).reshape(x.shape),
        "all": lambda x: x.flatten(1).softmax(1).reshape(x.shape),
        "twice": lambda x: x.softmax(1).softmax(1),
        "log": lambda x: x.log_softmax(1),
        "hot": lambda x: F.one_hot(x.argmax(1), 4).permute(0, 3, 1, 2).double(),
    }[how],
    {
        "over the height": ("(?i)height", {"how": "height"}),
        "over the observations": ("(?i)observations|batch", {"how": "batch"}),
        "over the pixels": ("(?i)height and width|pixels|spatial|space", {"how": "image"}),
        "over all": ("(?i)all", {"how": "all"}),
        "twice": ("(?i)twice|is softmax of", {"how": "twice"}),
        "its logarithm": ("(?i)log", {"how": "log"}),
        "the largest alone": ("(?i)largest|one-hot|argmax", {"how": "hot"}),
    },
)


def _space(x: Tensor, how: str = "") -> Tensor:
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // 2, 2, w // 2, 2)
    order = {
        "": (0, 3, 5, 1, 2, 4),
        "torch": (0, 1, 3, 5, 2, 4),
        "turned": (0, 5, 3, 1, 2, 4),
    }[how]
    return parts.permute(order).reshape(n, 4 * c, h // 2, w // 2)


FAMILIES["space to depth"] = Family(
    _fixed(lambda: mc.spaceToDepthLayer(2), 6, 8, 3, 2),
    lambda _, how="": partial(_space, how=how),
    {
        "torch's pixel_unshuffle": ("(?i)unshuffle|crd|order|Mode", {"how": "torch"}),
        "columns before rows": ("(?i)exchanged|order|rows", {"how": "turned"}),
    },
)


# --- input ------------------------------------------------------------------------------


def _image_layer(r: np.random.Generator) -> Any:
    mean = r.uniform(90, 150, (1, 1, 3)).astype("f4")
    deviation = r.uniform(40, 70, (1, 1, 3)).astype("f4")
    layer = mc.imageInputLayer(
        (7, 7, 3), Normalization="zscore", Mean=mean, StandardDeviation=deviation
    )
    return layer, np.round(r.uniform(0, 255, (7, 7, 3, 4))).astype("f4"), None


def _image(layer: Any, how: str = "") -> Runs:
    m, d = (vector(getattr(layer, n)).reshape(1, 3, 1, 1) for n in ("Mean", "StandardDeviation"))
    net_m = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    net_d = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    made: dict[str, Runs] = {
        "": lambda x: (x - m) / d,
        "imagenet": lambda x: (x / 255 - net_m) / net_d,
        "symmetric": lambda x: x / 127.5 - 1,
        "twice": lambda x: ((x - m) / d - m) / d,
        "grey": lambda x: (x.mean(1, keepdim=True).expand_as(x) - m) / d,
        "own": lambda x: (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True),
        "inverted": lambda x: (255 - x - m) / d,
        "raw view": lambda x: (x.permute(0, 2, 3, 1).reshape(x.shape) - m) / d,
        "turned": lambda x: (torch.rot90(x, 1, (2, 3)) - m) / d,
        "next": lambda x: (x.roll(1, 0) - m) / d,
        "first": lambda x: (x[:1].expand_as(x) - m) / d,
        "variance": lambda x: (x - m) / d.square(),
        "times": lambda x: (x - m) * d,
        "gamma": lambda x: (255 * (x / 255) ** (1 / 2.2) - m) / d,
    }
    return made[how]


FAMILIES["image input, ported"] = Family(
    _image_layer,
    _image,
    {
        "ImageNet's mean and deviation": ("(?i)ImageNet", {"how": "imagenet"}),
        "divided by 127.5, minus 1": ("(?i)127\\.5|-1", {"how": "symmetric"}),
        "normalized twice": ("(?i)twice", {"how": "twice"}),
        "grey": ("(?i)grey|gray|averag", {"how": "grey"}),
        "mean and deviation of each image": ("(?i)own|each", {"how": "own"}),
        "inverted (255 - x)": ("(?i)255 -|invert|negative", {"how": "inverted"}),
        "N,H,W,C buffer viewed as N,C,H,W": (
            "(?i)NHWC|memory|view|reshaped|row-major",
            {"how": "raw view"},
        ),
        "turned by 90 degrees": ("(?i)turned|rotat|90", {"how": "turned"}),
        "each image one further": ("(?i)observations|next|further|shift", {"how": "next"}),
        "the first image for all": ("(?i)first|same", {"how": "first"}),
        "divided by the variance": ("(?i)variance|squared", {"how": "variance"}),
        "times the deviation": ("(?i)multipl|times|divid|reciprocal|deviation", {"how": "times"}),
        "gamma corrected": ("(?i)gamma|2\\.2", {"how": "gamma"}),
    },
)


# --- saved arrays -----------------------------------------------------------------------


def _uint8(y: Array) -> Array:
    return np.clip(np.round(y), 0, 255)


def _unit(y: Array) -> Array:
    return (y - y.min()) / np.ptp(y)


#: Mistake -> what is saved for the output of a convolution, and what must be said.
OUTPUTS: Changes = {
    "N,H,W,C memory viewed as N,C,H,W": (
        lambda y: (
            y.transpose(3, 0, 1, 2)
            .ravel()
            .reshape(y.shape[::-1][:2] + y.shape[:2])
            .transpose(2, 3, 1, 0)
        ),
        "(?i)memory|view|row-major|NHWC|reshaped",
    ),
    "rolled by a pixel": (lambda y: np.roll(y, 1, 1), "(?i)roll|circular|shifted|order"),
    "border left at zero": (
        lambda y: np.pad(y[1:-1, 1:-1], ((1, 1), (1, 1), (0, 0), (0, 0))),
        "(?i)border|edge",
    ),
    "observations one further": (lambda y: np.roll(y, 1, 3), "(?i)observations"),
    "first observation for all": (
        lambda y: np.repeat(y[..., :1], y.shape[3], 3),
        "(?i)first.*observation",
    ),
    "channels reversed": (lambda y: y[:, :, ::-1], "(?i)channels"),
    "channels one further": (lambda y: np.roll(y, 1, 2), "(?i)channels"),
    "scaled to 0..1": (_unit, "(?i)scale and offset|0\\.\\.1|range|min"),
    "divided by the largest": (lambda y: y / np.abs(y).max(), "(?i)scale|largest|max"),
    "length one over the channels": (
        lambda y: y / np.linalg.norm(y, axis=2, keepdims=True),
        "(?i)length|norm",
    ),
    "centred": (lambda y: y - y.mean(), "(?i)offset|mean|centred"),
    "each channel centred": (lambda y: y - y.mean((0, 1, 3), keepdims=True), "(?i)channel|mean"),
    "squared": (np.square, "(?i)square"),
    "exponentiated": (np.exp, "(?i)exp"),
    "logarithm of 1 + |y|": (lambda y: np.log1p(np.abs(y)), "(?i)log"),
    "softmax too many": (
        lambda y: np.exp(y) / np.exp(y).sum(2, keepdims=True),
        "(?i)softmax",
    ),
    "sigmoid too many": (lambda y: 1 / (1 + np.exp(-y)), "(?i)sigmoid"),
    "clipped to 0..1": (lambda y: np.clip(y, 0, 1), "(?i)clip|0\\.\\.1|0 to 1|between"),
    "rounded to integers": (np.round, "(?i)round|decimal|integer"),
    "in bytes of 0..255": (lambda y: _uint8(_unit(y) * 255), "(?i)255|uint8|byte|round|scale"),
    "with 2 decimals": (lambda y: np.round(y, 2), "(?i)decimals"),
    "turned by 90 degrees twice": (lambda y: y[::-1, ::-1], "(?i)flipped|turned|180"),
    "diagonal mirrored": (
        lambda y: y[::-1, ::-1].swapaxes(0, 1) if y.shape[0] == y.shape[1] else y[:, ::-1],
        "(?i)flipped|mirrored|exchanged",
    ),
    "differences along the height": (lambda y: np.diff(y, axis=0, prepend=0), "(?i)diff"),
    "accumulated along the width": (lambda y: np.cumsum(y, 1), "(?i)cumul|accumul|sum"),
    "int8 with one step": (
        lambda y: np.round(y / np.abs(y).max() * 127) * np.abs(y).max() / 127,
        "(?i)int8|8 bit|rounded",
    ),
    "in bfloat16": (
        lambda y: torch.from_numpy(np.ascontiguousarray(y)).bfloat16().float().numpy(),
        "(?i)bfloat|bf16",
    ),
    "mean of the observations": (
        lambda y: np.broadcast_to(y.mean(3, keepdims=True), y.shape),
        "(?i)mean|average",
    ),
}
#: Mistake -> what the convolution was given, and what must be said.
INPUTS: Changes = {
    "times 255": (lambda x: x * 255, "255"),
    "2x - 1": (lambda x: 2 * x - 1, "(?i)-1|2x|scale"),
    "minus its mean": (lambda x: x - x.mean(), "(?i)mean|offset"),
    "each image standardized": (
        lambda x: (x - x.mean((0, 1, 2), keepdims=True)) / x.std((0, 1, 2), keepdims=True),
        "(?i)own|standard",
    ),
    "grey in all channels": (
        lambda x: np.repeat(x.mean(2, keepdims=True), x.shape[2], 2),
        "(?i)grey|gray|averag",
    ),
    "channels G, B, R": (lambda x: x[:, :, [1, 2, 0]], "(?i)channels"),
    "observations one further": (lambda x: np.roll(x, 1, 3), "(?i)observations"),
    "mirrored": (lambda x: x[:, ::-1], "(?i)flipped|mirrored"),
    "N,H,W,C memory viewed as N,C,H,W": (
        lambda x: (
            x.transpose(3, 0, 1, 2)
            .ravel()
            .reshape(x.shape[::-1][:2] + x.shape[:2])
            .transpose(2, 3, 1, 0)
        ),
        "(?i)memory|view|row-major|NHWC|reshaped",
    ),
    "clipped to 0..1": (lambda x: np.clip(x, 0, 1), "(?i)clip|0\\.\\.1|0 to 1|between"),
    "inverted (1 - x)": (lambda x: 1 - x, "(?i)1 -|invert|negative"),
    "rounded to bytes": (lambda x: np.round(x * 255) / 255, "(?i)255|byte|uint8|round"),
    "half the size and back": (
        lambda x: np.repeat(np.repeat(x[::2, ::2], 2, 0), 2, 1)[: x.shape[0], : x.shape[1]],
        "(?i)resize|size|resolution",
    ),
}


def _saved(seed: int, given: Any, written: Any) -> Any:
    random = generator(seed + 31)
    w, b = numbers(random, 3, 3, 3, 5), numbers(random, 1, 1, 5)
    x = images(True, seed + 31, 9, 11, 3, 4) * 2 - np.float32(0.6)
    layer = mc.convolution2dLayer(3, 5, Padding=1, Weights=w, Bias=b)
    other = np.asarray(given(x), np.float32)
    y = array(F.conv2d(tensor(other), filters(w), vector(b), padding=1))
    return verify_network(layer, [x], {"Y": np.asarray(written(y), np.float32)})


# --- cases ------------------------------------------------------------------------------


def _repaired(one: Family, layer: Any, how: How, x: Array, found: Diagnosis) -> bool:
    """Whether the line of torch that is offered, executed on the wrong module, makes it right."""
    made: Any = one.port(layer, **how)
    if not found.repair or found.repair.startswith("Y") or not isinstance(made, nn.Module):
        return True  # MATLAB's lines are for what was saved
    arrays = {name: v for name, v in layer.values.items() if isinstance(v, np.ndarray)}
    names: dict[str, Any] = {
        "torch": torch,
        "layer": made.float(),
        "x": tensor(x).float(),
        **arrays,
    }
    with torch.no_grad():
        exec(found.repair, names)
        repaired, right = names["layer"](names["x"]), one.port(layer)(tensor(x)).float()
    return repaired.shape == right.shape and torch.allclose(repaired, right, rtol=1e-4, atol=1e-4)


def _case(where: str, one: Family, family: str, kind: str, seed: int) -> Case:
    said, how = one.mistakes[kind]
    layer, x, labels = one.make(generator(seed + 32 + len(family)))

    def run() -> Any:
        wrong = array(one.port(layer, **how)(tensor(x)))
        return verify_network(layer, [x], {"Y": wrong}, data_format=labels)

    judge = partial(_repaired, one, layer, how, x)
    return Case(f"{where} layers", f"{family}: {kind}", f"random {seed}", run, said, (), judge)


def cases_of(
    where: str, families: dict[str, Family], outputs: Changes, inputs: Changes, seed: int
) -> Iterator[Case]:
    """Those of layers and arrays."""
    for family, one in families.items():
        for kind in one.mistakes:
            yield _case(where, one, family, kind, seed)
    same: Callable[[Array], Array] = lambda a: a  # noqa: E731
    for what, changes in (("output", outputs), ("input", inputs)):
        for kind, (change, said) in changes.items():
            ways = (same, change) if what == "output" else (change, same)
            run = partial(_saved, seed, *ways)
            yield Case(f"{where} arrays", f"{what}: {kind}", f"smooth {seed}", run, said)


def cases(seed: int) -> Iterator[Case]:
    """All of one seed."""
    return cases_of("ported", FAMILIES, OUTPUTS, INPUTS, seed)
