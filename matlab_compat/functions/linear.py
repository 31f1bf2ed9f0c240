"""``fullyconnect`` and ``embed``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from torch import Tensor

from ..data_format import DataFormat as Format
from ..display import counted, size_text
from ..engine.embedding import WordEmbedding
from ..engine.fully_connected import FullyConnected
from ..errors import DataFormatError
from .labelled import (
    Exact,
    Folding,
    Labelled,
    column_major,
    matrix,
    need_channels,
    on_arrays,
    run,
    vector,
)


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
    flat = _flat(weights)
    worked = "U" * X.labels.count("U") + "S" * X.labels.count("S")
    folding = Folding(X, worked)
    x = folding.fold(X.data)
    unspecified = X.labels.count("U")
    # What follows the channels, slowest first, joins them: the engine flattens space and channels.
    x = x.permute(0, *range(1 + unspecified, 1, -1), 1, *range(2 + unspecified, x.ndim))
    x = x.flatten(1, 1 + unspecified)
    inputs = x[0].numel()
    if flat.shape[1] != inputs:
        raise DataFormatError(
            f"The weights are for {counted(flat.shape[1], 'input')}, but an observation of "
            f"'{X.labels}' data of {size_text(tuple(X.data.shape))} has {inputs}.",
            remedy="weights are outputs×inputs; check the labels of the data.",
        )
    outputs = flat.shape[0]
    parameters = {"weight": flat, "bias": vector("bias", bias, outputs, "output")}
    y = run(lambda: FullyConnected(inputs, outputs, x.ndim - 2), parameters, x)
    return folding.drop("SU", y)


def _flat(weights: Labelled) -> Tensor:
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
        labels = Format(X.labels + "C").canonical
        if Format(X.labels).canonical != X.labels:
            raise DataFormatError(
                f"The data format '{X.labels}' does not say where the channels go.",
                remedy="add a dimension of size 1, labelled C.",
            )
        X = Labelled(X.data.unsqueeze(labels.index("C")), labels)
    size, columns = matrix("weights", weights, "dimension×(words + 1)").shape
    words = columns - 1
    module = lambda: WordEmbedding(words, columns, size, known_only=False)  # noqa: E731
    index = X.data.movedim(X.axis("C"), -1)
    y = run(module, {"weight": weights.data.T}, index.reshape(-1, 1))
    return X.with_data(y.reshape(*index.shape[:-1], size).movedim(-1, X.axis("C")))
