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
from matlab_compat import ShallowNetwork, con2seq
from matlab_compat.errors import MatlabCompatError, UnsupportedFileError
from tests.matlab_compat.shallow.made import contents, matrix, network

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


CELLS = """function [Y,Xf,Af] = narx(X,Xi,Ai)
%NARX neural network simulation function.
% ===== NEURAL NETWORK CONSTANTS =====
% Input 1
x1_step1.xoffset = [0;1];
x1_step1.gain = [2;0.5];
x1_step1.ymin = -1;
% Layer 1
b1 = [0.5;-0.25];
IW1_1 = [1 -2 0.5 0.25;3.5e-1 4 -1 0.125];
LW1_2 = [0.5 -0.75;0.25 0.5];
% Layer 2
b2 = 0.125;
LW2_1 = [1 -1];
% Output 1
y1_step1.ymin = -1;
y1_step1.gain = 0.5;
y1_step1.xoffset = 3;
% ===== SIMULATION ========
% Format Input Arguments
isCellX = iscell(X);
if ~isCellX
  X = {X};
end
if (nargin < 2), error('Initial input states Xi argument needed.'); end
% Dimensions
TS = size(X,2); % timesteps
if ~isempty(X)
  Q = size(X{1},2); % samples/series
elseif ~isempty(Xi)
  Q = size(Xi{1},2);
elseif ~isempty(Ai)
  Q = size(Ai{1},2);
else
  Q = 0;
end
% Input 1 Delay States
Xd1 = cell(1,3);
for ts=1:2
    Xd1{ts} = mapminmax_apply(Xi{1,ts},x1_step1);
end
% Layer Delay States
Ad1 = [Ai(1,:) cell(1,1)];
Ad2 = [Ai(2,:) cell(1,1)];
% Allocate Outputs
Y = cell(1,TS);
% Time loop
for ts=1:TS
      % Rotating delay state position
      xdts = mod(ts+1,3)+1;
      adts = mod(ts+1,3)+1;
    % Input 1
    Xd1{xdts} = mapminmax_apply(X{1,ts},x1_step1);
    % Layer 1
    tapdelay1 = cat(1,Xd1{mod(xdts-[0 2]-1,3)+1});
    tapdelay2 = cat(1,Ad2{mod(adts-[1 2]-1,3)+1});
    Ad1{adts} = tansig_apply(repmat(b1,1,Q) + IW1_1*tapdelay1 + LW1_2*tapdelay2);
    % Layer 2
    tapdelay1 = cat(1,Ad1{mod(adts-0-1,3)+1});
    Ad2{adts} = repmat(b2,1,Q) + LW2_1*tapdelay1;
    % Output 1
    Y{1,ts} = mapminmax_reverse(Ad2{adts},y1_step1);
end
% Final Delay States
finalxts = TS+(1: 2);
xits = finalxts(finalxts<=2);
xts = finalxts(finalxts>2)-2;
finalats = TS+(1: 2);
ats = mod(finalats-1,3)+1;
Xf = [Xi(:,xits) X(:,xts)];
Af = cell(2,2);
Af(1,:) = Ad1(:,ats);
Af(2,:) = Ad2(:,ats);
% Format Output Arguments
if ~isCellX
  Y = cell2mat(Y);
end
end
% ===== MODULE FUNCTIONS ========
function y = mapminmax_apply(x,settings)
  y = bsxfun(@minus,x,settings.xoffset);
end
"""


def test_a_function_of_cells_with_delays(tmp_path: Path) -> None:
    """By hand, step by step, from zeros in the user's units."""
    X = np.random.default_rng(0).uniform(0, 3, (2, 5))
    p = (np.concatenate([np.zeros((2, 2)), X], 1) - [[0], [1]]) * [[2], [0.5]] - 1
    IW = np.array([[1, -2, 0.5, 0.25], [0.35, 4, -1, 0.125]])
    LW = np.array([[0.5, -0.75], [0.25, 0.5]])
    a = [0.0, 0.0]
    for t in range(5):
        n = [0.5, -0.25] + IW @ np.concatenate([p[:, t + 2], p[:, t]]) + LW @ [a[-1], a[-2]]
        a.append(float(np.tanh(n) @ [1, -1]) + 0.125)
    expected = (np.array(a[2:]) + 1) / 0.5 + 3
    Y = loaded(tmp_path, CELLS)(con2seq(X))
    np.testing.assert_allclose(matrix(Y)[0], expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["linear", "recurrent", "closed_loop", "open_loop"])
def test_a_function_with_delays_gives_the_network_back(tmp_path: Path, name: str) -> None:
    made = contents(name)
    net = loaded(tmp_path, matlab_function(network(name), "f"))
    Y = matrix(net(made["X"], made.get("Xi"), made.get("Ai")))
    assert np.abs(Y - matrix(made["Y"])).max() <= 1e-12 * np.abs(matrix(made["Y"])).max()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mod(xdts-[0 2]-1,3)", "mod(xdts-[0 3]-1,3)"),
        ("mod(xdts-[0 2]-1,3)", "mod(xdts-[0 2]-1,4)"),
        ("xdts = mod(ts+1,3)", "xdts = mod(ts,3)"),
        ("cat(1,Ad2{", "cat(1,Ad1{"),
        ("apply(X{1,ts}", "apply(X{2,ts}"),
        ("Ad2 = [Ai(2,:)", "Ad2 = [Ai(1,:)"),
    ],
)
def test_delays_that_were_edited_are_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in CELLS
    with pytest.raises(UnsupportedFileError, match="is not what MATLAB generates"):
        loaded(tmp_path, CELLS.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [("LW2_1", "LW1_1"), ("IW1_1", "IW1_9"), ("b1", "b2"), ("y1 = a2", "y1 = a3")],
)
def test_weights_of_another_layer_are_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(UnsupportedFileError):
        loaded(tmp_path, ROWS.replace(old, new))


def test_samples_in_rows_of_cells(tmp_path: Path) -> None:
    """As an app of 2019 writes it: each cell is transposed before and after."""
    text = ROWS.replace("Q = size(x1,1); % samples\nx1 = x1';", "for ts=1:TS\nX{1,ts} = X{1,ts}';")
    text = text.replace("apply(x1,", "apply(X{1,ts},").replace("xp1", "Xp1")
    text = text.replace("y1 = a2;\ny1 = y1';", "Y{1,ts} = a2;\nY{1,ts} = Y{1,ts}';\nend")
    X = np.array([[0.5, 1, 0], [2.0, 3, 1]])
    np.testing.assert_array_equal(loaded(tmp_path, text)(X), loaded(tmp_path, ROWS)(X))


@pytest.mark.parametrize(
    "text", ["", "x = 1;\n", ROWS[:200], ROWS.replace("LW2_1 = [1 -1];\n", "")]
)
def test_what_is_no_such_function_or_half_of_one_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MatlabCompatError):
        loaded(tmp_path, text).check()
