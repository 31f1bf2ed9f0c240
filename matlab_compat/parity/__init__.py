"""Proof of equality: comparison rules, oracles and reports."""

from .compare import LAYER_BOUND, Comparison, Tolerance, Worst, compare

__all__ = ["LAYER_BOUND", "Comparison", "Tolerance", "Worst", "compare"]
