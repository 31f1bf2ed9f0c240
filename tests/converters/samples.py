"""Layers of every registered class, with properties of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from matlab_compat import Network, inputLayer, registered, reluLayer
from matlab_compat.errors import MatlabCompatError
from matlab_compat.layers import Layer
from matlab_compat.layers.learnables import Parameter

INNER = Network([inputLayer((8, 8, 4, float("nan")), "SSCB", Name="inside"), reluLayer(Name="r")])

#: Properties that a layer must be given; all others have defaults.
REQUIRED: dict[str, Any] = {
    "AnchorBoxes": ((8.0, 16.0), (32.0, 48.0)),
    "BlockSize": (2, 1),
    "Ceiling": 6,
    "Dim": 3,
    "Dimension": 4,
    "DimensionOrder": (2, 1),
    "FilterSize": 3,
    "Index": "last",
    "InputFormat": "SSCB",
    "InputProjectorSize": 2,
    "MaxIndex": 6,
    "MaxPosition": 7,
    "Network": INNER,
    "NumAnchorBoxes": 1,
    "NumFilters": 5,
    "NumFiltersPerGroup": 3,
    "NumGroups": 2,
    "NumHeads": 2,
    "NumHiddenUnits": 3,
    "NumKeyChannels": 4,
    "NumWords": 6,
    "OutputProjectorSize": 2,
    "OutputSize": 4,
    "PatchSize": (2, 2),
    "PoolSize": 3,
    "PredictFcn": "@(X) X .* 2",
    "WindowChannelSize": 3,
    "WindowSize": (3, 5),
}

#: Values other than the default, by property.
OTHERS: dict[str, list[Any]] = {
    "Alpha": [0.25, 1e-3],
    "AttentionMask": ["causal"],
    "ClassWeights": [(0.1, 2.0, 3.0)],
    "Classes": [["cat", "it's", "dö g"], ["one"]],
    "CroppingSize": [1],
    "DilationFactor": [2],
    "DropoutProbability": [0.125],
    "Epsilon": [1e-3],
    "GateActivationFunction": ["hard-sigmoid"],
    "Location": [(2, 3)],
    "Max": [np.full((1, 1, 4), 7, np.float32)],
    "Mean": [np.arange(4, dtype=np.float32).reshape(1, 1, 4) / 3],
    "Method": ["bilinear"],
    "Min": [np.full((1, 1, 4), -1.5, np.float32)],
    "MinLength": [4],
    "Mode": ["crd", "custom"],
    "Normalization": ["zscore", "none", "rescale-symmetric"],
    "NumInputs": [3],
    "OperationDimension": ["channel-only", "batch-excluded"],
    "OutputMode": ["last"],
    "PaddingMode": ["same", "causal"],
    "PaddingSize": [1],
    "PaddingValue": [0.5, "mean", "replicate"],
    "Probability": [0.25],
    "ResetGateMode": ["recurrent-bias-after-multiplication"],
    "ResponseNames": [["Response", "other"]],
    "Scale": [np.full((1, 1), 0.375)],
    "StandardDeviation": [np.full((1, 1, 4), 2, np.float32)],
    "StateActivationFunction": ["softsign"],
    "Stride": [2],
    "WeightLearnRateFactor": [0.5],
    "WeightsInitializer": ["he"],
}

#: What layers of one class must be given instead, or besides.
_OF_CLASS: dict[str, dict[str, Any]] = {
    "ImageInputLayer": {"InputSize": (8, 9, 4)},
    "Image3DInputLayer": {"InputSize": (8, 9, 5, 4)},
    "SequenceInputLayer": {"InputSize": 4},
    "FeatureInputLayer": {"InputSize": 4},
    "InputLayer": {"InputSize": (8, 9, 4, float("nan"))},
    "MatConvNetNormOffsetLayer": {"Alpha": 0.25, "Beta": 0.5},
    "ReshapeLayer": {"OutputSize": (4, 2, 9), "OperationDimension": "spatial-channel"},
}

CLASSES = sorted(registered())


def variants() -> list[Layer]:
    """Layers of all classes: as plain as can be, and with each other value; named by number."""
    found: list[Layer] = []
    for matlab_class in CLASSES:
        kind = registered()[matlab_class]
        changes: list[dict[str, Any]] = [{}]
        changes += [{name: value} for name in _other(kind) for value in OTHERS[name]]
        for change in changes:
            for trained in (False, True):
                try:
                    layer = kind(**needed(kind) | change, Name=f"it's {len(found)}")
                    found.append(layer.initialize(4, seed=0) if trained else layer)
                except MatlabCompatError:  # a value that this class does not have
                    continue
    return found


def needed(kind: type[Layer]) -> dict[str, Any]:
    """What a layer of that class must be given."""
    values = {name: REQUIRED[name] for name in kind.arguments if name in REQUIRED}
    return values | _OF_CLASS.get(kind.__name__, {})


def _other(kind: type[Layer]) -> list[str]:
    """The properties with other values; learnables get theirs by initialization."""
    declared = kind.properties.items()
    return [k for k, v in declared if k in OTHERS and not isinstance(v, Parameter)]


@st.composite
def layers(draw: st.DrawFn, matlab_class: str) -> Layer:
    """Layers of one class, initialized or not."""
    kind = registered()[matlab_class]
    values = {"Name": draw(st.sampled_from(["", "up_1", "it's 'so' %d"])), **needed(kind)}
    for name in _other(kind):
        if draw(st.booleans()):
            values[name] = draw(st.sampled_from(OTHERS[name]))
    try:
        layer = kind(**values)
        return layer.initialize(4, seed=0) if draw(st.booleans()) else layer
    except MatlabCompatError:
        assume(False)
        raise
