"""Weights that do not say which layer they belong to: asked about, never guessed.

Expected values: convolutions and their transposes by torch's own functions, which know nothing of
this project; the sizes that were written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import converters
from converters.predict import predict
from matlab_compat.errors import (
    AmbiguousLayerError,
    LayerNotFoundError,
    MatlabCompatWarning,
    PropertyError,
    UnsupportedLayerError,
    UnsupportedModelError,
    UsageError,
)
from matlab_compat.layers.registry import class_named, registered
from matlab_compat.testing import assert_matches_matlab
from tests.cli.command import run
from tests.converters.exports import fields, save

RNG = np.random.default_rng(0)
#: A convolution as well as a transposed one.
BOTH = {
    "Weights": RNG.standard_normal((3, 3, 4, 4)).astype(np.float32),
    "Bias": RNG.standard_normal((1, 1, 4)).astype(np.float32),
}
X = RNG.standard_normal((6, 5, 4)).astype(np.float32)
#: What is said of the stride and the padding that such files do not have.
DEFAULTS = "MATLAB's defaults are taken"
STRIDE = {"Stride": [[1.0, 1.0]]}


def both(folder: Path) -> Path:
    return save(folder / "conv.mat", **BOTH)


def torch_result(function: Any) -> Any:
    """H×W×C of the torch function, whose weights are (out, in, h, w) or (in, out, h, w)."""
    weights = torch.from_numpy(BOTH["Weights"].transpose(3, 2, 0, 1).copy())
    x = torch.from_numpy(X.transpose(2, 0, 1)[None].copy())
    return (
        function(x, weights, torch.from_numpy(BOTH["Bias"].ravel())).numpy()[0].transpose(1, 2, 0)
    )


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("convolution2d", torch.nn.functional.conv2d),
        ("transposedConv2d", torch.nn.functional.conv_transpose2d),
    ],
)
def test_the_class_that_the_user_names_is_computed(
    tmp_path: Path, name: str, function: Any
) -> None:
    with pytest.warns(MatlabCompatWarning, match=DEFAULTS):
        layer: Any = converters.load(both(tmp_path), layer_class=name)
    np.testing.assert_allclose(
        layer.predict(X)[..., 0], torch_result(function), rtol=1e-4, atol=1e-5
    )


def test_without_it_what_was_found_is_said_and_the_class_asked_for(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousLayerError, match="Weights 3×3×4×4, Bias 1×1×4: nothing") as error:
        converters.load(both(tmp_path))
    assert "convolution2d (4 3×3×4 convolutions" in error.value.what
    assert "transposedConv2d (4 3×3×4 transposed convolutions" in error.value.what
    assert "layer_class='convolution2d'" in error.value.remedy


def test_only_layers_that_such_sizes_fit_are_offered(tmp_path: Path) -> None:
    weights, bias = np.ones((3, 3, 2, 4), np.float32), np.ones((1, 1, 4), np.float32)
    path = save(tmp_path / "conv1.mat", Weights=weights, Bias=bias)
    with pytest.raises(AmbiguousLayerError) as error:
        converters.load(path)
    assert "convolution2d (" in error.value.what
    assert "transposedConv2d (" not in error.value.what


@pytest.mark.slow
@pytest.mark.parametrize("command", ["convert", "verify", "predict"])
def test_every_command_asks_with_code_2_and_the_option_to_paste(
    tmp_path: Path, command: str
) -> None:
    path = save(tmp_path / "conv.mat", **BOTH, X=X, Y=torch_result(torch.nn.functional.conv2d))
    rest = {
        "convert": ("-o", tmp_path / "o.pt"),
        "verify": (),
        "predict": ("--input", f"{path}:X", "-o", tmp_path / "Y.mat"),
    }[command]
    asked = run(command, path, *rest)
    assert asked.returncode == 2
    assert "--class convolution2d or " in asked.stderr
    told = run(command, path, *rest, "--class", "convolution2d")
    assert told.returncode == 0, told.stderr
    assert "Stride [1 1]" in told.stderr


@pytest.mark.filterwarnings("ignore:The file does not say these")
def test_python_takes_the_class_wherever_it_takes_a_layer(tmp_path: Path) -> None:
    expected = torch_result(torch.nn.functional.conv2d)
    path = save(tmp_path / "conv.mat", **BOTH, X=X, Y=expected)
    chosen = {"layer_class": "convolution2d"}
    assert converters.verify(path, **chosen).exit_code == 0
    assert_matches_matlab(expected, path, **chosen)
    assert converters.convert(path, tmp_path / "o.pt", **chosen).exit_code == 0
    written = predict(path, f"{path}:X", tmp_path / "Y.mat", **chosen).outputs
    (record,) = converters.inspect(path, **chosen)["layers"]
    np.testing.assert_allclose(written["Y"][..., 0], expected, rtol=1e-4, atol=1e-5)
    assert record["class"] == "nnet.cnn.layer.Convolution2DLayer"


def test_inspect_shows_what_they_could_be(tmp_path: Path) -> None:
    loose = converters.inspect(both(tmp_path))["loose"]
    assert loose["found"] == "Weights 3×3×4×4, Bias 1×1×4"
    assert {"convolution2d", "transposedConv2d"} <= set(loose["candidates"])
    shown = run("inspect", save(tmp_path / "s.mat", s=BOTH)).stdout
    assert "s: Weights 3×3×4×4, Bias 1×1×4, and nothing says of which layer" in shown
    assert "--class transposedConv2d: 4 3×3×4 transposed convolutions" in shown
    assert "TransposedConvolution2DLayer" not in shown


def test_several_groups_are_listed_and_one_of_them_is_chosen_by_variable(tmp_path: Path) -> None:
    fully = {"Weights": np.ones((2, 6), np.float32), "Bias": np.ones((2, 1), np.float32)}
    path = save(tmp_path / "all.mat", conv1=BOTH, fc=fully)
    with pytest.raises(AmbiguousLayerError, match=r"2 groups of weights.*conv1 \(Weights.*fc \("):
        converters.load(path)
    layer: Any = converters.load(path, "fc", layer_class="fullyConnected")
    assert layer.predict(np.ones((6, 1)), "CB").tolist() == [[7.0], [7.0]]


def test_groups_deep_in_a_struct_are_a_model_until_one_is_chosen(tmp_path: Path) -> None:
    """The parameters of a custom training loop."""
    fully = {"Weights": np.ones((2, 6), np.float32), "Bias": np.ones((2, 1), np.float32)}
    path = save(tmp_path / "p.mat", parameters={"fc1": fully, "fc2": fully})
    with pytest.raises(UnsupportedModelError, match="parameters"):
        converters.load(path)
    with pytest.raises(AmbiguousLayerError, match=r"fullyConnected \(2 fully connected layer\)"):
        converters.load(path, "parameters.fc1")
    layer: Any = converters.load(path, "parameters.fc1", layer_class="fullyConnected")
    assert layer.OutputSize == 2


@pytest.mark.parametrize("name", ["fc", "conv1"])
def test_one_group_is_asked_about_by_its_name(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / "all.mat", conv1=BOTH, up=fields(), fc=BOTH)
    with pytest.raises(AmbiguousLayerError, match="nothing here says which layer"):
        converters.load(path, layer=name)


def test_recurrent_weights_are_asked_about_and_sized_by_themselves(tmp_path: Path) -> None:
    hidden, inputs = 3, 2
    arrays = {
        "InputWeights": np.ones((4 * hidden, inputs), np.float32),
        "RecurrentWeights": np.ones((4 * hidden, hidden), np.float32),
        "Bias": np.ones((4 * hidden, 1), np.float32),
    }
    path = save(tmp_path / "lstm.mat", **arrays)
    with pytest.raises(AmbiguousLayerError, match=r"lstm \(LSTM with 3 hidden units\)"):
        converters.load(path)
    with pytest.warns(MatlabCompatWarning, match="OutputMode 'sequence'"):
        layer: Any = converters.load(path, layer_class="LSTMLayer")
    assert (layer.NumHiddenUnits, layer.InputSize) == (hidden, inputs)


# --- what says the class ------------------------------------------------------------------


def test_what_the_specifications_exports_have_needs_no_option(tmp_path: Path) -> None:
    """Weights, Bias and CroppingSize, or the older Cropping."""
    path = save(tmp_path / "a.mat", **BOTH, **STRIDE, CroppingSize=[[1.0, 1.0, 1.0, 1.0]])
    layer: Any = converters.load(path)
    assert layer.matlab_class == "nnet.cnn.layer.TransposedConvolution2DLayer"
    assert layer.CroppingSize == (1, 1, 1, 1)
    with pytest.warns(MatlabCompatWarning, match="Cropping"):
        older: Any = converters.load(
            save(tmp_path / "b.mat", **BOTH, **STRIDE, Cropping=[[1.0, 1.0]])
        )
    assert older == layer


def test_a_stride_that_the_file_does_not_say_is_warned_of(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", **BOTH, CroppingSize=[[1.0, 1.0, 1.0, 1.0]])
    with pytest.warns(MatlabCompatWarning, match=r"defaults are taken: Stride \[1 1\]"):
        layer: Any = converters.load(path)
    assert layer.Stride == (1, 1)


def test_what_only_convolutions_have_names_one(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", **BOTH, **STRIDE, PaddingSize=[[1.0, 1.0, 1.0, 1.0]])
    layer: Any = converters.load(path)
    assert layer.matlab_class == "nnet.cnn.layer.Convolution2DLayer"
    assert layer.predict(X).shape[:2] == X.shape[:2]


def test_a_class_against_what_the_file_says_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.mat", **BOTH, CroppingSize=[[1.0, 1.0, 1.0, 1.0]])
    with pytest.raises(UsageError, match=r"TransposedConvolution2DLayer, not nnet.*Convolution2D"):
        converters.load(path, layer_class="convolution2d")


def test_a_class_for_weights_of_other_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can be no nnet.cnn.layer.LSTMLayer"):
        converters.load(both(tmp_path), layer_class="lstm")


def test_weights_that_are_no_matrix_are_no_fully_connected_layers(tmp_path: Path) -> None:
    with pytest.raises(PropertyError, match="Weights is 3×3×4×4; that of a FullyConn") as caught:
        converters.load(both(tmp_path), layer_class="fullyConnected")
    assert "OutputSize = layer.OutputSize" in caught.value.remedy


@pytest.mark.parametrize("name", ["lstm", "gru", "bilstm", "lstmProjected"])
@pytest.mark.parametrize("which", ["InputWeights", "RecurrentWeights"])
def test_weights_that_are_no_matrix_are_no_recurrent_layers(
    tmp_path: Path, name: str, which: str
) -> None:
    matrices = {n: np.ones((8, 2), np.float32) for n in ("InputWeights", "RecurrentWeights")}
    path = save(tmp_path / "r.mat", **{**matrices, which: BOTH["Weights"]})
    with pytest.raises(PropertyError, match=f"{which} is 3×3×4×4; that of a .* is a matrix"):
        converters.load(path, layer_class=name)


def test_what_the_class_does_not_have_is_not_dropped(tmp_path: Path) -> None:
    """A padding beside weights that are said to be a transposed convolution's."""
    path = save(tmp_path / "a.mat", **BOTH, Padding=[[1.0, 1.0]])
    with pytest.warns(MatlabCompatWarning, match=DEFAULTS):
        layer: Any = converters.load(path, layer_class="transposedConv2d")
    with pytest.raises(UnsupportedLayerError, match=r"Padding is \[\[1\.0, 1\.0\]\]"):
        layer.predict(X)
    with pytest.warns(MatlabCompatWarning, match=DEFAULTS):
        made: Any = converters.load(path, layer_class="convolution2d")
    assert made.PaddingSize == (1, 1, 1, 1)


def test_a_class_for_a_file_without_weights_finds_nothing(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError):
        converters.load(save(tmp_path / "a.mat", data=X), layer_class="convolution2d")


def test_what_this_project_writes_names_its_class(tmp_path: Path) -> None:
    with pytest.warns(MatlabCompatWarning, match=DEFAULTS):
        layer: Any = converters.load(both(tmp_path), layer_class="convolution2d")
    converters.save(layer, tmp_path / "written.pt")
    with pytest.raises(UsageError, match="names the classes"):
        converters.load(tmp_path / "written.pt", layer_class="convolution2d")
    converters.save(layer, tmp_path / "written.mat")
    assert converters.load(tmp_path / "written.mat") == layer


# --- names of classes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["nnet.cnn.layer.Convolution2DLayer", "Convolution2DLayer", "convolution2dLayer",
     "convolution2d", "CONVOLUTION2D"],
)  # fmt: skip
def test_a_class_goes_by_all_its_names(name: str) -> None:
    assert class_named(name) == "nnet.cnn.layer.Convolution2DLayer"


@pytest.mark.parametrize("name", list(registered()))
def test_every_class_that_is_registered_can_be_named(name: str) -> None:
    assert class_named(name) == name


def test_a_name_that_is_none_offers_what_is_like_it() -> None:
    with pytest.raises(UsageError, match="no layer class 'transposedConv2'") as error:
        class_named("transposedConv2")
    assert "transposedConv2d" in error.value.remedy


# --- other people's structs ---------------------------------------------------------------


@pytest.mark.parametrize("field", ["Class", "Type"])
@pytest.mark.parametrize("name", ["transposedConv2dLayer", "transposedConv2d"])
def test_a_field_names_the_class_as_the_option_does(tmp_path: Path, field: str, name: str) -> None:
    layer = converters.load(save(tmp_path / "named.mat", **BOTH, **STRIDE, **{field: name}))
    assert layer.matlab_class == "nnet.cnn.layer.TransposedConvolution2DLayer"  # type: ignore[union-attr]


def test_a_class_that_there_is_not_is_said_in_the_question(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousLayerError, match="'Conv2d' is the name of no class"):
        converters.load(save(tmp_path / "foreign.mat", **BOTH, Class="Conv2d"))


def test_weights_are_not_left_out_of_a_layer_that_has_none(tmp_path: Path) -> None:
    with pytest.warns(MatlabCompatWarning, match=DEFAULTS):
        layer: Any = converters.load(both(tmp_path), layer_class="rl.layer.ScalingLayer")
    with pytest.raises(UnsupportedLayerError, match="Weights is an array of 3×3×4×4"):
        layer.predict(X)


def test_two_variables_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    other = {"weights": 2 * BOTH["Weights"], "CroppingSize": np.zeros(4)}
    with pytest.raises(PropertyError, match="Weights and weights are both there"):
        converters.load(save(tmp_path / "twice.mat", **BOTH, **other))


def test_a_layer_beside_weights_of_no_class_is_not_taken_for_all(tmp_path: Path) -> None:
    crop = {"CroppingSize": np.zeros(4), **STRIDE}
    path = save(tmp_path / "two.mat", a=BOTH, b={**BOTH, **crop})
    with pytest.raises(AmbiguousLayerError, match=r"a layer in it, b, and weights .*: a \(Weights"):
        converters.load(path)
    assert converters.load(path, layer="b").CroppingSize == (0, 0, 0, 0)  # type: ignore[union-attr]
