"""Networks verified. Their rule has tests of its own (``test_sensitivity``).

Expected values: tiny arrays worked out by hand, and the float64 scatter sum of ``reference``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from matlab_compat import convolution2dLayer, imageInputLayer, reluLayer, transposedConv2dLayer
from matlab_compat.errors import NothingToCompareError, UsageError
from matlab_compat.execution import network as predict
from matlab_compat.execution.described import RunOptions
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network
from tests.matlab_compat.reference import scatter_sum

Array = NDArray[Any]


@pytest.fixture
def network() -> Network:
    first = transposedConv2dLayer(3, 4, Stride=2, Cropping="same", NumChannels=2, Name="a")
    second = transposedConv2dLayer(2, 3, Stride=2, NumChannels=4, Name="b")
    layers = [first.initialize(seed=1), reluLayer(Name="r"), second.initialize(seed=2)]
    return Network(layers)


X = np.random.default_rng(3).normal(size=(5, 4, 2, 2)).astype(np.float32)


def truth(network: Network) -> dict[str, np.ndarray]:
    """The activations of the three layers, by the definition."""
    a, b = network.layer("a"), network.layer("b")
    first = scatter_sum(X, a.Weights, a.Bias, (2, 2), (0, 1, 0, 1))  # type: ignore[attr-defined]
    rectified = np.maximum(first, 0)
    second = scatter_sum(rectified, b.Weights, b.Bias, (2, 2), (0, 0, 0, 0))  # type: ignore[attr-defined]
    return {"a": first, "r": rectified, "b": second}


def test_a_network_and_its_activations_against_the_definition(network: Network) -> None:
    right = truth(network)
    report = verify_network(network, [X], {"Y": right["b"]}, activations=right)
    assert (report.verdict, report.first_difference) == ("equal", None)
    assert [c.name for c in report.activations] == ["a", "r", "b"]


def test_the_first_layer_that_differs_is_named(network: Network) -> None:
    wrong = truth(network)
    wrong["r"] = np.maximum(wrong["a"] - 0.01, 0)
    wrong["b"] = wrong["b"] + 1
    report = verify_network(network, [X], {"Y": truth(network)["b"]}, activations=wrong)
    assert (report.verdict, report.exit_code, report.first_difference) == ("different", 1, "r")
    assert report.to_json()["first_difference"] == "r"


def test_a_layer_alone(network: Network) -> None:
    layer = network.layer("r")
    assert verify_network(layer, [X], {"Y": np.maximum(X, 0)}).verdict == "equal"
    assert verify_network(layer, [X], {"Y": X}).verdict == "different"


def test_vacuous_comparisons_and_missing_outputs(network: Network) -> None:
    with pytest.raises(NothingToCompareError):
        verify_network(network, [X], {"Y": np.full((20, 16, 3, 2), np.nan)})
    with pytest.raises(UsageError, match="1 outputs, but 2"):
        verify_network(network, [X], {"Y": X, "Z": X})


def test_what_it_costs(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs and activations come from the same runs: one in each precision, and few more.

    Those that show what rounding can do are one without errors, and pairs with them: one pair for
    most of the elements, another for those that the first left near zero by chance.
    """
    runs = []

    def counted(network: Network, X: Any, how: RunOptions) -> predict.Computed:
        runs.append(how.dtype)
        return computed(network, X, how)

    computed = predict.computed
    monkeypatch.setattr(predict, "computed", counted)
    right = truth(network)
    assert verify_network(network, [X], {"Y": right["b"]}, activations=right).verdict == "equal"
    assert runs[:2] == ["single", "double"]
    assert runs[2:] in ([], ["single"] * 3, ["single"] * 5)


# --- what is small has a bound of its own ---------------------------------------------------

SMALL = np.float32(1e-6)


def convolved(x: Array, weights: Array, bias: Array) -> Array:
    """The definition of a convolution without padding, H×W×C×N, in the precision of ``x``."""
    h, w = weights.shape[:2]
    rows, columns = x.shape[0] - h + 1, x.shape[1] - w + 1
    y = np.zeros((rows, columns, weights.shape[3], x.shape[3]), x.dtype)
    for i in range(h):
        for j in range(w):
            part = x[i : i + rows, j : j + columns]
            y += np.einsum("hwcn,cf->hwfn", part, weights[i, j].astype(x.dtype))
    return y + bias.astype(x.dtype).reshape(1, 1, -1, 1)


def small_network() -> tuple[Network, Array, Array]:
    """A network with X and Y of which a channel, an observation and a row are small."""
    random = np.random.default_rng(5)
    x = random.normal(size=(8, 9, 3, 4)).astype(np.float32)
    weights = random.normal(size=(1, 1, 3, 5)).astype(np.float32)
    weights[..., 3] *= SMALL
    x[..., 2] *= SMALL
    x[4] *= SMALL
    layer = convolution2dLayer(1, 5, Weights=weights, Bias=np.zeros((1, 1, 5)), Name="c")
    truth = np.maximum(convolved(x.astype(np.float64), weights, np.zeros(5)), 0)
    network = Network([imageInputLayer([8, 9, 3], Normalization="none"), layer, reluLayer()])
    return network, x, truth.astype(np.float32)


PARTS = {"channel": np.s_[:, :, 3], "observation": np.s_[..., 2], "row": np.s_[4]}


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_a_part_that_is_a_million_times_smaller_hides_nothing(part: Any) -> None:
    network, x, right = small_network()
    assert 0 < np.abs(right[part]).max() < 1e-5 * np.abs(right).max()
    assert verify_network(network, [x], {"Y": right}).verdict == "equal"
    wrong = right.copy()
    wrong[part] *= np.float32(1.01)
    found = verify_network(network, [x], {"Y": wrong})
    assert found.verdict == "different"
    assert found.outputs[0].outside > 0.9 * np.count_nonzero(right[part])


def test_a_small_part_of_a_layer_and_of_an_activation_hides_nothing() -> None:
    network, x, right = small_network()
    layer = network.layer("c")
    y = convolved(x.astype(np.float64), layer.Weights, np.zeros(5))  # type: ignore[attr-defined]
    wrong = y.copy()
    wrong[..., 2] *= 1.01
    assert verify_network(layer, [x], {"Y": y}).verdict == "equal"
    assert verify_network(layer, [x], {"Y": wrong}).verdict == "different"
    report = verify_network(network, [x], {"Y": right}, activations={"c": wrong})
    assert report.first_difference == "c"


def test_the_report_says_the_rule() -> None:
    network, x, right = small_network()
    found = verify_network(network, [x], {"Y": right}).outputs[0]
    assert found.rule.startswith("difference / ")
    found = verify_network(network, [x], {"Y": right + 1}).outputs[0]
    assert found.rule == "difference / how far one rounding in each operation moves it, in 6 runs"
