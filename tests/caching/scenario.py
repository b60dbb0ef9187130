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

    def build(
        self, scenario: Scenario, *options: str, base: str = "", checkout: Path | None = None
    ) -> Outcome:
        """Build the scenario's image, from a new checkout unless there is one already."""
        place = self.new_folder()
        image = f"uv-frontend-test/caching-{self.folder.name.lower()}-{place.name}"
        report = place / "metadata.json"
        options = (f"--tag={image}", f"--metadata-file={report}", *options)
        build = self.run(scenario, *options, base=base, checkout=checkout)
        told = json.loads(report.read_text())
        return Outcome(
            build,
            image,
            layers(self.engine, image),
            told.get("containerimage.digest", ""),
            told.get("containerimage.config.digest", ""),
        )

    def run(
        self,
        scenario: Scenario,
        *options: str,
        base: str = "",
        checkout: Path | None = None,
        check: bool = True,
    ) -> Build:
        """Run the scenario's build; with `check`, BuildError where it fails."""
        folder = self.check_out(scenario, checkout)
        return self.run_in(folder, scenario, *options, base=base, check=check)

    def run_in(
        self, folder: Path, scenario: Scenario, *options: str, base: str = "", check: bool = True
    ) -> Build:
        """Run the scenario's build in a folder as it is."""
        arguments = {"package": scenario.package, "base": base or self.base}
        if scenario.package == "api":
            arguments["groups"] = "tools"
        options = ("--provenance=false", *scenario.options, *options)
        return self.engine.build(folder, *options, build_args=arguments, check=check)

    def check_out(self, scenario: Scenario, place: Path | None = None) -> Path:
        """Bring the workspace below `place` (a new folder) to what the scenario has there."""
        folder = (place or self.new_folder()) / scenario.folder
        scenario.workspace.write(folder, umask=scenario.umask, time=scenario.time)
        if scenario.owner:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, scenario.owner, scenario.owner)
        return folder

    @property
    def token(self) -> str:
        """A word that no other machine has, in this run or another one."""
        return self.base.rpartition(":")[2]

    def new_folder(self) -> Path:
        """A folder of its own for one build."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
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
