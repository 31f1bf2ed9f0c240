"""Write neutral values as MATLAB's level 7.3: HDF5 with MATLAB's header and attributes."""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from matlab_compat.arrays import Array

from .values import SparseArray, StructArray, Value, mat_class
from .write5 import file_header, units_of_array, units_of_row

_USERBLOCK = 512
#: MATLAB compresses nothing smaller than this.
_COMPRESS_FROM_BYTES = 10_000
#: MATLAB moves longer lists of field names out of the attribute.
_MAX_FIELDS_ATTRIBUTE = 4096
_UTF16, _LOGICAL = 2, 1


def write(path: Path, variables: Mapping[str, Value], text: str) -> None:
    """Write checked variables to a fresh file whose header says ``text``."""
    # MATLAB up to R2024 reads with HDF5 1.10 or older, so nothing newer may be written.
    with h5py.File(path, "w", userblock_size=_USERBLOCK, libver=("earliest", "v108")) as file:
        writer = Writer(file)
        for name, value in variables.items():
            writer.put(file, name, value)
    write_header(path, text)


def write_header(path: Path, text: str) -> None:
    """Write MATLAB's text into the block that HDF5 left free at the start of the file."""
    with path.open("r+b") as stream:
        stream.write(file_header(text, version=0x0200))


class Writer:
    """Puts values into an open file; what cells refer to goes to ``/#refs#``."""

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        #: a, b, ... z, A, ... Z, aa, ab ... as MATLAB names the entries of ``/#refs#``.
        self._names = (
            "".join(letters)
            for length in itertools.count(1)
            for letters in itertools.product(string.ascii_letters, repeat=length)
        )

    def put(self, parent: h5py.Group, name: str, value: Value) -> h5py.HLObject:
        """Write one value, and all inside it, as ``name`` in a group."""
        if isinstance(value, str):
            entry = self._array(parent, name, units_of_row(value), "char", _UTF16)
        elif isinstance(value, StructArray):
            entry = self._struct(parent, name, value)
        elif isinstance(value, SparseArray):
            entry = self._sparse(parent, name, value)
        elif value.dtype.kind == "U":
            entry = self._array(parent, name, units_of_array(value), "char", _UTF16)
        elif value.dtype.kind == "O":
            entry = self._cell(parent, name, value)
        else:
            decode = _LOGICAL if value.dtype == bool else 0
            entry = self._array(parent, name, value, mat_class(value), decode)
        if parent.name.startswith("/#refs#"):
            entry.attrs["H5PATH"] = np.bytes_(entry.name)
        return entry

    def references(self, parent: h5py.Group, name: str, shape: Any, values: Any) -> h5py.Dataset:
        """Write values to ``/#refs#`` and a data set that refers to them, column-major."""
        refs = self._file.require_group("#refs#")
        flat = np.empty(math.prod(shape), h5py.ref_dtype)
        for index, value in enumerate(values):
            flat[index] = self.put(refs, next(self._names), value).ref
        return parent.create_dataset(name, data=flat.reshape(shape[::-1]), dtype=h5py.ref_dtype)

    def _empty(self, parent: h5py.Group, name: str, shape: Any, class_name: str) -> h5py.Dataset:
        entry = parent.create_dataset(name, data=np.array(shape, np.uint64))
        entry.attrs["MATLAB_class"] = np.bytes_(class_name)
        entry.attrs["MATLAB_empty"] = np.uint8(1)
        return entry

    def _array(
        self, parent: h5py.Group, name: str, array: Array, class_name: str, int_decode: int = 0
    ) -> h5py.Dataset:
        if array.size:
            entry = parent.create_dataset(name, data=_stored(array), **_compression(array))
            entry.attrs["MATLAB_class"] = np.bytes_(class_name)
        else:
            entry = self._empty(parent, name, array.shape, class_name)
        if int_decode:
            entry.attrs["MATLAB_int_decode"] = np.int32(int_decode)
        return entry

    def _cell(self, parent: h5py.Group, name: str, cells: Array) -> h5py.Dataset:
        if not cells.size:
            return self._empty(parent, name, cells.shape, "cell")
        entry = self.references(parent, name, cells.shape, cells.ravel(order="F"))
        entry.attrs["MATLAB_class"] = np.bytes_("cell")
        return entry

    def _struct(self, parent: h5py.Group, name: str, value: StructArray) -> h5py.HLObject:
        if not len(value) or not value.fields:
            entry = self._empty(parent, name, value.shape, "struct")
        else:
            entry = parent.create_group(name)
            entry.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, values in value.fields.items():
                if value.shape == (1, 1):
                    self.put(entry, field, values[0])
                else:
                    self.references(entry, field, value.shape, values)
        if value.fields:
            self._put_field_names(entry, list(value.fields))
        return entry

    def _put_field_names(self, entry: h5py.HLObject, fields: list[str]) -> None:
        kind = h5py.vlen_dtype(np.dtype("S1"))
        names = np.empty(len(fields), object)
        for index, field in enumerate(fields):
            names[index] = np.frombuffer(field.encode("ascii"), "S1")
        if sum(map(len, fields)) < _MAX_FIELDS_ATTRIBUTE:
            entry.attrs.create("MATLAB_fields", names, dtype=kind)
            return
        refs = self._file.require_group("#refs#")
        stored = refs.create_dataset(next(self._names), data=names, dtype=kind)
        entry.attrs.create("MATLAB_fields", stored.ref, dtype=h5py.ref_dtype)

    def _sparse(self, parent: h5py.Group, name: str, value: SparseArray) -> h5py.Group:
        entry = parent.create_group(name)
        entry.attrs["MATLAB_class"] = np.bytes_(mat_class(value.data))
        entry.attrs["MATLAB_sparse"] = np.uint64(value.shape[0])
        if value.data.dtype == bool:
            entry.attrs["MATLAB_int_decode"] = np.int32(_LOGICAL)
        parts = {"jc": value.indptr.astype(np.uint64)}
        if len(value.data):
            parts |= {"ir": value.indices.astype(np.uint64), "data": _stored(value.data)}
        for part, array in parts.items():
            entry.create_dataset(part, data=array, **_compression(array))
        return entry


def _stored(array: Array) -> Array:
    """The array as HDF5 holds it: dimensions reversed, contiguous, complex as a record."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    reversed_ = np.ascontiguousarray(native.T)
    if reversed_.dtype == bool:
        return reversed_.view(np.uint8)
    if reversed_.dtype.kind == "c":
        part = reversed_.real.dtype
        return reversed_.view([("real", part), ("imag", part)])
    return reversed_


def _compression(array: Array) -> dict[str, Any]:
    if array.nbytes < _COMPRESS_FROM_BYTES:
        return {}
    return {"compression": "gzip", "compression_opts": 3, "chunks": True}
