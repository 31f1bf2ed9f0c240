"""A layer's module run on arrays in MATLAB order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch

from ..arrays import as_tuple
from ..data_format import DataFormat, dlarray
from ..display import size_text
from ..engine.arrays import array, as_data, tensor
from ..engine.precision import full_precision
from ..errors import DataFormatError
from ..plain_text import plain_texts
from ..wording import argument
from .described import LayerLike, RunOptions
from .sizes import check_sizes


def predict_layer(layer: LayerLike, X: object, how: RunOptions) -> Any:
    """:meth:`Layer.predict <matlab_compat.layers.base.Layer.predict>` for any layer."""
    inputs = as_tuple(X)
    given = plain_texts(layer.default_formats if how.data_format is None else how.data_format)
    each = [given] * len(inputs) if isinstance(given, str) else list(given)
    labelled = any(isinstance(x, dlarray) for x in inputs)
    data_formats = [
        DataFormat.parse(x.dims() if isinstance(x, dlarray) else labels)
        for x, labels in zip(inputs, each, strict=True)
    ]
    first = data_formats[0]
    data = [as_data(x, of_complex=layer.takes_complex()) for x in inputs]
    check_channels(layer, first.expanded(data[0]).shape, first.labels)

    formats = [one.batched for one in data_formats]
    module = layer.to_torch(how.device, how.dtype, formats=formats).eval()
    tensors = [
        tensor(one.to_torch(x), how.device, how.dtype)
        for one, x in zip(data_formats, data, strict=True)
    ]
    check_sizes(module, tensors, layer.Name or layer.constructor)
    with torch.inference_mode(), full_precision(how.allow_tf32), how.inside or nullcontext():
        results = module(*tensors)
    if isinstance(results, torch.Tensor):
        results = (results,)
    named = [
        first.from_torch(array(y), labels)
        for y, labels in zip(results, layer.output_formats(formats), strict=True)
    ]
    outputs = tuple(dlarray(y, labels) if labelled else y for y, labels in named)
    return outputs[0] if len(outputs) == 1 else outputs


def check_channels(layer: LayerLike, shape: Sequence[int], labels: str) -> None:
    """Refuse data with a number of channels that the layer was not made for, naming both."""
    want = layer.input_channels()
    if want is None or "C" not in labels:
        return
    have = layer.channels_of(shape, labels)
    if have != want:
        raise DataFormatError(
            f"The layer has {want} input channels (NumChannels), but the input, "
            f"{size_text(tuple(shape))} read as '{labels}', has {have}.",
            remedy=f"check the order of the dimensions, or pass {argument('data_format')}.",
        )
