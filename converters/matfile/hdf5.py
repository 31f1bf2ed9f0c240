"""The guarded door to HDF5: nothing is opened or read that could reach outside the file.

Level 7.3 is HDF5, and HDF5 can be made to read other files (external storage, external
and soft links, virtual data sets), to allocate far more than the file holds (declared
sizes, compression) and to load code (filter plug-ins). Each function here checks first
and touches afterwards. HDF5 knows many exception types; :func:`hdf5_errors` leaves one family.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5a, h5d, h5g, h5l, h5o, h5r, h5s, h5t, h5z

from matlab_compat.arrays import Array
from matlab_compat.errors import (
    CorruptFileError,
    LimitExceededError,
    MatlabCompatError,
    TruncatedFileError,
    UnsafeFileError,
)

from .faults import RESAVE_73, corrupt_73, cut_short, unsupported_73
from .hdf5_chunks import read_chunks
from .hdf5_headers import UNKNOWN, Header, Plain, Strings, heap_objects
from .limits import Budget
from .source import Source
from .values import Shape

_MAX_ATTRIBUTE_BYTES = 1 << 20
_MAX_HEAP_BYTES = 1 << 28
_HEAP_HEADER = rb"GCOL\x01...(.{8})"
_HEAP_START = 16
_MIN_HEAP = 4096
_SCAN_BYTES = 1 << 24
_MAX_DEFLATE_RATIO = 1032  # zlib's own bound
_READABLE_KINDS = "biuf"


@contextmanager
def hdf5_errors() -> Iterator[None]:
    """Turn whatever h5py raises into this project's errors."""
    try:
        yield
    except Exception as error:  # h5py raises a dozen kinds, none of its own
        ours = translated(error)
        if ours is error:
            raise
        raise ours from error


def translated(error: Exception) -> MatlabCompatError:
    """The error of this project for an exception; itself, if it is one."""
    if isinstance(error, MatlabCompatError):
        return error
    if isinstance(error, MemoryError):
        return LimitExceededError(
            "The data need more memory than this process can get.",
            remedy="run on a machine with more memory, or read fewer variables",
        )
    if "truncated file" in str(error):
        return cut_short(f"The file ends before the data that it announces ({error}).")
    what = f"HDF5 cannot decode the file: {type(error).__name__}: {error}"
    return CorruptFileError(what, remedy="copy or download the file again, or " + RESAVE_73)


class Node:
    """A group or data set: what its header says, and HDF5's own identifier once that is needed."""

    def __init__(self, file: Hdf5File, address: int, opened: Callable[[], Any]) -> None:
        self.file = file
        self.address = address
        self._opened = opened
        self.header = file.header(address)
        if self.header.is_virtual:
            raise _other_files()
        plain = self.header.plain()
        #: The data set, where its header alone tells all of it and it is within the file.
        self.plain = plain if plain and file.holds(plain) else None

    @cached_property
    def id(self) -> Any:
        """h5py's low-level identifier, which has no types."""
        return _checked(self._opened())

    @property
    def is_group(self) -> bool:
        """Whether it is a group (else it is a data set)."""
        return self.plain is None and isinstance(self.id, h5g.GroupID)

    @cached_property
    def names(self) -> list[str]:
        """The names of a group's members, in HDF5's order (alphabetical)."""
        return [name.decode("utf-8", "surrogateescape") for name in self.id]

    @property
    def shape(self) -> Shape:
        """The size of a data set, in HDF5's order of dimensions."""
        shape: Shape = self.plain.shape if self.plain else self.id.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a data set in memory."""
        return self.plain.dtype if self.plain else self.id.dtype

    @property
    def is_references(self) -> bool:
        """Whether it is a data set of object references (cells and struct arrays are)."""
        if self.plain:
            return self.plain.is_references
        return h5py.check_ref_dtype(self.dtype) is h5py.Reference

    @property
    def nbytes(self) -> int:
        """The bytes of a data set, inflated."""
        if self.plain:
            return math.prod(self.shape) * self.dtype.itemsize
        return math.prod(self.shape) * int(self.id.get_type().get_size())


class References:
    """A data set of object references, in HDF5's own order of dimensions."""

    def __init__(self, node: Node, addresses: npt.NDArray[np.uint64]) -> None:
        self._node = node
        self.shape = addresses.shape
        self._addresses = addresses.ravel()

    def __len__(self) -> int:
        return len(self._addresses)

    def follow(self, index: int) -> Node:
        """What a reference points to (always in the same file)."""
        address = int(self._addresses[index])
        if not address:
            raise corrupt_73("A cell or struct field refers to nothing.")
        return Node(self._node.file, address, partial(self._open, index))

    def _open(self, index: int) -> Any:
        return h5r.dereference(self._references[index], self._node.id)

    @cached_property
    def _references(self) -> Array:
        return _read(self._node.id).ravel()


class Hdf5File:
    """An HDF5 file open for reading, and the checked ways into it."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()  # parts of it are read later, wherever we are then
        with hdf5_errors():
            self._file = h5py.File(self._path, "r", locking="best-effort")
            self._base = self._file.userblock_size
            sizes = self._file.id.get_create_plist().get_sizes()
            root = self._file["/"].id
            address = h5o.get_info(root).addr
        self._source = Source(self._path)
        self._is_usual = tuple(sizes) == (8, 8)
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._heap_bytes = 0
        self.root = Node(self, address, lambda: root)

    def close(self) -> None:
        """Release the file; harmless if it is closed."""
        self._file.close()
        self._source.close()

    def header(self, address: int) -> Header:
        """The header of an object."""
        return Header(self._bytes, address)

    def holds(self, plain: Plain) -> bool:
        """Whether a data set lies within the file, whose numbers have the usual widths."""
        size = math.prod(plain.shape) * plain.dtype.itemsize
        within = self._base + plain.start + size <= self._source.size
        return within and self._is_usual

    def read(self, plain: Plain) -> Array:
        """The numbers of a data set."""
        array = np.empty(plain.shape, plain.dtype)
        self._source.read_into(self._base + plain.start, array.reshape(-1).view(np.uint8))
        return array

    def _bytes(self, position: int, count: int) -> bytes:
        """As many of these bytes as the file has."""
        start = min(self._base + position, self._source.size)
        return self._source.read(start, min(count, self._source.size - start))

    def attribute(self, node: Node, name: str) -> Any:
        """The value of an attribute, or ``None`` if there is none."""
        value = node.header.attribute(name) if self._is_usual else UNKNOWN
        if value is UNKNOWN:
            return self._attribute(node.id, name)
        return self._texts(value) if isinstance(value, Strings) else value

    def _attribute(self, node: Any, name: str) -> Any:
        """The same, told by HDF5."""
        key = name.encode()
        if not h5a.exists(node, key):
            return None
        handle = h5a.open(node, key)
        shape, dtype = handle.shape, handle.dtype  # each asks HDF5 anew
        count = math.prod(shape)
        if handle.get_storage_size() > _MAX_ATTRIBUTE_BYTES:
            raise corrupt_73(f"The attribute {name} is implausibly large.")
        if dtype.kind == "O":
            kind = handle.get_type()
            _check_variable_length(kind.encode()[2:])
            # HDF5 takes from its memory what the attribute is too short for.
            if handle.get_storage_size() != count * kind.get_size():
                raise corrupt_73(f"The attribute {name} has not the size that its type says.")
            self._check_heap_use(count)
            holder = h5py.Group if isinstance(node, h5g.GroupID) else h5py.Dataset
            return h5py.AttributeManager(holder(node))[name]
        if dtype.kind not in _READABLE_KINDS + "S":
            raise corrupt_73(f"The attribute {name} is no number or text.")
        value = np.empty(shape, dtype)
        handle.read(value)
        return value.item() if count == 1 else value

    def _texts(self, strings: Strings) -> list[bytes]:
        """The strings of an attribute, out of the file's global heaps."""
        _check_variable_length(strings.encoded)
        if sum(length for length, _, _ in strings.places) > _MAX_HEAP_BYTES:
            raise _expands()
        return [
            self._heap(heap)[index][:length] if length else b""
            for length, heap, index in strings.places
        ]

    def _heap(self, address: int) -> dict[int, bytes]:
        """The objects of a global heap collection; collections cannot be more than the file."""
        if address not in self._heaps:
            start = self._bytes(address, _HEAP_START)
            size = int.from_bytes(start[8:], "little")
            if start[:5] != b"GCOL\x01" or self._heap_bytes + size > self._source.size:
                raise corrupt_73("A list of field names is damaged.")
            self._heap_bytes += size
            self._heaps[address] = _objects_of(self._bytes(address, size), size)
        return self._heaps[address]

    def field_names(self, node: Node) -> list[str] | None:
        """MATLAB's order of the fields of a struct, where the file has it."""
        value = self.attribute(node, "MATLAB_fields")
        if isinstance(value, h5py.Reference):  # MATLAB moves long lists into a data set
            where = np.empty(1, np.uint64)
            h5a.open(node.id, b"MATLAB_fields").read(where, mtype=h5t.STD_REF_OBJ)
            target = Node(self, int(where[0]), partial(h5r.dereference, value, node.id))
            if target.is_group or h5py.check_vlen_dtype(target.dtype) is None:
                raise corrupt_73("The list of field names is no list.")
            _check_variable_length(target.id.get_type().encode()[2:])
            self._check_heap_use(math.prod(target.shape))
            value = h5py.Dataset(target.id)[()]
        if value is None:
            return None
        return [
            (name if isinstance(name, bytes) else b"".join(np.atleast_1d(name))).decode(
                "utf-8", "replace"
            )
            for name in value
        ]

    def _check_heap_use(self, count: int) -> None:
        """Refuse elements that may share a large heap object: HDF5 copies it for each of them."""
        if count * self._largest_heap > _MAX_HEAP_BYTES:
            raise _expands()

    @cached_property
    def _largest_heap(self) -> int:
        """The size of the largest collection of variable-length data, once all are checked."""
        with self._path.open("rb") as stream:
            # HDF5 itself refuses all others; chance makes none of these in other data.
            heaps = [
                (at, size)
                for at, size in _heaps(stream)
                if _MIN_HEAP <= size <= self._source.size - at
            ]
            if sum(size for _, size in heaps) > self._source.size:
                raise corrupt_73("Lists of field names overlap.")
            for at, size in heaps:
                stream.seek(at)
                _objects_of(stream.read(size), size)
        return max((size for _, size in heaps), default=0)


def _expands() -> LimitExceededError:
    what = "The names of a struct's fields expand to implausibly many bytes."
    return LimitExceededError(what, remedy=RESAVE_73)


def _heaps(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Start and size of all global heap collections; 4096 bytes each in ordinary files."""
    position, tail = 0, b""
    while block := stream.read(_SCAN_BYTES):
        view = tail + block
        for match in re.finditer(_HEAP_HEADER, view, re.DOTALL):
            yield position - len(tail) + match.start(), int.from_bytes(match.group(1), "little")
        position += len(block)
        tail = view[-15:]


def _objects_of(data: bytes, size: int) -> dict[int, bytes]:
    """The objects of a collection of ``size`` bytes: HDF5 does not end where one has no length."""
    found = heap_objects(data) if len(data) == size else None
    if found is None:
        raise corrupt_73("A list of field names is damaged.")
    return found


def _check_variable_length(encoded: bytes) -> None:
    """Refuse kinds other than references and characters in a row: HDF5 and h5py may crash."""
    kind_of, variant = encoded[0] & 0xF, encoded[1] & 0xF
    if kind_of == h5t.REFERENCE and variant == 0:
        return
    element, size = encoded[8] & 0xF, int.from_bytes(encoded[12:16], "little")
    allowed = {0: (h5t.STRING,), 1: (h5t.STRING, h5t.INTEGER)}.get(variant, ())
    if kind_of != h5t.VLEN or element not in allowed or size != 1:
        raise corrupt_73("The type of the names of fields is not known.")


def member(group: Node, name: str) -> Node:
    """One member of a group. Raises :class:`UnsafeFileError` for any soft kind of link."""
    key = name.encode("utf-8", "surrogateescape")
    link = group.id.links.get_info(key)
    if link.type != h5l.TYPE_HARD:
        what = f"The entry {name!r} is a soft or external link: it may lead to another file."
        raise UnsafeFileError(what, remedy="links are never followed; " + RESAVE_73)
    return Node(group.file, link.u, partial(h5o.open, group.id, key))


def _checked(node: Any) -> Any:
    """An opened object, if it is a group or a data set that is kept in this file."""
    if isinstance(node, h5g.GroupID):
        return node
    if not isinstance(node, h5d.DatasetID):
        raise corrupt_73("An entry is neither a group nor a data set.")
    plan = node.get_create_plist()
    if plan.get_layout() == h5d.VIRTUAL or plan.get_external_count():
        raise _other_files()
    return node


def _other_files() -> UnsafeFileError:
    what = "A data set keeps its data in other files (external storage or virtual data set)."
    return UnsafeFileError(what, remedy="such data are never read; " + RESAVE_73)


def read_references(node: Node, budget: Budget) -> References:
    """Read a data set of object references."""
    if node.is_group or not node.is_references:
        raise corrupt_73("A cell holds something other than references.")
    budget.spend_elements(math.prod(node.shape))
    if node.plain:
        return References(node, node.file.read(node.plain).astype(np.uint64, copy=False))
    if _filters(node.id):  # HDF5 inflates these, to whatever size they turn out to have
        budget.spend_bytes(_MAX_DEFLATE_RATIO * node.id.get_storage_size())
    addresses = np.empty(node.shape, np.uint64)
    node.id.read(h5s.ALL, h5s.ALL, addresses, mtype=h5t.STD_REF_OBJ)
    return References(node, addresses)


def read_array(node: Node, budget: Budget) -> Array:
    """Read a numeric data set, in HDF5's own order of dimensions and native byte order."""
    dtype = None if node.is_group or node.is_references else node.dtype
    if dtype is None or not _is_number(dtype):
        raise unsupported_73(
            f"There are {dtype or 'groups or references'} where numbers should be; "
            "MATLAB writes none."
        )
    budget.spend_bytes(math.prod(node.shape) * dtype.itemsize)
    if node.plain:
        array = node.file.read(node.plain)
    else:
        filters = _filters(node.id)
        array = read_chunks(node.id, filters) if filters else _read(node.id)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


@cache
def _is_number(dtype: np.dtype[Any]) -> bool:
    """Whether a type is a plain number, or a record of two (complex), without gaps or overlap.

    Of a record whose parts overlap h5py makes a larger type in memory, and writes beyond the end
    of the array.
    """
    parts = [dtype[name] for name in dtype.names] if dtype.names else [dtype]
    return all(part.kind in _READABLE_KINDS and part.itemsize <= 8 for part in parts) and (
        sum(part.itemsize for part in parts) == dtype.itemsize == h5t.py_create(dtype).get_size()
    )


def _read(node: Any) -> Array:
    array = np.empty(node.shape, node.dtype)
    node.read(h5s.ALL, h5s.ALL, array)
    return array


def _filters(node: Any) -> list[int]:
    """A data set's filters in order, gzip or shuffle: for others HDF5 would run plug-ins."""
    plan = node.get_create_plist()
    if plan.get_layout() != h5d.CHUNKED:
        # Only chunks may be missing, which read as 0: data in one piece must be there in full.
        announced = math.prod(node.shape) * node.get_type().get_size()
        if (there := node.get_storage_size()) < announced:
            raise TruncatedFileError(
                f"A data set announces {announced} bytes; the file holds {there}.",
                remedy="copy or download the file again, or " + RESAVE_73,
            )
        return []
    filters = [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    if not {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE}.issuperset(filters):
        raise unsupported_73(
            f"A data set is encoded with HDF5 filters {filters}; MATLAB uses gzip."
        )
    return filters
