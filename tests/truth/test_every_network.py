"""Every network that MATLAB saved in the real files opens; all but one convert and run.

Expected values: which variables are networks is what the index of the real files says, written
when they were collected by other means; the classes that are nobody's built-in layers are known by
name. Two observations together must give what each gives alone.
"""

from __future__ import annotations

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
#: Classes of layers that users wrote themselves, by the file's folder.
CUSTOM = {
    "matlab-deep-learning__Abnormal-EEG-Signal-Classification-Using-CNNs": {"identityLayer"},
}
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
    inside = [row for row in table if "TjunctionDQNAgent" in row.where]
    assert [row.path.split(".")[:3] for row in inside] == [
        ["agent", "Critic", "Model"],
        ["agent", "TargetCritic", "Model"],
    ]


def test_every_network_of_builtin_layers_runs_or_is_sized(table: list[Row]) -> None:
    others = [r for r in table if r.file.parent.name not in CUSTOM and r.where != UNCONNECTED]
    assert [r.where for r in others if r.verdict not in ("runs", "sized")] == []
    trained = [r for r in others if r.network.kind in ("SeriesNetwork", "DAGNetwork", "dlnetwork")]
    assert len(trained) > 30
    assert {r.verdict for r in trained} == {"runs"}


def test_the_rest_name_exactly_their_custom_classes(table: list[Row]) -> None:
    found = {row.file.parent.name: row.custom for row in table if row.custom}
    assert found == CUSTOM
    (refused,) = [row for row in table if row.file.parent.name in CUSTOM]
    assert refused.verdict == "4 of 28 layers cannot be built:"


def test_an_input_that_nothing_feeds_is_named(table: list[Row]) -> None:
    (row,) = [row for row in table if row.where == UNCONNECTED]
    assert "'add_end/in2'" in row.verdict


def test_two_observations_together_give_what_each_gives_alone(table: list[Row]) -> None:
    ran = {row.where: row.apart for row in table if row.apart is not None}
    assert len(ran) > 30
    assert {where: apart for where, apart in ran.items() if not apart < 1e-5} == {}
