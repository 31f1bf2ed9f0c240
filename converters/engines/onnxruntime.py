"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..formats.onnx import new_session
from .base import Compute, Engine

if TYPE_CHECKING:
    from .written import Written


class OnnxRuntime(Engine):
    """A session of ONNX Runtime, for any number of observations."""

    label = "ONNX Runtime"
    packages = ("onnxruntime", "onnx", "onnxscript")
    remedy = "pip install 'matlab-compat[onnx]'"

    def __init__(self, written: Written, threads: int) -> None:
        self.written = written
        self.session = new_session(written.onnx, threads)
        self.names = [given.name for given in self.session.get_inputs()]
        self.results = [given.name for given in self.session.get_outputs()]

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """The session as it is."""
        self.written.check(sizes)
        # Without the wrapper in Python, which looks at names that are known.
        run = getattr(self.session, "_sess", self.session).run
        names, results = self.names, self.results
        if len(names) == 1:
            name = names[0]
            return lambda inputs: run(results, {name: inputs[0]}, None)
        return lambda inputs: run(results, dict(zip(names, inputs, strict=True)), None)
