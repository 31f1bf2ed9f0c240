"""A parsed MATLAB function computed on torch tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..data_format import DataFormat, torch_axes
from ..errors import DataFormatError
from ..language.expression import (
    ARITHMETIC,
    Call,
    Constant,
    Function,
    Input,
    Node,
    Number,
    Text,
    Vector,
)
from ..language.labels import channel_axis, dimensions_of, input_labels, labels_of, result_format

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **ARITHMETIC,
    "fix": torch.trunc,
    "leakyrelu": lambda a, scale=0.01: torch.where(a > 0, a, scale * a),
}


class Expression(nn.Module):
    """A MATLAB function of arrays, as a module of tensors in torch's order.

    It computes in MATLAB's order of dimensions, so that dimension numbers, reshapes (column-major)
    and implicit expansion mean what they mean there. ``constant_0`` ... hold captured arrays.
    """

    def __init__(self, function: Function, formats: Sequence[str], formattable: bool) -> None:
        super().__init__()
        self.function = function
        self.formats = tuple(formats)
        self.inputs = input_labels(formats, formattable)
        self.result = result_format(function, formats, formattable)
        axes = map(torch_axes, self.formats)
        self.orders = [sorted(range(len(a)), key=a.__getitem__) for a in axes]
        self.order = torch_axes(self.result)
        #: Nothing in it depends on the order of the dimensions.
        self.by_element = {*self.formats} == {self.result} and _by_element(function.body)
        for i, constant in enumerate(function.constants):
            self.register_buffer(f"constant_{i}", torch.zeros(constant.shape))

    def forward(self, *inputs: Tensor) -> Tensor:
        """The value of the function."""
        y: Tensor
        if self.by_element:
            y = self._value(self.function.body, list(inputs))
            self._check(y, inputs[0].shape[0], 0)
            return y
        arranged = [x.permute(order) for x, order in zip(inputs, self.orders, strict=True)]
        y = self._value(self.function.body, arranged)
        self._check(y, inputs[0].shape[0], self.result.index("B"))
        return y.permute(self.order)

    def _check(self, y: Tensor, batch: int, axis: int) -> None:
        if y.ndim != len(self.result) or y.shape[axis] != batch:
            raise DataFormatError(
                f"The function {self.function.text} gives MATLAB size {tuple(y.shape)}, which is "
                f"not '{self.result}' data of {batch} observations.",
                remedy="label the result in the function: dlarray(..., 'SSCB').",
            )

    def _value(self, node: Node, x: list[Tensor]) -> Any:
        if isinstance(node, Input):
            return x[node.index]
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Constant):
            return getattr(self, f"constant_{node.index}")
        assert isinstance(node, Call)
        if node.function in _RULES:
            return _RULES[node.function](self, node, x)
        arguments = _expanded([self._value(argument, x) for argument in node.arguments])
        if node.function in _ELEMENTWISE:
            return _ELEMENTWISE[node.function](*arguments)
        result: Tensor = getattr(torch, node.function)(*_tensors(arguments, x[0]))
        # MATLAB computes with truth values as with numbers; torch does not.
        return result.to(x[0].dtype)

    # --- functions that are not element by element ----------------------------------------

    def _extreme(self, node: Call, x: list[Tensor]) -> Tensor:
        """``max(a, b)`` passes over NaN; ``max(a, [], dims)``."""
        largest = node.function == "max"
        if len(node.arguments) == 2:
            arguments = [self._value(argument, x) for argument in node.arguments]
            a, b = _tensors(_expanded(arguments), x[0])
            return torch.fmax(a, b) if largest else torch.fmin(a, b)
        return self._along(node, x, torch.amax if largest else torch.amin)

    def _along(self, node: Call, x: list[Tensor], function: Callable[..., Tensor]) -> Tensor:
        axes = [d - 1 for d in dimensions_of(node.arguments[-1])]
        return function(self._value(node.arguments[0], x), dim=axes, keepdim=True)

    def _sum(self, node: Call, x: list[Tensor]) -> Tensor:
        return self._along(node, x, torch.sum if node.function == "sum" else torch.mean)

    def _permute(self, node: Call, x: list[Tensor]) -> Tensor:
        order = [d - 1 for d in dimensions_of(node.arguments[1])]
        value: Tensor = self._value(node.arguments[0], x)
        return value.permute(order)

    def _reshape(self, node: Call, x: list[Tensor]) -> Tensor:
        value: Tensor = self._value(node.arguments[0], x)
        sizes = self._sizes(node.arguments[1:], value, x)
        backwards = value.permute(tuple(reversed(range(value.ndim))))
        shaped = backwards.reshape(tuple(reversed(sizes)))
        return shaped.permute(tuple(reversed(range(len(sizes)))))

    def _sizes(self, nodes: Sequence[Node], value: Tensor, x: list[Tensor]) -> list[int]:
        if len(nodes) == 1 and isinstance(nodes[0], Vector):
            return [int(n) for n in nodes[0].value]
        sizes = [-1 if isinstance(n, Vector) else int(self._value(n, x)) for n in nodes]
        if -1 in sizes:  # torch's -1 is not certain for dynamic sizes in the middle
            rest = math.prod(n for n in sizes if n != -1)
            sizes[sizes.index(-1)] = value.numel() // rest
        return sizes

    def _size(self, node: Call, x: list[Tensor]) -> int:
        value = self._value(node.arguments[0], x)
        (dimension,) = dimensions_of(node.arguments[1])
        return int(value.shape[dimension - 1]) if dimension <= value.ndim else 1

    def _squeeze(self, node: Call, x: list[Tensor]) -> Tensor:
        """Without its dimensions of size 1; the batch, which is last, stays."""
        value: Tensor = self._value(node.arguments[0], x)
        kept = [axis for axis in range(value.ndim - 1) if value.shape[axis] != 1]
        if value.ndim <= 2:
            return value
        if not kept:
            raise DataFormatError(
                f"The function {self.function.text} squeezes all dimensions but the batch away."
            )
        return value.squeeze([axis for axis in range(value.ndim - 1) if axis not in kept])

    def _stack(self, node: Call, x: list[Tensor]) -> Tensor:
        return torch.cat([self._value(argument, x) for argument in node.arguments], 0)

    def _product(self, node: Call, x: list[Tensor]) -> Tensor:
        left, right = (self._value(argument, x) for argument in node.arguments)
        if left.shape[1] != right.shape[0]:
            raise DataFormatError(
                f"The function {self.function.text} multiplies {tuple(left.shape)} by "
                f"{tuple(right.shape)}."
            )
        product: Tensor = left @ right
        return product

    def _label(self, node: Call, x: list[Tensor]) -> Tensor:
        value: Tensor = self._value(node.arguments[0], x)
        if len(node.arguments) == 1:
            return value
        assert isinstance(node.arguments[1], Text)
        data_format = DataFormat.parse(node.arguments[1].value)
        if value.ndim != len(data_format.labels):
            raise DataFormatError(
                f"The function {self.function.text} labels {value.ndim} dimensions "
                f"'{data_format.labels}'."
            )
        return value.permute(data_format.order)

    def _plain(self, node: Call, x: list[Tensor]) -> Any:
        return self._value(node.arguments[0], x)

    def _softmax(self, node: Call, x: list[Tensor]) -> Tensor:
        labels = labels_of(node.arguments[0], self.inputs)
        assert labels is not None
        return torch.softmax(self._value(node.arguments[0], x), channel_axis(node, labels))

    def extra_repr(self) -> str:
        """The text of the function."""
        return self.function.text


def _by_element(node: Node) -> bool:
    """Whether a function has no rule beyond its elements, and no captured array."""
    if isinstance(node, Call):
        return node.function not in _RULES and all(map(_by_element, node.arguments))
    return isinstance(node, Input | Number)


def _tensors(values: Sequence[Any], like: Tensor) -> list[Tensor]:
    return [torch.as_tensor(v, dtype=like.dtype, device=like.device) for v in values]


def _expanded(values: list[Any]) -> list[Any]:
    """Arrays with as many dimensions as each other: MATLAB matches them from the first on."""
    if len(values) == 1:
        return values
    most = max((v.ndim for v in values if isinstance(v, Tensor)), default=0)
    return [
        v.reshape(*v.shape, *(1,) * (most - v.ndim)) if isinstance(v, Tensor) else v for v in values
    ]


_RULES: dict[str, Callable[[Expression, Call, list[Tensor]], Any]] = {
    **dict.fromkeys(("max", "min"), Expression._extreme),
    **dict.fromkeys(("sum", "mean"), Expression._sum),
    **dict.fromkeys(("stripdims", "extractdata"), Expression._plain),
    "permute": Expression._permute,
    "reshape": Expression._reshape,
    "size": Expression._size,
    "squeeze": Expression._squeeze,
    "vertcat": Expression._stack,
    "mtimes": Expression._product,
    "dlarray": Expression._label,
    "softmax": Expression._softmax,
}
