"""The ways out, by the ending of the file's name. Each module is imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from pathlib import Path

from matlab_compat.errors import UsageError

from .base import Format, Options

#: Ending to "module:class"; "" is a folder.
_TARGETS = {
    ".pt": "torch_file:TorchFile",
    ".pth": "torch_file:TorchFile",
    ".safetensors": "safetensors:Safetensors",
    ".pt2": "torch_export:TorchExport",
    ".onnx": "onnx:Onnx",
    ".mat": "mat:MatStruct",
    ".m": "matlab_code:MatlabFunctionFile",
    "": "source:SourcePackage",
}


def format_for(path: str | PathLike[str]) -> Format:
    """The target that the ending of ``path`` names.

    Raises
    ------
    UsageError
        There is none of that ending; those there are are listed.
    """
    suffix = Path(path).suffix.lower()
    place = _TARGETS.get(suffix)
    if place is None:
        raise UsageError(
            f"There is no target '{suffix or 'folder'}'.",
            where=(str(path),),
            remedy=f"use one of {', '.join(name or 'a folder' for name in _TARGETS)}.",
        )
    module, _, name = place.partition(":")
    target: Format = getattr(import_module(f".{module}", __name__), name)()
    return target


def suffixes() -> tuple[str, ...]:
    """The endings of all targets; '' stands for a folder."""
    return tuple(_TARGETS)


__all__ = ["Format", "Options", "format_for", "suffixes"]
