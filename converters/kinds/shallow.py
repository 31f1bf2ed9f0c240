"""Shallow networks: objects of class network, and Autoencoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matlab_compat.display import one_line, shortened

from ..matfile.values import MatObject, Value
from ..saved import readable_fields
from ..walk import Place
from .base import Kind, Known
from .words import layers_text


class Shallow(Kind[Any]):
    """A network of feedforwardnet, patternnet, narxnet ...; or an Autoencoder, which has one."""

    def describe(self, place: Place, file: str) -> Known | None:
        """Known for what it is."""
        value = place.value
        if not isinstance(value, MatObject):
            return None
        values = f"{place.reading(file)}.properties"
        if value.class_name == "network":
            return Known(
                f"a shallow network ({_shallow_text(readable_fields(value))})",
                f"its weights are IW, LW and b of {values}; in MATLAB, genFunction(net, "
                "'net_function') writes it as code.",
            )
        if value.class_name == "Autoencoder":
            return Known(
                "an Autoencoder, which is a shallow network",
                f"its weights are IW, LW and b of the Network in {values}; in MATLAB, "
                "generateFunction(autoenc) writes it as code.",
            )
        return None


def _shallow_text(fields: Mapping[str, Value]) -> str:
    name, layers = fields.get("name"), fields.get("numLayers")
    count = int(layers.flat[0]) if isinstance(layers, np.ndarray) and layers.size == 1 else 0
    text = f"'{one_line(shortened(name, 80))}'" if isinstance(name, str) and name else "network"
    return f"{text}, {layers_text(count)}" if count else text
