"""Agents of Reinforcement Learning Toolbox out of MAT-files of five generations.

Layouts: read off files that users saved from 2019 to 2025. What they have in common are the names
of the functions, ``Actor``, ``Critic`` and their targets, somewhere below the agent, and below each
a network and the specifications ``ObservationInfo`` and ``ActionInfo`` (with ``_`` behind in 2020).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from matlab_compat.agents import Agent, Function, Spec
from matlab_compat.arrays import Array
from matlab_compat.errors import (
    LayerNotFoundError,
    MatFileError,
    MatlabCompatError,
    MatlabCompatWarning,
    UnsupportedModelError,
)

from .choose import choose_network, the_object
from .find import find_models
from .kinds import Standing
from .matfile import DEFAULT_LIMITS, Limits, MatFile
from .matfile.values import MatObject, ObjectArray, Value, cell_items
from .saved import readable_fields, to_dict
from .walk import is_under, objects_in, plain_path

_AGENTS = "rl.agent."
#: What the functions of an agent are called.
ROLES = ("Actor", "Critic", "TargetActor", "TargetCritic")


def load_agent(
    path: str | PathLike[str], variable: str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Agent:
    """The agent in a MAT-file, with all its networks.

    Parameters
    ----------
    path, variable, limits:
        The file; which of several agents, also within another variable (``"agents(2)"``,
        ``"s.agent"``); and bounds on what the file may make us do.

    Raises
    ------
    LayerNotFoundError
        There is no agent in it.
    AmbiguousLayerError
        There are several, and none was chosen; all are listed.
    UnsupportedModelError
        No network of it can be read (tables, functions of one's own).
    MatFileError, FileAccessError
        The file is damaged or cannot be read. Where only some function of the agent is damaged, the
        others are there, with a warning that names it.

    Examples
    --------
    >>> agent = load_agent("fixtures/kinds/agent.mat")
    >>> list(agent.functions)
    ['Actor', 'Critic(1)', 'Critic(2)']
    >>> agent.act([0.5, -0.5]).action
    array([[0.75]], dtype=float32)
    """
    missing = LayerNotFoundError(
        "There is no agent in it.", remedy="in MATLAB: save('agent.mat', 'agent')."
    )
    chosen = the_object(path, variable, limits, agents_in, "agents", missing, plain_path)
    with chosen as (mat, name, saved):
        agent = _agent(mat, name, saved)
    for role, error in agent.unread.items():
        warnings.warn(f"{name}.{role} could not be read: {error.what}", MatlabCompatWarning, 2)
    return agent


def agents_in(mat: MatFile, variable: str | None = None) -> list[tuple[str, MatObject]]:
    """The agents of a file, or in what ``variable`` names, and where."""

    def wanted(value: MatObject) -> bool:
        """An agent of the toolbox, or of a user's own class that has an actor or critic of it."""
        fields = readable_fields(value)
        if isinstance(fields.get("BaseAgent"), MatObject):
            return False  # a rlMBPOAgent, whose base agent acts
        return value.class_name.startswith(_AGENTS) or any(
            function.class_name.startswith("rl.") for _, function in _roles(fields)
        )

    return objects_in(mat, wanted, variable, inside=True)


def _agent(mat: MatFile, path: str, saved: MatObject) -> Agent:
    fields = {**saved.properties, **readable_fields(saved)}
    functions: dict[str, Function] = {}
    unread: dict[str, MatlabCompatError] = {}
    found = find_models(mat, path)
    about = {name: to_dict(fields[name]) for name in fields if name.rstrip("_").endswith("Info")}
    for role, value in _roles(fields):
        networks = [f for f in found if f.role == role and is_under(f.path, path)]
        try:
            if not any(f.standing > Standing.LAYER for f in networks):
                for one in networks:
                    one.build()  # what is damaged says so
                raise UnsupportedModelError(
                    f"It is a {value.class_name} without a network (a table, or a function)."
                )
            functions[role] = _function(value, about, choose_network(networks, "").build())
        except MatlabCompatError as error:
            unread[role] = error
    if not functions:
        first = next(iter(unread.values()), None)
        if isinstance(first, MatFileError):
            raise first
        raise UnsupportedModelError(
            f"{plain_path(path)} is an agent of Reinforcement Learning Toolbox without a network "
            f"that can be read ({saved.class_name}).",
            remedy="in MATLAB: net = getModel(getActor(agent)); save('actor.mat', 'net').",
        )
    return Agent(saved.class_name, functions, unread, plain_path(path))


def _roles(fields: Mapping[str, Value]) -> Iterator[tuple[str, MatObject]]:
    """The functions that an agent has, by their names, actors first."""
    for role in ROLES:
        value = fields.get(role)
        if isinstance(value, MatObject):
            yield role, value
        elif isinstance(value, ObjectArray):
            yield from ((f"{role}({i})", one) for i, one in enumerate(value.elements, 1))


# --- what a function is given -----------------------------------------------------------------


def _function(value: MatObject, about: Mapping[str, Value], network: Any) -> Function:
    """What is known of a function beside its network; of the agent where it does not say itself."""
    fields = {**value.properties, **readable_fields(value)}
    observations = _specs(fields, about, "ObservationInfo")
    actions = _specs(fields, about, "ActionInfo")
    saved = fields.get("Model", fields.get("Model_"))
    model = readable_fields(saved) if isinstance(saved, MatObject) else {}
    limits = map(to_dict, cell_items(fields.get("InputLimitData_")))  # of releases from 2024 on
    outputs = fields.get("ModelOutputMap")  # what they are: Mean, StandardDeviation
    said = outputs if isinstance(outputs, Mapping) else {}
    # An actor has no input for actions: that name is its output's.
    names = tuple(n for n in _input_names(fields, model) if n in network.InputNames)
    refusal = ""
    order = fields.get("InputOrder_", model.get("InputOrder_"))
    in_order = list(range(1, len(network.InputNames) + 1))
    if not names and isinstance(order, np.ndarray) and order.ravel().tolist() != in_order:
        refusal = "The order of its inputs is stored as a permutation of unknown direction."
    if (normalized := _normalized(fields)) and not refusal:
        refusal = f"Its observations are normalized ({normalized}): how is not verified."
    return Function(
        value.class_name,
        network,
        observations,
        actions,
        names,
        {k: n for k, n in said.items() if isinstance(n, str) and n in network.OutputNames},
        any(isinstance(s, dict) and np.any(s.get("EnableInputClipping")) for s in limits),
        refusal,
    )


def _input_names(fields: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """The names of the network's inputs where the file says them: observations, then actions."""
    source, what = {**fields, **model}, ("ObservationNames", "ActionNames")
    if isinstance(inputs := fields.get("ModelInputMap"), Mapping):
        source, what = dict(inputs), ("Observation", "Action")
    return [name for one in what for name in _texts(source.get(one))]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "OT":
        return [str(item) for item in value.ravel(order="F") if isinstance(item, str)]
    return []


def _normalized(fields: Mapping[str, Any]) -> str:
    """What the function does to its inputs first, if anything."""
    for item in cell_items(fields.get("Normalizer_")):
        if isinstance(item, MatObject):
            said = readable_fields(item).get("Normalization_", "none")
            if said != "none":
                return str(said)
    return ""


def _specs(fields: Mapping[str, Any], about: Mapping[str, Any], name: str) -> tuple[Spec, ...]:
    for source in (fields, about):
        for key in (name, f"{name}_"):
            value = source.get(key)
            if isinstance(value, ObjectArray):
                return tuple(map(_spec, value.elements))
            if isinstance(value, MatObject):
                return (_spec(value),)
    return ()


def _spec(saved: MatObject) -> Spec:
    fields = {**saved.properties, **readable_fields(saved)}
    dimension = _array(fields.get("Dimension"))
    size = tuple(int(n) for n in dimension.ravel()) if dimension is not None else (1, 1)
    name = fields.get("Name")
    return Spec(
        name if isinstance(name, str) else "",
        size,
        _limit(fields, "LowerLimit", size),
        _limit(fields, "UpperLimit", size),
        _elements(fields.get("Elements"), size),
    )


def _array(value: Any) -> Array | None:
    is_numeric = isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size
    return value if is_numeric else None


def _limit(fields: Mapping[str, Any], name: str, size: tuple[int, ...]) -> Array | None:
    value = _array(fields.get(f"{name}_", fields.get(name)))
    if value is None or value.size not in (1, int(np.prod(size))):
        return None
    return value.reshape(1, 1) if value.size == 1 else value.reshape(size, order="F")


def _elements(value: Any, size: tuple[int, ...]) -> tuple[Any, ...]:
    """The elements of a finite set: those of a cell, or the numbers of an array."""
    array = _array(value)
    if array is None or int(np.prod(size)) != 1:
        return tuple(cell_items(value))
    return tuple(np.full((1, 1), item, array.dtype) for item in array.ravel(order="F"))
