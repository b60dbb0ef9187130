"""Extras, groups and packages that `tool.uv.conflicts` says cannot be installed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.index import serve
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

ROOT = """\
    [tool.uv]
    conflicts = [
        [{ package = "lib", extra = "cpu" }, { package = "lib", extra = "gpu" }],
        [{ package = "api", extra = "old" }, { package = "web", extra = "new" }],
        [{ package = "api", group = "old" }, { package = "web", group = "new" }],
        [{ package = "api" }, { package = "job" }],
    ]

    [tool.uv.workspace]
    members = ["services/*"]

    [tool.uv.sources]
    lib = { workspace = true }
    """
API = """\
    dependencies = ["lib"]
    [project.optional-dependencies]
    small = ["lib[cpu]"]
    large = ["lib[gpu]"]
    old = ["plotter==1.0"]
    [dependency-groups]
    old = ["linter==1.0"]
    """
WEB = """\
    [project.optional-dependencies]
    new = ["plotter==2.0"]
    [dependency-groups]
    new = ["linter==2.0"]
    """
LIB = """\
    [project.optional-dependencies]
    cpu = ["engine==1.0"]
    gpu = ["engine==2.0"]
    """


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with conflicts of each kind."""
    with serve() as index:
        for name in ("plotter", "linter", "engine"):
            index.wheel(name, "1.0").wheel(name, "2.0")
        found = workspace(tmp_path_factory.mktemp("conflicts")).write("pyproject.toml", ROOT)
        found.service("api", API).service("web", WEB).service("lib", LIB)
        found.service("job")
        yield found.lock(*index.locking, "--no-cache")


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ({"extras": "old,new"}, "extra 'old' of 'api' and extra 'new' of 'web'"),
        ({"groups": "old,new"}, "group 'old' of 'api' and group 'new' of 'web'"),
        ({"package": "api,job"}, "package 'api' and package 'job'"),
    ],
)
def test_of_several_packages(
    docker28: Engine, shop: Workspace, arguments: dict[str, str], title: str
) -> None:
    shown = fail(docker28, shop.folder, ca=True, **{"package": "api,web", **arguments})
    assert shown.title == f"{title} cannot be installed together"
    assert "choose one of them" in shown.remedy
    assert shown.where == "pyproject.toml:2\nconflicts = ["


def test_the_line_that_chose_them(docker28: Engine, shop: Workspace) -> None:
    before = (shop.folder / "Dockerfile").read_text()
    shop.write("Dockerfile", f'{DOCKERFILE}package = ["api", "job"]\n')
    shown = fail(docker28, shop.folder)
    assert shown.where == 'Dockerfile:2\npackage = ["api", "job"]'
    shop.write("Dockerfile", before)


def test_of_what_extras_lead_to(docker28: Engine, shop: Workspace) -> None:
    """No extra of the package itself is in conflict."""
    shown = fail(docker28, shop.folder, package="api", extras="small,large")
    assert shown.title == "engine is needed in two versions at once: 1.0 and 2.0"
    assert "`tool.uv.conflicts`" in shown.remedy
    # In the order that the engine gives them.
    assert {each.marked[:2] for each in shown.excerpts} == {
        ('name = "engine"', 'version = "1.0"'),
        ('name = "engine"', 'version = "2.0"'),
    }
