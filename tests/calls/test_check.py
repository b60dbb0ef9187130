"""Findings of `--call=check` on a real engine, as buildx shows them, and those that builds tell."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from examples import lock
from frontend.findings import PAGE, RULES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.engine import Build, Engine

PASSWORD = "pa55w0rd-in-the-manifest"
SECRET = "s3cret-in-the-environment"
FILES = {
    "Dockerfile": f"""\
        # syntax=org/uv-frontend
        base = "python:3.13-slim"

        [env]
        MODE = "fast"
        API_TOKEN = "{SECRET}"
        """,
    ".dockerignore": """\
        *.log
        **/*.md
        """,
    "pyproject.toml": f"""\
        [tool.uv]
        exclude-newer = "2026-11-01T00:00:00Z"
        required-version = ">=0.5"
        dev-dependencies = []

        [tool.uv.workspace]
        members = ["services/*", "libs/*"]

        [tool.uv.sources]
        core = {{ workspace = true }}
        fast = {{ workspace = true }}

        [[tool.uv.index]]
        name = "unused"
        url = "https://reader:{PASSWORD}@packages.index.example/simple"
        explicit = true
        """,
    "services/api/pyproject.toml": """\
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "api"
        version = "1.0"
        readme = "README.md"
        requires-python = ">=3.11"
        dependencies = ["core", "fast"]

        [tool.uv]
        no-build-package = ["idna"]
        """,
    "services/api/README.md": "The service.\n",
    "services/api/src/api/__init__.py": "",
    "libs/core/pyproject.toml": """\
        [project]
        name = "core"
        version = "1.0"
        requires-python = ">=3.11"

        [tool.uv]
        package = false
        """,
    "libs/fast/pyproject.toml": """\
        [build-system]
        requires = ["setuptools", "setuptools-rust"]
        build-backend = "setuptools.build_meta"

        [project]
        name = "fast"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["docopt==0.6.2"]
        """,
    "libs/fast/src/fast/__init__.py": "",
}
#: Where each rule does not hold: the line that is marked.
PLACES = {
    "StaleLock": ("services/api/pyproject.toml", 'dependencies = ["core", "fast", "idna"]'),
    "MissingWheel": ("uv.lock", 'name = "docopt"'),
    "CompiledMember": ("libs/fast/pyproject.toml", 'requires = ["setuptools", "setuptools-rust"]'),
    "PasswordInAddress": (
        "pyproject.toml",
        'url = "https://packages.index.example/simple"',
    ),
    "IgnoredReadme": (".dockerignore", "**/*.md"),
    "VirtualDependency": ("libs/core/pyproject.toml", "package = false"),
    "RequiredVersion": ("pyproject.toml", 'required-version = "==0.5.0"'),
    "SettingWithoutEffect": ("services/api/pyproject.toml", 'no-build-package = ["idna"]'),
    "SecretInEnv": ("Dockerfile", 'API_TOKEN = "****"'),
    "DeprecatedSetting": ("pyproject.toml", "dev-dependencies = []"),
    "UnpinnedBase": ("Dockerfile", 'base = "python:3.13-slim"'),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which no rule holds."""
    folder = tmp_path_factory.mktemp("check")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    lock.lock(folder)
    edit(folder / "services/api/pyproject.toml", '"fast"]', '"fast", "idna"]')
    edit(folder / "pyproject.toml", '">=0.5"', '"==0.5.0"')
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def check(engine: Engine, folder: Path, *options: str, **arguments: str) -> Build:
    """Ask, which shows no password and makes no layer."""
    given = {"package": "api", **arguments}
    asked = engine.build(folder, *options, build_args=given, check=False)
    for hidden in (PASSWORD, SECRET):
        assert hidden not in asked.report()
        assert hidden not in asked.stdout
    return asked


def answer(asked: Build) -> Any:
    """The document that buildx printed; it ends with 1 where something was found."""
    document = json.loads(asked.stdout)
    assert asked.ok is not bool(document["warnings"])
    return document


def named(document: Any) -> set[str]:
    return {warning["ruleName"] for warning in document["warnings"]}


@pytest.fixture(scope="module")
def found(docker28: Engine, folder: Path) -> Mapping[str, Any]:
    document: dict[str, Any] = answer(check(docker28, folder, "--call=check,format=json"))
    return document


def test_every_rule_is_found_once_with_its_page(found: Mapping[str, Any]) -> None:
    told = {warning["ruleName"]: warning["url"] for warning in found["warnings"]}
    assert len(told) == len(found["warnings"])
    assert told == {rule.name: f"{PAGE}#{rule.name.lower()}" for rule in RULES}


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_a_finding_has_file_and_line(found: Mapping[str, Any], name: str) -> None:
    (warning,) = (w for w in found["warnings"] if w["ruleName"] == name)
    source = found["sources"][warning["location"].get("sourceIndex", 0)]
    lines = b64decode(source["data"]).decode().split("\n")
    (place,) = warning["location"]["ranges"]
    assert (source["filename"], lines[place["start"]["line"] - 1].strip()) == PLACES[name]


def test_people_see_names_pages_and_lines(docker28: Engine, folder: Path) -> None:
    told = check(docker28, folder, "--call=check").stdout
    for rule in RULES:
        assert f"WARNING: {rule.name} - {rule.url}" in told
        assert PLACES[rule.name][1] in told
    assert f"{len(RULES)} warnings have been found" in told


def test_rules_can_be_skipped(docker28: Engine, folder: Path) -> None:
    skip = ",".join(rule.name for rule in RULES if rule.name != "UnpinnedBase")
    argument = {"BUILDKIT_DOCKERFILE_CHECK": f"skip={skip}"}
    document = answer(check(docker28, folder, "--call=check,format=json", **argument))
    assert named(document) == {"UnpinnedBase"}
    argument = {"BUILDKIT_DOCKERFILE_CHECK": "skip=all"}
    told = check(docker28, folder, "--call=check", **argument)
    assert told.ok
    assert "no warnings found" in told.stdout


def test_rules_can_be_skipped_in_the_build_file(
    docker28: Engine, folder: Path, tmp_path: Path
) -> None:
    commented = shutil.copytree(folder, tmp_path / "commented")
    skip = ",".join(rule.name for rule in RULES if rule.name != "UnpinnedBase")
    build_file = commented / "Dockerfile"
    build_file.write_text(f"# check=skip={skip}\n{build_file.read_text()}")
    document = answer(check(docker28, commented, "--call=check,format=json"))
    assert named(document) == {"UnpinnedBase"}


def test_a_build_tells_the_same_but_for_what_has_to_be_asked(
    docker28: Engine, folder: Path
) -> None:
    """Its checks refuse it before a layer is made: the readme's package could not be built.

    A uv that the workspace does not admit is an error, unless that rule is skipped.
    """
    choice = "skip=RequiredVersion;error=true"
    build = check(docker28, folder, lock="warn", BUILDKIT_DOCKERFILE_CHECK=choice)
    pages = {warning.url.rpartition("#")[2] for warning in build.progress.warnings}
    told = {rule.name for rule in RULES if not rule.check_only} - {"RequiredVersion"}
    assert pages == {name.lower() for name in told}
    assert not build.ok
    assert "checks found what they are told to refuse: PasswordInAddress" in build.error
    build = check(docker28, folder, lock="warn", BUILDKIT_DOCKERFILE_CHECK="error=true")
    assert "tool.uv.required-version asks for ==0.5.0; the frontend has uv" in build.error


def test_what_fails_a_build_stands_beside_the_findings(
    docker28: Engine, folder: Path, tmp_path: Path
) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    edit(broken / "Dockerfile", "python:3.13-slim", "python:3.13-slim-of-another-time")
    document = answer(check(docker28, broken, "--call=check,format=json"))
    assert "python:3.13-slim-of-another-time" in document["buildError"]["message"]
    assert {"StaleLock", "UnpinnedBase"} <= named(document)
