"""``.pt``: a state_dict and the architecture beside it, readable with ``weights_only=True``.

The file is a dict: ``state_dict`` (torch's names, ``conv_1.weight``), ``architecture`` (plain
dicts, lists and numbers: every layer with its MATLAB properties) and ``format``.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, ClassVar

from matlab_compat.errors import CorruptFileError
from matlab_compat.packages import own_version

from .document import DocumentFormat

FORMAT = "matlab_compat.torch/1"


#: What ``torch.load`` raises where it cannot open a file, or not without running code.
NOT_OPENED = (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError)


def plain_document(path: Path, written_as: str) -> dict[str, Any] | None:
    """The dict in a file of ours; ``None`` where it is another file, or says another format.

    Nothing but tensors and plain values is opened. ``OSError`` if the file cannot be read.
    """
    import torch

    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
    except NOT_OPENED:
        return None  # torch's own words are about opening the file without weights_only
    if not isinstance(document, dict) or document.get("format") != written_as:
        return None
    return document


def write_torch(path: Path, document: Any) -> None:
    """``torch.save``, by way of memory: its own writer may crash where a disk is full."""
    import torch

    memory = io.BytesIO()
    torch.save(document, memory)
    path.write_bytes(memory.getbuffer())


class TorchFile(DocumentFormat, suffixes=(".pt", ".pth")):
    """``torch.load(path, weights_only=True)["state_dict"]`` loads into ``model.to_torch()``.

    And into any module with the same names; :func:`converters.load` gives the model back.
    """

    name: ClassVar[str] = "torch state_dict"
    kind: ClassVar[str] = "PyTorch file"

    def packed(self, architecture: dict[str, Any], state: dict[str, Any]) -> bytes:
        """A dict of ``state_dict``, ``architecture`` and ``format``."""
        import torch

        about = {"format": FORMAT, "matlab_compat": own_version()}
        memory = io.BytesIO()
        torch.save({**about, "state_dict": state, "architecture": architecture}, memory)
        return memory.getvalue()

    def unpacked(self, path: Path) -> tuple[Any, Any] | None:
        """Nothing but tensors and plain values is opened."""
        document = plain_document(path, FORMAT)
        if document is None:
            return None
        found = document.get("architecture"), document.get("state_dict")
        if not all(isinstance(part, dict) for part in found):
            raise CorruptFileError("The file lacks its architecture or its state_dict.")
        return found
