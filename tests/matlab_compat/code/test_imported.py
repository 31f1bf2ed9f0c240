"""Layers as MATLAB's importers generate them: their helpers by name.

The classes are of our own, in the form of generated ones. Expected values: PyTorch's functions, and
ONNX's operators written out in numpy, in their own orders of dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat.code.functions import IMPORTED, TABLE
from matlab_compat.errors import UnsupportedCodeError
from matlab_compat.functions import Labelled
from tests.matlab_compat.code.running import program

BASE = "nnet.layer.Layer & nnet.layer.Formattable"


def predicted(body: str, inputs: list[tuple[Any, str]], **properties: Any) -> Any:
    """What ``predict`` of a generated class in package net gives, in PyTorch's order."""
    names = ", ".join(f"in{i}" for i in range(1, len(inputs) + 1))
    said = "".join(f"properties\n{name}\nend\n" for name in properties)
    text = (
        f"classdef own < {BASE}\n{said}methods\nfunction out = predict(obj, {names})\n"
        f"import net.ops.*;\n{body}\nend\nend\nend\n"
    )
    code = program(own=text)
    definition = code.class_named("own")
    method = definition.method("predict")
    assert method is not None
    assert code.problems(method) == []
    given = [Labelled(torch.as_tensor(x), labels) for x, labels in inputs]
    (found,) = code.call(method, [code.object(definition, properties), *given])
    return found


def image(seed: int = 0) -> torch.Tensor:
    """N, C, H, W."""
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(seed)).double()


def in_matlab(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    return x.permute(2, 3, 1, 0), "SSCB"


def test_the_helpers_are_no_functions_of_matlab() -> None:
    assert not set(IMPORTED) & set(TABLE)
    assert [name for name, one in IMPORTED.items() if not one.source.strip()] == []
    code = program(f="function r = f(x)\nr = pyLinear(x, x, x);\nend\n")
    function = code.function("f")
    assert function is not None
    assert "pyLinear" in code.problems(function)[0].what


def test_an_element_by_element_operation_of_pytorch() -> None:
    body = """
    if ~contains(dims(in1), 'U')
        in1 = struct('value', in1, 'rank', ndims(in1));
    end
    in2 = struct('value', in2, 'rank', ndims(in2));
    out = pyElementwiseBinary(in1, in2, 'plus');
    out = labelWithPropagatedFormats(out, "*CSS");
    out = out.value;"""
    a, b = image(1), image(2)
    found = predicted(body, [in_matlab(a), in_matlab(b)])
    assert found.labels == "SSCB"
    assert torch.equal(found.data, in_matlab(a + b)[0])


def test_means_over_the_image_become_vectors() -> None:
    body = """
    in1 = struct('value', in1, 'rank', ndims(in1));
    at = makeStructForConstant(int32(obj.at), int32(1), "Typed");
    keep = makeStructForConstant(int32(0), int32(0), "Typed");
    out = pyMean(in1, at, keep);
    out = out.value;"""
    x = image()
    found = predicted(body, [in_matlab(x)], at=np.array([[2.0, 3.0]]))
    assert found.labels == "UU"
    torch.testing.assert_close(found.data, x.mean((2, 3)).T)


LINEAR = """
    in1 = struct('value', in1, 'rank', 2);
    w = struct('value', obj.w, 'rank', 2);
    b = struct('value', obj.b, 'rank', 1);
    out = pyLinear(in1, w, b);
    out = out.value;"""


@pytest.mark.parametrize("stored", ["out by in", "in by out"])
def test_a_linear_layer_of_pytorch(stored: str) -> None:
    x, w, b = torch.randn(4, 3).double(), np.ones((2, 3)), np.arange(2.0)[:, None]
    w[0, 1] = 5
    given = w if stored == "out by in" else w.T
    found = predicted(LINEAR, [(x.T, "CB")], w=given, b=b)
    expected = torch.nn.functional.linear(x, torch.from_numpy(w), torch.arange(2.0).double())
    assert found.labels == "CB"
    torch.testing.assert_close(found.data, expected.T)


def test_square_weights_of_pytorch_are_refused() -> None:
    with pytest.raises(UnsupportedCodeError, match="3×3"):
        predicted(LINEAR, [(torch.ones(3, 4), "CB")], w=np.ones((3, 3)), b=np.ones((3, 1)))


def test_a_constant_of_tensorflow_in_the_one_order_that_fits() -> None:
    body = """
    in1 = struct('value', in1, 'rank', 4);
    mean_of.value = obj.m;
    mean_of.rank = 3;
    out = tfSub(in1, mean_of);
    out = out.value;"""
    x, m = image(), np.array([1.0, 2.0, 3.0])
    expected = in_matlab(x - torch.from_numpy(m)[:, None, None])[0]
    for size in ((1, 1, 3), (3, 1, 1)):
        found = predicted(body, [in_matlab(x)], m=m.reshape(size))
        assert found.labels == "SSCB"
        torch.testing.assert_close(found.data, expected)


def test_a_mean_of_onnx() -> None:
    body = """
    in1 = stripdims(in1);
    x = net.ops.permuteInputVar(in1, [4 3 1 2], 4);
    y = mean(x, net.ops.prepareReduceArgs([2 3], 4));
    out = net.ops.permuteOutputVar(y, [3 4 2 1], 4);
    if ~coder.target('MATLAB'), error(message('a:b')); end
    out = dlarray(single(out), 'SSCB');"""
    x = image()
    found = predicted(body, [in_matlab(x)])
    expected = in_matlab(x.mean((2, 3), keepdim=True))[0]
    torch.testing.assert_close(found.data, expected.float())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "[p, n] = prepareTransposeArgs([0 2 3 1], 4); y = permute(x, p);",
            lambda x: x.transpose(0, 2, 3, 1),
        ),
        (
            "[s, n] = prepareReshapeArgs(x, [0 -1 10], 4, 0); y = reshape(x, s{:});",
            lambda x: x.reshape(2, -1, 10),
        ),
        ("[y, n] = onnxUnsqueeze(x, 1, 4);", lambda x: x[:, None]),
        ("[x, n] = onnxUnsqueeze(x, 0, 4); [y, n] = onnxSqueeze(x, 0, n);", lambda x: x),
        ("[y, n] = onnxConcat(1, {x, 2*x}, [4 4]);", lambda x: np.concatenate([x, 2 * x], 1)),
        (
            "[a, b, n] = prepareFlattenArgs(x, 1, 4); y = reshape(x, a, b);",
            lambda x: x.reshape(2, -1),
        ),
    ],
)
def test_operators_of_onnx(lines: str, expected: Any) -> None:
    body = f"x = permuteInputVar(stripdims(in1), [4 3 1 2], 4);\n{lines}\n"
    body += "out = dlarray(y, repmat('U', 1, max(2, n)));"
    x = image()
    found = predicted(body, [in_matlab(x)]).data.numpy()
    wanted = expected(x.numpy())
    assert np.array_equal(found.reshape(wanted.shape[::-1]), wanted.transpose())
