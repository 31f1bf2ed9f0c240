"""A stricter judge of drawn mistakes than the patterns: what was altered is named, and repaired.

Right is a diagnosis in the layer that was altered, which names the property or array that was, and
whose line of torch, executed on the wrong port, makes it give what the right one gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from matlab_compat.parity.diagnosis_types import Diagnosis

from .seeded import Tensor, filters, vector

Does = Mapping[str, Any]
#: What each entry of what a layer does is called in its description, or in the text.
NAMES = {
    "w": ("Weights", "filters", "kernel"),
    "b": ("Bias", "bias"),
    "stride": ("Stride",),
    "dilation": ("DilationFactor",),
    "pad": ("PaddingSize",),
    "mode": ("Padding", "padded"),
    "k": ("PoolSize",),
    "kind": ("instead of", "left out"),
    "a": ("Scale", "Ceiling", "Alpha", "slope", "alpha"),
    "counted": ("PaddingValue",),
    "e": ("Epsilon",),
    "outside": ("epsilon outside the root",),
    "m": ("TrainedMean", "mean"),
    "v": ("TrainedVariance", "variance"),
    "s": ("Scale",),
    "o": ("Offset",),
}


def is_right(found: Diagnosis, layer: Any, right: Does, wrong: Does, x: Tensor, y: Tensor) -> bool:
    """Whether what was altered is named, and the line, if there is one, repairs the port.

    ``x`` is the layer's own input, ``y`` what the right port gives.
    """
    altered = [name for name in right if not _same(right[name], wrong.get(name))]
    altered += [name for name in wrong if name not in right]
    said = f"{found.change} {found.text}"
    if not any(name in said for one in altered for name in NAMES[one]):
        return False
    module = _module(wrong)
    if not found.repair or module is None:
        return True
    arrays = {name: v for name, v in layer.values.items() if isinstance(v, np.ndarray)}
    given = x if "pad(x" in found.repair or "pad" not in wrong else _padded(x, wrong)
    names: dict[str, Any] = {"torch": torch, "layer": module, "x": given.float(), **arrays}
    exec(found.repair, names)
    with torch.no_grad():
        repaired = names["layer"](names["x"]).double()
    return repaired.shape == y.shape and torch.allclose(repaired, y, rtol=1e-4, atol=1e-4)


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))


def _padded(x: Tensor, does: Does) -> Tensor:
    top, bottom, left, right = does["pad"]
    value = -torch.inf if does.get("kind") == "max" else 0.0
    mode = does.get("mode", "constant")
    return F.pad(x, (left, right, top, bottom), mode, *((value,) if mode == "constant" else ()))


def _module(does: Does) -> torch.nn.Module | None:
    """Torch's module of what a layer does, of padded input; None where torch has none."""
    if "w" in does:
        weight = filters(does["w"]).float()
        filters_to, channels, height, width = weight.shape
        made: Any = torch.nn.Conv2d(
            channels,
            filters_to,
            (height, width),
            stride=tuple(does["stride"]),
            dilation=tuple(does["dilation"]),
        )
        made.weight.data, made.bias.data = weight, vector(does["b"]).float()
        return made
    if "m" in does and not does.get("outside"):
        made = torch.nn.BatchNorm2d(does["m"].size, eps=does["e"]).eval()
        names = {"running_mean": "m", "running_var": "v", "weight": "s", "bias": "o"}
        for name, entry in names.items():
            getattr(made, name).data = vector(does[entry]).float()
        return made
    if "k" in does and does.get("counted", True):
        kind = torch.nn.MaxPool2d if does["kind"] == "max" else torch.nn.AvgPool2d
        return kind(tuple(does["k"]), tuple(does["stride"]))
    return torch.nn.Identity() if "a" in does else None
