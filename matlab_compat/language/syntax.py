"""The syntax tree of MATLAB code: what a file says, apart from the grammar that read it.

Made by :mod:`.parsing`. Every node knows its line. What this version does not run becomes
:class:`Unsupported` in its place, so that all of it can be reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field as Declared
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeAlias, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _Frozen:
    """Each class below it is a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Declared[Any]]]

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)


class Node(_Frozen):
    """Anything in the text. ``line`` counts from 1."""

    line: int

    def children(self) -> Iterator[Node]:
        """The nodes directly within this one."""
        for one in fields(self):
            yield from _nodes(getattr(self, one.name))

    def walk(self) -> Iterator[Node]:
        """The node and all within it, in the order of the text."""
        left: list[Node] = [self]
        while left:
            node = left.pop()
            yield node
            left.extend(reversed(list(node.children())))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _nodes(one)


# --- expressions ------------------------------------------------------------------------


class Number(Node):
    """``3``, ``1e-3``, ``2i`` (then imaginary); ``0x1F`` is of the smallest class of integers."""

    value: float
    imaginary: bool = False
    kind: str = "double"


class Text(Node):
    """``'chars'`` or ``"string"``."""

    value: str
    is_string: bool


class Name(Node):
    """A variable, or a function called without parentheses."""

    name: str


class End(Node):
    """``end`` within an index."""


class Colon(Node):
    """A bare ``:`` as an index."""


class Unary(Node):
    """``-x``, ``+x``, ``~x``, ``x'``, ``x.'``."""

    operator: str
    operand: Expression


class Binary(Node):
    """An operator between two, ``&&`` and ``||`` too."""

    operator: str
    left: Expression
    right: Expression


class Range(Node):
    """``a:b`` or ``a:step:b``."""

    start: Expression
    step: Expression | None
    stop: Expression


class Matrix(Node):
    """``[a, b; c]``."""

    rows: tuple[tuple[Expression, ...], ...]


class CellArray(Node):
    """``{a, b; c}``."""

    rows: tuple[tuple[Expression, ...], ...]


class Lambda(Node):
    """``@(x) x + 1``; an input that is ignored has the name ``~``."""

    inputs: tuple[str, ...]
    body: Expression
    #: Whether it sees no variables of where it is made: that of ``str2func``.
    is_closed: bool = False


class Handle(Node):
    """``@name``, maybe of a package."""

    name: str


class Index(Node):
    """``base(...)``, an index or a call: which it is, is known when it runs. Or ``base{...}``."""

    base: Expression
    is_braces: bool
    arguments: tuple[Expression, ...]


class Field(Node):
    """``base.name`` or ``base.(expression)``."""

    base: Expression
    name: str | Expression


class OfSuperclass(Node):
    """``predict@Base(...)``: a method of a superclass."""

    method: str
    superclass: str
    arguments: tuple[Expression, ...]


class Unsupported(Node):
    """Something that this version does not run: ``what`` says what, for messages."""

    what: str


Expression: TypeAlias = (
    Number
    | Text
    | Name
    | End
    | Colon
    | Unary
    | Binary
    | Range
    | Matrix
    | CellArray
    | Lambda
    | Handle
    | Index
    | Field
    | OfSuperclass
    | Unsupported
)

# --- statements -------------------------------------------------------------------------


class Evaluate(Node):
    """An expression alone, such as a call without outputs."""

    expression: Expression


class Assign(Node):
    """``target = value``; several targets as ``[a, ~, b.c] = f(x)`` (then None for ``~``)."""

    targets: tuple[Expression | None, ...]
    value: Expression


class If(Node):
    """Conditions with their blocks, the block of ``else`` last."""

    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block


class Switch(Node):
    """A value, cases with their blocks, the block of ``otherwise`` last."""

    value: Expression
    cases: tuple[tuple[Expression, Block], ...]
    otherwise: Block


class For(Node):
    """``for variable = values``: over the columns of the values."""

    variable: str
    values: Expression
    body: Block


class While(Node):
    """``while condition``."""

    condition: Expression
    body: Block


class Try(Node):
    """``try`` and ``catch``; ``error`` is the variable that holds what went wrong, or ""."""

    body: Block
    error: str
    otherwise: Block


class Persistent(Node):
    """Variables that a function keeps from call to call."""

    names: tuple[str, ...]


class Jump(Node):
    """``break``, ``continue`` or ``return``."""

    kind: str


Statement: TypeAlias = (
    Evaluate | Assign | If | Switch | For | While | Try | Persistent | Jump | Unsupported
)
Block: TypeAlias = tuple[Statement, ...]

# --- definitions ------------------------------------------------------------------------


class Property(Node):
    """A property of a class, or an argument of an ``arguments`` block."""

    #: With a dot for a name-value argument, ``options.Name``.
    name: str
    #: The expression after ``=``.
    default: Expression | None
    #: Names in lower case, values as in the text ("true" without one): ``learnable``, ``state``,
    #: ``constant``, ``access`` ... For an argument those of its block: ``repeating``, ``output``.
    attributes: tuple[tuple[str, str], ...] = ()
    #: The size that is demanded; None in it is ``:``. Empty without one.
    size: tuple[int | None, ...] = ()
    #: The class that is demanded, or "".
    kind: str = ""
    #: The functions in braces, as names or calls.
    validators: tuple[Expression, ...] = ()

    def has(self, attribute: str) -> bool:
        """Whether an attribute, in lower case, is set and not set to false."""
        return dict(self.attributes).get(attribute, "false").lower() != "false"


class Function(Node):
    """A function or method."""

    name: str
    #: Names; an ignored input has the name ``~``, the last ones may be ``varargin``/``varargout``.
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    body: Block
    #: What the ``arguments`` blocks say.
    arguments: tuple[Property, ...] = ()
    #: Those of the block of methods, in lower case: ``static``, ``access`` ...
    attributes: tuple[tuple[str, str], ...] = ()
    #: How messages name the file.
    path: str = ""
    #: The functions within it, which share its variables.
    nested: tuple[Function, ...] = ()
    #: What its ``import`` lines name: ``pkg.name``, or ``pkg.*``.
    imports: tuple[str, ...] = ()
    #: The last line of its text.
    last: int = 0

    @property
    def is_static(self) -> bool:
        """Whether it is a method that takes no object."""
        return dict(self.attributes).get("static", "false") != "false"


class Class(Node):
    """A class definition."""

    #: As the file says it, without the package.
    name: str
    #: Whole names: ``nnet.layer.Layer``.
    superclasses: tuple[str, ...]
    #: All properties, with the attributes of their blocks.
    properties: tuple[Property, ...]
    #: All methods, constructors and set methods too (these as ``set.Name``).
    methods: tuple[Function, ...]
    path: str = ""
    #: The names in its ``enumeration`` blocks.
    members: tuple[str, ...] = ()

    def method(self, name: str) -> Function | None:
        """The method of that name, of this class itself."""
        return next((one for one in self.methods if one.name == name), None)


class File(Node):
    """All that a file defines. The first function is what others may call."""

    path: str
    defined: Class | None
    functions: tuple[Function, ...]
    #: Statements outside functions: a script.
    script: Block = field(default=())
    #: The text, as it was parsed.
    text: str = field(default="", repr=False)

    def function(self, name: str) -> Function | None:
        """The function of that name in this file."""
        return next((one for one in self.functions if one.name == name), None)


def dotted_name(expression: Expression) -> str | None:
    """``a.b.c`` of names alone."""
    names: list[str] = []
    node: Expression = expression
    while isinstance(node, Field) and isinstance(node.name, str):
        names.append(node.name)
        node = node.base
    if not isinstance(node, Name):
        return None
    return ".".join([node.name, *reversed(names)])
