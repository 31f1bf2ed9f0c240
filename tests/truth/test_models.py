"""The table of all models: nothing is left out, and nothing is refused that is known exactly.

Expected values: the kinds that the index of the real files gives its files.
"""

from __future__ import annotations

import pytest

from tests.real import REAL

from .cases import CASES
from .models import FILES, Model, models

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::matlab_compat.MatlabCompatWarning"),
]

#: What refuses itself, whatever is said of its class: layers of an author's own, parts of models,
#: layers without their connections, networks of another toolbox.
REFUSED = (
    "identityLayer",
    "part of a Faster R-CNN detector",
    "does not say the size",
    "an object of class CNN",
)


@pytest.fixture(scope="module")
def table() -> list[Model]:
    return list(models(REAL, convert=False, truth=False))


def test_every_kind_is_in_the_table(table: list[Model]) -> None:
    kinds = {model.kind for model in table}
    assert {"SeriesNetwork", "DAGNetwork", "dlnetwork", "LayerGraph", "parameters"} <= kinds
    assert {"agent (Agent)", "detector (Detector)", "detector"} <= kinds


def test_what_is_refused_is_refused_for_a_known_reason(table: list[Model]) -> None:
    refused = [
        model.where
        for model in table
        if model.verdict == "refused"
        and not any(reason in said for said in model.reasons for reason in REFUSED)
        and "two networks and a proposal step" not in model.reasons[0]
    ]
    assert refused == []


def test_agents_act_and_detectors_detect_but_for_what_the_file_says(table: list[Model]) -> None:
    rows = [m for m in table if m.kind in ("agent (Agent)", "detector (Detector)")]
    assert len([m for m in rows if m.verdict == "runs"]) >= 6
    silent = [m for m in rows if m.verdict != "runs"]
    assert all("NaN or Inf" in m.reasons[0] for m in silent)


def test_every_case_of_the_truth_stands_beside_a_model() -> None:
    assert FILES.keys() == CASES.keys()
    assert [case for case, names in FILES.items() if not list(REAL.glob(names))] == []
