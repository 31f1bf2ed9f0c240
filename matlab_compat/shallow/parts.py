"""What a shallow network is made of, under MATLAB's names, read from the fields of its object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array, cell_array
from ..display import size_text
from ..errors import PropertyError

#: The settings of a processing function by their names in MATLAB.
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Steps:
    """An input or output: its processing functions, first to last, and the settings of each."""

    processFcns: tuple[str, ...] = ()
    processSettings: tuple[Settings, ...] = field(default=(), repr=False)
    name: str = ""
    #: Values of one sample, before processing; 0 if the network was never configured.
    size: int = 0


@dataclass(frozen=True)
class Input(Steps):
    """``net.inputs{j}``."""

    name: str = "Input"
    #: The layer (from 1) whose output is given here, of an opened feedback; else 0.
    feedbackOutput: int = 0


@dataclass(frozen=True)
class Layer:
    """``net.layers{i}``."""

    name: str = "Layer"
    size: int = 0
    transferFcn: str = "purelin"
    netInputFcn: str = "netsum"
    #: The size of the map that a self-organizing layer is.
    dimensions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Output(Steps):
    """``net.outputs{i}``."""

    name: str = "Output"
    #: The input (from 1) that takes it as feedback, 0 for none.
    feedbackInput: int = 0
    feedbackMode: str = "none"
    feedbackDelay: int = 0


@dataclass(frozen=True)
class Weight:
    """``net.inputWeights{i,j}`` or ``net.layerWeights{i,j}``."""

    weightFcn: str = "dotprod"
    delays: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Fields:
    """The fields of a struct, read one by one with what each must be.

    Every method raises a PropertyError, with the place, where a field is something else.
    """

    values: Mapping[str, Any]
    where: str = "net"

    def __contains__(self, name: str) -> bool:
        return name in self.values and not _is_empty(self.values[name])

    def at(self, name: str) -> str:
        """Where a field is, as MATLAB writes it."""
        return f"{self.where}.{name}"

    def text(self, name: str, default: str = "", *, needed: bool = False) -> str:
        """A text, or the name of a function."""
        if self._is_absent(name, needed):
            return default
        value = self.values[name]
        if not isinstance(value, str):
            raise _wrong(value, "a text", self.at(name))
        return value.removeprefix("@")

    def _is_absent(self, name: str, needed: bool) -> bool:
        if needed and name not in self:
            raise PropertyError(f"{self.at(name)} is missing.", where=(self.at(name),))
        return name not in self

    def texts(self, name: str) -> tuple[str, ...]:
        """A cell of texts; or one text."""
        return tuple(Fields({"": item}, self.at(name)).text("") for item in self.items(name))

    def items(self, name: str) -> list[Any]:
        """The elements of a cell in their order; what is no cell is the only element."""
        if name not in self:
            return []
        value = self.values[name]
        is_cell = isinstance(value, np.ndarray) and value.dtype == object
        return list(value.ravel(order="F")) if is_cell else [value]

    def number(self, name: str, default: int = 0) -> int:
        """A whole number that is not negative."""
        found = self.numbers(name, (default,))
        if len(found) != 1:
            raise _wrong(self.values[name], "one whole number", self.at(name))
        return found[0]

    def numbers(
        self, name: str, default: tuple[int, ...] = (), *, needed: bool = False
    ) -> tuple[int, ...]:
        """Whole numbers that are not negative."""
        if self._is_absent(name, needed):
            return default
        array = as_numbers(self.values[name], self.at(name))
        flat = array.ravel(order="F")
        whole = np.zeros(1, bool) if array.dtype.kind == "c" else flat == np.floor(flat)
        if not whole.all() or not ((flat.real >= 0) & (flat.real < 2**53)).all():
            raise _wrong(self.values[name], "whole numbers from 0", self.at(name))
        return tuple(int(value) for value in flat)

    def of(self, value: Any, name: str) -> Fields:
        """A struct among the values, without fields where it is empty."""
        if _is_empty(value):
            return Fields({}, self.at(name))
        if not isinstance(value, Mapping):
            raise _wrong(value, "a struct", self.at(name))
        return Fields(value, self.at(name))

    def structs(self, name: str, count: int | None = None) -> list[Fields]:
        """The structs of a cell; ``count`` of them, some of which may be empty."""
        cell = self.items(name) if count is None else self.cell(name, 1, count)[0]
        return [self.of(one, f"{name}{{{i}}}") for i, one in enumerate(cell, 1)]

    def cell(self, name: str, rows: int, columns: int) -> Array:
        """A cell of this size (vectors either way round); ``None`` where its elements are empty."""
        empty = np.empty((rows, columns), object)
        if name not in self:
            return empty
        value = self.values[name]
        if not (isinstance(value, np.ndarray) and value.dtype == object):
            raise _wrong(value, "a cell", self.at(name))
        if value.shape != (rows, columns):
            if value.size != rows * columns or 1 not in (rows, columns):
                size = size_text((rows, columns))
                raise _wrong(value, f"a cell of {size}", self.at(name))
            value = value.reshape((rows, columns), order="F")
        for place, item in np.ndenumerate(value):
            empty[place] = None if _is_empty(item) else item
        return empty


def as_numbers(value: Any, where: str) -> Array:
    """A numeric array in double.

    Raises ``PropertyError``: the value is no numeric array.
    """
    if not (isinstance(value, np.ndarray) and value.dtype.kind in "biufc"):
        if isinstance(value, bool | int | float | complex):
            return np.full((1, 1), value, complex if isinstance(value, complex) else float)
        raise _wrong(value, "numbers", where)
    return value.astype(complex if value.dtype.kind == "c" else np.float64)


def _is_empty(value: Any) -> bool:
    return value is None or not getattr(value, "size", 1) or (isinstance(value, str) and not value)


def _wrong(value: Any, what: str, where: str) -> PropertyError:
    if isinstance(value, np.ndarray):
        is_cell = value.dtype == object
        have = f"a {size_text(value.shape)} {'cell' if is_cell else 'array'}"
    else:
        kinds = {"dict": "a struct", "str": "a text", "float": "a number", "int": "a number"}
        have = kinds.get(type(value).__name__, f"of class {type(value).__name__}")
    return PropertyError(f"{where} must be {what}; it is {have}.", where=(where,))


def _steps(fields: Fields) -> dict[str, Any]:
    names = fields.texts("processFcns")
    settings = [one.values for one in fields.structs("processSettings")]
    missing: list[Settings] = [{}] * len(names)
    return {"processFcns": names, "processSettings": tuple([*settings, *missing][: len(names)])}


def as_struct(part: Any) -> dict[str, Any]:
    """A part as the struct that it is read from: cells for texts and structs, rows for numbers."""

    def value(item: Any) -> Any:
        if not isinstance(item, tuple):
            return item
        if not item or not isinstance(item[0], int):
            return cell_array(item)
        return np.array([item], float)

    return {name: value(item) for name, item in vars(part).items()}


def read_input(fields: Fields) -> Input:
    """``net.inputs{j}`` from its struct."""
    return Input(
        **_steps(fields),
        name=fields.text("name"),
        size=fields.number("size"),
        feedbackOutput=fields.number("feedbackOutput"),
    )


def read_layer(fields: Fields) -> Layer:
    """``net.layers{i}`` from its struct."""
    return Layer(
        fields.text("name"),
        fields.number("size"),
        fields.text("transferFcn", needed=True),
        fields.text("netInputFcn", needed=True),
        fields.numbers("dimensions"),
    )


def read_output(fields: Fields, size: int) -> Output:
    """``net.outputs{i}`` from its struct; ``size`` is that of its layer."""
    return Output(
        **_steps(fields),
        name=fields.text("name"),
        size=fields.number("size", size),
        feedbackInput=fields.number("feedbackInput"),
        feedbackMode=fields.text("feedbackMode", "none"),
        feedbackDelay=fields.number("feedbackDelay"),
    )


def read_weight(fields: Fields) -> Weight:
    """``net.inputWeights{i,j}`` or ``net.layerWeights{i,j}`` from its struct."""
    return Weight(fields.text("weightFcn", needed=True), fields.numbers("delays", needed=True))
