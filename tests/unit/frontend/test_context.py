"""Ignore files as moby/patternmatcher reads them, and what is asked of the build context."""

from __future__ import annotations

import json

import pytest

import llb
from frontend.context import Context, ignoring_line, parse_ignore
from frontend.context.source import LocalSource
from frontend.errors import SourceFile
from frontend.project.workspace import workspace_path
from llb.pb.ops_pb2 import Op


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("node_modules", "node_modules"),
        ("  padded\t", "padded"),
        ("/from/root", "from/root"),
        ("./a/../b/", "b"),
        ("a//b/", "a/b"),
        (".", "."),
        ("/", "/"),
        ("../outside", "../outside"),
        ("with space", "with space"),
        ("!kept", "!kept"),
        ("! /kept/", "!kept"),
        ("\\!literal", "\\!literal"),
        (" #not a comment", "#not a comment"),
        ("**/*.pyc", "**/*.pyc"),
    ],
)
def test_a_line_of_an_ignore_file(line: str, expected: str) -> None:
    assert parse_ignore(line) == (expected,)


def test_an_ignore_file() -> None:
    text = "\ufeff# comment\r\n\r\n  \r\n*\r\n!libs\r\n#!x\r\n"
    assert parse_ignore(text) == ("*", "!libs")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("libs", "libs", True),
        ("libs", "libs/core/pyproject.toml", True),
        ("libs", "apps/libs", False),
        ("/libs/", "libs/core", True),
        ("lib", "libs/core", False),
        ("libs/core/pyproject.toml", "libs/core", False),
        ("*", "libs/core", True),
        ("*/core", "libs/core/x", True),
        ("*/core", "a/libs/core", False),
        ("*.toml", "pyproject.toml", True),
        ("*.toml", "libs/pyproject.toml", False),
        ("lib?", "libs", True),
        ("lib?", "lib/", False),
        ("?", "a/b", True),
        ("**", "anything/at/all", True),
        ("**/", "anything/at/all", True),
        ("**/**", "anything/at/all", True),
        ("**/core", "core", True),
        ("**/core", "libs/core/x", True),
        ("**/core", "libs/mycore", False),
        ("**core", "libs/mycore", True),
        ("libs/**", "libs/core", True),
        ("libs/**", "libs", False),
        ("libs**", "libs-old/x", True),
        ("libs/**/x", "libs/x", True),
        ("libs/**/x", "libs/a/b/x", True),
        ("libs/**/x", "libs/ax", False),
        ("a**/*.txt", "a/dir/file.txt", True),
        ("**/dir2/*", "dir/dir2/dir2/file", True),
        ("**/*.py[co]", "a/b/c.pyc", True),
        ("**/*.py[co]", "a/b/c.py", False),
        ("a[b-d]e", "ace", True),
        ("a[b-d]e", "aze", False),
        ("a[^b-d]e", "aze", True),
        ("abc.def", "abcXdef", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("a+(b)|{c}$", "a+(b)|{c}$", True),
        ("#a", "#a", False),
        ("é*", "éa", True),
    ],
)
def test_what_a_pattern_keeps_out(pattern: str, path: str, expected: bool) -> None:
    assert ignoring_line(f"\n{pattern}\n", path) == (2 if expected else 0)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["*", "!libs"], 0),
        (["*", "!libs/core"], 0),
        (["*", "!libs/other"], 1),
        (["!libs", "*"], 2),
        (["libs", "!libs/core", "**/core"], 3),
        (["libs/core", "# !libs/core"], 1),
        (["**", "!**/*.toml"], 0),
        (["**", "!**/*.py"], 1),
        (["", "# x", "libs/*"], 3),
    ],
)
def test_the_last_pattern_that_matches_decides(lines: list[str], expected: int) -> None:
    assert ignoring_line("\n".join(lines), "libs/core/pyproject.toml") == expected


@pytest.mark.parametrize(
    ("workspace", "path", "expected"),
    [
        (".", "uv.lock", "uv.lock"),
        (".", ".", "."),
        ("backend", "uv.lock", "backend/uv.lock"),
        ("backend/", ".", "backend"),
        ("./backend", "./libs/core/", "backend/libs/core"),
        ("backend", "../shared", "shared"),
    ],
)
def test_paths_of_a_workspace(workspace: str, path: str, expected: str) -> None:
    assert workspace_path(workspace, path) == expected


# --- loads ---------------------------------------------------------------------------------------


def context(ignore: str = "secrets\n") -> Context:
    return Context(LocalSource("context", "shared"), SourceFile(".dockerignore", ignore))


def attributes(output: llb.Output) -> dict[str, str]:
    """The attributes of the only source that `output` comes from."""
    ops = [Op.FromString(data) for data in getattr(llb.marshal(output), "def")]
    (source,) = (op.source for op in ops if op.HasField("source"))
    assert source.identifier == "local://context"
    return dict(source.attrs)


def test_named_files_are_asked_for_by_name() -> None:
    found = attributes(context().named_files(["uv.lock", "pyproject.toml"], "lock"))
    assert json.loads(found["local.followpaths"]) == ["pyproject.toml", "uv.lock"]
    assert json.loads(found["local.excludepatterns"]) == ["secrets"]
    assert found["local.session"] == "shared"
    assert "local.includepattern" not in found


def test_a_directory_comes_alone_and_without_leftovers() -> None:
    found = attributes(context().directory("libs/core", name="core", without=["libs/core/sub"]))
    assert json.loads(found["local.includepattern"]) == ["libs/core"]
    excluded = json.loads(found["local.excludepatterns"])
    assert excluded[0] == "secrets"
    assert {"**/.venv", "**/__pycache__", "libs/core/build/lib*", "libs/core/sub"} <= set(excluded)


def test_a_root_package_is_the_context_less_the_others() -> None:
    found = attributes(context().directory(".", name="root", without=["libs/core"]))
    assert "local.includepattern" not in found
    assert {"libs/core", "build/lib*"} <= set(json.loads(found["local.excludepatterns"]))


def test_every_set_of_patterns_has_a_hint_of_its_own() -> None:
    made = [
        context().named_files(["uv.lock"], "lock"),
        context().named_files(["pyproject.toml"], "manifests"),
        context().directory("libs/core", name="core"),
        context().directory("libs/other", name="other"),
        context().selected(["conf"], "files"),
        context().selected(["conf", "x"], "files"),
    ]
    hints = [attributes(output)["local.sharedkeyhint"] for output in made]
    assert len(set(hints)) == len(hints)


def test_the_ignored_line_of_a_context() -> None:
    assert context("a\nlibs\n").ignoring("libs/core/pyproject.toml") == 2
    assert Context(context().source).ignoring("libs/core") == 0
