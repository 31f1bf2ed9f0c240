"""A damaged field, cell or property costs itself: what is beside it is read, and using it raises.

The files are packed by hand or damaged after they were written, so what is damaged is known.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import converters
from converters.formats.mat_struct import layer_struct
from converters.matfile import Limits, open_mat
from converters.matfile.values import Damaged, StructArray, Value
from converters.matfile.writer import write_mat
from matlab_compat import convolution2dLayer, dlnetwork, imageInputLayer, reluLayer
from matlab_compat.errors import (
    CorruptFileError,
    LimitExceededError,
    MatFileError,
    MatlabCompatWarning,
    UnsafeFileError,
)
from tests.cli.command import run
from tests.hostile import level5_files as files

GOOD, BAD = files.scalar(1.0), files.array(files.MX_DOUBLE, (1, 9), files.doubles(1.0))


def read(path: Path, name: str = "x", **options: Any) -> Value:
    with open_mat(path, **options) as mat:
        return mat[name]


def save5(folder: Path, *variables: bytes) -> Path:
    path = folder / "damaged.mat"
    path.write_bytes(files.file(*variables))
    return path


# -- levels 5 to 7 -------------------------------------------------------------------------


def test_damaged_field_leaves_the_others(tmp_path: Path) -> None:
    path = save5(tmp_path, files.struct_array((1, 1), ["a", "b"], BAD, GOOD, name="x"))

    with pytest.warns(MatlabCompatWarning) as warned:
        value = read(path)

    assert value["b"].item() == 1.0
    assert isinstance(value["a"], Damaged)
    assert value["a"].class_name == "double"
    with pytest.raises(CorruptFileError, match="not 9 numbers") as caught:
        np.asarray(value["a"])
    assert caught.value.where == (str(path), "x", ".a")
    (warning,) = warned
    assert f"{path} > x > .a" in str(warning.message)


def test_where_stays_the_same_however_often_it_is_raised(tmp_path: Path) -> None:
    path = save5(tmp_path, files.struct_array((1, 1), ["a"], BAD, name="x"))
    with pytest.warns(MatlabCompatWarning):
        damaged = read(path)["a"]

    for _ in range(2):
        with pytest.raises(CorruptFileError) as caught:
            converters.data.numeric(damaged, (str(path), "x.a"))

    assert caught.value.where == (str(path), "x", ".a")


def test_damaged_cell_deep_inside_is_located(tmp_path: Path) -> None:
    inner = files.array(files.CELL, (1, 2), GOOD, BAD)
    path = save5(tmp_path, files.struct_array((1, 2), ["a", "b"], GOOD, GOOD, inner, GOOD,
                                              name="x"))  # fmt: skip

    with pytest.warns(MatlabCompatWarning):
        value = read(path)

    assert value[1]["a"][0, 0].item() == 1.0
    assert value[1]["a"][0, 1].error.where == (str(path), "x", "(2).a", "{2}")


def test_container_whose_bytes_are_left_over_is_damaged_as_a_whole(tmp_path: Path) -> None:
    too_long = files.struct_array((1, 1), ["f"], GOOD, GOOD)  # two values for one field
    path = save5(tmp_path, files.array(files.CELL, (1, 2), too_long, GOOD, name="x"))

    with pytest.warns(MatlabCompatWarning):
        value = read(path)

    assert (type(value[0, 0]), value[0, 0].class_name) == (Damaged, "struct")
    assert value[0, 1].item() == 1.0


def test_function_handle_is_damaged_as_a_whole(tmp_path: Path) -> None:
    handle = files.array(files.FUNCTION, (1, 1), files.struct_array((1, 1), ["function"], BAD))
    path = save5(tmp_path, files.array(files.CELL, (1, 2), handle, GOOD, name="x"))

    with pytest.warns(MatlabCompatWarning):
        value = read(path)

    assert (type(value[0, 0]), value[0, 0].class_name) == (Damaged, "function_handle")


def test_damaged_variable_raises_as_a_whole(tmp_path: Path) -> None:
    path = save5(tmp_path, files.array(files.MX_DOUBLE, (1, 9), files.doubles(1.0), name="x"),
                 files.scalar(2.0, "ok"))  # fmt: skip

    with pytest.raises(CorruptFileError, match="not 9 numbers"):
        read(path)
    assert read(path, "ok").item() == 2.0


def test_limits_are_of_the_whole_variable(tmp_path: Path) -> None:
    large = files.array(files.MX_DOUBLE, (1, 100), files.doubles(*range(100)))
    path = save5(tmp_path, files.struct_array((1, 1), ["a", "b"], GOOD, large, name="x"))

    with pytest.raises(LimitExceededError):
        read(path, limits=Limits(max_bytes=400))


def test_many_damaged_values_have_few_warnings(tmp_path: Path) -> None:
    path = save5(tmp_path, files.array(files.CELL, (1, 100), *[BAD] * 100, name="x"))

    with pytest.warns(MatlabCompatWarning) as warned:
        value = read(path)

    assert all(isinstance(item, Damaged) for item in value.flat)
    assert len(warned) == 4


def test_a_variable_with_more_than_a_thousand_damaged_values_is_refused(tmp_path: Path) -> None:
    path = save5(tmp_path, files.array(files.CELL, (1, 1001), *[BAD] * 1001, name="x"))

    with pytest.raises(CorruptFileError):
        read(path)


def test_damaged_column_of_a_table_leaves_the_others(tmp_path: Path) -> None:
    index = files.object_index(
        ["table", "data", "varnames"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0), (3, 1, 1)]]
    )
    names = files.array(files.CELL, (1, 2), *(
        files.array(files.CHAR, (1, 1), files.element(files.UTF8, name)) for name in (b"a", b"b")
    ))  # fmt: skip
    content = files.object_file(
        files.opaque("table", files.reference(1, 1), name="x"),
        index,
        files.array(files.CELL, (1, 2), BAD, GOOD),
        names,
    )
    path = tmp_path / "table.mat"
    path.write_bytes(content)

    with pytest.warns(MatlabCompatWarning):
        table = read(path)
    with pytest.warns(MatlabCompatWarning):
        document = converters.inspect(path)

    assert table["b"].item() == 1.0
    assert isinstance(table["a"], Damaged)
    assert "a: 8 bytes are not 9 numbers" in document["variables"][0]["problem"]


# -- level 7.3 -----------------------------------------------------------------------------


def save73(folder: Path, damage: Callable[[h5py.File], None], **variables: Value) -> Path:
    path = folder / "damaged.mat"
    write_mat(path, variables, level="7.3")
    with h5py.File(path, "r+") as file:
        damage(file)
    return path


def strange(entry: Any) -> None:
    """Give an entry a class that there is none of."""
    entry.attrs["MATLAB_class"] = np.bytes_("nonsense")


def cell(*values: Value) -> np.ndarray:
    return np.fromiter(values, object, len(values)).reshape(1, -1)


ONE = np.ones((1, 1))


def test_damaged_field_of_level_73_leaves_the_others(tmp_path: Path) -> None:
    path = save73(tmp_path, lambda f: strange(f["x/a"]), x=StructArray.scalar(a=ONE, b=ONE))

    with pytest.warns(MatlabCompatWarning, match="> x > .a"):
        value = read(path)

    assert value["b"].item() == 1.0
    assert value["a"].error.where == (str(path), "x", ".a")


def test_damaged_cell_of_level_73_leaves_the_others(tmp_path: Path) -> None:
    path = save73(tmp_path, lambda f: strange(f[f["x"][1, 0]]), x=cell(ONE, ONE, "text"))

    with pytest.warns(MatlabCompatWarning, match=r"\{2\}"):
        value = read(path)

    assert (value[0, 0].item(), value[0, 2]) == (1.0, "text")
    assert isinstance(value[0, 1], Damaged)


def test_reference_to_nothing_of_level_73_leaves_the_others(tmp_path: Path) -> None:
    def forget(file: h5py.File) -> None:
        file["x"][0, 0] = h5py.h5r.Reference()

    path = save73(tmp_path, forget, x=cell(ONE, ONE))

    with pytest.warns(MatlabCompatWarning, match="refers to nothing"):
        value = read(path)

    assert isinstance(value[0, 0], Damaged)
    assert value[0, 1].item() == 1.0


def test_damaged_field_of_a_struct_array_of_level_73_is_located(tmp_path: Path) -> None:
    structs = StructArray((1, 2), {"f": [cell(ONE, ONE), ONE]})
    path = save73(tmp_path, lambda f: strange(f[f[f["x/f"][0, 0]][1, 0]]), x=structs)

    with pytest.warns(MatlabCompatWarning):
        value = read(path)

    assert value[0]["f"][0, 1].error.where == (str(path), "x", "(1).f", "{2}")


def test_link_to_another_file_refuses_the_whole_variable(tmp_path: Path) -> None:
    def link(file: h5py.File) -> None:
        del file["x/a"]
        file["x/a"] = h5py.ExternalLink("other.mat", "/x")

    path = save73(tmp_path, link, x=StructArray.scalar(a=ONE, b=ONE))

    with pytest.raises(UnsafeFileError):
        read(path)


# -- what needs it refuses, and inspect names it -------------------------------------------


def broken(path: Path, payload: bytes) -> Path:
    """Give the element with these data a type that there is none of."""
    data = bytearray(path.read_bytes())
    at = data.index(payload)
    data[at - 8 : at - 4] = struct.pack("<I", 8)
    path.write_bytes(data)
    return path


def convolution(**options: Any) -> Any:
    weights = np.arange(18, dtype=np.float32).reshape(3, 3, 1, 2)
    bias = np.array([1.5, 2.5], np.float32).reshape(1, 1, 2)
    return convolution2dLayer(3, 2, Weights=weights, Bias=bias, **options)


def damaged_layer(folder: Path) -> Path:
    path = folder / "layer.mat"
    converters.save_layer(convolution(Name="c"), path, level="6")
    return broken(path, np.array([1.5, 2.5], np.float32).tobytes())


def damaged_network(folder: Path) -> Path:
    pytest.importorskip("torch")  # to initialize it
    layers = [imageInputLayer((5, 5, 1), Normalization="none", Name="in"), convolution(Name="c")]
    path = folder / "net.mat"
    converters.save_network(dlnetwork([*layers, reluLayer(Name="r")]), path, level="6")
    return broken(path, np.array([1.5, 2.5], np.float32).tobytes())


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
@pytest.mark.parametrize("make", [damaged_layer, damaged_network])
def test_what_needs_the_damaged_field_refuses(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    data = tmp_path / "data.mat"
    write_mat(data, {"X": np.ones((5, 5)), "Y": np.ones((3, 3, 2))})

    for use in (
        lambda: converters.load(path),
        lambda: converters.verify(path, input=str(data), expected=str(data)),
        lambda: converters.convert(path, tmp_path / "out.mat"),
        lambda: converters.convert(path, tmp_path / "out.pt"),
    ):
        with pytest.raises(MatFileError, match="Data type 8"):
            use()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.mat", path.name]


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_inspect_names_the_damaged_field_of_a_network_and_shows_the_other_layers(
    tmp_path: Path,
) -> None:
    (variable,) = converters.inspect(damaged_network(tmp_path))["variables"]

    problems = {layer["name"]: layer.get("problem", "") for layer in variable["layers"]}
    assert problems["in"] == problems["r"] == ""
    assert "Data type 8" in problems["c"]


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_inspect_names_the_damaged_field_of_a_struct(tmp_path: Path) -> None:
    path = save5(tmp_path, files.struct_array((1, 1), ["a", "b"], BAD, GOOD, name="x"))

    (variable,) = converters.inspect(path)["variables"]

    (damaged,) = variable["models"]
    assert (damaged["path"], damaged["class"]) == ("x.a", "double")
    assert "not 9 numbers" in damaged["problem"]


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_a_layer_beside_a_damaged_field_of_another_struct_loads(tmp_path: Path) -> None:
    path = tmp_path / "both.mat"
    layer = layer_struct(convolution())
    notes = StructArray.scalar(numbers=np.array([[7.25, 8.25, 9.25]]))
    write_mat(path, {"s": StructArray.scalar(layer=layer, notes=notes)}, level="6")
    broken(path, np.array([7.25, 8.25, 9.25]).tobytes())

    assert converters.load(path).Bias.ravel().tolist() == [1.5, 2.5]


@pytest.mark.slow
def test_the_command_line_names_what_is_damaged(tmp_path: Path) -> None:
    path = save5(tmp_path, files.struct_array((1, 1), ["a", "b"], BAD, GOOD, name="x"))

    shown, asked = run("inspect", path), run("inspect", path, "--format", "json")

    assert shown.returncode == 0
    assert "x.a: double, not read: 8 bytes are not 9 numbers" in shown.stdout
    assert f"{path} > x > .a" in shown.stderr
    assert json.loads(asked.stdout)["variables"][0]["models"][0]["path"] == "x.a"
