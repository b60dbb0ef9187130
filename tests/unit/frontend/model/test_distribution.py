"""What the probe reports of a base's file system."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.model.distribution import Distribution, Ownership

REPORT = {
    "id": "debian",
    "version": "13",
    "codename": "trixie",
    "programs": ["sh", "apt-get"],
    "app": [1000, 100, 0o755],
    "environment": True,
    "passwd": "root:x:0:0::/:\n",
    "group": "root:x:0:\n",
}


def test_a_report() -> None:
    assert Distribution.from_probe({"system": REPORT}) == Distribution(
        "debian",
        "13",
        "trixie",
        ("sh", "apt-get"),
        Ownership(1000, 100, 0o755),
        environment=True,
        passwd="root:x:0:0::/:\n",
        group="root:x:0:\n",
    )


@pytest.mark.parametrize(
    "report", [{}, {"system": None}, {"system": {}}, {"system": {"app": None}}]
)
def test_a_base_that_has_nothing_of_it(report: dict[str, Any]) -> None:
    assert Distribution.from_probe(report) == Distribution()
