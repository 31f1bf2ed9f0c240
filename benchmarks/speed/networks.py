"""Whole networks: the module as it comes, optimized, written by hand, in ONNX Runtime, compiled.

The real networks of ``../shared/real`` that convert, each architecture once, and two made here.
Every variant is given the same contiguous tensors (N,C,H,W; N,C,T; N,C). "By hand" is the PyTorch
source that the project writes for people: plain modules in N,C,H,W.
"""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch

import converters
import matlab_compat as m
from converters.find import find_models
from converters.formats import Prepared
from converters.formats.source import source_of
from converters.formats.source.texts import model_text
from converters.networks import build_network
from converters.saved import SavedNetwork
from matlab_compat.errors import MatlabCompatError
from matlab_compat.network import Network

from .timing import THREADS, Row, Table, faster, interleaved, never_slower, peaks

REAL = Path(__file__).parents[3] / "shared" / "real"
BATCHES = (1, 8)
#: Time steps of sequences.
STEPS = 100
#: torch.compile takes seconds for each network: those are compiled that fit in so many.
COMPILE_SECONDS = 8
#: Relative L2 distance to float64 at which a variant counts as wrong. Wide, because max unpooling
#: goes another way where two elements are equal but for rounding.
WRONG = 1e-2
#: Seconds of ONNX Runtime from which on only what it is compared with is measured: ten minutes
#: are for everything.
SLOW = 0.06
#: The networks whose tensors are that large.
LARGE = ("unet", "u-net", "dncnn")
Call = Callable[[], Any]


def tables() -> Iterable[Table]:
    """All networks, then the large ones with memory kept, as ONNX Runtime keeps its own."""
    yield table("Networks", lambda name: True, [COMPILE_SECONDS])
    if m.keep_memory():
        large = table("Large", lambda name: any(part in name.lower() for part in LARGE), None)
        yield replace(large, title=f"{large.title}, after matlab_compat.keep_memory()")


def table(title: str, wanted: Callable[[str], bool], left: list[float] | None) -> Table:
    """A row for every network and batch; ``left`` is the time left to compile."""
    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as folder:
        rows = [
            measured(f"{name}, {batch}", network, batch, session, left)
            for name, network in networks()
            if wanted(name) and (session := onnx_session(network, Path(folder)))
            for batch in BATCHES
        ]
    what = "to_torch(optimize=True)"
    goals = [
        faster(rows, "optimized", "ONNX Runtime", 1.0, what),
        never_slower(rows, "optimized", ["ONNX Runtime"], 0.8, what),
    ]
    if left is not None:
        plain = [row for row in rows if "to_torch" in row.seconds]
        goals.append(faster(plain, "to_torch", "ONNX Runtime", 1.0, "to_torch()"))
        hand = [row for row in rows if "by hand" in row.seconds]
        goals.append(faster(hand, "optimized", "by hand", 1.0, what))
        goals.append(never_slower(hand, "to_torch", ["by hand"], 0.95, "to_torch()"))
    return Table(f"{title} (batch after the name; sequences of {STEPS} steps)", rows, goals)


def measured(
    case: str,
    network: Network,
    batch: int,
    session: onnxruntime.InferenceSession,
    left: list[float] | None,
) -> Row:
    """One network at one batch; without ``left``, only the optimized and ONNX Runtime."""
    inputs = random_inputs(network, batch)
    calls = {
        "optimized": torch_call(network.to_torch(optimize=True), inputs),
        "ONNX Runtime": onnx_call(session, inputs),
    }
    if left is not None and _seconds(calls["ONNX Runtime"]) < SLOW:
        calls["to_torch"] = torch_call(network.to_torch(), inputs)
        if written := by_hand(network):
            calls["by hand"] = torch_call(written, inputs)
        if compiled := compiled_call(network, inputs, left):
            calls["compiled"] = compiled
    exact = torch_call(network.to_torch(dtype="double"), [x.double() for x in inputs])()
    worst = max(distance(call(), exact) for call in calls.values())
    if worst > WRONG:
        raise AssertionError(f"{case}: an output is {worst:.1g} away from float64")
    return Row(case, interleaved(calls), {"error": worst}, peaks(calls))


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def distance(found: Any, expected: Any) -> float:
    """The largest relative L2 distance of any output."""
    several = (x if isinstance(x, tuple | list) else (x,) for x in (found, expected))
    return max(
        float(np.linalg.norm(np.asarray(y) - np.asarray(z)) / np.linalg.norm(np.asarray(z)))
        for y, z in zip(*several, strict=True)
    )


def random_inputs(network: Network, batch: int) -> list[torch.Tensor]:
    """Inputs of the sizes that the input layers say."""
    random = torch.Generator().manual_seed(0)
    found = []
    for name, form in network.plan().inputs.items():
        *space, channels = network.layer(name).input_size()  # type: ignore[attr-defined]
        steps = [STEPS] if "T" in form else []
        found.append(torch.randn([batch, channels, *space, *steps], generator=random))
    return found


# --- what runs them -----------------------------------------------------------------------


def torch_call(module: Callable[..., Any], inputs: list[torch.Tensor]) -> Call:
    """The module in inference mode."""

    def call() -> Any:
        with torch.inference_mode():
            return module(*inputs)

    return call


def onnx_session(network: Network, folder: Path) -> onnxruntime.InferenceSession | None:
    """The project's own ONNX file in ONNX Runtime, or None where there can be none."""
    path = folder / "network.onnx"
    try:
        converters.save(network, path, check=False, overwrite=True)
    except MatlabCompatError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_call(session: onnxruntime.InferenceSession, inputs: list[torch.Tensor]) -> Call:
    """One run."""
    names = [given.name for given in session.get_inputs()]
    feed = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
    return lambda: session.run(None, feed)


def by_hand(network: Network) -> torch.nn.Module | None:
    """The PyTorch source of the network as a module, or None where a layer has no source."""
    written = source_of(Prepared(network)).written
    if written.refused:
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.py"
        path.write_text(model_text(written, "A network.", "torch.float32"), encoding="utf-8")
        module: torch.nn.Module = runpy.run_path(str(path))["Network"]()
    module.load_state_dict(written.state)
    return module.eval()


def compiled_call(network: Network, inputs: list[torch.Tensor], left: list[float]) -> Call | None:
    """``torch.compile``, while there is time left; None also where it fails."""
    if left[0] <= 0:
        return None
    start = time.perf_counter()
    torch.compiler.reset()
    call = torch_call(torch.compile(network.to_torch()), inputs)
    try:
        call()
    except Exception:  # whatever the compiler stumbles over (or no C++ compiler at all)
        return None
    finally:
        left[0] -= time.perf_counter() - start
    return call


# --- the networks -------------------------------------------------------------------------


def networks() -> Iterator[tuple[str, Network]]:
    """Made ones, then real ones, every architecture once."""
    yield "made: U-Net 256x256", unet()
    yield "made: CNN 32x32", cnn()
    seen = set()
    for file in sorted(REAL.glob("*/*.mat")):
        with converters.open_mat(file) as mat:
            found = [f.model for f in find_models(mat)]
        for network in (build_network(saved) for saved in found if isinstance(saved, SavedNetwork)):
            if not network.Initialized or network.unsupported:
                continue
            if (architecture := _architecture(network)) not in seen:
                seen.add(architecture)
                yield f"{file.parent.name[:14]}/{file.stem[-16:]}", network


def _architecture(network: Network) -> tuple[Any, ...]:
    layers = tuple(type(layer).__name__ for layer in network.Layers)
    return layers, tuple(value.shape for value in network.Learnables["Value"])


def cnn() -> Network:
    """A small classifier with batch normalization."""
    layers: list[m.Layer] = [m.imageInputLayer((32, 32, 3), Normalization="none")]
    for filters in (16, 32, 64):
        layers += [
            m.convolution2dLayer(3, filters, Padding="same"),
            m.batchNormalizationLayer(),
            m.reluLayer(),
            m.maxPooling2dLayer(2, Stride=2),
        ]
    layers += [m.fullyConnectedLayer(10), m.softmaxLayer()]
    return Network(layers).initialize(seed=0)


def unet(depth: int = 3) -> Network:
    """An encoder and a decoder with skip connections."""
    layers: list[m.Layer] = [
        m.imageInputLayer((256, 256, 1), Normalization="none", Name="in"),
        *_block("top", 16),
    ]
    for level in range(depth):
        layers.append(m.maxPooling2dLayer(2, Stride=2, Name=f"down{level}"))
        layers += _block(f"encode{level}", 32 << level)
    for level in reversed(range(depth)):
        filters = 16 << level
        layers.append(m.transposedConv2dLayer(2, filters, Stride=2, Name=f"up{level}"))
        layers.append(m.depthConcatenationLayer(2, Name=f"join{level}"))
        layers += _block(f"decode{level}", filters)
    layers.append(m.convolution2dLayer(1, 2, Name="scores"))
    names = [layer.Name for layer in layers]
    into = [f"{name}/in1" if name.startswith("join") else name for name in names]
    chain = list(zip(names, into[1:], strict=False))
    ends = ["top", *(f"encode{level}" for level in range(depth))]
    skips = [(f"{ends[level]}_relu", f"join{level}/in2") for level in range(depth)]
    return Network(layers, chain + skips).initialize(seed=0)


def _block(name: str, filters: int) -> list[m.Layer]:
    return [
        m.convolution2dLayer(3, filters, Padding="same", Name=f"{name}_conv"),
        m.batchNormalizationLayer(Name=f"{name}_norm"),
        m.reluLayer(Name=f"{name}_relu"),
    ]
