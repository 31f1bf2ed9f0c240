"""Arrays of numbers in MATLAB code.

A :class:`Numeric` holds either a numpy array, whose values are **known** beforehand (sizes,
settings, what is computed from them), or a torch tensor, which is **data**. Known numbers decide
loops and branches when a model is exported, data can't. Where torch traces sizes, a known array
has the dtype ``object`` and holds ``torch.SymInt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..arrays import NUMPY, cell_array
from ..data_format import matlab_axes
from ..errors import CodeError

Data: TypeAlias = "np.ndarray[Any, Any] | Tensor"
#: MATLAB's classes of numbers and those of torch.
TORCH: dict[str, torch.dtype] = {name: getattr(torch, str(t)) for name, t in NUMPY.items()}
_COMPLEX_NUMPY: dict[str, Any] = {
    "double": np.dtype(np.complex128),
    "single": np.dtype(np.complex64),
}
_COMPLEX_TORCH: dict[str, torch.dtype] = {"double": torch.complex128, "single": torch.complex64}
#: Classes of torch that MATLAB has not: code computes in single then.
_HALVES = (torch.float16, torch.bfloat16)
_TABLES: tuple[dict[str, Any], ...] = (NUMPY, TORCH, _COMPLEX_NUMPY, _COMPLEX_TORCH)
#: MATLAB's class of each dtype of numpy and torch.
CLASSES: dict[Any, str] = {dtype: name for one in _TABLES for name, dtype in one.items()}
CLASSES[np.dtype(object)] = "double"


@dataclass(frozen=True, eq=False)
class Numeric:
    """An array of numbers or logicals in MATLAB's order of dimensions."""

    #: Known (numpy) or data (torch); at least two dimensions, without trailing ones of size 1
    #: beyond these unless they are labelled.
    data: Data
    #: One for each dimension ("SSCB"), or empty.
    labels: str = ""
    #: Whether MATLAB's class is ``dlarray``; always with labels.
    is_dlarray: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        """The size; numbers may be ``torch.SymInt``."""
        return tuple(self.data.shape)

    @property
    def is_complex(self) -> bool:
        """Whether there are imaginary parts."""
        return _is_complex(self.data)

    @property
    def is_known(self) -> bool:
        """Whether the values are known beforehand."""
        return isinstance(self.data, np.ndarray)

    @property
    def kind(self) -> str:
        """The class of the numbers: "double", "logical", "int32" ..."""
        return CLASSES[self.data.dtype]

    @property
    def tensor(self) -> Tensor:
        """The values as a torch tensor."""
        return as_tensor(self.data)

    def with_data(self, data: Data, labels: str | None = None) -> Numeric:
        """Other numbers with the same labels, or new ones."""
        return numeric(data, self.labels if labels is None else labels, self.is_dlarray)


def numeric(data: Data, labels: str = "", is_dlarray: bool = False) -> Numeric:
    """An array with as many dimensions as MATLAB gives it.

    Without labels trailing dimensions of size 1 beyond the second go; labels that are fewer than
    the dimensions are followed by U, and trailing U of size 1 go. Half precision becomes single.
    """
    if isinstance(data, Tensor) and data.dtype in _HALVES:
        data = data.float()
    size = list(data.shape)
    labels = labels + "U" * (max(len(size), 2) - len(labels)) if labels else ""
    kept = len(size)
    while kept > 2 and (not labels or labels[kept - 1] == "U") and bool(size[kept - 1] == 1):
        kept -= 1
    wanted = size[:kept] + [1] * ((len(labels[:kept]) or 2) - kept)
    wanted += [1] * (2 - len(wanted))
    if len(wanted) != len(size):
        data = data.reshape(wanted)
    return Numeric(data, labels[: len(wanted)], is_dlarray or bool(labels))


def from_torch(x: Tensor, labels: str, labelled: bool = True) -> Numeric:
    """Data of torch's order in MATLAB's order of dimensions, with its labels or without."""
    return numeric(x.permute(matlab_axes(labels)), labels if labelled else "", True)


def _is_complex(data: Data) -> bool:
    return data.is_complex() if isinstance(data, Tensor) else bool(data.dtype.kind == "c")


def known(value: Any, kind: str = "double") -> Numeric:
    """A known array from Python's numbers or a numpy array."""
    data = np.asarray(value)
    if data.dtype != object or not any(isinstance(one, SYMBOLS) for one in data.flat):
        data = data.astype(_COMPLEX_NUMPY[kind] if data.dtype.kind == "c" else NUMPY[kind])
    return numeric(data)


#: Numbers that torch traces.
SYMBOLS = (torch.SymInt, torch.SymFloat, torch.SymBool)


def row(values: Sequence[Any]) -> Numeric:
    """A known 1×n array; numbers may be symbols."""
    if any(isinstance(one, SYMBOLS) for one in values):
        return Numeric(cell_array(values))
    return Numeric(np.array(values, np.float64).reshape(1, len(values)))


def scalar(value: Any) -> Numeric:
    """A known number, which may be a symbol."""
    if isinstance(value, SYMBOLS):
        return row([value])
    return Numeric(np.array([[value]], np.float64))


def logical(value: Any) -> Numeric:
    """A known logical array or scalar."""
    return numeric(np.asarray(value, np.bool_))


#: ``[]``, 0 and 1.
EMPTY, ZERO, ONE = Numeric(np.zeros((0, 0))), scalar(0), scalar(1)


def as_tensor(data: Data) -> Tensor:
    """A torch tensor, also from known numbers."""
    if isinstance(data, Tensor):
        return data
    if data.dtype == object:
        flat = [torch.scalar_tensor(one, dtype=torch.float64) for one in data.reshape(-1)]
        if not flat:
            return torch.zeros(data.shape, dtype=torch.float64)
        return torch.stack(flat).reshape(data.shape)
    return torch.from_numpy(np.ascontiguousarray(data).copy())


def dtype_of(kind: str, like: Data, is_complex: bool = False) -> Any:
    """The dtype of numpy or torch for a class of MATLAB."""
    if isinstance(like, Tensor):
        return _COMPLEX_TORCH[kind] if is_complex else TORCH[kind]
    return _COMPLEX_NUMPY[kind] if is_complex else NUMPY[kind]


def cast(data: Data, kind: str) -> Data:
    """Numbers brought to a class: rounded half away from zero and saturated for integers."""
    is_complex = _is_complex(data)
    if kind == CLASSES[data.dtype]:
        return data
    if not isinstance(data, Tensor) and data.dtype == object:
        if kind in ("double", "single"):
            return data
        data = as_tensor(data)
    dtype = dtype_of(kind, data, is_complex and kind in _COMPLEX_NUMPY)
    if kind == "logical":
        has_nan = torch.isnan(data).any() if isinstance(data, Tensor) else np.isnan(data).any()
        if not isinstance(data, Tensor) and has_nan:
            raise CodeError("NaN's cannot be converted to logicals.")
        result: Data = data != 0
        return result
    if is_complex and kind not in _COMPLEX_NUMPY:
        raise CodeError(f"Complex numbers cannot be converted to {kind}.")
    if kind in ("double", "single"):
        return data.to(dtype) if isinstance(data, Tensor) else data.astype(dtype)
    limits = np.iinfo(NUMPY[kind])
    if CLASSES[data.dtype] == "logical":
        return data.to(dtype) if isinstance(data, Tensor) else data.astype(dtype)
    if isinstance(data, Tensor):
        if data.is_floating_point():
            data = torch.nan_to_num(torch.trunc(data + torch.copysign(data * 0 + 0.5, data)))
        wide = data.to(torch.float64) if kind in ("int64", "uint64") else data
        return wide.clamp(float(limits.min), float(limits.max)).to(dtype)
    with np.errstate(all="ignore"):
        if data.dtype.kind == "f":
            # Half away from zero; adding 0.5 is wrong just below it.
            whole = np.trunc(data)
            whole = np.where(np.abs(data - whole) >= 0.5, whole + np.sign(data), whole)
            data = np.nan_to_num(whole, nan=0.0, posinf=np.inf, neginf=-np.inf)
        low, high = data < limits.min, data > limits.max
        result = np.where(low | high, 0, data).astype(dtype)
        return np.where(low, limits.min, np.where(high, limits.max, result)).astype(dtype)


def elements(shape: Sequence[Any]) -> Any:
    """How many elements an array of that size has."""
    return prod(shape)
