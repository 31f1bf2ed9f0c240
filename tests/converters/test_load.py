"""``converters.load``: from every way of saving a layer to the layer object.

Expected values: the fields written to the file by scipy, or the invented networks that
``fixtures/native/make_native.py`` describes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from matlab_compat.errors import (
    AmbiguousLayerError,
    FileAccessError,
    LayerNotFoundError,
    MatlabCompatError,
    MatlabDeprecationWarning,
    PropertyError,
    UnsupportedLayerError,
    VariableNotFoundError,
)
from matlab_compat.layers import Layer, TransposedConvolution2DLayer
from tests.converters.exports import cells, fancy, fields, save, weights

FIXTURES = Path(__file__).parents[2] / "fixtures"
NATIVE = FIXTURES / "native"


def assert_is_the_layer(layer: Layer) -> None:
    assert isinstance(layer, TransposedConvolution2DLayer)
    assert layer.FilterSize == (3, 2)
    assert (layer.NumFilters, layer.NumChannels) == (5, 4)
    assert layer.Stride == (2, 1)
    assert layer.CroppingSize == (1, 0, 0, 1)
    np.testing.assert_array_equal(layer.Weights, weights(), strict=True)
    np.testing.assert_array_equal(layer.Bias.ravel(), np.arange(5, dtype=np.float32))


# --- where the layer is -------------------------------------------------------------------


def test_loose_variables(tmp_path: Path) -> None:
    layer = converters.load(save(tmp_path / "a.mat", **fields()))
    assert_is_the_layer(layer)
    assert layer.Name == "up"


def test_loose_variables_beside_a_workspace(tmp_path: Path) -> None:
    others = {"imds": cells("a.png"), "lr": 0.1, "opts": {"Padding": 1.0}, "note": "hello"}
    assert_is_the_layer(converters.load(save(tmp_path / "a.mat", **fields(), **others)))


def test_loose_weights_bias_stride_and_crop_are_enough(tmp_path: Path) -> None:
    bare = fields(FilterSize=None, NumFilters=None, NumChannels=None, Name=None, CroppingMode=None)
    assert_is_the_layer(converters.load(save(tmp_path / "a.mat", **bare)))


def test_a_struct_under_any_name(tmp_path: Path) -> None:
    assert_is_the_layer(converters.load(save(tmp_path / "a.mat", anything=fields())))


def test_a_struct_deep_inside_structs_and_cells(tmp_path: Path) -> None:
    nested = {"epoch": 3.0, "model": {"parts": cells("text", {"decoder": fields()})}}
    path = save(tmp_path / "a.mat", checkpoint=nested)
    assert_is_the_layer(converters.load(path))
    assert_is_the_layer(converters.load(path, variable="checkpoint.model.parts{2}"))


def test_a_struct_array_by_name_index_and_expression(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", layers=[fields(Name="one", Stride=3.0), fields(Name="two")])
    for chosen in ("two", 2, "2", "layers(2)"):
        assert_is_the_layer(converters.load(path, layer=chosen))
    assert_is_the_layer(converters.load(path, variable="layers(2)"))
    assert converters.load(path, layer="one").Stride == (3, 3)


def test_a_variable_is_not_taken_for_another_whose_name_begins_like_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s={"net": fields(), "net2": fields(Stride=3.0)})
    assert_is_the_layer(converters.load(path, variable="s.net"))


def test_only_the_variable_asked_for_is_searched(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", a=fields(Stride=3.0), b=fields())
    assert_is_the_layer(converters.load(path, variable="b"))


@pytest.mark.parametrize("level", ["v7", "v73"])
class TestNative:
    def test_a_layer_of_a_series_network_by_name(self, level: str) -> None:
        layer = converters.load(NATIVE / f"series_{level}.mat", layer="up")
        assert isinstance(layer, TransposedConvolution2DLayer)
        assert layer.Weights.shape == (3, 3, 3, 4)
        assert layer.Weights.dtype == np.float32
        assert (layer.CroppingMode, layer.CroppingSize) == ("same", (0, 1, 0, 1))
        assert (layer.WeightL2Factor, layer.BiasL2Factor) == (1, 0)
        assert (layer.WeightsInitializer, layer.BiasInitializer) == ("glorot", "zeros")

    def test_a_layer_of_a_dag_network_by_index(self, level: str) -> None:
        layer = converters.load(NATIVE / f"dag_{level}.mat", layer=3)
        assert layer.Name == "up2"
        assert layer.values["CroppingSize"] == (0, 2, 2, 0)

    def test_a_dlnetwork_restores_the_filter_dimension_that_was_dropped(self, level: str) -> None:
        layer = converters.load(NATIVE / f"dlnetwork_{level}.mat", "net", "up")
        assert layer.values["Weights"].shape == (5, 5, 1, 3)
        assert layer.values["Bias"].shape == (1, 1, 1)

    def test_an_untrained_layer_of_a_layer_array(self, level: str) -> None:
        layer = converters.load(NATIVE / f"layers_{level}.mat", "layers", "up_manual")
        assert isinstance(layer, TransposedConvolution2DLayer)
        assert (layer.NumChannels, layer.Weights.size) == ("auto", 0)
        assert layer.CroppingSize == (1, 0, 2, 1)


def test_a_layer_of_a_class_that_is_not_built_is_said_to_be_so(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fancy())
    with pytest.raises(UnsupportedLayerError, match=r"mine\.FancyLayer") as caught:
        converters.load(path)
    assert caught.value.exit_code == 3
    assert caught.value.where == (str(path), "s")


def test_several_layers_are_listed_when_none_is_chosen(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=[fields(Name="up1"), fields(Name="up2")])
    with pytest.raises(AmbiguousLayerError, match="'up1', 'up2'"):
        converters.load(path)


# --- what its fields say ------------------------------------------------------------------


def test_field_names_match_without_regard_to_case(tmp_path: Path) -> None:
    shouted = {name.upper(): value for name, value in fields().items()}
    assert_is_the_layer(converters.load(save(tmp_path / "a.mat", s=shouted)))


def test_unknown_fields_are_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(Comment="from the lab", Seed=7.0))
    layer = converters.load(path)
    assert_is_the_layer(layer)
    assert layer.extra["Comment"] == "from the lab"
    assert layer.extra["Seed"].item() == 7.0


def test_input_and_output_beside_the_layer_are_no_fields_of_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(X=np.ones((2, 2, 4)), Y=np.ones((4, 3, 5))))
    assert converters.load(path).extra == {}


@pytest.mark.parametrize(
    ("filters", "channels", "saved_shape"),
    [(5, 1, (3, 2, 5)), (1, 1, (3, 2)), (1, 4, (3, 2, 1, 4))],
)
def test_dropped_trailing_singletons_are_restored(
    tmp_path: Path, filters: int, channels: int, saved_shape: tuple[int, ...]
) -> None:
    full = weights(filters, channels)
    changes = {
        "NumFilters": float(filters),
        "NumChannels": float(channels),
        "Weights": full.reshape(saved_shape, order="F"),
        "Bias": np.ones((1, 1, filters), np.float32),
    }
    layer = converters.load(save(tmp_path / "a.mat", **fields(**changes)))
    np.testing.assert_array_equal(layer.values["Weights"], full, strict=True)


@pytest.mark.parametrize("shape", [(1, 1, 5), (5, 1), (1, 5)])
def test_a_bias_of_any_orientation(tmp_path: Path, shape: tuple[int, ...]) -> None:
    bias = np.arange(5, dtype=np.float32).reshape(shape)
    assert_is_the_layer(converters.load(save(tmp_path / "a.mat", **fields(Bias=bias))))


@pytest.mark.parametrize(
    ("changes", "both"),
    [
        ({"NumFilters": 6.0}, (r"3×2×5×4", "NumFilters 6")),
        ({"NumChannels": 3.0}, (r"3×2×5×4", "NumChannels 3")),
        ({"FilterSize": [2.0, 3.0]}, (r"3×2×5×4", r"FilterSize \[2 3\]")),
        ({"Bias": np.ones((1, 1, 6), np.float32)}, (r"Bias is 1×1×6", "NumFilters 5")),
        ({"Weights": weights().transpose(0, 1, 3, 2)}, (r"3×2×4×5", "look exchanged")),
    ],
    ids=["NumFilters", "NumChannels", "FilterSize", "Bias", "exchanged"],
)
def test_a_contradiction_names_both_sides(
    tmp_path: Path, changes: dict[str, Any], both: tuple[str, str]
) -> None:
    path = save(tmp_path / "a.mat", s=fields(**changes))
    with pytest.raises(PropertyError, match=both[0]) as caught:
        converters.load(path)
    caught.match(both[1])
    assert caught.value.where[:2] == (str(path), "s")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_keep_their_class(tmp_path: Path, dtype: type) -> None:
    path = save(tmp_path / "a.mat", **fields(Weights=weights(dtype=dtype)))
    np.testing.assert_array_equal(
        converters.load(path).values["Weights"], weights(dtype=dtype), strict=True
    )


def test_double_weights_compute_in_double_on_request(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    w, x = weights(dtype=np.float64), random.uniform(-1, 1, (1, 1, 4))
    crop = {"CroppingSize": [0.0] * 4, "Bias": np.zeros((1, 1, 5))}
    layer = converters.load(save(tmp_path / "a.mat", **fields(Weights=w, **crop)))
    assert isinstance(layer, TransposedConvolution2DLayer)
    y = layer.predict(x, "SSC", dtype="double")
    # One input pixel: the output is its filters, added over the channels.
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, np.einsum("hwfc,c->hwf", w, x[0, 0]), rtol=1e-14)
    assert layer.predict(x, "SSC").dtype == np.float32


# --- cropping -----------------------------------------------------------------------------


def test_cropping_alone_works_and_warns(tmp_path: Path) -> None:
    old = fields(CroppingMode=None, CroppingSize=None, Cropping=[1.0, 0.0])
    path = save(tmp_path / "a.mat", s=old)
    with pytest.warns(MatlabDeprecationWarning, match="CroppingSize") as caught:
        layer = converters.load(path)
    assert len(caught) == 1
    assert layer.values["CroppingSize"] == (1, 1, 0, 0)


def test_a_scalar_cropping_expands(tmp_path: Path) -> None:
    old = fields(CroppingMode=None, CroppingSize=None, Cropping=1.0)
    with pytest.warns(MatlabDeprecationWarning):
        layer = converters.load(save(tmp_path / "a.mat", s=old))
    assert layer.values["CroppingSize"] == (1, 1, 1, 1)


def test_cropping_size_wins_over_an_agreeing_cropping(tmp_path: Path) -> None:
    both = fields(CroppingSize=[1.0, 1.0, 0.0, 0.0], Cropping=[1.0, 0.0])
    with pytest.warns(MatlabDeprecationWarning):
        layer = converters.load(save(tmp_path / "a.mat", s=both))
    assert layer.values["CroppingSize"] == (1, 1, 0, 0)


def test_contradicting_cropping_and_cropping_size_are_an_error(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(Cropping=[2.0, 2.0]))
    with pytest.raises(PropertyError, match="contradict") as caught:
        converters.load(path)
    caught.match(r"\[1 0 0 1\]")
    caught.match("Cropping .*2")


# --- errors -------------------------------------------------------------------------------


def test_no_such_variable(tmp_path: Path) -> None:
    with pytest.raises(VariableNotFoundError, match="layer"):
        converters.load(save(tmp_path / "a.mat", layer=fields()), variable="layr")


def test_no_such_layer(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match=r"'down'.*'up'"):
        converters.load(save(tmp_path / "a.mat", s=fields()), layer="down")


@pytest.mark.parametrize("index", [0, 2, -1])
def test_an_index_beyond_the_layers(tmp_path: Path, index: int) -> None:
    with pytest.raises(LayerNotFoundError):
        converters.load(save(tmp_path / "a.mat", s=fields()), layer=index)


def test_no_layer_inside(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="no layer"):
        converters.load(save(tmp_path / "a.mat", x=np.ones((2, 2)), s={"a": 1.0}))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"Weights": "text"}, "Weights"),
        ({"Weights": weights().astype(np.complex64)}, "Weights must be a real"),
        ({"Stride": [0.0, 1.0]}, "Stride must be"),
        ({"Stride": "two"}, "Stride must be"),
        ({"CroppingSize": [1.0, 2.0, 3.0]}, "CroppingSize must be"),
        ({"CroppingMode": "some"}, "CroppingMode must be"),
        ({"NumFilters": 2.5}, "NumFilters must be"),
        ({"Name": 5.0}, "Name must be"),
    ],
)
def test_a_wrong_value_names_the_property_and_the_rule(
    tmp_path: Path, changes: dict[str, Any], what: str
) -> None:
    path = save(tmp_path / "a.mat", s=fields(**changes))
    with pytest.raises(PropertyError, match=what) as caught:
        converters.load(path)
    assert caught.value.where[:2] == (str(path), "s")


def test_an_untrained_struct_is_a_layer_without_weights(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(Weights=None, Bias=None))
    layer = converters.load(path)
    assert isinstance(layer, TransposedConvolution2DLayer)
    assert layer.Weights.size == 0
    with pytest.raises(PropertyError, match="Weights is empty"):
        layer.predict(np.ones((2, 2, 4)), "SSC")


def test_a_missing_file_is_an_os_error_too(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        converters.load(tmp_path / "none.mat")
    assert isinstance(caught.value, MatlabCompatError)
    assert isinstance(caught.value, OSError)
