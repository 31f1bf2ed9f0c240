"""One torch module for a network: names, tracing, copying, placeholders.

Expected values: names as written in the networks; results of the same module before tracing,
compiling or copying, and numpy for the whole.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, UnsupportedLayerError
from matlab_compat.execution.module import Stub, attribute_names
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network


def images() -> Network:
    """A small residual network with everything that has learnables or states."""
    graph = mc.layerGraph(
        [
            mc.imageInputLayer([8, 6, 2], Mean=np.full((1, 1, 2), 0.5), Name="in"),
            mc.convolution2dLayer(3, 4, Padding="same", Name="conv_1"),
            mc.batchNormalizationLayer(Name="bn"),
            mc.reluLayer(Name="res2a|relu"),
            mc.additionLayer(2, Name="add"),
            mc.maxPooling2dLayer(2, Stride=2),
            mc.dropoutLayer(),
            mc.fullyConnectedLayer(3, Name="fc"),
            mc.softmaxLayer(),
            mc.classificationLayer(Classes=["a", "b", "c"]),
        ]
    )
    graph = mc.addLayers(graph, mc.convolution2dLayer(1, 4, Name="1x1"))
    graph = mc.connectLayers(graph, "in", "1x1")
    return mc.connectLayers(graph, "1x1", "add/in2").initialize(seed=1)


def sequences() -> Network:
    layers = [mc.sequenceInputLayer(3), mc.lstmLayer(4), mc.fullyConnectedLayer(2)]
    return Network(layers).initialize(seed=1)


def x_images(n: int) -> Tensor:
    return torch.randn(n, 2, 8, 6, generator=torch.Generator().manual_seed(n))


def x_sequences(n: int) -> Tensor:
    return torch.randn(n, 3, 7, generator=torch.Generator().manual_seed(n))


BOTH = pytest.mark.parametrize(
    ("network", "x"), [(images, x_images), (sequences, x_sequences)], ids=["images", "sequences"]
)
Make = Callable[[], Network]
Data = Callable[[int], Tensor]


# --- names --------------------------------------------------------------------------------


def test_state_dict_keys_are_the_layers_names() -> None:
    assert set(images().to_torch().state_dict()) == {
        "layer_in.mean",
        "conv_1.weight",
        "conv_1.bias",
        "bn.weight",
        "bn.bias",
        "bn.running_mean",
        "bn.running_var",
        "bn.num_batches_tracked",
        "layer_1x1.weight",
        "layer_1x1.bias",
        "fc.weight",
        "fc.bias",
    }


def test_layers_are_attributes_and_the_module_knows_their_names() -> None:
    module = images().to_torch()
    assert module.conv_1.weight.shape == (4, 2, 3, 3)
    assert module.meta["layers"]["res2a_relu"] == "res2a|relu"
    assert module.meta["inputs"] == {"in": "SSCB"}
    assert module.meta["outputs"] == {"classoutput": "CB"}
    assert not hasattr(module, "classoutput")


def test_attribute_names_are_unique_identifiers_that_hide_nothing() -> None:
    names = attribute_names(["a|b", "a_b", "a-b", "3d", "class", "forward", "train", "graph", "é"])
    assert list(names.values()) == [
        "a_b",
        "a_b_2",
        "a_b_3",
        "layer_3d",
        "layer_class",
        "forward_",
        "train_",
        "graph_",
        "é",
    ]


# --- what torch does with modules ---------------------------------------------------------


@BOTH
def test_predict_runs_the_module(network: Make, x: Data) -> None:
    made = network()
    module, X = made.to_torch(), x(3)
    assert not module.training
    with torch.inference_mode():
        expected = module(X).numpy()
    order = (2, 3, 1, 0) if X.ndim == 4 else (1, 2, 0)  # C×T×N
    actual = made.predict(X.numpy().transpose(order))
    expected = expected if expected.ndim == 2 else expected.transpose(1, 2, 0)
    np.testing.assert_allclose(actual, expected, atol=1e-6)


# Torch says this of any torch.nn.LSTM.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The tensor attributes self.lstm._flat_weights:UserWarning")
@BOTH
def test_export_with_a_dynamic_batch(network: Make, x: Data) -> None:
    module = network().to_torch()
    batch = torch.export.Dim("batch")
    exported = torch.export.export(module, (x(2),), dynamic_shapes=({0: batch},)).module()
    with torch.inference_mode():
        for n in (1, 5):
            torch.testing.assert_close(exported(x(n)), module(x(n)), rtol=0, atol=1e-6)


@pytest.mark.slow
@BOTH
def test_compile(network: Make, x: Data) -> None:
    module = network().to_torch()
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(module, backend="eager")(x(2)), module(x(2)))


@BOTH
def test_deepcopy_shares_nothing(network: Make, x: Data) -> None:
    module = network().to_torch()
    copied = copy.deepcopy(module)
    before = module(x(2))
    torch.testing.assert_close(copied(x(2)), before, rtol=0, atol=0)
    assert copied.meta == module.meta
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    torch.testing.assert_close(module(x(2)), before, rtol=0, atol=0)


def test_the_module_does_not_share_memory_with_the_network() -> None:
    network = images()
    module, before = network.to_torch(), network.layer("conv_1").Weights.copy()
    with torch.no_grad():
        module.conv_1.weight.zero_()
    np.testing.assert_array_equal(network.layer("conv_1").Weights, before)


def test_train_is_forward_and_eval_is_predict() -> None:
    module = images().to_torch()
    x = x_images(4)
    torch.testing.assert_close(module(x), module(x), rtol=0, atol=0)
    assert not torch.equal(module.train()(x), module.train()(x))  # dropout


def test_gradients_reach_every_parameter() -> None:
    module = images().to_torch().train()
    (module(x_images(4)) ** 2).sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_precision_is_chosen() -> None:
    module = images().to_torch(dtype="double")
    assert {t.dtype for t in module.parameters()} == {torch.float64}
    assert module(x_images(1).double()).dtype == torch.float64


def test_a_port_that_feeds_nothing_is_left_out() -> None:
    layers = [mc.sequenceInputLayer(3), mc.lstmLayer(4, HasStateOutputs=True, Name="lstm")]
    network = Network(layers, output_names=["lstm/hidden"]).initialize(seed=0)
    module = network.to_torch()
    assert [node.op for node in module.graph.nodes].count("call_function") == 1
    assert module(x_sequences(2)).shape == (2, 4)


# --- placeholders -------------------------------------------------------------------------


def with_unsupported() -> Network:
    return Network(
        [
            mc.featureInputLayer(2),
            UnsupportedLayer("mine.Swirl", {"Name": "swirl"}),
            mc.networkLayer(Network([UnsupportedLayer("mine.Twist", {"Name": "twist"})]), Name="n"),
        ]
    )


def test_stubs_raise_when_run_and_can_be_replaced() -> None:
    module = with_unsupported().to_torch(stub=True)
    assert isinstance(module.swirl, Stub)
    with pytest.raises(UnsupportedLayerError, match=r"mine\.Swirl"):
        module(torch.ones(1, 2))
    module.swirl, module.n.twist = nn.Tanh(), nn.ReLU()
    expected = torch.tensor([[0.0, float(np.tanh(1.0))]])
    torch.testing.assert_close(module(torch.tensor([[-1.0, 1.0]])), expected)


def test_a_network_with_stubs_can_be_copied() -> None:
    module = copy.deepcopy(with_unsupported().to_torch(stub=True))
    assert isinstance(module, fx.GraphModule)
    assert isinstance(pickle.loads(pickle.dumps(module.swirl)), Stub)


# --- errors -------------------------------------------------------------------------------


def test_a_failure_inside_a_layer_names_it() -> None:
    network = Network(
        [mc.imageInputLayer([4, 4, 1], Normalization="none"), mc.convolution2dLayer(3, 2)]
    )
    network = Network(
        [*network.Layers, mc.maxPooling2dLayer(2), mc.fullyConnectedLayer(2, Name="fc")]
    ).initialize(seed=0)
    with pytest.raises(DataFormatError) as caught:
        network.predict(np.ones((6, 6)))
    assert caught.value.where == ("layer 'fc'",)
