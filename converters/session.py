"""A network in the memory of the engine that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from matlab_compat.errors import UsageError
from matlab_compat.network import Network
from matlab_compat.plain_text import plain_text

from .formats import Opening
from .load import load

if TYPE_CHECKING:
    from .engines.session import Session


def session(
    net: Network | str | PathLike[str],
    *example: object,
    engine: str = "fastest",
    variable: str | None = None,
    data_format: str | Sequence[str] | None = None,
    seconds: float = 0,
    **opening: Unpack[Opening],
) -> Session:
    """A network in the memory of an engine, ready for inputs like the example.

    Parameters
    ----------
    net:
        The network, or the file that it is in.
    variable, opening:
        How the file is opened, as for :func:`converters.load`.
    example:
        One for each input, as for :meth:`Network.predict
        <matlab_compat.network.Network.predict>`. Inputs of other sizes may follow; what computes
        them is made ready when they first come.
    engine, data_format:
        As for ``predict``; by default the fastest of those that are installed.
    seconds:
        How long "fastest" may wait for a candidate to be made ready; torch's compiler is one from
        20 on. Others take as long as ``convert`` to ONNX: a second, or some for large networks. The
        measuring comes to that, three seconds for all sizes together or a few calls of each, which
        a file of the user's cache spares the next process (docs/speed.md).

    Returns
    -------
    What is called with arrays as ``predict`` is, and gives the same. Its ``engine`` says who
    computed last.

    Raises
    ------
    UsageError
        There is no such engine, or it is not installed; ``net`` is no network; no example.
    MatlabCompatError
        Whatever ``predict`` and :func:`converters.load` raise.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.ones((4, 6, 2, 1), np.float32)
    >>> run = session("fixtures/native/dag_v7.mat", X, engine="onnxruntime")
    >>> run(X).shape, run.engine
    ((9, 17, 2, 1), 'onnxruntime')
    """
    network = load(net, variable, **opening) if isinstance(net, str | PathLike) else net
    if not isinstance(network, Network):
        raise UsageError(
            "Engines run networks of layers, and this is none.",
            where=(str(net),) if isinstance(net, str | PathLike) else (),
            remedy="use its predict.",
        )
    if not example:
        raise UsageError(
            "A session needs an example of the inputs.", remedy="session(net, X) with an array X."
        )
    from .engines.session import Session

    made = Session(network, plain_text(engine), data_format=data_format, seconds=seconds)
    made(*example)
    return made
