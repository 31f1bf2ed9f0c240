"""Shallow networks as functions of MATLAB's language, which need no toolbox.

Expected values: what Octave makes of the function, against Octave's own outputs in
``fixtures/shallow``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converters
from converters.formats.shallow_code import matlab_function
from matlab_compat.errors import UnsupportedLayerError, UsageError
from matlab_compat.shallow import register
from tests.matlab.octave import needs_octave, octave
from tests.matlab_compat.shallow.made import FOLDER, NAMES, contents, network


@pytest.mark.octave
@needs_octave
def test_octave_computes_the_same_with_the_functions(tmp_path: Path) -> None:
    """All in one run of Octave, which takes seconds to start."""
    code = []
    for name in NAMES:
        converters.convert(FOLDER / f"{name}.v7.mat", tmp_path / f"f_{name}.m")
        call = f"f_{name}(X)"
        if network(name).is_dynamic:
            continue
        code.append(f"clear X Y o; load('{FOLDER / name}.v7.mat');")
        code.append(f"o = cell(1, {network(name).numOutputs}); [o{{:}}] = {call};")
        code.append("disp(max(max(abs(vertcat(o{:}) - Y))) / max(abs(Y(:))));")
    for name, call in {
        "linear": "f_linear([X{:}](:,q:3:end), [Xi{:}](:,q:3:end))",
        "recurrent": "f_recurrent([X{:}])",
        "closed_loop": "f_closed_loop([X{:}], [Xi{:}], [Ai{2,:}])",
        "open_loop": "f_open_loop(cat(2,X{1,:}), cat(2,X{2,:}), cat(2,Xi{1,:}), cat(2,Xi{2,:}))",
    }.items():
        code.append(f"clear X Y; load('{FOLDER / name}.v7.mat'); Y = [Y{{:}}];")
        if name == "linear":
            code.append("q = 2; Y = Y(:,q:3:end);")
        code.append(f"disp(max(max(abs({call} - Y))) / max(abs(Y(:))));")
    lines = octave("\n".join(code), tmp_path).split()
    values = [float(line) for line in lines]
    assert len(values) == len(NAMES)
    assert max(values) < 1e-12


def test_the_function_reads_as_genfunction_writes_it() -> None:
    text = matlab_function(network("pattern"), "classes").splitlines()
    assert text[0] == "function [y1] = classes(x1)"
    assert "% ===== NEURAL NETWORK CONSTANTS =====" in text
    assert "a1 = tansig_apply(repmat(b1,1,Q) + IW1_1*xp1);" in text
    assert "a2 = softmax_apply(repmat(b2,1,Q) + LW2_1*a1);" in text
    assert not any("mapminmax" in line for line in text)


def test_constants_read_back_exactly() -> None:
    text = matlab_function(network("pattern"), "classes")
    line = next(line for line in text.splitlines() if line.startswith("IW1_1 = "))
    rows = line.removeprefix("IW1_1 = [").removesuffix("];").split(";")
    read = np.array([[float(x) for x in row.split()] for row in rows])
    assert np.array_equal(read, contents("pattern")["net"]["IW"][0, 0])


@pytest.mark.parametrize("ending", [".m", ""])
def test_a_function_of_ones_own_has_no_text(tmp_path: Path, ending: str) -> None:
    register("transfer", "untold", lambda n: n)
    net = network("pattern")
    net.layers[0] = type(net.layers[0])("Hidden", 5, "untold")
    with pytest.raises(UnsupportedLayerError, match="'untold' is a function of your own"):
        converters.save(net, tmp_path / f"own{ending}")


def test_a_name_that_is_none_in_matlab_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name of a function"):
        converters.save(network("pattern"), tmp_path / "2nd.m")
