"""The example workspace that the pages talk of."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import lock


@pytest.fixture(scope="session")
def shop() -> Path:
    """The workspace, locked."""
    folder = Path(lock.__file__).with_name("shop")
    lock.lock(folder)
    return folder
