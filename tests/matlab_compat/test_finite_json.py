"""Values for JSON. Expected values: the texts, as in the docstring."""

from __future__ import annotations

from matlab_compat.finite_json import finite_json

NAN, INF = float("nan"), float("inf")


def test_finite_json() -> None:
    assert finite_json({"a": (1.5, NAN, [INF, -INF]), "b": "text", "c": None, "d": 3}) == {
        "a": [1.5, "NaN", ["Infinity", "-Infinity"]],
        "b": "text",
        "c": None,
        "d": 3,
    }
