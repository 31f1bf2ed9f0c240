"""What agents do with an observation.

Expected values: networks whose weights are small whole numbers, worked out by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matlab_compat import (
    Network,
    additionLayer,
    featureInputLayer,
    fullyConnectedLayer,
    imageInputLayer,
    sequenceInputLayer,
    softmaxLayer,
)
from matlab_compat.agents import Agent, Function, Spec
from matlab_compat.errors import (
    CorruptFileError,
    DataFormatError,
    LayerNotFoundError,
    MatlabCompatWarning,
    UnsupportedModelError,
    UsageError,
)

MOVES = Spec("move", (1, 1), elements=tuple(np.full((1, 1), float(v)) for v in (-1, 0, 1)))


def dense(name: str, weights: Any) -> Any:
    values = np.asarray(weights, np.float32)
    zeros = np.zeros((len(values), 1), np.float32)
    return fullyConnectedLayer(len(values), Weights=values, Bias=zeros, Name=name)


def network(weights: Any, *more: Any) -> Network:
    layers = [featureInputLayer(len(weights[0]), Name="state"), dense("fc", weights), *more]
    return Network(layers, kind="dlnetwork")


def agent(kind: str, actor: str, net: Network, *actions: Spec, **more: Any) -> Agent:
    function = Function(f"rl.function.{actor}", net, actions=actions, **more)
    return Agent(f"rl.agent.{kind}", {"Actor": function})


DETERMINISTIC = "rlContinuousDeterministicActor"


def limited(low: float, high: float) -> Spec:
    return Spec("thrust", (1, 1), np.full((1, 1), low), np.full((1, 1), high))


def test_a_deterministic_actor_gives_the_action_in_the_size_of_its_specification() -> None:
    net, spec = network([[1, 2], [3, 4], [5, 6], [7, 8]]), Spec("forces", (2, 2))
    action = agent("rlDDPGAgent", DETERMINISTIC, net, spec).act([1, 10]).action
    np.testing.assert_array_equal(action, [[21, 65], [43, 87]])  # column by column


def test_an_action_beyond_the_limits_is_kept_within_and_said() -> None:
    one = agent("rlTD3Agent", DETERMINISTIC, network([[1, 1]]), limited(-1, 1))
    assert one.act([0.25, 0.5]).action == [[0.75]]
    with pytest.warns(MatlabCompatWarning, match="outside the limits of 'thrust'"):
        assert one.act([2, 3]).action == [[1]]


def test_agents_that_do_not_keep_limits_give_what_the_network_gives() -> None:
    one = agent("rlMBPOAgent", DETERMINISTIC, network([[1, 1]]), limited(-1, 1))
    assert one.act([2, 3]).action == [[5]]


def test_a_discrete_actor_gives_the_likeliest_element_and_all_probabilities() -> None:
    net = network([[1, 0], [0, 1], [0, 0]], softmaxLayer(Name="p"))
    decision = agent("rlPPOAgent", "rlDiscreteCategoricalActor", net, MOVES).act([0, 2])
    assert decision.action == [[0]]
    assert decision.probabilities is not None
    expected = np.exp([0, 2, 0]) / np.exp([0, 2, 0]).sum()
    np.testing.assert_allclose(decision.probabilities, expected, rtol=1e-6)


def test_scores_that_are_no_distribution_are_not_called_probabilities() -> None:
    net = network([[1, 0], [0, 1], [0, 0]])
    decision = agent("rlPPOAgent", "rlDiscreteCategoricalActor", net, MOVES).act([3, 2])
    assert decision.action == [[-1]]
    assert decision.probabilities is None


def test_a_gaussian_actor_gives_mean_and_deviation_and_no_action() -> None:
    net = Network(
        [
            featureInputLayer(2, Name="state"),
            dense("mean", [[1, 2]]),
            dense("std", [[3, 4]]),
        ],
        [("state", "mean"), ("state", "std")],
        kind="dlnetwork",
    )
    decision = agent("rlSACAgent", "rlContinuousGaussianActor", net, limited(-1, 1)).act([1, 1])
    assert (decision.mean, decision.deviation) == ([3], [7])
    assert decision.action is None


def test_outputs_of_a_gaussian_actor_are_what_the_file_says() -> None:
    net = Network(
        [featureInputLayer(2, Name="state"), dense("std", [[1, 2]]), dense("scale", [[3, 4]])],
        [("state", "std"), ("state", "scale")],
        kind="dlnetwork",
    )
    said = {"Mean": "std", "StandardDeviation": "scale"}
    actor = "rlContinuousGaussianActor"
    decision = agent("rlSACAgent", actor, net, limited(-1, 1), output_names=said).act([1, 1])
    assert (decision.mean, decision.deviation) == ([3], [7])


def test_outputs_that_could_be_either_are_refused() -> None:
    net = Network(
        [featureInputLayer(2, Name="state"), dense("a", [[1, 2]]), dense("b", [[3, 4]])],
        [("state", "a"), ("state", "b")],
        kind="dlnetwork",
    )
    with pytest.raises(UnsupportedModelError, match="mean and standard deviation is not known"):
        agent("rlSACAgent", "rlContinuousGaussianActor", net).act([1, 1])


@pytest.mark.parametrize(
    ("kind", "actor", "actions"),
    [
        ("rlACAgent", "rlStochasticActorRepresentation", (limited(0, 1),)),
        ("rlPPOAgent", "rlHybridStochasticActor", (MOVES, limited(0, 1))),
        ("rlPPOAgent", "rlLayerRepresentation", (limited(0, 1),)),
        ("myAgent", "myActor", (MOVES,)),
    ],
)
def test_an_actor_of_which_it_is_not_known_is_refused(
    kind: str, actor: str, actions: tuple[Spec, ...]
) -> None:
    with pytest.raises(UnsupportedModelError, match="not known how") as caught:
        agent(kind, actor, network([[1, 1]]), *actions).act([1, 1])
    assert "agent.actor.predict" in caught.value.remedy


@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
def test_nan_leads_to_no_action() -> None:
    net = network([[np.nan, 0], [0, 1], [0, 0]])
    with pytest.raises(UsageError, match="NaN or Inf for 'move'"):
        agent("rlPPOAgent", "rlDiscreteCategoricalActor", net, MOVES).act([1, 1])


def test_nan_in_an_observation_is_said() -> None:
    deterministic = agent("rlDDPGAgent", "rlContinuousDeterministicActor", network([[1, 1]]))
    with pytest.warns(MatlabCompatWarning, match="1 element of the observation is NaN"):
        assert np.isnan(deterministic.act([1, np.nan]).action).all()


# --- critics that decide ----------------------------------------------------------------------


def dqn(net: Network, **more: Any) -> Agent:
    critic = Function("rl.function.rlVectorQValueFunction", net, actions=(MOVES,), **more)
    return Agent("rl.agent.rlDQNAgent", {"Critic": critic})


def test_a_dqn_agent_takes_the_element_of_the_greatest_value() -> None:
    decision = dqn(network([[1, 0], [0, 1], [1, 1]])).act([-2, 3])
    assert decision.action == [[0]]
    np.testing.assert_array_equal(decision.values, [-2, 3, 1])


def test_a_critic_of_observation_and_action_is_asked_for_each_element() -> None:
    net = Network(
        [
            featureInputLayer(2, Name="state"),
            featureInputLayer(1, Name="action"),
            dense("s", [[1, 1]]),
            dense("a", [[-3]]),
            additionLayer(2, Name="add"),
        ],
        [("state", "s"), ("action", "a"), ("s", "add/in1"), ("a", "add/in2")],
        kind="dlnetwork",
    )
    decision = dqn(net).act([1, 2])
    np.testing.assert_array_equal(decision.values, [6, 3, 0])
    assert decision.action == [[-1]]


def test_inputs_go_by_their_names_where_the_file_says_them() -> None:
    net = Network(
        [
            featureInputLayer(1, Name="action"),
            featureInputLayer(1, Name="state"),
            dense("s", [[10]]),
            dense("a", [[1]]),
            additionLayer(2, Name="add"),
        ],
        [("state", "s"), ("action", "a"), ("s", "add/in1"), ("a", "add/in2")],
        kind="dlnetwork",
    )
    decision = dqn(net, input_names=("state", "action")).act([5])
    np.testing.assert_array_equal(decision.values, [49, 50, 51])


def test_names_that_the_network_does_not_have_are_refused() -> None:
    net = network([[1, 0], [0, 1], [1, 1]])
    with pytest.raises(UnsupportedModelError, match="Which input is which"):
        dqn(net, input_names=("other",)).act([1, 1])


# --- observations -----------------------------------------------------------------------------


def test_an_observation_of_another_shape_fills_the_input_column_by_column() -> None:
    weights = np.arange(6, dtype=np.float32).reshape(1, 6)
    layers = [imageInputLayer((2, 3, 1), Normalization="none", Name="state")]
    net = Network([*layers, dense("fc", weights)], kind="dlnetwork")
    X = np.random.default_rng(0).standard_normal((2, 3))
    expected = (weights[0] * X.ravel(order="F")).sum()
    action = agent("rlDDPGAgent", DETERMINISTIC, net).act(X).action
    np.testing.assert_allclose(action, [expected], rtol=1e-5)
    flat = agent("rlDDPGAgent", DETERMINISTIC, net).act(X.ravel(order="F")).action
    np.testing.assert_array_equal(flat, action)


@pytest.mark.parametrize("observation", [[1], [1, 2, 3], np.ones((2, 2)), 5])
def test_an_observation_of_another_size_is_refused(observation: Any) -> None:
    spec = Spec("observations", (2, 1))
    one = agent("rlDDPGAgent", DETERMINISTIC, network([[1, 1]]), observations=(spec,))
    with pytest.raises(DataFormatError, match="'observations' is 2×1"):
        one.act(observation)


def test_an_observation_beyond_limits_that_change_it_is_refused() -> None:
    spec = Spec("observations", (2, 1), np.array([[0], [-1]]), np.array([[1], [1]]))
    one = agent("rlDDPGAgent", DETERMINISTIC, network([[1, 1]]), observations=(spec,), clips=True)
    assert one.act([0.5, -1]).action == [-0.5]
    with pytest.raises(DataFormatError, match="outside its limits"):
        one.act([-0.5, 0])


def test_channels_are_counted() -> None:
    with pytest.raises(UsageError, match="2 channels cannot go into the 1 input"):
        agent("rlDDPGAgent", DETERMINISTIC, network([[1, 1]])).act([np.ones(1), np.ones(1)])


def test_a_network_with_a_memory_is_refused() -> None:
    net = Network([sequenceInputLayer(2, Name="state"), dense("fc", [[1, 1]])], kind="dlnetwork")
    with pytest.raises(UnsupportedModelError, match="remembers from step to step"):
        agent("rlDDPGAgent", DETERMINISTIC, net).act([1, 1])


# --- parts ------------------------------------------------------------------------------------


def test_what_could_not_be_read_is_raised_where_it_is_asked_for() -> None:
    damage = CorruptFileError("The property list is cut short.")
    net = network([[1, 1]])
    actor = Function(f"rl.function.{DETERMINISTIC}", net)
    one = Agent("rl.agent.rlTD3Agent", {"Actor": actor, "Critic(1)": actor}, {"Critic(2)": damage})
    assert one.actor is net
    with pytest.raises(CorruptFileError, match="cut short"):
        _ = one.critics


def test_a_damaged_actor_is_not_replaced_by_the_critic() -> None:
    damage = CorruptFileError("The property list is cut short.")
    critic = Function("rl.function.rlVectorQValueFunction", network([[1, 1]]), actions=(MOVES,))
    with pytest.raises(CorruptFileError, match="cut short"):
        Agent("rl.agent.rlPPOAgent", {"Critic": critic}, {"Actor": damage}).act([1, 1])


def test_an_agent_without_an_actor_says_what_it_has() -> None:
    with pytest.raises(LayerNotFoundError, match="has no Actor; it has Critic"):
        _ = dqn(network([[1, 0], [0, 1], [1, 1]])).actor
