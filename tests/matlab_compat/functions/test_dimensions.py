"""``dims``, ``finddim``, ``stripdims``. Expected values: the functions' documentation pages."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import matlab_compat as mc
from matlab_compat.errors import DataFormatError
from matlab_compat.functions import Labelled

from ..filter_reference import normal


def test_dims_are_in_MATLABs_order() -> None:
    assert mc.dims(mc.dlarray(normal(3, 4), "TS")) == "ST"
    assert mc.dims(normal(3, 4)) == ""


def test_finddim_counts_from_1() -> None:
    X = mc.dlarray(normal(2, 3, 4, 5), "SSCB")
    assert mc.finddim(X, "s") == [1, 2]
    assert mc.finddim(X, "B") == [4]
    assert mc.finddim(X, "T") == []
    assert mc.finddim(normal(2, 3), "C") == []


@pytest.mark.parametrize("label", ["X", "SS", "", 1])
def test_finddim_refuses_what_is_no_label(label: object) -> None:
    with pytest.raises(DataFormatError, match="is no label"):
        mc.finddim(mc.dlarray(normal(2, 3), "SC"), label)


def test_stripdims_gives_the_array() -> None:
    data = normal(3, 2, 4)
    np.testing.assert_array_equal(mc.stripdims(mc.dlarray(data, "TCB")), data.transpose(1, 2, 0))
    np.testing.assert_array_equal(mc.stripdims(data), data)


def test_stripdims_in_an_order_of_ones_own() -> None:
    data = normal(3, 2, 4, 5)
    X = mc.dlarray(data, "TSCS")  # the first S stays the first
    np.testing.assert_array_equal(mc.stripdims(X, "TSCS"), data)
    with pytest.raises(DataFormatError, match="labelled 'SSCT', which is not 'SSCB'"):
        mc.stripdims(X, "SSCB")


def test_labelled_tensors() -> None:
    X = Labelled(torch.zeros(2, 3), "CB")
    assert mc.dims(X) == "CB"
    assert mc.finddim(X, "B") == [2]
    assert mc.stripdims(X, "BC").data.shape == (3, 2)
