"""Where boxes stand and wires run. Expected values: what makes a drawing readable, as Sugiyama and
others (1981) list it: no box on another, wires that go down, few crossings, straight main paths.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from matlab_compat.pages.layout import Layout, layout

WIDTH, HEIGHT = 100.0, 40.0


def chain(count: int) -> list[tuple[int, int]]:
    return list(pairwise(range(count)))


def at_random(seed: int) -> list[tuple[int, int]]:
    """A chain of 40 with branches and skips of all lengths."""
    drawn = random.Random(seed)
    skips = [tuple(sorted(drawn.sample(range(40), 2))) for _ in range(25)]
    return list(dict.fromkeys([*chain(40)[::3], *((a, b) for a, b in skips)]))


SHAPES = {
    "chain": (6, chain(6)),
    "residual": (6, [*chain(6), (1, 4)]),
    "u": (9, [*chain(9), (1, 7), (2, 6), (3, 5)]),
    "branches": (6, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (4, 5)]),
    "two inputs": (4, [(0, 1), (1, 3), (2, 3)]),
    "apart": (4, [(0, 1), (2, 3)]),
    "random 1": (40, at_random(1)),
    "random 2": (40, at_random(2)),
}


def made(name: str) -> tuple[Layout, list[tuple[int, int]]]:
    count, wires = SHAPES[name]
    return layout(count, wires, WIDTH, HEIGHT), wires


@pytest.mark.parametrize("name", SHAPES)
def test_no_box_lies_on_another(name: str) -> None:
    found, _ = made(name)
    for i, (x, y) in enumerate(found.centres):
        for other_x, other_y in found.centres[:i]:
            assert abs(x - other_x) > WIDTH or abs(y - other_y) > HEIGHT


@pytest.mark.parametrize("name", SHAPES)
def test_every_wire_goes_down_from_its_box_to_the_other(name: str) -> None:
    found, wires = made(name)
    for (start, end), corners in zip(wires, found.wires, strict=True):
        assert all(y < below for (_, y), (_, below) in pairwise(corners))
        (x, y), (to_x, to_y) = found.centres[start], found.centres[end]
        assert corners[0] == pytest.approx((x, y + HEIGHT / 2))
        assert corners[-1] == pytest.approx((to_x, to_y - HEIGHT / 2))


@pytest.mark.parametrize("name", SHAPES)
def test_no_wire_runs_through_a_box(name: str) -> None:
    found, wires = made(name)
    for (start, end), corners in zip(wires, found.wires, strict=True):
        for box, (x, y) in enumerate(found.centres):
            passing = [at for at, height in corners if abs(height - y) <= HEIGHT / 2]
            assert box in (start, end) or all(abs(at - x) > WIDTH / 2 for at in passing)


@pytest.mark.parametrize("name", SHAPES)
def test_everything_is_within_the_drawing(name: str) -> None:
    found, _ = made(name)
    assert min(x for x, _ in found.centres) == pytest.approx(WIDTH / 2, abs=WIDTH)
    every = [*found.centres, *(corner for corners in found.wires for corner in corners)]
    assert all(0 <= x <= found.width and 0 <= y <= found.height for x, y in every)


def test_the_main_path_of_a_long_residual_network_runs_straight() -> None:
    found = layout(200, [*chain(200), *((i, i + 4) for i in range(0, 196, 4))], WIDTH, HEIGHT)
    assert max(x for x, _ in found.centres) - min(x for x, _ in found.centres) < 1


def test_branches_stand_evenly_below_what_feeds_them() -> None:
    found, _ = made("branches")
    assert found.centres[0][0] == found.centres[4][0] == pytest.approx(found.width / 2)


def test_branches_that_can_be_apart_do_not_cross() -> None:
    # 0 feeds 1 and 2; each feeds two, given in an order that crosses.
    found = layout(7, [(0, 1), (0, 2), (1, 4), (2, 3), (1, 6), (2, 5)], WIDTH, HEIGHT)
    left, right = sorted((1, 2), key=lambda box: found.centres[box])
    fed = {1: (4, 6), 2: (3, 5)}
    leftmost, rightmost = (found.centres[box][0] for box in (fed[left][0], fed[right][0]))
    assert max(found.centres[b][0] for b in fed[left]) < min(
        found.centres[b][0] for b in fed[right]
    )
    assert leftmost < rightmost


def test_an_input_stands_close_to_what_it_feeds() -> None:
    found = layout(5, [(0, 1), (1, 2), (2, 3), (4, 3)], WIDTH, HEIGHT)
    assert found.centres[4][1] == found.centres[2][1]


def test_a_wire_that_leads_back_runs_up_and_one_to_its_own_box_is_left_out() -> None:
    found = layout(3, [(0, 1), (1, 2), (2, 0), (1, 1)], WIDTH, HEIGHT)
    assert found.centres[0][1] < found.centres[1][1] < found.centres[2][1]
    back, own = found.wires[2], found.wires[3]
    assert all(y > above for (_, y), (_, above) in pairwise(back))
    assert own == ()


def test_of_too_many_wires_to_draw_the_longest_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matlab_compat.pages.layout._MOST_BENDS", 300)
    wires = [*chain(40), *((i, 39) for i in range(38))]
    found = layout(40, wires, WIDTH, HEIGHT)
    drawn = [end - start for (start, end), c in zip(wires, found.wires, strict=True) if c]
    left_out = [end - start for (start, end), c in zip(wires, found.wires, strict=True) if not c]
    assert len(drawn) > 40
    assert max(drawn) < min(left_out)


def test_nothing_is_no_drawing() -> None:
    assert layout(0, [], WIDTH, HEIGHT) == Layout((), (), 0, 0)
