"""``matlab-compat convert``: exit codes, messages and JSON, with the installed command.

Expected values: what the command promises, written out; files are looked at with other readers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.numpy

import converters
from converters.formats import Options
from tests.cli.command import FIXTURES, run
from tests.converters.exports import fields, save

LAYER = FIXTURES / "same_odd.v7.mat"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_says_what_was_written_and_that_it_computes_the_same(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "up.safetensors")
    assert done.returncode == 0, done.stderr
    assert f"wrote {tmp_path}/up.safetensors: safetensors, 1 layer" in done.stdout
    assert "outputs before and after are equal" in done.stdout
    assert set(safetensors.numpy.load_file(tmp_path / "up.safetensors")) == {"weight", "bias"}


def test_half_says_what_it_costs(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "up.pt", "--dtype", "half")
    assert done.returncode == 0
    assert "Y: half costs " in done.stdout
    assert "x single: relative error" in done.stdout


def test_json_has_the_costs(tmp_path: Path) -> None:
    out = tmp_path / "up.pt"
    done = run("convert", LAYER, "-o", out, "--dtype", "bfloat16", "--format", "json")
    document = json.loads(done.stdout)
    assert document["schema"] == "matlab_compat.convert/1"
    assert (document["exit_code"], document["path"]) == (0, str(out))
    (cost,) = document["costs"]
    assert (cost["name"], cost["dtype"]) == ("Y", "bfloat16")
    assert cost["written"] > 100 * cost["single"] > 0


@pytest.mark.slow
def test_onnx_from_the_command_line_is_quiet(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "up.onnx")
    assert done.returncode == 0
    assert done.stderr == ""
    onnx.checker.check_model(onnx.load(tmp_path / "up.onnx"), full_check=True)


def test_an_unknown_ending_is_wrong_usage(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "up.h5")
    assert done.returncode == 2
    assert "There is no target '.h5'" in done.stderr
    assert ".onnx" in done.stderr
    assert names(tmp_path) == []


def test_an_ending_that_was_mistyped_is_said_before_anything_is_read(call: Any) -> None:
    done = call("convert", "missing.mat", "-o", "net.onx")
    assert (done.code, done.out) == (2, "")
    assert "'.onx'; did you mean .onnx?" in done.err


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    out = tmp_path / "up.pt"
    out.write_bytes(b"mine")
    refused = run("convert", LAYER, "-o", out)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert out.read_bytes() == b"mine"
    forced = run("convert", LAYER, "-o", out, "--force")
    assert forced.returncode == 0
    assert out.read_bytes() != b"mine"


def test_a_missing_folder_is_unusable(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "absent" / "up.pt")
    assert done.returncode == 2
    assert "check that the folder exists" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_untrained_layer_is_refused_without_leaving_anything(tmp_path: Path) -> None:
    file = save(tmp_path / "in.mat", layer=fields(Weights=None, Bias=None))
    done = run("convert", file, "-o", tmp_path / "up.pt")
    assert done.returncode == 2
    assert "Weights is empty" in done.stderr
    assert names(tmp_path) == ["in.mat"]


def test_without_check_it_says_so(tmp_path: Path) -> None:
    done = run("convert", LAYER, "-o", tmp_path / "up.pt", "--no-check")
    assert done.returncode == 0
    assert "outputs not compared: not asked for" in done.stdout


def test_many_files_go_into_a_folder(tmp_path: Path) -> None:
    given = tmp_path / "in"
    given.mkdir()
    for name in ("a", "b"):
        save(given / f"{name}.mat", layer=fields())
    out = tmp_path / "out"
    done = run("convert", given, "-o", out, "--to", "safetensors")  # or .safetensors
    assert done.returncode == 0, done.stderr
    assert names(out) == ["a.safetensors", "b.safetensors"]
    tensors = safetensors.numpy.load_file(out / "a.safetensors")
    expected = fields()["Weights"].transpose(3, 2, 0, 1)
    np.testing.assert_array_equal(tensors["weight"], expected)


def test_many_files_as_json_and_gone_on_with(call: Any, tmp_path: Path) -> None:
    files = [save(tmp_path / f"{name}.mat", layer=fields()) for name in ("a", "b")]
    bad = tmp_path / "c.mat"
    bad.write_bytes(b"nothing")
    results = tmp_path / "r.jsonl"
    command = ["convert", *files, bad, "-o", tmp_path / "out", "--results", results]
    document = json.loads(call(*command, "--format", "json").out)
    assert document["schema"] == "matlab_compat.convert-many/1"
    assert [one["exit_code"] for one in document["files"]] == [0, 0, 2]
    (tmp_path / "out" / "b.pt").unlink()
    done = call(*command, "--resume")
    first, second, _, last = done.out.splitlines()
    assert (done.code, last) == (2, "2 of 3 ok")
    assert ("an earlier run wrote" in first, "an earlier run" in second) == (True, False)
    again = [Path(json.loads(line)["file"]).name for line in results.read_text().splitlines()]
    assert again == ["a.mat", "b.mat", "c.mat", "b.mat"]


def test_two_files_of_one_name_are_not_made_into_one(call: Any, tmp_path: Path) -> None:
    files = []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        files.append(save(tmp_path / folder / "a.mat", layer=fields()))
    done = call("convert", *files, "-o", tmp_path / "out", "--force")
    assert (done.code, done.out, (tmp_path / "out").exists()) == (2, "", False)
    assert "would both be" in done.err


def test_a_printed_result_is_what_the_command_line_prints(call: Any, tmp_path: Path) -> None:
    said = call("convert", LAYER, "-o", tmp_path / "a.pt", "--dtype", "half").out
    done = converters.convert(LAYER, tmp_path / "b.pt", options=Options("half"))
    assert f"{done}\n" == said.replace("a.pt", "b.pt")
    assert repr(done) == f"<Converted: {tmp_path / 'b.pt'}, equal>"
