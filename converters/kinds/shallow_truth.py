"""What a shallow network gave in MATLAB, among the variables that lie beside it.

Their names say little, so each that could be an input is run, and each that could be the output is
looked at: those that come near belong together, and are then compared as strictly as any.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from matlab_compat.arrays import Array, cell_array
from matlab_compat.errors import MatlabCompatError
from matlab_compat.execution.described import Computed, RunOptions
from matlab_compat.shallow import ShallowNetwork, preparets
from matlab_compat.shallow.functions import joined

from ..matfile.values import StructArray, Value
from .base import Task

#: Inputs that are run, and elements of one variable.
_MOST, _LARGEST = 40, 5_000_000
#: Nearer than this, as a part of the largest value, two arrays are taken for the same thing.
_NEAR = 1e-3
#: Names of targets: what a network should give is no proof of what it gave.
_TARGET = re.compile(r"(?i)t|t[acfsn]|ts\w?|.*(?:target|label|class|desired|want|true).*")
_ERROR = re.compile(r"(?i)e|.*err.*")
#: Names that scripts and apps of MATLAB give to the output, by that of the network.
_OUTPUT = r"(?i)y|outputs?|{}_outputs?"
_INPUT = ("X", "x", "input", "inputs")
#: Figures of the training record: over which indices, and under which name.
_RECORD = {"best_perf": "trainInd", "best_vperf": "valInd", "best_tperf": "testInd"}

#: A performance function of targets and outputs.
Measure: TypeAlias = Callable[[Array, Array], float]


@dataclass(eq=False, repr=False)
class Then(ShallowNetwork):
    """A network and what is made of its output: errors, or the performance."""

    makes: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)

    @property
    def OutputNames(self) -> list[str]:
        """What is made of it."""
        return list(self.makes)

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """What is made of the network's own output."""
        Y = super().computed(X, how).outputs[0]
        return Computed(tuple(make(Y) for make in self.makes.values()), {})


#: A variable that is what the network gave: its name, its value, and what makes it of the output.
Made: TypeAlias = tuple[str, Array, Callable[[Array], Array]]


def truths(name: str, net: ShallowNetwork, variables: Mapping[str, Value]) -> Iterator[Task]:
    """Every input with what the network gave for it."""
    arrays = {key: one for key, value in variables.items() if (one := _data(value)) is not None}
    known: set[str] = set()
    claimed: list[Task] = []
    for source, X in list(_inputs(net, arrays))[:_MOST]:
        try:
            with warnings.catch_warnings(action="ignore"):
                Y = net.computed(X, RunOptions()).outputs[0]
        except MatlabCompatError:
            continue
        found: dict[str, Made] = {}
        for one in (*_outputs(Y, arrays), *_performances(net, Y, arrays, variables)):
            if one[0] in known or one[0] == source:
                continue
            if _near(one[2](Y), one[1]):
                found.setdefault(one[0], one)
            elif re.fullmatch(_OUTPUT.format(re.escape(name)), one[0]) and source in _INPUT:
                claimed.append(_truth(net, X, [one]))
        known |= found.keys()
        if found:
            yield _truth(net, X, list(found.values()))
    if not known:
        yield from claimed[:1]


def _truth(net: ShallowNetwork, X: list[Any], found: list[Made]) -> Task:
    makes = {name: make for name, _, make in found}
    return Task(Then(**vars(net), makes=makes), X, {name: value for name, value, _ in found})


def _data(value: Value) -> Any:
    """Numbers as a matrix in double, or a cell of them; else nothing."""
    if not isinstance(value, np.ndarray) or value.size > _LARGEST or value.ndim != 2:
        return None
    if value.dtype.kind in "biuf":
        return value.astype(np.float64)
    if value.dtype != object or not all(
        isinstance(one, np.ndarray) and one.dtype.kind in "biuf" and one.ndim == 2
        for one in value.flat
    ):
        return None
    return value if value.size != 1 else value.flat[0].astype(np.float64)


def _inputs(net: ShallowNetwork, arrays: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Names, with X, or X, Xi and Ai."""
    rows = sum(one.size for one in net.inputs)
    for name, value in arrays.items():
        if value.dtype != object and not net.is_dynamic:
            if rows and rows in value.shape:
                yield name, [value if value.shape[0] == rows else value.T]
        elif value.dtype == object and value.shape[0] == net.numInputs and value.shape[1]:
            if net.is_dynamic:
                yield from _with_states(net, name, value, arrays)
            else:
                yield name, [value]


def _with_states(
    net: ShallowNetwork, name: str, X: Any, arrays: Mapping[str, Any]
) -> Iterator[tuple[str, list[Any]]]:
    """A series with states of the same name (xc, xic, aic), and with those that preparets makes."""
    if match := re.fullmatch(r"(?i)(x)(.*)", name):
        first, rest = match.groups()
        names = (f"{first}i{rest}", f"{'a' if first == 'x' else 'A'}i{rest}")
        yield name, [X, *(_as_cell(arrays.get(one)) for one in names)]
    feedback = any(o is not None and o.feedbackMode != "none" for o in net.outputs)
    free = sum(not one.feedbackOutput for one in net.inputs)
    for other, T in arrays.items():
        if feedback and T.dtype == object and T.shape[0] == net.numOutputs:
            try:
                Xs, Xi, Ai, _ = preparets(net, X if free else None, None, T)
            except MatlabCompatError:
                continue
            yield (name if free else other), [Xs, Xi, Ai]


def _as_cell(value: Any) -> Any:
    """States, whose cell of one element is a matrix by now."""
    if value is None or value.dtype == object:
        return value
    return cell_array([value])


def _outputs(Y: Array, arrays: Mapping[str, Any]) -> Iterator[Made]:
    """Variables of the output's size; errors for every target."""
    fit = {key: one for key, value in arrays.items() if (one := _fitted(value, Y)) is not None}
    for key, one in fit.items():
        if _ERROR.fullmatch(key):
            for T in (t for name, t in fit.items() if _TARGET.fullmatch(name)):
                yield key, one, partial(np.subtract, T)
        elif not _TARGET.fullmatch(key):
            yield key, one, np.asarray


def _fitted(value: Any, Y: Array) -> Array | None:
    """A variable in the form of the output, if it has its size."""
    try:
        one = joined(value)
    except MatlabCompatError:
        return None
    if one.dtype == object or one.size != Y.size or one.size == 0:
        return None
    if one.shape == Y.shape:
        return np.asarray(one)
    return one.T if one.T.shape == Y.shape else None


def _near(one: Array, other: Array) -> bool:
    if not np.array_equal(np.isfinite(one), np.isfinite(other)):
        return False
    finite = np.isfinite(other)
    largest = np.abs(other[finite]).max(initial=0)
    return bool(largest and np.abs(one - other)[finite].max() <= _NEAR * largest)


def _performances(
    net: ShallowNetwork, Y: Array, arrays: Mapping[str, Any], variables: Mapping[str, Value]
) -> Iterator[Made]:
    """Figures of training records, over each target; all of one record must come out."""
    softmax = [net.layers[i].transferFcn for i in net.output_layers] == ["softmax"]
    for name, value in variables.items():
        if not isinstance(value, StructArray) or value.shape != (1, 1) or Y.ndim != 2:
            continue
        measure = _measure(value, softmax=softmax and Y.shape[0] > 1)
        if measure is None:
            continue
        for T in (fitted for one in arrays.values() if (fitted := _fitted(one, Y)) is not None):
            made: list[Made] = []
            for key, of in _RECORD.items():
                at, figure = _indices(value, of, Y.shape[1]), _number(value, key)
                if at is not None and figure is not None and np.isfinite(figure):
                    of_part = partial(_measured, measure, T, at)
                    made.append((f"{name}.{key}", np.full((1, 1), figure), of_part))
            if all(_near(make(Y), figure) for _, figure, make in made):
                yield from made


def _measured(measure: Measure, T: Array, at: Array, Y: Array) -> Array:
    """The performance over some of the columns."""
    return np.full((1, 1), measure(T[:, at], Y[:, at]))


def _measure(record: StructArray, *, softmax: bool) -> Measure | None:
    """The performance function, where what it computes is settled."""
    fields = {key: values[0] for key, values in record.fields.items()}
    if _number(fields.get("performParam"), "regularization") or fields.get("trainFcn") == "trainbr":
        return None
    if fields.get("performFcn") == "mse":
        return lambda T, Y: _mean((T - Y) ** 2)
    if fields.get("performFcn") == "crossentropy" and softmax:
        return lambda T, Y: _mean(-T * np.log(Y))
    return None


def _mean(values: Array) -> float:
    """The mean of the values that are known: NaN stands for an unknown target."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _number(record: Any, key: str) -> float | None:
    if not isinstance(record, StructArray) or key not in record or record.shape != (1, 1):
        return None
    value = record.fields[key][0]
    is_one = isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biuf"
    return float(value.flat[0]) if is_one else None


def _indices(record: StructArray, key: str, count: int) -> Array | None:
    """Columns from 0."""
    if key not in record:
        return None
    value = record.fields[key][0]
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or not value.size:
        return None
    found = value.ravel().astype(int) - 1
    return found if (found >= 0).all() and (found < count).all() else None
