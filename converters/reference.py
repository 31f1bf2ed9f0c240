"""What a comparison computed, as a MAT-file that other tools can compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING

from matlab_compat.errors import NothingToCompareError

from .data import writable
from .matfile.values import StructArray, Value
from .matfile.writer import write_mat
from .names import valid_name

if TYPE_CHECKING:
    from matlab_compat.arrays import Array
    from matlab_compat.parity import Comparison
    from matlab_compat.parity.report import Report

#: Ends the names of oracles; there is room for it in the 63 letters of a name.
_ORACLE = "_float64"


def save_reference(
    report: Report, path: str | PathLike[str], *, overwrite: bool = False
) -> dict[str, Value]:
    """Write the outputs computed here, and beside each its float64 oracle, to a MAT-file.

    ``Y`` is what was computed and ``Y_float64`` the oracle; activations lie in structs
    ``activations`` and ``activations_float64`` with a field for each layer, so that the file can
    be named with ``--expected``. All in MATLAB order (H×W×C×N).

    Raises ``NothingToCompareError``: the report has no arrays; ``UsageError``: the file exists and
    ``overwrite`` is not set; ``FileAccessError``: it cannot be written.

    Parameters
    ----------
    report:
        Made inside :func:`~matlab_compat.parity.keeping_arrays`.

    Returns
    -------
    Variable name to what was written.
    """
    variables: dict[str, Value] = {}
    for side, suffix in (("actual", ""), ("oracle", _ORACLE)):
        for name, array in _arrays(report.outputs, side):
            variables[name + suffix] = array
        if fields := dict(_arrays(report.activations, side)):
            variables[f"activations{suffix}"] = StructArray.scalar(**fields)
    if not variables:
        raise NothingToCompareError("The report has no arrays to write.")
    write_mat(path, variables, level="7", overwrite=overwrite)
    return variables


def _arrays(compared: Iterable[Comparison], side: str) -> Iterator[tuple[str, Array]]:
    """The arrays of one side under names that are valid and, with and without suffix, different."""
    taken: set[str] = set()
    for one in compared:
        if one.arrays is not None:
            name, number = valid_name(one.name)[: 63 - len(_ORACLE)], 1
            while {name, name + _ORACLE} & taken:
                number += 1
                name = f"{name[:40]}_{number}"
            taken |= {name, name + _ORACLE}
            if (array := getattr(one.arrays, side)) is not None:
                yield name, writable(array)
