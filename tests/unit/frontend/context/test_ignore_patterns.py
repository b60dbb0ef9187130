"""Patterns of ignore files, by the rules that Docker documents for `.dockerignore`."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frontend.context import ignore
from frontend.context.ignore import ignoring_line, parse_ignore


def ignored(text: str, path: str) -> bool:
    return ignoring_line(text, path) > 0


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        # Files and directories whose names begin with temp, one level below the root.
        (
            "*/temp*",
            ["somedir/temporary.txt", "somedir/temp", "somedir/temp/x"],
            ["temp", "a/b/temp"],
        ),
        # The same two levels below it.
        ("*/*/temp*", ["somedir/subdir/temporary.txt"], ["somedir/temporary.txt"]),
        # Names in the root that are temp and one more character.
        ("temp?", ["tempa", "tempb"], ["temp", "tempab", "a/tempa"]),
        # At any depth, the root included.
        ("**/*.go", ["main.go", "a/main.go", "a/b/c/main.go"], ["main.goo", "a/main.py"]),
        # Slashes at either end mean nothing.
        ("/foo/bar/", ["foo/bar", "foo/bar/x"], ["bar", "x/foo/bar"]),
        ("foo/bar", ["foo/bar", "foo/bar/x"], ["foo", "foo/barx"]),
        # Below a directory, and not the directory itself.
        ("docs/**", ["docs/a", "docs/a/b"], ["docs", "docs2/a"]),
        ("docs/**/*.md", ["docs/a.md", "docs/x/y/a.md"], ["a.md", "docs.md"]),
        # Escaped characters, and ranges of them.
        ("a\\*b", ["a*b"], ["axb", "ab"]),
        ("[a-c]x[^0-9]", ["axx", "cx-"], ["dxx", "ax5"]),
        ("[\\]\\-]", ["]", "-"], ["\\", "a"]),
        ("a.b+(c)", ["a.b+(c)"], ["axb+(c)", "a.bb(c)"]),
    ],
)
def test_documented_patterns(pattern: str, inside: list[str], outside: list[str]) -> None:
    assert [path for path in inside if not ignored(pattern, path)] == []
    assert [path for path in outside if ignored(pattern, path)] == []


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        # All but one file of a kind.
        ("*.md\n!README.md", "README.md", 0),
        ("*.md\n!README.md", "notes.md", 1),
        # The last line that matches decides.
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", 3),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", 0),
        # Comments and empty lines are counted, and nothing else.
        ("# *.md\n\n  \n*.md", "a.md", 4),
        ("\ufeff*.md", "a.md", 1),
        # An exception for something in a directory that is ignored.
        ("libs\n!libs/core", "libs/core/x.py", 0),
        ("libs\n!libs/core", "libs/other/x.py", 1),
        ("!a\na\n!b", "a", 2),
    ],
)
def test_lines_that_decide(text: str, path: str, line: int) -> None:
    assert ignoring_line(text, path) == line


@pytest.mark.parametrize("pattern", ["[z-a]", "[]x]", "[^]]", "[a", "[", "[a-]", "[-a]", "a\\"])
def test_a_pattern_that_clients_refuse_matches_nothing(pattern: str) -> None:
    for path in ("", "a", "z", "x", "[z-a]", "[", pattern):
        assert not ignored(pattern, path)


NAMES = st.text("ab.", min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.lists(
    st.one_of(NAMES, st.sampled_from(["*", "?", "**", "*a", "a*b", "[ab]", "[^a]", "b?"])),
    min_size=1,
    max_size=4,
).map("/".join)


def expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression, which takes its time: no star of `**` beside names."""
    parts = pattern.split("/")
    text = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:.*/)?"
            continue
        text += part.replace(".", r"\.").replace("*", "[^/]*").replace("?", "[^/]")
        text += "" if last else "/"
    return re.compile(text)


@given(PARTS, PATHS)
@example("**/**/**/b", "a/b")
@example("a/**/b", "a/b/b")
def test_the_answer_is_that_of_a_regular_expression(pattern: str, path: str) -> None:
    (read,) = parse_ignore(pattern) or ("",)
    steps = path.split("/")
    ways = ["/".join(steps[:length]) for length in range(1, len(steps) + 1)]
    matches = bool(read) and any(expression(read).fullmatch(way) for way in ways)
    if read.startswith(("!", "#")):
        return
    assert ignored(read, path) == matches


@given(st.text("ab*?[]^-\\!#/. \0\n", max_size=12), st.text("ab/.*[\0", max_size=12))
def test_any_text_has_an_answer(text: str, path: str) -> None:
    assert 0 <= ignoring_line(text, path) <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/" * 20 + "z", "a/" * 60 + "b"),
        ("*a" * 40 + "b", "a" * 120),
        ("**a" * 40 + "b", "a" * 120),
        ("?*" * 60, "a" * 59),
    ],
)
def test_each_character_is_looked_at_once_for_each_part(
    pattern: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    original = ignore._Token.admits

    def counted(token: ignore._Token, character: str) -> bool:
        nonlocal looks
        looks += 1
        return original(token, character)

    monkeypatch.setattr(ignore._Token, "admits", counted)
    assert not ignored(pattern, path)
    assert 0 < looks <= len(pattern) * len(path)


def test_a_path_that_no_file_system_has() -> None:
    assert ignored("**", "a" * 4095)
    assert not ignored("**", "a" * 4096)
