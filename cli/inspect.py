"""``matlab-compat inspect``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matlab_compat.display import lines_of_their_own
from matlab_compat.errors import UsageError

from . import files, options, output, progress
from .pages import Files, Pages
from .reading import Text

if TYPE_CHECKING:
    from converters.find import Found
    from converters.matfile import MatFile
    from matlab_compat.pages.diagram import Diagram


Page = Annotated[str | None, "Write a page with graph, sizes and weights.", Text("FILE.html")]
Picture = Annotated[str | None, "Write a picture of the network: .svg, .png or .pdf.", Text("FILE")]


@dataclass(frozen=True)
class Drawn(Files):
    """What is to be looked at."""

    report: Page = None
    plot: Picture = None

    def check(self, *, overwrite: bool) -> None:
        """Also whether the picture can be drawn."""
        if self.plot is not None:
            from matlab_compat.pages.diagram import check_ending

            check_ending(Path(self.plot))
        super().check(overwrite=overwrite)

    def write(self, page: str, picture: Diagram | None, *, overwrite: bool) -> None:
        """Write them, and say so."""
        from converters.atomic import new_file, write_text

        if self.report is not None:
            write_text(self.report, page, overwrite=overwrite)
        if self.plot is not None:
            assert picture is not None
            with new_file(self.plot, overwrite=overwrite) as temporary:
                picture.save(temporary)
        for place in self.wanted():
            output.note(f"wrote {place}")

    def of(
        self, mat: MatFile, found: list[Found], known: dict[str, Any], variable: str | None
    ) -> tuple[str, Diagram | None]:
        """The page about a file, and the picture of its network."""
        if not self.wanted():
            return "", None
        from converters.page import inspect_page, inspect_plot

        page = "" if self.report is None else inspect_page(mat, found, known)
        return page, None if self.plot is None else inspect_plot(mat, found, variable)

    def pages(self, *, overwrite: bool) -> Pages | None:
        """Where the pages about many files go."""
        if self.plot is not None:
            raise UsageError(
                "The picture is of one network, and here are several files.",
                where=(self.plot,),
                remedy="name one file; --report draws the networks of all.",
            )
        return None if self.report is None else Pages(self.report, overwrite=overwrite)


@options.grouped
def command(
    file: options.Files,
    *,
    variable: options.Variable = None,
    layer_class: options.Class = None,
    code: options.Code = None,
    format: options.ReportFormat = "text",
    summary: Annotated[bool, "Networks without their layers."] = False,
    plugins: options.Plugins,
    drawn: Drawn,
    force: options.Force = False,
    bounds: options.Limits,
    encoding: options.Encoding = None,
) -> None:
    """List the variables and layers of a MAT-file.

    Example: matlab-compat inspect net.mat
    """
    from converters.identify.values import left_unsaid
    from converters.inspect import document, opened

    def look(path: str) -> tuple[dict[str, Any], str, Diagram | None, str]:
        """What is said of a file, which is opened once; page and picture; what to do with it."""
        with opened(path, variable, layer_class, code or (), bounds.given(), encoding) as (mat, at):
            known = document(mat, at, variable)
            advice = left_unsaid(mat, at, variable)
            return known, *drawn.of(mat, at, known, variable), str(advice or "")

    paths = files.expanded(file)
    if not files.is_many(file):
        drawn.check(overwrite=force)
        with progress.waiting(paths[0]):
            known, page, picture, advice = look(paths[0])
        output.document(known) if format == "json" else output.data(_text(known, summary))
        if advice:
            output.note(f"note: {advice}")
        with progress.waiting(paths[0]):
            drawn.write(page, picture, overwrite=force)
        return
    pages = drawn.pages(overwrite=force)
    documents: list[dict[str, Any]] = []

    def work(path: str) -> str:
        known, page, _, _ = look(path)
        documents.append(known)
        if format == "text":
            output.data(_text(known, summary) + "\n")
        if pages is not None:
            pages.write(path, page)
        return _contents(known)

    outcomes = files.each(paths, work)
    if pages is not None:
        pages.finish("What is in the files", outcomes)
    if format == "json":
        done = {document["file"] for document in documents}
        failed = [one for one in outcomes if one["file"] not in done]
        schema = "matlab_compat.inspect-many/1"
        output.document({"schema": schema, "files": documents, "errors": failed})
        raise typer.Exit(max(one["exit_code"] for one in outcomes))
    raise typer.Exit(files.summarize(outcomes))


def _text(document: dict[str, Any], summary: bool) -> str:
    from . import text

    shown = lines_of_their_own(document)
    return text.inspection(shown, summary=summary, width=output.width())


def _contents(document: dict[str, Any]) -> str:
    models = [v for v in document["variables"] if v["layers"] or v.get("models")]
    names = ", ".join(f"{v['name']} ({v['class']})" for v in models)
    if "layers" in document:  # which the variables make up together
        names = document.get("class") or document["layers"][0]["class"]
    return names or f"{len(document['variables'])} variables"
