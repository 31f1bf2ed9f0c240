"""``.pt``: expected values are the arrays of the layers themselves, and torch's own loader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import converters
from converters.formats import Options
from matlab_compat import Network
from matlab_compat.errors import CorruptFileError

from .models import CLASSES, segmentation, sequence


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_state_dict_loads_into_the_module_with_weights_only(tmp_path: Path, suffix: str) -> None:
    network = segmentation()
    done = converters.save(network, tmp_path / f"net{suffix}")
    assert done.exit_code == 0
    document = torch.load(done.path, weights_only=True)
    module = segmentation().to_torch()
    for parameter in module.parameters():
        torch.nn.init.zeros_(parameter)
    module.load_state_dict(document["state_dict"])
    assert torch.equal(module.up.weight, network.to_torch().up.weight)


def test_the_model_comes_back_with_its_properties(tmp_path: Path) -> None:
    network = segmentation()
    back = converters.load(converters.save(network, tmp_path / "net.pt").path)
    assert isinstance(back, Network)
    assert back.kind == "DAGNetwork"
    assert back.names == network.names
    assert back.Classes == CLASSES
    assert back.layer("up").CroppingSize == (0, 2, 1, 2)
    assert list(back.Connections["Destination"]) == list(network.Connections["Destination"])
    for ours, theirs in zip(network.Learnables["Value"], back.Learnables["Value"], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_recurrent_network_comes_back(tmp_path: Path) -> None:
    network = sequence()
    back = converters.load(converters.save(network, tmp_path / "net.pt").path)
    np.testing.assert_array_equal(
        back.layer("lstm").RecurrentWeights, network.layer("lstm").RecurrentWeights
    )


def test_half_is_written_as_half(tmp_path: Path) -> None:
    done = converters.save(segmentation(), tmp_path / "net.pt", options=Options("half"))
    state = torch.load(done.path, weights_only=True)["state_dict"]
    assert {tensor.dtype for tensor in state.values()} == {torch.float16}


def test_another_torch_file_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(CorruptFileError, match="not one that matlab-compat wrote"):
        converters.load(tmp_path / "other.pt")


def test_a_file_that_is_no_torch_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.pt").write_bytes(b"no torch file at all")
    with pytest.raises(CorruptFileError, match="not one that matlab-compat wrote: it is text"):
        converters.load(tmp_path / "no.pt")
