"""Detectors out of MAT-files.

The files: ``fixtures/kinds/yolov2.mat``, and objects in the layouts of real files of 2017 to 2025.
What is refused, and why, is what could not be settled by any file (``docs/uncertain.md``).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.matfile.values import StructArray
from fixtures.kinds.make_kinds import in_any, write, yolov2
from fixtures.native.make_native import cell, layer_array, num, series, struct, true_or_false
from fixtures.native.mcos_writer import Instance
from matlab_compat import Network
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    LayerNotFoundError,
    MatlabCompatError,
    UnsupportedModelError,
)

FILE = Path(__file__).parents[2] / "fixtures" / "kinds" / "yolov2.mat"


def test_it_has_its_network_classes_and_anchor_boxes() -> None:
    detector = converters.load_detector(FILE)
    assert isinstance(detector.Network, Network)
    assert detector.ClassNames == ("cup", "plate")
    np.testing.assert_array_equal(detector.AnchorBoxes, [[2, 3], [4, 2], [3, 5]])
    assert detector.TrainingImageSize == ((6, 8),)
    assert detector.ModelName == "tableware"


def test_load_gives_the_network_whose_output_is_the_map() -> None:
    network = converters.load_network(FILE)
    image = np.zeros((6, 8, 3), np.float32)
    detector = converters.load_detector(FILE)
    np.testing.assert_array_equal(network.predict(image), detector.predict(image))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"WH2HW": true_or_false(True)}, "stored as [width height] by an old release"),
        ({"FractionDownsampling": true_or_false(False)}, "FractionDownsampling is false"),
        ({"PredictedBoxType": "rotated"}, "rotated"),
    ],
)
def test_what_is_not_verified_of_yolo_v2_is_refused(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    detector = converters.load_detector(write(tmp_path / "d.mat", detector=yolov2(**changed)))
    assert why in detector.refusal
    with pytest.raises(UnsupportedModelError, match="not verified"):
        detector.detect(np.zeros((6, 8, 3)))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("yolov3ObjectDetector", "the network runs, decoding of boxes is not verified"),
        ("yolov4ObjectDetector", "the network runs, decoding of boxes is not verified"),
        ("yoloxObjectDetector", "the network runs, decoding of boxes is not verified"),
        ("ssdObjectDetector", "the order of its boxes is not verified"),
    ],
)
def test_other_detectors_give_their_map_and_say_why_no_boxes(
    tmp_path: Path, kind: str, why: str
) -> None:
    saved = in_any(
        kind,
        Version=num(2),
        Network=series()["net"],
        ClassNames=cell("sas"),
        AnchorBoxes=cell(np.ones((3, 2))),
    )
    path = write(tmp_path / "d.mat", detector=saved)
    detector = converters.load_detector(path)
    assert detector.ClassNames == ("sas",)
    with pytest.raises(UnsupportedModelError, match=f"{kind}: {why}"):
        detector.detect(np.zeros((6, 5, 2)))
    image = np.zeros((6, 5, 2), np.float32)
    expected = converters.load_network(path).predict(image)
    np.testing.assert_array_equal(detector.predict(image), expected)


def test_an_rcnn_detector_gives_its_classifier(tmp_path: Path) -> None:
    saved = in_any("rcnnObjectDetector", Network=series()["net"], RegionProposalFcn="edges")
    path = write(tmp_path / "d.mat", detector=saved)
    assert converters.load_network(path).kind == "SeriesNetwork"
    with pytest.raises(UnsupportedModelError, match="who proposes them is not in the file"):
        converters.load_detector(path).detect(np.zeros((6, 5, 2)))


def test_a_detector_of_two_networks_is_refused(tmp_path: Path) -> None:
    inner = struct(Layers=layer_array(*series()["net"].properties["any"]["Layers"].elements))
    saved = in_any("fasterRCNNObjectDetector", Network=inner, RegionProposalNetwork=inner)
    path = write(tmp_path / "d.mat", detector=saved)
    for load in (converters.load_detector, converters.load):
        with pytest.raises(UnsupportedModelError) as caught:
            load(path)
    with pytest.raises(UnsupportedModelError, match="two networks and a proposal step") as caught:
        converters.load_detector(path)
    assert "variable='detector.Network.Layers'" in caught.value.remedy


def test_several_detectors_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "d.mat", a=yolov2(), b=yolov2(ModelName="second"))
    with pytest.raises(AmbiguousLayerError, match=r"a \(yolov2ObjectDetector\), b"):
        converters.load_detector(path)
    assert converters.load_detector(path, "b").ModelName == "second"


def test_a_file_without_a_detector_says_so() -> None:
    with pytest.raises(LayerNotFoundError, match="no detector"):
        converters.load_detector(FILE.with_name("agent.mat"))


# --- files that lie ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "anchors",
    [
        "text",
        num(1, 2, 3),
        np.zeros((3, 2)),
        np.array([[1.0, -2]]),
        cell(num(1, 2)),
        num(np.nan, 1),
    ],
)
def test_anchor_boxes_that_are_none_are_damage(tmp_path: Path, anchors: Any) -> None:
    with pytest.raises(CorruptFileError, match="AnchorBoxes"):
        converters.load_detector(write(tmp_path / "d.mat", detector=yolov2(AnchorBoxes=anchors)))


def test_classes_in_another_order_than_their_categories_are_refused(tmp_path: Path) -> None:
    off = true_or_false(False)
    classes = Instance(
        "categorical",
        {
            "categoryNames": cell("cup", "plate", column=True),
            "codes": np.array([[2], [1]], np.uint8),
            "isProtected": off,
            "isOrdinal": off,
        },
    )
    with pytest.raises(UnsupportedModelError, match="another order than their categories"):
        converters.load_detector(write(tmp_path / "d.mat", detector=yolov2(ClassNames=classes)))


@pytest.mark.parametrize(
    "changed",
    [
        {"TrainingImageSize": "text"},
        {"TrainingImageSize": num(6)},
        {"TrainingImageSize": num(np.nan, np.inf)},
        {"TrainingImageSize": num(-6, 8)},
        {"TrainingImageSize": num(1e9, 1e9)},
        {"TrainingImageSize": np.zeros((0, 2))},
        {"ClassNames": num(1)},
        {"ClassNames": cell(num(1), "a")},
        {"ClassNames": "cup"},
        {"AnchorBoxes": np.ones((2, 2))},
        {"WH2HW": "text"},
        {"FractionDownsampling": np.zeros((0, 0))},
        {"ModelName": num(3)},
        {"Network": num(1)},
        {"Network": StructArray.scalar(Layers=num(1))},
    ],
)
def test_fields_that_lie_end_in_boxes_or_an_error_of_ours(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    path = write(tmp_path / "d.mat", detector=yolov2(**changed))
    with contextlib.suppress(MatlabCompatError):
        found = converters.load_detector(path).detect(np.zeros((6, 8, 3)), resize=True)
        assert found.boxes.shape[1] == 4
