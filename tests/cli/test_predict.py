"""``matlab-compat predict`` on pictures and files of arrays.

Expected values: the softmax of the classifier's formula (fixtures/pictures/make_pictures.py),
written out in float64 here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

import converters
from fixtures.pictures.make_pictures import COLOURS, SHARPNESS
from tests.cli.command import FIXTURES

NET = FIXTURES / "pictures" / "colours.mat"
APPLE = FIXTURES / "pictures" / "apple.png"
GOOD = FIXTURES / "same_odd.v7.mat"


def scores(picture: Any) -> dict[str, float]:
    """What the network gives for a picture, by its formula."""
    W = np.array(list(COLOURS.values()), np.float64)
    z = SHARPNESS * (W @ np.asarray(picture, np.float64).mean((0, 1)) - (W**2).sum(1) / 2)
    e = np.exp(z - z.max())
    return dict(zip(COLOURS, e / e.sum(), strict=True))


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (16, 16)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def test_a_picture_gives_the_best_classes_with_their_scores(call: Any) -> None:
    done = call("predict", NET, APPLE, "--top", 3)
    expected = sorted(scores(Image.open(APPLE)).items(), key=lambda item: -item[1])[:3]
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0] == str(APPLE)
    found = {name: float(score) for score, name in map(str.split, lines[1:])}
    assert list(found) == [name for name, _ in expected]
    assert list(found.values()) == pytest.approx([score for _, score in expected], abs=1e-4)


def test_a_printed_result_is_what_the_command_line_prints(call: Any) -> None:
    done = converters.predict(NET, APPLE)
    below = call("predict", NET, APPLE).out.splitlines()[1:]
    assert [f"  {line}" for line in str(done).splitlines()] == below
    assert repr(done) == "<Prediction: apple>"


def test_five_classes_unless_told(call: Any) -> None:
    assert len(call("predict", NET, APPLE).out.splitlines()) == 6


def test_json_has_classes_sizes_and_what_was_written(call: Any, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    document = json.loads(call("predict", NET, APPLE, "--format", "json", "-o", out).out)
    (one,) = document["files"]
    assert document["schema"] == "matlab_compat.predictions/1"
    assert one["top"][0][0]["class"] == "apple"
    assert one["outputs"]["Y"]["size"] == [1, 6]
    assert one["written"] == str(out)
    Y = np.load(out)[0]
    np.testing.assert_allclose(Y, list(scores(Image.open(APPLE)).values()), atol=1e-5)


def test_what_has_no_classes_gives_size_and_range(call: Any) -> None:
    done = call("predict", GOOD, "--input", f"{GOOD}:X")
    Y = scipy.io.loadmat(GOOD)["Y"]
    assert f"Y: 10×8×3×1 single, from {Y.min():.4f}"[:36] in done.out
    assert f"to {Y.max():.4f}"[:8] in done.out


def test_a_folder_gives_each_input_and_a_file_for_each(call: Any, tmp_path: Path) -> None:
    (folder := tmp_path / "in").mkdir()
    picture(folder / "a.PNG", COLOURS["leaf"])
    picture(folder / "b.bmp", COLOURS["plum"])
    np.save(folder / "c.npy", np.full((16, 16, 3), 240.0))
    (folder / "notes.txt").write_text("not an input")
    out = tmp_path / "new" / "out"
    done = call("predict", NET, folder, "--top", 1, "--output-dir", out)
    assert done.code == 0
    assert [line.split()[-1] for line in done.out.splitlines()[1::2]] == ["leaf", "plum", "snow"]
    assert sorted(p.name for p in out.iterdir()) == ["a.mat", "b.mat", "c.mat"]
    Y = scipy.io.loadmat(out / "b.mat")["Y"][0]
    np.testing.assert_allclose(Y, list(scores([[COLOURS["plum"]]]).values()), atol=1e-5)


def test_an_error_of_one_does_not_stop_the_rest(call: Any, tmp_path: Path) -> None:
    bad = picture(tmp_path / "bad.png", (1, 2, 3), (5, 4))
    done = call("predict", NET, bad, APPLE, "--top", 1)
    assert done.code == 2
    assert "apple" in done.out
    assert "4×5" in done.err
    assert "--resize" in done.err
    assert "1 of 2 ok" in done.err
    document = json.loads(call("predict", NET, bad, APPLE, "--format", "json").out)
    assert [one["exit_code"] for one in document["files"]] == [2, 0]
    assert "4×5" in document["files"][0]["error"]


def test_another_size_is_resized_by_option(call: Any, tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", COLOURS["banana"], (40, 30))
    done = call("predict", NET, file, "--resize", "--top", 1)
    best = max(scores([[COLOURS["banana"]]]).items(), key=lambda item: item[1])
    assert done.out.split()[-2:] == [f"{best[1]:.4f}", "banana"]
    assert call("predict", NET, file, "--crop", "centre", "--top", 1).out.split()[-1] == "banana"


def test_grey_becomes_colour_by_option(call: Any, tmp_path: Path) -> None:
    Image.new("L", (16, 16), 242).save(file := tmp_path / "a.png")
    refused = call("predict", NET, file)
    assert refused.code == 2
    assert "--colour rgb" in refused.err
    assert call("predict", NET, file, "--colour", "rgb", "--top", 1).out.split()[-1] == "snow"


def test_nothing_is_overwritten(call: Any, tmp_path: Path) -> None:
    (tmp_path / "apple.mat").write_bytes(b"precious")
    done = call("predict", NET, APPLE, "--output-dir", tmp_path)
    assert done.code == 2
    assert "--force" in done.err
    assert (tmp_path / "apple.mat").read_bytes() == b"precious"


def test_a_file_is_no_folder_for_outputs(call: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"precious")
    done = call("predict", NET, APPLE, "--output-dir", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert "into a folder, and this is none" in done.err


def test_outputs_never_replace_inputs(call: Any, tmp_path: Path) -> None:
    scipy.io.savemat(file := tmp_path / "X.mat", {"X": np.ones((16, 16, 3))})
    done = call("predict", NET, file, "--output-dir", tmp_path, "--force")
    assert done.code == 2
    assert "is an input" in done.err
    assert "X" in scipy.io.loadmat(file)


def test_two_inputs_of_one_name_are_refused_before_anything_is_run(
    call: Any, tmp_path: Path
) -> None:
    files = [picture(tmp_path / f"a.{end}", (1, 2, 3)) for end in ("png", "bmp")]
    done = call("predict", NET, *files, "--output-dir", tmp_path / "out")
    assert done.code == 2
    assert "would both be" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([APPLE, "--input", APPLE], "both alone and with --input"),
        ([APPLE, APPLE, "-o", "y.mat"], "--output-dir outputs"),
        ([APPLE, "-o", "y.mat", "--output-dir", "out"], "leave one"),
        (["--input", APPLE, "--output-dir", "out"], "named alone"),
        ([APPLE, "--top", "0"], "--top takes"),
        ([APPLE, "--resize-mode", "lanczos3"], "--resize-mode takes"),
        ([APPLE, "--crop", "top"], "--crop is"),
    ],
)
def test_options_that_mean_nothing(call: Any, arguments: list[object], said: str) -> None:
    done = call("predict", NET, *arguments)
    assert done.code == 2
    assert said in done.err


# --- many files, as verify takes them ----------------------------------------------------------


def test_the_network_is_built_once_for_many_pictures(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from converters import jobs
    from matlab_compat.execution import network

    jobs._opened.cache_clear()  # of what other tests ran
    built: list[object] = []
    make = network.build_graph
    monkeypatch.setattr(network, "build_graph", lambda *a, **k: built.append(a) or make(*a, **k))
    files = [picture(tmp_path / f"{i}.png", (i, 0, 0)) for i in range(3)]
    assert call("predict", NET, *files).code == 0
    assert len(built) == 1


def test_resume_runs_what_is_missing(call: Any, tmp_path: Path) -> None:
    one, other = (picture(tmp_path / f"{i}.png", (i, 0, 0)) for i in range(2))
    where = ["--output-dir", tmp_path / "out", "--results", tmp_path / "r.jsonl"]
    assert call("predict", NET, one, other, *where).code == 0
    (tmp_path / "out" / "1.mat").unlink()
    done = call("predict", NET, one, other, *where, "--resume")
    assert (done.code, (tmp_path / "out" / "1.mat").exists()) == (0, True)
    lines = done.err.splitlines()
    assert lines[0] == "done by an earlier run: 1 of 2 files"
    assert [line.partition(" Y,")[0] for line in lines[1:]] == ["an earlier run wrote", "wrote"]
    records = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [Path(record["file"]).name for record in records] == ["0.png", "1.png", "1.png"]


def test_another_network_makes_records_out_of_date(call: Any, tmp_path: Path) -> None:
    net, results = tmp_path / "net.mat", tmp_path / "r.jsonl"
    net.write_bytes(NET.read_bytes())
    for option in ([], ["--resume"]):
        call("predict", net, APPLE, "--results", results, *option)
        net.write_bytes(b"A" + NET.read_bytes()[1:])  # of the text at its beginning
    assert len(results.read_text().splitlines()) == 2


def test_rows_read_the_wrong_way_are_said_to_be_that(call: Any, tmp_path: Path) -> None:
    import matlab_compat as mc

    net = mc.dlnetwork([mc.sequenceInputLayer(2), mc.fullyConnectedLayer(1)]).initialize(seed=0)
    mc.save(net, tmp_path / "net.mat", check=False)
    (tmp_path / "x.csv").write_text("1,2,3\n4,5,6\n")
    files = tmp_path / "net.mat", tmp_path / "x.csv"
    assert call("predict", *files, "--rows", "channels").code == 0
    done = call("predict", *files, "--rows", "time")
    assert (done.code, "the other way by --rows channels" in done.err) == (2, True)


# --- classes -----------------------------------------------------------------------------------


@pytest.fixture
def without_classes(tmp_path: Path) -> Path:
    """The scores of three classes, and no names."""
    import matlab_compat as mc

    layers = [mc.featureInputLayer(2), mc.fullyConnectedLayer(3), mc.softmaxLayer()]
    net = mc.dlnetwork(layers).initialize(seed=0)
    mc.save(net, tmp_path / "net.mat", check=False)
    (tmp_path / "x.csv").write_text("1,2\n")
    return tmp_path / "net.mat"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.txt", "cat\ndog\n\nfish, raw\n"),
        ("c.csv", 'cat,dog,"fish, raw"\n'),
        ("c.json", '["cat", "dog", "fish, raw"]'),
    ],
)
def test_names_of_classes_from_a_file(
    call: Any, without_classes: Path, name: str, content: str
) -> None:
    file = without_classes.with_name(name)
    file.write_text(content)
    done = call("predict", without_classes, without_classes.with_name("x.csv"), "--classes", file)
    assert done.code == 0, done.err
    found = [line.strip().split(maxsplit=1)[1] for line in done.out.splitlines()[1:]]
    assert sorted(found) == ["cat", "dog", "fish, raw"]


def test_names_of_classes_from_a_mat_file(call: Any, without_classes: Path) -> None:
    names = np.array(["cat", "dog", "fish"], dtype=object)
    scipy.io.savemat(file := without_classes.with_name("c.mat"), {"names": names})
    done = call("predict", without_classes, without_classes.with_name("x.csv"), "--classes", file)
    assert done.code == 0, done.err
    assert {line.split()[1] for line in done.out.splitlines()[1:]} == set(names)


@pytest.mark.parametrize(
    ("content", "said"),
    [("cat\ndog\n", "2 names"), ("", "no names"), ("a\na\nb\n", "more than once")],
)
def test_names_that_cannot_be_the_classes(
    call: Any, without_classes: Path, content: str, said: str
) -> None:
    file = without_classes.with_name("c.txt")
    file.write_text(content)
    done = call("predict", without_classes, without_classes.with_name("x.csv"), "--classes", file)
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_network_with_classes_keeps_them(call: Any, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("a\nb\n")
    done = call("predict", NET, APPLE, "--classes", tmp_path / "c.txt")
    assert (done.code, "has its own" in done.err) == (2, True)
