"""What ``predict`` prints: the best classes, or the size and range of what came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from matlab_compat.display import lines_of_their_own, size_text

from . import output, progress

if TYPE_CHECKING:
    from converters.predict import Prediction


def described(done: Prediction, out: str | None) -> dict[str, Any]:
    """One prediction as ``--format json`` has it."""
    from matlab_compat.finite_json import finite_json

    record: dict[str, Any] = {"exit_code": 0}
    if done.top is not None:
        record["top"] = [
            [{"class": name, "score": finite_json(score)} for name, score in best]
            for best in done.top
        ]
    record["outputs"] = {name: _value(value) for name, value in done.outputs.items()}
    return {**record, "notes": list(done.notes), "written": out}


def _value(value: Any) -> dict[str, Any]:
    """Class, size and range of an array, or of each sequence."""
    import numpy as np

    from converters.matfile.values import mat_class
    from matlab_compat.finite_json import finite_json

    about: dict[str, Any] = {"class": mat_class(value), "size": list(value.shape)}
    if value.dtype == object:
        return {**about, "cells": [_value(item) for item in value.flat]}
    if value.dtype.kind == "c":
        return about
    finite = value[np.isfinite(value)]
    if finite.size:
        about |= {"min": finite_json(finite.min().item()), "max": finite_json(finite.max().item())}
    return {**about, "not_finite": int(value.size - finite.size)}


def show(records: Iterator[dict[str, Any]], count: int, model: str, format: output.Format) -> int:
    """Print each as it comes, or all as one document; the worst exit code."""
    codes, kept = [], []
    for record in progress.along(records, count, "inputs"):
        codes.append(record["exit_code"])
        if format is output.Format.json:
            kept.append(record)
        elif "error" in record:
            output.error(record["error"])
        elif "top" in record or not record["written"]:  # else the note on what was written says it
            output.data(_text(record))
        for note in record.get("notes", ()):
            output.note(f"note: {record['file']}: {note}")
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
