"""Inspecting files that MATLAB wrote: every one opens, and no transposed convolution is missed.

Expected values: mat-io's raw reading of the same files. In it a transposed convolution is any
struct with a field CroppingSize; classes play no part, since mat-io names the elements of a layer
array by their base class.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from tests import oracle_matio
from tests.real import MAT_FILES, REAL, file_id

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")]

TRANSPOSED = "nnet.cnn.layer.TransposedConvolution2DLayer"


@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.parametrize("path", MAT_FILES, ids=file_id)
def test_every_file_opens_and_every_variable_is_listed(path: Path) -> None:
    document = converters.inspect(path)
    with converters.open_mat(path) as mat:
        assert [v["name"] for v in document["variables"]] == list(mat)
    assert document["variables"]
    assert not [v for v in document["variables"] if "problem" in v]


def indexed() -> dict[Path, str]:
    """The files whose layer classes the index of the real files lists, with its row.

    It was written when they were collected; of the second collection it lists no layers.
    """
    index = REAL / "INDEX.md"
    first = index.read_text().partition("# Second collection")[0] if index.exists() else ""
    rows = [row for row in first.splitlines() if row.startswith("| `")]
    return {REAL / row.split("`")[1]: row for row in rows}


INDEXED = indexed()
PATHS = [path for path, row in INDEXED.items() if "TransposedConvolution2D" in row]


@pytest.mark.parametrize("path", PATHS, ids=file_id)
def test_transposed_convolutions_are_listed_with_the_hyperparameters_that_mat_io_reads(
    path: Path,
) -> None:
    ours = [ours_of(record) for record in listed(path) if record["class"] == TRANSPOSED]
    assert ours
    assert sorted(ours) == sorted(theirs_of(saved) for saved in found_by_matio(path))


def test_files_without_transposed_convolutions_list_none() -> None:
    rest = [p for p in MAT_FILES if p in INDEXED and p not in PATHS]
    others = [p for p in rest if p.stat().st_size < 300_000]
    assert len(others) > 10
    assert not [p for p in others for r in listed(p) if r["class"] == TRANSPOSED]


def listed(path: Path) -> list[dict[str, Any]]:
    """The layers of all variables."""
    variables = converters.inspect(path)["variables"]
    models = [model for v in variables for model in [v, *v.get("models", [])]]
    return [record for model in models for record in model["layers"]]


def ours_of(record: dict[str, Any]) -> str:
    shown = record["hyperparameters"]
    weights = record["learnables"].get("Weights", [])
    return repr(
        (
            record["name"],
            *(shown[name] for name in ("FilterSize", "Stride", "CroppingSize")),
            shown["NumFilters"],
            shown["CroppingMode"],
            shown["NumChannels"],
            weights,
        )
    )


def theirs_of(saved: Any) -> str:
    """The same facts from the raw struct; an untrained layer has no NumChannels."""
    filters = int(saved["NumFilters"].item())
    channels = int(saved["NumChannels"].item()) if saved["NumChannels"].size else "auto"
    size = ints(saved["FilterSize"])
    trained = isinstance(saved["Weights"], np.ndarray) and saved["Weights"]["Value"].item().size
    return repr(
        (
            text(saved["Name"]),
            size,
            ints(saved["Stride"]),
            ints(saved["CroppingSize"]) or [0, 0, 0, 0],
            filters,
            text(saved["CroppingMode"]),
            channels,
            [*size, filters, channels] if trained else [],
        )
    )


def ints(array: Any) -> list[int]:
    return [int(n) for n in array.ravel()]


def text(array: Any) -> str:
    return str(np.ravel(array)[0]) if np.size(array) else ""


def found_by_matio(path: Path) -> Iterator[Any]:
    """Every struct with a field CroppingSize, anywhere in the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = oracle_matio.load(path)
    stack, seen = [root], {}
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif hasattr(value, "properties"):
            if id(value) not in seen:
                seen[id(value)] = value  # kept, so that no other object gets its id
                stack.append(value.properties)
        elif isinstance(value, np.ndarray) and value.dtype.names:
            if "CroppingSize" in value.dtype.names:
                yield from value.ravel()
            stack += [value[name] for name in value.dtype.names]
        elif isinstance(value, np.ndarray) and value.dtype == object:
            stack += list(value.ravel())
