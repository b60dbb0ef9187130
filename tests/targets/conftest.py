"""A workspace with something for every target, built on the newest engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.targets.workspace import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Build, Engine


@dataclass(frozen=True)
class Site:
    """The workspace as it lies on disk, and the engine that builds it."""

    folder: Path
    engine: Engine

    def build(self, target: str, *options: str, package: str = "api", check: bool = True) -> Build:
        """Build a target of a package."""
        arguments = {"package": package}
        options = (f"--target={target}", "--provenance=false", *options)
        return self.engine.build(self.folder, *options, build_args=arguments, check=check)


@dataclass(frozen=True)
class Built:
    """An image of one of the targets."""

    build: Build
    image: str
    engine: Engine

    def run(self, *command: str, options: tuple[str, ...] = ()) -> str:
        """What a command in a container of it prints."""
        return self.engine.run(self.image, *command, options=options).stdout.strip()

    def python(self, code: str, *options: str) -> str:
        """What Python in a container of it prints."""
        return self.run("-c", code, options=("--entrypoint=python", *options))


@pytest.fixture(scope="session")
def site(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The workspace, locked."""
    return Site(write(tmp_path_factory.mktemp("targets") / "shop"), docker28)


@pytest.fixture(scope="session")
def image(site: Site) -> Iterator[Built]:
    """The image of the service."""
    yield from _built(site, "image")


@pytest.fixture(scope="session")
def dev(site: Site) -> Iterator[Built]:
    """The service to work on."""
    yield from _built(site, "dev")


@pytest.fixture(scope="session")
def deps(site: Site) -> Iterator[Built]:
    """Its third-party packages alone."""
    yield from _built(site, "deps")


def _built(site: Site, target: str) -> Iterator[Built]:
    tag = f"uv-frontend-test/target-{target}"
    yield Built(site.build(target, f"--tag={tag}"), tag, site.engine)
    site.engine.docker("rmi", "--force", tag, check=False)
