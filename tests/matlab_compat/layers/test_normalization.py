"""Normalization and dropout layers.

Expected values: ONNX Runtime's BatchNormalization, LRN, InstanceNormalization and
LayerNormalization; torch where it is defined alike; otherwise the formulas of MATLAB's
documentation pages, written out in float64 numpy on arrays in MATLAB's order of dimensions.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import matlab_compat as mc
from matlab_compat import (
    BatchNormalizationLayer,
    CrossChannelNormalizationLayer,
    DropoutLayer,
    GroupNormalizationLayer,
    InstanceNormalizationLayer,
    Layer,
    LayerNormalizationLayer,
    batchNormalizationLayer,
    crossChannelNormalizationLayer,
    dropoutLayer,
    groupNormalizationLayer,
    instanceNormalizationLayer,
    layer_class,
    layerNormalizationLayer,
    spatialDropoutLayer,
)
from matlab_compat.errors import DataFormatError, MatlabCompatWarning, PropertyError

from ...oracle_onnx import run_onnx
from ...real import MAT_FILES, file_id
from ..saved import saved_layers

Array = NDArray[Any]

#: Formats with a size for each, in MATLAB's order; four channels everywhere.
SIZES = {
    "CB": (4, 3),
    "CBT": (4, 3, 5),
    "SCB": (6, 4, 3),
    "SSCB": (6, 7, 4, 3),
    "SCBT": (6, 4, 3, 5),
    "SSCBT": (6, 7, 4, 3, 5),
    "SSSCB": (3, 2, 5, 4, 3),
    "SSSCBT": (3, 2, 2, 4, 3, 5),
}
IMAGE = SIZES["SSCB"]


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def channel_values(seed: int, size: tuple[int, ...] = (1, 1, 4)) -> Array:
    return (np.random.default_rng(seed).random(size) + 0.5).astype(np.float32)


AFFINE: dict[str, Any] = {"Scale": channel_values(1), "Offset": channel_values(2)}
TRAINED: dict[str, Any] = {
    **AFFINE,
    "TrainedMean": channel_values(3),
    "TrainedVariance": channel_values(4),
}


def along_channels(values: Array, data_format: str) -> Array:
    """A vector of one value per channel, to be combined with data of that format."""
    shape = [4 if label == "C" else 1 for label in data_format]
    return values.astype(np.float64).reshape(shape)


def normalized(x: Array, data_format: str, shared: str, groups: int = 1) -> Array:
    """The definition: mean and variance over ``shared`` labels and groups of channels, affine."""
    x = x.astype(np.float64)
    c = data_format.index("C")
    y = np.empty_like(x)
    for block in np.split(np.arange(4), groups):
        part = np.take(x, block, axis=c)
        axes = tuple(i for i, label in enumerate(data_format) if label in "C" + shared)
        mean, variance = part.mean(axes, keepdims=True), part.var(axes, keepdims=True)
        index = [slice(None)] * x.ndim
        index[c] = slice(block[0], block[-1] + 1)
        y[tuple(index)] = (part - mean) / np.sqrt(variance + 1e-5)
    scale, offset = (along_channels(AFFINE[name], data_format) for name in ("Scale", "Offset"))
    return y * scale + offset


def to_torch_order(x: Array) -> Array:
    """H×W×C×N to N,C,H,W."""
    return np.ascontiguousarray(x.transpose(3, 2, 0, 1))


def close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5)


# --- batch normalization ----------------------------------------------------------------


def batch(**options: Any) -> BatchNormalizationLayer:
    return batchNormalizationLayer(**{**TRAINED, **options})


def test_batch_normalization_is_onnx_runtimes() -> None:
    x = normal(*IMAGE)
    layer = batch(Epsilon=1e-3)
    vectors = [TRAINED[n].ravel() for n in ("Scale", "Offset", "TrainedMean", "TrainedVariance")]
    expected = run_onnx("BatchNormalization", to_torch_order(x), *vectors, epsilon=1e-3)
    close(to_torch_order(layer.predict(x)), expected)


@pytest.mark.parametrize("data_format", SIZES)
def test_batch_normalization_is_per_channel_in_every_format(data_format: str) -> None:
    x = normal(*SIZES[data_format])
    scale, offset, mean, variance = (
        along_channels(TRAINED[n], data_format)
        for n in ("Scale", "Offset", "TrainedMean", "TrainedVariance")
    )
    expected = scale * (x - mean) / np.sqrt(variance + 1e-5) + offset
    close(batch().predict(x, data_format), expected)


@pytest.mark.parametrize("size", [(1, 1, 4), (4, 1), (1, 4), (4,), (1, 1, 1, 4)])
def test_trap_channel_vectors_have_any_orientation(size: tuple[int, ...]) -> None:
    turned = {name: value.reshape(size) for name, value in TRAINED.items()}
    x = normal(*IMAGE)
    np.testing.assert_array_equal(batch(**turned).predict(x), batch().predict(x))


@pytest.mark.parametrize("data_format", ["CB", "CBT", "SSCB", "SSCBT", "SSSCBT"])
def test_trap_train_takes_the_statistics_of_the_batch_over_all_but_channels(
    data_format: str,
) -> None:
    """Time is among the reduced dimensions."""
    x = normal(*SIZES[data_format])
    module = batch().to_torch(formats=[data_format]).train()
    order = sorted(range(x.ndim), key=lambda a: ("BCST".index(data_format[a]), a))
    y = module(torch.from_numpy(np.ascontiguousarray(x.transpose(order)))).detach().numpy()
    # Instance statistics shared by the batch: the definition with B among the shared labels.
    close(y.transpose(np.argsort(order)), normalized(x, data_format, "SBT", groups=4))


@pytest.mark.parametrize(("mean_decay", "variance_decay"), [(0.1, 0.1), (0.3, 0.05)])
def test_train_moves_the_statistics_by_the_decays(mean_decay: float, variance_decay: float) -> None:
    """``s = decay*s_batch + (1 - decay)*s``, the page of batchnorm; the variance unbiased."""
    x = normal(*IMAGE)
    layer = batch(MeanDecay=mean_decay, VarianceDecay=variance_decay)
    module = layer.to_torch().train()
    module(torch.from_numpy(to_torch_order(x)))
    layer.assign_from_torch(module)
    mean = x.mean((0, 1, 3)) * mean_decay + (1 - mean_decay) * TRAINED["TrainedMean"].ravel()
    variance = (
        x.var((0, 1, 3), ddof=1) * variance_decay
        + (1 - variance_decay) * TRAINED["TrainedVariance"].ravel()
    )
    close(layer.TrainedMean, mean.reshape(1, 1, 4))
    close(layer.TrainedVariance, variance.reshape(1, 1, 4))


def test_module_is_torchs_own_where_it_can_be() -> None:
    assert type(batch().to_torch()) is torch.nn.BatchNorm2d
    assert type(batch().to_torch(formats=["CBT"])) is torch.nn.BatchNorm1d


def test_eval_leaves_the_statistics_alone() -> None:
    module = batch(MeanDecay=0.5).to_torch().eval()
    before = copy.deepcopy(module.state_dict())
    module(torch.from_numpy(to_torch_order(normal(*IMAGE))))
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


@pytest.mark.parametrize("version", [2, 3])
def test_batch_normalization_from_saved_fields(version: int) -> None:
    """The fields that saved-object-layouts.md lists for both versions."""

    def learnable(value: Array, initializer: str) -> dict[str, Any]:
        name = f"nnet.internal.cnn.layer.learnable.initializer.{initializer}"
        return {
            "Version": 2.0,
            "Value": value,
            "LearnRateFactor": np.float32(2),
            "L2Factor": 0.5,
            "Initializer": {"Version": 1.0, "Class": name, "ConstructorArguments": []},
        }

    fields: dict[str, Any] = {
        "Version": version,
        "Name": "bn",
        "Epsilon": np.array([[1e-4]]),
        "NumChannels": np.array([[4.0]]),
        "ChannelDim": np.zeros((0, 0)) if version == 3 else np.array([[3.0]]),
        "TrainedMean": TRAINED["TrainedMean"],
        "TrainedVariance": TRAINED["TrainedVariance"],
        "NumTrainingSamples": np.array([[100.0]]),
        "Offset": learnable(AFFINE["Offset"], "Zeros"),
        "Scale": learnable(AFFINE["Scale"], "Ones"),
    }
    if version == 3:
        fields |= {"MeanDecay": [[0.2]], "VarianceDecay": [[0.3]], "IsMovingAverageMode": False}
    layer = BatchNormalizationLayer.from_fields(fields)
    assert (layer.Epsilon, layer.NumChannels, layer.ScaleLearnRateFactor) == (1e-4, 4, 2)
    assert layer.OffsetInitializer == "zeros"
    assert layer.MeanDecay == (0.2 if version == 3 else 0.1)
    np.testing.assert_array_equal(layer.TrainedMean, TRAINED["TrainedMean"])


def test_channel_counts_that_disagree_are_refused() -> None:
    with pytest.raises(PropertyError, match="TrainedMean is 1×1×3, but 4 channels") as caught:
        batch(TrainedMean=np.ones((1, 1, 3)))
    assert caught.value.where[-1] == "TrainedMean"


def test_negative_variance_is_refused() -> None:
    with pytest.raises(PropertyError, match="must not be negative"):
        batch(TrainedVariance=-np.ones(4))


def test_untrained_layer_says_so() -> None:
    with pytest.raises(PropertyError, match="has not been trained or initialized"):
        batchNormalizationLayer().predict(normal(*IMAGE))


def test_initialize_gives_the_identity_but_for_epsilon() -> None:
    layer = batchNormalizationLayer().initialize(4)
    x = normal(*IMAGE)
    close(layer.predict(x), x / np.sqrt(1 + 1e-5))


# --- group, layer, instance -------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "count"), [(1, 1), (2, 2), (4, 4), ("all-channels", 1), ("channel-wise", 4)]
)
def test_group_normalization_takes_neighbouring_channels(groups: Any, count: int) -> None:
    x = normal(*IMAGE)
    y = groupNormalizationLayer(groups, **AFFINE).predict(x)
    close(y, normalized(x, "SSCB", "S", count))


def test_instance_normalization_is_onnx_runtimes() -> None:
    x = normal(*IMAGE)
    vectors = [AFFINE[name].ravel() for name in ("Scale", "Offset")]
    expected = run_onnx("InstanceNormalization", to_torch_order(x), *vectors, epsilon=1e-5)
    close(to_torch_order(instanceNormalizationLayer(**AFFINE).predict(x)), expected)


def test_instance_normalization_of_sequences_is_over_time() -> None:
    x = normal(*SIZES["CBT"])
    y = instanceNormalizationLayer(**AFFINE).predict(x, "CBT")
    close(y, normalized(x, "CBT", "T", groups=4))


def test_instance_normalization_needs_more_than_single_numbers() -> None:
    with pytest.raises(DataFormatError, match="neither space nor time"):
        instanceNormalizationLayer(**AFFINE).predict(normal(4, 3), "CB")


@pytest.mark.parametrize("data_format", ["CB", "CBT"])
def test_layer_normalization_of_vectors_is_onnx_runtimes(data_format: str) -> None:
    """Channels last, as ONNX wants them; every time step by itself."""
    x = normal(*SIZES[data_format])
    vectors = [AFFINE[name].ravel() for name in ("Scale", "Offset")]
    last = np.ascontiguousarray(np.moveaxis(x, 0, -1))
    expected = run_onnx("LayerNormalization", last, *vectors, opset=17, axis=-1, epsilon=1e-5)
    close(layerNormalizationLayer(**AFFINE).predict(x, data_format), np.moveaxis(expected, -1, 0))


def test_trap_layer_normalization_of_images_is_affine_per_channel() -> None:
    """Statistics over space and channels; torch's LayerNorm would scale every element."""
    x = normal(*IMAGE)
    close(layerNormalizationLayer(**AFFINE).predict(x), normalized(x, "SSCB", "S"))


SHARED = [("channel-only", ""), ("spatial-channel", "S"), ("batch-excluded", "ST")]


@pytest.mark.parametrize("data_format", SIZES)
@pytest.mark.parametrize(("dimension", "shared"), SHARED)
def test_operation_dimension_of_layer_normalization(
    data_format: str, dimension: str, shared: str
) -> None:
    x = normal(*SIZES[data_format])
    layer = layerNormalizationLayer(OperationDimension=dimension, **AFFINE)
    close(layer.predict(x, data_format), normalized(x, data_format, shared))


@pytest.mark.parametrize("data_format", ["CBT", "SSCBT"])
@pytest.mark.parametrize(("dimension", "shared"), SHARED)
def test_operation_dimension_of_group_normalization(
    data_format: str, dimension: str, shared: str
) -> None:
    x = normal(*SIZES[data_format])
    layer = groupNormalizationLayer(2, OperationDimension=dimension, **AFFINE)
    close(layer.predict(x, data_format), normalized(x, data_format, shared, groups=2))


@pytest.mark.parametrize("layer", [GroupNormalizationLayer, LayerNormalizationLayer])
def test_trap_files_from_before_R2023a_share_statistics_over_time(layer: type[Layer]) -> None:
    """Older pages: over the spatial, time and channel dimensions; the property came with R2023a."""
    groups = {"NumGroups": 1} if layer is GroupNormalizationLayer else {}
    fields = {"Version": 1.0, "Name": "n", **groups, **AFFINE}
    loaded = layer.from_fields(fields)
    x = normal(*SIZES["CBT"])
    close(loaded.predict(x, "CBT"), normalized(x, "CBT", "T"))
    newer = layer.from_fields({**fields, "OperationDimension": "auto"})
    close(newer.predict(x, "CBT"), normalized(x, "CBT", ""))


def test_uncertain_auto_for_image_sequences_warns() -> None:
    x = normal(*SIZES["SSCBT"])
    with pytest.warns(MatlabCompatWarning, match="'spatial-channel' is taken"):
        y = layerNormalizationLayer(**AFFINE).predict(x, "SSCBT")
    close(y, normalized(x, "SSCBT", "S"))


@pytest.mark.parametrize(
    ("layer", "groups"),
    [(layerNormalizationLayer(**AFFINE), 1), (groupNormalizationLayer(2, **AFFINE), 2)],
)
def test_auto_for_one_dimensional_images_normalizes_every_position_alone(
    layer: Layer, groups: int
) -> None:
    """As a vision transformer needs it, whose tokens are "SCB"; it warns."""
    x = normal(5, 4, 3)
    with pytest.warns(MatlabCompatWarning, match="'SCB'; 'channel-only' is taken"):
        y = layer.predict(x, "SCB")
    close(y, normalized(x, "SCB", "", groups=groups))


def test_uncertain_instance_normalization_of_image_sequences_warns() -> None:
    x = normal(*SIZES["SSCBT"])
    with pytest.warns(MatlabCompatWarning, match="not certain"):
        y = instanceNormalizationLayer(**AFFINE).predict(x, "SSCBT")
    close(y, normalized(x, "SSCBT", "ST", groups=4))


def test_a_single_value_gives_the_offset() -> None:
    layer = instanceNormalizationLayer(**AFFINE)
    y = layer.predict(normal(1, 1, 4, 1))
    close(y.ravel(), AFFINE["Offset"].ravel())


def test_groups_must_divide_the_channels() -> None:
    with pytest.raises(PropertyError, match="NumGroups 3 does not divide the 4 channels"):
        groupNormalizationLayer(3, **AFFINE)


@pytest.mark.parametrize("value", [0, 1.5, "some", None])
def test_number_of_groups_refuses(value: Any) -> None:
    with pytest.raises(PropertyError, match="'all-channels' or 'channel-wise'"):
        groupNormalizationLayer(value)


def test_normalization_survives_training_and_back() -> None:
    layer = groupNormalizationLayer(2, **AFFINE)
    again = copy.deepcopy(layer).assign_from_torch(layer.to_torch())
    assert again == layer


@pytest.mark.parametrize(
    "layer", [batch(), layerNormalizationLayer(**AFFINE), groupNormalizationLayer(2, **AFFINE)]
)
def test_data_needs_channels(layer: Layer) -> None:
    with pytest.raises(DataFormatError, match="needs a channel dimension"):
        layer.predict(normal(5, 6), "SS")


# --- cross-channel ----------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 3, 5])
def test_cross_channel_normalization_is_onnx_runtimes_for_odd_windows(window: int) -> None:
    x = normal(3, 2, 6, 2)
    layer = crossChannelNormalizationLayer(window, Alpha=0.7, Beta=0.6, K=1.5)
    expected = run_onnx("LRN", to_torch_order(x), size=window, alpha=0.7, beta=0.6, bias=1.5)
    close(to_torch_order(layer.predict(x)), expected)


@pytest.mark.parametrize("window", [2, 4, 5, 8])
def test_trap_even_windows_look_further_ahead(window: int) -> None:
    """The page: the previous floor((w-1)/2) and the following floor(w/2) channels."""
    x = normal(3, 2, 6, 2).astype(np.float64)
    expected = np.empty_like(x)
    for c in range(6):
        first, last = max(0, c - (window - 1) // 2), min(5, c + window // 2)
        total = (x[:, :, first : last + 1] ** 2).sum(2)
        expected[:, :, c] = x[:, :, c] / (2 + 0.7 * total / window) ** 0.75
    y = crossChannelNormalizationLayer(window, Alpha=0.7).predict(x)
    close(y, expected)


def test_cross_channel_normalization_even_window_is_not_torchs() -> None:
    x = normal(3, 2, 6, 2)
    own = crossChannelNormalizationLayer(2, Alpha=0.7).predict(x)
    torchs = torch.nn.LocalResponseNorm(2, 0.7, 0.75, 2.0)(torch.from_numpy(to_torch_order(x)))
    assert np.abs(to_torch_order(own) - torchs.numpy()).max() > 1e-2


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [("Beta", 0.001, "not less than 0.01"), ("K", 1e-6, "not less than 1e-05")],
)
def test_cross_channel_limits(option: str, value: float, rule: str) -> None:
    with pytest.raises(PropertyError, match=rule):
        crossChannelNormalizationLayer(5, **{option: value})


# --- dropout ----------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [dropoutLayer(0.9), spatialDropoutLayer(Probability=0.9)])
def test_dropout_is_the_identity_in_prediction(layer: Layer) -> None:
    x = normal(*IMAGE)
    np.testing.assert_array_equal(layer.predict(x), x)


def test_dropout_scales_what_it_keeps() -> None:
    torch.manual_seed(0)
    y = dropoutLayer(0.25).to_torch().train()(torch.ones(1, 4, 100, 100))
    kept = y != 0
    assert torch.equal(y[kept], torch.full_like(y[kept], 1 / 0.75))
    assert 0.72 < kept.float().mean() < 0.78


@pytest.mark.parametrize("size", [(500, 8), (500, 8, 3), (500, 8, 3, 2), (500, 8, 3, 2, 2)])
def test_trap_spatial_dropout_drops_whole_channels_of_each_observation(
    size: tuple[int, ...],
) -> None:
    """The page's mask is rand of size 1 but for channel and batch; N,C data is not one example."""
    torch.manual_seed(0)
    y = spatialDropoutLayer(Probability=0.5).to_torch().train()(torch.ones(size))
    flat = y.flatten(2) if len(size) > 2 else y.unsqueeze(-1)
    assert set(flat.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(flat.amin(-1), flat.amax(-1))
    share = (flat[..., 0] == 0).float()
    assert 0.45 < share.mean() < 0.55
    assert share.mean(0).min() > 0.4  # each channel, not some channels always


@pytest.mark.parametrize("value", [1, -0.1, 2, float("nan"), "half"])
def test_dropout_refuses_probability(value: Any) -> None:
    with pytest.raises(PropertyError, match="nonnegative number less than 1"):
        dropoutLayer(value)


# --- constructors, real files ----------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        batch(),
        groupNormalizationLayer("all-channels", **AFFINE),
        layerNormalizationLayer(OperationDimension="channel-only", **AFFINE),
        instanceNormalizationLayer(**AFFINE),
        crossChannelNormalizationLayer(4),
        dropoutLayer(0.3),
    ],
)
def test_modules_export_with_any_batch(layer: Layer) -> None:
    module = layer.to_torch().eval()
    n = torch.export.Dim("n", min=2)
    example = torch.from_numpy(to_torch_order(normal(*IMAGE)))
    exported = torch.export.export(module, (example,), dynamic_shapes=({0: n},)).module()
    other = torch.from_numpy(to_torch_order(normal(6, 7, 4, 5, seed=9)))
    torch.testing.assert_close(exported(other), module(other))


CLASSES = [
    BatchNormalizationLayer,
    CrossChannelNormalizationLayer,
    DropoutLayer,
    GroupNormalizationLayer,
    InstanceNormalizationLayer,
    LayerNormalizationLayer,
]


@pytest.mark.real
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_every_real_layer_builds(path: Path) -> None:
    for saved in saved_layers(path, *(c.__name__ for c in CLASSES)):
        layer = saved.build()
        assert type(layer) is layer_class(saved.class_name)
        if isinstance(layer, BatchNormalizationLayer) and layer.Scale.size == 0:
            continue  # an untrained layer of a layer graph
        module = layer.to_torch()
        channels = layer.input_channels() or 4
        assert module(torch.zeros(2, channels, 3, 3)).shape == (2, channels, 3, 3)


# --- inverse normalization ----------------------------------------------------------------


def inverse(mode: str, X: Array) -> Array:
    a, b = CHANNELS["a"].reshape(1, 1, -1, 1), CHANNELS["b"].reshape(1, 1, -1, 1)
    return {
        "zerocenter": X + a,
        "zscore": X * b + a,
        "rescale-zero-one": X * (b - a) + a,
        "rescale-symmetric": (X + 1) * (b - a) / 2 + a,
    }[mode]


CHANNELS = {"a": np.array([1.0, -2.0, 0.5, 4.0]), "b": np.array([3.0, 2.0, 1.5, 5.0])}
NAMES = {
    "zerocenter": ("Mean",),
    "zscore": ("Mean", "StandardDeviation"),
    "rescale-zero-one": ("Min", "Max"),
    "rescale-symmetric": ("Min", "Max"),
}


@pytest.mark.parametrize("mode", NAMES)
@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_inverse_normalization_is_the_formula_of_its_page(mode: str) -> None:
    given = dict(zip(NAMES[mode], CHANNELS.values(), strict=False))
    X = normal(*IMAGE)
    made = mc.inverseNormalizationLayer(mode, **given)
    np.testing.assert_allclose(made.predict(X), inverse(mode, X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["zscore", "rescale-zero-one", "rescale-symmetric"])
def test_inverse_normalization_undoes_that_of_an_input_layer(mode: str) -> None:
    given = dict(zip(NAMES[mode], CHANNELS.values(), strict=False))
    X = normal(4, 3)
    forward = mc.featureInputLayer(4, Normalization=mode, **given).predict(X, "CB")
    back = mc.inverseNormalizationLayer(mode, **given).predict(forward, "CB")
    np.testing.assert_allclose(back, X, rtol=1e-4, atol=1e-5)


def test_inverse_normalization_by_one_number() -> None:
    made = mc.inverseNormalizationLayer("zscore", Mean=2.0, StandardDeviation=3.0)
    np.testing.assert_allclose(made.predict([[1.0], [2.0]], "CB"), [[5.0], [8.0]])


def test_inverse_of_zerocenter_warns() -> None:
    with pytest.warns(MatlabCompatWarning, match="here it adds it"):
        mc.inverseNormalizationLayer("zerocenter", Mean=1.0).predict([[1.0]], "CB")


def test_inverse_normalization_needs_its_statistics() -> None:
    with pytest.raises(PropertyError, match="StandardDeviation is empty"):
        mc.inverseNormalizationLayer("zscore", Mean=2.0).predict([[1.0]], "CB")
    with pytest.raises(PropertyError, match="Mean is 2×2, not a number or one for each channel"):
        mc.inverseNormalizationLayer("zscore", Mean=[[1.0, 2.0], [3.0, 4.0]])
