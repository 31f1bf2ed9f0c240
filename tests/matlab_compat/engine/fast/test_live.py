"""Weights that change between calls. Expected values: sums of ones, counted."""

from __future__ import annotations

import copy
import pickle
import weakref
from collections.abc import Callable
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

import matlab_compat as m
from matlab_compat.engine.fast import live
from matlab_compat.engine.fast.choice import VARIABLE
from matlab_compat.engine.transposed_convolution import CroppedConvTranspose


def _changing() -> tuple[CroppedConvTranspose, torch.Tensor]:
    layer = CroppedConvTranspose(3, 4, (2, 2), (2, 2), ((0, 0), (0, 0)))
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.zero_()
    return layer, torch.ones(1, 3, 5, 5)


@pytest.mark.parametrize("way", [live.PLAIN, "direct", "packed", "windows"])
def test_a_weight_changed_behind_the_back_of_torch_is_seen(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One element, which ``Tensor._version`` does not count."""
    monkeypatch.setenv(VARIABLE, way)
    layer, x = _changing()
    with torch.inference_mode():
        assert (layer(x) == 3).all()
    layer.weight.data[1, 2, 0, 1] = 5
    layer.bias.data[3] = 1
    with torch.inference_mode():
        found = layer(x)
    assert (found[:, 2, ::2, 1::2] == 7).all()
    assert (found[:, 3] == 4).all()
    assert (found[:, 2, 1::2] == 3).all()


def test_what_is_prepared_is_used_again_for_the_same_weights() -> None:
    layer, x = _changing()
    with torch.inference_mode():
        layer(x)
        before = layer._arranged.last
        layer(x)
        assert layer._arranged.last is before
        layer(torch.ones(1, 3, 6, 5))
        assert layer._arranged.last is not before


def test_weights_are_not_compared_for_torchs_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of them was prepared."""
    monkeypatch.setenv(VARIABLE, live.PLAIN)
    layer, x = _changing()
    with torch.inference_mode():
        layer(x)
        monkeypatch.setattr(live, "_same_bits", lambda *_: pytest.fail("it compared"))
        assert (layer(x) == 3).all()
        monkeypatch.setenv(VARIABLE, "direct")
        with pytest.raises(pytest.fail.Exception, match="it compared"):
            layer(x)


def test_what_a_comparison_takes_is_measured_with_the_way_that_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, int] = {}

    def choose(_: object, __: object, ways: dict[str, Callable[[], Tensor]], ___: object) -> str:
        for way, call in ways.items():
            with monkeypatch.context() as patch:
                count = mock.Mock(return_value=True)
                patch.setattr(live, "_same_bits", count)
                assert (call() == 3).all()
            asked[way] = count.call_count
        return live.PLAIN

    monkeypatch.setattr(live, "choose", choose)
    layer, x = _changing()
    with torch.inference_mode():
        layer(x)
    assert asked.pop(live.PLAIN) == 0
    assert set(asked.values()) == {2}, "weights and bias"


def test_weights_may_lie_anywhere_in_memory() -> None:
    """As those that a flat vector of all parameters is cut into."""
    layer, x = _changing()
    flat = torch.ones(1 + 48)
    layer.weight.data = flat[1:].view(3, 4, 2, 2)
    with torch.inference_mode():
        for times in (1, 2, 3):
            flat[1:] = times
            assert (layer(x) == 3 * times).all()
            assert (layer(x) == 3 * times).all()


def test_weights_of_another_size_are_others() -> None:
    """Whose strides are the same."""
    layer = CroppedConvTranspose(2, 1, (3, 3), (1, 1), ((1, 1), (1, 1)))
    with torch.inference_mode():
        for channels in (2, 3):
            layer.weight.data = torch.ones(channels, 1, 3, 3)
            layer.bias.data.zero_()
            assert layer(torch.ones(1, channels, 3, 3))[0, 0, 1, 1] == 9 * channels


def test_what_is_prepared_is_neither_copied_nor_pickled() -> None:
    layer, x = _changing()
    with torch.inference_mode():
        layer(x)
    assert copy.deepcopy(layer)._arranged.last is None
    assert pickle.loads(pickle.dumps(layer))._arranged.last is None
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_weights_of_a_layer_that_are_changed_in_place_are_seen_by_predict() -> None:
    layer = m.transposedConv2dLayer(2, 4, Stride=2, NumChannels=3)
    layer.Weights, layer.Bias = np.ones((2, 2, 4, 3), np.float32), np.zeros((1, 1, 4), np.float32)
    X = np.ones((5, 5, 3, 1), np.float32)
    assert (layer.predict(X) == 3).all()
    layer.Weights[0, 1, 2, 0] = 5
    assert (layer.predict(X)[::2, 1::2, 2] == 7).all()
    assert (copy.deepcopy(layer).predict(X)[::2, 1::2, 2] == 7).all()


def test_what_is_not_finite_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "choose", lambda *_: pytest.fail("it chose"))
    layer, x = _changing()
    x[0, 1, 2, 3] = torch.nan
    with torch.inference_mode():
        y = layer(x)
    assert y[0, :, 4:6, 6:8].isnan().all()
    assert int(y.isnan().sum()) == 4 * 4


def test_old_weights_are_freed_at_once() -> None:
    layer, x = _changing()
    with torch.inference_mode():
        layer(x)
        old = weakref.ref(layer._arranged.last)
        layer.weight.data += 1
        layer(x)
    assert old() is None
