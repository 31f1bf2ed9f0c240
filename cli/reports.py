"""The files that ``verify`` writes besides what it prints, and the formats it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from . import files, output, pages
from .reading import Text

if TYPE_CHECKING:
    from matlab_compat.parity.report import Report


@dataclass(frozen=True)
class Files(pages.Files):
    """Where the reports on one file go."""

    report: Annotated[
        str | None,
        "Write a page with images; of many files a table that leads to a page of each.",
        Text("FILE.html"),
    ] = None
    plot: Annotated[str | None, "Write a figure: .png, .pdf or .svg.", Text("FILE")] = None
    save_reference: Annotated[
        str | None, "Write what was computed, and in float64, to a MAT-file.", Text("FILE.mat")
    ] = None
    gen_script: Annotated[
        str | None, "Write a Python script that repeats the comparison.", Text("FILE.py")
    ] = None

    def check(self, *, overwrite: bool) -> None:
        """Also whether the figure can be drawn."""
        super().check(overwrite=overwrite)
        if self.plot is not None:
            from matlab_compat.parity.reports.plot import check_plot

            check_plot(Path(self.plot))

    def write(self, report: Report, file: str, script: str, *, overwrite: bool) -> None:
        """Write them, each whole or not at all, and say so."""
        from converters.atomic import new_file, write_text
        from converters.reference import save_reference
        from matlab_compat.parity.reports.html import html_page
        from matlab_compat.parity.reports.plot import save_plot

        for place, text in ((self.report, html_page(report, file)), (self.gen_script, script)):
            if place is not None:
                write_text(place, text, overwrite=overwrite)
        if self.plot is not None:
            with new_file(self.plot, overwrite=overwrite) as temporary:
                save_plot(report, temporary)
        if self.save_reference is not None:
            save_reference(report, self.save_reference, overwrite=overwrite)
        for place in self.wanted():
            output.note(f"wrote {place}")


def show(record: Mapping[str, Any], format: str) -> None:
    """Print the report on one file: a ``matlab_compat.verify/1`` document with ``file``."""
    if format == "json":
        output.document({key: value for key, value in record.items() if key != "file"})
    elif format == "text":
        _text(record)
    else:
        _printed([record], format)


def show_many(records: Sequence[Mapping[str, Any]], format: str) -> int:
    """Print the report on many files and give the worst exit code."""
    if format == "text":
        return files.summarize(outcome(r) for r in records)
    if format == "json":
        reports = [record for record in records if "summary" not in record]
        errors = [record for record in records if "summary" in record]
        schema = "matlab_compat.verify-many/1"
        output.document({"schema": schema, "reports": reports, "errors": errors})
    else:
        _printed(records, format)
    return max(int(record["exit_code"]) for record in records)


def _text(record: Mapping[str, Any]) -> None:
    from matlab_compat.parity.reports.text import report_text

    text, _, verdict = report_text(record, record["file"]).rpartition("\n")
    output.data(text)
    output.verdict(verdict, good=record["exit_code"] == 0)


def _printed(records: Sequence[Mapping[str, Any]], format: str) -> None:
    from matlab_compat.parity.reports.junit import junit
    from matlab_compat.parity.reports.markdown import markdown

    output.data(junit(records) if format == "junit" else markdown(records))


def outcome(record: Mapping[str, Any]) -> files.Outcome:
    """What became of one file among many."""
    return files.outcome_of(record, _line)


def _line(record: Mapping[str, Any]) -> str:
    from matlab_compat.parity.reports import text

    compared = [*record["activations"], *record["outputs"]]
    worst = max((float(one["scaled_error"]) / one["bound"] for one in compared), default=0.0)
    return f"{worst:.2g} of the bound{text.worth(record)}"
