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
from .altered import function_module, inputs_changed, of_module, outputs_changed
from .instead import altered
from .mistakes import Fitted, Size, Variation, changed, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

_GATES = {LSTMLayer: "ifgo", GRULayer: "rzn"}
_KNOWN_GATES = {
    "iofg": "ONNX's",
    "ifog": "Caffe's",
    "igfo": "TensorFlow 1's",
    "zrn": "ONNX's and Keras'",
}


@mistakes_of(*_GATES)
def _gate_orders(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    gates = _gates_of(layer)
    for order in permutations(range(len(gates))):
        yield from _other_gates(layer, gates, order)


def _gates_of(layer: RecurrentLayer) -> str:
    return next(gates for kind, gates in _GATES.items() if isinstance(layer, kind))


@mistakes_of("ResetGateMode")
def _reset_gates(layer: Layer, _: Size) -> Iterator[Variation]:
    mode = layer.values["ResetGateMode"]
    for other in ("after-multiplication", "before-multiplication"):
        if mode in ("after-multiplication", "before-multiplication"):
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


def _other_gates(layer: RecurrentLayer, gates: str, order: tuple[int, ...]) -> Iterator[Variation]:
    # The block in place ``order[g]`` is run as gate ``g``.
    said = "".join(gates[order.index(place)] for place in range(len(gates)))
    whose = f" ({_KNOWN_GATES[said]} order)" if said in _KNOWN_GATES else ""
    values = {
        name: _gates_moved(layer.values[name], len(gates), layer.NumHiddenUnits, order)
        for name in ("InputWeights", "RecurrentWeights", "Bias")
    }
    alone = {f"its {name} alone": {name: value} for name, value in values.items()}
    for which, moved in ({"its weights": values} | alone).items():
        whole = len(moved) == len(values)
        yield from variation(
            layer,
            "gates in another order",
            f"with the rows of {which} taken as the gates {' '.join(said)}{whose}",
            f"the rows of MATLAB's weights are in the order {' '.join(gates)} (torch's too): "
            "reorder.",
            rank=(0 if whose else 1) if whole else 2,
            **moved,
        )


def _gates_moved(value: Array, gates: int, hidden: int, order: tuple[int, ...]) -> Array:
    blocks = value.reshape(-1, gates, hidden, value.shape[1])
    return np.asfortranarray(blocks[:, list(order)].reshape(value.shape))


def _rows_changed(layer: RecurrentLayer, gates: str, factors: dict[str, float]) -> dict[str, Array]:
    """The weights and biases with the rows of these gates times a factor."""
    factor = np.repeat([factors.get(gate, 1.0) for gate in gates], layer.NumHiddenUnits)
    found = {}
    for name in ("InputWeights", "RecurrentWeights", "Bias"):
        value = layer.values[name]
        if value.size:
            every = np.tile(factor, value.shape[0] // factor.size)[:, np.newaxis]
            found[name] = (value * every).astype(value.dtype)
    return found


@mistakes_of(GRULayer)
def _update_gates(layer: GRULayer, _: Size) -> Iterator[Variation]:
    yield from variation(
        layer,
        "update gate the other way",
        "with the update gate the other way: z.*candidate + (1 - z).*h",
        "MATLAB's (and torch's) GRU is (1 - z).*candidate + z.*h: negate the rows of z, or use it.",
        0,
        **_rows_changed(layer, "rzn", {"z": -1.0}),
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
        **_rows_changed(layer, gates, dict.fromkeys(sigmoids, 5 / 6)),
    )
    for name, attribute, plain in (
        ("StateActivationFunction", "act", "softsign"),  # what torch has no cell of
        ("GateActivationFunction", "gate", "hard-sigmoid"),
    ):
        for called, function in _FUNCTIONS.items():
            text = f"with {called} for its {name}"
            yield Variation(
                f"another {name}",
                text,
                f"{name} is '{layer.values[name]}'.",
                layer,
                {name: plain},
                2,
                change=partial(_with_function, attribute, function),
                key=text,
                diff=text.removeprefix("with "),
            )
    if "f" in gates and layer.Bias.size:
        hidden = layer.NumHiddenUnits
        rows = np.tile(np.repeat([0, 1, 0, 0], hidden), layer.directions)[:, np.newaxis]
        yield from variation(
            layer,
            "forget bias added",
            "with 1 added to the bias of its forget gate (TensorFlow's forget_bias)",
            "Bias is all there is: forget_bias=0.",
            1,
            Bias=layer.Bias + rows.astype(layer.Bias.dtype),
        )
    if layer.NumHiddenUnits > 1:
        yield Variation(
            "RecurrentWeights transposed",
            "with the RecurrentWeights of each gate transposed",
            "each block is hidden x hidden, applied from the left: R*h.",
            layer,
            {"RecurrentWeights": partial(_blocks_transposed, hidden=layer.NumHiddenUnits)},
            1,
        )


#: A gate whose bias is so large is open: its sigmoid is 1.
_OPEN = 100.0
_GATE_NAMES = {"i": "input", "f": "forget", "o": "output", "r": "reset", "z": "update"}


@mistakes_of(*_GATES)
def _gates_left_out(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    """A gate that is not there, and rows of one gate that are zero."""
    gates = _gates_of(layer)
    for gate, called in _GATE_NAMES.items():
        if gate not in gates:
            continue
        rows = _rows_changed(layer, gates, {gate: 0.0})
        bias = rows.get("Bias")
        if bias is None:
            continue
        opened = np.repeat([_OPEN if g == gate else 0.0 for g in gates], layer.NumHiddenUnits)
        repeats = bias.shape[0] // opened.size
        added = np.tile(opened, repeats)[:, np.newaxis].astype(bias.dtype)
        yield from variation(
            layer,
            f"{called} gate left out",
            f"without its {called} gate (as if it were always open)",
            f"multiply by the {called} gate.",
            1,
            **{**rows, "Bias": bias + added},
        )
    for name in ("InputWeights", "RecurrentWeights", "Bias"):
        for gate in gates:
            values = _rows_changed(layer, gates, {gate: 0.0})
            if name in values:
                yield from variation(
                    layer,
                    f"{name} of a gate missing",
                    f"without the {name} of the gate {gate}",
                    f"copy all rows of {name}: the gates {' '.join(gates)}.",
                    2,
                    **{name: values[name]},
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
    for text, kind in _CELLS.items():
        yield altered(
            layer,
            "cell computed otherwise",
            text,
            "c = f.*c + i.*tanh(g), h = o.*tanh(c), with sigmoids for i, f and o.",
            of_module(partial(_other_cell, kind)),
            2,
        )


def _other_cell(kind: str | float, module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch
    from torch.nn import functional as F

    what, _, name = kind.partition(" ") if isinstance(kind, str) else ("", "", "")
    other = _FUNCTIONS.get(name, torch.tanh)
    of_candidate, of_cell = (other if what == w else torch.tanh for w in ("candidate", "cell"))
    h, c = given or (module.saved(name, x) for name in module.state_names)
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
    for text, kind in _UNITS.items():
        yield altered(
            layer,
            "unit computed otherwise",
            text,
            "h = (1 - z).*candidate + z.*h, candidate = tanh(W*x + b + r.*(R*h)).",
            of_module(partial(_other_unit, kind)),
            2,
        )


def _other_unit(kind: str, module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch
    from torch.nn import functional as F

    (h,) = given or (module.saved(name, x) for name in module.state_names)
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
        yield altered(
            layer,
            "state not carried",
            f"with its state beginning anew each {steps} steps (pieces run one by one)",
            "run whole sequences, or hand the state on.",
            of_module(partial(_by_pieces, steps)),
            2,
        )
        yield altered(
            layer,
            "time padded",
            f"with {steps} time steps of zeros in front, cut off again",
            "leave padding out, or start at the first step of the data.",
            of_module(partial(_after_zeros, steps)),
            3,
        )


def _by_pieces(steps: int, module: Any, x: Tensor) -> Tensor:
    import torch

    return torch.cat([module(part) for part in torch.split(x, steps, 2)], 2)


def _after_zeros(steps: int, module: Any, x: Tensor) -> Tensor:
    y: Tensor = module(_time_padded(x, steps, 0))
    return y[:, :, steps:]


@fits_of(*_GATES)
def _initial_states(layer: RecurrentLayer, _: Size) -> Iterator[Fitted]:
    """A number in all of an initial state."""
    for name in ("HiddenState", "CellState"):
        if name in layer.properties and not np.any(layer.values[name]):
            yield Fitted((0.0,), partial(_initial_state, layer, name), 0.1)


def _initial_state(layer: RecurrentLayer, name: str, values: tuple[float, ...]) -> Variation:
    text = f"an initial {name} of {values[0]:.6g} instead of 0"
    size = (layer.NumHiddenUnits * layer.directions, 1)
    state = {name: np.full(size, values[0], np.float32)}
    remedy = f"start every sequence from {name}, zeros."
    return Variation(f"another {name}", f"with {text}", remedy, layer, state, 3)


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


def _blocks_transposed(value: Array, hidden: int) -> Array:
    if value.shape[1] != hidden:
        return value
    return value.reshape(-1, hidden, hidden).swapaxes(1, 2).reshape(value.shape)


@mistakes_of(BiLSTMLayer)
def _directions(layer: BiLSTMLayer, _: Size) -> Iterator[Variation]:
    import torch

    names = ("InputWeights", "RecurrentWeights", "Bias")
    moved = {name: partial(_halves, order=(1, 0)) for name in names}
    remedy = "the first half of the rows is the forward direction's, the second the backward's."
    yield Variation(
        "directions exchanged",
        "with the weights of forward and backward direction exchanged",
        remedy,
        layer,
        moved,
        1,
    )
    for order, which in (((0, 0), "forward"), ((1, 1), "backward")):
        same = {name: partial(_halves, order=order) for name in names}
        text = f"with the weights of the {which} direction in both"
        yield Variation("one direction's weights in both", text, remedy, layer, same, 2)
        for name in names:
            text = f"with the {name} of the {which} direction in both"
            alone = {name: same[name]}
            yield Variation("one direction's weights in both", text, remedy, layer, alone, 2)
    for one in _gate_orders(layer, Size()):
        for half, which in enumerate(("forward", "backward")):
            rows = {
                name: _one_half(layer.values[name], np.asarray(value), half)
                for name, value in one.values.items()
            }
            if len(rows) == len(names):
                text = f"{one.text}, in the {which} direction alone"
                yield Variation(one.name, text, one.remedy, layer, rows, 2)
    turned = "turn the backward direction's output round again, as torch.nn.LSTM does."
    if layer.OutputMode == "sequence":
        yield altered(
            layer,
            "backward direction not turned round",
            "with the backward direction's output not turned round in time again",
            turned,
            outputs_changed(_backward_turned),
            0,
        )
    else:
        sequence = {"OutputMode": "sequence"}
        for text, step in (
            ("both directions' last time step, out[:, -1]", -1),
            ("both directions' first time step", 0),
        ):
            yield Variation(
                "another time step than the last",
                f"with {text} instead of each direction's end",
                "the backward direction ends at the first: use torch's h_n, not out[:, -1].",
                layer,
                sequence,
                0,
                change=outputs_changed(partial(_time_step, step=step)),
            )
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
    for text, function in joined.items():
        yield altered(
            layer,
            "directions joined otherwise",
            f"with its directions joined {text}",
            "the output is the forward direction's units, then the backward's.",
            outputs_changed(partial(_joined, function)),
        )
    swapped = {name: _halves(layer.values[name], (1, 0)) for name in names}
    other = changed(layer, **swapped)
    if other is not None:
        yield altered(
            layer,
            "backward direction run forward",
            "with its backward direction run forward in time",
            "the backward direction reads its input from the last time step to the first.",
            partial(_both_forward, other),
        )


def _time_step(y: Tensor, step: int) -> Tensor:
    return y[:, :, step]


def _halves(value: Array, order: tuple[int, int]) -> Array:
    parts = np.split(value, 2)
    return np.concatenate([parts[i] for i in order])


def _one_half(old: Array, new: Array, half: int) -> Array:
    """The new values in the rows of one direction alone."""
    parts = np.split(old, 2)
    parts[half] = np.split(new, 2)[half]
    return np.concatenate(parts)


def _joined(function: Callable[[Tensor, Tensor], Tensor], y: Tensor) -> Tensor:
    return function(*y.chunk(2, 1))


def _both_forward(other: Layer, module: Any) -> Any:
    """``other`` has the directions' weights exchanged: its forward one is the backward one."""
    import torch

    weight = module.weight_ih_l0
    twin = other.to_torch(weight.device, weight.dtype, formats=("CBT",)).eval()
    return function_module(
        lambda x, *states: torch.cat([m(x, *states).chunk(2, 1)[0] for m in (module, twin)], 1)
    )


def _backward_turned(y: Tensor) -> Tensor:
    import torch

    forward, backward = y.chunk(2, 1)
    return torch.cat([forward, backward.flip(2)], 1)


@mistakes_of(RecurrentLayer)
def _time(layer: RecurrentLayer, size: Size) -> Iterator[Variation]:
    yield altered(
        layer,
        "time reversed",
        "with its input in reverse order of time",
        "the first time step comes first; only the backward direction reads it reversed.",
        inputs_changed(lambda x: x.flip(2)),
    )
    if layer.OutputMode == "sequence":
        yield altered(
            layer,
            "time shifted",
            "with its output one time step late",
            "look for a delay: the output of a step is that after the step.",
            outputs_changed(lambda y: _time_padded(y, 1, -1)),
            2,
        )
    for steps, said in ((1, "late"), (-1, "early")):
        yield altered(
            layer,
            "time shifted",
            f"with its input one time step {said}",
            "look for a delay, or an index from 0.",
            inputs_changed(partial(_time_padded, before=steps, after=-steps)),
            2,
        )
    yield altered(
        layer,
        "time reversed",
        "with its input in reverse order of time, and its output turned round again (go_backwards)",
        "the first time step comes first; only the backward direction reads it reversed.",
        of_module(_turned_twice),
    )
    yield altered(
        layer,
        "state carried over",
        "with the state carried over from one observation to the next (stateful)",
        "start every observation from HiddenState: no state from the call before.",
        of_module(_carried),
        whole_batch=True,
    )
    if layer.OutputMode == "sequence" and layer.NumInputs == 1:
        yield altered(
            layer,
            "observations taken for time steps",
            "with observations taken for time steps (torch's batch_first left out)",
            "pass batch_first=True, and data as N,T,C.",
            of_module(_across),
            whole_batch=True,
        )
    else:
        for text, before, after in (("in front", 1, 0), ("at the end", 0, 1)):
            for steps in (1, 2, 3, size[0] if size else 4):
                yield altered(
                    layer,
                    "time padded",
                    f"with {steps} time steps of zeros {text} (a mask that is not used)",
                    "leave padding out: torch's pack_padded_sequence, Keras' mask.",
                    inputs_changed(
                        partial(_time_padded, before=before * steps, after=after * steps)
                    ),
                    2,
                )
    if layer.OutputMode == "sequence":
        yield altered(
            layer,
            "last time step for all",
            "with its last time step in the place of all",
            "OutputMode is 'sequence': return_sequences=True in Keras, all of out in torch.",
            outputs_changed(lambda y: y[:, :, -1:].expand_as(y)),
            2,
        )
    if "CellState" in layer.properties and layer.directions == 1:
        yield altered(
            layer,
            "cell state for the hidden state",
            "with its cell state as output instead of the hidden state",
            "torch.nn.LSTM gives output, (h_n, c_n): take output, or h_n.",
            of_module(_cell_states),
        )
    if layer.OutputMode == "last" and layer.directions == 1:
        sequence = {"OutputMode": "sequence"}
        for text, function in (
            ("the first time step", lambda y: y[:, :, 0]),
            ("the last time step but one", lambda y: y[:, :, -2]),
            ("the average over time", lambda y: y.mean(2)),
            ("the largest over time", lambda y: y.amax(2)),
            ("the sum over time", lambda y: y.sum(2)),
        ):
            yield Variation(
                "another time step than the last",
                f"with {text} instead of the last time step",
                "OutputMode is 'last': out[:, -1] in torch (batch_first).",
                layer,
                sequence,
                1,
                change=outputs_changed(function),
            )


def _time_padded(x: Tensor, before: int, after: int) -> Tensor:
    from torch.nn import functional as F

    return F.pad(x, (before, after))


def _across(module: Any, x: Tensor) -> Tensor:
    starts = [module.saved(name, x[:1]) for name in module.state_names]
    turned = x.permute(2, 1, 0)  # T,C,N as N,C,T
    y, _ = module.recur(turned.transpose(1, 2), [s.expand(turned.shape[0], -1) for s in starts])
    result: Tensor = y.permute(1, 2, 0)
    return result


def _cell_states(module: Any, x: Tensor, *given: Tensor) -> Tensor:
    import torch

    states = given or tuple(module.saved(name, x) for name in module.state_names)
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

    states = given or tuple(module.saved(name, x[:1]) for name in module.state_names)
    results = []
    for i in range(x.shape[0]):
        y, states = module.recur(x[i : i + 1].transpose(1, 2), states)
        results.append(states[0] if module.settings.last else y.transpose(1, 2))
    return torch.cat(results)
