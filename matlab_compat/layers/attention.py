"""Attention layers: self-attention and dot-product attention.

Semantics: the documentation pages. NumKeyChannels and NumValueChannels are totals over the heads,
heads are contiguous blocks of channels, weights are stored out×in, and the products of queries and
keys are multiplied by 1/sqrt(channels of a head).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..data_format import require_format
from ..errors import DataFormatError, PropertyError
from .base import Fans, Layer
from .learnables import Layout, Learnable, factor, fitted, initializer
from .properties import (
    Property,
    auto_or_positive_integer,
    either,
    flag,
    one_of,
    positive_integer,
    probability,
    real_scalar,
)
from .saved_fields import neutral, no_effect
from .sizes import Inputs, Outputs, matrix_elements
from .weighted import BIAS_INITIALIZERS, WEIGHT_INITIALIZERS

if TYPE_CHECKING:
    from ..engine.attention import Settings

#: Attention goes over T, or over S where there is no time.
FORMATS = ("CBT", "SCB")
_PARTS = ("Query", "Key", "Value", "Output")
_REMEDY = (
    "give a sequence ('CBT') or a one-dimensional image ('SCB'); insert flattenLayer after layers "
    "that give images."
)


_scale = either("must be 'auto' or a real scalar", real_scalar, "auto")


class AttentionBase(Layer, default_format="CBT"):
    """What both attention layers have."""

    _optional_inputs: ClassVar = {"HasPaddingMaskInput": ("mask",)}  # 1 data, 0 padding
    _optional_outputs: ClassVar = {"HasScoresOutput": ("scores",)}

    HasPaddingMaskInput = Property(flag, False, read_only=True, group="")
    HasScoresOutput = Property(flag, False, read_only=True, group="")
    NumHeads = Property(positive_integer, read_only=True)
    AttentionMask = Property(one_of("none", "causal"), "none")
    DropoutProbability = Property(probability, 0.0)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the queries; scores as keys×queries×heads×N, without labels."""
        for given in formats:
            require_format(given, FORMATS, _REMEDY)
        if len(set(formats)) > 1:
            raise DataFormatError(f"The inputs have different formats: {', '.join(formats)}.")
        return (formats[0], "UUUU")[: self.NumOutputs]

    def _settings(self, scale: float | None = None) -> Settings:
        from ..engine.attention import Settings

        return Settings(
            heads=self.NumHeads,
            causal=self.AttentionMask == "causal",
            dropout=self.DropoutProbability,
            scale=scale,
            scores=self.HasScoresOutput,
        )


class AttentionLayer(
    AttentionBase,
    type_text="Attention",
    description="Dot-product attention with {NumHeads} heads",
    saved_fields={
        "NumQueryGroups": neutral(
            "auto", why="queries in groups, other than one for each head, cannot be run"
        )
    },
    example="8, AttentionMask='causal'",
    module="engine.attention.Attention",
):
    """MATLAB's dot-product attention layer.

    Shape
    -----
    Queries C×N×Q, keys C×N×K and values D×N×K to D×N×Q; torch N,C,Q, N,C,K and N,D,K to N,D,Q.

    Notes
    -----
    ``Scale`` 'auto' is 1/sqrt(channels of the keys / NumHeads).
    """

    _input_names = ("query", "key", "value")

    Scale = Property(_scale, "auto")

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (self._settings(None if isinstance(self.Scale, str) else self.Scale),)

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].with_("C", inputs[2].of("C"))]

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        """Queries with keys, and what comes of it with values."""
        query, key, value = inputs[:3]
        return query.of("B") * query.of("ST") * key.of("ST") * (key.of("C") + value.of("C"))

    def _is_unread(self, name: str, value: object) -> bool:
        one_for_each_head = name.lower() == "numquerygroups" and np.all(value == self.NumHeads)
        return super()._is_unread(name, value) and not one_for_each_head


class SelfAttentionLayer(
    AttentionBase,
    type_text="Self-Attention",
    channels="InputSize",
    description="Self-attention with {NumHeads} heads and {NumKeyChannels} key channels",
    versions="1",
    saved_fields={"Num*Channels": no_effect("the weights have the sizes")},
    example="4, 128, AttentionMask='causal', NumValueChannels=128",
    module="engine.attention.SelfAttention",
):
    """MATLAB's multihead self-attention layer.

    Shape
    -----
    MATLAB C×N×T to OutputSize×N×T ("CBT"), or S×C×N to S×OutputSize×N ("SCB"); torch N,C,T to
    N,OutputSize,T.

    Notes
    -----
    ``QueryWeights`` and ``KeyWeights`` are NumKeyChannels×C, ``ValueWeights`` NumValueChannels×C,
    ``OutputWeights`` OutputSize×NumValueChannels, biases columns. Sizes are read off the weights:
    releases differ in the properties that hold them.
    """

    InputSize = Property(auto_or_positive_integer, "auto", read_only=True)
    NumKeyChannels = Property(positive_integer, read_only=True)
    NumValueChannels = Property(auto_or_positive_integer, "auto", read_only=True)
    OutputSize = Property(auto_or_positive_integer, "auto", read_only=True)
    QueryWeights = Learnable("QueryWeights", Layout("query_weight", "out in -> out in"))
    KeyWeights = Learnable("KeyWeights", Layout("key_weight", "out in -> out in"))
    ValueWeights = Learnable("ValueWeights", Layout("value_weight", "out in -> out in"))
    OutputWeights = Learnable("OutputWeights", Layout("output_weight", "out in -> out in"))
    QueryBias = Learnable("QueryBias", Layout("query_bias"))
    KeyBias = Learnable("KeyBias", Layout("key_bias"))
    ValueBias = Learnable("ValueBias", Layout("value_bias"))
    OutputBias = Learnable("OutputBias", Layout("output_bias"))
    QueryWeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    KeyWeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    ValueWeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    OutputWeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    QueryBiasInitializer = initializer("zeros", *BIAS_INITIALIZERS)
    KeyBiasInitializer = initializer("zeros", *BIAS_INITIALIZERS)
    ValueBiasInitializer = initializer("zeros", *BIAS_INITIALIZERS)
    OutputBiasInitializer = initializer("zeros", *BIAS_INITIALIZERS)
    QueryWeightsLearnRateFactor, KeyWeightsLearnRateFactor = factor(1), factor(1)
    ValueWeightsLearnRateFactor, OutputWeightsLearnRateFactor = factor(1), factor(1)
    QueryBiasLearnRateFactor, KeyBiasLearnRateFactor = factor(1), factor(1)
    ValueBiasLearnRateFactor, OutputBiasLearnRateFactor = factor(1), factor(1)
    QueryWeightsL2Factor, KeyWeightsL2Factor = factor(1), factor(1)
    ValueWeightsL2Factor, OutputWeightsL2Factor = factor(1), factor(1)
    QueryBiasL2Factor, KeyBiasL2Factor = factor(0), factor(0)
    ValueBiasL2Factor, OutputBiasL2Factor = factor(0), factor(0)

    @classmethod
    def expansions(cls) -> dict[str, Callable[[object], dict[str, object]]]:
        """One initializer for the queries', keys', values' and output's parameters."""
        names = ("WeightsInitializer", "BiasInitializer")
        return {name: partial(_for_each_part, name) for name in names}

    def _validate(self) -> None:
        self._read_sizes()
        for name in ("NumKeyChannels", "NumValueChannels"):
            channels = self._values[name]
            if isinstance(channels, int) and channels % self.NumHeads:
                raise PropertyError(
                    f"{name} {channels} cannot be divided among {self.NumHeads} heads.",
                    where=(name,),
                )
        for name, size in self._sizes().items():
            if self._values[name].size:
                need, vector = "the sizes of the layer need", name.endswith("Bias")
                self._values[name] = fitted(name, self._values[name], size, need, vector=vector)

    def _read_sizes(self) -> None:
        """Sizes that are 'auto' from the weights; values have as many channels as keys."""
        shown = {"InputSize": self.QueryWeights.shape[1] or "auto"}
        shown["OutputSize"] = self.OutputWeights.shape[0] or "auto"
        shown["NumValueChannels"] = self.ValueWeights.shape[0] or self.NumKeyChannels
        for name, size in shown.items():
            if self._values[name] == "auto":
                self._values[name] = size

    def _sizes(self) -> dict[str, tuple[int | None, ...]]:
        inputs, values, outputs = (
            None if isinstance(size, str) else size
            for size in (self.InputSize, self.NumValueChannels, self.OutputSize)
        )
        rows = {"Query": self.NumKeyChannels, "Key": self.NumKeyChannels, "Value": values}
        sizes: dict[str, tuple[int | None, ...]] = {}
        for name, n in {**rows, "Output": outputs}.items():
            sizes[f"{name}Weights"] = (n, values if name == "Output" else inputs)
            sizes[f"{name}Bias"] = (n, 1)
        return sizes

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn`` is the number of columns, ``numOut`` of rows; OutputSize is the input's."""
        sizes = {
            name: tuple(channels if n is None else n for n in size)
            for name, size in self._sizes().items()
        }
        return {name: (size, (size[1], size[0])) for name, size in sizes.items()}

    def _sized(self, inputs: Inputs) -> Outputs:
        outputs = self.OutputSize
        return [inputs[0].with_("C", outputs if isinstance(outputs, int) else inputs[0].of("C"))]

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        """The four products with weights, and those of dot-product attention."""
        if "QueryWeights" not in learnables:
            return None
        steps = inputs[0].of("ST")
        channels = learnables["QueryWeights"][0] + learnables["ValueWeights"][0]
        return inputs[0].of("B") * (matrix_elements(learnables) * steps + steps**2 * channels)

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        """The number of key channels is that of the weights, whatever the release calls it."""
        rows = np.asarray(values.get("KeyWeights", ())).shape[:1]
        if rows and rows[0]:
            values["NumKeyChannels"] = rows[0]
        return cls(**values)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        query, output = self.QueryWeights.shape, self.OutputWeights.shape
        return query[1], query[0], output[1], output[0], self._settings()


def _for_each_part(name: str, value: object) -> dict[str, object]:
    return {f"{part}{name}": value for part in _PARTS}
