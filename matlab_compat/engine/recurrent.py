"""Recurrent layers on N,C,T tensors: torch's own LSTM and GRU where they mean the same.

torch.nn.LSTM and GRU have MATLAB's order of gates (input, forget, candidate, output; reset, update,
candidate) and, with a second bias of zero, MATLAB's arithmetic. Other activations, a reset gate
before the multiplication, and projectors have no torch module: they run step by step.

Parameters have torch's names (``weight_ih_l0`` ...) in both cases. The second bias ``bias_hh_l0``
is zero and frozen where MATLAB has only one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import DataFormatError
from .threads import threads_for_steps


def hard_sigmoid(x: Tensor) -> Tensor:
    """MATLAB's 'hard-sigmoid'; torch's has the slope 1/6 instead of 0.2."""
    return (0.2 * x + 0.5).clamp(0, 1)


Function = Callable[[Tensor], Tensor]
States: TypeAlias = tuple[Tensor, ...]
#: The weights of the hidden state (recurrent weights), and their bias.
Weights: TypeAlias = tuple[Tensor, Tensor]
STATE_ACTIVATIONS: dict[str, Function] = {
    "tanh": torch.tanh,
    "softsign": F.softsign,
    "relu": torch.relu,
}
GATE_ACTIVATIONS: dict[str, Function] = {"sigmoid": torch.sigmoid, "hard-sigmoid": hard_sigmoid}
SUFFIXES = ("", "_reverse")


@dataclass(frozen=True)
class Settings:
    """What the modules of one recurrent layer need to know."""

    inputs: int
    hidden: int
    directions: int = 1
    #: OutputMode 'last'.
    last: bool = False
    #: HasStateOutputs.
    state_outputs: bool = False
    #: Columns of the saved state: 1, or the observations that were run.
    observations: int = 1
    #: MATLAB has a second bias ('recurrent-bias-after-multiplication').
    recurrent_bias: bool = False
    state_activation: str = "tanh"
    gate_activation: str = "sigmoid"
    #: Sizes of the input and the output projector.
    projectors: tuple[int, int] | None = None


class Recurrence(nn.Module):
    """What MATLAB's recurrent layers add to torch's: saved state, OutputMode, state ports.

    Takes N,C,T, and N,H for each state if the layer has state inputs; gives N,H,T ('sequence') or
    N,H ('last'), and the final states if the layer has state outputs. H is twice the number of
    hidden units in a bidirectional layer, forward first.
    """

    state_names: tuple[str, ...] = ("hidden_state", "cell_state")

    def configure(self, settings: Settings) -> None:
        """Add the saved states and freeze a second bias that MATLAB does not have."""
        self.settings = settings
        size = (settings.observations, settings.directions * settings.hidden)
        for name in self.state_names:
            self.register_buffer(name, torch.zeros(size))
        for name, parameter in self.named_parameters():
            if name.startswith("bias_hh") and not settings.recurrent_bias:
                parameter.requires_grad_(False)

    def forward(self, x: Tensor, *given: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Run the sequence from the given states, else from the saved ones."""
        states = given or tuple(self.saved(name, x) for name in self.state_names)
        sequence, final = self.recur(x.transpose(1, 2), states)
        # The final hidden state is the forward direction's last step and the backward
        # direction's result at the first: what MATLAB calls 'last'.
        y = final[0] if self.settings.last else sequence.transpose(1, 2)
        return (y, *final) if self.settings.state_outputs else y

    def saved(self, name: str, x: Tensor) -> Tensor:
        """A saved state for every observation of ``x``."""
        state: Tensor = getattr(self, name)
        if state.shape[0] not in (1, x.shape[0]):
            raise DataFormatError(
                f"The saved state is that of {state.shape[0]} observations, "
                f"but the input has {x.shape[0]}.",
                remedy="save the network after resetState(net), or give as many observations.",
            )
        return state.expand(x.shape[0], -1)

    def _tensor(self, name: str) -> Tensor:
        """A parameter, or the tensor that ``torch.func.functional_call`` has in its place."""
        tensor: Tensor = getattr(self, name)
        return tensor

    def recur(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """N,T,C and states N,H to N,T,H and final states N,H."""
        raise NotImplementedError


def by_direction(state: Tensor, directions: int) -> Tensor:
    """N,D*H as torch's D,N,H."""
    return state.reshape(state.shape[0], directions, -1).transpose(0, 1).contiguous()


def _joined(state: Tensor) -> Tensor:
    """The inverse of :func:`by_direction`."""
    return state.transpose(0, 1).flatten(1)


class LSTM(Recurrence, nn.LSTM):  # type: ignore[misc]  # forward takes N,C,T
    """lstmLayer and bilstmLayer with tanh and sigmoid."""

    def __init__(self, settings: Settings) -> None:
        bidirectional = settings.directions == 2
        nn.LSTM.__init__(
            self, settings.inputs, settings.hidden, batch_first=True, bidirectional=bidirectional
        )
        self.configure(settings)

    def recur(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """See :meth:`Recurrence.recur`."""
        h, c = (by_direction(state, self.settings.directions) for state in states)
        if torch.compiler.is_compiling():
            y, (h, c) = nn.LSTM.forward(self, x, (h, c))
        else:
            names = ("weight_ih_l0", "weight_hh_l0")
            weights = sum(self._tensor(name).numel() for name in names)
            with threads_for_steps(x, weights):
                y, (h, c) = nn.LSTM.forward(self, x, (h, c))
        return y, (_joined(h), _joined(c))


class GRU(Recurrence, nn.GRU):  # type: ignore[misc]  # forward takes N,C,T
    """gruLayer with tanh, sigmoid and the reset gate after the multiplication."""

    state_names = ("hidden_state",)

    def __init__(self, settings: Settings) -> None:
        nn.GRU.__init__(self, settings.inputs, settings.hidden, batch_first=True)
        self.configure(settings)

    def recur(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """See :meth:`Recurrence.recur`."""
        y, h = nn.GRU.forward(self, x, by_direction(states[0], 1))
        return y, (_joined(h),)


class SteppedRecurrence(Recurrence):
    """The same with any activation and with projectors, one time step after the other.

    A projector Q replaces ``W * x`` by ``W' * (Q' * x)``; ``W' = W * Q`` is what the layer stores.
    """

    gates: int

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.act: Function = STATE_ACTIVATIONS[settings.state_activation]
        self.gate: Function = GATE_ACTIVATIONS[settings.gate_activation]
        self.projected = settings.projectors is not None
        inputs, hidden = settings.projectors or (settings.inputs, settings.hidden)
        for suffix in SUFFIXES[: settings.directions]:
            self._add(f"weight_ih_l0{suffix}", self.gates * settings.hidden, inputs)
            self._add(f"weight_hh_l0{suffix}", self.gates * settings.hidden, hidden)
            self._add(f"bias_ih_l0{suffix}", self.gates * settings.hidden)
            self._add(f"bias_hh_l0{suffix}", self.gates * settings.hidden)
        if self.projected:
            self._add("input_projector", settings.inputs, inputs)
            self._add("output_projector", settings.hidden, hidden)
        self.configure(settings)

    def _add(self, name: str, *size: int) -> None:
        self.register_parameter(name, nn.Parameter(torch.zeros(size)))

    def recur(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """See :meth:`Recurrence.recur`."""
        directions = self.settings.directions
        starts = zip(*(state.chunk(directions, 1) for state in states), strict=True)
        runs = [self._run(x, *each) for each in zip(starts, SUFFIXES, strict=False)]
        finals = zip(*(final for _, final in runs), strict=True)
        return torch.cat([y for y, _ in runs], 2), tuple(torch.cat(f, 1) for f in finals)

    def _run(self, x: Tensor, states: States, suffix: str) -> tuple[Tensor, States]:
        """One direction; the reverse one from the last time step to the first."""
        x = x @ self._tensor("input_projector") if self.projected else x
        inputs = F.linear(x, *self._weights("ih", suffix)).unbind(1)
        recurrent = self._weights("hh", suffix)
        outputs = []
        for step in reversed(inputs) if suffix else inputs:
            states = self.step(step, states, recurrent)
            outputs.append(states[0])
        return torch.stack(outputs[::-1] if suffix else outputs, 1), states

    def _weights(self, kind: str, suffix: str) -> tuple[Tensor, Tensor]:
        """Weights and bias for the input ("ih") or the hidden state ("hh")."""
        names = (f"weight_{kind}_l0{suffix}", f"bias_{kind}_l0{suffix}")
        return self._tensor(names[0]), self._tensor(names[1])

    def project(self, h: Tensor) -> Tensor:
        """What the recurrent weights are applied to."""
        return h @ self._tensor("output_projector") if self.projected else h

    def step(self, inputs: Tensor, states: States, recurrent: Weights) -> States:
        """The next states, from ``inputs = W*x + b`` and the states before."""
        raise NotImplementedError


class SteppedLSTM(SteppedRecurrence):
    """The LSTM of MATLAB's documentation, gates in the order input, forget, candidate, output."""

    gates = 4

    def step(self, inputs: Tensor, states: States, recurrent: Weights) -> States:
        """See :meth:`SteppedRecurrence.step`."""
        h, c = states
        i, f, g, o = (inputs + F.linear(self.project(h), *recurrent)).chunk(4, 1)
        c = self.gate(f) * c + self.gate(i) * self.act(g)
        return self.gate(o) * self.act(c), c


class SteppedGRU(SteppedRecurrence):
    """The GRU with the reset gate after the multiplication: ``act(W*x + b + r .* (R*h))``."""

    gates = 3
    state_names = ("hidden_state",)

    def step(self, inputs: Tensor, states: States, recurrent: Weights) -> States:
        """See :meth:`SteppedRecurrence.step`."""
        (h,) = states
        r, z, g = inputs.chunk(3, 1)
        r_h, z_h, g_h = F.linear(self.project(h), *recurrent).chunk(3, 1)
        candidate = self.act(g + self.gate(r + r_h) * g_h)
        update = self.gate(z + z_h)
        return ((1 - update) * candidate + update * h,)


class ResetBeforeGRU(SteppedGRU):
    """The GRU with the reset gate before the multiplication: ``act(W*x + b + R*(r .* h))``."""

    def step(self, inputs: Tensor, states: States, recurrent: Weights) -> States:
        """See :meth:`SteppedRecurrence.step`; the recurrent bias is zero."""
        (h,), (weights, _) = states, recurrent
        hidden = self.settings.hidden
        gates = inputs[:, : 2 * hidden] + F.linear(self.project(h), weights[: 2 * hidden])
        reset, update = self.gate(gates).chunk(2, 1)
        kept = F.linear(self.project(reset * h), weights[2 * hidden :])
        candidate = self.act(inputs[:, 2 * hidden :] + kept)
        return ((1 - update) * candidate + update * h,)
