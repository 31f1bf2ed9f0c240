"""For projects that keep the proof in their own tests.

``converters``, which opens files, is imported when it is needed: this module is where the two meet
for users, and the only one here that knows of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from typing import Any

import numpy as np

from .arrays import Array
from .data_format import DataFormat
from .display import size_text
from .errors import LayerNotFoundError, MatlabCompatWarning, UsageError
from .execution.described import ModelLike
from .parity.axes import matlab_size
from .parity.categories import are_labels
from .parity.compare import EPS
from .parity.diagnosis_types import SECONDS
from .parity.report import Report
from .parity.rule import ModelRule, NeighbourRule, Rounding, Rule
from .parity.runner import (
    CallableRunner,
    Inputs,
    OracleRunner,
    Precision,
    Runner,
    SavedRunner,
    TorchRunner,
    Wanted,
)
from .parity.tolerance import Tolerance
from .parity.verify import verify

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
    layer_class: str | None = None,
    ignore_fields: Sequence[str] = (),
    data_format: str | None = None,
    dtype: str | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    diagnosis_seconds: float = SECONDS,
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
        observation, row or column. What is tested never sets its own bound. ``Y`` may hold labels
        (a categorical), as ``classify`` gives them: each must be that of the largest of the
        scores that are tested, to rounding; this needs the network and ``X``.
    expected, input:
        Variables of the bundle (``s.X`` reaches into a struct) instead of those.
    variable, layer, layer_class, ignore_fields:
        The layer or network meant, and how it is read: as for :func:`converters.load`.
    data_format:
        Labels of the dimensions of ``X``, where neither the bundle's model nor its size tells.
    dtype:
        The number format that what is tested computes in, where it is coarser than single:
        "half" or "bfloat16". Its roundings are allowed then, which is some percent.
    atol, rtol:
        ``|actual - Y| <= atol + rtol*|Y|`` instead of the default bound.
    diagnosis_seconds:
        How long to look for what was done wrong where it is not, at most (20); 0 for not at all.

    Raises
    ------
    AssertionError
        It is not; the message is the report of ``matlab-compat verify``, with what was done
        wrong if that is found.
    UsageError
        The bundle's output could be read in two orders, has another number of outputs, or holds
        labels without a network that has the scores; or there is no such ``dtype``.
    MatlabCompatError
        The bundle cannot be read, or there is nothing to compare in it.

    Warns
    -----
    MatlabCompatWarning
        It passes, but the bundle's data cannot show every mistake: which, and what to save
        instead.

    Examples
    --------
    >>> import converters
    >>> layer = converters.load("fixtures/same_odd.v7.mat")
    >>> assert_matches_matlab(layer.to_torch(), "fixtures/same_odd.v7.mat")
    """
    names = [f"{bundle}:{one}" for one in ([input] if isinstance(input, str) else input or [])]
    truth = [] if expected is None else [f"{bundle}:{expected}"]
    chosen = {"layer_class": layer_class, "ignore_fields": ignore_fields}
    saved = _bundle(
        str(bundle), variable, layer, names, truth, needs_input=callable(actual), **chosen
    )
    reference, inputs = SavedRunner({saved.name: saved.Y}), Inputs(saved.X, data_format)
    wanted = reference.offers()
    computed = _runner(actual, saved, data_format).run(inputs, wanted)
    values = list(computed.outputs.values())
    tolerance = Tolerance(atol or 0.0, rtol or 0.0) if (atol, rtol) != (None, None) else None
    rule = _rule(saved, _as_numpy(_list(values[0])[0]), dtype, tolerance)
    here = _oriented_as(saved.name, values, _like(saved, rule, inputs, wanted))
    tested = SavedRunner({saved.name: here}, label="tested", what="tested result")
    report = verify(tested, reference, inputs, rule, diagnosis_seconds=diagnosis_seconds)
    if report.verdict == "different":
        raise AssertionError(_report(report, values[0], str(bundle), rule.rounding.eps))
    if report.warnings:
        said = "\n".join(f"  {one.text}; remedy: {one.remedy}" for one in report.warnings)
        warning = MatlabCompatWarning(f"{bundle}: equal, of limited worth.\n{said}")
        warnings.warn(warning, stacklevel=2)


@dataclass(frozen=True)
class _Bundle:
    """What MATLAB saved: an output with its input, and the model of it if it is there."""

    path: str
    name: str
    Y: Any
    X: list[Any]
    model: ModelLike | None = None


def _like(bundle: _Bundle, rule: Rule, inputs: Inputs, wanted: Wanted) -> Any:
    """What has the size of MATLAB's output: that itself, or the scores that its labels are of."""
    if not are_labels(bundle.Y):
        return bundle.Y
    if bundle.model is None or not bundle.X:
        raise UsageError(
            "The output holds labels, and there is no layer or network to compute scores with.",
            where=(bundle.path,),
            remedy="save the network beside them; or the scores, Y = predict(net, X).",
        )
    scores = rule.exact(inputs, wanted)
    assert scores is not None
    return next(iter(scores.outputs.values()))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _bundle(
    path: str,
    variable: str | None,
    layer: str | int | None,
    input: list[str],
    expected: list[str],
    *,
    needs_input: bool,
    **chosen: Any,
) -> _Bundle:
    """The bundle's model with its data, or just the data where it has none."""
    from converters.data import read_array
    from converters.formats.mat_struct import INPUT_NAMES, OUTPUT_NAMES
    from converters.verify import tasks

    try:
        found = tasks(path, variable, layer, input=input, expected=expected, **chosen)
    except LayerNotFoundError:
        if variable is not None or layer is not None:
            raise
        X = [read_array(one, INPUT_NAMES) for one in input or [path]] if needs_input else []
        Y = read_array((expected or [path])[0], OUTPUT_NAMES, labels=True)
        return _Bundle(path, "Y", Y, X)
    if len(found) != 1 or len(found[0].expected) != 1:
        raise UsageError(
            "There are several outputs in it.", where=(path,), remedy="name one: layer='up1'."
        )
    ((name, Y),) = found[0].expected.items()
    return _Bundle(path, name, Y, found[0].X, found[0].model)


def _runner(actual: Any, bundle: _Bundle, data_format: str | None) -> Runner:
    import torch

    from .layers.base import Layer
    from .network import Network

    if isinstance(actual, Layer | Network):
        return TorchRunner(actual)
    if isinstance(actual, torch.nn.Module):
        formats = _labels(bundle, data_format)
        return CallableRunner(partial(_called, actual, formats, isinstance(bundle.Y, list)))
    return CallableRunner(actual if callable(actual) else lambda *X: actual)


def _labels(bundle: _Bundle, data_format: str | None) -> list[str]:
    """What the dimensions of each input are, as the bundle's model says; "" if it has none."""
    from .layers.base import Layer
    from .network import Network
    from .parity.worth import input_labels

    if data_format is None and isinstance(bundle.model, Layer | Network):
        return input_labels(bundle.model, Inputs(bundle.X))
    if data_format is None and bundle.model is not None:
        data_format = "CB"  # of a shallow network
    return [data_format or ""] * len(bundle.X)


def _called(module: Any, formats: Sequence[str], apart: bool, *X: Any) -> Any:
    """The module's output in eval mode; of sequences a list, or one array unless ``apart``."""
    import torch

    if any(isinstance(x, list) for x in X):
        several = [x for x in X if isinstance(x, list)]
        given = [labels for x, labels in zip(X, formats, strict=True) if isinstance(x, list)]
        each = [_called(module, given, apart, *one) for one in zip(*several, strict=True)]
        return each if apart else torch.cat(each)
    like = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(()))
    tensors = [
        torch.from_numpy(_data_format(x, labels).to_torch(x).copy()).to(like.device, like.dtype)
        for x, labels in zip(X, formats, strict=True)
    ]
    training = module.training
    try:
        with torch.inference_mode():
            return module.eval()(*tensors)
    finally:
        module.train(training)


def _data_format(x: Array, labels: str) -> DataFormat:
    labels = labels or _FORMATS.get(x.ndim, "")
    if not labels:
        what = f"The input is {size_text(x.shape)}: its dimensions could be anything."
        raise UsageError(what, remedy="label them: data_format='SSCBT'.")
    return DataFormat.parse(labels)


def _oriented_as(name: str, heres: list[Any], Y: Any) -> Any:
    """What is tested in MATLAB's order, sequence by sequence where they are lists."""
    heres = _list(heres[0]) if len(heres) == 1 else heres
    Ys = _list(Y)
    if len(heres) != len(Ys):
        raise UsageError(f"{name}: {len(heres)} arrays are tested, {len(Ys)} expected.")
    arrays = [_oriented(one, truth) for one, truth in zip(heres, Ys, strict=True)]
    return arrays if isinstance(Y, list) else arrays[0]


def _oriented(value: Any, Y: Array) -> Array:
    """An array in MATLAB's order; torch's orders are told apart by the size of ``Y``."""
    import torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    array = _as_numpy(value)
    ways = [array.transpose(order) for order in _ORDERS.get(array.ndim, ())]
    if array.ndim > 2 and all(n == 1 for n in array.shape[2:]):
        # N,K,1,1: predict of a SeriesNetwork or DAGNetwork gives it N×K, a dlnetwork's 1×1×K×N.
        ways.append(array.reshape(array.shape[:2]))
    fitting = [way for way in ways if matlab_size(way) == matlab_size(Y)]
    if len(fitting) > 1 and min(array.shape) > 1:
        raise UsageError(
            f"A tensor of {tuple(array.shape)} fits Y, {size_text(Y.shape)}, in two orders.",
            remedy="give an array in MATLAB's order, e.g. y.numpy() or y.T.numpy().",
        )
    return (fitting or ways or [array])[0]


def _as_numpy(value: Any) -> Array:
    import torch

    from .engine.arrays import array

    return array(value) if isinstance(value, torch.Tensor) else np.asarray(value)


def _rule(
    bundle: _Bundle, here: Array, dtype: str | None, tolerance: Tolerance | None
) -> ModelRule | NeighbourRule:
    """The bound of the bundle's model, or by the size of ``Y``; of ``here`` it knows the class."""
    model, Y = bundle.model, _list(bundle.Y)[0]
    fine = here.dtype.name in ("float64", "complex128")
    other = Y if isinstance(Y, np.ndarray) and Y.dtype.kind in "fc" else here
    computed = dtype or ("double" if fine else "single")
    if model is None:
        return NeighbourRule(Rounding.of(computed, other), tolerance)
    rounding = Rounding.of(computed, other, *model.parameter_values())
    return ModelRule(OracleRunner(model), rounding, tolerance)


#: Formats coarser than single, by the names of numpy and torch.
_COARSE = {"float16": "half", "bfloat16": "bfloat16"}


def _report(found: Report, here: Any, bundle: str, eps: float) -> str:
    from .parity.reports.text import report_text

    facts = {**Precision().environment(), "dtype": found.outputs[0].dtype}
    facts["device"] = str(getattr(here, "device", "cpu"))
    said = report_text(replace(found, environment=facts).to_json(), bundle)
    coarse = _COARSE.get(str(getattr(here, "dtype", "")).removeprefix("torch."))
    if coarse is None or EPS[coarse] <= eps:
        return said
    *lines, verdict = said.splitlines()
    hint = f"it was computed in {coarse}; if it has to be, dtype='{coarse}' allows for that"
    return "\n".join([*lines, hint, verdict])
