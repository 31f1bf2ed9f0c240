"""Other statistics, or another use of them, in the place of a normalization's; and dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...layers.base import Layer
from ...layers.normalization import (
    AnyDropoutLayer,
    BatchNormalizationLayer,
    CrossChannelNormalizationLayer,
    GroupNormalizationLayer,
    InstanceNormalizationLayer,
    LayerNormalizationLayer,
)
from .altered import in_training, instead, of_module
from .inputs import axes_of, standardized
from .instead import altered
from .mistakes import Size, Variation, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor, nn


def _shaped(value: Tensor, x: Tensor) -> Tensor:
    return value.reshape(1, -1, *(1,) * (x.ndim - 2))


def _affine(module: Any, x: Tensor) -> Tensor:
    return x * _shaped(module.weight, x) + _shaped(module.bias, x)


_Standardized = Callable[["Tensor", "Tensor", "Tensor", float], "Tensor"]


#: What is made of the data by their mean, variance and epsilon: name, text.
_STANDARDIZED: dict[tuple[str, str], _Standardized] = {
    (
        "epsilon outside the root",
        "with epsilon outside the root: sqrt(variance) + epsilon",
    ): lambda x, m, v, e: (x - m) / (v.sqrt() + e),
    (
        "divided by the variance",
        "divided by the variance instead of its root",
    ): lambda x, m, v, e: (x - m) / (v + e),
    ("epsilon left out", "without epsilon"): lambda x, m, v, e: (x - m) / v.sqrt(),
    (
        "mean not subtracted",
        "without its mean being subtracted (RMS norm)",
    ): lambda x, m, v, e: x / (v + e).sqrt(),
    (
        "not divided by the deviation",
        "with its mean subtracted only, not divided by the deviation",
    ): lambda x, m, v, e: x - m,
    (
        "multiplied by the deviation",
        "multiplied by the deviation instead of divided",
    ): lambda x, m, v, e: (x - m) * (v + e).sqrt(),
    (
        "mean added",
        "with its mean added instead of subtracted",
    ): lambda x, m, v, e: (x + m) / (v + e).sqrt(),
    (
        "divided by the root mean square",
        "divided by the root mean square, its mean not subtracted (RMSNorm)",
    ): lambda x, m, v, e: x / (v + m * m + e).sqrt(),
}
_ROOT = "it is (x - mean) / sqrt(variance + eps)."


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
    for (name, text), function in _STANDARDIZED.items():

        def run(module: Any, x: Tensor, function: _Standardized = function) -> Tensor:
            mean, variance = _shaped(module.running_mean, x), _shaped(module.running_var, x)
            return _affine(module, function(x, mean, variance, module.eps))

        yield altered(layer, name, text, _ROOT, of_module(run))
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
    sets: list[tuple[str, str, Callable[[Tensor], list[int]]]] = [
        (kind, " and ".join(words[i] for i in kind), partial(axes_of, kind)) for kind in kinds
    ]
    if len(size.moved) > 1:
        sets += [("", name, partial(_one_axis, i)) for i, name in enumerate(size.moved, 2)]
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


def _one_axis(axis: int, _: Tensor) -> list[int]:
    return [axis]


def _by_own(
    dimensions: Callable[[Tensor], list[int]], unbiased: bool, module: Any, x: Tensor
) -> Tensor:
    return _affine(module, standardized(x, dimensions(x), unbiased, module.eps))


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
    for (name, text), function in _STANDARDIZED.items():
        change = of_module(partial(_grouped, False, False, function))
        yield altered(layer, name, text, _ROOT, change)
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
