"""``try``, ``persistent``, ``import``, functions within functions, ``arguments``: run or refused.

Expected: MATLAB's documentation of each, worked out by hand.
"""

from __future__ import annotations

import numpy as np
import pytest

from matlab_compat.code.definitions import Problem
from matlab_compat.errors import CodeError, CodeSaidError, UnsupportedCodeError
from tests.matlab_compat.code.running import program, result


def test_try_catches_what_the_code_says_itself() -> None:
    code = "try, error('a:b', 'no %d', 3); catch ME, r = [ME.message '/' ME.identifier]; end"
    assert result(code) == "no 3/a:b"


def test_what_may_not_fail_in_matlab_is_not_caught() -> None:
    with pytest.raises(UnsupportedCodeError, match="Whether it fails"):
        result("try, x = ones(2, 3) * ones(2, 3); catch, r = 1; end")


def test_what_is_caught_can_be_raised_again() -> None:
    with pytest.raises(CodeSaidError, match="no"):
        result("try, error('no'); catch ME, rethrow(ME); end")


def test_a_persistent_variable_that_is_computed_once_is_computed() -> None:
    code = "persistent w\nif isempty(w)\n w = [1 2 3];\nend\nr = sum(w);"
    assert result(code).item() == 6


def test_a_persistent_variable_that_is_kept_for_a_size_is_computed() -> None:
    code = "persistent w\nif isempty(w) || numel(w) ~= x\n w = ones(1, x);\nend\nr = sum(w);"
    assert result(code, 4).item() == 4


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("f = str2func('tanh'); r = f(x);", np.tanh(0.5)),
        ('f = str2func("@(a, b) a .* b + 1"); r = f(x, 4);', 3.0),
        ("f = str2func('twice'); r = f(x);", 1.0),
        ("name = 'exp'; f = str2func(name); r = f(x);", np.exp(0.5)),
        ("f = str2func(['si' 'n']); r = f(x);", np.sin(0.5)),
        ("r = feval('twice', feval('exp', 0) * x);", 1.0),
        ("[~, r] = feval('max', [1 3 x]);", 2.0),
        ("s.name = 'twice'; r = feval(s.name, x);", 1.0),
    ],
)
def test_a_function_by_its_name_in_quotes(code: str, expected: float) -> None:
    twice = "function r = twice(x)\nr = 2 * x;\nend\n"
    assert result(code, 0.5, twice=twice).item() == pytest.approx(expected, rel=1e-15)


def test_a_function_out_of_a_text_sees_no_variables() -> None:
    with pytest.raises(UnsupportedCodeError, match="'k' is neither a variable"):
        result("k = 2; f = str2func('@(x) k * x'); r = f(x);", 3)


def test_a_text_that_is_put_together_is_not_evaluated() -> None:
    with pytest.raises(UnsupportedCodeError, match="it is not evaluated"):
        result("f = str2func(['@(x) x + ' '1']); r = f(x);", 3)


def problem_of(text: str) -> Problem:
    """The one thing for which ``text``, a function ``f``, cannot be run."""
    code = program(f=text)
    function = code.function("f")
    assert function is not None
    (problem,) = code.problems(function)
    return problem


def test_what_a_text_calls_is_found_before_anything_runs() -> None:
    text = "function r = f(x)\n\ng = str2func('@(x) imwarp(x)');\nr = g(x);\nend\n"
    problem = problem_of(text)
    assert (problem.where, "imwarp" in problem.what) == ("f.m:3", True)


def test_a_persistent_variable_that_changes_is_refused() -> None:
    text = "function r = f()\npersistent n\nif isempty(n), n = 0; end\nn = n + 1;\nr = n;\nend\n"
    problem = problem_of(text)
    assert problem.where == "f.m:2"
    assert "persistent variable n" in problem.what


def test_global_variables_are_refused() -> None:
    with pytest.raises(UnsupportedCodeError, match="global"):
        result("global g\nr = 1;")


def test_a_function_within_a_function_shares_its_variables() -> None:
    text = """function r = outer(x)
    count = 1;
    r = twice(x) + count;
    function y = twice(x)
        count = count + 10;
        y = 2 * x;
    end
end
"""
    assert result("r = outer(3);", outer=text).item() == 17


def test_an_imported_package_is_looked_into() -> None:
    texts = {"pkg.helper": "function y = helper(x)\ny = x + 1;\nend\n"}
    code = program(f="function r = f(x)\nimport pkg.*\nr = helper(x);\nend\n", **texts)
    function = code.function("f")
    assert function is not None
    assert code.problems(function) == []
    assert code.call(function, [2.0])[0].data.item() == 3  # type: ignore[union-attr]


CHECKED = """function r = g(x, varargin)
arguments
    x (1,:) double {mustBePositive, mustBeLessThan(x, 10)}
end
arguments (Repeating)
    varargin
end
r = numel(varargin) + x(1);
end
"""


def test_arguments_are_checked_by_their_functions() -> None:
    assert result("r = g([1 2], 'a', 'b');", g=CHECKED).item() == 3
    for value in ("-1", "12"):
        with pytest.raises(CodeError, match="must be"):
            result(f"r = g({value});", g=CHECKED)


def test_repeating_arguments_are_cells() -> None:
    text = """function r = h(a, b)
arguments (Repeating)
    a
    b
end
r = numel(a) * 10 + b{2};
end
"""
    assert result("r = h(1, 2, 3, 4);", h=text).item() == 24
    with pytest.raises(CodeError, match="together"):
        result("r = h(1, 2, 3);", h=text)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("r = padarray([1 2; 3 4], [0 1]);", [[0, 1, 2, 0], [0, 3, 4, 0]]),
        ("r = padarray([1 2 3], [0 2], 'symmetric');", [[2, 1, 1, 2, 3, 3, 2]]),
        ("r = padarray([1 2 3], [0 2], 'circular', 'pre');", [[2, 3, 1, 2, 3]]),
        ("r = padarray([1 2 3], [1 1], 'replicate', 'post');", [[1, 2, 3, 3], [1, 2, 3, 3]]),
        ("r = cumsum([1 2 3], 'reverse');", [[6, 5, 3]]),
        ("r = cumsum([1 2; 3 4], 1, 'reverse');", [[4, 6], [3, 4]]),
        ("r = clip([1 5 9], 2, 6);", [[2, 5, 6]]),
        ("r = normalize([1 2 3]);", [[-1, 0, 1]]),
        ("r = pagefun(@mtimes, [1 2], [3; 4]);", [[11]]),
    ],
)
def test_functions_that_octave_lacks(code: str, expected: list[list[float]]) -> None:
    assert result(code).tolist() == expected
