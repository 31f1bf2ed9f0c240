"""``crossentropy``, ``mse``, ``huber``, ``l1loss``, ``l2loss``.

Expected values: the formulas of the documentation pages in float64 numpy; torch's cross entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat.errors import DataFormatError, PropertyError

from ..filter_reference import normal

Array = NDArray[Any]
Y3, T3 = normal(3, 4, 5, dtype=np.float64), normal(3, 4, 5, seed=1, dtype=np.float64)
D = Y3 - T3
ELEMENTS: dict[str, tuple[Callable[..., Any], Array]] = {
    "l1loss": (mc.l1loss, np.abs(D)),
    "l2loss": (mc.l2loss, D**2),
    "huber": (mc.huber, np.where(np.abs(D) <= 1, D**2 / 2, np.abs(D) - 0.5)),
}
EACH = pytest.mark.parametrize("name", ELEMENTS)


def probabilities() -> tuple[Array, Array]:
    Y = np.exp(Y3) / np.exp(Y3).sum(0)
    return Y, np.eye(3)[:, np.random.default_rng(2).integers(0, 3, (4, 5))]


@EACH
def test_a_loss_is_the_sum_over_observations(name: str) -> None:
    function, elements = ELEMENTS[name]
    loss = function(Y3, T3, DataFormat="CBT")
    assert loss.shape == ()
    np.testing.assert_allclose(loss, elements.sum() / 4, rtol=1e-13)


@EACH
@pytest.mark.parametrize(("factor", "divisor"), [("all-elements", 60), ("none", 1)])
def test_what_a_sum_is_divided_by(name: str, factor: str, divisor: int) -> None:
    function, elements = ELEMENTS[name]
    loss = function(Y3, T3, DataFormat="CBT", NormalizationFactor=factor)
    np.testing.assert_allclose(loss, elements.sum() / divisor, rtol=1e-13)


@EACH
def test_every_element_by_itself(name: str) -> None:
    function, elements = ELEMENTS[name]
    loss = function(mc.dlarray(Y3, "CBT"), T3, Reduction="none")
    assert loss.dims() == "CBT"
    np.testing.assert_allclose(loss.extractdata(), elements, rtol=1e-13)


def test_mse_is_half_the_mean_squared_error() -> None:
    np.testing.assert_allclose(mc.mse(Y3, T3, DataFormat="CBT"), (D**2).sum() / 8, rtol=1e-13)


def test_huber_with_a_transition_point() -> None:
    expected = np.where(np.abs(D) <= 0.3, D**2 / 2, 0.3 * np.abs(D) - 0.045).sum() / 4
    loss = mc.huber(Y3, T3, DataFormat="CBT", TransitionPoint=0.3)
    np.testing.assert_allclose(loss, expected, rtol=1e-13)


def test_crossentropy_of_one_label() -> None:
    Y, T = probabilities()
    loss = mc.crossentropy(mc.dlarray(Y, "CBT"), T)
    assert isinstance(loss, np.ndarray)  # a number has no labels
    np.testing.assert_allclose(loss, -(T * np.log(Y)).sum() / 4, rtol=1e-13)
    by_torch = torch.nn.functional.cross_entropy(
        torch.tensor(Y3[..., 0].T), torch.tensor(T[..., 0].argmax(0))
    )
    alone = mc.crossentropy(Y[..., 0], T[..., 0], DataFormat="CB")
    np.testing.assert_allclose(alone, by_torch.item(), rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{"ClassificationMode": "multilabel"}, {"TargetCategories": "independent"}]
)
def test_crossentropy_of_several_labels(options: dict[str, str]) -> None:
    Y, T = probabilities()
    expected = -(T * np.log(Y) + (1 - T) * np.log(1 - Y)).sum() / 4
    loss = mc.crossentropy(Y, T, DataFormat="CBT", **options)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_probabilities_of_0() -> None:
    assert mc.crossentropy([[0.0], [1.0]], [[0], [1]], DataFormat="CB") == 0
    assert mc.crossentropy([[0.0], [1.0]], [[1], [0]], DataFormat="CB") == np.inf


def test_targets_are_brought_into_the_order_of_Y() -> None:
    Y, T = probabilities()
    loss = mc.crossentropy(Y, mc.dlarray(T.transpose(2, 0, 1), "TCB"), DataFormat="CBT")
    np.testing.assert_allclose(loss, -(T * np.log(Y)).sum() / 4, rtol=1e-13)


# --- weights and masks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "size", "shape"),
    [
        ("UC", (1, 3), (3, 1, 1)),
        ("C", (3,), (3, 1, 1)),
        ("BU", (4, 1), (1, 4, 1)),
        ("TC", (5, 3), None),
    ],
)
def test_weights_by_label(labels: str, size: tuple[int, ...], shape: Any) -> None:
    w = normal(*size, seed=5, dtype=np.float64)
    expanded = w.T[:, None, :] if shape is None else w.reshape(shape)
    Y, T = probabilities()
    expected = -(expanded * T * np.log(Y)).sum() / 4
    loss = mc.crossentropy(Y, T, w, DataFormat="CBT", WeightsFormat=labels)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    loss = mc.crossentropy(mc.dlarray(Y, "CBT"), T, mc.dlarray(w, labels))
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize("weights", [2.5, normal(3, 4, 5, seed=6, dtype=np.float64)])
def test_weights_without_labels(weights: Any) -> None:
    loss = mc.l2loss(Y3, T3, weights, DataFormat="CBT")
    np.testing.assert_allclose(loss, (weights * D**2).sum() / 4, rtol=1e-12)


def test_a_vector_of_weights_without_a_label_is_refused() -> None:
    with pytest.raises(DataFormatError, match="for which dimension is it") as caught:
        mc.l2loss(Y3, T3, np.ones(3), DataFormat="CBT")
    assert "WeightsFormat" in caught.value.remedy


def test_a_mask_leaves_elements_out_even_where_they_are_not_finite() -> None:
    mask = normal(3, 4, 5, seed=7) > 0
    Y = np.where(mask, Y3, np.nan)
    loss = mc.l2loss(Y, T3, DataFormat="CBT", Mask=mask)
    np.testing.assert_allclose(loss, (D**2)[mask].sum() / 4, rtol=1e-12)


def test_a_mask_expands() -> None:
    mask = np.arange(5) < 3
    loss = mc.l1loss(Y3, T3, DataFormat="CBT", Mask=mask.reshape(1, 1, 5))
    np.testing.assert_allclose(loss, np.abs(D)[..., :3].sum() / 4, rtol=1e-12)


def test_mask_included_divides_by_observations_times_elements() -> None:
    mask = np.tile(np.arange(5) < 3, (3, 4, 1))
    options = {"DataFormat": "CBT", "NormalizationFactor": "mask-included"}
    loss = mc.l1loss(Y3, T3, Mask=mask, **options)
    np.testing.assert_allclose(loss, np.abs(D)[mask].sum() / (4 * 9), rtol=1e-12)


@pytest.mark.parametrize("factor", ["mask-included", "target-included"])
def test_divisors_that_are_not_certain_are_refused(factor: str) -> None:
    mask = np.ones((3, 4, 5))
    mask[0, 0, 0] = 0
    with pytest.raises(PropertyError, match=f"'{factor}' is not certain"):
        mc.l1loss(Y3, T3, DataFormat="CBT", Mask=mask, NormalizationFactor=factor)


def test_mask_included_needs_a_mask() -> None:
    with pytest.raises(PropertyError, match="needs a Mask"):
        mc.l1loss(Y3, T3, DataFormat="CBT", NormalizationFactor="mask-included")


def test_sizes_and_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataFormatError, match="targets, 3×4×4"):
        mc.mse(Y3, T3[..., :4], DataFormat="CBT")
    with pytest.raises(DataFormatError, match="labelled 'SCB', but Y 'CBT'"):
        mc.mse(mc.dlarray(Y3, "CBT"), mc.dlarray(T3, "SCB"))
