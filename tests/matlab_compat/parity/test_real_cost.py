"""What ``verify`` costs beyond running the network, in CPU time, on a real U-Net.

Expected: at most twice the network's own runs in single and double, with the activations of all
its layers compared as well (measured: 1.4 times; 1.05 with nine of them).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

import converters
from matlab_compat.engine.predict import activations
from matlab_compat.network import Network
from matlab_compat.parity.network import verify_network
from tests.cli.test_real_reports import FILE, image
from tests.real import REAL

pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="no real files")]


def seconds(function: Callable[[], Any]) -> float:
    """CPU time of all threads, the better of two runs: other programs slow these down as well."""

    def once() -> float:
        before = os.times()
        function()
        after = os.times()
        return after.user + after.system - before.user - before.system

    return min(once(), once())


def test_verify_costs_at_most_twice_the_network_s_own_runs() -> None:
    network, X = converters.load(FILE), image()
    assert isinstance(network, Network)
    saved = activations(network, [X], network.names)
    expected = {"Y": network.predict(X)}
    own = seconds(lambda: [network.predict(X, dtype=dtype) for dtype in ("single", "double")])
    verify = seconds(lambda: verify_network(network, [X], expected, activations=saved))
    assert verify <= 2 * own
