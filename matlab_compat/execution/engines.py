"""Engines of others for a network: they lie above, as they run the file that ``converters`` writes.

They are reached by the name of their module, as a layer's torch module is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .described import NetworkLike

#: Where the sessions of all networks are, and the choice among engines.
SESSIONS, FASTEST = "converters.engines.session", "converters.engines.fastest"


def kept(network: NetworkLike, engine: str) -> Any:
    """What computes a network by an engine, as :class:`RunOptions` takes it; made when it is new.

    Raises ``UsageError``: there is no such engine, or it is not installed.
    """
    return import_module(SESSIONS).kept(network, engine).compute


def fastest(network: NetworkLike) -> Any:
    """The engines that :class:`~.run.InferenceModule` may choose of; None where there are none."""
    return import_module(FASTEST).Fastest.of_tensors(network)
