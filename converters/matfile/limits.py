"""Limits on what a file may make us do; on by default, lifted by the caller one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

from matlab_compat.language.source import CodeLimits

GIB = 1 << 30


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


DEFAULT_LIMITS = Limits()
