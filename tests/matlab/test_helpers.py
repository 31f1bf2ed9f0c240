"""The MATLAB helpers, run in Octave on stand-ins for MATLAB's classes; their files go to verify.

Expected values: Octave, which computes the networks of the stand-ins with loops and matrix
products of its own (objects/+nnet/+cnn/+layer/*.m).
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import converters
from converters.matlab_helpers import helper_texts, write_matlab_helpers
from matlab_compat import Network, reluLayer
from matlab_compat.layers.unsupported import UnsupportedLayer

from .octave import STAND_INS, needs_octave, octave

OBJECTS = Path(__file__).parent / "objects"
X = "X = reshape(single(sin((1:80) / 7)), 4, 5, 2, 2); "
FUNCTION = "k = 3; scaled = nnet.cnn.layer.FunctionLayer(); scaled.PredictFcn = @(x) x .* k; "
LAYERS = (
    FUNCTION + "p = @(name) feval(['nnet.cnn.layer.' name]); "
    "layers = {p('ImageInputLayer'), p('Convolution2DLayer'), p('ReLULayer'), scaled, "
    "p('FullyConnectedLayer'), p('SoftmaxLayer'), p('ClassificationOutputLayer')}; "
)


@pytest.fixture(scope="module")
def helpers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("helpers")
    write_matlab_helpers(folder)
    return folder


def exported(code: str, helpers: Path, file: Path) -> Path:
    octave(f"file = '{file}'; {code}", helpers, OBJECTS)
    return file


@pytest.fixture(scope="module")
def series(helpers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    code = f"{X}{LAYERS} exportNetworkForPython(SeriesNetwork(layers), X, file);"
    return exported(code, helpers, tmp_path_factory.mktemp("series") / "net.mat")


@pytest.fixture(scope="module")
def dlnetwork(helpers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    code = f"{X}{LAYERS} exportNetworkForPython(dlnetwork(layers(1:6)), dlarray(X, 'SSCB'), file);"
    return exported(code, helpers, tmp_path_factory.mktemp("dl") / "net.mat")


@pytest.mark.octave
@needs_octave
def test_verify_runs_an_exported_network_and_every_activation(series: Path) -> None:
    report = converters.verify(series)
    assert [output.verdict for output in report.outputs] == ["equal"]
    names = ["in", "conv 1", "relu", "scaled", "fc", "softmax", "out"]
    assert [layer.name for layer in report.activations] == names
    assert {layer.verdict for layer in report.activations} == {"equal"}


@pytest.mark.octave
@needs_octave
def test_verify_runs_an_exported_dlnetwork_by_its_labels(dlnetwork: Path) -> None:
    report = converters.verify(dlnetwork)
    assert [output.verdict for output in report.outputs] == ["equal"]
    assert {layer.verdict for layer in report.activations} == {"equal"}
    assert len(report.activations) == 6


@pytest.mark.octave
@needs_octave
def test_verify_tells_a_wrong_export(series: Path, tmp_path: Path) -> None:
    changed = tmp_path / "wrong.mat"
    octave(f"s = load('{series}'); s.Y(1) += 1e-3; save('-v7', '{changed}', '-struct', 's');")
    assert converters.verify(changed).exit_code == 1


@pytest.mark.octave
@needs_octave
def test_an_exported_network_loads_with_its_labels(series: Path) -> None:
    net = converters.load(series)
    assert isinstance(net, Network)
    assert (net.kind, net.InputNames, net.OutputNames) == ("SeriesNetwork", ["in"], ["out"])
    assert net.Classes == ["cat", "dog"]
    with converters.open_mat(series) as mat:
        assert mat.level == "7"
        assert set(mat) == {"net", "X", "Y", "activations", "formats", "MATLABVersion"}
        assert "conv1" in mat["activations"] or "conv_1" in mat["activations"]


@pytest.mark.octave
@needs_octave
def test_an_exported_layer_loads(helpers: Path, tmp_path: Path) -> None:
    code = "exportLayerForPython(nnet.cnn.layer.Convolution2DLayer(), file);"
    layer = converters.load(exported(code, helpers, tmp_path / "layer.mat"))
    weights = np.sin(np.arange(1, 37)).astype(np.float32).reshape((2, 3, 2, 3), order="F")
    np.testing.assert_allclose(layer.Weights, weights, rtol=1e-6)  # type: ignore[union-attr]


@pytest.mark.octave
@needs_octave
def test_the_properties_of_a_custom_layer_are_there(helpers: Path, tmp_path: Path) -> None:
    code = (
        "net = dlnetwork({nnet.cnn.layer.ReLULayer(), customLayer()}); s = struct(); "
        f"cd('{helpers}/private'); s.net = networkToStruct(net); save('-v7', file, '-struct', 's');"
    )
    net = converters.load(exported(code, helpers, tmp_path / "net.mat"))
    assert isinstance(net, Network)
    layer = net.layer("mine")
    assert isinstance(layer, UnsupportedLayer)
    assert layer.class_name == "customLayer"
    assert layer.extra["Alpha"].tolist() == [[1, 2, 3]]
    assert layer.extra["Other"].tolist() == [[4, 5]]
    assert layer.extra["Function"].replace(" ", "") == "@(x)x+1"


@pytest.mark.octave
@needs_octave
def test_import_from_python_calls_the_function_of_the_file(helpers: Path, tmp_path: Path) -> None:
    converters.save(Network([reluLayer(Name="r")]), tmp_path / "made.m", check=False)
    (tmp_path / "reluLayer.m").write_text(
        "function layer = reluLayer(varargin)\nlayer = record_layer('reluLayer', varargin);\nend\n"
    )
    code = (
        f"here = pwd; net = importFromPython('{tmp_path}/made.m'); assert(strcmp(here, pwd)); "
        "printf('%s', net.From.Layers(1).Function)"
    )
    assert octave(code, helpers, STAND_INS) == "reluLayer"


@pytest.mark.octave
@needs_octave
def test_import_from_python_says_which_file_is_missing(helpers: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.m").write_text("function net = alone()\nend\n")
    code = f"try, importFromPython('{tmp_path}/alone.m'), catch e, printf('%s', e.message), end"
    assert f"There is no {tmp_path}/alone.mat" in octave(code, helpers)


MH_STYLE = Path(sysconfig.get_path("scripts")) / "mh_style"


@pytest.mark.skipif(not MH_STYLE.exists(), reason="miss-hit is absent")
@pytest.mark.parametrize("tool", ["mh_style", "mh_lint"])
def test_the_linter_finds_nothing(tool: str, helpers: Path, tmp_path: Path) -> None:
    shutil.copytree(helpers, tmp_path / "helpers")
    shutil.copy(Path(__file__).parent / "miss_hit.cfg", tmp_path)
    done = subprocess.run(
        [MH_STYLE.with_name(tool), tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in helper_texts() if "/" not in name])
def test_help_text_comes_first_with_an_example(name: str) -> None:
    lines = helper_texts()[name].decode("ascii").splitlines()
    assert lines[0].startswith("function ")
    assert lines[1].strip().startswith(f"%{name.removesuffix('.m')}  ")
    assert any("Example" in line for line in lines)
