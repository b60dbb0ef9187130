"""`required-version`, and another release of uv in an image, named by the key `uv`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from frontend.model.uv import UV_VERSION
from frontend.resolve.export import uv_binary
from tests.contexts.shop import DOCKERFILE, SAID, make
from tests.errors.index import REACH
from tests.errors.shown import fail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine

#: A release of another series, whose cache and locks have another form.
OTHER = "0.12.5"
IMAGE = f"uv-frontend-test/uv:{OTHER}"


@pytest.fixture(scope="module")
def image(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of that release, made as the official ones are."""
    folder = tmp_path_factory.mktemp("uv")
    command = [uv_binary(), "pip", "install", "--quiet", "--no-deps", f"uv=={OTHER}"]
    command += ["--python", sys.executable, "--target", str(folder / "wheel")]
    subprocess.run(command, check=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY wheel/bin/uv /uv\n")
    docker28.build(folder, "--provenance=false", tag=IMAGE)
    docker28.publish(IMAGE)
    return IMAGE


@pytest.fixture
def asking(shop: Path, tmp_path: Path) -> Path:
    """The shop, whose uv.toml asks for that release."""
    folder = shutil.copytree(shop, tmp_path / "shop")
    (folder / "uv.toml").write_text(f'no-cache = true\nrequired-version = "=={OTHER}"\n')
    return folder


def test_a_release_that_is_not_admitted_is_refused(docker28: Engine, asking: Path) -> None:
    shown = fail(docker28, asking, REACH)
    assert shown.title == (
        f"tool.uv.required-version asks for =={OTHER}; the frontend has uv {UV_VERSION}"
    )
    assert shown.where == f'uv.toml:2\nrequired-version = "=={OTHER}"'
    assert 'uv = "NAME:TAG"' in shown.remedy


def test_the_release_of_an_image_installs(docker28: Engine, asking: Path, image: str) -> None:
    (asking / "Dockerfile").write_text(f'{DOCKERFILE}uv = "{image}"\n')
    made = make(docker28, asking)
    assert made.said == SAID
    told = docker28.run(made.image, "cat", "/app/.venv/pyvenv.cfg").stdout
    assert f"uv = {OTHER}\n" in told
    # It is held to what the workspace asks for, too.
    (asking / "uv.toml").write_text('required-version = ">=0.12.6"\n')
    shown = fail(docker28, asking, REACH)
    assert shown.title == (f"tool.uv.required-version asks for >=0.12.6; {image} has uv {OTHER}")
    assert {excerpt.file for excerpt in shown.excerpts} == {"Dockerfile", "uv.toml"}


def test_whoever_skips_the_rule_gets_the_frontends_own(docker28: Engine, asking: Path) -> None:
    skipped = {"BUILDKIT_DOCKERFILE_CHECK": "skip=RequiredVersion"}
    assert make(docker28, asking, arguments=skipped).said == SAID


def test_an_image_that_is_not_there(docker28: Engine, asking: Path) -> None:
    (asking / "Dockerfile").write_text(f'{DOCKERFILE}uv = "uv-frontend-test/uv:none"\n')
    shown = fail(docker28, asking, REACH)
    assert shown.title.startswith("uv image uv-frontend-test/uv:none cannot be used: ")
    assert shown.where == 'Dockerfile:3\nuv = "uv-frontend-test/uv:none"'
