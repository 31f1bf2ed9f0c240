"""Shallow networks as torch modules.

Expected values: Octave's results of the networks in ``fixtures/shallow``.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from matlab_compat.engine import shallow as engine
from matlab_compat.errors import UnsupportedModelError
from matlab_compat.shallow.registry import KNOWN

from .made import contents, matrix, network


def test_every_function_that_is_known_is_in_the_engine() -> None:
    assert KNOWN["transfer"] == engine.TRANSFER.keys()
    assert KNOWN["weight"] == engine.WEIGHTING.keys()
    assert KNOWN["net input"] == engine.NET_INPUT.keys()


def test_parameters_have_the_names_and_sizes_of_matlab() -> None:
    module = network("feedforward").to_torch()
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {
        "IW.0_0": (4, 2),
        "LW.1_0": (3, 4),
        "b.0": (4,),
        "b.1": (3,),
    }
    names = set(module.state_dict())
    assert {"inputs.0.mapminmax.gain", "inputs.0.removeconstantrows.keep"} < names
    assert {p.dtype for p in module.parameters()} == {torch.float64}


def test_samples_are_rows() -> None:
    made = contents("feedforward")
    y = network("feedforward").to_torch()(torch.from_numpy(made["X"].T.copy()))
    assert np.abs(y.detach().numpy().T - made["Y"]).max() < 1e-12


def test_a_series_has_its_state_beside_it() -> None:
    made = contents("recurrent")
    x = torch.from_numpy(matrix(made["X"]).T[None].copy())
    module = network("recurrent").to_torch()
    y, state = module(x)
    assert np.abs(y[0].detach().numpy().T - matrix(made["Y"])).max() < 1e-14
    first, state = module(x[:, :4])
    second, _ = module(x[:, 4:], state=state)
    assert torch.equal(torch.cat([first, second], 1), y)


def test_a_module_can_be_trained() -> None:
    made = contents("pattern")
    module = network("pattern").to_torch().train()
    x = torch.from_numpy(made["X"].T.copy())
    module(x).log().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


@pytest.mark.parametrize("name", ["feedforward", "version_6", "pattern"])
def test_a_chain_is_a_sequential(name: str) -> None:
    made, chain = contents(name), network(name).to_sequential()
    assert sum(isinstance(one, torch.nn.Linear) for one in chain) == 2
    y = chain(torch.from_numpy(made["X"].T.copy())).detach().numpy().T
    assert np.abs(y - made["Y"]).max() < 1e-12


@pytest.mark.parametrize("name", ["cascade", "recurrent", "radial_basis"])
def test_what_is_no_chain_is_no_sequential(name: str) -> None:
    with pytest.raises(UnsupportedModelError, match="no chain"):
        network(name).to_sequential()


def test_single_precision_is_a_choice() -> None:
    made = contents("pattern")
    Y = network("pattern").predict(made["X"], dtype="single")
    assert Y.dtype == np.float32
    assert 0 < np.abs(Y - made["Y"]).max() < 1e-5
