"""MAT-files of level 4: full matrices, text and sparse matrices, one after the other.

Source: the published "MAT-File Format" document. MATLAB loads every number as double.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from matlab_compat.arrays import Array

from .arrays import checked_sparse
from .faults import corrupt, cut_short, unsupported
from .journal import Journal
from .limits import Limits
from .reader import Header, VariableInfo
from .source import Source
from .text import CodePage, char_array, decode_bytes
from .values import SparseArray, Value

_HEADER_SIZE = 20
_STORED = ("f8", "f4", "i4", "i2", "u2", "u1")
_FULL, _TEXT, _SPARSE = 0, 1, 2
_LONGEST_NAME = 1 << 12
_FOREIGN = {2: "VAX D-float", 3: "VAX G-float", 4: "Cray"}


@dataclass(frozen=True)
class _Matrix:
    """The header of one matrix: the digits of its type number, and its sizes."""

    machine: int
    stored: str
    kind: int
    rows: int
    columns: int
    is_complex: bool
    name_size: int
    byte_order: str

    @property
    def count(self) -> int:
        return self.rows * self.columns

    @property
    def nbytes(self) -> int:
        return self.count * int(self.stored[1]) * (2 if self.is_complex else 1)


def parse_matrix(header: bytes) -> _Matrix | None:
    """The header of a matrix in either byte order; ``None`` if it is none."""
    for byte_order in "<>":
        type_number, rows, columns, is_complex, name_size = struct.unpack(f"{byte_order}5i", header)
        machine, reserved, stored, kind = (type_number // 10**n % 10 for n in (3, 2, 1, 0))
        if (
            0 <= type_number < 5000
            and reserved == 0
            and stored < len(_STORED)
            and kind <= _SPARSE
            and min(rows, columns) >= 0
            and is_complex in (0, 1)
            and 1 <= name_size <= _LONGEST_NAME
        ):
            sizes = (rows, columns, bool(is_complex), name_size)
            return _Matrix(machine, _STORED[stored], kind, *sizes, byte_order)
    return None


def looks_like_level4(beginning: bytes) -> bool:
    """Whether a file that begins so can be of level 4 (which has no signature)."""
    return len(beginning) >= _HEADER_SIZE and parse_matrix(beginning[:_HEADER_SIZE]) is not None


class Level4Reader:
    """Reads one file of level 4; see :class:`~converters.matfile.reader.MatReader`."""

    level = "4"

    def __init__(self, source: Source, limits: Limits, page: CodePage) -> None:
        self._source = source
        self._page = page
        self._limits = limits
        self._journal = Journal()
        self.header = Header()
        self.variables: list[VariableInfo] = []
        self._matrices: list[tuple[_Matrix, int]] = []
        position = 0
        while position < source.size:
            position = self._list(position)

    def _list(self, position: int) -> int:
        matrix = parse_matrix(self._source.read(position, _HEADER_SIZE))
        if matrix is None:
            raise corrupt("No matrix begins where one should.", position)
        if foreign := _FOREIGN.get(matrix.machine):
            raise unsupported(f"The numbers are in the format {foreign}.", position)
        name = self._source.read(position + _HEADER_SIZE, matrix.name_size)
        start = position + _HEADER_SIZE + matrix.name_size
        if start + matrix.nbytes > self._source.size:
            raise cut_short(
                f"A matrix of {matrix.nbytes} bytes begins {self._source.size - start} bytes "
                "before the end of the file.",
                start,
            )
        self._matrices.append((matrix, start))
        self.variables.append(self._info(matrix, name, start))
        return start + matrix.nbytes

    def _info(self, matrix: _Matrix, name: bytes, start: int) -> VariableInfo:
        shape, is_complex = (matrix.rows, matrix.columns), matrix.is_complex
        if matrix.kind == _SPARSE:
            shape, is_complex = self._sparse_size(matrix, start), matrix.columns == 4
        width = 2 if matrix.kind == _TEXT else 16 if is_complex else 8
        return VariableInfo(
            name.split(b"\0")[0].decode("utf-8", "replace"),
            ("double", "char", "sparse")[matrix.kind],
            shape,
            width * matrix.count,
            is_complex,
        )

    def _sparse_size(self, matrix: _Matrix, start: int) -> tuple[int, int]:
        """The last row of a sparse matrix is its size."""
        if matrix.columns not in (3, 4) or not matrix.rows or matrix.is_complex:
            raise corrupt("A sparse matrix needs 3 or 4 columns and a row.", start)
        width = int(matrix.stored[1])
        sizes = []
        for column in (0, 1):
            place = start + (matrix.rows * (column + 1) - 1) * width
            raw = self._source.read(place, width)
            sizes.append(float(np.frombuffer(raw, matrix.byte_order + matrix.stored)[0]))
        if not all(size.is_integer() and 0 <= size < 2**48 for size in sizes):
            raise corrupt(f"A sparse matrix has the size {sizes}.", start)
        return int(sizes[0]), int(sizes[1])

    def read(self, index: int) -> Value:
        """Decode one variable."""
        matrix, start = self._matrices[index]
        shape = self.variables[index].shape
        needed = max(16 * matrix.count, 8 * shape[1] if matrix.kind == _SPARSE else 0)
        what = f"The variable needs {needed} bytes or more"
        self._limits.check("max_bytes", needed, what, start)
        numbers = self._numbers(matrix, start)
        if matrix.kind == _SPARSE:
            return _sparse(numbers, (shape[0], shape[1]))
        return self._text(numbers.real) if matrix.kind == _TEXT else numbers

    def _text(self, codes: Array) -> Value:
        if not ((codes >= 0) & (codes < 1 << 16)).all():
            raise corrupt("A text matrix holds numbers that are no characters.")
        units = codes.ravel(order="F").astype(np.uint16)
        if units.size and units.max() > 0xFF:
            return char_array(units, codes.shape, codes.size)
        text = decode_bytes(
            units.astype(np.uint8).tobytes(),
            codes.shape,
            codes.size,
            self._page,
            lambda what, remedy: self._journal.note(what, remedy, ()),
        )
        self._journal.report()
        return text

    def _numbers(self, matrix: _Matrix, start: int) -> Array:
        raw = self._source.read_array(start, matrix.nbytes)
        stored = raw.view(matrix.byte_order + matrix.stored).astype(np.float64, copy=False)
        shape = (matrix.rows, matrix.columns)
        real = stored[: matrix.count].reshape(shape, order="F")
        if not matrix.is_complex:
            return real
        numbers = np.empty(shape, np.complex128, order="F")
        numbers.real, numbers.imag = real, stored[matrix.count :].reshape(shape, order="F")
        return numbers

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def _sparse(table: Array, shape: tuple[int, int]) -> SparseArray:
    """From rows of row, column, value; the last row is the size and no entry."""
    rows, columns = (table[:-1, i] - 1 for i in (0, 1))
    data = table[:-1, 2] if table.shape[1] == 3 else table[:-1, 2] + 1j * table[:-1, 3]
    for numbers, size in ((rows, shape[0]), (columns, shape[1])):
        if not ((numbers >= 0) & (numbers < size) & (numbers == np.trunc(numbers))).all():
            raise corrupt("A sparse matrix has an entry outside itself.")
    order = np.lexsort((rows, columns))
    counts = np.bincount(columns.astype(np.int64), minlength=shape[1])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = rows[order].astype(np.int64)
    return checked_sparse(shape, data[order], rows, starts, is_logical=False)
