"""The classes and functions of a user's MATLAB code: found by name, checked, and run.

>>> program = Program(sources)                                    # doctest: +SKIP
>>> definition = program.class_named("preluLayer", ["Alpha", "Name"])   # doctest: +SKIP
>>> layer = program.object(definition, {"Alpha": torch.ones(1, 1, 3)})  # doctest: +SKIP
>>> program.check(definition.method("predict"))                   # doctest: +SKIP
>>> Z, = program.call(definition.method("predict"), [layer, X])   # doctest: +SKIP

Nothing is evaluated, opened or executed: a name reaches a variable, a function of the same file, a
method, what :class:`Sources` finds, or the table of functions, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UnsupportedCodeError
from ..language.source import CodeLimits
from .definitions import ClassDefinition, FunctionDefinition, Problem, Sources
from .finding import Finder
from .gradients import differentiated
from .interpreter import Interpreter
from .reachable import reached
from .values import Object, Value, value_of


class Program(Finder):
    """All code that one model may reach; made as :class:`Finder` is."""

    def __init__(self, sources: Sources, limits: CodeLimits | None = None) -> None:
        super().__init__(sources, limits)
        #: Functions, by file and line, that may reach ``dlgradient``.
        self._differentiating: dict[str, bool] = {}

    # --- running ------------------------------------------------------------------------

    def object(self, definition: ClassDefinition, properties: Mapping[str, Any]) -> Object:
        """An object with the values of a file; constants and defaults come from the class.

        The constructor never runs. Defaults that are no literals and arithmetic are left out; code
        that reads them says so.
        """
        return Interpreter(self).object(definition, properties)

    def call(
        self, function: FunctionDefinition, arguments: Sequence[Any], outputs: int = 1
    ) -> tuple[Value, ...]:
        """Run a function or method.

        Parameters
        ----------
        arguments:
            Values, or what :func:`.values.value_of` makes values of. Tensors are in MATLAB's order
            of dimensions. A method has its object as the first.
        outputs:
            ``nargout``.

        Returns
        -------
        tuple
            As many values; :func:`.values.python_of` gives Python's. A method that changes its
            object (State) gives the changed object among its outputs, as in MATLAB. A function
            that differentiates (``dlgradient``) is called as by ``dlfeval``.

        Raises
        ------
        CodeError
            What MATLAB would refuse as well: sizes that do not fit, no such field.
        CodeLimitError
            A limit is exceeded.
        UnsupportedCodeError
            Something that this version does not run.
        DataDependentCodeError
            While a model is exported: a branch, loop or index depends on the values of data.
        """

        def run(values: Sequence[Value]) -> tuple[Value, ...]:
            return Interpreter(self).run(function, values, outputs)

        values = [value_of(one) for one in arguments]
        return differentiated(run, values) if self._differentiates(function) else run(values)

    def _differentiates(self, function: FunctionDefinition) -> bool:
        """Whether the function may reach ``dlgradient``."""
        found = self._differentiating.get(function.where)
        if found is None:
            found = self._differentiating[function.where] = "dlgradient" in self.used(function)[0]
        return found

    def problems(self, function: FunctionDefinition) -> list[Problem]:
        """All that the function may reach and that this version does not run."""
        return reached(self, function).problems

    def check(self, function: FunctionDefinition) -> None:
        """Report all that is missing at once, before anything runs.

        Raises ``UnsupportedCodeError``: with a line for each thing that is missing.
        """
        found = self.problems(function)
        if found:
            lines = "\n".join(f"{one.where}: {one.what}" for one in found)
            raise UnsupportedCodeError(
                f"The code of {function.name} uses what is not known here:\n{lines}",
                where=(function.file.path,),
                remedy="write it with functions of docs/custom-code.md, or register a layer in "
                "Python: @matlab_compat.register.",
            )

    def used(self, function: FunctionDefinition) -> tuple[list[str], list[str]]:
        """Names of the table, and files of the code, that the function may reach."""
        found = reached(self, function)
        return sorted(found.functions), list(found.files)
