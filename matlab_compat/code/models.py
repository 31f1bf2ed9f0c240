"""A function of MATLAB code with its parameters, as a model: ``Y = model(parameters, X)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..arrays import Array, cell_array
from ..data_format import dlarray
from ..errors import locating
from ..execution.described import Factors, RunOptions
from ..layers.base import Layer
from ..layers.properties import Property
from .definitions import Elements, FunctionDefinition, Properties
from .layers import AsItIs, CodeParameter
from .numeric import from_torch, numeric
from .observations import observed
from .program import Program
from .recording import Again
from .running import batch_of, in_pairs, labels_of, result_of, torch_name, with_complex
from .trial import by_trial
from .values import Value, value_of

#: Steps within structs and cells, at most.
_DEEPEST = 100
#: Classes of objects that hold parameters, and their properties that are trained.
_LEARNABLES = {"ONNXParameters": ("Learnables",)}


@dataclass(frozen=True)
class Argument:
    """One argument of the function."""

    #: What it is called: of data, the name of the model's input.
    name: str
    #: The labels of data; empty for what the file holds.
    labels: str = ""
    #: Whether the function is given the data without its labels.
    is_plain: bool = False
    #: What the file holds: numbers, texts, arrays, ``dlarray``, dicts and cells of them.
    value: Any = None
    #: Whether the arrays in it are parameters.
    is_learnable: bool = False


def arrays_in(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Array, str]]:
    """The arrays of single and double within a value: the expression that reaches each, its labels.

    ``fc1.Weights``, ``blocks{2}.W``, ``blocks(2).W``: without the name of the struct itself.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        trained = _LEARNABLES.get(getattr(value, "class_name", ""), value)
        for name, item in ((n, one) for n, one in value.items() if n in trained):
            yield from arrays_in(item, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, Elements):
        for i, item in enumerate(value.items, 1):
            yield from arrays_in(item, f"{path}({i})", depth + 1)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for i, item in enumerate(value.ravel(order="F"), 1):
            yield from arrays_in(item, f"{path}{{{i}}}", depth + 1)
    else:
        is_labelled = isinstance(value, dlarray)
        array = value.extractdata() if is_labelled else value
        if isinstance(array, np.ndarray) and array.dtype.kind in "fc" and array.size > 0:
            yield path, array, value.dims() if is_labelled else ""


def _filled(value: Any, tensors: Mapping[str, Value], path: str = "") -> Any:
    """The value with tensors in the place of its arrays."""
    if path in tensors:
        return tensors[path]
    if isinstance(value, Mapping):
        fields = {
            n: _filled(v, tensors, f"{path}.{n}" if path else str(n)) for n, v in value.items()
        }
        return Properties(value.class_name, fields) if isinstance(value, Properties) else fields
    if isinstance(value, Elements):
        items = [_filled(one, tensors, f"{path}({i})") for i, one in enumerate(value.items, 1)]
        return Elements(value.shape, tuple(items))
    if isinstance(value, np.ndarray) and value.dtype == object:
        inside = enumerate(value.ravel(order="F"), 1)
        filled = (_filled(item, tensors, f"{path}{{{i}}}") for i, item in inside)
        return cell_array(filled, value.shape)
    return value


class FunctionModel(Layer):
    """A model function with the parameters that a file holds; made by :func:`function_model`.

    It is used as a layer is: ``predict``, ``to_torch``, ``converters.save``. Its parameters are
    called by MATLAB's expressions, in torch too: ``fc1.Weights``. Without a ``dtype`` it computes
    in the class that the parameters have.
    """

    program: ClassVar[Program]
    function: ClassVar[FunctionDefinition]
    given: ClassVar[tuple[Argument, ...]]
    #: The labels of the outputs, and the channels of each input.
    found: ClassVar[tuple[tuple[str, ...], tuple[int | None, ...]]]
    #: The labels of the parameters that have labels, by the parameters' names.
    parameter_labels: ClassVar[dict[str, str]]

    @property
    def data(self) -> list[Argument]:
        """The arguments that are data."""
        return [one for one in self.given if one.labels]

    @property
    def InputNames(self) -> list[str]:
        """The names of the arguments that are data."""
        return [one.name for one in self.data]

    @property
    def OutputNames(self) -> list[str]:
        """The names of the outputs in the text of the function."""
        return list(self.function.said.outputs[: len(self.found[0])])

    @property
    def default_formats(self) -> tuple[str, ...]:
        """The labels of the data."""
        return tuple(one.labels for one in self.data)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The labels that the function gives its outputs."""
        return self.found[0]

    def example_channels(self) -> tuple[int | None, ...]:
        """The channels with which the function ran."""
        return self.found[1]

    def description(self) -> str:
        """The file of the function."""
        return self.function.where

    def torch_factors(self) -> dict[str, Factors]:
        """1 for all: what a training loop does with them is not in the file."""
        return {torch_path(name): Factors(1.0, 1.0) for name in self.parameters()}

    def learnables(self) -> dict[str, Array]:
        """The parameters by MATLAB's expressions."""
        return {name: self.values[name] for name in self.parameters()}

    @property
    def own_class(self) -> str:
        """The class of the parameters: "double" if all are, else "single"."""
        kinds = {array.real.dtype for array in self.learnables().values()}
        return "double" if kinds == {np.dtype(np.float64)} else "single"

    def to_torch(self, device: Any = None, dtype: Any = None, *, formats: Any = None) -> nn.Module:
        """As :meth:`Layer.to_torch`; by default in the class that the parameters have."""
        return super().to_torch(device, dtype or self.own_class, formats=formats)

    def _predicted(self, X: object, how: RunOptions) -> Any:
        return super()._predicted(X, replace(how, dtype=how.dtype or self.own_class))

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        return FunctionModule(self, formats)


def torch_path(name: str) -> str:
    """The name in torch of a parameter: ``blocks.2.W`` for ``blocks{2}.W`` and ``blocks(2).W``."""
    parts = re.split(r"[.{(]", re.sub("[)}]", "", name))
    return ".".join(map(torch_name, filter(None, parts)))


class FunctionModule(nn.Module):
    """The function as a module of tensors in torch's order, its parameters at their paths."""

    def __init__(self, model: FunctionModel, formats: Sequence[str]) -> None:
        super().__init__()
        self._program, self._function = model.program, model.function
        self.where = model.function.where
        self._arguments, self._labels = model.given, model.parameter_labels
        self._again = Again()
        self._formats, self._outputs = tuple(formats), model.output_formats(formats)
        self._paths = {name: torch_path(name) for name in model.parameters()}
        self._complex = [name for name in self._paths if np.iscomplexobj(model.values[name])]
        for name, path in self._paths.items():
            home: nn.Module = self
            *above, last = path.split(".")
            for step in above:
                if step not in home._modules:
                    home.add_module(step, nn.Module())
                home = home.get_submodule(step)
            zeros = torch.zeros(in_pairs(model.values[name]).shape)
            home.register_parameter(last, nn.Parameter(zeros))

    def forward(self, *inputs: Tensor) -> Any:
        """The outputs."""
        held = {name: self.get_parameter(path) for name, path in self._paths.items()}
        results = self._again(self._computed, held, inputs)
        return results[0] if len(results) == 1 else tuple(results)

    def _computed(self, held: Mapping[str, Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        tensors = {
            name: numeric(value, self._labels.get(name, ""), True)
            for name, value in with_complex(held, self._complex).items()
        }
        plain = [one.is_plain for one in self._arguments if one.labels]
        data = [
            from_torch(x, labels, not without)
            for x, labels, without in zip(inputs, self._formats, plain, strict=True)
        ]
        batch = batch_of(inputs, self._formats)
        with observed(batch):
            values = _called(
                self._program, self._function, self._arguments, tensors, data, len(self._outputs)
            )
        return [
            result_of(value, labels, inputs[0], batch, False, self._function.where)
            for value, labels in zip(values, self._outputs, strict=True)
        ]


def _called(
    program: Program,
    function: FunctionDefinition,
    arguments: Sequence[Argument],
    tensors: Mapping[str, Value],
    data: Sequence[Value],
    outputs: int,
) -> tuple[Value, ...]:
    rest = iter(data)
    values = [
        next(rest)
        if one.labels
        else value_of(_filled(one.value, tensors) if one.is_learnable else one.value)
        for one in arguments
    ]
    return program.call(function, values, outputs)


def function_model(
    program: Program,
    function: FunctionDefinition,
    arguments: Sequence[Argument],
    outputs: int = 1,
) -> FunctionModel:
    """The model that a function with its arguments is.

    Raises ``UnsupportedCodeError``: the code uses what is not known here: all of it is named;
    ``DataFormatError``: the function runs on none of the sizes that were tried, or gives something
    else than arrays.
    """
    program.check(function)
    held: Any = next((one.value for one in arguments if one.is_learnable), {})
    found = list(arrays_in(held))
    made: Any = type(
        function.name,
        (FunctionModel,),
        {
            "__doc__": f"The function {function.name} of {function.where}.",
            "__module__": __name__,
            "matlab_class": function.name,
            "constructor": function.name,
            "type_text": "Model function",
            "program": program,
            "function": function,
            "given": tuple(arguments),
            "parameter_labels": {name: labels for name, _, labels in found if labels},
        },
    )
    for name, _, _ in found:
        declared: Property[Any] = CodeParameter(AsItIs(torch_path(name)))
        declared.__set_name__(made, name)
        made.properties[name] = declared
    tensors = {
        name: numeric(torch.from_numpy(np.ascontiguousarray(array)), labels, True)
        for name, array, labels in found
    }
    data = [one for one in arguments if one.labels]

    def run(inputs: Sequence[Value]) -> tuple[Value, ...]:
        return _called(program, function, arguments, tensors, inputs, outputs)

    with locating(function.where):
        values, sizes = by_trial(
            run,
            [one.labels for one in data],
            [array for _, array, _ in found],
            function,
            [not one.is_plain for one in data],
        )
        labels = [labels_of(value, False, function.where) or data[0].labels for value in values]
    channels = tuple(
        size[one.labels.index("C")] if "C" in one.labels else None
        for size, one in zip(sizes, data, strict=True)
    )
    made.found = (tuple(labels), channels)
    model: FunctionModel = made(**{name: array for name, array, _ in found})
    return model
