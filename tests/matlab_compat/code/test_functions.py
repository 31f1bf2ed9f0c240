"""Functions on data, labels and texts, where Octave has no answer.

Expected values: formulas written out in torch, and MATLAB's documentation of each function.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from matlab_compat.code.functions import TABLE
from matlab_compat.errors import CodeError, UnsupportedCodeError
from matlab_compat.functions import Labelled
from tests.matlab_compat.code.running import result, value


def test_each_function_says_its_source() -> None:
    assert [name for name, one in TABLE.items() if not one.source.strip()] == []


@pytest.mark.parametrize(
    "name",
    [
        "dlarray",
        "fullyconnect",
        "reshape",
        "exp",
        "max",
        "min",
        "randn",
        "size",
        "abs",
        "sum",
        "fieldnames",
        "numel",
        "tanh",
        "single",
        "zeros",
        "pi",
        "sqrt",
        "sin",
        "ndims",
        "squeeze",
        "relu",
        "softmax",
        "dlconv",
        "mean",
        "permute",
        "length",
        "log",
        "find",
        "isequal",
        "rand",
        "var",
        "repelem",
        "pagemtimes",
        "stripdims",
        "cat",
        "repmat",
        "dlmtimes",
        "isempty",
        "cos",
        "extractdata",
        "leakyrelu",
        "sigmoid",
        "strcmp",
        "diag",
        "double",
        "full",
        "sparse",
        "speye",
        "assert",
        "floor",
        "ones",
        "fix",
        "error",
        "arrayfun",
        "gpuArray",
        "eye",
        "maxpool",
        "fftshift",
        "attention",
        "angle",
        "real",
        "imag",
        "fft2",
        "ifft2",
        "round",
        "isa",
        "any",
        "all",
        "flip",
        "transpose",
        "layernorm",
        "batchnorm",
        "lstm",
        "gru",
        "embed",
        "avgpool",
        "dltranspconv",
        "crossentropy",
        "mse",
        "isfield",
        "ischar",
        "isstring",
        "contains",
        "int32",
        "struct",
        "cellfun",
        "cast",
        "mod",
        "lower",
        "ismember",
        "num2str",
        "linspace",
        "cumsum",
        "std",
        "norm",
    ],
)
def test_the_functions_that_layers_use_most_are_there(name: str) -> None:
    assert name in TABLE


SAME = {
    "r = sum(x, 1);": lambda x: x.sum(0, keepdim=True),
    "r = mean(x, [1 2]);": lambda x: x.mean().reshape(1, 1),
    "r = max(x, [], 2);": lambda x: x.amax(1, keepdim=True),
    "r = max(x, 0);": torch.relu,
    "r = x .* x' * x;": lambda x: (x * x.T) @ x,
    "r = exp(-x.^2);": lambda x: torch.exp(-(x**2)),
    "r = var(x, 0, 1);": lambda x: x.var(0, keepdim=True),
    "r = x(:, end:-1:1);": lambda x: x.flip(1),
    "r = x(:, [1 1 3]);": lambda x: x[:, [0, 0, 2]],
    "r = cat(3, x, x);": lambda x: torch.stack([x, x], 2),
    "r = reshape(x, 1, []);": lambda x: x.T.reshape(1, -1),
    "r = cumsum(x, 2);": lambda x: x.cumsum(1),
    "r = norm(x(:));": lambda x: x.norm().reshape(1, 1),
    "r = x; r(2, :) = 0;": lambda x: torch.cat([x[:1], x[1:2] * 0, x[2:]]),
    "r = repmat(x, 1, 2);": lambda x: torch.cat([x, x], 1),
    "r = fliplr(x);": lambda x: x.flip(1),
    "r = abs(fft(x));": lambda x: torch.fft.fft(x, dim=0).abs(),
    "r = leakyrelu(x, 0.2);": lambda x: torch.where(x > 0, x, 0.2 * x),
    "r = sort(x, 2);": lambda x: x.sort(1).values,
    "r = kron(x, [1 2]);": lambda x: torch.kron(x, torch.tensor([[1.0, 2.0]], dtype=x.dtype)),
    "r = arrayfun(@(v) v * 2, x);": lambda x: 2 * x,
    "r = pagemtimes(x, 'transpose', x, 'none');": lambda x: x.T @ x,
    "r = x / [2 0 0; 0 4 0; 0 0 5];": lambda x: x / torch.tensor([2.0, 4, 5], dtype=x.dtype),
}


@pytest.mark.parametrize("code", SAME)
def test_data_gives_what_torch_gives_with_gradients(code: str) -> None:
    x = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    found = result(code, x)
    expected = SAME[code](x)
    torch.testing.assert_close(found, expected)
    (mine,) = torch.autograd.grad((found**2).sum(), x)
    (theirs,) = torch.autograd.grad((expected**2).sum(), x)
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("code", SAME)
def test_known_numbers_give_the_same_as_data(code: str) -> None:
    x = np.random.default_rng(1).normal(size=(3, 3))
    found = result(code, x)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, result(code, torch.from_numpy(x)).numpy(), rtol=1e-12)


def test_single_data_with_double_numbers_is_single() -> None:
    x = torch.randn(2, 2)
    for code in (
        "r = x * 2;",
        "r = x + [1 2];",
        "r = x .^ 0.5;",
        "r = [x; 1 2];",
        "r = x * eye(2);",
    ):
        assert result(code, x).dtype in (torch.float32, torch.complex64), code


def test_labels_align_in_a_sum() -> None:
    x = torch.randn(4, 5, 3, 2)
    bias = torch.randn(3, 1)
    found = result("r = x + y;", Labelled(x, "SSCB"), Labelled(bias, "CB"))
    assert found.labels == "SSCB"
    torch.testing.assert_close(found.data, x + bias.reshape(1, 1, 3, 1))


def test_fullyconnect_merges_space_into_channels() -> None:
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    w, b = torch.randn(6, 24, dtype=torch.float64), torch.randn(6, 1, dtype=torch.float64)
    found = result("r = fullyconnect(x, y.w, y.b);", Labelled(x, "SSCB"), {"w": w, "b": b})
    flat = x.permute(2, 1, 0, 3).reshape(24, 5)
    assert found.labels == "CB"
    torch.testing.assert_close(found.data, w @ flat + b)


def test_dlconv_takes_options_of_the_code() -> None:
    x = torch.randn(6, 6, 2, 3, dtype=torch.float64)
    w, b = torch.randn(3, 3, 2, 4, dtype=torch.float64), torch.zeros(4, 1, dtype=torch.float64)
    code = "r = dlconv(x, y.w, y.b, 'Padding', 'same', Stride=2);"
    found = result(code, Labelled(x, "SSCB"), {"w": w, "b": b})
    torch_x = torch.nn.functional.pad(x.permute(3, 2, 0, 1), (0, 1, 0, 1))
    expected = torch.nn.functional.conv2d(torch_x, w.permute(3, 2, 0, 1), stride=2)
    torch.testing.assert_close(found.data, expected.permute(2, 3, 1, 0))


def test_softmax_needs_a_channel_label() -> None:
    with pytest.raises(CodeError.__mro__[1], match="has no labels"):
        result("r = softmax(x);", torch.randn(2, 2))


def test_dlarray_puts_data_into_matlabs_order() -> None:
    x = torch.randn(2, 3, 4)
    found = result("r = dlarray(x, 'BCS');", x)
    assert found.labels == "SCB"
    torch.testing.assert_close(found.data, x.permute(2, 1, 0))


def test_assignment_copies() -> None:
    x = torch.ones(2, 2)
    found = result("r = x; r(1) = 5; r = {r, x};", x)
    assert found[0].tolist() == [[5.0, 1.0], [1.0, 1.0]]
    assert x.tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('r = "fc" + 2;', "fc2"),
        ('r = "a" + "b";', "ab"),
        ('r = strcat("fc", "1");', "fc1"),
        ('s.fc1 = 3; r = s.("fc" + 1);', 3.0),
        ('r = "ab" == "ab";', True),
        ('r = numel("abc");', 1.0),
        ('r = strlength_of("abc");', None),
        ('switch "b", case {"a", "b"}, r = 1; end', 1.0),
        ('x = ["a", "b"]; r = x(2);', "b"),
        ('r = any(["a", "b"] == "b");', True),
        ("r = isstring(\"a\") + ischar('a');", 2.0),
    ],
)
def test_strings_are_not_characters(code: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(UnsupportedCodeError):
            result(code)
        return
    found = result(code)
    assert (found.item() if isinstance(found, np.ndarray) else found) == expected


def test_arguments_blocks_give_defaults_and_options() -> None:
    text = (
        "function y = g(x, k, opt)\narguments\nx (:,:) double\nk (1,1) double = 3\n"
        "opt.Scale (1,1) double = 10\nend\ny = x * k * opt.Scale + nargin;\nend\n"
    )
    assert result("r = g(1);", g=text).item() == 31
    assert result("r = g(1, 2);", g=text).item() == 22
    assert result("r = g(1, Scale=2);", g=text).item() == 7
    assert result("r = g(1, 2, 'Scale', 1);", g=text).item() == 4
    with pytest.raises(CodeError, match="must be 1×1"):
        result("r = g(1, [1 2]);", g=text)


def test_varargin_and_varargout() -> None:
    text = (
        "function varargout = g(varargin)\nfor k = 1:nargout\n"
        "varargout{k} = numel(varargin) * k;\nend\nend\n"
    )
    assert result("[a, b] = g(1, 2, 3); r = [a b];", g=text).tolist() == [[3.0, 6.0]]


REFUSED = {
    "r = [1 2 3] + [1 2];": "incompatible sizes",
    "r = [1 2] * [3 4];": "Incorrect dimensions for matrix multiplication",
    "r = x(5);": "Index 5 is beyond",
    "r = x(0);": "must be positive",
    "r = x(1.5);": "whole number",
    "r = int8(1) + int16(1);": "Integers of the same class",
    "r.a = 1; r = r.b;": "no field 'b'",
    "r = ones(2, 3)'; r = ones(2, 2, 2)';": "Transpose",
    "x(3, 3, 3) = [1 2];": "cannot be put",
    "r = reshape(1:6, 4, 2);": "Number of elements must not change",
    "error('a:b', 'wrong %d', 3);": "The code says: wrong 3",
    "r = {1, 2} + 1;": "cell cannot be used",
    "r = accumarray([1.5; 2], [1; 2]);": "whole numbers",
    "r = accumarray([1; 2], [1; 2; 3]);": "3 values for 2 places",
    "r = filter(1, [0 1], [1 2]);": "must not be 0",
    "r = hann(-1);": "must not be negative",
    "r = interp2([1 2; 3 4], ones(2, 3), ones(3, 2));": "neither of one size nor two vectors",
}


@pytest.mark.parametrize(("code", "what"), REFUSED.items())
def test_what_matlab_refuses_is_refused_with_its_line(code: str, what: str) -> None:
    with pytest.raises(CodeError, match=what) as caught:
        value(code, torch.ones(2, 2))
    assert caught.value.where == ("f.m:2",)


A = np.random.default_rng(0).standard_normal((4, 3))
B = np.random.default_rng(1).standard_normal((5, 3))
PAGES = np.random.default_rng(2).standard_normal((2, 2, 3))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("r = rms(x, 2);", np.sqrt((A**2).mean(1, keepdims=True))),
        ("x(2, 1) = NaN; r = nansum(x(:, 1));", [[A[[0, 2, 3], 0].sum()]]),
        ("x(2, 1) = NaN; r = nanmean(x(:, 1), 1);", [[A[[0, 2, 3], 0].mean()]]),
        ("r = maxk(x, 2);", -np.sort(-A, axis=0)[:2]),
        ("r = mink(x, 2, 2);", np.sort(A, axis=1)[:, :2]),
        ("[~, r] = maxk([1 NaN 3 2], 3);", [[3, 4, 1]]),
        ("r = maxk(uint8([0 5 3]), 2);", [[5, 3]]),
        ("r = accumarray([1; 1; 2], uint8([200; 100; 7]));", [[255], [7]]),
        ("r = accumarray([1; 1], uint8([1; 2]), [], @mean);", [[1.5]]),
        ("r = nextpow2([1000 Inf -Inf]);", [[10, np.inf, np.inf]]),
        ("r = maxk(int8([5 -128 3]), 3);", [[5, 3, -128]]),
        ("r = maxk(uint16([0 5 3]), 1);", [[5]]),
        ("r = normpdf(x);", np.exp(-(A**2) / 2) / np.sqrt(2 * np.pi)),
        ("r = normpdf(3, 1, 2);", [[np.exp(-0.5) / np.sqrt(8 * np.pi)]]),
        ("r = normcdf([0 1.959963984540054]);", [[0.5, 0.975]]),
        ("r = pdist2(x, y);", np.linalg.norm(A[:, None] - B[None], axis=2)),
        ("r = pdist2(x, y, 'cityblock');", abs(A[:, None] - B[None]).sum(2)),
        ("r = hann(5);", [[0], [0.5], [1], [0.5], [0]]),
        ("r = hann(4, 'periodic');", [[0], [0.5], [1], [0.5]]),
        ("r = blackman(3);", [[0], [1], [0]]),
        ("r = tensorprod(x, y, 2);", A @ B.T),
        ("r = tensorprod(x, x, [1 2]);", [[(A * A).sum()]]),
        ("r = size(tensorprod(x, y));", [[4, 3, 5, 3]]),
        ("r = zeros(1, 2, 'single', 'gpuArray');", [[0, 0]]),
    ],
)
def test_statistics_windows_and_products(code: str, expected: Any) -> None:
    known = result(code, A, B)
    data = result(code, torch.from_numpy(A), torch.from_numpy(B))
    for found in (known, np.asarray(data)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_texts_are_put_together_one_by_one() -> None:
    assert result('r = "fc" + (1:3);') == ["fc1", "fc2", "fc3"]
    assert result('r = ["a" "b"] + ["x" "y"];') == ["ax", "by"]


def test_pages_are_inverted_and_solved_one_by_one() -> None:
    inverse = np.stack([np.linalg.inv(PAGES[..., k]) for k in range(3)], -1)
    np.testing.assert_allclose(result("r = pageinv(x);", PAGES), inverse)
    product = np.stack([inverse[..., k] @ PAGES[..., 0] for k in range(3)], -1)
    found = result("r = pagemldivide(x, x(:, :, 1));", PAGES)
    np.testing.assert_allclose(found, product, atol=1e-12)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("r = eig([1 2; 3 4]);", "symmetric matrices"),
        ("r = [1 2; 2 4; 3 6] \\ [1; 2; 4];", "depend on each other"),
        ("r = [1 2 3] \\ 4;", "many solutions"),
        ("r = quantile([1; 2; 3], [0.1 0.2]);", "a row or a column"),
        ("r = quantile([1 NaN], 0.5);", "NaN"),
        ("r = filter(1, 1, [1 2], 3);", "begins with a state"),
        ("r = interp2([1 2; 3 4], 1, 1, 'cubic');", "'cubic'"),
        ("r = accumarray([1; 1], [1; 2], [], @(v) {v});", "function of its page"),
    ],
)
def test_what_is_not_certain_is_refused(code: str, what: str) -> None:
    with pytest.raises(UnsupportedCodeError, match=what):
        value(code)


def test_a_root_of_negative_data_is_complex() -> None:
    found = result("r = sqrt(x);", torch.tensor([[-4.0]]))
    assert isinstance(found, Tensor)
    assert found.tolist() == [[2j]]


def test_the_documentation_lists_the_functions() -> None:
    text = (Path(__file__).parents[3] / "docs" / "custom-code.md").read_text(encoding="utf-8")
    section = text.partition("### Functions\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([\w.]+)`", section)) == set(TABLE)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('d = dictionary(["b" "a"], [1 2]); r = d("a") + 10 * numEntries(d);', 22),
        ('d = dictionary("a", 1); e = d; e("b") = 5; r = [numEntries(d) e("b")];', [[1, 5]]),
        (
            'd = dictionary(["b" "a"], [3 4]); k = keys(d); r = [k(1) == "b"; values(d)];',
            [[1], [3], [4]],
        ),
        ("d = dictionary([1 2], {[1 2 3], 'x'}); r = d{1};", [[1, 2, 3]]),
        (
            'd = dictionary("a", 1); d("a") = []; r = isKey(d, ["a" "b"]) + isConfigured(d);',
            [[0, 0]],
        ),
        ("d = dictionary(); d(3) = 7; d = insert(d, 4, 8); r = lookup(d, 4);", 8),
        ("d = remove(dictionary([1 2], [5 6]), 1); r = keys(d);", 2),
    ],
)
def test_a_dictionary_is_a_value_in_the_order_of_its_keys(code: str, expected: Any) -> None:
    """MATLAB's documentation of dictionary."""
    np.testing.assert_array_equal(result(code), np.array(expected, ndmin=2))


def test_a_known_number_may_be_compared_with_data_from_either_side() -> None:
    x = torch.tensor([[-1.0, 2.0]])
    assert result("r = (0 < x) + (x < 0) + 2 * (2 == x);", x).tolist() == [[1, 3]]


def test_what_matlab_leaves_open_of_a_map_is_refused() -> None:
    with pytest.raises(UnsupportedCodeError, match="not certain"):
        result("r = numel(containers.Map());")


def test_images_of_integers_become_0_to_1() -> None:
    """MATLAB's documentation of im2single."""
    found = result("r = im2single(uint8([0 51 255]));")
    np.testing.assert_array_equal(found, np.array([[0, 0.2, 1]], np.float32))


def test_texts_before_and_after_another() -> None:
    """MATLAB's documentation of extractBefore, extractAfter and strlength."""
    code = 's = "fc_12_3"; r = strlength([extractAfter(s, "_") extractBefore(s, "_")]);'
    np.testing.assert_array_equal(result(code), [[4, 2]])
