"""A workspace with a group of every kind, and images of it.

```
api      extra metrics   groups dev, ops (includes base), modern (Python 3.12), future (Python 4)
worker   extra metrics   groups dev
site     not built
core     needed by api and worker
```
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from examples import lock
from tests.errors.workspaces import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine import Build, Engine

FILES = {
    "Dockerfile": """\
        # syntax=org/uv-frontend
        """,
    "pyproject.toml": """\
        [tool.uv]
        exclude-newer = "2026-11-01T00:00:00Z"

        [tool.uv.workspace]
        members = ["services/*", "core"]

        [dependency-groups]
        shared = ["tabulate"]
        """,
    "services/api/pyproject.toml": """\
        [project]
        name = "api"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["core"]

        [project.optional-dependencies]
        metrics = ["iniconfig"]

        [project.scripts]
        api = "api:main"

        [dependency-groups]
        dev = ["pluggy"]
        base = ["six"]
        ops = ["zipp", { include-group = "base" }]
        modern = ["idna"]
        future = ["toolz"]
        far = [{ include-group = "future" }]

        [tool.uv]
        default-groups = ["dev", "ops"]

        [tool.uv.dependency-groups]
        modern = { requires-python = ">=3.12" }
        future = { requires-python = ">=4" }

        [tool.uv.sources]
        core = { workspace = true }

        [build-system]
        requires = ["uv_build>=0.13,<0.14"]
        build-backend = "uv_build"
        """,
    "services/api/src/api/__init__.py": """\
        def main():
            print("this is api")
        """,
    "services/worker/pyproject.toml": """\
        [project]
        name = "worker"
        version = "2.0"
        requires-python = ">=3.11"
        dependencies = ["core"]

        [project.optional-dependencies]
        metrics = ["wcwidth"]

        [project.scripts]
        worker = "worker:main"

        [dependency-groups]
        dev = ["attrs"]

        [tool.uv.sources]
        core = { workspace = true }

        [build-system]
        requires = ["uv_build>=0.13,<0.14"]
        build-backend = "uv_build"
        """,
    "services/worker/src/worker/__init__.py": """\
        def main():
            print("this is worker")
        """,
    "services/site/pyproject.toml": """\
        [project]
        name = "site"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["core"]

        [tool.uv]
        package = false

        [tool.uv.sources]
        core = { workspace = true }
        """,
    "services/site/main.py": """\
        import core

        print("this is site")
        """,
    "core/pyproject.toml": """\
        [project]
        name = "core"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["markupsafe"]

        [build-system]
        requires = ["uv_build>=0.13,<0.14"]
        build-backend = "uv_build"
        """,
    "core/src/core/__init__.py": "",
    "core/src/core/tests/__init__.py": "",
}
#: Lists what is installed, by name.
_INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps(sorted(d.name.lower() for d in m.distributions(path=[p for p in "
    "__import__('sys').path if p.startswith('/app/')]))))"
)


@dataclass(frozen=True)
class Image:
    """An image that was built, and how."""

    engine: Engine
    name: str
    build: Build

    def run(self, *command: str, entrypoint: str | None = None) -> str:
        """What a container prints."""
        options = [] if entrypoint is None else [f"--entrypoint={entrypoint}"]
        return self.engine.run(self.name, *command, options=options).stdout

    @property
    def installed(self) -> set[str]:
        """The names of what is installed in the environment."""
        found: list[str] = json.loads(self.run("-c", _INSTALLED, entrypoint="python"))
        return set(found)


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace, locked; not to be changed."""
    made = Workspace(tmp_path_factory.mktemp("selection"))
    for name, text in FILES.items():
        made.write(name, dedent(text))
    lock.lock(made.folder)
    return made


@pytest.fixture
def workspace(locked: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it."""
    return Workspace(shutil.copytree(locked.folder, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def made(docker28: Engine) -> Iterator[Callable[..., Image]]:
    """Builds images, and removes them in the end."""
    names: list[str] = []

    def make(workspace: Workspace, *options: str, **arguments: str) -> Image:
        name = f"uv-frontend-test/selection-{len(names)}"
        names.append(name)
        given = {key.replace("_", "-"): value for key, value in arguments.items()}
        return Image(
            docker28, name, docker28.build(workspace.folder, *options, tag=name, build_args=given)
        )

    yield make
    docker28.docker("rmi", "--force", *names, check=False)
