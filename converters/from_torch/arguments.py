"""The name of the operation of a node in a torch graph, and its arguments by name.

``F.relu(x)``, ``torch.relu(x)``, ``x.relu()``, ``x.relu_()`` and ``aten.relu.default`` are all
"relu". Names of arguments are those of the functions' signatures and of torch's own schemas.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import torch
from torch import fx
from torch.fx.operator_schemas import normalize_function
from torch.nn import functional

from .values import Refused

#: Where an operation may come from; anything else of that name is somebody else's function.
_HOMES = (functional, torch, operator, torch.ops.aten)


def operation_name(node: fx.Node) -> str:
    """The name of a function or method of torch; "" for other functions."""
    target: Any = node.target
    if node.op == "call_method":
        return _plain(str(target))
    if (schema := getattr(target, "_schema", None)) is not None:
        return _plain(str(schema.name).removeprefix("aten::"))
    name = str(getattr(target, "__name__", ""))
    if target is getattr:
        return str(node.args[1])
    known = any(getattr(home, name, None) is target for home in _HOMES[:-1])
    return _plain(name) if known else ""


def _plain(name: str) -> str:
    """Without the underscore of functions that work in place."""
    return name.rstrip("_")


def named_arguments(node: fx.Node) -> dict[str, Any]:
    """All arguments of a function of torch by name, with their defaults.

    Raises ``Refused``: it takes none like these.
    """
    if isinstance(node.target, FunctionType):
        normalized = normalize_function(
            node.target, node.args, node.kwargs, normalize_to_only_use_kwargs=True
        )
        if normalized is not None:
            return dict(normalized.kwargs)
    for schema in _schemas(node):
        positional = [a.name for a in schema.arguments if not a.kwarg_only]
        names = {a.name for a in schema.arguments}
        if len(node.args) > len(positional):
            continue
        bound = dict(zip(positional, node.args, strict=False)) | node.kwargs
        needed = {a.name for a in schema.arguments if not a.has_default_value()}
        bound = {positional[0]: bound.pop("input"), **bound} if "input" in bound else bound
        fits = all(_fits(bound[a.name], str(a.type)) for a in schema.arguments if a.name in bound)
        if fits and set(bound) <= names and needed <= set(bound):
            return {a.name: bound.get(a.name, a.default_value) for a in schema.arguments}
    raise Refused("it is called with arguments that no layer has")


def _fits(value: Any, kind: str) -> bool:
    """Whether a value may be an argument of this type: of tensors no number is one."""
    return kind != "Tensor" or not isinstance(value, int | float | list | tuple)


def _schemas(node: fx.Node) -> Iterator[Any]:
    if (own := getattr(node.target, "_schema", None)) is not None:
        yield own
        return
    packet = getattr(torch.ops.aten, operation_name(node), None)
    for overload in packet.overloads() if packet is not None else ():
        yield getattr(packet, overload)._schema
