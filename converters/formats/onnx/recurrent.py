"""Recurrent layers as ONNX's own LSTM and GRU operators.

torch's tracing knows only one number of time steps; the operators take any. Their order of gates
is that of the ONNX standard (LSTM: input, output, forget, cell; GRU: update, reset, hidden), torch
and MATLAB have input, forget, cell, output and reset, update, hidden.
"""

from __future__ import annotations

import copy
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from matlab_compat.engine.recurrent import LSTM, SUFFIXES, Recurrence, ResetBeforeGRU, SteppedLSTM

#: Where each of ONNX's gates lies among torch's.
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
#: MATLAB's activation functions as ONNX calls them.
_FUNCTIONS = {
    "tanh": "Tanh",
    "softsign": "Softsign",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "hard-sigmoid": "HardSigmoid",
}


def with_onnx_operators(module: nn.Module) -> nn.Module:
    """A module with :class:`OnnxRecurrence` for every recurrent one that ONNX can express.

    ``module`` stays as it is; the two share their weights.
    """
    if _expressible(module):
        return OnnxRecurrence(module)
    if not any(map(_expressible, module.modules())):
        return module
    shared = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    module = copy.deepcopy(module, shared)
    for name, part in list(module.named_modules()):
        if _expressible(part):
            module.set_submodule(name, OnnxRecurrence(part))
    return module


def _expressible(part: nn.Module) -> TypeGuard[Recurrence]:
    """Projected layers multiply in between, which the operators have no place for."""
    return isinstance(part, Recurrence) and not getattr(part, "projected", False)


class OnnxRecurrence(Recurrence):
    """A recurrent module that torch.onnx translates to one LSTM or GRU operator."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def __init__(self, part: Recurrence) -> None:
        nn.Module.__init__(self)
        self.settings = part.settings
        self.state_names = part.state_names
        for name in part.state_names:
            self.register_buffer(name, getattr(part, name))
        self.operator = "LSTM" if isinstance(part, LSTM | SteppedLSTM) else "GRU"
        self.attributes = _attributes(part, self.operator)
        suffixes = SUFFIXES[: part.settings.directions]
        for kind in ("weight_ih", "weight_hh"):
            gates = [self._gates(getattr(part, f"{kind}_l0{suffix}")) for suffix in suffixes]
            self.register_buffer(kind, torch.stack(gates))
        biases = [
            torch.cat([self._gates(getattr(part, f"bias_{kind}_l0{s}")) for kind in ("ih", "hh")])
            for s in suffixes
        ]
        self.register_buffer("bias", torch.stack(biases))

    def _gates(self, parameter: Tensor) -> Tensor:
        gates = parameter.detach().chunk(len(_GATES[self.operator]))
        return torch.cat([gates[i] for i in _GATES[self.operator]])

    def recur(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """See :meth:`Recurrence.recur`; only for tracing."""
        directions, hidden = self.settings.directions, self.settings.hidden
        steps, observations = x.shape[1], x.shape[0]
        starts = [s.reshape(observations, directions, hidden).transpose(0, 1) for s in states]
        weights = (self.weight_ih, self.weight_hh, self.bias)
        y, *finals = torch.onnx.ops.symbolic_multi_out(
            self.operator,
            (x.transpose(0, 1), *weights, None, *starts),
            self.attributes,
            dtypes=[x.dtype] * (1 + len(states)),
            shapes=[
                [steps, directions, observations, hidden],
                *([directions, observations, hidden] for _ in states),
            ],
        )
        sequence = y.permute(2, 0, 1, 3).flatten(2)
        return sequence, tuple(final.transpose(0, 1).flatten(1) for final in finals)


def _attributes(part: Recurrence, operator: str) -> dict[str, Any]:
    settings = part.settings
    state, gate = (_FUNCTIONS[f] for f in (settings.state_activation, settings.gate_activation))
    functions = [gate, state, state] if operator == "LSTM" else [gate, state]
    found: dict[str, Any] = {
        "hidden_size": settings.hidden,
        "direction": "bidirectional" if settings.directions == 2 else "forward",
        "activations": functions * settings.directions,
    }
    if gate == "HardSigmoid":  # MATLAB's slope and offset
        found["activation_alpha"] = [0.2] * settings.directions
        found["activation_beta"] = [0.5] * settings.directions
    if operator == "GRU":
        found["linear_before_reset"] = int(not isinstance(part, ResetBeforeGRU))
    return found
