"""The bodies of Dockerfiles on the pages about bases, built and run as they stand there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.bases.images import CONDA, NO_PYTHON, OWN_USER
from tests.docs.pages import Page
from tests.errors.index import REACH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.archive import Archive
    from tests.bases.conftest import Image
    from tests.bases.mirror import Mirror
    from tests.engine import Engine
    from tests.errors.workspaces import Workspace


def bodies(name: str) -> list[str]:
    """What stands below the syntax line in each Dockerfile of a page."""
    found = Page(f"docs/{name}.md").dockerfiles
    assert found
    return [text.partition("\n")[2] for text in found]


def instead(image: str) -> str:
    """The option that puts an image that there is in the place of the page's base."""
    return f"--build-arg=base={image}"


@pytest.mark.parametrize("body", bodies("users"))
def test_users(
    build: Callable[..., Image], based: Callable[[str, str], str], docker28: Engine, body: str
) -> None:
    options: tuple[str, ...] = ()
    if "base = " in body:
        options = (instead(based("conda", CONDA)),)
    image = build(body, *options)
    said = docker28.run(image.name, "python", "-c", "import os; print(os.getuid())").stdout
    asked = re.search(r'^user = "(\w+)', body, re.MULTILINE)
    assert said.strip() == {"nonroot": "65532"}.get(asked[1] if asked else "", "1000")


@pytest.mark.parametrize("body", bodies("system-packages"))
def test_system_packages(build: Callable[..., Image], snapshot: Archive, body: str) -> None:
    day = "{snapshot}" if "apt-snapshot" in body else "now"
    image = build(body, f"--build-arg=apt-mirror={snapshot.url}/debian/{day}", REACH)
    library = "libpq.so.5" if "libpq5" in body else "libxml2.so.2"
    image.python("-c", f"import ctypes; ctypes.CDLL('{library}')")


@pytest.mark.parametrize("body", bodies("base-without-python"))
def test_base_without_python(
    site: Workspace,
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    offered: Mirror,
    version: str,
    body: str,
) -> None:
    image = based("no-python", NO_PYTHON)
    for path, data in offered.files.items():
        target = site.folder / path.replace("/mirror/", "vendor/python/").strip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    root = (site.folder / "pyproject.toml").read_text()
    settings = 'python-downloads-json-url = "downloads.json"\n'
    if "python-mirror" not in body:
        settings += f'python-install-mirror = "{offered.url}/mirror"\n'
    site.write("pyproject.toml", f"[tool.uv]\n{settings}\n{root}")
    made = build(body, instead(image), f"--build-arg=python={version}", REACH)
    assert made.look()["base"] == "/opt/uv-python/python"


@pytest.mark.usefixtures("listed")
def test_gpu_with_user(
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    offered: Mirror,
    version: str,
) -> None:
    """What is added belongs to the base's user, in the layer that adds it; Python to root."""
    (body,) = bodies("gpu-with-user")
    arguments = (f"python={version}", f"python-mirror={offered.url}/mirror")
    base = based("gpu-with-user", NO_PYTHON + OWN_USER)
    made = build(body, instead(base), *(f"--build-arg={each}" for each in arguments), REACH)
    paths = ("/opt/uv-python", "/app", "/app/.venv", "/home/ray", "/home/ray/main.py")
    seen = json.loads(made.engine.run(made.name, "python", "main.py", *paths).stdout)
    assert (seen["uid"], seen["gid"], seen["cwd"]) == (1000, 100, "/home/ray")
    assert seen["base"] == "/opt/uv-python/python"
    files = seen["files"]
    assert files.pop("/opt/uv-python") == [0, 0, "0o755"]
    assert files.pop("/home/ray") == [1000, 100, "0o750"]
    assert {(uid, gid) for uid, gid, _ in files.values()} == {(1000, 100)}
    assert "CUDA_VERSION=13.0" in made.config["Env"]


@pytest.mark.parametrize("body", bodies("base-with-torch"))
def test_base_with_torch(
    training: Workspace, docker28: Engine, based: Callable[[str, str], str], body: str
) -> None:
    from tests.bases.test_provided import SHOW, WITH_TORCH

    image = based("torch", WITH_TORCH)
    training.write("Dockerfile", f"# syntax=org/uv-frontend\n{body}")
    docker28.build(training.folder, instead(image), REACH, tag="uv-frontend-test/page")
    try:
        said = docker28.run("uv-frontend-test/page", "python", "-c", SHOW).stdout
        assert said == "2.9.1 of the base | locked\n"
    finally:
        docker28.docker("rmi", "--force", "uv-frontend-test/page", check=False)
