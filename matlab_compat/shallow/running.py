"""A shallow network run on matrices and cells in MATLAB's form, with results in that form."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..arrays import Array, as_tuple
from ..data_format import DataFormat, dlarray
from ..display import counted, size_text
from ..engine.arrays import array, tensor
from ..engine.precision import DeviceLike, DTypeLike
from ..errors import DataFormatError, MatlabCompatWarning
from ..execution.sizes import check_size
from ..wording import argument
from .description import Description, Side
from .functions import as_cells, as_matrix, is_cell, real_numbers
from .module import module_of

if TYPE_CHECKING:
    from torch import Tensor


#: Results of all outputs, Q×T×S each, in the form of the data.
Shaped = Callable[[Sequence[Array]], Any]


@dataclass(frozen=True)
class Data:
    """What is given: for each input Q×T×R, and how results are shaped."""

    inputs: list[Array]
    samples: int
    steps: int
    shaped: Shaped


def simulate(
    net: Description,
    X: Any,
    Xi: Any,
    Ai: Any,
    steps: int | None,
    data_format: str | None,
    device: DeviceLike | None,
    dtype: DTypeLike | None,
    inside: AbstractContextManager[Any] | None = None,
) -> tuple[Any, Any, Any]:
    """:meth:`~.network.ShallowNetwork.sim` of a network that has been checked."""
    data = given(net, X, steps, data_format)
    dtype = "double" if dtype is None else dtype
    module = module_of(net, device, dtype)
    tensors = [tensor(one, device, dtype) for one in data.inputs]
    widest = max([layer.size for layer in net.layers] + [one.size for one in net.inputs])
    check_size((data.samples, data.steps + net.numLayerDelays + net.numInputDelays, widest))
    if not net.is_dynamic:
        with torch.inference_mode(), inside or nullcontext():
            results = module(*(one.flatten(0, 1) for one in tensors))
        each, size = as_tuple(results), (data.samples, data.steps)
        Y = data.shaped([array(one).reshape(*size, one.shape[-1]) for one in each])
        return Y, *_states(net, (), ())
    samples = data.samples if net.inputs else _samples(Ai)
    before = map(_state, (Xi, Ai), net.sides, (samples, samples))
    state = tuple(tuple(tensor(x, device, dtype) for x in one) for one in before)
    with torch.inference_mode(), inside or nullcontext():
        results, (final, layers) = module(*tensors, state=state, steps=data.steps)
    return data.shaped([array(one) for one in as_tuple(results)]), *_states(net, final, layers)


def port_arrays(net: Description, X: Any = None, Xi: Any = None, Ai: Any = None) -> list[Array]:
    """MATLAB's data as the arrays that a program of the network takes: see its ``ports``.

    Raises ``DataFormatError``: they do not fit.
    """
    data = given(net, X, None, None)
    if not net.is_dynamic:
        return [one.reshape(-1, one.shape[-1]) for one in data.inputs]
    samples = data.samples if net.inputs else _samples(Ai)
    states = map(_state, (Xi, Ai), net.sides, (samples, samples))
    pairs = zip(net.sides, states, strict=True)
    return [*data.inputs, *(state[j] for side, state in pairs for j in side.delayed)]


def from_port_arrays(net: Description, arrays: Sequence[Array]) -> list[Any]:
    """X, or X, Xi and Ai as in MATLAB, of what :func:`port_arrays` gives."""
    inputs = arrays[: net.numInputs]
    if not net.is_dynamic:
        return [np.concatenate([one.T for one in inputs])]
    rest = iter(arrays[net.numInputs :])
    cells = []
    for side in net.sides:
        cell = np.empty((len(side.sources), side.delays), object)
        cell.fill(np.zeros((0, 0)))
        for j in side.delayed:
            cell[j : j + 1] = _as_cell([next(rest)])
        cells.append(cell)
    return [_as_cell(inputs), *cells]


def given(net: Description, X: Any, steps: int | None, data_format: str | None) -> Data:
    """What is given, checked against the inputs.

    Raises ``DataFormatError``: it does not fit.
    """
    if not net.inputs:
        return _without_inputs(net, X, steps)
    if X is None:
        raise DataFormatError(
            f"The network has {counted(net.numInputs, 'input')}, and none is given."
        )
    if isinstance(X, dlarray):
        return _labelled(net, X.extractdata(), X.dims(), is_labelled=True)
    if data_format is not None and not is_cell(X):
        return _labelled(net, X, data_format)
    if is_cell(X):
        return _cells(net, X)
    matrix = as_matrix(X)
    if np.asarray(X).ndim == 1 and [one.size for one in net.inputs] == [1]:
        matrix = matrix.T
    if net.is_dynamic:
        warnings.warn(
            "a matrix is taken as Q samples at one time step; give (Q, T, R) for a series: a cell "
            f"of time steps (con2seq(X)), or {argument('data_format', 'CT')}",
            MatlabCompatWarning,
            stacklevel=5,
        )
    return _matrix(net, matrix)


def _matrix(net: Description, matrix: Array) -> Data:
    """Q samples at one step; the inputs lie one below the other."""
    sizes = [one.size for one in net.inputs]
    _check_rows(matrix, sum(sizes))
    parts = np.split(matrix.T[:, np.newaxis], np.cumsum(sizes)[:-1], axis=2)

    def shaped(results: Sequence[Array]) -> Array:
        return np.concatenate([one[:, 0].T for one in results])

    return Data(parts, matrix.shape[1], 1, shaped)


def _cells(net: Description, X: Any) -> Data:
    is_list = isinstance(X, list | tuple)
    cell = as_cells(X, net.numInputs)
    inputs = [
        _stacked([as_matrix(one) for one in row], net.inputs[j].size) for j, row in enumerate(cell)
    ]
    samples = {one.shape[0] for one in inputs}
    if len(samples) > 1:
        raise DataFormatError(f"The inputs have different numbers of samples: {sorted(samples)}.")

    def shaped(results: Sequence[Array]) -> Any:
        found = _as_cell(results)
        if not is_list:
            return found
        lists = [list(row) for row in found]
        return lists[0] if len(lists) == 1 else lists

    return Data(inputs, samples.pop(), cell.shape[1], shaped)


def _stacked(steps: list[Array], rows: int) -> Array:
    """Q×T×R of the matrices R×Q of all steps."""
    if not steps:
        return np.zeros((1, 0, rows))
    for one in steps:
        _check_rows(one, rows)
    if len({one.shape[1] for one in steps}) > 1:
        raise DataFormatError("The time steps have different numbers of samples.")
    return np.stack([one.T for one in steps], 1)


def _labelled(net: Description, X: Any, data_format: str, *, is_labelled: bool = False) -> Data:
    """An array whose dimensions have labels, of one input (or several, in rows)."""
    values = real_numbers(X)
    form = DataFormat.parse(data_format)
    if "C" not in form.labels or set(form.labels) - set("CBT"):
        raise DataFormatError(
            f"Data of a shallow network have the dimensions C, B and T, not '{data_format}'."
        )
    labels = form.batched
    moved = form.to_torch(values)
    ordered = (moved if "T" in labels else moved[..., np.newaxis]).transpose(0, 2, 1)
    sizes = [one.size for one in net.inputs]
    _check_rows(ordered.reshape(-1, ordered.shape[2]).T, sum(sizes))
    parts = np.split(ordered, np.cumsum(sizes)[:-1], axis=2)

    def shaped(results: Sequence[Array]) -> Any:
        each = [one.transpose(0, 2, 1) for one in results]
        back = [form.from_torch(y if "T" in labels else y[..., 0], labels) for y in each]
        found = tuple(dlarray(*one) if is_labelled else one[0] for one in back)
        return found[0] if len(found) == 1 else found

    return Data(parts, ordered.shape[0], ordered.shape[1], shaped)


def _without_inputs(net: Description, X: Any, steps: int | None) -> Data:
    """A closed loop: it only needs to know for how long."""
    if steps is None and isinstance(X, np.ndarray) and X.ndim == 2 and not X.shape[0]:
        steps = X.shape[1]
    if steps is None:
        raise DataFormatError(
            "this network has no input; give the number of steps",
            remedy=f"{argument('steps', 12)}, with the state Ai of preparets.",
        )
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise DataFormatError(f"The number of steps is a whole number from 0, not {steps!r}.")
    return Data([], 1, int(steps), _as_cell)


def _check_rows(matrix: Array, rows: int) -> None:
    if matrix.shape[0] == rows:
        return
    looks = "; the data look transposed" if matrix.shape[1:] == (rows,) else ""
    raise DataFormatError(
        f"expects {counted(rows, 'value')} a sample (before preprocessing), got "
        f"{matrix.shape[0]}{looks}",
        remedy=f"give {counted(rows, 'row')}, and a column for each sample"
        + (": transpose it (X.' in MATLAB, X.T in Python)." if looks else "."),
    )


def _state(value: Any, side: Side, samples: int) -> list[Array]:
    """For each input or layer Q×delays×R of what was before; zeros where nothing is given."""
    sizes, delays = [one.size for one in side.sources], side.delays
    what = {"IW": "Xi", "LW": "Ai"}[side.name]
    check_size((samples, delays, max(sizes, default=0)))
    found = [np.zeros((samples, delays, size)) for size in sizes]
    if value is None or (hasattr(value, "__len__") and not len(value)) or not delays:
        return found
    cell = as_cells(value, len(sizes))
    if not cell.size:
        return found
    if cell.shape[1] != delays:
        raise DataFormatError(
            f"{what} has {counted(cell.shape[1], 'column')} for {counted(delays, 'delay')}."
        )
    for (i, d), one in np.ndenumerate(cell):
        item = as_matrix(one)
        if not item.size:
            continue
        if item.shape not in ((sizes[i], samples), (sizes[i], 1)):
            raise DataFormatError(
                f"{what}{{{i + 1},{d + 1}}} is {size_text(item.shape)}, not "
                f"{size_text((sizes[i], samples))}."
            )
        found[i][:, d] = item.T
    return found


def _samples(Ai: Any) -> int:
    """How many samples a network without inputs has: as many as its states have columns."""
    cells = [] if Ai is None else list(np.asarray(Ai, object).flat)
    return max(
        (one.shape[1] for one in cells if isinstance(one, np.ndarray) and one.ndim == 2), default=1
    )


def _states(net: Description, final: Sequence[Tensor], layers: Sequence[Tensor]) -> Any:
    """Xf and Af as cells."""
    if not net.is_dynamic:
        return np.empty((net.numInputs, 0), object), np.empty((net.numLayers, 0), object)
    return _as_cell([array(one) for one in final]), _as_cell([array(one) for one in layers])


def _as_cell(results: Sequence[Array]) -> Array:
    """A row for each, a column for each time step."""
    steps = results[0].shape[1] if results else 0
    cell = np.empty((len(results), steps), object)
    for i, one in enumerate(results):
        for t in range(steps):
            cell[i, t] = np.ascontiguousarray(one[:, t].T)
    return cell
