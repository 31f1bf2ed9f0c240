"""A short, seeded run of the fuzzer: nothing crashes, hangs, leaks, or raises a foreign error.

The long run is ``make fuzz MINUTES=30``; docs/security.md records its outcome. That the harness
sees what it must see is shown with readers made to do wrong.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz import commands, readers
from tests.fuzz.harness import Corpus, Finding, Summary, run
from tests.fuzz.seeds import SENTINEL, Seed, all_seeds, model_seeds

SEED = 2026


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    folder = tmp_path_factory.mktemp("seeds")
    found = all_seeds(folder, real=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in found:  # nothing left to import in the children
            (folder / "healthy.mat").write_bytes(seed.data)
            readers.ours(folder / "healthy.mat")
    return found


@pytest.mark.slow
def test_short_seeded_run_finds_nothing(seeds: list[Seed], tmp_path: Path) -> None:
    summary = run(Corpus(seeds, SEED), "matlab_compat", tmp_path, jobs=2, mutants=200)

    assert summary.findings == []
    assert summary.mutants == 200
    assert {level for level, _ in summary.kinds} == {"4", "6", "7", "7.3"}
    assert summary.count("values") > 20
    assert summary.count("error") > 20


@pytest.mark.slow
def test_short_seeded_run_through_the_command_line_finds_nothing(
    seeds: list[Seed], tmp_path: Path
) -> None:
    mixed = [*seeds, *model_seeds(tmp_path)]
    commands.warm_up(mixed, tmp_path / "healthy.mat")
    corpus = Corpus(mixed, SEED, ("6", "7.3"))  # those that get past the reader most often

    summary = run(corpus, "command line", tmp_path, jobs=2, mutants=60)

    assert summary.findings == []
    assert summary.mutants == 60
    assert summary.count("values") > 0  # few mutants get through all four commands
    assert {key.split()[-1] for key in summary.details} >= {"0", "2", "3"}


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        (commands.Done(["inspect", "a", "--format", "json"], 0, '{"a": NaN}', ""), "NaN"),
        (commands.Done(["inspect", "a", "--format", "text"], 0, "a\x1b[2J", ""), "x1b"),
        (commands.Done(["verify", "a", "--format", "junit"], 0, "<a>", ""), "no element"),
        (commands.Done(["verify", "a", "--format", "text"], 4, "", "error: internal"), "internal"),
        (commands.Done(["verify", "a", "--format", "text"], 2, "", "Traceback"), "traceback"),
        (commands.Done(["verify", "a", "--format", "text"], 2, "", ""), r"\[\]"),
        (commands.Done(["verify", "a", "--format", "text"], 2, "", "error: a\nerror: b"), "error"),
        (commands.Done(["verify", "a", "--format", "text"], 1, "", "error: a"), "error"),
        (commands.Done(["verify", "a", "--format", "text"], 2, "said", "error: a"), "output"),
        (commands.Done(["verify", "a", "--format", "text"], 1, SENTINEL.decode(), ""), "sentinel"),
    ],
)
def test_the_harness_sees_what_a_command_does_wrong(done: commands.Done, fault: str) -> None:
    with pytest.raises(commands.CommandFaultError, match=fault):
        commands.checked(done)


def _crash(_: Path) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def _foreign(_: Path) -> str:
    raise KeyError("foreign")


def _nosy(_: Path) -> str:
    Path("/etc/hostname").open().close()
    return "values"


def _hang(_: Path) -> str:
    time.sleep(60)
    return "values"


@pytest.mark.parametrize(
    ("reader", "kind"),
    [(_crash, "crash"), (_foreign, "foreign"), (_nosy, "other file"), (_hang, "hang")],
)
def test_the_harness_sees_what_a_reader_does_wrong(
    seeds: list[Seed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reader: Callable[[Path], str],
    kind: str,
) -> None:
    monkeypatch.setitem(readers.READERS, "matlab_compat", reader)
    monkeypatch.setattr("tests.fuzz.harness._TIME_LIMIT", 0.5)

    summary: Summary = run(Corpus(seeds, SEED), "matlab_compat", tmp_path, mutants=2)

    assert [finding.kind for finding in summary.findings] == [kind] * 2


@pytest.mark.parametrize("findings", [[], [Finding(0, "crash", "SIGSEGV")]], ids=["none", "one"])
def test_a_finding_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding]
) -> None:
    summary = Summary("matlab_compat", 1, findings=findings)
    monkeypatch.setattr(command, "all_seeds", lambda *_, **__: [])
    monkeypatch.setattr(command, "run", lambda *_, **__: summary)
    monkeypatch.setattr(command, "show", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["fuzz"])
    assert command.main() == len(findings)
