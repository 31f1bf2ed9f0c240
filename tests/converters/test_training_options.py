"""Training options in files. Expected values: what stands in the files, read by other means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters import training_options
from converters.matfile.values import MatObject, StructArray
from converters.matfile.writer import write_mat
from matlab_compat import warmupLearnRate
from matlab_compat.errors import AmbiguousLayerError, VariableNotFoundError
from matlab_compat.learn_rates import schedules_of

from ..real import REAL


@pytest.mark.real
@pytest.mark.parametrize(
    ("path", "solver"),
    [
        ("SrikarWritesCode__Anomaly-Detection/options.mat", "adam"),
        ("yaotianhua0924__FENN/LSTM.mat", "adam"),
        ("chunter18__CNN-Layers-HLS/matlab__net.mat", "sgdm"),
        ("verivital__SemanticSegmentation/matlab__net.r8be21f6.mat", "sgdm"),
    ],
)
def test_the_options_of_real_files(path: str, solver: str) -> None:
    assert converters.load_training_options(REAL / path).Solver == solver


@pytest.mark.real
def test_the_variable_chosen() -> None:
    path = REAL / "yaotianhua0924__FENN/LSTM.mat"
    assert converters.load_training_options(path, "options").InitialLearnRate == 0.005
    with pytest.raises(VariableNotFoundError, match="There are no training options"):
        converters.load_training_options(path, "net")


def test_a_file_without_options_says_how_to_save_them(tmp_path: Path) -> None:
    write_mat(tmp_path / "s.mat", {"s": StructArray.scalar(a="text")})
    with pytest.raises(VariableNotFoundError, match=r"trainingOptions\("):
        converters.load_training_options(tmp_path / "s.mat")


def test_several_options_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    two = [(name, MatObject("nnet.cnn.TrainingOptionsADAM", dict)) for name in ("a", "s.b")]
    monkeypatch.setattr(training_options, "objects_in", lambda mat, wanted, variable: two)
    write_mat(tmp_path / "s.mat", {"s": StructArray.scalar(a="text")})
    with pytest.raises(AmbiguousLayerError, match=r"2 training options in it: a \(.*\), s\.b"):
        converters.load_training_options(tmp_path / "s.mat")


def saved_object(class_name: str, **properties: Any) -> MatObject:
    return MatObject(class_name, lambda: properties)


def test_saved_schedules_are_read_alone_and_in_a_cell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Objects by their classes and properties; what a cell holds follows each other."""
    one = saved_object("warmupLearnRate", InitialFactor=0.1, FinalFactor=1.0, NumSteps=5.0)
    other = saved_object("a.package.piecewiseLearnRate", DropFactor=0.5, Period=2.0)
    cell = np.empty((1, 2), object)
    cell[0, :] = [one, other]
    write_mat(tmp_path / "s.mat", {"s": StructArray.scalar(a="text")})
    for value, count in ((one, 1), (cell, 2)):
        options = saved_object(
            "nnet.cnn.TrainingOptionsADAM", InitialLearnRate=0.1, LearnRateSchedule=value
        )
        found = [("options", options)]
        monkeypatch.setattr(training_options, "objects_in", lambda *_, f=found: f)
        loaded = converters.load_training_options(tmp_path / "s.mat")
        schedules = schedules_of(loaded.LearnRateSchedule)
        assert schedules[0] == warmupLearnRate(InitialFactor=0.1, FinalFactor=1, NumSteps=5)
        assert len(schedules) == count
