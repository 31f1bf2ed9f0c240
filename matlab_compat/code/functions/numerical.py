"""Numerical functions on arrays. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import CodeError, UnsupportedCodeError
from ..indexing import Everything, Place, column, index
from ..numeric import EMPTY, ONE, ZERO, Numeric, cast, elements, numeric, row, scalar
from ..operators import (
    common_kind,
    elementwise,
    floating,
    known_scalar,
    known_values,
    numbers,
    text,
    together,
    transposed,
    whole,
)
from ..values import Cell, Chars, FunctionHandle, Value
from .both import default_axis, dimension, in_torch, sibling, sizes
from .elementwise import mapped
from .filters import between
from .registry import Call, Floating, known

# --- by element -------------------------------------------------------------------------


def _sind(v: Tensor, shift: int = 0) -> Tensor:
    """The sine of degrees, exact at multiples of 90; of so many times 90 degrees more."""
    # Around the nearest multiple of 90 degrees the angle is small, and so is its error.
    turns = torch.round(v / 90)
    rest = torch.deg2rad(v - 90 * turns)
    quarter = torch.remainder(turns + shift, 4)
    found = torch.where(quarter % 2 == 0, torch.sin(rest), torch.cos(rest))
    return torch.where(quarter < 2, found, -found)


def _nextpow2(v: Tensor) -> Tensor:
    """The exponent of the next power of 2."""
    mantissa, exponent = torch.frexp(v.abs())
    found = torch.where(mantissa == 0.5, exponent - 1, exponent).to(v.dtype)
    return torch.where(torch.isfinite(v), found, v.abs())


_BY_ELEMENT: dict[str, Callable[[Tensor], Tensor]] = {
    "sind": _sind,
    "cosd": lambda v: _sind(v, 1),
    "tand": lambda v: _sind(v) / _sind(v, 1),
    "sec": lambda v: 1 / torch.cos(v),
    "csc": lambda v: 1 / torch.sin(v),
    "cot": lambda v: 1 / torch.tan(v),
    "sech": lambda v: 1 / torch.cosh(v),
    "csch": lambda v: 1 / torch.sinh(v),
    "coth": lambda v: 1 / torch.tanh(v),
    "acot": lambda v: torch.atan(1 / v),
    "nextpow2": _nextpow2,
    "sinc": torch.sinc,
    "erfinv": torch.erfinv,
}


@known(*_BY_ELEMENT)
def _by_element(call: Call, x: Floating) -> Numeric:
    """MATLAB's documentation of sind, sec, acot, nextpow2, sinc, erfinv ..."""
    return mapped(call, x, _BY_ELEMENT[call.name])


@known("beta")
def _beta(call: Call, a: Floating, b: Floating) -> Numeric:
    """MATLAB's documentation of beta."""
    both = elementwise("+", a, b, call.budget)
    one, other, whole = (sibling(call, "gammaln", x) for x in (a, b, both))
    exponent = elementwise("-", elementwise("+", one, other, call.budget), whole, call.budget)
    return sibling(call, "exp", exponent)


@known("pow2")
def _pow2(call: Call, x: Floating, exponent: Floating | None = None) -> Numeric:
    """MATLAB's documentation of pow2: 2 to the power x, or x times 2 to the power of another."""
    found = elementwise(".^", scalar(2), x if exponent is None else exponent, call.budget)
    return found if exponent is None else elementwise(".*", x, found, call.budget)


@known("cart2pol", "pol2cart")
def _polar(call: Call, x: Floating, y: Floating, height: Value | None = None) -> Any:
    """MATLAB's documentation of cart2pol and pol2cart."""
    if call.name == "cart2pol":
        found = [sibling(call, "atan2", y, x), sibling(call, "hypot", x, y)]
    else:
        sides = (sibling(call, name, x) for name in ("cos", "sin"))
        found = [elementwise(".*", y, one, call.budget) for one in sides]
    return tuple(found) if height is None else (*found, height)


@known("gamma", "factorial")
def _gamma(call: Call, x: Value) -> Numeric:
    """MATLAB's documentation of gamma and factorial, of known numbers."""
    data = known_values(x, call.name).astype(np.float64)
    add = 1.0 if call.name == "factorial" else 0.0

    def one(v: float) -> float:
        try:
            return math.gamma(v + add)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.inf if v + add == 0 else math.nan

    return numeric(np.array([one(v) for v in data.flat], np.float64).reshape(data.shape))


@known("nthroot")
def _nthroot(call: Call, x: Floating, order: Value) -> Numeric:
    """MATLAB's documentation of nthroot: the real root, of negative numbers for odd orders."""
    n = whole(order, "the order of nthroot")
    if not isinstance(n, int) or n == 0:
        raise CodeError("The order of nthroot is a whole number that is not 0.")

    def computed(v: Tensor) -> Tensor:
        root = torch.abs(v) ** (1 / n)
        return torch.sign(v) * root if n % 2 else torch.where(v < 0, v * float("nan"), root)

    return mapped(call, x, computed)


@known("clip")
def _clip(call: Call, x: Value, low: Value, high: Value) -> Numeric:
    """MATLAB's documentation of clip."""
    return sibling(call, "min", sibling(call, "max", x, low), high)


@known("rescale")
def _rescale(call: Call, a: Floating, low: Numeric = ZERO, high: Numeric = ONE) -> Numeric:
    """MATLAB's documentation of rescale: to [0, 1], or to two bounds."""
    least, most = (sibling(call, name, a, EMPTY, Chars("all")) for name in ("min", "max"))
    above, extent = (elementwise("-", one, least, call.budget) for one in (a, most))
    share = elementwise("./", above, extent, call.budget)
    spread = elementwise("-", high, low, call.budget)
    return elementwise("+", low, elementwise(".*", share, spread, call.budget), call.budget)


@known("idivide")
def _idivide(call: Call, x: Numeric, y: Numeric, how: Value | None = None) -> Numeric:
    """MATLAB's documentation of idivide: towards zero, or "floor", "ceil", "round"."""
    kind = common_kind((x, y), "idivide")
    if "int" not in kind:
        raise CodeError("idivide is for integers.")
    name = "fix" if how is None else text(how, "the rounding").lower()
    if name not in ("fix", "floor", "ceil", "round"):
        raise CodeError(f"idivide has no rounding '{name}'.")
    wide = [one.with_data(cast(one.data, "double")) for one in (x, y)]
    exact = elementwise("./", wide[0], wide[1], call.budget)
    found = sibling(call, name, exact)
    return found.with_data(cast(found.data, kind))


@known("bsxfun")
def _bsxfun(call: Call, function: Value, a: Value, b: Value) -> Any:
    """MATLAB's documentation of bsxfun: today's functions expand sizes themselves."""
    return call.interpreter.call_value(call.handle(function), (a, b), 1)


@known("pagefun")
def _pagefun(call: Call, function: Value, *arrays: Value) -> Any:
    """MATLAB's documentation of pagefun: of @mtimes, @transpose, @ctranspose, and by element."""
    name = function.text if isinstance(function, FunctionHandle) else ""
    by_page = {"mtimes": "pagemtimes", "transpose": "pagetranspose", "ctranspose": "pagectranspose"}
    if name in by_page:
        return sibling(call, by_page[name], *arrays)
    if name in ("plus", "minus", "times", "rdivide", "power"):
        return call.interpreter.call_value(function, arrays, 1)
    raise UnsupportedCodeError(f"pagefun of {name or 'such a function'} is not supported.")


# --- along dimensions -------------------------------------------------------------------


@known("vecnorm")
def _vecnorm(
    call: Call, a: Floating, order: Value | None = None, dim: Value | None = None
) -> Numeric:
    """MATLAB's documentation of vecnorm: of the vectors along a dimension, of order 2."""
    p = 2.0
    if order is not None and elements(order.shape):
        p = float(known_values(order, "the order of vecnorm").reshape(-1)[0])
    axis = default_axis(a) if dim is None else dimension(dim, "vecnorm")
    if axis >= a.data.ndim:
        return mapped(call, a, torch.abs)
    call.budget.made(a.shape)
    norm = torch.linalg.vector_norm
    return a.with_data(in_torch(lambda v: norm(v, p, axis, keepdim=True), a.data))


@known("trapz", "cumtrapz")
def _trapz(call: Call, *given: Floating) -> Numeric:
    """MATLAB's documentation of trapz and cumtrapz: Y, or X and Y, and a dimension."""
    if not 1 <= len(given) <= 3:
        raise CodeError(f"{call.name} takes 1 to 3 inputs.")
    with_x = len(given) == 3 or (len(given) == 2 and elements(given[1].shape) != 1)
    y = given[1] if with_x else given[0]
    dim = given[2] if len(given) == 3 else given[1] if len(given) == 2 and not with_x else None
    axis = default_axis(y) if dim is None else dimension(dim, call.name)
    if axis >= y.data.ndim:
        raise UnsupportedCodeError(f"{call.name} along a dimension of size 1.")
    n = y.shape[axis]

    def computed(v: Tensor, *x: Tensor) -> Tensor:
        means = (v.narrow(axis, 0, n - 1) + v.narrow(axis, 1, n - 1)) / 2
        if x:
            steps = torch.diff(x[0].reshape(-1).to(v.dtype))
            means = means * steps.reshape([-1 if at == axis else 1 for at in range(v.ndim)])
        if call.name == "trapz":
            return means.sum(axis, keepdim=True)
        sums = torch.cumsum(means, axis)
        return torch.cat([torch.zeros_like(v.narrow(axis, 0, 1)), sums], axis)

    if with_x and elements(given[0].shape) != n:
        raise UnsupportedCodeError(f"{call.name} is supported for a vector X of the size of Y.")
    return y.with_data(in_torch(computed, y.data, *([given[0].data] if with_x else [])))


@known("normalize")
def _normalize(call: Call, a: Floating, *rest: Value) -> Numeric:
    """MATLAB's documentation of normalize: z-scores along a dimension."""
    if len(rest) > 1 or any(isinstance(one, Chars) for one in rest):
        raise UnsupportedCodeError("normalize with a method is not supported.")
    mean = sibling(call, "mean", a, *rest)
    spread = sibling(call, "std", a, scalar(0), *rest)
    return elementwise("./", elementwise("-", a, mean, call.budget), spread, call.budget)


@known("setdiff", "union", "intersect")
def _sets(call: Call, a: Value, b: Value) -> Numeric:
    """MATLAB's documentation of setdiff, union and intersect: in order; of known numbers."""
    x, y = (known_values(one, call.name) for one in (a, b))
    function: Any = {"setdiff": np.setdiff1d, "union": np.union1d, "intersect": np.intersect1d}
    found = function[call.name](x.reshape(-1), y.reshape(-1))
    rows = [one.ndim == 2 and one.shape[0] == 1 for one in (x, y)]
    is_row = rows[0] if call.name == "setdiff" else all(rows)
    return numeric(found.reshape((1, -1) if is_row else (-1, 1)))


# --- making -----------------------------------------------------------------------------


@known("randi", "randperm")
def _random(call: Call, *arguments: Value) -> Numeric:
    """MATLAB's documentation of randi and randperm; torch's generator, as for rand."""
    if not arguments:
        raise CodeError(f"{call.name} needs a number.")
    ends = known_values(arguments[0], "the numbers").reshape(-1)
    if call.name == "randperm":
        n = whole(arguments[0], "the number of elements")
        call.budget.made((n,))
        count = n if len(arguments) == 1 else whole(arguments[1], "the number of elements")
        return row((torch.randperm(n)[:count] + 1).tolist())
    low, high = (1, int(ends[0])) if len(ends) == 1 else (int(ends[0]), int(ends[1]))
    if high < low:
        raise CodeError("The range of randi is empty.")
    size, _ = sizes("randi", arguments[1:])
    call.budget.made(size)
    return numeric(torch.randint(low, high + 1, tuple(size)).to(torch.float64))


@known("toeplitz")
def _toeplitz(call: Call, c: Floating, across: Floating | None = None) -> Numeric:
    """MATLAB's documentation of toeplitz: of a column, and a row."""
    r = c if across is None else across
    if c.is_complex or r.is_complex:
        raise UnsupportedCodeError("toeplitz of complex numbers is not supported.")
    m, n = elements(c.shape), elements(r.shape)
    call.budget.made((m, n))
    at = np.arange(n)[None, :] - np.arange(m)[:, None]
    places = torch.from_numpy(np.where(at > 0, at + m - 1, -at))

    def computed(u: Tensor, v: Tensor) -> Tensor:
        return torch.cat([column(u), column(v)[1:]])[places]

    return numeric(in_torch(computed, *together((c, r), common_kind((c, r)))))


@known("blkdiag")
def _blkdiag(call: Call, *given: Floating) -> Numeric:
    """MATLAB's documentation of blkdiag."""
    if not given or any(one.data.ndim != 2 for one in given):
        raise CodeError("blkdiag is for matrices.")
    call.budget.made([sum(one.shape[at] for one in given) for at in (0, 1)])
    return numeric(in_torch(torch.block_diag, *together(given, common_kind(given))))


@known("padarray")
def _padarray(call: Call, x: Numeric, amount: Value, *rest: Value) -> Value:
    """MATLAB's documentation of padarray: a number, 'circular', 'replicate' or 'symmetric'."""
    words = [one.value.lower() for one in rest if isinstance(one, Chars)]
    given = [one for one in rest if not isinstance(one, Chars)]
    unknown = set(words) - {"both", "pre", "post", "circular", "replicate", "symmetric"}
    if unknown or len(given) > 1:
        raise CodeError(f"padarray has no option '{', '.join(sorted(unknown))}'.")
    sides = [whole(scalar(n), "the padding") for n in known_values(amount, "it").reshape(-1)]
    size = [*x.shape, *(1,) * (len(sides) - x.data.ndim)]
    if any(side < 0 for side in sides) or not all(isinstance(n, int) for n in size[: len(sides)]):
        raise CodeError("The padding of padarray is not negative, and of known sizes.")
    ends = [(0 if "post" in words else n, 0 if "pre" in words else n) for n in sides]
    ends += [(0, 0)] * (len(size) - len(ends))
    call.budget.made([n + sum(pair) for n, pair in zip(size, ends, strict=True)])
    if not {"circular", "symmetric", "replicate"} & set(words):
        value = cast(numbers(given[0] if given else ZERO, "padarray").data, x.kind)
        flat = [n for pair in reversed(ends) for n in pair]
        number = known_scalar(Numeric(value), "the padding").item()
        pad = torch.nn.functional.pad
        return x.with_data(in_torch(lambda v: pad(v.reshape(size), flat, value=number), x.data))
    places: list[Place] = [Everything()] * len(size)
    for axis, (before, after) in enumerate(ends[: len(sides)]):
        n = size[axis]
        at = np.arange(-before, n + after)
        if "circular" in words:
            at = at % n
        elif "symmetric" in words:
            at = np.minimum(at % (2 * n), 2 * n - 1 - at % (2 * n))
        places[axis] = Numeric(at.clip(0, n - 1)[None] + 1.0)
    return index(x, places, call.budget)


# --- convolution, interpolation, polynomials ------------------------------------------------


@known("conv2", "conv")
def _conv(call: Call, x: Floating, y: Floating, shape: Value | None = None) -> Numeric:
    """MATLAB's documentation of conv2 and conv: 'full', 'same', 'valid'."""
    how = "full" if shape is None else text(shape, "the shape").lower()
    if how not in ("full", "same", "valid"):
        raise CodeError(f"{call.name} has no shape '{how}'.")
    if x.data.ndim > 2 or y.data.ndim > 2 or x.is_complex or y.is_complex:
        raise UnsupportedCodeError(f"{call.name} is supported for real matrices.")
    if call.name == "conv":
        if 1 not in x.shape or 1 not in y.shape:
            raise CodeError("conv is for vectors.")
        is_row = (x if elements(x.shape) > 1 else y).shape[0] == 1
        x, y = (one.with_data(one.data.reshape(1, -1)) for one in (x, y))
    m, n, p, q = *x.shape, *y.shape
    call.budget.made((m + p, n + q), p * q)

    def computed(u: Tensor, v: Tensor) -> Tensor:
        kernel = v.flip(0, 1)[None, None]
        full = torch.nn.functional.conv2d(u[None, None], kernel, padding=(p - 1, q - 1))[0, 0]
        if how == "same":
            top, left = p // 2, q // 2
            return full[top : top + m, left : left + n]
        if how == "valid":
            return full[p - 1 : max(m, p - 1), q - 1 : max(n, q - 1)]
        return full

    found = numeric(in_torch(computed, *together((x, y), common_kind((x, y)))), "", x.is_dlarray)
    if call.name == "conv" and not is_row:
        return transposed(found)
    return found


@known("interp1")
def _interp1(call: Call, *given: Value) -> Numeric:
    """MATLAB's documentation of interp1: 'linear', 'nearest', 'previous', 'next'; 'extrap'."""
    words = [one.value.lower() for one in given if isinstance(one, Chars)]
    arrays = [one for one in given if not isinstance(one, Chars)]
    method = words[0] if words and words[0] != "extrap" else "linear"
    if method not in ("linear", "nearest", "previous", "next") or len(arrays) not in (2, 3):
        raise UnsupportedCodeError(f"interp1 by '{method}' is not supported.")
    if len(arrays) == 2:
        arrays.insert(0, row(range(1, elements(arrays[0].shape) + 1)))
    x, v, at = (floating(one, "interp1") for one in arrays)
    places = known_values(x, "the points of interp1").reshape(-1)
    if 1 not in v.shape or v.data.ndim > 2 or elements(v.shape) != len(places):
        raise UnsupportedCodeError("interp1 is supported for vectors of points and values.")
    if len(places) < 2 or not (np.diff(places) > 0).all():
        raise UnsupportedCodeError("interp1 is supported for points that rise.")
    extends = "extrap" in words
    kind = common_kind((v, at))

    def computed(points: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
        points, values = points.reshape(-1), values.reshape(-1)
        low, share = between(points, wanted)
        steps = {"nearest": share >= 0.5, "previous": share >= 1, "next": share > 0}
        share = steps.get(method, share).to(values.dtype)
        found = values[low] + share * (values[low + 1] - values[low])
        if extends:
            return found
        outside = ~((wanted >= points[0]) & (wanted <= points[-1]))
        return torch.where(outside, torch.full_like(found, float("nan")), found)

    points, values, wanted = together((x, v, at), kind)
    is_vector = at.data.ndim == 2 and 1 in at.shape and elements(at.shape) > 1
    found = in_torch(computed, points, values, wanted)
    if is_vector:
        return numeric(found, at.labels, at.is_dlarray or v.is_dlarray)
    return at.with_data(found)


@known("polyval")
def _polyval(call: Call, p: Floating, at: Floating) -> Numeric:
    """MATLAB's documentation of polyval: from the highest power down."""
    flat = column(p.data)
    call.budget.repeats(elements(p.shape))
    result: Numeric = elementwise(".*", at, scalar(0), call.budget)
    for n in range(elements(p.shape)):
        one = numeric(flat[n : n + 1].reshape(1, 1))
        result = elementwise("+", elementwise(".*", result, at, call.budget), one, call.budget)
    return result


@known("cov")
def _cov(call: Call, a: Floating, weight: Value | None = None) -> Numeric:
    """MATLAB's documentation of cov: of the columns of a matrix, by n-1, or by n with 1."""
    if a.data.ndim != 2 or a.is_complex or (weight is not None and elements(weight.shape) != 1):
        raise UnsupportedCodeError("cov is supported for one matrix.")
    by_n = weight is not None and bool(known_values(weight, "the weight").reshape(-1)[0])

    def computed(v: Tensor) -> Tensor:
        v = v.reshape(-1, 1) if 1 in v.shape else v
        away = v - v.mean(0, keepdim=True)
        return away.T @ away / (len(v) if by_n else max(len(v) - 1, 1))

    return numeric(in_torch(computed, a.data), "", a.is_dlarray)


@known("mat2cell")
def _mat2cell(call: Call, a: Numeric, *counts: Value) -> Value:
    """MATLAB's documentation of mat2cell."""
    parts = [[int(n) for n in known_values(one, "a size").reshape(-1)] for one in counts]
    parts += [[n] for n in a.shape[len(parts) :]]
    if [sum(one) for one in parts] != [*a.shape, *(1,) * (len(parts) - len(a.shape))]:
        raise CodeError("The sizes of mat2cell do not add up to those of the array.")
    shape = tuple(len(one) for one in parts)
    call.budget.repeats(math.prod(shape))
    items = []
    for at in range(math.prod(shape)):
        where = np.unravel_index(at, shape, order="F")
        places = [
            row(range(sum(one[:k]) + 1, sum(one[: k + 1]) + 1))
            for one, k in zip(parts, where, strict=True)
        ]
        items.append(index(a, places, call.budget))
    return Cell(shape, tuple(items))


@known("nchoosek")
def _nchoosek(call: Call, n: Value, k: Value) -> Numeric:
    """MATLAB's documentation of nchoosek: of two numbers, how many choices there are."""
    total, taken = (whole(one, "a number of nchoosek") for one in (n, k))
    if not 0 <= taken <= total <= 1000:
        raise CodeError("nchoosek takes k of at most 1000 elements.")
    return scalar(float(math.comb(total, taken)))


@known("logspace")
def _logspace(call: Call, start: Value, stop: Value, count: Value | None = None) -> Numeric:
    """MATLAB's documentation of logspace: 50 points between powers of 10."""
    exponents = sibling(call, "linspace", start, stop, scalar(50) if count is None else count)
    return elementwise(".^", scalar(10), exponents, call.budget)
