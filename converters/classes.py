"""The names of classes, out of a file beside a network that keeps none."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matlab_compat.errors import DataFormatError, locating
from matlab_compat.plain_text import class_names

from .data import read_value, split_argument
from .endings import cannot_be_read
from .matfile import DEFAULT_LIMITS, Limits

#: What a file's only names may be called.
NAMES = ("classes", "classNames", "Classes", "categories", "labels")


def read_classes(given: str | Sequence[str], limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """Names of classes, in the order of the network's scores.

    Raises ``DataFormatError``: there are no names in it, or two alike; ``MatlabCompatError``: it
    cannot be read.

    Parameters
    ----------
    given:
        The names; or ``FILE`` or ``FILE:VARIABLE``: ``.txt`` and ``.csv`` with a name in each line
        or cell, ``.json`` with a list of texts, or a MAT-file with a cell array of texts, a string
        or categorical array (of one with more elements than classes, its categories).
    limits:
        Bounds on what the file may make us do.
    """
    if not isinstance(given, str):
        return _checked(list(given))
    path, _ = split_argument(given)
    with locating(path):
        ending = Path(path).suffix.lower()
        if ending in (".txt", ".csv", ".json"):
            return _checked(_of_text(Path(path), ending))
        value, _ = read_value(given, NAMES, limits, labels=True)
        categories = getattr(value, "categories", None)
        try:
            return _checked(value)
        except DataFormatError:
            if categories is None:
                raise
            return _checked(categories)


def _of_text(path: Path, ending: str) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if ending == ".json":
            return json.loads(text)
    except OSError as error:
        raise cannot_be_read(error) from error
    except ValueError as error:
        raise DataFormatError(f"It is no text of names: {error}.") from error
    lines = text.splitlines()
    cells = lines if ending == ".txt" else [cell for row in csv.reader(lines) for cell in row]
    return [cell.strip() for cell in cells if cell.strip()]


def _checked(value: Any) -> list[str]:
    try:
        names = class_names(value)
    except (ValueError, TypeError) as error:
        raise DataFormatError(f"The names of the classes {error}.") from None
    if names is None:
        raise DataFormatError(
            "There are no names of classes in it.",
            remedy="give a text with a name in each line, in the order of the scores; in MATLAB: "
            "writelines(classes, 'classes.txt').",
        )
    return names
