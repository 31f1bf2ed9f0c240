"""Code that ran twice is not read a third time, and computes the same.

Expected values: those of the first call, which reads the code, and formulas written out in torch.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from matlab_compat.code.program import Program
from matlab_compat.code.recording import as_if_exported
from tests.matlab_compat.code.test_layers import layer_of, source


class Reads:
    """How often the code was read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        read = Program.call

        def counted(program: Program, *arguments: Any) -> Any:
            self.count += 1
            return read(program, *arguments)

        monkeypatch.setattr(Program, "call", counted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def module_of(body: str, properties: str = "", **fields: Any) -> nn.Module:
    layer = layer_of(source(body, properties), **fields)
    module: nn.Module = layer.to_torch(formats=("SSCB",)).eval()
    return module


def recorded(body: str, reads: Reads) -> nn.Module:
    """A module that made the calls of torch alone when it was last called; nothing is counted."""
    module = module_of(body)
    for _ in range(3):
        module(data(1))
    reads.count = 0
    return module


def data(seed: int, *size: int) -> torch.Tensor:
    return torch.randn(size or (2, 3, 4, 5), generator=torch.Generator().manual_seed(seed))


def test_the_third_call_makes_the_calls_of_torch_alone(reads: Reads) -> None:
    module = module_of("Z = max(X, 0) + sum(X, [1 2]) ./ sqrt(abs(X(1, :, :, :)) + 1);")
    reads.count = 0
    expected = [module(data(seed)) for seed in (1, 2)]
    assert reads.count == 2
    found = [module(data(seed)) for seed in (1, 2, 3)]
    assert reads.count == 2
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=False))


def test_the_memory_of_a_result_is_given_back_at_once() -> None:
    module = module_of("Z = cat(3, X, X) * 2;")
    results = [module(data(seed)) for seed in range(4)]
    last = weakref.ref(results[-1])
    gc.disable()
    try:
        del results
        assert last() is None
    finally:
        gc.enable()


def test_other_sizes_are_read_again(reads: Reads) -> None:
    module = recorded("Z = X ./ size(X, 1);", reads)
    x = data(1, 2, 3, 6, 5)
    assert torch.equal(module(x), x / 6)
    assert reads.count == 1


def test_a_branch_on_data_that_goes_the_other_way_is_read_again(reads: Reads) -> None:
    module = module_of("if sum(X, 'all') > 0, Z = X * 2; else, Z = -X; end")
    for _ in range(3):
        module(torch.ones(1, 2, 3, 4))
    reads.count = 0
    x = -torch.ones(1, 2, 3, 4)
    assert torch.equal(module(x), -x)
    assert reads.count == 1


def test_a_root_that_becomes_complex_is_read_again() -> None:
    module = module_of("Z = abs(sqrt(X));")
    for _ in range(3):
        module(torch.ones(1, 2, 3, 4))
    assert torch.equal(module(torch.full((1, 2, 3, 4), -4.0)), torch.full((1, 2, 3, 4), 2.0))


def test_places_that_data_chooses_are_read_each_time() -> None:
    module = module_of("Z = X; Z(X > 1) = X(X > 1) .* 3;")
    for seed in range(4):
        x = data(seed)
        assert torch.equal(module(x), torch.where(x > 1, x * 3, x))


def test_nan_is_passed_over_in_each_call() -> None:
    module = module_of("Z = max(X, 0);")
    for _ in range(3):
        module(data(1))
    assert torch.equal(module(torch.full((1, 2, 3, 4), torch.nan)), torch.zeros(1, 2, 3, 4))


def test_random_numbers_are_drawn_anew() -> None:
    module = module_of("Z = X + randn(size(X), 'like', X);")
    results = [module(torch.zeros(2, 3, 4, 5)) for _ in range(4)]
    assert len({float(one.sum()) for one in results}) == 4


def test_parts_are_assigned_to_new_arrays_in_each_call() -> None:
    module = module_of("Z = zeros(size(X)); Z(1, :, :, :) = X(1, :, :, :);")
    results = [module(data(seed)) for seed in (1, 2, 3, 4)]
    for seed, one in zip((1, 2, 3, 4), results, strict=True):
        expected = torch.zeros_like(one)
        expected[:, :, 0] = data(seed)[:, :, 0]
        assert torch.equal(one, expected)


SCALED = "properties (Learnable)\nScale\nend"


def test_parameters_that_change_are_seen() -> None:
    module = module_of("Z = X .* layer.Scale;", SCALED, Scale=np.full((1, 1), 2.0, np.float32))
    for _ in range(3):
        module(data(1))
    with torch.no_grad():
        module.Scale.mul_(3)  # type: ignore[operator, union-attr]
    assert torch.equal(module(data(1)), data(1) * 6)


def test_gradients_arrive_in_each_call() -> None:
    module = module_of("Z = X .* layer.Scale;", SCALED, Scale=np.full((1, 1), 2.0, np.float32))
    for seed in (1, 2, 3):
        module.zero_grad()
        x = data(seed).requires_grad_()
        module(x).sum().backward()
        assert torch.equal(x.grad, torch.full_like(x, 2.0))  # type: ignore[arg-type]
        assert torch.allclose(module.Scale.grad, x.detach().sum())  # type: ignore[arg-type, union-attr]


def test_training_reads_the_code_no_third_time(reads: Reads) -> None:
    """Steps of SGD, beside the formula written out in torch."""
    module = module_of(
        "Z = permute(X, [2 1 3 4]) .* layer.Scale; Z = permute(Z, [2 1 3 4]);",
        SCALED,
        Scale=np.full((1, 1), 2.0, np.float32),
    ).train()
    scale = nn.Parameter(torch.full((1, 1), 2.0))
    optimizers = [torch.optim.SGD(one, 0.01) for one in (module.parameters(), [scale])]
    reads.count = 0
    for seed in range(5):
        losses = [(y**2).mean() for y in (module(data(seed)), data(seed) * scale)]
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert reads.count == 2
    torch.testing.assert_close(module.Scale, scale)


def test_training_after_inference_computes_forward() -> None:
    methods = "function Z = {}(layer, X)\nZ = X * {};\nend\n"
    layer = layer_of(source(methods.format("predict", 1) + methods.format("forward", 2)))
    module = layer.to_torch(formats=("SSCB",))
    for _ in range(4):
        assert torch.equal(module.eval()(data(1)), data(1))
        assert torch.equal(module.train()(data(1)), data(1) * 2)


def test_parts_of_a_larger_tensor_are_the_data() -> None:
    """A batch that is cut out of a data set begins elsewhere in the same memory."""
    module = module_of("Z = reshape(permute(X, [2 1 3 4]), size(X)) + 1;")
    rows = data(1, 6, 3, 4, 5)
    expected = [module(part.clone()) for part in rows.split(2)]
    for _ in range(2):
        with torch.inference_mode():
            found = [module(part) for part in rows.split(2)]
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_code_tells_the_sizes_of_what_it_would_give() -> None:
    """On torch's device "meta", where a network's sizes are worked out: no values are asked."""
    module = module_of("Z = max(X, X .* 0.1); Z = sqrt(abs(Z(1:2, :, :, :)));")
    assert module(data(1).to("meta")).shape == (2, 3, 2, 5)


def test_larger_of_two_as_it_is_exported_passes_over_nan() -> None:
    module = module_of("Z = max(X, 0.5) - min(X .* 2, X);")
    x = data(1)
    x[0] = torch.nan
    with as_if_exported():
        found = module(x)
    assert torch.equal(found.isnan(), module(x).isnan())
    torch.testing.assert_close(found[1:], module(x)[1:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype: torch.dtype) -> None:
    module = module_of(
        "Z = max(X, 0) .* layer.Scale;", SCALED, Scale=np.full((1, 1), 2.0, np.float32)
    )
    x = data(1).to(dtype)
    for _ in range(3):
        assert torch.equal(module.to(dtype)(x), (x.float().clamp(min=0) * 2).to(dtype))


def test_under_autocast_the_code_is_read_anew(reads: Reads) -> None:
    module = recorded("Z = X * 2;", reads)
    with torch.autocast("cpu"):
        module(data(1))
    assert reads.count == 1
