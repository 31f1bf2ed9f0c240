"""Where files of MATLAB code are found: packages, private folders, the nearest file.

Expected: MATLAB's documentation of "Function Precedence Order" and of package folders.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import matlab_compat.code
from converters.code_folders import CodeFolders
from matlab_compat.errors import CodeError, CodeLimitError, UnsupportedCodeError
from matlab_compat.language.source import CodeLimits


def write(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"function y = {path.stem}(x)\n{body}\nend\n")
    return path


def paths(folders: CodeFolders, name: str, near: str = "") -> list[str]:
    return [Path(one.path).relative_to(Path.cwd()).as_posix() for one in folders.find(name, near)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path.resolve())


def test_files_are_found_in_folders_below() -> None:
    write(Path("code"), "deep/er/helper.m", "y = x;")
    assert paths(CodeFolders(["code"]), "helper") == ["code/deep/er/helper.m"]


def test_packages_are_part_of_the_name() -> None:
    write(Path("code"), "+pkg/+sub/helper.m", "y = x;")
    folders = CodeFolders(["code"])
    assert paths(folders, "pkg.sub.helper") == ["code/+pkg/+sub/helper.m"]
    assert paths(folders, "helper") == []


def test_a_private_function_is_seen_from_the_folder_above_alone() -> None:
    write(Path("code"), "private/helper.m", "y = x;")
    near = str(write(Path("code"), "main.m", "y = helper(x);").resolve())
    folders = CodeFolders(["code"])
    assert paths(folders, "helper", near) == ["code/private/helper.m"]
    assert paths(folders, "helper") == []


def test_the_file_beside_comes_first() -> None:
    for folder in ("one", "two"):
        write(Path("code"), f"{folder}/helper.m", "y = x;")
    near = str(Path("code/two/main.m").resolve())
    folders = CodeFolders(["code"])
    assert paths(folders, "helper", near) == ["code/two/helper.m"]
    assert len(folders.find("helper")) == 2


def test_a_function_of_a_file_is_one_of_python() -> None:
    write(Path("code"), "twice.m", "y = 2 * x;")
    path = write(Path("code"), "model.m", "y = twice(x.W) + 1;")

    model = matlab_compat.code.function(path, "model")

    np.testing.assert_array_equal(model({"W": np.eye(2)}), 2 * np.eye(2) + 1)
    w = torch.ones(2, 2, requires_grad=True)
    model({"W": w}).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_several_outputs_come_as_a_tuple() -> None:
    path = Path("both.m")
    path.write_text("function [a, b] = both(x)\na = x; b = 2 * x;\nend\n")
    assert [v.item() for v in matlab_compat.code.function(path)(3.0, nargout=2)] == [3.0, 6.0]


def test_a_function_that_is_not_in_the_file_is_named_with_those_that_are() -> None:
    path = write(Path("code"), "model.m", "y = x;")
    with pytest.raises(CodeError, match="no function 'other'") as caught:
        matlab_compat.code.function(path, "other")
    assert "model" in caught.value.remedy


def test_what_is_missing_is_said_before_anything_runs() -> None:
    path = write(Path("code"), "model.m", "y = imwarp(x);")
    with pytest.raises(UnsupportedCodeError, match=r"model\.m:2: uses imwarp"):
        matlab_compat.code.function(path)


def test_a_function_of_the_user_wins_over_the_table() -> None:
    write(Path("code"), "tanh.m", "y = 7;")
    path = write(Path("code"), "model.m", "y = tanh(x);")
    assert matlab_compat.code.function(path)(1.0).item() == 7


def test_a_file_beyond_the_limit_is_refused() -> None:
    path = write(Path("code"), "model.m", "y = 1;" * 100)
    with pytest.raises(CodeLimitError):
        matlab_compat.code.function(path, limits=CodeLimits(file_bytes=100))
