"""Every real MATLAB file, compared value by value with what mat-io makes of it.

mat-io (a reader by other people) is the oracle, with its conversions switched off, and ours
switched off too so that raw properties meet raw properties. One thing is known to be wrong
in mat-io and excepted: it gives the elements of an object array the class of the array.
The classes that stand in the object store are checked against the layers that the networks
are known to have (the list beside the files, ``INDEX.md``).
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from converters.matfile import open_mat, plain
from converters.matfile import values as mv

with warnings.catch_warnings():  # mat-io sets an option that pandas has deprecated
    warnings.simplefilter("ignore")
    matio = pytest.importorskip("matio")
    from matio.utils.matclass import (
        EmptyMatStruct,
        MatlabCanonicalEmpty,
        MatlabEnumerationArray,
        MatlabFunction,
        MatlabObject,
        MatlabOpaque,
        MatlabOpaqueArray,
        MatlabOpaqueProperty,
    )

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "real"
FILES = sorted(REAL.glob("*/*.mat")) if REAL.is_dir() else []
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FILES, reason="the real files are not here"),
]


def identity(path: Path) -> str:
    """A short name of a file for the test report."""
    return f"{path.parent.name[:24]}/{path.name[-32:]}"


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_every_value_is_what_mat_io_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "CONVERTERS", {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = matio.load_from_mat(path, raw_data=True, spmatrix=False)
    theirs.pop("__globals__", None)

    with open_mat(path) as ours:
        assert set(ours) == set(theirs)
        compared = sum(compare(ours[name], theirs[name], name) for name in ours)

    assert compared >= len(theirs)


def compare(ours: Any, theirs: Any, name: str) -> int:
    """Assert that two values are the same to the last property; how many were looked at."""
    waiting, seen, count = [(ours, theirs, name)], set(), 0
    while waiting:
        mine, other, where = waiting.pop()
        if isinstance(mine, mv.MatObject):
            if id(mine) in seen:
                continue
            seen.add(id(mine))
        count += 1
        waiting += [(a, b, where + step) for a, b, step in pairs(mine, other, where)]
    return count


def pairs(ours: Any, theirs: Any, where: str) -> list[tuple[Any, Any, str]]:
    """Compare one level; what is inside comes back in pairs."""
    if isinstance(theirs, MatlabOpaqueProperty):
        assert ours == theirs if isinstance(ours, str) else ours.item() == int(theirs), where
        return []
    if isinstance(theirs, MatlabOpaque):
        return object_pairs(ours, theirs, where)
    if isinstance(theirs, MatlabOpaqueArray):
        assert isinstance(ours, mv.ObjectArray), where
        assert (ours.class_name, ours.shape) == (theirs.classname, theirs.shape), where
        flat = theirs.ravel(order="F")
        # mat-io gives each element the class of the array, so only properties are compared.
        return [
            (mine.properties, other.properties, f"({i})")
            for i, (mine, other) in enumerate(zip(ours.elements, flat, strict=True))
        ]
    if isinstance(ours, dict):
        assert isinstance(theirs, dict), where
        return dict_pairs(ours, theirs, where)
    if isinstance(theirs, MatlabFunction):
        assert isinstance(ours, mv.FunctionHandle), where
        return [(ours.raw, np.asarray(theirs), "@")]
    if isinstance(ours, mv.FunctionHandle):
        return [(ours.raw, theirs[1, 0], "@")]
    if isinstance(theirs, MatlabObject):
        return legacy_pairs(ours, theirs, where)
    assert not isinstance(theirs, MatlabEnumerationArray), where
    return plain_pairs(ours, theirs, where)


def object_pairs(ours: Any, theirs: MatlabOpaque, where: str) -> list[tuple[Any, Any, str]]:
    """Objects: the same class, and the properties in pairs."""
    assert ours.class_name == theirs.classname, where
    if isinstance(ours, mv.ObjectArray):
        assert ours.shape == tuple(int(n) for n in theirs.properties), where
        return []
    assert isinstance(ours, mv.MatObject), where
    if isinstance(theirs.properties, np.ndarray) and not theirs.properties.dtype.names:
        return []  # mat-io left the bare reference where it stands
    if isinstance(theirs.properties, np.ndarray):  # an enumeration
        assert ours.properties["Name"] in theirs.properties[0, 0]["ValueNames"].ravel(), where
        return []
    return dict_pairs(ours.properties, theirs.properties or {}, where)


def dict_pairs(ours: dict, theirs: dict, where: str) -> list[tuple[Any, Any, str]]:
    """Properties by name."""
    assert set(ours) == set(theirs), where
    return [(ours[key], theirs[key], f".{key}") for key in ours]


def legacy_pairs(ours: Any, theirs: Any, where: str) -> list[tuple[Any, Any, str]]:
    """Old-style objects: structs with the name of a class."""
    assert ours.class_name == theirs.classname, where
    elements = ours.elements if isinstance(ours, mv.ObjectArray) else [ours]
    flat = np.asarray(theirs).ravel(order="F")
    return [
        (element.properties[key], row[key], f".{key}")
        for element, row in zip(elements, flat, strict=True)
        for key in theirs.dtype.names
    ]


def plain_pairs(ours: Any, theirs: Any, where: str) -> list[tuple[Any, Any, str]]:
    """Arrays of every kind that numpy or scipy holds."""
    assert not isinstance(ours, mv.Damaged), f"{where}: {ours}"
    if isinstance(theirs, EmptyMatStruct):
        assert isinstance(ours, mv.StructArray), where
        assert not ours.fields, where
        return []
    if isinstance(theirs, MatlabCanonicalEmpty):
        assert (ours.dtype, ours.shape) == (np.float64, (0, 0)), where
        return []
    if scipy.sparse.issparse(theirs):
        assert isinstance(ours, mv.SparseArray), where
        assert (ours.to_scipy() != theirs).nnz == 0, where
        return []
    if theirs.dtype.names:
        return struct_pairs(ours, theirs, where)
    if theirs.dtype == object:
        assert ours.dtype == object, where
        assert ours.shape == theirs.shape, where
        return [
            (a, b, f"{{{i}}}") for i, (a, b) in enumerate(zip(ours.flat, theirs.flat, strict=True))
        ]
    if theirs.dtype.kind == "U":
        assert text_rows(ours) == [str(row) for row in theirs.ravel()], where
        return []
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
    np.testing.assert_array_equal(ours, theirs, err_msg=where)
    return []


def struct_pairs(ours: Any, theirs: Any, where: str) -> list[tuple[Any, Any, str]]:
    """Struct arrays, element by element."""
    assert isinstance(ours, mv.StructArray), where
    assert ours.shape == theirs.shape, where
    assert tuple(ours.fields) == theirs.dtype.names, where
    return [
        (a, b, f".{key}")
        for key in ours.fields
        for a, b in zip(ours.fields[key], theirs[key].ravel(order="F"), strict=True)
    ]


def text_rows(text: Any) -> list[str]:
    """Text as mat-io has it: one string for each row."""
    if isinstance(text, str):
        return [text] if text else []
    return ["".join(row) for row in text.reshape(text.shape[0], -1)]


# -- classes of the elements of object arrays ----------------------------------------------


def layer_classes(path: Path) -> Counter[str]:
    """How often each class occurs in the array ``Layers`` of the network in a file."""
    with open_mat(path) as mat:
        network = next(v for v in mat.values() if isinstance(v, mv.MatObject))
        layers = network.properties["any"]["Layers"]
    assert isinstance(layers, mv.ObjectArray)
    assert layers.class_name == "nnet.cnn.layer.Layer"
    return Counter(layer.class_name.rpartition(".")[2] for layer in layers.elements)


@pytest.mark.parametrize("release", ["2019_DAGNetworks", "2024b_DAGNetworks"])
def test_layers_of_the_unet_have_their_own_classes(release: str) -> None:
    # A 4-level U-Net: 4 transposed convolutions, poolings and concatenations.
    (path,) = REAL.glob(f"reedchen19*/*{release}*.mat")

    classes = layer_classes(path)

    assert classes["TransposedConvolution2DLayer"] == 4
    assert classes["MaxPooling2DLayer"] == 4
    assert classes["ConcatenationLayer"] == 4
    assert sum(classes.values()) == 51
    assert "Layer" not in classes


def test_transposed_convolution_in_a_series_network() -> None:
    (path,) = REAL.glob("Ryo-Onishi*/*.mat")

    classes = layer_classes(path)

    assert classes["TransposedConvolution2DLayer"] == 1
    assert classes["ImageInputLayer"] == 1
    assert classes["RegressionOutputLayer"] == 1


def test_objects_of_level_73_have_their_own_classes() -> None:
    (path,) = REAL.glob("nahueldeniz*/lstm_net.mat")

    classes = layer_classes(path)

    assert classes["LSTMLayer"] == classes["SequenceInputLayer"] == 1


# -- plain values --------------------------------------------------------------------------


def test_labels_are_categorical() -> None:
    # 10 000 labels of handwritten digits; the test set of MNIST has 980 zeros.
    (path,) = REAL.glob("Neelanjana314__Trained*/Data__MNIST__Y_Test_cat.mat")

    with open_mat(path) as mat:
        labels = mat["YYtest"]

    assert isinstance(labels, mv.Categorical)
    assert labels.categories == [str(digit) for digit in range(10)]
    assert labels.codes.size == 10_000
    assert labels.labels().count("0") == 980


def test_connections_are_a_table() -> None:
    (path,) = REAL.glob("cfobrien*/dncnn.mat")

    with open_mat(path) as mat:
        table = mat["dncnn"].properties["any"]["Connections"]

    assert isinstance(table, mv.Table)
    assert list(table.columns) == ["Source", "Destination"]
    assert table.columns["Source"][0, 0] == "Input"


def test_strings_are_text() -> None:
    (path,) = REAL.glob("verivital*/*.mat")

    with open_mat(path) as mat:
        names = mat["classNames"]

    assert names.dtype.kind == "T"
    assert names.ravel()[0] == "zero"


def test_nothing_in_a_real_file_is_damaged() -> None:
    from tests.hostile.level5_child import errors_of

    assert {path.name: errors for path in FILES if (errors := errors_of(path))} == {}
