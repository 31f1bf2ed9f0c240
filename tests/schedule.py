"""The modules of tests among pytest-xdist's processes, as ``--dist loadfile`` has them.

xdist's own class looks for each test in the list of all, and counts through all modules that a
process has had after each of its tests: seconds of one of the cores on which the tests run.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class _Collection(list[str]):
    """Tests that know their places."""

    def __init__(self, tests: Sequence[str]) -> None:
        super().__init__(tests)
        self._places = {test: place for place, test in enumerate(tests)}

    def index(self, test: str, *_: object) -> int:  # type: ignore[override]
        return self._places[test]


class Modules(LoadFileScheduling):
    """Modules that are done are forgotten."""

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        if node in self.registered_collections:  # another one's is refused
            self.registered_collections[node] = _Collection(collection)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        super().mark_test_complete(node, item_index, duration)
        modules = self.assigned_work[node]
        module = self._split_scope(self.registered_collections[node][item_index])
        if all(modules[module].values()):
            del modules[module]
