"""The object store of a level 5 file: a MAT-file within an array of bytes.

Only the places of the property cells are looked up at once; each is decoded when asked for.
"""

from __future__ import annotations

import numpy as np

from matlab_compat.errors import UnsupportedFileError

from .arrays import ArrayDecoder
from .faults import corrupt, unsupported
from .limits import Limits
from .mcos import ObjectTable
from .tags import ArrayClass, DataType, Elements, Tag
from .text import CodePage
from .values import Value

_BYTE_ORDERS = {b"IM": "<", b"MI": ">"}


def open_subsystem(outer: Elements, limits: Limits, page: CodePage, file: str) -> ObjectTable:
    """The object table in the array of bytes that ``outer`` holds, in a byte order of their own."""
    matrix = outer.expect(0, len(outer.data), "the object store", DataType.MATRIX)
    header = outer.array_header(matrix)
    tag = outer.expect(header.body, header.end, "the object store", DataType.UINT8, DataType.INT8)
    data = outer.bytes_of(tag)
    order = _BYTE_ORDERS.get(data[2:4].tobytes())
    if order is None:
        raise corrupt("The object store has no header.", tag.start)
    return _Subsystem(Elements(data, order), limits, page).table(file)


class _Subsystem:
    """Finds the cells of the ``FileWrapper__`` and decodes them one at a time."""

    def __init__(self, elements: Elements, limits: Limits, page: CodePage) -> None:
        self._elements = elements
        self._limits = limits
        self._decoder = ArrayDecoder(elements, limits, page)  # one: the limits are for all cells
        self._cells = self._find_cells()

    def table(self, file: str) -> ObjectTable:
        """The objects described by the first cell."""
        if not self._cells:
            raise corrupt("The object store is empty.")
        metadata = self._decode(0)
        if not isinstance(metadata, np.ndarray) or metadata.dtype != np.uint8:
            raise corrupt("The object store has no index of bytes.")
        return ObjectTable(
            metadata.tobytes(order="F"),
            len(self._cells),
            self._decode,
            limits=self._limits,
            byte_order=self._elements.byte_order,
            file=file,
        )

    def _decode(self, index: int) -> Value:
        tag = self._cells[index]
        return self._decoder.decode(tag.start - 8, tag.next)

    def _find_cells(self) -> list[Tag]:
        wrapper = self._elements.array_header(self._find_wrapper())
        if wrapper.array_class is not ArrayClass.OPAQUE:
            raise unsupported("The object store holds its objects in a form that is not known.")
        cells = self._elements.array_header(self._matrix(wrapper.body, wrapper.end))
        if cells.array_class is not ArrayClass.CELL:
            raise corrupt("The object store has no cells of values.")
        return self._children(cells.body, cells.end, cells.count)

    def _find_wrapper(self) -> Tag:
        """The field ``MCOS`` of the struct that the inner file consists of."""
        struct = self._elements.array_header(self._matrix(8, len(self._elements.data)))
        names, first = self._decoder.field_names(struct)
        if struct.array_class is not ArrayClass.STRUCT or "MCOS" not in names:
            what = "The object store has no MATLAB objects (Java and COM are not read)."
            raise UnsupportedFileError(what, remedy="save the values without their objects.")
        return self._children(first, struct.end, len(names))[names.index("MCOS")]

    def _children(self, position: int, end: int, count: int) -> list[Tag]:
        self._limits.check("max_elements", count, f"The object store has {count} cells")
        children = []
        for _ in range(count):
            children.append(self._matrix(position, end))
            position = children[-1].next
        return children

    def _matrix(self, position: int, end: int) -> Tag:
        return self._elements.expect(position, end, "an array", DataType.MATRIX)
