"""Whole networks: the module as it comes, optimized, by hand, in other engines, compiled.

The real networks of ``../shared/real`` that convert, each architecture once, and two made here.
Every variant is given the same contiguous tensors (N,C,H,W; N,C,T; N,C). "By hand" is the PyTorch
source that the project writes for people: plain modules in N,C,H,W.
"""

from __future__ import annotations

import random
import runpy
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import converters
import matlab_compat as m
from converters.engines.fastest import Fastest
from converters.engines.session import Session
from converters.examples import example_inputs
from converters.find import find_models
from converters.formats import Prepared
from converters.formats.source import source_of
from converters.formats.source.texts import model_text
from converters.networks import build_network
from converters.saved import SavedNetwork
from matlab_compat.arrays import as_tuple
from matlab_compat.engine.fast.optimize import tried
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.errors import MatlabCompatError
from matlab_compat.network import Network

from .peers import Call, Engine, engines, limit
from .timing import (
    FASTEST,
    FIRST,
    OPENVINO,
    OPTIMIZED,
    SPINNING,
    THREADS,
    Allowance,
    Question,
    Row,
    Table,
    compared,
    row,
    settled,
)

REAL = Path(__file__).parents[3] / "shared" / "real"
BATCHES = (1, 8)
#: Time steps of sequences.
STEPS = 100
#: torch.compile takes seconds for each network: those are compiled that fit in so many.
COMPILE_SECONDS = 8
#: Relative L2 distance to torch's plain module at which a variant counts as wrong. Wide, because
#: max unpooling goes another way where two elements are equal but for rounding.
WRONG = 1e-2
PEERS = (SPINNING, OPENVINO, "compiled")
PLAIN, WRITTEN = "to_torch", "by hand"
#: Goals, of the best peer: in the mean, and for each that takes longer than so many seconds.
MEAN, WORST, LONG = 0.9, 0.95, 1e-3


def tables() -> Iterator[Table]:
    """One table: a row for every network and batch."""
    torch.set_num_threads(THREADS)
    compiler = Compiler()
    cases = Allowance.within(networks(), FIRST)
    measures = (partial(measured, name, network, compiler) for name, network in cases)
    rows = [made for found in settled(measures, _margin) for made in found]
    what = "to_torch(optimize=True)"
    goals = list(compared(rows, OPTIMIZED, PEERS, mean=MEAN, what=what))
    slow = [row for row in rows if row.best(PEERS) > LONG]
    goals += compared(slow, OPTIMIZED, PEERS, worst=WORST, what=f"{what} above 1 ms")
    goals += compared(rows, FASTEST, PEERS, worst=WORST, what='engine="fastest"')
    goals += compared(rows, OPTIMIZED, [WRITTEN], mean=1.0, what=what)
    goals += compared(rows, PLAIN, [WRITTEN], mean=WORST, what="to_torch()")
    yield Table(f"Networks (batch after the name; sequences of {STEPS} steps)", rows, goals)


def _margin(row: Row) -> float:
    """Of both goals of each, the second where the best takes long."""
    found: list[float] = [row.more[f"{FASTEST} of best"]]
    if row.best(PEERS) > LONG:
        found.append(row.more["of best"])
    return min(found) / WORST


def measured(name: str, network: Network, compiler: Compiler) -> Iterator[Row]:
    """One network at each batch, if ONNX has it.

    What ours computes with, and the peers, run one and the same ONNX model.
    """
    fastest, plain = Session(network), network.to_torch()
    optimized, written = network.to_torch(optimize=True), by_hand(network)
    assert isinstance(optimized, InferenceModule)
    # What is computed is compared below; the oracle would take a third of the time.
    fastest.loaded.proved = fastest.loaded.run  # type: ignore[method-assign]
    if isinstance(optimized.engines, Fastest):
        optimized.engines.loaded = fastest.loaded
    peers: dict[str, Callable[[list[Any]], Engine]] = {}
    for batch in BATCHES:
        inputs = random_inputs(network, batch)
        arrays = [x.numpy() for x in inputs]
        tried(optimized, inputs, inf)
        model = fastest.loaded.written
        if not peers and model is not None:
            with suppress(MatlabCompatError):
                peers = engines(model.onnx)
        if not peers:
            return
        calls: dict[str, Call] = {OPTIMIZED: partial(optimized, *inputs)}
        calls |= {peer: partial(make(arrays), arrays) for peer, make in peers.items()}
        calls[FASTEST] = partial(fastest.run, *arrays)
        if batch == 1:
            calls[PLAIN] = partial(plain, *inputs)
            if written is not None:
                calls[WRITTEN] = partial(written, *inputs)
            if compiled := compiler.call(name, network, inputs):
                calls["compiled"] = compiled
        with torch.inference_mode():
            expected = plain(*inputs)
            if not all(np.isfinite(y).all() for y in as_tuple(expected)):
                print(f"({name} gives NaN, which nothing can be compared with)", flush=True)
                return
            for which, call in tuple(calls.items()):
                apart = distance(call(), expected)
                if apart <= WRONG:
                    continue  # NaN is wrong, too
                text = f"{name}, {batch}: {which} is {apart:.1g} from torch's"
                if which not in PEERS:
                    raise AssertionError(text)
                print(f"({text}, and left out)", flush=True)
                del calls[which]
            numbers = sum(value.size for value in network.Learnables["Value"])
            numbers += batch * sum(x[0].numel() for x in inputs)
            work = batch * (network.analysis().multiply_adds or 0)
            questions = [Question(ours, PEERS, WORST) for ours in (OPTIMIZED, FASTEST)]
            least, engine = limit(work, numbers), fastest.engine
            made = row(f"{name}, {batch}", calls, questions, least, engine=engine)
        goal = WORST if made.best(PEERS) > LONG else MEAN
        yield replace(made, more={**made.more, "goal": goal})


def distance(found: Any, expected: Any) -> float:
    """The largest relative L2 distance of any output."""
    several = (x if isinstance(x, tuple | list) else (x,) for x in (found, expected))
    return max(
        float(np.linalg.norm(np.asarray(y) - np.asarray(z)) / np.linalg.norm(np.asarray(z)))
        for y, z in zip(*several, strict=True)
    )


def random_inputs(network: Network, batch: int) -> list[torch.Tensor]:
    """Inputs of the network's own sizes."""
    return list(example_inputs(network, batch=batch, steps=STEPS))


# --- what runs them -----------------------------------------------------------------------


def torch_call(module: Callable[..., Any], inputs: list[torch.Tensor]) -> Call:
    """The module in inference mode."""

    def call() -> Any:
        with torch.inference_mode():
            return module(*inputs)

    return call


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


class Compiler:
    """``torch.compile``, while there is time left."""

    def __init__(self) -> None:
        self.left: float = COMPILE_SECONDS
        #: What was compiled, and is when it is measured again.
        self.names: set[str] = set()

    def call(self, name: str, network: Network, inputs: list[torch.Tensor]) -> Call | None:
        """None also where it fails."""
        if self.left <= 0 and name not in self.names:
            return None
        self.names.add(name)
        start = time.perf_counter()
        torch.compiler.reset()
        call = torch_call(torch.compile(network.to_torch()), inputs)
        try:
            call()
        except Exception:  # whatever the compiler stumbles over (or no C++ compiler at all)
            return None
        finally:
            self.left -= time.perf_counter() - start
        return call


# --- the networks -------------------------------------------------------------------------


def networks() -> Iterator[tuple[str, Network]]:
    """Made ones, then real ones, every architecture once."""
    yield "made: U-Net 256x256", unet()
    yield "made: CNN 32x32", cnn()
    seen = set()
    files = sorted(REAL.glob("*/*.mat"))
    random.Random(0).shuffle(files)  # where there is no time for all, some of all kinds
    for file in files:
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
