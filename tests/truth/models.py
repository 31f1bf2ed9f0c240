"""Every model of every kind in a folder of real files: what it is, and what became of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import converters
from converters.agents import agents_in
from converters.detectors import detectors_in
from converters.find import Found, find_models
from converters.identify.values import identified
from converters.kinds import Standing
from converters.matfile import MatFile
from converters.parameter_files import save_parameters
from converters.walk import may_hold_models, root_of
from matlab_compat.agents import Agent
from matlab_compat.detectors import Detector
from matlab_compat.errors import (
    AmbiguousLayerError,
    FunctionNeededError,
    MatlabCompatError,
    NothingToCompareError,
)
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

from .cases import CASES, DIGITS, FAULTS, SPEECH, UNET, Measured
from .networks import tried

#: The files that each case of the truth is about.
FILES = {
    "unet": f"{UNET}/*custom_onnx_unet113*.mat",
    "activations": f"{DIGITS}/matlab__net.mat",
    "lstm": "yaotianhua0924__FENN/LSTM.mat",
    "classifications": f"{FAULTS}/SavedData__TrainedModel*.mat",
    "exported_onnx": "ccnmaastricht__Object_recognition/net.mat",
    "burgers": "Giraud-Pierre__PINN_for_SEDMES/*BurgersPINN.mat",
    "surrogate": "YusufB-8__cnn-pso-global-optimization/trainedNetwork_1.mat",
    "heat": "luismoraortiz__BT_PINN_Approach_to_Solve_PDE/2DHE__Data_2DHE_OptSweep.mat",
    "trader": "*__reinforcement_learning_financial_trading/agents__agent-v.1.mat",
    "imported_onnx": f"{SPEECH}/HelperFiles__net.mat",
    "tensorflow": "yanndebray__fashion/fashionNet1.mat",
    "accuracies": "Neelanjana314__Trained_Neural_Networks/*LeakyRelu*net_3L_20x3_91_91.mat",
    "matconvnet": "foolwood__DCFNet/DCFNet__DCFNet-net-7-125-2.mat",
    "radial": "HayaKus__CloudSimSEC/rbf2.mat",
    "encoder": "cheo2322__Neural-Network-for-hacking-attacks-detection/autNew.mat",
    "stocks": "cstdvd__stock_market_indices/net.mat",
}


@dataclass(frozen=True)
class Model:
    """One model of one file, and what became of it."""

    file: Path
    #: What it is called: ``net``, ``agent.Critic(2)``.
    name: str
    #: ``dlnetwork``, ``agent (rlTD3Agent)``, ``parameters`` ...
    kind: str
    #: "converts", "runs" (an agent or detector), "sized" (an untrained network), "opens" or
    #: "refused".
    verdict: str
    reasons: tuple[str, ...] = ()
    #: How far it is from what others computed.
    truth: tuple[Measured, ...] = ()

    @property
    def where(self) -> str:
        """The file and the name in it."""
        return f"{self.file.parent.name}/{self.file.name} > {self.name}"


def models(real: Path, *, convert: bool = True, truth: bool = True) -> Iterator[Model]:
    """Every model of a folder.

    Parameters
    ----------
    convert:
        Run and convert each that can be, and compare; else it is only opened.
    truth:
        Compute the cases of the truth, too.
    """
    for file in sorted(real.glob("*/*.mat")):
        cases = [c for c, names in FILES.items() if file in real.glob(names)] if truth else []
        measured = tuple(m for case in cases for m in CASES[case](real))
        for model in of_file(file, convert=convert):
            yield replace(model, truth=(*model.truth, *measured))
            measured = ()  # once for each file


def of_file(file: Path, *, convert: bool) -> Iterator[Model]:
    """The models of one file."""
    with warnings.catch_warnings(action="ignore"), converters.open_mat(file) as mat:
        mat._reader.read = cache(mat._reader.read)  # for all that look into it
        known = [found for found in find_models(mat) if found.standing is not Standing.LOOSE]
        for found in known:
            yield _found(file, found, convert)
        yield from _described(file, mat, {root_of(found.path) for found in known})
        if agents_in(mat):
            yield from _whole(file, "agent", converters.load_agent)
        if detectors_in(mat):
            yield from _whole(file, "detector", converters.load_detector)


def _found(file: Path, found: Found, convert: bool) -> Model:
    kind, name = found.class_name.rpartition(".")[2], found.name or "loose variables"
    try:
        model = found.build()
    except MatlabCompatError as error:
        return Model(file, name, kind, "refused", (error.what.splitlines()[0],))
    if isinstance(model, ShallowNetwork):
        if problems := model.problems():
            return Model(file, name, kind, "refused", tuple(problems))
        if convert:
            return _saved(file, name, kind, model, tuple(_given(file, name)))
    if not isinstance(model, Network) or not convert:
        return Model(file, name, kind, "opens")
    row = tried(file, name, model, ())
    if row.verdict != "runs":
        return Model(file, name, kind, row.verdict, row.reasons)
    return _saved(file, name, kind, model)


def _given(file: Path, name: str) -> Iterator[Measured]:
    """What lies beside a shallow network of all that it gave."""
    try:
        report = converters.verify(file, name)
    except NothingToCompareError:
        return
    for one in report.outputs:
        yield Measured(f"{name} {one.name}", "MATLAB", one.scaled_error, one.bound)


def _saved(
    file: Path,
    name: str,
    kind: str,
    model: Network | ShallowNetwork,
    truth: tuple[Measured, ...] = (),
) -> Model:
    with TemporaryDirectory() as folder:
        try:
            done = converters.save(model, Path(folder) / "model.pt")
        except MatlabCompatError as error:
            return Model(file, name, kind, "refused", (error.what.splitlines()[0],))
    verdict = "differs" if done.exit_code else "converts"
    return Model(file, name, kind, verdict, (done.unchecked,) if done.unchecked else (), truth)


def _described(file: Path, mat: MatFile, found: Collection[str]) -> Iterator[Model]:
    """What is known and not run, and parameters, which are no more than converted."""
    for info in mat.variables:
        if info.name in found or not may_hold_models(info.class_name):
            continue
        for known in identified(mat, info):
            if not known.is_model or known.what.startswith(("an agent", "a detector")):
                continue
            if known.error is not FunctionNeededError:
                kind = known.what.partition(" (")[0].partition(",")[0]
                yield Model(file, known.path, kind, "refused", (known.what,))
                continue
            parameters = converters.load_parameters(file, known.path)
            with TemporaryDirectory() as folder:
                save_parameters(parameters, Path(folder) / "p.npz")
            yield Model(file, known.path, "parameters", "converts", ("its function is needed",))


def _whole(
    file: Path, kind: str, load: Callable[..., object], name: str | None = None
) -> Iterator[Model]:
    """Agents or detectors with all that belongs to them: whether they act and detect."""
    try:
        made = load(file, name)
    except AmbiguousLayerError as error:
        for one in re.findall(r"([\w.(){}]+) \(", error.what.partition(":")[2]):
            yield from _whole(file, kind, load, one)
        return
    except MatlabCompatError as error:
        yield Model(file, name or kind, kind, "refused", (error.what,))
        return
    called, what = getattr(made, "name", kind), f"{kind} ({type(made).__name__})"
    try:
        done = _done(made)
    except MatlabCompatError as error:
        yield Model(file, called, what, "opens", (error.what,))
        return
    yield Model(file, called, what, "runs", (f"{done}; its networks stand above",))


def _done(made: object) -> str:
    """What an agent or a detector does of zeros."""
    if isinstance(made, Detector):
        size = made.TrainingImageSize[0]
        channels = (made.Network.layer(made.Network.InputNames[0]).input_size() or (3,))[-1]
        return f"detects {len(made.detect(np.zeros((*size, channels), np.uint8), size=size))}"
    assert isinstance(made, Agent)
    function = next(iter(made.functions.values()))
    made.act([np.zeros(spec.dimension) for spec in function.observations])
    return "acts"
