"""Root manifest, lock and packages of a workspace, and what is wrong with a choice of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.config.settings import Settings, from_arguments, from_build_file, merge_sources
from frontend.errors import FrontendError, SourceFile
from frontend.model.packages import LocalPackage, Selection
from frontend.project.workspace import Workspace, check_selection, find_packages, open_workspace
from frontend.toml_document import TomlDocument
from tests.unit.frontend import workspaces
from tests.unit.frontend.locks import HEAD, edges, manifest, package

ROOT = """\
[project]
name = "mono"
version = "0"

[dependency-groups]
lint = ["ruff"]

[tool.uv.workspace]
members = ["apps/*", "libs/*"]

[tool.uv]
conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]
"""
API = manifest(
    "api",
    "[project.optional-dependencies]",
    "cpu = []",
    "gpu = []",
    "Post_Gres = []",
    "[dependency-groups]",
    "dev = []",
)
LOCK = "".join(
    [
        HEAD,
        "conflicts = [[\n"
        '    { package = "api", extra = "cpu" },\n    { package = "api", extra = "gpu" },\n]]\n',
        '\n[manifest]\nmembers = ["api", "api-worker", "core", "mono"]\n',
        package(
            "api",
            'editable = "apps/api"',
            "1",
            "[package.optional-dependencies]",
            edges("cpu"),
            edges("gpu"),
            "[package.dev-dependencies]",
            edges("dev"),
            "[package.metadata]",
            'provides-extras = ["cpu", "gpu", "post-gres"]',
        ),
        package("api-worker", 'editable = "apps/api/worker"', "1"),
        package("core", 'editable = "libs/core"', "1"),
        package(
            "mono",
            'virtual = "."',
            "0",
            "[package.dev-dependencies]",
            edges("lint"),
        ),
    ]
)


def files(folder: str = "", **more: str) -> dict[str, SourceFile]:
    texts = {"pyproject.toml": ROOT, "uv.lock": LOCK, **more}
    return {folder + name: SourceFile(folder + name, text) for name, text in texts.items()}


@pytest.fixture
def workspace() -> Workspace:
    opened = open_workspace(".", files())
    manifests = {"api": TomlDocument.parse(SourceFile("apps/api/pyproject.toml", API))}
    return Workspace(".", opened.root, opened.lock, manifests=manifests)


def settings(**arguments: str) -> Settings:
    return merge_sources(from_arguments(arguments))


def body(text: str) -> Settings:
    return merge_sources(from_build_file(TomlDocument.parse(SourceFile("Dockerfile", text))))


def lines(error: FrontendError) -> list[str]:
    return [f"{p.source.filename}: {p.source.text.splitlines()[p.start - 1]}" for p in error.places]


# --- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "backend"])
def test_nothing_to_open(folder: str) -> None:
    where = "the build context" if folder == "." else "'backend' of the build context"
    with pytest.raises(FrontendError) as raised:
        open_workspace(folder, {})
    assert raised.value.message == f"there is no pyproject.toml in {where}"


def test_no_lock() -> None:
    only = {"backend/pyproject.toml": SourceFile("backend/pyproject.toml", ROOT)}
    with pytest.raises(FrontendError) as raised:
        open_workspace("backend", only)
    assert raised.value.message == "there is no uv.lock in 'backend' of the build context"
    assert "uv lock" in raised.value.remedy
    assert lines(raised.value) == ["backend/pyproject.toml: [project]"]


def test_a_workspace_in_a_folder() -> None:
    opened = open_workspace("backend", files("backend/"))
    api = opened.lock.members["api"]
    assert opened.path(api) == "backend/apps/api"
    assert opened.manifest_path(api) == "backend/apps/api/pyproject.toml"
    assert opened.manifest_path(opened.lock.members["mono"]) == "backend/pyproject.toml"
    assert opened.outside(opened.lock.members["mono"]) == (
        "backend/apps/api",
        "backend/apps/api/worker",
        "backend/libs/core",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3.12\n", "3.12"), ("\n 3.13.1 \n3.12\n", "3.13.1"), ("", "")],
)
def test_the_python_pin(text: str, expected: str) -> None:
    opened = open_workspace(".", files(**{".python-version": text}))
    assert opened.python_pin == expected


def test_the_directory_of_a_package_holds_no_other(workspace: Workspace) -> None:
    members = workspace.lock.members
    assert workspace.outside(members["mono"]) == ("apps/api", "apps/api/worker", "libs/core")
    assert workspace.outside(members["api"]) == ("apps/api/worker",)
    assert workspace.outside(members["core"]) == ()


def test_manifests(workspace: Workspace) -> None:
    assert workspace.manifest(workspace.lock.members["mono"]) is workspace.root
    assert workspace.manifest(workspace.lock.members["api"]).get("project", "name") == "api"


# --- the package ---------------------------------------------------------------------------------


def test_a_package_is_found_in_any_spelling(workspace: Workspace) -> None:
    assert find_packages(workspace, settings(package="API_Worker")) == (
        LocalPackage("api-worker", "apps/api/worker", "editable", "1"),
    )


def test_several_packages_are_found_in_the_order_they_are_named(workspace: Workspace) -> None:
    found = find_packages(workspace, settings(package="core, api,core"))
    assert [package.name for package in found] == ["core", "api"]


def test_an_unknown_package_names_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(FrontendError) as raised:
        find_packages(workspace, body('\npackage = "api-wroker"'))
    assert raised.value.message == "the workspace has no package 'api-wroker'"
    assert raised.value.remedy.startswith("Did you mean api")
    assert lines(raised.value) == ['Dockerfile: package = "api-wroker"']


def test_an_unknown_package_that_is_near_to_none(workspace: Workspace) -> None:
    with pytest.raises(FrontendError) as raised:
        find_packages(workspace, settings(package="zzz"))
    assert raised.value.remedy == "It has api, api-worker, core, mono."
    assert lines(raised.value) == ['pyproject.toml: members = ["apps/*", "libs/*"]']


# --- extras and groups ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "selection",
    [
        Selection("api"),
        Selection("api", ("cpu",), ("dev",)),
        Selection("api", ("post-gres",), ("lint",)),
        Selection("core", (), ("lint",)),
    ],
)
def test_selections_that_can_be_made(workspace: Workspace, selection: Selection) -> None:
    check_selection(workspace, settings(), selection)


@pytest.mark.parametrize(
    ("text", "message", "remedy", "line"),
    [
        (
            'extras = ["gpus"]',
            "package 'api' has no extra 'gpus'",
            "Did you mean gpu? It has cpu, gpu, post-gres.",
            'Dockerfile: extras = ["gpus"]',
        ),
        (
            'groups = ["lnit"]',
            "package 'api' has no group 'lnit'",
            "Did you mean lint? It has dev, lint.",
            'Dockerfile: groups = ["lnit"]',
        ),
        (
            '# x\ngroups = [\n  "zzz",\n]',
            "package 'api' has no group 'zzz'",
            "It has dev, lint.",
            "Dockerfile: groups = [",
        ),
        (
            'extras = ["cpu", "gpu"]',
            "extra 'cpu' and extra 'gpu' of 'api' cannot be installed together",
            "`tool.uv.conflicts` says so: choose one of them.",
            'Dockerfile: extras = ["cpu", "gpu"]',
        ),
    ],
)
def test_selections_that_cannot(
    workspace: Workspace, text: str, message: str, remedy: str, line: str
) -> None:
    chosen = body(text)
    selection = Selection("api", chosen.spec.extras or (), chosen.spec.groups or ())
    with pytest.raises(FrontendError) as raised:
        check_selection(workspace, chosen, selection)
    assert (raised.value.message, raised.value.remedy) == (message, remedy)
    assert lines(raised.value) == [line]


@pytest.mark.parametrize(
    ("selection", "line"),
    [
        (Selection("api", ("x",)), "apps/api/pyproject.toml: [project.optional-dependencies]"),
        (Selection("api", (), ("x",)), "apps/api/pyproject.toml: [dependency-groups]"),
        (
            Selection("api", ("cpu", "gpu")),
            'pyproject.toml: conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]',
        ),
    ],
)
def test_build_arguments_have_no_line_so_the_manifest_shows_what_there_is(
    workspace: Workspace, selection: Selection, line: str
) -> None:
    with pytest.raises(FrontendError) as raised:
        check_selection(workspace, settings(), selection)
    assert lines(raised.value) == [line]


def test_a_package_without_extras(workspace: Workspace) -> None:
    with pytest.raises(FrontendError, match="package 'mono' has no extra 'x'") as raised:
        check_selection(workspace, settings(), Selection("mono", ("x",)))
    assert raised.value.remedy == "It has no extras."


PATHS = st.lists(
    st.sampled_from(["a", "b", "a-b", "a/b", "a/b/c", "ab", ".", "a/../b"]), max_size=6
)


@given(PATHS, st.sampled_from([".", "sub"]))
def test_what_lies_below_a_package(paths: list[str], folder: str) -> None:
    packages = [package(f"p{n}", f'editable = "{path}"') for n, path in enumerate(paths)]
    site = workspaces.workspace(manifest("mono"), HEAD + "".join(packages), folder=folder)
    others = sorted(site.path(other) for other in site.lock.local_packages.values())
    for local in site.lock.local_packages.values():
        directory = site.path(local)
        below = "" if directory == "." else f"{directory}/"
        assert site.outside(local) == tuple(
            other for other in others if other.startswith(below) and other != directory
        )
