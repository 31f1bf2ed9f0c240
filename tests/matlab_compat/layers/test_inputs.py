"""Input layers.

Expected values: the formulas of the documentation page of imageInputLayer written out in numpy, the
structs that real files hold, and rows of layer arrays from the pages.
"""

from __future__ import annotations

import math
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

import matlab_compat as mc
from matlab_compat import Layer
from matlab_compat.errors import (
    DataFormatError,
    MatlabCompatWarning,
    PropertyError,
    UnsupportedLayerError,
)
from tests.real import MAT_FILES, file_id

from ..saved import family_layers, saved_layers

Array = NDArray[Any]
RNG = np.random.default_rng(7)
CLOSE: Any = {"rtol": 1e-5, "atol": 1e-5}

MODES = ["zerocenter", "zscore", "rescale-symmetric", "rescale-zero-one"]


def written_out(mode: str, x: Array, s: dict[str, Array]) -> Array:
    """The formula of the page; numpy aligns trailing dimensions, so N is moved in front."""
    x = np.moveaxis(x, -1, 0).astype(np.float64)
    y = {
        "zerocenter": lambda: x - s["Mean"],
        "zscore": lambda: (x - s["Mean"]) / s["StandardDeviation"],
        "rescale-symmetric": lambda: 2 * (x - s["Min"]) / (s["Max"] - s["Min"]) - 1,
        "rescale-zero-one": lambda: (x - s["Min"]) / (s["Max"] - s["Min"]),
    }[mode]()
    return np.moveaxis(y, 0, -1)


def statistics(*size: int) -> dict[str, Array]:
    mean, low = RNG.standard_normal(size), RNG.standard_normal(size) - 3
    return {
        "Mean": mean,
        "StandardDeviation": RNG.random(size) + 0.5,
        "Min": low,
        "Max": low + RNG.random(size) + 1,
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(4, 5, 3), (1, 1, 3), (1, 1, 1), (4, 5, 1)])
def test_images_are_normalized_by_element_channel_or_scalar(
    mode: str, size: tuple[int, ...]
) -> None:
    given = statistics(*size)
    layer = mc.imageInputLayer([4, 5, 3], Normalization=mode, **given)
    x = RNG.standard_normal((4, 5, 3, 2))
    np.testing.assert_allclose(layer.predict(x), written_out(mode, x, given), **CLOSE)


def test_a_number_is_the_statistic_of_every_element() -> None:
    layer = mc.imageInputLayer([2, 2, 3], Mean=1.5)
    np.testing.assert_array_equal(layer.predict(np.ones((2, 2, 3, 1))), np.full((2, 2, 3, 1), -0.5))


@pytest.mark.parametrize("mode", MODES)
def test_3d_images_are_normalized(mode: str) -> None:
    given = statistics(2, 3, 4, 2)
    layer = mc.image3dInputLayer([2, 3, 4, 2], Normalization=mode, **given)
    x = RNG.standard_normal((2, 3, 4, 2, 2))
    np.testing.assert_allclose(layer.predict(x), written_out(mode, x, given), **CLOSE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("upright", [True, False])
def test_features_are_normalized_by_a_vector_of_either_orientation(
    mode: str, upright: bool
) -> None:
    given = statistics(3)
    vectors = {k: v.reshape((3, 1) if upright else (1, 3)) for k, v in given.items()}
    layer = mc.featureInputLayer(3, Normalization=mode, **vectors)
    x = RNG.standard_normal((3, 4))
    np.testing.assert_allclose(layer.predict(x), written_out(mode, x, given), **CLOSE)


@pytest.mark.parametrize(
    ("size", "labels"),
    [(3, "CBT"), ([4, 3], "SCBT"), ([4, 5, 3], "SSCBT"), ([2, 3, 4, 3], "SSSCBT")],
)
def test_sequences_are_normalized_alike_at_every_time_step(size: Any, labels: str) -> None:
    given = statistics(*np.atleast_1d(size))
    layer = mc.sequenceInputLayer(size, Normalization="zscore", **given)
    assert layer.input_format() == labels
    assert layer.input_size() == tuple(np.atleast_1d(size))
    x = RNG.standard_normal((*np.atleast_1d(size), 2, 6))
    steps = [written_out("zscore", x[..., t], given) for t in range(6)]
    np.testing.assert_allclose(layer.predict(x), np.stack(steps, -1), **CLOSE)


def test_none_changes_nothing() -> None:
    x = RNG.standard_normal((4, 2)).astype(np.float32)
    np.testing.assert_array_equal(mc.featureInputLayer(4).predict(x), x)


def test_normalization_is_zerocenter_for_images_and_none_for_others() -> None:
    assert mc.imageInputLayer([4, 4, 1]).Normalization == "zerocenter"
    assert mc.sequenceInputLayer(4).Normalization == "none"
    assert mc.featureInputLayer(4).Normalization == "none"


@given(st.sampled_from(MODES), st.sampled_from([(2, 3, 4), (1, 1, 4), (1, 1, 1)]))
def test_statistics_come_back_from_torch(mode: str, size: tuple[int, ...]) -> None:
    given = {k: v.astype(np.float32) for k, v in statistics(*size).items()}
    layer = mc.imageInputLayer([2, 3, 4], Normalization=mode, **given)
    assert layer.assign_from_torch(layer.to_torch()) == mc.imageInputLayer(
        [2, 3, 4], Normalization=mode, **given
    )


def test_integer_images_may_have_an_integer_mean() -> None:
    layer = mc.imageInputLayer([2, 2, 1], Mean=np.array([[1, 2], [3, 4]], np.uint8))
    assert layer.predict(np.zeros((2, 2, 1, 1)))[1, 0, 0, 0] == -3


# --- what cannot be run -------------------------------------------------------------------


def test_missing_statistics_are_an_error_with_a_remedy() -> None:
    with pytest.raises(PropertyError, match="Mean is empty") as raised:
        mc.imageInputLayer([4, 4, 1]).to_torch()
    assert "after training" in raised.value.remedy


def test_a_normalization_function_is_refused_when_built() -> None:
    handle = SimpleNamespace(text="@(x)x/255")
    layer = mc.ImageInputLayer.from_fields({"InputSize": [4, 4, 1], "Normalization": handle})
    with pytest.raises(UnsupportedLayerError, match="@\\(x\\)x/255"):
        layer.to_torch()


def test_complex_input_is_refused_when_built() -> None:
    layer = mc.sequenceInputLayer(2, SplitComplexInputs=True)
    with pytest.raises(UnsupportedLayerError, match="SplitComplexInputs"):
        layer.to_torch()


@pytest.mark.parametrize(
    ("mode", "given"),
    [
        ("zscore", {"Mean": 0, "StandardDeviation": [[[1.0, 0.0]]]}),
        ("rescale-zero-one", {"Min": [[[0.0, 2.0]]], "Max": [[[1.0, 2.0]]]}),
    ],
)
def test_a_divisor_of_zero_warns_and_counts_as_one(mode: str, given: dict[str, Any]) -> None:
    layer = mc.imageInputLayer([1, 1, 2], Normalization=mode, **given)
    with pytest.warns(MatlabCompatWarning, match="divides by 0"):
        y = layer.predict(np.full((1, 1, 2, 1), 3.0))
    np.testing.assert_array_equal(y.ravel(), [3, 3] if mode == "zscore" else [3, 1])


@pytest.mark.parametrize("size", [(2,), (4, 4, 2), (1, 1, 4), (4, 4, 3, 2)])
def test_statistics_that_fit_no_input_are_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(PropertyError, match="fits no input"):
        mc.imageInputLayer([4, 4, 3], Mean=np.ones(size))


def test_only_its_own_format_enters_an_input_layer() -> None:
    layer = mc.imageInputLayer([4, 4, 1])
    assert layer.output_formats(["SSCB"]) == ("SSCB",)
    with pytest.raises(DataFormatError, match="'SSCB', not 'CB'"):
        layer.output_formats(["CB"])


@pytest.mark.parametrize(
    ("constructor", "size"),
    [
        (mc.imageInputLayer, [4]),
        (mc.imageInputLayer, [4, 4, 0]),
        (mc.image3dInputLayer, [1, 2]),
        (mc.sequenceInputLayer, [1, 2, 3, 4, 5]),
        (mc.featureInputLayer, [1, 2]),
    ],
)
def test_input_sizes_that_matlab_refuses(constructor: Any, size: Any) -> None:
    with pytest.raises(PropertyError, match="InputSize"):
        constructor(size)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(PropertyError, match="'rescale-symmetric'"):
        mc.imageInputLayer([4, 4, 1], Normalization="standard")


def test_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(DataFormatError, match="has 3 input channels"):
        mc.imageInputLayer([4, 4, 3], Mean=0).predict(np.zeros((4, 4, 1, 1)))


# --- saved objects ------------------------------------------------------------------------


def test_the_average_image_of_saved_objects_is_the_mean() -> None:
    fields = {
        "Version": 4.0,
        "Name": "in",
        "InputSize": np.array([[2.0, 2.0, 1.0]]),
        "Normalization": {
            "Version": 2.0,
            "Type": "zerocenter",
            "ImageSize": np.array([[2.0, 2.0, 1.0]]),
            "AverageImage": np.array([[1, 2], [3, 4]], np.float32),  # MATLAB drops the last 1
            "NumTrainingSamples": 10.0,
        },
        "Augmentations": np.zeros((1, 0)),
        "NormalizationDimension": "auto",
    }
    layer = mc.ImageInputLayer.from_fields(fields)
    assert layer.Mean.shape == (2, 2, 1)
    assert layer.predict(np.zeros((2, 2, 1, 1)))[1, 0, 0, 0] == -3


def test_the_saved_zscore_struct_has_mean_and_std() -> None:
    struct = {"Type": "zscore", "Mean": np.float32([[2]]), "Std": np.float32([[4]])}
    fields = {"InputSize": np.array([[1.0, 1.0, 1.0]]), "Normalization": struct}
    layer = mc.ImageInputLayer.from_fields(fields)
    assert layer.predict(np.full((1, 1, 1, 1), 10.0)).item() == 2


#: Inputs of every kind, with the size of one observation and the labels of a batch.
KINDS: list[tuple[type[Layer], list[float], tuple[int, ...], str]] = [
    (mc.ImageInputLayer, [2, 3, 2], (2, 3, 2), "SSCB"),
    (mc.Image3DInputLayer, [2, 2, 2, 3], (2, 2, 2, 3), "SSSCB"),
    (mc.SequenceInputLayer, [4], (4,), "CBT"),
    (mc.SequenceInputLayer, [3, 2], (3, 2), "SCBT"),
    (mc.SequenceInputLayer, [2, 3, 2], (2, 3, 2), "SSCBT"),
    (mc.FeatureInputLayer, [5], (5,), "CB"),
]


@pytest.mark.parametrize("targets", [(0.0, 1.0), (-1.0, 1.0)])
@pytest.mark.parametrize(("kind", "input_size", "size", "labels"), KINDS)
def test_the_saved_rescale_struct_maps_min_and_max_to_its_targets(
    kind: type[Layer],
    input_size: list[float],
    size: tuple[int, ...],
    labels: str,
    targets: tuple[float, float],
) -> None:
    """The struct of two real files (image input) and of one more (sequence input), R2024 on."""
    low, high = targets
    saved = size if len(size) > 1 else (*size, 1)  # C×1
    least = RNG.standard_normal(saved).astype(np.float32)
    most = least + 1 + RNG.random(saved).astype(np.float32)
    struct = {
        "Version": 1.0,
        "Type": "rescale",
        "ImageSize": np.array([input_size]),
        "Min": least,
        "Max": most,
        "TargetMin": np.array([[low]]),
        "TargetMax": np.array([[high]]),
    }
    fields = {"Version": 5.0, "InputSize": np.array([input_size]), "Normalization": struct}
    layer = kind.from_fields(fields)
    x = RNG.standard_normal((*size, *[2, 4][: len(labels) - len(size)])).astype(np.float32)
    shape = (*size, *(1,) * (x.ndim - len(size)))
    a, b = least.reshape(shape).astype(float), most.reshape(shape).astype(float)
    expected = (x - a) / (b - a) * (high - low) + low
    np.testing.assert_allclose(layer.predict(x, labels), expected, **CLOSE)


@pytest.mark.parametrize(("kind", "input_size", "size", "labels"), KINDS)
def test_the_saved_zscore_struct_is_run_by_every_kind_of_input(
    kind: type[Layer], input_size: list[float], size: tuple[int, ...], labels: str
) -> None:
    mean, deviation = np.float32([[0.5]]), np.float32([[4]])
    struct = {"Version": 1.0, "Type": "zscore", "Mean": mean, "Std": deviation}
    layer = kind.from_fields({"InputSize": np.array([input_size]), "Normalization": struct})
    x = RNG.standard_normal((*size, *[2, 4][: len(labels) - len(size)])).astype(np.float32)
    np.testing.assert_allclose(layer.predict(x, labels), (x - 0.5) / 4, **CLOSE)


def rescale_fields(**fields: object) -> dict[str, object]:
    struct = {"Type": "rescale", "Min": np.float32([[0]]), "Max": np.float32([[2]]), **fields}
    return {"InputSize": np.array([[1.0, 1.0, 1.0]]), "Normalization": struct}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"TargetMin": 0.0, "TargetMax": 255.0}, "of Type 'rescale' with TargetMin 0.0 and"),
        ({}, "of Type 'rescale',"),
        ({"TargetMin": 0.0, "TargetMax": 1.0, "Robust": 3.0}, "Robust is 3.0"),
    ],
)
def test_a_rescale_struct_of_another_range_or_with_more_in_it_is_refused(
    fields: dict[str, object], said: str
) -> None:
    layer = mc.ImageInputLayer.from_fields(rescale_fields(**fields))
    with pytest.raises(UnsupportedLayerError, match=said):
        layer.to_torch()


def test_an_unfilled_field_beside_a_saved_statistic_does_not_replace_it() -> None:
    struct = {"Type": "zscore", "Mean": np.float32([[2]]), "Std": np.float32([[4]])}
    struct |= {"AverageImage": np.zeros((0, 0))}
    layer = mc.ImageInputLayer.from_fields({"InputSize": [1, 1, 1], "Normalization": struct})
    assert layer.predict(np.full((1, 1, 1, 1), 10.0)).item() == 2


def test_subnormal_statistics_are_not_flushed_to_zero() -> None:
    """A real file has a Min of 1e-41 and a Max of 1e-37; x halfway between becomes 0.5."""
    low, high = np.float32(1e-41), np.float32(3e-41)
    assert 0 < low < np.finfo(np.float32).tiny
    low_high = {"Min": low.reshape(1, 1), "Max": high.reshape(1, 1)}
    layer = mc.SequenceInputLayer.from_fields(
        {
            "InputSize": 1.0,
            "Normalization": {"Type": "rescale", "TargetMin": 0.0, "TargetMax": 1.0, **low_high},
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = layer.predict(np.full((1, 1, 2), np.float32(2e-41)), "CBT")
    np.testing.assert_allclose(y, 0.5, rtol=1e-3)


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_rescaled_inputs_of_real_files_are_those_of_the_saved_numbers(path: Any) -> None:
    saved = saved_layers(path, "ImageInputLayer", "SequenceInputLayer", "FeatureInputLayer")
    structs = [(s, s.fields["Normalization"]) for s in saved]
    rescaled = [(s, n) for s, n in structs if hasattr(n, "keys") and n["Type"] == "rescale"]
    if not rescaled:
        pytest.skip("no input with Type 'rescale' in this file")
    for s, n in rescaled:
        layer = s.build()
        assert layer.description().endswith("normalization")
        assert "custom" not in layer.description()
        half = (n["Min"].astype(float) + n["Max"]) / 2
        size = layer.input_size()  # type: ignore[attr-defined]
        x = np.broadcast_to(half, size)[..., None].astype(np.float32)
        middle = (n["TargetMin"].item() + n["TargetMax"].item()) / 2
        np.testing.assert_allclose(layer.predict(x), middle, atol=1e-5)


def test_an_empty_saved_normalization_is_none() -> None:
    fields = {"InputSize": np.array([[2.0, 2.0, 1.0]]), "Normalization": np.zeros((1, 0))}
    assert mc.ImageInputLayer.from_fields(fields).Normalization == "none"


def test_a_saved_normalization_without_a_name_is_not_run() -> None:
    """Found by fuzzing: the damaged file had numbers in the place of the name."""
    struct = {"Type": np.zeros((1, 2)), "AverageImage": np.ones((2, 2))}
    fields = {"InputSize": np.array([[2.0, 2.0, 1.0]]), "Normalization": struct}
    layer = mc.ImageInputLayer.from_fields(fields)
    with pytest.raises(UnsupportedLayerError, match="Normalization"):
        layer.to_torch()


def test_a_flag_of_a_file_that_is_no_logical_is_refused() -> None:
    """Found by fuzzing."""
    fields = {
        "InputSize": np.array([[2.0, 2.0, 1.0]]),
        "Normalization": {"Type": "zerocenter", "AverageImage": np.ones((2, 2))},
        "IsAverageImageMeanPerChannel": np.array([[7.0]]),
    }
    with pytest.raises(PropertyError, match="IsAverageImageMeanPerChannel must be true or false"):
        mc.ImageInputLayer.from_fields(fields)


def test_a_mean_image_meant_per_channel_is_undocumented_and_refused() -> None:
    struct = {"Type": "zerocenter", "AverageImage": np.ones((2, 2))}
    fields = {
        "InputSize": np.array([[2.0, 2.0, 1.0]]),
        "Normalization": struct,
        "IsAverageImageMeanPerChannel": np.array([[True]]),
    }
    with pytest.raises(UnsupportedLayerError, match="IsAverageImageMeanPerChannel"):
        mc.ImageInputLayer.from_fields(fields)


# --- the generic input layer --------------------------------------------------------------


def test_a_generic_input_has_its_size_in_matlabs_order() -> None:
    layer = mc.inputLayer([math.nan, 3, 8, math.nan], "BCSS")
    assert layer.input_format() == "SSCB"
    assert layer.input_size() == (8, -1, 3)
    assert layer.input_channels() == 3


def test_a_generic_input_without_batch_gets_one() -> None:
    assert mc.inputLayer([3, math.nan], "CT").input_format() == "CBT"


@pytest.mark.parametrize("labels", ["SSC", "SSCX", "SCBU"])
def test_a_generic_input_labels_every_dimension(labels: str) -> None:
    with pytest.raises(PropertyError, match=r"InputFormat|format"):
        mc.inputLayer([1, 2, 3, 4], labels)


# --- rows, repr, real files ---------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_real_input_layers_build_or_say_what_is_missing(path: Any) -> None:
    for saved in family_layers(path, "inputs"):
        layer: Any = saved.build()
        mode = getattr(layer, "Normalization", "none")  # an InputLayer has none
        needed = "Min" if mode.startswith("rescale") else "Mean"
        untrained = mode != "none" and getattr(layer, needed).size == 0
        if untrained:
            with pytest.raises(PropertyError, match="empty"):
                layer.to_torch()
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert isinstance(layer.to_torch(), nn.Module)
