"""The checklist of compatibility: every line has a state, and tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT, Page, rows

PAGE = Page("docs/compatibility.md")
CHECKLIST = rows(PAGE.section("What BuildKit expects of a frontend"))
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def _tests_in(path: str) -> frozenset[str]:
    """The names of the tests in a file, which has to be there."""
    body = ast.parse((ROOT / path).read_text()).body
    return frozenset(each.name for each in body if isinstance(each, ast.FunctionDef))


def test_there_is_a_checklist() -> None:
    assert len(CHECKLIST) > 30


@pytest.mark.parametrize("line", CHECKLIST, ids=lambda line: line[0])
def test_a_line_has_a_state_and_tests(line: list[str]) -> None:
    _, state, shown = line
    assert re.match(r"(yes$|partly: |no: |not tried$)", state)
    assert bool(_TEST.search(shown)) == state.startswith(("yes", "partly"))
    assert _TEST.sub("", shown).strip(" ,–") == ""


def test_every_test_that_is_named_exists() -> None:
    named = _TEST.findall(PAGE.text)
    assert len(named) == PAGE.text.count("::test_")
    assert [f"{path}::{name}" for path, name in named if name not in _tests_in(path)] == []
