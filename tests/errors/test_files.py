"""Files of the workspace that are missing, kept out of the build, or cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.shown import fail
from tests.errors.workspaces import SOURCES, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine


def test_no_lock(engine: Engine, tmp_path: Path) -> None:
    workspace(tmp_path).service("api")
    shown = fail(engine, tmp_path, package="api")
    assert shown.title == "there is no uv.lock in the build context"
    assert shown.remedy.startswith("Run `uv lock` and commit the file")
    assert shown.where == "pyproject.toml:1\n[tool.uv.workspace]"


def test_no_workspace_at_all(docker28: Engine, tmp_path: Path) -> None:
    workspace(tmp_path / "shop").service("api").lock()
    (tmp_path / "Dockerfile").write_text("# syntax=org/uv-frontend\n")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == "there is no pyproject.toml in the build context"
    assert "or name it with `workspace`" in shown.remedy


def test_no_workspace_where_it_is_said_to_be(docker28: Engine, tmp_path: Path) -> None:
    workspace(tmp_path).service("api").lock()
    (tmp_path / "Dockerfile").write_text('# syntax=org/uv-frontend\nworkspace = "backend"\n')
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == "there is no pyproject.toml in 'backend' of the build context"
    assert shown.where == 'Dockerfile:2\nworkspace = "backend"'


def test_lock_of_an_unknown_schema(docker28: Engine, tmp_path: Path) -> None:
    workspace(tmp_path).service("api").lock().replace("uv.lock", "version = 1\n", "version = 2\n")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == "uv.lock has schema version 2, and this frontend knows 1"
    assert "Use a newer frontend image" in shown.remedy
    assert shown.where == "uv.lock:1\nversion = 2"


def test_build_file_is_no_toml(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.write(
        "Dockerfile",
        """\
        # syntax=org/uv-frontend
        python = "3.13"
        package = api
        """,
    )
    shown = fail(docker28, tmp_path)
    assert shown.title.startswith("Dockerfile is not valid TOML: ")
    assert shown.remedy
    assert shown.where == "Dockerfile:3\npackage = api"


def test_build_file_of_the_builtin_frontend(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.write("Dockerfile", "# syntax=org/uv-frontend\n\nFROM python:3.13-slim\nRUN true\n")
    shown = fail(docker28, tmp_path)
    assert shown.title.startswith("Dockerfile is not valid TOML: ")
    assert "needs no instructions of a Dockerfile" in shown.remedy
    assert shown.where == "Dockerfile:3\nFROM python:3.13-slim"


@pytest.mark.parametrize("manifest", ["pyproject.toml", "services/api/pyproject.toml"])
def test_manifest_is_no_toml(docker28: Engine, tmp_path: Path, manifest: str) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.write(manifest, (tmp_path / manifest).read_text() + "[tool.ruff]\nline-length 100\n")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title.startswith(f"{manifest} is not valid TOML: ")
    assert shown.remedy
    line = (tmp_path / manifest).read_text().count("\n")
    assert shown.where == f"{manifest}:{line}\nline-length 100"


def test_lock_is_no_toml(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api").lock()
    made.replace("uv.lock", "[[package]]\n", "<<<<<<< HEAD\n[[package]]\n")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title.startswith("uv.lock is not valid TOML: ")
    assert "`uv lock`" in shown.remedy
    assert [excerpt.marked for excerpt in shown.excerpts] == [("<<<<<<< HEAD",)]
    assert shown.excerpts[0].file == "uv.lock"


def test_lock_is_damaged(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).library("core").service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    made.replace("uv.lock", '    { name = "core" },\n', '    { name = "kore" },\n')
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title.startswith("uv cannot use this lock: ")
    assert "`kore`" in shown.remedy
    assert shown.remedy.endswith("Check with `uv lock --check`, and mend it with `uv lock`.")
    (excerpt,) = shown.excerpts
    assert (excerpt.file, excerpt.marked) == ("uv.lock", ('{ name = "kore" },',))


def test_lock_is_out_of_date(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).service("api", "dependencies = [\n]\n").lock()
    made.replace("services/api/pyproject.toml", "[\n]", '[\n  "attrs>=25",\n]')
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == (
        "the lock is out of date: 'api' asks for attrs>=25, and the lock does not have that"
    )
    assert shown.remedy.startswith("Run `uv lock` and commit the result")
    assert shown.where == 'services/api/pyproject.toml:6\n"attrs>=25",'


def test_member_is_missing(docker28: Engine, tmp_path: Path) -> None:
    made = workspace(tmp_path).library("core").service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    (tmp_path / "libs").rename(tmp_path / "elsewhere")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == (
        "the lock has package 'core' at libs/core, and the build context has no "
        "libs/core/pyproject.toml"
    )
    assert "if the package is gone, run `uv lock`" in shown.remedy
    (excerpt,) = shown.excerpts
    assert (excerpt.file, excerpt.marked) == ("uv.lock", ('name = "core"',))


@pytest.mark.parametrize("ignore_file", [".dockerignore", "Dockerfile.dockerignore"])
def test_member_is_ignored(docker28: Engine, tmp_path: Path, ignore_file: str) -> None:
    made = workspace(tmp_path).library("core").service("api", 'dependencies = ["core"]\n')
    made.write("pyproject.toml", SOURCES).lock()
    made.write(ignore_file, "# What no image needs.\n**/*.md\n/libs\n!libs/other\n")
    shown = fail(docker28, tmp_path, package="api")
    assert shown.title == (
        f"{ignore_file} keeps package 'core' out of the build: libs/core/pyproject.toml"
    )
    assert "`!libs/core`" in shown.remedy
    assert shown.where == f"{ignore_file}:3\n/libs"
