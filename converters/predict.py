"""From a model's file and an input's file to an output's file."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import counted
from matlab_compat.errors import UsageError
from matlab_compat.wording import argument

from .atomic import check_place
from .code import Code
from .data import read_array, texts_of, writable
from .formats.mat_struct import INPUT_NAMES
from .load import load
from .matfile import DEFAULT_LIMITS, Limits
from .matfile.values import Value
from .names import valid_names
from .outputs import check_output, write_outputs
from .running import running

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike


def predict(
    path: str | PathLike[str],
    input: str | Sequence[str],
    output: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    layer_class: str | None = None,
    ignore_fields: Sequence[str] = (),
    code: Code = (),
    function: str | None = None,
    arguments: str | None = None,
    data_format: str | None = None,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Any]:
    """Run a layer or network and write what comes out, in MATLAB order, to ``output``.

    The ending of ``output`` says the format: ``.mat``, ``.npy``, ``.npz``, ``.csv`` or ``.json``
    (:mod:`converters.outputs` says how each holds them).

    Parameters
    ----------
    path, variable, layer, layer_class, ignore_fields, code, function, arguments:
        As for :func:`converters.load`.
    input:
        ``FILE`` or ``FILE:VARIABLE`` with an array in MATLAB order (H×W×C×N for "SSCB") or a
        cell array of sequences; one for each input.

    Returns
    -------
    Variable name to what was written: ``Y``, or the outputs' own names where there are several.

    Raises
    ------
    MatlabCompatError
        Whatever :func:`converters.load` and ``predict`` raise; ``UsageError`` if ``output``
        exists and ``overwrite`` is not set, or its ending names no format that can hold what
        comes out.
    """
    check_output(output, ())  # before anything is read
    check_place(output, overwrite=overwrite)
    model = load(
        path,
        variable,
        layer,
        layer_class=layer_class,
        ignore_fields=ignore_fields,
        code=code,
        function=function,
        arguments=arguments,
        limits=limits,
    )
    inputs = texts_of(input)
    if not 0 <= len(inputs) - len(model.InputNames) <= len(model.optional_inputs):
        raise UsageError(
            f"The model has {counted(len(model.InputNames), 'input')} "
            f"({', '.join(model.InputNames)}), but {len(inputs)} were named.",
            where=(str(path),),
            remedy=f"name a file for each: {argument('input', 'X.mat:X')}.",
        )
    names = INPUT_NAMES if len(inputs) == 1 else ()
    check_output(output, model.OutputNames)
    X = [read_array(one, names, limits, whole=model.takes_cells) for one in inputs]
    options: Any = {"data_format": data_format, "device": device, "dtype": dtype}
    with running(path, limits):
        Y = model.predict_all(X, **options)
    outputs = dict(zip(model.OutputNames, Y, strict=True)) if isinstance(Y, tuple) else {"Y": Y}
    valid = valid_names(list(outputs))
    variables = {valid[name]: _writable(value) for name, value in outputs.items()}
    write_outputs(output, variables, overwrite=overwrite)
    return variables


def _writable(value: Any) -> Value:
    """A result as files hold it: lists are cells."""
    if isinstance(value, list):
        cell = np.empty((len(value), 1), dtype=object)
        cell[:, 0] = [_writable(item) for item in value]
        return cell
    return writable(value.extractdata() if isinstance(value, dlarray) else value)
