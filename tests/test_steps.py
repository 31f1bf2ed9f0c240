"""The counting of steps. Expected values: loops written out, by hand one call for each round."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.steps import growth, steps


def rounds(count: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(count):
            abs(1)

    return work


def test_each_call_and_return_is_a_step() -> None:
    assert steps(rounds(1000)) - steps(rounds(0)) == 2000


@pytest.mark.parametrize(("power", "expected"), [(1, 2), (2, 4)])
def test_growth_tells_linear_from_quadratic(power: int, expected: int) -> None:
    assert growth(lambda n: rounds(n**power), 20) == expected
