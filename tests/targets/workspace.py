"""A small workspace: a service, a library that it needs, and two that are not built.

```
api     hatchling    idna         core      group dev: pytest
core    setuptools                          group dev: pytest
notes   not built    idna         core
lonely  not built
```
"""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from examples import lock

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "Dockerfile": "# syntax=org/uv-frontend\n",
    "pyproject.toml": """\
        [tool.uv]
        exclude-newer = "2026-11-01T00:00:00Z"

        [tool.uv.workspace]
        members = ["services/*", "libs/*"]

        [tool.uv.sources]
        core = { workspace = true }

        [tool.pytest.ini_options]
        markers = ["slow: of the workspace's root"]
        addopts = ["--strict-markers"]
        """,
    "services/api/pyproject.toml": """\
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "api"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["core", "idna"]

        [project.scripts]
        api = "api:main"

        [dependency-groups]
        dev = ["pytest"]
        """,
    "services/api/src/api/__init__.py": '''\
        """The service."""

        import core
        import idna

        GREETING = "hello"


        def main() -> None:
            print(GREETING, core.NAME, idna.encode("ä").decode())
        ''',
    "services/api/tests/test_api.py": """\
        import os

        import api
        import pytest


        @pytest.mark.slow
        def test_greeting():
            print("the greeting is", api.GREETING)
            assert api.GREETING == os.environ.get("EXPECTED", "hello")
        """,
    "libs/core/pyproject.toml": """\
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"

        [project]
        name = "core"
        version = "2.0"
        requires-python = ">=3.11"

        [dependency-groups]
        dev = ["pytest"]
        """,
    "libs/core/src/core/__init__.py": 'NAME = "core"\n',
    "services/notes/pyproject.toml": """\
        [project]
        name = "notes"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["core", "idna"]

        [tool.uv]
        package = false

        [tool.uv-frontend]
        cmd = ["python", "main.py"]
        """,
    "services/lonely/pyproject.toml": """\
        [project]
        name = "lonely"
        version = "1.0"
        requires-python = ">=3.11"

        [tool.uv]
        package = false
        """,
    "services/notes/main.py": 'import core\n\nprint("notes of", core.NAME)\n',
}


def write(folder: Path) -> Path:
    """Write and lock the workspace."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    lock.lock(folder)
    return folder
