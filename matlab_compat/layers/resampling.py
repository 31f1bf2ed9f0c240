"""Layers that change the size of images: resize, crop, and blocks between space and depth.

Semantics: the documentation pages of the layers; the resize rules are those of ONNX's Resize,
``half_pixel`` and ``asymmetric``, with MATLAB's own defaults (nearest, half-pixel, round).
Saved fields: a Resize2DLayer of R2022b in a real file; the others are read by property name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..data_format import require_format
from ..display import matlab_text
from ..errors import DataFormatError, PropertyError, UnsupportedLayerError
from ..plain_text import plain_text
from .base import Layer
from .properties import (
    PerDimension,
    Property,
    few_numbers,
    flag,
    one_of,
    optional,
    positive_integers,
)
from .saved_fields import no_effect
from .sizes import Inputs, Outputs

# --- resize -----------------------------------------------------------------------------


def scales(count: int) -> Any:
    """``count`` positive numbers, or "not set"; a scalar expands."""
    rule = f"must be {count} positive numbers, or one for all dimensions"

    def convert(value: object) -> tuple[float, ...]:
        numbers = few_numbers(value, rule)
        numbers = numbers * count if len(numbers) == 1 else numbers
        if len(numbers) != count or any(not 0 < n < float("inf") for n in numbers):
            raise ValueError(rule)
        return tuple(numbers)

    return optional(convert)


class _Resize(
    Layer,
    saved_fields={
        "DlresizeMethodName": no_effect("follows from Method"),
        "GetOutputSizeAndScale": no_effect("follows from whether Scale or OutputSize is given"),
    },
    module="engine.resampling.Resize",
):
    """What both resize layers share.

    Raises
    ------
    PropertyError
        Not exactly one of Scale, OutputSize and EnableReferenceInput is given.
    """

    _optional_inputs: ClassVar = {"EnableReferenceInput": ("ref",)}

    GeometricTransformMode = Property(
        one_of("half-pixel", "asymmetric"), "half-pixel", read_only=True
    )
    NearestRoundingMode = Property(one_of("round", "floor", "onnx-10"), "round", read_only=True)
    EnableReferenceInput = Property(flag, False, read_only=True, doc="A second input, ref.")
    Scale = PerDimension(scales, None, ("", "[rows columns].", "By dimension."), read_only=True)
    OutputSize = PerDimension(
        lambda n: optional(positive_integers(n)), None, ("", "[h w].", "[h w d]."), read_only=True
    )

    def _validate(self) -> None:
        values = self._values
        given = [values["Scale"] is not None, values["OutputSize"] is not None]
        if sum(given) + self.EnableReferenceInput != 1:
            raise PropertyError(
                "A resize layer needs exactly one of Scale, OutputSize and EnableReferenceInput.",
                where=("OutputSize",),
            )

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the first input, which the reference must share."""
        image = "S" * self.dims + "CB"
        require_format(formats[0], (image, image + "T"))
        if set(formats) != {formats[0]}:
            raise DataFormatError(
                f"The reference input is labelled '{formats[-1]}', the input '{formats[0]}'."
            )
        return (formats[0],)

    def _sized(self, inputs: Inputs) -> Outputs:
        x = inputs[0]
        if self.EnableReferenceInput:
            return [x.starting(inputs[1].size[: self.dims])]
        if self.OutputSize is not None:
            return [x.starting(self.OutputSize)]
        if any(scale != int(scale) for scale in self.Scale):
            return []  # rounding is up to the layer
        scaled = [n * int(scale) for n, scale in zip(x.size, self.Scale, strict=False)]
        return [x.starting(scaled)]

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        values = self._values
        nearest = values["Method"] == "nearest"
        if nearest and self.NearestRoundingMode == "onnx-10":
            raise UnsupportedLayerError(
                "NearestRoundingMode 'onnx-10' is not documented well enough to be reproduced.",
                where=("NearestRoundingMode",),
                remedy="use 'round' or 'floor' if the network allows it.",
            )
        half_pixel = self.GeometricTransformMode == "half-pixel"
        how = not nearest, half_pixel, self.NearestRoundingMode == "floor"
        return self.dims, values["OutputSize"], values["Scale"], *how

    def description(self) -> str:
        """For example ``Resize 2d layer with output size of [64 64].``."""
        kind = f"Resize {self.dims}d layer"
        if self.EnableReferenceInput:
            return f"{kind} with reference input."
        if self.Scale is not None:
            return f"{kind} with scale of {matlab_text(self._values['Scale'])}."
        return f"{kind} with output size of {matlab_text(self._values['OutputSize'])}."


class Resize2DLayer(
    _Resize,
    dims=2,
    type_text="Resize",
    versions="3",
    example="OutputSize=(64, 64), Method='bilinear'",
):
    """MATLAB's 2-D resize layer: H×W×C×N to H'×W'×C×N, torch N,C,H,W to N,C,H',W'."""

    Method = Property(one_of("nearest", "bilinear"), "nearest", read_only=True)


class Resize3DLayer(_Resize, dims=3, type_text="Resize", example="Scale=(2, 2, 2)"):
    """MATLAB's 3-D resize layer: H×W×D×C×N, torch N,C,H,W,D."""

    Method = Property(one_of("nearest", "trilinear"), "nearest", read_only=True)


# --- crop -------------------------------------------------------------------------------


def _location(count: int) -> Any:
    """'auto', or the 1-based place ``[x y]`` or ``[x y z]``: column first."""

    def convert(value: object) -> str | tuple[int, ...]:
        if isinstance(value, str) and value.lower() == "auto":
            return "auto"
        if isinstance(value, str) or np.size(np.asarray(value, dtype=object)) != count:
            raise ValueError(f"must be 'auto' or {count} positive integers, x first")
        return positive_integers(count)(value)

    return convert


def _crop(where: object) -> dict[str, object]:
    where = plain_text(where)
    return {"Mode": where} if isinstance(where, str) else {"Mode": "custom", "Location": where}


class _Crop(Layer, arguments=("Location",), module="engine.resampling.Crop", multiply_adds=0):
    """What both crop layers share: the second input, ``ref``, gives the size."""

    _input_names = ("in", "ref")

    Mode = Property(
        one_of("centercrop", "custom"), "centercrop", read_only=True, argument="Location"
    )
    Location = PerDimension(
        _location,
        "auto",
        [f"'centercrop', or {place} counted from 1." for place in ("x", "[x y]", "[x y z]")],
        read_only=True,
    )

    @classmethod
    def expansions(cls) -> dict[str, Callable[[object], dict[str, object]]]:
        """MATLAB's one argument: 'centercrop' or a place."""
        return {"Location": _crop}

    def _validate(self) -> None:
        located = self.Location != "auto"
        if located != (self.Mode == "custom"):
            raise PropertyError(
                f"Mode '{self.Mode}' contradicts Location {matlab_text(self._values['Location'])}.",
                where=("Mode",),
                remedy="a custom crop has a Location, a centercrop has 'auto'.",
            )

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the first input; only the spatial size of the second counts."""
        image = "S" * self.dims + "CB"
        for given in formats:
            require_format(given, (image,))
        return (formats[0],)

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].starting(inputs[1].size[: self.dims])]

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        if self.Location == "auto":
            return self.dims, None
        column, row, *planes = self.Location
        return self.dims, tuple(n - 1 for n in (row, column, *planes))

    def description(self) -> str:
        """For example ``center crop``."""
        if self.Mode == "centercrop":
            return "center crop"
        location = matlab_text(self.Location)
        return f"crop with upper-left corner of cropping rectangle at {location}"

    def __repr__(self) -> str:
        what = self.Mode if self.Mode == "centercrop" else self.Location
        name = f", Name={self.Name!r}" if self.Name else ""
        return f"{self.constructor}({what!r}{name})"


class Crop2DLayer(_Crop, dims=2, type_text="Crop 2D", example="(5, 3)"):
    """MATLAB's 2-D crop layer: the inputs are ``in`` and ``ref``, whose H×W the output has.

    **Location is [x y]**, the column first, counted from 1.
    """


class Crop3DLayer(_Crop, dims=3, type_text="Crop 3D", example="(5, 3, 2)"):
    """MATLAB's 3-D crop layer; Location is [x y z], counted from 1."""


# --- space and depth --------------------------------------------------------------------


class _Blocks(Layer, input_formats=("SSCB",)):
    BlockSize = Property(positive_integers(2), read_only=True, doc="[h w].")


class SpaceToDepthLayer(
    _Blocks,
    type_text="Space to depth",
    module=("engine.resampling.SpaceToDepth", "BlockSize"),
    description="Space to depth layer with block size [{BlockSize[0]}  {BlockSize[1]}]",
    example="(2, 2)",
):
    """MATLAB's space to depth layer: H×W×C×N to floor(H/h)×floor(W/w)×(h*w*C)×N.

    The channels of a block come in the order that depth to space 'dcr' takes them, as the example
    on the page of ``spaceToDepth`` prints them. Rows and columns at the end that fill no block are
    left out.
    """


class DepthToSpace2DLayer(
    _Blocks,
    type_text="Depth to space",
    module=("engine.resampling.DepthToSpace", "BlockSize", "Mode"),
    description="Depth to space layer with block size {BlockSize[0]}×{BlockSize[1]}",
    example="(2, 2), Mode='crd'",
):
    """MATLAB's 2-D depth to space layer: H×W×(h*w*C)×N to H*h×W*w×C×N."""

    Mode = Property(one_of("dcr", "crd"), "dcr", read_only=True, doc="Order of the channels.")
