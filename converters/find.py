"""The models in a file, wherever they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from matlab_compat.display import counted, listed
from matlab_compat.errors import LayerNotFoundError, MatFileError, UsageError
from matlab_compat.layers.registry import class_named
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .kinds import DAMAGED, KINDS, LAYERS, Kind, Known, Standing
from .matfile import MatFile
from .matfile.reader import only_matfile_errors
from .matfile.values import Damaged, Value, mat_class
from .saved import SavedLayer
from .walk import Place, is_under, may_hold_models, plain_path, root_of, walk

if TYPE_CHECKING:
    from matlab_compat.layers import Layer
    from matlab_compat.network import Network
    from matlab_compat.shallow import ShallowNetwork

#: What the networks of a reinforcement learning agent are called, whatever they lie in: the five
#: ways in which releases from 2019 to 2025 save agents have only these names in common.
_ROLE = re.compile(r"(?:Target)?(?:Actor|Critic)\d*(?:\(\d+\))?")


@dataclass(frozen=True, eq=False)
class Found:
    """A model in a file, and the fields or variables that lie beside it."""

    #: The MATLAB expression that reaches it: ``net``, ``agent.critic{1}``; '' for loose variables.
    path: str
    kind: Kind[Any]
    #: What its kind made of the value.
    model: Any
    beside: dict[str, Value]

    @property
    def class_name(self) -> str:
        """Its class in MATLAB."""
        return str(self.model.class_name)

    @property
    def standing(self) -> Standing:
        """Whether it is meant where there are others."""
        return self.kind.standing_of(self.model)

    @property
    def layers(self) -> list[SavedLayer]:
        """The layers in it that can be chosen by name."""
        return self.kind.layers(self.model)

    def build(self) -> Layer | Network | ShallowNetwork:
        """The model itself."""
        return self.kind.build(self.model)

    def record(self) -> dict[str, Any]:
        """What ``inspect`` says of it."""
        return self.kind.record(self.model)

    def only(self, layer: SavedLayer) -> Found:
        """One layer of it, as a model of its own."""
        return replace(self, kind=LAYERS, model=layer)

    @property
    def role(self) -> str:
        """What an agent has it for, ``Actor`` or ``Critic(2)``; '' for all other models."""
        return next((step for step in reversed(self.path.split(".")) if _ROLE.fullmatch(step)), "")

    @property
    def name(self) -> str:
        """The path without what only ``save`` put there: ``detector.Network``, ``agent.Actor``.

        Objects are saved in a struct ``any``; an agent's network lies several objects deep.
        """
        steps = self.path.split(".")
        if self.role:
            steps = steps[: len(steps) - steps[::-1].index(self.role)]
        return plain_path(".".join(steps))

    def part(self, variable: str) -> Found | None:
        """The part of it that ``variable`` names; ``None`` if it names none."""
        for own in (self.path, self.name):
            if not own or variable.startswith(f"{own}."):
                name = variable[len(own) + bool(own) :]
                model = self.kind.part(self.model, name)
                return None if model is None else replace(self, path=variable, model=model)
        return None

    def is_called(self, variable: str) -> bool:
        """Whether ``variable`` names it, or what it lies in: by path, by name or by role.

        What stands alone is its own first element, as in MATLAB: ``Critic(1)``.
        """
        names = (self.path, self.name, self.role)
        alone = variable.removesuffix("(1)")
        return alone in names or any(is_under(text, variable) for text in names)


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
    meant = [f for f in found if f.standing is Standing.LAYER and f.class_name == chosen]
    if meant or not found:
        return meant
    if loose := [f.model for f in found if f.standing is Standing.LOOSE]:
        what = f"{loose[0].found}: these can be no {chosen}, whose learnables have other names."
    else:
        classes = ", ".join(dict.fromkeys(f.class_name for f in found))
        what = f"The file says itself what is in it: {classes}, not {chosen}."
    raise UsageError(
        what,
        where=(str(mat.path),),
        remedy=f"leave {argument('layer_class')} out: it is for weights that name no class.",
    )


def _find(mat: MatFile, variable: str | None, chosen: str | None) -> list[Found]:
    if variable is not None:
        return _called(mat, plain_text(variable), chosen)
    with only_matfile_errors("the layer of the loose variables"):  # that they make up together
        made = ((kind, kind.find_loose(mat, chosen)) for kind in KINDS)
        candidates = [Found("", kind, model, {}) for kind, model in made if model is not None][:1]
    for info in mat.variables:
        if may_hold_models(info.class_name):
            try:
                candidates += _in_variable(mat, info.name, chosen)
            except MatFileError as error:
                # A damaged workspace variable does not hide the network beside it.
                damaged = Damaged(info.class_name, error)
                candidates.append(Found(info.name, DAMAGED, damaged, {}))
    return candidates


def _called(mat: MatFile, variable: str, chosen: str | None) -> list[Found]:
    """The models that ``variable`` names."""
    root = root_of(variable)
    inside = _in_variable(mat, root, chosen) if root in mat else _find(mat, None, chosen)
    found = [f for f in inside if f.is_called(variable)]
    found = found or [part for f in inside if (part := f.part(variable)) is not None]
    if not found and root not in mat:
        raise _no_such_role(variable, inside, mat) or mat.not_found(root)
    if not found and inside:
        raise LayerNotFoundError(
            f"There is no layer or network at {variable!r}; "
            f"{root} has {listed([f.name for f in inside], 20)}.",
            where=(str(mat.path),),
        )
    return found


def _no_such_role(variable: str, inside: list[Found], mat: MatFile) -> LayerNotFoundError | None:
    """The error for a ``Critic(3)`` that no agent has; ``None`` for what is called otherwise."""
    role = variable.partition("(")[0]
    names = [f.name for f in inside if f.role]
    if not names or not _ROLE.fullmatch(variable):
        return None
    same = [f.name for f in inside if f.role.partition("(")[0] == role]
    return LayerNotFoundError(
        f"There is no {variable} in it; it has {counted(len(same), role) if same else 'none'}.",
        where=(str(mat.path),),
        remedy=f"its networks are {listed(names, 20)}: {argument('variable', (same or names)[0])}.",
    )


def _in_variable(mat: MatFile, name: str, chosen: str | None) -> list[Found]:
    return walk(mat, name, partial(_at, chosen=chosen))


def _at(place: Place, chosen: str | None) -> tuple[list[Found], bool]:
    """The model at a place, if there is one; a damaged one does not hide those beside it."""
    for kind in KINDS:
        try:
            model = kind.find(place, chosen)
        except MatFileError as error:
            damaged = Damaged(mat_class(place.value), error)
            return [Found(place.path, DAMAGED, damaged, place.beside)], False
        if isinstance(model, Known):
            return [], False
        if model is not None:
            found = Found(place.path, kind, model, place.beside)
            # A struct of a layer may have others in it.
            return [found], found.standing <= Standing.LAYER and isinstance(place.value, dict)
    return [], True
