"""From a layer's description to a module that holds its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..engine.precision import DeviceLike, DTypeLike, torch_device, torch_dtype
from ..layers.learnables import Learnable

if TYPE_CHECKING:
    from ..layers.base import Layer


@dataclass(frozen=True)
class Factors:
    """What multiplies the global learning rate and L2 regularization of one parameter."""

    #: A tuple where MATLAB has one for each gate of a recurrent layer.
    learn_rate: float | tuple[float, ...]
    l2: float | tuple[float, ...]


def load_parameters(
    layer: Layer, module: torch.nn.Module, device: DeviceLike | None, dtype: DTypeLike | None
) -> torch.nn.Module:
    """Fill ``module`` with the layer's values and remember the training factors on it.

    The module gets the attribute ``factors``: torch parameter name to :class:`Factors`
    (see :func:`matlab_compat.training.parameter_groups`).
    """
    module.to(torch_dtype(dtype))
    state = {name: torch.from_numpy(array) for name, array in layer.torch_state().items()}
    module.load_state_dict(state)
    module.factors = factors_of(layer)  # type: ignore[assignment]
    return module.to(torch_device(device))


def factors_of(layer: Layer) -> dict[str, Factors]:
    """Torch parameter name to the factors of the learnable that it holds."""
    return {
        torch_name: Factors(
            getattr(layer, declared.learn_rate_factor), getattr(layer, declared.l2_factor)
        )
        for name, declared in layer.parameters().items()
        if isinstance(declared, Learnable)
        for torch_name in layer.torch_names(name)
    }
