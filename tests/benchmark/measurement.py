"""What was measured, and what follows from it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Measurement:
    """One build. `turn` pairs it with the other variant's.

    `steps` counts those that were executed, `new_bytes` the compressed layers that no earlier push
    has brought to the registry; `frontend` is the life of our frontend's process in seconds, if it
    could be told.
    """

    scenario: str
    turn: int
    variant: str
    seconds: float
    steps: int
    new_bytes: int
    frontend: float | None = None


@dataclass(frozen=True)
class Spread:
    """The median of some values, with the least and the greatest."""

    median: float
    least: float
    greatest: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Summarise values; None without any."""
        found = sorted(values)
        if not found:
            return None
        return cls(statistics.median(found), found[0], found[-1], len(found))


@dataclass(frozen=True)
class Summary:
    """One scenario: both variants, and guide ÷ ours.

    `ratio` is of seconds, pair by pair; steps and bytes are medians.
    """

    scenario: str
    guide: Spread
    ours: Spread
    ratio: Spread
    guide_steps: float
    our_steps: float
    guide_bytes: float
    our_bytes: float
    frontend: Spread | None

    @property
    def bytes_ratio(self) -> float | None:
        """Guide ÷ ours, in bytes; None where ours has none."""
        return self.guide_bytes / self.our_bytes if self.our_bytes else None


def summarise(measurements: Iterable[Measurement], scenario: str) -> Summary | None:
    """Summarise the pairs of a scenario; None where there is none."""
    turns: defaultdict[int, dict[str, Measurement]] = defaultdict(dict)
    for measurement in measurements:
        if measurement.scenario == scenario:
            turns[measurement.turn][measurement.variant] = measurement
    pairs = [(turn["guide"], turn["ours"]) for turn in turns.values() if len(turn) == 2]
    guide, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    spread = Spread.of(m.seconds for m in guide), Spread.of(m.seconds for m in ours)
    ratio = Spread.of(a.seconds / b.seconds for a, b in pairs)
    if spread[0] is None or spread[1] is None or ratio is None:
        return None
    return Summary(
        scenario,
        spread[0],
        spread[1],
        ratio,
        _median([m.steps for m in guide]),
        _median([m.steps for m in ours]),
        _median([m.new_bytes for m in guide]),
        _median([m.new_bytes for m in ours]),
        Spread.of(m.frontend for m in ours if m.frontend is not None),
    )


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)
