"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matlab_compat.arrays import Array, is_finite

from ..formats.onnx import new_session
from .base import Compute, Engine, Lost
from .finite import with_witness

if TYPE_CHECKING:
    from .written import Written


class OnnxRuntime(Engine):
    """A session of ONNX Runtime, for any number of observations."""

    label = "ONNX Runtime"
    packages = ("onnxruntime", "onnx", "onnxscript")
    remedy = "pip install 'matlab-compat[onnx]'"
    place_matters = False
    one_thread = True  # it gives work to all of its threads that one does in the time of a call

    def __init__(self, written: Written, threads: int) -> None:
        self.written = written
        model, self.witness = with_witness(written.onnx)
        self.session = new_session(model, threads)
        self.names = [given.name for given in self.session.get_inputs()]
        results = [given.name for given in self.session.get_outputs()]
        self.results = [name for name in results if name != self.witness]

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """The session as it is."""
        self.written.check(sizes)
        return self._computing(self.results)

    def watched(self, sizes: Sequence[Sequence[int]]) -> Compute | None:
        """What max pooling is given tells, for inputs that would take long to look at."""
        if self.witness is None:
            return None
        compute = self._computing([*self.results, self.witness])

        def run(inputs: Sequence[Array]) -> Sequence[Array]:
            *outputs, witness = compute(inputs)
            if not is_finite(witness):
                raise Lost
            return outputs

        return run

    def _computing(self, results: list[str]) -> Compute:
        # Without the wrapper in Python, which looks at names that are known.
        run, names = getattr(self.session, "_sess", self.session).run, self.names
        if len(names) == 1:
            name = names[0]
            return lambda inputs: run(results, {name: inputs[0]}, None)
        return lambda inputs: run(results, dict(zip(names, inputs, strict=True)), None)
