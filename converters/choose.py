"""Which of the models in a file is meant."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TypeAlias

from matlab_compat.display import listed
from matlab_compat.errors import (
    AmbiguousLayerError,
    LayerNotFoundError,
    MatlabCompatError,
    locating,
)
from matlab_compat.plain_text import plain_text
from matlab_compat.wording import argument

from .find import Found
from .kinds import Standing
from .loose import question
from .matfile import Limits, MatFile, open_mat
from .matfile.values import MatObject
from .saved import SavedLayer

log = logging.getLogger(__name__)

#: How many names a message lists.
_LISTED = 20

#: A layer, and where it was found.
_Choice: TypeAlias = tuple[SavedLayer, Found]


def choose(found: list[Found], layer: str | int | None, where: str) -> Found:
    """The one model meant: a network goes before layers beside it, where no layer is chosen.

    Raises ``LayerNotFoundError`` or ``AmbiguousLayerError``: as :func:`choose_network` and
    :func:`choose_layer`.
    """
    is_network = layer is None and any(f.standing > Standing.LAYER for f in found)
    chosen = choose_network(found, where) if is_network else choose_layer(found, layer, where)
    log.info("%s: took %s, of %s", where, _titled(chosen), ", ".join(map(_titled, found)))
    return chosen


def _titled(found: Found) -> str:
    return f"{found.path or 'the variables'} ({found.class_name or 'layers'})"


def choose_layer(found: list[Found], layer: str | int | None, where: str) -> Found:
    """The one layer meant: by name or 1-based index, or the only one there is.

    Raises ``LayerNotFoundError``: there is none, or none of that name; ``AmbiguousLayerError``:
    there are several, and none was chosen.
    """
    layer = plain_text(layer)
    layers = [(saved, f) for f in found for saved in f.layers]
    loose = [f.model for f in found if f.standing is Standing.LOOSE]
    for f in found if not layers and not loose else ():
        if f.standing is Standing.DAMAGED:
            error = f.model.error
            if where not in error.where:
                error.where = (where, *(error.where or (f.path,)))
            raise error
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
                    f"which layer they belong to: {listed(list(map(str, loose)), _LISTED)}.",
                    remedy=f"choose the layer, {argument('layer', _handle(*layers[0]))}; or say "
                    "what the others are: save Class = class(layer) beside them.",
                )
            if len(layers) == 1:
                ((saved, at),) = layers
                return at.only(saved)
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
        saved, at = matches[0]
        return at.only(saved)


def _matches(found: list[Found], layers: list[_Choice], layer: str | int) -> list[_Choice]:
    """The layers called ``layer``; a number, or digits that are no name, count from 1."""
    named = [pair for pair in layers if layer in _names_of(*pair)]
    if named or not str(layer).isdecimal():
        return named
    networks = [[(s, f) for s in f.layers] for f in found if f.standing > Standing.LAYER]
    alone = [(s, f) for s, f in layers if f.standing is Standing.LAYER]
    index = int(layer) - 1
    return [group[index] for group in (*networks, alone) if 0 <= index < len(group)]


def _names_of(saved: SavedLayer, found: Found) -> tuple[str, str, str]:
    return (
        saved.name,
        " > ".join(saved.where),
        found.path if found.standing is Standing.LAYER else saved.name,
    )


def _handle(saved: SavedLayer, found: Found) -> str:
    """One word that chooses this layer."""
    return next(name for name in (*_names_of(saved, found), "1") if name)


def _names(layers: list[_Choice]) -> str:
    shown = [
        f"'{saved.name}'" if saved.name else " > ".join(saved.where) or "one without a name"
        for saved, _ in layers
    ]
    return listed(shown, _LISTED)


def choose_network(found: list[Found], where: str) -> Found:
    """The one network meant: a trained one goes before what it was made from.

    Raises ``AmbiguousLayerError``: there are several; they are listed by name.
    """
    networks = [f for f in found if f.standing > Standing.LAYER]
    candidates = [f for f in networks if f.standing is Standing.NETWORK]
    # The actor of an agent says nothing about its critics, which may be of another class.
    decided = {_group(f) for f in candidates}
    candidates = [f for f in networks if f in candidates or _group(f) not in decided]
    # An agent's actor is not all of it because its critic cannot be read.
    damaged = [f for f in found if f.standing is Standing.DAMAGED and f.role]
    if len(candidates) + len(damaged) > 1:
        counts = Counter(f.name for f in candidates)
        names = [f.name if counts[f.name] == 1 else f.path for f in candidates]
        shown = [f"{name} ({f.class_name})" for name, f in zip(names, candidates, strict=True)]
        shown += [f"{f.name} (damaged: {f.model.error.what})" for f in damaged]
        raise AmbiguousLayerError(
            f"There are {len(shown)} networks in it: {listed(shown, _LISTED)}.",
            where=(where,),
            remedy=f"choose one: {argument('variable', names[0])}.",
        )
    return candidates[0]


@contextmanager
def the_object(
    path: str | PathLike[str],
    variable: str | None,
    limits: Limits,
    find: Callable[[MatFile, str | None], list[tuple[str, MatObject]]],
    what: str,
    missing: MatlabCompatError,
    plain: Callable[[str], str] = str,
) -> Iterator[tuple[MatFile, str, MatObject]]:
    """The open file, and of the objects of a kind the one that is meant, after its place.

    Raises ``AmbiguousLayerError``: there are several; they are listed.

    Parameters
    ----------
    find, what, missing:
        What finds these objects in a file, or in a variable; what several of them are called; and
        the error, "There is no ... in it.", where there is none.
    plain:
        How a user names a place.
    """
    variable = plain_text(variable)
    with open_mat(path, limits=limits) as mat, locating(str(path)):
        found = find(mat, variable)
        others = found if found or variable is None else find(mat, None)
        if not others:
            raise missing
        if len(found) != 1:
            known = [f"{plain(where)} ({one.class_name})" for where, one in others]
            several = f"There are {len(found)} {what} in it"
            none = f"{missing.what.removesuffix(' in it.')} '{variable}' in it; those there are"
            raise (AmbiguousLayerError if found else type(missing))(
                f"{several if found else none}: {listed(known, _LISTED)}.",
                remedy=f"choose one: {argument('variable', plain(others[0][0]))}.",
            )
        yield mat, *found[0]


def _group(found: Found) -> str:
    """What one network is meant for: the role of an agent's, or '' for the file as a whole."""
    return found.name if found.role else ""
