"""``matlab-compat``: the toolkit from the command line.

Exit codes: 0 done or equal, 1 different, 2 wrong usage or unreadable input, 3 unsupported layer,
4 internal error.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from matlab_compat.errors import MatlabCompatError, MatlabCompatWarning
from matlab_compat.wording import worded

from . import output
from .options import Command, Group, need_torch
from .wording import option

INTERNAL_ERROR = 4
#: Python looks for garbage after 700 objects: a tenth of the time of a short command, in vain.
gc.set_threshold(50_000, 20, 20)

COMMANDS = ("inspect", "verify", "predict", "detect", "convert", "layers", "matlab-helpers")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            torch = f"torch {version('torch')}"
        except PackageNotFoundError:
            torch = "without torch"
        output.data(f"matlab-compat {version('matlab-compat')} ({torch})")
        raise typer.Exit


def options(
    show_version: Annotated[
        bool,
        # Eager and by callback: a bare --version has no command, which is an error later on.
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Open MATLAB neural networks without MATLAB, and prove that they compute the same."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands; each takes some milliseconds to import and to make."""
    app = typer.Typer(
        cls=Group,
        help="Open MATLAB neural networks without MATLAB, and prove that they compute the same.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    for name in names:
        module = import_module(f".{name.replace('-', '_')}", __package__)
        app.command(name, cls=Command)(module.command)
    return app


def main() -> None:
    """Entry point: any error becomes one message and an exit code, never a traceback."""
    # Threads of numpy's would otherwise look for work for longer than a short command takes.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")
    output.open_streams()
    warnings.simplefilter("always", MatlabCompatWarning)
    warnings.showwarning = partial(_show_warning, set())
    try:
        with worded(option):
            try:
                asked = [name for name in sys.argv[1:2] if name in COMMANDS]
                application(asked or COMMANDS)(prog_name="matlab-compat")
            except ModuleNotFoundError:
                need_torch()
                raise
    except MatlabCompatError as error:
        output.error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        output.error("interrupted")
        sys.exit(130)
    except OSError as error:
        if error.filename is None:
            _internal(error)
        from converters.endings import cannot_be_read

        refused = cannot_be_read(error, str(error.filename))
        output.error(str(refused))
        sys.exit(refused.exit_code)
    except Exception as error:
        _internal(error)


def _internal(error: Exception) -> NoReturn:
    if os.environ.get("MATLAB_COMPAT_DEBUG"):
        traceback.print_exc()
    output.error(
        f"internal error: {type(error).__name__}: {error}\n"
        "  remedy: set MATLAB_COMPAT_DEBUG=1 to see where, and report it with the file."
    )
    sys.exit(INTERNAL_ERROR)


def _show_warning(shown: set[str], message: Warning | str, *_: object, **__: object) -> None:
    """Once each: a file that is opened for its model and for its data says the same twice."""
    if str(message) not in shown:
        shown.add(str(message))
        output.note(f"warning: {message}")
