"""Damage: each mutant is one seed with a few changes, drawn by a seeded generator."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

from tests.fuzz import level5_tree
from tests.fuzz.level5_tree import Part
from tests.fuzz.seeds import Seed

_BYTES = (0, 1, 2, 4, 14, 15, 16, 17, 127, 128, 255)
_WORDS = (0, 1, 2, 8, 255, 1 << 16, 0x7FFFFFFF, 0x80000000, 0xDD000000, 0xFFFFFFF8, 0xFFFFFFFF)


def mutant(seed: Seed, seeds: list[Seed], dice: random.Random) -> bytes:
    """One damaged file; ``seeds`` of the same level lend bytes to splice in."""
    if seed.level in ("6", "7") and dice.random() < 0.75:
        return _elements(seed, seeds, dice)
    if seed.level == "7.3" and dice.random() < 0.8:
        return _hdf5(seed, dice)
    other = dice.choice(seeds).data
    return dice.choice((_flipped, _flipped, _poked, _spliced, _cut))(seed.data, other, dice)


# --- any bytes ----------------------------------------------------------------------------


def _flipped(data: bytes, _: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8))):
        out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
    return bytes(out)


def _poked(data: bytes, _: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        _poke(out, dice.randrange(len(out)), dice)
    return bytes(out)


def _poke(out: bytearray, at: int, dice: random.Random) -> None:
    """One byte or one word (of either order) takes a value that makes trouble."""
    if dice.random() < 0.5:
        out[at] = dice.choice((*_BYTES, dice.randrange(256)))
        return
    at -= at % 4
    old = int.from_bytes(out[at : at + 4], "little")
    near = (old + dice.choice((-8, -4, -1, 1, 4, 8))) % (1 << 32)
    word = dice.choice((*_WORDS, near, near, near, dice.randrange(1 << 32), dice.randrange(64)))
    out[at : at + 4] = struct.pack(dice.choice("<<<>") + "I", word)[: len(out) - at]


def _spliced(data: bytes, other: bytes, dice: random.Random) -> bytes:
    size = dice.choice((4, 8, 64, 1024))
    start, at = dice.randrange(len(other)), dice.randrange(len(data))
    piece = other[start : start + size]
    kept = at + len(piece) if dice.random() < 0.7 else at  # over what was there, or between
    return data[:at] + piece + data[kept:]


def _cut(data: bytes, _: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


# --- elements of level 6 and 7, inflated and packed again ---------------------------------


def _elements(seed: Seed, seeds: list[Seed], dice: random.Random) -> bytes:
    header, parts, order = seed.tree
    changed = dice.randrange(len(parts))
    contents = []
    for index, part in enumerate(parts):
        content = part.content
        if index == changed:
            content = dice.choice(_CHANGES)(part, _lender(seeds, dice), order, dice)
        packed = part.packed and dice.random() < 0.97
        contents.append((content, packed, part.is_store))
    return level5_tree.assemble(header, contents, order)


def _lender(seeds: list[Seed], dice: random.Random) -> Part:
    return dice.choice(dice.choice(seeds).tree[1])


_Change = Callable[[Part, Part, str, random.Random], bytes]


def _poke_part(part: Part, _: Part, __: str, dice: random.Random) -> bytes:
    out = bytearray(part.content)
    places = part.interesting()
    for _ in range(dice.choice((1, 1, 2, 4))):
        _poke(out, dice.choice(places), dice)
    return bytes(out)


def _flip_part(part: Part, _: Part, __: str, dice: random.Random) -> bytes:
    return _flipped(part.content, b"", dice)


def _change_tag(part: Part, _: Part, order: str, dice: random.Random) -> bytes:
    """Another type or size in one tag, small or not."""
    node = dice.choice(part.nodes)
    out = bytearray(part.content)
    if dice.random() < 0.5:
        out[node.tag : node.tag + 4] = struct.pack(order + "I", dice.randrange(20))
    else:
        size = dice.choice((*_WORDS, node.size + 1, node.size + 8, max(0, node.size - 8)))
        out[node.tag + 4 : node.tag + 8] = struct.pack(order + "I", size)
    return bytes(out)


def _replace(part: Part, other: Part, order: str, dice: random.Random) -> bytes:
    """One element for another one, or for none, or twice; enclosing sizes often follow."""
    node, lent = dice.choice(part.nodes), dice.choice(other.nodes)
    itself = part.content[node.tag : node.end]
    new = dice.choice((other.content[lent.tag : lent.end], b"", itself * 2))
    return level5_tree.replace(part, node, new, order, honest=dice.random() < 0.8)


def _shorten(part: Part, _: Part, order: str, dice: random.Random) -> bytes:
    """Cut off, with the outer size as if that were all."""
    content = part.content[: dice.randrange(8, len(part.content) + 1) // 8 * 8]
    if content:
        content = content[:4] + struct.pack(order + "I", len(content) - 8) + content[8:]
    return content


def _object_table(part: Part, other: Part, order: str, dice: random.Random) -> bytes:
    """Words of the index of the object store (its first array of bytes)."""
    tables = [node for node in part.nodes if node.kind == level5_tree.UINT8 and node.size >= 40]
    table = [node for node in tables if len(node.parents) > 2][:1]
    if not part.is_store or not table:
        return _poke_part(part, other, order, dice)
    out = bytearray(part.content)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        _poke(out, table[0].data + dice.randrange(table[0].size), dice)
    return bytes(out)


_CHANGES: tuple[_Change, ...] = (
    _poke_part,
    _poke_part,
    _flip_part,
    _change_tag,
    _change_tag,
    _replace,
    _replace,
    _shorten,
    _object_table,
    _object_table,
)


# --- what steers the reading of level 7.3 -------------------------------------------------


def _hdf5(seed: Seed, dice: random.Random) -> bytes:
    out = bytearray(seed.data)
    changes: list[Callable[[bytearray, Any, random.Random], None]] = [_steer, _steer, _steer]
    changes += [_repack] if seed.map.chunks else []
    changes += [_change_index] if seed.map.tables else []
    dice.choice(changes)(out, seed.map, dice)
    return bytes(out)


def _steer(out: bytearray, layout: Any, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at = dice.choice(layout.steering)
        if dice.random() < 0.4:
            out[at] ^= 1 << dice.randrange(8)
        else:
            _poke(out, at, dice)


def _change_index(out: bytearray, layout: Any, dice: random.Random) -> None:
    at, size = dice.choice(layout.tables)
    for _ in range(dice.choice((1, 1, 2, 4))):
        _poke(out, at + dice.randrange(size), dice)


def _repack(out: bytearray, layout: Any, dice: random.Random) -> None:
    """A compressed chunk inflated, damaged and packed again, where it still fits."""
    at, size = dice.choice(layout.chunks)
    try:
        content = bytearray(zlib.decompress(bytes(out[at : at + size])))
    except zlib.error:  # the chunk is shuffled only, or the filter is another one
        return _steer(out, layout, dice)
    change = dice.randrange(3)
    if change == 0:
        content = content[: dice.randrange(len(content) + 1)]
    elif change == 1:
        content += bytes(dice.choice((1, 8, 1 << 20)))
    elif content:
        _poke(content, dice.randrange(len(content)), dice)
    packed = zlib.compress(bytes(content), 9)
    out[at : at + size] = packed[:size].ljust(size, b"\0")
    return None
