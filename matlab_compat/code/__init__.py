"""The user's own MATLAB code, run on torch tensors.

:class:`.program.Program` finds, checks and runs functions and classes; :mod:`.values` has the
values; :data:`.functions.TABLE` the functions that code may call.
"""

from __future__ import annotations
