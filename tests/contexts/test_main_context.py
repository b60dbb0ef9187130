"""The main context, wherever it is: the same image, of layers that are there already."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.contexts.server import serve
from tests.contexts.shop import DOCKERFILE, SAID, Made, commit, git, make, pack
from tests.errors.shown import fail
from tests.errors.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engines
    from tests.contexts.server import Site
    from tests.engine import Engine

SINGLE = """\
    [project]
    name = "single"
    version = "1.0"
    requires-python = ">=3.11"

    [tool.uv]
    package = false

    [tool.uv-frontend]
    cmd = ["python", "-c", "from pathlib import Path; print(Path('/app/.git/HEAD').exists())"]
    """


@pytest.fixture(scope="module")
def local(docker28: Engine, shop: Path) -> Made:
    """The image of the local directory."""
    return make(docker28, shop)


def test_local_directory(local: Made) -> None:
    assert local.said == SAID


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archive_at_an_address(
    docker28: Engine, shop: Path, local: Made, site: Site, tmp_path: Path, suffix: str
) -> None:
    archive = pack(shop, tmp_path / f"shop.{suffix}", owner=1000)
    site.files[archive.name] = archive.read_bytes()
    made = make(docker28, f"{site.url}/{archive.name}")
    assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)


def test_archive_on_standard_input(
    docker28: Engine, shop: Path, local: Made, tmp_path: Path
) -> None:
    made = make(docker28, "-", stdin=pack(shop, tmp_path / "shop.tar"))
    assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)


@pytest.mark.parametrize(
    "suffix", ["", "#main", "#refs/heads/main", "?branch=main", "?ref=main&submodules=false"]
)
def test_git(docker28: Engine, local: Made, repository: str, suffix: str) -> None:
    made = make(docker28, repository + suffix)
    assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)


@pytest.fixture(scope="module")
def nested(shop: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a commit and a folder of it; what came after that commit is useless."""
    folder = tmp_path_factory.mktemp("nested")
    shutil.copytree(shop, folder / "some/shop", ignore=shutil.ignore_patterns(".git"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    first = commit(folder, "in a folder")
    shutil.rmtree(folder / "some")
    commit(folder, "gone")
    return f"{site.repository('nested', folder)}#{first}:some/shop"


def test_commit_and_folder_of_a_repository(docker28: Engine, local: Made, nested: str) -> None:
    made = make(docker28, nested)
    assert (made.said, made.layers) == (SAID, local.layers)


def test_engines_without_patterns_and_folders(
    engines: Engines, shop: Path, nested: str, tmp_path: Path
) -> None:
    """BuildKit 0.8 copies no patterns and fetches no folders; its own frontend reads no such file.

    Leftovers that an archive brings are still not copied.
    """
    engine = engines.get("docker20")
    local = make(engine, shop)
    copied = shutil.copytree(shop, tmp_path / "copied", ignore=shutil.ignore_patterns(".git"))
    for left in ("services/api/__pycache__/main.pyc", "libs/core/core.egg-info/PKG-INFO"):
        (copied / left).parent.mkdir(parents=True)
        (copied / left).write_text("raise SystemExit")
    made = make(engine, "-", stdin=pack(copied, tmp_path / "shop.tar", owner=1000))
    assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)
    made = make(engine, nested, "--file=-", stdin=DOCKERFILE)
    assert (made.said, made.executed, made.layers) == (SAID, [], local.layers)


def test_a_line_in_a_repository(
    docker28: Engine, shop: Path, local: Made, site: Site, tmp_path: Path
) -> None:
    edited = tmp_path / "edited"
    git(tmp_path, "clone", "--quiet", str(shop), "edited")
    (edited / "libs/core/__init__.py").write_text("NAME = 'edited core'\n")
    commit(edited, "edited")
    made = make(docker28, site.repository("edited", edited))
    assert (made.said, made.executed) == ("good morning edited core\n", ["member: core"])
    again = make(docker28, edited)
    assert (again.executed, again.layers) == ([], made.layers)
    changed = [layer for layer in made.layers if layer not in local.layers]
    assert len(changed) == 1


def test_private_repository(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    """The token goes to git alone: not into the build's output, nor into the image."""
    token = "t0ken-0f-the-repository"
    secret = tmp_path / "token"
    secret.write_text(token)
    (tmp_path / "repositories").mkdir()
    with serve(tmp_path / "repositories", token) as site:
        address = site.repository("private", shop)
        option = f"--secret=id=GIT_AUTH_TOKEN,src={secret}"
        made = make(docker28, address, option)
        assert (made.said, made.executed) == (SAID, [])
        config = docker28.docker("image", "inspect", made.image).stdout
        assert token not in made.build.stderr + config
        shown = fail(docker28, address)
        assert "could not read Username" in shown.message


def test_repository_of_the_root_package(docker28: Engine, site: Site, tmp_path: Path) -> None:
    """Version control is left out of a package, unless it is asked for."""
    made = Workspace(tmp_path / "single").write("Dockerfile", "# syntax=org/uv-frontend\n")
    made.write("pyproject.toml", SINGLE).lock()
    git(made.folder, "init", "--quiet", "--initial-branch=main")
    commit(made.folder, "a project by itself")
    address = site.repository("single", made.folder)
    assert make(docker28, address).said == "False\n"
    assert make(docker28, f"{address}?keep-git-dir=true").said == "True\n"
    keep = {"BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1"}
    assert make(docker28, address, arguments=keep).said == "True\n"
