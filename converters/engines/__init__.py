"""Engines that run a network instead of torch: ONNX Runtime, OpenVINO, torch's compiler.

A network goes through the ONNX writer once, is compared with the float64 oracle before its first
answer, and stays in the engine's memory (:mod:`.session`). Another engine is one class more
(:class:`.base.Engine`), which a package offers by the entry point group ``matlab_compat.engines``.
"""

from __future__ import annotations

from matlab_compat.display import enumerated
from matlab_compat.errors import UsageError
from matlab_compat.packages import added, entry_points
from matlab_compat.wording import argument

from .base import Engine, Lost
from .compiled import Compiled
from .onnxruntime import OnnxRuntime
from .openvino import OpenVino

#: The entry points of packages that bring engines.
GROUP = "matlab_compat.engines"
#: Not an engine, but the choice among them; and what needs none.
FASTEST, TORCH = "fastest", "torch"

_OWN: dict[str, type[Engine]] = {
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "compiled": Compiled,
}


def engines() -> dict[str, type[Engine]]:
    """All engines by name, also those that are not installed."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return _OWN | {n: added(point, "engine", Engine) for n, point in found.items() if n not in _OWN}


def engine_named(name: str) -> type[Engine]:
    """The engine of a name.

    Raises ``UsageError``: there is none, or what it needs is not installed.
    """
    known = engines()
    if name not in known:
        names = ", ".join((TORCH, *known, FASTEST))
        raise UsageError(
            f"There is no engine '{name}'.", remedy=f"{argument('engine')} is one of {names}."
        )
    engine = known[name]
    if missing := engine.missing():
        raise UsageError(
            f"The engine '{name}' needs {enumerated(missing)}, not installed here.",
            remedy=engine.remedy,
        )
    return engine


def check_engine(name: str) -> None:
    """Raise ``UsageError`` where that is no engine, torch or the choice, or not installed."""
    if name not in (FASTEST, TORCH):
        engine_named(name)


def installed() -> dict[str, type[Engine]]:
    """Those that have what they need, by name."""
    return {name: engine for name, engine in engines().items() if not engine.missing()}


__all__ = [
    "FASTEST",
    "GROUP",
    "TORCH",
    "Engine",
    "Lost",
    "check_engine",
    "engine_named",
    "engines",
    "installed",
]
