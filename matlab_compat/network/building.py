"""MATLAB's functions for putting networks together, so that MATLAB code ports line by line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import LayerNotFoundError, UsageError
from ..layers.base import Layer
from ..plain_text import plain_text, plain_texts
from .graph import Graph
from .layer_array import layer_names
from .network import Network

__all__ = [
    "addLayers",
    "connectLayers",
    "disconnectLayers",
    "dlnetwork",
    "initialize",
    "layerGraph",
    "removeLayers",
    "replaceLayer",
]


def layerGraph(layers: Sequence[Layer] | Network = ()) -> Network:
    """A layer graph of layers that follow each other (or of an existing network).

    Parameters
    ----------
    layers:
        The layers, by default none; or a network, whose layers and connections are taken.

    Examples
    --------
    >>> layerGraph([featureInputLayer(2), reluLayer()]).Layers
    <Layer array of 2 layers>
    """
    if isinstance(layers, Network):
        return _graph(layers.Layers, layers.graph.connections)
    return Network(layers, kind="LayerGraph")


def addLayers(graph: Network, layers: Layer | Sequence[Layer]) -> Network:
    """The graph with more layers, connected to each other in a row but to nothing else.

    Parameters
    ----------
    graph, layers:
        A network, which stays as it is, and one layer or several.

    Examples
    --------
    >>> addLayers(layerGraph([reluLayer()]), [tanhLayer(), eluLayer()]).Connections["Source"]
    ['tanh']
    """
    new = [layers] if isinstance(layers, Layer) else list(layers)
    every = [*graph.Layers, *new]
    added = layer_names(every)[len(graph.Layers) :]
    return _graph(every, [*graph.graph.connections, *pairwise(added)])


def connectLayers(graph: Network, source: str, destination: str) -> Network:
    """The graph with one more connection.

    Parameters
    ----------
    graph, source, destination:
        A network, which stays as it is; names of layers, or ports as in ``"add/in2"``.

    Examples
    --------
    >>> graph = addLayers(layerGraph([reluLayer()]), additionLayer(2))
    >>> connectLayers(graph, "relu", "addition/in2").Connections["Destination"]
    ['addition/in2']
    """
    return _graph(graph.Layers, [*graph.graph.connections, (source, destination)])


def disconnectLayers(graph: Network, source: str, destination: str) -> Network:
    """The graph without that connection.

    Parameters
    ----------
    graph, source, destination:
        As for :func:`connectLayers`.

    Examples
    --------
    >>> len(disconnectLayers(layerGraph([reluLayer(), tanhLayer()]), "relu", "tanh").Connections)
    0
    """
    gone = Graph(dict(zip(graph.names, graph.Layers, strict=True)), [(source, destination)])
    kept = [pair for pair in graph.graph.connections if pair not in gone.connections]
    if len(kept) == len(graph.graph.connections):
        raise UsageError(f"There is no connection from '{source}' to '{destination}'.")
    return _graph(graph.Layers, kept)


def removeLayers(graph: Network, names: str | Sequence[str]) -> Network:
    """The graph without the named layers and their connections.

    Parameters
    ----------
    graph, names:
        A network, which stays as it is, and one name or several.

    Raises
    ------
    LayerNotFoundError
        There is no layer of that name.

    Examples
    --------
    >>> removeLayers(layerGraph([reluLayer(), tanhLayer()]), "relu").names
    ['tanh']
    """
    named = plain_texts(names)
    gone = {named} if isinstance(named, str) else set(named)
    for name in gone - set(graph.names):
        raise LayerNotFoundError(f"The graph has no layer '{name}'.")
    layers = [x for x, name in zip(graph.Layers, graph.names, strict=True) if name not in gone]
    kept = [c for c in graph.graph.connections if not {_layer_of(graph, end) for end in c} & gone]
    return _graph(layers, kept)


def _layer_of(graph: Network, port: str) -> str:
    return port if port in graph.names else port.rpartition("/")[0]


def replaceLayer(graph: Network, name: str, layer: Layer) -> Network:
    """The graph with another layer in the place of one, connected as that was.

    Parameters
    ----------
    graph, name, layer:
        A network, which stays as it is, the layer that goes and the one that comes.

    Examples
    --------
    >>> replaceLayer(layerGraph([reluLayer(), tanhLayer()]), "relu", eluLayer()).names
    ['elu', 'tanh']
    """
    name = plain_text(name)
    graph.layer(name)  # refuses what is not there
    layers = [layer if own == name else x for x, own in zip(graph.Layers, graph.names, strict=True)]
    new = layer_names(layers)[graph.names.index(name)]

    def renamed(port: str) -> str:
        return new + port[len(name) :] if _layer_of(graph, port) == name else port

    return _graph(layers, [(renamed(a), renamed(b)) for a, b in graph.graph.connections])


def dlnetwork(layers: Sequence[Layer] | Network, *sizes: Sequence[int], seed: int = 0) -> Network:
    """A dlnetwork of layers or a layer graph, initialized as MATLAB does.

    Parameters
    ----------
    layers:
        The layers in order, or a layer graph.
    sizes:
        MATLAB sizes of inputs that no input layer describes, without batch and time. Where nothing
        says the sizes, the network stays uninitialized until :func:`initialize`.
    seed:
        Where the random numbers begin, default 0.

    Examples
    --------
    >>> dlnetwork([featureInputLayer(2), fullyConnectedLayer(3)]).predict([[1.0, 2.0]]).shape
    (1, 3)
    """
    source = layers if isinstance(layers, Network) else Network(layers)
    network = Network(source.Layers, source.graph.connections, kind="dlnetwork")
    inputs = [network.layer(_layer_of(network, name)) for name in network.InputNames]
    described = all(layer.input_size() for layer in inputs)
    return network.initialize(*sizes, seed=seed) if described or sizes else network


def initialize(network: Network, *sizes: Sequence[int], seed: int | None = None) -> Network:
    """The network with all empty learnables filled.

    Parameters
    ----------
    network, sizes:
        The network, and sizes as for :func:`dlnetwork`.
    seed:
        Where the random numbers begin; by default other numbers each time.

    Examples
    --------
    >>> initialize(layerGraph([featureInputLayer(2), fullyConnectedLayer(3)]), seed=0).Initialized
    True
    """
    return network.initialize(*sizes, seed=seed)


def _graph(layers: Sequence[Layer], connections: Sequence[tuple[str, str]]) -> Network:
    return Network(layers, connections, kind="LayerGraph")
