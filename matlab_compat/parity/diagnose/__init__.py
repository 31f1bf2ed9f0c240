"""What was done wrong when two results differ.

Mistakes of an output are undone on the arrays themselves (:mod:`.output`); mistakes of a layer are
made on purpose and the layer is run again (:mod:`.layer`), on its own (:mod:`.single`) or in its
network (:mod:`.network`). Either must explain the difference down to the rounding bound.
"""

from __future__ import annotations

from .difference import measure_of
from .measure import Measure
from .output import diagnose_output
from .single import diagnose_layer

__all__ = ["Measure", "diagnose_layer", "diagnose_output", "measure_of"]
