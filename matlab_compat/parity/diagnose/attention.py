"""What goes wrong with attention: its scale, its heads, what the softmax goes over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any

from ...layers.attention import AttentionBase
from ...layers.base import Layer
from .altered import of_module
from .instead import altered
from .mistakes import Fitted, Size, Variation, fits_of, mistakes_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class _How:
    """Another way to compute it."""

    #: What products are multiplied by, of the channels of a head and of all; None for 1/sqrt.
    scale: float | None = None
    all_channels: bool = False
    interleaved: bool = False
    #: What comes together before the output: the heads of a step, or the steps of a head.
    steps_first: bool = False
    over_queries: bool = False
    #: Sigmoid, or nothing, in the place of the softmax.
    softmax: bool = True


_REMEDY = "softmax(q*k'/sqrt(channels of a head)) over the keys, heads as neighbouring channels."
_WAYS = {
    "with the products of queries and keys not scaled": _How(scale=1.0),
    "with the products scaled by the root of all channels, not of those of a head": _How(
        all_channels=True
    ),
    "with its heads interleaved: channels 1, n+1, 2n+1, ... in one": _How(interleaved=True),
    "with its heads not brought together before the output (reshape without transpose)": _How(
        steps_first=True
    ),
    "with the softmax over the queries instead of the keys": _How(over_queries=True),
    "without the softmax": _How(softmax=False),
}


@mistakes_of(AttentionBase)
def _ways(layer: Layer, _: Size) -> Iterator[Variation]:
    for said, how in _WAYS.items():
        yield altered(
            layer, "attention computed otherwise", said, _REMEDY, of_module(partial(_run, how))
        )


@fits_of(AttentionBase)
def _scales(layer: Layer, _: Size) -> Iterator[Fitted]:
    def make(values: tuple[float, ...]) -> Variation:
        said = f"with the products of queries and keys times {values[0]:.6g}"
        change = of_module(partial(_run, _How(scale=values[0])))
        name = "attention computed otherwise"
        return altered(layer, name, said, _REMEDY, change, 2, key="attention scaled")

    yield Fitted((0.5,), make, 0.05)


def _run(how: _How, module: Any, *inputs: Tensor) -> Tensor:
    """Without masks, as the module does it but for what ``how`` says."""
    parts = ("query", "key", "value")
    own = hasattr(module, "project")
    q, k, v = (module.project(name, inputs[0]) for name in parts) if own else inputs[:3]
    heads, scale = module.settings.heads, how.scale
    if scale is None:
        scale = 1 / sqrt(q.shape[1] if how.all_channels else q.shape[1] // heads)
    q, k, v = (_split(x, heads, how.interleaved) for x in (q, k, v))
    weights = q @ k.transpose(2, 3) * scale
    if module.settings.causal:
        weights = weights + weights.new_full(weights.shape[2:], -float("inf")).triu(1)
    if how.softmax:
        weights = weights.softmax(2 if how.over_queries else 3)
    y = weights @ v  # N,heads,T,C
    n, _, t, _ = y.shape
    y = y if how.steps_first else y.transpose(1, 2)
    y = y.reshape(n, t, -1).transpose(1, 2)
    result: Tensor = module.project("output", y) if own else y
    return result


def _split(x: Tensor, heads: int, interleaved: bool) -> Tensor:
    n, channels, t = x.shape
    if interleaved:
        return x.reshape(n, channels // heads, heads, t).permute(0, 2, 3, 1)
    return x.reshape(n, heads, channels // heads, t).transpose(2, 3)
