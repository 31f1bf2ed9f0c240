"""MATLAB's layers that are not run, and why: what is left of its index of layers.

Sources: the function index of R2026a, the documentation pages, classes met in real files.
"""

from __future__ import annotations

import re

_REGIONS = "part of a Faster R-CNN detector: two networks, and steps between them whose rules"
_SIGNALS = "its windows, padding and scaling are not documented in full"
_COMPLEX = "what it computes of complex data is not settled"

#: Class, or where its name has not been met in a file the function that makes it, to the reason.
MISSING: dict[str, str] = {
    "nnet.cnn.layer.SinusoidalPositionEncodingLayer": (
        "the order of sines and cosines and the first position are not documented"
    ),
    "vision.cnn.layer.ROIMaxPooling2DLayer": (
        f"{_REGIONS}, as how a region is divided into bins, are not documented"
    ),
    "vision.cnn.layer.RPNReshape": f"{_REGIONS} are not documented",
    "vision.cnn.layer.RPNClassificationLayer": f"{_REGIONS} are not documented",
    "vision.cnn.layer.BoundingBoxRegressionOutputLayer": f"{_REGIONS} are not documented",
    "nnet.onnx.layer.Flatten3dInto2dLayer": (
        "in which order it flattens three spatial dimensions is known by its name alone"
    ),
    "nnet.keras.layer.ZeroPadding2dLayer": "the names of its saved sizes are not known",
    "nnet.xception.layer.XceptionPreprocessingLayer": (
        "its scaling of images is in its code, not in its properties"
    ),
    "complexFullyConnectedLayer": _COMPLEX,
    "complexReluLayer": _COMPLEX,
    "zreluLayer": _COMPLEX,
    **dict.fromkeys(
        ("cwtLayer", "icwtLayer", "istftLayer", "melSpectrogramLayer", "modwtLayer", "stftLayer"),
        _SIGNALS,
    ),
    **dict.fromkeys(
        ("waveletPooling1dLayer", "waveletPooling2dLayer"),
        "its wavelet filters and padding are not documented in full",
    ),
    **dict.fromkeys(
        tuple(f"spectralConvolution{n}dLayer" for n in (1, 2, 3)),
        "the layout of its complex weights over the frequencies is not known",
    ),
    "neuralODELayer": (
        "no file with one has been found: its saved form and how its solver steps are not known"
    ),
    "ProjectedLayer": "its saved form, a network between two projections, has not been seen",
    "peepholeLSTMLayer": "the order of its peephole weights is not known",
    "pointCloudInputLayer": "how point clouds become arrays is not documented",
    **dict.fromkeys(
        ("regionProposalLayer", "roiAlignLayer", "roiInputLayer", "rpnSoftmaxLayer"),
        f"{_REGIONS} are not documented",
    ),
    "roiMaxPooling2dLayer": f"{_REGIONS}, as how a region is divided into bins, are not documented",
    "ssdMergeLayer": "the order of the boxes that it puts into rows is not documented",
}

_BY_NAME = {name.rpartition(".")[2].lower(): why for name, why in MISSING.items()}

#: Classes that the importers generate for groups of operators: ``Reshape_To_ConcatLayer1003``.
_FUSED = re.compile(r"(\w+?)_To_(\w+?)Layer\d*$")


def why_missing(class_name: str) -> str:
    """Why objects of a class that nothing is registered for are not run; '' if it is unknown."""
    last = class_name.rpartition(".")[2]
    if fused := _FUSED.match(last):
        first, final = fused.groups()
        return (
            f"MATLAB's importer generated it for the operators from {first} to {final} of the "
            "model that it read; what lies between is in its code, not in its properties"
        )
    return MISSING.get(class_name) or _BY_NAME.get(last.lower(), "")
