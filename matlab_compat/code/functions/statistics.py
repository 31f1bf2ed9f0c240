"""Statistics, and orders of elements. Sources: MATLAB's documentation of each."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ...errors import CodeError, UnsupportedCodeError
from ..indexing import column
from ..numeric import EMPTY, ONE, ZERO, Numeric, numeric, scalar
from ..operators import elementwise, is_traced, known_values, whole
from ..values import Chars, Value
from .both import default_axis, dimension, in_torch, sibling
from .registry import Call, Floating, known


@known("rms")
def _rms(call: Call, x: Floating, *rest: Value) -> Numeric:
    """MATLAB's documentation of rms: the root of the mean square."""
    size = sibling(call, "abs", x)
    square = elementwise(".*", size, size, call.budget)
    return sibling(call, "sqrt", sibling(call, "mean", square, *rest))


@known("range")
def _range(call: Call, x: Value, *rest: Value) -> Numeric:
    """MATLAB's documentation of range: the largest minus the smallest."""
    most, least = (sibling(call, name, x, EMPTY, *rest) for name in ("max", "min"))
    return elementwise("-", most, least, call.budget)


@known("nansum", "nanmean")
def _without_nan(call: Call, x: Value, *rest: Value) -> Numeric:
    """MATLAB's documentation of nansum and nanmean: sum and mean with 'omitnan'."""
    return sibling(call, call.name.removeprefix("nan"), x, *rest, Chars("omitnan"))


@known("zscore")
def _zscore(call: Call, a: Floating, *rest: Value) -> Numeric:
    """MATLAB's documentation of zscore: 0 where all are the same."""
    above = elementwise("-", a, sibling(call, "mean", a, *rest[1:]), call.budget)
    spread = sibling(call, "std", a, *rest)
    same = elementwise("==", spread, ZERO, call.budget)
    return elementwise("./", above, elementwise("+", spread, same, call.budget), call.budget)


@known("corrcoef")
def _corrcoef(call: Call, a: Floating, b: Floating | None = None) -> Numeric:
    """MATLAB's documentation of corrcoef: of the columns of a matrix, or of two arrays."""
    if b is not None:
        a = sibling(call, "horzcat", *(numeric(column(one.data)[:, None]) for one in (a, b)))
    covariance = sibling(call, "cov", a)
    spread = sibling(call, "sqrt", sibling(call, "diag", covariance))
    scale = elementwise(".*", spread, sibling(call, "transpose", spread), call.budget)
    return elementwise("./", covariance, scale, call.budget)


@known("quantile", "prctile")
def _quantile(call: Call, a: Floating, shares: Value, dim: Value | None = None) -> Numeric:
    """MATLAB's documentation of quantile and prctile: sorted elements are those of (k - 0.5)/n."""
    whole_share = 100 if call.name == "prctile" else 1
    p = known_values(shares, "the shares").reshape(-1) / whole_share
    axis = default_axis(a) if dim is None else dimension(dim, call.name)
    if (p < 0).any() or (p > 1).any():
        raise CodeError(f"The shares of {call.name} are from 0 to {whole_share}.")
    if (a.data.ndim != 2 and dim is None) or axis >= a.data.ndim:
        raise UnsupportedCodeError(f"{call.name} of more than a matrix needs a dimension of it.")
    if dim is None and len(p) > 1 and a.shape[1] == 1:
        raise UnsupportedCodeError(
            f"Whether {call.name} of a column gives a row or a column is not certain.",
            remedy=f"name the dimension: {call.name}(x, p, 1).",
        )
    if not is_traced() and bool(sibling(call, "any", sibling(call, "isnan", a), Chars("all")).data):
        raise UnsupportedCodeError(f"{call.name} of NaN is not supported.")
    n = a.shape[axis]
    at = (p * n - 0.5).clip(0, max(n - 1, 0))
    below = at.astype(int)
    above = (below + 1).clip(max=n - 1)

    def computed(v: Tensor) -> Tensor:
        ordered = torch.sort(v, dim=axis).values
        places = (torch.from_numpy(one).to(v.device) for one in (below, above))
        low, high = (ordered.index_select(axis, one) for one in places)
        share = torch.from_numpy(at - below).to(v)
        return low + (high - low) * share.reshape([-1 if k == axis else 1 for k in range(v.ndim)])

    return numeric(in_torch(computed, a.data), "", a.is_dlarray)


@known("maxk", "mink")
def _most(call: Call, a: Numeric, count: Value, dim: Value | None = None) -> Any:
    """MATLAB's documentation of maxk and mink: so many, in order, and their places; NaN last."""
    axis = default_axis(a) if dim is None else dimension(dim, call.name)
    if axis >= a.data.ndim or a.is_complex:
        raise UnsupportedCodeError(f"{call.name} takes real numbers, along a dimension of them.")
    k = min(whole(count, "the number of elements"), a.shape[axis])
    is_largest = call.name == "maxk"

    def computed(v: Tensor) -> tuple[Tensor, Tensor]:
        # NaN is last in both orders; integers have no NaN, and some no negative.
        is_negated = is_largest and v.is_floating_point()
        descend = is_largest and not is_negated
        found = torch.sort(-v if is_negated else v, dim=axis, descending=descend, stable=True)
        values, places = (one.narrow(axis, 0, k) for one in found)
        return -values if is_negated else values, places.to(torch.float64) + 1

    values, places = in_torch(computed, a.data)
    return numeric(values, "", a.is_dlarray), numeric(places)


@known("sortrows")
def _sortrows(call: Call, a: Numeric, columns: Value | None = None) -> Any:
    """MATLAB's documentation of sortrows: by columns, negative ones downwards; places second."""
    if a.data.ndim != 2 or a.is_complex:
        raise UnsupportedCodeError("sortrows is for a matrix of real numbers.")
    keys = [k + 1 for k in range(a.shape[1])]
    if columns is not None:
        keys = [int(k) for k in known_values(columns, "the columns").reshape(-1)]
    if any(not 1 <= abs(k) <= a.shape[1] for k in keys):
        raise CodeError("sortrows names a column that the matrix has not.")

    def computed(v: Tensor) -> tuple[Tensor, Tensor]:
        order = torch.arange(v.shape[0], device=v.device)
        for key in reversed(keys):
            one = v[order, abs(key) - 1]
            order = order[torch.sort(one, descending=key < 0, stable=True).indices]
        return v[order], order[:, None].to(torch.float64) + 1

    values, places = in_torch(computed, a.data)
    return numeric(values, "", a.is_dlarray), numeric(places)


@known("normpdf", "normcdf")
def _normal(call: Call, x: Floating, mean: Floating = ZERO, spread: Floating = ONE) -> Numeric:
    """MATLAB's documentation of normpdf and normcdf: of mean 0 and deviation 1, or these."""
    above = elementwise("-", x, mean, call.budget)
    z = elementwise("./", above, spread, call.budget)
    if call.name == "normcdf":
        tail = sibling(call, "erfc", elementwise("./", z, scalar(-math.sqrt(2)), call.budget))
        return elementwise(".*", scalar(0.5), tail, call.budget)
    half = elementwise(".*", scalar(-0.5), elementwise(".*", z, z, call.budget), call.budget)
    scale = elementwise(".*", spread, scalar(math.sqrt(2 * math.pi)), call.budget)
    return elementwise("./", sibling(call, "exp", half), scale, call.budget)


@known("pdist2")
def _pdist2(call: Call, a: Floating, b: Floating, kind: Value | None = None) -> Numeric:
    """MATLAB's documentation of pdist2: distances of rows, euclidean, squared or city block."""
    name = kind.value.lower() if isinstance(kind, Chars) else "euclidean"
    if name not in ("euclidean", "squaredeuclidean", "cityblock", "chebychev"):
        raise UnsupportedCodeError(f"pdist2 by '{name}' is not supported.")
    if a.data.ndim != 2 or b.data.ndim != 2 or a.shape[1] != b.shape[1]:
        raise CodeError("pdist2 is for two matrices with as many columns.")
    call.budget.made((a.shape[0], b.shape[0], a.shape[1]))

    def computed(u: Tensor, v: Tensor) -> Tensor:
        apart = u[:, None, :] - v[None, :, :]
        if name in ("cityblock", "chebychev"):
            return apart.abs().sum(2) if name == "cityblock" else apart.abs().amax(2)
        square = (apart * apart).sum(2)
        return square.sqrt() if name == "euclidean" else square

    return numeric(in_torch(computed, a.data, b.data), "", a.is_dlarray or b.is_dlarray)
