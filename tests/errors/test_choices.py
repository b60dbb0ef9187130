"""What the user asks for, and the workspace does not have or the frontend does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine

EXTRAS = """\

    [project.optional-dependencies]
    metrics = []
    gpu = []
    cpu = []

    [dependency-groups]
    load-test = []
    """


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path).service("api", EXTRAS).service("worker").library("core").lock()


def test_unknown_package(engine: Engine, shop: Workspace) -> None:
    shown = fail(engine, shop.folder, package="wroker")
    assert shown.title == "the workspace has no package 'wroker'"
    assert shown.remedy == "Did you mean worker? It has api, core, worker."
    assert shown.where == 'pyproject.toml:2\nmembers = ["services/*", "libs/*"]'


def test_unknown_package_in_the_build_file(docker28: Engine, shop: Workspace) -> None:
    shop.write("Dockerfile", f'{DOCKERFILE}\npackage = "checkout"\n')
    shown = fail(docker28, shop.folder)
    assert shown.title == "the workspace has no package 'checkout'"
    assert shown.remedy == "It has api, core, worker."
    assert shown.where == 'Dockerfile:3\npackage = "checkout"'


def test_no_package_named(engine: Engine, shop: Workspace) -> None:
    shown = fail(engine, shop.folder)
    assert shown.title == "the build does not say which package the image is for"
    assert "--build-arg package=NAME" in shown.remedy
    assert shown.remedy.endswith(": api, worker.")
    assert shown.where == 'pyproject.toml:2\nmembers = ["services/*", "libs/*"]'


def test_unknown_extra(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, package="api", extras="metrix")
    assert shown.title == "package 'api' has no extra 'metrix'"
    assert shown.remedy == "Did you mean metrics? It has cpu, gpu, metrics."
    assert shown.where == "services/api/pyproject.toml:6\n[project.optional-dependencies]"


def test_unknown_extra_in_the_build_file(docker28: Engine, shop: Workspace) -> None:
    shop.write("Dockerfile", f'{DOCKERFILE}package = "worker"\nextras = ["metrics"]\n')
    shown = fail(docker28, shop.folder)
    assert shown.title == "package 'worker' has no extra 'metrics'"
    assert shown.remedy == "It has no extras."
    assert shown.where == 'Dockerfile:3\nextras = ["metrics"]'


def test_unknown_group(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, package="api", groups="loadtest")
    assert shown.title == "package 'api' has no group 'loadtest'"
    assert shown.remedy == "Did you mean load-test? It has load-test."
    assert shown.where == "services/api/pyproject.toml:11\n[dependency-groups]"


def test_conflicting_extras(docker28: Engine, shop: Workspace) -> None:
    shop.write(
        "pyproject.toml",
        """\
        [tool.uv]
        conflicts = [
            [{ package = "api", extra = "cpu" }, { package = "api", extra = "gpu" }],
        ]

        [tool.uv.workspace]
        members = ["services/*", "libs/*"]
        """,
    ).lock()
    shown = fail(docker28, shop.folder, package="api", extras="gpu,cpu")
    assert shown.title == "extra 'cpu' and extra 'gpu' of 'api' cannot be installed together"
    assert "choose one of them" in shown.remedy
    assert shown.where == "pyproject.toml:2\nconflicts = ["

    shop.write("Dockerfile", f'{DOCKERFILE}extras = ["gpu", "cpu"]\npackage = "api"\n')
    shown = fail(docker28, shop.folder)
    assert shown.where == 'Dockerfile:2\nextras = ["gpu", "cpu"]'


def test_unknown_key(docker28: Engine, shop: Workspace) -> None:
    shop.write("Dockerfile", f'{DOCKERFILE}package = "api"\nentry-point = "api"\n')
    shown = fail(docker28, shop.folder)
    assert shown.title == "unknown key 'entry-point' in Dockerfile"
    assert shown.remedy == "Did you mean 'entrypoint'?"
    assert shown.where == 'Dockerfile:3\nentry-point = "api"'


@pytest.mark.parametrize("manifest", ["pyproject.toml", "services/api/pyproject.toml"])
def test_unknown_key_in_a_manifest(docker28: Engine, shop: Workspace, manifest: str) -> None:
    text = (shop.folder / manifest).read_text()
    shop.write(manifest, f'{text}\n[tool.uv-frontend]\nvolumes = ["/data"]\n')
    shown = fail(docker28, shop.folder, package="api")
    assert shown.title == f"unknown key 'volumes' in {manifest}"
    assert shown.remedy.startswith("There are: package, workspace, python, ")
    line = text.count("\n") + 3
    assert shown.where == f'{manifest}:{line}\nvolumes = ["/data"]'


def test_unknown_build_argument(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, packge="api")
    assert shown.title == "unknown build argument 'packge'"
    assert shown.remedy == "Did you mean 'package'?"
    # Nothing in a file is wrong; BuildKit shows the line that chose the frontend.
    assert shown.where == "Dockerfile:1\n# syntax=org/uv-frontend"


def test_wrong_value(docker28: Engine, shop: Workspace) -> None:
    shop.write("Dockerfile", f'{DOCKERFILE}package = "api"\nports = [8080, 80800]\n')
    shown = fail(docker28, shop.folder)
    assert shown.title == "key ports[1] is not valid: ports go from 1 to 65535, ranges upwards"
    assert shown.remedy == (
        "ports: ports the service listens on, such as 8080, 53/udp or 8000-8010."
    )
    assert shown.where == "Dockerfile:3\nports = [8080, 80800]"


def test_wrong_value_in_a_manifest(docker28: Engine, shop: Workspace) -> None:
    text = (shop.folder / "services/api/pyproject.toml").read_text()
    shop.write(
        "services/api/pyproject.toml", f"{text}\n[tool.uv-frontend.env]\nDEBUG = 1\nLEVEL = 1.5\n"
    )
    shown = fail(docker28, shop.folder, package="api")
    assert shown.title == "key env.LEVEL is not valid: this must be text: write it in quotes"
    assert shown.remedy.startswith("env: environment of the container: name = text")
    line = text.count("\n") + 4
    assert shown.where == f"services/api/pyproject.toml:{line}\nLEVEL = 1.5"


def test_wrong_value_of_a_build_argument(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, package="api", python="three")
    assert shown.title.startswith("build argument python is not valid: ")
    assert shown.remedy == 'python: Python version in quotes, "3.13" or "3.13.5".'
