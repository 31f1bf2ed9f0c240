"""Filters, windows and curves. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...errors import CodeError, UnsupportedCodeError
from ..indexing import column
from ..numeric import Numeric, elements, numeric, scalar
from ..operators import common_kind, floating, known_values, least_squares, text, together, whole
from ..values import Chars, Value
from .both import default_axis, dimension, in_torch, sibling
from .registry import Call, Floating, known


@known("filter")
def _filter(
    call: Call,
    above: Floating,
    below: Floating,
    x: Floating,
    state: Value | None = None,
    dim: Value | None = None,
) -> Numeric:
    """MATLAB's documentation of filter: a rational transfer function along a dimension."""
    if state is not None and elements(state.shape):
        raise UnsupportedCodeError("filter that begins with a state is not supported.")
    if isinstance(below.data, np.ndarray) and not below.data.reshape(-1, order="F")[:1].all():
        raise CodeError("The first coefficient of the denominator of filter must not be 0.")
    axis = default_axis(x) if dim is None else dimension(dim, "filter")
    if axis >= x.data.ndim:
        raise UnsupportedCodeError("filter along a dimension of size 1.")
    n = x.shape[axis]
    if not isinstance(n, int):
        raise UnsupportedCodeError("filter along the observations cannot be exported.")
    call.budget.repeats(n)
    call.budget.made(x.shape, elements(above.shape) + elements(below.shape))

    def computed(b: Tensor, a: Tensor, v: Tensor) -> Tensor:
        b, a = column(b) / column(a)[0], column(a) / column(a)[0]
        inputs = v.unbind(axis)
        outputs: list[Tensor] = []
        for t in range(n):
            value = b[0] * inputs[t]
            for k in range(1, min(len(b), t + 1)):
                value = value + b[k] * inputs[t - k]
            for k in range(1, min(len(a), t + 1)):
                value = value - a[k] * outputs[t - k]
            outputs.append(value)
        return torch.stack(outputs, axis)

    given = (above, below, x)
    return x.with_data(in_torch(computed, *together(given, common_kind(given, "filter"))))


@known("filter2")
def _filter2(call: Call, filter: Value, x: Value, shape: Value | None = None) -> Numeric:
    """MATLAB's documentation of filter2: correlation, of the size of the data."""
    turned = sibling(call, "rot90", filter, scalar(2))
    return sibling(call, "conv2", x, turned, Chars("same") if shape is None else shape)


#: What is put beyond the ends, and what a window makes of its elements.
_WINDOWS: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
    "movsum": (0.0, lambda w: w.sum(-1)),
    "movmean": (0.0, lambda w: w.sum(-1)),
    "movmax": (-math.inf, lambda w: w.amax(-1)),
    "movmin": (math.inf, lambda w: w.amin(-1)),
}


@known(*_WINDOWS)
def _moving(call: Call, a: Floating, window: Value, *rest: Value) -> Numeric:
    """MATLAB's documentation of movsum, movmean, movmax and movmin: windows shrink at the ends."""
    if len(rest) > 1 or any(isinstance(one, Chars) for one in rest):
        raise UnsupportedCodeError(f"{call.name} with options is not supported.")
    axis = dimension(rest[0], call.name) if rest else default_axis(a)
    said = [
        whole(numeric(np.array([[k]])), "the window")
        for k in known_values(window, "the window").reshape(-1)
    ]
    # A window of even length is one longer before the element than after it.
    before, after = said if len(said) == 2 else (said[0] // 2, (said[0] - 1) // 2)
    if axis >= a.data.ndim or before < 0 or after < 0:
        raise CodeError(f"{call.name} has no such window or dimension.")
    call.budget.made(a.shape, before + after + 1)
    beyond, function = _WINDOWS[call.name]

    def computed(v: Tensor) -> Tensor:
        moved = torch.nn.functional.pad(v.movedim(axis, -1), (before, after), value=beyond)
        result = function(moved.unfold(-1, before + after + 1, 1))
        if call.name == "movmean":
            ones = torch.nn.functional.pad(torch.ones_like(v.movedim(axis, -1)), (before, after))
            result = result / ones.unfold(-1, before + after + 1, 1).sum(-1)
        return result.movedim(-1, axis)

    return a.with_data(in_torch(computed, a.data))


@known("hann", "hamming", "blackman")
def _window(call: Call, length: Value, kind: Value | None = None) -> Numeric:
    """MATLAB's documentation of hann, hamming and blackman: a column, symmetric or periodic."""
    n = whole(length, "the length of a window")
    name = "symmetric" if kind is None else text(kind, "the kind of a window").lower()
    if name not in ("symmetric", "periodic"):
        raise CodeError(f"{call.name} has no kind '{name}'.")
    if n < 0:
        raise CodeError(f"The length of {call.name} must not be negative.")
    call.budget.made((n,))
    if n == 1:
        return scalar(1)
    turn = 2 * np.pi * np.arange(n)[:, None] / (n - 1 if name == "symmetric" else n)
    values = {
        "hann": 0.5 - 0.5 * np.cos(turn),
        "hamming": 0.54 - 0.46 * np.cos(turn),
        "blackman": 0.42 - 0.5 * np.cos(turn) + 0.08 * np.cos(2 * turn),
    }
    return numeric(values[call.name])


@known("polyfit")
def _polyfit(call: Call, x: Floating, y: Floating, degree: Value) -> Numeric:
    """MATLAB's documentation of polyfit: by least squares, highest power first."""
    n, count = whole(degree, "the degree of polyfit"), elements(x.shape)
    if elements(y.shape) != count or count <= n:
        raise CodeError("polyfit needs as many x as y, and more of them than the degree.")

    def computed(u: Tensor, v: Tensor) -> Tensor:
        powers = column(u)[:, None] ** torch.arange(n, -1, -1, dtype=u.dtype, device=u.device)
        return least_squares(powers, column(v)[:, None]).mT

    call.budget.made((count, n + 1), n + 1)
    return numeric(in_torch(computed, *together((x, y), common_kind((x, y), "polyfit"))))


@known("interp2")
def _interp2(call: Call, *given: Value) -> Numeric:
    """MATLAB's documentation of interp2: linear, on a grid, or its own made finer; NaN outside."""
    words = [text(one, "the method").lower() for one in given if isinstance(one, Chars)]
    arrays = [floating(one, "interp2") for one in given if not isinstance(one, Chars)]
    if words not in ([], ["linear"]):
        raise UnsupportedCodeError(f"interp2 by '{words[0]}' is not supported.")
    if len(arrays) not in (1, 2, 3, 5):
        raise UnsupportedCodeError(
            "interp2 takes V, a number k, Xq and Yq, or X and Y before these."
        )
    v = arrays[0 if len(arrays) < 5 else 2]
    if v.data.ndim != 2 or min(v.shape) < 2:
        raise CodeError("interp2 needs a matrix of values.")
    if len(arrays) < 3:
        # Each interval is halved, k times.
        k = whole(arrays[1], "the number of halvings") if len(arrays) == 2 else 1
        call.budget.made([n << max(k, 0) for n in v.shape])
        counts = [((n - 1) << max(k, 0)) + 1 for n in v.shape]
        rows, columns = (np.linspace(1, n, c) for n, c in zip(v.shape, counts, strict=True))
        arrays = [v, numeric(columns[None, :]), numeric(rows[:, None])]
    xq, yq = arrays[-2:]
    sides = [Numeric(np.arange(1.0, v.shape[axis] + 1)[None]) for axis in (1, 0)]
    if len(arrays) == 5:
        x, y = arrays[:2]
        is_grid = [1 not in one.shape for one in (x, y)]
        sides = [
            numeric(x.data[:1] if is_grid[0] else x.data.reshape(1, -1)),
            numeric((y.data[:, :1] if is_grid[1] else y.data).reshape(1, -1)),
        ]
    if [one.shape[1] for one in sides] != [v.shape[1], v.shape[0]]:
        raise CodeError("X and Y of interp2 are not of the size of its values.")
    if xq.shape != yq.shape:
        if any(one.data.ndim > 2 or 1 not in one.shape for one in (xq, yq)):
            raise CodeError("Xq and Yq of interp2 are neither of one size nor two vectors.")
        xq, yq = (numeric(xq.data.reshape(1, -1)), numeric(yq.data.reshape(-1, 1)))
    call.budget.made((max(xq.shape[0], yq.shape[0]), max(xq.shape[1], yq.shape[1])), 4)

    def computed(xs: Tensor, ys: Tensor, values: Tensor, px: Tensor, py: Tensor) -> Tensor:
        px, py = px + 0 * py, py + 0 * px
        (left, across), (top, down) = (between(s.reshape(-1), p) for s, p in ((xs, px), (ys, py)))
        rows = [
            values[at, left] * (1 - across) + values[at, left + 1] * across for at in (top, top + 1)
        ]
        result = rows[0] * (1 - down) + rows[1] * down
        inside = (px >= xs.min()) & (px <= xs.max()) & (py >= ys.min()) & (py <= ys.max())
        return torch.where(inside, result, math.nan)

    all_given = [*sides, v, xq, yq]
    return numeric(in_torch(computed, *together(all_given, common_kind(all_given, "interp2"))))


def between(places: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """The place before each point, counted from 0, and how far it is on the way to the next."""
    below = torch.searchsorted(places.contiguous(), at.detach().contiguous(), right=True) - 1
    below = below.clamp(0, len(places) - 2)
    return below, (at - places[below]) / (places[below + 1] - places[below])
