"""The runners that ``verify --against`` takes by name; other packages bring theirs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from matlab_compat.errors import FileAccessError, locating
from matlab_compat.network import Network
from matlab_compat.packages import added, entry_points
from matlab_compat.parity.runner import Inputs, OracleRunner, Results, Runner, Wanted
from matlab_compat.shallow import ShallowNetwork

from .data import split_argument
from .engines import engines
from .load import load_runnable

#: Makes a runner from the text after ``NAME:`` ("" without any) and the network in question.
RunnerMaker: TypeAlias = Callable[[str, Network | ShallowNetwork], Runner]

#: The entry points of packages that bring runners.
GROUP = "matlab_compat.runners"


@dataclass
class MatRunner(OracleRunner):
    """Another version of a network, in float64: of its layers those that both have."""

    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.label = "the other MAT-file"

    def facts(self) -> dict[str, str]:
        """Nothing: what a result depends on is the other side's."""
        return {}

    def offers(self) -> Wanted:
        """Its outputs, and the activations of these layers."""
        return Wanted(layers=self.layers)

    def run(
        self, inputs: Inputs, wanted: Wanted, inside: AbstractContextManager[Any] | None = None
    ) -> Results:
        """As of any network; what it refuses, the other file's network refuses."""
        with locating(self.label):
            return super().run(inputs, wanted, inside)


def _onnx(path: str, network: Network | ShallowNetwork) -> Runner:
    from .formats.onnx.runner import OnnxRunner, ShallowOnnxRunner

    if isinstance(network, ShallowNetwork):
        return ShallowOnnxRunner(path, network)
    return OnnxRunner(path, network)


def _mat(path: str, network: Network | ShallowNetwork) -> Runner:
    other = load_runnable(*split_argument(path))
    own, others = (one.names if isinstance(one, Network) else [] for one in (network, other))
    return MatRunner(other, layers=tuple(name for name in own if name in others))


_OWN: dict[str, RunnerMaker] = {
    "onnx": _onnx,
    "float64": lambda _, network: OracleRunner(network),
    "mat": _mat,
}


def _is_mat(against: str) -> bool:
    file, _ = split_argument(against)
    return Path(file).suffix.lower() == ".mat" and Path(file).exists()


def runner_named(against: str, network: Network | ShallowNetwork) -> Runner:
    """The runner that ``--against`` names.

    Raises ``MatlabCompatError``: whatever the runner refuses.

    Parameters
    ----------
    against:
        ``NAME`` or ``NAME:WHAT`` of a runner: "onnx", "mat", "float64", an entry point of the group
        ``matlab_compat.runners``, or an engine's ("onnxruntime", "openvino", "compiled" ...). Or
        the path of another MAT-file, ``FILE.mat`` or ``FILE.mat:VARIABLE``, or of an ONNX file.
    network:
        What the runner should compute the same as.
    """
    name, _, what = against.partition(":")
    if _is_mat(against):
        return _mat(against, network)
    if not Path(against).exists():
        if name in _OWN:
            return _OWN[name](what, network)
        for found in entry_points(group=GROUP, name=name):
            made: Runner = added(found, "runner")(what, network)
            return made
        if against in engines():
            from .engines.runner import EngineRunner

            return EngineRunner(against, network)
    return _onnx(against, network)


def check_runner(against: str) -> None:
    """Say before anything is read that ``against`` names no runner and no file.

    Raises ``FileAccessError``.
    """
    name, known = against.partition(":")[0], {*_OWN, *engines()}
    is_there = Path(against).exists() or _is_mat(against)
    if not (is_there or name in known or entry_points(group=GROUP, name=name)):
        raise FileAccessError(
            "There is no such file, and no runner of that name.",
            where=(against,),
            remedy=f"name an ONNX or MAT-file, or a runner: {', '.join(sorted(known))}.",
        )
