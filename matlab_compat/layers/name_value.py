"""MATLAB's name-value arguments: ``Stride=2`` and ``"Stride", 2``, in any case."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from ..errors import PropertyError
from ..plain_text import plain_text


def name_value_pairs(
    function: str,
    names: Collection[str],
    pairs: Sequence[object],
    options: Mapping[str, object],
) -> dict[str, object]:
    """Both forms of name-value arguments as one dict under the canonical names.

    Raises ``PropertyError``: a name without a value, an unknown name (the nearest is suggested), or
    one given twice.
    """
    pairs = [plain_text(one) for one in pairs]
    if len(pairs) % 2:
        raise PropertyError(f"{function}: the argument {pairs[-1]!r} has no value after it.")
    canonical = {name.lower(): name for name in names}
    values: dict[str, object] = {}
    for given, value in [*zip(pairs[::2], pairs[1::2], strict=True), *options.items()]:
        name = canonical.get(given.lower()) if isinstance(given, str) else None
        if name is None:
            every = ", ".join(sorted(names)) or "none"
            near = get_close_matches(str(given), sorted(names), n=1)
            raise PropertyError(
                f"{function} has no argument {given!r}.",
                remedy=f"did you mean '{near[0]}'?" if near else f"it takes {every}.",
            )
        if name in values:
            raise PropertyError(f"{function}: '{name}' is given twice.")
        values[name] = plain_text(value)
    return values
