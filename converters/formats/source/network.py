"""The class of a network: its layers as attributes, its ``forward`` line by line."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor, fx, nn

from matlab_compat.data_format import torch_axes
from matlab_compat.execution.module import Stub
from matlab_compat.layers.nested import NetworkLayer
from matlab_compat.network.graph import Plan, Step
from matlab_compat.plain_text import unused

from ..python_style import class_name, comment, module_class, signature, statement
from .bundle import Bundle
from .parts import Part, Place, part
from .traced import CannotWriteError

#: The indent of statements.
_BODY = " " * 8


@dataclass
class Written:
    """Source text under way."""

    #: What modules that have to be traced were given in a run of the model.
    inputs: Mapping[nn.Module, tuple[Tensor, ...]]
    #: The class of the outermost network.
    name: str = "Network"
    bundle: Bundle = field(default_factory=Bundle)
    classes: list[str] = field(default_factory=list)
    state: dict[str, Tensor] = field(default_factory=dict)
    #: MATLAB's layer names to attributes, of the outermost network.
    attributes: dict[str, str] = field(default_factory=dict)
    #: "layer 'name': reason" of everything that cannot be written.
    refused: list[str] = field(default_factory=list)
    #: The place of each parameter in the outermost network, for those that layers share.
    places: dict[int, str] = field(default_factory=dict)
    #: Statements that let layers share their parameters.
    shared: list[str] = field(default_factory=list)
    #: Names at the top of the file that variables must not hide.
    class_names: set[str] = field(default_factory=set)


def write_network(
    plan: Plan, module: fx.GraphModule, inputs: Mapping[nn.Module, tuple[Tensor, ...]], name: str
) -> Written:
    """The source of ``module``, which was built from ``plan``, and its weights.

    What cannot be written is listed in ``refused``. ``inputs`` are those that modules that have to
    be traced had in a run; ``name`` is what the network is called.
    """
    written = Written(inputs=inputs)
    for needed in ("Tensor", "nn"):
        written.bundle.add_import("torch", needed)
    outermost = _Class(written, plan, module, "", "", "")
    taken = {"Path", *written.bundle.taken(), *written.class_names}
    written.name = outermost.name = unused(class_name(name), taken)
    outermost.write()
    return written


class _Class:
    """One class: the network, or one nested in it."""

    def __init__(
        self, written: Written, plan: Plan, module: fx.GraphModule, name: str, prefix: str, of: str
    ) -> None:
        self.written, self.plan, self.module = written, plan, module
        self.name, self.prefix, self.of = name, prefix, of
        names = module.meta["layers"]
        steps = {step.name: step for step in plan.steps}
        self.steps = {attribute: steps[layer] for attribute, layer in names.items()}
        #: Names of attributes, and by layer those of the arrays that the class keeps itself.
        self.members = {*dir(nn.Module), *(name for name, _ in module.named_children())}
        self.buffers: dict[str, dict[str, str]] = {}
        self.parts = {
            attribute: self._part(attribute, self.steps[attribute])
            for attribute, _ in module.named_children()
        }

    def _part(self, attribute: str, step: Step) -> Part:
        layer = self.module.get_submodule(attribute)
        label = f"layer '{self.of}{step.name}'"
        if isinstance(layer, Stub):
            said = layer.message.splitlines()[0].rstrip(".")
            own = f"layer '{step.name}' "
            self.written.refused.append(f"{label} {said.removeprefix(own)}")
        elif isinstance(layer, fx.GraphModule):
            return self._nested(attribute, step, layer)
        else:
            try:
                inputs = self.written.inputs.get(layer, ())
                found = self._named(attribute, part(layer, Place(step.formats, inputs)))
            except CannotWriteError as error:
                self.written.refused.append(f"{label}: {error}")
            else:
                self._collect(attribute, layer, found)
                return found
        return Part("")

    def _named(self, attribute: str, found: Part) -> Part:
        """The part with its own class written, if it has one."""
        if found.define is None:
            return found
        stem = "".join(word.capitalize() for word in attribute.split("_"))
        name = unused(f"{stem}Layer", self.written.class_names)
        self.written.bundle.add_import("torch")
        self.written.classes.append(found.define(name))
        return replace(found, create=f"{name}()")

    def _collect(self, attribute: str, layer: nn.Module, found: Part) -> None:
        for needed in found.needs:
            self.written.bundle.add(needed.__module__, getattr(needed, "__name__", ""))
        if "F.pad" in found.call:
            self.written.bundle.add_import("torch.nn.functional", "", "F")
        for key, value in found.buffers.items():
            name = unused(f"{attribute}_{key}", self.members)
            self.buffers.setdefault(attribute, {})[key] = name
            self.written.state[f"{self.prefix}{name}"] = value
        if found.buffers:
            self.written.bundle.add_import("torch")
        state = layer.state_dict() if found.state is None else found.state
        if not found.create:
            return
        own = dict(layer.named_parameters()) if found.state is None else {}
        for key, value in state.items():
            place = f"{self.prefix}{attribute}.{key}"
            first = self.written.places.setdefault(id(own.get(key, value)), place)
            if first == place:
                self.written.state[place] = value
            else:
                self.written.shared += statement(f"self.{place} = self.{first}", _BODY)

    def _nested(self, attribute: str, step: Step, module: fx.GraphModule) -> Part:
        assert isinstance(step.layer, NetworkLayer)
        stem = "".join(word.capitalize() for word in attribute.split("_")) + "Network"
        name = unused(stem, self.written.class_names)
        plan = step.layer.inner_plan(step.formats)
        prefix, of = f"{self.prefix}{attribute}.", f"{self.of}{step.name}/"
        _Class(self.written, plan, module, name, prefix, of).write()
        return Part(f"{name}()")

    # --- text -------------------------------------------------------------------------------

    def write(self) -> None:
        """Add the text of the class to what is written."""
        what = f"of layer {printable(self.of[:-1])}" if self.of else "converted from MATLAB"
        text = module_class(self.name, f"The network {what}.", self._layers(), self._forward())
        self.written.classes.append(text)
        if not self.of:
            made = {a: a for a in self.parts if self._is_attribute(a)}
            made |= {a: ", ".join(names.values()) for a, names in self.buffers.items()}
            self.written.attributes = {self.steps[a].name: text for a, text in made.items()}

    def _layers(self) -> Iterator[str]:
        for attribute, found in self.parts.items():
            buffers = self.buffers.get(attribute, {})
            if not self._is_attribute(attribute) and not buffers:
                continue
            yield from comment(self._comment(attribute), _BODY)
            for key, name in buffers.items():
                size = ", ".join(map(str, found.buffers[key].shape)) or "()"
                yield from statement(f'self.register_buffer("{name}", torch.zeros({size}))', _BODY)
            if not buffers:
                yield from statement(f"self.{attribute} = {found.create}", _BODY)
        if not self.of and self.written.shared:
            yield "        # parameters that layers share"
            yield from self.written.shared

    def _is_attribute(self, name: str) -> bool:
        return bool(self.parts[name].create) and not _passes(self.module.get_submodule(name))

    def _comment(self, attribute: str) -> str:
        step = self.steps[attribute]
        kind = step.layer.constructor or step.layer.type_text or type(step.layer).__name__
        return printable(f"{step.name}: {kind} ({step.layer.description()})".replace(" ()", ""))

    def _forward(self) -> Iterator[str]:
        nodes = [node for node in self.module.graph.nodes if self._is_statement(node)]
        variables = self._variables(nodes)
        inputs = [node for node in self.module.graph.nodes if node.op == "placeholder"]
        parameters = ["self", *(f"{variables[node]}: Tensor" for node in inputs)]
        (output,) = (node for node in self.module.graph.nodes if node.op == "output")
        results = output.args[0]
        several = isinstance(results, tuple)
        kind = "tuple[Tensor, ...]" if several else "Tensor"
        yield from signature("forward", parameters, kind, "    ")
        yield from self._shapes([variables[node] for node in inputs])
        for node in nodes:
            attribute = str(node.target)
            if (found := self.parts.get(attribute)) and not (found.create or found.buffers):
                yield from comment(self._comment(attribute), _BODY)
            yield from statement(f"{variables[node]} = {self._expression(node, variables)}", _BODY)
        texts = [variables[_origin(n, self.module)] for n in (results if several else (results,))]
        yield f"        return {', '.join(texts)}"

    def _shapes(self, names: list[str]) -> Iterator[str]:
        yield '        """Compute the network\'s outputs.'
        yield ""
        described = zip(names, self.plan.inputs.items(), strict=True)
        for variable, (name, labels) in described:
            yield f"        {variable}: {printable(name)}, {axes_text(labels)}."
        for i, (name, (_, labels)) in enumerate(self.plan.outputs.items(), 1):
            yield f"        Output {i}: {printable(name)}, {axes_text(labels)}."
        yield '        """'

    def _expression(self, node: fx.Node, variables: dict[fx.Node, str]) -> str:
        given = [n for n in node.args if isinstance(n, fx.Node)]
        sources = [variables[_origin(n, self.module)] for n in given]
        if node.op == "call_function":
            return f"{sources[0]}[{node.args[1]}]"
        attribute = str(node.target)
        call = self.parts[attribute].call
        kept = {key: f"self.{name}" for key, name in self.buffers.get(attribute, {}).items()}
        names = {"m": f"self.{attribute}", "x": sources[0], "all": ", ".join(sources)}
        return call.format(*sources, **names, **kept)

    # --- names ------------------------------------------------------------------------------

    def _is_statement(self, node: fx.Node) -> bool:
        if node.op == "call_function":
            assert node.target is operator.getitem
            return True
        return node.op == "call_module" and not _passes(self.module.get_submodule(str(node.target)))

    def _variables(self, nodes: list[fx.Node]) -> dict[fx.Node, str]:
        """``x`` for what only the next statement uses; other values are called as their layer."""
        users = self._users()
        inputs = [node for node in self.module.graph.nodes if node.op == "placeholder"]
        after = [*nodes[1:], *([None] if nodes else [])]
        taken = {"self", "x", "torch", "nn", "F"} | self.written.bundle.taken()
        variables = {}
        following = dict(zip(nodes, after, strict=True))
        if len(inputs) == 1:
            following[inputs[0]] = nodes[0] if nodes else None
        for node in (*inputs, *nodes):
            passing = node in following and users[node] <= {following[node]}
            variables[node] = "x" if passing else unused(_stem(node), taken)
        return variables

    def _users(self) -> dict[fx.Node, set[fx.Node | None]]:
        """The statements that use a value; ``None`` stands for the return."""
        users: dict[fx.Node, set[fx.Node | None]] = {n: set() for n in self.module.graph.nodes}
        for node in self.module.graph.nodes:
            if self._is_statement(node) or node.op == "output":
                for source in node.all_input_nodes:
                    users[_origin(source, self.module)].add(None if node.op == "output" else node)
        return users


def _passes(module: nn.Module) -> bool:
    return isinstance(module, nn.Identity)


def _origin(node: fx.Node, module: fx.GraphModule) -> fx.Node:
    """The node whose value this is, past layers that pass their data on."""
    while node.op == "call_module" and _passes(module.get_submodule(str(node.target))):
        (node,) = node.all_input_nodes
    return node


def _stem(node: fx.Node) -> str:
    if node.op == "call_function":
        source = node.args[0]
        return f"{source.target if isinstance(source, fx.Node) else 'x'}_{node.args[1]}"
    return str(node.target)


def axes_text(labels: str) -> str:
    """Labels such as "SSCB" as ``N,C,H,W (SSCB in MATLAB)``."""
    space = iter("HWD" if labels.count("S") > 1 else "S")
    letters = [next(space) if c == "S" else "N" if c == "B" else c for c in labels]
    return f"{','.join(letters[a] for a in torch_axes(labels))} ({labels} in MATLAB)"


def printable(text: str) -> str:
    """Text of a file that may stand in a comment, a docstring or a heading."""
    kept = "".join(c if c.isprintable() else "?" for c in text)
    return kept.replace("\\", "/").replace('"""', "'''")
