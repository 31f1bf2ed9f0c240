"""From a layer's file and an input's file to an output's file."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import UnsupportedLayerError, enough_memory, locating
from matlab_compat.layers import TransposedConvolution2DLayer

from .load import load
from .matfile import DEFAULT_LIMITS, Limits
from .matfile.writer import write_mat
from .readers.exported import INPUT_NAMES
from .verify import read_array

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike


def predict(
    path: str | PathLike[str],
    input: str,
    output: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    data_format: str = "SSCB",
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> npt.NDArray[Any]:
    """Run a layer and write ``Y``, in MATLAB order, to ``output``; returns Y as well.

    Parameters
    ----------
    path, variable, layer:
        As for :func:`converters.load`.
    input:
        ``FILE`` or ``FILE:VARIABLE`` with an array in MATLAB order (H×W×C×N for "SSCB").

    Raises
    ------
    MatlabCompatError
        Whatever :func:`converters.load` and the layer's ``predict`` raise; ``UsageError`` if
        ``output`` exists and ``overwrite`` is not set.
    """
    chosen = load(path, variable, layer, limits=limits)
    if not isinstance(chosen, TransposedConvolution2DLayer):
        raise UnsupportedLayerError(f"{type(chosen).__name__} cannot be run by this version.")
    X = read_array(input, INPUT_NAMES, limits)
    with locating(str(path)), enough_memory():
        Y: npt.NDArray[Any] = chosen.predict(X, data_format, device=device, dtype=dtype)
    if Y.dtype == np.float16:
        Y = Y.astype(np.float32)  # no MAT-file holds half precision
    write_mat(output, {"Y": np.asfortranarray(Y)}, level="7", overwrite=overwrite)
    return Y
