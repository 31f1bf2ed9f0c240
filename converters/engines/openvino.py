"""OpenVINO on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matlab_compat.arrays import Array

from .base import Compute, Engine

if TYPE_CHECKING:
    from .written import Written


class OpenVino(Engine):
    """A model of OpenVINO, compiled for each size."""

    label = "OpenVINO"
    packages = ("openvino", "onnx", "onnxscript")
    remedy = "pip install 'matlab-compat[onnx,openvino]'"

    def __init__(self, written: Written, threads: int) -> None:
        import openvino

        self.written, self.core = written, openvino.Core()
        self.model = self.core.read_model(written.onnx, b"")
        # Where a processor has bfloat16, OpenVINO would take it by itself.
        self.options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
        }

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """A request for each call at the same time."""
        self.written.check(sizes)  # it would take others, and compute something
        model = self.model.clone()
        model.reshape({port: list(size) for port, size in zip(model.inputs, sizes, strict=True)})
        compiled = self.core.compile_model(model, "CPU", self.options)
        free = [compiled.create_infer_request()]

        def run(inputs: Sequence[Array]) -> Sequence[Any]:
            try:
                request = free.pop()
            except IndexError:
                request = compiled.create_infer_request()
            try:
                found: tuple[Array, ...] = request.infer(list(inputs), share_inputs=True).to_tuple()
                return found
            finally:
                free.append(request)

        return run
