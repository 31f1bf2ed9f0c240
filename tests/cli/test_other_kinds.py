"""Models that are not run, and files without any, on the command line.

The files are those of ``tests/converters/identify``; exit codes and words are README's and
docs/json.md's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import FIXTURES
from tests.converters.exports import save
from tests.converters.identify.test_values import MODELS, OTHERS


@pytest.mark.parametrize("command", ["verify", "convert", "predict"])
@pytest.mark.parametrize("kind", ["simplenn", "dagnn", "parameters"])
def test_a_known_kind_of_model_ends_with_3(
    call: Any, tmp_path: Path, command: str, kind: str
) -> None:
    path = save(tmp_path / "m.mat", **MODELS[kind][0])
    more = {"convert": ["-o", "m.pt"], "predict": ["--input", path, "-o", "Y.mat"]}
    done = call(command, path, *more.get(command, []))
    assert (done.code, done.out) == (3, "")
    assert MODELS[kind][1] in done.err
    assert "remedy:" in done.err


def test_a_file_without_any_ends_with_2(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **OTHERS["data"][0])
    done = call("verify", path)
    assert done.code == 2
    assert OTHERS["data"][1] in done.err


def test_inspect_says_what_a_variable_is(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **MODELS["simplenn"][0])
    done = call("inspect", path)
    assert done.code == 0
    assert done.out.splitlines()[-1] == (
        "net: a network of MatConvNet (SimpleNN, 2 layers: conv, relu), which this version does "
        "not run"
    )
    (net,) = json.loads(call("inspect", path, "--format", "json").out)["variables"]
    assert net["layers"] == []
    (known,) = net["known"]
    assert known["path"] == "net"
    assert known["is_model"] is True


def test_one_file_among_many_is_called_what_became_of_it(call: Any, tmp_path: Path) -> None:
    """A network without X is not unreadable."""
    broken = tmp_path / "a.mat"
    broken.write_text("nothing")
    files = {
        str(FIXTURES / "native" / "dag_v7.mat"): "no data",
        str(FIXTURES / "same_odd.v7.mat"): "ok",
        str(broken): "unreadable",
        str(save(tmp_path / "b.mat", **OTHERS["data"][0])): "no layer",
        str(save(tmp_path / "c.mat", **MODELS["simplenn"][0])): "unsupported",
    }
    lines = call("verify", *files).out.splitlines()
    for line, (file, word) in zip(lines, files.items(), strict=False):
        assert line.startswith(f"{word} ")
        assert file in line
    document = json.loads(call("verify", *files, "--format", "json").out)
    said = {error["file"]: error["outcome"] for error in document["errors"]}
    assert said == {file: word for file, word in files.items() if word != "ok"}
