"""Finding layers and networks among a file's values, and choosing one.

Expected values: the structs that scipy wrote, and the invented networks of ``fixtures/native``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import find, open_mat
from converters.find import Found, choose_layer, find_models
from converters.matfile.values import Damaged, MatObject, StructArray
from converters.readers import native
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
        {"Weights": np.eye(3), "Bias": np.ones((3, 1))},
        {"Weights": np.ones((3, 3, 4, 5)), "Bias": np.ones((1, 1, 5)), "PaddingSize": [1.0] * 4},
        {"InputWeights": np.eye(3), "Weights": np.eye(3), "Stride": 1.0},
        {"cropping": 1.0},
        {"Weights": np.ones((3, 3, 4, 5))},
    ],
    ids=lambda struct: " ".join(struct),
)
def test_other_structs_of_a_workspace_are_no_transposed_convolutions(
    tmp_path: Path, struct: dict[str, object]
) -> None:
    assert models(save(tmp_path / "a.mat", s=struct)) == []


def test_a_filter_and_a_bias_alone_are_taken_for_a_transposed_convolution(tmp_path: Path) -> None:
    struct = {"Weights": np.ones((3, 3, 4, 5)), "Bias": np.ones((1, 1, 4))}
    assert len(models(save(tmp_path / "a.mat", s=struct))) == 1


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
    saved, at = choose_layer(found, "up1", "f.mat")
    assert (saved.name, at.path) == ("up1", "net")


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
    monkeypatch.setattr(find, "MAX_VISITED", 10)
    many = np.empty((20, 1), object)
    many[:] = [[StructArray.scalar()]] * 20
    with pytest.raises(LimitExceededError, match="10"):
        choose_layer(find_models(FakeFile(c=many)), None, "f.mat")  # type: ignore[arg-type]


class TestChoosing:
    """Layers named '2', 'b' and 'b' in a struct array."""

    @pytest.fixture
    def found(self, tmp_path: Path) -> list[Found]:
        elements = [fields(Name="2"), fields(Name="b"), fields(Name="b")]
        return models(save(tmp_path / "a.mat", s=elements))

    def test_a_name_of_digits_is_a_name_first(self, found: list[Found]) -> None:
        assert choose_layer(found, "2", "f")[1].path == "s(1)"
        assert choose_layer(found, "3", "f")[1].path == "s(3)"

    def test_a_name_that_several_have_lists_their_places(self, found: list[Found]) -> None:
        with pytest.raises(AmbiguousLayerError, match=r"s\(2\), s\(3\)"):
            choose_layer(found, "b", "f")

    def test_none_chosen_of_several_lists_their_names(self, found: list[Found]) -> None:
        with pytest.raises(AmbiguousLayerError, match="'2', 'b', 'b'") as caught:
            choose_layer(found, None, "f")
        assert "--layer" in caught.value.remedy

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
    from converters.find import _struct_elements
    from converters.matfile.values import StructArray

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
