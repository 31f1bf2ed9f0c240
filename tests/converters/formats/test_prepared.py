"""A conversion builds its model once for each precision, and runs it once.

Expected values: the calls, counted where modules are built and run.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat
from converters.formats import Options, Prepared, format_for, prepared, suffixes
from matlab_compat.execution import module as execution
from matlab_compat.layers import Layer

from .models import segmentation, sequence

#: ONNX has a test of its own.
TESTED = [ending for ending in suffixes() if ending not in (".pth", ".onnx")]


class Counted:
    """How often each precision was built, of the first network that was built and of others."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.builds: list[tuple[int, str]] = []
        self.runs = 0
        build, run = execution.build_graph, prepared.run_module

        def building(plan: Any, device: Any, dtype: Any, **options: Any) -> Any:
            self.builds.append((id(plan.steps[0].layer), dtype))
            return build(plan, device, dtype, **options)

        def running(*arguments: Any) -> Any:
            self.runs += 1
            return run(*arguments)

        monkeypatch.setattr(execution, "build_graph", building)
        monkeypatch.setattr(prepared, "run_module", running)

    @property
    def of_the_converted(self) -> Counter[str]:
        """The builds of the network that was converted: it is built before one is read back."""
        return Counter(dtype for layer, dtype in self.builds if layer == self.builds[0][0])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    converters.save_network(segmentation(), tmp_path / "given.mat")
    return tmp_path / "given.mat"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", TESTED)
@pytest.mark.usefixtures("forked_packages")
def test_a_conversion_builds_its_network_once_for_each_precision(
    file: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    done = converters.convert(file, file.with_name(f"made{suffix}"))
    assert (done.exit_code, len(done.outputs)) == (0, 1)
    assert counted.of_the_converted == {"single": 1, "double": 1}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [*TESTED, ".onnx"])
@pytest.mark.usefixtures("forked_packages")
def test_a_layer_alone_is_built_once_for_each_precision(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = matlab_compat.convolution2dLayer(3, 4, Padding="same").initialize(2, seed=0)
    built: Counter[str] = Counter()
    build = Layer.to_torch

    def building(self: Layer, device: Any = None, dtype: Any = None, **options: Any) -> Any:
        if self is layer:
            built[dtype] += 1
        return build(self, device, dtype, **options)

    monkeypatch.setattr(Layer, "to_torch", building)
    assert converters.save(layer, tmp_path / f"made{suffix}").exit_code == 0
    assert built == {"single": 1, "double": 1}


@pytest.mark.slow
def test_a_conversion_to_onnx_builds_and_runs_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    converters.convert(file, file.with_name("made.onnx"))
    assert counted.of_the_converted == {"single": 1, "double": 1}
    assert len(counted.builds) == 2
    assert counted.runs == 2


def test_another_precision_is_one_more(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    converters.convert(file, file.with_name("made.mat"), options=Options("half"))
    assert counted.of_the_converted == {"half": 1, "single": 1, "double": 1}


def test_without_check_only_the_one_to_write_is_built(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    converters.convert(file, file.with_name("made.pt2"), check=False)
    assert (len(counted.builds), counted.runs) == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".onnx", ""])
@pytest.mark.usefixtures("forked_packages")
def test_formats_leave_the_module_as_it_is(tmp_path: Path, suffix: str) -> None:
    made = Prepared(sequence())
    before = {name: type(part) for name, part in made.module().named_modules()}
    format_for(f"net{suffix}").write(made, tmp_path / f"net{suffix}")
    assert {name: type(part) for name, part in made.module().named_modules()} == before
    for name, value in sequence().to_torch().state_dict().items():
        np.testing.assert_array_equal(made.module().state_dict()[name], value)


def test_the_normalization_is_left_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Prepared(segmentation(), Options(strip_normalization=True))
    assert made.model is made.model
    assert made.model is not made.given
    assert made.model.Layers[0].Normalization == "none"
    assert made.given.Layers[0].Normalization == "zerocenter"


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_reading_a_file_back_builds_no_module(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / f"net{suffix}"
    converters.save(segmentation(), place, check=False)
    counted = Counted(monkeypatch)
    network = converters.load(place)
    assert counted.builds == []
    X = np.ones((9, 7, 2), np.float32)
    np.testing.assert_array_equal(network.predict(X), segmentation().predict(X))
