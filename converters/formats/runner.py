"""A model prepared to be written as a runner, in torch's order."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from matlab_compat.parity.runner import Inputs, ModelRunner, Precision, Results, Wanted

from .prepared import Prepared


class PreparedRunner(ModelRunner):
    """A model on its made-up inputs, run once in each precision."""

    def __init__(self, prepared: Prepared, precision: Precision) -> None:
        self.prepared, self.precision = prepared, precision
        self.label = precision.label

    def at(self, precision: Precision) -> PreparedRunner:
        """The same model in another precision."""
        return PreparedRunner(self.prepared, precision)

    def run(
        self, inputs: Inputs, wanted: Wanted, inside: AbstractContextManager[Any] | None = None
    ) -> Results:
        """What the prepared model gives for its own inputs."""
        outputs = self.prepared.outputs(self.precision.format, inside)
        return Results(dict(zip(self.prepared.output_names, outputs, strict=True)))
