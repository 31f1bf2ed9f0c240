"""Networks that cannot be run say why, all at once; fields that lie end in our errors.

Expected values: the words that users are to read; networks with one thing wrong, made by hand.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matlab_compat.errors import (
    DataFormatError,
    MatlabCompatError,
    PropertyError,
    UnsupportedModelError,
    UsageError,
)
from matlab_compat.shallow import ShallowNetwork, register

from .made import WEIGHT, cell, contents, fields

EMPTY = np.zeros((0, 0))


def problems(**changes: Any) -> list[str]:
    return ShallowNetwork.from_fields(fields(**changes)).problems()


def layers(**changes: Any) -> Any:
    made = fields()["layers"]
    made[1, 0] = made[1, 0] | changes
    return made


def test_a_transfer_function_of_ones_own_is_named_with_its_layer() -> None:
    (problem,) = problems(layers=layers(transferFcn="mytf"))
    assert problem.startswith(
        "Layer 2 uses transfer function 'mytf', which is not one of MATLAB's; register it with "
        "matlab_compat.shallow.register("
    )
    assert problem.endswith("or convert without it")


def test_a_function_that_was_registered_is_used() -> None:
    register("transfer", "twice", lambda n: 2 * n)
    net = ShallowNetwork.from_fields(fields(layers=layers(transferFcn="twice")))
    plain = ShallowNetwork.from_fields(fields())
    X = np.ones((2, 3))
    assert np.array_equal(net(X), 2 * plain(X))


@pytest.mark.parametrize("given", [("transfer", "tansig"), ("colour", "mine")])
def test_what_matlab_has_cannot_be_registered(given: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        register(*given, lambda n: n)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"inputWeights": cell([[{"weightFcn": "convwf", "delays": 0.0}], [EMPTY]])},
            "weight function 'convwf' of IW{1,1} is not supported",
        ),
        (
            {
                "LW": cell([[EMPTY, np.ones((2, 1))], [np.ones((1, 2)), EMPTY]]),
                "layerWeights": cell([[EMPTY, WEIGHT], [WEIGHT, EMPTY]]),
            },
            "layers 1 and 2 feed each other without delay; MATLAB cannot simulate this either",
        ),
        (
            {
                "LW": cell([[EMPTY, EMPTY], [np.ones((1, 2)), np.ones((1, 1))]]),
                "layerWeights": cell([[EMPTY, EMPTY], [WEIGHT, WEIGHT]]),
            },
            "layer 2 feeds itself without delay; MATLAB cannot simulate this either",
        ),
        (
            {"IW": cell([[np.ones((2, 5))], [EMPTY]])},
            "IW{1,1} is 2x5 but input 1 has 2 values and 1 delay",
        ),
        (
            {"IW": cell([[np.ones((3, 2))], [EMPTY]])},
            "IW{1,1} is 3x2 but layer 1 has 2 neurons and input 1 has 2 values and 1 delay",
        ),
        (
            {"inputs": cell([[{"size": 0.0}]])},
            "the network was never configured (input size 0)",
        ),
        (
            {"b": cell([[np.array([[0.5], [np.nan]])], [EMPTY]])},
            "b{1} holds NaN",
        ),
        (
            {"b": cell([[np.zeros((3, 1))], [EMPTY]])},
            "b{1} has 3 values but layer 1 has 2 neurons",
        ),
        (
            {"b": cell([[EMPTY], [EMPTY]]), "biasConnect": np.array([[1.0], [0.0]])},
            "b{1} has 0 values but layer 1 has 2 neurons",
        ),
        (
            {"LW": cell([[EMPTY, EMPTY], [np.array([[1, 2j]]), EMPTY]])},
            "LW{2,1} is complex",
        ),
        (
            {
                "inputConnect": np.array([[1.0], [1.0]]),
                "inputWeights": cell([[WEIGHT], [WEIGHT]]),
            },
            "IW{2,1} is empty, but it is connected",
        ),
        (
            {"inputs": cell([[{"size": 2.0, "processFcns": cell([["mapstd"]])}]])},
            "inputs{1}.processFcns names mapstd but has no settings",
        ),
        (
            {"inputs": cell([[{"size": 2.0, "processFcns": cell([["myprocess"]])}]])},
            "inputs{1} uses processing function 'myprocess', which is not one of MATLAB's",
        ),
        (
            {"inputWeights": cell([[WEIGHT | {"delays": 1e9}], [EMPTY]])},
            "IW{1,1} has a delay of 1000000000 time steps",
        ),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], words: str) -> None:
    assert problems(**changes) == [words]


@pytest.mark.parametrize("missing", ["weightFcn", "delays"])
def test_a_weight_without_its_function_or_delays_is_not_guessed(missing: str) -> None:
    weight = {name: value for name, value in WEIGHT.items() if name != missing}
    with pytest.raises(PropertyError, match=rf"inputWeights\{{1,1\}}.{missing} is missing"):
        ShallowNetwork.from_fields(fields(inputWeights=cell([[weight], [EMPTY]])))


def test_all_that_is_wrong_is_said_in_one_error() -> None:
    changes = {
        "layers": layers(transferFcn="mytf"),
        "b": cell([[np.full((2, 1), np.inf)], [EMPTY]]),
    }
    net = ShallowNetwork.from_fields(fields(**changes))
    with pytest.raises(UnsupportedModelError) as caught:
        net(np.ones((2, 1)))
    assert "mytf" in caught.value.what
    assert "b{1} holds Inf" in caught.value.what


def scaled(**changes: Any) -> dict[str, Any]:
    settings = {"xmin": np.array([[0.0], [1]]), "xmax": np.array([[1.0], [1]])}
    settings |= {"ymin": -1.0, "ymax": 1.0, **changes}
    steps = {"processFcns": cell([["mapminmax"]]), "processSettings": cell([[settings]])}
    return {"inputs": cell([[{"size": 2.0, **steps}]])}


def minmax(**changes: Any) -> list[str]:
    return problems(**scaled(**changes))


def test_a_row_that_was_constant_counts_as_it_was_saved() -> None:
    gain, xoffset = np.array([[2.0], [1]]), np.array([[0.0], [-1]])
    assert minmax(gain=gain, xoffset=xoffset) == []


def test_a_constant_row_of_a_release_that_saved_no_gain_is_not_guessed() -> None:
    (problem,) = minmax()
    assert "row 2 was constant in training, and it is not certain" in problem


@pytest.mark.parametrize(("become", "second"), [("unchanged", 1.0), ("mapped", -1.0)])
def test_what_becomes_of_it_can_be_stated(become: str, second: float) -> None:
    """The first row, from 0 to 1, goes to -1 to 1: 0.75 to 0.5. The second was always 1."""
    net = ShallowNetwork.from_fields(fields(**scaled())).constant_rows(become)
    plain = ShallowNetwork.from_fields(fields())
    expected = plain.predict(np.array([[0.5], [second]]))
    np.testing.assert_allclose(net.predict(np.array([[0.75], [1.0]])), expected, rtol=1e-15)
    again = ShallowNetwork.from_fields(net.to_fields())
    assert again.problems() == []


def test_what_becomes_of_it_is_one_of_two() -> None:
    net = ShallowNetwork.from_fields(fields(**scaled()))
    with pytest.raises(UsageError, match="'unchanged' or 'mapped', not 'ymin'"):
        net.constant_rows("ymin")
    missing = ShallowNetwork.from_fields(fields(**scaled(ymin=np.zeros((0, 0)))))
    with pytest.raises(UnsupportedModelError, match="lacks ymin"):
        missing.constant_rows("mapped")


@pytest.mark.parametrize(
    "changes",
    [
        {"gain": np.array([[2.0], [0]]), "xoffset": 0.0},
        {"gain": np.array([[2.0], [np.nan]]), "xoffset": 0.0},
        {"gain": np.ones((3, 1)), "xoffset": 0.0},
        {"gain": np.array([[2.0], [2.0]])},
        {"gain": np.array([[2.0], [2.0]]), "xoffset": 0.0, "no_change": True},
        {"gain": "two", "xoffset": 0.0},
    ],
)
def test_settings_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    assert len(minmax(**changes)) == 1


@pytest.mark.parametrize("keep", [[1.0, 4], [0.0, 1], [1.0, 1], [1.0], [1.0, 2]])
def test_rows_that_are_not_those_of_the_input_are_refused(keep: list[float]) -> None:
    made = contents("feedforward")["net"]
    made["inputs"][0, 0]["processSettings"][0, 0]["keep"] = np.array([keep])
    assert ShallowNetwork.from_fields(made).problems()


def test_normprod_of_values_that_may_be_negative_is_refused() -> None:
    made = contents("regression")["net"]
    made["layers"][0, 0]["transferFcn"] = "tansig"
    (problem,) = ShallowNetwork.from_fields(made).problems()
    assert problem.startswith("weight function 'normprod' of LW{2,1} is not supported")


def test_samples_far_from_all_centres_are_not_divided_by_zero() -> None:
    net = ShallowNetwork.from_fields(contents("regression")["net"])
    with pytest.raises(DataFormatError, match="normprod of values that add up to zero"):
        net(np.full((2, 1), 1e6))


def test_compet_of_nan_is_refused() -> None:
    net = ShallowNetwork.from_fields(contents("probabilistic")["net"])
    with pytest.raises(DataFormatError, match="compet of NaN"):
        net(np.full((2, 1), np.nan))


def test_nan_in_the_data_stays_nan() -> None:
    Y = ShallowNetwork.from_fields(fields())(np.array([[1.0, np.nan], [2, 2]]))
    assert np.isnan(Y).tolist() == [[False, True]]


# --- fields that are something else --------------------------------------------------------------

WRONG = st.sampled_from(
    [
        "text",
        3.5,
        -1.0,
        np.nan,
        {"a": 1.0},
        np.zeros((2, 2, 2)),
        np.array([["ab"]]),
        cell([["text", 1.0]]),
        cell([[{"size": "x"}], [np.ones((1, 1))]]),
        EMPTY,
        np.array([[1 + 2j]]),
        b"bytes",
        None,
        object(),
    ]
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        return found + [p for name, item in value.items() for p in paths(item, (*at, name))]
    if isinstance(value, np.ndarray) and value.dtype == object:
        return found + [
            p for place, item in np.ndenumerate(value) for p in paths(item, (*at, place))
        ]
    return found


PATHS = paths(contents("open_loop")["net"])


@settings(max_examples=300, deadline=None)
@given(where=st.sampled_from(PATHS), wrong=WRONG)
def test_a_field_that_is_something_else_ends_in_an_error_of_ours(where: Any, wrong: Any) -> None:
    made = contents("open_loop")
    at: Any = made["net"]
    for step in where[:-1]:
        at = at[step]
    at[where[-1]] = wrong
    try:
        ShallowNetwork.from_fields(made["net"]).predict(made["X"], made["Xi"])
    except MatlabCompatError:
        return


@settings(max_examples=50, deadline=None)
@given(where=st.sampled_from(PATHS))
def test_a_field_that_is_missing_is_made_up_for_or_an_error_of_ours(where: Any) -> None:
    made = contents("open_loop")
    at: Any = made["net"]
    for step in where[:-1]:
        at = at[step]
    if isinstance(at, dict):
        del at[where[-1]]
    try:
        ShallowNetwork.from_fields(made["net"]).predict(made["X"], made["Xi"])
    except MatlabCompatError:
        return


def test_a_field_of_the_wrong_kind_is_named_as_matlab_names_it() -> None:
    with pytest.raises(PropertyError) as caught:
        ShallowNetwork.from_fields(fields(layers=layers(size="two")))
    assert caught.value.what == "net.layers{2}.size must be numbers; it is a text."


def unconnected(name: str, place: tuple[int, int]) -> dict[str, Any]:
    made = contents("weight_functions")["net"]
    made[name][place] = EMPTY
    return made


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (unconnected("inputWeights", (0, 0)), "net.inputWeights{1,1} is empty"),
        (unconnected("outputs", (0, 0)), "net.outputs{1} is empty"),
        (fields(layers=layers(transferFcn="")), "net.layers{2}.transferFcn is missing"),
        (fields(layers=layers(netInputFcn=EMPTY)), "net.layers{2}.netInputFcn is missing"),
    ],
)
def test_what_is_connected_and_empty_is_no_default(made: dict[str, Any], said: str) -> None:
    with pytest.raises(PropertyError, match=re.escape(said)):
        ShallowNetwork.from_fields(made)
