"""Mistakes in single layers and saved arrays, as somebody makes them who ports a layer by hand.

Written before anybody looked whether the search knows them. A family is a layer and what a port
makes of it, with what can be done otherwise as arguments; or, most often, a function of the input
and the weights, and another function for each mistake. Where a port is a torch module, the judge
executes the line that repairs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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

from .layer_cases import _gru_steps, _hard, _lstm_steps, conv2d
from .seeded import Array, Case, Tensor, array, filters, generator, images, numbers, tensor, vector

Runs = Callable[[Tensor], Tensor]
How = dict[str, Any]
#: Of a random generator: layer, input, labels.
Make = Callable[[np.random.Generator], tuple[Any, Array, str | None]]
#: Of a layer: what functions take after the input.
Weights = Callable[[Any], Sequence[Tensor]]
#: A mistake, and what must be said of it -> what is computed of the input and the weights.
Functions = dict[tuple[str, str], Callable[..., Tensor]]
#: A mistake, and what must be said of it -> what is done to an array.
Changes = dict[tuple[str, str], Callable[[Array], Array]]


@dataclass(frozen=True)
class Family:
    """A layer, its input, and its port."""

    make: Make
    #: Of a layer and what is done otherwise.
    port: Callable[..., Runs]
    #: A mistake, and what must be said of it -> what is done otherwise.
    mistakes: dict[tuple[str, str], How]


FAMILIES: dict[str, Family] = {}


def _m(value: Array) -> Tensor:
    """A matrix."""
    return torch.from_numpy(np.ascontiguousarray(value)).double()


def computed(
    make: Make, right: Callable[..., Tensor], wrong: Functions, weights: Weights = lambda _: ()
) -> Family:
    """A layer that is a function of its input and its weights."""

    def port(layer: Any, function: Callable[..., Tensor] = right) -> Runs:
        given = weights(layer)
        return lambda x: function(x, *given)

    return Family(make, port, {mistake: {"function": f} for mistake, f in wrong.items()})


def channels(names: str, axes: int = 2) -> Weights:
    """Properties with a number for each channel, for data of so many dimensions besides."""
    size = (1, -1, *(1,) * axes)
    return lambda layer: [vector(getattr(layer, name)).reshape(size) for name in names.split()]


def fixed(kind: Callable[[], Any], *size: int, labels: str | None = None) -> Make:
    """A layer without weights."""
    return lambda r: (kind(), numbers(r, *size) * 3, labels)


def recurrent(kind: Callable[..., Any], rows: int, units: int, *size: int, **options: Any) -> Make:
    """A layer with so many rows of weights, for an input of this size."""

    def make(r: np.random.Generator) -> tuple[Any, Array, str]:
        w, u, b = (2 * numbers(r, rows, n) for n in (size[0], units, 1))
        layer = kind(units, InputWeights=w, RecurrentWeights=u, Bias=b, **options)
        return layer, numbers(r, *size) * 2, "CBT"

    return make


def cells(layer: Any) -> list[Tensor]:
    """The weights of a recurrent layer."""
    return [_m(layer.InputWeights), _m(layer.RecurrentWeights), vector(layer.Bias)]


def _bfloat(w: Tensor) -> Tensor:
    return w.bfloat16().double()


def _int8(w: Tensor, over: tuple[int, ...] | None = None) -> Tensor:
    largest = w.abs().amax(over, keepdim=True) if over else w.abs().max()
    step = largest / 127
    return torch.round(w / step) * step


# --- convolutions -----------------------------------------------------------------------


_conv_layer = conv2d((3, 3), 4, 6, (10, 12, 3), Stride=2, Padding=1)


def _conv(
    layer: Any,
    weights: Callable[[Tensor], Tensor] = lambda w: w,
    bias: Callable[[Tensor], Tensor] = lambda b: b,
    before: Runs | None = None,
    after: Runs | None = None,
    along_width: bool = False,
    **options: Any,
) -> Runs:
    w = weights(filters(layer.Weights))
    made = nn.Conv2d(w.shape[1], w.shape[0], 3, **{"stride": 2, "padding": 1, **options}).double()
    made.weight.data, made.bias.data = w, bias(vector(layer.Bias))  # type: ignore[union-attr]
    if along_width:
        return lambda x: F.conv2d(x, w, None, 2, 1) + vector(layer.Bias)
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
        (
            "kernels flipped and transposed",
            "(?i)(flipped.*exchanged|transposed.*flipped|anti|turned|exchanged.*flipped)",
        ): {"weights": lambda w: w.flip(2, 3).transpose(2, 3)},
        (
            "two of four channels loaded",
            "(?i)Weights.*(zero|channels)|channels.*(left out|missing|zero)",
        ): {"weights": lambda w: _first(w, 2, 1)},
        (
            "four of six filters loaded",
            "(?i)Weights.*(zero|filters)|filters.*(left out|missing|zero)",
        ): {"weights": lambda w: _first(w, 4, 0), "bias": lambda b: _first(b, 4, 0)},
        ("weights in bfloat16", "(?i)bfloat|bf16"): {"weights": _bfloat},
        ("weights in int8, one step for all", "(?i)int8|8 bit"): {"weights": _int8},
        ("weights in int8, a step for each filter", "(?i)int8|8 bit"): {
            "weights": partial(_int8, over=(1, 2, 3))
        },
        ("bias along the width", "(?i)bias.*(width|axis|dimension|along)"): {"along_width": True},
        ("padding of TensorFlow's 'same' at stride 2", "(?i)padding"): {
            "padding": 0,
            "before": lambda x: F.pad(x, (0, 1, 0, 1)),
        },
        ("filters shared: the first for all", "(?i)filter"): {
            "weights": lambda w: w[:1].expand_as(w).clone()
        },
        ("bias of the first filter for all", "(?i)bias"): {
            "bias": lambda b: b[:1].expand_as(b).clone()
        },
        ("weights divided by 255, input as it is", "(?i)255"): {"weights": lambda w: w / 255},
        ("weight decay by ten percent", "(?i)Weights.*(0\\.9|scaled|times)|0\\.9"): {
            "weights": lambda w: w * 0.9
        },
        ("filters moved by one", "(?i)filters|outputs|channels"): {
            "weights": lambda w: w.roll(1, 0),
            "bias": lambda b: b.roll(1),
        },
        ("padded by two, cut by one", "(?i)padding|shifted"): {
            "padding": 0,
            "before": lambda x: F.pad(x, (2, 0, 2, 0)),
        },
        ("ReLU built in", "ReLU|negative"): {"after": torch.relu},
        ("stride of the height alone", "(?i)stride"): {"stride": (2, 1)},
        ("pooled instead of strided", "(?i)pool|stride"): {
            "stride": 1,
            "after": lambda y: F.max_pool2d(y, 2),
        },
        (
            "channels last read as channels first",
            "(?i)memory|NHWC|channels.last|row-major|reshaped|order",
        ): {"before": lambda x: x.permute(0, 2, 3, 1).reshape(x.shape)},
    },
)


def _grouped_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 3, 2, 3, 2), numbers(r, 1, 1, 3, 2)
    layer = mc.groupedConvolution2dLayer(3, 3, 2, Padding="same", Weights=w, Bias=b)
    return layer, numbers(r, 8, 7, 4, 3) * 3, None


def _grouped(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return F.conv2d(x, w.reshape(6, 2, 3, 3), b, padding=1, groups=2)


def _dealt(x: Tensor, groups: int, each: int) -> Tensor:
    """The channels of all groups in turn."""
    return x.unflatten(1, (groups, each)).transpose(1, 2).flatten(1, 2)


FAMILIES["grouped conv2d"] = computed(
    _grouped_layer,
    _grouped,
    {
        ("groups exchanged, biases not", "(?i)groups"): lambda x, w, b: _grouped(x, w.flip(0), b),
        ("the first group's filters for both", "(?i)group"): lambda x, w, b: _grouped(
            x, w[:1].expand_as(w), b
        ),
        ("biases filter by filter over the groups", "(?i)bias"): lambda x, w, b: _grouped(
            x, w, b.reshape(2, 3).T.ravel()
        ),
        ("channels dealt out in turn (ShuffleNet) before", "(?i)interleav|group"): lambda x, w, b: (
            _grouped(_dealt(x, 2, 2), w, b)
        ),
        (
            "channels dealt out in turn (ShuffleNet) after",
            "(?i)interleav|group|channels",
        ): lambda x, w, b: _dealt(_grouped(x, w, b), 2, 3),
        ("kernel height and width exchanged", "height and width exchanged"): lambda x, w, b: (
            _grouped(x, w.transpose(3, 4), b)
        ),
    },
    # groups, filters, channels, h, w
    lambda layer: [_m(layer.Weights.transpose(4, 3, 2, 0, 1)), vector(layer.Bias)],
)


def _conv1_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 3, 4, 4), numbers(r, 1, 4)
    layer = mc.convolution1dLayer(3, 4, Padding="causal", DilationFactor=2, Weights=w, Bias=b)
    return layer, numbers(r, 4, 3, 12) * 3, "CBT"


def _conv1(
    x: Tensor, w: Tensor, b: Tensor, pad: tuple[int, int] = (4, 0), dilation: int = 2
) -> Tensor:
    return F.conv1d(F.pad(x, pad), w, b, dilation=dilation)


FAMILIES["causal conv1d"] = computed(
    _conv1_layer,
    _conv1,
    {
        ("padded at the end", "(?i)padding|side|causal"): partial(_conv1, pad=(0, 4)),
        ("dilation left out", "Dilation"): partial(_conv1, pad=(2, 0), dilation=1),
        ("padded as if not dilated, zeros after", "(?i)padding|shifted"): partial(
            _conv1, pad=(2, 2)
        ),
        ("input backwards in time", "(?i)(flipped|revers|backward)"): lambda x, w, b: _conv1(
            x.flip(2), w, b
        ),
        (
            "channels and filters exchanged",
            "(?i)Weights.*(transposed|exchanged)|filters and channels",
        ): lambda x, w, b: _conv1(x, w.transpose(0, 1), b),
        ("weights reshaped in row-major order", "(?i)row-major|reshape"): lambda x, w, b: _conv1(
            x, w.permute(2, 1, 0).reshape(w.shape), b
        ),
        ("output backwards in time", "(?i)(flipped|revers|backward)"): lambda x, w, b: _conv1(
            x, w, b
        ).flip(2),
    },
    lambda layer: [_m(layer.Weights.transpose(2, 1, 0)), vector(layer.Bias)],
)


def _up_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 4, 3, 4, 3), numbers(r, 1, 1, 4)
    layer = mc.transposedConv2dLayer(
        (4, 3), 4, Stride=(2, 1), Cropping=[1, 1, 0, 1], Weights=w, Bias=b
    )
    return layer, numbers(r, 5, 6, 3, 2) * 3, None


def _up(
    x: Tensor, w: Tensor, b: Tensor | None, crop: tuple[int, int, int, int] = (1, 1, 0, 1)
) -> Tensor:
    y = F.conv_transpose2d(x, w, b, stride=(2, 1))
    return F.pad(y, [-n for n in (*crop[2:], *crop[:2])])


FAMILIES["transposed conv2d"] = computed(
    _up_layer,
    _up,
    {
        ("cropping at the bottom alone", "(?i)crop"): partial(_up, crop=(0, 2, 0, 1)),
        ("cropping at the left for the right", "(?i)crop"): partial(_up, crop=(1, 1, 1, 0)),
        ("bias left out", "(?i)bias missing"): lambda x, w, b: _up(x, w, None),
        ("copies instead of zeros between", "(?i)repeat|copies|nearest|upsampl"): lambda x, w, b: (
            F.conv_transpose2d(x.repeat_interleave(2, 2), w, b)[:, :, 1:11, :-1]
        ),
    },
    lambda layer: [filters(layer.Weights), vector(layer.Bias)],  # channels, filters, h, w
)


# --- fully connected --------------------------------------------------------------------


def _flat_layer(r: np.random.Generator) -> Any:
    w, b = numbers(r, 5, 4 * 3 * 6), numbers(r, 5, 1)
    return mc.fullyConnectedLayer(5, Weights=w, Bias=b), numbers(r, 4, 3, 6, 8) * 3, "SSCB"


def _flat(x: Tensor, w: Tensor, b: Tensor, order: tuple[int, ...] = (0, 1, 3, 2)) -> Tensor:
    return F.linear(x.permute(order).flatten(1), w, b)


FAMILIES["fully connected after images"] = computed(
    _flat_layer,
    _flat,
    {
        ("flattened W,H,C", "(?i)WHC|W.*H.*C"): partial(_flat, order=(0, 3, 2, 1)),
        ("flattened with the channels in the middle", "(?i)flatten|order|HCW|WCH"): partial(
            _flat, order=(0, 2, 1, 3)
        ),
        ("one bias for all", "(?i)bias"): lambda x, w, b: _flat(x, w, b.mean().expand_as(b)),
        (
            "classes counted from the background",
            "(?i)outputs|rows|filters|shift|further|features",
        ): lambda x, w, b: _flat(x, w.roll(1, 0), b.roll(1)),
        ("three of five classes loaded", "(?i)Weights|rows|outputs"): lambda x, w, b: _flat(
            x, _first(w, 3, 0), _first(b, 3, 0)
        ),
        ("weights in int8", "(?i)int8|8 bit"): lambda x, w, b: _flat(x, _int8(w), b),
        ("input in int8", "(?i)int8|8 bit"): lambda x, w, b: _flat(_int8(x), w, b),
        ("halved for dropout", "(?i)0\\.5|half|scale"): lambda x, w, b: _flat(x, w, b) * 0.5,
    },
    lambda layer: [_m(layer.Weights), vector(layer.Bias)],
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
    m, v, s, o = channels("TrainedMean TrainedVariance Scale Offset")(layer)
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
        (
            "mean, variance, scale, offset as Keras's gamma, beta, mean, variance",
            "(?i)order|exchanged|Keras",
        ): {"order": "somv"},
        ("mean and offset exchanged", "(?i)TrainedMean.*Offset|mean.*offset|Offset.*Mean"): {
            "order": "ovsm"
        },
        ("deviation saved for the variance", "(?i)deviation|root|squared"): {
            "running_var": torch.sqrt
        },
        (
            "one over the deviation saved for the variance",
            "(?i)deviation|root|reciprocal|inverse|1/",
        ): {"running_var": lambda v: v.rsqrt()},
        ("scale left out (Keras scale=False)", "(?i)Scale.*(left out|initial|missing)|scale"): {
            "weight": torch.ones_like
        },
        ("offset left out (Keras center=False)", "(?i)Offset.*(left out|initial|missing)|offset"): {
            "bias": torch.zeros_like
        },
        ("1 added to the scale", "(?i)Scale"): {"weight": lambda w: w + 1},
        ("mean added", "(?i)mean"): {"how": "no eps and plus"},
        ("over the width (Keras axis)", "(?i)width|axis|dimension"): {"how": "width"},
        ("folded, mean not scaled", "(?i)fold|mean"): {"how": "folded"},
        ("statistics of each image", "(?i)instance|each|image|observation"): {"how": "instance"},
        ("eps 1e-3, Keras", "(?i)Epsilon"): {"eps": 1e-3},
        ("statistics loaded, the rest not", "(?i)initial|Scale.*Offset|Offset.*Scale"): {
            "weight": torch.ones_like,
            "bias": torch.zeros_like,
        },
    },
)


def _ln_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 6, 1), "Scale": 1 + numbers(r, 6, 1)}
    layer = mc.layerNormalizationLayer(OperationDimension="channel-only", **given)
    return layer, numbers(r, 6, 3, 8) * 3 + 0.5, "CBT"


def _ln(x: Tensor, s: Tensor, o: Tensor) -> Tensor:
    v, m = torch.var_mean(x, 1, unbiased=False, keepdim=True)
    return (x - m) / (v + 1e-5).sqrt() * s + o


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(1, keepdim=True)


FAMILIES["layer norm, ported"] = computed(
    _ln_layer,
    _ln,
    {
        ("root mean square (RMSNorm)", "(?i)rms|root|mean"): lambda x, s, o: (
            x / (x.square().mean(1, keepdim=True) + 1e-5).sqrt() * s + o
        ),
        ("elementwise_affine=False", "(?i)initial|Scale.*Offset|affine"): lambda x, s, o: _ln(
            x, 1 + 0 * s, 0 * o
        ),
        ("without offset (bias=False)", "(?i)Offset"): lambda x, s, o: _ln(x, s, 0 * o),
        ("without scale", "(?i)Scale"): lambda x, s, o: _ln(x, 1 + 0 * s, o),
        ("not divided", "(?i)divid|deviation|variance"): lambda x, s, o: _centred(x) * s + o,
        ("mean absolute deviation", "(?i)absolute|deviation"): lambda x, s, o: (
            _centred(x) / (_centred(x).abs().mean(1, keepdim=True) + 1e-5) * s + o
        ),
    },
    channels("Scale Offset", 1),
)


def _gn_layer(r: np.random.Generator) -> Any:
    given = {"Offset": numbers(r, 1, 1, 12), "Scale": 1 + numbers(r, 1, 1, 12)}
    return mc.groupNormalizationLayer(3, **given), numbers(r, 5, 6, 12, 3) * 3, None


def _gn(x: Tensor, s: Tensor, o: Tensor, groups: int = 3) -> Tensor:
    return F.group_norm(x, groups) * s + o


FAMILIES["group norm, ported"] = computed(
    _gn_layer,
    _gn,
    {
        ("channels of a group for their number", "NumGroups|groups"): partial(_gn, groups=4),
        ("one group (layer norm)", "(?i)NumGroups|layer norm|one group"): partial(_gn, groups=1),
        ("a group for each channel (instance norm)", "(?i)NumGroups|instance|channel"): partial(
            _gn, groups=12
        ),
        ("affine left out", "(?i)initial|Scale|affine"): lambda x, s, o: F.group_norm(x, 3),
    },
    channels("Scale Offset"),
)


# --- recurrent --------------------------------------------------------------------------


def gates(order: str, *weights: Tensor) -> list[Tensor]:
    """Weights with the gates in another order."""
    parts = [dict(zip("ifgo", w.chunk(4), strict=True)) for w in weights]
    return [torch.cat([part[k] for k in order]) for part in parts]


def _by_unit(*weights: Tensor) -> list[Tensor]:
    """Weights as if the gates of a unit stood side by side."""
    return [w.unflatten(0, (6, -1)).transpose(0, 1).flatten(0, 1) for w in weights]


def forgetting(b: Tensor, units: int) -> Tensor:
    """1 added to the bias of the forget gates, of one direction or two."""
    more = torch.zeros_like(b).reshape(-1, 4, units)
    more[:, 1] = 1
    return b + more.ravel()


def carried_over(x: Tensor, *weights: Tensor) -> Tensor:
    """The state goes on from one sequence to the next: all are one."""
    y = _lstm_steps(x.transpose(0, 1).flatten(1)[None], *weights)
    return y[0].unflatten(1, (len(x), -1)).transpose(0, 1)


FAMILIES["lstm, ported"] = computed(
    recurrent(mc.lstmLayer, 24, 6, 4, 3, 9),
    _lstm_steps,
    {
        (
            "gates of the input weights alone reordered",
            "(?i)InputWeights.*gate|gate.*InputWeights",
        ): lambda x, w, u, b: _lstm_steps(x, *gates("igfo", w), u, b),
        (
            "gates of the recurrent weights alone reordered",
            "(?i)RecurrentWeights.*gate|gate.*RecurrentWeights",
        ): lambda x, w, u, b: _lstm_steps(x, w, *gates("igfo", u), b),
        ("gates of a unit side by side", "(?i)interleav|unit|gate"): lambda x, *weights: (
            _lstm_steps(x, *_by_unit(*weights))
        ),
        ("output gate first", "(?i)gate"): lambda x, *weights: _lstm_steps(
            x, *gates("oifg", *weights)
        ),
        ("forget bias 1 added (TensorFlow 1)", "(?i)forget"): lambda x, w, u, b: _lstm_steps(
            x, w, u, forgetting(b, 6)
        ),
        ("state carried over from the sequence before", "(?i)carried|state|stateful"): carried_over,
        # Outputs stay in the order they were computed.
        ("go_backwards, not turned back", "(?i)flipped|revers|backward"): lambda x, *weights: (
            _lstm_steps(x.flip(2), *weights)
        ),
        ("last step for all", "(?i)last|step|OutputMode"): lambda x, *weights: _lstm_steps(
            x, *weights
        )[:, :, -1:].expand(-1, -1, x.shape[2]),
        ("a step late", "(?i)late|shifted"): lambda x, *weights: F.pad(
            _lstm_steps(x, *weights), (1, -1)
        ),
        (
            "input weights read in the other memory order",
            "(?i)InputWeights.*(row-major|reshaped)",
        ): lambda x, w, u, b: _lstm_steps(x, w.T.reshape(w.shape), u, b),
        ("sigmoid for tanh", "(?i)sigmoid"): partial(_lstm_steps, act=torch.sigmoid),
        ("gates by tanh", "(?i)gate"): partial(_lstm_steps, gate=torch.tanh),
    },
    cells,
)


def _last(x: Tensor, *weights: Tensor) -> Tensor:
    return _lstm_steps(x, *weights)[:, :, -1]


FAMILIES["lstm, last step"] = computed(
    recurrent(mc.lstmLayer, 24, 6, 4, 5, 9, OutputMode="last"),
    _last,
    {
        ("first step", "(?i)first"): lambda x, *weights: _lstm_steps(x, *weights)[:, :, 0],
        ("mean of the steps", "(?i)mean|average"): lambda x, *weights: _lstm_steps(
            x, *weights
        ).mean(2),
        ("largest of the steps", "(?i)max|largest"): lambda x, *weights: _lstm_steps(
            x, *weights
        ).amax(2),
        ("last but one", "(?i)last but one|step|earl|before"): lambda x, *weights: _lstm_steps(
            x, *weights
        )[:, :, -2],
        ("zeros appended, last of all", "(?i)pad|zeros|longer"): lambda x, *weights: _last(
            F.pad(x, (0, 3)), *weights
        ),
        ("zeros in front", "(?i)pad|zeros|longer"): lambda x, *weights: _last(
            F.pad(x, (3, 0)), *weights
        ),
        ("sum of the steps", "(?i)sum"): lambda x, *weights: _lstm_steps(x, *weights).sum(2),
    },
    cells,
)


def _bi(x: Tensor, forward: Sequence[Tensor], backward: Sequence[Tensor]) -> Tensor:
    back = _lstm_steps(x.flip(2), *backward).flip(2)
    return torch.cat([_lstm_steps(x, *forward), back], 1)


def _directions(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of the input and the weights of both directions."""
    return lambda x, *weights: function(x, *zip(*(v.chunk(2) for v in weights), strict=True))


FAMILIES["bilstm, ported"] = computed(
    recurrent(mc.bilstmLayer, 48, 6, 4, 3, 9),
    _directions(_bi),
    {
        ("forward weights for both", "(?i)forward|direction|halves|half"): _directions(
            lambda x, one, two: _bi(x, one, one)
        ),
        ("weights of the directions exchanged", "(?i)directions|halves|exchanged"): _directions(
            lambda x, one, two: _bi(x, two, one)
        ),
        ("forward bias for both", "(?i)bias"): _directions(
            lambda x, one, two: _bi(x, one, [*two[:2], one[2]])
        ),
        ("backward left out (zeros)", "(?i)backward|zero|direction|half"): _directions(
            lambda x, one, two: F.pad(_lstm_steps(x, *one), (0, 0, 0, 6))
        ),
        ("forward result twice", "(?i)forward|twice|direction|half"): _directions(
            lambda x, one, two: _lstm_steps(x, *one).repeat(1, 2, 1)
        ),
        ("gates of the backward direction alone reordered", "(?i)gate"): _directions(
            lambda x, one, two: _bi(x, one, gates("igfo", *two))
        ),
    },
    cells,
)
FAMILIES["gru, ported"] = computed(
    recurrent(mc.gruLayer, 18, 6, 4, 3, 9),
    _gru_steps,
    {
        ("hard sigmoid (Keras 1)", "(?i)hard"): partial(_gru_steps, gate=_hard),
        ("relu for tanh", "(?i)relu"): partial(_gru_steps, act=torch.relu),
        (
            "reset and update of the input weights alone exchanged",
            "(?i)InputWeights",
        ): lambda x, w, u, b: _gru_steps(x, torch.cat([w[6:12], w[:6], w[12:]]), u, b),
        ("no reset gate", "(?i)reset"): lambda x, w, u, b: _gru_steps(
            x, w, u, torch.cat([b[:6] + 1e9, b[6:]])
        ),
        ("gates of a unit side by side", "(?i)interleav|unit|gate"): lambda x, *weights: _gru_steps(
            x, *_by_unit(*weights)
        ),
    },
    cells,
)


# --- attention --------------------------------------------------------------------------


_PARTS = ("Query", "Key", "Value")


def attention_layer(heads: int, *size: int) -> Make:
    """With weights, for an input of this size."""

    def make(r: np.random.Generator) -> tuple[Any, Array, str]:
        c, names = size[0], (*_PARTS, "Output")
        given = {f"{n}Weights": 2 * numbers(r, c, c) for n in names}
        given |= {f"{n}Bias": numbers(r, c, 1) for n in names}
        return mc.selfAttentionLayer(heads, c, **given), numbers(r, *size) * 4, "CBT"

    return make


def attention(
    layer: Any,
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]] = lambda _: {},
    heads: Callable[..., tuple[Tensor, ...]] = lambda q, k, v: (q, k, v),
    weigh: Runs = lambda scores: scores.softmax(-1),
    around: Callable[[Runs, Tensor], Tensor] = lambda run, x: run(x),
) -> Runs:
    """With other parameters, other queries, keys and values, and other weights of these."""
    p = {f"{n}Weights": _m(getattr(layer, f"{n}Weights")) for n in (*_PARTS, "Output")}
    p |= {f"{n}Bias": vector(getattr(layer, f"{n}Bias")) for n in (*_PARTS, "Output")}
    p |= change(p)

    def run(x: Tensor) -> Tensor:
        y = x.transpose(1, 2)
        q, k, v = heads(
            *(
                F.linear(y, p[f"{n}Weights"], p[f"{n}Bias"])
                .unflatten(2, (layer.NumHeads, -1))
                .transpose(1, 2)
                for n in _PARTS
            )
        )
        z = weigh(q @ k.transpose(2, 3) / sqrt(q.shape[3])) @ v
        z = z.transpose(1, 2).flatten(2)
        return F.linear(z, p["OutputWeights"], p["OutputBias"]).transpose(1, 2)

    return partial(around, run)


def not_projected(part: str) -> How:
    """Without the projection of this part."""
    weights, bias = f"{part}Weights", f"{part}Bias"
    return {"change": lambda p: {weights: torch.eye(len(p[bias])).double(), bias: 0 * p[bias]}}


def _by_head(p: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rows of q, k, v of the first head, then of the second."""
    names = [f"{n}Weights" for n in _PARTS]
    packed = torch.cat([p[name] for name in names]).reshape(2, 3, 4, 8)
    return dict(zip(names, packed.transpose(0, 1).reshape(24, 8).chunk(3), strict=True))


FAMILIES["self-attention, ported"] = Family(
    attention_layer(2, 8, 3, 7),
    attention,
    {
        ("batch_first left out", "(?i)batch_first|observations.*time|time.*observations"): {
            "around": lambda run, x: run(x.permute(2, 1, 0)).permute(2, 1, 0)
        },
        ("all projections transposed", "(?i)transposed"): {
            "change": lambda p: {n: v.T for n, v in p.items() if n.endswith("Weights")}
        },
        ("projection of the keys transposed", "(?i)KeyWeights.*transposed"): {
            "change": lambda p: {"KeyWeights": p["KeyWeights"].T}
        },
        ("output bias left out", "(?i)OutputBias"): {
            "change": lambda p: {"OutputBias": 0 * p["OutputBias"]}
        },
        ("all biases left out", "(?i)bias"): {
            "change": lambda p: {n: 0 * v for n, v in p.items() if n.endswith("Bias")}
        },
        ("in_proj packed head by head", "(?i)head|packed|blocks"): {"change": _by_head},
        ("diagonal masked", "(?i)diagonal|itself|own"): {
            "weigh": lambda scores: (scores - 1e9 * torch.eye(scores.shape[-1])).softmax(-1)
        },
        ("masked the other way", "(?i)mask|causal|future|past"): {
            "weigh": lambda s: (s + torch.full_like(s, -torch.inf).tril(-1)).softmax(-1)
        },
        ("softmax over the heads", "(?i)softmax|heads"): {"weigh": lambda s: s.softmax(1)},
        ("softmax left out", "(?i)softmax"): {"weigh": lambda scores: scores},
        ("output projection left out", "(?i)Output"): not_projected("Output"),
        ("skip built in", "(?i)skip|added|input"): {"around": lambda run, x: run(x) + x},
    },
)


# --- pooling, resizing, activations -----------------------------------------------------


FAMILIES["max pooling, ported"] = computed(
    fixed(lambda: mc.maxPooling2dLayer(3, Stride=2, Padding=1), 10, 12, 4, 2),
    lambda x: F.max_pool2d(x, 3, 2, 1),
    {
        ("'same' of TensorFlow", "(?i)padding"): lambda x: F.max_pool2d(
            F.pad(x, (0, 1, 0, 1), value=-1e9), 3, 2
        ),
        ("padded with zeros", "(?i)padded|zero|PaddingValue"): lambda x: F.max_pool2d(
            F.pad(x, (1, 1, 1, 1)), 3, 2
        ),
        ("of the absolute values", "(?i)absolute|magnitude"): lambda x: F.max_pool2d(
            x.abs(), 3, 2, 1
        ),
        ("L2 pooling", "(?i)L2|root|square|power"): lambda x: F.lp_pool2d(
            F.pad(x, (1, 1, 1, 1)), 2, 3, 2
        ),
        ("window of the height alone", "(?i)PoolSize|window"): lambda x: F.max_pool2d(
            x, (3, 1), (2, 2), (1, 0)
        ),
    },
)
FAMILIES["global average, ported"] = computed(
    fixed(lambda: mc.globalAveragePooling2dLayer(), 6, 7, 5, 4),
    lambda x: x.mean((2, 3), keepdim=True),
    {
        ("window fixed at 4 by 4", "(?i)window|PoolSize|part"): lambda x: x[:, :, :4, :4].mean(
            (2, 3), keepdim=True
        ),
        ("first pixel", "(?i)first|corner|pixel"): lambda x: x[:, :, :1, :1],
        ("after a ReLU too many", "(?i)ReLU|positive"): lambda x: x.relu().mean(
            (2, 3), keepdim=True
        ),
        ("sums", "(?i)sum"): lambda x: x.sum((2, 3), keepdim=True),
        ("root mean square", "(?i)root|square|L2"): lambda x: (
            x.square().mean((2, 3), keepdim=True).sqrt()
        ),
        ("median", "(?i)median"): lambda x: x.flatten(2).median(2)[0][..., None, None],
    },
)
FAMILIES["resize down"] = Family(
    fixed(lambda: mc.resize2dLayer(OutputSize=(5, 6), Method="bilinear"), 12, 11, 3, 2),
    lambda _, mode="bilinear", **how: (
        lambda x: F.interpolate(
            x,
            size=(5, 6),
            mode=mode,
            **({"align_corners": False} if mode.startswith("bi") else {}) | how,
        )
    ),
    {
        ("antialias", "(?i)antialias"): {"antialias": True},
        ("area", "(?i)area|average"): {"mode": "area"},
        ("bicubic", "(?i)bicubic|cubic"): {"mode": "bicubic"},
        ("nearest", "(?i)nearest"): {"mode": "nearest"},
        ("align_corners", "(?i)corners"): {"align_corners": True},
    },
)


FAMILIES["gelu"] = computed(
    fixed(mc.geluLayer, 6, 5, 4, 3),
    F.gelu,
    {
        ("quick", "(?i)quick|1\\.702|sigmoid"): lambda x: x * torch.sigmoid(1.702 * x),
        ("swish", "(?i)swish|silu"): F.silu,
        ("relu", "ReLU"): torch.relu,
        ("mish", "(?i)mish"): F.mish,
        ("squared", "(?i)gelu|twice"): lambda x: F.gelu(F.gelu(x)),
    },
)
FAMILIES["elu"] = computed(
    fixed(lambda: mc.eluLayer(1.0), 6, 5, 4, 3),
    F.elu,
    {
        ("selu", "(?i)selu"): F.selu,
        ("celu half", "(?i)alpha|celu"): lambda x: F.celu(x, 0.5),
        ("softplus", "(?i)softplus"): F.softplus,
        ("leaky", "(?i)leaky|slope"): lambda x: F.leaky_relu(x, 0.1),
        ("alpha 0 1", "(?i)alpha"): lambda x: F.elu(x, 0.1),
    },
)
FAMILIES["swish"] = computed(
    fixed(mc.swishLayer, 6, 5, 4, 3),
    F.silu,
    {
        ("hard", "(?i)hard"): F.hardswish,
        ("beta", "(?i)beta|1\\.702|quick|gelu|slope"): lambda x: x * torch.sigmoid(1.702 * x),
        ("sigmoid", "(?i)sigmoid"): torch.sigmoid,
        ("gelu", "(?i)gelu"): F.gelu,
    },
)
FAMILIES["tanh"] = computed(
    fixed(mc.tanhLayer, 6, 5, 4, 3),
    torch.tanh,
    {
        ("hard", "(?i)hard"): F.hardtanh,
        ("LeCun", "(?i)1\\.7159|LeCun|scaled"): lambda x: 1.7159 * torch.tanh(2 / 3 * x),
        ("softsign", "(?i)softsign"): F.softsign,
        ("half", "(?i)sigmoid|half|0\\.49999|0\\.5|2 \\*"): lambda x: 2 * torch.sigmoid(x) - 1,
        ("atan", "(?i)atan|arctan"): torch.atan,
    },
)
FAMILIES["sigmoid"] = computed(
    fixed(mc.sigmoidLayer, 6, 5, 4, 3),
    torch.sigmoid,
    {
        ("hard of torch", "(?i)hard"): F.hardsigmoid,
        ("hard of Keras", "(?i)hard"): _hard,
        ("logits", "(?i)left out"): lambda x: x,
        ("twice", "(?i)twice|is sigmoid of"): lambda x: x.sigmoid().sigmoid(),
        ("complement", "(?i)1 -|complement|negat|sign"): lambda x: 1 - x.sigmoid(),
    },
)
FAMILIES["leaky relu"] = computed(
    fixed(lambda: mc.leakyReluLayer(0.1), 6, 5, 4, 3),
    lambda x: F.leaky_relu(x, 0.1),
    {
        ("Keras", "0\\.3"): lambda x: F.leaky_relu(x, 0.3),
        ("TensorFlow", "0\\.2"): lambda x: F.leaky_relu(x, 0.2),
        ("twice", "(?i)twice|0\\.01"): lambda x: F.leaky_relu(F.leaky_relu(x, 0.1), 0.1),
        ("absolute", "(?i)absolute|abs|-1"): torch.abs,
        ("elu", "(?i)elu"): F.elu,
    },
)
FAMILIES["softmax over pixels"] = computed(
    fixed(lambda: mc.softmaxLayer(), 5, 6, 4, 3),
    lambda x: x.softmax(1),
    {
        ("over the height", "(?i)height"): lambda x: x.softmax(2),
        ("over the observations", "(?i)observations|batch"): lambda x: x.softmax(0),
        ("over the pixels", "(?i)height and width|pixels|spatial|space"): lambda x: (
            x.flatten(2).softmax(2).reshape(x.shape)
        ),
        ("over all", "(?i)all"): lambda x: x.flatten(1).softmax(1).reshape(x.shape),
        ("twice", "(?i)twice|is softmax of"): lambda x: x.softmax(1).softmax(1),
        ("its logarithm", "(?i)log"): lambda x: x.log_softmax(1),
        ("the largest alone", "(?i)largest|one-hot|argmax"): lambda x: (
            F.one_hot(x.argmax(1), 4).permute(0, 3, 1, 2).double()
        ),
    },
)


def _space(x: Tensor, order: tuple[int, ...] = (0, 3, 5, 1, 2, 4)) -> Tensor:
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // 2, 2, w // 2, 2)
    return parts.permute(order).reshape(n, 4 * c, h // 2, w // 2)


FAMILIES["space to depth"] = computed(
    fixed(lambda: mc.spaceToDepthLayer(2), 6, 8, 3, 2),
    _space,
    {
        ("torch's pixel_unshuffle", "(?i)unshuffle|crd|order|Mode"): partial(
            _space, order=(0, 1, 3, 5, 2, 4)
        ),
        ("columns before rows", "(?i)exchanged|order|rows"): partial(
            _space, order=(0, 5, 3, 1, 2, 4)
        ),
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


def _z(x: Tensor, m: Tensor, d: Tensor) -> Tensor:
    return (x - m) / d


def _imagenet(x: Tensor, *_: Tensor) -> Tensor:
    m, d = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).reshape(2, 1, 3, 1, 1)
    return _z(x / 255, m, d)


def _own(x: Tensor, *_: Tensor) -> Tensor:
    return _z(x, x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True))


FAMILIES["image input, ported"] = computed(
    _image_layer,
    _z,
    {
        ("ImageNet's mean and deviation", "(?i)ImageNet"): _imagenet,
        ("divided by 127.5, minus 1", "(?i)127\\.5|-1"): lambda x, *_: x / 127.5 - 1,
        ("normalized twice", "(?i)twice"): lambda x, m, d: _z(_z(x, m, d), m, d),
        ("grey", "(?i)grey|gray|averag"): lambda x, m, d: _z(x.mean(1, keepdim=True), m, d),
        ("mean and deviation of each image", "(?i)own|each"): _own,
        ("inverted (255 - x)", "(?i)255 -|invert|negative"): lambda x, m, d: _z(255 - x, m, d),
        (
            "N,H,W,C buffer viewed as N,C,H,W",
            "(?i)NHWC|memory|view|reshaped|row-major",
        ): lambda x, m, d: _z(x.permute(0, 2, 3, 1).reshape(x.shape), m, d),
        ("turned by 90 degrees", "(?i)turned|rotat|90"): lambda x, m, d: _z(
            x.rot90(1, (2, 3)), m, d
        ),
        ("each image one further", "(?i)observations|next|further|shift"): lambda x, m, d: _z(
            x.roll(1, 0), m, d
        ),
        ("the first image for all", "(?i)first|same"): lambda x, m, d: _z(x[:1].expand_as(x), m, d),
        ("divided by the variance", "(?i)variance|squared"): lambda x, m, d: _z(x, m, d.square()),
        ("times the deviation", "(?i)multipl|times|divid|reciprocal|deviation"): lambda x, m, d: (
            (x - m) * d
        ),
        ("gamma corrected", "(?i)gamma|2\\.2"): lambda x, m, d: _z(
            255 * (x / 255) ** (1 / 2.2), m, d
        ),
    },
    channels("Mean StandardDeviation"),
)


# --- saved arrays -----------------------------------------------------------------------


def _uint8(y: Array) -> Array:
    return np.clip(np.round(y), 0, 255)


def _unit(y: Array) -> Array:
    return (y - y.min()) / np.ptp(y)


def _viewed(y: Array) -> Array:
    """The memory of N,H,W,C viewed as N,C,H,W."""
    h, w, c, n = y.shape
    return y.transpose(3, 0, 1, 2).reshape(n, c, h, w).transpose(2, 3, 1, 0)


#: What is saved for the output of a convolution.
OUTPUTS: Changes = {
    ("N,H,W,C memory viewed as N,C,H,W", "(?i)memory|view|row-major|NHWC|reshaped"): _viewed,
    ("rolled by a pixel", "(?i)roll|circular|shifted|order"): lambda y: np.roll(y, 1, 1),
    ("border left at zero", "(?i)border|edge"): lambda y: np.pad(
        y[1:-1, 1:-1], ((1, 1), (1, 1), (0, 0), (0, 0))
    ),
    ("observations one further", "(?i)observations"): lambda y: np.roll(y, 1, 3),
    ("first observation for all", "(?i)first.*observation"): lambda y: np.repeat(
        y[..., :1], y.shape[3], 3
    ),
    ("channels reversed", "(?i)channels"): lambda y: y[:, :, ::-1],
    ("channels one further", "(?i)channels"): lambda y: np.roll(y, 1, 2),
    ("scaled to 0..1", "(?i)scale and offset|0\\.\\.1|range|min"): _unit,
    ("divided by the largest", "(?i)scale|largest|max"): lambda y: y / np.abs(y).max(),
    ("length one over the channels", "(?i)length|norm"): lambda y: (
        y / np.linalg.norm(y, axis=2, keepdims=True)
    ),
    ("centred", "(?i)offset|mean|centred"): lambda y: y - y.mean(),
    ("each channel centred", "(?i)channel|mean"): lambda y: y - y.mean((0, 1, 3), keepdims=True),
    ("squared", "(?i)square"): np.square,
    ("exponentiated", "(?i)exp"): np.exp,
    ("logarithm of 1 + |y|", "(?i)log"): lambda y: np.log1p(np.abs(y)),
    ("softmax too many", "(?i)softmax"): lambda y: np.exp(y) / np.exp(y).sum(2, keepdims=True),
    ("sigmoid too many", "(?i)sigmoid"): lambda y: 1 / (1 + np.exp(-y)),
    ("clipped to 0..1", "(?i)clip|0\\.\\.1|0 to 1|between"): lambda y: np.clip(y, 0, 1),
    ("rounded to integers", "(?i)round|decimal|integer"): np.round,
    ("in bytes of 0..255", "(?i)255|uint8|byte|round|scale"): lambda y: _uint8(_unit(y) * 255),
    ("with 2 decimals", "(?i)decimals"): lambda y: np.round(y, 2),
    ("turned by 90 degrees twice", "(?i)flipped|turned|180"): lambda y: y[::-1, ::-1],
    ("diagonal mirrored", "(?i)flipped|mirrored|exchanged"): lambda y: (
        y[::-1, ::-1].swapaxes(0, 1) if y.shape[0] == y.shape[1] else y[:, ::-1]
    ),
    ("differences along the height", "(?i)diff"): lambda y: np.diff(y, axis=0, prepend=0),
    ("accumulated along the width", "(?i)cumul|accumul|sum"): lambda y: np.cumsum(y, 1),
    ("int8 with one step", "(?i)int8|8 bit|rounded"): lambda y: (
        np.round(y / np.abs(y).max() * 127) * np.abs(y).max() / 127
    ),
    ("in bfloat16", "(?i)bfloat|bf16"): lambda y: (
        torch.from_numpy(np.ascontiguousarray(y)).bfloat16().float().numpy()
    ),
    ("mean of the observations", "(?i)mean|average"): lambda y: np.broadcast_to(
        y.mean(3, keepdims=True), y.shape
    ),
}
#: What the convolution was given.
INPUTS: Changes = {
    ("times 255", "255"): lambda x: x * 255,
    ("2x - 1", "(?i)-1|2x|scale"): lambda x: 2 * x - 1,
    ("minus its mean", "(?i)mean|offset"): lambda x: x - x.mean(),
    ("each image standardized", "(?i)own|standard"): lambda x: (
        (x - x.mean((0, 1, 2), keepdims=True)) / x.std((0, 1, 2), keepdims=True)
    ),
    ("grey in all channels", "(?i)grey|gray|averag"): lambda x: np.repeat(
        x.mean(2, keepdims=True), x.shape[2], 2
    ),
    ("channels G, B, R", "(?i)channels"): lambda x: x[:, :, [1, 2, 0]],
    ("observations one further", "(?i)observations"): lambda x: np.roll(x, 1, 3),
    ("mirrored", "(?i)flipped|mirrored"): lambda x: x[:, ::-1],
    ("N,H,W,C memory viewed as N,C,H,W", "(?i)memory|view|row-major|NHWC|reshaped"): _viewed,
    ("clipped to 0..1", "(?i)clip|0\\.\\.1|0 to 1|between"): lambda x: np.clip(x, 0, 1),
    ("inverted (1 - x)", "(?i)1 -|invert|negative"): lambda x: 1 - x,
    ("rounded to bytes", "(?i)255|byte|uint8|round"): lambda x: np.round(x * 255) / 255,
    ("half the size and back", "(?i)resize|size|resolution"): lambda x: np.repeat(
        np.repeat(x[::2, ::2], 2, 0), 2, 1
    )[: x.shape[0], : x.shape[1]],
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


def _wrong(one: Family, layer: Any, how: How, x: Array, labels: str | None) -> Any:
    wrong = array(one.port(layer, **how)(tensor(x)))
    return verify_network(layer, [x], {"Y": wrong}, data_format=labels)


def cases_of(
    where: str, families: dict[str, Family], outputs: Changes, inputs: Changes, seed: int
) -> Iterator[Case]:
    """Those of layers and arrays."""
    for family, one in families.items():
        for (kind, said), how in one.mistakes.items():
            layer, x, labels = one.make(generator(seed + 32 + len(family)))
            run = partial(_wrong, one, layer, how, x, labels)
            judge = partial(_repaired, one, layer, how, x)
            name = f"{family}: {kind}"
            yield Case(f"{where} layers", name, f"random {seed}", run, said, (), judge)
    same: Callable[[Array], Array] = lambda a: a  # noqa: E731
    for what, changes in (("output", outputs), ("input", inputs)):
        for (kind, said), change in changes.items():
            ways = (same, change) if what == "output" else (change, same)
            run = partial(_saved, seed, *ways)
            yield Case(f"{where} arrays", f"{what}: {kind}", f"smooth {seed}", run, said)


def cases(seed: int) -> Iterator[Case]:
    """All of one seed."""
    return cases_of("ported", FAMILIES, OUTPUTS, INPUTS, seed)
