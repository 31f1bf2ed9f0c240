"""What ``make generate`` writes from the layer classes; ``test_generate`` says when it is stale.

The exports of ``matlab_compat.layers`` are text so that type checkers and editors can read them.
They are taken from the text of the modules, not from the modules: a class that was renamed could
otherwise not be imported to be exported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).parents[1]
LAYERS = ROOT / "matlab_compat" / "layers"
HEAD = '''\
"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them.

Written by ``make generate``: the classes with ``saved_as`` and their constructor functions.
"""

# ruff: noqa: I001
# fmt: off
'''
#: What is exported besides.
MORE = {
    "base": ["Layer"],
    "constructors": ["constructor_of"],
    "registry": ["layer_class", "register", "registered"],
}


def exports() -> str:
    """The text of ``matlab_compat/layers/__init__.py``."""
    places = {path.stem: _declared(path) for path in LAYERS.glob("[a-z]*.py")} | MORE
    lines = [HEAD]
    for module, names in sorted(places.items()):
        if names:
            lines += _wrapped(f"from .{module} import (", sorted(names), ")")
    every = [f'"{name}"' for name in sorted(name for names in places.values() for name in names)]
    return "\n".join([*lines, "", *_wrapped("__all__ = [", every, "]"), ""])


def _declared(path: Path) -> list[str]:
    """The layer classes of a module and the functions made from them."""
    names = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and any(k.arg == "saved_as" for k in node.keywords):
            names.append(node.name)
        elif isinstance(node, ast.Assign) and "constructor_of(" in ast.unparse(node.value):
            names += [ast.unparse(target) for target in node.targets]
    return names


def _wrapped(head: str, names: list[str], end: str) -> list[str]:
    indent = "    "
    lines = wrap(", ".join(names) + ",", 99, initial_indent=indent, subsequent_indent=indent)
    return [head, *lines, end]


def table_of_layers() -> str:
    """The text of ``docs/layers.md`` with the table made anew."""
    from matlab_compat.support import support_markdown

    lines = (ROOT / "docs" / "layers.md").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| class |"))
    end = lines.index("", start)
    return "\n".join([*lines[:start], support_markdown(), *lines[end:], ""])


DERIVED: dict[Path, Callable[[], str]] = {
    LAYERS / "__init__.py": exports,
    ROOT / "docs" / "layers.md": table_of_layers,
}

if __name__ == "__main__":
    for path, made in DERIVED.items():
        path.write_text(made())
