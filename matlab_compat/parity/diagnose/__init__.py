"""What was done wrong when two results differ.

A mistake is a small change of the description of a layer (:mod:`.definition`, :mod:`.mistakes`) or
of a network (:mod:`.graph`): the model is run again with each (:mod:`.search`). Mistakes of an
output are undone on the arrays themselves (:mod:`.output`). Either must explain the difference down
to the rounding bound.
"""

from __future__ import annotations

from . import layer  # noqa: F401  # registers what is known of every layer
from .difference import measure_of
from .measure import Measure
from .output import diagnose_output

__all__ = ["Measure", "diagnose_output", "measure_of"]
