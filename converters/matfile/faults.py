"""The errors of the readers, each with the remedy that nearly all of its kind have.

``offset`` is the byte at fault, in the file or in the inflated variable.
"""

from __future__ import annotations

from functools import partial

from matlab_compat.errors import (
    CorruptFileError,
    TruncatedFileError,
    UnsupportedFileError,
)

RESAVE = "Save the file again in MATLAB: save('file.mat', '-v7')."


def corrupt(what: str, offset: int | None = None, remedy: str = RESAVE) -> CorruptFileError:
    """The bytes contradict the format or themselves."""
    return CorruptFileError(what, remedy=remedy, offset=offset)


def unsupported(what: str, offset: int | None = None, remedy: str = RESAVE) -> UnsupportedFileError:
    """There is something valid that is not read here."""
    return UnsupportedFileError(what, remedy=remedy, offset=offset)


def cut_short(what: str, offset: int | None = None) -> TruncatedFileError:
    """The file ends before what it announces."""
    remedy = "copy or download the file again; this one is cut short."
    return TruncatedFileError(what, remedy=remedy, offset=offset)


#: For files of level 7.3.
RESAVE_73 = "save the file again in MATLAB: save('file.mat', '-v7.3')"
corrupt_73 = partial(corrupt, remedy=RESAVE_73)
unsupported_73 = partial(unsupported, remedy=RESAVE_73)
