"""The operations of torch that become MATLAB layers: one row for each.

A row names the modules of ``torch.nn``, and the functions: ``relu`` stands for
``torch.relu``, ``torch.nn.functional.relu``, ``x.relu()``, ``x.relu_()`` and ``aten.relu`` of
exported programs alike. All that the walk through a graph knows of operations, and what it says
of those that have no layer, is computed from these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any, Literal

from torch import Tensor, fx, nn
from torch.nn import functional

from matlab_compat import layers as matlab
from matlab_compat.layers import Layer, registered
from matlab_compat.layers.base import Elementwise

from . import modules as of
from . import recurrent, structure
from .arguments import operation_name
from .values import Refused, Value

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of torch, and what it is in MATLAB."""

    #: Classes of ``torch.nn``; their subclasses too.
    modules: tuple[type[nn.Module], ...] = ()
    #: Names of functions, methods and operations of exported programs.
    functions: str = ""
    #: The module that a function stands for; it takes (pops) what it needs from the arguments.
    module_of: Callable[[Arguments], nn.Module] | None = None
    #: The layers of a module behind a value.
    layers: Callable[[Any, Value], list[Layer]] | None = None
    #: Or what to do with a node that is no chain of layers.
    handler: structure.Handler | None = None
    #: The classes of the layers that it may become.
    becomes: tuple[type[Layer], ...] = ()
    #: Features in MATLAB's order instead of torch's: "kept" by what is element-wise or puts its
    #: parameters in order, "taken" by what puts its weights in order and gives other features.
    order: Literal["", "kept", "taken"] = ""
    #: Whether its channels are the last dimension in torch.
    channels_last: bool = False
    #: Torch's dimensions of the result, where it has others than the input.
    axes: str = ""
    #: Whether the layer takes over the padding of its input.
    pads: bool = False
    #: For what MATLAB has no layer: what comes near.
    near: str = ""


# --- modules from the arguments of functions -----------------------------------------------

ModuleOf = Callable[[Arguments], nn.Module]


def _plain(kind: Callable[..., nn.Module], *names: str) -> ModuleOf:
    """A module whose arguments are called as the function's are."""
    return lambda given: kind(**{name: _tuples(given.pop(name)) for name in names if name in given})


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _with_state(make: Callable[[Arguments, Any], nn.Module]) -> ModuleOf:
    """A module with the function's weight and bias; ``None`` where it has none."""

    def module_of(given: Arguments) -> nn.Module:
        state = {name: given.pop(name) for name in ("weight", "bias") if name in given}
        module = make(given, state)
        for name, value in state.items():
            if value is None:
                setattr(module, name, None)
            else:
                getattr(module, name).data = value.detach().clone()
        return module.eval()

    return module_of


def _convolution(kind: Callable[..., nn.Module], *more: str) -> ModuleOf:
    """Convolutions, and transposed ones, whose weights have the input's channels first."""

    def make(given: Arguments, state: Any) -> nn.Module:
        groups, (first, second, *window) = given.pop("groups"), state["weight"].shape
        sizes = (first, second * groups) if more else (second * groups, first)
        sized = partial(kind, *sizes, tuple(window), groups=groups)
        return _plain(sized, "stride", "padding", "dilation", *more)(given)

    return _with_state(make)


def _count(state: Any, otherwise: int) -> int:
    """How many channels there are; functions without a weight do not say."""
    return otherwise if state["weight"] is None else len(state["weight"])


_linear = _with_state(lambda given, state: nn.Linear(*state["weight"].T.shape))
_prelu = _with_state(lambda given, state: nn.PReLU(state["weight"].numel()))


_instance_norm = _with_state(
    lambda given, state: nn.InstanceNorm2d(_count(state, 1), given.pop("eps"), affine=True)
)


@_with_state
def _layer_norm(given: Arguments, state: Any) -> nn.Module:
    shape = _tuples(given.pop("normalized_shape"))
    return nn.LayerNorm(shape, given.pop("eps"), state["weight"] is not None)


@_with_state
def _batch_norm(given: Arguments, state: Any) -> nn.Module:
    state |= {name: given.pop(name) for name in ("running_mean", "running_var")}
    return nn.BatchNorm1d(len(state["running_mean"]), given.pop("eps"), given.pop("momentum"))


@_with_state
def _group_norm(given: Arguments, state: Any) -> nn.Module:
    groups = given.pop("num_groups")
    return nn.GroupNorm(groups, _count(state, groups), given.pop("eps"))


@_with_state
def _embedding(given: Arguments, state: Any) -> nn.Module:
    given.pop("padding_idx")  # its row is an ordinary one in prediction
    return nn.Embedding(*state["weight"].shape)


def _pooling(kind: Callable[..., nn.Module], *names: str) -> ModuleOf:
    def pooling(given: Arguments) -> nn.Module:
        if "stride" in given:
            given["stride"] = given["stride"] or given["kernel_size"]
        given.pop("return_indices", None)  # a second result
        return _plain(kind, *names)(given)

    return pooling


_WINDOW = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
_AVERAGED = ("count_include_pad", "divisor_override")


def _clamp(given: Arguments) -> nn.Module:
    low, high = given.pop("min"), given.pop("max")
    if low == 0 and high is None:
        return nn.ReLU()
    if low is None or high is None or isinstance(low, Tensor) or isinstance(high, Tensor):
        raise Refused("only two numbers clip, or 0 below; functionLayer(@(x) min(x,1)) is near")
    return nn.Hardtanh(low, high)


def _elu(given: Arguments) -> nn.Module:
    if (given.pop("scale", 1), given.pop("input_scale", 1)) != (1, 1):
        raise Refused("MATLAB's eluLayer has no scale; nn.SELU becomes two layers")
    return nn.ELU(given.pop("alpha"))


def _upsample(mode: str) -> ModuleOf:
    """The operations of exported programs, one for each mode."""

    def make(given: Arguments) -> nn.Module:
        size, scale = given.pop("output_size"), given.pop("scale_factors", None)
        align = given.pop("align_corners", None)
        return nn.Upsample(_tuples(size), _tuples(scale), mode, align)

    return make


def _interpolate(given: Arguments) -> nn.Module:
    recompute = given.pop("recompute_scale_factor", None)
    if recompute and given["scale_factor"] is None:
        raise Refused("recompute_scale_factor needs a scale_factor")
    return _plain(nn.Upsample, "size", "scale_factor", "mode", "align_corners")(given)


def _selu(module: nn.SELU, x: Value) -> list[Layer]:
    # What torch multiplies with, and its alpha.
    return [
        matlab.eluLayer(1.6732632423543772848170429916717),
        of.scaling(1.0507009873554804934193349852946),
    ]


def _celu(module: nn.CELU, x: Value) -> list[Layer]:
    alpha = module.alpha
    return [of.scaling(1 / alpha), matlab.eluLayer(1), of.scaling(alpha)]


# --- the rows ------------------------------------------------------------------------------


def _row(
    modules: Any,
    functions: str,
    module_of: ModuleOf | str | None,
    layers: Callable[[Any, Value], list[Layer]] | None,
    becomes: str,
    **more: Any,
) -> Operation:
    """The row of one module or several.

    ``module_of`` may be the names of the arguments that function and module have in common;
    ``becomes`` has the names of layer classes without "Layer".
    """
    several = modules if isinstance(modules, tuple) else (modules,)
    make = _plain(several[0], *module_of.split()) if isinstance(module_of, str) else module_of
    found = _classes(becomes)
    return Operation(several, functions, make, layers, becomes=found, **more)


def _classes(names: str) -> tuple[type[Layer], ...]:
    return tuple(getattr(matlab, f"{name}Layer") for name in names.split())


def _elementwise(known: Collection[type[nn.Module]]) -> Iterator[Operation]:
    """The layers that are a module of torch made with their properties, and are not ``known``."""
    functions = {name.replace("_", ""): name for name in dir(functional) if name[-1] != "_"}
    for layer in registered().values():
        path, *properties = layer.torch_module() or ("",)
        module = getattr(nn, str(path).removeprefix("torch.nn."), None)
        if module is None or module in known or "nnet.cnn" not in layer.matlab_class:
            continue
        if not issubclass(layer, Elementwise) or not set(properties) <= set(layer.properties):
            continue
        names = dict(zip(map(str, properties), signature(module).parameters, strict=False))

        def layers(module: nn.Module, x: Value, layer: Any = layer, names: Any = names) -> Any:
            return [layer(**{given: getattr(module, name) for given, name in names.items()})]

        function = functions[module.__name__.lower()]
        make = _plain(module, *names.values())
        yield Operation((module,), function, make, layers, becomes=(layer,), order="kept")


def _activations() -> Iterator[Operation]:
    row = partial(_row, order="kept")
    moved, scaled = "ClippedReLU NnetScaling", "ELU NnetScaling"
    yield row(nn.ELU, "elu", _elu, lambda module, x: [matlab.eluLayer(module.alpha)], "ELU")
    yield row(nn.SELU, "selu", "", _selu, scaled)
    yield row(nn.CELU, "celu", "alpha", _celu, scaled)
    yield row(nn.Softplus, "softplus", "beta threshold", of.softplus, "Softplus NnetScaling")
    yield row(nn.PReLU, "prelu", _prelu, of.prelu, "PReLU")
    yield row(nn.Hardtanh, "hardtanh", "min_val max_val", of.clipping, moved)
    yield row(nn.ReLU6, "relu6", "", of.clipping, moved)
    yield row((), "clamp clip", _clamp, None, f"ReLU {moved}")
    yield row(nn.Softmax, "softmax", "dim", of.softmax, "Softmax")
    of_channels = nn.Softmax(-3)
    yield row(nn.Softmax2d, "", None, lambda _, x: of.softmax(of_channels, x), "Softmax")
    whole = (nn.Dropout2d, nn.Dropout1d, nn.Dropout3d)
    names = "dropout1d dropout2d dropout3d feature_dropout"
    yield row(whole, names, "p", of.spatial_dropout, "SpatialDropout")
    yield row(nn.Identity, "", None, lambda module, x: [], "")


def _with_parameters() -> Iterator[Operation]:
    for d in (1, 2, 3):
        plain, back = getattr(nn, f"Conv{d}d"), getattr(nn, f"ConvTranspose{d}d")
        becomes = f"Convolution{d}D" + " GroupedConvolution2D" * (d == 2)
        make, back_make = _convolution(plain), _convolution(back, "output_padding")
        layers, becomes_back = of.transposed_convolution, f"TransposedConvolution{d}D"
        yield _row(plain, f"conv{d}d", make, of.convolution, becomes, pads=True)
        yield _row(back, f"conv_transpose{d}d", back_make, layers, becomes_back)
    becomes = "FullyConnected Convolution1D Convolution2D Convolution3D"
    yield _row(nn.Linear, "linear", _linear, of.linear, becomes, order="taken", channels_last=True)
    kinds: Any = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
    yield _row(
        kinds, "batch_norm", _batch_norm, of.batch_normalization, "BatchNormalization", order="kept"
    )
    yield _row(
        nn.GroupNorm, "group_norm", _group_norm, of.group_normalization, "GroupNormalization"
    )
    kinds = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
    layers, becomes = of.instance_normalization, "InstanceNormalization"
    yield _row(kinds, "instance_norm", _instance_norm, layers, becomes)
    layers, becomes = of.layer_normalization, "LayerNormalization NnetScaling"
    yield _row(
        nn.LayerNorm, "layer_norm", _layer_norm, layers, becomes, order="kept", channels_last=True
    )
    kind, becomes = nn.LocalResponseNorm, "CrossChannelNormalization"
    yield _row(kind, "local_response_norm", "size alpha beta k", of.local_response, becomes)
    yield _row(nn.Embedding, "embedding", _embedding, of.embedding, "WordEmbedding", axes="NTC")
    attention = "SelfAttention Attention FullyConnected"
    for kinds, names, handler, becomes in (
        ((nn.LSTM, nn.GRU), "lstm gru", recurrent.recurrence, "LSTM BiLSTM GRU Dropout"),
        (nn.MultiheadAttention, "", recurrent.attention, attention),
    ):
        yield _row(kinds, names, None, None, becomes, handler=handler, channels_last=True)


def _pooling_and_resampling() -> Iterator[Operation]:
    for d in (1, 2, 3):
        for short, long, more in (("Max", "Max", ()), ("Avg", "Average", _AVERAGED)):
            most, name = long == "Max", f"{short.lower()}_pool{d}d"
            kind, adaptive = (getattr(nn, f"{way}{short}Pool{d}d") for way in ("", "Adaptive"))
            make, block = _pooling(kind, *_WINDOW, *more), f"{long}Pooling{d}D"
            layers = partial(of.max_pooling if most else of.average_pooling, dims=d)
            yield _row(kind, _with_indices(name, most), make, layers, block)
            if adaptive is nn.AdaptiveAvgPool2d:
                block = "AdaptiveAveragePooling2D"
            name, make = _with_indices(f"adaptive_{name}", most), _pooling(adaptive, "output_size")
            layers = partial(of.adaptive_pooling, dims=d, maximum=most)
            yield _row(adaptive, name, make, layers, f"{block} Global{long}Pooling{d}D")
    resized = "Resize2D Resize3D"
    yield _row(nn.Upsample, "interpolate upsample", _interpolate, of.resize, resized)
    for mode, names in (
        ("nearest", "upsample_nearest2d upsample_nearest3d"),
        ("nearest-exact", "_upsample_nearest_exact2d _upsample_nearest_exact3d"),
        ("bilinear", "upsample_bilinear2d"),
        ("trilinear", "upsample_trilinear3d"),
    ):
        yield _row((), names, _upsample(mode), of.resize, resized)
    shuffle = of.pixel_shuffle
    yield _row(nn.PixelShuffle, "pixel_shuffle", "upscale_factor", shuffle, "DepthToSpace2D")


def _with_indices(name: str, has: bool) -> str:
    """The function, and the one of exported programs that gives the indices as well."""
    return f"{name} {name}_with_indices" if has else name


def _structure() -> Iterator[Operation]:
    flat = "Flatten Function Indexing1D"
    for functions, handler, becomes in (
        ("add iadd", structure.addition, "Addition PositionEmbedding NnetScaling"),
        ("sub isub rsub subtract", structure.subtraction, "Addition NnetScaling"),
        ("mul imul multiply", structure.multiplication, "Multiplication NnetScaling"),
        ("div truediv itruediv divide true_divide", structure.division, "NnetScaling"),
        ("neg negative", structure.negation, "NnetScaling"),
        ("pow square", structure.power, "Multiplication"),
        ("cat concat concatenate", structure.concatenation, "Concatenation"),
        ("squeeze", structure.squeezing, flat),
        ("unsqueeze", structure.unsqueezing, ""),
        ("transpose swapaxes swapdims permute t mT", structure.turning, ""),
        ("mean", partial(structure.pooling, maximum=False), flat),
        ("amax max", partial(structure.pooling, maximum=True), flat),
        ("getitem select", structure.picking, flat),
        ("slice", structure.slicing, ""),
        ("chunk split split_with_sizes unbind", structure.taking_apart, "Indexing1D"),
    ):
        yield _row((), functions, None, None, becomes, handler=handler)
    both, names = (nn.Flatten, nn.Unflatten), "flatten view reshape unflatten _unsafe_view"
    yield _row(both, names, None, None, flat, handler=structure.reshaping)
    yield Operation(
        modules=tuple(
            getattr(nn, f"{mode}Pad{dims}d")
            for mode in ("Zero", "Constant", "Reflection", "Replication")
            for dims in (1, 2, 3)
        ),
        functions="pad",
        handler=structure.padding,
    )
    yield Operation(
        functions="contiguous clone detach float to alias _to_copy type_as",
        handler=structure.passing,
        order="kept",
    )


def _without_layers() -> Iterator[Operation]:
    """What MATLAB has no layer for, and what comes near."""
    clipped = "functionLayer(@(x) x.*min(max(x+3,0),6)/6)"
    for module, functions, near in (
        (nn.Hardswish, "hardswish", clipped),
        (nn.Hardsigmoid, "hardsigmoid", "functionLayer(@(x) min(max(x+3,0),6)/6)"),
        (nn.Mish, "mish", "functionLayer(@(x) x.*tanh(log(1+exp(x))))"),
        (nn.LogSoftmax, "log_softmax", "softmaxLayer, whose logarithm it is"),
        (nn.Softmin, "softmin", "softmaxLayer of the negative"),
        (nn.LogSigmoid, "logsigmoid log_sigmoid", "functionLayer(@(x) log(1./(1+exp(-x))))"),
        (nn.Softsign, "softsign", "functionLayer(@(x) x./(1+abs(x)))"),
        (nn.Tanhshrink, "tanhshrink", "functionLayer(@(x) x-tanh(x))"),
        (nn.GLU, "glu", "two convolutions, a sigmoidLayer and a multiplicationLayer"),
        (nn.RMSNorm, "rms_norm", "layerNormalizationLayer, which takes the mean off as well"),
        (nn.PixelUnshuffle, "pixel_unshuffle", "spaceToDepthLayer, whose channels come otherwise"),
        (nn.RNN, "", "lstmLayer and gruLayer"),
        (nn.MaxUnpool2d, "max_unpool2d", "maxUnpooling2dLayer, whose indices are others"),
        (nn.Transformer, "", "its parts as modules of their own: attention, norms, linear layers"),
        (nn.TransformerEncoderLayer, "", "its attention, norms and linear layers, one by one"),
        (nn.TransformerEncoder, "", "its layers' attention, norms and linear layers, one by one"),
        (None, "exp", "functionLayer(@(x) exp(x))"),
        (None, "log", "functionLayer(@(x) log(x))"),
        (None, "sqrt", "functionLayer(@(x) sqrt(x))"),
        (None, "abs", "functionLayer(@(x) abs(x))"),
        (None, "sum", "the mean, which is a pooling layer, and a scalingLayer"),
        (None, "stack", "cat, which is a concatenationLayer"),
        (None, "matmul bmm", "attentionLayer, or nn.MultiheadAttention: the module itself"),
        (None, "scaled_dot_product_attention", "nn.MultiheadAttention: the module itself"),
    ):
        yield Operation((module,) if module else (), functions, near=near)


_WRITTEN = (
    *_activations(),
    *_with_parameters(),
    *_pooling_and_resampling(),
    *_structure(),
    *_without_layers(),
)
OPERATIONS: tuple[Operation, ...] = (
    *_elementwise([module for row in _WRITTEN for module in row.modules]),
    *_WRITTEN,
)


# --- computed from the rows ----------------------------------------------------------------

_BY_MODULE = {kind: row for row in OPERATIONS for kind in row.modules}
_BY_FUNCTION = {name: row for row in OPERATIONS for name in row.functions.split()}


def operation_of(node: fx.Node, root: nn.Module) -> Operation | None:
    """The row of the operation that a node of a graph carries out."""
    if node.op == "call_module":
        return operation_of_module(root.get_submodule(str(node.target)))
    if node.op in ("call_function", "call_method"):
        return _BY_FUNCTION.get(operation_name(node))
    return None


def operation_of_module(module: nn.Module) -> Operation | None:
    """The row of a module of ``torch.nn`` or of a class made from one."""
    return next((_BY_MODULE[k] for k in type(module).__mro__ if k in _BY_MODULE), None)


def no_layer(name: str, row: Operation | None) -> Refused:
    """Why an operation becomes no layer, with what comes near.

    Nothing that is registered is said to be missing in MATLAB.
    """
    near = row.near if row is not None else ""
    like = _letters(name)
    for layer in registered().values():
        if like and like in (_letters(layer.__name__), _letters(layer.constructor)):
            hint = f": {near}" if near else ", to be put there by hand"
            return Refused(f"MATLAB has {layer.constructor}, but this form is not translated{hint}")
    if near:
        return Refused(f"no layer of MATLAB's computes {name}; near is {near}")
    return Refused(f"there is no layer for {name or 'this function'}")


def _letters(name: str) -> str:
    return name.lower().replace("_", "").removesuffix("layer")
