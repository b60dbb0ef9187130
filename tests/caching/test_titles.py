"""What a person reads of the layers: progress lines and `docker history`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.caching.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.caching.scenario import Machine

# Files for other architectures have other sizes.
TITLES = [
    "virtual environment",
    "pyyaml 6.0.2 (N kB)",
    "2 packages over 50 kB: attrs, click (N kB)",
    "3 packages over 50 kB: flask, idna, jinja2 (N kB)",
    "2 packages over 50 kB: msgpack, packaging (N kB)",
    "3 packages over 50 kB: python-dateutil, tzdata, werkzeug (N kB)",
    "6 packages: blinker … tabulate (N kB)",
    "member: clock",
    "member: core",
    "member: money",
    "member: text",
    "member: util",
    "member: api",
]


def unsized(titles: Iterable[str]) -> list[str]:
    return [re.sub(r"\(\d+ kB\)", "(N kB)", title) for title in titles]


def test_history_tells_what_each_layer_is(machine: Machine) -> None:
    assert unsized(machine.build(Scenario()).layers) == TITLES


def test_progress_tells_the_same_with_numbers(machine: Machine) -> None:
    numbered = machine.build(Scenario()).numbered

    assert unsized(title for _, title in numbered) == TITLES
    assert [number for number, _ in numbered] == [f"{n}/13" for n in range(1, 14)]


def test_copied_sources_are_called_so(machine: Machine) -> None:
    outcome = machine.build(Scenario(package="site"))

    assert list(outcome.layers)[-3:] == ["member: core", "member: util", "source: site"]
