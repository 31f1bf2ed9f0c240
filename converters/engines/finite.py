"""Whether all numbers are finite: of inputs, and inside of a network that an engine computes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from matlab_compat.arrays import Array

if TYPE_CHECKING:
    import onnx

#: Elements below which numpy's product takes less time than to look at each, and no threads.
FEW = 10_000
#: Elements of inputs that take long to look at, and by how much less there has to be inside.
MANY, LESS = 250_000, 4


def is_finite(x: Array) -> bool:
    """Whether all elements are, of an array in C order; also false for some huge ones.

    In this thread: torch's go on spinning beside the engine's. And of numpy's products vdot warns
    of no overflow.
    """
    if x.size < FEW:
        return math.isfinite(np.vdot(x, x))
    return bool(np.isfinite(x).all())


def with_witnesses(model: bytes) -> tuple[bytes, list[str]]:
    """An ONNX file with outputs that are not finite where NaN came to max pooling; their names.

    For ONNX Runtime, which takes the largest of the other elements of a window; NaN goes through
    all before. They are the averages of what is pooled, where that is a small part of the inputs.
    """
    import onnx

    proto = onnx.load_from_string(model)
    given = sum(_elements(one) for one in proto.graph.input)
    pooled = [node.input[0] for node in proto.graph.node if node.op_type == "MaxPool"]
    if not (pooled and MANY <= given < math.inf):
        return model, []
    inside = {one.name: one for one in onnx.shape_inference.infer_shapes(proto).graph.value_info}
    sizes = [_elements(inside[name]) if name in inside else math.inf for name in pooled]
    if sum(sizes) * LESS > given:
        return model, []
    names = [f"witness {name}" for name in dict.fromkeys(pooled)]
    for name, witness in zip(dict.fromkeys(pooled), names, strict=True):
        proto.graph.node.append(onnx.helper.make_node("GlobalAveragePool", [name], [witness]))
        made = onnx.helper.make_tensor_value_info(witness, onnx.TensorProto.FLOAT, None)
        proto.graph.output.append(made)
    content: bytes = proto.SerializeToString()
    return content, names


def _elements(one: onnx.ValueInfoProto) -> float:
    """Of one observation; infinitely many where a size is not known."""
    _, *sizes = [n.dim_value or math.inf for n in one.type.tensor_type.shape.dim] or [0, math.inf]
    return math.prod(sizes)
