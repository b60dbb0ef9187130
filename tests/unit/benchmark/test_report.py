"""The report as JSON and as a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.benchmark.machine import Machine, upstream
from tests.benchmark.measurement import Measurement
from tests.benchmark.report import BEGIN, END, Report, markdown, page, size, write_page

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = Machine("x86_64", 2, 24, 0.1, "containerd image store", {"docker.io": "28.5.2"})
REPORT = Report(
    MACHINE,
    (
        Measurement("nothing", 0, "guide", 0.4, 0, 0),
        Measurement("nothing", 0, "ours", 0.8, 0, 0, 0.2),
        Measurement("edit", 0, "guide", 9.0, 3, 90_000_000),
        Measurement("edit", 0, "ours", 2.0, 1, 20_000),
        Measurement("edit", 1, "ours", 1.0, 1, 20_000),
        Measurement("edit", 1, "guide", 10.0, 3, 90_000_000),
    ),
    {"read the lock": 30.25, "lay out the layers": 1.0},
    (("bump", "it broke"),),
)


def test_json_and_back() -> None:
    assert Report.parse(REPORT.json()) == REPORT


def test_summary_is_in_the_json() -> None:
    nothing, edit = json.loads(REPORT.json())["summary"]
    assert (nothing["scenario"], edit["scenario"]) == ("nothing", "edit")
    assert edit["ratio"] == {"median": 7.25, "least": 4.5, "greatest": 10.0, "count": 2}
    assert edit["bytes_ratio"] == 4500
    assert nothing["bytes_ratio"] is None


def test_tables() -> None:
    lines = markdown(REPORT).splitlines()
    edit = "| a line of the service edited "
    assert (
        edit + "| 9.50 (9.00 – 10.00) | 1.50 (1.00 – 2.00) | **7.2 ×** (4.5 × – 10.0 ×) | 2 |"
    ) in lines
    assert edit + "| 3 | 1 | 90 MB | 20 kB | 4500 × |" in lines
    assert "| nothing changed | 0 | 0 | 0 | 0 | – |" in lines
    assert "| lay out the layers | 1.0 |" in lines
    assert any(line.startswith("2 cores (x86_64), 24 GiB of memory; Docker 28.5") for line in lines)
    assert "0.20 s (0.20 – 0.20)" in markdown(REPORT)


def test_missed_targets() -> None:
    slow = Report(
        MACHINE,
        (
            Measurement("nothing", 0, "guide", 0.4, 0, 0),
            Measurement("nothing", 0, "ours", 1.2, 0, 0, 0.3),
            Measurement("dependency", 0, "guide", 4.0, 4, 90),
            Measurement("dependency", 0, "ours", 2.0, 2, 10),
        ),
        {},
    )
    assert REPORT.missed() == []
    assert slow.missed() == [
        "nothing changed: 3.0 × the built-in frontend's time",
        "nothing changed: 0.300 s in the frontend",
        "one small dependency added: 2.0 × instead of 5",
        "one small dependency added: 9.0 × the bytes, not 10",
    ]


def test_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "docs/benchmarks.md"
    write_page(REPORT, path)
    assert path.read_text().startswith("# Benchmarks\n")
    written = path.read_text().replace("# Benchmarks\n", "# Numbers\n\nMine.\n") + "\nAlso mine.\n"
    other = Report(MACHINE, REPORT.measurements[:2], {})
    changed = page(other, written)
    assert changed.startswith("# Numbers\n\nMine.\n")
    assert changed.endswith(f"{END}\n\nAlso mine.\n")
    assert "a line of the service edited" not in changed
    assert changed.count(BEGIN) == 1


def test_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        page(REPORT, "# Mine alone\n")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (3140, "3.1 kB"), (92_400_000, "92 MB"), (4.2e9, "4.2 GB")],
)
def test_size(number: float, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("debian", "expected"),
    [("28.5.2+dfsg4-5", "28.5.2"), ("1:0.29.1+ds1-4", "0.29.1"), ("2.1.9-1", "2.1.9")],
)
def test_upstream_version(debian: str, expected: str) -> None:
    assert upstream(debian) == expected
