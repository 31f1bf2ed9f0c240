"""What is done to a layer's torch module where no property of the layer expresses the mistake."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

Change = Callable[["nn.Module"], "nn.Module"]


def in_training(module: nn.Module) -> nn.Module:
    """In training mode, whatever the modules around it are in."""
    own = copy.deepcopy(module)
    return function_module(lambda *x: own.train()(*x))


def twice(module: nn.Module) -> nn.Module:
    """One time after the other."""
    return function_module(lambda x: module(module(x)))


def left_out(module: nn.Module) -> nn.Module:
    """Its (first) input."""
    return function_module(lambda x, *_: x)


def instead(function: Callable[..., Tensor]) -> Change:
    """A function of the inputs in the place of the module."""
    return lambda module: function_module(function)


def of_module(function: Callable[..., Tensor]) -> Change:
    """A function of the module and its inputs."""
    return lambda module: function_module(lambda *x: function(module, *x))


def inputs_changed(change: Callable[[Tensor], Tensor]) -> Change:
    """The module of a changed (first) input."""
    return lambda module: function_module(lambda x, *more: module(change(x), *more))


def outputs_changed(change: Callable[[Tensor], Tensor]) -> Change:
    """The module's changed (only) output."""
    return lambda module: function_module(lambda *x: change(module(*x)))


def after(first: Change | None, second: Change | None) -> Change | None:
    """Both, one after the other."""
    if first is None or second is None:
        return first or second
    return lambda module: second(first(module))


def inputs_reordered(order: Sequence[int]) -> Change:
    """The module with its inputs in this order."""
    return lambda module: function_module(lambda *inputs: module(*(inputs[i] for i in order)))


def operands_rounded(name: str) -> Change:
    """The module with weights (not biases) and inputs rounded to the format of this name."""

    def change(module: nn.Module) -> nn.Module:
        from ...engine.precision import torch_dtype

        coarse = torch_dtype(name)
        rounded = copy.deepcopy(module)
        for at, parameter in rounded.named_parameters():
            if "weight" in at:
                parameter.data = parameter.data.to(coarse).to(parameter.dtype)
        return function_module(lambda *inputs: rounded(*(x.to(coarse).to(x.dtype) for x in inputs)))

    return change


def another_flattening(order: Sequence[int]) -> Change:
    """A flatten or fully connected layer that takes C,H,W in this order, the last fastest."""
    axes = (0, *(axis + 1 for axis in order))

    def change(module: nn.Module) -> nn.Module:
        from torch.nn import functional

        weight, bias = (getattr(module, name, None) for name in ("weight", "bias"))

        def run(x: Tensor) -> Tensor:
            if x.ndim != len(axes):
                raise ValueError("sequences of images are not flattened otherwise here")
            flat = x.permute(axes).flatten(1)
            return flat if weight is None else functional.linear(flat, weight, bias)

        return function_module(run)

    return change


def function_module(function: Callable[..., Tensor]) -> nn.Module:
    """A module that runs the function."""
    from torch import nn

    class Altered(nn.Module):
        def forward(self, *inputs: Tensor) -> Tensor:
            return function(*inputs)

    return Altered()
