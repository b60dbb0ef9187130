"""Base images and a workspace that needs no network, shared by all tests here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.bases import archive, mirror
from tests.bases.images import MOVED
from tests.errors.index import Index, serve
from tests.errors.workspaces import DOCKERFILE, SOURCES, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bases.archive import Archive
    from tests.bases.mirror import Mirror
    from tests.engine import Build, Engine

#: The service's program: what the container sees of itself.
MAIN = """\
import getpass, grp, json, os, pwd, sys

import core

def look(path):
    info = os.lstat(path)
    return [info.st_uid, info.st_gid, oct(info.st_mode & 0o7777)]

def main():
    print(json.dumps({
        "python": sys.version.split()[0], "prefix": sys.prefix, "base": sys.base_prefix,
        "uid": os.getuid(), "gid": os.getgid(), "home": os.path.expanduser("~"),
        "cwd": os.getcwd(), "core": core.__file__, "path": sys.path,
        "files": {path: look(path) for path in sys.argv[1:]},
    }))

if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Image:
    """An image that was built, and how it looks from inside."""

    name: str
    engine: Engine
    build: Build

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration."""
        inspected = self.engine.docker("image", "inspect", self.name).stdout
        found: dict[str, Any] = json.loads(inspected)[0]["Config"]
        return found

    @property
    def history(self) -> list[str]:
        """What made its layers, the newest first."""
        form = ["--no-trunc", "--format", "{{.CreatedBy}}"]
        return self.engine.docker("history", *form, self.name).stdout.splitlines()

    def python(self, *command: str, options: tuple[str, ...] = ()) -> str:
        """Run Python in it."""
        return self.engine.run(self.name, "python", *command, options=options).stdout

    def look(self, *paths: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
        """What the service says of itself and of `paths`."""
        found: dict[str, Any] = json.loads(self.python("/app/main.py", *paths, options=options))
        return found


@pytest.fixture(scope="session")
def based(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """Makes an image from an ordinary Dockerfile, once, and gives its name."""
    made: dict[str, str] = {}

    def make(name: str, dockerfile: str) -> str:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            (folder / "Dockerfile").write_text(dockerfile)
            made[name] = f"uv-frontend-test/base-{name}"
            docker28.build(folder, "--provenance=false", tag=made[name])
            docker28.publish(made[name])
        return made[name]

    return make


@pytest.fixture
def site(tmp_path: Path) -> Workspace:
    """A workspace of a service that is not built and a library that is."""
    made = workspace(tmp_path / "site").service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).library("core")
    return made.write("services/api/main.py", MAIN).lock()


@pytest.fixture
def build(site: Workspace, docker28: Engine) -> Iterator[Callable[..., Image]]:
    """Builds the service with the given body of the Dockerfile, which may name the package."""
    made: list[tuple[Engine, str]] = []

    def make(body: str, *options: str, engine: Engine = docker28) -> Image:
        head = "" if "package = " in body else 'package = "api"\ncmd = ["python", "main.py"]\n'
        site.write("Dockerfile", f"{DOCKERFILE}{head}{body}")
        name = f"uv-frontend-test/site-{len(made)}"
        made.append((engine, name))
        return Image(name, engine, engine.build(site.folder, *options, tag=name))

    yield make
    for engine, name in made:
        engine.docker("rmi", "--force", name, check=False)


@pytest.fixture(scope="session")
def version(docker28: Engine) -> str:
    """That of the Python which the mirror offers: the one that Debian has."""
    command = "import platform; print(platform.python_version())"
    return docker28.run("python:3.13-slim", "python3", "-c", command).stdout.strip()


@pytest.fixture(scope="session")
def offered(
    docker28: Engine,
    based: Callable[[str, str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mirror]:
    """A mirror with a CPython that was moved to another prefix."""
    folder = tmp_path_factory.mktemp("python")
    with mirror.offering(docker28, based("moved", MOVED), folder) as served:
        yield served


@pytest.fixture
def listed(site: Workspace, offered: Mirror) -> Workspace:
    """The workspace, whose uv knows the Pythons that the mirror lists."""
    root = (site.folder / "pyproject.toml").read_text()
    settings = f'[tool.uv]\npython-downloads-json-url = "{offered.url}/downloads.json"\n'
    return site.write("pyproject.toml", f"{settings}\n{root}")


@pytest.fixture(scope="session")
def snapshot() -> Iterator[Archive]:
    with archive.serve() as served:
        yield served


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as index:
        index.wheel("torch", "2.9.1", code="VERSION = 'installed'")
        index.wheel("nvidia_cublas", code="")
        index.wheel("helper", code="VERSION = 'locked'")
        yield index


@pytest.fixture
def training(tmp_path: Path, index: Index) -> Workspace:
    """A service that needs torch and others."""
    made = workspace(tmp_path / "training").service(
        "train", 'dependencies = ["torch", "nvidia-cublas", "helper"]\n'
    )
    return made.lock(*index.locking)
