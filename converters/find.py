"""Layers and networks in a file, wherever they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.errors import (
    AmbiguousLayerError,
    LayerNotFoundError,
    LimitExceededError,
    MatFileError,
    UnsupportedFileError,
    UnsupportedModelError,
    UsageError,
    locating,
)
from matlab_compat.layers.registry import class_named
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .formats import mat_native, mat_struct
from .identify.values import is_matconvnet, nothing_found, only_parts
from .loose import LooseWeights, question
from .matfile import MatFile
from .matfile.reader import only_matfile_errors
from .matfile.values import Damaged, MatObject, ObjectArray, StructArray, Value
from .saved import SavedLayer, SavedNetwork, children, to_dict

#: Values looked into in one file; a workspace file of 10 MB has some thousands.
MAX_VISITED = 1_000_000

#: What the networks of a reinforcement learning agent are called, whatever they lie in: the five
#: ways in which releases from 2019 to 2025 save agents have only these names in common.
_ROLE = re.compile(r"(?:Target)?(?:Actor|Critic)\d*(?:\(\d+\))?")


@dataclass(frozen=True, eq=False)
class Found:
    """A layer or network in a file, and the fields or variables that lie beside it."""

    #: The MATLAB expression that reaches it: ``net``, ``agent.critic{1}``; '' for loose variables.
    path: str
    #: ``LooseWeights``: nothing says of which layer; ``Damaged``: it cannot be decoded.
    model: SavedLayer | SavedNetwork | LooseWeights | Damaged
    beside: dict[str, Value]

    @property
    def role(self) -> str:
        """What an agent has it for, ``Actor`` or ``Critic(2)``; '' for all other models."""
        return next((step for step in reversed(self._steps) if _ROLE.fullmatch(step)), "")

    @property
    def name(self) -> str:
        """The path without what only ``save`` put there: ``detector.Network``, ``agent.Actor``.

        Objects are saved in a struct ``any``; an agent's network lies several objects deep.
        """
        steps = self._steps
        if self.role:
            steps = steps[: len(steps) - steps[::-1].index(self.role)]
        return ".".join(step for i, step in enumerate(steps) if step != "any" or not i)

    @property
    def _steps(self) -> list[str]:
        return self.path.split(".")

    def is_called(self, variable: str) -> bool:
        """Whether ``variable`` names it, or what it lies in: by path, by name or by role."""
        return any(is_under(text, variable) for text in (self.path, self.name, self.role))


def find_models(
    mat: MatFile, variable: str | None = None, layer_class: str | None = None
) -> list[Found]:
    """The layers and networks of a file, in the order of its variables.

    Parameters
    ----------
    variable:
        Look into this variable only; a MATLAB expression such as ``s.net`` looks deeper. The
        networks of agents and other objects go by their names as well: ``agent.Critic(2)``, or
        ``Critic(2)`` where there is no variable of that name.
    layer_class:
        The class of weights that do not say which layer they belong to, by any of the names that
        :func:`~matlab_compat.layers.registry.class_named` takes. Where there are such weights,
        nothing else is meant.

    Raises
    ------
    VariableNotFoundError
        There is no such variable.
    UsageError
        There is no such class, or all layers of the file say themselves which class they are.
    LayerNotFoundError
        There are models in the variable, but not where the expression points.
    MatFileError
        The one variable asked for cannot be decoded; others are passed over.
    """
    if layer_class is None:
        return _find(mat, variable, None)
    chosen = class_named(plain_text(layer_class))
    found = _find(mat, variable, chosen)
    meant = [f for f in found if isinstance(f.model, SavedLayer) and f.model.class_name == chosen]
    if found and not meant:
        _refuse_class(found, chosen, str(mat.path))
    return meant


def _refuse_class(found: list[Found], chosen: str, where: str) -> None:
    """Nothing in the file is of the class that the user names, or could be."""
    if loose := [f.model for f in found if isinstance(f.model, LooseWeights)]:
        what = f"{loose[0].found}: these can be no {chosen}, whose learnables have other names."
    else:
        classes = ", ".join(dict.fromkeys(f.model.class_name for f in found))
        what = f"The file says itself what is in it: {classes}, not {chosen}."
    raise UsageError(
        what,
        where=(where,),
        remedy=f"leave {argument('layer_class')} out: it is for weights that name no class.",
    )


def _find(mat: MatFile, variable: str | None, chosen: str | None) -> list[Found]:
    if variable is not None:
        return _called(mat, plain_text(variable), chosen)
    candidates = _loose(mat, chosen)
    for info in mat.variables:
        if may_hold_models(info.class_name):
            try:
                candidates += _in_value(info.name, mat[info.name], chosen)
            except MatFileError as error:
                # A damaged workspace variable does not hide the network beside it.
                candidates.append(Found(info.name, Damaged(info.class_name, error), {}))
    return candidates


def _called(mat: MatFile, variable: str, chosen: str | None) -> list[Found]:
    """The models that ``variable`` names."""
    root = root_of(variable)
    inside = _in_value(root, mat[root], chosen) if root in mat else _find(mat, None, chosen)
    found = [f for f in inside if f.is_called(variable)]
    if not found and root not in mat:
        raise mat.not_found(root)
    if not found and inside:
        raise LayerNotFoundError(
            f"There is no layer or network at {variable!r}; "
            f"{root} has {listed([f.name for f in inside])}.",
            where=(str(mat.path),),
        )
    return found


def refuse_nothing(mat: MatFile, found: list[Found], variable: str | None = None) -> None:
    """Say what is in the file, or in the variable, where nothing was found in it.

    Raises
    ------
    UnsupportedModelError
        A model of a kind that this version does not run.
    LayerNotFoundError
        Anything else.
    """
    variable = plain_text(variable)
    # Weights deep in a struct are those of a model, such as the parameters of a training loop.
    if all(isinstance(f.model, LooseWeights) and not _is_asked_for(f, variable) for f in found):
        error = nothing_found(mat, variable and root_of(variable), may_hold_models)
        if not found or isinstance(error, UnsupportedModelError):
            raise error
    if variable is None or variable == root_of(variable):
        by_root: dict[str, list[str]] = {}
        for f in found:
            by_root.setdefault(root_of(f.path), []).append(f.name)
        parts = only_parts(mat, by_root)
        if parts is not None:
            raise parts


def _is_asked_for(found: Found, variable: str | None) -> bool:
    return found.path in (variable, root_of(found.path))


def root_of(path: str) -> str:
    """The variable that a MATLAB expression begins with."""
    return path.replace("{", ".").replace("(", ".").split(".")[0]


def is_under(path: str, variable: str) -> bool:
    """Whether ``path`` is what ``variable`` names or within it (``s.net2`` is not in ``s.net``)."""
    return path == variable or (path.startswith(variable) and path[len(variable)] in ".({")


def may_hold_models(class_name: str) -> bool:
    """Whether a variable of this class can have objects in it."""
    plain = {"double", "single", "logical", "char", "string", "table", "timetable", "categorical"}
    plain |= {"datetime", "duration", "dlarray", "gpuArray"}
    return not (class_name in plain or class_name.startswith(("int", "uint")))


def _loose(mat: MatFile, chosen: str | None) -> list[Found]:
    """The layer that loose variables describe."""
    if not mat_struct.may_describe(mat, chosen):
        return []
    variables = mat.read(info.name for info in mat.variables if _is_loose(info.class_name))
    with only_matfile_errors("the layer of the loose variables"):
        layer = mat_struct.exported_layer(variables, (), chosen)
    return [Found("", layer, {})] if layer else []


def _is_loose(class_name: str) -> bool:
    return not may_hold_models(class_name) or class_name in ("struct", "function_handle")


def _in_value(name: str, value: Value, chosen: str | None) -> list[Found]:
    with only_matfile_errors(f"the layers in {name}"):
        return list(_walk(name, value, chosen))


def _walk(name: str, root: Value, chosen: str | None) -> Iterator[Found]:
    """Depth-first, in order, on an explicit stack; every object once."""
    stack: list[tuple[str, Value, dict[str, Value]]] = [(name, root, {})]
    seen: set[int] = set()
    visited = 0
    while stack:
        path, value, beside = stack.pop()
        visited += 1
        if visited > MAX_VISITED:
            raise LimitExceededError(f"More than {MAX_VISITED} values to search.", where=(name,))
        if mat_native.is_network(value) or mat_native.is_layer(value):
            yield Found(path, _saved(path, value), beside)
            continue
        if is_matconvnet(value):  # its structs have fields called as those of MATLAB's layers
            continue
        if isinstance(value, Damaged):
            if _is_news(value):
                yield Found(path, value, beside)
            continue
        inner = []
        elements = _struct_elements(value)
        if len(elements) == 1 and mat_struct.is_network(elements[0][1]):
            network = mat_struct.exported_network(elements[0][1], (path,))
            yield Found(path, network, {**beside, **elements[0][1]})
            continue
        for step, fields in elements:
            layer = mat_struct.exported_layer(fields, (path + step,), chosen)
            if layer:
                yield Found(path + step, layer, {**beside, **fields})
            inner += [
                (f"{path}{step}.{field}", item, fields)
                for field, item in fields.items()
                if not _is_leaf(item)
            ]
        if not inner:
            inner = [(path + s, item, {}) for s, item in _inside(value, seen) if not _is_leaf(item)]
        stack += reversed(inner)


def _saved(path: str, value: MatObject | ObjectArray) -> SavedLayer | SavedNetwork | Damaged:
    """The layer or network that an object is; a damaged one does not hide those beside it."""
    try:
        if mat_native.is_network(value):
            return mat_native.saved_network(value, (path,))
        assert isinstance(value, MatObject)
        return mat_native.saved_layer(value, (path,))
    except MatFileError as error:
        return Damaged(value.class_name, error)


def _is_news(value: Damaged) -> bool:
    """Objects of kinds that are not read are no damage, unless there are layers in them."""
    is_damage = not isinstance(value.error, UnsupportedFileError)
    return is_damage or mat_native.holds_layers(value.class_name)


def _is_leaf(value: Value) -> bool:
    """Whether nothing can be inside: most values of a file, so they are not even remembered."""
    if isinstance(value, np.ndarray):
        return value.dtype != object or not value.size
    return isinstance(value, str | dlarray)


def _struct_elements(value: Value) -> list[tuple[str, dict[str, Value]]]:
    """The elements of a struct array, each with its index expression."""
    if isinstance(value, dict):
        return [("", value)]
    if not isinstance(value, StructArray):
        return []
    if not value.fields:  # of any size: a damaged file may say millions
        return []
    if len(value) > MAX_VISITED:
        raise LimitExceededError(f"More than {MAX_VISITED} elements of a struct array to search.")
    if value.shape == (1, 1):
        return [("", dict(value.elements().__next__()))]
    return [(f"({i})", element) for i, element in enumerate(value.elements(), 1)]


def _inside(value: Value, seen: set[int]) -> Iterator[tuple[str, Value]]:
    """What is inside a cell, an object or an array of objects.

    Each object once: handles may point at each other.
    """
    if isinstance(value, MatObject):
        if id(value) in seen:
            return
        seen.add(id(value))
        try:
            properties = value.properties
        except MatFileError as error:
            yield "", Damaged(value.class_name, error)
            return
        yield from ((f".{name}", to_dict(item)) for name, item in properties.items())
    elif isinstance(value, ObjectArray):
        yield from ((f"({i})", element) for i, element in enumerate(value.elements, 1))
    elif not isinstance(value, Damaged):
        yield from children(value)


#: A layer, and where it was found.
_Choice: TypeAlias = tuple[SavedLayer, Found]


def choose_layer(found: list[Found], layer: str | int | None, where: str) -> _Choice:
    """The one layer meant: by name or 1-based index, or the only one there is.

    Raises
    ------
    LayerNotFoundError
        There is none, or none of that name.
    AmbiguousLayerError
        There are several, and none was chosen.
    """
    layer = plain_text(layer)
    layers = [(saved, f) for f in found for saved in _layers(f)]
    loose = [f.model for f in found if isinstance(f.model, LooseWeights)]
    if not layers and not loose:
        _raise_damage(found, where)
    with locating(where):
        asked = [one for one in loose if layer is not None and layer == " > ".join(one.where)]
        if asked or (loose and not layers):
            raise asked[0].error() if asked else question(loose)
        if not layers:
            raise LayerNotFoundError(
                "There is no layer in it.",
                remedy="save a layer, a network, or a struct with Weights, Bias, Stride and "
                "CroppingSize: save('layer.mat', 'layer').",
            )
        if layer is None:
            if len(layers) == 1 and loose:
                raise AmbiguousLayerError(
                    f"There is a layer in it, {_names(layers)}, and weights of which nothing says "
                    f"which layer they belong to: {listed([_at(one) for one in loose])}.",
                    remedy=f"choose the layer, {argument('layer', _handle(*layers[0]))}; or say "
                    "what the others are: save Class = class(layer) beside them.",
                )
            if len(layers) == 1:
                return layers[0]
            raise AmbiguousLayerError(
                f"There are {len(layers)} layers in it and none was chosen: {_names(layers)}.",
                remedy=f"choose one by name: {argument('layer', _handle(*layers[0]))}.",
            )
        matches = _matches(found, layers, layer)
        if not matches:
            raise LayerNotFoundError(f"There is no layer {layer!r} in it; it has {_names(layers)}.")
        if len(matches) > 1:
            places = ", ".join(" > ".join(saved.where) for saved, _ in matches)
            raise AmbiguousLayerError(
                f"{len(matches)} layers are called {layer!r}: {places}.",
                remedy=f"choose the variable as well: {argument('variable', matches[0][1].path)}.",
            )
        return matches[0]


def _at(loose: LooseWeights) -> str:
    place = " > ".join(loose.where)
    return f"{place} ({loose.found})" if place else loose.found


def _raise_damage(found: list[Found], where: str) -> None:
    """Where nothing else was found, what is damaged is the news."""
    for f in found:
        if isinstance(f.model, Damaged):
            error = f.model.error
            if where not in error.where:
                error.where = (where, *(error.where or (f.path,)))
            raise error


def _layers(found: Found) -> list[SavedLayer]:
    if isinstance(found.model, Damaged | LooseWeights):
        return []
    return found.model.layers if isinstance(found.model, SavedNetwork) else [found.model]


def _matches(found: list[Found], layers: list[_Choice], layer: str | int) -> list[_Choice]:
    """The layers called ``layer``; a number, or digits that are no name, count from 1."""
    named = [pair for pair in layers if layer in _names_of(*pair)]
    if named or not str(layer).isdecimal():
        return named
    networks = [[(s, f) for s in _layers(f)] for f in found if isinstance(f.model, SavedNetwork)]
    alone = [(s, f) for s, f in layers if f.model is s]
    index = int(layer) - 1
    return [group[index] for group in (*networks, alone) if 0 <= index < len(group)]


def _names_of(saved: SavedLayer, found: Found) -> tuple[str, str, str]:
    return saved.name, " > ".join(saved.where), found.path if found.model is saved else saved.name


def _handle(saved: SavedLayer, found: Found) -> str:
    """One word that chooses this layer."""
    return next(name for name in (*_names_of(saved, found), "1") if name)


def _names(layers: list[_Choice]) -> str:
    shown = [
        f"'{saved.name}'" if saved.name else " > ".join(saved.where) or "one without a name"
        for saved, _ in layers
    ]
    return listed(shown)


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more
