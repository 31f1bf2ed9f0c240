"""What goes wrong with the data that a network or a layer is given, and with its normalization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ...layers.base import Layer
from .altered import Change, inputs_changed, instead, of_module, twice
from .instead import altered
from .mistakes import Fitted, Size, Variation, fits_of, mistakes_of, variation

if TYPE_CHECKING:
    from torch import Tensor

#: Torchvision's constants for ImageNet, for images from 0 to 1.
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def given_otherwise(layer: Layer, size: Size) -> Iterator[Variation]:
    """The layer with what can be wrong with its input."""
    for name, said, remedy, change, rank in _changes(size):
        line = _UNDONE.get(said, "")
        change = inputs_changed(change)
        yield altered(layer, name, f"for an input {said}", remedy, change, rank, repair=line)
    yield altered(
        layer,
        "input scaled by its own range",
        "for an input scaled to 0..1 by its own smallest and largest value",
        "give both sides the same data.",
        inputs_changed(partial(_own_range, "SC", False)),
        2,
    )
    for said, function in _OBSERVATIONS.items():
        yield altered(
            layer,
            "input observations",
            f"for an input {said}",
            "give both sides the same data in the same order.",
            inputs_changed(function),
            2,
            whole_batch=True,
        )
    for said, over in _STATISTICS:
        yield altered(
            layer,
            "own statistics",
            f"for an input without its own mean, of {said}",
            "give both sides the same data.",
            inputs_changed(partial(_centred, over)),
            2,
            whole_batch="B" in over,
        )
        for unbiased in (False, True):
            yield altered(
                layer,
                "own statistics",
                f"for an input standardized by its own mean and deviation, of {said}"
                f"{' (n - 1)' if unbiased else ''}",
                "use the statistics of the training that the network holds, not the data's own.",
                inputs_changed(partial(_standardized, over, unbiased)),
                2,
                whole_batch="B" in over,
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
)


#: The lines of torch that repair what was done to N,C,H,W.
_UNDONE = {
    "divided by 255 (0..1)": "x = x * 255",
    "times 255 (0..255)": "x = x / 255",
    "divided by 256": "x = x * 256",
    "with the other sign": "x = -x",
    "scaled from 0..1 to -1..1": "x = (x + 1) / 2",
    "scaled from -1..1 to 0..1": "x = 2 * x - 1",
    "scaled from 0..255 to -1..1": "x = (x + 1) * 127.5",
    "with dark and light exchanged (1 - X)": "x = 1 - x",
    "with dark and light exchanged (255 - X)": "x = 255 - x",
    "with its channels reversed: BGR for RGB": "x = x[:, [2, 1, 0]]",
    "with height and width exchanged": "x = x.transpose(2, 3)",
    "turned by 180 degrees": "x = x.flip(2, 3)",
    "turned by 90 degrees": "x = x.rot90(-1, (2, 3))",
    "turned by 270 degrees": "x = x.rot90(1, (2, 3))",
    "flipped in its height": "x = x.flip(2)",
    "flipped in its width": "x = x.flip(3)",
    "flipped in its time steps": "x = x.flip(2)",
}

_Given = tuple[str, str, str, Any, int]


def _changes(size: Size) -> Iterator[_Given]:
    import torch

    same = "give both sides the same range: the training data's."
    for factor, text in (
        (1 / 255, "divided by 255 (0..1)"),
        (255.0, "times 255 (0..255)"),
        (1 / 256, "divided by 256"),
        (-1.0, "with the other sign"),
    ):
        yield "input scaled", text, same, partial(torch.mul, other=factor), 1
    yield "input normalized", "of length one for each observation (L2)", same, _unit, 2
    yield "input normalized", "of length one in its channels (L2)", same, _unit_channels, 2
    yield "input scaled", "scaled from 0..1 to -1..1", same, lambda x: 2 * x - 1, 1
    yield "input scaled", "scaled from -1..1 to 0..1", same, lambda x: (x + 1) / 2, 1
    yield "input scaled", "scaled from 0..255 to -1..1", same, lambda x: x / 127.5 - 1, 1
    yield "input inverted", "with dark and light exchanged (1 - X)", same, lambda x: 1 - x, 2
    yield "input inverted", "with dark and light exchanged (255 - X)", same, lambda x: 255 - x, 2
    for precision in ("half", "bfloat16"):
        yield (
            "input rounded",
            f"in {precision} precision",
            "give it in single precision.",
            partial(_through, precision),
            1,
        )
    for digits in (0, 1, 2, 3, 4, 5, 6):
        said = "rounded to integers" if digits == 0 else f"rounded to {digits} decimals"
        yield (
            "input rounded",
            said,
            "give all of its digits.",
            partial(torch.round, decimals=digits),
            2,
        )
    yield "input rounded", "cut to integers", "give all of its digits.", torch.trunc, 2
    yield (
        "input rounded",
        "rounded to 256 levels of 0..1 (saved as an image)",
        "save single precision, not an image.",
        lambda x: (x * 255).round() / 255,
        2,
    )
    yield "input absolute", "without its signs", "give it as it is.", torch.abs, 2
    for low, high in ((0, 1), (-1, 1), (0, 255)):
        clipped = partial(torch.clamp, min=low, max=high)
        rank = 2 if high == 1 else 3
        yield "input clipped", f"clipped to {low}..{high}", "give it as it is.", clipped, rank
    yield "input rounded", "rounded to int8", "give all of its digits.", _int8, 2
    for largest in (1, 255):
        said = f"gamma corrected: {largest}*(X/{largest}).^(1/2.2)"
        curved = partial(_gamma, largest=largest)
        yield "input gamma corrected", said, "give it as it is.", curved, 3
    yield (
        "input BGR for RGB",
        "with its channels reversed: BGR for RGB",
        "OpenCV reads images as BGR: x = x[:, [2, 1, 0]] in torch.",
        _reversed_colours,
        0,
    )
    for shift in (1, -1):
        yield (
            "input channels shifted",
            "with its channels one further",
            "count from 1 in MATLAB, from 0 in Python.",
            partial(torch.roll, shifts=shift, dims=1),
            3,
        )
    yield (
        "input grey",
        "with its channels averaged",
        "give it in colour.",
        lambda x: x.mean(1, keepdim=True).expand_as(x),
        2,
    )
    names = size.moved or ("height", "width", "depth")[: len(size)]
    for axis, name in enumerate(names, 2):
        yield (
            f"input {name} flipped",
            f"flipped in its {name}",
            "give both sides the same data.",
            partial(torch.flip, dims=(axis,)),
            1,
        )
        for shift in (1, -1, 2, -2):
            end = "earlier" if shift < 0 else "later"
            for around in (False, True):
                yield (
                    "input shifted",
                    f"shifted by {abs(shift)} in its {name} ({end}"
                    f"{', what is lost comes in again' if around else ''})",
                    "give both sides the same data: look for a crop, a delay or an index from 0.",
                    partial(_shifted, axis=axis, shift=shift, around=around),
                    1 if abs(shift) == 1 and not around else 3,
                )
    if len(names) > 1:
        yield (
            "input height and width exchanged",
            "with height and width exchanged",
            "H×W×C×N goes to torch as X.transpose(3, 2, 0, 1).",
            lambda x: x.transpose(2, 3),
            1,
        )
        yield (
            "input turned",
            "turned by 180 degrees",
            "give both sides the same data.",
            lambda x: x.flip(2, 3),
            1,
        )
        for turns in (1, 3):
            yield (
                "input turned",
                f"turned by {90 * turns} degrees",
                "give both sides the same data.",
                partial(torch.rot90, k=turns, dims=(2, 3)),
                2,
            )
        for order in ((3, 2, 1), (2, 3, 1), (1, 3, 2), (3, 1, 2), (2, 1, 3)):
            yield (
                "input reshaped",
                f"reshaped, not permuted: {_words(order)} bytes read as N,C,H,W",
                "permute it: X.transpose(3, 2, 0, 1); a reshape does not move its dimensions.",
                partial(_misread, order=order),
                2,
            )


def _int8(x: Tensor) -> Tensor:
    """One step for all, by the largest magnitude."""
    step = x.abs().max() / 127
    return (x / step).round() * step


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


def _words(order: tuple[int, ...]) -> str:
    return ",".join(["N", *("?CHW"[axis] for axis in order)])


def _misread(x: Tensor, order: tuple[int, ...]) -> Tensor:
    if x.ndim != 4:
        raise ValueError("images only")
    return x.permute(0, *order).reshape(x.shape)


def _through(precision: str, x: Tensor) -> Tensor:
    from ...engine.precision import torch_dtype

    return x.to(torch_dtype(precision)).to(x.dtype)


def _shifted(x: Tensor, axis: int, shift: int, around: bool) -> Tensor:
    import torch

    moved = torch.roll(x, shift, axis)
    if around:
        return moved
    start = 0 if shift > 0 else x.shape[axis] + shift
    moved.narrow(axis, start, abs(shift)).zero_()
    return moved


def _own_range(over: str, symmetric: bool, x: Tensor) -> Tensor:
    axes = _axes(over, x)
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    unit = (x - low) / (high - low)
    return 2 * unit - 1 if symmetric else unit


def _axes(over: str, x: Tensor) -> list[int]:
    axes = [axis for label, axis in zip("BC", (0, 1), strict=True) if label in over]
    return [*axes, *range(2, x.ndim)]


def _standardized(over: str, unbiased: bool, x: Tensor) -> Tensor:
    import torch

    variance, mean = torch.var_mean(x, _axes(over, x), unbiased=unbiased, keepdim=True)
    return (x - mean) / variance.sqrt()


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
    import torch

    remedy = f"use the input layer's '{mode}' with the statistics that it holds."

    def own(name: str, text: str, change: Change, rank: int = 1, **more: Any) -> Variation:
        return altered(layer, name, text, remedy, change, rank, **more)

    for factor, said in ((1 / 255, "divided by 255"), (2 / 255, "divided by 127.5, minus 1")):
        minus = 1.0 if factor == 2 / 255 else 0.0
        yield own(
            "input normalized otherwise",
            f"with its input {said} instead of its normalization",
            instead(lambda x, f=factor, m=minus: x * f - m),
        )
    for said, over in _STATISTICS:
        for unbiased in (False, True):
            yield own(
                "own statistics",
                f"with its input standardized by its own mean and deviation, of {said}"
                f"{' (n - 1)' if unbiased else ''}, instead of its normalization",
                instead(partial(_standardized, over, unbiased)),
                whole_batch="B" in over,
            )
        yield own(
            "own statistics",
            f"with the mean of {said} subtracted from it instead of its normalization",
            instead(partial(_centred, over)),
            whole_batch="B" in over,
        )
    for said, over in _STATISTICS:
        for symmetric, ends in ((False, "0..1"), (True, "-1..1")):
            yield own(
                "own statistics",
                f"with its input scaled to {ends} by its own smallest and largest value, of {said}",
                instead(partial(_own_range, over, symmetric)),
                2,
                whole_batch="B" in over,
            )
    for scale in (1.0, 1 / 255):

        def imagenet(x: Tensor, scale: float = scale) -> Tensor:
            if x.shape[1] != 3:
                raise ValueError("three channels only")
            mean, deviation = (
                torch.tensor(v, dtype=x.dtype).reshape(3, *(1,) * (x.ndim - 2)) for v in _IMAGENET
            )
            return (x * scale - mean) / deviation

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


def _centred(over: str, x: Tensor) -> Tensor:
    return x - x.mean(_axes(over, x), keepdim=True)


def _wrapped(module: Any, x: Tensor) -> Tensor:
    import torch

    mean = getattr(module, "mean", None)
    if mean is None:
        raise ValueError("no mean is subtracted")
    return torch.remainder(torch.trunc(x) - torch.trunc(mean), 256)


@fits_of("Normalization")
def _fitted_inputs(layer: Layer, _: Size) -> Iterator[Fitted]:
    """An input, or a normalization, with another scale and offset."""
    remedy = "give both sides the same range: the training data's."

    def make(values: tuple[float, ...]) -> Variation:
        scale, offset = values
        said = f"times {scale:.6g} plus {offset:.6g}"
        change = inputs_changed(lambda x: x * scale + offset)
        return altered(
            layer, "input scaled", f"for an input {said}", remedy, change, 3, key="input scaled"
        )

    yield Fitted((1.0, 0.0), make, 0.05)
