"""Values into a module, with the factors of training beside them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ..arrays import Array
from ..engine.precision import DeviceLike, DTypeLike, torch_device, torch_dtype
from .described import Factors


def load_parameters(
    module: torch.nn.Module,
    state: Mapping[str, Array],
    factors: Mapping[str, Factors],
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
) -> torch.nn.Module:
    """Fill ``module`` with values and remember the training factors on it.

    ``state`` has all of ``module.state_dict()`` in torch's layout. ``factors``, by the names of
    torch parameters, become an attribute of the module:
    :func:`matlab_compat.training.parameter_groups`.
    """
    module.to(torch_device(device), torch_dtype(dtype))
    module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    module.factors = dict(factors)  # type: ignore[assignment]
    return module
