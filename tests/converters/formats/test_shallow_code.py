"""Shallow networks as functions of MATLAB's language, which need no toolbox.

Expected values: what Octave makes of the function, against Octave's own outputs in
``fixtures/shallow``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import converters
from converters.formats.shallow_code import matlab_function, torch_constants, torch_module
from matlab_compat.errors import UnsupportedLayerError, UsageError
from matlab_compat.shallow import ShallowNetwork, register
from tests.matlab.octave import needs_octave, octave
from tests.matlab_compat.shallow.made import (
    FOLDER,
    NAMES,
    WEIGHT,
    cell,
    contents,
    fields,
    network,
)

EMPTY = np.zeros((0, 0))


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


def many_delays() -> ShallowNetwork:
    """One that sees eight steps of its two inputs, and one and ten of what it gave."""
    weights = np.random.default_rng(0).normal(size=(2, 16))
    back = {"delays": np.array([[1.0, 3, 5, 7, 9, 10]])}
    given = fields(
        inputWeights=cell([[WEIGHT | {"delays": np.arange(1.0, 9)[np.newaxis]}], [EMPTY]]),
        layerWeights=cell([[EMPTY, WEIGHT | back], [WEIGHT, EMPTY]]),
        IW=cell([[weights], [EMPTY]]),
        LW=cell([[EMPTY, weights[:, :6]], [np.array([[1.0, -1]]), EMPTY]]),
    )
    return ShallowNetwork.from_fields(given)


def test_the_module_is_written_as_ruff_formats_it(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    for i, net in enumerate([*map(network, NAMES), many_delays()]):
        helpers, text = torch_module(net, 8, "Net")
        (tmp_path / f"net_{i}.py").write_text("\n\n".join([*helpers, f"{text}\n"]))
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "100"]
    done = subprocess.run([*command, "--diff", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_many_delays_are_written_as_a_range_and_compute_the_same() -> None:
    net = many_delays()
    _, text = torch_module(net, 8, "Net")
    assert "for d in range(1, 9)]" in text
    assert "for d in (1, 3, 5, 7, 9, 10)]" in text
    names: dict[str, Any] = {
        "torch": torch, "nn": torch.nn, "functional": torch.nn.functional, "Tensor": torch.Tensor
    }  # fmt: skip
    exec(text, names)
    module = names["Net"]().double()
    state = {key: torch.from_numpy(value.copy()) for key, value in torch_constants(net).items()}
    module.load_state_dict(state)
    inputs = [torch.randn(3, 12, 2), torch.randn(3, 8, 2), torch.randn(3, 10, 1)]
    with torch.no_grad():
        found = module(*(one.double() for one in inputs))
        wanted = net.to_program("double")(*(one.double() for one in inputs))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-13)
