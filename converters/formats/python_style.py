"""Lines of Python as ``ruff format`` leaves them, in :data:`WIDTH` columns."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

WIDTH = 100
#: Names and numbers, with the attributes of names.
_SIMPLE = r"[A-Za-z_][\w.]*|\d+(?:\.\d*)?(?:e[+-]?\d+)?"


def expression(text: str) -> str:
    """An expression with the parentheses, quotes and spaces of the style.

    >>> expression("torch.exp((-(x ** 2.0)))")
    'torch.exp(-(x**2.0))'
    >>> expression("nn.GELU(approximate='tanh')")
    'nn.GELU(approximate="tanh")'
    """
    text = ast.unparse(ast.parse(text, mode="eval"))
    text = re.sub(r"'([^'\"\\]*)'", r'"\1"', text)
    text = re.sub(rf"(?<![\w.)\]])({_SIMPLE}) \*\* (-?(?:{_SIMPLE}))(?![\w.(\[])", r"\1**\2", text)
    return re.sub(r"(^|[(,=+*/-] ?)-([\w.]+\*\*-?[\w.]+)", r"\1-(\2)", text)


def statement(text: str, indent: str, about: str = "") -> Iterator[str]:
    """``target = expression``, ``return`` or a call; what is too long is broken.

    Broken are calls, sums and products of three terms or more, and several results; heads of loops
    stay as they are. What the statement is ``about`` becomes a comment beside it, or above what is
    long.

    >>> list(statement("x = f('a')", "    "))
    ['    x = f("a")']
    """
    found = re.fullmatch(r"( *)(return |[\w.]+ = )?(.*[^:])", text)
    if found is None:
        yield indent + text
    elif isinstance(several := ast.parse(found[3], mode="eval").body, ast.Tuple):
        yield from _several(indent + found[1], found[2] or "", found[3], several)
    else:
        lines = list(_broken(indent + found[1], found[2] or "", expression(found[3]), ""))
        beside = f"{lines[0]}  # {about}"
        if about and len(lines) == 1 and len(beside) <= WIDTH:
            lines = [beside]
        elif about:
            lines = [f"{indent}# {about}", *lines]
        yield from lines


def _several(indent: str, before: str, value: str, results: ast.Tuple) -> Iterator[str]:
    """Several results, on one line or on one each."""
    line = f"{indent}{before}{value}"
    each = [ast.get_source_segment(value, one) for one in results.elts]
    lines = [f"{indent}{before}(", *(f"{indent}    {one}," for one in each), f"{indent})"]
    yield from [line] if len(line) <= WIDTH else lines


def _broken(indent: str, before: str, value: str, after: str) -> Iterator[str]:
    line = f"{indent}{before}{value}{after}"
    whole = ast.parse(value, mode="eval").body
    if len(line) <= WIDTH:
        yield line
    elif len(terms := list(_terms(value, whole))) > 2:
        inside = bool(after)  # the parentheses of a call
        inner = indent if inside else f"{indent}    "
        yield from [] if inside else [f"{indent}{before}("]
        yield f"{inner}{before if inside else ''}{terms[0]}"
        *others, last = terms[1:]
        yield from (f"{inner}{term}" for term in others)
        yield f"{inner}{last}{after}"
        yield from [] if inside else [f"{indent})"]
    elif isinstance(whole, ast.Call) and (whole.args or whole.keywords):
        keywords = ((f"{k.arg}=" if k.arg else "**", k.value) for k in whole.keywords)
        given = [
            (name, ast.get_source_segment(value, node) or "")
            for name, node in [*(("", node) for node in whole.args), *keywords]
        ]
        yield f"{indent}{before}{ast.get_source_segment(value, whole.func)}("
        yield from _listed(f"{indent}    ", given)
        yield f"{indent}){after}"
    else:
        yield line


def _terms(value: str, node: ast.expr) -> Iterator[str]:
    """The terms of a sum or product, each but the first with the sign before it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
        left, sign = node.left, "+" if isinstance(node.op, ast.Add) else "*"
        same = isinstance(left, ast.BinOp) and type(left.op) is type(node.op)
        yield from _terms(value, left) if same else [ast.get_source_segment(value, left) or ""]
        yield f"{sign} {ast.get_source_segment(value, node.right)}"


def _listed(indent: str, given: list[tuple[str, str]]) -> Iterator[str]:
    """Arguments on one line, or on one each."""
    line = indent + ", ".join(f"{name}{text}" for name, text in given)
    if len(line) <= WIDTH:
        yield line
    else:
        for name, text in given:
            yield from _broken(indent, name, text, ",")


def signature(name: str, parameters: Sequence[str], result: str, indent: str) -> Iterator[str]:
    """The head of a function."""
    line = f"{indent}def {name}({', '.join(parameters)}) -> {result}:"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{indent}def {name}("
    inner = f"{indent}    {', '.join(parameters)}"
    yield from [inner] if len(inner) <= WIDTH else (f"{indent}    {p}," for p in parameters)
    yield f"{indent}) -> {result}:"


def module_class(name: str, about: str, attributes: Iterable[str], forward: Iterable[str]) -> str:
    """The class of a torch module: lines of its ``__init__``, and its ``forward``."""
    head = [f"class {name}(nn.Module):", f'    """{about}"""', ""]
    made = ["    def __init__(self) -> None:", "        super().__init__()", *attributes, ""]
    return "\n".join([*head, *made, *forward])


def quoted(text: str) -> str:
    """A text between double quotes, unless it has some and no others.

    >>> print(quoted("cat's"), quoted('"a"'))
    "cat's" '"a"'
    """
    if '"' in text:
        return repr(text)
    escaped = repr(text + '"')[1:-2]
    return '"' + escaped.replace("\\'", "'") + '"'


def comment(text: str, indent: str) -> list[str]:
    """A comment, in as many lines as it takes."""
    return [f"{indent}# {line}" for line in wrap(text, WIDTH - len(indent) - 2)]


def class_name(name: str) -> str:
    """A file's or a layer's name as that of a class: ``my_seg-net`` is ``MySegNet``."""
    words = re.findall(r"[^\W_]+", name)
    joined = "".join(word[0].upper() + word[1:] for word in words)
    usable = joined.isidentifier() and not keyword.iskeyword(joined)
    return joined if usable and joined not in dir(builtins) else "Network"
