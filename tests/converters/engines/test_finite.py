"""NaN that an engine would lose comes to what torch computes.

Expected values: torch's plain module, in which NaN and Inf go where the sums written out take them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as m
from converters.engines import Lost
from converters.engines.finite import with_witness
from converters.engines.loaded import Loaded, Run
from converters.engines.written import Written
from matlab_compat.network import Network

pytest.importorskip("onnxruntime")

#: Of the pixel that is not finite: each place in a window of two by two.
PLACES = [(4, 4), (4, 5), (5, 4), (5, 5)]


def pooling(size: int, stride: int = 1) -> Network:
    """A convolution of one pixel, with this stride, and max pooling."""
    layers = [
        m.imageInputLayer((size, size, 1), Normalization="none"),
        m.convolution2dLayer(1, 2, Stride=stride),
        m.reluLayer(),
        m.maxPooling2dLayer(2, Stride=2),
        m.fullyConnectedLayer(3),
    ]
    return Network(layers).initialize(seed=0)


def loaded(network: Network, x: torch.Tensor) -> Run:
    made = Loaded(network)
    return made.run("onnxruntime", made.labels, [x])


def watched(network: Network, x: torch.Tensor) -> Any:
    """What is used of ONNX Runtime, and torch's plain module."""
    plain = network.to_torch()

    @torch.no_grad()
    def otherwise(arrays: Sequence[NDArray[Any]]) -> Sequence[NDArray[Any]]:
        return [plain(*map(torch.from_numpy, arrays)).numpy()]

    return loaded(network, x).guarded(otherwise, [x]), otherwise


@pytest.mark.parametrize(("size", "stride"), [(11, 1), (512, 8)], ids=["inputs", "inside"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_finite_stays_so(
    size: int, stride: int, value: float, place: tuple[int, int]
) -> None:
    """Wherever it is in a window; ONNX Runtime does not lose that in the middle of 11 by 11."""
    network, x = pooling(size, stride), torch.rand(1, 1, size, size)
    run, otherwise = watched(network, x)
    np.testing.assert_allclose(run([x])[0], otherwise([x.numpy()])[0], atol=1e-5)
    x[0, 0, place[0] * stride, place[1] * stride] = value
    with np.errstate(all="ignore"):
        found, expected = run([x])[0], otherwise([x.numpy()])[0]
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


def features() -> Network:
    """What engines compute by vectors of 4 to 16, and the rest of 13 one by one."""
    layers = [
        m.featureInputLayer(13),
        m.fullyConnectedLayer(17),
        m.clippedReluLayer(6),
        m.fullyConnectedLayer(3),
        m.softmaxLayer(),
    ]
    return Network(layers).initialize(seed=0)


def sequences() -> Network:
    """Sigmoid and tanh, one step after the other."""
    return Network([m.sequenceInputLayer(3), m.lstmLayer(5)]).initialize(seed=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("made", "size"), [(features, (1, 13)), (sequences, (1, 3, 7))], ids=["features", "sequences"]
)
def test_the_place_of_what_is_not_finite_does_not_matter(
    made: Callable[[], Network], size: tuple[int, ...], value: float
) -> None:
    """As ONNX Runtime says of itself."""
    network, x = made(), torch.randn(size, generator=torch.Generator().manual_seed(0))
    run, otherwise = watched(network, x)
    for place in range(x.numel()):
        y = x.clone()
        y.view(-1)[place] = value
        with np.errstate(all="ignore"):
            found, expected = run([y])[0], otherwise([y.numpy()])[0]
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


def test_what_is_pooled_tells_for_large_inputs() -> None:
    network, x = pooling(512, 8), torch.rand(2, 1, 512, 512)
    run = loaded(network, x)
    assert run.watched is not None
    assert len(run.watched([x.numpy()])) == 1
    x[1, 0, 32, 32] = torch.nan
    with pytest.raises(Lost):
        run.watched([x.numpy()])
    assert np.isfinite(run.compute([x.numpy()])[0]).all()  # what was asked for by name


def branching(*, other: bool) -> Network:
    """Max pooling of a large input, and of the same or another the largest element of all."""
    images = {"in": 512, "second": 9}
    layers: list[m.Layer] = [
        m.imageInputLayer((size, size, 1), Normalization="none", Name=name)
        for name, size in [*images.items()][: 1 + other]
    ]
    layers += [
        m.convolution2dLayer(1, 2, Stride=8, Name="conv"),
        m.maxPooling2dLayer(2, Stride=2, Name="pool"),
        m.globalMaxPooling2dLayer(Name="most"),
    ]
    ways = [("in", "conv"), ("conv", "pool"), ("second" if other else "in", "most")]
    return Network(layers, ways).initialize(seed=0)


@pytest.mark.parametrize("other", [False, True], ids=["the same input", "another"])
def test_a_way_around_what_is_pooled_is_looked_at(other: bool) -> None:
    network = branching(other=other)
    sizes = [(1, 1, 512, 512), (1, 1, 9, 9)][: 1 + other]
    model = Written(network, 1, sizes).onnx
    assert with_witness(model) == (model, None)


def test_padding_of_what_is_pooled_is_finite() -> None:
    """Less than any number is put around it, which is not averaged."""
    layers = pooling(512, 8).Layers[:3]
    layers.append(m.maxPooling2dLayer(4, Stride=3, Padding=(1, 2, 1, 2)))
    network = Network(layers).initialize(seed=0)
    x = torch.rand(1, 1, 512, 512)
    run = loaded(network, x)
    assert run.watched is not None
    np.testing.assert_array_equal(run.watched([x.numpy()])[0], run.compute([x.numpy()])[0])


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (pooling(12, 4), "small inputs are looked at sooner"),
        (pooling(512, 1), "as much is pooled as goes in"),
        (m.dlnetwork(pooling(512, 8).Layers[:3]), "nothing is pooled"),
    ],
)
def test_inputs_are_looked_at_where_that_is_less(network: Network, why: str) -> None:
    (size,) = ((1, *reversed(layer.InputSize)) for layer in network.Layers[:1])  # type: ignore[attr-defined]
    model = Written(network, 1, [size]).onnx
    assert with_witness(model) == (model, None), why
