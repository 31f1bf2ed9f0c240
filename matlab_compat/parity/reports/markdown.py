"""Reports as GitHub's Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matlab_compat.display import lines_of_their_own

from . import text

#: A comment holds 65536 characters; a table of this many rows stays far below, whatever the names.
_MOST_ROWS = 50
_LONGEST = 200
_MARKS = {"equal": "✅ equal", "different": "❌ different"}

_HEAD = ("| | verdict | size | scaled error | max abs | outside |", "|---|---|---|---|---|---|")


def markdown(records: Iterable[Mapping[str, Any]]) -> str:
    """A heading, a table and the diagnoses for one file; a table of files for several.

    ``records`` are those that :func:`.junit.junit` takes.
    """
    safe = [lines_of_their_own(dict(record)) for record in records]
    lines = _single(safe[0]) if len(safe) == 1 and "summary" not in safe[0] else _files(safe)
    return "\n".join(lines)


def _single(record: Mapping[str, Any]) -> list[str]:
    compared, first = [*record["activations"], *record["outputs"]], record["first_difference"]
    return [
        f"### {_MARKS[record['verdict']]}{text.worth(record)}: {code(record['file'])}",
        "",
        *(["The first layer that differs is " + code(first) + ".", ""] if first else []),
        *_table(_HEAD, [_row(one) for one in _different_first(compared)], len(compared)),
        "",
        *(line for one in compared[-1:] if one["worst"] for line in _worst(compared)),
        *(line for one in record.get("diagnoses", [])[:5] for line in _diagnosis(one)),
        *(f"{prose(known[:1].upper() + known[1:])}\n" for known in text.unexplained(record)),
        *(line for one in record.get("warnings", []) for line in _warning(one)),
        *_environment(record["environment"]),
    ]


def _different_first(compared: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is shown where not all fits: what differs goes first."""
    chosen = sorted(range(len(compared)), key=lambda i: compared[i]["verdict"] == "equal")
    return [compared[i] for i in sorted(chosen[:_MOST_ROWS])]


def _table(head: Sequence[str], rows: Sequence[str], count: int) -> list[str]:
    left_out = count - len(rows)
    more = ["", f"... and {left_out} more rows, none of them worse."] if left_out else []
    return [*head, *rows, *more]


def _row(one: Mapping[str, Any]) -> str:
    cells = " | ".join(text.cells(one))
    return f"| {code(one['name'])} | {_MARKS[one['verdict']]} | {cells} |"


def _worst(compared: Sequence[Mapping[str, Any]]) -> list[str]:
    first = next((one for one in compared if one["verdict"] == "different"), compared[-1])
    return [f"Worst element: {code(text.worst(first))}", ""] if first["worst"] else []


def _diagnosis(found: Mapping[str, Any]) -> list[str]:
    where = f"{code(found['where'])}: " if found["where"] else ""
    said = f"**Diagnosis** ({text.looks(found)}): {where}{prose(found['text'])}"
    residual = f"(residual {text.figure(found['residual'])})"
    more = [f"{name.capitalize()}: {prose(value)}  " for name, value in text.about(found)]
    return [f"{said} {residual}  ", *more, f"Remedy: {prose(found['remedy'])}", ""]


def _warning(unseen: Mapping[str, Any]) -> list[str]:
    said = f"**Warning**: {prose(unseen['text'])}  "
    return [said, f"Remedy: {prose(unseen['remedy'])}", ""]


def _environment(facts: Mapping[str, str]) -> list[str]:
    rows = [f"| {code(name)} | {code(value)} |" for name, value in facts.items()]
    summary = "<details><summary>Environment</summary>"
    return [summary, "", "| | |", "|---|---|", *rows, "", "</details>"]


def _files(records: Sequence[Mapping[str, Any]]) -> list[str]:
    good = sum(record["exit_code"] == 0 for record in records)
    rows = [
        f"| {code(record['file'])} | {_outcome(record)} |"
        for record in sorted(records, key=lambda record: -int(record["exit_code"]))[:_MOST_ROWS]
    ]
    head = ("| file | verdict |", "|---|---|")
    mark = "✅" if good == len(records) else "❌"
    return [f"### {mark} {good} of {len(records)} equal", "", *_table(head, rows, len(records))]


def _outcome(record: Mapping[str, Any]) -> str:
    if "summary" in record:
        return f"⚠️ {code(record['summary'])}"
    first = record["first_difference"]
    where = "" if first is None else f", first in layer {code(first)}"
    return f"{_MARKS[record['verdict']]}{where}{text.worth(record)}"


def code(name: str) -> str:
    """Text from a file as a code span, in which nothing is markup, a link or a mention."""
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    # The spaces are dropped where it is shown; without them a backtick at an end would count.
    pad = " " if longest or not shown.strip() else ""
    return f"{fence}{pad}{shown or ' '}{pad}{fence}".replace("|", "\\|")


def prose(sentence: str) -> str:
    """A sentence, which may hold a name from a file, with nothing in it taken for markup."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", sentence.replace("&", "&amp;"))
    # A comment inside keeps GitHub from making a mention of it.
    return escaped.replace("<", "&lt;").replace("@", "@<!-- -->")
