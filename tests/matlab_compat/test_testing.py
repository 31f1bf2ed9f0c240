"""assert_matches_matlab. Expected values: fixtures that Octave computed, and arithmetic that
numpy does too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch

import converters
import matlab_compat as mc
from converters.formats.mat_struct import network_struct
from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.network import Network
from matlab_compat.testing import assert_matches_matlab

FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = FIXTURES / "same_odd.v7.mat"
WRONG = FIXTURES / "wrong_by_one_pixel.v7.mat"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """X of 5 x 4 x 3 x 2 and Y = 2X + 1, without a model."""
    X = np.random.default_rng(0).normal(size=(5, 4, 3, 2)).astype(np.float32)
    scipy.io.savemat(tmp_path / "b.mat", {"X": X, "Y": 2 * X + 1, "other": 3 * X})
    return tmp_path / "b.mat"


class Line(torch.nn.Module):
    """2x + 1, and only in eval mode."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape == (2, 3, 5, 4)  # N,C,H,W
        return 2 * x + (0 if self.training else 1)


@pytest.mark.parametrize("made", [lambda layer: layer, lambda layer: layer.to_torch()])
def test_a_layer_and_its_module_match_what_octave_computed(made: Any) -> None:
    layer = converters.load(GOOD)
    assert_matches_matlab(made(layer), GOOD)
    with pytest.raises(AssertionError, match=r"wrong_by_one_pixel\.v7\.mat: different"):
        assert_matches_matlab(made(converters.load(WRONG)), WRONG)


def test_an_array_is_in_matlab_s_order_and_a_tensor_in_torch_s(bundle: Path) -> None:
    Y = scipy.io.loadmat(bundle)["Y"]
    assert_matches_matlab(Y, bundle)
    assert_matches_matlab(torch.from_numpy(Y.transpose(3, 2, 0, 1).copy()), bundle)
    with pytest.raises(AssertionError, match="the computed output is 2×3×5×4"):
        assert_matches_matlab(Y.transpose(3, 2, 0, 1), bundle)


def test_a_module_is_run_in_eval_mode_and_left_as_it_was(bundle: Path) -> None:
    module = Line().train()
    assert_matches_matlab(module, bundle)
    assert module.training


def test_a_callable_gets_the_arrays_of_matlab(bundle: Path) -> None:
    assert_matches_matlab(lambda x: 2 * x + 1, bundle)
    with pytest.raises(AssertionError, match="elements are outside"):
        assert_matches_matlab(lambda x: 2 * x + 1.001, bundle)


def test_a_variable_can_be_named(bundle: Path) -> None:
    assert_matches_matlab(lambda x: 3 * x, bundle, expected="other", input="X")


def test_a_tolerance_replaces_the_bound(bundle: Path) -> None:
    off = scipy.io.loadmat(bundle)["Y"] + np.float32(0.01)
    assert_matches_matlab(off, bundle, atol=0.02)
    with pytest.raises(AssertionError):
        assert_matches_matlab(off, bundle, atol=0.005)


@pytest.mark.parametrize("size", [(4, 3), (3, 4)])
def test_features_are_recognized_by_their_size(tmp_path: Path, size: tuple[int, int]) -> None:
    Y = np.arange(12, dtype=np.float32).reshape(size)
    scipy.io.savemat(tmp_path / "b.mat", {"Y": Y})
    assert_matches_matlab(torch.from_numpy(Y), tmp_path / "b.mat")
    assert_matches_matlab(torch.from_numpy(Y.T.copy()), tmp_path / "b.mat")


def test_features_that_fit_in_two_orders_are_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "b.mat", {"Y": np.eye(3) + np.arange(3)})
    with pytest.raises(UsageError, match="in two orders"):
        assert_matches_matlab(torch.eye(3), tmp_path / "b.mat")


def test_a_bundle_without_what_is_needed_says_so(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "b.mat", {"Y": np.zeros((2, 2))})
    with pytest.raises(NothingToCompareError, match="all zero"):
        assert_matches_matlab(np.zeros((2, 2)), tmp_path / "b.mat")


class Flipped(torch.nn.Module):
    """A transposed convolution whose filters somebody flipped."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.right = layer.to_torch()
        with torch.no_grad():
            self.right.weight.copy_(self.right.weight.flip(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.right(x)
        return found


def test_the_error_says_what_was_done_wrong() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_matches_matlab(Flipped(converters.load(GOOD)), GOOD)
    said = str(caught.value)
    assert "looks like: Y: the tested result is what the layer gives with its filters flipp" in said
    assert "leave out the flip (rot90)" in said


def test_the_error_says_what_the_arrays_show_where_there_is_no_model(bundle: Path) -> None:
    with pytest.raises(AssertionError, match="looks like: Y: the expected output is this one flip"):
        assert_matches_matlab(lambda x: np.flip(2 * x + 1, 0), bundle)


def test_the_error_of_something_else_names_no_mistake(bundle: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_matches_matlab(lambda x: np.sin(100 * x), bundle)
    assert "looks like" not in str(caught.value)


def test_a_tensor_of_n_k_1_1_is_n_by_k(tmp_path: Path) -> None:
    """As ``predict`` of a SeriesNetwork or DAGNetwork that ends 1×1×K gives it."""
    Y = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)
    scipy.io.savemat(tmp_path / "b.mat", {"X": np.ones((1, 1)), "Y": Y})
    assert_matches_matlab(torch.from_numpy(Y)[:, :, None, None], tmp_path / "b.mat")
    with pytest.raises(AssertionError):
        assert_matches_matlab(torch.from_numpy(Y + 1)[:, :, None, None], tmp_path / "b.mat")


def sequence_network() -> Network:
    """A bidirectional layer whose last step alone goes on: sequence to label."""
    layers = [
        mc.sequenceInputLayer(5, Name="in"),
        mc.bilstmLayer(6, OutputMode="last", Name="lstm"),
        mc.fullyConnectedLayer(3, Name="fc"),
    ]
    return Network(layers, kind="SeriesNetwork").initialize(seed=0)


def test_a_module_gives_one_row_for_each_sequence(tmp_path: Path) -> None:
    net, random = sequence_network(), np.random.default_rng(0)
    X = [random.normal(size=(5, steps)).astype(np.float32) for steps in (6, 7, 9, 4)]
    cell = np.empty((4, 1), dtype=object)
    cell[:, 0] = X
    bundle = tmp_path / "labels.mat"
    scores = np.vstack([net.predict(x) for x in X])
    converters.write_mat(bundle, {"net": network_struct(net), "X": cell, "Y": scores})
    module = net.to_torch()
    assert_matches_matlab(module, bundle)
    torch.nn.init.zeros_(module.fc.bias.data).add_(0.01)
    with pytest.raises(AssertionError, match=r"labels\.mat: different") as error:
        assert_matches_matlab(module, bundle)
    assert "observations at the end more" not in str(error.value)  # the sizes are the same


def test_a_sequence_that_differs_is_not_taken_for_rows_too_many(tmp_path: Path) -> None:
    net, random = sequence_network(), np.random.default_rng(0)
    X = [random.normal(size=(5, steps)).astype(np.float32) for steps in (6, 7, 9, 4)]
    cell = np.empty((4, 1), dtype=object)
    cell[:, 0] = X
    scores = np.vstack([net.predict(x) for x in X])
    scores[1:] += np.float32(0.01)  # the first row is right
    bundle = tmp_path / "rows.mat"
    converters.write_mat(bundle, {"net": network_struct(net), "X": cell, "Y": scores})
    assert not [one for one in converters.verify(bundle).diagnoses if "crop" in one.text]


def test_the_bundle_s_network_says_what_the_dimensions_of_x_are(tmp_path: Path) -> None:
    net = sequence_network()
    X = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)  # C×T, not N×C
    bundle = tmp_path / "sequence.mat"
    converters.write_mat(bundle, {"net": network_struct(net), "X": X, "Y": net.predict(X)})
    assert_matches_matlab(net.to_torch(), bundle)
