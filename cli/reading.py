"""How options are declared and their values read, in words of our own where one is wrong.

An option is its type, its help and what else to say: ``Annotated[int, "Seed.", whole(0)]``.
:func:`cli.options.grouped` makes it typer's: called as the parameter, and ``"-s"`` too if that is
said, shown as a NAME or :class:`Text`, or read by a :class:`Reading`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matlab_compat.display import enumerated
from matlab_compat.errors import UsageError

from .wording import option


@dataclass(frozen=True)
class Text:
    """Any text, as help shows it."""

    metavar: str


@dataclass(frozen=True)
class Reading:
    """What the text of an option may be, and what becomes of it."""

    #: As help shows it.
    metavar: str
    #: As it stands after "takes".
    what: str
    #: The value; raises ``ValueError`` for any other text.
    convert: Callable[[str], Any]
    #: All that it may be, where those are words, for a shell that completes them.
    words: tuple[str, ...] = ()

    def complete(self, incomplete: str) -> list[str]:
        """The words that begin so."""
        return [word for word in self.words if word.startswith(incomplete)]

    def read(self, name: str, text: str) -> Any:
        """The value of the option that sets the parameter ``name``.

        Raises ``UsageError``: the text is none of those that it may be.
        """
        try:
            return self.convert(text)
        except ValueError:
            raise UsageError(f"{option(name, None)} takes {self.what}, not {text!r}.") from None


def whole(least: int, most: int = 2**63 - 1) -> Reading:
    """A whole number."""

    def convert(text: str) -> int:
        if not least <= (number := int(text)) <= most:
            raise ValueError(text)
        return number

    return Reading("<int>", f"a whole number from {least} on", convert)


def number(least: float, most: float = math.inf) -> Reading:
    """A finite number."""

    def convert(text: str) -> float:
        if not least <= (found := float(text)) <= most or math.isinf(found):
            raise ValueError(text)
        return found

    end = f"to {most:g}" if most < math.inf else "on"
    return Reading("<number>", f"a number from {least:g} {end}", convert)


def one_of(*names: str, also: Sequence[str] = ()) -> Reading:
    """One of some words, in small letters or capitals; help and messages leave out ``also``."""

    def convert(text: str) -> str:
        if text.lower() not in (*names, *also):
            raise ValueError(text)
        return text.lower()

    return Reading(f"<{'|'.join(names)}>", enumerated(names, "or"), convert, names)
