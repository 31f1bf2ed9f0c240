"""Hostile MATLAB code: within time and memory a value or one of our errors, and nothing opened.

Expected: the limits of ``CodeLimits``, and the rule that names reach variables, the table of
functions, or ``.m`` files below the folders that were named.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from cli.wording import option
from converters.code_folders import CodeFolders
from matlab_compat.code.functions import TABLE
from matlab_compat.code.program import Program
from matlab_compat.errors import (
    CodeError,
    CodeLimitError,
    FileAccessError,
    MatlabCompatError,
    UnsupportedCodeError,
)
from matlab_compat.language.source import CodeLimits
from matlab_compat.wording import worded
from tests.fuzz.code import Finding, findings
from tests.matlab_compat.code.running import program, value
from tests.patience import PATIENCE

#: What evaluates, opens, executes, connects, or reaches other variables in MATLAB.
DANGEROUS = (
    "eval evalc evalin assignin inputname load save fopen fread fwrite fileread textscan "
    "importdata readtable csvread system dos unix shell urlread urlwrite webread webwrite websave "
    "javaObject javaMethod py mex loadlibrary calllib addpath rmpath cd delete rmdir mkdir "
    "movefile copyfile run source input keyboard exist which builtin getenv setenv parfeval "
    "gpuDevice matlab clear exit quit"
)


@pytest.mark.parametrize("name", DANGEROUS.split())
def test_no_function_of_the_table_reaches_out(name: str) -> None:
    assert name not in TABLE
    with pytest.raises(UnsupportedCodeError, match=name):
        value(f"r = {name}('x');")


@pytest.mark.parametrize(
    "code",
    [
        "r = feval('system', 'ls');",
        "r = cellfun('system', {'ls'});",
        "r = feval(['sys' 'tem'], 'ls');",
        "f = str2func('system'); r = f('ls');",
        "f = str2func(['sys' 'tem']); r = f('ls');",
        "f = str2func('@() system(''ls'')'); r = f();",
        "f = str2func(['@() ' 'system(1)']); r = f();",
        "f = str2func('../../code'); r = f();",
        "f = @system; r = f('ls');",
        "r = arrayfun(@(x) system('ls'), 1);",
        "r = str2num('system(''ls'')');",
        "!ls",
        "system ls",
        "r = x.('__class__');",
        "x = struct(); x.('a.b') = 1;",
    ],
)
def test_no_way_around_leads_out(code: str) -> None:
    with pytest.raises((UnsupportedCodeError, CodeError)):
        value(code)


@pytest.mark.parametrize(
    "code",
    [
        "r = 0; while true, r = r + 1; end",
        "r = 0; for k = 1:1e9, r = r + 1; end",
        "r = zeros(1e5, 1e5);",
        "r = ones(1e9, 1);",
        "r = 1:1e12;",
        "r = repmat(ones(1e4), 1e4, 1e4);",
        "r = repelem(1:1e4, 1e8);",
        "x = 1; for k = 1:100, x = [x x]; end; r = x;",
        "x = 'a'; for k = 1:60, x = strcat(x, x); end; r = x;",
        "x(1e12) = 1; r = x;",
        "x = []; x(1e6, 1e6) = 1; r = x;",
        "r = (1:1e5)' * (1:1e5);",
        "r = (1:1e5)' + (1:1e5);",
        "r = kron(ones(1e4), ones(1e4));",
        "r = cell(1e5, 1e5);",
        "r = eye(1e6);",
        "r = linspace(0, 1, 1e12);",
        "r = sparse(1e6, 1e6);",
        "r = diag(1:1e6);",
        "[x, y] = meshgrid(1:1e6, 1:1e6); r = x;",
        "r = fft(1, 1e12);",
        "r = blanks(1e9);",
        "r = sprintf('%1000000000d', 1);",
        "r = f(1, 2);",
        "g = @(s, x) s(s, x); r = g(g, 1);",
        "r = num2str(1, 1e9);",
        "r = x" + ".a" * 3000 + ";",
        "r = " + "(" * 3000 + "1" + ")" * 3000 + ";",
        "r = " + "1 + " * 3000 + "1;",
        "r = " + "[" * 3000 + "]" * 3000 + ";",
        "r = -2 ^ (1:3);",
        "r = permute(1, [1e300 1]);",
        "r = ones(1, 1, 1e300);",
        "r = reshape(1, -1, -1);",
        "r = circshift(1:3, 1e300);",
    ],
    ids=lambda code: code[:40],
)
def test_what_would_take_too_much_is_refused(code: str) -> None:
    with pytest.raises(MatlabCompatError):
        value(code, limits=CodeLimits(elements=10**6, steps=100_000))


def test_a_loop_within_a_loop_ends_at_the_limit_of_steps() -> None:
    code = "r = 0; for i = 1:9999, for k = 1:9999, r = r + 1; end, end"
    with pytest.raises(CodeLimitError, match="5000 steps"):
        value(code, limits=CodeLimits(steps=5000))


#: For each limit one that the program below reaches, and more than it needs of it.
REACHED = {
    "file_bytes": (100, 1000),
    "files": (1, 2),
    "nesting": (3, 20),
    "parse_seconds": (1e-9, 60),
    "calls": (1, 2),
    "steps": (5, 1000),
    "iterations": (3, 4),
    "elements": (5, 6),
    "work": (20, 10_000),
}
REACHES = {
    "f": "function r = f(x)\nr = ones(2, 3);\nfor i = 1:4\n"
    "r = g(r + (1 + (i * (2 + x))));\nend\nend",
    "g": "function r = g(x)\n% " + "text " * 40 + "\nr = x .* 2;\nend",
}


def reach(limits: CodeLimits) -> None:
    code = program(limits, **REACHES)
    function = code.function("f")
    assert function is not None
    code.check(function)
    code.call(function, [1.0])


@pytest.mark.parametrize("name", [one.name for one in fields(CodeLimits)])
def test_each_limit_is_reached_and_named(name: str) -> None:
    reached, enough = REACHED[name]
    reach(CodeLimits(**{name: enough}))
    with worded(option), pytest.raises((CodeLimitError, UnsupportedCodeError)) as caught:
        reach(CodeLimits(**{name: reached}))
    assert f"--code-limit {name}=..." in str(caught.value)


def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.m").write_text("function y = secret(), y = 1; end\n")
    inside = tmp_path / "code"
    inside.mkdir()
    (inside / "secret.m").symlink_to(outside / "secret.m")
    (inside / "folder").symlink_to(outside, target_is_directory=True)

    assert CodeFolders([inside]).find("secret") == []


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "a..b", "", "a b", "é", "x" * 64, "@a", "f in x"]
)
def test_a_name_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "secret.m").write_text("function y = secret(), y = 1; end\n")
    code = Program(CodeFolders([tmp_path / "code"]))
    assert code.function(name) is None
    with pytest.raises(CodeError, match="no name of a class"):
        code.class_named(name)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="no such folder"):
        CodeFolders([tmp_path / "gone"])


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.m")
    assert CodeFolders([tmp_path]).find("pipe") == []


def test_more_files_than_the_limit_are_refused() -> None:
    texts = {f"f{n}": f"function y = f{n}()\ny = f{n + 1}();\nend\n" for n in range(20)}
    code = program(CodeLimits(files=5), **texts)
    function = code.function("f0")
    assert function is not None
    with pytest.raises(MatlabCompatError, match="more than 5 files"):
        code.check(function)


def test_a_short_seeded_fuzz_finds_nothing() -> None:
    child = "import sys; from tests.fuzz.code import main; sys.argv[1:] = ['--mutants', '400']"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{child}; raise SystemExit(main())"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "values" in done.stdout


def test_the_fuzzer_sees_a_foreign_error(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def broken(text: str, arguments: object) -> None:
        calls.append(text)
        if len(calls) > 1:  # the first only warms up
            raise KeyError("x")

    monkeypatch.setattr("tests.fuzz.code.run", broken)
    monkeypatch.setattr("tests.fuzz.code.seeds", lambda: ["r = 1;"])
    (found,) = findings(1, 60.0, 1)
    assert isinstance(found, Finding)
    assert "KeyError" in found.kind
