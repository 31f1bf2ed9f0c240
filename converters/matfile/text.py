"""MATLAB characters (units of UTF-16) from the encodings that files use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import CorruptFileError, UsageError

from .faults import corrupt
from .tags import DataType
from .values import Shape, Value

_NATIVE_UTF16 = "utf-16-le" if np.little_endian else "utf-16-be"
#: Characters of Windows-1252 where Latin-1 has controls.
_WINDOWS = {
    byte: character
    for byte in range(0x80, 0xA0)
    if (character := bytes([byte]).decode("cp1252", "ignore"))
}
#: Hears what is to be said of a value that is handed out all the same: what, and the remedy.
Note: TypeAlias = Callable[[str, str], None]
#: Bytes of one unit of text, by what its bytes are.
UNIT_WIDTH = {
    **dict.fromkeys((DataType.UTF8, DataType.INT8, DataType.UINT8), 1),
    **dict.fromkeys((DataType.UINT16, DataType.UTF16), 2),
    **dict.fromkeys((DataType.UINT32, DataType.UTF32), 4),
}


class CodePage:
    """The 8-bit encoding of text that is not UTF-8; MATLAB's own texts are, or UTF-16.

    Neither the file's header nor the text says which it is. ``name`` is one of Python's codecs;
    ``None`` takes Windows-1252, with Latin-1 for the five bytes that it lacks.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        try:
            "a".encode("cp1252" if name is None else name)  # some codecs are not of text
        except (LookupError, TypeError, ValueError):
            raise UsageError(
                f"{name!r} is no encoding of text.",
                remedy="name one of Python's: 'cp1252', 'cp1251', 'gbk', 'shift_jis' ...",
            ) from None

    def decode(self, data: bytes, note: Note) -> str:
        """The text; ``note`` is told if nobody has said that it is in this code page."""
        if self.name is None:
            note(
                "Text is not UTF-8: read as Windows-1252, which may be the wrong code page.",
                "If it looks wrong, name its code page: open_mat(path, encoding='gbk'), "
                "or matlab-compat inspect --encoding gbk.",
            )
            return data.decode("latin-1").translate(_WINDOWS)
        try:
            return data.decode(self.name)
        except UnicodeDecodeError as error:
            raise CorruptFileError(
                f"Text is neither UTF-8 nor {self.name}: {error.reason}.",
                remedy="name another code page: open_mat(path, encoding='cp1252').",
            ) from error


def decode_char(
    data: npt.NDArray[np.uint8],
    kind: DataType,
    byte_order: str,
    shape: Shape,
    count: int,
    page: CodePage,
    note: Note,
) -> Value:
    """A char array from its bytes: ``str`` if it is a row or 0 x 0, else an array of ``<U1``.

    ``count`` is the product of ``shape``; ``page`` is for bytes that are no UTF-8, and ``note``
    hears of it. Raises ``CorruptFileError`` where the bytes are not that many characters.
    """
    if not len(data):
        # Old writers leave the bytes of a blank char array away.
        return char_array(np.full(count, ord(" "), np.uint16), shape, count)
    # Numbers of a byte are characters by their number in Unicode, unless somebody knows better.
    if kind is DataType.UTF8 or (UNIT_WIDTH[kind] == 1 and page.name):
        return decode_bytes(data.tobytes(), shape, count, page, note)
    return char_array(_units(data, kind, byte_order), shape, count)


def decode_bytes(data: bytes, shape: Shape, count: int, page: CodePage, note: Note) -> Value:
    """The same of text in bytes: UTF-8, or what ``page`` says."""
    try:
        text = data.decode("utf-8", "surrogatepass")
        is_known = True
    except UnicodeDecodeError:
        text = page.decode(data, note)
        is_known = False
    # Octave's sizes count bytes, and so do those of texts in code pages, or nothing at all.
    if _is_row(shape) and (len(data) == count or not is_known):
        return text
    units = _units_of_text(text)
    if len(units) != count == len(data):
        units = np.frombuffer(data, np.uint8).astype(np.uint16)
    return char_array(units, shape, count)


def char_array(units: npt.NDArray[np.uint16], shape: Shape, count: int) -> Value:
    """``str`` for a row or 0 x 0, else an array, of exactly ``count`` units of UTF-16."""
    if len(units) != count:
        raise corrupt(
            f"A char array of size {' x '.join(map(str, shape))} holds {len(units)} characters."
        )
    if _is_row(shape):
        return join_units(units)
    characters = units.astype(np.uint32).view("<U1" if np.little_endian else ">U1")
    return characters.reshape(shape, order="F")


def _is_row(shape: Shape) -> bool:
    return len(shape) == 2 and (shape[0] == 1 or shape == (0, 0))


def join_units(units: npt.NDArray[np.uint16]) -> str:
    """A ``str`` from units of UTF-16: pairs joined, unpaired surrogates kept."""
    return units.tobytes().decode(_NATIVE_UTF16, "surrogatepass")


def _units(data: npt.NDArray[np.uint8], kind: DataType, byte_order: str) -> npt.NDArray[np.uint16]:
    width = UNIT_WIDTH[kind]
    if len(data) % width:
        raise corrupt(f"{len(data)} bytes are not whole characters of {width} bytes.")
    codes = np.frombuffer(data, f"{byte_order}u{width}")
    if width < 4:
        return codes.astype(np.uint16)
    if len(codes) and codes.max() > 0x10FFFF:
        raise corrupt("A character lies beyond the last one of Unicode (U+10FFFF).")
    text = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return _units_of_text(text)


def _units_of_text(text: str) -> npt.NDArray[np.uint16]:
    return np.frombuffer(text.encode(_NATIVE_UTF16, "surrogatepass"), np.uint16)
