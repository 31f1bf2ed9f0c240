"""What the variables of a MAT-file are that are no layer or network that this version runs.

Told by structure, the names of fields and classes, and never by the names of files or variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from matlab_compat.display import LISTED, listed, one_line, shortened, size_text
from matlab_compat.errors import (
    LayerNotFoundError,
    MatFileError,
    MatlabCompatError,
    NotAMatFileError,
    UnsupportedModelError,
)
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from ..find import Found
from ..kinds import KINDS, Known, Standing
from ..kinds.objects import row_of
from ..kinds.parameters import weights_among
from ..matfile.file import MatFile
from ..matfile.plain import CONVERTERS
from ..matfile.reader import VariableInfo
from ..walk import Place, may_hold_models, root_of, walk

#: Values looked at in one variable, and how deep.
_MOST, _DEEPEST = 2000, 4

_AS_SAVED = "save a layer or network in MATLAB: save('net.mat', 'net')."


def refuse_nothing(mat: MatFile, found: list[Found], variable: str | None = None) -> None:
    """Say what is in the file, or in the variable, where nothing was found in it.

    Raises ``UnsupportedModelError``: a model of a kind that this version does not run;
    ``LayerNotFoundError``: anything else.
    """
    variable = plain_text(variable)
    # Weights deep in a struct are those of a model, such as the parameters of a training loop.
    if all(
        f.standing is Standing.LOOSE and f.path not in (variable, root_of(f.path)) for f in found
    ):
        error = _nothing_found(mat, variable and root_of(variable))
        if not found or isinstance(error, UnsupportedModelError):
            raise error
    if variable is None or variable == root_of(variable):
        by_root: dict[str, list[str]] = {}
        for f in found:
            by_root.setdefault(root_of(f.path), []).append(f.name)
        parts = _only_parts(mat, by_root)
        if parts is not None:
            raise parts


def left_unsaid(
    mat: MatFile, found: list[Found], variable: str | None = None
) -> MatlabCompatError | None:
    """What :func:`refuse_nothing` says, but of files of plain data, in which nothing is missed."""
    try:
        refuse_nothing(mat, found, variable)
    except MatlabCompatError as error:
        return None if error.remedy == _AS_SAVED else error
    return None


def _nothing_found(mat: MatFile, variable: str | None) -> MatlabCompatError:
    """The error for a file, or one variable of it, without a layer: what there is instead.

    Returns
    -------
    ``UnsupportedModelError`` where there is a model of a kind that this version does not run, else
    ``LayerNotFoundError``; ``NotAMatFileError`` for HDF5 that MATLAB did not save.
    """
    chosen = [info for info in mat.variables if variable is None or info.name == variable]
    found = [
        one for info in chosen if may_hold_models(info.class_name) for one in identified(mat, info)
    ]
    where = (str(mat.path),)
    if mat.level == "7.3" and not mat.header.description:
        return _plain_hdf5(mat, found, where)
    models = [one for one in found if one.is_model]
    if models:
        named = "; ".join(f"{one.path} is {one.what}" for one in models[:LISTED])
        more = f"; and {len(models) - LISTED} more" if len(models) > LISTED else ""
        errors = {one.error for one in models}
        return (errors.pop() if len(errors) == 1 else UnsupportedModelError)(
            f"This version does not run what is in it: {named}{more}.",
            where=where,
            remedy=models[0].remedy,
        )
    loose = weights_among((one.name, one.class_name, one.shape) for one in chosen)
    if loose and not found:
        return LayerNotFoundError(
            f"There is no layer or network in it, only arrays named like weights: {loose}.",
            where=where,
            remedy="say which layer they are of: save them as the fields of a struct that has the "
            "layer's class and the names of its properties, in MATLAB e.g. s.Class = "
            "'Convolution2DLayer'; s.Weights = W; s.Bias = b; s.Stride = [1 1]; "
            "save('layer.mat', 's'). Better, save the network itself.",
        )
    others = [f"{one.path} is {one.what}" for one in found]
    data = [_described(info) for info in chosen if all(info.name != one.path for one in found)]
    parts = others[:LISTED] + ([f"data: {listed(data)}"] if data else [])
    return LayerNotFoundError(
        "There is no layer or network in it"
        + (f", only {'; '.join(parts)}." if parts else ": it has no variables."),
        where=where,
        remedy=next((one.remedy for one in found if one.remedy), _AS_SAVED),
    )


def _only_parts(mat: MatFile, paths: Mapping[str, list[str]]) -> MatlabCompatError | None:
    """The error for a file whose networks are only parts of models; ``None`` for any other.

    ``paths`` are those of the networks found, by the variables that they lie in.
    """
    classes = {info.name: info.class_name for info in mat.variables}
    kinds = {name: row_of(classes.get(name, "")) for name in paths}
    of_parts = {name: row for name, row in kinds.items() if row is not None and row.of_parts}
    if not paths or len(of_parts) < len(paths):
        return None
    named = "; ".join(f"{n} is {row.name} ({classes[n]})" for n, row in of_parts.items())
    first = next(iter(of_parts))
    return UnsupportedModelError(
        f"This version does not run what is in it: {named}.",
        where=(str(mat.path),),
        remedy=of_parts[first].remedy.format(parts=argument("variable", paths[first][0])),
    )


def identified(mat: MatFile, info: VariableInfo) -> list[Known]:
    """What is in one variable that is known, not too deep and not too many."""
    left = _MOST

    def look(place: Place) -> tuple[list[Known], bool]:
        nonlocal left
        left -= 1
        for kind in KINDS:
            if (known := kind.describe(place, str(mat.path))) is not None:
                # Paths are made of names in the file, which may be anything.
                return [replace(known, path=one_line(shortened(place.path, 200)))], False
        return [], left > 0 and place.depth < _DEEPEST

    try:
        return walk(mat, info.name, look)
    except MatFileError:
        return []


def _described(info: VariableInfo) -> str:
    # The size of an object that stands for data is in its value: the variable's own is 1 x 1.
    size = "" if info.class_name in CONVERTERS else f" {size_text(info.shape)}"
    return f"{one_line(info.name)}{size} {one_line(info.class_name)}"


# --- HDF5 of others -----------------------------------------------------------------------


def _plain_hdf5(mat: MatFile, found: list[Known], where: tuple[str, ...]) -> MatlabCompatError:
    names = listed([one_line(info.name) for info in mat.variables])
    what, remedy = f"MATLAB's save did not write it. It has {names}", _AS_SAVED
    if any(one.is_model for one in found):
        what = "it holds weights as Keras writes them, without the layers that they belong to "
        what += f"({names})"
        remedy = (
            "open the model in Python, model.export('folder'); in MATLAB: net = "
            "importNetworkFromTensorFlow('folder'); save('net.mat', 'net')."
        )
    said = f"The file is HDF5, and not a MAT-file: {what}."
    return NotAMatFileError(said, where=where, remedy=remedy)
