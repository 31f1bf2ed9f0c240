"""What a user's files define: functions, and classes with those that they inherit from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from ..language.source import Source
from ..language.syntax import Class, File, Function, Property

#: Properties that every layer has without declaring them.
INHERITED = frozenset(
    {
        "Name",
        "Description",
        "Type",
        "NumInputs",
        "NumOutputs",
        "NumStates",
        "InputNames",
        "OutputNames",
        "StateNames",
    }
)


class Sources(Protocol):
    """Where files come from. ``converters.code_folders.CodeFolders`` reads folders."""

    def find(self, name: str, near: str = "") -> Sequence[Source]:
        """The files that define a function or class, the nearest first; one is the normal case.

        Parameters
        ----------
        name:
            With its package: ``pkg.name``.
        near:
            The path of the file that asks, whose ``private`` and own folder come first.
        """


class Texts:
    """Sources from a dict of texts by name, for tests and for code that lies in no folder."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def find(self, name: str, near: str = "") -> Sequence[Source]:
        """See :class:`Sources`."""
        found = self.texts.get(name)
        return [] if found is None else [Source(name, f"{name}.m", found)]


@dataclass(frozen=True, eq=False)
class FunctionDefinition:
    """A function or method of the code."""

    #: What the file says.
    said: Function
    #: All that the file says: local functions.
    file: File
    #: The class that defines it as a method.
    owner: ClassDefinition | None = None
    #: The class whose objects it is called for, which may inherit it.
    called_on: ClassDefinition | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.said.name

    @property
    def where(self) -> str:
        """``file.m:12``."""
        return f"{self.file.path}:{self.said.line}"


@dataclass(frozen=True, eq=False)
class ClassDefinition:
    """A class of the code with those that it inherits from."""

    #: With its package.
    name: str
    #: What its file says.
    said: Class
    #: All that the file says.
    file: File
    #: Superclasses that are in the code too.
    bases: tuple[ClassDefinition, ...]
    #: Names of the other superclasses: ``nnet.layer.Layer``.
    foreign: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """How messages name the file."""
        return self.file.path

    @property
    def properties(self) -> dict[str, Property]:
        """All properties by name, inherited ones first; with ``has("learnable")`` and the like."""
        found: dict[str, Property] = {}
        for base in self.bases:
            found |= base.properties
        return found | {one.name: one for one in self.said.properties}

    def method(self, name: str) -> FunctionDefinition | None:
        """The method of that name, of this class or inherited; the constructor is none."""
        if name == self.said.name:
            return None
        own = self.said.method(name)
        if own is not None:
            return FunctionDefinition(own, self.file, self, self)
        inherited = (m for base in self.bases if (m := base.method(name)) is not None)
        found = next(inherited, None)
        return None if found is None else replace(found, called_on=self)

    @cached_property
    def accessors(self) -> frozenset[str]:
        """The names of its ``get`` and ``set`` methods: "get.Size"."""
        own = (one.name for one in self.said.methods if "." in one.name)
        return frozenset(own).union(*(base.accessors for base in self.bases))

    def accessor(self, kind: str, name: str) -> FunctionDefinition | None:
        """The method ``get.name`` or ``set.name``, or None."""
        whole = f"{kind}.{name}"
        return self.method(whole) if whole in self.accessors else None

    @property
    def superclasses(self) -> tuple[str, ...]:
        """Names of all superclasses, those of superclasses too."""
        names = list(self.foreign)
        for base in self.bases:
            names += [base.name, *base.superclasses]
        return tuple(dict.fromkeys(names))

    @property
    def is_formattable(self) -> bool:
        """Whether the layer takes and gives labelled data."""
        return "nnet.layer.Formattable" in self.superclasses


@dataclass(frozen=True, eq=False)
class Elements:
    """An array of structs from outside."""

    #: Its size.
    shape: tuple[int, ...]
    #: The fields of each element, column-major.
    items: tuple[Mapping[str, Any], ...]


class Properties(dict[str, Any]):
    """An object from outside of a class that the code lacks."""

    def __init__(self, class_name: str, properties: Mapping[str, Any]) -> None:
        super().__init__(properties)
        self.class_name = class_name


@dataclass(frozen=True)
class Problem:
    """Something in the code that this version does not run."""

    #: ``file.m:12``.
    where: str
    #: "uses imwarp, which is not among the functions known here".
    what: str
