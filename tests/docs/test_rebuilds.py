"""The table of what runs again, in docs/how-it-works.md, carried out."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import HOW_IT_WORKS, rows
from tests.shop import reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine

TABLE = {row[0]: row[1] for row in rows(HOW_IT_WORKS.section("What runs again"))}
_STEP = re.compile(r"\[\d+/\d+\] (.+)")
_SIZE = re.compile(r" \([\d.]+ [kMG]?B\)$")


def nothing(workspace: Path) -> None:
    pass


def touch_everything(workspace: Path) -> None:
    for path in workspace.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1, 1))


def edit(file: str) -> Callable[[Path], None]:
    def change(workspace: Path) -> None:
        with (workspace / file).open("a") as source:
            source.write("\n# Edited.\n")

    return change


def replace(workspace: Path, file: str, *pairs: tuple[str, str]) -> None:
    text = (workspace / file).read_text()
    for old, new in pairs:
        assert text.count(old) == 1, f"{file}: {old}"
        text = text.replace(old, new)
    (workspace / file).write_text(text)


def configure_linters(workspace: Path) -> None:
    replace(workspace, "pyproject.toml", ("line-length = 100", "line-length = 99"))
    with (workspace / "services/worker/pyproject.toml").open("a") as manifest:
        manifest.write("\n[tool.ruff]\nline-length = 99\n")


def bump(workspace: Path) -> None:
    old, new = 'version = "0.9.3"', 'version = "0.9.4"'
    replace(workspace, "services/worker/pyproject.toml", (old, new))
    locked = f'name = "worker"\n{old}'
    replace(workspace, "uv.lock", (locked, locked.replace(old, new)))


def drop_a_dependency(workspace: Path) -> None:
    replace(workspace, "services/worker/pyproject.toml", ('    "segno==1.6.6",\n', ""))
    needed, asked = '    { name = "segno" },\n', '    { name = "segno", specifier = "==1.6.6" },\n'
    replace(workspace, "uv.lock", (needed, ""), (asked, ""))


CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": nothing,
    "every file touched, and checked out with another umask": touch_everything,
    "a line of the service `api`": edit("services/api/src/api/app.py"),
    "settings of a linter, in the root and in the service": configure_linters,
    "another environment variable and label for the image": nothing,
    "a line of the service": edit("services/worker/src/worker/tasks.py"),
    "a line of the library `shop-core`": edit("libs/core/src/shop_core/money.py"),
    "another version of the service, in manifest and lock": bump,
    "one dependency less": drop_a_dependency,
}
ARGUMENTS = {
    "another environment variable and label for the image": {"env.A": "1", "labels.b": "2"},
}


def build(engine: Engine, workspace: Path, **arguments: str) -> list[str]:
    """The layers whose steps ran, by what `docker history` calls them, less sizes."""
    done = engine.build(workspace, build_args={"package": "worker", **arguments})
    steps = [found.group(1) for v in done.executed if (found := _STEP.fullmatch(v.name))]
    return sorted(_SIZE.sub("", step) for step in steps)


@pytest.fixture(scope="module")
def unchanged(docker28: Engine, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine, with the worker built from the workspace as it is."""
    build(docker28, reference.checkout(shop, tmp_path_factory.mktemp("unchanged") / "shop"))
    return docker28


def test_every_line_of_the_table_has_its_change() -> None:
    assert list(TABLE) == list(CHANGES)


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_the_table_says_runs(
    change: str, unchanged: Engine, shop: Path, tmp_path: Path
) -> None:
    workspace = reference.checkout(shop, tmp_path / "shop")
    CHANGES[change](workspace)
    expected = re.findall(r"`([^`]+)`", TABLE[change])
    assert expected or TABLE[change] == "none"
    assert build(unchanged, workspace, **ARGUMENTS.get(change, {})) == sorted(expected)
