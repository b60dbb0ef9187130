"""The example workspace that the pages talk of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shop(locked_shop: Path) -> Path:
    """The workspace, locked."""
    return locked_shop
