"""Classes and functions copied as source text, with everything of ours that they need.

What runs in the written package is thus the engine's own, tested text. Imports of other packages
are kept; the project's errors become ``ValueError`` with the same sentence.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from typing import Any, NamedTuple

from ..python_style import WIDTH

#: Packages whose definitions are copied; all others are imported.
OURS = ("matlab_compat", "converters")
ERRORS = "matlab_compat.errors"


class Import(NamedTuple):
    """``from module import name``, or ``import module as alias`` where ``name`` is empty."""

    module: str
    name: str
    alias: str


class Source(NamedTuple):
    """The top level of a module."""

    text: str
    definitions: dict[str, ast.stmt]
    imports: dict[str, Import]


class Bundle:
    """Collects definitions; :attr:`imports` and :attr:`definitions` are the result."""

    def __init__(self) -> None:
        self._imports: set[Import] = set()
        #: Names by module, modules in the order in which they were completed.
        self._names: dict[str, set[str]] = {}
        self._seen: set[tuple[str, str]] = set()

    def add(self, module: str, name: str) -> None:
        """Copy what ``module`` calls ``name``, and what that needs."""
        source = _source(module)
        if name in source.imports:
            found = source.imports[name]
            if found.module.partition(".")[0] in OURS:
                self.add(found.module, found.name)
            else:
                self._imports.add(found)
        elif name in source.definitions and (module, name) not in self._seen:
            self._seen.add((module, name))
            nodes = ast.walk(ast.parse(_cleaned(source, name)))
            for needed in sorted({node.id for node in nodes if isinstance(node, ast.Name)}):
                self.add(module, needed)
            self._names.setdefault(module, set()).add(name)

    def add_import(self, module: str, name: str = "", alias: str = "") -> None:
        """Import from a package that is not ours."""
        self._imports.add(Import(module, name, alias))

    def taken(self) -> set[str]:
        """All names at the top of the written source."""
        names = {i.alias or i.name or i.module.partition(".")[0] for i in self._imports}
        return names.union(*self._names.values()) if self._names else names

    @property
    def imports(self) -> str:
        """The import statements: those of Python itself, then those of other packages."""
        own: list[Import] = []
        other: list[Import] = []
        for found in self._imports:
            group = own if found.module.partition(".")[0] in sys.stdlib_module_names else other
            group.append(found)
        return "\n\n".join(_statements(group) for group in (own, other) if group)

    @property
    def definitions(self) -> str:
        """The definitions, what is needed first before what needs it.

        Raises ``ValueError``: two different ones have the same name.
        """
        texts = []
        owner: dict[str, str] = {}
        for module, names in self._names.items():
            source = _source(module)
            for name in sorted(names, key=lambda n: source.definitions[n].lineno):
                if owner.setdefault(name, module) != module:
                    raise ValueError(f"{module} and {owner[name]} both need a helper '{name}'")
                texts.append(_cleaned(source, name))
        return "\n\n\n".join(texts)


def _statements(imports: list[Import]) -> str:
    plain = [
        f"import {i.module}{f' as {i.alias}' if i.alias else ''}" for i in imports if not i.name
    ]
    grouped: dict[str, list[str]] = {}
    for i in sorted(imports):
        if i.name:
            grouped.setdefault(i.module, []).append(i.name)
    several = [f"from {module} import {', '.join(names)}" for module, names in grouped.items()]
    return "\n".join([*sorted(plain), *several])


@cache
def _source(module: str) -> Source:
    loaded = import_module(module)
    text = inspect.getsource(loaded)
    definitions: dict[str, ast.stmt] = {}
    imports: dict[str, Import] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports.update(_imported(statement, loaded.__package__ or ""))
        else:
            definitions.update({name: statement for name in _defined(statement)})
    return Source(text, definitions, imports)


def _imported(statement: ast.Import | ast.ImportFrom, package: str) -> Iterator[Any]:
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            yield alias.asname or alias.name, Import(alias.name, "", alias.asname or "")
        elif statement.module != "__future__":
            dots = "." * statement.level
            module = resolve_name(f"{dots}{statement.module or ''}", package)
            yield alias.asname or alias.name, Import(module, alias.name, "")


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id


def _cleaned(source: Source, name: str) -> str:
    """The text of a definition, its errors as ``ValueError`` and without hints for checkers."""
    node = source.definitions[name]
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    text = "\n".join(source.text.splitlines()[first - 1 : node.end_lineno])
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _is_error(source, call.func):
            whole = ast.get_source_segment(source.text, call) or ""
            text = text.replace(whole, _value_error(source, call))
    for error in (name for name, found in source.imports.items() if found.module == ERRORS):
        text = re.sub(rf"\b{error}\b", "ValueError", text)
    text = re.sub(r"  # type: ignore.*$", "", text, flags=re.MULTILINE)
    text = text.replace("(Module):", "(nn.Module):")  # ours shows what it was made with
    return re.sub(r"^.*\bdef \w+\(\n.*[^,\n]\n +\).*:$", _joined, text, flags=re.MULTILINE)


def _joined(head: re.Match[str]) -> str:
    """A head on one line if it fits without the hint."""
    first, parameters, last = head[0].splitlines()
    line = first + parameters.strip() + last.strip()
    return line if len(line) <= WIDTH else head[0]


def _value_error(source: Source, call: ast.Call) -> str:
    """The error with its sentence alone, broken as it was if it does not fit a line."""
    what = ast.get_source_segment(source.text, call.args[0]) or ""
    line = source.text.splitlines()[call.lineno - 1]
    before = line.encode()[: call.col_offset].decode()
    short = f"ValueError({what})"
    if "\n" not in what and len(before + short) <= WIDTH:
        return short
    indent = " " * (len(line) - len(line.lstrip()))
    return f"ValueError(\n{indent}    {what}\n{indent})"


def _is_error(source: Source, function: ast.expr) -> bool:
    found = source.imports.get(function.id) if isinstance(function, ast.Name) else None
    return found is not None and found.module == ERRORS
