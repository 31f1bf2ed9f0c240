"""``state_dict`` files as MAT-files. Expected values: the tensors, which scipy and torch read."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import scipy.io
import torch

import converters
from converters.matfile import Limits
from matlab_compat.errors import (
    AmbiguousLayerError,
    DataFormatError,
    LimitExceededError,
    MatlabCompatError,
    UsageError,
)

SOURCE = torch.Generator().manual_seed(0)

#: Every number format, no dimension, none of size 1 lost, and names that MATLAB cannot have.
TENSORS = {
    "layer1.0.conv.weight": torch.rand((2, 3, 1, 1), generator=SOURCE),
    "layer1.0.conv.bias": torch.rand(2, generator=SOURCE).double(),
    "bn.num_batches_tracked": torch.tensor(7),
    "half.weight": torch.rand((1, 4), generator=SOURCE).half(),
    "brain.weight": torch.rand((4, 1), generator=SOURCE).bfloat16(),
    "mask": torch.tensor([[True, False]]),
    "empty": torch.zeros(0, 3),
    "complex": torch.tensor([1 + 2j]),
    "end": torch.tensor([1, 2], dtype=torch.int8),
    "a": torch.tensor([1.0]),
    "a.b": torch.tensor([2.0]),
    "_orig_mod.x-y": torch.tensor([3.0]),
    "_orig_mod.x_y": torch.tensor([4.0]),
    "1" * 80: torch.tensor([5.0]),
}


def same(found: Any, expected: dict[str, torch.Tensor]) -> None:
    assert set(found) == set(expected)
    for key, tensor in expected.items():
        assert (found[key].dtype, found[key].shape) == (tensor.dtype, tensor.shape), key
        assert torch.equal(found[key], tensor), key


def test_a_mat_file_gives_the_same_again(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "w.pt")
    converters.convert(tmp_path / "w.pt", tmp_path / "w.mat")
    converters.convert(tmp_path / "w.mat", tmp_path / "again.pt")
    same(torch.load(tmp_path / "again.pt", weights_only=True), TENSORS)


def test_matlab_has_a_struct_with_a_level_for_each_part_of_a_key(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "w.pt")
    done = converters.convert(tmp_path / "w.pt", tmp_path / "w.mat")
    assert (done.target, done.layers, done.exit_code) == ("state_dict", 0, 0)
    found = scipy.io.loadmat(tmp_path / "w.mat", struct_as_record=False)
    whole = found["state_dict"][0, 0]
    conv = whole.layer1[0, 0].x0[0, 0].conv[0, 0]
    np.testing.assert_array_equal(
        conv.weight.reshape(2, 3), TENSORS["layer1.0.conv.weight"].numpy()[:, :, 0, 0]
    )
    assert conv.bias.shape == (2, 1)
    assert whole.half[0, 0].weight.dtype == np.float32
    assert whole.mask.tolist() == [[1, 0]]
    rows = {row.Key[0]: row.Name[0] for row in found["state_dict_keys"].ravel()}
    assert rows["layer1.0.conv.weight"] == "layer1.x0.conv.weight"
    assert rows["end"] == "xEnd"
    assert len(set(rows.values())) == len(TENSORS)
    assert max(len(part) for name in rows.values() for part in name.split(".")) <= 63


def test_safetensors_and_npz_are_read_and_written(tmp_path: Path) -> None:
    safetensors.torch.save_file(plain := without(TENSORS, "complex"), tmp_path / "w.safetensors")
    converters.convert(tmp_path / "w.safetensors", tmp_path / "w.mat")
    converters.convert(tmp_path / "w.mat", tmp_path / "again.safetensors")
    same(safetensors.torch.load_file(tmp_path / "again.safetensors"), plain)
    plain = without(TENSORS, "brain.weight")
    np.savez(tmp_path / "w.npz", **{key: tensor.numpy() for key, tensor in plain.items()})
    converters.convert(tmp_path / "w.npz", tmp_path / "v.mat")
    converters.convert(tmp_path / "v.mat", tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as found:
        same({key: torch.from_numpy(found[key]) for key in found.files}, plain)


def without(tensors: dict[str, torch.Tensor], *names: str) -> dict[str, torch.Tensor]:
    return {key: tensor for key, tensor in tensors.items() if key not in names}


def test_a_checkpoint_has_its_state_dict_inside(tmp_path: Path) -> None:
    state = OrderedDict(w=torch.ones(2))
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "c.ckpt")
    done = converters.convert(tmp_path / "c.ckpt", tmp_path / "c.mat")
    assert "epoch" in " ".join(done.remarks)
    assert scipy.io.loadmat(tmp_path / "c.mat")["state_dict"]["w"][0, 0].tolist() == [[1], [1]]


def test_of_several_one_is_chosen(tmp_path: Path) -> None:
    torch.save({"G": {"w": torch.ones(1)}, "D": {"w": torch.zeros(1)}}, tmp_path / "c.pt")
    with pytest.raises(AmbiguousLayerError, match="2 dicts of tensors"):
        converters.convert(tmp_path / "c.pt", tmp_path / "c.mat")
    converters.convert(tmp_path / "c.pt", tmp_path / "c.mat", "D")
    assert scipy.io.loadmat(tmp_path / "c.mat")["state_dict"]["w"][0, 0] == 0


def test_weights_become_no_network(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "w.pt")
    with pytest.raises(UsageError, match="without the layers") as caught:
        converters.convert(tmp_path / "w.pt", tmp_path / "w.onnx")
    assert "package.module:" in caught.value.remedy
    assert not (tmp_path / "w.onnx").exists()


def test_what_is_no_plain_array_is_named(tmp_path: Path) -> None:
    torch.save({"good": torch.ones(1), "odd": torch.eye(2).to_sparse()}, tmp_path / "w.pt")
    with pytest.raises(DataFormatError, match="odd"):
        converters.convert(tmp_path / "w.pt", tmp_path / "w.mat")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_programs_and_pickled_modules_are_refused_with_what_to_do(tmp_path: Path) -> None:
    module = torch.nn.Linear(2, 2)
    torch.save(module, tmp_path / "module.pt")
    torch.jit.save(torch.jit.script(module), tmp_path / "script.pt")
    for name in ("module", "script"):
        with pytest.raises(MatlabCompatError) as caught:
            converters.convert(tmp_path / f"{name}.pt", tmp_path / "x.mat")
        assert "package.module:function" in caught.value.remedy


def test_a_table_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    row = {"Name": "w", "Key": "w", "Size": [[3.0]], "Class": "float32"}
    table = np.array([[tuple(row.values())]], [(name, object) for name in row])
    scipy.io.savemat(
        tmp_path / "w.mat", {"state_dict": {"w": np.ones(2)}, "state_dict_keys": table}
    )
    with pytest.raises(MatlabCompatError, match="not the array"):
        converters.convert(tmp_path / "w.mat", tmp_path / "w.pt")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "state.npz", a=np.zeros(100_000))
    with pytest.raises(LimitExceededError, match=r"the limit is 10000\."):
        converters.convert(
            tmp_path / "state.npz", tmp_path / "state.mat", limits=Limits(max_bytes=10_000)
        )
