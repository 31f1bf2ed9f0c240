"""Finds functions and classes of the user's files by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import CodeError, CodeLimitError, UnsupportedCodeError
from ..language import syntax
from ..language.parsing import parse
from ..language.source import CodeLimits, Source, to_raise
from ..wording import argument
from .definitions import INHERITED, ClassDefinition, FunctionDefinition, Sources
from .functions import IMPORTED

_NAME = re.compile(r"[A-Za-z]\w{0,62}(\.[A-Za-z]\w{0,62})*", re.ASCII)


def variables_of(function: syntax.Function) -> frozenset[str]:
    """Names that are variables anywhere in a function."""
    names = {*function.inputs, *function.outputs, "varargin"}
    for node in nodes_of(function):
        if isinstance(node, syntax.Assign):
            names.update(map(root_of, node.targets))
        elif isinstance(node, syntax.For):
            names.add(node.variable)
        elif isinstance(node, syntax.Lambda):
            names.update(node.inputs)
        elif isinstance(node, syntax.Try) and node.error:
            names.add(node.error)
        elif isinstance(node, syntax.Persistent):
            names.update(node.names)
    return frozenset(names)


def root_of(target: syntax.Expression | None) -> str:
    """The variable that a target is, or is a part of; '' where there is none."""
    while isinstance(target, syntax.Index | syntax.Field):
        target = target.base
    return target.name if isinstance(target, syntax.Name) else ""


def nodes_of(function: syntax.Function) -> Iterator[syntax.Node]:
    """All that a function says, but for functions within it."""
    for block in (function.arguments, function.body):
        for node in block:
            yield from node.walk()


class Finder:
    """Finds functions and classes by name."""

    def __init__(self, sources: Sources, limits: CodeLimits | None = None) -> None:
        self.sources = sources
        self.limits = limits or CodeLimits()
        self._files: dict[str, syntax.File] = {}
        self._functions: dict[tuple[str, str], FunctionDefinition | None] = {}
        self._classes: dict[str, ClassDefinition] = {}

    # --- finding ------------------------------------------------------------------------

    def file(self, source: Source) -> syntax.File:
        """The syntax tree of a file, read once.

        Raises ``CodeError`` or ``CodeLimitError``: it cannot be read.
        """
        if source.path not in self._files:
            if len(self._files) >= self.limits.files:
                raise CodeLimitError(
                    f"The code uses more than {self.limits.files} files.",
                    remedy=to_raise("files"),
                )
            self._files[source.path] = parse(source.text, source.path, self.limits)
        return self._files[source.path]

    def read(self, path: str) -> syntax.File:
        """The syntax tree of a file that was read before."""
        return self._files[path]

    def class_named(self, name: str, properties: Sequence[str] | None = None) -> ClassDefinition:
        """The class of that name.

        Raises ``UnsupportedCodeError``: no file defines it, or several do.

        Parameters
        ----------
        name:
            With its package, as the ``.mat`` says it.
        properties:
            Names that the saved object has: where several files fit the name, the one that
            declares all of these is taken.
        """
        if not _NAME.fullmatch(name):
            raise CodeError(f"{name!r} is no name of a class.")
        key = f"{name}({','.join(sorted(properties))})" if properties is not None else name
        if key not in self._classes:
            self._classes[key] = self._chosen_class(name, properties)
        return self._classes[key]

    def has_class(self, name: str) -> bool:
        """Whether a file of the code may define the class."""
        return _NAME.fullmatch(name) is not None and bool(self.sources.find(name))

    def _chosen_class(self, name: str, properties: Sequence[str] | None) -> ClassDefinition:
        short = name.rpartition(".")[2]
        found = []
        for source in self.sources.find(name):
            file = self.file(source)
            if file.defined is not None and file.defined.name == short:
                found.append(self._class(name, file, 0))
        if properties is not None and len(found) > 1:
            fitting = [one for one in found if set(properties) <= set(one.properties) | INHERITED]
            found = fitting or found
        if not found:
            raise UnsupportedCodeError(
                f"No file of the code defines the class {name}.",
                remedy=f"name the folder of {short}.m: {argument('code', ['DIR'])}.",
            )
        if len(found) > 1:
            paths = ", ".join(one.path for one in found)
            raise UnsupportedCodeError(
                f"Several files define the class {name}: {paths}.",
                remedy="name the folder of the right one alone.",
            )
        return found[0]

    def _class(self, name: str, file: syntax.File, depth: int) -> ClassDefinition:
        assert file.defined is not None
        if depth > 20:
            raise CodeError(f"The class {name} inherits from itself.", where=(file.path,))
        bases, foreign = [], []
        for above in file.defined.superclasses:
            if above.startswith(("nnet.", "matlab.")) or above == "handle":
                foreign.append(above)
                continue
            found = [
                parsed
                for source in self.sources.find(above, file.path)
                if (parsed := self.file(source)).defined is not None
            ]
            if len(found) != 1:
                what = "no file" if not found else "several files"
                raise UnsupportedCodeError(
                    f"The class {name} inherits from {above}, which {what} of the code define.",
                    where=(f"{file.path}:{file.defined.line}",),
                )
            bases.append(self._class(above, found[0], depth + 1))
        return ClassDefinition(name, file.defined, file, tuple(bases), tuple(foreign))

    def of_class(
        self, dotted: str, function: FunctionDefinition | None
    ) -> tuple[ClassDefinition | None, str]:
        """The class in ``Class.method`` or ``Class.Constant``, or None, and what it has."""
        name, _, last = dotted.rpartition(".")
        own = function.owner if function is not None else None
        if own is not None and name in (own.said.name, own.name):
            return own, last
        return (self.class_named(name) if self.has_class(name) else None), last

    def function(self, name: str, near: str = "") -> FunctionDefinition | None:
        """The function that a file of the code defines under its own name, or None.

        Raises ``UnsupportedCodeError``: several files define it, and none is nearer than the
        others.
        """
        if not _NAME.fullmatch(name):
            return None
        key = (name, near)
        if key not in self._functions:
            self._functions[key] = self._found_function(name, near)
        return self._functions[key]

    def nearby(self, name: str, function: FunctionDefinition) -> FunctionDefinition | None:
        """The function that a caller's ``import`` lines bring in, or that its file has, or None."""
        for said in function.said.imports:
            package, _, last = said.rpartition(".")
            if last in ("*", name):
                found = self.function(f"{package}.{name}", function.file.path)
                if found is not None:
                    return found
        local = function.file.function(name)
        return None if local is None else FunctionDefinition(local, function.file)

    @staticmethod
    def is_helper(name: str, function: FunctionDefinition | None) -> bool:
        """Whether a name means a helper of generated code: of a package "ops", or imported so."""
        package, _, last = name.rpartition(".")
        if last not in IMPORTED:
            return False
        if package:
            return package.rpartition(".")[2] == "ops" or name == "coder.target"
        imports = function.said.imports if function is not None else ()
        return any(one.endswith((".ops.*", f".ops.{name}")) for one in imports)

    def _found_function(self, name: str, near: str) -> FunctionDefinition | None:
        found = list(self.sources.find(name, near))
        if not found:
            return None
        if len(found) > 1:
            raise UnsupportedCodeError(
                f"Several files define {name}: {', '.join(one.path for one in found)}.",
                remedy="name the folder of the right one alone.",
            )
        file = self.file(found[0])
        if file.defined is not None or not file.functions:
            return None
        return FunctionDefinition(file.functions[0], file)
