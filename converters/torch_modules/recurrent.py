"""LSTM and GRU modules, and which of their results are used."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor, fx, nn

import matlab_compat as matlab
from matlab_compat.layers import Layer

from .layers import filled
from .values import Refused


def picked_outputs(node: fx.Node, module: nn.LSTM | nn.GRU) -> tuple[bool, list[fx.Node]]:
    """Whether only the last step is used, and the nodes that pick the layer's output.

    Understood are ``y`` (all steps), ``y[:, -1]`` and the final hidden state ``h[-1]``.
    """
    sequences = _picks(node, 0)
    finals = _picks(node, 1)
    if isinstance(module, nn.LSTM):
        finals = [n for final in finals for n in _picks(final, 0)]
    hidden = [n for final in finals for n in _picks(final, -1)]
    steps = [n for sequence in sequences for n in sequence.users]
    last = [n for n in steps if n.target is operator.getitem and n.args[1] in _LAST_STEP]
    only_last = bool(hidden or last) and len(last) == len(steps)
    if (hidden or last) and (not only_last or module.bidirectional):
        raise Refused("either all steps or the last one alone (of one direction) may be used")
    if not (hidden or last or sequences):
        raise Refused("of its results only y, y[:, -1] and h[-1] are understood")
    return only_last, [*sequences, *last, *hidden, *finals, *_picks(node, 1)]


def _picks(node: fx.Node, index: int) -> list[fx.Node]:
    return [n for n in node.users if n.target is operator.getitem and n.args[1] == index]


_EVERY = slice(None, None, None)
_LAST_STEP: tuple[Any, ...] = ((_EVERY, -1), (_EVERY, -1, _EVERY))


def recurrent_layers(module: nn.LSTM | nn.GRU, last: bool) -> list[Layer]:
    """A layer for each of torch's stacked ones, with dropout between them."""
    if isinstance(module, nn.GRU) and module.bidirectional:
        raise Refused("MATLAB has no bidirectional GRU layer")
    if module.proj_size:
        raise Refused("proj_size projects the hidden state otherwise than MATLAB does")
    layers: list[Layer] = []
    for depth in range(module.num_layers):
        final = depth == module.num_layers - 1
        layers += _recurrent_layer(module, depth, "last" if last and final else "sequence")
        if module.dropout and not final:
            layers.append(matlab.dropoutLayer(module.dropout))
    return layers


def _recurrent_layer(module: nn.LSTM | nn.GRU, depth: int, mode: str) -> list[Layer]:
    if isinstance(module, nn.GRU):
        layer: Layer = matlab.gruLayer(
            module.hidden_size,
            OutputMode=mode,
            ResetGateMode="recurrent-bias-after-multiplication",
        )
    else:
        make = matlab.bilstmLayer if module.bidirectional else matlab.lstmLayer
        layer = make(module.hidden_size, OutputMode=mode)
    state: dict[str, Tensor] = {
        name.replace(f"_l{depth}", "_l0"): value
        for name, value in module.named_parameters()
        if f"_l{depth}" in name.removesuffix("_reverse")[-3:]
    }
    inputs = state["weight_ih_l0"].shape[1]
    for end in ("l0", "l0_reverse") if module.bidirectional else ("l0",):
        size = state[f"weight_ih_{end}"].shape[0]
        first, second = (
            state.get(f"bias_{kind}_{end}", torch.zeros(size)) for kind in ("ih", "hh")
        )
        if isinstance(module, nn.LSTM):  # MATLAB has one bias: the sum means the same
            first, second = first + second, torch.zeros(size)
        state |= {f"bias_ih_{end}": first, f"bias_hh_{end}": second}
    return filled(layer, state, inputs)
