"""A model as plain values: every layer with its MATLAB properties, and how it is connected.

What formats that hold tensors by name (``.pt``, ``.safetensors``) keep beside them: dicts, lists,
texts and numbers for :func:`describe`'s reader, :func:`restore`. Parameters stand in it by size and
class only; their values are in the ``state_dict``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from matlab_compat.errors import (
    CorruptFileError,
    MatlabCompatError,
    UnsupportedLayerError,
    locating,
)
from matlab_compat.layers import Layer, layer_class
from matlab_compat.layers.function import MatlabFunction
from matlab_compat.layers.learnables import SavedInitializer
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network import Network
from matlab_compat.network.preparation import ImagePreparation
from matlab_compat.shallow import Autoencoder, ShallowNetwork

from ..code import code_class, read_by
from ..endings import cannot_be_read
from ..identify.files import not_ours, refuse_others
from .base import ANY, Asked, Model, Prepared, ReadableFormat

if TYPE_CHECKING:
    import torch


class DocumentFormat(ReadableFormat):
    """A file of a ``state_dict`` and, beside it, the architecture that it belongs to."""

    holds_placeholders: ClassVar[bool] = True
    #: What such a file is: "PyTorch file".
    kind: ClassVar[str]

    @abstractmethod
    def packed(self, architecture: dict[str, Any], state: dict[str, torch.Tensor]) -> bytes:
        """The bytes of the file; every tensor is a row-major copy, shared ones the same."""

    @abstractmethod
    def unpacked(self, path: Path) -> tuple[Mapping[str, Any], Mapping[str, torch.Tensor]] | None:
        """Architecture and state; ``None`` where the file is none that ``packed`` made."""

    def write(self, prepared: Prepared, path: Path) -> None:
        """The state and the architecture."""
        copies = separate(prepared.module().state_dict())
        # From memory: the libraries' own writers may crash where a disk is full.
        path.write_bytes(self.packed(describe(prepared.model), copies))

    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """The layer or network that the file describes.

        Raises ``CorruptFileError``: the file is no such file, or contradicts itself;
        ``FileAccessError``: it cannot be read.
        """
        with locating(str(path)):
            refuse_others(path, self.kind)
            try:
                found = self.unpacked(path)
            except OSError as error:
                raise cannot_be_read(error) from None
            if found is None:
                raise not_ours(path, self.kind)
            return restore(*found)


def describe(model: Model) -> dict[str, Any]:
    """A model as plain dicts; learnables and states only with their size and class."""
    if isinstance(model, ShallowNetwork):
        fields = {**model.to_fields(), "IW": None, "LW": None, "b": None}
        images = getattr(model, "TrainedOnImages", None)
        return {"shallow": _plain(fields), "images": images}
    if isinstance(model, Network):
        return {
            "kind": model.kind,
            "layers": [_layer(layer) for layer in model.Layers],
            "names": list(model.names),
            "connections": [list(pair) for pair in model.graph.connections],
            "output_names": model.output_names,
            "classes": model.classes,
            "shared": [[list(port) for port in group] for group in model.shared],
            "preparation": model.preparation
            and {name: _plain(value) for name, value in vars(model.preparation).items()},
        }
    return _layer(model)


def separate(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies of tensors that share no memory, but for those that are one tensor under two names."""
    made: dict[object, torch.Tensor] = {}
    copies = {}
    for name, tensor in state.items():
        at = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        key: object = at if tensor.numel() else name
        copies[name] = made.setdefault(key, tensor.clone().contiguous())
    return copies


def _layer(layer: Layer) -> dict[str, Any]:
    described: dict[str, Any]
    refusal = layer.refusal()
    if isinstance(layer, UnsupportedLayer):
        described = {"class": layer.class_name, "unsupported": layer.reason, "name": layer.Name}
        if layer.Classes:
            described["classes"] = layer.Classes
    elif refusal is not None:
        what = {"class": layer.matlab_class, "unsupported": refusal.what}
        described = {**what, "name": layer.Name}
    else:
        in_state = layer.parameters()
        properties = {
            name: {"array": list(value.shape), "dtype": value.dtype.name}
            if name in in_state
            else _plain(value)
            for name, value in layer.values.items()
        }
        described = {"class": layer.matlab_class, "properties": properties}
    described["ports"] = {name: list(layer.extra[name].flat) for name in PORTS & set(layer.extra)}
    return described


#: Fields of saved layers that name the ports their author gave them.
PORTS = {"nnet.layer.Layer.PrivateInputs", "nnet.layer.Layer.PrivateOutputs"}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return {"cell": list(value.shape), "items": [_plain(item) for item in value.ravel()]}
    if isinstance(value, Mapping):
        return {"struct": {name: _plain(item) for name, item in value.items()}}
    if isinstance(value, np.ndarray):
        import torch

        return {"constant": torch.from_numpy(np.ascontiguousarray(value))}
    if isinstance(value, MatlabFunction):
        variables = {name: _plain(item) for name, item in value.variables.items()}
        return {"function": value.text, "variables": variables}
    if isinstance(value, Network):
        return {"network": describe(value)}
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if callable(value):
        return {"initializer": getattr(value, "__name__", "function")}
    return value


# --- and back ----------------------------------------------------------------------------


def restore(architecture: Mapping[str, Any], state: Mapping[str, torch.Tensor]) -> Model:
    """The model that :func:`describe` described, with the parameters of ``state``.

    Raises ``CorruptFileError``: the two contradict each other, or MATLAB's rules.
    """
    try:
        if "shallow" in architecture:
            return _restore_shallow(architecture, state)
        return _restore(architecture, state)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(error, MatlabCompatError):
            raise
        raise CorruptFileError(
            "The file contradicts itself: its architecture and its weights do not fit each other.",
            remedy="convert the MAT-file again: matlab-compat convert net.mat -o net.pt.",
        ) from None


def _restore_shallow(
    described: Mapping[str, Any], state: Mapping[str, torch.Tensor]
) -> ShallowNetwork:
    fields = _value(described["shallow"])
    n, count = fields["inputs"].shape[0], fields["layers"].shape[0]
    sizes = {"IW": (count, n), "LW": (count, count), "b": (count, 1)}
    fields |= {name: np.empty(size, object) for name, size in sizes.items()}
    for name, tensor in state.items():
        kind, _, place = name.partition(".")
        if kind in sizes:
            value, at = tensor.double().numpy(), tuple(map(int, place.split("_")))
            fields[kind][at if kind != "b" else (*at, 0)] = value.reshape(len(value), -1)
    net = ShallowNetwork.from_fields(fields)
    images = described["images"]
    return net if images is None else Autoencoder.of(net, TrainedOnImages=images)


def _restore(described: Mapping[str, Any], state: Mapping[str, Any] | None) -> Layer | Network:
    if "layers" not in described:
        return _restore_layer(described, state)
    prepared = described.get("preparation")
    network = Network(
        [_restore_layer(layer, None) for layer in described["layers"]],
        [(source, destination) for source, destination in described["connections"]],
        kind=described["kind"],
        output_names=described["output_names"],
        classes=described.get("classes"),
        shared=[tuple((a, b) for a, b in group) for group in described.get("shared", ())],
        preparation=prepared and ImagePreparation(**{n: _value(v) for n, v in prepared.items()}),
    )
    if state is not None:
        _fill(network, state)
    return network


def _fill(network: Network, state: Mapping[str, torch.Tensor]) -> None:
    from matlab_compat.execution.module import attribute_names

    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in state.items():
        attribute, _, own = name.partition(".")
        parts.setdefault(attribute, {})[own] = tensor
    for name, attribute in attribute_names([step.name for step in network.plan().steps]).items():
        _fill_layer(network.layer(name), parts.pop(attribute, {}))
    if parts:
        raise ValueError(f"there are no layers for {', '.join(parts)}")


def _fill_layer(layer: Layer, state: Mapping[str, torch.Tensor]) -> None:
    if layer.refusal() is None:
        for held, network in layer.networks().items():
            inside = {
                n: one for n, one in state.items() if n.startswith(f"{held}." if held else "")
            }
            state = {name: one for name, one in state.items() if name not in inside}
            _fill(network, {n.removeprefix(f"{held}."): one for n, one in inside.items()})
    own = layer.torch_state() if layer.refusal() is None and not layer.is_output else {}
    state = {name: one for name, one in state.items() if name != "num_batches_tracked"}
    sizes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if sizes != {name: value.shape for name, value in own.items()}:
        raise ValueError(f"the sizes are not those of {layer.label}")
    if own:  # in single, as layers have them, whatever the file was written in
        single = {k: t.float() if t.is_floating_point() else t for k, t in state.items()}
        layer.assign_state({name: tensor.numpy() for name, tensor in single.items()})


def _restore_layer(described: Mapping[str, Any], state: Mapping[str, Any] | None) -> Layer:
    ports = {name: np.array(texts, dtype=object) for name, texts in described["ports"].items()}
    if "unsupported" in described:
        fields = {"Name": described["name"], **ports}
        if "classes" in described:
            fields["Classes"] = np.array(described["classes"], dtype=object)
        return UnsupportedLayer(described["class"], fields, described["unsupported"])
    values = {name: _value(value) for name, value in described["properties"].items()}
    known = layer_class(described["class"]) or code_class(described["class"], values)
    if known is None:
        raise UnsupportedLayerError(
            f"The layer class {described['class']} is not registered here.",
            remedy=f'import the module that has @register("{described["class"]}") first.',
        )
    layer = read_by(known, values, lambda: known(**values))
    layer.extra = dict(ports)
    if state is not None:
        _fill_layer(layer, state)
    return layer


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, Mapping):
        return plain
    if "tuple" in plain:
        return tuple(_value(item) for item in plain["tuple"])
    if "array" in plain:
        return np.zeros(plain["array"], plain["dtype"], order="F")
    if "constant" in plain:
        return np.asfortranarray(plain["constant"].numpy())
    if "struct" in plain:
        return {name: _value(item) for name, item in plain["struct"].items()}
    if "cell" in plain:
        cell = np.empty(len(plain["items"]), object)
        for i, item in enumerate(plain["items"]):
            cell[i] = _value(item)
        return cell.reshape(plain["cell"])
    if "function" in plain:
        variables = {name: _value(item) for name, item in plain["variables"].items()}
        return MatlabFunction(plain["function"], variables)
    if "initializer" in plain:
        return SavedInitializer(plain["initializer"])
    return _restore(plain["network"], None)  # filled in with the whole
