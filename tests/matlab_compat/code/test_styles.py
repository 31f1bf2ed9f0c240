"""Layers and model functions of our own in many styles give what GNU Octave gives, and torch.

Expected values: ``fixtures/code/styles.npz``, which ``fixtures/code/make_styles.py`` makes with
Octave from the files in ``fixtures/code/styles``; and ``by_hand.py``, the same layers written by
hand in torch, in double. Gradients are compared with differences (``torch.autograd.gradcheck``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from converters.octave import compared
from fixtures.code.make_styles import FUNCTIONS, LAYERS, RESULTS, case_of, program_of_styles
from matlab_compat.code.models import _filled as filled
from matlab_compat.code.models import arrays_in
from matlab_compat.code.numeric import numeric
from matlab_compat.code.values import Object
from matlab_compat.errors import UnsupportedLayerError
from tests.matlab_compat.code.by_hand import BY_HAND
from tests.matlab_compat.code.styles import BOUNDS, KIND, KINDS, differs_by, network_of

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


def of_torch(value: Any) -> Any:
    """The arrays in a value as torch's, double."""
    if isinstance(value, dict):
        return {name: of_torch(one) for name, one in value.items()}
    if isinstance(value, list):
        return [of_torch(one) for one in value]
    return torch.from_numpy(np.array(value, float)) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("name", NAMES)
def test_the_code_gives_what_torch_gives_that_is_written_by_hand(name: str, program: Any) -> None:
    given = of_torch((LAYERS | FUNCTIONS)[name]._asdict())
    expected = BY_HAND[name](*given["inputs"], **given.get("properties", {}))
    found = case_of(program, name).results()
    several = expected if isinstance(expected, tuple) else (expected,)
    for ours, theirs in zip(found, several, strict=True):
        wanted = np.atleast_2d(theirs.numpy())
        assert ours.shape == wanted.shape
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-12 * abs(wanted).max())


#: Those whose result is of whole steps, and the indices among the inputs.
STEPS = ("argmaxOneHot", "bitPack", "steQuant")
INDICES = {"messagePass": 2}


@pytest.mark.parametrize("name", [one for one in NAMES if one not in STEPS])
def test_gradients_are_those_of_differences(name: str, program: Any) -> None:
    """Of the data, of the learnables of a layer, and of the parameters of a function."""
    case = case_of(program, name)
    data = case.inputs[: len(case.inputs) - INDICES.get(name, 0)]
    first, *rest = case.values
    if isinstance(first, Object):
        learn = [n for n, one in first.definition.properties.items() if one.has("learnable")]
        held = {n: case.layer[n] for n in learn if isinstance(case.layer[n], np.ndarray)}
    else:
        data, held = data[1:], {path: array for path, array, _ in arrays_in(first)}
    tensors = [torch.from_numpy(np.array(one)).requires_grad_() for one in (*held.values(), *data)]

    def computed(*given: torch.Tensor) -> Any:
        values = {n: numeric(x, "", True) for n, x in zip(held, given, strict=False)}
        if isinstance(first, Object):
            one: Any = first
            for n, value in values.items():
                one = one.with_property(n, value)
        else:
            one = filled(first, values)
        changed = [numeric(x, case.labels, True) for x in given[len(held) :]]
        arguments = [one, *changed, *rest[len(changed) :]]
        results = program.call(case.function, arguments, case.outputs)
        return tuple(result.data for result in results if result.data.requires_grad)

    assert torch.autograd.gradcheck(computed, tensors, fast_mode=True)


#: One of each of the kinds in ``styles.KINDS``.
EXPORTED = (
    *("paramReluLayer", "l2normalizeLayer", "triuCausal", "patchEmbed"),
    *("nearestUp", "steQuant", "fftLowPass", "zeroDiag"),
)


@pytest.mark.slow
def test_a_program_gives_the_same_for_another_number_of_observations(
    program: Any, tmp_path: Path
) -> None:
    """As ``python -m tests.matlab_compat.code.styles`` does with all of them, and with ONNX."""
    network = network_of(program, EXPORTED)
    assert differs_by(network, EXPORTED, ".pt2", tmp_path) <= BOUNDS[".pt2"]


def test_a_program_of_each_kind_is_run() -> None:
    assert {KIND[name] for name in EXPORTED} == set(KINDS)
    assert set(KIND) <= set(NAMES)


def test_a_loop_over_the_observations_is_not_exported(program: Any, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match=r"Line 19 .* a loop over them"):
        differs_by(network_of(program, ["gcnLayerA"]), ["gcnLayerA"], ".pt2", tmp_path)
