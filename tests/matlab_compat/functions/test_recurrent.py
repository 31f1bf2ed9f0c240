"""``lstm`` and ``gru``.

Expected values: the gate equations step by step (``recurrent_reference.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from .. import recurrent_reference as reference
from ..filter_reference import normal

H, C, N, T = 3, 2, 4, 5


def random(*size: int, seed: int = 0) -> Any:
    return normal(*size, seed=seed, dtype=np.float64)


X, H0, C0 = random(C, N, T), random(H, N, seed=1), random(H, N, seed=2)
W, R, B = random(4 * H, C, seed=3), random(4 * H, H, seed=4), random(4 * H, 1, seed=5)


@pytest.mark.parametrize(
    ("state", "gate"), [("tanh", "sigmoid"), ("softsign", "sigmoid"), ("tanh", "hard-sigmoid")]
)
def test_lstm_is_its_equations(state: str, gate: str) -> None:
    options = {"StateActivationFunction": state, "GateActivationFunction": gate}
    found = mc.lstm(X, H0, C0, W, R, B, DataFormat="CBT", nargout=3, **options)
    expected = reference.lstm(X, W, R, B, H0, C0, state, gate)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        ("after-multiplication", 3),
        ("before-multiplication", 3),
        ("recurrent-bias-after-multiplication", 6),
    ],
)
def test_gru_is_its_equations(mode: str, rows: int) -> None:
    w, r, b = W[: 3 * H], R[: 3 * H], random(rows * H, 1, seed=7)
    found = mc.gru(X, H0, w, r, b, DataFormat="CBT", ResetGateMode=mode, nargout=2)
    for one, other in zip(found, reference.gru(X, w, r, b, H0, mode), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_one_state_is_for_all_observations() -> None:
    Y = mc.lstm(X, H0[:, :1], C0[:, :1], W, R, B, DataFormat="CBT")
    expected = reference.lstm(X, W, R, B, np.repeat(H0[:, :1], N, 1), np.repeat(C0[:, :1], N, 1))
    np.testing.assert_allclose(Y, expected[0], rtol=1e-11, atol=1e-13)


def test_labels_of_the_example_on_MATLABs_page() -> None:
    weights = (mc.dlarray(W, "CU"), mc.dlarray(R, "CU"), mc.dlarray(B, "CU"))
    Y, hidden, cell = mc.lstm(mc.dlarray(X, "CBT"), H0, C0, *weights, nargout=3)
    assert Y.dims() == "CBT"
    assert hidden.shape == cell.shape == (H, N)
    assert isinstance(hidden, np.ndarray)


def test_labelled_states_stay_labelled() -> None:
    states = mc.dlarray(H0.T, "BC"), mc.dlarray(C0, "CB")
    Y, hidden, _ = mc.lstm(mc.dlarray(X, "CBT"), *states, W, R, B, nargout=3)
    assert hidden.dims() == "CB"
    np.testing.assert_array_equal(hidden.extractdata(), Y.extractdata()[..., -1])


def test_order_of_an_array_is_kept() -> None:
    Y = mc.lstm(X.transpose(2, 1, 0), H0, C0, W, R, B, DataFormat="TBC")
    expected = mc.lstm(X, H0, C0, W, R, B, DataFormat="CBT")
    np.testing.assert_array_equal(Y.transpose(2, 1, 0), expected)


def test_data_without_time_is_one_step() -> None:
    Y = mc.lstm(X[..., 0], H0, C0, W, R, B, DataFormat="CB")
    expected = mc.lstm(X[..., :1], H0, C0, W, R, B, DataFormat="CBT")[..., 0]
    np.testing.assert_array_equal(Y, expected)


def test_space_joins_the_channels_column_major() -> None:
    images = random(2, 3, 4, N, T)  # h×w×c×N×T
    w = random(4 * H, 24, seed=9)
    Y = mc.lstm(mc.dlarray(images, "SSCBT"), H0, C0, w, R, B)
    assert Y.dims() == "CBT"
    flat = images.reshape(24, N, T, order="F")
    np.testing.assert_allclose(
        Y.extractdata(), reference.lstm(flat, w, R, B, H0, C0)[0], rtol=1e-11, atol=1e-13
    )


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataFormatError, match="weights must be 12×channels"):
        mc.lstm(X, H0, C0, W[:9], R, B, DataFormat="CBT")
    with pytest.raises(DataFormatError, match="weights have 2 channels, but the data 3"):
        mc.lstm(random(3, N, T), H0, C0, W, R, B, DataFormat="CBT")
    with pytest.raises(DataFormatError, match="initial state is 3×2, not 3×4"):
        mc.lstm(X, H0[:, :2], C0, W, R, B, DataFormat="CBT")
    with pytest.raises(DataFormatError, match="without a meaning for sequences"):
        mc.lstm(X, H0, C0, W, R, B, DataFormat="CBU")
    with pytest.raises(PropertyError, match="ResetGateMode must be one of"):
        mc.gru(X, H0, W[:9], R[:9], B[:9], DataFormat="CBT", ResetGateMode="none")


def test_weights_of_one_number_are_counted_as_a_matrix() -> None:
    """MATLAB's scalars are 1x1."""
    X = mc.dlarray(np.ones((1, 1, 2)), "CBT")
    said = "For 1 hidden unit weights must be 4×channels, recurrentWeights 4×1 and bias 4×1"
    with pytest.raises(DataFormatError, match=f"{said}, not 1×1, 1×1 and 1×1"):
        mc.lstm(X, 0, 0, 1, 1, 1)
