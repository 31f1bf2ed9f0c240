"""Values as MATLAB shows them.

Expected values: public documentation pages of layers and of ``trainingOptions``
(``InitialLearnRate: 1.0000e-03``, ``0.0100``). Octave cannot tell: its ``format short`` counts
significant digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matlab_compat.display import (
    array_text,
    enumerated,
    matlab_text,
    number_text,
    row_text,
    size_text,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (96, "96"),
        (-3, "-3"),
        (1.0, "1"),
        (0.5, "0.5000"),
        (0.01, "0.0100"),
        (0.001, "1.0000e-03"),
        (0.0011, "0.0011"),
        (1e-5, "1.0000e-05"),
        (-1e-5, "-1.0000e-05"),
        (123.456, "123.4560"),
        (1234.5, "1.2345e+03"),
        (100000, "100000"),
        (1e10, "1.0000e+10"),
        (float("inf"), "Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_number(value: float, shown: str) -> None:
    assert number_text(value) == shown
    assert matlab_text(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("manual", "'manual'"),
        ("", "''"),
        ((4, 4), "[4 4]"),
        ((0, 1, 0, 1), "[0 1 0 1]"),
        (["in"], "{'in'}"),
        (["in1", "in2"], "{'in1' 'in2'}"),
        (True, "1"),
        (np.bool_(False), "0"),
        (np.float32(0.5), "0.5000"),
        (np.zeros((3, 3, 16, 64), np.float32), "[3×3×16×64 single]"),
        (np.zeros((0, 0)), "[]"),
        (np.array([[2.0]]), "2"),
        (max, "@max"),
    ],
)
def test_value(value: Any, shown: str) -> None:
    assert matlab_text(value) == shown


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(np.float32, "single"), (np.float64, "double"), (bool, "logical"), (np.uint8, "uint8")],
)
def test_array_is_size_and_class(kind: type, shown: str) -> None:
    assert array_text(np.ones((1, 2), kind)) == f"[1×2 {shown}]"


def test_sizes_have_the_multiplication_sign() -> None:
    assert size_text((3, 3, 16)) == "3\u00d73\u00d716"


def test_vectors_in_sentences_have_two_spaces() -> None:
    assert row_text((1, 1)) == "[1  1]"


@pytest.mark.parametrize(
    ("names", "shown"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_names_in_a_sentence(names: list[str], shown: str) -> None:
    assert enumerated(names, "or") == shown
    assert enumerated(names) == shown.replace("or", "and")
