"""What the decoders of both levels leave where an object stands, until it is looked up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .values import FunctionHandle, MatObject, ObjectArray, StructArray, Value, sound

#: The first word of every reference to objects; it marks function handles in the store too.
REFERENCE = 0xDD000000
#: The field by which the struct that stands for enumeration members is known.
ENUMERATION_TAG = "EnumerationInstanceTag"


@dataclass(frozen=True, eq=False)
class Opaque:
    """An object in a file: its class as written beside it, and a reference to its values.

    ``type_system`` is ``MCOS`` for MATLAB classes; ``java`` and others are not readable.
    """

    type_system: str
    class_name: str
    value: Value


def replace_leaves(root: Value, replace: Callable[[Value], Value]) -> Value:
    """``root`` with every value that is no container replaced, in place and without recursion.

    Containers are cells, structs, function handles (their workspace) and old-style objects.
    Function handles that the object store keeps as a cell become :class:`FunctionHandle`.
    """
    holder = [root]
    waiting: list[Any] = [holder]
    while waiting:
        children = waiting.pop()
        # Copies: assigning to a numpy iterator starts it anew.
        is_dict = isinstance(children, dict)
        for key, stored in list(children.items() if is_dict else enumerate(list(children))):
            value = children[key] = _as_handle(stored)
            inner = _inner(value)
            waiting.extend(inner)
            if not inner:
                children[key] = replace(value)
    return holder[0]


def _inner(value: Value) -> Sequence[Any]:
    """The mutable collections that hold the children of a container; none for a leaf."""
    if isinstance(value, np.ndarray):
        return (value.flat,) if value.dtype.hasobject else ()
    if isinstance(value, StructArray) and ENUMERATION_TAG not in value.fields:
        return list(value.fields.values())
    if isinstance(value, FunctionHandle):
        return _inner(value.raw)
    if isinstance(value, MatObject) and value.legacy:
        return (value.properties,)
    if isinstance(value, ObjectArray):
        return [element.properties for element in value.elements if element.legacy]
    return ()


def _as_handle(value: Value) -> Value:
    """In the object store a function handle is a cell: the mark, and the struct about it."""
    if not isinstance(value, np.ndarray) or value.dtype != object or value.shape != (2, 1):
        return value
    mark, about = value[:, 0]
    is_marked = isinstance(mark, np.ndarray) and mark.dtype == np.uint32 and mark.size == 1
    if is_marked and mark.item() == REFERENCE and isinstance(about, StructArray):
        return FunctionHandle(function_text(about), about)
    return value


def function_text(raw: Value) -> str:
    """The text of a function handle, as MATLAB shows it; ``MatFileError`` where it is damaged."""
    if isinstance(raw, StructArray) and raw.shape == (1, 1):
        if "function_handle" in raw:
            return function_text(sound(raw["function_handle"]))
        text = sound(raw["function"]) if "function" in raw else None
        if isinstance(text, str):
            # Anonymous functions carry a compiler's prefix such as "sf%0".
            return text[text.index("@") :] if "@" in text else "@" + text
    return ""


def legacy_object(class_name: str, struct: StructArray) -> MatObject | ObjectArray:
    """An object of a class folder (``@name``): its struct of fields, element by element."""
    objects = [
        MatObject(class_name, partial(dict, element), legacy=True) for element in struct.elements()
    ]
    return objects[0] if struct.shape == (1, 1) else ObjectArray(class_name, struct.shape, objects)
