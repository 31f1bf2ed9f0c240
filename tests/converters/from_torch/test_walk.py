"""Modules of torch as MATLAB networks.

Expected values: the outputs of the torch modules themselves, in double where the layers allow it.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import converters
import matlab_compat as m
from converters.from_torch import from_torch
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError, UsageError
from matlab_compat.layers import TransposedConvolution2DLayer
from matlab_compat.network import Network


def randomized(module: nn.Module) -> nn.Module:
    """With parameters and statistics that hide no mistake."""
    source = torch.Generator().manual_seed(0)
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if value.is_floating_point():
            spread = torch.rand(value.shape, generator=source)
            value.data = spread + 0.5 if "var" in name else spread - 0.4
    return module.eval()


def image(*size: int) -> Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(1)) - 0.3


def check(module: nn.Module, x: Tensor, *more: Tensor) -> Network:
    """The network's torch module gives what ``module`` gives."""
    module = randomized(module)
    inputs = (x, *more)
    network = from_torch(module, inputs)
    with torch.no_grad():
        expected = module(*inputs)
        turned = [i.mT if i.ndim == 3 and channels_last(network, i) else i for i in inputs]
        actual = network.to_torch()(*turned)
    if actual.ndim == 3 and actual.shape != expected.shape:
        actual = actual.mT
    assert actual.reshape(expected.shape).sub(expected).abs().max() <= 2e-6 * max(
        1, float(expected.abs().max())
    )
    return network


def channels_last(network: Network, x: Tensor) -> bool:
    return bool(x.shape[1] != getattr(network.Layers[0], "InputSize", None))


def names(network: Network) -> list[str]:
    return [type(layer).__name__ for layer in network.Layers]


# --- layers --------------------------------------------------------------------------------

IMAGES: dict[str, nn.Module] = {
    "conv": nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    "conv without bias": nn.Conv2d(4, 6, 3, bias=False),
    "conv same": nn.Conv2d(4, 6, (3, 5), padding="same"),
    "conv in groups": nn.Conv2d(4, 6, 3, groups=2),
    "conv reflecting": nn.Conv2d(4, 6, 3, padding=2, padding_mode="reflect"),
    "conv replicating": nn.Conv2d(4, 6, 3, padding=2, padding_mode="replicate"),
    "batch norm": nn.BatchNorm2d(4, eps=1e-3),
    "batch norm without scale": nn.BatchNorm2d(4, affine=False),
    "group norm": nn.GroupNorm(2, 4),
    "instance norm": nn.InstanceNorm2d(4, affine=True),
    "relu": nn.ReLU(),
    "leaky relu": nn.LeakyReLU(0.2),
    "relu6": nn.ReLU6(),
    "elu": nn.ELU(0.7),
    "gelu": nn.GELU(),
    "gelu tanh": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "softmax": nn.Softmax(dim=1),
    "max pool": nn.MaxPool2d(3, stride=2, padding=1),
    "mean pool": nn.AvgPool2d(3, stride=2, padding=1),
    "mean pool without padding": nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
    "global mean": nn.AdaptiveAvgPool2d(1),
    "global max": nn.AdaptiveMaxPool2d((1, 1)),
    "dropout": nn.Sequential(nn.Dropout(0.3), nn.Dropout2d(0.2), nn.Identity(), nn.ReLU()),
    "nested": nn.Sequential(nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU()), nn.Conv2d(2, 1, 1)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_layer_of_images_computes_what_torch_computes(name: str) -> None:
    check(nn.Sequential(IMAGES[name]), image(2, 4, 9, 8))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_transposed_convolutions_crop_as_torch_pads(data: st.DataObject) -> None:
    dims = data.draw(st.integers(1, 3))
    kernel = data.draw(st.tuples(*[st.integers(1, 4)] * dims))
    stride = data.draw(st.tuples(*[st.integers(1, 3)] * dims))
    padding = tuple(data.draw(st.integers(0, (k - 1) // 2)) for k in kernel)
    extra = tuple(
        data.draw(st.integers(0, min(p, s - 1))) for p, s in zip(padding, stride, strict=True)
    )
    kind = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[dims - 1]
    module = kind(3, 2, kernel, stride, padding, extra, bias=data.draw(st.booleans()))  # type: ignore[arg-type]
    check(nn.Sequential(module), image(2, 3, *data.draw(st.tuples(*[st.integers(2, 4)] * dims))))


def test_padding_and_output_padding_become_the_documented_cropping_size() -> None:
    module = nn.ConvTranspose2d(3, 2, 5, stride=3, padding=(1, 2), output_padding=(1, 0))
    layer = from_torch(nn.Sequential(module)).Layers[0]
    assert isinstance(layer, TransposedConvolution2DLayer)
    assert layer.CroppingSize == (1, 0, 2, 2)  # [t b l r]: p before, p - q after


def test_a_flattened_image_meets_its_weights_in_matlab_order() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 2), nn.Flatten(), nn.ReLU(), nn.BatchNorm1d(48), nn.Linear(48, 5)
    )
    network = check(module, image(2, 3, 4, 5))
    assert "FlattenLayer" in names(network)


def test_predict_takes_and_gives_matlab_order() -> None:
    module = randomized(nn.Sequential(nn.Conv2d(3, 4, 2), nn.Flatten(), nn.Linear(48, 5)))
    x = image(2, 3, 4, 5)
    actual = from_torch(module, x).predict(x.permute(2, 3, 1, 0).numpy())
    with torch.no_grad():
        np.testing.assert_allclose(actual, module(x), atol=1e-6)


def test_volumes_and_features_have_layers_too() -> None:
    check(
        nn.Sequential(nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), nn.MaxPool3d(2)), image(2, 2, 5, 5, 5)
    )
    check(nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Softmax(dim=1)), image(3, 6))


def test_convolutions_over_time() -> None:
    module = nn.Sequential(
        nn.Conv1d(3, 4, 3, padding=1), nn.BatchNorm1d(4), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1)
    )
    check(module, image(2, 3, 8))


class Skip(nn.Module):
    """Two ways that meet again, by addition and side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.same = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.down(x))
        y = y + self.same(y)
        return torch.cat([self.up(y), x], dim=1)


def test_additions_and_concatenations_become_layers() -> None:
    network = check(Skip(), image(2, 3, 8, 6))
    assert {"AdditionLayer", "ConcatenationLayer"} <= set(names(network))


class Sliced(nn.Module):
    """A transposed convolution whose edges are sliced off."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(3, 2, 4, stride=2, padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.up(x)[:, :, 1:, :-2]
        return y


def test_edges_sliced_off_become_more_cropping() -> None:
    layer = check(Sliced(), image(2, 3, 4, 5)).Layers[1]
    assert isinstance(layer, TransposedConvolution2DLayer)
    assert layer.CroppingSize == (2, 1, 0, 2)


@pytest.mark.slow
@pytest.mark.usefixtures("forked_packages")
def test_a_written_source_package_finds_its_way_back(tmp_path: Path) -> None:
    network = Network(
        [
            m.imageInputLayer([8, 6, 2], Normalization="none", Name="in"),
            m.convolution2dLayer(3, 4, Padding=1, Name="conv"),
            m.reluLayer(Name="relu"),
            m.transposedConv2dLayer(3, 2, Stride=2, Cropping="same", Name="up"),
        ]
    ).initialize(seed=0)
    converters.save(network, tmp_path / "net", check=False)
    model = runpy.run_path(str(tmp_path / "net" / "model.py"))["load"](tmp_path / "net")
    back = converters.from_torch(model, image(1, 2, 8, 6))
    assert back.names == ["x", "conv", "relu", "up"]
    x = image(2, 2, 8, 6)
    assert torch.equal(back.to_torch()(x), network.to_torch()(x))


EXPORTED: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "skip": (Skip(), (2, 3, 8, 6)),
    "classifier": (
        nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.LeakyReLU(0.2),
            nn.MaxPool2d(2),
            nn.AvgPool2d(2, count_include_pad=False),
            nn.Dropout(),
            nn.Flatten(),
            nn.Linear(16, 5),
            nn.LayerNorm(5),
            nn.GELU(approximate="tanh"),
            nn.Softmax(dim=1),
        ),
        (2, 3, 16, 18),
    ),
    "volume": (
        nn.Sequential(nn.ConvTranspose3d(2, 3, 3, 2, 1, 1), nn.ELU(0.5), nn.MaxPool3d(2)),
        (2, 2, 3, 4, 2),
    ),
    "time": (nn.Sequential(nn.Conv1d(3, 4, 3), nn.Sigmoid(), nn.AdaptiveAvgPool1d(1)), (2, 3, 8)),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_program_becomes_the_same_network(name: str) -> None:
    module, size = EXPORTED[name]
    x = image(*size)
    program = torch.export.export(randomized(module), (x,))
    network = from_torch(program)
    with torch.no_grad():
        expected = module(x)
        actual = network.to_torch()(x).reshape(expected.shape)
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6)
    assert names(network) == names(from_torch(module, x))


# --- recurrent layers ----------------------------------------------------------------------


class Recurrent(nn.Module):
    """A recurrent layer, and what is used of its results."""

    def __init__(self, layer: nn.LSTM | nn.GRU, use: str) -> None:
        super().__init__()
        self.layer = layer
        self.use = use
        self.out = nn.Linear(layer.hidden_size * (1 + layer.bidirectional), 3)

    def forward(self, x: Tensor) -> Tensor:
        y, states = self.layer(x)
        if self.use == "last step":
            y = y[:, -1]
        if self.use == "hidden":
            y = states[0][-1] if isinstance(self.layer, nn.LSTM) else states[-1]
        result: Tensor = self.out(y)
        return result


@pytest.mark.parametrize("use", ["all", "last step", "hidden"])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrent_layers(kind: type[nn.LSTM] | type[nn.GRU], use: str) -> None:
    check(Recurrent(kind(4, 5, batch_first=True), use), image(2, 7, 4))


def test_stacked_and_bidirectional_lstm() -> None:
    stacked = nn.LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True, dropout=0.1)
    network = check(Recurrent(stacked, "all"), image(2, 7, 4))
    assert names(network).count("BiLSTMLayer") == 2


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.ConvTranspose2d(3, 3, 3, dilation=2), "dilation"),
        (nn.ConvTranspose2d(3, 3, 3, groups=3), "groups"),
        (nn.ConvTranspose2d(3, 3, 3, stride=2, output_padding=1), "output_padding"),
        (nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), "circular"),
        (nn.MaxPool2d(3, ceil_mode=True), "ceil_mode"),
        (nn.AdaptiveAvgPool2d(3), "output of 1"),
        (nn.Softmax(dim=3), "dim=3"),
        (nn.Flatten(1, 2), "flattened"),
        (nn.PixelUnshuffle(2), "spaceToDepthLayer"),
        (nn.LayerNorm(8), "channels"),
    ],
)
def test_what_matlab_lacks_is_refused_with_the_reason(module: nn.Module, reason: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=reason):
        from_torch(nn.Sequential(module), image(2, 3, 8, 8))


def test_an_operation_of_an_exported_program_that_matlab_lacks_is_refused() -> None:
    program = torch.export.export(nn.Sequential(nn.Hardswish()), (image(1, 2, 4, 4),))
    with pytest.raises(UnsupportedLayerError, match="hardswish"):
        from_torch(program)


def test_everything_unsupported_is_listed_at_once() -> None:
    module = nn.Sequential(nn.PixelUnshuffle(1), nn.ReLU(), nn.Softmax(dim=2), nn.Hardswish())
    with pytest.raises(UnsupportedLayerError, match="2 parts") as caught:
        from_torch(nn.Sequential(nn.Hardswish(), module[0]), image(1, 4, 4, 4))
    assert "Hardswish" in str(caught.value)
    assert "PixelUnshuffle" in str(caught.value)


def test_an_example_that_does_not_fit_is_refused_without_a_traceback_of_torch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(UsageError, match="does not run on the example input"):
        from_torch(nn.Sequential(nn.Conv2d(3, 3, 3)), image(1, 4, 8, 8))
    assert capsys.readouterr() == ("", "")


class Shared(nn.Module):
    """One layer used twice; a function called as no layer can be."""

    def __init__(self, function: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(self.conv(x))
        return torch.softmax(y, 1, dtype=torch.float64) if self.function else y


def test_an_incomplete_window_that_is_none_is_no_matter() -> None:
    check(nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), image(2, 3, 8, 6))


def test_a_layer_used_twice_becomes_two() -> None:
    network = check(Shared(False), image(1, 3, 5, 5))
    assert network.names[1:] == ["conv", "conv_2"]


def test_a_function_with_arguments_that_no_layer_has_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="arguments that no layer has"):
        from_torch(Shared(True), image(1, 3, 5, 5))


def test_an_image_without_a_batch_is_not_taken_for_a_sequence() -> None:
    with pytest.raises(MatlabCompatError, match="layer_0"):
        from_torch(nn.Sequential(nn.Conv2d(3, 3, 3)), image(3, 5, 5))


def test_without_an_example_there_is_no_input_layer() -> None:
    assert names(from_torch(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()))) == [
        "Convolution2DLayer",
        "ReLULayer",
    ]


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout()).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    from_torch(module, image(2, 3, 4, 4))
    assert all(part.training for part in module.modules())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
