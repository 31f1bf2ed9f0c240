"""Bases of the layers for data of any format: by elements, or by channels."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataFormatError
from ..wording import argument
from .base import Layer


class Elementwise(Layer):
    """Base of the layers that compute each number of the output from that of the input."""

    keeps_size = True


class PerChannelLayer(Layer):
    """Base of the layers for data of any format that has channels."""

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input, which may have any dimensions beside C.

        Raises ``DataFormatError``: the format has no C.
        """
        if "C" not in formats[0]:
            raise DataFormatError(
                f"The layer needs a channel dimension; the data is labelled '{formats[0]}'.",
                remedy=f"label the channels C, for example {argument('data_format', 'SSCB')}.",
            )
        return (formats[0],)
