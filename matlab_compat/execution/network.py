"""A network's module run on MATLAB's data, with results as MATLAB gives them."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from ..arrays import Array
from ..contexts import during
from ..data_format import DataFormat, dlarray
from ..display import TIMES, counted, size_text
from ..engine.arrays import array, as_data, tensor
from ..engine.precision import DeviceLike, DTypeLike, full_precision
from ..errors import DataFormatError, MatlabCompatWarning, UsageError, locating, place, warn
from ..plain_text import class_names, plain_texts
from ..wording import argument
from .described import CLASSIC, Computed, LayerLike, NetworkLike, Plan, Port, RunOptions
from .module import build_graph, run_network, run_recording

if TYPE_CHECKING:
    from torch import fx


log = logging.getLogger(__name__)

#: The size of what is given, and that of the input layer.
_Sizes: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

#: How data without labels is read, by the format of the input it goes to: features come N×C,
#: one sequence C×T (a list of them for a batch), images H×W×C×N.
UNLABELLED = {"CB": "BC", "CBT": "CTB", "SCBT": "SCTB", "SSCBT": "SSCTB", "SSSCBT": "SSSCTB"}


@dataclass(frozen=True)
class NetworkInput:
    """One network input: an array, or a list of sequences, with its labels."""

    data: list[Array]
    data_format: DataFormat
    is_list: bool
    labelled: bool
    #: The size of (the first of) the data and the size of its input layer, where they differ.
    other_size: _Sizes | None = None

    def observation(self, index: int) -> Array:
        """One item of the list, with all the dimensions that its labels name."""
        return self.data_format.expanded(self.data[index])


def predict(network: NetworkLike, X: Sequence[object], how: RunOptions) -> Any:
    """:meth:`matlab_compat.network.Network.predict`."""
    return answer(computed(network, X, how), stacklevel=4)


def answer(run: NetworkRun, stacklevel: int = 3) -> Any:
    """What ``predict`` gives for a run, with its warnings."""
    for given in run.inputs:
        if given.other_size:
            have, want = map(size_text, given.other_size)
            warnings.warn(
                f"The input is {have}, larger than the {want} of the input layer; MATLAB's "
                "predict refuses that (its activations does not).",
                MatlabCompatWarning,
                stacklevel,
            )
    results = tuple(map(_in_memory, run.outputs))
    return results[0] if len(results) == 1 else results


def activations(network: NetworkLike, X: Sequence[object], how: RunOptions) -> dict[str, Any]:
    """The (first) outputs of the layers that are wanted, by name."""
    found = computed(network, X, how).activations
    return {name: _in_memory(value) for name, value in found.items()}


@dataclass(frozen=True)
class NetworkRun(Computed):
    """The results of a network, and what it made of its inputs."""

    inputs: list[NetworkInput]


def computed(
    network: NetworkLike,
    X: Sequence[object],
    how: RunOptions,
) -> NetworkRun:
    """The network's outputs, and the (first) outputs of the layers that are wanted, in one run.

    Raises ``LayerNotFoundError``: there is no layer of a name.
    """
    for name in how.layers:
        network.layer(name)
    inputs = network_inputs(network, X, how.data_format)
    return run_plan(network, network.plan(input_formats(network, inputs)), inputs, how)


def run_plan(
    network: NetworkLike, plan: Plan[LayerLike], inputs: list[NetworkInput], how: RunOptions
) -> NetworkRun:
    """:func:`computed` for what :func:`network_inputs` made, and the plan for its labels."""
    plan = plan if how.outputs else plan.upto(how.layers)
    module = _module(network, plan, how) if how.engine is None else None
    wanted = {
        step.name: _producer(step.name, plan) for step in plan.steps if step.name in how.layers
    }
    ends = plan.outputs if how.outputs else {}

    def run(data: list[Array]) -> tuple[Array, ...]:
        tensors = input_tensors(inputs, data, how.device, how.dtype)
        if module is None:
            assert how.engine is not None
            return how.engine(plan.inputs, tensors)
        return _run(module, tensors, list(wanted.values()) if how.outputs else [])

    inside = how.inside or nullcontext()
    with torch.inference_mode(), full_precision(how.allow_tf32), _sizes_named(inputs), inside:
        observations = _run_lists(inputs, run)
    each = [list(values) for values in zip(*observations, strict=True)]
    results = [
        as_matlab(network, inputs, values, labels)
        for values, (_, labels) in zip(each[: len(ends)], ends.values(), strict=True)
    ]
    formats_of = {step.name: step.output_formats[0] for step in plan.steps}
    seen = {
        name: as_matlab(network, inputs, values, formats_of[name], is_activation=True)
        for name, values in zip(wanted, each[len(ends) :], strict=True)
    }
    return NetworkRun(tuple(results), seen, inputs)


#: What :func:`built_once` keeps, by what it was built for.
_built: ContextVar[dict[object, fx.GraphModule] | None] = ContextVar("built", default=None)


def built_once(kept: dict[Any, Any]) -> AbstractContextManager[None]:
    """Networks run within, and not changed meanwhile, are built once, and stay in ``kept``."""
    return during(_built, kept)


def _module(network: NetworkLike, plan: Plan[LayerLike], how: RunOptions) -> fx.GraphModule:
    kept = _built.get()
    kept = {} if kept is None else kept
    key = (id(network), *plan.inputs.items(), *plan.outputs, how.device, how.dtype, how.training)
    if key not in kept:
        labels = ", ".join(f"{name} '{labels}'" for name, labels in plan.inputs.items())
        log.info("built for %s on %s in %s", labels, how.device or "cpu", how.dtype or "single")
        kept[key] = build_graph(plan, how.device, how.dtype).train(how.training)
    return kept[key]


@contextmanager
def _sizes_named(inputs: list[NetworkInput]) -> Iterator[None]:
    """Name the size of the input, where a layer refuses what became of an image of another size."""
    try:
        yield
    except DataFormatError as error:
        other = next((given.other_size for given in inputs if given.other_size), None)
        if other is None:
            raise
        have, want = map(size_text, other)
        raise DataFormatError(
            f"The input must be {want}, the image is {have}: this layer cannot take what becomes "
            "of another size.",
            where=error.where,
            remedy=f"resize or crop the image to {size_text(other[1][:-1])}, as in MATLAB.",
        ) from None


def _producer(name: str, plan: Plan[LayerLike]) -> str:
    """Output layers compute nothing: their activations are those of what feeds them."""
    step = next(s for s in plan.steps if s.name == name)
    return _producer(step.sources[0][0], plan) if step.layer.is_output else name


def best_classes(network: NetworkLike, scores: Any, classes: object) -> Any:
    """:meth:`Network.classify <matlab_compat.network.Network.classify>`, of what predict gave."""
    data, is_list, of_observations = _class_scores(network, scores)
    names = _names(classes, data[0].shape[0])
    # NaN is left out, as by MATLAB's ``max``.
    found = [names[np.where(np.isnan(s), -np.inf, s).argmax(0)] for s in data]
    if is_list:
        return [one.tolist() for one in found]
    return found[0].ravel().tolist() if of_observations else found[0]


def _class_scores(network: NetworkLike, scores: Any) -> tuple[list[Array], bool, bool]:
    """Those results of a network that are scores of its classes, which come first.

    Whether they are a list (of sequences, each the one observation), and whether they are of
    observations, not of their pixels or time steps.
    """
    outputs = list(network.plan().outputs.values())
    having = [network.layer(port[0]).classes() for port, _ in outputs]
    chosen = having.index(network.Classes) if network.Classes in having else 0
    found, labels = scores[chosen] if isinstance(scores, tuple) else scores, outputs[chosen][1]
    is_list = isinstance(found, list)
    axis = labels.index("C")
    if isinstance(found, dlarray):
        axis, found = found.dims().index("C"), found.extractdata()
    elif not is_list and "T" not in labels and found.ndim == 2:
        axis = 1  # N×K
    data = [np.moveaxis(one, axis, 0) for one in (found if is_list else [found])]
    if any(np.isnan(one).any() for one in data):
        warn(
            "Some scores are NaN: the classes there say nothing.",
            where=place(),
            remedy="look for NaN and Inf in the input first, then in the weights.",
        )
    if is_list:
        return data, True, all(one[0].size == 1 for one in data)
    return data, False, "T" not in labels and data[0][0].size == data[0].shape[-1]


def top_classes(
    network: NetworkLike, scores: Any, classes: object, top: int
) -> list[list[tuple[str, float]]]:
    """:meth:`Network.top_classes <matlab_compat.network.Network.top_classes>`."""
    data, _, of_observations = _class_scores(network, scores)
    if not of_observations:
        raise UsageError(
            "The scores are of each pixel or time step, not of each observation.",
            remedy="classify without top gives the class of each.",
        )
    columns = np.concatenate([one.reshape((one.shape[0], -1)) for one in data], axis=1)
    names = _names(classes, columns.shape[0])
    order = np.argsort(-columns, axis=0, kind="stable")[:top]
    return [
        [(str(names[i]), float(column[i])) for i in best]
        for column, best in zip(columns.T, order.T, strict=True)
    ]


def _names(classes: object, count: int) -> Array:
    """The names of the classes, refused if not one for each channel of the scores."""
    problem = "but no names of classes were given"
    # Where the labels of a data set are given, their categories are the classes, in order.
    for given in (classes, getattr(classes, "categories", None)):
        try:
            names = class_names(given)
        except ValueError as error:
            problem = f"and their names {error}"
            continue
        if names is not None and len(names) == count:
            return np.array(names, dtype=object)
        if names is not None:
            problem = f"but {len(names)} names were given"
    raise UsageError(
        f"The scores are of {count} classes, {problem}.",
        remedy=f"{argument('classes')} takes {count} names, in the order of the scores.",
    )


def check_number(X: Sequence[object], inputs: Collection[str]) -> None:
    """Raise :class:`UsageError` where there are not as many as the network's inputs."""
    if len(X) != len(inputs):
        raise UsageError(
            f"The network has {counted(len(inputs), 'input')} ({', '.join(inputs)}), "
            f"but {len(X)} were given."
        )


def network_inputs(
    network: NetworkLike, X: Sequence[object], data_format: str | Sequence[str] | None
) -> list[NetworkInput]:
    """The data for each input of the network, with labels."""
    plan = network.plan()
    check_number(X, plan.inputs)
    given = plain_texts(data_format)
    one = given is None or isinstance(given, str)
    each: list[str | None] = [given] * len(X) if one else list(given)
    if len(each) != len(X):
        raise UsageError(f"There are {len(X)} inputs but {len(each)} data formats.")
    found = []
    for x, labels, (name, own) in zip(X, each, plan.inputs.items(), strict=True):
        with locating(f"input '{name}'"):
            read = _input(x, labels, own, _reads_complex(plan, (name, -1)))
            found.append(replace(read, other_size=_other_size(network, name, own, read)))
    return found


def _reads_complex(plan: Plan[LayerLike], source: Port) -> bool:
    """Whether all layers that read this take complex numbers, until they are made real."""
    readers = [step for step in plan.steps if source in step.sources]
    return bool(readers) and all(
        step.layer.takes_complex()
        and (step.layer.makes_real or _reads_complex(plan, (step.name, 0)))
        for step in readers
    )


def _input(x: object, labels: str | None, own: str, of_complex: bool) -> NetworkInput:
    if isinstance(x, dlarray):
        data = as_data(x.extractdata(), of_complex=of_complex)
        return NetworkInput([data], DataFormat.parse(x.dims()), False, True)
    data_format = DataFormat.parse(labels or UNLABELLED.get(own, own))
    if isinstance(x, list) or (isinstance(x, np.ndarray) and x.dtype == object):
        items = list(x.ravel(order="F")) if isinstance(x, np.ndarray) else x
        # A list of features is a matrix.
        if own != "CB" and items and all(np.ndim(item) > 0 for item in items):
            return _list(items, data_format, of_complex)
        if len(items) > 1 and all(isinstance(item, np.ndarray) and item.ndim > 1 for item in items):
            raise UsageError(
                f"The input is {len(items)} arrays (a cell array), as sequences are given, and "
                "this input takes one array.",
                remedy="give one of them, or join them: in MATLAB cat(1, X{:}), in Python "
                "np.concatenate(X).",
            )
    return NetworkInput([as_data(x, of_complex=of_complex)], data_format, False, False)


def _list(items: list[Any], data_format: DataFormat, of_complex: bool) -> NetworkInput:
    """One observation in each item, whatever their lengths."""
    labels = {item.dims() if isinstance(item, dlarray) else None for item in items}
    if len(labels) > 1:
        raise UsageError(
            "The arrays of a list have different labels, or only some have any.",
            remedy=f"label all of them in one way, or none and say {argument('data_format')}.",
        )
    if None not in labels:
        items, data_format = [x.extractdata() for x in items], DataFormat.parse(labels.pop())
    data_format = data_format if "B" in data_format.labels else DataFormat(data_format.labels + "B")
    data = [as_data(item, of_complex=of_complex) for item in items]
    found = NetworkInput(data, data_format, True, False)
    if any(found.observation(i).shape[_batch_axis(found)] != 1 for i in range(len(items))):
        raise UsageError("Each item of a list must be one observation.")
    return found


def _other_size(network: NetworkLike, name: str, own: str, given: NetworkInput) -> _Sizes | None:
    """The size of (the first of) the data and the input layer's, if it is larger than that.

    MATLAB's ``predict`` takes exactly InputSize. Larger images are taken here where the layers can,
    as MATLAB's ``activations`` takes them; smaller ones, and data with other labels or channels,
    which torch would misread or broadcast, are refused.
    """
    layer = network.layer(name) if name in network.names else None
    wanted = layer.input_size() if layer is not None else None
    if wanted is None:
        return None
    if given.data_format.batched != own:
        what = f"The data is labelled '{given.data_format.labels}', but the network takes '{own}'."
        raise DataFormatError(what, remedy=f"label or permute the data as '{own}'.")
    other = None
    for item in given.data:
        size = given.data_format.to_canonical(item).shape[: len(wanted)]  # S and C come first
        smaller = any(have < want for have, want in zip(size, wanted, strict=True))
        if smaller or (wanted[-1] >= 0 and size[-1] != wanted[-1]):
            raise DataFormatError(
                f"The input, {size_text(item.shape)} read as '{given.data_format.labels}', "
                f"has size {size_text(size)}, but the layer takes {_wanted_text(wanted)}.",
                remedy=f"check the order of the dimensions, or pass {argument('data_format')}.",
            )
        larger = any(have > want >= 0 for have, want in zip(size, wanted, strict=True))
        other = (size, wanted) if larger and other is None else other
    return other


def _wanted_text(size: Sequence[int]) -> str:
    """A size whose free sides are NaN, as in InputSize."""
    return TIMES.join("NaN" if n < 0 else str(n) for n in size)


def input_formats(network: NetworkLike, inputs: list[NetworkInput]) -> dict[str, str]:
    """The labels of each input as the network takes it, with B, by the input's name."""
    return {
        name: given.data_format.batched
        for name, given in zip(network.plan().inputs, inputs, strict=True)
    }


def _run_lists(inputs: list[NetworkInput], run: Any) -> list[tuple[Array, ...]]:
    """Each observation of list inputs; equal sizes together, as padding (MATLAB's) may show."""
    counts = {len(i.data) for i in inputs}
    if counts == {1}:
        return [run([i.data[0] for i in inputs])]
    if len(counts) != 1:
        raise UsageError("Lists of observations must have the same length for every input.")
    groups: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for index in range(counts.pop()):
        groups[tuple(i.data_format.expanded(i.data[index]).shape for i in inputs)].append(index)
    results: dict[int, tuple[Array, ...]] = {}
    for members in groups.values():
        batch = [
            np.concatenate([i.observation(m) for m in members], axis=_batch_axis(i)) for i in inputs
        ]
        outputs = run(batch)
        for i, index in enumerate(members):
            results[index] = tuple(y[i : i + 1] for y in outputs)
    return [results[index] for index in sorted(results)]


def _batch_axis(given: NetworkInput) -> int:
    return given.data_format.labels.index("B")


def input_tensors(
    inputs: list[NetworkInput],
    data: list[Array],
    device: DeviceLike | None,
    dtype: DTypeLike | None,
) -> tuple[torch.Tensor, ...]:
    """One array for each input, in MATLAB's order, as the tensors that the module takes."""
    return tuple(
        tensor(i.data_format.to_torch(x), device, dtype) for i, x in zip(inputs, data, strict=True)
    )


def _run(
    module: fx.GraphModule, tensors: tuple[torch.Tensor, ...], layers: Sequence[str]
) -> tuple[Array, ...]:
    """The outputs, then those of the layers."""
    if not layers:
        return tuple(array(y) for y in run_network(module, tensors))
    outputs, seen = run_recording(module, tensors, layers)
    return tuple(array(y) for y in (*outputs, *(seen[name] for name in layers)))


def _in_memory(result: Any) -> Any:
    """An array in MATLAB's order of memory, too; it is only viewed in that order until then."""
    return np.asfortranarray(result) if isinstance(result, np.ndarray) else result


def as_matlab(
    network: NetworkLike,
    inputs: list[NetworkInput],
    observations: list[Array],
    labels: str,
    *,
    is_activation: bool = False,
) -> Any:
    """One output of all observations, as MATLAB's ``predict`` of that class of network gives it.

    As its ``activations`` gives it, vectors are K×N, and 1×1×K×N where they come from images.
    """
    first = inputs[0]
    if first.labelled:
        return dlarray(*first.data_format.from_torch(observations[0], labels))
    if is_activation and labels == "CB":
        columns = np.concatenate(observations, axis=0).T
        return columns[np.newaxis, np.newaxis] if "S" in first.data_format.labels else columns
    first_of_all = (observations_first(network, labels, y.shape) for y in observations)
    if not is_activation and all(first_of_all):
        rows = np.concatenate(observations, axis=0)  # torch's N,C is MATLAB's N×K
        return rows.reshape(rows.shape[:2])
    if first.is_list:
        return [_sequence(y, labels) for y in observations]
    if "T" in labels:
        return _sequence(observations[0], labels)
    return DataFormat.parse(labels).from_torch(observations[0], labels)[0]


def result_labels(
    inputs: list[NetworkInput], labels: str, rank: int, *, is_activation: bool = False
) -> str:
    """The labels of :func:`as_matlab`, ``rank`` of them, in order."""
    first = inputs[0]
    if first.labelled:
        return first.data_format.of_output(labels)
    if labels == "CB":
        if is_activation:
            return "SSCB" if "S" in first.data_format.labels else "CB"
        return "BC"
    if rank == 2 and "T" not in labels:  # N×K, see observations_first
        return "BC"
    return f"{labels.replace('B', '')}B" if first.is_list or "T" in labels else labels


def observations_first(network: NetworkLike, labels: str, size: Sequence[int]) -> bool:
    """Whether ``predict`` gives an output of torch's ``size`` N×K.

    Vectors, and what a SeriesNetwork or DAGNetwork makes 1×1×K (``classify`` and ``predict`` of
    those take image networks that end in a 1×1 map for ones that end in a vector).
    """
    if labels == "CB":
        return True
    return network.kind in CLASSIC and "T" not in labels and all(n == 1 for n in size[2:])


def _sequence(y: Array, labels: str) -> Array:
    """C×T (S×C×T ...) for one observation, with N last for several."""
    result, order = DataFormat.parse(labels).from_torch(y, labels)
    result = np.moveaxis(result, order.index("B"), -1)
    return result[..., 0] if result.shape[-1] == 1 else result
