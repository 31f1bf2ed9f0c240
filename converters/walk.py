"""The values of a file, one after the other, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from matlab_compat.errors import LimitExceededError, MatFileError

from .matfile import MatFile
from .matfile.reader import only_matfile_errors
from .matfile.values import Damaged, MatObject, ObjectArray, StructArray, Value
from .saved import children, is_leaf

#: Values looked into in one variable; a workspace file of 10 MB has some thousands.
MAX_VISITED = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Place:
    """A value, and where it is."""

    #: The MATLAB expression that reaches it.
    path: str
    #: A struct first as it is, then each element as a mapping.
    value: Value | Mapping[str, Value]
    #: What lies in the same struct, and in the value if it is one.
    beside: dict[str, Value] = field(default_factory=dict)
    #: How many values it lies in.
    depth: int = 0


def root_of(path: str) -> str:
    """The variable that a MATLAB expression begins with."""
    return path.replace("{", ".").replace("(", ".").split(".")[0]


def plain_path(path: str) -> str:
    """The expression without the structs ``any`` that a class's ``saveobj`` makes."""
    steps = path.split(".")
    return ".".join(step for i, step in enumerate(steps) if step != "any" or not i)


def may_hold_models(class_name: str) -> bool:
    """Whether a variable of this class can have objects in it."""
    plain = {"double", "single", "logical", "char", "string", "table", "timetable", "categorical"}
    plain |= {"datetime", "duration", "dlarray", "gpuArray"}
    return not (class_name in plain or class_name.startswith(("int", "uint")))


def is_under(path: str, variable: str) -> bool:
    """Whether ``path`` is what ``variable`` names or within it (``s.net2`` is not in ``s.net``)."""
    return path == variable or (path.startswith(variable) and path[len(variable)] in ".({")


def walk_all(
    mat: MatFile, look: Callable[[Place], tuple[list[T], bool]], variable: str | None = None
) -> list[T]:
    """:func:`walk` in all variables, the damaged ones passed over; or in the one that is named."""
    if variable is not None:
        return walk(mat, root_of(variable), look)
    found: list[T] = []
    for info in mat.variables:
        if may_hold_models(info.class_name):
            with suppress(MatFileError):
                found += walk(mat, info.name, look)
    return found


def objects_in(
    mat: MatFile,
    wanted: Callable[[MatObject], bool],
    variable: str | None = None,
    *,
    inside: bool = False,
) -> list[tuple[str, MatObject]]:
    """The wanted objects of a file, or in what ``variable`` names, and where.

    Others are looked into if ``inside``.
    """

    def look(place: Place) -> tuple[list[tuple[str, MatObject]], bool]:
        value, names = place.value, (place.path, plain_path(place.path))
        if not isinstance(value, MatObject) or not wanted(value):
            return [], inside or not isinstance(value, MatObject)
        is_meant = variable is None or any(is_under(name, variable) for name in names)
        return [(place.path, value)] if is_meant else [], False

    return walk_all(mat, look, variable)


def walk(mat: MatFile, variable: str, look: Callable[[Place], tuple[list[T], bool]]) -> list[T]:
    """What is found in a variable, outer values before those inside them.

    Parameters
    ----------
    look:
        Gives what it finds at a place, and whether to look inside.
    """
    root = mat[variable]
    with only_matfile_errors(f"the layers in {variable}"):
        return list(_walk(Place(variable, root), look))


def _walk(root: Place, look: Callable[[Place], tuple[list[T], bool]]) -> Iterator[T]:
    """Depth-first, in order, on an explicit stack; every object once."""
    stack, seen, visited = [root], set[int](), 0
    while stack:
        place = stack.pop()
        visited += 1
        if visited > MAX_VISITED:
            raise LimitExceededError(
                f"More than {MAX_VISITED} values to search.", where=(root.path,)
            )
        if not isinstance(place.value, dict):
            found, go_on = look(place)
            yield from found
            if not go_on:
                continue
        inner, depth = [], place.depth + 1
        for step, fields in _struct_elements(place.value):
            path = place.path + step
            found, go_on = look(Place(path, fields, {**place.beside, **fields}, place.depth))
            yield from found
            items = fields.items() if go_on else ()
            inner += [Place(f"{path}.{name}", item, fields, depth) for name, item in items]
        if not isinstance(place.value, dict | StructArray):
            inner = [
                Place(place.path + step, item, {}, depth)
                for step, item in _inside(place.value, seen)
            ]
        stack += [place for place in reversed(inner) if not is_leaf(place.value)]


def _struct_elements(value: Value) -> list[tuple[str, dict[str, Value]]]:
    """The elements of a struct array, each with its index expression."""
    if isinstance(value, dict):
        return [("", value)]
    if not isinstance(value, StructArray) or not value.fields:  # whose size may be in millions
        return []
    if len(value) > MAX_VISITED:
        raise LimitExceededError(f"More than {MAX_VISITED} elements of a struct array to search.")
    many = value.shape != (1, 1)
    return [(f"({i})" * many, element) for i, element in enumerate(value.elements(), 1)]


def _inside(value: Value, seen: set[int]) -> Iterator[tuple[str, Value]]:
    """What is inside a cell, an object or an array of objects.

    Each object once: handles may point at each other.
    """
    if isinstance(value, MatObject):
        if id(value) in seen:
            return
        seen.add(id(value))
        try:
            properties = value.properties
        except MatFileError as error:
            yield "", Damaged(value.class_name, error)
            return
        yield from ((f".{name}", item) for name, item in properties.items())
    elif isinstance(value, ObjectArray):
        yield from ((f"({i})", element) for i, element in enumerate(value.elements, 1))
    elif not isinstance(value, Damaged):
        yield from children(value)
