"""The user's MATLAB code: folders in which the classes of custom layers are looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias

from matlab_compat.contexts import during
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError
from matlab_compat.language.source import CodeLimits
from matlab_compat.layers.base import Layer
from matlab_compat.network import Network

if TYPE_CHECKING:
    from matlab_compat.code.program import Program

#: Folders, or one of them.
Code: TypeAlias = Sequence[str | PathLike[str]] | str | PathLike[str]

_PROGRAM: ContextVar[Program | None] = ContextVar("the user's MATLAB code", default=None)


def program_of(code: Code, limits: CodeLimits) -> Program:
    """The code in folders, and what it may use.

    Raises ``FileAccessError``: a folder cannot be read.
    """
    from matlab_compat.code.program import Program

    from .code_folders import CodeFolders

    folders = [code] if isinstance(code, str | PathLike) else code
    return Program(CodeFolders([fspath(folder) for folder in folders], limits), limits)


def using(code: Code, limits: CodeLimits) -> AbstractContextManager[None]:
    """Layers that are built inside may be of classes in these folders; none leave it as it is.

    Raises ``FileAccessError``: a folder cannot be read.
    """
    return during(_PROGRAM, program_of(code, limits)) if code else nullcontext()


def using_that_of(model: object) -> AbstractContextManager[None]:
    """Layers that are built inside may be of the classes whose code the model was loaded with."""
    from matlab_compat.code.running import CodedLayer

    layers = [one for _, one in model.all_layers()] if isinstance(model, Network) else [model]
    programs = [layer.program for layer in layers if isinstance(layer, CodedLayer)]
    return during(_PROGRAM, programs[0]) if programs else nullcontext()


def coded_layers(model: object) -> list[str]:
    """The names of the layers in a model that the user's code defines."""
    from matlab_compat.code.running import CodedLayer

    layers = model.Layers if isinstance(model, Network) else [model]
    return [layer.Name for layer in layers if isinstance(layer, CodedLayer)]


def code_class(class_name: str, fields: Mapping[str, Any]) -> type[Layer] | None:
    """The layer class that the user's code defines; ``None`` where no code was named.

    Raises ``UnsupportedLayerError``: the code has no such class, or none or several whose
    properties are those of the file.
    """
    program = _PROGRAM.get()
    if program is None:
        return None
    from matlab_compat.code.layers import class_of_layer

    return class_of_layer(program, class_name, fields)


def read_by(
    known: type[Layer], fields: Mapping[str, Any], make: Callable[[], Layer] | None = None
) -> Layer:
    """The layer of a known class, made of the fields of a file, or by ``make``.

    Function layers that are not understood from their text alone, or that name the user's
    functions, run as custom layers do.
    """
    try:
        return known.from_fields(fields) if make is None else make()
    except UnsupportedLayerError:
        if "PredictFcn" not in known.properties:
            raise
        from matlab_compat.code.definitions import Texts
        from matlab_compat.code.layers import CodeFunctionLayer
        from matlab_compat.code.program import Program

        program = _PROGRAM.get()
        try:
            return CodeFunctionLayer.of(program or Program(Texts({})), fields)
        except MatlabCompatError:
            if program is not None:
                raise
        raise
