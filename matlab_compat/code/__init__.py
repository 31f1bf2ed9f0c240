"""The user's own MATLAB code, run on torch tensors.

:func:`function` gives a function of a file as one of Python. Below it,
:class:`.program.Program` finds, checks and runs functions and classes, :mod:`.values` and
:mod:`.numeric` have the values, and :data:`.functions.TABLE` the functions that code may call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from ..language.source import CodeLimits


def function(
    path: str | PathLike[str],
    name: str | None = None,
    *,
    code: list[str | PathLike[str]] | None = None,
    limits: CodeLimits | None = None,
) -> Callable[..., Any]:
    """A function of a user's ``.m`` file, to be called from Python.

    All that it may reach is checked first. It takes numpy arrays, torch tensors (gradients flow),
    ``dlarray``, numbers, texts, lists (cells) and dicts (structs), in MATLAB's order of dimensions,
    and ``nargout`` (default 1): more outputs come as a tuple.

    Raises ``FileAccessError``: the file is not there; ``CodeError`` or ``UnsupportedCodeError``: it
    cannot be read, has no such function, or uses what is not known here.

    Parameters
    ----------
    path:
        The file.
    name:
        The function in it; the first by default.
    code:
        Folders of other functions that it calls; by default that of the file.
    limits:
        What reading and running may use.

    Examples
    --------
    >>> features = function("fixtures/code/styles/fourierFeat.m")
    >>> features({"B": 0.0, "W": [np.eye(2)], "b": [0.0]}, 3.0).ravel()
    array([0., 1.])
    """
    from pathlib import Path

    from converters.code_folders import CodeFolders

    from ..errors import CodeError
    from .definitions import FunctionDefinition
    from .program import Program
    from .values import python_of

    real = Path(path).resolve()
    folders = CodeFolders([path, *(code or [real.parent])], limits)
    program = Program(folders, limits)
    sources = [one for one in CodeFolders([path], limits).find(real.stem)]
    file = program.file(sources[0]) if sources else None
    if file is None or not file.functions:
        raise CodeError("The file defines no function.", where=(str(path),))
    found = file.functions[0] if name is None else file.function(name)
    if found is None:
        raise CodeError(
            f"The file has no function '{name}'.",
            where=(str(path),),
            remedy=f"it has: {', '.join(one.name for one in file.functions)}.",
        )
    definition = FunctionDefinition(found, file)
    program.check(definition)

    def call(*arguments: Any, nargout: int = 1) -> Any:
        values = program.call(definition, arguments, nargout)
        results = tuple(python_of(one) for one in values[: max(nargout, 1)])
        return results[0] if nargout == 1 and results else (results or None)

    call.__name__ = call.__qualname__ = found.name
    call.__doc__ = f"The MATLAB function {found.name} of {path}."
    return call
