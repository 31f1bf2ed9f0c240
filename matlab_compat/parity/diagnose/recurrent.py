"""What goes wrong with recurrent layers: their gates, directions, states, and the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...layers.base import Layer
from ...layers.recurrent import BiLSTMLayer, GRULayer, LSTMLayer, RecurrentLayer
from .altered import inputs_changed, of_module, outputs_changed
from .instead import altered
from .mistakes import Size, Variation, mistakes_of, variation

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
    for kind, gates in _GATES.items():
        if isinstance(layer, kind):
            for order in permutations(range(len(gates))):
                yield from _other_gates(layer, gates, order)


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
    yield from variation(
        layer,
        "gates in another order",
        f"with the rows of its weights taken as the gates {' '.join(said)}{whose}",
        f"the rows of MATLAB's weights are in the order {' '.join(gates)} (torch's too): reorder.",
        rank=0 if whose else 1,
        **values,
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


@mistakes_of(*_GATES)
def _gate_activations(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    """Torch's hard sigmoid is MATLAB's of five sixths; a forget gate gets 1 added."""
    gates = _GATES[GRULayer] if isinstance(layer, GRULayer) else _GATES[LSTMLayer]
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


def _blocks_transposed(value: Array, hidden: int) -> Array:
    if value.shape[1] != hidden:
        return value
    return value.reshape(-1, hidden, hidden).swapaxes(1, 2).reshape(value.shape)


@mistakes_of(BiLSTMLayer)
def _directions(layer: BiLSTMLayer, _: Size) -> Iterator[Variation]:
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
    for text, order in (("backward first", (1, 0)), ("the forward direction twice", (0, 0))):
        yield altered(
            layer,
            "directions joined otherwise",
            f"with its directions joined {text}",
            "the output is the forward direction's units, then the backward's.",
            outputs_changed(partial(_output_halves, order=order)),
        )


def _time_step(y: Tensor, step: int) -> Tensor:
    return y[:, :, step]


def _halves(value: Array, order: tuple[int, int]) -> Array:
    parts = np.split(value, 2)
    return np.concatenate([parts[i] for i in order])


def _output_halves(y: Tensor, order: tuple[int, int]) -> Tensor:
    import torch

    parts = y.chunk(2, 1)
    return torch.cat([parts[i] for i in order], 1)


def _backward_turned(y: Tensor) -> Tensor:
    import torch

    forward, backward = y.chunk(2, 1)
    return torch.cat([forward, backward.flip(2)], 1)


@mistakes_of(RecurrentLayer)
def _time(layer: RecurrentLayer, _: Size) -> Iterator[Variation]:
    yield altered(
        layer,
        "time reversed",
        "with its input in reverse order of time",
        "the first time step comes first; only the backward direction reads it reversed.",
        inputs_changed(lambda x: x.flip(2)),
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
    if layer.OutputMode == "last" and layer.directions == 1:
        sequence = {"OutputMode": "sequence"}
        for text, function in (
            ("the first time step", lambda y: y[:, :, 0]),
            ("the last time step but one", lambda y: y[:, :, -2]),
            ("the average over time", lambda y: y.mean(2)),
            ("the largest over time", lambda y: y.amax(2)),
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
