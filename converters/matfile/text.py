"""MATLAB characters (units of UTF-16) from the encodings that files use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from converters.matfile.tags import DataType
from converters.matfile.values import Shape, Value
from matlab_compat.errors import CorruptFileError

_NATIVE_UTF16 = "utf-16-le" if np.little_endian else "utf-16-be"
_UNIT_WIDTH = {
    DataType.INT8: 1,
    DataType.UINT8: 1,
    DataType.UINT16: 2,
    DataType.UINT32: 4,
    DataType.UTF16: 2,
    DataType.UTF32: 4,
}


def decode_char(
    data: npt.NDArray[np.uint8], kind: DataType, byte_order: str, shape: Shape, count: int
) -> Value:
    """A char array from its bytes: ``str`` if it is a row or 0 x 0, else an array of ``<U1``.

    ``count`` is the product of ``shape``. Raises ``CorruptFileError`` where the bytes are not
    that many characters.
    """
    is_row = len(shape) == 2 and (shape[0] == 1 or shape == (0, 0))
    if not len(data):
        # Old writers leave the bytes of a blank char array away.
        units = np.full(count, ord(" "), np.uint16)
    elif kind is DataType.UTF8:
        octave_text = _octave_row(data, count) if is_row else None
        if octave_text is not None:
            return octave_text
        units = _units_of_utf8(data, count)
    else:
        units = _units(data, kind, byte_order)
    if len(units) != count:
        raise CorruptFileError(
            f"A char array of size {' x '.join(map(str, shape))} holds {len(units)} characters.",
            remedy="Save the file again in MATLAB: save('file.mat', '-v7').",
        )
    return join_units(units) if is_row else units_to_array(units, shape)


def join_units(units: npt.NDArray[np.uint16]) -> str:
    """A ``str`` from units of UTF-16: pairs joined, unpaired surrogates kept."""
    return units.tobytes().decode(_NATIVE_UTF16, "surrogatepass")


def units_to_array(units: npt.NDArray[np.uint16], shape: Shape) -> npt.NDArray[np.str_]:
    """A column-major array of single characters."""
    return (
        units.astype(np.uint32).view("<U1" if np.little_endian else ">U1").reshape(shape, order="F")
    )


def _units(data: npt.NDArray[np.uint8], kind: DataType, byte_order: str) -> npt.NDArray[np.uint16]:
    width = _UNIT_WIDTH[kind]
    if len(data) % width:
        raise CorruptFileError(f"{len(data)} bytes are not whole characters of {width} bytes.")
    codes = np.frombuffer(data, f"{byte_order}u{width}")
    if width == 4:
        return _units_of_code_points(codes)
    return codes.astype(np.uint16)


def _units_of_code_points(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    if len(codes) and codes.max() > 0x10FFFF:
        raise CorruptFileError("A character lies beyond the last one of Unicode (U+10FFFF).")
    text = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return _units_of_text(text)


def _units_of_text(text: str) -> npt.NDArray[np.uint16]:
    return np.frombuffer(text.encode(_NATIVE_UTF16, "surrogatepass"), np.uint16)


def _units_of_utf8(data: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint16]:
    if len(data) == count:  # one byte, one character: ASCII, or Octave's bytes
        return data.astype(np.uint16)
    return _units_of_text(_utf8(data))


def _octave_row(data: npt.NDArray[np.uint8], count: int) -> str | None:
    """The text of a row whose size counts bytes, as Octave writes it; else ``None``."""
    if len(data) != count or data.max() < 0x80:
        return None
    try:
        return _utf8(data)
    except CorruptFileError:
        return None


def _utf8(data: npt.NDArray[np.uint8]) -> str:
    try:
        return data.tobytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise CorruptFileError(f"Text is not UTF-8: {error}.") from error
