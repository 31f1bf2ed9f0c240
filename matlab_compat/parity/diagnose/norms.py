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
from .mistakes import Size, Variation, altered, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor, nn


def _shaped(value: Tensor, x: Tensor) -> Tensor:
    return value.reshape(1, -1, *(1,) * (x.ndim - 2))


def _affine(module: Any, x: Tensor) -> Tensor:
    return x * _shaped(module.weight, x) + _shaped(module.bias, x)


_Standardized = Callable[["Tensor", "Tensor", "Tensor", float], "Tensor"]


#: What is made of the data by their mean, variance and epsilon, by name and text.
_STANDARDIZED: dict[tuple[str, str], _Standardized] = {
    ("epsilon outside the root", "with epsilon outside the root: sqrt(variance) + epsilon"): (
        lambda x, m, v, e: (x - m) / (v.sqrt() + e)
    ),
    ("divided by the variance", "divided by the variance instead of its root"): (
        lambda x, m, v, e: (x - m) / (v + e)
    ),
    ("epsilon left out", "without epsilon"): lambda x, m, v, e: (x - m) / v.sqrt(),
    ("mean not subtracted", "without its mean being subtracted (RMS norm)"): (
        lambda x, m, v, e: x / (v + e).sqrt()
    ),
    (
        "not divided by the deviation",
        "with its mean subtracted only, not divided by the deviation",
    ): lambda x, m, v, e: x - m,
    ("multiplied by the deviation", "multiplied by the deviation instead of divided"): (
        lambda x, m, v, e: (x - m) * (v + e).sqrt()
    ),
    ("mean added", "with its mean added instead of subtracted"): (
        lambda x, m, v, e: (x + m) / (v + e).sqrt()
    ),
    (
        "divided by the root mean square",
        "divided by the root mean square, its mean not subtracted (RMSNorm)",
    ): lambda x, m, v, e: x / (v + m * m + e).sqrt(),
}


def _standardized(
    layer: Layer, run: Callable[[_Standardized, Any, Tensor], Tensor]
) -> Iterator[Variation]:
    """Each in the place of the layer's, by what ``run`` makes of module and data."""
    remedy = "it is (x - mean) / sqrt(variance + eps)."
    for (name, text), function in _STANDARDIZED.items():
        yield from altered(layer, name, remedy, {text: of_module(partial(run, function))})


@mistakes_of(BatchNormalizationLayer)
def _batch_norms(layer: BatchNormalizationLayer, size: Size) -> Iterator[Variation]:
    remedy = "call model.eval() before comparing; in MATLAB use predict, not forward."
    text = "with the statistics of the batch instead of TrainedMean and TrainedVariance"
    more: dict[str, Any] = {"whole_batch": True, "repair": "model.eval()"}
    yield from altered(layer, "batch statistics", remedy, {text: in_training}, 0, **more)
    yield from _standardized(layer, _by_trained)
    yield from _own_statistics(layer, size)
    yield from _folded_alone(layer)
    changes = {
        f"over its {name} instead of its channels (Keras' axis)": of_module(partial(_over, axis))
        for axis, name in enumerate(size.moved, 2)
    }
    remedy = "a number is for a channel: axis is that of the channels."
    yield from altered(layer, "another dimension", remedy, changes, 2)


def _by_trained(function: _Standardized, module: Any, x: Tensor) -> Tensor:
    mean, variance = _shaped(module.running_mean, x), _shaped(module.running_var, x)
    return _affine(module, function(x, mean, variance, module.eps))


def _over(axis: int, module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(x.transpose(1, axis)).transpose(1, axis)
    return y


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
    remedy = "the offset is Offset - Scale*TrainedMean/sqrt(TrainedVariance + Epsilon)."
    for said, more in given.items():
        text = f"folded into one scale and one offset, {said}"
        moved = (offset + more.reshape(offset.shape)).astype(offset.dtype)
        name = "batch normalization folded wrongly"
        yield from variation(layer, name, text, remedy, 1, Offset=moved)


#: What the norms are called that are taken for each other, by what their statistics are over.
_NORMS = {
    "S": "instance normalization",
    "CS": "layer normalization",
    "C": "normalization over the channels alone",
    "BS": "batch normalization with the statistics of these data",
}


def _own_statistics(layer: Layer, size: Size) -> Iterator[Variation]:
    words = {"B": "observations", "C": "channels", "S": " and ".join(size.moved) or "elements"}
    kinds = ["".join(found) for n in (1, 2, 3) for found in combinations(words, n)]
    sets: list[tuple[str, str, Callable[[Tensor], list[int]]]] = [
        (kind, " and ".join(words[i] for i in kind), partial(axes_of, kind)) for kind in kinds
    ]
    if len(size.moved) > 1:
        sets += [("", name, partial(_one_axis, i)) for i, name in enumerate(size.moved, 2)]
    remedy = f"use what this layer is: {layer.description()}, with the biased variance."
    for kind, said, dimensions in sets:
        known = f"{_NORMS[kind]}: " if kind in _NORMS else ""
        for name, unbiased, rank in (
            ("other statistics", False, 1),
            ("unbiased variance", True, 3),
        ):
            more = ", with the unbiased variance (n - 1)" if unbiased else ""
            text = f"as {known}normalized by the mean and deviation over {said}{more}"
            change = {text: of_module(partial(_by_own, dimensions, unbiased))}
            yield from altered(layer, name, remedy, change, rank, whole_batch="B" in kind)


def _one_axis(axis: int, _: Tensor) -> list[int]:
    return [axis]


def _by_own(
    dimensions: Callable[[Tensor], list[int]], unbiased: bool, module: Any, x: Tensor
) -> Tensor:
    return _affine(module, standardized(x, dimensions(x), unbiased, module.eps))


@mistakes_of(GroupNormalizationLayer, LayerNormalizationLayer, InstanceNormalizationLayer)
def _grouped_norms(layer: Layer, size: Size) -> Iterator[Variation]:
    yield from _own_statistics(layer, size)
    remedy = "the variance is biased: torch.var(x, dims, unbiased=False)."
    unbiased = {
        "with the unbiased variance (divided by n - 1)": of_module(
            partial(_grouped, _root, unbiased=True)
        )
    }
    yield from altered(layer, "unbiased variance", remedy, unbiased)
    yield from _standardized(layer, _grouped)
    remedy = "the groups are of neighbouring channels, as in torch.nn.GroupNorm."
    text = "with its groups interleaved: channels 1, n+1, 2n+1, ... in one"
    interleaved = {text: of_module(partial(_grouped, _root, interleaved=True))}
    yield from altered(layer, "groups interleaved", remedy, interleaved)
    changes = {
        f"with Scale and Offset along its {name} instead of its channels": of_module(
            partial(_affine_along, axis)
        )
        for axis, name in enumerate(size.moved, 2)
    }
    remedy = "a number of Scale and Offset is for a channel."
    yield from altered(layer, "another dimension", remedy, changes, 2)
    before = of_module(lambda module, x: _plain(module)(_affine(module, x)))
    early = {"with Scale and Offset applied before it is normalized": before}
    name = "Scale and Offset before the normalization"
    yield from altered(layer, name, "normalize first.", early, 2)


def _affine_along(axis: int, module: Any, x: Tensor) -> Tensor:
    return _affine(module, _plain(module)(x).transpose(1, axis)).transpose(1, axis)


def _plain(module: Any) -> nn.Module:
    """The module without its scale and offset."""
    import copy

    own = copy.deepcopy(module)
    own.weight.data.fill_(1)
    own.bias.data.zero_()
    return own  # type: ignore[no-any-return]


def _root(x: Tensor, mean: Tensor, variance: Tensor, epsilon: float) -> Tensor:
    """What the layers themselves make of the data."""
    return (x - mean) / (variance + epsilon).sqrt()


def _grouped(
    function: _Standardized,
    module: Any,
    x: Tensor,
    unbiased: bool = False,
    interleaved: bool = False,
) -> Tensor:
    import torch

    groups, n, channels = module.num_groups, x.shape[0], x.shape[1]
    parts = x.reshape(n, groups, channels // groups, *x.shape[2:])
    if interleaved:
        parts = x.reshape(n, channels // groups, groups, *x.shape[2:]).transpose(1, 2)
    apart = {axis + 1 for axis in module.apart}
    over = [axis for axis in range(2, parts.ndim) if axis not in apart]
    variance, mean = torch.var_mean(parts, over, unbiased=unbiased, keepdim=True)
    parts = function(parts, mean, variance, module.eps)
    parts = parts.transpose(1, 2) if interleaved else parts
    return _affine(module, parts.reshape(x.shape))


@mistakes_of(CrossChannelNormalizationLayer)
def _responses(layer: CrossChannelNormalizationLayer, size: Size) -> Iterator[Variation]:
    window = layer.WindowChannelSize
    remedy = "torch.nn.LocalResponseNorm divides alpha by size, as MATLAB does: pass Alpha."
    for factor, said in (
        (window, "with Alpha not divided by WindowChannelSize (TensorFlow, the paper)"),
        (1 / window, "with Alpha divided by WindowChannelSize twice"),
        (1 / window**2, "with Alpha divided by the area of the window"),
    ):
        yield from variation(layer, "another Alpha", said, remedy, Alpha=layer.Alpha * factor)
    wider = 2 * window + 1
    remedy = f"the window has {window} channels in all."
    for factor, said in ((1.0, ""), (wider / window, f", Alpha divided by {window}")):
        text = f"with a window of {wider}: WindowChannelSize taken for a radius{said}"
        values = {"WindowChannelSize": wider, "Alpha": layer.Alpha * factor}
        yield from variation(layer, "another WindowChannelSize", text, remedy, 1, **values)
    before, after = (window - 1) // 2, window // 2
    ways = {
        f"with K 0 instead of {layer.K:g}": (0.0, before, after),
        "over the channels before and itself alone": (layer.K, window - 1, 0),
        "over itself and the channels after alone": (layer.K, 0, window - 1),
    }
    if before != after:
        ways["with the longer side of its window before (torch's)"] = (layer.K, after, before)
    remedy = f"K is {layer.K:g}; the window has {before} channels before and {after} after."
    for said, (k, left, right) in ways.items():
        name = "another window of channels" if k else "another K"
        change = {said: instead(partial(_over_channels, layer, k, left, right))}
        yield from altered(layer, name, remedy, change)
    text = "over a window in space instead of over channels"
    spaces = {
        text: instead(partial(_over_space, layer, True)),
        f"{text}, Alpha not divided": instead(partial(_over_space, layer, False)),
    }
    remedy = "the window is over neighbouring channels: torch.nn.LocalResponseNorm."
    yield from altered(layer, "normalized over space", remedy, spaces if size else {})


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
    import torch

    keep = 1 - layer.values["Probability"]
    changes = {
        f"{said} 1 - Probability ({keep:g}) in prediction": instead(partial(torch.mul, other=by))
        for by, said in ((keep, "multiplied by"), (1 / keep if keep else 1.0, "divided by"))
    }
    remedy = "it does nothing in prediction: training divides by 1 - Probability already."
    yield from altered(layer, "dropout scaled in prediction", remedy, changes)
