"""``.pt2``: run in a process of its own, which has torch alone.

Expected values: the network's own torch module, which is checked against definitions elsewhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import converters
from converters.convert import Converted
from converters.formats import Options
from matlab_compat import Network, transposedConv2dLayer
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers.unsupported import UnsupportedLayer
from tests.patience import PATIENCE

from .models import CLASSES, attention, segmentation, sequence

pytestmark = pytest.mark.slow

PROGRAM = """
import json, sys
import numpy as np, torch
files = {"matlab_compat.json": ""}
program = torch.export.load(sys.argv[1], extra_files=files)
x = torch.from_numpy(np.load(sys.argv[2]))
np.save(sys.argv[3], program.module()(x).detach().numpy())
assert not {"matlab_compat", "converters"} & set(sys.modules)
print(files["matlab_compat.json"])
"""


def run_elsewhere(program: str, x: torch.Tensor, folder: Path) -> tuple[torch.Tensor, str]:
    np.save(folder / "x.npy", x.numpy())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, program, str(folder / "x.npy"), str(folder / "y.npy")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return torch.from_numpy(np.load(folder / "y.npy")), done.stdout


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return converters.save(segmentation(), tmp_path_factory.mktemp("segments") / "net.pt2")


@pytest.fixture(scope="module")
def attends(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return converters.save(attention(), tmp_path_factory.mktemp("attends") / "net.pt2")


@pytest.mark.slow
def test_it_runs_in_a_fresh_process_without_this_package(
    segments: Converted, tmp_path: Path
) -> None:
    network, done = segmentation(), segments
    assert (done.exit_code, len(done.outputs)) == (0, 1)
    x = torch.randn(5, 2, 9, 7)
    y, about = run_elsewhere(done.path, x, tmp_path)
    torch.testing.assert_close(y, network.to_torch()(x))
    assert json.loads(about)["inputs"] == {"image/in": "BCSS"}
    assert json.loads(about)["classes"] == CLASSES


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_any_number_of_observations(segments: Converted, batch: int) -> None:
    program = torch.export.load(segments.path)
    x = torch.randn(batch, 2, 9, 7)
    torch.testing.assert_close(program.module()(x), segmentation().to_torch()(x))


@pytest.mark.parametrize("steps", [1, 5, 30])
def test_any_number_of_time_steps_where_torch_can(attends: Converted, steps: int) -> None:
    assert attends.remarks == ()
    x = torch.randn(2, 4, steps)
    program = torch.export.load(attends.path)
    torch.testing.assert_close(program.module()(x), attention().to_torch()(x))


def test_recurrent_networks_say_their_number_of_time_steps(tmp_path: Path) -> None:
    network = sequence()
    done = converters.save(network, tmp_path / "net.pt2", options=Options(steps=11))
    (remark,) = done.remarks
    assert remark.startswith("input 'sequence' takes sequences of exactly 11 time steps")
    x = torch.randn(4, 3, 11)
    program = torch.export.load(done.path)
    torch.testing.assert_close(program.module()(x), network.to_torch()(x))


def test_what_was_written_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the comparison and for the remarks, which takes as long as to write it."""
    read: list[object] = []
    load = torch.export.load
    monkeypatch.setattr(torch.export, "load", lambda *a, **k: read.append(a) or load(*a, **k))
    layer = transposedConv2dLayer(2, 1).initialize(1, seed=0)
    done = converters.save(layer, tmp_path / "up.pt2")
    assert (len(done.outputs), len(read)) == (1, 1)


def test_a_layer_takes_images_of_any_size(tmp_path: Path) -> None:
    layer = transposedConv2dLayer((3, 2), 2, Stride=2, Cropping=(0, 1, 1, 0)).initialize(3, seed=0)
    program = torch.export.load(converters.save(layer, tmp_path / "up.pt2").path)
    x = torch.randn(1, 3, 4, 17)
    torch.testing.assert_close(program.module()(x), layer.to_torch()(x))


def test_a_layer_that_cannot_be_built_is_refused(tmp_path: Path) -> None:
    network = segmentation()
    layers = [*network.Layers[:1], UnsupportedLayer("my.Layer", {"Name": "own"}, "not registered")]
    with pytest.raises(UnsupportedLayerError, match=r"my\.Layer"):
        converters.save(Network(layers), tmp_path / "net.pt2", options=Options(stub=True))
    assert list(tmp_path.iterdir()) == []
