"""Declared properties: MATLAB's names, defaults, validation and access rules in one line each.

A layer class lists its properties as class attributes::

    Stride = Property(positive_integers(2), default=(1, 1), read_only=True)

and gets MATLAB's behaviour from :class:`~matlab_compat.layers.base.Layer`: construction by
name, validation with errors that name property, value and rule, display, equality, copies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Self, TypeVar, overload

import numpy as np

from ..arrays import Array, as_tuple
from ..display import matlab_text, size_text
from ..errors import PropertyError, ReadOnlyPropertyError
from ..plain_text import plain_text

T = TypeVar("T")
#: Characters or elements of a bad value that an error message shows.
_SHOWN = 100
Converter = Callable[[object], T]

REQUIRED: Final = object()

#: Headings under which MATLAB shows properties; a property of no group is not shown.
HYPERPARAMETERS = "Hyperparameters"
LEARNABLE_PARAMETERS = "Learnable Parameters"
STATE_PARAMETERS = "State Parameters"


class Property(Generic[T]):
    """One property of a layer.

    Parameters
    ----------
    convert:
        Turns what the user gives into the canonical value, or raises ``ValueError`` with the rule
        ("must be a positive integer").
    default:
        The value when none is given; a list is copied for every layer.
    read_only:
        Chosen when the layer is created, never assigned afterwards.
    group:
        The heading it is shown under; ``None`` hides it from ``print(layer)``.
    saved_as:
        Other names under which files hold it.
    argument:
        The argument of the constructor function that sets it, where it has another name; ``None``
        if none does.
    mistaken_for:
        Values that other frameworks have in its place: a diagnosis tries them first. Other choices,
        the default and the neighbours of numbers are tried anyway.
    doc:
        What it means, with shape and unit.
    """

    def __init__(
        self,
        convert: Converter[T],
        default: object = REQUIRED,
        *,
        read_only: bool = False,
        group: str | None = HYPERPARAMETERS,
        saved_as: Sequence[str] = (),
        argument: str | None = "",
        mistaken_for: Sequence[object] = (),
        doc: str = "",
    ) -> None:
        self.convert = convert
        self.default = default
        self.read_only = read_only
        self.group = group
        self.saved_as = tuple(saved_as)
        self.argument = argument
        self.mistaken_for = tuple(mistaken_for)
        self.__doc__ = doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def for_layer(self, kind: type[Any]) -> Property[T]:
        """The property as the class ``kind`` has it, which inherits it."""
        return self

    @overload
    def __get__(self, layer: None, owner: type) -> Self: ...
    @overload
    def __get__(self, layer: object, owner: type) -> T: ...
    def __get__(self, layer: Any, owner: type) -> Self | T:
        return self if layer is None else layer._values[self.name]

    def __set__(self, layer: Any, value: object) -> None:
        if self.read_only:
            raise ReadOnlyPropertyError(
                f"{self.name} is read-only: it is chosen when the layer is created.",
                where=(layer.label, self.name),
                remedy=f"make a new layer: {layer.constructor}({self._given(layer)}).",
            )
        layer.assign({self.name: value})

    def _given(self, layer: Any) -> str:
        """Where the constructor function takes the value, for a remedy."""
        if (self.argument or self.name) in layer.arguments:
            return ", ".join([*layer.arguments, "..."])
        return f"..., {self.argument or self.name}=..."

    def converted(self, value: object) -> T:
        """The canonical form of ``value``, or :class:`PropertyError` naming the rule."""
        value = plain_text(value)
        try:
            return self.convert(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise PropertyError(
                f"{self.name} {error}; got {shown(value)}.", where=(self.name,)
            ) from None


class PerDimension(Property[Any]):
    """A property that has its form from the number of dimensions, ``dims``, of the layer class.

    Parameters
    ----------
    convert_for:
        Gives the converter for a number of dimensions.
    default:
        The value when none is given, in any form that the converters take.
    docs:
        What it means in one, two and three dimensions.
    options:
        As for :class:`Property`.
    """

    def __init__(
        self,
        convert_for: Callable[[int], Converter[Any]],
        default: object = REQUIRED,
        docs: Sequence[str] = ("", "", ""),
        **options: Any,
    ) -> None:
        super().__init__(convert_for(2), default, **options)
        self.convert_for, self.docs, self.options = convert_for, docs, options

    def for_layer(self, kind: type[Any]) -> Property[Any]:
        """With the converter, default and meaning for the dimensions of ``kind``."""
        dims: int = kind.dims
        convert, default = self.convert_for(dims), self.default
        if default is not REQUIRED:
            default = convert(default)
        own = Property(convert, default, doc=self.docs[dims - 1], **self.options)
        own.name = self.name
        return own


def as_tuple_of(name: str) -> property:
    """A :class:`PerDimension` property as a tuple, in one dimension too."""
    return property(lambda layer: as_tuple(layer.values[name]), doc=f"{name} as a tuple.")


def shown(value: object) -> str:
    """A bad value, short enough for an error message. Of what a file nests, only the kind."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        text = _shown_array(value)
    elif isinstance(value, str | bytes) or _is_plain_list(value):
        text = repr(value[:_SHOWN])  # type: ignore[index]
    elif value is None or value == {} or isinstance(value, int | float | complex):
        text = repr(value)
    else:
        text = "a struct" if isinstance(value, Mapping) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def _shown_array(value: Array) -> str:
    if value.dtype.kind not in "biufcU":
        return f"a cell array of {size_text(value.shape)}"
    if value.size > _SHOWN:
        return f"an array of {size_text(value.shape)}"
    return str(value.tolist()) if value.size <= 8 else matlab_text(value)


def _is_plain_list(value: object) -> bool:
    """Whether it is what a person types; files have arrays in the place of lists."""
    return isinstance(value, list | tuple) and all(
        isinstance(v, int | float | str) or _is_plain_list(v) for v in value
    )


# --- converters -------------------------------------------------------------------------


def numeric(value: object, rule: str) -> Array:
    """``value`` as a real numeric array of any MATLAB class; ``logical`` is not a number here."""
    array = _array(value, rule)
    if array.dtype.kind not in "iuf":
        raise ValueError(rule)
    return array


def few_numbers(value: object, rule: str) -> list[Any]:
    """Real numbers as a list; a list of very many takes thirty times the memory of an array."""
    array = numeric(value, rule)
    if array.size > 10_000:
        raise ValueError(rule)
    numbers: list[Any] = array.ravel().tolist()
    return numbers


def _array(value: object, rule: str) -> Array:
    detach = getattr(value, "detach", None)  # of a torch tensor, which may be on another device
    try:
        return np.asarray(detach().cpu().numpy() if detach is not None else value)
    except (ValueError, TypeError):  # ragged lists
        raise ValueError(rule) from None


def _integers(value: object, rule: str, least: int) -> list[int]:
    array = numeric(value, rule)
    if array.size != max(array.shape, default=1):  # a matrix, or empty
        raise ValueError(rule)
    numbers = few_numbers(array, rule)
    if any(not math.isfinite(n) or n != int(n) or n < least for n in numbers):
        raise ValueError(rule)
    if max(numbers, default=0) >= 2**31:  # no array is that large, and torch would overflow
        raise ValueError(f"{rule}, less than 2^31")
    return [int(n) for n in numbers]


def _integer_vector(n: int, least: int, kind: str) -> Converter[tuple[int, ...]]:
    names = {1: "one", 2: "two", 3: "three", 4: "four", 6: "six"}
    rule = f"must be a vector of {names.get(n, n)} {kind} integers, or a scalar for all of them"

    def convert(value: object) -> tuple[int, ...]:
        numbers = _integers(value, rule, least)
        if len(numbers) == 1:
            numbers *= n
        if len(numbers) != n:
            raise ValueError(rule)
        return tuple(numbers)

    return convert


def positive_integers(n: int) -> Converter[tuple[int, ...]]:
    """A vector of ``n`` positive integers; a scalar expands."""
    return _integer_vector(n, 1, "positive")


def sizes(dims: int) -> Converter[Any]:
    """A positive integer for each of ``dims`` dimensions; a plain number where there is one."""
    return positive_integer if dims == 1 else positive_integers(dims)


def nonnegative_integers(n: int) -> Converter[tuple[int, ...]]:
    """A vector of ``n`` nonnegative integers; a scalar expands."""
    return _integer_vector(n, 0, "nonnegative")


def positive_integer(value: object) -> int:
    """One positive integer of any numeric class."""
    rule = "must be a positive integer"
    numbers = _integers(value, rule, 1)
    if len(numbers) != 1:
        raise ValueError(rule)
    return numbers[0]


def auto_or_positive_integer(value: object) -> int | str:
    """``'auto'`` or a positive integer; an untrained layer is saved with ``[]`` for 'auto'."""
    return _auto_or_count("auto" if is_empty_array(value) else value)


def real_scalar(value: object, rule: str = "must be a real scalar") -> float:
    """One finite real number."""
    array = numeric(value, rule)
    if array.size != 1 or not np.isfinite(array).all():
        raise ValueError(rule)
    return float(array.item())


def number(what: str, accepts: Callable[[float], bool], *, finite: bool = True) -> Converter[float]:
    """A converter for the (finite) real numbers that ``accepts`` takes; ``what`` is the rule."""
    rule = f"must be {what}"

    def convert(value: object) -> float:
        array = numeric(value, rule)
        if array.size != 1 or not accepts(given := float(array.item())):
            raise ValueError(rule)
        if finite and not np.isfinite(given):
            raise ValueError(rule)
        return given

    return convert


nonnegative_scalar = number("a nonnegative scalar", lambda n: n >= 0)
positive_scalar = number("a positive scalar", lambda n: n > 0)
probability = number("a nonnegative number less than 1", lambda n: 0 <= n < 1)
unit_interval = number("a number between 0 and 1", lambda n: 0 <= n <= 1)


def text(value: object) -> str:
    """A character vector or string scalar; ``[]`` is empty text."""
    if is_empty_array(value):
        return ""
    if not isinstance(value, str):
        raise ValueError("must be text (a character vector or a string scalar)")  # noqa: TRY004
    return str(value)


def flag(value: object) -> bool:
    """A logical scalar; 0 and 1 of any numeric class are accepted, as in MATLAB."""
    rule = "must be true or false (1 or 0)"
    array = _array(value, rule)
    if array.size != 1 or array.dtype.kind not in "biuf" or array.item() not in (0, 1):
        raise ValueError(rule)
    return bool(array.item())


def saved_flag(name: str, value: object) -> bool:
    """A logical scalar of a file that is no property itself; ``PropertyError`` if it is none."""
    try:
        return flag(value)
    except ValueError as error:
        raise PropertyError(f"{name} {error}.", where=(name,)) from None


def one_of(*choices: str) -> Converter[str]:
    """One of MATLAB's option values, matched without regard to case."""
    by_lower = {choice.lower(): choice for choice in choices}
    rule = "must be one of " + ", ".join(f"'{choice}'" for choice in choices)

    def convert(value: object) -> str:
        chosen = by_lower.get(value.lower()) if isinstance(value, str) else None
        if chosen is None:
            raise ValueError(rule)
        return chosen

    convert.choices = choices  # type: ignore[attr-defined]
    return convert


def either(rule: str, convert: Converter[T], *choices: str) -> Converter[T | str]:
    """One of the texts ``choices``, without regard to case, or what ``convert`` takes."""

    def convert_either(value: object) -> T | str:
        try:
            return one_of(*choices)(value) if isinstance(value, str) else convert(value)
        except ValueError:
            raise ValueError(rule) from None

    convert_either.choices = choices  # type: ignore[attr-defined]
    return convert_either


_auto_or_count = either("must be 'auto' or a positive integer", positive_integer, "auto")


def is_empty_array(value: object) -> bool:
    """Whether it is MATLAB's ``[]``, of any class."""
    is_array = isinstance(value, np.ndarray | list | tuple)
    return is_array and np.size(np.asarray(value, dtype=object)) == 0


def optional(convert: Converter[T]) -> Converter[T | None]:
    """``[]`` or ``None`` for "not set", else what ``convert`` accepts."""

    def convert_optional(value: object) -> T | None:
        return None if value is None or is_empty_array(value) else convert(value)

    return convert_optional


def anything(value: object) -> Any:
    """No rule: kept as it is."""
    return value


def parameter_array(value: object) -> Array:
    """A learnable or state array: real, single or double, column-major; ``[]`` if unset.

    NaN and Inf are numbers too: a training that diverged leaves them, and MATLAB runs such layers.
    """
    rule = "must be a real numeric array of class single or double"
    if value is None:
        return np.zeros((0, 0))
    array = _array(value, rule)
    if array.size == 0:
        return np.zeros((0, 0))
    if array.dtype.kind in "iu" and not isinstance(value, np.ndarray | np.generic):
        array = array.astype(np.float64)  # MATLAB literals are double
    if array.dtype.kind != "f" or array.itemsize not in (4, 8):
        raise ValueError(rule)
    # A copy: a layer is a value, which must not change with the caller's array.
    return np.array(array, array.dtype.newbyteorder("="), order="F")
