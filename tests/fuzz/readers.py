"""What is done to each mutant: by this project, and by the peers it is compared with.

Each reader returns what came of it in one word; whatever it raises is its own affair.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from converters.agents import load_agent
from converters.detectors import load_detector
from converters.find import find_models
from converters.inspect import inspect
from converters.matfile import open_mat
from converters.matfile.values import Damaged
from converters.parameter_files import load_parameters
from converters.saved import SavedNetwork
from matlab_compat.errors import MatFileError, MatlabCompatError
from tests.fuzz.compare import differences
from tests.fuzz.seeds import SENTINEL
from tests.hostile import level73_files
from tests.hostile.level5_child import leaves

_SECRETS = (SENTINEL, level73_files.SECRET)
_SEARCHED = 1 << 16


class LeakError(Exception):
    """The contents of another file came out."""


def ours(path: Path) -> str:
    """List, decode and look for networks as users do; "values", or the first of our errors."""
    met: list[MatlabCompatError] = []
    with _noting(met), open_mat(path) as mat:
        repr(mat.variables)
        for name in mat:
            with _noting(met):
                _touch(mat[name], met)
        with _noting(met):
            for found in find_models(mat):
                if isinstance(found.model, SavedNetwork):
                    with _noting(met):
                        repr(found.build())
    if not met:
        inspect(path)
    for load in (load_parameters, load_agent, load_detector):
        with _noting([]), warnings.catch_warnings(action="ignore"):
            load(path)
    for error in met:
        assert str(error)
        assert not _is_secret(str(error).encode("utf-8", "surrogatepass"))
    return type(met[0]).__name__ if met else "values"


@contextlib.contextmanager
def _noting(met: list[MatlabCompatError]) -> Any:
    try:
        yield
    except MatlabCompatError as error:
        met.append(error)


def _touch(value: Any, met: list[MatlabCompatError]) -> None:
    found: list[BaseException] = []
    for leaf in leaves(value, found):
        if isinstance(leaf, np.ndarray) and leaf.nbytes and leaf.dtype != object:
            if _is_secret(leaf.ravel(order="K")[:_SEARCHED].tobytes()):
                raise LeakError
        elif isinstance(leaf, str) and _is_secret(leaf.encode("utf-8", "surrogatepass")):
            raise LeakError
    for error in found:
        if not isinstance(error, MatlabCompatError):
            raise error
        met.append(error)


def _is_secret(data: bytes) -> bool:
    return any(secret in data for secret in _SECRETS)


def scipy_reader(path: Path) -> str:
    """``scipy.io.loadmat``: levels 4 to 7."""
    from scipy.io import loadmat

    loadmat(str(path))
    return "values"


def matio_reader(path: Path) -> str:
    """``matio.load_from_mat``: all levels."""
    from tests.oracle_matio import load

    load(path)
    return "values"


def differential(path: Path) -> str:
    """Where both peers read a mutant, we read the same as one of them, or refuse.

    "same", "refused", "unread" (a peer raised); anything else is a finding.
    """
    from scipy.io import loadmat

    from tests.oracle_matio import load

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peers = [loadmat(str(path), chars_as_strings=False), load(path)]
    except Exception:
        return "unread"
    try:
        with open_mat(path) as mat:
            mine = {name: mat[name] for name in mat}
    except MatFileError:
        return "refused"
    if any(isinstance(value, Damaged) for value in mine.values()):
        return "refused"
    different = [differences(mine, peer) for peer in peers]
    assert not all(different), f"differs: {different}"
    return "same"


def command_line(path: Path) -> str:
    """Four commands of ``matlab-compat``; imports what they need (torch) only when asked."""
    from tests.fuzz.commands import command_line

    return command_line(path)


READERS: dict[str, Callable[[Path], str]] = {
    "matlab_compat": ours,
    "scipy": scipy_reader,
    "mat-io": matio_reader,
    "differential": differential,
    "command line": command_line,
}
#: Those of this project: nothing that they do may touch other files.
OURS = ("matlab_compat", "command line")
#: Levels that a reader is made for.
LEVELS = {
    "matlab_compat": ("4", "6", "7", "7.3"),
    "scipy": ("4", "6", "7"),
    "mat-io": ("4", "6", "7", "7.3"),
    "differential": ("4", "6", "7"),
    "command line": ("4", "6", "7", "7.3"),
}
