"""Layers and networks back into a MAT-file, as plain structs that MATLAB and ``load`` read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from matlab_compat.errors import DataFormatError, UsageError, locating
from matlab_compat.layers import Layer
from matlab_compat.layers.function import MatlabFunction
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

from .matfile.values import StructArray, Value
from .matfile.writer import write_mat

Level = Literal["6", "7", "7.3"]

#: What ``class(net)`` says, where it is not the kind.
_CLASSES = {"LayerGraph": "nnet.cnn.LayerGraph", "Layer array": "nnet.cnn.layer.Layer"}
#: Bytes of one variable that levels 6 and 7 cannot hold.
_TOO_LARGE = 2**31


def save_layer(
    layer: Layer,
    path: str | PathLike[str],
    *,
    variable: str = "layer",
    level: Level = "7",
    overwrite: bool = False,
) -> None:
    """Write ``layer`` as a scalar struct of its properties, with its class name in ``Class``.

    ``load(path)`` gives the same layer back exactly. In MATLAB, ``s = load(path).layer`` has the
    fields that ``transposedConv2dLayer`` takes.

    Raises
    ------
    UsageError
        A property that no MAT-file can hold (an initializer that is a Python function), or the
        file exists and ``overwrite`` is not set.
    FileAccessError
        The place cannot be written.
    """
    write_mat(path, {variable: layer_struct(layer)}, level=level, overwrite=overwrite)


def save_network(
    network: Network,
    path: str | PathLike[str],
    *,
    variable: str = "net",
    level: Level | None = None,
    overwrite: bool = False,
) -> None:
    """Write ``network`` as a struct; ``load(path)`` gives the same network back exactly.

    In MATLAB, ``s = load(path).net`` has ``Class``, ``Layers`` (a cell of structs, each with
    ``Class``, ``Name`` and the layer's properties), ``Connections`` (``Source`` and
    ``Destination``), ``InputNames``, ``OutputNames`` and ``Classes``.

    Parameters
    ----------
    level:
        By default "7", or "7.3" where the network takes 2 GiB or more.

    Raises
    ------
    UsageError, FileAccessError
        As :func:`save_layer`.
    """
    struct = network_struct(network)
    write_mat(path, {variable: struct}, level=level or level_for([struct]), overwrite=overwrite)


def layer_struct(layer: Layer) -> StructArray:
    """The layer as a scalar struct."""
    if isinstance(layer, UnsupportedLayer):
        return _unsupported_struct(layer)
    with locating(layer.label):
        fields = {name: _field(name, layer._values[name]) for name in layer.properties}
        # What keeps the layer from being run here keeps it from being run there.
        fields |= {name: _kept(name, value) for name, value in layer.unread_fields().items()}
    if layer.matlab_class == "nnet.cnn.layer.FunctionLayer":  # its ports may have any names
        fields |= _ports(layer)
    return StructArray.scalar(Class=layer.matlab_class, **fields)


def _unsupported_struct(layer: UnsupportedLayer) -> StructArray:
    """The class, name, ports and classes: what keeps the place of a layer that cannot be built."""
    fields = {"Class": layer.class_name, "Name": layer.Name, **_ports(layer)}
    if layer.is_output:
        fields |= {"OutputNames": _cell([]), "Classes": _cell(layer.Classes or [])}
    return StructArray.scalar(**fields)


def _ports(model: Layer | Network) -> dict[str, Value]:
    return {"InputNames": _cell(model.InputNames), "OutputNames": _cell(model.OutputNames)}


def network_struct(network: Network) -> StructArray:
    """The network as a scalar struct, nested networks within it."""
    connections = network.Connections
    return StructArray.scalar(
        Class=_CLASSES.get(network.kind, network.kind),
        Layers=_cell([layer_struct(layer) for layer in network.Layers]).T,
        Connections=StructArray.scalar(
            Source=_cell(connections["Source"]).T, Destination=_cell(connections["Destination"]).T
        ),
        **_interface(network),
        Classes=_cell(network.Classes or []),
    )


def _interface(network: Network) -> dict[str, Value]:
    """The names of inputs and outputs, unless they are only those that follow from the layers.

    A layer array has none, and where layers do not fit each other they cannot be told.
    """
    if network.kind == "Layer array":
        return {}
    try:
        return _ports(network)
    except DataFormatError:
        return {}


def level_for(values: Iterable[Value]) -> Level:
    """The level that holds variables of these values: "7", or "7.3" where one takes 2 GiB."""
    return "7.3" if any(size_in_bytes(value) >= _TOO_LARGE for value in values) else "7"


def size_in_bytes(value: Value) -> int:
    """The bytes of all numbers and texts in a value."""
    if isinstance(value, StructArray):
        return sum(size_in_bytes(item) for items in value.fields.values() for item in items)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return sum(size_in_bytes(item) for item in value.flat)
    return 2 * len(value) if isinstance(value, str) else int(value.nbytes)


def _cell(items: Any) -> npt.NDArray[Any]:
    """A 1×n cell array."""
    cell = np.empty((1, len(items)), dtype=object)
    for i, item in enumerate(items):
        cell[0, i] = item
    return cell


def _field(name: str, value: Any) -> Value:
    if value is None:
        return np.zeros((0, 0))
    if isinstance(value, Network):
        return network_struct(value)
    if isinstance(value, MatlabFunction):
        return _function(value)
    if callable(value):
        raise UsageError(
            f"{name} is a Python function, which a MAT-file cannot hold.",
            where=(name,),
            remedy=f"layer.initialize(...), then set {name} to the name of an initializer.",
        )
    if isinstance(value, np.ndarray):  # a vector without a direction is a column
        return value.reshape(-1, 1) if value.ndim < 2 else value
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return np.array([[value]])
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return _cell(value)
    return _numbers(name, value)


def _kept(name: str, value: Any) -> Value:
    """A field of a file that nobody reads, as it was."""
    if isinstance(value, np.ndarray | str | StructArray):
        return value
    if isinstance(value, Mapping):
        return StructArray.scalar(**{field: _kept(field, item) for field, item in value.items()})
    return _field(name, value)


def _numbers(name: str, value: Any) -> Value:
    try:
        return np.atleast_2d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} is a {type(value).__name__}, which a MAT-file cannot hold.",
            where=(name,),
            remedy=f"set {name} to a number, an array or text.",
        ) from None


def _function(function: MatlabFunction) -> Value:
    """Its text; a struct with the variables it captured, where it did."""
    if not function.variables:
        return function.text
    return StructArray.scalar(Function=function.text, Variables=_variables(function.variables))


def _variables(variables: Mapping[str, Any]) -> StructArray:
    return StructArray.scalar(**{name: _field(name, v) for name, v in variables.items()})
