"""The plans of unusual locks, compared with those that were reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plans.snapshots import GOLDEN, PLATFORM, SNAPSHOTS, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plans.snapshots import Snapshot


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workspaces that are locked already, by name."""
    return {}


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda snapshot: snapshot.name)
def test_plan_is_the_reviewed_one(
    snapshot: Snapshot, locked: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = snapshot.workspace
    if name not in locked:
        locked[name] = prepare(name, tmp_path_factory.mktemp(name))
    assert snapshot.text(locked[name]) == snapshot.golden.read_text()


def test_there_is_no_other_plan() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {snapshot.name for snapshot in SNAPSHOTS}


def test_the_platform_is_big() -> None:
    assert len(PLATFORM.read_text().splitlines()) > 500
