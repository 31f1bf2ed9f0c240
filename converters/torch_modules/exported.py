"""An exported program, which holds operations, as a graph of the modules that they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn

Arguments = dict[str, Any]


def as_modules(program: torch.export.ExportedProgram) -> fx.GraphModule:
    """The program with a module of ``torch.nn`` for each operation that has one.

    Other operations stay as they are. Sizes are those that the program was exported with.
    """
    exported = program.module()
    assert isinstance(exported, fx.GraphModule)
    graph, found = fx.Graph(), dict[fx.Node, fx.Node]()
    modules: dict[str, nn.Module] = {}
    for node in exported.graph.nodes:
        if node.op == "get_attr" or node.target == "_guards_fn":
            continue
        module = _module(node, exported)
        if module is not None:
            modules[node.name] = module
            new = graph.call_module(node.name, (found[node.args[0]],))
        elif (function := _FUNCTIONS.get(_operation(node))) is not None:
            args = fx.map_arg(node.args, found.__getitem__)
            new = graph.call_function(function, args, dict(node.kwargs))
        else:
            new = graph.node_copy(node, found.__getitem__)
        new.meta = {"tensor_meta": node.meta.get("val")}
        found[node] = new
    return fx.GraphModule(modules, graph)


def _operation(node: fx.Node) -> str:
    """``conv2d`` for aten.conv2d.default."""
    schema = getattr(node.target, "_schema", None)
    return str(schema.name).removeprefix("aten::") if schema is not None else ""


def _module(node: fx.Node, exported: fx.GraphModule) -> nn.Module | None:
    make = _MODULES.get(_operation(node))
    if make is None:
        return None
    arguments = _arguments(node)
    for name, value in arguments.items():
        if isinstance(value, fx.Node) and value.op == "get_attr":
            arguments[name] = _attribute(exported, str(value.target))
    return make(arguments)


def _arguments(node: fx.Node) -> Arguments:
    """All arguments of an operation by name, with their defaults."""
    declared = node.target._schema.arguments  # type: ignore[union-attr]
    given = dict(zip((a.name for a in declared), node.args, strict=False)) | node.kwargs
    return {a.name: given.get(a.name, a.default_value) for a in declared}


def _attribute(module: nn.Module, path: str) -> Tensor:
    holder, _, name = path.rpartition(".")
    value: Tensor = getattr(module.get_submodule(holder), name)
    return value


# --- the modules ---------------------------------------------------------------------------


def _with_state(module: nn.Module, **state: Tensor | None) -> nn.Module:
    for name, value in state.items():
        if value is not None:
            getattr(module, name).data = value.detach().clone()
    return module.eval()


def _convolution(kind: Callable[..., nn.Module]) -> Callable[[Arguments], nn.Module]:
    def make(given: Arguments) -> nn.Module:
        filters, each, *window = given["weight"].shape
        options = {name: given[name] for name in ("stride", "padding", "dilation")}
        options = {k: v if isinstance(v, str) else tuple(v) for k, v in options.items()}
        size = (each * given["groups"], filters, tuple(window))
        module = kind(*size, groups=given["groups"], bias=given["bias"] is not None, **options)
        return _with_state(module, weight=given["weight"], bias=given["bias"])

    return make


def _transposed(kind: Callable[..., nn.Module]) -> Callable[[Arguments], nn.Module]:
    def make(given: Arguments) -> nn.Module:
        channels, each, *window = given["weight"].shape
        names = ("stride", "padding", "output_padding", "dilation")
        options = {name: tuple(given[name]) for name in names}
        size = (channels, each * given["groups"], tuple(window))
        module = kind(*size, groups=given["groups"], bias=given["bias"] is not None, **options)
        return _with_state(module, weight=given["weight"], bias=given["bias"])

    return make


def _linear(given: Arguments) -> nn.Module:
    outputs, inputs = given["weight"].shape
    module = nn.Linear(inputs, outputs, bias=given["bias"] is not None)
    return _with_state(module, weight=given["weight"], bias=given["bias"])


def _batch_norm(given: Arguments) -> nn.Module:
    affine, mean = given["weight"] is not None, given["running_mean"]
    options = {"eps": given["eps"], "momentum": given["momentum"], "affine": affine}
    module = nn.BatchNorm1d(len(mean), **options)
    state = {"running_mean": mean, "running_var": given["running_var"]}
    return _with_state(module, weight=given["weight"], bias=given["bias"], **state)


def _layer_norm(given: Arguments) -> nn.Module:
    affine = given["weight"] is not None
    module = nn.LayerNorm(given["normalized_shape"], given["eps"], affine)
    return _with_state(module, weight=given["weight"], bias=given["bias"])


def _pooling(kind: Callable[..., nn.Module]) -> Callable[[Arguments], nn.Module]:
    def make(given: Arguments) -> nn.Module:
        options = {name: value for name, value in given.items() if name not in ("self", "input")}
        sizes = ("kernel_size", "stride", "padding", "dilation")
        options |= {name: tuple(options[name]) for name in sizes if name in options}
        options["stride"] = options["stride"] or options["kernel_size"]
        return kind(**options)

    return make


_MODULES: dict[str, Callable[[Arguments], nn.Module]] = {
    "conv1d": _convolution(nn.Conv1d),
    "conv2d": _convolution(nn.Conv2d),
    "conv3d": _convolution(nn.Conv3d),
    "conv_transpose1d": _transposed(nn.ConvTranspose1d),
    "conv_transpose2d": _transposed(nn.ConvTranspose2d),
    "conv_transpose3d": _transposed(nn.ConvTranspose3d),
    "linear": _linear,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "max_pool1d": _pooling(nn.MaxPool1d),
    "max_pool2d": _pooling(nn.MaxPool2d),
    "max_pool3d": _pooling(nn.MaxPool3d),
    "avg_pool1d": _pooling(nn.AvgPool1d),
    "avg_pool2d": _pooling(nn.AvgPool2d),
    "avg_pool3d": _pooling(nn.AvgPool3d),
    "adaptive_avg_pool1d": lambda given: nn.AdaptiveAvgPool1d(given["output_size"]),
    "adaptive_avg_pool2d": lambda given: nn.AdaptiveAvgPool2d(given["output_size"]),
    "adaptive_avg_pool3d": lambda given: nn.AdaptiveAvgPool3d(given["output_size"]),
    "relu": lambda given: nn.ReLU(),
    "relu_": lambda given: nn.ReLU(),
    "tanh": lambda given: nn.Tanh(),
    "sigmoid": lambda given: nn.Sigmoid(),
    "silu": lambda given: nn.SiLU(),
    "gelu": lambda given: nn.GELU(given["approximate"]),
    "leaky_relu": lambda given: nn.LeakyReLU(given["negative_slope"]),
    "elu": lambda given: nn.ELU(given["alpha"]),
    "hardtanh": lambda given: nn.Hardtanh(given["min_val"], given["max_val"]),
    "softmax": lambda given: nn.Softmax(given["dim"]),
    "dropout": lambda given: nn.Dropout(given["p"]),
}

#: Operations with another name than the function of torch that the reader knows.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": torch.add,
    "mul": torch.mul,
    "cat": torch.cat,
    "flatten": torch.flatten,
    "transpose": torch.transpose,
    "permute": torch.permute,
}
