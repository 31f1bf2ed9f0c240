"""Which way is taken, and where that is kept. Times are made up by the test: a clock that ways set.

Expected values: the rules of the module's first lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import platformdirs
import pytest
import torch
from torch import Tensor

import matlab_compat as m
from matlab_compat.engine.fast import choice, run
from matlab_compat.engine.fast.choice import Budget, choose, measured
from matlab_compat.errors import MatlabCompatWarning, UsageError
from matlab_compat.execution import engines
from matlab_compat.network import Network

from .still import StillClock

Ways = dict[str, Callable[[], Tensor]]


class Clock(StillClock):
    """Set by the ways that are computed."""

    def ways(self, wrong: str = "", **seconds: float) -> Ways:
        def way(name: str) -> Callable[[], Tensor]:
            def call() -> Tensor:
                self.now += seconds[name]
                self.calls.append(name)
                return torch.full((1, 2), 2.0 if name == wrong else 1.0)

            return call

        return {name: way(name) for name in seconds}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, cache: None) -> Clock:
    """The default setting with :func:`cache`, and this clock."""
    made = Clock()
    monkeypatch.setattr(choice, "time", made)
    monkeypatch.setattr(Budget, "begin", lambda self, call: None)
    return made


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The default setting, without engines of others, and a file that no earlier test has read."""
    monkeypatch.setattr(engines, "fastest", lambda network: None)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path / "cache")
    monkeypatch.delenv(choice.VARIABLE)
    forget()


def forget() -> None:
    """As a new process begins."""
    choice._kept.cache_clear()


def kept() -> dict[str, dict[str, str]]:
    """What the file says is the fastest, after one look or two."""
    found = json.loads(choice.cache_file().read_bytes())
    return {
        layer: {
            size: one if isinstance(one, str) else min(one["seconds"], key=one["seconds"].get)
            for size, one in sizes.items()
        }
        for layer, sizes in found.items()
    }


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_fastest_way_is_taken(clock: Clock) -> None:
    ways = clock.ways(direct=0.03, columns=0.01, packed=0.02)
    assert choose("layer", (1, 3), ways, Budget(1)) == "columns"


def test_a_way_that_gives_something_else_is_not_taken(clock: Clock) -> None:
    ways = clock.ways("columns", direct=0.03, columns=0.01, packed=0.02)
    assert choose("layer", (1, 3), ways, Budget(1)) == "packed"


def test_a_way_that_fails_is_not_taken(clock: Clock) -> None:
    def fails() -> Tensor:
        raise RuntimeError("could not create a primitive")

    ways = clock.ways(direct=0.03) | {"columns": fails}
    assert choose("layer", (1, 3), ways, Budget(1)) == "direct"
    with pytest.raises(RuntimeError, match="primitive"):
        choose("other", (1, 3), {"direct": fails, "columns": fails}, Budget(1))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_results_that_are_not_finite_are_compared_where_they_are(
    clock: Clock, value: float
) -> None:
    """As those of a network of whose weights training made NaN."""

    def spoiled(way: Callable[[], Tensor]) -> Callable[[], Tensor]:
        def call() -> Tensor:
            found = way()
            found[0, 0] = value
            return found

        return call

    ways = clock.ways("columns", direct=0.03, columns=0.01, packed=0.02)
    chosen = choose("layer", (1, 3), {name: spoiled(way) for name, way in ways.items()}, Budget(1))
    assert chosen == "packed"


def test_a_slow_way_has_one_turn(clock: Clock) -> None:
    choose("layer", (1, 3), clock.ways(direct=0.001, columns=0.1), Budget(10))
    assert clock.calls.count("columns") == 1


def test_no_more_is_spent_than_the_budget(clock: Clock) -> None:
    budget = Budget(1)
    budget.layers = 2
    assert choose("layer", (1, 3), clock.ways(direct=0.8, columns=0.1), budget) == "direct"
    assert clock.calls == ["direct"]
    assert budget.seconds == pytest.approx(0.2)


def test_without_a_budget_the_most_similar_size_decides(clock: Clock) -> None:
    choose("layer", (1, 3, 64, 64), clock.ways(direct=0.01, columns=0.02), Budget(1))
    choose("layer", (1, 3, 8, 8), clock.ways(direct=0.02, columns=0.01), Budget(1))
    clock.calls.clear()
    ways = clock.ways(direct=0.01, columns=0.01)
    assert choose("layer", (1, 3, 9, 9), ways, Budget(0)) == "columns"
    assert choose("layer", (2, 3, 64, 64), ways, Budget(0)) == "direct"
    assert not clock.calls


def test_what_there_is_no_time_to_try_is_as_for_the_most_similar_size(clock: Clock) -> None:
    choose("layer", (1, 3, 64, 64), clock.ways(direct=0.02, columns=0.01), Budget(1))
    ways = clock.ways(direct=0.2, columns=0.1)
    assert choose("layer", (8, 3, 64, 64), ways, Budget(0.1)) == "columns"
    assert choose("other", (8, 3, 64, 64), ways, Budget(0.1)) == "direct"


def test_another_layout_decides_nothing(clock: Clock) -> None:
    choose("layer", (1, 3, 8, 8, ""), clock.ways(direct=0.02, columns=0.01), Budget(1))
    ways = clock.ways(direct=0.02, columns=0.01)
    assert choose("layer", (1, 3, 8, 8, "last"), ways, Budget(0)) == "direct"
    assert choose("layer", (2, 3, 8, 8, ""), ways, Budget(0)) == "columns"


def test_what_there_is_no_time_to_try_is_measured_when_there_is(clock: Clock) -> None:
    ways = clock.ways(direct=0.2, columns=0.1)
    assert choose("layer", (1, 3), ways, Budget(0.1)) == "direct"
    assert choose("layer", (1, 3), ways, Budget(10)) == "columns"


def test_each_size_leaves_half_to_the_others() -> None:
    budget = Budget(2)
    assert [budget.half().seconds for _ in range(3)] == [1, 0.5, 0.25]


def test_a_way_whose_threads_sleep_at_first_has_a_turn(clock: Clock) -> None:
    ways, seconds = clock.ways(direct=0.01), iter([0.2, 0.2])

    def sleepy() -> Tensor:
        clock.now += next(seconds, 0.001)
        return torch.ones(1, 2)

    def rest() -> None:
        clock.calls.append("rest")

    found = measured(ways | {"sleepy": sleepy}, 100, clock.perf_counter, rest=rest)
    assert min(found, key=found.__getitem__) == "sleepy"
    assert "rest" in clock.calls


def test_a_size_that_comes_often_is_measured_again(
    cache: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "SECONDS", 0)
    layers = [m.imageInputLayer((9, 8, 3), Normalization="none"), m.convolution2dLayer(3, 4)]
    module = Network(layers).initialize(seed=0).to_torch(optimize=True)
    x = torch.ones(1, 3, 9, 8)
    with torch.inference_mode():
        module(x)
        assert not files(tmp_path)  # there was no time
        monkeypatch.setattr(run, "SECONDS", 1)
        monkeypatch.setattr(type(module), "patience", 0)
        module(x)
    assert "1 3 9 8" in files(tmp_path)[0].read_text()


def test_near_ways_have_more_turns(clock: Clock) -> None:
    choose("layer", (1, 3), clock.ways(direct=0.011, columns=0.01, packed=0.02), Budget(2))
    calls = clock.calls
    assert calls.count("columns") == calls.count("direct") > 2 * calls.count("packed")


def test_a_way_that_is_fast_once_is_not_taken_for_that(clock: Clock) -> None:
    ways = clock.ways(direct=0.01, columns=0.02)
    seconds = iter([0.02, 0.002])

    def columns() -> Tensor:
        clock.now += next(seconds, 0.015)
        return torch.ones(1, 2)

    assert choose("layer", (1, 3), ways | {"columns": columns}, Budget(1)) == "direct"


def test_a_choice_is_kept_for_other_processes(clock: Clock, tmp_path: Path) -> None:
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    clock.calls.clear()
    forget()
    assert choose("layer", (1, 3), clock.ways(direct=1, columns=2), Budget(1)) == "columns"
    assert not clock.calls
    assert kept() == {"layer": {"1 3": "columns"}}
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize(("setting", "calls"), [("", True), ("unsaved", True), ("plan", False)])
def test_what_was_measured_a_minute_ago_is_measured_once_more(
    setting: str, calls: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By whoever asks anew, so many times; the median counts. Not what stands in a plan."""
    monkeypatch.setenv(choice.VARIABLE, str(tmp_path / "plan.json") if calls is False else setting)
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.03, packed=0.04), Budget(1))
    clock.calls.clear()
    clock.now += choice.LATER
    if setting != "unsaved":
        forget()
    slow = clock.ways(direct=0.9, columns=0.01, packed=0.015)
    assert choose("layer", (1, 3), slow, Budget(0)) == "direct"  # there is no time
    ways = clock.ways(direct=0.025, columns=0.01, packed=0.015)
    for _ in range(choice.LOOKS - 1):
        assert choose("layer", (1, 3), ways, Budget(1)) == ("columns" if calls else "direct")
        assert bool(clock.calls) is calls
        clock.calls.clear()
        assert choose("layer", (1, 3), slow, Budget(1)) == ("columns" if calls else "direct")
        assert not clock.calls
        clock.now += choice.LATER
    assert choose("layer", (1, 3), slow, Budget(1)) == ("columns" if calls else "direct")
    assert not clock.calls


def test_what_another_process_measured_more_often_counts(clock: Clock) -> None:
    ways = clock.ways(direct=0.01, columns=0.02)
    choose("layer", (1, 3), ways, Budget(1))
    more = {"times": 2, "last": clock.now, "seconds": {"direct": [0.01], "columns": [0.005]}}
    choice.write(choice.cache_file(), {"layer": {"1 3": more, "2 3": "columns"}})  # type: ignore
    choose("other", (1, 3), ways, Budget(1))  # what this process knows of the layer is older
    assert kept() == {"layer": {"1 3": "columns", "2 3": "columns"}, "other": {"1 3": "direct"}}
    assert choose("layer", (1, 3), ways, Budget(1)) == "columns"


def test_what_two_measure_at_once_counts_once(clock: Clock) -> None:
    for _ in range(2 * choice.LOOKS):
        choice.remember("layer", (1, 3), {"direct": 0.02, "columns": 0.01})
    (found,) = json.loads(choice.cache_file().read_bytes())["layer"].values()
    assert found["times"] == 1


def test_a_way_that_is_not_measured_now_keeps_its_time(clock: Clock) -> None:
    """An engine in one thread is not tried where a call takes long, as in a bad minute."""
    choice.remember("layer", (1, 3), {"direct": 0.02, "columns": 0.01})
    clock.now += choice.LATER
    assert choice.remember("layer", (1, 3), {"direct": 0.03}) == "direct"
    assert choice.remembered("layer", (1, 3), ("direct", "columns")) == "columns"


def test_a_clock_that_was_set_back_is_no_reason_to_wait(clock: Clock) -> None:
    clock.now += 1e6
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    clock.now -= 1e5
    clock.calls.clear()
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    assert clock.calls


def test_a_plan_is_taken_as_it_stands(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also one that is a copy of the cache's file, before all was measured three times."""
    plan = tmp_path / "plan.json"
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    choice.cache_file().rename(plan)
    monkeypatch.setenv(choice.VARIABLE, str(plan))
    clock.now += choice.LATER
    clock.calls.clear()
    assert choose("layer", (1, 3), clock.ways(direct=1, columns=2), Budget(1)) == "columns"
    assert not clock.calls


def test_a_way_whose_first_turns_are_disturbed_has_others(clock: Clock) -> None:
    ways, seconds = clock.ways(direct=0.02), iter([0.01, 0.01, *[0.035] * 5])

    def columns() -> Tensor:
        clock.now += next(seconds, 0.01)
        return torch.ones(1, 2)

    assert choose("layer", (1, 3), ways | {"columns": columns}, Budget(2)) == "columns"


def test_a_second_look_at_a_bad_time_changes_nothing(clock: Clock) -> None:
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    clock.now += choice.LATER
    assert choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.03), Budget(1)) == "columns"


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        *(([0.087, 0.147, 0.147], "direct"), ([0.147, 0.087, 0.147], "direct")),
        *(([0.147, 0.147, 0.087], "direct"), ([0.087, 0.087, 0.9], "columns")),
        *(([0.087, 0.9, 0.087], "columns"), ([0.9, 0.087, 0.087], "columns")),
    ],
)
def test_neither_a_bad_minute_nor_a_good_one_decides(
    columns: list[float], taken: str, clock: Clock
) -> None:
    """An engine was seen to take 8.7 or 14.7 ms, by the minute, and another way always 9.5."""
    for seconds in columns:
        found = choose("layer", (1, 3), clock.ways(direct=0.095, columns=seconds), Budget(4))
        clock.now += choice.LATER
    assert found == taken


def test_threads_are_made_ready_once(cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others' rest, torch's are awake; that is a part of the budget."""
    done, time = mock.Mock(), Clock()
    monkeypatch.setattr(choice, "time", time)
    monkeypatch.setattr(choice, "rest", done.rest)
    monkeypatch.setattr(choice, "measured", lambda ways, *_, **__: dict.fromkeys(ways, 1.0))
    monkeypatch.setattr(choice, "wake", lambda call: [call() for _ in range(3)])
    budget, ways = Budget(1), time.ways(direct=0.01, columns=0.02)
    for size in (1, 2):
        choose("layer", (size, 3), ways, budget)
    choose("layer", (1, 3), ways, Budget(1))  # known
    assert done.mock_calls == [mock.call.rest()]
    assert time.calls == ["direct"] * 3
    assert budget.seconds == pytest.approx(1 - 0.03)


def test_what_another_process_added_stays(clock: Clock, tmp_path: Path) -> None:
    choose("layer", (1, 3), clock.ways(direct=0.01, columns=0.02), Budget(1))
    (path,) = files(tmp_path)
    choice.write(path, {"layer": {"8 3": "packed"}, "other": {"1": "direct"}})
    choose("layer", (2, 3), clock.ways(direct=0.01, columns=0.02), Budget(1))
    assert kept() == {
        "layer": {"1 3": "direct", "2 3": "direct", "8 3": "packed"},
        "other": {"1": "direct"},
    }


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "[" * 100_000, "\udcff"),
        '{"layer": 3}',
    ],
)
def test_a_damaged_file_is_ignored_with_a_warning(
    content: str, clock: Clock, tmp_path: Path
) -> None:
    path = choice.cache_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.warns(MatlabCompatWarning, match="is ignored"):
        choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    assert kept() == {"layer": {"1 3": "columns"}}
    assert files(tmp_path) == [path]


def test_what_another_version_chose_is_measured_anew(clock: Clock) -> None:
    """In silence; what this one knows stays."""
    known = {"network x": {"1 3": "an engine"}, "other": {"1 3": "packed"}}
    once = {"times": 1, "last": 1}
    looks = [once, *({**once, "seconds": x} for x in ({}, {"planes": [1]}))]
    looks += [{**once, "seconds": {"direct": x}} for x in (1, "1", [], ["1"])]
    looks += [{name: 1, "seconds": {"direct": [1]}} for name in once]
    for unknown in ("planes", [], *looks):
        choice.cache_file().parent.mkdir(parents=True, exist_ok=True)
        choice.cache_file().write_text(json.dumps({"layer": {"1 3": unknown}, **known}))
        forget()
        ways = clock.ways(direct=0.02, columns=0.01)
        assert choose("layer", (1, 3), ways, Budget(1)) == "columns"
        assert kept() == {"layer": {"1 3": "columns"}, **known}


def test_a_file_that_cannot_be_written_is_said_once(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    with pytest.warns(MatlabCompatWarning, match="(?s)cannot be written.*unsaved"):
        choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    assert choose("layer", (1, 3), clock.ways(direct=1, columns=2), Budget(1)) == "columns"
    choose("layer", (2, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))


@pytest.mark.parametrize(("setting", "taken"), [("direct", "direct"), ("columns", "columns")])
def test_a_way_can_be_asked_for(
    setting: str, taken: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(choice.VARIABLE, setting)
    assert choose("layer", (1, 3), clock.ways(direct=1, columns=1), Budget(1)) == taken
    assert choose("layer", (1, 3), clock.ways(direct=1, separable=1), Budget(1)) == "direct"
    assert not clock.calls
    assert not files(tmp_path)


def test_nothing_is_written_where_it_is_switched_off(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(choice.VARIABLE, "unsaved")
    assert choose("a", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1)) == "columns"
    assert choose("a", (1, 3), clock.ways(direct=1, columns=2), Budget(1)) == "columns"
    assert not files(tmp_path)


def test_a_plan_decides_on_any_processor(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    monkeypatch.setenv(choice.VARIABLE, str(plan))
    choose("layer", (1, 3), clock.ways(direct=0.02, columns=0.01), Budget(1))
    forget()
    monkeypatch.setattr(choice, "processor", lambda: "another")
    assert choose("layer", (1, 3), clock.ways(direct=1, columns=2), Budget(1)) == "columns"
    assert files(tmp_path) == [plan]


def test_a_setting_that_cannot_be_meant_is_refused(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(choice.VARIABLE, "drect")
    with pytest.raises(UsageError, match=r"drect.*\n.*docs/speed\.md"):
        choose("layer", (1, 3), clock.ways(direct=1, columns=2), Budget(1))


def test_another_processor_has_a_file_of_its_own(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {choice.cache_file()}
    for name in ("processor", "another"):
        monkeypatch.setattr(choice, "processor", lambda name=name: name)
        found.add(choice.cache_file())
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "another")
    found.add(choice.cache_file())
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    found.add(choice.cache_file())
    assert len(found) == 5


def test_an_example_is_measured_at_once(cache: None, tmp_path: Path) -> None:
    network = Network(
        [
            m.imageInputLayer((9, 8, 3), Normalization="none"),
            m.convolution2dLayer(3, 4, Name="conv"),
            m.transposedConv2dLayer(2, 4, Stride=2, Name="up"),
        ]
    ).initialize(seed=0)
    x = torch.ones(1, 3, 9, 8)
    module = network.to_torch(optimize=x)
    (path,) = files(tmp_path)
    layers = choice.read(path)
    assert len(layers) == 2
    assert all("1 3 9 8" in sizes or "1 4 7 6" in sizes for sizes in map(str, layers.values()))
    torch.testing.assert_close(module(x), network.to_torch()(x))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_an_input_that_is_not_finite_decides_nothing(
    cache: None, tmp_path: Path, value: float
) -> None:
    images = m.imageInputLayer((9, 8, 3), Normalization="none")
    network = Network([images, m.convolution2dLayer(3, 4), m.reluLayer()]).initialize(seed=0)
    x = torch.ones(1, 3, 9, 8)
    x[0, 0, 4, 4] = value
    module = network.to_torch(optimize=x)
    assert torch.equal(module(x).isfinite(), network.to_torch()(x).isfinite())
    assert not files(tmp_path)
    module(torch.ones(1, 3, 9, 8))
    assert files(tmp_path)


def test_an_example_that_is_no_tensor_is_refused() -> None:
    network = Network([m.featureInputLayer(3), m.fullyConnectedLayer(2)]).initialize(seed=0)
    with pytest.raises(UsageError, match="from_numpy"):
        network.to_torch(optimize=np.ones((1, 3)))  # type: ignore[arg-type]


def test_a_live_layer_measures_too(cache: None, tmp_path: Path) -> None:
    layer = m.transposedConv2dLayer(2, 4, Stride=2, NumChannels=3)
    layer.Weights, layer.Bias = np.ones((2, 2, 4, 3), np.float32), np.ones((1, 1, 4), np.float32)
    found = [layer.predict(np.ones((5, 5, 3, 1), np.float32)) for _ in range(2)]
    assert np.array_equal(*found)
    assert (found[0] == 4).all()
    assert len(files(tmp_path)) == 1
