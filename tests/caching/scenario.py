"""A workspace, how it lies on disk and how it is built; and what came of a build."""

from __future__ import annotations

import itertools
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.caching.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.engine import Build, Engine

_STEP = re.compile(r"\[(?P<number>[0-9]+)/(?P<total>[0-9]+)\] (?P<title>.*)")
_IMAGE = re.compile(r"\[image\] (?P<title>.*)")


@dataclass(frozen=True)
class Scenario:
    """Everything that a build depends on. `owner` is the user number that files belong to."""

    workspace: Workspace = field(default_factory=Workspace)
    package: str = "api"
    options: tuple[str, ...] = ()
    umask: int = 0o022
    time: int | None = None
    folder: str = "checkout"
    owner: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a build did and made. `layers` are the diff IDs by title, the lowest first."""

    build: Build = field(repr=False)
    image: str
    layers: Mapping[str, str]
    manifest: str
    config: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The titles of all install steps, executed or not, in their order."""
        return tuple(title for _, title in self.numbered)

    @property
    def numbered(self) -> tuple[tuple[str, str], ...]:
        """All install steps as `n/m` and title, in their order."""
        found = [match for v in self.build.vertexes if (match := _STEP.fullmatch(v.name))]
        found.sort(key=lambda match: int(match["number"]))
        return tuple((f"{match['number']}/{match['total']}", match["title"]) for match in found)

    @property
    def executed(self) -> tuple[str, ...]:
        """The titles of the install steps that ran, rather than being found in a cache."""
        steps = [match for v in self.build.executed if (match := _STEP.fullmatch(v.name))]
        return tuple(sorted(match["title"] for match in steps))

    def changed_since(self, before: Outcome) -> tuple[str, ...]:
        """The titles of the layers that the earlier image does not have."""
        known = set(before.layers.values())
        return tuple(title for title, layer in self.layers.items() if layer not in known)


@dataclass
class Machine:
    """An engine, the base image for what is built there, and a folder for checkouts."""

    engine: Engine
    base: str
    folder: Path
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def build(self, scenario: Scenario, *options: str, base: str = "") -> Outcome:
        """Check the workspace out into a folder of its own and build it."""
        number = next(self._numbers)
        checkout = self.check_out(scenario, number)
        image = f"uv-frontend-test/caching-{self.folder.name.lower()}-{number}"
        report = self.folder / f"{number}.json"
        build = self.engine.build(
            checkout,
            "--provenance=false",
            f"--metadata-file={report}",
            *scenario.options,
            *options,
            tag=image,
            build_args={
                "package": scenario.package,
                "base": base or self.base,
                **({"groups": "tools"} if scenario.package == "api" else {}),
            },
        )
        told = json.loads(report.read_text())
        return Outcome(
            build,
            image,
            layers(self.engine, image),
            told.get("containerimage.digest", ""),
            told.get("containerimage.config.digest", ""),
        )

    def check_out(self, scenario: Scenario, number: int) -> Path:
        """Write the scenario's workspace as its checkout has it."""

        place = self.folder / str(number) / scenario.folder
        folder = scenario.workspace.write(place, umask=scenario.umask, time=scenario.time)
        if scenario.owner:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, scenario.owner, scenario.owner)
        return folder


def layers(engine: Engine, image: str) -> dict[str, str]:
    """The layers above the base: diff IDs by title, the lowest first."""
    told = engine.docker("history", "--no-trunc", "--format", "{{json .}}", image).stdout
    entries = [json.loads(line) for line in told.splitlines()][::-1]
    inspected = engine.docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image)
    found = json.loads(inspected.stdout)
    # Every entry of ours is a layer; entries of the base need not be.
    ours = [entry["CreatedBy"] for entry in entries if entry["Comment"] == "uv-frontend"]
    above = [title for title in ours if title != "layer of the base image"]
    return dict(zip(above, found[-len(above) :], strict=True))
