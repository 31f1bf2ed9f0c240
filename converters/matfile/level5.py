"""MAT-files of level 5 (MATLAB's ``-v6``, uncompressed, and ``-v7``, compressed)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matlab_compat.errors import CorruptFileError, MatFileError, TruncatedFileError, locating

from .arrays import ArrayDecoder
from .faults import corrupt, cut_short, unsupported
from .inflate import Inflater, announced_size, inflate_array
from .journal import Said
from .limits import Limits
from .mcos import ObjectTable, looked_up, reference_shape
from .reader import Header, VariableInfo
from .source import Source
from .subsystem import open_subsystem
from .tags import NUMERIC_DTYPE, ArrayClass, ArrayHeader, DataType, Elements
from .text import CodePage
from .values import Shape, Value

_HEADER_SIZE = 128
#: How much of a variable is inflated to list it; more only where names are very long.
_PEEKS = (1 << 9, 1 << 13, 1 << 17)
_SPACES = 0x2020202020202020


@dataclass(frozen=True)
class _Stored:
    """Where a variable lies in the file: the data of its outermost element."""

    offset: int
    start: int
    size: int
    is_compressed: bool


class Level5Reader:
    """Reads level 5, a :class:`.reader.MatReader`; objects that cannot be read are ``Damaged``."""

    def __init__(
        self, source: Source, limits: Limits, page: CodePage, *, skip_objects: bool = False
    ) -> None:
        self._source = source
        self._limits = limits
        self._page = page
        self._skip_objects = skip_objects
        self._said: Said = set()
        header = self._source.read(0, _HEADER_SIZE)
        self.byte_order = {b"IM": "<", b"MI": ">"}[header[126:128]]
        self.header = Header.from_text(header[:116])
        offset, version, _ = struct.unpack(self.byte_order + "QHH", header[116:])
        if version >> 8 != 1:
            raise unsupported(f"The header names version {version:#06x}; level 5 is 0x0100.", 124)
        self._subsystem_offset = 0 if offset == _SPACES else int(offset)
        self._elements = self._scan()
        self.level = "7" if any(stored.is_compressed for stored in self._elements) else "6"
        self.variables: list[VariableInfo] = []
        self._stored: list[_Stored] = []
        for stored in self._elements:
            self._list(stored)

    def _scan(self) -> list[_Stored]:
        """Walk over the elements of the file; their data are not read."""
        elements = []
        position = _HEADER_SIZE
        while position < self._source.size:
            kind, size = struct.unpack(self.byte_order + "II", self._source.read(position, 8))
            start = position + 8
            if kind not in (DataType.MATRIX, DataType.COMPRESSED):
                raise CorruptFileError(
                    f"Data type {kind} stands where a variable should begin.",
                    remedy="copy or download the file again, or save it again in MATLAB.",
                    offset=position,
                )
            if start + size > self._source.size:
                raise cut_short(
                    f"A variable of {size} bytes begins {self._source.size - start} bytes "
                    "before the end of the file.",
                    position,
                )
            elements.append(_Stored(position, start, size, kind == DataType.COMPRESSED))
            padding = -size % 8 if kind == DataType.MATRIX else 0
            position = start + size + padding
        return elements

    # -- listing ---------------------------------------------------------------------------

    def _list(self, stored: _Stored) -> None:
        if stored.offset == self._subsystem_offset:
            return
        for peek in _PEEKS:
            elements, size = self._beginning(stored, peek)
            try:
                info = _describe(elements, size)
            except TruncatedFileError:
                if peek == _PEEKS[-1] or len(elements.data) >= size:
                    raise
            else:
                break
        if info.name:  # MATLAB's own data have none
            self.variables.append(info)
            self._stored.append(stored)

    def _beginning(self, stored: _Stored, count: int) -> tuple[Elements, int]:
        """The first bytes of an array with its tag, and how many it has in all."""
        if stored.is_compressed:
            data = Inflater(self._source, stored.start, stored.size).read(count)
            size = 8 + announced_size(data[:8], stored.size, self.byte_order, stored.offset)
        else:
            size = 8 + stored.size
            data = self._source.read(stored.offset, min(count, size))
        return Elements(np.frombuffer(data, np.uint8), self.byte_order), size

    # -- reading ---------------------------------------------------------------------------

    def read(self, index: int) -> Value:
        """Decode one variable; errors are ``MatFileError`` or ``FileAccessError``."""
        elements = self._load(self._stored[index])
        decoder = ArrayDecoder(elements, self._limits, self._page, self._said)
        value = decoder.decode(0, len(elements.data))
        if not decoder.met_objects:
            return value
        return looked_up(value, lambda: self._objects, skip=self._skip_objects)

    def _load(self, stored: _Stored) -> Elements:
        if stored.is_compressed:
            data = inflate_array(
                self._source, stored.start, stored.size, self.byte_order, self._limits
            )
        else:
            data = self._source.read_array(stored.offset, 8 + stored.size)
        return Elements(data, self.byte_order)

    @cached_property
    def _objects(self) -> ObjectTable:
        with locating(str(self._source.path), "object store"):
            if not self._subsystem_offset:
                raise corrupt("The file names objects but has no store of their values.")
            offset = self._subsystem_offset
            stored = next((one for one in self._elements if one.offset == offset), None)
            if stored is None:
                raise corrupt(
                    f"The store of objects should begin at byte {offset}, but nothing does.",
                    offset,
                )
            file = str(self._source.path)
            return open_subsystem(self._load(stored), self._limits, self._page, file)

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def _describe(elements: Elements, size: int) -> VariableInfo:
    matrix = elements.expect(0, size, "a variable", DataType.MATRIX)
    header = elements.array_header(matrix)
    return VariableInfo(
        header.name,
        header.matlab_class,
        _shape(elements, header),
        _nbytes(header),
        is_complex=header.is_complex,
        is_global=header.is_global,
    )


def _shape(elements: Elements, header: ArrayHeader) -> Shape:
    """The size of a variable; of an object from the array that refers to its values."""
    if header.array_class is not ArrayClass.OPAQUE:
        return header.shape
    try:
        matrix = elements.expect(header.body, header.end, "an object", DataType.MATRIX)
        inner = elements.array_header(matrix)
        tag = elements.expect(inner.body, inner.end, "a reference", DataType.UINT32)
        whole_words = elements.bytes_of(tag)[: tag.size // 4 * 4]
        words = np.frombuffer(whole_words, elements.byte_order + "u4")
        return reference_shape(words) or (1, 1)
    except MatFileError:
        return (1, 1)  # a description; reading the variable says what is wrong


def _nbytes(header: ArrayHeader) -> int:
    if header.array_class in NUMERIC_DTYPE:
        width = 1 if header.is_logical else NUMERIC_DTYPE[header.array_class].itemsize
        return header.count * width * (2 if header.is_complex else 1)
    if header.array_class is ArrayClass.CHAR:
        return 2 * header.count
    return header.end - header.body
