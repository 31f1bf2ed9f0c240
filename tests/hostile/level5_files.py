"""Hand-packed level 5 files: elements to build with, and the corpus of hostile files.

Nothing here uses the readers under test: the bytes are packed with ``struct`` from the
published description of the format.
"""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

INT8, UINT8, INT16, UINT16, INT32, UINT32, SINGLE = 1, 2, 3, 4, 5, 6, 7
DOUBLE, INT64, UINT64, MATRIX, COMPRESSED, UTF8, UTF16, UTF32 = 9, 12, 13, 14, 15, 16, 17, 18
CELL, STRUCT, OBJECT, CHAR, SPARSE, MX_DOUBLE, MX_UINT8, FUNCTION, OPAQUE = (
    1, 2, 3, 4, 5, 6, 9, 16, 17,
)  # fmt: skip
COMPLEX, GLOBAL, LOGICAL = 0x800, 0x400, 0x200


def element(kind: int, data: bytes, order: str = "<", size: int | None = None) -> bytes:
    """A data element padded to 8 bytes; ``size`` lies about its length."""
    tag = struct.pack(order + "II", kind, len(data) if size is None else size)
    return tag + data + bytes(-len(data) % 8)


def small(kind: int, data: bytes, order: str = "<") -> bytes:
    """A small element: tag and up to 4 bytes of data in 8 bytes."""
    return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")


def array(
    array_class: int,
    shape: tuple[int, ...],
    *parts: bytes,
    name: str = "",
    flags: int = 0,
    order: str = "<",
    size: int | None = None,
) -> bytes:
    """An array element: flags, dimensions and name, then ``parts``."""
    body = element(UINT32, struct.pack(order + "II", array_class | flags, 0), order)
    body += element(INT32, struct.pack(f"{order}{len(shape)}i", *shape), order)
    body += element(INT8, name.encode(), order) + b"".join(parts)
    return element(MATRIX, body, order, size)


def doubles(*numbers: float, order: str = "<") -> bytes:
    """A data element of doubles."""
    return element(DOUBLE, struct.pack(f"{order}{len(numbers)}d", *numbers), order)


def int32s(*numbers: int, order: str = "<") -> bytes:
    """A data element of 32-bit numbers."""
    return element(INT32, struct.pack(f"{order}{len(numbers)}i", *numbers), order)


def scalar(value: float, name: str = "") -> bytes:
    """A 1 x 1 double."""
    return array(MX_DOUBLE, (1, 1), doubles(value), name=name)


def struct_array(
    shape: tuple[int, ...], fields: list[str], *values: bytes, name: str = "", width: int = 8
) -> bytes:
    """A struct array; ``values`` in the order of the elements."""
    names = b"".join(field.encode().ljust(width, b"\0") for field in fields)
    return array(
        STRUCT, shape, small(INT32, struct.pack("<i", width)), element(INT8, names), *values,
        name=name,
    )  # fmt: skip


def opaque(class_name: str, value: bytes, name: str = "", type_system: str = "MCOS") -> bytes:
    """An object that refers to its values."""
    body = element(UINT32, struct.pack("<II", OPAQUE, 0))
    for text in (name, type_system, class_name):
        body += element(INT8, text.encode())
    return element(MATRIX, body + value)


def reference(class_id: int, *object_ids: int) -> bytes:
    """A column of words that refers to objects."""
    words = (0xDD000000, 2, len(object_ids), 1, *object_ids, class_id)
    return array(13, (len(words), 1), element(UINT32, struct.pack(f"<{len(words)}I", *words)))


def compressed(content: bytes, order: str = "<") -> bytes:
    """A compressed element (these are not padded)."""
    data = zlib.compress(content)
    return struct.pack(order + "II", COMPRESSED, len(data)) + data


def header(order: str = "<", subsystem: int = 0) -> bytes:
    """The 128 bytes at the start of a file."""
    text = b"MATLAB 5.0 MAT-file, Platform: TEST, Created on: Mon Jan  1 00:00:00 2024"
    return text.ljust(116) + struct.pack(order + "QHH", subsystem, 0x0100, 0x4D49)


def file(*elements: bytes, order: str = "<", subsystem: int = 0) -> bytes:
    """A whole file."""
    return header(order, subsystem) + b"".join(elements)


def object_index(
    names: list[str],
    classes: list[tuple[int, int]],
    objects: list[tuple[int, int, int, int]],
    saved: list[list[tuple[int, int, int]]] = (),
    plain: list[list[tuple[int, int, int]]] = (),
    version: int = 4,
) -> bytes:
    """The index of an object store. Objects: class, saved list, plain list, dynamic list."""
    text = b"".join(name.encode() + b"\0" for name in names)
    text += bytes(-len(text) % 8)
    regions = [
        _words([0] * 4 + [n for package, name in classes for n in (package, name, 0, 0)]),
        _records(saved),
        _words([0] * 6 + [n for c, s, p, d in objects for n in (c, 0, 0, s, p, d)]),
        _records(plain),
        _words([0, 0] * (1 + max((d for *_, d in objects), default=0))),
        b"",
        bytes(8),
    ]
    offsets = [40 + len(text)]
    for region in regions:
        offsets.append(offsets[-1] + len(region))
    head = _words([version, len(names), *offsets[:8]])
    return head + text + b"".join(regions)


def _words(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _records(lists: list[list[tuple[int, int, int]]]) -> bytes:
    words = [0, 0]
    for record in lists:
        words += [len(record), *(n for entry in record for n in entry)]
        words += [0] * (len(words) % 2)
    return _words(words)


def object_store(index: bytes, *cells: bytes, defaults: bytes | None = None) -> bytes:
    """The element that holds the objects: a file within an array of bytes (version 4)."""
    no_defaults = array(CELL, (1, 1), struct_array((1, 1), []))
    content = [
        array(MX_UINT8, (len(index), 1), element(UINT8, index)),
        array(MX_DOUBLE, (0, 0), element(DOUBLE, b"")),
        *cells,
        array(CELL, (0, 0)),
        array(CELL, (0, 0)),
        no_defaults if defaults is None else defaults,
    ]
    wrapper = opaque("FileWrapper__", array(CELL, (len(content), 1), *content))
    inner = b"\0\1IM\0\0\0\0" + struct_array((1, 1), ["MCOS"], wrapper)
    return array(MX_UINT8, (1, len(inner)), element(UINT8, inner))


def object_file(variable: bytes, index: bytes, *cells: bytes, **store: bytes) -> bytes:
    """A file of one variable and an object store."""
    return file(variable, object_store(index, *cells, **store), subsystem=128 + len(variable))


def nested(levels: int, shell: bytes, core: bytes) -> bytes:
    """``core`` within ``levels`` arrays; ``shell`` is what stands before each one's child."""
    size = len(core)
    tags = []
    for _ in range(levels):
        size += len(shell)
        tags.append(struct.pack("<II", MATRIX, size) + shell)
        size += 8
    return b"".join(reversed(tags)) + core


def nested_cells(levels: int) -> bytes:
    """A cell in a cell in a cell ..."""
    shell = array(CELL, (1, 1))[8:]
    return array(CELL, (1, 1), nested(levels - 1, shell, scalar(1.0)), name="x")


def nested_structs(levels: int) -> bytes:
    """A struct in a struct in a struct ..."""
    shell = struct_array((1, 1), ["a"])[8:]
    return struct_array((1, 1), ["a"], nested(levels - 1, shell, scalar(1.0)), name="x")


def bomb(inner_size: int, declared: int | None = None) -> bytes:
    """A uint8 array of zeros; made by repeating one packed block, so its checksum is wrong."""
    head = array(MX_UINT8, (2, inner_size // 2), name="x")[8:]
    head += struct.pack("<II", UINT8, inner_size)
    size = len(head) + inner_size if declared is None else declared
    packer = zlib.compressobj(9)
    start = packer.compress(struct.pack("<II", MATRIX, size) + head)
    start += packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = start + block * (inner_size >> 20) + packer.compress(b"\0") + packer.flush()
    return struct.pack("<II", COMPRESSED, len(data)) + data


def _flip_last(data: bytes, back: int = 1) -> bytes:
    return data[:-back] + bytes([data[-back] ^ 0xFF]) + data[len(data) - back + 1 :]


#: name -> (content, names of the acceptable errors; "" where reading must succeed)
Corpus = dict[str, tuple[bytes, set[str]]]

CORRUPT, TRUNCATED, LIMIT, NOT_MAT = (
    "CorruptFileError",
    "TruncatedFileError",
    "LimitExceededError",
    "NotAMatFileError",
)
UNSUPPORTED = "UnsupportedFileError"


@functools.cache
def corpus() -> Corpus:
    """Every hostile file that is small enough to keep in memory; packed once, nobody changes it."""
    files: Corpus = {}
    parts = (_ends, _sizes, _packed, _deep, _types, _objects, _lies, _handles, _long_names)
    for part in (make() for make in parts):
        for name, content, *errors in part:
            assert name not in files
            files[name] = (content, set(errors))
    return files


_Row = tuple[bytes | str, ...]


def _ends() -> Iterator[_Row]:
    good = file(scalar(1.0, "a"), scalar(2.0, "b"))
    packed = file(compressed(scalar(1.0, "a")), compressed(scalar(2.0, "b")))
    yield "empty", b"", NOT_MAT
    yield "ten bytes", b"0123456789", NOT_MAT
    yield "text", b"net = load('x.mat');\n" * 50, NOT_MAT
    yield "zeros", bytes(200_000), NOT_MAT
    yield "header only", header(), ""
    yield "half a header", header()[:100], TRUNCATED
    yield "cut in half", good[: 128 + 80], TRUNCATED
    yield "cut in half, packed", packed[: len(packed) - 20], TRUNCATED
    yield "cut in a tag", good[: len(good) - 84], TRUNCATED
    yield "cut by one byte", good[:-1], TRUNCATED
    yield "zeros after the variables", good + bytes(64), CORRUPT
    yield "garbage after the variables", good + b"\xa5" * 64, CORRUPT, TRUNCATED
    yield "header of version 9", header()[:124] + b"\0\x09IM", UNSUPPORTED
    yield "duplicate names", file(scalar(1.0, "a"), scalar(2.0, "a")), ""


def _sizes() -> Iterator[_Row]:
    data = doubles(1, 2, 3, 4, 5)
    yield "negative size", file(array(MX_DOUBLE, (-1, 5), data, name="x")), CORRUPT
    yield "two negative sizes", file(array(MX_DOUBLE, (-1, -5), data, name="x")), CORRUPT
    yield "size 2^31", file(array(MX_DOUBLE, (2**31 - 1, 2**31 - 1), data, name="x")), CORRUPT
    yield "one dimension", file(array(MX_DOUBLE, (5,), data, name="x")), CORRUPT
    yield "no dimension", file(array(MX_DOUBLE, (), data, name="x")), CORRUPT
    yield "1000 dimensions", file(array(MX_DOUBLE, (1,) * 1000, doubles(1), name="x")), CORRUPT
    yield "too few numbers", file(array(MX_DOUBLE, (2, 3), data, name="x")), CORRUPT
    yield "too many numbers", file(array(MX_DOUBLE, (2, 2), data, name="x")), CORRUPT
    yield (
        "element of 4 GiB",
        header() + struct.pack("<II", MATRIX, 2**32 - 8) + bytes(50),
        TRUNCATED,
    )
    huge = element(DOUBLE, bytes(8), size=2**32 - 8)
    yield "data of 4 GiB", file(array(MX_DOUBLE, (2**29 - 1, 1), huge, name="x")), CORRUPT
    yield (
        "element beyond its parent",
        file(array(CELL, (1, 1), array(MX_DOUBLE, (1, 1), doubles(1), size=4096), name="x")),
        CORRUPT,
    )
    yield (
        "left over bytes",
        file(array(MX_DOUBLE, (1, 1), doubles(1), doubles(2), name="x")),
        CORRUPT,
    )
    yield (
        "left over bytes of a struct without fields",
        file(struct_array((1, 1), [], scalar(1), name="x")),
        CORRUPT,
    )
    odd = opaque("thing", array(13, (1, 1), element(UINT32, b"abc")), name="x")
    yield "reference of 3 bytes", file(odd), CORRUPT
    yield "cell of 1e9", file(array(CELL, (10**9, 1), name="x")), CORRUPT
    yield (
        "struct of 1e9",
        file(array(STRUCT, (10**9, 1), small(INT32, b"\1\0\0\0"), element(INT8, b"a"), name="x")),
        CORRUPT,
        LIMIT,
    )
    yield (
        "struct of 1e9 without fields",
        file(array(STRUCT, (10**9, 1), small(INT32, b"\1\0\0\0"), element(INT8, b""), name="x")),
        LIMIT,
    )
    yield (
        "object of 1e9",
        file(
            array(
                OBJECT,
                (10**9, 1),
                element(INT8, b"c"),
                small(INT32, b"\1\0\0\0"),
                element(INT8, b""),
                name="x",
            )
        ),
        LIMIT,
    )
    yield (
        "char of 2^60 without bytes",
        file(array(CHAR, (2**30, 2**30), element(UTF8, b""), name="x")),
        LIMIT,
    )
    yield "6e6 empty cells", file(compressed(_empty_cells(6_000_000))), LIMIT


def _empty_cells(count: int) -> bytes:
    empty = struct.pack("<II", MATRIX, 0)
    return array(CELL, (count, 1), empty * count, name="x")


def _packed() -> Iterator[_Row]:
    content = array(MX_DOUBLE, (1, 64), doubles(*range(64)), name="x")
    good = compressed(content)
    middle = bytearray(good)
    middle[len(good) // 2] ^= 0xFF
    yield "damaged deflate data", file(bytes(middle)), CORRUPT
    yield "wrong checksum", file(_flip_last(good)), CORRUPT
    yield "not deflate", file(struct.pack("<II", COMPRESSED, 16) + b"\xff" * 16), CORRUPT
    yield "empty packed element", file(struct.pack("<II", COMPRESSED, 0)), CORRUPT
    yield "packed scalar element", file(compressed(doubles(1.0))), CORRUPT
    yield "packed in packed", file(compressed(compressed(content))), CORRUPT
    short = struct.pack("<II", MATRIX, len(content) - 16) + content[8:]
    yield "more than announced", file(compressed(short)), CORRUPT
    long = struct.pack("<II", MATRIX, len(content) + 16) + content[8:]
    yield "less than announced", file(compressed(long)), CORRUPT
    giant = struct.pack("<II", MATRIX, 2**32 - 16) + content[8:]
    yield "impossible ratio", file(compressed(giant)), CORRUPT
    yield "bomb that lies", file(bomb(1 << 26, declared=1 << 10)), CORRUPT


def _deep() -> Iterator[_Row]:
    for levels in (101, 1_000, 5_000, 20_000):
        yield f"{levels} cells deep", file(nested_cells(levels)), LIMIT
        yield f"{levels} structs deep", file(nested_structs(levels)), LIMIT
    # Beyond the stack of any process, were each level a call.
    yield "1e5 cells deep", file(compressed(nested_cells(100_000))), LIMIT
    yield "99 cells deep", file(nested_cells(99)), ""


def _types() -> Iterator[_Row]:
    for kind in (0, 8, 10, 14, 15, 16, 19, 20, 100, 5000):
        data = element(kind, bytes(8))
        yield f"numbers of type {kind}", file(array(MX_DOUBLE, (1, 1), data, name="x")), CORRUPT
    for kind in (0, 8, 9, 14, 19, 200, 65535):
        data = element(kind, b"ab")
        yield f"characters of type {kind}", file(array(CHAR, (1, 2), data, name="x")), CORRUPT
    wrong = element(DOUBLE, bytes(8))
    yield "double in int32", file(array(12, (1, 1), wrong, name="x")), CORRUPT
    yield (
        "complex without imaginary part",
        file(array(MX_DOUBLE, (1, 1), doubles(1), name="x", flags=COMPLEX)),
        CORRUPT,
    )
    for number in (0, 18, 99, 255):
        yield f"class {number}", file(array(number, (1, 1), doubles(1), name="x")), UNSUPPORTED
    yield (
        "small element of 5 bytes",
        file(array(MX_DOUBLE, (1, 1), struct.pack("<I", 5 << 16 | UINT8) + bytes(4), name="x")),
        CORRUPT,
    )
    yield "cell of numbers", file(array(CELL, (1, 1), doubles(1), name="x")), CORRUPT
    yield "flags of 4 bytes", file(element(MATRIX, small(UINT32, b"\6\0\0\0") + bytes(40))), CORRUPT
    yield (
        "characters beyond Unicode",
        file(array(CHAR, (1, 1), element(UTF32, b"\xff\xff\xff\xff"), name="x")),
        CORRUPT,
    )
    # A row of another code page is text all the same, whatever it counts; there is a warning.
    yield "broken UTF-8", file(array(CHAR, (1, 2), element(UTF8, b"\xc3"), name="x")), ""
    yield (
        "broken UTF-8 in a matrix",
        file(array(CHAR, (2, 2), element(UTF8, b"\xc3"), name="x")),
        CORRUPT,
    )
    yield from _bad_sparse()
    yield from _bad_names()


def _bad_sparse() -> Iterator[_Row]:
    def sparse(rows: bytes, starts: bytes, data: bytes, shape: tuple[int, ...] = (3, 3)) -> bytes:
        return file(array(SPARSE, shape, rows, starts, data, name="x"))

    one = doubles(1.0)
    yield "sparse row 2e6", sparse(int32s(2_000_000), int32s(0, 1, 1, 1), one), CORRUPT
    yield "sparse row -1", sparse(int32s(-1), int32s(0, 1, 1, 1), one), CORRUPT
    yield "sparse starts descend", sparse(int32s(0), int32s(0, 1, 0, 1), one), CORRUPT
    yield "sparse starts missing", sparse(int32s(0), int32s(0, 1), one), CORRUPT
    yield "sparse counts too many", sparse(int32s(0), int32s(0, 1, 1, 9), one), CORRUPT
    yield "sparse of 3 dimensions", sparse(int32s(0), int32s(0, 1, 1, 1), one, (3, 3, 3)), CORRUPT
    yield "sparse of 2e9 columns", sparse(int32s(0), int32s(0, 1), one, (3, 2_000_000_000)), CORRUPT


def _bad_names() -> Iterator[_Row]:
    def with_names(length: bytes, names: bytes) -> bytes:
        return file(array(STRUCT, (1, 1), length, names, scalar(1), name="x"))

    yield "field names of length 0", with_names(int32s(0), element(INT8, b"a")), CORRUPT
    yield "field names of length -1", with_names(int32s(-1), element(INT8, b"a")), CORRUPT
    yield "field names of length 3", with_names(int32s(3), element(INT8, b"abcd")), CORRUPT
    yield "two lengths of field names", with_names(int32s(1, 1), element(INT8, b"a")), CORRUPT
    yield "twice the same field", with_names(int32s(1), element(INT8, b"aa")), CORRUPT
    yield "1e6 field names", with_names(int32s(1), element(INT8, bytes(10**6))), CORRUPT


def _objects() -> Iterator[_Row]:
    names = ["thing", "value", "Map", "containers"]
    variable = opaque("thing", reference(1, 1), name="x")
    good = object_index(names, [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    value = scalar(7.0)
    yield "object", object_file(variable, good, value), ""
    yield "object without a store", file(variable), CORRUPT
    yield "store at a wild offset", file(variable, subsystem=10**15), CORRUPT
    yield "store within a variable", file(variable, subsystem=136), CORRUPT
    yield "store of numbers", file(variable, scalar(1.0), subsystem=128 + len(variable)), CORRUPT
    java = opaque("java.util.Map", reference(1, 1), name="x", type_system="java")
    yield "java object", object_file(java, good, value), UNSUPPORTED
    for number in (2, 10**6, 2**31 - 1, 2**32 - 1):
        away = opaque("thing", reference(1, number), name="x")
        yield f"object number {number}", object_file(away, good, value), CORRUPT
    words = (0xDD000000, 2, 2**31, 2**31, 1, 1)
    wild = array(13, (6, 1), element(UINT32, struct.pack("<6I", *words)))
    yield "2^62 objects", object_file(opaque("thing", wild, name="x"), good, value), CORRUPT
    text = array(CHAR, (1, 1), element(UTF8, b"a"))
    yield (
        "reference of text",
        object_file(opaque("thing", text, name="x"), good, value),
        UNSUPPORTED,
    )
    yield from _bad_indexes(names, variable, value)
    yield from _cycles(names)


def _bad_indexes(names: list[str], variable: bytes, value: bytes) -> Iterator[_Row]:
    bad = {
        "class": ([(0, 1)], [(9, 0, 1, 0)], [[(2, 1, 0)]]),
        "class name": ([(0, 99)], [(1, 0, 1, 0)], [[(2, 1, 0)]]),
        "package": ([(99, 1)], [(1, 0, 1, 0)], [[(2, 1, 0)]]),
        "property list": ([(0, 1)], [(1, 0, 2**31, 0)], [[(2, 1, 0)]]),
        "saved list": ([(0, 1)], [(1, 3, 0, 0)], [[(2, 1, 0)]]),
        "dynamic list": ([(0, 1)], [(1, 0, 1, 0)], [[(99, 1, 0)]]),
        "property value": ([(0, 1)], [(1, 0, 1, 0)], [[(2, 1, 1)]]),
        "property value 2^32": ([(0, 1)], [(1, 0, 1, 0)], [[(2, 1, 2**32 - 1)]]),
        "member name": ([(0, 1)], [(1, 0, 1, 0)], [[(2, 0, 99)]]),
    }
    for what, (classes, objects, plain) in bad.items():
        index = object_index(names, classes, objects, plain=plain)
        yield f"wrong {what}", object_file(variable, index, value), CORRUPT
    kind = object_index(names, [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 7, 0)]])
    yield "property of kind 7", object_file(variable, kind, value), UNSUPPORTED
    good = object_index(names, [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    for version in (0, 1, 5, 2**31):
        index = struct.pack("<I", version) + good[4:]
        yield f"store of version {version}", object_file(variable, index, value), UNSUPPORTED
    for size in (0, 4, 39, 41, 60, 120):
        yield (
            f"index of {size} bytes",
            object_file(variable, good[:size], value),
            CORRUPT,
            UNSUPPORTED,
        )
    for region in range(6):
        place = 8 + 4 * region
        index = good[:place] + b"\xff\xff\xff\xff" + good[place + 4 :]
        yield f"wild region {region}", object_file(variable, index, value), CORRUPT
        index = good[:place] + b"\0\0\0\0" + good[place + 4 :]
        yield f"region {region} at 0", object_file(variable, index, value), CORRUPT
    lying = good.replace(struct.pack("<4I", 1, 2, 1, 0), struct.pack("<4I", 2**31, 2, 1, 0))
    yield "2^31 properties", object_file(variable, lying, value), CORRUPT


def _cycles(names: list[str]) -> Iterator[_Row]:
    """Objects that contain themselves: allowed for handles, not for maps."""
    index = object_index(names, [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    itself = opaque("thing", reference(1, 1), name="x")
    yield "handle that contains itself", object_file(itself, index, reference(1, 1)), ""
    index = object_index([*names, "serialization"], [(4, 3)], [(1, 1, 0, 0)], saved=[[(5, 1, 0)]])
    key = array(CELL, (1, 1), array(CHAR, (1, 1), element(UTF8, b"k")))
    content = array(CELL, (1, 1), reference(1, 1))
    cell = struct_array((1, 1), ["keys", "values"], key, content)
    variable = opaque("containers.Map", reference(1, 1), name="x")
    yield "map that contains itself", object_file(variable, index, cell), CORRUPT
    yield "chain of 500 maps", _chain_of_maps(names, 500, key), LIMIT


def _chain_of_maps(names: list[str], count: int, key: bytes) -> bytes:
    index = object_index(
        [*names, "serialization"],
        [(4, 3)],
        [(1, number, 0, 0) for number in range(1, count + 1)],
        saved=[[(5, 1, cell)] for cell in range(count)],
    )
    cells = [
        struct_array(
            (1, 1), ["keys", "values"], key, array(CELL, (1, 1), reference(1, min(n + 2, count)))
        )
        for n in range(count)
    ]
    variable = opaque("containers.Map", reference(1, 1), name="x")
    return object_file(variable, index, *cells)


def _lies() -> Iterator[_Row]:
    """Sizes that multiply to nothing or too much, counts and encodings that lie, names."""
    huge = 2**31 - 1
    for sizes in ((0, huge), (huge, 0)):
        text = " x ".join(map(str, sizes))
        yield f"double of {text}", file(array(MX_DOUBLE, sizes, doubles(), name="x")), ""
        yield f"cell of {text}", file(array(CELL, sizes, name="x")), ""
        yield f"struct of {text}", file(struct_array(sizes, ["a"], name="x")), ""
        yield f"char of {text}", file(array(CHAR, sizes, element(UTF8, b""), name="x")), ""
    most = array(MX_DOUBLE, (0, huge, huge, huge, huge), doubles(), name="x")
    yield "0 times 2^124", file(most), CORRUPT
    yield "sparse of 2^31 rows", _sparse((huge, 0), [], [0]), ""
    yield "sparse of 0 x 2^31", _sparse((0, huge), [], [0]), CORRUPT
    yield "sparse start -1", _sparse((3, 3), [0], [0, -1, 1, 1]), CORRUPT
    yield "sparse starts at 1", _sparse((3, 3), [0], [1, 1, 1, 1]), CORRUPT
    yield "sparse of too few numbers", _sparse((3, 3), [0, 1], [0, 2, 2, 2], [1.0]), CORRUPT
    # MATLAB's nzmax says how much room there was; nothing is to be made of that size.
    yield "sparse nzmax 2^32", _sparse((3, 3), [0], [0, 1, 1, 1], room=2**32 - 1), ""
    yield "half a UTF-16 character", _char((1, 2), UTF16, b"abc"), CORRUPT
    yield "too few UTF-16 characters", _char((1, 4), UTF16, b"ab"), CORRUPT
    yield "too many UTF-16 characters", _char((1, 1), UTF16, b"abcdef"), CORRUPT
    yield "5 bytes of UTF-32", _char((1, 1), UTF32, b"abcde"), CORRUPT
    yield "too few UTF-32 characters", _char((1, 3), UTF32, b"\0\xf6\1\0"), CORRUPT
    yield "2^32 UTF-16 characters", _char((huge, 2), UTF16, b"ab"), LIMIT
    yield "lone UTF-16 surrogate", _char((1, 1), UTF16, b"\0\xd8"), ""
    yield "100 cells deep", file(nested_cells(100)), ""


def _sparse(
    shape: tuple[int, ...],
    rows: list[int],
    starts: list[int],
    numbers: list[float] | None = None,
    room: int = 0,
) -> bytes:
    data = doubles(*([1.0] * len(rows) if numbers is None else numbers))
    body = element(UINT32, struct.pack("<II", SPARSE, room)) + int32s(*shape)
    body += element(INT8, b"x") + int32s(*rows) + int32s(*starts) + data
    return file(element(MATRIX, body))


def _char(shape: tuple[int, ...], kind: int, data: bytes) -> bytes:
    return file(array(CHAR, shape, element(kind, data), name="x"))


def _handles() -> Iterator[_Row]:
    """Function handles whose workspace leads back to them, and handles within handles."""
    text = array(CHAR, (1, 4), element(UTF8, b"@()1"))
    workspace = struct_array((1, 1), ["self"], reference(1, 1))
    inner = struct_array((1, 1), ["function", "workspace"], text, workspace, width=16)
    handle = array(FUNCTION, (1, 1), inner)
    index = object_index(["thing", "value"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    variable = opaque("thing", reference(1, 1), name="x")
    yield "workspace that leads back to its handle", object_file(variable, index, handle), ""
    for _ in range(200):
        handle = array(FUNCTION, (1, 1), struct_array((1, 1), ["workspace"], handle, width=16))
    yield "200 handles deep", file(array(CELL, (1, 1), handle, name="x")), LIMIT


def _long_names() -> Iterator[_Row]:
    """Names of megabytes; what is said of them is short (see the test)."""
    long = "N" * (1 << 21)
    wrong = array(MX_DOUBLE, (2, 2), doubles(1))
    yield "variable of a 2 MB name", file(scalar(1.0, long)), TRUNCATED, LIMIT
    field = struct_array((1, 1), [long], wrong, name="x", width=1 << 22)
    yield "field of a 2 MB name", file(field), CORRUPT
    index = object_index([long, "value"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    variable = opaque("", reference(1, 1), name="x")
    yield "class of a 2 MB name", object_file(variable, index, wrong), CORRUPT
    yield "enumeration of a class of a 2 MB name", _enumeration(long, [2], 9), CORRUPT


def _enumeration(class_name: str, members: list[int], index: int, count: int = 1) -> bytes:
    """Members of an enumeration whose names are the given ones of the store."""
    names = object_index([class_name, "member"], [(0, 1)], [])
    parts = {
        "EnumerationInstanceTag": (1, (0xDD000000,)),
        "ClassName": (1, (1,)),
        "ValueNames": (len(members), members),
        "ValueIndices": (count, [index] * count),
    }
    values = [
        array(13, (n, 1), element(UINT32, struct.pack(f"<{n}I", *data)))
        for n, data in parts.values()
    ]
    fields = [*parts, "Values"]
    value = struct_array((1, 1), fields, *values, array(CELL, (0, 0)), width=32)
    return object_file(opaque(class_name[:9], value, name="x"), names)


def enormous(count: int = 30_000) -> Corpus:
    """What takes a while to pack: many small things, each allowed, in time linear in their number.

    Not in :func:`corpus`, whose files go through every command.
    """
    many = {f"v{number}": scalar(1.0, f"v{number}") for number in range(count)}
    fields = [f"f{number}" for number in range(count // 2)]
    words = (0xDD000000, 2, count, 1, *[1] * count, 1)
    circle = array(13, (len(words), 1), element(UINT32, struct.pack(f"<{len(words)}I", *words)))
    index = object_index(["thing", "value"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    variable = opaque("thing", circle, name="x")
    return {
        "variables": (file(*many.values()), {""}),
        # More than half of the elements that are allowed.
        "empty cells": (file(compressed(_empty_cells(100 * count))), {""}),
        "fields": (
            file(struct_array((1, 1), fields, *[scalar(1.0)] * len(fields), name="x")),
            {""},
        ),
        "names of an enumeration": (_enumeration("Colour", [2] * count, count - 1), {""}),
        "members of an enumeration": (_enumeration("Colour", [2], 0, count), {""}),
        "members of no name": (_enumeration("Colour", [3] * count, 0), {CORRUPT}),
        "an object of itself, many times": (object_file(variable, index, circle), {""}),
    }


def write_bomb(path: Path, inner_size: int) -> None:
    """Write a file that inflates to ``inner_size`` bytes."""
    path.write_bytes(file(bomb(inner_size)))
