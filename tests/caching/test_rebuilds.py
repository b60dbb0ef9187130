"""The specification: what happened to the workspace, and what is installed anew because of it.

A step installs a layer; the title of its progress line says which. Each case starts from a machine
that has built the workspace as `workspace.py` has it. What literally comes out of two steps, and
not of one, has its reason beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.caching.changes import (
    Add,
    Bump,
    Change,
    CheckoutPath,
    DevDependency,
    Edit,
    LintSettings,
    NewServiceLike,
    Nothing,
    Option,
    Owner,
    Remove,
    Touch,
    Umask,
    Upgrade,
    WidenRequiresPython,
)
from tests.caching.layers import Layer, differences, member, of
from tests.caching.scenario import Machine, Outcome, Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Nothing is installed, and no layer is a new one.
NOTHING: list[tuple[str, Change]] = [
    ("api", Nothing()),
    ("api", Bump("worker")),
    ("api", Edit("worker")),
    ("site", Edit("api")),
    ("api", Add("zipp", to="worker")),
    ("api", DevDependency("iniconfig", to="api")),
    ("api", LintSettings()),
    ("api", LintSettings("api")),
    ("site", LintSettings("core")),
    # It changes the lock's own line, its markers, and which wheels it has for msgpack and others.
    ("api", WidenRequiresPython("tool", to=">=3.10")),
    ("api", Touch()),
    ("api", Umask(0o002)),
    ("site", Umask(0o077)),
    ("api", Owner(1234)),
    ("api", CheckoutPath("home/of/somebody else")),
    ("api", Option("--tag=uv-frontend-test/caching-another-tag")),
    ("api", Option("--label=org.example.commit=1f2e3d")),
]

#: The layers named are installed, and are the only new ones.
SOMETHING: list[tuple[str, Change, Sequence[Layer]]] = [
    # An edit reaches its own member's layer only, though other members depend on that one.
    ("api", Edit("api"), [member("api")]),
    ("api", Edit("core"), [member("core")]),
    ("site", Edit("site"), [member("site")]),
    # A version stands in the installed metadata of its member, and nowhere else.
    ("api", Bump("api"), [member("api")]),
    ("api", Bump("core"), [member("core")]),
    # So does the Python that the member itself admits.
    ("api", WidenRequiresPython("api", to=">=3.8"), [member("api")]),
    # One package of the lock.
    ("api", Upgrade("idna", "3.20"), [of("idna")]),
    ("api", Upgrade("pyyaml", "6.0.3"), [of("pyyaml")]),
    ("api", Add("iniconfig", to="api", group="tools"), [of("iniconfig")]),
    ("api", Remove("tabulate", of="api", group="tools"), [of("six")]),
    # The metadata of a member lists its requirements: a new one changes the member, too.
    ("api", Add("filelock", to="api"), [of("filelock"), member("api")]),
    ("api", Remove("msgpack", of="api"), [of("packaging"), member("api")]),
    # A package whose name begins a bucket divides the one it falls into.
    ("api", Add("certifi", to="api", group="tools"), [of("attrs"), of("certifi")]),
    # Another service needs what the first one has: all but itself is there already.
    ("worker", NewServiceLike("admin", like="worker"), [member("admin")]),
]


def _id(value: object) -> str | None:
    return None if isinstance(value, list) else str(value)


class Baseline:
    """The workspace as every case finds it, built once on each machine for each service."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Outcome] = {}

    def on(self, machine: Machine, package: str) -> Outcome:
        key = (id(machine), package)
        if key not in self._known:
            self._known[key] = machine.build(Scenario(package=package))
        return self._known[key]


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return Baseline()


@pytest.mark.parametrize(("package", "change"), NOTHING, ids=_id)
def test_rebuilds_nothing(
    package: str, change: Change, machine: Machine, baseline: Baseline
) -> None:
    before = baseline.on(machine, package)

    after = machine.build(change(Scenario(package=package)))

    assert after.executed == ()
    assert after.layers == before.layers


@pytest.mark.parametrize(("package", "change", "expected"), SOMETHING, ids=_id)
def test_rebuilds_only(
    package: str,
    change: Change,
    expected: Sequence[Layer],
    machine: Machine,
    baseline: Baseline,
) -> None:
    before = baseline.on(machine, package)

    after = machine.build(change(Scenario(package=package)))

    assert differences(after.executed, expected) == []
    assert differences(after.changed_since(before), expected) == []
