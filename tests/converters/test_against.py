"""``verify_against``: a network here, an ONNX file of it in ONNX Runtime.

Expected verdicts: the ONNX file is put together by hand (``onnx_series``); with one bias changed
it is another network.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

import converters
from converters.against import verify_against
from matlab_compat import Network, complexToRealLayer, convolution2dLayer, imageInputLayer
from matlab_compat.errors import DataFormatError, FileAccessError, UnsupportedFileError, UsageError
from tests.converters.onnx_series import SERIES, write_onnx


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_same_network_is_equal_in_either_order_of_dimensions(
    tmp_path: Path, channels_last: bool
) -> None:
    onnx = write_onnx(tmp_path / "a.onnx", channels_last=channels_last)
    report = verify_against(SERIES, onnx)
    assert report.verdict == "equal"
    assert report.outputs[0].shape == (12, 10, 3, 1)
    assert report.environment["against"] == str(onnx)
    assert report.environment["input"] == "random, seed 0"


def test_what_the_input_cannot_show_is_said(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "x.mat", {"X": np.zeros((6, 5, 2))})
    onnx = write_onnx(tmp_path / "a.onnx")
    report = verify_against(SERIES, onnx, input=[str(tmp_path / "x.mat")])
    assert (report.verdict, report.worth) == ("equal", "limited")
    assert report.warnings[0].name == "input all zero"
    assert verify_against(SERIES, onnx).worth == "full"


def test_another_network_is_different_by_what_was_changed(tmp_path: Path) -> None:
    report = verify_against(SERIES, write_onnx(tmp_path / "a.onnx", error=0.25))
    assert report.verdict == "different"
    assert report.outputs[0].max_abs == pytest.approx(0.25, abs=1e-5)
    assert report.outputs[0].outside == 12 * 10  # the one channel whose bias was changed


def test_a_given_input_is_used(tmp_path: Path) -> None:
    X = np.random.default_rng(1).normal(size=(6, 5, 2, 3))
    scipy.io.savemat(tmp_path / "x.mat", {"X": X})
    report = verify_against(
        SERIES, write_onnx(tmp_path / "a.onnx"), input=[str(tmp_path / "x.mat")]
    )
    assert report.verdict == "equal"
    assert report.outputs[0].shape == (12, 10, 3, 3)


def test_seeds_give_different_inputs(tmp_path: Path) -> None:
    onnx = write_onnx(tmp_path / "a.onnx")
    one, other = (verify_against(SERIES, onnx, seed=seed).outputs[0].worst for seed in (0, 1))
    assert one is not None
    assert other is not None
    assert one.expected != other.expected


def test_an_input_of_another_size_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "x.mat", {"X": np.ones((7, 5, 2))})
    with pytest.raises(DataFormatError, match="no order of its dimensions"):
        verify_against(SERIES, write_onnx(tmp_path / "a.onnx"), input=[str(tmp_path / "x.mat")])


def test_complex_data_are_none_for_an_onnx_file(tmp_path: Path) -> None:
    layers = [imageInputLayer([6, 5, 2], Normalization="none"), complexToRealLayer()]
    file = Path(converters.save(Network(layers, kind="dlnetwork"), tmp_path / "net.mat").path)
    scipy.io.savemat(tmp_path / "x.mat", {"X": np.ones((6, 5, 2)) * 1j})
    with pytest.raises(DataFormatError, match="real numeric array, not complex"):
        verify_against(file, write_onnx(tmp_path / "a.onnx"), input=[str(tmp_path / "x.mat")])


def test_files_that_are_no_onnx(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="no such file"):
        verify_against(SERIES, tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(UnsupportedFileError, match="no ONNX model: it is text"):
        verify_against(SERIES, tmp_path / "text.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(600), bytes(range(200, 256))]
)
def test_of_a_file_that_is_no_onnx_no_text_of_onnx_runtime_is_passed_on(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(UnsupportedFileError, match=r"The file is no ONNX model") as caught:
        verify_against(SERIES, tmp_path / "a.onnx")
    assert "ONNXRuntimeError" not in str(caught.value)


def test_without_onnx_runtime_the_remedy_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(UsageError) as caught:
        verify_against(SERIES, write_onnx(tmp_path / "a.onnx"))
    assert "pip install" in caught.value.remedy


def test_without_onnx_runtime_a_file_that_is_no_onnx_is_still_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(UnsupportedFileError, match="no ONNX model: it is text"):
        verify_against(SERIES, tmp_path / "text.onnx")


@pytest.mark.slow
def test_a_small_channel_of_an_onnx_file_has_a_bound_of_its_own(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(3, 3, 2, 2)).astype(np.float32)
    weights[..., 1] *= np.float32(1e-6)

    def network(factor: float) -> Network:
        scaled = weights * np.array([1, factor], np.float32)
        layer = convolution2dLayer(3, 2, Weights=scaled, Bias=np.zeros((1, 1, 2)), Name="c")
        return Network([imageInputLayer([7, 6, 2], Normalization="none", Name="in"), layer])

    converters.save_network(network(1), tmp_path / "net.mat")
    for factor, verdict in ((1.0, "equal"), (1.01, "different")):
        converters.save(network(factor), tmp_path / f"{factor}.onnx")
        report = verify_against(tmp_path / "net.mat", tmp_path / f"{factor}.onnx")
        assert report.verdict == verdict
