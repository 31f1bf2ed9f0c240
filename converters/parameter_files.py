"""Parameters out of files and into files.

``.mat``
    A struct, as it was; the labels in a struct array ``NAME_labels`` of ``Name`` and ``Labels``.
``.pt``
    A dict of ``state_dict`` (name to tensor), ``labels``, ``sizes`` of cells and struct arrays,
    ``names`` in MATLAB's order and ``format``: ``torch.load(path, weights_only=True)``.
``.safetensors``
    The tensors; labels and sizes in the metadata.
``.npz``
    The arrays; labels and sizes as JSON in an array ``__matlab__``.

Arrays have MATLAB's size and order everywhere, and are called by the MATLAB expression that reaches
them in the struct: ``fc1.Weights``, ``enc{2}.W``. What was written is read back and compared before
the file gets its name. Texts and function handles go into ``.mat`` only; the others leave them out
and say so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from matlab_compat.arrays import Array, cell_array
from matlab_compat.data_format import dlarray
from matlab_compat.display import listed
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    LayerNotFoundError,
    UsageError,
    locating,
)
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .atomic import new_file
from .endings import cannot_be_read, ending_of
from .formats.base import need
from .formats.mat_struct import level_for
from .formats.safetensors import read_safetensors
from .formats.torch_file import plain_document, write_torch
from .identify.files import not_ours
from .identify.values import identified
from .kinds.parameters import may_be_parameters, parameters_of, weights_among
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import StructArray, Value, is_numeric
from .names import valid_name
from .npz import read_npz, write_npz
from .parameters import Parameters, named
from .walk import may_hold_models, walk_all
from .write import write_mat

_FORMAT = "matlab_compat.parameters/1"
#: The array of an ``.npz`` file that says labels and sizes.
_ABOUT = "__matlab__"
_LABELS = "_labels"


def load_parameters(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Parameters:
    """The parameters of a custom training loop: a struct of structs, cells and arrays.

    Parameters
    ----------
    path:
        A MAT-file, or a ``.pt``, ``.safetensors`` or ``.npz`` file that ``convert`` made of one.
    variable:
        The struct, cell or struct array; ``"s.parameters"`` looks deeper. By default the one whose
        arrays are called like weights and biases; or all variables, where these are called so
        themselves.
    limits:
        Bounds on what the file may make us do; on by default.

    Returns
    -------
    A mapping from names to arrays, and to mappings and lists of them (see
    :class:`converters.parameters.Parameters`); ``dlarray`` where the file has labels.

    Raises
    ------
    VariableNotFoundError, LayerNotFoundError
        There is no such variable, or nothing in it that could be parameters.
    AmbiguousLayerError
        There are several, and none was chosen.
    MatFileError, FileAccessError
        The file is damaged, or cannot be read.

    Examples
    --------
    >>> parameters = load_parameters("fixtures/kinds/parameters.mat")
    >>> parameters["fc1"]["Weights"].shape
    (5, 3)
    """
    read, _ = _FILES.get(Path(path).suffix.lower(), (None, None))
    with locating(str(path)):
        if read is None:
            with open_mat(path, limits=limits) as mat:
                return _of_mat(mat, plain_text(variable))
        if variable is not None:
            raise UsageError(
                f"A {Path(path).suffix.lower()} file holds one set of parameters, opened whole.",
                remedy=f"leave {argument('variable')} out.",
            )
        try:
            arrays, about = read(Path(path), limits)
        except OSError as error:
            raise cannot_be_read(error) from None
        try:
            sizes = {name: tuple(map(int, size)) for name, size in about["sizes"].items()}
            ordered = [(name, arrays[name]) for name in about["names"]]
            return named(ordered, about["labels"], sizes, str(about["name"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CorruptFileError("Labels and sizes cannot be read.") from None


def save_parameters(
    parameters: Parameters, path: str | PathLike[str], *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write parameters in the format that the ending names (see the head of this module).

    Parameters
    ----------
    parameters:
        As :func:`load_parameters` gives them.
    path:
        Where to.
    overwrite:
        Replace an existing file; by default not.

    Returns
    -------
    What there is to know of the file.

    Raises
    ------
    UsageError
        The ending names no such format, there is something that it cannot hold, or the file exists
        and ``overwrite`` is not set.
    FileAccessError
        The place cannot be written.

    Examples
    --------
    >>> save_parameters(Parameters({"W": np.ones((3, 2))}), "parameters.npz")
    ("6 numbers in 1 arrays, in MATLAB's order",)
    """
    ending = ending_of(path, [*_FILES, ".mat"], "A set of parameters")
    remarks = []
    if not parameters.arrays():
        raise UsageError(f"There is no array of numbers in {parameters.name}.", where=(str(path),))
    if ending == ".mat":
        _write_mat(parameters, path, overwrite)
    else:
        if parameters.others:
            remarks.append(f"left out, being no numbers: {listed(parameters.others)}")
        with new_file(path, overwrite=overwrite) as temporary, locating(str(path)):
            _FILES[ending][1](temporary, parameters)
            _same(load_parameters(temporary), parameters)
    arrays = len(parameters.arrays())
    return (f"{parameters.count} numbers in {arrays} arrays, in MATLAB's order", *remarks)


def _same(found: Parameters, written: Parameters) -> None:
    ours, theirs = written.arrays(), found.arrays()
    same = ours.keys() == theirs.keys() and found.labels == written.labels
    if not same or not all(
        a.dtype == theirs[n].dtype and np.array_equal(a, theirs[n], equal_nan=a.dtype.kind in "fc")
        for n, a in ours.items()
    ):
        raise CorruptFileError("What was written does not read back as it was.")


def _about(parameters: Parameters) -> dict[str, Any]:
    sizes = {name: list(size) for name, size in parameters.containers().items()}
    return {
        "format": _FORMAT,
        "name": parameters.name,
        "names": list(parameters.arrays()),
        "labels": parameters.labels,
        "sizes": sizes,
    }


# --- MAT-files ------------------------------------------------------------------------------


def _of_mat(mat: MatFile, variable: str | None) -> Parameters:
    if variable is None:
        paths = [
            one.path
            for info in mat.variables
            if may_hold_models(info.class_name)
            for one in identified(mat, info)
            if "parameters" in one.shown
        ]
        if len(paths) > 1:
            raise AmbiguousLayerError(
                f"There are {len(paths)} structs of parameters in it: {listed(paths, 20)}.",
                remedy=f"choose one: {argument('variable', paths[0])}.",
            )
        return _of_mat(mat, paths[0]) if paths else _of_variables(mat)
    found = walk_all(mat, lambda at: ([at.value] if at.path == variable else [], True), variable)
    if not found or not (may_be_parameters(found[0]) or isinstance(found[0], dict)):
        raise LayerNotFoundError(
            f"There is no struct at {variable!r} that could be parameters.",
            remedy=f"name one: {argument('variable', _structs(mat) or 'parameters')}.",
        )
    parameters = parameters_of(found[0], variable)
    labels = mat.get(f"{variable}{_LABELS}")
    if isinstance(labels, StructArray) and set(labels.fields) == {"Name", "Labels"}:
        said = {str(one["Name"]): str(one["Labels"]) for one in labels.elements()}
        arrays = parameters.arrays()
        if said.keys() <= arrays.keys():
            parameters = parameters.labelled(said)
    if not parameters.arrays():
        raise LayerNotFoundError(
            f"There is no array of numbers in {variable}.",
            remedy=f"choose another struct: {argument('variable', _structs(mat) or '...')}.",
        )
    return parameters


def _of_variables(mat: MatFile) -> Parameters:
    if not weights_among((one.name, one.class_name, one.shape) for one in mat.variables):
        raise LayerNotFoundError(
            "There are no parameters in it: no struct or variables whose arrays are called like "
            "weights and biases.",
            remedy=f"name the struct: {argument('variable', _structs(mat) or 'parameters')}.",
        )
    values = {info.name: mat[info.name] for info in mat.variables}
    return Parameters({name: value for name, value in values.items() if is_numeric(value)})


def _structs(mat: MatFile) -> str:
    return next((info.name for info in mat.variables if info.class_name == "struct"), "")


def _write_mat(parameters: Parameters, path: str | PathLike[str], overwrite: bool) -> None:
    name = valid_name(parameters.name.rpartition(".")[2])
    variables: dict[str, Value] = {name: plain(dict(parameters.fields))}
    if parameters.labels:
        names, labels = zip(*parameters.labels.items(), strict=True)
        fields = {"Name": list(names), "Labels": list(labels)}
        variables[f"{name}{_LABELS}"] = StructArray((1, len(names)), fields)
    level = level_for(parameters.arrays().values())
    write_mat(path, variables, version=level, overwrite=overwrite)


def plain(value: Value) -> Value:
    """The value with labelled arrays as plain ones, at any depth."""
    if isinstance(value, dlarray):
        return value.extractdata()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, StructArray):
        fields = {name: [plain(item) for item in items] for name, items in value.fields.items()}
        return StructArray(value.shape, fields)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return cell_array(map(plain, value.ravel(order="F")), value.shape)
    return value


# --- other files ----------------------------------------------------------------------------

_Read = tuple[Mapping[str, Array], Mapping[str, Any]]


def _write_pt(path: Path, parameters: Parameters) -> None:
    import torch

    arrays = parameters.arrays()
    state = {name: torch.from_numpy(np.array(a, order="C")) for name, a in arrays.items()}
    write_torch(path, {**_about(parameters), "state_dict": state})


def _read_pt(path: Path, _: Limits) -> _Read:
    document = plain_document(path, _FORMAT)
    state = document and document.get("state_dict")
    if document is None or not isinstance(state, dict):
        raise not_ours(path, "PyTorch file")
    return {name: tensor.numpy() for name, tensor in state.items()}, document


def _write_safetensors(path: Path, parameters: Parameters) -> None:
    need("safetensors", "safetensors")
    from safetensors.numpy import save

    arrays = {name: np.array(a, order="C") for name, a in parameters.arrays().items()}
    if odd := [name for name, a in arrays.items() if a.dtype.kind == "c"]:
        raise UsageError(
            f"A .safetensors file holds no complex numbers: {listed(odd)}.",
            remedy="write .pt, .npz or .mat.",
        )
    about = {key: json.dumps(value) for key, value in _about(parameters).items()}
    path.write_bytes(save(arrays, about))


def _read_safetensors(path: Path, _: Limits) -> _Read:
    arrays, metadata = read_safetensors(path, "np")
    try:
        about = {key: json.loads(text) for key, text in metadata.items()}
    except ValueError:
        about = {}
    if about.get("format") != _FORMAT:
        raise not_ours(path, "safetensors file")
    return arrays, about


def _write_npz(path: Path, parameters: Parameters) -> None:
    about = np.array(json.dumps(_about(parameters)))
    write_npz(path, {**parameters.arrays(), _ABOUT: about})


def _read_npz(path: Path, limits: Limits) -> _Read:
    arrays = read_npz(path, limits)
    try:
        about = json.loads(str(arrays.pop(_ABOUT)))
    except (KeyError, ValueError):
        raise not_ours(path, "npz file") from None
    return arrays, about


#: What reads and writes each ending. Formats that unpack to no more than the file need no limit.
_FILES: dict[str, tuple[Callable[[Path, Limits], _Read], Callable[[Path, Parameters], None]]] = {
    ".pt": (_read_pt, _write_pt),
    ".pth": (_read_pt, _write_pt),
    ".safetensors": (_read_safetensors, _write_safetensors),
    ".npz": (_read_npz, _write_npz),
}
