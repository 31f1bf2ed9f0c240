"""The index of an object store: the first cell of the ``FileWrapper__``, versions 2 to 4.

It is a list of 32-bit words: names, classes, and for each object its class and the lists of
its properties. No official document describes it; the layout was learned from files and from
the notes of the mat-io project. Numbers count from 1; record 0 of every list is a dummy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import numpy as np

from matlab_compat.errors import UnsupportedFileError

from .faults import corrupt

#: Cells at the end of the store that are no property values, by version.
_CELLS_AT_END = {2: 1, 3: 2, 4: 3}
_NAMES_AT = 40
_T = TypeVar("_T")


class PropertyKind(IntEnum):
    """What the third word of a property is."""

    NAME = 0  # a name: the member of an enumeration
    CELL = 1  # a cell of the store
    NUMBER = 2  # the value itself: a logical or small number


@dataclass(frozen=True, slots=True)
class Property:
    """One saved property: what ``value`` means depends on ``kind``."""

    name: str
    kind: int
    value: int


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One object: the numbers of its class and of its property lists (0: none)."""

    class_id: int
    saved: int
    plain: int
    dynamic: int


class ObjectIndex:
    """Names, classes, objects and property lists of a store; ``CorruptFileError`` beyond a list."""

    def __init__(self, metadata: bytes, cell_count: int, byte_order: str) -> None:
        if len(metadata) < _NAMES_AT:
            raise corrupt("The index of the object store is too short.")
        head = np.frombuffer(metadata[:_NAMES_AT], byte_order + "u4").tolist()
        if head[0] not in _CELLS_AT_END:
            raise UnsupportedFileError(
                f"The object store has version {head[0]}; 2 to 4 are known.",
                remedy="save the file again in an older MATLAB, or report this file.",
            )
        self._cells_at_end = _CELLS_AT_END[head[0]]
        self._cell_count = cell_count
        offsets = head[2:8]  # two more are 0 where a version has no such region
        bounds = itertools.pairwise([_NAMES_AT, *offsets, len(metadata)])
        if any(start > end for start, end in bounds):
            raise corrupt("The regions of the object store overlap.")
        self._names = metadata[_NAMES_AT : offsets[0]].split(b"\0")[: head[1]]
        regions = [
            np.frombuffer(metadata[start : start + (end - start) // 4 * 4], byte_order + "u4")
            for start, end in itertools.pairwise(offsets)
        ]
        self._classes = regions[0].tolist()
        self._saved = _Records(regions[1].tolist(), 3)
        self._objects = regions[2].tolist()
        self._plain = _Records(regions[3].tolist(), 3)
        self._dynamic = _Records(regions[4].tolist(), 1)

    def name(self, number: int) -> str:
        """A property, class or member name."""
        return _at(self._names, number - 1, "name").decode("utf-8", "replace")

    def class_name(self, class_id: int) -> str:
        """The name of a class, with its packages."""
        start = 4 * class_id
        if class_id < 1:
            raise corrupt(f"There is no class number {class_id}.")
        package = _at(self._classes, start, "class")
        name = self.name(_at(self._classes, start + 1, "class"))
        return f"{self.name(package)}.{name}" if package else name

    def entry(self, object_id: int) -> ObjectEntry:
        """The numbers of one object."""
        start = 6 * object_id
        if object_id < 1 or start + 6 > len(self._objects):
            count = max(len(self._objects) // 6 - 1, 0)
            raise corrupt(f"There is no object number {object_id}; the store has {count}.")
        class_id, _, _, saved, plain, dynamic = self._objects[start : start + 6]
        return ObjectEntry(class_id, saved, plain, dynamic)

    def properties(self, entry: ObjectEntry) -> Iterator[Property]:
        """The saved properties of an object, those of its ``saveobj`` first."""
        for records, number in ((self._saved, entry.saved), (self._plain, entry.plain)):
            if number:
                words = records.record(number)
                for name, kind, value in zip(words[::3], words[1::3], words[2::3], strict=True):
                    yield Property(self.name(name), kind, value)

    def dynamic_properties(self, entry: ObjectEntry) -> Sequence[int]:
        """The object numbers of properties that were added to one object alone."""
        return self._dynamic.record(entry.dynamic) if entry.dynamic else ()

    def property_cell(self, value: int) -> int:
        """The cell that holds a property value."""
        if value >= self._cell_count - 2 - self._cells_at_end:
            raise corrupt(f"Property value {value} is not in the object store.")
        return value + 2

    @property
    def defaults_cell(self) -> int:
        """The cell that holds the default properties of each class."""
        return self._cell_count - 1


class _Records:
    """Lists of different lengths one after the other, each padded to an even number of words."""

    def __init__(self, words: list[int], width: int) -> None:
        self._words = words
        self._width = width
        self._starts = [0]

    def record(self, number: int) -> list[int]:
        """The words of one record; the way there is walked once."""
        while len(self._starts) <= number:
            start = self._starts[-1]
            length = 1 + self._length(start)
            self._starts.append(start + length + length % 2)
        start = self._starts[number]
        return self._words[start + 1 : start + 1 + self._length(start)]

    def _length(self, start: int) -> int:
        length = self._width * _at(self._words, start, "property list")
        if start + 1 + length > len(self._words):
            raise corrupt("A property list is cut short.")
        return length


def _at(items: Sequence[_T], index: int, what: str) -> _T:
    if not 0 <= index < len(items):
        raise corrupt(f"The object store has no {what} number {index}.")
    return items[index]
