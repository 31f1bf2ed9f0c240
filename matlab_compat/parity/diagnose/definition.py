"""The mistakes that follow from what a layer declares, whatever its class.

Each property that changes results is set to what other frameworks and careless readers make of it:
the other choices, the default, the neighbours of a number, another order. Each array is transposed,
read in another order, flipped, left out, doubled, exchanged with another of its size, rounded. A
property says what else it is taken for with ``mistaken_for``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations, product
from operator import methodcaller
from typing import Any

import numpy as np

from ...arrays import Array
from ...display import matlab_text
from ...layers.base import Layer
from ...layers.learnables import Layout, Learnable, Parameter
from ...layers.properties import HYPERPARAMETERS, REQUIRED, Property
from .mistakes import Fitted, Size, Transform, Variation, fits_of, mistakes_of, variation
from .repair import ATTRIBUTES
from .together import Described, in_several, loaded_in_part, orders

#: What torch calls the arguments that properties are.
_IN_TORCH = {
    **ATTRIBUTES,
    "Approximation": "approximate",
    "GeometricTransformMode": "align_corners",
    "Method": "mode",
    "Ceiling": "max_val",
}
#: Counted from the weights, named by the user, or said by other mistakes in better words.
_NO_CHOICE = {"Name", "NumChannels", "InputSize", "OutputSize", "NumHiddenUnits", "NumInputs"}
_NO_CHOICE |= {"PaddingSize", "CroppingSize", "PaddingMode", "CroppingMode", "Epsilon"}
#: Of training alone.
_NO_CHOICE |= {"MeanDecay", "VarianceDecay", "Probability", "DropoutProbability", "MomentsRate"}
#: Of a whole number up to this, all up to its double are tried.
_FEW_CHOICES = 16
#: How far a number is likely to be off.
_FACTORS = (2.0, 0.5, 10.0, 0.1, -1.0, 100.0, 0.01)
_USUAL = (0.0, 1.0, 0.01, 0.1, 0.2, 0.3, 0.25, 0.5, 2.0, 5.0, 6.0)


# --- properties -------------------------------------------------------------------------


@mistakes_of(Layer)
def _properties(layer: Layer, _: Size) -> Iterator[Variation]:
    for name, declared in choices(layer):
        now = layer.values[name]
        for rank, other in _others(declared, now):
            said = f"{name} {matlab_text(other)} instead of {matlab_text(now)}"
            in_torch = f" ({_IN_TORCH[name]} in torch)" if name in _IN_TORCH else ""
            remedy = f"set it to this layer's {name}{in_torch}, {matlab_text(now)}."
            values = {name: other}
            for one in variation(layer, f"another {name}", f"with {said}", remedy, rank, **values):
                yield replace(one, key=f"{name}={other!r}", diff=said)


@mistakes_of(Layer)
def _exchanged_properties(layer: Layer, _: Size) -> Iterator[Variation]:
    """Two numbers, or two lists of as many, given in the other order."""
    names = [name for name, _ in choices(layer)]
    for a, b in combinations(names, 2):
        one, other = layer.values[a], layer.values[b]
        if type(one) is not type(other) or one == other or not isinstance(one, tuple | float):
            continue
        if isinstance(one, tuple) and len(one) != len(other):
            continue
        text = f"{a} and {b} exchanged"
        remedy = f"{a} is {matlab_text(one)}, {b} is {matlab_text(other)}: pass them by name."
        yield from variation(layer, text, f"with {text}", remedy, 1, **{a: other, b: one})


def choices(layer: Layer) -> Iterator[tuple[str, Property[Any]]]:
    """The properties that a port may set otherwise."""
    for name, declared in layer.properties.items():
        shown = declared.group == HYPERPARAMETERS
        if shown and name not in _NO_CHOICE and not isinstance(declared, Parameter):
            yield name, declared


def _others(declared: Property[Any], now: object) -> Iterator[tuple[int, object]]:
    """Other values with their ranks, the likely ones first, each once."""
    seen: list[object] = [now]
    for rank, other in _all_others(declared, now):
        if not any(type(other) is type(old) and other == old for old in seen):
            seen.append(other)
            yield rank, other


def _all_others(declared: Property[Any], now: object) -> Iterator[tuple[int, object]]:
    yield from ((1, value) for value in declared.mistaken_for)
    if isinstance(now, np.ndarray):
        return  # see the arrays below
    if declared.default is not REQUIRED and declared.default is not None:
        yield 1, declared.converted(declared.default)
    if isinstance(now, bool):
        yield 1, not now
    yield from ((1, choice) for choice in getattr(declared.convert, "choices", ()))
    if isinstance(now, tuple):
        yield from _other_vectors(now)
    elif isinstance(now, int) and not isinstance(now, bool):
        yield from ((2, n) for n in (1, now - 1, now + 1, 2 * now, now // 2) if n > 0)
        yield from ((3, n) for n in range(1, 2 * now + 2) if now <= _FEW_CHOICES)
    elif isinstance(now, float):
        yield from ((2, now * factor) for factor in _FACTORS)
        yield from ((2, value) for value in _USUAL)
        yield 2, now * now
        if now > 0:
            yield from ((2, value) for value in (math.sqrt(now), 1 / now))


def _other_vectors(now: tuple[Any, ...]) -> Iterator[tuple[int, object]]:
    if not all(isinstance(n, int) for n in now):
        return
    yield from ((1, order) for order in permutations(now))
    yield 1, (1,) * len(now)
    for value in dict.fromkeys(now):
        yield 2, (value,) * len(now)
    for i in range(len(now)):
        yield 2, (*now[:i], 1, *now[i + 1 :])
    for step in (-1, 1):
        yield 2, tuple(max(1, n + step) for n in now)
        for i in range(len(now)):
            yield 2, (*now[:i], max(1, now[i] + step), *now[i + 1 :])
    yield 2, tuple(2 * n for n in now)
    for n in range(1, max(now) + 4):
        yield 3, (n,) * len(now)
        for i in range(len(now)):
            yield 3, (*now[:i], n, *now[i + 1 :])


@fits_of(Layer)
def _numbers(layer: Layer, _: Size) -> Iterator[Fitted]:
    for name in (*dict(choices(layer)), "Epsilon"):
        now = layer.values.get(name)
        if isinstance(now, float):
            step = max(0.05 * abs(now), 1e-3)  # a smaller one shows nothing in single
            yield Fitted((now,), partial(_number, layer, name, now), step)


def _number(layer: Layer, name: str, now: float, values: tuple[float, ...]) -> Variation:
    said = f"{name} {values[0]:.6g} instead of {now:g}"
    remedy, new = f"set it to this layer's {name}, {now:g}.", {name: values[0]}
    return Variation(f"another {name}", f"with {said}", remedy, layer, new, rank=3, diff=said)


# --- arrays -----------------------------------------------------------------------------

#: What the letters of a layout mean.
_MEANING = {
    "h": "height",
    "w": "width",
    "d": "depth",
    "k": "filter positions",
    "C": "channels",
    "F": "filters",
    "G": "groups",
    "in": "inputs",
    "out": "outputs",
}
_SPACE = ("height", "width", "depth")
#: The value without effect, and the initial one.
_ONES = {"Scale", "TrainedVariance", "StandardDeviation"}


def arrays(layer: Layer) -> dict[str, Array]:
    """The learnables, states and statistics that have a value."""
    return {
        name: value
        for name, value in layer.values.items()
        if isinstance(value, np.ndarray) and value.size and value.dtype.kind == "f"
    }


def axis_names(layer: Layer, name: str) -> list[str]:
    """What the dimensions of an array are called."""
    layout = _layout(layer, name)
    if layout is not None and layout.axes:
        return [_MEANING.get(n, n) for n in layout.axes.partition("->")[0].split()]
    value, weights = layer.values[name], layer.values.get("Weights")
    rank = value.ndim
    if name != "Weights" and weights is not None and value.size == max(value.shape):
        outputs = dict(zip(axis_names(layer, "Weights"), weights.shape, strict=True))
        for what in ("filters", "outputs"):
            if outputs.get(what) == value.size:
                return [what] * rank
    if "RecurrentWeights" in layer.properties and name.endswith(("Weights", "Bias")):
        return ["rows", "columns"]
    if layer.input_format() is not None:
        return [*_SPACE[: rank - 1], "channels"]
    if layer.values.get("NumChannels") == value.size:
        return ["channels"] * rank
    return [f"dimension {i}" for i in range(1, rank + 1)]


def _layout(layer: Layer, name: str) -> Layout | None:
    declared = layer.properties[name]
    return declared.layout if isinstance(declared, Parameter) else None


@mistakes_of(Layer)
def _arrays(layer: Layer, _: Size) -> Iterator[Variation]:
    found = arrays(layer)
    alone = [(name, made) for name in found for made in _transforms(layer, name, found[name])]
    for name, (short, text, remedy, transform, rank) in alone:
        yield Variation(
            f"{name} {short}", f"with its {name} {text}", remedy, layer, {name: transform}, rank
        )
    yield from in_several(layer, alone)
    yield from orders(layer, found)
    yield from _initial(layer, found)
    yield from _rounded(layer, found)


def _transforms(layer: Layer, name: str, value: Array) -> Iterator[Described]:
    use = f"take {name} as it is saved"
    vector, is_input = value.size == max(value.shape, default=1), layer.input_format() is not None
    names = axis_names(layer, name)
    if name != "Bias":  # see :func:`.layer._biases`
        neutral = 1.0 if name in _ONES else 0.0
        if not name.endswith("Weights") or name == "RecurrentWeights":
            said = f"left out (all {neutral:g})"
            yield "missing", said, f"apply {name}.", partial(np.full_like, fill_value=neutral), 1
        yield "doubled", "applied twice (times 2)", f"{use}, once.", lambda v: 2 * v, 2
    yield "halved", "halved", f"{use}.", lambda v: v / 2, 3
    yield "without its signs", "without its signs (absolute values)", f"{use}.", np.abs, 2
    if "words" in names:
        said = "with a first vector of zeros (padding_idx=0)"
        zeroed = partial(_first_zero, axis=names.index("words"))
        yield "first zero", said, f"{use}.", zeroed, 1
    if value.ndim == 2 and value.shape[0] == value.shape[1] > 1:
        said, remedy = "left out (an identity matrix)", f"multiply by {name}."
        yield "left out", said, remedy, lambda v: np.eye(len(v), dtype=v.dtype), 1
    yield from _standardized(names, value, use)
    yield "negated", "with the other sign", f"{use}.", lambda v: -v, 2
    if value.min() > 0:
        known = "the variance, not its root" if "Variance" in name else "the deviation"
        yield "squared", "squared", f"it is {known}: {use}.", np.square, 1
        yield "rooted", "as its root", f"it is {known}: {use}.", np.sqrt, 1
        yield "inverted", "as its reciprocal", f"{use}.", np.reciprocal, 2
    yield from _flips(names, value, use)
    yield from loaded_in_part(names, value, use)
    if not vector:
        yield from _readings(names, _layout(layer, name), name, value)
    yield from _reorderings(names, value, use)
    if is_input and not vector:
        mean = partial(_spread_mean, axes=tuple(range(value.ndim - 1)))
        remedy = f"{use}: it has one number for each element."
        yield "per channel", "averaged over each channel", remedy, mean, 1
    if value.size > 1 and (is_input or vector):
        mean = partial(_spread_mean, axes=tuple(range(value.ndim)))
        rank = 1 if is_input else 2
        yield "one number", "averaged to one number", f"{use}: not its mean.", mean, rank
        said, remedy = "as its first number for all", f"{use}: all of it."
        yield "one number", said, remedy, lambda v: np.full_like(v, v.flat[0]), rank
    if is_input:
        for factor, said in ((1 / 255, "divided by 255"), (255.0, "times 255")):
            remedy = f"{use}: in the range of the data that the network was trained on."
            yield "scaled", said, remedy, partial(np.multiply, np.float32(factor)), 1


def _standardized(names: Sequence[str], value: Array, use: str) -> Iterator[Described]:
    """Rows, columns or filters brought to length one, or freed of their mean (weight norms)."""
    for axis, n in enumerate(value.shape):
        over = tuple(i for i in range(value.ndim) if i != axis)
        if n < 2 or value.size == n:
            continue
        along = f"for each of its {names[axis]}"
        yield "of length one", f"of length one {along}", f"{use}.", partial(_unit, axes=over), 3
        centred = partial(_centred, axes=over)
        yield "without its mean", f"without its mean {along}", f"{use}.", centred, 3


def _first_zero(value: Array, axis: int) -> Array:
    changed = value.copy()
    np.moveaxis(changed, axis, 0)[0] = 0
    return changed


def _unit(value: Array, axes: tuple[int, ...]) -> Array:
    length = np.sqrt(np.square(value.astype(np.float64)).sum(axes, keepdims=True))
    return (value / np.where(length == 0, 1, length)).astype(value.dtype)


def _centred(value: Array, axes: tuple[int, ...]) -> Array:
    result: Array = value - value.mean(axes, keepdims=True)
    return result


def _spread_mean(value: Array, axes: tuple[int, ...]) -> Array:
    result: Array = np.broadcast_to(value.mean(axes, keepdims=True), value.shape)
    return result.astype(value.dtype)


def _flips(names: Sequence[str], value: Array, use: str) -> Iterator[Described]:
    long = [axis for axis, n in enumerate(value.shape) if n > 1]
    if value.size == max(value.shape, default=1):
        if long:
            yield "flipped", "in reverse order", f"{use}.", partial(np.flip, axis=long[0]), 1
        return
    for axis in long:
        said = f"flipped in its {names[axis]}"
        likely = 1 if names[axis] in ("channels", "time steps", "filter positions") else 2
        yield "flipped", said, f"{use}.", partial(np.flip, axis=axis), likely
    for pair in combinations(long, 2):
        said = f"flipped in its {names[pair[0]]} and {names[pair[1]]}"
        yield "flipped", said, f"{use}.", partial(np.flip, axis=pair), 3
    if len(long) > 2:
        every = partial(np.flip, axis=tuple(long))
        yield "flipped", "flipped in all dimensions", f"{use}.", every, 3


def _readings(
    names: Sequence[str], layout: Layout | None, name: str, value: Array
) -> Iterator[Described]:
    """Transposed, or its numbers read in another order than they were written."""
    for a, b in combinations(range(value.ndim), 2):
        if value.shape[a] == value.shape[b] > 1:
            if names[a] in _SPACE and names[b] in _SPACE:
                for turns in (1, 3):
                    said = f"turned by {90 * turns} degrees"
                    turned = partial(np.rot90, k=turns, axes=(a, b))
                    yield "turned", said, f"take {name} as it is saved.", turned, 2
            said = f"transposed: its {names[a]} and {names[b]} exchanged"
            remedy = f"its dimensions are {' x '.join(names)}."
            yield "transposed", said, remedy, partial(np.swapaxes, axis1=a, axis2=b), 1
    to_torch = layout if layout is not None and layout.axes else Layout("", _plain(value.ndim))
    there = f"for torch permute it, {to_torch.axes}" if layout is not None else "use order='F'"
    remedy = f"{there}; a reshape does not move its dimensions (its memory is column-major)."
    for source, target, order in product(("row-major", "column-major", "torch's"), _TARGETS, "CF"):
        if (source, target, order) not in _RIGHT:
            how = "column by column" if order == "F" else "row by row (row-major)"
            said = f"read in {source} order into the size of {target}'s array {how}"
            read, rank = partial(_read, to_torch, source, target, order), 2 - (target == "torch")
            yield "reshaped", f"reshaped, not permuted: {said}", remedy, read, rank


def _plain(rank: int) -> str:
    names = " ".join(f"d{i}" for i in range(rank))
    return f"{names} -> {names}"


#: What numbers are taken for, and where they come from, what they are taken for and in which order
#: where that is no mistake.
_TARGETS = ("MATLAB", "torch")
_RIGHT = {("column-major", "MATLAB", "F"), ("row-major", "MATLAB", "C"), ("torch's", "torch", "C")}


def _read(layout: Layout, source: str, target: str, order: Any, value: Array) -> Array:
    torch_value = layout.to_torch(value)
    if source == "torch's":
        numbers = torch_value.ravel()
    else:
        numbers = value.ravel(order="C" if source == "row-major" else "F")
    if target == "MATLAB":
        return numbers.reshape(value.shape, order=order)
    return layout.from_torch(numbers.reshape(torch_value.shape, order=order), value.shape)


def _reorderings(names: Sequence[str], value: Array, use: str) -> Iterator[Described]:
    """Halves exchanged, blocks interleaved, everything one further."""
    for axis, (what, n) in enumerate(zip(names, value.shape, strict=True)):
        for short, said, remedy, order, rank in _orders_of(what, n):
            yield short, said, f"{use}{remedy}", partial(np.take, axis=axis, indices=order), rank


def _orders_of(what: str, n: int) -> Iterator[tuple[str, str, str, Array, int]]:
    """Name, text, end of the remedy, the order of n elements, and rank."""
    name, along, every = "in another order", f"of its {what}", np.arange(n)
    if n > 2 and n % 2 == 0:
        yield name, f"with the halves {along} exchanged", ".", np.roll(every, n // 2), 2
        pairs = every.reshape(-1, 2)[:, ::-1].ravel()
        yield name, f"with neighbours {along} exchanged", ".", pairs, 3
    for shift, way in ((1, "further"), (-1, "back")) if n > 2 else ():
        remedy = ": count from 1 in MATLAB, from 0 in Python."
        yield "shifted", f"one {way} in its {what}", remedy, np.roll(every, shift), 3
    if n > 3 and what in ("channels", "filters", "inputs"):
        colours = np.array([2, 1, 0, *every[3:]])
        said = f"with the first three {along} in reverse order"
        yield name, said, ": not BGR for RGB.", colours, 2
    for shift, order in ((1, "3 1 2"), (2, "2 3 1")) if n == 3 else ():
        yield name, f"with its {what} in the order {order}", ".", np.roll(every, shift), 2
    for blocks in (b for b in range(2, n // 2 + 1) if n % b == 0 and b <= 64):
        said = f"with the first {along} in the place of each {blocks}"
        yield "shared", said, ", all of it.", every // blocks * blocks, 3
        mixed = every.reshape(blocks, -1).T.ravel()
        said = f"with {blocks} blocks {along} interleaved"
        yield name, said, ": block after block.", mixed, 2


@mistakes_of("Scale")
def _affine_orders(layer: Layer, _: Size) -> Iterator[Variation]:
    """Scale and offset in the other order, or undone instead of done."""
    name = next((n for n in ("Offset", "Bias") if n in layer.properties), "")
    if not name:
        return
    scale, offset = (np.asarray(layer.values[n]) for n in ("Scale", name))
    if not offset.any() or scale.shape != offset.shape:
        return
    remedy = f"multiply by Scale first, then add {name}."
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = {"Scale": 1 / scale, name: -offset / scale}
    for text, values in (
        (f"{name} added before Scale is multiplied", {name: offset * scale}),
        (f"Scale and {name} undone: minus {name}, divided by Scale", inverse),
    ):
        if all(np.isfinite(value).all() for value in values.values()):
            same = {n: value.astype(scale.dtype) for n, value in values.items()}
            what = f"Scale and {name} applied otherwise"
            yield Variation(what, f"with {text}", remedy, layer, same, 1)


#: Arrays that a definition with n or n - 1 makes a little larger: their power of the variance.
_SPREADS = {"TrainedVariance": 1.0, "StandardDeviation": 2.0}


@fits_of(Layer)
def _factors(layer: Layer, _: Size) -> Iterator[Fitted]:
    """Every array times a number: n / (n - 1) for a variance, a range, a scale."""
    for name, value in sorted(arrays(layer).items(), key=lambda one: one[0] not in _SPREADS):
        yield Fitted((1.0,), partial(_factor, layer, (name,)), 0.05, 1 if name in _SPREADS else 3)
        if name == "TrainedVariance":
            continue  # that is another epsilon
        step = 0.05 * float(np.abs(value).mean()) or 0.05
        yield Fitted((0.0,), partial(_offset, layer, name), step)
    for names in _learned_or_not(layer, arrays(layer)):
        if len(names) > 1:
            yield Fitted((1.0,), partial(_factor, layer, names), 0.05)


def _factor(layer: Layer, names: Sequence[str], values: tuple[float, ...]) -> Variation:
    which, spread = ", ".join(names), _SPREADS.get(names[0]) if len(names) == 1 else None
    said, remedy = f"{which} times {values[0]:.7g}", f"take {which} as saved."
    count = _of_ddof(values[0] ** spread) if spread else 0
    if count:
        said += f" (of {count} values: divided by n - 1 instead of n, or the other way; ddof)"
        remedy += " torch.std and var divide by n - 1, numpy's by n."
    if len(names) > 1:
        said += ", all of them"
        remedy += " Caffe saves a factor to divide statistics by."
    new = dict.fromkeys(names, partial(np.multiply, np.float32(values[0])))
    short = "another deviation" if spread else f"{which} scaled"
    rank = 1 if count else 3
    return Variation(short, f"with its {said}", remedy, layer, new, rank)


def _offset(layer: Layer, name: str, values: tuple[float, ...]) -> Variation:
    said = f"{name} plus {values[0]:.7g}"
    new = {name: partial(np.add, np.float32(values[0]))}
    remedy, short = f"take {name} as it is saved.", f"{name} shifted"
    return Variation(short, f"with its {said}", remedy, layer, new, 3)


def _of_ddof(factor: float) -> int:
    """For which n the factor of a variance is n / (n - 1) or its reciprocal; 0 for none."""
    if abs(factor - 1) < 1e-6:
        return 0
    count = round(factor / (factor - 1) if factor > 1 else 1 / (1 - factor))
    ratio = max(factor, 1 / factor)
    return count if count > 1 and abs(count / (count - 1) - ratio) < 2e-5 else 0


def _learned_or_not(layer: Layer, names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that training learns, and the others: statistics."""
    learned = tuple(name for name in names if isinstance(layer.properties[name], Learnable))
    return learned, tuple(name for name in names if name not in learned)


def _initial(layer: Layer, found: dict[str, Array]) -> Iterator[Variation]:
    """As the framework makes them: nothing was loaded, or not what is learned, or the rest."""
    if len(found) < 2 or layer.input_format() is not None:
        return
    for names in dict.fromkeys((tuple(found), *_learned_or_not(layer, found))):
        if len(names) < 2:
            continue
        every = len(names) == len(found)
        which = "parameters" if every else ", ".join(names)
        how = "nothing was" if every else "they were not"
        yield Variation(
            "left at its initial values",
            f"with its {which} at their initial values ({how} loaded)",
            f"copy {', '.join(names)} to the layer.",
            layer,
            {name: np.full_like(found[name], 1.0 if name in _ONES else 0.0) for name in names},
            1,
            key=f"initial {'' if every else which}",
            diff=f"{', '.join(names)} at their initial values",
        )


def _with_digits(digits: int, value: Array) -> Array:
    size = np.where(value == 0, 1, np.abs(value)).astype(np.float64)
    step = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
    result: Array = (np.round(value / step) * step).astype(value.dtype)
    return result


def _bfloat16(value: Array) -> Array:
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32).reshape(value.shape)


def _quantized(value: Array, scale: Array | float) -> Array:
    rounded: Array = np.round(value / np.where(scale == 0, 1, scale)) * scale
    return rounded.astype(value.dtype)


def _in_bits(value: Array, bits: int, axis: int | None) -> Array:
    over = None if axis is None else tuple(i for i in range(value.ndim) if i != axis % value.ndim)
    return _quantized(value, np.abs(value).max(over, keepdims=True) / (2 ** (bits - 1) - 1))


#: How arrays are made smaller, and what that is called.
_COARSE: dict[str, Transform] = {
    "half": lambda v: v.astype(np.float16).astype(v.dtype),
    "bfloat16": _bfloat16,
    **{f"{n} decimals": methodcaller("round", n) for n in (4, 3, 2, 5, 6, 1, 0)},
    **{f"{n} significant digits": partial(_with_digits, n) for n in (2, 3, 4, 5)},
    **{
        f"int{bits} (quantized{of})": partial(_in_bits, bits=bits, axis=axis)
        for bits in (8, 4)
        for of, axis in (("", None), (" for each filter", -1), (" for each row", 0))
    },
    **{f"steps of 1/{2**n}": partial(_quantized, scale=2.0**-n) for n in (4, 7, 8, 10, 12)},
}


def _rounded(layer: Layer, found: dict[str, Array]) -> Iterator[Variation]:
    every = [name for name in found if isinstance(layer.properties[name], Parameter)]
    sorts = {
        tuple(every): "parameters",
        tuple(name for name in every if name.endswith("Weights")): "weights",
    }
    learnables = _learned_or_not(layer, every)[0]
    sorts.setdefault(learnables, ", ".join(learnables))
    for precision, coarse in _COARSE.items():
        for names, said in sorts.items():
            if names:
                yield Variation(
                    "parameters rounded",
                    f"with its {said} rounded to {precision}",
                    "export them in full: single precision has 9 decimal digits ('%.9g').",
                    layer,
                    dict.fromkeys(names, coarse),
                    2,
                    key=f"rounded {said} {precision}",
                    diff=f"{', '.join(names)} rounded to {precision}",
                )
