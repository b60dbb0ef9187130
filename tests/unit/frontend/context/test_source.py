"""Directories of the client's and filesystems of BuildKit's, asked for the same things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import llb
from frontend.context.source import FixedSource, LocalSource, Source
from llb.pb.ops_pb2 import Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llb.pb.ops_pb2 import FileAction

FILESYSTEM = llb.image("org/files")
LOCAL = LocalSource("context", "session")
OLD = FixedSource(FILESYSTEM, patterns=False)
NEW = FixedSource(FILESYSTEM)


def performed(actions: Sequence[llb.Action]) -> list[FileAction]:
    output = llb.files(llb.SCRATCH, *actions)
    ops = [Op.FromString(data) for data in getattr(llb.marshal(output), "def")]
    return [action for op in ops for action in op.file.actions]


def attributes(output: llb.Output) -> dict[str, str]:
    ops = [Op.FromString(data) for data in getattr(llb.marshal(output), "def")]
    (source,) = (op.source for op in ops if op.HasField("source"))
    return dict(source.attrs)


@pytest.mark.parametrize(("source", "remote"), [(LOCAL, False), (OLD, True), (NEW, True)])
def test_which_are_the_clients(source: Source, remote: bool) -> None:
    assert source.remote is remote


@pytest.mark.parametrize("source", [LOCAL, OLD, NEW])
def test_modes_are_those_of_git_whatever_the_umask_was(source: Source) -> None:
    for actions in (
        source.copied_directory("a", (), (), "a"),
        source.copied_selection(["a"], (), "files"),
    ):
        (copy,) = (action.copy for action in performed(actions))
        assert copy.modeStr == "u=rwX,go=rX"
        assert copy.dirCopyContents


@pytest.mark.parametrize("source", [OLD, NEW])
def test_what_buildkit_has_is_read_as_a_whole(source: FixedSource) -> None:
    assert source.files(["a"], ["b"], "lock") is FILESYSTEM
    assert source.tree(["a"], ["b"], "tree") is FILESYSTEM


def test_nothing_of_the_client_is_loaded_twice_under_one_hint() -> None:
    hints = [
        attributes(output)["local.sharedkeyhint"]
        for output in (
            LOCAL.files(["a"], (), "lock"),
            LOCAL.tree(["a"], (), "lock"),
            LOCAL.files(["a"], (), "manifests"),
            LocalSource("context", "session", hint="other").files(["a"], (), "lock"),
        )
    ]
    assert len(set(hints)) == len(hints)


def test_patterns_that_are_left_out_are_seen_from_the_root() -> None:
    actions = LOCAL.copied_directory("libs/a", ["build/lib*", "**/.venv"], ["x"], "a")
    loaded = attributes(llb.files(llb.SCRATCH, *actions))
    assert json.loads(loaded["local.excludepatterns"]) == ["x", "libs/a/build/lib*", "**/.venv"]
    assert json.loads(loaded["local.includepattern"]) == ["libs/a"]


def test_engines_that_know_no_patterns_remove_what_they_can() -> None:
    without = ["**/.venv", "**/*.py[co]", "build/lib*", "sub/dir", "sub/*.x"]
    first, *rest = performed(OLD.copied_directory(".", without, (), "root"))
    assert list(first.copy.exclude_patterns) == []
    assert [(a.rm.path, a.rm.allowWildcard, a.rm.allowNotFound) for a in rest] == [
        ("/.venv", True, True),
        ("/*.py[co]", True, True),
        ("/build/lib", False, True),
        ("/sub/dir", False, True),
    ]
    (copy,) = performed(NEW.copied_directory(".", without, (), "root"))
    assert list(copy.copy.exclude_patterns) == without


def test_single_files_have_their_directories_made() -> None:
    made = performed(NEW.copied_files(["v/x/b", "v/a", "v/a"], "v", (), "files"))
    assert [(a.copy.src, a.copy.dest) if a.HasField("copy") else a.mkdir.path for a in made] == [
        ("/v/a", "/a"),
        "/x",
        ("/v/x/b", "/x/b"),
    ]
    assert all(a.mkdir.makeParents for a in made if a.HasField("mkdir"))


def test_a_selection_is_copied_whole_by_engines_that_know_no_patterns() -> None:
    (old,) = performed(OLD.copied_selection(["conf"], (), "files"))
    (new,) = performed(NEW.copied_selection(["conf"], (), "files"))
    assert (list(old.copy.include_patterns), list(new.copy.include_patterns)) == ([], ["conf"])
