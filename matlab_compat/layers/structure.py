"""Layers that join, flatten or fold data and compute nothing else.

Semantics: the documentation pages of the layers. Traps: MATLAB flattens **column-major** (h
fastest, then w, then C); dimensions are numbered as in "SSCB" (1 height, 2 width, 3 channels).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..data_format import LABELS, torch_axes
from ..errors import DataFormatError, PropertyError
from .base import Layer
from .properties import Property, positive_integer
from .saved_fields import no_effect
from .sizes import Activation, Inputs, Outputs

# --- flatten ----------------------------------------------------------------------------


class Flattening(Layer, module="engine.structure.Flatten", multiply_adds=0):
    """Base of the layers that turn images into features; ``order`` names the order of elements."""

    order: ClassVar[str]

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Without T "CB", with it "CBT"."""
        if "C" not in formats[0]:
            raise DataFormatError(f"The layer does not take the format '{formats[0]}'.")
        return ("CBT" if "T" in formats[0] else "CB",)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return self.order, formats[0].count("S"), "T" in formats[0]

    def _sized(self, inputs: Inputs) -> Outputs:
        (x,) = inputs
        return [x.without("S").with_("C", x.of("SC"))]


class FlattenLayer(
    Flattening,
    type_text="Flatten",
    versions="1",
    saved_fields={"NumFlattenDimensions": no_effect("follows from the labels of the input")},
):
    """MATLAB's flatten layer: H×W×C×N to (H*W*C)×N, column-major; time steps stay apart.

    Torch N,C,H,W to N,features, in the order of ``x.permute(0, 1, 3, 2).reshape(N, -1)``.
    """

    order = "column-major"


# --- several inputs ---------------------------------------------------------------------


def joined_format(formats: Sequence[str]) -> str:
    """The labels of a result of inputs that are matched label by label: all labels of any.

    Raises ``DataFormatError``: the inputs have spatial dimensions, but not equally many.
    """
    spatial = {given.count("S") for given in formats} - {0}
    if len(spatial) > 1:
        raise DataFormatError(
            f"Inputs labelled {' and '.join(formats)} do not go together.",
            remedy="flatten or pool one of them.",
        )
    return "".join(label * max(given.count(label) for given in formats) for label in LABELS)


def missing_axes(given: str, joined: str) -> list[int]:
    """The torch axes at which data labelled ``given`` gets size 1 to be labelled ``joined``."""
    in_torch = [joined[axis] for axis in torch_axes(joined)]
    return [axis for axis, label in enumerate(in_torch) if label not in given]


def _several(value: object) -> dict[str, object]:
    if value == 1:
        raise PropertyError("NumInputs must be an integer greater than 1.", where=("NumInputs",))
    return {"NumInputs": value}


class _Joining(Layer, arguments=("NumInputs",), multiply_adds=0):
    """A layer with the inputs ``in1`` to ``inN``."""

    # In MATLAB a property like any other; here it is derived for every other layer.
    NumInputs = Property(positive_integer, 2, read_only=True)

    @classmethod
    def expansions(cls) -> dict[str, Callable[[object], dict[str, object]]]:
        """NumInputs is greater than 1 in MATLAB's functions; files hold 1 as well."""
        return {"NumInputs": _several}

    @property
    def InputNames(self) -> list[str]:
        """``{'in1' 'in2' ...}``."""
        return [f"in{i}" for i in range(1, self._values["NumInputs"] + 1)]

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The labels of all inputs together."""
        return (joined_format(formats),)

    def _grows(self, labels: str) -> int | None:
        """The dimension along which the inputs stand side by side; ``None`` if they do not."""
        return None

    def _sized(self, inputs: Inputs) -> Outputs:
        (labels,) = self.output_formats([x.labels for x in inputs])
        along = self._grows(labels)
        each = list(zip(*(x.filled(labels) for x in inputs), strict=True))
        expands = {1} if along is None else set()
        if any(len({*n} - expands) > 1 for axis, n in enumerate(each) if axis != along):
            raise DataFormatError(
                f"Its inputs do not go together: {' and '.join(map(str, inputs))}."
            )
        size = (sum(n) if axis == along else max(n) for axis, n in enumerate(each))
        return [Activation(tuple(size), labels)]

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        """The axes that each of the inputs lacks."""
        return ([missing_axes(given, joined_format(formats)) for given in formats],)


class AdditionLayer(
    _Joining,
    type_text="Addition",
    versions="1",
    example="2",
    module="engine.structure.Addition",
    description="Element-wise addition of {NumInputs} inputs",
):
    """MATLAB's addition layer: the inputs element by element; sizes of 1 expand."""


class MultiplicationLayer(
    _Joining,
    type_text="Multiplication",
    example="2",
    module="engine.structure.Multiplication",
    description="Element-wise multiplication of {NumInputs} inputs",
):
    """MATLAB's multiplication layer: the inputs element by element; sizes of 1 expand."""


class ConcatenationLayer(
    _Joining,
    arguments=("Dim", "NumInputs"),
    type_text="Concatenation",
    versions="1",
    example="3, 2",
    module="engine.structure.Concatenation",
    description="Concatenation of {NumInputs} inputs along dimension {Dim}",
):
    """MATLAB's concatenation layer: the inputs side by side along dimension ``Dim``.

    ``Dim`` counts in MATLAB's order of labels: of "SSCB" 1 is height, 2 width, 3 channels; of "CB"
    and "CBT" 1 is channels. In a DAGNetwork features are 1×1×C×N: 3 is channels for "CB" too.
    """

    Dim = Property(positive_integer, read_only=True, doc="The dimension that grows.")

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The labels of all inputs together.

        Raises
        ------
        DataFormatError
            Dim is none of their dimensions, or the batch.
        """
        joined = joined_format(formats)
        self._grows(joined)
        return (joined,)

    def _grows(self, labels: str) -> int:
        """The index of the label that Dim means."""
        if labels == "CB" and self.Dim == 3:
            return 0
        if self.Dim > len(labels) or labels[self.Dim - 1] == "B":
            raise DataFormatError(
                f"Dim {self.Dim} is no dimension that data labelled '{labels}' can be "
                "concatenated along.",
                remedy="Dim counts the labels from 1: in 'SSCB' 3 is the channels, in 'CB' 1.",
            )
        return self.Dim - 1

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        joined = joined_format(formats)
        axis = torch_axes(joined).index(self._grows(joined))
        return (*super()._module_arguments(formats), axis)


class DepthConcatenationLayer(
    _Joining,
    type_text="Depth concatenation",
    versions="1",
    example="2",
    module=("engine.structure.Concatenation", 1),
    description="Depth concatenation of {NumInputs} inputs",
):
    """MATLAB's depth concatenation layer: the channels of in1, then those of in2 ..."""

    def _grows(self, labels: str) -> int:
        return labels.index("C")


# --- sequences --------------------------------------------------------------------------


class SequenceFoldingLayer(
    Layer,
    type_text="Sequence Folding",
    default_format="SSCBT",
    module="engine.structure.Folding",
    description="Sequence folding",
    multiply_adds=0,
):
    """MATLAB's sequence folding layer: time steps become observations, "SSCBT" to "SSCB".

    The output ``miniBatchSize`` goes to the unfolding layer; of it only the shape, N, means
    something.
    """

    _output_names = ("out", "miniBatchSize")

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input without T, and "B"."""
        if "T" not in formats[0]:
            raise DataFormatError(
                f"The layer folds sequences, not data labelled '{formats[0]}'.",
                remedy="give data with a T dimension.",
            )
        return (formats[0].replace("T", ""), "B")

    def _sized(self, inputs: Inputs) -> Outputs:
        (x,) = inputs
        return [x.without("T").with_("B", x.of("BT")), Activation((x.of("B"),), "B")]


class SequenceUnfoldingLayer(
    Layer,
    type_text="Sequence Unfolding",
    module="engine.structure.Unfolding",
    description="Sequence unfolding",
    multiply_adds=0,
):
    """MATLAB's sequence unfolding layer, the inverse of folding: "SSCB" to "SSCBT"."""

    _input_names = ("in", "miniBatchSize")

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input with T."""
        if "T" in formats[0]:
            raise DataFormatError(f"Data labelled '{formats[0]}' is unfolded already.")
        return (formats[0] + "T",)


class Identity(Layer, module="torch.nn.Identity", multiply_adds=0):
    """Base of the layers that pass their input on."""

    keeps_size = True


class IdentityLayer(Identity, type_text="Identity"):
    """MATLAB's identity layer."""
