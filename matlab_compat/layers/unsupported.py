"""The place of a layer that nothing is registered for, so that its network still opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedLayerError
from .base import Layer

if TYPE_CHECKING:
    from torch import nn


class UnsupportedLayer(Layer):
    """A layer of a class that this version cannot build: kept with its fields, shown, not run.

    ``reason`` says why; ``fields`` holds everything the file says about it.
    """

    def __init__(self, class_name: str, fields: Mapping[str, Any], reason: str = "") -> None:
        name = fields.get("Name", "")
        super().__init__(Name=name if isinstance(name, str) else "")
        self._class_name = class_name
        self._reason = reason
        self.extra = dict(fields)

    @property
    def class_name(self) -> str:
        """The class in MATLAB."""
        return self._class_name

    @property
    def reason(self) -> str:
        """Why it cannot be built."""
        return self._reason or f"no layer is registered for {self._class_name}"

    @property
    def InputNames(self) -> list[str]:
        """As the file says; ``{'in'}`` otherwise."""
        return _names(self.extra.get("nnet.layer.Layer.PrivateInputs"), "in")

    @property
    def OutputNames(self) -> list[str]:
        """As the file says; ``{'out'}`` otherwise."""
        return _names(self.extra.get("nnet.layer.Layer.PrivateOutputs"), "out")

    def description(self) -> str:
        """The layer's own Description, or its class."""
        text = self.extra.get("Description")
        return text if isinstance(text, str) and text else self._class_name

    def error(self) -> UnsupportedLayerError:
        """The error for running it."""
        return UnsupportedLayerError(
            f"{self.label} is a {self._class_name}: {self.reason}.",
            remedy=f'register your own: @matlab_compat.register("{self._class_name}"), '
            "or convert with stubs and fill them in.",
        )

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        raise self.error()


def _names(saved: Any, default: str) -> list[str]:
    texts = [t for t in getattr(saved, "flat", ()) if isinstance(t, str)]
    return texts or [default]
