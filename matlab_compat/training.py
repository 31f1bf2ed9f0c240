"""MATLAB's learning-rate and L2 factors as torch optimizer groups."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .layers.base import Layer

if TYPE_CHECKING:
    from torch import nn

    from .execution.described import Factors


def parameter_groups(
    layer_or_module: Layer | nn.Module, learn_rate: float, l2: float = 0.0
) -> list[dict[str, Any]]:
    """Parameter groups for a torch optimizer that honour MATLAB's four factors.

    ``optimizer = torch.optim.SGD(parameter_groups(module, 0.01, 1e-4), lr=0.01)``

    MATLAB's rule, with global rate r and regularization c: a parameter w with factors a and b
    moves by ``-r*a*(dE/dw + c*b*w)``. torch's ``weight_decay`` adds the same term to the gradient
    (for AdamW it does not: use Adam). Source: the pages of the layer and of trainingOptions.

    Parameters
    ----------
    layer_or_module:
        A module made by ``to_torch()`` (or any module that contains such modules; parameters of
        others get factors of 1). For a layer a new module is made: prefer to pass the module.
    learn_rate:
        The global rate, not negative.
    l2:
        The global L2 regularization, not negative, default 0.

    Raises
    ------
    UsageError
        A rate or regularization that is negative or NaN, or factors that differ between the gates
        of a recurrent layer: torch has one rate for a whole parameter.

    Examples
    --------
    >>> layer = fullyConnectedLayer(1, Weights=[[1.0]], Bias=[[0.0]], BiasLearnRateFactor=2)
    >>> sorted(group["lr"] for group in parameter_groups(layer.to_torch(), 0.1))
    [0.1, 0.2]
    """
    if not (learn_rate >= 0 and l2 >= 0):  # NaN as well
        raise UsageError("learn_rate and l2 must not be negative.")
    module = layer_or_module.to_torch() if isinstance(layer_or_module, Layer) else layer_or_module
    groups: dict[tuple[float, float], list[Any]] = defaultdict(list)
    seen: set[int] = set()
    for part in module.modules():
        factors = getattr(part, "factors", {})
        for name, parameter in part.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                groups[_whole(name, factors.get(name))].append(parameter)
    return [
        {"params": parameters, "lr": learn_rate * a, "weight_decay": l2 * b}
        for (a, b), parameters in groups.items()
    ]


def _whole(name: str, factors: Factors | None) -> tuple[float, float]:
    """(learning rate, L2) factors of a parameter that has one of each."""
    if factors is None:
        return 1.0, 1.0
    if isinstance(factors.learn_rate, tuple) or isinstance(factors.l2, tuple):
        raise UsageError(
            f"The factors of '{name}' differ between the gates; torch has one rate for all of it.",
            remedy="set the layer's ...LearnRateFactor and ...L2Factor to scalars.",
        )
    return factors.learn_rate, factors.l2
