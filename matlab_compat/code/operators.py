"""MATLAB's operators on values: classes as MATLAB mixes them, sizes that expand, labels that align.

Sources: MATLAB's documentation of "Operator Precedence", "Compatible Array Sizes for Basic
Operations", "Combining Unlike Classes", and of each function that stands for an operator; for
labels the page of multiplicationLayer and the list of functions of dlarray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..data_format import LABELS
from ..display import size_text
from ..errors import CodeError, DataDependentCodeError, UnsupportedCodeError
from .limits import Budget
from .numeric import (
    SYMBOLS,
    Data,
    Numeric,
    as_tensor,
    cast,
    dtype_of,
    logical,
    numeric,
)
from .observations import settle
from .values import Cell, Chars, Map, Member, Object, Structs, Value, by_places

T = TypeVar("T")


def is_traced() -> bool:
    """Whether torch records what is computed, to export it."""
    return bool(torch.compiler.is_compiling())


def memory_order(x: Tensor) -> tuple[list[int], list[int]]:
    """The order of dimensions in memory, and the way back from it.

    Torch puts the results of sums and joins into its own order, which takes long where the
    tensor has another one.
    """
    strides = x.stride()
    order = sorted(range(len(strides)), key=lambda at: -strides[at])
    return order, sorted(range(len(order)), key=order.__getitem__)


def numbers(value: Value, what: str = "this operation") -> Numeric:
    """The value as numbers: characters are their codes.

    Raises ``CodeError``: it is a string, a cell, a struct ...
    """
    if isinstance(value, Numeric):
        return value
    if isinstance(value, Chars) and not value.is_string:
        codes = np.array([[float(ord(one)) for one in value.value]])
        return Numeric(codes if value.value else np.zeros((0, 0)))
    raise CodeError(f"A {class_name(value)} cannot be used in {what}.")


def characters(codes: Numeric) -> Chars:
    """A row of characters from their codes.

    Raises ``CodeError``: they are none; ``UnsupportedCodeError``: they are several rows.
    """
    data = known_values(codes, "a number that becomes a character")
    if data.ndim > 2 or data.shape[0] > 1:
        raise UnsupportedCodeError("A matrix of characters is not supported.")
    if not all(0 <= n < 0x110000 for n in data.flat):
        raise CodeError("These numbers are no characters.")
    return Chars("".join(chr(int(n)) for n in data.flat))


def floating(value: Value, what: str = "this operation") -> Numeric:
    """The value as single, if it is that, or as double; errors as of :func:`numbers`."""
    x = numbers(value, what)
    return x if x.kind in ("double", "single") else x.with_data(cast(x.data, "double"))


def class_name(value: Value) -> str:
    """MATLAB's ``class``."""
    if isinstance(value, Numeric):
        return "dlarray" if value.is_dlarray else value.kind
    if isinstance(value, Chars | Cell) and value.is_string:
        return "string"
    if isinstance(value, Map):
        return "containers.Map" if value.is_handle else "dictionary"
    return value.definition.name if isinstance(value, Object | Member) else value.class_name


def known_values(value: Value, what: str) -> np.ndarray[Any, Any]:
    """Numbers as a numpy array; data only where nothing is being exported.

    Raises ``DataDependentCodeError``: they are data, and torch is recording.
    """
    value = numbers(value, what)
    if isinstance(value.data, np.ndarray):
        return value.data
    if is_traced():
        raise DataDependentCodeError(
            f"{what[:1].upper()}{what[1:]} depends on values of the data, so that it cannot be "
            "exported.",
            remedy="run the network in Python instead, or write the code without it: "
            "Z = X .* (X > 0) instead of a branch.",
        )
    array: np.ndarray[Any, Any] = value.data.detach().cpu().numpy()
    return array


def known_scalar(value: Value, what: str) -> Any:
    """One number, which may be a symbol of torch."""
    data = known_values(value, what)
    if data.size != 1:
        raise CodeError(f"{what[:1].upper()}{what[1:]} must be one number, not {_size(value)}.")
    return data.reshape(-1)[0]


def whole(value: Value, what: str) -> Any:
    """One whole number, which may be a symbol of torch."""
    return as_whole(known_scalar(value, what), what)


def as_whole(number: Any, what: str) -> Any:
    """A whole number as int or symbol."""
    if isinstance(number, torch.SymInt):
        return number
    if isinstance(number, torch.SymFloat):
        return torch.sym_int(number)  # type: ignore[no-untyped-call]
    if isinstance(number, complex | np.complexfloating):
        raise CodeError(f"{what[:1].upper()}{what[1:]} must be real.")
    if not np.isfinite(number) or floor(number) != number or abs(number) > 2**53:
        raise CodeError(f"{what[:1].upper()}{what[1:]} must be a whole number, not {number}.")
    return int(number)


def is_true(value: Value, what: str) -> bool:
    """MATLAB's ``if``: not empty, and no zero."""
    data = known_values(value, what)
    if data.dtype.kind == "f" and np.isnan(data).any():
        raise CodeError("NaN's cannot be converted to logicals.")
    return data.size > 0 and all(settle(one != 0, what) for one in data.flat)


def text(value: Value, what: str) -> str:
    """The characters of a text.

    Raises ``CodeError``: the value is no text.
    """
    if isinstance(value, Chars):
        return value.value
    raise CodeError(f"{what[:1].upper()}{what[1:]} must be a text, not a {class_name(value)}.")


def field_name(value: Value) -> str:
    """A text as the name of a field.

    Raises ``CodeError``: it is none.
    """
    name = text(value, "the name of a field")
    if not name.isidentifier() or not name.isascii() or len(name) > 63:
        raise CodeError(f"{name!r} is no name of a field.")
    return name


def _size(value: Value) -> str:
    return size_text(value.shape)


# --- classes ----------------------------------------------------------------------------


def common_kind(values: Sequence[Numeric], what: str = "this operation") -> str:
    """The class of the result of arithmetic.

    Integers win over all else, single over double; logical counts as double.

    Raises ``CodeError``: two classes of integers.
    """
    kinds = [one.kind for one in values]
    integers = {kind for kind in kinds if "int" in kind}
    if len(integers) > 1:
        raise CodeError(f"Integers of the same class are needed in {what}, not {_list(integers)}.")
    if integers:
        return integers.pop()
    return "single" if "single" in kinds else "double"


def _list(names: set[str]) -> str:
    return " and ".join(sorted(names))


def together(values: Sequence[Numeric], kind: str) -> list[Any]:
    """Arrays of one library and class, with as many dimensions as each other.

    All numpy if all are known, else all tensors on the device of the data; MATLAB matches sizes
    from the first dimension on, so ones are put at the end.
    """
    most = max(one.data.ndim for one in values)
    device = next((v.data.device for v in values if isinstance(v.data, Tensor)), None)
    found: list[Any] = []
    for one in values:
        data = one.data
        as_complex = one.is_complex and kind in ("double", "single")
        if not isinstance(data, Tensor):
            if data.dtype != object and (as_complex or not one.is_complex):
                data = data.astype(dtype_of(kind, data, as_complex), copy=False)
            data = data if device is None else as_tensor(data)
        if isinstance(data, Tensor):
            data = data.to(device, dtype_of(kind, data, as_complex))
        if data.ndim < most:
            data = data.reshape(*data.shape, *(1,) * (most - data.ndim))
        found.append(data)
    return found


def real_if_whole(data: Data) -> Data:
    """Known complex numbers without imaginary parts are real, as in MATLAB."""
    if isinstance(data, np.ndarray) and data.dtype.kind == "c" and not data.imag.any():
        return np.ascontiguousarray(data.real)
    return data


# --- labels -----------------------------------------------------------------------------


def aligned(values: Sequence[Numeric]) -> tuple[list[Numeric], str]:
    """The values with their labelled dimensions beside each other, and the labels of the result.

    Raises ``UnsupportedCodeError``: an unlabelled array has more dimensions than the labelled one.
    """
    formats = {one.labels for one in values if one.labels}
    if not formats:
        return list(values), ""
    if len(formats) == 1:
        labels = formats.pop()
        for one in values:
            if not one.labels and one.data.ndim > len(labels):
                raise UnsupportedCodeError(
                    f"An array of {_size(one)} meets one labelled '{labels}': what labels the "
                    "result has in MATLAB is not certain.",
                    remedy="label both, or strip the labels: stripdims(X).",
                )
        return list(values), labels
    union = "".join(label * max(labels.count(label) for labels in formats) for label in LABELS)
    found = []
    for one in values:
        if not one.labels:
            if one.data.ndim > 2 or any(n != 1 for n in one.shape):
                raise UnsupportedCodeError(
                    "Arrays with different labels and one without meet in one operation.",
                    remedy="label all of them.",
                )
            found.append(one)
            continue
        sizes: list[Any] = []
        for label in LABELS:
            own = [n for n, have in zip(one.shape, one.labels, strict=True) if have == label]
            sizes += own + [1] * (union.count(label) - len(own))
        found.append(Numeric(one.data.reshape(sizes), union, True))
    return found, union


def expanded_size(shapes: Sequence[Sequence[Any]], what: str) -> tuple[Any, ...]:
    """The size of the result of an operation by element.

    Raises ``CodeError``: the sizes do not fit.
    """
    most = max(map(len, shapes))
    result: list[Any] = []
    for at in range(most):
        sizes = [shape[at] if at < len(shape) else 1 for shape in shapes]
        chosen: Any = 1
        for n in sizes:
            if isinstance(n, int) and n == 1:
                continue
            if isinstance(chosen, int) and chosen == 1:
                chosen = n
            elif chosen != n:
                raise CodeError(
                    f"Arrays have incompatible sizes in {what}: "
                    f"{' and '.join(size_text(s) for s in shapes)}."
                )
        result.append(chosen)
    return tuple(result)


def by_element(
    name: str,
    values: Sequence[Numeric],
    function: Callable[..., Any],
    budget: Budget,
    kind: str,
    as_numbers: bool = False,
) -> Numeric:
    """A function of arrays by element: labels, sizes and classes brought together.

    With ``as_numbers`` it takes one known number beside data as a number of Python.
    """
    values, labels = aligned(values)
    budget.made(expanded_size([one.shape for one in values], name))
    arrays = together(values, kind)
    if as_numbers:
        arrays = _with_numbers(values, arrays)
    result = real_if_whole(function(*arrays))
    is_dlarray = any(one.is_dlarray for one in values)
    return numeric(result, labels, is_dlarray)


def _with_numbers(values: Sequence[Numeric], arrays: list[Any]) -> list[Any]:
    """One known real number beside data, as Python's."""
    if not isinstance(arrays[0], Tensor) or all(_is_scalar(one) for one in values):
        return arrays
    return [
        float(one.data.reshape(-1)[0])
        if isinstance(one.data, np.ndarray) and one.data.size == 1 and one.data.dtype.kind in "fiub"
        else array
        for one, array in zip(values, arrays, strict=True)
    ]


# --- operators --------------------------------------------------------------------------


def binary(operator: str, left: Value, right: Value, budget: Budget) -> Value:
    """``left operator right``.

    Raises ``CodeError``: sizes or classes that MATLAB would refuse.
    """
    if isinstance(left, Member) or isinstance(right, Member):
        return _of_members(operator, left, right)
    if _is_text(left) or _is_text(right):
        return _of_strings(operator, left, right)
    a, b = (numbers(one, f"'{operator}'") for one in (left, right))
    if operator == "*":
        if not (_is_scalar(a) or _is_scalar(b)):
            return product(a, b, budget)
        operator = ".*"
    elif operator in ("/", "\\"):
        if operator == "\\":
            if _is_scalar(a):
                return binary("./", b, a, budget)
            return solve(a, b, budget)
        if not _is_scalar(b):
            a, b = (transposed(one) for one in (a, b))
            return transposed(solve(b, a, budget))
        operator = "./"
    elif operator == "^":
        if not (_is_scalar(a) and _is_scalar(b)):
            return _matrix_power(a, b, budget)
        operator = ".^"
    elif operator == ".\\":
        return binary("./", b, a, budget)
    return elementwise(operator, a, b, budget)


def _is_scalar(value: Numeric) -> bool:
    return all(isinstance(n, int) and n == 1 for n in value.shape)


def elementwise(operator: str, a: Numeric, b: Numeric, budget: Budget) -> Numeric:
    """An operator by element on numbers."""
    if operator in _COMPARE or operator in _LOGICAL:
        return _comparison(operator, a, b, budget)
    kind = common_kind((a, b), f"'{operator}'")
    work = "double" if "int" in kind else kind
    if operator == ".^" and isinstance(a.data, Tensor) and "int" not in kind:
        exponent = whole_number(b)
        if exponent is not None:
            budget.made(a.shape)
            return a.with_data(torch.pow(as_tensor(cast(a.data, kind)), exponent))
    # A number divided by a tensor is the inverse times the number in torch, which rounds twice.
    as_numbers = operator in ("+", "-", ".*") or (operator == "./" and not _is_scalar(a))
    result = by_element(f"'{operator}'", (a, b), _ARITHMETIC[operator], budget, work, as_numbers)
    return result if work == kind else result.with_data(cast(result.data, kind))


def whole_number(value: Numeric) -> int | None:
    """The one whole number that a value is, where that is known."""
    data = value.data
    if not isinstance(data, np.ndarray) or data.size != 1 or data.dtype.kind not in "fiub":
        return None
    number = data.reshape(-1)[0]
    return int(number) if np.isfinite(number) and number == np.trunc(number) else None


def _comparison(operator: str, a: Numeric, b: Numeric, budget: Budget) -> Numeric:
    if operator in _LOGICAL:
        truths = [one.with_data(_truth(one.data)) for one in (a, b)]
        return by_element(f"'{operator}'", truths, _LOGICAL[operator], budget, "logical")
    kind = "single" if "single" in (a.kind, b.kind) else "double"
    if (a.is_complex or b.is_complex) and operator not in ("==", "~="):
        a, b = (one.with_data(one.data.real) for one in (a, b))
    return by_element(f"'{operator}'", (a, b), _COMPARE[operator], budget, kind, True)


def _truth(data: Data) -> Data:
    if not isinstance(data, Tensor):
        if data.dtype == object:
            return np.array([bool(one != 0) for one in data.flat], bool).reshape(data.shape)
        if data.dtype.kind == "f" and np.isnan(data).any():
            raise CodeError("NaN's cannot be converted to logicals.")
    result: Data = data if data.dtype in (torch.bool, np.dtype(bool)) else data != 0
    return result


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    def quiet(*arrays: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arrays)

    return quiet


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, np.ndarray) and (a.dtype == object or b.dtype == object):
        return _objects(_symbolic_quotient, a, b)
    return a / b


def _symbolic_quotient(a: Any, b: Any) -> Any:
    """A quotient of sizes: a whole number stays a size."""
    if isinstance(b, SYMBOLS) or isinstance(a, torch.SymFloat) or float(b) != int(b) or b == 0:
        return a / b
    if isinstance(a, torch.SymInt):
        quotient = a // int(b)
        return quotient if _surely_equal(quotient * int(b), a) else a / b
    return a / b


def _surely_equal(a: Any, b: Any) -> bool:
    try:
        from torch.fx.experimental.symbolic_shapes import statically_known_true
    except ImportError:
        return False
    return bool(statically_known_true(a == b))


def _objects(function: Callable[..., Any], *arrays: Any) -> np.ndarray[Any, Any]:
    """Of Python's numbers: older numpy compares its own with torch's symbols to a truth."""
    given = np.broadcast_arrays(*(np.asarray(one, object) for one in arrays))
    result = np.empty(given[0].shape, object)
    for at in np.ndindex(given[0].shape):
        result[at] = function(*(one[at] for one in given))
    return result


def _leaves_real(a: Tensor, b: Tensor) -> bool:
    """Whether any power is one of a negative number that is not whole."""
    if a.is_complex() or b.is_complex() or not b.is_floating_point() or not a.numel():
        return False
    a, b = a.detach(), b.detach()
    if b.numel() == 1:
        return bool((b != torch.trunc(b)).all()) and bool(a.amin() < 0)
    return bool(((a < 0) & (b != torch.trunc(b))).any())


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, Tensor):
        if not is_traced() and _leaves_real(a, b):
            wide = torch.complex64 if a.dtype == torch.float32 else torch.complex128
            return torch.pow(a.to(wide), b.to(wide))
        if b.numel() == 1 and not b.requires_grad and not is_traced() and not b.is_complex():
            return torch.pow(a, b.item())  # has no gradient of log(a)
        return torch.pow(a, b)
    if a.dtype == object or b.dtype == object:
        return _objects(lambda x, y: x ** (int(y) if y == int(y) else y), a, b)
    if a.dtype.kind == "f" and b.dtype.kind == "f" and ((a < 0) & (b != np.trunc(b))).any():
        a = a.astype(np.result_type(a.dtype, np.complex64))
    return np.power(a, b)


def _compares(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison; sizes that torch traces become certain ones."""

    def truths(a: Any, b: Any) -> Any:
        if not any(isinstance(one, np.ndarray) and one.dtype == object for one in (a, b)):
            return function(a, b)
        compared = _objects(lambda x, y: settle(function(x, y), "a comparison of sizes"), a, b)
        return compared.astype(bool)

    return truths


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": _quiet(add),
    "-": _quiet(sub),
    ".*": _quiet(mul),
    "./": _quiet(_divide),
    ".^": _quiet(_power),
}
_COMPARE: dict[str, Callable[..., Any]] = {
    "<": _compares(lt),
    "<=": _compares(le),
    ">": _compares(gt),
    ">=": _compares(ge),
    "==": _compares(eq),
    "~=": _compares(ne),
}
_LOGICAL: dict[str, Callable[..., Any]] = {"&": and_, "|": or_}


def _of_members(operator: str, left: Value, right: Value) -> Numeric:
    """Whether members of an enumeration are the same; a text is the name of one."""
    names = [one.name for one in (left, right) if isinstance(one, Member)]
    texts = [one.value for one in (left, right) if isinstance(one, Chars)]
    classes = {one.definition.name for one in (left, right) if isinstance(one, Member)}
    if operator not in ("==", "~=") or len(names + texts) < 2 or len(classes) > 1:
        kinds = f"{class_name(left)} and {class_name(right)}"
        raise CodeError(f"'{operator}' is not defined for {kinds}.")
    return logical([[(len({*names, *texts}) == 1) == (operator == "==")]])


def unary(operator: str, value: Value) -> Value:
    """``-x``, ``+x``, ``~x``, ``x'``, ``x.'``."""
    if isinstance(value, Cell | Structs) and operator in ("'", ".'"):
        return by_places(value, transposed)
    if isinstance(value, Chars) and operator in ("'", ".'"):
        if value.is_string or len(value.value) == 1:
            return value
        raise UnsupportedCodeError("A column of characters is not supported.")
    x = numbers(value, f"'{operator}'")
    match operator:
        case "-":
            if x.kind == "logical":
                x = x.with_data(cast(x.data, "double"))
            return x.with_data(
                cast(-cast(x.data, "double"), x.kind) if "int" in x.kind else -x.data
            )
        case "+":
            return x.with_data(cast(x.data, "double")) if x.kind == "logical" else x
        case "~":
            truth = _truth(x.data)
            return x.with_data(~truth)
        case "'" | ".'":
            result = transposed(x)
            if operator == "'" and x.is_complex:
                data = result.data
                data = data.conj().resolve_conj() if isinstance(data, Tensor) else data.conj()
                return result.with_data(data)
            return result
    raise UnsupportedCodeError(f"The operator '{operator}' is not supported.")


def transposed(x: Numeric) -> Numeric:
    """Rows become columns."""
    if x.data.ndim > 2:
        raise CodeError("Transpose is defined for matrices alone: use permute.")
    if x.labels.strip("U"):
        raise UnsupportedCodeError(
            f"Transposing an array labelled '{x.labels}' is not supported.",
            remedy="strip the labels first: stripdims(X).",
        )
    data = x.data.transpose(0, 1) if isinstance(x.data, Tensor) else x.data.T
    return x.with_data(data)


def product(a: Numeric, b: Numeric, budget: Budget) -> Numeric:
    """The product of matrices."""
    if a.labels or b.labels:
        raise UnsupportedCodeError(
            f"The product of arrays labelled '{a.labels or b.labels}' is not supported.",
            remedy="strip the labels first, stripdims(X), and label the result: dlarray(Z, 'CB').",
        )
    if a.data.ndim > 2 or b.data.ndim > 2:
        raise CodeError("'*' multiplies matrices: use pagemtimes, or '.*' by element.")
    if a.shape[1] != b.shape[0]:
        raise CodeError(
            f"Incorrect dimensions for matrix multiplication: {_size(a)} times {_size(b)}."
        )
    kind = common_kind((a, b), "'*'")
    budget.made((a.shape[0], b.shape[1]), work=a.shape[1])
    x, y = together((a, b), "double" if "int" in kind else kind)
    if isinstance(x, Tensor) and x.is_complex() != y.is_complex():
        wide = torch.promote_types(x.dtype, y.dtype)
        x, y = x.to(wide), y.to(wide)
    with np.errstate(all="ignore"):
        result = real_if_whole(x @ y)
    return numeric(cast(result, kind), is_dlarray=a.is_dlarray or b.is_dlarray)


def solve(a: Numeric, b: Numeric, budget: Budget) -> Numeric:
    """The solution of ``a * x = b``; by least squares where there are more rows than columns."""
    if a.labels or b.labels or a.data.ndim > 2 or b.data.ndim > 2:
        raise UnsupportedCodeError("Solving equations of labelled or N-D arrays is not supported.")
    if a.shape[0] != b.shape[0]:
        raise CodeError(f"Matrix dimensions must agree: {_size(a)} and {_size(b)}.")
    if a.shape[0] < a.shape[1]:
        raise UnsupportedCodeError(
            f"Dividing by a matrix of {_size(a)}, which has many solutions, is not supported.",
            remedy="for a division by element write './'.",
        )
    kind = common_kind((a, b), "'\\'")
    budget.made(b.shape, work=a.shape[0] ** 2)
    x, y = together((a, b), kind)
    if a.shape[0] > a.shape[1]:
        result = least_squares(as_tensor(x), as_tensor(y))
        known_result = result.numpy() if isinstance(x, np.ndarray) else result
        return numeric(known_result, is_dlarray=a.is_dlarray or b.is_dlarray)
    if isinstance(x, Tensor):
        return numeric(torch.linalg.solve(x, y), is_dlarray=a.is_dlarray or b.is_dlarray)
    try:
        return numeric(np.linalg.solve(x, y))
    except np.linalg.LinAlgError:
        raise CodeError("The matrix is singular.") from None


def least_squares(a: Tensor, b: Tensor) -> Tensor:
    """What is nearest to a solution of ``a * x = b``, for columns that are independent.

    Raises ``UnsupportedCodeError``: they depend on each other; which solution MATLAB takes follows
    from its order of columns.
    """
    q, r = torch.linalg.qr(a)
    sizes = r.diagonal().abs()
    if not is_traced() and sizes.min() <= max(a.shape) * torch.finfo(a.dtype).eps * sizes.max():
        raise UnsupportedCodeError("Least squares of columns that depend on each other.")
    found: Tensor = torch.linalg.solve_triangular(r, q.mH @ b, upper=True)
    return found


def _matrix_power(a: Numeric, b: Numeric, budget: Budget) -> Numeric:
    n = whole(b, "the exponent of a matrix") if _is_scalar(b) else -1
    if a.data.ndim > 2 or a.shape[0] != a.shape[1] or not 0 < n <= 64:
        raise UnsupportedCodeError(
            "'^' is supported for numbers, and for square matrices with whole exponents.",
            remedy="for a power by element write '.^'.",
        )
    result = a
    for _ in range(n - 1):
        result = product(result, a, budget)
    return result


# --- texts ------------------------------------------------------------------------------


def _is_text(value: Value) -> bool:
    return isinstance(value, Chars | Cell) and value.is_string


def _of_strings(operator: str, left: Value, right: Value) -> Value:
    if operator not in ("+", "==", "~="):
        raise CodeError(f"'{operator}' is not defined for strings.")
    size, pairs = paired(as_texts(left), as_texts(right))
    if operator == "+":
        return strings(size, [one + two for one, two in pairs])
    found = [(one == two) is (operator == "==") for one, two in pairs]
    return logical(np.array(found, bool).reshape(size, order="F"))


#: The size of texts, and the texts.
_Texts: TypeAlias = "tuple[tuple[int, ...], list[str]]"


def paired(
    a: tuple[tuple[int, ...], list[T]], b: tuple[tuple[int, ...], list[T]]
) -> tuple[tuple[int, ...], list[tuple[T, T]]]:
    """The size of the result, and the texts that meet: all of one size, or one with each."""
    (shape, x), (other, y) = a, b
    if len(x) != 1 and len(y) != 1 and shape != other:
        raise CodeError("Arrays of strings have incompatible sizes.")
    pairs = zip(x * len(y) if len(x) == 1 else x, y * len(x) if len(y) == 1 else y, strict=True)
    return (shape if len(x) != 1 else other), list(pairs)


def as_texts(value: Value) -> _Texts:
    """The size of a value as texts, and the texts; each number of an array by itself.

    Raises ``CodeError``: it is neither texts nor numbers.
    """
    if isinstance(value, Chars):
        return (1, 1), [value.value]
    if isinstance(value, Cell):
        return value.shape, [text(one, "a part of a text") for one in value.items]
    data = known_values(value, "a number that becomes text")
    shape = tuple(int(n) for n in data.shape)
    return shape, [number_text(numeric(n)) for n in data.reshape(-1, order="F")]


def strings(size: tuple[int, ...], texts: Sequence[str]) -> Value:
    """An array of strings, from its texts column by column, or one string."""
    items = tuple(Chars(one, True) for one in texts)
    return items[0] if len(items) == 1 else Cell(size, items, True)


def not_finite(number: float) -> str:
    """NaN, Inf and -Inf as MATLAB writes them; '' for all else."""
    if np.isfinite(number):
        return ""
    return "NaN" if np.isnan(number) else "Inf" if number > 0 else "-Inf"


def number_text(value: Numeric) -> str:
    """A number as MATLAB's ``string`` writes it: five digits, without trailing zeros."""
    number = known_scalar(value, "a number that becomes text")
    if value.kind == "logical":
        return "true" if number else "false"
    number = complex(number) if value.is_complex else float(number)
    if isinstance(number, complex):
        raise UnsupportedCodeError("Complex numbers as text are not supported.")
    if np.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return not_finite(number) or f"{number:.5g}"
