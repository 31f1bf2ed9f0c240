"""What every way out has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import torch_axes
from matlab_compat.errors import UsageError
from matlab_compat.layers import Layer
from matlab_compat.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

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
    steps:
        Time steps of the sequence that the outputs are compared on. Formats that can only hold
        one length of sequence (see :meth:`Format.remarks`) hold this one.
    """

    dtype: str = "single"
    stub: bool = False
    strip_normalization: bool = False
    steps: int = 8


class Format(ABC):
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

    def remarks(self, path: Path) -> tuple[str, ...]:
        """What the user has to know of the file written to ``path``."""
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
    source = source_of(model, options)
    if isinstance(source, Network):
        return source.to_torch(None, options.dtype, stub=options.stub).eval()
    return source.to_torch(None, options.dtype).eval()


def source_of(model: Model, options: Options) -> Model:
    """The model to write: without input normalization if asked."""
    if options.strip_normalization and isinstance(model, Network):
        return without_normalization(model)
    return model


def without_normalization(network: Network) -> Network:
    """The network with inputs that pass their data on as it is."""
    import copy

    new = copy.deepcopy(network)
    for layer in new.Layers:
        if "Normalization" in layer.properties:
            layer.assign({"Normalization": "none"})
    return new


def interface(model: Model) -> dict[str, Any]:
    """Names, dimension labels and classes, as plain values, for formats with room for them.

    ``inputs`` and ``outputs`` map each name to its labels in the order of the file, which is
    torch's: "BCSS" where MATLAB has "SSCB".
    """
    if isinstance(model, Network):
        plan = model.plan()
        inputs = dict(plan.inputs)
        outputs = {name: label for name, (_, label) in plan.outputs.items()}
    else:
        inputs = dict(zip(model.InputNames, model.default_formats, strict=True))
        formats = model.output_formats(model.default_formats)
        outputs = dict(zip(model.OutputNames, formats, strict=True))
    return {
        "inputs": {name: _torch_order(label) for name, label in inputs.items()},
        "outputs": {name: _torch_order(label) for name, label in outputs.items()},
        "classes": model.Classes if isinstance(model, Network) else None,
        "matlab_kind": model.kind if isinstance(model, Network) else model.matlab_class,
    }


def _torch_order(label: str) -> str:
    return "".join(label[axis] for axis in torch_axes(label))


def need(extra: str, *modules: str) -> None:
    """Refuse early where an optional library is missing.

    Raises
    ------
    UsageError
        One of ``modules`` is not installed.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"This format needs {' and '.join(missing)}, not installed here.",
            remedy=f"pip install 'matlab-compat[{extra}]'",
        )


def outputs_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[Array, ...]:
    """The outputs of a module as arrays."""
    import torch

    from matlab_compat.engine.arrays import array
    from matlab_compat.engine.precision import full_precision

    with torch.inference_mode(), full_precision():
        result = module(*inputs)
    results = result if isinstance(result, tuple | list) else (result,)
    return tuple(np.asarray(array(y)) for y in results)
