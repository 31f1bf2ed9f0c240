"""The operations of torch that become MATLAB layers: one row for each.

A row names the modules of ``torch.nn``, and the functions: ``relu`` stands for
``torch.relu``, ``torch.nn.functional.relu``, ``x.relu()``, ``x.relu_()`` and ``aten.relu`` of
exported programs alike. All that the walk through a graph knows of operations, and what it says
of those that have no layer, is computed from these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, fx, nn

import matlab_compat as matlab
from matlab_compat import layers as kinds
from matlab_compat.layers import Layer, registered

from . import modules as of
from . import recurrent, structure
from .arguments import operation_name
from .values import Refused, Value

Arguments = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
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


def _plain(kind: Callable[..., nn.Module], *names: str) -> Callable[[Arguments], nn.Module]:
    """A module whose arguments are called as the function's are."""
    return lambda given: kind(**{name: _tuples(given.pop(name)) for name in names if name in given})


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _with_state(module: nn.Module, **state: Tensor | None) -> nn.Module:
    for name, value in state.items():
        if value is not None:
            getattr(module, name).data = value.detach().clone()
    return module.eval()


def _convolution(kind: Callable[..., nn.Module], *more: str) -> Callable[[Arguments], nn.Module]:
    """Convolutions, and transposed ones, whose weights have the input's channels first."""

    def make(given: Arguments) -> nn.Module:
        weight, bias, groups = given.pop("weight"), given.pop("bias"), given.pop("groups")
        names = ("stride", "padding", "dilation", *more)
        options = {name: _tuples(given.pop(name)) for name in names}
        first, second, *window = weight.shape
        sizes = (first, second * groups) if more else (second * groups, first)
        module = kind(*sizes, tuple(window), groups=groups, bias=bias is not None, **options)
        return _with_state(module, weight=weight, bias=bias)

    return make


def _linear(given: Arguments) -> nn.Module:
    weight, bias = given.pop("weight"), given.pop("bias")
    module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    return _with_state(module, weight=weight, bias=bias)


def _batch_norm(given: Arguments) -> nn.Module:
    mean, weight = given.pop("running_mean"), given.pop("weight")
    options = {name: given.pop(name) for name in ("eps", "momentum")}
    module = nn.BatchNorm1d(len(mean), affine=weight is not None, **options)
    state = {"running_mean": mean, "running_var": given.pop("running_var"), "weight": weight}
    return _with_state(module, bias=given.pop("bias"), **state)


def _group_norm(given: Arguments) -> nn.Module:
    weight, bias, groups = given.pop("weight"), given.pop("bias"), given.pop("num_groups")
    channels = groups if weight is None else len(weight)
    module = nn.GroupNorm(groups, channels, given.pop("eps"), affine=weight is not None)
    return _with_state(module, weight=weight, bias=bias)


def _instance_norm(given: Arguments) -> nn.Module:
    weight, bias = given.pop("weight"), given.pop("bias")
    channels = 1 if weight is None else len(weight)
    module = nn.InstanceNorm2d(channels, given.pop("eps"), affine=weight is not None)
    return _with_state(module, weight=weight, bias=bias)


def _layer_norm(given: Arguments) -> nn.Module:
    weight, bias = given.pop("weight"), given.pop("bias")
    shape = _tuples(given.pop("normalized_shape"))
    module = nn.LayerNorm(shape, given.pop("eps"), weight is not None)
    return _with_state(module, weight=weight, bias=bias)


def _pooling(kind: Callable[..., nn.Module]) -> Callable[[Arguments], nn.Module]:
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    more = ("count_include_pad", "divisor_override")
    make = _plain(kind, *names, *more)

    def pooling(given: Arguments) -> nn.Module:
        given["stride"] = given["stride"] or given["kernel_size"]
        given.pop("return_indices", None)  # a second result
        return make(given)

    return pooling


def _adaptive_max(kind: Callable[..., nn.Module]) -> Callable[[Arguments], nn.Module]:
    def make(given: Arguments) -> nn.Module:
        given.pop("return_indices", None)  # a second result
        return kind(_tuples(given.pop("output_size")))

    return make


def _prelu(given: Arguments) -> nn.Module:
    weight = given.pop("weight")
    return _with_state(nn.PReLU(weight.numel()), weight=weight)


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


def _embedding(given: Arguments) -> nn.Module:
    weight = given.pop("weight")
    given.pop("padding_idx")  # its row is an ordinary one in prediction
    return _with_state(nn.Embedding(*weight.shape), weight=weight)


def _upsample(mode: str) -> Callable[[Arguments], nn.Module]:
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


def _celu(module: nn.CELU, x: Value) -> list[Layer]:
    alpha = module.alpha
    return [of.scaling(1 / alpha), matlab.eluLayer(1), of.scaling(alpha)]


#: What torch's SELU multiplies with, and its alpha.
_SELU = (1.0507009873554804934193349852946, 1.6732632423543772848170429916717)


def _one(make: Callable[..., Layer], *names: str) -> Callable[[Any, Value], list[Layer]]:
    """One layer, whose arguments are attributes of the module."""
    return lambda module, x: [make(*(getattr(module, name) for name in names))]


# --- the rows ------------------------------------------------------------------------------


def _activations() -> Iterator[Operation]:
    def row(module: Any, functions: str, make: Any, becomes: Any, layers: Any) -> Operation:
        found = becomes if isinstance(becomes, tuple) else (becomes,)
        return Operation(
            modules=module if isinstance(module, tuple) else (module,),
            functions=functions,
            module_of=make,
            layers=layers,
            becomes=found,
            order="kept",
        )

    def plain(kind: Any, functions: str, make: Callable[..., Layer], becomes: Any) -> Operation:
        return row(kind, functions, _plain(kind), becomes, _one(make))

    moved = (kinds.ClippedReLULayer, kinds.NnetScalingLayer)
    yield plain(nn.ReLU, "relu", matlab.reluLayer, kinds.ReLULayer)
    yield plain(nn.Tanh, "tanh", matlab.tanhLayer, kinds.TanhLayer)
    yield plain(nn.Sigmoid, "sigmoid", matlab.sigmoidLayer, kinds.SigmoidLayer)
    yield plain(nn.SiLU, "silu", matlab.swishLayer, kinds.SwishLayer)
    yield row(
        nn.LeakyReLU,
        "leaky_relu",
        _plain(nn.LeakyReLU, "negative_slope"),
        kinds.LeakyReLULayer,
        _one(matlab.leakyReluLayer, "negative_slope"),
    )
    yield row(nn.ELU, "elu", _elu, kinds.ELULayer, _one(matlab.eluLayer, "alpha"))
    yield row(
        nn.SELU,
        "selu",
        _plain(nn.SELU),
        (kinds.ELULayer, kinds.NnetScalingLayer),
        lambda module, x: [matlab.eluLayer(_SELU[1]), of.scaling(_SELU[0])],
    )
    yield row(
        nn.CELU, "celu", _plain(nn.CELU, "alpha"), (kinds.ELULayer, kinds.NnetScalingLayer), _celu
    )
    yield row(
        nn.GELU,
        "gelu",
        _plain(nn.GELU, "approximate"),
        kinds.GELULayer,
        lambda module, x: [matlab.geluLayer(Approximation=module.approximate)],
    )
    yield row(
        nn.Softplus,
        "softplus",
        _plain(nn.Softplus, "beta", "threshold"),
        (kinds.SoftplusLayer, kinds.NnetScalingLayer),
        of.softplus,
    )
    yield row(nn.PReLU, "prelu", _prelu, kinds.PReLULayer, of.prelu)
    yield row(
        nn.Hardtanh, "hardtanh", _plain(nn.Hardtanh, "min_val", "max_val"), moved, of.clipping
    )
    yield row(nn.ReLU6, "relu6", _plain(nn.ReLU6), moved, of.clipping)
    yield row((), "clamp clip", _clamp, (kinds.ReLULayer, *moved), None)
    yield row(nn.Softmax, "softmax", _plain(nn.Softmax, "dim"), kinds.SoftmaxLayer, of.softmax)
    yield row(
        nn.Softmax2d,
        "",
        None,
        kinds.SoftmaxLayer,
        lambda module, x: of.softmax(nn.Softmax(-3), x),
    )
    yield row(
        nn.Dropout,
        "dropout",
        _plain(nn.Dropout, "p"),
        kinds.DropoutLayer,
        _one(matlab.dropoutLayer, "p"),
    )
    yield row(
        (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
        "dropout1d dropout2d dropout3d feature_dropout",
        _plain(nn.Dropout2d, "p"),
        kinds.SpatialDropoutLayer,
        lambda module, x: [matlab.spatialDropoutLayer(Probability=module.p)],
    )
    yield row(nn.Identity, "", None, (), lambda module, x: [])


def _with_parameters() -> Iterator[Operation]:
    convolutions = (kinds.Convolution1DLayer, kinds.Convolution2DLayer, kinds.Convolution3DLayer)
    transposed = (
        kinds.TransposedConvolution1DLayer,
        kinds.TransposedConvolution2DLayer,
        kinds.TransposedConvolution3DLayer,
    )
    for dims, plain, back in (
        (1, nn.Conv1d, nn.ConvTranspose1d),
        (2, nn.Conv2d, nn.ConvTranspose2d),
        (3, nn.Conv3d, nn.ConvTranspose3d),
    ):
        grouped = (kinds.GroupedConvolution2DLayer,) if dims == 2 else ()
        yield Operation(
            modules=(plain,),
            functions=f"conv{dims}d",
            module_of=_convolution(plain),
            layers=of.convolution,
            becomes=(convolutions[dims - 1], *grouped),
            pads=True,
        )
        yield Operation(
            modules=(back,),
            functions=f"conv_transpose{dims}d",
            module_of=_convolution(back, "output_padding"),
            layers=of.transposed_convolution,
            becomes=(transposed[dims - 1],),
        )
    yield Operation(
        modules=(nn.Linear,),
        functions="linear",
        module_of=_linear,
        layers=of.linear,
        becomes=(kinds.FullyConnectedLayer, *convolutions),
        order="taken",
        channels_last=True,
    )
    yield Operation(
        modules=(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
        functions="batch_norm",
        module_of=_batch_norm,
        layers=of.batch_normalization,
        becomes=(kinds.BatchNormalizationLayer,),
        order="kept",
    )
    yield Operation(
        modules=(nn.GroupNorm,),
        functions="group_norm",
        module_of=_group_norm,
        layers=of.group_normalization,
        becomes=(kinds.GroupNormalizationLayer,),
    )
    yield Operation(
        modules=(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
        functions="instance_norm",
        module_of=_instance_norm,
        layers=of.instance_normalization,
        becomes=(kinds.InstanceNormalizationLayer,),
    )
    yield Operation(
        modules=(nn.LayerNorm,),
        functions="layer_norm",
        module_of=_layer_norm,
        layers=of.layer_normalization,
        becomes=(kinds.LayerNormalizationLayer, kinds.NnetScalingLayer),
        order="kept",
        channels_last=True,
    )
    yield Operation(
        modules=(nn.LocalResponseNorm,),
        functions="local_response_norm",
        module_of=_plain(nn.LocalResponseNorm, "size", "alpha", "beta", "k"),
        layers=of.local_response,
        becomes=(kinds.CrossChannelNormalizationLayer,),
    )
    yield Operation(
        modules=(nn.Embedding,),
        functions="embedding",
        module_of=_embedding,
        layers=of.embedding,
        becomes=(kinds.WordEmbeddingLayer,),
        axes="NTC",
    )
    yield Operation(
        modules=(nn.LSTM, nn.GRU),
        handler=recurrent.recurrence,
        becomes=(kinds.LSTMLayer, kinds.BiLSTMLayer, kinds.GRULayer, kinds.DropoutLayer),
        channels_last=True,
    )
    yield Operation(
        modules=(nn.MultiheadAttention,),
        handler=recurrent.attention,
        becomes=(kinds.SelfAttentionLayer, kinds.AttentionLayer, kinds.FullyConnectedLayer),
        channels_last=True,
    )


def _pooling_and_resampling() -> Iterator[Operation]:
    windows = (
        (nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d),
        (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d),
        (nn.MaxPool3d, nn.AvgPool3d, nn.AdaptiveMaxPool3d, nn.AdaptiveAvgPool3d),
    )
    maximum = (kinds.MaxPooling1DLayer, kinds.MaxPooling2DLayer, kinds.MaxPooling3DLayer)
    average = (
        kinds.AveragePooling1DLayer,
        kinds.AveragePooling2DLayer,
        kinds.AveragePooling3DLayer,
    )
    of_all_maximum = (
        kinds.GlobalMaxPooling1DLayer,
        kinds.GlobalMaxPooling2DLayer,
        kinds.GlobalMaxPooling3DLayer,
    )
    of_all_average = (
        kinds.GlobalAveragePooling1DLayer,
        kinds.GlobalAveragePooling2DLayer,
        kinds.GlobalAveragePooling3DLayer,
    )
    for i, (most, mean, adaptive_most, adaptive_mean) in enumerate(windows):
        dims = i + 1
        yield Operation(
            modules=(most,),
            functions=f"max_pool{dims}d max_pool{dims}d_with_indices",
            module_of=_pooling(most),
            layers=of.max_pooling(dims),
            becomes=(maximum[i],),
        )
        yield Operation(
            modules=(mean,),
            functions=f"avg_pool{dims}d",
            module_of=_pooling(mean),
            layers=of.average_pooling(dims),
            becomes=(average[i],),
        )
        yield Operation(
            modules=(adaptive_most,),
            functions=f"adaptive_max_pool{dims}d adaptive_max_pool{dims}d_with_indices",
            module_of=_adaptive_max(adaptive_most),
            layers=of.adaptive_pooling(dims, maximum=True),
            becomes=(maximum[i], of_all_maximum[i]),
        )
        blocks = kinds.AdaptiveAveragePooling2DLayer if dims == 2 else average[i]
        yield Operation(
            modules=(adaptive_mean,),
            functions=f"adaptive_avg_pool{dims}d",
            module_of=_plain(adaptive_mean, "output_size"),
            layers=of.adaptive_pooling(dims, maximum=False),
            becomes=(blocks, of_all_average[i]),
        )
    resized = (kinds.Resize2DLayer, kinds.Resize3DLayer)
    yield Operation(
        modules=(nn.Upsample,),
        functions="interpolate upsample",
        module_of=_interpolate,
        layers=of.resize,
        becomes=resized,
    )
    for mode, names in (
        ("nearest", "upsample_nearest2d upsample_nearest3d"),
        ("nearest-exact", "_upsample_nearest_exact2d _upsample_nearest_exact3d"),
        ("bilinear", "upsample_bilinear2d"),
        ("trilinear", "upsample_trilinear3d"),
    ):
        yield Operation(
            functions=names, module_of=_upsample(mode), layers=of.resize, becomes=resized
        )
    yield Operation(
        modules=(nn.PixelShuffle,),
        functions="pixel_shuffle",
        module_of=_plain(nn.PixelShuffle, "upscale_factor"),
        layers=of.pixel_shuffle,
        becomes=(kinds.DepthToSpace2DLayer,),
    )


def _structure() -> Iterator[Operation]:
    scaled = kinds.NnetScalingLayer
    flat = (kinds.FlattenLayer, kinds.FunctionLayer, kinds.Indexing1DLayer)
    for functions, handler, becomes in (
        (
            "add iadd",
            structure.addition,
            (kinds.AdditionLayer, kinds.PositionEmbeddingLayer, scaled),
        ),
        ("sub isub rsub subtract", structure.subtraction, (kinds.AdditionLayer, scaled)),
        ("mul imul multiply", structure.multiplication, (kinds.MultiplicationLayer, scaled)),
        ("div truediv itruediv divide true_divide", structure.division, (scaled,)),
        ("neg negative", structure.negation, (scaled,)),
        ("pow square", structure.power, (kinds.MultiplicationLayer,)),
        ("cat concat concatenate", structure.concatenation, (kinds.ConcatenationLayer,)),
        ("squeeze", structure.squeezing, flat),
        ("unsqueeze", structure.unsqueezing, ()),
        ("transpose swapaxes swapdims permute t mT", structure.turning, ()),
        ("mean", structure.pooling(maximum=False), flat),
        ("amax max", structure.pooling(maximum=True), flat),
        ("getitem select", structure.picking, flat),
        ("slice", structure.slicing, ()),
    ):
        yield Operation(functions=functions, handler=handler, becomes=becomes)
    yield Operation(
        modules=(nn.Flatten, nn.Unflatten),
        functions="flatten view reshape unflatten _unsafe_view",
        handler=structure.reshaping,
        becomes=flat,
    )
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
        (None, "lstm gru", "give the module itself, not the program exported from it"),
        (None, "chunk split", "two convolutions instead of one"),
        (None, "stack", "cat, which is a concatenationLayer"),
        (None, "matmul bmm", "attentionLayer, or nn.MultiheadAttention in torch"),
        (None, "scaled_dot_product_attention", "nn.MultiheadAttention in torch"),
    ):
        yield Operation(modules=(module,) if module else (), functions=functions, near=near)


OPERATIONS: tuple[Operation, ...] = (
    *_activations(),
    *_with_parameters(),
    *_pooling_and_resampling(),
    *_structure(),
    *_without_layers(),
)

#: Registered layers that no operation becomes, and why.
WITHOUT_OPERATION: dict[str, str] = {
    **dict.fromkeys(
        (
            "ClassificationOutputLayer",
            "DicePixelClassificationLayer",
            "FcnLossLayer",
            "FocalLossLayer",
            "PixelClassificationLayer",
            "RCNNBoxRegressionLayer",
            "RPNClassificationLayer",
            "RegressionOutputLayer",
            "YOLOv2OutputLayer",
        ),
        "a loss: torch keeps it outside the module",
    ),
    **dict.fromkeys(
        (
            "FeatureInputLayer",
            "Image3DInputLayer",
            "ImageInputLayer",
            "SequenceInputLayer",
        ),
        "made from the example input",
    ),
    "InputLayer": "the input layers of images, sequences and features say more",
    **dict.fromkeys(
        (
            "KerasFlattenCStyleLayer",
            "KerasGlobalAveragePooling2dLayer",
            "KerasSigmoidLayer",
            "KerasTanhLayer",
            "OnnxElementwiseAffineLayer",
            "OnnxFlattenInto2dLayer",
            "OnnxFlattenLayer",
            "OnnxIdentityLayer",
            "OnnxSigmoidLayer",
            "OnnxVerifyBatchSizeLayer",
        ),
        "made by MATLAB's importers alone",
    ),
    **dict.fromkeys(
        ("GRUProjectedLayer", "LSTMProjectedLayer"),
        "torch's proj_size projects the hidden state otherwise",
    ),
    **dict.fromkeys(
        ("Crop2DLayer", "Crop3DLayer"), "torch slices; only edges of transposed convolutions map"
    ),
    **dict.fromkeys(
        ("SequenceFoldingLayer", "SequenceUnfoldingLayer"),
        "torch moves time into the batch with view, which the walk refuses",
    ),
    **dict.fromkeys(
        (
            "EmbeddingConcatenationLayer",
            "PatchEmbeddingLayer",
            "SinusoidalPositionEncodingLayer",
        ),
        "several operations in torch",
    ),
    "DepthConcatenationLayer": "concatenationLayer does the same for all data",
    "IdentityLayer": "nothing is needed for nn.Identity",
    "MaxUnpooling2DLayer": "torch's indices are others",
    "NetworkLayer": "the parts of a module are put in one network",
    "ScalingLayer": "scalingLayer of the Deep Learning Toolbox does the same",
    "QuadraticLayer": "torch has no such operation",
    "SpaceToDepthLayer": "nn.PixelUnshuffle gives the channels in another order",
}


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
