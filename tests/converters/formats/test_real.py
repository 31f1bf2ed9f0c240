"""Every trained real network leaves in every format and computes the same there.

Expected values: the networks' own outputs. ``benchmarks/targets.py`` prints the whole matrix; here
are those small enough for a test, and one of each architecture. Programs take torch seconds to
export: to ONNX go those that have a class of layer or network which none before had, and to .pt2,
with which every file of ONNX begins, those whose inputs are none that were there before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

import pytest

from matlab_compat import Network
from tests.real import REAL
from tests.truth.networks import has_nan

from .matrix import architecture, classes, inputs, rows

pytestmark = [pytest.mark.real, pytest.mark.slow]

#: Bytes of a file.
LARGEST = 200_000


@pytest.mark.filterwarnings("ignore:.*holds NaN or Inf")
@pytest.mark.parametrize(
    ("endings", "parts", "least"),
    [
        ([".pt", ".safetensors"], architecture, 30),
        ([".onnx"], classes, 10),
        ([".pt2"], inputs, 4),
    ],
    ids=["values", "ONNX", "pt2"],
)
def test_every_trained_network_converts_and_computes_the_same(
    tmp_path: Path, endings: list[str], parts: Callable[[Network], set[Hashable]], least: int
) -> None:
    """Each network that has a part which none before it had."""
    proved = 0
    known: set[Hashable] = set()

    def new(network: Network) -> bool:
        return not parts(network) <= known

    for where, network, cells in rows(REAL, tmp_path, endings, LARGEST, new):
        known |= parts(network)
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
    assert proved > least
