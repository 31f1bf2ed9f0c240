"""What a function may reach, found before anything runs: functions, files, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..errors import MatlabCompatError
from ..language import syntax
from .definitions import FunctionDefinition, Problem
from .finding import Finder, nodes_of, root_of, variables_of
from .functions import TABLE
from .interpreter import asked_variable

#: Names that the interpreter itself knows.
_SPECIAL = frozenset({"nargin", "nargout", "ans"})


@dataclass
class Reached:
    """What a function may reach."""

    #: Of the table.
    functions: dict[str, None] = field(default_factory=dict)
    #: Of the code.
    files: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def reached(program: Finder, function: FunctionDefinition) -> Reached:
    """All that a function may reach, through all that it calls."""
    found = Reached()
    left = [function]
    met: set[tuple[str, str]] = set()
    while left:
        one = left.pop()
        key = (one.file.path, f"{one.called_on.name if one.called_on else ''}.{one.name}")
        if key in met:
            continue
        met.add(key)
        found.files[one.file.path] = None
        left.extend(_within(program, one, found))
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _within(
    program: Finder,
    function: FunctionDefinition,
    found: Reached,
    around: frozenset[str] = frozenset(),
) -> Iterator[FunctionDefinition]:
    nested = function.said.nested
    variables = variables_of(function.said) | around | {one.name for one in nested}
    for one in nested:
        inner = FunctionDefinition(one, function.file, function.owner, function.called_on)
        yield from _within(program, inner, found, variables)
    changing = _changing(function.said)
    inner_names = {
        id(node.base) for node in nodes_of(function.said) if isinstance(node, syntax.Field)
    }
    asking = {
        id(node.base)
        for node in nodes_of(function.said)
        if isinstance(node, syntax.Index) and asked_variable(node.arguments) is not None
    }
    for node in nodes_of(function.said):
        where = f"{function.file.path}:{node.line}"
        if isinstance(node, syntax.Unsupported):
            found.problems.append(Problem(where, f"uses {node.what}, which is not supported"))
        elif isinstance(node, syntax.Field) and isinstance(node.name, str):
            yield from _methods(function, node.name)
            dotted = syntax.dotted_name(node)
            if dotted is None or id(node) in inner_names or dotted.partition(".")[0] in variables:
                continue
            yield from _dotted(program, function, dotted, where, found)
        elif isinstance(node, syntax.Persistent):
            kept = [name for name in node.names if name in changing]
            found.problems += [
                Problem(where, f"changes the persistent variable {name} from call to call")
                for name in kept
            ]
        elif isinstance(node, syntax.OfSuperclass):
            for base in function.owner.bases if function.owner else ():
                method = base.method(node.method)
                if method is not None:
                    yield replace(method, called_on=function.called_on)
        elif isinstance(node, syntax.Name | syntax.Handle):
            if node.name == "exist" and id(node) in asking:
                continue
            if node.name in _SPECIAL or (isinstance(node, syntax.Name) and node.name in variables):
                continue
            yield from _named(program, function, node.name, where, found)


def _changing(function: syntax.Function) -> set[str]:
    """Variables that are set elsewhere than within ``if isempty(variable)``."""
    changed: set[str] = set()
    left: list[tuple[syntax.Node, frozenset[str]]] = [(one, frozenset()) for one in function.body]
    while left:
        node, begun = left.pop()
        if isinstance(node, syntax.If):
            for condition, block in node.branches:
                inside = begun | _asked_empty(condition)
                left += [(one, inside) for one in block]
            left += [(one, begun) for one in node.otherwise]
            continue
        if isinstance(node, syntax.Assign):
            changed |= {name for name in map(root_of, node.targets) if name not in begun}
        left += [(one, begun) for one in node.children()]
    return changed


def _asked_empty(condition: syntax.Expression) -> set[str]:
    match condition:
        case syntax.Index(base=syntax.Name(name="isempty"), arguments=(syntax.Name(name=name),)):
            return {name}
        case syntax.Binary(operator="||"):  # the other side says when to compute it anew
            return _asked_empty(condition.left) | _asked_empty(condition.right)
    return set()


def _methods(function: FunctionDefinition, name: str) -> Iterator[FunctionDefinition]:
    """What ``object.name`` may run."""
    owner = function.called_on
    if owner is not None:
        names = (name, f"get.{name}", f"set.{name}")
        yield from (method for one in names if (method := owner.method(one)) is not None)


def _dotted(
    program: Finder, function: FunctionDefinition, dotted: str, where: str, found: Reached
) -> Iterator[FunctionDefinition]:
    """``pkg.function``, ``Class.method`` and ``Class.Constant``, as a whole."""
    if program.is_helper(dotted, function):
        return
    if dotted in TABLE:
        found.functions[dotted] = None
        return
    definition = program.function(dotted, function.file.path)
    if definition is None:
        owner, name = program.of_class(dotted, function)
        definition = None if owner is None else owner.method(name)
        known = () if owner is None else (*owner.properties, *owner.said.members)
        if definition is None and name in known:
            return
    if definition is not None:
        yield definition
    else:
        found.problems.append(Problem(where, f"uses {dotted}, which is not in the code"))


def _named(
    program: Finder, function: FunctionDefinition, name: str, where: str, found: Reached
) -> Iterator[FunctionDefinition]:
    if program.is_helper(name, function):
        return
    owner = function.called_on
    try:
        user = program.nearby(name, function)
        if user is None and owner is not None:
            user = owner.method(name)
        if user is None:
            user = program.function(name, function.file.path)
    except MatlabCompatError as error:
        found.problems.append(Problem(where, " ".join(filter(None, (error.what, error.remedy)))))
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
    for node in nodes_of(function.said):
        if isinstance(node, syntax.Field):
            dotted = syntax.dotted_name(node)
            if dotted is not None and dotted.startswith(f"{name}."):
                return True
    return False
