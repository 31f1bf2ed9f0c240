"""Networks out of generated functions: numbers and statements are read, nothing is run.

Expected values: the networks of ``fixtures/shallow`` whose functions are written here; texts by
hand in the forms that MATLAB's genFunction and apps give them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converters
from converters.formats.shallow_code import matlab_function
from matlab_compat import ShallowNetwork
from matlab_compat.errors import MatlabCompatError, UnsupportedFileError, UnsupportedModelError
from tests.matlab_compat.shallow.made import contents, network

STATIC = ["feedforward", "version_6", "pattern", "cascade", "radial_basis", "regression"]


def loaded(folder: Path, text: str) -> ShallowNetwork:
    (folder / "f.m").write_text(text, encoding="utf-8")
    net = converters.load(folder / "f.m")
    assert isinstance(net, ShallowNetwork)
    return net


@pytest.mark.parametrize("name", [*STATIC, "transfer_functions", "probabilistic"])
def test_a_function_gives_the_network_back(tmp_path: Path, name: str) -> None:
    made = contents(name)
    net = loaded(tmp_path, matlab_function(network(name), "f"))
    assert net.problems() == []
    Y = net(made["X"])
    assert np.abs(Y - made["Y"]).max() <= 1e-12 * np.abs(made["Y"]).max()


ROWS = """function [y1] = myNeuralNetworkFunction(x1)
%MYNEURALNETWORKFUNCTION neural network simulation function.
% ===== NEURAL NETWORK CONSTANTS =====
% Input 1
x1_step1_xoffset = [0;1];
x1_step1_gain = [2;0.5];
x1_step1_ymin = -1;
% Layer 1
b1 = [0.5;-0.25];
IW1_1 = [1 -2;3.5e-1 4];
% Layer 2
b2 = 0.125;
LW2_1 = [1 -1];
% ===== SIMULATION ========
Q = size(x1,1); % samples
x1 = x1';
xp1 = mapminmax_apply(x1,x1_step1_gain,x1_step1_xoffset,x1_step1_ymin);
a1 = tansig_apply(repmat(b1,1,Q) + IW1_1*xp1);
a2 = repmat(b2,1,Q) + LW2_1*a1;
y1 = a2;
y1 = y1';
end
% ===== MODULE FUNCTIONS ========
function y = mapminmax_apply(x,settings_gain,settings_xoffset,settings_ymin)
y = bsxfun(@minus,x,settings_xoffset);
end
"""


def test_samples_in_rows_and_names_of_2015(tmp_path: Path) -> None:
    X = np.array([[0.5, 1, 0], [2.0, 3, 1]])
    p = (X - [[0], [1]]) * [[2], [0.5]] - 1
    a = np.tanh(np.array([[1, -2], [0.35, 4]]) @ p + [[0.5], [-0.25]])
    expected = np.array([[1, -1]]) @ a + 0.125
    assert np.allclose(loaded(tmp_path, ROWS)(X), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("a2 = repmat", "a2 = 2*repmat", 19),
        ("xp1 = mapminmax", "x1 = x1/255; xp1 = mapminmax", 17),
        ("b2 = 0.125", "b2 = rand(1)", 12),
        ("LW2_1*a1", "LW2_1*a1'", 19),
        ("function y = mapminmax_apply", "function y = mine(x), z", 24),
    ],
)
def test_a_statement_of_somebody_else_is_refused(
    tmp_path: Path, old: str, new: str, line: int
) -> None:
    with pytest.raises(UnsupportedFileError) as caught:
        loaded(tmp_path, ROWS.replace(old, new, 1))
    assert caught.value.what == f"line {line} is not what MATLAB generates; was the file edited?"


def test_inputs_without_processing_stand_as_they_are(tmp_path: Path) -> None:
    start, end = ROWS.index("% Input 1"), ROWS.index("% Layer 1")
    text = (ROWS[:start] + ROWS[end:]).replace("IW1_1*xp1", "IW1_1*x1")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("xp1"))
    X = np.array([[0.5, 1, 0], [2.0, 3, 1]])
    a = np.tanh(np.array([[1, -2], [0.35, 4]]) @ X + [[0.5], [-0.25]])
    assert np.allclose(loaded(tmp_path, text)(X), np.array([[1, -1]]) @ a + 0.125, rtol=1e-14)


def test_delays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="has delays"):
        loaded(tmp_path, matlab_function(network("recurrent"), "f"))


@pytest.mark.parametrize(
    "text", ["", "x = 1;\n", ROWS[:200], ROWS.replace("LW2_1 = [1 -1];\n", "")]
)
def test_what_is_no_such_function_or_half_of_one_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MatlabCompatError):
        loaded(tmp_path, text).check()
