"""The table of operations, and the refusals computed from it.

Expected values: the registry of layers, the lists of torch's own modules and functions, and the
outputs of torch.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from converters.from_torch import from_torch
from converters.from_torch.operations import (
    OPERATIONS,
    _elementwise,
    no_layer,
)
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers import registered
from matlab_compat.layers.base import Elementwise
from matlab_compat.layers.properties import Property, real_scalar

from .idioms import IDIOMS, Does
from .test_idioms import data
from .without_operation import WITHOUT_OPERATION


@torch.fx.wrap
def relu(x: Tensor) -> Tensor:
    """Not torch's."""
    return x + 1


BECOMES = {layer.__name__ for row in OPERATIONS for layer in row.becomes}


def image(*size: int) -> Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(1)) - 0.3


@pytest.mark.parametrize("name", registered())
def test_every_registered_layer_has_an_operation_or_a_reason(name: str) -> None:
    layer = registered()[name]
    if layer.__module__.startswith("matlab_compat."):  # not the layers of other tests
        assert (layer.__name__ in BECOMES) != (layer.__name__ in WITHOUT_OPERATION)


def test_no_reason_is_given_for_a_layer_that_is_gone() -> None:
    assert set(WITHOUT_OPERATION) <= {layer.__name__ for layer in registered().values()}


def test_the_layers_of_a_row_are_declared_in_it() -> None:
    made = {
        type(layer).__name__
        for idiom in IDIOMS.values()
        for layer in from_torch(idiom.module.eval(), data(idiom)).Layers[1:]
    }
    assert made <= BECOMES


def test_an_elementwise_layer_that_is_a_module_of_torchs_needs_no_row(own_registry: None) -> None:
    class RandomReLULayer(
        Elementwise, type_text="Random ReLU", module=("torch.nn.RReLU", "Lower", "Upper")
    ):
        Lower, Upper = Property(real_scalar, 0.1), Property(real_scalar, 0.3)

    (row,) = (row for row in _elementwise([]) if row.modules == (nn.RReLU,))
    assert (row.functions, row.becomes) == ("rrelu", (RandomReLULayer,))
    assert row.layers is not None
    (layer,) = row.layers(nn.RReLU(0.25, 0.5), None)  # type: ignore[arg-type]
    assert (layer.Lower, layer.Upper) == (0.25, 0.5)


def test_every_name_stands_in_one_row() -> None:
    names = Counter(name for row in OPERATIONS for name in row.functions.split())
    modules = Counter(module for row in OPERATIONS for module in row.modules)
    assert [key for key, count in (names + modules).items() if count > 1] == []


def test_every_name_is_one_of_torchs() -> None:
    homes = (functional, torch, Tensor, torch.ops.aten, __import__("operator"))
    names = [name for row in OPERATIONS for name in row.functions.split()]
    assert [name for name in names if not any(hasattr(home, name) for home in homes)] == []


def test_a_row_has_layers_or_a_handler_or_what_is_near() -> None:
    for row in OPERATIONS:
        ways = (row.layers or row.module_of, row.handler, row.near)
        assert sum(way is not None and way != "" for way in ways) == 1, row
        assert not row.functions or row.layers is None or row.module_of is not None, row


def test_a_module_with_a_functional_form_has_it_in_its_row() -> None:
    """Softplus and F.softplus, MaxPool3d and F.max_pool3d: no form is left out."""
    missing = []
    for row in OPERATIONS:
        for module in row.modules if row.layers else ():
            form = "".join(f"_{c.lower()}" if c.isupper() else c for c in module.__name__)
            compact = {"".join(n.split("_")): n for n in dir(functional) if n.strip("_") == n}
            name = compact.get(form.replace("_", ""))
            if name and name not in row.functions.split():
                missing.append(name)
    assert missing == []


@pytest.mark.parametrize(
    ("module", "near"),
    [
        (nn.Hardswish(), "functionLayer"),
        (nn.LogSoftmax(dim=1), "softmaxLayer"),
        (nn.PixelUnshuffle(2), "spaceToDepthLayer"),
        (nn.ZeroPad2d(1), "pad alone"),
        (Does(lambda m, x: torch.exp(x)), "functionLayer"),
        (Does(lambda m, x: x / x.mean([2, 3], keepdim=True)), "functionLayer"),
        (Does(lambda m, x: torch.stack([x, x])), "concatenationLayer"),
        (Does(lambda m, x: x.chunk(3, 1)[0]), "two convolutions"),
        (Does(lambda m, x: x**3), r"functionLayer\(@\(x\) x\.\^3\)"),
    ],
)
def test_a_refusal_says_what_is_near(module: nn.Module, near: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=near):
        from_torch(nn.Sequential(module), image(2, 3, 8, 8))


@pytest.mark.parametrize("name", registered())
def test_nothing_that_is_registered_is_called_unknown(name: str) -> None:
    layer = registered()[name]
    assert "there is no layer" not in str(no_layer(layer.__name__.removesuffix("Layer"), None))


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        (lambda m, x: F_upsample(x, align_corners=True), "align_corners"),
        (lambda m, x: F_upsample(x, scale_factor=1.3), "no whole sizes"),
        (lambda m, x: functional.interpolate(x, size=(4, 4), mode="bicubic"), "bicubic"),
        (lambda m, x: functional.conv2d(x, x), "computed from the data"),
        (lambda m, x: x.mean(1), "all of space"),
        (lambda m, x: x.mean(), "name the dim"),
        (lambda m, x: x.transpose(2, 3), "functionLayer"),
        (lambda m, x: x.view(-1, 24, 8), "flattened together"),
        (lambda m, x: x.view(-1, 8), "batch"),
        (lambda m, x: x[:, 1], "alone in its dimension"),
        (lambda m, x: x * torch.rand(2, 1, 1, 1), "every observation"),
        (lambda m, x: x.clamp(min=0.1), "two numbers clip"),
        (lambda m, x: functional.softplus(x, threshold=5), "threshold"),
        (lambda m, x: functional.adaptive_avg_pool2d(x, (3, 4)), "equal blocks"),
        (lambda m, x: functional.softmax(x, dim=2), "dim=2"),
        (lambda m, x: x * x.size(0), "size of the data"),
        (
            lambda m, x: functional.instance_norm(
                x, torch.zeros(3), torch.ones(3), use_input_stats=False
            ),
            r"no layer has \(running_mean\)",
        ),
        (lambda m, x: x[:, [0, 2]], "no lists"),
        (lambda m, x: x[:, torch.tensor([0, 2])], "no lists"),
        (lambda m, x: x[0], "alone in its dimension"),
        (lambda m, x: functional.max_pool2d(x.permute(0, 2, 3, 1), 2), "second dimension"),
        (lambda m, x: functional.max_pool2d(x, 2, return_indices=True)[1], "only the first"),
        (lambda m, x: x.view(2, 3, 8, 2, 4), "other reshapes"),
        (lambda m, x: x + torch.zeros(3, 1, 1, 1, 1), "dimensions that the data lacks"),
    ],
)
def test_what_no_layer_computes_is_refused_with_the_reason(forward: object, why: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=why):
        from_torch(Does(forward), image(2, 3, 8, 8))  # type: ignore[arg-type]


def F_upsample(x: Tensor, scale_factor: float = 2, align_corners: bool = False) -> Tensor:
    return functional.interpolate(
        x, scale_factor=scale_factor, mode="bilinear", align_corners=align_corners
    )


def test_what_follows_from_a_refusal_is_not_refused_again() -> None:
    lost = Does(lambda m, x: m.fc(torch.einsum("nchw->nc", x)), fc=nn.Linear(3, 2))
    with pytest.raises(UnsupportedLayerError, match="1 part"):
        from_torch(lost, image(2, 3, 8, 8))


def test_exported_attention_is_asked_for_as_a_module() -> None:
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    module = Does(lambda m, x: m.attention(x, x, x)[0], attention=attention)
    program = torch.export.export(module, (image(2, 7, 4),))
    with pytest.raises(UnsupportedLayerError, match="the module itself"):
        from_torch(program)


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        (lambda m, x: m.layer(x, torch.ones(1, 2, 5))[0], "initial state"),
        (lambda m, x: m.layer(x)[1], "only y"),
    ],
)
@pytest.mark.filterwarnings("ignore:The tensor attributes")  # torch's own, about its LSTM
def test_an_exported_gru_is_refused_as_the_module_is(forward: Any, why: str) -> None:
    module = Does(forward, layer=nn.GRU(4, 5, batch_first=True))
    program = torch.export.export(module, (image(2, 7, 4),))
    with pytest.raises(UnsupportedLayerError, match=why):
        from_torch(program)


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        (lambda m, x: functional.relu(functional.pad(x, (1, 1))), "within a convolution"),
        (lambda m, x: functional.max_pool2d(functional.pad(x, (1, 1)), 2), "within a convolution"),
        (lambda m, x: functional.pad(x, (1, 1)), "pad alone"),
        (lambda m, x: m.conv(functional.pad(x, (-1, 1))), "at least 0"),
        (lambda m, x: m.conv(functional.pad(x, (1, 1, 1, 1), mode="circular")), "circular"),
        (lambda m, x: m.conv(functional.pad(x, (1, 1), value=2.0)), "another way"),
    ],
)
def test_padding_is_part_of_a_convolution_or_refused(forward: Any, why: str) -> None:
    module = Does(forward, conv=nn.Conv2d(3, 2, 3, padding=1))
    with pytest.raises(UnsupportedLayerError, match=why):
        from_torch(module, image(2, 3, 8, 8))


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: (functional.relu(x, inplace=True), x)[1],
        lambda m, x: (y := x + 1, y.relu_(), y * 2)[2],
        lambda m, x: (y := x + 1, functional.relu(y, inplace=True) + y)[1],
        lambda m, x: (y := x + 1, m.part(y), y)[2],
    ],
)
def test_what_is_changed_in_place_is_seen_by_later_uses(forward: Any) -> None:
    module, x = Does(forward, part=nn.ReLU(inplace=True)).eval(), image(2, 3, 4, 4)
    network = from_torch(module, x.clone())
    torch.testing.assert_close(network.to_torch()(x.clone()), module(x.clone()))
    program = torch.export.export(module, (x.clone(),))
    torch.testing.assert_close(from_torch(program).to_torch()(x.clone()), module(x.clone()))


def test_somebody_elses_function_of_the_same_name_is_not_taken_for_torchs() -> None:
    with pytest.raises(UnsupportedLayerError, match="no layer for"):
        from_torch(Does(lambda m, x: relu(x)), image(2, 3, 8, 8))


def test_cross_attention_stands_between_fully_connected_layers() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()

    class Cross(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(8)
            self.attention = attention

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.attention(self.norm(x), x, x)[0]
            return y

    x = image(2, 7, 8)
    network = from_torch(Cross(), x)
    assert "AttentionLayer" in [type(layer).__name__ for layer in network.Layers]
    with torch.no_grad():
        expected = Cross()(x)
        torch.testing.assert_close(network.to_torch()(x.mT).mT, expected, rtol=1e-5, atol=2e-6)


def test_a_causal_mask_becomes_the_attention_mask() -> None:
    class Causal(nn.Module):
        mask: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.register_buffer("mask", torch.ones(7, 7, dtype=torch.bool).triu(1))

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.attention(x, x, x, attn_mask=self.mask)[0]
            return y

    module, x = Causal().eval(), image(2, 7, 8)
    network = from_torch(module, x)
    assert network.Layers[1].AttentionMask == "causal"  # type: ignore[attr-defined]
    with torch.no_grad():
        torch.testing.assert_close(network.to_torch()(x.mT).mT, module(x), rtol=1e-5, atol=2e-6)
