"""What ``predict`` prints: the best classes, or the size and range of what came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from matlab_compat.display import lines_of_their_own, size_text

from . import output

if TYPE_CHECKING:
    from converters.batch import Record

#: What ``--format json`` has of one input.
_SHOWN = ("file", "exit_code", "top", "outputs", "notes", "written", "error")


def show(records: Iterator[Record], count: int, model: str, format: output.Format) -> int:
    """Print each as it comes, or all as one document; the worst exit code."""
    codes, kept = [], []
    for record in records:
        codes.append(record["exit_code"])
        if format is output.Format.json:
            kept.append({name: record[name] for name in _SHOWN if name in record})
        elif "error" in record:
            output.error(record["error"])
        elif "top" in record or not record["written"]:  # else the note on what was written says it
            output.data(_text(record))
        for note in record.get("notes", ()):
            output.note(f"note: {record['file']}: {note}")
        if record.get("written"):
            for name, value in record["outputs"].items():
                said = f"{name}, {size_text(tuple(value['size']))} {value['class']}"
                output.note(f"wrote {said}, to {record['written']}")
    if format is output.Format.json:
        output.document({"schema": "matlab_compat.predictions/1", "model": model, "files": kept})
    elif count > 1 and any(codes):
        output.note(f"{codes.count(0)} of {count} ok")
    return max(codes, default=0)


def _text(record: dict[str, Any]) -> str:
    file = lines_of_their_own(record["file"])
    if "top" not in record:
        lines = [line for name, value in record["outputs"].items() for line in _ranges(name, value)]
        return "\n".join([file, *(f"  {line}" for line in lines)])
    blocks = []
    for i, best in enumerate(record["top"], 1):
        which = f" ({i})" if len(record["top"]) > 1 else ""
        blocks.append(f"{file}{which}")
        blocks += [f"  {_score(one['score'])}  {lines_of_their_own(one['class'])}" for one in best]
    return "\n".join(blocks)


def _score(score: Any) -> str:
    return f"{score:>8.4f}" if isinstance(score, float) else f"{score:>8}"


def _ranges(name: str, value: dict[str, Any]) -> Iterator[str]:
    if "cells" in value:
        for i, cell in enumerate(value["cells"], 1):
            yield from _ranges(f"{name}{{{i}}}", cell)
        return
    line = f"{name}: {size_text(tuple(value['size']))} {value['class']}"
    if "min" in value:
        line += f", from {value['min']:.6g} to {value['max']:.6g}"
    yield line + (f", {value['not_finite']} not finite" if value.get("not_finite") else "")
