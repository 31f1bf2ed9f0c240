"""A network as engines take it: an ONNX file in memory, or a module of torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from matlab_compat.data_format import torch_axes
from matlab_compat.display import TIMES, size_text
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers import inputLayer
from matlab_compat.network import Network
from matlab_compat.network.building import addLayers, connectLayers
from matlab_compat.plain_text import unused

from ..formats.base import Options, Prepared
from ..formats.onnx import fixed_sizes, onnx_model, steps_of

if TYPE_CHECKING:
    import onnx
    from torch import nn


class Written:
    """A network as engines take it; whatever is first asked for is made then."""

    def __init__(self, network: Network, steps: int, sizes: Sequence[Sequence[int]]) -> None:
        #: The sizes in MATLAB's order that it is written for, where the network says none.
        self._only = free_sizes(network, sizes)
        if self._only:
            network = with_sizes(network, self._only)
        self._prepared = Prepared(network, Options("single", steps=steps))
        self._fixed = False
        self._sizes: list[list[int | None]] = []

    @cached_property
    def onnx(self) -> bytes:
        """The ONNX file, of any number of observations."""
        model = onnx_model(self._prepared)
        crop_by_pads(model)
        self._fixed, self._sizes = bool(steps_of(model)), fixed_sizes(model)
        content: bytes = model.SerializeToString()
        return content

    @property
    def module(self) -> nn.Module:
        """The module of ``to_torch()``, for those who compile it."""
        return self._prepared.module()

    def check(self, sizes: Sequence[Sequence[int]]) -> None:
        """Raise ``UnsupportedLayerError`` where the file, if it was made, is of other sizes."""
        for have, want in zip(sizes, self._sizes, strict=False):
            if any(n not in (m, None) for m, n in zip(have, want, strict=True)):
                said = TIMES.join("n" if n is None else str(n) for n in want)
                raise UnsupportedLayerError(
                    f"the input is {size_text(tuple(have))} in torch's order, and the ONNX file "
                    f"takes {said}."
                )

    def takes(self, steps: int, only: Mapping[str, list[float]]) -> bool:
        """Whether sequences may have so many time steps, and inputs these :func:`free_sizes`."""
        long = not self._fixed or steps == self._prepared.options.steps
        return long and str(only) == str(self._only)  # NaN is not NaN


def free_sizes(network: Network, sizes: Sequence[Sequence[int]]) -> dict[str, list[float]]:
    """By name, the sizes of inputs in MATLAB's order, of a network that says none itself.

    NaN for observations and time steps, of which there may be any number.
    """
    inputs = (network.layer(name) for name in network.InputNames if name in network.names)
    if any(layer.input_size() is not None for layer in inputs):
        return {}
    found = {}
    for (name, labels), size in zip(network.plan().inputs.items(), sizes, strict=True):
        by_axis = dict(zip(torch_axes(labels), size, strict=True))
        found[name] = [math.nan if x in "BT" else by_axis[i] for i, x in enumerate(labels)]
    return found


def with_sizes(network: Network, sizes: Mapping[str, list[float]]) -> Network:
    """The network with a layer before each input that says its size."""
    labels = network.plan().inputs
    for name, size in sizes.items():
        layer = inputLayer(size, labels[name], Name=unused("size", set(network.names)))
        network = connectLayers(addLayers(network, layer), layer.Name, name)
    return network


def crop_by_pads(model: onnx.ModelProto) -> None:
    """Let transposed convolutions crop what is sliced off after them, by pads that are uneven.

    Files have none, as some runtimes misread them; what engines make of them is proved.
    """
    import onnx

    graph = model.graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    shapes = onnx.shape_inference.infer_shapes(model).graph.value_info
    sizes = {one.name: [n.dim_value for n in one.type.tensor_type.shape.dim] for one in shapes}
    made = {node.output[0]: node for node in graph.node}
    uses = Counter(name for node in graph.node for name in node.input)
    for node in list(graph.node):
        before = made.get(node.input[0]) if node.op_type == "Slice" else None
        given = [values.get(name) for name in node.input[1:]]
        if before is None or before.op_type != "ConvTranspose" or uses[node.input[0]] > 1:
            continue
        if len(given) < 3 or any(value is None or value.size != 1 for value in given):
            continue
        start, end, axis, *step = (int(value.item()) for value in given if value is not None)
        size = sizes[node.input[0]][axis]
        pads = next(one.ints for one in before.attribute if one.name == "pads")
        if axis >= 2 and size and start >= 0 and step in ([], [1]):
            pads[axis - 2] += start
            pads[axis - 2 + len(pads) // 2] += size - range(size)[:end].stop
            before.output[0] = node.output[0]
            made[node.output[0]] = before
            graph.node.remove(node)
