"""Every error this project raises: what, where, why and the remedy.

One base class, :class:`MatlabCompatError`; each concrete class also inherits the
built-in kind (``ValueError``, ``OSError``, ``NotImplementedError`` ...) so that code
which knows nothing of this project still catches what it expects.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .display import one_line, shortened

#: Characters shown of each name on the way to a fault, of each line, and of all lines.
_NAME, _LINE, _TEXT = 400, 1000, 20_000


class MatlabCompatError(Exception):
    """Base of all errors raised here.

    Parameters
    ----------
    what:
        One sentence: what is wrong and why, with the offending value and the rule.
    where:
        The path to the fault, outermost first: file, variable, layer, property.
    remedy:
        What to do about it; often a line of MATLAB to paste.
    """

    #: Exit code of the command line for this kind of error.
    exit_code = 2
    #: What became of the file, in a word or two, where it is one of many.
    outcome = "refused"
    #: Whether ``where`` is complete: errors that are kept, to be raised later and elsewhere.
    is_located = False

    def __init__(self, what: str, *, where: Sequence[str] = (), remedy: str = "") -> None:
        self.what = _fit_to_show(what)
        super().__init__(self.what)
        self.where = tuple(where)
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append("  where:  " + " > ".join(shortened(name, _NAME) for name in self.where))
        if self.remedy:
            lines.append("  remedy: " + _fit_to_show(self.remedy))
        # Indented, a name from a file with line ends in it cannot pass for a line of ours.
        return "\n".join(line.replace("\n", "\n    ") for line in lines)


def _fit_to_show(text: str) -> str:
    """Megabytes of a name in a file do not become megabytes of a message."""
    lines = (shortened(line, _LINE) for line in text.split("\n"))
    return shortened("\n".join(lines), _TEXT)


#: Where the work of this thread is, for warnings; errors collect it on their way out.
_place: ContextVar[tuple[str, ...]] = ContextVar("place", default=())


def cause_text(error: BaseException) -> str:
    """What a library says went wrong: its first line, without advice and colours of its own."""
    lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", str(error)).strip().splitlines()
    return one_line(shortened(lines[0], 300)) if lines else type(error).__name__


@contextmanager
def locating(*where: str) -> Iterator[None]:
    """Put ``where`` in front of the location of any error or :func:`warn` within, once."""
    outside = _place.get()
    _place.set((*outside, *where))
    try:
        yield
    except MatlabCompatError as error:
        if not error.is_located and error.where[: len(where)] != where:
            error.where = (*where, *error.where)
        raise
    finally:
        _place.set(outside)


def place() -> tuple[str, ...]:
    """The locations of :func:`locating` that the work is within, outermost first."""
    return _place.get()


def warn(what: str, *, where: Sequence[str], remedy: str = "") -> None:
    """A :class:`MatlabCompatWarning` in the form of an error."""
    text = str(MatlabCompatError(what, where=where, remedy=remedy))
    warnings.warn(text, MatlabCompatWarning, stacklevel=2)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn the ways of Python and torch to run out of memory into one of our errors."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        ran_out = any(sign in str(error) for sign in ("alloc", "out of memory", "overflow"))
        if isinstance(error, MatlabCompatError) or not (ran_out or isinstance(error, MemoryError)):
            raise
        raise UsageError(
            "There is not enough memory for the result.",
            remedy="check Stride and the size of the input, or run on a machine with more memory.",
        ) from error


class UsageError(MatlabCompatError, ValueError):
    """A call or command that asks for something that makes no sense."""


class PropertyError(MatlabCompatError, ValueError):
    """A layer property has a value that MATLAB would refuse."""


class ReadOnlyPropertyError(MatlabCompatError, AttributeError):
    """A property that can only be chosen when the layer is created was assigned."""


class DataFormatError(MatlabCompatError, ValueError):
    """Data whose size or dimension labels ("SSCB") do not fit the layer."""


class FileAccessError(MatlabCompatError, OSError):
    """The file is missing, is a directory, or cannot be read or written."""

    outcome = "unreadable"


class MatFileError(MatlabCompatError, ValueError):
    """Base of everything that can be wrong with the bytes of a MAT-file.

    ``offset`` is the byte offset in the file (or in the inflated variable) of the
    element at fault, where one is known.
    """

    outcome = "unreadable"

    def __init__(
        self, what: str, *, where: Sequence[str] = (), remedy: str = "", offset: int | None = None
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.offset = offset

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.offset is None else f"{text}\n  offset: byte {self.offset}"


class NotAMatFileError(MatFileError):
    """The file is not a MAT-file of any level."""


class TruncatedFileError(MatFileError):
    """The file ends before the data that it announces."""


class CorruptFileError(MatFileError):
    """The bytes contradict the MAT-file format or themselves."""


class LimitExceededError(MatFileError):
    """Reading would exceed a limit on bytes, depth or elements (see ``Limits``)."""


class UnsafeFileError(MatFileError):
    """The file refers to other files (external storage or links, virtual data sets)."""


class UnsupportedFileError(MatFileError, NotImplementedError):
    """A valid file that uses a feature this version does not read."""


class VariableNotFoundError(MatlabCompatError, KeyError):
    """The file has no such variable."""


class FieldNotFoundError(MatlabCompatError, KeyError):
    """A struct has no field of that name."""


class LayerNotFoundError(MatlabCompatError, LookupError):
    """No layer (of that name) is in the file or network."""

    outcome = "no layer"


class AmbiguousLayerError(MatlabCompatError, LookupError):
    """Several layers would do and none was chosen."""

    outcome = "ambiguous"


class UnsupportedLayerError(MatlabCompatError, NotImplementedError):
    """A layer that this version cannot build or run."""

    exit_code = 3
    outcome = "unsupported"


class UnsupportedModelError(UnsupportedLayerError):
    """A model of a kind that is known, but that this version does not run."""


class FunctionNeededError(UnsupportedModelError):
    """There are parameters, and not the function or layers that compute with them."""


class CodeError(MatlabCompatError, ValueError):
    """MATLAB code that MATLAB itself would refuse, or that does not fit its data."""


class CodeSaidError(CodeError):
    """An error that MATLAB code makes itself, by ``error`` or ``assert``.

    Parameters
    ----------
    message, identifier:
        What ``catch ME`` finds in ``ME.message`` and ``ME.identifier``.
    """

    def __init__(self, message: str, identifier: str = "") -> None:
        super().__init__(f"The code says: {message}")
        self.message, self.identifier = message, identifier


class CodeLimitError(CodeError):
    """MATLAB code that goes beyond a limit (see ``CodeLimits``)."""


class UnsupportedCodeError(UnsupportedLayerError):
    """MATLAB code that uses what this version does not run."""


class DataDependentCodeError(UnsupportedCodeError):
    """MATLAB code whose course depends on the values of data, where a model is being exported."""


class NothingToCompareError(MatlabCompatError, ValueError):
    """A comparison that would be vacuous: missing, empty or all-NaN data."""

    outcome = "no data"


class MatlabCompatWarning(UserWarning):
    """Base of the warnings of this project."""


class MatlabDeprecationWarning(MatlabCompatWarning, FutureWarning):
    """Something that MATLAB itself deprecates (the ``Cropping`` property)."""
