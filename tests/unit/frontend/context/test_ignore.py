"""Ignore files, by the rules and examples that Docker documents for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.context.ignore import ignoring_line, parse_ignore


def test_comments_blank_lines_and_spaces() -> None:
    text = "\ufeff# comment\n\n  */temp*  \n/./a//b/\n! keep\n #not a comment\n"
    assert parse_ignore(text) == ("*/temp*", "a/b", "!keep", "#not a comment")


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("*/temp*", ["somedir/temporary.txt", "somedir/temp"], ["temp", "a/b/temp"]),
        ("*/*/temp*", ["somedir/subdir/temporary.txt"], ["somedir/temporary.txt"]),
        ("temp?", ["tempa", "tempb"], ["temp", "tempab"]),
        ("**/*.go", ["a.go", "a/b/c.go"], ["a.got"]),
        ("/foo/bar", ["foo/bar", "foo/bar/below"], ["a/foo/bar"]),
        ("[a-c].txt", ["b.txt"], ["d.txt"]),
        (r"a\*b", ["a*b"], ["aXb"]),
        ("a.b", ["a.b"], ["aXb"]),
    ],
)
def test_patterns(pattern: str, ignored: list[str], kept: list[str]) -> None:
    assert [path for path in ignored if not ignoring_line(pattern, path)] == []
    assert [path for path in kept if ignoring_line(pattern, path)] == []


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("*.md\n!README.md", "README.md", 0),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", 3),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", 0),
        ("*.md\nREADME-secret.md\n!README*.md", "other.md", 1),
        ("docs\n!docs/a", "docs/a", 0),
        ("docs\n!docs/a", "docs/b", 1),
    ],
)
def test_the_last_pattern_that_matches_decides(text: str, path: str, line: int) -> None:
    assert ignoring_line(text, path) == line


@pytest.mark.parametrize("pattern", ["[z-a]", "[]x", "[^]]x[", "a[b-a]c"])
def test_a_set_that_is_none_ignores_nothing_of_another_name(pattern: str) -> None:
    assert ignoring_line(f"{pattern}\nz", "z") == 2


NAMES = st.text("abc.", min_size=1, max_size=4).filter(lambda name: name.strip("."))


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_a_pattern_holds_for_what_is_below_it(parts: list[str], below: str) -> None:
    path = "/".join(parts)
    assert ignoring_line(path, path) == 1
    assert ignoring_line(path, f"{path}/{below}") == 1
    assert ignoring_line(f"{path}\n!{path}/{below}", f"{path}/{below}") == 0
