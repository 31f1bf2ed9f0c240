"""Output layers of DAGNetwork and SeriesNetwork: they hold labels and a loss, and pass data on.

Semantics: the documentation pages of the layers. The loss matters in training alone; at inference
an output layer is the identity. A dlnetwork has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..plain_text import class_names
from .properties import Property, nonnegative_scalar, numeric
from .saved_fields import no_effect
from .structure import Identity


def _texts(value: object) -> list[str]:
    return class_names(value) or []


def _class_weights(value: object) -> str | tuple[float, ...]:
    """'none', or one weight per class."""
    rule = "must be 'none' or one nonnegative number for each class"
    if isinstance(value, str) and value.lower() == "none":
        return "none"
    weights = numeric(value, rule).ravel().tolist()
    if any(not weight >= 0 for weight in weights):
        raise ValueError(rule)
    return tuple(weights) or "none"


def _with_names(loss: str, names: Sequence[str], words: tuple[str, str, str]) -> str:
    """A loss and its names; ``words`` are for one, several, the first of many."""
    one, several, first = words
    quoted = [f"'{name}'" for name in names]
    if len(names) > 2:
        return f"{loss} with {first}{quoted[0]} and {len(names) - 1} other {several}"
    if len(names) == 2:
        return f"{loss} with {several} {' and '.join(quoted)}"
    return f"{loss} with {one}{quoted[0]}" if names else loss


class _OutputLayer(
    Identity,
    saved_fields={
        "*": no_effect("of the loss, of labels or of a detector: the layer passes its input on")
    },
):
    """Base of all output layers."""

    #: Where a network ends; nothing is computed here.
    is_output = True

    @property
    def Classes(self) -> list[str] | None:
        """The names of the classes, in the order of the channels; ``None`` if it has none."""
        return None


class _OfVectors(_OutputLayer, default_format="CB"):
    """An output layer after features."""


class _ClassifyingLayer(_OutputLayer):
    """An output layer with classes."""

    Classes: Any = Property(
        class_names, None, saved_as=("Categories", "ClassNames"), doc="Names of classes."
    )

    def _among_classes(self) -> str:
        """``'dog'``, ``'cat' and 'dog'``, or ``'cat', 'dog', and 8 other classes``."""
        names = [f"'{name}'" for name in self.Classes or []]
        if len(names) <= 2:
            return " and ".join(names)
        rest = len(names) - 2
        return f"{names[0]}, {names[1]}, and {rest} other class{'es' * (rest > 1)}"


class ClassificationOutputLayer(
    _ClassifyingLayer,
    _OfVectors,
    constructor="classificationLayer",
    type_text="Classification Output",
    stem="classoutput",
    versions="3, 4",
    example="Classes=['cat', 'dog']",
):
    """MATLAB's classification output layer (cross-entropy): ``Classes`` name the channels."""

    ClassWeights = Property(_class_weights, "none", group=None)

    def description(self) -> str:
        """For example ``crossentropyex with 'cat' and 9 other classes``."""
        return _with_names("crossentropyex", self.Classes or [], ("class ", "classes", ""))


class RegressionOutputLayer(
    _OfVectors,
    constructor="regressionLayer",
    type_text="Regression Output",
    stem="regressionoutput",
    versions="2",
    example="ResponseNames=['speed']",
):
    """MATLAB's regression output layer (half mean squared error)."""

    ResponseNames = Property(_texts, [], doc="Names of the responses.")

    def description(self) -> str:
        """For example ``mean-squared-error with response 'Response'``."""
        words = ("response ", "responses", "response ")
        return _with_names("mean-squared-error", self.ResponseNames, words)


class _PixelLayer(_ClassifyingLayer):
    loss: ClassVar[str]

    def description(self) -> str:
        """For example ``Cross-entropy loss with classes 'road', 'sky', and 9 other classes``."""
        return f"{self.loss} with classes {self._among_classes()}" if self.Classes else self.loss


class PixelClassificationLayer(
    _PixelLayer,
    type_text="Pixel Classification Layer",
    versions="3",
    example="Classes=['road', 'sky']",
):
    """MATLAB's pixel classification layer (semantic segmentation)."""

    ClassWeights = Property(_class_weights, "none", group=None)

    @property
    def loss(self) -> str:  # type: ignore[override]
        """With or without weights."""
        weighted = self.ClassWeights != "none"
        return "Class weighted cross-entropy loss" if weighted else "Cross-entropy loss"


class DicePixelClassificationLayer(
    _PixelLayer, type_text="Dice Pixel Classification Layer", example="Classes=['road', 'sky']"
):
    """MATLAB's Dice pixel classification layer."""

    loss = "Generalized Dice loss"


class FocalLossLayer(_PixelLayer, type_text="Focal Loss Layer", example="Gamma=1.5"):
    """MATLAB's focal loss layer."""

    loss = "Focal loss"

    Gamma = Property(nonnegative_scalar, 2, doc="Focusing parameter.")
    Alpha = Property(nonnegative_scalar, 0.25, doc="Balancing parameter.")


class RPNClassificationLayer(_OutputLayer, type_text="RPN Classification Output"):
    """MATLAB's classification layer of region proposal networks."""


class RCNNBoxRegressionLayer(_OutputLayer, type_text="RCNN Box Regression Output"):
    """MATLAB's box regression layer of R-CNN detectors."""


class YOLOv2OutputLayer(_ClassifyingLayer, type_text="YOLO v2 Output"):
    """MATLAB's YOLO v2 output layer; the detector's decoding of boxes is not part of it."""


class FcnLossLayer(_OfVectors, saved_as="rl.layer.FcnLossLayer", type_text="Loss", versions="1"):
    """The loss at the end of a reinforcement learning agent's network (real files, R2020b)."""
