"""``.safetensors``: expected bytes are those of the layers' arrays; safetensors' own reader reads.

(The header is also read by hand: its length in 8 bytes, then JSON, as the format's page says.)
"""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

import converters
from converters.formats import Options
from matlab_compat import Network, inputLayer, reluLayer
from matlab_compat.errors import CorruptFileError, UsageError

from .models import CLASSES, segmentation


def header(path: str | Path) -> dict[str, dict[str, str]]:
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    found: dict[str, dict[str, str]] = json.loads(data[8 : 8 + length])
    return found


def tensor_bytes(path: str | Path) -> bytes:
    data = Path(path).read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


def test_weights_are_the_layers_own_byte_for_byte(tmp_path: Path) -> None:
    network = segmentation()
    done = converters.save(network, tmp_path / "net.safetensors")
    tensors = load_file(done.path)
    # h x w x F x C is stored by MATLAB; torch's order of a transposed convolution is C,F,h,w.
    up = network.layer("up").Weights
    expected = np.ascontiguousarray(up.transpose(3, 2, 0, 1))
    assert tensors["up.weight"].tobytes() == expected.tobytes()
    assert tensors["up.bias"].tobytes() == network.layer("up").Bias.tobytes()


def test_what_was_read_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    first = converters.save(segmentation(), tmp_path / "a.safetensors").path
    second = converters.save(converters.load(first), tmp_path / "b.safetensors").path
    assert header(first) == header(second)
    assert tensor_bytes(first) == tensor_bytes(second)


def test_metadata_holds_the_matlab_properties(tmp_path: Path) -> None:
    done = converters.save(segmentation(), tmp_path / "net.safetensors")
    metadata = header(done.path)["__metadata__"]
    layers = json.loads(metadata["architecture"])["layers"]
    assert [layer["properties"]["Name"] for layer in layers][:4] == [
        "image/in",
        "down",
        "leaky",
        "up",
    ]
    assert layers[3]["class"] == "nnet.cnn.layer.TransposedConvolution2DLayer"
    assert layers[3]["properties"]["CroppingSize"] == {"tuple": [0, 2, 1, 2]}


def test_the_model_comes_back(tmp_path: Path) -> None:
    network = segmentation()
    back = converters.load(converters.save(network, tmp_path / "net.safetensors").path)
    assert isinstance(back, Network)
    assert back.Classes == CLASSES
    np.testing.assert_array_equal(back.layer("image/in").Mean, network.layer("image/in").Mean)
    X = np.random.default_rng(0).standard_normal((9, 7, 2, 3)).astype(np.float32)
    np.testing.assert_array_equal(back.predict(X), network.predict(X))


def test_sizes_that_are_nan_come_back_from_strict_json(tmp_path: Path) -> None:
    layers = [inputLayer((8, 8, 2, math.nan), "SSCB", Name="in"), reluLayer(Name="relu")]
    done = converters.save(Network(layers), tmp_path / "net.safetensors")
    text = header(done.path)["__metadata__"]["architecture"]
    json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    size = converters.load(done.path).layer("in").InputSize
    assert size[:3] == (8, 8, 2)
    assert math.isnan(size[3])


def test_half_is_written_as_half(tmp_path: Path) -> None:
    done = converters.save(segmentation(), tmp_path / "n.safetensors", options=Options("bfloat16"))
    types = {entry["dtype"] for name, entry in header(done.path).items() if name[0] not in "_m"}
    assert types == {"BF16"}


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(CorruptFileError, match="not one that matlab-compat wrote"):
        converters.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize("data", [b"", b"no such file", b"\xff" * 64])
def test_damaged_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(data)
    with pytest.raises(CorruptFileError, match=r"not one that|no safetensors file"):
        converters.load(tmp_path / "bad.safetensors")


def test_a_damaged_architecture_is_refused(tmp_path: Path) -> None:
    metadata = {"format": "matlab_compat.safetensors/1", "architecture": "{not json"}
    save_file({"weight": torch.zeros(2)}, tmp_path / "bad.safetensors", metadata)
    with pytest.raises(CorruptFileError, match="architecture cannot be read"):
        converters.load(tmp_path / "bad.safetensors")


def test_the_missing_library_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "converters.formats.base.find_spec",
        lambda name: None if name == "safetensors" else find(name),
    )
    with pytest.raises(UsageError, match="needs safetensors") as caught:
        converters.save(segmentation(), tmp_path / "net.safetensors")
    assert caught.value.remedy == "pip install 'matlab-compat[safetensors]'"
    assert list(tmp_path.iterdir()) == []
