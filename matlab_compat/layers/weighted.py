"""What the layers share that multiply their input by Weights and add a Bias."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import Array
from .base import Layer
from .learnables import Layout, Learnable, factor, fitted, initializer
from .sizes import Activation, Inputs

WEIGHT_INITIALIZERS = ("glorot", "he", "narrow-normal", "zeros", "ones")
BIAS_INITIALIZERS = ("zeros", "narrow-normal", "ones")


class WeightedLayer(Layer):
    """Base of the layers with Weights, and a Bias of one number for each output channel."""

    Weights = Learnable("Weight")
    Bias = Learnable("Bias", Layout("bias"))
    WeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    BiasInitializer = initializer("zeros", *BIAS_INITIALIZERS)
    WeightLearnRateFactor, BiasLearnRateFactor = factor(1), factor(1)
    WeightL2Factor, BiasL2Factor = factor(1), factor(0)

    def _validate(self) -> None:
        if self.Weights.size:
            self._values["Weights"] = self._checked_weights(self.Weights)
            self._count_channels(self.Weights)
        if self.Bias.size:
            self._values["Bias"] = self._checked_bias(self.Bias)

    def _checked_weights(self, weights: Array) -> Array:
        """The weights with all dimensions, which must fit the sizes of the layer."""
        raise NotImplementedError

    def _count_channels(self, weights: Array) -> None:
        """Take over what checked weights say about the number of channels."""
        raise NotImplementedError

    def _checked_bias(self, bias: Array) -> Array:
        """The bias in its size, whatever the orientation in which it is given."""
        need = f"{self._outputs_said()} needs"
        return fitted("Bias", bias, self._bias_size(), need, vector=True)

    def _outputs_said(self) -> str:
        """The properties that the number of output channels follows from."""
        return f"OutputSize {self._values['OutputSize']}"

    def _bias_size(self) -> tuple[int, ...]:
        """The size that Bias must have."""
        raise NotImplementedError

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        """Each weight once at each place that it is used at."""
        size = learnables.get("Weights")
        return math.prod(size) * self._places(inputs[0], outputs[0]) if size else None

    def _places(self, x: Activation, y: Activation) -> int:
        """At how many places of the input or output the weights are used."""
        return y.of("SBT")

    def parameter_value(self, name: str) -> Array:
        """A learnable as the network runs it: an absent bias beside weights is zero."""
        if name == "Bias" and self.Bias.size == 0 and self.BiasInitializer == "zeros":
            return np.zeros(self._bias_size(), self.Weights.dtype)
        return super().parameter_value(name)
