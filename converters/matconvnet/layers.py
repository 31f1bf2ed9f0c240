"""One layer of MatConvNet as a layer of ours: MATLAB's where it computes the same, else its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matlab_compat.arrays import Array, restored
from matlab_compat.display import counted, size_text

from .layout import Part

#: Options of MatConvNet's functions that do not change what they compute, in lower case.
_HARMLESS = ("cudnn", "nocudnn", "verbose", "cudnnworkspacelimit", "nodertransfer")

#: The channels of each input; ``None`` where they are not known.
Channels = Sequence[int | None]


@dataclass(frozen=True)
class Translated:
    """A layer of ours, before it is built."""

    class_name: str
    fields: dict[str, Any]
    #: The channels of its output, where they are known.
    channels: int | None
    #: What its parameters have become, in MatConvNet's order.
    learnables: tuple[str, ...] = ()
    #: The names of its inputs, where it has several.
    ports: tuple[str, ...] = ()
    #: A layer that follows it: the two are one of MatConvNet's.
    then: Translated | None = None


def translated(part: Part, channels: Channels) -> Translated:
    """The layer of ours.

    Raises ``UnsupportedLayerError``: it is none of MatConvNet's layers, or its fields contradict
    each other.
    """
    if (translate := _TRANSLATED.get(part.kind)) is None:
        raise part.refused()
    wanted, count = _INPUTS.get(part.kind, (1,)), len(part.inputs)
    if wanted and count not in wanted:
        raise part.problem(f"has {counted(count, 'input')}, not {' or '.join(map(str, wanted))}")
    if not count or len(part.outputs) != 1:
        raise part.problem(
            f"has {counted(count, 'input')} and {counted(len(part.outputs), 'output')}"
        )
    return translate(part, channels)


def _native(name: str) -> str:
    return f"nnet.cnn.layer.{name}Layer"


# --- filters ---------------------------------------------------------------------------------


def _filters(part: Part) -> Array:
    filters = restored(part.array(0, "filters"), (None, None, None, None))
    if filters is None:
        raise part.problem(f"has filters of {size_text(part.array(0, 'filters').shape)}")
    _refuse_options(part)
    return filters


def _refuse_options(part: Part) -> None:
    """``opts`` go to MatConvNet's function as they are: some would change what it computes."""
    opts = part.fields.get("opts")
    given = opts.ravel(order="F").tolist() if isinstance(opts, np.ndarray) else [opts]
    for option in given:
        if isinstance(option, str) and option.lower() not in _HARMLESS:
            raise part.problem(f"has the option '{option}' in opts, which is not known here")


def _bias(part: Part, count: int, filters: Array) -> tuple[Array, dict[str, float]]:
    """The biases; where there are none, zeros that training leaves alone."""
    bias = part.bias(1, count)
    if bias.size:
        return bias, {}
    return np.zeros((count, 1), filters.dtype, order="F"), {"BiasLearnRateFactor": 0.0}


def _conv(part: Part, channels: Channels) -> Translated:
    filters = _filters(part)
    *size, each, count = filters.shape
    groups, rest = divmod(channels[0] or each, each)
    if rest or not groups:
        raise part.problem(
            f"has filters of {size_text(filters.shape)}, but an input of "
            f"{counted(channels[0] or 0, 'channel')}"
        )
    if count % groups:
        raise part.problem(
            f"has {counted(count, 'filter')}, which {groups} groups ({channels[0]} channels by "
            f"{each}) do not divide"
        )
    bias, absent = _bias(part, count, filters)
    fields = {
        **absent,
        "FilterSize": tuple(size),
        "Stride": part.pair("stride"),
        "DilationFactor": part.pair("dilate"),
        "PaddingSize": part.edges("pad"),
    }
    if groups == 1:
        fields |= {"NumChannels": each, "NumFilters": count, "Weights": filters, "Bias": bias}
        return Translated(_native("Convolution2D"), fields, count, ("Weights", "Bias"))
    fields |= {
        "NumGroups": groups,
        "NumFiltersPerGroup": count // groups,
        "Weights": filters.reshape(*size, each, count // groups, groups, order="F"),
        "Bias": bias.reshape(1, 1, -1, groups, order="F"),
    }
    return Translated(_native("GroupedConvolution2D"), fields, count, ("Weights", "Bias"))


def _convt(part: Part, channels: Channels) -> Translated:
    filters = _filters(part)
    *size, count, each = filters.shape
    if channels[0] not in (None, each):
        raise part.problem(
            f"has filters of {size_text(filters.shape)}, but an input of "
            f"{counted(channels[0] or 0, 'channel')}"
        )
    groups = int(part.number("numGroups", 1))
    if groups < 1 or each % groups:
        raise part.problem(
            f"has {counted(each, 'channel')}, which {counted(groups, 'group')} cannot share"
        )
    bias, absent = _bias(part, count * groups, filters)
    fields = {
        **absent,
        "FilterSize": tuple(size),
        "NumFilters": count,
        "NumChannels": each,
        "Stride": part.pair("upsample"),
        "CroppingSize": part.edges("crop"),
        "Weights": filters,
        "Bias": bias,
    }
    name = _native("TransposedConvolution2D")
    if groups > 1:
        name, fields = "matconvnet.convt", {**fields, "NumGroups": groups}
    return Translated(name, fields, count * groups, ("Weights", "Bias"))


# --- what works on each channel, or over them -------------------------------------------------


def _pool(part: Part, channels: Channels) -> Translated:
    name = "poolSize" if part.type.startswith("dagnn.") else "pool"
    method = part.text("method", "max")
    if method not in ("max", "avg"):
        raise part.problem(f"has the method '{method}', not 'max' or 'avg'")
    _refuse_options(part)
    fields: dict[str, Any] = {
        "PoolSize": part.pair(name),
        "Stride": part.pair("stride"),
        "PaddingSize": part.edges("pad"),
    }
    if method == "max":
        return Translated(_native("MaxPooling2D"), fields, channels[0])
    fields["PaddingValue"] = "mean"  # of the pixels of the image alone
    return Translated(_native("AveragePooling2D"), fields, channels[0])


def _relu(part: Part, channels: Channels) -> Translated:
    leak = part.number("leak", 0)
    if leak == 0:
        return Translated(_native("ReLU"), {}, channels[0])
    return Translated(_native("LeakyReLU"), {"Scale": leak}, channels[0])


def _dropout(part: Part, channels: Channels) -> Translated:
    return Translated(_native("Dropout"), {"Probability": part.number("rate", 0.5)}, channels[0])


def _plain(name: str) -> Callable[[Part, Channels], Translated]:
    return lambda part, channels: Translated(_native(name), {}, channels[0])


def _lrn(part: Part, channels: Channels) -> Translated:
    window, kappa, alpha, beta = _param(part, (5, 1, 0.0001 / 5, 0.75))
    fields = {"WindowChannelSize": window, "K": kappa, "Beta": beta}
    exact = window * alpha / window == alpha if window else False
    if exact and kappa >= 1e-5 and beta >= 0.01:
        fields["Alpha"] = window * alpha  # which MATLAB's layer divides by the window
        return Translated(_native("CrossChannelNormalization"), fields, channels[0])
    return Translated("matconvnet.lrn", {**fields, "Alpha": alpha}, channels[0])


def _param(part: Part, default: Sequence[float] = (), count: int = 0) -> list[float]:
    found = part.numbers("param", 0, len(default) or count)
    if len(found) == (len(default) or count):
        return found
    if not default:
        raise part.problem("has no param")
    return list(default)


def _noffset(part: Part, channels: Channels) -> Translated:
    alpha, beta = _param(part, count=2)
    return Translated("matconvnet.noffset", {"Alpha": alpha, "Beta": beta}, channels[0])


def _spnorm(part: Part, channels: Channels) -> Translated:
    h, w, alpha, beta = _param(part, count=4)
    fields = {"WindowSize": (h, w), "Alpha": alpha, "Beta": beta}
    return Translated("matconvnet.spnorm", fields, channels[0])


def _bnorm(part: Part, channels: Channels) -> Translated:
    scale, offset = part.array(0, "multipliers"), part.array(1, "biases")
    if len(part.weights) < 3:
        raise part.problem(
            "has no moments, the mean and deviation that it divides by: MatConvNet takes those of "
            "the batch then"
        )
    if channels[0] not in (None, scale.size):
        raise part.problem(
            f"has {counted(scale.size, 'multiplier')} for {counted(channels[0], 'channel')}"
        )
    fields = {
        "Scale": scale,
        "Offset": offset,
        "Moments": part.array(2, "moments"),
        "Epsilon": part.number("epsilon", 1e-4),
    }
    return Translated("matconvnet.bnorm", fields, scale.size, ("Scale", "Offset"))


# --- several inputs ----------------------------------------------------------------------------


def _numbered(part: Part) -> tuple[str, ...]:
    return tuple(f"in{i}" for i in range(1, len(part.inputs) + 1))


def _sum(part: Part, channels: Channels) -> Translated:
    known = [c for c in channels if c is not None]
    made = max(known) if len(known) == len(channels) else None
    fields = {"NumInputs": len(part.inputs)}
    return Translated(_native("Addition"), fields, made, ports=_numbered(part))


def _concat(part: Part, channels: Channels) -> Translated:
    known = [c for c in channels if c is not None]
    along, fields = part.number("dim", 3), {"NumInputs": len(part.inputs)}
    if along == 3:
        made = sum(known) if len(known) == len(channels) else None
        return Translated(_native("DepthConcatenation"), fields, made, ports=_numbered(part))
    if along not in (1, 2):
        raise part.problem(f"joins its inputs along dimension {along:g}, not 1, 2 or 3")
    fields["Dim"] = int(along)
    return Translated(_native("Concatenation"), fields, channels[0], ports=_numbered(part))


def _scale(part: Part, channels: Channels) -> Translated:
    has_bias = part.flag("hasBias", True)
    if len(part.inputs) == 1:
        fields = {"Scale": part.array(0, "factors")}
        if has_bias:
            fields["Offset"] = part.array(1, "biases")
        return Translated("matconvnet.scale", fields, channels[0], ("Scale", "Offset"))
    then = None
    if has_bias:
        bias = part.array(0, "biases")
        fields = {"Scale": np.ones((1, 1, 1), bias.dtype, order="F"), "Offset": bias}
        then = Translated("matconvnet.scale", fields, channels[0], ("Offset",))
    ports = _numbered(part)
    name = _native("Multiplication")
    return Translated(name, {"NumInputs": 2}, channels[0], ports=ports, then=then)


def _crop(part: Part, channels: Channels) -> Translated:
    found = part.numbers("crop", 0, 2)
    fields = {"Mode": "custom", "Location": (found[-1] + 1, found[0] + 1)}  # [x y], from 1
    return Translated(_native("Crop2D"), fields, channels[0], ports=("in", "ref"))


def _roipooling(part: Part, channels: Channels) -> Translated:
    fields = {
        "OutputSize": part.pair("subdivisions"),
        "Method": part.text("method", "max"),
        "Transform": part.number("transform", 1),
        "Flatten": part.flag("flatten", True),
    }
    bins = fields["OutputSize"][0] * fields["OutputSize"][1]  # type: ignore[index]
    made = channels[0] and (int(channels[0] * bins) if fields["Flatten"] else channels[0])
    return Translated("matconvnet.roipooling", fields, made, ports=("in", "rois"))


_TRANSLATED: dict[str, Callable[[Part, Channels], Translated]] = {
    "conv": _conv,
    "convt": _convt,
    "pool": _pool,
    "relu": _relu,
    "sigmoid": _plain("Sigmoid"),
    "softmax": _plain("Softmax"),
    "softmaxloss": _plain("Softmax"),
    "dropout": _dropout,
    "lrn": _lrn,
    "normalize": _lrn,
    "bnorm": _bnorm,
    "noffset": _noffset,
    "spnorm": _spnorm,
    "sum": _sum,
    "concat": _concat,
    "scale": _scale,
    "crop": _crop,
    "roipooling": _roipooling,
}
#: How many inputs a layer has; any number where nothing is said.
_INPUTS: dict[str, tuple[int, ...]] = {
    "sum": (),
    "concat": (),
    "scale": (1, 2),
    "crop": (2,),
    "roipooling": (2,),
}
