"""Code that differentiates: what ``dlgradient`` differentiates by is traced before it runs.

In MATLAB the arrays given to ``dlfeval`` are traced. Here a function that reaches ``dlgradient`` is
called as by ``dlfeval``: torch traces all floating point numbers among its inputs. Sources:
MATLAB's documentation of dlfeval and dlgradient, and "Automatic Differentiation Background".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .numeric import Numeric, as_tensor
from .recording import unrepeatable
from .values import Value, with_numbers


def differentiated(
    function: Callable[[Sequence[Value]], tuple[Value, ...]], arguments: Sequence[Value]
) -> tuple[Value, ...]:
    """The results of a function for inputs that are traced.

    The results are without a trace where torch is not asked for gradients, and numbers that are
    known where no input is a tensor of torch.
    """
    has_tensors = False

    def traced(value: Numeric) -> Value:
        nonlocal has_tensors
        has_tensors |= not value.is_known
        data = as_tensor(value.data)
        if data.requires_grad or not (data.is_floating_point() or data.is_complex()):
            return value
        return Numeric(data.detach().clone().requires_grad_(), value.labels, value.is_dlarray)

    is_wanted = torch.is_grad_enabled()
    unrepeatable("dlgradient")
    with torch.inference_mode(False), torch.enable_grad():
        results = function(with_numbers(arguments, traced))
    if has_tensors and is_wanted:
        return results

    def untraced(value: Numeric) -> Value:
        data: Any = value.data
        if value.is_known:
            return value
        return value.with_data(data.detach() if has_tensors else data.detach().numpy())

    return with_numbers(results, untraced)
