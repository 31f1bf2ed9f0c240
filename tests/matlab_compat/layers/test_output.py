"""Output layers: identities that hold labels.

Expected values: the classes that real files hold, read with mat-io where a file has them, and rows
of layer arrays from MATLAB's documentation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matlab_compat as mc
from converters.find import find_models
from converters.matfile import open_mat
from converters.matfile.values import Categorical
from converters.saved import SavedNetwork
from matlab_compat import layer_class, registered
from matlab_compat.errors import PropertyError
from tests.real import MAT_FILES, REAL, file_id

from ..saved import network_layers

OUTPUTS = sorted(
    name for name, known in registered().items() if known.__module__.endswith(".output")
)


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_layers_pass_data_on_and_say_what_they_are(name: str) -> None:
    known = layer_class(name)
    assert known is not None
    layer: Any = known.from_fields({"Version": 1.0, "Name": "out"})
    assert layer.is_output
    assert layer.Classes is None
    x = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(layer.predict(x, "CB"), x)


def test_classes_are_the_saved_categories_in_order_of_their_codes() -> None:
    saved = Categorical(np.array([[2], [1]], np.uint8), ["cat", "dog"])
    layer = mc.ClassificationOutputLayer.from_fields({"Name": "c", "Categories": saved})
    assert layer.Classes == ["dog", "cat"]


@pytest.mark.parametrize("value", ["auto", [], None, np.zeros((0, 0))])
def test_classes_not_known_yet_are_none(value: Any) -> None:
    assert mc.classificationLayer(Classes=value).Classes is None


def test_classes_must_be_text() -> None:
    with pytest.raises(PropertyError, match="names of the classes"):
        mc.classificationLayer(Classes=[1, 2])


@pytest.mark.parametrize("weights", ["auto", [-1, 1]])
def test_class_weights_must_be_nonnegative(weights: Any) -> None:
    with pytest.raises(PropertyError, match="ClassWeights"):
        mc.classificationLayer(ClassWeights=weights)


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_real_output_layers_have_as_many_classes_as_they_say(path: Any) -> None:
    for saved in network_layers(path):
        if saved.class_name in OUTPUTS:
            layer: Any = saved.build()
            number = saved.fields.get("NumClasses", np.zeros((0, 0)))
            if np.size(number):
                assert len(layer.Classes) == int(number.item())


@pytest.mark.real
def test_real_class_names() -> None:
    path = next(
        (REAL / "matlab-deep-learning__Abnormal-EEG-Signal-Classification-Using-CNNs").glob("*.mat")
    )
    names = [
        getattr(saved.build(), "Classes", None)
        for found in find_models(open_mat(path))
        for saved in (found.model.layers if isinstance(found.model, SavedNetwork) else [])
        if saved.short_class == "ClassificationOutputLayer"
    ]
    assert ["normal", "abnormal"] in names
