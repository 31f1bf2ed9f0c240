"""The place of a layer that nothing is registered for, so that its network still opens."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedLayerError
from ..plain_text import class_names
from ..wording import argument
from .base import Layer
from .missing import why_missing
from .registry import layer_class
from .saved_fields import SavedPorts, saved_ports

if TYPE_CHECKING:
    from torch import nn


class UnsupportedLayer(SavedPorts, Layer):
    """A layer of a class that this version cannot build: kept with its fields, shown, not run.

    ``reason`` says why; ``fields`` holds everything the file says about it.
    """

    def __init__(self, class_name: str, fields: Mapping[str, Any], reason: str = "") -> None:
        name = fields.get("Name", "")
        super().__init__(Name=name if isinstance(name, str) else "")
        self.matlab_class = class_name
        self._reason = reason
        self.extra = dict(fields)

    @property
    def reason(self) -> str:
        """Why it cannot be built."""
        known = why_missing(self.matlab_class)
        return self._reason or known or f"no layer is registered for {self.matlab_class}"

    @property
    def Classes(self) -> list[str] | None:
        """An output layer's names of classes, as the file has them."""
        try:
            return class_names(self.extra.get("Classes")) if self.is_output else None
        except ValueError:
            return None

    def as_output(self) -> UnsupportedLayer | None:
        """The same layer as the output layer of a SeriesNetwork or DAGNetwork that it ends.

        All layers that end such networks are output layers. Those pass predictions on unchanged:
        their loss matters in training alone. ``None`` where the layer is known to be another:
        because its class is, or because it names its outputs.
        """
        known = layer_class(self.matlab_class)
        # Real files: custom layers that compute name their outputs, custom output layers have none.
        computes = bool(saved_ports(self.extra, "Outputs"))
        if computes or (known is not None and not known.is_output):
            return None
        new = copy.copy(self)
        new.is_output = True
        return new

    def description(self) -> str:
        """The layer's own Description, or its class."""
        text = self.extra.get("Description")
        return text if isinstance(text, str) and text else self.matlab_class

    def unread_fields(self) -> dict[str, Any]:
        """None: without its class no field is read, and it is not run."""
        return {}

    def refusal(self) -> UnsupportedLayerError | None:
        """The error for running it; ``None`` for an output layer, which passes predictions on."""
        return None if self.is_output else self.error()

    def error(self) -> UnsupportedLayerError:
        """Why it cannot be built."""
        remedy = (  # which tells those who use Python of the command line, too
            f"pass {argument('code', ['DIR'])} with the folder of your layers' MATLAB code; "
            f'or register a class for each: @matlab_compat.register("{self.matlab_class}"), of '
            "which help(matlab_compat.register) has an example (the command line takes a file of "
            "them: --plugin FILE.py); or, to convert it all the same, pass "
            f"{argument('stub', True)} for placeholders that raise when run."
        )
        what = f"{self.label} is a {self.matlab_class}: {self.reason}."
        return UnsupportedLayerError(what, remedy=remedy)

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        raise self.error()
