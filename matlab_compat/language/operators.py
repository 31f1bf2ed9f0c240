"""MATLAB's functions that stand for its operators. Source: the page "MATLAB Operators"."""

from __future__ import annotations

OPERATORS = {
    "+": "plus",
    "-": "minus",
    ".*": "times",
    "*": "mtimes",
    "./": "rdivide",
    "/": "mrdivide",
    ".\\": "ldivide",
    "\\": "mldivide",
    ".^": "power",
    "^": "mpower",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "==": "eq",
    "~=": "ne",
    "&": "and",
    "|": "or",
}
