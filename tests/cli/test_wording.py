"""Messages on the command line name its options; in Python they name its arguments.

Expected values: the options that the commands declare, the arguments that the functions have, and
README's table of both. The messages are found in the source by Python's own parser.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

import converters
import matlab_compat as mc
from cli.main import application
from cli.wording import option
from matlab_compat.errors import AmbiguousLayerError
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.wording import argument, worded
from tests.cli.command import FIXTURES
from tests.converters.exports import fields, save

ROOT = Path(__file__).parents[2]
#: Called from Python alone: no command runs them.
PYTHON_ONLY = {"matlab_compat/testing.py", "matlab_compat/functions.py"}
SOURCES = [
    path
    for package in ("converters", "matlab_compat")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.relative_to(ROOT).as_posix() not in PYTHON_ONLY
]
ARGUMENTS = (
    "allow_tf32|atol|check|data_format|device|dtype|expected|ignore_fields|input|layer|layer_class|limits|output"
    "|overwrite|results|resume|rtol|seed|steps|strip_normalization|stub|variable"
)


def options_of_the_commands() -> set[str]:
    commands: dict[str, Any] = typer.main.get_command(application()).commands  # type: ignore[attr-defined]
    return {
        flag
        for command in commands.values()
        for parameter in command.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


@functools.cache
def calls(source: Path) -> list[tuple[str, ast.Call]]:
    return [
        (getattr(node.func, "id", getattr(node.func, "attr", "")), node)
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_an_argument_in_python_and_on_the_command_line() -> None:
    assert argument("layer", "it's 1") == '''layer="it's 1"'''
    with worded(option):
        assert argument("layer", "it's 1") == """--layer 'it'"'"'s 1'"""
        assert argument("overwrite", True) == "--force"
        assert argument("check", False) == "--no-check"
        assert argument("max_bytes", 8) == "--max-bytes 8"
    assert argument("max_bytes", 8) == "limits=Limits(max_bytes=8)"
    assert argument("overwrite", True) == "overwrite=True"


def test_every_argument_that_messages_name_has_its_option() -> None:
    named = {
        node.args[0].value
        for path in SOURCES
        for name, node in calls(path)
        if name == "argument" and isinstance(node.args[0], ast.Constant)
    }
    assert {"layer", "variable", "overwrite"} <= named
    known = options_of_the_commands()
    for name in sorted(named):
        for value in (None, False) if name == "check" else (None,):
            assert option(name, value) in known, name


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_error_names_an_argument_or_an_option_by_itself(path: Path) -> None:
    of_its_own = re.compile(rf"\b({ARGUMENTS})=['\"{{T.]|(^|[ (])--[a-z]")
    for name, node in calls(path):
        if not name.endswith("Error"):
            continue
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                assert not of_its_own.search(part.value), f"line {part.lineno}: {part.value}"


def test_several_layers_on_the_command_line(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=[fields(Name="one"), fields(Name="two")])
    done = call("convert", path, "-o", tmp_path / "a.pt")
    assert done.code == 2
    assert "--layer one" in done.err
    assert "layer=" not in done.err


def test_several_layers_in_python(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", s=[fields(Name="one"), fields(Name="two")])
    with pytest.raises(AmbiguousLayerError) as caught:
        converters.load(path)
    assert "layer='one'" in caught.value.remedy
    assert "--" not in caught.value.remedy


def test_the_command_line_leaves_pythons_words_behind(call: Any, tmp_path: Path) -> None:
    good = FIXTURES / "same_odd.v7.mat"
    assert call("predict", good, "--input", good, "-o", tmp_path / "y.mat").code == 0
    assert call("predict", good, "--input", good, "-o", tmp_path / "y.mat").err.count("--force")
    assert argument("overwrite", True) == "overwrite=True"


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["", ".m", ".onnx", ".pt2"])
@pytest.mark.parametrize("stub", [True, False])
def test_layers_that_cannot_be_built_and_the_endings_that_hold_placeholders(
    call: Any, tmp_path: Path, ending: str, stub: bool
) -> None:
    network = mc.layerGraph([mc.featureInputLayer(2, Name="in"), mc.reluLayer(Name="r")])
    odd = UnsupportedLayer("mine.Odd", {"Name": "odd"}, "no layer is registered for mine.Odd")
    layers = [network.Layers[0], odd, network.Layers[1]]
    path = tmp_path / "n.mat"
    converters.save_network(
        mc.Network(layers, [("in", "odd"), ("odd", "r")], kind="dlnetwork"), path
    )
    done = call("convert", path, "-o", tmp_path / f"out{ending}", *["--stub"] * stub)
    assert (done.code, done.out) == (3, "")
    assert done.err.count("'odd'") == 1
    assert ("pass --stub" in done.err) is not stub
    assert "convert to .pt, .safetensors or .mat" in done.err
    assert call("convert", path, "-o", tmp_path / "out.pt", "--stub").code == 0
