"""What diagnoses say: the order of gates, the dimension, and a remedy for what was done.

Expected values: torch's own functions (ceil_mode, log_softmax, conv_transpose2d without a crop) and
an LSTM written out here; the dimensions are those that the data format names.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from matlab_compat.arrays import Array
from matlab_compat.layers import LSTMLayer, MaxPooling2DLayer, TransposedConvolution2DLayer
from matlab_compat.parity.diagnose import Measure, diagnose_output
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.network import verify_network

from ..alone import verify_layer

RANDOM = np.random.default_rng(7)
MEASURE = Measure(2.0**-23, 4.0, 16)


def first(actual: Array, expected: Array, labels: str = "") -> Diagnosis:
    found = diagnose_output(np.float32(actual), np.float32(expected), MEASURE, "Y", labels)
    assert found
    return found[0]


# --- gates ------------------------------------------------------------------------------


def lstm(x: Array, W: Array, R: Array, b: Array, order: str) -> Array:
    """C×T in, H×T out, with the rows of the weights being the gates in that order."""
    hidden = R.shape[1]
    h, c, out = np.zeros(hidden), np.zeros(hidden), []
    for t in range(x.shape[1]):
        z = W @ x[:, t] + R @ h + b[:, 0]
        gate = dict(zip(order, z.reshape(4, hidden), strict=True))
        i, f, o = (1 / (1 + np.exp(-gate[name])) for name in "ifo")
        c = f * c + i * np.tanh(gate["g"])
        h = o * np.tanh(c)
        out.append(h)
    return np.stack(out, 1)


@pytest.mark.parametrize(("order", "whose"), [("iofg", "ONNX's"), ("igof", ""), ("fgoi", "")])
def test_gates_are_printed_in_the_order_in_which_they_were_read(order: str, whose: str) -> None:
    W, R, b = (RANDOM.normal(size=size) for size in ((12, 2), (12, 3), (12, 1)))
    x = RANDOM.normal(size=(2, 6))
    layer = LSTMLayer(NumHiddenUnits=3, InputWeights=W, RecurrentWeights=R, Bias=b)
    wrong = lstm(x, W, R, b, order)
    report = verify_network(layer, [x], {"Y": wrong}, data_format="CT", dtype="double")
    found = report.diagnoses[0]
    assert found.name == "gates in another order"
    assert f"taken as the gates {' '.join(order)}" in found.text
    assert (f"({whose} order)" in found.text) == bool(whose)


# --- dimensions -------------------------------------------------------------------------

SEQUENCES = RANDOM.normal(size=(6, 8, 5))


@pytest.mark.parametrize(
    ("wrong", "labels", "said"),
    [
        (SEQUENCES[:, ::-1], "CTB", "flipped along time steps"),
        (SEQUENCES[::-1], "CTB", "flipped along features"),
        (SEQUENCES.swapaxes(1, 2), "CTB", "time steps and observations exchanged"),
        (SEQUENCES[:, [3, 0, 1, 2, 4, 6, 5, 7]], "CTB", "time steps in another order"),
        (SEQUENCES[[3, 4, 5, 0, 1, 2]], "CTB", "two halves of its features exchanged"),
        (np.roll(SEQUENCES, 4, 1), "CTB", "two halves of its time steps exchanged"),
        (SEQUENCES.transpose(1, 0, 2), "SCB", "position and channels exchanged"),
    ],
)
def test_a_dimension_has_the_name_that_its_label_says(wrong: Array, labels: str, said: str) -> None:
    found = first(SEQUENCES, wrong, labels)
    assert said in found.name or said in found.text
    assert not {"height", "width"} & set(f"{found.name} {found.text} {found.remedy}".split())


def test_a_late_sequence_is_late_in_time_and_no_matter_of_output_padding() -> None:
    x = RANDOM.normal(size=(4, 31))
    found = first(x[:, :-1], x[:, 1:], "CTB")
    assert "1 time step later" in found.text
    assert "output_padding" not in found.remedy


def test_features_are_not_shifted_like_pixels() -> None:
    x = RANDOM.normal(size=(31, 12))
    assert diagnose_output(x[:-1], x[1:], MEASURE, "Y", "CTB") == ()


def test_sequences_of_a_network_are_named_by_its_format() -> None:
    layer = LSTMLayer(
        NumHiddenUnits=4,
        InputWeights=RANDOM.normal(size=(16, 3)),
        RecurrentWeights=RANDOM.normal(size=(16, 4)),
        Bias=RANDOM.normal(size=(16, 1)),
    )
    x = RANDOM.normal(size=(3, 9))
    Y = layer.predict(x, "CT", dtype="double")
    report = verify_network(layer, [x], {"Y": Y[:, ::-1]}, data_format="CT", dtype="double")
    assert report.diagnoses[0].name == "time steps flipped"


@pytest.mark.parametrize("shape", [(1, 9), (9, 1)])
def test_a_row_for_a_column_is_the_transpose(shape: tuple[int, int]) -> None:
    x = RANDOM.normal(size=shape)
    assert "the transpose of this one" in first(x, x.T, "BC").text


# --- sizes ------------------------------------------------------------------------------


def test_a_forgotten_crop_is_named_with_the_layers_crop() -> None:
    W, x = RANDOM.normal(size=(4, 4, 2, 3)), RANDOM.normal(size=(5, 6, 3, 2))
    layer = TransposedConvolution2DLayer(
        FilterSize=4, NumFilters=2, Stride=2, CroppingSize=1, Weights=W, Bias=np.zeros(2)
    )
    y = functional.conv_transpose2d(
        torch.from_numpy(x.transpose(3, 2, 0, 1).copy()),
        torch.from_numpy(W.transpose(3, 2, 0, 1).copy()),
        stride=2,
    )
    full = y.numpy().transpose(2, 3, 1, 0)
    found = verify_layer(layer, x, full, dtype="double").diagnoses[0]
    assert (found.name, "without its cropping" in found.text) == ("cropping missing", True)
    assert "[t b l r] = [1 1 1 1]" in found.remedy
    # Where the layer is not known, the arrays tell as much.
    found = first(full[1:-1, 2:-1], full, "SSCB")
    assert found.name == "crop missing"
    assert "Y = Y(2:end-1,3:end-1,:,:)" in found.remedy
    assert "output_padding" not in found.remedy


@pytest.mark.parametrize("size", [(6, 7), (7, 7)])
def test_a_pool_that_rounds_up_is_told_of_ceil_mode(size: tuple[int, int]) -> None:
    x = RANDOM.normal(size=(*size, 2, 3))
    layer = MaxPooling2DLayer(PoolSize=2, Stride=2)
    torch_x = torch.from_numpy(x.transpose(3, 2, 0, 1).copy())
    wrong = functional.max_pool2d(torch_x, 2, 2, ceil_mode=True).numpy().transpose(2, 3, 1, 0)
    found = verify_network(layer, [x], {"Y": wrong}, dtype="double").diagnoses[0]
    assert found.name == "output size rounded up"
    assert "ceil_mode=False" in found.remedy
    found = first(layer.predict(x, dtype="double"), wrong, "SSCB")
    assert "output_padding" not in found.remedy
    assert "ceil_mode=False" in found.remedy


# --- values -----------------------------------------------------------------------------


@pytest.mark.parametrize("swapped", [False, True])
def test_log_softmax_is_not_a_missing_softmax(swapped: bool) -> None:
    scores = torch.from_numpy(RANDOM.normal(size=(9, 5)))
    sides = [functional.softmax(scores, 1).numpy(), functional.log_softmax(scores, 1).numpy()]
    found = diagnose_output(*(sides[::-1] if swapped else sides), MEASURE, "Y", "BC")
    assert [d.name for d in found] == ["log softmax"]
    missing = [sides[0], scores.numpy()]
    assert first(*missing, "BC").name == "softmax missing"


@pytest.mark.parametrize("kind", [np.nan, np.inf])
@pytest.mark.parametrize("here", [True, False])
def test_no_number_on_one_side_only_is_said_where_all_else_is_equal(
    kind: float, here: bool
) -> None:
    layer = MaxPooling2DLayer(PoolSize=2, Stride=2)
    x = RANDOM.normal(size=(8, 8, 2, 2))
    Y = layer.predict(x, dtype="double")
    if here:
        x[0, 0, 0, 0] = abs(kind)
    else:
        Y[1, 2, 0, 0] = kind
    report = verify_network(layer, [x], {"Y": Y}, dtype="double")
    assert (report.verdict, report.outputs[0].outside) == ("different", 1)
    found = report.diagnoses[0]
    assert found.name == f"{'NaN' if np.isnan(kind) else 'Inf'} on one side"
    assert ("(1,1,1,1)" if here else "(2,3,1,1)") in found.text
    assert found.text.startswith("this output" if here else "the expected output")


def test_class_numbers_are_told_from_scores() -> None:
    scores = RANDOM.normal(size=(12, 4))
    for counted, numbers in (("", [1]), ("counted from 0", [0])):
        found = first(scores, scores.argmax(1)[:, None] + numbers, "BC")
        assert (found.name, counted in found.text) == ("class numbers", True)
        assert f"categorical(Y, {numbers[0]}:{numbers[0] + 3}, classes)" in found.remedy


@pytest.mark.parametrize("shape", [(12, 1), (1, 12), (1, 1, 1, 12)])
def test_class_numbers_some_of_which_are_wrong_are_told_from_scores(shape: tuple[int, ...]) -> None:
    scores = np.eye(4)[np.arange(12) % 4]
    numbers = scores.argmax(1) + 1
    numbers[[0, 5]] = 4, 3
    found = first(scores, numbers.astype(float).reshape(shape), "BC")
    assert found.name == "class numbers"
    assert "10 of 12 are those of the largest score" in found.text
    assert found.residual == 1 / MEASURE.eps  # the score of the wrong class is 1 less


def test_the_number_of_one_class_is_told_from_its_scores() -> None:
    found = first(np.array([[0.1, 0.7, 0.2]]), np.array([[2.0]]), "BC")
    assert (found.name, "1 of 1" in found.text) == ("class numbers", True)


def test_class_numbers_of_pixels_are_told_from_scores() -> None:
    scores = RANDOM.normal(size=(3, 4, 5, 2))
    found = first(scores, scores.argmax(2)[:, :, np.newaxis] + 1.0, "SSCB")
    assert (found.name, "24 of 24" in found.text) == ("class numbers", True)


@pytest.mark.parametrize(
    "values", [np.arange(5.0), [1, 2, 3.5, 4], [0, 1, 2, 4], [1, 2, -1, 3], [1, 2, 3]]
)
def test_other_numbers_are_not_taken_for_those_of_classes(values: Array) -> None:
    scores = RANDOM.normal(size=(4, 4))
    found = diagnose_output(scores, np.array(values, float)[:, np.newaxis], MEASURE, "Y", "BC")
    assert "class numbers" not in [one.name for one in found]


def test_decimals_are_named_where_only_small_elements_show_them() -> None:
    """By the bound of the largest element, nothing differs."""
    actual = np.linspace(0.001, 100, 400).reshape((20, 20), order="F")
    written = np.round(actual, 4)
    found = diagnose_output(actual, written, Measure(2.0**-23, 100, 16))
    assert [d.name for d in found] == ["rounded to decimals"]
