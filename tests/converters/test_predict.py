"""``converters.predict``. Expected values: Octave's Y in the fixtures, read by scipy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from converters.predict import predict
from matlab_compat.errors import UnsupportedLayerError, UsageError
from tests.converters.exports import fancy, save

FIXTURES = Path(__file__).parents[2] / "fixtures"
BATCH = FIXTURES / "batch_of_three.v7.mat"


@pytest.mark.parametrize("name", ["batch_of_three", "manual_asymmetric", "one_channel"])
def test_y_is_saved_in_matlab_order_as_scipy_reads_it(tmp_path: Path, name: str) -> None:
    file = FIXTURES / f"{name}.v7.mat"
    expected = scipy.io.loadmat(file)["Y"]
    returned = predict(file, str(file), tmp_path / "y.mat").outputs
    saved = scipy.io.loadmat(tmp_path / "y.mat")["Y"]
    assert saved.dtype == np.float32
    np.testing.assert_array_equal(saved.reshape(returned["Y"].shape), returned["Y"])
    np.testing.assert_allclose(saved.reshape(expected.shape, order="F"), expected, atol=1e-5)


@pytest.mark.parametrize(("dtype", "saved"), [("double", np.float64), ("half", np.float32)])
def test_the_class_of_y(tmp_path: Path, dtype: str, saved: type) -> None:
    predict(BATCH, f"{BATCH}:X", tmp_path / "y.mat", dtype=dtype)
    assert scipy.io.loadmat(tmp_path / "y.mat")["Y"].dtype == saved


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    (tmp_path / "y.mat").write_bytes(b"precious")
    with pytest.raises(UsageError, match="There is a file") as caught:
        predict(BATCH, str(BATCH), tmp_path / "y.mat")
    assert "overwrite=True" in caught.value.remedy
    assert (tmp_path / "y.mat").read_bytes() == b"precious"
    predict(BATCH, str(BATCH), tmp_path / "y.mat", overwrite=True)
    assert "Y" in scipy.io.loadmat(tmp_path / "y.mat")


def test_a_layer_that_this_version_cannot_run(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fancy())
    with pytest.raises(UnsupportedLayerError):
        predict(path, str(BATCH), tmp_path / "y.mat")
    assert list(tmp_path.iterdir()) == [path]
