"""MATLAB structs of layers and networks, written and read; and loose variables of one layer, read.

Written by this project: a scalar struct of a layer's properties with its class in ``Class``, a
network as a struct of ``Class``, ``Layers`` (a cell of such structs), ``Connections`` and names.
MATLAB reads it as well as :func:`converters.load`. Read also where a user made it:
``save('layer.mat', '-struct', 's')`` or ``s.Weights = layer.Weights; ...``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.errors import CorruptFileError, UsageError, locating
from matlab_compat.execution.described import Shared
from matlab_compat.layers import Layer, layer_class, registered
from matlab_compat.layers.function import MatlabFunction
from matlab_compat.layers.learnables import SavedInitializer
from matlab_compat.layers.registry import classes_called
from matlab_compat.layers.saved_fields import saved_ports
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network

from ..loose import LooseWeights, is_learnable, is_loose, may_have
from ..matfile.values import StructArray, Value
from ..matfile.writer import write_mat
from ..saved import SavedLayer, SavedNetwork, to_dict
from . import mat_native

Level = Literal["6", "7", "7.3"]

#: What ``class(net)`` says, where it is not the kind.
_CLASSES = {"LayerGraph": "nnet.cnn.LayerGraph", "Layer array": "nnet.cnn.layer.Layer"}
_CLASSES |= {"SimpleNN": "dlnetwork", "DagNN": "dlnetwork"}  # as which they behave
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

    Parameters
    ----------
    layer, path:
        The layer, and where to.
    variable:
        The name of the struct, default "layer".
    level:
        Of the MAT-file: "6", "7" (default) or "7.3".
    overwrite:
        Replace an existing file; by default not.

    Raises
    ------
    UsageError
        A property that no MAT-file can hold (an initializer that is a Python function), or the
        file exists and ``overwrite`` is not set.
    FileAccessError
        The place cannot be written.

    Examples
    --------
    >>> import converters
    >>> save_layer(leakyReluLayer(0.1), "layer.mat")
    >>> converters.load("layer.mat").Scale
    0.1
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
    ``Destination``), ``InputNames``, ``OutputNames`` and ``Classes``; of a network of MatConvNet
    ``Shared``, the learnables that are one, and its ``meta.normalization``.

    Parameters
    ----------
    network, path, overwrite:
        The network, and as for :func:`save_layer`.
    variable:
        The name of the struct, default "net".
    level:
        By default "7", or "7.3" where the network takes 2 GiB or more.

    Raises
    ------
    UsageError, FileAccessError
        As :func:`save_layer`.

    Examples
    --------
    >>> import converters
    >>> save_network(dlnetwork([featureInputLayer(2), reluLayer()]), "net.mat")
    >>> converters.load("net.mat").names
    ['featureinput', 'relu']
    """
    struct = network_struct(network)
    write_mat(path, {variable: struct}, level=level or level_for([struct]), overwrite=overwrite)


def layer_struct(layer: Layer) -> StructArray:
    """The layer as a scalar struct."""
    if isinstance(layer, UnsupportedLayer):
        return _unsupported_struct(layer)
    with locating(layer.label):
        fields = {name: _field(name, layer.values[name]) for name in layer.properties}
        # What keeps the layer from being run here keeps it from being run there.
        fields |= {name: _kept(name, value) for name, value in layer.unread_fields().items()}
    # Its author gave the ports their names.
    if layer.type_text == "Function" or saved_ports(layer.extra, "Inputs"):
        fields |= _ports(layer)
    return StructArray.scalar(Class=layer.matlab_class, **fields)


def _unsupported_struct(layer: UnsupportedLayer) -> StructArray:
    """The class, name, ports and classes: what keeps the place of a layer that cannot be built."""
    fields = {"Class": layer.class_name, "Name": layer.Name, **_ports(layer)}
    if layer.is_output:
        fields |= {"OutputNames": cell_array([]), "Classes": cell_array(layer.Classes or [])}
    return StructArray.scalar(**fields)


def _ports(model: Layer | Network) -> dict[str, Value]:
    return {name: cell_array(getattr(model, name)) for name in ("InputNames", "OutputNames")}


def network_struct(network: Network) -> StructArray:
    """The network as a scalar struct, nested networks within it."""
    connections = network.Connections
    return StructArray.scalar(
        Class=_CLASSES.get(network.kind, network.kind),
        Layers=cell_array(map(layer_struct, network.Layers)).T,
        Connections=StructArray.scalar(
            **{end: cell_array(connections[end]).T for end in ("Source", "Destination")}
        ),
        **({} if network.kind == "Layer array" else _ports(network)),
        Classes=cell_array(network.Classes or []),
        **_of_matconvnet(network),
    )


def _of_matconvnet(network: Network) -> dict[str, Value]:
    """Learnables that are one, as 'layer/Learnable', and ``meta.normalization``, if any."""
    fields: dict[str, Value] = {}
    if network.shared:
        groups = [cell_array([f"{layer}/{own}" for layer, own in one]) for one in network.shared]
        fields["Shared"] = cell_array(groups)
    if (prepared := network.preparation) is not None:
        saved = StructArray.scalar(
            imageSize=np.array([prepared.image_size], float),
            averageImage=prepared.average,
            interpolation=prepared.interpolation,
            border=np.array([prepared.border], float),
            keepAspect=np.array([[prepared.keep_aspect]]),
        )
        fields["meta"] = StructArray.scalar(normalization=saved)
    return fields


def shared_of(fields: Mapping[str, Value], network: Network) -> list[Shared]:
    """The learnables that are one, as :func:`network_struct` writes them.

    Raises ``CorruptFileError``: they are none of the network, or differ from each other.
    """
    groups: list[Shared] = []
    for group in _texts_of(fields.get("Shared")):
        ports = [name.rpartition("/")[::2] for name in group]
        values = [
            network.layer(layer).learnables().get(own) if layer in network.names else None
            for layer, own in ports
        ]
        if any(one is None or not np.array_equal(one, values[0]) for one in values):  # type: ignore[arg-type]
            raise CorruptFileError(f"Shared names learnables that differ: {', '.join(group)}.")
        groups.append(tuple(ports))
    return groups


def _texts_of(value: Value | None) -> list[list[str]]:
    cells = (
        value.ravel(order="F") if isinstance(value, np.ndarray) and value.dtype == object else ()
    )
    return [
        [text for text in one.ravel(order="F") if isinstance(text, str)]
        for one in cells
        if isinstance(one, np.ndarray) and one.dtype == object
    ]


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


def _field(name: str, value: Any) -> Value:
    if value is None:
        return np.zeros((0, 0))
    if isinstance(value, Network):
        return network_struct(value)
    if isinstance(value, MatlabFunction):
        if not value.variables:
            return value.text
        variables = {key: _field(key, item) for key, item in value.variables.items()}
        return StructArray.scalar(Function=value.text, Variables=StructArray.scalar(**variables))
    if isinstance(value, SavedInitializer):
        return StructArray.scalar(Class=value.__name__)
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
        return cell_array(value)
    try:
        return np.atleast_2d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} is a {type(value).__name__}, which a MAT-file cannot hold.",
            where=(name,),
            remedy=f"set {name} to a number, an array or text.",
        ) from None


def _kept(name: str, value: Any) -> Value:
    """A field of a file that nobody reads, as it was."""
    if isinstance(value, np.ndarray | str | StructArray):
        return value
    if isinstance(value, Mapping):
        return StructArray.scalar(**{field: _kept(field, item) for field, item in value.items()})
    return _field(name, value)


# --- read -----------------------------------------------------------------------------------

#: A field with the class name, where an export has one.
_CLASS_FIELDS = ("class", "classname", "layerclass")
#: Fields that only transposed convolutions have.
_CROPPING = {"croppingsize", "cropping", "croppingmode"}
#: Fields that only convolutions have beside Weights, and only those in groups.
_PADDING = {"paddingsize", "paddingmode", "dilationfactor"}
_GROUPS = {"numgroups", "numchannelspergroup", "numfilterspergroup"}
#: What releases before the 1-D and 3-D layers call the 2-D ones in their property Type.
_EARLIER_TYPES = {
    "Convolution": "nnet.cnn.layer.Convolution2DLayer",
    "Transposed Convolution": "nnet.cnn.layer.TransposedConvolution2DLayer",
}
#: Fields of both.
_SIZES = {"filtersize", "numfilters", "numchannels", "stride"}
#: How many dimensions a layer has whose vectors have so many elements.
_DIMS_BY_EDGES = {2: 1, 4: 2, 6: 3}
_DIMS_BY_SIZES = {2: 2, 3: 3}

#: What ``class(net)`` says of networks, layer graphs and layer arrays.
_NETWORKS = (*mat_native.NETWORK_CLASSES, "nnet.cnn.layer.Layer")
#: Fields that name the ports of a layer, and where saved objects of custom layers have them.
_PORTS = {
    "InputNames": "nnet.layer.Layer.PrivateInputs",
    "OutputNames": "nnet.layer.Layer.PrivateOutputs",
}

#: Names under which an input and MATLAB's output lie beside a layer.
INPUT_NAMES = ("X", "input")
OUTPUT_NAMES = ("Y", "output", "expected")


def exported_layer(
    fields: Mapping[str, Value], where: tuple[str, ...], chosen: str | None = None
) -> SavedLayer | LooseWeights | None:
    """The layer that fields or loose variables describe, or ``None`` if they describe none.

    The class is named by a field Class or Type, or by fields that only one class has, or else by
    the user: ``chosen``. Weights of which nobody says what they are come out as that.
    """
    lower = {name.lower(): fields[name] for name in fields}
    own = _own_fields(fields)
    named = next((lower[key] for key in _CLASS_FIELDS if key in lower), None)
    if isinstance(named, str) and (full := _class_called(named, lower)):
        return SavedLayer(where, full, own)
    said = _said_by_type(lower) or _said_by_fields(lower)
    if said is None and chosen is not None:
        kind = layer_class(chosen)
        if kind is not None and may_have(kind, lower):
            return SavedLayer(where, chosen, own, by_hand=True, chosen=True)
    if said is not None:
        return SavedLayer(where, said, own, by_hand=True)
    text = named if isinstance(named, str) else lower.get("type")
    said_in_vain = text if isinstance(text, str) else ""
    return LooseWeights(where, own, said_in_vain) if is_loose(lower) else None


def is_network(fields: Mapping[str, Value]) -> bool:
    """Whether fields are those of a network."""
    named = fields.get("Class")
    return isinstance(named, str) and named in _NETWORKS and "Layers" in fields


def exported_network(fields: Mapping[str, Value], where: tuple[str, ...]) -> SavedNetwork:
    """The network that the fields of a struct describe (see :func:`is_network`).

    Raises ``CorruptFileError``: something among its Layers is no struct with a Class.
    """
    layers = []
    for index, layer in enumerate(_structs(fields["Layers"]), 1):
        at = (*where, f"Layers({index})")
        if not isinstance(layer, Mapping) or not isinstance(layer.get("Class"), str):
            raise CorruptFileError("This is no struct of a layer with its Class.", where=at)
        layers.append(SavedLayer(at, layer["Class"], _own_fields(layer)))
    with locating(*where):
        pairs = mat_native.connections(fields.get("Connections", {}))
    return SavedNetwork(where, fields["Class"], layers, pairs, dict(fields))


def _structs(value: Value) -> list[Any]:
    if isinstance(value, StructArray):
        return list(value.elements())
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [to_dict(item) for item in value.ravel(order="F")]
    return [value]


def may_describe(names: Iterable[str], chosen: str | None = None) -> bool:
    """Whether variables of these names are worth decoding to see if they describe a layer."""
    telling = {"weights", "inputweights", *_CROPPING, *_CLASS_FIELDS}
    kind = layer_class(chosen) if chosen else None
    telling |= {name.lower() for name in kind.properties if name != "Name"} if kind else set()
    return not {name.lower() for name in names}.isdisjoint(telling)


def _said_by_type(lower: Mapping[str, Value]) -> str | None:
    """The class that a field Type names beside Weights: as a class, a constructor or a row's text.

    Structs of other toolboxes have a type, too (MatConvNet's 'conv'), but no Weights that are an
    array, or none of these words.
    """
    kind = lower.get("type")
    if not isinstance(kind, str) or not is_learnable(lower.get("weights")):
        return None
    if kind in _EARLIER_TYPES:
        return _EARLIER_TYPES[kind]
    for name, known in registered().items():
        if kind == known.type_text:
            return name
    return _class_with_learnables(kind, lower)


def _said_by_fields(lower: Mapping[str, Value]) -> str | None:
    """The class that has such fields, if it is the only one.

    A crop and Weights make a transposed convolution, whatever their values (wrong ones are told
    when the layer is built), and so do a crop and one more of its properties. Padding or dilation
    beside Weights make a convolution. What both have (Stride, FilterSize) makes neither.
    """
    crops, pads = _CROPPING & lower.keys(), (_PADDING | _GROUPS) & lower.keys()
    if crops and not pads and ("weights" in lower or len(crops | (_SIZES & lower.keys())) > 1):
        return f"nnet.cnn.layer.TransposedConvolution{_dims(lower) or 2}DLayer"
    if pads and not crops and is_learnable(lower.get("weights")):
        if pads & _GROUPS:
            return "nnet.cnn.layer.GroupedConvolution2DLayer"
        return f"nnet.cnn.layer.Convolution{dims}DLayer" if (dims := _dims(lower)) else None
    return None


def _dims(lower: Mapping[str, Value]) -> int | None:
    """The number of dimensions that vectors say; ``None`` if there are none, or they disagree."""
    said = {
        _DIMS_BY_EDGES.get(np.size(lower.get(name, ()))) for name in ("paddingsize", "croppingsize")
    }
    said |= {
        _DIMS_BY_SIZES.get(np.size(lower.get(name, ())))
        for name in ("filtersize", "stride", "dilationfactor")
    }
    found = said - {None}
    return found.pop() if len(found) == 1 else None


def _class_called(text: str, lower: Mapping[str, Value]) -> str | None:
    """The class that a field Class names: by its name, its constructor's, or that without "Layer".

    Many structs of a workspace have a field ``class``; few of them are layers.
    """
    full = text if "." in text else f"nnet.cnn.layer.{text}"
    if layer_class(full) is not None:
        return full
    return _class_with_learnables(text, lower) or (full if full.endswith("Layer") else None)


def _class_with_learnables(text: str, lower: Mapping[str, Value]) -> str | None:
    """The one class that users call so, if learnables of it are there."""
    called = classes_called(text)
    kind = layer_class(called[0]) if len(called) == 1 else None
    return called[0] if kind is not None and may_have(kind, lower) else None


def _own_fields(fields: Mapping[str, Value]) -> dict[str, Any]:
    """The fields of the layer itself: not the class name, not the data beside it."""
    beside = {*_CLASS_FIELDS, *(name.lower() for name in (*INPUT_NAMES, *OUTPUT_NAMES))}
    return {
        _PORTS.get(name, name): to_dict(value)
        for name, value in fields.items()
        if name.lower() not in beside
    }
