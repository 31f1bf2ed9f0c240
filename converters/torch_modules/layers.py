"""One torch module as MATLAB layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

import matlab_compat as matlab
from matlab_compat.layers import Layer

from .values import Refused, Value


@singledispatch
def layers_of(module: nn.Module, x: Value) -> list[Layer]:
    """The MATLAB layers, none to three, for one torch module.

    Raises
    ------
    Refused
        There are none, with the reason.
    """
    raise Refused(f"MATLAB has no layer for {type(module).__name__}")


def filled(layer: Layer, state: dict[str, Tensor], channels: int | None = None) -> list[Layer]:
    """The layer with the parameters of ``state``, which has the names of ``layer.to_torch()``."""
    layer.initialize(channels, seed=0)
    holder = layer.to_torch()
    own = holder.state_dict()
    unchanged = {k: v for k, v in own.items() if k not in state}
    holder.load_state_dict({**unchanged, **{k: v.detach() for k, v in state.items() if k in own}})
    return [layer.assign_from_torch(holder)]


def _state(module: Any) -> dict[str, Tensor]:
    """Weight and bias; a missing bias is zero."""
    bias = module.bias
    if bias is None:
        count = getattr(module, "out_channels", None) or module.out_features
        bias = module.weight.new_zeros(count)
    return {"weight": module.weight, "bias": bias}


def _tuple(value: Any, dims: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * dims


def edges(pairs: Sequence[tuple[int, int]]) -> Any:
    """(before, after) for each dimension as MATLAB writes them: [t b l r], [t l f; b r k]."""
    if len(pairs) == 3:
        return [[before for before, _ in pairs], [after for _, after in pairs]]
    return [n for pair in pairs for n in pair]


def _size(values: Sequence[int]) -> Any:
    return values[0] if len(values) == 1 else list(values)


_PADDING_VALUES = {"zeros": 0, "replicate": "replicate", "reflect": "symmetric-exclude-edge"}
_CONVOLUTIONS = {
    1: matlab.convolution1dLayer,
    2: matlab.convolution2dLayer,
    3: matlab.convolution3dLayer,
}
_TRANSPOSED = {
    1: matlab.transposedConv1dLayer,
    2: matlab.transposedConv2dLayer,
    3: matlab.transposedConv3dLayer,
}


@layers_of.register(nn.Conv1d)
@layers_of.register(nn.Conv2d)
@layers_of.register(nn.Conv3d)
def _(module: Any, x: Value) -> list[Layer]:
    dims = len(module.kernel_size)
    if module.padding_mode not in _PADDING_VALUES:
        raise Refused(f"padding_mode '{module.padding_mode}' is none of MATLAB's PaddingValue")
    padding = module.padding
    if padding != "same":
        sides = (0,) * dims if padding == "valid" else padding
        padding = edges([(p, p) for p in sides])
    options = {
        "Stride": _size(module.stride),
        "Padding": padding,
        "DilationFactor": _size(module.dilation),
        "PaddingValue": _PADDING_VALUES[module.padding_mode],
    }
    if module.groups == 1:
        layer: Layer = _CONVOLUTIONS[dims](
            _size(module.kernel_size), module.out_channels, **options
        )
    elif dims == 2:
        each = module.out_channels // module.groups
        layer = matlab.groupedConvolution2dLayer(
            _size(module.kernel_size), each, module.groups, **options
        )
    else:
        raise Refused(f"MATLAB's convolution{dims}dLayer has no groups (groups={module.groups})")
    return filled(layer, _state(module), module.in_channels)


@layers_of.register(nn.ConvTranspose1d)
@layers_of.register(nn.ConvTranspose2d)
@layers_of.register(nn.ConvTranspose3d)
def _(module: Any, x: Value) -> list[Layer]:
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
    layer: Layer = _TRANSPOSED[dims](
        _size(module.kernel_size),
        module.out_channels,
        Stride=_size(module.stride),
        Cropping=edges(crop),
    )
    return filled(layer, _state(module), module.in_channels)


@layers_of.register
def _(module: nn.Linear, x: Value) -> list[Layer]:
    if len(x.shape) == 3 and not x.channels_last:
        raise Refused("Linear works on the last dimension, which here is time, not channels")
    if len(x.shape) > 3:
        raise Refused("Linear works on the last dimension, which here is space, not channels")
    state = _state(module)
    state["weight"] = _column_major(state["weight"], x.flattened, 1)
    return filled(matlab.fullyConnectedLayer(module.out_features), state, module.in_features)


def _column_major(values: Tensor, flattened: Sequence[int], dim: int) -> Tensor:
    """Features C,*space in torch's row-major order, put in MATLAB's column-major order."""
    if not flattened:
        return values
    # Column-major h,w,c is row-major c,w,h.
    order = torch.arange(values.shape[dim]).reshape(tuple(flattened))
    axes = (0, *range(len(flattened) - 1, 0, -1))
    return values.index_select(dim, order.permute(axes).flatten())


@layers_of.register(nn.BatchNorm1d)
@layers_of.register(nn.BatchNorm2d)
@layers_of.register(nn.BatchNorm3d)
def _(module: Any, x: Value) -> list[Layer]:
    if not module.track_running_stats:
        raise Refused("without running statistics it has no meaning in predict")
    if x.channels_last:
        raise Refused("it would normalize time steps, not channels")
    decay = 0.1 if module.momentum is None else module.momentum
    state = _affine(module, module.num_features)
    state |= {"running_mean": module.running_mean, "running_var": module.running_var}
    state = {name: _column_major(value, x.flattened, 0) for name, value in state.items()}
    layer = matlab.batchNormalizationLayer(Epsilon=module.eps, MeanDecay=decay, VarianceDecay=decay)
    return filled(layer, state, module.num_features)


def _affine(module: Any, channels: int) -> dict[str, Tensor]:
    """Scale and offset; one and zero where the module has none."""
    return {
        "weight": torch.ones(channels) if module.weight is None else module.weight,
        "bias": torch.zeros(channels) if module.bias is None else module.bias,
    }


@layers_of.register
def _(module: nn.GroupNorm, x: Value) -> list[Layer]:
    if len(x.shape) == 3:
        raise Refused("MATLAB normalizes every time step on its own, torch all together")
    layer = matlab.groupNormalizationLayer(module.num_groups, Epsilon=module.eps)
    return filled(layer, _affine(module, module.num_channels), module.num_channels)


@layers_of.register
def _(module: nn.InstanceNorm2d, x: Value) -> list[Layer]:
    if module.track_running_stats:
        raise Refused("MATLAB's layer keeps no running statistics")
    layer = matlab.instanceNormalizationLayer(Epsilon=module.eps)
    return filled(layer, _affine(module, module.num_features), module.num_features)


@layers_of.register
def _(module: nn.LayerNorm, x: Value) -> list[Layer]:
    sequence = len(x.shape) == 3 and x.channels_last
    if len(module.normalized_shape) != 1 or not (sequence or len(x.shape) == 2) or x.flattened:
        raise Refused("MATLAB's layer has one scale for each channel: only channels map")
    layer = matlab.layerNormalizationLayer(Epsilon=module.eps, OperationDimension="channel-only")
    channels = module.normalized_shape[0]
    return filled(layer, _affine(module, channels), channels)


# --- pooling -------------------------------------------------------------------------------

_MAXIMUM = {1: matlab.maxPooling1dLayer, 2: matlab.maxPooling2dLayer, 3: matlab.maxPooling3dLayer}
_AVERAGE = {
    1: matlab.averagePooling1dLayer,
    2: matlab.averagePooling2dLayer,
    3: matlab.averagePooling3dLayer,
}


def _window(module: Any, dims: int) -> tuple[Any, dict[str, Any]]:
    if module.ceil_mode:
        raise Refused("MATLAB leaves an incomplete last window out (ceil_mode=True does not)")
    stride = module.kernel_size if module.stride is None else module.stride
    padding = [(p, p) for p in _tuple(module.padding, dims)]
    options = {"Stride": _size(_tuple(stride, dims)), "Padding": edges(padding)}
    return _size(_tuple(module.kernel_size, dims)), options


@layers_of.register(nn.MaxPool1d)
@layers_of.register(nn.MaxPool2d)
@layers_of.register(nn.MaxPool3d)
def _(module: Any, x: Value) -> list[Layer]:
    dims = int(type(module).__name__[-2])
    if module.return_indices or any(d != 1 for d in _tuple(module.dilation, dims)):
        raise Refused("MATLAB's max pooling has no dilation and other indices")
    size, options = _window(module, dims)
    return [_MAXIMUM[dims](size, **options)]


@layers_of.register(nn.AvgPool1d)
@layers_of.register(nn.AvgPool2d)
@layers_of.register(nn.AvgPool3d)
def _(module: Any, x: Value) -> list[Layer]:
    dims = int(type(module).__name__[-2])
    if getattr(module, "divisor_override", None):
        raise Refused("MATLAB divides by the number of elements, not by divisor_override")
    size, options = _window(module, dims)
    value = 0 if module.count_include_pad else "mean"
    return [_AVERAGE[dims](size, PaddingValue=value, **options)]


_GLOBAL: dict[type[nn.Module], Callable[[], Layer]] = {
    nn.AdaptiveAvgPool1d: matlab.globalAveragePooling1dLayer,
    nn.AdaptiveAvgPool2d: matlab.globalAveragePooling2dLayer,
    nn.AdaptiveAvgPool3d: matlab.globalAveragePooling3dLayer,
    nn.AdaptiveMaxPool1d: matlab.globalMaxPooling1dLayer,
    nn.AdaptiveMaxPool2d: matlab.globalMaxPooling2dLayer,
    nn.AdaptiveMaxPool3d: matlab.globalMaxPooling3dLayer,
}


def _global_pooling(module: Any, x: Value) -> list[Layer]:
    if any(n != 1 for n in _tuple(module.output_size, 1)):
        raise Refused(f"only an output of 1 is MATLAB's global pooling, not {module.output_size}")
    return [_GLOBAL[type(module)]()]


for _kind in _GLOBAL:
    layers_of.register(_kind, _global_pooling)


# --- activations and what passes data on ---------------------------------------------------

layers_of.register(nn.Identity, lambda module, x: [])
layers_of.register(nn.ReLU, lambda module, x: [matlab.reluLayer()])
layers_of.register(nn.Tanh, lambda module, x: [matlab.tanhLayer()])
layers_of.register(nn.Sigmoid, lambda module, x: [matlab.sigmoidLayer()])
layers_of.register(nn.SiLU, lambda module, x: [matlab.swishLayer()])
layers_of.register(nn.LeakyReLU, lambda module, x: [matlab.leakyReluLayer(module.negative_slope)])
layers_of.register(nn.ELU, lambda module, x: [matlab.eluLayer(module.alpha)])
layers_of.register(nn.GELU, lambda module, x: [matlab.geluLayer(Approximation=module.approximate)])
layers_of.register(nn.Dropout, lambda module, x: [matlab.dropoutLayer(module.p)])
layers_of.register(
    nn.Dropout2d, lambda module, x: [matlab.spatialDropoutLayer(Probability=module.p)]
)


@layers_of.register
def _(module: nn.Hardtanh, x: Value) -> list[Layer]:
    if module.min_val != 0:
        raise Refused("MATLAB's clippedReluLayer clips at 0 below")
    return [matlab.clippedReluLayer(module.max_val)]


@layers_of.register
def _(module: nn.Softmax, x: Value) -> list[Layer]:
    channel = len(x.shape) - 1 if x.channels_last else 1
    if module.dim not in (channel, channel - len(x.shape) if x.shape else channel):
        raise Refused(f"MATLAB's softmax is over the channels, not over dim={module.dim}")
    return [matlab.softmaxLayer()]
