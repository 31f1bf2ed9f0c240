"""Flatten, addition, multiplication, concatenation, folding.

Expected values: numpy in MATLAB's own order: ``reshape(..., order="F")`` is MATLAB's, and
``np.concatenate(axis=d-1)`` is MATLAB's ``cat(d, ...)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import matlab_compat as mc
from matlab_compat import Layer, layer_class
from matlab_compat.errors import DataFormatError, PropertyError
from tests.real import MAT_FILES, file_id

from ..saved import family_layers

RNG = np.random.default_rng(11)


def data(*size: int) -> np.ndarray[Any, Any]:
    return RNG.standard_normal(size).astype(np.float32)


@pytest.mark.parametrize("labels", ["CB", "SCB", "SSCB", "SSSCB"])
def test_flatten_is_column_major(labels: str) -> None:
    x = data(*(3, 4, 2, 5)[: len(labels) - 1], 6)
    y = mc.flattenLayer().predict(x, labels)
    np.testing.assert_array_equal(y, x.reshape(-1, 6, order="F"))


@pytest.mark.parametrize("labels", ["CBT", "SCBT", "SSCBT"])
def test_flatten_keeps_time_steps_apart(labels: str) -> None:
    x = data(*(3, 4, 2)[: len(labels) - 2], 6, 5)
    layer = mc.flattenLayer()
    assert layer.output_formats([labels]) == ("CBT",)
    np.testing.assert_array_equal(layer.predict(x, labels), x.reshape(-1, 6, 5, order="F"))


def test_addition_adds_all_inputs() -> None:
    x = tuple(data(3, 4, 2, 5) for _ in range(3))
    np.testing.assert_allclose(mc.additionLayer(3).predict(x), x[0] + x[1] + x[2], atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1, 2, 5), (3, 4, 1, 5), (1, 1, 1, 1)])
def test_sizes_of_one_expand(size: tuple[int, ...]) -> None:
    x, y = data(3, 4, 2, 5), data(*size)
    np.testing.assert_array_equal(mc.multiplicationLayer(2).predict((x, y)), x * y)
    np.testing.assert_array_equal(mc.additionLayer(2).predict((x, y)), x + y)


def test_features_scale_the_channels_of_images() -> None:
    """The squeeze-and-excitation block: 1×1×C×N in a DAGNetwork, "CB" in a dlnetwork."""
    x, scale = data(3, 4, 2, 5), data(2, 5)
    layer = mc.multiplicationLayer(2)
    assert layer.output_formats(["CB", "SSCB"]) == ("SSCB",)
    module = layer.to_torch(formats=["SSCB", "CB"])
    y = module(torch.from_numpy(x.transpose(3, 2, 0, 1).copy()), torch.from_numpy(scale.T.copy()))
    np.testing.assert_allclose(y.numpy().transpose(2, 3, 1, 0), x * scale, atol=1e-6)


def test_features_meet_every_time_step_of_sequences() -> None:
    x, y = data(2, 5, 7), data(2, 5)
    module = mc.additionLayer(2).to_torch(formats=["CBT", "CB"])
    given = torch.from_numpy(x.transpose(1, 0, 2).copy()), torch.from_numpy(y.T.copy())
    expected = (x + y[..., None]).transpose(1, 0, 2)
    np.testing.assert_allclose(module(*given).numpy(), expected, atol=1e-6)


def test_images_and_volumes_do_not_go_together() -> None:
    with pytest.raises(DataFormatError, match="SSCB and SSSCB"):
        mc.additionLayer(2).output_formats(["SSCB", "SSSCB"])


@given(st.sampled_from([1, 2, 3]), st.integers(1, 3), st.integers(1, 3))
def test_concatenation_counts_height_width_channels(dim: int, a: int, b: int) -> None:
    size = [3, 4, 2, 5]
    x, y = (data(*size[: dim - 1], n, *size[dim:]) for n in (a, b))
    layer = mc.concatenationLayer(dim, 2)
    np.testing.assert_array_equal(layer.predict((x, y)), np.concatenate([x, y], dim - 1))


@pytest.mark.parametrize(("labels", "dim", "axis"), [("CB", 1, 0), ("CBT", 1, 0), ("CBT", 3, 2)])
def test_concatenation_of_vectors(labels: str, dim: int, axis: int) -> None:
    x = data(*(2, 5, 7)[: len(labels)])
    y = mc.concatenationLayer(dim, 2).predict((x, x), labels)
    np.testing.assert_array_equal(y, np.concatenate([x, x], axis))


def test_dimension_3_of_features_is_channels_as_in_a_dagnetwork() -> None:
    x = data(2, 5)
    y = mc.concatenationLayer(3, 2).predict((x, x), "CB")
    np.testing.assert_array_equal(y, np.concatenate([x, x]))


@pytest.mark.parametrize(("labels", "dim"), [("SSCB", 4), ("CB", 2), ("CB", 4), ("SSCB", 5)])
def test_concatenation_along_the_batch_or_nothing_is_refused(labels: str, dim: int) -> None:
    with pytest.raises(DataFormatError, match=f"Dim {dim}"):
        mc.concatenationLayer(dim, 2).output_formats([labels, labels])


def test_depth_concatenation_takes_the_inputs_in_order() -> None:
    x, y = data(3, 4, 2, 5), data(3, 4, 1, 5)
    result = mc.depthConcatenationLayer(2).predict((x, y))
    np.testing.assert_array_equal(result, np.concatenate([x, y], 2))


def test_concatenation_of_other_sizes_is_refused() -> None:
    with pytest.raises(DataFormatError, match="cannot be concatenated"):
        mc.depthConcatenationLayer(2).predict((data(3, 4, 2, 5), data(1, 1, 2, 5)))


def test_inputs_are_named_in1_to_inn() -> None:
    assert mc.additionLayer(3).InputNames == ["in1", "in2", "in3"]
    assert mc.concatenationLayer(3, 2).NumInputs == 2


@pytest.mark.parametrize("number", [0, 1, 1.5])
def test_a_joining_layer_has_at_least_two_inputs(number: Any) -> None:
    with pytest.raises(PropertyError, match="NumInputs"):
        mc.additionLayer(number)


# --- folding ----------------------------------------------------------------------------


class _FoldAndBack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fold = mc.sequenceFoldingLayer().to_torch()
        self.back = mc.sequenceUnfoldingLayer().to_torch(formats=["SSCB", "B"])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        folded, batch = self.fold(x)
        return folded, self.back(folded, batch)


def test_unfolding_undoes_folding() -> None:
    x = torch.randn(2, 3, 4, 5, 6)  # N,C,H,W,T
    folded, back = _FoldAndBack()(x)
    assert folded.shape == (12, 3, 4, 5)
    torch.testing.assert_close(folded[7], x[1, ..., 1])
    torch.testing.assert_close(back, x)


def test_folding_exports_with_a_dynamic_batch() -> None:
    module = _FoldAndBack().eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    example = (torch.randn(2, 3, 4, 4, 5),)
    exported = torch.export.export(module, example, dynamic_shapes={"x": {0: batch}})
    x = torch.randn(3, 3, 4, 4, 5)
    torch.testing.assert_close(exported.module()(x)[1], x)


def test_folding_takes_the_label_t_away_and_unfolding_gives_it_back() -> None:
    fold, back = mc.sequenceFoldingLayer(), mc.sequenceUnfoldingLayer()
    assert fold.OutputNames == ["out", "miniBatchSize"]
    assert back.InputNames == ["in", "miniBatchSize"]
    assert fold.output_formats(["SSCBT"]) == ("SSCB", "B")
    assert back.output_formats(["SSCB", "B"]) == ("SSCBT",)
    with pytest.raises(DataFormatError, match="SSCB"):
        fold.output_formats(["SSCB"])
    with pytest.raises(DataFormatError, match="CBT"):
        back.output_formats(["CBT", "B"])


# --- files ------------------------------------------------------------------------------


def test_a_users_own_identity_layer_stays_unsupported() -> None:
    assert layer_class("identityLayer") is None
    assert layer_class("nnet.cnn.layer.IdentityLayer") is mc.IdentityLayer


@pytest.mark.parametrize(
    "layer", [mc.additionLayer(3), mc.concatenationLayer(3, 2, Name="c"), mc.flattenLayer()]
)
def test_repr_gives_the_layer_back(layer: Layer) -> None:
    assert eval(repr(layer), vars(mc)) == layer


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_real_layers_build(path: Any) -> None:
    for saved in family_layers(path, "structure"):
        assert isinstance(saved.build().to_torch(), nn.Module)
