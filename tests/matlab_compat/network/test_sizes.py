"""Sizes along a network by arithmetic.

Expected values: torch's own, which runs each layer on a tensor without data
(:func:`matlab_compat.execution.propagate.walk`); of inputs that do not fit, MATLAB's pages.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

import matlab_compat as mc
from matlab_compat.data_format import torch_axes
from matlab_compat.engine.initializers import generator
from matlab_compat.execution.propagate import walk
from matlab_compat.layers import (
    KerasTanhLayer,
    MatConvNetConvTransposeLayer,
    OnnxSigmoidLayer,
)
from matlab_compat.network import Network
from tests.patience import PATIENCE

IMAGE = mc.imageInputLayer([13, 10, 6])
SEQUENCE = mc.sequenceInputLayer(6, MinLength=9)
VIDEO = mc.sequenceInputLayer([13, 10, 6], MinLength=4)
VOLUME = mc.image3dInputLayer([9, 8, 7, 2])

CHAINS: dict[str, list[mc.Layer]] = {
    "convolution": [IMAGE, mc.convolution2dLayer([3, 2], 4, Stride=[2, 3], DilationFactor=[2, 1])],
    "convolution, padded": [IMAGE, mc.convolution2dLayer(4, 5, Padding=[1, 0, 2, 3], Stride=3)],
    "convolution, same": [IMAGE, mc.convolution2dLayer(4, 5, Padding="same", Stride=[3, 4])],
    "convolution, channel-wise": [IMAGE, mc.groupedConvolution2dLayer(3, 2, "channel-wise")],
    "convolution in groups": [IMAGE, mc.groupedConvolution2dLayer(3, 4, 3, Stride=2)],
    "convolution, causal": [SEQUENCE, mc.convolution1dLayer(3, 4, Padding="causal", Stride=2)],
    "convolution over time": [SEQUENCE, mc.convolution1dLayer(4, 5, DilationFactor=2)],
    "convolution of video": [VIDEO, mc.convolution2dLayer(3, 4)],
    "convolution in space and time": [VIDEO, mc.convolution3dLayer([3, 3, 2], 4)],
    "convolution of volumes": [VOLUME, mc.convolution3dLayer(3, 4, Stride=2, Padding=1)],
    "transposed": [
        IMAGE,
        mc.transposedConv2dLayer([4, 5], 3, Stride=[2, 3], Cropping=[1, 0, 2, 1]),
    ],
    "transposed, same": [IMAGE, mc.transposedConv2dLayer(5, 3, Stride=4, Cropping="same")],
    "transposed, in groups": [
        IMAGE,
        MatConvNetConvTransposeLayer(FilterSize=[3, 2], NumFilters=2, NumGroups=3, Stride=2),
    ],
    "transposed over time": [SEQUENCE, mc.transposedConv1dLayer(4, 3, Stride=2)],
    "pooling": [IMAGE, mc.maxPooling2dLayer([3, 2], Stride=[2, 4])],
    "pooling, same": [IMAGE, mc.averagePooling2dLayer(3, Stride=4, Padding="same")],
    "pooling over time": [SEQUENCE, mc.maxPooling1dLayer(2, Stride=2, Padding=1)],
    "global pooling": [IMAGE, mc.globalAveragePooling2dLayer()],
    "global pooling over time": [SEQUENCE, mc.globalMaxPooling1dLayer()],
    "fully connected": [IMAGE, mc.fullyConnectedLayer(7), mc.softmaxLayer()],
    "fully connected, each step": [SEQUENCE, mc.fullyConnectedLayer(7)],
    "flatten": [IMAGE, mc.flattenLayer(), mc.reluLayer()],
    "flatten, each step": [VIDEO, mc.flattenLayer()],
    "lstm": [SEQUENCE, mc.lstmLayer(5), mc.gruLayer(4, OutputMode="last")],
    "bilstm": [SEQUENCE, mc.bilstmLayer(5)],
    "lstm with states": [SEQUENCE, mc.lstmLayer(5, HasStateOutputs=True)],
    "attention": [SEQUENCE, mc.selfAttentionLayer(2, 8)],
    "resize": [IMAGE, mc.resize2dLayer(OutputSize=[5, 7]), mc.resize2dLayer(Scale=2)],
    "elementwise": [IMAGE, mc.batchNormalizationLayer(), mc.leakyReluLayer(), mc.dropoutLayer()],
    "activations": [IMAGE, mc.geluLayer(), mc.scalingLayer(Scale=2), mc.softplusLayer()],
    "imported": [IMAGE, OnnxSigmoidLayer(), KerasTanhLayer(), mc.softmaxLayer()],
    "quadratic": [mc.featureInputLayer(5), mc.quadraticLayer()],
    "complex and real": [IMAGE, mc.realToComplexLayer(), mc.complexToRealLayer()],
    "folding": [VIDEO, mc.sequenceFoldingLayer()],
    "nested": [
        IMAGE,
        mc.networkLayer(Network([mc.convolution2dLayer(3, 4), mc.reluLayer()]), Name="block"),
        mc.maxPooling2dLayer(2),
    ],
}


def run(network: Network) -> dict[str, list[str]]:
    """The sizes that torch finds."""
    found = {}
    for step, shapes in walk(network.initialize(seed=0).plan(), (), generator(0)):
        found[step.name] = [
            text([shape[i] for i in np.argsort(torch_axes(labels))], labels)
            for shape, labels in zip(shapes, step.output_formats, strict=True)
        ]
    return found


def text(size: Sequence[int], labels: str) -> str:
    return "×".join(f"{n}({c})" for n, c in zip(size, labels, strict=True))


def computed(network: Network) -> dict[str, list[str]]:
    return {row.name: [str(a) for a in row.activations] for row in network.analysis().layers}


@pytest.mark.parametrize("name", CHAINS)
def test_sizes_are_those_of_a_run(name: str) -> None:
    network = Network(CHAINS[name])
    assert computed(network) == run(network)


@pytest.mark.parametrize(
    "joining",
    [
        mc.additionLayer(2, Name="join"),
        mc.multiplicationLayer(2, Name="join"),
        mc.depthConcatenationLayer(2, Name="join"),
        mc.concatenationLayer(1, 2, Name="join"),
    ],
    ids=lambda layer: str(layer.type_text),
)
def test_sizes_of_joined_branches_are_those_of_a_run(joining: mc.Layer) -> None:
    layers = [IMAGE, mc.convolution2dLayer(3, 6, Padding="same", Name="conv"), joining]
    names = ("imageinput", "conv"), ("conv", "join/in1"), ("imageinput", "join/in2")
    network = Network(layers, names)
    assert computed(network) == run(network)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (mc.convolution2dLayer(11, 2, Name="a"), "looks at 11 elements at once"),
        (mc.maxPooling2dLayer([2, 12], Name="a"), "its input has 10"),
        (
            mc.convolution2dLayer(1, 2, Weights=np.ones((1, 1, 4, 2), np.float32), Name="a"),
            "needs 4 channels, and its input has 6",
        ),
        (
            mc.fullyConnectedLayer(2, Weights=np.ones((2, 9), np.float32), Name="a"),
            "needs 9 channels, and its input has 780",
        ),
    ],
)
def test_an_input_that_does_not_fit_is_a_warning_that_names_the_layer(
    layer: mc.Layer, said: str
) -> None:
    (finding,) = Network([IMAGE, layer, mc.reluLayer(Name="b")]).analysis().warnings
    assert finding.where == "a"
    assert said in finding.text


def test_inputs_that_do_not_go_together_are_a_warning() -> None:
    layers = [IMAGE, mc.convolution2dLayer(3, 6, Name="conv"), mc.additionLayer(2, Name="add")]
    pairs = ("imageinput", "conv"), ("conv", "add/in1"), ("imageinput", "add/in2")
    (finding,) = Network(layers, pairs).analysis().warnings
    assert finding.where == "add"
    assert "11(S)×8(S)×6(C)×1(B) and 13(S)×10(S)×6(C)×1(B)" in finding.text


def test_behind_a_layer_without_a_rule_sizes_are_not_known() -> None:
    layers = [IMAGE, mc.spaceToDepthLayer([2, 2], Name="deep"), mc.reluLayer(Name="relu")]
    assert computed(Network(layers))["relu"] == ["None"]
    assert not Network(layers).analysis().warnings


def test_an_analysis_does_not_need_torch() -> None:
    program = (
        "import sys, matlab_compat as mc\n"
        "from matlab_compat.network import Network\n"
        "found = Network([mc.imageInputLayer([8, 8, 3]), mc.convolution2dLayer(3, 4)]).analysis()\n"
        "assert found.parameters == 3 * 3 * 3 * 4 + 4\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
