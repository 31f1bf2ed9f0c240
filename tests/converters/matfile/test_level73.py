"""Level 7.3 read into neutral values.

Expected values: HDF5 written by hand with h5py after MATLAB's own files (dimensions reversed,
MATLAB's attributes), so the definition is written out in each test; mat-io; and files that
MATLAB wrote, where mat-io says what is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from converters.matfile import Limits, open_mat
from converters.matfile.hdf5_headers import UNKNOWN, Header
from converters.matfile.values import (
    Damaged,
    FunctionHandle,
    MatObject,
    ObjectArray,
    SparseArray,
    StructArray,
    Value,
)
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    LimitExceededError,
    MatFileError,
    TruncatedFileError,
)
from tests import oracle_matio
from tests.conftest import REAL
from tests.hostile.level73_files import marked, put, put_cell, sign

Writer = Callable[[h5py.File], None]
CLASSES = {
    "double": "f8",
    "single": "f4",
    **{name: name for name in ("int8", "int16", "int32", "int64")},
    **{name: name for name in ("uint8", "uint16", "uint32", "uint64")},
}
MTCNN = REAL / "matlab-deep-learning__mtcnn-face-detection"


def make(path: Path, write: Writer) -> Path:
    with h5py.File(path, "w", userblock_size=512) as file:
        write(file)
    sign(path)
    return path


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Writer], dict[str, Value]]:
    def read_back(write: Writer) -> dict[str, Value]:
        with open_mat(make(tmp_path / "made.mat", write)) as file:
            return dict(file)

    return read_back


def text(parent: Any, name: str, value: str) -> Any:
    """A row of characters: a column in HDF5."""
    units = np.frombuffer(value.encode("utf-16-le"), "<u2").reshape(-1, 1)
    entry = put(parent, name, units, "char")
    entry.attrs["MATLAB_int_decode"] = np.int32(2)
    return entry


def empty(parent: Any, name: str, shape: tuple[int, ...], class_name: str) -> Any:
    entry = put(parent, name, np.array(shape, np.uint64), class_name)
    entry.attrs["MATLAB_empty"] = np.uint8(1)
    return entry


@pytest.mark.parametrize("class_name", CLASSES)
def test_numeric_class_and_size_are_matlabs(read: Any, class_name: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(CLASSES[class_name])
    value = read(lambda file: put(file, "x", array.T, class_name))["x"]
    np.testing.assert_array_equal(value, array, strict=True)


def test_arrays_are_column_major(read: Any) -> None:
    value = read(lambda file: put(file, "x", np.ones((4, 3, 2))))["x"]
    assert value.flags.f_contiguous


@given(
    hnp.arrays(
        st.sampled_from(["f8", ">f4", "i2", "u8"]),
        hnp.array_shapes(min_dims=2, max_dims=5, max_side=6),
    ),
    st.booleans(),
)
def test_compressed_and_plain_data_read_alike(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, shuffle: bool
) -> None:
    chunks = tuple(max(1, side // 2) for side in array.T.shape)
    how = {"chunks": chunks, "compression": "gzip", "shuffle": shuffle}
    path = make(
        tmp_path_factory.mktemp("chunks") / "x.mat",
        lambda file: put(file, "x", array.T, _class_of(array), **how),
    )
    with open_mat(path) as file:
        np.testing.assert_array_equal(file["x"], array)


def _class_of(array: np.ndarray) -> str:
    names = {"f8": "double", "f4": "single", "i2": "int16", "u8": "uint64"}
    return names[array.dtype.str[1:]]


def test_chunks_never_written_read_as_zero(read: Any) -> None:
    def write(file: h5py.File) -> None:
        x = file.create_dataset("x", (4, 4), "f8", chunks=(2, 2), compression="gzip")
        x[:2, :2] = 1
        marked(x, "double")

    expected = np.zeros((4, 4))
    expected[:2, :2] = 1
    np.testing.assert_array_equal(read(write)["x"], expected)


def test_logical_is_bool(read: Any) -> None:
    def write(file: h5py.File) -> None:
        x = put(file, "x", np.array([[1], [0]], np.uint8), "logical")
        x.attrs["MATLAB_int_decode"] = np.int32(1)

    np.testing.assert_array_equal(read(write)["x"], [[True, False]], strict=True)


@pytest.mark.parametrize(
    ("part", "class_name", "whole"), [("f8", "double", "c16"), ("f4", "single", "c8")]
)
def test_complex_is_a_record_of_two_parts(
    read: Any, part: str, class_name: str, whole: str
) -> None:
    data = np.array([[(1, 2)], [(3, -4)]], [("real", part), ("imag", part)])
    value = read(lambda file: put(file, "x", data, class_name))["x"]
    np.testing.assert_array_equal(value, np.array([[1 + 2j, 3 - 4j]], whole), strict=True)


def test_row_of_characters_is_str(read: Any) -> None:
    assert read(lambda file: text(file, "x", "größe 😀"))["x"] == "größe 😀"


def test_matrix_of_characters_is_an_array(read: Any) -> None:
    codes = np.array([[97, 98], [99, 100], [101, 102]], np.uint16)
    value = read(lambda file: put(file, "x", codes, "char"))["x"]
    np.testing.assert_array_equal(value, [["a", "c", "e"], ["b", "d", "f"]], strict=True)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0, 2)])
@pytest.mark.parametrize(("class_name", "dtype"), [("double", "f8"), ("int8", "i1"), ("cell", "O")])
def test_empty_array_keeps_its_size(read: Any, shape: Any, class_name: str, dtype: str) -> None:
    value = read(lambda file: empty(file, "x", shape, class_name))["x"]
    assert (value.shape, value.dtype) == (shape, np.dtype(dtype))


def test_empty_text_is_an_empty_str(read: Any) -> None:
    assert read(lambda file: empty(file, "x", (0, 0), "char"))["x"] == ""


def test_cell_keeps_its_size_and_order(read: Any) -> None:
    def write(file: h5py.File) -> None:
        refs = file.create_group("#refs#")
        entries = [text(refs, name, name) for name in "abcdef"]
        array = np.array([entry.ref for entry in entries], h5py.ref_dtype).reshape(3, 2)
        put(file, "c", array, "cell", dtype=h5py.ref_dtype)

    value = read(write)["c"]
    assert value.tolist() == [["a", "c", "e"], ["b", "d", "f"]]


def test_struct_has_its_fields_in_matlabs_order(read: Any) -> None:
    def write(file: h5py.File) -> None:
        group = marked(file.create_group("s"), "struct")
        text(group, "alpha", "a")
        put(group, "Zeta", [[2.0]])
        names = np.empty(2, object)
        names[:] = [np.array(list("Zeta"), "S1"), np.array(list("alpha"), "S1")]
        kind = h5py.vlen_dtype(np.dtype("S1"))
        group.attrs.create("MATLAB_fields", names, dtype=kind)

    value = read(write)["s"]
    assert list(value.fields) == ["Zeta", "alpha"]
    assert value.shape == (1, 1)
    assert value["alpha"] == "a"


def test_long_list_of_fields_in_a_data_set_is_found(read: Any) -> None:
    def write(file: h5py.File) -> None:
        group = marked(file.create_group("s"), "struct")
        put(group, "b", [[1.0]])
        put(group, "a", [[2.0]])
        names = np.empty(2, object)
        names[:] = [np.array(["b"], "S1"), np.array(["a"], "S1")]
        kind = h5py.vlen_dtype(np.dtype("S1"))
        listed = file.create_dataset("#refs#/a", data=names, dtype=kind)
        group.attrs.create("MATLAB_fields", listed.ref, dtype=h5py.ref_dtype)

    assert list(read(write)["s"].fields) == ["b", "a"]


def test_struct_array_lists_its_values_in_column_major_order(read: Any) -> None:
    def write(file: h5py.File) -> None:
        refs = file.create_group("#refs#")
        entries = [text(refs, name, name) for name in "abcdef"]
        group = marked(file.create_group("s"), "struct")
        array = np.array([entry.ref for entry in entries], h5py.ref_dtype).reshape(3, 2)
        group.create_dataset("f", data=array, dtype=h5py.ref_dtype)

    value = read(write)["s"]
    assert value.shape == (2, 3)
    assert value.fields == {"f": list("abcdef")}


def test_struct_whose_field_is_a_cell_is_one_struct(read: Any) -> None:
    def write(file: h5py.File) -> None:
        entry = text(file.create_group("#refs#"), "a", "inner")
        put_cell(marked(file.create_group("s"), "struct"), "c", [entry.ref, entry.ref])

    value = read(write)["s"]
    assert value.shape == (1, 1)
    assert value["c"].tolist() == [["inner", "inner"]]


def test_sparse_matrix(read: Any) -> None:
    def write(file: h5py.File) -> None:
        group = marked(file.create_group("x"), "double")
        group.attrs["MATLAB_sparse"] = np.uint64(3)
        group["jc"] = np.array([0, 1, 1, 2], np.uint64)
        group["ir"] = np.array([2, 0], np.uint64)
        group["data"] = [5.0, 7.0]

    value = read(write)["x"]
    assert isinstance(value, SparseArray)
    np.testing.assert_array_equal(value.to_scipy().toarray(), [[0, 0, 7], [0, 0, 0], [5, 0, 0]])


def test_function_handle_is_text(read: Any) -> None:
    def write(file: h5py.File) -> None:
        group = marked(file.create_group("f"), "function_handle")
        group.attrs["MATLAB_object_decode"] = np.int32(1)
        text(marked(group.create_group("function_handle"), "struct"), "function", "sf%0@(x)x+1")

    value = read(write)["f"]
    assert isinstance(value, FunctionHandle)
    assert value.text == "@(x)x+1"


def test_old_style_object_has_its_class_and_fields(read: Any) -> None:
    def write(file: h5py.File) -> None:
        group = marked(file.create_group("net"), "network")
        group.attrs["MATLAB_object_decode"] = np.int32(2)
        put(group, "numLayers", [[2.0]])

    value = read(write)["net"]
    assert isinstance(value, MatObject)
    assert (value.class_name, value.legacy) == ("network", True)
    assert value.properties["numLayers"].item() == 2


def test_global_variable_is_listed_as_such(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        put(file, "x", [[1.0]]).attrs["MATLAB_global"] = np.int32(1)

    with open_mat(make(tmp_path / "x.mat", write)) as file:
        assert file.variables[0].is_global


def test_listing_reads_no_data(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        x = file.create_dataset("x", (100, 200), "f8", chunks=(100, 200), compression="gzip")
        x.id.write_direct_chunk((0, 0), b"no gzip")
        marked(x, "double")

    with open_mat(make(tmp_path / "x.mat", write)) as file:
        info = file.variables[0]
        assert (info.name, info.class_name, info.shape) == ("x", "double", (200, 100))
        assert info.nbytes == 160_000
        with pytest.raises(CorruptFileError):
            file["x"]


def test_header_is_matlabs_text(tmp_path: Path) -> None:
    with open_mat(make(tmp_path / "x.mat", lambda file: put(file, "x", [[1.0]]))) as file:
        assert file.level == "7.3"
        assert file.header.platform == "GLNXA64"
        assert file.header.date == "Thu Jan  1 00:00:00 2026"


def test_plain_hdf5_gives_arrays_with_their_dimensions_reversed(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["scalar"] = 3.5
        file["vector"] = np.arange(3, dtype=np.int32)
        file["flags"] = np.array([[True, False]])
    with open_mat(path) as file:
        np.testing.assert_array_equal(file["scalar"], [[3.5]], strict=True)
        np.testing.assert_array_equal(file["vector"], np.int32([[0], [1], [2]]), strict=True)
        np.testing.assert_array_equal(file["flags"], [[True], [False]], strict=True)


def test_error_names_the_variable(tmp_path: Path) -> None:
    path = make(tmp_path / "x.mat", lambda file: put(file, "weights", [[1.0]], "gizmo"))
    with pytest.raises(MatFileError, match="weights"), open_mat(path) as file:
        file["weights"]


def test_limit_on_bytes_counts_the_whole_variable(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        refs = file.create_group("#refs#")
        put_cell(file, "c", [put(refs, name, np.ones((10, 10))).ref for name in "abc"])

    path = make(tmp_path / "x.mat", write)
    assert_limit(path, Limits(max_bytes=2400), Limits(max_bytes=2399), "max_bytes=2400", (1, 3))


def test_limit_on_depth(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        below = put(file.create_group("#refs#"), "x", [[1.0]])
        for level in range(5):
            below = put_cell(file["#refs#"], f"c{level}", [below.ref])
        put_cell(file, "c", [below.ref])

    path = make(tmp_path / "x.mat", write)
    assert_limit(path, Limits(max_depth=6), Limits(max_depth=5), "max_depth")


def assert_limit(
    path: Path, enough: Limits, too_little: Limits, remedy: str, shape: tuple[int, int] = (1, 1)
) -> None:
    with open_mat(path, limits=enough) as file:
        assert file["c"].shape == shape
    refused = pytest.raises(LimitExceededError, match=remedy)
    with open_mat(path, limits=too_little) as file, refused:
        file["c"]


def test_closed_file_says_so(tmp_path: Path) -> None:
    file = open_mat(make(tmp_path / "x.mat", lambda file: put(file, "x", [[1.0]])))
    file.close()
    with pytest.raises(FileAccessError, match="closed"):
        file["x"]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_truncated_file_is_not_called_something_else(tmp_path: Path, keep: float) -> None:
    path = make(tmp_path / "x.mat", lambda file: put(file, "x", np.ones((100, 100))))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(TruncatedFileError, match="again"):
        open_mat(path)


# Files that MATLAB wrote


@pytest.mark.real
@pytest.mark.parametrize("path", sorted(MTCNN.glob("*.mat")), ids=lambda path: path.stem)
def test_weights_that_matlab_wrote_are_what_mat_io_reads(path: Path) -> None:
    expected = oracle_matio.load(path)
    with open_mat(path) as file:
        assert set(file) == {name for name in expected if not name.startswith("__")}
        for name, value in file.items():
            np.testing.assert_array_equal(value, expected[name], strict=True)


NAHUEL = "nahueldeniz__MHE-with-Multiple-Measurements/lstm_net.mat"


@pytest.mark.real
def test_network_that_matlab_wrote_is_what_mat_io_reads() -> None:
    path = REAL / NAHUEL
    with open_mat(path) as file:
        net = file["net"]
    assert net.class_name == "SeriesNetwork"
    layers = net.properties["any"]["Layers"]
    assert isinstance(layers, ObjectArray)
    expected = oracle_matio.load(path)["net"].properties["any"]["Layers"].item()
    for layer, other in zip(layers.elements, expected.ravel(), strict=True):
        assert_matio_same(layer.properties["any"], other.properties["any"])


def assert_matio_same(value: Value, expected: Any) -> None:
    if isinstance(value, StructArray):
        assert set(value.fields) == set(expected.dtype.names)
        for name in value.fields:
            assert_matio_same(value[name], expected[name].item())
    elif isinstance(value, str):
        assert value == "".join(np.ravel(expected))
    elif value.dtype == object:
        for one, other in zip(value.ravel(), expected.ravel(), strict=True):
            assert_matio_same(one, other)
    else:
        np.testing.assert_array_equal(value, expected, strict=True)


@pytest.mark.real
def test_true_classes_of_the_layers_are_told() -> None:
    # What MATLAB's own list of the layers of this network is (INDEX.md of the collection).
    with open_mat(REAL / NAHUEL) as file:
        layers = file["net"].properties["any"]["Layers"].elements
        names = [layer.class_name.rpartition(".")[2] for layer in layers]
    assert names == [
        "SequenceInputLayer",
        "LSTMLayer",
        "FullyConnectedLayer",
        "RegressionOutputLayer",
    ]


@pytest.mark.real
def test_objects_can_be_left_out() -> None:
    with open_mat(REAL / NAHUEL, skip_objects=True) as file:
        value = file["net"]
    assert isinstance(value, Damaged)
    assert value.class_name == "SeriesNetwork"


@pytest.mark.real
def test_objects_stay_readable_after_the_file_is_closed() -> None:
    with open_mat(REAL / NAHUEL) as file:
        net = file["net"]
    layers = net.properties["any"]["Layers"].elements
    assert layers[1].properties["any"]["Name"] == "lstm"


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_headers_tell_is_what_hdf5_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, libver: str, order: str
) -> None:
    """Numbers of every type, in one piece, compact and in chunks; references; names of fields."""
    path = tmp_path / "x.mat"
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    with h5py.File(path, "w", userblock_size=512, libver=libver) as file:
        fields = marked(file.create_group("x"), "struct")
        for name, code in CLASSES.items():
            numbers = np.arange(6.0).reshape(2, 3)
            put(fields, name, numbers.astype(np.dtype(code).newbyteorder(order)), name)
        put(fields, "scalar", np.array(3.5, order + "f8"))
        put(fields, "chunked", np.eye(9), chunks=(4, 4))
        space = h5py.h5s.create_simple((3, 1))
        made = h5py.h5d.create(fields.id, b"small", h5py.h5t.IEEE_F64LE, space, compact)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3.0).reshape(3, 1))
        marked(h5py.Dataset(made), "double")
        put_cell(file, "cell", [fields["double"].ref, fields["small"].ref])
        names = [np.array([c.encode() for c in name], "S1") for name in reversed(list(fields))]
        listed = np.empty(len(names), object)
        listed[:] = names
        fields.attrs.create("MATLAB_fields", listed, dtype=h5py.vlen_dtype(np.dtype("S1")))
    sign(path)

    def everything() -> Any:
        with open_mat(path) as mat:
            return mat.variables, mat["x"], mat["cell"]

    variables, found, cell = everything()
    monkeypatch.setattr(Header, "plain", lambda _: None)
    monkeypatch.setattr(Header, "attribute", lambda *_: UNKNOWN)
    by_hdf5 = everything()
    assert variables == by_hdf5[0]
    assert list(found.fields) == list(by_hdf5[1].fields)
    for name, (value,) in found.fields.items():
        (other,) = by_hdf5[1].fields[name]
        assert value.dtype == other.dtype
        assert np.array_equal(value, other)
    for value, other in zip(cell.flat, by_hdf5[2].flat, strict=True):
        assert np.array_equal(value, other)
