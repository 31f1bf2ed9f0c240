"""Structs of parameters, as custom training loops have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from matlab_compat.display import listed, one_line, size_text
from matlab_compat.errors import FunctionNeededError
from matlab_compat.wording import argument

from ..matfile.values import Damaged, StructArray, Value, mat_class, mat_shape
from ..parameters import Parameters
from ..saved import children
from ..walk import Place
from .base import Kind, Known

#: Values looked at in one struct.
_MOST = 2000
#: Fields of the record of a training.
_RECORD = {"trainFcn", "best_epoch", "perf"}
#: Fields of a network of DeepLearnToolbox, as its nnsetup makes it.
_DEEP_LEARN_TOOLBOX = {"W", "size", "n", "activation_function", "output"}
#: Names that weights and biases have.
_WEIGHT = re.compile(r"(?i).*(?:weight|kernel|filter)\w*|(?:.*[\d_])?(?:W|IW|LW|theta|gamma)\d*")
_BIAS = re.compile(r"(?i).*bias\w*|(?:.*[\d_])?(?:b|beta)\d*|.*offset")
_NUMERIC = ("single", "double", "dlarray", "gpuArray", "cell", "half")


class ParameterStructs(Kind[Any]):
    """A struct of arrays that are called like weights and biases."""

    def describe(self, place: Place, file: str) -> Known | None:
        """Known by the names in it; so is the record of a training, which is none."""
        value = place.value
        if isinstance(value, StructArray) and value.fields.keys() >= _RECORD:
            return Known("the record of a training", "", is_model=False)
        weights = weights_among(_leaves(value)) if may_be_parameters(value) else ""
        if isinstance(value, StructArray) and value.fields.keys() >= _DEEP_LEARN_TOOLBOX:
            what = "a network of DeepLearnToolbox (nn)"
            how = "its function in Python: each W{i} has the bias in its first column."
        elif weights:
            what = f"a struct of weights ({weights}) without the layers or the function that use "
            what += "them, as custom training loops have it"
            how = (
                f"the function in Python, or name it in MATLAB: {argument('function', 'model.m')}; "
                "matlab-compat convert writes the parameters as .pt, .safetensors, .npz or .mat."
            )
        else:
            return None
        return Known(
            what,
            f"read it with converters.load_parameters({file!r}, {place.path!r}), and write {how}",
            shown={"parameters": parameters_of(value, place.path).record()},
            error=FunctionNeededError,
        )


def may_be_parameters(value: Value) -> bool:
    """Whether a value is a struct, or a cell or array of structs."""
    if isinstance(value, np.ndarray):
        return value.dtype == object and any(isinstance(one, StructArray) for one in value.flat)
    return isinstance(value, StructArray) and bool(value.fields)


def parameters_of(value: Any, path: str) -> Parameters:
    """A struct by its fields; a cell or struct array is one field of the name that it has."""
    if isinstance(value, StructArray) and value.shape == (1, 1):
        return Parameters({name: item for name, (item,) in value.fields.items()}, path)
    return Parameters(value if isinstance(value, dict) else {_last(path): value}, path)


def _last(path: str) -> str:
    """The last field that an expression names."""
    found = re.findall(r"[^.{}()]+(?=(?:[{(]\d+[)}])*$)", path)
    return found[0] if found else path


def _leaves(value: Value) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """The first values that are no structs, at any depth; cells count if there are none in them."""
    stack: list[tuple[str, Value]] = [("", value)]
    for _ in range(_MOST):
        if not stack:
            return
        path, item = stack.pop()
        if isinstance(item, StructArray) or may_be_parameters(item):
            stack += reversed([(path + step, one) for step, one in islice(children(item), _MOST)])
        elif not isinstance(item, Damaged):
            yield path.removeprefix("."), mat_class(item), mat_shape(item)


def weights_among(values: Iterable[tuple[str, str, tuple[int, ...]]]) -> str:
    """What of names, classes and sizes is called like weights and biases; '' unless both are."""
    shown: dict[bool, list[str]] = {True: [], False: []}
    for name, kind, size in values:
        last = _last(name).removesuffix(":0")
        is_weight = _WEIGHT.fullmatch(last) is not None
        if kind in _NUMERIC and (is_weight or _BIAS.fullmatch(last)):
            shown[is_weight].append(f"{one_line(name)} {size_text(size)}")
    if not shown[True] or not shown[False]:
        return ""
    pairs = [text for pair in zip(shown[True], shown[False], strict=False) for text in pair]
    return listed(pairs)
