"""The transposed convolution alone, beside a hand port, the same channels last, and other engines.

Three tables: torch tensors N,C,H,W in, torch tensors channels last in (either layout may come
out), and MATLAB's arrays in and out. All are given the same: what takes N,C,H,W alone copies what
is channels last within the call, as its user does. ``hand port`` is what a person writes:
``nn.ConvTranspose2d`` as it comes, with the symmetric part of the crop as its padding and a slice
for the rest. ``live`` is ``layer.to_torch()``, whose weights may change; ``optimized`` has them
frozen, as ONNX Runtime has.

The process keeps its memory (``keep_memory()``). Else, whoever gets new pages for a result of 32 MB
and more takes twice as long, and who does is chance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np
import torch
from torch import Tensor, nn

from matlab_compat import TransposedConvolution2DLayer, keep_memory, transposedConv2dLayer
from matlab_compat.engine.fast.optimize import tried
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.network import Network

from .peers import Engine, engines, limit
from .timing import (
    FIRST,
    OPENVINO,
    OPTIMIZED,
    SPINNING,
    THREADS,
    Allowance,
    Question,
    Row,
    Table,
    compared,
    row,
    settled,
)

HAND, LAST = "hand port", "hand port, channels_last"
PEERS = (HAND, LAST, SPINNING, OPENVINO)
LIVE = "live"
#: Of MATLAB's arrays: what comes out is a view of torch's memory, or is copied to be column-major.
PREDICT, INTO, HAND_INTO = "predict", "predict, column-major", "hand port, column-major"
#: Of the best peer, in the worst case and in the mean, and of the hand port on MATLAB's arrays.
WORST, MEAN, MATLAB = 0.95, 1.15, 1.5


@dataclass(frozen=True)
class Case:
    """N, C -> F, H and W, filter, stride, [t b l r]."""

    what: str
    batch: int
    channels: int
    filters: int
    size: int
    filter_size: int
    stride: int
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __str__(self) -> str:
        return (
            f"{self.what}: {self.batch}, {self.channels}->{self.filters}, {self.size}x{self.size}, "
            f"{self.filter_size}x{self.filter_size}, {self.stride}, {list(self.crop)}"
        )


#: The first eight are those of the table that the goals were set by.
CASES = (
    Case("U-Net", 8, 128, 64, 64, 2, 2),
    Case("GAN", 8, 64, 32, 64, 4, 2, (1, 1, 1, 1)),
    Case("deep 5x5", 16, 256, 128, 14, 5, 2, (2, 2, 2, 2)),
    Case("specification", 4, 3, 96, 56, 11, 4),
    Case("large image", 1, 16, 16, 256, 3, 2),
    Case("stride 1", 8, 64, 64, 64, 3, 1, (1, 1, 1, 1)),
    Case("FCN-8s", 1, 21, 21, 64, 16, 8, (4, 4, 4, 4)),
    Case("decoder", 1, 64, 64, 128, 4, 2, (1, 1, 1, 1)),
    Case("U-Net, level 4", 1, 1024, 512, 16, 2, 2),
    Case("U-Net, level 3", 1, 512, 256, 32, 2, 2),
    Case("U-Net, level 1", 1, 128, 64, 128, 2, 2),
    Case("FCN-32s", 1, 21, 21, 16, 64, 32, (16, 16, 16, 16)),
    Case("GAN, first", 64, 100, 512, 1, 4, 1),
    Case("GAN, second", 16, 512, 256, 4, 4, 2, (1, 1, 1, 1)),
    Case("GAN, to RGB", 16, 64, 3, 32, 4, 2, (1, 1, 1, 1)),
    Case("autoencoder, 'same' 3x3", 16, 64, 32, 32, 3, 2, (0, 1, 0, 1)),
    Case("'same' 5x5", 4, 32, 32, 48, 5, 2, (1, 2, 1, 2)),
    Case("asymmetric crop", 4, 32, 16, 64, 4, 2, (3, 0, 0, 3)),
    Case("FSRCNN", 1, 56, 1, 64, 9, 3, (3, 3, 3, 3)),
)


class HandPort(nn.Module):
    """As one writes it from the documentation pages of both sides."""

    def __init__(self, case: Case, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        top, bottom, left, right = case.crop
        self.padding = (min(top, bottom), min(left, right))
        self.case = case
        self.layer = nn.ConvTranspose2d(
            case.channels, case.filters, case.filter_size, case.stride, self.padding
        )
        self.layer.load_state_dict({"weight": weight, "bias": bias})

    def forward(self, x: Tensor) -> Tensor:
        """N,C,H,W to N,F,H',W'."""
        y: Tensor = self.layer(x)
        top, bottom, left, right = self.case.crop
        down, across = self.padding
        rows, columns = y.shape[2] - (bottom - down), y.shape[3] - (right - across)
        return y[:, :, top - down : rows, left - across : columns]


#: The tables, by what goes in.
ARRAYS = "MATLAB's arrays in and out"
LAYOUTS = {
    "torch tensors in and out, input N,C,H,W": torch.contiguous_format,
    "torch tensors in and out, input channels last": torch.channels_last,
}


def tables() -> Iterator[Table]:
    """The three tables."""
    torch.set_num_threads(THREADS)
    keep_memory()
    rows: dict[str, list[Row]] = {title: [] for title in (*LAYOUTS, ARRAYS)}
    cases = random.Random(0).sample(CASES, len(CASES))  # where the time is up, some of all kinds
    measures = (partial(measured, one) for one in Allowance.within(cases, FIRST))
    for found in settled(measures, _margin):
        for title, made in zip(rows, found, strict=True):
            rows[title].append(made)
    for title in LAYOUTS:
        goals = [
            *compared(rows[title], OPTIMIZED, PEERS, mean=MEAN, worst=WORST, limit=0.5),
            *compared(rows[title], LIVE, [HAND, LAST], mean=MEAN, worst=WORST),
        ]
        yield Table(f"Transposed convolution, {title}", rows[title], goals)
    goals = list(compared(rows[ARRAYS], PREDICT, [HAND], mean=MATLAB))
    goals += compared(rows[ARRAYS], INTO, [HAND_INTO], mean=1)
    yield Table(f"Transposed convolution, {ARRAYS}", rows[ARRAYS], goals)


def prepare(case: Case) -> tuple[Case, TransposedConvolution2DLayer, Tensor]:
    """The layer with random weights, and an input N,C,H,W."""
    draw = np.random.default_rng(0)
    k, f, c = case.filter_size, case.filters, case.channels
    weights = draw.standard_normal((k, k, f, c), np.float32) / np.float32(np.sqrt(k * k * c))
    bias = draw.standard_normal((1, 1, f), np.float32)
    options = {"Stride": case.stride, "Cropping": case.crop, "Weights": weights, "Bias": bias}
    layer = transposedConv2dLayer(k, f, **options)
    x = draw.standard_normal((case.batch, c, case.size, case.size), np.float32)
    return case, layer, torch.from_numpy(x)


def _margin(row: Row) -> float:
    """Of torch's tensors, both of ours; of MATLAB's arrays the mean counts alone."""
    if OPTIMIZED not in row.seconds:
        return max(1.0, row.more["of best"])
    return min(row.more["of best"], row.more[f"{LIVE} of best"]) / WORST


def measured(one: Case) -> Iterator[Row]:
    """A row of each table, in their order."""
    case, layer, x = prepare(one)
    module, frozen = layer.to_torch().eval(), Network([layer]).to_torch(optimize=True)
    weight, bias = module.weight.detach(), module.bias.detach()  # type: ignore[operator]
    hand, last = HandPort(case, weight, bias).eval(), HandPort(case, weight, bias).eval()
    last.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    made = engines(onnx_model(case, weight, bias))
    peers = {name: make([x.numpy()]) for name, make in made.items()}
    questions = [Question(OPTIMIZED, PEERS, WORST), Question(LIVE, [HAND, LAST], WORST)]
    limit = least(case, layer, x)
    assert isinstance(frozen, InferenceModule)
    with torch.inference_mode():
        exact = hand.double()(x.double())
        hand.float()
        for layout in LAYOUTS.values():
            given = x.contiguous(memory_format=layout)
            tried(frozen, given, inf)
            variants = {HAND: hand, LAST: last, LIVE: module, OPTIMIZED: frozen}
            calls = {name: partial(one, given) for name, one in variants.items()}
            calls |= {name: partial(tensor_call, one, given) for name, one in peers.items()}
            for call in calls.values():
                torch.testing.assert_close(call().double(), exact, atol=1e-4, rtol=1e-4)
            yield row(str(case), calls, questions, limit)
    yield measure_matlab(case, layer, hand, x)


def least(case: Case, layer: TransposedConvolution2DLayer, x: Tensor, passes: int = 1) -> float:
    """The least seconds: of one pass, or of three with the gradients of input and weights."""
    side = (case.size - 1) * case.stride + case.filter_size
    down, across = side - sum(case.crop[:2]), side - sum(case.crop[2:])
    numbers = x.numel() + layer.Weights.size + case.batch * case.filters * down * across
    return limit(passes * x.numel() * case.filters * case.filter_size**2, passes * numbers)


def tensor_call(engine: Engine, x: Tensor) -> Tensor:
    """What an engine that takes N,C,H,W gives for a tensor."""
    return torch.from_numpy(engine([x.contiguous().numpy()])[0])


def onnx_model(case: Case, weight: Tensor, bias: Tensor) -> bytes:
    """One ConvTranspose node."""
    from onnx import TensorProto, helper, numpy_helper

    top, bottom, left, right = case.crop
    node = helper.make_node(
        "ConvTranspose",
        ["x", "w", "b"],
        ["y"],
        strides=[case.stride] * 2,
        kernel_shape=[case.filter_size] * 2,
        pads=[top, left, bottom, right],
    )
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", case.channels, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight.numpy(), "w"), numpy_helper.from_array(bias.numpy(), "b")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def measure_matlab(
    case: Case, layer: TransposedConvolution2DLayer, hand: HandPort, x: Tensor
) -> Row:
    """H x W x C x N, column-major, in, and out in any order, or column-major as well."""
    X = np.asfortranarray(x.numpy().transpose(2, 3, 1, 0))

    def by_hand() -> np.ndarray:
        with torch.inference_mode():
            y = hand(torch.from_numpy(X.transpose(3, 2, 0, 1)).contiguous())
        return y.numpy().transpose(2, 3, 1, 0)

    variants = {HAND: by_hand, PREDICT: lambda: layer.predict(X)}
    np.testing.assert_allclose(layer.predict(X), by_hand(), atol=1e-4, rtol=1e-4)
    questions = [Question(PREDICT, [HAND], MATLAB), Question(INTO, [HAND_INTO], 1)]
    variants |= {
        HAND_INTO: lambda: np.asfortranarray(by_hand()),
        INTO: lambda: np.asfortranarray(layer.predict(X)),
    }
    return row(str(case), variants, questions, least(case, layer, x))
