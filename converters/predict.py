"""From a model's file and inputs' files to outputs: shown, and in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.data_format import dlarray
from matlab_compat.display import counted, listed, size_text
from matlab_compat.errors import DataFormatError, UsageError, warn
from matlab_compat.finite_json import finite_json
from matlab_compat.network import Network
from matlab_compat.network.pictures import Fit, Fitting
from matlab_compat.pages.markup import preformatted
from matlab_compat.wording import argument

from .atomic import check_place
from .classes import read_classes
from .data import texts_of, writable
from .engines import TORCH, check_engine
from .formats import Opening
from .inputs import Reading
from .load import load
from .matfile import DEFAULT_LIMITS, Limits, open_mat
from .matfile.values import Value, mat_class, mat_shape
from .names import valid_names
from .outputs import check_output, write_outputs
from .running import running
from .said import prediction

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike


class Predicting(Opening, Fitting, total=False):
    """The keywords of :class:`Predictor`."""

    data_format: str | None
    device: DeviceLike | None
    dtype: DTypeLike | None
    rows: str | None
    steps: int | None
    classes: str | PathLike[str] | Sequence[str] | None
    engine: str


#: What a row of a file may be besides what was said.
_OTHER_ROWS = {"time": "channels", "channels": "time"}


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What came out for one input, or for one of each where the model has several."""

    #: Variable name to what a file holds: ``Y``, or the outputs' own names where there are several.
    outputs: dict[str, Any]
    #: Of a classifier, for each observation (class name, score), the best first; else ``None``.
    top: list[list[tuple[str, float]]] | None = None
    #: What there is to know of the inputs.
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What ``matlab-compat predict`` prints of it."""
        return "\n\n".join("\n".join(block) for block in prediction(self.to_json()))

    def __repr__(self) -> str:
        best = [each[0][0] for each in self.top or [] if each]
        if len(best) == 1:
            return f"<Prediction: {best[0]}>"
        sizes = ", ".join(f"{n} {size_text(mat_shape(y))}" for n, y in self.outputs.items())
        return f"<Prediction: {sizes}>"

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def to_json(self) -> dict[str, Any]:
        """One of the ``files`` of ``matlab_compat.predictions/1``."""
        record: dict[str, Any] = {"exit_code": 0}
        if self.top is not None:
            record["top"] = [
                [{"class": name, "score": finite_json(score)} for name, score in best]
                for best in self.top
            ]
        record["outputs"] = {name: _described(value) for name, value in self.outputs.items()}
        return {**record, "notes": list(self.notes)}


class Predictor:
    """A model opened once, and run on the inputs of one file after the other.

    Parameters
    ----------
    path, variable, layer, opening:
        As for :func:`converters.load`, with its keywords ``layer_class``, ``ignore_fields``,
        ``code``, ``function``, ``arguments`` and ``limits``.
    data_format, device, dtype:
        As for :meth:`matlab_compat.network.Network.predict`.
    resize, resize_mode, crop, colour:
        How pictures are made to fit the network, as for
        :class:`matlab_compat.network.pictures.Fit`; by default another size is an error.
    rows:
        What a row of a ``.csv`` file is; see :class:`.inputs.Reading`.
    steps:
        The number of time steps of a network without inputs; what is named for it are states, Ai
        or Xi and Ai.
    classes:
        The names of the classes, in the order of the scores, for a network that has none: a list,
        or the ``FILE`` or ``FILE:VARIABLE`` that holds them (see :func:`.classes.read_classes`).
    engine:
        Who computes: "torch" (default), another, or "fastest", as for ``Network.predict``. Other
        models than networks of layers are computed by torch, with a warning.

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
        **options: Unpack[Predicting],
    ) -> None:
        given: dict[str, Any] = {"engine": TORCH, "limits": DEFAULT_LIMITS, **options}
        limits, engine = given["limits"], given.pop("engine")
        check_engine(engine)
        fit = Fit(**{name: given.pop(name) for name in Fitting.__optional_keys__ & given.keys()})
        rows, steps, classes = (given.pop(name, None) for name in ("rows", "steps", "classes"))
        self._reading = Reading(fit, rows, limits)
        self._options = {n: given.pop(n, None) for n in ("data_format", "device", "dtype")}
        self.path = path
        self.model = load(path, variable, layer, **given)
        if isinstance(self.model, Network):
            self._options["engine"] = engine
        elif engine != TORCH:
            warn(
                f"torch computes instead of {engine}: engines run networks of layers, and this is "
                "none.",
                where=(str(path),),
            )
        if steps is not None:
            if "X" not in self.model.optional_inputs:
                raise UsageError(
                    f"{argument('steps', steps)} is for a network without inputs; of this one the "
                    "input says how many there are.",
                    where=(str(path),),
                    remedy=f"leave it out, and name an input: {argument('input', 'X.mat:X')}.",
                )
            self._options["steps"] = steps
        self.classes = self._classes(classes, limits)
        self._built: dict[Any, Any] = {}

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
        read = self._reading.read_all(inputs, model)
        values = [one.value for one in read]
        if "steps" in self._options and len(values) < 3:  # X, Xi, Ai: states are the last
            values = [*[None] * (3 - len(values)), *values]
        from matlab_compat.execution.network import built_once

        with running(self.path, self._reading.limits), built_once(self._built):
            try:
                Y = model.predict_all(values, **self._options)
            except DataFormatError as error:
                other = _OTHER_ROWS.get(self._reading.rows or "")
                if other is not None:
                    error.remedy = f"rows are read the other way by {argument('rows', other)}."
                raise
        several = isinstance(Y, tuple)
        outputs = dict(zip(model.OutputNames, Y, strict=True)) if several else {"Y": Y}
        valid = valid_names(list(outputs))
        variables = {valid[name]: _writable(value) for name, value in outputs.items()}
        notes = tuple(note for one in read for note in one.notes)
        return Prediction(variables, self._top(Y, top), notes)

    def _classes(self, given: Any, limits: Limits) -> list[str] | None:
        """The names of the classes: the network's own, or those given."""
        network = self.model if isinstance(self.model, Network) else None
        own = network.Classes if network is not None else None
        if given is None:
            return own
        if network is None or own:
            why = f"the network has its own: {listed(own)}" if own else "the model has no layers"
            raise UsageError(
                f"Names of classes are given, and {why}.",
                where=(str(self.path),),
                remedy=f"leave {argument('classes')} out.",
            )
        return read_classes(fspath(given) if isinstance(given, PathLike) else given, limits)

    def _top(self, Y: Any, top: int) -> list[list[tuple[str, float]]] | None:
        network = self.model
        if not self.classes or not isinstance(network, Network):
            return None
        try:
            return network.top_classes(Y, top, self.classes)
        except UsageError:  # of pixels or time steps, or the classes are of something else
            if network.Classes:
                return None
            raise  # the user says that they are of this

    def _example(self) -> str:
        """An input, as an argument names it: that beside the model, if there is one."""
        with open_mat(self.path, limits=self._reading.limits) as mat:
            beside = [name for name in ("X", "x", "input") if name in mat]
        return f"{fspath(self.path)}:{beside[0]}" if beside else "X.mat:X"

    def check_count(self, given: int) -> None:
        """Raise ``UsageError`` where the model takes another number of inputs."""
        names = self.model.InputNames
        if not 0 <= given - len(names) <= len(self.model.optional_inputs):
            raise UsageError(
                f"The model has {counted(len(names), 'input')} "
                f"({', '.join(names)}), but {given} were named.",
                where=(str(self.path),),
                remedy=f"name a file for each: {argument('input', self._example())}.",
            )


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
    overwrite:
        Replace an existing file; by default not.

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


def _described(value: Any) -> dict[str, Any]:
    """Class, size and range of an array, or of each sequence."""
    about: dict[str, Any] = {"class": mat_class(value), "size": list(value.shape)}
    if value.dtype == object:
        return {**about, "cells": [_described(item) for item in value.flat]}
    if value.dtype.kind == "c":
        return about
    finite = value[np.isfinite(value)]
    if finite.size:
        about |= {"min": finite_json(finite.min().item()), "max": finite_json(finite.max().item())}
    return {**about, "not_finite": int(value.size - finite.size)}


def _writable(value: Any) -> Value:
    """A result as files hold it: lists are cells."""
    if isinstance(value, list):
        return cell_array(map(_writable, value), (len(value), 1))
    return writable(value.extractdata() if isinstance(value, dlarray) else value)
