"""Layers of detectors.

Semantics: what real detectors settle. The biases of the class channels sum to zero over the classes
of each anchor box, as under a softmax with zero start, if the anchor boxes run fastest, and in no
other order; published code that rearranges the weights of another framework for it says the same.
"""

from __future__ import annotations

from .base import Layer
from .properties import Property, numeric, positive_integer, positive_integers
from .structure import Identity


class YOLOv2TransformLayer(
    Layer,
    type_text="YOLO v2 Transform Layer",
    module=("engine.detection.YOLOv2Transform", "NumAnchorBoxes"),
    versions="1",
    example="2",
    input_formats=("SSCB",),
):
    """MATLAB's YOLO v2 transform layer: sigmoid, exp and softmax of the last convolution's map.

    The channels stay where they are: intersection over union, x, y, width, height and the classes,
    each for all anchor boxes in turn. In which order MATLAB's own layer puts them out is not known;
    boxes, scores and labels do not depend on it.
    """

    left_to_do = "boxes are decoded and suppressed by detector.detect of converters.load_detector"

    NumAnchorBoxes = Property(positive_integer, doc="Number of anchor boxes.")


class YOLOv2ReorgLayer(
    Layer,
    type_text="YOLO v2 Reorg Layer",
    input_formats=("SSCB",),
    module=("engine.resampling.SpaceToDepth", "Stride"),
    description="YOLO v2 Reorg Layer with stride [{Stride[0]}  {Stride[1]}]",
    stem="yolov2reorg",
    example="(2, 2)",
):
    """MATLAB's YOLO v2 reorganization layer: space to depth with blocks of Stride.

    The page sends to ``spaceToDepthLayer`` in its place. H×W×C×N to
    floor(H/h)×floor(W/w)×(h*w*C)×N.
    """

    Stride = Property(positive_integers(2), read_only=True, doc="[h w].")


def _boxes(value: object) -> tuple[tuple[float, float], ...]:
    """M×2 positive numbers."""
    rule = "must be an M×2 matrix of positive numbers, [height width] of each box"
    boxes = numeric(value, rule)
    if boxes.ndim != 2 or boxes.shape[1] != 2 or not (boxes > 0).all():
        raise ValueError(rule)
    return tuple((float(height), float(width)) for height, width in boxes)


class AnchorBoxLayer(
    Identity,
    type_text="Anchor Box",
    example="((8.0, 16.0), (32.0, 48.0))",
):
    """MATLAB's anchor box layer of SSD detectors: passes its input on, and keeps the boxes.

    ``AnchorBoxes`` is M×2, [height width] of each.
    """

    AnchorBoxes = Property(_boxes, read_only=True)
