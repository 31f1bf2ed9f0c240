"""dlarray, gpuArray and datetimes with a zone in files of both kinds; sizes as inspect tells them.

The files are written by ``fixtures/native/mcos_writer``, in the three forms that 14 files of the
releases from 2020 to 2025 have (class versions 1, 2 and 3). Expected values are what went in. Of
real files: MATLAB's own predictions, which the parameters beside them give by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from cli.text import inspection
from converters.data import read_array
from converters.matfile import open_mat
from converters.matfile.datetimes import Datetime
from converters.matfile.values import Damaged, StructArray, Table, Value
from converters.predict import predict
from fixtures.native.mcos_writer import Instance, write_level7, write_level73
from matlab_compat import convolution2dLayer, dlarray, fullyConnectedLayer
from matlab_compat.errors import UnsupportedFileError, UsageError
from tests.real import REAL

X = np.arange(12, dtype=np.float32).reshape(4, 3, order="F")
NONE = np.zeros((0, 0))
ONE = np.array([[1.0]])


def cell(*values: Value) -> np.ndarray:
    """A 1 x n cell array."""
    return np.fromiter(values, object, len(values)).reshape(1, -1)


def gpu(data: np.ndarray) -> Instance:
    """A gpuArray as MATLAB saves it."""
    return Instance("gpuArray", {"any": cell(ONE, data)}, saved=True)


def labelled(data: Any, labels: str, version: int = 3, **other: Any) -> Instance:
    """A dlarray as MATLAB saves it."""
    fields = {"IsBlank": np.array([[False]])} if version > 1 else {}
    fields |= {"Data": data, "DimensionTypes": labels, "ViewPermutation": NONE}
    fields |= {"ClassVersion": ONE * version, "SupportsClassFrom": ONE, **other}
    return Instance("dlarray", {"any": StructArray.scalar(**fields)}, saved=True)


def zoned(zone: str) -> Instance:
    """The datetime 2023-11-14 22:13:20 UTC in a zone."""
    millis = np.array([[1_700_000_000_000.0]])
    return Instance("datetime", {"data": millis, "fmt": "dd-MMM-uuuu", "tz": zone})


@pytest.fixture(params=[write_level7, write_level73], ids=["level 7", "level 7.3"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Writes variables to a file of either kind."""

    def write(**variables: Any) -> Path:
        path = tmp_path / "file.mat"
        request.param(path, variables, {})
        return path

    return write


def read(path: Path, name: str = "x") -> Value:
    with open_mat(path) as mat:
        return mat[name]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_labelled_dlarray_keeps_its_labels(save: Callable[..., Path], version: int) -> None:
    value = read(save(x=labelled(X, "CB", version)))

    assert isinstance(value, dlarray)
    assert value.dims() == "CB"
    np.testing.assert_array_equal(np.asarray(value), X, strict=True)


def test_dlarray_without_labels_is_an_array(save: Callable[..., Path]) -> None:
    np.testing.assert_array_equal(read(save(x=labelled(X, ""))), X, strict=True)


def test_gpu_array_is_an_array(save: Callable[..., Path]) -> None:
    np.testing.assert_array_equal(read(save(x=gpu(X))), X, strict=True)


def test_dlarray_that_holds_a_gpu_array(save: Callable[..., Path]) -> None:
    value = read(save(x=labelled(gpu(X), "CB")))

    assert value.dims() == "CB"
    np.testing.assert_array_equal(value.extractdata(), X, strict=True)


def test_trailing_dimensions_that_matlab_drops_are_put_back(save: Callable[..., Path]) -> None:
    assert read(save(x=labelled(X, "SSCB"))).shape == (4, 3, 1, 1)


def test_one_label_gets_an_unspecified_second_as_in_matlab(save: Callable[..., Path]) -> None:
    value = read(save(x=labelled(X[:, :1], "C")))

    assert (value.dims(), value.shape) == ("CU", (4, 1))


@pytest.mark.parametrize(
    ("field", "content"),
    [("ViewPermutation", np.array([[2.0, 1.0]])), ("IsBlank", np.array([[True]]))],
)
def test_dlarray_whose_numbers_cannot_be_told_is_refused(
    save: Callable[..., Path], field: str, content: np.ndarray
) -> None:
    value = read(save(x=labelled(X, "CB", **{field: content})))

    assert isinstance(value, Damaged)
    with pytest.raises(UnsupportedFileError, match=field) as caught:
        np.asarray(value)
    assert "extractdata" in caught.value.remedy


def test_labels_that_contradict_the_numbers_are_refused(save: Callable[..., Path]) -> None:
    assert isinstance(read(save(x=labelled(X, "CC"))), Damaged)


def test_struct_of_parameters_converts_to_a_dict_of_arrays(save: Callable[..., Path]) -> None:
    holder = Instance("holder", {"any": StructArray.scalar(W=labelled(gpu(X), ""))}, saved=True)

    np.testing.assert_array_equal(read(save(x=holder)).properties["any"].to_dict()["W"], X)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+01:00"])
def test_datetime_keeps_its_time_zone(save: Callable[..., Path], zone: str) -> None:
    value = read(save(x=zoned(zone)))

    assert isinstance(value, Datetime)
    assert value.time_zone == zone
    assert value.aware()[0, 0].isoformat() == "2023-11-14T23:13:20+01:00"


def test_datetime_without_a_zone_stays_a_plain_array(save: Callable[..., Path]) -> None:
    assert read(save(x=zoned(""))) == np.datetime64("2023-11-14T22:13:20")


def test_leap_seconds_are_refused(save: Callable[..., Path]) -> None:
    with pytest.raises(UnsupportedFileError, match="leap seconds"):
        read(save(x=zoned("UTCLeapSeconds"))).get()


# -- where numbers are read ----------------------------------------------------------------


def test_input_from_a_dlarray_keeps_its_labels(save: Callable[..., Path]) -> None:
    path = save(X=labelled(gpu(X), "CB"), n=gpu(ONE))

    value = read_array(f"{path}:X")

    assert (value.dims(), value.shape) == ("CB", (4, 3))
    np.testing.assert_array_equal(read_array(f"{path}:n"), ONE)


def test_the_only_dlarray_of_a_file_is_its_array(save: Callable[..., Path]) -> None:
    assert read_array(str(save(other=labelled(X, "CB")))).dims() == "CB"


def test_predict_runs_a_dlarray_by_its_labels(save: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    layer = fullyConnectedLayer(2, Weights=np.ones((2, 4)), Bias=np.zeros((2, 1)))
    converters.save_layer(layer, tmp_path / "layer.mat")
    path = save(X=labelled(X, "CB"))

    Y = predict(tmp_path / "layer.mat", f"{path}:X", tmp_path / "y.mat").outputs["Y"]

    np.testing.assert_allclose(Y, np.ones((2, 4)) @ X)


def test_verify_compares_with_a_dlarray(save: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    layer = convolution2dLayer(1, 1, Weights=2 * np.ones((1, 1)), Bias=np.ones((1, 1)))
    converters.save_layer(layer, tmp_path / "layer.mat")
    path = save(X=labelled(X, "SSCB"), Y=labelled(gpu(2 * X + 1), "SSCB"))

    report = converters.verify(tmp_path / "layer.mat", input=f"{path}:X", expected=f"{path}:Y")

    assert [output.verdict for output in report.outputs] == ["equal"]


# -- inspect -------------------------------------------------------------------------------


def table(rows: int) -> Instance:
    """A table of two variables."""
    data = cell(np.zeros((rows, 1)), np.zeros((rows, 2)))
    return Instance("table", {"data": data, "varnames": cell("a", "b"), "nrows": ONE * rows})


def strings(*texts: str) -> Instance:
    """A column of strings: version, sizes, lengths, then UTF-16 in 64-bit words."""
    units = "".join(texts).encode("utf-16-le")
    head = [1, 2, len(texts), 1, *map(len, texts)]
    tail = np.frombuffer(units + bytes(-len(units) % 8), np.uint64)
    return Instance("string", {"any": np.array([[*head, *tail]], np.uint64)}, saved=True)


def categories(*codes: int) -> Instance:
    """A column of 'a' and 'b'."""
    properties = {"codes": np.array([codes], np.uint8).T, "categoryNames": cell("a", "b")}
    return Instance("categorical", properties)


def the_map() -> Instance:
    fields = StructArray.scalar(keys=cell("a", "b", "c"), values=cell(ONE, ONE, ONE))
    return Instance("containers.Map", {"serialization": fields})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (table(7), [7, 2]),
        (table(0), [0, 2]),
        (strings("north", "south", "east"), [3, 1]),
        (strings("a scalar of any length"), [1, 1]),
        (categories(1, 2, 1, 0), [4, 1]),
        (the_map(), [3, 1]),
        (labelled(gpu(X), "CB"), [4, 3]),
        (gpu(X), [4, 3]),
        (zoned("Europe/Berlin"), [1, 1]),
        (Instance("duration", {"millis": np.zeros((5, 2))}), [5, 2]),
    ],
    ids=lambda v: v.class_name if isinstance(v, Instance) else "x".join(map(str, v)),
)
def test_inspect_shows_the_true_size(
    save: Callable[..., Path], value: Instance, size: list[int]
) -> None:
    document = converters.inspect(save(x=value))

    (variable,) = document["variables"]
    assert (variable["class"], variable["size"]) == (value.class_name, size)
    json.dumps(document)


def test_inspect_shows_labels_and_time_zones(save: Callable[..., Path]) -> None:
    text = inspection(converters.inspect(save(x=labelled(X, "CB"), t=zoned("Europe/Berlin"))))

    assert "dlarray 'CB'" in text
    assert "datetime 'Europe/Berlin'" in text


def test_inspect_says_why_a_dlarray_cannot_be_read(save: Callable[..., Path]) -> None:
    path = save(x=labelled(X, "CB", IsBlank=np.array([[True]])))

    assert "IsBlank" in converters.inspect(path)["variables"][0]["problem"]


# -- real files ----------------------------------------------------------------------------

PINN = REAL / "luismoraortiz__BT_PINN_Approach_to_Solve_PDE/2DHE__Data_2DHE_OptSweep.mat"
BURGERS = REAL / "Giraud-Pierre__PINN_for_SEDMES/results__BurgersEquation__BurgersPINN.mat"
CHANNEL = REAL / "dianixn__Channelformer/parameters_HA03_Attention.mat"


@pytest.mark.real
def test_parameters_of_a_real_training_loop_give_matlabs_predictions() -> None:
    with open_mat(PINN) as mat:
        parameters = mat["parameters"].to_dict()
        names = ("dlXTest", "dlYTest", "dlTTest")
        values = np.vstack([np.asarray(mat[name]) for name in names])
        predicted = mat["dlUPred"]
    count = len(parameters) // 2
    for i in range(1, count + 1):
        values = parameters[f"fc{i}_Weights"] @ values + parameters[f"fc{i}_Bias"]
        values = np.tanh(values) if i < count else values

    assert predicted.dims() == "CB"
    assert np.abs(values - np.asarray(predicted)).max() < 1e-14


@pytest.mark.real
def test_real_prediction_in_a_dlarray_of_a_gpu_array_is_the_networks() -> None:
    with open_mat(BURGERS) as mat:
        data = dlarray(np.vstack([mat["X"], mat["T"]]), "CB")
        predicted = mat["Upredict"]
    computed = converters.load(BURGERS).predict(data)

    assert predicted.dims() == "CB"
    assert np.abs(np.asarray(computed) - np.asarray(predicted)).max() < 3e-6


@pytest.mark.real
def test_real_struct_of_dlarrays_becomes_dictionaries_of_arrays() -> None:
    with open_mat(CHANNEL) as mat:
        weights = mat["parameters"].to_dict()["Weights"]

    gain = weights["encoder_layer"]["layer_1"]["ln_1_g_0"]
    assert (type(gain), gain.shape, gain.dtype) == (np.ndarray, (72, 1), np.float32)


def test_table_of_values_is_a_dict_of_columns() -> None:
    value = Table({"a": X, "b": ONE}, [])

    assert dict(value) == value.columns
    with pytest.raises(UsageError):
        np.asarray(Datetime(np.zeros((1, 1), "datetime64[us]"), "UTC"))
