"""What class keywords of a layer stand for. Expected: the rules in the docstring of ``Layer``."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import matlab_compat as mc
from matlab_compat import Layer, constructor_of, layer_class, registered
from matlab_compat.errors import DataFormatError, UnsupportedLayerError
from matlab_compat.layers.properties import Property, positive_integer, real_scalar

pytestmark = pytest.mark.usefixtures("own_registry")


def some_layer() -> type[Layer]:
    """A layer that MATLAB could have."""

    class SomeReLULayer(
        Layer,
        optional=("Slope",),
        type_text="Some ReLU",
        default_format="CB",
        module=("torch.nn.LeakyReLU", "Slope"),
        input_formats=("CB",),
        channels="Size",
        description="{Size} of slope {Slope:g}",
    ):
        """MATLAB's layer."""

        Size = Property(positive_integer)
        Slope = Property(real_scalar, 0.5)

    return SomeReLULayer


def test_a_type_text_makes_it_a_layer_of_matlabs() -> None:
    kind = some_layer()
    assert layer_class("nnet.cnn.layer.SomeReLULayer") is kind
    assert (kind.matlab_class, kind.constructor) == (
        "nnet.cnn.layer.SomeReLULayer",
        "someReluLayer",
    )


def test_without_a_type_text_a_class_is_registered_under_no_name() -> None:
    before = registered()

    class OtherLayer(Layer):
        """Somebody's."""

    assert (OtherLayer.matlab_class, OtherLayer.constructor) == ("", "")
    assert registered() == before


def test_a_class_of_another_package_is_made_by_its_own_name() -> None:
    class BlendLayer(Layer, saved_as="somebody.BlendLayer", type_text="Blend"):
        """Somebody's."""

    assert BlendLayer.constructor == "BlendLayer"


def test_its_arguments_are_what_has_no_default_then_the_optional_ones() -> None:
    make = constructor_of(some_layer())
    assert repr(make(3)) == "someReluLayer(3)"
    assert repr(make(3, 0.25, Name="a")) == "someReluLayer(3, 0.25, Name='a')"


def test_arguments_of_a_base_are_not_taken_for_those_of_a_class() -> None:
    class MoreLayer(some_layer(), type_text="More"):  # type: ignore[misc]
        """With another one."""

        Count = Property(positive_integer)

    assert MoreLayer.arguments == ("Size", "Count", "Slope")


def test_the_module_is_made_of_properties() -> None:
    layer = some_layer()(Size=3, Slope=0.25)
    module = layer.to_torch()
    assert isinstance(module, torch.nn.LeakyReLU)
    assert module.negative_slope == 0.25
    assert layer.predict(-np.ones((3, 1)), "CB").tolist() == [[-0.25]] * 3


def test_without_a_module_a_layer_cannot_be_run() -> None:
    class BlendLayer(Layer, saved_as="somebody.BlendLayer"):
        """Somebody's."""

    with pytest.raises(UnsupportedLayerError, match=r"somebody\.BlendLayer cannot be run"):
        BlendLayer().to_torch()


def test_other_formats_are_refused() -> None:
    layer = some_layer()(Size=3)
    assert layer.output_formats(["CB"]) == ("CB",)
    with pytest.raises(DataFormatError, match="'CB', not 'SSCB'"):
        layer.output_formats(["SSCB"])


def test_the_example_is_a_call_with_the_arguments_that_are_given() -> None:
    class BlendLayer(
        Layer, saved_as="somebody.BlendLayer", constructor="blend", example="3, Size=2"
    ):
        """Somebody's."""

    assert BlendLayer.example == "blend(3, Size=2)"


def test_the_channels_are_those_of_the_property() -> None:
    assert some_layer()(Size=3).input_channels() == 3


def test_the_description_names_properties() -> None:
    assert some_layer()(Size=3).description() == "3 of slope 0.5"


@pytest.mark.parametrize(
    "kind", [k for k in registered().values() if k._torch_module], ids=lambda k: k.__name__
)
def test_each_module_is_there(kind: type[Layer]) -> None:
    assert callable(kind._maker())


@pytest.mark.parametrize(
    "layer",
    [
        mc.imageInputLayer([2, 2, 1], Mean=np.ones((2, 2), np.float32), Name="in"),
        mc.sequenceInputLayer([4, 3], MinLength=5),
        mc.featureInputLayer(7, Normalization="zscore"),
        mc.maxPooling1dLayer(3, Padding=[1, 0]),
        mc.maxPooling2dLayer(3, Padding=[1, 0, 2, 1], Stride=2, HasUnpoolingOutputs=True),
        mc.averagePooling2dLayer(3, Padding="same", PaddingValue="mean"),
        mc.averagePooling3dLayer(3, Padding=[1, 0, 2]),
    ],
    ids=lambda layer: layer.constructor,
)
def test_repr_gives_the_layer_back(layer: Layer) -> None:
    assert eval(repr(layer), {"np": np, **vars(mc)}) == layer
