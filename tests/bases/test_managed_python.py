"""A base without Python gets one of uv's, from a mirror."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bases.images import NO_PYTHON
from tests.errors.index import REACH
from tests.errors.shown import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image
    from tests.bases.mirror import Mirror
    from tests.engine import Engine
    from tests.errors.workspaces import Workspace


@pytest.fixture
def mirrored(listed: Workspace, offered: Mirror) -> Workspace:
    """The workspace, whose uv is told of the mirror."""
    root = (listed.folder / "pyproject.toml").read_text()
    mirror = f'[tool.uv]\npython-install-mirror = "{offered.url}/mirror"\n'
    return listed.write("pyproject.toml", root.replace("[tool.uv]\n", mirror, 1))


def test_base_without_python(
    mirrored: Workspace,
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    offered: Mirror,
    version: str,
    engine: Engine,
) -> None:
    base = based("no-python", NO_PYTHON)
    body = f'base = "{base}"\nuser = "nonroot"\npython = "{version}"\n'
    image = build(body, REACH, engine=engine)
    seen = image.look(
        "/opt/uv-python/python/bin/python3", "/opt/uv-python", options=("--read-only",)
    )
    assert seen["python"] == version
    assert seen["base"] == "/opt/uv-python/python"
    assert seen["uid"] == 65532
    assert seen["files"]["/opt/uv-python"] == [0, 0, "0o755"]
    assert seen["core"].startswith("/app/.venv/lib/python3.13/site-packages/")
    # A layer of its own, below the environment, that tells the version.
    history = image.history
    assert history.index(f"Python {version}") == history.index("virtual environment") + 1
    # Its standard library is compiled: nobody else can do it in this container.
    cached = "import json, os; print(os.path.exists(json.__cached__))"
    assert image.python("-c", cached) == "True\n"
    # What the mirror does not see is not downloaded again.
    assert any(path.endswith(".tar.gz") for path in offered.asked)


def test_python_stays_while_the_mirror_is_gone(
    mirrored: Workspace,
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    version: str,
    offered: Mirror,
) -> None:
    """What was installed once is neither looked up nor downloaded again by later builds."""
    body = f'base = "{based("no-python", NO_PYTHON)}"\npython = "{version}"\n'
    first = build(body, REACH)
    offered.asked.clear()
    mirrored.write("services/api/main.py", "import sys; print(sys.version.split()[0])\n")
    second = build(body, REACH)
    assert offered.asked == []
    assert [v.name for v in second.build.executed if "Python" in v.name] == []
    assert first.engine.run(second.name).stdout.strip() == version


def test_mirror_in_the_build_context(
    site: Workspace,
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    offered: Mirror,
    version: str,
) -> None:
    """Without any network, and with a list of downloads of one's own."""
    for path, data in offered.files.items():
        if path.startswith("/mirror/"):
            target = site.folder / path.strip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    body = f'base = "{based("no-python", NO_PYTHON)}"\npython = "{version}"\n'
    body += 'python-mirror = "mirror"\n'
    listed = offered.files["/downloads.json"]
    root = (site.folder / "pyproject.toml").read_text()
    (site.folder / "mirror/downloads.json").write_bytes(listed)
    json.loads(listed)
    setting = '[tool.uv]\npython-downloads-json-url = "mirror/downloads.json"\n'
    site.write("pyproject.toml", f"{setting}\n{root}")
    image = build(body, "--network=none")
    assert image.look()["python"] == version


def test_no_mirror_that_can_be_reached(
    site: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    body = f'base = "{based("no-python", NO_PYTHON)}"\npython-mirror = "http://127.0.0.1:9"\n'
    site.write("Dockerfile", f'# syntax=org/uv-frontend\npackage = "api"\n{body}')
    shown = fail(docker28, site.folder, REACH)
    assert shown.title.startswith("Python 3.13.")
    assert " cannot be installed for uv-frontend-test/base-no-python: exit code: " in shown.title
    assert shown.remedy.startswith("What uv printed stands above.")


def test_hermetic_builds_download_none(
    site: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    body = f'base = "{based("no-python", NO_PYTHON)}"\nhermetic = true\n'
    site.write("Dockerfile", f'# syntax=org/uv-frontend\npackage = "api"\n{body}')
    shown = fail(docker28, site.folder)
    assert shown.title == (
        "a hermetic build cannot download a Python, and the base has none that fits"
    )
    assert shown.where == "Dockerfile:4\nhermetic = true"


def test_none_but_the_bases_own(
    site: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    body = f'base = "{based("no-python", NO_PYTHON)}"\nmanaged-python = false\n'
    site.write("Dockerfile", f'# syntax=org/uv-frontend\npackage = "api"\n{body}')
    assert fail(docker28, site.folder).title == "uv-frontend-test/base-no-python has no Python"
