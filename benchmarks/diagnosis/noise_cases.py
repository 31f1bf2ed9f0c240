"""What is no mistake: noise of many sizes, which must get no diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from matlab_compat.parity.network import verify_network

from .network_cases import NETS, Port
from .seeded import Array, Case, array, generator, tensor

NOISE: dict[str, Callable[[Array, Array], Array]] = {
    "relative 1e-4": lambda y, n: y * (1 + 1e-4 * n),
    "relative 1e-2": lambda y, n: y * (1 + 1e-2 * n),
    "absolute 1e-1": lambda y, n: y + 1e-1 * n * np.abs(y).max(),
    "absolute 1e-5": lambda y, n: y + 1e-5 * n * np.abs(y).max(),
    "one element": lambda y, n: y + 1.0 * (np.arange(y.size).reshape(y.shape) == y.size // 2),
    "a corner": lambda y, n: (
        y + 0.1 * n * (np.arange(y.shape[0]) < 2).reshape(-1, *(1,) * (y.ndim - 1))
    ),
    "something else": lambda y, n: n,
}


def cases(seed: int) -> Iterator[Case]:
    """All, in three of the networks."""
    for name in ("unet", "class", "seq"):
        for kind, make in NOISE.items():

            def run(name: str = name, make: Any = make) -> Any:
                net = NETS[name](False, seed)
                y = net.port(Port({}), tensor(net.X))
                right = array(y).T if y.ndim == 2 else array(y)
                right = right.transpose(0, 2, 1) if y.ndim == 3 else right
                wrong = make(right, generator(seed + 9).standard_normal(right.shape))
                X = net.X.transpose(0, 2, 1) if net.X.ndim == 3 else net.X
                return verify_network(net.network, [X], {"Y": np.asarray(wrong, np.float32)})

            yield Case("noise", f"{name}: {kind}", str(seed), run, "")
