"""Lines of MATLAB code give what GNU Octave gives: class, size and values.

Expected values: ``fixtures/octave/code_results.jsonl``, which ``code_results.m`` makes with Octave
from ``code_snippets.txt``. The first snippets are those that the grammar reads wrongly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matlab_compat.code.numeric import Numeric
from matlab_compat.code.operators import class_name
from matlab_compat.code.values import Chars
from tests.matlab_compat.code.running import program

FOLDER = Path(__file__).parents[3] / "fixtures" / "octave"


def answers() -> list[dict[str, Any]]:
    lines = (FOLDER / "code_results.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: answer["code"])
def test_the_snippet_gives_what_octave_gives(answer: dict[str, Any]) -> None:
    code = program(f=f"function r = f()\n{answer['code']};\nend\n")
    function = code.function("f")
    assert function is not None
    assert code.problems(function) == []

    (found,) = code.call(function, [])

    assert class_name(found) == answer["class"]
    assert [int(n) for n in found.shape] == answer["size"]
    if isinstance(found, Chars):
        assert found.value == answer["text"]
        return
    assert isinstance(found, Numeric)
    real, imag = (np.array([float(n) for n in answer[part]]) for part in ("real", "imag"))
    elements = np.asarray(found.data, np.complex128).reshape(-1, order="F")
    np.testing.assert_allclose(elements, real + 1j * imag, rtol=1e-13, atol=1e-14)


def test_the_answers_are_those_of_the_snippets() -> None:
    lines = (FOLDER / "code_snippets.txt").read_text(encoding="utf-8").splitlines()
    snippets = [line for line in lines if line and not line.startswith("%")]
    assert [answer["code"] for answer in answers()] == snippets
    assert len(snippets) >= 200
