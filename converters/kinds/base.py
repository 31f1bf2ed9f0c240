"""What a kind of model is: how one is told in a MAT-file, and what is made of it.

How a kind is added:

1. A class of :class:`Kind` in a module of this package. ``find`` is asked of every value of a file,
   with the MATLAB expression that reaches it (of a struct first as it is, then of each element, a
   ``dict``), and gives whatever ``build`` and ``record`` need, or ``None``. A model that is spread
   over the variables of the file is told by ``find_loose``.
2. An instance of it in ``KINDS`` of ``__init__.py``: the first that finds something counts.
3. ``build`` gives the model: anything that meets
   :class:`matlab_compat.execution.described.ModelLike`. ``load``, ``predict`` and ``verify`` ask no
   more of it, and nobody asks for its class.
4. ``record`` gives its entries for ``inspect``, ``layers`` the layers that can be chosen by name,
   ``part`` what a longer name chooses, ``recorded`` what its own tools say that it computed.
5. What is known but cannot be run has ``describe`` alone: what it is, and what to do about it.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from matlab_compat.errors import UnsupportedModelError
from matlab_compat.execution.described import ModelLike

from ..matfile import MatFile
from ..matfile.values import Value
from ..saved import SavedLayer
from ..walk import Place

if TYPE_CHECKING:
    from matlab_compat.layers import Layer
    from matlab_compat.network import Network
    from matlab_compat.shallow import ShallowNetwork

#: What ``find`` makes of a value: all that there is to know before the model is built.
S = TypeVar("S")


class Standing(IntEnum):
    """Which of several models in a file is meant: one of the highest standing there is."""

    DAMAGED = 0
    #: Weights of which nothing says which layer they belong to.
    LOOSE = 1
    LAYER = 2
    #: Layers that a network is made from.
    UNTRAINED = 3
    NETWORK = 4


@dataclass(frozen=True)
class Known:
    """A value that is known for what it is, and is not run."""

    #: As it stands after "is": "a shallow network (...)".
    what: str
    #: What can be done about it now.
    remedy: str
    #: Whether it is a model.
    is_model: bool = True
    #: What else ``inspect`` says of it.
    shown: Mapping[str, Any] = field(default_factory=dict)
    #: The error for running it.
    error: type[UnsupportedModelError] = UnsupportedModelError
    #: The MATLAB expression that reaches it.
    path: str = ""


@dataclass(frozen=True)
class Task:
    """A model with its inputs and what MATLAB made of them."""

    model: ModelLike
    X: list[Any]
    #: By the names to report them by.
    expected: dict[str, Any]
    activations: dict[str, Any] = field(default_factory=dict)

    def predict(self, **options: Any) -> Any:
        """What the model makes of the inputs; options as for its ``predict``."""
        return self.model.predict_all(self.X, **options)


@dataclass(frozen=True)
class Recorded:
    """What a model computed, as its own tools keep it."""

    #: One for each input.
    inputs: list[Value]
    #: The outputs of layers by their names.
    activations: dict[str, Value]


class Kind(ABC, Generic[S]):
    """One kind of model."""

    #: Whether inputs and outputs lie beside it under names that nobody can know.
    hunts: ClassVar[bool] = False
    #: Where there are several in a file.
    standing: ClassVar[Standing] = Standing.NETWORK
    #: What variables are called that :meth:`recorded` may take.
    records_as: ClassVar[tuple[str, ...]] = ()

    def find(self, place: Place, chosen: str | None) -> S | Known | None:
        """What is there, if it is of this kind; nothing inside it is looked for then.

        Raises ``MatFileError``: it is of this kind, and damaged.

        Parameters
        ----------
        chosen:
            The class of layer that weights belong to, as the user says.

        Returns
        -------
        ``Known`` where it is of this kind, and this version does not run it.
        """
        return None

    def find_loose(self, mat: MatFile, chosen: str | None) -> S | None:
        """The model that the variables of the file make up together."""
        return None

    def describe(self, place: Place, file: str) -> Known | None:
        """What a value is, where no model was found, in this file."""
        return None

    def standing_of(self, saved: S) -> Standing:
        """Where it stands among the models of a file."""
        return self.standing

    def part(self, saved: S, name: str) -> S | None:
        """The part of a model that ``variable="net.name"`` chooses; ``None`` if it has none.

        Raises ``LayerNotFoundError``: it has parts, but none of this name.
        """
        return None

    def recorded(self, saved: S, value: Value) -> Recorded | None:
        """What the model computed, if ``value`` is that as its own tools keep it."""
        return None

    def layers(self, saved: S) -> list[SavedLayer]:
        """The layers that can be chosen by name."""
        return []

    def build(self, saved: S) -> Layer | Network | ShallowNetwork:
        """The model, by default what ``build`` of what was found gives.

        Raises ``MatlabCompatError``: it cannot be built.
        """
        found: Any = saved
        return found.build()  # type: ignore[no-any-return]

    def truths(self, saved: S, variables: Mapping[str, Value]) -> list[Task]:
        """What it gave in MATLAB, found among the variables beside it, of a kind that ``hunts``."""
        raise NotImplementedError

    def record(self, saved: S) -> dict[str, Any]:
        """What ``inspect`` says of it: ``class``, ``layers``, ``connections`` and what it adds."""
        raise NotImplementedError
