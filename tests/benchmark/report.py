"""The numbers as JSON, and as a page for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmark.machine import Machine
from tests.benchmark.measurement import Measurement, Spread, Summary, summarise
from tests.benchmark.scenarios import BY_KEY, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.benchmark.scenarios import Scenario

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
#: What the frontend's own process may take when nothing has changed, in seconds.
FRONTEND_TARGET = 0.25
#: How many times the built-in Dockerfile frontend's whole build ours may take then.
NOTHING_TARGET = 2.5
_PAGE = f"""\
# Benchmarks

{BEGIN}
{END}
"""

_ABOUT = """\
Measured by `make bench`, which writes this part of the page. *Guide* is the Dockerfile for
workspaces of uv's own Docker guide (`tests/benchmark/guide.Dockerfile`), *ours* the one line of
`examples/shop/Dockerfile`. Both build the same workspace by turns on one engine, each with its own
cache of uv. Both find the base image and the image with uv in it on the engine."""
_ABOUT_SECONDS = """\
Seconds of a whole `docker buildx build`, up to the image in the engine's store: median (least –
greatest). The quotient is taken pair by pair."""
_ABOUT_WORK = """\
Steps that were executed, not found in the cache: the guide's RUN, COPY and WORKDIR, our layers. New
bytes are compressed layers that a registry does not have yet which got every image before; the base
image does not count."""


@dataclass(frozen=True)
class Report:
    """A run. `planning` is milliseconds by stage, `failures` what went wrong, by scenario."""

    machine: Machine
    measurements: tuple[Measurement, ...]
    planning: Mapping[str, float]
    failures: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Report:
        """Read what `json` has written."""
        loaded: dict[str, Any] = json.loads(text)
        return cls(
            Machine(**loaded["machine"]),
            tuple(Measurement(**each) for each in loaded["measurements"]),
            loaded["planning"],
            tuple((each["scenario"], each["error"]) for each in loaded["failures"]),
        )

    def json(self) -> str:
        """The whole run, with its summary for other programs."""
        document = {
            "machine": asdict(self.machine),
            "summary": [
                {**asdict(summary), "bytes_ratio": summary.bytes_ratio, "missed": missed(summary)}
                for _, summary in self.rows()
            ],
            "planning": dict(self.planning),
            "failures": [{"scenario": key, "error": error} for key, error in self.failures],
            "measurements": [asdict(each) for each in self.measurements],
        }
        return json.dumps(document, indent=1) + "\n"

    def rows(self) -> Iterator[tuple[Scenario, Summary]]:
        """What was measured of each scenario, in the scenarios' order."""
        for scenario in SCENARIOS:
            if summary := summarise(self.measurements, scenario.key):
                yield scenario, summary

    def missed(self) -> list[str]:
        """A line for every target that was missed."""
        return [line for _, summary in self.rows() for line in missed(summary)]


def missed(summary: Summary) -> list[str]:
    """The targets of a scenario that its numbers do not reach."""
    scenario = BY_KEY[summary.scenario]
    found = []
    if scenario.target and summary.ratio.median < scenario.target:
        found.append(f"{scenario.title}: {summary.ratio.median:.1f} × instead of {scenario.target}")
    share = summary.bytes_ratio
    if scenario.bytes_target and share is not None and share < scenario.bytes_target:
        found.append(f"{scenario.title}: {share:.1f} × the bytes, not {scenario.bytes_target}")
    if scenario.key == "nothing":
        slower = 1 / summary.ratio.median
        if slower > NOTHING_TARGET:
            found.append(f"{scenario.title}: {slower:.1f} × the built-in frontend's time")
        if summary.frontend and summary.frontend.median > FRONTEND_TARGET:
            found.append(f"{scenario.title}: {summary.frontend.median:.3f} s in the frontend")
    return found


# --- The page -------------------------------------------------------------------------------------


def page(report: Report, old: str = "") -> str:
    """The page `old` with the numbers of this run; what people wrote around them stays.

    ValueError if the page has no place for them.
    """
    before, begin, rest = (old or _PAGE).partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{markdown(report)}{END}{after}"


def write_page(report: Report, path: Path) -> None:
    """Write or update the page at `path`."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(report, old), encoding="utf-8")


def markdown(report: Report) -> str:
    """The tables with what explains them."""
    rows = list(report.rows())
    return "\n".join(
        [
            _ABOUT,
            "",
            report.machine.text(),
            "",
            *_table(
                ("", "guide", "ours", "guide ÷ ours", "runs"),
                [
                    (
                        scenario.title,
                        _seconds(summary.guide),
                        _seconds(summary.ours),
                        f"**{_times(summary.ratio.median)}** {_range(summary.ratio, _times)}",
                        str(summary.ratio.count),
                    )
                    for scenario, summary in rows
                ],
            ),
            "",
            _ABOUT_SECONDS,
            "",
            *_table(
                ("", "steps, guide", "steps, ours", "new bytes, guide", "new bytes, ours", "÷"),
                [
                    (
                        scenario.title,
                        f"{summary.guide_steps:g}",
                        f"{summary.our_steps:g}",
                        size(summary.guide_bytes),
                        size(summary.our_bytes),
                        "–" if summary.bytes_ratio is None else _times(summary.bytes_ratio),
                    )
                    for scenario, summary in rows
                ],
            ),
            "",
            _ABOUT_WORK,
            *_nothing(rows),
            *_planning(report.planning),
            "",
        ]
    )


def _nothing(rows: Sequence[tuple[Scenario, Summary]]) -> list[str]:
    for scenario, summary in rows:
        if scenario.key == "nothing":
            said = (
                "When nothing has changed, the guide's time is that of the engine's built-in "
                "Dockerfile frontend, which starts no container; ours is "
                f"{_times(1 / summary.ratio.median)} of it."
            )
            if summary.frontend:
                own = summary.frontend
                said += (
                    f" Our frontend's process lives {own.median:.2f} s "
                    f"({own.least:.2f} – {own.greatest:.2f}), from its exec to its exit as the "
                    "kernel tells."
                )
            return ["", said]
    return []


def _planning(stages: Mapping[str, float]) -> list[str]:
    if not stages:
        return []
    listed = [(stage, f"{milliseconds:.1f}") for stage, milliseconds in stages.items()]
    return [
        "",
        f"Planning a generated lock of 500 packages takes {sum(stages.values()):.0f} ms:",
        "",
        *_table(("", "ms"), listed),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def _seconds(spread: Spread) -> str:
    return f"{spread.median:.2f} {_range(spread, '{:.2f}'.format)}"


def _range(spread: Spread, shown: Any) -> str:
    return f"({shown(spread.least)} – {shown(spread.greatest)})"


def _times(number: float) -> str:
    return f"{number:.0f} ×" if number >= 100 else f"{number:.1f} ×"


def size(number: float) -> str:
    """Bytes for people: `0`, `3.1 kB`, `92 MB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            value = number / factor
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{number:.0f}"
