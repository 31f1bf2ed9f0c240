"""Classes of layers: methods, labels, gradients, State, and their export.

Expected values: the formula of each layer, written out in torch.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from matlab_compat.code.numeric import Numeric, numeric
from matlab_compat.code.program import Program
from matlab_compat.code.values import Object
from matlab_compat.errors import (
    CodeError,
    DataDependentCodeError,
    UnsupportedCodeError,
)
from tests.matlab_compat.code.running import program


def layer_text(body: str, properties: str = "", more: str = "", above: str = "") -> str:
    return (
        f"classdef lay < {above or 'nnet.layer.Layer & nnet.layer.Formattable'}\n"
        f"properties\n{properties}\nend\nproperties (Learnable)\nW\nend\n"
        f"methods\nfunction [Z, layer] = predict(layer, X)\n{body}\nend\n{more}\nend\nend\n"
    )


def run(code: Program, x: torch.Tensor, labels: str = "SSCB", **properties: Any) -> Numeric:
    definition = code.class_named("lay")
    method = definition.method("predict")
    assert method is not None
    code.check(method)
    (found,) = code.call(method, [code.object(definition, properties), numeric(x, labels, True)])
    assert isinstance(found, Numeric)
    return found


def test_constants_come_from_the_class_and_other_values_from_the_file() -> None:
    code = program(lay=layer_text("Z = X * layer.Scale + layer.Shift;", "Scale = 2\nShift = 1"))
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(run(code, x, Shift=10.0).data, x * 2 + 10)


_ENUMERATION = "classdef Act\nenumeration\nRelu\nTanh\nend\nend\n"


def test_members_of_an_enumeration_decide() -> None:
    """MATLAB's documentation of enumerations: == with members and their names, switch, char."""
    body = """
    switch layer.Kind
        case Act.Tanh, Z = tanh(X);
        case {Act.Relu}, Z = relu(X);
    end
    if layer.Kind == Act.Relu && layer.Kind ~= "Tanh" && strcmp(char(layer.Kind), 'Relu')
        Z = 2 * Z;
    end
    """
    code = program(lay=layer_text(body, "Kind = Act.Relu"), Act=_ENUMERATION)
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(run(code, x).data, 2 * x.relu())
    kept = SimpleNamespace(class_name="Act", properties={"Name": "Tanh", "Value": 1})
    torch.testing.assert_close(run(code, x, Kind=kept).data, x.tanh())


def test_a_map_of_a_property_is_read_but_not_changed() -> None:
    constant = "Gains = containers.Map({'a', 'b'}, {2, 3})"
    code = program(lay=layer_text("Z = X * layer.Gains('b');", constant))
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(run(code, x).data, 3 * x)
    changed = program(lay=layer_text("m = layer.Gains; m('b') = 4; Z = X;", constant))
    with pytest.raises(UnsupportedCodeError, match="from call to call"):
        run(changed, x)


def test_methods_are_called_in_both_ways() -> None:
    more = "function y = twice(layer, x), y = 2 * x; end"
    code = program(lay=layer_text("Z = layer.twice(X) + twice(layer, X);", more=more))
    x = torch.randn(2, 3, dtype=torch.float64)
    torch.testing.assert_close(run(code, x, "CB").data, 4 * x)


def test_a_class_inherits_from_another_of_the_code() -> None:
    base = layer_text("Z = layer.twice(X);", more="function y = twice(layer, x), y = 2 * x; end")
    code = program(
        base=base.replace("classdef lay", "classdef base"),
        lay="classdef lay < base\nmethods\n"
        "function y = twice(layer, x), y = 3 * x; end\nend\nend\n",
    )
    x = torch.randn(2, 3)
    torch.testing.assert_close(run(code, x, "CB").data, 3 * x)


def test_a_base_that_is_not_in_the_code_is_named() -> None:
    code = program(lay=layer_text("Z = X;", above="myBase"))
    with pytest.raises(UnsupportedCodeError, match="inherits from myBase, which no file"):
        run(code, torch.ones(1, 1), "CB")


def test_a_changed_property_is_given_back_and_the_layer_stays() -> None:
    code = program(lay=layer_text("layer.Count = layer.Count + 1; Z = X;", "Count = 0"))
    definition = code.class_named("lay")
    method = definition.method("predict")
    assert method is not None
    layer = code.object(definition, {})

    _, changed = code.call(method, [layer, torch.ones(1, 1)], 2)

    assert isinstance(changed, Object)
    old, new = layer.properties["Count"], changed.properties["Count"]
    assert isinstance(old, Numeric)
    assert isinstance(new, Numeric)
    assert (old.data.item(), new.data.item()) == (0, 1)


def test_gradients_reach_inputs_and_learnables() -> None:
    body = (
        "Z = zeros(size(X), 'like', X);\n"
        "for k = 1:size(X, 1)\n  Z(k, :) = layer.W(k) .* X(k, :).^2;\nend\n"
        "Z = dlarray(Z, 'CB');"
    )
    code = program(lay=layer_text(body))

    def function(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        data = run(code, x, "CB", W=w).data
        assert isinstance(data, torch.Tensor)
        return data

    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    w = torch.randn(3, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (x, w))


@pytest.mark.parametrize(
    ("body", "labels", "kept"),
    [
        ("Z = relu(X);", "SSCB", True),
        ("Z = mean(X, 3);", "SSCB", True),
        ("Z = dlarray(stripdims(X), 'SSCB');", "SSCB", True),
        ("Z = dlarray(permute(stripdims(X), [2 1 3 4]), 'SSCB');", "SSCB", True),
        ("Z = X(:, :, 1, :);", "SSCB", True),
        ("Z = reshape(X, 1, []);", "SSCB", False),
        ("Z = X + 1;", "CBT", True),
        ("Z = softmax(X);", "SSCB", True),
    ],
)
def test_labels_are_kept_as_matlab_does(body: str, labels: str, kept: bool) -> None:
    x = torch.randn(*range(2, 2 + len(labels)))
    assert run(program(lay=layer_text(body)), x, labels).labels == (labels if kept else "")


def test_a_format_replaces_the_labels_that_an_array_has() -> None:
    """MATLAB's documentation of dlarray; its order of the dimensions is S, C, B, T, U."""
    x = torch.randn(2, 3, 4, 5)
    given = run(program(lay=layer_text("Z = dlarray(X, 'SSBC');")), x, "SSCB")
    assert given.labels == "SSCB"
    torch.testing.assert_close(given.data, x.transpose(2, 3))


def test_stripdims_arranges_the_dimensions_as_its_format_says() -> None:
    x = torch.randn(2, 3, 4, 5)
    given = run(program(lay=layer_text("Z = stripdims(X, 'BSCS');")), x, "SSCB")
    assert given.labels == ""
    torch.testing.assert_close(given.data, x.permute(3, 0, 2, 1))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("Z = permute(X, [2 1 3 4]);", "Permuting an array labelled 'SSCB'"),
        ("Z = pagemtimes(X, X);", "pagemtimes of labelled data"),
    ],
)
def test_what_matlab_does_with_labels_is_not_guessed(body: str, what: str) -> None:
    with pytest.raises(UnsupportedCodeError, match=what):
        run(program(lay=layer_text(body)), torch.randn(3, 3, 2, 2))


def test_all_that_is_missing_is_reported_at_once_before_anything_runs() -> None:
    body = "Z = imwarp(X);\nif false\n  Z = kdtree(X);\n  global q\nend"
    code = program(lay=layer_text(body))
    with pytest.raises(UnsupportedCodeError) as caught:
        run(code, torch.ones(1, 1), "CB")
    text = caught.value.what
    assert "lay.m:10: uses imwarp" in text
    assert "lay.m:12: uses kdtree" in text
    assert "lay.m:13: uses global variables" in text


def test_a_property_that_nobody_holds_is_named() -> None:
    with pytest.raises(CodeError, match="reads the property 'Gone'"):
        run(program(lay=layer_text("Z = X * layer.Gone;")), torch.ones(1, 1), "CB")


def test_two_classes_of_a_name_are_told_apart_by_their_properties() -> None:
    class Two:
        def find(self, name: str, near: str = "") -> Any:
            from matlab_compat.language.source import Source

            texts = {"one": layer_text("Z = X;", "A"), "other": layer_text("Z = 2 * X;", "B")}
            return [Source(name, f"{n}/lay.m", t) for n, t in texts.items()]

    code = Program(Two())
    assert code.class_named("lay", ["B", "W", "Name"]).path == "other/lay.m"
    with pytest.raises(UnsupportedCodeError, match=r"one/lay\.m, other/lay\.m"):
        code.class_named("lay", ["W"])


class Exported(nn.Module):
    """A layer of code as a module, batch first."""

    def __init__(self, code: Program, order: tuple[int, ...], labels: str) -> None:
        super().__init__()
        self.code, self.order, self.labels = code, order, labels
        self.W = nn.Parameter(torch.tensor([[1.0], [2.0], [3.0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = run(self.code, x.permute(self.order), self.labels, W=self.W)
        back = [self.order.index(n) for n in range(len(self.order))]
        assert isinstance(found.data, torch.Tensor)
        return found.data.permute(back)


BODIES = {
    "by element": "Z = max(0, X) + 0.1 * min(0, X);",
    "loop over channels": "Z = X; for k = 1:3, Z(:, :, k, :) = layer.W(k) * X(:, :, k, :); end",
    "reshape by sizes": "[h, w, c, n] = size(X); Y = reshape(stripdims(X), h * w, c, n);\n"
    "Y = Y - mean(Y, 1); Z = dlarray(reshape(Y, h, w, c, n), 'SSCB');",
    "attention": "[h, w, c, n] = size(X); Y = reshape(stripdims(X), h * w, c, n);\n"
    "A = pagemtimes(Y, 'transpose', Y, 'none') / sqrt(h); A = exp(A - max(A, [], 2));\n"
    "A = A ./ sum(A, 2); Z = dlarray(reshape(pagemtimes(Y, A), h, w, c, n), 'SSCB');",
    "mask": "Z = X; Z(X < 0) = 0;",
    "preallocated": "Z = zeros(size(X), 'like', X); Z(:, :, 1:3, :) = 2 * X;\n"
    "Z = dlarray(Z, 'SSCB');",
}


@pytest.mark.slow
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_batch_stays_free_in_export(body: str) -> None:
    module = Exported(program(lay=layer_text(body)), (2, 3, 1, 0), "SSCB")
    sizes = {"x": {0: torch.export.Dim("batch")}}

    exported = torch.export.export(module, (torch.randn(4, 3, 5, 6),), dynamic_shapes=sizes)

    other = torch.randn(7, 3, 5, 6)
    torch.testing.assert_close(exported.module()(other), module(other))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("if sum(X, 'all') > 0\n  Z = X;\nelse\n  Z = -X;\nend", "branch at line 10"),
        ("Z = X;\nwhile sum(Z, 'all') > 1\n  Z = Z / 2;\nend", "loop at line 11"),
        ("Z = X(X > 0);", "logical index depends on values"),
    ],
)
def test_what_depends_on_data_says_so_where_it_is_exported(body: str, what: str) -> None:
    module = Exported(program(lay=layer_text(body)), (1, 0), "CB")
    module(torch.randn(4, 3))
    with pytest.raises(DataDependentCodeError, match=what):
        torch.export.export(module, (torch.randn(4, 3),))
