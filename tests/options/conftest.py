"""A workspace whose library notes, when it is built, what the step can see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.errors.workspaces import BACKEND, DOCKERFILE, SOURCES, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Build, Engine

#: What the build backend sees of its container.
SEEN = """\
    import json
    import os
    import resource
    import socket


    def seen():
        shm = os.statvfs("/dev/shm")
        return {
            "hosts": open("/etc/hosts").read().split(),
            "shm": shm.f_blocks * shm.f_frsize,
            "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
            "hostname": socket.gethostname(),
            "proxies": {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")},
            "cgroup": open("/proc/self/cgroup").read(),
            "mounts": [line for line in open("/proc/self/mountinfo") if "cgroup" in line],
            "interfaces": sorted(os.listdir("/sys/class/net")),
        }


"""
SEEING = SEEN + BACKEND.replace(
    '            wheel.writestr(f"{info}/RECORD", "")\n',
    '            wheel.writestr(f"{info}/RECORD", "")\n'
    '            wheel.writestr(f"{NAME}/seen.json", json.dumps(seen()))\n',
)


@dataclass(frozen=True)
class Made:
    """A build of the workspace, and what its library has seen."""

    build: Build
    seen: dict[str, Any]

    @property
    def executed(self) -> list[str]:
        """The titles of the installing steps that ran."""
        names = [vertex.name for vertex in self.build.executed if "/3] " in vertex.name]
        return sorted(name.partition("] ")[2] for name in names)


@pytest.fixture(scope="session")
def noting(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace; its image has three layers."""
    made = workspace(tmp_path_factory.mktemp("noting"))
    made.service("api", 'dependencies = ["core"]\n').write("pyproject.toml", SOURCES)
    made.library("core", SEEING).lock()
    return made.write("Dockerfile", f'{DOCKERFILE}package = "api"\n')


@pytest.fixture
def make(docker28: Engine, noting: Workspace, tmp_path: Path) -> Callable[..., Made]:
    """Builds the workspace with options."""

    def build(*options: str, **arguments: str) -> Made:
        out = tmp_path / "out"
        to = ["--output", f"type=local,dest={out}"]
        build = docker28.build(noting.folder, *options, *to, build_args=arguments)
        (found,) = out.glob("app/.venv/lib/python3*/site-packages/core/seen.json")
        return Made(build, json.loads(found.read_text()))

    return build
