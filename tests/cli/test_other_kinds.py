"""Models that are not run, and files without any, on the command line.

The files are those of ``tests/converters/identify``; exit codes and words are README's and
docs/json.md's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures.kinds.make_kinds import write, yolov2
from tests.cli.command import FIXTURES
from tests.converters.exports import save
from tests.converters.identify.test_values import MODELS, OTHERS


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (command, kind)
        for command in ("verify", "predict")
        for kind in ("parameters", "parameters in one struct")
    ],
)
def test_a_known_kind_of_model_ends_with_3(
    call: Any, tmp_path: Path, command: str, kind: str
) -> None:
    path = save(tmp_path / "m.mat", **MODELS[kind][0])
    more = {"convert": ["-o", "m.pt"], "predict": ["--input", path, "-o", "Y.mat"]}
    done = call(command, path, *more.get(command, []))
    assert (done.code, done.out) == (3, "")
    assert MODELS[kind][1] in done.err
    assert "remedy:" in done.err


def test_parameters_are_converted_without_their_function(call: Any, tmp_path: Path) -> None:
    path, out = FIXTURES / "kinds" / "parameters.mat", tmp_path / "p.npz"
    done = call("convert", path, "-o", out)
    assert done.code == 0
    assert "80 numbers in 11 arrays" in done.out
    assert "left out, being no numbers: activation" in done.out
    assert out.exists()


def test_parameters_go_into_no_format_of_networks(call: Any, tmp_path: Path) -> None:
    done = call("convert", FIXTURES / "kinds" / "parameters.mat", "-o", tmp_path / "p.onnx")
    assert done.code == 2
    assert "p.pt, p.pth, p.safetensors, p.npz or p.mat" in done.err


def test_inspect_lists_parameters_with_their_sizes_and_their_sum(call: Any) -> None:
    path = FIXTURES / "kinds" / "parameters.mat"
    done = call("inspect", path)
    assert done.code == 0
    assert "hidden{2}.W        4×4 single" in done.out
    assert "   80 numbers in 11 arrays" in done.out
    variables = json.loads(call("inspect", path, "--format", "json").out)["variables"]
    (known,) = next(v for v in variables if v["name"] == "parameters")["known"]
    assert known["parameters"]["count"] == 80
    assert known["parameters"]["arrays"][0] == {
        "name": "fc1.Weights",
        "size": [5, 3],
        "class": "single",
        "labels": "",
    }
    assert known["parameters"]["others"] == ["activation"]


DETECTOR = FIXTURES / "kinds" / "yolov2.mat"
IMAGE = f"{FIXTURES / 'kinds' / 'yolov2_truth.mat'}:image"


def test_detect_prints_boxes(call: Any) -> None:
    done = call("detect", DETECTOR, "--input", IMAGE, "--threshold", 0.3)
    assert done.code == 0
    head, *rows = done.out.splitlines()
    assert head.split() == ["x", "y", "width", "height", "score", "label"]
    assert len(rows) == 9
    assert {row.split()[-1] for row in rows} <= {"cup", "plate"}
    assert "are not rounded" in done.err


def test_detect_as_json(call: Any) -> None:
    done = call("detect", DETECTOR, "--input", IMAGE, "--threshold", 0.3, "--format", "json")
    found = json.loads(done.out)
    assert found["schema"] == "matlab_compat.detect/1"
    assert len(found["boxes"]) == len(found["scores"]) == len(found["labels"]) == 9
    assert done.err == ""


def test_detect_takes_a_picture(call: Any, tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), (200, 30, 30)).save(tmp_path / "i.png")
    np.save(tmp_path / "i.npy", np.full((6, 8, 3), (200, 30, 30), np.uint8))
    found = [
        call("detect", DETECTOR, tmp_path / name, "--threshold", 0) for name in ("i.png", "i.npy")
    ]
    assert [one.code for one in found] == [0, 0]
    assert len(found[0].out.splitlines()) > 1
    assert found[0].out == found[1].out


def test_detect_takes_one_picture(call: Any) -> None:
    for given, said in (([], "No image"), ([IMAGE, "--input", IMAGE], "Two images")):
        done = call("detect", DETECTOR, *given)
        assert (done.code, said in done.err, "IMAGE.png" in done.err) == (2, True, True)


def test_detect_says_that_nothing_was_found(call: Any) -> None:
    assert call("detect", DETECTOR, "--input", IMAGE, "--threshold", 1).out == "nothing found\n"


def test_detect_needs_resize_for_another_size(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "i.mat", I=np.zeros((12, 16, 3), np.uint8))
    done = call("detect", DETECTOR, "--input", path)
    assert done.code == 2
    assert "--resize" in done.err
    done = call("detect", DETECTOR, "--input", path, "--resize")
    assert done.code == 0
    assert "was resized from 12×16 to 6×8" in done.err


def test_several_sizes_of_training_are_chosen_from_by_an_option(call: Any, tmp_path: Path) -> None:
    sizes = np.array([[6.0, 8], [12, 16]])
    path = write(tmp_path / "d.mat", detector=yolov2(TrainingImageSize=sizes))
    done = call("detect", path, "--input", IMAGE)
    assert done.code == 2
    assert "choose one: --size 6 8." in done.err
    assert call("detect", path, "--input", IMAGE, "--size", 6, 8).code == 0


def test_a_file_without_a_detector_ends_with_2(call: Any) -> None:
    done = call("detect", FIXTURES / "native" / "dag_v7.mat", "--input", IMAGE)
    assert done.code == 2
    assert "There is no detector in it." in done.err


def test_predict_gives_the_map_of_a_detector(call: Any, tmp_path: Path) -> None:
    out = tmp_path / "Y.npy"
    assert call("predict", DETECTOR, "--input", IMAGE, "-o", out).code == 0
    assert np.load(out).shape == (3, 4, 21, 1)


def test_a_converted_detector_says_what_is_left_to_do(call: Any, tmp_path: Path) -> None:
    done = call("convert", DETECTOR, "-o", tmp_path / "d.pt")
    assert done.code == 0
    assert "boxes are decoded and suppressed by detector.detect" in done.out


def test_a_file_without_any_ends_with_2(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **OTHERS["data"][0])
    done = call("verify", path)
    assert done.code == 2
    assert OTHERS["data"][1] in done.err


def test_inspect_says_what_a_variable_is(call: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "m.mat", **MODELS["parameters in one struct"][0])
    done = call("inspect", path)
    assert done.code == 0
    assert (
        "p: a struct of weights (fc1_Weights 5×3, fc1_Bias 5×1) without the layers or the function "
        "that use them, as custom training loops have it, which this version does not run"
    ) in done.out.splitlines()
    (p,) = json.loads(call("inspect", path, "--format", "json").out)["variables"]
    assert p["layers"] == []
    (known,) = p["known"]
    assert known["path"] == "p"
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
        str(save(tmp_path / "c.mat", **MODELS["parameters"][0])): "unsupported",
    }
    lines = call("verify", *files).out.splitlines()
    for line, (file, word) in zip(lines, files.items(), strict=False):
        assert line.startswith(f"{word} ")
        assert file in line
    document = json.loads(call("verify", *files, "--format", "json").out)
    said = {error["file"]: error["outcome"] for error in document["errors"]}
    assert said == {file: word for file, word in files.items() if word != "ok"}
