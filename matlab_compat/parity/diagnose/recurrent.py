"""What goes wrong with recurrent layers: their gates, directions, states, and the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...layers.base import Layer
from ...layers.recurrent import BiLSTMLayer, GRULayer, LSTMLayer, RecurrentLayer
from .altered import Change, function_module, inputs_changed, of_module, outputs_changed
from .mistakes import Fitted, Size, Variation, altered, changed, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

_GATES = {LSTMLayer: "ifgo", GRULayer: "rzn"}
_KNOWN_GATES = {
    "iofg": "ONNX's",
    "ifog": "Caffe's",
    "igfo": "TensorFlow 1's",
    "zrn": "ONNX's and Keras'",
}
_ARRAYS = ("InputWeights", "RecurrentWeights", "Bias")


def _gates_of(layer: RecurrentLayer) -> str:
    return next(gates for kind, gates in _GATES.items() if isinstance(layer, kind))


@mistakes_of(*_GATES)
def _gate_orders(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    gates = _gates_of(layer)
    remedy = (
        f"the rows of MATLAB's weights are in the order {' '.join(gates)} (torch's too): reorder."
    )
    for order in permutations(range(len(gates))):
        # The block in place ``order[g]`` is run as gate ``g``.
        said = "".join(gates[order.index(place)] for place in range(len(gates)))
        whose = f" ({_KNOWN_GATES[said]} order)" if said in _KNOWN_GATES else ""
        values = {
            name: _gates_moved(layer.values[name], len(gates), layer.NumHiddenUnits, order)
            for name in _ARRAYS
        }
        alone = {f"its {name} alone": {name: value} for name, value in values.items()}
        for which, moved in ({"its weights": values} | alone).items():
            text = f"with the rows of {which} taken as the gates {' '.join(said)}{whose}"
            rank = 2 if which in alone else 0 if whose else 1
            yield from variation(layer, "gates in another order", text, remedy, rank, **moved)


def _gates_moved(value: Array, gates: int, hidden: int, order: tuple[int, ...]) -> Array:
    blocks = value.reshape(-1, gates, hidden, value.shape[1])
    return np.asfortranarray(blocks[:, list(order)].reshape(value.shape))


@mistakes_of("ResetGateMode")
def _reset_gates(layer: Layer, _: Size) -> Iterator[Variation]:
    mode = layer.values["ResetGateMode"]
    modes = ("after-multiplication", "before-multiplication")
    for other in modes if mode in modes else ():
        yield from variation(
            layer,
            "reset gate applied elsewhere",
            f"with ResetGateMode '{other}'",
            f"the layer's ResetGateMode is '{mode}' (torch's and cuDNN's GRU is "
            "'recurrent-bias-after-multiplication').",
            ResetGateMode=other,
        )
    if mode == "after-multiplication" and np.any(layer.values["Bias"]):
        bias = layer.values["Bias"]
        yield from variation(
            layer,
            "reset gate acts on the bias",
            "with the bias inside of what the reset gate multiplies",
            "torch's GRU has two biases: this one is bias_ih_l0, and bias_hh_l0 is zero.",
            ResetGateMode="recurrent-bias-after-multiplication",
            Bias=np.concatenate([np.zeros_like(bias), bias]),
        )


def _by_gate(layer: RecurrentLayer, numbers: dict[str, float], default: float = 1.0) -> Array:
    """A column with a number for each row of one direction: that of its gate."""
    each = [numbers.get(gate, default) for gate in _gates_of(layer)]
    return np.repeat(each, layer.NumHiddenUnits)[:, np.newaxis]


def _tiled(column: Array, value: Array) -> Array:
    """For all rows of an array, which may have several directions or biases."""
    return np.tile(column, (len(value) // len(column), 1)).astype(value.dtype)


def _rows_changed(layer: RecurrentLayer, factors: dict[str, float]) -> dict[str, Array]:
    """The weights and biases with the rows of these gates times a factor."""
    column = _by_gate(layer, factors)
    found = {name: layer.values[name] for name in _ARRAYS if layer.values[name].size}
    return {name: value * _tiled(column, value) for name, value in found.items()}


@mistakes_of(GRULayer)
def _update_gates(layer: GRULayer, _: Size) -> Iterator[Variation]:
    yield from variation(
        layer,
        "update gate the other way",
        "with the update gate the other way: z.*candidate + (1 - z).*h",
        "MATLAB's (and torch's) GRU is (1 - z).*candidate + z.*h: negate the rows of z, or use it.",
        0,
        **_rows_changed(layer, {"z": -1.0}),
    )


#: What the activations are taken for.
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "nothing (linear)": lambda x: x,
    "a sigmoid": lambda x: x.sigmoid(),
    "a ReLU": lambda x: x.relu(),
    "a tanh": lambda x: x.tanh(),
    "a hard tanh": lambda x: x.clamp(-1, 1),
}


def _with_function(attribute: str, function: Callable[[Any], Any], module: Any) -> Any:
    setattr(module, attribute, function)
    return module


@mistakes_of(*_GATES)
def _gate_activations(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    """Torch's hard sigmoid is MATLAB's of five sixths; a forget gate gets 1 added."""
    gates = _gates_of(layer)
    sigmoids = [gate for gate in gates if gate not in "gn"]
    yield from variation(
        layer,
        "another GateActivationFunction",
        "with torch's hard sigmoid (x/6 + 0.5) for its gates",
        f"GateActivationFunction is '{layer.GateActivationFunction}' (MATLAB's 'hard-sigmoid' is "
        "0.2*x + 0.5).",
        1,
        GateActivationFunction="hard-sigmoid",
        **_rows_changed(layer, dict.fromkeys(sigmoids, 5 / 6)),
    )
    for name, attribute, plain in (
        ("StateActivationFunction", "act", "softsign"),  # what torch has no cell of
        ("GateActivationFunction", "gate", "hard-sigmoid"),
    ):
        remedy, values = f"{name} is '{layer.values[name]}'.", {name: plain}
        changes: dict[str, Change] = {
            f"with {called} for its {name}": partial(_with_function, attribute, function)
            for called, function in _FUNCTIONS.items()
        }
        yield from altered(layer, f"another {name}", remedy, changes, 2, values=values)
    if "f" in gates and layer.Bias.size:
        added = _tiled(_by_gate(layer, {"f": 1.0}, 0.0), layer.Bias)
        text = "with 1 added to the bias of its forget gate (TensorFlow's forget_bias)"
        remedy = "Bias is all there is: forget_bias=0."
        yield from variation(layer, "forget bias added", text, remedy, 1, Bias=layer.Bias + added)
    if layer.NumHiddenUnits > 1:
        yield from variation(
            layer,
            "RecurrentWeights transposed",
            "with the RecurrentWeights of each gate transposed",
            "each block is hidden x hidden, applied from the left: R*h.",
            1,
            RecurrentWeights=partial(_blocks_transposed, hidden=layer.NumHiddenUnits),
        )


def _blocks_transposed(value: Array, hidden: int) -> Array:
    if value.shape[1] != hidden:
        return value
    return value.reshape(-1, hidden, hidden).swapaxes(1, 2).reshape(value.shape)


#: A gate whose bias is so large is open: its sigmoid is 1.
_OPEN = 100.0
_GATE_NAMES = {"i": "input", "f": "forget", "o": "output", "r": "reset", "z": "update"}


@mistakes_of(*_GATES)
def _gates_left_out(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    """A gate that is not there, and rows of one gate that are zero."""
    gates = _gates_of(layer)
    for gate in gates:
        rows = _rows_changed(layer, {gate: 0.0})
        if gate in _GATE_NAMES and "Bias" in rows:
            called = _GATE_NAMES[gate]
            bias = rows["Bias"] + _tiled(_by_gate(layer, {gate: _OPEN}, 0.0), rows["Bias"])
            yield from variation(
                layer,
                f"{called} gate left out",
                f"without its {called} gate (as if it were always open)",
                f"multiply by the {called} gate.",
                1,
                **{**rows, "Bias": bias},
            )
        for name, value in rows.items():
            text = f"without the {name} of the gate {gate}"
            remedy = f"copy all rows of {name}: the gates {' '.join(gates)}."
            yield from variation(
                layer, f"{name} of a gate missing", text, remedy, 2, **{name: value}
            )


#: What else an LSTM with tanh and sigmoid is taken for.
_CELLS: dict[str, str | float] = {
    **{f"with {name} for the tanh of its candidate": f"candidate {name}" for name in _FUNCTIONS},
    **{f"with {name} for the tanh of its cell state": f"cell {name}" for name in _FUNCTIONS},
    "with a forget gate of 1 minus the input gate (coupled)": "coupled",
    "with its cell state not carried from step to step": "forgotten",
    "with its gates from the hidden state before the last": "late",
    **{
        f"with its cell state clipped to -{c:g}..{c:g}": c for c in (1.0, 3.0, 5.0, 10.0, 0.5, 50.0)
    },
}


@mistakes_of(LSTMLayer)
def _cells(layer: LSTMLayer, _: Size) -> Iterator[Variation]:
    if layer.directions > 1 or layer.GateActivationFunction != "sigmoid":
        return
    remedy = "c = f.*c + i.*tanh(g), h = o.*tanh(c), with sigmoids for i, f and o."
    changes = {text: of_module(partial(_other_cell, kind)) for text, kind in _CELLS.items()}
    yield from altered(layer, "cell computed otherwise", remedy, changes, 2)


def _other_cell(kind: str | float, module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch
    from torch.nn import functional as F

    what, _, name = kind.partition(" ") if isinstance(kind, str) else ("", "", "")
    other = _FUNCTIONS.get(name, torch.tanh)
    of_candidate, of_cell = (other if what == w else torch.tanh for w in ("candidate", "cell"))
    h, c = given or _states(module, x)
    weight, recurrent = module.weight_ih_l0, module.weight_hh_l0
    bias, out, before = module.bias_ih_l0, [], h
    for step in x.unbind(2):
        used, before = (before if kind == "late" else h), h
        i, f, g, o = (F.linear(step, weight, bias) + F.linear(used, recurrent)).chunk(4, 1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        c = 0 * c if kind == "forgotten" else (1 - i if kind == "coupled" else f) * c
        c = c + i * of_candidate(g)
        c = c.clamp(-kind, kind) if isinstance(kind, float) else c
        h = o * of_cell(c)
        out.append(h)
    return out[-1] if module.settings.last else torch.stack(out, 2)


#: How a GRU is computed otherwise.
_UNITS = {
    "with its update gate for the reset gate, too (one gate)": "one",
    "with its reset gate for the update gate, too (one gate)": "other",
    "with its reset gate on the input's part of the candidate": "input",
    "with its reset gate on the whole candidate": "whole",
    "without its update gate: the candidate is the state": "candidate",
    "without its reset gate": "open",
}


@mistakes_of(GRULayer)
def _units(layer: GRULayer, _: Size) -> Iterator[Variation]:
    alike = layer.GateActivationFunction == "sigmoid" and layer.StateActivationFunction == "tanh"
    if layer.ResetGateMode == "before-multiplication" or not alike:
        return
    remedy = "h = (1 - z).*candidate + z.*h, candidate = tanh(W*x + b + r.*(R*h))."
    changes = {text: of_module(partial(_other_unit, kind)) for text, kind in _UNITS.items()}
    yield from altered(layer, "unit computed otherwise", remedy, changes, 2)


def _other_unit(kind: str, module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch
    from torch.nn import functional as F

    (h,) = given or _states(module, x)
    out = []
    for step in x.unbind(2):
        r, z, n = F.linear(step, module.weight_ih_l0, module.bias_ih_l0).chunk(3, 1)
        s, y, m = F.linear(h, module.weight_hh_l0, module.bias_hh_l0).chunk(3, 1)
        r, z = (r + s).sigmoid(), (z + y).sigmoid()
        r, z = (z if kind == "one" else r), (r if kind == "other" else z)
        parts = {"input": r * n + m, "whole": r * (n + m), "open": n + m}
        n = parts.get(kind, n + r * m).tanh()
        h = n if kind == "candidate" else (1 - z) * n + z * h
        out.append(h)
    return out[-1] if module.settings.last else torch.stack(out, 2)


#: How many steps at a time sequences may be run by.
_CHUNKS = (1, 2, 3, 4, 5, 8, 10, 16)


@mistakes_of(RecurrentLayer)
def _pieces(layer: RecurrentLayer, size: Size) -> Iterator[Variation]:
    """Sequences cut into pieces, or zeros before them."""
    if layer.OutputMode != "sequence" or layer.NumInputs > 1:
        return
    for steps in (n for n in _CHUNKS if size and n < size[-1]):
        text = f"with its state beginning anew each {steps} steps (pieces run one by one)"
        pieces = {text: of_module(partial(_by_pieces, steps))}
        remedy = "run whole sequences, or hand the state on."
        yield from altered(layer, "state not carried", remedy, pieces, 2)
        text = f"with {steps} time steps of zeros in front, cut off again"
        padded = {text: of_module(lambda m, x, n=steps: m(_time_padded(x, n, 0))[:, :, n:])}
        remedy = "leave padding out, or start at the first step of the data."
        yield from altered(layer, "time padded", remedy, padded, 3)


def _by_pieces(steps: int, module: Any, x: Tensor) -> Tensor:
    import torch

    return torch.cat([module(part) for part in torch.split(x, steps, 2)], 2)


@fits_of(*_GATES)
def _initial_states(layer: RecurrentLayer, _: Size) -> Iterator[Fitted]:
    """A number in all of an initial state."""

    def make(name: str, values: tuple[float, ...]) -> Variation:
        text = f"with an initial {name} of {values[0]:.6g} instead of 0"
        state = np.full((layer.NumHiddenUnits * layer.directions, 1), values[0], np.float32)
        remedy = f"start every sequence from {name}, zeros."
        return Variation(f"another {name}", text, remedy, layer, {name: state}, 3)

    for name in ("HiddenState", "CellState"):
        if name in layer.properties and not np.any(layer.values[name]):
            yield Fitted((0.0,), partial(make, name), 0.1)


@mistakes_of(GRULayer)
def _two_biases(layer: GRULayer, _: Size) -> Iterator[Variation]:
    bias, hidden = layer.values["Bias"], layer.NumHiddenUnits
    if bias.shape[0] != 6 * hidden:
        return
    own, recurrent = np.split(bias, 2)
    none, both = np.zeros_like(own), own + recurrent
    remedy = "bias_ih_l0 is the first half of Bias, bias_hh_l0 the second."
    for text, halves in (
        ("without its recurrent bias (the second half of Bias)", (own, none)),
        ("without its input bias (the first half of Bias)", (none, recurrent)),
        ("with its two biases added up as one of the input", (both, none)),
        ("with its two biases added up as the recurrent one", (none, both)),
        ("with its two biases exchanged", (recurrent, own)),
        ("with its recurrent bias used twice", (recurrent, recurrent)),
        ("with its input bias used twice", (own, own)),
    ):
        yield from variation(layer, "biases mistaken", text, remedy, 1, Bias=np.concatenate(halves))


@mistakes_of(BiLSTMLayer)
def _directions(layer: BiLSTMLayer, _: Size) -> Iterator[Variation]:
    """The arrays of one direction, or of the first in the place of the other."""
    remedy = "the first half of the rows is the forward direction's, the second the backward's."
    exchanged = dict.fromkeys(_ARRAYS, partial(_halves, order=(1, 0)))
    text = "with the weights of forward and backward direction exchanged"
    yield Variation("directions exchanged", text, remedy, layer, exchanged, 1)
    for order, which in (((0, 0), "forward"), ((1, 1), "backward")):
        same = partial(_halves, order=order)
        alone = {name: (name,) for name in _ARRAYS}
        for what, names in {"weights": _ARRAYS, **alone}.items():
            text = f"with the {what} of the {which} direction in both"
            values = dict.fromkeys(names, same)
            yield Variation("one direction's weights in both", text, remedy, layer, values, 2)
    for one in _gate_orders(layer, Size()):
        for half, which in enumerate(("forward", "backward")) if len(one.values) > 1 else ():
            rows = {
                name: _one_half(layer.values[name], np.asarray(value), half)
                for name, value in one.values.items()
            }
            text = f"{one.text}, in the {which} direction alone"
            yield Variation(one.name, text, one.remedy, layer, rows, 2)


def _halves(value: Array, order: tuple[int, int]) -> Array:
    parts = np.split(value, 2)
    return np.concatenate([parts[i] for i in order])


def _one_half(old: Array, new: Array, half: int) -> Array:
    """The new values in the rows of one direction alone."""
    parts = np.split(old, 2)
    parts[half] = np.split(new, 2)[half]
    return np.concatenate(parts)


@mistakes_of(BiLSTMLayer)
def _joined(layer: BiLSTMLayer, _: Size) -> Iterator[Variation]:
    import torch

    if layer.OutputMode == "sequence":
        text = "with the backward direction's output not turned round in time again"
        remedy = "turn the backward direction's output round again, as torch.nn.LSTM does."
        turned = {text: _of_directions(lambda f, b: torch.cat([f, b.flip(2)], 1))}
        yield from altered(layer, "backward direction not turned round", remedy, turned, 0)
    else:
        remedy = "the backward direction ends at the first: use torch's h_n, not out[:, -1]."
        steps = {
            f"with both directions' {text} instead of each direction's end": outputs_changed(change)
            for text, change in list(_STEPS.items())[:2]
        }
        yield from altered(layer, _ANOTHER_STEP, remedy, steps, 0, values=_SEQUENCE)
    joined: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "backward first": lambda f, b: torch.cat([b, f], 1),
        "the forward direction twice": lambda f, b: torch.cat([f, f], 1),
        "unit by unit (interleaved)": lambda f, b: torch.stack([f, b], 2).flatten(1, 2),
        "by their sum (Keras' merge_mode='sum')": lambda f, b: f + b,
        "by their average (Keras' merge_mode='ave')": lambda f, b: (f + b) / 2,
        "by their product (Keras' merge_mode='mul')": lambda f, b: f * b,
        "with zeros for the backward direction": lambda f, b: torch.cat([f, 0 * b], 1),
        "with zeros for the forward direction": lambda f, b: torch.cat([0 * f, b], 1),
        "by the forward direction alone": lambda f, b: f,
        "by the backward direction alone": lambda f, b: b,
    }
    remedy = "the output is the forward direction's units, then the backward's."
    changes = {
        f"with its directions joined {text}": _of_directions(f) for text, f in joined.items()
    }
    yield from altered(layer, "directions joined otherwise", remedy, changes)
    other = changed(layer, **{name: _halves(layer.values[name], (1, 0)) for name in _ARRAYS})
    if other is not None:
        remedy = "the backward direction reads its input from the last time step to the first."
        text = "with its backward direction run forward in time"
        forward: dict[str, Change] = {text: partial(_both_forward, other)}
        yield from altered(layer, "backward direction run forward", remedy, forward)


def _of_directions(function: Callable[[Tensor, Tensor], Tensor]) -> Change:
    """A function of the forward and the backward direction's output."""
    return outputs_changed(lambda y: function(*y.chunk(2, 1)))


def _both_forward(other: Layer, module: Any) -> Any:
    """``other`` has the directions' weights exchanged: its forward one is the backward one."""
    import torch

    weight = module.weight_ih_l0
    twin = other.to_torch(weight.device, weight.dtype, formats=("CBT",)).eval()
    return function_module(
        lambda x, *states: torch.cat([m(x, *states).chunk(2, 1)[0] for m in (module, twin)], 1)
    )


_ANOTHER_STEP, _SEQUENCE = "another time step than the last", {"OutputMode": "sequence"}
#: What is taken of a sequence in the place of its last time step.
_STEPS: dict[str, Callable[[Tensor], Tensor]] = {
    "last time step, out[:, -1]": lambda y: y[:, :, -1],
    "first time step": lambda y: y[:, :, 0],
    "last time step but one": lambda y: y[:, :, -2],
    "average over time": lambda y: y.mean(2),
    "largest over time": lambda y: y.amax(2),
    "sum over time": lambda y: y.sum(2),
}


@mistakes_of(RecurrentLayer)
def _time(layer: RecurrentLayer, size: Size) -> Iterator[Variation]:
    is_sequence, forward = layer.OutputMode == "sequence", layer.directions == 1
    remedy = "the first time step comes first; only the backward direction reads it reversed."
    text = "with its input in reverse order of time"
    reversed_ = {
        text: inputs_changed(lambda x: x.flip(2)),
        f"{text}, and its output turned round again (go_backwards)": of_module(_turned_twice),
    }
    yield from altered(layer, "time reversed", remedy, reversed_)
    remedy = "look for a delay, or an index from 0: the output of a step is that after the step."
    shifted = {
        "with its input one time step late": inputs_changed(lambda x: _time_padded(x, 1, -1)),
        "with its input one time step early": inputs_changed(lambda x: _time_padded(x, -1, 1)),
    }
    if is_sequence:
        late = outputs_changed(lambda y: _time_padded(y, 1, -1))
        shifted["with its output one time step late"] = late
    yield from altered(layer, "time shifted", remedy, shifted, 2)
    remedy = "start every observation from HiddenState: no state from the call before."
    text = "with the state carried over from one observation to the next (stateful)"
    carried = {text: of_module(_carried)}
    yield from altered(layer, "state carried over", remedy, carried, whole_batch=True)
    if is_sequence and layer.NumInputs == 1:
        yield from across_observations(layer, _across)
    else:
        remedy = "leave padding out: torch's pack_padded_sequence, Keras' mask."
        for where, before, after in (("in front", 1, 0), ("at the end", 0, 1)):
            padded = {
                f"with {n} time steps of zeros {where} (a mask that is not used)": inputs_changed(
                    partial(_time_padded, before=before * n, after=after * n)
                )
                for n in (1, 2, 3, size[0] if size else 4)
            }
            yield from altered(layer, "time padded", remedy, padded, 2)
    if is_sequence:
        remedy = "OutputMode is 'sequence': return_sequences=True in Keras, all of out in torch."
        last = outputs_changed(lambda y: y[:, :, -1:].expand_as(y))
        same = {"with its last time step in the place of all": last}
        yield from altered(layer, "last time step for all", remedy, same, 2)
    if "CellState" in layer.properties and forward:
        remedy = "torch.nn.LSTM gives output, (h_n, c_n): take output, or h_n."
        cells = {
            "with its cell state as output instead of the hidden state": of_module(_cell_states)
        }
        yield from altered(layer, "cell state for the hidden state", remedy, cells)
    if not is_sequence and forward:
        remedy = "OutputMode is 'last': out[:, -1] in torch (batch_first)."
        steps = {
            f"with the {text} instead of the last time step": outputs_changed(change)
            for text, change in _STEPS.items()
            if not text.endswith("out[:, -1]")
        }
        yield from altered(layer, _ANOTHER_STEP, remedy, steps, values=_SEQUENCE)


def across_observations(layer: Layer, function: Callable[..., Tensor]) -> Iterator[Variation]:
    """Data as T,N,C, which the ``function`` of module and data makes of N,C,T."""
    text = "with observations taken for time steps (torch's batch_first left out)"
    remedy, change = "pass batch_first=True, and data as N,T,C.", {text: of_module(function)}
    yield from altered(layer, "observations taken for time steps", remedy, change, whole_batch=True)


def _states(module: Any, x: Tensor) -> tuple[Tensor, ...]:
    """Where the layer starts from, for these observations."""
    return tuple(module.saved(name, x) for name in module.state_names)


def _time_padded(x: Tensor, before: int, after: int) -> Tensor:
    from torch.nn import functional as F

    return F.pad(x, (before, after))


def _across(module: Any, x: Tensor) -> Tensor:
    turned = x.permute(2, 1, 0)  # T,C,N as N,C,T
    states = [state.expand(len(turned), -1) for state in _states(module, x[:1])]
    result: Tensor = module.recur(turned.transpose(1, 2), states)[0].permute(1, 2, 0)
    return result


def _cell_states(module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch

    states = given or _states(module, x)
    cells = []
    for step in x.unbind(2):
        _, states = module.recur(step.unsqueeze(1), states)
        cells.append(states[1])
    return cells[-1] if module.settings.last else torch.stack(cells, 2)


def _turned_twice(module: Any, x: Tensor, *states: Tensor) -> Tensor:
    y: Tensor = module(x.flip(2), *states)
    return y.flip(2) if y.ndim == 3 else y


def _carried(module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch

    states = given or _states(module, x[:1])
    results = []
    for i in range(x.shape[0]):
        y, states = module.recur(x[i : i + 1].transpose(1, 2), states)
        results.append(states[0] if module.settings.last else y.transpose(1, 2))
    return torch.cat(results)
