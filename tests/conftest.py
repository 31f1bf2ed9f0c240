"""Settings for all tests: reproducible Hypothesis, one torch thread, skips for what is absent."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import gc
import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from _pytest.runner import runtestprotocol
from hypothesis import settings

from tests.browser import CHROMIUM, Browser, browser

# Before anything imports torch: the tests are small, and threads only disturb each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing is measured, and no file of the user's touched, but where a test is about that.
os.environ.setdefault("MATLAB_COMPAT_CHOICE", "direct")
# To look for garbage after every 700 new objects, as Python does, takes a tenth of the time.
gc.set_threshold(50_000)

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

#: What is tested where torch is absent: that files are read and inspected there all the same.
WITHOUT_TORCH = (
    "converters/matfile",
    "converters/formats/test_mat_native.py",
    "converters/formats/test_mat_struct.py",
    "converters/test_find.py",
    "converters/test_inspect.py",
    "converters/test_names.py",
    *(f"fixtures/test_{name}.py" for name in ("kinds", "matconvnet", "native", "octave")),
    *(f"fixtures/test_{name}.py" for name in ("pictures", "shallow")),
    "hostile/test_level5.py",
    "hostile/test_level73.py",
    "hostile/test_mutations.py",
    "matlab_compat/test_display.py",
    "matlab_compat/test_table.py",
    "test_packaging.py",
)

#: Of what passes, set-up and end are reported only if they take longer (seconds).
TOLD = 0.05

#: Seconds in one test after which its process says where it stands, and how often they begin anew:
#: pytest's ``faulthandler_timeout`` makes a thread for each test.
HANGS, ANEW = 120.0, 10.0

#: What marks tests that take long, the longest first.
LONG = ("slow", "real")

REAL = Path(__file__).parents[2] / "shared" / "real"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser, for the pages of one module."""
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="session")
def _our_formats() -> None:
    """Imported, which takes a look at every installed distribution."""
    from converters.formats import suffixes

    assert suffixes()


@pytest.fixture
def own_registry(_our_formats: None) -> Iterator[None]:
    """Layers and formats that the test registers are unknown after it."""
    from converters.formats import Format
    from matlab_compat.layers.declared import CLASSES

    registries: list[dict[str, Any]] = [CLASSES, Format.registered]
    before = [dict(registry) for registry in registries]
    yield
    for registry, known in zip(registries, before, strict=True):
        registry.clear()
        registry.update(known)


def _prepared(override: Any) -> Any:
    """torch's context for composite operators, which makes the same 6,000 kernels at each entry.

    It makes none where there is one; those of the first time are put there before.
    """
    kernels: dict[Any, dict[Any, Any]] = {}

    @contextlib.contextmanager
    def prepared(table: dict[Any, Any]) -> Iterator[None]:
        before = {operator: dict(operator.py_kernels) for operator in table}
        known = kernels.keys() & before.keys()
        for operator in known:
            operator.py_kernels.update(kernels[operator] | before[operator])
        try:
            with override(table):
                for operator in before.keys() - known:
                    made = operator.py_kernels.items()
                    kernels[operator] = {
                        key: kernel
                        for key, kernel in made
                        if key not in before[operator] and key.name != "CompositeImplicitAutograd"
                    }
                yield
        finally:
            for operator in known:
                operator.py_kernels.clear()
                operator.py_kernels.update(before[operator])

    return prepared


@pytest.fixture(scope="session", autouse=True)
def _tables_of_operators_are_read_once() -> Iterator[None]:
    """torch's exporters read them again for every model.

    The translations to ONNX and the composite operators are the same each time, and take more than
    half of the time of a small model.
    """
    if not importlib.util.find_spec("torch"):
        yield
        return
    from converters.formats import onnx

    translate = onnx._translated

    def translated(*arguments: Any) -> Any:
        with contextlib.suppress(ImportError, AttributeError):  # another torch: slower, no more
            from torch._export import utils
            from torch.export import exported_program
            from torch.onnx._internal.exporter._registration import ONNXRegistry

            for place, name in (
                (ONNXRegistry, "from_torchlib"),
                (utils, "_collect_all_valid_cia_ops_for_namespace"),
            ):
                once = functools.cache(getattr(place, name))
                context.setattr(place, name, staticmethod(once))
            name = "_override_composite_implicit_decomp"
            context.setattr(exported_program, name, _prepared(getattr(exported_program, name)))
        context.setattr(onnx, "_translated", translate)
        return translate(*arguments)

    with pytest.MonkeyPatch.context() as context:
        context.setattr(onnx, "_translated", translated)
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_are_made_once() -> Iterator[None]:
    """typer makes them anew for every line, which takes longer than most of what is tested."""
    import typer

    with pytest.MonkeyPatch.context() as context:
        context.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What survives a power cut is not tested; to wait for it takes longer than to write a file."""
    with pytest.MonkeyPatch.context() as context:
        context.setattr(os, "fsync", lambda _: None)
        yield


class Result:
    """What a command line did in this process."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line in this process: ten times as fast as the installed command."""

    import cli.main

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["matlab-compat", *map(str, arguments)])
        code: object = 0
        try:
            cli.main.main()
        except SystemExit as left:
            code = left.code or 0
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def forked_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source packages run in processes that have imported torch, for tests of something else."""
    from converters.formats import source
    from tests.cli import child, command

    def run(line: list[str], **_: Any) -> Any:
        *_, code = line[: line.index("-c") + 2]
        return command.forked(child.run_code, code, line[line.index("-c") + 2 :])

    monkeypatch.setattr(source, "subprocess", SimpleNamespace(run=run))


def _absent() -> dict[str, str]:
    """Marker -> why its tests cannot run here."""
    absent = {}
    if not REAL.is_dir():
        absent["real"] = "../shared/real is absent"
    if shutil.which("octave") is None:
        absent["octave"] = "GNU Octave is absent"
    if not Path(CHROMIUM).exists():
        absent["browser"] = "Chromium is absent"
    return absent


def _no_gpu() -> bool:
    import torch

    return not torch.cuda.is_available()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if importlib.util.find_spec("torch") or not collection_path.name.startswith("test_"):
        return None
    path = collection_path.relative_to(Path(__file__).parent)
    return None if any(path.is_relative_to(name) for name in WITHOUT_TORCH) else True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What ``--dist loadfile`` asks for, without its searches."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.schedule import Modules

    return Modules(config, log)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """One report of each test from the processes of pytest-xdist, not three and two notices."""
    _watch(item.config)
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed or report.duration > TOLD:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


_WATCHED = pytest.StashKey[float]()


def _watch(config: pytest.Config) -> None:
    now = time.monotonic()
    if now > config.stash.get(_WATCHED, -ANEW) + ANEW:
        config.stash[_WATCHED] = now
        stderr = config.stash[fault_handler_stderr_fd_key]
        faulthandler.dump_traceback_later(HANGS, file=stderr)


def pytest_unconfigure() -> None:
    faulthandler.cancel_dump_traceback_later()


def _long_first(items: list[pytest.Item]) -> None:
    """Modules with long tests before the others, so that no process has the last of them alone."""
    modules: dict[Path, int] = {}
    for item in items:
        ranks = [rank for rank, marker in enumerate(LONG) if item.get_closest_marker(marker)]
        modules[item.path] = min(*ranks, modules.get(item.path, len(LONG)), len(LONG))
    items.sort(key=lambda item: modules[item.path])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if addresses := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"another name in each of pytest's processes: {addresses[0]}")
    _long_first(items)
    absent = _absent()
    # torch is imported only where a test of the selection may need it.
    if any(item.get_closest_marker("gpu") for item in items) and _no_gpu():
        absent["gpu"] = "torch sees no CUDA device"
    for item in items:
        for marker, reason in absent.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
