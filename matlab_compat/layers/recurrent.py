"""Recurrent layers: LSTM, bidirectional LSTM, GRU and their projected forms.

Semantics: the documentation pages of the layers, settled for LSTM and BiLSTM by networks saved
with their own predictions. Traps: one bias where torch has two; 'hard-sigmoid' is not torch's; the
reset gate can act in three ways; projectors are not torch's ``proj_size``; the saved state is where
predict starts; 'last' of a bidirectional layer is the backward direction's *first* time step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..arrays import Array
from ..data_format import require_format
from ..errors import PropertyError
from .base import Fans, Layer
from .learnables import Learnable, State, factor, fitted, initializer, refuse_no_matrix
from .properties import (
    Property,
    auto_or_positive_integer,
    flag,
    nonnegative_scalar,
    numeric,
    one_of,
    positive_integer,
    saved_flag,
)
from .saved_fields import no_effect, used
from .sizes import Inputs, Outputs, matrix_elements

if TYPE_CHECKING:
    from ..engine.recurrent import Recurrence, Settings

Factor = float | tuple[float, ...]

WEIGHT_INITIALIZERS = ("glorot", "he", "orthogonal", "narrow-normal", "zeros", "ones")
BIAS_INITIALIZERS = ("unit-forget-gate", "zeros", "narrow-normal", "ones")
_TORCH_NAMES = {
    "InputWeights": "weight_ih_l0",
    "RecurrentWeights": "weight_hh_l0",
    "Bias": "bias_ih_l0",
    "InputProjector": "input_projector",
    "OutputProjector": "output_projector",
    "HiddenState": "hidden_state",
    "CellState": "cell_state",
}


def _gate_factor(blocks: int) -> Callable[[object], Factor]:
    rule = f"must be a nonnegative scalar or a vector of {blocks} (one for each gate)"

    def convert(value: object) -> Factor:
        numbers = [nonnegative_scalar(n) for n in numeric(value, rule).ravel(order="F")]
        if len(numbers) not in (1, blocks):
            raise ValueError(rule)
        return numbers[0] if len(set(numbers)) == 1 else tuple(numbers)

    return convert


class GateFactor(Property[Factor]):
    """A factor for all gates, or one for each block of rows that the class has, in their order."""

    def __init__(self, default: float, blocks: int = 1) -> None:
        super().__init__(_gate_factor(blocks), default, group=None)
        self.of_all = default

    def for_layer(self, kind: type[Any]) -> GateFactor:
        """With as many as ``kind`` has gates and directions."""
        own = GateFactor(self.of_all, getattr(kind, "gates", 1) * getattr(kind, "directions", 1))
        own.name = self.name
        return own


class RecurrentLayer(
    Layer,
    default_format="CBT",
    channels="InputSize",
    description="{type_text} with {NumHiddenUnits} hidden units",
    saved_fields={
        "ReturnSequence": used("it is OutputMode"),
        "InitialHiddenState": used("the state after a reset, where HiddenState is empty"),
        "InitialCellState": used("the state after a reset, where CellState is empty"),
        "Remember*": no_effect("whether a later call goes on from the state"),
    },
):
    """What MATLAB's recurrent layers share.

    Shape
    -----
    MATLAB C×N×T ("CBT") to H×N×T, or H×N ("CB") with OutputMode 'last'; torch N,C,T to N,H,T or
    N,H. H is NumHiddenUnits, twice that in a bidirectional layer.

    Notes
    -----
    ``predict`` starts from HiddenState (and CellState), which a file holds and which may not be
    zero; one column is used for every observation. With HasStateInputs the states come from the
    inputs ``hidden`` (and ``cell``), with HasStateOutputs the final ones are outputs, all "CB".
    """

    #: Blocks of NumHiddenUnits rows in the weights, per direction.
    gates: ClassVar[int]
    directions = 1
    _optional_inputs: ClassVar = {"HasStateInputs": ("hidden",)}
    _optional_outputs: ClassVar = {"HasStateOutputs": ("hidden",)}

    HasStateInputs = Property(flag, False, read_only=True, group="")
    HasStateOutputs = Property(flag, False, read_only=True, group="")
    InputSize = Property(auto_or_positive_integer, "auto", read_only=True)
    NumHiddenUnits = Property(positive_integer, read_only=True)
    OutputMode = Property(one_of("sequence", "last"), "sequence", read_only=True)
    StateActivationFunction = Property(one_of("tanh", "softsign", "relu"), "tanh", read_only=True)
    GateActivationFunction = Property(one_of("sigmoid", "hard-sigmoid"), "sigmoid", read_only=True)
    InputWeights = Learnable("InputWeights")
    RecurrentWeights = Learnable("RecurrentWeights")
    Bias = Learnable("Bias")
    HiddenState = State()
    InputWeightsInitializer = initializer("glorot", *WEIGHT_INITIALIZERS)
    RecurrentWeightsInitializer = initializer("orthogonal", *WEIGHT_INITIALIZERS)
    InputWeightsLearnRateFactor, InputWeightsL2Factor = GateFactor(1), GateFactor(1)
    RecurrentWeightsLearnRateFactor, RecurrentWeightsL2Factor = GateFactor(1), GateFactor(1)
    BiasLearnRateFactor, BiasL2Factor = GateFactor(1), GateFactor(0)

    @property
    def default_formats(self) -> tuple[str, ...]:
        """Format "CBT" for the sequence, "CB" for states."""
        return ("CBT", *("CB" for _ in self.InputNames[1:]))

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Format "CBT" stays, or becomes "CB" with OutputMode 'last'; states are "CB"."""
        remedy = "insert flattenLayer before this layer: it wants vectors that vary over time."
        require_format(formats[0], ("CBT",), remedy if "S" in formats[0] else "")
        for state in formats[1:]:
            require_format(state, ("CB",))
        return ("CBT" if self.OutputMode == "sequence" else "CB", *("CB",) * (self.NumOutputs - 1))

    def _sized(self, inputs: Inputs) -> Outputs:
        y = inputs[0].with_("C", self.NumHiddenUnits * self.directions)
        state = y.without("T")
        return [state if self.OutputMode == "last" else y, *[state] * (self.NumOutputs - 1)]

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        """Every weight at every time step."""
        if "RecurrentWeights" not in learnables:
            return None
        return matrix_elements(learnables) * inputs[0].of("BT")

    def _validate(self) -> None:
        for name, size in self._sizes(self.input_channels()).items():
            if (value := self._values[name]).size:
                need = f"{self.NumHiddenUnits} hidden units (InputSize {self.InputSize}) need"
                self._values[name] = fitted(name, value, size, need, vector=name == "Bias")
        if self.InputSize == "auto" and self._input_size_shown() is not None:
            self._values["InputSize"] = self._input_size_shown()

    def _input_size_shown(self) -> int | None:
        return int(self.InputWeights.shape[1]) if self.InputWeights.size else None

    def _sizes(self, channels: int | None) -> dict[str, tuple[int | None, ...]]:
        """MATLAB sizes of the parameters; ``None`` where any size will do."""
        hidden = self.NumHiddenUnits
        rows = self.gates * self.directions * hidden
        sizes: dict[str, tuple[int | None, ...]] = {
            "InputWeights": (rows, channels),
            "RecurrentWeights": (rows, hidden),
            "Bias": (self._bias_rows(), 1),
            "HiddenState": (self.directions * hidden, None),
            "CellState": (self.directions * hidden, None),
        }
        return {name: size for name, size in sizes.items() if name in self.properties}

    def _bias_rows(self) -> int:
        return self.gates * self.directions * self.NumHiddenUnits

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """``numIn`` is the number of columns, ``numOut`` of rows; states have one column."""
        sizes = {name: tuple(n or 1 for n in size) for name, size in self._sizes(channels).items()}
        hidden = self.NumHiddenUnits
        return {
            name: (size, (size[1] if name != "Bias" else hidden, size[0]))
            for name, size in sizes.items()
        }

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        """Files hold OutputMode as ReturnSequence, and beside the state the one after a reset."""
        saved = {name.lower(): value for name, value in extra.items()}
        for name in ("InputWeights", "RecurrentWeights"):
            remedy = "they are another layer's: say which class they are of."
            refuse_no_matrix(cls, name, values.get(name), remedy)
        weights = np.asarray(values.get("RecurrentWeights", ()))
        if weights.ndim == 2 and weights.size:  # a bare export without the size
            rows = cls.gates * cls.directions
            values.setdefault("NumHiddenUnits", weights.shape[0] // rows)
        if (sequence := saved.get("returnsequence")) is not None:
            values["OutputMode"] = "sequence" if saved_flag("ReturnSequence", sequence) else "last"
        for name in ("HiddenState", "CellState"):
            initial = saved.get(f"initial{name}".lower())
            if initial is not None and np.size(np.asarray(values.get(name, ()))) == 0:
                values[name] = initial
        return cls(**{name: value for name, value in values.items() if name in cls.properties})

    def torch_names(self, name: str) -> tuple[str, ...]:
        """One torch parameter for each direction; their rows follow each other in MATLAB."""
        stem = _TORCH_NAMES[name]
        both = self.directions == 2 and not name.endswith("State")
        return (stem, f"{stem}_reverse") if both else (stem,)

    def torch_state(self) -> dict[str, Array]:
        """As torch's own modules name them; a bias that MATLAB does not have is zero."""
        state: dict[str, Array] = {}
        for name in self.parameters():
            names = self.torch_names(name)
            for torch_name, part in zip(
                names, np.split(self.parameter_value(name), len(names)), strict=True
            ):
                state[torch_name] = _to_torch(name, part)
        for name in [n for n in state if n.startswith("bias_ih")]:
            state.setdefault(name.replace("ih", "hh"), np.zeros_like(state[name]))
        return state

    def assign_state(self, state: Mapping[str, Array]) -> Self:
        """Take over parameters as :meth:`torch_state` gives them, its inverse.

        Raises ``PropertyError``: the second bias is not zero, and MATLAB's layer has no place for
        it.
        """
        parts = {name: self.torch_names(name) for name in self.parameters()}
        taken = {torch_name for names in parts.values() for torch_name in names}
        for name, value in state.items():
            if name not in taken and np.any(value):
                raise PropertyError(f"{self.label} has no place for '{name}', which is not zero.")
        self.assign(
            {
                name: np.concatenate([_from_torch(name, state[n]) for n in names])
                for name, names in parts.items()
            }
        )
        return self

    def parameter_value(self, name: str) -> Array:
        """A parameter as the network runs it: a state that is not set is zero."""
        if name.endswith("State") and self._values[name].size == 0:
            return np.zeros((self.directions * self.NumHiddenUnits, 1), np.float32)
        return super().parameter_value(name)

    def _build(self, formats: tuple[str, ...]) -> Recurrence:
        from ..engine.recurrent import Settings

        return self._module(
            Settings(
                inputs=int(self._input_size_shown() or 1),
                hidden=self.NumHiddenUnits,
                directions=self.directions,
                last=self.OutputMode == "last",
                state_outputs=self.HasStateOutputs,
                observations=self.parameter_value("HiddenState").shape[1],
                state_activation=self.StateActivationFunction,
                gate_activation=self.GateActivationFunction,
                **self._more_settings(),
            )
        )

    def _more_settings(self) -> dict[str, Any]:
        return {}

    def _module(self, settings: Settings) -> Recurrence:
        raise NotImplementedError

    def _is_torchs(self, settings: Settings) -> bool:
        """Whether a module of torch's computes it."""
        functions = self.StateActivationFunction, self.GateActivationFunction
        return functions == ("tanh", "sigmoid") and settings.projectors is None


def _to_torch(name: str, value: Array) -> Array:
    """Bias columns as vectors, states with the observations first, weights as they are."""
    if name == "Bias":
        value = value.ravel(order="F")
    return np.ascontiguousarray(value.T if name.endswith("State") else value)


def _from_torch(name: str, value: Array) -> Array:
    """The inverse of :func:`_to_torch`."""
    if name == "Bias":
        return value.reshape(-1, 1)
    return np.asfortranarray(value.T if name.endswith("State") else value)


class LSTMLayer(
    RecurrentLayer, type_text="LSTM", versions="4, 5", example="100, OutputMode='last'"
):
    """MATLAB's long short-term memory layer.

    See :class:`RecurrentLayer` for shapes and state. Rows of the weights: input gate, forget gate,
    cell candidate, output gate. ``InputWeights`` is 4H×C, ``RecurrentWeights`` 4H×H, ``Bias`` 4H×1.
    """

    gates = 4
    _optional_inputs: ClassVar = {"HasStateInputs": ("hidden", "cell")}
    _optional_outputs: ClassVar = {"HasStateOutputs": ("hidden", "cell")}

    CellState = State()
    BiasInitializer = initializer("unit-forget-gate", *BIAS_INITIALIZERS)

    def _module(self, settings: Settings) -> Recurrence:
        from ..engine.recurrent import LSTM, SteppedLSTM

        return LSTM(settings) if self._is_torchs(settings) else SteppedLSTM(settings)


class BiLSTMLayer(LSTMLayer, type_text="BiLSTM", versions="3", example="100, OutputMode='last'"):
    """MATLAB's bidirectional LSTM layer.

    The first 4H rows of the weights are the forward direction's, the last 4H the backward one's;
    the output is 2H×N×T, forward first.
    """

    directions = 2


class GRULayer(
    RecurrentLayer, type_text="GRU", example="100, ResetGateMode='before-multiplication'"
):
    """MATLAB's gated recurrent unit layer.

    Rows of the weights: reset gate, update gate, candidate. ``InputWeights`` is 3H×C,
    ``RecurrentWeights`` 3H×H, ``Bias`` 3H×1. ResetGateMode says what the reset gate r acts on:
    'after-multiplication' ``act(W*x + b + r .* (R*h))``; 'before-multiplication'
    ``act(W*x + b + R*(r .* h))``; 'recurrent-bias-after-multiplication'
    ``act(W*x + b + r .* (R*h + b_R))`` with a Bias of 6H×1, the input's 3H first.
    """

    gates = 3

    ResetGateMode = Property(
        one_of(
            "after-multiplication", "before-multiplication", "recurrent-bias-after-multiplication"
        ),
        "after-multiplication",
        read_only=True,
    )
    BiasInitializer = initializer("zeros", *BIAS_INITIALIZERS[1:])

    @property
    def _has_recurrent_bias(self) -> bool:
        return self.ResetGateMode == "recurrent-bias-after-multiplication"

    def _bias_rows(self) -> int:
        return super()._bias_rows() * (2 if self._has_recurrent_bias else 1)

    def torch_names(self, name: str) -> tuple[str, ...]:
        """As in LSTM; a recurrent bias is torch's second one."""
        if name == "Bias" and self._has_recurrent_bias:
            return ("bias_ih_l0", "bias_hh_l0")
        return super().torch_names(name)

    def _more_settings(self) -> dict[str, Any]:
        return {**super()._more_settings(), "recurrent_bias": self._has_recurrent_bias}

    def _module(self, settings: Settings) -> Recurrence:
        from ..engine.recurrent import GRU, ResetBeforeGRU, SteppedGRU

        if self.ResetGateMode == "before-multiplication":
            return ResetBeforeGRU(settings)
        return GRU(settings) if self._is_torchs(settings) else SteppedGRU(settings)


class ProjectedLayer(
    RecurrentLayer,
    description="{type_text} with {NumHiddenUnits} hidden units, an output projector size of "
    "{OutputProjectorSize}, and an input projector size of {InputProjectorSize}",
):
    """What the projected layers add: a projector Q before each matrix product.

    ``W*x`` becomes ``W' * (Q' * x)`` with ``W' = W*Q`` stored (documentation page). So
    ``InputProjector`` is C×InputProjectorSize, ``OutputProjector`` NumHiddenUnits×
    OutputProjectorSize; the output still has NumHiddenUnits channels, unlike torch's ``proj_size``.
    """

    OutputProjectorSize = Property(positive_integer, read_only=True)
    InputProjectorSize = Property(positive_integer, read_only=True)
    InputProjector = Learnable("InputProjector")
    OutputProjector = Learnable("OutputProjector")
    InputProjectorInitializer = initializer("orthogonal", *WEIGHT_INITIALIZERS)
    OutputProjectorInitializer = initializer("orthogonal", *WEIGHT_INITIALIZERS)
    InputProjectorLearnRateFactor, OutputProjectorLearnRateFactor = factor(1), factor(1)
    InputProjectorL2Factor, OutputProjectorL2Factor = factor(1), factor(1)

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        """A file without the sizes of the projectors shows them in its weights."""
        for weights in ("Input", "Recurrent"):
            value = np.asarray(values.get(f"{weights}Weights", ()))
            projector = "InputProjectorSize" if weights == "Input" else "OutputProjectorSize"
            if value.ndim == 2 and value.size:
                values.setdefault(projector, value.shape[1])
        return super()._from_values(values, extra)

    def _input_size_shown(self) -> int | None:
        return int(self.InputProjector.shape[0]) if self.InputProjector.size else None

    def _sizes(self, channels: int | None) -> dict[str, tuple[int | None, ...]]:
        sizes = super()._sizes(channels)
        rows = self.gates * self.NumHiddenUnits
        return {
            **sizes,
            "InputWeights": (rows, self.InputProjectorSize),
            "RecurrentWeights": (rows, self.OutputProjectorSize),
            "InputProjector": (channels, self.InputProjectorSize),
            "OutputProjector": (self.NumHiddenUnits, self.OutputProjectorSize),
        }

    def _more_settings(self) -> dict[str, Any]:
        sizes = (self.InputProjectorSize, self.OutputProjectorSize)
        return {**super()._more_settings(), "projectors": sizes}


class LSTMProjectedLayer(
    ProjectedLayer, LSTMLayer, type_text="Projected LSTM", example="100, 30, 16"
):
    """MATLAB's projected LSTM layer."""


class GRUProjectedLayer(ProjectedLayer, GRULayer, type_text="Projected GRU", example="100, 30, 16"):
    """MATLAB's projected GRU layer."""
