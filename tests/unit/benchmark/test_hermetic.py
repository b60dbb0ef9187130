"""What the benchmark of hermetic builds writes down."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tests.benchmark.hermetic import Cost, table, write, write_page
from tests.errors.index import serve

if TYPE_CHECKING:
    from pathlib import Path

COSTS = {"normal": Cost(1.0, 0.5, 40, 200_000), "hermetic": Cost(1.2, 0.6, 60, 250_000)}


def test_every_wheel_is_needed(tmp_path: Path) -> None:
    with serve() as index:
        made = write(tmp_path, index, packages=5)
    locked = tomllib.loads((made.folder / "uv.lock").read_text())["package"]
    assert len([each for each in locked if "wheels" in each]) == 5


def test_ratios() -> None:
    rows = [line.split(" | ")[1:] for line in table(COSTS).splitlines()[2:]]
    assert rows == [
        ["1.00", "1.20", "1.20 × |"],
        ["0.50", "0.60", "1.20 × |"],
        ["40", "60", "1.50 × |"],
        ["200", "250", "1.25 × |"],
    ]


def test_the_page_keeps_what_stands_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- hermetic: begin -->\nold\n<!-- hermetic: end -->\nafter\n")
    write_page("new", page)
    write_page("newer", page)
    marked = "<!-- hermetic: begin -->\nnewer\n<!-- hermetic: end -->"
    assert page.read_text() == f"before\n{marked}\nafter\n"
