"""Versions of members that are made from git: by every plugin, told, and neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.kinds.checkout import DOCKERFILE, git, lock, write
from tests.secrets.git_server import IMAGE as WITH_GIT
from tests.secrets.git_server import provide

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build, Engine

IMAGE = "uv-frontend-test/kinds-versions"
NAMES = ("scm", "hatched", "dynamic")


def manifest(name: str, backend: str, requires: str, more: str) -> str:
    return (
        f'[project]\nname = "{name}"\ndynamic = ["version"]\nrequires-python = ">=3.11"\n'
        f"[build-system]\nrequires = {requires}\n"
        f'build-backend = "{backend}"\n{more}'
    )


FILES = {
    "Dockerfile": f'{DOCKERFILE}package = "svc"\nbuilder = "{WITH_GIT}"\n',
    # What locking has setuptools write beside the sources.
    ".gitignore": "*.egg-info\n",
    "pyproject.toml": """\
        [project]
        name = "svc"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["scm", "hatched", "dynamic"]
        [project.scripts]
        svc = "svc:main"
        [build-system]
        requires = ["uv_build"]
        build-backend = "uv_build"
        [tool.uv.workspace]
        members = ["libs/*"]
        [tool.uv.sources]
        scm = { workspace = true }
        hatched = { workspace = true }
        dynamic = { workspace = true }
        """,
    "src/svc/__init__.py": f"""\
        import json
        from importlib.metadata import version
        def main():
            print(json.dumps({{name: version(name) for name in {NAMES!r}}}))
        """,
    "libs/scm/pyproject.toml": manifest(
        "scm",
        "setuptools.build_meta",
        '["setuptools", "setuptools-scm"]',
        '[tool.setuptools_scm]\nroot = "../.."\n',
    ),
    "libs/scm/src/scm/__init__.py": "",
    "libs/hatched/pyproject.toml": manifest(
        "hatched",
        "hatchling.build",
        '["hatchling", "hatch-vcs"]',
        '[tool.hatch.version]\nsource = "vcs"\nraw-options = { root = "../.." }\n',
    ),
    "libs/hatched/src/hatched/__init__.py": "",
    "libs/dynamic/pyproject.toml": manifest(
        "dynamic",
        "hatchling.build",
        '["hatchling", "uv-dynamic-versioning"]',
        '[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n',
    ),
    "libs/dynamic/src/dynamic/__init__.py": "",
}


@pytest.fixture(scope="module")
def checkout(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    provide(docker28, tmp_path_factory.mktemp("git"))
    folder = write(tmp_path_factory.mktemp("versions"), FILES)
    git(folder, "init", "--quiet", "--initial-branch=main")
    lock(folder)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    git(folder, "tag", "v2.3.0")
    return folder


def told(engine: Engine, folder: Path, tag: str, *options: str) -> tuple[dict[str, str], Build]:
    build = engine.build(folder, *options, tag=f"{IMAGE}-{tag}")
    found: dict[str, str] = json.loads(engine.run(f"{IMAGE}-{tag}").stdout)
    return found, build


def test_from_the_last_commit(docker28: Engine, checkout: Path) -> None:
    found, _ = told(docker28, checkout, "tagged")
    assert found == dict.fromkeys(NAMES, "2.3.0")


def test_what_is_not_committed_changes_no_version(docker28: Engine, checkout: Path) -> None:
    (checkout / "libs/scm/src/scm/__init__.py").write_text("new = True\n")
    found, _ = told(docker28, checkout, "edited")
    assert found == dict.fromkeys(NAMES, "2.3.0")


def test_told(docker28: Engine, checkout: Path) -> None:
    found, _ = told(docker28, checkout, "told", "--build-arg=version=3.1.4")
    assert found == dict.fromkeys(NAMES, "3.1.4")


def test_no_git_directory(docker28: Engine, checkout: Path) -> None:
    (checkout / ".dockerignore").write_text(".git\n")
    found, build = told(docker28, checkout, "without-git")
    (checkout / ".dockerignore").unlink()
    assert found == dict.fromkeys(NAMES, "0.0.0")
    (warning,) = build.progress.warnings
    assert "is made from git, and the build context has no git directory" in warning.short


def test_digests_count_the_version(docker28: Engine, checkout: Path) -> None:
    def parts() -> dict[str, Any]:
        call = (*docker28.build_command(), "--call=affected,format=json")
        done = docker28.docker(*call, checkout)
        found: dict[str, Any] = json.loads(done.stdout)["packages"][0]["parts"]
        return found

    before = parts()
    assert before["versions"] == dict.fromkeys(NAMES, "2.3.0")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message=second")
    git(checkout, "tag", "v2.4.0")
    after = parts()
    assert after["versions"] == dict.fromkeys(NAMES, "2.4.0")
    assert {key for key in before if before[key] != after[key]} == {"versions"}
