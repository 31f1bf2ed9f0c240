"""One torch module as MATLAB layers, one after the other.

Each function takes the module and the value that goes into it, and gives none to three layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from matlab_compat import layers as matlab
from matlab_compat.layers import Layer, NnetScalingLayer

from .values import Refused, Value

Layers = list[Layer]


def filled(layer: Layer, state: dict[str, Tensor], channels: int | None = None) -> Layers:
    """The layer with the parameters of ``state``, which has the names of ``layer.to_torch()``."""
    own = layer.initialize(channels, seed=0).torch_state()
    given = {k: v.detach().cpu().float().numpy() for k, v in state.items() if k in own}
    return [layer.assign_state(own | given)]


def _state(module: Any) -> dict[str, Tensor]:
    """Weight and bias; a missing bias is zero."""
    bias = module.bias
    if bias is None:
        count = getattr(module, "out_channels", None) or module.out_features
        bias = module.weight.new_zeros(count)
    return {"weight": module.weight, "bias": bias}


def _affine(module: Any, channels: int) -> dict[str, Tensor]:
    """Scale and offset; one and zero where the module has none."""
    return {
        "weight": torch.ones(channels) if module.weight is None else module.weight,
        "bias": torch.zeros(channels) if getattr(module, "bias", None) is None else module.bias,
    }


def _channels(module: Any, x: Value, declared: int) -> int:
    """How many there are; a function without a scale does not say."""
    return declared if module.weight is not None else x.size.get("C", declared)


def _column_major(values: Tensor, flattened: Sequence[tuple[str, int]], dim: int) -> Tensor:
    """Features in torch's row-major order, put in MATLAB's column-major order."""
    if not flattened:
        return values
    # Column-major h,w,c is row-major c,w,h.
    order = torch.arange(values.shape[dim]).reshape([size for _, size in flattened])
    held = [axis for axis, _ in flattened]
    axes = sorted(range(len(held)), key=lambda i: "CDWH".index(held[i]))
    return values.index_select(dim, order.permute(axes).flatten())


def _tuple(value: Any, dims: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * dims


def edges(pairs: Sequence[tuple[int, int]]) -> Any:
    """(before, after) for each dimension as MATLAB writes them: [t b l r], [t l f; b r k]."""
    if len(pairs) == 3:
        return [[before for before, _ in pairs], [after for _, after in pairs]]
    return [n for pair in pairs for n in pair]


def _size(values: Sequence[int]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def scaling(scale: object = 1, bias: object = 0) -> Layer:
    """The layer of the Deep Learning Toolbox (R2025a): times ``scale``, plus ``bias``."""
    return matlab.scalingLayer(Scale=scale, Offset=bias)


def shifted(layer: Layer | None, bias: Any) -> bool:
    """Whether ``layer`` is a scaling layer without an offset, which now has this one."""
    if not isinstance(layer, NnetScalingLayer) or layer.Offset.any():
        return False
    layer.Offset = bias
    return True


def in_matlab_order(constant: Tensor, x: Value) -> Any:
    """A tensor that expands to ``x`` in torch, as an array of an observation's size in MATLAB."""
    array = constant.detach().cpu().numpy()
    if array.size == 1:
        return array.item()
    if not x.axes:
        raise Refused("what a tensor belongs to is known only with an example_input")
    if array.ndim > len(x.axes) or not x.agrees:
        raise Refused("the tensor has dimensions that the data lacks")
    full = array.reshape((1,) * (len(x.axes) - array.ndim) + array.shape)
    size = dict(zip(x.axes, full.shape, strict=True))
    if size["N"] != 1 or size.get("T", 1) != 1:
        raise Refused("the tensor has other numbers for every observation or time step")
    if x.flattened:
        raise Refused("the features lie in MATLAB's order, the tensor in torch's")
    kept = (*x.space, "C")
    order = [x.axes.index(axis) for axis in (*kept, *(set(x.axes) - set(kept)))]
    return full.transpose(order).reshape([size[axis] for axis in kept] + [1] * (not x.space))


# --- convolutions --------------------------------------------------------------------------


def _of_dims(family: str, dims: int) -> Callable[..., Layer]:
    """MATLAB's function for the layer of one to three dimensions."""
    made: Callable[..., Layer] = getattr(matlab, f"{family}{dims}dLayer")
    return made


_PADDING_VALUES = {"zeros": 0, "replicate": "replicate", "reflect": "symmetric-exclude-edge"}


def convolution(module: Any, x: Value) -> Layers:
    """A convolution in one to three dimensions, in groups where MATLAB has them."""
    dims = len(module.kernel_size)
    if module.padding_mode not in _PADDING_VALUES:
        raise Refused(f"padding_mode '{module.padding_mode}' is none of MATLAB's PaddingValue")
    padding, value = module.padding, _PADDING_VALUES[module.padding_mode]
    if padding != "same":
        sides = (0,) * dims if padding == "valid" else padding
        pairs = [(p, p) for p in sides]
        if x.padding:
            if any(sides) and (value, x.padding_value) != (0, 0):
                raise Refused("its data is padded, and it pads once more in another way")
            both = zip(pairs, x.padding, strict=True)
            pairs, value = [(a + c, b + d) for (a, b), (c, d) in both], x.padding_value
        padding = edges(pairs)
    elif x.padding:
        raise Refused("its data is padded, and it pads once more in another way")
    options = {
        "Stride": _size(module.stride),
        "Padding": padding,
        "DilationFactor": _size(module.dilation),
        "PaddingValue": value,
    }
    size = _size(module.kernel_size)
    if module.groups == 1:
        layer = _of_dims("convolution", dims)(size, module.out_channels, **options)
    elif dims == 2:
        each = module.out_channels // module.groups
        layer = matlab.groupedConvolution2dLayer(size, each, module.groups, **options)
    else:
        raise Refused(
            f"MATLAB's convolution{dims}dLayer has no groups (groups={module.groups}); "
            "groupedConvolution2dLayer has"
        )
    return filled(layer, _state(module), module.in_channels)


def transposed_convolution(module: Any, x: Value) -> Layers:
    """A transposed convolution; what torch pads is what MATLAB crops."""
    dims = len(module.kernel_size)
    if any(d != 1 for d in module.dilation):
        raise Refused(f"MATLAB's transposedConv{dims}dLayer has no dilation {module.dilation}")
    if module.groups != 1:
        raise Refused(f"MATLAB's transposedConv{dims}dLayer has no groups ({module.groups})")
    # torch keeps output_padding more rows at the end of what its padding crops on both sides.
    crop = [(p, p - q) for p, q in zip(module.padding, module.output_padding, strict=True)]
    if any(after < 0 for _, after in crop):
        raise Refused(
            f"output_padding {module.output_padding} exceeds padding {module.padding}: it adds "
            "rows of zeros, and Cropping cannot add"
        )
    size, stride = _size(module.kernel_size), _size(module.stride)
    options = {"Stride": stride, "Cropping": edges(crop)}
    layer = _of_dims("transposedConv", dims)(size, module.out_channels, **options)
    return filled(layer, _state(module), module.in_channels)


def linear(module: nn.Linear, x: Value) -> Layers:
    """A fully connected layer; over the channels of images a convolution of size 1."""
    if x.axes and x.axes[-1] != "C":
        held = "time" if x.axes[-1] == "T" else "space"
        raise Refused(f"Linear works on the last dimension, which here is {held}, not channels")
    state = _state(module)
    if x.space:
        dims = len(x.space)
        state["weight"] = state["weight"].reshape(*state["weight"].shape, *(1,) * dims)
        layer = _of_dims("convolution", dims)(1, module.out_features)
        return filled(layer, state, module.in_features)
    state["weight"] = _column_major(state["weight"], x.flattened, 1)
    return filled(matlab.fullyConnectedLayer(module.out_features), state, module.in_features)


# --- normalizations ------------------------------------------------------------------------


def _channels_second(x: Value, otherwise: str) -> None:
    if x.axes and x.axes[1] != "C":
        raise Refused(otherwise)


def batch_normalization(module: Any, x: Value) -> Layers:
    """With the running statistics."""
    if not module.track_running_stats:
        raise Refused("without running statistics it has no meaning in predict")
    _channels_second(x, "it would normalize time steps, not channels")
    decay = 0.1 if module.momentum is None else module.momentum
    state = _affine(module, module.num_features)
    state |= {"running_mean": module.running_mean, "running_var": module.running_var}
    state = {name: _column_major(value, x.flattened, 0) for name, value in state.items()}
    layer = matlab.batchNormalizationLayer(Epsilon=module.eps, MeanDecay=decay, VarianceDecay=decay)
    return filled(layer, state, module.num_features)


def group_normalization(module: nn.GroupNorm, x: Value) -> Layers:
    """Torch normalizes everything but the batch together, time as well."""
    _channels_second(x, "it would normalize groups of time steps or rows, not of channels")
    over = {"OperationDimension": "batch-excluded"} if "T" in x.axes else {}
    layer = matlab.groupNormalizationLayer(module.num_groups, Epsilon=module.eps, **over)
    channels = _channels(module, x, module.num_channels)
    return filled(layer, _affine(module, channels), channels)


def instance_normalization(module: Any, x: Value) -> Layers:
    """Every channel of every observation by itself."""
    if module.track_running_stats:
        raise Refused("MATLAB's layer keeps no running statistics; batchNormalizationLayer does")
    _channels_second(x, "it would normalize time steps, not channels")
    layer = matlab.instanceNormalizationLayer(Epsilon=module.eps)
    channels = _channels(module, x, module.num_features)
    return filled(layer, _affine(module, channels), channels)


def layer_normalization(module: nn.LayerNorm, x: Value) -> Layers:
    """Over the channels, or over whole observations; torch scales every element by itself."""
    over = x.axes[len(x.axes) - len(module.normalized_shape) :]
    if over == "C":
        dimension = "channel-only"
    elif x.space and sorted(over) == sorted(x.axes[1:]):
        dimension = "batch-excluded"
    else:
        raise Refused("MATLAB's layer normalizes channels, or all but the batch; nothing between")
    layer = matlab.layerNormalizationLayer(Epsilon=module.eps, OperationDimension=dimension)
    if dimension == "channel-only":
        channels = module.normalized_shape[0]
        state = _affine(module, channels)
        state = {name: _column_major(value, x.flattened, 0) for name, value in state.items()}
        return filled(layer, state, channels)
    layers = filled(layer, {}, x.size["C"])
    if module.elementwise_affine:
        shape = tuple(module.normalized_shape)
        bias = module.weight.new_zeros(shape) if module.bias is None else module.bias
        layers.append(scaling(in_matlab_order(module.weight, x), in_matlab_order(bias, x)))
    return layers


def local_response(module: nn.LocalResponseNorm, x: Value) -> Layers:
    """The same formula; windows of even size reach one further on the other side."""
    if module.size % 2 == 0:
        raise Refused("MATLAB's window of an even size lies one channel further on than torch's")
    _channels_second(x, "MATLAB's crossChannelNormalizationLayer goes over channels")
    options = {"Alpha": module.alpha, "Beta": module.beta, "K": module.k}
    return [matlab.crossChannelNormalizationLayer(module.size, **options)]


# --- pooling -------------------------------------------------------------------------------


def global_pooling(dims: int, maximum: bool) -> Layer:
    """The layer that pools all of time or space."""
    return _of_dims("globalMaxPooling" if maximum else "globalAveragePooling", dims)()


def _window(module: Any, dims: int, x: Value) -> tuple[Any, dict[str, Any]]:
    size = _tuple(module.kernel_size, dims)
    stride = _tuple(module.kernel_size if module.stride is None else module.stride, dims)
    padding = _tuple(module.padding, dims)
    if module.ceil_mode:
        sizes = zip(x.shape[2:], size, stride, padding, strict=False)
        if not x.shape or any((n + 2 * p - k) % s for n, k, s, p in sizes):
            raise Refused("MATLAB leaves an incomplete last window out (ceil_mode=True does not)")
    return _size(size), {"Stride": _size(stride), "Padding": edges([(p, p) for p in padding])}


def max_pooling(module: Any, x: Value, *, dims: int) -> Layers:
    """Max pooling in ``dims`` dimensions."""
    if module.return_indices or any(d != 1 for d in _tuple(module.dilation, dims)):
        raise Refused("MATLAB's max pooling has no dilation and other indices")
    size, options = _window(module, dims, x)
    return [_of_dims("maxPooling", dims)(size, **options)]


def average_pooling(module: Any, x: Value, *, dims: int) -> Layers:
    """Average pooling in ``dims`` dimensions."""
    if getattr(module, "divisor_override", None):
        raise Refused("MATLAB divides by the number of elements, not by divisor_override")
    size, options = _window(module, dims, x)
    value = 0 if module.count_include_pad else "mean"
    return [_of_dims("averagePooling", dims)(size, PaddingValue=value, **options)]


def adaptive_pooling(module: Any, x: Value, *, dims: int, maximum: bool) -> Layers:
    """Pooling to a given size: of everything, or of equal blocks."""
    wanted = _tuple(module.output_size, dims)
    if getattr(module, "return_indices", False):
        raise Refused("MATLAB's max pooling has other indices")
    if all(n == 1 for n in wanted):
        return [global_pooling(dims, maximum)]
    sizes = x.shape[2:]
    outs = [n if out is None else out for n, out in zip(sizes, wanted, strict=False)]
    if len(sizes) != dims or any(n % out for n, out in zip(sizes, outs, strict=True)):
        raise Refused(
            "only an output of 1, which is MATLAB's global pooling, or one that divides the "
            f"example_input into equal blocks has a layer, not {module.output_size}"
        )
    if dims == 2 and not maximum:
        return [matlab.adaptiveAveragePooling2dLayer(outs)]
    block = _size([n // out for n, out in zip(sizes, outs, strict=True)])
    return [_of_dims("maxPooling" if maximum else "averagePooling", dims)(block, Stride=block)]


# --- activations ---------------------------------------------------------------------------


def prelu(module: nn.PReLU, x: Value) -> Layers:
    """One slope for all, or one for each channel."""
    count = module.num_parameters
    if count > 1:
        _channels_second(x, "it would have slopes for time steps, not for channels")
    weight = _column_major(module.weight, x.flattened, 0) if count > 1 else module.weight
    return filled(matlab.preluLayer(), {"weight": weight}, count)


def softplus(module: nn.Softplus, x: Value) -> Layers:
    """``log(1 + exp(beta*x)) / beta``; above its threshold torch takes x itself."""
    if module.threshold < 15:  # exp(-15) is less than what float32 can tell
        raise Refused(f"above its threshold {module.threshold} it is no softplus any more")
    layer = matlab.softplusLayer()
    beta = module.beta
    return [layer] if beta == 1 else [scaling(beta), layer, scaling(1 / beta)]


def clipping(module: nn.Hardtanh, x: Value) -> Layers:
    """Clipped below at zero, or moved there and back."""
    low, high = module.min_val, module.max_val
    if low == 0:
        return [matlab.clippedReluLayer(high)]
    return [scaling(bias=-low), matlab.clippedReluLayer(high - low), scaling(bias=low)]


def spatial_dropout(module: Any, x: Value) -> Layers:
    """Whole channels at once."""
    return [matlab.spatialDropoutLayer(Probability=module.p)]


def softmax(module: Any, x: Value) -> Layers:
    """Over the channels."""
    rank = len(x.axes)
    channel = x.axes.index("C") if "C" in x.axes else 1
    if module.dim not in ((channel, channel - rank) if rank else (channel,)):
        raise Refused(f"MATLAB's softmax is over the channels, not over dim={module.dim}")
    return [matlab.softmaxLayer()]


# --- resampling and embedding --------------------------------------------------------------


def resize(module: nn.Upsample, x: Value) -> Layers:
    """Torch's 'nearest' rounds down from the corner, 'nearest-exact' to the nearest centre."""
    dims = 3 if module.mode == "trilinear" else len(x.space)
    if module.align_corners:
        raise Refused("MATLAB's resize layers do not align corners (align_corners=True)")
    if module.mode not in ("nearest", "nearest-exact", "bilinear", "trilinear"):
        raise Refused(f"MATLAB's resize layers do not know '{module.mode}'; bilinear is near")
    if x.axes and (dims not in (2, 3) or x.axes[:2] != "NC"):
        raise Refused("MATLAB resizes images and volumes; sequences have no layer for it")
    dims = dims or 2
    options: dict[str, Any]
    if module.size is not None:
        options = {"OutputSize": list(_tuple(module.size, dims))}
    else:
        scale = _tuple(module.scale_factor, dims)
        exact = zip(x.shape[2:], scale, strict=False)
        if any(n * s != round(n * s) for n, s in exact):
            raise Refused(f"scale_factor {module.scale_factor} makes no whole sizes; give a size")
        options = {"Scale": list(scale)}
    if module.mode in ("bilinear", "trilinear"):
        options["Method"] = module.mode
    elif module.mode == "nearest":
        options |= {"GeometricTransformMode": "asymmetric", "NearestRoundingMode": "floor"}
    return [_of_dims("resize", dims)(**options)]


def pixel_shuffle(module: nn.PixelShuffle, x: Value) -> Layers:
    """Torch takes the channels as C,h,w: MATLAB's 'crd'."""
    return [matlab.depthToSpace2dLayer([module.upscale_factor] * 2, Mode="crd")]


def embedding(module: nn.Embedding, x: Value) -> Layers:
    """Torch counts from 0, MATLAB from 1 and gives 0, padding, the last column: torch's row 0."""
    if module.max_norm is not None:
        raise Refused("MATLAB's wordEmbeddingLayer does not limit the norm (max_norm)")
    if x.axes and x.axes != "NT":
        raise Refused("MATLAB's wordEmbeddingLayer takes one sequence of indices, N,T in torch")
    if module.num_embeddings < 2:
        raise Refused("MATLAB's wordEmbeddingLayer needs two words at least")
    layer = matlab.wordEmbeddingLayer(module.embedding_dim, module.num_embeddings - 1)
    return filled(layer, {"weight": module.weight.roll(-1, 0)})
