"""Object detectors of Computer Vision Toolbox out of MAT-files."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from matlab_compat.detectors import Detector
from matlab_compat.errors import (
    CorruptFileError,
    LayerNotFoundError,
    UnsupportedModelError,
    locating,
)
from matlab_compat.wording import argument

from .choose import the_object
from .find import Found, find_models
from .kinds import Standing
from .kinds.objects import row_of
from .matfile import DEFAULT_LIMITS, Limits, MatFile
from .matfile.values import Categorical, MatObject
from .saved import object_fields
from .walk import objects_in

_YOLO2 = "yolov2ObjectDetector"
#: Why boxes are not made, by the class; of others it is said that nothing is known.
_REFUSALS = {
    "rcnnObjectDetector": "its network classifies regions; who proposes them is not in the file",
    "ssdObjectDetector": "the order of its boxes is not verified",
}
#: Columns of sizes: [height width], or with the channels.
_COLUMNS = ((2,), (3,))
#: No detector is trained with larger images.
_MOST_PIXELS = 2**28
_NOT_VERIFIED = "the network runs, decoding of boxes is not verified"


def load_detector(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Detector:
    """The object detector in a MAT-file.

    One of a ``yolov2ObjectDetector`` detects; others have their network, and ``detect`` says why it
    does not.

    Raises ``UnsupportedModelError``: a detector of several networks and steps between them; and as
    :func:`.agents.load_agent`.

    Parameters
    ----------
    path, variable, limits:
        As for :func:`.agents.load_agent`.

    Examples
    --------
    >>> detector = load_detector("fixtures/kinds/yolov2.mat")
    >>> detector.ClassNames
    ('cup', 'plate')
    """
    missing = LayerNotFoundError(
        "There is no detector in it.", remedy="in MATLAB: save('detector.mat', 'detector')."
    )
    chosen = the_object(path, variable, limits, detectors_in, "detectors", missing)
    with chosen as (mat, where, saved), locating(where):
        return _detector(mat, where, saved)


def detectors_in(mat: MatFile, variable: str | None = None) -> list[tuple[str, MatObject]]:
    """The detectors of a file, or in what ``variable`` names, and where."""

    def wanted(saved: MatObject) -> bool:
        row = row_of(saved.class_name)
        return row is not None and "detector" in row.name

    return objects_in(mat, wanted, variable)


def _detector(mat: MatFile, path: str, saved: MatObject) -> Detector:
    kind, fields = saved.class_name, object_fields(saved)
    row = row_of(kind)
    found = [f for f in find_models(mat, path) if f.standing is not Standing.LOOSE]
    if row is not None and row.of_parts:
        first = argument("variable", found[0].name) if found else "converters.open_mat"
        raise UnsupportedModelError(
            f"{kind}: two networks and a proposal step; not run.",
            remedy=f"its layers can be read with open_mat, or loaded one by one: {first}.",
        )
    network = _network(found, kind)
    return Detector(
        kind,
        network,
        _class_names(fields.get("ClassNames")),
        _anchors(fields) if kind == _YOLO2 else None,
        _sizes(fields.get("TrainingImageSize")),
        fields.get("ModelName", "") if isinstance(fields.get("ModelName"), str) else "",
        _refusal(kind, fields),
    )


def _network(found: list[Found], kind: str) -> Any:
    trained = [f for f in found if f.standing is Standing.NETWORK]
    if len(trained) > 1:
        raise UnsupportedModelError(
            f"{kind}: {len(trained)} networks, and how they work together is not known.",
            remedy=f"load one of them: {argument('variable', trained[0].name)}.",
        )
    for one in trained or found:
        return one.build()  # what is damaged says so
    raise UnsupportedModelError(f"{kind}: there is no network in it.")


def _refusal(kind: str, fields: Mapping[str, Any]) -> str:
    if str(fields.get("PredictedBoxType", "axis-aligned")) == "rotated":
        return "boxes that are rotated are not verified"
    if kind != _YOLO2:
        return _REFUSALS.get(kind, _NOT_VERIFIED)
    if np.any(fields.get("WH2HW", False)):
        return "anchor boxes are stored as [width height] by an old release; not verified"
    if not np.all(fields.get("FractionDownsampling", True)):
        return "FractionDownsampling is false; not verified"
    return ""


def _anchors(fields: Mapping[str, Any]) -> Any:
    anchors = fields.get("AnchorBoxes")
    if not isinstance(anchors, np.ndarray) or anchors.dtype.kind not in "fiu":
        anchors = np.zeros((0, 0))
    if anchors.ndim != 2 or anchors.shape[1] != 2 or not (anchors > 0).all():
        raise CorruptFileError("AnchorBoxes is no matrix of heights and widths.")
    return anchors.astype(np.float64)


def _sizes(value: Any) -> tuple[tuple[int, int], ...]:
    if value is None:
        return ()
    sizes = np.zeros((1, 2))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.shape[1:] in _COLUMNS:
        sizes = value[:, :2].astype(np.float64)
    whole = np.isfinite(sizes) & (sizes >= 1) & (sizes == np.floor(sizes))
    if not whole.all() or (sizes.prod(1) > _MOST_PIXELS).any():
        raise CorruptFileError("TrainingImageSize holds no sizes of images.")
    return tuple((int(height), int(width)) for height, width in sizes.tolist())


def _class_names(value: Any) -> tuple[str, ...]:
    """The classes in the order of the channels.

    Raises ``UnsupportedModelError``: a categorical whose elements are in another order than its
    categories.
    """
    if isinstance(value, Categorical):
        if value.codes.ravel(order="F").tolist() != list(range(1, len(value.categories) + 1)):
            raise UnsupportedModelError(
                "The class names are in another order than their categories: which of the two the "
                "channels have is not known."
            )
        return tuple(value.categories)
    if isinstance(value, np.ndarray) and value.dtype.kind in "OT":
        return tuple(str(name) for name in value.ravel(order="F"))
    return (value,) if isinstance(value, str) else ()
