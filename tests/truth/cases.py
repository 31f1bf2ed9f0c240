"""What this project computes beside what something else computed, for real networks.

Each case is a function of the folder of real files that yields measurements. The tests beside
this module assert them; ``python -m benchmarks.truth`` prints them as a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

import converters
from converters.kinds.shallow import plain
from converters.load import load_network
from converters.matfile.values import Categorical
from matlab_compat import Autoencoder, ShallowNetwork, closeloop, dlarray, preparets

Array = NDArray[Any]


@dataclass(frozen=True)
class Measured:
    """One quantity: what was measured, and how much is allowed."""

    case: str
    #: What is compared with what.
    quantity: str
    value: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether it is within what is allowed (NaN is not)."""
        return self.value <= self.allowed


# --- 1: a U-Net that MATLAB imported from an ONNX file ------------------------------------

UNET = "reedchen19__cyclegan_verasonics"


def unet(real: Path) -> Iterator[Measured]:
    """Three releases' files of one network; ONNX Runtime on the file its weights come from."""
    image = variable(real / UNET / "verasonics__external_process__test_input_img.mat", "data")
    image = (image - image.min()) / (image.max() - image.min()) * 2 - 1
    path = real / UNET / "verasonics__tensorflow_to_matlab__unet_113.onnx"
    (expected,) = onnx_outputs(onnx.load(path), image[None, :, :, None])  # N,H,W,C
    for saved in sorted((real / UNET).glob("*custom_onnx_unet113*.mat")):
        actual = load_network(saved).predict(image)[..., 0]  # H×W×C of the one observation
        name = re.sub(r"verasonics__external_process__|custom_onnx_|\.mat", "", saved.name)
        yield Measured(f"U-Net {name}", "ONNX Runtime", apart(actual, expected[0]), 1e-6)


# --- 2: MATLAB's own activations ----------------------------------------------------------

DIGITS = "chunter18__CNN-Layers-HLS"
#: The name in the file of printed numbers, the layer, and how far apart they may be. Those of conv1
#: go up to 254 and were computed in single: they are 2.9e-5 from the exact ones, and another
#: processor's single may be as far on the other side.
PRINTED = {
    "mean_removed": ("imageinput", 1e-6),
    "conv1": ("conv_1", 6e-5),
    "bn1": ("batchnorm_1", 1e-6),
    "relu1": ("relu_1", 1e-6),
    "maxpool1": ("maxpool_1", 1e-6),
    "conv2": ("conv_2", 1e-6),
}


def activations(real: Path) -> Iterator[Measured]:
    """The activations of one image that MATLAB printed, layer by layer."""
    folder = real / DIGITS
    network = load_network(folder / "matlab__net.mat", "net")
    # Not the variable img: the printed activations are those of another digit.
    image = np.loadtxt(folder / "src__data__input_single.dat").reshape(28, 28)
    for printed, (layer, allowed) in PRINTED.items():
        actual = network.activations(image, layer)  # H×W×C×N
        numbers = np.loadtxt(folder / f"src__data__{printed}_single.dat").ravel()
        channels_first = actual[..., 0].transpose(2, 0, 1)
        difference = apart(channels_first, numbers.reshape(channels_first.shape))
        yield Measured(f"activations {layer}", "MATLAB", difference, allowed)


# --- 3: predictions of an LSTM ------------------------------------------------------------


def lstm(real: Path) -> Iterator[Measured]:
    """Predictions that MATLAB saved beside the network and its inputs."""
    path = real / "yaotianhua0924__FENN" / "LSTM.mat"
    network = load_network(path, "net")
    sig, mu = variable(path, "sig"), variable(path, "mu")
    for given, saved in {"XTrain": "Ytrain", "inputdataStandardized": "YPred"}.items():
        actual = network.predict(variable(path, given)) * sig + mu  # C×T
        yield Measured(f"LSTM {saved}", "MATLAB", apart(actual, variable(path, saved)), 2e-6)


# --- 4: classifications of sequences ------------------------------------------------------

FAULTS = "matlab-deep-learning__Fault-Detection-Using-Deep-Learning-Classification"
#: Network, features, results of each of the two saved experiments.
FAULT_FILES = {
    "LSTM": ("TrainedModel", "ValidationFeatures", "ValidationResults"),
    "biLSTM": (
        "TrainedModel.blob1accca12",
        "ValidationFeatures.blob3668509b",
        "ValidationResults.blob91fb0ddf",
    ),
}


def classifications(real: Path) -> Iterator[Measured]:
    """``classify(airCompNet, validationFeatures)`` for all sequences at once."""
    for name, files in FAULT_FILES.items():
        model, features, results = (real / FAULTS / f"SavedData__{file}.mat" for file in files)
        expected = labels(results, "validationResults")
        assert len(expected) == 176
        cells = variable(features, "validationFeatures")
        actual = load_network(model).classify(list(cells.ravel(order="F")))
        wrong = sum(a != e for a, e in zip(actual, expected, strict=True))
        yield Measured(f"classify {name}", "MATLAB, sequences of 176 that differ", wrong, 0)


# --- 5 and 6: networks exported to and imported from ONNX ---------------------------------


def exported_onnx(real: Path) -> Iterator[Measured]:
    """A network and the ONNX file that MATLAB R2019a exported it to, layer by layer."""
    folder = real / "ccnmaastricht__Object_recognition"
    network = load_network(folder / "net.mat")
    image = np.random.default_rng(5).uniform(0, 255, (150, 150, 3)).astype(np.float32)
    model = onnx.load(folder / "net.onnx")
    tensors = [output for node in model.graph.node for output in node.output]
    compared = [name for name in network.names if name in tensors]
    expected = onnx_outputs(model, image.transpose(2, 0, 1)[None], compared)  # N,C,H,W
    for layer, theirs in zip(compared, expected, strict=True):
        ours = network.activations(image, layer)  # H×W×C×N
        theirs = theirs.reshape(*theirs.shape, *[1] * (4 - theirs.ndim))
        difference = apart(ours, theirs.transpose(2, 3, 1, 0)) / np.abs(theirs).max()
        yield Measured(f"exported ONNX {layer}", "ONNX Runtime, relative", difference, 5e-6)


SPEECH = "matlab-deep-learning__Use-a-Python-Speech-Command-Recognition-System-to-MATLAB"


def imported_onnx(real: Path) -> Iterator[Measured]:
    """A network with layers of ``nnet.onnx.layer`` and the ONNX file it was imported from."""
    folder = real / SPEECH
    network = load_network(folder / "HelperFiles__net.mat")
    sound = np.random.default_rng(6).standard_normal((98, 50)).astype(np.float32)
    model = onnx.load(folder / "HelperFiles__cmdRecognitionPyTorch.onnx")
    (expected,) = onnx_outputs(model, sound[None, None])  # N,K
    difference = apart(network.predict(sound), expected) / np.abs(expected).max()
    yield Measured("imported ONNX", "ONNX Runtime, relative", difference, 1e-6)


# --- 7: weights that MATLAB exported to TensorFlow ----------------------------------------


def tensorflow(real: Path) -> Iterator[Measured]:
    """MATLAB's TensorFlow export of the weights, run by the definition in float64.

    The arrays of the .h5 file are flat. The exported model permutes the image before Keras
    flattens it, so that the rows of the first kernel are MATLAB's column-major pixels.
    """
    folder = real / "yanndebray__fashion"
    # Dark, so that the softmax does not saturate.
    image = np.random.default_rng(7).uniform(0, 5, (28, 28)).astype(np.float32)
    with h5py.File(folder / "fashionNet1__weights.h5") as file:
        held = {name: file[name][:].astype(np.float64) for name in TENSORFLOW}
    pixels = image.astype(np.float64).ravel(order="F")
    mean, variance, kernel, bias, kernel_1, bias_1 = held.values()
    hidden = (pixels - mean) / np.sqrt(variance) @ kernel.reshape(784, 128) + bias
    scores = np.maximum(hidden, 0) @ kernel_1.reshape(128, 10) + bias_1
    network = load_network(folder / "fashionNet1.mat")
    logits = network.activations(image, "fc_1").ravel()
    difference = apart(logits, scores) / np.abs(scores).max()
    yield Measured("TensorFlow weights, fc_1", "float64, relative", difference, 1e-6)
    softmax = np.exp(scores - scores.max())
    predicted = network.predict(image)  # N×K
    difference = apart(predicted, (softmax / softmax.sum())[None])
    yield Measured("TensorFlow weights, softmax", "float64", difference, 1e-6)


TENSORFLOW = (
    "imageinput_/mean",
    "imageinput_/variance",
    "fc_/kernel",
    "fc_/bias",
    "fc_1_/kernel",
    "fc_1_/bias",
)

# --- 9: accuracies ------------------------------------------------------------------------


def accuracies(real: Path) -> Iterator[Measured]:
    """MNIST accuracies, whose whole percents their author wrote at the end of the file names.

    The name has the accuracy on the training images too, but those are not there.
    """
    folder = real / "Neelanjana314__Trained_Neural_Networks"
    images = variable(folder / "Data__MNIST__X_Test_4D.mat", "XXtest")
    truth = np.array(labels(folder / "Data__MNIST__Y_Test_cat.mat", "YYtest"))
    for path in sorted(folder.glob("*As_Layers*.mat")):
        stated = int(path.stem.rpartition("_")[2])
        right = np.array(load_network(path, "net").classify(images)) == truth
        percent = 100 * float(right.mean())
        quantity = f"{percent:.2f} %: whole percents from the {stated} in the file's name"
        name = path.stem.rpartition("__")[2]
        yield Measured(f"accuracy {name}", quantity, abs(int(percent) - stated), 0)


# --- 13: a network of a custom training loop ----------------------------------------------


def burgers(real: Path) -> Iterator[Measured]:
    """Predictions of a physics-informed network, saved as a dlarray that holds a gpuArray."""
    path = real / "Giraud-Pierre__PINN_for_SEDMES" / "results__BurgersEquation__BurgersPINN.mat"
    network = load_network(path, "net")
    given = np.concatenate([variable(path, "X"), variable(path, "T")])  # [X; T], C×N
    expected = variable(path, "Upredict")
    assert isinstance(expected, dlarray)
    actual = network.predict(dlarray(given, "CB"))
    assert actual.dims() == expected.dims()
    difference = apart(actual.extractdata(), expected.extractdata())
    yield Measured("Burgers Upredict", "MATLAB", difference, 5e-6)  # single on two processors


# --- 15: a network with the targets it was trained on -------------------------------------


def surrogate(real: Path) -> Iterator[Measured]:
    """Predictions for images of 3×3×3, N×1, beside the targets: labels, not outputs."""
    folder = real / "YusufB-8__cnn-pso-global-optimization"
    network = load_network(folder / "trainedNetwork_1.mat")
    data = folder / "CSOE_Final_Dataset.mat"
    targets = variable(data, "labels")  # N×1, as predict gives it
    actual = network.predict(variable(data, "inputs"))
    assert actual.shape == targets.shape == (10000, 1)
    apart_by = float(np.sqrt(np.mean((actual - targets) ** 2)))
    correlation = float(np.corrcoef(actual.ravel(), targets.ravel())[0, 1])
    yield Measured("surrogate RMSE", "0.0073 from the targets", abs(apart_by - 0.0073), 5e-5)
    yield Measured("surrogate correlation", "0.99998", abs(correlation - 0.99998), 5e-6)


#: All cases, by the name of the test module.
# --- 11: parameters of a custom training loop ----------------------------------------------


def heat(real: Path) -> Iterator[Measured]:
    """A tanh network of a physics-informed training, put together by hand from its parameters."""
    path = real / "luismoraortiz__BT_PINN_Approach_to_Solve_PDE" / "2DHE__Data_2DHE_OptSweep.mat"
    parameters = converters.load_parameters(path)
    x = np.concatenate([extracted(path, f"dl{name}Test") for name in "XYT"])
    for i in range(1, 15):
        x = parameters[f"fc{i}_Weights"] @ (x if i == 1 else np.tanh(x)) + parameters[f"fc{i}_Bias"]
    yield Measured("heat", "MATLAB", apart(x, extracted(path, "dlUPred")), 1e-14)


def extracted(path: Path, name: str) -> Array:
    """A variable without labels."""
    value = variable(path, name)
    return np.asarray(value.extractdata() if isinstance(value, dlarray) else value)


# --- 12: what an agent did last -------------------------------------------------------------


def trader(real: Path) -> Iterator[Measured]:
    """The last observation and the last action that a DQN agent saved when it was not exploring."""
    folder = "matlab-deep-learning__reinforcement_learning_financial_trading"
    path = real / folder / "agents__agent-v.1.mat"
    saved = variable(path, "agent").properties
    assert saved["StepMode"] == "sim"
    action = converters.load_agent(path).act(saved["LastObservation"]).action
    wrong = int((action != saved["LastAction"]).sum())
    yield Measured("DQN agent", "MATLAB, its last action", wrong, 0)


# --- 13: MatConvNet's own outputs of every layer -------------------------------------------


def matconvnet(real: Path) -> Iterator[Measured]:
    """What vl_simplenn kept of a run, in the file of a port of the network."""
    network = load_network(real / "foolwood__DCFNet" / "DCFNet__DCFNet-net-7-125-2.mat")
    kept = variable(real / "foolwood__DCFNet_pytorch" / "track__net_param.mat", "res")
    given, *outputs = kept.ravel()
    for layer, expected in zip(network.names[1:], outputs, strict=True):
        actual = network.activations(given, layer)[..., 0]
        yield Measured(f"MatConvNet {layer}", "MatConvNet", apart(actual, expected), 1.2e-6)


# --- 12: shallow networks whose truth is not an output beside them ------------------------


def _shallow(path: Path) -> ShallowNetwork:
    net = converters.load(path)
    assert isinstance(net, ShallowNetwork)
    return net


def _relative(quantity: str, actual: Array, expected: Array, allowed: float) -> Measured:
    difference = apart(actual, expected) / float(np.abs(expected).max())
    return Measured(quantity, "MATLAB, relative", difference, allowed)


def radial(real: Path) -> Iterator[Measured]:
    """A radial basis network gives at its centres the targets it was made of."""
    path = real / "HayaKus__CloudSimSEC" / "rbf2.mat"
    net, fields = _shallow(path), variable(path, "net").properties
    expected = plain(fields["outputs"])[0, 1]["exampleOutput"]
    yield _relative("radial basis", net(net.IW[0, 0].T), expected, 1e-9)


def encoder(real: Path) -> Iterator[Measured]:
    """``encode(autoenc, NData(:,1:78)')``."""
    folder = real / "cheo2322__Neural-Network-for-hacking-attacks-detection"
    autoenc = _shallow(folder / "autNew.mat")
    assert isinstance(autoenc, Autoencoder)
    data = variable(folder / "NewData.mat", "NData")[:, :78].T
    yield _relative("encode", autoenc.encode(data), variable(folder / "NewEnc.mat", "Enc"), 1e-12)


def stocks(real: Path) -> Iterator[Measured]:
    """A closed loop over all windows of 26 + s days, s of which the network goes alone."""
    folder = real / "cstdvd__stock_market_indices"
    closed = closeloop(_shallow(folder / "net.mat"))
    inputs = variable(folder / "indices.mat", "input_indices")[268:536][:, [0, 1, 2, 4]].T
    target = variable(folder / "indices.mat", "target_indices")[268:536, 1:2].T
    squares = []
    relative = []
    for s in range(1, 11):
        days = 26 + s
        starts = np.arange(target.shape[1] - days + 1)
        X, T = np.empty((1, days), object), np.empty((1, days), object)
        for t in range(days):
            X[0, t], T[0, t] = inputs[:, starts + t], target[:, starts + t]
        Xs, Xi, Ai, Ts = preparets(closed, X, None, T)
        Y, wanted = np.stack([*closed(Xs, Xi, Ai).flat]), np.stack([*Ts.flat])
        squares.append(((wanted - Y) ** 2).mean())
        relative.append(np.abs((wanted - Y) / wanted)[-1].mean())  # of the last day
    expected = variable(folder / "MSEvector.mat", "MSEvector").ravel()
    yield _relative("closed loop, mse", np.array(squares), expected, 1e-12)
    expected = variable(folder / "MAPEvector.mat", "MAPEvector").ravel()
    scale = expected.mean() / np.mean(relative)  # fractions or percents
    assert round(scale, 6) in (1, 100)
    yield _relative("closed loop, MAPE", np.array(relative) * round(scale), expected, 1e-10)


CASES: dict[str, Callable[[Path], Iterator[Measured]]] = {
    "unet": unet,
    "activations": activations,
    "lstm": lstm,
    "classifications": classifications,
    "exported_onnx": exported_onnx,
    "imported_onnx": imported_onnx,
    "tensorflow": tensorflow,
    "accuracies": accuracies,
    "burgers": burgers,
    "surrogate": surrogate,
    "heat": heat,
    "trader": trader,
    "matconvnet": matconvnet,
    "radial": radial,
    "encoder": encoder,
    "stocks": stocks,
}


# --- what they share ----------------------------------------------------------------------


def variable(path: Path, name: str) -> Any:
    """A variable of a MAT-file."""
    with converters.open_mat(path) as mat:
        return mat[name]


def labels(path: Path, name: str) -> list[str | None]:
    """A categorical variable as names."""
    value = variable(path, name)
    assert isinstance(value, Categorical)
    return value.labels()


def apart(actual: Array, expected: Array) -> float:
    """The largest absolute difference of two arrays of the same size."""
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    return float(np.abs(actual.astype(np.float64) - expected.astype(np.float64)).max())


def onnx_outputs(model: Any, x: Array, names: list[str] | None = None) -> list[Array]:
    """Outputs (or other tensors) that ONNX Runtime computes on one thread."""
    if names is not None:
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # old files list their weights among the inputs
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    first = session.get_inputs()[0].name
    found: list[Array] = session.run(names, {first: np.ascontiguousarray(x, np.float32)})
    return found
