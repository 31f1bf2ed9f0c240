"""``.pt``: a state_dict and the architecture beside it, readable with ``weights_only=True``.

The file is a dict: ``state_dict`` (torch's names, ``conv_1.weight``), ``architecture`` (plain
dicts, lists and numbers: every layer with its MATLAB properties) and ``format``.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import replace
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.arrays import Array
from matlab_compat.errors import (
    CorruptFileError,
    FileAccessError,
    locating,
)
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from ..identify.files import not_ours, refuse_others
from .base import Format, Model, Options, module_of, outputs_of, source_of
from .document import describe, restore

if TYPE_CHECKING:
    import torch

FORMAT = "matlab_compat.torch/1"


class TorchFile(Format):
    """``torch.load(path, weights_only=True)["state_dict"]`` loads into ``model.to_torch()``.

    And into any module with the same names; :func:`load_torch` gives the model back.
    """

    name: ClassVar[str] = "torch state_dict"
    suffixes: ClassVar[tuple[str, ...]] = (".pt", ".pth")

    def write(self, model: Model, path: Path, options: Options) -> None:
        """A dict of ``state_dict``, ``architecture`` and ``format``."""
        import torch

        state = module_of(model, options).state_dict()
        document = {
            "format": FORMAT,
            "matlab_compat": version("matlab-compat"),
            "state_dict": {k: v.clone().contiguous() for k, v in state.items()},
            "architecture": describe(source_of(model, options)),
        }
        memory = io.BytesIO()
        torch.save(document, memory)
        path.write_bytes(memory.getbuffer())  # torch's own writer may crash where a disk is full

    def run(
        self, path: Path, inputs: tuple[torch.Tensor, ...], options: Options
    ) -> tuple[Array, ...]:
        """The model read back, run on torch."""
        return outputs_of(module_of(load_torch(path), replace(options, stub=True)), inputs)


def load_torch(path: str | PathLike[str]) -> Layer | Network:
    """The layer or network that a :class:`TorchFile` holds.

    Raises
    ------
    CorruptFileError
        The file is no such file, or holds anything but tensors and plain values.
    FileAccessError
        It cannot be read.
    """
    import torch

    with locating(str(path)):
        refuse_others(Path(path), "PyTorch file")
        try:
            document = torch.load(Path(path), map_location="cpu", weights_only=True)
        except OSError as error:
            raise FileAccessError(f"The file cannot be read: {error.strerror}.") from None
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError):
            # Not torch's own words: they are about opening the file without weights_only.
            raise not_ours(Path(path), "PyTorch file") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise not_ours(Path(path), "PyTorch file")
        described, state = document.get("architecture"), document.get("state_dict")
        if not (isinstance(described, dict) and isinstance(state, dict)):
            raise CorruptFileError("The file lacks its architecture or its state_dict.")
        return restore(described, state)
