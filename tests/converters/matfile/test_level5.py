"""Level 5 files: every class and encoding, both byte orders, laziness, and the public face.

Expected values come from scipy (``savemat`` writes what ``loadmat`` reads back), from GNU
Octave, or stand in the test beside bytes that :mod:`tests.hostile.level5_files` packs by hand.
"""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from converters.matfile import Limits, MatFile, open_mat
from converters.matfile import values as mv
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    LimitExceededError,
    MatlabCompatWarning,
    NotAMatFileError,
    UnsupportedFileError,
    VariableNotFoundError,
)
from tests.hostile import level5_files as files
from tests.patience import PATIENCE

NUMERIC = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def read(tmp_path: Path, content: bytes, name: str = "x", **options: Any) -> Any:
    """One variable of a file made of ``content``."""
    path = tmp_path / "file.mat"
    path.write_bytes(content)
    with open_mat(path, **options) as mat:
        return mat[name]


def saved(tmp_path: Path, *, compress: bool = False, **variables: Any) -> MatFile:
    """The variables as scipy writes them."""
    path = tmp_path / "scipy.mat"
    scipy.io.savemat(path, variables, do_compression=compress, oned_as="row")
    return open_mat(path)


# -- numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", NUMERIC)
def test_numeric_classes_keep_class_and_values(tmp_path: Path, dtype: str, compress: bool) -> None:
    numbers = np.arange(24).reshape(2, 3, 4).astype(dtype)

    with saved(tmp_path, compress=compress, x=numbers) as mat:
        value = mat["x"]

    assert value.dtype == numbers.dtype
    assert value.flags.f_contiguous
    np.testing.assert_array_equal(value, numbers)


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.dtype(code) for code in NUMERIC]),
        hnp.array_shapes(min_dims=2, max_dims=5, min_side=0, max_side=4),
    ),
    st.booleans(),
)
def test_any_shape_survives_scipys_writer(
    tmp_path_factory: pytest.TempPathFactory, numbers: np.ndarray, compress: bool
) -> None:
    with saved(tmp_path_factory.mktemp("shapes"), compress=compress, x=numbers) as mat:
        assert mat["x"].shape == numbers.shape == mat.variables[0].shape
        np.testing.assert_array_equal(mat["x"], numbers)


def test_complex_numbers_join_both_parts(tmp_path: Path) -> None:
    numbers = np.array([[1 + 2j, 3 - 4j]])

    with saved(tmp_path, x=numbers, y=numbers.astype(np.complex64)) as mat:
        np.testing.assert_array_equal(mat["x"], numbers)
        assert mat["y"].dtype == np.complex64
        assert mat.variables[0].is_complex


def test_logical_is_bool(tmp_path: Path) -> None:
    with saved(tmp_path, x=np.array([[True, False]])) as mat:
        assert mat["x"].tolist() == [[True, False]]
        assert mv.mat_class(mat["x"]) == mat.variables[0].class_name == "logical"


@pytest.mark.parametrize(("kind", "code"), [(1, "b"), (2, "B"), (3, "h"), (4, "H"), (5, "i")])
def test_doubles_stored_in_fewer_bytes_come_out_as_double(
    tmp_path: Path, kind: int, code: str
) -> None:
    data = files.element(kind, struct.pack(f"<3{code}", 1, 2, 100))

    value = read(tmp_path, files.file(files.array(6, (1, 3), data, name="x")))

    assert value.dtype == np.float64
    assert value.tolist() == [[1.0, 2.0, 100.0]]


def test_small_elements_are_read(tmp_path: Path) -> None:
    data = files.small(files.UINT8, b"\x07\x08\x09")

    value = read(tmp_path, files.file(files.array(6, (1, 3), data, name="x")))

    assert value.tolist() == [[7.0, 8.0, 9.0]]


def test_big_endian_files_are_read(tmp_path: Path) -> None:
    data = files.doubles(1.5, -2.0, order=">")
    text = files.element(files.UINT16, "hé".encode("utf-16-be"), ">")
    content = files.file(
        files.array(6, (2, 1), data, name="x", order=">"),
        files.array(4, (1, 2), text, name="t", order=">"),
        order=">",
    )

    assert read(tmp_path, content).tolist() == [[1.5], [-2.0]]
    assert read(tmp_path, content).dtype.isnative
    assert read(tmp_path, content, "t") == "hé"


def test_a_large_array_is_a_view_of_what_was_read(tmp_path: Path) -> None:
    with saved(tmp_path, x=np.ones((100, 100))) as mat:
        value = mat["x"]

    assert not value.flags.owndata
    assert value.flags.aligned


# -- text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        (files.UTF8, "utf-8"),
        (files.UTF16, "utf-16-le"),
        (files.UINT16, "utf-16-le"),
        (files.UTF32, "utf-32-le"),
        (files.UINT32, "utf-32-le"),
    ],
)
@pytest.mark.parametrize("text", ["plain", "naïve ∑", "pair 😀"])
def test_unicode_text_in_every_encoding(
    tmp_path: Path, kind: int, encoding: str, text: str
) -> None:
    units = len(text.encode("utf-16-le")) // 2
    data = files.element(kind, text.encode(encoding))

    value = read(tmp_path, files.file(files.array(files.CHAR, (1, units), data, name="x")))

    assert value == text


@pytest.mark.parametrize("kind", [files.INT8, files.UINT8])
def test_single_bytes_are_characters_of_latin1(tmp_path: Path, kind: int) -> None:
    data = files.element(kind, b"caf\xe9")

    value = read(tmp_path, files.file(files.array(files.CHAR, (1, 4), data, name="x")))

    assert value == "café"


def test_an_unpaired_surrogate_is_kept(tmp_path: Path) -> None:
    data = files.element(files.UINT16, struct.pack("<2H", 0xD800, 0x41))

    value = read(tmp_path, files.file(files.array(files.CHAR, (1, 2), data, name="x")))

    assert value == "\ud800A"


def test_char_matrix_is_an_array_of_characters(tmp_path: Path) -> None:
    data = files.element(files.UTF8, b"adbecf")  # column-major: "abc" over "def"

    value = read(tmp_path, files.file(files.array(files.CHAR, (2, 3), data, name="x")))

    assert value.tolist() == [list("abc"), list("def")]


def test_empty_text(tmp_path: Path) -> None:
    empty = files.array(files.CHAR, (0, 0), files.element(files.UTF8, b""), name="x")

    assert read(tmp_path, files.file(empty)) == ""


# -- containers ----------------------------------------------------------------------------


def test_cells_keep_shape_and_order(tmp_path: Path) -> None:
    cells = np.empty((2, 2), object)
    cells[0, 0], cells[1, 0] = np.eye(2), np.eye(2)
    cells[0, 1], cells[1, 1] = "text", np.zeros((0, 3))

    with saved(tmp_path, x=cells) as mat:
        value = mat["x"]

    assert value.shape == (2, 2)
    assert value[0, 1] == "text"
    assert value[1, 1].shape == (0, 3)
    np.testing.assert_array_equal(value[1, 0], np.eye(2))


def test_struct_array_lists_fields_in_column_major_order(tmp_path: Path) -> None:
    values = [files.scalar(n) for n in (1, 10, 2, 20)]

    value = read(tmp_path, files.file(files.struct_array((2, 1), ["a", "b"], *values, name="x")))

    assert isinstance(value, mv.StructArray)
    assert value.shape == (2, 1)
    assert [v.item() for v in value.fields["a"]] == [1, 2]
    assert [v.item() for v in value.fields["b"]] == [10, 20]


def test_struct_without_fields_keeps_its_size(tmp_path: Path) -> None:
    value = read(tmp_path, files.file(files.struct_array((2, 3), [], name="x")))

    assert value.shape == (2, 3)
    assert list(value.elements()) == [{}] * 6


@pytest.mark.parametrize("dtype", [float, complex, bool])
def test_sparse_matrices(tmp_path: Path, dtype: type) -> None:
    dense = np.array([[0, 2, 0], [3, 0, 0]]).astype(dtype)

    with saved(tmp_path, x=scipy.sparse.csc_array(dense)) as mat:
        value = mat["x"]

    assert isinstance(value, mv.SparseArray)
    np.testing.assert_array_equal(value.to_scipy().toarray(), dense)


def test_old_style_object_has_its_class_and_fields(tmp_path: Path) -> None:
    # An object is a struct with the name of its class before the field names.
    body = files.array(
        files.OBJECT,
        (1, 1),
        files.element(files.INT8, b"network"),
        files.small(files.INT32, struct.pack("<i", 4)),
        files.element(files.INT8, b"bias"),
        files.scalar(3.0),
        name="x",
    )

    value = read(tmp_path, files.file(body))

    assert isinstance(value, mv.MatObject)
    assert value.legacy
    assert value.class_name == "network"
    assert value.properties["bias"].item() == 3.0


def test_function_handle_is_text(tmp_path: Path) -> None:
    text = files.array(files.CHAR, (1, 12), files.element(files.UTF8, b"sf%0@(x)2*x "))
    inner = files.struct_array((1, 1), ["function"], text, width=16)
    about = files.struct_array((1, 1), ["function_handle"], inner, width=16)
    handle = files.array(files.FUNCTION, (1, 1), about, name="x")

    value = read(tmp_path, files.file(handle))

    assert isinstance(value, mv.FunctionHandle)
    assert value.text == "@(x)2*x "


def test_matlabs_empty_inside_a_cell_is_0_by_0(tmp_path: Path) -> None:
    content = files.file(files.array(files.CELL, (1, 1), struct.pack("<II", 14, 0), name="x"))

    assert read(tmp_path, content)[0, 0].shape == (0, 0)


# -- laziness and the public face ----------------------------------------------------------


def test_listing_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("converters.matfile.arrays.ArrayDecoder.decode", never)
    monkeypatch.setattr("converters.matfile.inflate.Inflater.read_into", never)

    with saved(tmp_path, compress=True, x=np.ones((50, 60)), s="text", c={"a": 1.0}) as mat:
        listed = [(v.name, v.class_name, v.shape, v.nbytes) for v in mat.variables]

    assert listed[:2] == [("x", "double", (50, 60), 24_000), ("s", "char", (1, 4), 8)]
    assert listed[2][:3] == ("c", "struct", (1, 1))


def test_a_damaged_variable_does_not_stop_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "file.mat"
    bad = files.array(6, (1, 2), files.doubles(1.0), name="bad")
    path.write_bytes(files.file(files.scalar(1, "a"), bad, files.scalar(2, "b")))

    with open_mat(path) as mat:
        assert (mat["a"].item(), mat["b"].item()) == (1, 2)
        with pytest.raises(CorruptFileError) as caught:
            mat["bad"]

    assert caught.value.where == (str(path), "bad")
    assert caught.value.offset is not None


def test_unknown_variable_lists_names_and_suggests(tmp_path: Path) -> None:
    with saved(tmp_path, weights=1.0, bias=2.0) as mat:
        with pytest.raises(VariableNotFoundError, match="weights") as caught:
            mat["weihgts"]
        assert "did you mean weights?" in caught.value.remedy
        assert "weihgts" not in mat


def test_level_and_header(tmp_path: Path) -> None:
    path = tmp_path / "file.mat"
    path.write_bytes(files.file(files.scalar(1, "a")))
    with open_mat(path) as plain, saved(tmp_path, compress=True, x=1.0) as packed:
        assert (plain.level, packed.level) == ("6", "7")
        assert plain.header.platform == "TEST"
        assert plain.header.date == "Mon Jan  1 00:00:00 2024"
        assert plain.header.description.startswith("MATLAB 5.0 MAT-file")


def test_global_variables_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "file.mat"
    path.write_bytes(
        files.file(files.array(6, (1, 1), files.doubles(1), name="g", flags=files.GLOBAL))
    )

    with open_mat(path) as mat:
        assert mat.variables[0].is_global


def test_values_outlive_the_file(tmp_path: Path) -> None:
    with saved(tmp_path, x=np.arange(1000.0)) as mat:
        value = mat["x"]

    assert value.sum() == 499_500
    with pytest.raises(FileAccessError, match="closed"):
        mat["x"]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="cannot be opened"):
        open_mat(tmp_path / "none.mat")
    with pytest.raises(FileAccessError, match="folder"):
        open_mat(tmp_path)


def test_empty_file_is_no_mat_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mat").touch()

    with pytest.raises(NotAMatFileError, match="empty"):
        open_mat(tmp_path / "empty.mat")


def test_file_that_changes_while_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scipy.mat"
    with saved(tmp_path, x=np.ones(1000)) as mat:
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(CorruptFileError, match="changed while"):
            mat["x"]


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(max_bytes=100), "max_bytes"),
        (Limits(max_elements=3), "max_elements"),
        (Limits(max_depth=1), "max_depth"),
    ],
)
def test_limits_name_the_parameter_to_raise(tmp_path: Path, limits: Limits, what: str) -> None:
    inner = files.array(files.CELL, (1, 2), files.scalar(1), files.scalar(2))
    numbers = files.array(6, (1, 20), files.doubles(*range(20)))
    content = files.file(files.array(files.CELL, (1, 2), inner, numbers, name="x"))

    assert read(tmp_path, content).shape == (1, 2)
    with pytest.raises(LimitExceededError, match=what):
        read(tmp_path, content, limits=limits)


def test_depth_can_be_raised(tmp_path: Path) -> None:
    content = files.file(files.nested_cells(500))

    value = read(tmp_path, content, limits=Limits(max_depth=1000))

    depth = 0
    while value.dtype == object:
        value, depth = value[0, 0], depth + 1
    assert depth == 500


# -- objects -------------------------------------------------------------------------------


def layers() -> bytes:
    """A heterogeneous array of two objects, whose base class is named by the array."""
    names = ["Base", "Conv", "Pool", "nnet", "Size"]
    index = files.object_index(
        names,
        [(4, 1), (4, 2), (4, 3)],
        [(2, 0, 1, 0), (3, 0, 2, 0)],
        plain=[[(5, 1, 0)], [(5, 1, 1)]],
    )
    variable = files.opaque(
        "nnet.Base", files.array(13, (7, 1), files.element(6, _reference(1, 1, 2))), name="x"
    )
    return files.object_file(variable, index, files.scalar(3.0), files.scalar(2.0))


def _reference(class_id: int, *ids: int) -> bytes:
    words = (0xDD000000, 2, len(ids), 1, *ids, class_id)
    return struct.pack(f"<{len(words)}I", *words)


def unsigned_dimensions(*sizes: int) -> bytes:
    """A file of one array of doubles whose dimensions are stored as UINT32."""
    numbers = struct.pack(f"<{len(sizes)}i", *sizes)
    count = max(0, math.prod(sizes))
    array = files.array(files.MX_DOUBLE, sizes, files.doubles(*range(count)), name="x")
    signed, unsigned = (files.element(kind, numbers) for kind in (files.INT32, files.UINT32))
    return files.file(array.replace(signed, unsigned, 1), files.scalar(1.0, "ok"))


@pytest.mark.parametrize("sizes", [(1, 2), (2, 3, 4), (0, 0)])
def test_dimensions_stored_as_uint32_are_read_as_scipy_reads_them(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    content = unsigned_dimensions(*sizes)

    value = read(tmp_path, content)

    np.testing.assert_array_equal(value, scipy.io.loadmat(tmp_path / "file.mat")["x"], strict=True)


def test_unsigned_dimensions_beyond_the_signed_ones_are_refused_as_scipy_refuses_them(
    tmp_path: Path,
) -> None:
    content = unsigned_dimensions(-1, 2)

    with pytest.raises(CorruptFileError, match="negative size"):
        read(tmp_path, content)
    with pytest.raises(ValueError, match="negative"):
        scipy.io.loadmat(tmp_path / "file.mat")


def test_each_element_of_an_object_array_has_its_own_class(tmp_path: Path) -> None:
    value = read(tmp_path, layers())

    assert isinstance(value, mv.ObjectArray)
    assert value.class_name == "nnet.Base"
    assert [element.class_name for element in value.elements] == ["nnet.Conv", "nnet.Pool"]
    assert [e.properties["Size"].item() for e in value.elements] == [3.0, 2.0]


def test_objects_are_listed_with_class_and_size(tmp_path: Path) -> None:
    path = tmp_path / "file.mat"
    path.write_bytes(layers())

    with open_mat(path) as mat:
        assert [(v.name, v.class_name, v.shape) for v in mat.variables] == [
            ("x", "nnet.Base", (2, 1))
        ]


def test_one_object_is_decoded_without_the_others(tmp_path: Path) -> None:
    damaged = files.array(6, (1, 9), files.doubles(1.0))
    content = layers().replace(files.scalar(2.0), damaged)

    value = read(tmp_path, content)

    assert value.elements[0].properties["Size"].item() == 3.0
    with pytest.warns(MatlabCompatWarning, match="cannot be decoded"):
        size = value.elements[1].properties["Size"]
    with pytest.raises(CorruptFileError) as caught:
        size.get()
    file = str(tmp_path / "file.mat")
    assert caught.value.where == (file, "object 2 (nnet.Pool)", ".Size")


def test_objects_can_be_skipped(tmp_path: Path) -> None:
    value = read(tmp_path, layers(), skip_objects=True)

    assert isinstance(value, mv.Damaged)
    assert value.class_name == "nnet.Base"
    with pytest.raises(UnsupportedFileError, match="skip_objects"):
        value.get()


def test_default_properties_stand_beneath_saved_ones(tmp_path: Path) -> None:
    index = files.object_index(["thing", "a"], [(0, 1)], [(1, 0, 1, 0)], plain=[[(2, 1, 0)]])
    none = files.struct_array((1, 1), [])
    defaults = files.struct_array((1, 1), ["a", "b"], files.scalar(1), files.scalar(2))
    content = files.object_file(
        files.opaque("thing", files.reference(1, 1), name="x"),
        index,
        files.scalar(10),
        defaults=files.array(files.CELL, (2, 1), none, defaults),
    )

    properties = read(tmp_path, content).properties

    assert {name: value.item() for name, value in properties.items()} == {"a": 10, "b": 2}


def test_references_inside_cells_and_structs_of_objects_are_looked_up(tmp_path: Path) -> None:
    index = files.object_index(
        ["thing", "a"], [(0, 1)], [(1, 0, 1, 0), (1, 0, 2, 0)], plain=[[(2, 1, 0)], [(2, 1, 1)]]
    )
    bare = files.struct_array((1, 1), ["f"], files.array(files.CELL, (1, 1), files.reference(1, 2)))
    content = files.object_file(
        files.opaque("thing", files.reference(1, 1), name="x"), index, bare, files.scalar(5)
    )

    inner = read(tmp_path, content).properties["a"]["f"][0, 0]

    assert isinstance(inner, mv.MatObject)
    assert inner.properties["a"].item() == 5


@pytest.mark.slow
def test_handle_that_contains_itself_is_the_same_object(tmp_path: Path) -> None:
    value = read(tmp_path, files.corpus()["handle that contains itself"][0])

    assert value.properties["value"] is value


def test_numbers_and_names_kept_in_the_index(tmp_path: Path) -> None:
    index = files.object_index(
        ["thing", "on", "mode", "fast"],
        [(0, 1)],
        [(1, 0, 1, 0)],
        plain=[[(2, 2, 1), (3, 0, 4)]],
    )
    variable = files.opaque("thing", files.reference(1, 1), name="x")

    properties = read(tmp_path, files.object_file(variable, index)).properties

    assert properties["on"].tolist() == [[True]]
    assert properties["mode"] == "fast"


# -- GNU Octave ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def octave_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One set of variables saved by Octave in each of its formats."""
    if shutil.which("octave") is None:
        pytest.skip("GNU Octave is not installed")
    folder = tmp_path_factory.mktemp("octave")
    script = """
        a = reshape(1:24, 2, 3, 4); s.f = {1, 'two'; int8(3), true}; t = 'tëxt';
        m = ['abc'; 'def']; z = [1+2i 3]; p = sparse([1 2], [1 3], [5 6]); e = []; g = single(1.5);
        save('-v6', '{0}/v6.mat'); save('-v7', '{0}/v7.mat');
        m4 = magic(3); t4 = 'text'; save('-v4', '{0}/v4.mat', 'm4', 't4', 'p', 'z');
    """.replace("{0}", str(folder))
    command = ["octave", "--no-gui", "--norc", "-q", "--eval", script]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    return {path.stem: path for path in folder.glob("*.mat")}


@pytest.mark.octave
@pytest.mark.parametrize("format_name", ["v6", "v7"])
def test_octave_files(octave_files: dict[str, Path], format_name: str) -> None:
    with open_mat(octave_files[format_name]) as mat:
        assert mat.level == format_name[1]
        np.testing.assert_array_equal(mat["a"], np.arange(1, 25).reshape((2, 3, 4), order="F"))
        assert [mv.mat_class(v) for v in mat["s"]["f"].flat] == [
            "double",
            "char",
            "int8",
            "logical",
        ]
        assert mat["t"] == "tëxt"
        assert mat["m"].tolist() == [list("abc"), list("def")]
        assert mat["z"].tolist() == [[1 + 2j, 3]]
        assert mat["p"].to_scipy().toarray().tolist() == [[5, 0, 0], [0, 0, 6]]
        assert mat["e"].shape == (0, 0)
        assert mat["g"].dtype == np.float32


@pytest.mark.octave
def test_octave_level4(octave_files: dict[str, Path]) -> None:
    with open_mat(octave_files["v4"]) as mat:
        assert mat.level == "4"
        assert mat["m4"].tolist() == [[8, 1, 6], [3, 5, 7], [4, 9, 2]]
        assert mat["t4"] == "text"
        assert mat["z"].tolist() == [[1 + 2j, 3]]
        assert mat["p"].to_scipy().toarray().tolist() == [[5, 0, 0], [0, 0, 6]]
