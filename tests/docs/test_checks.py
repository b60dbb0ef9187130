"""docs/checks.md has a section for every rule, and none that does not exist."""

from __future__ import annotations

import pytest

from frontend.findings import PAGE, RULES, Rule
from tests.docs.pages import Page

CHECKS = Page("docs/checks.md")


def test_every_section_is_of_a_rule() -> None:
    assert [text for level, text in CHECKS.headings if level == 2] == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_section_is_where_the_finding_says(rule: Rule) -> None:
    page, _, anchor = rule.url.partition("#")
    assert page == PAGE
    assert page.endswith(f"/{CHECKS.path}")
    assert anchor in CHECKS.anchors
    assert ("*Asked.*" in CHECKS.section(rule.name)) is rule.check_only
