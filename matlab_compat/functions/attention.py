"""``attention``.

Source: the documentation page of the function.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..arrays import as_tuple
from ..display import counted, size_text
from ..engine.attention import Attention, Settings
from ..errors import DataFormatError, PropertyError
from ..layers.properties import either, one_of, positive_integer, probability, real_scalar
from .labelled import Exact, Folding, Labelled, need_channels, on_arrays_with_outputs, option

_SCALE = either("must be 'auto' or a real scalar", real_scalar, "auto")


@on_arrays_with_outputs(2)
def attention(
    queries: Labelled,
    keys: Labelled,
    values: Labelled,
    numHeads: object,
    *,
    DataFormat: object = None,
    Scale: object = "auto",
    PaddingMask: Exact | None = None,
    AttentionMask: Exact | str = "none",
    DropoutProbability: object = 0,
    nargout: int = 1,
) -> tuple[Labelled, ...]:
    """Dot-product attention, ``[Y, weights] = attention(...)`` with ``nargout=2``.

    Raises ``DataFormatError``: sizes or labels do not fit each other.

    Parameters
    ----------
    queries, keys, values:
        ``dlarray`` of one format, or arrays with ``DataFormat``: sequences ("CBT"), or along one
        spatial dimension ("SCB").
    numHeads:
        It divides the numbers of channels; heads are neighbouring channels.
    Scale:
        What the products of queries and keys are multiplied by; 'auto' (default) is
        1/sqrt(channels of the keys / numHeads).
    PaddingMask:
        As the keys, with one channel: 1 for data, 0 for padding, which no query attends to.
    AttentionMask:
        'none' (default), 'causal', or a keys×queries or keys×queries×observations array: 0 where a
        query does not attend to a key.
    DropoutProbability:
        Of the attention weights, default 0. Drops whenever it is not 0, as in MATLAB.
    DataFormat:
        Labels of the dimensions of arrays.

    Returns
    -------
    In the format of the queries, with the channels of the values; and the weights,
    keys×queries×heads×observations, without labels.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.ones((4, 1, 3))
    >>> Y, weights = attention(X, X, X, 2, DataFormat="CBT", nargout=2)
    >>> Y.shape, weights.shape
    ((4, 1, 3), (3, 3, 2, 1))
    """
    need_channels(queries)
    along = "T" if "T" in queries.labels else "S"
    if sorted(queries.labels.replace("B", "")) != sorted("C" + along):
        raise DataFormatError(
            "attention takes sequences ('CBT') or one spatial dimension ('SCB'), "
            f"not '{queries.labels}'."
        )
    keys, values = labelled_as(queries, "keys", keys), labelled_as(queries, "values", values)
    dropout = option("DropoutProbability", probability, DropoutProbability)
    causal, pairs = _pairs(AttentionMask)
    scale = option("Scale", _SCALE, Scale)
    settings = Settings(
        heads=option("numHeads", positive_integer, numHeads),
        causal=causal,
        dropout=dropout,
        scale=scale if isinstance(scale, float) else None,
        scores=nargout == 2,
    )
    inputs = [Folding(x, along).fold(x.data) for x in (queries, keys, values)]
    _check_sequences(inputs)
    mask = None
    if PaddingMask is not None:
        padding = labelled_as(queries, "PaddingMask", PaddingMask)
        mask = Folding(padding, along).fold(padding.data)
        if mask.shape != (inputs[1].shape[0], 1, inputs[1].shape[2]):
            raise DataFormatError(
                f"PaddingMask is {size_text(tuple(padding.data.shape))}, but the keys, with one "
                f"channel in the place of theirs, are {size_text(tuple(keys.data.shape))}.",
            )
    if pairs is not None and pairs.shape[1:] != (inputs[0].shape[2], inputs[1].shape[2]):
        raise DataFormatError(
            f"AttentionMask has {counted(pairs.shape[2], 'key')} and "
            f"{counted(pairs.shape[1], 'query')}, but the data "
            f"{inputs[1].shape[2]} and {inputs[0].shape[2]}.",
            remedy="give a keys×queries or keys×queries×observations array.",
        )
    found = Attention(settings).train(dropout > 0)(*inputs, mask, pairs)
    y, *scores = as_tuple(found)
    return (Folding(queries, along).unfold(y), *map(Labelled, scores))


def labelled_as(X: Labelled, name: str, value: Labelled) -> Labelled:
    """Another array in the order of the labels of X; one without labels has them already.

    Raises ``DataFormatError``: it is labelled otherwise.
    """
    if not value.labels:
        return Labelled.of(value.data, X.labels)
    if sorted(value.labels) != sorted(X.labels):
        raise DataFormatError(f"{name} is labelled '{value.labels}', but X '{X.labels}'.")
    return Labelled(value.in_order(X.labels), X.labels)


def _pairs(mask: Labelled | str) -> tuple[bool, Tensor | None]:
    """Whether the mask is 'causal', and N,Q,K for an array of keys×queries×N."""
    if not isinstance(mask, Labelled):
        return option("AttentionMask", one_of("none", "causal"), mask) == "causal", None
    if mask.data.ndim not in (2, 3):
        raise PropertyError(
            "AttentionMask must be 'none', 'causal', or a keys×queries(×observations) array; got "
            f"{size_text(tuple(mask.data.shape))}.",
            where=("AttentionMask",),
        )
    pairs = mask.data if mask.data.ndim == 3 else mask.data[..., None]
    return False, pairs.permute(2, 1, 0)


def _check_sequences(inputs: Sequence[Tensor]) -> None:
    queries, keys, values = inputs
    if keys.shape[2] != values.shape[2]:
        raise DataFormatError(
            f"{counted(keys.shape[2], 'key')} cannot go with {counted(values.shape[2], 'value')}."
        )
    if queries.shape[1] != keys.shape[1]:
        raise DataFormatError(
            f"The queries have {counted(queries.shape[1], 'channel')}, and the keys have "
            f"{keys.shape[1]}."
        )
    if not queries.shape[0] == keys.shape[0] == values.shape[0]:
        counts = ", ".join(str(x.shape[0]) for x in inputs)
        raise DataFormatError(f"Queries, keys and values have {counts} observations.")
