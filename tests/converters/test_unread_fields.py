"""Files whose layers have fields that nothing is known of: opened, not run, unless told otherwise.

Expected values: sums of ones, and the exit codes that README gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.predict import predict
from matlab_compat.errors import MatlabCompatWarning, UnsupportedLayerError, UsageError
from matlab_compat.testing import assert_matches_matlab
from tests.cli.command import run
from tests.converters.exports import fields, save

FULLY_CONNECTED = {
    "Class": "nnet.cnn.layer.FullyConnectedLayer",
    "Name": "fc",
    "OutputSize": 2.0,
    "Weights": np.ones((2, 3), np.float32),
    "X": np.ones((3, 1), np.float32),
    "Y": np.full((2, 1), 3, np.float32),
}


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A file with a layer that has the unknown field Foo, its input and its output."""
    return save(tmp_path / "layer.mat", layer={**FULLY_CONNECTED, "Foo": 7.0})


def test_load_opens_and_predict_refuses(layer: Path) -> None:
    made: Any = converters.load(layer)
    assert made.OutputSize == 2
    with pytest.raises(UnsupportedLayerError, match="Foo"):
        made.predict(np.ones((3, 1)))


def test_everything_runs_when_the_field_is_stated_to_have_no_effect(
    layer: Path, tmp_path: Path
) -> None:
    made: Any = converters.load(layer, ignore_fields=["Foo"])
    assert made.predict(np.ones((3, 1))).tolist() == [[3.0], [3.0]]
    assert converters.verify(layer, ignore_fields=["Foo"]).exit_code == 0
    with pytest.warns(MatlabCompatWarning, match="X is 1 everywhere"):
        assert_matches_matlab(made, layer, ignore_fields=["Foo"])
    assert converters.convert(layer, tmp_path / "layer.pt", ignore_fields=["Foo"]).exit_code == 0
    written = predict(layer, f"{layer}:layer.X", tmp_path / "Y.mat", ignore_fields=["Foo"]).outputs
    assert written["Y"].tolist() == [[3.0], [3.0]]


@pytest.mark.parametrize("names", [["foo"], ["Foo", "Weights"], ["OperationDimension"]])
def test_to_ignore_what_is_not_there_is_an_error(layer: Path, names: list[str]) -> None:
    with pytest.raises(UsageError, match=r"no field .* such fields are here: Foo"):
        converters.load(layer, ignore_fields=names)
    with pytest.raises(UsageError, match=r"no field .* such fields are here: Foo"):
        converters.verify(layer, ignore_fields=names)


def test_the_command_line_refuses_with_code_3_and_the_option_to_paste(layer: Path) -> None:
    done = run("verify", layer)
    assert done.returncode == 3
    assert "Foo is [[7.0]]" in done.stderr
    assert "--ignore-field Foo" in done.stderr
    assert run("verify", layer, "--ignore-field", "Foo").returncode == 0


def test_inspect_shows_that_the_layer_is_not_run(layer: Path) -> None:
    (variable,) = converters.inspect(layer)["variables"]
    assert "Foo" in variable["layers"][0]["refused"]
    assert "not run: " in run("inspect", layer).stdout


def test_the_script_of_verify_repeats_what_was_ignored(layer: Path, tmp_path: Path) -> None:
    script = tmp_path / "again.py"
    run("verify", layer, "--ignore-field", "Foo", "--gen-script", script)
    assert "ignore_fields=('Foo',)" in script.read_text()


def test_of_a_struct_that_names_no_class_other_fields_are_the_users_own(tmp_path: Path) -> None:
    """As in the specification's exports; a comment says nothing about the layer."""
    path = save(tmp_path / "a.mat", s=fields(Comment="from the lab", Seed=7.0))
    made: Any = converters.load(path)
    assert made.predict(np.ones((2, 2, 4), np.float32)).size
    assert set(made.extra) == {"Comment", "Seed"}


def test_what_is_known_counts_in_such_a_struct_too(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=fields(OutputSizeOffset=np.array([[1.0, 0.0]])))
    made: Any = converters.load(path)
    with pytest.raises(UnsupportedLayerError, match="OutputSizeOffset"):
        made.predict(np.ones((2, 2, 4), np.float32))
