"""The examples in the documentation of layers. Expected values: what stands below them there."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable

import pytest

import matlab_compat
from matlab_compat import layers
from matlab_compat.layers import Layer

MODULES = [f"{layers.__name__}.{found.name}" for found in pkgutil.iter_modules(layers.__path__)]
FUNCTIONS = [
    f for f in vars(layers).values() if inspect.isfunction(f) and f.__name__.endswith("Layer")
]


def run(text: str, name: str, names: dict[str, object]) -> int:
    """The number of examples in a documentation text, all of which must hold."""
    test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.failed == 0, name
    return result.attempted


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_hold(module: str, own_registry: None) -> None:
    found = importlib.import_module(module)
    assert found.__doc__
    for test in doctest.DocTestFinder(exclude_empty=True).find(found):
        test.globs.update({name: getattr(matlab_compat, name) for name in matlab_compat.__all__})
        result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
        assert result.failed == 0, test.name


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_each_constructor_function_has_examples_that_hold(function: Callable[..., Layer]) -> None:
    names = {name: getattr(matlab_compat, name) for name in matlab_compat.__all__}
    assert run(function.__doc__, function.__name__, names) > 0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_each_argument_is_documented_and_in_the_signature(function: Callable[..., Layer]) -> None:
    assert function.__doc__ is not None
    about = function.__doc__.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    heads = re.sub(r"^    .*$", "", about, flags=re.MULTILINE)
    named = set(re.findall(r"\w+", heads))
    parameters = inspect.signature(function).parameters
    assert named == set(parameters) - {"pairs"}


def test_a_constructor_function_is_found_under_its_name() -> None:
    function = matlab_compat.convolution2dLayer
    assert (function.__name__, function.__module__) == ("convolution2dLayer", layers.__name__)
    assert list(inspect.signature(function).parameters)[:3] == ["filterSize", "numFilters", "pairs"]
