"""What a build takes from `uv.lock`."""

from __future__ import annotations

import pytest

from frontend.errors import FrontendError, SourceFile
from frontend.model.packages import LocalPackage
from frontend.project.lock import NO_HASH, Lock

WORKSPACE = """\
version = 1
revision = 3
requires-python = ">=3.11"
conflicts = [[
    { package = "api", extra = "cpu" },
    { package = "api", extra = "gpu" },
    { package = "api", group = "tpu" },
], [
    { package = "core", extra = "old" },
    { package = "core", extra = "new" },
]]

[manifest]
members = ["api", "core", "mono", "unused", "web"]

[[package]]
name = "api"
version = "1.2.3"
source = { editable = "apps/api" }
dependencies = [
    { name = "core", extra = ["fast"] },
    { name = "numpy", version = "1.26", source = { registry = "https://index.example/simple" } },
]

[package.optional-dependencies]
cpu = [{ name = "vendored", marker = "sys_platform == 'win32'" }]
gpu = [{ name = "numpy", version = "2.1", source = { registry = "https://index.example/simple" } }]

[package.dev-dependencies]
dev = [{ name = "tools" }]
heavy = [{ name = "numpy", version = "2.1" }]

[package.metadata]
provides-extras = ["cpu", "empty", "gpu"]

[package.metadata.requires-dev]
dev = []
none = []

[[package]]
name = "core"
source = { editable = "libs/core" }
dependencies = [{ name = "numpy", version = "2.1" }]

[package.optional-dependencies]
fast = [{ name = "speedups" }]
old = [{ name = "web" }]

[[package]]
name = "mono"
version = "0"
source = { virtual = "." }

[package.dev-dependencies]
lint = [{ name = "unused" }]
heavy = [{ name = "pandas" }]

[[package]]
name = "numpy"
version = "1.26"
source = { registry = "https://index.example/simple" }
resolution-markers = ["python_full_version < '3.12'"]

[[package]]
name = "numpy"
version = "2.1"
source = { registry = "https://index.example/simple" }
resolution-markers = ["python_full_version >= '3.12'"]

[[package]]
name = "pandas"
version = "2.2"
source = { registry = "https://index.example/simple" }

[[package]]
name = "speedups"
version = "3"
source = { directory = "native/speedups" }

[[package]]
name = "tools"
version = "0"
source = { virtual = "tools" }

[[package]]
name = "unused"
version = "0"
source = { editable = "libs/unused" }
dependencies = [{ name = "web" }]

[[package]]
name = "vendored"
version = "7"
source = { directory = "vendor/it" }

[[package]]
name = "web"
version = "0"
source = { virtual = "apps/web" }
dependencies = [{ name = "core", extra = ["old"] }]
"""

PROJECT = """\
version = 1
requires-python = ">=3.12"

[[package]]
name = "single"
version = "0.1"
source = { editable = "." }
dependencies = [{ name = "beside" }]

[package.dependency-groups]
dev = [{ name = "beside" }]

[[package]]
name = "beside"
version = "1"
source = { directory = "../beside" }
"""

ROOT_WITHOUT_PROJECT = """\
version = 1
requires-python = ">=3.12"

[manifest]
members = ["app", "lib"]

[manifest.dependency-groups]
heavy = [{ name = "lib" }]

[[package]]
name = "app"
version = "1"
source = { editable = "app" }

[[package]]
name = "lib"
version = "1"
source = { editable = "lib" }
"""


def test_files_without_a_hash_get_one_for_export() -> None:
    """Indexes need not give any; what has one stays, and so does every other table."""
    hashed = '{ url = "https://index.example/b-1.whl", hash = "sha256:abc", size = 3 },'
    text = """\
version = 1

[[package]]
name = "a"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/a-1.tar.gz", size = 4 }
wheels = [
    { url = "https://index.example/a-1.whl", upload-time = "2026-01-01" },
    HASHED
]

[[package]]
name = "b"
source = { url = "https://files.example/b-1.whl" }
wheels = [
    { filename = "b-1.whl" },
]
""".replace("HASHED", hashed)
    found = Lock.parse(SourceFile("uv.lock", text)).for_export
    assert found.replace(f', hash = "{NO_HASH}"', "") == text
    assert found.count(NO_HASH) == 3
    assert hashed in found
    assert 'source = { url = "https://files.example/b-1.whl" }' in found


def lock(text: str) -> Lock:
    return Lock.parse(SourceFile("uv.lock", text))


@pytest.fixture(scope="module")
def workspace() -> Lock:
    return lock(WORKSPACE)


# --- parsing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("version = 2\n", "uv.lock has schema version 2, and this frontend knows 1", 1),
        (
            '# by uv\nversion = "1"\n',
            "uv.lock has schema version '1', and this frontend knows 1",
            2,
        ),
        ("", "uv.lock is not a lock of uv: it has no schema version", 1),
        ("version = 1\n<<<<<<< HEAD\n", "uv.lock is not valid TOML: Invalid statement", 2),
        (
            'version = 1\n[[package]]\nname = "a"\n',
            "uv.lock is damaged: a package lacks its name or source",
            3,
        ),
    ],
)
def test_a_lock_that_is_none(text: str, message: str, line: int) -> None:
    with pytest.raises(FrontendError) as raised:
        lock(text)
    assert raised.value.message.startswith(message)
    assert [place.start for place in raised.value.places] == [line]


def test_any_revision_is_read() -> None:
    assert lock("version = 1\nrevision = 99\nunknown = 1\n").packages == ()


# --- members -------------------------------------------------------------------------------------


def test_members_are_those_the_manifest_lists(workspace: Lock) -> None:
    assert dict(workspace.members) == {
        "api": LocalPackage("api", "apps/api", "editable", "1.2.3"),
        "core": LocalPackage("core", "libs/core", "editable", ""),
        "mono": LocalPackage("mono", ".", "virtual", "0"),
        "unused": LocalPackage("unused", "libs/unused", "editable", "0"),
        "web": LocalPackage("web", "apps/web", "virtual", "0"),
    }
    assert workspace.members["web"].virtual
    assert not workspace.members["api"].virtual


def test_path_dependencies_are_local_but_no_members(workspace: Lock) -> None:
    assert workspace.local_packages.keys() - workspace.members.keys() == {
        "speedups",
        "tools",
        "vendored",
    }


def test_a_single_project_has_no_list_of_members() -> None:
    assert list(lock(PROJECT).members) == ["single"]


def test_a_root_without_project_is_no_member() -> None:
    assert list(lock(ROOT_WITHOUT_PROJECT).members) == ["app", "lib"]


def test_several_packages_of_one_name(workspace: Lock) -> None:
    assert [package["version"] for package in workspace.named("numpy")] == ["1.26", "2.1"]
    assert workspace.named("nothing") == ()


def test_requires_python(workspace: Lock) -> None:
    assert workspace.requires_python == ">=3.11"
    assert lock("version = 1").requires_python == ""


# --- extras and groups ---------------------------------------------------------------------------


def test_extras_and_groups_come_from_edges_and_metadata(workspace: Lock) -> None:
    assert workspace.extras("api") == ("cpu", "empty", "gpu")
    assert workspace.extras("core") == ("fast", "old")
    assert workspace.groups("api") == ("dev", "heavy", "none")
    assert workspace.groups("web") == ()
    assert lock(PROJECT).groups("single") == ("dev",)


def test_groups_of_the_root(workspace: Lock) -> None:
    assert workspace.root_groups() == ("heavy", "lint")
    assert lock(PROJECT).root_groups() == ("dev",)
    assert lock(ROOT_WITHOUT_PROJECT).root_groups() == ("heavy",)


def test_packages_that_a_group_names(workspace: Lock) -> None:
    assert workspace.group_names("heavy", ["api"]) == {"numpy", "pandas"}
    assert workspace.group_names("heavy", ["web"]) == {"pandas"}
    assert workspace.group_names("nothing", ["api"]) == frozenset()
    assert lock(ROOT_WITHOUT_PROJECT).group_names("heavy", ["app"]) == {"lib"}


@pytest.mark.parametrize(
    ("name", "extras", "groups", "expected"),
    [
        ("api", ["cpu"], [], ()),
        ("api", ["cpu", "gpu"], [], ("extra cpu", "extra gpu")),
        ("api", ["gpu"], ["tpu"], ("extra gpu", "group tpu")),
        ("api", ["cpu"], ["gpu"], ()),
        ("api", ["old", "new"], [], ()),
        ("core", ["new", "old", "other"], [], ("extra old", "extra new")),
    ],
)
def test_conflicts(
    workspace: Lock,
    name: str,
    extras: list[str],
    groups: list[str],
    expected: tuple[str, ...],
) -> None:
    found = workspace.conflict([name], extras, groups)
    assert tuple(f"{item.kind} {item.name}" for item in found) == expected
    assert {item.package for item in found} <= {name}


# --- what may be needed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "extras", "groups", "expected"),
    [
        ("api", [], [], ("api", "core", "speedups")),
        ("api", ["cpu"], [], ("api", "core", "speedups", "vendored")),
        ("api", ["gpu"], [], ("api", "core", "speedups")),
        ("api", [], ["dev"], ("api", "core", "speedups", "tools")),
        # A group of the root counts for every member, and brings what it names in full.
        ("core", [], ["lint"], ("core", "unused", "web")),
        ("unused", [], [], ("core", "unused", "web")),
        ("mono", [], [], ("mono",)),
        ("web", [], ["nothing"], ("core", "web")),
    ],
)
def test_local_packages_that_may_be_needed(
    workspace: Lock, name: str, extras: list[str], groups: list[str], expected: tuple[str, ...]
) -> None:
    assert workspace.local_closure(name, extras, groups) == expected


def test_groups_of_a_root_without_project_are_followed() -> None:
    assert lock(ROOT_WITHOUT_PROJECT).local_closure("app", [], ["heavy"]) == ("app", "lib")
    assert lock(PROJECT).local_closure("single", [], ["dev"]) == ("beside", "single")


# --- places --------------------------------------------------------------------------------------


def test_places_of_packages(workspace: Lock) -> None:
    def lines(name: str, version: str = "") -> str:
        place = workspace.place(name, version)
        return "|".join(WORKSPACE.split("\n")[place.start - 1 : place.end])

    assert lines("api") == 'name = "api"'
    assert lines("numpy", "2.1") == 'name = "numpy"|version = "2.1"'
    assert lines("core") == 'name = "core"'
    assert lines("nothing") == "version = 1"
