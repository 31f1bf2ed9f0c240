"""Object detectors: a network, and how boxes are made of its map.

YOLO v2: the arrangement of the channels, sigmoid and exp, the grid, the order of the anchor boxes
and the scale of the image are settled by real detectors (see
:mod:`matlab_compat.layers.detection` and ``docs/uncertain.md``); thresholds and suppression are
those of the page of ``detect``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Array
from .data_format import dlarray
from .display import counted, size_text
from .errors import DataFormatError, UnsupportedModelError, UsageError, locating
from .network import Network
from .network.preparation import resized
from .pages.markup import Markup, element
from .pages.notebook import fragment, rows_of
from .wording import argument

#: Boxes of one class that share more than this of their union are one object.
_OVERLAP = 0.5

_RESIZED = (
    "the image was resized from {given} to {wanted}: MATLAB's filter is not known, so that boxes "
    "may differ by a few per cent of their size and scores by 0.1"
)
_NOT_WHOLE = "MATLAB rounds boxes to whole pixels: how is not known, so these are not rounded"


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector found in an image, the highest score first."""

    #: M×4, [x y width height] of each in pixels of the image; the first pixel is 1.
    boxes: Array
    #: M, single.
    scores: Array
    labels: list[str]
    #: What there is to know of these results.
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Detections: {counted(len(self), 'object')}>"

    def _repr_html_(self) -> str:
        rows = (
            [label, f"{score:.4f}", *(f"{side:.1f}" for side in box)]
            for label, score, box in zip(self.labels, self.scores, self.boxes, strict=True)
        )
        listed = rows_of(("Label", "Score", "x", "y", "Width", "Height"), rows, len(self))
        notes = [element("p", f"note: {note}") for note in self.notes]
        return fragment(counted(len(self), "object"), *listed, *notes)


@dataclass(frozen=True, eq=False)
class Detector:
    """A detector that MATLAB saved; :func:`converters.load_detector` opens one."""

    #: MATLAB's class.
    class_name: str
    Network: Network
    ClassNames: tuple[str, ...] = ()
    #: A×2, [height width] in pixels of the network's image.
    AnchorBoxes: Array | None = None
    #: The sizes [height width] of images in training.
    TrainingImageSize: tuple[tuple[int, int], ...] = ()
    ModelName: str = ""
    #: Why boxes are not made here; "" where they are.
    refusal: str = ""

    def __repr__(self) -> str:
        return f"<{self.class_name} of {len(self.ClassNames)} classes: {self.Network!r}>"

    def _repr_html_(self) -> str:
        anchors = () if self.AnchorBoxes is None else self.AnchorBoxes
        known = {
            "Model": self.ModelName,
            "Classes": ", ".join(self.ClassNames),
            "Images": ", ".join(map(size_text, self.TrainingImageSize)),
            "Anchor boxes": ", ".join(size_text([f"{x:g}" for x in one]) for one in anchors),
            "Not run": self.refusal,
        }
        rows = [[name, text] for name, text in known.items() if text]
        shown = Markup(self.Network._repr_html_())
        return fragment(self.class_name, *rows_of((), rows, len(rows)), shown)

    def predict(self, X: object, **options: Any) -> Any:
        """The network's own map; see :meth:`Network.predict`."""
        return self.Network.predict(X, **options)

    def detect(
        self,
        image: object,
        *,
        Threshold: float = 0.5,
        SelectStrongest: bool = True,
        MinSize: Sequence[float] = (1, 1),
        MaxSize: Sequence[float] | None = None,
        resize: bool = False,
        size: tuple[int, int] | None = None,
        whole: str | None = None,
    ) -> Detections:
        """The objects in an image, as MATLAB's ``detect`` finds them.

        Parameters
        ----------
        image:
            H×W×C: ``uint8``, ``uint16``, or single or double from 0 to 1.
        Threshold:
            The least score.
        SelectStrongest:
            Of boxes of one class that overlap by more than half of their union, keep the one of the
            highest score.
        MinSize, MaxSize:
            [height width] in pixels of the smallest and largest box; by default 1×1, and the image.
        resize:
            Resize an image that is not of the network's size (bilinear, antialiased, whatever its
            aspect). MATLAB does so, too, in a way that is not known: without ``resize`` the results
            are exact, with it they are close.
        size:
            [height width] of the network's image, where the detector was trained with several.
        whole:
            Round boxes as MATLAB may do: "nearest" or "floor", within the image.

        Returns
        -------
        Boxes, scores and labels, with notes on what is not exact.

        Raises
        ------
        DataFormatError
            The image is not of the network's size (and ``resize`` not set), or has other channels.
        UnsupportedModelError
            A detector whose boxes are not verified.
        UsageError
            A threshold or choice that means nothing; numbers that are no image.
        """
        with locating(self.class_name):
            if self.refusal:
                raise UnsupportedModelError(
                    f"{self.class_name}: {self.refusal}.",
                    remedy="run its network: detector.predict(image) gives the raw map.",
                )
            if not 0 <= Threshold <= 1:
                raise UsageError(f"Threshold is from 0 to 1, not {Threshold:g}.")
            if whole not in (None, "nearest", "floor"):
                raise UsageError(f"whole is 'nearest', 'floor' or nothing, not {whole!r}.")
            given = as_image(image)
            wanted = self._size(size)
            notes = [] if whole else [_NOT_WHOLE]
            X = given
            if given.shape[:2] != wanted:
                if not resize:
                    raise DataFormatError(
                        f"The image is {size_text(given.shape[:2])}, the network takes "
                        f"{size_text(wanted)}: only images of that size are detected exactly.",
                        remedy=f"give it in that size, or pass {argument('resize', True)}: boxes "
                        "may then differ by a few per cent of their size and scores by 0.1.",
                    )
                sizes = {"given": size_text(given.shape[:2]), "wanted": size_text(wanted)}
                notes.insert(0, _RESIZED.format(**sizes))
                X = resized(given, wanted, "bilinear")
            boxes, scores, labels = self._decoded(self._map(X), wanted)
            largest = given.shape[:2] if MaxSize is None else tuple(MaxSize)
            found = scores >= np.float32(Threshold)
            boxes, scores, labels = boxes[found], scores[found], labels[found]
            boxes = scaled(boxes, wanted, given.shape[:2])
            sides = boxes[:, [3, 2]]
            fits = ((sides >= np.array(MinSize)) & (sides <= np.array(largest))).all(1)
            if MaxSize is None and (beyond := int((sides > np.array(largest)).any(1).sum())):
                notes.append(f"larger than the image, and left out by MaxSize: {beyond}")
            boxes, scores, labels = boxes[fits], scores[fits], labels[fits]
            order = np.argsort(-scores, kind="stable")
            kept = order[strongest(boxes[order], labels[order])] if SelectStrongest else order
            boxes = boxes[kept] if whole is None else rounded(boxes[kept], whole, given.shape[:2])
            names = [self.ClassNames[label] for label in labels[kept]]
            return Detections(boxes, scores[kept], names, tuple(notes))

    def _size(self, size: tuple[int, int] | None) -> tuple[int, int]:
        if size is not None:
            if len(size) != 2 or min(size) < 1:
                raise UsageError(f"size is [height width] of an image, not {size}.")
            return int(size[0]), int(size[1])
        if len(self.TrainingImageSize) == 1:
            return self.TrainingImageSize[0]
        sizes = ", ".join(map(size_text, self.TrainingImageSize)) or "none that the file says"
        raise UsageError(
            f"The detector was trained with images of several sizes: {sizes}.",
            remedy=f"choose one: {argument('size', (self.TrainingImageSize or ((224, 224),))[0])}.",
        )

    def _map(self, image: Array) -> Array:
        """The network's output for an image, rows × columns × channels."""
        channels = self.Network.layer(self.Network.InputNames[0]).input_size()
        if channels is not None and image.shape[2] != channels[-1]:
            raise DataFormatError(
                f"The image has {counted(image.shape[2], 'channel')}, and the network takes "
                f"{channels[-1]}.",
                remedy="give an image of as many: an RGB image has 3.",
            )
        Y = self.Network.predict(dlarray(image[..., np.newaxis], "SSCB"))
        return np.asarray(Y.extractdata())[..., 0]

    def _decoded(self, Y: Array, size: tuple[int, int]) -> tuple[Array, Array, Array]:
        """Boxes [x y w h] in pixels of the network's image, scores, and classes from 0."""
        anchors = np.asarray(self.AnchorBoxes, np.float64)
        count, classes = len(anchors), len(self.ClassNames)
        rows, columns, channels = Y.shape
        if channels != (5 + classes) * count:
            raise DataFormatError(
                f"The map has {counted(channels, 'channel')}, not the {(5 + classes) * count} of "
                f"{counted(count, 'anchor box')} with {counted(classes, 'class')}."
            )
        each = Y.reshape(rows, columns, 5 + classes, count).transpose(2, 0, 1, 3).astype(np.float64)
        iou, across, down, width, height = each[:5]
        r, c = np.arange(rows)[:, None, None], np.arange(columns)[None, :, None]
        x, y = (c + across) * size[1] / columns, (r + down) * size[0] / rows
        w, h = anchors[:, 1] * width, anchors[:, 0] * height
        boxes = np.stack([x - w / 2, y - h / 2, w, h], -1).reshape(-1, 4)
        scores = (iou * each[5:].max(0)).astype(np.float32).ravel()
        return boxes, scores, each[5:].argmax(0).ravel()


def as_image(image: object) -> Array:
    """An image as the network takes it: H×W×C, single, from 0 to 1.

    Raises
    ------
    DataFormatError, UsageError
        It is of another shape or class, or out of range.
    """
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.dtype.kind in "OSU":
        raise DataFormatError(
            "An image is an array of real numbers.", remedy="read the file first."
        )
    if array.ndim != 3:
        raise DataFormatError(f"An image is H×W×C, and {size_text(array.shape)} was given.")
    if array.dtype in (np.uint8, np.uint16):
        return (array / np.float32(np.iinfo(array.dtype).max)).astype(np.float32)
    if array.dtype.kind != "f":
        raise UsageError(
            f"An image is uint8, uint16, single or double, not {array.dtype}.",
            remedy="in MATLAB: im2single(I).",
        )
    if not np.isfinite(array).all() or array.min(initial=0) < 0 or array.max(initial=0) > 1:
        raise UsageError(
            "An image of single or double is from 0 to 1, and this one is not.",
            remedy="divide it by 255, or give it as uint8.",
        )
    return array.astype(np.float32)


def scaled(boxes: Array, network: tuple[int, int], image: tuple[int, ...]) -> Array:
    """Boxes of the network's image in the image's own pixels, centre to centre of pixels."""
    s = np.array([image[1] / network[1], image[0] / network[0]])
    corners = (boxes[:, :2] - 0.5) * s + 0.5
    return np.concatenate([corners, boxes[:, 2:] * s], 1)


def rounded(boxes: Array, how: str, image: tuple[int, ...]) -> Array:
    """Whole pixels within the image."""
    whole = np.floor(boxes) if how == "floor" else np.floor(boxes + 0.5)
    limits = np.array([image[1], image[0]])
    first = np.clip(whole[:, :2], 1, limits)
    last = np.minimum(whole[:, :2] + whole[:, 2:] - 1, limits)
    return np.concatenate([first, np.maximum(last - first + 1, 1)], 1)


def overlaps(box: Array, others: Array) -> Array:
    """Intersection over union of a box with others."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = box[2] * box[3] + others[:, 2] * others[:, 3] - shared
    return np.asarray(np.where(union > 0, shared / np.where(union > 0, union, 1), 0))


def strongest(boxes: Array, labels: Array) -> Array:
    """Which boxes, the strongest first, are not suppressed by a stronger one of their class."""
    left, kept = np.arange(len(boxes)), []
    while left.size:
        first, rest = left[0], left[1:]
        kept.append(first)
        same = (labels[rest] == labels[first]) & (overlaps(boxes[first], boxes[rest]) > _OVERLAP)
        left = rest[~same]
    return np.array(kept, dtype=np.intp)
