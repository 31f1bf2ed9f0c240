"""Where the files lie that MATLAB wrote, and which of them hold transposed convolutions."""

from __future__ import annotations

from pathlib import Path

REAL = Path(__file__).parents[2] / "shared" / "real"

MAT_FILES = sorted(REAL.glob("*/*.mat"))

#: A U-Net with the same weights in three files; to run it takes seconds.
_AGAIN = ("2024b_DAGNetworks__custom_onnx_unet113.mat", "custom_onnx_unet113.blobfa33572c.mat")
#: For what computes: each network once.
NETWORK_FILES = [path for path in MAT_FILES if not path.name.endswith(_AGAIN)]


def file_id(path: Path) -> str:
    """A short name for a test case."""
    return f"{path.parent.name[:20]}/{path.name[-40:]}"
