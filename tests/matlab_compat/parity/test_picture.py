"""The network with the error along it. Expected values: the activations, changed by hand."""

from __future__ import annotations

import numpy as np

from matlab_compat import Network, featureInputLayer, fullyConnectedLayer, reluLayer
from matlab_compat.pages.diagram import Box
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import together
from matlab_compat.parity.reports.html import html_page

X = np.array([[1.0, -2.0]])


def boxes(off: float = 0.0) -> dict[str, Box]:
    fc = fullyConnectedLayer(2, Name="fc", Weights=np.eye(2), Bias=np.zeros((2, 1)))
    net = Network([featureInputLayer(2, Name="in"), fc, reluLayer(Name="relu")])
    activations = {"fc": X.T + off}
    report = verify_network(net, [X], {"Y": np.maximum(X + off, 0)}, activations=activations)
    (drawn,) = report.pictures
    assert drawn.svg(alone=False) in html_page(together([report], {}), "net.mat")
    return {box.name: box for box in drawn.boxes}


def test_layers_that_were_compared_have_their_verdict_and_error() -> None:
    found = boxes()
    assert [found[name].mark for name in ("in", "fc", "relu")] == ["", "equal", "equal"]
    assert found["fc"].size == "0× allowed"
    assert found["in"].size == ""


def test_a_layer_that_differs_is_marked_with_how_far() -> None:
    found = boxes(off=1.0)
    assert [found[name].mark for name in ("in", "fc", "relu")] == ["", "different", "different"]
    assert float(found["fc"].size.removesuffix("× allowed")) > 1000
