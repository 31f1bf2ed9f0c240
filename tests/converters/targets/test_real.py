"""Every trained real network leaves in every format and computes the same there.

Expected values: the networks' own outputs. ``benchmarks/targets.py`` prints the whole matrix; here
are those small enough for a test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real import REAL

from .matrix import rows

pytestmark = [pytest.mark.real, pytest.mark.slow]

ENDINGS = [".pt", ".safetensors", ".pt2", ".onnx"]
#: Bytes of a file.
LARGEST = 200_000


def test_every_trained_network_converts_and_computes_the_same(tmp_path: Path) -> None:
    proved = 0
    for where, network, cells in rows(REAL, tmp_path, ENDINGS, LARGEST):
        trained = network.kind in ("SeriesNetwork", "DAGNetwork", "dlnetwork")
        for ending, cell in cells.items():
            assert cell.exit_code == 0, (where, ending)
            if trained and not network.unsupported:
                assert cell.done is not None, (where, ending, cell.reason)
                assert cell.done.outputs, (where, ending, cell.reason)
                proved += 1
            elif not network.Initialized or network.unsupported:
                assert cell.done is None, (where, ending)
                assert cell.reason, (where, ending)
    assert proved > 30
