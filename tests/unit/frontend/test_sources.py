"""Directories of a filesystem that BuildKit makes, and what tells an archive."""

from __future__ import annotations

import io
import tarfile

import pytest

import llb
from frontend.context import Context
from frontend.context.source import FixedSource
from frontend.inputs.download import is_archive
from llb.pb import ops_pb2


def actions(output: llb.Output) -> list[ops_pb2.FileAction]:
    return list(ops_pb2.Op.FromString(output.vertex.data).file.actions)


def fixed(*, patterns: bool = True, keeps_git: bool = False) -> Context:
    source = FixedSource(llb.git("https://example.org/shop.git"), patterns=patterns)
    return Context(source, keeps_git=keeps_git)


def test_a_directory_is_copied_without_leftovers_and_owners() -> None:
    made = fixed().directory("libs/core", name="core", without=["libs/core/sub", "libs/x"])
    (action,) = actions(made)
    assert (action.copy.src, action.copy.dest) == ("/libs/core", "/")
    assert {"**/.git", "**/.venv", "build/lib*", "sub"} <= set(action.copy.exclude_patterns)
    assert "libs/x" not in action.copy.exclude_patterns
    assert (action.copy.owner.user.byID, action.copy.owner.group.byID) == (0, 0)


def test_the_repository_is_kept_on_demand() -> None:
    (action,) = actions(fixed(keeps_git=True).directory(".", name="root"))
    assert "**/.git" not in action.copy.exclude_patterns
    assert "**/.venv" in action.copy.exclude_patterns


def test_without_patterns_what_can_be_told_is_removed() -> None:
    made = fixed(patterns=False).directory("libs/core", name="core", without=["libs/core/a/b"])
    first, *rest = actions(made)
    assert not first.copy.exclude_patterns
    removed = {action.rm.path: action.rm.allowWildcard for action in rest}
    assert removed["/.venv"]
    assert removed["/*.py[co]"]
    assert (removed["/build/lib"], removed["/a/b"]) == (False, False)
    assert all(action.rm.allowNotFound for action in rest)


def test_single_files_keep_their_places_below_the_folder() -> None:
    made = fixed().only_files(["backend/vendor/a.whl", "backend/b.whl"], "backend", "archives")
    copies = [(a.copy.src, a.copy.dest) for a in actions(made) if a.HasField("copy")]
    assert copies == [
        ("/backend/b.whl", "/b.whl"),
        ("/backend/vendor/a.whl", "/vendor/a.whl"),
    ]


def test_selected_files_are_copied_by_pattern() -> None:
    (action,) = actions(fixed().selected(["conf/*.toml", "/conf/*.toml", "data"], "files"))
    assert list(action.copy.include_patterns) == ["conf/*.toml", "data"]


def packed(mode: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as tar:  # type: ignore[call-overload]
        tar.addfile(tarfile.TarInfo("pyproject.toml"))
    return data.getvalue()[:1024]


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_archives(mode: str) -> None:
    assert is_archive(packed(mode))


@pytest.mark.parametrize("data", [b"", b"# syntax=org/uv-frontend\n", b"x" * 1024, b"\0" * 1024])
def test_what_is_no_archive(data: bytes) -> None:
    assert not is_archive(data)
