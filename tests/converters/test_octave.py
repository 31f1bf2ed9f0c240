"""The code of custom layers, run by GNU Octave as well.

Expected: that Octave, which reads the same files by itself, agrees on layers of our own; and where
a layer is made to give something else here, that it does not.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.octave import (
    Agreement,
    Case,
    check_with_octave,
    compared,
    octave_program,
    outputs_in_octave,
)
from matlab_compat import dlnetwork, imageInputLayer
from matlab_compat.code.definitions import Texts
from matlab_compat.code.layers import CodeFunctionLayer
from matlab_compat.code.operators import elementwise
from matlab_compat.code.program import Program
from matlab_compat.errors import NothingToCompareError, UnsupportedLayerError, UsageError
from tests.cli.command import run
from tests.matlab_compat.code.running import program
from tests.matlab_compat.code.test_layers import nested

ROOT = Path(__file__).parents[2] / "fixtures"
FILE, LAYERS = ROOT / "code" / "network.mat", ROOT / "code" / "layers"


def network() -> Any:
    return converters.load_network(FILE, code=[LAYERS])


@pytest.mark.octave
def test_octave_agrees_on_the_layers_of_a_network() -> None:
    done = run("verify", FILE, "--code", LAYERS, "--octave", "--format", "json")
    assert done.returncode == 0
    layers = json.loads(done.stdout)["layers"]
    assert [(one["name"], one["agrees"]) for one in layers] == [
        ("swish", True),
        ("blend", True),
        ("pool", True),
    ]


@pytest.mark.octave
def test_a_wrong_reading_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(operator: str, *arguments: Any) -> Any:
        return elementwise({"./": ".*"}.get(operator, operator), *arguments)

    monkeypatch.setattr("matlab_compat.code.operators.elementwise", wrong)
    found = check_with_octave(network())
    assert found[0].text.startswith("swish: differs: the values are others")
    assert not found[0].agrees


@pytest.mark.octave
def test_code_that_takes_too_long_is_stopped() -> None:
    found = check_with_octave(network(), seconds=0.01)
    assert [(one.compared, "longer than" in one.reason) for one in found] == [(False, True)] * 3


#: The labels of X, the sizes of X, a, b and c, and what deep learning functions make of them: Y.
DEEP = """
SSCB | 7x6x4x2 3x2x4x5 5x1 | dlconv(X, a, b, 'Stride', [2 1], 'Padding', 'same')
SSCB | 7x6x4x2 2x2x2x3x2 6x1 | dlconv(X, a, b, 'DilationFactor', 2, 'Padding', [1 0; 2 1])
CBT | 3x2x6 3x3x4 4x1 | dlconv(X, a, b, 'WeightsFormat', 'TCU', 'Padding', 'causal')
SSCB | 4x3x2x2 3x4x5x2 5x1 | dltranspconv(X, a, b, 'Stride', 2, 'Cropping', 'same')
SSCB | 4x3x2x2 3x4x5x2 5x1 | dltranspconv(X, a, b, 'Stride', [3 2], 'Cropping', 1)
SSCB | 7x6x3x2 | maxpool(X, [3 2], 'Stride', 2, 'Padding', 1) + maxpool(X, 'global')
SSCB | 7x6x3x2 | avgpool(X, 3, 'Stride', 2, 'Padding', 'same')
SSCB | 4x3x2x3 2x1 2x1 | batchnorm(X, a, b)
CBT | 2x3x4 2x1 2x1 2x1 | batchnorm(X, a, b, c, abs(a) + 1, 'Epsilon', 1e-3)
SSCB | 4x3x2x3 2x1 2x1 | layernorm(X, a, b) + instancenorm(X, b, a)
CBT | 4x3x5 4x1 4x1 | layernorm(X, a, b, 'Epsilon', 1e-3)
SSCB | 4x3x4x3 4x1 4x1 | groupnorm(X, 2, a, b)
CBT | 4x2x5 12x4 12x3 12x1 | [Y, h, k] = lstm(X, zeros(3, 2), ones(3, 2), a, b, c); \
Y = sum(Y, 3) + h .* k
CBT | 4x2x5 9x4 9x3 9x1 | gru(X, ones(3, 2), a, b, c)
CBT | 4x2x5 9x4 9x3 9x1 | gru(X, ones(3, 2), a, b, c, 'ResetGateMode', 'before-multiplication')
CB | 4x3 | gelu(X) + gelu(X, 'Approximation', 'tanh') + softmax(X) + sigmoid(X)
SSCB | 3x2x2x4 5x12 5x1 | fullyconnect(X, a, b)
CBT | 1x3x4 5x9 | embed(round(abs(X)) + 1, a)
SSCB | 3x2x2x4 1x1x2x2 2x1 | dlconv(stripdims(X), a, b, 'DataFormat', 'SSCB')
"""


@pytest.mark.octave
def test_octave_agrees_on_the_functions_of_deep_learning_arrays() -> None:
    """Written out there as loops, by themselves; dlarray tells which labels X has."""
    draw = np.random.default_rng(0).standard_normal
    cases = []
    for line in DEEP.strip().splitlines():
        labels, text, code = line.split(" | ")
        code = f"{code};" if code.startswith("[") else f"Y = {code};"
        sizes = [tuple(map(int, size.split("x"))) for size in text.split()]
        names = ["X", "a", "b", "c"][: len(sizes)]
        head = f"function Y = f({', '.join(names)})\nX = dlarray(X, '{labels}');"
        own = program(f=f"{head}\n{code}\nend\n")
        function = own.function("f")
        assert function is not None
        arrays = [draw(size) for size in sizes]
        cases.append(Case(code, own, function, None, arrays, arrays, labels))
    answers = outputs_in_octave(octave_program(), cases, 60)
    found = [compared(case, *answer) for case, answer in zip(cases, answers, strict=True)]
    assert [one.text for one in found if not one.agrees] == []


@pytest.mark.octave
def test_octave_agrees_on_a_model_function_whose_fields_are_texts_and_numbers() -> None:
    model = converters.load_model(
        ROOT / "code" / "parameters.mat",
        function=ROOT / "code" / "model.m",
        arguments="parameters, X:CB",
    )
    (found,) = check_with_octave(model)
    assert found.agrees, found.text


@pytest.mark.octave
def test_what_octave_lacks_is_not_compared() -> None:
    own = program(f="function Y = f(X)\nY = crosschannelnorm(X, 3, 'DataFormat', 'CB');\nend\n")
    function = own.function("f")
    assert function is not None
    case = Case("f", own, function, None, [np.eye(4)], [np.eye(4)], "CB")
    (answer,) = outputs_in_octave(octave_program(), [case], 60)
    found = compared(case, *answer)
    assert not found.compared
    assert "Octave cannot run it: 'crosschannelnorm' undefined" in found.text


@pytest.mark.octave
def test_octave_agrees_on_a_function_layer_that_is_run_as_code() -> None:
    fields = {"PredictFcn": "@(X) cumsum(X(:, :, 1:2, :), 1)", "Name": "part"}
    layer = CodeFunctionLayer.of(Program(Texts({})), fields)
    image = imageInputLayer([4, 4, 3], Name="in", Normalization="none")
    (found,) = check_with_octave(dlnetwork([image, layer]))
    assert found.agrees, found.text


@pytest.mark.octave
def test_a_layer_with_a_network_in_a_property_is_not_compared() -> None:
    layer, _ = nested("Z = predict(layer.Net, X);")
    (found,) = check_with_octave(layer)
    assert not found.compared
    assert found.reason == "A value that cannot be given to Octave."


def test_octave_is_run_on_request_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def executed(*arguments: Any, **options: Any) -> Sequence[Agreement]:
        raise AssertionError("Octave was run")

    monkeypatch.setattr("converters.octave._execute", executed)
    assert converters.verify(FILE, code=[LAYERS]).exit_code == 0


def test_without_octave_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="not installed"):
        check_with_octave(network())


def test_a_layer_whose_code_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    for one in LAYERS.iterdir():
        text = one.read_text().replace("Z = 0;", "Z = = 0;")
        (tmp_path / one.name).write_text(text)
    with pytest.raises(
        UnsupportedLayerError,
        match=r"a blendLayer: .*blendLayer\.m:22: MATLAB code is not understood",
    ):
        check_with_octave(converters.load_network(FILE, code=[tmp_path]))


@pytest.mark.parametrize(
    "options",
    [
        *(["--report", "r.html"], ["--format", "junit"], ["--rtol", "1"], ["--resize"]),
        *(["--device", "cuda"], ["--seed", "3"], ["--diagnosis-seconds", "0"], ["--results", "r"]),
    ],
)
def test_options_that_would_be_passed_over_are_refused(options: list[str]) -> None:
    done = run("verify", FILE, "--code", LAYERS, "--octave", *options)
    assert done.returncode == 2
    assert "--octave" in done.stderr


def test_a_model_without_code_has_nothing_to_check() -> None:
    with pytest.raises(NothingToCompareError, match="no custom layer"):
        check_with_octave(converters.load(ROOT / "same_odd.v7.mat"))
