"""Layers as :mod:`.optimize` leaves them: for inference only, with known things computed before.

They hold what they compute with as buffers. What also depends on the input (weights in the order
that a kernel wants) is made in the first run and kept out of ``state_dict``, copies and pickles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import phases
from .convolution import CONVOLUTION, PaddedConvolution, Padding, padded, window_of
from .fully_connected import FullyConnected
from .inputs import Normalization, divisor
from .padding import Pairs, same_padding
from .phases import Prepared
from .pooling import MAXIMUM, MaxPooling
from .recurrent import LSTM, by_direction
from .time import per_time_step
from .transposed_convolution import CroppedConvTranspose, transposed_convolution

#: A single image with fewer elements, those of the output counted, goes to torch's own convolution,
#: which starts sooner than oneDNN (8 us against 30); they meet here (benchmarks/NOTES.md,
#: "Networks"). torch itself draws its line at 20480 elements of the input.
SMALL_IMAGE = 28_000
#: With fewer channels than this, torch's own convolution is slower channels last than N,C,H,W.
FEW_CHANNELS = 8

Made = TypeVar("Made")


def has_onednn() -> bool:
    """Whether this torch has oneDNN's convolution with prepared weights and fused activation.

    They are what ``torch.compile`` calls on a CPU, and no public interface: hence the question.
    """
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    return all(hasattr(torch.ops.mkldnn, name) for name in names)


class Inference(nn.Module):
    """A module that is never trained."""

    def __init__(self, **values: Tensor) -> None:
        super().__init__()
        self.eval()
        self._prepared: dict[Hashable, Any] = {}
        for name, value in values.items():
            self.register_buffer(name, without_denormals(value))

    def prepared(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made once."""
        if what not in self._prepared:
            self._prepared[what] = make()
        found: Made = self._prepared[what]
        return found

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._prepared = {}  # another device or dtype
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_prepared": {}}


def without_denormals(value: Tensor) -> Tensor:
    """A copy with zeros for numbers below 1e-38: they add nothing and slow processors down."""
    kept = value.detach().clone()
    kept[kept.abs() < torch.finfo(kept.dtype).tiny] = 0
    return kept


class Activation(Inference):
    """ReLU, leaky or not, in memory that nothing else needs."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """``x``, changed."""
        return functional.leaky_relu_(x, self.slope) if self.slope else x.relu_()

    @property
    def onednn(self) -> tuple[str, list[float]]:
        """Its name and parameters there."""
        return ("leaky_relu", [self.slope]) if self.slope else ("relu", [])

    def extra_repr(self) -> str:
        """The slope."""
        return f"slope={self.slope}"


class Convolution(Inference):
    """A convolution and the activation after it.

    Images come out channels last, whatever they came in, and so stay to the network's end.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: PaddedConvolution, activation: Activation | None) -> None:
        super().__init__(weight=layer.weight, bias=layer.bias)
        self.stride, self.dilation, self.groups = layer.stride, layer.dilation, layer.groups
        self.window = window_of(layer.weight, layer.dilation)
        self.large_filter = min(layer.weight.shape[2:]) > 3
        filters, channels = layer.weight.shape[:2]
        self.growth = filters / (channels * self.groups * math.prod(self.stride))
        self.padding = layer.padding
        if layer.padding.pairs is None and set(layer.stride) == {1}:  # the same for every size
            pairs = same_padding(self.window, self.window, self.stride)
            self.padding = Padding(pairs, layer.padding.value)
        self.activation = activation
        self.even = even(self.padding)

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of ``x``, activated."""
        return per_time_step(self._convolve, x, len(self.stride))

    def _convolve(self, x: Tensor) -> Tensor:
        inside = self.even
        if inside is None:
            x, inside = padded(x, self.padding, self.window, self.stride)
        large = x.shape[0] > 1 or self.large_filter or x.numel() * (1 + self.growth) > SMALL_IMAGE
        if large and self.prepared("takes onednn", self._takes_onednn):
            return self._onednn(x, inside)
        weight, bias = self.prepared("torch", self._for_torch)
        y: Tensor = CONVOLUTION[len(inside)](
            x, weight, bias, self.stride, inside, self.dilation, self.groups
        )
        y = self.activation.forward(y) if self.activation else y
        return y.contiguous(memory_format=torch.channels_last) if y.ndim == 4 else y

    def _takes_onednn(self) -> bool:
        on_cpu = self.weight.device.type == "cpu" and self.weight.dtype == torch.float32
        return on_cpu and len(self.stride) == 2 and has_onednn()

    def _for_torch(self) -> tuple[Tensor, Tensor]:
        if self.weight.ndim != 4 or self.weight.shape[1] < FEW_CHANNELS:
            return self.weight, self.bias
        return self.weight.contiguous(memory_format=torch.channels_last), self.bias

    def _onednn(self, x: Tensor, inside: list[int]) -> Tensor:
        how = (inside, self.stride, self.dilation, self.groups)

        def reorder() -> tuple[Tensor, Tensor]:  # for the first size that comes; right for all
            place = torch.ops.mkldnn._reorder_convolution_weight.default
            return place(self.weight, *how, list(x.shape)), self.bias

        weight, bias = self.prepared("onednn", reorder)
        name, numbers = self.activation.onednn if self.activation else ("none", [])
        y: Tensor = torch.ops.mkldnn._convolution_pointwise.default(
            x, weight, bias, *how, name, numbers, ""
        )
        return y


def even(padding: Padding) -> list[int] | None:
    """What torch pads by itself, where that does not depend on the input."""
    if padding.value != 0 or padding.pairs is None or any(a != b for a, b in padding.pairs):
        return None
    return [before for before, _ in padding.pairs]


class TransposedConvolution(Inference):
    """A transposed convolution by the algorithm of choice, and the activation after it."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: CroppedConvTranspose, activation: Activation | None) -> None:
        super().__init__(weight=layer.weight, bias=layer.bias)
        self.how = (layer.stride, layer.crop)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """The cropped transposed convolution of ``x``, activated."""
        return per_time_step(self._convolve, x, len(self.how[0]))

    def _convolve(self, x: Tensor) -> Tensor:
        if phases.applies(x, self.weight):
            fast = self.prepared("phases", lambda: Prepared(self.weight, self.bias, *self.how))
            y = fast(x)
        else:
            y = transposed_convolution(x, self.weight, self.bias, *self.how)
        return self.activation.forward(y) if self.activation else y


class MaxPool(Inference):
    """Max pooling that torch can do by itself."""

    def __init__(self, layer: MaxPooling, padding: Pairs) -> None:
        super().__init__()
        self.how = (layer.pool_size, layer.stride, [before for before, _ in padding])
        self.pool = MAXIMUM[len(padding)]

    def forward(self, x: Tensor) -> Tensor:
        """The pooled ``x``; over each time step if there is one dimension more."""
        return per_time_step(lambda x: self.pool(x, *self.how), x, len(self.how[0]))


class Dense(Inference):
    """A fully connected layer that takes images as they lie in memory, and the activation after."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: FullyConnected, activation: Activation | None) -> None:
        super().__init__(weight=layer.weight, bias=layer.bias)
        self.spatial = layer.spatial
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """N,C,*space to N,F."""
        size = tuple(x.shape[1:]) if self.spatial else ()
        weight, bias = self.prepared(size, lambda: (self._reordered(size), self.bias))
        if self.spatial:  # channels last: no copy
            x = x.permute(0, *range(2, x.ndim), 1).flatten(1)
        y = functional.linear(x, weight, bias)
        return self.activation.forward(y) if self.activation else y

    def _reordered(self, size: tuple[int, ...]) -> Tensor:
        """Columns from MATLAB's order (h fastest, then w, then C) to C fastest, then w, then h."""
        if not size:
            return self.weight
        columns = self.weight.view(-1, size[0], *reversed(size[1:]))
        return columns.permute(0, *range(columns.ndim - 1, 0, -1)).flatten(1)


class FixedNormalization(Inference):
    """The input's normalization with the divisor computed before."""

    offset: Tensor
    divisor: Tensor

    def __init__(self, layer: Normalization) -> None:
        self.mode = layer.mode
        if self.mode == "zerocenter":
            super().__init__(offset=layer.mean)
        elif self.mode == "zscore":
            super().__init__(offset=layer.mean, divisor=divisor(layer.standard_deviation))
        else:
            super().__init__(offset=layer.min, divisor=divisor(layer.max - layer.min))

    def forward(self, x: Tensor) -> Tensor:
        """As :class:`~.inputs.Normalization`, in one copy."""
        y = x - self.offset
        if self.mode != "zerocenter":
            y.div_(self.divisor)
        return y.mul_(2).sub_(1) if self.mode == "rescale-symmetric" else y


class SavedStateLSTM(Inference):
    """An LSTM that begins with the states of the file, without what surrounds the kernel."""

    hidden: Tensor
    cell: Tensor

    def __init__(self, layer: LSTM) -> None:
        directions = 2 if layer.bidirectional else 1
        hidden, cell = (
            by_direction(layer.get_buffer(name), directions) for name in layer.state_names
        )
        values = dict(layer.named_parameters())
        super().__init__(hidden=hidden, cell=cell, **values)
        self.names, self.last = tuple(values), layer.settings.last
        self.bidirectional = layer.bidirectional

    def forward(self, x: Tensor) -> Tensor:
        """N,C,T to N,H,T, or N,H."""
        states = [s.expand(-1, x.shape[0], -1).contiguous() for s in (self.hidden, self.cell)]
        weights = [self.get_buffer(name) for name in self.names]
        y, final, _ = torch.lstm(
            x.transpose(1, 2), states, weights, True, 1, 0.0, False, self.bidirectional, True
        )
        return final.transpose(0, 1).flatten(1) if self.last else y.transpose(1, 2)
