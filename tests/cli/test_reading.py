"""Values of options that are none: said in our words, whatever typer's or pydantic's are.

Expected values: the exit codes and the form of messages that the README promises.
"""

from __future__ import annotations

from inspect import signature
from typing import Annotated, Any, get_args

import pytest

import cli.convert
import cli.inspect
import cli.layers
import cli.predict
import cli.verify
from cli.reading import number, one_of, whole
from matlab_compat.errors import UsageError
from tests.cli.command import FIXTURES

GOOD = str(FIXTURES / "same_odd.v7.mat")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["inspect", GOOD, "--format", "foo"], "--format takes text or json, not 'foo'."),
        (["layers", "--format", "xml"], "--format takes text or json, not 'xml'."),
        (
            ["verify", GOOD, "--format", "pdf"],
            "--format takes text, json, junit or markdown, not 'pdf'.",
        ),
        (["verify", GOOD, "--jobs", "x"], "--jobs takes a whole number from 1 on, not 'x'."),
        (["verify", GOOD, "--jobs", "0"], "--jobs takes a whole number from 1 on, not '0'."),
        (["verify", GOOD, "--seed", "1.5"], "--seed takes a whole number from 0 on, not '1.5'."),
        (["verify", GOOD, "--atol", "-1"], "--atol takes a number from 0 on, not '-1'."),
        (["verify", GOOD, "--rtol", "nan"], "--rtol takes a number from 0 on, not 'nan'."),
        (["convert", GOOD, "-o", "x.pt", "--steps", "0"], "--steps takes a whole number from 1 on"),
        (["inspect", GOOD, "--max-bytes", "1e9"], "--max-bytes takes a whole number from 1 on"),
        (
            ["predict", GOOD, "--input", GOOD, "-o", "y.mat", "--dtype", "int8"],
            "--dtype takes single, double, half or bfloat16, not 'int8'.",
        ),
    ],
)
def test_a_wrong_value_is_said_in_our_words(call: Any, arguments: list[str], words: str) -> None:
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {words}")


@pytest.mark.parametrize(
    "command",
    [
        cli.convert.command,
        cli.inspect.command,
        cli.layers.command,
        cli.predict.command,
        cli.verify.command,
    ],
)
def test_typer_reads_no_value_itself(command: Any) -> None:
    """So it has nothing to say of one: it sees texts, lists of them, and flags."""
    for parameter in signature(command).parameters.values():
        kind, *_ = get_args(parameter.annotation)
        assert kind in (str, bool, str | None, list[str], list[str] | None), parameter


def test_values_that_are_right_are_read() -> None:
    assert whole(1).read("jobs", "12") == 12
    assert number(0).read("atol", "1e-3") == 1e-3
    assert one_of("single", "half").read("dtype", "Half") == "half"
    assert one_of("single", "half", also=["float16"]).read("dtype", "float16") == "float16"


def test_a_whole_number_that_no_machine_has_is_refused() -> None:
    with pytest.raises(UsageError, match="--jobs takes a whole number"):
        whole(1).read("jobs", "9" * 30)


def test_defaults_are_read_as_well() -> None:
    from cli import options

    seen: list[object] = []

    def command(*, jobs: Annotated[int, "How many.", whole(1)] = 3) -> None:
        seen.append(jobs)

    made = options.grouped(command)
    made(jobs="3", verbose=False, quiet=False)  # as typer calls it, with the default as text
    assert seen == [3]
