"""``fullyconnect``, ``attention`` and ``embed``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..arrays import as_tuple
from ..display import counted, size_text
from ..engine.attention import Attention, Settings
from ..engine.embedding import WordEmbedding
from ..engine.fully_connected import FullyConnected
from ..errors import DataFormatError, PropertyError
from ..layers.properties import either, one_of, positive_integer, probability, real_scalar
from .labelled import (
    Exact,
    Folding,
    Labelled,
    column_major,
    in_canonical_order,
    need_channels,
    on_arrays,
    on_arrays_with_outputs,
    option,
    run,
    vector,
)

_SCALE = either("must be 'auto' or a real scalar", real_scalar, "auto")


@on_arrays
def fullyconnect(
    X: Labelled, weights: Labelled, bias: Labelled, *, DataFormat: object = None
) -> Labelled:
    """``weights * X + bias``, with the space and channels of X as one vector.

    Raises ``DataFormatError``: sizes or labels do not fit each other.

    Parameters
    ----------
    X:
        A ``dlarray``, or an array with ``DataFormat``. Its S, C and U are flattened column-major
        (h fastest, then w, then the channels); B and T are passed one by one.
    weights:
        Outputs×inputs; the inputs may also be apart, as outputs×h×w×c. A ``dlarray`` has its
        outputs labelled C.
    bias:
        A vector of one number for each output.
    DataFormat:
        Labels of the dimensions of an array.

    Returns
    -------
    X with the outputs as its channels, without S and U: "SSCB" becomes "CB".

    Examples
    --------
    >>> fullyconnect([[1.0], [2.0]], [[3.0, 4.0]], [5.0], DataFormat="CB")
    array([[16.]])
    """
    need_channels(X)
    matrix = _matrix(weights)
    worked = "U" * X.labels.count("U") + "S" * X.labels.count("S")
    folding = Folding(X, worked)
    x = folding.fold(X.data)
    unspecified = X.labels.count("U")
    # What follows the channels, slowest first, joins them: the engine flattens space and channels.
    x = x.permute(0, *range(1 + unspecified, 1, -1), 1, *range(2 + unspecified, x.ndim))
    x = x.flatten(1, 1 + unspecified)
    inputs = x[0].numel()
    if matrix.shape[1] != inputs:
        raise DataFormatError(
            f"The weights are for {counted(matrix.shape[1], 'input')}, but an observation of "
            f"'{X.labels}' data of {size_text(tuple(X.data.shape))} has {inputs}.",
            remedy="weights are outputs×inputs; check the labels of the data.",
        )
    outputs = matrix.shape[0]
    parameters = {"weight": matrix, "bias": vector("bias", bias, outputs, "output")}
    y = run(lambda: FullyConnected(inputs, outputs, x.ndim - 2), parameters, x)
    return folding.drop("SU", y)


def _matrix(weights: Labelled) -> Tensor:
    """Outputs×inputs, the inputs column-major."""
    data = weights.data
    if weights.labels:
        if "C" not in weights.labels:
            raise DataFormatError(
                f"The weights are labelled '{weights.labels}', without the outputs.",
                remedy="label them 'CU': C the outputs, U the inputs.",
            )
        data = data.movedim(weights.axis("C"), 0)
    if data.ndim < 2:
        raise DataFormatError("The weights must be outputs×inputs, but have one dimension.")
    return column_major(data).reshape(-1, data.shape[0]).T


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


@on_arrays
def embed(X: Exact, weights: Labelled, *, DataFormat: object = None) -> Labelled:
    """Every index replaced by a column of ``weights``.

    Raises ``DataFormatError``: indices that are no whole numbers from 0 on, more than one channel,
    or no C in the labels.

    Parameters
    ----------
    X:
        A ``dlarray``, or an array with ``DataFormat``, of indices counted from 1. Its channel
        dimension has size 1; a ``dlarray`` may have none.
    weights:
        Dimension×(words + 1). The last column is that of index 0, of padding, and of any index
        beyond the words.
    DataFormat:
        Labels of the dimensions of an array.

    Returns
    -------
    X with the embedding vectors as its channels.

    Examples
    --------
    >>> embed([[2, 0, 1]], [[10.0, 20.0, -1.0]], DataFormat="CB")
    array([[20., -1., 10.]])
    """
    if X.size("C") != 1:
        raise DataFormatError(
            f"embed takes indices in one channel, not {X.size('C')}.",
            remedy="label other dimensions S, B, T or U.",
        )
    if "C" not in X.labels:
        labels = in_canonical_order(X.labels + "C")
        if in_canonical_order(X.labels) != X.labels:
            raise DataFormatError(
                f"The data format '{X.labels}' does not say where the channels go.",
                remedy="add a dimension of size 1, labelled C.",
            )
        X = Labelled(X.data.unsqueeze(labels.index("C")), labels)
    size, columns = _two_sizes(weights)
    words = columns - 1
    module = lambda: WordEmbedding(words, columns, size, known_only=False)  # noqa: E731
    index = X.data.movedim(X.axis("C"), -1)
    y = run(module, {"weight": weights.data.T}, index.reshape(-1, 1))
    return X.with_data(y.reshape(*index.shape[:-1], size).movedim(-1, X.axis("C")))


def _two_sizes(weights: Labelled) -> tuple[int, int]:
    if weights.data.ndim != 2 or weights.labels not in ("", "CU"):
        raise DataFormatError(
            f"The weights are {size_text(tuple(weights.data.shape))} '{weights.labels}', not "
            "dimension×(words + 1).",
            remedy="label them 'CU', or not at all.",
        )
    size, columns = weights.data.shape
    return size, columns
