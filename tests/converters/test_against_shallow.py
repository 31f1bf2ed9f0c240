"""``verify_against`` for shallow networks: an ONNX file that was written of one.

Expected values: the inputs and outputs that Octave computed in ``fixtures/shallow``; with one bias
changed it is another network.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import converters
from converters.against import verify_against
from converters.formats import Options
from matlab_compat import ShallowNetwork
from matlab_compat.errors import DataFormatError, UsageError
from tests.matlab_compat.shallow.made import FOLDER


def fixture(name: str) -> Path:
    return FOLDER / f"{name}.v7.mat"


def written(folder: Path, name: str, **options: object) -> Path:
    converters.convert(
        fixture(name),
        folder / "net.onnx",
        options=Options(**options),
        check=False,  # type: ignore[arg-type]
    )
    return folder / "net.onnx"


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file of a closed loop, of as many time steps as its fixture has."""
    return written(tmp_path_factory.mktemp("loop"), "closed_loop", steps=8)


def test_a_network_of_several_outputs_is_equal_in_double(tmp_path: Path) -> None:
    report = verify_against(fixture("weight_functions"), written(tmp_path, "weight_functions"))
    assert report.verdict == "equal"
    assert report.outputs[0].shape == (20, 2)
    assert report.outputs[0].max_abs < 1e-12
    assert report.environment["dtype"] == "float64"


def test_a_file_in_single_is_held_to_the_bound_of_single(tmp_path: Path) -> None:
    report = verify_against(fixture("pattern"), written(tmp_path, "pattern", dtype="single"))
    assert report.verdict == "equal"
    assert report.outputs[0].max_abs > 1e-9


def test_another_network_is_different(tmp_path: Path) -> None:
    net = converters.load(fixture("pattern"))
    assert isinstance(net, ShallowNetwork)
    assert net.b[1] is not None
    net.b[1][0] += 1e-9
    converters.save(net, tmp_path / "net.onnx", check=False)
    assert verify_against(fixture("pattern"), tmp_path / "net.onnx").verdict == "different"


def test_a_loop_takes_the_time_steps_of_the_file_and_refuses_others(tmp_path: Path) -> None:
    file, onnx = fixture("closed_loop"), written(tmp_path, "closed_loop", steps=2)
    report = verify_against(file, onnx)
    assert (report.verdict, report.outputs[0].shape) == ("equal", (1, 2, 2))
    with pytest.raises(DataFormatError, match="The ONNX input 'x1' is"):
        verify_against(file, onnx, input=[f"{file}:X"])  # of 8 steps


def test_given_data_and_states_are_used(loop: Path) -> None:
    file = fixture("closed_loop")
    report = verify_against(file, loop, input=[f"{file}:{name}" for name in ("X", "Xi", "Ai")])
    assert (report.verdict, report.outputs[0].shape) == ("equal", (1, 8))


def test_a_file_of_another_kind_of_network_is_named(loop: Path) -> None:
    with pytest.raises(UsageError, match="The ONNX file has the inputs x1, Xi1, Ai2"):
        verify_against(fixture("pattern"), loop)
