"""Finding layers and networks among a file's values, and choosing one.

Expected values: the structs that scipy wrote, and the invented networks of ``fixtures/native``. The
five generations of agents are laid out as in real files of those years.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import open_mat, walk
from converters.choose import choose_layer, choose_network
from converters.find import Found, find_models
from converters.formats import mat_native as native
from converters.matfile.values import Damaged, MatObject, ObjectArray, StructArray
from converters.saved import SavedLayer, SavedNetwork
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    LayerNotFoundError,
    LimitExceededError,
)
from tests.converters.exports import cells, fields, save

NATIVE = Path(__file__).parents[2] / "fixtures" / "native"


def models(path: Path, variable: str | None = None) -> list[Found]:
    with open_mat(path) as mat:
        return find_models(mat, variable)


def test_paths_are_matlab_expressions_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.mat",
        s=[fields(Name="1"), fields(Name="2")],
        c=cells(fields(Name="3"), {"deep": fields(Name="4")}),
    )
    assert [f.path for f in models(path)] == ["s(1)", "s(2)", "c{1}", "c{2}.deep"]


def test_loose_variables_have_no_path(tmp_path: Path) -> None:
    (found,) = models(save(tmp_path / "a.mat", **fields()))
    assert found.path == ""
    assert isinstance(found.model, SavedLayer)
    assert found.model.where == ()


def test_what_lies_in_the_same_struct_is_beside_the_layer(tmp_path: Path) -> None:
    (inner,) = models(save(tmp_path / "a.mat", s={"layer": fields(), "X": np.eye(2)}))
    assert {"layer", "X"} <= set(inner.beside)


@pytest.mark.parametrize(
    "struct",
    [
        {"class": "cat", "score": 0.5},
        {"Class": "nnet.internal.cnn.layer.learnable.initializer.Glorot"},
        {"weights": cells(np.eye(2), np.eye(2)), "bias": cells(1.0, 2.0)},
        {"cropping": 1.0},
        {"Weights": np.ones((3, 3, 4, 5))},
    ],
    ids=lambda struct: " ".join(struct),
)
def test_other_structs_of_a_workspace_are_no_layers(
    tmp_path: Path, struct: dict[str, object]
) -> None:
    assert models(save(tmp_path / "a.mat", s=struct)) == []


def test_a_network_is_one_model_not_one_for_each_layer() -> None:
    (found,) = models(NATIVE / "dag_v7.mat")
    assert isinstance(found.model, SavedNetwork)
    assert (found.path, len(found.model.layers)) == ("net", 8)


def damaged() -> MatObject:
    def fail() -> dict[str, object]:
        raise CorruptFileError("The property list is cut short.")

    return MatObject("DAGNetwork", fail)


class FakeFile:
    """An open file with one variable that cannot be decoded, and another."""

    path = Path("f.mat")

    def __init__(self, **values: object) -> None:
        self.values = values
        self.variables = [_Info(name) for name in values]

    def __getitem__(self, name: str) -> object:
        return self.values[name]

    def __iter__(self) -> object:
        return iter(self.values)


class _Info:
    class_name = "DAGNetwork"

    def __init__(self, name: str) -> None:
        self.name = name


def test_a_damaged_network_does_not_hide_the_one_beside_it() -> None:
    with open_mat(NATIVE / "dag_v7.mat") as mat:
        whole = mat["net"]
    found = find_models(FakeFile(a=damaged(), net=whole))  # type: ignore[arg-type]
    assert isinstance(found[0].model, Damaged)
    chosen = choose_layer(found, "up1", "f.mat")
    assert (chosen.model.name, chosen.path) == ("up1", "net")


def test_where_all_is_damaged_the_damage_is_told() -> None:
    found = find_models(FakeFile(net=damaged()))  # type: ignore[arg-type]
    with pytest.raises(CorruptFileError, match="cut short") as caught:
        choose_layer(found, None, "f.mat")
    assert caught.value.where == ("f.mat", "net")


def test_an_object_that_refers_to_itself_is_searched_once() -> None:
    loop = MatObject("handle", lambda: {"self": loop, "layer": to_find})
    to_find = MatObject("nnet.cnn.layer.ReLULayer", lambda: {"Name": "r"})
    found = find_models(FakeFile(h=loop))  # type: ignore[arg-type]
    assert [f.path for f in found] == ["h.layer"]


def test_searching_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_VISITED", 10)
    many = np.empty((20, 1), object)
    many[:] = [[StructArray.scalar()]] * 20
    with pytest.raises(LimitExceededError, match="10"):
        choose_layer(find_models(FakeFile(c=many)), None, "f.mat")  # type: ignore[arg-type]


# --- networks inside objects --------------------------------------------------------------


def of_class(class_name: str, **properties: object) -> MatObject:
    return MatObject(class_name, lambda: properties)


def in_any(class_name: str, **saved: object) -> MatObject:
    """An object whose ``saveobj`` wrote a struct."""
    return of_class(class_name, any=StructArray.scalar(**saved))


def array_of(*elements: MatObject) -> ObjectArray:
    return ObjectArray(elements[0].class_name, (1, len(elements)), list(elements))


def network(class_name: str = "dlnetwork") -> MatObject:
    layers = array_of(of_class("nnet.cnn.layer.ReLULayer", Name="r"))
    return of_class(
        class_name,
        Layers=layers,
        Connections=StructArray.scalar(
            Source=np.empty((0, 1), object), Destination=np.empty((0, 1), object)
        ),
    )


def td3() -> MatObject:
    """An agent of one actor and two critics, as releases since 2021 save it."""

    def function(kind: str) -> MatObject:
        model = in_any("rl.internal.model.DLNetworkModel", Net=network())
        return of_class(f"rl.function.{kind}", Model_=model)

    critics = array_of(function("rlQValueFunction"), function("rlQValueFunction"))
    return in_any("rl.agent.rlTD3Agent", Critic=critics, Actor=function("rlActor"))


#: An agent's critic in the ways in which five generations of releases save it.
GENERATIONS = {
    "2019": of_class(
        "rl.agent.rlDQNAgent",
        Critic=in_any(
            "rl.util.rlLayerRepresentation",
            rlFunction=network("nnet.cnn.LayerGraph"),
            adModelExternal=network("DAGNetwork"),
        ),
    ),
    "2020": of_class(
        "rl.agent.rlDQNAgent",
        Critic=of_class(
            "rl.representation.rlQValueRepresentation",
            Model=in_any(
                "rl.representation.model.rlLayerModel",
                DLTModelExternal=network("nnet.cnn.LayerGraph"),
            ),
        ),
    ),
    "2020, dlnetwork": of_class(
        "rl.agent.rlDQNAgent",
        Critic=of_class(
            "rl.representation.rlQValueRepresentation",
            Model=in_any("rl.representation.model.rlDLNetworkModel", Net=network()),
        ),
    ),
    "2021": in_any(
        "rl.agent.rlDQNAgent",
        Critic=of_class(
            "rl.function.rlQValueFunction",
            Model_=in_any("rl.internal.model.DLNetworkModel", Net=network()),
        ),
    ),
    "2025": in_any(
        "rl.agent.rlDQNAgent",
        Critic=of_class(
            "rl.function.rlQValueFunction",
            Model_=of_class("rl.internal.model.DlnetworkLearnableModel", Network_=network()),
        ),
    ),
}


def test_networks_inside_object_arrays_are_found() -> None:
    found = find_models(FakeFile(agent=td3()))  # type: ignore[arg-type]
    assert [f.name for f in found] == ["agent.Critic(1)", "agent.Critic(2)", "agent.Actor"]


def test_an_agent_does_not_open_as_if_its_actor_were_all() -> None:
    found = find_models(FakeFile(agent=td3()))  # type: ignore[arg-type]
    with pytest.raises(AmbiguousLayerError, match="There are 3 networks") as caught:
        choose_network(found, "f.mat")
    for name in ("agent.Actor", "agent.Critic(1)", "agent.Critic(2)"):
        assert f"{name} (dlnetwork)" in caught.value.what
    assert "variable='agent.Critic(1)'" in caught.value.remedy


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("agent.Actor", ["agent.Actor"]),
        ("agent.Critic(2)", ["agent.Critic(2)"]),
        ("agent.any.Critic(2).Model_.any.Net", ["agent.Critic(2)"]),
        ("agent.Critic", ["agent.Critic(1)", "agent.Critic(2)"]),
        ("Actor", ["agent.Actor"]),
        ("Critic(2)", ["agent.Critic(2)"]),
        ("Actor(1)", ["agent.Actor"]),
    ],
)
def test_an_agents_networks_go_by_name(variable: str, names: list[str]) -> None:
    found = find_models(FakeFile(agent=td3()), variable)  # type: ignore[arg-type]
    assert [f.name for f in found] == names


def test_agents_in_an_array_keep_their_index() -> None:
    agents = array_of(td3(), td3())
    found = find_models(FakeFile(agents=agents), "agents(2)")  # type: ignore[arg-type]
    names = ["agents(2).Critic(1)", "agents(2).Critic(2)", "agents(2).Actor"]
    assert [f.name for f in found] == names
    found = find_models(FakeFile(agents=agents), "agents(2).Actor")  # type: ignore[arg-type]
    assert [f.name for f in found] == ["agents(2).Actor"]


@pytest.mark.parametrize("agent", GENERATIONS.values(), ids=GENERATIONS)
def test_a_critic_has_one_name_in_every_generation(agent: MatObject) -> None:
    found = find_models(FakeFile(agent=agent), "agent.Critic")  # type: ignore[arg-type]
    assert {f.name for f in found} == {"agent.Critic"}
    graph_alone = len(found) == 1 and found[0].path.endswith("DLTModelExternal")
    assert graph_alone or choose_network(found, "f.mat").class_name in ("DAGNetwork", "dlnetwork")


def test_an_actor_of_another_class_does_not_hide_the_critic() -> None:
    """2020 saves some networks of one agent as layer graphs, others as dlnetworks."""
    parts = {"Critic": GENERATIONS["2020"], "Actor": GENERATIONS["2020, dlnetwork"]}
    agent = of_class(
        "rl.agent.rlPPOAgent", **{name: a.properties["Critic"] for name, a in parts.items()}
    )
    with pytest.raises(AmbiguousLayerError, match=r"Critic \(nnet.cnn.LayerGraph\), agent.Actor"):
        choose_network(find_models(FakeFile(agent=agent)), "f.mat")  # type: ignore[arg-type]


def test_a_detectors_network_is_called_as_in_matlab() -> None:
    detector = in_any("yolov2ObjectDetector", Network=network())
    (found,) = find_models(FakeFile(detector=detector), "detector.Network")  # type: ignore[arg-type]
    assert (found.name, found.path) == ("detector.Network", "detector.any.Network")


def test_an_expression_that_reaches_nothing_is_answered_with_what_there_is() -> None:
    with pytest.raises(LayerNotFoundError, match=r"agent.Policy.*agent.Critic\(1\), .*Actor"):
        find_models(FakeFile(agent=td3()), "agent.Policy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("Critic(3)", "There is no Critic(3) in it; it has 2 Critics."),
        ("Actor(2)", "There is no Actor(2) in it; it has 1 Actor."),
        ("TargetActor", "There is no TargetActor in it; it has none."),
    ],
)
def test_a_role_that_no_agent_has_says_how_many_there_are(variable: str, said: str) -> None:
    with pytest.raises(LayerNotFoundError) as caught:
        find_models(FakeFile(agent=td3()), variable)  # type: ignore[arg-type]
    assert caught.value.what == said
    assert "agent.Critic(1), agent.Critic(2), agent.Actor" in caught.value.remedy


class TestChoosing:
    """Layers named '2', 'b' and 'b' in a struct array."""

    @pytest.fixture
    def found(self, tmp_path: Path) -> list[Found]:
        elements = [fields(Name="2"), fields(Name="b"), fields(Name="b")]
        return models(save(tmp_path / "a.mat", s=elements))

    def test_a_name_of_digits_is_a_name_first(self, found: list[Found]) -> None:
        assert choose_layer(found, "2", "f").path == "s(1)"
        assert choose_layer(found, "3", "f").path == "s(3)"

    def test_a_name_that_several_have_lists_their_places(self, found: list[Found]) -> None:
        with pytest.raises(AmbiguousLayerError, match=r"s\(2\), s\(3\)"):
            choose_layer(found, "b", "f")

    def test_none_chosen_of_several_lists_their_names(self, found: list[Found]) -> None:
        with pytest.raises(AmbiguousLayerError, match="'2', 'b', 'b'") as caught:
            choose_layer(found, None, "f")
        assert "layer=" in caught.value.remedy

    def test_a_long_list_of_names_is_cut(self, tmp_path: Path) -> None:
        found = models(save(tmp_path / "a.mat", s=[fields(Name=f"n{i}") for i in range(25)]))
        with pytest.raises(AmbiguousLayerError, match="'n19' and 5 more"):
            choose_layer(found, None, "f")

    def test_nothing_found(self) -> None:
        with pytest.raises(LayerNotFoundError) as caught:
            choose_layer([], None, "f.mat")
        assert caught.value.where == ("f.mat",)


def test_loose_variables_without_a_name_are_said_to_be_one(tmp_path: Path) -> None:
    found = models(save(tmp_path / "a.mat", **fields(Name="")))
    with pytest.raises(LayerNotFoundError, match="it has one without a name"):
        choose_layer(found, "nope", "a.mat")


def test_a_struct_array_of_millions_without_a_field_is_not_searched() -> None:
    """Found by fuzzing: each of its elements was made, which took longer than ten seconds."""
    from converters.matfile.values import StructArray
    from converters.walk import _struct_elements

    assert _struct_elements(StructArray((10**9, 10**9), {})) == []


def test_what_no_check_foresaw_is_damage_of_that_variable_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(value: object) -> bool:
        raise IndexError("only integers")

    path = save(tmp_path / "a.mat", s=fields(Name="1"), t=fields(Name="2"))
    monkeypatch.setattr(native, "is_network", fails)
    damaged = [found.model for found in models(path)]
    assert [type(model) for model in damaged] == [Damaged, Damaged]
    assert "cannot be decoded (IndexError: only integers)" in str(damaged[0].error)  # type: ignore[union-attr]
