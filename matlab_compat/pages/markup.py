"""HTML and SVG elements whose texts cannot be anything but text."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..display import one_line

#: Elements of HTML that never hold anything.
_WITHOUT_END = ("input",)


class Markup(str):
    """Text that is markup already; any other text is escaped where it goes into an element."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Text as markup that shows just that text, whatever it holds."""
    return text if isinstance(text, Markup) else Markup(html.escape(one_line(text)))


def joined(*parts: str) -> Markup:
    """Elements and texts after each other."""
    return Markup("".join(escaped(part) for part in parts))


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """``<tag name="value">children</tag>``; ``class_`` is class, ``text_anchor`` text-anchor."""
    pairs = [
        f' {name.rstrip("_").replace("_", "-")}="{escaped(str(value))}"'
        for name, value in attributes.items()
    ]
    end = "" if tag in _WITHOUT_END else f"</{tag}>"
    return Markup(f"<{tag}{''.join(pairs)}>{joined(*children)}{end}")


def preformatted(text: str) -> Markup:
    """Text of several lines as it is; an end of line within a name does not end one."""
    return element("pre", *(joined(line, Markup("\n")) for line in text.splitlines()))


def table(head: list[str], rows: list[list[str]], class_: str = "") -> Markup:
    """A table with a row of headings; the first cell of each row is a heading too."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", c) for c in rest))
        for first, *rest in rows
    ]
    parts = [element("thead", top)] if head else []
    whole = element("table", *parts, element("tbody", *body), class_=class_)
    return element("div", whole, class_="wide")


#: The colours of pages and drawings by the names of their variables, in light and in dark.
PALETTE = {
    "text": ("#1c2024", "#e6e9ec"),
    "quiet": ("#5c6570", "#a2abb5"),
    "back": ("#fff", "#15181b"),
    "box": ("#f5f7f9", "#1e2226"),
    "line": ("#cfd6dd", "#3c444c"),
    "good": ("#17683a", "#6fcf97"),
    "bad": ("#a8201a", "#ff8a80"),
    "bar": ("#3b6ea5", "#7fb0e6"),
}


def themed(selector: str, colours: Mapping[str, tuple[str, str]] = PALETTE) -> str:
    """CSS for what is seen in light and in dark: as the system has it, or a notebook's own theme.

    JupyterLab and VS Code have themes whatever the system has, and name them on their pages.
    """
    light, dark = (
        " ".join(f"--{name}: {pair[i]};" for name, pair in colours.items()) for i in (0, 1)
    )
    return (
        f"{selector} {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {selector} {{ {dark} }} }}\n"
        f':is([data-jp-theme-light="true"], .vscode-light) {selector} {{ {light} }}\n'
        f':is([data-jp-theme-light="false"], .vscode-dark) {selector} {{ {dark} }}\n'
    )


def svg(width: float, height: float, label: str, /, *children: str, **attributes: object) -> Markup:
    """A drawing; ``label`` says what it shows to those who do not see it."""
    return element(
        "svg",
        element("title", label),
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        **{"role": "img", **attributes},
    )


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of rows × columns × 4 (red, green, blue, opacity)."""
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + columns * 4), np.uint8)  # each begins with 0: not filtered
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def data_uri(file: bytes) -> str:
    """A PNG file as an address that needs no network."""
    return "data:image/png;base64," + base64.b64encode(file).decode("ascii")
