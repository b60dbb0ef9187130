"""The order in which a run measures."""

from __future__ import annotations

from tests.benchmark.scenarios import BY_KEY, SCENARIOS, Scenario, Start, Turn, chosen, turns
from tests.benchmark.variants import GUIDE, OURS

ONCE = Scenario("once", "", Start.BUILT)
TWICE = Scenario("twice", "", Start.BUILT, times=2)
FEW = Scenario("few", "", Start.BUILT, times=2, most=3)


def taken(scenarios: list[Scenario], rounds: int) -> list[tuple[int, str, int]]:
    return [(turn.round, turn.scenario.key, turn.number) for turn in turns(scenarios, rounds)]


def test_rounds_go_through_all_scenarios() -> None:
    assert taken([ONCE, TWICE], 2) == [
        (0, "once", 0),
        (0, "twice", 0),
        (0, "twice", 1),
        (1, "once", 1),
        (1, "twice", 2),
        (1, "twice", 3),
    ]


def test_expensive_scenarios_stop_early() -> None:
    assert taken([FEW], 4) == [(0, "few", 0), (0, "few", 1), (1, "few", 2)]


def test_each_goes_first_by_turns() -> None:
    assert Turn(ONCE, 0, 0).order == (GUIDE, OURS)
    assert Turn(ONCE, 0, 1).order == (OURS, GUIDE)


def test_heavy_scenarios_need_a_request() -> None:
    assert not [s.key for s in chosen([]) if s.key.startswith("heavy")]
    assert [s.key for s in chosen(["heavy-edit", "edit"])] == ["edit", "heavy-edit"]


def test_new_machine_comes_last_in_a_round() -> None:
    # It loses uv's caches, which every scenario before it but the first relies on.
    starts = [scenario.start for scenario in chosen([])]
    first = starts.index(Start.NEW_MACHINE)
    assert set(starts[first:]) == {Start.NEW_MACHINE}
    assert starts[0] is Start.EMPTY


def test_keys_are_unique() -> None:
    assert len(BY_KEY) == len(SCENARIOS)
