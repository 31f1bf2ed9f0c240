"""Autoencoder objects: encode, decode, predict.

Expected values: the two layers, satlin and purelin, written out in numpy; images column by column,
as the documentation of trainAutoencoder has them.
"""

from __future__ import annotations

import numpy as np
import pytest

from matlab_compat.errors import DataFormatError, PropertyError
from matlab_compat.shallow import Autoencoder, ShallowNetwork

from .made import network

SOURCE = np.random.default_rng(0)
W, V = SOURCE.normal(size=(3, 6)), SOURCE.normal(size=(6, 3))
B, C = SOURCE.normal(size=3), SOURCE.normal(size=6)
X = SOURCE.random((6, 4))
NET = ShallowNetwork.feedforward([W, V], [B, C], ["satlin", "purelin"])
HIDDEN = np.clip(W @ X + B[:, None], 0, 1)
OUTPUT = V @ HIDDEN + C[:, None]


def test_its_halves_follow_each_other() -> None:
    autoenc = Autoencoder.of(NET)
    assert autoenc.HiddenSize == 3
    assert np.allclose(autoenc.encode(X), HIDDEN, rtol=1e-14, atol=1e-15)
    assert np.allclose(autoenc.decode(HIDDEN), OUTPUT, rtol=1e-14, atol=1e-15)
    assert np.allclose(autoenc.predict(X), OUTPUT, rtol=1e-14, atol=1e-15)


def test_images_are_taken_column_by_column_and_come_back_as_images() -> None:
    autoenc = Autoencoder.of(NET, TrainedOnImages=True)
    images = [x.reshape(2, 3, order="F") for x in X.T]
    assert np.allclose(autoenc.encode(images), HIDDEN)
    found = autoenc.predict(images)
    assert [one.shape for one in found] == [(2, 3)] * 4
    assert np.allclose(found[1].ravel(order="F"), OUTPUT[:, 1])


def test_images_of_different_sizes_are_refused() -> None:
    with pytest.raises(DataFormatError, match="different sizes"):
        Autoencoder.of(NET).encode([np.zeros((2, 3)), np.zeros((3, 2))])


def test_a_network_of_other_layers_is_no_autoencoder() -> None:
    with pytest.raises(PropertyError, match="one input and two layers"):
        Autoencoder.of(network("cascade"))
