"""A struct of parameters of a real file, run by a model function of our own words.

Expected values: the predictions that MATLAB saved beside the parameters (truth 14 of
``../shared/real/INDEX.md``). The function is that of the file's training: ``tanh`` between fully
connected layers ``fc1`` ... of the stacked coordinates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converters
from tests.real import REAL

FILE = REAL / "luismoraortiz__BT_PINN_Approach_to_Solve_PDE" / "2DHE__Data_2DHE_OptSweep.mat"

FUNCTION = """
function U = model(parameters, X, Y, T)
    numLayers = numel(fieldnames(parameters)) / 2;
    U = fullyconnect([X; Y; T], parameters.fc1_Weights, parameters.fc1_Bias);
    for i = 2:numLayers
        name = "fc" + i;
        U = tanh(U);
        U = fullyconnect(U, parameters.(name + "_Weights"), parameters.(name + "_Bias"));
    end
end
"""


@pytest.mark.real
def test_predictions_of_a_trained_function_are_matlabs(tmp_path: Path) -> None:
    (tmp_path / "model.m").write_text(FUNCTION)
    model = converters.load_model(
        FILE,
        function=tmp_path / "model.m",
        arguments="parameters, dlXTest:CB, dlYTest:CB, dlTTest:CB",
    )
    mat = converters.open_mat(FILE)
    U = model.predict(tuple(mat[name] for name in ("dlXTest", "dlYTest", "dlTTest")))
    expected = mat["dlUPred"].extractdata()
    np.testing.assert_allclose(np.asarray(U), expected, rtol=0, atol=1e-12)
