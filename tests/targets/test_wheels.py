"""`wheels`: files that install elsewhere, and nothing but these."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from frontend.resolve.export import uv_binary
from tests.errors.shown import fail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.conftest import Site

NAMES = ["api-1.0-py3-none-any.whl", "core-2.0-py3-none-any.whl"]


@pytest.fixture(scope="module")
def wheels(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's wheels."""
    place = tmp_path_factory.mktemp("wheels")
    site.build("wheels", f"--output={place}")
    return place


def test_they_are_all_there_is(wheels: Path) -> None:
    assert sorted(path.name for path in wheels.rglob("*")) == NAMES


def test_they_hold_the_code(wheels: Path) -> None:
    with zipfile.ZipFile(wheels / NAMES[0]) as wheel:
        assert "api/__init__.py" in wheel.namelist()
        assert not [name for name in wheel.namelist() if "tests" in name]


def test_they_install_elsewhere(wheels: Path, tmp_path: Path) -> None:
    """With this machine's own Python and uv, third-party packages from the index."""
    uv, python = uv_binary(), tmp_path / "venv/bin/python"
    env = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache")}
    for command in (
        ["venv", "--quiet", "--python", sys.executable, tmp_path / "venv"],
        ["pip", "install", "--quiet", "--python", python, "--find-links", wheels, "api"],
    ):
        subprocess.run([uv, *map(str, command)], check=True, env=env, cwd=tmp_path)
    script = python.with_name("api")
    told = subprocess.run([script], check=True, capture_output=True, text=True)
    assert told.stdout == "hello core xn--4ca\n"


def test_they_are_the_same_once_more(site: Site, wheels: Path, tmp_path: Path) -> None:
    """Built again from nothing, though every file has another time."""
    for path in (site.folder / "services/api").rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    site.build("wheels", f"--output={tmp_path}", "--no-cache")
    assert [(tmp_path / n).read_bytes() for n in NAMES] == [
        (wheels / n).read_bytes() for n in NAMES
    ]


def test_a_package_that_is_not_built_brings_those_that_it_needs(site: Site, tmp_path: Path) -> None:
    site.build("wheels", f"--output={tmp_path}", package="notes")
    assert [path.name for path in tmp_path.iterdir()] == NAMES[1:]


def test_nothing_to_build_is_an_error(site: Site) -> None:
    shown = fail(site.engine, site.folder, "--target=wheels", package="lonely")
    assert shown.title == "there are no wheels of 'lonely': neither it nor what it needs is built"
    assert shown.where.startswith("services/lonely/pyproject.toml:1")
