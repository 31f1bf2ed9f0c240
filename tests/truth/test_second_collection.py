"""Every file of the second collection opens, and loads or is named for what it is.

Expected values: the kind that the index of the real files gives each file, written by those who
collected them.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import converters
from converters.find import find_models
from matlab_compat import Network, ShallowNetwork, YOLOv2TransformLayer
from matlab_compat.errors import (
    LayerNotFoundError,
    MatlabCompatError,
    UnsupportedModelError,
)
from tests.real import REAL

from .networks import own_inputs

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:.*so it is an output layer"),
    pytest.mark.filterwarnings("ignore:.*holds NaN or Inf"),
]


def kinds() -> dict[str, str]:
    """The MAT-files of the second collection, and what the index says they are."""
    text = (REAL / "INDEX.md").read_text(encoding="utf-8") if REAL.exists() else ""
    _, _, second = text.partition("# Second collection")
    return dict(re.findall(r"^\| `([^`]+\.mat)` \| ([^|]+?) \|", second, re.MULTILINE))


KINDS = kinds()


def of_kind(*beginnings: str) -> list[str]:
    return [file for file, kind in KINDS.items() if kind.startswith(beginnings)]


#: The index says of shallow networks which function made them.
SHALLOW = (
    "narnet",
    "narxnet",
    "feedforward",
    "patternnet",
    "newrbe",
    "perceptron",
    "newpnn",
    "newff",
)
NETWORKS = ("SeriesNetwork", "dlnetwork")
DATA = ("data", "truth data", "table", "MatConvNet outputs")


def test_every_kind_of_the_index_is_tested() -> None:
    known = of_kind(*NETWORKS, *SHALLOW, *DATA, "RL agent", "detector", "MatConvNet", "dlarray")
    assert set(known) | set(of_kind("Autoencoder")) == set(KINDS)
    assert len(KINDS) > 35


@pytest.mark.parametrize("file", of_kind(*NETWORKS))
def test_a_network_loads_as_its_class(file: str) -> None:
    network = converters.load(REAL / file)
    assert isinstance(network, Network)
    assert KINDS[file].startswith(network.kind)


@pytest.mark.parametrize("file", of_kind(*SHALLOW, "Autoencoder"))
def test_every_shallow_network_of_a_file_loads_and_can_be_run(file: str) -> None:
    with converters.open_mat(REAL / file) as mat:
        names = [found.name for found in find_models(mat)]
    assert names
    for name in names:
        network = converters.load(REAL / file, name)
        assert isinstance(network, ShallowNetwork)
        assert network.problems() == []


@pytest.mark.parametrize("file", of_kind("RL agent"))
def test_an_agent_gives_each_of_its_networks(file: str) -> None:
    with converters.open_mat(REAL / file) as mat:
        names = {found.name for found in find_models(mat)}
    assert all(re.search(r"\.(Target)?(Actor|Critic)", name) for name in names)
    for name in names:
        assert isinstance(converters.load(REAL / file, name), Network)


@pytest.mark.parametrize("file", of_kind("dlarray struct"))
def test_parameters_open_with_all_their_numbers(file: str) -> None:
    parameters = converters.load_parameters(REAL / file)
    assert parameters.count == sum(array.size for array in parameters.arrays().values()) > 1000


@pytest.mark.parametrize("file", of_kind("detector (yolov2)"))
def test_a_detector_of_one_network_gives_it_with_what_its_boxes_are_made_of(file: str) -> None:
    network = converters.load(REAL / file)
    assert isinstance(network, Network)
    assert not network.unsupported
    X = own_inputs(network)[0][..., :1]
    name = next(layer.Name for layer in network.Layers if isinstance(layer, YOLOv2TransformLayer))
    before = network.activations(X, network.names[network.names.index(name) - 1])
    after = network.activations(X, name)
    (anchors,) = (n.NumAnchorBoxes for n in network.Layers if isinstance(n, YOLOv2TransformLayer))
    sizes = slice(3 * anchors, 5 * anchors)
    np.testing.assert_allclose(after[:, :, sizes], np.exp(before[:, :, sizes]), rtol=1e-5)
    classes = after[:, :, 5 * anchors :].reshape(*after.shape[:2], anchors, -1, order="F")
    np.testing.assert_allclose(classes.sum(3), 1, rtol=1e-5)


@pytest.mark.parametrize("file", of_kind("detector (yolov2)"))
def test_a_detector_finds_boxes_and_its_network_gives_the_map(file: str) -> None:
    network, detector = converters.load_network(REAL / file), converters.load_detector(REAL / file)
    X = np.random.default_rng(0).random((*detector.TrainingImageSize[0], 3)).astype(np.float32)
    assert detector.AnchorBoxes is not None
    channels = (5 + len(detector.ClassNames)) * len(detector.AnchorBoxes)
    assert network.predict(X).shape[2] == channels
    found = detector.detect(X, Threshold=0)
    assert len(found) > 0
    assert set(found.labels) <= set(detector.ClassNames)
    assert (np.diff(found.scores) <= 0).all()


@pytest.mark.parametrize("file", of_kind("detector (yolov2)"))
def test_biases_of_the_classes_of_one_anchor_box_sum_to_zero(file: str) -> None:
    """As they must under a softmax, if the channels are arranged as they are taken here."""
    detector = converters.load_detector(REAL / file)
    layers = detector.Network.Layers
    bias = next(layer.Bias.ravel() for layer in reversed(layers) if hasattr(layer, "Bias"))
    assert detector.AnchorBoxes is not None
    kinds = bias.reshape(-1, len(detector.AnchorBoxes))
    assert np.abs(kinds[5:].sum(0)).max() < 1e-6
    assert np.abs(kinds[:5]).max() > 1e-3


@pytest.mark.filterwarnings("ignore:.*only training uses it")
@pytest.mark.parametrize("file", of_kind("MatConvNet SimpleNN", "MatConvNet DagNN"))
def test_a_network_of_matconvnet_is_one(file: str) -> None:
    network = converters.load(REAL / file)
    assert isinstance(network, Network)
    assert network.kind in KINDS[file]
    assert network.unsupported == {}


def refused(file: str) -> MatlabCompatError:
    with pytest.raises(MatlabCompatError) as caught:
        converters.load(REAL / file)
    assert "There is no layer in it." not in caught.value.what
    return caught.value


@pytest.mark.parametrize(
    ("file", "name"),
    [
        *((file, "detector of two networks") for file in of_kind("detector (fasterRCNN)")),
        *((file, "as custom training loops have it") for file in of_kind("dlarray struct")),
    ],
)
def test_a_model_of_another_kind_is_called_what_it_is(file: str, name: str) -> None:
    error = refused(file)
    assert isinstance(error, UnsupportedModelError)
    assert name in error.what
    assert error.remedy


@pytest.mark.parametrize("file", of_kind(*DATA))
def test_data_is_called_by_its_variables(file: str) -> None:
    error = refused(file)
    assert isinstance(error, LayerNotFoundError)
    with converters.open_mat(REAL / file) as mat:
        assert all(info.name in error.what for info in list(mat.variables)[:2])


@pytest.mark.parametrize("file", KINDS)
def test_every_variable_can_be_read(file: str) -> None:
    with converters.open_mat(REAL / Path(file)) as mat:
        assert [info.name for info in mat.variables if mat[info.name] is None] == []
