"""Contexts by name: for the base image, for uv, and for a package of the workspace."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from frontend.model.uv import UV_VERSION
from frontend.resolve.export import uv_binary
from frontend.resolve.uv_image import OLDEST
from tests.contexts.shop import SAID, Made, git, make, pack
from tests.engine.base_image import REPOSITORY, TAG
from tests.errors.index import REACH
from tests.errors.shown import Shown, fail

if TYPE_CHECKING:
    from tests.contexts.server import Site
    from tests.engine import Engine

CORE = "libs/core"


@pytest.fixture(scope="module")
def local(docker28: Engine, shop: Path) -> Made:
    """The image without any named context."""
    return make(docker28, shop)


@pytest.fixture(scope="module")
def other_core(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another checkout of the library, in a repository of its own, with files that it ignores."""
    folder = tmp_path_factory.mktemp("other") / "core"
    shutil.copytree(shop / CORE, folder)
    (folder / "__init__.py").write_text("NAME = 'other core'\n")
    (folder / ".dockerignore").write_text("broken.py\n.dockerignore\n")
    (folder / "broken.py").write_text("this is no Python\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".", ":!broken.py", ":!.dockerignore")
    git(folder, "commit", "--quiet", "--message=core")
    return folder


def refused(engine: Engine, shop: Path, *options: str) -> Shown:
    return fail(engine, shop, REACH, *options)


# --- packages ------------------------------------------------------------------------------------


def test_package_from_a_local_directory(
    docker28: Engine, shop: Path, local: Made, other_core: Path
) -> None:
    made = make(docker28, shop, f"--build-context=core={other_core}")
    assert made.said == "good morning other core\n"
    assert made.executed == ["member: core"]
    assert len(set(made.layers) - set(local.layers)) == 1


def test_package_from_elsewhere(
    docker28: Engine, shop: Path, other_core: Path, site: Site, tmp_path: Path
) -> None:
    """Git, an archive and another image's files give the layer that the local directory gives."""
    expected = make(docker28, shop, f"--build-context=core={other_core}").layers
    repository = site.repository("core", other_core)
    clean = tmp_path / "clean"
    git(tmp_path, "clone", "--quiet", str(other_core), "clean")
    archive = pack(clean, tmp_path / "core.tar.gz", owner=1000)
    site.files[archive.name] = archive.read_bytes()
    (clean / "Dockerfile").write_text("FROM scratch\nCOPY *.py pyproject.toml /\n")
    docker28.build(clean, "--provenance=false", tag="uv-frontend-test/core")
    for where in (
        repository,
        f"{repository}#main",
        f"{site.url}/{archive.name}",
        "docker-image://uv-frontend-test/core",
    ):
        made = make(docker28, shop, f"--build-context=core={where}")
        assert (where, made.executed, made.layers) == (where, [], expected)


def test_root_and_package_both_remote(
    docker28: Engine, repository: str, other_core: Path, site: Site
) -> None:
    address = site.repository("core-too", other_core)
    made = make(docker28, repository, f"--build-context=core={address}")
    assert made.said == "good morning other core\n"


def test_context_of_another_package(docker28: Engine, shop: Path) -> None:
    shown = refused(docker28, shop, f"--build-context=core={shop / 'services/api'}")
    assert shown.title == "the build context core stands for package 'core', and has package 'api'"
    assert shown.where == '[context core]/pyproject.toml:2\nname = "api"'


def test_context_without_a_manifest(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    shown = refused(docker28, shop, f"--build-context=core={tmp_path}")
    assert shown.title == (
        "the build context core stands for package 'core', and has no pyproject.toml"
    )


def test_context_that_is_nearly_called_like_a_package(
    docker28: Engine, shop: Path, other_core: Path
) -> None:
    make(docker28, shop)
    options = [f"--build-context={name}={other_core}" for name in ("cores", "whatever")]
    made = make(docker28, shop, *options)
    assert (made.said, made.executed) == (SAID, [])
    (warning,) = made.build.progress.warnings
    assert warning.short == (
        "no package is called 'cores', so its build context is not used for one. Did you mean core?"
    )


# --- images --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirrored(docker28: Engine) -> str:
    """The base image under another name, with a mark by which it is told."""
    name = f"{docker28.registry.address}/mirror/python:slim"
    dockerfile = f"FROM {REPOSITORY.removeprefix('library/')}:{TAG}\nENV MIRROR=yes\n"
    docker28.build("-", "--provenance=false", "--output=type=registry", tag=name, stdin=dockerfile)
    return name


def environment(engine: Engine, image: str) -> list[str]:
    form = '{{join .Config.Env "\\n"}}'
    return engine.docker("image", "inspect", "--format", form, image).stdout.split("\n")


def test_base_image_from_a_mirror(docker28: Engine, shop: Path, mirrored: str) -> None:
    made = make(docker28, shop, f"--build-context=python:3.13-slim=docker-image://{mirrored}")
    assert made.said == SAID
    assert "MIRROR=yes" in environment(docker28, made.image)
    label = '{{index .Config.Labels "org.opencontainers.image.base.name"}}'
    assert docker28.docker("image", "inspect", "--format", label, made.image).stdout == (
        f"{mirrored}\n"
    )


def test_base_image_from_a_folder(
    docker28: Engine, shop: Path, mirrored: str, tmp_path: Path
) -> None:
    layout = tmp_path / "layout"
    (tmp_path / "Dockerfile").write_text(f"FROM {mirrored}\n")
    docker28.build(tmp_path, "--provenance=false", f"--output=type=oci,tar=false,dest={layout}")
    made = make(docker28, shop, f"--build-context=python:3.13-slim=oci-layout://{layout}")
    assert made.said == SAID
    assert "MIRROR=yes" in environment(docker28, made.image)


def test_builder_image(docker28: Engine, shop: Path, local: Made, mirrored: str) -> None:
    """Its steps run anew, and what they write is the same."""
    made = make(
        docker28,
        shop,
        f"--build-context=builder-image=docker-image://{mirrored}",
        arguments={"builder": "builder-image"},
    )
    assert (made.said, made.layers) == (SAID, local.layers)
    assert "[builder] FROM " + mirrored in [vertex.name for vertex in made.build.vertexes]


def test_base_image_that_is_none(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    shown = refused(docker28, shop, f"--build-context=python:3.13-slim={tmp_path}")
    assert shown.title == (
        "an image is needed, and the build context python:3.13-slim is no image: "
        "local:python:3.13-slim"
    )
    assert "--build-context python:3.13-slim=docker-image://NAME" in shown.remedy


# --- uv ------------------------------------------------------------------------------------------


def test_uv_of_the_user(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    """It is used: the program is another one, so every step runs, and writes the same."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_bytes(Path(uv_binary()).read_bytes() + b"\n")
    (folder / "uv").chmod(0o755)
    local = make(docker28, shop)
    made = make(docker28, shop, f"--build-context=uv={tmp_path}")
    assert (made.said, made.layers) == (SAID, local.layers)
    assert "member: core" in made.executed
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY bin/uv /\n")
    docker28.build(tmp_path, "--provenance=false", tag="uv-frontend-test/uv")
    made = make(docker28, shop, "--build-context=uv=docker-image://uv-frontend-test/uv")
    assert (made.executed, made.layers) == ([], local.layers)


def test_uv_that_does_not_fit(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    shown = refused(docker28, shop, f"--build-context=uv={tmp_path}")
    assert shown.title == "the build context uv has no program uv: local:uv"
    assert UV_VERSION in shown.remedy
    program = tmp_path / "uv"
    program.write_text("#!/opt/uv-frontend/bin/python\nprint('uv 0.4.1 (of long ago)')\n")
    shown = refused(docker28, shop, f"--build-context=uv={tmp_path}")
    assert shown.title == (
        f"the build context uv has uv 0.4.1, and this frontend needs {OLDEST} or later"
    )
    program.write_text("no program at all")
    shown = refused(docker28, shop, f"--build-context=uv={tmp_path}")
    assert shown.title.startswith("the uv of the build context uv does not run: ")
