"""Limits on what a file may make us do; on by default, lifted by the caller one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

from matlab_compat.errors import LimitExceededError
from matlab_compat.language.source import CodeLimits
from matlab_compat.wording import argument

GIB = 1 << 30
#: numpy frees nested arrays by recursion in C; some thousands of levels end the interpreter.
DEEPEST = 1000
_COST_OF_REPETITION = 250


@dataclass(frozen=True)
class Limits:
    """Upper bounds checked while a MAT-file is read.

    Every bound that is hit raises ``LimitExceededError`` naming the parameter to raise.

    Parameters
    ----------
    max_bytes:
        Bytes that one variable may decode to (and that one file's object store may).
    max_depth:
        Nesting of cells, structs and objects.
    max_elements:
        Cells, struct fields, characters held as objects and object references in one variable:
        things that each cost a Python object however few bytes the file spends on them. Where it
        is more than 2^31, also the elements of any array that a model out of the file makes.
    code:
        What the user's MATLAB code may use.
    """

    max_bytes: int = 4 * GIB
    max_depth: int = 100
    max_elements: int = 5_000_000
    code: CodeLimits = field(default_factory=CodeLimits)

    def check(self, limit: str, count: int, what: str, offset: int | None = None) -> None:
        """Raise ``LimitExceededError`` if ``count`` is more than the limit of that name.

        ``what`` begins the sentence about it; ``offset`` is the byte of the file that asks for it.
        """
        if count > (allowed := getattr(self, limit)):
            raise LimitExceededError(
                f"{what}; the limit is {allowed}.",
                remedy=f"if you trust the file, pass {argument(limit, count)} or more.",
                offset=offset,
            )


DEFAULT_LIMITS = Limits()


@dataclass
class Budget:
    """What is left of the limits while one variable is read."""

    limits: Limits
    spent_bytes: int = field(default=0, init=False)
    spent_elements: int = field(default=0, init=False)
    met: set[int] = field(default_factory=set, init=False)

    def spend_bytes(self, count: int, offset: int | None = None) -> None:
        """Raise ``LimitExceededError`` if ``count`` more bytes are too many."""
        self.spent_bytes += count
        if self.spent_bytes > self.limits.max_bytes:
            what = f"The variable needs {self.spent_bytes} bytes or more"
            self.limits.check("max_bytes", self.spent_bytes, what, offset)

    def spend_elements(self, count: int, offset: int | None = None) -> None:
        """Raise ``LimitExceededError`` if ``count`` more cells, fields ... are too many."""
        self.spent_elements += count
        if self.spent_elements > self.limits.max_elements:
            what = f"The variable has {self.spent_elements} cells and fields or more"
            self.limits.check("max_elements", self.spent_elements, what, offset)

    def meet(self, address: int) -> None:
        """Count an entry that is met again dearly: MATLAB writes one for each value.

        A few entries that refer to each other many times can stand for billions of values.
        """
        if address in self.met:
            self.spend_elements(_COST_OF_REPETITION)
        self.met.add(address)

    def check_depth(self, depth: int, offset: int | None = None) -> None:
        """Raise ``LimitExceededError`` if values are nested too deep."""
        deepest = min(self.limits.max_depth, DEEPEST)
        if depth > deepest:
            raise LimitExceededError(
                f"Cells and structs are nested more than {deepest} deep.",
                remedy=f"if that is meant, raise {argument('max_depth')} (at most {DEEPEST}).",
                offset=offset,
            )
