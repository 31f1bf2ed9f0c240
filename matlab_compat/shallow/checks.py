"""All that keeps a shallow network from being run, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import Array
from ..display import counted
from ..errors import PropertyError
from .description import Description
from .parts import Steps
from .processing import Projection, Selection, UnsettledError, resolve
from .registry import UNPROVEN_WEIGHTS, is_known

#: Layer outputs that are never negative: what ``normprod`` divides by is then settled.
_NOT_NEGATIVE = frozenset(
    ("compet", "hardlim", "logsig", "poslin", "radbas", "radbasn", "satlin", "softmax", "tribas")
)
#: More steps back than any series has, and the memory for as many.
_LONGEST_DELAY = 1_000_000


def problems(net: Description) -> list[str]:
    """What is wrong with the network; empty if it can be run."""
    if not net.layers or not net.output_layers:
        return [f"the network has no {'output' if net.layers else 'layers'}"]
    if any(one.size == 0 for one in net.inputs):
        return ["the network was never configured (input size 0)"]
    if any(layer.size == 0 for layer in net.layers):
        return ["the network was never configured (layer size 0)"]
    return [*_functions(net), *_cycles(net), *_processing(net), *_weights(net)]


def computing_order(net: Description) -> list[int] | None:
    """Layers after those they take without delay; ``None`` if they go in circles."""
    left = dict.fromkeys(range(net.numLayers))
    order: list[int] = []
    while left:
        free = [i for i in left if not any(to == i and j in left for (to, j) in _at_once(net))]
        if not free:
            return None
        order += free
        for i in free:
            del left[i]
    return order


def _at_once(net: Description) -> list[tuple[int, int]]:
    return [place for place, weight in net.layerWeights.items() if 0 in weight.delays]


def _cycles(net: Description) -> Iterator[str]:
    if computing_order(net) is not None:
        return
    pairs = _at_once(net)
    reach = {i: {j for to, j in pairs if to == i} for i in range(net.numLayers)}
    for _ in reach:
        reach = {i: ends.union(*(reach[j] for j in ends)) for i, ends in reach.items()}
    circle = [str(i + 1) for i, ends in reach.items() if i in ends]
    if len(circle) == 1:
        yield f"layer {circle[0]} feeds itself without delay; MATLAB cannot simulate this either"
    else:
        names = f"{', '.join(circle[:-1])} and {circle[-1]}"
        yield f"layers {names} feed each other without delay; MATLAB cannot simulate this either"


def _functions(net: Description) -> Iterator[str]:
    unknown = "which is not one of MATLAB's; register it with matlab_compat.shallow.register"
    for i, layer in enumerate(net.layers, 1):
        for what, name in (("transfer", layer.transferFcn), ("net input", layer.netInputFcn)):
            if not is_known(what, name):
                yield (
                    f"Layer {i} uses {what} function '{name}', {unknown}('{what}', '{name}', "
                    "function) or convert without it"
                )
    for side, (i, j), weight in net.weights():
        at = f"{side.name}{{{i + 1},{j + 1}}}"
        if weight.weightFcn in UNPROVEN_WEIGHTS:
            yield f"weight function '{weight.weightFcn}' of {at} is not supported"
        elif not is_known("weight", weight.weightFcn):
            yield (
                f"{at} uses weight function '{weight.weightFcn}', {unknown}('weight', "
                f"'{weight.weightFcn}', function)"
            )
        elif weight.weightFcn == "normprod" and (
            side.name == "IW" or net.layers[j].transferFcn not in _NOT_NEGATIVE
        ):
            why = "of values that may be negative"
            yield f"weight function 'normprod' of {at} is not supported {why}"


def _processing(net: Description) -> Iterator[str]:
    sides: list[tuple[str, int, Steps]] = [("inputs", j, x) for j, x in enumerate(net.inputs, 1)]
    sides += [("outputs", i, y) for i, y in enumerate(net.outputs, 1) if y is not None]
    for side, i, steps in sides:
        where, known = f"{side}{{{i}}}", True
        for name in steps.processFcns:
            if not is_known("processing", name):
                known = False
                yield f"{where} uses processing function '{name}', which is not one of MATLAB's"
        if not known:
            continue
        try:
            found, left = resolve(steps, steps.size, where)
        except (UnsettledError, PropertyError) as error:
            yield getattr(error, "what", str(error)).removesuffix(".")
            continue
        if side == "outputs":
            size = net.layers[i - 1].size
            if left != size:
                yield f"{where} is processed to {counted(left, 'value')}, but its layer has {size}"
            for name, one in found:
                if isinstance(one, Projection) and one.inverse is None:
                    yield f"{where} uses {name}, whose inverse was not saved"
                if isinstance(one, Selection) and name == "removerows":
                    yield f"{where} uses removerows: the rows cannot be brought back"


def _weights(net: Description) -> Iterator[str]:
    rows: dict[int, int] = {}
    for j, one in enumerate(net.inputs):
        try:
            rows[j] = resolve(one, one.size, "")[1]
        except (UnsettledError, PropertyError, KeyError):
            continue  # said already
    fed = {place[0] for _, place, _ in net.weights()}
    for i, layer in enumerate(net.layers):
        if i not in fed:
            yield f"layer {i + 1} is fed by nothing"
        bias = net.b[i]
        if bias is not None:
            if bias.size != layer.size:
                neurons = f"layer {i + 1} has {counted(layer.size, 'neuron')}"
                yield f"b{{{i + 1}}} has {counted(bias.size, 'value')} but {neurons}"
            yield from _values(f"b{{{i + 1}}}", bias)
    for side, (i, j), weight in net.weights():
        at, size = f"{side.name}{{{i + 1},{j + 1}}}", net.layers[i].size
        if max(weight.delays) > _LONGEST_DELAY:
            yield f"{at} has a delay of {max(weight.delays)} time steps"
            continue
        of_input, matrix = side.name == "IW", side.matrices[i, j]
        values = rows.get(j) if of_input else net.layers[j].size
        count = len(weight.delays)
        source = f"{'input' if of_input else 'layer'} {j + 1}"
        delays = counted(count, "delay")
        if matrix is None:
            yield f"{at} is empty, but it is connected"
        elif weight.weightFcn == "scalprod":
            if matrix.size != 1 or (values is not None and values * count != size):
                takes = f"one number and {counted(size, 'value')}"
                yield f"{at} is {_size(matrix)} but scalprod takes {takes}"
        elif values is not None and matrix.shape != (size, values * count):
            rest = f"{source} has {counted(values, 'value')} and {delays}"
            if matrix.shape[0] != size:
                rest = f"layer {i + 1} has {counted(size, 'neuron')} and {rest}"
            yield f"{at} is {_size(matrix)} but {rest}"
        if matrix is not None:
            yield from _values(at, matrix)


def _size(matrix: Array) -> str:
    return "x".join(map(str, matrix.shape))


def _values(at: str, array: Array) -> Iterator[str]:
    if array.dtype.kind == "c":
        yield f"{at} is complex"
    elif not np.isfinite(array).all():
        yield f"{at} holds {'NaN' if np.isnan(array).any() else 'Inf'}"
