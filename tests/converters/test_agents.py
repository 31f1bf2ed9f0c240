"""Agents out of files of five generations.

The files: ``fixtures/kinds`` and objects written here, in the layouts of real files from
2019 to 2025. Expected values: weights that are small whole numbers, worked out by hand.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.agents import _agent
from fixtures.kinds.make_kinds import (
    actor,
    features,
    finite,
    fully_connected,
    function,
    in_any,
    network,
    numeric,
    td3,
    write,
)
from fixtures.native.make_native import cell, num, struct, true_or_false
from fixtures.native.mcos_writer import Instance, Instances
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    DataFormatError,
    LayerNotFoundError,
    MatlabCompatWarning,
    UnsupportedModelError,
    VariableNotFoundError,
)
from tests.converters.test_find import GENERATIONS, FakeFile, array_of, damaged, of_class
from tests.converters.test_find import network as plain_network

KINDS = Path(__file__).parents[2] / "fixtures" / "kinds"


def test_an_agent_has_its_actor_and_critics() -> None:
    agent = converters.load_agent(KINDS / "agent.mat")
    assert agent.class_name == "rl.agent.rlTD3Agent"
    assert list(agent.functions) == ["Actor", "Critic(1)", "Critic(2)"]
    assert agent.actor.OutputNames == ["scale"]
    observation, action = np.array([[3.0, 4.0]]), np.array([[10.0]])
    values = [critic.predict(observation, action).item() for critic in agent.critics]
    assert values == [17, 24]


def test_it_acts_with_the_scaling_and_the_size_of_its_action() -> None:
    agent = converters.load_agent(KINDS / "agent.mat")
    np.testing.assert_array_equal(agent.act([0.5, -0.5]).action, [[0.75]])


def test_a_dqn_agent_acts_by_its_critic() -> None:
    decision = converters.load_agent(KINDS / "dqn.mat").act([2, 5])
    assert decision.action == [[1]]
    np.testing.assert_array_equal(decision.values, [2, 5, 7])


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_critic_of_every_generation_is_found(generation: str) -> None:
    saved = GENERATIONS[generation]
    agent = _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]
    assert list(agent.functions) == ["Critic"]
    assert agent.functions["Critic"].network.kind in ("DAGNetwork", "dlnetwork", "LayerGraph")


def test_the_graph_without_weights_goes_behind_the_trained_network() -> None:
    """2019: rlFunction is what the network was made from."""
    saved = GENERATIONS["2019"]
    agent = _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]
    assert agent.critics[0].kind == "DAGNetwork"


def test_targets_are_functions_and_no_critics() -> None:
    saved = of_class(
        "rl.agent.rlDQNAgent",
        **{
            role: of_class("rl.util.rlLayerRepresentation", adModelExternal=plain_network())
            for role in ("Critic", "TargetCritic")
        },
    )
    agent = _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]
    assert list(agent.functions) == ["Critic", "TargetCritic"]
    assert len(agent.critics) == 1


# --- which agent ------------------------------------------------------------------------------


def test_several_agents_are_listed_and_chosen_by_their_index(tmp_path: Path) -> None:
    agents = Instances("rl.agent.rlTD3Agent", [td3(), td3(actor(1, 0))])
    path = write(tmp_path / "a.mat", agents=agents)
    with pytest.raises(AmbiguousLayerError) as caught:
        converters.load_agent(path)
    assert "agents(1) (rl.agent.rlTD3Agent), agents(2) (rl.agent.rlTD3Agent)" in caught.value.what
    assert "variable='agents(1)'" in caught.value.remedy
    assert converters.load_agent(path, "agents(2)").act([1, 0]).action == [[0.5]]


def test_the_agent_of_a_designer_session_is_found(tmp_path: Path) -> None:
    data = Instance("rl.internal.app.AgentData", {"Data": td3(), "Name": "agent1"})
    session = Instance(
        "rl.internal.app.SessionData",
        {"Data": Instance("rl.internal.app.AppData", {"Agents": data})},
    )
    path = write(tmp_path / "s.mat", RLDesignerSession=session)
    agent = converters.load_agent(path)
    assert agent.name == "RLDesignerSession.Data.Agents.Data"
    assert agent.act([0.5, -0.5]).action == [[0.75]]
    net = converters.load(path, "RLDesignerSession.Data.Agents.Data.Actor")
    assert net.OutputNames == ["scale"]


def test_of_an_agent_with_a_model_of_its_environment_the_base_agent_acts(tmp_path: Path) -> None:
    agent = in_any("rl.agent.rlMBPOAgent", Version=num(3), BaseAgent=td3())
    found = converters.load_agent(write(tmp_path / "mbpo.mat", agent=agent))
    assert (found.name, found.class_name) == ("agent.BaseAgent", "rl.agent.rlTD3Agent")
    assert found.act([0.5, -0.5]).action == [[0.75]]


def test_an_agent_of_a_class_of_ones_own_is_told_by_its_functions(tmp_path: Path) -> None:
    own = Instance("MyAgent", {"Gain": num(2), "Actor": actor()})
    agent = converters.load_agent(write(tmp_path / "m.mat", agent=own))
    assert agent.class_name == "MyAgent"
    assert agent.act([0.5, -0.5]).action == [[0.75]]


def test_a_file_without_an_agent_says_so(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="There is no agent"):
        converters.load_agent(KINDS / "yolov2.mat")
    with pytest.raises(VariableNotFoundError):
        converters.load_agent(KINDS / "agent.mat", "other")
    with pytest.raises(LayerNotFoundError):
        converters.load_agent(KINDS / "agent.mat", "agent.Actor")


# --- what cannot be read ----------------------------------------------------------------------


def with_damage(*, all_of_it: bool = False) -> Any:
    """A TD3 agent whose second critic cannot be decoded (or nothing of it)."""

    def one(net: Any) -> Any:
        model = of_class("rl.internal.model.DlnetworkLearnableModel", Network_=net)
        return of_class("rl.function.rlQValueFunction", Model_=model)

    sound = damaged() if all_of_it else plain_network()
    return of_class(
        "rl.agent.rlTD3Agent", Critic=array_of(one(sound), one(damaged())), Actor=one(sound)
    )


def test_a_damaged_critic_beside_a_sound_actor_is_named() -> None:
    saved = with_damage()
    agent = _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]
    assert list(agent.functions) == ["Actor", "Critic(1)"]
    assert isinstance(agent.unread["Critic(2)"], CorruptFileError)
    with pytest.raises(CorruptFileError, match="cut short"):
        _ = agent.critics


def test_it_is_named_when_the_networks_are_asked_for_too() -> None:
    from converters.choose import choose_network
    from converters.find import find_models

    found = find_models(FakeFile(agent=with_damage()))  # type: ignore[arg-type]
    with pytest.raises(AmbiguousLayerError) as caught:
        choose_network(found, "f.mat")
    assert "agent.Critic(2) (damaged: The property list is cut short.)" in caught.value.what
    sound = [f for f in found if f.role != "Critic(1)"]
    with pytest.raises(AmbiguousLayerError, match=r"There are 2 networks .*agent.Critic\(2\)"):
        choose_network(sound, "f.mat")


def test_an_agent_of_which_all_is_damaged_is_damaged() -> None:
    saved = with_damage(all_of_it=True)
    with pytest.raises(CorruptFileError, match="cut short"):
        _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]


def test_a_table_beside_a_network_is_named_and_the_rest_opens(tmp_path: Path) -> None:
    table = Instance(
        "rl.function.rlQValueFunction", {"Model_": Instance("rlTable", {"Table": num(1, 2)})}
    )
    agent = in_any("rl.agent.rlACAgent", Actor=actor(), Critic=table)
    path = write(tmp_path / "t.mat", agent=agent)
    with pytest.warns(MatlabCompatWarning, match=r"agent\.Critic could not be read: .*a table"):
        opened = converters.load_agent(path)
    assert list(opened.functions) == ["Actor"]


def test_an_agent_of_tables_alone_is_refused(tmp_path: Path) -> None:
    table = Instance("rl.function.rlQValueFunction", {"Model_": Instance("rlTable", {})})
    path = write(tmp_path / "t.mat", agent=in_any("rl.agent.rlQAgent", Critic=table))
    with pytest.raises(UnsupportedModelError, match="without a network that can be read"):
        converters.load_agent(path)


# --- what a function is given -----------------------------------------------------------------


def two_channels(**more: Any) -> Instance:
    layers = [features("a", 1), features("b", 1), fully_connected("fa", [[10]])]
    layers += [fully_connected("fb", [[1]])]
    from fixtures.native.make_native import layer

    layers.append(layer("AdditionLayer", 1, "add", NumInputs=num(2)))
    net = network(layers, ("a", "fa"), ("b", "fb"), ("fa", "add/in1"), ("fb", "add/in2"))
    channels = Instances("rl.util.rlNumericSpec", [numeric("first", 1), numeric("second", 1)])
    made = function(
        "rlContinuousDeterministicActor", net, numeric("u", 1), observations=channels, **more
    )
    return in_any("rl.agent.rlDDPGAgent", Actor=made)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 25),
        ({"model": {"InputOrder_": num(1, 2).T}}, 25),
        ({"ModelInputMap": struct(Observation=cell("b", "a"))}, 52),
    ],
    ids=["as they stand", "as their order says", "by their names"],
)
def test_channels_go_to_the_inputs_that_the_file_says(
    tmp_path: Path, more: dict[str, Any], expected: float
) -> None:
    path = write(tmp_path / "c.mat", agent=two_channels(**more))
    action = converters.load_agent(path).act([np.array([2.0]), np.array([5.0])]).action
    assert action == [[expected]]


def test_mean_and_deviation_are_the_outputs_that_the_file_says(tmp_path: Path) -> None:
    layers = [features("state", 2), fully_connected("std", [2, 0]), fully_connected("b", [0, 3])]
    actor = function(
        "rlContinuousGaussianActor",
        network(layers, ("state", "std"), ("state", "b")),
        numeric("u", 1),
        ModelOutputMap=struct(Mean="std", StandardDeviation="b"),
    )
    path = write(tmp_path / "g.mat", agent=in_any("rl.agent.rlSACAgent", Actor=actor))
    decision = converters.load_agent(path).act([5, 5])
    assert (decision.mean, decision.deviation) == ([10], [15])


def test_an_order_of_unknown_direction_is_refused(tmp_path: Path) -> None:
    agent = two_channels(model={"InputOrder_": num(2, 1).T})
    loaded = converters.load_agent(write(tmp_path / "c.mat", agent=agent))
    with pytest.raises(UnsupportedModelError, match="permutation of unknown direction"):
        loaded.act([np.array([2.0]), np.array([5.0])])


def test_normalized_observations_are_refused() -> None:
    normalizers = np.empty((1, 1), object)
    normalizers[0, 0] = of_class("rl.normalizer.rlNormalizer", Normalization_="zscore")
    model = of_class("rl.internal.model.DlnetworkLearnableModel", Network_=plain_network())
    critic = of_class("rl.function.rlVectorQValueFunction", Model_=model, Normalizer_=normalizers)
    saved = of_class("rl.agent.rlDQNAgent", Critic=critic)
    agent = _agent(FakeFile(agent=saved), "agent", saved)  # type: ignore[arg-type]
    assert "normalized (zscore)" in agent.functions["Critic"].refusal


def test_limits_of_inputs_hold_where_the_file_says_that_they_clip(tmp_path: Path) -> None:
    agent = in_any("rl.agent.rlTD3Agent", Actor=clipping())
    loaded = converters.load_agent(write(tmp_path / "l.mat", agent=agent))
    assert loaded.act([0.5, 0.5]).action == [[0.5]]
    with pytest.raises(DataFormatError, match="outside its limits"):
        loaded.act([2, 0])


def clipping() -> Instance:
    layers = [features("state", 2), fully_connected("fc", [0.5, 0.5])]
    limits = struct(EnableInputClipping=true_or_false(True))
    return function(
        "rlContinuousDeterministicActor",
        network(layers, ("state", "fc")),
        numeric("thrust", 1),
        observations=numeric("observations", 2, 0, 1),
        InputLimitData_=cell(limits, column=True),
    )


def test_specifications_of_the_agent_stand_in_for_those_of_the_function(tmp_path: Path) -> None:
    """2019: an agent says itself what it takes and gives."""
    layers = [features("state", 2), fully_connected("fc", [[1, 0], [0, 1]])]
    actor = Instance(
        "rl.util.rlLayerRepresentation",
        {"any": struct(adModelExternal=network(layers, ("state", "fc")))},
        saved=True,
    )
    agent = Instance(
        "rl.agent.rlPGAgent",
        {
            "Actor": actor,
            "ObservationInfo": numeric("state", 2),
            "ActionInfo": finite("move", 4, 8),
        },
    )
    loaded = converters.load_agent(write(tmp_path / "p.mat", agent=agent))
    assert loaded.act([1, 3]).action == [[8]]
    assert loaded.act([3, 1]).action == [[4]]


@pytest.mark.parametrize(
    "odd",
    [
        {"ActionInfo": num(1)},
        {"ActionInfo": Instance("rl.util.rlFiniteSetSpec", {"Elements": "text"})},
        {"ActionInfo": Instance("rl.util.rlNumericSpec", {"Dimension": "x", "Name": num(3)})},
        {"ObservationInfo": Instance("rl.util.rlNumericSpec", {"Dimension": num(7, 7)})},
        {"ModelInputMap": struct(Observation=num(5))},
        {"ModelOutputMap": struct(Mean=num(5))},
        {"InputOrder_": "text"},
        {"Normalizer_": cell(num(1))},
        {"InputLimitData_": cell("text")},
    ],
)
def test_specifications_that_lie_end_in_an_action_or_an_error_of_ours(
    tmp_path: Path, odd: dict[str, Any]
) -> None:
    from matlab_compat.errors import MatlabCompatError

    made = actor()
    made = Instance(made.class_name, {**made.properties, **odd})
    path = write(tmp_path / "o.mat", agent=in_any("rl.agent.rlTD3Agent", Actor=made))
    with contextlib.suppress(MatlabCompatError):
        assert converters.load_agent(path).act([0.5, -0.5]).action.ravel() == [0.75]


def test_an_agent_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        LayerNotFoundError, match=r"no agent 'agent\(2\)' in it.*: agent "
    ) as caught:
        converters.load_agent(KINDS / "agent.mat", "agent(2)")
    assert caught.value.remedy == "choose one: variable='agent'."
