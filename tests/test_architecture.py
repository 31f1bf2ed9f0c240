"""Which package may import which, as ``docs/architecture.md`` draws it; nothing goes in circles.

Every import counts: those inside functions and those for type checkers too. Expected values: the
rooms of ``docs/architecture.md``, in their order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: From the ground up: each room may import from those before it, and from itself.
FLOORS = (
    (
        "arrays",
        "contexts",
        "data_format",
        "display",
        "errors",
        "finite_json",
        "matlab_names",
        "memory",
        "packages",
        "pages",
        "plain_text",
        "table",
        "wording",
    ),
    ("language",),
    ("engine",),
    ("execution",),
    ("layers", "shallow"),
    ("functions", "learn_rates", "support", "training", "training_options"),
    ("code",),
    ("network",),
    ("agents", "detectors"),
    ("parity",),
    ("testing",),
    ("front",),
    ("__main__",),
)
FLOOR = {f"matlab_compat.{room}": floor for floor, rooms in enumerate(FLOORS) for room in rooms}

#: The whole program, below which the names that users import stand.
PACKAGES = ("matlab_compat", "converters", "cli")

#: The one place where the engine takes a faster form; all else in ``engine.fast`` builds on it.
DOOR_TO_FAST = ("matlab_compat.engine.transposed_convolution", "matlab_compat.engine.fast.live")

#: Who uses converters below them: what a test of one's own compares with may be a file, so may a
#: picture that a network is run on, and the front is the way up for all.
DOWNSTAIRS = {
    "matlab_compat.code",
    "matlab_compat.network.picture_inputs",
    "matlab_compat.testing",
    "matlab_compat.front",
}


@cache
def modules() -> dict[str, Path]:
    found = {}
    for path in (p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(module: str) -> Iterator[str]:
    """The modules of ours that a module imports anywhere in its text."""
    path = modules()[module]
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield from [name for name in (whole, base) if name in modules()][:1]


@cache
def arrows() -> dict[str, set[str]]:
    return {module: set(imported(module)) - {module} for module in modules()}


def room(module: str) -> str:
    """``matlab_compat.layers``, ``converters``, ``cli``."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "matlab_compat" else parts[0]


def between(one: str, other: str) -> set[tuple[str, str]]:
    """The imports of modules of the one room from the other."""
    return {
        (module, target)
        for module, targets in arrows().items()
        for target in targets
        if (room(module), room(target)) == (one, other)
    }


def test_no_module_imports_itself_through_others() -> None:
    left = {module: set(targets) for module, targets in arrows().items()}
    while free := {module for module, targets in left.items() if not targets & set(left)}:
        left = {module: targets for module, targets in left.items() if module not in free}
    # What is left are the circles, and what leads into them.
    assert not left, {module: sorted(targets & set(left)) for module, targets in left.items()}


def test_the_map_shows_the_floors() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = text.partition("```text\n")[2].partition("```")[0].splitlines()
    assert [tuple(line.split(", ")) for line in lines] == list(FLOORS)


def test_every_module_has_its_floor() -> None:
    rooms = {room(module) for module in modules() if module.startswith("matlab_compat.")}
    assert rooms == set(FLOOR)


@pytest.mark.parametrize("upper", FLOOR)
def test_imports_go_down(upper: str) -> None:
    rising = {
        (module, target)
        for module, targets in arrows().items()
        if room(module) == upper
        for target in targets
        if FLOOR.get(room(target), len(FLOORS)) > FLOOR[upper]
    }
    assert {pair for pair in rising if pair[0] not in DOWNSTAIRS} == set()


@pytest.mark.parametrize("room", ["layers", "network"])
def test_the_engine_knows_no_layer_and_no_network(room: str) -> None:
    assert between("matlab_compat.engine", f"matlab_compat.{room}") == set()


def test_the_engine_takes_faster_forms_through_one_door() -> None:
    fast = "matlab_compat.engine.fast"
    found = {
        (module, target)
        for module, target in ((m, t) for m, targets in arrows().items() for t in targets)
        if module.startswith("matlab_compat.engine.")
        and not module.startswith(fast)
        and target.startswith(fast)
    }
    assert found == {DOOR_TO_FAST}


@pytest.mark.parametrize(
    ("lower", "upper"), [("matlab_compat", "converters"), ("matlab_compat", "cli")]
)
def test_the_packages_go_down(lower: str, upper: str) -> None:
    found = {
        module
        for module, targets in arrows().items()
        if module.split(".")[0] == lower and module not in DOWNSTAIRS
        if any(target.split(".")[0] == upper for target in targets)
    }
    assert found == set()


def test_converters_know_no_command_line() -> None:
    assert between("converters", "cli") == set()
