"""A network's graph made into straight code for one size of inputs, with a plan of its memory.

The first call with new sizes goes node by node: each layer of :mod:`.inference` chooses its way,
and what every node gives is looked at. Results in between then have fixed places in memory that
the module keeps, where what is needed at the same time never overlaps. What is returned is the
caller's own: its memory is used again only when nobody holds it any more. Calls at the same time
have a workspace each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from operator import is_
from typing import Any, Protocol

import torch
from torch import Tensor, fx, nn
from torch.fx.graph import PythonCode
from torch.nn.modules import module as torch_module

from ...display import size_text
from ...errors import UsageError
from ..precision import looked_at, plain_only
from .choice import Budget, choose
from .inference import Inference, Make, Run
from .phases import is_finite
from .trial import AtOnce, Candidate, Trial, are_finite

#: Bytes below which malloc keeps freed memory by itself (glibc's M_TRIM_THRESHOLD).
SMALL = 128 * 1024
#: Alignment of results in memory, in bytes: that of torch's own allocator.
ALIGNED = 64
#: Sizes of inputs for which a workspace keeps its code, and a module engines.
MANY = 64
#: Results of one layer that callers may hold and whose memory is used again.
RETURNED = 4
#: Seconds that a module may spend on measuring its first size; half as many for each that follows.
SECONDS = 1.0
#: Seconds that the calls of a size have taken together before what was left unmeasured is measured,
#: and engines are asked, as that takes.
PATIENCE = 2.0


class Engines(Protocol):
    """What else may compute a network, which gives the same but for rounding."""

    def of_module(
        self, inputs: Sequence[Tensor], own: Callable[..., Any], plain: Callable[..., Any]
    ) -> Trial:
        """What computes inputs like these, and finds out what is fastest.

        ``own`` is torch's way, named "torch"; ``plain`` is torch's for inputs of any kind.
        """


class Workspace:
    """What one call at a time computes in: memory, and the code for each size of the inputs."""

    def __init__(self) -> None:
        self.memory = torch.empty(0, dtype=torch.uint8)
        self.runs: dict[object, Callable[..., Any]] = {}

    def __call__(self, module: InferenceModule, inputs: Sequence[Tensor]) -> Any:
        """What the module gives for these inputs."""
        size = size_of(inputs)
        run = self.runs.get(size)
        if run is None:
            if not all(map(is_finite, inputs)):
                return module.by_layers(*inputs)  # which say nothing about others of their size
            run = self._straight(module, inputs, module.workspaces.budget.half())
            module.workspaces.names.setdefault(_said(inputs), "torch")
            self.runs[size] = run = self._awaiting(module, run, size)
        return run(*inputs)

    def _awaiting(self, module: InferenceModule, own: Run, size: object) -> Callable[..., Any]:
        """Torch's way until its calls have taken so long that more measuring pays."""
        known = module.workspaces

        def run(*inputs: Tensor) -> Any:
            start = time.perf_counter()
            found = own(*inputs)
            known.spent[size] = known.spent.get(size, 0) + time.perf_counter() - start
            if known.spent[size] < module.patience or size in known.trials:
                return found  # in the second case calls of another thread decide
            if not all(map(is_finite, inputs)) or known.trials.setdefault(size, self) is not self:
                return found
            try:
                again = self._straight(module, inputs, Budget(SECONDS))
                if size in known.by_engine or (engines := module.engines) is None:
                    known.trials.pop(size, None)
                    self.runs[size] = again
                else:
                    trial = engines.of_module(inputs, again, module.by_layers)
                    self.runs[size] = self._trying(module, inputs, trial, again)
            except BaseException:  # of one who does not want to wait, for example
                known.trials.pop(size, None)
                raise
            return found

        return run

    def _trying(
        self, module: InferenceModule, inputs: Sequence[Tensor], trial: Trial, own: Run
    ) -> Run:
        """Torch and the engines in turn until the fastest is known, which computes from then on."""
        known, (_, held) = module.workspaces, module.__dict__["_engines"]
        size, said, threads = size_of(inputs), _said(inputs), torch.get_num_threads()

        def run(*inputs: Tensor) -> Any:
            if held.has_changed():  # what torch prepared is old, too
                known.trials.pop(size, None)
                return module.by_layers(*inputs)
            if not are_finite(inputs):  # which torch may compute for all of them
                return own(*inputs)
            found = trial(inputs)
            if trial.winner is not None:
                self.runs[size] = settled(trial.winner)
            return found

        def settled(winner: Candidate) -> Run:
            known.names[said], at_once = winner.name, winner.at_once

            def checked(*inputs: Tensor) -> Any:
                return module.by_layers(*inputs) if held.has_changed() else winner.run(*inputs)

            def unchanged(inputs: Sequence[Any]) -> Any:
                if at_once is None or torch.get_num_threads() != threads or held.has_changed():
                    return NotImplemented
                return at_once(inputs)

            if winner.run is not own:
                if at_once is not None:
                    known.at_once = unchanged
                if len(known.by_engine) >= MANY:
                    known.by_engine.clear()
                known.by_engine[size] = checked
            known.trials.pop(size, None)  # others look for it there before they begin their own
            return own if winner.run is own else checked

        known.names[said] = ", ".join(dict.fromkeys(x.name for x in trial.candidates.values()))
        return run if trial.winner is None else settled(trial.winner)

    def _straight(self, module: InferenceModule, inputs: Sequence[Tensor], budget: Budget) -> Run:
        """What computes inputs of these sizes by torch."""
        first, trials = FirstRun(module, budget), module.workspaces.trials
        first.run(*inputs)
        inner = (r for r in first.results if r.node in first.made and not r.returned)
        places, needed = planned([result for result in inner if result.size >= SMALL])
        # Tensors made in inference mode could not be used outside of it.
        with torch.inference_mode(False), torch.no_grad():
            if needed > len(self.memory) or len(self.runs) >= MANY:
                # Those on trial keep theirs, so that it comes to an end.
                self.runs = {s: run for s, run in self.runs.items() if trials.get(s) is self}
                if len(self.runs) >= MANY:
                    trials.clear()
                    self.runs.clear()
                self.memory = torch.empty(max(needed, len(self.memory)), dtype=torch.uint8)
            made: dict[fx.Node, Run] = {}
            for one in first.results:
                if one.node in places:
                    start, end = places[one.node]
                    made[one.node] = first.made[one.node](
                        self.memory[start:end].view(torch.float32)
                    )
                elif one.returned and one.node in first.made and one.size >= SMALL:
                    made[one.node] = returned(first.made[one.node], one.size)
            for node, make in first.made.items():
                if node not in made:
                    made[node] = make(None)
        run = straight(module, made)
        if any(isinstance(one, Inference) and one.loses_nan for one in module.modules()):
            return guarded(run, module.by_layers)
        return run


def size_of(inputs: Sequence[Tensor]) -> tuple[object, ...]:
    """What the code for inputs depends on."""
    return (torch.get_num_threads(), *[(x.shape, x.stride()) for x in inputs])


class Held:
    """The weights of a module as they are now."""

    def __init__(self, module: nn.Module) -> None:
        parts = [those for part in module.modules() for those in (part._parameters, part._buffers)]
        self.places = [those for those in parts if those]
        self.tensors = [x for those in self.places for x in those.values()]
        #: Torch counts changes in place, but for tensors made in inference mode.
        self.counted = [x for x in self.tensors if x is not None and not x.is_inference()]
        self.versions = [x._version for x in self.counted]

    def has_changed(self) -> bool:
        """Whether one is another tensor, or was changed in place."""
        now = [x for those in self.places for x in those.values()]
        same = len(now) == len(self.tensors) and all(map(is_, now, self.tensors))
        return not same or [x._version for x in self.counted] != self.versions


def _said(inputs: Sequence[Tensor]) -> str:
    return " ".join(size_text(x.shape) for x in inputs)


@dataclass
class Result:
    """Memory that a node gives: its bytes, and when it is used for the last time."""

    node: fx.Node
    size: int
    first: int
    last: int
    returned: bool = False


class FirstRun(fx.Interpreter):
    """Computes a graph node by node and notes how; ``budget`` is for measuring."""

    def __init__(self, module: fx.GraphModule, budget: Budget) -> None:
        super().__init__(module)
        self.extra_traceback = False  # our errors say where they come from
        self.budget = budget
        called = (node for node in module.graph.nodes if node.op == "call_module")
        budget.layers = sum(isinstance(self.fetch_attr(n.target), Inference) for n in called)
        self.made: dict[fx.Node, Make] = {}
        self.results: list[Result] = []
        #: The result whose memory each node shares.
        self.memory: dict[fx.Node, list[tuple[int, Result]]] = {}
        self.step = 0

    def run_node(self, n: fx.Node) -> Any:
        """As the interpreter does; notes the memory that comes out."""
        self.step += 1
        self.node = n
        value = super().run_node(n)
        given = [shared for node in n.all_input_nodes for shared in self.memory[node]]
        for _, result in given:
            result.last = self.step
            result.returned |= n.op == "output"
        self.memory[n] = []
        for tensor in tensors(value):
            storage = tensor.untyped_storage()
            shared = [(at, result) for at, result in given if at == storage.data_ptr()]
            if not shared:
                result = Result(n, storage.nbytes(), self.step, self.step)
                self.results.append(result)
                shared = [(storage.data_ptr(), result)]
            self.memory[n] += shared
        return value

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The layer, by the way that it chooses where it has several."""
        layer: nn.Module = self.fetch_attr(target)
        if not isinstance(layer, Inference) or kwargs:
            return layer(*args, **kwargs)
        self.made[self.node] = make = chosen(layer, args, self.budget)
        return make(None)(*args)


def chosen(layer: Inference, inputs: Sequence[Tensor], budget: Budget) -> Make:
    """What makes the layer's fastest way for inputs of this size."""
    ways = layer.ways(*inputs)
    last = [x.is_contiguous(memory_format=torch.channels_last) for x in inputs if x.ndim == 4]
    size = [*inputs[0].shape, "last" if all(last) else ""]
    calls = {name: timed(make, inputs) for name, make in ways.items()}
    return ways[choose(" ".join(repr(layer).split()), size, calls, budget)]


def timed(make: Make, inputs: Sequence[Tensor]) -> Callable[[], Tensor]:
    """A call that computes the layer, from the second on in the same memory if it is large."""
    made: list[Run] = []

    def call() -> Tensor:
        if made:
            return made[0](*inputs)
        run = make(None)
        result = run(*inputs)
        size = result.untyped_storage().nbytes()
        made.append(make(result.new_empty(size // 4)) if size >= SMALL else run)
        return result

    return call


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in the value of a node."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors(part)


def planned(results: Sequence[Result]) -> tuple[dict[fx.Node, tuple[int, int]], int]:
    """Where in the memory each result goes: its first byte and its end, and the bytes in all.

    Large ones first, each at the lowest place that is free for as long as it is needed.
    """
    placed: list[tuple[int, int, Result]] = []
    for one in sorted(results, key=lambda result: -result.size):
        start = 0
        for low, high, other in sorted(placed, key=lambda place: place[0]):
            apart = one.last < other.first or other.last < one.first
            if not apart and low < start + one.size:
                start = max(start, -(-high // ALIGNED) * ALIGNED)
        placed.append((start, start + one.size, one))
    places = {one.node: (start, end) for start, end, one in placed}
    return places, max((end for _, end, _ in placed), default=0)


def guarded(run: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """``run``, but ``plain`` for inputs that are not finite, of which it would make numbers."""

    def checked(*inputs: Tensor) -> Any:
        for x in inputs:
            if not is_finite(x):
                return plain(*inputs)
        return run(*inputs)

    return checked


def returned(make: Make, size: int) -> Run:
    """Computes a layer whose result is the caller's, in memory that no caller holds any more."""
    kept: list[tuple[torch.UntypedStorage, int, Run]] = []
    fresh = make(None)

    def run(*inputs: Tensor) -> Tensor:
        for storage, own, compute in kept:
            if torch._C._storage_Use_Count(storage._cdata) == own and storage.nbytes() == size:
                return compute(*inputs).detach()  # a tensor of its own, so that it counts
        if len(kept) == RETURNED:
            return fresh(*inputs)
        with torch.inference_mode(False), torch.no_grad():
            memory = torch.empty(size // 4)
            compute, storage = make(memory), memory.untyped_storage()
            del memory
        kept.append((storage, torch._C._storage_Use_Count(storage._cdata), compute))
        return compute(*inputs).detach()

    return run if hasattr(torch._C, "_storage_Use_Count") else fresh


def straight(module: fx.GraphModule, made: dict[fx.Node, Run]) -> Callable[..., Any]:
    """Code that calls what the layers chose, and what the other modules compute without hooks."""
    graph = fx.Graph()
    copied: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        if node.op == "call_module":
            layer = made.get(node) or _forward(module.get_submodule(str(node.target)))
            args: Any = fx.map_arg(node.args, copied.__getitem__)
            copied[node] = graph.call_function(layer, args, node.kwargs)
        else:
            copied[node] = graph.node_copy(node, copied.__getitem__)
    run: Callable[..., Any] = fx.GraphModule(module, graph).forward
    return run


def _forward(layer: nn.Module) -> Run:
    """What a layer computes, as a function that fx takes for none of torch's by its name."""
    forward = layer.forward

    def run(*inputs: Any, **named: Any) -> Any:
        return forward(*inputs, **named)

    return run


class InferenceModule(fx.GraphModule):
    """A module that cannot be trained, which is fastest in inference mode on a CPU."""

    def recompile(self) -> PythonCode:
        """The graph's code, layer by layer, and before it the code for one size of inputs."""
        code = super().recompile()
        made = type(self)  # a class of its own, which holds the code
        made.by_layers = by_layers = made.forward  # type: ignore[method-assign]

        @wraps(by_layers)
        def forward(self: InferenceModule, *inputs: Any, **named: Any) -> Any:
            if named or plain_only(*inputs) or self._is_watched():
                return by_layers(self, *inputs, **named)
            return self.compute(inputs)

        def call(self: InferenceModule, *inputs: Any, **named: Any) -> Any:
            """As torch's, without looking for hooks twice."""
            hooks = self._forward_hooks or self._forward_pre_hooks
            if not (named or hooks or looked_at() or self._is_watched()):
                at_once = self.workspaces.at_once
                found = NotImplemented if at_once is None else at_once(inputs)
                if found is not NotImplemented:
                    return found
                if not plain_only(*inputs):
                    return self.compute(inputs)
            return nn.Module.__call__(self, *inputs, **named)

        made.forward = forward
        made.__call__ = call  # type: ignore[method-assign]
        return code

    #: Seconds of calls, of one size, before more is measured.
    patience: float = PATIENCE

    @property
    def engines(self) -> Engines | None:
        """Those of others, as long as the weights are those that it had when they were set."""
        engines, held = self.__dict__.get("_engines", (None, None))
        found: Engines | None = None if engines is None or held.has_changed() else engines
        return found

    @engines.setter
    def engines(self, engines: Engines | None) -> None:
        self.__dict__["_engines"] = engines, Held(self)

    def by_layers(self, *inputs: Any, **named: Any) -> Any:
        """What a call gives, by torch's plain operators."""
        raise NotImplementedError  # the graph's code takes its place

    def compute(self, inputs: Sequence[Tensor]) -> Any:
        """What a call gives, for tensors on a CPU in single that want no gradients."""
        free = self.workspaces
        if free.by_engine and (run := free.by_engine.get(size_of(inputs))):
            return run(*inputs)
        workspace = free.taken(inputs)
        try:
            return workspace(self, inputs)
        finally:
            free.append(workspace)

    @property
    def workspaces(self) -> Workspaces:
        """The workspaces that no call uses at present."""
        known = self.__dict__
        if "_workspaces" not in known:
            known["_workspaces"] = Workspaces()
        found: Workspaces = known["_workspaces"]
        return found

    def extra_repr(self) -> str:
        """What computes inputs of the sizes that came."""
        return "\n".join(f"{size}: by {name}" for size, name in self.workspaces.names.items())

    def _is_watched(self) -> bool:
        """Whether hooks want to see what each layer is given and gives."""
        if self.__dict__.get("_hooks") is None:
            names = ("_forward_hooks", "_forward_pre_hooks")
            of_all = [torch_module._global_forward_hooks, torch_module._global_forward_pre_hooks]
            parts = [part for name, part in self.named_modules() if name]
            self.__dict__["_hooks"] = of_all + [getattr(p, name) for p in parts for name in names]
        return any(self.__dict__["_hooks"])

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self.workspaces.clear()  # another device or dtype
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def _load_from_state_dict(self, *given: Any) -> None:
        self.workspaces.clear()
        super()._load_from_state_dict(*given)

    def __deepcopy__(self, memo: Any) -> Any:
        made: Any = super().__deepcopy__(memo)
        made.engines = self.engines
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return InferenceModule._again, (fx.GraphModule(self, self.graph), self.meta)

    @staticmethod
    def _again(module: fx.GraphModule, meta: dict[str, Any]) -> InferenceModule:
        made = InferenceModule(module, module.graph, class_name="Network")
        made.meta.update(meta)
        return made

    def train(self, mode: bool = True) -> InferenceModule:
        """Raise :class:`UsageError` if ``mode``."""
        if mode:
            raise UsageError(
                "An optimized module is for inference: its batch normalization and dropout are "
                "gone.",
                remedy="train the module of to_torch(), without optimize.",
            )
        return super().train(False)


class Workspaces(list[Workspace]):
    """The workspaces of one module; neither copied nor pickled with it."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(2 * SECONDS)
        #: What computes, by sizes of inputs.
        self.names: dict[str, str] = {}
        #: Seconds of the calls so far, by sizes.
        self.spent: dict[object, float] = {}
        #: The workspace whose calls decide what computes a size, as long as that is not known.
        self.trials: dict[object, Workspace] = {}
        #: What computes inputs of a size without a workspace.
        self.by_engine: dict[object, Run] = {}
        #: What computes the last of these.
        self.at_once: AtOnce | None = None

    def taken(self, inputs: Sequence[Tensor]) -> Workspace:
        """One that no call uses: for inputs on trial that whose calls decide, if it is free."""
        if self.trials and (deciding := self.trials.get(size_of(inputs))):
            with suppress(ValueError):
                self.remove(deciding)
                return deciding
        try:
            return self.pop()
        except IndexError:
            return Workspace()

    def clear(self) -> None:
        """Forget what computes."""
        super().clear()
        self.trials.clear()
        self.names.clear()
        self.by_engine.clear()
        self.at_once = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Workspaces, ()
