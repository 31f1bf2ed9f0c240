"""Whether all numbers are finite inside of a network that an engine computes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

#: Elements of inputs that take long to look at, and by how much less there has to be inside.
MANY, LESS = 250_000, 4
#: Nodes of ONNX whose results are not finite where what they are given is not.
PASSING = (
    *("Conv", "Relu", "LeakyRelu", "BatchNormalization", "Pad", "Identity"),
    *("Add", "Sub", "Mul", "Div"),
)


def with_witness(model: bytes) -> tuple[bytes, str | None]:
    """An ONNX file with an output that is not finite where NaN came to max pooling; its name.

    For ONNX Runtime, which takes the largest of the other elements of a window. It is the average
    of what is pooled first, where that is a small part of the input, and the only way of the input
    leads there by nodes that pass NaN on. None where it is not.
    """
    import onnx

    proto = onnx.load_from_string(model)
    pooled = _pooled(proto.graph)
    if pooled is None or not MANY <= (given := _elements(proto.graph.input[0])) < math.inf:
        return model, None
    inside = {one.name: one for one in onnx.shape_inference.infer_shapes(proto).graph.value_info}
    if pooled not in inside or _elements(inside[pooled]) * LESS > given:
        return model, None
    witness = f"witness {pooled}"
    proto.graph.node.append(onnx.helper.make_node("GlobalAveragePool", [pooled], [witness]))
    made = onnx.helper.make_tensor_value_info(witness, onnx.TensorProto.FLOAT, None)
    proto.graph.output.append(made)
    return proto.SerializeToString(), witness


def _pooled(graph: onnx.GraphProto) -> str | None:
    """What the first max pooling is given, if the only input leads there and nowhere else."""
    if len(graph.input) != 1:
        return None
    name: str = graph.input[0].name
    unpadded = name
    outputs = {one.name for one in graph.output}
    while name not in outputs:
        after = [node for node in graph.node if name in node.input and node.op_type != "Shape"]
        if len(after) != 1:
            return None
        (node,) = after
        if node.op_type == "MaxPool":
            return unpadded  # what pads is less than any number
        if node.op_type not in PASSING or node.input[0] != name:
            return None
        unpadded, name = name if node.op_type == "Pad" else node.output[0], node.output[0]
    return None


def _elements(one: onnx.ValueInfoProto) -> float:
    """Of one observation; infinitely many where a size is not known."""
    _, *sizes = [n.dim_value or math.inf for n in one.type.tensor_type.shape.dim] or [0, math.inf]
    return math.prod(sizes)
