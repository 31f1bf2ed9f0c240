"""Runs a syntax tree on values. Nothing else is reached from here but the program and the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, TypeVar

import numpy as np
from torch.fx.traceback import annotate

from ..arrays import NUMPY
from ..errors import (
    CodeError,
    CodeLimitError,
    CodeSaidError,
    DataDependentCodeError,
    MatlabCompatError,
    UnsupportedCodeError,
    cause_text,
)
from ..language import syntax
from ..language.source import to_raise
from ..wording import argument
from .arguments import bound
from .definitions import INHERITED, ClassDefinition, FunctionDefinition
from .finding import Finder, variables_of
from .frame import Frame
from .functions import IMPORTED, TABLE, Call
from .functions.input_parser import PARSER_METHODS
from .functions.maps import MAP_METHODS, entry, property_of, with_entry
from .indexing import Everything, Place, as_place, assign, delete, index, reshaped
from .joining import cells, joined
from .limits import Budget
from .numeric import EMPTY, ONE, Numeric, elements, logical, scalar
from .observations import check_free, settle
from .operators import (
    binary,
    class_name,
    field_name,
    is_traced,
    is_true,
    known_scalar,
    unary,
)
from .ranges import make_range
from .values import (
    Cell,
    Chars,
    FunctionHandle,
    InputParser,
    Map,
    Member,
    Net,
    Object,
    Struct,
    Structs,
    Value,
    value_of,
)

T = TypeVar("T")
#: The annotation of an operation that torch records: file and line of the code.
LINE = "matlab"
#: What numpy, torch and Python raise where values do not fit; anything else is a fault of ours.
_FOREIGN = (ValueError, RuntimeError, TypeError, IndexError, ArithmeticError, MemoryError)


def asked_variable(arguments: Sequence[object]) -> str | None:
    """The name in ``exist('name', 'var')``, by values or by their texts; else None."""
    match arguments:
        case (Chars() | syntax.Text() as name, Chars(value="var") | syntax.Text(value="var")):
            return name.value
    return None


class Interpreter:
    """One run."""

    def __init__(self, program: Finder) -> None:
        self.program = program
        self.budget = Budget(program.limits)
        self.depth = 0
        self.place = ("", 0)

    # --- from outside -------------------------------------------------------------------

    def run(
        self, function: FunctionDefinition, arguments: Sequence[Value], outputs: int
    ) -> tuple[Value, ...]:
        """See :meth:`.Program.call`."""
        return self._located(lambda: self.call_user(function, arguments, outputs))

    def constant(self, expression: syntax.Expression, owner: ClassDefinition) -> Value | None:
        """The value of a property's default; None where it is not known here."""
        frame = Frame(FunctionDefinition(_NOTHING, owner.file, owner), {})
        try:
            return self._located(lambda: self.value(expression, frame))
        except (UnsupportedCodeError, CodeError):
            return None

    def object(self, definition: ClassDefinition, properties: Mapping[str, Any]) -> Object:
        """See :meth:`.Program.object`."""
        values: dict[str, Value] = {}
        for name, one in definition.properties.items():
            if one.has("dependent") or (name in properties and not one.has("constant")):
                continue
            if one.default is not None:
                value = self.constant(one.default, definition)
                if isinstance(value, Map):
                    value.is_kept = True
                if value is not None:
                    values[name] = value
            elif not one.has("constant"):
                values[name] = EMPTY
        given = {name: self.of_file(one) for name, one in properties.items() if name not in values}
        return Object(definition, values | given)

    def of_file(self, value: Any) -> Value:
        """A property's value; objects whose class the code defines are objects of it."""
        properties, name = getattr(value, "properties", None), getattr(value, "class_name", "")
        if isinstance(properties, Mapping) and name and self.program.has_class(name):
            definition = self.program.class_named(name, list(properties))
            if definition.said.members:
                return Member(definition, str(properties.get("Name")))
            return self.object(definition, properties)
        return value_of(value)

    def _enter(self) -> None:
        """One call more; who calls takes it back."""
        self.depth += 1
        if self.depth > self.program.limits.calls:
            raise CodeLimitError(
                f"Functions call each other more than {self.program.limits.calls} deep.",
                remedy=to_raise("calls"),
            )

    def _located(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except RecursionError:
            raise CodeLimitError(
                "Functions or expressions are nested too deeply.", where=self._where()
            ) from None
        except MatlabCompatError as error:
            if not any(":" in one for one in error.where):
                error.where = (*self._where(), *error.where)
            raise
        except _FOREIGN as error:
            kind = DataDependentCodeError if is_traced() else CodeError
            raise kind(
                f"This cannot be computed: {cause_text(error)}", where=self._where()
            ) from error

    def _where(self) -> tuple[str, ...]:
        path, line = self.place
        return (f"{path}:{line}",) if line else ()

    # --- functions ----------------------------------------------------------------------

    def call_user(
        self,
        function: FunctionDefinition,
        arguments: Sequence[Value],
        outputs: int,
        around: Frame | None = None,
    ) -> tuple[Value, ...]:
        """A function of the user's code; ``around`` has the variables that a nested one shares."""
        self._enter()
        said, place = function.said, self.place
        frame = Frame(function, {}, len(arguments), outputs, around=around)
        own = {*said.inputs, *said.outputs}
        if around is not None:
            frame.variables |= {n: v for n, v in around.variables.items() if n not in own}
        bound(self.values, frame, said, arguments)
        names = said.outputs
        has_rest = bool(names) and names[-1] == "varargout"
        if outputs > len(names) and not has_rest:
            raise CodeError(f"{said.name} has {len(names)} outputs, not {outputs}.")
        self.block(said.body, frame)
        if around is not None and around.function is not None:
            shared = variables_of(around.function.said) - own
            around.variables |= {n: v for n, v in frame.variables.items() if n in shared}
        self.depth, self.place = self.depth - 1, place
        return self._outputs(said, frame, outputs)

    def _outputs(self, said: syntax.Function, frame: Frame, outputs: int) -> tuple[Value, ...]:
        results: list[Value] = []
        for name in said.outputs:
            if len(results) >= max(outputs, 1):
                break
            if name == "varargout" and name == said.outputs[-1]:
                rest = frame.variables.get(name)
                results += rest.items if isinstance(rest, Cell) else []
                break
            value = frame.variables.get(name)
            if value is None:
                break
            results.append(value)
        if len(results) < outputs:
            raise CodeError(f"{said.name} gives its output {len(results) + 1} no value.")
        return tuple(results[: max(outputs, 1)])

    def call_named(
        self, name: str, arguments: Sequence[Value], outputs: int, frame: Frame
    ) -> tuple[Value, ...]:
        """A function by its name, looked up as MATLAB does."""
        if (nested := self._nested(name, frame)) is not None:
            inner, around = nested
            return self.call_user(inner, arguments, outputs, around)
        if name == "exist" and (said := asked_variable(arguments)) is not None:
            return (scalar(int(said in frame.variables)),)
        is_helper = self.program.is_helper(name, frame.function)
        found = None if is_helper else self.found(name, arguments, frame)
        if isinstance(found, FunctionDefinition):
            return self.call_user(found, arguments, outputs)
        if is_helper:
            name = name.rpartition(".")[2]
        known = (IMPORTED if is_helper else TABLE).get(name)
        if known is None:
            if frame.function is not None and name in frame.function.said.inputs:
                raise CodeError(
                    f"{frame.function.name} needs its input '{name}', which is not given."
                )
            raise UnsupportedCodeError(
                f"'{name}' is neither a variable, nor in the code, nor among the functions known "
                "here.",
                remedy="docs/custom-code.md lists these.",
            )
        results = known(Call(self, frame, name, outputs, self.budget), arguments)
        if len(results) < outputs:
            raise CodeError(f"{name} has {len(results)} outputs, not {outputs}.")
        return results[: max(outputs, 1)]

    def found(
        self, name: str, arguments: Sequence[Value], frame: Frame
    ) -> FunctionDefinition | None:
        """The function of the user's code that a name means, or None."""
        near = None if frame.function is None else self.program.nearby(name, frame.function)
        if near is not None:
            return near
        for one in arguments:
            if isinstance(one, Object) and (method := one.definition.method(name)) is not None:
                return method
        return self.program.function(name, frame.path)

    @staticmethod
    def _nested(name: str, frame: Frame) -> tuple[FunctionDefinition, Frame] | None:
        """The function of that name within this one or one around it, and where it stands."""
        around: Frame | None = frame
        while around is not None and (function := around.function) is not None:
            for said in function.said.nested:
                if said.name == name:
                    return FunctionDefinition(said, function.file, function.owner), around
            around = around.around
        return None

    def call_value(
        self, function: Value, arguments: Sequence[Value], outputs: int
    ) -> tuple[Value, ...]:
        """A function handle."""
        if not isinstance(function, FunctionHandle):
            raise CodeError(f"A {class_name(function)} is no function.")
        self.budget.step()
        return function.call(arguments, outputs)[: max(outputs, 1)]

    # --- statements ---------------------------------------------------------------------

    def block(self, block: syntax.Block, frame: Frame) -> str:
        """Run statements; "" or how they were left: "break", "continue", "return"."""
        for statement in block:
            self.budget.step()
            self.place = (frame.path, statement.line)
            if is_traced():  # each operation that torch records knows the line that it is of
                with annotate({LINE: f"{frame.path}:{statement.line}"}):
                    left = self.statement(statement, frame)
                check_free(f"line {self.place[1]}")
            else:
                left = self.statement(statement, frame)
            if left:
                return left
        return ""

    def statement(self, statement: syntax.Statement, frame: Frame) -> str:
        """Run one statement; how it was left."""
        match statement:
            case syntax.Assign():
                self.assignment(statement, frame)
            case syntax.Evaluate(expression=expression):
                results = self.values(expression, frame, 0)
                if results and not isinstance(expression, syntax.Name):
                    frame.variables["ans"] = results[0]
            case syntax.If():
                for condition, block in statement.branches:
                    self.place = (frame.path, condition.line)
                    if self.condition(condition, frame, "the branch"):
                        return self.block(block, frame)
                return self.block(statement.otherwise, frame)
            case syntax.For() | syntax.While():
                return self.loop(statement, frame)
            case syntax.Switch():
                return self.switch(statement, frame)
            case syntax.Try():
                return self.attempt(statement, frame)
            case syntax.Persistent(names=names):
                for name in names:
                    frame.variables.setdefault(name, EMPTY)
            case syntax.Jump(kind=kind):
                return kind
            case syntax.Unsupported(what=what):
                raise UnsupportedCodeError(f"The code uses {what}, which is not supported.")
        return ""

    def attempt(self, statement: syntax.Try, frame: Frame) -> str:
        """``try``: what the code itself refuses is caught, and nothing else."""
        depth = self.depth
        try:
            return self.block(statement.body, frame)
        except CodeSaidError as error:
            self.depth, frame.ends[:] = depth, []
            if statement.error:
                said = {"message": error.message, "identifier": error.identifier}
                frame.variables[statement.error] = Struct({n: Chars(v) for n, v in said.items()})
            return self.block(statement.otherwise, frame)
        except CodeLimitError:
            raise
        except (CodeError, *_FOREIGN) as error:
            raise UnsupportedCodeError(
                f"Within try this fails here: {cause_text(error)}. Whether it fails in MATLAB as "
                "well, and the code goes on at catch, is not certain.",
                remedy="write the code of the two without try.",
            ) from None

    def condition(self, expression: syntax.Expression, frame: Frame, what: str) -> bool:
        """Whether a condition holds."""
        what = f"{what} at line {expression.line}"
        if not isinstance(expression, syntax.Binary) or expression.operator not in ("|", "&"):
            return is_true(self.value(expression, frame), what)
        # Within a condition these end early as well, where the left side is one number.
        left = self.value(expression.left, frame)
        if isinstance(left, Numeric) and left.shape == (1, 1):
            said = is_true(left, what)
            if said == (expression.operator == "|"):
                return said
        right = self.value(expression.right, frame)
        return is_true(binary(expression.operator, left, right, self.budget), what)

    def loop(self, statement: syntax.For | syntax.While, frame: Frame) -> str:
        """``for`` and ``while``."""
        for turn, _ in enumerate(self.turns(statement, frame), 1):
            if turn == 1:
                check_free(f"line {self.place[1]}")
            self.budget.repeats(turn)
            left = self.block(statement.body, frame)
            if left in ("break", "return"):
                return left.removeprefix("break")
        return ""

    def turns(self, statement: syntax.For | syntax.While, frame: Frame) -> Iterator[None]:
        """Each turn of a loop, with its variable set, while its condition holds."""
        if isinstance(statement, syntax.For):
            for value in self.columns(statement.values, frame):
                frame.variables[statement.variable] = value
                yield
            return
        while True:
            self.place = (frame.path, statement.condition.line)
            if not self.condition(statement.condition, frame, "the loop"):
                return
            self.budget.step()
            yield

    def columns(self, expression: syntax.Expression, frame: Frame) -> Iterator[Value]:
        """What a loop runs over."""
        value = self.value(expression, frame)
        rows, *rest = value.shape
        count = int(prod(rest)) if rows else 0
        if isinstance(value, Numeric):
            data = reshaped(value.data, [rows, prod(rest)])
            for at in range(count):
                yield Numeric(data[:, at : at + 1], "", value.is_dlarray)
            return
        for at in range(count):
            yield index(value, [Everything(), scalar(at + 1)], self.budget)

    def switch(self, statement: syntax.Switch, frame: Frame) -> str:
        """``switch``."""
        value = self.value(statement.value, frame)
        for case, block in statement.cases:
            option = self.value(case, frame)
            options = option.items if isinstance(option, Cell) else (option,)
            if any(self.is_case(value, one) for one in options):
                return self.block(block, frame)
        return self.block(statement.otherwise, frame)

    def is_case(self, value: Value, option: Value) -> bool:
        """Whether a case fits the value of a switch."""
        if isinstance(value, Member) or isinstance(option, Member):
            return is_true(binary("==", value, option, self.budget), "the switch")
        if isinstance(value, Chars) or isinstance(option, Chars):
            return (
                isinstance(value, Chars)
                and isinstance(option, Chars)
                and value.value == option.value
            )
        if isinstance(option, Numeric) and prod(option.shape) == 0:
            return isinstance(value, Numeric) and prod(value.shape) == 0
        what = f"the switch at line {self.place[1]}"
        return settle(known_scalar(value, what) == known_scalar(option, what), what)

    # --- assignments --------------------------------------------------------------------

    def assignment(self, statement: syntax.Assign, frame: Frame) -> None:
        """An assignment or deletion."""
        targets = statement.targets
        said = statement.value
        is_deletion = (
            isinstance(said, syntax.Matrix)
            and not said.rows
            and isinstance(targets[0], syntax.Index)
            and not targets[0].is_braces
        )
        if is_deletion:
            target = targets[0]
            assert isinstance(target, syntax.Index)
            old = self.value(target.base, frame)
            if isinstance(old, Map):
                left = self.with_entry(old, target, EMPTY if old.is_handle else None, frame)
                self.put(target.base, left, frame)
                return
            places = self.places(target.arguments, frame, old)
            self.put(target.base, delete(old, places), frame)
            return
        results = self.values(said, frame, len(targets))
        if len(results) < len(targets):
            raise CodeError(f"There are {len(results)} values for {len(targets)} variables.")
        for target_or_none, value in zip(targets, results, strict=False):
            if target_or_none is not None:
                self.put(target_or_none, value, frame)

    def put(self, target: syntax.Expression, value: Value, frame: Frame) -> None:
        """Assign, from the inside of the target out."""
        match target:
            case syntax.Name(name=name):
                frame.variables[name] = value
            case syntax.Field(base=base, name=said):
                name = self.field_name(said, frame)
                self.put(
                    base, self.with_field(self.present(base, frame), name, value, frame), frame
                )
            case syntax.Index(base=base, arguments=arguments):
                old = self.present(base, frame)
                if isinstance(old, Map):
                    self.put(base, self.with_entry(old, target, value, frame), frame)
                    return
                places = self.places(arguments, frame, EMPTY if old is None else old)
                if not places:
                    raise CodeError("An assignment needs an index.")
                if target.is_braces:
                    if old is not None and not isinstance(old, Cell) and elements(old.shape):
                        raise CodeError(f"Braces cannot index a {class_name(old)}.")
                    if isinstance(old, Cell) and old.is_string:
                        raise UnsupportedCodeError("Braces on strings are not supported.")
                    cell = old if isinstance(old, Cell) else None
                    new = assign(cell, places, Cell((1, 1), (value,)), self.budget)
                else:
                    if isinstance(old, Cell) and not old.is_string and not isinstance(value, Cell):
                        value = Cell((1, 1), (value,))
                    new = assign(old, places, value, self.budget)
                self.put(base, new, frame)
            case _:
                raise CodeError("This cannot be assigned to.")

    def with_entry(self, old: Map, target: syntax.Index, value: Value | None, frame: Frame) -> Map:
        """A map with the value of one key changed, or without it."""
        keys = self.arguments(target.arguments, frame)
        if len(keys) != 1:
            raise CodeError("An assignment to a map needs one key.")
        if target.is_braces and value is not None:
            value = Cell((1, 1), (value,))
        return with_entry(old, keys[0], value, self.budget)

    def present(self, expression: syntax.Expression, frame: Frame) -> Value | None:
        """The value of the base of a target, or None where there is none yet."""
        match expression:
            case syntax.Name(name=name):
                return frame.variables.get(name)
            case syntax.Field(base=base, name=said):
                old = self.present(base, frame)
                name = self.field_name(said, frame)
                if isinstance(old, Struct):
                    return old.fields.get(name)
                if isinstance(old, Object | Net | InputParser):
                    return self.field_of(old, name, frame)
                return None
            case syntax.Index(base=base, arguments=arguments):
                old = self.present(base, frame)
                if old is None:
                    return None
                if isinstance(old, Map):
                    return entry(old, self.arguments(arguments, frame), expression.is_braces)
                places = self.places(arguments, frame, old)
                if elements(old.shape) == 0:
                    return None
                try:
                    found = index(old, places, self.budget)
                except CodeError:
                    if expression.is_braces or isinstance(old, Struct | Structs):
                        return None  # an element that the array has not yet
                    raise
                if expression.is_braces and isinstance(found, Cell):
                    return found.items[0] if found.items else None
                return found
        raise CodeError("This cannot be assigned to.")

    def with_field(self, old: Value | None, name: str, value: Value, frame: Frame) -> Value:
        """A struct or object with one field changed."""
        if isinstance(old, Object):
            setter = self.accessor(old, "set", name, frame)
            if setter is not None:
                return self.call_user(setter, (old, value), 1)[0]
            if name not in old.definition.properties and name not in INHERITED:
                raise CodeError(f"The class {old.definition.name} has no property '{name}'.")
            declared = old.definition.properties.get(name)
            if declared is not None and declared.has("constant"):
                raise CodeError(f"The property '{name}' is constant.")
            return old.with_property(name, value)
        if isinstance(old, InputParser):
            old.properties[name] = value
            return old
        if isinstance(old, Net) and name == "State" and isinstance(value, Struct):
            return replace(old, state=value.fields)
        if old is None or (isinstance(old, Numeric) and elements(old.shape) == 0):
            old = Struct()
        if not isinstance(old, Struct):
            raise CodeError(f"A {class_name(old)} has no fields.")
        return old.with_field(name, value)

    # --- expressions --------------------------------------------------------------------

    def value(self, expression: syntax.Expression, frame: Frame) -> Value:
        """The value of an expression, which must be one."""
        match expression:
            case syntax.Number(value=number, kind=kind):
                if kind != "double":
                    return Numeric(np.array([[number]], NUMPY[kind]))
                return Numeric(np.array([[number * 1j if expression.imaginary else number]]))
            case syntax.Text(value=said, is_string=is_string):
                return Chars(said, is_string)
            case syntax.Name(name=name) if name in frame.variables:
                return frame.variables[name]
            case syntax.Binary():
                return self.binary(expression, frame)
            case syntax.Unary(operator=operator, operand=operand):
                self.budget.step()
                return unary(operator, self.value(operand, frame))
            case syntax.Range():
                return self.range(expression, frame)
            case syntax.Matrix(rows=rows):
                parts = [self.arguments(one, frame) for one in rows]
                return joined(parts, self.budget)
            case syntax.CellArray(rows=rows):
                parts = [self.arguments(one, frame) for one in rows]
                return cells(parts)
            case syntax.End():
                return self.end(frame)
            case syntax.Lambda():
                return self.closure(expression, frame)
            case syntax.Handle(name=name):
                return self.handle(name, frame)
            case syntax.Unsupported(what=what):
                raise UnsupportedCodeError(f"The code uses {what}, which is not supported.")
            case syntax.Colon():
                raise CodeError("':' is only an index.")
        results = self.values(expression, frame, 1)
        if not results:
            raise CodeError("A value is needed here, and there is none.")
        return results[0]

    def values(
        self, expression: syntax.Expression, frame: Frame, outputs: int
    ) -> tuple[Value, ...]:
        """The values of an expression: several of ``c{:}``, or of a call."""
        match expression:
            case syntax.Name(name=name):
                if name in frame.variables:
                    return (frame.variables[name],)
                if name == "nargin":
                    return (scalar(frame.inputs),)
                if name == "nargout":
                    return (scalar(frame.outputs),)
                self.budget.step()
                return self.call_named(name, (), outputs, frame)
            case syntax.Index():
                self.budget.step()
                return self.indexed(expression, frame, outputs)
            case syntax.Field(base=base, name=said):
                called = self.called(expression, (), frame, outputs)
                if called is not None:
                    return called
                value = self.value(base, frame)
                name = self.field_name(said, frame)
                if isinstance(value, Structs):
                    return tuple(self.field_of(one, name, frame) for one in value.items)
                return (self.field_of(value, name, frame),)
            case syntax.OfSuperclass():
                return self.of_superclass(expression, frame, outputs)
        return (self.value(expression, frame),)

    def binary(self, expression: syntax.Binary, frame: Frame) -> Value:
        """An operator between two values."""
        operator = expression.operator
        if operator in ("&&", "||"):
            what = f"the condition at line {expression.line}"
            left = is_true(self.value(expression.left, frame), what)
            if left == (operator == "||"):
                return logical([[left]])
            return logical([[is_true(self.value(expression.right, frame), what)]])
        self.budget.step()
        left_value = self.value(expression.left, frame)
        right_value = self.value(expression.right, frame)
        return binary(operator, left_value, right_value, self.budget)

    def range(self, expression: syntax.Range, frame: Frame) -> Value:
        """``a:b:c``."""
        start, stop = (self.value(one, frame) for one in (expression.start, expression.stop))
        step = ONE if expression.step is None else self.value(expression.step, frame)
        what = f"the range at line {expression.line}"
        return make_range((start, step, stop), what, self.budget)

    def end(self, frame: Frame) -> Value:
        """The value of ``end`` in the index that is being read."""
        if not frame.ends:
            raise CodeError("'end' is only within an index.")
        value, at, count = frame.ends[-1]
        size: Sequence[Any] = value.shape
        if at < count - 1:
            return scalar(size[at] if at < len(size) else 1)
        return scalar(prod(size[at:]))

    def arguments(
        self,
        expressions: Sequence[syntax.Expression],
        frame: Frame,
        indexing: Value | None = None,
    ) -> list[Value]:
        """Values between parentheses; ``:`` only where something is indexed."""
        found: list[Value] = []
        for at, one in enumerate(expressions):
            if indexing is not None:
                frame.ends.append((indexing, at, len(expressions)))
            if isinstance(one, syntax.Colon):
                found.append(Chars(":"))
            elif isinstance(one, syntax.Index | syntax.Field):
                found += self.values(one, frame, 1)
            else:
                found.append(self.value(one, frame))
            if indexing is not None:
                frame.ends.pop()
        return found

    def places(
        self, expressions: Sequence[syntax.Expression], frame: Frame, value: Value
    ) -> list[Place]:
        """What is between the parentheses of an index."""
        if len(expressions) == 1 and isinstance(expressions[0], syntax.Colon):
            return [Everything()]
        return [as_place(one) for one in self.arguments(expressions, frame, value)]

    def indexed(self, expression: syntax.Index, frame: Frame, outputs: int) -> tuple[Value, ...]:
        """``base(...)`` or ``base{...}``."""
        base = expression.base
        if not expression.is_braces:
            called = self.called(base, expression.arguments, frame, outputs)
            if called is not None:
                return called
        value = self.value(base, frame)
        if isinstance(value, FunctionHandle) and not expression.is_braces:
            arguments = self.arguments(expression.arguments, frame)
            return self.call_value(value, arguments, outputs)
        if isinstance(value, Map):
            keys = self.arguments(expression.arguments, frame)
            return (entry(value, keys, expression.is_braces),)
        places = self.places(expression.arguments, frame, value)
        if not expression.is_braces:
            return (index(value, places, self.budget),)
        if not isinstance(value, Cell):
            raise CodeError(f"Braces cannot index a {class_name(value)}.")
        if value.is_string:
            raise UnsupportedCodeError("Braces on strings are not supported.")
        found = index(value, places, self.budget)
        assert isinstance(found, Cell)
        return found.items

    def called(
        self,
        base: syntax.Expression,
        expressions: Sequence[syntax.Expression],
        frame: Frame,
        outputs: int,
    ) -> tuple[Value, ...] | None:
        """The results where ``base(...)`` is a call by name, else None."""
        if isinstance(base, syntax.Name):
            if base.name in frame.variables:
                return None
            arguments = self.arguments(expressions, frame)
            self.place = (frame.path, base.line)
            return self.call_named(base.name, arguments, outputs, frame)
        if not isinstance(base, syntax.Field) or not isinstance(base.name, str):
            return None
        dotted = syntax.dotted_name(base)
        if dotted is not None and dotted.partition(".")[0] not in frame.variables:
            return self.call_dotted(dotted, expressions, frame, outputs)
        if isinstance(base.base, syntax.Name | syntax.Field | syntax.Index):
            holder = self.value(base.base, frame)
            if isinstance(holder, Object) and base.name not in holder.properties:
                method = holder.definition.method(base.name)
                if method is not None:
                    arguments = self.arguments(expressions, frame)
                    first = () if method.said.is_static else (holder,)
                    return self.call_user(method, [*first, *arguments], outputs)
            if (isinstance(holder, InputParser) and base.name in PARSER_METHODS) or (
                isinstance(holder, Map) and base.name in MAP_METHODS
            ):
                arguments = [holder, *self.arguments(expressions, frame)]
                return self.call_named(base.name, arguments, outputs, frame)
        return None

    def call_dotted(
        self,
        dotted: str,
        expressions: Sequence[syntax.Expression],
        frame: Frame,
        outputs: int,
    ) -> tuple[Value, ...]:
        """``pkg.function(...)``, or a static method ``Class.method(...)``."""
        if dotted in TABLE or self.program.is_helper(dotted, frame.function):
            return self.call_named(dotted, self.arguments(expressions, frame), outputs, frame)
        function = self.program.function(dotted, frame.path)
        if function is None:
            owned, name = self.program.of_class(dotted, frame.function)
            function = None if owned is None else owned.method(name)
            if owned is not None and name in owned.said.members:
                return (Member(owned, name),)
            if owned is not None and function is None and name in owned.properties:
                constant = self.object(owned, {}).properties.get(name)
                if constant is not None:
                    return (constant,)
        if function is None:
            raise UnsupportedCodeError(
                f"'{dotted}' is neither a variable nor in the code.",
                remedy="name the folder that holds its package (+folder): "
                f"{argument('code', ['DIR'])}.",
            )
        return self.call_user(function, self.arguments(expressions, frame), outputs)

    def of_superclass(
        self, expression: syntax.OfSuperclass, frame: Frame, outputs: int
    ) -> tuple[Value, ...]:
        """``method@Base(...)``."""
        owner = frame.function.owner if frame.function else None
        name = expression.superclass
        above = [one for one in (owner.bases if owner else ()) if one.name == name]
        method = above[0].method(expression.method) if above else None
        if method is None:
            raise UnsupportedCodeError(f"The code has no method {expression.method} of {name}.")
        return self.call_user(method, self.arguments(expression.arguments, frame), outputs)

    def field_name(self, said: str | syntax.Expression, frame: Frame) -> str:
        """The name of a field, checked where it is computed."""
        return said if isinstance(said, str) else field_name(self.value(said, frame))

    @staticmethod
    def accessor(value: Object, kind: str, name: str, frame: Frame) -> FunctionDefinition | None:
        """The ``get`` or ``set`` method of a property; None within that method, and without one."""
        method = value.definition.accessor(kind, name)
        within = frame.function.said if frame.function is not None else None
        return None if method is None or method.said is within else method

    def field_of(self, value: Value, name: str, frame: Frame) -> Value:
        """The value of a field or property."""
        if isinstance(value, Struct):
            if name not in value.fields:
                raise CodeError(
                    f"There is no field '{name}'.",
                    remedy=f"it has: {', '.join(list(value.fields)[:20]) or 'none'}.",
                )
            return value.fields[name]
        if isinstance(value, Object):
            getter = self.accessor(value, "get", name, frame)
            if getter is not None:
                return self.call_user(getter, (value,), 1)[0]
            if name in value.properties:
                return value.properties[name]
            raise CodeError(
                f"The code reads the property '{name}', which neither the file nor the class "
                f"{value.definition.name} holds."
            )
        if isinstance(value, InputParser) and name in value.properties:
            return value.properties[name]
        if isinstance(value, Map):
            return property_of(value, name)
        if isinstance(value, Net) and name == "State" and value.state:
            return Struct(value.state)
        if isinstance(value, Net):
            raise UnsupportedCodeError(
                f"The code reads {name} of a network: only predict and forward are known here.",
                remedy="train networks in torch: net.to_torch().",
            )
        raise CodeError(f"A {class_name(value)} has no field '{name}'.")

    # --- function handles ---------------------------------------------------------------

    def closure(self, expression: syntax.Lambda, frame: Frame) -> FunctionHandle:
        """An anonymous function with the variables that it sees now."""
        captured = {} if expression.is_closed else dict(frame.variables)
        inputs = expression.inputs

        def call(arguments: Sequence[Value], outputs: int) -> tuple[Value, ...]:
            has_rest = bool(inputs) and inputs[-1] == "varargin"
            if len(arguments) > len(inputs) and not has_rest:
                raise CodeError(f"Too many inputs: {len(arguments)} instead of {len(inputs)}.")
            variables = dict(captured)
            for name in inputs:
                variables.pop(name, None)
            fixed = inputs[:-1] if has_rest else inputs
            variables |= dict(zip(fixed, arguments, strict=False))
            if has_rest:
                rest = tuple(arguments[len(fixed) :])
                variables["varargin"] = Cell((1, len(rest)), rest)
            self._enter()
            inner = Frame(frame.function, variables, len(arguments), outputs)
            results = self.values(expression.body, inner, outputs)
            self.depth -= 1
            return results

        return FunctionHandle(f"@({','.join(inputs)}) ...", call)

    def handle(self, name: str, frame: Frame) -> FunctionHandle:
        """``@name``."""

        def call(arguments: Sequence[Value], outputs: int) -> tuple[Value, ...]:
            if "." in name:
                function = self.program.function(name, frame.path)
                if function is None:
                    raise UnsupportedCodeError(f"'{name}' is not in the code.")
                return self.call_user(function, arguments, outputs)
            return self.call_named(name, arguments, outputs, frame)

        return FunctionHandle(name, call)


_NOTHING = syntax.Function(1, "", (), (), ())
