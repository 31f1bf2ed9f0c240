"""Fast transposed convolution of images on a CPU: the algorithms, and the choice by shape.

With a stride of s, the outputs fall into s phases by dimension; output ``block * s + phase`` needs
the inputs ``block - u`` and the filter's taps ``phase + u * s``. Seen so, nothing is scattered.
All algorithms compute what :func:`.transposed_convolution.transposed_convolution` says, in float32
and for inference; they differ in what they multiply and move:

Direct      oneDNN's own transposed convolution, in channels_last.
SubPixel    one dense convolution that gives all phases as channels, then one copy that interleaves
            them. The taps are filled up with zeros to a multiple of the stride.
Apart       one dense convolution for each phase, with just its taps, copied to its place.
Product     the windows of the input as a matrix, and matrix products for each phase of the rows,
            whose results are whole rows of the output. Taps as in SubPixel.
Planes      one matrix product to all taps of all filters, added up where they overlap.
Single      one matrix product for an input of one pixel.

Which is used is what :func:`choose` estimates to take least, from what each multiplies and moves
and from the :class:`Cost` written beside it. ``python -m benchmarks.speed.algorithms`` measures
random shapes, prints how far the choice is from the best, and fits the costs anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Widths of matrices are rounded up to this many floats (one AVX-512 register).
LANES = 16
#: Input channels that oneDNN's dense convolution costs at least.
FEW = 4
#: Floats that stay in a processor's second-level cache.
CACHE = 2**18
#: Picoseconds to bring one element of an input into channels_last.
CONVERT = 1000


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
        cls, x: Tensor, weight: Tensor, stride: Sequence[int], crop: Sequence[tuple[int, int]]
    ) -> Shape:
        """The shape for an N,C,H,W input and a C,F,h,w weight."""
        sizes = zip(x.shape[2:], weight.shape[2:], stride, crop, strict=True)
        rows, columns = (Phases(n, k, s, *cut) for n, k, s, cut in sizes)
        return cls(weight.shape[0], weight.shape[1], rows, columns)

    @property
    def taps(self) -> int:
        """Factors of one output value, some of which may be zeros that fill up."""
        return self.rows.taps * self.columns.taps * self.channels

    @property
    def weights(self) -> int:
        """Elements of the filters."""
        return self.channels * self.filters * self.rows.filter * self.columns.filter

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
    def phases(self) -> int:
        """Outputs of a block."""
        return self.rows.stride * self.columns.stride

    @property
    def filled(self) -> bool:
        """Whether zeros are added to the taps."""
        return self.rows.filled or self.columns.filled


@dataclass(frozen=True)
class Cost:
    """What a CPU needs; only the ratios matter to the choice.

    Picoseconds for a multiplication with its addition and for a float that is moved,
    microseconds for a call, and picoseconds to arrange a weight beforehand.
    """

    product: float
    move: float
    call: float
    arrange: float

    def microseconds(self, work: Work) -> float:
        """For so much work, once the weights are arranged."""
        moved = self.product * work.products + self.move * work.moved
        return 1e-6 * moved + self.call * work.calls


@dataclass(frozen=True)
class Work:
    """Multiplications with additions, floats moved, and calls of the libraries beneath."""

    products: float
    moved: float
    calls: float


def lanes(channels: int) -> int:
    """The channels that are computed: whole vector registers."""
    return -(-channels // LANES) * LANES


def phase_weights(weight: Tensor, shape: Shape) -> Tensor:
    """C,F,h,w as C,F,taps,phase,taps,phase; taps in the order of the inputs they multiply."""
    rows, columns = shape.rows, shape.columns
    more = [0, columns.taps * columns.stride - columns.filter]
    more += [0, rows.taps * rows.stride - rows.filter]
    split = (*weight.shape[:2], rows.taps, rows.stride, columns.taps, columns.stride)
    return functional.pad(weight, more).reshape(split).flip(2, 4)


def kept(y: Tensor, shape: Shape) -> Tensor:
    """N,F,blocks*s,blocks*s without what is cropped off the first and last blocks."""
    y = y.narrow(2, shape.rows.skipped, shape.rows.output)
    return y.narrow(3, shape.columns.skipped, shape.columns.output)


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


class Algorithm(ABC):
    """Prepared from the weights and the shape of one input; takes batches of any size."""

    #: The layout of the input that it takes without a copy.
    channels_last: ClassVar[bool] = True
    #: Whether it multiplies inputs with zeros that fill up the taps, where there are such.
    fills: ClassVar[bool] = False
    cost: ClassVar[Cost]

    @abstractmethod
    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None: ...

    @staticmethod
    @abstractmethod
    def work(n: int, shape: Shape) -> Work:
        """What ``n`` observations need."""

    @abstractmethod
    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W', in the layout that it likes."""


class Direct(Algorithm):
    """oneDNN in channels_last, at peak where the filter is a multiple of the stride."""

    cost = Cost(12.8, 380, 14, 700)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """Filters that are no multiple of the stride leave oneDNN's fast path."""
        taps = shape.rows.filter * shape.columns.filter
        overlap = max(
            shape.rows.filter / shape.rows.stride, shape.columns.filter / shape.columns.stride
        )
        moved = n * shape.output * (3 + 0.8 * overlap if shape.filled else 1)
        products = n * shape.input * lanes(shape.filters) * taps
        return Work(products, moved + shape.weights, 1)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias = bias

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        x = x.contiguous(memory_format=torch.channels_last)
        both = (shape.rows, shape.columns)
        stride, inside = [p.stride for p in both], [p.inside for p in both]
        y = functional.conv_transpose2d(x, self.weight, self.bias, stride, inside)
        return cropped(y, shape, inside)


class SubPixel(Algorithm):
    """One dense convolution to stride*stride*F channels, and a shuffle."""

    fills = True
    cost = Cost(12.4, 330, 12, 10_000)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """All phases with the taps of the longest; the output is written twice."""
        taps = shape.taps * max(shape.channels, FEW) // shape.channels  # as they are computed
        products = n * shape.positions * taps * lanes(shape.phases * shape.filters)
        written = n * shape.positions * shape.phases * shape.filters
        return Work(products, 2 * written + n * shape.input / 2 + shape.weights, 1)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        phases = phase_weights(weight, shape).permute(3, 5, 1, 0, 2, 4)
        self.weight = phases.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        self.bias = bias.repeat(shape.rows.stride * shape.columns.stride)

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        y = blocks(x.contiguous(memory_format=torch.channels_last), self.weight, self.bias, shape)
        n, _, blocks_h, blocks_w = y.shape
        s, t = shape.rows.stride, shape.columns.stride
        y = y.permute(0, 2, 3, 1).view(n, blocks_h, blocks_w, s, t, shape.filters)
        y = y.transpose(2, 3).reshape(n, blocks_h * s, blocks_w * t, shape.filters)
        return kept(y.permute(0, 3, 1, 2), shape)


class Product(Algorithm):
    """A matrix product for each phase of the rows, on the windows of the input."""

    fills = True
    cost = Cost(15, 350, 12, 6_000)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """As SubPixel, but the windows are written, and the output once."""
        s, width = shape.rows.stride, lanes(shape.columns.stride * shape.filters)
        positions = n * shape.positions
        moved = positions * (shape.taps + shape.phases * shape.filters)
        return Work(positions * shape.taps * s * width, moved, s)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        matrix = phase_weights(weight, shape).permute(3, 2, 4, 0, 5, 1).flatten(1, 3).flatten(2)
        # The last factor of every window is 1 and multiplies the bias; zeros fill up the lanes.
        matrix = functional.pad(matrix, (0, 0, 0, -(shape.taps + 1) % LANES + 1))
        matrix[:, shape.taps] = bias.repeat(shape.columns.stride)
        self.weight = matrix

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        windows = self._windows(x, shape)
        n, blocks_h, blocks_w, _ = windows.shape
        s, columns = self.weight.shape[0], self.weight.shape[2]
        y = x.new_empty(n * blocks_h, s, blocks_w, columns)
        # A product at a time that stays in the cache until it is copied to its place. bmm would
        # write it there itself, but in one thread.
        rows = max(1, CACHE // (blocks_w * columns))
        product = x.new_empty(rows * blocks_w, columns)
        for part, place in zip(
            torch.split(windows.flatten(0, 1), rows), torch.split(y, rows), strict=True
        ):
            some = product[: len(part) * blocks_w]
            for phase in range(s):
                torch.mm(part.flatten(0, 1), self.weight[phase], out=some)
                place[:, phase] = some.view(len(part), blocks_w, columns)
        y = y.view(n, blocks_h * s, -1, shape.filters)
        return kept(y.permute(0, 3, 1, 2), shape)

    def _windows(self, x: Tensor, shape: Shape) -> Tensor:
        """N,blocks,blocks,taps: what each block is made of, a 1 for the bias, and zeros."""
        rows, columns = shape.rows, shape.columns
        x = functional.pad(
            x.permute(0, 2, 3, 1), (0, 0, *columns.padding(columns.taps), *rows.padding(rows.taps))
        )
        seen = x.unfold(1, rows.taps, 1).unfold(2, columns.taps, 1).permute(0, 1, 2, 4, 5, 3)
        windows = x.new_empty(*seen.shape[:3], self.weight.shape[1])
        windows[..., : shape.taps].view(seen.shape).copy_(seen)
        windows[..., shape.taps] = 1
        windows[..., shape.taps + 1 :] = 0
        return windows


class Apart(Algorithm):
    """One dense convolution for each phase, with the taps that it has, and a copy to its place."""

    cost = Cost(13, 490, 27, 6_000)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """No tap too many; the input is read and a part of the output copied for each phase."""
        taps = max(shape.channels, FEW) * shape.rows.filter * shape.columns.filter
        written = shape.positions * shape.phases * shape.filters
        moved = n * (2 * written + shape.input * shape.phases / 10)
        products = n * shape.positions * taps * lanes(shape.filters)
        return Work(products, moved + shape.weights, shape.phases)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        s, t = shape.rows.stride, shape.columns.stride
        self.weights = {
            (row, column): weight[:, :, row::s, column::t]
            .flip(2, 3)
            .transpose(0, 1)
            .contiguous(memory_format=torch.channels_last)
            for row in range(min(s, shape.rows.filter))
            for column in range(min(t, shape.columns.filter))
        }
        self.bias = bias

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W' in channels_last."""
        rows, columns = shape.rows, shape.columns
        x = x.contiguous(memory_format=torch.channels_last)
        n, s, t = len(x), rows.stride, columns.stride
        y = x.new_empty(n, rows.blocks, s, columns.blocks, t, shape.filters)
        if len(self.weights) < s * t:  # phases without a tap
            y.copy_(self.bias)
        for (row, column), weight in self.weights.items():
            phase = blocks(x, weight, self.bias, shape)
            y[:, :, row, :, column] = phase.permute(0, 2, 3, 1)
        y = y.view(n, rows.blocks * s, columns.blocks * t, shape.filters)
        return kept(y.permute(0, 3, 1, 2), shape)


class Planes(Algorithm):
    """One matrix product to all taps of all filters, added up; a copy interleaves the phases."""

    channels_last = False
    cost = Cost(13.4, 590, 6, 1_400)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """No tap too many; every product of every tap is added up, and the output copied."""
        rows, columns = shape.rows, shape.columns
        taps = shape.weights / shape.channels
        moved = n * (rows.size * columns.size * taps + shape.output)
        return Work(n * shape.input * taps, moved, 3 + rows.taps * columns.taps)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        self.weight = weight.permute(2, 3, 1, 0).flatten(0, 2).contiguous()
        self.bias = bias.view(-1, 1, 1)

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,H,W to N,F,H',W'."""
        rows, columns = shape.rows, shape.columns
        s, t = rows.stride, columns.stride
        size = (rows.filter, columns.filter, shape.filters, rows.size, columns.size)
        products = (self.weight @ x.flatten(2)).view(len(x), *size)
        high, wide = rows.size + rows.taps - 1, columns.size + columns.taps - 1
        y = self.bias.expand(len(x), s, t, -1, high, wide).contiguous()
        for u in range(rows.taps):
            for v in range(columns.taps):
                part = products[:, u * s : (u + 1) * s, v * t : (v + 1) * t]
                place = y[..., u : u + rows.size, v : v + columns.size]
                place[:, : part.shape[1], : part.shape[2]] += part
        y = y[..., rows.first : rows.first + rows.blocks, :]
        y = y[..., columns.first : columns.first + columns.blocks].permute(0, 3, 4, 1, 5, 2)
        return kept(y.reshape(len(x), shape.filters, rows.blocks * s, -1), shape)


class Single(Algorithm):
    """One product, for inputs of one pixel: nothing overlaps."""

    channels_last = False
    cost = Cost(1, 3, 6, 0)

    @staticmethod
    def work(n: int, shape: Shape) -> Work:
        """Just what is there to do; other inputs are not for it."""
        return Work(n * shape.weights, shape.weights, 1 if shape.input == shape.channels else inf)

    def __init__(self, weight: Tensor, bias: Tensor, shape: Shape) -> None:
        rows, columns = shape.rows, shape.columns
        self.size = (shape.filters, rows.output, columns.output)
        cut = weight.narrow(2, rows.before, rows.output).narrow(3, columns.before, columns.output)
        self.weight = cut.flatten(1).contiguous()
        self.bias = bias.repeat_interleave(rows.output * columns.output)

    def __call__(self, x: Tensor, shape: Shape) -> Tensor:
        """N,C,1,1 to N,F,H',W'."""
        return torch.addmm(self.bias, x.flatten(1), self.weight).view(-1, *self.size)


ALGORITHMS: tuple[type[Algorithm], ...] = (Direct, SubPixel, Apart, Product, Planes, Single)


@lru_cache(maxsize=1024)
def choose(
    n: int, shape: Shape, *, arranged: bool = True, channels_last: bool = True
) -> type[Algorithm]:
    """The algorithm that is estimated to take least time for ``n`` observations.

    ``arranged`` says that it runs often with the same weights, so that arranging them is free;
    ``channels_last`` how the input lies in memory.
    """

    def microseconds(algorithm: type[Algorithm]) -> float:
        before = 0.0 if arranged else algorithm.cost.arrange * shape.weights
        if algorithm.channels_last and not channels_last:
            before += CONVERT * n * shape.input
        return 1e-6 * before + algorithm.cost.microseconds(algorithm.work(n, shape))

    return min(ALGORITHMS, key=microseconds)


def applies(x: Tensor, weight: Tensor) -> bool:
    """Whether the algorithms here may be used.

    They are for single precision images on a CPU without gradients, and for torch's eager mode:
    whoever traces or exports a network wants to see the operator itself.
    """
    eager = not (torch.compiler.is_compiling() or torch._C._get_tracing_state())
    plain = type(x) is Tensor and type(weight) in (Tensor, nn.Parameter)
    return (
        x.ndim == 4
        and x.dtype == weight.dtype == torch.float32
        and x.device.type == weight.device.type == "cpu"
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
        and eager
        and plain
        and not torch.is_autocast_enabled("cpu")
        and torch._C._functorch.maybe_get_level(x) < 0  # no vmap or the like around x
    )


class Prepared:
    """A transposed convolution with its weights arranged once for each algorithm that is chosen.

    They are frozen: changing ``weight`` afterwards has no effect. ``frozen=False`` is for one use.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: Sequence[int],
        crop: Sequence[tuple[int, int]],
        *,
        frozen: bool = True,
    ) -> None:
        self.frozen = frozen
        self.weight = weight
        self.bias = weight.new_zeros(weight.shape[1]) if bias is None else bias
        self.stride, self.crop = stride, crop
        self.ready: dict[type[Algorithm], Algorithm] = {}

    @cached_property
    def finite(self) -> bool:
        """Whether zeros may be multiplied with the weights: 0 times Inf is NaN."""
        return bool(self.weight.sum().isfinite())

    def __call__(self, x: Tensor) -> Tensor:
        """N,C,H,W to N,F,H',W', in the layout that came out of it."""
        shape = Shape.of(x, self.weight, self.stride, self.crop)
        last = x.is_contiguous(memory_format=torch.channels_last)
        algorithm = choose(len(x), shape, arranged=self.frozen, channels_last=last)
        if algorithm is not Direct and not self.finite:
            algorithm = Direct
        if algorithm.fills and shape.filled and not bool(x.sum().isfinite()):
            algorithm = Direct
        if algorithm not in self.ready:
            self.ready[algorithm] = algorithm(self.weight, self.bias, shape)
        return self.ready[algorithm](x, shape)
