"""Files to MATLAB objects, and back.

>>> import converters
>>> layer = converters.load("fixtures/same_odd.v7.mat")
"""

from converters.inspect import inspect
from converters.load import load
from converters.matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from converters.save import save_layer
from converters.verify import verify

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "MatFile",
    "inspect",
    "load",
    "open_mat",
    "save_layer",
    "verify",
]
