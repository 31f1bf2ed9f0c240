"""The arithmetic of the transposed convolution, through ``predict`` and through ``to_torch``.

Expected values: the sum over pixels of ``tests/matlab_compat/reference.py``, in float64, within
8 roundings of ``|W| * |x| + |b|``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from matlab_compat import TransposedConvolution2DLayer, transposedConv2dLayer
from matlab_compat.data_format import dlarray
from matlab_compat.engine.transposed_convolution import output_size
from matlab_compat.errors import DataFormatError, PropertyError, UsageError

from ..reference import (
    EPS,
    Array,
    assert_within_rounding,
    from_nchw,
    magnitude,
    scatter_sum,
    to_nchw,
)


@dataclass(frozen=True)
class Case:
    """One layer and one input, in MATLAB order."""

    W: Array
    bias: Array | None
    X: Array
    stride: tuple[int, int]
    crop: tuple[int, int, int, int]

    @property
    def layer(self) -> TransposedConvolution2DLayer:
        return transposedConv2dLayer(
            self.W.shape[:2],
            self.W.shape[2],
            Stride=self.stride,
            Cropping=self.crop,
            Weights=self.W,
            Bias=[] if self.bias is None else self.bias,
        )

    def assert_right(self, actual: Array, precision: str = "single") -> None:
        arguments = (self.X, self.W, self.bias, self.stride, self.crop)
        expected, scale = scatter_sum(*arguments), magnitude(*arguments)
        assert_within_rounding(actual, expected, scale, EPS[precision])


def random_case(
    filter_size: tuple[int, int] = (3, 2),
    stride: tuple[int, int] = (2, 1),
    crop: tuple[int, int, int, int] = (0, 1, 1, 0),
    *,
    channels: int = 3,
    filters: int = 4,
    size: tuple[int, int] = (4, 5),
    batch: int = 2,
    bias: str = "normal",
    dtype: type = np.float32,
    seed: int = 0,
) -> Case:
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        return random.standard_normal(shape).astype(dtype)

    biases = {
        "absent": None,
        "zero": np.zeros((1, 1, filters), dtype),
        "normal": normal(1, 1, filters),
        "large": 1000 * normal(1, 1, filters),
    }
    W = normal(*filter_size, filters, channels)
    return Case(W, biases[bias], normal(*size, channels, batch), stride, crop)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Filter 1..7, stride 1..4, every crop that leaves something, the bias in every form."""
    filter_size = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    crop: list[int] = []
    for n, k, s in zip(size, filter_size, stride, strict=True):
        full = (n - 1) * s + k
        before = draw(st.integers(0, full - 1))
        crop += [before, draw(st.integers(0, full - 1 - before))]
    return random_case(
        filter_size,
        stride,
        (crop[0], crop[1], crop[2], crop[3]),
        channels=draw(st.integers(1, 4)),
        filters=draw(st.integers(1, 4)),
        size=size,
        batch=draw(st.integers(1, 3)),
        bias=draw(st.sampled_from(["absent", "zero", "normal", "large"])),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def read_only(X: Array) -> Array:
    X = X.copy(order="F")
    X.flags.writeable = False
    return X


def sliced(X: Array) -> Array:
    wide = np.zeros([2 * n for n in X.shape], X.dtype)
    wide[::2, ::2, ::2, ::2] = X
    return wide[::2, ::2, ::2, ::2]


def field_of_records(X: Array) -> Array:
    records = np.zeros(X.shape, [("other", np.uint8), ("X", X.dtype)])
    records["X"] = X
    return records["X"]


MEMORY: dict[str, Callable[[Array], Array]] = {
    "column-major": np.asfortranarray,
    "row-major": np.ascontiguousarray,
    "read-only": read_only,
    "sliced": sliced,
    "reversed": lambda X: X[::-1, :, ::-1].copy()[::-1, :, ::-1],
    "big-endian": lambda X: X.astype(">f4"),
    "record": field_of_records,
}


@given(cases(), st.sampled_from(sorted(MEMORY)))
def test_predict_is_the_sum_over_pixels(case: Case, memory: str) -> None:
    Y = case.layer.predict(MEMORY[memory](case.X))
    case.assert_right(Y)
    assert Y.dtype == np.float32


@given(cases())
def test_the_module_is_the_sum_over_pixels(case: Case) -> None:
    module = case.layer.to_torch()
    y = module(torch.from_numpy(to_nchw(case.X)))
    case.assert_right(from_nchw(y.detach().numpy()))


@given(cases())
def test_predict_in_double_is_the_sum_over_pixels(case: Case) -> None:
    Y = case.layer.predict(case.X, dtype="double")
    assert Y.dtype == np.float64
    case.assert_right(Y, "double")


# --- the matrix of what other converters got wrong --------------------------------------

KERNELS = {"even": (4, 4), "odd": (3, 3), "non-square": (2, 5), "one": (1, 1)}
STRIDES = [(1, 1), (2, 2), (3, 3), (2, 3)]
CROPS: dict[str, tuple[int, int, int, int] | str] = {
    "none": (0, 0, 0, 0),
    "symmetric": (1, 1, 2, 2),
    "asymmetric": (0, 1, 2, 1),
    "wider than the border": (5, 0, 0, 6),
    "same": "same",
}
#: Channels, filters and observations, each with a bias, which is added whatever they are.
CASES = [
    ((2, 3, 1), "large"),
    ((1, 4, 2), "absent"),
    ((3, 1, 1), "zero"),
    ((1, 1, 2), "large"),
]
DTYPES = {"single": np.float32, "double": np.float64, "half": np.float16}


def numeric_crop(
    crop: tuple[int, int, int, int] | str, kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[int, int, int, int]:
    """'same' by the rule of the documentation: the odd one off the bottom and the right."""
    if not isinstance(crop, str):
        return crop
    down, across = kernel[0] - stride[0], kernel[1] - stride[1]
    return down // 2, (down + 1) // 2, across // 2, (across + 1) // 2


@pytest.mark.parametrize("precision", DTYPES)
@pytest.mark.parametrize("crop", CROPS)
@pytest.mark.parametrize("stride", STRIDES, ids=str)
@pytest.mark.parametrize("kernel", KERNELS)
def test_matrix(kernel: str, stride: tuple[int, int], crop: str, precision: str) -> None:
    filter_size, cropping = KERNELS[kernel], CROPS[crop]
    if cropping == "same" and (filter_size[0] < stride[0] or filter_size[1] < stride[1]):
        with pytest.raises(PropertyError, match="FilterSize >= Stride"):
            transposedConv2dLayer(filter_size, 1, Stride=stride, Cropping="same")
        return
    sizes = numeric_crop(cropping, filter_size, stride)
    for (channels, filters, batch), bias in CASES:
        case = random_case(
            filter_size,
            stride,
            sizes,
            channels=channels,
            filters=filters,
            batch=batch,
            bias=bias,
            size=(7, 9),
            dtype=DTYPES[precision],
        )
        single = copy.copy(case.layer) if precision != "half" else half_layer(case)
        made = transposedConv2dLayer(
            filter_size,
            filters,
            Stride=stride,
            Cropping=cropping,
            Weights=single.Weights,
            Bias=single.Bias,
        )
        assert made.CroppingSize == sizes
        case.assert_right(made.predict(case.X, dtype=precision), precision)


def half_layer(case: Case) -> TransposedConvolution2DLayer:
    """MATLAB keeps learnables in single; the values are halves all the same."""
    bias = None if case.bias is None else case.bias.astype(np.float32)
    return Case(case.W.astype(np.float32), bias, case.X, case.stride, case.crop).layer


def test_the_output_padding_idiom_of_torch_is_one_pixel_off() -> None:
    """``padding=1, output_padding=1`` has the size of 'same' for 3×3, stride 2, and loses the
    first row and column instead of the last."""
    case = random_case((3, 3), (2, 2), (0, 1, 0, 1), bias="absent")
    idiom = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(to_nchw(case.X)),
        torch.from_numpy(np.ascontiguousarray(case.W.transpose(3, 2, 0, 1))),
        stride=2,
        padding=1,
        output_padding=1,
    )
    Y = from_nchw(idiom.numpy())
    ours = case.layer.predict(case.X)
    assert Y.shape == ours.shape
    assert np.abs(Y - ours).max() > 1
    np.testing.assert_allclose(Y[:-1, :-1], ours[1:, 1:], rtol=1e-4, atol=1e-5)
    case.assert_right(ours)


def test_one_pixel_by_hand() -> None:
    # 1×2 input [1 10], 1×2 filter [1 2], stride 1: 1*[1 2 0] + 10*[0 1 2] = [1 12 20], plus 100.
    made = transposedConv2dLayer([1, 2], 1, Weights=[[1.0, 2.0]], Bias=100.0)
    X = np.array([[1.0, 10.0]])
    np.testing.assert_array_equal(made.predict(X).reshape(-1), [101, 112, 120])


# --- inputs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, bool]
)
def test_predict_takes_inputs_of_every_class(kind: type) -> None:
    case = random_case()
    X: Array = (np.abs(case.X) * 10).astype(kind)
    given_case = Case(case.W, case.bias, X, case.stride, case.crop)
    given_case.assert_right(case.layer.predict(X))


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.longdouble])
def test_predict_takes_floats_of_every_class(kind: type) -> None:
    case = random_case()
    X: Array = case.X.astype(np.float16).astype(kind)
    Case(case.W, case.bias, X, case.stride, case.crop).assert_right(case.layer.predict(X))


def test_predict_takes_lists_and_tensors() -> None:
    made = transposedConv2dLayer(1, 1, Weights=2.0)
    np.testing.assert_array_equal(made.predict([[1, 2]]).reshape(-1), [2, 4])
    tensor = torch.tensor([[1.0, 2.0]], requires_grad=True)
    np.testing.assert_array_equal(made.predict(tensor).reshape(-1), [2, 4])


def test_predict_puts_dropped_dimensions_back() -> None:
    case = random_case(channels=1, batch=1)
    Y = case.layer.predict(case.X[:, :, 0, 0])
    case.assert_right(Y)


def test_predict_does_not_change_its_input() -> None:
    case = random_case()
    X = np.asfortranarray(case.X)
    before = X.copy()
    case.layer.predict(X)[:] = 7
    np.testing.assert_array_equal(X, before)


def test_predict_uses_read_only_parameters() -> None:
    case = random_case()
    W, b = read_only(case.W), read_only(case.bias) if case.bias is not None else None
    frozen = Case(W, b, case.X, case.stride, case.crop).layer
    case.assert_right(frozen.predict(case.X))
    case.assert_right(
        from_nchw(frozen.to_torch()(torch.from_numpy(to_nchw(case.X))).detach().numpy())
    )


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (np.ones((2, 2, 3), complex), "complex"),
        ("X", "real numeric"),
        (np.zeros((0, 4, 3)), "empty"),
        (None, "real numeric"),
        ([[1, 2], [3]], "real numeric"),
    ],
)
def test_predict_refuses_what_is_no_data(X: object, said: str) -> None:
    with pytest.raises(DataFormatError, match=said):
        random_case().layer.predict(X)


def test_predict_refuses_another_number_of_channels() -> None:
    with pytest.raises(DataFormatError, match=r"3 input channels .* 4×5×2×1 .* has 2") as caught:
        random_case().layer.predict(np.ones((4, 5, 2)))
    assert "data_format" in caught.value.remedy


def test_predict_needs_weights() -> None:
    with pytest.raises(PropertyError, match="Weights is empty") as caught:
        transposedConv2dLayer(3, 4).predict(np.ones((2, 2, 3)))
    assert "initialize" in caught.value.remedy


def test_to_torch_needs_weights() -> None:
    with pytest.raises(PropertyError, match="Weights is empty"):
        transposedConv2dLayer(3, 4, NumChannels=2).to_torch()


# --- data formats -----------------------------------------------------------------------


def random_data(labels: str, sizes: dict[str, int], seed: int = 1) -> Array:
    """Data in the given order of labels; the two S are 'S' and 's'."""
    first = labels.replace("S", "s", labels.count("S")).replace("s", "S", 1)
    shape = [sizes[label] for label in first]
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


SIZES = {"S": 4, "s": 5, "C": 3, "B": 2, "T": 6}


def per_slice(case: Case, X: Array, labels: str) -> tuple[Array, Array]:
    """The expected output and its magnitude, slice by slice, dimension by dimension."""
    spatial = [i for i, label in enumerate(labels) if label == "S"]
    worked = spatial if len(spatial) == 2 else [*spatial, labels.index("T")]
    kept = [*worked, labels.index("C")]
    rest = [i for i in range(len(labels)) if i not in kept]
    results = []
    for function in (scatter_sum, magnitude):
        moved = X.transpose(kept + rest)
        slices = {
            index: function(
                moved[(..., *index)][..., None], case.W, case.bias, case.stride, case.crop
            )[..., 0]
            for index in np.ndindex(*moved.shape[3:])
        }
        first = next(iter(slices.values()))
        whole = np.zeros(first.shape + moved.shape[3:])
        for index, result in slices.items():
            whole[(..., *index)] = result
        results.append(whole.transpose(np.argsort(kept + rest)))
    return results[0], results[1]


@pytest.mark.parametrize(
    "labels",
    [
        *["SSCB", "SSC", "SSCBT", "SCBT", "SSCT", "SCT"],
        *["BCSS", "CSS", "SCSB", "TBCSS", "BTCS", "CST", "TSC", "STSBC", "CTBS", "sscb"],
    ],
)
def test_predict_in_every_format(labels: str) -> None:
    case = random_case()
    X = random_data(labels.upper(), SIZES)
    expected, scale = per_slice(case, X, labels.upper())
    Y = case.layer.predict(X, labels)
    assert_within_rounding(Y, expected, scale, EPS["single"])


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        ("CB", (3, 2)),
        ("", (4, 5, 3)),
        ("SSCC", (4, 5, 3, 3)),
        ("SSQB", (4, 5, 3, 2)),
        ("SSSCB", (4, 4, 4, 3, 2)),
        ("SSCU", (4, 5, 3, 2)),
        ("SCB", (4, 3, 2)),
        ("SSB", (4, 5, 2)),
        ("SSC", (4, 5, 3, 2)),
    ],
)
def test_predict_in_another_format_says_what_to_do(labels: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataFormatError) as caught:
        random_case().layer.predict(np.ones(shape), labels)
    assert caught.value.remedy


@pytest.mark.parametrize("labels", ["SSCB", "SSC", "SCBT", "SSCT"])
def test_predict_of_a_dlarray_is_a_dlarray(labels: str) -> None:
    case = random_case()
    X = random_data(labels, SIZES)
    expected, scale = per_slice(case, X, labels)
    Y = case.layer.predict(dlarray(X, labels))
    assert isinstance(Y, dlarray)
    assert Y.dims() == labels
    assert_within_rounding(Y.extractdata(), expected, scale, EPS["single"])


def test_a_crop_that_leaves_nothing_is_an_error() -> None:
    made = transposedConv2dLayer(3, 1, Cropping=[2, 2, 0, 0], Weights=np.ones((3, 3)))
    assert made.predict(np.ones((3, 3))).shape == (1, 5, 1, 1)
    with pytest.raises(DataFormatError, match="leaves nothing") as caught:
        made.predict(np.ones((2, 3)))
    assert "crop less" in caught.value.remedy
    with pytest.raises(DataFormatError, match="leaves nothing"):
        made.to_torch()(torch.ones(1, 1, 2, 3))


def test_output_size_with_dilation() -> None:
    # (in-1)*stride + (filter-1)*dilation + 1 - before - after
    assert output_size([5, 4], [3, 2], [2, 3], [(1, 0), (0, 2)], [2, 1]) == (12, 9)


# --- the module -------------------------------------------------------------------------


def module_and_input(**options: Any) -> tuple[torch.nn.Module, torch.Tensor, Case]:
    case = random_case(**options)
    return case.layer.to_torch(), torch.from_numpy(to_nchw(case.X)), case


def test_parameters_are_weight_and_bias_in_the_layout_of_torch() -> None:
    module, _, case = module_and_input()
    state = module.state_dict()
    assert list(state) == ["weight", "bias"]
    assert all(isinstance(p, torch.nn.Parameter) for p in module.parameters())
    for c, f, p, q in np.ndindex(3, 4, 3, 2):
        assert state["weight"][c, f, p, q] == case.W[p, q, f, c]
    assert state["bias"].shape == (4,)


def test_state_fits_the_layer_of_torch() -> None:
    module, x, _ = module_and_input(crop=(0, 0, 0, 0))
    theirs = torch.nn.ConvTranspose2d(3, 4, (3, 2), stride=(2, 1))
    theirs.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), theirs(x))


def test_the_module_is_independent_of_the_layer() -> None:
    case = random_case()
    made = case.layer
    module = made.to_torch()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    np.testing.assert_array_equal(made.Weights, case.W)


@pytest.mark.parametrize("dtype", ["half", "bfloat16", torch.float16, torch.bfloat16])
def test_low_precision(dtype: Any) -> None:
    case = random_case(dtype=np.float16)  # 11 bits; bfloat16 rounds the data itself to 8
    precision = {torch.float16: "half", torch.bfloat16: "bfloat16"}.get(dtype, dtype)
    made = half_layer(case)
    case.assert_right(made.predict(case.X, dtype=dtype), precision)
    y = made.to_torch(dtype=dtype)(torch.from_numpy(to_nchw(case.X)).to(made_dtype(precision)))
    case.assert_right(from_nchw(y.detach().float().numpy()), precision)


def made_dtype(precision: str) -> torch.dtype:
    return {"half": torch.float16, "bfloat16": torch.bfloat16}[precision]


@pytest.mark.parametrize("dtype", ["int8", "quad", torch.int32])
def test_a_dtype_that_is_no_float_is_refused(dtype: Any) -> None:
    with pytest.raises(UsageError, match="dtype must be one of"):
        random_case().layer.to_torch(dtype=dtype)


def test_gradients_are_right() -> None:
    case = random_case((2, 3), (2, 1), (1, 0, 0, 2), channels=2, filters=2, size=(2, 3), batch=1)
    module = case.layer.to_torch(dtype="double")
    x = torch.from_numpy(to_nchw(case.X)).double().requires_grad_()

    def run(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> Any:
        return torch.func.functional_call(module, {"weight": weight, "bias": bias}, (x,))

    parameters = [p.detach().clone().requires_grad_() for p in module.parameters()]
    assert torch.autograd.gradcheck(run, (x, *parameters))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compile(backend: str) -> None:
    module, x, case = module_and_input()
    compiled = torch.compile(module, backend=backend, fullgraph=True)
    case.assert_right(from_nchw(compiled(x).detach().numpy()))


def test_export_with_any_batch_size() -> None:
    module, x, case = module_and_input(batch=2)
    batch = torch.export.Dim("batch")
    exported = torch.export.export(module, (x,), dynamic_shapes=({0: batch},)).module()
    case.assert_right(from_nchw(exported(x).detach().numpy()))
    more = torch.cat([x, x, x])
    torch.testing.assert_close(exported(more), module(more))


def test_deepcopy_of_the_module_is_independent() -> None:
    module, x, case = module_and_input()
    other = copy.deepcopy(module)
    with torch.no_grad():
        other.get_parameter("weight").zero_()
    case.assert_right(from_nchw(module(x).detach().numpy()))


def test_the_module_shows_its_sizes() -> None:
    module, _, _ = module_and_input()
    shown = repr(module)
    assert shown.startswith("CroppedConvTranspose(3, 4, kernel_size=(3, 2), stride=(2, 1)")
    assert "crop=((0, 1), (1, 0))" in shown


def test_round_trip_from_torch() -> None:
    case = random_case()
    made, other = case.layer, random_case(seed=9).layer
    module = made.to_torch()
    assert other.assign_from_torch(module) is other
    np.testing.assert_array_equal(other.Weights, case.W, strict=True)
    np.testing.assert_array_equal(other.Bias, case.bias)


def test_trained_values_come_back_and_are_no_view() -> None:
    case = random_case()
    made = case.layer
    module = made.to_torch(dtype="double")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    made.assign_from_torch(module)
    np.testing.assert_array_equal(made.Weights, case.W.astype(np.float64) + 1)
    with torch.no_grad():
        module.get_parameter("weight").zero_()
    assert made.Weights.any()


def test_a_trained_bias_comes_back_where_there_was_none() -> None:
    made = random_case(bias="absent").layer
    module = made.to_torch()
    with torch.no_grad():
        module.get_parameter("bias").fill_(3)
    assert made.assign_from_torch(module).Bias.ravel().tolist() == [3, 3, 3, 3]


# --- GPU --------------------------------------------------------------------------------


@pytest.mark.gpu
@given(cases())
def test_gpu_predict_is_the_sum_over_pixels(case: Case) -> None:
    case.assert_right(case.layer.predict(case.X, device="cuda"))


@pytest.mark.gpu
def test_gpu_predict_uses_tf32_only_on_request() -> None:
    case = random_case((3, 3), (2, 2), (0, 1, 0, 1), channels=64, filters=64, size=(32, 32))
    case.assert_right(case.layer.predict(case.X, device="cuda"))
    case.assert_right(case.layer.predict(case.X, device="cuda", dtype="double"), "double")
    loose = case.layer.predict(case.X, device="cuda", allow_tf32=True)
    assert np.abs(loose - case.layer.predict(case.X)).max() < 0.1


@pytest.mark.gpu
def test_gpu_module_is_on_the_device() -> None:
    case = random_case()
    module = case.layer.to_torch(device="cuda", dtype="double")
    y = module(torch.from_numpy(to_nchw(case.X)).double().cuda())
    assert y.is_cuda
    case.assert_right(from_nchw(y.detach().cpu().numpy()), "double")
