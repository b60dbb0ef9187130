"""Findings about the workspace: manifests, ignore file, lock and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frontend import findings
from frontend.lint import workspace
from tests.unit.frontend import builds
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry

if TYPE_CHECKING:
    from frontend.findings import Finding
    from frontend.inputs.inputs import BuildInputs

LOCK = "".join(
    [
        HEAD,
        '\n[manifest]\nmembers = ["api", "core", "meta"]\n',
        package("api", 'editable = "apps/api"', "1.0", edges("dependencies", "core", "meta")),
        package(
            "core",
            'editable = "libs/core"',
            "1.0",
            edges("dependencies", "idna"),
            "[package.metadata]",
            edges("requires-dist", "idna"),
        ),
        package("meta", 'virtual = "libs/meta"', "1.0"),
        registry("idna", "3.0"),
    ]
)
ROOT = '[project]\nname = "shop"\nversion = "0"\n[tool.uv.workspace]\nmembers = ["*/*"]\n'
API = manifest("api", 'dependencies = ["core", "meta"]', version="1.0")
CORE = manifest("core", 'dependencies = ["idna"]', 'readme = "docs/README.md"', version="1.0")
META = manifest("meta", "[tool.uv]", "package = false", version="1.0")


def inputs(
    *, root: str = ROOT, api: str = API, core: str = CORE, ignore: str = "", build_file: str = ""
) -> BuildInputs:
    files = {
        "pyproject.toml": root,
        "uv.lock": LOCK,
        "apps/api/pyproject.toml": api,
        "libs/core/pyproject.toml": core,
        "libs/meta/pyproject.toml": META,
    }
    return builds.inputs(files, "api", ignore=ignore, build_file=build_file)


def broken(read: BuildInputs) -> list[Finding]:
    """Return the findings besides the one that every test here has."""
    found = list(workspace.findings(read))
    assert [f.rule for f in found].count(findings.VIRTUAL_DEPENDENCY) == 1
    return [finding for finding in found if finding.rule is not findings.VIRTUAL_DEPENDENCY]


def test_a_virtual_dependency() -> None:
    (finding,) = workspace.findings(inputs())
    assert finding.text.startswith("'meta' is depended on and is no package")
    assert finding.places[0].source.filename == "libs/meta/pyproject.toml"
    assert META.split("\n")[finding.places[0].start - 1] == "package = false"


def test_a_deprecated_setting() -> None:
    root = f'{ROOT}[tool.uv]\nindex-url = "https://index.example/simple"\n'
    (finding,) = (f for f in broken(inputs(root=root)) if f.rule is findings.DEPRECATED_SETTING)
    assert finding.text == (
        "tool.uv.index-url is deprecated: use [[tool.uv.index]] with `default = true`"
    )
    assert root.split("\n")[finding.places[0].start - 1].startswith("index-url")


def test_a_readme_that_is_ignored() -> None:
    (finding,) = broken(inputs(ignore="*.log\n**/docs\n"))
    assert finding.rule is findings.IGNORED_README
    assert finding.text == (
        ".dockerignore keeps libs/core/docs/README.md out of the build, which package 'core' names "
        "as its readme"
    )
    assert (finding.places[0].source.filename, finding.places[0].start) == (".dockerignore", 2)
    assert broken(inputs(ignore="*.log\n")) == []


def test_a_secret_in_the_environment_is_named_at_its_line_and_not_shown() -> None:
    (finding,) = broken(
        inputs(build_file='[env]\nMODE = "x"\nAPI_TOKEN = "hush"\nEMPTY_KEY = ""\n')
    )
    assert finding.rule is findings.SECRET_IN_ENV
    assert finding.text == "env.API_TOKEN looks like a secret, and is part of the image"
    assert finding.places[0].start == 3
    assert "hush" not in finding.shown[0].source.text
    assert 'MODE = "x"' in finding.shown[0].source.text


@pytest.mark.parametrize(
    ("wanted", "count"), [(">=99", 1), (">=0.1", 0), ("==0.0.1", 1), ("0.0.1", 1)]
)
def test_another_uv_is_asked_for(wanted: str, count: int) -> None:
    read = inputs(root=f'{ROOT}[tool.uv]\nrequired-version = "{wanted}"\n')
    asked = list(workspace.required_version(read))
    assert [finding.rule for finding in asked] == [findings.REQUIRED_VERSION] * count
    assert all(f"asks for {wanted};" in finding.text for finding in asked)


def test_a_uv_that_the_user_names_is_not_judged() -> None:
    root = f'{ROOT}[tool.uv]\nrequired-version = ">=99"\n'
    named = inputs(root=root, build_file='uv = "astral/uv:99"')
    assert list(workspace.required_version(named)) == []


def test_every_difference_between_lock_and_manifests() -> None:
    assert list(workspace.all_stale(inputs())) == []
    core = CORE.replace('["idna"]', '["idna", "attrs"]')
    (finding,) = workspace.all_stale(inputs(core=core))
    assert finding.rule is findings.STALE_LOCK
    assert "attrs" in finding.text
    assert finding.places[0].source.filename == "libs/core/pyproject.toml"
