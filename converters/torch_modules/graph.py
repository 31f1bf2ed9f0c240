"""A walk through the graph of a torch module that collects layers and connections."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional

import matlab_compat as matlab
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError, UsageError, cause_text
from matlab_compat.layers import Layer
from matlab_compat.layers.transposed_convolution import TransposedConvolutionLayer
from matlab_compat.network import Network

from .exported import as_modules
from .layers import edges, layers_of
from .recurrent import picked_outputs, recurrent_layers
from .values import Refused, Value


def read(module: nn.Module | torch.export.ExportedProgram, example_input: Any) -> Network:
    """See :func:`converters.from_torch`."""
    if isinstance(module, torch.export.ExportedProgram):
        return _Reader(as_modules(module)).network()
    if isinstance(module, torch.jit.ScriptModule):
        raise UnsupportedLayerError(
            "A TorchScript program has no layers of its own any more.",
            remedy="give the module that it was made from, with its weights: "
            "model.load_state_dict(scripted.state_dict()).",
        )
    if not isinstance(module, nn.Module):
        raise UsageError(
            f"from_torch takes a module (torch.nn.Module), not {type(module).__name__}.",
            remedy="a state_dict has weights and no layers: build the module that it belongs to, "
            "and model.load_state_dict(...).",
        )
    try:
        traced = fx.symbolic_trace(module)
    except Exception as error:  # whatever the module's own code raises on stand-ins for tensors
        raise UnsupportedLayerError(
            f"torch.fx cannot trace the module: {cause_text(error)}",
            remedy="write its forward without decisions that depend on the data.",
        ) from error
    if example_input is not None:
        _propagate_shapes(traced, example_input)
    return _Reader(traced).network()


def _propagate_shapes(traced: fx.GraphModule, example_input: Any) -> None:
    examples = example_input if isinstance(example_input, tuple) else (example_input,)
    was_training = {module: module.training for module in traced.modules()}
    try:
        with torch.no_grad():
            ShapeProp(traced.eval()).propagate(*examples)
    except RuntimeError as error:
        raise UsageError(
            f"The module does not run on the example input: {cause_text(error.__cause__ or error)}"
        ) from error
    finally:
        for module, training in was_training.items():
            module.training = training


class _Reader:
    """Walks a torch graph and collects layers and connections."""

    def __init__(self, traced: fx.GraphModule) -> None:
        self.traced = traced
        self.layers: list[Layer] = []
        self.connections: list[tuple[str, str]] = []
        self.values: dict[fx.Node, Value] = {}
        self.refused: list[str] = []

    def network(self) -> Network:
        for node in self.traced.graph.nodes:
            if node in self.values or node.op == "output":
                continue
            try:
                self.values[node] = self._value(node)
            except (Refused, MatlabCompatError) as error:
                what = error.what if isinstance(error, MatlabCompatError) else error
                self.refused.append(f"    {_called(node, self.traced)}: {what}")
                self.values[node] = self._unknown(node)
        outputs = self._outputs()
        if self.refused:
            raise UnsupportedLayerError(
                f"{len(self.refused)} parts of the module are unsupported:\n"
                + "\n".join(self.refused),
                remedy="replace them in torch, or write these layers in MATLAB.",
            )
        network = Network(self.layers, self.connections, output_names=outputs)
        if _shape(next(iter(self.traced.graph.nodes))):
            network.plan()  # refuses data of other dimensions than the layers take
        return network

    def _outputs(self) -> list[str]:
        (output,) = (node for node in self.traced.graph.nodes if node.op == "output")
        for node in output.all_input_nodes:
            if self.values[node].flattened:
                self.refused.append(
                    f"    {_called(node, self.traced)}: the output is an image flattened "
                    "row-major, which MATLAB does column-major"
                )
        return [self.values[node].source for node in output.all_input_nodes]

    def _unknown(self, node: fx.Node) -> Value:
        """What comes out of a part that is refused: the reading goes on behind it."""
        last = any(self.values[n].channels_last for n in node.all_input_nodes)
        return Value("", _shape(node), last)

    def _value(self, node: fx.Node) -> Value:
        if node.op == "placeholder":
            return self._input(node)
        given = [self.values[n] for n in node.all_input_nodes]
        if node.target is operator.getitem and not given[0].source:
            return self._unknown(node)  # a part of what was refused is not refused again
        if node.op == "call_module":
            return self._module(node, self.traced.get_submodule(str(node.target)), given[0])
        if node.op in ("call_function", "call_method"):
            return self._function(node, given)
        raise Refused("only layers, and functions of their results, become MATLAB layers")

    # --- inputs -----------------------------------------------------------------------------

    def _input(self, node: fx.Node) -> Value:
        shape = _shape(node)
        if not shape:
            return _NOTHING
        last = len(shape) == 3 and _starts_with_channels_last(node, self.traced)
        channels = shape[-1 if last else 1]
        options: dict[str, Any] = {"Name": node.name, "Normalization": "none"}
        space = shape[2:]
        if len(shape) == 2:
            layer: Layer = matlab.featureInputLayer(channels, **options)
        elif len(shape) == 3:
            layer = matlab.sequenceInputLayer(channels, **options)
        elif len(shape) == 4:
            layer = matlab.imageInputLayer([*space, channels], **options)
        elif len(shape) == 5:
            layer = matlab.image3dInputLayer([*space, channels], **options)
        else:
            raise Refused(f"no input layer takes data of {len(shape)} dimensions")
        self.layers.append(layer)
        return Value(node.name, shape, last)

    # --- layers -----------------------------------------------------------------------------

    def _module(self, node: fx.Node, module: nn.Module, x: Value) -> Value:
        if isinstance(module, nn.LSTM | nn.GRU):
            return self._recurrent(node, module, x)
        if isinstance(module, nn.Flatten):
            return self._flatten(node, module.start_dim, module.end_dim, x)
        return self._add(node, layers_of(module, x), x, isinstance(module, _ELEMENTWISE))

    def _add(self, node: fx.Node, layers: Sequence[Layer], x: Value, keeps_order: bool) -> Value:
        """Put layers behind ``x``, one after the other."""
        name = self._name(node)
        source = x.source
        for i, layer in enumerate(layers):
            layer.Name = name if i == 0 else f"{name}_part{i + 1}"
            self._put(layer, [source])
            source = layer.Name
        flattened = x.flattened if keeps_order or not layers else ()
        return replace(x, source=source, shape=_shape(node), flattened=flattened)

    def _name(self, node: fx.Node) -> str:
        """The attribute's name; 'layer_0' for the first of a Sequential, 'conv_2' if used again."""
        text = str(node.target).replace(".", "_") if node.op == "call_module" else node.name
        stem = f"layer_{text}" if text[0].isdigit() else text
        taken = {layer.Name for layer in self.layers}
        return next(name for name in _numbered(stem) if name not in taken)

    def _put(self, layer: Layer, sources: Sequence[str]) -> None:
        self.layers.append(layer)
        ports = layer.InputNames
        for source, port in zip(sources, ports, strict=True):
            if source:
                place = layer.Name if len(ports) == 1 else f"{layer.Name}/{port}"
                self.connections.append((source, place))

    def _flatten(self, node: fx.Node, start: int, end: int, x: Value) -> Value:
        if not x.shape:
            raise Refused("what is flattened is known only with an example_input")
        if start != 1 or end not in (-1, len(x.shape) - 1):
            raise Refused("only all dimensions but the batch are flattened together")
        if len(x.shape) == 3 and x.shape[2] != 1:
            raise Refused("MATLAB does not flatten time into the channels")
        layers = [matlab.flattenLayer()] if len(x.shape) > 3 else []
        space = [n for n in x.shape[2:] if n != 1]
        flattened = x.shape[1:] if len(space) > 1 or (space and x.shape[1] == 0) else ()
        return replace(self._add(node, layers, x, False), flattened=flattened, shape=_shape(node))

    def _recurrent(self, node: fx.Node, module: nn.LSTM | nn.GRU, x: Value) -> Value:
        last, ends = picked_outputs(node, module)
        if not module.batch_first or not (x.channels_last or not x.shape):
            raise Refused("sequences must be N,T,C: batch_first=True")
        if len(node.all_input_nodes) > 1:
            raise Refused("a given initial state has no place in the layer array")
        value = self._add(node, recurrent_layers(module, last), x, False)
        for end in ends:
            self.values[end] = replace(value, shape=_shape(end), channels_last=not last)
        return replace(value, channels_last=not last)

    # --- functions --------------------------------------------------------------------------

    def _function(self, node: fx.Node, given: list[Value]) -> Value:
        target = node.target
        if target in _SUMS:
            return self._joined(node, given, matlab.additionLayer(len(node.all_input_nodes)))
        if target in (operator.mul, torch.mul):
            return self._joined(node, given, matlab.multiplicationLayer(len(node.all_input_nodes)))
        if target in (torch.cat, torch.concat):
            return self._concatenation(node, given)
        if target in (torch.flatten, "flatten"):
            names = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
            dims: Any = {"start_dim": 0, "end_dim": -1} | names
            return self._flatten(node, dims["start_dim"], dims["end_dim"], given[0])
        if target is operator.getitem:
            return self._cropped(node, given[0])
        if target is getattr and node.args[1] == "mT":
            return self._turned(node, given[0])
        if target in ("transpose", torch.transpose, "permute", torch.permute):
            return self._turned(node, given[0])
        if (make := _FUNCTIONS.get(target)) is not None:
            try:
                module = make(*node.args[1:], **_without_mode(node.kwargs))
            except TypeError:
                raise Refused("it is called with arguments that no layer has") from None
            return self._module(node, module, given[0])
        raise Refused("there is no layer for this function")

    def _joined(self, node: fx.Node, given: list[Value], layer: Layer) -> Value:
        if len(given) != 2 or node.kwargs:
            raise Refused("only two layers' results are added or multiplied, no numbers")
        if len({(value.channels_last, value.flattened) for value in given}) > 1:
            raise Refused("the inputs have their elements in different orders")
        if len({len(value.shape) for value in given}) > 1:
            raise Refused("the inputs have different numbers of dimensions")
        layer.Name = self._name(node)
        self._put(layer, [value.source for value in given])
        return replace(given[0], source=layer.Name, shape=_shape(node))

    def _concatenation(self, node: fx.Node, given: list[Value]) -> Value:
        tensors: Any = node.args[0]
        dim = int(node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0))  # type: ignore[arg-type]
        rank = len(given[0].shape)
        channel = rank - 1 if given[0].channels_last else 1
        if (dim + rank if dim < 0 else dim) != channel:
            raise Refused("only channels are concatenated")
        if len(given) != len(tensors) or any(v.flattened for v in given):
            raise Refused("flattened images, or one value twice, are not concatenated")
        spatial = {4: 2, 5: 3}.get(rank, 0)
        layer = matlab.concatenationLayer(spatial + 1, len(given))
        layer.Name = self._name(node)
        self._put(layer, [value.source for value in given])
        return replace(given[0], source=layer.Name, shape=_shape(node))

    def _cropped(self, node: fx.Node, x: Value) -> Value:
        """Rows and columns sliced off a transposed convolution: more Cropping."""
        layer = next((layer for layer in self.layers if layer.Name == x.source), None)
        once = len(node.all_input_nodes[0].users) == 1
        if not (isinstance(layer, TransposedConvolutionLayer) and once):
            raise Refused("only the result of a transposed convolution is sliced, and only once")
        more = _sliced_off(node.args[1], len(layer.crop))
        crop = [(b + c, a + d) for (b, a), (c, d) in zip(layer.crop, more, strict=True)]
        layer._assign({"CroppingSize": edges(crop)})
        return replace(x, shape=_shape(node))

    def _turned(self, node: fx.Node, x: Value) -> Value:
        axes = node.args[1:] or tuple(node.kwargs.values())
        if axes == ("mT",):
            axes = (-2, -1)
        if len(axes) == 1 and isinstance(axes[0], tuple | list):
            axes = tuple(axes[0])
        swaps = {(1, 2), (2, 1), (-1, -2), (-2, -1), (0, 2, 1), (-1, 1), (1, -1)}
        if len(x.shape) != 3 or axes not in swaps:
            raise Refused("only time and channels may be exchanged")
        return replace(x, shape=_shape(node), channels_last=not x.channels_last)


_NOTHING = Value("")


def _shape(node: fx.Node) -> tuple[int, ...]:
    found = node.meta.get("tensor_meta")
    return tuple(getattr(found, "shape", ()))


def _sliced_off(slices: Any, dims: int) -> list[tuple[int, int]]:
    """``[:, :, 1:-2]`` as [(1, 2)]."""
    every = slice(None, None, None)
    given = slices if isinstance(slices, tuple) else ()
    if len(given) != dims + 2 or given[:2] != (every, every):
        raise Refused("only its space may be sliced")
    found = []
    for part in given[2:]:
        start, stop = (getattr(part, end, None) or 0 for end in ("start", "stop"))
        if not isinstance(part, slice) or part.step not in (None, 1) or start < 0 or stop > 0:
            raise Refused("only whole edges may be sliced off, as in [:, :, 1:-1, :-2]")
        found.append((start, -stop))
    return found


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}_{i}" for i in count(2))


def _called(node: fx.Node, traced: fx.GraphModule) -> str:
    if node.op == "call_module":
        return f"'{node.target}' ({type(traced.get_submodule(str(node.target))).__name__})"
    return f"'{node.name}' ({getattr(node.target, '__name__', node.target)})"


def _starts_with_channels_last(node: fx.Node, traced: fx.GraphModule) -> bool:
    kinds = (nn.LSTM, nn.GRU, nn.Linear, nn.LayerNorm)
    users = [user for user in node.users if user.op == "call_module"]
    return any(isinstance(traced.get_submodule(str(user.target)), kinds) for user in users)


def _without_mode(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in kwargs.items() if k not in ("inplace", "training", "_stacklevel")}


_SUMS: tuple[Any, ...] = (operator.add, operator.iadd, torch.add)

#: Modules that treat every element alike, whatever its place.
_ELEMENTWISE = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Hardtanh,
    nn.Softplus,
    nn.Dropout,
    nn.BatchNorm1d,  # its features are put in order
)

#: Functions that a module stands for, made of the arguments behind the data.
_FUNCTIONS: dict[Any, Callable[..., nn.Module]] = {
    **dict.fromkeys((torch.relu, functional.relu, "relu"), nn.ReLU),
    **dict.fromkeys((torch.tanh, functional.tanh, "tanh"), nn.Tanh),
    **dict.fromkeys((torch.sigmoid, functional.sigmoid, "sigmoid"), nn.Sigmoid),
    **dict.fromkeys((torch.softmax, functional.softmax, "softmax"), nn.Softmax),
    functional.leaky_relu: nn.LeakyReLU,
    functional.elu: nn.ELU,
    functional.gelu: nn.GELU,
    functional.silu: nn.SiLU,
    functional.dropout: nn.Dropout,
    functional.max_pool1d: nn.MaxPool1d,
    functional.max_pool2d: nn.MaxPool2d,
    functional.avg_pool2d: nn.AvgPool2d,
    functional.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
}
