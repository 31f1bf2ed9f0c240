"""What users call says what each argument is, and shows an example that holds.

Expected values: what stands below the examples.
"""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat
from matlab_compat import code, front, layers, testing

ROOT = Path(__file__).parents[1]
#: What the examples may use without importing it.
NAMES: dict[str, Any] = {"np": np}
NAMES |= {name: getattr(matlab_compat, name) for name in matlab_compat.__all__}
#: The constructor functions of layers are looked at in matlab_compat/layers/test_examples.py;
#: ``front`` has functions of converters, with their documentation.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    f"{module.__name__}.{name}": found
    for module, names in (
        (matlab_compat, matlab_compat.__all__),
        (converters, converters.__all__),
        (code, ["function"]),
        (testing, ["assert_matches_matlab"]),
    )
    for name in names
    if inspect.isfunction(found := getattr(module, name))
    if found.__module__ not in (layers.__name__, front.__name__)
}


def documented(function: Callable[..., Any]) -> set[str]:
    """The words of the heads of its section Parameters."""
    text = inspect.getdoc(function) or ""
    section = text.partition("Parameters\n----------\n")[2]
    section = re.split(r"\n\n\w+\n-+\n", section)[0]
    return set(re.findall(r"\w+", re.sub(r"(?m)^    .*$", "", section)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_argument_is_documented(name: str) -> None:
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters.values()
    wanted = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD} - {"pairs", "nargout"}
    assert wanted <= documented(function)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_holds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_registry: None
) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    names = {**NAMES, **inspect.unwrap(function).__globals__, function.__name__: function}
    text = inspect.getdoc(function) or ""
    test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert (result.failed, result.attempted > 0) == (0, True)
