"""Layers and model functions of our own in many styles give what GNU Octave gives.

Expected values: ``fixtures/code/styles.npz``, which ``fixtures/code/make_styles.py`` makes with
Octave from the files in ``fixtures/code/styles``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from converters.octave import compared
from fixtures.code.make_styles import FUNCTIONS, LAYERS, RESULTS, case_of, program_of_styles
from matlab_compat.code.numeric import Numeric, numeric
from matlab_compat.code.values import Object

NAMES = [*LAYERS, *FUNCTIONS]


@pytest.fixture(scope="module")
def program() -> Any:
    return program_of_styles()


@pytest.fixture(scope="module")
def octave() -> Any:
    return np.load(RESULTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_gives_what_octave_gives(name: str, program: Any, octave: Any) -> None:
    case = case_of(program, name)
    assert program.problems(case.function) == []
    found = compared(case, [octave[f"{name}/{at}"] for at in range(case.outputs)])
    assert found.agrees, found.text


def test_there_are_enough_styles() -> None:
    assert len(NAMES) >= 80
    folder = RESULTS.parent / "styles"
    assert sorted(one.stem for one in folder.iterdir()) == sorted(NAMES)


LEARNING = ("sePoolExcite", "multiHeadSelfAtt", "rbfKernelLayer", "kanSpline", "dynRouting")


@pytest.mark.parametrize("name", LEARNING)
def test_gradients_are_those_of_differences(name: str, program: Any) -> None:
    case = case_of(program, name)
    layer, x = case.values[0], torch.from_numpy(np.ascontiguousarray(case.inputs[0]))
    assert isinstance(layer, Object)
    learnables = {
        n: torch.from_numpy(np.array(v.data, np.float64))
        for n, v in layer.properties.items()
        if layer.definition.properties.get(n) is not None
        and layer.definition.properties[n].has("learnable")
        and isinstance(v, Numeric)
    }

    def summed(data: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        given = dict(zip(learnables, parameters, strict=True))
        one = layer
        for n, value in given.items():
            one = one.with_property(n, numeric(value, "", True))
        (result,) = program.call(case.function, [one, numeric(data, "", True)], 1)
        total: torch.Tensor = result.data.sin().sum()
        return total

    inputs = [one.clone().requires_grad_() for one in (x, *learnables.values())]
    assert torch.autograd.gradcheck(summed, inputs, fast_mode=True)
