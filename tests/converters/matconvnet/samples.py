"""Networks of MatConvNet as its users save them, written by scipy, which knows nothing of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.converters.exports import cells, save, struct_array

FIXTURES = Path(__file__).parents[3] / "fixtures" / "matconvnet"


def numbers(*size: int, seed: int = 1) -> NDArray[Any]:
    return np.random.default_rng(seed).uniform(-1, 1, size).astype(np.float32)


W, B = numbers(3, 3, 2, 4), numbers(4, 1, seed=2)


def conv(*weights: Any, **more: Any) -> dict[str, Any]:
    """A layer of a SimpleNN."""
    own = {"type": "conv", "name": "c", "weights": cells(*(weights or (W, B)))}
    return {**own, "stride": 1.0, "pad": 1.0, **more}


def layer(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "name": kind, **fields}


RELU = layer("relu")


def simplenn(*layers: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return {"layers": cells(*layers), "meta": meta}


def node(
    name: str, kind: str, inputs: list[str], output: str, params: tuple[str, ...] = (), **block: Any
) -> dict[str, Any]:
    """A layer of a DagNN."""
    return {
        "name": name,
        "type": kind if "." in kind else f"dagnn.{kind}",
        "inputs": cells(*inputs),
        "outputs": cells(output),
        "params": cells(*params),
        "block": block or {"opts": cells()},
    }


def dagnn(*nodes: dict[str, Any], **params: Any) -> dict[str, Any]:
    values = [{"name": k, "value": v, "learningRate": 1.0} for k, v in params.items()]
    return {
        "vars": struct_array([{"name": "x", "precious": False}]),
        "params": struct_array(values) if values else np.zeros((0, 0)),
        "layers": struct_array(list(nodes)),
        "meta": np.zeros((0, 0)),
    }


def saved(path: Path, net: dict[str, Any], **beside: Any) -> Path:
    return save(path / "net.mat", net=net, **beside)
