"""Slices of a lock: what moves their digests, and what does not."""

from __future__ import annotations

import pytest

from frontend.calls.lock_digest import LockDigest
from frontend.errors import SourceFile
from frontend.model.packages import Selection
from frontend.project.lock import Lock

LOCK = """\
version = 1
requires-python = ">=3.11"

[manifest]
members = ["api", "lib"]

[[package]]
name = "api"
version = "1.0"
source = { editable = "api" }
dependencies = [
    { name = "lib" },
    { name = "colour", marker = "python_full_version < '3.12' and sys_platform == 'win32'" },
    { name = "forked", version = "1.0", source = { registry = "https://index.example/simple" }, marker = "python_full_version < '3.12'" },
]

[package.optional-dependencies]
fast = [{ name = "speed", extra = ["c"] }]

[package.dev-dependencies]
lint = [{ name = "linter" }]

[[package]]
name = "lib"
version = "1.0"
source = { editable = "lib" }

[[package]]
name = "colour"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/colour-1.0-py3-none-any.whl", hash = "sha256:01" }]

[[package]]
name = "forked"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "https://files.example/forked-1.0-cp311-cp311-win_amd64.whl", hash = "sha256:02" },
    { url = "https://files.example/forked-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", hash = "sha256:03" },
]

[[package]]
name = "forked"
version = "2.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/forked-2.0-py3-none-any.whl", hash = "sha256:04" }]

[[package]]
name = "speed"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/speed-1.0-py3-none-any.whl", hash = "sha256:05" }]

[package.optional-dependencies]
c = [{ name = "native" }]

[[package]]
name = "native"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/native-1.0-py3-none-any.whl", hash = "sha256:06" }]

[[package]]
name = "linter"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/linter-1.0-py3-none-any.whl", hash = "sha256:07" }]
"""  # noqa: E501
PLAIN = Selection("api")
FAST = Selection("api", extras=("fast",))
LINT = Selection("api", groups=("lint",))


def digest(selection: Selection, *changes: tuple[str, str]) -> str:
    text = LOCK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return LockDigest(Lock.parse(SourceFile("uv.lock", text))).of(selection)[0]


def test_local_packages_are_named() -> None:
    slices = LockDigest(Lock.parse(SourceFile("uv.lock", LOCK)))
    assert slices.of(PLAIN)[1] == ("api", "lib")
    assert slices.of(Selection("lib"))[1] == ("lib",)


@pytest.mark.parametrize(
    ("selection", "change", "moves"),
    [
        (PLAIN, ("sha256:03", "sha256:f3"), True),
        (PLAIN, ("sha256:02", "sha256:f2"), False),  # a wheel for Windows
        (PLAIN, ("sha256:01", "sha256:f1"), False),  # wanted on Windows only
        (PLAIN, ("sha256:04", "sha256:f4"), False),  # the other fork
        (PLAIN, ("sha256:05", "sha256:f5"), False),  # of an extra
        (FAST, ("sha256:05", "sha256:f5"), True),
        (FAST, ("sha256:06", "sha256:f6"), True),  # of an extra's extra
        (PLAIN, ("sha256:07", "sha256:f7"), False),  # of a group
        (LINT, ("sha256:07", "sha256:f7"), True),
        (PLAIN, ("3.12'\" }", "3.13'\" }"), True),  # a marker
        (PLAIN, ("'win32'", "'linux'"), True),
        (PLAIN, ('name = "lib"\nversion = "1.0"', 'name = "lib"\nversion = "1.1"'), False),
    ],
)  # fmt: skip
def test_what_moves_a_slice(selection: Selection, change: tuple[str, str], moves: bool) -> None:
    assert (digest(selection, change) != digest(selection)) is moves


def test_selections_differ() -> None:
    assert len({digest(selection) for selection in (PLAIN, FAST, LINT)}) == 3
