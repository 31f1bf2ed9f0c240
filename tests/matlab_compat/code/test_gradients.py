"""Code that differentiates: dlgradient, dlfeval and dlupdate.

Expected values: derivatives worked out on paper, and torch's own of the same formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat.code.definitions import Properties
from matlab_compat.code.program import Program
from matlab_compat.code.values import python_of
from matlab_compat.errors import CodeError

from .running import program

X = np.random.default_rng(0).standard_normal((1, 5))


def results(code: str, *arguments: Any, outputs: int = 1, extra: str = "") -> list[Any]:
    names = ", ".join("xyz"[: len(arguments)])
    given = ", ".join("abc"[:outputs])
    made: Program = program(f=f"function [{given}] = f({names})\n{code}\nend\n{extra}")
    function = made.function("f")
    assert function is not None
    made.check(function)
    return [python_of(one) for one in made.call(function, arguments, outputs)]


def test_a_gradient_has_the_size_of_what_it_is_by() -> None:
    (a,) = results("a = dlgradient(sum(x.^3, 'all'), x);", X)
    np.testing.assert_allclose(a, 3 * X**2)


def test_derivatives_are_differentiated_again() -> None:
    code = "g = dlgradient(sum(sin(x), 'all'), x, EnableHigherDerivatives=true);\n"
    a, b = results(code + "a = g;\nb = dlgradient(sum(g, 'all'), x);", X, outputs=2)
    np.testing.assert_allclose(a, np.cos(X))
    np.testing.assert_allclose(b, -np.sin(X))


def test_by_structs_and_cells_of_parameters() -> None:
    p = {"fc": {"W": np.ones((2, 1)), "b": np.zeros((2, 1))}, "unused": np.ones((3, 1))}
    code = "U = x.fc.W * y + x.fc.b;\n[a, g] = dlgradient(sum(U.^2, 'all'), x, {y});\nb = g{1};"
    a, b = results(code, p, X, outputs=2)
    np.testing.assert_allclose(a["fc"]["W"], np.full((2, 1), 2 * (X**2).sum()))
    np.testing.assert_allclose(a["fc"]["b"], np.full((2, 1), 2 * X.sum()))
    np.testing.assert_array_equal(a["unused"], np.zeros((3, 1)))
    np.testing.assert_allclose(b, 4 * X)


def test_the_labels_of_a_gradient_are_those_of_the_array() -> None:
    (a,) = results("X = dlarray(x, 'CB');\na = dims(dlgradient(sum(X, 'all'), X));", X)
    assert a == "CB"


def test_what_is_traced_keeps_its_class() -> None:
    given = Properties("ONNXParameters", {"Learnables": {"W": X}})
    a, b = results(
        "a = class(x);\nb = dlgradient(sum(x.Learnables.W.^2, 'all'), x.Learnables.W);",
        given,
        outputs=2,
    )
    assert a == "ONNXParameters"
    np.testing.assert_allclose(b, 2 * X)


def test_dlfeval_traces_what_it_gives_the_function() -> None:
    helper = "function [l, g] = loss(x, k)\nl = k * sum(x.^2, 'all');\ng = dlgradient(l, x);\nend"
    a, b = results("[a, b] = dlfeval(@loss, dlarray(x), 3);", X, outputs=2, extra=helper)
    np.testing.assert_allclose(a, [[3 * (X**2).sum()]])
    np.testing.assert_allclose(b, 6 * X)


def test_dlupdate_changes_all_arrays_of_a_structure() -> None:
    one, other = {"a": X, "b": {"c": 2 * X}}, {"a": X + 1, "b": {"c": X}}
    (a,) = results("a = dlupdate(@(u, v) u + 10 * v, x, y);", one, other)
    np.testing.assert_allclose(a["a"], X + 10 * (X + 1))
    np.testing.assert_allclose(a["b"]["c"], 12 * X)


def test_gradients_flow_into_the_tensors_that_were_given() -> None:
    x = torch.from_numpy(X).requires_grad_()
    (a,) = results("a = sum(dlgradient(sum(x.^3, 'all'), x), 'all');", x)
    a.sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad), 6 * X)


@pytest.mark.parametrize(
    ("code", "said"),
    {
        "a = dlgradient(x.^2, x);": "differentiates one real number",
        "a = dlgradient(sum(ones(2), 'all'), x);": "does not depend on any input",
        "a = dlgradient(sum(x, 'all'), ones(2));": "no input and depends on none",
        "a = dlgradient(sum(x, 'all'), x, Order=2);": "no option 'order'",
        "a = dlupdate(@(u, v) u, x, {x, x});": "not of the same structure",
    }.items(),
)
def test_what_cannot_be_differentiated_says_so(code: str, said: str) -> None:
    with pytest.raises(CodeError, match=said):
        results(code, X)


def test_no_gradients_are_kept_where_torch_is_not_asked_for_them() -> None:
    x = torch.from_numpy(X)
    with torch.no_grad():
        (a,) = results("a = dlgradient(sum(x.^3, 'all'), x);", x)
    assert not a.requires_grad
    np.testing.assert_allclose(a.numpy(), 3 * X**2)


def test_an_input_that_is_not_given_is_named() -> None:
    made = program(f="function a = f(x, y)\na = x + y;\nend\n")
    function = made.function("f")
    assert function is not None
    with pytest.raises(CodeError, match="f needs its input 'y', which is not given"):
        made.call(function, [X])
