"""Sizes along a network: analyze, initialize, and one step of training.

Expected values: sizes and counts of learnables computed by hand from the formulas of MATLAB's
pages; the step by its rule, ``w - rate * factor * (gradient + l2 * l2factor * w)``.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, UsageError
from matlab_compat.network import Network


def digits() -> list[mc.Layer]:
    """The network of MATLAB's first example on digits, smaller."""
    return [
        mc.imageInputLayer([28, 28, 1]),
        mc.convolution2dLayer(5, 20),
        mc.batchNormalizationLayer(),
        mc.reluLayer(),
        mc.maxPooling2dLayer(2, Stride=2),
        mc.fullyConnectedLayer(10),
        mc.softmaxLayer(),
        mc.classificationLayer(),
    ]


ROWS = [
    ("imageinput", "28(S)×28(S)×1(C)×1(B)", "", 0),
    ("conv", "24(S)×24(S)×20(C)×1(B)", "Weights 5×5×1×20  Bias 1×1×20", 520),
    ("batchnorm", "24(S)×24(S)×20(C)×1(B)", "Offset 1×1×20  Scale 1×1×20", 40),
    ("relu", "24(S)×24(S)×20(C)×1(B)", "", 0),
    ("maxpool", "12(S)×12(S)×20(C)×1(B)", "", 0),
    ("fc", "10(C)×1(B)", "Weights 10×2880  Bias 10×1", 28810),
    ("softmax", "10(C)×1(B)", "", 0),
    ("classoutput", "10(C)×1(B)", "", 0),
]


def test_analyze_gives_sizes_and_learnables() -> None:
    network = Network(digits(), kind="Layer array")
    table = network.analyze()
    assert list(table.columns) == ["Name", "Type", "Activations", "Learnables", "Total"]
    assert [(row[0], *row[2:]) for row in table] == ROWS
    assert table["Type"][1] == "2-D Convolution"
    assert not network.Initialized  # a copy was initialized


def test_analyze_of_sequences_and_of_sizes_given() -> None:
    network = Network([mc.sequenceInputLayer(3), mc.lstmLayer(5), mc.fullyConnectedLayer(2)])
    assert network.analyze()["Total"] == [0, 4 * 5 * (3 + 5 + 1), 2 * 5 + 2]
    bare = Network([mc.convolution2dLayer(3, 4, Stride=2, Padding=1, Name="conv")])
    table = bare.analyze([9, 8, 6])
    assert table["Activations"] == ["5(S)×4(S)×4(C)×1(B)"]
    assert table["Total"] == [3 * 3 * 6 * 4 + 4]


def test_without_a_size_the_input_is_named() -> None:
    with pytest.raises(UsageError, match="size of its input 'conv'") as caught:
        Network([mc.convolution2dLayer(3, 4)]).analyze()
    assert "net.analyze([28, 28, 1])" in caught.value.remedy


@pytest.mark.parametrize("size", [[8, 8, 1], [], ["in"], 8, [("in", "fc")]], ids=str)
def test_a_size_of_other_dimensions_is_refused(size: Any) -> None:
    net = mc.dlnetwork([mc.fullyConnectedLayer(3, Name="fc")])
    with pytest.raises(UsageError, match="'fc', whose data is 'CB', is 1 number, of C") as caught:
        net.initialize(size)
    assert "connectLayers" in caught.value.remedy


def test_more_sizes_than_inputs_are_refused() -> None:
    with pytest.raises(UsageError, match="2 sizes for 1 input of the network: fc"):
        mc.dlnetwork([mc.fullyConnectedLayer(3, Name="fc")]).analyze([3], [4])


def test_a_layer_that_its_input_is_too_small_for_is_named() -> None:
    layers = [mc.imageInputLayer([4, 4, 1]), mc.convolution2dLayer(7, 2, Name="wide")]
    for ask in (Network(layers).analyze, Network(layers).initialize):
        with pytest.raises(DataFormatError) as caught:
            ask()
        assert caught.value.where == ("layer 'wide'",)


def test_sizes_that_do_not_add_up_name_the_layer() -> None:
    graph = mc.layerGraph(
        [mc.imageInputLayer([4, 4, 1], Name="in"), mc.maxPooling2dLayer(2), mc.additionLayer(2)]
    )
    with pytest.raises(DataFormatError) as caught:
        mc.connectLayers(
            mc.replaceLayer(graph, "addition", mc.depthConcatenationLayer(2, Name="depth")),
            "in",
            "depth/in2",
        ).analyze()
    assert caught.value.where == ("layer 'depth'",)


def test_initialize_fills_a_copy_and_repeats_with_a_seed() -> None:
    empty = Network(digits())
    network = empty.initialize(seed=4)
    assert (empty.Initialized, network.Initialized) == (False, True)
    assert [v.shape for v in network.Learnables["Value"]] == [
        (5, 5, 1, 20),
        (1, 1, 20),
        (1, 1, 20),
        (1, 1, 20),
        (10, 2880),
        (10, 1),
    ]
    again = Network(digits()).initialize(seed=4)
    np.testing.assert_array_equal(again.layer("fc").Weights, network.layer("fc").Weights)
    bound = np.sqrt(6 / (2880 + 10))  # Glorot
    assert 0.99 * bound < np.abs(network.layer("fc").Weights).max() <= bound


def test_nested_networks_are_sized_and_filled() -> None:
    inner = Network([mc.convolution2dLayer(3, 4, Padding="same"), mc.reluLayer()])
    outer = Network(
        [mc.imageInputLayer([5, 5, 2]), mc.networkLayer(inner, Name="block"), mc.tanhLayer()]
    )
    table = outer.analyze()
    assert table["Activations"][1:] == ["5(S)×5(S)×4(C)×1(B)"] * 2
    assert table["Total"] == [0, 3 * 3 * 2 * 4 + 4, 0]
    assert outer.initialize(seed=0).Initialized
    assert inner.Learnables.shape == (0, 3)


def test_initialize_then_one_step_of_training() -> None:
    """A linear network under the mean of its outputs: every gradient is known."""
    network = mc.dlnetwork(
        [
            mc.featureInputLayer(3),
            mc.fullyConnectedLayer(2, Name="fc", WeightLearnRateFactor=2, BiasLearnRateFactor=0.5),
        ],
        seed=7,
    )
    before = copy.deepcopy(network)
    module = network.to_torch()
    x = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    optimizer = torch.optim.SGD(mc.parameter_groups(module, 0.1, 0.01), lr=0.1)
    module.train()(x).sum().backward()
    optimizer.step()
    network.assign_from_torch(module)

    W, b = before.layer("fc").Weights, before.layer("fc").Bias
    gradient = np.tile(x.sum(0).numpy(), (2, 1))
    expected = W - 0.1 * 2 * (gradient + 0.01 * W)
    np.testing.assert_allclose(network.layer("fc").Weights, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(network.layer("fc").Bias, b - 0.1 * 0.5 * 2, rtol=1e-5)


def test_training_comes_back_into_normalization_and_nested_layers() -> None:
    inner = Network([mc.fullyConnectedLayer(2, Name="fc")])
    network = mc.dlnetwork(
        [
            mc.featureInputLayer(2, Normalization="zerocenter", Mean=[1.0, 2.0]),
            mc.batchNormalizationLayer(Name="bn"),
            mc.networkLayer(inner, Name="block"),
        ],
        seed=0,
    )
    module = network.to_torch().train()
    module(torch.tensor([[3.0, 2.0], [5.0, 6.0]]))  # less the mean: 2,0 and 4,4
    with torch.no_grad():
        module.block.fc.weight.fill_(0.5)
    network.assign_from_torch(module)
    momentum = 0.1
    np.testing.assert_allclose(
        network.layer("bn").TrainedMean.ravel(), [3 * momentum, 2 * momentum]
    )
    values = {row[:2]: row[2] for row in network.Learnables}
    np.testing.assert_array_equal(values["block/fc", "Weights"], np.full((2, 2), 0.5))
