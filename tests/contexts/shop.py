"""A workspace with everything that a context has to bring: a service, a library, a dependency.

What the image prints tells which library is in it.
"""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.errors.index import REACH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.engine import Build, Engine
    from tests.errors.index import Index
    from tests.errors.workspaces import Workspace

SOURCES = """\
    [tool.uv.workspace]
    members = ["services/*", "libs/*"]

    [tool.uv.sources]
    core = { workspace = true }
    """
SERVICE = """\
    [project]
    name = "api"
    version = "1.0"
    requires-python = ">=3.11"
    dependencies = ["core", "greeting"]

    [tool.uv]
    package = false

    [tool.uv-frontend]
    cmd = ["python", "main.py"]
    """
MAIN = """\
    import core
    import greeting

    print(greeting.TEXT, core.NAME)
    """
DOCKERFILE = '# syntax=org/uv-frontend\npackage = "api"\n'
SAID = "good morning core\n"
_NUMBERS = itertools.count(1)
_STEP = re.compile(r"\[[0-9]+/[0-9]+\] (.*)")


def fill(workspace: Workspace, index: Index, dockerfile: str = DOCKERFILE) -> Workspace:
    """Write the workspace, lock it, and commit everything to a git repository."""
    index.wheel("greeting", code="TEXT = 'good morning'")
    workspace.write("pyproject.toml", SOURCES)
    workspace.write("services/api/pyproject.toml", SERVICE)
    workspace.write("services/api/main.py", MAIN)
    workspace.library("core").write("libs/core/__init__.py", "NAME = 'core'\n")
    workspace.write("Dockerfile", dockerfile).lock(*index.locking)
    git(workspace.folder, "init", "--quiet", "--initial-branch=main")
    commit(workspace.folder, "the shop")
    return workspace


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    command = ["git", *identity, "-c", "safe.directory=*", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Commit everything in a folder, and return the commit's name."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def pack(folder: Path, target: Path, owner: int = 0) -> Path:
    """Write an archive, packed as the ending of its name says, of all but the repository.

    The files belong to user number `owner`, as in an archive that somebody has made at home.
    """

    def prepared(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = owner
        return None if "/.git" in entry.name else entry

    data = io.BytesIO()
    packing = target.suffix.removeprefix(".").replace("tar", "")
    mode: str = f"w:{packing}"
    # Of the other format BuildKit's own frontend, which reads the first line, knows nothing.
    form = tarfile.GNU_FORMAT
    with tarfile.open(fileobj=data, mode=mode, format=form) as tar:  # type: ignore[call-overload]
        tar.add(folder, arcname=".", filter=prepared)
    target.write_bytes(data.getvalue())
    return target


@dataclass(frozen=True)
class Made:
    """A build of the shop: the image's layers by their digests, and what a container prints."""

    build: Build = field(repr=False)
    image: str
    layers: tuple[str, ...]
    said: str

    @property
    def executed(self) -> list[str]:
        """The titles of the steps that installed something."""
        found = (_STEP.fullmatch(vertex.name) for vertex in self.build.executed)
        return sorted(match[1] for match in found if match)


def make(
    engine: Engine,
    context: Path | str,
    *options: str,
    dockerfile: Path | None = None,
    stdin: str | Path | None = None,
    arguments: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Made:
    """Build the shop's service from `context`, and run it."""
    # A name of its own: engines remove what an image loses whose name another one gets.
    image = f"uv-frontend-test/contexts-{next(_NUMBERS)}"
    build = engine.build(
        context,
        REACH,
        "--provenance=false",
        *options,
        tag=image,
        dockerfile=dockerfile,
        build_args=arguments,
        stdin=stdin,
        env=env,
    )
    return Made(build, image, layers(engine, image), engine.run(image).stdout)


def layers(engine: Engine, image: str) -> tuple[str, ...]:
    """The digests of an image's layers, the lowest first."""
    form = '{{join .RootFS.Layers " "}}'
    return tuple(engine.docker("image", "inspect", "--format", form, image).stdout.split())
