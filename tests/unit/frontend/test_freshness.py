"""The comparison of lock and manifests: against locks that the real uv writes from them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from frontend.errors import SourceFile
from frontend.project.lock import Lock
from frontend.project.lock_check import LockMismatch, compare
from frontend.resolve.export import uv_binary
from frontend.toml_document import TomlDocument
from tests.unit.frontend.locks import HEAD, package

if TYPE_CHECKING:
    from pathlib import Path

ROOT = """\
[project]
name = "mono"
version = "0"
requires-python = ">=3.11"
dependencies = ["api"]

[dependency-groups]
lint = ["gamma"]

[tool.uv]
package = false
no-index = true
find-links = ["links"]

[tool.uv.workspace]
members = ["api", "core"]

[tool.uv.sources]
api = { workspace = true }
"""
#: Every way to write a requirement down that uv writes down otherwise.
API = """\
[project]
name = "api"
version = "1.0"
requires-python = ">=3.11"
dependencies = [
    "core",
    "Alpha[Fast] >=1.0, <3",
    "alpha[fast] <3,>=1.0",
    "beta ~=1.2 ; sys_platform == 'linux'",
    "beta ~=1.2 ; sys_platform == 'win32'",
    "delta==2.*",
    "gamma; python_version < '3.12'",
    "gamma>=0.1; python_version >= '3.12'",
    "direct",
]

[project.optional-dependencies]
Red_is = ["gamma>=0.2", "alpha; python_version < '3.13'"]
post = ["delta"]
all = ["api[red-is,post]", "beta"]

[dependency-groups]
Dev = ["beta", { include-group = "test" }]
test = [
    { include-group = "more" },
    "delta>=2",
]
more = []

[tool.uv]
dev-dependencies = ["gamma>=0.3"]

[tool.uv.sources]
core = { workspace = true }
direct = [
    { path = "../links/direct-1.0-py3-none-any.whl", marker = "sys_platform == 'linux'" },
    { path = "../links/direct-1.0-py3-none-any.whl", marker = "sys_platform == 'win32'" },
]
"""
CORE = """\
[project]
name = "core"
dynamic = ["version", "dependencies"]
requires-python = ">=3.11"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """\
import os

def prepare_metadata_for_build_editable(folder, config_settings=None):
    os.makedirs(os.path.join(folder, "core-7.dist-info"))
    with open(os.path.join(folder, "core-7.dist-info", "METADATA"), "w") as output:
        output.write("Metadata-Version: 2.1\\nName: core\\nVersion: 7\\n")
        output.write("Requires-Dist: gamma==0.3\\n")
    return "core-7.dist-info"

build_editable = None
"""
MANIFESTS = {"mono": (".", ROOT), "api": ("api", API), "core": ("core", CORE)}
GROUPS = ("dev", "test", "more", "lint")


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Lock:
    """The lock that uv makes of the manifests, from wheels in a folder."""
    folder = tmp_path_factory.mktemp("workspace")
    for path, text in MANIFESTS.values():
        (folder / path).mkdir(exist_ok=True)
        (folder / path / "pyproject.toml").write_text(text)
    (folder / "core" / "backend.py").write_text(BACKEND)
    (folder / "links").mkdir()
    for name, version in {"alpha": "2.0", "beta": "1.5", "gamma": "0.3", "delta": "2.0.0"}.items():
        _wheel(folder / "links", name, version)
    _wheel(folder / "links", "direct", "1.0")
    subprocess.run(
        [uv_binary(), "lock", "--quiet", "--offline", "--python", sys.executable],
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.defpath, "UV_CACHE_DIR": str(folder / "cache")},
        check=True,
    )
    return Lock.parse(SourceFile("uv.lock", (folder / "uv.lock").read_text()))


def _wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: fast\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr(f"{info}/RECORD", "")


def drifts(lock: Lock, member: str, text: str) -> list[LockMismatch]:
    document = TomlDocument.parse(SourceFile(f"{member}/pyproject.toml", text))
    return list(compare(lock, lock.members[member], document, GROUPS))


@pytest.mark.parametrize("member", MANIFESTS)
def test_a_lock_that_uv_has_just_made_fits(lock: Lock, member: str) -> None:
    assert drifts(lock, member, MANIFESTS[member][1]) == []


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        (
            '    "core",\n',
            '    "core",\n    "epsilon>1",\n',
            "'api' asks for epsilon>1, and the lock does not have that",
            '    "epsilon>1",',
        ),
        (
            '"delta==2.*"',
            '"delta==3.*"',
            "'api' asks for delta==3.*, and the lock for delta==2.*",
            '    "delta==3.*",',
        ),
        (
            "    \"gamma>=0.1; python_version >= '3.12'\",\n",
            "",
            "the lock has gamma>=0.1 for 'api', which no longer asks for it",
            "dependencies = [",
        ),
        (
            '    "core",\n',
            "",
            "the lock has core for 'api', which no longer asks for it",
            "dependencies = [",
        ),
        (
            'post = ["delta"]',
            'post = ["delta[fast]"]',
            "'api' asks for delta[fast], and the lock for delta",
            'post = ["delta[fast]"]',
        ),
        (
            '    "delta>=2",\n',
            '    "delta>=2",\n    "beta",\n',
            "'api' asks for beta, and the lock does not have that",
            '    "beta",',
        ),
        (
            '"delta==2.*"',
            '"delta=2"',
            "'delta=2' of 'api' is no requirement: ",
            '    "delta=2",',
        ),
    ],
)
def test_every_difference_has_its_line(
    lock: Lock, old: str, new: str, message: str, line: str
) -> None:
    assert old in API
    text = API.replace(old, new)
    found = drifts(lock, "api", text)
    assert found[0].message.startswith(message)
    assert not found[0].harmless
    assert text.split("\n")[found[0].place.start - 1] == line


def test_a_dependency_that_became_one_of_an_extra(lock: Lock) -> None:
    text = API.replace('    "core",\n', "").replace('post = ["', 'post = ["core", "')
    assert [drift.message for drift in drifts(lock, "api", text)] == [
        "'api' asks for core, and the lock does not have that",
        "the lock has core for 'api', which no longer asks for it",
    ]


def test_another_version_of_the_member_harms_nothing(lock: Lock) -> None:
    (drift,) = drifts(lock, "api", API.replace('version = "1.0"', 'version = "1.1"'))
    assert drift.harmless
    assert drift.message == "package 'api' is at 1.1, and the lock has it at 1.0"
    assert drift.place.start == 3
    assert drifts(lock, "api", API.replace('version = "1.0"', 'version = "1.0.0"')) == []


def test_a_group_that_is_not_chosen_is_not_compared(lock: Lock) -> None:
    document = TomlDocument.parse(
        SourceFile("api/pyproject.toml", API.replace('"delta>=2"', '"delta>=3"'))
    )
    assert list(compare(lock, lock.members["api"], document, ())) == []
    assert len(list(compare(lock, lock.members["api"], document, ("test",)))) == 1


def test_a_lock_without_metadata_is_not_compared() -> None:
    text = HEAD + package("api", 'editable = "."', "1.0")
    bare = Lock.parse(SourceFile("uv.lock", text + 'dependencies = [{ name = "alpha" }]\n'))
    assert drifts(bare, "api", API) == []


def test_a_package_that_had_no_dependencies_has_no_metadata_either() -> None:
    text = HEAD + package("api", 'editable = "."', "1.0")
    bare = Lock.parse(SourceFile("uv.lock", text))
    assert len(drifts(bare, "api", API)) > 1
