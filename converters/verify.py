"""From a file to the verdict whether a layer or network computes what MATLAB saved."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import counted, listed, size_text
from matlab_compat.errors import (
    MatFileError,
    MatlabCompatError,
    NothingToCompareError,
    UsageError,
    locating,
)
from matlab_compat.execution.described import ModelLike
from matlab_compat.layers import Layer
from matlab_compat.layers.saved_fields import check_known
from matlab_compat.network.pictures import Fit, Fitting
from matlab_compat.parity.diagnosis_types import SECONDS
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.shallow.functions import joined
from matlab_compat.wording import argument

from .choose import choose
from .code import coded_layers, using
from .data import (
    ACTIVATION_NAMES,
    data,
    numeric,
    pick,
    read_value,
    texts_of,
    unlabelled,
)
from .find import Found, find_models
from .formats import Asked, Opening
from .formats.mat_struct import INPUT_NAMES, OUTPUT_NAMES
from .identify.values import refuse_nothing
from .inputs import Reading
from .kinds import Recorded, Standing, Task
from .matfile import DEFAULT_LIMITS, MatFile, open_mat
from .matfile.values import StructArray, Value, mat_class, mat_shape
from .model_functions import load_asked
from .running import running

if TYPE_CHECKING:
    from matlab_compat.engine.precision import DeviceLike, DTypeLike
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.report import Report

log = logging.getLogger(__name__)

_REMEDY = (
    "in MATLAB, save them beside it: X = ...; Y = predict(net, X); save('f.mat', 'net', 'X', "
    "'Y') (for a layer: Y = extractdata(predict(dlnetwork(layer), dlarray(X, 'SSCB')))), "
    "or name files with {input} and {expected}."
)


class Compared(Opening, Fitting, total=False):
    """The keywords of :func:`tasks`: what of a file is run, and what it is compared with."""

    input: str | Sequence[str] | None
    expected: str | Sequence[str] | None
    rows: str | None


def verify(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    data_format: str | None = None,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    allow_tf32: bool = False,
    tolerance: Tolerance | None = None,
    diagnosis_seconds: float = SECONDS,
    **compared: Unpack[Compared],
) -> Report:
    """Run the layer or network in a MAT-file and compare with the output that MATLAB saved.

    Parameters
    ----------
    path, variable, layer, layer_class, ignore_fields, code, function, arguments, limits:
        As for :func:`converters.load`. Where no layer is chosen, every layer that has an input and
        an output in its own struct is verified.
    input, expected:
        ``FILE`` or ``FILE:VARIABLE``, one for each input and output: MAT-files, ``.npy``, ``.npz``
        and ``.csv``, inputs also pictures, as for :func:`converters.predict`. By default ``X`` (or
        ``input``) and ``Y`` (or ``output``, ``expected``) beside the model, ``X1``, ``X2`` ... for
        several. A struct ``activations`` beside a network, with a field for each layer, is compared
        as well. So is ``res`` of MatConvNet's vl_simplenn, the outputs of all layers, which
        ``expected`` may name in another file. An expected output may hold labels (a categorical, or
        texts), as ``classify`` gives them: each must be that of the largest score, to rounding.
    resize, resize_mode, crop, colour:
        How pictures are made to fit: see :class:`matlab_compat.network.pictures.Fit`.
    rows:
        What a row of a ``.csv`` file is: see :class:`converters.inputs.Reading`.
    data_format, device, dtype, allow_tf32, tolerance:
        As for the ``predict`` of the layer or network; an explicit tolerance instead of the
        default bound.
    diagnosis_seconds:
        How long to look for what was done wrong where the two differ, at most (20); 0 for not at
        all.

    Raises
    ------
    NothingToCompareError
        The input or the expected output is missing, empty, all NaN ...; or a saved activation
        is, or belongs to no layer.
    MatlabCompatError
        Whatever :func:`converters.load` raises.

    Examples
    --------
    >>> verify("fixtures/same_odd.v7.mat").verdict
    'equal'
    """
    from matlab_compat.parity.report import together

    chosen = tasks(path, variable, layer, **compared)
    limits = compared.get("limits", DEFAULT_LIMITS)
    how: dict[str, Any] = {"device": device, "dtype": dtype, "allow_tf32": allow_tf32}
    how |= {"tolerance": tolerance, "diagnosis_seconds": diagnosis_seconds}
    done: list[Report] = []
    for task in chosen:
        with running(path, limits):
            done.append(run(task, data_format, **how))
    return together(done, {"file": str(path), "sha256": sha256(path)})


def tasks(
    path: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    **compared: Unpack[Compared],
) -> list[Task]:
    """What :func:`verify` runs and compares, read from the file.

    Parameters and errors are as for :func:`verify`.
    """
    given: dict[str, Any] = {**compared}
    inputs, expected = (texts_of(given.pop(name, None)) for name in ("input", "expected"))
    rows = given.pop("rows", None)
    fit = Fit(**{name: given.pop(name) for name in Fitting.__optional_keys__ & given.keys()})
    asked = Asked(variable, layer, **given)
    named = inputs, expected, Reading(fit, rows, asked.limits)
    if asked.names_function:
        model = load_asked(path, asked)
        with open_mat(path, limits=asked.limits) as mat:
            return [_Data(mat, *named).of_function(model)]
    with using(asked.code, asked.limits.code), open_mat(path, limits=asked.limits) as mat:
        models = find_models(mat, variable, asked.layer_class)
        refuse_nothing(mat, models, variable)
        found = _Data(mat, *named).tasks(models, layer)
    with locating(str(path)):
        unknown = [task.model.unknown_fields() for task in found]
        check_known(asked.ignore_fields, sorted({name for names in unknown for name in names}))
        for task, names in zip(found, unknown, strict=True):
            task.model.ignore_fields(*(name for name in asked.ignore_fields if name in names))
    return found


def run(task: Task, data_format: str | None = None, **how: Any) -> Report:
    """One comparison, and what it cannot show; ``how`` is as for :func:`verify`."""
    from matlab_compat.parity.network import verify_network

    given: Any = {"activations": task.activations, "data_format": data_format, **how}
    return verify_network(task.model, task.X, task.expected, **given)


def sha256(path: str | PathLike[str]) -> str:
    """The SHA-256 of a file, so that a report says which bytes it is about."""
    import hashlib  # OpenSSL's, which inspecting does without

    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class _Data:
    """Inputs and expected outputs: those that the user names, or what lies beside a model."""

    mat: MatFile
    inputs: list[str]
    expected: list[str]
    reading: Reading

    def tasks(self, found: list[Found], layer: str | int | None) -> list[Task]:
        """The model meant; where no layer is chosen, all layers with data of their own."""
        if layer is None and not self.inputs and not self.expected:
            complete = [
                one
                for one in found
                if one.standing is Standing.LAYER
                and all(pick(one.beside, names) for names in (INPUT_NAMES, OUTPUT_NAMES))
            ]
            many = len(complete) > 1
            if complete:
                return [self._task(at, f"{at.path}." if many else "") for at in complete]
            if (hunted := _hunted(self.mat, found)) is not None:
                return hunted
        return [self._task(choose(found, layer, str(self.mat.path)))]

    def _task(self, at: Found, prefix: str = "") -> Task:
        whole = at.standing > Standing.LAYER
        with locating(str(self.mat.path), *([at.path] if whole else [])):
            model = at.build()  # before its data: that it cannot be run comes first
            count, outputs = len(model.InputNames), model.OutputNames
        recorded = self._recorded(at)
        if recorded is not None:
            ports = _ports(INPUT_NAMES, count)
            X = self._inputs(at, model, ports) if self.inputs else recorded.inputs
            return Task(model, X, {}, recorded.activations)
        count = max(count, min(len(self.inputs), count + len(model.optional_inputs)))
        kept = model.takes_cells
        X = self._inputs(at, model, _ports(INPUT_NAMES, count), cells=whole, whole=kept)
        X = _labelled(self.mat, X) if whole and not self.inputs else X
        activations = _activations(self.mat, at) if whole else {}
        try:
            labels = whole and not kept
            ports = _ports(OUTPUT_NAMES, len(outputs))
            Y = self._expected(at, ports, cells=whole, labels=labels, whole=kept)
            Y = [joined(one) for one in Y] if kept else Y
        except NothingToCompareError as error:
            if not activations:
                error.remedy = f"{error.remedy} {_resting_on_code(model)}".strip()
                raise
            Y = []
        names = ["Y"] if len(outputs) == 1 else outputs
        expected = dict(zip((prefix + name for name in names), Y, strict=bool(Y)))
        return Task(model, X, expected, activations)

    def _recorded(self, at: Found) -> Recorded | None:
        """What the model's own tools kept of a run: beside it, or where ``expected`` says."""
        names = at.kind.records_as
        if not names or len(self.expected) > 1:
            return None
        if self.expected:
            own = (*names, *OUTPUT_NAMES)
            value, where = read_value(self.expected[0], own, self.reading.limits, labels=True)
        else:
            places: tuple[dict[str, Value] | MatFile, ...] = (at.beside, self.mat)
            kept = [(p, name) for p in places if (name := pick(p, names)) is not None]
            if not kept or any(pick(p, INPUT_NAMES) is not None for p in places):
                return None
            value, where = kept[0][0][kept[0][1]], (str(self.mat.path), kept[0][1])
        recorded = at.kind.recorded(at.model, value)
        return recorded and Recorded(
            [numeric(x, where) for x in recorded.inputs],
            {name: unlabelled(numeric(y, where)) for name, y in recorded.activations.items()},
        )

    def of_function(self, model: Layer) -> Task:
        """A model function, whose data are the variables that its inputs and outputs are called."""
        inputs, outputs = model.InputNames, model.OutputNames
        names = INPUT_NAMES if len(inputs) == 1 else ()
        X = self._inputs(None, model, [(name, *names) for name in inputs])
        several = len(outputs) > 1
        ports = _ports(OUTPUT_NAMES, len(outputs)) if several else [(*outputs, *OUTPUT_NAMES)]
        Y = self._expected(None, ports)
        return Task(model, X, dict(zip(outputs if several else ["Y"], Y, strict=True)))

    def _inputs(
        self, at: Found | None, model: ModelLike, ports: list[tuple[str, ...]], **how: bool
    ) -> list[Any]:
        if not self.inputs:
            return [self._beside(at, names, "input", **how) for names in ports]
        self._check(self.inputs, len(ports), "input")
        return self.reading.values(self.inputs, model)

    def _check(self, named: list[str], count: int, what: str) -> None:
        if len(named) != count:
            raise UsageError(
                f"The model has {counted(count, what)}, but {len(named)} were named.",
                where=(str(self.mat.path),),
            )

    def _expected(
        self, at: Found | None, ports: list[tuple[str, ...]], *, cells: bool = True, **how: bool
    ) -> list[Any]:
        if self.expected:
            self._check(self.expected, len(ports), "expected output")
            read = zip(self.expected, ports, strict=True)
            found = [self.reading.read_output(file, names, **how) for file, names in read]
        else:
            found = [
                self._beside(at, names, "expected output", cells=cells, **how) for names in ports
            ]
        return [unlabelled(value) for value in found]

    def _beside(self, at: Found | None, names: tuple[str, ...], what: str, **how: bool) -> Value:
        for values in (at.beside, self.mat) if at else (self.mat,):
            name = pick(values, names)
            if name is not None:
                log.info("%s: the %s is the variable %s", self.mat.path, what, name)
                return data(values[name], (str(self.mat.path), name), **how)
        raise NothingToCompareError(
            f"There is no {what} beside it: none of {', '.join(names)}.",
            where=(str(self.mat.path),),
            remedy=_REMEDY.format(input=argument("input"), expected=argument("expected")),
        )


def _ports(names: tuple[str, ...], count: int) -> list[tuple[str, ...]]:
    """What the data of each port may be called: ``X``, or ``X1``, ``X2`` ... of several."""
    if count == 1:
        return [names]
    return [tuple(f"{name}{i}" for name in names) for i in range(1, count + 1)]


def _hunted(mat: MatFile, found: list[Found]) -> list[Task] | None:
    """What the networks gave, of a kind that looks for that; ``None`` of any other.

    Raises ``NothingToCompareError``: nothing in the file is what they gave.
    """
    networks = [f for f in found if f.standing is Standing.NETWORK]
    if not networks or not all(at.kind.hunts for at in networks):
        return None
    variables: dict[str, Value] = {}
    for info in mat.variables:
        with suppress(MatFileError):
            variables[info.name] = mat[info.name]
    each = [(at, at.kind.truths(at.model, {**variables, **at.beside})) for at in networks]
    many = len(each) > 1
    tasks = [
        replace(one, expected={f"{at.path}: " * many + k: y for k, y in one.expected.items()})
        for at, truths in each
        for one in truths
    ]
    if tasks:
        return tasks
    networks_own = {at.path for at, _ in each}
    beside = [
        f"{name} ({size_text(mat_shape(value))} {mat_class(value)})"
        for name, value in variables.items()
        if name not in networks_own
    ]
    raise NothingToCompareError(
        "None of the variables beside it is what the network gives for another of them: "
        f"{listed(beside)}.{_sizes_of(networks[0])}"
        if beside
        else "The network is all that is in the file: neither an input nor an output lies beside "
        f"it.{_sizes_of(networks[0])}",
        where=(str(mat.path),),
        remedy="in MATLAB, save both: Y = net(X); save('f.mat', 'net', 'X', 'Y'); or name files "
        f"with {argument('input')} and {argument('expected')}.",
    )


def _sizes_of(at: Found) -> str:
    """What a shallow network takes and gives, where it can be run."""
    with suppress(MatlabCompatError):
        net = at.build()
        if isinstance(net, ShallowNetwork) and net.inputs:
            takes = " and ".join(f"{one.size}×Q" for one in net.inputs)
            gives = " and ".join(f"{one.size}×Q" for one in net.outputs if one)
            return f" It takes {takes} and gives {gives}, a column for each sample."
    return ""


def _resting_on_code(model: ModelLike) -> str:
    """What to say of layers of the user's code, where nothing proves them."""
    coded = coded_layers(model)
    if not coded:
        return ""
    return (
        f"Until then {listed(coded)} {'rest' if len(coded) > 1 else 'rests'} on how this project "
        f"reads your code; {argument('octave')} runs it in GNU Octave as well, and compares."
    )


def _labelled(mat: MatFile, X: list[Any]) -> list[Any]:
    """The inputs as dlarray where the file's ``formats`` say that they were."""
    formats = mat.get("formats")
    if not isinstance(formats, np.ndarray) or formats.dtype != object or formats.size != len(X):
        return X
    pairs = zip(X, formats.ravel(order="F"), strict=True)
    return [dlarray(x, str(labels)) if labels else x for x, labels in pairs]


def _activations(mat: MatFile, found: Found) -> dict[str, Any]:
    """The saved activations by layer name; fields are layer names as MATLAB makes them valid."""
    from .names import valid_name

    for values in (found.beside, mat):
        name = pick(values, ACTIVATION_NAMES)
        if name is None:
            continue
        where = (str(mat.path), name)
        saved = values[name]
        if not isinstance(saved, StructArray) or saved.shape != (1, 1):
            raise NothingToCompareError(
                f"The activations are {mat_class(saved)}, {size_text(mat_shape(saved))}, not a "
                "struct with a field for each layer: none can be compared.",
                where=where,
                remedy="in MATLAB: activations.conv_1 = activations(net, X, 'conv_1'); or give the "
                "variable another name.",
            )
        by_field = {valid_name(layer.name): layer.name for layer in found.layers}
        fields = dict(next(saved.elements()))
        if unknown := [key for key in fields if key not in by_field]:
            near = difflib.get_close_matches(unknown[0], by_field, 1)
            raise NothingToCompareError(
                f"There is no layer '{unknown[0]}' to compare with these activations"
                f"{f'; did you mean {near[0]!r}?' if near else '.'}",
                where=(*where, unknown[0]),
                remedy="name each field as its layer is called (matlab.lang.makeValidName of it): "
                f"{', '.join(list(by_field)[:8])}{' ...' if len(by_field) > 8 else ''}.",
            )
        return {
            by_field[key]: unlabelled(numeric(value, (*where, key)))
            for key, value in fields.items()
        }
    return {}
