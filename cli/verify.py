"""``matlab-compat verify``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import files, options, output

if TYPE_CHECKING:
    from matlab_compat.parity.verify import Report


def command(
    file: options.Files,
    variable: options.Variable = None,
    layer: options.Layer = None,
    input: options.Inputs = None,
    expected: Annotated[
        list[str] | None, typer.Option(help="FILE[:VARIABLE] with MATLAB's output; repeatable.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="An ONNX file to compare with, run by ONNX Runtime.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random input of --against.")] = 0,
    data_format: options.DataFormat = None,
    device: options.Device = "cpu",
    dtype: options.DType = "single",
    atol: Annotated[
        float | None, typer.Option(help="Absolute tolerance, instead of the default bound.", min=0)
    ] = None,
    rtol: Annotated[
        float | None, typer.Option(help="Relative tolerance, instead of the default bound.", min=0)
    ] = None,
    format: options.ReportFormat = output.Format.text,
    max_bytes: options.MaxBytes = None,
) -> None:
    """Run a layer or network and compare with what MATLAB saved. 0 if equal, 1 if different.

    Takes X (or input) and Y (or output, expected) from beside it unless told otherwise.

    Example: matlab-compat verify layer.mat
    """
    from converters.against import verify_against
    from converters.verify import verify
    from matlab_compat.parity import Tolerance

    given = atol is not None or rtol is not None
    common: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "tolerance": Tolerance(atol or 0.0, rtol or 0.0) if given else None,
        "limits": options.limits(max_bytes),
    }

    def compare(path: str) -> Report:
        if against is not None:
            return verify_against(path, against, variable, input=input or (), seed=seed, **common)
        return verify(
            path,
            variable,
            layer,
            input=input,
            expected=expected,
            data_format=data_format,
            **common,
        )

    paths = files.expanded(file)
    if files.is_many(file):
        raise typer.Exit(_many(paths, compare, format))
    report = compare(paths[0])
    if format is output.Format.json:
        output.document(report.to_json())
    else:
        _show(paths[0], report)
    raise typer.Exit(report.exit_code)


def _show(path: str, report: Report) -> None:
    from matlab_compat.parity.reports.text import report_text

    text, _, verdict = report_text(report.to_json(), path).rpartition("\n")
    output.data(text)
    output.verdict(verdict, good=report.exit_code == 0)


def _many(paths: list[str], compare: Callable[[str], Report], format: output.Format) -> int:
    """Every file, one line (or one JSON record) each; the worst exit code."""
    records = []

    def work(path: str) -> files.Outcome:
        report = compare(path)
        records.append({"file": path, **report.to_json()})
        worst = max((c.scaled_error / c.bound for c in report.compared), default=0.0)
        return files.Outcome(path, report.exit_code, f"{worst:.2g} of the bound")

    outcomes = files.each(paths, work)
    if format is output.Format.text:
        return files.summarize(outcomes)
    known = {record["file"] for record in records}
    failed = [vars(o) for o in outcomes if o.file not in known]
    output.document({"schema": "matlab_compat.verify-many/1", "reports": records, "errors": failed})
    return max(outcome.exit_code for outcome in outcomes)
