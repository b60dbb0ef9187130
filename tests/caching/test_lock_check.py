"""The lock is checked against the manifests it was made from, before anything is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.caching.changes import Add, Bump
from tests.caching.scenario import Machine, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.caching.changes import Change
    from tests.caching.conftest import Machines


@pytest.fixture
def machine(machines: Machines) -> Machine:
    return machines.get("docker28")


def stale(machine: Machine, change: Change) -> Path:
    """A place with a checkout in which a change was not followed by `uv lock`."""
    place = machine.new_folder()
    folder = machine.check_out(Scenario(), place)
    for path, text in change(Scenario()).workspace.files().items():
        (folder / path).write_text(text)
    return folder


def line_of(folder: Path, path: str, text: str) -> str:
    """The number of the line that holds the text, as an excerpt has it."""
    lines = (folder / path).read_text().splitlines()
    return str(next(n for n, line in enumerate(lines, 1) if text in line))


def test_stale_lock_is_an_error(machine: Machine) -> None:
    """It names the member, the dependency and the command, with an excerpt of the manifest."""
    folder = stale(machine, Add("httpx>=0.28", to="core"))

    # That there is no such base is not even found out.
    build = machine.run_in(folder, Scenario(), base="uv-frontend-test/nothing", check=False)

    assert not build.ok
    assert "'core' asks for httpx>=0.28, and the lock does not have that" in build.error
    assert "Run `uv lock`" in build.error
    number = line_of(folder, "libs/core/pyproject.toml", "httpx")
    assert "libs/core/pyproject.toml:" + number in build.error
    assert f'{number} | >>>     "httpx>=0.28",' in build.error


def test_stale_lock_is_a_warning_if_wished(machine: Machine) -> None:
    folder = stale(machine, Add("httpx>=0.28", to="core"))

    build = machine.run_in(folder, Scenario(), "--build-arg=lock=warn")

    found = [w for w in build.progress.warnings if "httpx" in w.short]
    assert len(found) == 1
    assert found[0].filename == "libs/core/pyproject.toml"
    assert found[0].lines == (int(line_of(folder, found[0].filename, "httpx")),)


def test_stale_lock_is_no_matter_if_wished(machine: Machine) -> None:
    folder = stale(machine, Add("httpx>=0.28", to="core"))

    build = machine.run_in(folder, Scenario(), "--build-arg=lock=off")

    assert not [w for w in build.progress.warnings if "lock" in w.short]


def test_version_alone_is_a_warning(machine: Machine) -> None:
    """Release robots raise the version in the manifest only, and nothing else depends on it."""
    folder = stale(machine, Bump("api", "1.1.0"))

    build = machine.run_in(folder, Scenario())

    assert [w.short for w in build.progress.warnings] == [
        "uv.lock is out of date: package 'api' is at 1.1.0, and the lock has it at 1.0.0"
    ]


def test_other_members_do_not_matter(machine: Machine) -> None:
    folder = stale(machine, Add("httpx>=0.28", to="worker"))

    build = machine.run_in(folder, Scenario())

    assert build.progress.warnings == ()
