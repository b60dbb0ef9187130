"""A mistake of ours: the user is told that it is one, the daemon's log where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.shown import fail
from tests.errors.workspaces import workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine


PLANNING = "from frontend.plan import partition; partition.make"


@pytest.mark.parametrize(
    ("fault", "named", "logged"),
    [
        (
            f"{PLANNING} = lambda *_, **__: [].pop()",
            "IndexError: pop from empty list",
            "in make_plan",
        ),
        (
            "sys.modules['frontend.build'] = None",
            "ModuleNotFoundError: import of frontend.build halted; None in sys.modules",
            "in _build",
        ),
        (
            f"{PLANNING} = lambda *_, **__: sys.exit('lost')",
            "SystemExit: lost",
            "in make_plan",
        ),
    ],
    ids=["fault", "missing module", "exit"],
)
def test_a_bug(
    docker28: Engine,
    tmp_path: Path,
    broken_frontend: Callable[[str], str],
    fault: str,
    named: str,
    logged: str,
) -> None:
    made = workspace(tmp_path / "shop").service("api").lock()
    made.write("Dockerfile", f"# syntax={broken_frontend(fault)}\n")
    mark = docker28.log.mark()

    shown = fail(docker28, made.folder)

    assert shown.title == f"uv-frontend failed unexpectedly ({named})."
    assert "please report it, with the traceback from the log" in shown.remedy
    log = docker28.log.since(mark)
    assert log.count("Traceback (most recent call last)") == 1
    assert logged in log
