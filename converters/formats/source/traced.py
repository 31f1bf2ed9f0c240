"""A layer of the user's MATLAB code as PyTorch: the operations that it comes to, line by line."""

from __future__ import annotations

import builtins
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, fx, nn

from matlab_compat.code.interpreter import LINE
from matlab_compat.errors import MatlabCompatError, cause_text
from matlab_compat.plain_text import unused

from ..python_style import module_class, signature, statement
from ..torch_export import exported

#: Operations that are written as Python's operators, of tensors and of sizes.
_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}
#: Checks of the tracer, which compute nothing.
_CHECKS = ("_assert", "sym_constrain")
#: Operations that give the value that they are given, as far as a prediction goes.
_PASSING = ("lift_fresh_copy", "detach", "detach_", "alias")


class CannotWriteError(Exception):
    """Why a layer cannot be written."""


@dataclass(frozen=True)
class Traced:
    """The operations of one module."""

    #: Its operations on its inputs and attributes.
    graph: fx.Graph
    #: The parameters and constants that they use, by the names of attributes.
    state: Mapping[str, Tensor]
    #: The attributes that are parameters.
    learnable: frozenset[str]
    #: What the class is, for its docstring.
    purpose: str

    def text(self, name: str) -> str:
        """The class under that name."""
        made = (line for text in self._attributes() for line in statement(text, " " * 8))
        return module_class(name, self.purpose, made, self._forward())

    def _attributes(self) -> Iterator[str]:
        homes = {key.rpartition(".")[0] for key in self.state if "." in key}
        for home in sorted(
            {h for one in homes for h in accumulate(one.split("."), "{}.{}".format)}
        ):
            yield f"self.{home} = nn.Module()"
        for key, value in self.state.items():
            home, _, last = key.rpartition(".")
            place = f"self.{home}" if home else "self"
            size = ", ".join(map(str, value.shape))
            empty = f"torch.empty({size}{', ' if size else ''}dtype={value.dtype})"
            if not size:
                empty = f"torch.empty((), dtype={value.dtype})"
            if key in self.learnable:
                yield f"{place}.{last} = nn.Parameter({empty})"
            else:
                yield f'{place}.register_buffer("{last}", {empty})'

    def _forward(self) -> Iterator[str]:
        names: dict[fx.Node, str] = {}
        taken = {"self", "torch", "nn", "F", *dir(builtins)}
        inputs = [node for node in self.graph.nodes if node.op == "placeholder"]
        for i, node in enumerate(inputs, 1):
            names[node] = unused("x" if len(inputs) == 1 else f"x{i}", taken)
        results = next(node.args[0] for node in self.graph.nodes if node.op == "output")
        results = results if isinstance(results, tuple | list) else (results,)
        several = len(results) > 1
        kind = "tuple[Tensor, ...]" if several else "Tensor"
        parameters = ["self", *(f"{names[node]}: Tensor" for node in inputs)]
        lines: list[tuple[str, str, str]] = []
        for node in self.graph.nodes:
            if node.op in ("placeholder", "output"):
                continue
            if node.op == "get_attr":
                names[node] = f"self.{node.target}"
            elif _passes(node):
                names[node] = names[node.args[0]]
            else:
                text = _call(node, names)
                names[node] = unused(_stem(node), taken)
                line = (node.meta.get("custom") or {}).get(LINE, "")
                lines.append((names[node], text, line and file_of(line)))
        result = ", ".join(_value(one, names) for one in results)
        yield from signature("forward", parameters, kind, "    ")
        for name, text, place in _used(lines, result):
            yield from statement(f"{name} = {text}", " " * 8, place)
        yield f"        return {result}"


def _used(lines: Sequence[tuple[str, str, str]], result: str) -> list[tuple[str, str, str]]:
    """The lines whose value is used further on."""
    words, kept = set(re.findall(r"\w+", result)), []
    for name, text, place in reversed(lines):
        if name in words:
            words.update(re.findall(r"\w+", text))
            kept.append((name, text, place))
    return kept[::-1]


def file_of(where: str) -> str:
    """The file and line without the folder, as text that may stand in a comment or docstring."""
    name = re.split(r"[\\/]", where)[-1]
    return re.sub(r"[^\w.:+-]", "?", name)


def _passes(node: fx.Node) -> bool:
    """Whether the value is the one that the operation is given."""
    name, source = _name(node.target), node.args[0] if node.args else None
    if name in _PASSING:
        return True
    if name not in ("to", "_to_copy", "reshape", "view", "expand") or not isinstance(
        source, fx.Node
    ):
        return False
    before, after = source.meta.get("val"), node.meta.get("val")
    if not isinstance(before, Tensor) or not isinstance(after, Tensor):
        return False
    return before.dtype == after.dtype and str(before.shape) == str(after.shape)


def _stem(node: fx.Node) -> str:
    name = _name(node.target).strip("_")
    return {"sym_size": "size"}.get(name, name)


def _call(node: fx.Node, names: Mapping[fx.Node, str]) -> str:
    target = node.target
    assert callable(target)
    name = _name(target)
    given = [_value(one, names) for one in node.args]
    if name in _OPERATORS and len(given) == 2 and not node.kwargs:
        return f"{given[0]} {_OPERATORS[name]} {given[1]}"
    if name == "neg":
        return f"-{given[0]}"
    if target is operator.getitem:
        return f"{given[0]}[{given[1]}]"
    if name == "slice" and isinstance(node.args[1], int) and node.args[1] >= 0:
        return f"{given[0]}[{_sliced(node.args[1], given[2:])}]"
    if name in ("to", "_to_copy"):
        dtypes = [v for v in (*node.args[1:], *node.kwargs.values()) if isinstance(v, torch.dtype)]
        return f"{given[0]}.to({', '.join(map(str, dtypes[:1])) or f'{given[0]}.dtype'})"
    if name == "sym_size":
        return f"{given[0]}.shape[{given[1]}]"
    # The written package runs on any device: where its tensors are.
    options = {k: v for k, v in node.kwargs.items() if k not in ("device", "pin_memory", "layout")}
    given += [f"{key}={_value(value, names)}" for key, value in options.items()]
    return f"{_path(target)}({', '.join(given)})"


def _sliced(axis: int, bounds: Sequence[str]) -> str:
    """``:, 0:4:2``."""
    start, stop, step = [*bounds, "", "", ""][:3]
    start, stop = ("" if one in ("None", "0", str(2**63 - 1)) else one for one in (start, stop))
    last = f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else "")
    return ", ".join([*[":"] * axis, last])


def _name(target: Any) -> str:
    if isinstance(target, torch._ops.OpOverload):
        return str(target._schema.name.partition("::")[2])
    return str(target.__name__)


def _path(target: Callable[..., Any]) -> str:
    """How the function is called: by torch's own name, where it has one for tensors."""
    if isinstance(target, torch._ops.OpOverload):
        name = _name(target)
        public = getattr(torch, name, None)
        is_public = target.namespace == "aten" and callable(public) and not name.startswith("_")
        return f"torch.{name}" if is_public and name not in _OTHERWISE else f"torch.ops.{target}"
    if target.__module__ in ("_operator", "math"):
        raise CannotWriteError(f"{target.__name__} of sizes is not written")
    return f"torch.{target.__name__}"


#: Functions whose arguments torch takes in another order than its operators.
_OTHERWISE = frozenset({"full", "zeros", "ones", "empty", "arange", "scalar_tensor", "where"})


def _value(value: Any, names: Mapping[fx.Node, str]) -> str:
    if isinstance(value, fx.Node):
        return names[value]
    if isinstance(value, list | tuple):
        inner = ", ".join(_value(one, names) for one in value)
        return f"[{inner}]"
    if isinstance(value, float) and not abs(value) < float("inf"):
        return f'float("{value}")'
    if isinstance(value, torch.device):
        return repr(str(value))
    return str(value) if isinstance(value, torch.dtype | torch.memory_format) else repr(value)


def traced(module: nn.Module, inputs: tuple[Tensor, ...], purpose: str) -> Traced:
    """The operations of ``module`` on inputs of these sizes and any number of observations.

    Raises ``CannotWriteError``: torch cannot trace it.
    """
    sizes: tuple[dict[int, Any], ...] = tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs)
    try:
        plain: Any = exported(module, inputs, sizes).module(check_guards=False)
    except MatlabCompatError as error:
        raise CannotWriteError(error.what) from None
    except Exception as error:  # torch.export fails in many ways
        raise CannotWriteError(f"torch cannot trace it: {cause_text(error)}") from None
    graph = plain.graph
    for node in reversed(list(graph.nodes)):
        if node.op in ("placeholder", "output") or node.users:
            continue
        is_check = node.op == "call_function" and _name(node.target).startswith(_CHECKS)
        if node.op != "call_function" or is_check or not node.is_impure():
            graph.erase_node(node)
    used = dict.fromkeys(str(n.target) for n in graph.nodes if n.op == "get_attr")
    state = {name: operator.attrgetter(name)(plain).detach() for name in used}
    learnable = {name for name, _ in module.named_parameters()}
    return Traced(graph, state, frozenset(learnable & set(state)), purpose)
