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

    Parameters
    ----------
    module:
        Its parameters and buffers have the right sizes already.
    state:
        C-contiguous arrays in torch's layout, by the names of ``module.state_dict()``; all of them.
    factors:
        By torch parameter name. They become the attribute ``factors`` of the module (see
        :func:`matlab_compat.training.parameter_groups`).
    device, dtype:
        Where the module ends up; "cpu" and single by default.
    """
    module.to(torch_dtype(dtype))
    module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    module.factors = dict(factors)  # type: ignore[assignment]
    return module.to(torch_device(device))
