"""``matlab-compat inspect``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from matlab_compat.display import lines_of_their_own

from . import files, options, output, progress


@options.grouped
def command(
    file: options.Files,
    *,
    variable: options.Variable = None,
    layer_class: options.Class = None,
    code: options.Code = None,
    format: options.ReportFormat = output.Format.text,
    summary: Annotated[
        bool, typer.Option("--summary", help="Networks without their layers.")
    ] = False,
    plugins: options.Plugins,
    bounds: options.Limits,
    encoding: options.Encoding = None,
) -> None:
    """List the variables and layers of a MAT-file.

    Example: matlab-compat inspect net.mat
    """
    from converters.inspect import inspect

    def look(path: str) -> dict[str, Any]:
        limits = bounds.given()
        return inspect(
            path,
            variable,
            layer_class=layer_class,
            code=code or (),
            limits=limits,
            encoding=encoding,
        )

    paths = files.expanded(file)
    if not files.is_many(file):
        with progress.waiting(paths[0]):
            document = look(paths[0])
        as_json = format is output.Format.json
        output.document(document) if as_json else output.data(_text(document, summary))
        return
    documents: list[dict[str, Any]] = []

    def work(path: str) -> files.Outcome:
        document = look(path)
        documents.append(document)
        if format is output.Format.text:
            output.data(_text(document, summary) + "\n")
        return files.Outcome(path, 0, _contents(document))

    outcomes = files.each(paths, work)
    if format is output.Format.json:
        known = {document["file"] for document in documents}
        failed = [vars(o) for o in outcomes if o.file not in known]
        schema = "matlab_compat.inspect-many/1"
        output.document({"schema": schema, "files": documents, "errors": failed})
        raise typer.Exit(max(outcome.exit_code for outcome in outcomes))
    raise typer.Exit(files.summarize(outcomes))


def _text(document: dict[str, Any], summary: bool) -> str:
    from . import text

    shown = lines_of_their_own(document)
    return text.inspection(shown, summary=summary, width=output.width())


def _contents(document: dict[str, Any]) -> str:
    models = [v for v in document["variables"] if v["layers"] or v.get("models")]
    names = ", ".join(f"{v['name']} ({v['class']})" for v in models)
    return names or f"{len(document['variables'])} variables"
