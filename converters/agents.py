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
    locating,
)
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .choose import choose_network, choose_object, listed_objects
from .find import Found, find_models
from .kinds import Standing
from .matfile import DEFAULT_LIMITS, Limits, MatFile, open_mat
from .matfile.values import MatObject, ObjectArray, Value
from .saved import readable_fields, to_dict
from .walk import Place, is_under, walk_all

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
    variable = plain_text(variable)
    with open_mat(path, limits=limits) as mat, locating(str(path)):
        found = agents_in(mat, variable)
        others = agents_in(mat) if variable is not None and not found else []
        if others:
            known = listed_objects(others, _plain)
            raise LayerNotFoundError(
                f"There is no agent '{variable}' in it; those there are: {known}.",
                remedy=f"choose one: {argument('variable', _plain(others[0][0]))}.",
            )
        missing = LayerNotFoundError(
            "There is no agent in it.", remedy="in MATLAB: save('agent.mat', 'agent')."
        )
        name, saved = choose_object(found, "agents", missing, _plain)
        agent = _agent(mat, name, saved)
    for role, error in agent.unread.items():
        warnings.warn(f"{name}.{role} could not be read: {error.what}", MatlabCompatWarning, 2)
    return agent


def agents_in(mat: MatFile, variable: str | None = None) -> list[tuple[str, MatObject]]:
    """The agents of a file, or in what ``variable`` names, and where."""

    def look(place: Place) -> tuple[list[tuple[str, MatObject]], bool]:
        value = place.value
        if isinstance(value, MatObject) and _is_agent(value):
            if isinstance(readable_fields(value).get("BaseAgent"), MatObject):
                return [], True  # of a rlMBPOAgent, whose base agent acts
            meant = variable is None or any(
                is_under(path, variable) for path in (place.path, _plain(place.path))
            )
            return [(place.path, value)] if meant else [], False
        return [], True

    return walk_all(mat, look, variable)


def _is_agent(value: MatObject) -> bool:
    """An agent of the toolbox, or of a user's own class that has an actor or critic of it."""
    if value.class_name.startswith(_AGENTS):
        return True
    functions = (function for _, function in _roles(readable_fields(value)))
    return any(function.class_name.startswith("rl.") for function in functions)


def _plain(path: str) -> str:
    """Without the structs that ``saveobj`` makes."""
    steps = path.split(".")
    return ".".join(step for i, step in enumerate(steps) if step != "any" or not i)


def _agent(mat: MatFile, path: str, saved: MatObject) -> Agent:
    fields = {**saved.properties, **readable_fields(saved)}
    functions: dict[str, Function] = {}
    unread: dict[str, MatlabCompatError] = {}
    found = find_models(mat, path)
    about = {name: to_dict(fields[name]) for name in fields if name.rstrip("_").endswith("Info")}
    for role, value in _roles(fields):
        networks = [f for f in found if f.role == role and is_under(f.path, path)]
        try:
            chosen = choose_network(networks, "") if _can(networks) else _damaged(networks)
            if chosen is None:
                raise UnsupportedModelError(
                    f"It is a {value.class_name} without a network (a table, or a function)."
                )
            functions[role] = _function(value, about, chosen.build())
        except MatlabCompatError as error:
            unread[role] = error
    if not functions:
        first = next(iter(unread.values()), None)
        if isinstance(first, MatFileError):
            raise first
        raise UnsupportedModelError(
            f"{_plain(path)} is an agent of Reinforcement Learning Toolbox without a network that "
            f"can be read ({saved.class_name}).",
            remedy="in MATLAB: net = getModel(getActor(agent)); save('actor.mat', 'net').",
        )
    return Agent(saved.class_name, functions, unread, _plain(path))


def _can(networks: list[Found]) -> bool:
    return any(f.standing > Standing.LAYER for f in networks)


def _damaged(networks: list[Found]) -> Found | None:
    for found in networks:
        found.build()
    return None


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
    model = _model_fields(fields)
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
        _output_names(fields, network),
        _clips(fields),
        refusal,
    )


def _model_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    model = next((v for k, v in fields.items() if k in ("Model", "Model_")), None)
    return readable_fields(model) if isinstance(model, MatObject) else {}


def _input_names(fields: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """The names of the network's inputs where the file says them: observations, then actions."""
    inputs = fields.get("ModelInputMap")
    if isinstance(inputs, Mapping):
        names = [*_texts(inputs.get("Observation")), *_texts(inputs.get("Action"))]
    else:
        source = {**fields, **model}
        names = [*_texts(source.get("ObservationNames")), *_texts(source.get("ActionNames"))]
    return names


def _output_names(fields: Mapping[str, Any], network: Any) -> dict[str, str]:
    """What the network's outputs are, where the file says it: Mean, StandardDeviation."""
    outputs = fields.get("ModelOutputMap")
    known = outputs.items() if isinstance(outputs, Mapping) else ()
    return {
        role: name for role, name in known if isinstance(name, str) and name in network.OutputNames
    }


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "OT":
        return [str(item) for item in value.ravel(order="F") if isinstance(item, str)]
    return []


def _normalized(fields: Mapping[str, Any]) -> str:
    """What the function does to its inputs first, if anything."""
    cell = fields.get("Normalizer_")
    items = cell.ravel(order="F") if isinstance(cell, np.ndarray) and cell.dtype == object else ()
    for item in items:
        if isinstance(item, MatObject):
            said = readable_fields(item).get("Normalization_", "none")
            if said != "none":
                return str(said)
    return ""


def _clips(fields: Mapping[str, Any]) -> bool:
    """Whether inputs beyond their limits are changed first, as releases from 2024 may."""
    cell = fields.get("InputLimitData_")
    items = cell.ravel(order="F") if isinstance(cell, np.ndarray) and cell.dtype == object else ()
    structs = (to_dict(item) for item in items)
    return any(isinstance(s, dict) and np.any(s.get("EnableInputClipping")) for s in structs)


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
    if isinstance(value, np.ndarray) and value.dtype == object:
        return tuple(value.ravel(order="F"))
    array = _array(value)
    if array is None:
        return ()
    if int(np.prod(size)) == 1:
        return tuple(np.full((1, 1), item, array.dtype) for item in array.ravel(order="F"))
    return ()
