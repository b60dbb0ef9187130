"""What `hermetic` costs where nothing has changed, for 500 locked packages.

`python -m tests.benchmark.hermetic` starts an engine of its own and an index with 500 small wheels,
builds their image with and without `hermetic`, and compares builds that find everything done: time,
the frontend's own, and the size of what the frontend hands to BuildKit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmark.frontend_clock import FrontendClock
from tests.engine import Engine, frontend_image
from tests.errors.index import REACH, Index, serve
from tests.errors.workspaces import Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = 500
RUNS = 7
GOAL = 1.5
_BEGIN, _END = "<!-- hermetic: begin -->", "<!-- hermetic: end -->"
_MAX = {"BUILDX_METADATA_PROVENANCE": "max"}


_STEP = re.compile(r"\[\d+/\d+\] ")


@dataclass(frozen=True)
class Cost:
    """Seconds of a whole build, those of the frontend's process, and its graph."""

    build: float
    frontend: float
    operations: int
    definition: int  # bytes of the graph as JSON


def write(folder: Path, index: Index, packages: int = PACKAGES) -> Workspace:
    """A workspace with one service that needs every package of the index."""
    names = [f"package-{number:03}" for number in range(packages)]
    for name in names:
        index.wheel(name.replace("-", "_"), code=f"NAME = {name!r}\n")
    found = workspace(folder).service("api", f"dependencies = {json.dumps(names)}\n")
    return found.lock(*index.locking)


def measure(
    engine: Engine, folder: Path, runs: int = RUNS, *, syntax: str = frontend_image.IMAGE
) -> dict[str, Cost]:
    """Medians of builds that find everything done, with and without `hermetic`, in turns."""
    taken: dict[str, list[tuple[float, float]]] = {"hermetic": [], "normal": []}
    sizes: dict[str, tuple[int, int]] = {}
    with serve() as index:
        made = write(folder, index)
        for mode in taken:
            sizes[mode] = _graph(engine, made, mode, syntax)
        for _ in range(runs):
            for mode, found in taken.items():
                with FrontendClock(engine.pid) as clock:
                    began = time.monotonic()
                    done = engine.build(made.folder, REACH, build_args=_arguments(mode, syntax))
                    seconds = time.monotonic() - began
                ran = [each.name for each in done.executed if _STEP.match(each.name)]
                if ran:
                    raise AssertionError(f"steps ran: {ran}")
                found.append((seconds, sum(clock.seconds)))
    return {
        mode: Cost(
            statistics.median(seconds for seconds, _ in found),
            statistics.median(seconds for _, seconds in found),
            *sizes[mode],
        )
        for mode, found in taken.items()
    }


def _arguments(mode: str, syntax: str) -> dict[str, str]:
    hermetic = "true" if mode == "hermetic" else "false"
    return {"package": "api", "hermetic": hermetic, "BUILDKIT_SYNTAX": syntax}


def _graph(engine: Engine, made: Workspace, mode: str, syntax: str) -> tuple[int, int]:
    """Build, and return the number of operations and the bytes of the graph, from provenance."""
    with tempfile.TemporaryDirectory() as folder:
        metadata = Path(folder, "metadata.json")
        engine.build(
            made.folder,
            REACH,
            "--provenance=mode=max",
            f"--metadata-file={metadata}",
            build_args=_arguments(mode, syntax),
            env=_MAX,
        )
        provenance = json.loads(metadata.read_text())["buildx.build.provenance"]
    graph = provenance["buildConfig"]["llbDefinition"]
    return len(graph), len(json.dumps(graph, separators=(",", ":")))


def table(costs: dict[str, Cost]) -> str:
    """The table for the page."""
    normal, hermetic = costs["normal"], costs["hermetic"]
    rows = [
        ("build, s", normal.build, hermetic.build, ".2f"),
        ("the frontend's process, s", normal.frontend, hermetic.frontend, ".2f"),
        ("operations", normal.operations, hermetic.operations, "d"),
        ("graph as JSON, kB", normal.definition / 1000, hermetic.definition / 1000, ".0f"),
    ]
    lines = [
        "| nothing changed, 500 packages | normal | hermetic | ÷ |",
        "| --- | ---: | ---: | ---: |",
    ]
    for what, one, other, form in rows:
        ratio = f"{other / one:.2f} ×" if one else "–"
        lines.append(f"| {what} | {one:{form}} | {other:{form}} | {ratio} |")
    return "\n".join(lines)


def write_page(text: str, page: Path) -> None:
    """Put the table between its marks."""
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.hermetic")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--write-docs", type=Path, metavar="PAGE")
    given = parser.parse_args(arguments)
    with Engine.start("docker28") as engine, tempfile.TemporaryDirectory() as folder:
        frontend_image.provide(engine)
        print(f"load {os.getloadavg()[0]:.1f}, goal {GOAL} ×")
        text = table(measure(engine, Path(folder), given.runs))
    print(text)
    if given.write_docs:
        write_page(text, given.write_docs)


if __name__ == "__main__":
    main()
