"""The pages that ``--report`` writes: one for a file, and a table that leads to those of many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from matlab_compat.display import counted
from matlab_compat.errors import FileAccessError, UsageError

from . import output
from .files import Outcome

ENDINGS = (".html", ".htm")


def write_page(place: str | Path, text: str, *, overwrite: bool) -> None:
    """Write one page, whole or not at all."""
    from converters.atomic import new_file

    with new_file(place, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


class Pages:
    """``report.html``, and beside it ``report_files`` with a page for each file.

    Raises ``UsageError``: the name ends otherwise, or one of the two exists and ``overwrite`` is
    not set; ``FileAccessError``: they cannot be written.
    """

    def __init__(self, place: str, *, overwrite: bool) -> None:
        from converters.atomic import check_place
        from converters.endings import ending_of

        ending_of(place, ENDINGS, "A page")
        self.place = Path(place)
        self.folder = self.place.with_name(f"{self.place.stem}_files")
        self._overwrite = overwrite
        self._links: dict[str, str] = {}
        check_place(place, overwrite=overwrite)
        if self.folder.exists() and not (overwrite and self.folder.is_dir()):
            raise UsageError(
                f"There is a {'folder' if self.folder.is_dir() else 'file'} of the name that the "
                "pages of the files would go to.",
                where=(str(self.folder),),
                remedy="give the report another name, or pass --force.",
            )

    def add(self, file: str, text: str) -> None:
        """Write the page about one file."""
        name = re.sub(r"[^\w.-]+", "-", Path(file).stem, flags=re.ASCII)[:60].strip("-.")
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise FileAccessError(
                f"The folder cannot be made: {error.strerror or error}.",
                where=(str(self.folder),),
                remedy="check that the folder it is to lie in exists and may be written.",
            ) from error
        own = self.folder / f"{len(self._links) + 1:04}-{name}.html"
        write_page(own, text, overwrite=self._overwrite)
        self._links[file] = f"{self.folder.name}/{own.name}"

    def finish(self, title: str, outcomes: Sequence[Outcome]) -> None:
        """Write the table of all files."""
        from matlab_compat.pages.many import Row, many_page

        rows = [
            Row(one.file, one.word, one.exit_code == 0, one.summary, self._links.get(one.file, ""))
            for one in outcomes
        ]
        write_page(self.place, many_page(title, rows), overwrite=self._overwrite)
        output.note(f"wrote {self.place} and {counted(len(self._links), 'page')} in {self.folder}")
