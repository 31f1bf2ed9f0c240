"""The arithmetic of the convolutions.

Expected values: ONNX Runtime's Conv and ConvTranspose, numpy.pad, and the sums written out in
``tests/matlab_compat/filter_reference.py``.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from matlab_compat.engine import convolution as engine
from matlab_compat.engine.convolution import PaddedConvolution, Padding, convolution, extended
from matlab_compat.engine.pooling import MaxPooling
from matlab_compat.errors import DataFormatError

from ..filter_reference import (
    PAD_MODES,
    Array,
    assert_close,
    correlate,
    from_torch_order,
    normal,
    onnx_pads,
    onnx_run,
    padded,
    same_pairs,
    to_torch_order,
)


def torch_weight(W: Array) -> Array:
    """F,C,*filter from *filter×C×F."""
    return np.ascontiguousarray(np.moveaxis(W, (-1, -2), (0, 1)))


def run(
    X: Array, W: Array, b: Array, stride: list[int], padding: Padding, dilation: list[int]
) -> Array:
    x, w = torch.from_numpy(to_torch_order(X)), torch.from_numpy(torch_weight(W))
    y = convolution(x, w, torch.from_numpy(b), stride, padding, dilation)
    return from_torch_order(y.numpy())


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """One to three dimensions, any stride, dilation and padding that the filter fits in."""
    dims = draw(st.integers(1, 3))

    def sizes(most: int) -> list[int]:
        return draw(st.lists(st.integers(1, most), min_size=dims, max_size=dims))

    k, d, size = sizes(3), sizes(2), sizes(4)
    pairs = []
    for n, window in zip(size, [(a - 1) * b + 1 for a, b in zip(k, d, strict=True)], strict=True):
        before = draw(st.integers(0, 3))
        least = max(window - n - before, 0)
        pairs.append((before, draw(st.integers(least, least + 2))))
    c, f, seed = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 99))
    return {
        "X": normal(*size, c, 2, seed=seed),
        "W": normal(*k, c, f, seed=seed + 1),
        "b": normal(f, seed=seed + 2),
        "stride": sizes(3),
        "dilation": d,
        "pairs": pairs,
    }


@given(cases())
def test_convolution_is_the_sum_written_out(case: dict[str, Any]) -> None:
    padding = Padding(case["pairs"])
    Y = run(case["X"], case["W"], case["b"], case["stride"], padding, case["dilation"])
    X = padded(case["X"], case["pairs"])
    expected = correlate(X, case["W"][..., None], case["b"], case["stride"], case["dilation"])
    assert_close(Y, expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_asymmetric_padding_is_that_of_onnx(dims: int, stride: int) -> None:
    X, W = normal(*[6, 7, 5][:dims], 3, 2), normal(*[3, 2, 4][:dims], 3, 4, seed=1)
    b, pairs = normal(4, seed=2), [(0, 1), (2, 1), (1, 3)][:dims]
    expected = onnx_run(
        "Conv",
        [to_torch_order(X), torch_weight(W), b],
        strides=[stride] * dims,
        pads=onnx_pads(pairs),
    )
    Y = run(X, W, b, [stride] * dims, Padding(pairs), [1] * dims)
    assert_close(Y, from_torch_order(expected))


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_is_SAME_UPPER_of_onnx(size: int, k: int, stride: int) -> None:
    X, W, b = normal(size, size + 1, 2, 1), normal(k, k, 2, 3, seed=1), normal(3, seed=2)
    expected = onnx_run(
        "Conv",
        [to_torch_order(X), torch_weight(W), b],
        strides=[stride, stride],
        auto_pad="SAME_UPPER",
    )
    Y = run(X, W, b, [stride, stride], Padding(None), [1, 1])
    assert Y.shape[0] == -(-size // stride)
    assert_close(Y, from_torch_order(expected))


@pytest.mark.parametrize("dilation", [2, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_with_dilation(dilation: int, stride: int) -> None:
    X, W, b = normal(9, 8, 2, 1), normal(2, 3, 2, 3, seed=1), normal(3, seed=2)
    pairs = same_pairs((9, 8), (dilation + 1, 2 * dilation + 1), (stride, stride))
    expected = correlate(padded(X, pairs), W[..., None], b, [stride] * 2, [dilation] * 2)
    assert_close(run(X, W, b, [stride] * 2, Padding(None), [dilation] * 2), expected)


@pytest.mark.parametrize("mode", sorted(PAD_MODES))
@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
def test_padding_from_the_data_is_that_of_numpy(mode: str, dims: int, data: st.DataObject) -> None:
    size = data.draw(st.lists(st.integers(2, 5), min_size=dims, max_size=dims))
    most = [n if mode == "symmetric-include-edge" else n - 1 for n in size]
    pairs = [(data.draw(st.integers(0, m)), data.draw(st.integers(0, m))) for m in most]
    X = normal(*size, 2, 1)
    result = extended(torch.from_numpy(to_torch_order(X)), pairs, mode)
    np.testing.assert_array_equal(from_torch_order(result.numpy()), padded(X, pairs, mode))


def test_replicate_can_add_more_than_the_data_has() -> None:
    X = normal(2, 1, 1)
    result = extended(torch.from_numpy(to_torch_order(X)), [(5, 4)], "replicate").numpy()
    np.testing.assert_array_equal(from_torch_order(result), padded(X, [(5, 4)], "replicate"))


@pytest.mark.parametrize(
    ("mode", "n"), [("symmetric-include-edge", 4), ("symmetric-exclude-edge", 3)]
)
def test_mirroring_more_than_the_data_has_is_refused(mode: str, n: int) -> None:
    with pytest.raises(DataFormatError, match=f"cannot add {n} to a dimension of 3"):
        extended(torch.zeros(1, 1, 3), [(0, n)], mode)


def test_PaddingValue_other_than_zero() -> None:
    X, W, b = normal(4, 4, 1, 1), normal(3, 3, 1, 2, seed=1), normal(2, seed=2)
    pairs = [(1, 1), (1, 1)]
    expected = correlate(padded(X, pairs, 2.5), W[..., None], b, [1, 1], [1, 1])
    assert_close(run(X, W, b, [1, 1], Padding(pairs, 2.5), [1, 1]), expected)


def test_a_filter_larger_than_the_padded_data_is_refused() -> None:
    with pytest.raises(DataFormatError, match="smaller than the window 5"):
        convolution(torch.zeros(1, 1, 2), torch.zeros(1, 1, 3), None, [1], Padding([(1, 1)]), [2])


@pytest.mark.parametrize(
    ("padding", "dilation", "around"),
    [
        (Padding(None), 1, (1, 1, 1, 1)),
        (Padding(None), 2, (2, 2, 2, 2)),
        (Padding([(1, 1), (0, 0)]), 1, (0, 0, 1, 1)),
        (Padding([(1, 2), (0, 0)]), 1, (0, 0, 1, 2)),
    ],
)
def test_a_module_pads_evenly_or_not(
    padding: Padding, dilation: int, around: tuple[int, ...]
) -> None:
    """Expected: torch's convolution in double of data with zeros around it."""
    made = PaddedConvolution((3, 2, 3, 3), (1, 1), padding, (dilation, dilation))
    torch.manual_seed(0)
    for value in made.parameters():
        torch.nn.init.normal_(value)
    x = torch.randn(2, 2, 7, 8)
    wide, weights = functional.pad(x, around).double(), (made.weight.double(), made.bias.double())
    expected = functional.conv2d(wide, *weights, dilation=dilation)
    torch.testing.assert_close(made(x).double(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_module_says_what_its_window_does_not_fit_in(compiled: bool) -> None:
    """Also while torch's compiler looks at it, which makes errors of torch's its own."""
    for made in (
        PaddedConvolution((1, 1, 3, 3), (1, 1), Padding([(0, 0), (0, 0)]), (1, 1)),
        MaxPooling((3, 3), (1, 1), [(0, 0), (0, 0)]),
    ):
        run = torch.compile(made, backend="eager") if compiled else made
        with pytest.raises(DataFormatError, match="2×9, is smaller than the window 3×3"):
            run(torch.zeros(1, 1, 2, 9))


def module(**options: Any) -> PaddedConvolution:
    made = PaddedConvolution((3, 2, 3, 3), (2, 2), options.get("padding", Padding(None)), (1, 1))
    torch.manual_seed(0)
    torch.nn.init.normal_(made.weight)
    torch.nn.init.normal_(made.bias)
    return made


def test_time_is_passed_step_by_step() -> None:
    made, x = module(), torch.from_numpy(normal(2, 2, 5, 6, 3))
    steps = [made(x[..., t]) for t in range(3)]
    torch.testing.assert_close(made(x), torch.stack(steps, dim=-1))


@pytest.mark.parametrize("value", [0.0, 1.5, "replicate"])
def test_export_with_any_batch(value: float | str) -> None:
    made = module(padding=Padding([(0, 1), (1, 1)], value)).eval()
    x = torch.from_numpy(normal(2, 2, 5, 6))
    batch = torch.export.Dim("batch")
    exported = torch.export.export(made, (x,), dynamic_shapes=({0: batch},)).module()
    more = torch.from_numpy(normal(7, 2, 5, 6, seed=1))
    torch.testing.assert_close(exported(more), made(more))


def test_a_deep_copy_computes_the_same() -> None:
    made, x = module(), torch.from_numpy(normal(1, 2, 5, 6))
    torch.testing.assert_close(copy.deepcopy(made)(x), made(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 2), (3, 2, 1)])
def test_double_is_computed_in_bands_and_the_same(
    dims: int, stride: int, dilation: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expected values: torch's own convolution of all at once."""
    generator = torch.Generator().manual_seed(dims)
    options = (stride, 1, dilation, groups)
    x = torch.randn(2, 4, *(13, 9, 8)[:dims], generator=generator).double()
    weight = torch.randn(6, 4 // groups, *(3, 2, 3)[:dims], generator=generator).double()
    bias = torch.randn(6, generator=generator).double()
    whole = engine.CONVOLUTION[dims]
    heights: list[int] = []

    def counted(x: torch.Tensor, *options: Any) -> torch.Tensor:
        heights.append(x.shape[2])
        return whole(x, *options)

    monkeypatch.setitem(engine.CONVOLUTION, dims, counted)
    monkeypatch.setattr(engine, "BAND", 1)
    sizes = [[size] * dims for size in (stride, dilation)]
    padding = Padding(((1, 1),) * dims)
    with torch.inference_mode():
        found = convolution(x, weight, bias, sizes[0], padding, sizes[1], groups)
    torch.testing.assert_close(found, whole(x, weight, bias, *options))
    assert heights == [2 * dilation + 1] * found.shape[2]


def test_gradients_are_right() -> None:
    made = module(padding=Padding([(1, 0), (2, 1)], "symmetric-include-edge")).double()
    x = torch.from_numpy(normal(1, 2, 4, 4, dtype=np.float64)).requires_grad_()
    assert torch.autograd.gradcheck(made, (x,))


def test_extra_repr_shows_the_sizes() -> None:
    assert "2, 3, kernel_size=(3, 3), stride=(2, 2), padding=same" in repr(module())
