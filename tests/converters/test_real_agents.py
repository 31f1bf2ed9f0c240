"""Reinforcement learning agents that MATLAB saved: their networks by name.

Expected values: which functions an agent of a class has (a DQN agent one critic and its target, a
TD3 agent an actor and two critics, a PPO agent an actor and a critic) is what the documentation of
the agents says; the files are of 2019, 2020, 2022 and 2025.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import converters
from converters.find import find_models
from matlab_compat import Network
from matlab_compat.errors import AmbiguousLayerError
from tests.real import REAL

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:.*so it is an output layer"),
    pytest.mark.filterwarnings("ignore:.*holds NaN or Inf"),
]

TRADING = "matlab-deep-learning__reinforcement_learning_financial_trading"
NAMES = {
    f"{TRADING}/agents__agent-v.1.mat": ["agent.Critic", "agent.TargetCritic"],
    "matlab-deep-learning__rl-agent-based-traffic-control/"
    "savedAgents__TjunctionDQNAgentDesign1.mat": ["agent.Critic", "agent.TargetCritic"],
    f"{TRADING}/agents__agents-competing.mat": [
        f"agents({i}).{role}" for i in (1, 2, 3) for role in ("Actor", "Critic")
    ],
    "shyney7__moonlander_RL/savedAgents__Backup__Agent10.mat": [
        f"saved_agent.{name}" for name in ("Actor", "Critic(1)", "Critic(2)")
    ],
    "TimBurtell__RL-GridWorld-Matlab/Agents__Simple_rand4000__Success_Simple_rand4000.mat": [
        "agent.Actor"
    ],
    "Kudisoldier__ai-im-control/agent.mat": ["agent.Actor", "agent.Critic"],
}


@pytest.mark.parametrize(("file", "names"), NAMES.items(), ids=[str(Path(f).name) for f in NAMES])
def test_every_function_of_an_agent_is_found_by_name(file: str, names: list[str]) -> None:
    with converters.open_mat(REAL / file) as mat:
        assert sorted({found.name for found in find_models(mat)}) == names
    for name in names:
        assert isinstance(converters.load(REAL / file, name), Network)


@pytest.mark.parametrize("file", [file for file, names in NAMES.items() if len(names) > 1])
def test_an_agent_of_several_networks_asks_which(file: str) -> None:
    with pytest.raises(AmbiguousLayerError) as caught:
        converters.load(REAL / file)
    assert all(f"{name} (" in caught.value.what for name in NAMES[file])
