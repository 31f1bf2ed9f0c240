"""The ending of a file's name says its format: it is kept, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from matlab_compat.errors import UsageError


def ending_of(path: str | PathLike[str], known: Sequence[str], what: str) -> str:
    """The ending of ``path`` in lower case, one of ``known``.

    ``what`` would be written, for the message: ``"A MAT-file"``. Raises ``UsageError``: the name
    ends in none of them.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in known:
        return ending
    name = path.stem if ending and path.stem else path.name or "out"
    raise UsageError(
        f"{what} is not written as '{path.suffix}': no other format goes by a wrong name."
        if ending
        else f"{what} needs a name with an ending, which says the format.",
        where=(str(path),),
        remedy=f"name it {' or '.join(f'{name}{end}' for end in known)}.",
    )
