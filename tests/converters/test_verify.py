"""``converters.verify``: which data are compared with which layer, and what the verdict is.

Expected values: the fixtures, whose Y Octave computed (``wrong_by_one_pixel`` is wrong on
purpose); and layers whose output is written out here: a 1 x 1 filter of 2 doubles its input.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

import converters
import matlab_compat
from converters.data import read_array, split_argument
from converters.formats.mat_struct import network_struct
from converters.matfile.values import StructArray
from converters.matfile.writer import write_mat
from converters.outputs import write_outputs
from matlab_compat.errors import (
    MatlabCompatError,
    MatlabDeprecationWarning,
    NothingToCompareError,
    PropertyError,
    UnsupportedLayerError,
    UsageError,
    VariableNotFoundError,
)
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.parity import LAYER_BOUND, Tolerance
from tests.converters.exports import cells, fancy, save

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted(FIXTURES.glob("*.mat"))

X = np.arange(1, 13, dtype=np.float32).reshape(3, 4)


def doubling(**changes: Any) -> dict[str, Any]:
    """A layer that doubles its input."""
    two = np.full((1, 1), 2, np.float32)
    return {"Weights": two, "Bias": np.zeros((1, 1)), "Stride": 1.0, "CroppingSize": 0.0, **changes}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabDeprecationWarning")
def test_octaves_outputs_are_equal_but_for_the_wrong_one(path: Path) -> None:
    report = converters.verify(path)
    wrong = path.stem.startswith("wrong")
    assert report.verdict == ("different" if wrong else "equal")
    assert report.exit_code == (1 if wrong else 0)
    for output in report.outputs:
        assert output.elements > 0
        assert (output.scaled_error > LAYER_BOUND) == wrong


def test_a_double_layer_in_double_is_equal_to_the_last_bits() -> None:
    report = converters.verify(FIXTURES / "double_precision.v7.mat", dtype="double")
    (output,) = report.outputs
    assert (report.verdict, output.dtype) == ("equal", "float64")
    assert output.max_abs < 1e-14


@pytest.mark.parametrize(("x", "y"), [("X", "Y"), ("input", "output"), ("INPUT", "Expected")])
def test_names_of_input_and_output_beside_the_layer(tmp_path: Path, x: str, y: str) -> None:
    path = save(tmp_path / "a.mat", **doubling(), **{x: X, y: 2 * X})
    assert converters.verify(path).verdict == "equal"


def test_an_output_that_is_off_by_a_little_is_different(tmp_path: Path) -> None:
    y = 2 * X
    y[1, 2] *= np.float32(1 + 1e-4)
    (output,) = converters.verify(save(tmp_path / "a.mat", **doubling(), X=X, Y=y)).outputs
    assert (output.verdict, output.outside) == ("different", 1)
    assert output.worst is not None
    assert output.worst.index[:2] == (1, 2)


def test_data_in_the_layers_struct_go_before_those_of_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=doubling(X=X, Y=2 * X), X=X, Y=3 * X)
    assert converters.verify(path).verdict == "equal"


def test_data_in_the_struct_that_holds_the_layer(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s={"layer": doubling(), "X": X, "Y": 2 * X})
    assert converters.verify(path).verdict == "equal"


def test_every_struct_with_its_own_data_is_verified(tmp_path: Path) -> None:
    good, bad = doubling(X=X, Y=2 * X), doubling(X=X, Y=3 * X)
    report = converters.verify(save(tmp_path / "a.mat", s=[good, bad]))
    assert [o.name for o in report.outputs] == ["s(1).Y", "s(2).Y"]
    assert [o.verdict for o in report.outputs] == ["equal", "different"]
    assert report.exit_code == 1


def test_a_chosen_layer_is_verified_alone(tmp_path: Path) -> None:
    good, bad = doubling(X=X, Y=2 * X, Name="good"), doubling(X=X, Y=3 * X, Name="bad")
    path = save(tmp_path / "a.mat", s=[good, bad])
    assert converters.verify(path, layer="good").verdict == "equal"
    assert converters.verify(path, variable="s(2)").verdict == "different"


def test_a_layer_of_a_network_with_data_from_other_files(tmp_path: Path) -> None:
    network = FIXTURES / "native" / "series_v7.mat"
    x = np.random.default_rng(0).uniform(-1, 1, (6, 5, 4)).astype(np.float32)
    layer: Any = converters.load(network, layer="up")
    # The definition: each input pixel adds its filter, then the odd row and column are cropped.
    y = np.zeros((13, 11, 3))
    for i, j in np.ndindex(6, 5):
        y[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.einsum(
            "hwfc,c->hwf", layer.Weights.astype(float), x[i, j].astype(float)
        )
    y = y[:12, :10] + layer.Bias.astype(float)
    data = save(tmp_path / "data.mat", q={"x": x}, y=y.astype(np.float32))
    report = converters.verify(network, layer="up", input=f"{data}:q.x", expected=f"{data}:y")
    assert report.verdict == "equal"


def test_a_network_without_data() -> None:
    with pytest.raises(NothingToCompareError, match="no input beside it") as caught:
        converters.verify(FIXTURES / "native" / "series_v7.mat")
    assert "Y = predict(net, X)" in caught.value.remedy


def test_a_layer_that_this_version_cannot_run(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fancy())
    with pytest.raises(UnsupportedLayerError) as caught:
        converters.verify(path)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({}, "no input"),
        ({"X": X}, "no expected output"),
        ({"X": X, "Y": np.zeros((0, 0))}, "Nothing to compare"),
        ({"X": X, "Y": X * np.nan}, "all NaN"),
        ({"X": 0 * X, "Y": 0 * X}, "all zero"),
    ],
)
def test_a_comparison_that_says_nothing_is_refused(
    tmp_path: Path, data: dict[str, Any], what: str
) -> None:
    path = save(tmp_path / "a.mat", **doubling(), **data)
    with pytest.raises(NothingToCompareError, match=what) as caught:
        converters.verify(path)
    assert caught.value.where[:1] == (str(path),)


@pytest.mark.parametrize("bad", ["text", cells(1.0), {"a": 1.0}])
def test_data_that_are_no_numbers(tmp_path: Path, bad: Any) -> None:
    path = save(tmp_path / "a.mat", **doubling(), X=bad, Y=X)
    with pytest.raises(PropertyError, match=r"not (char|cell|struct)") as caught:
        converters.verify(path)
    assert caught.value.where == (str(path), "X")


@pytest.mark.parametrize("value", [np.zeros((0, 4)), X.astype(complex) * 1j])
def test_input_that_the_layer_cannot_take(tmp_path: Path, value: Any) -> None:
    path = save(tmp_path / "a.mat", **doubling(), X=value, Y=X)
    with pytest.raises(MatlabCompatError, match=r"empty|complex"):
        converters.verify(path)


def test_a_tolerance_replaces_the_bound(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", **doubling(), X=X, Y=2 * X + np.float32(0.01))
    assert converters.verify(path).verdict == "different"
    assert converters.verify(path, tolerance=Tolerance(atol=0.02)).verdict == "equal"
    assert converters.verify(path, tolerance=Tolerance(atol=0.005)).verdict == "different"


def test_the_report_names_the_bytes_it_is_about(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", **doubling(), X=X, Y=2 * X)
    environment = converters.verify(path).environment
    assert environment["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert environment["file"] == str(path)


def test_an_old_file_with_cropping_warns() -> None:
    with pytest.warns(MatlabDeprecationWarning):
        assert converters.verify(FIXTURES / "cropping_vector.v7.mat").verdict == "equal"


# --- outputs of whole networks -------------------------------------------------------------

IMAGES = np.random.default_rng(1).standard_normal((4, 5, 2, 6)).astype(np.float32)
FILTER = np.random.default_rng(2).standard_normal((4, 5, 2, 3)).astype(np.float32)
#: N×K by the definition.
SCORES = np.einsum("hwcn,hwck->nk", IMAGES.astype(np.float64), FILTER).astype(np.float32)


def bundle(path: Path, kind: str, X: Any, Y: Any) -> Path:
    """A network whose filter covers the image, so that it ends 1×1×3, with an example."""
    layers = [
        matlab_compat.imageInputLayer([4, 5, 2], Normalization="none", Name="in"),
        matlab_compat.convolution2dLayer((4, 5), 3, Weights=FILTER, Bias=np.zeros((1, 1, 3))),
        *([matlab_compat.regressionLayer()] if kind != "dlnetwork" else []),
    ]
    struct = network_struct(matlab_compat.Network(layers, kind=kind))
    write_mat(path, {"net": struct, "X": X, "Y": Y})
    return path


@pytest.mark.parametrize("kind", ["SeriesNetwork", "DAGNetwork"])
def test_a_series_network_that_ends_in_one_by_one_by_k_saved_n_by_k(
    tmp_path: Path, kind: str
) -> None:
    (output,) = converters.verify(bundle(tmp_path / "a.mat", kind, IMAGES, SCORES)).outputs
    assert (output.verdict, output.shape) == ("equal", (6, 3))
    assert (
        converters.verify(bundle(tmp_path / "b.mat", kind, IMAGES[..., :1], SCORES[:1])).verdict
        == "equal"
    )


def test_a_dlnetwork_that_ends_in_one_by_one_by_k_saved_just_that(tmp_path: Path) -> None:
    Y = SCORES.T[np.newaxis, np.newaxis]
    assert converters.verify(bundle(tmp_path / "a.mat", "dlnetwork", IMAGES, Y)).verdict == "equal"


def test_a_mistake_is_explained_in_n_by_k_outputs(tmp_path: Path) -> None:
    """Y of filters turned by half."""
    turned = np.einsum("hwcn,hwck->nk", IMAGES, FILTER[::-1, ::-1])
    report = converters.verify(bundle(tmp_path / "a.mat", "DAGNetwork", IMAGES, turned))
    assert report.verdict == "different"
    assert any("flipped" in found.text for found in report.diagnoses)


def test_activations_are_verified_up_to_a_layer_that_cannot_be_built(tmp_path: Path) -> None:
    layers = [
        matlab_compat.imageInputLayer([4, 5, 2], Normalization="none", Name="in"),
        matlab_compat.convolution2dLayer((4, 5), 3, Weights=FILTER, Bias=np.zeros((1, 1, 3))),
        UnsupportedLayer("mine.Swirl", {"Name": "swirl"}),
    ]
    struct = network_struct(matlab_compat.Network(layers))
    activations = StructArray.scalar(conv=SCORES.T[np.newaxis, np.newaxis])
    write_mat(tmp_path / "a.mat", {"net": struct, "X": IMAGES, "activations": activations})
    (compared,) = converters.verify(tmp_path / "a.mat").activations
    assert (compared.name, compared.verdict) == ("conv", "equal")


class TestArrayArgument:
    def test_a_variable_after_a_colon(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.mat", a=X, b=2 * X)
        np.testing.assert_array_equal(read_array(f"{path}:b"), 2 * X)

    def test_a_field_of_a_struct(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.mat", s={"t": {"x": X}})
        np.testing.assert_array_equal(read_array(f"{path}:s.t.x"), X)
        with pytest.raises(UsageError, match="no field 'y'"):
            read_array(f"{path}:s.t.y")

    def test_the_only_array_needs_no_name(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.mat", image=X.astype(np.int16), note="text")
        np.testing.assert_array_equal(read_array(str(path)), X)

    def test_of_several_arrays_one_must_be_named(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.mat", a=X, b=X)
        with pytest.raises(UsageError, match="2 arrays: a, b") as caught:
            read_array(str(path))
        assert f"{path}:a" in caught.value.remedy

    def test_a_variable_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(VariableNotFoundError):
            read_array(f"{save(tmp_path / 'a.mat', a=X)}:nope")

    @pytest.mark.parametrize(
        ("argument", "parts"),
        [
            ("f.mat:X", ("f.mat", "X")),
            ("d/f.mat:s.X", ("d/f.mat", "s.X")),
            ("f.mat", ("f.mat", None)),
            (r"C:\data\f.mat", (r"C:\data\f.mat", None)),
            (r"C:\data\f.mat:X", (r"C:\data\f.mat", "X")),
            ("f.mat:1x", ("f.mat:1x", None)),
        ],
    )
    def test_a_colon_of_the_path_stays(self, argument: str, parts: tuple[str, str | None]) -> None:
        assert split_argument(argument) == parts

    def test_a_file_with_a_colon_in_its_name(self, tmp_path: Path) -> None:
        path = tmp_path / "run:X"
        path.write_bytes(save(tmp_path / "a.mat", X=X).read_bytes())
        np.testing.assert_array_equal(read_array(str(path)), X)


def test_inputs_may_be_pictures_and_files_of_arrays(tmp_path: Path) -> None:
    """What the network gives for the same numbers in a MAT-file."""
    net, picture = FIXTURES / "pictures" / "colours.mat", FIXTURES / "pictures" / "apple.png"
    X = np.asarray(Image.open(picture))
    np.save(tmp_path / "X.npy", X)
    scipy.io.savemat(tmp_path / "X.mat", {"X": X})
    Y = converters.load_network(net).predict(X)
    scipy.io.savemat(tmp_path / "Y.mat", {"Y": Y})
    for given in (picture, tmp_path / "X.npy", tmp_path / "X.mat"):
        done = converters.verify(net, input=str(given), expected=str(tmp_path / "Y.mat"))
        assert done.verdict == "equal", given


@pytest.mark.parametrize("ending", ["npy", "npz", "csv"])
def test_expected_outputs_may_be_files_of_arrays(tmp_path: Path, ending: str) -> None:
    """As ``predict`` writes them, and one of them off by a little."""
    net, picture = FIXTURES / "pictures" / "colours.mat", FIXTURES / "pictures" / "apple.png"
    place = tmp_path / f"Y.{ending}"
    Y = converters.predict(net, picture, place).outputs["Y"]
    assert converters.verify(net, input=str(picture), expected=str(place)).verdict == "equal"
    write_outputs(place, {"Y": Y * np.float32(1.001)}, overwrite=True)
    done = converters.verify(net, input=str(picture), expected=str(place), diagnosis_seconds=0)
    assert done.verdict == "different"
