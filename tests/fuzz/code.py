"""Fuzz the interpreter of MATLAB code: mutated sources, run within small limits.

python -m tests.fuzz.code --minutes 1 --seed 7

Each mutant must give values or one of our errors, within time, and nothing may be opened, executed
or connected to: Python's own audit events would tell.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from matlab_compat.code.definitions import Texts
from matlab_compat.code.functions import TABLE
from matlab_compat.code.program import Program
from matlab_compat.errors import MatlabCompatError
from matlab_compat.language.source import CodeLimits, normalized

ROOT = Path(__file__).parents[2]
LIMITS = CodeLimits(
    nesting=50, parse_seconds=5.0, calls=10, steps=3000, iterations=200, elements=20_000,
    work=5_000_000,
)  # fmt: skip
#: Seconds that one mutant may take before it counts as hanging.
PATIENCE = 30

LAYERS = (
    """classdef scaled < nnet.layer.Layer
    properties (Learnable)
        Alpha
    end
    properties
        Sizes = [2 3]
    end
    methods
        function Z = predict(layer, X)
            Z = max(X, 0) + layer.Alpha .* min(0, X);
            for k = 1:size(X, 2)
                Z(:, k) = helper(layer, Z(:, k), k);
            end
        end
        function y = helper(~, x, k)
            y = x ./ sqrt(sum(x.^2) + eps) * k;
        end
    end
end
""",
    """function Z = f(p, X)
arguments
    p struct = struct('a', {1})
    X double = reshape(1:12, 3, 4)
end
names = fieldnames(p);
Z = dlarray(X, 'SC');
for k = 1:numel(names)
    switch names{k}
        case {'a', 'b'}
            Z = Z .* p.(names{k});
        otherwise
            Z = relu(Z) - mean(Z, 1);
    end
end
g = @(x, varargin) x + numel(varargin);
Z = g(softmax(Z), 1, "two", {3});
while sum(stripdims(Z), 'all') > 20, Z = Z / 2; end
end
""",
)

_EXTREMES = (
    "0",
    "-1",
    "1e308",
    "1e-320",
    "NaN",
    "Inf",
    "[]",
    "{}",
    "1e5",
    "99999999",
    "2^53",
    "1i",
)
_PIECES = (
    "end", "'", '"', "(", ")", "[", "]", "{", "}", ":", ",", ";", "...", "%{", "%}", "@", "~", ".",
    "'''", "=", "==", "&&", "for", "while", "if", "function", "X(:)", "end+1", "(1)", "{:}", ".x",
)  # fmt: skip
_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


_STATEMENTS = (
    "r = {};",
    "x = {};",
    "x({}) = {};",
    "x(:, {}) = {};",
    "x({}) = [];",
    "y{{{}}} = {};",
    "y.a = {};",
    "[x, y] = deal({}, {});",
    "for k = {}, x(k) = k; end",
    "[x, y] = max({});",
    "if {}, x = {}; end",
    "switch {}, case {}, y = 1; end",
    "while {}, x = {}; end",
)


def seeds() -> list[str]:
    """The corpus of snippets as functions, and longer texts."""
    lines = (ROOT / "fixtures/octave/code_snippets.txt").read_text(encoding="utf-8").splitlines()
    texts = [
        f"function r = f(x, y)\n{line};\nend\n"
        for line in lines
        if line and not line.startswith("%")
    ]
    return [*texts, *LAYERS * 20]


def expression(chance: random.Random, depth: int = 3) -> str:
    """A random expression that the grammar accepts."""

    def inner() -> str:
        return expression(chance, depth - 1)

    kind = chance.randrange(14) if depth else chance.randrange(3)
    if kind == 0:
        return chance.choice(
            ("x", "y", "1", "2", "3", "[1 2 3]", "'ab'", '"s"', "{1, 'b'}", "true")
        )
    if kind == 1:
        return chance.choice(_EXTREMES)
    if kind == 2:
        return chance.choice(("reshape(1:6, 2, 3)", "struct('a', 1)", "@(t) t + 1", "single(2)"))
    if kind <= 7:
        count = chance.choice((1, 1, 1, 2, 2, 3))
        return f"{chance.choice(sorted(TABLE))}({', '.join(inner() for _ in range(count))})"
    if kind <= 9:
        sign = chance.choice(("+", "-", ".*", "*", "./", "/", ".^", "^", "==", "<", "&", "||", ":"))
        return f"({inner()} {sign} {inner()})"
    if kind == 10:
        return f"[{inner()}{chance.choice((', ', '; '))}{inner()}]"
    if kind == 11:
        return f"({inner()})'"
    if kind == 12:
        return f"x({chance.choice((':', 'end', inner(), inner() + ', :'))})"
    return f"~{inner()}"


def program(chance: random.Random) -> str:
    """A function of random statements."""
    lines = []
    for _ in range(chance.randint(1, 5)):
        value = expression(chance)
        line = chance.choice(_STATEMENTS)
        values_of = [value, *(expression(chance, 2) for _ in range(2))]
        lines.append(line.format(*values_of))
    body = "\n".join(lines)
    return f"function r = f(x, y)\nr = 0;\n{body}\nend\n"


def mutated(text: str, others: Sequence[str], chance: random.Random) -> str:
    """A text with a few pieces changed."""
    tokens = _TOKEN.findall(text)
    for _ in range(chance.randint(1, 4)):
        if not tokens:
            break
        at = chance.randrange(len(tokens))
        kind = chance.randrange(9)
        if kind == 0:
            del tokens[at : at + chance.randint(1, 3)]
        elif kind == 1:
            tokens.insert(at, chance.choice(_PIECES))
        elif kind == 2:
            tokens[at] = chance.choice(_EXTREMES)
        elif kind == 3:
            tokens[at:at] = tokens[at : at + chance.randint(1, 12)] * chance.randint(1, 6)
        elif kind == 4:
            names = [n for n, one in enumerate(tokens) if re.fullmatch(r"[A-Za-z]\w+", one)]
            if names:
                tokens[chance.choice(names)] = chance.choice(sorted(TABLE))
        elif kind == 5:
            other = _TOKEN.findall(chance.choice(others))
            start = chance.randrange(max(len(other), 1))
            tokens[at:at] = other[start : start + chance.randint(1, 10)]
        elif kind == 6:
            one = chance.randrange(len(tokens))
            tokens[at], tokens[one] = tokens[one], tokens[at]
        elif kind == 7:
            tokens[at] = "".join(
                chr(chance.choice((0, 9, 32, 127, 233, 8364, 65533))) for _ in "ab"
            )
        else:
            tokens[at] = f"{chance.choice(sorted(TABLE))}({tokens[at]})"
    return "".join(tokens)


def values(chance: random.Random) -> list[Any]:
    """Arguments of several kinds."""
    kinds: list[Any] = [
        torch.arange(12.0).reshape(3, 4),
        np.arange(12.0).reshape(3, 4),
        {"a": np.ones((1, 1)), "b": torch.ones(3, 1)},
        np.zeros((0, 0)),
        "text",
        [np.ones((1, 1)), "b"],
    ]
    return [chance.choice(kinds[:2] * 4 + kinds) for _ in range(chance.choice((0, 2, 2, 2)))]


def run(text: str, arguments: Sequence[Any]) -> None:
    """Whatever a user's program would do with the text."""
    code = Program(Texts({"f": normalized(text.encode("utf-8", "replace"), "f.m", LIMITS)}), LIMITS)
    function = code.function("f")
    if function is None:
        definition = code.class_named("f") if "classdef f" in text else None
        if definition is None:
            name = re.search(r"classdef\s+(\w+)", text)
            if name is None:
                return
            code = Program(Texts({name[1]: normalized(text, "f.m", LIMITS)}), LIMITS)
            definition = code.class_named(name[1])
        method = definition.method("predict")
        if method is None:
            return
        layer = code.object(definition, {"Alpha": torch.ones(3, 1)})
        code.problems(method)
        code.call(method, [layer, torch.ones(3, 4)])
        return
    code.problems(function)
    code.call(function, arguments)


@dataclass
class Finding:
    """A mutant that did harm."""

    number: int
    kind: str
    text: str


class _Hang(BaseException):
    pass


def _ring(signum: int, frame: FrameType | None) -> None:
    raise _Hang


_HARMFUL = ("subprocess.", "os.system", "os.exec", "socket.", "os.posix_spawn", "os.remove")
_opened: list[str] = []
_watching = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "open":
        path = str(arguments[0])
        # Modules that are imported when first needed, and the folders where these are looked for.
        if not path.endswith((".py", ".pyc", ".so", "entry_points.txt")) and path not in sys.path:
            _opened.append(path)
    elif event.startswith(_HARMFUL):
        _opened.append(event)


def findings(seed: int, seconds: float, mutants: int) -> Iterator[Finding | str]:
    """Kinds of outcome, and findings among them."""
    global _watching
    texts = seeds()
    for text in texts:  # nothing left to import
        with suppress(MatlabCompatError):
            run(text, [])
    if not getattr(sys, "_code_audit", False):
        sys.addaudithook(_audit)
        sys._code_audit = True  # type: ignore[attr-defined]
    signal.signal(signal.SIGALRM, _ring)
    ends = time.monotonic() + seconds
    for number in range(mutants):
        if time.monotonic() > ends:
            return
        chance = random.Random(f"{seed}-{number}")
        text = program(chance) if number % 2 else mutated(chance.choice(texts), texts, chance)
        arguments = values(chance)
        signal.alarm(PATIENCE)
        _watching = True
        try:
            run(text, arguments)
            kind: Finding | str = "values"
        except MatlabCompatError:
            kind = "error"
        except _Hang:
            kind = Finding(number, "hang", text)
        except Exception:
            kind = Finding(number, traceback.format_exc(limit=-4), text)
        finally:
            _watching = False
            signal.alarm(0)
        if _opened:
            kind = Finding(number, f"opened {_opened}", text)
            _opened.clear()
        yield kind


def main() -> int:
    """Run as the command line asks; 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.code", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--mutants", type=int, default=1 << 60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    met = set()
    for outcome in findings(asked.seed, asked.minutes * 60, asked.mutants):
        counts[outcome if isinstance(outcome, str) else "finding"] += 1
        if isinstance(outcome, Finding):
            reason = outcome.kind.strip().splitlines()[-1]
            if reason not in met:
                met.add(reason)
                print(f"--- mutant {outcome.number}: {outcome.kind}\n{outcome.text}")
    print(f"seed {asked.seed}: {dict(counts)}")
    return 1 if counts["finding"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
