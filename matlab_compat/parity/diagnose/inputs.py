"""What goes wrong with the data that a network or a layer is given, and with its normalization."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any, NamedTuple

from ...layers.base import Layer
from .altered import inputs_changed, instead, of_module, twice
from .mistakes import Fitted, Size, Variation, altered, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

Function = Callable[["Tensor"], "Tensor"]

#: What red, green and blue add to grey, and where.
_LUMAS = {
    "OpenCV, Pillow": (0.299, 0.587, 0.114),
    "MATLAB's rgb2gray": (0.298936021293775, 0.587043074451121, 0.114020904255103),
    "scikit-image, Rec. 709": (0.2125, 0.7154, 0.0721),
}
#: Up to so many channels, every two of them may have been exchanged.
_MOST_CHANNELS = 10
#: Torchvision's constants for ImageNet, for images from 0 to 1.
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
#: Caffe's (and Keras') mean of ImageNet, for images from 0 to 255.
_CAFFE = (123.68, 116.779, 103.939)


def given_otherwise(layer: Layer, size: Size) -> Iterator[Variation]:
    """The layer with what can be wrong with its input."""
    for one in _changes(size):
        yield Variation(
            one.name,
            f"for an input {one.text}",
            one.remedy,
            layer,
            rank=one.rank,
            whole_batch=one.whole_batch,
            change=inputs_changed(one.change),
            repair=one.undone,
        )


#: What may be done to the observations.
_OBSERVATIONS: dict[str, Function] = {
    "of the first observation for all": lambda x: x[:1].expand_as(x),
    "of the last observation for all": lambda x: x[-1:].expand_as(x),
    "with its observations in reverse order": lambda x: x.flip(0),
    "with its observations one further": lambda x: x.roll(1, 0),
    "with its observations one back": lambda x: x.roll(-1, 0),
}

#: What statistics may be taken over, and the labels of these dimensions.
_STATISTICS = (
    ("all of each observation", "SC"),
    ("each channel of each observation", "S"),
    ("the whole batch", "BSC"),
    ("each channel of the whole batch", "BS"),
    ("the channels of each place", "C"),
)


class _Given(NamedTuple):
    """Something done to the input."""

    name: str
    text: str
    remedy: str
    change: Function
    rank: int
    #: The line of torch that repairs it, for N,C,H,W.
    undone: str = ""
    #: Whether more than its own observation matters.
    whole_batch: bool = False


def _each(
    name: str, remedy: str, rank: int, changes: Mapping[str, Function], whole_batch: bool = False
) -> Iterator[_Given]:
    for text, change in changes.items():
        yield _Given(name, text, remedy, change, rank, whole_batch=whole_batch)


def _changes(size: Size) -> Iterator[_Given]:
    yield from _other_ranges()
    yield from _fewer_digits()
    yield from _other_channels()
    yield from _of_its_own()
    yield from _each("input observations", _SAME, 2, _OBSERVATIONS, True)
    for axis, name in enumerate(size.moved or ("height", "width", "depth")[: len(size)], 2):
        yield from _along(axis, name)
    if len(size.moved or size) > 1:
        yield from _turned()
    if 1 <= len(size) <= 2:
        yield from _reshaped(len(size) + 2)


_SAME = "give both sides the same data."
_AS_IT_IS = "give it as it is."
_RANGE = "give both sides the same range: the training data's."

#: Other ranges, and the line of torch that undoes each.
_RANGES: dict[str, tuple[Function, str]] = {
    "divided by 255 (0..1)": (lambda x: x / 255, "x = x * 255"),
    "times 255 (0..255)": (lambda x: x * 255, "x = x / 255"),
    "divided by 256": (lambda x: x / 256, "x = x * 256"),
    "with the other sign": (lambda x: -x, "x = -x"),
    "scaled from 0..1 to -1..1": (lambda x: 2 * x - 1, "x = (x + 1) / 2"),
    "scaled from -1..1 to 0..1": (lambda x: (x + 1) / 2, "x = 2 * x - 1"),
    "scaled from 0..255 to -1..1": (lambda x: x / 127.5 - 1, "x = (x + 1) * 127.5"),
}


def _other_ranges() -> Iterator[_Given]:
    import torch
    from torch.nn import functional as F

    for text, (change, line) in _RANGES.items():
        yield _Given("input scaled", text, _RANGE, change, 1, line)
    for most in (1, 255):
        text = f"with dark and light exchanged ({most} - X)"
        inverted = partial(torch.rsub, other=most)
        yield _Given("input inverted", text, _RANGE, inverted, 2, f"x = {most} - x")
        text, curved = f"gamma corrected: {most}*(X/{most}).^(1/2.2)", partial(_gamma, largest=most)
        yield _Given("input gamma corrected", text, _AS_IT_IS, curved, 3)
    for low, high, rank in ((0, 1, 2), (-1, 1, 2), (0, 255, 3)):
        text, change = f"clipped to {low}..{high}", partial(torch.clamp, min=low, max=high)
        yield _Given("input clipped", text, _AS_IT_IS, change, rank)
    normalized: dict[str, Function] = {
        "of length one for each observation (L2)": lambda x: F.normalize(x.flatten(1)).reshape(
            x.shape
        ),
        "of length one in its channels (L2)": F.normalize,
        "minus ImageNet's mean": partial(_minus, _IMAGENET[0]),
        "normalized with ImageNet's mean and deviation": _imagenet,
        "minus ImageNet's mean in 0..255": partial(_minus, _CAFFE),
        "as BGR, minus ImageNet's mean in 0..255": lambda x: _minus(
            _CAFFE[::-1], _reversed_colours(x)
        ),
    }
    yield from _each("input normalized", _RANGE, 2, normalized)
    yield _Given("input absolute", "without its signs", _AS_IT_IS, torch.abs, 2)
    yield _Given("input squared", "squared", _AS_IT_IS, torch.square, 3)
    functions: dict[str, Function] = {
        "as its exponential": torch.exp,
        "as its logarithm": torch.log,
        "as log(1 + X)": torch.log1p,
    }
    yield from _each("input through a function", _AS_IT_IS, 3, functions)


def _fewer_digits() -> Iterator[_Given]:
    import torch

    name, remedy = "input rounded", "give all of its digits, in single precision."
    formats = {f"in {one} precision": partial(_through, one) for one in ("half", "bfloat16")}
    yield from _each(name, remedy, 1, formats)
    rounded: dict[str, Function] = {
        "rounded to integers": torch.round,
        **{f"rounded to {n} decimals": partial(torch.round, decimals=n) for n in range(1, 7)},
        "cut to integers": torch.trunc,
    }
    yield from _each(name, remedy, 2, rounded)
    text = "rounded to 256 levels of 0..1 (saved as an image)"
    remedy = "save single precision, not an image."
    yield _Given(name, text, remedy, lambda x: (x * 255).round() / 255, 2)


def _other_channels() -> Iterator[_Given]:
    line = "x = x[:, [2, 1, 0]]"
    text, remedy = "with its channels reversed: BGR for RGB", f"OpenCV reads images as BGR: {line}"
    yield _Given("input BGR for RGB", text, f"{remedy} in torch.", _reversed_colours, 0, line)
    name = "input channels in another order"
    orders = {
        f"with its channels in the order {' '.join(str(i + 1) for i in order)}": partial(
            _channels, first=order, counts=(3,)
        )
        for order in permutations(range(3))
        if order not in ((0, 1, 2), (2, 1, 0))
    }
    yield from _each(name, _SAME, 2, orders)
    pairs = {
        f"with its channels {one + 1} and {other + 1} exchanged": partial(
            _exchanged, one=one, other=other
        )
        for one, other in combinations(range(_MOST_CHANNELS), 2)
    }
    yield from _each(name, _SAME, 3, pairs)
    shifts: dict[str, Function] = {
        "with its channels one further": lambda x: x.roll(1, 1),
        "with its channels one back": lambda x: x.roll(-1, 1),
    }
    remedy = "count from 1 in MATLAB, from 0 in Python."
    yield from _each("input channels shifted", remedy, 3, shifts)
    greys: dict[str, Function] = {
        "with its channels averaged": lambda x: x.mean(1, keepdim=True).expand_as(x),
        "with its first channel for all": lambda x: x[:, :1].expand_as(x),
    }
    for of, step in (("", 1), (", of BGR", -1)):
        for by, luma in _LUMAS.items():
            greys[f"grey (luma of {by}{of})"] = partial(_grey, luma[::step])
    yield from _each("input grey", "give it in colour.", 2, greys)


def _along(axis: int, name: str) -> Iterator[_Given]:
    import torch

    flip, line = partial(torch.flip, dims=(axis,)), f"x = x.flip({axis})"
    yield _Given(f"input {name} flipped", f"flipped in its {name}", _SAME, flip, 1, line)
    remedy = "give both sides the same data: look for a crop, a delay or an index from 0."
    for shift in (1, -1, 2, -2):
        end = "earlier" if shift < 0 else "later"
        for filled in ("", ", what is lost comes in again", ", the edge repeated"):
            text = f"shifted by {abs(shift)} in its {name} ({end}{filled})"
            change = partial(_shifted, axis=axis, shift=shift, filled=filled)
            rank = 1 if abs(shift) == 1 and not filled else 3
            yield _Given("input shifted", text, remedy, change, rank)
    masked = {
        f"with zeros in the {end} {count} of its {name} (padding, a mask)": partial(
            _masked, axis=axis, count=count, last=end == "last"
        )
        for count in (1, 2, 3, 4, 5)
        for end in ("first", "last")
    }
    yield from _each("input masked", "give all of it: no padding in its place.", 3, masked)


def _turned() -> Iterator[_Given]:
    import torch

    remedy = "give both sides the same data: look for a crop, or an index from 0."
    for down, right in product((1, -1), repeat=2):
        ways = ("later" if by > 0 else "earlier" for by in (down, right))
        text = f"shifted by 1 in its height and width ({', '.join(ways)})"
        change = partial(_shifted_both, down=down, right=right)
        yield _Given("input shifted", text, remedy, change, 2)
    exchanged, line = partial(torch.transpose, dim0=2, dim1=3), "x = x.transpose(2, 3)"
    remedy, name = "H×W×C×N goes to torch as X.transpose(3, 2, 0, 1).", "height and width exchanged"
    yield _Given(f"input {name}", f"with {name}", remedy, exchanged, 1, line)
    for turns, line in (
        (2, "x = x.flip(2, 3)"),
        (1, "x = x.rot90(-1, (2, 3))"),
        (3, "x = x.rot90(1, (2, 3))"),
    ):
        turned = partial(torch.rot90, k=turns, dims=(2, 3))
        rank = 1 if turns == 2 else 2
        yield _Given("input turned", f"turned by {90 * turns} degrees", _SAME, turned, rank, line)


def _reshaped(rank: int) -> Iterator[_Given]:
    """Bytes in one order of the dimensions read in another."""
    remedy = "permute it: X.transpose(3, 2, 0, 1); a reshape does not move its dimensions."
    right, *others = permutations(range(1, rank))
    taken = f"bytes read as {_words(right, rank)}"
    misread = {
        f"reshaped, not permuted: {_words(order, rank)} {taken}": partial(_misread, order=order)
        for order in others
    }
    yield from _each("input reshaped", remedy, 2, misread)


def _of_its_own() -> Iterator[_Given]:
    """Normalized by statistics of these data."""
    remedy = "use the statistics of the training that the network holds, not the data's own."
    for (of, over), (said, function) in product(_STATISTICS, _OWN.items()):
        change = partial(_over, function, over)
        text = f"{said}, of {of}"
        yield _Given("own statistics", text, remedy, change, 2, whole_batch="B" in over)


def _over(function: Callable[[Tensor, list[int]], Tensor], over: str, x: Tensor) -> Tensor:
    return function(x, axes_of(over, x))


def axes_of(over: str, x: Tensor) -> list[int]:
    """The dimensions of N,C,... that labels of "BCS" stand for."""
    axes = [axis for label, axis in zip("BC", (0, 1), strict=True) if label in over]
    return [*axes, *(range(2, x.ndim) if "S" in over else ())]


def standardized(x: Tensor, axes: list[int], unbiased: bool, epsilon: float = 0.0) -> Tensor:
    """Without its own mean, divided by its own deviation, over these dimensions."""
    import torch

    variance, mean = torch.var_mean(x, axes, unbiased=unbiased, keepdim=True)
    return (x - mean) / (variance + epsilon).sqrt()


def _unit_range(x: Tensor, axes: list[int]) -> Tensor:
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    return (x - low) / (high - low)


def _of_largest(x: Tensor, axes: list[int], parts: int) -> Tensor:
    """In so many steps up to the largest magnitude."""
    step = x.abs().amax(axes, keepdim=True) / parts
    return (x / step).round() * step


def _in_levels(x: Tensor, axes: list[int], count: int) -> Tensor:
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    step = (high - low) / (count - 1)
    return ((x - low) / step).round() * step + low


#: What is made of the data by statistics over some dimensions of their own.
_OWN: dict[str, Callable[[Tensor, list[int]], Tensor]] = {
    "without its own mean": lambda x, axes: x - x.mean(axes, keepdim=True),
    "standardized by its own mean and deviation": partial(standardized, unbiased=False),
    "standardized by its own mean and deviation (n - 1)": partial(standardized, unbiased=True),
    "scaled to 0..1 by its own smallest and largest value": _unit_range,
    "scaled to -1..1 by its own smallest and largest value": lambda x, axes: (
        2 * _unit_range(x, axes) - 1
    ),
    "divided by its own largest magnitude": lambda x, axes: x / x.abs().amax(axes, keepdim=True),
    **{
        f"rounded to int{bits} by its own largest magnitude": partial(
            _of_largest, parts=2 ** (bits - 1) - 1
        )
        for bits in (8, 4)
    },
    **{
        f"rounded to {2**bits} levels from its own smallest to its largest value": partial(
            _in_levels, count=2**bits
        )
        for bits in (8, 4)
    },
}


def _colours(values: Sequence[float], x: Tensor) -> Tensor:
    if x.shape[1] != len(values):
        raise ValueError("three channels only")
    return x.new_tensor(values).reshape(-1, *(1,) * (x.ndim - 2))


def _grey(weights: Sequence[float], x: Tensor) -> Tensor:
    grey: Tensor = (x * _colours(weights, x)).sum(1, keepdim=True)
    return grey.expand_as(x)


def _minus(mean: Sequence[float], x: Tensor) -> Tensor:
    return x - _colours(mean, x)


def _imagenet(x: Tensor) -> Tensor:
    mean, deviation = _IMAGENET
    return _minus(mean, x) / _colours(deviation, x)


def _channels(x: Tensor, first: Sequence[int], counts: Sequence[int]) -> Tensor:
    """These channels first, then the others; of so many channels only."""
    if x.shape[1] not in counts:
        raise ValueError("of another number of channels")
    return x[:, [*first, *range(len(first), x.shape[1])]]


def _reversed_colours(x: Tensor) -> Tensor:
    return _channels(x, (2, 1, 0), (3, 4))


def _exchanged(x: Tensor, one: int, other: int) -> Tensor:
    """Of more than three channels, which are tried in every order."""
    order = [*range(other + 1)]
    order[one], order[other] = order[other], order[one]
    return _channels(x, order, range(max(4, other + 1), _MOST_CHANNELS + 1))


def _masked(x: Tensor, axis: int, count: int, last: bool) -> Tensor:
    masked, n = x.clone(), x.shape[axis]
    masked.narrow(axis, max(0, n - count) if last else 0, min(count, n)).zero_()
    return masked


def _gamma(x: Tensor, largest: float) -> Tensor:
    return largest * (x / largest).clamp(min=0) ** (1 / 2.2)


def _words(order: tuple[int, ...], rank: int) -> str:
    letters = {3: "NCT", 4: "NCHW"}.get(rank, "NCHWD")
    return ",".join(["N", *(letters[axis] for axis in order)])


def _misread(x: Tensor, order: tuple[int, ...]) -> Tensor:
    if x.ndim != len(order) + 1:
        raise ValueError("of another number of dimensions")
    return x.permute(0, *order).reshape(x.shape)


def _through(precision: str, x: Tensor) -> Tensor:
    from ...engine.precision import torch_dtype

    return x.to(torch_dtype(precision)).to(x.dtype)


def _shifted(x: Tensor, axis: int, shift: int, filled: str) -> Tensor:
    import torch

    moved = torch.roll(x, shift, axis)
    if filled.endswith("again"):
        return moved
    n, count = x.shape[axis], abs(shift)
    lost = moved.narrow(axis, 0 if shift > 0 else n - count, count)
    if filled:
        lost.copy_(x.narrow(axis, 0 if shift > 0 else n - 1, 1).expand_as(lost))
    else:
        lost.zero_()
    return moved


def _shifted_both(x: Tensor, down: int, right: int) -> Tensor:
    return _shifted(_shifted(x, 2, down, ""), 3, right, "")


# --- input layers -----------------------------------------------------------------------


@mistakes_of("Normalization")
def _inputs(layer: Layer, size: Size) -> Iterator[Variation]:
    mode = layer.values["Normalization"]
    if mode != "none" and isinstance(mode, str):
        remedy = (
            f"the input layer's '{mode}' is part of the network: apply it to X on the other side."
        )
        text = "without the normalization of the input"
        yield from variation(
            layer, "input normalization missing", text, remedy, Normalization="none"
        )
        remedy = "the network normalizes its input itself: do not normalize X beforehand."
        again = {"with the normalization of the input applied twice": twice}
        yield from altered(layer, "input normalization twice", remedy, again, 0)
        yield from _normalized_otherwise(layer, mode)
    yield from given_otherwise(layer, size)


#: What is done in the place of the layer's normalization.
_INSTEAD: dict[str, Function] = {
    "with its input divided by 255 instead of its normalization": lambda x: x / 255,
    "with its input divided by 127.5, minus 1 instead of its normalization": lambda x: (
        x / 127.5 - 1
    ),
    "with ImageNet's mean and deviation instead of its normalization": _imagenet,
    "with ImageNet's mean and deviation after a division by 255 instead of its normalization": (
        lambda x: _imagenet(x / 255)
    ),
}


def _wrapped(module: Any, x: Tensor) -> Tensor:
    import torch

    mean = getattr(module, "mean", None)
    if mean is None:
        raise ValueError("no mean is subtracted")
    return torch.remainder(torch.trunc(x) - torch.trunc(mean), 256)


#: What is done with the layer's normalization, by name and text.
_NORMALIZED: dict[tuple[str, str], Callable[[Any, Tensor], Tensor]] = {
    (
        "normalization wraps around",
        "with its mean subtracted in uint8, wrapping around below 0",
    ): _wrapped,
    (
        "normalization saturates",
        "with its mean subtracted in uint8, nothing below 0",
    ): lambda module, x: module(x).round().clamp(min=0),
    ("normalized backwards", "with its mean added instead of subtracted"): (
        lambda module, x: -module(-x)
    ),
    ("input scaled", "with its input divided by 255 after its normalization"): (
        lambda module, x: module(x) / 255
    ),
    ("input scaled", "with its input multiplied by 255 after its normalization"): (
        lambda module, x: module(x) * 255
    ),
}


def _normalized_otherwise(layer: Layer, mode: str) -> Iterator[Variation]:
    remedy = f"use the input layer's '{mode}' with the statistics that it holds."
    others = {text: instead(function) for text, function in _INSTEAD.items()}
    yield from altered(layer, "input normalized otherwise", remedy, others)
    for one in _of_its_own():
        own = {f"with its input {one.text}, instead of its normalization": instead(one.change)}
        yield from altered(layer, one.name, remedy, own, whole_batch=one.whole_batch)
    for (name, text), function in _NORMALIZED.items():
        yield from altered(layer, name, remedy, {text: of_module(function)})
    ranges = {"rescale-zero-one": "0..1", "rescale-symmetric": "-1..1"}
    for text, rank, values in _other_modes(layer, mode, ranges):
        yield from variation(layer, "another Normalization", text, remedy, rank, **values)


def _other_modes(
    layer: Layer, mode: str, ranges: Mapping[str, str]
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Text and rank of what properties say."""
    held = layer.values
    if mode in ranges:
        (other,) = ranges.keys() - {mode}
        text = f"rescaled to {ranges[other]} instead of {ranges[mode]}"
        yield text, 0, {"Normalization": other}
        text = "divided by Max instead of Max - Min, after Min is subtracted"
        yield text, 2, {"Max": held["Max"] + held["Min"]}
    elif mode == "zscore":
        if held["Mean"].size == held["StandardDeviation"].size:
            text = "divided by the deviation before the mean is subtracted"
            yield text, 1, {"Mean": held["Mean"] * held["StandardDeviation"]}
        text = "with its mean subtracted only (zerocenter), not divided by the deviation"
        yield text, 0, {"Normalization": "zerocenter"}


@fits_of("Normalization")
def scaled_input(layer: Layer, _: Size) -> Iterator[Fitted]:
    """An input with another scale and offset, or smoothed."""

    def scaled(values: tuple[float, ...]) -> Variation:
        scale, offset = values
        said = f"for an input times {scale:.6g} plus {offset:.6g}"
        change = inputs_changed(lambda x: x * scale + offset)
        return Variation("input scaled", said, _RANGE, layer, rank=3, change=change)

    def smoothed(values: tuple[float, ...]) -> Variation:
        (weight,) = values
        weights = f"[{weight:.5g} {1 - 2 * weight:.5g} {weight:.5g}]"
        said = f"for an input smoothed: {weights} along each of space and time"
        change = inputs_changed(partial(_smoothed, weight))
        return Variation("input smoothed", said, _AS_IT_IS, layer, rank=3, change=change)

    yield Fitted((1.0, 0.0), scaled, 0.05)
    yield Fitted((0.0,), smoothed, 0.05)


def _smoothed(weight: float, x: Tensor) -> Tensor:
    """Both neighbours of each element weigh so much; the edge is repeated."""
    for axis in range(2, x.ndim):
        before, after = (_shifted(x, axis, by, ", the edge repeated") for by in (1, -1))
        x = x + weight * (before + after - 2 * x)
    return x
