"""When a candidate fits. Expected values: by hand."""

from __future__ import annotations

import numpy as np

from matlab_compat.parity import Tolerance, compare
from matlab_compat.parity.diagnose import Measure, diagnose_output, measure_of
from matlab_compat.parity.diagnose.measure import Side, in_words

MEASURE = Measure(eps=0.25, scale=2.0, bound=16)


def test_the_distance_is_counted_in_roundings() -> None:
    assert MEASURE.distance(np.array([1.0, 2.0]), np.array([1.0, 3.5])) == 3  # 1.5 / (0.25 * 2)


def test_nan_and_inf_agree_with_themselves_only() -> None:
    odd = np.array([np.nan, np.inf, 1.0])
    assert MEASURE.distance(odd, odd) == 0
    assert MEASURE.distance(odd, np.array([0.0, np.inf, 1.0])) == np.inf
    assert MEASURE.distance(odd, np.array([np.nan, -np.inf, 1.0])) == np.inf


def test_other_sizes_are_infinitely_far() -> None:
    assert MEASURE.distance(np.ones((2, 3)), np.ones((3, 2))) == np.inf


def test_the_sample_never_clears_what_is_outside_it() -> None:
    a = np.zeros(100_000)
    b = a.copy()
    b[12_345] = 100
    assert MEASURE.distance(a, b) == 200


def test_an_explicit_tolerance_is_the_bound() -> None:
    a = np.array([[1.0, 2.0, 4.0]])
    tolerance = Tolerance(atol=0.5, rtol=0.125)
    found = measure_of(compare(a, a, tolerance=tolerance), a, 2.0**-23, tolerance)
    assert found.bound * found.unit == 0.5 + 0.125 * 4


def test_values_that_hardly_vary_tell_nothing() -> None:
    """Within what a loose tolerance allows, any image fits any other."""
    random = np.random.default_rng(0)
    a, b = 1 + 1e-3 * random.random((2, 16, 16, 3, 1))
    loose = Measure(eps=2.0**-23, scale=5e-4 / (16 * 2.0**-23), bound=16)
    assert diagnose_output(a, b, loose) == ()


def test_too_few_values_tell_nothing() -> None:
    assert diagnose_output(np.array([[2.0]]), np.array([[4.0]]), Measure(2.0**-23, 4, 16)) == ()


def test_a_smooth_image_is_not_its_own_shift() -> None:
    """Cosine similarity above 0.9999, and yet no diagnosis: noise is in it as well."""
    y, x = np.mgrid[0:1:64j, 0:1:64j]
    image = (1 + 0.1 * np.sin(y + 2 * x))[:, :, None, None]
    noise = 1e-5 * np.random.default_rng(0).normal(size=(63, 63, 1, 1))
    found = diagnose_output(image[:63, :63], image[1:, 1:] + noise, Measure(2.0**-23, 1.1, 16))
    assert found == ()
    found = diagnose_output(image[:63, :63], image[1:, 1:], Measure(2.0**-23, 1.1, 16))
    assert found[0].name == "shifted"


def test_a_diagnosis_is_put_into_words_for_either_side() -> None:
    said = f"{Side.EXPECTED} is {Side.ACTUAL_ONE} times 2"
    assert in_words(said, turned=False) == "the expected output is this one times 2"
    assert in_words(said, turned=True) == "the tested result is MATLAB's times 2"
    plain = "torch's GRU has two biases: this one is bias_ih_l0."
    assert in_words(plain, turned=True) == plain
