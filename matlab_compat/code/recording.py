"""What a call of MATLAB code did with tensors, done again without reading the code.

Reading code takes longer than many layers compute. What it does to tensors depends on their sizes
alone, on known numbers, and on what it asks of their values (``if`` of data, whether a root is
complex). So the calls of torch are written down once for inputs of the same kind, with the answers
to these questions, and made again; where an answer differs the code is read again. What only looks
at a tensor in another way is written down as one look, or not at all where nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from operator import itemgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ..contexts import during

#: Kinds of inputs that one module keeps, and calls in one of them.
_KINDS = 8
_MOST_CALLS = 20_000
#: Questions about values, which are asked again.
_QUESTIONS = frozenset({"__bool__", "__float__", "__int__", "__index__", "item"})
#: Calls that make nothing new of a constant, nor of a tensor that is so already.
_REARRANGES = frozenset({"to", "reshape", "permute", "contiguous", "lift_fresh.default"})
#: Calls whose result may be the same numbers in memory, seen in another way.
_LOOKS = frozenset({"reshape", "permute", "detach", "contiguous", "__getitem__"})
#: Questions about a tensor that do not read its values, and are answered by a number or a truth.
_ABOUT = frozenset(
    {"__get__", "size", "dim", "numel", "nelement", "stride", "is_contiguous", "__len__"}
    | {"is_complex", "is_floating_point", "is_conj", "is_neg", "is_inference", "storage_offset"}
)
#: Answers that say nothing about values.
_PLAIN = (torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format)
_CURRENT: ContextVar[_Recorder | None] = ContextVar("the calls that are written down", default=None)


@contextmanager
def as_if_exported() -> Iterator[None]:
    """Code is told that it is being traced, and asks for no values; to trace it takes a second."""
    compiler: Any = torch.compiler
    before, compiler._is_compiling_flag = compiler._is_compiling_flag, True
    try:
        yield
    finally:
        compiler._is_compiling_flag = before


def paused() -> AbstractContextManager[None]:
    """Torch computes known numbers: the same each time, so that it is not written down."""
    return during(_CURRENT, None)


def unrepeatable(what: str) -> None:
    """What is computed now is not written down: the code is read each time."""
    recorder = _CURRENT.get()
    if recorder is not None:
        recorder.refused = recorder.refused or what


class _Slot(NamedTuple):
    """The place of a tensor that is another one in each call."""

    at: int


class _Step(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    #: Where the results go: a slot, several, none; or the answer that was given.
    results: tuple[int, ...] | None
    is_one: bool
    answer: Any


class _Recorder(TorchFunctionMode):
    """Writes down the calls of torch, with the tensors that are inputs as places."""

    def __init__(self, given: Sequence[Tensor]) -> None:
        super().__init__()
        self.kept = list(given)  # alive, so that no other tensor gets the same identity
        self.places = {id(one): at for at, one in enumerate(given)}
        self.roots: dict[int, Tensor] = {}
        self.constants: list[Any] = []
        self.steps: list[_Step] = []
        self.refused = ""
        self.is_within = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One call of torch."""
        kwargs = kwargs or {}
        if _CURRENT.get() is not self or self.is_within:
            return func(*args, **kwargs)
        self.is_within = True
        try:
            result = func(*args, **kwargs)
        finally:
            self.is_within = False
        self._note(func, args, kwargs, result)
        return result

    def _note(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        name = getattr(func, "__name__", "")
        given = (self._placed(tuple(args)), self._placed(dict(kwargs)))
        if name in _REARRANGES and (not _slots(given) or (args and result is args[0])):
            self.constants.append(result)  # the same each time, or the same tensor
        elif name in _LOOKS and isinstance(args[0], Tensor) and self._looked(args[0], result):
            pass
        elif isinstance(result, Tensor):
            self.steps.append(_Step(func, *given, (self._place(result),), True, None))
        elif isinstance(result, tuple) and result and all(isinstance(r, Tensor) for r in result):
            places = tuple(self._place(one) for one in result)
            self.steps.append(_Step(func, *given, places, False, None))
        elif name == "__setitem__":
            self.steps.append(_Step(func, *given, (), False, None))
        elif name in _QUESTIONS:
            self.steps.append(_Step(func, *given, None, False, result))
        elif not (name in _ABOUT or isinstance(result, _PLAIN)):
            self.refused = self.refused or name
        if len(self.steps) > _MOST_CALLS:
            self.refused = self.refused or "too many calls"

    def _looked(self, source: Tensor, result: Tensor) -> bool:
        """Note that a tensor is another look at one, if it is; whether it is.

        Several looks one after the other are one at the first tensor, unless there are gradients.
        """
        at = self.places.get(id(source))
        if at is None or not _is_look(source, result):
            return False
        has_gradient = source.requires_grad and torch.is_grad_enabled()
        if _geometry(source) == _geometry(result) and result.requires_grad == source.requires_grad:
            self.places[id(result)] = at
            self.constants.append(result)  # alive, for its identity
            self.roots[id(result)] = self.roots.get(id(source), source)
            return True
        if has_gradient:
            return False
        root = self.roots.get(id(source), source)
        look = (_Slot(self.places[id(root)]), *_geometry(result)[:3])
        self.roots[id(result)] = root
        self.steps.append(_Step(torch.as_strided, look, {}, (self._place(result),), True, None))
        return True

    def _place(self, tensor: Tensor) -> int:
        at = self.places.get(id(tensor))
        if at is None:
            at = self.places[id(tensor)] = len(self.kept)
            self.kept.append(tensor)
        return at

    def _placed(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            at = self.places.get(id(value))
            return value if at is None else _Slot(at)
        return _changed(value, self._placed)


class _Unseen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notices what torch computes outside the calls that are written down."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.recorder = recorder

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One operation."""
        is_constant = func is torch.ops.aten.lift_fresh.default  # numbers of numpy
        outside = _CURRENT.get() is self.recorder and not self.recorder.is_within
        if outside and not is_constant:
            self.recorder.refused = self.recorder.refused or str(func)
        return func(*args, **(kwargs or {}))


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Texts, numbers and the like as they are; what is within lists, dicts and slices changed."""
    if type(value) in (tuple, list):
        return type(value)(change(one) for one in value)
    if type(value) is dict:
        return {key: change(one) for key, one in value.items()}
    if type(value) is slice:
        return slice(change(value.start), change(value.stop), change(value.step))
    return value


def _filled(value: Any, slots: list[Any]) -> Any:
    """A value with the tensors in their places."""
    # No function of its own that calls itself: such a circle would keep the tensors alive.
    if type(value) is _Slot:
        return slots[value.at]
    return _changed(value, lambda one: _filled(one, slots))


def _slots(value: Any) -> list[int]:
    """The places within something."""
    found: list[int] = []

    def note(one: Any) -> Any:
        if type(one) is _Slot:
            found.append(one.at)
        return _changed(one, note)

    note(value)
    return found


def _geometry(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.stride(), tensor.storage_offset(), tensor.dtype


def _is_look(source: Tensor, result: Tensor) -> bool:
    """Whether both are the same memory, in the same class."""
    plain = not (source.is_complex() or source.is_sparse or source.is_quantized)
    return (
        plain
        and source.dtype == result.dtype
        and source.untyped_storage().data_ptr() == result.untyped_storage().data_ptr() != 0
    )


class _Recording:
    """The calls of one kind of inputs."""

    def __init__(self, recorder: _Recorder, results: Sequence[Tensor], count: int) -> None:
        found = [recorder.places.get(id(one)) for one in results]
        #: Whether all results came out of these calls, which can be made again.
        self.is_whole = not recorder.refused and None not in found
        self._results = [at for at in found if at is not None]
        self._slots: list[Any] = [None] * len(recorder.kept)
        kept = {*range(count), *self._results}
        calls = []
        for step in reversed(recorder.steps) if self.is_whole else ():
            used = {*_slots([step.arguments, step.options])}
            made = {*(step.results or ())}
            if step.function is torch.as_strided and not made & kept:
                continue
            # Memory that is given back after its last use is used again.
            done = tuple((used | made) - kept)
            kept |= used | made
            calls.append(self._call(step, done))
        self._calls = calls[::-1]

    def _call(self, step: _Step, done: tuple[int, ...]) -> _Again:
        """How a step is done again; its constants get slots of their own."""
        if step.options or any(type(a) is not _Slot and _slots(a) for a in step.arguments):
            given = None
        else:
            places = []
            for one in step.arguments:
                places.append(one.at if type(one) is _Slot else len(self._slots))
                if type(one) is not _Slot:
                    self._slots.append(one)
            given = itemgetter(*places) if places else None
        return _Again(step, given, len(step.arguments) == 1, done)

    def again(self, given: Sequence[Tensor]) -> tuple[Tensor, ...] | None:
        """The results for other tensors; ``None`` where an answer differs."""
        slots = self._slots.copy()
        slots[: len(given)] = given
        for step, pick, is_alone, done in self._calls:
            results = step.results
            if pick is None:
                options = _filled(step.options, slots)
                found = step.function(*_filled(step.arguments, slots), **options)
            elif is_alone:
                found = step.function(pick(slots))
            else:
                found = step.function(*pick(slots))
            if results is None:
                if found != step.answer:
                    return None
            elif step.is_one:
                slots[results[0]] = found
            else:
                for at, one in zip(results, found if results else (), strict=True):
                    slots[at] = one
            found = None
            for at in done:
                slots[at] = None
        return tuple([slots[at] for at in self._results])


class _Again(NamedTuple):
    step: _Step
    #: Takes the arguments out of the slots; ``None`` where places are within lists.
    pick: Callable[[list[Any]], Any] | None
    is_alone: bool
    #: The slots that nothing after it uses.
    done: tuple[int, ...]


class Again:
    """The recordings of one module.

    The first call for inputs of a kind reads the code, the second writes down what it does, and
    those after it do that, in training as in inference.
    """

    def __init__(self) -> None:
        self._kinds: dict[Any, _Recording | None] = {}

    def __deepcopy__(self, memo: Any) -> Again:
        return Again()

    def __reduce__(self) -> Any:
        return Again, ()

    def __call__(
        self,
        compute: Callable[[Mapping[str, Tensor], Sequence[Tensor]], Sequence[Tensor]],
        held: Mapping[str, Tensor],
        inputs: Sequence[Tensor],
        more: Sequence[Tensor] = (),
        is_training: bool = False,
    ) -> Sequence[Tensor]:
        """The results of ``compute(held, inputs)``, by its calls if these are known.

        ``more`` are other tensors that it computes with.
        """
        given = [*inputs, *held.values(), *more]
        if given[0].is_meta or torch._C._functorch.is_batchedtensor(given[0]):  # no values
            with as_if_exported():
                return compute(held, inputs)
        if not _is_plain(given):
            return compute(held, inputs)
        if len(self._kinds) > _KINDS:
            self._kinds.clear()
        kind = (
            is_training,
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.is_autocast_enabled(inputs[0].device.type),
            *[(_geometry(x), x.device, x.requires_grad) for x in given],
        )
        if kind not in self._kinds:
            self._kinds[kind] = None  # met once
            return compute(held, inputs)
        known = self._kinds[kind]
        if known is None:
            results, self._kinds[kind] = _recorded(compute, held, inputs, given)
            return results
        found = known.again(given) if known.is_whole else None
        return compute(held, inputs) if found is None else found


def _recorded(
    compute: Callable[..., Sequence[Tensor]],
    held: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    given: Sequence[Tensor],
) -> tuple[Sequence[Tensor], _Recording]:
    recorder = _Recorder(given)
    with during(_CURRENT, recorder), _Unseen(recorder), recorder:
        results = compute(held, inputs)
    return results, _Recording(recorder, results, len(given))


def _is_plain(tensors: Sequence[Tensor]) -> bool:
    """Whether these are tensors with values of their own, and nobody else writes down calls."""
    return (
        all(type(one) in (Tensor, nn.Parameter) and not one.is_inference() for one in tensors[1:])
        and type(tensors[0]) is Tensor
        and not torch.compiler.is_compiling()
        and not torch._C._get_tracing_state()
        and not torch._C._len_torch_function_stack()
        and not torch._C._len_torch_dispatch_stack()
        and torch._C._functorch.maybe_current_level() is None
    )
