"""The elements of a healthy level 5 file, so that they can be damaged one at a time.

Independent of the readers under test: the tags are walked with ``struct`` alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

UINT8, MATRIX, COMPRESSED = 2, 14, 15
#: The largest run of bytes within which every place counts as interesting.
_DATA = 24


@dataclass(frozen=True)
class Node:
    """One element: where its tag stands, its data, and the tags of all that enclose it."""

    tag: int
    data: int
    size: int
    end: int
    kind: int
    parents: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """One variable (or the object store), inflated, with its tag."""

    nodes: tuple[Node, ...]
    content: bytes
    packed: bool
    is_store: bool

    def interesting(self) -> list[int]:
        """Places of tags and of the first bytes of data: sizes, flags, names, classes."""
        return [
            place
            for node in self.nodes
            for place in range(node.tag, min(node.end, node.data + _DATA))
        ]


def parse(data: bytes) -> tuple[bytes, list[Part], str]:
    """The header, the parts and the byte order of a file without faults."""
    order = "<" if data[126:128] == b"IM" else ">"
    store = struct.unpack(order + "Q", data[116:124])[0]
    parts, at = [], 128
    while at < len(data):
        kind, size = struct.unpack(order + "II", data[at : at + 8])
        packed = kind == COMPRESSED
        end = at + 8 + size + (0 if packed else -size % 8)
        content = zlib.decompressobj().decompress(data[at + 8 : end]) if packed else data[at:end]
        nodes = tuple(_walk(content, 0, len(content), (), order, at == store))
        parts.append(Part(nodes, content, packed, at == store))
        at = end
    return data[:128], parts, order


def _walk(
    data: bytes, at: int, end: int, parents: tuple[int, ...], order: str, in_store: bool
) -> Iterator[Node]:
    while at + 8 <= end:
        kind, size = struct.unpack(order + "II", data[at : at + 8])
        if kind >> 16:  # a small element: its size is in the upper half of the type
            node = Node(at, at + 4, kind >> 16, at + 8, kind & 0xFFFF, parents)
        else:
            node = Node(at, at + 8, size, min(end, at + 8 + size + -size % 8), kind, parents)
        yield node
        if kind == MATRIX:
            yield from _walk(data, node.data, node.end, (*parents, at), order, in_store)
        elif in_store and kind == UINT8 and len(parents) == 1:  # a file within the bytes
            yield from _walk(data, node.data + 8, node.end, (*parents, at), order, False)
        at = node.end


def assemble(header: bytes, contents: list[tuple[bytes, bool, bool]], order: str) -> bytes:
    """A file of (content, packed, is the store); the header names where the store begins."""
    store, out = 0, bytearray(header)
    for content, packed, is_store in contents:
        store = len(out) if is_store else store
        if packed:
            squeezed = zlib.compress(content, 1)
            content = struct.pack(order + "II", COMPRESSED, len(squeezed)) + squeezed
        out += content
    out[116:124] = struct.pack(order + "Q", store)
    return bytes(out)


def replace(part: Part, node: Node, new: bytes, order: str, *, honest: bool) -> bytes:
    """The content with one element replaced; if ``honest``, all that enclose it are resized."""
    out = bytearray(part.content[: node.tag] + new + part.content[node.end :])
    change = len(new) - (node.end - node.tag)
    for tag in node.parents if honest else ():
        kind, size = struct.unpack(order + "II", part.content[tag : tag + 8])
        if size + change >= 0:
            out[tag : tag + 8] = struct.pack(order + "II", kind, size + change)
    return bytes(out)
