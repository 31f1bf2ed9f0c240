"""Variables that are no layer or network are called what they are.

The files: structs in the forms of MatConvNet's manual and of published files, written by scipy,
which knows nothing of ours; objects written by ``fixtures/native/mcos_writer``; and real files,
whose kinds are listed in the collection's own index.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.matfile.values import StructArray
from fixtures.native.mcos_writer import Instance, Instances, write_level7
from matlab_compat.errors import (
    LayerNotFoundError,
    MatlabCompatError,
    NotAMatFileError,
    UnsupportedModelError,
)
from tests.converters.exports import cells, save
from tests.real import REAL

W, B = np.ones((3, 3, 2, 4), np.float32), np.zeros((4, 1), np.float32)


RELU = {"type": "relu", "name": "r"}

#: Variables of a file -> what the message says of them.
MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "parameters": (
        {"p": {"fc1": {"Weights": np.ones((5, 3)), "Bias": np.ones((5, 1))}, "n": 3.0}},
        "p is a struct of weights (fc1.Weights 5×3, fc1.Bias 5×1)",
    ),
    "parameters in one struct": (
        {"p": {"fc1_Weights": np.ones((5, 3)), "fc1_Bias": np.ones((5, 1))}},
        "p is a struct of weights (fc1_Weights 5×3, fc1_Bias 5×1)",
    ),
    "parameters of DeepLearnToolbox": (
        {
            "nn": {
                **{"size": [3.0, 2.0], "n": 2.0, "activation_function": "sigm"},
                **{"W": cells(np.ones((2, 4))), "output": "softmax"},
            }
        },
        "nn is a network of DeepLearnToolbox",
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_is_not_run_is_named(tmp_path: Path, kind: str) -> None:
    variables, said = MODELS[kind]
    with pytest.raises(UnsupportedModelError) as caught:
        converters.load(path := save(tmp_path / "m.mat", **variables))
    assert said in caught.value.what
    assert "This version does not run" in caught.value.what
    assert caught.value.exit_code == 3
    read = "load_parameters(" if kind.startswith("param") else "open_mat("
    assert f"converters.{read}{str(path)!r}" in caught.value.remedy


def test_the_line_that_gives_the_values(tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **MODELS["parameters"][0])
    with pytest.raises(UnsupportedModelError) as caught:
        converters.load(path)
    line = caught.value.remedy.removeprefix("read it with ").partition(", and")[0]
    values = eval(line, {"converters": converters})
    np.testing.assert_array_equal(values["fc1"]["Weights"], np.ones((5, 3)))


# --- what is no model ---------------------------------------------------------------------

#: Variables of a file -> what the message says of them.
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "data": (
        {"X": np.zeros((2, 3, 4)), "t": "text"},
        "no layer or network in it, only data: X 2×3×4 double, t 1×4 char",
    ),
    "much data": ({f"x{i}": 1.0 for i in range(9)}, "x3 1×1 double and 5 more"),
    "loose weights": (
        {"W": W, "b": B, "stride": 2.0},
        "only arrays named like weights: W 3×3×2×4, b 4×1",
    ),
    "weights of a network": (
        {"conv1_weight": W, "conv1_bias": B, "conv2_weight": W, "conv2_bias": B},
        "conv1_weight 3×3×2×4, conv1_bias 4×1, conv2_weight 3×3×2×4, conv2_bias 4×1",
    ),
    "weights in cells": ({"W": cells(W, W), "b": cells(B, B)}, "W 1×2, b 1×2"),
    "types of other people": (
        {"net": {"layers": cells({"type": "i"}, {"type": "c", "scale": 2.0})}},
        "only data: net 1×1 struct",
    ),
    "a struct of results": ({"results": {"loss": 0.1, "b": 2.0}}, "only data: results 1×1 struct"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_model_is_named(tmp_path: Path, kind: str) -> None:
    variables, said = OTHERS[kind]
    path = save(tmp_path / "m.mat", **variables)
    with pytest.raises(LayerNotFoundError) as caught:
        converters.load(path)
    assert said in caught.value.what
    assert caught.value.exit_code == 2
    assert caught.value.remedy


def test_the_size_of_an_object_that_stands_for_data_is_not_made_up(tmp_path: Path) -> None:
    """A categorical of any size is 1 x 1 to the file: the size is in its value."""
    path = tmp_path / "o.mat"
    write_level7(path, {"Y": Instance("categorical", {"codes": np.ones((5, 1), np.uint8)})}, {})
    with pytest.raises(LayerNotFoundError, match=r"only data: Y categorical\."):
        converters.load(path)


# --- objects ------------------------------------------------------------------------------

ONE = np.ones((1, 1))
OBJECTS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "agent": ("rl.agent.rlQAgent", {"Critic": ONE}, 3, "an agent of Reinforcement Learning"),
    "detector": ("ssdObjectDetector", {"ModelName": "m"}, 3, "a detector (ssdObjectDetector)"),
    "options": (
        "nnet.cnn.TrainingOptionsSGDM",
        {"MaxEpochs": ONE},
        2,
        "options of a training (nnet.cnn.TrainingOptionsSGDM)",
    ),
    "datastore": ("matlab.io.datastore.ImageDatastore", {"Files": "a.png"}, 2, "a datastore"),
    "fitcnet": ("ClassificationNeuralNetwork", {"LayerWeights": ONE}, 3, "fitcnet"),
    "trees": ("acfObjectDetector", {"ModelName": "m"}, 3, "has no neural network"),
    "svm": ("ClassificationSVM", {"Alpha": ONE}, 3, "Statistics and Machine Learning Toolbox"),
    "fuzzy": ("mamfis", {"Name": "f"}, 3, "a fuzzy inference system"),
    "other": ("mine.Holder", {"X": ONE}, 2, "o is an object of class mine.Holder"),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_is_named_by_its_class(tmp_path: Path, kind: str) -> None:
    class_name, properties, exit_code, said = OBJECTS[kind]
    path = tmp_path / "o.mat"
    write_level7(path, {"o": Instance(class_name, properties)}, {})
    with pytest.raises(MatlabCompatError) as caught:
        converters.load(path)
    assert said in caught.value.what
    assert caught.value.exit_code == exit_code


def test_the_values_of_an_object_in_a_struct_are_said_to_lie_there(tmp_path: Path) -> None:
    """As the apps export a model: trainedModel.ClassificationNeuralNetwork."""
    path = tmp_path / "o.mat"
    net = Instance("ClassificationNeuralNetwork", {"LayerWeights": ONE})
    write_level7(path, {"trainedModel": StructArray.scalar(Net=net)}, {})
    with pytest.raises(UnsupportedModelError) as caught:
        converters.load(path)
    said = f"properties of trainedModel.Net in converters.open_mat({str(path)!r})['trainedModel']"
    assert said in caught.value.remedy


def test_the_remedy_for_options_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "o.mat"
    write_level7(path, {"o": Instance("nnet.cnn.TrainingOptionsSGDM", {"MaxEpochs": ONE})}, {})
    with pytest.raises(LayerNotFoundError) as caught:
        converters.load(path)
    assert f"converters.load_training_options({str(path)!r})" in caught.value.remedy


def test_networks_of_other_toolboxes_are_told_by_their_layers(tmp_path: Path) -> None:
    path = tmp_path / "o.mat"
    layers = Instances("Conv2DLayer", [Instance("Conv2DLayer", {"Weights": ONE})])
    write_level7(path, {"o": Instance("CNN", {"Name": "n", "Layers": layers})}, {})
    with pytest.raises(UnsupportedModelError, match=r"class CNN, a network of .* Conv2DLayer"):
        converters.load(path)


# --- HDF5 of others -----------------------------------------------------------------------


def test_weights_of_keras(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["dense/dense/kernel:0"] = np.ones((3, 4), np.float32)
        file["dense/dense/bias:0"] = np.ones(4, np.float32)
    with pytest.raises(NotAMatFileError, match="it holds weights as Keras writes"):
        converters.load(path)


def test_hdf5_of_others(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "data.mat"
    with h5py.File(path, "w") as file:
        file["temperature"] = np.ones((3, 4))
    with pytest.raises(NotAMatFileError, match=r"did not write it\. It has temperature"):
        converters.load(path)


# --- real files ---------------------------------------------------------------------------

#: File -> what the index of the collection says that it is, in our words, and the exit code.
REAL_FILES = {
    "luismoraortiz__BT_PINN_Approach_to_Solve_PDE/2DHE__Data_2DHE_OptSweep.mat": (
        "parameters is a struct of weights (fc1_Weights 10×3, fc1_Bias 10×1",
        3,
    ),
    "dianixn__Channelformer/parameters_HA03_Attention.mat": (
        "parameters is a struct of weights",
        3,
    ),
    "Neelanjana314__nnv-1/examples__nn__cnn__Singn_nets__MNIST__mnist01.mat": (
        "class CNN, a network of another toolbox or of an author's own with layers of ImageInput",
        3,
    ),
    "mmmmyyyyxxxx__Pothole-Road-Detection-and-Recognition-based-on-Computer-Vision/detector.mat": (
        "a detector of two networks and a step between them (fasterRCNNObjectDetector)",
        3,
    ),
    "SrikarWritesCode__Anomaly-Detection/options.mat": ("options is options of a training", 2),
    "foolwood__DCFNet_pytorch/track__net_param.mat": ("conv1_w 3×3×3×32, conv1_b 32×1", 2),
    "Neelanjana314__Trained_Neural_Networks/Data__MNIST__X_Test_4D.mat": ("only data: XXtest", 2),
    "yanndebray__fashion/fashionNet1__weights.h5": ("weights as Keras writes them", 2),
}


@pytest.mark.real
@pytest.mark.parametrize("name", REAL_FILES)
def test_a_real_file_is_named_for_what_it_is(name: str) -> None:
    said, exit_code = REAL_FILES[name]
    with pytest.raises(MatlabCompatError) as caught:
        converters.load(REAL / name)
    assert said in caught.value.what
    assert caught.value.exit_code == exit_code


@pytest.mark.real
def test_a_part_of_a_detector_of_parts_can_be_loaded() -> None:
    name = "mmmmyyyyxxxx__Pothole-Road-Detection-and-Recognition-based-on-Computer-Vision"
    network = converters.load_network(REAL / name / "detector.mat", "detector.Network.Layers")
    assert network.Layers
