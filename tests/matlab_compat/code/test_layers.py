"""Custom layers of the user's code: classes of our own in the styles that public ones have.

Expected values: each formula written out in numpy, in double precision and MATLAB's order.
"""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from converters.matfile.values import StructArray
from matlab_compat import (
    batchNormalizationLayer,
    dlnetwork,
    featureInputLayer,
    fullyConnectedLayer,
    parameter_groups,
    reluLayer,
)
from matlab_compat.code.definitions import Texts
from matlab_compat.code.layers import CodeFunctionLayer, CodeLayer, class_of_layer
from matlab_compat.code.program import Program
from matlab_compat.errors import (
    CodeError,
    DataFormatError,
    UnsupportedCodeError,
    UnsupportedLayerError,
)
from matlab_compat.layers import FullyConnectedLayer
from matlab_compat.layers.function import MatlabFunction
from matlab_compat.network import Network

Array = NDArray[Any]
LAYER = "nnet.layer.Layer"
FORMATTABLE = f"{LAYER} & nnet.layer.Formattable"


def source(body: str, properties: str = "", base: str = LAYER, name: str = "own") -> str:
    """A class file of one method, or of the methods that the body has."""
    methods = body if "function" in body else f"function Z = predict(layer, X)\n{body}\nend"
    return f"classdef {name} < {base}\n{properties}\nmethods\n{methods}\nend\nend\n"


def layer_of(texts: dict[str, str] | str, ports: tuple[int, int] = (1, 1), **fields: Any) -> Any:
    texts = {"own": texts} if isinstance(texts, str) else texts
    names = [
        [f"{end}{i}" for i in range(1, n + 1)] for n, end in zip(ports, ("in", "out"), strict=True)
    ]
    for which, given in zip(("Inputs", "Outputs"), names, strict=True):
        fields[f"nnet.layer.Layer.Private{which}"] = np.array([given], object)
    kind = class_of_layer(Program(Texts(texts)), "own", fields)
    assert kind is not None
    return kind.from_fields(fields)


def normal(*size: int, seed: int = 0) -> Array:
    return np.asfortranarray(np.random.default_rng(seed).standard_normal(size))


X = normal(5, 4, 3, 2)


def predicted(layer: CodeLayer, *inputs: Array, data_format: str = "SSCB") -> Any:
    given = inputs or (X,)
    return layer.predict(given if len(given) > 1 else given[0], data_format, dtype="double")


def test_properties_come_from_the_file_and_constants_from_the_class() -> None:
    properties = """
        properties (Constant)
            Two = 2
        end
        properties
            Scale = 7
        end"""
    layer = layer_of(
        source("Z = layer.Two * layer.Scale .* X;", properties), Scale=np.float64([[3]])
    )
    np.testing.assert_allclose(predicted(layer), 6 * X)


def test_the_constructor_never_runs() -> None:
    text = source(
        """function layer = own()
               error('this must not run')
           end
           function Z = predict(layer, X)
               Z = X + layer.Offset;
           end""",
        "properties\nOffset\nend",
    )
    np.testing.assert_allclose(predicted(layer_of(text, Offset=np.float64([[1.5]]))), X + 1.5)


SCALE = "properties (Learnable)\nGain\nend"


def test_learnables_are_parameters_that_gradients_reach() -> None:
    layer = layer_of(source("Z = layer.Gain .* X;", SCALE), Gain=normal(1, 1, 3, seed=1))
    module = layer.to_torch(dtype="double")
    x = torch.from_numpy(X.transpose(3, 2, 0, 1).copy())
    module(x).sum().backward()
    assert [name for name, _ in module.named_parameters()] == ["Gain"]
    np.testing.assert_allclose(module.Gain.grad, X.sum(axis=(0, 1, 3)).reshape(1, 1, 3))


def test_a_learnable_without_elements_keeps_its_size() -> None:
    text = source("Z = X + size(layer.W, 2);", "properties (Learnable)\nW\nend")
    x = normal(3, 2)
    found = predicted(layer_of(text, W=np.zeros((0, 4))), x, data_format="CB")
    np.testing.assert_array_equal(found, x + 4)


def test_trained_parameters_come_back_into_the_layer() -> None:
    layer = layer_of(source("Z = layer.Gain .* X;", SCALE), Gain=normal(1, 1, 3, seed=1))
    module = layer.to_torch()
    with torch.no_grad():
        module.Gain.fill_(2.0)
    layer.assign_from_torch(module)
    np.testing.assert_allclose(predicted(layer), 2 * X)


def test_a_network_counts_the_learnables_of_custom_layers() -> None:
    layer = layer_of(source("Z = layer.Gain .* X;", SCALE), Gain=normal(1, 1, 3), Name="own")
    assert list(Network([layer]).Learnables["Parameter"]) == ["Gain"]


def test_learn_rate_factors_are_those_of_the_file() -> None:
    factors = {"nnet.cnn.layer.mixin.Learnable.LearnRateFactor": np.float64([[0.25]])}
    layer = layer_of(source("Z = layer.Gain .* X;", SCALE), Gain=normal(1, 1, 3), **factors)
    assert layer.torch_factors()["Gain"].learn_rate == 0.25


def test_forward_serves_training_where_it_differs() -> None:
    layer = layer_of(
        source(
            """function Z = predict(layer, X)
                   Z = X;
               end
               function Z = forward(layer, X)
                   Z = 2 * X;
               end"""
        )
    )
    module, x = layer.to_torch(), torch.ones(1, 1, 2, 2)
    assert module.eval()(x).sum() == 4
    assert module.train()(x).sum() == 8


COUNTER = source(
    """function [Z, Seen] = predict(layer, X)
           Z = X + layer.Seen;
           Seen = layer.Seen + 1;
       end""",
    "properties (State)\nSeen\nend",
)


def test_a_state_is_kept_in_training_and_left_alone_in_prediction() -> None:
    module = layer_of(COUNTER, Seen=np.float64([[0]])).to_torch()
    x = torch.zeros(1, 1, 1, 2)
    assert [float(module.train()(x).max()) for _ in range(3)] == [0, 1, 2]
    assert [float(module.eval()(x).max()) for _ in range(2)] == [3, 3]


RECURRENT = source(
    """function [Z, Hidden] = predict(layer, X)
           Hidden = layer.Hidden;
           Z = zeros(size(X), 'like', X);
           for t = 1:size(X, 3)
               Hidden = tanh(layer.R * Hidden + X(:, :, t));
               Z(:, :, t) = Hidden;
           end
       end""",
    "properties (Learnable)\nR\nend\nproperties (State)\nHidden\nend",
)


def test_a_recurrent_layer_of_ones_own_keeps_its_state_for_each_observation() -> None:
    R = normal(3, 3, seed=4)
    layer = layer_of(RECURRENT, R=R, Hidden=np.zeros((3, 1)))
    data = normal(3, 2, 4, seed=5)
    module = layer.to_torch(dtype="double", formats=["CBT"]).train()
    x = torch.from_numpy(data.transpose(1, 0, 2).copy())
    results = [module(x).detach().numpy().transpose(1, 0, 2) for _ in range(2)]
    hidden = np.zeros((3, 1))
    for found in results:
        for t in range(4):
            hidden = np.tanh(R @ hidden + data[:, :, t])
            np.testing.assert_allclose(found[:, :, t], hidden, atol=1e-12)


def test_inspect_tries_the_labels_of_sequences_too() -> None:
    text = source("if ndims(X) ~= 3\nerror('sequences only');\nend\nZ = X;")
    about = layer_of(text).about_code()
    assert (about["labels"], about["exports"]) == ("CBT", "")


def test_large_arrays_are_buffers() -> None:
    table = normal(20, 20)
    layer = layer_of(source("Z = X * layer.Table(3, 2);", "properties\nTable\nend"), Table=table)
    assert [name for name, _ in layer.to_torch().named_buffers()] == ["Table"]
    np.testing.assert_allclose(predicted(layer), X * table[2, 1])


def test_several_inputs_and_outputs() -> None:
    layer = layer_of(
        source(
            """function [A, B] = predict(layer, X1, X2)
                   A = X1 + X2;
                   B = X1 - X2;
               end"""
        ),
        (2, 2),
    )
    other = normal(5, 4, 3, 2, seed=2)
    A, B = predicted(layer, X, other)
    np.testing.assert_allclose(A, X + other)
    np.testing.assert_allclose(B, X - other)


def test_a_formattable_layer_says_its_labels_itself() -> None:
    body = "Z = dlarray(permute(squeeze(mean(stripdims(X), [1 2])), [1 2]), 'CB');"
    layer = layer_of(source(body, base=FORMATTABLE))
    assert layer.output_formats(["SSCB"]) == ("CB",)
    np.testing.assert_allclose(predicted(layer), X.mean(axis=(0, 1)))


def test_labels_are_found_with_the_sizes_of_its_properties() -> None:
    body = "Z = dlarray(reshape(layer.W * stripdims(X), 2, 3, 4, []), 'SSCB');"
    W = normal(24, 7)
    layer = layer_of(source(body, "properties (Learnable)\nW\nend", FORMATTABLE), W=W)
    assert layer.output_formats(["CB"]) == ("SSCB",)
    vectors = normal(7, 5)
    expected = (W @ vectors).reshape(2, 3, 4, 5, order="F")
    np.testing.assert_allclose(predicted(layer, vectors, data_format="CB"), expected)


def test_a_formattable_layer_without_labels_is_refused() -> None:
    layer = layer_of(source("Z = stripdims(X);", base=FORMATTABLE))
    with pytest.raises(DataFormatError, match="without labels") as caught:
        layer.output_formats(["SSCB"])
    assert "own.m" in str(caught.value)


def test_a_layer_that_changes_what_the_dimensions_are_is_refused() -> None:
    layer = layer_of(source("Z = reshape(X, [], size(X, 4) * 2);"))
    with pytest.raises(DataFormatError, match="no 'SSCB' data of 2 observations"):
        predicted(layer)


def test_one_observation_runs_as_two_do() -> None:
    layer = layer_of(source("Z = X - mean(X, 3);"))
    one = X[..., :1]
    np.testing.assert_allclose(predicted(layer, one), one - one.mean(axis=2, keepdims=True))


BASE = source("Z = layer.change(X) + layer.Shift;", "properties\nShift\nend", name="base")


def test_methods_and_properties_of_the_users_own_base() -> None:
    own = source("function Y = change(layer, X)\nY = 2 * X;\nend", base="base")
    layer = layer_of({"own": own, "base": BASE}, Shift=np.float64([[1]]))
    np.testing.assert_allclose(predicted(layer), 2 * X + 1)


def test_a_base_without_a_file_is_named() -> None:
    with pytest.raises(UnsupportedCodeError, match="inherits from base"):
        layer_of(source("Z = X;", base="base"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [({}, "only the class has Shift"), ({"Shift": 1.0, "Gain": 2.0}, "only the file has Gain")],
)
def test_properties_that_are_not_those_of_the_file_are_listed(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnsupportedCodeError, match=said):
        layer_of(source("Z = X;", "properties\nShift\nend"), **fields)


def test_what_the_base_class_saves_is_no_property_of_the_class() -> None:
    """Releases from 2022 count the states of every layer."""
    layer = layer_of(source("Z = X;"), PrivateNumStates=np.float64([[0]]))
    np.testing.assert_array_equal(predicted(layer), X)


def test_a_class_without_a_file_is_named() -> None:
    with pytest.raises(UnsupportedCodeError, match="No file of the code defines the class own"):
        layer_of({})


def test_a_handle_class_is_refused() -> None:
    with pytest.raises(UnsupportedCodeError, match="is a handle"):
        layer_of(source("Z = X;", base=f"{LAYER} & handle"))


def test_a_loss_needs_no_class() -> None:
    text = source("Z = X;", base="nnet.layer.RegressionLayer")
    assert class_of_layer(Program(Texts({"own": text})), "own", {}) is None


def test_all_that_is_not_known_is_said_before_anything_runs() -> None:
    layer = layer_of(source("Y = imwarp(X, 1);\nZ = regionprops(Y);"))
    refusal = layer.refusal()
    assert refusal is not None
    assert "imwarp" in str(refusal)
    assert "regionprops" in str(refusal)


def test_a_fault_of_the_code_names_file_and_line() -> None:
    layer = layer_of(source("Y = X;\nZ = Y + ones(7, 7);"))
    with pytest.raises(CodeError, match=r"own\.m:6"):
        predicted(layer)


def test_properties_may_be_called_as_something_in_python() -> None:
    layer = layer_of(
        source(
            "Z = X .* layer.forward_ + layer.values;",
            "properties (Learnable)\nvalues\nforward_\nend",
        ),
        values=np.float64([[3]]),
        forward_=np.float64([[2]]),
    )
    np.testing.assert_allclose(predicted(layer), 2 * X + 3)
    assert set(layer.learnables()) == {"values", "forward_"}


def test_an_exported_layer_takes_any_number_of_observations() -> None:
    body = "Z = reshape(X, size(X, 1) * size(X, 2), 1, size(X, 3), []);\nZ = reshape(Z, size(X));"
    module = layer_of(
        source(f"{body}\nZ = Z .* layer.Gain;", SCALE), Gain=normal(1, 1, 3)
    ).to_torch()
    x = torch.randn(3, 3, 5, 4)
    batch = {0: torch.export.Dim.DYNAMIC}
    program = torch.export.export(module.eval(), (x,), dynamic_shapes=(({**batch},),))
    more = torch.randn(7, 3, 5, 4)
    torch.testing.assert_close(program.module()(more), module(more))


def test_what_depends_on_values_of_data_is_said_with_its_line() -> None:
    about = layer_of(source("if sum(X(:)) > 0\nZ = X;\nelse\nZ = -X;\nend")).about_code()
    assert "line 5" in about["exports"]
    assert "data" in about["exports"]


def test_what_inspect_says_of_a_layer() -> None:
    about = layer_of(source("Z = tanh(layer.Gain .* X);", SCALE), Gain=normal(1, 1, 3)).about_code()
    assert about == {
        "file": "own.m",
        "matched": ["Gain"],
        "functions": ["tanh"],
        "files": ["own.m"],
        "trains": ["Gain"],
        "labels": "SSCB",
        "exports": "",
    }


PAD = """
function Y = zeropad(X, n)
    if nargin < 2
        n = 1;
    end
    Y = cat(1, X, zeros(n, size(X, 2), size(X, 3), size(X, 4)));
end
"""


@pytest.mark.parametrize(("handle", "rows"), [("@zeropad", 1), ("@(X) zeropad(X, k)", 2)])
def test_a_function_layer_may_name_a_function_of_the_code(handle: str, rows: int) -> None:
    variables = {"k": np.float64([[2]])} if "k" in handle else {}
    fields = {"PredictFcn": MatlabFunction(handle, variables), "Name": "pad"}
    layer = CodeFunctionLayer.of(Program(Texts({"zeropad": PAD})), fields)
    expected = np.concatenate([X, np.zeros((rows, 4, 3, 2))])
    np.testing.assert_allclose(layer.predict(X, "SSCB", dtype="double"), expected)


def test_a_function_layer_without_its_function_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="zeropad"):
        CodeFunctionLayer.of(Program(Texts({})), {"PredictFcn": MatlabFunction("@zeropad")})


def test_structs_of_a_file_are_structs_of_the_code() -> None:
    body = "Z = X * layer.Settings.a + sum([layer.Steps.v]) + layer.Other.b;"
    layer = layer_of(
        source(body, "properties\nSettings\nSteps\nOther\nend"),
        Settings=StructArray((1, 1), {"a": [np.array([[2.0]])]}),
        Steps=StructArray((1, 2), {"v": [np.array([[1.0]]), np.array([[3.0]])]}),
        Other=SimpleNamespace(properties={"b": np.array([[10.0]])}),
    )
    np.testing.assert_allclose(predicted(layer), 2 * X + 14)


LEARNABLE_NET = "properties (Learnable)\nNet\nend"


def nested(
    body: str, base: str = FORMATTABLE, properties: str = LEARNABLE_NET, *more: Any
) -> tuple[Any, FullyConnectedLayer]:
    inner = fullyConnectedLayer(3, Name="fc").initialize(4, seed=0)
    network = dlnetwork([inner, *more, reluLayer(Name="relu")])
    return layer_of(source(body, properties, base), Net=network), inner


def test_a_network_in_a_property_computes() -> None:
    layer, inner = nested("Z = predict(layer.Net, X) + X(1:3, :);")
    x = normal(4, 5)
    expected = np.maximum(inner.Weights @ x + inner.Bias, 0) + x[:3]
    np.testing.assert_allclose(predicted(layer, x, data_format="CB"), expected, atol=1e-12)


@pytest.mark.parametrize("body", ["Z = predict(layer.Net.a, X);", "Z = predict(layer.Net{1}, X);"])
def test_a_network_within_a_cell_or_struct_computes_and_is_not_trained(body: str) -> None:
    inner = fullyConnectedLayer(3, Name="fc").initialize(4)
    held = [dlnetwork([inner])] if "{" in body else {"a": dlnetwork([inner])}
    layer = layer_of(source(body, "properties\nNet\nend", FORMATTABLE), Net=held)
    x = normal(4, 5)
    expected = inner.Weights @ x + inner.Bias
    np.testing.assert_allclose(predicted(layer, x, data_format="CB"), expected, atol=1e-12)
    assert list(layer.to_torch(formats=("CB",)).parameters()) == []


def test_a_network_in_a_property_is_exported_before_it_ever_ran() -> None:
    layer, _ = nested("Z = predict(layer.Net, X) + X(1:3, :);")
    assert layer.about_code()["exports"] == ""


def test_a_network_in_a_learnable_property_trains() -> None:
    """Beside the same network by itself, whose training is torch's."""
    layer, inner = nested("Z = predict(layer.Net, X) .* 2;")
    inner.WeightLearnRateFactor = 3.0
    module = layer.to_torch(formats=("CB",)).train()
    assert [*dict(module.named_parameters())] == ["Net.fc.weight", "Net.fc.bias"]
    groups = parameter_groups(module, 0.1)
    assert sorted(one["lr"] for one in groups) == pytest.approx([0.1, 0.3])
    alone = layer.Net.to_torch(formats={"in": "CB"}).train()
    alone_groups = parameter_groups(alone, 0.1)
    for step in range(4):
        x = torch.from_numpy(normal(5, 4, seed=step).astype(np.float32))
        for one, rates, scale in ((module, groups, 1), (alone, alone_groups, 2)):
            optimizer = torch.optim.SGD(rates, 0.1)
            optimizer.zero_grad()
            ((one(x) * scale) ** 2).mean().backward()
            optimizer.step()
    before = inner.Weights.copy()
    layer.assign_from_torch(module)
    assert not np.array_equal(inner.Weights, before)
    np.testing.assert_allclose(inner.Weights, alone.fc.weight.detach(), rtol=1e-5)


def test_a_module_of_code_survives_copy_and_pickle() -> None:
    module = nested("Z = predict(layer.Net, X) + 1;")[0].to_torch(formats=("CB",)).eval()
    x = torch.from_numpy(normal(5, 4).astype(np.float32))
    expected = module(x)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert all(torch.equal(other(x), expected) for _ in range(3))
        with torch.no_grad():
            other.Net.fc.bias.add_(1)
        assert not torch.equal(other(x), expected)
    assert torch.equal(module(x), expected)


def test_a_network_in_another_property_lets_gradients_through() -> None:
    layer, inner = nested("Z = predict(layer.Net, X);", FORMATTABLE, "properties\nNet\nend")
    module = layer.to_torch("cpu", "double", formats=("CB",)).train()
    x = torch.from_numpy(normal(5, 4)).requires_grad_()
    y = module(x)
    y.sum().backward()
    assert not any(one.requires_grad for one in module.parameters())
    expected = (y > 0).to(x.dtype).detach().numpy() @ inner.Weights
    np.testing.assert_allclose(x.grad, expected, rtol=1e-12)  # type: ignore[arg-type]


STATEFUL = """function [Z, net] = predict(layer, X)
Z = predict(layer.Net, X);
net = layer.Net;
end
function [Z, net] = forward(layer, X)
[Z, state] = forward(layer.Net, X);
net = layer.Net;
net.State = state;
end
"""


def test_the_state_of_a_network_in_a_property_is_kept_where_it_is_given_back() -> None:
    """Batch normalization in training, beside torch's own."""
    properties = "properties (Learnable, State)\nNet\nend"
    batch = batchNormalizationLayer(Name="bn").initialize(3)
    layer, _ = nested(STATEFUL, FORMATTABLE, properties, batch)
    module = layer.to_torch(formats=("CB",)).train()
    alone = layer.Net.to_torch(formats={"in": "CB"}).train()
    for step in range(4):
        x = torch.from_numpy(normal(5, 4, seed=step).astype(np.float32))
        torch.testing.assert_close(module(x), alone(x))
    for name, kept in alone.named_buffers():
        torch.testing.assert_close(module.Net.get_buffer(name), kept)
    layer.assign_from_torch(module)
    np.testing.assert_allclose(
        layer.Net.layer("bn").TrainedMean.ravel(), alone.bn.running_mean.numpy(), rtol=1e-6
    )
    x = torch.from_numpy(normal(5, 4).astype(np.float32))
    torch.testing.assert_close(module.eval()(x), alone.eval()(x))


def test_a_network_that_is_given_several_labels_has_one_state() -> None:
    in_time = (
        "Z = Z + dlarray(stripdims(predict(layer.Net, dlarray(stripdims(X), 'CBT'))), 'CB');\n"
    )
    properties = "properties (Learnable, State)\nNet\nend"
    batch = batchNormalizationLayer(Name="bn").initialize(3)
    code = STATEFUL.replace("net =", f"{in_time}net =", 1)
    layer, _ = nested(code, FORMATTABLE, properties, batch)
    module = layer.to_torch(formats=("CB",))
    x = torch.from_numpy(normal(5, 4).astype(np.float32))
    module.train()(x)
    torch.testing.assert_close(module.eval()(x), 2 * module.Net(x))


def test_the_state_of_a_network_that_is_not_given_back_stays() -> None:
    body = "function Z = predict(layer, X)\nZ = forward(layer.Net, X);\nend"
    batch = batchNormalizationLayer(Name="bn").initialize(3)
    module = nested(body, FORMATTABLE, LEARNABLE_NET, batch)[0].to_torch(formats=("CB",))
    before = {name: one.clone() for name, one in module.Net.named_buffers()}
    module.train()(torch.from_numpy(normal(5, 4).astype(np.float32)))
    assert all(torch.equal(one, before[name]) for name, one in module.Net.named_buffers())


def test_a_network_in_a_property_is_among_the_learnables_of_the_network_around() -> None:
    layer, _ = nested("Z = predict(layer.Net, X);")
    layer.Name = "own"
    around = dlnetwork([featureInputLayer(4, Name="in"), layer])
    assert list(around.Learnables["Layer"]) == ["own/Net/fc", "own/Net/fc"]


def test_a_network_in_a_property_is_exported_with_its_parameters() -> None:
    layer, _ = nested("Z = predict(layer.Net, X) + 1;")
    module = layer.to_torch(formats=("CB",)).eval()
    x = torch.from_numpy(normal(5, 4).astype(np.float32))
    program = torch.export.export(module, (x,))
    assert set(program.state_dict) == {"Net.fc.weight", "Net.fc.bias"}
    torch.testing.assert_close(program.module()(x), module(x))


def test_an_object_of_a_class_of_the_code_in_a_property_computes() -> None:
    scale = source("Z = layer.Factor .* X;", "properties\nFactor\nend", name="scale")
    outer = source(
        "Z = predict(layer.Inner, X) + layer.Inner.predict(X);", "properties\nInner\nend"
    )
    inner = SimpleNamespace(class_name="scale", properties={"Factor": np.array([[3.0]])})
    layer = layer_of({"own": outer, "scale": scale}, Inner=inner)
    np.testing.assert_allclose(predicted(layer), 6 * X)


def test_a_network_in_a_property_needs_labels() -> None:
    layer, _ = nested("Z = predict(layer.Net, X);", LAYER)
    with pytest.raises(UnsupportedCodeError, match="labelled"):
        predicted(layer, normal(4, 5), data_format="CB")


def test_sizes_that_the_code_says_and_products_of_properties_are_tried() -> None:
    body = "Z = dlarray(reshape(X, {}, []), 'SSCB');"
    said = layer_of(source(body.format("11, 7, 3"), base=FORMATTABLE))
    assert said.output_formats(["CB"]) == ("SSCB",)
    sides = body.format("layer.Size(1), layer.Size(2), layer.Size(3)")
    own = layer_of(
        source(sides, "properties\nSize\nend", base=FORMATTABLE), Size=np.float64([[5, 4, 3]])
    )
    assert own.output_formats(["CB"]) == ("SSCB",)


def test_code_for_one_observation_runs_on_one() -> None:
    layer = layer_of(source("Z = [X(1); X(2); X(1) + X(2)];"))
    x = normal(2, 1)
    expected = np.concatenate([x, x.sum(0, keepdims=True)])
    np.testing.assert_allclose(predicted(layer, x, data_format="CB"), expected)
    with pytest.raises(DataFormatError, match="no 'CB' data of 2 observations"):
        predicted(layer, normal(2, 2), data_format="CB")


def test_a_formattable_layer_may_give_another_number_of_observations() -> None:
    layer = layer_of(source("Z = dlarray(mean(stripdims(X), 2), 'CB');", base=FORMATTABLE))
    x = normal(3, 4)
    given = predicted(layer, x, data_format="CB")
    np.testing.assert_allclose(np.asarray(given).reshape(3, 1), x.mean(1, keepdims=True))


def test_learnables_may_be_complex() -> None:
    body = "Z = real(ifft(layer.W .* fft(X, [], 1), [], 1));"
    weights = normal(5, 1) + 1j * normal(5, 1, seed=1)
    layer = layer_of(source(body, "properties (Learnable)\nW\nend"), W=weights)
    expected = np.fft.ifft(weights[:, :, None, None] * np.fft.fft(X, axis=0), axis=0).real
    np.testing.assert_allclose(predicted(layer), expected)
    module = layer.to_torch(dtype="double", formats=["SSCB"])
    given = torch.from_numpy(X).permute(3, 2, 0, 1)
    for _ in range(3):
        found = module(given)
        np.testing.assert_allclose(found.detach().permute(2, 3, 1, 0).numpy(), expected)
    found.sum().backward()
    assert module.W.grad.shape == (5, 1, 2)
    with torch.no_grad():
        module.W *= 2
    layer.assign_from_torch(module)
    np.testing.assert_allclose(layer.W, 2 * weights)


def test_get_and_set_methods_run_where_the_code_reads_and_assigns() -> None:
    properties = "properties\nK\nend\nproperties (Dependent)\nTwice\nend"
    methods = (
        "function v = get.Twice(layer)\nv = 2 * layer.K;\nend\n"
        "function v = get.K(layer)\nv = layer.K + 1;\nend\n"
        "function layer = set.Twice(layer, v)\nlayer.K = v / 2;\nend\n"
        "function Z = predict(layer, X)\nbefore = layer.Twice;\nlayer.Twice = 10;\n"
        "Z = X .* before + layer.K;\nend"
    )
    layer = layer_of(source(methods, properties), K=np.float64([[3]]))
    np.testing.assert_allclose(predicted(layer), X * 8 + 6)


def test_a_base_class_calls_what_its_subclass_defines() -> None:
    texts = {
        "own": source("function Y = act(layer, X)\nY = helper.twice(X);\nend", base="base"),
        "base": source(
            "function Z = predict(layer, X)\nZ = act(layer, X) + layer.act(X);\nend", name="base"
        ),
        "helper": "classdef helper\nmethods (Static)\nfunction y = twice(x)\ny = 2 * x;\nend\n"
        "end\nend\n",
    }
    np.testing.assert_allclose(predicted(layer_of(texts)), 4 * X)


def test_dotted_names_that_are_not_there_are_reported_before_anything_runs() -> None:
    layer = layer_of(source("if false\nX = nnet.internal.away(X);\nend\nZ = X;"))
    refusal = layer.refusal()
    assert refusal is not None
    assert "own.m:6: uses nnet.internal.away, which is not in the code" in str(refusal)
