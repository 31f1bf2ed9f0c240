"""Networks of MatConvNet as it ran them itself.

Expected values: its own output of every layer, saved by the author of a port (1.2e-6 is what plain
numpy reaches); for those without outputs, that parts which share parameters agree.
"""

from __future__ import annotations

import numpy as np
import pytest

import converters
from matlab_compat import Network
from tests.real import REAL
from tests.truth.cases import matconvnet

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:.*only training uses it"),
]

LAPSRN = REAL / "phoenix104104__LapSRN" / "pretrained_models__MSLapSRN_D5R2.mat"
DCFNET = REAL / "foolwood__DCFNet" / "DCFNet__DCFNet-net-7-125-2.mat"
KEPT = REAL / "foolwood__DCFNet_pytorch" / "track__net_param.mat"


def test_every_layer_gives_what_matconvnet_kept() -> None:
    measured = list(matconvnet(REAL))
    assert len(measured) == 4
    assert [m for m in measured if not m.holds] == []


def test_verify_compares_with_what_is_kept_in_another_file() -> None:
    report = converters.verify(DCFNET, expected=f"{KEPT}:res")
    assert report.verdict == "equal"
    assert len(report.activations) == 4


def test_three_networks_in_one_file_share_what_they_have_learned() -> None:
    network = converters.load(LAPSRN)
    assert isinstance(network, Network)
    assert network.InputNames == ["x2SR_LR", "x4SR_LR", "x8SR_LR"]
    assert network.OutputNames == ["x2SR_2x_output", "x4SR_4x_output", "x8SR_8x_output"]
    assert len(network.shared) == 17
    image = np.random.default_rng(0).uniform(0, 1, (8, 9)).astype(np.float32)
    outputs = network.predict(image, image, image)
    assert [y.shape[:2] for y in outputs] == [(16, 18), (32, 36), (64, 72)]
    # The first level of each is the same computation.
    first = converters.load(LAPSRN, "net.x8SR_2x_output")
    assert isinstance(first, Network)
    assert first.InputNames == ["x8SR_LR"]
    np.testing.assert_allclose(first.predict(image), outputs[0], atol=1e-6)


@pytest.mark.parametrize("name", ["pretrained__net.mat:net", "withRelu.mat:net_relu"])
def test_an_object_of_class_DagNN_runs(name: str) -> None:
    file, _, variable = name.partition(":")
    network = converters.load(REAL / "CielAl__artifact" / file, variable)
    assert isinstance(network, Network)
    assert network.kind == "DagNN"
    assert np.isfinite(network.predict(np.full((40, 40, 3), 0.5, np.float32))).all()
