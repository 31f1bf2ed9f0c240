"""Mistakes of a class from outside. Expected values: the layer's definition, with the mistake."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from matlab_compat import reluLayer
from matlab_compat.layers.activations import LeakyReLULayer
from matlab_compat.parity.diagnose import mistakes
from matlab_compat.parity.diagnose.mistakes import Size, Variation, mistakes_of, variation
from matlab_compat.parity.network import verify_network


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of leaky ReLUs, for one test."""
    monkeypatch.setattr(mistakes, "_REGISTERED", mistakes._REGISTERED.copy())

    @mistakes_of(LeakyReLULayer)
    def scales(layer: LeakyReLULayer, _: Size) -> Iterator[Variation]:
        yield from variation(
            layer, "scale of 1", "with a Scale of 1", "pass negative_slope.", Scale=1.0
        )


@pytest.mark.usefixtures("registered")
def test_a_class_brings_its_own_mistakes() -> None:
    X = np.random.default_rng(0).normal(size=(6, 5, 3, 2)).astype(np.float32)
    report = verify_network(LeakyReLULayer(Scale=0.1), [X], {"Y": X})
    assert report.diagnoses[0].name == "scale of 1"
    assert report.diagnoses[0].text == (
        "the expected output is what the layer gives with a Scale of 1"
    )


@pytest.mark.usefixtures("registered")
def test_other_classes_do_not_have_them() -> None:
    names = [one.name for one in mistakes.every_mistake(reluLayer(), Size())]
    assert "scale of 1" not in names
