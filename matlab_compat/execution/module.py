"""A network's plan as one ``torch.fx.GraphModule``, and ways to run it that name the layer."""

from __future__ import annotations

import keyword
import operator
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import fx, nn

from ..arrays import as_tuple
from ..engine.precision import DeviceLike, DTypeLike
from ..errors import DataFormatError, MatlabCompatError, UnsupportedLayerError, cause_text, locating
from ..plain_text import unused
from .described import LayerLike, Plan, Port, Step
from .sizes import check_sizes


class Stub(nn.Module):
    """The place of a layer that could not be built; running it raises."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Raise :class:`UnsupportedLayerError`."""
        raise UnsupportedLayerError(self.message)


def build_graph(
    plan: Plan[LayerLike],
    device: DeviceLike | None,
    dtype: DTypeLike | None,
    *,
    stub: bool = False,
    made: Mapping[str, nn.Module] | None = None,
) -> fx.GraphModule:
    """The module of a network: one submodule for every layer, under the layer's name.

    ``made`` has those that are there already, by the layer's name.
    ``module.meta["layers"]`` maps attribute names to MATLAB's layer names, ``["inputs"]`` and
    ``["outputs"]`` name the network's inputs and outputs with their formats. Layers that cannot be
    built are refused all at once, or with ``stub`` raise when run.
    """
    if not stub:
        refuse_unsupported(plan)
    graph = fx.Graph()
    values: dict[Port, fx.Node] = {}
    attributes = attribute_names([step.name for step in plan.steps])
    modules: dict[str, nn.Module] = {}
    for name in plan.inputs:
        values[name, -1] = graph.placeholder(identifier(name))
    for step in plan.steps:
        arguments = tuple(values[source] for source in step.sources)
        if step.layer.is_output:
            values[step.name, 0] = arguments[0]
            continue
        attribute = attributes[step.name]
        modules[attribute] = (made or {}).get(step.name) or _module(step, device, dtype, stub)
        node = graph.call_module(attribute, arguments)
        if len(step.output_formats) == 1:
            values[step.name, 0] = node
        else:
            for port in range(len(step.output_formats)):
                values[step.name, port] = graph.call_function(operator.getitem, (node, port))
    _share(plan, {name: modules.get(attribute) for name, attribute in attributes.items()})
    results = tuple(values[port] for port, _ in plan.outputs.values())
    graph.output(results[0] if len(results) == 1 else results)
    for node in reversed(list(graph.nodes)):
        if node.op == "call_function" and not node.users:  # a port that feeds nothing
            graph.erase_node(node)
    module = fx.GraphModule(modules, graph, class_name="Network")
    module.meta["layers"] = {attributes[s.name]: s.name for s in plan.steps}
    module.meta["inputs"] = dict(plan.inputs)
    module.meta["outputs"] = {name: labels for name, (_, labels) in plan.outputs.items()}
    return module


def _share(plan: Plan[LayerLike], modules: Mapping[str, nn.Module | None]) -> None:
    """Let learnables that are one be one parameter of torch, which is in ``parameters()`` once."""
    layers = {step.name: step.layer for step in plan.steps}
    for group in plan.shared:
        first: dict[int, nn.Parameter] = {}
        for name, learnable in group:
            module = modules.get(name)
            if module is None or isinstance(module, Stub):
                continue
            for i, torch_name in enumerate(layers[name].torch_names(learnable)):
                own = module.get_parameter(torch_name)
                one = first.setdefault(i, own)
                if one.shape == own.shape:
                    module.register_parameter(torch_name, one)


def _module(
    step: Step[LayerLike], device: DeviceLike | None, dtype: DTypeLike | None, stub: bool
) -> nn.Module:
    if stub and (refusal := step.layer.refusal()) is not None:
        return Stub(str(refusal))
    inner = step.layer.inner_plan(step.formats)
    if inner is not None:
        with locating(f"layer '{step.name}'"):
            return build_graph(inner, device, dtype, stub=stub)
    with at(step):
        return step.layer.to_torch(device, dtype, formats=step.formats)


def at(step: Step[LayerLike]) -> AbstractContextManager[None]:
    """Where errors of a layer without a name of its own happen; others say it themselves."""
    return nullcontext() if step.layer.Name else locating(f"layer '{step.name}'")


def refuse_unsupported(plan: Plan[LayerLike]) -> None:
    """Raise one error that names every layer of the plan that cannot be built, or is not run."""
    every = dict(_flat(plan))
    lines: list[str] = []
    remedies: dict[str, str] = {}
    for name, layer in every.items():
        if (refusal := layer.refusal()) is None:
            continue
        # One for all layers of unknown classes: what it says of one class holds for the others.
        remedies.setdefault("class" if layer.reason else refusal.remedy, refusal.remedy)
        if layer.reason:
            fields = ", ".join(name for name in layer.extra if "." not in name and name != "Name")
            said = f"    '{name}' is a {layer.class_name}: {layer.reason}"
            lines.append(f"{said} ({fields})" if fields else said)
        else:
            lines.append(f"    '{name}': {refusal.what}")
    if not lines:
        return
    raise UnsupportedLayerError(
        f"{len(lines)} of {len(every)} layers cannot be built:\n" + "\n".join(lines),
        remedy=" ".join(filter(None, remedies.values())),
    )


def _flat(plan: Plan[LayerLike]) -> Iterator[tuple[str, LayerLike]]:
    """The layers by name, those of nested networks as "outer/inner" in the place of theirs."""
    for step in plan.steps:
        inner = step.layer.inner_plan(step.formats) if step.layer.refusal() is None else None
        if inner is None:
            yield step.name, step.layer
        else:
            yield from ((f"{step.name}/{name}", layer) for name, layer in _flat(inner))


def identifier(name: str) -> str:
    """A MATLAB name as a Python identifier, in the normal form that Python reads it in."""
    letters = unicodedata.normalize("NFKC", name)
    text = "".join(c if f"a{c}".isidentifier() else "_" for c in letters) or "layer"
    # Two underscores would make a name private to the class in whose source it stands.
    unfit = not text[0].isidentifier() or keyword.iskeyword(text) or text.startswith("__")
    return f"layer_{text}" if unfit else text


def attribute_names(names: list[str]) -> dict[str, str]:
    """MATLAB layer names to unique attribute names that hide nothing of ``nn.Module``."""
    taken: set[str] = set()
    found = {}
    for name in names:
        stem = identifier(name)
        if hasattr(fx.GraphModule, stem) or stem in ("graph", "meta", "training", "code"):
            stem += "_"
        found[name] = unused(stem, taken)
    return found


@contextmanager
def running(name: str, inputs: Sequence[Any]) -> Iterator[None]:
    """Name the layer in errors of its computation; torch's become ours."""
    try:
        with locating(f"layer '{name}'"):
            yield
    except (RuntimeError, ValueError, IndexError) as error:
        if isinstance(error, MatlabCompatError):
            raise
        sizes = " and ".join(str(tuple(x.shape)) for x in inputs if hasattr(x, "shape"))
        raise DataFormatError(
            f"The layer cannot take inputs of torch size {sizes}: {cause_text(error)}",
            where=(f"layer '{name}'",),
            remedy="check the size and the order of the dimensions of the network's input.",
        ) from None


class _Recording(fx.Interpreter):
    """Runs a graph node by node; keeps the (first) outputs of some layers, and names failures."""

    def __init__(self, module: fx.GraphModule, wanted: Collection[str]) -> None:
        super().__init__(module)
        self.layers: Mapping[str, str] = module.meta["layers"]
        self.wanted, self.seen = wanted, dict[str, Any]()
        self.extra_traceback = False

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        name = self.layers[target]
        with running(name, args):
            result = super().call_module(target, args, kwargs)
        if name in self.wanted:
            self.seen[name] = as_tuple(result)[0]
        return result


def run_recording(
    module: fx.GraphModule, inputs: tuple[torch.Tensor, ...], layers: Collection[str] = ()
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The outputs of ``module``, and the (first) outputs of these layers as they are computed."""
    check_sizes(module, inputs)
    recording = _Recording(module, layers)
    return as_tuple(recording.run(*inputs)), recording.seen


def run_network(module: fx.GraphModule, inputs: tuple[torch.Tensor, ...]) -> tuple[Any, ...]:
    """Run ``module``; a failure is repeated layer by layer, so that the error names the layer."""
    check_sizes(module, inputs)
    try:
        return as_tuple(module(*inputs))
    except (RuntimeError, ValueError, IndexError):
        return run_recording(module, inputs)[0]
