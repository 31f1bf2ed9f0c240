"""What is no mistake: noise of many sizes must get no diagnosis, rounding in single no alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from matlab_compat.parity.network import verify_network

from .network_cases import NETS, Port, verified
from .seeded import EQUAL, Array, Case, Tensor, array, generator, tensor

NOISE: dict[str, Callable[[Array, Array], Array]] = {
    "relative 1e-4": lambda y, n: y * (1 + 1e-4 * n),
    "relative 1e-2": lambda y, n: y * (1 + 1e-2 * n),
    "absolute 1e-1": lambda y, n: y + 1e-1 * n * np.abs(y).max(),
    "absolute 1e-5": lambda y, n: y + 1e-5 * n * np.abs(y).max(),
    "sums in half": lambda y, n: y * (1 + 2.0**-11 * np.clip(n, -1, 1)),
    "sums in bfloat16": lambda y, n: y * (1 + 2.0**-8 * np.clip(n, -1, 1)),
    "as large as TF32's": lambda y, n: y + 2.0**-11 * np.clip(n, -1, 1) * np.abs(y).max(),
    "of the largest alone": lambda y, n: y + 1e-2 * n * (np.abs(y) > np.abs(y).mean()),
    "one element": lambda y, n: y + 1.0 * (np.arange(y.size).reshape(y.shape) == y.size // 2),
    "a corner": lambda y, n: (
        y + 0.1 * n * (np.arange(y.shape[0]) < 2).reshape(-1, *(1,) * (y.ndim - 1))
    ),
    "something else": lambda y, n: n,
}


def _equal(seed: int) -> Iterator[Case]:
    """Two computations in single: sums in another order, every value rounded on its way."""
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "every value rounded to single": lambda x: x.float().double(),
        "another order of sums": lambda x: x * (1 + 2.0**-24 * torch.randn_like(x).clamp(-2, 2)),
    }
    for name in NETS:
        for kind, through in ways.items():

            def run(name: str = name, through: Callable[[Tensor], Tensor] = through) -> Any:
                torch.manual_seed(seed)
                return verified(NETS[name](False, seed), {"through": through}, False)

            yield Case("noise", f"{name}: {kind}", str(seed), run, EQUAL)


def cases(seed: int) -> Iterator[Case]:
    """All noise in three of the networks, and what is equal in all."""
    yield from _equal(seed)
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
