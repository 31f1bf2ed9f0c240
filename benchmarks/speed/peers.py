"""Other engines, and the machine's own limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .timing import OPENVINO, SPINNING, THREADS, processor_time

Call = Callable[[], Any]
Array = np.ndarray[Any, Any]
#: The outputs for inputs of one size.
Engine = Callable[[list[Array]], Sequence[Array]]


def engines(model: bytes) -> dict[str, Callable[[list[Array]], Engine]]:
    """By name, what makes inputs of such sizes ready; those that can run this ONNX model."""
    found = {SPINNING: _onnxruntime(model)}
    with suppress(ImportError, RuntimeError):  # it is absent, or can't run this one
        found[OPENVINO] = _openvino(model)
    return found


def _onnxruntime(model: bytes) -> Callable[[list[Array]], Engine]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def sized(like: list[Array]) -> Engine:
        if len(names) == 1:
            name = names[0]
            return lambda inputs: session.run(None, {name: inputs[0]})
        return lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))

    return sized


def _openvino(model: bytes) -> Callable[[list[Array]], Engine]:
    import openvino

    # Single precision also where the processor has bfloat16: the others have it, too.
    options = {
        "INFERENCE_NUM_THREADS": THREADS,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    network = core.read_model(model, b"")

    def sized(like: list[Array]) -> Engine:
        made = network.clone()
        sizes = zip(network.inputs, like, strict=True)
        made.reshape({given.any_name: list(x.shape) for given, x in sizes})
        request = core.compile_model(made, "CPU", options).create_infer_request()

        def run(inputs: list[Array]) -> Sequence[Array]:
            found: Mapping[Any, Array] = request.infer(inputs, share_inputs=True)
            return [found[output] for output in request.model_outputs]

        return run

    return sized


def limit(multiply_adds: float, numbers: float) -> float:
    """The least seconds that this processor can take for so many, by what it was seen to do."""
    return max(multiply_adds / products_a_second(), numbers / numbers_a_second())


@cache
def products_a_second() -> float:
    """Multiplications with an addition: the best of a matrix product and a convolution."""
    matrix = torch.randn(1024, 1024)
    x = torch.randn(1, 128, 56, 56).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(128, 128, 3, 3).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return max(
            1024**3 / _least(lambda: matrix @ matrix),
            128 * 128 * 9 * 54 * 54 / _least(lambda: functional.conv2d(x, weight)),
        )


@cache
def numbers_a_second() -> float:
    """Of four bytes each that are read, or written."""
    source, target = torch.ones(2**24), torch.ones(2**24)
    return 2 * 2**24 / _least(lambda: target.copy_(source))


def _least(call: Call) -> float:
    if THREADS == 1:
        return processor_time(call)
    taken = []
    for _ in range(9):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)
