"""What goes wrong with attention: its scale, its heads, what the softmax goes over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...layers.attention import AttentionBase
from ...layers.base import Layer
from .altered import of_module
from .mistakes import Fitted, Size, Variation, altered, fits_of, mistakes_of, variation
from .recurrent import across_observations

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class _How:
    """Another way to compute it."""

    #: The factor of the products of queries and keys; None for 1/sqrt of the channels.
    scale: float | None = None
    all_channels: bool = False
    interleaved: bool = False
    #: What comes together before the output: the heads of a step, or the steps of a head.
    steps_first: bool = False
    #: The dimension of N,heads,queries,keys that the softmax is over; None for no softmax.
    over: int | None = 3
    #: Which keys a query does not see: those of the past, of the future, or of its own step.
    masked: str = ""
    projected: bool = True
    #: Whether what is masked has a score of 0, or a weight of 0 after the softmax.
    masked_as: str = "-Inf"
    #: Heads taken from the memory of steps and channels, without a transpose.
    viewed: bool = False
    #: Each head's weights by themselves, by a sigmoid, or the mean of all heads.
    weights: str = ""
    #: Queries, keys or values that are the input itself.
    plain: str = ""
    #: Which of them have their heads in reverse order, or come so many steps late.
    reversed_heads: str = ""
    late: tuple[str, int] = ("", 0)


_PARTS = {"queries": "query", "keys": "key", "values": "value"}
_NAME = "attention computed otherwise"
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
    "with the softmax over the queries instead of the keys": _How(over=2),
    "with the softmax over the heads instead of the keys": _How(over=1),
    "with the softmax over the observations instead of the keys": _How(over=0),
    "without the softmax": _How(over=None),
    "with a mask of the past: no query attends to a key before it": _How(masked="past"),
    "with a causal mask: no query attends to a key after it": _How(masked="future"),
    "with a mask of the diagonal: no query attends to its own key": _How(masked="itself"),
    "with a causal mask that shows one key after it": _How(masked="next"),
    **{f"with the last {n} keys masked (padding)": _How(masked=f"last {n}") for n in (1, 2, 3, 4)},
    **{
        f"with a {name} mask {how}": _How(masked=mask, masked_as=value)
        for name, mask in (("causal", "future"), ("past", "past"))
        for how, value in (("of scores of 0", "0"), ("after the softmax", "weight"))
    },
    "with its heads viewed, not transposed": _How(viewed=True),
    "with its heads viewed, not transposed, before and after": _How(viewed=True, steps_first=True),
    "without its output projection": _How(projected=False),
    "with a sigmoid instead of the softmax": _How(over=None, weights="sigmoid"),
    "with the weights of all heads averaged": _How(weights="mean"),
    **{f"without the projection of its {name}": _How(plain=name) for name in _PARTS},
    **{f"with the heads of its {name} reversed": _How(reversed_heads=name) for name in _PARTS},
    **{
        f"with its {name} a step {'late' if by > 0 else 'early'}": _How(late=(name, by))
        for name in _PARTS
        for by in (1, -1)
    },
}


@mistakes_of(AttentionBase)
def _ways(layer: Layer, _: Size) -> Iterator[Variation]:
    for said, how in _WAYS.items():
        change = {said: of_module(partial(_run, how))}
        yield from altered(layer, _NAME, _REMEDY, change, whole_batch=how.over == 0)
    if layer.NumInputs == 1:
        yield from across_observations(
            layer, lambda module, x: module(x.permute(2, 1, 0)).permute(2, 1, 0)
        )
    weights = [f"{one}Weights" for one in ("Query", "Key", "Value")]
    if set(weights) <= set(layer.properties):
        yield from _packed(layer, [*weights, *(w.replace("Weights", "Bias") for w in weights)])


def _packed(layer: Layer, names: Sequence[str]) -> Iterator[Variation]:
    """The rows of queries, keys and values of a head side by side (in_proj, qkv)."""
    for by_head in (True, False):
        moved = _repacked(layer, names[:3], by_head) | _repacked(layer, names[3:], by_head)
        weights = {name: value for name, value in moved.items() if name in names[:3]}
        for some in (moved, weights):
            text = (
                f"with the rows of {', '.join(some)} packed head by head (q, k and v of each head)"
            )
            remedy = "torch's in_proj_weight has all rows of q, then of k, then of v."
            yield from variation(layer, "rows of heads in another order", text, remedy, 2, **some)


def _repacked(layer: Layer, names: Sequence[str], by_head: bool) -> dict[str, Array]:
    """The three, one below the other, with their parts read in the other order; or nothing."""
    values, heads = [layer.values[name] for name in names], layer.values["NumHeads"]
    rows, columns = values[0].shape
    if {value.shape for value in values} != {(rows, columns)} or rows % heads or not rows:
        return {}
    first, second = (heads, 3) if by_head else (3, heads)
    parts = np.stack(values).reshape(first, second, rows // heads, columns).swapaxes(0, 1)
    return dict(zip(names, parts.reshape(3, rows, columns), strict=True))


@fits_of(AttentionBase)
def _scales(layer: Layer, _: Size) -> Iterator[Fitted]:
    def make(values: tuple[float, ...]) -> Variation:
        said = f"with the products of queries and keys times {values[0]:.6g}"
        change = of_module(partial(_run, _How(scale=values[0])))
        return Variation(_NAME, said, _REMEDY, layer, rank=2, change=change)

    yield Fitted((0.5,), make, 0.05)


def _run(how: _How, module: Any, *inputs: Tensor) -> Tensor:
    """Without masks, as the module does it but for what ``how`` says."""
    own = hasattr(module, "project")
    if own:
        x = inputs[0]
        q, k, v = (x if how.plain == p else module.project(n, x) for p, n in _PARTS.items())
    else:
        q, k, v = inputs[:3]
    heads, scale = module.settings.heads, how.scale
    if scale is None:
        scale = 1 / sqrt(q.shape[1] if how.all_channels else q.shape[1] // heads)
    parts = []
    for name, part in zip(_PARTS, (q, k, v), strict=True):
        split = _viewed(part, heads) if how.viewed else _split(part, heads, how.interleaved)
        split = split.flip(1) if how.reversed_heads == name else split
        parts.append(split.roll(how.late[1], 2) if how.late[0] == name else split)
    q, k, v = parts
    weights = q @ k.transpose(2, 3) * scale
    masked = how.masked or ("future" if module.settings.causal else "")
    mask = _mask(masked, weights) if masked else None
    if mask is not None and how.masked_as != "weight":
        weights = weights.masked_fill(mask, 0 if how.masked_as == "0" else -float("inf"))
    if how.over is not None:
        weights = weights.softmax(how.over)
    if mask is not None and how.masked_as == "weight":
        weights = weights.masked_fill(mask, 0)
    if how.weights == "sigmoid":
        weights = weights.sigmoid()
    if how.weights == "mean":
        weights = weights.mean(1, keepdim=True).expand_as(weights)
    y = weights @ v  # N,heads,T,C
    n, _, t, _ = y.shape
    y = y if how.steps_first else y.transpose(1, 2)
    y = y.reshape(n, t, -1).transpose(1, 2)
    result: Tensor = module.project("output", y) if own and how.projected else y
    return result


def _mask(what: str, weights: Tensor) -> Tensor:
    """True for queries x keys that do not see each other."""
    import torch

    every = torch.ones(weights.shape[2:], dtype=torch.bool, device=weights.device)
    if what.startswith("last"):
        every[:, : -int(what.split()[1])] = False
        return every
    return {
        "future": every.triu(1),
        "next": every.triu(2),
        "past": every.tril(-1),
        "itself": every.tril().triu(),
    }[what]


def _viewed(x: Tensor, heads: int) -> Tensor:
    n, channels, t = x.shape
    return x.transpose(1, 2).reshape(n, heads, t, channels // heads)


def _split(x: Tensor, heads: int, interleaved: bool) -> Tensor:
    n, channels, t = x.shape
    if interleaved:
        return x.reshape(n, channels // heads, heads, t).permute(0, 2, 3, 1)
    return x.reshape(n, heads, channels // heads, t).transpose(2, 3)
