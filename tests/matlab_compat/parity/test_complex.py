"""Complex results. Expected values: complex arithmetic on a few numbers, by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matlab_compat import transposedConv2dLayer
from matlab_compat.parity import Tolerance, compare, keeping_arrays
from matlab_compat.parity.diagnose import Measure, diagnose_output
from matlab_compat.parity.report import Report
from matlab_compat.parity.reports.html import html_page
from matlab_compat.parity.reports.text import comparison
from matlab_compat.parity.runner import Precision

from .alone import verify_layer

Array = NDArray[Any]
RANDOM = np.random.default_rng(0)
Z = (RANDOM.normal(size=(6, 6, 2, 1)) + 1j * RANDOM.normal(size=(6, 6, 2, 1))).astype(np.complex64)
MEASURE = Measure(2.0**-23, 4.0, 16)


def test_the_difference_is_that_of_complex_numbers() -> None:
    found = compare(np.array([[1 + 1j, 2]]), np.array([[1 + 1j, 2 + 3j + 4j**2 * 0]]))
    assert (found.verdict, found.max_abs, found.outside) == ("different", 3, 1)
    assert found.rel_l2 == pytest.approx(3 / np.sqrt(2 + 13))
    three_four = compare(np.array([[3 + 4j]]), np.array([[0j + 1e-30]]), tolerance=Tolerance(5))
    assert (three_four.verdict, three_four.max_abs) == ("equal", 5)


def test_only_the_imaginary_part_differs_and_the_verdict_sees_it() -> None:
    assert compare(Z, Z.conj()).verdict == "different"
    assert compare(Z, Z.copy()).verdict == "equal"


def test_one_complex_side_is_said() -> None:
    found = compare(Z.real, Z)
    assert found.reason.endswith("; the expected values are complex, the computed ones real")
    found = compare(Z, Z.real)
    assert found.reason.endswith("; the expected values are real, the computed ones complex")
    assert "complex" not in compare(Z, Z).reason


def test_nan_in_one_part_is_nan() -> None:
    odd = np.array([[complex(np.nan, 1), 1]])
    found = compare(odd, np.array([[1 + 1j, 1]]))
    assert (found.verdict, found.nan_actual, found.nan_expected) == ("different", 1, 0)


def test_reports_of_complex_values() -> None:
    with keeping_arrays():
        found = compare(Z, Z.conj(), name="Z")
    document = found.to_json()
    json.dumps(document, allow_nan=False)
    worst = document["worst"]
    assert complex(worst["actual"].replace("i", "j")) == Z[found.worst.index]  # type: ignore[union-attr]
    assert "i, expected" in comparison(document)
    page = html_page(Report((found,), Precision().environment()), "f")
    assert "abs(Z(:,:," in page


def test_a_complex_reference_of_a_real_layer() -> None:
    layer = transposedConv2dLayer(2, 1, NumChannels=1).initialize(seed=0)
    X = RANDOM.normal(size=(4, 4, 1, 1)).astype(np.float32)
    report = verify_layer(layer, X, layer.predict(X).astype(np.complex64) * 1j)
    assert report.verdict == "different"
    assert "the expected values are complex" in report.outputs[0].reason


@pytest.mark.parametrize(
    ("actual", "expected", "name"),
    [
        (Z, Z.conj(), "complex conjugate"),
        (Z, Z.conj().swapaxes(0, 1), "conjugate transposed"),
        (Z, Z.swapaxes(0, 1), "height and width exchanged"),
        (Z, Z.real, "real part only"),
        (Z.real, Z, "real part only"),
        (Z, Z.imag, "imaginary part only"),
        (Z, np.abs(Z), "magnitude only"),
        (Z, Z[::-1], "height flipped"),
    ],
)
def test_mistakes_with_complex_values(actual: Array, expected: Array, name: str) -> None:
    assert [d.name for d in diagnose_output(actual, expected, MEASURE)][:1] == [name]


def test_complex_noise_gets_no_diagnosis() -> None:
    assert diagnose_output(Z, Z + np.complex64(1e-3) * Z[::-1, ::-1] ** 2, MEASURE) == ()
