"""Models that are no networks of Deep Learning Toolbox, against what MATLAB computed with them.

Expected values: MATLAB's, saved beside the parameters of a training loop and within an agent.
"""

from __future__ import annotations

import pytest

from tests.real import REAL

from .cases import CASES

pytestmark = pytest.mark.real


@pytest.mark.parametrize("case", ["heat", "trader"])
def test_a_case_holds(case: str) -> None:
    measured = list(CASES[case](REAL))
    assert measured
    assert [m for m in measured if not m.holds] == []
