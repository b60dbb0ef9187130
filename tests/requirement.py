"""What a test needs of the machine, and what becomes of the test without it."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unmet(reason: str) -> NoReturn:
    """Skip the test, but fail it where CI is set: no green run by skipping."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
