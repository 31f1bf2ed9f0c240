"""The pages that ``--report`` writes: one for a file, and a table that leads to those of many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matlab_compat.display import counted
from matlab_compat.errors import FileAccessError, UsageError

from . import output
from .files import Outcome, word

ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class Files:
    """Where what a command writes of one file goes, by its options; None for what is not asked."""

    #: What the files are, and how their names end, by option.
    KINDS: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = {
        "report": ("A page", ENDINGS),
        "gen_script": ("A Python script", (".py",)),
        "save_reference": ("A MAT-file", (".mat",)),
    }

    def wanted(self) -> list[str]:
        """The names of the files asked for."""
        return [place for place in vars(self).values() if place is not None]

    def check(self, *, overwrite: bool) -> None:
        """Say before anything is done what would go wrong after it.

        Raises ``UsageError``: a file exists, two have one name, or a name ends as files of its kind
        do not.
        """
        from converters.atomic import check_place
        from converters.endings import ending_of

        for option, (what, endings) in self.KINDS.items():
            if (place := vars(self).get(option)) is not None:
                ending_of(place, endings, what)
        for place in self.wanted():
            check_place(place, overwrite=overwrite)
        if len(set(self.wanted())) < len(self.wanted()):
            raise UsageError("Two reports have the same name.", remedy="give each its own.")


class Pages:
    """``report.html``, and beside it ``report_files`` with a page for each file.

    Raises ``UsageError``: the name ends otherwise, or one of the two exists and ``overwrite`` is
    not set; ``FileAccessError``: they cannot be written.
    """

    def __init__(self, place: str, *, overwrite: bool) -> None:
        from converters.atomic import check_place
        from converters.endings import ending_of

        ending_of(place, ENDINGS, "A page")
        self._place = Path(place)
        self._folder = self._place.with_name(f"{self._place.stem}_files")
        self._overwrite = overwrite
        self._places: dict[str, Path] = {}
        check_place(place, overwrite=overwrite)
        if self._folder.exists() and not (overwrite and self._folder.is_dir()):
            raise UsageError(
                f"There is a {'folder' if self._folder.is_dir() else 'file'} of the name that the "
                "pages of the files would go to.",
                where=(str(self._folder),),
                remedy="give the report another name, or pass --force.",
            )
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise FileAccessError(
                f"The folder cannot be made: {error.strerror or error}.",
                where=(str(self._folder),),
                remedy="check that the folder it is to lie in exists and may be written.",
            ) from error

    def place_of(self, file: str) -> Path:
        """Where the page about a file goes, by its place among those asked for."""
        if file not in self._places:
            name = re.sub(r"[^\w.-]+", "-", Path(file).stem, flags=re.ASCII)[:60].strip("-.")
            number = len(self._places) + 1
            self._places[file] = self._folder / f"{number:04}-{name}.html"
        return self._places[file]

    def write(self, file: str, text: str) -> None:
        """Write the page about a file."""
        from converters.atomic import write_text

        write_text(self.place_of(file), text, overwrite=self._overwrite)

    def finish(self, title: str, outcomes: Sequence[Outcome]) -> None:
        """Write the table of all files, which leads to the pages that there are."""
        from converters.atomic import write_text
        from matlab_compat.pages.many import Row, many_page

        rows = []
        for one in outcomes:
            own, code = self.place_of(one["file"]), one["exit_code"]
            link = f"{own.parent.name}/{own.name}" if code < 2 and own.exists() else ""
            rows.append(Row(one["file"], word(one), code == 0, one["summary"], link))
        write_text(self._place, many_page(title, rows), overwrite=self._overwrite)
        written = counted(sum(bool(row.link) for row in rows), "page")
        output.note(f"wrote {self._place} and {written} in {self._folder}")
