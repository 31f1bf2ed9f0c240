"""Models of PyTorch as MATLAB networks. Expected values: what the modules themselves compute."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

import converters
from matlab_compat.errors import UnsafeFileError, UnsupportedLayerError, UsageError

MODULE = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())

def with_example():
    return make(), torch.zeros(1, 1, 6, 6)

instance = make()
TEXT = 'x'

def fails():
    return 1 / 0

def number():
    return 3

print("loading")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a module of the user's."""
    (tmp_path / "my_model.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "size"),
    [("make", [(2, 1, 6, 6)]), ("with_example", []), ("instance", [(1, 1, 6, 6)])],
)
def test_a_function_that_makes_the_module(
    folder: Path, name: str, size: list[tuple[int, ...]]
) -> None:
    done = converters.convert(f"my_model:{name}", folder / "net.mat", input_size=size)
    assert "computes what the module computes" in done.remarks[0]
    x = torch.rand(1, 1, 6, 6)
    with torch.no_grad():
        expected = sys.modules["my_model"].make()(x)
        network = converters.load_network(folder / "net.mat")
        torch.testing.assert_close(network.to_torch()(x), expected)


def test_a_network_that_computes_something_else_is_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from converters import torch_models

    other = converters.from_torch(
        torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU()), torch.zeros(1, 1, 6, 6)
    )
    monkeypatch.setattr(torch_models, "from_torch", lambda *_: other)
    with pytest.raises(UnsupportedLayerError, match="does not compute"):
        converters.convert("my_model:with_example", folder / "net.mat")
    assert not (folder / "net.mat").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my_model:fails", "ZeroDivisionError"),
        ("my_model:absent", "my_model has no 'absent'"),
        ("my_model:absent", "it has make, with_example, fails and number"),
        ("my_model:TEXT", "'TEXT' is str, and no function"),
        ("no_such_module:make", "There is no module 'no_such_module'"),
        ("my_model:number", "gives int"),
        ("my_model:make", "input_size=[(1, 3, 224, 224)]"),
    ],
)
def test_what_gives_no_module(folder: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        converters.convert(text, folder / "net.mat")
    assert said in str(caught.value)
    assert text in caught.value.where


def test_what_its_code_prints_is_no_result(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError):
        converters.convert("my_model:number", folder / "net.mat")
    assert tuple(capsys.readouterr()) == ("", "loading\n")


def test_a_program_is_opened_where_it_is_trusted(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU())
    program = torch.export.export(module, (torch.zeros(1, 1, 6, 6),))
    torch.export.save(program, tmp_path / "net.pt2")
    with pytest.raises(UnsafeFileError, match="may run code"):
        converters.convert(tmp_path / "net.pt2", tmp_path / "net.mat")
    done = converters.convert(tmp_path / "net.pt2", tmp_path / "net.mat", trust=True)
    assert "computes what the module computes" in done.remarks[0]
    assert done.exit_code == 0


def test_options_for_models_of_torch_are_refused_for_files_of_matlab(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="for a model of PyTorch"):
        converters.convert("fixtures/same_odd.v7.mat", tmp_path / "x.pt", trust=True)
