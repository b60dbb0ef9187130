"""Where the build file may be, and which ignore file holds."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.contexts.shop import DOCKERFILE, SAID, Made, make
from tests.errors.index import REACH
from tests.errors.shown import fail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contexts.server import Site
    from tests.engine import Engine

#: Not in the shop's own Dockerfile, so that it is seen whether the file was read.
OTHER = DOCKERFILE + 'workdir = "/srv"\n'
FRONTEND = {"BUILDKIT_SYNTAX": "org/uv-frontend", "package": "api"}


@pytest.fixture(scope="module")
def local(docker28: Engine, shop: Path) -> Made:
    return make(docker28, shop)


@pytest.fixture
def bare(shop: Path, tmp_path: Path) -> Path:
    """The shop without a Dockerfile."""
    folder = tmp_path / "bare"
    shutil.copytree(shop, folder, ignore=shutil.ignore_patterns(".git"))
    (folder / "Dockerfile").unlink()
    return folder


def workdir(engine: Engine, made: Made) -> str:
    form = "{{.Config.WorkingDir}}"
    return engine.docker("image", "inspect", "--format", form, made.image).stdout.strip()


def test_standard_input(docker28: Engine, bare: Path) -> None:
    made = make(docker28, bare, "--file=-", stdin=OTHER)
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_standard_input_and_a_context_from_git(docker28: Engine, repository: str) -> None:
    made = make(docker28, repository, "--file=-", stdin=OTHER)
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_outside_the_context(docker28: Engine, bare: Path, tmp_path: Path) -> None:
    (tmp_path / "api.toml").write_text(OTHER)
    made = make(docker28, bare, dockerfile=tmp_path / "api.toml")
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_outside_of_a_context_from_git(docker28: Engine, repository: str, tmp_path: Path) -> None:
    (tmp_path / "api.toml").write_text(OTHER)
    made = make(docker28, repository, dockerfile=tmp_path / "api.toml")
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_at_an_address(docker28: Engine, bare: Path, site: Site) -> None:
    site.files["Dockerfile"] = OTHER.encode()
    made = make(docker28, bare, f"--file={site.url}/Dockerfile")
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_address_of_a_build_file_in_place_of_a_context(docker28: Engine, site: Site) -> None:
    """It is read, and brings no workspace, as it brings no files to a Dockerfile's COPY."""
    site.files["Alone"] = OTHER.encode()
    shown = fail(docker28, f"{site.url}/Alone", REACH)
    assert shown.title == "there is no pyproject.toml in the build context"
    site.files["Alone"] = b"# syntax=org/uv-frontend\nnonsense = 1\n"
    shown = fail(docker28, f"{site.url}/Alone", REACH)
    assert shown.title == "unknown key 'nonsense' in context"


def test_manifest_with_the_syntax_line(docker28: Engine, bare: Path, local: Made) -> None:
    manifest = bare / "pyproject.toml"
    table = '\n[tool.uv-frontend]\npackage = "api"\nworkdir = "/srv"\n'
    manifest.write_text(f"# syntax=org/uv-frontend\n{manifest.read_text()}{table}")
    made = make(docker28, bare, dockerfile=manifest)
    assert (made.said, workdir(docker28, made)) == (SAID, "/srv")


def test_no_edit_and_no_file(docker28: Engine, bare: Path, local: Made) -> None:
    manifests = [bare / "pyproject.toml", bare / "services/api/pyproject.toml"]
    for dockerfile in (None, *manifests):
        made = make(docker28, bare, dockerfile=dockerfile, arguments=FRONTEND)
        assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)


@pytest.mark.parametrize("filename", ["Dockerfile", "api.toml"])
def test_ignore_files(docker28: Engine, bare: Path, filename: str) -> None:
    """The one that is named like the build file takes the place of the other one."""
    (bare / filename).write_text(DOCKERFILE)
    (bare / ".dockerignore").write_text("libs\n")
    shown = fail(docker28, bare, REACH, f"--file={bare / filename}")
    assert shown.title.startswith(".dockerignore keeps package 'core' out of the build")
    (bare / f"{filename}.dockerignore").write_text("**/*.md\n")
    assert make(docker28, bare, dockerfile=bare / filename).said == SAID
    (bare / f"{filename}.dockerignore").write_text("services/api/main.py\n")
    made = docker28.build(bare, REACH, f"--file={bare / filename}", tag="uv-frontend-test/ignored")
    assert made.ok
    assert docker28.run("uv-frontend-test/ignored", check=False).returncode == 2
