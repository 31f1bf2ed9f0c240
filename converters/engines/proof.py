"""Whether something computes what a network does: beside float64, by the rule of ``verify``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from matlab_compat.errors import NothingToCompareError, UnsupportedLayerError
from matlab_compat.network import Network
from matlab_compat.parity.rule import ModelRule
from matlab_compat.parity.runner import Inputs, OracleRunner, Precision
from matlab_compat.parity.verify import verify

from ..inputs import labelled
from .runner import ComputedRunner


def prove(
    network: Network,
    label: str,
    compute: Callable[[Sequence[Tensor]], tuple[Any, ...]],
    labels: Mapping[str, str],
    tensors: Sequence[Tensor],
) -> None:
    """Raise ``UnsupportedLayerError`` where the results for these inputs are not the network's.

    Where these have no effect on the results, random ones of their sizes are taken.
    """
    random = torch.Generator().manual_seed(0)
    made_up = [torch.randn(x.shape, generator=random).to(x) for x in tensors]
    candidate = ComputedRunner(network, label, lambda _, given: compute(given))
    rule = ModelRule.of(network, Precision(dtype=tensors[0].dtype))
    why = ""
    for given in (tensors, made_up):
        inputs = Inputs(labelled([x.cpu() for x in given], labels.values()))
        try:
            report = verify(candidate, OracleRunner(network), inputs, rule, explain=False)
        except NothingToCompareError as error:
            why = error.what
            continue
        if report.verdict == "equal":
            return
        worst = max(report.outputs, key=lambda one: one.scaled_error)
        raise UnsupportedLayerError(
            f"{label} gives something else than the float64 oracle, by {worst.scaled_error:.3g} "
            f"roundings in {worst.name}."
        )
    raise UnsupportedLayerError(f"what {label} gives cannot be checked: {why}")
