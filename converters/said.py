"""What there is to say of what was done, as text: for the command line, ``print`` and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matlab_compat.display import counted, lines_of_their_own, size_text


def conversion(done: Mapping[str, Any]) -> str:
    """What was written, and whether it computes the same, in a line."""
    wrote = "an earlier run wrote" if done.get("earlier_run") else "wrote"
    text = f"{wrote} {done['path']}: {done['target']}"
    if done["layers"]:
        text += f", {counted(done['layers'], 'layer')}"
    return f"{text}; {_outputs(done)}"


def _outputs(done: Mapping[str, Any]) -> str:
    if not done["outputs"]:
        return f"outputs not compared: {done['unchecked']}"
    worst = max(done["outputs"], key=lambda output: float(output["scaled_error"]))
    verdict = "DIFFERENT" if done["exit_code"] else "equal"
    return (
        f"outputs before and after are {verdict}: max abs {float(worst['max_abs']):.3g}, "
        f"scaled error {float(worst['scaled_error']):.3g} of {worst['bound']:g}"
    )


def conversion_notes(done: Mapping[str, Any]) -> Iterator[str]:
    """What else there is to say, a line each."""
    for cost in done["costs"]:
        if cost["dtype"] not in ("single", "double"):  # of which there is nothing to fear
            written, single, times = (
                float(cost[name]) for name in ("written", "single", "times_single")
            )
            yield (
                f"  {cost['name']}: {cost['dtype']} costs {times:.3g}x single: "
                f"relative error {written:.2g}, in single {single:.2g}"
            )
    yield from (f"  wrote {path} beside it" for path in done["beside"])
    yield from (f"  note: {remark}" for remark in done["remarks"])


def prediction(record: Mapping[str, Any]) -> list[list[str]]:
    """The best classes of each observation, or the size and range of what came out, in lines."""
    if "top" not in record:
        return [[line for name, one in record["outputs"].items() for line in _ranges(name, one)]]
    return [
        [f"{_score(one['score'])}  {lines_of_their_own(one['class'])}" for one in best]
        for best in record["top"]
    ]


def _score(score: Any) -> str:
    return f"{score:>8.4f}" if isinstance(score, float) else f"{score:>8}"


def _ranges(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    if "cells" in value:
        for i, cell in enumerate(value["cells"], 1):
            yield from _ranges(f"{name}{{{i}}}", cell)
        return
    line = f"{name}: {size_text(tuple(value['size']))} {value['class']}"
    if "min" in value:
        line += f", from {value['min']:.6g} to {value['max']:.6g}"
    yield line + (f", {value['not_finite']} not finite" if value.get("not_finite") else "")
