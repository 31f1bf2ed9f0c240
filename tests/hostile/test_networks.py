"""Networks that contradict themselves: an error or a placeholder, never a foreign exception.

Both were found by fuzzing (tests/fuzz); what must happen is from this project's own rules.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import load
from converters.matfile.values import MatObject, ObjectArray, Value
from converters.networks import build_network
from converters.readers import native
from matlab_compat.errors import PropertyError
from tests.converters.exports import fields, save


def test_a_network_that_contains_itself_ends() -> None:
    def inside() -> dict[str, Value]:
        return {"Name": "inner", "Network": network}

    def outside() -> dict[str, Value]:
        layer = MatObject("nnet.cnn.layer.ReLULayer", inside)
        return {"Layers": ObjectArray("nnet.cnn.layer.Layer", (1, 1), [layer])}

    network = MatObject("SeriesNetwork", outside)
    built = build_network(native.saved_network(network, ("net",)))
    assert [layer.Name for layer in built.Layers] == ["inner"]


def test_an_invalid_CroppingSize_beside_Cropping_is_a_property_error(tmp_path: Path) -> None:
    layer = fields(Cropping=np.ones((1, 2)), CroppingSize=-1.5)
    path = save(tmp_path / "layer.mat", s=layer)
    with pytest.raises(PropertyError, match="CroppingSize"):
        load(path)
