"""MATLAB's recurrent layers written out in float64 numpy, one time step after the other.

Source: the gate equations of the documentation pages (lstmLayer, gruLayer). Everything is in
MATLAB's order: X is C×N×T, states H×N, results H×N×T. Nothing here uses the package under test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Function = Callable[[Array], Array]

ACTIVATIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard-sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
}


def lstm(
    X: Array,
    W: Array,
    R: Array,
    b: Array,
    h: Array,
    c: Array,
    state: str = "tanh",
    gate: str = "sigmoid",
) -> tuple[Array, Array, Array]:
    """All hidden states, and the final hidden and cell state."""
    act, sigma = ACTIVATIONS[state], ACTIVATIONS[gate]
    n = R.shape[1]
    outputs = []
    for t in range(X.shape[2]):
        z = W @ X[:, :, t] + R @ h + b
        i, f, g, o = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
        c = sigma(f) * c + sigma(i) * act(g)
        h = sigma(o) * act(c)
        outputs.append(h)
    return np.stack(outputs, 2), h, c


def gru(
    X: Array, W: Array, R: Array, b: Array, h: Array, mode: str = "after-multiplication", *of: str
) -> tuple[Array, Array]:
    """All hidden states, and the final one; ``b`` is 6H×1 with a recurrent bias."""
    act, sigma = (ACTIVATIONS[name] for name in of or ("tanh", "sigmoid"))
    n = R.shape[1]
    b_W, b_R = (b[: 3 * n], b[3 * n :]) if len(b) == 6 * n else (b, np.zeros((3 * n, 1)))
    outputs = []
    for t in range(X.shape[2]):
        x, p = W @ X[:, :, t] + b_W, R @ h + b_R
        r = sigma(x[:n] + p[:n])
        z = sigma(x[n : 2 * n] + p[n : 2 * n])
        if mode == "before-multiplication":
            candidate = act(x[2 * n :] + R[2 * n :] @ (r * h))
        else:
            candidate = act(x[2 * n :] + r * p[2 * n :])
        h = (1 - z) * candidate + z * h
        outputs.append(h)
    return np.stack(outputs, 2), h
