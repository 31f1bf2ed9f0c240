"""``.safetensors``: tensors under readable names, and the MATLAB side in the metadata.

The metadata has ``format``, ``matlab_compat`` (the version) and ``architecture``: JSON of every
layer with its MATLAB properties. Arrays among the properties that are no parameters of the torch
module (input statistics) are tensors of their own, ``matlab_constant.0`` ...
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from matlab_compat.errors import CorruptFileError, FileAccessError, locating
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from ..identify.files import not_ours, refuse_others
from .base import ANY, Asked, Model, Prepared, ReadableFormat, need
from .document import describe, restore

if TYPE_CHECKING:
    import torch

FORMAT = "matlab_compat.safetensors/1"
_CONSTANT = "matlab_constant."


class Safetensors(ReadableFormat, suffixes=(".safetensors",)):
    """The state_dict of ``model.to_torch()``, which any reader of safetensors takes."""

    name: ClassVar[str] = "safetensors"
    holds_placeholders: ClassVar[bool] = True

    def write(self, prepared: Prepared, path: Path) -> None:
        """The tensors, with the architecture in the metadata."""
        need("safetensors", "safetensors")
        from safetensors.torch import save

        tensors: dict[str, torch.Tensor] = dict(prepared.module().state_dict())
        architecture = _to_json(describe(prepared.model), tensors)
        metadata = {
            "format": FORMAT,
            "matlab_compat": version("matlab-compat"),
            "architecture": json.dumps(architecture, allow_nan=False),
        }
        # Copies: the format forbids tensors that share memory or are not row-major.
        path.write_bytes(save({k: v.clone().contiguous() for k, v in tensors.items()}, metadata))

    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """As :func:`load_safetensors`."""
        return load_safetensors(path)


def load_safetensors(path: str | PathLike[str]) -> Layer | Network:
    """The layer or network in a file that matlab-compat wrote.

    Raises ``CorruptFileError``: the file is no such file, or contradicts itself;
    ``FileAccessError``: it cannot be read; ``UsageError``: safetensors is not installed.
    """
    need("safetensors", "safetensors")
    with locating(str(path)):
        metadata, tensors = _read(Path(path))
        try:
            architecture = _from_json(json.loads(metadata["architecture"]), tensors)
        except (KeyError, ValueError, RecursionError):
            raise CorruptFileError(
                "The architecture cannot be read.",
                remedy="convert the MAT-file again: matlab-compat convert net.mat -o "
                "net.safetensors.",
            ) from None
        state = {k: v for k, v in tensors.items() if not k.startswith(_CONSTANT)}
        return restore(architecture, state)


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    from safetensors import SafetensorError, safe_open

    refuse_others(path, "safetensors file")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise FileAccessError(f"The file cannot be read: {error.strerror or error}.") from None
    except SafetensorError:
        raise not_ours(path, "safetensors file") from None
    if metadata.get("format") != FORMAT:
        raise not_ours(path, "safetensors file")
    return metadata, tensors


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
        tensors[name] = value["constant"]
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
