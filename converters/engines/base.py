"""What an engine is: the class that packages outside make theirs of (see docs/extending.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from matlab_compat.arrays import Array

if TYPE_CHECKING:
    from .written import Written

#: Outputs for inputs, single in torch's order. The outputs are the caller's own.
Compute: TypeAlias = "Callable[[Sequence[Array]], Sequence[Any]]"


class Lost(Exception):
    """Something that is not finite is not in the outputs, and should be."""


class Engine(ABC):
    """A network in the memory of an engine.

    Parameters
    ----------
    written:
        The network: ``written.onnx``, the bytes of its ONNX file, or ``written.module``, torch's.
    threads:
        How many the engine may compute with.

    Raises
    ------
    Exception
        Whatever it refuses: torch then computes, and the text of the error says why.
    """

    #: How results and reports call it.
    label: ClassVar[str]
    #: What it needs, as Python imports it, and how that is installed.
    packages: ClassVar[tuple[str, ...]] = ()
    remedy: ClassVar[str] = ""
    #: Seconds that it takes to make ready at least.
    patience: ClassVar[float] = 0
    #: Whether NaN and Inf may be lost at some places of an input and kept at others, beyond max
    #: pooling. The inputs are looked at before each call then.
    place_matters: ClassVar[bool] = True
    #: Whether one thread may be faster than several, for networks that take microseconds.
    one_thread: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, written: Written, threads: int) -> None: ...

    @abstractmethod
    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """What computes inputs of these sizes; several threads may call it at once."""

    def watched(self, sizes: Sequence[Sequence[int]]) -> Compute | None:
        """The same, which raises :class:`Lost`; None where that cannot be told from inside.

        The inputs are looked at then, where the :attr:`place_matters`, of networks with max
        pooling, and where the engine was seen to lose NaN or Inf.
        """
        return None

    @classmethod
    def missing(cls) -> list[str]:
        """What it needs and is not here."""
        return [package for package in cls.packages if find_spec(package) is None]

    @classmethod
    def facts(cls) -> dict[str, str]:
        """The versions that its results depend on."""
        return {package: _version(package) for package in cls.packages[:1]}


def _version(package: str) -> str:
    """Of what is imported so, whatever it is installed as: onnxruntime may be onnxruntime-gpu."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    try:
        return version(package)
    except PackageNotFoundError:
        return " ".join(map(version, packages_distributions().get(package, ())))
