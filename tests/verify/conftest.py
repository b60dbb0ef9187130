"""A published image, whose names have moved on since, and the program that verifies it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contexts.server import serve as serve_site
from tests.contexts.shop import fill
from tests.engine.frontend_image import IMAGE
from tests.errors.index import REACH, serve
from tests.errors.workspaces import Workspace
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

_ROOT = Path(__file__).resolve().parents[2]
_BASE = "uv-frontend-test/verify-base:1"
_FRONTEND = "uv-frontend-test/verify-frontend:1"
DOCKERFILE = f'# syntax={_FRONTEND}\npackage = "api"\n'


@dataclass(frozen=True)
class Shop:
    """The shop's folder, the address of its repository, and where its images go."""

    folder: Path
    repository: str
    registry: str
    frontend: str
    base: str

    def publish(self, engine: Engine, tag: str, context: str | Path, *options: str) -> str:
        """Build the service and push it; returns the image's name."""
        image = f"{self.registry}/verify/api:{tag}"
        arguments = {"base": self.base}
        engine.build(context, REACH, "--push", *options, tag=image, build_args=arguments, ca=False)
        return image


@pytest.fixture(scope="package")
def shop(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop: locked, committed, not to be changed. Base and frontend have names of their own."""
    if docker28.kind is None:
        pytest.skip("needs an engine of the tests' own")
    if shutil.which("git") is None:
        unmet("the program git is missing")
    docker28.docker("tag", IMAGE, _FRONTEND)
    docker28.publish(_FRONTEND)
    move(docker28, _BASE, "first")
    repositories = tmp_path_factory.mktemp("repositories")
    with serve() as index, serve_site(repositories) as site:
        folder = tmp_path_factory.mktemp("shop")
        fill(Workspace(folder), index, DOCKERFILE)
        address = site.repository("shop", folder)
        yield Shop(folder, address, docker28.registry.address, _FRONTEND, _BASE)


def move(engine: Engine, image: str, content: str) -> None:
    """Give a name another image: that of the base with another variable."""
    dockerfile = f"FROM python:3.13-slim\nENV CONTENT={content}\n"
    engine.build("-", "--provenance=false", tag=image, ca=False, stdin=dockerfile)
    engine.publish(image)


def verify(engine: Engine, image: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with an engine, as its page says."""
    path = f"{Path(engine.program).parent}:{engine.env['PATH']}"
    command = [sys.executable, "-m", "tools.verify", image, *arguments]
    return subprocess.run(
        command,
        cwd=_ROOT,
        env={**engine.env, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
