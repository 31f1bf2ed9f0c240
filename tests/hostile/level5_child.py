"""Reads hostile files in a process of its own with little memory; reports what happened.

Called as ``python -m tests.hostile.level5_child FOLDER [MAX_ELEMENTS]``; prints one JSON line per
file: its name, the class of each error met (lazily read properties included), and the length of
the longest message.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from converters.matfile import Limits, libdeflate, open_mat
from converters.matfile.values import Damaged, FunctionHandle, MatObject, ObjectArray, StructArray

MEMORY = 2 << 30


def errors_of(path: Path, limits: Limits | None = None) -> list[str]:
    """The names of the classes of :func:`faults_of`."""
    return [type(error).__name__ for error in faults_of(path, limits)]


def faults_of(path: Path, limits: Limits | None = None) -> list[BaseException]:
    """Everything that goes wrong while all of a file is read."""
    found: list[BaseException] = []
    try:
        with open_mat(path, **({"limits": limits} if limits else {})) as mat:
            for name in mat:
                try:
                    visit(mat[name], found)
                except Exception as error:
                    found.append(error)
    except Exception as error:
        found.append(error)
    return found


def visit(root: Any, found: list[BaseException]) -> None:
    """Touch every value below ``root`` once."""
    for _ in leaves(root, found):
        pass


def leaves(root: Any, found: list[BaseException]) -> Iterator[Any]:
    """Every value below ``root`` that is no container, once; what is damaged goes to ``found``."""
    waiting, seen = [root], {}
    while waiting:
        value = waiting.pop()
        if isinstance(value, Damaged):
            found.append(value.error)
        elif isinstance(value, StructArray):
            waiting += [item for values in value.fields.values() for item in values]
        elif isinstance(value, np.ndarray) and value.dtype == object:
            waiting += {id(item): item for item in value.flat}.values()  # there may be millions
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, ObjectArray):
            waiting += value.elements
        elif isinstance(value, FunctionHandle):
            waiting.append(value.raw)
        elif isinstance(value, MatObject):
            if id(value) in seen:
                continue
            seen[id(value)] = value
            try:
                waiting += value.properties.values()
            except Exception as error:
                found.append(error)
        else:
            yield value


def main(folder: Path, limits: Limits | None = None) -> None:
    """Read every file of a folder."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    libdeflate.library()  # looked for before the first file
    for path in sorted(folder.iterdir()):
        found = faults_of(path, limits)
        errors = [type(error).__name__ for error in found]
        longest = max((len(str(error)) for error in found), default=0)
        line = {"name": path.name, "errors": errors, "longest": longest}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(Limits(max_elements=int(most)) for most in sys.argv[2:]))
