"""``state_dict`` files of PyTorch as MAT-files, and back.

``.pt``, ``.pth``, ``.safetensors``, ``.npz``
    The tensors by their keys, as torch has them.
``.mat``
    A struct ``state_dict`` with a level for each part of a key between its dots:
    ``layer1.0.conv.weight`` is ``state_dict.layer1.x0.conv.weight``. Parts that MATLAB cannot have
    as names become what ``matlab.lang.makeValidName`` makes of them, numbered where two would be
    alike. Sizes stay in torch's order of dimensions: ``W(o,i,h,w)`` there is ``W[o-1,i-1,h-1,w-1]``
    here; vectors are columns. Half and bfloat16 become single, which holds them exactly. Beside it,
    a struct array ``state_dict_keys`` says of each array the ``Name`` in the struct, torch's
    ``Key``, ``Size`` and ``Class``, so that what is read back is the same.

Nothing but tensors and plain values of a file is opened, and no code in it is run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.display import counted, listed
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    DataFormatError,
    FileAccessError,
    LayerNotFoundError,
    MatlabCompatError,
    UsageError,
    cause_text,
    locating,
)
from matlab_compat.wording import argument

from .atomic import new_file
from .endings import cannot_be_read
from .formats.base import need
from .formats.mat_struct import level_for
from .formats.safetensors import read_safetensors
from .formats.torch_file import NOT_OPENED, write_torch
from .identify.files import opens_as_tensors
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import StructArray, Value
from .names import valid_names
from .npz import read_npz, write_npz
from .write import write_mat

if TYPE_CHECKING:
    import torch

#: The variables of a MAT-file.
STRUCT, KEYS = "state_dict", "state_dict_keys"
_COLUMNS = ("Name", "Key", "Size", "Class")
_ENDINGS = (".pt", ".pth", ".safetensors", ".npz")
#: Others that are read: checkpoints of libraries, written by torch.save.
_ALSO = (".bin", ".ckpt")


def holds_state_dict(path: Path, output: Path, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether it is a ``state_dict`` of PyTorch; or a MAT-file of one, to become one again."""
    if path.suffix.lower() in (*_ENDINGS, *_ALSO):
        return opens_as_tensors(path)
    if output.suffix.lower() not in _ENDINGS:
        return False
    try:
        with open_mat(path, limits=limits) as mat:
            return STRUCT in mat and KEYS in mat
    except MatlabCompatError:
        return False  # who opens it next says what it is


def convert_state_dict(
    path: str | PathLike[str],
    output: str | PathLike[str],
    variable: str | None = None,
    *,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[str, ...]:
    """Write the tensors of one file as another, of the kind that its ending names.

    Parameters
    ----------
    variable:
        Of a checkpoint with several dicts of tensors, the name of the one that is meant.

    Returns
    -------
    What there is to know of it.

    Raises
    ------
    UsageError
        The ending of ``output`` names no such file, or it exists and ``overwrite`` is not set.
    MatFileError, FileAccessError
        The file is damaged, or cannot be read or written.
    AmbiguousLayerError
        There are several dicts of tensors, and none was chosen.
    """
    place, source = Path(output), Path(path)
    if (ending := place.suffix.lower()) not in (*_ENDINGS, ".mat"):
        raise UsageError(
            "The file holds weights without the layers that they belong to: they become a .mat "
            "file, and no network.",
            where=(str(path),),
            remedy="convert the model that has them: a program, torch.export.save(torch.export."
            "export(model, (x,)), 'model.pt2'), or package.module:factory, a function that makes "
            "the model and loads them.",
        )
    with locating(str(path)):
        tensors, left_out = _read(source, variable, limits)
    if not tensors:
        raise LayerNotFoundError("There is no tensor in it.", where=(str(path),))
    with new_file(place, overwrite=overwrite) as temporary, locating(str(place)):
        _write(temporary, ending, tensors)
        again, _ = _read(temporary, None, limits)
        if not _same(tensors, again):
            raise CorruptFileError("What was written does not read back as it was.")
    numbers = sum(tensor.numel() for tensor in tensors.values())
    remarks = [f"{numbers} numbers in {counted(len(tensors), 'array')}, in torch's order"]
    if ending == ".mat":
        remarks.append(f"torch's keys are in the variable {KEYS}")
    return (*remarks, *([f"left out, being no tensors: {listed(left_out)}"] if left_out else []))


def _same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """The same keys in the same order (but for files that sort them), and the same bits."""
    import torch

    def bits(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.contiguous().reshape(-1).view(torch.uint8)

    return one.keys() == other.keys() and all(
        tensor.dtype == other[key].dtype
        and tensor.shape == other[key].shape
        and torch.equal(bits(tensor), bits(other[key]))
        for key, tensor in one.items()
    )


# --- reading ------------------------------------------------------------------------------------

_Tensors = dict[str, "torch.Tensor"]


def _read(path: Path, variable: str | None, limits: Limits) -> tuple[_Tensors, list[str]]:
    """The tensors by key, and the names of what else there is."""
    ending = path.suffix.lower()
    try:
        if ending in (".pt", ".pth", *_ALSO):
            return _of_torch(path, variable)
        if variable is not None:
            raise UsageError(
                f"A {ending} file has one state_dict, which is opened whole.",
                remedy=f"leave {argument('variable')} out.",
            )
        if ending == ".npz":
            return _of_npz(path, limits), []
        if ending == ".safetensors":
            return read_safetensors(path)[0], []
        with open_mat(path, limits=limits) as mat:
            return dict(_of_mat(mat)), []
    except OSError as error:
        if isinstance(error, FileAccessError):
            raise
        raise cannot_be_read(error) from error


def _of_torch(path: Path, variable: str | None) -> tuple[_Tensors, list[str]]:
    import torch

    try:
        whole = torch.load(path, map_location="cpu", weights_only=True)
    except NOT_OPENED as error:
        raise CorruptFileError(
            _others(path) or f"torch.load cannot open it: {cause_text(error)}",
            remedy="write the tensors alone: torch.save(model.state_dict(), FILE).",
        ) from None
    if isinstance(whole, torch.Tensor) or not isinstance(whole, Mapping):
        raise DataFormatError(
            f"The file holds {type(whole).__name__}, and no dict of tensors.",
            remedy="torch.save(model.state_dict(), FILE).",
        )
    found = {"": whole} if _has_tensors(whole) else {}
    found |= {str(n): one for n, one in whole.items() if _has_tensors(one)}
    if variable is None and "" not in found and len(found) > 1:
        raise AmbiguousLayerError(
            f"There are {len(found)} dicts of tensors in it: {listed(list(found))}.",
            remedy=f"choose one: {argument('variable', next(iter(found)))}.",
        )
    name = next(iter(found), "") if variable is None else variable
    if name not in found:
        raise LayerNotFoundError(
            f"There is no dict of tensors {name!r} in it." if name else "There is no tensor in it.",
            remedy=f"it has {listed([repr(n) for n in found if n])}." if any(found) else "",
        )
    chosen = found[name]
    _check_kinds(chosen)
    tensors = {str(k): t.detach() for k, t in chosen.items() if isinstance(t, torch.Tensor)}
    left_out = [str(key) for key, t in chosen.items() if not isinstance(t, torch.Tensor)]
    return tensors, left_out + [n for n in whole if name and n != name]


def _others(path: Path) -> str:
    """What is not opened, as it might run code; "" where that is nothing that is known."""
    import torch

    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # damaged
        return ""
    if not names:
        return ""
    return f"Beside tensors it has objects, which may run code and are not opened: {listed(names)}."


def _has_tensors(value: object) -> bool:
    import torch

    return isinstance(value, Mapping) and any(isinstance(t, torch.Tensor) for t in value.values())


def _check_kinds(found: Mapping[str, Any]) -> None:
    import torch

    odd = [
        f"{key} ({'quantized' if t.is_quantized else t.layout})"
        for key, t in found.items()
        if isinstance(t, torch.Tensor) and (t.is_quantized or t.layout is not torch.strided)
    ]
    if odd:
        raise DataFormatError(
            f"Tensors that are no plain arrays: {listed(odd)}.",
            remedy="in torch, t.dequantize() or t.to_dense() before torch.save.",
        )


def _of_npz(path: Path, limits: Limits) -> _Tensors:
    import torch

    arrays = read_npz(path, limits)
    try:
        return {name: torch.from_numpy(np.array(a, order="C")) for name, a in arrays.items()}
    except TypeError as error:
        raise CorruptFileError(f"The file holds no arrays of numbers: {error}") from None


def _of_mat(mat: MatFile) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

    table, whole = mat[KEYS], mat[STRUCT]
    if not isinstance(table, StructArray) or set(table.fields) != set(_COLUMNS):
        raise CorruptFileError(
            f"The variable {KEYS} is no struct array of {', '.join(_COLUMNS)}.",
            remedy="convert the state_dict again.",
        )
    for row in table.elements():
        with locating(STRUCT, str(row["Name"])):
            value: Any = whole
            for part in str(row["Name"]).split("."):
                if not isinstance(value, StructArray) or part not in value:
                    raise CorruptFileError(f"There is no field '{part}', which {KEYS} names.")
                value = value[part]
            size = tuple(int(n) for n in np.ravel(row["Size"]))
            dtype = getattr(torch, str(row["Class"]), None)
            fits = isinstance(value, np.ndarray) and value.dtype.kind in "biufc"
            if not fits or not isinstance(dtype, torch.dtype) or value.size != math.prod(size):
                raise CorruptFileError(f"It is not the array that {KEYS} describes.")
            tensor = torch.from_numpy(np.array(value.reshape(size, order="F"), order="C"))
            yield str(row["Key"]), tensor.to(dtype)


# --- writing ------------------------------------------------------------------------------------


def _write(path: Path, ending: str, tensors: _Tensors) -> None:
    import torch

    whole = {key: tensor.contiguous() for key, tensor in tensors.items()}
    if ending == ".mat":
        variables = _struct(whole)
        arrays = [_array(tensor) for tensor in whole.values()]
        write_mat(path, variables, version=level_for(arrays), overwrite=True)
    elif ending == ".npz":
        if odd := [key for key, t in whole.items() if t.dtype == torch.bfloat16]:
            raise UsageError(
                f"numpy has no bfloat16: {listed(odd)}.", remedy="write .mat, .pt or .safetensors."
            )
        write_npz(path, {key: t.numpy() for key, t in whole.items()})
    elif ending == ".safetensors":
        need("safetensors", "safetensors")
        from safetensors.torch import save

        path.write_bytes(save({key: tensor.clone() for key, tensor in whole.items()}))
    else:
        write_torch(path, whole)


def _array(tensor: torch.Tensor) -> Array:
    """As a MAT-file holds it: at least two dimensions, and no number format that MATLAB lacks."""
    import torch

    narrow = tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float64)
    plain = tensor.float() if narrow else tensor
    plain = plain.to(torch.complex64) if plain.dtype == torch.complex32 else plain
    array: Array = plain.numpy()
    return np.asfortranarray(array.reshape((*array.shape, 1, 1)[: max(array.ndim, 2)]))


def _struct(tensors: _Tensors) -> dict[str, Value]:
    names = _names(tensors)
    tree: dict[str, Any] = {}
    rows: dict[str, list[Any]] = {column: [] for column in _COLUMNS}
    for key, tensor in tensors.items():
        *above, last = names[key]
        level = tree
        for part in above:
            level = level.setdefault(part, {})
        level[last] = _array(tensor)
        size = np.array([tensor.shape], np.float64).reshape(1, tensor.ndim)
        row = (".".join(names[key]), key, size, str(tensor.dtype).removeprefix("torch."))
        for column, value in zip(_COLUMNS, row, strict=True):
            rows[column].append(value)
    return {STRUCT: tree, KEYS: StructArray((1, len(tensors)), rows)}


def _names(keys: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Each key as the fields that lead to its array, none of which MATLAB cannot have."""
    split = {key: key.split(".") for key in keys}
    levels = {tuple(parts[:n]) for parts in split.values() for n in range(1, len(parts))}

    def own(parts: list[str], n: int) -> str:
        """A part; of a tensor that is called as a level beside it with a word that tells it."""
        is_both = n == len(parts) - 1 and tuple(parts) in levels
        return f"{parts[n]}\ntensor" if is_both else parts[n]

    within: dict[tuple[str, ...], list[str]] = {}
    for parts in split.values():
        for n in range(len(parts)):
            within.setdefault(tuple(parts[:n]), []).append(own(parts, n))
    valid = {above: valid_names(list(dict.fromkeys(names))) for above, names in within.items()}
    return {
        key: tuple(valid[tuple(parts[:n])][own(parts, n)] for n in range(len(parts)))
        for key, parts in split.items()
    }
