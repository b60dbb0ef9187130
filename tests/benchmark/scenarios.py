"""What happens to a workspace, in the order in which one round goes through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from tests.benchmark.variants import VARIANTS
from tests.benchmark.workspaces import (
    HEAVY,
    SHOP,
    Subject,
    bump,
    depend,
    edit,
    edit_unrelated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.benchmark.variants import Variant
    from tests.benchmark.workspaces import Workspace


class Start(Enum):
    """What the engine knows when the measured build begins. Images it builds on are there."""

    EMPTY = auto()  # nothing
    UV_CACHE = auto()  # nothing but uv's cache
    BUILT = auto()  # the service, as it was before the change
    OTHER_SERVICE = auto()  # the service, but not the one that is built now
    NEW_BASE = auto()  # the service on an earlier base image of the same name
    NEW_MACHINE = auto()  # nothing; the registry has the cache of a build before the change


@dataclass(frozen=True)
class Scenario:
    """One row of the result.

    `target` and `bytes_target` are what guide ÷ ours shall be at least, for seconds and for bytes.
    Each round measures `times`, and the whole run not more than `most`.
    """

    key: str
    title: str
    start: Start
    change: Callable[[Workspace, Path, int], None] | None = None
    subject: Subject = field(default=SHOP, repr=False)
    package: str = ""  # by default the subject's
    target: float | None = None
    bytes_target: float | None = None
    times: int = 1
    most: int = 1000
    on_request: bool = False

    @property
    def built(self) -> str:
        """The package that is built."""
        return self.package or self.subject.package


SCENARIOS = (
    Scenario("first-cold", "first build, cold uv cache", Start.EMPTY, target=1.5),
    Scenario("first", "first build, warm uv cache", Start.UV_CACHE, target=1.5),
    Scenario("second", "second service after the first", Start.OTHER_SERVICE, package=SHOP.second),
    Scenario("nothing", "nothing changed", Start.BUILT, times=5),
    Scenario(
        "edit",
        "a line of the service edited",
        Start.BUILT,
        edit,
        target=6,
        bytes_target=50,
        times=2,
    ),
    Scenario("bump", "its version bumped", Start.BUILT, bump, target=9),
    Scenario(
        "dependency",
        "one small dependency added",
        Start.BUILT,
        depend,
        target=5,
        bytes_target=10,
    ),
    Scenario(
        "unrelated",
        "a member edited that the service does not use",
        Start.BUILT,
        edit_unrelated,
        target=10,
        times=2,
    ),
    Scenario("base", "base image updated", Start.NEW_BASE, most=3),
    Scenario("machine", "fresh machine, registry cache", Start.NEW_MACHINE, most=2),
    Scenario(
        "machine-edit",
        "fresh machine, registry cache, a line edited",
        Start.NEW_MACHINE,
        edit,
        most=2,
    ),
    Scenario(
        "heavy-first",
        "torch with CUDA: first build, warm uv cache",
        Start.UV_CACHE,
        subject=HEAVY,
        on_request=True,
    ),
    Scenario(
        "heavy-edit",
        "torch with CUDA: a line edited",
        Start.BUILT,
        edit,
        subject=HEAVY,
        on_request=True,
    ),
    Scenario(
        "heavy-dependency",
        "torch with CUDA: one small dependency added",
        Start.BUILT,
        depend,
        subject=HEAVY,
        on_request=True,
    ),
)
BY_KEY = {scenario.key: scenario for scenario in SCENARIOS}


@dataclass(frozen=True)
class Turn:
    """One measurement of both variants. `number` counts those of the scenario from 0."""

    scenario: Scenario
    round: int
    number: int

    @property
    def order(self) -> tuple[Variant, ...]:
        """Who comes first changes from turn to turn: whatever favours one place favours both."""
        return VARIANTS if self.number % 2 == 0 else VARIANTS[::-1]


def chosen(keys: Iterable[str]) -> list[Scenario]:
    """The scenarios of these keys in their own order; without keys all but those on request."""
    wanted = set(keys)
    return [s for s in SCENARIOS if (s.key in wanted if wanted else not s.on_request)]


def turns(scenarios: Iterable[Scenario], rounds: int) -> Iterator[Turn]:
    """Every measurement of a run, in order."""
    listed = list(scenarios)
    for number in range(rounds):
        for scenario in listed:
            first = number * scenario.times
            for index in range(first, min(first + scenario.times, scenario.most)):
                yield Turn(scenario, number, index)
