"""Proof of equality: comparison rules, oracles and reports."""

from .compare import LAYER_BOUND, Arrays, Comparison, Worst, compare, keeping_arrays
from .tolerance import Tolerance

__all__ = ["LAYER_BOUND", "Arrays", "Comparison", "Tolerance", "Worst", "compare", "keeping_arrays"]
