"""A walk through the graph of a torch module that collects layers and connections."""

from __future__ import annotations

from dataclasses import replace
from inspect import isfunction, signature
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from matlab_compat import layers as matlab
from matlab_compat.arrays import as_tuple
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError, UsageError, cause_text
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from .arguments import named_arguments, operation_name
from .operations import Operation, no_layer, operation_of, operation_of_module
from .values import Refused, Value, Walk, labels_of


def read(module: nn.Module | torch.export.ExportedProgram, example_input: Any) -> Network:
    """See :func:`converters.from_torch`."""
    if isinstance(module, torch.export.ExportedProgram):
        exported = module.module()
        assert isinstance(exported, fx.GraphModule)
        return _Walk(exported).network()
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
            remedy="write its forward without decisions that depend on the data, or give what "
            "torch.export.export(model, (example_input,)) makes of it.",
        ) from error
    if example_input is not None:
        _propagate_shapes(traced, example_input)
    return _Walk(traced).network()


def _propagate_shapes(traced: fx.GraphModule, example_input: Any) -> None:
    examples = as_tuple(example_input)
    was_training = {module: module.training for module in traced.modules()}
    try:
        with torch.no_grad():
            _Shapes(traced.eval()).run(*examples)
    except Exception as error:  # whatever the module's own code raises
        raise UsageError(
            f"The module does not run on the example input: {cause_text(error)}"
        ) from error
    finally:
        for module, training in was_training.items():
            module.training = training


class _Shapes(fx.Interpreter):
    """Runs a graph and notes the sizes of all results, where ``torch.export`` has them."""

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        n.meta["val"] = _without_data(result)
        return result


def _without_data(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to("meta")
    return tuple(map(_without_data, value)) if isinstance(value, tuple | list) else None


#: Arguments of functions that change nothing in prediction.
_NO_EFFECT = {
    "inplace",
    "training",
    "train",
    "_stacklevel",
    "cudnn_enabled",
    "momentum",
    "use_input_stats",
    "scale_grad_by_freq",
    "sparse",
    "norm_type",
    "input_scale",
}
#: Functions with an argument ``inplace``.
_MAY_BE_IN_PLACE = {
    name
    for name, function in vars(functional).items()
    if isfunction(function) and "inplace" in signature(function).parameters
}
_SIZES = ("size", "shape", "dim", "ndim", "ndimension", "numel", "sym_size")
#: Torch's dimensions of an input by their number.
_INPUTS = {2: "NC", 3: "NCT", 4: "NCHW", 5: "NCHWD"}
#: Functions behind which the data still has the dimensions that it came with.
_ARITHMETIC = {"add", "iadd", "sub", "isub", "mul", "imul", "div", "truediv", "neg"}


class _Walk(Walk):
    """Reads a whole torch graph, node by node."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        self.refused: list[str] = []
        #: Where the reading goes on behind what was refused, and nothing is known of the data.
        self.lost: set[fx.Node] = set()
        #: The attention modules of an exported program, which are refused once.
        self.attentions: set[str] = set()

    def network(self) -> Network:
        """The whole graph as a network."""
        for node in self.traced.graph.nodes:
            idle = node.op not in ("placeholder", "output") and not node.users
            in_place = idle and self._in_place(node)
            if node in self.values or node.op == "output" or (idle and not in_place):
                continue
            try:
                if not self._is_constant(node):
                    self.values[node] = self._value(node)
                    if in_place or self._in_place(node):  # what uses it later sees the change
                        self.values[node.all_input_nodes[0]] = self.values[node]
            except (Refused, MatlabCompatError) as error:
                what = error.what if isinstance(error, MatlabCompatError) else error
                self._refuse(node, what)
        outputs = self._outputs()
        if self.refused:
            many = len(self.refused)
            have = "part of the module has" if many == 1 else "parts of the module have"
            raise UnsupportedLayerError(
                f"{many} {have} no layer:\n" + "\n".join(self.refused),
                remedy="replace them in torch, or write these layers in MATLAB.",
            )
        network = Network(list(self.layers.values()), self.connections, output_names=outputs)
        if self.shape(next(iter(self.traced.graph.nodes))):
            network.plan()  # refuses data of other dimensions than the layers take
        return network

    def _outputs(self) -> list[str]:
        (output,) = (node for node in self.traced.graph.nodes if node.op == "output")
        for node in output.all_input_nodes:
            if node not in self.values:
                self._refuse(node, "the output does not depend on the data")
            elif self.values[node].padding:
                self._refuse(node, "MATLAB has no layer for pad alone")
        return [self.values[node].source for node in output.all_input_nodes]

    def _refuse(self, node: fx.Node, why: object) -> None:
        """Note a part that is refused; the reading goes on behind it."""
        self.refused.append(f"{_called(node, self.traced)}: {why}")
        given = [self.values[n] for n in node.all_input_nodes if n in self.values]
        shape = self.shape(node)
        axes = next((v.axes for v in given if len(v.axes) == len(shape)), "")
        self.values[node] = Value("", shape, axes, labels_of(axes) if axes else "")
        if not axes:
            self.lost.add(node)

    def _in_place(self, node: fx.Node) -> bool:
        """Whether an operation changes its first argument."""
        if node.op == "call_module":
            return bool(getattr(self.traced.get_submodule(str(node.target)), "inplace", False))
        if node.op not in ("call_function", "call_method"):
            return False
        schema = getattr(node.target, "_schema", None)
        name = schema.name if schema else getattr(node.target, "__name__", str(node.target))
        arguments = named_arguments(node) if name in _MAY_BE_IN_PLACE else {}
        return (
            (name.endswith("_") and not name.endswith("__"))
            or name in ("iadd", "isub", "imul", "itruediv", "setitem")
            or bool(arguments.get("inplace"))
        )

    # --- what does not depend on the data -----------------------------------------------------

    def _is_constant(self, node: fx.Node) -> bool:
        """Whether the node is a number, a size or a tensor of the module; it is kept if so."""
        if node.op == "get_attr":
            holder, _, name = str(node.target).rpartition(".")
            self.constants[node] = getattr(self.traced.get_submodule(holder), name)
        elif node.op == "placeholder":
            return False
        elif all(n in self.constants for n in node.all_input_nodes):
            with torch.no_grad():
                self.constants[node] = self._computed(node)
            if self.sizes.intersection(node.all_input_nodes):
                self.sizes.add(node)
        elif operation_name(node) in _SIZES and self.values[node.all_input_nodes[0]].shape:
            shape = torch.Size(self.values[node.all_input_nodes[0]].shape)
            stand_in = torch.empty(shape, device="meta")
            args = fx.map_arg(node.args, lambda n: self.constants.get(n, stand_in))
            kwargs = fx.map_arg(node.kwargs, lambda n: self.constants.get(n, stand_in))
            self.constants[node] = _run(node, args, kwargs)
            self.sizes.add(node)
        else:
            return False
        return True

    def _computed(self, node: fx.Node) -> Any:
        args, kwargs = self.constant(node.args), self.constant(node.kwargs)
        if node.op == "call_module":
            return self.traced.get_submodule(str(node.target))(*args, **kwargs)
        return _run(node, args, kwargs)

    # --- inputs -----------------------------------------------------------------------------

    def _input(self, node: fx.Node) -> Value:
        shape = self.shape(node)
        if not shape:
            return Value("")
        axes = self._held_by(node, len(shape))
        size = dict(zip(axes, shape, strict=False))
        channels, space = size.get("C", 1), [n for axis, n in size.items() if axis in "HWD"]
        options: dict[str, Any] = {"Name": node.name, "Normalization": "none"}
        if "T" in axes:
            layer: Layer = matlab.sequenceInputLayer(channels, **options)
        elif len(space) == 2:
            layer = matlab.imageInputLayer([*space, channels], **options)
        elif len(space) == 3:
            layer = matlab.image3dInputLayer([*space, channels], **options)
        elif axes == "NC":
            layer = matlab.featureInputLayer(channels, **options)
        else:
            raise Refused(f"no input layer takes data of {len(shape)} dimensions")
        self.layers[node.name] = layer
        return Value(node.name, shape, axes, labels_of(axes))

    def _held_by(self, node: fx.Node, rank: int) -> str:
        """The dimensions of an input: what first uses it says where the channels are."""
        use = self._first_use(node)
        if rank == 2 and use in ("embedding", "unsqueeze"):
            return "NT"
        if rank == 3 and use == "unsqueeze":
            return "NHW"
        if rank == 3 and use == "channels last":
            return "NTC"
        if rank in (4, 5) and use == "to channels second":
            return _INPUTS[rank].replace("C", "") + "C"
        return _INPUTS.get(rank, "")

    def _first_use(self, node: fx.Node) -> str:
        for user in node.users:
            row, name = operation_of(user, self.traced), operation_name(user)
            if row is None:
                continue
            if row is operation_of_module(_EMBEDDING):
                return "embedding"
            index = user.args[1] if name == "getitem" else ()
            if name == "unsqueeze" or index is None or (isinstance(index, tuple) and None in index):
                return "unsqueeze"
            if row.channels_last:
                return "channels last"
            if name == "permute" and _moves_channels(user):
                return "to channels second"
            if name in ("transpose", "permute", "mT", "swapaxes"):
                behind = self._first_use(user)
                return {"channels last": "", "layer": "channels last"}.get(behind, behind)
            if row.order == "kept" or name in _ARITHMETIC:
                if behind := self._first_use(user):
                    return behind
            elif row.layers is not None:
                return "layer"
        return ""

    # --- operations ---------------------------------------------------------------------------

    def _value(self, node: fx.Node) -> Value:
        if node.op == "placeholder":
            return self._input(node)
        attention = _exported_attention(node)
        if attention not in ("", *self.attentions):
            self.attentions.add(attention)
            self.lost.add(node)
            raise Refused(
                f"it is a part of '{attention}' (MultiheadAttention), whose heads the exported "
                "program takes apart: give the module itself, with an example_input"
            )
        if attention or self.lost.intersection(node.all_input_nodes):
            self.lost.add(node)
            return Value("", self.shape(node))
        name = operation_name(node)
        first = node.all_input_nodes[0] if node.all_input_nodes else node
        if name in ("getitem", "values") and isinstance(first.meta.get("val"), tuple | list):
            if node.args[1] not in (0, "values"):
                raise Refused("of its results only the first is understood")
            return replace(self.values[first], shape=self.shape(node))
        row = operation_of(node, self.traced)
        module = None
        if node.op == "call_module":
            module = self.traced.get_submodule(str(node.target))
            name = type(module).__name__
        if row is None or row.near:
            if name in _SIZES:
                raise Refused("sizes are known only with an example_input")
            raise no_layer(name, row)
        if row.handler is not None:
            return row.handler(self, node, module)
        data = [n for n in node.all_input_nodes if n not in self.constants]
        if len(data) != 1:
            raise Refused("its weights are computed from the data")
        if module is None:
            module = self._module(node, row, data[0])
            row = operation_of_module(module) or row
        return self._layers(node, row, module, self.values[data[0]])

    def _module(self, node: fx.Node, row: Operation, data: fx.Node) -> nn.Module:
        arguments = named_arguments(node)
        if sum(value is data for value in arguments.values()) > 1:
            raise Refused("its weights are computed from the data")
        given = dict(self.constant({k: v for k, v in arguments.items() if v is not data}))
        assert row.module_of is not None
        try:
            module = row.module_of(given)
        except (TypeError, KeyError):
            raise Refused("it is called with arguments that no layer has") from None
        for name, value in given.items():
            if name not in _NO_EFFECT and value is not None and value is not False:
                raise Refused(f"it is called with arguments that no layer has ({name})")
        return module.eval()

    def _layers(self, node: fx.Node, row: Operation, module: nn.Module, x: Value) -> Value:
        assert row.layers is not None
        if row.order != "kept" and not x.agrees and x.source:
            raise Refused("its data has dimensions of size 1 that the features in MATLAB have not")
        if x.padding and not row.pads:
            raise Refused("its data is padded, which MATLAB does within a convolution alone")
        second = row.order or row.channels_last or row.axes
        if x.axes and not second and x.axes[1:2] != "C":
            raise Refused("its channels are torch's second dimension, which here holds others")
        layers = row.layers(module, x)
        changes: dict[str, Any] = {"axes": row.axes} if row.axes and x.axes else {}
        if row.order == "kept" or not layers:
            changes["flattened"] = x.flattened
        return self.add(node, layers, x, **changes)

    def keeps_order(self, node: fx.Node) -> bool:
        """By the rows of the operations that take it."""
        rows = [(user, operation_of(user, self.traced)) for user in node.users]
        return all(
            row is not None
            and (row.order == "taken" or (row.order == "kept" and self.keeps_order(user)))
            for user, row in rows
        )


def _exported_attention(node: fx.Node) -> str:
    """The name of the attention module that an operation of an exported program belongs to."""
    stack = node.meta.get("nn_module_stack", {}).values() if node.op == "call_function" else ()
    return next((path for path, kind in stack if str(kind).endswith("MultiheadAttention")), "")


_EMBEDDING = nn.Embedding(1, 1)


def _run(node: fx.Node, args: Any, kwargs: Any) -> Any:
    if node.op == "call_method":
        return getattr(args[0], str(node.target))(*args[1:], **kwargs)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def _moves_channels(node: fx.Node) -> bool:
    """Whether ``permute(0, 3, 1, 2)``, or the like for volumes."""
    order = node.args[1:] or tuple(node.kwargs.values())
    if len(order) == 1:
        order = tuple(order[0])  # type: ignore[arg-type]
    return len(order) > 3 and [*order] == [0, len(order) - 1, *range(1, len(order) - 1)]


def _called(node: fx.Node, traced: fx.GraphModule) -> str:
    if node.op == "call_module":
        return f"'{node.target}' ({type(traced.get_submodule(str(node.target))).__name__})"
    return f"'{node.name}' ({getattr(node.target, '__name__', node.target)})"
