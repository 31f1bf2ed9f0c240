"""What of a model function's code is exported, and why not; expected values are the interpreter's.

The sentences of refusals are this project's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import converters
from matlab_compat.code.definitions import Texts
from matlab_compat.code.models import Argument, FunctionModel, function_model
from matlab_compat.code.program import Program
from matlab_compat.errors import DataDependentCodeError, UnsupportedLayerError


def model_of(body: str, labels: str = "CB", count: int = 1, **parameters: Any) -> FunctionModel:
    """``Y = model(p, X)`` with that body; several inputs are ``X1``, ``X2``."""
    names = ["X"] if count == 1 else [f"X{i + 1}" for i in range(count)]
    text = f"function Y = model(p, {', '.join(names)})\n{body}\nend\n"
    program = Program(Texts({"model": text}))
    function = program.function("model")
    assert function is not None
    data = [Argument(name, labels, is_plain=True) for name in names]
    return function_model(
        program, function, [Argument("p", value=parameters, is_learnable=True), *data]
    )


def test_a_number_of_channels_that_the_code_leaves_open_stays_free(tmp_path: Path) -> None:
    path = converters.save(model_of("Y = 2 * tanh(X);"), tmp_path / "a.pt2", check=False).path
    x = torch.randn(5, 7)
    torch.testing.assert_close(torch.export.load(path).module()(x), 2 * x.tanh())


def test_inputs_may_have_their_own_numbers_of_channels() -> None:
    model = model_of("Y = p.W * X1 + p.V * X2;", count=2, W=np.ones((3, 4)), V=np.ones((3, 2)))
    assert model.example_channels() == (4, 2)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("if size(X, 2) > 2, Y = X; else, Y = 2 * X; end", "depends on the number of observations"),
        ("Y = X;\nfor i = 1:size(X, 2), Y(:, i) = 0; end", "Line 3 needs a certain number"),
    ],
)
def test_code_that_settles_the_number_of_observations_is_refused_with_its_line(
    body: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DataDependentCodeError, match=said):
        converters.save(model_of(body), tmp_path / "a.pt2", check=False)


def test_a_branch_on_the_time_steps_fixes_them(tmp_path: Path) -> None:
    model = model_of("if size(X, 3) > 4, Y = X; else, Y = 2 * X; end", "CBT")
    done = converters.save(model, tmp_path / "a.pt2")
    assert "exactly 8 time steps" in str(done.remarks)


@pytest.mark.slow
def test_onnx_holds_what_its_exporter_does_not_write_by_itself(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    body = """
    S = sort(p.W * X, 1, 'descend');
    T = interp1(linspace(-3, 3, 5), p.Table, min(max(S, -3), 3));
    z = S + 1i * T;
    Y = abs(z) + imag(conj(z)) + cumprod(T, 1) + hypot(S, T);
    """
    model = model_of(body, Table=np.array([[0.5, -1.0, 2.0, 0.0, 1.5]]), W=np.eye(3))
    assert converters.save(model, tmp_path / "a.onnx").exit_code == 0


def test_what_onnx_lacks_is_named_with_its_line(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(UnsupportedLayerError, match=r"no counterpart of 'lgamma'.*model.m:2"):
        converters.save(model_of("Y = gammaln(X);"), tmp_path / "a.onnx")
