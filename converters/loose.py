"""Weights in a file that do not say which layer they belong to.

A convolution and a transposed convolution can have Weights and Bias of the same sizes and compute
something else: the class is asked for, never guessed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from matlab_compat.display import listed, size_text
from matlab_compat.errors import AmbiguousLayerError, MatlabCompatError
from matlab_compat.layers import Layer, registered
from matlab_compat.layers.learnables import Learnable
from matlab_compat.layers.registry import short_name
from matlab_compat.wording import argument

from .matfile.values import Value
from .saved import to_dict


@dataclass(frozen=True, eq=False)
class LooseWeights:
    """Learnables of one layer, as loose variables or as the fields of a struct."""

    where: tuple[str, ...]
    fields: dict[str, Any]
    #: What a field Class or Type says, though it names no layer class.
    said: str = ""
    #: Nothing says which.
    class_name: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"{' > '.join(self.where) or 'variables'} ({self.found})"

    @property
    def found(self) -> str:
        """What there is: ``Weights 3×3×4×4, Bias 1×1×4``."""
        arrays = {n: array_of(v) for n, v in self.fields.items() if n.lower() in _LEARNABLES}
        return ", ".join(f"{n} {size_text(a.shape)}" for n, a in arrays.items() if a is not None)

    def candidates(self) -> dict[str, str]:
        """The layers that such sizes could belong to: short name to how they read them."""
        present = {name.lower() for name in self.fields} & _LEARNABLES
        found = {}
        for matlab_class, kind in registered().items():
            learnables = _learnables(kind)
            if present <= learnables <= present | {"bias"} and matlab_class == kind.matlab_class:
                try:
                    with warnings.catch_warnings(action="ignore"):
                        layer = kind.from_fields(self.fields)
                except MatlabCompatError:
                    continue
                found[short_name(kind)] = layer.description()
        return found

    def error(self) -> AmbiguousLayerError:
        """What is here, which layers it could be, and the question which one it is."""
        could = self.candidates()
        kinds = "; ".join(f"{name} ({text})" for name, text in could.items())
        sizes = f"By their sizes they could be of {kinds}." if could else "No layer has such sizes."
        said = f" ('{self.said}' is the name of no class)" if self.said else ""
        return AmbiguousLayerError(
            f"{self.found}: nothing here says which layer they belong to{said}. {sizes}",
            where=self.where,
            remedy=" or ".join(argument("layer_class", name) for name in could or ["..."])
            + " says which; or save the class beside them: Class = class(layer).",
        )


def question(loose: list[LooseWeights]) -> AmbiguousLayerError:
    """The question for one group of weights, or for several."""
    if len(loose) == 1:
        return loose[0].error()
    first = loose[0]
    named = next(iter(first.candidates()), "...")
    which = argument("variable", first.where[0]) if first.where else argument("layer", "...")
    return AmbiguousLayerError(
        f"There are {len(loose)} groups of weights in it, and nothing says which layers they "
        f"belong to: {listed(list(map(str, loose)), 20)}.",
        remedy=f"choose one and say what it is: {which} with {argument('layer_class', named)}.",
    )


def array_of(value: Value) -> npt.NDArray[Any] | None:
    """The real numbers of a learnable, an array or a struct with Value; ``None`` if it is none."""
    inner = to_dict(value)
    array = inner.get("Value") if isinstance(inner, Mapping) else inner
    return array if isinstance(array, np.ndarray) and array.dtype.kind == "f" else None


def is_learnable(value: Value) -> bool:
    """Whether a value can be a learnable: real numbers, more than one."""
    array = array_of(value)
    return array is not None and array.size > 1


def is_loose(lower: Mapping[str, Value]) -> bool:
    """Whether fields, by their names in lower case, are weights of some layer."""
    if all(is_learnable(lower.get(name)) for name in ("inputweights", "recurrentweights")):
        return True
    beside = ("bias", "stride", "filtersize", "numfilters")
    return is_learnable(lower.get("weights")) and any(name in lower for name in beside)


def _learnables(kind: type[Layer]) -> set[str]:
    return {n.lower() for n, p in kind.properties.items() if isinstance(p, Learnable)}


#: The names of learnables, where those of a class are called weights.
_LEARNABLES = frozenset[str]().union(
    *(names for names in map(_learnables, registered().values()) if "weights" in " ".join(names))
)


def may_have(kind: type[Layer], lower: Mapping[str, Value]) -> bool:
    """Whether fields hold something of this class: a learnable, or a property if it has none."""
    learnables = [n.lower() for n in kind.parameters() if n != "Bias"]
    if learnables:
        return any(is_learnable(lower.get(name)) for name in learnables)
    return any(name.lower() in lower for name in kind.properties if name != "Name")
