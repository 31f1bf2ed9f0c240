"""``.pt``: a state_dict and the architecture beside it, readable with ``weights_only=True``.

The file is a dict: ``state_dict`` (torch's names, ``conv_1.weight``), ``architecture`` (plain
dicts, lists and numbers: every layer with its MATLAB properties) and ``format``.
"""

from __future__ import annotations

import io
import pickle
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.errors import CorruptFileError, FileAccessError, locating
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from ..identify.files import not_ours, refuse_others
from .base import ANY, Asked, Model, Prepared, ReadableFormat
from .document import describe, restore

if TYPE_CHECKING:
    pass

FORMAT = "matlab_compat.torch/1"


class TorchFile(ReadableFormat, suffixes=(".pt", ".pth")):
    """``torch.load(path, weights_only=True)["state_dict"]`` loads into ``model.to_torch()``.

    And into any module with the same names; :func:`load_torch` gives the model back.
    """

    name: ClassVar[str] = "torch state_dict"
    holds_placeholders: ClassVar[bool] = True

    def write(self, prepared: Prepared, path: Path) -> None:
        """A dict of ``state_dict``, ``architecture`` and ``format``."""
        import torch

        state = prepared.module().state_dict()
        document = {
            "format": FORMAT,
            "matlab_compat": version("matlab-compat"),
            "state_dict": {k: v.clone().contiguous() for k, v in state.items()},
            "architecture": describe(prepared.model),
        }
        memory = io.BytesIO()
        torch.save(document, memory)
        path.write_bytes(memory.getbuffer())  # torch's own writer may crash where a disk is full

    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """As :func:`load_torch`."""
        return load_torch(path)


def load_torch(path: str | PathLike[str]) -> Layer | Network:
    """The layer or network that a :class:`TorchFile` holds.

    Raises ``CorruptFileError``: the file is no such file, or holds anything but tensors and plain
    values; ``FileAccessError``: it cannot be read.
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
