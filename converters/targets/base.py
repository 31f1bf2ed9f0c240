"""What every way out has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from matlab_compat.layers import Layer
from matlab_compat.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

Array = npt.NDArray[Any]
Model = Layer | Network


@dataclass(frozen=True)
class Options:
    """Choices that apply to every target.

    Parameters
    ----------
    dtype:
        "single", "double", "half" or "bfloat16".
    stub:
        Leave placeholders for layers that cannot be built.
    strip_normalization:
        Leave the normalization of the inputs out; its constants are written beside the model.
    """

    dtype: str = "single"
    stub: bool = False
    strip_normalization: bool = False


class Target(ABC):
    """A format that a layer or network can leave in.

    ``write`` is given a path that does not exist yet: the final name, in a folder of its own (the
    file moves to its place later, once the outputs have been compared); ``run`` reads what was
    written afresh and runs it.
    """

    #: How messages call it.
    name: ClassVar[str]
    #: Endings of the file names; ``("",)`` for a folder.
    suffixes: ClassVar[tuple[str, ...]]

    def refusal(self, model: Model, options: Options) -> str:
        """Why the target cannot hold this model; '' if it can."""
        return ""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Files that ``write`` makes beside ``path``: all get their names, or none does."""
        return ()

    @abstractmethod
    def write(self, model: Model, path: Path, options: Options) -> None:
        """Write ``model`` to ``path``."""

    @abstractmethod
    def run(
        self, path: Path, inputs: tuple[torch.Tensor, ...], options: Options
    ) -> tuple[Array, ...]:
        """The outputs of what was written, in torch's order, for inputs in torch's order."""


def module_of(model: Model, options: Options) -> nn.Module:
    """The torch module to write: on the CPU, in eval mode, without input normalization if asked."""
    if isinstance(model, Network):
        source = without_normalization(model) if options.strip_normalization else model
        return source.to_torch(None, options.dtype, stub=options.stub).eval()
    return model.to_torch(None, options.dtype).eval()


def without_normalization(network: Network) -> Network:
    """The network with inputs that pass their data on as it is."""
    import copy

    new = copy.deepcopy(network)
    for layer in new.Layers:
        if "Normalization" in layer.properties:
            layer._assign({"Normalization": "none"})
    return new


def outputs_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[Array, ...]:
    """The outputs of a module as arrays."""
    import torch

    from matlab_compat.engine.arrays import array
    from matlab_compat.engine.precision import full_precision

    with torch.inference_mode(), full_precision():
        result = module(*inputs)
    results = result if isinstance(result, tuple | list) else (result,)
    return tuple(np.asarray(array(y)) for y in results)
