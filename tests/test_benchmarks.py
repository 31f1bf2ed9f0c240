"""What the benchmarks say of few measurements. The figures are written out by the test."""

from __future__ import annotations

from benchmarks.speed.algorithms import summary
from matlab_compat.engine.fast.phases import ALGORITHMS, Phases, Shape, choose

SIDE = Phases(8, 3, 1, 1, 1)
SHAPE = Shape(16, 16, SIDE, SIDE)


def test_an_algorithm_without_a_measurement_has_no_mean() -> None:
    """Four shapes are too few for each algorithm to have had its turn."""
    best = choose(1, SHAPE)
    lines = list(summary([(1, SHAPE, {best: 0.5})] * 4))
    assert lines[0] == "the choice gets 1.00 of the best speed, worst 1.00"
    for line, algorithm in zip(lines[1:], ALGORITHMS, strict=False):
        assert line.startswith(algorithm.__name__)
        assert ("always: 1.00" in line) is (algorithm is best)
        assert ("always:    -" in line) is (algorithm is not best)


def test_no_measurement_at_all_is_said() -> None:
    assert list(summary([])) == ["too few to say anything: give it more seconds"]


def test_a_choice_that_was_not_measured_says_nothing_of_the_others() -> None:
    other = next(one for one in ALGORITHMS if one is not choose(1, SHAPE))
    assert len(list(summary([(1, SHAPE, {other: 0.5})]))) == 1
