"""What goes wrong with the data that a network or a layer is given, and with its normalization."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any, NamedTuple

from ...layers.base import Layer
from .altered import Change, inputs_changed, instead, of_module, twice
from .instead import altered
from .mistakes import Fitted, Size, Variation, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

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
        yield altered(
            layer,
            one.name,
            f"for an input {one.text}",
            one.remedy,
            inputs_changed(one.change),
            one.rank,
            repair=one.undone,
            whole_batch=one.whole_batch,
        )


#: What may be done to the observations.
_OBSERVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
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
    change: Callable[[Tensor], Tensor]
    rank: int
    #: The line of torch that repairs it, for N,C,H,W.
    undone: str = ""
    #: Whether more than its own observation matters.
    whole_batch: bool = False


def _changes(size: Size) -> Iterator[_Given]:
    yield from _other_ranges()
    yield from _fewer_digits()
    yield from _other_channels()
    yield from _of_its_own()
    for said, function in _OBSERVATIONS.items():
        yield _Given("input observations", said, _SAME, function, 2, whole_batch=True)
    for axis, name in enumerate(size.moved or ("height", "width", "depth")[: len(size)], 2):
        yield from _along(axis, name)
    if len(size.moved or size) > 1:
        yield from _turned()
    if 1 <= len(size) <= 2:
        yield from _reshaped(len(size) + 2)


_SAME = "give both sides the same data."
_AS_IT_IS = "give it as it is."


def _other_ranges() -> Iterator[_Given]:
    import torch

    remedy = "give both sides the same range: the training data's."
    for factor, text, line in (
        (1 / 255, "divided by 255 (0..1)", "x = x * 255"),
        (255.0, "times 255 (0..255)", "x = x / 255"),
        (1 / 256, "divided by 256", "x = x * 256"),
        (-1.0, "with the other sign", "x = -x"),
    ):
        yield _Given("input scaled", text, remedy, partial(torch.mul, other=factor), 1, line)
    ranges: tuple[tuple[str, Callable[[Tensor], Tensor], str], ...] = (
        ("scaled from 0..1 to -1..1", lambda x: 2 * x - 1, "x = (x + 1) / 2"),
        ("scaled from -1..1 to 0..1", lambda x: (x + 1) / 2, "x = 2 * x - 1"),
        ("scaled from 0..255 to -1..1", lambda x: x / 127.5 - 1, "x = (x + 1) * 127.5"),
    )
    for text, change, line in ranges:
        yield _Given("input scaled", text, remedy, change, 1, line)
    for largest in (1, 255):
        text = f"with dark and light exchanged ({largest} - X)"
        change = partial(torch.rsub, other=largest)
        yield _Given("input inverted", text, remedy, change, 2, f"x = {largest} - x")
        text = f"gamma corrected: {largest}*(X/{largest}).^(1/2.2)"
        curved = partial(_gamma, largest=largest)
        yield _Given("input gamma corrected", text, _AS_IT_IS, curved, 3)
    for low, high in ((0, 1), (-1, 1), (0, 255)):
        clipped = partial(torch.clamp, min=low, max=high)
        rank = 2 if high == 1 else 3
        yield _Given("input clipped", f"clipped to {low}..{high}", _AS_IT_IS, clipped, rank)
    yield _Given("input normalized", "of length one for each observation (L2)", remedy, _unit, 2)
    yield _Given(
        "input normalized", "of length one in its channels (L2)", remedy, _unit_channels, 2
    )
    means: dict[str, Callable[[Tensor], Tensor]] = {
        "minus ImageNet's mean": partial(_imagenet, scaled=False),
        "normalized with ImageNet's mean and deviation": partial(_imagenet, scaled=True),
        "minus ImageNet's mean in 0..255": partial(_minus, _CAFFE),
        "as BGR, minus ImageNet's mean in 0..255": lambda x: _minus(
            _CAFFE[::-1], _reversed_colours(x)
        ),
    }
    for text, change in means.items():
        yield _Given("input normalized", text, remedy, change, 2)
    yield _Given("input absolute", "without its signs", _AS_IT_IS, torch.abs, 2)
    yield _Given("input squared", "squared", _AS_IT_IS, torch.square, 3)
    yield _Given("input through a function", "as its exponential", _AS_IT_IS, torch.exp, 3)
    yield _Given("input through a function", "as its logarithm", _AS_IT_IS, torch.log, 3)
    yield _Given("input through a function", "as log(1 + X)", _AS_IT_IS, torch.log1p, 3)


def _fewer_digits() -> Iterator[_Given]:
    import torch

    name, remedy = "input rounded", "give all of its digits, in single precision."
    for precision in ("half", "bfloat16"):
        change = partial(_through, precision)
        yield _Given(name, f"in {precision} precision", remedy, change, 1)
    yield _Given(name, "rounded to integers", remedy, torch.round, 2)
    for digits in (1, 2, 3, 4, 5, 6):
        rounded = partial(torch.round, decimals=digits)
        yield _Given(name, f"rounded to {digits} decimals", remedy, rounded, 2)
    yield _Given(name, "cut to integers", remedy, torch.trunc, 2)
    yield _Given(
        name,
        "rounded to 256 levels of 0..1 (saved as an image)",
        "save single precision, not an image.",
        lambda x: (x * 255).round() / 255,
        2,
    )


def _other_channels() -> Iterator[_Given]:
    import torch

    yield _Given(
        "input BGR for RGB",
        "with its channels reversed: BGR for RGB",
        "OpenCV reads images as BGR: x = x[:, [2, 1, 0]] in torch.",
        _reversed_colours,
        0,
        "x = x[:, [2, 1, 0]]",
    )
    for order in permutations(range(3)):
        if order not in ((0, 1, 2), (2, 1, 0)):
            yield _Given(
                "input channels in another order",
                f"with its channels in the order {' '.join(str(i + 1) for i in order)}",
                _SAME,
                partial(_three_channels, order=order),
                2,
            )
    for one, other in combinations(range(_MOST_CHANNELS), 2):
        yield _Given(
            "input channels in another order",
            f"with its channels {one + 1} and {other + 1} exchanged",
            _SAME,
            partial(_two_channels, one=one, other=other),
            3,
        )
    for shift in (1, -1):
        yield _Given(
            "input channels shifted",
            f"with its channels one {'further' if shift > 0 else 'back'}",
            "count from 1 in MATLAB, from 0 in Python.",
            partial(torch.roll, shifts=shift, dims=1),
            3,
        )
    greys: dict[str, Callable[[Tensor], Tensor]] = {
        "with its channels averaged": lambda x: x.mean(1, keepdim=True),
        "with its first channel for all": lambda x: x[:, :1],
        **{f"grey (luma of {by})": partial(_weighted, one) for by, one in _LUMAS.items()},
        **{
            f"grey (luma of {by}, of BGR)": partial(_weighted, one[::-1])
            for by, one in _LUMAS.items()
        },
    }
    for text, grey in greys.items():
        change = partial(_spread, grey)
        yield _Given("input grey", text, "give it in colour.", change, 2)


def _along(axis: int, name: str) -> Iterator[_Given]:
    """Along height, width or time."""
    import torch

    flip, line = partial(torch.flip, dims=(axis,)), f"x = x.flip({axis})"
    yield _Given(f"input {name} flipped", f"flipped in its {name}", _SAME, flip, 1, line)
    for shift in (1, -1, 2, -2):
        end = "earlier" if shift < 0 else "later"
        for filled in ("", ", what is lost comes in again", ", the edge repeated"):
            yield _Given(
                "input shifted",
                f"shifted by {abs(shift)} in its {name} ({end}{filled})",
                "give both sides the same data: look for a crop, a delay or an index from 0.",
                partial(_shifted, axis=axis, shift=shift, filled=filled),
                1 if abs(shift) == 1 and not filled else 3,
            )
    for count in (1, 2, 3, 4, 5):
        for end in ("first", "last"):
            yield _Given(
                "input masked",
                f"with zeros in the {end} {count} of its {name} (padding, a mask)",
                "give all of it: no padding in its place.",
                partial(_masked, axis=axis, count=count, last=end == "last"),
                3,
            )


def _turned() -> Iterator[_Given]:
    import torch

    for down, right in product((1, -1), repeat=2):
        ways = ("later" if by > 0 else "earlier" for by in (down, right))
        yield _Given(
            "input shifted",
            f"shifted by 1 in its height and width ({', '.join(ways)})",
            "give both sides the same data: look for a crop, or an index from 0.",
            partial(_shifted_both, down=down, right=right),
            2,
        )
    yield _Given(
        "input height and width exchanged",
        "with height and width exchanged",
        "H×W×C×N goes to torch as X.transpose(3, 2, 0, 1).",
        lambda x: x.transpose(2, 3),
        1,
        "x = x.transpose(2, 3)",
    )
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
    for order in permutations(range(1, rank)):
        if order != tuple(range(1, rank)):
            yield _Given(
                "input reshaped",
                f"reshaped, not permuted: {_words(order, rank)} bytes read as "
                f"{_words(tuple(range(1, rank)), rank)}",
                "permute it: X.transpose(3, 2, 0, 1); a reshape does not move its dimensions.",
                partial(_misread, order=order),
                2,
            )


def _of_its_own() -> Iterator[_Given]:
    """Normalized by statistics of these data."""
    remedy = "use the statistics of the training that the network holds, not the data's own."
    for (of, over), (said, function) in product(_STATISTICS, _OWN.items()):
        change = partial(_over, function, over)
        text = f"{said}, of {of}"
        yield _Given("own statistics", text, remedy, change, 2, whole_batch="B" in over)


def _over(function: Callable[[Tensor, list[int]], Tensor], over: str, x: Tensor) -> Tensor:
    return function(x, axes_of(over, x))


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


def _weighted(weights: Sequence[float], x: Tensor) -> Tensor:
    grey: Tensor = (x * _colours(weights, x)).sum(1, keepdim=True)
    return grey


def _spread(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return function(x).expand_as(x)


def _minus(mean: Sequence[float], x: Tensor) -> Tensor:
    return x - _colours(mean, x)


def _imagenet(x: Tensor, scaled: bool) -> Tensor:
    mean, deviation = _IMAGENET
    centred = _minus(mean, x)
    return centred / _colours(deviation, x) if scaled else centred


def _three_channels(x: Tensor, order: tuple[int, ...]) -> Tensor:
    if x.shape[1] != len(order):
        raise ValueError("three channels only")
    return x[:, list(order)]


def _two_channels(x: Tensor, one: int, other: int) -> Tensor:
    order = [*range(x.shape[1])]
    if not 3 < len(order) <= _MOST_CHANNELS:
        raise ValueError("three are tried in every order")
    order[one], order[other] = order[other], order[one]
    return x[:, order]


def _masked(x: Tensor, axis: int, count: int, last: bool) -> Tensor:
    masked, n = x.clone(), x.shape[axis]
    masked.narrow(axis, max(0, n - count) if last else 0, min(count, n)).zero_()
    return masked


def _gamma(x: Tensor, largest: float) -> Tensor:
    return largest * (x / largest).clamp(min=0) ** (1 / 2.2)


def _unit(x: Tensor) -> Tensor:
    return _unit_channels(x.flatten(1)).reshape(x.shape)


def _unit_channels(x: Tensor) -> Tensor:
    from torch.nn import functional as F

    return F.normalize(x)


def _reversed_colours(x: Tensor) -> Tensor:
    if x.shape[1] not in (3, 4):
        raise ValueError("no colours")
    return x[:, [2, 1, 0, *range(3, x.shape[1])]]


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


def axes_of(over: str, x: Tensor) -> list[int]:
    """The dimensions of N,C,... that labels of "BCS" stand for."""
    axes = [axis for label, axis in zip("BC", (0, 1), strict=True) if label in over]
    return [*axes, *(range(2, x.ndim) if "S" in over else ())]


# --- input layers -----------------------------------------------------------------------


@mistakes_of("Normalization")
def _inputs(layer: Layer, size: Size) -> Iterator[Variation]:
    mode = layer.values["Normalization"]
    if mode != "none" and isinstance(mode, str):
        yield from variation(
            layer,
            "input normalization missing",
            "without the normalization of the input",
            f"the input layer's '{mode}' is part of the network: apply it to X on the other side.",
            0,
            Normalization="none",
        )
        yield altered(
            layer,
            "input normalization twice",
            "with the normalization of the input applied twice",
            "the network normalizes its input itself: do not normalize X beforehand.",
            twice,
            0,
        )
        yield from _normalized_otherwise(layer, mode)
    yield from given_otherwise(layer, size)


def _normalized_otherwise(layer: Layer, mode: str) -> Iterator[Variation]:
    remedy = f"use the input layer's '{mode}' with the statistics that it holds."

    def own(name: str, text: str, change: Change, rank: int = 1, **more: Any) -> Variation:
        return altered(layer, name, text, remedy, change, rank, **more)

    for factor, minus, said in (
        (1 / 255, 0, "divided by 255"),
        (2 / 255, 1, "divided by 127.5, minus 1"),
    ):
        yield own(
            "input normalized otherwise",
            f"with its input {said} instead of its normalization",
            instead(lambda x, f=factor, m=minus: x * f - m),
        )
    for one in _of_its_own():
        text = f"with its input {one.text}, instead of its normalization"
        yield own(one.name, text, instead(one.change), whole_batch=one.whole_batch)
    for scale in (1.0, 1 / 255):

        def imagenet(x: Tensor, scale: float = scale) -> Tensor:
            return _imagenet(x * scale, scaled=True)

        before = " after a division by 255" if scale != 1 else ""
        yield own(
            "input normalized otherwise",
            f"with ImageNet's mean and deviation{before} instead of its normalization",
            instead(imagenet),
        )
    yield own(
        "normalization wraps around",
        "with its mean subtracted in uint8, wrapping around below 0",
        of_module(_wrapped),
    )
    yield own(
        "normalization saturates",
        "with its mean subtracted in uint8, nothing below 0",
        of_module(lambda module, x: module(x).round().clamp(min=0)),
    )
    yield own(
        "normalized backwards",
        "with its mean added instead of subtracted",
        of_module(lambda module, x: -module(-x)),
    )
    for factor, said in ((1 / 255, "divided by 255"), (255.0, "multiplied by 255")):
        yield own(
            "input scaled",
            f"with its input {said} after its normalization",
            of_module(lambda module, x, f=factor: module(x) * f),
        )
    names = ("Max", "Min") if mode.startswith("rescale") else ()
    if names:
        other = "rescale-zero-one" if mode == "rescale-symmetric" else "rescale-symmetric"
        ranges = {"rescale-zero-one": "0..1", "rescale-symmetric": "-1..1"}
        yield from variation(
            layer,
            "another Normalization",
            f"rescaled to {ranges[other]} instead of {ranges[mode]}",
            remedy,
            0,
            Normalization=other,
        )
        yield from variation(
            layer,
            "another Normalization",
            "divided by Max instead of Max - Min, after Min is subtracted",
            remedy,
            2,
            Max=layer.values["Max"] + layer.values["Min"],
        )
    elif mode == "zscore":
        mean, deviation = (layer.values[name] for name in ("Mean", "StandardDeviation"))
        if mean.size == deviation.size:
            yield from variation(
                layer,
                "another Normalization",
                "divided by the deviation before the mean is subtracted",
                remedy,
                1,
                Mean=mean * deviation,
            )
        yield from variation(
            layer,
            "another Normalization",
            "with its mean subtracted only (zerocenter), not divided by the deviation",
            remedy,
            0,
            Normalization="zerocenter",
        )


def _wrapped(module: Any, x: Tensor) -> Tensor:
    import torch

    mean = getattr(module, "mean", None)
    if mean is None:
        raise ValueError("no mean is subtracted")
    return torch.remainder(torch.trunc(x) - torch.trunc(mean), 256)


@fits_of("Normalization")
def scaled_input(layer: Layer, _: Size) -> Iterator[Fitted]:
    """An input with another scale and offset, or smoothed."""
    remedy = "give both sides the same range: the training data's."

    def make(values: tuple[float, ...]) -> Variation:
        scale, offset = values
        said = f"times {scale:.6g} plus {offset:.6g}"
        change = inputs_changed(lambda x: x * scale + offset)
        return altered(
            layer, "input scaled", f"for an input {said}", remedy, change, 3, key="input scaled"
        )

    yield Fitted((1.0, 0.0), make, 0.05)
    yield Fitted((0.0,), partial(_smoothed_input, layer), 0.05)


def _smoothed_input(layer: Layer, values: tuple[float, ...]) -> Variation:
    (weight,) = values
    said = (
        f"smoothed: [{weight:.5g} {1 - 2 * weight:.5g} {weight:.5g}] along each of space and time"
    )
    change = inputs_changed(partial(_smoothed, weight))
    return altered(layer, "input smoothed", f"for an input {said}", _AS_IT_IS, change, 3)


def _smoothed(weight: float, x: Tensor) -> Tensor:
    """Both neighbours of each element weigh so much; the edge is repeated."""
    for axis in range(2, x.ndim):
        before, after = (_shifted(x, axis, by, ", the edge repeated") for by in (1, -1))
        x = x + weight * (before + after - 2 * x)
    return x
