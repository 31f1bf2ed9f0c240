"""What is no mistake: noise of many sizes must get no diagnosis, rounding in single no alarm."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from matlab_compat.parity.report import Report

from .network_cases import NETS, verified
from .seeded import EQUAL, Array, Data, Table, Tensor, generator

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


#: Two computations in single: sums in another order, every value rounded on its way.
SAME: dict[str, Callable[[Tensor], Tensor]] = {
    "every value rounded to single": lambda x: x.float().double(),
    "another order of sums": lambda x: x * (1 + 2.0**-24 * torch.randn_like(x).clamp(-2, 2)),
}


def _noisy(name: str, make: Callable[[Array, Array], Array], data: Data) -> Report:
    def saved(y: Array) -> Array:
        return make(y, generator(data.seed + 9).standard_normal(y.shape))

    return verified(NETS[name](data.smooth, data.seed), {"saved": saved}, data.saved)


def _rounded(name: str, through: Callable[[Tensor], Tensor], data: Data) -> Report:
    torch.manual_seed(data.seed)
    return verified(NETS[name](data.smooth, data.seed), {"through": through}, data.saved)


_TABLE = Table("noise", smooth=(False,))
cases = _TABLE.cases
for _name in NETS:
    for _kind, _through in SAME.items():
        _TABLE.add(f"{_name}: {_kind}", EQUAL, "", partial(_rounded, _name, _through))
for _name in ("unet", "class", "seq"):
    for _kind, _make in NOISE.items():
        _TABLE.add(f"{_name}: {_kind}", "", "", partial(_noisy, _name, _make))
