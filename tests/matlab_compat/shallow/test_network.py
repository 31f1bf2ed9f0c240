"""Shallow networks run on matrices and cells, and say what they are.

Expected values: Octave, which computed each network of ``fixtures/shallow`` by the definitions of
its functions; numpy for two networks written out here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, MatlabCompatWarning, UsageError
from matlab_compat.shallow import ShallowNetwork, con2seq, ind2vec, vec2ind

from .made import NAMES, contents, fibonacci, fields, matrix, network


@pytest.mark.parametrize("name", NAMES)
def test_a_network_gives_what_octave_computed(name: str) -> None:
    made = contents(name)
    net = ShallowNetwork.from_fields(made["net"])
    assert net.problems() == []
    Y = matrix(net(made["X"], made.get("Xi"), made.get("Ai")))
    expected = matrix(made["Y"])
    assert Y.shape == expected.shape
    assert np.abs(Y - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("name", NAMES)
def test_its_fields_come_back(name: str) -> None:
    net = network(name)
    again = ShallowNetwork.from_fields(net.to_fields())
    assert again.view() == net.view()
    assert vars(again).keys() == vars(net).keys()
    for one, other in zip(
        [*net.IW.flat, *net.LW.flat], [*again.IW.flat, *again.LW.flat], strict=True
    ):
        assert (one is None) == (other is None)
        assert one is None or np.array_equal(one, other)


def by_hand(X: Any) -> Any:
    """The network of ``fields``."""
    return np.array([[1.0, -1]]) @ np.tanh([[1, 2], [3, 4]] @ X + [[0.5], [-0.5]]) + 0.25


@settings(max_examples=30, deadline=None)
@given(samples=st.integers(1, 5), steps=st.integers(1, 4), seed=st.integers(0, 99))
def test_results_have_the_form_of_the_data(samples: int, steps: int, seed: int) -> None:
    net = ShallowNetwork.from_fields(fields())
    X = np.random.default_rng(seed).normal(size=(steps, 2, samples))
    assert np.allclose(net(X[0]), by_hand(X[0]), rtol=1e-14)
    cell = np.empty((1, steps), object)
    cell[0] = list(X)
    Y = net(cell)
    assert Y.shape == (1, steps)
    assert all(np.allclose(y, by_hand(x)) for y, x in zip(Y[0], X, strict=True))
    assert all(np.array_equal(y, z) for y, z in zip(net(list(X)), Y[0], strict=True))
    labelled = net(mc.dlarray(X, "TCB"))
    assert labelled.dims() == "CBT"
    assert np.array_equal(net.predict(X, data_format="TCB"), np.stack([*Y[0]]))


def test_a_vector_is_one_sample() -> None:
    net = ShallowNetwork.from_fields(fields())
    assert net([1.0, 2.0]).shape == (1, 1)


@pytest.mark.parametrize(
    "given", [np.zeros((4, 7)), np.zeros((3, 4, 5)), 1j * np.ones((2, 1)), "x"]
)
def test_data_that_do_not_fit_are_refused(given: Any) -> None:
    with pytest.raises(DataFormatError):
        ShallowNetwork.from_fields(fields())(given)


def test_the_size_of_a_sample_is_said_and_that_it_may_lie_in_a_row() -> None:
    with pytest.raises(DataFormatError) as caught:
        ShallowNetwork.from_fields(fields())(np.zeros((5, 2)))
    assert caught.value.what == (
        "expects 2 values a sample (before preprocessing), got 5; the data look transposed"
    )
    assert "X.T" in caught.value.remedy


def test_a_matrix_for_a_network_with_delays_is_warned_of() -> None:
    net = network("linear")
    with pytest.warns(MatlabCompatWarning, match="a matrix is taken as Q samples at one time step"):
        Y = net(np.ones((2, 4)))
    assert Y.shape == (1, 4)


def test_a_series_may_be_a_labelled_array() -> None:
    made = contents("recurrent")
    X = np.concatenate([*made["X"][0]], 1)
    Y = network("recurrent").predict(X, data_format="CT")
    assert np.abs(Y - matrix(made["Y"])).max() < 1e-14


def test_states_continue_a_series_where_it_ended() -> None:
    made, net = contents("closed_loop"), network("closed_loop")
    whole, Xf, Af = net.sim(made["X"], made["Xi"], made["Ai"])
    first, Xi, Ai = net.sim(made["X"][:, :5], made["Xi"], made["Ai"])
    second, Xg, Ag = net.sim(made["X"][:, 5:], Xi, Ai)
    assert np.array_equal(matrix(whole), np.concatenate([matrix(first), matrix(second)], 1))
    assert np.array_equal(matrix(Xf), matrix(Xg))
    assert np.array_equal(matrix(Af), matrix(Ag))


def test_nothing_before_the_first_step_counts_as_zeros() -> None:
    made, net = contents("linear"), network("linear")
    zeros = np.empty((1, 2), object)
    zeros[0] = [np.zeros((2, 3))] * 2
    assert np.array_equal(matrix(net(made["X"])), matrix(net(made["X"], zeros)))


def test_a_network_without_inputs_asks_for_the_number_of_steps() -> None:
    net = ShallowNetwork.from_fields(fibonacci())
    with pytest.raises(DataFormatError) as caught:
        net()
    assert caught.value.what == "this network has no input; give the number of steps"
    for steps in (-3, 2.5, "2"):
        with pytest.raises(DataFormatError, match="The number of steps is a whole number"):
            net.predict(steps=steps)  # type: ignore[arg-type]
    before = np.empty((1, 2), object)
    before[0] = [np.ones((1, 1)), np.ones((1, 1))]
    assert matrix(net(None, None, before, steps=5)).tolist() == [[2, 3, 5, 8, 13]]


def test_states_of_the_wrong_size_are_refused() -> None:
    made, net = contents("linear"), network("linear")
    with pytest.raises(DataFormatError, match="3 columns for 2 delays"):
        net(made["X"], made["X"][:, :3])


def test_classes_are_rows_from_1() -> None:
    made = contents("pattern")
    expected = made["Y"].argmax(0) + 1
    assert network("pattern").classify(made["X"]).tolist() == [expected.tolist()]


def test_one_output_is_no_choice_among_classes() -> None:
    with pytest.raises(UsageError, match="one output of one row"):
        ShallowNetwork.from_fields(fields()).classify(np.zeros((2, 3)))


def test_vec2ind_and_ind2vec_undo_each_other() -> None:
    indices = np.array([[2, 1, 3, 2]])
    assert vec2ind(ind2vec(indices)).tolist() == indices.tolist()
    assert ind2vec(1, 3).tolist() == [[1], [0], [0]]
    with pytest.raises(DataFormatError):
        ind2vec([0, 1])


def test_con2seq_makes_steps_of_columns() -> None:
    steps = con2seq([[1, 2, 3], [4, 5, 6]])
    assert steps.shape == (1, 3)
    assert steps[0, 1].tolist() == [[2], [5]]


def test_a_network_is_shown_as_what_each_layer_makes_of_what() -> None:
    assert network("open_loop").view().splitlines() == [
        "Custom Neural Network",
        "  x1 (2)",
        "  x2 (1, feedback of a2)  by mapminmax",
        "  a1 (3) = tansig(IW{1,1}*x1(t-1, t-3) + IW{1,2}*x2(t-1, t-2) + b{1})",
        "  a2 (1) = purelin(LW{2,1}*a1)",
        "  y1 (1, open loop) = a2  by mapminmax",
    ]
    assert repr(network("open_loop")) == "ShallowNetwork('Custom Neural Network', 2+1-3-1)"


def test_what_rests_on_documentation_alone_is_said() -> None:
    (remark,) = network("version_6").remarks()
    assert remark.startswith("mapstd: ")
    assert network("feedforward").remarks() == []


def test_counts_have_the_names_that_matlab_gives_them() -> None:
    net = network("open_loop")
    assert (net.numInputs, net.numLayers, net.numOutputs) == (2, 2, 1)
    assert (net.numInputDelays, net.numLayerDelays, net.numFeedbackDelays) == (3, 0, 0)
    assert net.numWeightElements == 3 * 4 + 3 * 2 + 3 + 3


def test_no_samples_give_no_columns() -> None:
    net = ShallowNetwork.from_fields(fields())
    assert net(np.zeros((2, 0))).shape == (1, 0)
    assert net.predict(np.zeros((0, 2)), data_format="BC").shape == (0, 1)
