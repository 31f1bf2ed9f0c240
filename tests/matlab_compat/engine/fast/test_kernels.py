"""Ways to convolve and pool images. Expected values: torch's own pooling, and its own copies."""

from __future__ import annotations

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn import functional

from matlab_compat.engine.fast.kernels import (
    has_kernels,
    in_channels_last,
    is_separable,
    separable,
)

NO_PADDING = ((0, 0), (0, 0))


def image(n: int, channels: int, height: int, width: int) -> torch.Tensor:
    x = torch.randn(n, channels, height, width, generator=torch.Generator().manual_seed(0))
    return x.contiguous(memory_format=torch.channels_last)


sides = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(
    pool=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    more=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    padding=st.tuples(sides, sides),
    channels=st.integers(1, 3),
)
def test_separable_pooling_is_pooling(
    pool: tuple[int, int],
    stride: tuple[int, int],
    more: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
    channels: int,
) -> None:
    x = image(2, channels, pool[0] + more[0], pool[1] + more[1])
    assume(all(sum(pair) < window for pair, window in zip(padding, pool, strict=True)))
    before, ((top, bottom), (left, right)) = x.clone(), padding
    around = (left, right, top, bottom)
    largest = separable(x, pool, stride, padding, torch.maximum)
    sums = separable(x, pool, stride, padding, torch.add)
    outside = functional.pad(x, around, value=-torch.inf)
    assert torch.equal(largest, functional.max_pool2d(outside, pool, stride))
    place = torch.empty_like(sums)
    assert torch.equal(separable(x, pool, stride, padding, torch.add, place), sums)
    assert torch.equal(place, sums)
    mean = functional.avg_pool2d(functional.pad(x, around), pool, stride)
    torch.testing.assert_close(sums / (pool[0] * pool[1]), mean, atol=1e-6, rtol=1e-5)
    assert torch.equal(x, before)


@given(
    size=st.tuples(*[st.integers(1, n) for n in (3, 20, 40, 40)]),
    layout=st.sampled_from([(0, 1, 2, 3), (0, 2, 3, 1), (1, 0, 3, 2)]),
    placed=st.booleans(),
)
def test_channels_are_put_last(
    size: tuple[int, int, int, int], layout: tuple[int, int, int, int], placed: bool
) -> None:
    x = torch.randn(size).permute(layout)
    last = torch.channels_last
    place = torch.empty(x.shape).contiguous(memory_format=last) if placed else None
    found = in_channels_last(x, place)
    assert torch.equal(found, x)
    assert found.is_contiguous(memory_format=last)
    if place is not None and not x.is_contiguous(memory_format=last):
        assert found is place


def test_an_image_that_is_channels_last_is_not_copied() -> None:
    x = image(2, 16, 40, 40)
    assert in_channels_last(x) is x


def test_separable_pooling_keeps_the_layout_and_passes_nan_on() -> None:
    x = image(2, 3, 6, 6)
    x[0, 1, 2, 3] = torch.nan
    found = separable(x, (2, 2), (2, 2), NO_PADDING, torch.maximum)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found.isnan(), functional.max_pool2d(x, 2).isnan())


def test_separable_pooling_needs_an_element_in_every_window() -> None:
    assert is_separable((3, 3), ((1, 1), (0, 2)))
    assert not is_separable((3, 3), ((1, 1), (1, 2)))


def test_this_torch_has_the_kernels() -> None:
    # They are private; should a new torch lack them, networks stay right and become slower.
    assert has_kernels()
