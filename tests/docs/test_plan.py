"""The published schema of plans is the one that they are written by."""

from __future__ import annotations

from frontend.targets import TARGETS
from frontend.targets.plan_document import schema
from tests.docs.pages import ROOT, Page, rows

TARGETS_PAGE = Page("docs/targets.md")


def test_the_schema_is_that_of_the_code() -> None:
    """If not: `python -m frontend.targets.plan_document > docs/plan.schema.json`."""
    assert (ROOT / "docs/plan.schema.json").read_text() == schema()


def test_every_target_is_described() -> None:
    stated = {
        cells[0].partition(",")[0].strip("[").partition("]")[0].strip("`"): cells[1]
        for cells in rows(TARGETS_PAGE.text)
    }
    assert stated == {target.name: target.description for target in TARGETS}
    described = {text.strip("`") for level, text in TARGETS_PAGE.headings if level == 2}
    assert described == {target.name for target in TARGETS} - {"image"}
