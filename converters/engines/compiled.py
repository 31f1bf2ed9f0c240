"""Torch's own compiler, AOTInductor: C++ code of the network for one size of inputs."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matlab_compat.arrays import Array

from .base import Compute, Engine

if TYPE_CHECKING:
    from .written import Written

#: Where a C++ compiler is looked for, as torch does.
COMPILERS = ("g++", "clang++", "c++", "cl")


class Compiled(Engine):
    """A shared library that torch writes and compiles."""

    label = "torch.compile"
    packages = ("torch",)
    remedy = "install g++ or clang++, or set the variable CXX to where one is."
    patience = 20

    def __init__(self, written: Written, threads: int) -> None:
        self.module = written.module

    @classmethod
    def missing(cls) -> list[str]:
        """A C++ compiler, where there is none."""
        names = (os.environ.get("CXX", ""), *COMPILERS)
        return [] if any(map(shutil.which, names)) else ["a C++ compiler"]

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """The code for these sizes; torch's own threads run it."""
        import torch

        inputs = tuple(torch.zeros(*size) for size in sizes)
        with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            logging.getLogger("torch").setLevel(logging.ERROR)
            package = torch._inductor.aoti_compile_and_package(
                torch.export.export(self.module, inputs),
                package_path=str(Path(folder) / "network.pt2"),
                inductor_configs={"freezing": True},
            )
            compute = torch._inductor.aoti_load_package(package)

        def run(arrays: Sequence[Array]) -> Sequence[Array]:
            results = compute(*map(torch.from_numpy, arrays))
            several = results if isinstance(results, tuple | list) else (results,)
            return [y.numpy() for y in several]

        return run
