"""Function layers: what is translated computes what MATLAB computes, the rest is refused.

Expected values: numpy in float64 on arrays in MATLAB's order of dimensions (column-major where
reshaped), and GNU Octave for syntax and precedence, which it shares with MATLAB.
"""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matlab_compat import FunctionLayer, functionLayer
from matlab_compat.code.expression import FUNCTIONS
from matlab_compat.errors import DataFormatError, PropertyError, UnsupportedLayerError
from tests.patience import PATIENCE

from ...real import MAT_FILES, file_id
from ..saved import saved_layers

Array = NDArray[Any]


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


X = normal(3, 4, 2, 5)
D = X.astype(np.float64)


def predicted(text: str, *inputs: Array, data_format: str = "SSCB", **options: Any) -> Array:
    given = inputs or (X,)
    result = functionLayer(text, **options).predict(
        given if len(given) > 1 else given[0], data_format
    )
    return np.asarray(result)


def captured(text: str, **variables: Any) -> FunctionLayer:
    """A function handle with a workspace, in the form in which files hold it."""
    inside = SimpleNamespace(fields={name: [value] for name, value in variables.items()})
    cell = np.empty((2, 1), dtype=object)
    cell[0, 0], cell[1, 0] = object(), inside
    workspace = SimpleNamespace(properties={"any": cell})
    about = SimpleNamespace(fields={"workspace": [workspace]})
    raw = SimpleNamespace(fields={"function_handle": [about]})
    return FunctionLayer.from_fields({"PredictFcn": SimpleNamespace(text=text, raw=raw)})


# --- elementwise ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@(x).001*x", 0.001 * D),
        ("@(x) x.*2", D * 2),
        ("@(x) x/4 + 1", D / 4 + 1),
        ("@(W)W.^2./(sum(W.^2,1)+.01)", D**2 / ((D**2).sum(0, keepdims=True) + 0.01)),
        ("@tanh", np.tanh(D)),
        ("@(x) 1./(1+exp(-x))", 1 / (1 + np.exp(-D))),
        ("@(x) leakyrelu(x)", np.where(D > 0, D, 0.01 * D)),
        ("@(x) leakyrelu(x, 0.3)", np.where(D > 0, D, 0.3 * D)),
        ("@(x) max(x, 0)", np.maximum(D, 0)),
        ("@(x) min(max(x,-1),1)", np.clip(D, -1, 1)),
        ("@(x) log(1 + abs(x))", np.log(1 + np.abs(D))),
        ("@(x) x.*(x>0)", D * (D > 0)),
        ("@(x) x + sqrt(2)*pi", D + math.sqrt(2) * math.pi),
        ("@(x) mean(x,[1 2])", D.mean((0, 1), keepdims=True)),
        ("@(x) x - max(x,[],3)", D - D.max(2, keepdims=True)),
        ("@(x) single(x) * 2e-1", D * 0.2),
        ("@(x) fix(10*x)/10", np.fix(10 * X.astype(np.float32)) / 10),
    ],
)
def test_elementwise_functions(text: str, expected: Array) -> None:
    np.testing.assert_allclose(predicted(text), expected, rtol=2e-5, atol=1e-6)


def test_trap_truth_values_are_numbers() -> None:
    """In MATLAB true + true is 2."""
    expected = 2.0 * (D > 0)
    np.testing.assert_array_equal(predicted("@(x) (x>0)+(x>0)"), expected)


def test_trap_a_point_before_an_operator_belongs_to_the_operator() -> None:
    """``2.*x`` is ``2 .* x``; read as ``2. * x`` it would be a matrix product of a 2-vector."""
    x = normal(2, 3)
    np.testing.assert_array_equal(predicted("@(x)2.*x", x, data_format="CB"), 2 * x)
    np.testing.assert_allclose(predicted("@(x)2.^x", x, data_format="CB"), np.exp2(x), rtol=1e-6)


def test_several_inputs() -> None:
    layer = functionLayer("@(a,b) a - 2*b")
    assert layer.InputNames == ["in1", "in2"]
    other = normal(3, 4, 2, 5, seed=1)
    np.testing.assert_allclose(layer.predict((X, other)), X - 2 * other, rtol=1e-6, atol=1e-6)


EXPRESSIONS = [
    "-x.^2",
    "2.^-x",
    "-2^2*x",
    "2^3^2+x",
    "2^-1*x",
    "x.^2.^2",
    "-x.^-2",
    "1-2-x",
    "8/4/2*x",
    "2./x./4",
    "x-1>0",
    "-x>-0.5",
    "x+-1",
    "3 - -x",
    "1.*x",
    "1./x",
    "x*1e-2-1.5E1",
    "x.*(1+(x>0)-2*(x<=0.1))",
    "abs(-x)-x.*x+x./3",
]


@pytest.mark.octave
def test_precedence_is_octaves() -> None:
    x = np.array([[0.3], [-1.7], [2.5], [0.05]])
    column = "[" + ";".join(str(v) for v in x.ravel()) + "]"
    lines = [f"x={column}; printf('%.17g ', double({text})); disp('');" for text in EXPRESSIONS]
    run = subprocess.run(
        ["octave", "--no-gui", "--norc", "--eval", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    for text, line in zip(EXPRESSIONS, run.stdout.splitlines(), strict=True):
        expected = np.array([float(n) for n in line.split()]).reshape(4, 1)
        y = functionLayer(f"@(x){text}").predict(x, "CB", dtype="double")
        np.testing.assert_allclose(y, expected, rtol=1e-14, err_msg=text)


# --- dimensions -------------------------------------------------------------------------


def test_trap_permute_counts_dimensions_in_matlabs_order() -> None:
    np.testing.assert_array_equal(predicted("@(x) permute(x,[2 1 3 4])"), X.transpose(1, 0, 2, 3))


def test_trap_reshape_is_column_major() -> None:
    y = predicted('@(x) dlarray(reshape(x,[],size(x,4)),"CB")', Formattable=False)
    np.testing.assert_array_equal(y, X.reshape(24, 5, order="F"))
    same_rank = predicted("@(x) reshape(x,2,[],size(x,3),size(x,4))")
    np.testing.assert_array_equal(same_rank, X.reshape(2, 6, 2, 5, order="F"))


def test_labels_given_with_dlarray_are_put_in_matlabs_order() -> None:
    text = '@(x) dlarray(permute(stripdims(x),[3 1 2 4]),"CSSB")'
    layer = functionLayer(text, Formattable=True)
    assert layer.output_formats(["SSCB"]) == ("SSCB",)
    np.testing.assert_array_equal(layer.predict(X), X)


def test_squeeze_leaves_the_batch() -> None:
    for batch in (1, 5):
        x = normal(1, 1, 6, batch)
        y = predicted('@(x) dlarray(squeeze(x),"CB")', x)
        np.testing.assert_array_equal(y, x.reshape(6, batch))


def test_softmax_goes_over_the_channels_of_a_formatted_array() -> None:
    expected = np.exp(D) / np.exp(D).sum(2, keepdims=True)
    y = predicted("@(x) softmax(x)", Formattable=True)
    np.testing.assert_allclose(y, expected, rtol=1e-5)
    y = predicted("@(x) softmax(x,'DataFormat','SSCB')")
    np.testing.assert_allclose(y, expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype: torch.dtype) -> None:
    module = functionLayer("@(x) max(x,0)*2").to_torch(dtype=dtype, formats=["SSCB"])
    x = torch.from_numpy(np.ascontiguousarray(X)).to(dtype)
    assert torch.equal(module(x), (x.float().clamp(min=0) * 2).to(x.dtype))


def test_captured_number() -> None:
    layer = captured("@(x) x*scale+1", scale=np.array([[3.0]]))
    np.testing.assert_allclose(layer.predict(X), 3 * D + 1, rtol=1e-5)


def test_captured_array_expands_from_the_first_dimension() -> None:
    mean = normal(3, 1, seed=1).astype(np.float64)
    layer = captured("@(x) x-m", m=mean)
    np.testing.assert_allclose(layer.predict(X), D - mean[:, :, None, None], rtol=1e-5, atol=1e-6)


def test_captured_matrix_times_features() -> None:
    """The form of a real layer, ``[XFlat*W;YFlat*W]``: rows times features, stacked."""
    a, b, x = normal(1, 6, seed=1), normal(2, 6, seed=2), normal(6, 4)
    layer = captured("@(W)[A*W;B*W]", A=a, B=b)
    y = layer.predict(x, "CB")
    np.testing.assert_allclose(y, np.vstack([a @ x, b @ x]), rtol=1e-5, atol=1e-5)
    assert list(layer.to_torch(formats=["CB"]).state_dict()) == ["constant_0", "constant_1"]


# --- refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "@(x) x*x",
        "@(x) x^2",
        "@(x) 2/x",
        "@(x) x'",
        "@(x) x.'",
        "@(x) x(1,:)",
        "@(x) [x x]",
        "@(x) [x -x]",
        "@(x) sum(x)",
        "@(x) max(x)",
        "@(x) myFunction(x)",
        "@myFunction",
        "@rl.loss.dq",
        "@(x) x+y",
        "@(x) 3",
        "@(x) x.*@tanh",
        "@(x) reshape(x,2)",
        "@(x) x && x",
        "@(x) x\\2",
        "@(x) x;",
        "@(x) {x}",
        "@(x) eval('x')",
        "@(x) feval('tanh',x)",
        "@(x) __import__('os').system('true')",
        "@(x) sqrt(-1)*x",
        "@(x) x./(1/0)",
        "x.*2",
        "",
        "@",
        "@(",
        "@(x",
        "@(x)",
        "@(x)" + "(" * 100 + "x" + ")" * 100,
        "@(x)" + "x+" * 2000 + "x",
    ],
)
def test_what_is_not_understood_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(UnsupportedLayerError) as caught:
        functionLayer(text)
    assert (text[:100] or "(no text)") in caught.value.what
    assert "cannot be translated: it " in caught.value.what


@pytest.mark.parametrize(
    ("text", "formattable"),
    [
        ("@(x) sum(x,4)", False),
        ("@(x) permute(x,[4 2 3 1])", False),
        ("@(x) permute(x,[2 1])", False),
        ("@(x) permute(x,[2 1 3 4])", True),
        ("@(x) softmax(x)", False),
        ("@(x) dlarray(x,'SSBC')", False),
        ("@(x) dlarray(x,'SSC')", False),
        ("@(x) dlarray(x,'SXCB')", False),
        ("@(x) sum(reshape(x,[],size(x,4)),1)", False),
    ],
)
def test_uncertain_dimensions_are_refused(text: str, formattable: bool) -> None:
    layer = functionLayer(text, Formattable=formattable)
    with pytest.raises(UnsupportedLayerError) as caught:
        layer.output_formats(["SSCB"])
    assert text in caught.value.what


def test_matrix_product_needs_features() -> None:
    layer = captured("@(x) A*x", A=np.ones((2, 3)))
    with pytest.raises(UnsupportedLayerError, match="a matrix product needs two dimensions"):
        layer.predict(X)


def test_result_of_another_number_of_dimensions_is_refused() -> None:
    with pytest.raises(DataFormatError, match="label the result"):
        predicted("@(x) reshape(x,[],size(x,4))")


def test_captured_variable_that_is_no_number_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="'net', which is not numeric"):
        captured("@(x) x*net", net=object())


def test_several_outputs_are_refused() -> None:
    names = np.array([["out1", "out2"]], dtype=object)
    with pytest.raises(UnsupportedLayerError, match="2 outputs"):
        FunctionLayer.from_fields(
            {"PredictFcn": "@(x) x.*2", "nnet.layer.Layer.PrivateOutputs": names}
        )


@given(st.text("x@(),.*/^+-'\"[]12; <>=maxsuize", max_size=30))
def test_any_text_is_translated_or_refused(text: str) -> None:
    """No other error; a translation depends on the input."""
    try:
        layer = functionLayer("@(x)" + text)
    except UnsupportedLayerError:
        return
    assert "x" in text
    assert layer.function().inputs == ("x",)


def test_a_function_is_text() -> None:
    with pytest.raises(PropertyError, match="must be the text of a MATLAB function"):
        functionLayer(np.tanh)


# --- the layer --------------------------------------------------------------------------


def test_every_function_that_is_known_can_be_computed() -> None:
    unary = [name for name, counts in FUNCTIONS.items() if counts == (1,)]
    for name in unary:
        x = np.abs(X) / 3 + (name == "acosh")  # where all are real numbers
        assert np.isfinite(predicted(f"@(x) {name}(x)", x)).all(), name


def test_row_and_display() -> None:
    layer = functionLayer("@(x) x.*2", Name="double")
    assert layer.description() == "@(x) x.*2"
    assert "PredictFcn: @(x) x.*2" in str(layer)
    assert repr(layer) == "functionLayer('@(x) x.*2', Name='double')"
    assert layer.InputNames == ["in"]


def test_module_survives_copy_pickle_and_export() -> None:
    layer = captured("@(x) (x-m)./sum(abs(x),[1 2])", m=normal(3, 1, seed=1))
    module = layer.to_torch().eval()
    x = torch.from_numpy(np.ascontiguousarray(X.transpose(3, 2, 0, 1)))
    expected = module(x)
    torch.testing.assert_close(copy.deepcopy(module)(x), expected)
    torch.testing.assert_close(pickle.loads(pickle.dumps(module))(x), expected)
    dynamic = (({0: torch.export.Dim("n", min=2)},),)  # the module takes any number of inputs
    exported = torch.export.export(module, (x,), dynamic_shapes=dynamic).module()
    torch.testing.assert_close(exported(x[:3]), module(x[:3]))


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_every_real_function_layer_runs(path: Path) -> None:
    for saved in saved_layers(path, "FunctionLayer"):
        layer = saved.build()
        assert isinstance(layer, FunctionLayer)
        assert layer.description() == saved.fields["Description"]
        x = np.abs(normal(4096, 2))
        y = layer.predict(x, "CB")
        if layer.PredictFcn.text == "@(x).001*x":
            np.testing.assert_allclose(y, 0.001 * x.astype(np.float64), rtol=1e-6)
        elif layer.PredictFcn.text == "@(W)[XFlat*W;YFlat*W]":
            rows = [layer.PredictFcn.variables[name] for name in ("XFlat", "YFlat")]
            np.testing.assert_allclose(y, np.vstack(rows) @ x, rtol=1e-3, atol=1e-2)
        else:
            np.testing.assert_allclose(y, x**2 / ((x**2).sum(0) + 0.01), rtol=1e-4)
