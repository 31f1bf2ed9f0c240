"""Each test goes to one process, with all of its module, and modules that are done are forgotten.

Expected values: what ``--dist loadfile`` of pytest-xdist promises. Its processes are played here.
"""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("xdist")

from tests.schedule import Modules

TESTS = [f"test_{module}.py::test_{n}" for module in "abcdef" for n in range(ord(module) - 95)]


class Process:
    """Notes the tests that it is given."""

    gateway = SimpleNamespace(id="")
    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []
        self.waiting: deque[int] = deque()

    def send_runtest_some(self, places: list[int]) -> None:
        self.given += places
        self.waiting += places

    def shutdown(self) -> None:
        self.shutting_down = True


def test_modules_stay_together_and_are_forgotten_when_done() -> None:
    asked = SimpleNamespace(loadscopereorder=False)
    config: Any = SimpleNamespace(getvalue=lambda _: ["popen", "popen"], option=asked)
    processes: list[Any] = [Process(), Process()]
    schedule = Modules(config)
    for process in processes:
        schedule.add_node(process)
        schedule.add_node_collection(process, list(TESTS))
    schedule.schedule()
    while any(process.waiting for process in processes):
        for process in processes:
            if process.waiting:
                schedule.mark_test_complete(process, process.waiting.popleft())
                assert len(schedule.assigned_work[process]) <= 2
    assert sorted(place for process in processes for place in process.given) == [*range(len(TESTS))]
    one, other = ({TESTS[place][:9] for place in process.given} for process in processes)
    assert not one & other
    assert schedule.tests_finished
    assert not any(schedule.assigned_work.values())
