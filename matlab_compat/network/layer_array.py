"""Layers in order: as MATLAB shows them, and their names, own or those that MATLAB gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..display import TIMES, counted
from ..errors import UsageError
from ..layers.base import Layer
from ..pages.notebook import listing


class LayerArray(list[Layer]):
    """Layers in order; prints as MATLAB prints a layer array."""

    def __repr__(self) -> str:
        return f"<Layer array of {counted(len(self), 'layer')}>"

    def _repr_html_(self) -> str:
        rows = (
            [str(i), x.Name, x.type_text or x.class_name, x.description()]
            for i, x in enumerate(self, 1)
        )
        heading = f"{len(self)}{TIMES}1 Layer array"
        return listing(heading, ["", "Name", "Type", ""], rows, len(self))

    def __str__(self) -> str:
        names = [f"'{layer.Name}'" for layer in self]
        kinds = [layer.type_text or type(layer).__name__ for layer in self]
        wide, deep = max(map(len, names), default=0), max(map(len, kinds), default=0)
        rows = [
            f"    {i:>2}   {name:<{wide}}   {kind:<{deep}}   {layer.description()}".rstrip()
            for i, (name, kind, layer) in enumerate(zip(names, kinds, self, strict=True), 1)
        ]
        return "\n".join([f"  {len(self)}{TIMES}1 Layer array with layers:", "", *rows])


def layer_names(layers: Sequence[Layer], *, may_repeat: bool = False) -> list[str]:
    """The layers' names; nameless ones get MATLAB's automatic ones ('conv_1', 'relu_1').

    Layer arrays, unlike networks, ``may_repeat`` a name; its later layers are numbered.

    Raises ``UsageError``: two layers have the same name.
    """
    given = Counter(layer.Name for layer in layers if layer.Name)
    twice = [name for name, count in given.items() if count > 1]
    if twice and not may_repeat:
        raise UsageError(f"Several layers are called '{twice[0]}'; names must be unique.")
    stems = Counter(layer.automatic_name() or "layer" for layer in layers if not layer.Name)
    numbers: Counter[str] = Counter()
    names = []
    for layer in layers:
        name, stem = layer.Name, layer.automatic_name() or "layer"
        while not name:
            numbers[stem] += 1
            alone = stems[stem] == 1 and numbers[stem] == 1
            automatic = stem if alone else f"{stem}_{numbers[stem]}"
            name = "" if automatic in given else automatic
        while may_repeat and name in names:
            numbers[layer.Name] += 1
            name = f"{layer.Name}_{numbers[layer.Name] + 1}"
        names.append(name)
    return names


def named(layers: Sequence[Layer], names: Sequence[str]) -> list[Layer]:
    """The layers under these names: copies where the name is new or the layer occurs again."""
    found: list[Layer] = []
    met: set[int] = set()  # by identity: comparing each with all took a fifth of 3,000 layers' time
    for layer, name in zip(layers, names, strict=True):
        if layer.Name != name or id(layer) in met:
            layer = layer.renamed(name)
        met.add(id(layer))
        found.append(layer)
    return found
