"""What ``convert`` and ``save`` leave behind, whatever happens.

Expected values: which files lie in the folder afterwards, written out; figures of precision by
numpy's norms.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import converters
from converters.formats import Format, Options, Prepared, suffixes
from converters.formats.torch_file import TorchFile
from matlab_compat import (
    Network,
    convolution2dLayer,
    dlnetwork,
    featureInputLayer,
    fullyConnectedLayer,
    imageInputLayer,
    reluLayer,
    transposedConv2dLayer,
)
from matlab_compat.errors import (
    FileAccessError,
    MatlabCompatWarning,
    PropertyError,
    UnsupportedLayerError,
    UsageError,
)
from matlab_compat.layers import Layer
from matlab_compat.layers.unsupported import UnsupportedLayer
from tests.cli.command import forked

from .formats.models import segmentation, sequence

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "same_odd.v7.mat"


def layer() -> Layer:
    return transposedConv2dLayer(3, 2, Cropping="same").initialize(3, seed=0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- places ------------------------------------------------------------------------------


def test_a_file_is_converted_under_its_own_name(tmp_path: Path) -> None:
    done = converters.convert(FIXTURE, tmp_path / "up.pt")
    assert (done.exit_code, done.layers, len(done.outputs)) == (0, 1, 1)
    assert done.path == str(tmp_path / "up.pt")
    assert names(tmp_path) == ["up.pt"]


def test_an_unknown_ending_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no target '\.h5'") as caught:
        converters.save(layer(), tmp_path / "net.h5")
    assert all(suffix in caught.value.remedy for suffix in (".onnx", ".pt2", ".safetensors"))
    assert names(tmp_path) == []


def test_every_ending_has_a_target(tmp_path: Path) -> None:
    assert {".pt", ".pth", ".safetensors", ".pt2", ".onnx", ".mat"} <= set(suffixes())


def test_an_existing_file_stays(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"mine")
    with pytest.raises(UsageError, match="There is a file of that name") as caught:
        converters.save(layer(), tmp_path / "net.pt")
    assert "overwrite=True" in caught.value.remedy
    assert (tmp_path / "net.pt").read_bytes() == b"mine"
    assert names(tmp_path) == ["net.pt"]


def test_an_existing_file_is_replaced_if_asked(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"mine")
    converters.save(layer(), tmp_path / "net.pt", overwrite=True)
    assert isinstance(converters.load(tmp_path / "net.pt"), Layer)
    assert names(tmp_path) == ["net.pt"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "net.pt").mkdir()
    with pytest.raises(FileAccessError, match="cannot be written"):
        converters.save(layer(), tmp_path / "net.pt", overwrite=True)
    assert (tmp_path / "net.pt").is_dir()
    assert names(tmp_path) == ["net.pt"]


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".pt2", ".onnx", ".mat"])
def test_a_missing_folder_is_said_to_be_missing(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FileAccessError, match="No such file") as caught:
        converters.save(layer(), tmp_path / "absent" / f"net{suffix}")
    assert "check that the folder exists" in caught.value.remedy


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that nobody may write to")
def test_an_unwritable_folder_is_refused() -> None:
    with pytest.raises(FileAccessError, match="cannot be written"):
        converters.save(layer(), "/proc/self/net.pt")


# --- failures on the way -----------------------------------------------------------------


def save_on_a_full_disk(path: str) -> None:
    """Runs in a process of its own."""
    import resource

    large = transposedConv2dLayer(9, 40).initialize(30, seed=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        converters.save(large, path)
    except FileAccessError as error:
        print(error)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".pt2", ".onnx", ".mat"])
def test_where_a_disk_is_full_nothing_is_left(tmp_path: Path, suffix: str) -> None:
    """A limit on the size of files stops the writers where a full disk would; in a process alone.

    torch's own writers end the whole process there.
    """
    done = forked(save_on_a_full_disk, str(tmp_path / f"net{suffix}"))
    assert done.returncode == 0, done.stderr
    assert "cannot be written: File too large" in done.stdout
    assert "has room" in done.stdout
    assert names(tmp_path) == []


def interrupting(error: BaseException, after: bytes) -> Any:
    def write(self: Format, prepared: Prepared, path: Path) -> None:
        path.write_bytes(after)
        raise error

    return write


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), FileAccessError),
        (MemoryError(), MemoryError),
    ],
)
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
) -> None:
    (tmp_path / "net.pt").write_bytes(b"old")
    monkeypatch.setattr(TorchFile, "write", interrupting(error, b"half"))
    with pytest.raises(raised):
        converters.save(layer(), tmp_path / "net.pt", overwrite=True)
    assert (tmp_path / "net.pt").read_bytes() == b"old"
    assert names(tmp_path) == ["net.pt"]


# --- proof -------------------------------------------------------------------------------


def changed(self: Format, path: Path, inputs: Any, options: Options) -> tuple[NDArray[Any], ...]:
    with torch.inference_mode():
        y = layer().to_torch(None, options.dtype)(*inputs).numpy()
    y[0, 0, 0, 0] += 1
    return (y,)


def test_what_computes_something_else_is_kept_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TorchFile, "run", changed)
    done = converters.save(layer(), tmp_path / "net.pt")
    assert done.exit_code == 1
    assert done.path == str(tmp_path / "net.different.pt")
    assert names(tmp_path) == ["net.different.pt"]
    assert done.outputs[0].max_abs == pytest.approx(1, abs=1e-5)


def small_channel() -> Layer:
    """A convolution whose second filter is a million times smaller than the first."""
    weights = np.random.default_rng(0).normal(size=(3, 3, 2, 2)).astype(np.float32)
    weights[..., 1] *= np.float32(1e-6)
    return convolution2dLayer(3, 2, Weights=weights, Bias=np.zeros((1, 1, 2)))


@pytest.mark.parametrize("mistake", ["noise", "small channel"])
def test_what_was_written_does_not_set_its_own_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    """Noise of 1.5 % of the largest, and one per cent of a small channel."""

    def wrong(self: Format, path: Path, inputs: Any, options: Options) -> tuple[NDArray[Any], ...]:
        with torch.inference_mode():
            y = small_channel().to_torch(None, options.dtype)(*inputs).numpy()
        if mistake == "noise":
            noise = np.random.default_rng(1).uniform(-1, 1, y.shape)
            return ((y + 0.015 * np.abs(y).max() * noise).astype(np.float32),)
        y[:, 1] *= np.float32(1.01)
        return (y,)

    assert converters.save(small_channel(), tmp_path / "right.pt").exit_code == 0
    monkeypatch.setattr(TorchFile, "run", wrong)
    assert converters.save(small_channel(), tmp_path / "net.pt").exit_code == 1


def test_an_existing_file_survives_a_conversion_that_computes_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.pt").write_bytes(b"old")
    monkeypatch.setattr(TorchFile, "run", changed)
    assert converters.save(layer(), tmp_path / "net.pt", overwrite=True).exit_code == 1
    assert (tmp_path / "net.pt").read_bytes() == b"old"


def test_what_is_written_beside_does_not_replace_the_input(tmp_path: Path) -> None:
    """net.m needs its weights in net.mat, which is where they come from."""
    source = tmp_path / "net.mat"
    source.write_bytes(before := FIXTURE.read_bytes())
    with pytest.raises(UsageError, match=r"net\.mat would be replaced"):
        converters.convert(source, tmp_path / "net.m", overwrite=True)
    assert source.read_bytes() == before


def test_without_check_nothing_is_compared_and_it_says_so(tmp_path: Path) -> None:
    done = converters.save(layer(), tmp_path / "net.pt", check=False)
    assert (done.outputs, done.costs, done.unchecked) == ((), (), "not asked for")


def test_a_layer_that_needs_indices_says_that_random_inputs_do_not_suit(tmp_path: Path) -> None:
    from matlab_compat import maxUnpooling2dLayer

    done = converters.save(maxUnpooling2dLayer(), tmp_path / "net.pt")
    assert "does not run on random inputs" in done.unchecked


@pytest.mark.filterwarnings("ignore:.*training that diverged")
def test_weights_that_are_no_numbers_are_the_reason_why_nothing_is_compared(tmp_path: Path) -> None:
    weights = np.full((2, 3), np.nan, np.float32)
    layers = [featureInputLayer(3), fullyConnectedLayer(2, Name="fc", Weights=weights, Bias=[0, 0])]
    done = converters.save(Network(layers, kind="dlnetwork"), tmp_path / "net.pt")
    assert done.unchecked.startswith("the weights of 'fc' hold NaN or Inf")


def test_layers_that_cannot_be_built_are_all_named(tmp_path: Path) -> None:
    own = [UnsupportedLayer("my.Layer", {"Name": name}, "not registered") for name in ("a", "b")]
    with pytest.raises(UnsupportedLayerError, match="2 of 3 layers") as caught:
        converters.save(
            Network([imageInputLayer((4, 4, 1), Normalization="none"), *own]), tmp_path / "net.pt"
        )
    assert "'a'" in str(caught.value)
    assert "'b'" in str(caught.value)
    assert names(tmp_path) == []


# --- precision ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["single", "half", "bfloat16", "double"])
def test_the_cost_of_a_precision_is_its_distance_to_float64(tmp_path: Path, dtype: str) -> None:
    done = converters.save(layer(), tmp_path / "net.pt", options=Options(dtype))
    (cost,) = done.costs
    from converters.examples import example_inputs
    from matlab_compat.engine.precision import torch_dtype

    (x,) = example_inputs(layer())
    with torch.inference_mode():  # as in use: gradients take another algorithm
        exact, written, single = (
            layer().to_torch(None, name)(x.to(torch_dtype(name))).double().numpy()
            for name in ("double", dtype, "single")
        )
    size = np.linalg.norm(exact)
    assert cost.written == pytest.approx(np.linalg.norm(written - exact) / size, rel=1e-6)
    assert cost.single == pytest.approx(np.linalg.norm(single - exact) / size, rel=1e-6)
    assert cost.single < 1e-6


def test_every_output_has_its_cost(tmp_path: Path) -> None:
    done = converters.save(sequence(), tmp_path / "net.pt", options=Options("half"))
    assert [cost.dtype for cost in done.costs] == ["half"]
    assert 10 < done.costs[0].times_single < 1e6


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="dtype must be one of"):
        converters.save(layer(), tmp_path / "net.pt", options=Options("quarter"))
    assert names(tmp_path) == []


# --- normalization -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".pt2", ".onnx"])
def test_stripped_normalization_lies_beside_the_model(tmp_path: Path, suffix: str) -> None:
    network = segmentation()
    options = Options(strip_normalization=True)
    done = converters.save(network, tmp_path / f"net{suffix}", options=options)
    assert names(tmp_path) == sorted([f"net{suffix}", "net.normalization.mat"])
    assert done.beside == (str(tmp_path / "net.normalization.mat"),)
    assert done.exit_code == 0
    with converters.open_mat(tmp_path / "net.normalization.mat") as mat:
        struct = mat["image_in"]
    assert struct["Normalization"] == "zerocenter"
    assert struct["Name"] == "image/in"
    expected = np.arange(2, dtype=np.float32).reshape(1, 1, 2) + 0.5
    np.testing.assert_array_equal(struct["Mean"], expected)


def test_the_stripped_model_on_normalized_data_is_the_model(tmp_path: Path) -> None:
    network = segmentation()
    options = Options(strip_normalization=True)
    done = converters.save(network, tmp_path / "net.pt", options=options)
    stripped = converters.load(done.path)
    X = np.random.default_rng(0).standard_normal((9, 7, 2, 1)).astype(np.float32)
    mean = np.arange(2, dtype=np.float32).reshape(1, 1, 2, 1) + 0.5
    np.testing.assert_allclose(stripped.predict(X - mean), network.predict(X), rtol=1e-6)


def test_without_a_normalization_nothing_lies_beside(tmp_path: Path) -> None:
    network = Network([imageInputLayer((4, 4, 1), Normalization="none"), reluLayer()])
    done = converters.save(network, tmp_path / "n.pt", options=Options(strip_normalization=True))
    assert done.beside == ()
    assert names(tmp_path) == ["n.pt"]


def test_existing_constants_stay(tmp_path: Path) -> None:
    (tmp_path / "net.normalization.mat").write_bytes(b"mine")
    with pytest.raises(UsageError, match="There is a file of that name"):
        converters.save(
            segmentation(), tmp_path / "net.pt", options=Options(strip_normalization=True)
        )
    assert names(tmp_path) == ["net.normalization.mat"]


@pytest.mark.parametrize("name", ["graph.mat", "graph.m"])
def test_an_untrained_graph_goes_back_to_matlab_unchecked(tmp_path: Path, name: str) -> None:
    graph = Network(
        [
            imageInputLayer([8, 8, 1], Name="in", Normalization="none"),
            convolution2dLayer(3, 2, Name="conv"),
        ],
        kind="LayerGraph",
    )
    done = converters.save(graph, tmp_path / name)
    assert (done.exit_code, done.unchecked) == (0, "the network has not been trained")
    with pytest.raises(PropertyError, match="has not been trained"):
        converters.save(graph, tmp_path / "graph.pt")


# --- what is said ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".pt", ".mat", ".safetensors", ".m"])
def test_weights_without_numbers_are_warned_of_once(tmp_path: Path, ending: str) -> None:
    weights = np.ones((3, 4), np.float32)
    weights[0, 0] = np.nan
    with pytest.warns(MatlabCompatWarning):
        network = dlnetwork([featureInputLayer(4), fullyConnectedLayer(3, Weights=weights)])
    with warnings.catch_warnings(action="ignore"):
        converters.save_network(network, tmp_path / "net.mat")
    with pytest.warns(MatlabCompatWarning, match="holds NaN or Inf") as caught:
        converters.convert(tmp_path / "net.mat", tmp_path / f"out{ending}")
    assert len(caught) == 1
