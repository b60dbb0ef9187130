"""Which Python is installed for a base without one."""

from __future__ import annotations

import pytest
from packaging.version import Version

from frontend.errors import FrontendError
from frontend.resolve.managed_python import newest


def test_the_newest_patch_that_uv_knows() -> None:
    found = Version(newest("3.13", "3.13", ()))
    assert (found.major, found.minor) == (3, 13)
    assert found >= Version("3.13.5")
    assert not found.is_prerelease


def test_all_three_numbers() -> None:
    assert newest("3.13.5", "3.13.5", ()) == "3.13.5"


def test_a_requirement_bounds_it() -> None:
    assert newest("3.12", ">=3.12,<3.12.8", ()) == "3.12.7"


@pytest.mark.parametrize("asked", ["3.13.99", "3.99", "3.1"])
def test_none_that_uv_knows(asked: str) -> None:
    with pytest.raises(FrontendError, match=f"uv knows no Python {asked} to install"):
        newest(asked, asked, ())
