"""``matlab-compat detect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from matlab_compat.errors import UsageError

from . import options, output, progress
from .reading import Text, number, one_of
from .reading import whole as whole_number

if TYPE_CHECKING:
    from matlab_compat.detectors import Detections


@options.grouped
def command(
    file: options.File,
    image: Annotated[
        str | None,
        typer.Argument(
            help="A picture, or an array H×W×C, uint8 or from 0 to 1: a MAT-file, .npy.",
            show_default=False,
            metavar="IMAGE",
        ),
    ] = None,
    *,
    input: Annotated[str | None, "The same, as an option.", Text("FILE[:VARIABLE]")] = None,
    variable: options.Variable = None,
    threshold: Annotated[float, "The least score, 0 to 1.", number(0, 1)] = 0.5,
    resize: Annotated[bool, "Resize the image to the network's size: not exact."] = False,
    size: Annotated[
        tuple[int, int] | None,
        "The network's image, where it was trained with several sizes.",
        Text("HEIGHT WIDTH"),
    ] = None,
    whole: Annotated[
        str | None,
        "Round boxes to whole pixels.",
        one_of("nearest", "floor"),
    ] = None,
    format: options.ReportFormat = "text",
    plugins: options.Plugins,
    bounds: options.Limits,
) -> None:
    """Print what an object detector finds.

    predict gives its raw map.

    Example: matlab-compat detect detector.mat street.png
    """
    from converters.detectors import load_detector
    from converters.inputs import Reading
    from converters.running import running
    from matlab_compat.finite_json import finite_json

    options.need_torch()
    named = [one for one in (image, input) if one is not None]
    if len(named) != 1:
        raise UsageError(
            "No image is named." if not named else "Two images are named.",
            remedy="name one: matlab-compat detect DETECTOR.mat IMAGE.png",
        )
    if size is not None:
        rows, columns = (whole_number(1).read("size", str(side)) for side in size)
        size = rows, columns
    limits = bounds.given()
    detector = load_detector(file, variable, limits=limits)
    picture = Reading(limits=limits).read(named[0], names=("I", "X", "image"))
    with progress.waiting(file), running(file, limits):
        found = detector.detect(
            picture.value, Threshold=threshold, resize=resize, size=size, whole=whole
        )
    notes = [*picture.notes, *found.notes]
    if format == "json":
        output.document(
            {
                "schema": "matlab_compat.detect/1",
                "file": file,
                "boxes": finite_json(found.boxes.tolist()),
                "scores": finite_json(found.scores.tolist()),
                "labels": found.labels,
                "notes": notes,
            }
        )
        return
    for note in notes:
        output.note(f"note: {note}")
    output.data(_text(found))


def _text(found: Detections) -> str:
    if not len(found):
        return "nothing found"
    rows: list[tuple[str, ...]] = [("x", "y", "width", "height", "score", "label")]
    for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
        rows.append((*(f"{side:.6g}" for side in box), f"{score:.4f}", label))
    return "\n".join("".join(f"{cell:>10}" for cell in row[:5]) + f"  {row[5]}" for row in rows)
