"""Engines that compute instead of torch. Expected values: torch's own, of the same network.

Engines made here compute by the network's module, count how often they are made, and may be wrong;
ONNX Runtime and OpenVINO run one small network.
"""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import converters
import matlab_compat as m
from converters import engines
from converters.against import verify_against
from converters.engines import Engine, fastest, session
from converters.engines.base import Compute
from converters.engines.onnxruntime import OnnxRuntime
from converters.engines.written import Written, free_sizes
from matlab_compat import Network
from matlab_compat.engine.fast import choice, run
from matlab_compat.engine.fast.optimize import optimized, tried
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.engine.fast.trial import Candidate, Decide, Trial
from matlab_compat.errors import MatlabCompatWarning, UnsupportedLayerError, UsageError

FIXTURES = Path(__file__).parents[3] / "fixtures"
COLOURS = str(FIXTURES / "pictures" / "colours.mat")
APPLE = str(FIXTURES / "pictures" / "apple.png")


class Mine(Engine):
    """Computes by the network's module, plus a number."""

    label = "my engine"
    made: ClassVar[int] = 0
    more: ClassVar[float] = 0

    def __init__(self, written: Written, threads: int) -> None:
        type(self).made += 1
        self.module = written.module

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """The module."""
        return self._computed

    @torch.no_grad()
    def _computed(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        return [(self.module(*map(torch.from_numpy, inputs)) + self.more).numpy()]


class Wrong(Mine):
    """Computes something else."""

    label = "a wrong engine"
    more = 0.1


class Refusing(Mine):
    """Computes nothing."""

    label = "a refusing engine"

    def sized(self, sizes: Sequence[Sequence[int]]) -> Compute:
        """None."""
        raise RuntimeError("no kernel for it\nand a long explanation")


class Failing(Mine):
    """Takes the network, and computes nothing."""

    label = "a failing engine"

    def _computed(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        raise RuntimeError("no memory for it")


class Absent(Mine):
    """What it needs is not there."""

    packages = ("package_that_nobody_has",)
    remedy = "pip install mine"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines made here, as packages bring them, and no others."""
    kinds = {kind.__name__.lower(): kind for kind in (Mine, Wrong, Refusing, Failing, Absent)}

    def entry_points(*, group: str) -> list[EntryPoint]:
        assert group == "matlab_compat.engines"
        return [EntryPoint(name, f"{__name__}:{k.__name__}", group) for name, k in kinds.items()]

    monkeypatch.setattr(engines, "entry_points", entry_points)
    monkeypatch.setattr(Mine, "made", 0)


@pytest.fixture
def network() -> Network:
    return small()


def small() -> Network:
    layers = [
        m.imageInputLayer((4, 6, 2), Normalization="none"),
        m.convolution2dLayer(3, 5),
        m.reluLayer(Name="relu"),
        m.convolution2dLayer(1, 2, Name="last"),
    ]
    return Network(layers).initialize(seed=0)


X = np.random.default_rng(0).normal(size=(4, 6, 2, 3)).astype(np.float32)


def test_it_gives_what_predict_gives(network: Network) -> None:
    made = m.session(network, X, engine="mine")
    for x in (X, np.asfortranarray(X[..., :1]), X.astype(np.float64)):
        np.testing.assert_allclose(made(x), network.predict(x), rtol=1e-6, atol=1e-6)
    labelled = made(m.dlarray(X, "SSCB"))
    assert (labelled.dims(), labelled.shape) == ("SSCB", (2, 4, 2, 3))
    assert (made.engine, Mine.made) == ("mine", 1)


def test_results_are_the_callers_own(network: Network) -> None:
    made = m.session(network, X, engine="mine")
    first = made(X)
    kept = first.copy()
    made(2 * X)
    np.testing.assert_array_equal(first, kept)
    first[:] = 0
    np.testing.assert_array_equal(made(X), kept)


@pytest.mark.parametrize("engine", ["mine", "torch", "fastest"])
def test_torchs_layouts(network: Network, engine: str) -> None:
    x = torch.from_numpy(X.transpose(3, 2, 0, 1).copy())
    made = m.session(network, X, engine=engine)
    expected = network.to_torch()(x).detach().numpy()
    for given in (x, x.numpy(), x.numpy(), x.double(), x.numpy()[:1]):
        y = made.run(given)
        np.testing.assert_allclose(y, expected[: len(y)], rtol=1e-5, atol=1e-6)
        assert len(y) == len(given)


def test_several_inputs_in_torchs_layouts() -> None:
    """The first call, the next like it, one of another size, and tensors."""
    layers = [
        m.featureInputLayer(3, Name="a"),
        m.additionLayer(2, Name="sum"),
        m.fullyConnectedLayer(2),
    ]
    network = Network(
        [*layers, m.featureInputLayer(3, Name="b")],
        [("a", "sum/in1"), ("sum", "fc"), ("b", "sum/in2")],
    ).initialize(seed=0)
    random = np.random.default_rng(0)
    x = [random.standard_normal((4, 3), np.float32) for _ in range(2)]
    fewer = [a[:2] for a in x]
    made = m.session(network, *x, engine="mine")
    expected = network.to_torch()(*map(torch.from_numpy, x)).detach().numpy()
    for given in (x, x, fewer, x, [torch.from_numpy(a) for a in x], x):
        y = made.run(*given)
        np.testing.assert_allclose(y, expected[: len(y)], rtol=1e-5, atol=1e-6)
        assert len(y) == len(given[0])
        assert made.engine == "mine"


@pytest.mark.parametrize("more", ["text", X, torch.ones(1)], ids=["text", "array", "tensor"])
def test_an_input_too_many_is_not_passed_over(network: Network, more: Any) -> None:
    """Also where the shortest way could take the others."""
    made = m.session(network, X, engine="mine")
    x = np.ascontiguousarray(X.transpose(3, 2, 0, 1))
    made.run(x)
    for given in ([x, more], [more, x], []):
        with pytest.raises(UsageError, match="has 1 input"):
            made.run(*given)


def test_a_module_keeps_engines_for_so_many_sizes(
    module: InferenceModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MANY", 2)
    for batch in range(1, 6):
        module(torch.randn(batch, 2, 4, 6))
    assert 1 <= len(module.workspaces.by_engine) <= 2


def test_predict_keeps_it_until_a_weight_changes(network: Network) -> None:
    for _ in range(2):
        before = network.predict(X, engine="mine")
    assert Mine.made == 1
    network.layer("last").Bias[0, 0, 0] += 1  # in place: nobody is told
    after = network.predict(X, engine="mine")
    np.testing.assert_allclose((after - before)[:, :, 0], 1, rtol=1e-5)
    np.testing.assert_array_equal(after[:, :, 1], before[:, :, 1])
    network.layer("last").Bias = np.zeros((1, 1, 2), np.float32)
    np.testing.assert_allclose(network.predict(X, engine="mine"), network.predict(X), atol=1e-6)
    assert Mine.made == 3


@pytest.fixture
def little_to_collect() -> Iterator[None]:
    """Only what is made from now on: what the tests before have left takes a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_to_collect")
def test_what_it_keeps_goes_with_the_network() -> None:
    before = len(session._kept)
    network = small()
    network.predict(X, engine="mine")
    assert len(session._kept) == before + 1
    del network
    gc.collect()
    assert len(session._kept) == before


def test_a_session_is_of_the_network_as_it_was(network: Network) -> None:
    made = m.session(network, X, engine="mine")
    before = made(X)
    network.layer("last").Bias[0] += 1
    np.testing.assert_array_equal(made(X), before)


def test_a_copy_of_a_session_computes_alike(network: Network) -> None:
    made = m.session(network, X, engine="mine")
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again(X), made(X))
    assert (again.engine, Mine.made) == ("mine", 2)


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        ("wrong", "gives something else than the float64 oracle"),
        ("refusing", "does not take the network: no kernel for it$"),
        ("failing", "a failing engine fails: no memory for it$"),
    ],
)
def test_torch_computes_what_an_engine_cannot(network: Network, engine: str, why: str) -> None:
    with pytest.warns(MatlabCompatWarning, match=f"torch computes instead of {engine}.*{why}"):
        made = m.session(network, X, engine=engine)
    np.testing.assert_array_equal(made(X), network.predict(X))  # and says it once
    assert made.engine == "torch"


def test_engines_compute_in_single(network: Network) -> None:
    with pytest.warns(MatlabCompatWarning, match="computes in single, on a CPU"):
        y = network.predict(X, engine="mine", dtype="double")
    np.testing.assert_array_equal(y, network.predict(X, dtype="double"))


def test_an_input_without_effect_is_checked_on_made_up_ones(network: Network) -> None:
    network.layer("last").Bias = np.zeros((1, 1, 2), np.float32)
    nothing = np.zeros_like(X)
    np.testing.assert_array_equal(m.session(network, nothing, engine="mine")(nothing), 0)
    with pytest.warns(MatlabCompatWarning, match="something else"):
        m.session(network, nothing, engine="wrong")


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Measured are the engine made here, then torch, then all else; what is asked is counted."""
    asked: list[list[str]] = []

    def measured(ways: Mapping[str, Any], *_: Any, **__: Any) -> dict[str, float]:
        asked.append(list(ways))
        return {name: {"mine": 1.0, "torch": 2.0}.get(name, 3.0) for name in ways}

    decided_by(measured, monkeypatch)
    monkeypatch.setattr(engines, "_OWN", {})
    return asked


def decided_by(
    measured: Callable[[Mapping[str, Any]], dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be measured, of arrays at once and of tensors in use, is told by a function."""

    class Decided(Trial):
        def __init__(self, candidates: Mapping[str, Candidate], decide: Decide) -> None:
            super().__init__(candidates, decide)
            if self.winner is None:
                self.winner = candidates[decide(measured(candidates))]

    monkeypatch.setattr(fastest, "measured", measured)
    monkeypatch.setattr(fastest, "Trial", Decided)


def test_the_fastest_of_those_that_compute_the_same(
    network: Network, seconds: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", str(tmp_path / "plan.json"))
    made = m.session(network, X)
    np.testing.assert_allclose(made(X), network.predict(X), atol=1e-6)
    assert (made.engine, seconds) == ("mine", [["torch", "mine"]])
    again = m.session(network, X)  # the choice is in the file
    assert (again.engine, len(seconds)) == ("mine", 1)
    assert m.session(network, X[..., :1]).engine == "mine"
    assert len(seconds) == 2  # another size is measured


@pytest.fixture
def module(
    network: Network, seconds: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> InferenceModule:
    """Of the network, which the engine made here computes fastest."""
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", "unsaved")
    monkeypatch.setattr(InferenceModule, "patience", 0)
    choice._kept.cache_clear()
    made = network.to_torch(optimize=True)
    assert isinstance(made, InferenceModule)
    return made


@pytest.fixture
def threads(seconds: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Those that an engine is made with which is the fastest in one; torch has two."""
    given: list[int] = []

    class Alone(Mine):
        one_thread = True

        def __init__(self, written: Written, threads: int) -> None:
            super().__init__(written, threads)
            given.append(threads)

    def measured(ways: Mapping[str, Any], *_: Any, **__: Any) -> dict[str, float]:
        seconds.append(list(ways))
        return {name: {"torch": 3.0, "alone": 2.0}.get(name, 1.0) for name in ways}

    decided_by(measured, monkeypatch)
    monkeypatch.setattr(fastest, "SMALL", 60)
    monkeypatch.setattr(engines, "entry_points", lambda **_: ())
    monkeypatch.setattr(engines, "_OWN", {"alone": Alone})
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield given
    torch.set_num_threads(before)


def test_an_engine_may_be_the_fastest_in_one_thread(
    network: Network,
    seconds: list[list[str]],
    threads: list[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", str(tmp_path / "plan.json"))
    made = m.session(network, X)
    np.testing.assert_allclose(made(X), network.predict(X), atol=1e-6)
    assert (made.engine, seconds) == ("alone", [["torch", "alone", "alone in one thread"]])
    assert threads == [2, 1]
    for now in (2, 1):  # it is in the file, which is of any number of threads
        torch.set_num_threads(now)
        choice._kept.cache_clear()
        assert m.session(network, X).engine == "alone"
        assert (threads[2:], len(seconds)) == ([1] * (3 - now), 1)
    assert m.session(network, X[..., :1]).engine == "alone"
    assert seconds[1:] == [["torch", "alone"]]  # torch has no others


def test_a_module_may_be_computed_in_one_thread(
    module: InferenceModule, threads: list[int], network: Network
) -> None:
    made = network.to_torch(optimize=True)
    x = torch.randn(1, 2, 4, 6)
    for _ in range(2):
        torch.testing.assert_close(made(x), module.by_layers(x))
    assert (threads, "by alone" in repr(made)) == ([2, 1], True)


@pytest.mark.usefixtures("threads")
def test_one_thread_that_won_for_another_size_is_not_taken_where_a_call_takes_long(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no time left to measure the second size."""
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", "unsaved")
    choice._kept.cache_clear()
    made = m.session(network, X)
    made._fastest._budget.seconds = 0
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(fastest.log, "info", lambda *values: told.append(values))
    for small in (60, 0):
        monkeypatch.setattr(fastest, "SMALL", small)
        made(X[..., : 1 if small else 2])
    who = [name for text, name, _ in told if "computes" in text]
    assert who == ["alone in one thread", "alone"]


def test_one_thread_is_not_tried_where_a_call_takes_long(
    network: Network,
    seconds: list[list[str]],
    threads: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", "unsaved")
    monkeypatch.setattr(fastest, "SMALL", 0)
    choice._kept.cache_clear()
    assert m.session(network, X).engine == "alone"
    assert (threads, seconds) == ([2], [["torch", "alone"]])


def test_engines_are_asked_once_torchs_calls_have_taken_long(
    module: InferenceModule, network: Network, seconds: list[list[str]]
) -> None:
    module.patience = 1e9
    x = torch.randn(1, 2, 4, 6)
    expected = module(x)
    assert (seconds, "1×2×4×6: by torch" in repr(module)) == ([], True)
    module.patience = min(module.workspaces.spent.values())
    module(x)
    assert (len(seconds), "1×2×4×6: by mine" in repr(module)) == (1, True)
    torch.testing.assert_close(module(x), expected)


def test_an_example_asks_the_engines_at_once(
    module: InferenceModule,
    network: Network,
    seconds: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(InferenceModule, "patience", 1e9)
    made = network.to_torch(optimize=torch.randn(1, 2, 4, 6))
    assert (len(seconds), "by mine" in repr(made)) == (1, True)
    made(torch.randn(2, 2, 4, 6))
    assert len(seconds) == 1


def test_torch_and_an_engine_take_turns_until_it_is_decided(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured in earnest: either may win."""
    monkeypatch.setenv("MATLAB_COMPAT_CHOICE", "unsaved")
    monkeypatch.setattr(engines, "_OWN", {})
    choice._kept.cache_clear()
    x = torch.randn(1, 2, 4, 6)
    made = optimized(network.to_torch())
    made.engines = fastest.Fastest(network)
    tried(made, x)
    assert "by torch, mine" in repr(made)
    for _ in range(3):
        torch.testing.assert_close(made(x), made.by_layers(x))
    tried(made, x, inf)
    assert not made.workspaces.trials
    assert repr(made).splitlines()[1].strip() in ("1×2×4×6: by torch", "1×2×4×6: by mine")
    torch.testing.assert_close(made(x), made.by_layers(x))


def test_an_engine_that_fails_later_leaves_its_work_to_torch(
    module: InferenceModule, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.from_numpy(X.transpose(3, 2, 0, 1).copy())
    expected, named = module(x), m.session(network, X, engine="mine")
    monkeypatch.setattr(Mine, "more", "not a number")
    for call in (lambda: module(x), lambda: torch.from_numpy(named.run(x))):
        with pytest.warns(MatlabCompatWarning, match="as the engine failed"):
            torch.testing.assert_close(call(), expected)


@pytest.mark.usefixtures("module")
def test_inputs_that_must_be_finite_are_computed_by_an_engine() -> None:
    words = [m.sequenceInputLayer(1), m.wordEmbeddingLayer(3, 5), m.lstmLayer(4)]
    embedding = Network(words).initialize(seed=0)
    x = torch.tensor([[[1.0, 2.0, 5.0]]])
    made = embedding.to_torch(optimize=x)
    assert "by mine" in repr(made)
    torch.testing.assert_close(made(x), embedding.to_torch()(x))
    with pytest.raises(m.MatlabCompatError, match="integers"):
        made(x * torch.nan)


def test_threads_share_what_is_measured(module: InferenceModule, seconds: list[list[str]]) -> None:
    inputs = [torch.randn(n, 2, 4, 6) for n in (1, 2)] * 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(module, inputs))
    for x, y in zip(inputs, found, strict=True):
        torch.testing.assert_close(y, module.by_layers(x))
    assert (len(seconds), Mine.made) == (2, 1)


def test_an_optimized_module_is_computed_by_the_fastest(
    module: InferenceModule, network: Network, seconds: list[list[str]]
) -> None:
    x = torch.randn(2, 2, 4, 6)
    expected = network.to_torch()(x)
    network.layer("last").Bias = np.ones((1, 1, 2), np.float32)  # the module is as it was made
    for given in (x, x.contiguous(memory_format=torch.channels_last)):
        torch.testing.assert_close(module(given), expected)
    assert seconds == 2 * [["torch", "mine"]]  # each layout
    assert (Mine.made, "2×2×4×6: by mine" in repr(module)) == (1, True)
    torch.testing.assert_close(copy.deepcopy(module)(x), expected)
    assert (Mine.made, len(seconds)) == (1, 2)
    assert module(x[:0]).shape == (0, *expected.shape[1:])
    with torch.no_grad():
        assert module(x[:1].requires_grad_()).shape == (1, *expected.shape[1:])


def test_hooks_of_a_module_that_an_engine_computes_are_called(module: InferenceModule) -> None:
    x, seen = torch.randn(2, 2, 4, 6), []
    expected = module(x)
    hook = module.register_forward_hook(lambda module, given, y: seen.append(y) or 2 * y)
    torch.testing.assert_close(module(x), 2 * expected)
    hook.remove()
    torch.testing.assert_close(module(x), expected)
    part = next(iter(module.children()))
    part.register_forward_pre_hook(lambda module, given: seen.append(given))
    torch.testing.assert_close(module(x), expected)
    assert len(seen) == 2


def test_what_an_engine_loses_is_computed_by_torch(
    module: InferenceModule, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN and Inf: engines may lose them in activations, as this one does."""
    computed, finite = Mine._computed, torch.ones(3, 2, 4, 6)

    def losing(self: Mine, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        return [np.nan_to_num(y) for y in computed(self, inputs)]

    monkeypatch.setattr(Mine, "_computed", losing)
    session = m.session(network, X)
    module(finite)
    spoiled = X.copy()
    spoiled[0, 0, 0, 0], spoiled[1, 1, 1, 1] = np.nan, np.inf
    x = torch.from_numpy(spoiled.transpose(3, 2, 0, 1).copy())
    torch.testing.assert_close(module(x), network.to_torch()(x), equal_nan=True)
    np.testing.assert_allclose(session(spoiled), network.predict(spoiled), atol=1e-6)
    assert (session.engine, "by mine" in repr(module)) == ("mine", True)


@pytest.mark.parametrize("matters", [True, False])
def test_an_engine_may_lose_infinity_at_some_places_if_it_says_so(
    module: InferenceModule, network: Network, monkeypatch: pytest.MonkeyPatch, matters: bool
) -> None:
    """As OpenVINO does before softmax; another is tried in the middle of an input only."""
    computed, x = Mine._computed, torch.ones(3, 2, 4, 6)

    def losing(self: Mine, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        given = [np.nan_to_num(each) if np.isinf(each.flat[0]) else each for each in inputs]
        return computed(self, given)

    monkeypatch.setattr(Mine, "_computed", losing)
    monkeypatch.setattr(Mine, "place_matters", matters)
    module(x)
    x[0, 0, 0, 0] = torch.inf
    same = torch.equal(module(x).isfinite(), network.to_torch()(x).isfinite())
    assert same is matters


def test_torch_computes_what_an_optimized_module_owes_to_torch_alone(
    module: InferenceModule, seconds: list[list[str]]
) -> None:
    """Gradients, other weights and formats, and what comes out of a pickle."""
    x = torch.randn(2, 2, 4, 6)
    module(x.clone().requires_grad_()).sum().backward()
    before = pickle.loads(pickle.dumps(module))(x)
    double = copy.deepcopy(module).double()(x.double())
    torch.testing.assert_close(double.float(), before)
    module.load_state_dict({name: 2 * value for name, value in module.state_dict().items()})
    assert not torch.allclose(module(x), before)
    assert seconds == []


@pytest.mark.parametrize("asked", [False, True], ids=["before", "after"])
def test_other_weights_of_one_layer_are_computed_by_torch(
    module: InferenceModule, asked: bool
) -> None:
    x = torch.randn(2, 2, 4, 6)
    before = module(x) if asked else module.by_layers(x)
    layer = next(one for one in module.children() if one.state_dict())
    layer.load_state_dict({name: 0 * value for name, value in layer.state_dict().items()})
    for _ in range(2):
        torch.testing.assert_close(module(x), module.by_layers(x))
    assert not torch.allclose(module(x), before)


@pytest.mark.parametrize(
    ("change", "by_engine"),
    [
        (torch.Tensor.contiguous, True),
        (lambda x: x.contiguous(memory_format=torch.channels_last), False),
        (lambda x: x.repeat(1, 1, 1, 2)[..., ::2], False),
        (lambda x: x[:1], False),
        (lambda x: torch.nn.Parameter(x), False),
        (lambda x: x.clone().requires_grad_(), False),
        (torch._neg_view, False),
        (lambda x: torch._efficientzerotensor(x.shape), False),
    ],
    ids=[
        *("as it was", "channels last", "strides", "size", "parameter", "gradients"),
        *("negative bit", "zeros"),
    ],
)
def test_inputs_unlike_those_that_were_measured(
    module: InferenceModule,
    change: Callable[[torch.Tensor], torch.Tensor],
    by_engine: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Are told apart from those of the shortest way, which only the engine computes."""
    x = torch.randn(2, 2, 4, 6)
    module(x)
    at_once = module.workspaces.at_once
    assert at_once is not None
    given = change(x)
    assert (at_once([given]) is not NotImplemented) == by_engine
    with torch.enable_grad():
        torch.testing.assert_close(module(given), module.by_layers(given))
    assert module(given).requires_grad == given.requires_grad
    threads = torch.get_num_threads() + 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert at_once([x]) is NotImplemented


def test_functional_tensors_are_computed_by_torch(module: InferenceModule) -> None:
    """They look like plain ones, and their arrays are of any memory."""
    x = torch.randn(2, 2, 4, 6)
    module(x)
    assert module.workspaces.at_once is not None
    torch.testing.assert_close(torch.func.functionalize(module)(x), module.by_layers(x))


@pytest.mark.usefixtures("module")
def test_inputs_that_are_not_finite_measure_no_engine(
    network: Network, seconds: list[list[str]]
) -> None:
    bad = X.copy()
    bad[0, 0, 0] = np.nan
    made = m.session(network, bad)
    np.testing.assert_array_equal(made(bad), network.predict(bad))
    assert (made.engine, seconds) == ("torch", [])
    made(X)
    assert (made.engine, len(seconds)) == ("mine", 1)
    optimized = network.to_torch(optimize=True)
    x, spoiled = (torch.from_numpy(y.transpose(3, 2, 0, 1).copy()) for y in (X, bad))
    optimized.patience = 1e9
    optimized(x)
    optimized.patience = 0
    optimized(spoiled)
    assert len(seconds) == 1
    optimized(x)
    assert len(seconds) == 2


def test_arrays_and_tensors_are_measured_apart(
    module: InferenceModule, network: Network, seconds: list[list[str]]
) -> None:
    """What surrounds a call takes as long as a small network, and is not the same."""
    x = torch.randn(2, 2, 4, 6)
    for _ in range(2):
        module(x)
        m.session(network, x.numpy().transpose(2, 3, 1, 0))
    assert len(seconds) == 2


def test_inputs_may_have_sizes_that_no_layer_says() -> None:
    """For the size that comes, with any number of observations; uneven crops in one operator."""
    layer = m.transposedConv2dLayer(3, 2, Stride=2, Cropping=(0, 1, 1, 0), NumChannels=4)
    network = Network([layer]).initialize([5, 6, 4], seed=0)
    written = Written(network, 1, [(2, 4, 5, 6)])
    assert [written.takes(1, free_sizes(network, [n])) for n in ((3, 4, 5, 6), (2, 4, 5, 7))] == [
        True,
        False,
    ]
    pytest.importorskip("onnxruntime")
    run = OnnxRuntime(written, 1).sized([(3, 4, 5, 6)])
    x = torch.randn(3, 4, 5, 6)
    np.testing.assert_allclose(run([x.numpy()])[0], network.to_torch()(x).detach(), atol=1e-5)
    assert (b"ConvTranspose" in written.onnx, b"Slice" in written.onnx) == (True, False)


def test_without_measuring_the_fastest_is_torch(network: Network, seconds: list[list[str]]) -> None:
    assert m.session(network, X).engine == "torch"  # MATLAB_COMPAT_CHOICE=direct, in all tests
    assert seconds == []


@pytest.mark.parametrize(
    ("engine", "what", "remedy"),
    [("magic", "no engine 'magic'", "mine"), ("absent", "package_that_nobody_has", "pip install")],
)
def test_an_engine_that_is_not_there(network: Network, engine: str, what: str, remedy: str) -> None:
    for call in (
        lambda: m.session(network, X, engine=engine),
        lambda: network.predict(X, engine=engine),
        lambda: converters.predict(COLOURS, APPLE, engine=engine),
    ):
        with pytest.raises(UsageError, match=what) as caught:
            call()
        assert remedy in caught.value.remedy


def test_a_package_whose_engine_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("theirs", "package_that_nobody_has:Engine", engines.GROUP)
    monkeypatch.setattr(engines, "entry_points", lambda **_: [point])
    with pytest.raises(UsageError, match="adds the engine 'theirs', which cannot be used"):
        engines.installed()


def test_a_package_may_be_installed_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mine, "packages", ("_pytest",))
    assert Mine.facts() == {"_pytest": pytest.__version__}


def test_the_errors_of_the_network_are_torchs_own(network: Network) -> None:
    made = m.session(network, X, engine="mine")
    for call in (network.predict, made):
        with pytest.raises(m.MatlabCompatError, match="has size 4×6×3"):
            call(np.ones((4, 6, 3), np.float32))


@pytest.mark.parametrize("missing", ["example", "network"])
def test_a_session_is_of_a_network_and_an_example(network: Network, missing: str) -> None:
    given = (network,) if missing == "example" else (FIXTURES / "same_odd.v7.mat", X)
    with pytest.raises(UsageError):
        m.session(*given)


def test_other_models_are_computed_by_torch() -> None:
    layer = str(FIXTURES / "same_odd.v7.mat")
    with pytest.warns(MatlabCompatWarning, match="torch computes instead of mine"):
        converters.predict(layer, layer, engine="mine")


def test_a_file_is_computed_by_an_engine() -> None:
    found = converters.predict(COLOURS, APPLE, engine="mine")
    assert Mine.made == 1
    expected = converters.predict(COLOURS, APPLE)
    np.testing.assert_allclose(found.outputs["Y"], expected.outputs["Y"], rtol=1e-5, atol=1e-6)


def test_the_engines_of_others_stand_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(engines, "entry_points", lambda **_: [])
    report = verify_against(COLOURS, "openvino")
    sides = {side for each in report.side_by_side for side in (each.one, each.other)}
    assert report.verdict == "equal"
    assert sides == {"OpenVINO", "CPU single", "ONNX Runtime", "float64 oracle"}
    written = Written(converters.load_network(COLOURS), 1, [(1, 3, 2, 2)])
    assert written.onnx
    written.check([(5, 3, 16, 16)])
    with pytest.raises(UnsupportedLayerError, match="the ONNX file takes n×3×16×16"):
        written.check([(1, 3, 32, 32)])
    assert report.environment["openvino"]


def test_a_list_of_sequences_of_any_length() -> None:
    layers = [m.sequenceInputLayer(3), m.lstmLayer(4), m.fullyConnectedLayer(2)]
    recurrent = Network(layers).initialize(seed=0)
    random = np.random.default_rng(0)
    several = [random.normal(size=(3, n)).astype(np.float32) for n in (5, 9, 5)]
    found = recurrent.predict(several, engine="mine")
    for y, expected in zip(found, recurrent.predict(several), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_a_compiler_is_needed_to_compile(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(UsageError, match=r"a C\+\+ compiler"):
        network.predict(X, engine="compiled")
