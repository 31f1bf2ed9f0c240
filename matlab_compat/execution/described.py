"""What has to be known of layers and networks to run them; whoever describes them meets it.

A :class:`Plan` is a network in the order of computation. Knows nothing of torch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from ..arrays import Array
from ..display import counted
from ..errors import UnsupportedLayerError

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..engine.precision import DeviceLike, DTypeLike

#: (layer name, port number) of a source or destination.
Port = tuple[str, int]

#: Learnables, each (layer name, its name), that are one parameter.
Shared = tuple[tuple[str, str], ...]

#: Kinds whose ``predict`` puts the observations of vectors first (N×K), as MATLAB does.
CLASSIC = ("SeriesNetwork", "DAGNetwork")

#: Outputs for the inputs' labels by name and their tensors; all in torch's order.
By: TypeAlias = "Callable[[Mapping[str, str], tuple[torch.Tensor, ...]], tuple[Array, ...]]"


@dataclass(frozen=True)
class Factors:
    """What multiplies the global learning rate and L2 regularization of one parameter."""

    #: A tuple where MATLAB has one for each gate of a recurrent layer.
    learn_rate: float | tuple[float, ...]
    l2: float | tuple[float, ...]


class LayerLike(Protocol):
    """A layer, as far as running it goes: :class:`matlab_compat.layers.base.Layer`."""

    constructor: ClassVar[str]
    is_output: bool
    makes_real: ClassVar[bool]
    extra: dict[str, Any]

    @property
    def Name(self) -> Any:  # a text; mypy knows no descriptors in protocols
        """Its name; empty if it has none."""

    @property
    def class_name(self) -> str:
        """Its class in MATLAB."""

    @property
    def default_formats(self) -> tuple[str, ...]:
        """The formats that inputs without labels are taken to have."""

    @property
    def reason(self) -> str:
        """Why it cannot be built; empty if it can."""

    def refusal(self) -> UnsupportedLayerError | None:
        """The error for running it; ``None`` if it can be run."""

    def classes(self) -> list[str] | None:
        """The names of an output layer's classes, if it has any."""

    def input_format(self) -> str | None:
        """The labels of the data that enters a network here; ``None`` of other layers."""

    def input_size(self) -> tuple[int, ...] | None:
        """The size of one observation that enters here, without B and T; else ``None``."""

    def least_steps(self) -> int:
        """The fewest time steps that it takes."""

    def takes_complex(self) -> bool:
        """Whether it computes what MATLAB does of complex numbers."""

    def input_channels(self) -> int | None:
        """The number of channels that the input must have, where it is known."""

    def channels_of(self, shape: Sequence[int], data_format: str) -> int:
        """What :meth:`input_channels` counts in an input of this MATLAB size and format."""

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Labels of the outputs, given those of the inputs."""

    def inner_plan(self, formats: Sequence[str]) -> Plan[LayerLike] | None:
        """The plan of the network that the layer is made of, if it is."""

    def parameters(self) -> Mapping[str, object]:
        """The declared learnables and states."""

    def torch_names(self, name: str) -> tuple[str, ...]:
        """The torch parameters that hold the learnable ``name``."""

    def initialize(self, numChannels: int | None = None, seed: Any = None) -> Self:
        """Fill learnables and states where they are empty."""

    def to_torch(self, device: Any = None, dtype: Any = None, *, formats: Any = None) -> nn.Module:
        """A torch module that computes what the layer computes."""


#: The class of the layers: whoever makes a plan gets back what was put in.
L = TypeVar("L", bound=LayerLike, covariant=True)


@dataclass(frozen=True)
class Step(Generic[L]):
    """One layer in the order of computation."""

    name: str
    layer: L
    #: Where each input comes from; a network input is (its name, -1).
    sources: tuple[Port, ...]
    formats: tuple[str, ...]
    output_formats: tuple[str, ...]


@dataclass(frozen=True)
class Plan(Generic[L]):
    """A network in the order of computation."""

    #: Network inputs by name, with their formats.
    inputs: dict[str, str]
    steps: tuple[Step[L], ...]
    #: Network outputs by name, with where they come from and their formats.
    outputs: dict[str, tuple[Port, str]]
    #: Learnables that are one: their layers are trained together, and hold the same values.
    shared: tuple[Shared, ...] = ()

    def __repr__(self) -> str:
        return f"<Plan of {counted(len(self.steps), 'step')}>"

    def upto(self, names: Collection[str]) -> Plan[L]:
        """What the (first) outputs of these layers need, as the outputs; all inputs stay."""
        needed = set(names)
        for step in reversed(self.steps):
            if step.name in needed:
                needed.update(source[0] for source in step.sources)
        steps = tuple(step for step in self.steps if step.name in needed)
        ends = {s.name: ((s.name, 0), s.output_formats[0]) for s in steps if s.name in names}
        return Plan(self.inputs, steps, ends, self.shared)


@dataclass(frozen=True)
class RunOptions:
    """How a model is run, and what of it is wanted; the first four are those of ``predict``."""

    data_format: str | Sequence[str] | None = None
    device: DeviceLike | None = None
    dtype: DTypeLike | None = None
    allow_tf32: bool = False
    #: The layers whose activations are wanted.
    layers: Sequence[str] = ()
    #: Whether the outputs are wanted; else no more is run, and built, than the layers need.
    outputs: bool = True
    #: Where the operations on the data are run: a context that may change their rounding.
    inside: AbstractContextManager[Any] | None = None
    #: Whether in training mode, as MATLAB's ``forward``.
    training: bool = False
    #: Computes the outputs instead of torch.
    engine: By | None = None


@dataclass(frozen=True)
class Computed:
    """The results of one run, in MATLAB's order of dimensions, over the memory torch wrote."""

    outputs: tuple[Any, ...]
    #: By layer.
    activations: Mapping[str, Any]


class NetworkLike(Protocol):
    """A network, as far as running it goes: :class:`matlab_compat.network.Network`."""

    kind: str
    names: list[str]

    @property
    def Classes(self) -> list[str] | None:
        """The names of the classes, if it has any."""

    def layer(self, name: str) -> LayerLike:
        """The layer of this name."""

    def plan(self, formats: Mapping[str, str] | None = None) -> Plan[LayerLike]:
        """The order of computation, for inputs of these labels."""


class ModelLike(Protocol):
    """What is opened as a model: a layer, a network, or one of another kind.

    ``predict`` on the command line, :class:`matlab_compat.parity.runner.TorchRunner` and ``verify``
    ask for no more than this.
    """

    #: The number format that it runs in where none is asked for.
    default_dtype: ClassVar[str]
    #: Whether a cell is one input as it is (inputs × time steps), and no list of observations.
    takes_cells: ClassVar[bool]

    @property
    def InputNames(self) -> list[str]:
        """A name for each input."""

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """What may be given after the inputs: the states of a series."""

    @property
    def OutputNames(self) -> list[str]:
        """A name for each output."""

    def predict_all(self, X: Sequence[object], **options: Any) -> Any:
        """The output, or a tuple of several, for a list of all inputs, in MATLAB's order.

        ``options`` are ``data_format``, ``device``, ``dtype`` and ``allow_tf32``.
        """

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """The outputs and activations of one run."""

    def parameter_values(self) -> list[Array]:
        """The values of all its learnables and states: in which number formats it computes."""

    def unknown_fields(self) -> list[str]:
        """The names of fields of the file that nothing is known of."""

    def ignore_fields(self, *names: str) -> Self:
        """State that some of them have no effect."""
