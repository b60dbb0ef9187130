"""`no-build` and `no-binary`, for all packages and for some: kept, or refused before any step."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH, Index, serve
from tests.errors.shown import fail
from tests.errors.workspaces import Workspace, workspace
from tests.kinds.projects import project, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

IMAGE = "uv-frontend-test/kinds-rules"
ROOT = """\
    [tool.uv.workspace]
    members = ["services/*", "libs/*"]

    [tool.uv.sources]
    core = { workspace = true }
    beside = { path = "beside" }

    """
CODE = """\
    [tool.uv-frontend]
    cmd = ["python", "-c", "import core, both; print(both.__dict__.get('VERSION', 'built'))"]
    """


@pytest.fixture
def index() -> Iterator[Index]:
    """An index with a package of both kinds, one with wheels alone, one with sources alone."""
    with serve() as served:
        served.wheel("both", code="VERSION = 'wheel'").wheel("packed")
        served.files |= {"both-1.0.tar.gz": sdist("both"), "source-1.0.tar.gz": sdist("source")}
        yield served


def shop(folder: Path, index: Index, rules: str, *needs: str) -> Workspace:
    """A service that needs a member and `needs`, in a workspace with `rules` as settings of uv."""
    found = workspace(folder).write("pyproject.toml", f"{dedent(ROOT)}[tool.uv]\n{rules}\n")
    found.service("api", f"dependencies = {['core', *needs]}\n")
    manifest = folder / "services/api/pyproject.toml"
    manifest.write_text(manifest.read_text() + dedent(CODE))
    for name in ("libs/core", "beside"):
        for path, text in project(name.rpartition("/")[2]).items():
            found.write(f"{name}/{path}", text)
    return found.lock(*index.locking, "--no-cache")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        # Members are built in any case.
        ("no-build = true", "wheel"),
        ('no-build-package = ["core", "both"]', "wheel"),
        ('no-build = true\nno-binary-package = ["both"]', "built"),
        ('no-binary = true\nno-build-package = ["packed"]', "built"),
    ],
)
def test_kept(docker28: Engine, tmp_path: Path, index: Index, rules: str, said: str) -> None:
    found = shop(tmp_path, index, rules, "both", "packed")
    docker28.build(found.folder, REACH, tag=IMAGE, build_args={"package": "api"})
    assert docker28.run(IMAGE).stdout == f"{said}\n"


@pytest.mark.parametrize(
    ("rules", "need", "title", "remedy"),
    [
        (
            "no-build = true",
            "source",
            "source 1.0 would be built from source, and no-build forbids it",
            'no-binary-package = ["source"]',
        ),
        (
            'no-build-package = ["source"]',
            "source",
            "source 1.0 would be built from source, and no-build-package forbids it",
            "take it off that list",
        ),
        (
            "no-build = true",
            "beside",
            "beside 1.0 would be built from source, and no-build forbids it",
            'no-binary-package = ["beside"]',
        ),
        (
            "no-binary = true",
            "packed",
            "packed 1.0 has no source distribution in the lock, and no-binary wants it built "
            "from one",
            'no-build-package = ["packed"]',
        ),
        (
            'no-binary-package = ["packed"]',
            "packed",
            "packed 1.0 has no source distribution in the lock, and no-binary-package wants it "
            "built from one",
            "Take it off that list",
        ),
    ],
)
def test_refused(
    docker28: Engine, tmp_path: Path, index: Index, rules: str, need: str, title: str, remedy: str
) -> None:
    found = shop(tmp_path, index, rules, need)
    shown = fail(docker28, found.folder, REACH, package="api")
    assert shown.title == title
    assert remedy in shown.remedy
    # In the order that the engine gives them.
    lock, setting = sorted(shown.excerpts, key=lambda each: each.file, reverse=True)
    assert str(setting) == f"pyproject.toml:9\n{rules}"
    assert lock.file == "uv.lock"
    assert f'name = "{need}"' in lock.marked
