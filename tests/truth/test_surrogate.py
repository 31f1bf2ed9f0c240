"""A network of one output after a 1x1 map, on the data set that it was trained with.

Expected values: the targets stored beside the inputs. A trained network only comes near them, so
what is tested is the correlation and the error that any correct reading of it has (0.99998 and
0.0073); a wrong order of weights or channels falls far below.
"""

from __future__ import annotations

import numpy as np
import pytest

import converters
from tests.real import REAL

FOLDER = REAL / "YusufB-8__cnn-pso-global-optimization"


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.exists(), reason="the real file is not here")
def test_a_network_of_one_output_comes_near_its_targets() -> None:
    net = converters.load(FOLDER / "trainedNetwork_1.mat")
    data = converters.open_mat(FOLDER / "CSOE_Final_Dataset.mat")
    predicted = np.asarray(net.predict(data["inputs"])).ravel()
    targets = np.asarray(data["labels"]).ravel()
    assert np.corrcoef(predicted, targets)[0, 1] > 0.99997
    assert np.sqrt(np.mean((predicted - targets) ** 2)) < 0.0075
