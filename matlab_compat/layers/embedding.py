"""Embedding layers: positions, words, class tokens; and indexing, which takes one step out.

Semantics: the documentation pages. Traps: positions and words count from 1, and the last column of
a word embedding is that of unknown words; the position embedding gives the embedding alone, to be
added to the data by an addition layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from ..arrays import Array, as_vector, restored
from ..data_format import require_format
from ..display import size_text
from ..errors import PropertyError, UnsupportedLayerError
from .base import Fans, Layer
from .learnables import Layout, Learnable, factor, fitted, initializer
from .properties import (
    Property,
    anything,
    auto_or_positive_integer,
    either,
    flag,
    one_of,
    optional,
    positive_integer,
    positive_integers,
    real_scalar,
)
from .saved_fields import no_effect
from .sizes import Inputs, Outputs
from .weighted import WEIGHT_INITIALIZERS, WeightedLayer

if TYPE_CHECKING:
    from torch import nn


class _Embedding(Layer, default_format="CBT"):
    """What layers with one weight matrix of embedding vectors, one column for each, share.

    The arguments of their functions are the size of a vector, and how many there are.
    """

    Weights = Learnable("Weight", Layout("weight", "out words -> words out"))
    WeightsInitializer = initializer("narrow-normal", *WEIGHT_INITIALIZERS)
    WeightLearnRateFactor, WeightL2Factor = factor(1), factor(1)

    def _weights_size(self) -> tuple[int, int]:
        size, count = (self._values[name] for name in self.arguments)
        return size, count

    def _validate(self) -> None:
        if self.Weights.size:
            need = "the sizes of the layer need"
            self._values["Weights"] = fitted("Weights", self.Weights, self._weights_size(), need)

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """Whatever the channels of the input; numIn is the number of vectors."""
        size = self._weights_size()
        return {"Weights": (size, size[::-1])}


class PositionEmbeddingLayer(
    _Embedding,
    type_text="Position Embedding",
    description="Position embedding with maximum position {MaxPosition}",
    versions="1",
    saved_fields={"PositionStrategy": no_effect("the object that carries out PositionDimension")},
    example="12, 256",
    module=("engine.embedding.PositionEmbedding", "MaxPosition", "OutputSize"),
):
    """MATLAB's position embedding layer.

    Shape
    -----
    MATLAB C×N×T to OutputSize×N×T ("CBT"), or S×C×N to S×OutputSize×N ("SCB"); torch N,C,T to
    N,OutputSize,T. Only the size of the input matters: column p of Weights comes out at position p.
    """

    OutputSize = Property(positive_integer, read_only=True)
    MaxPosition = Property(positive_integer, read_only=True)
    PositionDimension = Property(one_of("auto", "temporal", "spatial"), "auto", read_only=True)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input, which has time, or else one dimension of space."""
        allowed = {"auto": ("CBT", "SCB"), "temporal": ("CBT",), "spatial": ("SCB",)}
        require_format(formats[0], allowed[self.PositionDimension])
        return (formats[0],)


class SinusoidalPositionEncodingLayer(
    Layer, type_text="Sinusoidal Position Encoding", default_format="CBT", example="300"
):
    """MATLAB's sinusoidal position encoding layer: kept and shown, not run.

    The page does not say whether sines and cosines alternate or follow each other, nor whether
    positions count from 0 or 1, and no real file settles it.
    """

    OutputSize = Property(positive_integer, read_only=True)
    Positions = Property(
        one_of("auto", "temporal-indices", "spatial-indices", "data-values"), "auto", read_only=True
    )
    PositionOffset = Property(real_scalar, 0.0, group=None, doc="State since R2026a.")

    def _validate(self) -> None:
        if self.OutputSize % 2:
            raise PropertyError("OutputSize must be even.", where=("OutputSize",))

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        raise UnsupportedLayerError(
            "How MATLAB orders the sines and cosines is not documented.",
            remedy="use positionEmbeddingLayer with Weights that hold the encoding.",
        )


class IndexEmbedding(_Embedding, input_formats=("CBT", "CB")):
    """Base of the layers that take indices, counted from 1, in one channel."""

    def input_channels(self) -> int:
        """One: the index."""
        return 1

    def highest_index(self) -> int:
        """The last index that has a vector of its own."""
        last: int = self._values[self.arguments[-1]]
        return last

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].with_("C", self._weights_size()[0])]


class WordEmbeddingLayer(
    IndexEmbedding,
    type_text="Word Embedding Layer",
    description="Word embedding layer with {Dimension} dimensions and {NumWords} unique words",
    example="100, 5000",
    module="engine.embedding.WordEmbedding",
):
    """MATLAB's word embedding layer (Text Analytics).

    Shape
    -----
    Word indices 1×N×T ("CBT") to Dimension×N×T; torch N,1,T to N,Dimension,T. "CB" without T.

    Notes
    -----
    Index i takes column i of Weights. Weights of a trained layer has one column more than there
    are words: with OOVMode 'map-to-last' index 0 (padding) and indices beyond the vocabulary take
    that one; with 'error', or where Weights has no such column, they are refused. Source: the pages
    of the layer and of ``embed``. Files from before R2023b have no OOVMode and mean 'map-to-last'.
    """

    Dimension = Property(positive_integer, read_only=True)
    NumWords = Property(positive_integer, read_only=True)
    Vocabulary = Property(optional(anything), None, group=None)
    OOVMode = Property(one_of("map-to-last", "error"), "map-to-last", group=None)

    def _weights_size(self) -> tuple[int, int]:
        # Before a training the weights of a word embedding may lack the column of unknown words.
        bare = restored(self.Weights, (self.Dimension, self.NumWords)) is not None
        return self.Dimension, self.NumWords + (not bare)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        columns = self.parameter_value("Weights").shape[1]
        known_only = self.OOVMode == "error" or columns == self.NumWords
        return self.NumWords, columns, self.Dimension, known_only


class EmbeddingLayer(
    IndexEmbedding,
    type_text="Embedding",
    description="Embedding layer with output size {OutputSize} and maximum index {MaxIndex}",
    example="16, 1000",
    module=("engine.embedding.WordEmbedding", "MaxIndex", "MaxIndex", "OutputSize", True),
):
    """MATLAB's embedding layer (R2026a): index i becomes column i of Weights.

    Shape
    -----
    Indices 1×N×T ("CBT") to OutputSize×N×T, or 1×N ("CB"); torch N,1,T to N,OutputSize,T.
    ``Weights`` is OutputSize×MaxIndex, so indices count from 1; others are refused, that of a mask
    too, whose value and effect are not known.
    """

    OutputSize = Property(positive_integer, read_only=True)
    MaxIndex = Property(positive_integer, read_only=True)


class EmbeddingConcatenationLayer(
    _Embedding,
    type_text="Embedding Concatenation",
    channels="InputSize",
    input_formats=("CBT", "SCB"),
    module="engine.embedding.EmbeddingConcatenation",
):
    """MATLAB's embedding concatenation layer.

    Shape
    -----
    MATLAB C×N×T to C×N×(T+1) ("CBT"), or S×C×N to (S+1)×C×N ("SCB"); torch N,C,T to N,C,T+1.
    Weights, C×1, comes first.
    """

    InputSize = Property(auto_or_positive_integer, "auto", read_only=True)
    Weights = Learnable("Weight", Layout("weight"))

    def _validate(self) -> None:
        if self.Weights.size == 0:
            return
        column = as_vector(self.Weights, (self.Weights.size, 1))
        if column is None or self.InputSize not in ("auto", len(column)):
            raise PropertyError(
                f"Weights is {size_text(self.Weights.shape)}, but the layer needs a column of "
                f"InputSize {self.InputSize}.",
                where=("Weights",),
            )
        self._values.update(Weights=column, InputSize=len(column))

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn`` and ``numOut`` are the number of channels, as the page says."""
        return {"Weights": ((channels, 1), (channels, channels))}

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return (self.Weights.size,)


_index = either("must be 'first', 'last' or a positive integer", positive_integer, "first", "last")


class Indexing1DLayer(
    Layer,
    optional=("Index",),
    type_text="1-D Indexing",
    default_format="CBT",
    description="1-D indexing with index {Index!r}",
    versions="1",
    example="'last'",
    module="engine.embedding.Indexing",
):
    """MATLAB's 1-D indexing layer.

    Shape
    -----
    MATLAB C×N×T to C×N ("CBT" to "CB"), S×C×N to C×N; torch N,C,T to N,C. ``Index`` counts from 1.

    Notes
    -----
    With HasPaddingMaskInput the second input, 1×N×T (1×N×S for "SCB" data: S×1×N), says which steps
    count: 1 data, 0 padding, which the layer "ignores when it extracts data" (the page). 'last' is
    the last step of data.
    """

    _optional_inputs: ClassVar = {"HasPaddingMaskInput": ("mask",)}

    HasPaddingMaskInput = Property(flag, False, read_only=True, group="")
    Index = Property(_index, "first", read_only=True)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input without time, or without its one dimension of space."""
        require_format(formats[0], ("CBT", "SCB", "SCBT", "SSCBT", "SSSCBT"))
        if self.HasPaddingMaskInput:
            require_format(formats[1], ("CBT" if "T" in formats[0] else "SCB",))
        return (formats[0].removesuffix("T") if "T" in formats[0] else "CB",)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        steps = {"first": 0, "last": -1}
        return (steps[self.Index] if isinstance(self.Index, str) else self.Index - 1,)


class PatchEmbeddingLayer(
    WeightedLayer,
    type_text="Patch Embedding",
    channels="NumChannels",
    description="Patch embedding of {PatchSize[0]}×{PatchSize[1]} with output size {OutputSize}",
    example="(16, 16), 768",
    module="engine.embedding.PatchEmbedding",
):
    """MATLAB's patch embedding layer (Computer Vision).

    A convolution whose stride is the size of its filters; its output is then flattened to a row of
    patches, column by column, or row by row with SpatialFlattenMode 'row-major' (the page:
    "column-major" takes [1 2 3; 4 5 6; 7 8 9] to [1 4 7 2 5 8 3 6 9]).

    Shape
    -----
    MATLAB H×W×C×N ("SSCB") to P×OutputSize×N ("SCB"), P patches; torch N,C,H,W to N,OutputSize,P.
    ``Weights`` is h×w×C×OutputSize, ``Bias`` a vector. H and W are multiples of PatchSize.
    """

    PatchSize = Property(positive_integers(2), read_only=True)
    OutputSize = Property(positive_integer, read_only=True)
    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True)
    SpatialFlattenMode = Property(
        one_of("column-major", "row-major"), "column-major", read_only=True
    )
    Weights = Learnable("Weight", Layout("weight", "... C F -> F C ..."))

    def _checked_weights(self, weights: Array) -> Array:
        size = (*self.PatchSize, self.input_channels(), self.OutputSize)
        need = "PatchSize and OutputSize need"
        return fitted("Weights", weights, size, need, unknown="NumChannels")

    def _count_channels(self, weights: Array) -> None:
        self._values["NumChannels"] = weights.shape[2]

    def _bias_size(self) -> tuple[int, ...]:
        return (1, 1, self.OutputSize)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Images become one-dimensional: "SSCB" to "SCB"."""
        require_format(formats[0], ("SSCB",))
        return ("SCB",)

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        area = prod(self.PatchSize)
        fans = (area * channels, area * self.OutputSize)
        weights = (*self.PatchSize, channels, self.OutputSize)
        return {"Weights": (weights, fans), "Bias": (self._bias_size(), fans)}

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        rows = self.SpatialFlattenMode == "row-major"
        return self.PatchSize, self.input_channels() or 0, self.OutputSize, rows
