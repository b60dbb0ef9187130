"""Versions that build backends take from git."""

from __future__ import annotations

import pytest

from frontend.project.git_versions import dynamic_members, from_git, pretended
from tests.unit.frontend.locks import HEAD, manifest, package
from tests.unit.frontend.workspaces import document, workspace


def made_from_git(*requires: str, dynamic: str = "version", rest: str = "") -> str:
    listed = ", ".join(f'"{name}"' for name in requires)
    head = f'[project]\nname = "x"\ndynamic = ["{dynamic}"]\n'
    return f"{head}[build-system]\nrequires = [{listed}]\n{rest}\n"


def test_every_plugin_has_its_variable_where_one_package_is_built_alone() -> None:
    assert pretended("my.lib-x", "1.2", alone=True) == {
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_MY_LIB_X": "1.2",
        "SETUPTOOLS_SCM_PRETEND_VERSION": "1.2",
        "UV_DYNAMIC_VERSIONING_BYPASS": "1.2",
        "PDM_BUILD_SCM_VERSION": "1.2",
        "POETRY_DYNAMIC_VERSIONING_BYPASS": "1.2",
    }


def test_among_others_a_package_has_only_the_variable_that_names_it() -> None:
    assert pretended("lib", "1.2", alone=False) == {"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_LIB": "1.2"}


PDM = '[tool.pdm.version]\nsource = "scm"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (made_from_git("hatchling", "hatch-vcs"), True),
        (made_from_git("setuptools>=61", "Setuptools_SCM[toml]>=8"), True),
        (made_from_git("hatchling"), False),
        (made_from_git("hatch-vcs", dynamic="readme"), False),
        (made_from_git("pdm-backend", rest=PDM), True),
        (made_from_git("pdm-backend"), False),
        (made_from_git("hatchling", rest=PDM), False),
        (manifest("x", '[build-system]\nrequires = ["hatch-vcs"]'), False),
        ("", False),
    ],
)
def test_which_versions_are_from_git(text: str, expected: bool) -> None:
    assert from_git(document(text)) is expected


def test_members_and_those_that_build_them_are_looked_at() -> None:
    root = (
        '[project]\nname = "mono"\nversion = "0"\n[tool.uv.workspace]\nmembers = ["*"]\n'
        "[tool.uv.sources]\nhelper = { workspace = true }\n"
    )
    lock = "".join(
        [
            HEAD,
            '\n[manifest]\nmembers = ["api", "helper", "mono", "site"]\n',
            package("api", 'editable = "api"', "1"),
            package("helper", 'editable = "helper"'),
            package("mono", 'virtual = "."', "0"),
            package("site", 'virtual = "site"'),
        ]
    )
    site = workspace(
        root,
        lock,
        {
            "api": manifest("api", '[build-system]\nrequires = ["helper"]'),
            "helper": made_from_git("hatch-vcs"),
            "site": made_from_git("hatch-vcs"),
        },
    )
    local = site.lock.local_packages

    assert dynamic_members(site, [local["api"]]) == (local["helper"],)
    # A virtual package is never built, so nothing asks for its version.
    assert dynamic_members(site, [local["site"]]) == ()
