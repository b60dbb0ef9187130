"""The plan of every service of the shop, as text that a person can review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shop import plans

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("package", plans.PACKAGES)
def test_plan(package: str, locked_shop: Path) -> None:
    golden = plans.GOLDEN / f"{package}.txt"
    assert plans.plan_text(locked_shop, package) == golden.read_text(), (
        "the plan differs: review it with `python -m tests.shop.plans` and git diff"
    )
