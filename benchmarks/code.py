"""What layers of MATLAB code cost beside the same formulas written by hand in torch.

python -m benchmarks.code

On 64×64 images of 32 channels, one and eight of them, in one thread; 1 if any costs more than five
times as much. The two take turns, and the median turn of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST = 5.0
_TURNS = 30
_RANDOM = np.random.default_rng(0)


def _single(*size: int) -> Any:
    return np.asfortranarray(_RANDOM.standard_normal(size).astype(np.float32))


def _squeeze_excite(x: Tensor, down: Tensor, up: Tensor) -> Tensor:
    weights = torch.sigmoid(torch.relu(x.mean((2, 3)) @ down.T) @ up.T)
    return x * weights[:, :, None, None]


def _group_norm(x: Tensor) -> Tensor:
    y = x.reshape(len(x), 4, -1, *x.shape[2:])
    mean = y.mean((2, 3, 4), keepdim=True)
    variance = y.var((2, 3, 4), correction=0, keepdim=True)
    return ((y - mean) / (variance + 1e-5).sqrt()).reshape(x.shape)


def _pooled(x: Tensor) -> Tensor:
    most = x.amax((2, 3), keepdim=True)
    return most + torch.exp(5 * (x - most)).mean((2, 3), keepdim=True).log() / 5


#: The body of predict, its learnables, and the same in torch.
LAYERS: dict[str, tuple[str, dict[str, Any], Callable[..., Tensor]]] = {
    "PReLU": (
        "Z = max(0, X) + layer.A .* min(0, X);",
        {"A": _single(1, 1, 32)},
        lambda x, a: x.clamp(min=0) + a.permute(2, 0, 1) * x.clamp(max=0),
    ),
    "hard swish": (
        "Z = X .* min(max(X + 3, 0), 6) / 6;",
        {},
        lambda x: x * (x + 3).clamp(0, 6) / 6,
    ),
    "squeeze and excite": (
        """s = squeeze(mean(mean(X, 1), 2));
        s = max(layer.A * s, 0);
        s = 1 ./ (1 + exp(-layer.B * s));
        Z = X .* reshape(s, 1, 1, size(X, 3), []);""",
        {"A": _single(8, 32), "B": _single(32, 8)},
        _squeeze_excite,
    ),
    "group normalization": (
        """sz = size(X);
        Y = reshape(X, sz(1), sz(2), sz(3) / 4, 4, []);
        Y = (Y - mean(Y, [1 2 3])) ./ sqrt(var(Y, 1, [1 2 3]) + 1e-5);
        Z = reshape(Y, sz);""",
        {},
        _group_norm,
    ),
    "space to depth, in loops": (
        """Z = [];
        for i = 1:2
            for j = 1:2
                Z = cat(3, Z, X(i:2:end, j:2:end, :, :));
            end
        end""",
        {},
        lambda x: torch.cat([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], 1),
    ),
    "log-sum-exp pooling": (
        """m = max(max(X, [], 1), [], 2);
        Z = m + log(mean(exp(5 * (X - m)), [1 2])) / 5;""",
        {},
        _pooled,
    ),
}


def _module(body: str, learnables: dict[str, Any]) -> torch.nn.Module:
    from matlab_compat.code.definitions import Texts
    from matlab_compat.code.layers import class_of_layer
    from matlab_compat.code.program import Program

    properties = "".join(f"properties (Learnable)\n{name}\nend\n" for name in learnables)
    text = (
        f"classdef own < nnet.layer.Layer & nnet.layer.Formattable\n{properties}methods\n"
        f"function Z = predict(layer, X)\nX = stripdims(X);\n{body}\nZ = dlarray(Z, 'SSCB');\n"
        "end\nend\nend\n"
    )
    kind = class_of_layer(Program(Texts({"own": text})), "own", learnables)
    assert kind is not None
    return kind.from_fields(learnables).to_torch(formats=("SSCB",)).eval()


def _turn(function: Callable[[], Any], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - begin) / times


def main() -> int:
    """Print the ratios; 1 if any is too large."""
    from matlab_compat import keep_memory

    keep_memory()
    torch.set_num_threads(1)
    worst = 0.0
    print(f"{'':28}{'images':>7}{'code, us':>10}{'torch, us':>10}{'ratio':>7}")
    for name, (body, learnables, by_hand) in LAYERS.items():
        module = _module(body, learnables)
        given = [torch.from_numpy(one.copy()) for one in learnables.values()]
        for images in (1, 8):
            x = torch.randn(images, 32, 64, 64)
            with torch.inference_mode():
                pair = [partial(module, x), partial(by_hand, x, *given)]
                torch.testing.assert_close(pair[0](), pair[1](), rtol=1e-3, atol=1e-4)
                turns = [[_turn(one, 4) for one in pair] for _ in range(_TURNS)]
            ours, theirs = (median(column) for column in zip(*turns, strict=True))
            worst = max(worst, ours / theirs)
            times = f"{ours * 1e6:>10.0f}{theirs * 1e6:>10.0f}{ours / theirs:>7.2f}"
            print(f"{name:28}{images:>7}{times}", flush=True)
    print(f"at most {worst:.2f} times as long; allowed are {MOST:g}")
    return int(worst > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
