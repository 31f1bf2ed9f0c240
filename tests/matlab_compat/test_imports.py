"""Importing the package is cheap: torch and scipy come in when something is computed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import PATIENCE

USE = {
    "importing": "",
    "describing a layer": "print(matlab_compat.transposedConv2dLayer(3, 4, 'Stride', 2))",
}


@pytest.mark.parametrize("use", USE)
def test_neither_torch_nor_scipy(use: str) -> None:
    program = (
        f"import sys, matlab_compat\n{USE[use]}\n"
        "found = {'torch', 'scipy', 'h5py', 'converters', 'cli'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
