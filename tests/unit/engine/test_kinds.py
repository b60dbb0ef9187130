"""What a kind of engine says of itself."""

from __future__ import annotations

import pytest

from tests.engine import KINDS


@pytest.mark.parametrize("version", ["28.5.2+dfsg4-5", "28.0.0"])
def test_version_that_the_name_promises(version: str) -> None:
    kind = KINDS["docker28"]
    assert kind.described(version) == f"docker28: Docker {version}; {kind.about}"


@pytest.mark.parametrize("version", ["26.1.5+dfsg1-9+deb13u1", "29.0.1", "2.8", "280.1", ""])
def test_version_that_the_name_does_not_promise(version: str) -> None:
    assert "NOT 28 as the kind's name says" in KINDS["docker28"].described(version)
