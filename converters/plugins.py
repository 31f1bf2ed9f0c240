"""Python files of the user's that register layers and formats for a command line.

In Python one imports such a module. Its code runs: it is for files that the user names, and never
for one that a model names.
"""

from __future__ import annotations

import logging
import sys
from contextlib import redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from os import PathLike
from pathlib import Path
from traceback import extract_tb

from matlab_compat.errors import MatlabCompatError, UsageError, cause_text, warn
from matlab_compat.layers import registered

from .endings import cannot_be_read, file_path
from .formats import Format

log = logging.getLogger(__name__)

#: The plugins of this process in the order in which they were loaded: path and content.
_loaded: dict[Path, bytes] = {}


def load_plugin(path: str | PathLike[str]) -> None:
    """Run a Python file that registers layers (``@matlab_compat.register``) or formats.

    One that has been loaded is not run again. A warning says where a file registers nothing.

    Raises ``FileAccessError``: it cannot be read; ``UsageError``: it is no ``.py`` file, or raises
    an error: the message says which, and in which line.

    Parameters
    ----------
    path:
        A ``.py`` file. What it imports may lie beside it.
    """
    if file_path(path).suffix.lower() != ".py":
        raise UsageError(
            "A plug-in is a file of Python, and this is called otherwise.",
            where=(str(path),),
            remedy="name a file whose name ends in .py.",
        )
    place = Path(path).resolve()
    if place in _loaded:
        return
    try:
        content = place.read_bytes()
    except OSError as error:
        raise cannot_be_read(error, str(path)) from error
    before = {*registered(), *Format.registered}
    _run(place, str(path))
    new = {*registered(), *Format.registered} - before
    log.info("%s: registers %s", path, ", ".join(sorted(new)) or "nothing")
    if not new:
        warn(
            "The plug-in registers no layer and no format.",
            where=(str(path),),
            remedy='@matlab_compat.register("Class") above a class does: '
            "help(matlab_compat.register).",
        )
    _loaded[place] = content


def loaded_plugins() -> tuple[Path, ...]:
    """Those of this process, for others to load."""
    return tuple(_loaded)


def plugin_contents() -> bytes:
    """What results depend on by them."""
    return b"\0".join(_loaded.values())


def _run(place: Path, said: str) -> None:
    name = f"matlab_compat_plugin_{place.stem}_{len(_loaded)}"
    spec = spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))  # the last, so that it hides nothing of ours
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no result of ours
            spec.loader.exec_module(module)
    except MatlabCompatError as error:
        error.where = (said, *error.where)
        raise
    except (Exception, SystemExit) as error:  # the user's code
        own = [f.lineno for f in extract_tb(error.__traceback__) if f.filename == str(place)]
        line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
        line = line or (own[-1] if own else None)
        raise UsageError(
            f"The plug-in cannot be run: {type(error).__name__}: {cause_text(error)}.",
            where=(said, *([f"line {line}"] if line else [])),
            remedy="help(matlab_compat.register) has an example.",
        ) from error
