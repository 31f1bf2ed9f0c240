"""What the dimensions of data are called, in the terms of its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..arrays import Array
from ..errors import MatlabCompatError

if TYPE_CHECKING:
    from ..layers.base import Layer
    from ..network import Network
    from .runner import Inputs


#: How data without labels is read, by its number of dimensions; two are rows and columns.
_UNLABELLED = {1: "U", 2: "UU", 3: "SSC", 4: "SSCB", 5: "SSSCB"}
_SPACE = {1: ("position",), 2: ("height", "width"), 3: ("height", "width", "depth")}


@dataclass(frozen=True)
class Axes:
    """What the dimensions are, and what they are called."""

    labels: str

    @classmethod
    def of(cls, rank: int, labels: str) -> Axes:
        """For arrays with so many dimensions; more labels are for sizes of 1 at the end."""
        return cls((labels or _UNLABELLED.get(rank, "U"))[:rank].ljust(rank, "U"))

    @property
    def names(self) -> tuple[str, ...]:
        """``("height", "width", "channels", "observations")``, ``("features", "time steps")``."""
        if self.labels == "UU":
            return ("rows", "columns")
        space = iter(_SPACE.get(self.labels.count("S"), ()))
        other = {"C": "channels" if "S" in self.labels else "features"}
        other |= {"B": "observations", "T": "time steps"}
        return tuple(
            next(space, f"dimension {i}") if label == "S" else other.get(label, f"dimension {i}")
            for i, label in enumerate(self.labels, 1)
        )

    @property
    def moving(self) -> tuple[int, ...]:
        """Those that a crop, a padding or a delay moves: space and time, if there is any."""
        found = tuple(i for i, label in enumerate(self.labels) if label in "ST")
        return found or tuple(range(min(2, len(self.labels))))


def to_rank(array: Array, rank: int) -> Array:
    """With the trailing dimensions of size 1 that MATLAB drops, so that there are ``rank``."""
    return array.reshape(array.shape + (1,) * (rank - array.ndim), order="F")


def same_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with as many dimensions as the one that has more."""
    rank = max(a.ndim, b.ndim)
    return to_rank(a, rank), to_rank(b, rank)


def matlab_size(array: Array) -> tuple[int, ...]:
    """The size as MATLAB says it: without trailing ones beyond two dimensions."""
    shape = array.shape
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def labels_of(model: Layer | Network, inputs: Inputs, port: int = 0, rank: int = 0) -> str:
    """What the dimensions of an output, of ``rank``, are as ``predict`` gives it; "" if unknown."""
    from ..execution.network import network_inputs, result_labels
    from ..layers.base import Layer

    try:
        if not isinstance(model, Layer):
            given = network_inputs(model, inputs.X, inputs.data_format)
            return result_labels(given, list(model.plan().outputs.values())[port][1], rank)
        formats = inputs.data_formats(model)
        return formats[0].of_output(model.output_formats([one.batched for one in formats])[port])
    except (MatlabCompatError, ValueError, IndexError):
        return ""
