"""`dev`: what is mounted or synchronised over the sources is what runs."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.caching.scenario import layers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.conftest import Built, Site


def test_it_runs_as_it_is(dev: Built) -> None:
    assert dev.run() == "hello core xn--4ca"


def test_code_comes_from_the_sources(dev: Built) -> None:
    code = "import api, core; print(api.__file__, core.__file__)"
    paths = ["/src/services/api/src/api/__init__.py", "/src/libs/core/src/core/__init__.py"]
    assert dev.python(code).split() == paths


@pytest.mark.parametrize("whole", [True, False], ids=["the workspace", "one member"])
def test_a_mounted_change_is_seen(dev: Built, site: Site, tmp_path: Path, whole: bool) -> None:
    """No build in between: the changed file lies in a folder that is mounted at run time."""
    changed = tmp_path / "checkout"
    shutil.copytree(site.folder, changed)
    (changed / "libs/core/src/core/__init__.py").write_text('NAME = "changed core"\n')
    mount = f"{changed}:/src" if whole else f"{changed}/libs/core:/src/libs/core"
    assert dev.run(options=(f"--volume={mount}",)) == "hello changed core xn--4ca"


def test_a_copied_change_is_seen(dev: Built, tmp_path: Path) -> None:
    """As `develop.watch` of compose does it: a file is copied into the running container."""
    file = tmp_path / "__init__.py"
    file.write_text('NAME = "copied core"\n')
    sleep = ("--detach", "--entrypoint=sleep", dev.image, "300")
    container = dev.engine.docker("run", *sleep).stdout.strip()
    try:
        dev.engine.docker("cp", file, f"{container}:/src/libs/core/src/core/__init__.py")
        told = dev.engine.docker("exec", container, "api").stdout
    finally:
        dev.engine.docker("rm", "--force", container)
    assert told == "hello copied core xn--4ca\n"


def test_default_groups_are_installed(dev: Built, image: Built) -> None:
    find = "import importlib.util as u; print(bool(u.find_spec('pytest')))"
    assert (dev.python(find), image.python(find)) == ("True", "False")


def test_containers_start_in_the_package(dev: Built) -> None:
    config = json.loads(dev.engine.docker("image", "inspect", dev.image).stdout)[0]["Config"]
    assert config["WorkingDir"] == "/src/services/api"
    assert config["Entrypoint"] == ["/app/.venv/bin/api"]


def test_the_environment_below_the_packages_is_that_of_the_image(dev: Built, image: Built) -> None:
    ours, theirs = layers(dev.engine, dev.image), layers(image.engine, image.image)
    assert ours["virtual environment"] == theirs["virtual environment"]


def test_sources_hold_no_traces_of_the_build(dev: Built) -> None:
    found = dev.run("/src", "-type", "f", options=("--entrypoint=find",)).split()
    assert sorted(found) == [
        "/src/libs/core/pyproject.toml",
        "/src/libs/core/src/core/__init__.py",
        "/src/pyproject.toml",
        "/src/services/api/pyproject.toml",
        "/src/services/api/src/api/__init__.py",
        "/src/services/api/tests/test_api.py",
    ]


def test_a_package_that_is_not_built_runs_from_its_sources(site: Site) -> None:
    tag = "uv-frontend-test/target-dev-notes"
    site.build("dev", f"--tag={tag}", package="notes")
    try:
        assert site.engine.run(tag).stdout == "notes of core\n"
        assert site.engine.run(tag, "pwd").stdout == "/src/services/notes\n"
    finally:
        site.engine.docker("rmi", "--force", tag, check=False)
