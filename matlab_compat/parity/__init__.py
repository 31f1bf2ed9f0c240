"""Proof of equality: comparison rules, oracles and reports."""

from .compare import LAYER_BOUND, Arrays, Comparison, Tolerance, Worst, compare, keeping_arrays

__all__ = [
    "LAYER_BOUND",
    "Arrays",
    "Comparison",
    "Tolerance",
    "Worst",
    "compare",
    "keeping_arrays",
]
