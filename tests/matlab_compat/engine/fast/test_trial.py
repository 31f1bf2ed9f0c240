"""Candidates that take turns at calls. Times are made up by the test: a clock that they set.

Expected values: the rules of the module's first lines, and torch's outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any

import pytest
import torch

import matlab_compat as m
from matlab_compat.engine.fast import run, trial
from matlab_compat.engine.fast.choice import AWAKE, WAKING
from matlab_compat.engine.fast.optimize import tried
from matlab_compat.engine.fast.run import InferenceModule
from matlab_compat.engine.fast.trial import TURN, Candidate, Trial
from matlab_compat.network import Network

from .still import StillClock


class Clock(StillClock):
    """Set by the candidates that compute."""

    def candidate(self, name: str, seconds: Callable[[int], float]) -> Candidate:
        """Takes so many seconds, given how many calls came before in a row."""

        def run(*inputs: Any) -> str:
            before = next((n for n, x in enumerate(self.calls[::-1]) if x != name), 0)
            self.now += seconds(before)
            self.calls.append(name)
            return name

        return Candidate(name, run)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(trial, "time", made)
    monkeypatch.setattr(trial, "rest", lambda: None)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    return made


def least(seconds: Mapping[str, float]) -> str:
    return min(seconds, key=lambda name: seconds[name])


def decided(found: Trial) -> str:
    for _ in range(10_000):
        if found.winner is not None:
            return found.winner.name
        found(())
    raise AssertionError("it goes on for ever")


def test_the_fastest_wins(clock: Clock) -> None:
    times = {"torch": 0.004, "one": 0.003, "two": 0.005}
    candidates = {
        name: clock.candidate(name, lambda _, taken=taken: taken) for name, taken in times.items()
    }
    made = Trial(candidates, least)
    assert made(()) == "torch"  # the caller has what the first one gives
    assert decided(made) == "one"


def test_calls_of_threads_that_slept_do_not_count(clock: Clock) -> None:
    def sleepy(before: int) -> float:
        return 0.028 if before < 2 else 0.002

    candidates = {
        "torch": clock.candidate("torch", lambda _: 0.003),
        "sleepy": clock.candidate("sleepy", sleepy),
    }
    assert decided(Trial(candidates, least)) == "sleepy"


def test_the_fastest_computes_even_if_the_decision_fails(clock: Clock) -> None:
    def fails(seconds: Mapping[str, float]) -> str:
        raise OSError("the cache cannot be written")

    candidates = {
        "torch": clock.candidate("torch", lambda _: 0.003),
        "one": clock.candidate("one", lambda _: 0.002),
    }
    made = Trial(candidates, fails)
    with pytest.raises(OSError, match="cache"):
        decided(made)
    assert made(()) == "one"


def test_a_single_one_needs_no_calls(clock: Clock) -> None:
    made = Trial({"torch": clock.candidate("torch", lambda _: 1.0)}, least)
    assert made.winner is not None
    assert not clock.calls


def test_who_is_hopeless_has_one_turn(clock: Clock) -> None:
    candidates = {
        "torch": clock.candidate("torch", lambda _: 0.002),
        "slow": clock.candidate("slow", lambda _: 0.1),
    }
    assert decided(Trial(candidates, least)) == "torch"
    assert clock.now < 2 * (WAKING + TURN) + 3 * 0.1


def test_calls_that_take_long_count_at_once(clock: Clock) -> None:
    candidates = {
        name: clock.candidate(name, lambda before: 2 * AWAKE) for name in ("torch", "one")
    }
    decided(Trial(candidates, least))
    assert clock.calls[:3] == ["torch", "one", "torch"]


def test_what_is_measured_is_what_is_called_in_use(clock: Clock) -> None:
    def at_once(inputs: Sequence[Any]) -> Any:
        return "at once" if inputs else NotImplemented

    candidate = Candidate("one", lambda *inputs: "one by one", at_once)
    assert (candidate((1,)), candidate(())) == ("at once", "one by one")


class Engines:
    """Two that compute as torch does, of which one says what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of_module(
        self, inputs: Sequence[torch.Tensor], own: Callable[..., Any], plain: Callable[..., Any]
    ) -> Trial:
        def run(*inputs: torch.Tensor) -> Any:
            self.asked.append("engine")
            return plain(*inputs)

        self.asked.append("trial")
        candidates = {"torch": Candidate("torch", own), "engine": Candidate("engine", run)}
        return Trial(candidates, lambda seconds: "engine")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> InferenceModule:
    """Decided after four rounds of two calls of each."""
    monkeypatch.setattr(trial, "TURN", 1e-9)
    monkeypatch.setattr(trial, "WAKING", 0.0)
    monkeypatch.setattr(trial, "rest", lambda: None)
    monkeypatch.setattr(trial, "rivals", lambda best, turns, past: [*best] if past < 4 else [])
    layers = [m.featureInputLayer(3, Normalization="none"), m.fullyConnectedLayer(2)]
    made = Network(layers).initialize(seed=0).to_torch(optimize=True)
    assert isinstance(made, InferenceModule)
    made.engines = Engines()
    return made


X = torch.ones(1, 3)


def asked(module: InferenceModule) -> list[str]:
    assert isinstance(module.engines, Engines)
    return module.engines.asked


def test_an_example_is_tried_until_it_is_decided(module: InferenceModule) -> None:
    tried(module, X, inf)
    assert "by engine" in repr(module)
    assert asked(module) == ["trial"] + 8 * ["engine"]
    torch.testing.assert_close(module(X), module.by_layers(X))


def test_what_there_was_no_time_for_is_decided_in_use(module: InferenceModule) -> None:
    tried(module, X, seconds=0)
    assert "by torch, engine" in repr(module)
    for _ in range(16):
        torch.testing.assert_close(module(X), module.by_layers(X))
    assert "by engine" in repr(module)


def test_other_weights_end_a_trial(module: InferenceModule) -> None:
    tried(module, X, seconds=0)
    before = asked(module)
    with torch.no_grad():
        for value in module.buffers():
            value *= 2
    for _ in range(20):
        torch.testing.assert_close(module(X), module.by_layers(X))
    assert (before, module.workspaces.trials) == (["trial"], {})


def test_inputs_that_are_not_finite_have_no_turn(module: InferenceModule) -> None:
    tried(module, X, seconds=0)
    for _ in range(20):
        module(X * torch.nan)
    assert asked(module) == ["trial"]


def test_inputs_on_trial_are_looked_at_without_waking_torchs_threads(
    module: InferenceModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would go on spinning beside the engine's, which then seems to take twice as long."""

    def wakes(x: torch.Tensor) -> bool:
        raise AssertionError("torch looks at the input")

    tried(module, X, seconds=0)
    monkeypatch.setattr(run, "is_finite", wakes)
    for _ in range(16):
        module(X)
    assert "by engine" in repr(module)


def test_a_trial_goes_on_when_another_size_needs_more_memory(
    module: InferenceModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MANY", 2)
    tried(module, X, seconds=0)
    for batch in range(2, 12):
        module(torch.ones(batch, 3))
        module(X)
        module(X)
    assert "1×3: by engine" in repr(module)
    assert asked(module).count("trial") == 1


def test_what_cannot_be_made_ready_is_asked_for_again(
    module: InferenceModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody did not want to wait."""

    def interrupted(*_: Any) -> Trial:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Engines, "of_module", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tried(module, X)
    tried(module, X, inf)
    assert "by engine" in repr(module)


def test_the_calls_of_one_thread_decide(module: InferenceModule) -> None:
    module.patience = 0
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(module, 100 * [X]))
    found += [module(X) for _ in range(20)]  # OpenMP may have other threads here
    for y in found:
        torch.testing.assert_close(y, module.by_layers(X))
    assert "by engine" in repr(module)
    assert asked(module).count("trial") <= 2
