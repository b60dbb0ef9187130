"""Several packages in one image, extras and groups of several kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.pages import Page
from tests.errors.shown import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine import Engine
    from tests.errors.workspaces import Workspace
    from tests.selection.conftest import Image

#: What every package of the workspace needs.
NEEDED = {"core", "markupsafe"}


ONE, DEFAULT, TWO = Page("docs/selection.md").dockerfiles


def test_two_packages_in_one_image(made: Callable[..., Image], workspace: Workspace) -> None:
    """Extras are those of each that has one of the name; the entry point is named."""
    image = made(workspace.write("Dockerfile", TWO))
    assert image.installed == NEEDED | {"api", "worker", "iniconfig", "wcwidth"}
    assert image.run() == "this is worker\n"
    assert image.run(entrypoint="api") == "this is api\n"
    title = '{{index .Config.Labels "org.opencontainers.image.title"}}'
    told = image.engine.docker("image", "inspect", "--format", title, image.name).stdout
    assert told == "api, worker\n"


def test_the_only_script_of_several_packages_runs(
    made: Callable[..., Image], workspace: Workspace
) -> None:
    """What is not built keeps its place in the workspace."""
    workspace.write("Dockerfile", '# syntax=org/uv-frontend\npackage = ["site", "api"]\n')
    image = made(workspace)
    assert image.installed == NEEDED | {"api"}
    assert image.run() == "this is api\n"
    assert image.run("services/site/main.py", entrypoint="python") == "this is site\n"


def test_a_choice_of_scripts_is_refused(docker28: Engine, workspace: Workspace) -> None:
    workspace.write("Dockerfile", '# syntax=org/uv-frontend\npackage = ["api", "worker"]\n')
    shown = fail(docker28, workspace.folder)
    assert shown.title == "the build does not say which package a container runs: api, worker"
    assert shown.where == 'Dockerfile:2\npackage = ["api", "worker"]'


def test_no_group_is_installed_unasked(made: Callable[..., Image], locked: Workspace) -> None:
    assert made(locked, package="api").installed == NEEDED | {"api"}


def test_an_extra_and_a_group(made: Callable[..., Image], workspace: Workspace) -> None:
    """ops includes base."""
    image = made(workspace.write("Dockerfile", ONE))
    assert image.installed == NEEDED | {"api", "iniconfig", "zipp", "six"}


def test_default_groups_are_all_but_dev(made: Callable[..., Image], workspace: Workspace) -> None:
    """The package's list has dev and ops."""
    image = made(workspace.write("Dockerfile", DEFAULT))
    assert image.installed == NEEDED | {"api", "zipp", "six"}


def test_groups_of_packages_and_of_the_root(made: Callable[..., Image], locked: Workspace) -> None:
    """dev is that of both packages, base and modern are one's own, shared is the root's."""
    groups = "dev,base,modern,shared"
    image = made(locked, package="api,worker", groups=groups, cmd="api")
    more = {"pluggy", "attrs", "six", "idna", "tabulate"}
    assert image.installed == NEEDED | {"api", "worker"} | more


def test_a_group_for_another_python_is_refused(docker28: Engine, workspace: Workspace) -> None:
    """Also where it is but included. uv itself would leave its packages out."""
    base = "python:3.13-slim"
    shown = fail(docker28, workspace.folder, package="api", groups="far", base=base)
    assert shown.title.startswith(f"{base} has Python 3.13.")
    assert shown.title.endswith(", and group 'future' requires >=4")
    expected = 'services/api/pyproject.toml:26\nfuture = { requires-python = ">=4" }'
    assert shown.where == expected


def test_a_groups_python_counts_for_the_choice_of_the_base(
    docker28: Engine, workspace: Workspace
) -> None:
    """Of a group that is wanted. There is no such image here, and so it shows which one it is."""
    manifest = "services/api/pyproject.toml"
    workspace.replace(manifest, 'requires-python = ">=4"', 'requires-python = "==3.12.*"')
    shown = fail(docker28, workspace.folder, package="api", groups="far")
    assert shown.title.startswith("base image python:3.12-slim cannot be used: ")
    assert shown.where == f'{manifest}:4\nrequires-python = ">=3.11"'


def test_a_default_group_that_does_not_exist(docker28: Engine, workspace: Workspace) -> None:
    manifest = workspace.folder / "services/worker/pyproject.toml"
    text = manifest.read_text()
    manifest.write_text(f'{text}\n[tool.uv]\ndefault-groups = ["dve"]\n')
    workspace.write("Dockerfile", "# syntax=org/uv-frontend\ndefault-groups = true\n")
    shown = fail(docker28, workspace.folder, package="worker")
    assert shown.title == (
        "tool.uv.default-groups names 'dve', and package 'worker' has no such group"
    )
    assert shown.remedy == "Did you mean dev?"
    line = text.count("\n") + 3
    assert shown.where == f'services/worker/pyproject.toml:{line}\ndefault-groups = ["dve"]'
