"""The functions that layers, weights and inputs of shallow networks name, and one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import UsageError

#: MATLAB's, by what they are; the engine has each of the first three.
KNOWN: dict[str, frozenset[str]] = {
    what: frozenset(names.split())
    for what, names in {
        "transfer": "compet elliot2sig elliotsig hardlim hardlims logsig netinv poslin purelin "
        "radbas radbasn satlin satlins softmax tansig tribas",
        "net input": "netprod netsum",
        "weight": "boxdist dist dotprod mandist negdist normprod scalprod",
        "processing": "fixunknowns lvqoutputs mapminmax mapstd processpca removeconstantrows "
        "removerows",
    }.items()
}
#: Weight functions that measure how far a sample is from the weights.
DISTANCES = frozenset(("boxdist", "dist", "mandist", "negdist"))
#: MATLAB has these weight functions too, but what they compute is not settled here.
UNPROVEN_WEIGHTS = frozenset(("convwf", "dlvq"))

#: By documentation alone: no result of MATLAB's was at hand to check them.
UNCHECKED = frozenset(
    (
        *("boxdist", "elliot2sig", "elliotsig", "hardlims", "lvqoutputs", "mandist", "mapstd"),
        *("netinv", "normprod", "processpca", "radbasn", "removerows", "satlin", "satlins"),
        *("scalprod", "tribas"),
    )
)

#: What users added, by what it is and its name.
_OWN: dict[tuple[str, str], Callable[..., Any]] = {}


def register(what: str, name: str, function: Callable[..., Any]) -> None:
    """Tell what a function of one's own computes, such as the transfer function ``mytf.m``.

    Parameters
    ----------
    what:
        "transfer" (a function of the net input n), "weight" (of the weights, S×R, and the values)
        or "net input" (of two terms).
    name:
        As the network names it.
    function:
        Of torch tensors whose last dimension are the neurons, or the values of one sample.

    Raises
    ------
    UsageError
        ``what`` is none of these, or MATLAB has a function of that name.

    Example
    -------
    >>> register("transfer", "mytf", lambda n: n / (1 + n * n))
    """
    kinds = tuple(kind for kind in KNOWN if kind != "processing")
    if what not in kinds:
        raise UsageError(f"There is no kind of function '{what}'.", remedy=f"{', '.join(kinds)}.")
    if name in KNOWN[what]:
        raise UsageError(f"MATLAB has a {what} function '{name}' of its own.")
    _OWN[what, name] = function


def own(what: str, name: str) -> Callable[..., Any] | None:
    """The function that a user registered."""
    return _OWN.get((what, name))


def is_known(what: str, name: str) -> bool:
    """Whether it can be computed."""
    return name in KNOWN[what] or (what, name) in _OWN
