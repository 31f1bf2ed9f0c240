"""Which cases the bench measures again, and what it shows of them.

Expected values: the rule of :func:`benchmarks.speed.timing.settled`, played through by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from benchmarks.speed.timing import Allowance, Row, settled


def margin(row: Row) -> float:
    return float(row.more["of best"])


def case(found: Sequence[float], order: list[float]) -> Callable[[], Iterator[Row]]:
    """Measures these margins, one after the other, and notes when."""
    values = iter(found)

    def measure() -> Iterator[Row]:
        order.append(next(values))
        yield Row("", {"ours": 1.0}, {"of best": order[-1]})

    return measure


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ([1.0], 1.0),
        ([0.7, 1.1, 1.2], 1.1),
        ([0.7, 0.8, 1.2, 1.1, 1.3], 1.1),
        ([0.7, 0.8, 0.9, 1.1, 1.3], 0.9),
    ],
)
def test_a_case_is_measured_until_its_median_is_met(found: list[float], shown: float) -> None:
    order: list[float] = []
    ((row,),) = settled([case(found, order)], margin)
    assert margin(row) == shown
    assert order == found


def test_others_come_before_a_case_is_measured_again() -> None:
    order: list[float] = []
    rows = settled([case([0.7, 1.3, 1.2], order), case([1.1], order)], margin)
    assert order == [0.7, 1.1, 1.3, 1.2]
    assert [margin(row) for (row,) in rows] == [1.2, 1.1]


def test_of_two_measurements_the_worse_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Allowance, "end", None)
    again = case([0.7, 1.2], [])

    def until_the_time_is_up() -> Iterator[Row]:
        for row in again():
            Allowance.end = 0.0 if margin(row) > 1 else None
            yield row

    ((row,),) = settled([until_the_time_is_up], margin)
    assert margin(row) == 0.7
