"""Another pooling in the place of a layer's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ...layers.base import Layer
from ...layers.pooling import PoolingLayer
from .altered import of_module
from .mistakes import Size, Variation, altered, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor


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
        "root mean square": (
            "the roots of the mean squares (L2 pooling)",
            lambda module, x: module(x.square()).sqrt(),
        ),
        "pooling sums": ("the sums", lambda module, x: module(x) * _count(module, x)),
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
        for short, part in (
            ("centre", "element in the middle"),
            ("first element", "first element"),
        ):
            kinds[short] = (f"every {part} (subsampled)", partial(_picked, short == "centre"))
    now = "largest" if "Max" in name else "average"
    windows = "all of its input" if is_global else "each window"
    for short, (said, function) in kinds.items():
        change = {f"with {said} instead of the {now} of {windows}": of_module(function)}
        remedy = f"take the {now} of {windows}."
        yield from altered(layer, f"another pooling: {short}", remedy, change)


def _of_all(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """A function of N,C,elements in the size that the global pooling gives."""
    return lambda module, x: function(x.flatten(2)).reshape(module(x).shape)


def _count(module: Any, x: Tensor) -> int:
    return math.prod(getattr(module, "pool_size", None) or x.shape[2:])


def _picked(central: bool, module: Any, x: Tensor) -> Tensor:
    from ...engine.padding import pad

    y, x = module(x), pad(x, module.pairs(x))
    for axis, (k, step) in enumerate(zip(module.pool_size, module.stride, strict=True), 2):
        start = k // 2 if central else 0
        x = x.narrow(axis, start, x.shape[axis] - start)
        x = x.unfold(axis, 1, step).squeeze(-1).narrow(axis, 0, y.shape[axis])
    return x


@mistakes_of(PoolingLayer)
def _pools(layer: PoolingLayer, _: Size) -> Iterator[Variation]:
    text = "with its PoolSize as Stride (the default of torch and Keras)"
    remedy = f"pass stride: MATLAB's default is 1, here it is {layer.step}."
    yield from variation(layer, "another Stride", text, remedy, Stride=layer.PoolSize)
    text = "padded with zeros, which may be the largest, instead of -Inf"
    remedy = "padding never wins: pad with -inf, or use the layer's own padding in torch."
    zeros = {text: of_module(_zero_padded)} if layer.kind == "max" else {}
    yield from altered(layer, "padded with zeros", remedy, zeros)


def _zero_padded(module: Any, x: Tensor) -> Tensor:
    from ...engine.padding import pad
    from ...engine.pooling import MAXIMUM

    pooled = MAXIMUM[len(module.pool_size)]
    return pooled(pad(x, module.pairs(x)), module.pool_size, module.stride)
