"""MATLAB's ``containers.Map`` and ``dictionary``: values by keys.

Sources: the documentation pages of containers.Map, dictionary and of their functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import CodeError, CodeSaidError, UnsupportedCodeError
from ..limits import Budget
from ..numeric import elements, logical, scalar
from ..numeric import known as counted
from ..operators import class_name, known_scalar, text
from ..values import Cell, Chars, Map, Value
from .registry import Call, known
from .texts import items_of, uniform

#: What is called with a dot, too: ``m.isKey('a')``.
MAP_METHODS = frozenset({"isKey", "keys", "length", "remove", "values"})
_CONTAINER = "containers.Map"


@known(_CONTAINER)
def _map(call: Call, *arguments: Value) -> Value:
    """MATLAB's documentation of containers.Map: of keys with values, or empty with a KeyType."""
    given, kind, made = list(arguments), "char", Map({})
    while len(given) >= 2 and isinstance(given[-2], Chars):
        name = given[-2].value.lower()
        if name not in ("keytype", "valuetype", "uniformvalues") or len(given) % 2:
            break
        kind = text(given[-1], "the KeyType") if name == "keytype" else kind
        given = given[:-2]
    made.is_text = kind in ("char", "string")
    if not given:
        return made
    if len(given) != 2:
        raise CodeError("containers.Map needs keys and values, or a KeyType and a ValueType.")
    names, values = given
    keys = names.items if isinstance(names, Cell) else (names,)
    found = items_of("arrayfun", values) if isinstance(names, Cell) else [values]
    if isinstance(names, Cell) and isinstance(values, Cell) and not values.is_string:
        found = list(values.items)
    return _filled(call.budget, made, keys, found)


@known("dictionary")
def _dictionary(call: Call, *arguments: Value) -> Value:
    """MATLAB's documentation of dictionary: of arrays of keys and values, or pair by pair."""
    if len(arguments) % 2:
        raise CodeError("dictionary needs a value for each key.")
    made = Map({}, is_handle=False)
    for names, values in zip(arguments[::2], arguments[1::2], strict=True):
        keys = _keys(names)
        found = [values] if isinstance(values, Chars) else items_of("arrayfun", values)
        made = _filled(call.budget, made, keys, found * len(keys) if len(found) == 1 else found)
    return made


def _keys(names: Value) -> list[Value]:
    """The keys that an array of texts or numbers is; characters are one key."""
    if isinstance(names, Cell) and not names.is_string:
        return list(names.items)
    return [names] if isinstance(names, Chars) else items_of("arrayfun", names)


def _filled(budget: Budget, made: Map, keys: Sequence[Value], values: Sequence[Value]) -> Map:
    if len(keys) != len(values):
        raise CodeError(f"There are {len(values)} values for {len(keys)} keys.")
    if keys and not made.entries:
        made.is_text = isinstance(keys[0], Chars)
    for key, value in zip(keys, values, strict=True):
        made = with_entry(made, key, value, budget)
    return made


def _key(one: Map, key: Value) -> Any:
    if isinstance(key, Cell) and key.shape == (1, 1):
        key = key.items[0]
    if one.is_text != isinstance(key, Chars):
        raise CodeSaidError(
            "Specified key type does not match the type expected for this container."
        )
    return key.value if isinstance(key, Chars) else float(known_scalar(key, "a key"))


def entry(one: Map, keys: Sequence[Value], is_braces: bool) -> Value:
    """``m(key)``, or ``d{key}``.

    Raises ``CodeSaidError`` where there is no such key: MATLAB does, too.
    """
    if len(keys) != 1 or (elements(keys[0].shape) != 1 and not isinstance(keys[0], Chars)):
        raise UnsupportedCodeError(f"Only one key at a time is supported in {class_name(one)}.")
    found = one.entries.get(_key(one, keys[0]))
    if found is None:
        raise CodeSaidError("The specified key is not present in this container.")
    if not is_braces:
        return found
    if not isinstance(found, Cell) or one.is_handle:
        raise CodeError(f"Braces cannot index a {class_name(one)} of such values.")
    return found.items[0]


def with_entry(one: Map, key: Value, value: Value | None, budget: Budget) -> Map:
    """With one value set, or without it: a dictionary anew, a containers.Map itself."""
    if not one.entries and not one.is_handle:
        one = Map({}, isinstance(key, Chars), False)
    if one.is_kept and one.is_handle:
        raise UnsupportedCodeError(
            "The code changes a containers.Map of a property, from call to call.",
            remedy="fill it where the property is declared.",
        )
    budget.made((len(one.entries) + 1, 1))
    entries = one.entries if one.is_handle else dict(one.entries)
    place = _key(one, key)
    if value is None:
        if place not in entries:
            raise CodeSaidError("The specified key is not present in this container.")
        del entries[place]
    else:
        is_text = isinstance(value, Chars) and not one.is_handle
        entries[place] = Chars(value.value, True) if is_text else value  # type: ignore[union-attr]
    return one if one.is_handle else Map(entries, one.is_text, False)


def property_of(one: Map, name: str) -> Value:
    """``Count``, ``KeyType`` or ``ValueType`` of a containers.Map."""
    match name:
        case "Count" if one.is_handle:
            return counted(len(one.entries), "uint64")
        case "KeyType" if one.is_handle:
            return Chars("char" if one.is_text else "double")
        case "ValueType" if one.is_handle:
            return Chars("any")
    raise CodeError(f"A {class_name(one)} has no property '{name}'.")


def _of(call: Call, value: Value) -> Map:
    if not isinstance(value, Map):
        raise CodeError(f"{call.name} is for a containers.Map or a dictionary.")
    return value


def _listed(call: Call, one: Map, values: list[Value]) -> Value:
    """A row of cells of a containers.Map, a column of a dictionary."""
    if one.is_handle:
        return Cell((1, len(values)), tuple(values))
    if values and all(isinstance(value, Chars) for value in values):
        return Cell((len(values), 1), tuple(values), is_string=True)
    if values and all(isinstance(value, Cell) for value in values):
        inner = [value.items[0] for value in values if isinstance(value, Cell)]
        return Cell((len(values), 1), tuple(inner))
    return uniform(call, values, (len(values), 1))


def _sorted(one: Map) -> list[Any]:
    return sorted(one.entries) if one.is_handle else list(one.entries)


@known("keys")
def _keys_of(call: Call, x: Value) -> Value:
    """MATLAB's documentation of keys: sorted of a containers.Map, as they came of a dictionary."""
    one = _of(call, x)
    found: list[Value] = [
        Chars(key, not one.is_handle) if one.is_text else scalar(key) for key in _sorted(one)
    ]
    return _listed(call, one, found)


@known("values")
def _values_of(call: Call, x: Value, names: Value | None = None) -> Value:
    """MATLAB's documentation of values: of all keys, or of a cell of some."""
    one = _of(call, x)
    if names is not None:
        if not isinstance(names, Cell) or not one.is_handle:
            raise UnsupportedCodeError("values with an option is not supported.")
        return Cell(names.shape, tuple(entry(one, [key], False) for key in names.items))
    return _listed(call, one, [one.entries[key] for key in _sorted(one)])


@known("isKey")
def _is_key(call: Call, x: Value, names: Value) -> Value:
    """MATLAB's documentation of isKey: of one key, or of a cell or array of keys."""
    one, keys = _of(call, x), _keys(names)
    fits = [one.is_text == isinstance(key, Chars) and _key(one, key) in one.entries for key in keys]
    size = (1, 1) if isinstance(names, Chars) else names.shape
    return logical(np.array(fits, bool).reshape(size, order="F"))


@known("remove")
def _remove(call: Call, x: Value, names: Value) -> Value:
    """MATLAB's documentation of remove: of one key, or of a cell of keys."""
    one = _of(call, x)
    for key in _keys(names):
        one = with_entry(one, key, None, call.budget)
    return one


@known("insert", "lookup", "numEntries", "isConfigured")
def _of_dictionary(call: Call, x: Value, *arguments: Value) -> Value:
    """MATLAB's documentation of dictionary's insert, lookup, numEntries and isConfigured."""
    one = _of(call, x)
    match call.name, len(arguments):
        case "insert", 2:
            key, value = arguments
            return with_entry(one, key, value, call.budget)
        case "lookup", 1:
            return entry(one, arguments, False)
        case "numEntries", 0:
            return scalar(len(one.entries))
        case "isConfigured", 0:
            return logical([[bool(one.entries)]])
    raise UnsupportedCodeError(f"{call.name} with {len(arguments)} inputs more is not supported.")
