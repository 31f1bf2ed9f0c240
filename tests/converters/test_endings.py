"""What can be the name of a file, wherever one is taken.

Expected values: that no error is one of Python's own alone, and what the message says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.classes import read_classes
from converters.code_folders import CodeFolders
from converters.endings import file_path
from converters.images import read_image
from converters.inputs import Reading
from converters.matlab_helpers import write_matlab_helpers
from converters.outputs import write_outputs
from converters.plugins import load_plugin
from converters.predict import predict
from converters.training_options import load_training_options
from matlab_compat import reluLayer
from matlab_compat.errors import FileAccessError, UsageError

FIXTURE = str(Path(__file__).parents[2] / "fixtures" / "same_odd.v7.mat")

READERS: dict[str, Callable[[Any], object]] = {
    "open_mat": converters.open_mat,
    "load": converters.load,
    "load_network": converters.load_network,
    "load_training_options": load_training_options,
    "inspect": converters.inspect,
    "verify": converters.verify,
    "convert": lambda path: converters.convert(path, "x.pt"),
    "predict": lambda path: predict(path, [], "x.mat"),
}
WRITERS: dict[str, Callable[[Any], object]] = {
    "write_mat": lambda path: converters.write_mat(path, {"x": 1}),
    "save": lambda path: converters.save(reluLayer(), path),
    "save_layer": lambda path: converters.save_layer(reluLayer(), path),
    "convert": lambda path: converters.convert(FIXTURE, path),
    "write_outputs": lambda path: write_outputs(path, {"Y": np.ones((1, 1))}),
    "write_matlab_helpers": write_matlab_helpers,
}
OTHER_READERS: dict[str, Callable[[], object]] = {
    "a picture": lambda: read_image("a.png"),
    "an array": lambda: Reading().read("a.npy", reluLayer()),
    "classes": lambda: read_classes("a.txt"),
    "a plug-in": lambda: load_plugin("a.py"),
    "parameters": lambda: converters.load_parameters("a.npz"),
    "a model": lambda: converters.load("a.pt"),
    "a state_dict": lambda: converters.convert("a.safetensors", "b.mat"),
    "code": lambda: CodeFolders(["a"]),
}
EVERY = [*READERS.values(), *WRITERS.values()]


@pytest.mark.parametrize(
    "path", [None, 5, 2.5, [], object(), b"x.mat"], ids=lambda path: type(path).__name__
)
@pytest.mark.parametrize("function", EVERY, ids=[*READERS, *(f"{name} to" for name in WRITERS)])
def test_what_is_no_path_is_refused(function: Callable[[Any], object], path: Any) -> None:
    with pytest.raises(UsageError, match=f"A path is a text .* not {type(path).__name__}"):
        function(path)


@pytest.mark.parametrize("read", OTHER_READERS.values(), ids=OTHER_READERS)
def test_what_is_missing_may_be_misspelt(read: Callable[[], object]) -> None:
    with pytest.raises(FileAccessError) as caught:
        read()
    assert "check " in caught.value.remedy
    assert "spelling" in caught.value.remedy


def test_the_remedy_for_bytes_gives_a_path() -> None:
    with pytest.raises(UsageError, match="not bytes") as caught:
        file_path(b"x.mat")
    import os

    expression = caught.value.remedy.partition(" is a text")[0]
    assert file_path(eval(expression, {"os": os, "path": b"x.mat"})) == Path("x.mat")


@pytest.mark.parametrize("function", EVERY, ids=[*READERS, *(f"{name} to" for name in WRITERS)])
def test_a_name_that_no_file_can_have_is_refused(function: Callable[[Any], object]) -> None:
    with pytest.raises(FileAccessError, match="null"):
        function("a\0b.mat")


@pytest.mark.parametrize("model", [None, 5, np.ones(3), {"x": 1}])
def test_what_is_no_model_is_not_saved(tmp_path: Path, model: Any) -> None:
    with pytest.raises(UsageError, match=f"saved, not {type(model).__name__}"):
        converters.save(model, tmp_path / "x.mat")
