"""``.safetensors``: tensors under readable names, and the MATLAB side in the metadata.

The metadata has ``format``, ``matlab_compat`` (the version) and ``architecture``: JSON of every
layer with its MATLAB properties. Arrays among the properties that are no parameters of the torch
module (input statistics) are tensors of their own, ``matlab_constant.0`` ...
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from matlab_compat.errors import CorruptFileError
from matlab_compat.packages import own_version

from ..identify.files import not_ours
from .base import need
from .document import DocumentFormat

if TYPE_CHECKING:
    import torch

FORMAT = "matlab_compat.safetensors/1"
_CONSTANT = "matlab_constant."


class Safetensors(DocumentFormat, suffixes=(".safetensors",)):
    """The state_dict of ``model.to_torch()``, which any reader of safetensors takes."""

    name: ClassVar[str] = "safetensors"
    kind: ClassVar[str] = "safetensors file"

    def packed(self, architecture: dict[str, Any], state: dict[str, torch.Tensor]) -> bytes:
        """The tensors, with the architecture in the metadata."""
        need("safetensors", "safetensors")
        from safetensors.torch import save

        tensors = dict(state)
        metadata = {
            "format": FORMAT,
            "matlab_compat": own_version(),
            "architecture": json.dumps(_to_json(architecture, tensors), allow_nan=False),
        }
        # A tensor of several names is written under the first, as by safetensors.torch.save_model.
        first: dict[int, str] = {}
        for name, tensor in tensors.items():
            if (kept := first.setdefault(id(tensor), name)) != name:
                metadata[name] = kept
        return bytes(save({name: tensors[name] for name in first.values()}, metadata))

    def unpacked(self, path: Path) -> tuple[Any, dict[str, torch.Tensor]] | None:
        """The tensors, and the architecture with those of them that are its constants."""
        tensors, metadata = read_safetensors(path)
        if metadata.get("format") != FORMAT:
            return None
        try:
            architecture = _from_json(json.loads(metadata["architecture"]), tensors)
        except (KeyError, ValueError, RecursionError):
            raise CorruptFileError(
                "The architecture cannot be read.",
                remedy="convert the MAT-file again: matlab-compat convert net.mat -o "
                "net.safetensors.",
            ) from None
        tensors |= {k: tensors[kept] for k, kept in metadata.items() if kept in tensors}
        return architecture, {k: v for k, v in tensors.items() if not k.startswith(_CONSTANT)}


def read_safetensors(path: Path, framework: str = "pt") -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors in a file, those of torch ("pt") or of NumPy ("np"), and the metadata.

    Raises ``UsageError``: the library is not installed; ``CorruptFileError``: it cannot read the
    file; ``OSError``: nobody can.
    """
    need("safetensors", "safetensors")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework, device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except SafetensorError:
        raise not_ours(path, Safetensors.kind) from None


def _to_json(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """``value`` with what JSON lacks put elsewhere: arrays into ``tensors``, infinities as text."""
    if isinstance(value, list):
        return [_to_json(item, tensors) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if not isinstance(value, Mapping):
        return value
    if "constant" in value:
        name = f"{_CONSTANT}{sum(key.startswith(_CONSTANT) for key in tensors)}"
        tensors[name] = value["constant"].clone()  # the format forbids shared memory
        return {"constant": name}
    return {key: _to_json(item, tensors) for key, item in value.items()}


def _from_json(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    """The inverse of :func:`_to_json`."""
    if isinstance(value, list):
        return [_from_json(item, tensors) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "float" in value:
        return float(value["float"])
    if "constant" in value:
        return {"constant": tensors[value["constant"]]}
    return {key: _from_json(item, tensors) for key, item in value.items()}
