"""A model prepared to be written, and what was written, as runners; both in torch's order."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from matlab_compat.errors import UsageError
from matlab_compat.parity.runner import Inputs, ModelRunner, Precision, Results, Runner, Wanted

from .base import Format
from .prepared import Prepared


def inputs_of(prepared: Prepared) -> Inputs:
    """The made-up inputs, in the precision asked for."""
    return Inputs(prepared.inputs())


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


class WrittenRunner(Runner):
    """What was written, read afresh."""

    def __init__(self, written: Format, path: Path, prepared: Prepared) -> None:
        self.written, self.path, self.prepared = written, path, prepared
        self.label = written.name

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs of the file.

        Raises ``UsageError``: it has another number of outputs than the model.
        """
        outputs = self.written.run(self.path, self.prepared.inputs(), self.prepared.options)
        names = self.prepared.output_names
        if len(outputs) != len(names):
            raise UsageError(
                f"{self.label}: {len(outputs)} outputs were written, not {len(names)}."
            )
        return Results(dict(zip(names, outputs, strict=True)))
