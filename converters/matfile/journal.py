"""What a decoder has to say of values that it hands out all the same, as warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matlab_compat.errors import MatFileError, warn

#: Damaged values of one variable that have a warning each; more are counted.
_SHOWN = 3


@dataclass
class Journal:
    """Collects remarks while a variable is decoded; :meth:`report` warns of them at its end."""

    #: What and remedy to the first place, and how many there are.
    _remarks: dict[tuple[str, str], tuple[tuple[str, ...], int]] = field(default_factory=dict)
    _damage: list[MatFileError] = field(default_factory=list)

    def note(self, what: str, remedy: str, where: Sequence[str]) -> None:
        """Something about the value at ``where``; what is said often is reported once."""
        first, count = self._remarks.get((what, remedy), (tuple(where), 0))
        self._remarks[what, remedy] = first, count + 1

    def damaged(self, error: MatFileError) -> None:
        """The value at ``error.where`` could not be decoded."""
        self._damage.append(error)

    def report(self) -> None:
        """Warn of everything, and forget it."""
        remarks, damage = self._remarks, self._damage
        self._remarks, self._damage = {}, []
        for (what, remedy), (where, count) in remarks.items():
            more = f" The same holds for {count - 1} more." if count > 1 else ""
            warn(what + more, where=where, remedy=remedy)
        for error in damage[:_SHOWN]:
            warn(
                f"A value cannot be decoded; what is beside it can. {error.what}",
                where=error.where,
                remedy=f"Using it raises this as an error. {error.remedy}",
            )
        if len(damage) > _SHOWN:
            warn(f"{len(damage) - _SHOWN} more values cannot be decoded.")
