"""Make hostile level 7.3 files: each shows one way to attack a reader of HDF5.

All are small, however large they claim to be. Files that others refer to lie beside the folder.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from matlab_compat.errors import (
    CorruptFileError,
    LimitExceededError,
    TruncatedFileError,
    UnsafeFileError,
    UnsupportedFileError,
)

SECRET = b"this must never be read"
#: File name -> what makes it, and the error it must meet (``None``: it is harmless).
FILES: dict[str, tuple[Callable[[Path], None], type[Exception] | None]] = {}
#: What some makers do to the finished bytes.
AFTERWARDS: dict[Path, Callable[[bytes], bytes]] = {}
_Maker = Callable[[h5py.File, Path], None]


def hostile(expected: type[Exception] | None) -> Callable[[_Maker], _Maker]:
    """Register a maker of a file that starts as MATLAB's do, and the error it must meet."""

    def register(maker: _Maker) -> _Maker:
        def make(path: Path) -> None:
            with h5py.File(path, "w", userblock_size=512, libver=("earliest", "v110")) as file:
                maker(file, path)
            sign(path)
            if path in AFTERWARDS:
                path.write_bytes(AFTERWARDS.pop(path)(path.read_bytes()))

        FILES[maker.__name__] = (make, expected)
        return maker

    return register


def sign(path: Path) -> None:
    """Put MATLAB's text at the start."""
    with path.open("r+b") as stream:
        text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 2026"
        stream.write(text.ljust(124) + b"\x00\x02IM")


def marked(entry: Any, class_name: str) -> Any:
    """Give an entry MATLAB's class."""
    entry.attrs["MATLAB_class"] = np.bytes_(class_name)
    return entry


def put(parent: Any, name: str, data: Any, class_name: str = "double", **how: Any) -> Any:
    """Write an array as MATLAB does."""
    return marked(parent.create_dataset(name, data=data, **how), class_name)


def put_cell(parent: Any, name: str, references: list[Any]) -> Any:
    """Write a row of cells that refer to other entries."""
    refs = np.array(references, h5py.ref_dtype).reshape(-1, 1)
    return put(parent, name, refs, "cell", dtype=h5py.ref_dtype)


@hostile(TruncatedFileError)
def truncated(file: h5py.File, path: Path) -> None:
    put(file, "x", np.arange(20_000.0).reshape(100, 200))
    AFTERWARDS[path] = lambda data: data[: len(data) // 2]


@hostile(TruncatedFileError)
def header_only(file: h5py.File, path: Path) -> None:
    AFTERWARDS[path] = lambda data: data[:300]


@hostile(CorruptFileError)
def corrupt_gzip_chunk(file: h5py.File, path: Path) -> None:
    x = put(file, "x", np.ones((100, 100)), chunks=(100, 100), compression="gzip")
    x.id.write_direct_chunk((0, 0), b"\x78\x9c" + b"\xff" * 50)


@hostile(LimitExceededError)
def eight_terabytes_declared(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", (1_000_000, 1_000_000), "f8", chunks=(1000, 1000)), "double")


@hostile(LimitExceededError)
def eight_terabytes_in_one_piece(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", (1_000_000, 1_000_000), "f8"), "double")


@hostile(TruncatedFileError)
def gigabyte_in_one_piece_that_is_not_there(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", (1000, 100_000), "f8"), "double")


@hostile(LimitExceededError)
def gzip_bomb(file: h5py.File, path: Path) -> None:
    """3.8 GB of zeros in 4 MB."""
    side = 1 << 28
    x = file.create_dataset("x", (15, side), "u1", chunks=(1, side), compression="gzip")
    chunk = _deflated_zeros(side)
    for row in range(15):
        x.id.write_direct_chunk((row, 0), chunk)
    marked(x, "uint8")


@hostile(CorruptFileError)
def gzip_chunk_larger_than_declared(file: h5py.File, path: Path) -> None:
    """An array of 1 MB whose chunk inflates to 3 GB: the declared size tells nothing."""
    x = file.create_dataset("x", (1000, 1000), "u1", chunks=(1000, 1000), compression="gzip")
    x.id.write_direct_chunk((0, 0), _deflated_zeros(3 << 30))
    marked(x, "uint8")


def _deflated_zeros(size: int) -> bytes:
    """The zlib stream of so many zeros, a multiple of 16 MB, deflated once and repeated."""
    deflate = zlib.compressobj(9, wbits=-15)
    block = deflate.compress(bytes(1 << 24)) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = (size % 65521 << 16) + 1  # Adler-32: the sum of the running sums, and of the bytes
    return b"\x78\xda" + block * (size >> 24) + deflate.flush() + checksum.to_bytes(4, "big")


@hostile(CorruptFileError)
def self_referring_cell(file: h5py.File, path: Path) -> None:
    cell = put_cell(file, "c", [file.ref])
    cell[0, 0] = cell.ref


@hostile(CorruptFileError)
def cells_in_a_circle(file: h5py.File, path: Path) -> None:
    refs = file.create_group("#refs#")
    first = put_cell(refs, "a", [file.ref])
    second = put_cell(refs, "b", [first.ref])
    first[0, 0] = second.ref
    put_cell(file, "c", [first.ref])


@hostile(CorruptFileError)
def hard_link_cycle(file: h5py.File, path: Path) -> None:
    group = marked(file.create_group("s"), "struct")
    group["self"] = group


@hostile(LimitExceededError)
def billion_laughs(file: h5py.File, path: Path) -> None:
    """Nine levels of ten references to the level below."""
    refs = file.create_group("#refs#")
    below = put(refs, "ha", [[1.0]])
    for level in range(9):
        below = put_cell(refs, f"level{level}", [below.ref] * 10)
    put_cell(file, "c", [below.ref])


@hostile(LimitExceededError)
def deeply_nested_cells(file: h5py.File, path: Path) -> None:
    refs = file.create_group("#refs#")
    below = put(refs, "x", [[1.0]])
    for level in range(1500):  # Python's own limit is 1000 calls
        below = put_cell(refs, f"c{level}", [below.ref])
    put_cell(file, "c", [below.ref])


@hostile(CorruptFileError)
def null_reference(file: h5py.File, path: Path) -> None:
    put_cell(file, "c", [h5py.Reference()])


@hostile(UnsafeFileError)
def external_storage(file: h5py.File, path: Path) -> None:
    secret = path.parent.with_name("secret.bin")
    secret.write_bytes(SECRET)
    external = [(str(secret), 0, len(SECRET))]
    x = file.create_dataset("x", (1, len(SECRET)), "u1", external=external)
    marked(x, "uint8")


def _other_file(path: Path) -> Path:
    other = path.parent.with_name("other.h5")
    with h5py.File(other, "w") as file:
        put(file, "x", np.frombuffer(SECRET, np.uint8).reshape(1, -1), "uint8")
    return other


@hostile(UnsafeFileError)
def external_link(file: h5py.File, path: Path) -> None:
    file["x"] = h5py.ExternalLink(str(_other_file(path)), "/x")


@hostile(UnsafeFileError)
def external_link_in_struct(file: h5py.File, path: Path) -> None:
    group = marked(file.create_group("s"), "struct")
    group["x"] = h5py.ExternalLink(str(_other_file(path)), "/x")


@hostile(UnsafeFileError)
def soft_link(file: h5py.File, path: Path) -> None:
    put(file, "x", [[1.0]])
    file["y"] = h5py.SoftLink("/x")


@hostile(UnsafeFileError)
def virtual_dataset(file: h5py.File, path: Path) -> None:
    layout = h5py.VirtualLayout((1, len(SECRET)), "u1")
    layout[:] = h5py.VirtualSource(str(_other_file(path)), "x", (1, len(SECRET)))
    marked(file.create_virtual_dataset("x", layout), "uint8")


@hostile(UnsupportedFileError)
def unknown_filter(file: h5py.File, path: Path) -> None:
    """LZF, which other readers of HDF5 would load code for."""
    put(file, "x", np.ones((100, 100)), compression="lzf")


@hostile(UnsupportedFileError)
def text_of_variable_length(file: h5py.File, path: Path) -> None:
    put(file, "x", [["a", "b"]], "char", dtype=h5py.string_dtype())


@hostile(LimitExceededError)
def field_names_that_share_one_heap(file: h5py.File, path: Path) -> None:
    """4000 field names, all the same megabyte of the file: 4 GB once HDF5 has copied them."""
    count, length = 4000, 1 << 20
    group = marked(file.create_group("s"), "struct")
    put(group, "a", [[1.0]])
    names = np.empty(count, object)
    names[:] = [np.full(length if index == 0 else 1, b"a", "S1") for index in range(count)]
    group.attrs.create("MATLAB_fields", names, dtype=h5py.vlen_dtype(np.dtype("S1")))
    AFTERWARDS[path] = lambda data: _repeat_first(data, length, count)


def _struct_with_a_list_of_fields(file: h5py.File) -> None:
    group = marked(file.create_group("s"), "struct")
    put(group, "a", [[1.0]])
    names = np.empty(1, object)
    names[0] = np.array(["a"], "S1")
    group.attrs.create("MATLAB_fields", names, dtype=h5py.vlen_dtype(np.dtype("S1")))


@hostile(CorruptFileError)
def field_names_of_unknown_kind(file: h5py.File, path: Path) -> None:
    """One changed byte in the type of the names crashes HDF5."""
    _struct_with_a_list_of_fields(file)
    AFTERWARDS[path] = lambda data: re.sub(
        rb"(MATLAB_fields\0+\x19)\0", lambda found: found.group(1) + b"\x95", data
    )


@hostile(CorruptFileError)
def heap_object_without_length(file: h5py.File, path: Path) -> None:
    """HDF5 walks over the heap for ever."""
    _struct_with_a_list_of_fields(file)
    # After the 16 bytes of the heap's header: the first object's number, 6 bytes, its length.
    AFTERWARDS[path] = lambda data: re.sub(
        rb"(GCOL.{12}).{16}", lambda found: found.group(1) + bytes(16), data, flags=re.DOTALL
    )


@hostile(UnsupportedFileError)
def complex_record_whose_parts_overlap(file: h5py.File, path: Path) -> None:
    """A changed byte makes one part a number that only 16 bytes hold: h5py wrote beyond its end."""
    put(file, "x", np.array([[1 + 2j]]).view([("real", "f8"), ("imag", "f8")]))
    real = rb"(real\0.{35}\x11 \x3f\0\x08.{11})\xff"  # up to the bias of the exponent
    AFTERWARDS[path] = lambda data: _changed(data, real, b"\xf7")


@hostile(CorruptFileError)
def field_names_that_are_references(file: h5py.File, path: Path) -> None:
    """One changed bit makes rows of characters rows of references: h5py crashed."""
    _struct_with_a_list_of_fields(file)
    AFTERWARDS[path] = lambda data: _changed(data, rb"(MATLAB_fields\0+\x19.{7})\x13", b"\x17")


@hostile(CorruptFileError)
def field_names_of_another_size(file: h5py.File, path: Path) -> None:
    """One changed byte makes the attribute shorter than its names: HDF5 read on in its memory."""
    _struct_with_a_list_of_fields(file)
    AFTERWARDS[path] = lambda data: _changed(data, rb"(MATLAB_fields\0+\x19.{3})\x10", b"\x08")


@hostile(UnsafeFileError)
def virtual_dataset_with_a_damaged_list(file: h5py.File, path: Path) -> None:
    """HDF5 reads the list of source files on opening the data set; some damage made it run on."""
    virtual_dataset(file, path)
    AFTERWARDS[path] = lambda data: re.sub(
        rb"(GCOL.{12}.{16}).{8}", lambda found: found.group(1) + b"\xff" * 8, data, flags=re.DOTALL
    )


def _changed(data: bytes, before: bytes, new: bytes) -> bytes:
    """``data`` with the byte after what matches ``before`` replaced."""
    changed, count = re.subn(before, lambda found: found.group(1) + new, data, flags=re.DOTALL)
    assert count
    return changed


def _repeat_first(data: bytes, length: int, count: int) -> bytes:
    """Point all elements of an attribute at the object of the first (16 bytes each)."""
    one = re.escape((1).to_bytes(4, "little")) + b".{12}"
    first = re.escape(length.to_bytes(4, "little")) + b".{12}"
    found = re.search(first + one + one, data, re.DOTALL)
    assert found
    at = found.start()
    return data[:at] + data[at : at + 16] * count + data[at + 16 * count :]


@hostile(CorruptFileError)
def empty_array_of_wrong_size(file: h5py.File, path: Path) -> None:
    put(file, "x", np.array([3, 4], np.uint64)).attrs["MATLAB_empty"] = np.uint8(1)


@hostile(CorruptFileError)
def sparse_index_outside(file: h5py.File, path: Path) -> None:
    group = marked(file.create_group("x"), "double")
    group.attrs["MATLAB_sparse"] = np.uint64(3)
    group["jc"] = np.array([0, 1, 1, 1], np.uint64)
    group["ir"] = np.array([2_000_000], np.uint64)
    group["data"] = [1.0]


@hostile(UnsupportedFileError)
def unknown_class(file: h5py.File, path: Path) -> None:
    put(file, "x", [[1.0]], "gizmo")


@hostile(CorruptFileError)
def object_without_store(file: h5py.File, path: Path) -> None:
    words = np.array([[0xDD000000, 2, 1, 1, 1, 1]], np.uint32)
    put(file, "net", words, "SeriesNetwork").attrs["MATLAB_object_decode"] = np.int32(3)


@hostile(None)
def no_matlab_class(file: h5py.File, path: Path) -> None:
    file["x"] = np.arange(6.0).reshape(2, 3)


@hostile(None)
def lone_surrogate(file: h5py.File, path: Path) -> None:
    text = put(file, "x", np.array([[0xD800], [65]], np.uint16), "char")
    text.attrs["MATLAB_int_decode"] = np.int32(2)


@hostile(CorruptFileError)
def two_groups_that_contain_each_other(file: h5py.File, path: Path) -> None:
    outer = marked(file.create_group("a"), "struct")
    inner = marked(outer.create_group("b"), "struct")
    inner["a"] = outer


@hostile(CorruptFileError)
def handle_whose_workspace_is_itself(file: h5py.File, path: Path) -> None:
    handle = marked(file.create_group("#refs#").create_group("h"), "function_handle")
    inner = marked(handle.create_group("function_handle"), "struct")
    put_cell(inner, "workspace", [handle.ref])
    put_cell(file, "c", [handle.ref])


def _nest(file: h5py.File, levels: int) -> None:
    refs = file.create_group("#refs#")
    below = put(refs, "x", [[1.0]])
    for level in range(levels - 1):
        below = put_cell(refs, f"c{level}", [below.ref])
    put_cell(file, "c", [below.ref])


@hostile(LimitExceededError)
def cells_beyond_the_depth(file: h5py.File, path: Path) -> None:
    _nest(file, 101)


@hostile(None)
def cells_to_the_depth(file: h5py.File, path: Path) -> None:
    """As many levels as the limit allows."""
    _nest(file, 100)


def variables(file: h5py.Group, count: int) -> None:
    for number in range(count):
        file.create_dataset(f"v{number}", (1, 1), "f8", np.ones((1, 1)))


def struct_of_fields(file: h5py.File, count: int) -> None:
    variables(marked(file.create_group("s"), "struct"), count)


@hostile(None)
def thousands_of_variables(file: h5py.File, path: Path) -> None:
    variables(file, 3000)


@hostile(None)
def a_struct_of_thousands_of_fields(file: h5py.File, path: Path) -> None:
    struct_of_fields(file, 3000)


@hostile(CorruptFileError)
def empty_of_zero_times_2_to_the_93(file: h5py.File, path: Path) -> None:
    sizes = np.array([0, 2**31, 2**31, 2**31], np.uint64)
    put(file, "x", sizes).attrs["MATLAB_empty"] = np.uint8(1)


@hostile(None)
def zero_times_2_to_the_40(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", (0, 2**40), "f8"), "double")


def _sparse(file: h5py.File, rows: int, starts: list[int], indices: list[int]) -> None:
    group = marked(file.create_group("x"), "double")
    group.attrs["MATLAB_sparse"] = np.uint64(rows)
    group["jc"] = np.array(starts, np.uint64)
    group["ir"] = np.array(indices, np.uint64)
    group["data"] = [1.0]


@hostile(CorruptFileError)
def sparse_starts_descend(file: h5py.File, path: Path) -> None:
    _sparse(file, 3, [0, 1, 0, 1], [0])


@hostile(CorruptFileError)
def sparse_starts_count_too_many(file: h5py.File, path: Path) -> None:
    _sparse(file, 3, [0, 1, 1, 9], [0])


@hostile(CorruptFileError)
def sparse_of_too_few_numbers(file: h5py.File, path: Path) -> None:
    _sparse(file, 3, [0, 2, 2, 2], [0, 1])


@hostile(CorruptFileError)
def sparse_of_no_rows(file: h5py.File, path: Path) -> None:
    _sparse(file, 0, [0, 1, 1, 1], [0])


@hostile(None)
def sparse_of_2_to_the_63_rows(file: h5py.File, path: Path) -> None:
    _sparse(file, 2**63, [0, 1, 1, 1], [0])


@hostile(UnsupportedFileError)
def variable_of_a_name_of_a_megabyte(file: h5py.File, path: Path) -> None:
    put(file, "n" * (1 << 20), [[1.0]], "gizmo")


@hostile(UnsupportedFileError)
def class_of_a_name_of_60_kilobytes(file: h5py.File, path: Path) -> None:
    put(file, "x", [[1.0]], "g" * 60_000)


@hostile(CorruptFileError)
def sparse_without_column_starts(file: h5py.File, path: Path) -> None:
    _sparse(file, 3, [0, 1, 1, 1], [0])
    del file["x"]["jc"]


@hostile(CorruptFileError)
def characters_of_32_bits(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", data=np.array([[0x110000]], np.uint32)), "char")


@hostile(CorruptFileError)
def characters_that_are_numbers(file: h5py.File, path: Path) -> None:
    marked(file.create_dataset("x", data=np.array([[65.5, -1.0]])), "char")


#: Harmless but slow to write and read: not for the tests that go through all files.
_MANY = ("thousands_of_variables", "a_struct_of_thousands_of_fields")
ENORMOUS = {name: FILES.pop(name) for name in _MANY}
