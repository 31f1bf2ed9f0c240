"""Another function in the place of a layer's: another activation, other statistics, left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...layers.activations import (
    ClippedReLULayer,
    ELULayer,
    GELULayer,
    LeakyReLULayer,
    PReLULayer,
    ReLULayer,
    SigmoidLayer,
    SoftmaxLayer,
    SoftplusLayer,
    SwishLayer,
    TanhLayer,
)
from ...layers.base import Layer
from ...layers.normalization import (
    AnyDropoutLayer,
    BatchNormalizationLayer,
    CrossChannelNormalizationLayer,
    GroupNormalizationLayer,
    InstanceNormalizationLayer,
    LayerNormalizationLayer,
)
from ...layers.pooling import PoolingLayer
from ...layers.resampling import (
    DepthToSpace2DLayer,
    Resize2DLayer,
    Resize3DLayer,
    SpaceToDepthLayer,
)
from ...layers.structure import AdditionLayer, MultiplicationLayer
from .altered import (
    Change,
    in_training,
    inputs_changed,
    instead,
    left_out,
    of_module,
    outputs_changed,
    twice,
)
from .mistakes import Fitted, Size, Variation, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor, nn

Function = Callable[["Tensor"], "Tensor"]


def altered(
    layer: Layer,
    name: str,
    text: str,
    remedy: str,
    change: Change,
    rank: int = 1,
    *,
    diff: str = "",
    **more: Any,
) -> Variation:
    """A variation that no property expresses."""
    key = more.pop("key", f"{name} {text}")
    return Variation(
        name, text, remedy, layer, rank=rank, change=change, key=key, diff=diff or text, **more
    )


# --- any layer --------------------------------------------------------------------------


@mistakes_of(Layer)
def _presence(layer: Layer, _: Size) -> Iterator[Variation]:
    if layer.is_output or layer.input_format() is not None or isinstance(layer, AnyDropoutLayer):
        return
    what = layer.type_text or type(layer).__name__
    yield altered(
        layer,
        "layer left out",
        f"left out ({what})",
        "run it where the network has it.",
        left_out,
        1,
        diff="without this layer",
    )
    if layer.NumInputs == 1:
        yield altered(
            layer,
            "layer applied twice",
            "applied twice, one time after the other",
            "run it once.",
            twice,
            2,
            diff="this layer twice",
        )
        yield altered(
            layer,
            "skip connection too many",
            "with its input added to its output",
            "leave out the skip connection: the network has none around this layer.",
            of_module(_with_input),
            2,
        )
    if layer.NumInputs > 1 and not isinstance(layer, AdditionLayer | MultiplicationLayer):
        for i, name in enumerate(layer.InputNames):
            yield altered(
                layer,
                "input missing",
                f"with zeros for its input {name}",
                f"connect its input {name}.",
                of_module(partial(_zero_input, i)),
                1,
            )


def _with_input(module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x)
    if y.shape != x.shape:
        raise ValueError("of another size")
    return x + y


def _zero_input(which: int, module: Any, *inputs: Tensor) -> Tensor:
    result: Tensor = module(*(0 * x if i == which else x for i, x in enumerate(inputs)))
    return result


# --- activations ------------------------------------------------------------------------


def activations() -> dict[str, tuple[Function, str]]:
    """The functions that one may be taken for another, and what torch calls them."""
    import torch
    from torch.nn import functional as F

    def quick(x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)

    def hard(x: Tensor) -> Tensor:
        return (0.2 * x + 0.5).clamp(0, 1)

    found: dict[str, tuple[Function, str]] = {
        "ReLU": (torch.relu, "torch.relu"),
        "leaky ReLU with slope 0.01": (F.leaky_relu, "leaky_relu(x, 0.01)"),
        **{
            f"leaky ReLU with slope {slope:g}": (
                partial(F.leaky_relu, negative_slope=slope),
                f"leaky_relu(x, {slope:g})",
            )
            for slope in (0.1, 0.2, 0.3, 0.25, 0.05)
        },
        "ReLU clipped at 6": (F.relu6, "relu6"),
        "ReLU clipped at 1": (partial(torch.clamp, min=0, max=1), "clamp(0, 1)"),
        "ELU with alpha 1": (F.elu, "elu"),
        "SELU": (F.selu, "selu"),
        "CELU": (F.celu, "celu"),
        "GELU (erf)": (F.gelu, "gelu"),
        "GELU (tanh)": (partial(F.gelu, approximate="tanh"), "gelu(approximate='tanh')"),
        "GELU (sigmoid)": (quick, "x*sigmoid(1.702*x)"),
        "swish": (F.silu, "silu"),
        "hard swish": (F.hardswish, "hardswish"),
        "mish": (F.mish, "mish"),
        "softplus": (F.softplus, "softplus"),
        "softsign": (F.softsign, "softsign"),
        "tanh": (torch.tanh, "tanh"),
        "hard tanh": (F.hardtanh, "hardtanh"),
        "sigmoid": (torch.sigmoid, "sigmoid"),
        "hard sigmoid of torch (x/6 + 0.5)": (F.hardsigmoid, "hardsigmoid"),
        "hard sigmoid of Keras (0.2*x + 0.5)": (hard, "clamp(0.2*x + 0.5, 0, 1)"),
        "log sigmoid": (F.logsigmoid, "logsigmoid"),
        "absolute value": (torch.abs, "abs"),
        "arctangent": (torch.atan, "atan"),
        "CELU with alpha 0.5": (partial(F.celu, alpha=0.5), "celu(x, 0.5)"),
        "2*sigmoid(2*x) - 1": (lambda x: 2 * torch.sigmoid(2 * x) - 1, "tanh"),
        "1.7159*tanh(2*x/3)": (lambda x: 1.7159 * torch.tanh(2 * x / 3), "tanh"),
        "softmax over the channels": (partial(torch.softmax, dim=1), "softmax(x, 1)"),
        "log softmax over the channels": (partial(torch.log_softmax, dim=1), "log_softmax(x, 1)"),
        "the softmin (of the negative) over the channels": (
            partial(F.softmin, dim=1),
            "softmin(x, 1)",
        ),
        "one-hot of the largest channel": (
            lambda x: torch.zeros_like(x).scatter(1, x.argmax(1, keepdim=True), 1),
            "argmax(x, 1)",
        ),
        "division by the sum over the channels": (
            lambda x: x / x.sum(1, keepdim=True),
            "x / x.sum(1)",
        ),
        "softmax to the base of 2 over the channels": (
            lambda x: (x * math.log(2)).softmax(1),
            "2**x",
        ),
        "ReLU of the negative": (lambda x: torch.relu(-x), "relu(-x)"),
        "square": (torch.square, "square"),
        "sine": (torch.sin, "sin"),
        "exponential": (torch.exp, "exp"),
        "sign": (torch.sign, "sign"),
    }
    return found


_ACTIVATIONS = (
    ReLULayer,
    LeakyReLULayer,
    ClippedReLULayer,
    ELULayer,
    PReLULayer,
    GELULayer,
    SwishLayer,
    TanhLayer,
    SigmoidLayer,
    SoftmaxLayer,
    SoftplusLayer,
)


@mistakes_of(*_ACTIVATIONS)
def _other_activations(layer: Layer, _: Size) -> Iterator[Variation]:
    for name, (function, in_torch) in activations().items():
        yield altered(
            layer,
            "another activation",
            f"as {name} instead of {layer.description()}",
            f"use what this layer is, {layer.description()}, not torch's {in_torch}.",
            instead(function),
            key=f"activation {name}",
            diff=f"{name} instead of {layer.description()}",
        )


@fits_of(*_ACTIVATIONS)
def _scaled_input(layer: Layer, _: Size) -> Iterator[Fitted]:
    """The layer on its input times a factor: a temperature, or a slope within."""

    def make(divided: bool, values: tuple[float, ...]) -> Variation:
        (factor,) = values
        said = f"for its input times {factor:.6g}"
        if isinstance(layer, SoftmaxLayer) and factor:
            said += f" (a temperature of {1 / factor:.6g})"
        if divided:
            said += f", and its output divided by that (a beta of {factor:.6g})"
        change = of_module(lambda module, x: module(x * factor) / (factor if divided else 1))
        remedy = "give it its input as it is."
        return altered(layer, "input scaled", said, remedy, change, 2, key="activation scaled")

    for divided in (False, True):
        yield Fitted((1.0,), partial(make, divided), 0.05)


@mistakes_of(*_ACTIVATIONS)
def _mirrored(layer: Layer, _: Size) -> Iterator[Variation]:
    """For a ReLU with a slope: the slope on the positive side."""
    for said, sign in (
        ("of the negative input", 1),
        ("of the negative input, negated (the positive side for the negative one)", -1),
    ):
        change = of_module(lambda module, x, sign=sign: sign * module(-x))
        yield altered(layer, "another sign", said, "take its input as it is.", change, 2)


@mistakes_of(ClippedReLULayer)
def _clipped_both_ways(layer: ClippedReLULayer, _: Size) -> Iterator[Variation]:
    for text, low in (
        (f"clipped at -{layer.Ceiling:g}, too (a hard tanh)", -layer.Ceiling),
        ("clipped at its Ceiling alone", -math.inf),
    ):
        change = partial(_clipped, low, layer.Ceiling)
        yield altered(layer, "another activation", text, "clip at 0 and Ceiling.", instead(change))


def _clipped(low: float, high: float, x: Tensor) -> Tensor:
    return x.clamp(low, high)


@mistakes_of(SoftmaxLayer)
def _softmax_axes(layer: Layer, size: Size) -> Iterator[Variation]:
    import torch

    for factor in (0.5, 2.0, 0.1, 10.0):
        yield altered(
            layer,
            "softmax with a temperature",
            f"with a temperature of {1 / factor:g}: of its input times {factor:g}",
            "MATLAB's softmax is of its input as it is.",
            inputs_changed(partial(torch.mul, other=factor)),
        )
    for at, named in enumerate(("observations", *size.moved)):
        axis = at + 1 if at else 0
        yield altered(
            layer,
            "softmax over another dimension",
            f"over its {named} instead of its channels",
            "MATLAB's softmax is over the channels: softmax(x, dim=1) in torch.",
            instead(partial(torch.softmax, dim=axis)),
            whole_batch=axis == 0,
        )
    if len(size) > 1:
        yield altered(
            layer,
            "softmax over another dimension",
            "over all of space and the channels at once instead of the channels",
            "MATLAB's softmax is over the channels: softmax(x, dim=1) in torch.",
            instead(lambda x: x.flatten(1).softmax(1).reshape(x.shape)),
        )
        yield altered(
            layer,
            "softmax over another dimension",
            f"over its {' and '.join(size.moved)} at once instead of its channels",
            "MATLAB's softmax is over the channels: softmax(x, dim=1) in torch.",
            instead(lambda x: x.flatten(2).softmax(2).reshape(x.shape)),
        )


@mistakes_of(Layer)
def _appended(layer: Layer, _: Size) -> Iterator[Variation]:
    """An activation after a layer that has none."""
    if isinstance(layer, _ACTIVATIONS) or layer.is_output or layer.NumOutputs > 1:
        return
    functions = activations()
    likely = ("ReLU", "sigmoid", "tanh", "softmax over the channels", "leaky ReLU with slope 0.01")
    for name in (*likely, "leaky ReLU with slope 0.2", "ELU with alpha 1", "GELU (erf)", "swish"):
        function, in_torch = functions[name]
        yield altered(
            layer,
            "activation too many",
            f"followed by a {name}, which is not there",
            f"leave out torch's {in_torch} after it.",
            outputs_changed(function),
            1 if name == "ReLU" else 3,
            key=f"followed by {name}",
            diff=f"{name} after this layer",
        )
    if layer.NumInputs == 1 and layer.input_format() is None:
        yield altered(
            layer,
            "activation too many",
            "with a ReLU before it, which is not there",
            "leave out torch.relu before it.",
            inputs_changed(functions["ReLU"][0]),
            2,
            key="ReLU before",
            diff="ReLU before this layer",
        )


# --- normalization ----------------------------------------------------------------------


def _shaped(value: Tensor, x: Tensor) -> Tensor:
    return value.reshape(1, -1, *(1,) * (x.ndim - 2))


def _affine(module: Any, x: Tensor) -> Tensor:
    return x * _shaped(module.weight, x) + _shaped(module.bias, x)


_Standardized = Callable[["Tensor", "Tensor", "Tensor", float], "Tensor"]


def _statistics() -> dict[str, tuple[str, str, _Standardized]]:
    """What is made of mean, variance and epsilon: name, text, remedy."""
    root = "it is (x - mean) / sqrt(variance + eps)"
    return {
        "epsilon outside the root": (
            "with epsilon outside the root: sqrt(variance) + epsilon",
            root,
            lambda x, m, v, e: (x - m) / (v.sqrt() + e),
        ),
        "divided by the variance": (
            "divided by the variance instead of its root",
            root,
            lambda x, m, v, e: (x - m) / (v + e),
        ),
        "epsilon left out": ("without epsilon", root, lambda x, m, v, e: (x - m) / v.sqrt()),
        "mean not subtracted": (
            "without its mean being subtracted (RMS norm)",
            root,
            lambda x, m, v, e: x / (v + e).sqrt(),
        ),
        "not divided by the deviation": (
            "with its mean subtracted only, not divided by the deviation",
            root,
            lambda x, m, v, e: x - m,
        ),
        "multiplied by the deviation": (
            "multiplied by the deviation instead of divided",
            root,
            lambda x, m, v, e: (x - m) * (v + e).sqrt(),
        ),
        "mean added": (
            "with its mean added instead of subtracted",
            root,
            lambda x, m, v, e: (x + m) / (v + e).sqrt(),
        ),
        "divided by the root mean square": (
            "divided by the root mean square, its mean not subtracted (RMSNorm)",
            root,
            lambda x, m, v, e: x / (v + m * m + e).sqrt(),
        ),
    }


@mistakes_of(BatchNormalizationLayer)
def _batch_norms(layer: BatchNormalizationLayer, size: Size) -> Iterator[Variation]:
    yield altered(
        layer,
        "batch statistics",
        "with the statistics of the batch instead of TrainedMean and TrainedVariance",
        "call model.eval() before comparing; in MATLAB use predict, not forward.",
        in_training,
        0,
        whole_batch=True,
        repair="model.eval()",
    )
    for name, (text, remedy, function) in _statistics().items():

        def run(module: Any, x: Tensor, function: _Standardized = function) -> Tensor:
            mean, variance = _shaped(module.running_mean, x), _shaped(module.running_var, x)
            return _affine(module, function(x, mean, variance, module.eps))

        yield altered(layer, name, text, f"{remedy}.", of_module(run))
    yield from _own_statistics(layer, size)
    yield from _folded_alone(layer)
    for axis, name in enumerate(size.moved, 2):
        yield altered(
            layer,
            "another dimension",
            f"over its {name} instead of its channels (Keras' axis)",
            "a number is for a channel: axis is that of the channels.",
            of_module(lambda module, x, axis=axis: module(x.transpose(1, axis)).transpose(1, axis)),
            2,
        )


def _folded_alone(layer: BatchNormalizationLayer) -> Iterator[Variation]:
    """Made one scale and one offset, of which the offset lacks a factor."""
    mean, offset = layer.TrainedMean, layer.Offset
    root = np.sqrt(layer.TrainedVariance + layer.Epsilon)
    scale = layer.Scale.reshape(mean.shape)
    given = {
        "the mean neither scaled nor divided": scale / root * mean - mean,
        "the mean not divided by the deviation": scale / root * mean - scale * mean,
        "the mean not multiplied by Scale": scale / root * mean - mean / root,
    }
    for said, more in given.items():
        yield from variation(
            layer,
            "batch normalization folded wrongly",
            f"folded into one scale and one offset, {said}",
            "the offset is Offset - Scale*TrainedMean/sqrt(TrainedVariance + Epsilon).",
            1,
            Offset=(offset + more.reshape(offset.shape)).astype(offset.dtype),
        )


#: What the norms are called that are taken for each other, by what their statistics are over.
_NORMS = {
    "S": "instance normalization",
    "CS": "layer normalization",
    "C": "normalization over the channels alone",
    "BS": "batch normalization with the statistics of these data",
}


def _own_statistics(layer: Layer, size: Size) -> Iterator[Variation]:
    """Statistics over every set of dimensions, biased or not."""
    words = {"B": "observations", "C": "channels", "S": " and ".join(size.moved) or "elements"}
    kinds = ("".join(found) for n in (1, 2, 3) for found in combinations(words, n))
    sets = [(kind, " and ".join(words[i] for i in kind), _dimensions(kind)) for kind in kinds]
    if len(size.moved) > 1:
        sets += [("", name, partial(_one_axis, axis)) for axis, name in enumerate(size.moved, 2)]
    for kind, said, dimensions in sets:
        known = f"{_NORMS[kind]}: " if kind in _NORMS else ""
        for unbiased in (False, True):
            more = ", with the unbiased variance (n - 1)" if unbiased else ""
            yield altered(
                layer,
                "unbiased variance" if unbiased else "other statistics",
                f"as {known}normalized by the mean and deviation over {said}{more}",
                f"use what this layer is: {layer.description()}, with the biased variance.",
                of_module(partial(_by_own, dimensions, unbiased)),
                3 if unbiased else 1,
                whole_batch="B" in kind,
                diff=f"{known}statistics over {said}{more}",
            )


def _dimensions(kind: str) -> Callable[[Tensor], list[int]]:
    def of(x: Tensor) -> list[int]:
        found = [axis for label, axis in (("B", 0), ("C", 1)) if label in kind]
        return [*found, *(range(2, x.ndim) if "S" in kind else ())]

    return of


def _one_axis(axis: int, _: Tensor) -> list[int]:
    return [axis]


def _by_own(
    dimensions: Callable[[Tensor], list[int]], unbiased: bool, module: Any, x: Tensor
) -> Tensor:
    import torch

    over = dimensions(x)
    variance, mean = torch.var_mean(x, over, unbiased=unbiased, keepdim=True)
    return _affine(module, (x - mean) / (variance + module.eps).sqrt())


@mistakes_of(GroupNormalizationLayer, LayerNormalizationLayer, InstanceNormalizationLayer)
def _grouped_norms(layer: Layer, size: Size) -> Iterator[Variation]:
    yield from _own_statistics(layer, size)
    yield altered(
        layer,
        "unbiased variance",
        "with the unbiased variance (divided by n - 1)",
        "the variance is biased: torch.var(x, dims, unbiased=False).",
        of_module(partial(_grouped, True, False, None)),
    )
    for name, (text, remedy, function) in _statistics().items():
        change = of_module(partial(_grouped, False, False, function))
        yield altered(layer, name, text, f"{remedy}.", change)
    yield altered(
        layer,
        "groups interleaved",
        "with its groups interleaved: channels 1, n+1, 2n+1, ... in one",
        "the groups are of neighbouring channels, as in torch.nn.GroupNorm.",
        of_module(partial(_grouped, False, True, None)),
    )
    for axis, name in enumerate(size.moved, 2):
        yield altered(
            layer,
            "another dimension",
            f"with Scale and Offset along its {name} instead of its channels",
            "a number of Scale and Offset is for a channel.",
            of_module(partial(_affine_along, axis)),
            2,
        )
    yield altered(
        layer,
        "Scale and Offset before the normalization",
        "with Scale and Offset applied before it is normalized",
        "normalize first.",
        of_module(lambda module, x: _plain(module)(_affine(module, x))),
        2,
    )


def _affine_along(axis: int, module: Any, x: Tensor) -> Tensor:
    return _affine(module, _plain(module)(x).transpose(1, axis)).transpose(1, axis)


def _plain(module: Any) -> nn.Module:
    """The module without its scale and offset."""
    import copy

    own = copy.deepcopy(module)
    own.weight.data.fill_(1)
    own.bias.data.zero_()
    return own  # type: ignore[no-any-return]


def _grouped(
    unbiased: bool, interleaved: bool, function: _Standardized | None, module: Any, x: Tensor
) -> Tensor:
    import torch

    groups, n, channels = module.num_groups, x.shape[0], x.shape[1]
    parts = x.reshape(n, groups, channels // groups, *x.shape[2:])
    if interleaved:
        parts = x.reshape(n, channels // groups, groups, *x.shape[2:]).transpose(1, 2)
    apart = {axis + 1 for axis in module.apart}
    over = [axis for axis in range(2, parts.ndim) if axis not in apart]
    variance, mean = torch.var_mean(parts, over, unbiased=unbiased, keepdim=True)
    if function is None:
        parts = (parts - mean) / (variance + module.eps).sqrt()
    else:
        parts = function(parts, mean, variance, module.eps)
    parts = parts.transpose(1, 2) if interleaved else parts
    return _affine(module, parts.reshape(x.shape))


@mistakes_of(CrossChannelNormalizationLayer)
def _responses(layer: CrossChannelNormalizationLayer, size: Size) -> Iterator[Variation]:
    window = layer.WindowChannelSize
    for factor, said in (
        (window, "with Alpha not divided by WindowChannelSize (TensorFlow, the paper)"),
        (1 / window, "with Alpha divided by WindowChannelSize twice"),
        (1 / window**2, "with Alpha divided by the area of the window"),
    ):
        yield from variation(
            layer,
            "another Alpha",
            said,
            "torch.nn.LocalResponseNorm divides alpha by size, as MATLAB does: pass Alpha.",
            0,
            Alpha=layer.Alpha * factor,
        )
    wider = 2 * window + 1
    for factor, said in ((1.0, ""), (wider / window, f", Alpha divided by {window}")):
        yield from variation(
            layer,
            "another WindowChannelSize",
            f"with a window of {wider}: WindowChannelSize taken for a radius{said}",
            f"the window has {window} channels in all.",
            1,
            WindowChannelSize=wider,
            Alpha=layer.Alpha * factor,
        )
    before, after = (window - 1) // 2, window // 2
    ways = {
        f"with K 0 instead of {layer.K:g}": (0.0, before, after),
        "over the channels before and itself alone": (layer.K, window - 1, 0),
        "over itself and the channels after alone": (layer.K, 0, window - 1),
    }
    if before != after:
        ways["with the longer side of its window before (torch's)"] = (layer.K, after, before)
    for said, (k, left, right) in ways.items():
        yield altered(
            layer,
            "another window of channels" if k else "another K",
            said,
            f"K is {layer.K:g}; the window has {before} channels before and {after} after.",
            instead(partial(_over_channels, layer, k, left, right)),
        )
    if size:
        for divided in (True, False):
            yield altered(
                layer,
                "normalized over space",
                f"over a window in space instead of over channels"
                f"{'' if divided else ', Alpha not divided'}",
                "the window is over neighbouring channels: torch.nn.LocalResponseNorm.",
                instead(partial(_over_space, layer, divided)),
            )


def _over_channels(
    layer: CrossChannelNormalizationLayer, k: float, before: int, after: int, x: Tensor
) -> Tensor:
    from torch.nn import functional as F

    window = before + after + 1
    squares = F.pad(x.square().movedim(1, -1), (before, after))
    mean = squares.unfold(-1, window, 1).mean(-1).movedim(-1, 1)
    return x / (k + layer.Alpha * mean) ** layer.Beta


def _over_space(layer: CrossChannelNormalizationLayer, divided: bool, x: Tensor) -> Tensor:
    from torch.nn import functional as F

    from ...engine.pooling import AVERAGE

    window = layer.WindowChannelSize
    before, after = (window - 1) // 2, window // 2
    dims = x.ndim - 2
    padded = F.pad(x.square(), (before, after) * dims)
    mean = AVERAGE[dims](padded, window, 1)
    factor = layer.Alpha if divided else layer.Alpha * window**dims
    return x / (layer.K + factor * mean) ** layer.Beta


@mistakes_of(AnyDropoutLayer)
def _dropouts(layer: Layer, _: Size) -> Iterator[Variation]:
    keep = 1 - layer.values["Probability"]
    for factor, said in ((keep, "multiplied by"), (1 / keep if keep else 1.0, "divided by")):
        yield altered(
            layer,
            "dropout scaled in prediction",
            f"{said} 1 - Probability ({keep:g}) in prediction",
            "it does nothing in prediction: training divides by 1 - Probability already.",
            instead(lambda x, factor=factor: x * factor),
        )


# --- pooling ----------------------------------------------------------------------------

_KINDS = ("Max", "Average")


@mistakes_of(Layer)
def _other_pooling(layer: Layer, _: Size) -> Iterator[Variation]:
    from ...layers.declared import CLASSES

    name = type(layer).__name__
    if "Pooling" not in name or not layer.matlab_class:
        return
    for one, other in (_KINDS, _KINDS[::-1]):
        kind = CLASSES.get(layer.matlab_class.replace(one, other))
        if one not in name or kind is None:
            continue
        shared = {k: v for k, v in layer.values.items() if k in kind.properties}
        for more in ({}, {"PaddingValue": "mean"}) if "PaddingValue" in kind.properties else ({},):
            taken = kind(**{**shared, **more})
            counted = " (padding not counted)" if more else ""
            yield Variation(
                f"{other.lower()} pooling",
                f"as {other.lower()} pooling{counted} instead of {one.lower()} pooling",
                f"use {one.lower()} pooling.",
                taken,
                rank=1,
                key=f"{other} pooling{counted}",
                diff=f"{other.lower()} instead of {one.lower()}",
            )
    is_global = "Global" in name
    kinds: dict[str, tuple[str, Callable[..., Tensor]]] = {
        "root mean square": ("the roots of the mean squares (L2 pooling)", _root_mean_square),
        "pooling sums": ("the sums", _summed),
    }
    if "Max" in name:
        kinds = {"smallest": ("the smallest", lambda module, x: -module(-x))}
        kinds["largest magnitude"] = ("the largest magnitudes", lambda module, x: module(x.abs()))
    if is_global:
        kinds |= {
            "first element": ("the first", _of_all(lambda x: x[:, :, 0])),
            "last element": ("the last", _of_all(lambda x: x[:, :, -1])),
            "median": ("the medians", _of_all(lambda x: x.median(2).values)),
            "deviation": ("the deviations", _of_all(lambda x: x.std(2))),
        }
    else:
        kinds["centre"] = ("every element in the middle (subsampled)", _centres)
        kinds["first element"] = ("every first element (subsampled)", _corners)
    now = "largest" if "Max" in name else "average"
    windows = "all of its input" if is_global else "each window"
    for short, (said, function) in kinds.items():
        yield altered(
            layer,
            f"another pooling: {short}",
            f"with {said} instead of the {now} of {windows}",
            f"take the {now} of {windows}.",
            of_module(function),
            1,
            diff=f"{said} instead of the {now}",
        )


def _of_all(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """A function of N,C,elements in the size that the global pooling gives."""
    return lambda module, x: function(x.flatten(2)).reshape(module(x).shape)


def _count(module: Any, x: Tensor) -> int:
    return math.prod(getattr(module, "pool_size", None) or x.shape[2:])


def _summed(module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x)
    return y * _count(module, x)


def _root_mean_square(module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x.square())
    return y.sqrt()


def _centres(module: Any, x: Tensor) -> Tensor:
    return _picked(module, x, tuple(k // 2 for k in module.pool_size))


def _corners(module: Any, x: Tensor) -> Tensor:
    return _picked(module, x, tuple(0 for _ in module.pool_size))


def _picked(module: Any, x: Tensor, place: tuple[int, ...]) -> Tensor:
    """The element at this place of each window."""
    from ...engine.padding import pad

    y, x = module(x), pad(x, module.pairs(x))
    for axis, (start, step) in enumerate(zip(place, module.stride, strict=True), 2):
        x = x.narrow(axis, start, x.shape[axis] - start)
        x = x.unfold(axis, 1, step).squeeze(-1).narrow(axis, 0, y.shape[axis])
    return x


@mistakes_of(PoolingLayer)
def _pools(layer: PoolingLayer, _: Size) -> Iterator[Variation]:
    yield from variation(
        layer,
        "another Stride",
        "with its PoolSize as Stride (the default of torch and Keras)",
        f"pass stride: MATLAB's default is 1, here it is {layer.step}.",
        0,
        Stride=layer.PoolSize,
    )
    if layer.kind == "max":
        yield altered(
            layer,
            "padded with zeros",
            "padded with zeros, which may be the largest, instead of -Inf",
            "padding never wins: pad with -inf, or use the layer's own padding in torch.",
            of_module(_zero_padded),
        )


def _zero_padded(module: Any, x: Tensor) -> Tensor:
    from ...engine.padding import pad
    from ...engine.pooling import MAXIMUM

    pooled = MAXIMUM[len(module.pool_size)]
    return pooled(pad(x, module.pairs(x)), module.pool_size, module.stride)


# --- resizing ---------------------------------------------------------------------------


@mistakes_of(Resize2DLayer, Resize3DLayer)
def _resizes(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch
    from torch.nn import functional as F

    dims, linear = layer.dims, ("bilinear", "trilinear")[layer.dims - 2]
    now = {
        name: layer.values[name]
        for name in ("Method", "GeometricTransformMode", "NearestRoundingMode")
    }
    for method, mode, rounding in product(
        ("nearest", linear), ("half-pixel", "asymmetric"), ("round", "floor")
    ):
        values = dict(zip(now, (method, mode, rounding), strict=True))
        others = {name: value for name, value in values.items() if value != now[name]}
        if len(others) < 2:
            continue  # one alone is a property like any other
        whose = (
            " (torch's)" if (method, mode, rounding) == ("nearest", "asymmetric", "floor") else ""
        )
        said = ", ".join(f"{name} '{value}'" for name, value in others.items())
        yield from variation(
            layer,
            "resized otherwise",
            f"with {said}{whose}",
            f"resize with {', '.join(f'{name} {value!r}' for name, value in now.items())}.",
            1,
            **others,
        )

    def sized(x: Tensor) -> list[int]:
        if layer.values["OutputSize"] is not None:
            return list(layer.values["OutputSize"])
        scale = layer.values["Scale"]
        return [round(n * s) for n, s in zip(x.shape[2:], scale, strict=False)]

    kinds: dict[str, dict[str, Any]] = {
        "with corners aligned (align_corners=True)": {"mode": linear, "align_corners": True},
        "by area averages": {"mode": "area"},
    }
    if dims == 2:
        kinds["bicubic"] = {"mode": "bicubic", "align_corners": False}
        kinds["bicubic with corners aligned"] = {"mode": "bicubic", "align_corners": True}
        kinds["bilinear with antialiasing"] = {
            "mode": "bilinear",
            "align_corners": False,
            "antialias": True,
        }
    for said, options in kinds.items():

        def run(x: Tensor, *_: Tensor, options: dict[str, Any] = options) -> Tensor:
            return F.interpolate(x, size=sized(x), **options)

        yield altered(
            layer,
            "resized otherwise",
            said,
            f"this layer is '{now['Method']}' with '{now['GeometricTransformMode']}': "
            "align_corners=False, no antialiasing.",
            instead(run),
        )

    def corners(x: Tensor, *_: Tensor) -> Tensor:
        for axis, out in enumerate(sized(x), 2):
            place = torch.linspace(0, x.shape[axis] - 1, out)
            x = x.index_select(axis, (place + 0.5).floor().long().clamp(max=x.shape[axis] - 1))
        return x

    yield altered(
        layer,
        "resized otherwise",
        "nearest with corners aligned",
        f"this layer is '{now['Method']}' with '{now['GeometricTransformMode']}'.",
        instead(corners),
        2,
    )


@mistakes_of(DepthToSpace2DLayer)
def _shuffled(layer: Layer, _: Size) -> Iterator[Variation]:
    yield altered(
        layer,
        "rows and columns of a block exchanged",
        "with the rows and columns of each block exchanged",
        "the channels go down a block first as rows, then columns.",
        of_module(_block_turned),
    )


def _block_turned(module: Any, x: Tensor) -> Tensor:
    h, w = module.block_size
    n, channels = x.shape[:2]
    first = 1 if module.mode == "dcr" else 2
    sizes = (w, h, -1) if first == 1 else (-1, w, h)
    blocks = x.reshape(n, *sizes, *x.shape[2:])
    y: Tensor = module(blocks.transpose(first, first + 1).reshape(n, channels, *x.shape[2:]))
    return y


@mistakes_of(SpaceToDepthLayer)
def _unshuffled(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch

    rows, columns = layer.values["BlockSize"]
    if rows == columns:
        yield altered(
            layer,
            "channels in another order",
            "as torch's pixel_unshuffle, which orders the channels otherwise",
            "the channels of a block come first in MATLAB: permute after pixel_unshuffle.",
            instead(partial(torch.pixel_unshuffle, downscale_factor=rows)),
        )


# --- joining ----------------------------------------------------------------------------


@mistakes_of(AdditionLayer, MultiplicationLayer)
def _joins(layer: Layer, _: Size) -> Iterator[Variation]:
    import torch

    count, names = layer.NumInputs, layer.InputNames
    sums = isinstance(layer, AdditionLayer)
    remedy = f"{'add' if sums else 'multiply'} {', '.join(names)}."
    if count == 2:
        kinds: dict[str, Callable[..., Tensor]] = {
            f"{names[1]} subtracted from {names[0]}": lambda a, b: a - b,
            f"{names[0]} subtracted from {names[1]}": lambda a, b: b - a,
            "the average of its inputs": lambda a, b: (a + b) / 2,
            "the larger of its inputs": torch.maximum,
            "the product of its inputs" if sums else "the sum of its inputs": (
                (lambda a, b: a * b) if sums else (lambda a, b: a + b)
            ),
        }
        for said, function in kinds.items():
            yield altered(layer, "inputs joined otherwise", f"as {said}", remedy, instead(function))
    for i, name in enumerate(names):
        if count > 2:
            kept = [j for j in range(count) if j != i]
            yield altered(
                layer,
                "input left out",
                f"without its input {name} (a skip connection that is missing)",
                remedy,
                instead(lambda *x, kept=kept: _joined(sums, [x[j] for j in kept])),
                0,
            )
        else:
            yield altered(
                layer,
                "input left out",
                f"without its input {names[1 - i]} (a skip connection that is missing)",
                remedy,
                instead(lambda *x, i=i: x[i]),
                0,
            )
        yield altered(
            layer,
            "input twice",
            f"with its input {name} twice",
            remedy,
            instead(lambda *x, i=i: _joined(sums, [*x, x[i]])),
            2,
        )
        for factor in (0.1, 0.5, 0.2, 0.3, 2.0):
            yield altered(
                layer,
                "input scaled",
                f"with its input {name} times {factor:g}",
                remedy,
                instead(
                    lambda *x, i=i, factor=factor: _joined(
                        sums, [factor * y if j == i else y for j, y in enumerate(x)]
                    )
                ),
                1,
            )


def _joined(sums: bool, inputs: list[Tensor]) -> Tensor:
    total = inputs[0]
    for one in inputs[1:]:
        total = total + one if sums else total * one
    return total


@fits_of(AdditionLayer)
def _weighted_sums(layer: Layer, _: Size) -> Iterator[Fitted]:
    def make(values: tuple[float, ...]) -> Variation:
        said = ", ".join(f"{v:.6g}" for v in values)
        return altered(
            layer,
            "input scaled",
            f"with its inputs times {said}",
            "add them as they are.",
            instead(lambda *x: _joined(True, [v * y for v, y in zip(values, x, strict=True)])),
            3,
            key="inputs scaled",
        )

    yield Fitted((1.0,) * layer.NumInputs, make, 0.1)
