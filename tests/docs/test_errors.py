"""docs/errors.md has every message that a user can get, and none that does not exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ERRORS, ROOT

#: Sections headed by what others say, or by what is no message at all.
NOT_OURS = ("Said by buildx or the engine", "No error, and yet")
#: A message with fewer letters of its own than this says nothing to search for.
LETTERS = 5
FOLDER = ROOT / "frontend"


@cache
def expressions() -> tuple[ast.expr, ...]:
    """Every expression in the frontend's sources."""
    trees = [ast.parse(path.read_text()) for path in sorted(FOLDER.rglob("*.py"))]
    return tuple(node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.expr))


def template(node: ast.expr) -> str | None:
    """The first line of a text in the sources, `…` for what is put in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # The templates of a table of failures are for str.format.
        return re.sub(r"\{f\.[^{}]*\}", "…", node.value.partition("\n")[0])
    if isinstance(node, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
        return "".join(parts).partition("\n")[0]
    return None


def letters(text: str) -> int:
    return len(re.sub(r"[^A-Za-z]", "", text))


def messages() -> list[str]:
    """What users get: the text of every FrontendError, kind of failure, and fact of a build."""
    found = []
    for node in expressions():
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            text = template(node.args[0]) if name in ("FrontendError", "FailureKind") else None
            if name == "Finding" and ast.unparse(node.args[0]) == "None":
                # Those of a rule have a page of their own.
                text = template(node.args[1])
                assert text, ast.unparse(node)
            if text and letters(text) >= LETTERS:
                found.append(text)
    return found


def headings() -> list[str]:
    """The messages that the page is headed by."""
    skipped = "".join(ERRORS.section(name) for name in NOT_OURS)
    return [
        text[1:-1]
        for level, text in ERRORS.headings
        if level == 3 and text[0] == "`" and f"### {text}\n" not in skipped
    ]


def matches(heading: str, text: str) -> bool:
    """Whether a heading shows a message of this template."""
    parts = re.split(r"…(?: ?…)*", text)
    return re.fullmatch(".+".join(map(re.escape, parts)), heading) is not None


@pytest.mark.parametrize("message", messages())
def test_every_message_has_a_section(message: str) -> None:
    assert any(matches(heading, message) for heading in headings())


@cache
def templates() -> frozenset[str]:
    """Every text in the sources."""
    return frozenset(text for node in expressions() if (text := template(node)))


@pytest.mark.parametrize("heading", headings())
def test_every_section_is_of_a_message(heading: str) -> None:
    known = [text for text in templates() if letters(text) >= LETTERS]
    # Messages that are put together from several texts end in one of them.
    parts = [part for part in heading.split("…") if letters(part) >= LETTERS]
    assert any(matches(heading, text) for text in known) or all(
        part.strip(": ") in templates() for part in parts
    )


def test_the_check_finds_what_is_missing() -> None:
    assert matches("package 'x' has no extra 'y'", "package … has no … …")
    assert not matches("package 'x' has an extra", "package … has no … …")
    assert len(messages()) > 40
