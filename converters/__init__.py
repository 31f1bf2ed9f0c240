"""Files to MATLAB objects, and back.

>>> import converters
>>> layer = converters.load("fixtures/same_odd.v7.mat")
"""

from converters.agents import load_agent
from converters.convert import convert, save
from converters.detectors import load_detector
from converters.formats.mat_struct import save_layer, save_network
from converters.from_torch import from_torch
from converters.inspect import inspect
from converters.load import load, load_network
from converters.matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from converters.model_functions import load_model
from converters.parameter_files import load_parameters, save_parameters
from converters.predict import predict
from converters.session import session
from converters.training_options import load_training_options
from converters.verify import verify
from converters.write import write_mat

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "MatFile",
    "convert",
    "from_torch",
    "inspect",
    "load",
    "load_agent",
    "load_detector",
    "load_model",
    "load_network",
    "load_parameters",
    "load_training_options",
    "open_mat",
    "predict",
    "save",
    "save_layer",
    "save_network",
    "save_parameters",
    "session",
    "verify",
    "write_mat",
]
