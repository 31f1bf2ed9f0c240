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

LARGEST = 300_000


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".pt2", ".onnx"])
def test_every_trained_network_converts_and_computes_the_same(tmp_path: Path, suffix: str) -> None:
    proved = 0
    for where, network, cells in rows(REAL, tmp_path, [suffix], LARGEST):
        cell = cells[suffix]
        if not network.Initialized or network.unsupported:
            assert cell.done is None, where
            assert cell.reason, where
        elif network.kind in ("SeriesNetwork", "DAGNetwork", "dlnetwork"):
            assert cell.done is not None, f"{where}: {cell.reason}"
            assert cell.done.outputs, f"{where}: {cell.reason}"
            assert cell.exit_code == 0, where
            proved += 1
    assert proved > 15
