"""What diagnoses and warnings are; apart from the search, so that reports need not import that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..arrays import Array
from ..finite_json import finite_json

#: For how long mistakes are looked for by default, in seconds.
SECONDS = 20.0


@dataclass(frozen=True)
class Diagnosis:
    """One mistake that explains why two results differ."""

    #: Short and stable, for machines: "height and width exchanged".
    name: str
    #: What was done wrong, in plain words.
    text: str
    #: What remains of the difference once the mistake is allowed for, in the figures of the
    #: comparison (``scaled_error``): at most its bound.
    residual: float
    #: What to do about it.
    remedy: str
    #: The output or layer it was found in.
    where: str = ""
    #: What the description would be then: "Stride [2 1] instead of [1 2]".
    change: str = ""
    #: The line of torch or MATLAB that repairs it, for ``layer``, ``x`` or ``Y``; "" if unknown.
    repair: str = ""
    #: How much of the difference it explains, from 0 to 1 (root mean square).
    explains: float = 1.0
    #: Whether it is more than a guess: it explains the difference down to rounding.
    certain: bool = True
    #: What explains as much, "layer: mistake".
    alternatives: tuple[str, ...] = ()
    #: What is compared once the mistake is allowed for, computed and expected; only of reports
    #: that keep arrays.
    sides: tuple[Array, Array] | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The fields of ``diagnoses`` in the ``verify`` JSON schema."""
        record = asdict(replace(self, sides=None))
        del record["sides"]
        cleaned: dict[str, Any] = finite_json(record)
        return cleaned


@dataclass(frozen=True)
class Unseen:
    """Mistakes that a comparison cannot show, whatever its verdict."""

    #: Short and stable, for machines: "one time step".
    name: str
    #: What the data is, and what it therefore does not show.
    text: str
    #: What to save instead.
    remedy: str
    #: The input, output or layer.
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields of ``warnings`` in the ``verify`` JSON schema."""
        return asdict(self)
