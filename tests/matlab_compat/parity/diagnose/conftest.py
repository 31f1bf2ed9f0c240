"""Diagnoses of these tests have all the time that they need: what is found depends on no clock."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from matlab_compat.parity.diagnose import patience


@pytest.fixture(autouse=True)
def _no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: 1000.0))
