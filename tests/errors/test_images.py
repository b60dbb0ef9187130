"""The base image, the builder, their Python, and packages that have nothing for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH, serve
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path / "shop").service("api")


def test_no_such_base(engine: Engine, shop: Workspace) -> None:
    name = f"{engine.registry.address}/python:9.9"
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{name}"\n')
    shown = fail(engine, shop.folder)
    assert shown.title.startswith(f"base image {name} cannot be used: ")
    assert shown.title.endswith("not found")
    assert shown.remedy.startswith("Check the name and tag, that it exists for linux/")
    assert shown.where == f'Dockerfile:3\nbase = "{name}"'


def test_no_such_builder(docker28: Engine, shop: Workspace) -> None:
    name = f"{docker28.registry.address}/python:9.9"
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbuilder = "{name}"\n')
    shown = fail(docker28, shop.folder)
    assert shown.title.startswith(f"builder image {name} cannot be used: ")
    assert shown.where == f'Dockerfile:3\nbuilder = "{name}"'


def test_no_image_reference(docker28: Engine, shop: Workspace) -> None:
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "Python:3.13"\n')
    shown = fail(docker28, shop.folder)
    assert shown.title.startswith("base image: ")
    assert shown.remedy == "A reference is NAME, NAME:TAG or NAME@DIGEST, in lower case."
    assert shown.where == 'Dockerfile:3\nbase = "Python:3.13"'


def test_python_of_the_base_is_too_old(engine: Engine, shop: Workspace) -> None:
    shop.lock().replace("uv.lock", ">=3.11", ">=3.14")
    shop.replace("services/api/pyproject.toml", ">=3.11", ">=3.14")
    shop.write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "python:3.13-slim"\n')
    with (shop.folder / "Dockerfile").open("a") as keys:
        keys.write("managed-python = false\n")
    shown = fail(engine, shop.folder)
    assert shown.title.startswith("python:3.13-slim has Python 3.13.")
    assert shown.title.endswith(", and Python >=3.14 is required")
    assert shown.remedy.startswith("Choose another `base` or `python`, change `requires-python`, ")
    assert shown.where == 'Dockerfile:3\nbase = "python:3.13-slim"'


def test_python_of_the_base_is_another(docker28: Engine, shop: Workspace) -> None:
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\npython = "3.12"\n')
    shop.replace("Dockerfile", 'python = "3.12"', 'python = "3.12"\nmanaged-python = false')
    shown = fail(docker28, shop.folder, base="python:3.13-slim")
    assert shown.title.endswith(", and Python 3.12 is required")
    assert shown.where == "build argument:1\nbase=python:3.13-slim"
    assert "[internal] look for Python" not in shown.build.error


def test_base_without_python(docker28: Engine, shop: Workspace, image: Callable[..., str]) -> None:
    name = image("no-python", "FROM python:3.13-slim\nRUN rm -f /usr/bin/python3*\n")
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{name}"\n')
    with (shop.folder / "Dockerfile").open("a") as keys:
        keys.write("managed-python = false\n")
    shown = fail(docker28, shop.folder)
    assert shown.title == f"{name} has no Python"
    assert "such as python:3.13-slim, " in shown.remedy
    assert shown.where == f'Dockerfile:3\nbase = "{name}"'


def test_base_without_anything(
    docker28: Engine, shop: Workspace, image: Callable[..., str]
) -> None:
    name = image("nothing", "FROM scratch\nCOPY Dockerfile /\n")
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{name}"\n')
    with (shop.folder / "Dockerfile").open("a") as keys:
        keys.write("managed-python = false\n")
    shown = fail(docker28, shop.folder)
    assert shown.title == f"{name} has no Python"
    assert "such as python:3.13-slim, " in shown.remedy
    assert shown.where == f'Dockerfile:3\nbase = "{name}"'


def test_no_wheel_and_no_sdist(engine: Engine, tmp_path: Path) -> None:
    shop = workspace(tmp_path).service("api", 'dependencies = ["greeting"]\n')
    with serve() as index:
        index.wheel("greeting", tag="cp313-cp313-win_amd64")
        index.wheel("greeting", tag="cp313-cp313-macosx_11_0_arm64")
        shop.lock(*index.locking)
        shown = fail(engine, shop.folder, REACH, package="api")
    assert shown.title.startswith("greeting 1.0 has no wheel for Python 3.13 on ")
    assert shown.title.endswith(", and no source distribution")
    assert "Its wheels are for cp313-cp313 on macosx_11_0_arm64, win_amd64." in shown.remedy
    assert shown.excerpts[0].file == "uv.lock"
    assert shown.where.splitlines()[1:] == ['name = "greeting"', 'version = "1.0"']
