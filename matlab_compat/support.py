"""Which layers are supported: one table, from the registry."""

from __future__ import annotations

import inspect
import re

from .layers import registered
from .table import Table

#: Versions of the saved struct that were seen in real files, by class without package.
SEEN = {
    "AdditionLayer": "1",
    "AveragePooling2DLayer": "2",
    "BatchNormalizationLayer": "2, 3",
    "BiLSTMLayer": "3",
    "ClassificationOutputLayer": "3, 4",
    "ConcatenationLayer": "1",
    "Convolution2DLayer": "4, 5, 6, 8",
    "DepthConcatenationLayer": "1",
    "DropoutLayer": "1",
    "ELULayer": "1",
    "FcnLossLayer": "1",
    "FeatureInputLayer": "2",
    "FlattenInto2dLayer": "1",
    "FlattenLayer": "1",
    "FullyConnectedLayer": "2, 3",
    "FunctionLayer": "1",
    "GlobalAveragePooling2DLayer": "1",
    "GroupedConvolution2DLayer": "1",
    "ImageInputLayer": "2, 3, 4, 5",
    "Indexing1DLayer": "1",
    "LSTMLayer": "4, 5",
    "LeakyReLULayer": "1",
    "MaxPooling2DLayer": "2, 3",
    "MaxUnpooling2DLayer": "1",
    "PixelClassificationLayer": "3",
    "PositionEmbeddingLayer": "1",
    "ReLULayer": "1",
    "RegressionOutputLayer": "2",
    "Resize2DLayer": "3",
    "SelfAttentionLayer": "1",
    "SequenceInputLayer": "3, 4, 5",
    "SoftmaxLayer": "2, 3, 4",
    "TransposedConvolution2DLayer": "2",
    "VerifyBatchSizeLayer": "1",
}


def support_table() -> Table:
    """Class, Constructor, SavedVersions (seen in real files) and Notes of every layer."""
    rows = [
        (name, layer.constructor, SEEN.get(layer.__name__, ""), _first_line(layer))
        for name, layer in registered().items()
    ]
    return Table.from_rows(("Class", "Constructor", "SavedVersions", "Notes"), rows)


def _first_line(layer: type) -> str:
    """The first line of the docstring, without cross-references."""
    line = (inspect.getdoc(layer) or "").partition("\n")[0]
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", line)


def support_markdown() -> str:
    """The table of ``docs/layers.md``."""
    table = support_table()
    lines = ["| class | constructor | saved versions seen | what it is |", "|---|---|---|---|"]
    lines += [f"| `{a}` | `{b}` | {c or '-'} | {d} |" for a, b, c, d in table]
    return "\n".join(lines)
