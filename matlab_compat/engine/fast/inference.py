"""Layers as :mod:`.optimize` leaves them: for inference only, with known things computed before.

They hold what they compute with as buffers. What also depends on the input (weights in the order
that a kernel wants) is made in the first run and kept out of ``state_dict``, copies and pickles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..convolution import CONVOLUTION, PaddedConvolution, Padding, padded, window_of
from ..fully_connected import FullyConnected
from ..inputs import Normalization, divisor
from ..padding import Pairs, same_padding
from ..pooling import AveragePooling, MaxPooling
from ..recurrent import LSTM, by_direction
from ..threads import threads_for_steps
from ..time import per_time_step
from ..transposed_convolution import CroppedConvTranspose, transposed_convolution
from . import phases
from .kernels import (
    Kernel,
    fastest,
    has_kernels,
    matrix_convolution,
    separable,
    separable_is_faster,
)
from .phases import Prepared

Made = TypeVar("Made")
#: What computes a layer.
Run: TypeAlias = Callable[[Tensor], Tensor]
#: Sizes of the input for which a layer keeps what it prepares.
MANY = 256


class Inference(nn.Module):
    """A module that is never trained."""

    def __init__(self, **values: Tensor) -> None:
        super().__init__()
        self.eval()
        self._prepared: dict[Hashable, Any] = {}
        for name, value in values.items():
            self.register_buffer(name, without_denormals(value))

    def prepared(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made once (again, where sizes keep changing)."""
        if torch.compiler.is_compiling():
            return make()
        known = self._prepared
        if what not in known:
            # Tensors made in inference mode could not be used for gradients later.
            with torch.inference_mode(False), torch.no_grad():
                made = make()
            if len(known) >= MANY:
                known = self._prepared = {}
            known[what] = made
        found: Made = known[what]
        return found

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._prepared = {}  # another device or dtype
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_prepared": {}}


def plain_only(x: Tensor) -> bool:
    """Whether torch's own operators have to do: for gradients, vmap, compiling and exporting."""
    if torch.compiler.is_compiling() or x.requires_grad:
        return True
    return torch._C._functorch.maybe_get_level(x) >= 0  # vmap or the like around x


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
        return self.function(x)

    @property
    def function(self) -> Run:
        """What changes it."""
        if self.slope:
            return partial(functional.leaky_relu_, negative_slope=self.slope)
        return torch.relu_

    @property
    def onednn(self) -> tuple[str, list[float]]:
        """Its name and parameters there."""
        return ("leaky_relu", [self.slope]) if self.slope else ("relu", [])

    def extra_repr(self) -> str:
        """The slope."""
        return f"slope={self.slope}"


class Convolution(Inference):
    """A convolution and the activation after it; images come out channels last, and stay so."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: PaddedConvolution, activation: Activation | None) -> None:
        super().__init__(weight=layer.weight, bias=layer.bias)
        self.stride, self.dilation, self.groups = layer.stride, layer.dilation, layer.groups
        self.window = window_of(layer.weight, layer.dilation)
        self.padding = layer.padding
        if layer.padding.pairs is None and set(layer.stride) == {1}:  # the same for every size
            pairs = same_padding(self.window, self.window, self.stride)
            self.padding = Padding(pairs, layer.padding.value)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of ``x``, activated."""
        return per_time_step(self._convolve, x, len(self.stride))

    def _convolve(self, x: Tensor) -> Tensor:
        if plain_only(x):
            return self._anywhere(x)
        return self.prepared(x.shape, lambda: self._fastest(x))(x)

    def _fastest(self, x: Tensor) -> Run:
        on_cpu = self.weight.device.type == "cpu" and self.weight.dtype == torch.float32
        if not (on_cpu and x.ndim == 4 and has_kernels()):
            return self._anywhere
        filled, inside = padded(x, self.padding, self.window, self.stride)
        kernel: Kernel = "onednn"
        if self.groups == 1 and set(self.dilation) == {1}:
            kernel = fastest(filled.shape, self.weight.shape, self.stride, tuple(inside))
        run = self._onednn(filled, inside) if kernel == "onednn" else self._matrix(kernel, inside)
        if filled is x:
            return run
        return lambda x: run(padded(x, self.padding, self.window, self.stride)[0])

    def _anywhere(self, x: Tensor) -> Tensor:
        x, inside = padded(x, self.padding, self.window, self.stride)
        last = x.ndim == 4 and not plain_only(x)
        weight = self.prepared("channels last", self._channels_last) if last else self.weight
        y: Tensor = CONVOLUTION[len(inside)](
            x, weight, self.bias, self.stride, inside, self.dilation, self.groups
        )
        y = self.activation.forward(y) if self.activation else y
        return y.contiguous(memory_format=torch.channels_last) if last else y

    def _channels_last(self) -> Tensor:
        # Not contiguous(), which leaves weights of one channel or pixel as they are, so that the
        # output would be N,C,H,W.
        empty = torch.empty_like(self.weight, memory_format=torch.channels_last)
        return empty.copy_(self.weight)

    def _matrix(self, kernel: Kernel, inside: list[int]) -> Run:
        weight = self.weight
        if kernel == "columns":
            weight = self.prepared("channels last", self._channels_last)
        convolve = matrix_convolution
        how = (weight, weight.shape[2:], self.bias, self.stride, inside)
        activate = self.activation.function if self.activation else None

        def run(x: Tensor) -> Tensor:
            y: Tensor = convolve(x, *how)
            if activate:
                activate(y)
            return y.contiguous(memory_format=torch.channels_last)

        return run

    def _onednn(self, x: Tensor, inside: list[int]) -> Run:
        how = (inside, self.stride, self.dilation, self.groups)

        def reorder() -> Tensor:  # for the first size that comes; right for all
            place = torch.ops.mkldnn._reorder_convolution_weight.default
            weight: Tensor = place(self.weight, *how, list(x.shape))
            return weight

        weight, bias = self.prepared("onednn", reorder), self.bias
        convolve = torch.ops.mkldnn._convolution_pointwise.default
        after = (*how, *(self.activation.onednn if self.activation else ("none", [])), "")
        return lambda x: convolve(x, weight, bias, *after)


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


class Pooling(Inference):
    """Max or average pooling of images, by the faster of two ways."""

    def __init__(self, layer: MaxPooling | AveragePooling) -> None:
        super().__init__()
        self.layer = layer
        self.maximum = isinstance(layer, MaxPooling)

    def forward(self, x: Tensor) -> Tensor:
        """The pooled ``x``; over each time step if there is one dimension more."""
        return per_time_step(self._pool, x, 2)

    def _pool(self, x: Tensor) -> Tensor:
        if plain_only(x):
            return self.layer.forward(x)
        last = x.is_contiguous(memory_format=torch.channels_last)
        return self.prepared((x.shape, last), lambda: self._fastest(x, last))(x)

    def _fastest(self, x: Tensor, channels_last: bool) -> Run:
        how = (self.layer.pool_size, self.layer.stride)
        pairs = tuple(self.layer.pairs(x))
        faster = separable_is_faster(x.shape, *how, pairs, maximum=self.maximum)
        if faster and channels_last and x.device.type == "cpu":
            return partial(self._separable, pairs=pairs)
        if self.maximum and self.layer.is_even(pairs):
            inside = [before for before, _ in pairs]
            return lambda x: functional.max_pool2d(x, *how, inside)
        return self.layer.forward

    def _separable(self, x: Tensor, pairs: Pairs) -> Tensor:
        how = (self.layer.pool_size, self.layer.stride, pairs)
        if self.maximum:
            return separable(x, *how, torch.maximum)
        return separable(x, *how, torch.add).mul_(1 / math.prod(how[0]))


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
        return self.prepared(x.shape[1:], lambda: self._ready(x.shape[1:]))(x)

    def _ready(self, size: Sequence[int]) -> Run:
        spatial = tuple(size) if self.spatial else ()
        weight, bias = self._reordered(spatial), self.bias
        order = (0, *range(2, 1 + len(spatial)), 1)
        activate = self.activation.function if self.activation else None

        def run(x: Tensor) -> Tensor:
            if spatial:  # channels last: no copy
                x = x.permute(order).flatten(1)
            y = functional.linear(x, weight, bias)
            return activate(y) if activate else y

        return run

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
        hidden, cell = (by_direction(layer.get_buffer(n), directions) for n in layer.state_names)
        values = dict(layer.named_parameters())
        super().__init__(hidden=hidden, cell=cell, **values)
        self.names, self.last = tuple(values), layer.settings.last
        self.bidirectional = layer.bidirectional

    def forward(self, x: Tensor) -> Tensor:
        """N,C,T to N,H,T, or N,H."""
        states = [s.expand(-1, x.shape[0], -1).contiguous() for s in (self.hidden, self.cell)]
        weights = [self.get_buffer(name) for name in self.names]
        how = (True, 1, 0.0, False, self.bidirectional, True)
        if torch.compiler.is_compiling():
            y, final, _ = torch.lstm(x.transpose(1, 2), states, weights, *how)
        else:
            with threads_for_steps(x, weights[0].numel() + weights[1].numel()):
                y, final, _ = torch.lstm(x.transpose(1, 2), states, weights, *how)
        return final.transpose(0, 1).flatten(1) if self.last else y.transpose(1, 2)
