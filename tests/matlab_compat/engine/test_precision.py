"""Names of dtypes and devices, and TF32: off while we compute, as it was afterwards.

Expected values: torch's own types; IEEE half, single and double as MATLAB names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat import transposedConv2dLayer
from matlab_compat.engine.precision import full_precision, torch_device, torch_dtype
from matlab_compat.errors import UsageError
from tests.cli.child import run_code
from tests.cli.command import forked


def switches() -> tuple[Any, ...]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return cudnn.allow_tf32, matmul.allow_tf32


@pytest.fixture(params=[(True, True), (True, False), (False, True), (False, False)], ids=str)
def chosen(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool]]:
    """TF32 for convolutions and products as the user set it; put back after the test."""
    before = switches()
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = request.param
    yield request.param
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def test_tf32_is_off_inside_and_as_it_was_after(chosen: tuple[bool, bool]) -> None:
    with full_precision():
        assert torch.backends.cuda.matmul.allow_tf32 is False
        assert convolutions_use_tf32() is False
    assert switches() == chosen


def test_tf32_is_on_inside_on_request(chosen: tuple[bool, bool]) -> None:
    with full_precision(allow_tf32=True):
        assert torch.backends.cuda.matmul.allow_tf32 is True
        assert convolutions_use_tf32() is True
    assert switches() == chosen


def convolutions_use_tf32() -> bool:
    conv = getattr(torch.backends.cudnn, "conv", None)
    if conv is None:
        return bool(torch.backends.cudnn.allow_tf32)
    return bool(conv.fp32_precision == "tf32")


def test_tf32_is_as_it_was_after_an_error(chosen: tuple[bool, bool]) -> None:
    with pytest.raises(KeyError), full_precision():
        raise KeyError
    assert switches() == chosen


def test_predict_leaves_tf32_as_it_was(chosen: tuple[bool, bool]) -> None:
    transposedConv2dLayer(1, 1, Weights=2.0).predict(np.ones((2, 2)))
    assert switches() == chosen


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="torch before 2.9")
@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize("setting", ["ieee", "tf32"])
def test_where_the_new_switches_were_used(setting: str, allow: bool) -> None:
    """After that, torch refuses to read the old ones; a process of its own, for they stay set."""
    inside = "tf32" if allow else "ieee"
    program = (
        "import torch\n"
        "from matlab_compat.engine.precision import full_precision\n"
        "conv, matmul = torch.backends.cudnn.conv, torch.backends.cuda.matmul\n"
        f"conv.fp32_precision = matmul.fp32_precision = '{setting}'\n"
        "torch.backends.cudnn.rnn.fp32_precision = 'ieee'\n"
        f"with full_precision({allow}):\n"
        f"    assert conv.fp32_precision == matmul.fp32_precision == '{inside}'\n"
        f"assert conv.fp32_precision == matmul.fp32_precision == '{setting}'\n"
    )
    done = forked(run_code, program, [])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        (None, torch.float32),
        ("single", torch.float32),
        ("DOUBLE", torch.float64),
        ("half", torch.float16),
        ("bfloat16", torch.bfloat16),
        (torch.float64, torch.float64),
    ],
)
def test_dtype(name: Any, dtype: torch.dtype) -> None:
    assert torch_dtype(name) is dtype


@pytest.mark.parametrize("name", ["int32", "", torch.int8, torch.complex64])
def test_dtype_refuses(name: Any) -> None:
    with pytest.raises(UsageError, match="dtype must be one of half"):
        torch_dtype(name)


def test_device_auto_is_the_gpu_where_there_is_one() -> None:
    assert torch_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", [None, "cpu", torch.device("cpu")])
def test_device_cpu(name: Any) -> None:
    assert torch_device(name) == torch.device("cpu")


def test_device_refuses_unknown_names() -> None:
    with pytest.raises(UsageError, match="'gpu0'"):
        torch_device("gpu0")


def test_device_cuda_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device") as caught:
        torch_device("cuda")
    assert "'auto'" in caught.value.remedy
