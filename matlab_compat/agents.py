"""Agents of Reinforcement Learning Toolbox: their networks, and what they do.

Sources: the documentation pages of the agents and of ``rlQValueFunction``,
``rlVectorQValueFunction``, ``rlValueFunction``, ``rlContinuousDeterministicActor``,
``rlDiscreteCategoricalActor``, ``rlContinuousGaussianActor``, ``rlNumericSpec`` and
``rlFiniteSetSpec``. What an agent does at random (exploration, sampling) is not done here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Array, as_tuple
from .data_format import dlarray
from .display import counted, size_text
from .errors import (
    DataFormatError,
    LayerNotFoundError,
    MatlabCompatError,
    MatlabCompatWarning,
    UnsupportedModelError,
    UsageError,
    locating,
    warn,
)
from .network import Network
from .pages.markup import Markup, element
from .pages.notebook import fragment, rows_of

#: Agents that keep their actions within the limits of ``rlNumericSpec``, as its page says.
_LIMITING = ("rlDDPGAgent", "rlTD3Agent")


@dataclass(frozen=True)
class Spec:
    """One channel of observations or actions: ``rlNumericSpec`` or ``rlFiniteSetSpec``."""

    name: str
    #: The size of one observation or action.
    dimension: tuple[int, ...]
    lower: Array | None = None
    upper: Array | None = None
    #: What can be chosen from, each of the size ``dimension``; empty for numeric ones.
    elements: tuple[Any, ...] = ()

    @property
    def numel(self) -> int:
        """How many numbers there are in one."""
        return int(np.prod(self.dimension, dtype=np.int64))

    @property
    def limits(self) -> tuple[Any, Any]:
        """The least and the largest number, infinite where nothing is said."""
        low = -np.inf if self.lower is None else self.lower
        return low, np.inf if self.upper is None else self.upper

    def is_outside(self, value: Array) -> bool:
        """Whether some number of a value, in MATLAB's order, is beyond :attr:`limits`."""
        low, high = (np.ravel(limit, order="F") for limit in self.limits)
        flat = value.ravel(order="F")
        return bool(((flat < low) | (flat > high)).any())

    def shown(self) -> list[str]:
        """Its name, its size, and what values it takes, for a row of a table."""
        values = f"one of {len(self.elements)}" if self.elements else "numbers"
        return [self.name, size_text(self.dimension), values]


@dataclass(frozen=True, eq=False)
class Function:
    """An actor or a critic: a network, and what its inputs are."""

    class_name: str
    network: Network
    observations: tuple[Spec, ...] = ()
    actions: tuple[Spec, ...] = ()
    #: The network's inputs for the observations, then for the actions; empty if in their order.
    input_names: tuple[str, ...] = ()
    #: The network's outputs by what they are, where the file says it: ``Mean`` ...
    output_names: Mapping[str, str] = field(default_factory=dict)
    #: Whether observations beyond their limits are changed before the network sees them.
    clips: bool = False
    #: Why inputs cannot be given to it as the environment gives them; "" if they can.
    refusal: str = ""

    def __repr__(self) -> str:
        return f"<{self.class_name.rpartition('.')[2]}: {self.network!r}>"

    def _repr_html_(self) -> str:
        given = [("observation", spec) for spec in self.observations]
        rows = [
            [what, *spec.shown()] for what, spec in given + [("action", s) for s in self.actions]
        ]
        channels = rows_of(("", "Name", "Size", "Values"), rows, len(rows))
        shown = Markup(self.network._repr_html_())
        return fragment(self.class_name.rpartition(".")[2], *channels, shown)


@dataclass(frozen=True, eq=False)
class Decision:
    """What an agent makes of one observation; what it has no use for is ``None``."""

    #: The action, of the size that the environment takes; ``None`` where it is drawn at random.
    action: Any = None
    #: The probability of each element of a discrete action.
    probabilities: Array | None = None
    #: The critic's value of each element of a discrete action.
    values: Array | None = None
    #: Mean and deviation of the normal distribution that a continuous action is drawn from.
    mean: Array | None = None
    deviation: Array | None = None


@dataclass(frozen=True, eq=False)
class Agent:
    """An agent that MATLAB saved.

    Examples
    --------
    >>> from matlab_compat import Network, featureInputLayer, fullyConnectedLayer
    >>> layers = [featureInputLayer(3, Name="obs"), fullyConnectedLayer(1, Name="fc")]
    >>> network = Network(layers, kind="dlnetwork").initialize(seed=0)
    >>> spec = Spec("thrust", (1, 1))
    >>> actor = Function("rl.function.rlContinuousDeterministicActor", network, actions=(spec,))
    >>> agent = Agent("rl.agent.rlDDPGAgent", {"Actor": actor})
    >>> agent.act([0.1, 0.2, 0.3]).action.shape
    (1, 1)
    """

    class_name: str
    #: Actors and critics by name: ``Actor``, ``Critic``, ``Critic(2)``, ``TargetCritic``.
    functions: Mapping[str, Function]
    #: Those that have no network that could be read, and why.
    unread: Mapping[str, MatlabCompatError] = field(default_factory=dict)
    #: Where it is in its file.
    name: str = "agent"

    def __repr__(self) -> str:
        return f"<{self.class_name.rpartition('.')[2]}: {', '.join(self.functions)}>"

    def _repr_html_(self) -> str:
        rows = [[name, repr(one)] for name, one in self.functions.items()]
        rows += [[name, f"not read: {error.what}"] for name, error in self.unread.items()]
        named = rows_of(("Function", ""), rows, len(rows))
        networks = [
            element("details", element("summary", name), Markup(one._repr_html_()))
            for name, one in self.functions.items()
        ]
        return fragment(self.class_name.rpartition(".")[2], *named, *networks)

    @property
    def actor(self) -> Network:
        """The network of the actor.

        Raises
        ------
        LayerNotFoundError
            The agent has none (a DQN agent), or it could not be read: then that error.
        """
        return self._function("Actor").network

    @property
    def critics(self) -> list[Network]:
        """The networks of the critics, in their order; targets are among :attr:`functions`.

        Raises
        ------
        MatlabCompatError
            One of them could not be read.
        """
        for name, error in self.unread.items():
            if name.startswith("Critic"):
                raise error
        return [f.network for name, f in self.functions.items() if name.startswith("Critic")]

    def act(self, observation: object) -> Decision:
        """What the agent does without exploring.

        Parameters
        ----------
        observation:
            As the environment gives it, of the size that the agent's ObservationInfo says; a list
            or tuple of arrays for several channels.

        Returns
        -------
        A :class:`Decision`. A deterministic actor gives the action; a discrete one the element of
        the greatest probability, and all probabilities (MATLAB draws from these unless it is told
        to be greedy); a DQN agent the element that its critic values most; a Gaussian one mean and
        standard deviation, and no action: the network does not draw it, and a SAC agent bounds what
        is drawn.

        Raises
        ------
        DataFormatError
            The observation is of another size.
        UnsupportedModelError
            It is not known how this agent comes to its action.

        An observation with NaN is taken as the network takes it, with a warning.
        """
        arrays = [np.asarray(one) for one in _channels(observation)]
        if missing := sum(int(np.isnan(one).sum()) for one in arrays if one.dtype.kind == "f"):
            verb = "is" if missing == 1 else "are"
            what = f"{counted(missing, 'element')} of the observation {verb} NaN"
            warn(f"{what}: the action means nothing.", where=(self.name,))
        with locating(self.name):
            if "Actor" not in self.functions and "Actor" not in self.unread:
                return self._greedy(observation)
            actor = self._function("Actor")
            kind = actor.class_name.rpartition(".")[2]
            discrete = bool(actor.actions) and all(spec.elements for spec in actor.actions)
            if "Gaussian" in kind:
                return self._gaussian(actor, observation)
            if discrete and ("Categorical" in kind or "Stochastic" in kind or _is_first(kind)):
                return self._discrete(actor, observation)
            limits = self.class_name.endswith(_LIMITING)
            if "Deterministic" in kind or (_is_first(kind) and limits and not discrete):
                return self._deterministic(actor, observation)
            raise UnsupportedModelError(
                f"It is not known how a {self.class_name} with a {actor.class_name} comes to its "
                "action.",
                remedy="run its network: agent.actor.predict(observation).",
            )

    def _function(self, name: str) -> Function:
        if name in self.unread:
            raise self.unread[name]
        if name not in self.functions:
            raise LayerNotFoundError(
                f"A {self.class_name} has no {name}; it has {', '.join(self.functions)}.",
                where=(self.name,),
            )
        return self.functions[name]

    def _deterministic(self, actor: Function, observation: object) -> Decision:
        outputs = _run(actor, _channels(observation))
        if len(outputs) != 1 or len(actor.actions) > 1:
            raise UnsupportedModelError("Actions of several channels are not put together here.")
        action = outputs[0]
        if not actor.actions:
            return Decision(action)
        spec = actor.actions[0]
        action = _shaped(action, spec.dimension, "action")
        if spec.is_outside(action) and self.class_name.endswith(_LIMITING):
            warnings.warn(
                f"{self.name}: the network's action is outside the limits of '{spec.name}'; it is "
                "kept within them, as the page of rlNumericSpec says of this agent.",
                MatlabCompatWarning,
                stacklevel=4,
            )
            action = np.clip(action, *spec.limits).astype(action.dtype)
        return Decision(action)

    def _discrete(self, actor: Function, observation: object) -> Decision:
        spec, outputs = actor.actions[0], _run(actor, _channels(observation))
        if len(outputs) != 1 or len(actor.actions) > 1:
            raise UnsupportedModelError("Actions of several channels are not put together here.")
        scores = _of_elements(outputs[0], spec)
        is_distribution = (scores >= 0).all() and abs(float(scores.sum()) - 1) < 1e-3
        best = spec.elements[int(np.argmax(scores))]
        return Decision(best, probabilities=scores if is_distribution else None)

    def _gaussian(self, actor: Function, observation: object) -> Decision:
        outputs, names = _run(actor, _channels(observation)), actor.network.OutputNames
        means = _places(actor, "Mean", "mean")
        spreads = _places(actor, "StandardDeviation", "std", "sigma", "dev", "sd")
        if len(outputs) != 2 or len(means) != 1 or len(spreads) != 1 or means == spreads:
            raise UnsupportedModelError(
                f"Which outputs are mean and standard deviation is not known: {', '.join(names)}.",
                remedy="run the network: agent.actor.predict(observation).",
            )
        return Decision(mean=outputs[means[0]], deviation=outputs[spreads[0]])

    def _greedy(self, observation: object) -> Decision:
        """What the critic of a DQN agent and its like values most."""
        critic = self._function("Critic")
        if len(critic.actions) != 1 or not critic.actions[0].elements:
            raise UnsupportedModelError(
                f"It is not known how a {self.class_name} comes to its action.",
                remedy="run its networks: agent.critics[0].predict(observation, action).",
            )
        spec, channels = critic.actions[0], _channels(observation)
        if len(critic.network.InputNames) == len(channels):  # a value for each element
            values = _of_elements(_run(critic, channels)[0], spec)
        else:
            each = [_run(critic, channels, element)[0] for element in spec.elements]
            values = np.concatenate([one.reshape(-1)[:1] for one in each])
        return Decision(spec.elements[int(np.argmax(values))], values=values)


def _places(actor: Function, role: str, *words: str) -> list[int]:
    """Which of the network's outputs has this role: as the file says, else by its name."""
    names = actor.network.OutputNames
    if role in actor.output_names:
        return [names.index(actor.output_names[role])]
    return [i for i, name in enumerate(names) if any(word in name.lower() for word in words)]


def _is_first(kind: str) -> bool:
    """The class of all functions in releases of 2019; the agent says what they are."""
    return kind == "rlLayerRepresentation"


def _channels(observation: object) -> list[object]:
    several = isinstance(observation, list | tuple) and any(
        np.ndim(one)
        for one in observation  # a list of numbers is one observation
    )
    return list(observation) if several else [observation]  # type: ignore[call-overload]


def _run(function: Function, observed: Sequence[object], *actions: object) -> tuple[Array, ...]:
    """The outputs of its network for one observation (and action), each as a vector."""
    channels = [*observed, *actions]
    network = function.network
    if function.refusal:
        raise UnsupportedModelError(
            function.refusal, remedy="run the network on what you know: agent.actor.predict(X)."
        )
    plan = network.plan()
    if len(channels) != len(plan.inputs):
        raise UsageError(
            f"{counted(len(channels), 'channel')} cannot go into the "
            f"{counted(len(plan.inputs), 'input')} of the network: {', '.join(plan.inputs)}."
        )
    order = function.input_names or tuple(plan.inputs)
    if set(order) != set(plan.inputs):
        raise UnsupportedModelError(
            f"Which input is which is not known: the file names {', '.join(order)}, the network "
            f"has {', '.join(plan.inputs)}.",
            remedy="run the network: agent.actor.predict(...).",
        )
    known = len(function.observations) == len(observed)
    specs = [*(function.observations if known else [None] * len(observed)), *function.actions]
    given = {}
    for name, channel, spec in zip(order, channels, specs, strict=False):
        array = np.asarray(channel)
        if spec is not None and array.size != spec.numel:
            raise DataFormatError(
                f"'{spec.name or name}' is {size_text(spec.dimension)}, and "
                f"{size_text(array.shape)} was given."
            )
        if function.clips and spec is not None and spec.is_outside(array):
            raise DataFormatError(
                f"'{spec.name or name}' is outside its limits, and this function changes such "
                "inputs first: how is not verified.",
                remedy="keep the observation within the limits of its specification.",
            )
        given[name] = _as_input(network, name, array, plan.inputs[name])
    outputs = as_tuple(network.predict(*(given[name] for name in plan.inputs)))
    plain = (y.extractdata() if isinstance(y, dlarray) else np.asarray(y) for y in outputs)
    return tuple(y.ravel(order="F") for y in plain)


def _as_input(network: Network, name: str, array: Array, labels: str) -> dlarray:
    """One observation in the size of an input layer, its elements in MATLAB's order."""
    if "T" in labels:
        raise UnsupportedModelError(
            f"'{name}' takes sequences: what the network remembers from step to step is not kept.",
            remedy="run it on the whole sequence: agent.actor.predict(sequence).",
        )
    size = network.layer(name).input_size() or (array.size,)
    return dlarray(_shaped(array, size, f"input '{name}'")[..., np.newaxis], labels)


def _shaped(array: Array, size: Sequence[int], what: str) -> Array:
    if array.size != int(np.prod(size, dtype=np.int64)):
        raise DataFormatError(
            f"The {what} has {counted(array.size, 'element')}, not {size_text(tuple(size))}."
        )
    return array.reshape(tuple(size), order="F")


def _of_elements(output: Array, spec: Spec) -> Array:
    if output.size != len(spec.elements):
        raise DataFormatError(
            f"The network gives {counted(output.size, 'number')} for the "
            f"{counted(len(spec.elements), 'element')} of '{spec.name}'."
        )
    if not np.isfinite(output).all():
        raise UsageError(
            f"The network gives NaN or Inf for '{spec.name}': no action follows from that.",
            remedy="look at its weights: the training has diverged.",
        )
    return output
