"""Devices and number formats by MATLAB's and torch's names, and TF32 under control."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from ..errors import UsageError
from ..plain_text import plain_text
from ..wording import argument

DeviceLike: TypeAlias = str | torch.device
DTypeLike: TypeAlias = str | torch.dtype

_DTYPES = {
    **dict.fromkeys(("half", "float16"), torch.float16),
    "bfloat16": torch.bfloat16,
    **dict.fromkeys(("single", "float32"), torch.float32),
    **dict.fromkeys(("double", "float64"), torch.float64),
}


def torch_dtype(dtype: DTypeLike | None) -> torch.dtype:
    """The torch dtype for "single" (also ``None``), "double", "half", "bfloat16" or a dtype."""
    dtype = plain_text(dtype)
    if isinstance(dtype, torch.dtype):
        found: torch.dtype | None = dtype if dtype.is_floating_point else None
    else:
        found = _DTYPES.get("single" if dtype is None else dtype.lower())
    if found is None:
        raise UsageError(
            f"{argument('dtype')} must be one of {', '.join(_DTYPES)} or a torch dtype of floats."
        )
    return found


def torch_device(device: DeviceLike | None) -> torch.device:
    """The torch device for ``"cpu"``, ``"cuda"`` or ``"auto"`` (a GPU where there is one)."""
    device = plain_text(device)
    if device is None or device == "cpu":
        return torch.device("cpu")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise UsageError(
            f"{argument('device')} must be 'cpu', 'cuda' or 'auto', not {device!r}."
        ) from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "torch sees no CUDA device here.",
            remedy=f"use {argument('device', 'cpu')} or 'auto', or install a CUDA build of torch.",
        )
    return chosen


def tf32_in_use(allow_tf32: bool, device: DeviceLike | None, dtype: DTypeLike | None) -> bool:
    """Whether allowing TF32 has an effect: float32 on NVIDIA GPUs, from compute capability 8 on."""
    chosen = torch_device(device)
    if not allow_tf32 or chosen.type != "cuda" or torch_dtype(dtype) != torch.float32:
        return False
    return torch.cuda.get_device_capability(chosen) >= (8, 0)


@contextmanager
def full_precision(allow_tf32: bool = False) -> Iterator[None]:
    """Convolutions, recurrences and products of float32 in float32.

    torch lets cuDNN round float32 to TF32 (10 bits of mantissa) by default, which costs about
    three decimal digits; parity with MATLAB needs it off.
    """
    places, switch, off, on = _tf32_switches()
    before = [getattr(place, switch) for place in places]
    for place in places:
        setattr(place, switch, on if allow_tf32 else off)
    try:
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            setattr(place, switch, value)


def _tf32_switches() -> tuple[list[Any], str, Any, Any]:
    """(objects, attribute, off, on)."""
    cudnn: Any = torch.backends.cudnn  # torch's types know only one set
    matmul = torch.backends.cuda.matmul
    try:
        _ = cudnn.allow_tf32, matmul.allow_tf32
    except RuntimeError:  # refused once somebody has used the switches that came with torch 2.9
        return [cudnn.conv, cudnn.rnn, matmul], "fp32_precision", "ieee", "tf32"
    return [cudnn, matmul], "allow_tf32", False, True


def plain_only(*inputs: Tensor, dtype: torch.dtype = torch.float32) -> bool:
    """Whether torch's own operators have to do.

    What is faster is for one precision on a CPU without gradients, and for torch's eager mode:
    whoever traces, exports, maps over a network or looks at every operation of it (a dispatch mode)
    wants to see the operators themselves.
    """
    if looked_at():
        return True
    gradients = torch.is_grad_enabled()
    for x in inputs:  # not any(): it costs as much as a small layer
        if (
            type(x) not in (Tensor, nn.Parameter)
            or x.dtype != dtype
            or not x.is_cpu
            or (gradients and x.requires_grad)
            or torch._C._functorch.maybe_get_level(x) >= 0  # vmap or the like around x
        ):
            return True
    return False


def looked_at() -> bool:
    """Whether somebody wants to see torch's operators, whatever the inputs."""
    return bool(
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state()
        or torch._C._len_torch_dispatch_stack()
        or torch.is_autocast_enabled("cpu")
        or forward_ad._current_level >= 0  # no tensor says that it has a tangent
        or torch._C._functorch.peek_interpreter_stack() is not None  # nor one that is functional
    )
