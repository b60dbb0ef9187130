"""Members that builds need, and files outside of a member's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frontend.project.build_requirements import (
    build_dependencies,
    build_names,
    included,
    required,
    with_paths,
)
from tests.unit.frontend.locks import HEAD, edges, manifest, package
from tests.unit.frontend.workspaces import document, workspace

if TYPE_CHECKING:
    from frontend.project.workspace import Workspace

ROOT = """\
[project]
name = "mono"
version = "0"

[tool.uv.workspace]
members = ["*"]

[tool.uv.sources]
Build_Helper = { workspace = true }
codegen = { workspace = true }

[tool.uv-frontend]
include = ["/proto/"]
"""
LOCK = "".join(
    [
        HEAD,
        '\n[manifest]\nmembers = ["api", "build-helper", "codegen", "core", "mono"]\n',
        package("api", 'editable = "apps/api"', "1"),
        package("build-helper", 'editable = "tools/helper"', "1", edges("dependencies", "core")),
        package("codegen", 'editable = "tools/codegen"', "1"),
        package("core", 'editable = "libs/core"', "1"),
        package("mono", 'virtual = "."', "0"),
    ]
)


def requires(*names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"[build-system]\nrequires = [{listed}]"


def opened(**manifests: str) -> Workspace:
    return workspace(ROOT, LOCK, {name.replace("_", "-"): text for name, text in manifests.items()})


def names_of(site: Workspace, member: str) -> list[str]:
    local = build_dependencies(site, site.lock.local_packages[member])
    return [package.name for package in local]


def test_names_of_build_requirements_are_normalized_and_what_is_none_is_left_out() -> None:
    text = requires("Hatchling>=1", "build_helper[x] ; python_version > '3'", "not a requirement!")

    assert list(build_names(document(text))) == ["hatchling", "build-helper"]
    assert list(build_names(document(""))) == []


def test_only_members_by_a_workspace_source_are_required() -> None:
    api = manifest("api", requires("hatchling", "build-helper", "core", "codegen"))

    # `core` is a member of the lock and no source of the workspace: it comes from an index.
    assert required(opened(), document(api)) == ("build-helper", "codegen")


def test_a_members_source_replaces_the_roots() -> None:
    sources = '[tool.uv.sources]\nbuild-helper = { path = "../x" }\ncore = { workspace = true }'
    api = manifest("api", requires("build-helper", "core"), sources)

    assert required(opened(), document(api)) == ("core",)


def test_builds_need_the_members_that_these_members_depend_on() -> None:
    site = opened(api=manifest("api", requires("build-helper")), core=manifest("core"))

    assert names_of(site, "api") == ["build-helper", "core"]
    assert names_of(site, "core") == []


def test_builds_of_required_members_have_requirements_too() -> None:
    site = opened(
        api=manifest("api", requires("build-helper")),
        build_helper=manifest("build-helper", requires("codegen")),
    )

    assert names_of(site, "api") == ["build-helper", "codegen", "core"]


def test_a_member_whose_manifest_is_unread_is_not_followed() -> None:
    site = opened(api=manifest("api", requires("build-helper")))

    assert names_of(site, "api") == ["build-helper", "core"]
    assert names_of(site, "codegen") == []


def test_members_that_require_each_other_end() -> None:
    site = opened(
        build_helper=manifest("build-helper", requires("codegen")),
        codegen=manifest("codegen", requires("build-helper")),
    )

    assert names_of(site, "codegen") == ["build-helper", "core"]


@pytest.mark.parametrize(
    ("chosen", "own", "paths"),
    [
        ([], "", ("proto",)),
        (["schemas/"], "", ("proto", "schemas")),
        (["/proto"], "[tool.uv-frontend]\ninclude = ['LICENSE']", ("LICENSE", "proto")),
        ([], "[tool.uv-frontend]\ninclude = 'no list'", ("proto",)),
    ],
)
def test_included_paths_are_those_of_all_places_once(
    chosen: list[str], own: str, paths: tuple[str, ...]
) -> None:
    assert included(opened(), [document(own)], chosen) == paths


def test_sources_of_members_become_paths_where_the_build_has_them() -> None:
    data = document(manifest("api", "[tool.uv]\npackage = true")).data

    changed = with_paths(data, opened(), {"build-helper": "../../tools/helper"})

    assert changed["tool"]["uv"] == {
        "package": True,
        "sources": {"Build_Helper": {"path": "../../tools/helper"}},
    }
    assert changed["project"] == data["project"]
    assert data["tool"] == {"uv": {"package": True}}


def test_a_manifest_of_which_nothing_changes_stays_as_it_is() -> None:
    plain = document(manifest("api")).data
    sourced = document(manifest("api", "[tool.uv.sources]\nx = { git = 'https://x' }")).data

    assert with_paths(plain, opened(), {}) == plain
    assert with_paths(sourced, opened(), {"codegen": "../codegen"})["tool"]["uv"]["sources"] == {
        "x": {"git": "https://x"},
        "codegen": {"path": "../codegen"},
    }
