"""``--code``: networks whose layers are classes of the user's own; model functions.

Expected values: those that ``fixtures/code/make_code.py`` writes out by hand, in double precision.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import converters
import matlab_compat
from converters.code import read_by
from converters.matfile.values import StructArray
from fixtures.code import make_code
from fixtures.native.make_native import DEFAULTS
from fixtures.native.mcos_writer import Instance, write_level7
from matlab_compat.errors import (
    DataFormatError,
    NothingToCompareError,
    UnsupportedLayerError,
    UsageError,
)
from matlab_compat.network import Network
from tests.cli.command import FIXTURES, run
from tests.matlab_compat.code.test_layers import nested

CODE = FIXTURES / "code"
FILE, LAYERS = CODE / "network.mat", CODE / "layers"


def network() -> Network:
    return converters.load_network(FILE, code=[LAYERS])


def test_a_network_with_three_custom_layers_runs() -> None:
    mat = converters.open_mat(FILE)
    np.testing.assert_allclose(network().predict(mat["X"]), mat["Y"], rtol=2e-5)


def test_without_code_its_layers_are_named() -> None:
    with pytest.raises(UnsupportedLayerError, match="3 of 6 layers cannot be built"):
        converters.load_network(FILE).to_torch()


def test_verify_compares_with_what_was_saved() -> None:
    assert converters.verify(FILE, code=[LAYERS]).exit_code == 0


def test_a_class_that_no_folder_holds_is_named_when_it_is_run(tmp_path: Path) -> None:
    for name in ("channelSwishLayer.m", "blendLayer.m"):
        shutil.copy(LAYERS / name, tmp_path)
    net = converters.load_network(FILE, code=[tmp_path])
    assert list(net.unsupported) == ["pool"]
    with pytest.raises(UnsupportedLayerError, match="defines the class windowPoolLayer"):
        net.to_torch()


def test_two_classes_that_fit_are_listed(tmp_path: Path) -> None:
    shutil.copytree(LAYERS, tmp_path / "new")
    shutil.copytree(LAYERS, tmp_path / "old")
    with pytest.raises(UnsupportedLayerError, match="Several files define the class") as caught:
        converters.load_network(FILE, code=[tmp_path]).to_torch()
    assert "new" in str(caught.value)
    assert "old" in str(caught.value)


def test_of_two_versions_the_one_with_the_properties_of_the_file_is_taken(tmp_path: Path) -> None:
    shutil.copytree(LAYERS, tmp_path / "new")
    (tmp_path / "old").mkdir()
    text = (LAYERS / "blendLayer.m").read_text().replace("Weights", "Shares")
    (tmp_path / "old" / "blendLayer.m").write_text(text)
    net = converters.load_network(FILE, code=[tmp_path])
    assert "new" in net.layer("blend").about_code()["file"]


def test_a_registered_class_wins_over_code(own_registry: None) -> None:
    @matlab_compat.register("channelSwishLayer")
    class Swish(matlab_compat.Layer):
        pass

    assert type(network().layer("swish")) is Swish


@pytest.mark.parametrize("name", ["net.pt", "net.safetensors", "net.mat"])
def test_what_is_written_computes_the_same(name: str, tmp_path: Path) -> None:
    done = converters.convert(FILE, tmp_path / name, code=[LAYERS])
    assert done.exit_code == 0
    assert done.outputs, done.unchecked


def test_what_is_saved_from_memory_is_read_back_with_the_code_it_came_with(tmp_path: Path) -> None:
    done = converters.save(network(), tmp_path / "net.mat")
    assert done.outputs, done.unchecked


@pytest.mark.slow
@pytest.mark.usefixtures("packages_run_here")
@pytest.mark.parametrize("name", ["a.pt2", "a.onnx", "a.pt", "a.safetensors", "a.mat", "package"])
def test_a_network_in_a_property_is_written_with_the_layer(name: str, tmp_path: Path) -> None:
    layer, _ = nested("Z = predict(layer.Net, X) + 1;")
    layer.Name = "own"
    features = matlab_compat.featureInputLayer(4, Name="in", Normalization="none")
    done = converters.save(matlab_compat.dlnetwork([features, layer]), tmp_path / name)
    assert done.exit_code == 0
    assert done.outputs, done.unchecked


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors", "a.pt2"])
def test_a_network_in_a_property_called_with_two_formats_is_written_once(
    name: str, tmp_path: Path
) -> None:
    layer, _ = nested(
        "Y = predict(layer.Net, X);\n"
        "Z = Y + dlarray(stripdims(predict(layer.Net, dlarray(stripdims(X) .* 2, 'CBT'))), 'CB');"
    )
    assert list(layer.to_torch(formats=("CB",)).state_dict()) == ["Net.fc.weight", "Net.fc.bias"]
    layer.Name = "own"
    features = matlab_compat.featureInputLayer(4, Name="in", Normalization="none")
    done = converters.save(matlab_compat.dlnetwork([features, layer]), tmp_path / name)
    assert done.outputs, done.unchecked
    assert done.exit_code == 0


@pytest.mark.slow
def test_a_program_takes_any_number_of_observations(tmp_path: Path) -> None:
    assert converters.convert(FILE, tmp_path / "net.pt2", code=[LAYERS]).outputs
    program = torch.export.load(tmp_path / "net.pt2").module()
    x = torch.randn(5, 2, 6, 5)
    torch.testing.assert_close(program(x), network().to_torch()(x))


def test_a_network_with_custom_layers_learns() -> None:
    net = network()
    module = net.to_torch().train()
    x, wanted = torch.randn(8, 2, 6, 5), torch.randn(8, 3)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.mse_loss(module(x), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    before = net.layer("swish").values["Beta"].copy()
    net.assign_from_torch(module)
    assert not np.array_equal(net.layer("swish").values["Beta"], before)


def test_a_function_layer_that_indexes_runs_as_custom_code(tmp_path: Path) -> None:
    """It is refused where its text alone has to tell; of a file it is tried, as custom layers."""
    fields = {"PredictFcn": "@(X) X(:,:,1:2,:) .* 3", "Name": "part", "Formattable": False}
    layer = read_by(matlab_compat.FunctionLayer, fields)
    image = matlab_compat.imageInputLayer([4, 4, 3], Name="in", Normalization="none")
    converters.save(matlab_compat.dlnetwork([image, layer]), tmp_path / "net.pt")
    again = converters.load(tmp_path / "net.pt")
    x = np.random.default_rng(0).standard_normal((4, 4, 3, 2)).astype(np.float32)
    np.testing.assert_array_equal(again.predict(x), x[:, :, :2] * np.float32(3))


# --- the command line -------------------------------------------------------------------


@pytest.mark.slow
def test_inspect_says_what_each_custom_layer_was_read_as() -> None:
    done = run("inspect", str(FILE), "--code", str(LAYERS), "--format", "json")
    layers = json.loads(done.stdout)["variables"][0]["layers"]
    about = {layer["name"]: layer["code"] for layer in layers if "code" in layer}
    assert set(about) == {"swish", "blend", "pool"}
    assert about["blend"]["trains"] == ["Weights"]
    assert {one["exports"] for one in about.values()} == {""}


def test_verify_on_the_command_line() -> None:
    done = run("verify", str(FILE), "--code", str(LAYERS))
    assert done.returncode == 0
    assert f"{FILE}: equal" in done.stdout


def test_the_message_without_code_has_the_option() -> None:
    done = run("convert", str(FILE), "-o", "never.pt2")
    assert done.returncode == 3
    assert "--code DIR" in done.stderr


def test_each_limit_can_be_set_on_the_command_line() -> None:
    asked = ("verify", str(FILE), "--code", str(LAYERS))
    done = run(*asked, "--code-limit", "steps=3")
    assert done.returncode == 2
    assert "takes more than 3 steps" in done.stderr
    assert "--code-limit steps=..." in done.stderr
    done = run(*asked, "--code-limit", "speed=3")
    assert done.returncode == 2
    assert "the names are file_bytes, files, nesting" in done.stderr


# --- model functions --------------------------------------------------------------------

PARAMETERS, MODEL = CODE / "parameters.mat", CODE / "model.m"
CALL = "parameters, X:CB"


def test_a_model_function_computes_with_the_parameters_of_a_file() -> None:
    mat = converters.open_mat(PARAMETERS)
    model = converters.load_model(PARAMETERS, function=MODEL, arguments=CALL)
    np.testing.assert_allclose(model.predict(mat["X"]), mat["Y"], rtol=0, atol=1e-13)


def test_the_parameters_are_called_as_in_matlab_and_learn() -> None:
    model = converters.load_model(PARAMETERS, function=MODEL, arguments=CALL)
    module = model.to_torch()
    names = [f"fc{i}.{one}" for i in (1, 2, 3) for one in ("Weights", "Bias")]
    assert [name for name, _ in module.named_parameters()] == names
    module(torch.randn(5, 4, dtype=torch.float64)).sum().backward()
    assert all(float(p.grad.abs().max()) > 0 for p in module.parameters() if p.grad is not None)
    assert all(p.grad is not None for p in module.parameters())


IMPORTED_FUNCTION = """function [Y, state] = imported(X, params, varargin)
[X, training] = preprocess(X, params, varargin{:});
Vars = joined(params.Learnables, params.Nonlearnables, params.State);
NumDims = params.NumDimensions;
Vars.hidden = gemm(X, Vars.W1, Vars.b1, NumDims.W1);
Vars.hidden(Vars.hidden < 0) = 0;
Vars.Y = gemm(Vars.hidden, Vars.W2, Vars.b2, NumDims.W2) * Vars.scale;
state = params.State;
if training, state = struct(); end
Y = permute(Vars.Y, [2 1]);
Y = dlarray(Y, 'BC');
end

function Y = gemm(X, W, b, rank)
assert(rank == 2);
Y = W * X + b(:);
end

function Vars = joined(varargin)
Vars = struct();
for i = 1:numel(varargin)
    names = fieldnames(varargin{i});
    for k = 1:numel(names)
        Vars.(names{k}) = varargin{i}.(names{k});
    end
end
end

function [X, training] = preprocess(X, params, varargin)
p = inputParser;
isValidArray = @(x) isnumeric(x) || isstring(x);
addRequired(p, 'X', isValidArray);
addRequired(p, 'params', @(x) isa(x, 'ONNXParameters'));
addParameter(p, 'InputDataPermutation', 'auto');
addParameter(p, 'Training', false);
parse(p, X, params, varargin{:});
training = p.Results.Training;
perms = p.Results.InputDataPermutation;
if ischar(perms)
    perms = repmat({perms}, 1, 1);
end
if isdlarray(X)
    X = stripdims(X);
end
if isnumeric(perms{1})
    X = permute(X, perms{1});
end
end
"""


def test_a_function_that_the_onnx_importer_wrote_computes_and_learns(tmp_path: Path) -> None:
    """In the form of importONNXFunction's files; expected: the same in numpy."""
    draw = np.random.default_rng(0).standard_normal
    sizes = {"W1": (5, 4), "b1": (5, 1), "W2": (2, 5), "b2": (2, 1)}
    held = {name: draw(size).astype(np.float32) for name, size in sizes.items()}
    ranks = {name: np.array([[2.0]]) for name in sizes}
    groups = {
        "Learnables": held,
        "Nonlearnables": {"scale": np.array([[0.5]])},
        "State": {"mean": np.zeros((1, 1))},
        "NumDimensions": ranks,
    }
    properties = {name: StructArray.scalar(**fields) for name, fields in groups.items()}
    write_level7(tmp_path / "params.mat", {"params": Instance("ONNXParameters", properties)}, {})
    (tmp_path / "imported.m").write_text(IMPORTED_FUNCTION)

    model = converters.load_model(
        tmp_path / "params.mat",
        function=tmp_path / "imported.m",
        arguments="X:CB:plain, params, 'Training', 0",
    )

    x = draw((4, 3)).astype(np.float32)
    expected = held["W2"] @ np.maximum(held["W1"] @ x + held["b1"], 0) + held["b2"]
    np.testing.assert_allclose(model.predict(x, "CB"), expected * 0.5, rtol=1e-5, atol=1e-6)
    assert list(model.learnables()) == [f"Learnables.{name}" for name in sizes]
    module = model.to_torch()
    module(torch.from_numpy(x.T.copy())).sum().backward()
    assert all(one.grad is not None for one in module.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.pt2"])
def test_a_model_function_is_written_and_compared(name: str, tmp_path: Path) -> None:
    done = converters.convert(PARAMETERS, tmp_path / name, function=str(MODEL), arguments=CALL)
    assert done.outputs
    assert done.exit_code == 0


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.mat", "model.m"])
def test_files_of_layers_hold_no_function(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="this is a function"):
        converters.convert(PARAMETERS, tmp_path / name, function=str(MODEL), arguments=CALL)
    assert not list(tmp_path.iterdir())


def test_no_matlab_function_rebuilds_layers_whose_constructors_are_not_known(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnsupportedLayerError, match=r"constructors of layers.*swish"):
        converters.convert(FILE, tmp_path / "net.m", code=[LAYERS])


def test_a_model_function_on_the_command_line(tmp_path: Path) -> None:
    asked = ("--function", str(MODEL), "--arguments", CALL)
    done = run("verify", str(PARAMETERS), *asked, "--dtype", "double")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("weights, X:CB", "no variable 'weights'"),
        ("parameters, X", "There is no variable|None of the arguments is data|no argument"),
        ("parameters, X:CQ", "unknown label"),
        ("parameters, X:C", "no dimension of observations"),
        ("parameters, X:CB, 3", "takes 2"),
        ("parameters, X:CB; quit", "no argument"),
    ],
)
def test_arguments_that_make_no_call_are_refused(arguments: str, said: str) -> None:
    with pytest.raises((UsageError, DataFormatError), match=said):
        converters.load_model(PARAMETERS, function=MODEL, arguments=arguments)


def test_a_function_needs_its_arguments() -> None:
    with pytest.raises(UsageError, match="its file and its arguments"):
        converters.load(PARAMETERS, function=str(MODEL))


def test_a_function_within_a_file(tmp_path: Path) -> None:
    script = tmp_path / "train.m"
    script.write_text("function train()\nend\n\n" + MODEL.read_text())
    mat = converters.open_mat(PARAMETERS)
    model = converters.load_model(PARAMETERS, function=f"{script}:model", arguments=CALL)
    np.testing.assert_allclose(model.predict(mat["X"]), mat["Y"], rtol=0, atol=1e-13)


# --- source and ONNX --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("packages_run_here")
def test_a_source_package_has_the_operations_and_no_matlab(tmp_path: Path) -> None:
    done = converters.convert(FILE, tmp_path / "package", code=[LAYERS])
    assert done.exit_code == 0
    assert done.outputs, done.unchecked
    text = (tmp_path / "package" / "model.py").read_text()
    assert "class SwishLayer(nn.Module):" in text
    assert "self.Beta = nn.Parameter(" in text
    assert "add = exp + 0.001  # blendLayer.m:20\n" in text
    assert "reshape[:1]  # blendLayer.m:24\n" in text
    assert "matlab_compat" not in text
    assert "classdef" not in text


@pytest.mark.slow
def test_an_onnx_file_computes_the_same_on_any_number_of_observations(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    place = tmp_path / "net.onnx"
    assert converters.convert(FILE, place, code=[LAYERS]).exit_code == 0
    import onnxruntime

    session = onnxruntime.InferenceSession(str(place))
    x = torch.randn(5, 2, 6, 5)
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        expected = network().to_torch()(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_verify_says_what_nothing_proves(tmp_path: Path) -> None:
    saved = {name: value for name, value in make_code.network().items() if name != "Y"}
    write_level7(tmp_path / "net.mat", saved, DEFAULTS)
    with pytest.raises(NothingToCompareError) as caught:
        converters.verify(tmp_path / "net.mat", code=[LAYERS])
    assert "swish, blend, pool rest on how this project reads your code" in str(caught.value)
