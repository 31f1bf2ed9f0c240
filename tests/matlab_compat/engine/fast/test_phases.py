"""The fast algorithms of the transposed convolution, each made to compute every shape.

Expected values: the sum over pixels of ``tests/matlab_compat/reference.py``, in float64, within
8 roundings of ``|W| * |x| + |b|``; none is chosen here but by name (:mod:`test_choice` measures).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.autograd import forward_ad

from matlab_compat.engine.fast import live, phases
from matlab_compat.engine.fast.choice import VARIABLE
from matlab_compat.engine.transposed_convolution import CroppedConvTranspose, transposed_convolution
from matlab_compat.execution.rounding import RoundingErrors

from ...reference import EPS, Array, assert_within_rounding, from_nchw, magnitude, scatter_sum

Pair = tuple[int, int]
GENERAL = [a for a in phases.ALGORITHMS if a is not phases.Single]


def random_arrays(
    size: Pair, filter_size: Pair, channels: int = 3, filters: int = 2, batch: int = 2
) -> tuple[Array, Array, Array]:
    """X, W, b in MATLAB order."""
    random = np.random.default_rng(0)
    shapes = [(*size, channels, batch), (*filter_size, filters, channels), (filters,)]
    X, W, b = (random.standard_normal(shape).astype(np.float32) for shape in shapes)
    return X, W, b


def assert_right(
    algorithm: type[phases.Algorithm] | str,
    arrays: tuple[Array, Array, Array],
    stride: Pair,
    crop: tuple[int, int, int, int],
    memory_format: torch.memory_format = torch.contiguous_format,
) -> None:
    """Compare ``algorithm`` (a name: the way of weights that may change) with the definition."""
    X, W, b = arrays
    x = torch.from_numpy(X.transpose(3, 2, 0, 1).copy()).contiguous(memory_format=memory_format)
    weight = torch.from_numpy(W.transpose(3, 2, 0, 1).copy())
    pairs = ((crop[0], crop[1]), (crop[2], crop[3]))
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        if isinstance(algorithm, str):
            patch.setenv(VARIABLE, algorithm)
            y = live.transposed(x, weight, torch.from_numpy(b), stride, pairs)
        else:
            shape = phases.Shape.of(x.shape[2:], weight, stride, pairs)
            y = algorithm(weight, torch.from_numpy(b), shape)(x, shape)
    expected = scatter_sum(X, W, b, stride, crop)
    scale = magnitude(X, W, b, stride, crop)
    assert_within_rounding(from_nchw(y.numpy()), expected, scale, EPS["single"])


@pytest.mark.parametrize("algorithm", [*GENERAL, "direct", "plain"])
@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    filter_size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    crop=st.tuples(*[st.integers(0, 6)] * 4),
    last=st.booleans(),
)
def test_any_filter_stride_and_crop(
    algorithm: type[phases.Algorithm] | str,
    size: Pair,
    filter_size: Pair,
    stride: Pair,
    crop: tuple[int, int, int, int],
    last: bool,
) -> None:
    full = [(n - 1) * s + k for n, k, s in zip(size, filter_size, stride, strict=True)]
    assume(full[0] > crop[0] + crop[1] and full[1] > crop[2] + crop[3])
    layout = torch.channels_last if last else torch.contiguous_format
    assert_right(algorithm, random_arrays(size, filter_size), stride, crop, layout)


@given(filter_size=st.tuples(st.integers(1, 5), st.integers(1, 5)), before=st.integers(0, 4))
def test_an_input_of_one_pixel_is_one_product(filter_size: Pair, before: int) -> None:
    assume(before < min(filter_size))
    assert_right(phases.Single, random_arrays((1, 1), filter_size), (2, 3), (before, 0, 0, before))


ALL = [live.PLAIN, *(algorithm.way for algorithm in phases.ALGORITHMS)]


@pytest.mark.parametrize("way", ALL)
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_is_not_finite_spreads_no_further_than_its_filter(
    value: float, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pixel of value Inf touches filter×filter outputs; zeros that fill up taps touch none."""
    monkeypatch.setenv(VARIABLE, way)
    layer = CroppedConvTranspose(16, 4, (3, 3), (2, 2), ((0, 0), (0, 0)))
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    x = torch.zeros(1, 16, 8, 8)
    x[0, 0, 4, 4] = value
    with torch.inference_mode():
        y = layer(x)
    touched = torch.zeros(17, 17, dtype=torch.bool)
    touched[8:11, 8:11] = True
    assert torch.equal(~y[0, 0].isfinite(), touched)


@pytest.mark.parametrize("way", ALL)
def test_a_weight_that_is_not_finite_touches_only_its_outputs(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, way)
    layer = CroppedConvTranspose(1, 1, (3, 3), (2, 2), ((0, 0), (0, 0)))
    torch.nn.init.zeros_(layer.bias)
    torch.nn.init.ones_(layer.weight)
    with torch.no_grad():
        layer.weight[0, 0, 2, 2] = torch.inf
        y = layer(torch.ones(1, 1, 2, 2))
    touched = torch.zeros(5, 5, dtype=torch.bool)
    touched[2::2, 2::2] = True  # input i, tap 2: output 2i + 2
    assert torch.equal(y[0, 0].isinf(), touched)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")  # torch's own, for tangents
@pytest.mark.parametrize(
    "how", ["gradients", "double", "autocast", "vmap", "tangent", "watched", "volume"]
)
def test_the_operator_itself_is_used(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the algorithms are not made for: they are replaced by one that fails."""

    def forbidden(*arguments: object, **named: object) -> None:
        raise AssertionError("used")

    monkeypatch.setattr(live, "transposed", forbidden)
    x, weight = torch.ones(2, 3, 4, 4), torch.ones(3, 2, 2, 2)

    def run(x: torch.Tensor, weight: torch.Tensor = weight) -> torch.Tensor:
        dims = weight.ndim - 2
        return transposed_convolution(x, weight, None, [2] * dims, [(0, 0)] * dims)

    with pytest.raises(AssertionError, match="used"), torch.no_grad():
        run(x)
    with torch.set_grad_enabled(how == "gradients"):
        x.requires_grad_(how == "gradients")
        if how == "double":
            y = run(x.double(), weight.double())
        elif how == "autocast":
            with torch.autocast("cpu"):
                y = run(x)
        elif how == "vmap":
            y = torch.func.vmap(run)(x[None])[0]
        elif how == "tangent":
            with forward_ad.dual_level():
                y = forward_ad.unpack_dual(run(forward_ad.make_dual(x, x))).primal
        elif how == "watched":
            with RoundingErrors(0.0, 0, 1):
                y = run(x)
        elif how == "volume":
            y = run(torch.ones(2, 3, 4, 4, 4), torch.ones(3, 2, 2, 2, 2))
        else:
            y = run(x)
    assert y.unique().tolist() == [3.0]


def test_an_exported_layer_holds_the_operator() -> None:
    layer = CroppedConvTranspose(3, 2, (3, 3), (2, 2), ((0, 1), (0, 1)))
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.ones_(layer.bias)
    with torch.no_grad():
        program = torch.export.export(layer.eval(), (torch.ones(1, 3, 4, 4),))
    names = {str(node.target) for node in program.graph.nodes}
    assert any("conv_transpose2d" in name for name in names)


def test_changed_weights_are_used_at_once() -> None:
    """Also where torch does not count the change, as in ``.data``."""
    layer = CroppedConvTranspose(1, 1, (2, 2), (2, 2), ((0, 0), (0, 0)))
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    with torch.inference_mode():
        layer(torch.ones(1, 1, 1, 1))
        layer.weight.data.mul_(3)
        assert layer(torch.ones(1, 1, 1, 1)).unique().tolist() == [3.0]
