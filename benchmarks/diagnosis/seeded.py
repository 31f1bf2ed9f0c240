"""What a seeded mistake is: data, a wrong result made by torch alone, and what must be said of it.

Nothing here uses the search, or changes a description as the search does: the wrong results are
written out by hand in torch, as a person would who ports a layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from matlab_compat.parity.diagnosis_types import Diagnosis
from matlab_compat.parity.report import Report

Array = NDArray[Any]
Tensor = torch.Tensor

#: What is right where there is no difference.
EQUAL = "(equal)"


@dataclass(frozen=True)
class Case:
    """One mistake, made once."""

    place: str
    kind: str
    #: Which data, and whether activations were saved.
    how: str
    run: Callable[[], Report | None]
    #: What the name and the text of the right diagnosis match; "" where there is none.
    right: str
    #: Layers that may be named; any where empty.
    where: tuple[str, ...] = ()
    #: A stricter judge of the first diagnosis, where there is one: see :mod:`.judge`.
    agrees: Callable[[Diagnosis], bool] | None = None

    def verdict(self, report: Report | None) -> str:
        """``right``, ``wrong``, ``none`` or ``equal``: nothing to be seen."""
        if report is None or report.verdict == "equal":
            return "equal"
        if self.right == EQUAL:
            return "wrong"
        found = report.diagnoses
        if not found:
            return "none"
        first = found[0]
        said = f"{first.name}: {first.text}"
        fits = self.right and re.search(self.right, said)
        in_place = not self.where or any(name in said or name in first.where for name in self.where)
        return "right" if fits and in_place else "wrong"


class Data(NamedTuple):
    """What a mistake is made on."""

    seed: int
    smooth: bool
    #: Whether activations are saved.
    saved: bool

    def __str__(self) -> str:
        kind = "smooth" if self.smooth else "random"
        return f"{kind} {'saved ' if self.saved else ''}{self.seed}"


Made = Callable[[Data], Report]


@dataclass
class Table:
    """The mistakes of one place, each of which is made on several data."""

    place: str
    smooth: tuple[bool, ...] = (False, True)
    saved: tuple[bool, ...] = (False,)
    rows: dict[str, tuple[str, str, Made]] = field(default_factory=dict)

    def add(self, kind: str, right: str, where: str, made: Made) -> None:
        """One mistake, what must be said of it, and the names of layers that may be named."""
        self.rows[kind] = right, where, made

    def cases(self, seed: int) -> Iterator[Case]:
        """All, on all data of one seed."""
        for kind, (right, where, made) in self.rows.items():
            for smooth, saved in product(self.smooth, self.saved):
                data = Data(seed, smooth, saved)
                run = partial(made, data)
                yield Case(self.place, kind, str(data), run, right, tuple(where.split()))


def generator(seed: int) -> np.random.Generator:
    """Numbers of one seed."""
    return np.random.default_rng([17, seed])


def images(smooth: bool, seed: int, *size: int) -> Array:
    """H×W×C×N: normal numbers, or ones that change slowly, from 0 to 1."""
    x = generator(seed).standard_normal(size)
    if smooth:
        for axis in range(min(2, len(size))):
            x = np.cumsum(x, axis)
        x = (x - x.min()) / np.ptp(x)
    return np.asarray(x, np.float32)


def numbers(random: np.random.Generator, *size: int) -> Array:
    """Weights."""
    return np.asarray(random.normal(size=size) / np.sqrt(max(1, np.prod(size[:-1]) ** 0.5)), "f4")


def tensor(x: Array) -> Tensor:
    """MATLAB's order reversed: H×W×C×N to N,C,H,W, C×N×T to N,C,T; in double."""
    order = {5: (4, 3, 0, 1, 2), 4: (3, 2, 0, 1), 3: (1, 0, 2), 2: (1, 0)}[x.ndim]
    return torch.from_numpy(np.ascontiguousarray(x.transpose(order))).double()


def array(y: Tensor) -> Array:
    """The inverse, in single."""
    order = {5: (2, 3, 4, 1, 0), 4: (2, 3, 1, 0), 3: (1, 0, 2), 2: (1, 0)}[y.ndim]
    return np.asfortranarray(y.detach().float().numpy().transpose(order))


def filters(w: Array) -> Tensor:
    """h×w×C×F to F,C,h,w."""
    return torch.from_numpy(w.transpose(3, 2, 0, 1).copy()).double()


def vector(b: Array) -> Tensor:
    """A bias, of any orientation."""
    return torch.from_numpy(b.ravel(order="F").copy()).double()
