"""What all functions of deep learning arrays share: forms of arguments, labels, classes, outputs.

Expected values: formulas in numpy; MATLAB's rules for classes and labels (documentation of
``dlarray``); the list of functions of MATLAB's index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import matlab_compat as mc
from matlab_compat import functions
from matlab_compat.errors import DataFormatError, PropertyError, UsageError
from matlab_compat.functions import Labelled

from ..filter_reference import normal

X = normal(3, 4, dtype=np.float64)
NAMES = """
    fullyconnect maxpool avgpool maxunpool batchnorm groupnorm layernorm instancenorm
    crosschannelnorm relu leakyrelu gelu sigmoid softmax lstm gru attention embed crossentropy mse
    huber l1loss l2loss dlresize depthToSpace spaceToDepth onehotencode onehotdecode stripdims
    finddim dims dlconv dltranspconv
""".split()  # noqa: SIM905


# --- the door and the documentation ---------------------------------------------------------


def test_the_door_has_every_function_of_the_package() -> None:
    assert set(functions.__all__) == set(NAMES) <= set(mc.__all__)


# --- forms of arguments -------------------------------------------------------------------------


def test_name_value_pairs_follow_optional_arguments_or_stand_in_their_place() -> None:
    offset, scale = np.zeros(3), np.ones(3)
    plain = mc.batchnorm(X, offset, scale, DataFormat="CB", Epsilon=1.0)
    pairs = mc.batchnorm(X, offset, scale, "dataformat", "CB", "epsilon", 1.0)
    np.testing.assert_array_equal(plain, pairs)


def test_arguments_have_names_too() -> None:
    W, b = normal(2, 3, dtype=np.float64), np.zeros(2)
    named = mc.fullyconnect(X=X, bias=b, weights=W, DataFormat="CB")
    np.testing.assert_array_equal(named, mc.fullyconnect(X, W, b, DataFormat="CB"))


def test_texts_of_numpy_are_texts() -> None:
    form = np.array(["CB"])[0]
    np.testing.assert_array_equal(mc.softmax(X, DataFormat=form), mc.softmax(X, DataFormat="CB"))


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(PropertyError, match="has no argument 'Strid'") as caught:
        mc.maxpool(X, 2, DataFormat="SC", Strid=2)
    assert "Stride" in caught.value.remedy


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(UsageError, match="fullyconnect needs bias as well"):
        mc.fullyconnect(X, np.ones((2, 3)), DataFormat="CB")


@pytest.mark.parametrize("nargout", [0, 2, True + 3])
def test_more_outputs_than_there_are_are_refused(nargout: int) -> None:
    with pytest.raises(UsageError, match="relu has 1 output, not nargout"):
        mc.relu(X, nargout=nargout)


def test_one_output_is_no_tuple_and_several_are() -> None:
    assert isinstance(mc.maxpool(X, 2, DataFormat="SC"), np.ndarray)
    assert len(mc.maxpool(X, 2, DataFormat="SC", nargout=2)) == 2


# --- labels -------------------------------------------------------------------------------------


def test_a_dlarray_gives_one_with_its_labels() -> None:
    Y = mc.relu(mc.dlarray(X, "CB"))
    assert isinstance(Y, mc.dlarray)
    assert Y.dims() == "CB"


def test_an_array_with_DataFormat_comes_back_in_its_own_order() -> None:
    np.testing.assert_allclose(
        mc.softmax(X.T, DataFormat="BC"), mc.softmax(X, DataFormat="CB").T, rtol=1e-15
    )


def test_dropped_dimensions_of_size_1_come_back() -> None:
    assert mc.softmax(X, DataFormat="CBT").shape == (3, 4, 1)


@pytest.mark.parametrize("name", ["softmax", "layernorm", "maxpool"])
def test_data_without_labels_is_refused(name: str) -> None:
    arguments = {"softmax": (), "layernorm": (0, 1), "maxpool": (2,)}[name]
    with pytest.raises(DataFormatError, match="X has no labels") as caught:
        getattr(mc, name)(X, *arguments)
    assert "DataFormat" in caught.value.remedy


def test_labels_twice_are_refused() -> None:
    with pytest.raises(PropertyError, match="DataFormat cannot be given as well"):
        mc.softmax(mc.dlarray(X, "CB"), DataFormat="CB")


def test_channels_are_needed() -> None:
    with pytest.raises(DataFormatError, match="no channel dimension"):
        mc.softmax(X, DataFormat="SB")


def test_an_error_says_in_which_function_it_is() -> None:
    with pytest.raises(DataFormatError) as caught:
        mc.softmax(X)
    assert caught.value.where == ("softmax",)


# --- classes ------------------------------------------------------------------------------------


def test_double_stays_and_single_wins() -> None:
    W, b = normal(2, 3, dtype=np.float64), np.zeros(2)
    assert mc.fullyconnect(X, W, b, DataFormat="CB").dtype == np.float64
    assert mc.fullyconnect(X, W.astype("f4"), b, DataFormat="CB").dtype == np.float32
    assert mc.fullyconnect(X.astype("f4"), W, 0 * b, DataFormat="CB").dtype == np.float32


@pytest.mark.parametrize("data", [[[1, 2]], np.array([[True, False]]), np.array([[3]], "uint8")])
def test_numbers_of_other_classes_become_double(data: Any) -> None:
    assert mc.relu(data).dtype == np.float64


@pytest.mark.parametrize("data", [np.array([[1j]]), "text", np.zeros((0, 3))])
def test_what_is_no_real_array_is_refused(data: Any) -> None:
    with pytest.raises(DataFormatError):
        mc.relu(data)


# --- torch --------------------------------------------------------------------------------------


def test_gradients_flow_through_tensors() -> None:
    x = torch.tensor(X, requires_grad=True)
    w = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    y = mc.fullyconnect(x, w, np.zeros(2), DataFormat="CB")
    assert isinstance(y, torch.Tensor)
    y.sum().backward()
    np.testing.assert_allclose(w.grad, np.tile(X.sum(1), (2, 1)), rtol=1e-14)
    np.testing.assert_allclose(x.grad, np.full((3, 4), 2.0))


@pytest.mark.parametrize("name", ["lstm", "attention", "batchnorm", "layernorm", "embed"])
def test_gradients_are_those_of_differences(name: str) -> None:
    x = torch.tensor(normal(3, 2, 4, dtype=np.float64), requires_grad=True)
    zeros, ones = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    weights = [torch.tensor(normal(12, 3, seed=s, dtype=np.float64)) for s in (1, 2)]
    index = torch.tensor([[[1.0, 2.0, 2.0, 9.0]]])

    def value(x: torch.Tensor) -> torch.Tensor:
        form = {"DataFormat": "CBT"}
        if name == "lstm":
            y = mc.lstm(x, zeros[:, None], zeros[:, None], *weights, zeros.repeat(4), **form)
        elif name == "attention":
            y = mc.attention(x, x, x, 3, **form)
        elif name == "embed":
            y = mc.embed(index, x[:, 0], **form)
        else:
            y = getattr(mc, name)(x, zeros, ones, **form)
        found: torch.Tensor = y.square()[:, :, ::2].sum()
        return found

    assert torch.autograd.gradcheck(value, (x,))


def test_a_labelled_tensor_gives_one() -> None:
    given = Labelled(torch.tensor(X), "CB")
    Y = mc.softmax(given)
    assert isinstance(Y, Labelled)
    assert Y.labels == "CB"
    plain = mc.softmax(Labelled(torch.tensor(X)), DataFormat="CB")
    assert plain.labels == ""
    torch.testing.assert_close(plain.data, Y.data)


def test_arrays_go_to_the_device_of_the_tensors() -> None:
    x = torch.empty(3, 4, device="meta")
    y = mc.fullyconnect(x, np.ones((2, 3)), np.zeros(2), DataFormat="CB")
    assert y.device.type == "meta"


W, R, B, H = normal(12, 2), normal(12, 3), normal(12, 1), normal(3, 1)


def unpooled(X: Labelled) -> Any:
    return mc.maxunpool(*mc.maxpool(X, 2, PoolFormat="T", Stride=2, nargout=3))


EXPORTED: dict[str, Callable[[Labelled], Any]] = {
    "lstm": lambda X: mc.lstm(X, H, H, W, R, B),
    "gru": lambda X: mc.gru(X, H, W[:9], R[:9], B[:9], ResetGateMode="before-multiplication"),
    "attention": lambda X: mc.attention(X, X, X, 2, AttentionMask="causal"),
    "layernorm": lambda X: mc.layernorm(X, np.zeros(2), np.ones(2)),
    "batchnorm": lambda X: mc.batchnorm(X, np.zeros(2), np.ones(2), np.zeros(2), np.ones(2)),
    "dlconv": lambda X: mc.dlconv(X, normal(2, 2, 3), 0, WeightsFormat="TCU"),
    "maxunpool": unpooled,
    "fullyconnect": lambda X: mc.fullyconnect(X, W, B),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_the_batch_stays_free_in_an_exported_program(name: str) -> None:
    class Model(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = EXPORTED[name](Labelled(x, "CBT")).data
            return found

    sizes = ({1: torch.export.Dim("batch")},)
    program = torch.export.export(Model(), (torch.randn(2, 3, 6),), dynamic_shapes=sizes)
    x = torch.randn(2, 5, 6)
    torch.testing.assert_close(program.module()(x), Model()(x))
