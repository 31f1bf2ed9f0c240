"""Layers that MATLAB's importers of ONNX and Keras networks make.

What is known of them: from a real file beside the ONNX file that it was imported from, and from
public code that uses them. Others stay unsupported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, restored
from ..errors import PropertyError
from .base import Elementwise, Layer
from .pooling import GlobalAveragePooling2DLayer
from .properties import Property, flag, parameter_array, real_scalar
from .saved_fields import no_effect
from .structure import Flattening, Identity

# --- flatten ----------------------------------------------------------------------------


class OnnxFlattenLayer(
    Flattening, saved_as="nnet.onnx.layer.FlattenLayer", type_text="ONNX Flatten", versions="1"
):
    """Flattens in the order of ONNX, whose data is N,C,H,W: w fastest, then h, then C."""

    order = "row-major CHW"


class OnnxFlattenInto2dLayer(
    Flattening,
    saved_as="nnet.onnx.layer.FlattenInto2dLayer",
    type_text="ONNX Flatten",
    versions="1",
):
    """Flattens in the order of ONNX.

    A real file and its ONNX source agree that channels are slowest; that rows come before columns
    is what its saved Description says ("C-style (row-major) order").
    """

    order = "row-major CHW"


class KerasFlattenCStyleLayer(
    Flattening, saved_as="nnet.keras.layer.FlattenCStyleLayer", type_text="Keras Flatten"
):
    """Flattens in the order of Keras, whose data is N,H,W,C: C fastest, then w, then h."""

    order = "row-major HWC"


class KerasTimeDistributedFlattenCStyleLayer(
    Flattening,
    saved_as="nnet.keras.layer.TimeDistributedFlattenCStyleLayer",
    type_text="Keras Flatten",
):
    """As the flatten layer of Keras, time step by time step."""

    order = "row-major HWC"


# --- nothing but names --------------------------------------------------------------------


class OnnxIdentityLayer(
    Identity, saved_as="nnet.onnx.layer.IdentityLayer", type_text="ONNX Identity"
):
    """Passes its input on."""


class OnnxVerifyBatchSizeLayer(
    Identity,
    saved_as="nnet.onnx.layer.VerifyBatchSizeLayer",
    type_text="Verify the fixed batch size",
    versions="1",
    saved_fields={
        name: no_effect("what MATLAB refuses; what passes is not changed")
        for name in ("RequiredBatchSize", "BatchDim", "InputLayerName")
    },
):
    """Passes its input on, in batches of any size.

    In MATLAB it refuses other batch sizes than the ONNX file's, which makes no difference to the
    observations that it lets through.
    """


class OnnxCustomOutputLayer(
    Identity, saved_as="nnet.onnx.layer.CustomOutputLayer", type_text="ONNX output"
):
    """The end of an imported network: passes its input on.

    What properties besides names would do is not known: with one it is not run.
    """


class ScalingFactorLayer(
    Layer,
    saved_as="nnet.inceptionresnetv2.layer.ScalingFactorLayer",
    type_text="Scaling factor",
    example="0.17",
    module="engine.imported.ElementwiseAffine",
):
    """The factor of a residual block of Inception-ResNet-v2: ``Scale .* X``."""

    Scale = Property(real_scalar)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return np.full(1, self.Scale), np.zeros(1)


class OnnxSigmoidLayer(
    Elementwise,
    saved_as="nnet.onnx.layer.SigmoidLayer",
    type_text="ONNX Sigmoid",
    module="torch.nn.Sigmoid",
):
    """The logistic function of every element."""


class KerasSigmoidLayer(
    Elementwise,
    saved_as="nnet.keras.layer.SigmoidLayer",
    type_text="Keras Sigmoid",
    module="torch.nn.Sigmoid",
):
    """The logistic function of every element."""


class KerasTanhLayer(
    Elementwise,
    saved_as="nnet.keras.layer.TanhLayer",
    type_text="Keras Tanh",
    module="torch.nn.Tanh",
):
    """The hyperbolic tangent of every element."""


class KerasGlobalAveragePooling2dLayer(
    GlobalAveragePooling2DLayer,
    saved_as="nnet.keras.layer.GlobalAveragePooling2dLayer",
    type_text="Keras Global Average Pooling",
):
    """The mean over height and width: H×W×C×N to 1×1×C×N."""


# --- scale and offset ---------------------------------------------------------------------


class OnnxElementwiseAffineLayer(
    Layer,
    saved_as="nnet.onnx.layer.ElementwiseAffineLayer",
    type_text="ONNX ElementwiseAffine",
    module="engine.imported.ElementwiseAffine",
):
    """``Y = Scale .* X + Offset``, each a scalar or sized like the data, 1 where all alike.

    ``DoScale`` and ``DoOffset`` switch the two off.
    """

    Scale = Property(parameter_array, None, doc="Factor.")
    Offset = Property(parameter_array, None, doc="Summand.")
    DoScale = Property(flag, True)
    DoOffset = Property(flag, True)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        scale = self._in_torch_order("Scale", formats[0]) if self.DoScale else np.ones(1)
        offset = self._in_torch_order("Offset", formats[0]) if self.DoOffset else np.zeros(1)
        return scale, offset

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
