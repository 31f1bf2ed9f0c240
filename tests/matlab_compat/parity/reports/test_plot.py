"""The figure for papers. Expected values: the signatures of the formats, and the errors' texts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.parity import compare
from matlab_compat.parity.report import Report
from matlab_compat.parity.reports.plot import check_plot, save_plot
from tests.matlab_compat.parity.reports.samples import HOSTILE, comparison, report


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?x")]
)
def test_a_figure_is_written_as_its_ending_says(ending: str, start: bytes, tmp_path: Path) -> None:
    place = tmp_path / f"out.{ending}"
    save_plot(report(off=1.0, layers=(comparison("a"),)), place)
    assert place.read_bytes().startswith(start)


def test_hostile_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    save_plot(report(HOSTILE, off=1.0), tmp_path / "out.svg")
    assert b"<script" not in (tmp_path / "out.svg").read_bytes()


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot be written as '\.bmp'"):
        check_plot(Path("out.bmp"))


def test_without_matplotlib_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"(?s)not installed.*pip install 'matlab-compat\[plot\]'"):
        check_plot(Path("out.png"))


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    bare = Report((compare(np.ones((2, 2)), np.ones((2, 2))),), {})
    with pytest.raises(NothingToCompareError, match="nothing to draw"):
        save_plot(bare, tmp_path / "out.png")
