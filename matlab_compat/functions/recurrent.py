"""``lstm`` and ``gru``.

Source: the documentation pages of the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ..data_format import DataFormat as Format
from ..display import counted, size_text
from ..engine.recurrent import (
    GATE_ACTIVATIONS,
    GRU,
    LSTM,
    STATE_ACTIVATIONS,
    ResetBeforeGRU,
    Settings,
    SteppedLSTM,
)
from ..engine.structure import Flatten
from ..errors import DataFormatError
from ..layers.properties import one_of
from .labelled import (
    Folding,
    Labelled,
    column_major,
    matrix,
    need_channels,
    on_arrays_with_outputs,
    option,
    run,
)


@on_arrays_with_outputs(3)
def lstm(
    X: Labelled,
    H0: Labelled,
    C0: Labelled,
    weights: Labelled,
    recurrentWeights: Labelled,
    bias: Labelled,
    *,
    DataFormat: object = None,
    StateActivationFunction: object = "tanh",
    GateActivationFunction: object = "sigmoid",
) -> tuple[Labelled, ...]:
    """Long short-term memory, ``[Y, hiddenState, cellState] = lstm(...)`` with ``nargout=3``.

    Raises ``DataFormatError``: sizes or labels do not fit each other.

    Parameters
    ----------
    X:
        A ``dlarray``, or an array with ``DataFormat``: a sequence ("CBT"). Without T it is one
        time step.
    H0, C0:
        Hidden units×observations, or hidden units×1 for all of them.
    weights, recurrentWeights, bias:
        4 hidden units×channels, 4 hidden units×hidden units, and 4 hidden units×1; the gates in
        the order input, forget, candidate, output.
    StateActivationFunction:
        'tanh' (default), 'softsign' or 'relu'.
    GateActivationFunction:
        'sigmoid' (default) or 'hard-sigmoid'.
    DataFormat:
        Labels of the dimensions of an array.

    Returns
    -------
    X with the hidden units as its channels; the last hidden and cell state, labelled as H0 and C0
    are.

    Examples
    --------
    >>> import numpy as np
    >>> X, H0 = np.zeros((2, 1, 5)), np.zeros((3, 1))
    >>> W, R, b = np.ones((12, 2)), np.ones((12, 3)), np.zeros(12)
    >>> Y, hidden, cell = lstm(X, H0, H0, W, R, b, DataFormat="CBT", nargout=3)
    >>> Y.shape, hidden.shape, cell.shape
    ((3, 1, 5), (3, 1), (3, 1))
    """
    act = option("StateActivationFunction", one_of(*STATE_ACTIVATIONS), StateActivationFunction)
    gate = option("GateActivationFunction", one_of(*GATE_ACTIVATIONS), GateActivationFunction)
    kind = LSTM if (act, gate) == ("tanh", "sigmoid") else SteppedLSTM
    parameters = _parameters(4, weights, recurrentWeights, bias)
    settings = _settings(parameters, state_activation=act, gate_activation=gate)
    return _recurrent(X, (H0, C0), lambda: kind(settings), parameters)


@on_arrays_with_outputs(2)
def gru(
    X: Labelled,
    H0: Labelled,
    weights: Labelled,
    recurrentWeights: Labelled,
    bias: Labelled,
    *,
    DataFormat: object = None,
    ResetGateMode: object = "after-multiplication",
) -> tuple[Labelled, ...]:
    """Gated recurrent unit, ``[Y, hiddenState] = gru(...)`` with ``nargout=2``.

    Raises ``DataFormatError``: sizes or labels do not fit each other.

    Parameters
    ----------
    X, H0, DataFormat:
        As for :func:`lstm`.
    weights, recurrentWeights, bias:
        3 hidden units×channels, 3 hidden units×hidden units, and 3 hidden units×1 (6 for
        'recurrent-bias-after-multiplication', the recurrent ones last); the gates in the order
        reset, update, candidate.
    ResetGateMode:
        'after-multiplication' (default), 'before-multiplication' or
        'recurrent-bias-after-multiplication'.

    Returns
    -------
    X with the hidden units as its channels; the last hidden state, labelled as H0 is.

    Examples
    --------
    >>> import numpy as np
    >>> X, H0 = np.zeros((2, 1, 5)), np.ones((3, 1))
    >>> W, R, b = np.zeros((9, 2)), np.zeros((9, 3)), np.zeros(9)
    >>> gru(X, H0, W, R, b, DataFormat="CBT")[0, 0]
    array([0.5    , 0.25   , 0.125  , 0.0625 , 0.03125])
    """
    modes = ("after-multiplication", "before-multiplication", "recurrent-bias-after-multiplication")
    mode = option("ResetGateMode", one_of(*modes), ResetGateMode)
    parameters = _parameters(3, weights, recurrentWeights, bias, two_biases=mode == modes[2])
    settings = _settings(parameters, recurrent_bias=mode == modes[2])
    kind = ResetBeforeGRU if mode == modes[1] else GRU
    return _recurrent(X, (H0,), lambda: kind(settings), parameters)


def _parameters(
    gates: int,
    weights: Labelled,
    recurrent: Labelled,
    bias: Labelled,
    two_biases: bool = False,
) -> dict[str, Tensor]:
    """Under torch's names; the bias that MATLAB has not is zero."""
    w, r = (_matrix(n, v) for n, v in (("weights", weights), ("recurrentWeights", recurrent)))
    hidden = r.shape[1]
    rows = gates * hidden
    b = column_major(bias.data)
    want = rows * (1 + two_biases)
    if r.shape[0] != rows or w.shape[0] != rows or b.numel() != want:
        raise DataFormatError(
            f"For {counted(hidden, 'hidden unit')} weights must be {rows}×channels, "
            f"recurrentWeights {rows}×{hidden} and bias {want}×1, not {size_text(tuple(w.shape))}, "
            f"{size_text(tuple(r.shape))} and {size_text(tuple(bias.data.shape))}."
        )
    second = b[rows:] if two_biases else torch.zeros_like(b)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return dict(zip(names, (w, r, b[:rows], second), strict=True))


def _matrix(name: str, value: Labelled) -> Tensor:
    if value.data.ndim < 2 and not value.labels:
        return value.data.reshape(-1, 1)  # a number is 1×1, a vector a column
    return matrix(name, value, "a matrix")


def _settings(parameters: Mapping[str, Tensor], **modes: object) -> Settings:
    inputs = parameters["weight_ih_l0"].shape[1]
    hidden = parameters["weight_hh_l0"].shape[1]
    return Settings(inputs, hidden, state_outputs=True, **modes)  # type: ignore[arg-type]


def _recurrent(
    X: Labelled,
    states: tuple[Labelled, ...],
    module: Callable[[], nn.Module],
    parameters: Mapping[str, Tensor],
) -> tuple[Labelled, ...]:
    need_channels(X)
    if "U" in X.labels:
        raise DataFormatError(f"'{X.labels}' data has dimensions without a meaning for sequences.")
    sequence = _without_space(X)
    folding = Folding(sequence, "T" * sequence.labels.count("T"))
    x = folding.fold(sequence.data)
    steps = x if "T" in X.labels else x.unsqueeze(-1)
    channels = parameters["weight_ih_l0"].shape[1]
    if x.shape[1] != channels:
        raise DataFormatError(
            f"The weights have {counted(channels, 'channel')}, but the data {x.shape[1]}."
        )
    hidden = parameters["weight_hh_l0"].shape[1]
    starts = [_state(state, hidden, x.shape[0]) for state in states]
    y, *finals = run(module, parameters, steps, *starts)
    Y = folding.unfold(y if "T" in X.labels else y.squeeze(-1))
    return (Y, *(_labelled_as(s, f) for s, f in zip(states, finals, strict=True)))


def _without_space(X: Labelled) -> Labelled:
    """Space and channels as channels, column-major, as in a fully connected layer."""
    spatial = X.labels.count("S")
    if not spatial:
        return X
    folding = Folding(X, "S" * spatial)
    return folding.drop("S", Flatten("column-major", spatial, time=False)(folding.fold(X.data)))


def _state(state: Labelled, hidden: int, observations: int) -> Tensor:
    """N,H from hidden units×observations, or one column for all."""
    data = state.in_order(Format(state.labels).canonical) if state.labels else state.data
    data = data.reshape(data.shape[0], -1)
    if data.shape[0] != hidden or data.shape[1] not in (1, observations):
        raise DataFormatError(
            f"The initial state is {size_text(tuple(state.data.shape))}, not {hidden}×"
            f"{observations}: hidden units×observations."
        )
    return data.T.expand(observations, -1)


def _labelled_as(state: Labelled, final: Tensor) -> Labelled:
    """N,H as hidden units×observations, labelled if the initial state was."""
    return Labelled(final.T, "CB" if state.labels else "")
