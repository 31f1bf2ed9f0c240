"""Every trained real network leaves in every format and computes the same there.

Expected values: the networks' own outputs. ``benchmarks/targets.py`` prints the whole matrix; here
are those small enough for a test, and one of each architecture.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pytest

from tests.real import REAL
from tests.truth.networks import has_nan

from .matrix import architecture, rows

pytestmark = [pytest.mark.real, pytest.mark.slow]

ENDINGS = [".pt", ".safetensors", ".pt2", ".onnx"]
#: Bytes of a file.
LARGEST = 200_000


@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
def test_every_trained_network_converts_and_computes_the_same(tmp_path: Path) -> None:
    proved = 0
    known: set[Hashable] = set()
    for where, network, cells in rows(REAL, tmp_path, ENDINGS, LARGEST, known):
        known.add(architecture(network))
        kinds = ("SeriesNetwork", "DAGNetwork", "dlnetwork")
        trained = network.kind in kinds and network.Initialized
        for ending, cell in cells.items():
            assert cell.exit_code == 0, (where, ending)
            if trained and not network.unsupported:
                assert cell.done is not None, (where, ending, cell.reason)
                assert cell.done.outputs or has_nan(network), (where, ending, cell.reason)
                proved += bool(cell.done.outputs)
            elif not network.Initialized or network.unsupported:
                assert cell.done is None, (where, ending)
                assert cell.reason, (where, ending)
    assert proved > 30
