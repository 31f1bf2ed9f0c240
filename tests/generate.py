"""What ``make generate`` writes from the layer classes; ``test_generate`` says when it is stale.

The constructor functions and exports of ``matlab_compat.layers`` are text so that type checkers and
editors can read them. They are taken from the text of the modules, not from the modules: a class
that was renamed could otherwise not be imported to be exported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap

from matlab_compat.matlab_names import function_name

ROOT = Path(__file__).parents[1]
LAYERS = ROOT / "matlab_compat" / "layers"
HEAD = '''\
"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them.

Written by ``make generate``: the classes with a ``type_text`` and their constructor functions.
"""

# ruff: noqa: I001
# fmt: off

from typing import TYPE_CHECKING, Any
'''
#: Functions are made when they are asked for.
TAIL = '''
else:
    def __getattr__(name: str) -> Any:
        """The constructor function: the documentation of all of them takes 40 ms to write."""
        kinds = [k for k in globals().values() if getattr(k, "constructor", None) == name]
        kinds.sort(key=lambda kind: kind.__name__.lower() != name.lower())  # its namesake first
        if name not in __all__ or not kinds:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, constructor_of(*kinds))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
'''
#: What is exported besides.
MORE = {
    "base": ["Layer"],
    "constructors": ["constructor_of"],
    "registry": ["layer_class", "register", "registered"],
}


#: Classes that are made by no function here: what MATLAB's takes is the detector's.
_WITHOUT_FUNCTION = {"RPNClassificationLayer", "RCNNBoxRegressionLayer", "YOLOv2OutputLayer"}


def exports() -> str:
    """The text of ``matlab_compat/layers/__init__.py``."""
    classes = {path.stem: _layer_classes(path) for path in LAYERS.glob("[a-z]*.py")}
    functions: dict[str, list[str]] = {}
    for of_module in classes.values():
        for name, function in of_module.items():
            if function != name and name not in _WITHOUT_FUNCTION:
                functions.setdefault(function, []).append(name)
    places = {module: list(names) for module, names in classes.items()} | MORE
    lines = [HEAD]
    for module, names in sorted(places.items()):
        if names:
            lines += _wrapped(f"from .{module} import (", sorted(names), ")")
    lines += ["", "if TYPE_CHECKING:"]
    lines += [f"    {f} = constructor_of({', '.join(functions[f])})" for f in sorted(functions)]
    every = sorted([*functions, *(name for names in places.values() for name in names)])
    lines += [TAIL, *_wrapped("__all__ = [", [f'"{n}"' for n in every], "]"), ""]
    return "\n".join(lines)


def _layer_classes(path: Path) -> dict[str, str]:
    """The layer classes of a module, and the names of the functions that make them."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        keywords = {k.arg: k.value for k in node.keywords} if isinstance(node, ast.ClassDef) else {}
        if isinstance(node, ast.ClassDef) and "type_text" in keywords:
            given, saved_as = keywords.get("constructor"), keywords.get("saved_as")
            own = node.name if saved_as else function_name(node.name)
            found[node.name] = str(ast.literal_eval(given)) if given else own
    return found


def _wrapped(head: str, names: list[str], end: str) -> list[str]:
    whole = f"{head.removesuffix('(')}{', '.join(names)}"
    if head.startswith("from ") and len(whole) <= 100:
        return [whole]
    indent = "    "
    lines = wrap(", ".join(names) + ",", 99, initial_indent=indent, subsequent_indent=indent)
    return [head, *lines, end]


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
    LAYERS / "__init__.py": exports,
    ROOT / "docs" / "layers.md": table_of_layers,
}

if __name__ == "__main__":
    for path, made in DERIVED.items():
        path.write_text(made())
