"""``to_torch(optimize=True)``: the same outputs, faster, and for inference only.

Expected values: the plain module in float64, which knows nothing of folding, fusing and layouts;
what is and is not in the module follows from the networks as written.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn
from torch.autograd import forward_ad

import matlab_compat as m
from converters.examples import example_sizes
from matlab_compat.engine.fast import choice, inference, run
from matlab_compat.engine.fast.inference import (
    Convolution,
    Dense,
    SavedStateLSTM,
    without_denormals,
)
from matlab_compat.errors import DataFormatError, UsageError
from matlab_compat.layers.base import Layer
from matlab_compat.network import Network
from tests.real import NETWORK_FILES, file_id
from tests.truth.networks import cropped, has_nan, networks

ULP = torch.finfo(torch.float32).eps


def inputs_of(network: Network, batch: int, larger: int = 0) -> list[Tensor]:
    """Random, of the sizes of the input layers (and ``larger``, where they have space).

    Images of any size have the least that the network takes.
    """
    random = torch.Generator().manual_seed(batch)
    found = []
    inputs = network.plan().inputs.items()
    least = example_sizes(network, batch=batch, steps=9)
    for (name, form), (_, _, *sides) in zip(inputs, least, strict=True):
        *space, channels = network.layer(name).input_size()  # type: ignore[attr-defined]
        space = [n if n > 0 else side for n, side in zip(space, sides, strict=False)]
        steps = [max(9, getattr(network.layer(name), "MinLength", 1))] if "T" in form else []
        size = [batch, channels, *(n + larger for n in space), *steps]
        found.append(torch.randn(size, generator=random))
    return found


def outputs(module: Callable[..., Any], inputs: list[Tensor]) -> list[Tensor]:
    with torch.inference_mode():
        found = module(*inputs)
    return list(found) if isinstance(found, tuple) else [found]


def plain_and_exact(network: Network, inputs: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """What the plain module gives, in float32 and in float64."""
    exact = outputs(network.to_torch(dtype="double"), [x.double() for x in inputs])
    return list(zip(outputs(network.to_torch(), inputs), exact, strict=True))


def assert_agrees(module: Callable[..., Any], network: Network, inputs: list[Tensor]) -> None:
    """See :func:`assert_near`."""
    assert_near(outputs(module, inputs), plain_and_exact(network, inputs))


def assert_near(found: list[Tensor], expected: list[tuple[Tensor, Tensor]]) -> None:
    """As near to float64 as float32 comes: a few times the plain module's distance, or ulps."""
    for y, (p, z) in zip(found, expected, strict=True):
        assert y.shape == z.shape
        bound = 8 * float((p - z).abs().max()) + 64 * ULP * float(z.abs().max())
        assert float((y - z).abs().max()) <= bound


def made(
    layers: list[Layer] | Network, connections: list[tuple[str, str]] | None = None
) -> Network:
    """A network with random learnables and states (initial ones would hide a wrong fold)."""
    if not isinstance(layers, Network):
        layers = Network(layers, connections)
    network = layers.initialize(seed=0)
    module, random = network.to_torch(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.is_floating_point() and "bias_hh" not in name:  # MATLAB has no such bias
                drawn = torch.randn(value.shape, generator=random)
                value.copy_(drawn.abs() + 0.5 if "var" in name or "deviation" in name else drawn)
    return network.assign_from_torch(module)


def images() -> list[Layer]:
    return [
        m.imageInputLayer((13, 11, 3), Normalization="none", Name="in"),
        m.convolution2dLayer(3, 8, Padding="same", Name="conv"),
        m.batchNormalizationLayer(Name="norm"),
        m.reluLayer(Name="relu"),
        m.maxPooling2dLayer(3, Stride=2, Padding="same"),
        m.dropoutLayer(Name="drop"),
        m.convolution2dLayer((2, 3), 10, Stride=2, Padding="same"),
        m.leakyReluLayer(0.1),
        m.convolution2dLayer(3, 4, Padding=2, PaddingValue="replicate", DilationFactor=2),
        m.batchNormalizationLayer(),
        m.transposedConv2dLayer((4, 3), 5, Stride=2, Cropping=[0, 1, 1, 0], Name="up"),
        m.batchNormalizationLayer(Name="up_norm"),
        m.reluLayer(Name="up_relu"),
        m.averagePooling2dLayer(2, Padding="same"),
        m.groupedConvolution2dLayer(3, 1, "channel-wise"),
        m.batchNormalizationLayer(),
    ]


def normalized(size: tuple[int, int, int], filters: int, name: str) -> list[Layer]:
    """Images, a convolution of them called ``name``, and batch normalization."""
    return [
        m.imageInputLayer(size, Normalization="none", Name="in"),
        m.convolution2dLayer(3, filters, Padding="same", Name=name),
        m.batchNormalizationLayer(Name="norm"),
    ]


def residual() -> Network:
    """Sums after convolutions: of another convolution, and of one pixel for all."""
    layers: list[Layer] = [
        *normalized((9, 8, 3), 4, "left"),
        m.additionLayer(2, Name="sum"),
        m.reluLayer(Name="relu"),
        m.convolution2dLayer(3, 4, Padding="same", Name="next"),
        m.additionLayer(2, Name="all"),
        m.leakyReluLayer(Name="leaky"),
        m.convolution2dLayer(1, 4, Name="right"),
        m.globalAveragePooling2dLayer(Name="mean"),
    ]
    connections = [
        *(("in", "left"), ("left", "norm"), ("norm", "sum/in1"), ("in", "right")),
        *(("right", "sum/in2"), ("sum", "relu"), ("relu", "next"), ("next", "all/in1")),
        *(("right", "mean"), ("mean", "all/in2"), ("all", "leaky")),
    ]
    return Network(layers, connections)


def classifier() -> list[Layer]:
    return [
        *images(),
        m.fullyConnectedLayer(7, Name="fc"),
        m.batchNormalizationLayer(Name="fc_norm"),
        m.reluLayer(),
        m.fullyConnectedLayer(3),
        m.softmaxLayer(),
    ]


def sequences(last: bool) -> Callable[[], list[Layer]]:
    mode = "last" if last else "sequence"
    return lambda: [
        m.sequenceInputLayer(3),
        m.bilstmLayer(6),
        m.lstmLayer(5, OutputMode=mode, Name="lstm"),
        m.dropoutLayer(),
        m.fullyConnectedLayer(2),
        m.reluLayer(),
    ]


def volumes() -> list[Layer]:
    return [
        m.image3dInputLayer((6, 5, 4, 2), Normalization="none"),
        m.convolution3dLayer(3, 4, Padding="same"),
        m.batchNormalizationLayer(),
        m.reluLayer(),
        m.maxPooling3dLayer(2),
        m.fullyConnectedLayer(3),
    ]


def activations() -> list[Layer]:
    """Every activation after a layer that computes it, and what else goes by elements."""
    layers: list[Layer] = [m.imageInputLayer((9, 7, 2), Normalization="none")]
    for i, activation in enumerate(
        (
            *(m.tanhLayer(), m.sigmoidLayer(), m.eluLayer(0.5), m.swishLayer()),
            *(m.clippedReluLayer(0.7), m.leakyReluLayer(0.2), m.reluLayer()),
        )
    ):
        layers += [m.convolution2dLayer(3, 4, Padding="same", Name=f"conv_{i}"), activation]
    return [
        *layers,
        m.scalingLayer(Scale=np.arange(1.0, 5.0).reshape(1, 1, 4), Bias=np.ones((1, 1, 4))),
        m.functionLayer("@(x) 0.5 * tanh(x) + x ./ (1 + abs(x))", Name="function"),
        m.flattenLayer(Name="flat"),
        m.fullyConnectedLayer(5, Name="fc"),
        m.tanhLayer(Name="tanh"),
    ]


MADE = {
    "activations": activations,
    "images": images,
    "classifier": classifier,
    "volumes": volumes,
    "sequence": sequences(last=False),
    "last": sequences(last=True),
}


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("layers", MADE.values(), ids=MADE)
def test_agrees_with_float64(layers: Callable[[], list[Layer]], batch: int) -> None:
    network = made(layers())
    assert_agrees(network.to_torch(optimize=True), network, inputs_of(network, batch))


@pytest.mark.parametrize(
    "layers", [images, residual, classifier, sequences(last=True), activations]
)
def test_agrees_by_any_way(
    layers: Callable[[], list[Layer] | Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL", 1)
    network = made(layers())
    module, inputs = network.to_torch(optimize=True), inputs_of(network, 2)
    expected = plain_and_exact(network, inputs)
    for way in choice.WAYS:
        monkeypatch.setenv(choice.VARIABLE, way)
        module.workspaces.clear()
        assert_near(outputs(module, inputs), expected)  # the first run
        assert_near(outputs(module, inputs), expected)
    monkeypatch.setattr(inference, "has_kernels", lambda: False)
    module.workspaces.clear()
    assert_near(outputs(module, inputs), expected)


@pytest.mark.parametrize("setting", ["direct", "unsaved"])
@pytest.mark.parametrize("layers", MADE.values(), ids=MADE)
def test_what_is_not_finite_stays_so(
    layers: Callable[[], list[Layer]], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the plain module: oneDNN's ReLU alone would make 0 of NaN."""
    monkeypatch.setenv(choice.VARIABLE, setting)
    network = Network(layers()).initialize(seed=0)
    module, plain = network.to_torch(optimize=True), network.to_torch()
    for value in (torch.nan, torch.inf):
        inputs = inputs_of(network, 2)
        for x in inputs:
            x[0, 0] = value
        for found, expected in zip(outputs(module, inputs), outputs(plain, inputs), strict=True):
            assert torch.equal(found.isfinite(), expected.isfinite())


def test_agrees_where_it_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    network = made(images())
    module = network.to_torch(optimize=True)
    monkeypatch.setenv(choice.VARIABLE, "unsaved")
    for _ in range(2):
        assert_agrees(module, network, inputs_of(network, 2))


def test_what_is_returned_is_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the results in between lie in kept memory, and two layers give outputs."""
    monkeypatch.setattr(run, "SMALL", 1)
    for layers in (images(), residual(), classifier()):
        network = made(layers)
        module = network.to_torch(optimize=True)
        one, other = inputs_of(network, 2), [-x for x in inputs_of(network, 2)]
        found = [outputs(module, given)[0] for given in (one, other, one)]
        kept = [y.clone() for y in found]
        outputs(module, other)
        assert len({y.untyped_storage().data_ptr() for y in found}) == 3
        assert all(torch.equal(y, before) for y, before in zip(found, kept, strict=True))
        assert torch.equal(found[0], found[2])  # the first run has no memory of its own
        (workspace,) = module.workspaces
        assert workspace.memory.numel()
        assert len(workspace.runs) == 1


def test_memory_that_no_caller_holds_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALL", 1)
    network = made([m.imageInputLayer((6, 5, 3), Normalization="none"), m.convolution2dLayer(3, 4)])
    module, (x,) = network.to_torch(optimize=True), inputs_of(network, 2)
    module(x)  # by layers, in new memory
    kept = [module(x)[0, :1].numpy() for _ in range(run.RETURNED)]  # a view of each
    before = [y.copy() for y in kept]
    places = {y.ctypes.data for y in kept}
    assert module(-x).data_ptr() not in places
    assert len(places) == run.RETURNED
    assert all((y == was).all() for y, was in zip(kept, before, strict=True))
    free = kept.pop().ctypes.data
    assert module(x).data_ptr() == free


def test_threads_compute_in_memory_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALL", 1)
    network = made(images())
    module = network.to_torch(optimize=True)
    inputs = [[x * (k + 1) for x in inputs_of(network, 1)] for k in range(4)]
    expected = [outputs(module, given)[0] for given in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: outputs(module, inputs[k % 4])[0], range(40)))
    assert all(torch.equal(y, expected[k % 4]) for k, y in enumerate(found))


def test_results_needed_at_the_same_time_never_overlap() -> None:
    nodes = [fx.Graph().placeholder(f"x{k}") for k in range(4)]
    times = [(1, 2), (2, 4), (3, 5), (6, 7)]
    results = [run.Result(n, 2 * run.SMALL, *t) for n, t in zip(nodes, times, strict=True)]
    places, needed = run.planned(results)
    assert [places[node][0] // run.SMALL for node in nodes] == [0, 2, 0, 0]
    assert needed == 4 * run.SMALL


def test_hooks_see_every_layer() -> None:
    network = made(images())
    module, inputs = network.to_torch(optimize=True), inputs_of(network, 2)
    outputs(module, inputs)
    seen: list[Tensor] = []
    handle = module.conv.register_forward_hook(lambda *given: seen.append(given[-1]))
    assert_agrees(module, network, inputs)
    handle.remove()
    outputs(module, inputs)
    assert len(seen) == 1


def test_takes_other_sizes_and_batches_after_the_first() -> None:
    network = made(images())
    module = network.to_torch(optimize=True)
    for batch, larger in ((2, 0), (8, 30), (1, 5), (2, 0)):
        assert_agrees(module, network, inputs_of(network, batch, larger))


@pytest.mark.parametrize("mode", ["zerocenter", "zscore", "rescale-symmetric", "rescale-zero-one"])
def test_normalizes_the_input(mode: str) -> None:
    statistics = {"Mean": 0.5, "StandardDeviation": 2.0, "Min": -1.0, "Max": 3.0}
    network = Network([m.imageInputLayer((4, 5, 2), Normalization=mode, **statistics)])
    module = network.to_torch(optimize=True)
    given = inputs_of(network, 2)
    before = given[0].clone()
    assert_agrees(module, network, given)
    assert torch.equal(given[0], before)


def test_a_sum_is_computed_by_the_convolution_before_it() -> None:
    network = made(residual())
    module = network.to_torch(optimize=True)
    left = {name for name, _ in module.named_children()}
    assert left == {"left", "right", "next", "mean"}
    assert_agrees(module, network, inputs_of(network, 2))


def test_a_layer_whose_output_is_used_twice_keeps_it() -> None:
    layers: list[Layer] = [
        *normalized((6, 6, 2), 2, "conv"),
        m.additionLayer(3, Name="add"),
        m.reluLayer(Name="relu"),
        m.leakyReluLayer(Name="leaky"),
        m.additionLayer(2, Name="both"),
    ]
    connections = [
        *(("in", "conv"), ("conv", "norm"), ("norm", "add/in1"), ("conv", "add/in2")),
        *(("in", "add/in3"), ("add", "relu"), ("add", "leaky")),
        *(("relu", "both/in1"), ("leaky", "both/in2")),
    ]
    network = made(layers, connections)
    module = network.to_torch(optimize=True)
    assert isinstance(module.norm, nn.BatchNorm2d)
    assert_agrees(module, network, inputs_of(network, 2))


def test_an_activation_of_the_input_leaves_it_as_it_is() -> None:
    network = Network([m.imageInputLayer((3, 3, 1), Normalization="none"), m.reluLayer()])
    x = torch.full((1, 1, 3, 3), -1.0)
    assert outputs(network.to_torch(optimize=True), [x])[0].max() == 0
    assert x.max() == -1


def test_folded_layers_are_gone_and_the_others_keep_their_names() -> None:
    module = made(classifier()).to_torch(optimize=True)
    gone = {"norm", "relu", "drop", "up_norm", "up_relu", "fc_norm"}
    assert not gone & {name for name, _ in module.named_children()}
    assert isinstance(module.conv, Convolution)
    assert isinstance(module.fc, Dense)
    assert {"conv.weight", "conv.bias", "up.weight", "fc.weight"} <= set(module.state_dict())
    assert module.meta["layers"]["up"] == "up"
    assert "norm" not in module.meta["layers"]


def test_activations_go_into_the_layer_before() -> None:
    left = [name for name, _ in made(activations()).to_torch(optimize=True).named_children()]
    assert left == [*(f"conv_{i}" for i in range(7)), "scaling", "function", "fc"]


def test_lstms_without_state_ports_skip_what_surrounds_the_kernel() -> None:
    plain = Network([m.sequenceInputLayer(3), m.lstmLayer(4, Name="lstm")]).initialize(seed=0)
    ports = m.lstmLayer(4, HasStateOutputs=True, Name="lstm")
    stateful = Network([m.sequenceInputLayer(3), ports]).initialize(seed=0)
    assert isinstance(plain.to_torch(optimize=True).lstm, SavedStateLSTM)
    assert not isinstance(stateful.to_torch(optimize=True).lstm, SavedStateLSTM)
    assert_agrees(stateful.to_torch(optimize=True), stateful, inputs_of(stateful, 2))


def test_lstms_refuse_another_number_of_channels() -> None:
    module = made(sequences(last=True)()).to_torch(optimize=True)
    with pytest.raises(DataFormatError, match="9 channels"):
        module(torch.ones(2, 9, 5))


def test_images_stay_channels_last() -> None:
    layers = [
        m.imageInputLayer((64, 64, 3), Normalization="none"),
        *(m.convolution2dLayer(3, 8, Padding="same"), m.reluLayer()),
        *(m.maxPooling2dLayer(2, Stride=2), m.transposedConv2dLayer(2, 8, Stride=2)),
        m.convolution2dLayer(3, 8, Padding="same"),
    ]
    network = made(layers)
    result = outputs(network.to_torch(optimize=True), inputs_of(network, 2))[0]
    assert result.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("way", ["direct", "columns"])
def test_every_way_puts_out_channels_last(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, way)
    for channels in (1, 3):
        layers: list[Layer] = [
            m.imageInputLayer((9, 9, channels), Normalization="none"),
            m.convolution2dLayer(3, 4, Padding="same"),
            m.convolution2dLayer(1, 5),
        ]
        network = made(layers)
        result = outputs(network.to_torch(optimize=True), inputs_of(network, 2))[0]
        assert result.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("padding", ["same", 0, [1, 0, 0, 1]])
@pytest.mark.parametrize("average", [False, True])
def test_large_images_are_pooled_as_small_ones(average: bool, padding: object) -> None:
    pooling = m.averagePooling2dLayer if average else m.maxPooling2dLayer
    layers: list[Layer] = [
        m.imageInputLayer((65, 64, 3), Normalization="none"),
        m.convolution2dLayer(1, 3),
        pooling(3, Stride=2, Padding=padding),
    ]
    network = made(layers)
    assert_agrees(network.to_torch(optimize=True), network, inputs_of(network, 8))


@pytest.mark.parametrize("layers", [classifier, activations])
def test_gradients_for_the_input_are_those_of_the_plain_module(
    layers: Callable[[], list[Layer]],
) -> None:
    network = made(layers())
    (x,) = inputs_of(network, 2)
    found = []
    for optimize in (False, True):
        module = network.to_torch(optimize=optimize).eval()
        outputs(module, [x])  # what it prepares in inference mode does not stand in the way
        given = x.clone().requires_grad_()
        module(given)[:, 0].sum().backward()
        assert given.grad is not None
        found.append(given.grad)
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-3)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")  # torch's own
def test_tangents_go_through() -> None:
    """Those of torch's forward mode, of which a tensor does not say that it has one."""
    network = made(images())
    module, (x,) = network.to_torch(optimize=True), inputs_of(network, 2)
    outputs(module, [x])
    found = []
    for one in (module, network.to_torch()):
        with torch.no_grad(), forward_ad.dual_level():
            tangent = forward_ad.unpack_dual(
                one(forward_ad.make_dual(x, torch.ones_like(x)))
            ).tangent
        assert tangent is not None
        found.append(tangent)
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-3)


def test_it_can_be_mapped_over() -> None:
    network = made(images())
    module, (x,) = network.to_torch(optimize=True), inputs_of(network, 6)
    assert_agrees(lambda x: torch.vmap(module)(x.unflatten(0, (3, 2))).flatten(0, 1), network, [x])


def test_it_can_be_exported_for_any_batch() -> None:
    network = made(classifier())
    module, (x,) = network.to_torch(optimize=True), inputs_of(network, 4)
    batch = torch.export.Dim("batch", min=1, max=64)
    with torch.no_grad():
        program = torch.export.export(module, (x,), dynamic_shapes=({0: batch},)).module()
    for count in (4, 9):
        assert_agrees(program, network, inputs_of(network, count))


def test_sizes_that_keep_changing_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MANY", 3)
    network = made(images())
    module = network.to_torch(optimize=True)
    for larger in range(8):
        assert_agrees(module, network, inputs_of(network, 2, larger))
    assert max(len(workspace.runs) for workspace in module.workspaces) <= 3


def test_training_is_refused() -> None:
    module = made(images()).to_torch(optimize=True)
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())
    assert module.eval() is module
    with pytest.raises(UsageError, match="for inference"):
        module.train()


def test_copies_pickles_and_other_dtypes_work_after_a_run() -> None:
    network = made(classifier())
    module, inputs = network.to_torch(optimize=True), inputs_of(network, 8)
    expected = outputs(module, inputs)[0]
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(other).__mro__[1] is type(module).__mro__[1]
        assert other.meta["layers"] == module.meta["layers"]
        assert not other.workspaces
        torch.testing.assert_close(outputs(other, inputs)[0], expected, rtol=0, atol=0)
    assert outputs(module.double(), [x.double() for x in inputs])[0].dtype == torch.float64


def test_the_plain_module_is_as_it_was() -> None:
    network = made(classifier())
    before = {name: value.clone() for name, value in network.to_torch().state_dict().items()}
    network.to_torch(optimize=True)
    after = network.to_torch().state_dict()
    assert set(before) == set(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(value.is_contiguous() for value in after.values())


def test_denormal_weights_become_zero() -> None:
    value = torch.tensor([1e-40, -1e-40, 2e-38, -1.0, 0.0])
    assert without_denormals(value).tolist() == [0, 0, value[2].item(), -1, 0]


#: Rows and columns of real networks.
LARGEST = 128


@pytest.mark.real
@pytest.mark.parametrize("file", NETWORK_FILES, ids=file_id)
def test_real_networks_agree_with_float64(file: Path) -> None:
    for _, network in networks(file):
        classes = {type(layer).__name__ for layer in network.Layers}
        # Max unpooling goes another way where two elements are equal but for rounding.
        if not network.Initialized or network.unsupported or has_nan(network):
            continue
        if "MaxUnpooling2DLayer" not in classes:
            inputs = cropped(network, inputs_of(network, 2), LARGEST)
            assert_agrees(network.to_torch(optimize=True), network, inputs)
