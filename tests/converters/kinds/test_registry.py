"""A kind of model is added by one class: found, chosen, built, described and run as any other.

Expected values: a kind made up here, a struct ``{Times: k}`` that multiplies its input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import converters
from converters import find, kinds
from converters.find import find_models
from converters.identify import values
from converters.kinds import KINDS, Kind, Known, Standing
from converters.predict import predict
from converters.walk import Place
from matlab_compat import Network
from matlab_compat.errors import CorruptFileError, UnsupportedModelError
from matlab_compat.execution.described import Computed, RunOptions
from tests.converters.exports import fields, save


@dataclass
class Times:
    """A model that multiplies; it meets ``ModelLike`` and nothing more."""

    default_dtype: ClassVar[str] = "single"
    takes_cells: ClassVar[bool] = False

    factor: float
    InputNames: Sequence[str] = ("in",)
    optional_inputs: Sequence[str] = ()
    OutputNames: Sequence[str] = ("out",)

    def predict_all(self, X: Sequence[Any], **options: Any) -> Any:
        return np.asarray(X[0]) * self.factor

    def computed(self, X: Sequence[Any], how: RunOptions) -> Computed:
        dtype = np.float64 if how.dtype == "double" else np.float32
        return Computed((np.asarray(X[0], dtype) * dtype(self.factor),), {})

    def parameter_values(self) -> list[Any]:
        return [np.full((1, 1), self.factor, np.float32)]

    def unknown_fields(self) -> list[str]:
        return []

    def ignore_fields(self, *names: str) -> Times:
        return self


@dataclass
class Saved:
    factor: float
    class_name: str = "times"


class TimesKind(Kind[Any]):
    def find(self, place: Place, chosen: str | None) -> Saved | Known | None:
        value = place.value
        if not isinstance(value, Mapping) or "Times" not in value:
            return None
        if isinstance(value["Times"], str):
            return Known("a factor in words", "write it as a number.")
        if not value["Times"].size:
            raise CorruptFileError("There is no factor.")
        return Saved(float(value["Times"].flat[0]))

    def describe(self, place: Place, file: str) -> Known | None:
        found = self.find(place, None)
        return found if isinstance(found, Known) else None

    def build(self, saved: Saved) -> Any:
        return Times(saved.factor)

    def record(self, saved: Saved) -> dict[str, Any]:
        return {"class": saved.class_name, "layers": [], "connections": [], "factor": saved.factor}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (kinds, find, values):
        monkeypatch.setattr(module, "KINDS", (*KINDS[:2], TimesKind(), *KINDS[2:]))


def test_it_is_found_and_loaded(tmp_path: Path) -> None:
    path = save(tmp_path / "t.mat", s={"inner": {"Times": 3.0}})
    model = converters.load(path)
    assert isinstance(model, Times)
    assert model.factor == 3
    with converters.open_mat(path) as mat:
        (found,) = find_models(mat)
    assert (found.path, found.standing, found.layers) == ("s.inner", Standing.NETWORK, [])


def test_it_goes_before_layers_and_by_its_name_beside_networks(tmp_path: Path) -> None:
    path = save(tmp_path / "t.mat", a={"Times": 2.0}, layer=fields())
    assert isinstance(converters.load(path), Times)
    assert converters.load(path, "layer").Name == "up"  # type: ignore[union-attr]


def test_it_is_shown(tmp_path: Path) -> None:
    (shown,) = converters.inspect(save(tmp_path / "t.mat", a={"Times": 2.0}))["variables"]
    assert (shown["class"], shown["factor"]) == ("times", 2)


def test_it_predicts(tmp_path: Path) -> None:
    path = save(tmp_path / "t.mat", a={"Times": 2.0}, X=np.arange(6.0).reshape(2, 3))
    written = predict(path, f"{path}:X", tmp_path / "Y.npy").outputs
    np.testing.assert_array_equal(written["Y"], np.arange(6.0).reshape(2, 3) * 2)


@pytest.mark.parametrize(("wrong", "verdict"), [(0.0, "equal"), (1e-3, "different")])
def test_it_is_verified(tmp_path: Path, wrong: float, verdict: str) -> None:
    X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    Y = (np.float32(3) * X + np.float32(wrong)).astype(np.float32)
    report = converters.verify(save(tmp_path / "t.mat", a={"Times": 3.0}, X=X, Y=Y))
    assert report.verdict == verdict


def test_what_it_knows_and_does_not_run_is_refused_and_not_searched(tmp_path: Path) -> None:
    path = save(tmp_path / "t.mat", a={"Times": "three", "layer": fields()})
    with converters.open_mat(path) as mat:
        assert find_models(mat) == []
    path = save(tmp_path / "u.mat", a={"Times": "three"})
    with pytest.raises(UnsupportedModelError, match=r"a is a factor in words\."):
        converters.load(path)


def test_damage_of_one_does_not_hide_the_other(tmp_path: Path) -> None:
    path = save(tmp_path / "t.mat", a={"Times": np.zeros((0, 0))}, b={"Times": 2.0})
    with converters.open_mat(path) as mat:
        damaged, sound = find_models(mat)
    assert damaged.standing is Standing.DAMAGED
    assert sound.build().factor == 2  # type: ignore[union-attr]
    with pytest.raises(CorruptFileError, match="There is no factor"):
        converters.load(path, "a")


def test_networks_are_a_kind_like_others() -> None:
    native = Path(__file__).parents[3] / "fixtures" / "native" / "dag_v7.mat"
    with converters.open_mat(native) as mat:
        (found,) = find_models(mat)
    assert isinstance(found.build(), Network)
