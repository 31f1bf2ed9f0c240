"""Reports made by hand, so that every figure in them is known."""

from __future__ import annotations

import numpy as np

from matlab_compat.parity import Comparison, compare, keeping_arrays
from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.report import Report

#: Names as a file may hold them: markup, a terminal escape, a lone surrogate, a forged line, an
#: override of the direction of writing, what XML may not hold, Markdown, TeX for matplotlib.
HOSTILE = "<script>alert(1)</script>\x1b[31m\ud800\nY: equal\u202e\x00\uffff`|*$\\frac$@user]]>&\"'"

ENVIRONMENT = {
    "matlab_compat": "0.1.0",
    "torch": "2.0",
    "device": "cpu",
    "dtype": "float32",
    "tf32": "off",
}


def comparison(name: str = "Y", *, off: float = 0.0) -> Comparison:
    """4 x 3 x 2 x 1 with the values 1..24 in MATLAB's order; ``Y(2,3,2)`` is off by ``off``."""
    expected = np.arange(1, 25, dtype=np.float64).reshape((4, 3, 2, 1), order="F")
    actual = expected.copy()
    actual[1, 2, 1, 0] += off
    with keeping_arrays():
        return compare(actual, expected, name=name, oracle=expected)


def report(name: str = "Y", *, off: float = 0.0, layers: tuple[Comparison, ...] = ()) -> Report:
    """One output, and ``layers`` as the activations along the network."""
    found = Diagnosis(name, f"{name} was shifted", 0.5, f"shift {name} back", name)
    diagnoses = (found,) if off else ()
    return Report((comparison(name, off=off),), dict(ENVIRONMENT), layers, diagnoses)
