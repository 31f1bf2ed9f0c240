"""MATLAB's networks: layers, their connections, and the functions that put them together."""

from ..execution.described import CLASSIC, Port
from . import building
from .building import *
from .graph import Graph, Plan, Step
from .layer_array import LayerArray, layer_names
from .network import Network

__all__ = [
    *building.__all__,
    "CLASSIC",
    "Graph",
    "LayerArray",
    "Network",
    "Plan",
    "Port",
    "Step",
    "layer_names",
]
