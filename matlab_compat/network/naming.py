"""The names of a network's layers: their own, or those that MATLAB gives by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..errors import UsageError
from ..layers.base import Layer


def layer_names(layers: Sequence[Layer], *, may_repeat: bool = False) -> list[str]:
    """The layers' names; nameless ones get MATLAB's automatic ones ('conv_1', 'relu_1').

    Layer arrays, unlike networks, ``may_repeat`` a name; its later layers are numbered.

    Raises ``UsageError``: two layers have the same name.
    """
    given = Counter(layer.Name for layer in layers if layer.Name)
    twice = [name for name, count in given.items() if count > 1]
    if twice and not may_repeat:
        raise UsageError(f"Several layers are called '{twice[0]}'; names must be unique.")
    stems = Counter(_stem(layer) for layer in layers if not layer.Name)
    numbers: Counter[str] = Counter()
    names = []
    for layer in layers:
        name, stem = layer.Name, _stem(layer)
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


def _stem(layer: Layer) -> str:
    return layer.automatic_name() or "layer"
