"""Options that change what steps see, and which steps use the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.options.conftest import Made

MEMBER, SERVICE, ENVIRONMENT = "member: core", "source: api", "virtual environment"


def test_what_steps_see(make: Callable[..., Made]) -> None:
    seen = make(
        "--add-host=index.example:192.0.2.7",
        "--shm-size=96m",
        "--ulimit=nofile=1234:2345",
        "--cgroup-parent=uv-frontend-test",
        "--no-cache-filter=core",
        http_proxy="http://proxy.example:3128",
        NO_PROXY="index.example",
        BUILDKIT_SANDBOX_HOSTNAME="workbench",
    ).seen
    at = seen["hosts"].index("index.example")
    assert seen["hosts"][at - 1] == "192.0.2.7"
    assert seen["shm"] == 96 << 20
    # uv raises its soft limit as far as the hard one lets it.
    assert seen["nofile"][1] == 2345
    assert seen["hostname"] == "workbench"
    assert seen["proxies"]["http_proxy"] == seen["proxies"]["HTTP_PROXY"]
    assert seen["proxies"]["http_proxy"] == "http://proxy.example:3128"
    assert seen["proxies"]["no_proxy"] == "index.example"
    assert "uv-frontend-test" in seen["cgroup"] + "".join(seen["mounts"])


def test_network(make: Callable[..., Made]) -> None:
    default = make().seen["interfaces"]
    assert len(default) > 1
    assert make("--network=none").seen["interfaces"] == ["lo"]
    host = make("--network=host", "--allow=network.host").seen["interfaces"]
    assert set(default) < set(host) or host != default


@pytest.mark.parametrize(
    ("option", "executed"),
    [
        ("--no-cache-filter=core", [MEMBER]),
        ("--no-cache-filter=member,api", [MEMBER, SERVICE]),
        ("--no-cache-filter=image", [MEMBER, SERVICE, ENVIRONMENT]),
        ("--no-cache-filter=nobody", []),
        ("--no-cache", [MEMBER, SERVICE, ENVIRONMENT]),
    ],
)
def test_no_cache(make: Callable[..., Made], option: str, executed: list[str]) -> None:
    make()
    made = make(option)
    assert made.executed == executed
    warnings = [warning.short for warning in made.build.progress.warnings]
    unknown = "--no-cache-filter=nobody has no effect: no step of this build goes by that name"
    assert (unknown in warnings) is ("nobody" in option)
