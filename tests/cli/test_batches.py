"""Many files: in processes, gone on with after an interruption, on a cluster. Expected values: the
fixtures, one of which is right and one wrong; files that are none, made here.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import cli.main
from cli.wording import option
from converters import batch, jobs
from converters.formats import Asked
from converters.jobs import ConvertJob, PredictJob, Running, VerifyJob
from matlab_compat.errors import UsageError
from matlab_compat.wording import worded
from tests.cli import child
from tests.cli.command import FIXTURES, FORKS
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

GOOD = (FIXTURES / "same_odd.v7.mat").read_bytes()
WRONG = (FIXTURES / "wrong_by_one_pixel.v7.mat").read_bytes()

#: Name, content and exit code of the files of a folder.
FILES = {
    "a.mat": (GOOD, 0),
    "b.mat": (WRONG, 1),
    "c.mat": (b"no MAT-file", 2),
    "d.mat": (GOOD[:500], 2),
    "e.mat": (GOOD, 0),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "files"
    place.mkdir()
    for name, (content, _) in FILES.items():
        (place / name).write_bytes(content)
    return place


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run ``matlab-compat verify`` in this process; gives exit code, stdout and stderr."""

    def verify(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["matlab-compat", "verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main.main()
        return (left.value.code or 0, *capsys.readouterr())

    return verify


@pytest.fixture
def forked_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers come from a server that has imported torch; one test has them start by themselves."""
    monkeypatch.setattr(batch, "multiprocessing", SimpleNamespace(get_context=lambda _: FORKS))


def records(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in place.read_text().splitlines()]


def exit_codes(place: Path) -> dict[str, int]:
    return {Path(r["file"]).name: r["exit_code"] for r in records(place)}


EXPECTED = {name: code for name, (_, code) in FILES.items()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_file_has_its_record_and_bad_ones_stop_nothing(
    verify: Any, folder: Path, tmp_path: Path, jobs: int
) -> None:
    results = tmp_path / "out.jsonl"
    code, out, _ = verify(folder, "--jobs", jobs, "--results", results)
    assert code == 2
    assert out.splitlines()[-1] == "2 of 5 ok"
    assert [line.split()[1] for line in out.splitlines()[:5]] == [str(folder / n) for n in FILES]
    assert exit_codes(results) == EXPECTED
    for record in records(results):
        content = FILES[Path(record["file"]).name][0]
        assert record["sha256"] == hashlib.sha256(content).hexdigest()
        assert ("schema" in record) != ("summary" in record)


def test_resume_does_only_what_is_missing_or_has_changed(
    verify: Any, folder: Path, tmp_path: Path
) -> None:
    results = tmp_path / "out.jsonl"
    verify(folder, "--results", results)
    first = results.read_text().splitlines(keepends=True)
    # As if interrupted in the middle of the third line; then one file is repaired.
    results.write_text("".join(first[:2]) + first[2][:40])
    (folder / "b.mat").write_bytes(GOOD)
    code, out, _ = verify(folder, "--results", results, "--resume")
    assert (code, out.splitlines()[-1]) == (2, "3 of 5 ok")
    again = results.read_text().splitlines(keepends=True)
    assert again[:2] == first[:2]
    assert [Path(json.loads(line)["file"]).name for line in again[2:]] == [
        "b.mat", "c.mat", "d.mat", "e.mat",
    ]  # fmt: skip
    assert json.loads(again[2])["exit_code"] == 0
    assert verify(folder, "--results", results, "--resume")[0] == 2
    assert results.read_text().splitlines(keepends=True) == again


def test_resume_with_other_options_does_everything_again(
    verify: Any, folder: Path, tmp_path: Path
) -> None:
    results = tmp_path / "out.jsonl"
    verify(folder / "a.mat", "--results", results)
    verify(folder / "a.mat", "--results", results, "--resume", "--dtype", "double")
    # What is not given is the model's own, and not recorded.
    assert [r["options"].get("dtype") for r in records(results)] == [None, "double"]


def test_all_that_changes_a_result_is_among_the_options() -> None:
    """So ``--resume`` does it again; what is only replaced is the same."""
    how, written = Running("net.mat"), ("a.pt2", "a.mat")
    jobs = [
        ConvertJob(*written),
        ConvertJob(*written, trust=True),
        PredictJob("net.mat", how, ("X.mat",)),
        PredictJob("net.mat", how, ("Z.mat",)),
    ]
    assert len({str(job.about()["options"]) for job in jobs}) == len(jobs)
    assert ConvertJob(*written, overwrite=True).about() == jobs[0].about()


def test_results_are_not_written_over(verify: Any, folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "out.jsonl"
    results.write_text("mine\n")
    for more in ([], ["--resume"]):
        code, out, err = verify(folder, "--results", results, *more)
        assert (code, out) == (2, "")
        assert "--resume to go on" in err or "is no record" in err
        assert results.read_text() == "mine\n"
    assert verify(folder, "--results", results, "--force")[0] == 2
    assert exit_codes(results) == EXPECTED


def test_resume_needs_results(verify: Any, folder: Path) -> None:
    for arguments in ([folder], [folder / "a.mat"]):
        code, _, err = verify(*arguments, "--resume")
        assert (code, "--results" in err) == (2, True)


def test_an_interrupted_run_leaves_whole_lines_and_is_gone_on_with(
    verify: Any, folder: Path, tmp_path: Path
) -> None:
    for i in range(30):
        (folder / f"x{i:02}.mat").write_bytes(GOOD)
    results = tmp_path / "out.jsonl"
    arguments = ["verify", str(folder), "--jobs", "2", "--results", str(results)]
    out, err = tmp_path / "out", tmp_path / "err"
    running = FORKS.Process(
        target=child.printing_to, args=(out, err, child.run_beside_forks, arguments)
    )
    running.start()
    assert running.pid is not None
    while not (results.exists() and results.stat().st_size):
        assert running.is_alive()
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGINT)
    running.join(PATIENCE)
    assert running.exitcode == 130
    assert "Traceback" not in err.read_text()
    begun = records(results)
    assert 0 < len(begun) < 35
    # Of those that are left, what the other tests have and two more.
    missing = sorted(
        p for p in folder.glob("x*") if p.name not in {Path(r["file"]).name for r in begun}
    )
    for path in missing[2:]:
        path.unlink()
    count = len(list(folder.iterdir()))
    last = verify(folder, "--results", results, "--resume")[1].splitlines()[-1]
    assert last == f"{count - 3} of {count} ok"
    assert records(results)[: len(begun)] == begun
    assert len(records(results)) == count


@pytest.mark.usefixtures("forked_workers")
def test_an_interrupted_run_leaves_no_thread_and_no_process(folder: Path) -> None:
    """Nothing is left that could write to a pipe which is closed by then."""
    before = set(threading.enumerate())
    working = batch.in_processes([VerifyJob(str(folder / name)) for name in FILES], 2)
    next(working)
    with pytest.raises(KeyboardInterrupt):
        working.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
    assert set(threading.enumerate()) == before
    assert multiprocessing.active_children() == []


#: Says when its process starts (which imports it), and takes its time.
STARTING = """
import sys, time
from pathlib import Path

if __name__ == "__main__":
    from converters import batch, jobs

    try:
        list(batch.in_processes([jobs.VerifyJob(sys.argv[1])] * 2, 2))
    except KeyboardInterrupt:
        sys.exit(130)
else:
    Path(__file__).with_suffix(".begun").touch()
    time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="Ctrl-C for a group of processes")
def test_an_interrupt_while_processes_start_shows_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches every process, whatever it is doing just then."""
    program, begun = tmp_path / "program.py", tmp_path / "program.begun"
    program.write_text(STARTING)
    arguments = [sys.executable, program, FIXTURES / "same_odd.v7.mat"]
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        arguments, stderr=subprocess.PIPE, preexec_fn=listening, start_new_session=True
    ) as running:
        while not begun.exists():
            assert running.poll() is None
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, err) == (130, b"")


class Deadly(VerifyJob):
    """A job that ends its process, as a crash in a library does."""

    def report(self) -> Any:
        os._exit(1)


class Endless(VerifyJob):
    """A job that never ends."""

    def document(self) -> Any:
        threading.Event().wait()


class Quick(VerifyJob):
    """A job that takes no time."""

    def document(self) -> Any:
        return {"exit_code": 0}


@pytest.mark.usefixtures("forked_workers")
def test_what_takes_too_long_is_ended_and_the_rest_is_done(folder: Path) -> None:
    slow, good = str(folder / "b.mat"), str(folder / "a.mat")
    done = list(batch.in_processes([Endless(slow), Quick(good)], 1, seconds=3))
    assert [(one["file"], one["exit_code"], one.get("outcome")) for one in done] == [
        (slow, 2, "too long"),
        (good, 0, None),
    ]
    assert "not done within 3 s" in done[0]["summary"]


@pytest.mark.usefixtures("forked_workers")
def test_on_a_cluster_a_limit_ends_the_file_and_not_the_worker(folder: Path) -> None:
    """What each task of dask calls, in a process that as dask's may have none of its own."""
    slow, good = str(folder / "b.mat"), str(folder / "a.mat")
    here, process = batch.Here(), multiprocessing.current_process()
    process.daemon = True
    try:
        with worded(option):
            done = [batch.Here().record_of(job, 1) for job in (Endless(slow), Quick(good))]
        assert [one["exit_code"] for one in done] == [2, 0]
        assert done[0]["summary"] == "not done within 1 s (--time-limit)"
        first = batch._own.worker
        assert here.record_of(Quick(good), 1)["exit_code"] == 0
        assert batch._own.worker is not first  # other words: another process
    finally:
        batch._own.worker.end()
        process.daemon = False


@pytest.mark.usefixtures("forked_workers")
def test_other_processes_name_options_as_this_one_does(folder: Path) -> None:
    with worded(option):
        job = VerifyJob(str(folder / "a.mat"), Asked(function="f.m"), against="float64")
        (record,) = batch.in_processes([job], 1)
    assert "--function has no meaning beside --against" in record["error"]


@pytest.mark.usefixtures("forked_workers")
def test_a_worker_that_dies_is_an_error_of_its_file_only(folder: Path) -> None:
    paths = [str(folder / name) for name in FILES]
    todo = [Deadly(paths[1]), *(VerifyJob(path) for path in paths), Deadly(paths[4])]
    done = list(batch.in_processes(todo, 2))
    died = [r["file"] for r in done if "the process died" in r.get("summary", "")]
    assert sorted(died) == [paths[1], paths[4]]
    others = {Path(r["file"]).name: r["exit_code"] for r in done if r["exit_code"] != 4}
    assert others == EXPECTED
    assert len(done) == 7


def test_an_internal_error_is_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(jobs, "verify", broken)
    record = batch.record_of(VerifyJob("no such file"))
    assert record["exit_code"] == 4
    assert record["summary"] == "internal error: ZeroDivisionError: by zero"
    assert record["sha256"] is None


# --- On a cluster


def test_a_cluster_of_two_workers_gives_the_same_records(folder: Path) -> None:
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    todo = [VerifyJob(str(folder / name)) for name in FILES]
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
    ):
        done = list(batch.on_cluster(todo, cluster.scheduler_address))
    assert {Path(r["file"]).name: r["exit_code"] for r in done} == EXPECTED
    assert sorted(map(str, done)) == sorted(str(batch.record_of(job)) for job in todo)


def test_no_scheduler_is_an_error_with_a_remedy(
    verify: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")

    def client(*_: object, **__: object) -> None:
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", client)
    code, _, err = verify(folder, "--dask", "tcp://127.0.0.1:1")
    assert code == 2
    assert "No dask scheduler answers at tcp://127.0.0.1:1" in err


def test_without_dask_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'matlab-compat\[cluster\]'"):
        list(batch.on_cluster([], "tcp://127.0.0.1:1"))


def test_results_by_a_name_of_another_format_are_refused(call: Any, tmp_path: Path) -> None:
    good = FIXTURES / "same_odd.v7.mat"
    done = call("verify", good, "--results", tmp_path / "z.csv")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert "z.jsonl" in done.err


def test_an_ending_that_no_target_has_is_said_once(call: Any, tmp_path: Path) -> None:
    good = FIXTURES / "same_odd.v7.mat"
    done = call("convert", good, good, "-o", tmp_path / "out", "--to", ".csv")
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])
    assert ".onnx" in done.err
