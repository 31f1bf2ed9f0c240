"""Every network that MATLAB saved in the real files opens, and runs but for what is documented.

Expected values: which variables are networks is what the index of the real files says, written
when they were collected by other means; the classes that are nobody's built-in layers are known by
name, and the built-in ones that are not supported stand in ``docs/layers.md``. Two observations
together must give what each gives alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real import REAL
from tests.truth.networks import Row, rows

pytestmark = pytest.mark.real

NETWORK_CLASSES = {
    "SeriesNetwork",
    "DAGNetwork",
    "dlnetwork",
    "nnet.cnn.LayerGraph",
    "nnet.cnn.layer.Layer",
}
#: Classes of layers that users wrote themselves, of networks that are refused for it.
CUSTOM = {"identityLayer"}
DOCUMENTED = Path(__file__).parents[2] / "docs" / "layers.md"
#: The layers of a graph without its connections: an addition has only one of its inputs.
UNCONNECTED = "cfobrien__DNNastro/dncnn.mat > layers"


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return list(rows(REAL))


def listed() -> set[str]:
    """The network variables that the index names; some files have more."""
    index = (REAL / "INDEX.md").read_text(encoding="utf-8")
    found = set()
    for line in index.splitlines():
        if line.startswith("| `") and "=" in line:
            file, variables = line.split("|")[1].strip(" `"), line.split("|")[3]
            for variable in variables.split(","):
                name, _, kind = variable.strip().partition("=")
                if kind.partition("(")[0] in NETWORK_CLASSES:
                    found.add(f"{file} > {name}")
    return found


def test_every_network_variable_of_the_index_opens(table: list[Row]) -> None:
    expected = listed()
    assert len(expected) > 40
    assert expected <= {row.where for row in table}


def test_networks_inside_a_reinforcement_learning_agent_open(table: list[Row]) -> None:
    inside = [row.name for row in table if "TjunctionDQNAgent" in row.where]
    assert inside == ["agent.Critic", "agent.TargetCritic"]


def test_networks_inside_arrays_of_objects_run(table: list[Row]) -> None:
    inside = {row.name: row.verdict for row in table if "(" in row.name}
    assert {"agents(3).Actor", "saved_agent.Critic(2)"} <= inside.keys()
    assert set(inside.values()) == {"runs"}


def unsupported_ones() -> set[str]:
    """The classes that the documentation says are not supported."""
    _, _, section = DOCUMENTED.read_text(encoding="utf-8").partition("that are not supported")
    return {name for name in re.findall(r"`([\w.]+)`", section) if "." in name}


def test_every_network_of_builtin_layers_runs_but_those_documented(table: list[Row]) -> None:
    refused = [row for row in table if row.verdict == "refused" and row.where != UNCONNECTED]
    assert [row.where for row in refused if not row.unsupported] == []
    classes = {name for row in refused for name in row.unsupported}
    assert classes - CUSTOM <= unsupported_ones()
    trained = [r for r in table if r.network.kind in ("SeriesNetwork", "DAGNetwork", "dlnetwork")]
    assert len([row for row in trained if row.verdict == "runs"]) > 50


def test_the_reason_names_every_layer(table: list[Row]) -> None:
    (row,) = [row for row in table if "eegNet" in row.where]
    assert row.reasons == (
        "'elu2', 'elu4', 'elu6', 'elu8': no layer is registered for identityLayer",
    )


def test_an_output_layer_of_a_user_is_passed_over(table: list[Row]) -> None:
    (row,) = [row for row in table if "CNN_to_SNN" in row.where]
    assert row.verdict == "runs"
    assert "dicePixelClassificationLayer" in row.reasons[0]


def test_an_input_that_nothing_feeds_is_named(table: list[Row]) -> None:
    (row,) = [row for row in table if row.where == UNCONNECTED]
    assert "'add_end/in2'" in row.reasons[0]


def test_two_observations_together_give_what_each_gives_alone(table: list[Row]) -> None:
    ran = {row.where: row.apart for row in table if row.apart is not None}
    assert len(ran) > 30
    assert {where: apart for where, apart in ran.items() if not apart < 1e-5} == {}
