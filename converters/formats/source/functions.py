"""A parsed MATLAB function as a line of Python on tensors."""

from __future__ import annotations

from typing import NamedTuple

from matlab_compat.code.expression import ELEMENTWISE, Call, Constant, Input, Node, Number
from matlab_compat.code.function_labels import dimensions_of
from matlab_compat.code.function_layers import Expression
from matlab_compat.data_format import torch_axes

from .traced import CannotWriteError

_OPERATORS = {"plus": "+", "minus": "-", "times": "*", "rdivide": "/", "power": "**"}
#: Functions of one tensor, under torch's name.
_FUNCTIONS = {
    **{name: name for name in ("abs", "sign", "sqrt", "exp", "expm1", "log", "log1p", "log2")},
    **{name: name for name in ("log10", "floor", "ceil", "sin", "cos", "tan", "sinh", "cosh")},
    **{name: name for name in ("tanh", "atan", "erf", "sigmoid", "relu")},
    "fix": "trunc",
}
_UNCHANGED = ("single", "uplus", "stripdims", "extractdata")


class _Text(NamedTuple):
    text: str
    #: Dimensions of a tensor; 0 for a number.
    rank: int


def function_text(module: Expression) -> str:
    """The expression of the output: ``{0}`` is the first input, ``{constant_0}`` a constant.

    It computes in MATLAB's order of dimensions, unless the order makes no difference.

    Raises ``CannotWriteError``: a part is not written as Python.
    """
    body = module.function.body
    writer = _Writer(module, moved=not (_pointwise(body) and len(set(module.formats)) == 1))
    text = writer.text(body).text
    axes = torch_axes(module.result)
    return f"{text}.permute({', '.join(map(str, axes))})" if writer.moved else text


def _pointwise(node: Node) -> bool:
    """Whether every element of the result comes from the same places of the inputs."""
    if isinstance(node, Call):
        alike = node.function in (*ELEMENTWISE, *_UNCHANGED)
        return alike and all(_pointwise(argument) for argument in node.arguments)
    return isinstance(node, Input | Number)


class _Writer:
    def __init__(self, module: Expression, moved: bool) -> None:
        self.module, self.moved = module, moved

    def text(self, node: Node) -> _Text:
        if isinstance(node, Input):
            return self._input(node.index)
        if isinstance(node, Number):
            value = node.value
            return _Text(repr(value) if abs(value) < float("inf") else f'float("{value}")', 0)
        if isinstance(node, Constant):
            constant = self.module.function.constants[node.index]
            return _Text(f"{{constant_{node.index}}}", constant.ndim)
        if isinstance(node, Call):
            return self._call(node)
        raise self._refused()

    def _input(self, index: int) -> _Text:
        axes = torch_axes(self.module.formats[index])
        back = sorted(range(len(axes)), key=axes.__getitem__)
        turned = f".permute({', '.join(map(str, back))})" if self.moved else ""
        return _Text(f"{{{index}}}{turned}", len(axes))

    def _call(self, node: Call) -> _Text:
        name = node.function
        if name in ("sum", "mean"):
            value = self.text(node.arguments[0])
            axes = tuple(d - 1 for d in dimensions_of(node.arguments[1]))
            return _Text(f"{value.text}.{name}({axes}, keepdim=True)", value.rank)
        given = [self.text(argument) for argument in node.arguments]
        if name == "vertcat":
            return _Text(f"torch.cat([{', '.join(v.text for v in given)}], 0)", given[0].rank)
        if name == "mtimes":
            return _Text(f"({given[0].text} @ {given[1].text})", 2)
        return self._elementwise(name, given)

    def _elementwise(self, name: str, given: list[_Text]) -> _Text:
        rank = max(value.rank for value in given)
        texts = [_expanded(value, rank) for value in given]
        if name in _UNCHANGED:
            return _Text(texts[0], rank)
        if name == "uminus":
            return _Text(f"(-{texts[0]})", rank)
        if name in _OPERATORS:
            return _Text(f"({texts[0]} {_OPERATORS[name]} {texts[1]})", rank)
        if name in _FUNCTIONS and rank:
            return _Text(f"torch.{_FUNCTIONS[name]}({texts[0]})", rank)
        raise self._refused()

    def _refused(self) -> CannotWriteError:
        text = self.module.function.text
        return CannotWriteError(f"the function {text} is not translated to Python text")


def _expanded(value: _Text, rank: int) -> str:
    """MATLAB matches dimensions from the first on, torch from the last."""
    missing = rank - value.rank if value.rank else 0
    return f"{value.text}[...{', None' * missing}]" if missing else value.text
