"""A function layer as a torch module: the code of its function, run as any code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .definitions import Texts
from .expression import ELEMENTWISE, Call, Function, Input, Node, Number
from .function_labels import result_format
from .numeric import from_torch, numeric
from .operators import numbers
from .program import Program
from .recording import Again
from .running import result_of
from .values import value_of


class Expression(nn.Module):
    """A MATLAB function of arrays, as a module of tensors in torch's order.

    It computes in MATLAB's order of dimensions, so that dimension numbers, reshapes (column-major)
    and implicit expansion mean what they mean there. ``constant_0`` ... hold captured arrays. Where
    MATLAB gives complex numbers there is NaN.
    """

    def __init__(self, function: Function, formats: Sequence[str], formattable: bool) -> None:
        super().__init__()
        self.function, self.formats, self.formattable = function, tuple(formats), formattable
        self.result = result_format(function, formats, formattable)
        #: Nothing in it depends on the order of the dimensions.
        self.by_element = {*self.formats} == {self.result} and _by_element(function.body)
        self._program, self._again = Program(Texts({})), Again()
        self._definition = function.definition
        self._constants = [f"constant_{i}" for i in range(len(function.constants))]
        for name, constant in zip(self._constants, function.constants, strict=True):
            self.register_buffer(name, torch.zeros(constant.shape))

    def forward(self, *inputs: Tensor) -> Tensor:
        """The value of the function."""
        held = {name: getattr(self, name) for name in self._constants}
        (y,) = self._again(self._computed, held, inputs)
        return y

    def _computed(self, held: Mapping[str, Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        if self.by_element:
            given = [numeric(x, "", True) for x in inputs]
        else:
            pairs = zip(inputs, self.formats, strict=True)
            given = [from_torch(x, labels, self.formattable) for x, labels in pairs]
        constants = [numeric(array) for array in held.values()]
        settings = [value_of(one) for one in self.function.settings.values()]
        (value,) = self._program.call(self._definition, [*constants, *settings, *given])
        result = numbers(value, "the result of a function layer")
        y, x = result.tensor, inputs[0]
        if y.is_complex():
            y = torch.where(y.imag == 0, y.real, torch.nan)
        if self.by_element:
            return [y.to(x.dtype).reshape(x.shape)]
        found = result.with_data(y)
        return [result_of(found, self.result, x, x.shape[0], False, self.function.text)]

    def extra_repr(self) -> str:
        """The text of the function."""
        return self.function.text


def _by_element(node: Node) -> bool:
    """Whether a function has nothing beyond its elements, and no captured array."""
    if isinstance(node, Call):
        return node.function in ELEMENTWISE and all(map(_by_element, node.arguments))
    return isinstance(node, Input | Number)
