"""Layers as :mod:`.optimize` leaves them: for inference only, with known things computed before.

``forward`` is torch's plain operators, for gradients, exporters and other devices. On a CPU
:mod:`.run` asks for the ``ways`` to compute the layer for an input of one size, and takes the
fastest. Layers hold what they compute with as buffers; what a way wants besides (weights in another
order) is made once and kept out of ``state_dict``, copies and pickles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import DataFormatError
from ..activations import Scaling
from ..convolution import CONVOLUTION, PaddedConvolution, Padding, padded, window_of
from ..fully_connected import FullyConnected
from ..inputs import Normalization, divisor
from ..padding import Pairs, same_padding
from ..pooling import AveragePooling, MaxPooling
from ..recurrent import LSTM, by_direction
from ..structure import Addition, Concatenation
from ..threads import threads_for_steps
from ..time import per_time_step
from ..transposed_convolution import CroppedConvTranspose, transposed_convolution
from . import live, phases
from .kernels import (
    has_kernels,
    image,
    in_channels_last,
    is_separable,
    matrix_convolution,
    separable,
)

Made = TypeVar("Made")
#: A function that computes a layer.
Run: TypeAlias = Callable[..., Tensor]
#: Makes it, for the inputs that it was asked for; it may be given memory (float32, in one
#: dimension) for the result, which it need not take.
Make: TypeAlias = Callable[[Tensor | None], Run]


class Inference(nn.Module):
    """A module that is never trained."""

    #: Its settings: together with the sizes of its buffers and its parts they say what it computes.
    how: tuple[object, ...] = ()

    def __init__(self, **values: Tensor) -> None:
        super().__init__()
        self.eval()
        self._prepared: dict[Hashable, Any] = {}
        for name, value in values.items():
            self.register_buffer(name, without_denormals(value))

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """By name, how to compute the layer for inputs of this size, as :mod:`.choice` has it."""
        return {"direct": self._plain}

    @property
    def loses_nan(self) -> bool:
        """Whether a way may make a number of NaN."""
        return False

    def _plain(self, out: Tensor | None) -> Run:
        return self.forward

    def prepared(self, what: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made once."""
        if what not in self._prepared:
            # Tensors made in inference mode could not be used for gradients later.
            with torch.inference_mode(False), torch.no_grad():
                self._prepared[what] = make()
        found: Made = self._prepared[what]
        return found

    def extra_repr(self) -> str:
        """Sizes, and how it computes."""
        sizes = (f"{name} {tuple(value.shape)}" for name, value in self.named_buffers())
        return ", ".join([*sizes, *map(str, self.how)])

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._prepared = {}  # another device or dtype
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, *given: Any) -> None:
        self._prepared = {}
        super()._load_from_state_dict(*given)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_prepared": {}}


def without_denormals(value: Tensor) -> Tensor:
    """A copy with zeros for numbers below 1e-38: they add nothing and slow processors down."""
    kept = value.detach().clone()
    kept[kept.abs() < torch.finfo(kept.dtype).tiny] = 0
    return kept


def channels_last(weight: Tensor) -> Tensor:
    """A copy in this order, also where there is but one channel or pixel.

    ``contiguous`` leaves those as they are, and a convolution then puts out N,C,H,W.
    """
    return torch.empty_like(weight, memory_format=torch.channels_last).copy_(weight)


class Activation(Inference):
    """A function of each element, in memory that nothing else needs: one of :data:`IN_PLACE`."""

    def __init__(self, kind: type[nn.Module], *values: float) -> None:
        super().__init__()
        self.kind, self.values = kind, values
        self.how = (kind.__name__, *values)

    @classmethod
    def of(cls, layer: nn.Module) -> Activation | None:
        """The same as a layer, if there is one."""
        if type(layer) not in IN_PLACE:
            return None
        _, names = IN_PLACE[type(layer)]
        return cls(type(layer), *(float(getattr(layer, name)) for name in names))

    def forward(self, x: Tensor) -> Tensor:
        """``x``, changed."""
        return self.function(x)

    @property
    def function(self) -> Run:
        """What changes it."""
        function, names = IN_PLACE[self.kind]
        return partial(function, **dict(zip(names, self.values, strict=True)))

    @property
    def onednn(self) -> tuple[str, list[float]] | None:
        """Its name and parameters there, where it is part of a convolution."""
        if self.kind is nn.ReLU:
            return "relu", []
        return ("leaky_relu", [*self.values]) if self.kind is nn.LeakyReLU else None


#: What computes a torch module in place, and those of its attributes that it is given.
IN_PLACE: dict[type[nn.Module], tuple[Run, tuple[str, ...]]] = {
    nn.ReLU: (torch.relu_, ()),
    nn.LeakyReLU: (functional.leaky_relu_, ("negative_slope",)),
    nn.ELU: (functional.elu_, ("alpha",)),
    nn.Hardtanh: (functional.hardtanh_, ("min_val", "max_val")),
    nn.Sigmoid: (torch.sigmoid_, ()),
    nn.SiLU: (partial(functional.silu, inplace=True), ()),
    nn.Tanh: (torch.tanh_, ()),
}


class Weighted(Inference):
    """A layer with weights and a bias, and the activation after it."""

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        layer: PaddedConvolution | CroppedConvTranspose | FullyConnected,
        activation: Activation | None,
    ) -> None:
        super().__init__(weight=layer.weight, bias=layer.bias)
        self.activation = activation

    @property
    def function(self) -> Run | None:
        """What changes the result, in its memory."""
        return self.activation.function if self.activation else None

    def activated(self, y: Tensor) -> Tensor:
        """The result, changed."""
        return self.activation.function(y) if self.activation else y


class Convolution(Weighted):
    """A convolution, what is added to it, and the activation after it; images channels last."""

    def __init__(
        self, layer: PaddedConvolution, addition: Addition | None, activation: Activation | None
    ) -> None:
        super().__init__(layer, activation)
        self.stride, self.dilation, self.groups = layer.stride, layer.dilation, layer.groups
        self.window = window_of(layer.weight, layer.dilation)
        self.padding = layer.padding
        if layer.padding.pairs is None and set(layer.stride) == {1}:  # the same for every size
            pairs = same_padding(self.window, self.window, self.stride)
            self.padding = Padding(pairs, layer.padding.value)
        self.how = (self.stride, self.padding, self.dilation, self.groups)
        self.addition = addition

    def forward(self, x: Tensor, *added: Tensor) -> Tensor:
        """The convolution of ``x``, with what is added, activated."""
        y = per_time_step(self._convolve, x, len(self.stride))
        return self.activated(self.addition(y, *added) if self.addition else y)

    def _convolve(self, x: Tensor) -> Tensor:
        x, inside = padded(x, self.padding, self.window, self.stride)
        return CONVOLUTION[len(inside)](
            x, self.weight, self.bias, self.stride, inside, self.dilation, self.groups
        )

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """oneDNN's, and that of matrix products."""
        x, *added = inputs
        if x.ndim != 4 or len(self.stride) != 2 or not has_kernels():
            return super().ways(*inputs)
        filled, inside = padded(x, self.padding, self.window, self.stride)
        size = self._size(filled, inside)
        if any(other.shape != size for other in added):
            return super().ways(*inputs)

        def way(make: Callable[..., Run]) -> Make:
            def made(out: Tensor | None) -> Run:
                inner = make(inside, None if out is None else image(out, size))
                if filled is x:
                    return inner
                pad = self._padded if out is None else self._padded_in_place(x, filled)

                def run(x: Tensor, *added: Tensor) -> Tensor:
                    return inner(pad(x), *added)

                return run

            return made

        ways = {"direct": way(partial(self._onednn, list(filled.shape)))}
        if self.groups == 1 and set(self.dilation) == {1}:
            ways["columns"] = way(self._columns)
        return ways

    def _padded(self, x: Tensor) -> Tensor:
        return padded(x, self.padding, self.window, self.stride)[0]

    def _padded_in_place(self, x: Tensor, filled: Tensor) -> Run:
        """Padding that only copies the data, between numbers that stay in memory of its own."""
        if isinstance(self.padding.value, str):
            return self._padded
        pairs = self.padding.pairs or same_padding(x.shape[2:], self.window, self.stride)
        value, last = float(self.padding.value), torch.channels_last
        place = torch.empty(filled.shape, memory_format=last).fill_(value)
        middle = place
        for axis, (before, _) in enumerate(pairs, 2):
            middle = middle.narrow(axis, before, x.shape[axis])

        def pad(x: Tensor) -> Tensor:
            middle.copy_(x)
            return place

        return pad

    def _size(self, x: Tensor, inside: Sequence[int]) -> torch.Size:
        how = zip(x.shape[2:], inside, self.window, self.stride, strict=True)
        space = [(n + 2 * p - k) // s + 1 for n, p, k, s in how]
        return torch.Size([len(x), len(self.weight), *space])

    @property
    def loses_nan(self) -> bool:
        """OneDNN's ReLU makes 0 of it."""
        return self.activation is not None and self.activation.onednn is not None

    def _onednn(self, size: list[int], inside: list[int], out: Tensor | None) -> Run:
        how = (inside, self.stride, self.dilation, self.groups)
        pack = torch.ops.mkldnn._reorder_convolution_weight.default

        def reorder() -> Tensor:  # for the first size that comes; right for all
            weight: Tensor = pack(self.weight, *how, size)
            return weight

        weight, bias = self.prepared("onednn", reorder), self.bias
        plain = torch.ops.mkldnn._convolution_pointwise.default
        adding = torch.ops.mkldnn._convolution_pointwise.binary
        into = torch.ops.mkldnn._convolution_pointwise_.binary
        fused = self.activation.onednn if self.activation else None
        after = (*how, *(fused or ("none", [])), "")
        relu = "relu" if fused and fused[0] == "relu" else None
        sum_after: Any = (*how, "add", None, relu, [], None)
        function = self.function
        rest, rest_alone = None if relu else function, None if fused else function

        # oneDNN adds to what is there; with groups it crashes so on a processor with SSE4.1 alone.
        # ``adding`` rounds otherwise there: what is added takes one of them, in any memory.
        in_place = self.groups == 1

        def run(x: Tensor, *added: Tensor) -> Tensor:
            y: Tensor
            if in_place and (added or out is not None):
                if out is None:
                    start = channels_last(added[0])
                else:
                    start = out.copy_(added[0]) if added else out.zero_()
                y = into(start, x, weight, bias, *sum_after)
                return rest(y) if rest else y
            if added:
                y = adding(x, *added, weight, bias, *sum_after)
                y = rest(y) if rest else y
            else:
                y = plain(x, weight, bias, *after)
                y = rest_alone(y) if rest_alone else y
            return y if out is None else out.copy_(y)

        return run

    def _columns(self, inside: list[int], out: Tensor | None) -> Run:
        weight = self.prepared("channels last", lambda: channels_last(self.weight))
        how = (weight, weight.shape[2:], self.bias, self.stride, inside)
        convolve = matrix_convolution
        function = self.function

        def run(x: Tensor, *added: Tensor) -> Tensor:
            y: Tensor = convolve(x, *how, out=out)
            for other in added:
                y += other
            return function(y) if function else y

        return run


class TransposedConvolution(Weighted):
    """A transposed convolution by the algorithm of choice, and the activation after it."""

    def __init__(self, layer: CroppedConvTranspose, activation: Activation | None) -> None:
        super().__init__(layer, activation)
        self.how = self.sizes = (layer.stride, layer.crop)

    def forward(self, x: Tensor) -> Tensor:
        """The cropped transposed convolution of ``x``, activated."""
        return self.activated(per_time_step(self._convolve, x, len(self.sizes[0])))

    def _convolve(self, x: Tensor) -> Tensor:
        return transposed_convolution(x, self.weight, self.bias, *self.sizes)

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """The algorithms of :mod:`.phases`."""
        (x,) = inputs
        if len(self.sizes[0]) != 2 or not live.applies(x, self.weight):
            return super().ways(x)
        shape = phases.Shape.of(x.shape[2:], self.weight, *self.sizes)
        kinds = phases.suited(shape, self.weight)
        # Of inputs that are not finite all are computed alike: there is nothing to choose.
        return {
            kind.way: partial(self._made, kind, shape, x)
            for kind in (kinds if phases.is_finite(x) else [phases.Direct])
        }

    def _made(
        self, kind: type[phases.Algorithm], shape: phases.Shape, like: Tensor, out: Tensor | None
    ) -> Run:
        def ready(kind: type[phases.Algorithm]) -> phases.Algorithm:
            return self.prepared((kind, shape), lambda: kind(self.weight, self.bias, shape))

        compute, activate = phases.Guarded(ready, kind, shape), self.function
        place = None if out is None else torch.empty_like(like, memory_format=torch.channels_last)

        def run(x: Tensor) -> Tensor:
            y = compute(in_channels_last(x, place), out)
            return activate(y) if activate else y

        return run


class Pooling(Inference):
    """Max or average pooling of images."""

    def __init__(self, layer: MaxPooling | AveragePooling) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """The pooled ``x``; over each time step if there is one dimension more."""
        return self.layer.forward(x)

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """torch's, and one dimension after the other."""
        (x,) = inputs
        if x.ndim != 4:
            return super().ways(x)
        pairs = tuple(self.layer.pairs(x))
        ways: dict[str, Make] = {"direct": partial(self._direct, pairs)}
        if is_separable(self.layer.pool_size, pairs):
            ways["separable"] = partial(self._separable, pairs, x.shape)
        return ways

    def _direct(self, pairs: Pairs, out: Tensor | None) -> Run:
        how = (self.layer.pool_size, self.layer.stride, [before for before, _ in pairs])
        if not self.layer.is_even(pairs):
            return self.layer.forward
        pool = torch.max_pool2d if isinstance(self.layer, MaxPooling) else functional.avg_pool2d

        def run(x: Tensor) -> Tensor:
            return pool(x, *how)

        return run

    def _separable(self, pairs: Pairs, size: Sequence[int], out: Tensor | None) -> Run:
        window, stride = self.layer.pool_size, self.layer.stride
        how = zip(size[2:], window, stride, pairs, strict=True)
        space = [(n + sum(pair) - k) // s + 1 for n, k, s, pair in how]
        place = None if out is None else image(out, (*size[:2], *space))
        maximum = isinstance(self.layer, MaxPooling)
        function = torch.maximum if maximum else torch.add

        def run(x: Tensor) -> Tensor:
            y = separable(x, window, stride, pairs, function, place)
            return y if maximum else y.mul_(1 / math.prod(window))

        return run


class Dense(Weighted):
    """A fully connected layer that takes images as they lie in memory, and the activation after."""

    def forward(self, x: Tensor) -> Tensor:
        """N,C,*space to N,F."""
        features = x.permute(0, 1, *range(x.ndim - 1, 1, -1)).flatten(1)
        return self.activated(functional.linear(features, self.weight, self.bias))

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """The two libraries for matrix products."""
        (x,) = inputs
        space = tuple(x.shape[2:])
        ways: dict[str, Make] = {"direct": partial(self._linear, space)}
        if has_kernels() and x.numel():
            ways["packed"] = partial(self._packed, space, len(x))
        return ways

    def _linear(self, space: tuple[int, ...], out: Tensor | None) -> Run:
        weight, bias = self.prepared(space, lambda: self._reordered(space).t()), self.bias
        return self._flattened(space, lambda x: torch.addmm(bias, x, weight))

    def _packed(self, space: tuple[int, ...], batch: int, out: Tensor | None) -> Run:
        pack = torch.ops.mkldnn._reorder_linear_weight.default
        weight = self.prepared(
            ("packed", space, batch), lambda: pack(self._reordered(space), batch)
        )
        linear, bias = torch.ops.mkldnn._linear_pointwise.default, self.bias
        return self._flattened(space, lambda x: linear(x, weight, bias, "none", [], ""))

    def _flattened(self, space: tuple[int, ...], linear: Run) -> Run:
        order = (0, *range(2, 2 + len(space)), 1)
        activate = self.function
        if not space and activate is None:
            return linear

        def run(x: Tensor) -> Tensor:
            if space:  # channels last: no copy
                x = x.permute(order).flatten(1)
            y = linear(x)
            return activate(y) if activate else y

        return run

    def _reordered(self, space: tuple[int, ...]) -> Tensor:
        """Columns from MATLAB's order (h fastest, then w, then C) to C fastest, then w, then h."""
        if not space:
            return self.weight
        columns = self.weight.view(-1, len(self.weight[0]) // math.prod(space), *reversed(space))
        return columns.permute(0, *range(columns.ndim - 1, 0, -1)).flatten(1)


class Joined(Inference):
    """A concatenation or addition, in memory that is kept."""

    def __init__(self, layer: Concatenation | Addition) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Tensor) -> Tensor:
        """The inputs side by side, or their sum."""
        return self.layer.forward(*inputs)

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """As torch does, in the memory."""
        made = self.layer.forward(*inputs)
        if made.ndim != 4 or not made.is_contiguous(memory_format=torch.channels_last):
            return super().ways(*inputs)
        if isinstance(self.layer, Concatenation):
            return {"direct": partial(self._concatenated, self.layer.axis, made.shape)}
        return {"direct": partial(self._added, made.shape)}

    def _concatenated(self, axis: int, size: Sequence[int], out: Tensor | None) -> Run:
        place, aligned = None if out is None else image(out, size), self.layer.aligned

        def run(*inputs: Tensor) -> Tensor:
            return torch.cat(aligned(inputs), axis, out=place)

        return run

    def _added(self, size: Sequence[int], out: Tensor | None) -> Run:
        if out is None:
            return self.layer.forward
        place, aligned = image(out, size), self.layer.aligned

        def run(*inputs: Tensor) -> Tensor:
            first, second, *others = aligned(inputs)
            y = torch.add(first, second, out=place)
            for other in others:
                y += other
            return y

        return run


class FixedScaling(Inference):
    """A scale and an offset for each element, in torch's order of dimensions."""

    scale: Tensor
    bias: Tensor

    def __init__(self, layer: Scaling) -> None:
        values = zip((layer.scale, layer.bias), layer.expanded, strict=True)
        scale, bias = (value.reshape(size).permute(layer.axes) for value, size in values)
        super().__init__(scale=scale, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """``scale * x + bias``."""
        return torch.addcmul(self.bias, self.scale, x)


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
        return self._scaled(x - self.offset)

    def _scaled(self, y: Tensor) -> Tensor:
        if self.mode != "zerocenter":
            y.div_(self.divisor)
        return y.mul_(2).sub_(1) if self.mode == "rescale-symmetric" else y

    def ways(self, *inputs: Tensor) -> dict[str, Make]:
        """The same, in memory that is kept."""
        (x,) = inputs

        def made(out: Tensor | None) -> Run:
            if out is None or not x.is_contiguous():
                return self.forward
            place = out.view(x.shape)

            def run(x: Tensor) -> Tensor:
                return self._scaled(torch.sub(x, self.offset, out=place))

            return run

        return {"direct": made}


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
        if x.shape[1] != weights[0].shape[1]:  # the kernel would compute something
            raise DataFormatError(
                f"The input has {x.shape[1]} channels, and the layer takes {weights[0].shape[1]}."
            )
        how = (True, 1, 0.0, False, self.bidirectional, True)
        if torch.compiler.is_compiling():
            y, final, _ = torch.lstm(x.transpose(1, 2), states, weights, *how)
        else:
            with threads_for_steps(x, weights[0].numel() + weights[1].numel()):
                y, final, _ = torch.lstm(x.transpose(1, 2), states, weights, *how)
        return final.transpose(0, 1).flatten(1) if self.last else y.transpose(1, 2)
