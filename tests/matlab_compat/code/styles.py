"""Each style of ``fixtures/code/styles`` as a network or model function, exported and run.

``python -m tests.matlab_compat.code.styles [NAME ...]`` writes each as ``.pt2`` and ``.onnx`` (or
those that are named), runs both with another number of observations than they were traced with,
and compares with the interpreter: a row for each, with the difference relative to the largest
output, or why it cannot be exported. The exit code is 1 if one differs or does not run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import converters
from converters.formats import Options
from converters.formats.onnx import open_session
from fixtures.code.make_styles import FUNCTIONS, LAYERS, program_of_styles
from matlab_compat import InputLayer
from matlab_compat.arrays import Array
from matlab_compat.code.layers import class_of_layer
from matlab_compat.code.models import Argument, FunctionModel, function_model
from matlab_compat.code.program import Program
from matlab_compat.data_format import torch_axes
from matlab_compat.engine.precision import torch_dtype
from matlab_compat.errors import MatlabCompatError
from matlab_compat.layers import Layer
from matlab_compat.network import Network

#: The styles by the kinds of layers that people write; the rest is of other kinds.
KINDS = {
    "activation": "paramReluLayer mishLayerV2 hardSwishL capsSquash maxoutL highwayGate "
    "tanhScaleAct topkSparse swigluBlock kanSpline complexModRelu reluSix leakyMask stringSwitch "
    "ternary huberAct sparsemax fuzzyMember rbfKernelLayer lambdaCfg",
    "normalization": "l2normalizeLayer groupNormOwn layerNormTokens globalStats whiten",
    "attention": "sePoolExcite multiHeadSelfAtt dynRouting triuCausal attnSeq transformerBlk",
    "reshape and project": "pixelShuffle2d reorgYolo patchEmbed cellProps hankelWin unfoldPatch "
    "quadraticFeat polyExpand tileL mlpNum2str mlpSprintf",
    "sampling": "nearestUp bilinearUp interpLayer stnAffine ndgridPos dropMask noiseIfTrain vaeEnc",
    "quantization": "steQuant argmaxOneHot bitPack",
    "spectral": "haarDownLayer fftLowPass timeFreq fourierFeat convDiffLayer rot180Conv",
    "graph convolution": "gcnLayerA messagePass zeroDiag",
}
KIND = {name: kind for kind, names in KINDS.items() for name in names.split()}
#: The labels of inputs by how many dimensions they have, and of those that are others.
_LABELS = {2: "CB", 3: "CBT", 4: "SSCB"}
_OTHERS = {"dynRouting": "SCB", "nearestUp": "SSCB"}
#: Functions whose arrays hold no observations, and why.
WITHOUT = {
    "timeFreq": "all that it gets is one signal",
    "lossTotal": "it gives one number for all observations",
    "transformerBlk": "its columns are steps of time",
    "kalman": "its columns are steps of time",
    "messagePass": "its arrays are a graph",
}
#: Observations of the comparison; programs are traced with fewer.
OBSERVATIONS = 5
#: Of the largest output: .pt2 in double, ONNX in single.
BOUNDS = {".pt2": 1e-12, ".onnx": 1e-4}


def model_of(program: Program, name: str) -> Network | FunctionModel:
    """A style as the model that a user has of it.

    Raises
    ------
    MatlabCompatError
        It does not run on data with labels.
    """
    if name in FUNCTIONS:
        first = FUNCTIONS[name].inputs[0]
        held = Argument("p", value=_of_file(first), is_learnable=True)
        given = [Argument(f"x{i}", one, True) for i, one in enumerate(labels_of(name))]
        function = program.function(name)
        assert function is not None
        return function_model(program, function, [held, *given], FUNCTIONS[name].outputs)
    return network_of(program, [name])


def network_of(program: Program, names: Sequence[str]) -> Network:
    """Layers beside each other, each with inputs and outputs of its own.

    Raises
    ------
    MatlabCompatError
        One does not run on data with labels.
    """
    layers: list[Layer] = []
    connections = []
    for name in names:
        layer, ends = _layer_of(program, name), []
        for i, (x, labels) in enumerate(zip(data_of(name), labels_of(name), strict=True)):
            size = [np.nan if one in "BT" else n for n, one in zip(x.shape, labels, strict=True)]
            ends.append(InputLayer(InputSize=size, InputFormat=labels, Name=f"{name}_x{i}"))
        ports = [f"{name}/in{i + 1}" if len(ends) > 1 else name for i in range(len(ends))]
        connections += [(one.Name, port) for one, port in zip(ends, ports, strict=True)]
        layers += [*ends, layer]
    return Network(layers, connections)


def _layer_of(program: Program, name: str) -> Layer:
    style = LAYERS[name]
    fields = {n: _of_file(value) for n, value in style.properties.items()}
    counts = {"in": len(style.inputs), "out": style.outputs - ("State" in fields)}
    for which, (end, count) in zip(("Inputs", "Outputs"), counts.items(), strict=True):
        fields[f"nnet.layer.Layer.Private{which}"] = _cell([f"{end}{i + 1}" for i in range(count)])
    kind = class_of_layer(program, name, fields)
    assert kind is not None
    layer = kind.from_fields(fields)
    layer.Name = name
    return layer


def data_of(name: str) -> list[Array]:
    """The inputs that are data, in MATLAB's order."""
    if name in FUNCTIONS:
        return list(FUNCTIONS[name].inputs[1:])
    if name == "nearestUp":  # an image by itself
        return [x[:, :, None, None] for x in LAYERS[name].inputs]
    return list(LAYERS[name].inputs)


def labels_of(name: str) -> list[str]:
    """Their labels."""
    said = LAYERS[name].labels if name in LAYERS else ""
    return [said or _OTHERS.get(name) or _LABELS[x.ndim] for x in data_of(name)]


def _cell(items: Sequence[Any]) -> Array:
    cell = np.empty((1, len(items)), object)
    cell[0, :] = items
    return cell


def _of_file(value: Any) -> Any:
    """A property as a file gives it."""
    if isinstance(value, dict):
        return {name: _of_file(one) for name, one in value.items()}
    if isinstance(value, list):
        return _cell(value)
    return np.array([[value]]) if isinstance(value, float) else value


@torch.no_grad()
def differs_by(
    model: Network | FunctionModel, names: Sequence[str], ending: str, folder: Path
) -> float:
    """How much the exported program of these differs from the interpreter, of the largest output.

    Raises
    ------
    MatlabCompatError
        It cannot be exported.
    """
    dtype = "single" if ending == ".onnx" else "double"
    path = folder / f"{names[0]}{ending}"
    given = [pair for n in names for pair in zip(data_of(n), labels_of(n), strict=True)]
    steps = [x.shape[labels.index("T")] for x, labels in given if "T" in labels]
    options = Options(dtype=dtype, steps=steps[0] if steps else 8)
    converters.save(model, path, options=options, check=False)
    random = torch.Generator().manual_seed(1)
    inputs = []
    for x, labels in given:
        size = [OBSERVATIONS if one == "B" else n for n, one in zip(x.shape, labels, strict=True)]
        made = torch.randn(size, generator=random, dtype=torch.float64).permute(torch_axes(labels))
        inputs.append(made.to(torch_dtype(dtype)))
    expected = model.to_torch("cpu", dtype).eval()(*inputs)
    found: Any
    if ending == ".pt2":
        found = torch.export.load(path).module()(*inputs)
    else:
        session = open_session(path)
        ports = [one.name for one in session.get_inputs()]
        found = session.run(None, {n: x.numpy() for n, x in zip(ports, inputs, strict=True)})
    several = [one if isinstance(one, tuple | list) else (one,) for one in (found, expected)]
    worst = 0.0
    for ours, theirs in zip(*several, strict=True):
        wanted = theirs.detach().numpy()
        if tuple(ours.shape) != wanted.shape:
            return np.inf
        worst = max(worst, float(abs(np.asarray(ours) - wanted).max() / abs(wanted).max()))
    return worst


def main(names: Sequence[str] = ()) -> int:
    """A row for each; the exit code."""
    program, differing, refused = program_of_styles(), 0, 0
    every = names or [name for name in (*LAYERS, *FUNCTIONS) if name not in WITHOUT]
    with TemporaryDirectory() as folder:
        for name in every:
            row = []
            for ending, bound in BOUNDS.items():
                try:
                    found = differs_by(model_of(program, name), [name], ending, Path(folder))
                    agrees = found <= bound
                    differing += not agrees
                    row.append(f"{ending} {found:.1e}{'' if agrees else ' DIFFERS'}")
                except MatlabCompatError as error:
                    refused += 1
                    row.append(f"{ending} not exported: {' '.join(error.what.split())[:200]}")
                except Exception as error:  # the program does not run
                    differing += 1
                    row.append(f"{ending} DOES NOT RUN: {error}")
            print(f"{name} ({KIND.get(name, 'other')}): {'; '.join(row)}", flush=True)
    programs = len(every) * len(BOUNDS)
    print(
        f"{programs} programs: {programs - refused - differing} agree, {differing} differ, "
        f"{refused} are not exported"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
