"""Runs lines of MATLAB code in tests."""

from __future__ import annotations

from typing import Any

from matlab_compat.code.definitions import Texts
from matlab_compat.code.program import Program
from matlab_compat.code.values import Value, python_of
from matlab_compat.language.source import CodeLimits, normalized


def program(limits: CodeLimits | None = None, **texts: str) -> Program:
    """A program of texts by name, as files give them."""
    limits = limits or CodeLimits()
    return Program(Texts({n: normalized(t, f"{n}.m", limits) for n, t in texts.items()}), limits)


def value(code: str, *arguments: Any, limits: CodeLimits | None = None, **texts: str) -> Value:
    """The value of ``r`` after the code, in a function of inputs x and y."""
    text = f"function r = f(x, y)\n{code}\nend\n"
    code_program = program(limits, f=text, **texts)
    function = code_program.function("f")
    assert function is not None
    (found,) = code_program.call(function, arguments)
    return found


def result(code: str, *arguments: Any, **texts: str) -> Any:
    """That value as Python's."""
    return python_of(value(code, *arguments, **texts))
