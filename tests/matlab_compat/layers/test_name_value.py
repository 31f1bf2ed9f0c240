"""Name-value arguments. Expected values: MATLAB's two call styles, which mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from matlab_compat.errors import PropertyError
from matlab_compat.layers.name_value import name_value_pairs

NAMES = ("Stride", "Cropping", "Name")


def parsed(*pairs: Any, **options: Any) -> dict[str, object]:
    return name_value_pairs("someLayer", NAMES, pairs, options)


def test_pairs() -> None:
    assert parsed("Stride", 2, "Name", "a") == {"Stride": 2, "Name": "a"}


def test_keywords() -> None:
    assert parsed(Stride=2, Name="a") == {"Stride": 2, "Name": "a"}


def test_pairs_and_keywords_together() -> None:
    assert parsed("Stride", 2, Name="a") == {"Stride": 2, "Name": "a"}


@pytest.mark.parametrize("name", ["stride", "STRIDE", "sTRIDE"])
def test_case_does_not_matter(name: str) -> None:
    assert parsed(name, 2) == parsed(**{name: 2}) == {"Stride": 2}


def test_a_name_without_a_value_is_refused() -> None:
    with pytest.raises(PropertyError, match="'Name' has no value after it"):
        parsed("Stride", 2, "Name")


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(PropertyError, match="someLayer has no argument 'Strides'") as caught:
        parsed(Strides=2)
    assert caught.value.remedy == "did you mean 'Stride'?"


def test_the_nearest_name_is_found_in_any_case() -> None:
    with pytest.raises(PropertyError) as caught:
        parsed(croping=2)
    assert caught.value.remedy == "did you mean 'Cropping'?"


def test_a_name_like_no_other_is_refused_with_all_known_ones() -> None:
    with pytest.raises(PropertyError) as caught:
        parsed("xyz", 2)
    assert caught.value.remedy == "it takes Cropping, Name, Stride."


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(PropertyError, match="has no argument 2"):
        parsed(2, "Stride")


@pytest.mark.parametrize("pairs", [("Stride", 1, "stride", 2), ("STRIDE", 1)])
def test_a_name_given_twice_is_refused(pairs: tuple[object, ...]) -> None:
    with pytest.raises(PropertyError, match="'Stride' is given twice"):
        parsed(*pairs, **({"Stride": 1} if len(pairs) == 2 else {}))


def test_what_has_no_such_arguments_says_so() -> None:
    with pytest.raises(PropertyError) as caught:
        name_value_pairs("relu", (), (), {"Foo": 3})
    assert caught.value.remedy == "it takes none."
