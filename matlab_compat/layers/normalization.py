"""Normalization and dropout layers.

Semantics: the documentation pages of the layers, of ``batchnorm``, ``groupnorm``, ``layernorm`` and
``crosschannelnorm``. Traps: the affine part of every normalization is per channel; layer and group
normalization took statistics over time too before R2023a; an even window of the cross-channel
normalization looks further *ahead*; population statistics are not moving averages.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from ..arrays import Array
from ..display import number_text, size_text
from ..errors import DataFormatError, MatlabCompatWarning, PropertyError
from .base import Elementwise, Fans, PerChannelLayer
from .learnables import Layout, Learnable, State, factor, initializer
from .properties import (
    Property,
    auto_or_positive_integer,
    either,
    number,
    one_of,
    parameter_array,
    positive_integer,
    positive_scalar,
    probability,
    real_scalar,
    unit_interval,
)
from .saved_fields import no_effect

# --- what the normalizations with an affine part share ------------------------------------


class _Normalization(
    PerChannelLayer,
    channels="NumChannels",
    saved_fields={
        "IsMovingAverageMode": no_effect("for training"),
        "NumTrainingSamples": no_effect("for training"),
    },
):
    """Offset and Scale per channel, in an array of any orientation (1×1×C, C×1, 1×C)."""

    keeps_size = True
    #: How the rows of layer arrays call it.
    kind: ClassVar[str]

    NumChannels = Property(auto_or_positive_integer, "auto", read_only=True, group="")
    Epsilon = Property(positive_scalar, 1e-5)
    Offset = Learnable("Offset", Layout("bias"))
    Scale = Learnable("Scale", Layout("weight"))
    OffsetInitializer = initializer("zeros", "zeros", "ones", "narrow-normal")
    ScaleInitializer = initializer("ones", "ones", "zeros", "narrow-normal")
    OffsetLearnRateFactor, ScaleLearnRateFactor = factor(1), factor(1)
    OffsetL2Factor, ScaleL2Factor = factor(1), factor(1)

    def _validate(self) -> None:
        for name, array in self.filled_parameters():
            known = self.input_channels() or array.size
            if array.size != max(array.shape, default=1) or array.size != known:
                raise PropertyError(
                    f"{name} is {size_text(array.shape)}, but {known} channels need "
                    f"1×1×{known} (a vector of any orientation).",
                    where=(name,),
                )
            self._values["NumChannels"] = known

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        return {name: ((1, 1, channels), (channels, channels)) for name in self.parameters()}

    def _channels(self) -> int:
        return int(self.parameter_value("Scale").size)

    def description(self) -> str:
        """For example ``Batch normalization with 16 channels``."""
        known = self.input_channels()
        return f"{self.kind} with {known} channels" if known else self.kind


class BatchNormalizationLayer(
    _Normalization,
    type_text="Batch Normalization",
    stem="batchnorm",
    versions="2, 3",
    example="Epsilon=0.001",
    module="engine.normalization.batch_norm",
    multiply_adds=1,
):
    """MATLAB's batch normalization layer.

    ``Y = Scale .* (X - TrainedMean) ./ sqrt(TrainedVariance + Epsilon) + Offset``, per channel.

    Shape
    -----
    Any format with C; the output has the size of the input.

    Notes
    -----
    ``train()`` of the module uses the statistics of the batch over all dimensions but C, time
    included, and MeanDecay and VarianceDecay are torch's ``momentum``. MATLAB's training functions
    by default replace TrainedMean and TrainedVariance at the end with those of the whole
    training set, so in files they are usually not moving averages. In ``train()`` the running
    variance is torch's unbiased one; which one MATLAB takes is not documented.
    Epsilon is 1e-5 unless the file says otherwise (imported networks often have 1e-3).
    """

    kind = "Batch normalization"

    MeanDecay = Property(unit_interval, 0.1)
    VarianceDecay = Property(unit_interval, 0.1)
    TrainedMean = State(Layout("running_mean"))
    TrainedVariance = State(Layout("running_var"))

    def _validate(self) -> None:
        super()._validate()
        if self.TrainedVariance.size and self.TrainedVariance.min() < 0:
            raise PropertyError(
                f"TrainedVariance must not be negative; its least is {self.TrainedVariance.min()}.",
                where=("TrainedVariance",),
            )

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return len(formats[0]), self._channels(), self.Epsilon, self.MeanDecay, self.VarianceDecay


# --- statistics of each observation -------------------------------------------------------

#: OperationDimension to the labels that share statistics besides the channels of a group.
SHARED = {"channel-only": "", "spatial-channel": "S", "batch-excluded": "ST"}


class _GroupedNormalization(_Normalization, module="engine.normalization.ChannelGroupNorm"):
    """Statistics of each observation over groups of channels, and what OperationDimension adds."""

    OperationDimension = Property(
        one_of("auto", "channel-only", "spatial-channel", "batch-excluded"), "auto", read_only=True
    )

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        # Files from before R2023a lack the property; their releases shared time as well.
        return cls(**{"OperationDimension": "batch-excluded", **values})

    def groups(self, channels: int) -> int:
        """The number of groups that ``channels`` are divided into."""
        return 1

    def _shared(self, data_format: str) -> str:
        """The labels besides C that share statistics."""
        if self.OperationDimension != "auto":
            return SHARED[self.OperationDimension]
        if data_format == "SCB":  # a row of patches or tokens, each of which is normalized alone
            self._warn_of_auto(data_format, "channel-only")
            return ""
        if "S" in data_format and "T" in data_format:
            self._warn_of_auto(data_format, "spatial-channel")
        return "S"

    def _warn_of_auto(self, data_format: str, taken: str) -> None:
        warnings.warn(
            f"{self.label}: no page of MATLAB's says in full what OperationDimension 'auto' is for "
            f"'{data_format}'; '{taken}' is taken.",
            MatlabCompatWarning,
            stacklevel=7,
        )

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        shared = self._shared(formats[0])
        # In torch's order, what follows batch and channel is space, then time.
        rest = [label for label in formats[0] if label in "ST"]
        apart = [axis for axis, label in enumerate(rest, 2) if label not in shared]
        channels = self._channels()
        return self.groups(channels), channels, self.Epsilon, apart


group_count = either(
    "must be a positive integer, 'all-channels' or 'channel-wise'",
    positive_integer,
    "all-channels",
    "channel-wise",
)


class GroupNormalizationLayer(
    _GroupedNormalization, type_text="Group Normalization", example="'channel-wise'"
):
    """MATLAB's group normalization layer.

    Every observation is normalized over groups of neighbouring channels, together with the
    dimensions that OperationDimension names; then scaled and shifted per channel.

    Shape
    -----
    Any format with C; the output has the size of the input.

    Notes
    -----
    NumGroups is a number that divides the channels, 'all-channels' (one group) or 'channel-wise'
    (a group for each). 'auto' shares space but not time, and not the space of one-dimensional
    images ("SCB"); layers saved before R2023a, which have no OperationDimension, share both
    ('batch-excluded').
    """

    kind = "Group normalization"

    NumGroups = Property(group_count, read_only=True)

    def _validate(self) -> None:
        super()._validate()
        if (known := self.input_channels()) is not None:
            self.groups(known)

    def groups(self, channels: int) -> int:
        """The number of groups.

        Raises
        ------
        PropertyError
            It does not divide the number of channels.
        """
        if isinstance(self.NumGroups, str):
            return 1 if self.NumGroups == "all-channels" else channels
        if channels % self.NumGroups:
            raise PropertyError(
                f"NumGroups {self.NumGroups} does not divide the {channels} channels.",
                where=("NumGroups",),
            )
        return self.NumGroups

    def description(self) -> str:
        """For example ``Group normalization with 6 channels split into 3 groups``."""
        known = self.input_channels()
        split = f" split into {self.groups(known)} groups" if known else ""
        return super().description() + split


class LayerNormalizationLayer(
    _GroupedNormalization,
    type_text="Layer Normalization",
    example="OperationDimension='channel-only'",
):
    """MATLAB's layer normalization layer.

    Every observation is normalized over all channels, together with the dimensions that
    OperationDimension names; then scaled and shifted **per channel** (``torch.nn.LayerNorm`` has
    an affine parameter for every element).

    Shape
    -----
    Any format with C; the output has the size of the input.

    Notes
    -----
    'auto' is per time step for sequences, per position for one-dimensional images ("SCB"), and
    over space and channels for other images; layers saved before R2023a, which have no
    OperationDimension, share time as well ('batch-excluded').
    """

    kind = "Layer normalization"


class InstanceNormalizationLayer(
    _Normalization,
    type_text="Instance Normalization",
    example="Epsilon=0.001",
    module="engine.normalization.ChannelGroupNorm",
):
    """MATLAB's instance normalization layer.

    Every channel of every observation is normalized by itself, over space and time, in prediction
    as well; then scaled and shifted per channel.

    Shape
    -----
    Formats with C and at least one of S and T; the output has the size of the input.
    """

    kind = "Instance normalization"

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input, which must have space or time to normalize over."""
        result = super().output_formats(formats)
        if not set("ST") & set(formats[0]):
            raise DataFormatError(
                f"'{formats[0]}' has neither space nor time: every channel is a single number, "
                "which instance normalization would make zero.",
                remedy="use layerNormalizationLayer for features.",
            )
        return result

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        if {"S", "T"} <= set(formats[0]):
            warnings.warn(
                f"{self.label}: whether MATLAB normalizes '{formats[0]}' over time as well as "
                "space is not certain for releases from R2023a on; both are taken.",
                MatlabCompatWarning,
                stacklevel=5,
            )
        channels = self._channels()
        return channels, channels, self.Epsilon


# --- without learnables -------------------------------------------------------------------


class CrossChannelNormalizationLayer(
    PerChannelLayer,
    type_text="Cross Channel Normalization",
    module=("engine.normalization.CrossChannelNorm", "WindowChannelSize", "Alpha", "Beta", "K"),
    description="cross channel normalization with {WindowChannelSize} channels per element",
    example="5, K=1.0",
):
    """MATLAB's cross-channel (local response) normalization layer.

    ``Y = X ./ (K + Alpha*ss/WindowChannelSize).^Beta``, where ss is the sum of squares over the
    channel itself, ``floor((w-1)/2)`` channels before it and ``floor(w/2)`` after it.

    Shape
    -----
    Any format with C; the output has the size of the input.
    """

    keeps_size = True

    WindowChannelSize = Property(positive_integer)
    Alpha = Property(real_scalar, 1e-4)
    Beta = Property(number("a number not less than 0.01", lambda n: n >= 0.01), 0.75)
    K = Property(number("a number not less than 1e-05", lambda n: n >= 1e-5), 2)


#: Normalization to the factor and the summand that undo it, from the statistics it takes.
_INVERSES: dict[str, tuple[tuple[str, ...], Callable[..., tuple[Array, Array]]]] = {
    "zerocenter": (("Mean",), lambda mean: (np.ones(1), mean)),
    "zscore": (("StandardDeviation", "Mean"), lambda deviation, mean: (deviation, mean)),
    "rescale-zero-one": (("Max", "Min"), lambda most, least: (most - least, least)),
    "rescale-symmetric": (
        ("Max", "Min"),
        lambda most, least: ((most - least) / 2, (most + least) / 2),
    ),
}


class InverseNormalizationLayer(
    PerChannelLayer,
    type_text="Inverse Normalization",
    module="engine.imported.ElementwiseAffine",
    description="Inverse of '{Normalization}' normalization",
    example="'zscore', Name='targets'",
):
    """MATLAB's inverse normalization layer (R2026a): targets as they were before a normalization.

    'zscore': ``X.*StandardDeviation + Mean``; 'rescale-zero-one': ``X.*(Max - Min) + Min``;
    'rescale-symmetric': ``(X + 1).*(Max - Min)/2 + Min``; 'zerocenter': ``X + Mean``.

    Shape
    -----
    Any format with C; the output has the size of the input. Statistics are numbers, or vectors of
    one number for each channel.

    Notes
    -----
    One page words 'zerocenter' as a subtraction, which would be no inverse; it warns. Of
    OperationDimension only 'channel' is known.
    """

    Normalization = Property(one_of(*_INVERSES), read_only=True)
    Mean = Property(parameter_array, None)
    StandardDeviation = Property(parameter_array, None)
    Min = Property(parameter_array, None)
    Max = Property(parameter_array, None)
    OperationDimension = Property(one_of("channel"), "channel", read_only=True)

    def _validate(self) -> None:
        for name in _INVERSES[self.Normalization][0]:
            value = self._values[name]
            if value.size != max(value.shape, default=1):
                raise PropertyError(
                    f"{name} is {size_text(value.shape)}, not a number or one for each channel.",
                    where=(name,),
                )

    def input_channels(self) -> int | None:
        """The channels that the statistics are for; a number does for any."""
        names = _INVERSES[self.Normalization][0]
        sizes = {self._values[name].size for name in names} - {0, 1}
        return sizes.pop() if len(sizes) == 1 else None

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        if self.Normalization == "zerocenter":
            warnings.warn(
                f"{self.label}: one of MATLAB's pages says that the inverse of 'zerocenter' "
                "subtracts the mean; here it adds it.",
                MatlabCompatWarning,
                stacklevel=6,
            )
        names, inverse = _INVERSES[self.Normalization]
        rest = (1,) * sum(label in "ST" for label in formats[0])
        statistics = [
            self.parameter_value(name).astype(np.float64).reshape(-1, *rest) for name in names
        ]
        scale, offset = inverse(*statistics)
        return scale, offset


class AnyDropoutLayer(Elementwise, multiply_adds=0):
    """What the dropout layers share."""

    Probability = Property(probability, 0.5)

    def description(self) -> str:
        """For example ``50% dropout``."""
        return f"{number_text(round(100 * self.Probability, 4))}% {self.type_text.lower()}"


class DropoutLayer(
    AnyDropoutLayer,
    optional=("Probability",),
    type_text="Dropout",
    module=("torch.nn.Dropout", "Probability"),
    versions="1",
    example="0.2",
):
    """MATLAB's dropout layer: identity in prediction.

    In ``train()`` elements become zero with Probability, and the others are divided by
    ``1 - Probability``.
    """


class SpatialDropoutLayer(
    AnyDropoutLayer,
    PerChannelLayer,
    type_text="Spatial Dropout",
    module=("engine.normalization.SpatialDropout", "Probability"),
    example="Probability=0.25",
):
    """MATLAB's spatial dropout layer: identity in prediction.

    In ``train()`` whole channels of an observation become zero with Probability, and the others
    are divided by ``1 - Probability``.
    """
