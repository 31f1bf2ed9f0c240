"""Whether something computes what a network does: beside float64, by the rule of ``verify``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from matlab_compat.data_format import torch_axes
from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError, cause_text
from matlab_compat.network import Network
from matlab_compat.parity.rule import ModelRule
from matlab_compat.parity.runner import Inputs, OracleRunner, Precision
from matlab_compat.parity.verify import verify

from ..inputs import labelled
from . import engine_named
from .loaded import Loaded, Run
from .runner import ComputedRunner

#: Sizes of inputs for which is kept what was proved.
MANY = 64


class Proving(Loaded):
    """A network in the memory of engines, each compared with the oracle before its first answer."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self._proved: dict[object, Run] = {}

    def proved(
        self,
        name: str,
        labels: Mapping[str, str],
        tensors: Sequence[Tensor],
        threads: int | None = None,
    ) -> Run:
        """What an engine makes of inputs like these, of which this one was compared.

        See :meth:`run`.

        Raises ``UnsupportedLayerError``: it refuses them, or gives something else than the oracle.
        """
        threads = threads or torch.get_num_threads()
        key = (name, threads, *labels.values(), *(x.shape for x in tensors))
        if key not in self._proved:
            run = self.run(name, labels, tensors, threads)
            prove(self.network, engine_named(name).label, run, labels, tensors)
            if len(self._proved) >= MANY:
                self._proved.clear()
            self._proved[key] = run
        return self._proved[key]


def prove(
    network: Network,
    label: str,
    compute: Callable[[Sequence[Tensor]], tuple[Any, ...]],
    labels: Mapping[str, str],
    tensors: Sequence[Tensor],
) -> None:
    """Raise ``UnsupportedLayerError`` where the results for these inputs are not the network's.

    Of several observations float64 computes the first and the last, alone. Where inputs have no
    effect on the results, random ones of their sizes are taken.
    """
    rule = ModelRule.of(network, Precision(dtype=tensors[0].dtype))
    ins, outs = [*labels.values()], [each for _, each in network.plan(labels).outputs.values()]
    several = all("B" in each for each in (*ins, *outs))

    def difference(given: Sequence[Tensor]) -> str:
        found, few = compute(given), [x.cpu() for x in given]
        if several:
            found, few = tuple(_ends(found, outs)), _ends(few, ins)
        candidate = ComputedRunner(network, label, lambda *_: found)
        inputs = Inputs(labelled(few, ins))
        report = verify(candidate, OracleRunner(network), inputs, rule, explain=False)
        if report.verdict == "equal":
            return ""
        worst = max(report.outputs, key=lambda one: one.scaled_error)
        return (
            f"{label} gives something else than the float64 oracle, by {worst.scaled_error:.3g} "
            f"roundings in {worst.name}."
        )

    random = torch.Generator().manual_seed(0)
    made_up = [torch.randn(x.shape, generator=random).to(x) for x in tensors]
    why = ""
    for given in (tensors, made_up):
        try:
            found = difference(given)
        except MatlabCompatError as error:  # nothing to compare, or made-up inputs are refused
            why = error.what
            continue
        except Exception as error:  # each engine has its own classes
            raise UnsupportedLayerError(f"{label} fails: {cause_text(error)}") from error
        if not found:
            return
        raise UnsupportedLayerError(found)
    raise UnsupportedLayerError(f"what {label} gives cannot be checked: {why}")


def _ends(values: Sequence[Any], labels: Sequence[str]) -> list[Any]:
    """The first and the last observation of arrays or tensors in torch's order."""
    found = []
    for value, each in zip(values, labels, strict=True):
        axis = [each[i] for i in torch_axes(each)].index("B")
        found.append(value[(slice(None),) * axis + (sorted({0, value.shape[axis] - 1}),)])
    return found
