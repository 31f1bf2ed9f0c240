"""``converters.save_layer``: a round trip is exact, and others read the file.

Expected values: the layer that was saved; and the same fields as scipy and GNU Octave read them.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

import converters
from converters.formats.mat_struct import Level
from matlab_compat.errors import FileAccessError, UsageError
from matlab_compat.layers import TransposedConvolution2DLayer, transposedConv2dLayer
from tests.patience import PATIENCE

LEVELS: tuple[Level, ...] = ("6", "7", "7.3")


@st.composite
def layers(draw: st.DrawFn) -> TransposedConvolution2DLayer:
    """Layers of all sizes, crops, classes, initializers, factors and names; trained or not."""
    sizes = st.integers(1, 4)
    h, w, filters, channels = (draw(sizes) for _ in range(4))
    stride = draw(st.tuples(st.integers(1, min(h, 4)), st.integers(1, min(w, 4))))
    crop: Any = draw(st.just("same") | st.tuples(*[st.integers(0, 9)] * 4))
    options: dict[str, Any] = {
        "Name": draw(st.text(st.characters(exclude_characters="\0"), max_size=12)),
        "WeightsInitializer": draw(st.sampled_from(["glorot", "he", "zeros"])),
        "WeightLearnRateFactor": draw(st.floats(0, 1e9)),
        "BiasL2Factor": draw(st.floats(0, 1, exclude_min=True)),
    }
    if draw(st.booleans()):
        random = np.random.default_rng(draw(st.integers(0, 99)))
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        options["Weights"] = random.normal(size=(h, w, filters, channels)).astype(dtype)
        if draw(st.booleans()):
            options["Bias"] = random.normal(size=(1, 1, filters)).astype(dtype)
    return transposedConv2dLayer((h, w), filters, Stride=stride, Cropping=crop, **options)


@pytest.mark.parametrize("level", LEVELS)
@settings(max_examples=25)
@given(layer=layers())
def test_a_round_trip_is_exact(level: Level, layer: TransposedConvolution2DLayer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.mat"
        converters.save_layer(layer, path, level=level)
        again = converters.load(path)
        with converters.open_mat(path) as mat:
            assert mat.level == level
    assert isinstance(again, TransposedConvolution2DLayer)
    assert again == layer
    # Equality written out once more, bit by bit, without the layer's own __eq__.
    assert repr(again) == repr(layer)
    for name in ("Weights", "Bias"):
        ours, theirs = getattr(again, name), getattr(layer, name)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert ours.tobytes() == theirs.tobytes()


def a_layer(**options: Any) -> TransposedConvolution2DLayer:
    weights = np.arange(3 * 2 * 4 * 5, dtype=np.float32).reshape((3, 2, 4, 5), order="F")
    bias = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 4)
    return transposedConv2dLayer(
        (3, 2), 4, Stride=(2, 1), Cropping=(1, 0, 2, 0), Weights=weights, Bias=bias, **options
    )


@pytest.mark.parametrize("level", ["6", "7"])
def test_scipy_reads_the_fields(tmp_path: Path, level: Level) -> None:
    converters.save_layer(a_layer(Name="up"), tmp_path / "a.mat", level=level)
    saved = scipy.io.loadmat(tmp_path / "a.mat")["layer"][0, 0]
    assert saved["Class"] == ["nnet.cnn.layer.TransposedConvolution2DLayer"]
    assert saved["Name"] == ["up"]
    assert saved["FilterSize"].tolist() == [[3, 2]]
    assert saved["CroppingSize"].tolist() == [[1, 0, 2, 0]]
    np.testing.assert_array_equal(saved["Weights"], a_layer().Weights, strict=True)
    assert saved["Bias"].shape == (1, 1, 4)


@pytest.mark.octave
def test_octave_reads_the_values(tmp_path: Path) -> None:
    levels: tuple[Level, ...] = ("6", "7")  # Octave does not read 7.3
    for level in levels:
        converters.save_layer(a_layer(), tmp_path / f"{level}.mat", level=level, variable="up")
    script = """
      files = {"6.mat", "7.mat"};
      for i = 1:numel (files)
        s = load (files{i}).up;
        printf ("%s %s %d %d %d %d %g %d;", class (s.Weights), s.CroppingMode, size (s.Weights),
                s.Weights(3,2,4,5), s.Stride(1));
      end
    """
    done = subprocess.run(
        ["octave", "--norc", "--quiet", "--eval", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    # The last element of 0, 1, 2 ... 119.
    assert done.stdout == "single manual 3 2 4 5 119 2;" * 2


def test_the_variable_can_be_named(tmp_path: Path) -> None:
    converters.save_layer(a_layer(), tmp_path / "a.mat", variable="decoder")
    assert converters.load(tmp_path / "a.mat", variable="decoder") == a_layer()


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(b"precious")
    with pytest.raises(UsageError, match="There is a file"):
        converters.save_layer(a_layer(), path)
    assert path.read_bytes() == b"precious"
    converters.save_layer(a_layer(), path, overwrite=True)
    assert converters.load(path) == a_layer()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mat"]


def test_an_initializer_that_is_a_function_cannot_be_saved(tmp_path: Path) -> None:
    layer = transposedConv2dLayer(3, 4, WeightsInitializer=lambda size: np.zeros(size))
    with pytest.raises(UsageError, match="WeightsInitializer is a Python function"):
        converters.save_layer(layer, tmp_path / "a.mat")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError):
        converters.save_layer(a_layer(), tmp_path / "none" / "a.mat")
