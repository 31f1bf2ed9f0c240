"""Matrices and pages of them. Sources: MATLAB's documentation of each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...display import size_text
from ...errors import CodeError, UnsupportedCodeError
from ..numeric import Numeric, numeric
from ..operators import (
    common_kind,
    expanded_size,
    is_traced,
    known_values,
    numbers,
    text,
    together,
    transposed,
)
from ..values import Chars, Value
from .both import in_torch
from .registry import Call, Floating, Plain, known, unlabelled


def _first_pages(v: Tensor) -> Tensor:
    """Pages first, as torch has them."""
    return v.movedim((0, 1), (-2, -1))


def _last_pages(v: Tensor) -> Tensor:
    return v.movedim((-2, -1), (0, 1))


@known("pageinv")
def _pageinv(call: Call, a: Plain) -> Numeric:
    """MATLAB's documentation of pageinv: the inverse of each page."""
    if a.shape[0] != a.shape[1]:
        raise CodeError("pageinv is for square pages.")
    call.budget.made(a.shape, a.shape[0])
    return a.with_data(in_torch(lambda v: _last_pages(torch.linalg.inv(_first_pages(v))), a.data))


@known("pagemldivide")
def _pagemldivide(call: Call, a: Plain, b: Plain) -> Numeric:
    """MATLAB's documentation of pagemldivide: of square pages."""
    if a.shape[0] != a.shape[1]:
        raise UnsupportedCodeError("pagemldivide is supported for square pages.")
    if a.shape[0] != b.shape[0]:
        raise CodeError("The pages of pagemldivide have to have as many rows.")

    def computed(u: Tensor, v: Tensor) -> Tensor:
        return _last_pages(torch.linalg.solve(_first_pages(u), _first_pages(v)))

    call.budget.made(b.shape, a.shape[0])
    return numeric(in_torch(computed, *together((a, b), common_kind((a, b)))))


#: What torch computes of a matrix, which is square but for the last two.
_OF_MATRIX: dict[str, Callable[[Tensor], Tensor]] = {
    "inv": torch.linalg.inv,
    "expm": torch.linalg.matrix_exp,
    "det": lambda v: torch.linalg.det(v).reshape(1, 1),
    "trace": lambda v: torch.trace(v).reshape(1, 1),
    "pinv": torch.linalg.pinv,
    "svd": lambda v: torch.linalg.svdvals(v)[:, None],
}


@known(*_OF_MATRIX)
def _of_matrix(call: Call, a: Floating) -> Numeric:
    """MATLAB's documentation of inv, pinv, det, trace, expm, and svd for the singular values."""
    if call.name in ("expm", "svd"):
        unlabelled(a, call.name)
    if call.outputs > 1:
        raise UnsupportedCodeError(f"{call.name} is supported for its first output.")
    if a.data.ndim != 2 or (call.name not in ("pinv", "svd") and a.shape[0] != a.shape[1]):
        raise CodeError(f"{call.name} is for square matrices.")
    call.budget.made(a.shape, a.shape[0])
    return numeric(in_torch(_OF_MATRIX[call.name], a.data), "", a.is_dlarray)


@known("chol")
def _chol(call: Call, a: Plain, triangle: Value | None = None) -> Numeric:
    """MATLAB's documentation of chol: its upper triangle, or its lower one."""
    which = "upper" if triangle is None else text(triangle, "the triangle").lower()
    if which not in ("upper", "lower"):
        raise CodeError(f"chol has no option '{which}'.")
    if a.data.ndim != 2 or a.shape[0] != a.shape[1]:
        raise CodeError("chol is for square matrices.")
    call.budget.made(a.shape, a.shape[0])
    return a.with_data(in_torch(lambda v: torch.linalg.cholesky(v, upper=which == "upper"), a.data))


@known("eig")
def _eig(call: Call, a: Plain) -> Numeric:
    """MATLAB's documentation of eig: the eigenvalues of a symmetric matrix, from the least up."""
    if call.outputs > 1:
        raise UnsupportedCodeError("eig is supported for the eigenvalues alone.")
    if a.data.ndim != 2 or a.shape[0] != a.shape[1]:
        raise CodeError("eig is for a square matrix.")
    call.budget.made(a.shape, a.shape[0])

    def computed(v: Tensor) -> Tensor:
        if not is_traced() and not torch.equal(v, v.mH):
            raise UnsupportedCodeError(
                "eig is supported for symmetric matrices.",
                remedy="make it symmetric in all digits: A = (A + A') / 2.",
            )
        found: Tensor = torch.linalg.eigvalsh(v)
        return found[:, None]

    return numeric(in_torch(computed, a.data), "", a.is_dlarray)


@known("tensorprod")
def _tensorprod(call: Call, a: Plain, b: Plain, *along: Value) -> Numeric:
    """MATLAB's documentation of tensorprod: outer, or contracted along dimensions of the two."""
    given = (a, b)
    rank = max(one.data.ndim for one in given)
    if len(along) > 2 or (len(along) == 2 and any(isinstance(one, Chars) for one in along)):
        raise UnsupportedCodeError("tensorprod with options is not supported.")
    if along and isinstance(along[0], Chars):
        if text(along[0], "the dimensions") != "all":
            raise CodeError("tensorprod contracts along dimensions, or 'all'.")
        places = [list(range(rank))] * 2
    else:
        said = [
            [int(k) - 1 for k in known_values(one, "the dimensions").reshape(-1)] for one in along
        ]
        places = [said[0], said[-1]] if said else [[], []]
    if len(places[0]) != len(places[1]) or any(not 0 <= k < rank for one in places for k in one):
        raise CodeError("tensorprod has no such dimensions.")

    sizes = [
        n
        for one, out in zip(given, places, strict=True)
        for k, n in enumerate(one.shape)
        if k not in out
    ]
    call.budget.made(sizes)
    u, v = together(given, common_kind(given))
    result = in_torch(lambda p, q: torch.tensordot(p, q, places), u, v)
    return numeric(result.reshape([*result.shape, *(1,) * (2 - result.ndim)]))


@known("pagetranspose", "pagectranspose")
def _pagetranspose(call: Call, x: Numeric) -> Numeric:
    """MATLAB's documentation of pagetranspose."""
    if x.data.ndim == 2:
        return transposed(x)
    return x.with_data(in_torch(lambda t: t.transpose(0, 1), unlabelled(x, call.name).data))


@known("pagemtimes")
def _pagemtimes(call: Call, a: Value, *rest: Value) -> Numeric:
    """MATLAB's documentation of pagemtimes: products of pages, with options 'transpose'."""
    if len(rest) not in (1, 3):
        raise CodeError("pagemtimes takes two arrays, each maybe with 'transpose'.")
    options = rest[::2] if len(rest) == 3 else ()
    flags = [text(one, "the option").lower() for one in options] or ["none", "none"]
    if foreign := {*flags} - {"none", "transpose", "ctranspose"}:
        raise CodeError(f"pagemtimes has no option '{foreign.pop()}'.")
    values = (a, rest[len(rest) // 2])
    x, y = (unlabelled(numbers(one, "pagemtimes"), "pagemtimes") for one in values)
    if any(one.is_complex for one in (x, y)) and "ctranspose" in flags:
        raise UnsupportedCodeError("pagemtimes with 'ctranspose' of complex numbers.")
    u, v = together((x, y), common_kind((x, y), "pagemtimes"))
    u, v = (
        one if flag == "none" else in_torch(lambda t: t.transpose(0, 1), one)
        for one, flag in zip((u, v), flags, strict=True)
    )
    if u.shape[1] != v.shape[0]:
        raise CodeError(
            f"pagemtimes multiplies pages of {size_text(u.shape[:2])} and {size_text(v.shape[:2])}."
        )
    pages = expanded_size([u.shape[2:], v.shape[2:]], "pagemtimes")
    call.budget.made([u.shape[0], v.shape[1], *pages], u.shape[1])
    found = in_torch(lambda p, q: _last_pages(_first_pages(p) @ _first_pages(q)), u, v)
    return numeric(found, "", x.is_dlarray or y.is_dlarray)
