"""The text of a MATLAB file, as the parser takes it: decoded, LF, without block comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CodeError, CodeLimitError
from ..wording import argument


@dataclass(frozen=True)
class CodeLimits:
    """What a user's MATLAB code may use. Every limit is an error, never a shorter result."""

    #: Size of one file in bytes.
    file_bytes: int = 256 * 1024
    #: How many files are read for one program.
    files: int = 200
    #: How deep expressions and statements may be within each other.
    nesting: int = 100
    #: Time for parsing one file.
    parse_seconds: float = 10.0
    #: How deep functions may call each other.
    calls: int = 20
    #: Statements and operations that one call may take, all together.
    steps: int = 2_000_000
    #: Turns of one loop.
    iterations: int = 10_000
    #: Elements of one array.
    elements: int = 2**27
    #: Elements of all arrays together that one call makes.
    work: int = 2**40


def to_raise(name: str) -> str:
    """What a message says about the limit of this name, which the code has reached."""
    return f"if it is meant, raise the limit: {argument('code_limit', f'{name}=...')}."


@dataclass(frozen=True)
class Source:
    """One file of MATLAB code."""

    #: What it defines, with its package: ``pkg.layer``.
    name: str
    #: How messages name the file.
    path: str
    #: Its text, normalized.
    text: str


_BLOCK = re.compile(r"^[ \t]*%([{}])[ \t]*$")


def normalized(data: bytes | str, path: str, limits: CodeLimits) -> str:
    """The text of a file: lines as they were counted, so that line numbers stay.

    A BOM goes, UTF-8 (else Latin-1) is decoded, line ends become LF, block comments empty lines
    (the grammar needs time that grows with their square), and the text ends with one line end
    (without it the grammar reads no last ``end``).

    Raises ``CodeLimitError``: the file is too large; ``CodeError``: a block comment does not end,
    or there are characters that no text has.
    """
    if len(data) > limits.file_bytes:
        raise CodeLimitError(
            f"The file has {len(data)} bytes; at most {limits.file_bytes} are read.",
            where=(path,),
            remedy=to_raise("file_bytes"),
        )
    text = _decoded(data) if isinstance(data, bytes) else data
    if "\0" in text:
        raise CodeError("The file is no text: it has bytes of value 0.", where=(path,))
    lines, depth, began = [], 0, 0
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        block = _BLOCK.match(line) if "%" in line else None
        if block is not None and block[1] == "{":
            began = began if depth else number
            depth += 1
            lines.append("")
        elif depth:
            depth -= block is not None
            lines.append("")
        else:
            lines.append(line)
    if depth:
        raise CodeError("This block comment has no end ('%}').", where=(f"{path}:{began}",))
    return "\n".join(lines).rstrip() + "\n"


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
