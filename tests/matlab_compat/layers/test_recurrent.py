"""Recurrent layers through ``predict`` and as torch modules.

Expected values: the gate equations written out in ``tests/matlab_compat/recurrent_reference.py``;
ONNX Runtime's LSTM and GRU operators; GNU Octave; and for LSTM and BiLSTM, files that MATLAB saved
together with what the network in them gave. Names, defaults and sizes are those of the
documentation pages, saved fields those of real files.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat.errors import DataFormatError, PropertyError, UsageError
from tests.cli.child import run_code
from tests.cli.command import forked
from tests.patience import PATIENCE

from ...real import REAL
from ..recurrent_reference import gru, lstm

Array = NDArray[Any]

C, H, N, T = 3, 4, 2, 6
MODES = ("after-multiplication", "before-multiplication", "recurrent-bias-after-multiplication")
ACTIVATIONS = [
    (state, gate) for state in ("tanh", "softsign", "relu") for gate in ("sigmoid", "hard-sigmoid")
]


def random(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *size]).standard_normal(size)


X = random(C, N, T)


def weights(gates: int, directions: int = 1, bias_gates: int | None = None) -> dict[str, Array]:
    rows = gates * directions * H
    return {
        "InputWeights": random(rows, C),
        "RecurrentWeights": random(rows, H),
        "Bias": random((bias_gates or gates) * directions * H, 1),
    }


def values(of: dict[str, Array]) -> tuple[Array, Array, Array]:
    return of["InputWeights"], of["RecurrentWeights"], of["Bias"]


def states(directions: int = 1, columns: int = 1) -> dict[str, Array]:
    size = (directions * H, columns)
    return {"HiddenState": random(*size, seed=1), "CellState": random(*size, seed=2)}


def assert_close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def run(layer: mc.Layer, x: Any = X, **options: Any) -> Any:
    return layer.predict(x, dtype="double", **options)


# --- LSTM -------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "gate"), ACTIVATIONS)
def test_lstm_is_its_equations(state: str, gate: str) -> None:
    given, start = weights(4), states()
    made = mc.lstmLayer(
        H, StateActivationFunction=state, GateActivationFunction=gate, **given, **start
    )
    h, c = (np.repeat(s, N, 1) for s in start.values())
    assert_close(run(made), lstm(X, *values(given), h, c, state, gate)[0])


def test_trap_rows_are_input_forget_candidate_output() -> None:
    """A cell that forgets all, takes all in and puts all out gives tanh(tanh(candidate))."""
    bias = np.repeat([50.0, -50.0, 0.0, 50.0], H)[:, None]
    W = np.zeros((4 * H, C))
    W[2 * H : 3 * H] = random(H, C)
    made = mc.lstmLayer(H, InputWeights=W, RecurrentWeights=np.zeros((4 * H, H)), Bias=bias)
    expected = np.tanh(np.tanh(np.einsum("hc,cnt->hnt", W[2 * H : 3 * H], X)))
    assert_close(run(made), expected)


def test_trap_hard_sigmoid_is_not_that_of_torch() -> None:
    """With candidate and cell at one, the output gate alone is left: clip(0.2 x + 0.5, 0, 1)."""
    x = np.array([[[-2.4, -1.0, 0.0, 1.0, 2.6]]])
    W = np.array([[0.0], [0.0], [0.0], [1.0]])
    bias = np.array([[3.0], [-3.0], [1.0], [0.0]])
    made = mc.lstmLayer(
        1,
        StateActivationFunction="relu",
        GateActivationFunction="hard-sigmoid",
        InputWeights=W,
        RecurrentWeights=np.zeros((4, 1)),
        Bias=bias,
    )
    assert_close(run(made, x).ravel(), np.array([0.02, 0.3, 0.5, 0.7, 1.0]))


def test_outputmode_last_is_the_last_time_step() -> None:
    given = weights(4)
    sequence = run(mc.lstmLayer(H, **given))
    last = run(mc.lstmLayer(H, OutputMode="last", **given))
    assert_close(last, sequence[:, :, -1])


def test_trap_predict_starts_from_the_saved_state() -> None:
    given, start = weights(4), states()
    first = mc.lstmLayer(H, HasStateOutputs=True, **given, **start)
    _, hidden, cell = run(first, X[:, :1, :3])
    rest = mc.lstmLayer(H, **given, HiddenState=hidden, CellState=cell)
    whole = run(mc.lstmLayer(H, **given, **start), X[:, :1])
    assert_close(run(rest, X[:, :1, 3:]), whole[:, :, 3:])


def test_predict_leaves_the_saved_state() -> None:
    made = mc.lstmLayer(H, **weights(4), **states())
    before = copy.deepcopy(made)
    assert_close(run(made), run(made))
    assert made == before


def test_a_state_for_each_observation() -> None:
    given, start = weights(4), states(columns=N)
    expected = lstm(X, *values(given), start["HiddenState"], start["CellState"])[0]
    assert_close(run(mc.lstmLayer(H, **given, **start)), expected)


def test_a_state_of_other_observations_is_refused() -> None:
    made = mc.lstmLayer(H, **weights(4), **states(columns=5))
    with pytest.raises(DataFormatError, match="5 observations, but the input has 2"):
        run(made)


def test_state_inputs_and_outputs_are_ports() -> None:
    given, start = weights(4), states(columns=N)
    made = mc.lstmLayer(H, HasStateInputs=True, HasStateOutputs=True, **given)
    assert made.InputNames == ["in", "hidden", "cell"]
    assert made.OutputNames == ["out", "hidden", "cell"]
    results = run(made, (X, *start.values()))
    expected = lstm(X, *values(given), start["HiddenState"], start["CellState"])
    for actual, wanted in zip(results, expected, strict=True):
        assert_close(actual, wanted)


def test_state_outputs_with_outputmode_last() -> None:
    made = mc.lstmLayer(H, OutputMode="last", HasStateOutputs=True, **weights(4))
    y, hidden, _ = run(made)
    assert_close(y, hidden)


def test_a_sequence_without_a_batch() -> None:
    made = mc.lstmLayer(H, **weights(4))
    assert_close(run(made, X[:, 0], data_format="CT"), run(made)[:, 0])


@pytest.mark.parametrize("given", ["SCBT", "SSCBT", "CB", "SSCB"])
def test_other_formats_are_refused(given: str) -> None:
    with pytest.raises(DataFormatError, match="takes data labelled 'CBT'") as caught:
        mc.lstmLayer(H).output_formats([given])
    assert ("flattenLayer" in caught.value.remedy) == ("S" in given)


def test_a_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(DataFormatError, match="3 input channels"):
        run(mc.lstmLayer(H, **weights(4)), random(5, N, T))


# --- BiLSTM -----------------------------------------------------------------------------


def bidirectional(
    given: dict[str, Array], start: dict[str, Array], state: str = "tanh"
) -> tuple[Array, Array]:
    """The whole sequence and what 'last' gives, from two LSTMs."""
    (W, Wr), (R, Rr), (b, br) = (np.split(value, 2) for value in values(given))
    (h, hr), (c, cr) = (np.split(np.repeat(s, N, 1), 2) for s in start.values())
    forward, forward_last, _ = lstm(X, W, R, b, h, c, state)
    backward, at_first_step, _ = lstm(X[:, :, ::-1], Wr, Rr, br, hr, cr, state)
    sequence = np.concatenate([forward, backward[:, :, ::-1]])
    return sequence, np.concatenate([forward_last, at_first_step])


@pytest.mark.parametrize("state", ["tanh", "softsign"])
def test_bilstm_is_two_lstms_forward_first(state: str) -> None:
    given, start = weights(4, 2), states(2)
    made = mc.bilstmLayer(H, StateActivationFunction=state, **given, **start)
    assert_close(run(made), bidirectional(given, start, state)[0])


def test_trap_bilstm_last_is_the_first_time_step_of_the_backward_direction() -> None:
    given, start = weights(4, 2), states(2)
    made = mc.bilstmLayer(H, OutputMode="last", **given, **start)
    assert_close(run(made), bidirectional(given, start)[1])


# --- GRU --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("state", "gate"), ACTIVATIONS)
def test_trap_gru_is_its_equations_in_every_resetgatemode(mode: str, state: str, gate: str) -> None:
    given = weights(3, bias_gates=6 if mode.startswith("recurrent") else 3)
    start = random(H, 1, seed=3)
    made = mc.gruLayer(
        H,
        ResetGateMode=mode,
        StateActivationFunction=state,
        GateActivationFunction=gate,
        HiddenState=start,
        **given,
    )
    expected = gru(X, *values(given), np.repeat(start, N, 1), mode, state, gate)[0]
    assert_close(run(made), expected)


def test_gru_ports_are_hidden_alone() -> None:
    given, start = weights(3), random(H, N, seed=3)
    made = mc.gruLayer(H, HasStateInputs=True, HasStateOutputs=True, **given)
    assert made.InputNames == ["in", "hidden"]
    assert made.OutputNames == ["out", "hidden"]
    for actual, wanted in zip(run(made, (X, start)), gru(X, *values(given), start), strict=True):
        assert_close(actual, wanted)


def test_gru_bias_has_six_blocks_with_a_recurrent_bias() -> None:
    with pytest.raises(PropertyError, match="Bias is 12×1"):
        mc.gruLayer(H, ResetGateMode="recurrent-bias-after-multiplication", **weights(3))
    with pytest.raises(PropertyError, match="Bias is 24×1"):
        mc.gruLayer(H, **weights(3, bias_gates=6))


# --- projected --------------------------------------------------------------------------

P, Q = 2, 3


def projected(gates: int) -> tuple[dict[str, Array], tuple[Array, Array]]:
    """Parameters, and the unprojected weights W' * Q' that they stand for."""
    given = {
        "InputWeights": random(gates * H, P),
        "RecurrentWeights": random(gates * H, Q),
        "Bias": random(gates * H, 1),
        "InputProjector": random(C, P),
        "OutputProjector": random(H, Q),
    }
    whole_input = given["InputWeights"] @ given["InputProjector"].T
    return given, (whole_input, given["RecurrentWeights"] @ given["OutputProjector"].T)


def test_trap_projected_lstm_keeps_its_output_size() -> None:
    """It is an LSTM with the weights ``W' * Q'``, not torch's ``proj_size``."""
    given, whole = projected(4)
    made = mc.lstmProjectedLayer(H, Q, P, **given)
    assert made.InputSize == C
    zero = np.zeros((H, N))
    assert_close(run(made), lstm(X, *whole, given["Bias"], zero, zero)[0])


@pytest.mark.parametrize("mode", MODES[:2])
def test_projected_gru_is_a_gru_with_the_weights_multiplied_out(mode: str) -> None:
    given, whole = projected(3)
    made = mc.gruProjectedLayer(H, Q, P, ResetGateMode=mode, **given)
    assert_close(run(made), gru(X, *whole, given["Bias"], np.zeros((H, N)), mode)[0])


def test_projectors_the_other_way_round_are_refused() -> None:
    given, _ = projected(4)
    given["OutputProjector"] = given["OutputProjector"].T
    with pytest.raises(PropertyError, match="OutputProjector is 3×4"):
        mc.lstmProjectedLayer(H, Q, P, **given)


def test_projector_sizes_are_read_off_saved_weights() -> None:
    given, _ = projected(4)
    made = mc.LSTMProjectedLayer.from_fields({"NumHiddenUnits": H, **given})
    assert (made.OutputProjectorSize, made.InputProjectorSize) == (Q, P)


# --- independent implementations --------------------------------------------------------


def onnx_run(operator: str, inputs: dict[str, Array], **attributes: Any) -> list[Array]:
    """One operator in ONNX Runtime, float32; an empty value leaves an input out."""
    given = {name: v.astype(np.float32) for name, v in inputs.items() if v.size}
    outputs = ["Y", "Y_h"]
    node = helper.make_node(
        operator,
        [name if name in given else "" for name in inputs],
        outputs,
        hidden_size=H,
        **attributes,
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in given.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return list(session.run(None, given))


def reordered(value: Array, order: tuple[int, ...], directions: int) -> Array:
    """Blocks of H rows in ONNX's order, with the directions as the first dimension."""
    blocks = value.reshape(directions, len(order), H, -1)[:, list(order)]
    return blocks.reshape(directions, len(order) * H, -1)


@pytest.mark.parametrize("directions", [1, 2])
def test_lstm_is_that_of_onnx_runtime(directions: int) -> None:
    """ONNX has the gates in the order input, output, forget, candidate."""
    given, start = weights(4, directions), states(directions)
    W, R, b = (reordered(v, (0, 3, 1, 2), directions) for v in values(given))
    h, c = (np.repeat(s, N, 1).reshape(directions, H, N).swapaxes(1, 2) for s in start.values())
    inputs = {
        "X": X.transpose(2, 1, 0),
        "W": W,
        "R": R,
        "B": np.concatenate([b[:, :, 0], np.zeros((directions, 4 * H))], 1),
        "lengths": np.zeros(0),
        "h": h,
        "c": c,
    }
    direction = "bidirectional" if directions == 2 else "forward"
    y, last = onnx_run("LSTM", inputs, direction=direction)
    make = mc.bilstmLayer if directions == 2 else mc.lstmLayer
    actual = make(H, **given, **start).predict(X)
    expected = y.transpose(1, 3, 2, 0).reshape(directions * H, N, T)  # T,D,N,H
    np.testing.assert_allclose(actual, expected, atol=2e-6)
    actual = make(H, OutputMode="last", **given, **start).predict(X)
    expected = last.transpose(0, 2, 1).reshape(directions * H, N)
    np.testing.assert_allclose(actual, expected, atol=2e-6)


@pytest.mark.parametrize("mode", MODES)
def test_gru_is_that_of_onnx_runtime(mode: str) -> None:
    """ONNX has the order update, reset, candidate, and ``linear_before_reset`` for the mode."""
    recurrent = mode.startswith("recurrent")
    given = weights(3, bias_gates=6 if recurrent else 3)
    both = given["Bias"] if recurrent else np.concatenate([given["Bias"], np.zeros((3 * H, 1))])
    b, b_R = (reordered(half, (1, 0, 2), 1)[:, :, 0] for half in np.split(both, 2))
    inputs = {
        "X": X.transpose(2, 1, 0),
        "W": reordered(given["InputWeights"], (1, 0, 2), 1),
        "R": reordered(given["RecurrentWeights"], (1, 0, 2), 1),
        "B": np.concatenate([b, b_R], 1),
    }
    y, _ = onnx_run("GRU", inputs, linear_before_reset=int(mode != "before-multiplication"))
    actual = mc.gruLayer(H, ResetGateMode=mode, **given).predict(X)
    np.testing.assert_allclose(actual, y[:, 0].transpose(2, 1, 0), atol=2e-6)


OCTAVE = """
z = W*X + b; h = h0; c = c0; n = numel(h0); s = @(x) 1 ./ (1 + exp(-x));
for t = 1:columns(X)
  g = z(:, t) + R*h;
  c = s(g(n+1:2*n)).*c + s(g(1:n)).*tanh(g(2*n+1:3*n));
  h = s(g(3*n+1:4*n)).*tanh(c);
  printf("%.17g ", h);
end
"""


@pytest.mark.octave
def test_lstm_is_that_of_octave() -> None:
    given, start = weights(4), states()
    named = {
        **dict(zip(("W", "R", "b"), values(given), strict=True)),
        "h0": start["HiddenState"],
        "c0": start["CellState"],
        "X": X[:, 0],
    }
    program = "".join(
        f"{k} = reshape([{' '.join(map(repr, v.ravel(order='F').tolist()))}], {list(v.shape)});\n"
        for k, v in named.items()
    )
    octave = shutil.which("octave")
    assert octave is not None
    done = subprocess.run(
        [octave, "--no-gui", "--norc", "--quiet", "--eval", program + OCTAVE],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    expected = np.array(done.stdout.split(), float).reshape(H, T, order="F")
    actual = run(mc.lstmLayer(H, **given, **start), X[:, 0], data_format="CT")
    assert_close(actual, expected)


# --- properties -------------------------------------------------------------------------


def test_defaults_are_those_of_the_page() -> None:
    made = mc.lstmLayer(100)
    assert made.InputSize == "auto"
    assert made.OutputMode == "sequence"
    assert not made.HasStateInputs
    assert not made.HasStateOutputs
    assert made.StateActivationFunction == "tanh"
    assert made.GateActivationFunction == "sigmoid"
    assert made.InputWeightsInitializer == "glorot"
    assert made.RecurrentWeightsInitializer == "orthogonal"
    assert made.BiasInitializer == "unit-forget-gate"
    assert mc.gruLayer(1).BiasInitializer == "zeros"
    assert mc.gruLayer(1).ResetGateMode == "after-multiplication"
    assert (made.InputWeightsL2Factor, made.BiasL2Factor) == (1, 0)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (mc.lstmLayer(100), "LSTM with 100 hidden units"),
        (mc.bilstmLayer(7), "BiLSTM with 7 hidden units"),
        (mc.gruLayer(7), "GRU with 7 hidden units"),
    ],
)
def test_row_of_a_layer_array(made: mc.Layer, text: str) -> None:
    assert made.description() == text


def test_constructor_takes_pairs_as_older_code_gives_them() -> None:
    assert mc.lstmLayer(5, "OutputMode", "last") == mc.lstmLayer(5, outputmode="LAST")


def test_repr_gives_the_layer_back() -> None:
    made = mc.gruLayer(2, OutputMode="last", Name="g", InputWeightsLearnRateFactor=[1, 2, 3])
    names = {name: getattr(mc, name) for name in mc.__all__}
    assert eval(repr(made), names) == made


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("InputWeights", random(4 * H, C + 1), "InputWeights is 16×4"),
        ("RecurrentWeights", random(H, 4 * H), "RecurrentWeights is 4×16"),
        ("Bias", random(2 * H, 1), "Bias is 8×1"),
        ("HiddenState", random(2 * H, 1), "HiddenState is 8×1"),
        ("OutputMode", "first", "OutputMode must be one of"),
        ("InputWeightsLearnRateFactor", [1, 2], "vector of 4"),
        ("InputWeightsLearnRateFactor", -1, "nonnegative"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(PropertyError, match=said):
        mc.lstmLayer(H, InputSize=C, **{name: value})


def test_a_factor_for_each_gate() -> None:
    assert mc.lstmLayer(H, BiasLearnRateFactor=[1, 2, 3, 4]).BiasLearnRateFactor == (1, 2, 3, 4)
    assert mc.bilstmLayer(H, BiasL2Factor=[2] * 8).BiasL2Factor == 2


def test_an_untrained_layer_says_so() -> None:
    with pytest.raises(PropertyError, match="InputWeights is empty"):
        run(mc.lstmLayer(H))


# --- initialization ---------------------------------------------------------------------


def test_unit_forget_gate_is_one_for_the_forget_gate() -> None:
    bias = mc.lstmLayer(H).initialize(C, 0).Bias
    assert bias.ravel().tolist() == [0] * H + [1] * H + [0] * 2 * H


def test_unit_forget_gate_of_both_directions() -> None:
    bias = mc.bilstmLayer(H).initialize(C, 0).Bias
    assert bias.ravel().tolist() == ([0] * H + [1] * H + [0] * 2 * H) * 2


def test_orthogonal_has_orthonormal_columns() -> None:
    R = mc.gruLayer(H).initialize(C, 0).RecurrentWeights
    np.testing.assert_allclose(R.T @ R, np.eye(H), atol=1e-6)


def test_glorot_bound_is_of_input_size_and_all_rows() -> None:
    W = mc.lstmLayer(50).initialize(30, 0).InputWeights
    limit = np.sqrt(6 / (30 + 200))
    assert 0.99 * limit < np.abs(W).max() <= limit


def test_initialized_state_is_zero() -> None:
    made = mc.bilstmLayer(H).initialize(C, 0)
    assert made.InputSize == C
    np.testing.assert_array_equal(made.HiddenState, np.zeros((2 * H, 1)))
    np.testing.assert_array_equal(made.CellState, np.zeros((2 * H, 1)))


# --- torch ------------------------------------------------------------------------------

LAYERS = {
    "lstm": mc.lstmLayer(H, **weights(4), **states()),
    "lstm, softsign": mc.lstmLayer(H, StateActivationFunction="softsign", **weights(4)),
    "bilstm": mc.bilstmLayer(H, OutputMode="last", **weights(4, 2), **states(2)),
    "gru": mc.gruLayer(H, **weights(3)),
    "gru, before": mc.gruLayer(H, ResetGateMode=MODES[1], **weights(3)),
    "gru, recurrent bias": mc.gruLayer(H, ResetGateMode=MODES[2], **weights(3, bias_gates=6)),
    "projected lstm": mc.lstmProjectedLayer(H, Q, P, **projected(4)[0]),
}


def test_standard_layers_are_modules_of_torch() -> None:
    assert isinstance(LAYERS["lstm"].to_torch(), torch.nn.LSTM)
    assert isinstance(LAYERS["bilstm"].to_torch(), torch.nn.LSTM)
    assert isinstance(LAYERS["gru"].to_torch(), torch.nn.GRU)


def test_state_dict_has_the_names_of_torch_and_the_state() -> None:
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    assert list(LAYERS["gru"].to_torch().state_dict()) == [*names, "hidden_state"]
    assert list(LAYERS["gru, before"].to_torch().state_dict()) == [*names, "hidden_state"]
    both = [*names, *(f"{name}_reverse" for name in names), "hidden_state", "cell_state"]
    assert list(LAYERS["bilstm"].to_torch().state_dict()) == both


def test_trap_the_second_bias_is_zero_and_frozen() -> None:
    bias = LAYERS["lstm"].to_torch().get_parameter("bias_hh_l0")
    assert not bias.any()
    assert not bias.requires_grad
    assert LAYERS["gru, recurrent bias"].to_torch().get_parameter("bias_hh_l0").requires_grad


@pytest.mark.parametrize("name", LAYERS)
def test_what_torch_trained_comes_back(name: str) -> None:
    made = copy.deepcopy(LAYERS[name])
    module = made.to_torch(dtype="double")
    x = torch.from_numpy(X.transpose(1, 0, 2).copy())
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    module(x).square().sum().backward()
    optimizer.step()
    made.assign_from_torch(module)
    assert made != LAYERS[name]
    expected = module.eval()(x).detach().numpy()
    actual = run(made)
    assert_close(np.swapaxes(actual, 0, 1), expected)


def test_a_second_bias_that_matlab_has_no_place_for_is_refused() -> None:
    module = LAYERS["lstm"].to_torch()
    module.get_parameter("bias_hh_l0").data.fill_(1)
    with pytest.raises(PropertyError, match="no place for 'bias_hh_l0'"):
        copy.deepcopy(LAYERS["lstm"]).assign_from_torch(module)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="torch before 2.9")
@pytest.mark.parametrize("before", ["", "torch.backends.cudnn.rnn.fp32_precision = 'tf32'\n"])
def test_trap_torch_would_round_recurrences_to_tf32_on_a_gpu(before: str) -> None:
    """In a process of its own, for torch tells whether its new switches were ever used."""
    program = (
        "import torch\n"
        "from matlab_compat.engine.precision import full_precision\n"
        f"{before}"
        "assert torch.backends.cudnn.rnn.fp32_precision == 'tf32'\n"
        "with full_precision():\n"
        "    assert torch.backends.cudnn.rnn.fp32_precision != 'tf32'\n"
        "assert torch.backends.cudnn.rnn.fp32_precision == 'tf32'\n"
    )
    done = forked(run_code, program, [])
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore:The tensor attributes self._flat_weights")  # torch's own LSTM
def test_export_with_a_dynamic_batch(name: str) -> None:
    module = LAYERS[name].to_torch().eval()
    x = torch.from_numpy(X[..., :2].transpose(1, 0, 2).copy()).float()  # each step is traced
    exported = torch.export.export(
        module, (x,), dynamic_shapes={"x": {0: torch.export.Dim("batch")}}
    )
    more = torch.cat([x, x + 1, x - 1])
    torch.testing.assert_close(exported.module()(more), module(more))


def test_factors_reach_both_directions() -> None:
    made = mc.bilstmLayer(H, BiasLearnRateFactor=3, **weights(4, 2))
    groups = mc.parameter_groups(made.to_torch(), 0.1)
    (tripled,) = (g["params"] for g in groups if g["lr"] == pytest.approx(0.3))
    assert len(tripled) == 2


def test_factors_that_differ_between_gates_cannot_be_groups() -> None:
    made = mc.lstmLayer(H, BiasLearnRateFactor=[1, 2, 3, 4], **weights(4))
    assert run(made).shape == (H, N, T)
    with pytest.raises(UsageError, match="'bias_ih_l0' differ between the gates"):
        mc.parameter_groups(made.to_torch(), 0.1)


# --- saved fields -----------------------------------------------------------------------


def learnable(value: Array, initializer: str, factor: float = 1.0) -> dict[str, Any]:
    package = "nnet.internal.cnn.layer.learnable.initializer."
    return {
        "Version": np.array([[2.0]]),
        "Value": value,
        "LearnRateFactor": np.array([[factor]]),
        "L2Factor": np.array([[1.0]]),
        "Initializer": {"Class": package + initializer, "ConstructorArguments": np.zeros((0, 0))},
    }


def saved_lstm(version: float, **more: Any) -> dict[str, Any]:
    given = weights(4)
    empty = {"Value": np.zeros((H, 1)), "Remember": np.array([[True]])}
    fields = {
        "Version": np.array([[version]]),
        "Name": "lstm",
        "InputSize": np.array([[float(C)]]),
        "NumHiddenUnits": np.array([[float(H)]]),
        "ReturnSequence": np.array([[False]]),
        "StateActivationFunction": "tanh",
        "GateActivationFunction": "sigmoid",
        "InputWeights": learnable(given["InputWeights"], "Glorot", 2),
        "RecurrentWeights": learnable(given["RecurrentWeights"], "Orthogonal"),
        "Bias": learnable(given["Bias"], "UnitForgetGate"),
        "CellState": empty,
        "HiddenState": empty,
        "InitialCellState": np.zeros((H, 1)),
        "InitialHiddenState": np.zeros((H, 1)),
    }
    return {**fields, **more}


@pytest.mark.parametrize(
    "fields",
    [
        saved_lstm(4.0),
        saved_lstm(5.0, HasStateInputs=np.array([[False]]), HasStateOutputs=np.array([[False]])),
    ],
)
def test_saved_fields_of_both_versions(fields: dict[str, Any]) -> None:
    made = mc.LSTMLayer.from_fields(fields)
    assert made.OutputMode == "last"
    assert made.RecurrentWeightsInitializer == "orthogonal"
    assert made.BiasInitializer == "unit-forget-gate"
    assert made.InputWeightsLearnRateFactor == 2
    assert_close(run(made), run(mc.lstmLayer(H, OutputMode="last", **weights(4))))


def test_an_empty_saved_state_is_the_initial_one() -> None:
    nothing = {"Value": np.zeros((0, 0)), "Remember": np.zeros((0, 0))}
    initial = states()
    fields = saved_lstm(
        4.0,
        HiddenState=nothing,
        CellState=nothing,
        InitialHiddenState=initial["HiddenState"],
        InitialCellState=initial["CellState"],
    )
    made = mc.LSTMLayer.from_fields(fields)
    assert_close(made.HiddenState, initial["HiddenState"])
    assert_close(made.CellState, initial["CellState"])


# --- real files -------------------------------------------------------------------------


def real_network(file: str, variable: str) -> tuple[SavedNetwork, Any]:
    mat = open_mat(REAL / file)
    (found,) = find_models(mat, variable)
    assert isinstance(found.model, SavedNetwork)
    return found.model, mat


def dense(saved: SavedLayer, x: Array) -> Array:
    return saved.fields["Weights"]["Value"] @ x + saved.fields["Bias"]["Value"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("data", "expected"), [("XTrain", "Ytrain"), ("inputdataStandardized", "YPred")]
)
def test_lstm_that_matlab_ran(data: str, expected: str) -> None:
    net, mat = real_network("yaotianhua0924__FENN/LSTM.mat", "net")
    hidden = net.layers[1].build().predict(mat[data], "CT")
    actual = dense(net.layers[2], hidden) * mat["sig"] + mat["mu"]
    assert np.abs(actual - mat[expected]).max() < 2e-6


@pytest.mark.real
@pytest.mark.parametrize(
    ("model", "features", "results"),
    [
        ("TrainedModel", "ValidationFeatures", "ValidationResults"),
        (
            "TrainedModel.blob1accca12",
            "ValidationFeatures.blob3668509b",
            "ValidationResults.blob91fb0ddf",
        ),
    ],
)
def test_classes_that_matlab_found(model: str, features: str, results: str) -> None:
    """LSTM, then BiLSTM: 176 of 176. Dropout does nothing, softmax keeps the order."""
    folder = "matlab-deep-learning__Fault-Detection-Using-Deep-Learning-Classification/SavedData__"
    net, _ = real_network(f"{folder}{model}.mat", "airCompNet")
    layers = {s.name: s for s in net.layers}
    recurrent = [s.build() for s in net.layers if "LSTM" in s.class_name]
    (fc,) = (s for s in layers.values() if "FullyConnected" in s.class_name)
    sequences = open_mat(REAL / f"{folder}{features}.mat")["validationFeatures"].ravel(order="F")
    expected = open_mat(REAL / f"{folder}{results}.mat")["validationResults"]
    right = 0
    for x, code in zip(sequences, expected.codes.ravel(order="F"), strict=True):
        x = recurrent[0].predict(x, "CT")
        x = recurrent[1].predict(x, "CT")
        right += int(np.argmax(dense(fc, x.reshape(-1, 1)))) + 1 == code
    assert (right, len(sequences)) == (176, 176)


def saved_recurrent_layers() -> list[SavedLayer]:
    found = [
        layer
        for path in REAL.glob("*/*.mat")
        if any(word in path.parent.name for word in ("Anomaly", "PINN", "Torque", "MHE"))
        for model in find_models(open_mat(path))
        if isinstance(model.model, SavedNetwork)
        for layer in model.model.layers
    ]
    return [layer for layer in found if layer.short_class in ("LSTMLayer", "BiLSTMLayer")]


@pytest.mark.real
def test_every_real_recurrent_layer_runs_or_is_untrained() -> None:
    layers = [saved.build() for saved in saved_recurrent_layers()]
    assert len(layers) == 10
    for made in layers:
        assert isinstance(made, mc.LSTMLayer)
        if made.InputWeights.size == 0:
            with pytest.raises(PropertyError, match="not been trained"):
                made.to_torch()
            continue
        x = random(made.InputSize, 2, 3).astype(np.float32)
        width = made.directions * made.NumHiddenUnits
        assert made.predict(x).shape[:2] == (width, 2)
