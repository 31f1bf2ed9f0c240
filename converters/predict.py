"""From a model's file and inputs' files to outputs: shown, and in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import counted
from matlab_compat.errors import UsageError
from matlab_compat.network import Network
from matlab_compat.network.pictures import Fit
from matlab_compat.wording import argument

from .atomic import check_place
from .data import split_argument, texts_of, writable
from .formats import Opening
from .inputs import Reading
from .load import load
from .matfile import DEFAULT_LIMITS
from .matfile.values import Value
from .names import valid_names
from .outputs import WRITERS, check_output, write_outputs
from .running import running

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike


class Predicting(Opening, total=False):
    """The keywords of :class:`Predictor`."""

    data_format: str | None
    device: DeviceLike | None
    dtype: DTypeLike | None
    fit: Fit | None
    rows: str | None
    steps: int | None


@dataclass(frozen=True, eq=False)
class Prediction:
    """What came out for one input, or for one of each where the model has several."""

    #: Variable name to what a file holds: ``Y``, or the outputs' own names where there are several.
    outputs: dict[str, Any]
    #: Of a classifier, for each observation (class name, score), the best first; else ``None``.
    top: list[list[tuple[str, float]]] | None = None
    #: What there is to know of the inputs.
    notes: tuple[str, ...] = ()


class Predictor:
    """A model opened once, and run on the inputs of one file after the other.

    Parameters
    ----------
    path, variable, layer, opening:
        As for :func:`converters.load`, with its keywords ``layer_class``, ``ignore_fields``,
        ``code``, ``function``, ``arguments`` and ``limits``.
    data_format, device, dtype:
        As for :meth:`matlab_compat.network.Network.predict`.
    fit:
        How pictures are made to fit the network; by default another size is an error.
    rows:
        What a row of a ``.csv`` file is; see :class:`.inputs.Reading`.
    steps:
        The number of time steps of a network without inputs; what is named for it are states, Ai
        or Xi and Ai.

    Raises
    ------
    MatlabCompatError
        Whatever :func:`converters.load` raises; ``UsageError`` for ``steps`` of a network with
        inputs.

    Examples
    --------
    >>> predictor = Predictor("fixtures/pictures/colours.mat")
    >>> [[name for name, _ in best] for best in predictor("fixtures/pictures/apple.png", top=2).top]
    [['apple', 'banana']]
    """

    def __init__(
        self,
        path: str | PathLike[str],
        variable: str | None = None,
        layer: str | int | None = None,
        *,
        data_format: str | None = None,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        fit: Fit | None = None,
        rows: str | None = None,
        steps: int | None = None,
        **opening: Unpack[Opening],
    ) -> None:
        self._reading = Reading(fit or Fit(), rows, opening.get("limits", DEFAULT_LIMITS))
        self.path = path
        self.model = load(path, variable, layer, **opening)
        self._options: Any = {"data_format": data_format, "device": device, "dtype": dtype}
        if steps is not None:
            if "X" not in self.model.optional_inputs:
                raise UsageError(
                    f"{argument('steps', steps)} is for a network without inputs; of this one the "
                    "input says how many there are.",
                    where=(str(path),),
                    remedy=f"leave it out, and name an input: {argument('input', 'X.mat:X')}.",
                )
            self._options["steps"] = steps

    def __call__(self, *inputs: str, top: int = 5) -> Prediction:
        """Run the model.

        Parameters
        ----------
        inputs:
            ``FILE`` or ``FILE:VARIABLE``, one for each input of the model.
        top:
            How many of the best classes to give, where the model has classes.

        Raises
        ------
        MatlabCompatError
            An input cannot be read or does not fit.
        """
        self.check_count(len(inputs))
        model = self.model
        one = len(inputs) == 1
        read = [self._reading.read(text, model, i, names=one) for i, text in enumerate(inputs)]
        values = [one.value for one in read]
        if "steps" in self._options and len(values) < 3:  # X, Xi, Ai: states are the last
            values = [*[None] * (3 - len(values)), *values]
        with running(self.path, self._reading.limits):
            Y = model.predict_all(values, **self._options)
        several = isinstance(Y, tuple)
        outputs = dict(zip(model.OutputNames, Y, strict=True)) if several else {"Y": Y}
        valid = valid_names(list(outputs))
        variables = {valid[name]: _writable(value) for name, value in outputs.items()}
        notes = tuple(note for one in read for note in one.notes)
        return Prediction(variables, _top(model, Y, top), notes)

    def check_count(self, given: int) -> None:
        """Raise ``UsageError`` where the model takes another number of inputs."""
        names = self.model.InputNames
        if not 0 <= given - len(names) <= len(self.model.optional_inputs):
            raise UsageError(
                f"The model has {counted(len(names), 'input')} "
                f"({', '.join(names)}), but {given} were named.",
                where=(str(self.path),),
                remedy=f"name a file for each: {argument('input', 'X.mat:X')}.",
            )


def _top(model: Any, Y: Any, top: int) -> list[list[tuple[str, float]]] | None:
    if not isinstance(model, Network) or not model.Classes:
        return None
    try:
        return model.top_classes(Y, top)
    except UsageError:  # of pixels or time steps, or the classes are of something else
        return None


def output_files(
    inputs: Sequence[str], folder: str, ending: str, *, model: str, overwrite: bool = False
) -> list[str]:
    """Where the outputs of each input go: under its name in the folder.

    Raises ``UsageError``, before anything is run: two would have one name, one exists and
    ``overwrite`` is not set, or one is an input or the model.
    """
    if ending not in WRITERS:
        raise UsageError(f"Outputs are written as {', '.join(WRITERS)}, not as {ending!r}.")
    sources = [Path(split_argument(text)[0]) for text in inputs]
    places = [Path(folder, source.stem + ending) for source in sources]
    first: dict[Path, str] = {}
    kept = {source.resolve() for source in (*sources, Path(model))}
    for place, text in zip(places, inputs, strict=True):
        if place in first:
            raise UsageError(
                f"The outputs of {first[place]} and {text} would both be {place}.",
                remedy=f"name one of them, or run each into a folder of its own "
                f"({argument('output_dir')}).",
            )
        first[place] = text
        if place.resolve() in kept:
            raise UsageError(
                f"The outputs of {text} would replace {place}, which is an input.",
                remedy=f"name another folder: {argument('output_dir', 'outputs')}.",
            )
        check_place(place, overwrite=overwrite)
    return [str(place) for place in places]


def predict(
    path: str | PathLike[str],
    input: str | PathLike[str] | Sequence[str],
    output: str | PathLike[str] | None = None,
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    top: int = 5,
    overwrite: bool = False,
    **options: Unpack[Predicting],
) -> Prediction:
    """Run the layer or network in a file on what is in others.

    Parameters
    ----------
    path, variable, layer, options:
        As for :class:`Predictor`, with its keywords and those of :func:`converters.load`.
    input:
        ``FILE`` or ``FILE:VARIABLE`` with an array in MATLAB order (H×W×C×N for "SSCB") or a
        cell array of sequences, ``.npy``, ``.npz``, ``.csv`` or a picture; one for each input.
    output:
        Where what comes out is written, in MATLAB order. The ending says the format: ``.mat``,
        ``.npy``, ``.npz``, ``.csv`` or ``.json`` (:mod:`converters.outputs` says how each holds
        it). Default: nowhere.
    top:
        How many of the best classes to give, where the model has classes.

    Returns
    -------
    The :class:`Prediction`: its ``outputs``, and a classifier's ``top``. For many inputs a
    :class:`Predictor` opens the model once.

    Raises
    ------
    MatlabCompatError
        Whatever :func:`converters.load` and ``predict`` raise; ``UsageError`` if ``output``
        exists and ``overwrite`` is not set, or its ending names no format that can hold what
        comes out.

    Examples
    --------
    >>> predict("fixtures/pictures/colours.mat", "fixtures/pictures/apple.png").top[0][0][0]
    'apple'
    """
    if output is not None:
        check_output(output, ())  # before anything is read
        check_place(output, overwrite=overwrite)
    run = Predictor(path, variable, layer, **options)
    inputs = texts_of(fspath(input) if isinstance(input, PathLike) else input)
    run.check_count(len(inputs))
    if output is not None:
        check_output(output, run.model.OutputNames)
    done = run(*inputs, top=top)
    if output is not None:
        write_outputs(output, done.outputs, overwrite=overwrite)
    return done


def _writable(value: Any) -> Value:
    """A result as files hold it: lists are cells."""
    if isinstance(value, list):
        cell = np.empty((len(value), 1), dtype=object)
        cell[:, 0] = [_writable(item) for item in value]
        return cell
    return writable(value.extractdata() if isinstance(value, dlarray) else value)
