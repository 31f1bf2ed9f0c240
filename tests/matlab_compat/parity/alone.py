"""A layer on its own, with one input and one output."""

from __future__ import annotations

from typing import Any

from matlab_compat.layers import Layer
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report


def verify_layer(
    layer: Layer, X: object, expected: object, *, name: str = "Y", **options: Any
) -> Report:
    """Compare what it gives for ``X`` with what is expected."""
    return verify_network(layer, [X], {name: expected}, **options)
