"""Code that differentiates: what ``dlgradient`` differentiates by is traced before it runs.

In MATLAB the arrays given to ``dlfeval`` are traced. Here a function that reaches ``dlgradient`` is
called as by ``dlfeval``: torch traces all floating point numbers among its inputs. Sources:
MATLAB's documentation of dlfeval and dlgradient, and "Automatic Differentiation Background".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .numeric import Numeric, as_tensor, numeric
from .recording import unrepeatable
from .values import Value, with_numbers


def differentiated(
    function: Callable[[Sequence[Value]], tuple[Value, ...]], arguments: Sequence[Value]
) -> tuple[Value, ...]:
    """The results of a function for inputs that are traced.

    Where no input is a tensor of torch, the results are numbers without a trace.
    """
    has_tensors = False

    def traced(value: Numeric) -> Value:
        nonlocal has_tensors
        has_tensors |= not value.is_known
        data = as_tensor(value.data)
        if data.requires_grad or not (data.is_floating_point() or data.is_complex()):
            return value
        return Numeric(data.detach().clone().requires_grad_(), value.labels, value.is_dlarray)

    unrepeatable("dlgradient")
    with torch.inference_mode(False), torch.enable_grad():
        results = function(with_numbers(arguments, traced))
    return results if has_tensors else with_numbers(results, _known)


def _known(value: Numeric) -> Numeric:
    data: Any = value.data
    plain = data if isinstance(data, np.ndarray) else data.detach().numpy()
    return numeric(plain, value.labels, value.is_dlarray)
