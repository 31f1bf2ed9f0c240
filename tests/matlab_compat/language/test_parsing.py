"""The syntax tree of MATLAB code.

Expected trees: MATLAB's documentation of "Operator Precedence", of classdef and of arguments
blocks. tree-sitter-matlab 1.3.1 reads the four first ones in other ways.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from matlab_compat.errors import CodeError, CodeLimitError
from matlab_compat.language import syntax
from matlab_compat.language.parsing import parse, parse_expression
from matlab_compat.language.source import CodeLimits, normalized


def shown(node: syntax.Node) -> str:
    """An expression with all its parentheses."""
    match node:
        case syntax.Number(value=value):
            return f"{value:g}"
        case syntax.Name(name=name):
            return name
        case syntax.Unary(operator=sign, operand=operand):
            inner = shown(operand)
            return f"({inner}{sign})" if sign in ("'", ".'") else f"({sign}{inner})"
        case syntax.Binary(operator=sign, left=left, right=right):
            return f"({shown(left)} {sign} {shown(right)})"
        case syntax.Range(start=start, step=step, stop=stop):
            parts = [start, *([] if step is None else [step]), stop]
            return f"({':'.join(map(shown, parts))})"
    return type(node).__name__


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-x.^2", "(-(x .^ 2))"),
        ("1./x", "(1 ./ x)"),
        ("2^3^2", "((2 ^ 3) ^ 2)"),
        ("a.^b'", "((a .^ b)')"),
        ("2.*x", "(2 .* x)"),
        ("x.^2./3", "((x .^ 2) ./ 3)"),
        ("2.^-1", "(2 .^ (-1))"),
        ("-2^-2", "(-(2 ^ (-2)))"),
        ("1.'", "(1.')"),
        ("~a==b", "((~a) == b)"),
        ("1:n+1", "(1:(n + 1))"),
        ("a:b:c==d", "((a:b:c) == d)"),
        ("a||b&&c|d&e", "(a || (b && (c | (d & e))))"),
        ("a-b-c", "((a - b) - c)"),
        ("x'*y'", "((x') * (y'))"),
        ("-a'", "(-(a'))"),
    ],
)
def test_operators_bind_as_in_matlab(text: str, tree: str) -> None:
    assert shown(parse_expression(text)) == tree


def test_a_class_says_its_properties_and_methods() -> None:
    text = (
        "classdef lay < nnet.layer.Layer & nnet.layer.Formattable\n"
        "  properties (Learnable, Access = private)\n    W\n  end\n"
        "  properties (Constant)\n    N (1,1) double = 3\n  end\n"
        "  methods\n    function [Z, S] = predict(layer, X, ~)\n      Z = X;\n    end\n  end\n"
        "  methods (Static)\n    function y = twice(x), y = 2 * x; end\n  end\n"
        "end\n"
        "function y = beside(x)\ny = x;\nend\n"
    )

    file = parse(text, "lay.m")

    assert file.defined is not None
    assert file.defined.superclasses == ("nnet.layer.Layer", "nnet.layer.Formattable")
    weights, number = file.defined.properties
    assert weights.has("learnable")
    assert dict(weights.attributes)["access"] == "private"
    assert (number.size, number.kind, number.has("constant")) == ((1, 1), "double", True)
    predict, twice = file.defined.methods
    assert (predict.inputs, predict.outputs) == (("layer", "X", "~"), ("Z", "S"))
    assert twice.is_static
    assert [one.name for one in file.functions] == ["beside"]


def test_nodes_know_their_line() -> None:
    file = parse(normalized("%{\ntext\n%}\nx = 1;\r\ny = foo(x);\n", "f.m", CodeLimits()), "f.m")
    assert [one.line for one in file.script] == [4, 5]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("global a", "global variables"),
        ("hold on", "the command 'hold on'"),
        ("x += 1", "the command 'x += 1'"),
    ],
)
def test_what_is_not_run_is_kept_in_its_place(line: str, what: str) -> None:
    (statement,) = parse(f"{line}\n", "f.m").script
    assert isinstance(statement, syntax.Unsupported)
    assert statement.what == what


@pytest.mark.parametrize("text", ["x = (1", "y = !x", "end", "x = [1 2", "if x", "x = 1 1"])
def test_what_matlab_would_not_read_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(CodeError) as caught:
        parse(f"y = 1;\n{text}\n", "f.m")
    assert caught.value.where[0].startswith("f.m:")


def test_block_comments_cost_no_time_and_lines_stay() -> None:
    text = normalized("%{\n" * 20_000 + "%}\n" * 20_000 + "x = 1;", "f.m", CodeLimits())
    assert parse(text, "f.m").script[0].line == 40_001


def test_a_block_comment_without_end_is_refused() -> None:
    with pytest.raises(CodeError, match="block comment"):
        normalized("x = 1;\n%{\nmore\n", "f.m", CodeLimits())


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(CodeLimitError, match="262145 bytes"):
        normalized(b" " * (256 * 1024 + 1), "f.m", CodeLimits())


def test_text_that_is_no_utf8_is_latin1() -> None:
    assert normalized(b"% \xe9\nx = 1", "f.m", CodeLimits()) == "% \xe9\nx = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 5000 + "1" + ")" * 5000 + ";\n",
        "x = " + "1 + " * 5000 + "1;\n",
        "x = a" + ".b" * 5000 + ";\n",
        "x = a" + "(1)" * 5000 + ";\n",
        "x = " + "-" * 5000 + "1;\n",
        "if 1\n" * 500 + "end\n" * 500,
        "x = " + "@() " * 500 + "1;\n",
    ],
    ids=["parentheses", "sum", "fields", "calls", "signs", "blocks", "functions"],
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises((CodeLimitError, CodeError)):
        parse(text, "f.m")


def test_parsing_ends_after_its_time() -> None:
    text = "x = [" + "{" * 3000 + "\n" + "%{\n" * 30_000
    with pytest.raises((CodeLimitError, CodeError)):
        parse(text, "f.m", CodeLimits(parse_seconds=0.2))


def test_the_package_needs_no_tree_sitter_until_code_is_parsed() -> None:
    text = (Path(syntax.__file__).parent / "parsing.py").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.startswith(("import tree", "from tree"))]
