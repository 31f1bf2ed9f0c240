"""MATLAB's shallow networks (``network`` objects) on torch; features are the last dimension.

Source of the arithmetic: MATLAB's documentation of the functions named here, and outputs that
MATLAB saved (``tests/truth/test_shallow.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import DataFormatError

#: Transfer function of the net input n; weight function of weights S×R and values ...×R; net input
#: function of two terms.
Transfer: TypeAlias = Callable[[Tensor], Tensor]
Weighting: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Combining: TypeAlias = Callable[[Tensor, Tensor], Tensor]

#: Values and layer outputs before the first time step, oldest first: Q×delays×R of each.
State: TypeAlias = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]


def _one_hot(n: Tensor) -> Tensor:
    _refuse_where(n.isnan(), "compet of NaN")
    return functional.one_hot(n.argmax(-1), n.shape[-1]).to(n.dtype)


def _tansig(n: Tensor) -> Tensor:
    """By MATLAB's formula where only values are wanted: near zero it rounds otherwise than tanh.

    Its derivative is no number where ``exp`` overflows.
    """
    return 2 / (1 + torch.exp(-2 * n)) - 1 if torch.is_inference_mode_enabled() else torch.tanh(n)


def _hardlim(n: Tensor) -> Tensor:
    return torch.where(n.isnan(), n, (n >= 0).to(n.dtype))


def _radbas(n: Tensor) -> Tensor:
    return torch.exp(-n * n)


def _radbasn(n: Tensor) -> Tensor:
    a = _radbas(n)
    return a / _total(a, "radbasn")


TRANSFER: dict[str, Transfer] = {
    "compet": _one_hot,
    "elliot2sig": lambda n: n.sign() * n * n / (1 + n * n),
    "elliotsig": lambda n: n / (1 + n.abs()),
    "hardlim": _hardlim,
    "hardlims": lambda n: 2 * _hardlim(n) - 1,
    "logsig": torch.sigmoid,
    "netinv": torch.reciprocal,
    "poslin": torch.relu,
    "purelin": lambda n: n,
    "radbas": _radbas,
    "radbasn": _radbasn,
    "satlin": lambda n: n.clamp(0, 1),
    "satlins": lambda n: n.clamp(-1, 1),
    "softmax": lambda n: torch.softmax(n, -1),
    "tansig": _tansig,
    "tribas": lambda n: torch.relu(1 - n.abs()),
}


def _distance(power: float) -> Weighting:
    """By differences: ``|w|^2 - 2*w*p + |p|^2`` would cancel."""

    def distance(w: Tensor, p: Tensor) -> Tensor:
        if torch.compiler.is_exporting():  # cdist has no place in a program, nor the memory here
            apart: Tensor = torch.linalg.vector_norm(p[..., None, :] - w, power, -1)
            return apart
        rows = p.reshape(-1, p.shape[-1])
        apart = torch.cdist(rows, w, power, "donot_use_mm_for_euclid_dist")
        return apart.reshape(*p.shape[:-1], w.shape[0])

    return distance


def _normprod(w: Tensor, p: Tensor) -> Tensor:
    return functional.linear(p, w) / _total(p, "normprod")


WEIGHTING: dict[str, Weighting] = {
    "boxdist": _distance(float("inf")),
    "dist": _distance(2),
    "dotprod": lambda w, p: functional.linear(p, w),
    "mandist": _distance(1),
    "negdist": lambda w, p: -_distance(2)(w, p),
    "normprod": _normprod,
    "scalprod": lambda w, p: w.reshape(()) * p,
}

NET_INPUT: dict[str, Combining] = {"netprod": torch.mul, "netsum": torch.add}


def _total(p: Tensor, name: str) -> Tensor:
    total = p.sum(-1, keepdim=True)
    _refuse_where(total == 0, f"{name} of values that add up to zero")
    return total


def _refuse_where(bad: Tensor, what: str) -> None:
    """What MATLAB makes of these is not settled; a program that is traced cannot ask.

    Raises ``DataFormatError``: some of them are ``bad``.
    """
    if not torch.compiler.is_exporting() and bool(bad.any()):
        raise DataFormatError(
            f"Data lead to {what}, and it is not certain what MATLAB makes of that.",
            remedy="leave out the samples that are far from all that the network was trained on.",
        )


class Scale(nn.Module):
    """``(x - xoffset) .* gain + ymin``: mapminmax, and mapstd (whose ``ymean`` is the last)."""

    xoffset: Tensor
    gain: Tensor
    ymin: Tensor

    def __init__(self, xoffset: Tensor, gain: Tensor, ymin: Tensor) -> None:
        super().__init__()
        for name, value in {"xoffset": xoffset, "gain": gain, "ymin": ymin}.items():
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        """Processed values."""
        return (x - self.xoffset) * self.gain + self.ymin

    def reverse(self, y: Tensor) -> Tensor:
        """Values in the user's units."""
        return (y - self.ymin) / self.gain + self.xoffset


class Rows(nn.Module):
    """removeconstantrows and removerows: some rows go; in reverse they come back as constants.

    Parameters
    ----------
    keep, remove:
        Rows from 0.
    constants:
        One for each row of ``remove``.
    """

    keep: Tensor
    constants: Tensor
    order: Tensor

    def __init__(self, keep: Tensor, remove: Tensor, constants: Tensor) -> None:
        super().__init__()
        self.register_buffer("keep", keep)
        self.register_buffer("constants", constants)
        self.register_buffer("order", torch.cat([keep, remove]).argsort())

    def forward(self, x: Tensor) -> Tensor:
        """The rows that are kept."""
        return x[..., self.keep]

    def reverse(self, y: Tensor) -> Tensor:
        """All rows."""
        constants = self.constants.expand(*y.shape[:-1], -1)
        return torch.cat([y, constants], -1)[..., self.order]


class Transform(nn.Module):
    """processpca: ``transform * x``, and in reverse ``inverse * y``."""

    transform: Tensor
    inverse: Tensor

    def __init__(self, transform: Tensor, inverse: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("transform", transform)
        self.register_buffer("inverse", inverse)

    def forward(self, x: Tensor) -> Tensor:
        """Principal components."""
        return functional.linear(x, self.transform)

    def reverse(self, y: Tensor) -> Tensor:
        """Values in the user's units."""
        return functional.linear(y, self.inverse)


class Processing(nn.ModuleDict):
    """The processing functions of one input or output, by name, first to last."""

    def forward(self, x: Tensor) -> Tensor:
        """From the user's units to those that layers work in."""
        return reduce(lambda value, step: step(value), self.values(), x)

    def reverse(self, y: Tensor) -> Tensor:
        """Back, last function first."""
        for step in reversed(cast("list[Scale]", list(self.values()))):
            y = step.reverse(y)
        return y


@dataclass(frozen=True)
class Connection:
    """A weight: where from, where to (both from 0), and what it does there."""

    #: "IW" from an input, "LW" from a layer.
    kind: str
    to: int
    source: int
    weighting: Weighting
    delays: tuple[int, ...] = (0,)

    @property
    def key(self) -> str:
        """The name of its weight among those of its kind."""
        return f"{self.to}_{self.source}"

    @property
    def is_delayed(self) -> bool:
        """Whether it brings back what was there before."""
        return self.delays != (0,)


class ShallowModule(nn.Module):
    """A ``network`` object: inputs, layers, outputs.

    Static networks map Q×R (one tensor for each input) to Q×S. Dynamic ones, which have delays,
    map Q×T×R and a state to Q×T×S and the state after the last step. Several outputs are a tuple.

    Parameters
    ----------
    inputs, outputs:
        How they are processed; outputs by their layer, from 0.
    layers:
        The size, net input and transfer function of each.
    order:
        The layers in the order of computation.
    weights, biases:
        By :class:`Connection`, with ``kind`` and ``key``; by layer. Weights are S×(R*delays) as
        MATLAB has them, not transposed.
    delays:
        ``numInputDelays`` and ``numLayerDelays``.
    """

    def __init__(
        self,
        inputs: Sequence[Processing],
        sizes: Sequence[int],
        layers: Sequence[tuple[int, Combining, Transfer]],
        order: Sequence[int],
        weights: Mapping[Connection, Tensor],
        biases: Mapping[int, Tensor],
        outputs: Mapping[int, Processing],
        delays: tuple[int, int],
    ) -> None:
        super().__init__()
        self.sizes, self.layers, self.order, self.delays = sizes, layers, order, delays
        self.inputs = nn.ModuleList(inputs)
        self.outputs = nn.ModuleDict({str(i): steps for i, steps in outputs.items()})
        of = {kind: {c: w for c, w in weights.items() if c.kind == kind} for kind in ("IW", "LW")}
        self.IW = nn.ParameterDict({c.key: nn.Parameter(w) for c, w in of["IW"].items()})
        self.LW = nn.ParameterDict({c.key: nn.Parameter(w) for c, w in of["LW"].items()})
        self.b = nn.ParameterDict({str(i): nn.Parameter(b) for i, b in biases.items()})
        self.connections = list(weights)

    @property
    def is_dynamic(self) -> bool:
        """Whether there are delays."""
        return any(c.is_delayed for c in self.connections)

    def forward(
        self, *x: Tensor, state: State | None = None, steps: int = 0
    ) -> Tensor | tuple[Tensor, ...] | tuple[Tensor | tuple[Tensor, ...], State]:
        """The outputs, of a dynamic network with the final state.

        Parameters
        ----------
        x:
            One for each input.
        state:
            By default zeros.
        steps:
            The number of time steps of a network without inputs.
        """
        if not self.is_dynamic:
            p = [process(one) for process, one in zip(self.inputs, x, strict=True)]
            return self._outputs(
                self._layers(lambda c, a: p[c.source] if c.kind == "IW" else a[c.source])
            )
        before = self.initial(x) if state is None else state
        data = [torch.cat(pair, 1) for pair in zip(before[0], x, strict=True)]
        count = x[0].shape[1] if x else steps
        a = self._series(data, before[1], count)
        final = (
            tuple(one[:, count:] for one in data),
            tuple(torch.cat(pair, 1)[:, count:] for pair in zip(before[1], a, strict=True)),
        )
        return self._outputs(a), final

    def initial(self, x: Sequence[Tensor], batch: int = 1) -> State:
        """Zeros, as MATLAB has them where no state is given."""
        like = x[0] if x else next(self.parameters())
        batch = x[0].shape[0] if x else batch
        inputs, layers = self.delays
        return (
            tuple(like.new_zeros(batch, inputs, size) for size in self.sizes),
            tuple(like.new_zeros(batch, layers, size) for size, _, _ in self.layers),
        )

    def _outputs(self, a: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        ends = cast("dict[str, Processing]", self.outputs)
        results = tuple(steps.reverse(a[int(i)]) for i, steps in ends.items())
        return results if len(results) > 1 else results[0]

    def _layers(self, taps: Callable[[Connection, list[Tensor]], Tensor]) -> list[Tensor]:
        """The outputs of all layers, from what enters each connection."""
        a: list[Tensor] = [torch.empty(0)] * len(self.layers)
        for i in self.order:
            _, combine, transfer = self.layers[i]
            z = [
                c.weighting(getattr(self, c.kind)[c.key], taps(c, a))
                for c in self.connections
                if c.to == i
            ]
            bias = [self.b[str(i)]] if str(i) in self.b else []
            a[i] = transfer(reduce(combine, [*z, *bias]))
        return a

    def _series(self, data: Sequence[Tensor], before: Sequence[Tensor], steps: int) -> list[Tensor]:
        """The outputs of all layers, Q×T×S, at all steps."""
        p = [process(one) for process, one in zip(self.inputs, data, strict=True)]
        start = self.delays[0]
        given = {
            c: torch.cat([p[c.source][:, start - d : start - d + steps] for d in c.delays], -1)
            for c in self.connections
            if c.kind == "IW"
        }
        if not any(c.is_delayed for c in self.connections if c.kind == "LW"):
            return self._layers(lambda c, a: given[c] if c.kind == "IW" else a[c.source])
        history = [list(one.unbind(1)) for one in before]
        for t in range(steps):

            def taps(c: Connection, a: list[Tensor], t: int = t) -> Tensor:
                if c.kind == "IW":
                    return given[c][:, t]
                past = history[c.source]
                return torch.cat(
                    [past[self.delays[1] + t - d] if d else a[c.source] for d in c.delays], -1
                )

            for past, now in zip(history, self._layers(taps), strict=True):
                past.append(now)
        return [torch.stack(past[self.delays[1] :], 1) for past in history]


class UnrolledModule(ShallowModule):
    """A network with delays, its states among its inputs and outputs: for programs of other kinds.

    The inputs Q×T×R, then the states Q×delays×R of the inputs and of the layers that have any; the
    outputs, then these states after the last step. ``steps`` are those of a network without inputs.
    """

    steps: int = 0

    @property
    def stated(self) -> tuple[list[int], list[int]]:
        """The inputs and the layers whose past counts."""
        past = [c for c in self.connections if c.is_delayed]
        return tuple(sorted({c.source for c in past if c.kind == kind}) for kind in ("IW", "LW"))  # type: ignore[return-value]

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        """The outputs and the states."""
        count = len(self.inputs)
        x, rest = given[:count], iter(given[count:])
        zeros = self.initial(x, batch=given[0].shape[0])
        before = tuple(
            tuple(next(rest) if i in used else zero for i, zero in enumerate(each))
            for used, each in zip(self.stated, zeros, strict=True)
        )
        y, final = super().forward(*x, state=(before[0], before[1]), steps=self.steps)
        states = [each[i] for used, each in zip(self.stated, final, strict=True) for i in used]
        return (*(y if isinstance(y, tuple) else (y,)), *states)
