"""The functions that MATLAB code may call."""

from __future__ import annotations

from .registry import TABLE as TABLE
from .registry import Call as Call
