"""What ``predict`` prints: the best classes, or the size and range of what came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from matlab_compat.display import lines_of_their_own, size_text

from . import output

if TYPE_CHECKING:
    from converters.batch import Record

#: What ``--format json`` has of one input.
_SHOWN = ("file", "exit_code", "top", "outputs", "notes", "written", "earlier_run", "error")


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
                wrote = "an earlier run wrote" if "earlier_run" in record else "wrote"
                output.note(f"{wrote} {said}, to {record['written']}")
    if format is output.Format.json:
        output.document({"schema": "matlab_compat.predictions/1", "model": model, "files": kept})
    elif count > 1 and any(codes):
        output.note(f"{codes.count(0)} of {count} ok")
    return max(codes, default=0)


def _text(record: dict[str, Any]) -> str:
    from converters.said import prediction

    file, blocks = lines_of_their_own(record["file"]), prediction(record)
    lines = []
    for i, block in enumerate(blocks, 1):
        lines.append(f"{file} ({i})" if len(blocks) > 1 else file)
        lines += [f"  {line}" for line in block]
    return "\n".join(lines)
