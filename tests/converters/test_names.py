"""Field names. Expected values: Octave's ``matlab.lang.makeValidName``, and MATLAB's page of it."""

from __future__ import annotations

import pytest

from converters.names import valid_name

from ..matlab.octave import needs_octave, octave

NAMES = ["conv_1", "conv 1", "relu a b", "1x1", "a-b/c", "end", "for", "", "a\tB"]


@pytest.mark.octave
@needs_octave
def test_names_are_what_octave_makes_of_them() -> None:
    cell = ", ".join(f"'{name}'" for name in NAMES)
    code = f"for n = {{{cell}}}, printf('%s\\n', matlab.lang.makeValidName(n{{1}})); end"
    assert [valid_name(name) for name in NAMES] == octave(code).splitlines()


def test_matlab_names_begin_with_a_letter_and_end_after_63() -> None:
    assert valid_name("_x") == "x_x"
    assert valid_name("x" * 70) == "x" * 63
