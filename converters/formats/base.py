"""What a format is: the classes that people outside make theirs of (see docs/extending.md).

A class with its endings is enough for ``converters.save(model, "weights.npz")`` to write it, and so
does the command line where a package names the class in an entry point of the group
``matlab_compat.formats`` whose name is the ending.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from matlab_compat.arrays import Array
from matlab_compat.display import enumerated
from matlab_compat.errors import UsageError

from ..code import Code
from ..matfile import DEFAULT_LIMITS, Limits
from .prepared import Model, Options, Prepared, outputs_of

if TYPE_CHECKING:
    import torch

    Arrays = tuple[Array, ...]
    Tensors = tuple[torch.Tensor, ...]


class Format(ABC):
    """A way to keep a layer or network in a file or folder.

    Parameters
    ----------
    suffixes:
        A keyword of the class statement: the endings of the file names, with their dot and in lower
        case; "" is a folder.
    """

    #: How messages call it.
    name: ClassVar[str]
    #: Whether it can hold placeholders for layers that cannot be built (``Options.stub``).
    holds_placeholders: ClassVar[bool] = False
    #: All formats by the ending.
    registered: ClassVar[dict[str, type[Format]]] = {}

    def __init_subclass__(cls, *, suffixes: tuple[str, ...] = (), **others: Any) -> None:
        super().__init_subclass__(**others)
        for suffix in suffixes:
            if suffix in Format.registered:
                raise UsageError(f"There is a format for the ending '{suffix}' already.")
            Format.registered[suffix] = cls

    def refusal(self, prepared: Prepared) -> str:
        """Why the format cannot hold this model; '' if it can."""
        return ""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Files that ``write`` makes beside ``path``: all get their names, or none does."""
        return ()

    def remarks(self, path: Path) -> tuple[str, ...]:
        """What the user has to know of the file written to ``path``."""
        return ()

    @abstractmethod
    def write(self, prepared: Prepared, path: Path) -> None:
        """Write the model to ``path``.

        Nothing is there yet: it is the final name, in a folder of its own. The file moves to its
        place later, once the outputs have been compared.
        """

    @abstractmethod
    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """The outputs of what was written, read afresh and run; all in torch's order.

        Raises
        ------
        NothingToCompareError
            What was written cannot be run here.
        """


class Opening(TypedDict, total=False):
    """The keywords of :func:`converters.load`, which all that opens a model's file takes."""

    layer_class: str | None
    ignore_fields: Sequence[str]
    code: Code
    function: str | None
    arguments: str | None
    limits: Limits


@dataclass(frozen=True)
class Asked:
    """Which of the models in a file is meant, and how it is opened; see :func:`converters.load`."""

    variable: str | None = None
    layer: str | int | None = None
    layer_class: str | None = None
    limits: Limits = DEFAULT_LIMITS
    ignore_fields: Sequence[str] = ()
    code: Code = ()
    function: str | None = None
    arguments: str | None = None

    @property
    def names_function(self) -> bool:
        """Whether the file has the parameters of a model function."""
        return self.function is not None or self.arguments is not None


#: The one model that there is.
ANY = Asked()


class ReadableFormat(Format):
    """A format that a model comes back from."""

    #: Whether a file may hold several models, or weights that do not say whose they are.
    chooses: ClassVar[bool] = False

    @abstractmethod
    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """The layer or network in the file.

        Raises
        ------
        MatFileError, FileAccessError
            The file is none of this format, or damaged; or it cannot be read.
        """

    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """The outputs of the model read back, run on torch."""
        return Prepared(self.read(path), options).run(inputs)


def need(extra: str, *modules: str) -> None:
    """Refuse early where an optional library is missing.

    Raises ``UsageError``: one of ``modules`` is not installed.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"This format needs {enumerated(missing)}, not installed here.",
            remedy=f"pip install 'matlab-compat[{extra}]'",
        )


__all__ = [
    "ANY",
    "Asked",
    "Format",
    "Model",
    "Opening",
    "Options",
    "Prepared",
    "ReadableFormat",
    "need",
    "outputs_of",
]
