"""MATLAB's networks: layers, their connections, and the functions that put them together."""

from ..execution.described import CLASSIC, Port
from .building import (
    addLayers,
    connectLayers,
    disconnectLayers,
    dlnetwork,
    initialize,
    layerGraph,
    removeLayers,
    replaceLayer,
)
from .graph import Graph, Plan, Step
from .naming import layer_names
from .network import LayerArray, Network

__all__ = [
    "CLASSIC",
    "Graph",
    "LayerArray",
    "Network",
    "Plan",
    "Port",
    "Step",
    "addLayers",
    "connectLayers",
    "disconnectLayers",
    "dlnetwork",
    "initialize",
    "layerGraph",
    "layer_names",
    "removeLayers",
    "replaceLayer",
]
