"""Every mistake of ``cases`` is named first, and noise gets no diagnosis.

Expected values: the mistakes themselves, made by the definitions in ``cases``. ``python -m
benchmarks.diagnosis`` does the same over many seeds.
"""

from __future__ import annotations

import pytest

from .cases import Case, cases


@pytest.mark.parametrize("case", list(cases(seed=0)), ids=lambda case: case.id)
def test_a_mistake_is_named_first_and_noise_is_not(case: Case) -> None:
    found = case.run()
    assert tuple(d.name for d in found[:1]) == case.right[:1]
    for diagnosis in found:
        assert diagnosis.residual <= 16
        assert diagnosis.text
        assert diagnosis.remedy
        assert diagnosis.where
