"""What of a network of MatConvNet is not run: each layer keeps its place and says why.

Expected values: MatConvNet's help texts, which say what its functions take.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat
from matlab_compat import Network
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError
from matlab_compat.layers.declared import CLASSES
from tests.converters.exports import cells

from .samples import RELU, B, W, conv, dagnn, layer, node, numbers, saved, simplenn

pytestmark = pytest.mark.filterwarnings("ignore:.*only training uses it")

G = np.ones((4, 1), np.float32)
MOMENTS = np.ones((4, 2), np.float32)


def after_conv(*layers: dict[str, Any]) -> dict[str, Any]:
    """Behind four channels, and before a layer, so that it is not the last."""
    return simplenn(conv(), *layers, RELU)


def bnorm(*weights: Any) -> dict[str, Any]:
    return layer("bnorm", weights=cells(*weights))


#: A network, and what is said of the one layer that is not run.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "the author's own type": (
        after_conv(layer("SubP", scale=2.0)),
        "layers{2} is of type 'SubP', which is not a layer of MatConvNet: the author's own",
    ),
    "concat in a SimpleNN": (after_conv(layer("concat")), "'concat', which is not a layer of"),
    "custom in the middle": (after_conv(layer("custom", name="mine")), "it calls functions that"),
    "custom at the end": (simplenn(conv(), layer("custom", name="mine")), "it calls functions"),
    "a loss in the middle": (after_conv(layer("loss")), "which this version does not run"),
    "pdist": (after_conv(layer("pdist")), "'pdist', which this version does not run"),
    "bnorm without moments": (after_conv(bnorm(G, G)), "has no moments"),
    "bnorm of other channels": (
        after_conv(bnorm(G[:3], G[:3], MOMENTS[:3])),
        "3 multipliers for 4",
    ),
    "moments of another size": (after_conv(bnorm(G, G, MOMENTS.T)), "Moments is 2×4, not 4×2"),
    "filters of other channels": (
        after_conv(conv(numbers(3, 3, 3, 4), B, name="d")),
        "has filters of 3×3×3×4, but an input of 4 channels",
    ),
    "filters that groups do not divide": (
        after_conv(conv(numbers(3, 3, 2, 3), B[:3], name="d")),
        "has 3 filters, which 2 groups (4 channels by 2) do not divide",
    ),
    "biases of another number": (
        after_conv(conv(numbers(3, 3, 4, 5), B)),
        "4 biases for 5 filters",
    ),
    "no filters": (after_conv(layer("conv", weights=cells())), "has no filters"),
    "filters that are text": (after_conv(conv("W", B)), "has filters that are 'W'"),
    "weights that are no cell": (after_conv(layer("conv", weights="none")), "filters that are 'no"),
    "filters of five dimensions": (after_conv(conv(numbers(2, 2, 4, 4, 2), B)), "2×2×4×4×2"),
    "two numbers of pad": (
        simplenn(conv(pad=[1.0, 2.0])),
        "not 1 or 4 numbers",
    ),
    "a negative pad": (simplenn(conv(pad=-1.0)), "PaddingSize"),
    "half a stride": (simplenn(conv(stride=0.5)), "Stride"),
    "a stride that is text": (simplenn(conv(stride="two")), "has stride 'two', no number"),
    "an option that is not known": (
        simplenn(conv(opts=cells("Dilate", 2.0))),
        "has the option 'Dilate' in opts",
    ),
    "groups of convt": (
        simplenn(layer("convt", weights=cells(W, B), numGroups=3.0)),
        "has 4 channels, which 3 groups cannot share",
    ),
    "a method of pool": (
        simplenn(conv(), layer("pool", pool=2.0, method="median")),
        "has the method 'median'",
    ),
    "a pad as large as the window": (
        simplenn(conv(), layer("pool", pool=2.0, pad=2.0)),
        "PaddingSize must be less than PoolSize",
    ),
    "param of lrn": (simplenn(conv(), layer("lrn", param=[5.0, 1.0])), "not 4 numbers"),
    "no param of noffset": (simplenn(conv(), layer("noffset")), "has no param"),
    "a rate of 1": (simplenn(conv(), layer("dropout", rate=1.0)), "Probability"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_layer_that_is_not_run_says_why(tmp_path: Path, case: str) -> None:
    net, said = REFUSED[case]
    network = converters.load(saved(tmp_path, net))
    assert isinstance(network, Network)
    assert len(network.unsupported) == 1
    with pytest.raises(UnsupportedLayerError) as caught:
        network.to_torch()
    assert said in caught.value.what
    assert caught.value.exit_code == 3


OF_DAGNN: dict[str, tuple[dict[str, Any], str]] = {
    "a class of the author's": (dagnn(node("s", "SubP", ["x"], "y")), "'dagnn.SubP', which is not"),
    "a parameter that is not there": (
        dagnn(node("c", "Conv", ["x"], "y", ("f", "b"), pad=1.0), f=W),
        "has biases 'b', which is not among the params",
    ),
    "no parameters at all": (
        dagnn(node("c", "Conv", ["x"], "y", ("f",), pad=1.0)),
        "has filters 'f', which is not among the params",
    ),
    "two inputs of one that takes one": (
        dagnn(node("r", "ReLU", ["x", "y"], "z")),
        "has 2 inputs, not 1",
    ),
    "one input of a crop": (dagnn(node("c", "Crop", ["x"], "y")), "has 1 input, not 2"),
    "concat along the batch": (
        dagnn(node("c", "Concat", ["x", "y"], "z", dim=4.0)),
        "along dimension 4",
    ),
    "a transform of the regions that is a matrix": (
        dagnn(node("p", "ROIPooling", ["x", "r"], "y", transform=np.ones((2, 3)))),
        "has transform",
    ),
}


@pytest.mark.parametrize("case", OF_DAGNN)
def test_a_layer_of_a_DagNN_that_is_not_run_says_why(tmp_path: Path, case: str) -> None:
    net, said = OF_DAGNN[case]
    network = converters.load(saved(tmp_path, net))
    with pytest.raises(UnsupportedLayerError) as caught:
        network.to_torch()
    assert said in caught.value.what


def test_the_layers_before_one_that_is_not_run_run(tmp_path: Path) -> None:
    network = converters.load(saved(tmp_path, REFUSED["the author's own type"][0]))
    assert isinstance(network, Network)
    assert network.activations(numbers(6, 6, 2), "c").shape == (6, 6, 4, 1)


def test_a_class_of_ones_own_stands_for_the_authors_type(tmp_path: Path) -> None:
    @matlab_compat.register("Twice")
    class Twice(matlab_compat.Layer):
        constructor = "Twice"

        def _build(self, formats: tuple[str, ...]) -> Any:
            import torch

            class Module(torch.nn.Module):
                def forward(self, x: torch.Tensor) -> torch.Tensor:
                    return 2 * x

            return Module()

    try:
        network = converters.load(saved(tmp_path, simplenn(layer("Twice"), RELU)))
        assert network.predict(np.ones((2, 2), np.float32))[0, 0] == 2
    finally:
        del CLASSES["Twice"]


def test_weights_without_layers_are_no_network(tmp_path: Path) -> None:
    """As iter1_weights.mat of a published colorization has them."""
    from tests.converters.exports import save

    path = save(tmp_path / "w.mat", weights=[{"weights": cells(W, B)}, {"weights": cells(W, B)}])
    with pytest.raises(MatlabCompatError) as caught:
        converters.load(path)
    assert caught.value.exit_code in (2, 3)
    assert "weights" in caught.value.what


def test_names_in_a_file_cannot_forge_a_message(tmp_path: Path) -> None:
    forged = "relu\nremedy: \x1b[31m"
    for one in (
        layer(forged),
        {**layer("custom"), "name": forged},
        {**layer("loss"), "name": forged},
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            network = converters.load(saved(tmp_path, simplenn(conv(), one, RELU)))
        assert isinstance(network, Network)
        texts = [str(one.message) for one in caught]
        texts += [part.reason for part in network.unsupported.values()]
        assert texts
        assert not any("\x1b" in text or "\nremedy" in text for text in texts)


def test_a_convolution_without_filters_is_named_whatever_the_input(tmp_path: Path) -> None:
    network = converters.load(saved(tmp_path, simplenn(layer("conv", pad=1.0))))
    assert isinstance(network, Network)
    with pytest.raises(UnsupportedLayerError, match="has no filters"):
        network.predict(np.zeros((5, 5, 2)))
