"""What is seen of work that takes long: on a terminal only, on stderr, and gone when it is done."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from threading import RLock, Timer
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

#: Seconds of work after which it is shown, and whether it is.
DELAY = 2.0
wanted = True

#: Held by whoever writes to the terminal.
_terminal = RLock()


def along(items: Iterable[T], count: int, text: str) -> Generator[T]:
    """The items of some work, with how many of ``count`` there have been."""
    with _shown(text, count) as display:
        for item in items:
            display.done += 1
            display.update()
            yield item


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that there is work on what ``text`` names, and for how long."""
    with _shown(text, None):
        yield


@contextmanager
def out_of_the_way() -> Iterator[None]:
    """Nothing of this is on the terminal while something else is written there."""
    with _terminal:
        live = _display.live if _display is not None else None
        if live is not None:
            live.stop()
        try:
            yield
        finally:
            if live is not None:
                live.start()


class _Display:
    def __init__(self, text: str, count: int | None) -> None:
        self.text, self.count, self.done = text, count, 0
        self.began = monotonic()
        self.live: Progress | None = None
        self.timer = Timer(DELAY, self.show)
        self.timer.daemon = True

    def show(self) -> None:
        from rich import progress as parts  # here: to import it takes longer than most of the work
        from rich.console import Console

        counted = (parts.BarColumn(), parts.MofNCompleteColumn(), parts.TimeRemainingColumn())
        columns = (
            parts.SpinnerColumn(),
            parts.TextColumn("{task.description}", markup=False),
            *(() if self.count is None else counted),
            parts.TimeElapsedColumn(),
        )
        with _terminal:
            if _display is not self:
                return
            self.live = parts.Progress(
                *columns,
                console=Console(stderr=True),
                get_time=monotonic,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self.live.add_task(self.text, total=self.count)
            self.live.tasks[0].start_time = self.began
            self.update()
            self.live.start()

    def update(self) -> None:
        if self.live is not None:
            self.live.update(self.live.task_ids[0], completed=self.done)


#: There is one terminal, and one display on it.
_display: _Display | None = None


@contextmanager
def _shown(text: str, count: int | None) -> Iterator[_Display]:
    global _display  # see there
    display = _Display(text, count)
    if not (wanted and sys.stderr.isatty()):
        yield display
        return
    _display = display
    display.timer.start()
    try:
        yield display
    finally:
        display.timer.cancel()
        with _terminal:
            _display = None
            if display.live is not None:
                display.live.stop()
