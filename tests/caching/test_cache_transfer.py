"""Caches that travel between machines, and the cache of uv that stays on one."""

from __future__ import annotations

import platform
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from frontend.container.paths import UID
from frontend.model.uv import UV_VERSION
from tests.caching.changes import Edit, Upgrade
from tests.caching.layers import differences, member, of
from tests.caching.scenario import Machine, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.caching.conftest import Machines
    from tests.conftest import Engines

KINDS = ("registry-max", "registry-min", "inline", "local-max", "local-min")


@pytest.fixture(scope="module")
def home(machines: Machines) -> Machine:
    """The machine that exports its cache."""
    return machines.get("docker28")


@pytest.fixture(scope="module")
def away(machines: Machines, home: Machine, engines: Engines) -> Iterator[Machine]:
    """Another machine with the same engine. Its base is the first one's, as a tag is everywhere."""
    with engines.another("docker28", "away") as engine:
        assert engine.pid != home.engine.pid
        yield machines.fresh(engine, "away")


@pytest.fixture
def fresh(away: Machine) -> Machine:
    """That machine with nothing in its caches."""
    away.engine.docker("buildx", "prune", "--all", "--force")
    return away


def exporting(kind: str, home: Machine, folder: Path) -> tuple[list[str], list[str]]:
    """The options of the build that exports, and of one that imports."""
    form, _, mode = kind.partition("-")
    image = f"{home.engine.registry.address}/uv-frontend-test/cache:{home.token}-{kind}"
    match form:
        case "registry":
            return (
                [f"--cache-to=type=registry,ref={image},mode={mode}"],
                [f"--cache-from=type=registry,ref={image}"],
            )
        case "local":
            return (
                [f"--cache-to=type=local,dest={folder},mode={mode}"],
                [f"--cache-from=type=local,src={folder}"],
            )
        case _:
            return (
                [f"--output=type=image,name={image},push=true", "--cache-to=type=inline"],
                [f"--cache-from=type=registry,ref={image}"],
            )


@pytest.mark.parametrize("kind", KINDS)
def test_imported_cache_serves_an_unchanged_workspace(
    kind: str, home: Machine, fresh: Machine, tmp_path: Path
) -> None:
    there, here = exporting(kind, home, tmp_path / "cache")
    home.run(Scenario(), *there)

    after = fresh.build(Scenario(), *here)

    assert after.executed == ()


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_imported_cache_serves_all_but_what_changed(
    kind: str, home: Machine, fresh: Machine, tmp_path: Path
) -> None:
    there, here = exporting(kind, home, tmp_path / "cache")
    home.run(Scenario(), *there)

    change = f"seen from {kind}"
    after = fresh.build(Edit("util", change)(Upgrade("idna", "3.20")(Scenario())), *here)

    assert differences(after.executed, [of("idna"), member("util")]) == []


def test_cache_of_uv_is_named_for_its_kind(home: Machine) -> None:
    """Its name holds what decides whether two builds may share it, below the user's namespace."""
    namespace = f"team-{home.token}"

    home.run(Scenario())
    home.run(Scenario(), "--no-cache", f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={namespace}")

    told = home.engine.docker("buildx", "du", "--verbose").stdout
    names = set(re.findall(r'"([^"]*/uv-frontend-uv-[^"]*)"', told))
    release = ".".join(UV_VERSION.split(".")[:2])
    name = f"uv-frontend-uv-{release}-{platform.machine()}-glibc-{UID}"
    assert {f"/{name}", f"{namespace}/{name}"} <= names


def test_concurrent_builds_share_the_cache_of_uv(home: Machine) -> None:
    """Two services at once, with a cache of uv that is empty before."""
    empty = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS=concurrent-{home.token}"
    scenarios = [Scenario(package=package) for package in ("api", "worker")]
    alone = [home.build(scenario) for scenario in scenarios]

    with ThreadPoolExecutor() as pool:
        together = list(pool.map(lambda each: home.build(each, "--no-cache", empty), scenarios))

    assert [outcome.layers for outcome in together] == [outcome.layers for outcome in alone]
    # What both need, one of them may get from the other.
    executed = {title for outcome in together for title in outcome.executed}
    assert executed == {title for outcome in alone for title in outcome.layers}
