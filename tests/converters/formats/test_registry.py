"""Formats by the ending of a file's name, those of other packages too.

Expected values: the classes and endings that the tests themselves define.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import converters
from converters import formats
from converters.formats import (
    ANY,
    Asked,
    Format,
    Options,
    Prepared,
    ReadableFormat,
    format_for,
    reader_for,
    suffixes,
)
from converters.formats.mat import MatStruct
from matlab_compat import reluLayer, transposedConv2dLayer
from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.layers import Layer
from tests.patience import PATIENCE


class Pickled(ReadableFormat):
    """What another package may add: one file for torch's own pickles of a layer."""

    name = "pickled layer"

    def write(self, prepared: Prepared, path: Path) -> None:
        torch.save(prepared.model, path)

    def read(self, path: Path, asked: Asked = ANY) -> Layer:
        layer: Layer = torch.load(path, weights_only=False)
        return layer


class Size(Format):
    """A format that nothing comes back from, and that nothing runs."""

    name = "size"

    def write(self, prepared: Prepared, path: Path) -> None:
        path.write_text(str(sum(p.numel() for p in prepared.module().parameters())))

    def run(self, path: Path, inputs: Any, options: Options) -> tuple[NDArray[Any], ...]:
        raise NothingToCompareError("a size does not run")


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Entry points that a test may add to, as an installed package would."""
    values: dict[str, str] = {}

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        found = [EntryPoint(*item, formats.GROUP) for item in values.items()]
        return [p for p in found if group == p.group and name in (None, p.name)]

    monkeypatch.setattr(formats, "entry_points", entry_points)
    return values


def layer() -> Layer:
    return transposedConv2dLayer(3, 2).initialize(2, seed=0)


def test_a_format_of_an_entry_point_is_written_checked_and_read(
    points: dict[str, str], tmp_path: Path
) -> None:
    points[".pickled"] = f"{__name__}:Pickled"
    done = converters.save(layer(), tmp_path / "up.PICKLED")
    assert (done.target, done.exit_code, len(done.outputs)) == ("pickled layer", 0, 1)
    assert converters.load(done.path) == layer()


def test_a_format_of_an_entry_point_need_not_be_one_that_runs_or_is_read(
    points: dict[str, str], tmp_path: Path
) -> None:
    points[".size"] = f"{__name__}:Size"
    done = converters.save(layer(), tmp_path / "up.size")
    assert (done.exit_code, done.unchecked) == (0, "a size does not run")
    assert (tmp_path / "up.size").read_text() == str(3 * 3 * 2 * 2 + 2)


def test_the_endings_of_entry_points_are_listed(points: dict[str, str]) -> None:
    points[".size"] = f"{__name__}:Size"
    assert set(suffixes()) >= {".size", ".onnx", ""}
    with pytest.raises(UsageError, match=r"no target '\.h5'") as caught:
        format_for("net.h5")
    assert ".size" in caught.value.remedy


@pytest.mark.parametrize("value", ["no_such_package:Size", "pathlib:Path", f"{__name__}:absent"])
def test_an_entry_point_that_is_no_format_is_an_error_that_names_it(
    points: dict[str, str], value: str
) -> None:
    points[".size"] = value
    with pytest.raises(UsageError, match=r"adds the format '\.size', which cannot be used"):
        format_for("net.size")


def test_an_entry_point_does_not_replace_a_format_of_ours(points: dict[str, str]) -> None:
    points[".mat"] = f"{__name__}:Size"
    assert isinstance(format_for("net.mat"), MatStruct)


@pytest.mark.usefixtures("own_registry")
def test_a_class_in_the_same_process_is_known_by_its_keyword(tmp_path: Path) -> None:
    class Note(Size, suffixes=(".note",)):
        pass

    assert type(format_for("net.note")) is Note
    assert ".note" in suffixes()


@pytest.mark.usefixtures("own_registry")
def test_two_formats_of_one_ending_are_refused() -> None:
    with pytest.raises(UsageError, match=r"a format for the ending '\.mat' already"):
        type("Other", (Size,), {}, suffixes=(".mat",))


@pytest.mark.parametrize("name", ["net.mat", "NET.MAT", "net", "net.dat", "net.onnx"])
def test_what_is_no_other_format_to_read_is_read_as_a_mat_file(name: str) -> None:
    assert isinstance(reader_for(name), MatStruct)


def test_formats_are_known_without_torch() -> None:
    program = (
        "import sys\nfrom converters.formats import suffixes\nassert '.onnx' in suffixes()\n"
        "found = {'torch', 'onnx', 'safetensors'} & set(sys.modules)\nassert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("asked", [{"variable": "net"}, {"layer": 1}])
def test_a_choice_is_refused_where_a_file_holds_one_model(
    tmp_path: Path, suffix: str, asked: dict[str, Any]
) -> None:
    path = converters.save(reluLayer(), tmp_path / f"relu{suffix}").path
    with pytest.raises(UsageError, match=f"A {suffix} file holds one model") as caught:
        converters.load(path, **asked)
    assert next(iter(asked)) in caught.value.remedy
    assert np.size(converters.load(path).predict(np.zeros((2, 2, 1, 1)))) == 4
