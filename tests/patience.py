"""How long a child process may take before it counts as hanging.

No test asserts a time: a busy machine is no fault. What must not take long is shown by what is
counted; this only ends a run that would never end.
"""

from __future__ import annotations

#: Seconds; the slowest child of the tests takes ten on an idle machine.
PATIENCE = 1800
