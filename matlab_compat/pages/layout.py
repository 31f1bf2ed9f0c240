"""Where the boxes of a diagram stand and how its wires run: in rows, from above to below.

After Sugiyama, Tagawa and Toda (Methods for visual understanding of hierarchical system structures,
1981): each box gets a row below what feeds it; a wire over several rows bends in each; the rows are
ordered by medians such that few wires cross; then boxes move to the weighted median of what they
are connected to. They are kept apart by isotonic regression, so that long wires and the main path
run straight. Linear in boxes and bends, but for sorting. Knows nothing of networks.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import median

Point = tuple[float, float]

#: Between boxes beside each other, wires beside each other, and rows.
_BESIDE, _WIRES, _BELOW = 26.0, 14.0, 16.0
#: How much a wire resists being bent: between two boxes, two bends, or a box and a bend. What
#: resists less gives way, or the main path would yield to each skip a little.
_DIRECT, _STIFF, _LOOSE = 1e6, 1e3, 1.0
#: Wires that bend more often than this, all together, are not laid, the longest first.
_MOST_BENDS = 40_000
_ROUNDS = 8


@dataclass(frozen=True)
class Layout:
    """The places of all boxes, by their centres, and of the corners of all wires."""

    centres: tuple[Point, ...]
    #: From the box that it leaves to the one that it enters; empty for one that is not drawn.
    wires: tuple[tuple[Point, ...], ...]
    width: float
    height: float


def layout(count: int, wires: Sequence[tuple[int, int]], width: float, height: float) -> Layout:
    """Lay out boxes of one size.

    Parameters
    ----------
    count:
        How many boxes there are, numbered from 0. Where nothing else decides, a lower number stands
        further left.
    wires:
        From box to box. Those of a circle that lead back run from below to above. One from a box
        to itself is not drawn, nor are the longest where there would be too many bends to draw.
    width, height:
        Of each box.

    Examples
    --------
    >>> found = layout(3, [(0, 1), (1, 2)], 100, 40)
    >>> [x for x, _ in found.centres], found.width
    ([50.0, 50.0, 50.0], 100.0)
    """
    down = _without_circles(count, wires)
    rows = _Rows(count, _ranks(count, down), down)
    rows.order()
    x = rows.positions(width)
    return rows.placed(x, wires, width, height)


def _without_circles(count: int, wires: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The wires, with those turned round that lead back to where they came from."""
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in wires:
        after[start].append(end)
    state = [0] * count  # 1 while what follows a box is looked at, 2 afterwards
    back: set[tuple[int, int]] = set()
    for first in range(count):
        stack = [(first, iter(after[first]))] if not state[first] else []
        state[first] = state[first] or 1
        while stack:
            at, rest = stack[-1]
            for end in rest:
                if state[end] == 1:
                    back.add((at, end))
                elif not state[end]:
                    state[end] = 1
                    stack.append((end, iter(after[end])))
                    break
            else:
                state[at] = 2
                stack.pop()
    return [(b, a) if (a, b) in back else (a, b) for a, b in wires]


def _ranks(count: int, wires: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each box: below all that feed it, and close to what it feeds."""
    before: dict[int, list[int]] = {box: [] for box in range(count)}
    after: dict[int, list[int]] = {box: [] for box in range(count)}
    for start, end in wires:
        if start != end:
            after[start].append(end)
            before[end].append(start)
    order = list(TopologicalSorter(before).static_order())
    rank = [0] * count
    for box in order:
        rank[box] = max((rank[start] + 1 for start in before[box]), default=0)
    for box in reversed(order):
        if len(before[box]) < len(after[box]):
            rank[box] = min(rank[end] for end in after[box]) - 1
    return rank


class _Rows:
    def __init__(self, count: int, rank: list[int], wires: Sequence[tuple[int, int]]) -> None:
        self.count = count
        self.rank = list(rank)
        self.above: list[list[int]] = [[] for _ in range(count)]
        self.below: list[list[int]] = [[] for _ in range(count)]
        #: What each wire goes through, from above to below.
        self.paths: list[list[int]] = []
        self._lay(wires)
        self.rows: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for point in self._depth_first():
            self.rows[self.rank[point]].append(point)

    def _lay(self, wires: Sequence[tuple[int, int]]) -> None:
        """A bend in each row that a wire passes; wires that leave a box together share them."""
        longest = _longest(self.rank, wires)
        bends: dict[tuple[int, int], int] = {}
        for start, end in wires:
            first, last = self.rank[start], self.rank[end]
            if not 0 < last - first <= longest:
                self.paths.append([])
                continue
            path = [start]
            for rank in range(first + 1, last):
                if (start, rank) not in bends:
                    bends[start, rank] = self._bend(rank)
                    self._connect(path[-1], bends[start, rank])
                path.append(bends[start, rank])
            self._connect(path[-1], end)
            self.paths.append([*path, end])

    def _bend(self, rank: int) -> int:
        self.rank.append(rank)
        self.above.append([])
        self.below.append([])
        return len(self.rank) - 1

    def _connect(self, start: int, end: int) -> None:
        self.below[start].append(end)
        self.above[end].append(start)

    def _depth_first(self) -> Iterator[int]:
        """All points, such that branches stay together."""
        seen = [False] * len(self.rank)
        for first in range(len(self.rank)):
            stack = [first] if not self.above[first] else []
            while stack:
                point = stack.pop()
                if not seen[point]:
                    seen[point] = True
                    yield point
                    stack += reversed(self.below[point])

    # --- the order within each row

    def order(self) -> None:
        """Sort each row by the medians of the row before, downwards and upwards in turn."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for i in range(2 * _ROUNDS):
            if not fewest:
                break
            rows = self.rows[1:] if i % 2 == 0 else self.rows[-2::-1]
            beside = self.above if i % 2 == 0 else self.below
            place = self._places()
            for row in rows:
                middle = {p: median([place[q] for q in beside[p]] or [place[p]]) for p in row}
                row.sort(key=middle.__getitem__)
                place.update({point: float(at) for at, point in enumerate(row)})
            if (count := self._crossings()) < fewest:
                best, fewest = [list(row) for row in self.rows], count
        self.rows = best

    def _places(self) -> dict[int, float]:
        return {point: float(at) for row in self.rows for at, point in enumerate(row)}

    def _crossings(self) -> int:
        place = self._places()
        count = 0
        for row in self.rows:
            ends: list[float] = []
            for point in row:
                to = sorted(place[q] for q in self.below[point])
                count += sum(len(ends) - bisect_right(ends, end) for end in to)
                for end in to:
                    insort(ends, end)
        return count

    # --- where each point of a row is

    def positions(self, width: float) -> list[float]:
        """The horizontal centre of each point; the leftmost box begins at 0."""
        x = [0.0] * len(self.rank)
        spaces = [self._spaces(row, width) for row in self.rows]
        for row, space in zip(self.rows, spaces, strict=True):
            for point, at in zip(
                row, _apart([0.0] * len(row), [1.0] * len(row), space), strict=True
            ):
                x[point] = at
        for i in range(2 * _ROUNDS + 1):
            upwards = i % 2 == 1
            beside = self.below if upwards else self.above
            pairs = list(zip(self.rows, spaces, strict=True))
            for row, space in reversed(pairs) if upwards else pairs:
                wanted, weights = [], []
                for point in row:
                    near = [(x[other], self._stiffness(point, other)) for other in beside[point]]
                    wanted.append(_weighted_median(near) if near else x[point])
                    weights.append(sum(weight for _, weight in near) or 1e-3)
                for point, at in zip(row, _apart(wanted, weights, space), strict=True):
                    x[point] = at
        half = [width / 2 if point < self.count else 0.0 for point in range(len(x))]
        left = min((at - side for at, side in zip(x, half, strict=True)), default=0.0)
        return [at - left for at in x]

    def _spaces(self, row: list[int], width: float) -> list[float]:
        """How far each point of a row is at least from the one before."""
        half = [width / 2 if point < self.count else 0.0 for point in row]
        return [a + b + (_BESIDE if a and b else _WIRES) for a, b in pairwise(half)]

    def _stiffness(self, one: int, other: int) -> float:
        bends = (one >= self.count) + (other >= self.count)
        return (_DIRECT, _LOOSE, _STIFF)[bends]

    # --- the result

    def placed(
        self, x: list[float], wires: Sequence[tuple[int, int]], width: float, height: float
    ) -> Layout:
        """The layout: rows are as far apart as the wires between them need."""
        tops: list[float] = []
        top = 0.0
        for row in self.rows:
            tops.append(top)
            aside = max((abs(x[p] - x[q]) for p in row for q in self.below[p]), default=0.0)
            top += height + _BELOW + min(aside * 0.12, 44.0)
        centres = tuple((x[box], tops[self.rank[box]] + height / 2) for box in range(self.count))
        drawn = []
        for path, (start, _) in zip(self.paths, wires, strict=True):
            corners: list[Point] = []
            for i, point in enumerate(path):
                top = tops[self.rank[point]]
                corners += [(x[point], top)] if i else []
                corners += [(x[point], top + height)] if i < len(path) - 1 else []
            drawn.append(tuple(corners if path[:1] == [start] else corners[::-1]))
        right = max((x[p] + (width / 2 if p < self.count else 0) for p in range(len(x))), default=0)
        return Layout(centres, tuple(drawn), right, (tops[-1] + height) if tops else 0.0)


def _longest(rank: Sequence[int], wires: Sequence[tuple[int, int]]) -> int:
    """How many rows a wire may go down, so that all those that are laid have few enough bends."""
    reach: dict[int, set[int]] = {}
    for start, end in wires:
        reach.setdefault(start, set()).add(rank[end] - rank[start])
    longest = max((max(lengths) for lengths in reach.values()), default=0)
    while longest > 1:
        kept = (max((n for n in lengths if n <= longest), default=1) for lengths in reach.values())
        if sum(length - 1 for length in kept) <= _MOST_BENDS:
            break
        longest = longest * 3 // 4
    return longest


def _weighted_median(pairs: list[tuple[float, float]]) -> float:
    """The value with half of the weight on either side; between two, where they share it."""
    if len(pairs) == 1:
        return pairs[0][0]
    pairs.sort()
    half = sum(weight for _, weight in pairs) / 2
    for i, (value, weight) in enumerate(pairs):
        half -= weight
        if half < 0:
            return value
        if half == 0:
            return (value + pairs[i + 1][0]) / 2
    return pairs[-1][0]


def _apart(wanted: list[float], weights: list[float], spaces: list[float]) -> list[float]:
    """The places nearest to those wanted, by weighted squares, in this order and so far apart.

    Isotonic regression by pooling adjacent violators, of the places less the spaces before them.
    """
    offset = 0.0
    offsets = [0.0]
    for space in spaces:
        offset += space
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many points
    for want, weight, before in zip(wanted, weights, offsets, strict=False):
        mean, total, count = want - before, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, points = blocks.pop()
            mean = (mean * total + other * more) / (total + more)
            total, count = total + more, count + points
        blocks.append((mean, total, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + before for mean, before in zip(means, offsets, strict=False)]
