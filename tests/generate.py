"""What ``make generate`` writes from the layer classes; ``test_generate`` says when it is stale.

The names in ``matlab_compat.layers`` follow from its classes; type checkers and editors read them
in a file beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ROOT / "matlab_compat" / "layers"
HEAD = '''\
"""What ``__init__.py`` makes; written by ``make generate``."""

# ruff: noqa: E402, E501, I001
# fmt: off

from collections.abc import Callable
'''


def exports() -> str:
    """The text of ``matlab_compat/layers/__init__.pyi``."""
    from matlab_compat import layers

    lines = [HEAD]
    for name in layers.__all__:
        if name in layers._functions:
            made = " | ".join(kind.__name__ for kind in layers._functions[name])
            lines.append(f"{name}: Callable[..., {made}]")
        else:
            home = getattr(layers, name).__module__.rpartition(".")[2]
            lines.append(f"from .{home} import {name} as {name}")
    return "\n".join([*lines, ""])


def table_of_layers() -> str:
    """The text of ``docs/layers.md`` with both tables made anew."""
    from matlab_compat.layers.missing import MISSING
    from matlab_compat.support import support_table

    supported = ["| class | constructor | saved versions seen | what it is |", "|---|---|---|---|"]
    supported += [f"| `{a}` | `{b}` | {c or '-'} | {d} |" for a, b, c, d in support_table()]
    missing = ["| class or function | why |", "|---|---|"]
    missing += [f"| `{name}` | {why} |" for name, why in MISSING.items()]
    lines = (ROOT / "docs" / "layers.md").read_text().splitlines()
    for head, table in (("| class |", supported), ("| class or", missing)):
        start = next(i for i, line in enumerate(lines) if line.startswith(head))
        end = lines.index("", start)
        lines[start:end] = table
    return "\n".join([*lines, ""])


DERIVED: dict[Path, Callable[[], str]] = {
    LAYERS / "__init__.pyi": exports,
    ROOT / "docs" / "layers.md": table_of_layers,
}

if __name__ == "__main__":
    for path, made in DERIVED.items():
        path.write_text(made())
