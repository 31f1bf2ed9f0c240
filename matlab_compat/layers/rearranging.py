"""Layers that put the same elements into another order or size: permute, reshape, complex and real.

Semantics: the documentation pages (R2024b, R2025a). No real file has been seen. What labels the
dimensions of a result have is documented only where they stay as they are; all else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data_format import torch_axes
from ..display import matlab_text, row_text
from ..errors import DataFormatError, UnsupportedLayerError
from .base import Layer, PerChannelLayer
from .properties import Property, few_numbers, one_of, optional, positive_integer
from .sizes import Inputs, Outputs


def _dimension_order(value: object) -> tuple[int, ...]:
    rule = "must be a permutation of the integers from 1 on"
    numbers = few_numbers(value, rule)
    if sorted(numbers) != list(range(1, len(numbers) + 1)) or not numbers:
        raise ValueError(rule)
    return tuple(int(n) for n in numbers)


def _unknown_labels(name: str, said: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(
        f"{name} {said}, and how MATLAB labels the result is not documented.",
        where=(name,),
        remedy="register a class of your own that says it: help(matlab_compat.register).",
    )


class PermuteLayer(Layer, type_text="Permute", module="engine.structure.Permute", example="(2, 1)"):
    """MATLAB's permute layer (R2025a): dimension i of the output is DimensionOrder(i) of the input.

    Dimensions beyond the list stay. Run where dimensions of the same label change places, as height
    and width: how MATLAB labels others is not documented.

    Shape
    -----
    ``permuteLayer([2 1])`` takes H×W×C×N to W×H×C×N, torch N,C,H,W to N,C,W,H.
    """

    DimensionOrder = Property(_dimension_order, read_only=True)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input."""
        (labels,) = formats
        order = self.DimensionOrder
        if len(order) > len(labels) or "U" in labels:
            raise DataFormatError(
                f"DimensionOrder {row_text(order)} does not fit data labelled '{labels}'."
            )
        moved, own = "".join(labels[i - 1] for i in order), labels[: len(order)]
        if moved != own:
            raise _unknown_labels(
                "DimensionOrder",
                f"{row_text(order)} of '{labels}' data puts '{moved}' in the place of '{own}'",
            )
        return (labels,)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        axes = torch_axes(formats[0])
        source = [
            *(i - 1 for i in self.DimensionOrder),
            *range(len(self.DimensionOrder), len(axes)),
        ]
        return ([axes.index(source[axis]) for axis in axes],)

    def description(self) -> str:
        """For example ``Permute with dimension order [2  1]``."""
        return f"Permute with dimension order {row_text(self.DimensionOrder)}"


def _output_size(value: object) -> tuple[int, ...]:
    """Positive integers, one of them maybe ``[]``, which is -1 here."""
    rule = "must be positive integers, at most one of them []"
    flat = value.ravel(order="F") if isinstance(value, np.ndarray) else value
    items: list[Any] = list(flat) if isinstance(flat, list | tuple | np.ndarray) else [flat]
    size = []
    for item in items:
        free = np.size(item) == 0 or (isinstance(item, int | float) and item == -1)
        try:
            size.append(-1 if free else positive_integer(item))
        except ValueError:
            raise ValueError(rule) from None
    if not size or size.count(-1) > 1:
        raise ValueError(rule)
    return tuple(size)


class ReshapeLayer(
    PerChannelLayer,
    type_text="Reshape",
    module="engine.structure.Reshape",
    example="(4, 4, 8), OperationDimension='spatial-channel'",
):
    """MATLAB's reshape layer (R2025a): the elements column-major in another size.

    OutputSize may have one ``[]``. Run with OperationDimension 'spatial-channel', which reshapes
    space and channels of every observation and time step, and an OutputSize of as many numbers as
    these are: how MATLAB labels others, and what it does without OperationDimension, is not
    documented.

    Shape
    -----
    H×W×C×N to h×w×c×N for OutputSize [h w c], torch N,C,H,W to N,c,h,w.
    """

    OutputSize = Property(_output_size, read_only=True)
    OperationDimension = Property(optional(one_of("spatial-channel")), None, read_only=True)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input."""
        (labels,) = super().output_formats(formats)
        if self.OperationDimension is None:
            raise UnsupportedLayerError(
                "What reshapeLayer reshapes without OperationDimension is not known here.",
                where=("OperationDimension",),
                remedy="pass OperationDimension='spatial-channel' if that is what it does.",
            )
        own = labels.count("S") + 1
        if len(self.OutputSize) != own or "U" in labels:
            raise _unknown_labels(
                "OutputSize",
                f"has {len(self.OutputSize)} numbers for the {own} dimensions of space and "
                f"channels of '{labels}' data",
            )
        return (labels,)

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        return self.OutputSize, formats[0].count("S"), "T" in formats[0]

    def description(self) -> str:
        """For example ``Reshape to output size [4 4 8]``."""
        shown = matlab_text(tuple(self.OutputSize)).replace("-1", "[]")
        return f"Reshape to output size {shown}"


class RealToComplexLayer(
    PerChannelLayer,
    type_text="Real to complex",
    module="engine.structure.RealToComplex",
    multiply_adds=0,
):
    """MATLAB's real to complex layer (R2024b): channels re1 im1 re2 im2 ... to complex channels.

    The inverse of the complex to real layer. Complex data cannot be exported to ONNX.
    """

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].with_("C", inputs[0].of("C") // 2)]


class ComplexToRealLayer(
    PerChannelLayer,
    type_text="Complex to real",
    module="engine.structure.ComplexToReal",
    multiply_adds=0,
):
    """MATLAB's complex to real layer (R2024b): complex channels to channels re1 im1 re2 im2 ...

    A network that begins with it, after an input layer without normalization, takes complex data.
    """

    makes_real = True

    def _sized(self, inputs: Inputs) -> Outputs:
        return [inputs[0].with_("C", 2 * inputs[0].of("C"))]
