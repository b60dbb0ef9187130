"""What follows from single measurements."""

from __future__ import annotations

import pytest

from tests.benchmark.measurement import Measurement, Spread, summarise


def measured(
    turn: int,
    variant: str,
    seconds: float,
    *,
    scenario: str = "edit",
    steps: int = 1,
    new_bytes: int = 100,
    frontend: float | None = None,
) -> Measurement:
    return Measurement(scenario, turn, variant, seconds, steps, new_bytes, frontend)


def test_quotients_are_taken_pair_by_pair() -> None:
    # The second pair was measured while the machine was slow: its quotient is as good as any.
    summary = summarise(
        [
            measured(0, "guide", 10),
            measured(0, "ours", 2),
            measured(1, "ours", 20),
            measured(1, "guide", 100),
            measured(2, "guide", 12),
            measured(2, "ours", 2),
        ],
        "edit",
    )
    assert summary is not None
    assert summary.ratio == Spread(5, 5, 6, 3)
    assert summary.guide == Spread(12, 10, 100, 3)
    assert summary.ours == Spread(2, 2, 20, 3)


def test_median_of_an_even_number_is_between_the_middle_ones() -> None:
    assert Spread.of([4, 1, 2, 9]) == Spread(3, 1, 9, 4)
    assert Spread.of([]) is None


def test_half_a_pair_does_not_count() -> None:
    pair = [measured(0, "guide", 4), measured(0, "ours", 2)]
    summary = summarise([*pair, measured(1, "guide", 90)], "edit")
    assert summary is not None
    assert (summary.ratio.count, summary.guide.greatest) == (1, 4)
    assert summarise([measured(1, "guide", 90)], "edit") is None


def test_scenarios_do_not_mix() -> None:
    pair = [measured(0, "guide", 4), measured(0, "ours", 2)]
    other = [
        measured(0, "guide", 9, scenario="bump"),
        measured(0, "ours", 1, scenario="bump"),
    ]
    summary = summarise([*pair, *other], "bump")
    assert summary is not None
    assert summary.ratio.median == 9


@pytest.mark.parametrize(("ours", "expected"), [(50, 20.0), (0, None)])
def test_bytes(ours: int, expected: float | None) -> None:
    summary = summarise(
        [measured(0, "guide", 4, new_bytes=1000), measured(0, "ours", 2, new_bytes=ours)], "edit"
    )
    assert summary is not None
    assert summary.bytes_ratio == expected


def test_process_is_timed_where_it_could_be() -> None:
    summary = summarise(
        [
            measured(0, "guide", 4),
            measured(0, "ours", 2, frontend=0.3),
            measured(1, "guide", 4),
            measured(1, "ours", 2),
        ],
        "edit",
    )
    assert summary is not None
    assert summary.frontend == Spread(0.3, 0.3, 0.3, 1)
