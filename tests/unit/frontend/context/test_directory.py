"""What a build takes from a context, and what never comes along."""

from __future__ import annotations

import json

import pytest

import llb
from frontend.context.directory import Context
from frontend.context.source import FixedSource, LocalSource
from frontend.errors import SourceFile
from llb.pb.ops_pb2 import Op

IGNORE = SourceFile(".dockerignore", "# first\nsecrets\n!secrets/public\n")
LOCAL = LocalSource("context", "session")
FIXED = FixedSource(llb.image("org/files"))


def operations(output: llb.Output) -> list[Op]:
    return [Op.FromString(data) for data in getattr(llb.marshal(output), "def")]


def loaded(output: llb.Output) -> dict[str, str]:
    """The attributes of the directory that is loaded from the client."""
    (source,) = (op.source for op in operations(output) if op.HasField("source"))
    return dict(source.attrs)


def excluded(output: llb.Output) -> list[str]:
    patterns: list[str] = json.loads(loaded(output)["local.excludepatterns"])
    return patterns


def test_patterns_are_those_of_the_ignore_file() -> None:
    assert Context(LOCAL, IGNORE).patterns == ("secrets", "!secrets/public")
    assert Context(LOCAL).patterns == ()


def test_an_ignore_file_means_nothing_where_buildkit_has_fetched_the_files() -> None:
    assert Context(FIXED, IGNORE).patterns == ()
    # It is named in an error all the same.
    assert Context(FIXED, IGNORE).ignoring("secrets/x") == 2


@pytest.mark.parametrize(
    ("path", "line"), [("secrets", 2), ("secrets/x", 2), ("secrets/public/x", 0), ("src", 0)]
)
def test_the_line_that_ignores(path: str, line: int) -> None:
    assert Context(LOCAL, IGNORE).ignoring(path) == line
    assert Context(LOCAL).ignoring(path) == 0


def test_the_users_patterns_stand_first_and_ours_last() -> None:
    patterns = excluded(Context(LOCAL, IGNORE).directory("a", name="a", without=["a/b", "c"]))
    assert patterns[:2] == ["secrets", "!secrets/public"]
    assert patterns[-1] == "a/b"
    assert {"**/.git", "**/.venv", "a/dist/*.whl"} <= set(patterns)
    # Another member that lies elsewhere is not in it anyhow.
    assert "c" not in patterns


@pytest.mark.parametrize("keeps_git", [True, False])
def test_the_repository_comes_along_where_the_user_wants_it(keeps_git: bool) -> None:
    context = Context(LOCAL, keeps_git=keeps_git)
    for output in (context.directory(".", name="root"), context.tree(["."], "everything")):
        assert ("**/.git" in excluded(output)) is not keeps_git
        assert "**/.venv" in excluded(output)


def test_a_tree_has_what_is_named_at_its_own_place() -> None:
    context = Context(LOCAL, IGNORE)
    assert json.loads(loaded(context.tree(["a", "b/c"], "some"))["local.includepattern"]) == [
        "a",
        "b/c",
    ]
    assert "local.includepattern" not in loaded(context.tree(["a", "."], "all"))


def test_files_are_put_into_a_directory_in_one_order_and_without_a_time() -> None:
    files = {"b.toml": b"2", "a.toml": b"1"}
    one = Context(LOCAL).directory("a", name="a", instead=files)
    (file,) = (op.file for op in operations(one) if op.HasField("file"))
    made = [action.mkfile for action in file.actions if action.HasField("mkfile")]
    assert [(m.path, m.data, m.timestamp) for m in made] == [
        ("/a.toml", b"1", 0),
        ("/b.toml", b"2", 0),
    ]
    reverse = Context(LOCAL).directory("a", name="a", instead=dict(reversed(files.items())))
    assert llb.marshal(one).SerializeToString() == llb.marshal(reverse).SerializeToString()


def test_files_are_loaded_by_their_names_alone() -> None:
    attributes = loaded(Context(LOCAL, IGNORE).only_files(["v/b.whl", "v/a.whl"], "v", "archives"))
    assert json.loads(attributes["local.followpaths"]) == ["v/a.whl", "v/b.whl"]
    assert "local.includepattern" not in attributes


def test_paths_that_are_chosen_twice_are_copied_once() -> None:
    once = Context(LOCAL).selected(["conf", "data"], "files")
    twice = Context(LOCAL).selected(["/conf/", "data", "conf"], "files")
    assert llb.marshal(once).SerializeToString() == llb.marshal(twice).SerializeToString()
