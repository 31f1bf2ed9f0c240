"""MATLAB's constructor functions, made from the layer classes.

What a function takes follows from the class: positional arguments (``arguments``, of which those in
``optional`` may be left out), name-value arguments in MATLAB's old and new form, arguments that set
properties of other names (:meth:`Layer.expansions`). So does its documentation.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import TypeVar

import numpy as np

from ..errors import PropertyError
from .base import Layer
from .learnables import Parameter
from .name_value import name_value_pairs
from .properties import REQUIRED, auto_or_positive_integer

L = TypeVar("L", bound=Layer)


def constructor_of(kind: type[L], *others: type[L]) -> Callable[..., L]:
    """MATLAB's function ``kind.constructor``, with name, signature and documentation.

    Parameters
    ----------
    kind, others:
        The class. Where several share the function, the first is made that has all the properties
        named.

    Examples
    --------
    >>> from matlab_compat import GELULayer
    >>> constructor_of(GELULayer)("Approximation", "tanh")
    geluLayer(Approximation='tanh')
    """
    kinds = (kind, *others)

    def create(*given: object, **options: object) -> L:
        chosen = kind
        if others:
            named = {str(name).lower() for name in (*given[len(kind.arguments) :: 2], *options)}
            fitting = (k for k in kinds if named <= {name.lower() for name in _taken(k)})
            chosen = next(fitting, kind)
        return construct(chosen, given, options)

    create.__name__ = create.__qualname__ = kind.constructor
    create.__module__ = sys._getframe(1).f_globals.get("__name__", kind.__module__)
    create.__doc__ = _documentation(kinds)
    vars(create)["__signature__"] = _signature(kinds)
    return create


def construct(kind: type[L], given: Sequence[object], options: Mapping[str, object]) -> L:
    """The layer that the constructor function of ``kind`` makes.

    Raises ``PropertyError``: a positional argument is missing, a name is unknown, or MATLAB would
    refuse a value.

    Parameters
    ----------
    given:
        The positional arguments, then name-value arguments in MATLAB's old form.
    options:
        The name-value arguments in the new form.
    """
    needed = len(kind.arguments) - len(kind.optional)
    # Name-value arguments come in pairs: one more is the optional one.
    count = needed + (len(given) > needed and (len(given) - needed) % 2 and bool(kind.optional))
    positional = dict(zip(kind.arguments, given[:count], strict=False))
    names = [name for name in _taken(kind) if name not in positional]
    named = name_value_pairs(kind.constructor, names, given[count:], options)
    missing = [n for n in kind.arguments[:needed] if n not in {**positional, **named}]
    if missing:
        raise PropertyError(f"{kind.constructor} needs {' and '.join(missing)}.")
    _refuse_empty_sizes(kind, named)
    expansions = kind.expansions()
    values: dict[str, object] = {}
    for name, value in {**positional, **named}.items():
        values.update(expansions[name](value) if name in expansions else {name: value})
    return kind(**values)


def _taken(kind: type[Layer]) -> list[str]:
    """The names of all arguments: the positional ones, then properties and what sets several."""
    expansions = kind.expansions()
    names = dict.fromkeys(kind.arguments)
    for name, declared in kind.properties.items():
        argument = name if declared.argument == "" else declared.argument
        if argument is not None:
            names[argument] = None
    names.update(dict.fromkeys(expansions))
    return [*(name for name in names if name != "Name"), "Name"]


def _refuse_empty_sizes(kind: type[Layer], values: Mapping[str, object]) -> None:
    """[] stands for 'auto' in files only: MATLAB's functions do not take it."""
    for name, value in values.items():
        declared = kind.properties.get(name)
        is_size = declared is not None and declared.convert is auto_or_positive_integer
        if is_size and np.size(np.asarray(value, dtype=object)) == 0:
            raise PropertyError(
                f"{name} must be 'auto' or a positive integer; got [].",
                where=(kind.__name__, name),
                remedy=f"leave {name} out, or give the number.",
            )


# --- signature and documentation ----------------------------------------------------------


def _python_name(name: str) -> str:
    """``filterSize`` for the positional argument FilterSize, as MATLAB's pages write it."""
    return name[0].lower() + name[1:]


def _by_class(kinds: Sequence[type[Layer]]) -> dict[str, type[Layer]]:
    """Each argument, and the first class that takes it."""
    taken: dict[str, type[Layer]] = {}
    for kind in kinds:
        for name in _taken(kind):
            taken.setdefault(name, kind)
    return taken


def _signature(kinds: Sequence[type[Layer]]) -> inspect.Signature:
    kind, parameter = kinds[0], inspect.Parameter
    parameters = []
    for name in kind.arguments:
        default = _default(kind, name) if name in kind.optional else parameter.empty
        place = parameter.POSITIONAL_OR_KEYWORD
        parameters.append(parameter(_python_name(name), place, default=default))
    parameters.append(parameter("pairs", parameter.VAR_POSITIONAL))
    parameters += [
        parameter(name, parameter.KEYWORD_ONLY, default=_default(owner, name))
        for name, owner in _by_class(kinds).items()
        if name not in kind.arguments
    ]
    made = kind if len(kinds) == 1 else kind.__base__
    return inspect.Signature(parameters, return_annotation=made)


def _default(kind: type[Layer], name: str) -> object:
    if name in kind.properties:
        default = kind.properties[name].default
        return None if default is REQUIRED else default
    return 0 if name in ("Padding", "Cropping") else None


def _documentation(kinds: Sequence[type[Layer]]) -> str:
    """What the classes say, the arguments, what is raised, and examples."""
    about = [inspect.getdoc(kind) or "" for kind in kinds]
    first = about[0] if about[0].startswith("MATLAB") else about[0][:1].lower() + about[0][1:]
    text = [f"Create {first}"]
    for kind, more in zip(kinds[1:], about[1:], strict=True):
        lines = more.partition("\nExamples\n")[0].rstrip()
        text += ["", f":class:`{kind.__name__}` is the other:", "", lines]
    rows: dict[str, list[str]] = {}
    for name, owner in _by_class(kinds).items():
        rows.setdefault(_argument_text(owner, name), []).append(
            _python_name(name) if name in owner.arguments else name
        )
    text += ["", "Parameters", "----------"]
    for what, names in rows.items():
        text.append(", ".join(names) + ":")
        text += wrap(what, 96, initial_indent="    ", subsequent_indent="    ")
    if "\nRaises\n" not in about[0]:
        text += ["", "Raises", "------", "PropertyError"]
        text += ["    An argument is missing or unknown, or MATLAB would refuse its value."]
    if kinds[0].example:
        text += ["", "Examples", "--------", f">>> {kinds[0].example}", kinds[0].example]
    return "\n".join(text)


def _argument_text(kind: type[Layer], name: str) -> str:
    """Meaning, rule and default of an argument in a sentence or two."""
    declared = kind.properties.get(name)
    if declared is None:
        return _rule(kind, name)
    parts = [declared.__doc__ or "", _rule(kind, name)]
    if isinstance(declared, Parameter) and declared.layout is not None:
        parts.insert(0, f"{declared.layout}.")
    if name not in kind.arguments or name in kind.optional:
        default = "[]" if declared.default is None else repr(declared.default)
        parts.append(f"Default: {default}.")
    return " ".join(part for part in parts if part)


class _Nothing:
    """What no argument may be: refusing it, a converter says its rule."""


def _rule(kind: type[Layer], name: str) -> str:
    """What values an argument can have: the rule that the error for others states."""
    try:
        if name in kind.properties:
            kind.properties[name].converted(_Nothing())
            return ""
        return f"Sets {', '.join(kind.expansions()[name](_Nothing()))}."
    except PropertyError as error:
        rule = re.sub(rf"^{name} must be (.*); got .*$", r"\1", error.what, flags=re.DOTALL)
        return f"{rule[0].upper()}{rule[1:]}."
