"""Files that lie, through each command and format: the output is safe, sound, and in time.

What safe means is written out in :mod:`tests.cli.safe`; the verdicts follow from how the files are
made: the networks double their input and add nothing, and their saved outputs are off by one.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import save_network
from converters.jobs import VerifyJob
from converters.matfile import open_mat
from converters.matfile.values import StructArray
from converters.matfile.writer import write_mat
from converters.names import valid_name
from matlab_compat import Network, imageInputLayer, regressionLayer, transposedConv2dLayer
from matlab_compat.parity import keeping_arrays
from tests.cli import safe
from tests.cli.command import FIXTURES
from tests.converters.exports import fields, save
from tests.fuzz.commands import Done, run
from tests.hostile import level5_files

pytestmark = pytest.mark.slow

GOOD = FIXTURES / "same_odd.v7.mat"

#: What a name may try, by what it attacks.
NAMES = {
    "terminal": "up\x1b]0;owned\x07\x1b[2J\x9b31m\r",
    "line": "a\nY: equal\nerror: none",
    "direction": "a\u202eb\u2066c\u200f\ufeff",
    "surrogate": "a\ud800b\udfff",
    "page": "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '"\' onmouseover=alert(1) x="',
    "xml": "]]></failure><error/>&lt;&#0;&xxe;\x00\uffff\ufffe",
    "markdown": "|`*_~[a](http://b)<b>@user #1 ``` \\| <!-- --> ![x](http://y)",
    "format": "{0.__class__} {} %s %(x)s %n ${HOME} $(id) {{",
    "python": '"""\n__import__("os").abort()\n\'\'\' \\',
    "matlab": "'); !id\nsystem('id'); %{",
    "long": "very long " * 2_000,
    "empty": "",
}
FORMATS = {
    "text": safe.check_text,
    "json": safe.check_json,
    "junit": safe.check_junit,
    "markdown": safe.check_markdown,
}


def assert_refused(done: Done, code: int = 2) -> None:
    """One message, and nothing else."""
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err
    assert [line.startswith("error:") for line in done.err.splitlines()].count(True) == 1
    safe.check_text(done.err)


def assert_reported(path: Path, form: str, code: int) -> None:
    """A report in this format that is safe, and nothing else."""
    done = run(["verify", str(path), "--format", form])
    assert (done.code, done.err) == (code, "")
    FORMATS[form](done.out)


@pytest.fixture(scope="module", autouse=True)
def _each_file_is_verified_once() -> Iterator[None]:
    """Every format and the page show what one verification found."""

    @functools.cache
    def report(job: VerifyJob, found: Any = VerifyJob.report) -> Any:
        with keeping_arrays():
            return found(job)

    with pytest.MonkeyPatch.context() as context:
        context.setattr(VerifyJob, "report", lambda job: report(job))
        yield


# --- names --------------------------------------------------------------------------------


def doubling_network(name: str) -> Network:
    """1 x 1 filters of 2 on 4 x 3 x 1; all layers have names that begin with ``name``."""
    two = np.full((1, 1, 1, 1), 2, np.float32)
    up = transposedConv2dLayer(1, 1, Name=f"{name}2", Weights=two, Bias=np.zeros((1, 1, 1)))
    inputs = imageInputLayer((4, 3, 1), Normalization="none", Name=f"{name}1")
    return Network([inputs, up, regressionLayer(Name=f"{name}3")], kind="SeriesNetwork")


@pytest.fixture(scope="module", params=NAMES)
def lying(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with such names, and outputs and activations that are off by one."""
    path: Path = tmp_path_factory.mktemp("lying") / "net.mat"
    name = NAMES[request.param]
    save_network(doubling_network(name), path, level="7")
    with open_mat(path) as mat:
        net = mat["net"]
    X = np.arange(12, dtype=np.float32).reshape(4, 3)
    wrong = {valid_name(f"{name}2"): 2 * X + 1}
    data = {"X": X, "Y": 2 * X + 1, "activations": StructArray.scalar(**wrong)}
    write_mat(path, {"net": net, **data}, level="7", overwrite=True)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_about_such_names_is_safe(lying: Path, form: str) -> None:
    assert_reported(lying, form, 1)


def test_a_page_about_such_names_has_only_its_own_elements(lying: Path, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    done = run(["verify", str(lying), "--report", str(place)])
    assert done.code == 1
    page = safe.check_html(place.read_text(encoding="utf-8"))
    assert "Different" in page.text


@pytest.mark.parametrize("form", ["text", "json"])
def test_inspect_shows_such_names_safely(lying: Path, form: str) -> None:
    done = run(["inspect", str(lying), "--format", form])
    assert (done.code, done.err) == (0, "")
    FORMATS[form](done.out)


def test_json_gives_such_names_back_as_they_are(lying: Path, request: Any) -> None:
    (name,) = [n for k, n in NAMES.items() if f"[{k}]" in request.node.name]
    document = safe.check_json(run(["inspect", str(lying), "--format", "json"]).out)
    assert [layer["name"] for layer in document["variables"][0]["layers"]] == [
        f"{name}1",
        f"{name}2",
        f"{name}3",
    ]


@pytest.mark.parametrize("lying", ["python", "line", "attribute", "format"], indirect=True)
@pytest.mark.usefixtures("forked_packages")
def test_source_for_such_names_holds_them_as_text_only(
    lying: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # To run it takes a process of its own; one of them is.
    check = [] if "[python]" in request.node.name else ["--no-check"]
    done = run(["convert", str(lying), "-o", str(tmp_path / "net"), *check])
    assert done.code == 0
    safe.check_text(done.out)
    tree = ast.parse((tmp_path / "net" / "model.py").read_text(encoding="utf-8"))
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    words = {word for name in called for word in name.split(".")}
    assert "load_state_dict" in words
    assert words.isdisjoint({"__import__", "os", "abort", "exec", "system"})


def test_matlab_code_for_such_names_has_no_line_of_theirs(lying: Path, tmp_path: Path) -> None:
    done = run(["convert", str(lying), "-o", str(tmp_path / "net.m")])
    assert done.code == 0
    text = (tmp_path / "net.m").read_text(encoding="utf-8")
    safe.check_text(text)
    lines = [line.strip() for line in text.splitlines()]
    assert not [line for line in lines if line.startswith(("system", "Y: equal", "error", "!"))]


@pytest.fixture(scope="module", params=[kind for kind in NAMES if kind not in ("long", "empty")])
def of_such_a_name(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A sound file of such a name."""
    name = NAMES[request.param].replace("/", "_").replace("\0", "")
    path = tmp_path_factory.mktemp("named") / name.encode("utf-8", "replace").decode()
    path.write_bytes(GOOD.read_bytes())
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_about_a_file_of_such_a_name_is_safe(of_such_a_name: Path, form: str) -> None:
    assert_reported(of_such_a_name, form, 0)


@pytest.mark.parametrize("kind", NAMES)
def test_the_error_about_a_class_of_such_a_name_is_safe(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.mat"
    layer = {"Class": f"{NAMES[kind]}Layer", "Name": NAMES[kind], "A": np.ones((1, 1))}
    write_mat(path, {"s": StructArray.scalar(**layer)}, level="7")
    assert_refused(run(["convert", str(path), "-o", str(tmp_path / "a.pt")]), 3)
    for form in ("text", "json"):
        done = run(["inspect", str(path), "--format", form])
        assert done.code == 0
        FORMATS[form](done.out)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", ["a\x1b[31m", "a\nb", "<b>", "{0}", "x" * 60_000, "a\x00b"])
def test_inspect_of_variables_of_such_names_is_safe(tmp_path: Path, name: str, form: str) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(level5_files.file(level5_files.scalar(1.0, name=name)))
    done = run(["inspect", str(path), "--format", form])
    assert done.code in (0, 2)
    FORMATS[form](done.out) if done.out else assert_refused(done)


# --- numbers ------------------------------------------------------------------------------

_X = np.ones((2, 2, 4), np.float32)
DATA: dict[str, tuple[Any, Any]] = {
    "NaN in X": (_X * np.nan, np.ones((5, 3, 5), np.float32)),
    "Inf in X": (_X * np.inf, np.ones((5, 3, 5), np.float32)),
    "NaN in Y": (_X, np.full((5, 3, 5), np.nan, np.float32)),
    "some NaN in Y": (_X, np.where(np.arange(75).reshape(5, 3, 5) % 2, np.nan, 1.0)),
    "Inf in Y": (_X, np.full((5, 3, 5), -np.inf, np.float32)),
    "overflow": (_X * 3e38, np.ones((5, 3, 5), np.float32)),
    "wrong shape of Y": (_X, np.ones((7, 7, 7), np.float32)),
    "wrong order of X": (np.ones((4, 2, 2), np.float32), _X),
    "complex Y": (_X, np.ones((5, 3, 5)) * 1j),
    "logical X": (_X > 0, np.ones((5, 3, 5), np.float32)),
    "huge integers": (np.full((2, 2, 4), 2**63, np.uint64), np.full((5, 3, 5), -(2**63))),
    "empty": (np.zeros((0, 2, 4)), np.zeros((0, 3, 5))),
}


@pytest.fixture(scope="module", params=DATA)
def of_such_numbers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A layer with such inputs and outputs."""
    X, Y = DATA[request.param]
    return str(save(tmp_path_factory.mktemp("numbers") / "a.mat", s=fields(X=X, Y=Y)))


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_about_such_numbers_is_sound(of_such_numbers: str, form: str) -> None:
    done = run(["verify", of_such_numbers, "--format", form])
    assert done.code in (1, 2)
    FORMATS[form](done.out) if done.code == 1 else assert_refused(done)


def test_a_page_about_such_numbers_is_sound(of_such_numbers: str, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    done = run(["verify", of_such_numbers, "--report", str(place)])
    assert done.code in (1, 2)
    safe.check_html(place.read_text(encoding="utf-8")) if done.code == 1 else assert_refused(done)


COUNTS = {
    "zero": 0.0,
    "negative": -1.0,
    "a fraction": 1.5,
    "NaN": np.nan,
    "Inf": np.inf,
    "2^31": 2.0**31,
    "2^53": 2.0**53,
    "1e308": 1e308,
    "many": np.arange(1.0, 300.0),
    "none": np.zeros((0, 0)),
}
PROPERTIES = ("FilterSize", "NumFilters", "NumChannels", "Stride", "CroppingSize")


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", PROPERTIES)
def test_a_false_count_is_told_by_each_command(tmp_path: Path, name: str, count: str) -> None:
    changed = {name: COUNTS[count]}
    path = str(save(tmp_path / "a.mat", s=fields(X=_X, Y=_X, **changed)))
    for form in ("text", "json"):
        done = run(["inspect", path, "--format", form])
        assert done.code == 0
        FORMATS[form](done.out)
    y, pt = str(tmp_path / "y.mat"), str(tmp_path / "a.pt")
    for line in (["verify"], ["predict", "--input", path, "-o", y], ["convert", "-o", pt]):
        done = run([line[0], path, *line[1:]])
        if done.code in (2, 3):
            assert_refused(done, done.code)
        assert done.code in (0, 1, 2, 3)
