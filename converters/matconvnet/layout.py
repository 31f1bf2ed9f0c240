"""How MatConvNet saves its networks: both layouts as one list of parts.

SimpleNN has ``layers``, a cell of structs that follow each other; DagNN has ``layers`` with the
names of their input and output variables, and ``params`` by name. Both may be a struct, the fields
of an object, or variables of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.display import counted, one_line, shortened
from matlab_compat.errors import CorruptFileError, PropertyError, UnsupportedLayerError
from matlab_compat.layers.properties import real_scalar
from matlab_compat.layers.properties import shown as shown_value
from matlab_compat.network.preparation import ImagePreparation

from ..matfile.values import Damaged, StructArray, Value, cell_items, sound
from ..saved import to_dict

#: A struct, as its fields.
Fields: TypeAlias = Mapping[str, Value]

#: Types of SimpleNN's layers; its structs name no classes.
SIMPLENN = frozenset(
    (
        *("bnorm", "conv", "convt", "custom", "dropout", "loss", "lrn", "noffset", "normalize"),
        *("pdist", "pool", "relu", "sigmoid", "softmax", "softmaxloss", "spnorm"),
    )
)
#: Classes of DagNN's layers that compute what one of SimpleNN does, and those of its own.
_DAGNN = {
    "Conv": "conv",
    "ConvTranspose": "convt",
    "Pooling": "pool",
    "ReLU": "relu",
    "Sigmoid": "sigmoid",
    "LRN": "lrn",
    "BatchNorm": "bnorm",
    "SoftMax": "softmax",
    "DropOut": "dropout",
    "NormOffset": "noffset",
    "SpatialNorm": "spnorm",
    "Concat": "concat",
    "Sum": "sum",
    "Scale": "scale",
    "Crop": "crop",
    "ROIPooling": "roipooling",
}
#: Fields of each layer of a DagNN.
_OF_DAGNN = frozenset(("type", "block", "inputs", "outputs"))


@dataclass(frozen=True)
class Part:
    """One layer as the file has it."""

    #: ``layers{3}`` of a SimpleNN, ``layers(3)`` of a DagNN.
    at: str
    name: str
    #: As the file says: ``conv``, ``dagnn.Conv``.
    type: str
    #: What it computes, in SimpleNN's words; '' where it is none of MatConvNet's layers.
    kind: str
    #: Its settings: those of a DagNN lie in its block.
    fields: Fields
    #: Its parameters, in MatConvNet's order.
    weights: tuple[Value, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    #: The names of the parameters in a DagNN.
    params: tuple[str, ...] = ()
    #: The factors of learning rate and weight decay of each parameter, as far as they are said.
    rates: tuple[float, ...] = ()
    decays: tuple[float, ...] = ()

    @property
    def is_loss(self) -> bool:
        """Whether only training uses it, by its type or by what a custom layer is called."""
        called = (self.name, *self._handles()) if self.kind == "custom" else (self.type,)
        return any("loss" in text.lower() for text in called)

    @property
    def said(self) -> str:
        """``layers{6} 'loss' (custom)``."""
        return one_line(shortened(f"{self.at} '{self.name}' ({self.type})", 200))

    def refused(self) -> UnsupportedLayerError:
        """The error for what is none of the layers that run."""
        if self.kind == "custom":
            called = ", ".join(self._handles()) or "functions that are not in the file"
            return self._error(f": it calls {called}")
        if self.kind:
            return self._error(", which this version does not run")
        return self._error(", which is not a layer of MatConvNet: the author's own function")

    def _handles(self) -> list[str]:
        found = (getattr(value, "text", "") for value in self.fields.values())
        return [text for text in found if isinstance(text, str) and text]

    # --- its fields, checked ----------------------------------------------------------------

    def array(self, index: int, what: str) -> Array:
        """A parameter, which must be there.

        Raises ``UnsupportedLayerError``: it is missing or empty, or no array of real numbers.
        """
        value = self.weights[index] if index < len(self.weights) else None
        if value is None and index < len(self.params):
            raise self.problem(f"has {what} '{self.params[index]}', which is not among the params")
        if value is None or (isinstance(value, np.ndarray) and not value.size):
            raise self.problem(f"has no {what}")
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise self.problem(f"has {what} that are {shown_value(value)}, no array of numbers")
        return value

    def bias(self, index: int, count: int) -> Array:
        """The biases of ``count`` filters as a column; empty where there are none.

        Raises ``UnsupportedLayerError``: they are others.
        """
        value = self.weights[index] if index < len(self.weights) else None
        if index >= len(self.params) and value is None:
            return np.zeros((0, 0))
        if isinstance(value, np.ndarray) and not value.size:
            return np.zeros((0, 0))
        found = self.array(index, "biases")
        if found.size != count:
            raise self.problem(f"has {counted(found.size, 'bias')} for {counted(count, 'filter')}")
        return found.reshape(-1, 1, order="F")

    def numbers(self, name: str, default: float, *counts: int) -> list[float]:
        """The numbers of a field, in one of these counts; ``[default]`` where it has none.

        Raises ``UnsupportedLayerError``: they are none, or another number of them.
        """
        value = sound(self.fields.get(name))
        if value is None or (isinstance(value, np.ndarray) and not value.size):
            return [default]
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
            raise self.problem(f"has {name} {shown_value(value)}, no number")
        if value.size not in counts:
            wanted = " or ".join([*map(str, counts[:-1]), counted(counts[-1], "number")])
            raise self.problem(f"has {name} {shown_value(value)}, not {wanted}")
        found: list[float] = value.astype(np.float64).ravel(order="F").tolist()
        return found

    def number(self, name: str, default: float) -> float:
        """One number."""
        return self.numbers(name, default, 1)[0]

    def pair(self, name: str) -> tuple[float, float]:
        """[vertical horizontal], by default [1 1]; one number is both."""
        found = self.numbers(name, 1, 1, 2)
        return found[0], found[-1]

    def edges(self, name: str) -> list[float]:
        """[top bottom left right]; one number is all of them, and of a DagNN two are each twice."""
        counts = (1, 2, 4) if self.type.startswith("dagnn.") else (1, 4)
        found = self.numbers(name, 0, *counts)
        return found if len(found) == 4 else [found[0], found[0], found[-1], found[-1]]

    def text(self, name: str, default: str) -> str:
        """A text in lower case.

        Raises ``UnsupportedLayerError``: it is none.
        """
        value = sound(self.fields.get(name))
        if value is None or (isinstance(value, np.ndarray) and not value.size):
            return default
        if not isinstance(value, str):
            raise self.problem(f"has {name} {shown_value(value)}, no text")
        return value.lower()

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return bool(self.number(name, default))

    def problem(self, what: str) -> UnsupportedLayerError:
        """The error for this layer, ``what`` as it stands after "is of type 'conv' and"."""
        return self._error(f" and {what}")

    def _error(self, what: str) -> UnsupportedLayerError:
        kind = shortened(self.type, 100)
        return UnsupportedLayerError(one_line(f"{self.at} is of type '{kind}'{what}"))


# --- SimpleNN -------------------------------------------------------------------------------


def is_simplenn(layers: Value) -> bool:
    """Whether a value is the cell of layers of a SimpleNN: structs with a type, some of its."""
    if not (isinstance(layers, np.ndarray) and layers.dtype == object and layers.size):
        return False
    types = {_field(one, "type") for one in layers.flat}
    return all(isinstance(kind, str) for kind in types) and not SIMPLENN.isdisjoint(
        kind.lower() for kind in types
    )


def simplenn_parts(layers: Array) -> list[Part]:
    """The layers of a SimpleNN; variable ``x1`` is what the first makes of ``x0``."""
    parts = []
    for i, struct in enumerate(layers.ravel(order="F"), 1):
        fields = fields_of(struct)
        kind, name = str(fields["type"]), fields.get("name")
        parts.append(
            Part(
                at=f"layers{{{i}}}",
                name=name if isinstance(name, str) and name else f"layer{i}",
                type=kind,
                kind=kind.lower() if kind.lower() in SIMPLENN else "",
                fields=fields,
                weights=_simplenn_weights(fields),
                inputs=(f"x{i - 1}",),
                outputs=(f"x{i}",),
                rates=numbers_of(fields.get("learningRate")),
                decays=numbers_of(fields.get("weightDecay")),
            )
        )
    return parts


def _simplenn_weights(fields: Fields) -> tuple[Value, ...]:
    """``weights``, or of the old form ``filters`` and ``biases``."""
    weights = sound(fields.get("weights"))
    if cells := cell_items(weights):
        return tuple(to_dict(sound(item)) for item in cells)
    if "weights" in fields and not (isinstance(weights, np.ndarray) and not weights.size):
        return (weights,)  # no cell: whoever asks for an array says what it is
    return tuple(to_dict(sound(fields.get(name))) for name in ("filters", "biases"))


# --- DagNN ----------------------------------------------------------------------------------


def is_dagnn(layers: Value) -> bool:
    """Whether a value is the struct array of layers of a DagNN."""
    if isinstance(layers, np.ndarray) and layers.dtype == object and layers.size:
        return all(is_dagnn(one) for one in layers.flat)
    fields = layers.fields if isinstance(layers, StructArray) else layers
    return isinstance(fields, Mapping) and set(fields) >= _OF_DAGNN


def dagnn_parts(network: Fields) -> list[Part]:
    """The layers of a DagNN with their parameters.

    Raises ``CorruptFileError``: something has not the form of a DagNN.
    """
    params: dict[str, Fields] = {}
    for fields in _structs(network.get("params"), "params"):
        params[_name(fields, "name", "params")] = fields
    parts = []
    for i, fields in enumerate(_structs(network.get("layers"), "layers"), 1):
        at = f"layers({i})"
        kind, block = _name(fields, "type", at), sound(fields.get("block"))
        names = _texts(fields.get("params"), f"{at}.params")
        own = [params.get(name, {}) for name in names]
        parts.append(
            Part(
                at=at,
                name=_name(fields, "name", at),
                type=kind,
                kind=_DAGNN.get(kind.removeprefix("dagnn."), ""),
                fields=fields_of(block) if _is_struct(block) else {},
                weights=tuple(to_dict(sound(one.get("value"))) for one in own),
                inputs=_texts(fields.get("inputs"), f"{at}.inputs"),
                outputs=_texts(fields.get("outputs"), f"{at}.outputs"),
                params=names,
                rates=tuple(one_number(one.get("learningRate"), 1.0) for one in own),
                decays=tuple(one_number(one.get("weightDecay"), 1.0) for one in own),
            )
        )
    return parts


def numbers_of(value: Value) -> tuple[float, ...]:
    """The numbers of a vector; nothing where it is none."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
        return ()
    if value.size != max(value.shape) or value.size > 100 or not np.isfinite(value).all():
        return ()
    return tuple(value.ravel(order="F").tolist())


def fields_of(value: Value) -> dict[str, Value]:
    """The fields of a 1×1 struct."""
    return dict(value) if isinstance(value, Mapping) else dict(next(sound(value).elements()))


def _is_struct(value: Value) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, StructArray) and value.shape == (1, 1) and bool(value.fields)
    )


def _field(value: Value, name: str) -> Value:
    return fields_of(value).get(name) if _is_struct(value) else None


def _structs(value: Value, what: str) -> Iterator[Fields]:
    """The elements of a struct array, or of a cell of structs; none of ``[]``."""
    value = sound(value)
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, StructArray):
        if value.fields:
            yield from value.elements()
    elif cells := cell_items(value):
        for item in cells:
            if not _is_struct(item):
                raise CorruptFileError(f"{what} of a DagNN holds {shown_value(item)}, no struct.")
            yield fields_of(item)
    elif value is not None and not (isinstance(value, np.ndarray) and not value.size):
        raise CorruptFileError(f"{what} of a DagNN is {shown_value(value)}, no struct array.")


def _name(fields: Fields, field: str, at: str) -> str:
    value = sound(fields.get(field))
    if not isinstance(value, str) or not value:
        raise CorruptFileError(f"{at} of a DagNN has {field} {shown_value(value)}, no text.")
    return value


def _texts(value: Value, at: str) -> tuple[str, ...]:
    """One text, or a cell of them; ``[]`` and ``{}`` are none."""
    value = sound(value)
    if isinstance(value, str):
        return (value,)
    if value is None or (isinstance(value, np.ndarray) and not value.size):
        return ()
    items = value.ravel(order="F").tolist() if isinstance(value, np.ndarray) else [value]
    if not all(isinstance(item, str) for item in items):
        raise CorruptFileError(f"{at} of a DagNN is {shown_value(value)}, no cell of names.")
    return tuple(items)


# --- what lies beside the layers -------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """``meta``: what is known of the images and the classes. The old form has no struct meta."""

    network: Fields

    def _beside(self, name: str) -> Value:
        meta = self.network.get("meta")
        found = _field(meta, name)
        return self.network.get(name) if found is None else found

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes: of ``description`` and ``name`` the first; else ``None``."""
        value = self._beside("classes")
        if _is_struct(value):
            fields = fields_of(value)
            value = next((fields[n] for n in ("description", "name") if n in fields), None)
        names = cell_items(value)
        return names if names and all(isinstance(name, str) for name in names) else None

    @property
    def normalization(self) -> dict[str, Value]:
        """``normalization`` as its fields; empty if there is none."""
        value = self._beside("normalization")
        return fields_of(value) if _is_struct(value) else {}

    @property
    def preparation(self) -> ImagePreparation | None:
        """``normalization`` for use; what is not as MatConvNet writes it says nothing."""
        saved = self.normalization
        sides = numbers_of(saved.get("imageSize"))[:2]
        method = saved.get("interpolation", "")
        if isinstance(method, np.ndarray) and not method.size:  # []
            method = ""
        if not isinstance(method, str):
            return None
        method = method or "bicubic"
        if len(sides) < 2 or min(sides) < 1 or method not in ("bicubic", "bilinear"):
            return None
        average = saved.get("averageImage")
        if not isinstance(average, np.ndarray) or average.dtype.kind not in "iuf":
            average = np.zeros(0)
        if 0 < average.size == max(average.shape):  # one number for each channel
            average = average.reshape(1, 1, -1)
        border = numbers_of(saved.get("border"))
        cut = one_number(saved.get("cropSize"), 1.0)
        if not border and 0 < cut < 1:
            border = tuple(n / cut - n for n in sides)
        return ImagePreparation(
            (int(sides[0]), int(sides[1])),
            average,
            method,
            (border[0], border[-1]) if border and min(border) >= 0 else (0.0, 0.0),
            bool(one_number(saved.get("keepAspect"), 0.0)),
        )

    @property
    def channels(self) -> int | None:
        """The channels of the images, where ``imageSize`` or ``inputSize`` says it."""
        for saved in (self.normalization.get("imageSize"), self._beside("inputSize")):
            if len(size := numbers_of(saved)) >= 3:
                return int(size[2]) if size[2] == int(size[2]) and size[2] > 0 else None
        return None


def one_number(value: Value, default: float) -> float:
    """A number of meta; what is none is as if it were missing."""
    try:
        return default if value is None or isinstance(value, Damaged) else real_scalar(value)
    except (ValueError, PropertyError):
        return default
