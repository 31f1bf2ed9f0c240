"""A real network that ends in 1×1×2 and has layers of its author's own.

Expected values: the shapes that MATLAB's pages of ``predict`` and ``classify`` state for a
SeriesNetwork; the author's layers are called identity in their own Description.
"""

from __future__ import annotations

import numpy as np
import pytest

import matlab_compat
from converters.load import load_network
from matlab_compat.layers.structure import IdentityLayer
from matlab_compat.network import Network
from tests.real import REAL

pytestmark = pytest.mark.real

FILE = REAL / "matlab-deep-learning__Abnormal-EEG-Signal-Classification-Using-CNNs" / "eegNet.mat"


@pytest.fixture
def network(own_registry: None) -> Network:
    """With a class registered for the author's layers."""
    matlab_compat.register("identityLayer")(type("Own", (IdentityLayer,), {}))
    return load_network(FILE)


def test_scores_come_n_by_k_and_labels_as_many_as_observations(network: Network) -> None:
    size = network.Layers[0].InputSize
    X = np.random.default_rng(0).standard_normal((*size, 3)).astype(np.float32)
    assert network.predict(X).shape == (3, 2)
    np.testing.assert_allclose(network.predict(X).sum(axis=1), 1, atol=1e-6)  # a softmax
    labels = network.classify(X)
    assert labels == [network.Classes[k] for k in network.predict(X).argmax(axis=1)]
    assert network.activations(X, network.names[-1]).shape == (1, 1, 2, 3)


def test_activations_come_before_the_first_of_them_without_a_class() -> None:
    bare = load_network(FILE)
    first = next(iter(bare.unsupported))
    before = bare.names[bare.names.index(first) - 1]
    X = np.zeros((*bare.Layers[0].InputSize, 1), np.float32)
    assert bare.activations(X, before).shape[3] == 1
