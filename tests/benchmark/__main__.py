"""Measure the frontend against the Dockerfile of uv's guide: `python -m tests.benchmark`.

Needs root and the network, starts an engine of its own and ends it. Measure on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from examples.lock import LockError
from tests.benchmark import planning
from tests.benchmark.lab import Lab
from tests.benchmark.machine import Machine
from tests.benchmark.measurement import Measurement, summarise
from tests.benchmark.report import Report, markdown, write_page
from tests.benchmark.scenarios import SCENARIOS, chosen, turns
from tests.benchmark.workspaces import depend
from tests.engine import Engine, EngineUnavailable, frontend_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmark.scenarios import Scenario, Turn

KIND = "docker28"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
# A build that fails, a `docker` that fails, one that never ends, an image unlike any expected.
_FAILURES = (AssertionError, subprocess.TimeoutExpired, OSError, ValueError, LockError)


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tables; 1 if a scenario could not be measured."""
    given = _parser().parse_args(arguments)
    if given.render:
        report = Report.parse(given.render.read_text())
    else:
        try:
            report = run(chosen(given.only), given.repeat, given.minutes, given.engine)
        except EngineUnavailable as error:
            print(error, file=sys.stderr)
            return 1
    if given.json:
        given.json.write_text(report.json())
    print(markdown(report))
    if given.write_docs:
        write_page(report, given.write_docs)
    for line in report.missed():
        _say(f"target missed: {line}")
    if not report.machine.quiet:
        _say(f"the machine was busy (load {report.machine.load}): these times mean little")
    for key, reason in report.failures:
        _say(f"{key} failed: {reason}")
    return 1 if report.failures else 0


def _parser() -> argparse.ArgumentParser:
    keys = [scenario.key for scenario in SCENARIOS]
    extra = ", ".join(scenario.key for scenario in SCENARIOS if scenario.on_request)
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark",
        description=__doc__,
        epilog=f"Scenarios: {', '.join(keys)}. Only on request, for they need some 80 GB of "
        f"disk: {extra}.",
    )
    parser.add_argument("--only", nargs="+", default=[], choices=keys, metavar="SCENARIO")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=14,
        help="begin nothing that would end later, once every scenario was measured "
        "(default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement")
    parser.add_argument(
        "--write-docs",
        type=Path,
        nargs="?",
        const=DOCS,
        metavar="FILE",
        help="write the tables into a page (default: docs/benchmarks.md)",
    )
    parser.add_argument(
        "--render", type=Path, metavar="FILE", help="measure nothing, take an earlier --json"
    )
    parser.add_argument(
        "--engine",
        metavar="NAME",
        help="use a private engine that runs, though its build cache gets lost",
    )
    return parser


def run(
    scenarios: Sequence[Scenario], repeat: int, minutes: float, engine_name: str | None = None
) -> Report:
    """Measure. EngineUnavailable if there is no engine to be had."""
    began = time.monotonic()
    load = os.getloadavg()[0]
    measurements: list[Measurement] = []
    failures: list[tuple[str, str]] = []
    try:
        stages = planning.measure()
    except _FAILURES as error:
        stages = {}
        failures.append(("planning", str(error)))
    with ExitStack() as stack:
        engine = _engine(engine_name, stack)
        machine = Machine.of(engine, load)
        # Whatever goes wrong from here on, what has been measured is kept.
        try:
            _say(f"building the frontend's image on {machine.text()}")
            frontend_image.provide(engine)
            with tempfile.TemporaryDirectory() as folder:
                lab = Lab(engine, Path(folder))
                lab.open()
                planned = _prepare(lab, list(turns(scenarios, repeat)), failures)
                _measure(lab, planned, began + minutes * 60, measurements, failures)
                lab.close()
        except _FAILURES as error:
            failures.append(("the run", str(error)))
    return Report(machine, tuple(measurements), stages, tuple(failures))


def _prepare(lab: Lab, planned: list[Turn], failures: list[tuple[str, str]]) -> list[Turn]:
    """Prepare the workspaces; returns the turns of those with which it went well."""
    ready = []
    for subject in dict.fromkeys(turn.scenario.subject for turn in planned):
        own = [turn for turn in planned if turn.scenario.subject == subject]
        added = Counter(turn.scenario.key for turn in own if turn.scenario.change is depend)
        for attempt in (1, 2):
            try:
                lab.add(subject, max(added.values(), default=0))
                ready += own
                break
            except _FAILURES as error:
                _say(f"the workspace {subject.name} cannot be prepared: {error}")
                if attempt == 2:
                    failures.append((subject.name, str(error)))
    return ready


def _measure(
    lab: Lab,
    planned: Sequence[Turn],
    deadline: float,
    measurements: list[Measurement],
    failures: list[tuple[str, str]],
) -> None:
    """Take every turn for which there is time.

    A turn that fails is tried again, for networks have bad moments; if it fails twice, this is
    noted and the rest goes on.
    """
    taken: dict[str, float] = {}
    broken: set[tuple[str, int]] = set()
    for turn in planned:
        key = turn.scenario.key
        if (key, turn.round) in broken:
            continue
        began = time.monotonic()
        if key in taken and began + taken[key] > deadline:
            continue
        found: list[Measurement] = []
        for attempt in (1, 2):
            try:
                found = lab.measure(turn)
                break
            except _FAILURES as error:
                _say(f"{key} failed: {str(error)[-2000:]}")
                lab.lose()
                if attempt == 2:
                    failures.append((key, str(error)))
                    broken.add((key, turn.round))
        if not found:
            continue
        whole = time.monotonic() - began
        taken[key] = max(taken.get(key, 0), whole)
        measurements += found
        if summary := summarise(found, key):
            _say(
                f"{turn.round + 1}. {key}: guide {summary.guide.median:.2f} s, "
                f"ours {summary.ours.median:.2f} s, {summary.ratio.median:.1f} ×"
                f" ({whole:.0f} s with what comes before)"
            )


def _engine(name: str | None, stack: ExitStack) -> Engine:
    if name is None:
        return stack.enter_context(Engine.start(KIND))
    engine = Engine.running(name)
    if engine is None or engine.kind is None or not engine.kind.containerd_store:
        raise EngineUnavailable(f"no private engine {name} with containerd's image store runs")
    return engine


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
