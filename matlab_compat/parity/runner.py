"""Whatever gives outputs for inputs: torch, its float64 oracle, saved values, a function.

Another engine is one class more. A package offers its own to ``verify --against NAME`` by the entry
point group ``matlab_compat.runners`` (``docs/extending.md``).
"""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from ..arrays import Array, as_tuple
from ..data_format import DataFormat, dlarray
from ..display import size_text
from ..errors import NothingToCompareError
from ..packages import own_version
from .categories import are_labels

if TYPE_CHECKING:
    from ..engine.precision import DeviceLike, DTypeLike
    from ..execution.described import ModelLike
    from ..layers.base import Layer

#: One result: an array, one with labels, or a list of them for a list of sequences.
Value: TypeAlias = Any

_NAMES = {"float16": "half", "bfloat16": "bfloat16", "float32": "single", "float64": "double"}


@dataclass(frozen=True)
class Precision:
    """Where, and in which number format, something is computed."""

    #: "cpu" (default), "cuda" or "auto".
    device: DeviceLike | None = None
    #: "single" (default), "double", "half" or "bfloat16".
    dtype: DTypeLike | None = None
    #: Let an NVIDIA GPU round float32 to TF32.
    allow_tf32: bool = False

    @property
    def tf32(self) -> bool:
        """Whether float32 is really rounded to TF32 there."""
        from ..engine.precision import tf32_in_use

        return tf32_in_use(self.allow_tf32, self.device, self.dtype)

    @property
    def format(self) -> str:
        """The number format by MATLAB's name: ``single``."""
        from ..engine.precision import torch_dtype

        return _NAMES[str(torch_dtype(self.dtype)).removeprefix("torch.")]

    @property
    def label(self) -> str:
        """``CPU single``, ``GPU single with TF32``."""
        from ..engine.precision import torch_device

        place = "CPU" if torch_device(self.device).type == "cpu" else "GPU"
        return f"{place} {self.format}{' with TF32' if self.tf32 else ''}"

    def elsewhere(self) -> tuple[Precision, ...]:
        """On the GPU if this is the CPU, and the other way round; nothing without a GPU."""
        import torch

        from ..engine.precision import torch_device

        if not torch.cuda.is_available():
            return ()
        other = "cpu" if torch_device(self.device).type == "cuda" else "cuda"
        return (Precision(other, self.format, self.allow_tf32),)

    def environment(self) -> dict[str, str]:
        """What a result may depend on."""
        import torch

        from ..engine.precision import torch_device, torch_dtype

        chosen = torch_device(self.device)
        name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else platform.machine()
        idle = "off (allowed, but without effect here)" if self.allow_tf32 else "off"
        return {
            "matlab_compat": own_version(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "platform": platform.platform(),
            "device": f"{chosen} ({name})",
            "dtype": str(torch_dtype(self.dtype)).removeprefix("torch."),
            "tf32": "on" if self.tf32 else idle,
        }


@dataclass(frozen=True)
class Inputs:
    """What every runner is given."""

    #: One for each input: an array in MATLAB's order (H×W×C×N), a :class:`~matlab_compat.dlarray`
    #: whose labels say the order, or a list of sequences.
    X: Sequence[object]
    #: Labels of what has none, one text for all or one for each; by default the model's own.
    data_format: str | Sequence[str] | None = None
    #: What was before the first time step, for models that take it.
    states: Sequence[object] = ()

    @property
    def together(self) -> object:
        """As one argument: the array, or a tuple of several."""
        return self.X[0] if len(self.X) == 1 else tuple(self.X)

    def formats(self, layer: Layer) -> list[str]:
        """The labels of each, for a layer on its own."""
        given = layer.default_formats if self.data_format is None else self.data_format
        each = [given] * len(self.X) if isinstance(given, str) else given
        return [
            x.dims() if isinstance(x, dlarray) else labels
            for x, labels in zip(self.X, each, strict=True)
        ]

    def data_formats(self, layer: Layer) -> list[DataFormat]:
        """:meth:`formats`, checked."""
        return list(map(DataFormat.parse, self.formats(layer)))


@dataclass(frozen=True)
class Wanted:
    """Which results: the outputs, and the activations of these layers."""

    outputs: bool = True
    layers: tuple[str, ...] = ()
    #: The other side's outputs in MATLAB's order, for a runner that does not know its own order.
    like: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Results:
    """What a runner gives, in MATLAB's order of dimensions."""

    #: By name, in the model's order.
    outputs: Mapping[str, Value]
    #: By layer.
    activations: Mapping[str, Value] = field(default_factory=dict)


class Runner(ABC):
    """Gives outputs for inputs, and the activations of layers where it can."""

    #: What it is called where several results stand side by side.
    label: str = "other"

    def offers(self) -> Wanted:
        """What can be compared with it; by default its outputs alone."""
        return Wanted()

    @abstractmethod
    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The results that are wanted.

        Parameters
        ----------
        inputs:
            The same for both sides of a comparison.
        wanted:
            What the other side offers. Layers that it does not have may be left out.
        """

    def facts(self) -> dict[str, str]:
        """What its results depend on, for the report."""
        return {}

    def others(self, inputs: Inputs) -> Iterable[Runner]:
        """Others of its kind, to be shown side by side where something is compared with it."""
        return ()


class ModelRunner(Runner):
    """A model of this package, which can be run again in any precision, with errors or without."""

    @abstractmethod
    def at(self, precision: Precision) -> Self:
        """The same model in another precision."""

    @abstractmethod
    def run(
        self, inputs: Inputs, wanted: Wanted, inside: AbstractContextManager[Any] | None = None
    ) -> Results:
        """The results; the operations on the data are run ``inside`` a context."""


@dataclass
class TorchRunner(ModelRunner):
    """A layer, a network, or a model of another kind, run by torch."""

    #: What is run, where, and in which number format.
    model: ModelLike
    precision: Precision = Precision()
    #: Makes what each run takes place in, such as a bound on memory.
    around: Callable[[], AbstractContextManager[None]] = nullcontext

    def __post_init__(self) -> None:
        dtype = self.precision.dtype or self.model.default_dtype
        self.precision = replace(self.precision, dtype=dtype)
        self.label = self.precision.label

    def at(self, precision: Precision) -> Self:
        """The same model in another precision."""
        return type(self)(self.model, precision, self.around)

    def facts(self) -> dict[str, str]:
        """Versions, device and precision."""
        return self.precision.environment()

    def run(
        self, inputs: Inputs, wanted: Wanted, inside: AbstractContextManager[Any] | None = None
    ) -> Results:
        """The model's results; layers that are wanted and not there are refused."""
        from ..execution.described import RunOptions

        at = self.precision
        with self.around():
            how = RunOptions(
                inputs.data_format,
                at.device,
                at.dtype,
                at.allow_tf32,
                wanted.layers,
                wanted.outputs,
                inside,
            )
            run = self.model.computed([*inputs.X, *inputs.states], how)
        return Results(named(self.model, run.outputs), run.activations)


def named(model: ModelLike, outputs: Sequence[Value]) -> dict[str, Value]:
    """The outputs by the model's names; "Y" if there is one."""
    names = ["Y"] if len(outputs) == 1 else model.OutputNames
    return dict(zip(names, outputs, strict=False))


@dataclass
class OracleRunner(TorchRunner):
    """A layer or network in float64 on the CPU: what the others are measured by."""

    precision: Precision = Precision(dtype="double")

    def __post_init__(self) -> None:
        self.label = "float64 oracle"


@dataclass
class SavedRunner(Runner):
    """What was computed elsewhere, and saved."""

    #: In the model's order, under the names to report them by; lists for lists of sequences.
    outputs: Mapping[str, object]
    #: By layer.
    activations: Mapping[str, object] = field(default_factory=dict)
    #: What computed them.
    label: str = "MATLAB"
    #: How errors call one of the outputs.
    what: str = "expected output"

    def offers(self) -> Wanted:
        """All that was saved; activations that could not show any difference are refused."""
        _refuse_unusable(self.activations)
        return Wanted(bool(self.outputs), tuple(self.activations), tuple(self.outputs.values()))

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """All that was saved, whatever the inputs."""
        return Results(
            {name: _checked(value, self.what) for name, value in self.outputs.items()},
            {name: _checked(value, "activation") for name, value in self.activations.items()},
        )


@dataclass
class CallableRunner(Runner):
    """A function of the inputs, in MATLAB's order; of several outputs it gives a tuple."""

    function: Callable[..., Any]
    names: Sequence[str] = ("Y",)
    label: str = "function"

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """What the function gives for the inputs as they are."""
        outputs = as_tuple(self.function(*inputs.X))
        names = self.names if len(self.names) == len(outputs) else map(str, range(len(outputs)))
        return Results(dict(zip(names, outputs, strict=True)))


def _refuse_unusable(activations: Mapping[str, object]) -> None:
    """Refuse saved activations that are empty, or have no number in them."""
    for name, value in activations.items():
        for x in [x for _, _, x in each({name: value})] or [np.zeros(0)]:
            if x.size and np.isfinite(x).any():
                continue
            what = "all NaN or infinite" if x.size else f"empty, {size_text(x.shape)}"
            raise NothingToCompareError(
                f"Nothing to compare: the saved activations are {what}.",
                where=(f"activations.{name}",),
                remedy="save them anew, activations(net, X, '<layer>'), or leave the layer out.",
            )


def _checked(value: object, what: str) -> Value:
    from ..engine.arrays import real_array

    if isinstance(value, list):
        return [_checked(one, what) for one in value]
    if are_labels(value):
        return value
    return real_array(as_array(value) if isinstance(value, dlarray) else value, what, "biufc")


def as_array(value: object) -> Array:
    """The data of a labelled array, or the array."""
    return value.extractdata() if isinstance(value, dlarray) else np.asarray(value)


def each(values: Mapping[str, Value]) -> Iterator[tuple[str, int | None, Array]]:
    """Name and array of each, the sequences of a list one by one with their number from 0."""
    for name, value in values.items():
        if isinstance(value, list):
            yield from ((name, i, as_array(one)) for i, one in enumerate(value))
        else:
            yield name, None, as_array(value)
