"""What a function may reach, found before anything runs: functions, files, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import MatlabCompatError
from ..language import syntax
from .definitions import ClassDefinition, FunctionDefinition, Problem
from .finding import Finder
from .functions import TABLE

#: Names that the interpreter itself knows.
_SPECIAL = frozenset({"nargin", "nargout", "ans"})


@dataclass
class _Found:
    functions: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def problems(program: Finder, function: FunctionDefinition) -> list[Problem]:
    """See :meth:`.Program.problems`."""
    return _walk(program, function).problems


def used(program: Finder, function: FunctionDefinition) -> tuple[list[str], list[str]]:
    """See :meth:`.Program.used`."""
    found = _walk(program, function)
    return sorted(found.functions), list(found.files)


def _walk(program: Finder, function: FunctionDefinition) -> _Found:
    found = _Found()
    left = [function]
    met: set[tuple[str, str]] = set()
    while left:
        one = left.pop()
        key = (one.file.path, f"{one.owner.name if one.owner else ''}.{one.name}")
        if key in met:
            continue
        met.add(key)
        found.files[one.file.path] = None
        left.extend(_within(program, one, found))
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _variables(function: syntax.Function) -> set[str]:
    """Names that are variables anywhere in a function."""
    names = {*function.inputs, *function.outputs, "varargin"}
    for node in _nodes(function):
        if isinstance(node, syntax.Assign):
            for target in node.targets:
                while isinstance(target, syntax.Index | syntax.Field):
                    target = target.base
                if isinstance(target, syntax.Name):
                    names.add(target.name)
        elif isinstance(node, syntax.For):
            names.add(node.variable)
        elif isinstance(node, syntax.Lambda):
            names.update(node.inputs)
    return names


def _nodes(function: syntax.Function) -> Iterator[syntax.Node]:
    for block in (function.arguments, function.body):
        for node in block:
            yield from node.walk()


def _within(
    program: Finder, function: FunctionDefinition, found: _Found
) -> Iterator[FunctionDefinition]:
    variables = _variables(function.said)
    for node in _nodes(function.said):
        where = f"{function.file.path}:{node.line}"
        if isinstance(node, syntax.Unsupported):
            found.problems.append(Problem(where, f"uses {node.what}, which is not supported"))
        elif isinstance(node, syntax.Field) and isinstance(node.name, str):
            yield from _fields(program, function, node, variables)
        elif isinstance(node, syntax.OfSuperclass):
            for base in function.owner.bases if function.owner else ():
                method = base.method(node.method)
                if method is not None:
                    yield method
        elif isinstance(node, syntax.Name | syntax.Handle):
            if node.name in _SPECIAL or (isinstance(node, syntax.Name) and node.name in variables):
                continue
            yield from _named(program, function, node.name, where, found)


def _fields(
    program: Finder, function: FunctionDefinition, node: syntax.Field, variables: set[str]
) -> Iterator[FunctionDefinition]:
    owner = function.owner
    assert isinstance(node.name, str)
    if owner is not None and (method := owner.method(node.name)) is not None:
        yield method
    dotted = syntax.dotted_name(node)
    if dotted is not None and dotted.partition(".")[0] not in variables:
        package = program.function(dotted, function.file.path)
        if package is not None:
            yield package


def _named(
    program: Finder, function: FunctionDefinition, name: str, where: str, found: _Found
) -> Iterator[FunctionDefinition]:
    local = function.file.function(name)
    if local is not None:
        yield FunctionDefinition(local, function.file)
        return
    owner: ClassDefinition | None = function.owner
    if owner is not None and (method := owner.method(name)) is not None:
        yield method
        return
    try:
        user = program.function(name, function.file.path)
    except MatlabCompatError as error:
        found.problems.append(Problem(where, error.what))
        return
    if user is not None:
        yield user
    elif name in TABLE:
        found.functions[name] = None
    elif not _is_package(function, name):
        found.problems.append(
            Problem(where, f"uses {name}, which is not among the functions known here")
        )


def _is_package(function: FunctionDefinition, name: str) -> bool:
    """Whether a name begins a dotted one, which is looked up as a whole."""
    for node in _nodes(function.said):
        if isinstance(node, syntax.Field):
            dotted = syntax.dotted_name(node)
            if dotted is not None and dotted.startswith(f"{name}."):
                return True
    return False
