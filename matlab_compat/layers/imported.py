"""Layers that MATLAB's importers of ONNX and Keras networks make.

What is known of them: from a real file beside the ONNX file that it was imported from, and from
public code that uses them. Others stay unsupported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..arrays import restored
from ..errors import PropertyError
from .base import Layer
from .pooling import GlobalAveragePooling2DLayer
from .properties import Property, flag, parameter_array
from .registry import register
from .saved_fields import SavedField, no_effect
from .structure import Flattening, Identity

if TYPE_CHECKING:
    from torch import nn

Array = npt.NDArray[Any]


# --- flatten ----------------------------------------------------------------------------


@register("nnet.onnx.layer.FlattenLayer")
class OnnxFlattenLayer(Flattening):
    """Flattens in the order of ONNX, whose data is N,C,H,W: w fastest, then h, then C."""

    matlab_class: ClassVar[str] = "nnet.onnx.layer.FlattenLayer"
    constructor: ClassVar[str] = "OnnxFlattenLayer"
    type_text: ClassVar[str] = "ONNX Flatten"
    order: ClassVar[str] = "row-major CHW"


@register("nnet.onnx.layer.FlattenInto2dLayer")
class OnnxFlattenInto2dLayer(Flattening):
    """Flattens in the order of ONNX.

    A real file and its ONNX source agree that channels are slowest; that rows come before columns
    is what its saved Description says ("C-style (row-major) order").
    """

    matlab_class: ClassVar[str] = "nnet.onnx.layer.FlattenInto2dLayer"
    constructor: ClassVar[str] = "OnnxFlattenInto2dLayer"
    type_text: ClassVar[str] = "ONNX Flatten"
    order: ClassVar[str] = "row-major CHW"


@register("nnet.keras.layer.FlattenCStyleLayer")
class KerasFlattenCStyleLayer(Flattening):
    """Flattens in the order of Keras, whose data is N,H,W,C: C fastest, then w, then h."""

    matlab_class: ClassVar[str] = "nnet.keras.layer.FlattenCStyleLayer"
    constructor: ClassVar[str] = "KerasFlattenCStyleLayer"
    type_text: ClassVar[str] = "Keras Flatten"
    order: ClassVar[str] = "row-major HWC"


# --- nothing but names --------------------------------------------------------------------


@register("nnet.onnx.layer.IdentityLayer")
class OnnxIdentityLayer(Identity):
    """Passes its input on."""

    matlab_class: ClassVar[str] = "nnet.onnx.layer.IdentityLayer"
    constructor: ClassVar[str] = "OnnxIdentityLayer"
    type_text: ClassVar[str] = "ONNX Identity"


@register("nnet.onnx.layer.VerifyBatchSizeLayer")
class OnnxVerifyBatchSizeLayer(Identity):
    """Passes its input on, in batches of any size.

    In MATLAB it refuses other batch sizes than the ONNX file's, which makes no difference to the
    observations that it lets through.
    """

    matlab_class: ClassVar[str] = "nnet.onnx.layer.VerifyBatchSizeLayer"
    constructor: ClassVar[str] = "OnnxVerifyBatchSizeLayer"
    type_text: ClassVar[str] = "Verify the fixed batch size"
    saved_fields: ClassVar[Mapping[str, SavedField]] = {
        name: no_effect("what MATLAB refuses; what passes is not changed")
        for name in ("RequiredBatchSize", "BatchDim", "InputLayerName")
    }


class _Sigmoid(Layer):
    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch.nn import Sigmoid

        return Sigmoid()


@register("nnet.onnx.layer.SigmoidLayer")
class OnnxSigmoidLayer(_Sigmoid):
    """The logistic function of every element."""

    matlab_class: ClassVar[str] = "nnet.onnx.layer.SigmoidLayer"
    constructor: ClassVar[str] = "OnnxSigmoidLayer"
    type_text: ClassVar[str] = "ONNX Sigmoid"


@register("nnet.keras.layer.SigmoidLayer")
class KerasSigmoidLayer(_Sigmoid):
    """The logistic function of every element."""

    matlab_class: ClassVar[str] = "nnet.keras.layer.SigmoidLayer"
    constructor: ClassVar[str] = "KerasSigmoidLayer"
    type_text: ClassVar[str] = "Keras Sigmoid"


@register("nnet.keras.layer.TanhLayer")
class KerasTanhLayer(Layer):
    """The hyperbolic tangent of every element."""

    matlab_class: ClassVar[str] = "nnet.keras.layer.TanhLayer"
    constructor: ClassVar[str] = "KerasTanhLayer"
    type_text: ClassVar[str] = "Keras Tanh"

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from torch.nn import Tanh

        return Tanh()


@register("nnet.keras.layer.GlobalAveragePooling2dLayer")
class KerasGlobalAveragePooling2dLayer(GlobalAveragePooling2DLayer):
    """The mean over height and width: H×W×C×N to 1×1×C×N."""

    matlab_class: ClassVar[str] = "nnet.keras.layer.GlobalAveragePooling2dLayer"
    constructor: ClassVar[str] = "KerasGlobalAveragePooling2dLayer"
    type_text: ClassVar[str] = "Keras Global Average Pooling"


# --- scale and offset ---------------------------------------------------------------------


@register("nnet.onnx.layer.ElementwiseAffineLayer")
class OnnxElementwiseAffineLayer(Layer):
    """``Y = Scale .* X + Offset``, each a scalar or sized like the data, 1 where all alike.

    ``DoScale`` and ``DoOffset`` switch the two off.
    """

    matlab_class: ClassVar[str] = "nnet.onnx.layer.ElementwiseAffineLayer"
    constructor: ClassVar[str] = "OnnxElementwiseAffineLayer"
    type_text: ClassVar[str] = "ONNX ElementwiseAffine"

    Scale = Property(parameter_array, None, doc="Factor.")
    Offset = Property(parameter_array, None, doc="Summand.")
    DoScale = Property(flag, True)
    DoOffset = Property(flag, True)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        from ..engine.imported import ElementwiseAffine

        scale = self._in_torch_order("Scale", formats[0]) if self.DoScale else np.ones(1)
        offset = self._in_torch_order("Offset", formats[0]) if self.DoOffset else np.zeros(1)
        return ElementwiseAffine(scale, offset)

    def _in_torch_order(self, name: str, labels: str) -> Array:
        """C first, then space, and 1 for T."""
        value = self.parameter_value(name)
        count = labels.count("S") + 1
        if count == 1 and value.size == max(value.shape):  # features, 1×1×C in a DAGNetwork
            value = value.ravel()
        full = restored(value, (None,) * count)
        if full is None:
            raise PropertyError(f"{name} has more dimensions than '{labels}'.", where=(name,))
        torch_order = np.moveaxis(full, -1, 0)
        return np.ascontiguousarray(torch_order[..., None] if "T" in labels else torch_order)
