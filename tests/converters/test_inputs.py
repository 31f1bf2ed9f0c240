"""Inputs out of files of any kind. Expected values: the arrays that the files were made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from converters.inputs import Reading
from converters.load import load
from converters.matfile import Limits
from matlab_compat import dlnetwork, featureInputLayer, sequenceInputLayer
from matlab_compat.errors import (
    CorruptFileError,
    DataFormatError,
    FileAccessError,
    LimitExceededError,
    UsageError,
)
from matlab_compat.network.pictures import Fit

FIXTURES = Path(__file__).parents[2] / "fixtures"
X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="module")
def classifier() -> Any:
    return load(FIXTURES / "pictures" / "colours.mat")


def network(layer: Any) -> Any:
    return dlnetwork([layer])


def csv(path: Path, text: str = "1,2,3\n4,5,6\n") -> str:
    path.write_text(text)
    return str(path)


def test_a_npy_file_comes_as_it_is(tmp_path: Path, classifier: Any) -> None:
    np.save(tmp_path / "a.npy", X)
    found = Reading().read(str(tmp_path / "a.npy"), classifier).value
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, X)


def test_of_a_npz_file_the_only_array_or_the_one_that_is_named(
    tmp_path: Path, classifier: Any
) -> None:
    np.savez(one := tmp_path / "one.npz", X=X)
    np.savez(two := tmp_path / "two.npz", X=X, Z=X + 1)
    np.testing.assert_array_equal(Reading().read(str(one), classifier).value, X)
    np.testing.assert_array_equal(Reading().read(f"{two}:Z", classifier).value, X + 1)
    with pytest.raises(UsageError, match="2 arrays: X, Z") as caught:
        Reading().read(str(two), classifier)
    assert "two.npz:X" in caught.value.remedy
    with pytest.raises(UsageError, match="no array 'Y'"):
        Reading().read(f"{two}:Y", classifier)


def test_pickles_are_never_opened(tmp_path: Path, classifier: Any) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(DataFormatError, match="numbers are needed"):
        Reading().read(str(tmp_path / "a.npy"), classifier)


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv"])
def test_a_file_that_is_something_else(tmp_path: Path, classifier: Any, ending: str) -> None:
    (tmp_path / f"a{ending}").write_text("hello")
    with pytest.raises(CorruptFileError, match="not what its ending says"):
        Reading().read(str(tmp_path / f"a{ending}"), classifier)
    with pytest.raises(FileAccessError):
        Reading().read(str(tmp_path / f"b{ending}"), classifier)


def test_arrays_beyond_the_limit_are_not_read(tmp_path: Path, classifier: Any) -> None:
    np.save(tmp_path / "a.npy", np.zeros(100))
    np.savez_compressed(tmp_path / "a.npz", X=np.zeros(100))
    csv(tmp_path / "a.csv", "1,2\n" * 100)
    for name in ("a.npy", "a.npz", "a.csv"):
        with pytest.raises(LimitExceededError):
            Reading(limits=Limits(max_bytes=200)).read(str(tmp_path / name), classifier)


def test_rows_of_sequences_are_never_guessed(tmp_path: Path) -> None:
    net = network(sequenceInputLayer(3))
    path = csv(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="time step or a channel") as caught:
        Reading().read(path, net)
    assert "rows='time'" in caught.value.remedy
    by_time = Reading(rows="time").read(path, net).value
    np.testing.assert_array_equal(by_time, [[1, 4], [2, 5], [3, 6]])
    by_channel = Reading(rows="channels").read(path, net).value
    np.testing.assert_array_equal(by_channel, [[1, 2, 3], [4, 5, 6]])


def test_rows_of_features_are_observations(tmp_path: Path) -> None:
    net = network(featureInputLayer(3))
    path = csv(tmp_path / "a.csv")
    np.testing.assert_array_equal(Reading().read(path, net).value, [[1, 2, 3], [4, 5, 6]])
    with pytest.raises(UsageError, match="no meaning"):
        Reading(rows="time").read(path, net)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat", "a.png"])
def test_rows_are_refused_for_what_is_no_csv(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"rows='time' is about \.csv") as caught:
        Reading(rows="time").read(str(tmp_path / name), network(sequenceInputLayer(3)))
    assert "leave it out" in caught.value.remedy


def test_names_in_the_first_line_of_a_csv_are_refused(tmp_path: Path, classifier: Any) -> None:
    with pytest.raises(CorruptFileError) as caught:
        Reading().read(csv(tmp_path / "a.csv", "a,b\n1,2\n"), classifier)
    assert "no line of names" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n3,x\n", "row 2, column 2 is 'x', and no number"),
        ("1;2\n3;4\n", "row 1, column 1 is '1;2', and no number"),
        ("1,2,3\n4,5\n", "row 2 has 2 numbers, and those before it 3"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_said_in_our_words(
    tmp_path: Path, classifier: Any, text: str, said: str
) -> None:
    with pytest.raises(CorruptFileError) as caught:
        Reading().read(csv(tmp_path / "a.csv", text), classifier)
    assert caught.value.what.endswith(f": {said}.")


def test_a_csv_without_numbers_is_empty(tmp_path: Path, classifier: Any) -> None:
    with pytest.raises(DataFormatError, match="empty"):
        Reading().read(csv(tmp_path / "a.csv", ""), classifier)


def test_a_mat_file_is_read_as_before(tmp_path: Path, classifier: Any) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"other": 1, "X": X})
    found = Reading().read(str(tmp_path / "a.mat"), classifier).value
    np.testing.assert_array_equal(found, X)


def test_resizing_is_about_pictures(tmp_path: Path, classifier: Any) -> None:
    np.save(tmp_path / "a.npy", X)
    with pytest.raises(UsageError, match="about pictures"):
        Reading(fit=Fit(resize=True)).read(str(tmp_path / "a.npy"), classifier)


def test_a_picture_is_no_input_of_features() -> None:
    with pytest.raises(DataFormatError, match="takes no pictures"):
        Reading().read(str(FIXTURES / "pictures" / "apple.png"), network(featureInputLayer(3)))


def test_a_network_that_makes_pictures_ready_in_its_own_way_refuses_raw_ones() -> None:
    net = load(FIXTURES / "matconvnet" / "old_form.mat")
    assert net.preparation is not None
    with pytest.raises(DataFormatError, match="made ready") as caught:
        Reading().read(str(FIXTURES / "pictures" / "apple.png"), net)
    assert "net.preprocess" in caught.value.remedy
