"""preparets, closeloop, openloop, removedelay.

Expected values: Octave's simulations of one network with its loop open and closed, from the same
series (``fixtures/shallow``); the documentation pages for shifts.
"""

from __future__ import annotations

import numpy as np
import pytest

from matlab_compat.errors import DataFormatError, UsageError
from matlab_compat.shallow import closeloop, openloop, preparets, removedelay

from .made import contents, matrix, network


@pytest.mark.parametrize("name", ["open_loop", "closed_loop"])
def test_preparets_takes_states_from_the_first_steps(name: str) -> None:
    made, net = contents(name), network(name)
    Xs, Xi, Ai, Ts = preparets(net, made["x"], None, made["T"])
    assert np.array_equal(matrix(Ts), matrix(made["T"][:, 3:]))
    assert all(np.array_equal(a, b) for a, b in zip(Xs.flat, made["X"].flat, strict=True))
    Y = matrix(net(Xs, Xi, Ai))
    assert np.abs(Y - matrix(made["Y"])).max() < 1e-14


def test_a_closed_loop_is_the_open_one_with_its_output_in_place_of_the_input() -> None:
    made = contents("closed_loop")
    closed = closeloop(network("open_loop"))
    lines, expected = closed.view().splitlines(), network("closed_loop").view().splitlines()
    assert lines[1:] == expected[1:]
    Y = matrix(closed(made["X"], made["Xi"], made["Ai"]))
    assert np.abs(Y - matrix(made["Y"])).max() < 1e-14


def test_openloop_undoes_closeloop() -> None:
    net = network("open_loop")
    again = openloop(closeloop(net))
    assert again.view() == net.view()
    assert np.array_equal(again.IW[0, 1], net.IW[0, 1])


def test_what_is_open_or_closed_already_is_refused() -> None:
    with pytest.raises(UsageError, match="no open feedback"):
        closeloop(network("closed_loop"))
    with pytest.raises(UsageError, match="no closed feedback"):
        openloop(network("open_loop"))


def test_removedelay_gives_the_same_one_step_earlier() -> None:
    made, net = contents("open_loop"), network("open_loop")
    ahead = removedelay(net)
    assert ahead.inputWeights[0, 0].delays == (0, 2)
    Xs, Xi, Ai, Ts = preparets(ahead, made["x"], None, made["T"])
    assert Xs.shape[1] == 11 - 2
    Y = matrix(ahead(Xs, Xi, Ai))
    assert np.abs(Y[:, :-1] - matrix(made["Y"])).max() < 1e-14
    assert np.isnan(matrix(Ts)[0, -1])
    assert np.array_equal(matrix(Ts)[0, :-1], matrix(made["T"])[0, 3:])


def test_a_delay_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(UsageError, match="shortest delay of an input is 1"):
        removedelay(network("open_loop"), 2)


def test_a_series_shorter_than_the_delays_is_refused() -> None:
    made = contents("open_loop")
    with pytest.raises(DataFormatError, match="has 3 steps; more than 3 are needed"):
        preparets(network("open_loop"), made["x"][:, :3], None, made["T"][:, :3])


def test_a_series_that_is_missing_is_named() -> None:
    made = contents("open_loop")
    with pytest.raises(DataFormatError, match="no series for input 2"):
        preparets(network("open_loop"), made["x"])
