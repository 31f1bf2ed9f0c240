"""The line of torch that repairs a mistake, where the layer's declaration gives one.

A property is an attribute or argument of torch's module, a learnable has its layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...layers.edges import edge_pairs
from ...layers.learnables import Layout, Parameter

if TYPE_CHECKING:
    from ...layers.base import Layer

#: What torch's modules call the attributes that properties are.
ATTRIBUTES = {
    "Stride": "stride",
    "DilationFactor": "dilation",
    "PoolSize": "kernel_size",
    "NumGroups": "num_groups",
    "Epsilon": "eps",
    "WindowChannelSize": "size",
    "Alpha": "alpha",
    "Beta": "beta",
    "K": "k",
}


def repair(layer: Layer, changed: Iterable[str]) -> str:
    """For ``layer``, torch's module, and the arrays as they are saved; "" where none is known.

    ``changed`` are the properties that the mistake is in, none where it is in the module.
    """
    made = layer.in_torch()
    if made:
        return f"layer = {made}"
    names = [name for name in changed if name != "FilterSize"]  # that of the weights
    lines = dict.fromkeys(_line(layer, name) for name in names)
    return "" if "" in lines else "; ".join(lines)


def _line(layer: Layer, name: str) -> str:
    if name in ("PaddingMode", "PaddingSize"):
        return _padding(layer)
    declared, value = layer.properties[name], layer.values[name]
    if isinstance(declared, Parameter):
        return "" if declared.layout is None else _loaded(name, declared.layout)
    return f"layer.{ATTRIBUTES[name]} = {value!r}" if name in ATTRIBUTES else ""


def _padding(layer: Layer) -> str:
    if layer.values["PaddingMode"] != "manual" or layer.values.get("PaddingValue", 0) != 0:
        return ""
    pairs = edge_pairs(layer.values["PaddingSize"], layer.dims)
    edges = tuple(n for pair in reversed(pairs) for n in pair)
    value = ", value=-torch.inf" if "MaxPooling" in type(layer).__name__ else ""
    return f"layer.padding = 0; x = torch.nn.functional.pad(x, {edges}{value})"


def _loaded(name: str, layout: Layout) -> str:
    data = f'{name}.ravel(order="F")'
    if layout.axes:
        names, _, there = layout.axes.partition("->")
        order = [names.split().index(n) for n in re.findall(r"[^\s()]+", there)]
        data = name if order == sorted(order) else f"{name}.transpose{tuple(order)}"
        if "(" in there:
            data += f".reshape(layer.{layout.torch_name}.shape)"
    return f"layer.{layout.torch_name}.data = torch.from_numpy({data}.copy())"
