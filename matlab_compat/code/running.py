"""A layer of the user's code as a torch module, and the labels of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..arrays import Array
from ..data_format import torch_axes
from ..display import size_text
from ..engine.precision import DeviceLike, DTypeLike
from ..errors import (
    CodeError,
    DataDependentCodeError,
    DataFormatError,
    MatlabCompatError,
    UnsupportedCodeError,
    UnsupportedLayerError,
    cause_text,
    locating,
)
from ..execution.module import build_graph
from ..layers.base import Layer
from ..layers.saved_fields import SavedPorts
from .definitions import FunctionDefinition
from .numeric import Numeric, from_torch, numeric
from .observations import observed
from .operators import numbers
from .program import Program
from .recording import Again, as_if_exported
from .trial import by_trial
from .values import Net, Value

#: Numbers of a property, up to which they are settings that the code may decide by.
_SETTINGS = 256
#: From the values of parameters, states and buffers by name to the arguments before the data.
Leading: TypeAlias = Callable[[Mapping[str, Value]], list[Value]]


def torch_name(name: str) -> str:
    """The name of a property as an attribute of a torch module."""
    return f"{name}_" if hasattr(nn.Module(), name) or name in ("factors", "where") else name


def in_pairs(array: Array) -> Array:
    """The array as a module holds it: complex numbers as pairs of real ones, which torch casts."""
    if np.iscomplexobj(array):
        array = np.stack([array.real, array.imag], axis=-1)
    return np.ascontiguousarray(array)


def with_complex(held: Mapping[str, Tensor], names: Collection[str]) -> dict[str, Tensor]:
    """The tensors, those of these names as the complex numbers that they hold in pairs."""
    return {n: torch.view_as_complex(x) if n in names else x for n, x in held.items()}


class CodeModule(nn.Module):
    """``predict`` of a class of the user's, as a module of tensors in torch's order.

    In training mode ``forward``, where the class has one of its own, and new states are kept.

    Parameters
    ----------
    layer:
        The layer; its parameters are of MATLAB's size here.
    formats, outputs:
        The labels of its inputs and outputs, in MATLAB's order.
    """

    # MATLAB's names begin with a letter: names of ours with an underscore hide none of them.

    def __init__(self, layer: CodedLayer, formats: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__()
        self._call, self._again = _Call(layer), Again()
        self.where = self._call.where
        self._inputs, self._outputs = tuple(formats), tuple(outputs)
        learnables = layer.learnables()
        self._names = {name: torch_name(name) for name in (*layer.held(), *layer.buffers())}
        self._states = layer.states()
        for name, attribute in self._names.items():
            zeros = torch.zeros(in_pairs(layer.values[name]).shape)
            if name in learnables:
                self.register_parameter(attribute, nn.Parameter(zeros))
            else:
                self.register_buffer(attribute, zeros)
        self._complex = [name for name in self._names if np.iscomplexobj(layer.values[name])]
        #: For each network in a property the part of this module that computes it.
        self._parts: dict[str, str] = {}
        #: What computes it, by the labels that the code gives it: that part, which holds the
        #: parameters and states, and others without any of their own, which are no parts.
        self._computing: dict[str, dict[tuple[str, ...], Any]] = {}
        self._networks = layer.networks()

    def forward(self, *inputs: Tensor) -> Any:
        """The outputs."""
        held = {name: getattr(self, attribute) for name, attribute in self._names.items()}
        parts = [getattr(self, one) for one in self._parts.values()]
        more = [one for part in parts for one in (*part.parameters(), *part.buffers())]
        found = self._again(self._computed, held, inputs, more, self.training)
        results, states = found[: len(self._outputs)], found[len(self._outputs) :]
        if self.training:
            self._keep(states)
        return results[0] if len(results) == 1 else tuple(results)

    def hold_networks(
        self,
        calls: Mapping[str, Sequence[tuple[str, ...]]],
        trained: Collection[str],
        device: DeviceLike | None,
        dtype: DTypeLike | None,
    ) -> None:
        """Make networks in properties parts of the module, named as the properties.

        ``calls`` are the labels of the inputs that each is given: parameters are those of the
        first. Those of ``trained`` are trained.
        """
        for name, every in calls.items():
            modules = self._computing[name] = {}
            for labels in every:
                ports = zip(self._networks[name].InputNames, labels, strict=True)
                part = build_graph(self._networks[name].plan(dict(ports)), device, dtype)
                is_trained = name in trained
                modules[labels] = part.to("meta") if modules else part.requires_grad_(is_trained)
            if modules:
                self._parts[name] = torch_name(name)
                self.add_module(torch_name(name), modules[every[0]])

    def network_of(self, name: str) -> Any:
        """The part that is the network in a property; None where none runs."""
        return getattr(self, self._parts[name]) if name in self._parts else None

    def _computed(self, held: Mapping[str, Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """The outputs, and the new states where these are kept."""
        given = [
            from_torch(x, labels, self._call.is_formattable)
            for x, labels in zip(inputs, self._inputs, strict=True)
        ]
        networks = {
            name: Net(self._networks[name], dict(modules))
            for name, modules in self._computing.items()
        }
        held = with_complex(held, self._complex)
        batch = batch_of(inputs, self._inputs)
        with observed(batch):
            values = self._call(
                held, given, self.training, len(self._outputs), self._states, networks
            )
        call = self._call
        results = [
            result_of(value, labels, inputs[0], batch, call.is_formattable, call.where)
            for value, labels in zip(values, self._outputs, strict=False)
        ]
        if not self.training:
            return results
        states = dict(zip(self._states, values[len(self._outputs) :], strict=False))
        return [*results, *(self._new_state(*where, states) for where in self._places(states))]

    def _places(self, states: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The states that are tensors: property and ''; of a network each of its buffers."""
        for name in states:
            part = self.network_of(name)
            names = [""] if part is None else [inner for inner, _ in part.named_buffers()]
            yield from ((name, inner) for inner in names)

    def _new_state(self, name: str, inner: str, states: Mapping[str, Value]) -> Tensor:
        value = states[name]
        if not inner:
            return numbers(value, "a state").tensor
        new = value.state.get(inner) if isinstance(value, Net) else None
        old: Tensor = self.network_of(name).get_buffer(inner)
        return old if new is None else numbers(new, "a state").tensor

    def _keep(self, states: Sequence[Tensor]) -> None:
        with torch.no_grad():
            for (name, inner), value in zip(self._places(self._states), states, strict=False):
                above, _, last = (inner or self._names[name]).rpartition(".")
                home = (self.network_of(name) if inner else self).get_submodule(above)
                kept = home.get_buffer(last)
                # A state of one column gets one for each observation, as in MATLAB.
                setattr(home, last, value.detach().to(kept.device, kept.dtype).clone())


def batch_of(inputs: Sequence[Tensor], formats: Sequence[str]) -> Any:
    """The number of observations, which torch may trace; ``None`` without such a dimension."""
    return inputs[0].shape[0] if "B" in formats[0] else None


class _Call:
    """One call of ``predict`` or ``forward``."""

    def __init__(self, layer: CodedLayer) -> None:
        self.program, self.leading = layer.program, layer.leading()
        self.predict, self.train = layer.method(), layer.method(training=True)
        self.is_formattable, self.where = layer.is_formattable, self.predict.where

    def __call__(
        self,
        held: Mapping[str, Tensor],
        inputs: Sequence[Numeric],
        training: bool,
        outputs: int,
        states: Sequence[str],
        networks: Mapping[str, Net],
    ) -> tuple[Value, ...]:
        """The outputs, and the new states where the method gives them."""
        method = self.train if training else self.predict
        parameters: dict[str, Value] = {n: numeric(value, "", True) for n, value in held.items()}
        parameters |= networks
        declared, wanted = method.said.outputs, outputs + len(states)
        count = wanted if "varargout" in declared else min(wanted, len(declared))
        if count < outputs:
            raise CodeError(
                f"{method.name} has {count} outputs, but the layer {outputs}.",
                where=(method.where,),
            )
        return self.program.call(method, [*self.leading(parameters), *inputs], count)


def result_of(
    value: Value, labels: str, like: Tensor, batch: Any, labelled: bool, where: str
) -> Tensor:
    """An output in torch's order.

    Raises ``DataFormatError``: it is something else.

    Parameters
    ----------
    labels:
        What it has to be; without labels of its own its dimensions are these.
    like:
        Whose class and device it gets.
    batch:
        The number of observations; ``None`` if there is no such dimension.
    labelled:
        Whether it must have labels.
    where:
        The file and line of the code.
    """
    found = labels_of(value, labelled, where) or labels
    if found != labels:
        raise DataFormatError(
            f"The code gives '{found}' data, where '{labels}' was expected.", where=(where,)
        )
    assert isinstance(value, Numeric)
    size: tuple[Any, ...] = (*value.shape, *[1] * (len(labels) - len(value.shape)))
    fits = len(size) == len(labels)
    # Labels that the code gives are what it means; otherwise the observations have to be there.
    if not fits or (
        not value.labels and "B" in labels and batch not in (None, size[labels.index("B")])
    ):
        raise DataFormatError(
            f"The code gives an array of {size_text(tuple(value.shape))}, which is no '{labels}' "
            f"data of {batch} observations.",
            where=(where,),
            remedy="code that changes what the dimensions are has to label the result, "
            "Z = dlarray(Z, 'CB'), and a layer that does has to be Formattable.",
        )
    data = value.tensor
    if data.is_complex():
        raise UnsupportedCodeError("The code gives complex numbers.", where=(where,))
    return data.to(like.device, like.dtype).reshape(size).permute(torch_axes(labels))


def labels_of(value: Value, labelled: bool, where: str) -> str:
    """The labels of an output.

    Raises ``DataFormatError``: it must have some and has none, or is no array.
    """
    if not isinstance(value, Numeric):
        raise DataFormatError("The code gives something that is no array.", where=(where,))
    if labelled and not value.labels:
        raise DataFormatError(
            "A Formattable layer has to give labelled data; this one gives an array without "
            "labels.",
            where=(where,),
            remedy="label it in the code: Z = dlarray(Z, 'SSCB').",
        )
    return value.labels


# --- labels -----------------------------------------------------------------------------


class Trial(NamedTuple):
    """What the code made of small arrays of zeros."""

    #: The labels of the outputs; '' of those without any.
    outputs: tuple[str, ...]
    #: The MATLAB sizes of the inputs.
    sizes: tuple[tuple[int, ...], ...]
    #: The labels that each network in a property was given, call by call.
    calls: Mapping[str, Sequence[tuple[str, ...]]]


def tried(layer: CodedLayer, formats: Sequence[str]) -> Trial:
    """The code run on the first sizes that it takes, for inputs of these labels.

    Raises ``DataFormatError``: it gives data without labels, or runs with none of the sizes that
    were tried; ``UnsupportedLayerError``: it uses what is not known here.
    """
    layer.program.check(layer.method())
    call = _Call(layer)
    held = {
        name: torch.from_numpy(np.ascontiguousarray(layer.values[name]))
        for name in (*layer.held(), *layer.buffers())
    }

    networks = {name: Net(network) for name, network in layer.networks().items()}

    def run(inputs: Sequence[Numeric]) -> tuple[Value, ...]:
        values = call(held, inputs, False, layer.NumOutputs, (), networks)[: layer.NumOutputs]
        if not call.is_formattable:
            batch = inputs[0].shape[formats[0].index("B")] if "B" in formats[0] else None
            for value in values:
                result_of(value, formats[0], torch.zeros(1), batch, False, call.where)
        return values

    labelled = [call.is_formattable] * len(formats)
    properties = list(layer.values.values())
    values, sizes = by_trial(run, formats, properties, call.predict, labelled)
    labels = (labels_of(value, call.is_formattable, call.where) for value in values)
    return Trial(tuple(labels), sizes, {name: [*net.modules] for name, net in networks.items()})


def why_not_exported(layer: CodedLayer, formats: Sequence[str]) -> str:
    """Why torch cannot trace the code: what depends on the values of data; '' if it can.

    Raises as :func:`tried`.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    module = layer.to_torch(formats=formats).eval()
    sizes = [
        tuple(size[axis] for axis in torch_axes(labels))
        for size, labels in zip(tried(layer, formats).sizes, formats, strict=True)
    ]
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), as_if_exported():
        try:
            module(*(torch.empty(size) for size in sizes))
        except DataDependentCodeError as error:
            return error.what
        except (MatlabCompatError, RuntimeError) as error:
            return cause_text(error)
    return ""


class CodedLayer(SavedPorts, Layer):
    """What layers have in common whose computation is in the user's code."""

    program: Program

    @property
    def is_formattable(self) -> bool:
        """Whether the code takes and gives labelled data."""
        raise NotImplementedError

    def method(self, training: bool = False) -> FunctionDefinition:
        """What computes the outputs."""
        raise NotImplementedError

    def leading(self) -> Leading:
        """The arguments before the data, given the values of parameters, states and buffers."""
        raise NotImplementedError

    def refusal(self) -> UnsupportedLayerError | None:
        """The error for running it: all that its code uses and that is not known here."""
        try:
            self.program.check(self.method())
        except UnsupportedLayerError as error:
            return error
        return super().refusal()

    def held(self) -> list[str]:
        """The learnables and states that have a value, but for networks."""
        return [name for name in self.parameters() if self.values[name].size]

    def states(self) -> list[str]:
        """The states that have a value, in the order in which the code gives them."""
        return []

    def networks(self) -> dict[str, Any]:
        """The networks that are properties."""
        return {name: value for name, value in self.values.items() if hasattr(value, "plan")}

    def trained_networks(self) -> list[str]:
        """Those whose parameters are trained."""
        return []

    def buffers(self) -> list[str]:
        """The other properties that are large arrays of numbers."""
        return [
            name
            for name, value in self.values.items()
            if name not in self.parameters()
            and isinstance(value, np.ndarray)
            and value.dtype in (np.float32, np.float64)
            and value.size > _SETTINGS
        ]

    def torch_state(self) -> dict[str, Array]:
        """Parameters, states and buffers, in MATLAB's size."""
        names = [*self.held(), *self.buffers()]
        return {torch_name(name): in_pairs(self.values[name]) for name in names}

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Those of the inputs; of a Formattable layer those that its code gives the outputs.

        Which these are is found by running the code on small arrays; that they are the same for
        the data is checked when it runs.
        """
        given = tuple(formats)
        if not self.is_formattable:
            return (given[0],) * len(self.OutputNames)
        known: dict[Any, tuple[str, ...]] = self.__dict__.setdefault("_formats", {})
        if given not in known:
            with locating(self.label):
                known[given] = tried(self, given).outputs
        return known[given]

    def _filled(self, formats: tuple[str, ...], device: Any, dtype: Any) -> nn.Module:
        module = super()._filled(formats, device, dtype)
        if self.networks():  # each is a part of the module, under the name of its property
            assert isinstance(module, CodeModule)
            calls = tried(self, formats).calls
            module.hold_networks(calls, self.trained_networks(), device, dtype)
        return module

    def assign_from_torch(self, module: nn.Module) -> Self:
        """Take over the (trained) parameters of ``module``, those of networks, too."""
        super().assign_from_torch(module)
        assert isinstance(module, CodeModule)
        for name, network in self.networks().items():
            if (part := module.network_of(name)) is not None:
                network.assign_from_torch(part)
        return self

    def _build(self, formats: tuple[str, ...]) -> nn.Module:
        return CodeModule(self, formats, self.output_formats(formats))
