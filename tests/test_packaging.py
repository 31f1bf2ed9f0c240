"""What is published is complete, says what it is, and works away from the checkout.

Expected values: what pyproject.toml is to declare, written out; the packages are read with the
standard library.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]
FIXTURE = ROOT / "fixtures" / "same_odd.v7.mat"
PACKAGES = {"matlab_compat", "converters", "cli"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (file,) = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel_files(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def sdist_files(built: Path) -> list[str]:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = [PurePosixPath(member.name) for member in archive if member.isfile()]
    return [str(name.relative_to(name.parts[0])) for name in names]


def text_in(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"matlab_compat-{VERSION}.dist-info/{name}").decode("utf-8")


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    return Parser().parsestr(text_in(wheel, "METADATA"))


def test_wheel_is_for_any_platform(wheel: Path) -> None:
    assert wheel.name == f"matlab_compat-{VERSION}-py3-none-any.whl"


def test_metadata_names_the_distribution_and_its_licence(metadata: Message) -> None:
    assert metadata["Name"] == "matlab-compat"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"


def test_both_pass_twine_check(built: Path) -> None:
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.iterdir())]
    done = subprocess.run(command, timeout=PATIENCE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_description_leads_to_no_file_of_the_checkout(metadata: Message) -> None:
    links = re.findall(r"\]\(([^)]*)\)", metadata.get_payload())
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_version_stands_in_one_place() -> None:
    places = [
        *(ROOT / name for name in ("Makefile", "CITATION.cff", ".ci/run")),
        *(file for package in PACKAGES for file in (ROOT / package).rglob("*.py")),
    ]
    assert [path for path in places if f"{VERSION}" in path.read_text(encoding="utf-8")] == []


def test_metadata_requires_python_3_11(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_metadata_classifies_each_supported_python(metadata: Message, version: str) -> None:
    assert f"Programming Language :: Python :: {version}" in metadata.get_all("Classifier", [])


def test_metadata_requires_what_is_always_imported_and_offers_the_others_as_extras(
    metadata: Message,
) -> None:
    requirements = metadata.get_all("Requires-Dist", [])
    required = {re.split(r"[^\w-]", line)[0] for line in requirements if "extra ==" not in line}
    assert required == {
        *("numpy", "scipy", "h5py", "torch", "platformdirs", "rich", "typer"),
        *("tree-sitter", "tree-sitter-matlab"),
    }
    extras = {
        "bench",
        "cluster",
        "code",
        "dev",
        "docs",
        "fast",
        "images",
        "onnx",
        "openvino",
        "plot",
        "safetensors",
        "test",
    }
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def bounds(metadata: Message, *without: str) -> dict[str, str]:
    """Distribution -> its lower bound, of all requirements but those of some extras."""
    found: dict[str, str] = {}
    for line in metadata.get_all("Requires-Dist", []):
        bound = re.fullmatch(
            r"([\w-]+)(?:<[\d.]+,)?>=([\d.]+)(?:; extra == ['\"](\w+)['\"])?", line
        )
        assert bound is not None or line.startswith("matlab-compat["), line
        if bound is not None and bound[3] not in without:
            assert found.setdefault(bound[1], bound[2]) == bound[2]
    return found


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_each_requirement_has_a_lower_bound_and_nothing_else(metadata: Message) -> None:
    assert set(bounds(metadata)) > {
        "numpy",
        "torch",
        "onnx",
        "safetensors",
        "matplotlib",
        "deflate",
        "isal",
        "mypy",
    }


def test_make_lowest_has_exactly_the_lower_bounds(metadata: Message) -> None:
    assert pinned("constraints-lowest.txt") == bounds(metadata, "dev", "bench", "docs")


def test_the_versions_that_the_tests_pass_with_are_within_the_bounds(metadata: Message) -> None:
    def numbers(version: str) -> list[int]:
        return [int(part) for part in version.split(".")]

    tested = pinned("constraints.txt")
    for name, bound in bounds(metadata, "dev", "bench", "docs").items():
        assert numbers(tested[name]) >= numbers(bound), name


def test_wheel_installs_the_command(wheel: Path) -> None:
    entry_points = configparser.ConfigParser()
    entry_points.read_string(text_in(wheel, "entry_points.txt"))
    assert dict(entry_points["console_scripts"]) == {"matlab-compat": "matlab_compat.front:main"}


def test_wheel_holds_the_three_packages_and_nothing_else(wheel_files: list[str]) -> None:
    top_level = {PurePosixPath(name).parts[0] for name in wheel_files}
    assert top_level == PACKAGES | {f"matlab_compat-{VERSION}.dist-info"}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_wheel_marks_each_package_as_typed(wheel_files: list[str], package: str) -> None:
    assert f"{package}/py.typed" in wheel_files


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_wheel_holds_every_module_of_the_checkout(wheel_files: list[str], package: str) -> None:
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / package).rglob("*.py")}
    assert modules - set(wheel_files) == set()


def test_sdist_holds_the_tests_and_what_they_need(sdist_files: list[str]) -> None:
    needed = {
        "CITATION.cff",
        "LICENSE",
        "Makefile",
        "README.md",
        "benchmarks/NOTES.md",
        "constraints-lowest.txt",
        "constraints.txt",
        "fixtures/octave/make_fixtures.m",
        "fixtures/same_odd.v7.mat",
        "pyproject.toml",
        "tests/test_packaging.py",
    }
    assert needed - set(sdist_files) == set()


def test_sdist_holds_nothing_from_outside_the_allow_list(sdist_files: list[str]) -> None:
    folders = {PurePosixPath(name).parts[0] for name in sdist_files if "/" in name}
    assert folders <= PACKAGES | {"tests", "fixtures", "docs", "benchmarks", "changes"}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a new environment in which the wheel is installed.

    The dependencies are borrowed from the environment that runs the tests, by a path file. Python
    does not follow the path files found in a folder added so; hence an editable installation of
    this project over there stays out of sight, and only the wheel can answer.
    """
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    options = ["--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True, timeout=PATIENCE)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    borrowed = site_packages / "borrowed.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python.parent


def run_outside_the_checkout(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environ,
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_installed_wheel_verifies_a_fixture_from_outside_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    command = [str(installed / "matlab-compat"), "verify", str(FIXTURE)]
    result = run_outside_the_checkout(command, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\bequal\b", result.stdout)


@pytest.mark.slow
def test_installed_packages_do_not_come_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import cli, converters, matlab_compat as m; print(*cli.__path__, *m.__path__)"
    result = run_outside_the_checkout([str(installed / "python"), "-c", code], tmp_path)
    assert result.returncode == 0, result.stderr
    found = result.stdout.split()
    assert len(found) == 2
    assert all(Path(path).is_relative_to(installed.parent) for path in found)
