"""Fast transposed convolution of images on a CPU: the algorithms.

With a stride of s, the outputs fall into s phases by dimension; output ``block * s + phase`` needs
the inputs ``block - u`` and the filter's taps ``phase + u * s``. Seen so, nothing is scattered.
All algorithms compute what :func:`.transposed_convolution.transposed_convolution` says, in float32
and for inference; they differ in what they multiply and move, and :mod:`.choice` measures them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from .kernels import has_kernels, in_channels_last, memory

#: An algorithm may need so many times the memory of the input and output.
MEMORY = 4


@dataclass(frozen=True)
class Phases:
    """One dimension: ``size`` inputs, ``filter`` taps, cut into ``stride`` phases and cropped."""

    size: int
    filter: int
    stride: int
    before: int
    after: int

    @cached_property
    def output(self) -> int:
        """The size of the cropped output."""
        return (self.size - 1) * self.stride + self.filter - self.before - self.after

    @cached_property
    def taps(self) -> int:
        """Inputs that one output needs, at most."""
        return -(-self.filter // self.stride)

    @cached_property
    def first(self) -> int:
        """The first block of ``stride`` outputs that is not wholly cropped."""
        return self.before // self.stride

    @cached_property
    def blocks(self) -> int:
        """Blocks from the first to the last of which something is kept."""
        return -(-(self.before + self.output) // self.stride) - self.first

    @property
    def skipped(self) -> int:
        """Outputs of the first block that are cropped."""
        return self.before - self.first * self.stride

    @property
    def inside(self) -> int:
        """What torch can crop by itself, which it does on both sides alike."""
        return min(self.before, self.after, self.filter - 1)

    def padding(self, taps: int) -> tuple[int, int]:
        """Zeros before and after the input so that its windows are the blocks; less is a crop."""
        return taps - 1 - self.first, self.first + self.blocks - self.size

    @property
    def filled(self) -> bool:
        """Whether zeros are added to the taps."""
        return self.filter % self.stride != 0


@dataclass(frozen=True)
class Shape:
    """One transposed convolution of images: channels, filters, and the phases of H and W."""

    channels: int
    filters: int
    rows: Phases
    columns: Phases

    @classmethod
    def of(
        cls,
        space: Sequence[int],
        weight: Tensor,
        stride: Sequence[int],
        crop: Sequence[tuple[int, int]],
    ) -> Shape:
        """The shape for an input of this height and width and a C,F,h,w weight."""
        sizes = zip(space, weight.shape[2:], stride, crop, strict=True)
        rows, columns = (Phases(n, k, s, *cut) for n, k, s, cut in sizes)
        return cls(weight.shape[0], weight.shape[1], rows, columns)

    @property
    def taps(self) -> int:
        """Factors of one output value, some of which may be zeros that fill up."""
        return self.rows.taps * self.columns.taps * self.channels

    @property
    def input(self) -> int:
        """Elements of one observation of the input."""
        return self.channels * self.rows.size * self.columns.size

    @property
    def output(self) -> int:
        """Elements of one observation of the output."""
        return self.filters * self.rows.output * self.columns.output

    @property
    def positions(self) -> int:
        """Blocks of one observation."""
        return self.rows.blocks * self.columns.blocks

    @property
    def filled(self) -> bool:
        """Whether zeros are added to the taps."""
        return self.rows.filled or self.columns.filled


def phase_weights(weight: Tensor, shape: Shape) -> Tensor:
    """C,F,h,w as C,F,taps,phase,taps,phase; taps in the order of the inputs they multiply."""
    rows, columns = shape.rows, shape.columns
    more = [0, columns.taps * columns.stride - columns.filter]
    more += [0, rows.taps * rows.stride - rows.filter]
    split = (*weight.shape[:2], rows.taps, rows.stride, columns.taps, columns.stride)
    return functional.pad(weight, more).reshape(split).flip(2, 4)


def interleaved(x: Tensor, shape: Shape, out: Tensor | None) -> Tensor:
    """Memory for N,blocks,s,blocks,t,F: the output before it is cropped, channels last."""
    rows, columns = shape.rows, shape.columns
    size = (len(x), rows.blocks, rows.stride, columns.blocks, columns.stride, shape.filters)
    return memory(*size) if out is None else out.view(size)


def kept(y: Tensor, shape: Shape) -> Tensor:
    """N,F,H',W' of :func:`interleaved`, without what is cropped off the first and last blocks."""
    rows, columns = shape.rows, shape.columns
    y = y.flatten(3, 4).flatten(1, 2)
    y = y.narrow(1, rows.skipped, rows.output).narrow(2, columns.skipped, columns.output)
    return y.permute(0, 3, 1, 2)


def cropped(y: Tensor, shape: Shape, inside: Sequence[int]) -> Tensor:
    """N,F,*,* of which ``inside`` is cropped already, without the rest of the crop."""
    for axis, (p, less) in enumerate(zip((shape.rows, shape.columns), inside, strict=True), 2):
        y = y.narrow(axis, p.before - less, p.output)
    return y


def blocks(x: Tensor, weight: Tensor, bias: Tensor, shape: Shape) -> Tensor:
    """N,C,H,W to N,*,blocks,blocks: the windows of the blocks times a dense filter."""
    both = (shape.rows, shape.columns)
    ends = [p.padding(taps) for p, taps in zip(both, weight.shape[2:], strict=True)]
    inside = [max(0, *end) for end in ends]  # torch pads both sides alike
    y = functional.conv2d(x, weight, bias, padding=inside)
    for axis, (p, (before, _), more) in enumerate(zip(both, ends, inside, strict=True), 2):
        y = y.narrow(axis, more - before, p.blocks)
    return y


def plain(x: Tensor, weight: Tensor, bias: Tensor, shape: Shape) -> Tensor:
    """N,C,H,W to N,F,H',W' by torch's own transposed convolution, in the layout of the input."""
    both = (shape.rows, shape.columns)
    inside = [p.inside for p in both]
    y = functional.conv_transpose2d(x, weight, bias, [p.stride for p in both], inside)
    return cropped(y, shape, inside)


class Algorithm(ABC):
    """Prepared from the weights and the shape of one input; takes batches of any size."""

    #: Its name in :data:`.choice.WAYS`.
    way: ClassVar[str]
    #: Whether it multiplies inputs with zeros that fill up the taps, where there are such.
    fills: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None: ...

    @staticmethod
    def memory(shape: Shape) -> float:
        """Elements that it needs for one observation beside the input and output."""
        return 0

    @abstractmethod
    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W', in the layout that it likes, and in ``out`` if it can."""


class Direct(Algorithm):
    """torch's own transposed convolution in channels_last."""

    way = "direct"

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias = bias

    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        return plain(in_channels_last(x), self.weight, self.bias, shape)


class Packed(Algorithm):
    """oneDNN's, with the weights in the order that it wants them in."""

    way = "packed"

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        both = (shape.rows, shape.columns)
        self.inside = [p.inside for p in both]
        self.how = (self.inside, [0, 0], [p.stride for p in both], [1, 1], 1)
        size = [1, shape.channels, *(p.size for p in both)]
        onednn = torch.ops.mkldnn
        pack = onednn._reorder_convolution_transpose_weight.default
        self.weight, self.bias = pack(weight, *self.how, size), bias
        self.convolve = onednn._convolution_transpose_pointwise.default

    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        x = in_channels_last(x)
        y: Tensor = self.convolve(x, self.weight, self.bias, *self.how, "none", [], "")
        return cropped(y, shape, self.inside)


class SubPixel(Algorithm):
    """One dense convolution that gives all phases as channels, then a copy that interleaves them.

    The taps are filled up with zeros to a multiple of the stride.
    """

    way = "subpixel"
    fills = True

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        phases = phase_weights(weight, shape).permute(3, 5, 1, 0, 2, 4)
        self.weight = phases.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        self.bias = bias.repeat(shape.rows.stride * shape.columns.stride)

    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        phases = blocks(in_channels_last(x), self.weight, self.bias, shape)
        y = interleaved(x, shape, out)
        y.copy_(phases.permute(0, 2, 3, 1).view(y.transpose(2, 3).shape).transpose(2, 3))
        return kept(y, shape)


class Windows(Algorithm):
    """The windows of the input as a matrix, and a product for each phase of the rows.

    What a product gives are whole rows of the output. Taps as in :class:`SubPixel`.
    """

    way = "windows"
    fills = True

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        matrices = phase_weights(weight, shape).permute(3, 2, 4, 0, 5, 1)
        self.weight = matrices.flatten(1, 3).flatten(2)
        self.bias = bias.repeat(shape.columns.stride)

    @staticmethod
    def memory(shape: Shape) -> float:
        """The windows."""
        return shape.positions * shape.taps

    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        rows, columns = shape.rows, shape.columns
        y = interleaved(x, shape, out)
        around = (0, 0, *columns.padding(columns.taps), *rows.padding(rows.taps))
        x = functional.pad(x.permute(0, 2, 3, 1), around)
        seen = x.unfold(1, rows.taps, 1).unfold(2, columns.taps, 1).permute(0, 1, 2, 4, 5, 3)
        windows = seen.reshape(len(x), shape.positions, shape.taps)
        product = x.new_empty(shape.positions, columns.stride * shape.filters)
        for one, place in zip(windows, y, strict=True):
            for phase, weight in enumerate(self.weight):
                torch.addmm(self.bias, one, weight, out=product)
                place[:, phase] = product.view(place[:, phase].shape)
        return kept(y, shape)


class Single(Algorithm):
    """One product, for inputs of one pixel: nothing overlaps."""

    way = "single"

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        rows, columns = shape.rows, shape.columns
        self.size = (shape.filters, rows.output, columns.output)
        cut = weight.narrow(2, rows.before, rows.output).narrow(3, columns.before, columns.output)
        self.weight = cut.flatten(1).contiguous()
        self.bias = bias.repeat_interleave(rows.output * columns.output)

    @staticmethod
    def memory(shape: Shape) -> float:
        """Other inputs are not for it."""
        return 0 if shape.input == shape.channels else float("inf")

    def __call__(self, x: Tensor, shape: Shape, out: Tensor | None = None) -> Tensor:
        """N,C,1,1 to N,F,H',W'."""
        return torch.addmm(self.bias, x.flatten(1), self.weight).view(-1, *self.size)


ALGORITHMS: tuple[type[Algorithm], ...] = (Direct, Single, SubPixel, Windows, Packed)


def suited(shape: Shape, weight: Tensor) -> Iterator[type[Algorithm]]:
    """The algorithms to choose among, :class:`Direct` first."""
    yield Direct
    if not is_finite(weight):
        return  # the others multiply it with zeros
    most = MEMORY * (shape.input + shape.output)
    for algorithm in ALGORITHMS[1:]:
        if algorithm.memory(shape) <= most and (algorithm is not Packed or has_kernels()):
            yield algorithm


def is_finite(x: Tensor) -> bool:
    """Whether all elements are; also false for some huge ones."""
    return isfinite(x.sum().item())


class Guarded:
    """An algorithm, but for inputs that it would spread NaN from: 0 times Inf.

    ``ready`` prepares an algorithm, when it is needed.
    """

    def __init__(
        self,
        ready: Callable[[type[Algorithm]], Algorithm],
        algorithm: type[Algorithm],
        shape: Shape,
    ) -> None:
        self.ready, self.shape = ready, shape
        self.fills = algorithm.fills and shape.filled
        self.compute = ready(algorithm)

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """N,C,H,W to N,F,H',W', in the layout that came out of it."""
        if self.fills and not is_finite(x):
            return self.ready(Direct)(x, self.shape)
        return self.compute(x, self.shape, out)
