"""Preparing series for networks with delays, closing and opening their feedback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import Array, cell_array
from ..display import counted
from ..errors import DataFormatError, UsageError
from .functions import as_cells, as_matrix
from .network import ShallowNetwork
from .parts import Input


def preparets(
    net: ShallowNetwork, Xnf: Any = None, Tnf: Any = None, Tf: Any = None
) -> tuple[Array, Array, Array, Array]:
    """``[Xs, Xi, Ai, Ts] = preparets(net, Xnf, Tnf, Tf)``: what a network with delays needs.

    Raises ``DataFormatError``: there are fewer steps than delays, or a series is missing.

    Parameters
    ----------
    net:
        With its feedback open, closed, or without any.
    Xnf:
        A cell of the inputs that are no feedback, inputs × TS; ``None`` or ``[]`` where all are.
    Tnf, Tf:
        Cells of the targets of outputs that are no feedback, and of those that are.

    Returns
    -------
    The inputs after the first steps, the states of inputs and layers from those first steps, and
    the targets; of a network that predicts ahead the last targets, which nobody knows, are NaN.

    Examples
    --------
    >>> import converters
    >>> with converters.open_mat("fixtures/shallow/open_loop.v7.mat") as file:
    ...     x, T = file["x"], file["T"]
    >>> net = converters.load("fixtures/shallow/open_loop.v7.mat")
    >>> Xs, Xi, Ai, Ts = preparets(net, x, None, T)
    >>> net(Xs, Xi, Ai).shape == Ts.shape
    True
    """
    free = [j for j, one in enumerate(net.inputs) if not one.feedbackOutput]
    fed = [i for i in net.output_layers if _mode(net, i) != "none"]
    others = [i for i in net.output_layers if i not in fed]
    X, T, F = _cell(Xnf, len(free)), _cell(Tnf, len(others)), _cell(Tf, len(fed))
    targets = {**dict(zip(others, T, strict=False)), **dict(zip(fed, F, strict=False))}
    series = dict(zip(free, X, strict=False))
    for j, one in enumerate(net.inputs):
        if one.feedbackOutput and one.feedbackOutput - 1 in targets:
            series[j] = targets[one.feedbackOutput - 1]
    if missing := [j + 1 for j in range(net.numInputs) if j not in series]:
        raise DataFormatError(
            f"There is no series for input {missing[0]} of the network.",
            remedy="preparets(net, X, None, T): the inputs, and the targets that are fed back.",
        )
    steps = {len(one) for one in (*series.values(), *targets.values())}
    if len(steps) > 1:
        raise DataFormatError(f"The series have different numbers of steps: {sorted(steps)}.")
    total = steps.pop() if steps else 0
    shift = max(net.numInputDelays, net.numLayerDelays, net.numFeedbackDelays)
    if total <= shift:
        raise DataFormatError(
            f"The series has {counted(total, 'step')}; more than {shift} are needed."
        )
    Xs = np.empty((net.numInputs, total - shift), object)
    Xi = np.empty((net.numInputs, net.numInputDelays), object)
    for j, row in series.items():
        Xs[j], Xi[j] = _row(row[shift:]), _row(row[shift - net.numInputDelays : shift])
    samples = max((as_matrix(x).shape[1] for row in series.values() for x in row[:1]), default=1)
    Ai = np.empty((net.numLayers, net.numLayerDelays), object)
    for i, layer in enumerate(net.layers):
        for d in range(net.numLayerDelays):
            Ai[i, d] = np.zeros((layer.size, samples))
    for i in fed:
        if _mode(net, i) == "closed" and i in targets:
            past = targets[i][shift - net.numLayerDelays : shift]
            from .module import processed  # into the units that the layer works in

            output: Any = net.outputs[i]
            Ai[i] = _row([processed(output, output.size, as_matrix(one)) for one in past])
    Ts = np.empty((len(targets), total - shift), object)
    for k, i in enumerate(sorted(targets)):
        ahead = getattr(net.outputs[i], "feedbackDelay", 0)
        unknown = [np.full_like(as_matrix(targets[i][0]), np.nan)] * ahead
        Ts[k] = _row([*targets[i][shift + ahead :], *unknown])
    return Xs, Xi, Ai, Ts


def _mode(net: ShallowNetwork, layer: int) -> str:
    output = net.outputs[layer]
    return "none" if output is None else output.feedbackMode


def _cell(value: Any, rows: int) -> list[list[Any]]:
    if value is None or not len(value) or not rows:
        return []
    return [list(row) for row in as_cells(value, rows)]


def _row(items: list[Any]) -> Array:
    row: Array = cell_array(map(as_matrix, items))[0]
    return row


def closeloop(net: ShallowNetwork) -> ShallowNetwork:
    """The network whose open feedback is closed: what it gives, it takes back itself.

    Raises ``UsageError``: it has no open feedback.

    Parameters
    ----------
    net:
        A network such as ``narxnet`` makes; it stays as it is.

    Examples
    --------
    >>> import converters
    >>> closeloop(converters.load("fixtures/shallow/open_loop.v7.mat")).numInputs
    1
    """
    return _each(net, "open", "close", _closed)


def _each(
    net: ShallowNetwork,
    mode: str,
    verb: str,
    change: Callable[[ShallowNetwork, int], ShallowNetwork],
) -> ShallowNetwork:
    """The network with every feedback of this mode changed."""
    fed = [i for i in net.output_layers if _mode(net, i) == mode]
    if not fed:
        why = f"no output has the feedbackMode '{mode}'"
        raise UsageError(f"The network has no {mode} feedback to {verb}: {why}.")
    for i in fed:
        net = change(net, i)
    return net


def _closed(net: ShallowNetwork, i: int) -> ShallowNetwork:
    output = net.outputs[i]
    assert output is not None
    found = [k for k, one in enumerate(net.inputs) if one.feedbackOutput == i + 1]
    j = output.feedbackInput - 1 if output.feedbackInput else (found or [-1])[0]
    if not 0 <= j < net.numInputs:
        raise UsageError(f"Output {i + 1} has an open feedback, but no input takes it.")
    LW, layerWeights = net.LW.copy(), dict(net.layerWeights)
    for (k, source), weight in net.inputWeights.items():
        if source == j:
            if (k, i) in layerWeights:
                raise UsageError(f"Layer {i + 1} feeds layer {k + 1} already.")
            LW[k, i], layerWeights[k, i] = net.IW[k, j], weight
    kept = [n for n in range(net.numInputs) if n != j]
    outputs = [
        replace(one, feedbackInput=one.feedbackInput - 1)
        if one is not None and one.feedbackInput > j + 1  # an input after the one that goes
        else one
        for one in net.outputs
    ]
    outputs[i] = replace(output, feedbackInput=0, feedbackMode="closed")
    return replace(
        net,
        inputs=[net.inputs[n] for n in kept],
        outputs=outputs,
        IW=net.IW[:, kept],
        LW=LW,
        inputWeights={
            (k, kept.index(n)): one for (k, n), one in net.inputWeights.items() if n != j
        },
        layerWeights=layerWeights,
        name=f"{net.name} - Closed Loop" if net.name else "",
    )


def openloop(net: ShallowNetwork) -> ShallowNetwork:
    """The network whose closed feedback is open: it becomes the last input.

    Raises ``UsageError``: it has no closed feedback.

    Parameters
    ----------
    net:
        A network whose feedback is closed; it stays as it is.

    Examples
    --------
    >>> import converters
    >>> openloop(converters.load("fixtures/shallow/closed_loop.v7.mat")).numInputs
    2
    """
    return _each(net, "closed", "open", _opened)


def _opened(net: ShallowNetwork, i: int) -> ShallowNetwork:
    output, j = net.outputs[i], net.numInputs
    assert output is not None
    back = {
        place: one
        for place, one in net.layerWeights.items()
        if place[1] == i and 0 not in one.delays
    }
    IW = np.concatenate([net.IW, np.empty((net.numLayers, 1), object)], 1)
    LW = net.LW.copy()
    for place in back:
        IW[place[0], j], LW[place] = LW[place], None
    feedback = Input(
        output.processFcns,
        output.processSettings,
        name="Input",
        size=output.size,
        feedbackOutput=i + 1,
    )
    outputs = list(net.outputs)
    outputs[i] = replace(output, feedbackInput=j + 1, feedbackMode="open")
    return replace(
        net,
        inputs=[*net.inputs, feedback],
        outputs=outputs,
        IW=IW,
        LW=LW,
        inputWeights={**net.inputWeights, **{(k, j): one for (k, _), one in back.items()}},
        layerWeights={p: one for p, one in net.layerWeights.items() if p not in back},
        name=net.name.removesuffix(" - Closed Loop"),
    )


def removedelay(net: ShallowNetwork, n: int = 1) -> ShallowNetwork:
    """The network that gives its output ``n`` time steps earlier: delays of inputs are ``n`` less.

    Raises ``UsageError``: a delay is shorter than ``n``.

    Parameters
    ----------
    net:
        A network with delays; it stays as it is.
    n:
        Time steps, default 1.

    Examples
    --------
    >>> import converters
    >>> net = removedelay(converters.load("fixtures/shallow/open_loop.v7.mat"))
    >>> [weight.delays for weight in net.inputWeights.values()]
    [(0, 2), (0, 1)]
    """
    shortest = min((min(one.delays) for one in net.inputWeights.values()), default=0)
    if shortest < n:
        raise UsageError(f"The shortest delay of an input is {shortest}: {n} cannot be removed.")
    weights = {
        place: replace(one, delays=tuple(d - n for d in one.delays))
        for place, one in net.inputWeights.items()
    }
    outputs = [
        None if one is None else replace(one, feedbackDelay=one.feedbackDelay + n)
        for one in net.outputs
    ]
    return replace(net, inputWeights=weights, outputs=outputs)
