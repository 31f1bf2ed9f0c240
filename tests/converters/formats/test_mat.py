"""``.mat``: what scipy reads of the struct is what the layer holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io

import converters
from matlab_compat import transposedConv2dLayer


def test_scipy_reads_the_properties_of_a_layer(tmp_path: Path) -> None:
    layer = transposedConv2dLayer((3, 2), 4, Cropping=(0, 1, 2, 0), Name="up")
    layer = layer.initialize(2, seed=0)
    done = converters.save(layer, tmp_path / "up.mat")
    assert done.exit_code == 0
    struct = scipy.io.loadmat(done.path)["layer"]
    np.testing.assert_array_equal(struct["Weights"][0, 0], layer.Weights)
    assert struct["CroppingSize"][0, 0].tolist() == [[0, 1, 2, 0]]
    assert struct["Name"][0, 0].item() == "up"


def test_the_layer_comes_back(tmp_path: Path) -> None:
    layer = transposedConv2dLayer(3, 4, Stride=2, Cropping="same").initialize(2, seed=0)
    back = converters.load(converters.save(layer, tmp_path / "up.mat").path)
    assert back.Stride == (2, 2)
    assert back.CroppingMode == "same"
    np.testing.assert_array_equal(back.Weights, layer.Weights)
