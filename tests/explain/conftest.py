"""A service whose first image was pushed, to be looked at and compared with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from examples import lock
from tests.targets.workspace import write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build, Engine

#: The version of idna in the first image.
OLD = "3.10"


@dataclass(frozen=True)
class Site:
    """The workspace as it was for the first image, and the engine that built it."""

    folder: Path
    engine: Engine

    def build(self, folder: Path, *options: str, **args: str) -> Build:
        """Build the service from a folder."""
        arguments = {"package": "api", **args}
        options = ("--provenance=false", *options)
        return self.engine.build(folder, *options, build_args=arguments)

    def named(self, tag: str) -> str:
        """The name of an image of the service, in the registry."""
        return f"{self.engine.registry.address}/uv-frontend-test/explain:{tag}"

    def push(self, folder: Path, tag: str, *options: str, **args: str) -> Build:
        """Build the service and push it, as that of a branch is."""
        output = f"--output=type=image,name={self.named(tag)},push=true,store=false"
        return self.build(folder, output, *options, **args)

    def labels(self, tag: str) -> dict[str, str]:
        """The labels of a pushed image, read without pulling it."""
        look = ("buildx", "imagetools", "inspect", self.named(tag), "--format", "{{json .Image}}")
        image: dict[str, Any] = json.loads(self.engine.docker(*look).stdout)
        labels: dict[str, str] = image["config"]["Labels"]
        return labels

    def digest(self, tag: str) -> str:
        """The digest of a pushed image."""
        look = ("buildx", "imagetools", "inspect", self.named(tag), "--format", "{{json .}}")
        digest: str = json.loads(self.engine.docker(*look).stdout)["manifest"]["digest"]
        return digest

    def copied(self, place: Path) -> Path:
        """A checkout of its own, to change."""
        return shutil.copytree(self.folder, place / "shop")


def pin(folder: Path, constraints: list[str]) -> None:
    """Lock with such constraints, of which no step knows."""
    manifest = folder / "pyproject.toml"
    kept = [each for each in manifest.read_text().split("\n") if "constraint-dep" not in each]
    listed = json.dumps(constraints)
    place = kept.index("[tool.uv]") + 1
    manifest.write_text(
        "\n".join([*kept[:place], f"constraint-dependencies = {listed}", *kept[place:]])
    )
    lock.lock(folder)


@pytest.fixture(scope="session")
def site(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The workspace with an old version of idna, its service's image pushed as `first`."""
    folder = write(tmp_path_factory.mktemp("explain") / "shop")
    pin(folder, [f"idna=={OLD}"])
    found = Site(folder, docker28)
    found.push(folder, "first")
    return found
