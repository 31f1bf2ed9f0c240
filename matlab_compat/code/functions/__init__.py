"""The functions that MATLAB code may call, in :data:`TABLE` by MATLAB's names."""

from __future__ import annotations

from . import elementwise as elementwise
from . import filters as filters
from . import gradients as gradients
from . import imported as imported
from . import input_parser as input_parser
from . import maps as maps
from . import network as network
from . import numerical as numerical
from . import pages as pages
from . import reductions as reductions
from . import shape as shape
from . import statistics as statistics
from . import texts as texts
from . import validators as validators
from .imported import IMPORTED as IMPORTED
from .registry import TABLE as TABLE
from .registry import Call as Call
from .registry import Known as Known
