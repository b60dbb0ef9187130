"""Which tests of a parallel run stay together."""

from __future__ import annotations

import pytest

from tests.scheduling import GRAPHS, PARTS, scope


@pytest.mark.parametrize(
    ("nodeid", "together"),
    [
        ("tests/bases/test_users.py::test_a[docker28]", "tests/bases"),
        ("tests/platforms/test_foreign.py::test_a", "tests/platforms"),
        ("tests/platforms/test_with_emulator.py::test_b", "tests/platforms"),
        ("tests/unit/llb/test_marshal.py::test_a[x/y::z]", "tests/unit/llb/test_marshal.py"),
        ("tests/docs/test_pages.py::test_a", "tests/docs/test_pages.py"),
        ("tests/graphs/test_faults.py::test_a", "tests/graphs"),
    ],
)
def test_what_stays_together(nodeid: str, together: str) -> None:
    assert scope(nodeid) == together


def test_graphs_are_divided() -> None:
    parts = {scope(f"{GRAPHS}::test_everything[{n}]") for n in range(1000)}
    assert len(parts) == PARTS
