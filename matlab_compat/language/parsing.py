"""From the text of a file to its syntax tree; the only module that knows tree-sitter.

The nesting that the grammar gives to operators is never used: version 1.3.1 reads ``-x.^2`` as
``(-x).^2``, ``2^3^2`` from the right, ``a.^b'`` as ``a.^(b')`` and ``1./x`` as the number ``1.``
before a matrix division. Each chain of operators is flattened, down to parentheses, calls and
brackets, and built anew by MATLAB's own precedence table. Source of the table: "Operator
Precedence" in MATLAB's documentation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..errors import CodeError, CodeLimitError, UsageError
from . import syntax
from .source import CodeLimits, to_raise

if TYPE_CHECKING:
    from tree_sitter import Language
    from tree_sitter import Node as Concrete

T = TypeVar("T")
Attributes: TypeAlias = tuple[tuple[str, str], ...]

#: From the loosest to those that bind most; all of them from left to right.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"|"}),
    frozenset({"&"}),
    frozenset({"<", "<=", ">", ">=", "==", "~="}),
    frozenset({":"}),
    frozenset({"+", "-"}),
    frozenset({".*", "*", "./", "/", ".\\", "\\"}),
)
_RANGE = 5
_POWERS = frozenset({"^", ".^"})
_CHAIN = frozenset(
    {
        "binary_operator",
        "boolean_operator",
        "comparison_operator",
        "not_operator",
        "postfix_operator",
        "range",
        "unary_operator",
    }
)
_SKIPPED = frozenset({"comment", "line_continuation", "\n", ";", ","})
_FUNCTION = "function_definition"
#: Functions that are written as commands, and that change no value.
_SHOWS_NOTHING = frozenset({"warning", "clc", "tic", "drawnow", "disp"})


def parse(text: str, path: str, limits: CodeLimits | None = None) -> syntax.File:
    """The syntax tree of a file whose text :func:`.source.normalized` gave.

    Raises ``CodeError``: a line that MATLAB would not read either, as far as the grammar knows;
    ``CodeLimitError``: it is nested too deeply, or takes too long; ``UsageError``: tree-sitter is
    not installed, or a grammar whose mistakes are not known.
    """
    limits = limits or CodeLimits()
    root = _concrete(text, path, limits)
    try:
        return _Reader(text.encode(), path, limits).file(root)
    except RecursionError:
        raise _too_deep(path, 1, limits) from None


def parse_expression(
    text: str, path: str = "expression", limits: CodeLimits | None = None, line: int = 1
) -> syntax.Expression:
    """The tree of one expression, such as an anonymous function; errors as of :func:`parse`.

    ``line`` is where the file has it.
    """
    before = "\n" * (line - 1)
    file = parse(f"{before}x__ = {text.strip()};\n", path, limits)
    is_one = len(file.script) == 1 and not text.rstrip().endswith((";", ","))
    if not is_one or not isinstance(file.script[0], syntax.Assign):
        raise CodeError("This is not one expression.", where=(path,))
    return file.script[0].value


@cache
def _language() -> Language:
    from importlib.metadata import PackageNotFoundError, version

    try:
        import tree_sitter_matlab
        from tree_sitter import Language

        found = version("tree-sitter-matlab")
    except (ImportError, PackageNotFoundError):
        raise UsageError(
            "Reading MATLAB code needs tree-sitter and its grammar of MATLAB.",
            remedy="pip install tree-sitter tree-sitter-matlab",
        ) from None
    if not found.startswith("1.3."):
        raise UsageError(
            f"tree-sitter-matlab {found} is installed; its way to read MATLAB code is known for "
            "1.3 only.",
            remedy='pip install "tree-sitter-matlab>=1.3.1,<1.4"',
        )
    return Language(tree_sitter_matlab.language())


def _concrete(text: str, path: str, limits: CodeLimits) -> Concrete:
    language = _language()
    from tree_sitter import Parser

    data = text.encode()
    ends = time.monotonic() + limits.parse_seconds
    late = CodeLimitError(
        f"Parsing takes longer than {limits.parse_seconds} s.",
        where=(path,),
        remedy=to_raise("parse_seconds"),
    )
    # A parser that was stopped goes on where it was: a new one for each text.
    try:
        tree = Parser(language).parse(
            lambda offset, _: data[offset : offset + 65536],
            progress_callback=lambda *_: time.monotonic() > ends,
        )
    except ValueError:
        raise late from None
    if tree is None:
        raise late
    return tree.root_node


def _too_deep(path: str, line: int, limits: CodeLimits) -> CodeLimitError:
    return CodeLimitError(
        f"The code is nested more than {limits.nesting} deep.",
        where=(f"{path}:{line}",),
        remedy=to_raise("nesting"),
    )


@dataclass(frozen=True)
class _Operator:
    """One sign of a chain: before ("pre"), after ("post") or between ("in") operands."""

    text: str
    place: str
    line: int


class _Reader:
    """One file on its way from the concrete tree."""

    def __init__(self, data: bytes, path: str, limits: CodeLimits) -> None:
        self.data, self.path, self.limits = data, path, limits
        self.depth = 0
        #: What the function that is being read imports.
        self.imports: list[str] = []

    # --- helpers ------------------------------------------------------------------------

    def text(self, node: Concrete) -> str:
        return self.data[node.start_byte : node.end_byte].decode(errors="replace")

    def line(self, node: Concrete) -> int:
        return int(node.start_point[0]) + 1

    def named(self, node: Concrete) -> list[Concrete]:
        """Children with a meaning."""
        return [child for child in node.children if child.is_named and child.type not in _SKIPPED]

    def fault(self, node: Concrete, what: str = "") -> CodeError:
        shown = self.text(node).strip().split("\n")[0][:80]
        return CodeError(
            what or f"MATLAB code is not understood here: {shown!r}.",
            where=(f"{self.path}:{self.line(node)}",),
        )

    def deeper(self, node: Concrete, function: Callable[[Concrete], T]) -> T:
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise _too_deep(self.path, self.line(node), self.limits)
        result = function(node)
        self.depth -= 1
        return result

    # --- files and definitions ----------------------------------------------------------

    def file(self, root: Concrete) -> syntax.File:
        if root.has_error:
            raise self.fault(_first_error(root))
        defined: syntax.Class | None = None
        functions: list[syntax.Function] = []
        script: list[syntax.Statement] = []
        for node in self.named(root):
            if node.type == "class_definition":
                if defined is not None or functions or script:
                    raise self.fault(node, "A file defines one class, before all else.")
                defined = self.class_definition(node)
            elif node.type == "function_definition":
                functions.append(self.function(node))
            else:
                script += self.statements([node])
        text = self.data.decode()
        return syntax.File(1, self.path, defined, tuple(functions), tuple(script), text)

    def class_definition(self, node: Concrete) -> syntax.Class:
        properties: list[syntax.Property] = []
        methods: list[syntax.Function] = []
        superclasses: list[str] = []
        members: list[str] = []
        for child in self.named(node):
            match child.type:
                case "superclasses":
                    superclasses = [self.text(one) for one in self.named(child)]
                case "properties":
                    properties += self.properties(child)
                case "methods":
                    methods += self.methods(child)
                case "enumeration":
                    members += [self.text(self.named(one)[0]) for one in self.named(child)]
                case "identifier" | "events" | "attributes":
                    pass
                case _:
                    raise self.fault(child)
        name = node.child_by_field_name("name")
        if name is None:
            raise self.fault(node)
        for given in (properties, methods):
            names = [one.name for one in given]
            twice = next((one for one in names if names.count(one) > 1), None)
            if twice is not None:
                raise self.fault(node, f"The class defines '{twice}' twice.")
        return syntax.Class(
            self.line(node),
            self.text(name),
            tuple("".join(one.split()) for one in superclasses),
            tuple(properties),
            tuple(methods),
            self.path,
            tuple(members),
        )

    def attributes(self, node: Concrete) -> Attributes:
        found = []
        for one in self.named(node):
            name, _, value = self.text(one).partition("=")
            negated = name.strip().startswith("~")
            value = "false" if negated else value.strip() or "true"
            found.append((name.strip().lstrip("~").strip().lower(), value))
        return tuple(found)

    def members(self, node: Concrete) -> Iterator[tuple[Concrete, Attributes]]:
        """What stands in a block of a class, with the attributes of the block."""
        attributes: Attributes = ()
        for child in self.named(node):
            if child.type == "attributes":
                attributes = self.attributes(child)
            else:
                yield child, attributes

    def properties(self, node: Concrete) -> Iterator[syntax.Property]:
        for child, attributes in self.members(node):
            if child.type != "property":
                raise self.fault(child)
            yield self.property(child, attributes)

    def property(self, node: Concrete, attributes: Attributes) -> syntax.Property:
        name, kind = "", ""
        default: syntax.Expression | None = None
        size: tuple[int | None, ...] = ()
        validators: tuple[syntax.Expression, ...] = ()
        for at, child in enumerate(node.children):
            if child.type == "dimensions":
                sizes = (self.text(one) for one in self.named(child))
                size = tuple(int(one) if one.isdigit() else None for one in sizes)
            elif child.type == "validation_functions":
                validators = tuple(self.expression(one) for one in self.named(child))
            elif child.type == "default_value":
                default = self.expression(self.named(child)[-1])
            elif node.field_name_for_child(at) == "name":
                name = "".join(self.text(child).split())
            elif child.type in ("identifier", "property_name"):
                kind = "".join(self.text(child).split())
            elif child.is_named and child.type not in _SKIPPED:
                raise self.fault(child)
        return syntax.Property(self.line(node), name, default, attributes, size, kind, validators)

    def methods(self, node: Concrete) -> Iterator[syntax.Function]:
        for child, attributes in self.members(node):
            if child.type == "function_definition":
                yield self.function(child, attributes)
            elif child.type != "function_signature":
                raise self.fault(child)

    def function(self, node: Concrete, attributes: Attributes = ()) -> syntax.Function:
        name = node.child_by_field_name("name")
        if name is None:
            raise self.fault(node)
        prefix = next((c.type for c in node.children if c.type in ("set.", "get.")), "")
        inputs: tuple[str, ...] = ()
        outputs: tuple[str, ...] = ()
        arguments: list[syntax.Property] = []
        body: list[syntax.Statement] = []
        nested: list[syntax.Function] = []
        before, self.imports = self.imports, []
        for child in self.named(node):
            match child.type:
                case "function_output":
                    outputs = tuple(self.names(child))
                case "function_arguments":
                    inputs = tuple(self.names(child))
                case "arguments_statement":
                    arguments += self.properties(child)
                case "block":
                    inside = self.named(child)
                    nested += [self.function(n) for n in inside if n.type == _FUNCTION]
                    body += self.statements([n for n in inside if n.type != _FUNCTION])
                case _ if child.type == _FUNCTION:
                    nested.append(self.function(child))
                case _ if child == name:
                    pass
                case _:
                    raise self.fault(child)
        imports, self.imports = self.imports, before
        return syntax.Function(
            self.line(node),
            prefix + self.text(name),
            inputs,
            outputs,
            tuple(body),
            tuple(arguments),
            attributes,
            self.path,
            tuple(nested),
            tuple(imports),
            int(node.end_point[0]) + 1,
        )

    def names(self, node: Concrete) -> Iterator[str]:
        for child in self.named(node):
            if child.type == "multioutput_variable":
                yield from self.names(child)
            elif child.type == "identifier":
                yield self.text(child)
            elif child.type == "ignored_argument":
                yield "~"
            else:
                raise self.fault(child)

    # --- statements ---------------------------------------------------------------------

    def block(self, nodes: Sequence[Concrete]) -> syntax.Block:
        return tuple(one for node in nodes for one in self.statements(self.named(node)))

    def statements(self, nodes: Sequence[Concrete]) -> list[syntax.Statement]:
        return [self.deeper(node, self.statement) for node in nodes]

    def statement(self, node: Concrete) -> syntax.Statement:
        line = self.line(node)
        match node.type:
            case "assignment":
                return self.assignment(node)
            case "if_statement":
                return self.if_statement(node)
            case "switch_statement":
                return self.switch(node)
            case "for_statement":
                return self.for_statement(node)
            case "while_statement":
                condition = self.field(node, "condition")
                return syntax.While(line, self.expression(condition), self.body(node))
            case "break_statement" | "continue_statement" | "return_statement":
                return syntax.Jump(line, node.type.removesuffix("_statement"))
            case "command":
                return self.command(node)
            case "global_operator":
                return syntax.Unsupported(line, "global variables")
            case "persistent_operator":
                return syntax.Persistent(line, tuple(self.text(one) for one in self.named(node)))
            case "try_statement":
                return self.try_statement(node)
            case "function_definition":
                return syntax.Unsupported(line, "a function within a function")
            case "spmd_statement" | "arguments_statement" | "class_definition":
                return syntax.Unsupported(line, node.type.partition("_")[0])
        return syntax.Evaluate(line, self.expression(node))

    def command(self, node: Concrete) -> syntax.Statement:
        line = self.line(node)
        first, *rest = (self.text(one) for one in self.named(node))
        if not rest:
            return syntax.Evaluate(line, syntax.Name(line, first))
        if first == "import":
            self.imports += [one.strip(" ;,") for one in rest]
            return syntax.Evaluate(line, syntax.CellArray(line, ()))
        if first in _SHOWS_NOTHING:
            given = tuple(syntax.Text(line, one, False) for one in rest)
            return syntax.Evaluate(line, syntax.Index(line, syntax.Name(line, first), False, given))
        return syntax.Unsupported(line, f"the command '{self.text(node).strip()[:60]}'")

    def field(self, node: Concrete, name: str) -> Concrete:
        found = node.child_by_field_name(name)
        if found is None:
            raise self.fault(node)
        return found

    def body(self, node: Concrete) -> syntax.Block:
        return self.block([child for child in node.children if child.type == "block"])

    def assignment(self, node: Concrete) -> syntax.Statement:
        left, right = self.field(node, "left"), self.field(node, "right")
        targets: tuple[syntax.Expression | None, ...]
        if left.type == "multioutput_variable":
            targets = tuple(
                None if one.type == "ignored_argument" else self.expression(one)
                for one in self.named(left)
            )
        else:
            targets = (self.expression(left),)
        for one in targets:
            if not isinstance(one, syntax.Name | syntax.Index | syntax.Field | None):
                raise self.fault(left, "This cannot be assigned to.")
        value = self.expression(right)
        return syntax.Assign(self.line(node), targets, value)

    def try_statement(self, node: Concrete) -> syntax.Try:
        error = ""
        otherwise: syntax.Block = ()
        for child in self.named(node):
            if child.type == "catch_clause":
                names = [one for one in self.named(child) if one.type == "identifier"]
                error = self.text(names[0]) if names else ""
                otherwise = self.body(child)
        return syntax.Try(self.line(node), self.body(node), error, otherwise)

    def if_statement(self, node: Concrete) -> syntax.If:
        first = self.expression(self.field(node, "condition")), self.body(node)
        branches, otherwise = self.clauses(node, "elseif_clause", "else_clause")
        return syntax.If(self.line(node), (first, *branches), otherwise)

    def switch(self, node: Concrete) -> syntax.Switch:
        cases, otherwise = self.clauses(node, "case_clause", "otherwise_clause")
        value = self.expression(self.field(node, "condition"))
        return syntax.Switch(self.line(node), value, tuple(cases), otherwise)

    def clauses(
        self, node: Concrete, kind: str, last: str
    ) -> tuple[list[tuple[syntax.Expression, syntax.Block]], syntax.Block]:
        """The clauses with a condition, and the block of the last one, which has none."""
        found: list[tuple[syntax.Expression, syntax.Block]] = []
        otherwise: syntax.Block = ()
        for child in self.named(node):
            if child.type == kind:
                condition = self.field(child, "condition")
                found.append((self.expression(condition), self.body(child)))
            elif child.type == last:
                otherwise = self.body(child)
        return found, otherwise

    def for_statement(self, node: Concrete) -> syntax.Statement:
        iterator = next(child for child in node.children if child.type == "iterator")
        variable, values = self.named(iterator)
        if variable.type != "identifier":
            return syntax.Unsupported(self.line(node), "a loop over something that is no variable")
        return syntax.For(
            self.line(node), self.text(variable), self.expression(values), self.body(node)
        )

    # --- expressions --------------------------------------------------------------------

    def expression(self, node: Concrete) -> syntax.Expression:
        return self.deeper(node, self._expression)

    def _expression(self, node: Concrete) -> syntax.Expression:
        if node.type in _CHAIN:
            return _Chain(self, node).tree()
        return self.operand(node)

    def operand(self, node: Concrete) -> syntax.Expression:
        line = self.line(node)
        match node.type:
            case "number":
                return self.number(node, self.text(node))
            case "identifier" | "command_name":
                return syntax.Name(line, self.text(node))
            case "string":
                quote = self.text(node)[0]
                inside = self.text(node)[1:-1].replace(quote * 2, quote)
                return syntax.Text(line, inside, quote == '"')
            case "parenthesis" | "_expression":
                # Parentheses make a list of values one value; nothing else is left of them.
                (inner,) = self.named(node)
                return self.expression(inner)
            case "matrix" | "cell":
                made = syntax.Matrix if node.type == "matrix" else syntax.CellArray
                return made(line, self.rows(node))
            case "end_keyword" | "spread_operator":
                return syntax.End(line) if node.type == "end_keyword" else syntax.Colon(line)
            case "lambda":
                return self.lambda_function(node)
            case "handle_operator":
                return syntax.Handle(line, self.text(node).lstrip("@").strip())
            case "function_call" | "field_expression":
                found = self.access(node)
                if _depth(found) > self.limits.nesting:
                    raise _too_deep(self.path, line, self.limits)
                return found
            case "metaclass_operator":
                return syntax.Unsupported(line, "a metaclass ('?')")
        raise self.fault(node)

    def number(self, node: Concrete, text: str) -> syntax.Number:
        line = self.line(node)
        lowered = text.lower()
        if lowered.startswith(("0x", "0b")):
            if lowered[-1:] not in "0123456789abcdef" or "s" in lowered or "u" in lowered:
                raise self.fault(node, f"The number {text} is not understood.")
            value = int(lowered, 0)
            bits = next((n for n in (8, 16, 32, 53) if value < 2**n), 0)
            if not bits:
                raise self.fault(node, f"The number {text} is too large.")
            return syntax.Number(line, float(value), kind=f"uint{64 if bits == 53 else bits}")
        imaginary = lowered[-1] in "ij"
        try:
            return syntax.Number(line, float(lowered.rstrip("ij").replace("d", "e")), imaginary)
        except ValueError:
            raise self.fault(node, f"The number {text} is not understood.") from None

    def rows(self, node: Concrete) -> tuple[tuple[syntax.Expression, ...], ...]:
        rows = self.named(node)
        if any(child.type != "row" for child in rows):
            raise self.fault(node)
        return tuple(tuple(self.expression(one) for one in self.named(row)) for row in rows)

    def lambda_function(self, node: Concrete) -> syntax.Expression:
        given = (child for child in node.children if child.type == "arguments")
        inputs = tuple(name for child in given for name in self.names(child))
        body = self.expression(self.field(node, "expression"))
        return syntax.Lambda(self.line(node), inputs, body)

    def arguments(self, node: Concrete) -> tuple[syntax.Expression, ...]:
        """What is within parentheses: ``Name=value`` becomes ``"Name", value``."""
        found: list[syntax.Expression] = []
        children = [c for c in node.children if c.type not in ("comment", "line_continuation")]
        for at, child in enumerate(children):
            after = children[at + 1].type if at + 1 < len(children) else ""
            if after == "=":
                found.append(syntax.Text(self.line(child), self.text(child), True))
            elif child.is_named:
                found.append(self.expression(child))
        return tuple(found)

    def access(self, node: Concrete, before: syntax.Expression | None = None) -> syntax.Expression:
        """``a.b(c){d}`` from left to right, however the grammar nests it; maybe after a dot."""
        return self.deeper(node, lambda one: self._access(one, before))

    def _access(self, node: Concrete, before: syntax.Expression | None) -> syntax.Expression:
        line = self.line(node)
        if node.type == "field_expression":
            found = self.access(self.field(node, "object"), before)
            for child in node.children_by_field_name("field"):
                found = self.access(child, found)
            return found
        if node.type == "function_call":
            inside = {child.type: child for child in node.children}
            values = self.arguments(inside["arguments"]) if "arguments" in inside else ()
            name = self.field(node, "name")
            if "superclass" not in inside:
                called = syntax.Index(line, self.access(name, before), "{" in inside, values)
                return self.called_by_text(called)
            if before is None:
                above = "".join(self.text(inside["superclass"]).split())
                return syntax.OfSuperclass(line, self.text(name), above, values)
        elif node.type == "indirect_access" and before is not None:
            (inner,) = self.named(node)
            return syntax.Field(line, before, self.expression(inner))
        else:
            operand = self.operand(node)
            if before is None:
                return operand
            if isinstance(operand, syntax.Name):
                return syntax.Field(line, before, operand.name)
        raise self.fault(node)

    def called_by_text(self, call: syntax.Index) -> syntax.Expression:
        """``str2func('@(x) x + 1')`` and ``feval('name', x)`` as if written without quotes."""
        if not isinstance(call.base, syntax.Name) or call.base.name not in ("str2func", "feval"):
            return call
        match call.arguments:
            case (syntax.Text(value=said), *rest) if call.base.name == "feval" or not rest:
                text = f"@{said.strip().lstrip('@')}"
                made = parse_expression(text, self.path, self.limits, call.line)
                if isinstance(made, syntax.Lambda):
                    made = replace(made, is_closed=True)  # it sees no variables
                elif not isinstance(made, syntax.Handle):
                    return call
                is_called = call.base.name == "feval"
                return syntax.Index(call.line, made, False, tuple(rest)) if is_called else made
        return call


class _Chain:
    """A chain of operators, flattened, and built anew by MATLAB's precedences."""

    def __init__(self, reader: _Reader, node: Concrete) -> None:
        self.reader = reader
        self.items = list(self.flattened(node))
        self.at = 0

    def flattened(self, node: Concrete) -> Iterator[Concrete | _Operator]:
        """Operands and signs in the order of the text; without recursion: chains are long."""
        left: list[Concrete | _Operator] = [node]
        while left:
            one = left.pop()
            if isinstance(one, _Operator) or one.type not in _CHAIN:
                yield one
                continue
            place = {
                "unary_operator": "pre",
                "not_operator": "pre",
                "postfix_operator": "post",
            }.get(one.type, "in")
            inner: list[Concrete | _Operator] = []
            for child in one.children:
                if child.type in _SKIPPED:
                    continue
                if child.is_named:
                    inner.append(self.bare(child))
                else:
                    inner.append(_Operator(child.type, place, self.reader.line(child)))
            left.extend(reversed(inner))

    def bare(self, node: Concrete) -> Concrete:
        while node.type == "_expression" and len(node.children) == 1:
            node = node.children[0]
        return node

    def tree(self) -> syntax.Expression:
        """The expression."""
        self.give_dots_back()
        result = self.level(0)
        if self.at < len(self.items):
            raise self.wrong()
        if _depth(result) > 2 * self.reader.limits.nesting:
            raise _too_deep(self.reader.path, result.line, self.reader.limits)
        return result

    def give_dots_back(self) -> None:
        """``1./x``: the dot is the operator's, not the number's."""
        for at, (one, sign) in enumerate(zip(self.items, self.items[1:], strict=False)):
            if isinstance(one, _Operator) or not isinstance(sign, _Operator):
                continue
            if one.type != "number" or not self.reader.text(one).endswith("."):
                continue
            touching = self.reader.data[one.end_byte : one.end_byte + 1].decode(errors="replace")
            if touching and touching in "*/\\^'" and sign.text == touching:
                self.items[at + 1] = _Operator("." + sign.text, sign.place, sign.line)

    def wrong(self) -> CodeError:
        item = self.items[min(self.at, len(self.items) - 1)]
        line = item.line if isinstance(item, _Operator) else self.reader.line(item)
        return CodeError(
            "Operators and values do not follow each other as they should.",
            where=(f"{self.reader.path}:{line}",),
        )

    def take(self, place: str, signs: frozenset[str] | None = None) -> _Operator | None:
        if self.at < len(self.items):
            item = self.items[self.at]
            if not isinstance(item, _Operator) or item.place != place:
                return None
            if signs is None or item.text in signs:
                self.at += 1
                return item
        return None

    def level(self, number: int) -> syntax.Expression:
        if number == len(_LEVELS):
            return self.signed(self.power)
        left = self.level(number + 1)
        if number == _RANGE:
            return self.range(left)
        while sign := self.take("in", _LEVELS[number]):
            left = syntax.Binary(sign.line, sign.text, left, self.level(number + 1))
        return left

    def range(self, start: syntax.Expression) -> syntax.Expression:
        parts = [start]
        while self.take("in", _LEVELS[_RANGE]):
            parts.append(self.level(_RANGE + 1))
        if len(parts) == 1:
            return start
        while len(parts) > 3:  # a:b:c:d is (a:b:c):d
            parts = [syntax.Range(parts[0].line, parts[0], parts[1], parts[2]), *parts[3:]]
        step = parts[1] if len(parts) == 3 else None
        return syntax.Range(start.line, parts[0], step, parts[-1])

    def signed(self, operand: Callable[[], syntax.Expression]) -> syntax.Expression:
        """An operand with the signs before it."""
        signs = []
        while sign := self.take("pre"):
            signs.append(sign)
        value = operand()
        for sign in reversed(signs):
            value = syntax.Unary(sign.line, sign.text, value)
        return value

    def power(self) -> syntax.Expression:
        """Powers and transposes, from left to right; an exponent may have signs."""
        left = self.operand()
        while True:
            if sign := self.take("post"):
                left = syntax.Unary(sign.line, sign.text, left)
            elif sign := self.take("in", _POWERS):
                right = self.signed(self.operand)
                left = syntax.Binary(sign.line, sign.text, left, right)
            else:
                return left

    def operand(self) -> syntax.Expression:
        if self.at >= len(self.items) or isinstance(self.items[self.at], _Operator):
            raise self.wrong()
        item = self.items[self.at]
        self.at += 1
        assert not isinstance(item, _Operator)
        if item.type == "number":
            text = self.reader.text(item)
            return self.reader.number(item, text.rstrip(".") if text != "." else text)
        return self.reader.expression(item)


def _depth(expression: syntax.Expression) -> int:
    """How deep the left side of a chain is nested."""
    depth = 0
    node: object = expression
    while isinstance(node, syntax.Binary | syntax.Unary | syntax.Index | syntax.Field):
        depth += 1
        if isinstance(node, syntax.Binary):
            node = node.left
        elif isinstance(node, syntax.Unary):
            node = node.operand
        else:
            node = node.base
    return depth


def _first_error(root: Concrete) -> Concrete:
    """The first node that the grammar could not read, without recursion."""
    node = root
    while True:
        if node.type == "ERROR" or node.is_missing:
            return node
        inner = next((c for c in node.children if c.has_error or c.is_missing), None)
        if inner is None:
            return node
        node = inner
