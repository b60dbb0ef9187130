"""How long `--call=affected` takes for 200 services and 5,000 locked packages.

`python -m tests.benchmark.affected` starts an engine of its own, and prints the median of several
calls in seconds, that of buildx included: with nothing changed, and after an edit in a library.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmark.monorepo import write
from tests.engine import Engine, frontend_image

RUNS = 7
GOAL_SECONDS = 2.0
_CALL = ("buildx", "build", "--call=affected,format=json", "--build-arg", "package=*")


def call(engine: Engine, folder: Path) -> tuple[float, dict[str, str]]:
    """Seconds of one call, and the digests."""
    began = time.monotonic()
    said = engine.docker(*_CALL, folder).stdout
    seconds = time.monotonic() - began
    return seconds, {each["name"]: each["digest"] for each in json.loads(said)["packages"]}


def measure(engine: Engine, folder: Path) -> dict[str, float]:
    """Medians of several calls, by what was done before each."""
    made = write(folder)
    first, before = call(engine, folder)
    idle = [call(engine, folder)[0] for _ in range(RUNS)]
    edited = []
    module = folder / "libs/library-000/src/library_000/models.py"
    holding = {name for name, found in made.libraries.items() if "library-000" in found}
    for number in range(RUNS):
        module.write_text(f"NUMBER = {number}\n")
        seconds, after = call(engine, folder)
        changed = {name for name in before if before[name] != after[name]}
        if changed != holding:
            raise AssertionError(f"{len(changed)} digests moved, and {len(holding)} had to")
        edited.append(seconds)
        before = {name: digest for name, digest in before.items() if name not in holding}
        before |= {name: after[name] for name in holding}
    return {
        "first call": first,
        "nothing changed": statistics.median(idle),
        "edit in a library": statistics.median(edited),
    }


def main() -> None:
    """Measure and print."""
    with Engine.start("docker28") as engine, tempfile.TemporaryDirectory() as folder:
        frontend_image.provide(engine)
        print(f"load {os.getloadavg()[0]:.1f}, goal {GOAL_SECONDS} s")
        for what, seconds in measure(engine, Path(folder)).items():
            print(f"{what:<20}{seconds:6.2f} s")


if __name__ == "__main__":
    main()
