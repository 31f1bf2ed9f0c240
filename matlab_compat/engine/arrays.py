"""Arrays in MATLAB order through torch functions, without moving elements where none must move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..arrays import Array
from ..data_format import DataFormat
from ..display import size_text
from ..errors import DataFormatError
from .precision import DeviceLike, DTypeLike, torch_device, torch_dtype


def as_data(value: object, what: str = "input", *, of_complex: bool = False) -> Array:
    """Real numeric (or logical) data, not empty; torch tensors are taken as MATLAB arrays.

    Complex data as well, ``of_complex``.
    """
    array = real_array(value, what, "biufc" if of_complex else "biuf")
    if array.size == 0:
        raise DataFormatError(f"The {what} is empty ({size_text(array.shape)}).")
    return array


def real_array(value: object, what: str, kinds: str = "biuf") -> Array:
    """As :func:`as_data`, but it may be empty. ``kinds`` are numpy's of the classes taken."""
    detach = getattr(value, "detach", None)
    try:
        array = np.asarray(detach().cpu().numpy() if detach is not None else value)
    except (ValueError, TypeError):
        raise DataFormatError(f"The {what} must be a real numeric array.") from None
    if array.dtype.kind not in kinds:
        name = array.dtype.name if isinstance(value, np.ndarray) else type(value).__name__
        kind = "complex" if array.dtype.kind == "c" else f"of class {name}"
        raise DataFormatError(f"The {what} must be a real numeric array, not {kind}.")
    return array


def tensor(array: Array, device: DeviceLike | None, dtype: DTypeLike | None) -> Tensor:
    """A tensor over the same memory where device, dtype and strides allow it."""
    real = torch_dtype(dtype)
    if not _fit_for_torch(array):
        native = array.dtype.newbyteorder("=") if _is_in_torch(array) else np.dtype(np.float64)
        array = np.array(array, native, order="K")
    wanted = real.to_complex() if array.dtype.kind == "c" else real
    return torch.from_numpy(array).to(torch_device(device), wanted)


def _is_in_torch(array: Array) -> bool:
    """Whether torch has numbers as long: numpy's long double it has not."""
    return array.itemsize <= (16 if array.dtype.kind == "c" else 8)


def _fit_for_torch(array: Array) -> bool:
    """Whether torch takes the memory as it is: writeable, native, strides forward and even."""
    forward = all(step >= 0 and step % array.itemsize == 0 for step in array.strides)
    return array.flags.writeable and array.dtype.isnative and _is_in_torch(array) and forward


def array(result: Tensor) -> Array:
    """A tensor as numpy; bfloat16, which numpy lacks, as single."""
    result = result.detach().cpu()
    converted: Array = (result.float() if result.dtype == torch.bfloat16 else result).numpy()
    return converted


def map_spatial(
    data: Array, data_format: DataFormat, spatial: str, function: Callable[[Array], Array]
) -> Array:
    """Apply ``function``, which takes and gives *spatial* x C x N arrays, to labelled data.

    ``spatial`` names the labels of the dimensions worked on ("SS", or "ST" where a 2-D layer
    works over space and time). All other dimensions (B, and T where it is not worked on) are
    folded into N and unfolded after.
    """
    canonical = data_format.to_canonical(data)
    labels = list(data_format.canonical)
    worked: list[int] = []
    for label in spatial:
        worked.append(next(a for a, have in enumerate(labels) if have == label and a not in worked))
    channel = labels.index("C")
    rest = [a for a in range(len(labels)) if a not in worked and a != channel]
    order = [*worked, channel, *rest]

    arranged = canonical.transpose(order)
    batch = arranged.shape[len(worked) + 1 :]
    folded = arranged.reshape((*arranged.shape[: len(worked) + 1], -1), order="F")
    result = function(folded)
    unfolded = result.reshape((*result.shape[:-1], *batch), order="F")
    return data_format.from_canonical(unfolded.transpose(np.argsort(order)))
