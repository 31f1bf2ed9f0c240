"""MATLAB's functions around shallow networks: classes as vectors, matrices as sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, cell_array
from ..display import counted
from ..errors import DataFormatError
from ..wording import argument


def vec2ind(vec: Any) -> Any:
    """The row of the largest element of each column, from 1, as a row; a cell for a cell.

    Parameters
    ----------
    vec:
        A matrix, classes×observations, or a cell of them.

    Examples
    --------
    >>> vec2ind([[0.1, 0.9], [0.8, 0.3]])
    array([[2, 1]])
    """
    if is_cell(vec):
        cell = as_cells(vec, 1)
        return cell_array(map(vec2ind, cell.ravel(order="F")), cell.shape)
    values = as_matrix(vec)
    if np.isnan(values).any():
        raise DataFormatError("There is NaN among the outputs: no row of it is the largest.")
    return values.argmax(axis=0)[np.newaxis] + 1


def ind2vec(ind: Any, N: int | None = None) -> Array:
    """A column for each index (from 1), with 1 in its row.

    Parameters
    ----------
    ind:
        Indices from 1.
    N:
        The number of rows; by default the largest index.

    Examples
    --------
    >>> ind2vec([2, 1])
    array([[0., 1.],
           [1., 0.]])
    """
    found = np.asarray(ind)
    if found.dtype.kind not in "biuf" or (found != np.floor(found)).any() or (found < 1).any():
        raise DataFormatError("Indices must be whole numbers from 1.")
    flat = found.astype(int).ravel(order="F")
    rows = int(flat.max(initial=0)) if N is None else N
    if flat.max(initial=0) > rows:
        raise DataFormatError(f"There is an index {flat.max()} for {counted(rows, 'row')}.")
    vectors = np.zeros((rows, flat.size))
    vectors[flat - 1, np.arange(flat.size)] = 1
    return vectors


def con2seq(X: Any) -> Array:
    """A matrix whose columns are time steps as a cell of time steps, 1×TS.

    Parameters
    ----------
    X:
        The matrix, elements×TS.

    Examples
    --------
    >>> con2seq([[1, 2, 3]]).shape
    (1, 3)
    """
    values = as_matrix(X)
    return cell_array(values[:, t : t + 1] for t in range(values.shape[1]))


def is_cell(value: Any) -> bool:
    """Whether a value is a cell: an array of objects, or a list with arrays or lists in it."""
    if isinstance(value, np.ndarray):
        return bool(value.dtype == object)
    return isinstance(value, list | tuple) and any(
        isinstance(one, np.ndarray) or is_cell(one) for one in value
    )


def as_cells(value: Any, rows: int) -> Array:
    """A cell of ``rows`` rows: of an array of objects, a list (of lists), or one array.

    Raises ``DataFormatError``: it has another number of rows.
    """
    if isinstance(value, np.ndarray) and value.dtype == object:
        cell = value.reshape(1, -1) if value.ndim == 1 else value
    else:
        given = list(value) if isinstance(value, list | tuple) else [value]
        nested = bool(given) and all(is_cell(one) or isinstance(one, list) for one in given)
        lists = [list(one) for one in given] if nested else [given]
        cell = np.empty((len(lists), len(lists[0])), object)
        for i, one in enumerate(lists):
            if len(one) != cell.shape[1]:
                raise DataFormatError("The rows of a cell must have as many elements each.")
            for t, item in enumerate(one):
                cell[i, t] = item
    if cell.ndim == 2 and cell.shape[0] != rows and cell.shape == (1, rows):
        cell = cell.T  # a list of the inputs at one time step
    if cell.ndim != 2 or (cell.shape[0] != rows and cell.size):
        raise DataFormatError(
            f"The cell has {counted(cell.shape[0], 'row')}, but there must be {rows}: one for each "
            "input (or layer), and a column for each time step."
        )
    return cell if cell.shape[0] == rows else np.empty((rows, 0), object)


def real_numbers(value: Any) -> Array:
    """Real numbers in double.

    Raises ``DataFormatError``: they are none.
    """
    try:
        found = np.asarray(value)
    except ValueError:
        found = np.empty(0, object)
    if found.dtype.kind not in "biuf":
        kind = "complex" if found.dtype.kind == "c" else f"of class {found.dtype.name}"
        raise DataFormatError(f"The data must be real numbers, not {kind}.")
    return found.astype(np.float64)


def as_matrix(value: Any) -> Array:
    """:func:`real_numbers` as a matrix: a vector is one column, a number 1×1.

    Raises ``DataFormatError``: they have more dimensions.
    """
    found = real_numbers(value)
    if found.ndim > 2:
        raise DataFormatError(
            f"The data have {found.ndim} dimensions.",
            remedy="give a matrix (a sample in each column) or a cell of time steps, or say what "
            f"the dimensions are: {argument('data_format', 'CTB')}.",
        )
    return found.reshape(-1, 1) if found.ndim < 2 else found


def joined(Y: Any) -> Any:
    """A result as one array: of a cell R×TS, or R×TS×Q of several samples.

    Raises ``DataFormatError``: the elements of the cell do not fit together.
    """
    if not is_cell(Y):
        return Y
    cell = as_cells(Y, len(Y))
    rows = [[as_matrix(one) for one in row] for row in cell]
    heights_differ = any(len({one.shape[0] for one in row}) > 1 for row in rows)
    if heights_differ or len({one.shape[1] for row in rows for one in row}) > 1:
        raise DataFormatError("The elements of the cell have different sizes.")
    if not cell.size:
        return np.zeros((0, 0))
    series = np.concatenate([np.stack(row, 1) for row in rows])
    return series[..., 0] if series.shape[2] == 1 else series
