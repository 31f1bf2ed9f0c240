"""For projects that keep the proof in their own tests.

``converters``, which opens files, is imported when it is needed: this module is where the two meet
for users, and the only one here that knows of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array
from .data_format import DataFormat
from .display import size_text
from .errors import LayerNotFoundError, MatlabCompatWarning, UsageError
from .parity.categories import are_labels
from .parity.compare import EPS, Comparison, compare, slice_magnitude
from .parity.diagnosis_types import Diagnosis, Unseen
from .parity.tolerance import Tolerance

if TYPE_CHECKING:
    from converters.verify import Task


#: How an input without labels is read, by its number of dimensions: features N×C, images H×W×C×N
#: (H×W×C where MATLAB dropped N), volumes H×W×D×C×N.
_FORMATS = {2: "BC", 3: "SSCB", 4: "SSCB", 5: "SSSCB"}

#: The orders in MATLAB of what torch has as N,C; N,C,T; N,C,H,W; N,C,H,W,D.
_ORDERS: dict[int, tuple[tuple[int, ...], ...]] = {
    2: ((0, 1), (1, 0)),
    3: ((1, 0, 2), (1, 2, 0)),
    4: ((2, 3, 1, 0),),
    5: ((2, 3, 4, 1, 0),),
}


def assert_matches_matlab(
    actual: Any,
    bundle: str | PathLike[str],
    *,
    expected: str | None = None,
    input: str | Sequence[str] | None = None,
    variable: str | None = None,
    layer: str | int | None = None,
    data_format: str | None = None,
    dtype: str | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> None:
    """Pass if ``actual`` is what MATLAB saved in ``bundle``, by the rule of ``verify``.

    Parameters
    ----------
    actual:
        A NumPy array in MATLAB's order (H×W×C×N), or a torch tensor in torch's (N,C,H,W). Or what
        gives one for the bundle's ``X``: a ``torch.nn.Module`` is called with tensors in torch's
        order, in eval mode; a layer or network of this package predicts; any other callable gets
        arrays in MATLAB's order.
    bundle:
        A MAT-file with ``Y`` (or ``output``, ``expected``), with ``X`` (or ``input``) if there is
        something to run, and best with the layer or network: it gives the float64 oracle and the
        bound of each element. Otherwise the bound is that of the largest ``Y`` of the channel,
        observation, row or column. What is tested never sets its own bound.
    expected, input:
        Variables of the bundle (``s.X`` reaches into a struct) instead of those.
    variable, layer:
        The layer or network meant, as for :func:`converters.load`.
    data_format:
        Labels of the dimensions of ``X``, where its size does not tell.
    dtype:
        The number format that what is tested computes in, where it is coarser than single:
        "half" or "bfloat16". Its roundings are allowed then, which is some percent.
    atol, rtol:
        ``|actual - Y| <= atol + rtol*|Y|`` instead of the default bound.

    Raises
    ------
    AssertionError
        It is not; the message is the report of ``matlab-compat verify``, with what was done
        wrong if that is found.
    UsageError
        The bundle's output could be read in two orders, or has another number of outputs, or
        there is no such ``dtype``.
    MatlabCompatError
        The bundle cannot be read, or there is nothing to compare in it.

    Warns
    -----
    MatlabCompatWarning
        It passes, but the bundle's data cannot show every mistake: which, and what to save
        instead.
    """
    names = [f"{bundle}:{one}" for one in ([input] if isinstance(input, str) else input or [])]
    truth = [] if expected is None else [f"{bundle}:{expected}"]
    task = _task(str(bundle), variable, layer, names, truth, needs_input=callable(actual))
    ((name, Y),) = task.expected.items()
    if are_labels(Y):
        raise UsageError(
            "The bundle's output holds labels, and here numbers are compared.",
            where=(str(bundle),),
            remedy="save the scores, Y = predict(net, X); or compare the labels with "
            "matlab-compat verify.",
        )
    here = _computed(actual, task, data_format)
    tolerance = Tolerance(atol or 0.0, rtol or 0.0) if (atol, rtol) != (None, None) else None
    Ys, results = _each(name, here, Y)
    rounding = _rounding(task, results[0], Ys[0], dtype)
    found = _comparisons(name, results, Ys, task, data_format, rounding, tolerance)
    first = next((i for i, one in enumerate(found) if one.verdict == "different"), None)
    if first is not None:
        options: dict[str, Any] = {"tolerance": tolerance, "data_format": data_format}
        pair = results[first], Ys[first]
        explained = _diagnoses(found[first], *pair, task, eps=rounding[0], **options)
        raise AssertionError(_report(found, here, str(bundle), explained, rounding[0]))
    if hidden := _unseen(task, name, Y, data_format, tolerance):
        said = "\n".join(f"  {one.text}; remedy: {one.remedy}" for one in hidden)
        warning = MatlabCompatWarning(f"{bundle}: equal, of limited worth.\n{said}")
        warnings.warn(warning, stacklevel=2)


def _unseen(
    task: Task, name: str, Y: Any, data_format: str | None, tolerance: Tolerance | None
) -> tuple[Unseen, ...]:
    """The mistakes that this bundle cannot show."""
    from .parity.worth import of_input, of_output, unseen

    model: Any = task.model
    if model is not None:
        rule: dict[str, Any] = {"data_format": data_format, "tolerance": tolerance}
        return unseen(model, task.X, {name: Y}, **rule)
    given = [one for x in task.X for one in of_input("X", list(map(np.asarray, _list(x))), "")]
    return (*given, *of_output(name, _list(Y), "", tolerance))


def _list(value: Any) -> list[Any]:
    """The sequences of a list, or the one array."""
    return value if isinstance(value, list) else [value]


def _each(name: str, here: Any, Y: Any) -> tuple[list[Array], list[Array]]:
    """MATLAB's output and what is tested, sequence by sequence where they are lists."""
    Ys, heres = _list(Y), list(here) if isinstance(here, tuple) else _list(here)
    if len(heres) != len(Ys):
        raise UsageError(f"{name}: {len(heres)} arrays are tested, {len(Ys)} expected.")
    return Ys, [_oriented(one, truth) for one, truth in zip(heres, Ys, strict=True)]


def _task(
    bundle: str,
    variable: str | None,
    layer: str | int | None,
    input: list[str],
    expected: list[str],
    *,
    needs_input: bool,
) -> Task:
    """The bundle's model with its data, or just the data where it has none."""
    from converters.data import read_array
    from converters.formats.mat_struct import INPUT_NAMES, OUTPUT_NAMES
    from converters.verify import Task, tasks

    try:
        found = tasks(bundle, variable, layer, input=input, expected=expected)
    except LayerNotFoundError:
        if variable is not None or layer is not None:
            raise
        X = [read_array(one, INPUT_NAMES) for one in input or [bundle]] if needs_input else []
        Y = read_array((expected or [bundle])[0], OUTPUT_NAMES)
        return Task(None, X, {"Y": Y})  # type: ignore[arg-type]
    if len(found) != 1 or len(found[0].expected) != 1:
        raise UsageError(
            "There are several outputs in it.", where=(bundle,), remedy="name one: layer='up1'."
        )
    return found[0]


def _computed(actual: Any, task: Task, data_format: str | None) -> Any:
    """What is to be judged."""
    import torch

    from .layers import Layer
    from .network import Network

    if isinstance(actual, Layer | Network):
        return replace(task, model=actual).predict(data_format=data_format)
    if isinstance(actual, torch.nn.Module):
        several = [x for x in task.X if isinstance(x, list)]
        if not several:
            return _called(actual, task.X, data_format)
        return [_called(actual, one, data_format) for one in zip(*several, strict=True)]
    return actual(*task.X) if callable(actual) else actual


def _called(module: Any, X: Sequence[Any], data_format: str | None) -> Any:
    """The module's output, computed in eval mode and in the class of its parameters."""
    import torch

    like = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(()))
    tensors = [
        torch.from_numpy(_labelled(x, data_format).to_torch(x).copy()).to(like.device, like.dtype)
        for x in X
    ]
    training = module.training
    try:
        with torch.inference_mode():
            return module.eval()(*tensors)
    finally:
        module.train(training)


def _labelled(x: Array, data_format: str | None) -> DataFormat:
    form = data_format or _FORMATS.get(x.ndim)
    if form is None:
        raise UsageError(
            f"The input is {size_text(x.shape)}: its dimensions could be anything.",
            remedy="label them: data_format='SSCBT'.",
        )
    return DataFormat.parse(form)


def _oriented(value: Any, Y: Array) -> Array:
    """An array in MATLAB's order; torch's orders are told apart by the size of ``Y``."""
    import torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    exact = value.detach().cpu()
    array = (exact.float() if exact.dtype == torch.bfloat16 else exact).numpy()
    ways = [array.transpose(order) for order in _ORDERS.get(array.ndim, ())]
    if array.ndim > 2 and all(n == 1 for n in array.shape[2:]):
        # N,K,1,1: predict of a SeriesNetwork or DAGNetwork gives it N×K, a dlnetwork's 1×1×K×N.
        ways.append(array.reshape(array.shape[:2]))
    fitting = [way for way in ways if _size(way) == _size(Y)]
    if len(fitting) > 1 and min(array.shape) > 1:
        raise UsageError(
            f"A tensor of {tuple(array.shape)} fits Y, {size_text(Y.shape)}, in two orders.",
            remedy="give an array in MATLAB's order, e.g. y.numpy() or y.T.numpy().",
        )
    return (fitting or ways or [array])[0]


def _size(array: Array) -> tuple[int, ...]:
    """The size as MATLAB says it: without trailing ones beyond two dimensions."""
    shape = array.shape
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _rounding(task: Task, here: Array, Y: Array, dtype: str | None) -> tuple[float, float]:
    """The eps, and the spacing around zero, of the coarsest format that may have been at work.

    Of what is tested only that it is not finer than single: a coarser format has to be named.
    """
    from .parity.network import parameters
    from .parity.verify import rounding_unit, smallest_number

    fine = here.dtype.name in ("float64", "complex128")
    formats = (dtype or ("double" if fine else "single"), Y if Y.dtype.kind in "fc" else here)
    values = [] if task.model is None else parameters(task.model)
    return rounding_unit(*formats, *values), smallest_number(*formats, *values)


def _comparisons(
    name: str,
    here: list[Array],
    Ys: list[Array],
    task: Task,
    data_format: str | None,
    rounding: tuple[float, float],
    tolerance: Tolerance | None,
) -> list[Comparison]:
    """By the bound of the bundle's layer or network; where it has none, by the size of ``Y``."""
    from .layers import TransposedConvolution2DLayer
    from .parity.network import rerun
    from .parity.sensitivity import Result, Sensitivity, compare_all
    from .parity.verify import magnitude

    eps, smallest = rounding
    options: dict[str, Any] = {"eps": eps, "tolerance": tolerance}
    names = [name] if len(Ys) == 1 else [f"{name}{{{i + 1}}}" for i in range(len(Ys))]
    exact: list[Array] = []
    if task.model is not None:
        oracle = task.predict(data_format=data_format, dtype="double")
        exact = list(map(np.asarray, oracle if isinstance(oracle, list) else [oracle]))
    if [_size(o) for o in exact] == [_size(Y) for Y in Ys]:
        results = [Result(*each) for each in zip(names, here, exact, Ys, strict=True)]
        if isinstance(task.model, TransposedConvolution2DLayer):
            ((one, a, o, Y),) = ((r.name, r.actual, r.oracle, r.expected) for r in results)
            scale = magnitude(task.model, task.X[0], data_format or "SSCB")
            return [compare(a, Y, name=one, magnitude=scale, oracle=o, **options)]
        assert task.model is not None
        sensitivity = Sensitivity(rerun(task.model, task.X, data_format, [name]), eps, smallest)
        return compare_all(results, sensitivity, tolerance)
    rule = "difference / (eps * largest |Y| of its channel, observation, row or column)"
    return [
        compare(a, Y, name=one, magnitude=slice_magnitude(Y), rule=rule, **options)
        for one, a, Y in zip(names, here, Ys, strict=True)
    ]


def _diagnoses(
    found: Comparison,
    here: Array,
    Y: Array,
    task: Task,
    *,
    eps: float,
    tolerance: Tolerance | None,
    data_format: str | None,
) -> tuple[Diagnosis, ...]:
    """The mistake in the bundle's model that gives what is tested; else what the arrays show."""
    from .layers import Layer
    from .parity import diagnose

    labels = ""
    if task.model is not None:
        labels = diagnose.labels_of(task.model, task.X, data_format, rank=len(found.shape))
    shown = diagnose.diagnose_output(
        here, Y, diagnose.measure_of(found, Y, eps, tolerance), found.name, labels
    )
    right = found.oracle_expected is not None and found.oracle_expected <= found.bound
    if task.model is None or not right:
        return shown
    if isinstance(task.model, Layer):
        measure = diagnose.measure_of(found, here, eps, tolerance, turned=True)
        made = diagnose.of_layer(task.model, task.X, here, measure, found.name, data_format)
    else:
        rule = found, here, eps, tolerance
        of_run: dict[str, Any] = {"data_format": data_format, "device": None, "dtype": None}
        made = diagnose.of_network(
            task.model, task.X, *rule, is_activation=False, turned=True, equal=(), **of_run
        )
    return made or shown


#: Formats coarser than single, by the names of numpy and torch.
_COARSE = {"float16": "half", "bfloat16": "bfloat16"}


def _report(
    found: list[Comparison], here: Any, bundle: str, diagnoses: tuple[Diagnosis, ...], eps: float
) -> str:
    from .parity.reports.text import report_text
    from .parity.verify import Report, environment

    facts = {**environment(None, None), "dtype": found[0].dtype}
    facts["device"] = str(getattr(here, "device", "cpu"))
    said = report_text(Report(tuple(found), facts, diagnoses=diagnoses).to_json(), bundle)
    coarse = _COARSE.get(str(getattr(here, "dtype", "")).removeprefix("torch."))
    if coarse is None or EPS[coarse] <= eps:
        return said
    *lines, verdict = said.splitlines()
    hint = f"it was computed in {coarse}; if it has to be, dtype='{coarse}' allows for that"
    return "\n".join([*lines, hint, verdict])
