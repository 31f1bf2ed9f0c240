"""Tensors in MATLAB's order of dimensions with their labels, and how MATLAB's functions take them.

A function is written once, for :class:`Labelled` values. :func:`on_arrays` makes MATLAB's function
of it, which takes numpy arrays, ``dlarray`` and torch tensors (gradients flow through these), in
MATLAB's forms of arguments, and gives back what it was given.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..arrays import as_tuple
from ..data_format import DataFormat, dlarray
from ..display import counted, size_text
from ..engine.arrays import array, as_data, tensor
from ..engine.precision import full_precision
from ..errors import DataFormatError, PropertyError, UsageError, locating
from ..layers.name_value import name_value_pairs
from ..layers.properties import Converter
from ..plain_text import plain_text


@dataclass(frozen=True)
class Labelled:
    """A tensor in MATLAB's order of dimensions."""

    #: The tensor; sizes mean what MATLAB's mean.
    data: Tensor
    #: One label for each dimension ("SSCB"); empty for an unformatted array.
    labels: str = ""

    @classmethod
    def of(cls, data: Tensor, labels: str) -> Labelled:
        """With the trailing dimensions of size 1 that MATLAB drops put back.

        Raises ``DataFormatError``: more dimensions than labels.
        """
        expanded: Any = DataFormat(labels).expanded(data)  # type: ignore[arg-type]  # it indexes
        return cls(expanded, labels)

    def axis(self, label: str) -> int:
        """The dimension of a label that is there once."""
        return self.labels.index(label)

    def size(self, label: str) -> int:
        """The size of that dimension; 1 without it."""
        return self.data.shape[self.axis(label)] if label in self.labels else 1

    def with_data(self, data: Tensor) -> Labelled:
        """The same labels on another tensor."""
        return replace(self, data=data)

    def in_order(self, labels: str) -> Tensor:
        """The tensor with its dimensions in another order of the same labels."""
        return self.data.permute(places_of(labels, self.labels))


def places_of(labels: str, have: str) -> list[int]:
    """Where the labels are among others, which have them all; those alike keep their order."""
    left, places = list(have), []
    for label in labels:
        places.append(left.index(label))
        left[places[-1]] = ""
    return places


#: An argument whose numbers are not brought to the class of the others: places, counted from 1.
Exact: TypeAlias = Labelled


# --- between MATLAB's dimensions and torch's --------------------------------------------


class Folding:
    """The way from labelled data to N,C,*worked and back.

    ``worked`` are labels of the dimensions after the channels, in torch's order; all others than
    these and C are folded into N. Data without C gets one of size 1 on the way.
    """

    def __init__(self, X: Labelled, worked: str) -> None:
        axes: list[int] = []
        for label in worked:
            found = (a for a, have in enumerate(X.labels) if have == label and a not in axes)
            axes.append(next(found))
        self.channel = [X.axis("C")] if "C" in X.labels else []
        rest = [a for a in range(len(X.labels)) if a not in axes and a not in self.channel]
        self.order = [*rest, *self.channel, *axes]
        self.rest = [X.data.shape[a] for a in rest]
        self.labels = X.labels

    def fold(self, data: Tensor) -> Tensor:
        """N,C,*worked of a tensor with the data's dimensions."""
        arranged = data.permute(self.order)
        kept = arranged.shape[len(self.rest) :]
        return arranged.reshape(-1, *(() if self.channel else (1,)), *kept)

    def unfold(self, y: Tensor) -> Labelled:
        """N,C,*worked as labelled data in the order of the data that was folded."""
        kept = y.shape[1:] if self.channel else y.shape[2:]
        inverse = sorted(range(len(self.order)), key=self.order.__getitem__)
        return Labelled(y.reshape(*self.rest, *kept).permute(inverse), self.labels)

    def drop(self, labels: str, y: Tensor) -> Labelled:
        """N,C, where the worked dimensions, labelled ``labels``, have become channels."""
        kept = [a for a in range(len(self.labels)) if self.labels[a] not in labels]
        place = {axis: at for at, axis in enumerate(a for a in self.order if a in kept)}
        result = y.reshape(*self.rest, y.shape[1]).permute([place[a] for a in kept])
        return Labelled(result, "".join(self.labels[a] for a in kept))


def folded(X: Labelled, worked: str, function: Callable[[Tensor], Tensor]) -> Labelled:
    """A function of N,C,*worked applied to labelled data, all other dimensions one by one."""
    folding = Folding(X, worked)
    return folding.unfold(function(folding.fold(X.data)))


def column_major(data: Tensor) -> Tensor:
    """All elements as a vector in MATLAB's order."""
    return data.permute(tuple(reversed(range(data.ndim)))).reshape(-1)


def from_column_major(elements: Tensor, size: Sequence[int]) -> Tensor:
    """The inverse of :func:`column_major`."""
    shaped = elements.reshape(tuple(reversed(size)))
    return shaped.permute(tuple(reversed(range(len(size)))))


def matrix(name: str, value: Labelled, remedy: str) -> Tensor:
    """A matrix without labels, or labelled 'CU'.

    Raises ``DataFormatError``: it is something else.
    """
    if value.data.ndim != 2 or value.labels not in ("", "CU"):
        raise DataFormatError(
            f"{name} is {size_text(tuple(value.data.shape))} '{value.labels}', not {remedy}.",
            remedy="label it 'CU', or not at all.",
        )
    return value.data


def vector(name: str, value: Labelled, n: int, what: str = "channel") -> Tensor:
    """One number for each of ``n``, from an array of any orientation.

    Raises ``DataFormatError``: it has another number of elements.
    """
    if value.data.numel() != n:
        raise DataFormatError(
            f"{name} has {counted(value.data.numel(), 'element')} for {counted(n, what)}."
        )
    return column_major(value.data)


def need_channels(X: Labelled) -> None:
    """Refuse data without channels.

    Raises ``DataFormatError``: there is no C.
    """
    if "C" not in X.labels:
        raise DataFormatError(
            f"The data format '{X.labels}' has no channel dimension.",
            remedy="label it C; a channel of size 1 can be added.",
        )


def run(module: Callable[[], nn.Module], parameters: Mapping[str, Tensor], *inputs: Tensor) -> Any:
    """An engine's module with given tensors as its parameters.

    ``module`` makes it; its own parameters take no memory.
    """
    with torch.device("meta"):
        made = module()
    return functional_call(made, dict(parameters), inputs)


def option(name: str, convert: Converter[Any], value: object) -> Any:
    """The value of a name-value argument.

    Raises ``PropertyError``: MATLAB would refuse it.
    """
    try:
        return convert(value)
    except (ValueError, TypeError) as error:
        shown = f"an array of {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
        raise PropertyError(f"{name} {error}; got {shown}.", where=(name,)) from None


# --- MATLAB's functions of them ---------------------------------------------------------


def on_arrays(core: Callable[..., Any]) -> Callable[..., Any]:
    """MATLAB's function, from one of :class:`Labelled` values.

    Arguments that ``core`` annotates as ``Labelled`` (or ``Exact``) are arrays; its keyword-only
    arguments are MATLAB's name-value arguments, given as ``Stride=2`` or ``"stride", 2``. A core
    with ``DataFormat`` needs labels on its first argument.

    What comes back is what the first argument was: a ``dlarray``, a ``Labelled``, a torch tensor
    (also where another argument is one), else a numpy array. Single unless all arrays are double.
    """
    return _Function(core, 1).wrapper()


def on_arrays_with_outputs(outputs: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As :func:`on_arrays`, for a core that gives a tuple of so many outputs.

    ``nargout`` says how many are wanted, as in MATLAB's own engine for Python: 1 (default) gives
    the first alone, more give a tuple. A core with ``nargout`` is told.
    """
    return lambda core: _Function(core, outputs).wrapper()


def with_options(core: Callable[..., Any], own: Callable[..., Any]) -> Callable[..., Any]:
    """``core``, which several functions share, as the core of one of them.

    It has the name and the documentation of ``own``, and the keyword-only arguments of ``own``
    instead of its ``**own``.
    """
    signature = inspect.signature(core)
    shared = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [p for p in inspect.signature(own).parameters.values() if p.kind is p.KEYWORD_ONLY]
    core.__signature__ = signature.replace(parameters=[*shared, *options])  # type: ignore[attr-defined]
    for name in ("__name__", "__qualname__", "__doc__"):
        setattr(core, name, getattr(own, name))
    return core


class _Function:
    """What the signature of a core says."""

    def __init__(self, core: Callable[..., Any], outputs: int) -> None:
        self.core, self.outputs = core, outputs
        self.name = core.__name__
        parameters = inspect.signature(core).parameters.values()
        self.positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.required = [p.name for p in self.positional if p.default is p.empty]
        keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.is_told = "nargout" in keywords
        self.options = tuple(keywords - {"nargout"})
        self.arrays = {p.name: p.annotation for p in parameters if is_array(p.annotation)}

    def wrapper(self) -> Callable[..., Any]:
        """The function for users."""

        @functools.wraps(self.core)
        def function(*arguments: object, nargout: int = 1, **options: object) -> Any:
            with locating(self.name):
                return self._call(self._bound(arguments, options), nargout)

        return function

    def _bound(
        self, arguments: Sequence[object], options: Mapping[str, object]
    ) -> dict[str, object]:
        """Values by name: positional ones up to the first name of a name-value pair."""
        left = [p for p in self.positional if p.name not in options]
        count = 0
        for parameter, value in zip(left, arguments, strict=False):
            if parameter.default is not parameter.empty and self._is_option(value):
                break
            count += 1
        values = dict(zip((p.name for p in left), arguments, strict=False))
        values = {p.name: values[p.name] for p in left[:count]}
        values |= {p.name: options[p.name] for p in self.positional if p.name in options}
        pairs = {k: v for k, v in options.items() if k not in values}
        missing = [name for name in self.required if name not in values]
        if missing:
            also = " as well" if values else ""
            raise UsageError(f"{self.name} needs {', '.join(missing)}{also}.")
        return values | name_value_pairs(self.name, self.options, arguments[count:], pairs)

    def _is_option(self, value: object) -> bool:
        value = plain_text(value)
        return isinstance(value, str) and value.lower() in {n.lower() for n in self.options}

    def _call(self, values: dict[str, object], nargout: int) -> Any:
        if nargout not in range(1, self.outputs + 1):
            outputs = counted(self.outputs, "output")
            raise UsageError(f"{self.name} has {outputs}, not nargout={nargout!r}.")
        told = {"nargout": nargout} if self.is_told else {}
        first = values[self.positional[0].name]
        given = [v for name in self.arrays if (v := values.get(name)) is not None]
        of_tensors = any(isinstance(v, Tensor | Labelled) for v in given)
        values = values | self._tensors(values)
        formatted = self._labelled(values)
        with ExitStack() as stack:
            if not isinstance(first, Labelled):
                stack.enter_context(full_precision())
            if not of_tensors:
                stack.enter_context(torch.inference_mode())
            results = as_tuple(self.core(**values, **told))[:nargout]
        results = tuple(self._given_back(r, first, of_tensors, formatted) for r in results)
        return results[0] if nargout == 1 else results

    def _tensors(self, values: dict[str, object]) -> dict[str, Labelled]:
        """The arrays among the arguments as tensors of one class."""
        found = {
            name: _as_labelled(name, value)
            for name in self.arrays
            if (value := values.get(name)) is not None
            and not ("str" in self.arrays[name] and isinstance(plain_text(value), str))
        }
        classes = [v.data.dtype for name, v in found.items() if "Exact" not in self.arrays[name]]
        floats = [c for c in classes if c.is_floating_point and c is not torch.float64]
        dtype = reduce(torch.promote_types, floats) if floats else torch.float64
        given = (getattr(values[name], "data", None) for name in found)
        device = next((v.device for v in given if isinstance(v, Tensor)), None)
        return {
            name: v.with_data(
                v.data.to(device, v.data.dtype if "Exact" in self.arrays[name] else dtype)
            )
            for name, v in found.items()
        }

    def _labelled(self, values: dict[str, Any]) -> bool:
        """Put DataFormat on the first argument; whether that was labelled itself."""
        name = self.positional[0].name
        X = values[name]
        if "DataFormat" not in self.options:
            return bool(X.labels) if isinstance(X, Labelled) else False
        labels = values.pop("DataFormat", None)
        if X.labels:
            if labels is not None:
                raise PropertyError(
                    f"{name} is a labelled dlarray: DataFormat cannot be given as well."
                )
            return True
        if labels is None:
            raise DataFormatError(
                f"{name} has no labels.", remedy='pass DataFormat="SSCB", or a dlarray.'
            )
        values[name] = Labelled.of(X.data, DataFormat.parse(labels).labels)
        return False

    def _given_back(
        self, result: object, first: object, of_tensors: bool, formatted: bool
    ) -> object:
        if not isinstance(result, Labelled):
            return result
        labels = result.labels if formatted else ""
        if isinstance(first, Labelled):
            return replace(result, labels=labels)
        if of_tensors and not isinstance(first, dlarray):
            return result.data
        data = array(result.data)
        return dlarray(data, labels) if labels else data


def is_array(annotation: object) -> bool:
    """Whether arguments with this annotation are arrays."""
    return "Labelled" in str(annotation) or "Exact" in str(annotation)


def _as_labelled(name: str, value: object) -> Labelled:
    """A tensor with the labels that the value itself has."""
    if isinstance(value, Labelled):
        return value
    if isinstance(value, Tensor):
        if value.numel() == 0 or value.is_complex():
            raise DataFormatError(f"{name} must be a real tensor that is not empty.")
        return Labelled(value)
    with locating(name):
        data = as_data(value)
    data = data if data.dtype.kind == "f" else data.astype("float64")
    single = data.dtype.itemsize <= 4  # half, which numpy has and MATLAB not, is single
    labels = value.dims() if isinstance(value, dlarray) else ""
    return Labelled(tensor(data, None, "single" if single else "double"), labels)
