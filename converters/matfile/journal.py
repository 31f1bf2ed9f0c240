"""What is to be said of values that are handed out all the same: warnings, and marks of damage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from matlab_compat.errors import (
    CorruptFileError,
    MatlabCompatError,
    TruncatedFileError,
    UnsupportedFileError,
    place,
    warn,
)

from .values import Damaged

#: Damaged values that have a warning each, of one variable or of all objects of a file.
_SHOWN = 3
#: Damaged values that are set aside; where there are more, it is the whole that is damaged.
_MOST = 1000
#: Errors of a value alone. Limits and files that reach for others concern the whole variable.
_OF_A_VALUE = (CorruptFileError, TruncatedFileError, UnsupportedFileError)

#: What was said, and where.
Said: TypeAlias = set[tuple[str, tuple[str, ...]]]


@dataclass
class Journal:
    """Collects remarks while a value is decoded; :meth:`report` warns of them at its end."""

    #: The warnings on this file, and their places: each access decodes a variable anew.
    said: Said = field(default_factory=set)
    #: By text and remedy of a warning: the first place, and how many there are.
    _remarks: dict[tuple[str, str], tuple[tuple[str, ...], int]] = field(default_factory=dict)
    _damage: list[MatlabCompatError] = field(default_factory=list)
    _shown: int = 0

    def begin(self) -> None:
        """Forget what was not reported: another value is decoded."""
        self._remarks, self._damage = {}, []

    def note(self, what: str, remedy: str, where: Sequence[str]) -> None:
        """Something about the value at ``where``; what is said often is reported once."""
        first, count = self._remarks.get((what, remedy), (tuple(where), 0))
        self._remarks[what, remedy] = first, count + 1

    def set_aside(self, class_name: str, error: Exception, where: Sequence[str]) -> Damaged:
        """The mark for a value at ``where`` that cannot be decoded; raises what concerns more."""
        if not isinstance(error, _OF_A_VALUE) or len(self._damage) >= _MOST:
            raise error
        if not error.is_located:  # else it was met further inside, and makes this one damaged, too
            error.where = (*place(), *where, *error.where)
            error.is_located = True
            self._damage.append(error)
        return Damaged(class_name, error)

    def report(self) -> None:
        """Warn of everything, of damage only the first times, and begin anew."""
        remarks, damage = self._remarks, self._damage
        self.begin()
        for (what, remedy), (where, count) in remarks.items():
            more = f" The same holds for {count - 1} more." if count > 1 else ""
            if self._is_news(what + more, (*place(), *where)):
                warn(what + more, where=(*place(), *where), remedy=remedy)
        for error in damage:
            if not self._is_news(error.what, tuple(error.where)):
                continue
            self._shown += 1
            if self._shown <= _SHOWN:
                warn(
                    f"A value cannot be decoded; what is beside it can. {error.what}",
                    where=error.where,
                    remedy=f"using it raises this as an error; {error.remedy}".rstrip("; "),
                )
            elif self._shown == _SHOWN + 1:
                warn(
                    "More values cannot be decoded: each raises its error when it is used.",
                    where=place(),
                )

    def _is_news(self, what: str, where: tuple[str, ...]) -> bool:
        """Whether it was not said before."""
        said = len(self.said)
        self.said.add((what, where))
        return len(self.said) > said
