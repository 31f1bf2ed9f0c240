"""Structs of parameters, as custom training loops have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from matlab_compat.data_format import dlarray
from matlab_compat.display import one_line, size_text

from ..matfile.values import StructArray, Value, mat_class, mat_shape
from ..walk import Place
from .base import Kind, Known
from .words import listed

#: Values looked at in one struct.
_MOST = 2000
#: Names that weights and biases have.
_WEIGHT = re.compile(r"(?i).*(?:weight|kernel|filter)\w*|(?:.*[\d_])?(?:W|IW|LW|theta|gamma)\d*")
_BIAS = re.compile(r"(?i).*bias\w*|(?:.*[\d_])?(?:b|beta)\d*|.*offset")
_NUMERIC = ("single", "double", "dlarray", "gpuArray", "cell", "half")


class Parameters(Kind[Any]):
    """A struct of arrays that are called like weights and biases."""

    def describe(self, place: Place, file: str) -> Known | None:
        """Known for what it is; so is the record of a training, which is none."""
        value = place.value
        if not isinstance(value, StructArray):
            return None
        if {"trainFcn", "best_epoch", "perf"} <= set(value.fields):
            return Known("the record of a training", "", is_model=False)
        weights = _parameters(value)
        if not weights:
            return None
        return Known(
            f"a struct of weights ({weights}) without the layers or the function that use "
            "them, as custom training loops have it",
            f"read it with {place.reading(file)}.to_dict(), and write the function in Python.",
        )


def _parameters(value: StructArray) -> str:
    """The first arrays named like weights and biases in a struct, at any depth; '' if none."""
    found: dict[str, Value] = {}
    stack: list[tuple[str, Value]] = [("", value)]
    visited = 0
    while stack and visited < _MOST:
        path, item = stack.pop()
        visited += 1
        if isinstance(item, StructArray) and item.shape == (1, 1):
            inner = [
                (f"{path}.{name}" if path else name, values[0])
                for name, values in islice(item.fields.items(), _MOST)
            ]
            stack += reversed(inner)
        elif path:
            found[path] = item
    return weights_among((name, _kind_and_size(item)) for name, item in found.items())


def weights_among(values: Iterable[tuple[str, tuple[str, tuple[int, ...]]]]) -> str:
    """Names and sizes of what is called like weights and biases; '' unless there are both.

    ``values`` are pairs of a name and its class and size.
    """
    shown: dict[bool, list[str]] = {True: [], False: []}
    for name, (kind, size) in values:
        last = name.rpartition(".")[2].removesuffix(":0")
        is_weight = _WEIGHT.fullmatch(last) is not None
        if kind in _NUMERIC and (is_weight or _BIAS.fullmatch(last)):
            shown[is_weight].append(f"{one_line(name)} {size_text(size)}")
    if not shown[True] or not shown[False]:
        return ""
    pairs = [text for pair in zip(shown[True], shown[False], strict=False) for text in pair]
    return listed(pairs)


def _kind_and_size(value: Value) -> tuple[str, tuple[int, ...]]:
    if isinstance(value, dlarray):
        return "dlarray", tuple(value.shape)
    return mat_class(value), mat_shape(value)
