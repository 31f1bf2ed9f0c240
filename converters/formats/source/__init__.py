"""A folder: the network as PyTorch source that a person can read, with nothing of this project.

:mod:`.parts` says how each layer is written, :mod:`.network` writes the class, :mod:`.bundle`
copies the classes and functions that torch lacks out of the engine, :mod:`.texts` has the files
beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from matlab_compat.data_format import torch_axes
from matlab_compat.errors import NothingToCompareError, UnsupportedLayerError, UsageError
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.shallow import ShallowNetwork

from .. import shallow_code
from ..base import Format, Options, Prepared, need
from ..python_style import statement

if TYPE_CHECKING:
    import torch
    from torch import fx, nn

    from matlab_compat.network.graph import Plan

    from ..base import Arrays, Tensors
    from .network import Written

_DTYPES = {
    "single": "torch.float32",
    "double": "torch.float64",
    "half": "torch.float16",
    "bfloat16": "torch.bfloat16",
}
#: Largest difference that verify.py lets pass, as a part of the largest output.
_TOLERANCES = {"single": 1e-4, "double": 1e-10, "half": 2e-2, "bfloat16": 1e-1}

#: Python that finds the package and nothing of this project: importing that fails.
_ISOLATED = """
import sys
sys.path.insert(0, sys.argv[1])
for name in ("matlab_compat", "converters", "cli"):
    sys.modules[name] = None
"""
_VERIFY = "import runpy\nrunpy.run_path(sys.argv[1] + '/verify.py', run_name='__main__')\n"
_RUN = """
import torch
from safetensors.torch import load_file, save_file
from model import load
given = load_file(sys.argv[2])
with torch.inference_mode():
    results = load()(*(given[f"input_{i}"] for i in range(len(given))))
results = results if isinstance(results, tuple) else (results,)
save_file({f"output_{i}": y.contiguous().clone() for i, y in enumerate(results)}, sys.argv[3])
"""


class SourcePackage(Format, suffixes=("",)):
    """``model.py``, ``weights.safetensors``, ``README.md``, ``verify.py`` and an example."""

    name: ClassVar[str] = "PyTorch source"

    def refusal(self, prepared: Prepared) -> str:
        """The layers that cannot be written, each with the reason."""
        need("safetensors", "safetensors")
        if isinstance(prepared.model, ShallowNetwork):
            return shallow_code.refusal(prepared.model)
        written = prepared.once(source_of).written
        if written.refused:
            return "these cannot be written as source: " + "; ".join(written.refused)
        try:
            _ = written.bundle.definitions
        except ValueError as error:
            return str(error)
        return ""

    def write(self, prepared: Prepared, path: Path) -> None:
        """Write the package; its README has what verify.py says of it."""
        from .texts import README, RUFF, VERIFY, model_text

        dtype, example = prepared.options.dtype, _example(prepared)
        describe = _shallow if isinstance(prepared.model, ShallowNetwork) else _layered
        written, about = describe(prepared, example)
        title = f"{about['title']}, converted from MATLAB."
        texts = {
            "model.py": model_text(written, title, _DTYPES[dtype], about["classes"]),
            "ruff.toml": RUFF,
            "verify.py": VERIFY.format(tolerance=_TOLERANCES[dtype]),
        }
        path.mkdir()
        for name, text in texts.items():
            (path / name).write_text(text, encoding="utf-8")
        _save(written.state, path / "weights.safetensors")
        _save(example, path / "example.safetensors")
        said = _python(_VERIFY, path, may_differ=True)
        made = "" if dtype == "single" else f", dtype={_DTYPES[dtype]}"
        sizes = [", ".join(map(str, x.shape)) for n, x in example.items() if n.startswith("input")]
        call = f"Y = model({', '.join(f'torch.zeros({size}{made})' for size in sizes)})"
        about |= {
            "call": "\n".join(statement(call, " " * 4)),
            "classes": _classes(about["classes"]),
        }
        readme = README.format(**about, dtype=dtype, parity=said)
        (path / "README.md").write_text(readme, encoding="utf-8")

    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """The package's outputs, computed in a process that cannot import this project."""
        from safetensors.torch import load_file

        from matlab_compat.engine.arrays import array

        with tempfile.TemporaryDirectory() as folder:
            given, results = Path(folder) / "given", Path(folder) / "results"
            _save({f"input_{i}": x for i, x in enumerate(inputs)}, given)
            _python(_RUN, path, str(given), str(results))
            found = load_file(results)
            return tuple(array(found[f"output_{i}"]) for i in range(len(found)))


def _shallow(
    prepared: Prepared, example: Mapping[str, torch.Tensor]
) -> tuple[Written, dict[str, Any]]:
    """The text of a shallow network, its arithmetic written out, and what its README says."""
    import torch

    from ..python_style import class_name
    from .network import Written

    net = prepared.model
    assert isinstance(net, ShallowNetwork)
    constants = shallow_code.torch_constants(net)
    state = {name: torch.from_numpy(value.copy()) for name, value in constants.items()}
    written = Written(inputs={}, name=class_name(prepared.name), state=state)
    helpers, text = shallow_code.torch_module(net, prepared.options.steps, written.name)
    written.classes += [*(helper.rstrip() for helper in helpers), text]
    for name, module in {"Tensor": "torch", "nn": "torch", "functional": "torch.nn"}.items():
        written.bundle.add_import(module, name)
    ports = [
        f"| {kind[:-1]} | {name} | {tuple(example[f'{kind[:-1]}_{i}'].shape)} | | {labels} |"
        for kind in ("inputs", "outputs")
        for i, (name, labels) in enumerate(prepared.interface[kind].items())
    ]
    rows = [
        f"| {i}: {_cell(layer.name)} | {layer.transferFcn}, {layer.size} neurons | `a{i}` |"
        for i, layer in enumerate(net.layers, 1)
    ]
    return written, {
        "title": _cell(net.name or "Shallow network"),
        "ports": "\n".join(ports),
        "normalization": "The processing of inputs and outputs is part of the model.",
        "layers": net.numLayers,
        "table": "\n".join(rows),
        "classes": (),
    }


class Source(NamedTuple):
    """What the text of a package is made of."""

    #: The network; one around the layer, if the model is a layer.
    network: Network
    plan: Plan
    written: Written


def source_of(prepared: Prepared) -> Source:
    """The model as source text."""
    from matlab_compat.execution.module import build_graph

    from .network import write_network

    model, options = prepared.model, prepared.options
    if isinstance(model, Network):
        network, plan = model, model.plan()
        module = cast("fx.GraphModule", prepared.module())
    else:
        assert isinstance(model, Layer)
        network = Network([model])
        plan = network.plan(dict(zip(network.InputNames, model.default_formats, strict=False)))
        made = {plan.steps[0].name: prepared.module()}
        module = build_graph(plan, None, options.dtype, stub=options.stub, made=made).eval()
    written = write_network(plan, module, _seen(prepared, module), prepared.name)
    return Source(network, plan, written)


def _seen(prepared: Prepared, module: nn.Module) -> dict[nn.Module, tuple[torch.Tensor, ...]]:
    """What the modules of the user's code are given when the model is run on its example."""
    import torch

    from matlab_compat.code.models import FunctionModule
    from matlab_compat.code.running import CodeModule

    seen: dict[nn.Module, tuple[torch.Tensor, ...]] = {}
    coded = [one for one in module.modules() if isinstance(one, CodeModule | FunctionModule)]

    def remember(one: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        seen.setdefault(one, given)

    with ExitStack() as hooks, torch.no_grad():
        for one in coded:
            hooks.callback(one.register_forward_pre_hook(remember).remove)
        if coded:
            module(*prepared.inputs())
    return seen


def _example(prepared: Prepared) -> dict[str, torch.Tensor]:
    """Seeded inputs and what the engine computes from them."""
    try:
        results = prepared.results()
    except NothingToCompareError as error:  # a layer that takes indices, for one
        raise UnsupportedLayerError(
            f"The package would hold an example, but {error.what}"
        ) from error
    stored = {f"input_{i}": x for i, x in enumerate(prepared.inputs())}
    return stored | {f"output_{i}": y for i, y in enumerate(results)}


def _save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    from safetensors.torch import save

    # From memory: safetensors' own writer has another error for a full disk.
    path.write_bytes(save({name: t.detach().contiguous().clone() for name, t in tensors.items()}))


def _python(program: str, folder: Path, *arguments: str, may_differ: bool = False) -> str:
    """Run ``program`` in an isolated Python; what it printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _ISOLATED + program, str(folder.resolve()), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not (may_differ and done.stdout):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UsageError(f"The written package does not run: {last}", where=(folder.name,))
    return done.stdout.strip()


def _layered(
    prepared: Prepared, example: Mapping[str, torch.Tensor]
) -> tuple[Written, dict[str, Any]]:
    """The text of a network of layers, and what its README says."""
    network, plan, written = prepared.once(source_of)
    kept = "The normalization of the input is part of the model."
    left = "The normalization of the input was left out: apply it first."
    rows = [
        f"| {_cell(step.name)} | {step.layer.constructor or type(step.layer).__name__} "
        f"| {f'`{written.attributes[step.name]}`' if step.name in written.attributes else ''} |"
        for step in plan.steps
    ]
    return written, {
        "title": f"A {network.kind} of {len(network.Layers)} layers",
        "ports": "\n".join(_ports(plan, example)),
        "normalization": left if prepared.options.strip_normalization else kept,
        "layers": len(plan.steps),
        "table": "\n".join(rows),
        "classes": network.Classes or (),
    }


def _ports(plan: Plan, example: Mapping[str, torch.Tensor]) -> Iterator[str]:
    from .network import axes_text

    outputs = {name: labels for name, (_, labels) in plan.outputs.items()}
    for kind, formats in (("input", plan.inputs), ("output", outputs)):
        for i, (name, labels) in enumerate(formats.items()):
            shape = tuple(example[f"{kind}_{i}"].shape)
            sizes = dict(zip(torch_axes(labels), shape, strict=True))
            matlab = "×".join(str(sizes[axis]) for axis in range(len(labels)))
            order = axes_text(labels).split(" ")[0]
            yield f"| {kind} | {_cell(name)} | {order} = {shape} | {matlab} | {labels} |"


def _cell(text: str) -> str:
    from .network import printable

    return printable(text).replace("|", "/")


def _classes(names: Sequence[str]) -> str:
    if not names:
        return ""
    rows = [f"{i}. {_cell(name)}" for i, name in enumerate(names)]
    return "\n## Classes\n\nIn the order of the output's channels, from 0:\n\n" + "\n".join(rows)
