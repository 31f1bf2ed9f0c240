"""What a model is run on, out of files of any kind: pictures, ``.npy``, ``.npz``, ``.csv``, MAT."""

from __future__ import annotations

import logging
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import DataFormat, dlarray
from matlab_compat.display import size_text
from matlab_compat.errors import (
    CorruptFileError,
    DataFormatError,
    MatlabCompatError,
    UsageError,
    cause_text,
    locating,
    warn,
)
from matlab_compat.network import Network
from matlab_compat.network.pictures import Fit, picture_size
from matlab_compat.wording import argument

from .data import read_array, split_argument
from .endings import cannot_be_read
from .formats.mat_struct import INPUT_NAMES
from .images import ENDINGS as PICTURES
from .images import read_image
from .matfile import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

ROWS = ("time", "channels", "observations")

#: What files of inputs are called: of others a folder may hold as many as it likes.
ENDINGS = (*PICTURES, ".npy", ".npz", ".csv", ".mat")


def labelled(tensors: Iterable[torch.Tensor], formats: Iterable[str]) -> list[dlarray]:
    """Tensors in torch's order as arrays in MATLAB's, with their labels."""
    return [
        dlarray(DataFormat.parse(labels).from_torch(x.numpy(), labels)[0], labels)
        for x, labels in zip(tensors, formats, strict=True)
    ]


@dataclass(frozen=True)
class Reading:
    """How inputs are read."""

    #: How pictures are made to fit.
    fit: Fit = field(default_factory=Fit)
    #: What a row of a ``.csv`` file is: a time step ("time"), a channel ("channels"), or for
    #: networks of features an observation ("observations", which those take by themselves).
    rows: str | None = None
    #: Bounds on what a file may make us do.
    limits: Limits = field(default=DEFAULT_LIMITS)

    def __post_init__(self) -> None:
        if self.rows not in (None, *ROWS):
            raise UsageError(f"{argument('rows')} is {', '.join(ROWS)}, not {self.rows!r}.")

    def read_all(self, texts: Sequence[str], model: Any) -> list[Read]:
        """:meth:`read` for each input."""
        return [self.read(text, model, i, len(texts)) for i, text in enumerate(texts)]

    def values(self, texts: Sequence[str], model: Any) -> list[Any]:
        """The inputs alone; what there is to know of them are warnings."""
        found = self.read_all(texts, model)
        for one, text in zip(found, texts, strict=True):
            for note in one.notes:
                warn(f"{note[:1].upper()}{note[1:]}.", where=(text,))
        return [one.value for one in found]

    def read(
        self,
        text: str,
        model: Any = None,
        index: int = 0,
        count: int = 1,
        names: Sequence[str] = INPUT_NAMES,
    ) -> Read:
        """One input of a model, out of ``FILE`` or ``FILE:VARIABLE``.

        Raises ``MatlabCompatError``: it cannot be read, or is not what the model takes.

        Parameters
        ----------
        model:
            What it is for; by default nothing that is known.
        index, count:
            Its number, from 0, and how many there are.
        names:
            What it may be called among the variables of a MAT-file; with its number, from 1, where
            there are several.
        """
        path, variable = split_argument(text)
        ending = Path(path).suffix.lower()
        if self.rows is not None and ending != ".csv":
            raise UsageError(
                f"{argument('rows', self.rows)} is about .csv files, and this is none.",
                where=(path,),
                remedy="leave it out: other files have the input in MATLAB's order.",
            )
        if ending in PICTURES:
            return self._picture(path, variable, model, index)
        with locating(path):
            if self.fit.is_any():
                raise UsageError(
                    f"{argument('resize')}, {argument('crop')} and {argument('colour')} are about "
                    "pictures, and this is none.",
                    remedy="give it in the size of the network's input.",
                )
        if ending in _ARRAYS:
            with locating(path):
                array = _ARRAYS[ending](self, path, variable)
                if ending == ".csv":
                    plan = model.plan().inputs if isinstance(model, Network) else {}
                    labels = dict(enumerate(plan.values()))
                    array = self._laid_out(array, labels.get(index, ""))
                return Read(array)
        known = tuple(names) if count == 1 else tuple(f"{name}{index + 1}" for name in names)
        whole = model is not None and model.takes_cells
        return Read(read_array(text, known, self.limits, whole=whole))

    def read_output(self, text: str, names: tuple[str, ...], **how: bool) -> Any:
        """An output that is expected, in MATLAB's order, as ``predict`` writes it.

        ``how`` is as for :func:`.data.read_array`.
        """
        path, variable = split_argument(text)
        ending = Path(path).suffix.lower()
        if ending not in _ARRAYS:
            return read_array(text, names, self.limits, **how)
        with locating(path):
            return _ARRAYS[ending](self, path, variable)

    def _picture(self, path: str, variable: str | None, model: Any, index: int) -> Read:
        with locating(path):
            _no_variable(variable, "a picture")
            size = picture_size(model, index) if isinstance(model, Network) else None
            picture = read_image(path, self.limits, colour=self.fit.colour)
            fitted = self.fit.fitted(picture.array, size) if size else picture.array
            shown = [f"{size_text(x.shape)} {x.dtype}" for x in (picture.array, fitted)]
            log.info("%s: %s picture, given as %s", path, *shown)
            return Read(fitted, picture.notes)

    def _npy(self, path: str, variable: str | None) -> Array:
        _no_variable(variable, "one array")
        with _reading(), Path(path).open("rb") as stream:
            return self._array(stream)

    def _array(self, stream: Any) -> Array:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
        header = header or np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
        size = math.prod(shape) * dtype.itemsize
        what = f"The array, {size_text(shape)} {dtype}, takes {size} bytes"
        self.limits.check("max_bytes", size, what)
        if dtype.kind not in "biufc":
            raise DataFormatError(
                f"The array is of numpy's class {dtype}, and numbers are needed.",
                remedy="save one of numbers: numpy.save(FILE, X.astype('float32')).",
            )
        stream.seek(0)
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return array

    def _npz(self, path: str, variable: str | None) -> Array:
        with _reading(), zipfile.ZipFile(path) as archive:
            names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
            if variable is None and len(names) != 1:
                raise UsageError(
                    f"The file has {len(names)} arrays: {', '.join(names[:8])}.",
                    remedy=f"name one: {path}:{names[0]}." if names else "give another file.",
                )
            name = names[0] if variable is None else variable
            if name not in names:
                raise UsageError(
                    f"There is no array {name!r} in the file.",
                    remedy=f"it has {', '.join(names[:8]) or 'none'}.",
                )
            entry = archive.getinfo(f"{name}.npy")
            size = entry.file_size
            self.limits.check("max_bytes", size, f"The array takes {size} bytes")
            with archive.open(entry) as stream:
                return self._array(stream)

    def _csv(self, path: str, variable: str | None) -> Array:
        _no_variable(variable, "one matrix")
        with _reading():
            size = Path(path).stat().st_size
            self.limits.check("max_bytes", size, f"The file has {size} bytes")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an empty file, which is refused here
                matrix = np.loadtxt(
                    path, delimiter=",", ndmin=2, encoding="utf-8-sig", comments=None
                )
        if not matrix.size:
            raise DataFormatError("The file is empty.", remedy="give one with numbers.")
        return matrix

    def _laid_out(self, matrix: Array, labels: str) -> Array:
        """A matrix as the input of this format takes it."""
        if "T" in labels:
            if labels.count("S"):
                raise DataFormatError(
                    "The input takes sequences of images, which no matrix is.",
                    remedy="give a MAT-file or .npy.",
                )
            if self.rows not in ("time", "channels"):
                rows, columns = matrix.shape
                raise UsageError(
                    f"The matrix is {rows}×{columns}: a row may be a time step or a channel.",
                    remedy=f"say which: {argument('rows', 'time')} or "
                    f"{argument('rows', 'channels')}.",
                )
            return matrix.T if self.rows == "time" else matrix
        if labels == "CB" and self.rows == "channels":
            return matrix.T
        if self.rows is not None and not (labels == "CB" and self.rows == "observations"):
            raise UsageError(
                f"{argument('rows', self.rows)} has no meaning for this input"
                + (f", labelled '{labels}'." if labels else "."),
                remedy="leave it out.",
            )
        return matrix


@dataclass(frozen=True)
class Read:
    """One input, and what there is to know of it."""

    value: Any
    notes: tuple[str, ...] = ()


_ARRAYS = {".npy": Reading._npy, ".npz": Reading._npz, ".csv": Reading._csv}


@contextmanager
def _reading() -> Iterator[None]:
    """What libraries say of files that cannot be read, in our words."""
    try:
        yield
    except MatlabCompatError:
        raise
    except OSError as error:
        raise cannot_be_read(error) from error
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        matrix = _of_csv(str(error))
        said = matrix or cause_text(error).rstrip(".")
        raise CorruptFileError(
            f"It is not what its ending says, or damaged: {said}.",
            remedy="a .csv file holds numbers alone, with decimal points and commas between them, "
            "as many in each row, and no line of names."
            if matrix
            else "",
        ) from error


def _of_csv(said: str) -> str:
    """What numpy says of a text that is no matrix, from 1 on; "" of other files."""
    if match := re.match(r"could not convert string (.+) to \w+ at row (\d+), column (\d+)", said):
        text, row, column = match.groups()
        return f"row {int(row) + 1}, column {column} is {text}, and no number"
    if match := re.match(r"the number of columns changed from (\d+) to (\d+) at row (\d+)", said):
        before, now, row = match.groups()
        return f"row {row} has {now} numbers, and those before it {before}"
    return ""


def _no_variable(variable: str | None, what: str) -> None:
    if variable is not None:
        raise UsageError(f"The file holds {what}, which has no name.", remedy="leave it out.")
