"""A workspace whose every kind of package comes from an index, and an engine that reaches it."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import Index, serve
from tests.errors.workspaces import BACKEND, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = """\
    [tool.uv.workspace]
    members = ["services/*", "libs/*"]

    [dependency-groups]
    build = ["packer"]

    [tool.uv.sources]
    core = { workspace = true }
    """
SERVICE = """\
    [project]
    name = "api"
    version = "1.0"
    requires-python = ">=3.11"
    dependencies = ["core", "greeting", "shouting"]

    [tool.uv]
    package = false

    [tool.uv-frontend]
    hermetic = true
    cmd = ["python", "-c", "import core, greeting, shouting; print(greeting.TEXT, core.NAME)"]
    """
LIBRARY = """\
    [project]
    name = "core"
    version = "1.0"
    requires-python = ">=3.11"

    [build-system]
    requires = ["packer>=1"]
    build-backend = "packer"
    """
#: For an sdist, whose folder has another name: packs what stands beside it.
SDIST = BACKEND.replace("Path.cwd().name", "'shouting'")


@pytest.fixture(autouse=True)
def _private_engine(request: pytest.FixtureRequest) -> None:
    """The engine has to share the loopback address with these tests."""
    for name in ("engine", "docker28"):
        if name in request.fixturenames and request.getfixturevalue(name).kind is None:
            pytest.skip("needs an engine of the tests' own")


def fill(folder: Path, index: Index) -> Workspace:
    """Publish what the workspace needs, write it and lock it."""
    index.wheel("greeting", code="TEXT = 'good morning'")
    index.wheel("packer", code=dedent(BACKEND))
    index.sdist("shouting", SDIST)
    declared = f'\n[[tool.uv.index]]\nname = "corp"\nurl = "{index.url}/simple"\ndefault = true\n'
    if index.account:
        declared += 'authenticate = "always"\n'
    found = workspace(folder).write("pyproject.toml", dedent(ROOT) + declared)
    found.write("services/api/pyproject.toml", SERVICE)
    found.write("libs/core/pyproject.toml", LIBRARY)
    found.write("libs/core/__init__.py", "NAME = 'core'\n")
    return found.lock(*index.locking)


@pytest.fixture
def index() -> Iterator[Index]:
    """An index."""
    with serve() as served:
        yield served


@pytest.fixture
def shop(tmp_path: Path, index: Index) -> Workspace:
    """The workspace."""
    return fill(tmp_path, index)
