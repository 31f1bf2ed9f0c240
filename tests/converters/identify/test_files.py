"""Files that are no MAT-files are called what they are, whatever their names.

The files are written by the programs whose formats they are (torch, numpy, safetensors, onnx, gzip,
zipfile, Octave's documented texts), or are the first bytes that the formats' descriptions give.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import converters
from converters.data import read_array
from converters.identify.files import kind_of
from matlab_compat.errors import (
    CorruptFileError,
    MatFileError,
    NotAMatFileError,
    UnsupportedLayerError,
    UsageError,
)

MODULE = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())


def torch_file(value: Any, **how: Any) -> bytes:
    memory = io.BytesIO()
    torch.save(value, memory, **how)
    return memory.getvalue()


def scripted() -> bytes:
    memory = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(MODULE), memory)
    return memory.getvalue()


def exported() -> bytes:
    memory = io.BytesIO()
    torch.export.save(torch.export.export(MODULE, (torch.zeros(1, 3, 8, 8),)), memory)
    return memory.getvalue()


def archive(*names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        for name in names:
            file.writestr(name, "content")
    return memory.getvalue()


def npy() -> bytes:
    memory = io.BytesIO()
    np.save(memory, np.zeros((2, 3)))
    return memory.getvalue()


def npz() -> bytes:
    memory = io.BytesIO()
    np.savez(memory, X=np.zeros((2, 3)))
    return memory.getvalue()


def tar() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as file:
        file.addfile(tarfile.TarInfo("net.mat"))
    return memory.getvalue()


def safetensors() -> bytes:
    from safetensors.numpy import save

    content: bytes = save({"weight": np.zeros((2, 3), np.float32)})
    return content


def onnx() -> bytes:
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [out])
    content: bytes = helper.make_model(graph, producer_name="someone").SerializeToString()
    return content


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
ASCII = b"   1.0000000e+00   2.0000000e+00\n  -3.0000000e+00   NaN\n"

#: What is in the file -> what the message calls it, and what the remedy says.
FILES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "lfs": (lambda: LFS, "Git LFS pointer", "git lfs pull"),
    "annex": (
        lambda: b"/annex/objects/SHA256E-s12--0.mat\n",
        "git-annex pointer",
        "git annex get",
    ),
    "html": (lambda: b"\n<!DOCTYPE html><html>404</html>", "HTML page", "browser"),
    "html after comments": (lambda: b"<!-- a -->\n<!---->\n<HTML>", "HTML page", "browser"),
    "xml": (lambda: b'<?xml version="1.0"?><Error/>', "XML", "download"),
    "apple": (lambda: b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ", "macOS", "._"),
    "gzip": (lambda: gzip.compress(b"x" * 300), "gzip", "gunzip"),
    "bzip2": (lambda: bz2.compress(b"x" * 300), "bzip2", "unpack"),
    "xz": (lambda: lzma.compress(b"x" * 300), "xz", "unpack"),
    "tar": (tar, "tar archive", "unpack"),
    "zip": (lambda: archive("a/net.mat", "a/b.txt"), "zip archive with a/net.mat", "unpack"),
    "empty zip": (lambda: archive(), "zip archive with nothing in it", "unpack"),
    # The beginnings of files that pcode has written: R2022a and before, R2007b, and older.
    "p-code": (lambda: b"v01.00v00.00\0\x0e\xb0\x1cC\xc6_\xb1\0\0\2\x8d", "P-code", "in MATLAB"),
    "p-code of R2007b": (lambda: b"v00.00v00.00\0\1\2\3\xff\xfe", "P-code", "in MATLAB"),
    "old p-code": (lambda: b"P-file  5.0\0\1\2\3\xff\xfe", "P-code", "in MATLAB"),
    "png": (
        lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 300,
        "image (PNG)",
        "matlab-compat predict NET.mat",
    ),
    "jpeg": (
        lambda: b"\xff\xd8\xff\xe0" + b"\0" * 300,
        "image (JPEG)",
        "matlab-compat predict NET.mat",
    ),
    "pdf": (lambda: b"%PDF-1.4\n", "PDF", "download"),
    "npy": (npy, "NumPy array", "numpy.load("),
    "npz": (npz, "NumPy arrays (.npz)", "numpy.load("),
    "onnx": (onnx, "ONNX model", "importNetworkFromONNX("),
    "state_dict": (lambda: torch_file(MODULE.state_dict()), "state_dict", "from_torch(model"),
    "old state_dict": (
        lambda: torch_file(MODULE.state_dict(), _use_new_zipfile_serialization=False),
        "state_dict",
        "from_torch(model",
    ),
    "no tensors": (lambda: torch_file([1, {}]), "no tensors are seen", "model.state_dict()"),
    "module": (lambda: torch_file(MODULE), "torch.nn.modules.container.Sequential", "if you trust"),
    "old module": (
        lambda: torch_file(MODULE, _use_new_zipfile_serialization=False),
        "torch.nn.modules.container.Sequential",
        "if you trust",
    ),
    "torchscript": (scripted, "TorchScript program", "the module that it was made from"),
    "pt2": (exported, "exported PyTorch program", "from_torch(torch.export.load("),
    "safetensors": (safetensors, "safetensors file", "load_file("),
    "keras": (lambda: archive("config.json", "model.weights.h5"), "Keras model", "TensorFlow"),
    "live script": (
        lambda: archive("[Content_Types].xml", "matlab/document.xml"),
        "live script",
        "in MATLAB",
    ),
    "simulink": (
        lambda: archive("[Content_Types].xml", "simulink/blockdiagram.xml"),
        "Simulink model",
        "MAT-file",
    ),
    "workbook": (lambda: archive("[Content_Types].xml", "xl/workbook.xml"), "Excel", "readmatrix"),
    "octave": (
        lambda: b"# Created by Octave 9.2.0\n# name: x\n# type: scalar\n1\n",
        "Octave's own text",
        "save -v7",
    ),
    "octave binary": (lambda: b"Octave-1-L\x00" + b"\0" * 20, "Octave's own binary", "save -v7"),
    "ascii": (lambda: ASCII, "text of numbers", "numpy.loadtxt("),
    "csv": (lambda: b"1,2\n3,4e-5\n", "text of numbers", "delimiter=','"),
    "code": (lambda: b"function y = f(x)\ny = x;\nend\n", "code of MATLAB", "in MATLAB"),
    "yaml": (lambda: b"%YAML 1.1\n--- !u!21 &2100000\nMaterial:\n", "Unity", "with a network"),
    "json": (lambda: b'{"a": 1}\n', "JSON", "jsondecode"),
    "text": (lambda: "Zugriff verweigert, ä\n".encode(), "'Zugriff verweigert, ä'", "download"),
    "text of Windows": (
        lambda: "no\r\n".encode("utf-16"),
        "text that begins 'no'",
        "name a MAT-file",
    ),
    "zeros": (lambda: bytes(4096), "zeros", "download"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_mat_file_is_called_what_it_is(tmp_path: Path, kind: str) -> None:
    make, name, remedy = FILES[kind]
    (tmp_path / "net.mat").write_bytes(make())
    with pytest.raises(NotAMatFileError) as caught:
        converters.open_mat(tmp_path / "net.mat")
    assert name in caught.value.what
    assert remedy in caught.value.remedy
    assert "{" not in caught.value.remedy.replace("{'X'", "")


@pytest.mark.parametrize("kind", FILES)
def test_a_name_that_says_pytorch_changes_nothing(tmp_path: Path, kind: str) -> None:
    """And nothing that torch says of it is passed on (its warnings are errors here)."""
    make, name, _ = FILES[kind]
    path = tmp_path / "net.pt"
    path.write_bytes(make())
    with pytest.raises(MatFileError) as caught:
        converters.load(path)
    assert name in caught.value.what
    assert "weights only" not in str(caught.value).lower()
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("cut", [10, 60, 300])
@pytest.mark.parametrize("kind", ["state_dict", "old state_dict", "module", "torchscript", "zip"])
def test_a_file_that_is_cut_short_is_refused_all_the_same(
    tmp_path: Path, kind: str, cut: int
) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(FILES[kind][0]()[:cut])
    for read in (converters.open_mat, converters.load):
        with pytest.raises(MatFileError) as caught:
            read(path)
        assert caught.value.remedy


def test_bytes_that_nothing_is_known_of_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    path.write_bytes(b"\x07\x01\x02\x03\xff\xfe\xfd\xfc" * 40)
    with pytest.raises(NotAMatFileError, match="07 01 02 03 ff fe fd fc"):
        converters.open_mat(path)


def test_names_in_an_archive_cannot_forge_a_message(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    path.write_bytes(archive("a\nremedy: {path} \x1b[31m.mat"))
    with pytest.raises(NotAMatFileError) as caught:
        converters.open_mat(path)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in caught.value.what


def test_comments_without_end_are_judged_at_once() -> None:
    """As many ways to part them as there are comments would take for ever."""
    assert kind_of(b"<!-- -->" * 5000) is not None


# --- the lines to paste -------------------------------------------------------------------


def line_of(remedy: str, begin: str) -> str:
    """The call in a remedy that begins so, to its closing bracket."""
    start, depth = remedy.index(begin), 0
    for i in range(start, len(remedy)):
        depth += {"(": 1, ")": -1}.get(remedy[i], 0)
        if depth == 0 and remedy[i] == ")":
            return remedy[start : i + 1]
    raise AssertionError(remedy)


@pytest.mark.parametrize(
    ("name", "content", "shape"),
    [
        ("X.npy", npy(), (2, 3)),
        ("X.txt", ASCII, (2, 2)),
        ("X.csv", b"1,2\n", (1, 2)),
        ("X.csv", b"1, 2\r\n3, 4\r\n", (2, 2)),
        ("X.csv", b"time,volt\n1,2\n3,4\n", (2, 2)),
        ("X.csv", b"% of today\n\ntime,volt\n# unit\n1,2\n3,4\n", (2, 2)),
        ("X.txt", b"% of today\n1 2\n3 4\n", (2, 2)),
        ("X.txt", b"1\t2\n3\t4\n", (2, 2)),
        ("X.txt", b"\xef\xbb\xbf1 2\n", (1, 2)),
        ("X.txt", "1 2\n".encode("utf-16"), (1, 2)),
        ("X.txt", b"1 2\n" * 30_000, (30_000, 2)),
    ],
)
def test_an_array_of_another_format_where_x_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, shape: object
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotAMatFileError) as caught:
        read_array(str(tmp_path / name))
    assert "network or layer" not in caught.value.remedy
    monkeypatch.chdir(tmp_path)
    import numpy

    pasted = line_of(caught.value.remedy, "converters.write_mat")
    eval(pasted, {"converters": converters, "numpy": numpy})
    assert read_array("X.mat").shape == shape


@pytest.mark.parametrize(
    "content",
    [b"1 2\n3\n", b"1,2\n" * 30 + b"3\n", b"1 2\n" * 20_000 + b"3 4 5\n", b"1,2,\n3,4,\n"],
    ids=["ragged", "ragged later on", "ragged far behind", "empty values"],
)
def test_numbers_that_no_array_holds_come_without_a_line_that_would_fail(
    tmp_path: Path, content: bytes
) -> None:
    """numpy.loadtxt refuses them, which the test makes sure of."""
    (tmp_path / "X.txt").write_bytes(content)
    for delimiter in (None, ","):
        with pytest.raises(ValueError, match=r"column|convert"):
            np.loadtxt(tmp_path / "X.txt", delimiter=delimiter)
    with pytest.raises(NotAMatFileError, match="text of numbers") as caught:
        read_array(str(tmp_path / "X.txt"))
    assert "loadtxt" not in caught.value.remedy
    assert "save('X.mat', 'X')" in caught.value.remedy


def test_an_image_where_x_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pil = pytest.importorskip("PIL.Image")
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    pil.fromarray(pixels).save(tmp_path / "x.png")
    with pytest.raises(NotAMatFileError) as caught:
        read_array(str(tmp_path / "x.png"))
    monkeypatch.chdir(tmp_path)
    import numpy
    import PIL

    pasted = line_of(caught.value.remedy, "converters.write_mat")
    eval(pasted, {"converters": converters, "numpy": numpy, "PIL": PIL})
    np.testing.assert_array_equal(read_array("X.mat"), pixels)


def test_the_line_for_an_exported_program(tmp_path: Path) -> None:
    (tmp_path / "e.pt2").write_bytes(exported())
    with pytest.raises(NotAMatFileError) as caught:
        converters.open_mat(tmp_path / "e.pt2")
    eval(
        line_of(caught.value.remedy, "converters.save"), {"converters": converters, "torch": torch}
    )
    assert converters.load_network(tmp_path / "e.mat").names[-1]


def test_the_lines_for_a_state_dict_and_a_module(tmp_path: Path) -> None:
    example = torch.zeros(1, 3, 8, 8)
    for name, value in (("w.pth", MODULE.state_dict()), ("m.pt", MODULE)):
        (tmp_path / name).write_bytes(torch_file(value))
        with pytest.raises(MatFileError) as caught:
            converters.load(tmp_path / name)
        known = {"converters": converters, "torch": torch, "example_input": example}
        loaded = eval(line_of(caught.value.remedy, "torch.load"), known)
        known["model"] = loaded if isinstance(loaded, nn.Module) else nn.Sequential(*MODULE)
        eval(line_of(caught.value.remedy, "converters.save"), known)
        network = converters.load_network(tmp_path / f"{name[0]}.mat")
        assert [type(layer).__name__ for layer in network.Layers][-1] == "ReLULayer"


def test_a_file_of_ours_by_another_name(tmp_path: Path) -> None:
    from matlab_compat import dlnetwork, featureInputLayer, reluLayer

    network = dlnetwork([featureInputLayer(2, Name="in"), reluLayer(Name="r")])
    for ending in (".pt", ".safetensors"):
        converters.save(network, tmp_path / f"net{ending}")
        with pytest.raises(NotAMatFileError, match="matlab-compat wrote") as caught:
            converters.inspect(tmp_path / f"net{ending}")
        eval(line_of(caught.value.remedy, "converters.load"), {"converters": converters})


def test_a_mat_file_called_pt(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(
        b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + b" " * 86 + struct.pack("<H2s", 0x100, b"IM")
    )
    with pytest.raises(MatFileError, match="it is a MAT-file") as caught:
        converters.load(tmp_path / "net.pt")
    assert "net.mat" in caught.value.remedy


def test_a_mat_file_that_was_copied_as_text(tmp_path: Path) -> None:
    """As an editor or a repository without binary files re-encodes it: the header grows."""
    header = b"MATLAB 5.0 MAT-file, Platform: PCWIN64, Created on: mi\xe9".ljust(124) + b"\0\1IM"
    path = tmp_path / "net.mat"
    path.write_bytes((header + bytes(64)).decode("latin-1").encode())
    with pytest.raises(CorruptFileError, match="header is that of a MAT-file") as caught:
        converters.load(path)
    assert "as binary" in caught.value.remedy


def test_an_uppercase_ending_is_the_same_format(tmp_path: Path) -> None:
    from matlab_compat import dlnetwork, featureInputLayer, reluLayer

    network = dlnetwork([featureInputLayer(2, Name="in"), reluLayer(Name="r")])
    converters.save(network, tmp_path / "net.PT")
    assert converters.load_network(tmp_path / "net.PT").names == ["in", "r"]


# --- from_torch of what is no module ------------------------------------------------------


def test_from_torch_of_a_torchscript_program() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.jit.script(MODULE)
    with pytest.raises(UnsupportedLayerError, match="TorchScript") as caught:
        converters.from_torch(program)
    assert re.search("the module that it was made from", caught.value.remedy)


def test_from_torch_of_a_state_dict() -> None:
    with pytest.raises(UsageError, match="not OrderedDict") as caught:
        converters.from_torch(MODULE.state_dict())  # type: ignore[arg-type]
    assert "load_state_dict" in caught.value.remedy


@pytest.mark.parametrize("size", [0x280, 0x380, 0x480, 0x580])
def test_a_safetensors_file_whose_size_of_header_begins_as_a_pickle_does(size: int) -> None:
    """The format: 8 bytes, little-endian, say how long the JSON behind them is."""
    found = kind_of(struct.pack("<Q", size) + b'{"__metadata__":{}}'.ljust(size))
    assert found is not None
    assert "safetensors" in found.name
