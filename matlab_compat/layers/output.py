"""Output layers of DAGNetwork and SeriesNetwork: they hold labels and a loss, and pass data on.

Semantics: the documentation pages of the layers. The loss matters in training alone; at inference
an output layer is the identity. A dlnetwork has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..plain_text import class_names
from .base import Layer
from .constructors import construct
from .properties import Property, nonnegative_scalar, numeric
from .registry import register
from .saved_fields import SavedField, no_effect
from .structure import Identity

if TYPE_CHECKING:
    from collections.abc import Callable


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


class _OutputLayer(Identity):
    """Base of all output layers."""

    #: Where a network ends; nothing is computed here.
    is_output = True
    saved_fields: ClassVar[Mapping[str, SavedField]] = {
        "*": no_effect("of the loss, of labels or of a detector: the layer passes its input on")
    }

    @property
    def Classes(self) -> list[str] | None:
        """The names of the classes, in the order of the channels; ``None`` if it has none."""
        return None

    def classes(self) -> list[str] | None:
        """:attr:`Classes`."""
        return self.Classes

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input."""
        return (formats[0],)


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


@register("nnet.cnn.layer.ClassificationOutputLayer")
class ClassificationOutputLayer(_ClassifyingLayer):
    """MATLAB's classification output layer (cross-entropy): ``Classes`` name the channels."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.ClassificationOutputLayer"
    constructor: ClassVar[str] = "classificationLayer"
    type_text: ClassVar[str] = "Classification Output"
    default_format: ClassVar[str] = "CB"

    ClassWeights = Property(_class_weights, "none", group=None)

    def description(self) -> str:
        """For example ``crossentropyex with 'cat' and 9 other classes``."""
        names = self.Classes or []
        if len(names) < 2:
            return " with ".join(["crossentropyex", *(f"class '{name}'" for name in names)])
        if len(names) == 2:
            return f"crossentropyex with classes '{names[0]}' and '{names[1]}'"
        return f"crossentropyex with '{names[0]}' and {len(names) - 1} other classes"


@register("nnet.cnn.layer.RegressionOutputLayer")
class RegressionOutputLayer(_OutputLayer):
    """MATLAB's regression output layer (half mean squared error)."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.RegressionOutputLayer"
    constructor: ClassVar[str] = "regressionLayer"
    type_text: ClassVar[str] = "Regression Output"
    default_format: ClassVar[str] = "CB"

    ResponseNames = Property(_texts, [], doc="Names of the responses.")

    def description(self) -> str:
        """For example ``mean-squared-error with response 'Response'``."""
        names = [f"'{name}'" for name in self.ResponseNames]
        if not names:
            return "mean-squared-error"
        if len(names) == 1:
            return f"mean-squared-error with response {names[0]}"
        if len(names) == 2:
            return f"mean-squared-error with responses {names[0]} and {names[1]}"
        return f"mean-squared-error with response {names[0]} and {len(names) - 1} other responses"


class _PixelLayer(_ClassifyingLayer):
    loss: ClassVar[str]

    def description(self) -> str:
        """For example ``Cross-entropy loss with classes 'road', 'sky', and 9 other classes``."""
        return f"{self.loss} with classes {self._among_classes()}" if self.Classes else self.loss


@register("nnet.cnn.layer.PixelClassificationLayer")
class PixelClassificationLayer(_PixelLayer):
    """MATLAB's pixel classification layer (semantic segmentation)."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.PixelClassificationLayer"
    constructor: ClassVar[str] = "pixelClassificationLayer"
    type_text: ClassVar[str] = "Pixel Classification Layer"

    ClassWeights = Property(_class_weights, "none", group=None)

    @property
    def loss(self) -> str:  # type: ignore[override]
        """With or without weights."""
        weighted = self.ClassWeights != "none"
        return "Class weighted cross-entropy loss" if weighted else "Cross-entropy loss"


@register("nnet.cnn.layer.DicePixelClassificationLayer")
class DicePixelClassificationLayer(_PixelLayer):
    """MATLAB's Dice pixel classification layer."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.DicePixelClassificationLayer"
    constructor: ClassVar[str] = "dicePixelClassificationLayer"
    type_text: ClassVar[str] = "Dice Pixel Classification Layer"
    loss: ClassVar[str] = "Generalized Dice loss"


@register("nnet.cnn.layer.FocalLossLayer")
class FocalLossLayer(_PixelLayer):
    """MATLAB's focal loss layer."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.FocalLossLayer"
    constructor: ClassVar[str] = "focalLossLayer"
    type_text: ClassVar[str] = "Focal Loss Layer"
    loss: ClassVar[str] = "Focal loss"

    Gamma = Property(nonnegative_scalar, 2, doc="Focusing parameter.")
    Alpha = Property(nonnegative_scalar, 0.25, doc="Balancing parameter.")


@register("nnet.cnn.layer.RPNClassificationLayer")
class RPNClassificationLayer(_OutputLayer):
    """MATLAB's classification layer of region proposal networks."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.RPNClassificationLayer"
    constructor: ClassVar[str] = "rpnClassificationLayer"
    type_text: ClassVar[str] = "RPN Classification Output"


@register("nnet.cnn.layer.RCNNBoxRegressionLayer")
class RCNNBoxRegressionLayer(_OutputLayer):
    """MATLAB's box regression layer of R-CNN detectors."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.RCNNBoxRegressionLayer"
    constructor: ClassVar[str] = "rcnnBoxRegressionLayer"
    type_text: ClassVar[str] = "RCNN Box Regression Output"


@register("nnet.cnn.layer.YOLOv2OutputLayer")
class YOLOv2OutputLayer(_ClassifyingLayer):
    """MATLAB's YOLO v2 output layer; the detector's decoding of boxes is not part of it."""

    matlab_class: ClassVar[str] = "nnet.cnn.layer.YOLOv2OutputLayer"
    constructor: ClassVar[str] = "yolov2OutputLayer"
    type_text: ClassVar[str] = "YOLO v2 Output"


@register("rl.layer.FcnLossLayer")
class FcnLossLayer(_OutputLayer):
    """The loss at the end of a reinforcement learning agent's network (real files, R2020b)."""

    matlab_class: ClassVar[str] = "rl.layer.FcnLossLayer"
    constructor: ClassVar[str] = "FcnLossLayer"
    type_text: ClassVar[str] = "Loss"
    default_format: ClassVar[str] = "CB"


# --- constructor functions ----------------------------------------------------------------


def _function(layer_class: type[Layer], doc: str) -> Callable[..., Any]:
    """A constructor function without positional arguments."""

    def create(*pairs: object, **options: object) -> Layer:
        return construct(layer_class, (), pairs, options)

    create.__name__ = create.__qualname__ = layer_class.constructor
    create.__doc__ = doc
    return create


classificationLayer = _function(
    ClassificationOutputLayer, "Create a classification output layer: Classes, ClassWeights, Name."
)
regressionLayer = _function(
    RegressionOutputLayer, "Create a regression output layer: ResponseNames, Name."
)
pixelClassificationLayer = _function(
    PixelClassificationLayer, "Create a pixel classification layer: Classes, ClassWeights, Name."
)
dicePixelClassificationLayer = _function(
    DicePixelClassificationLayer, "Create a Dice pixel classification layer: Classes, Name."
)
focalLossLayer = _function(
    FocalLossLayer, "Create a focal loss layer: Gamma, Alpha, Classes, Name."
)
