"""The fully connected layer: its layouts in files, its order of flattening, its formats.

Expected values: the documentation page, numpy's own column-major flattening, ONNX Runtime's Gemm,
and saved files (sizes of their fields).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import matlab_compat
from matlab_compat import FullyConnectedLayer, dlarray, fullyConnectedLayer
from matlab_compat.errors import DataFormatError, PropertyError, ReadOnlyPropertyError

from ...real import MAT_FILES, file_id
from ..filter_reference import Array, assert_close, normal, onnx_run
from ..saved import saved_layers


def layer(outputs: int, inputs: int, **options: Any) -> FullyConnectedLayer:
    W, b = normal(outputs, inputs), normal(outputs, 1, seed=1)
    return fullyConnectedLayer(outputs, Weights=W, Bias=b, **options)


# --- properties -------------------------------------------------------------------------


def test_defaults_are_those_of_the_page() -> None:
    made = fullyConnectedLayer(10)
    assert (made.OutputSize, made.InputSize) == (10, "auto")
    assert (made.WeightsInitializer, made.BiasInitializer) == ("glorot", "zeros")
    assert (made.WeightL2Factor, made.BiasL2Factor) == (1, 0)
    assert made.description() == "10 fully connected layer"


@pytest.mark.parametrize("name", ["InputSize", "OutputSize"])
def test_sizes_are_read_only(name: str) -> None:
    with pytest.raises(ReadOnlyPropertyError, match=f"{name} is read-only"):
        setattr(fullyConnectedLayer(3), name, 5)


def test_InputSize_is_no_argument() -> None:
    with pytest.raises(PropertyError, match="has no argument 'InputSize'"):
        fullyConnectedLayer(3, InputSize=4)


def test_InputSize_is_taken_from_Weights() -> None:
    assert layer(3, 5).InputSize == 5


def test_orthogonal_is_an_initializer_of_this_layer() -> None:
    made = fullyConnectedLayer(4, WeightsInitializer="orthogonal").initialize(6, seed=0)
    np.testing.assert_allclose(made.Weights @ made.Weights.T, np.eye(4), atol=1e-6)


@pytest.mark.parametrize("size", [(4, 5), (5,), (5, 3), (2, 2, 2, 3)])
def test_Weights_of_another_size_are_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(PropertyError, match="need 3×InputSize"):
        fullyConnectedLayer(3, Weights=normal(*size))


def test_Weights_for_another_input_are_refused() -> None:
    made = layer(3, 5)
    with pytest.raises(PropertyError, match="InputSize 5 need 3×5"):
        made.Weights = normal(3, 6)


@pytest.mark.parametrize("size", [(3,), (1, 3), (3, 1), (1, 1, 3)])
def test_Bias_is_a_column(size: tuple[int, ...]) -> None:
    assert fullyConnectedLayer(3, Bias=normal(*size)).Bias.shape == (3, 1)


def test_Bias_of_another_size_is_refused() -> None:
    with pytest.raises(PropertyError, match="OutputSize 3 needs 3×1"):
        fullyConnectedLayer(3, Bias=normal(4))


def test_repr_evaluates_to_the_layer() -> None:
    made = layer(2, 3, Name="fc")
    assert eval(repr(made), {"np": np, **vars(matlab_compat)}) == made
    assert copy.deepcopy(made) == made


# --- files ------------------------------------------------------------------------------


def from_fields(W: object, b: object, **more: object) -> FullyConnectedLayer:
    learnables = {
        "Weights": {"Value": W, "LearnRateFactor": 1.0, "L2Factor": 1.0},
        "Bias": {"Value": b, "LearnRateFactor": 1.0, "L2Factor": 0.0},
    }
    return FullyConnectedLayer.from_fields({"Version": 3.0, "Name": "fc", **learnables, **more})


def row(*numbers: float) -> Array:
    return np.array([numbers])


def test_fields_of_a_dlnetwork() -> None:
    made = from_fields(normal(6, 10), normal(6, 1), InputSize=10.0, OutputSize=6.0)
    assert (made.OutputSize, made.InputSize, made.Weights.shape) == (6, 10, (6, 10))


def test_fields_of_version_2_untrained() -> None:
    empty = np.zeros((0, 0))
    made = from_fields(empty, empty, Version=2.0, InputSize=empty, OutputSize=row(1, 1, 9))
    assert (made.OutputSize, made.InputSize, made.Weights.size) == (9, "auto", 0)


@pytest.mark.parametrize(
    ("sizes", "height", "width", "channels", "outputs"),
    [
        ({"InputSize": row(2, 3, 4), "OutputSize": row(1, 1, 5)}, 2, 3, 4, 5),
        ({"InputSize": np.zeros((0, 0)), "OutputSize": 5.0}, 1, 4, 8, 5),
        ({"InputSize": row(2, 3, 4), "OutputSize": row(1, 1, 1)}, 2, 3, 4, 1),
        ({"InputSize": row(2, 3, 1), "OutputSize": row(1, 1, 1)}, 2, 3, 1, 1),
        ({"InputSize": row(7, 1, 1), "OutputSize": row(1, 1, 3)}, 7, 1, 1, 3),
        ({"OutputSize": 1.0}, 2, 3, 4, 1),
        ({"InputSize": row(1, 1, 6), "OutputSize": row(1, 1, 1)}, 1, 1, 6, 1),
        ({"InputSize": row(1, 3, 4), "OutputSize": row(1, 1, 1)}, 1, 3, 4, 1),
        ({"InputSize": row(1, 3, 1), "OutputSize": 1.0}, 1, 3, 1, 1),
        ({"InputSize": row(1, 1, 1), "OutputSize": row(1, 1, 1)}, 1, 1, 1, 1),
    ],
)
def test_fields_with_weights_as_wide_as_the_image(
    sizes: dict[str, object], height: int, width: int, channels: int, outputs: int
) -> None:
    W = normal(height, width, channels, outputs)
    saved = W
    while saved.ndim > 2 and saved.shape[-1] == 1:
        saved = saved[..., 0]  # as MATLAB drops them
    made = from_fields(saved, normal(1, 1, outputs), **sizes)
    X = normal(height, width, channels, 2, seed=3)
    expected = np.einsum("hwcf,hwcn->fn", W, X, dtype=np.float64) + made.Bias
    assert made.Weights.shape == (outputs, height * width * channels)
    assert_close(made.predict(X, "SSCB"), expected)


@pytest.mark.parametrize("outputs", [1, 5])
def test_fields_with_weights_as_deep_as_the_3d_image(outputs: int) -> None:
    W = normal(2, 3, 2, 4, outputs)
    sizes = {"InputSize": row(2, 3, 2, 4), "OutputSize": row(1, 1, 1, outputs)}
    saved = W[..., 0] if outputs == 1 else W
    made = from_fields(saved, normal(1, 1, 1, outputs), **sizes)
    X = normal(2, 3, 2, 4, 2, seed=3)
    expected = np.einsum("hwdcf,hwdcn->fn", W, X, dtype=np.float64) + made.Bias
    assert_close(made.predict(X, "SSSCB"), expected)


# --- arithmetic -------------------------------------------------------------------------


def test_vectors_are_those_of_onnx_Gemm() -> None:
    made, X = layer(3, 5), normal(5, 4, seed=2)
    expected = onnx_run("Gemm", [X.T, made.Weights, made.Bias.ravel()], transB=1)
    assert_close(made.predict(X), expected.T)


@pytest.mark.parametrize("size", [(4, 5), (2, 3, 5), (2, 3, 4, 5)])
def test_images_are_flattened_column_major(size: tuple[int, ...]) -> None:
    X = normal(*size, 2, seed=2)
    made = layer(3, int(np.prod(size)))
    flat = X.reshape(-1, 2, order="F").astype(np.float64)
    labels = "S" * (len(size) - 1) + "CB"
    assert_close(made.predict(X, labels), made.Weights @ flat + made.Bias)


@pytest.mark.parametrize("size", [(5,), (4, 5), (2, 3, 5), (2, 2, 2, 3)])
def test_time_steps_are_handled_one_by_one(size: tuple[int, ...]) -> None:
    X = normal(*size, 2, 6, seed=2)
    made = layer(3, int(np.prod(size)))
    labels = "S" * (len(size) - 1) + "CBT"
    Y = made.predict(X, labels)
    assert Y.shape == (3, 2, 6)
    flat = X[..., 4].reshape(-1, 2, order="F").astype(np.float64)
    assert_close(Y[..., 4], made.Weights @ flat + made.Bias)


def test_the_output_of_an_image_has_no_space() -> None:
    Y = layer(3, 24).predict(dlarray(normal(2, 3, 4, 5), "SSCB"))
    assert (Y.dims(), Y.shape) == ("CB", (3, 5))


def test_formats_that_are_refused() -> None:
    with pytest.raises(DataFormatError, match="does not take the format 'SSU'"):
        fullyConnectedLayer(3).output_formats(["SSU"])


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(DataFormatError, match="has 24 input channels"):
        layer(3, 24).predict(normal(2, 3, 5, 1), "SSCB")


def test_an_absent_bias_is_zero() -> None:
    made = fullyConnectedLayer(2, Weights=np.eye(2))
    np.testing.assert_array_equal(made.predict(np.array([[1.0], [2.0]])), [[1], [2]])


def test_training_is_taken_back() -> None:
    made = layer(3, 5)
    W, module = made.Weights.copy(), made.to_torch()
    with torch.no_grad():
        module.get_parameter("weight").add_(1)
    np.testing.assert_array_equal(made.assign_from_torch(module).Weights, W + np.float32(1))


def test_export_with_any_batch() -> None:
    made = layer(3, 24).to_torch(formats=["SSCB"]).eval()
    x = torch.from_numpy(normal(2, 4, 2, 3))
    dynamic = ({0: torch.export.Dim("batch")},)
    exported = torch.export.export(made, (x,), dynamic_shapes=dynamic).module()
    more = torch.from_numpy(normal(5, 4, 2, 3))
    torch.testing.assert_close(exported(more), made(more))


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_layers_of_real_files_are_built(path: Any) -> None:
    saved = saved_layers(path, "FullyConnectedLayer")
    if not saved:
        pytest.skip("no fully connected layer in this file")
    for s in saved:
        made, value = s.build(), s.fields["Weights"]["Value"]
        assert isinstance(made, FullyConnectedLayer)
        if value.ndim > 2 and value.size:
            value = value.reshape(*value.shape, *(1,) * (4 - value.ndim))
            X = normal(*value.shape[:3], 1)
            expected = np.einsum("hwcf,hwcn->fn", value, X, dtype=np.float64) + made.Bias
            assert_close(made.predict(X, "SSCB"), expected)
        elif value.size:
            np.testing.assert_array_equal(made.Weights, value)


# --- one dimension alone (R2026a) -------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "form"), [(1, "CBT"), (3, "CBT"), (2, "SSCB"), (3, "SSCB"), (1, "SCBT")]
)
def test_OperationDimension_multiplies_that_dimension(dimension: int, form: str) -> None:
    X = normal(*(3, 4, 5, 2)[: len(form)])
    made = layer(6, X.shape[dimension - 1], OperationDimension=dimension)
    W, b = made.Weights.astype(float), made.Bias.astype(float)
    moved = np.moveaxis(X.astype(float), dimension - 1, -1) @ W.T + b[:, 0]
    assert_close(made.predict(X, form), np.moveaxis(moved, -1, dimension - 1))


def test_the_example_of_time_gives_the_size_of_the_page() -> None:
    fields = {"OutputSize": 2.0, "Weights": normal(2, 3), "Bias": [], "OperationDimension": 3.0}
    made = FullyConnectedLayer.from_fields(fields)
    assert made.predict(normal(3, 1, 3), "CBT").shape == (3, 1, 2)


def test_the_dimension_is_the_second_argument_of_the_function() -> None:
    made = fullyConnectedLayer(4, 3).initialize(5)
    assert made.OperationDimension == 3
    assert made.Weights.shape == (4, 5)
    assert fullyConnectedLayer(4).OperationDimension == "spatial-channel"


def test_a_network_sizes_the_weights_by_that_dimension() -> None:
    net = matlab_compat.dlnetwork(
        [matlab_compat.imageInputLayer([7, 5, 3], Normalization="none"), fullyConnectedLayer(2, 1)]
    )
    assert net.initialize().Layers[1].Weights.shape == (2, 7)


@pytest.mark.parametrize("dimension", [2, 4])
def test_the_batch_and_dimensions_that_are_not_there_are_refused(dimension: int) -> None:
    with pytest.raises(DataFormatError, match=f"OperationDimension {dimension} is no dimension"):
        layer(2, 3, OperationDimension=dimension).predict(normal(3, 3, 3), "CBT")


@pytest.mark.parametrize("value", ["channel", 0, 1.5, [1, 2]])
def test_what_is_no_OperationDimension_is_refused(value: object) -> None:
    with pytest.raises(PropertyError, match="'spatial-channel' or a positive integer"):
        fullyConnectedLayer(2, OperationDimension=value)
