"""A report as text for people, from its ``matlab_compat.verify/1`` document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matlab_compat.display import lines_of_their_own, size_text


def report_text(document: Mapping[str, Any], name: str) -> str:
    """The whole report; its last line is the :func:`verdict`.

    ``document`` is :meth:`Report.to_json <matlab_compat.parity.report.Report.to_json>`, ``name``
    what was verified: a file.
    """
    safe = lines_of_their_own(dict(document))
    compared = [comparison(one) for one in [*safe["activations"], *safe["outputs"]]]
    found = [diagnosis(one) for one in safe.get("diagnoses", ())]
    beside = [side_by_side(*table) for table in grids(safe.get("side_by_side", ()))]
    unseen = [warning(one) for one in safe.get("warnings", ())]
    end = [environment(safe["environment"]), verdict(safe, name)]
    return "\n".join([*compared, *beside, *found, *unexplained(safe), *unseen, *end])


def verdict(document: Mapping[str, Any], name: str) -> str:
    """One line: what was verified, whether it is equal and what that is worth, or where not."""
    first = document["first_difference"]
    where = "" if first is None else f", first in layer '{first}'"
    said = f"{document['verdict']}{where}{worth(document)}"
    text: str = lines_of_their_own(f"{name}: {said}")
    return text


def worth(document: Mapping[str, Any]) -> str:
    """What to add to a verdict whose data cannot show every mistake."""
    count = len(document.get("warnings", ()))
    return f", of limited worth ({count} warning{'s' * (count > 1)})" if count else ""


def comparison(output: Mapping[str, Any]) -> str:
    """The figures of one compared output."""
    lines = [
        f"{output['name']}: {size_text(output['shape'])} {output['dtype']}, {output['reason']}",
        *(f"  {label:<16} {figure}" for label, figure in figures(output)),
    ]
    return "\n".join(lines)


def figures(output: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is worth saying of one comparison, as pairs of a label and its value."""
    pairs = [
        ("scaled error", f"{scaled(output)} ({output['rule']})"),
        ("max abs", figure(output["max_abs"])),
        ("relative L2", figure(output["rel_l2"])),
        ("outside", f"{output['outside']} of {output['elements']} elements"),
    ]
    if output["oracle_actual"] is not None:
        here, there = figure(output["oracle_actual"]), figure(output["oracle_expected"])
        pairs.append(
            ("float64 oracle", f"computed here {here} away, expected {there} away (scaled)")
        )
    if output["worst"]:
        pairs.append(("worst element", worst(output)))
    for kind, key in (("NaN", "nan"), ("Inf", "inf")):
        here, there = output[f"{key}_actual"], output[f"{key}_expected"]
        if here or there:
            pairs.append((kind, f"{here} computed, {there} expected"))
    return pairs


def cells(output: Mapping[str, Any]) -> list[str]:
    """Size, scaled error, largest difference and what is outside, for a row of a table."""
    outside = f"{output['outside']} of {output['elements']}"
    return [size_text(output["shape"]), scaled(output), figure(output["max_abs"]), outside]


def scaled(output: Mapping[str, Any]) -> str:
    """The figure that decides, and what it may be."""
    return f"{figure(output['scaled_error'])} of {output['bound']:g} allowed"


def worst(output: Mapping[str, Any]) -> str:
    """The worst element with both indices and both values."""
    one = output["worst"]
    return (
        f"{one['matlab']} in MATLAB, {one['python']} in Python: "
        f"computed {figure(one['actual'], 9)}, expected {figure(one['expected'], 9)}"
    )


def figure(value: float | str, digits: int = 3) -> str:
    """A number with so many digits; NaN and infinity are text already."""
    return value if isinstance(value, str) else f"{value:.{digits}g}"


def diagnosis(found: Mapping[str, Any]) -> str:
    """One diagnosis with its remedy."""
    where = f"{found['where']}: " if found["where"] else ""
    return "\n".join(
        [
            f"{looks(found)}: {where}{found['text']}",
            *(f"  {name:<16} {said}" for name, said in about(found)),
            f"  residual         {figure(found['residual'])} (scaled)",
            f"  remedy           {found['remedy']}",
        ]
    )


def looks(found: Mapping[str, Any]) -> str:
    """How sure a diagnosis is."""
    if not found.get("certain", True):
        return "may be"
    elsewhere = [one for one in found.get("alternatives", ()) if not one.startswith(found["where"])]
    return "looks like one of several" if elsewhere else "looks like"


def about(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What there is to know of a diagnosis besides: its change, its share, what else fits."""
    lines = []
    if found.get("change"):
        lines.append(("change", str(found["change"])))
    if found.get("repair"):
        lines.append(("repair", str(found["repair"])))
    if not found.get("certain", True):
        lines.append(("explains", f"{100 * found['explains']:.0f} % of the difference"))
    if found.get("alternatives"):
        lines.append(("fits as well", "; ".join(found["alternatives"])))
    return lines


def unexplained(document: Mapping[str, Any]) -> list[str]:
    """What is known of a difference that nothing explains."""
    known = document.get("unexplained")
    return [f"not explained: {known}"] if known else []


def warning(unseen: Mapping[str, Any]) -> str:
    """One thing that the comparison cannot show, with what to save instead."""
    return f"warning: {unseen['text']}\n  remedy           {unseen['remedy']}"


def grids(distances: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The distances as one triangular table for each output: its name, heading and rows."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for pair in distances:
        said = f"{figure(pair['max_abs'])} ({figure(pair['scaled_error'])})"
        found.setdefault(pair["output"], {}).setdefault(pair["other"], {})[pair["one"]] = said
    tables = []
    for output, rows in found.items():
        columns = list(rows[list(rows)[-1]])
        cells = [[label, *(row.get(c, "") for c in columns)] for label, row in rows.items()]
        tables.append((output, columns, cells))
    return tables


def side_by_side(output: str, columns: list[str], rows: list[list[str]]) -> str:
    """One such table in columns of text."""
    table = [["", *columns], *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    heading = f"{output} side by side, max abs (scaled error)"
    return "\n".join([heading, *(f"  {line}" for line in lines)])


def environment(facts: Mapping[str, str]) -> str:
    """One line on how the figures came about."""
    return (
        f"  computed with    torch {facts['torch']} on {facts['device']}, {facts['dtype']}, "
        f"TF32 {facts['tf32']}; matlab_compat {facts['matlab_compat']}"
    )
