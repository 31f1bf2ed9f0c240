"""The command as a whole: help, version, exit codes, streams, what is imported.

Expected values: the exit codes that the help and README promise (0 done or equal, 1 different,
2 wrong usage or unreadable input, 3 unsupported layer, 4 internal error), and the fixtures.
"""

from __future__ import annotations

import ast
import functools
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import cli.main
from tests.cli import child
from tests.cli.command import FIXTURES, ROOT, forked, installed, run, run_many
from tests.converters.exports import fancy, save
from tests.patience import PATIENCE

GOOD = FIXTURES / "same_odd.v7.mat"
WRONG = FIXTURES / "wrong_by_one_pixel.v7.mat"
NATIVE = FIXTURES / "native"


def test_help_goes_to_stdout_and_names_the_commands() -> None:
    done = installed("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("inspect", "verify", "predict"):
        assert f"\n  {command} " in done.stdout


def test_each_command_has_help_with_an_example() -> None:
    for outcome, command in zip(
        run_many([[name, "--help"] for name in ("inspect", "verify", "predict")]),
        ("inspect", "verify", "predict"),
        strict=True,
    ):
        assert outcome.code == 0
        assert f"Example: matlab-compat {command} " in outcome.stdout


def test_version_alone() -> None:
    done = installed("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"matlab-compat {version('matlab-compat')} (torch {version('torch')})\n"


def test_no_command_shows_help_and_is_wrong_usage() -> None:
    (outcome,) = run_many([[]])
    assert outcome.code == 2
    assert "Usage: " in outcome.stdout + outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify", GOOD], 0),
        (["verify", WRONG], 1),
        (["verify", "/no/such/file.mat"], 2),
        (["verify"], 2),
        (["verify", GOOD, "--atol", "-1"], 2),
    ],
)
def test_exit_codes(arguments: list[object], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    # The report goes to stdout, complaints go to stderr, and never both.
    assert bool(done.stdout) == (code < 2)
    assert bool(done.stderr) == (code >= 2)


def test_a_layer_that_cannot_be_run_is_exit_code_3(tmp_path: Path) -> None:
    done = run("verify", save(tmp_path / "a.mat", s=fancy()))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "mine.FancyLayer" in done.stderr


def test_without_torch_it_says_how_to_install_it(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not there
    for arguments in (["verify", GOOD], ["convert", GOOD, "-o", "x.pt"], ["predict", GOOD, GOOD]):
        done = call(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "pip install torch" in done.err
    assert call("inspect", GOOD).code == 0


def test_summaries_of_commands_are_whole_in_help_and_where_a_shell_completes_them() -> None:
    """click cuts what is longer than 45 characters in the latter."""
    commands = [info.callback for info in cli.main.application().registered_commands]
    first = [(command.__doc__ or "").partition("\n")[0] for command in commands]
    assert [line for line in first if len(line) > 45 or not line.endswith(".")] == []


def test_help_calls_arguments_by_their_names_alone(call: Any) -> None:
    shown = call("predict", "-h").out
    assert shown.startswith("Usage: matlab-compat predict [OPTIONS] FILE [INPUT]...\n")
    assert "\n  FILE   A MAT-file" in shown
    assert "[OPTIONS] FILE...\n" in call("inspect", "-h").out
    assert "Arguments:" not in call("layers", "-h").out


def test_short_help(call: Any) -> None:
    assert call("-h").out == call("--help").out
    assert call("verify", "-h").out == call("verify", "--help").out


@pytest.mark.parametrize(
    ("shell", "typed", "offered"),
    [
        ("bash", "matlab-compat ver", "verify"),
        ("bash", "matlab-compat layers --format j", "json"),
        ("zsh", "matlab-compat ver", '"verify"'),
        ("fish", "matlab-compat ver", "verify\t"),
    ],
)
def test_shells_complete_commands_and_words(
    call: Any, monkeypatch: pytest.MonkeyPatch, shell: str, typed: str, offered: str
) -> None:
    """As the scripts that ``--show-completion`` prints ask for it."""
    monkeypatch.setenv("_MATLAB_COMPAT_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", typed)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert offered in call().out


def test_an_internal_error_is_exit_code_4_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(sys.modules["converters.inspect"], "opened", fail)
    monkeypatch.setattr(sys, "argv", ["matlab-compat", "inspect", str(GOOD)])
    monkeypatch.delenv("MATLAB_COMPAT_DEBUG", raising=False)
    with pytest.raises(SystemExit) as left:
        cli.main.main()
    assert left.value.code == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: internal error: RuntimeError: a bug\n")
    assert "Traceback" not in said.err

    monkeypatch.setenv("MATLAB_COMPAT_DEBUG", "1")
    with pytest.raises(SystemExit):
        cli.main.main()
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", GOOD, "--plot", "{}.svg"],
        ["predict", NATIVE / "series_v7.mat", GOOD, "-o", "{}.npy"],
        ["verify", GOOD, "--against", "{}.onnx"],
        ["inspect", GOOD, "--code", "{}"],
        ["convert", "{}:f", "-o", "y.mat"],
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-2]}",
)
def test_a_name_too_long_for_the_system_is_no_internal_error(
    call: Any, arguments: list[object]
) -> None:
    said = call(*(str(one).format("n" * 300) for one in arguments))
    assert (said.code, said.out) == (2, "")
    assert "File name too long" in said.err
    assert "internal error" not in said.err


def test_no_exit_is_returned_instead_of_raised() -> None:
    """``return typer.Exit(1)`` exits 0."""
    for path in sorted((ROOT / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Return) and node.value is not None:
                assert "Exit" not in ast.unparse(node.value), path


def test_an_interrupt_is_neither_equal_nor_different(tmp_path: Path) -> None:
    """130, as shells have it; the reader waits on a lock that nobody gives back."""
    code = (
        "import sys, time, cli.main, converters.inspect\n"
        "def wait(*a, **k): print('ready', flush=True); time.sleep(60)\n"
        "sys.modules['converters.inspect'].opened = wait\n"
        "sys.argv = ['matlab-compat', 'inspect', 'x.mat']\n"
        "cli.main.main()\n"
    )
    waiting = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs the tests in the background may have SIGINT ignored.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == b"ready\n"
    waiting.send_signal(signal.SIGINT)
    _, stderr = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 130
    assert b"Traceback" not in stderr


@pytest.mark.slow
def test_a_reader_that_leaves_early_does_not_change_the_verdict() -> None:
    """As in ``matlab-compat verify ... | head -1``."""
    done = forked(child.run_for_nobody, ["verify", str(WRONG)])
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@functools.cache
def imported(*arguments: str) -> set[str]:
    """The packages that a command line imports."""
    code = (
        "import sys, cli.main\n"
        f"sys.argv = ['matlab-compat', *{arguments!r}]\n"
        "try: cli.main.main()\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["inspect", str(GOOD)],
        ["inspect", str(NATIVE / "dag_v7.mat")],
        ["inspect", str(NATIVE / "dag_v73.mat"), "--format", "json"],
    ],
    ids=" ".join,
)
def test_what_needs_neither_torch_nor_scipy_imports_neither(arguments: list[str]) -> None:
    """Nor what typer reads numbers and choices by: the command line reads its texts itself."""
    assert imported(*arguments).isdisjoint({"torch", "scipy", "pandas", "pydantic"})


@pytest.mark.parametrize("command", ["inspect", "verify", "predict", "convert"])
def test_usage_calls_files_what_the_options_call_them(call: Any, command: str) -> None:
    assert "Missing argument 'FILE'" in call(command).err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["verify", "--help"]])
def test_help_imports_nothing_of_weight(arguments: list[str]) -> None:
    """So that it comes at once: numpy alone takes longer than all the rest."""
    assert imported(*arguments).isdisjoint({"numpy", "h5py", "torch"})
