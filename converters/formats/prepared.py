"""A model made ready to be written: everything that is made of it is made once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import torch_axes
from matlab_compat.errors import DataFormatError, NothingToCompareError, cause_text
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

from ..examples import example_inputs

if TYPE_CHECKING:
    import torch
    from torch import nn

Model = Layer | Network | ShallowNetwork
Made = TypeVar("Made")


@dataclass(frozen=True)
class Options:
    """Choices that apply to every format.

    Parameters
    ----------
    dtype:
        "single", "double", "half" or "bfloat16"; by default the model's own: single, and double for
        shallow networks.
    stub:
        Leave placeholders for layers that cannot be built.
    strip_normalization:
        Leave the normalization of the inputs out; its constants are written beside the model.
    steps:
        Time steps of the sequence that the outputs are compared on. Formats that can only hold
        one length of sequence (see :meth:`Format.remarks`) hold this one.
    """

    dtype: str = ""
    stub: bool = False
    strip_normalization: bool = False
    steps: int = 8


class Prepared:
    """A layer or network, its torch modules and what they compute: one for each precision.

    Formats and the check of what they wrote share it, so that nothing is built or run twice.
    Nobody may change the modules; a format that has to takes a copy.

    Parameters
    ----------
    given:
        The layer or network as it was opened or made.
    options:
        By default the model's own precision, without placeholders.
    name:
        What it is called, for formats that name what they write: its file without the ending.

    Examples
    --------
    >>> import matlab_compat
    >>> prepared = Prepared(matlab_compat.reluLayer(), Options(dtype="double"))
    >>> prepared.module() is prepared.module("double")
    True
    >>> [y.dtype.name for y in prepared.outputs("single")]
    ['float32']
    """

    def __init__(self, given: Model, options: Options | None = None, name: str = "") -> None:
        self.given, options = given, options or Options()
        self.name = name
        self.options = replace(options, dtype=options.dtype or given.default_dtype)
        self._made: dict[object, Any] = {}

    def once(self, make: Callable[..., Made], *arguments: str) -> Made:
        """``make(prepared, *arguments)``, called the first time only."""
        key = make, arguments
        if key not in self._made:
            self._made[key] = make(self, *arguments)
        return cast(Made, self._made[key])

    @cached_property
    def model(self) -> Model:
        """The model to write: without the normalization of its inputs if that is asked."""
        if self.options.strip_normalization and isinstance(self.given, Network):
            return _without_normalization(self.given)
        return self.given

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in torch's order; "Y" if there is one."""
        names = list(self.interface["outputs"])
        return names if len(names) > 1 else ["Y"]

    @cached_property
    def interface(self) -> dict[str, Any]:
        """Names, dimension labels and classes, as plain values, for formats with room for them.

        ``inputs`` and ``outputs`` map each name to its labels in the order of the file, which is
        torch's: "BCSS" where MATLAB has "SSCB".
        """
        model = self.model
        if isinstance(model, ShallowNetwork):
            ports = [{n: labels for n, (labels, _) in each.items()} for each in model.ports()]
            about = {"classes": None, "matlab_kind": model.name or "network"}
            return {"inputs": ports[0], "outputs": ports[1], **about}
        if isinstance(model, Network):
            plan = model.plan()
            inputs = dict(plan.inputs)
            outputs = {name: labels for name, (_, labels) in plan.outputs.items()}
        else:
            inputs = dict(zip(model.InputNames, model.default_formats, strict=True))
            formats = model.output_formats(model.default_formats)
            outputs = dict(zip(model.OutputNames, formats, strict=True))
        return {
            "inputs": {name: _torch_order(labels) for name, labels in inputs.items()},
            "outputs": {name: _torch_order(labels) for name, labels in outputs.items()},
            "classes": model.Classes if isinstance(model, Network) else None,
            "matlab_kind": model.kind if isinstance(model, Network) else model.matlab_class,
        }

    def module(self, dtype: str = "") -> nn.Module:
        """The torch module on the CPU, in eval mode; by default in the precision asked for.

        Raises ``UnsupportedLayerError``, ``PropertyError``: as :meth:`Network.to_torch`.
        """
        return self.once(_module, dtype or self.options.dtype)

    def inputs(self, dtype: str = "") -> tuple[torch.Tensor, ...]:
        """Seeded random inputs in torch's order, two observations; by default as ``module()``.

        Raises ``LimitExceededError`` where they have too many elements.
        """
        return self.once(_inputs, dtype or self.options.dtype)

    def results(self, dtype: str = "") -> tuple[torch.Tensor, ...]:
        """What the module makes of the inputs: tensors in torch's order.

        Raises ``NothingToCompareError`` where a layer on its own does not run on random inputs.
        """
        return self.once(_results, dtype or self.options.dtype)

    def outputs(
        self, dtype: str = "", inside: AbstractContextManager[object] | None = None
    ) -> tuple[Array, ...]:
        """:meth:`results` as arrays; run anew if its operations are to run ``inside`` a context."""
        dtype = dtype or self.options.dtype
        return _arrays(self.results(dtype) if inside is None else _results(self, dtype, inside))

    def run(self, inputs: tuple[torch.Tensor, ...]) -> tuple[Array, ...]:
        """The outputs for other inputs, in the precision asked for."""
        return _arrays(run_module(self.module(), inputs))


def run_module(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """The outputs of any torch module, several or one."""
    import torch

    from matlab_compat.engine.precision import full_precision

    with torch.inference_mode(), full_precision():
        results = module(*inputs)
    return tuple(results) if isinstance(results, tuple | list) else (results,)


def outputs_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[Array, ...]:
    """:func:`run_module` as arrays."""
    return _arrays(run_module(module, inputs))


def _arrays(results: tuple[torch.Tensor, ...]) -> tuple[Array, ...]:
    from matlab_compat.engine.arrays import array

    return tuple(np.asarray(array(y)) for y in results)


def _module(prepared: Prepared, dtype: str) -> nn.Module:
    model = prepared.model
    if isinstance(model, ShallowNetwork):
        return model.to_program(dtype, prepared.options.steps)
    if isinstance(model, Network):
        return model.to_torch(None, dtype, stub=prepared.options.stub).eval()
    return model.to_torch(None, dtype).eval()


def _inputs(prepared: Prepared, dtype: str) -> tuple[torch.Tensor, ...]:
    from matlab_compat.engine.precision import torch_dtype

    made = prepared.once(_random)
    return tuple(x.to(torch_dtype(dtype)) for x in made)


def _random(prepared: Prepared) -> tuple[torch.Tensor, ...]:
    return example_inputs(prepared.model, steps=prepared.options.steps)


def _results(
    prepared: Prepared, dtype: str, inside: AbstractContextManager[object] | None = None
) -> tuple[torch.Tensor, ...]:
    module, inputs = prepared.module(dtype), prepared.inputs(dtype)
    try:
        with inside or nullcontext():
            return run_module(module, inputs)
    except (RuntimeError, IndexError, DataFormatError) as error:
        if isinstance(prepared.model, Network):
            raise
        # A layer on its own may want inputs that no random ones are: indices, vectors.
        raise NothingToCompareError(
            f"the layer does not run on random inputs: {cause_text(error)}"
        ) from None


def _without_normalization(network: Network) -> Network:
    new = copy.deepcopy(network)
    for layer in new.Layers:
        if "Normalization" in layer.properties:
            layer.assign({"Normalization": "none"})
    return new


def _torch_order(labels: str) -> str:
    return "".join(labels[axis] for axis in torch_axes(labels))
