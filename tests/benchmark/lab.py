"""The engine on which everything is measured, and what it knows at each moment."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.benchmark.frontend_clock import FrontendClock
from tests.benchmark.images import Layer, layers_of, new_bytes
from tests.benchmark.measurement import Measurement
from tests.benchmark.scenarios import Start
from tests.benchmark.variants import FRONTEND, VARIANTS, steps
from tests.benchmark.workspaces import Workspace
from tests.engine import Build, BuildError
from tests.engine.progress import parse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmark.scenarios import Scenario, Turn
    from tests.benchmark.variants import Variant
    from tests.benchmark.workspaces import Subject
    from tests.engine import Engine

BASE = "python:3.13-slim"
_REPOSITORY = "library/python"
_TAG = "3.13-slim"
# Uses the images that both variants use, so that the first of them does not pay for the second.
_SETTLING = f"""\
FROM {BASE}
COPY --from={FRONTEND} /opt/uv-frontend/start.py /settled
RUN ["/usr/bin/env", "true"]
"""
_TIMEOUT_SECONDS = 3600


@dataclass
class Lab:
    """A private engine with the frontend's image, used by nothing else meanwhile.

    `folder` gets the workspaces. `built` says what the engine has built and not forgotten since,
    `uv_cache` for whom its uv cache is filled.
    """

    engine: Engine
    folder: Path
    workspaces: dict[Subject, Workspace] = field(default_factory=dict)
    built: set[tuple[Variant, Subject, str]] = field(default_factory=set)
    uv_cache: set[tuple[Variant, Subject]] = field(default_factory=set)
    exported: dict[tuple[Variant, Subject], frozenset[Layer]] = field(default_factory=dict)
    pushed: dict[Variant, frozenset[Layer]] = field(default_factory=dict)
    base: frozenset[Layer] = frozenset()
    _first_base: str = ""

    def open(self) -> None:
        """Make the engine forget whatever it has built, and find out about the base image."""
        self._empty_registry()
        self.forget(uv_cache=True)
        self._first_base = self._base_digest()

    def close(self) -> None:
        """Leave the base image as it was found."""
        if self._first_base and self._base_digest() != self._first_base:
            source = f"{self._mirror}@{self._first_base}"
            # An index around it would be another image.
            create = ("imagetools", "create", "--prefer-index=false", "--tag")
            self.engine.docker("buildx", *create, f"{self._mirror}:{_TAG}", source)

    def add(self, subject: Subject, dependencies: int) -> None:
        """Prepare a workspace, and a copy of it for each variant. As `Workspace.prepare` fails."""
        folder = self.folder / subject.name
        shutil.rmtree(folder, ignore_errors=True)
        prepared = Workspace.prepare(subject, folder, dependencies)
        self.workspaces[subject] = prepared
        for variant in VARIANTS:
            copy = self._copy(variant, subject)
            prepared.copy_to(copy)
            variant.place(copy)

    # --- Measuring -----------------------------------------------------------------------------

    def measure(self, turn: Turn) -> list[Measurement]:
        """Bring the engine to where the scenario starts, then build with one and the other.

        BuildError and AssertionError (a failed `docker`) if something does not work.
        """
        scenario = turn.scenario
        self._start(scenario)
        workspace = self.workspaces[scenario.subject]
        found = []
        for variant in turn.order:
            copy = self._copy(variant, scenario.subject)
            if scenario.change:
                scenario.change(workspace, copy, turn.number)
            try:
                found.append(self._measured(turn, variant))
            finally:
                workspace.restore(copy)
        return found

    def _measured(self, turn: Turn, variant: Variant) -> Measurement:
        scenario = turn.scenario
        options = []
        if scenario.start is Start.NEW_MACHINE:
            options = [f"--cache-from=type=registry,ref={self._cache(variant, scenario.subject)}"]
        with FrontendClock(self.engine.pid) as clock:
            seconds, build = self._timed(variant, scenario.subject, scenario.built, *options)
        image = layers_of(self.engine, _image(variant, scenario.built)) - self.base
        measurement = Measurement(
            scenario.key,
            turn.number,
            variant.name,
            round(seconds, 3),
            steps(build.vertexes),
            new_bytes(image, self.pushed[variant]),
            round(clock.seconds[0], 4) if len(clock.seconds) == 1 else None,
        )
        self.pushed[variant] |= image
        self._note(variant, scenario.subject, scenario.built, changed=scenario.change is not None)
        return measurement

    def _note(self, variant: Variant, subject: Subject, package: str, *, changed: bool) -> None:
        self.uv_cache.add((variant, subject))
        if not changed:
            self.built.add((variant, subject, package))

    def _timed(
        self, variant: Variant, subject: Subject, package: str, *options: str
    ) -> tuple[float, Build]:
        command = self.engine.build_command(
            tag=_image(variant, package), build_args={variant.argument: package}
        )
        context = self._copy(variant, subject)
        arguments = [*command, "--progress=rawjson", *options, str(context)]
        began = time.monotonic()
        done = self.engine.docker(*arguments, check=False, timeout=_TIMEOUT_SECONDS)
        seconds = time.monotonic() - began
        build = Build(done.returncode, done.stdout, done.stderr, parse(done.stderr))
        if not build.ok:
            raise BuildError(f"{variant.name}: {build.report()}")
        return seconds, build

    # --- Where a scenario starts ---------------------------------------------------------------

    def _start(self, scenario: Scenario) -> None:
        subject = scenario.subject
        match scenario.start:
            case Start.EMPTY:
                self.forget(uv_cache=True)
                self._empty_registry()
            case Start.UV_CACHE:
                self._fill_uv_caches(subject)
                self.forget(uv_cache=False)
                self._empty_registry()
            case Start.BUILT:
                self._build_first(subject)
            case Start.OTHER_SERVICE:
                if any(self._knows(variant, subject, scenario.built) for variant in VARIANTS):
                    self.forget(uv_cache=False)
                    self._empty_registry()
                self._build_first(subject)
            case Start.NEW_BASE:
                self._build_first(subject)
                self._update_base()
                self._settle()
            case Start.NEW_MACHINE:
                self._export(subject)
                self.forget(uv_cache=True)
                self.pushed = {variant: self.exported[variant, subject] for variant in VARIANTS}

    def _knows(self, variant: Variant, subject: Subject, package: str) -> bool:
        return (variant, subject, package) in self.built

    def _fill_uv_caches(self, subject: Subject) -> None:
        for variant in VARIANTS:
            if (variant, subject) not in self.uv_cache:
                self._build(variant, subject)

    def _build_first(self, subject: Subject) -> None:
        """See to it that both variants have built the workspace as it is before any change."""
        for variant in VARIANTS:
            if not self._knows(variant, subject, subject.package):
                self._build(variant, subject)

    def _build(self, variant: Variant, subject: Subject, *options: str) -> None:
        self._timed(variant, subject, subject.package, *options)
        image = layers_of(self.engine, _image(variant, subject.package)) - self.base
        self.pushed[variant] |= image
        self._note(variant, subject, subject.package, changed=False)

    def _export(self, subject: Subject) -> None:
        for variant in VARIANTS:
            if (variant, subject) not in self.exported:
                cache = self._cache(variant, subject)
                self._build(variant, subject, f"--cache-to=type=registry,ref={cache},mode=max")
                image = layers_of(self.engine, _image(variant, subject.package)) - self.base
                self.exported[variant, subject] = image

    def lose(self) -> None:
        """Begin anew after a failure: one variant may have built what the other has not."""
        self.exported.clear()
        self._empty_registry()
        self.forget(uv_cache=True)

    def forget(self, *, uv_cache: bool) -> None:
        """Drop all images and build caches; uv's cache mounts only where asked."""
        images = self.engine.docker("image", "ls", "--quiet", "--filter=reference=bench-*").stdout
        if images:
            self.engine.docker("image", "rm", "--force", *sorted(set(images.split())))
        self.engine.docker("image", "prune", "--force")
        kept = [] if uv_cache else ["--filter", "type!=exec.cachemount"]
        self.engine.docker("buildx", "prune", "--all", "--force", *kept)
        self.built.clear()
        if uv_cache:
            self.uv_cache.clear()
        self._settle()

    def _settle(self) -> None:
        """Have the images there that both variants build on."""
        context = self.folder / "settle"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(_SETTLING)
        self.engine.docker("pull", "--quiet", BASE)
        self.engine.build(context, "--output=type=cacheonly")
        self.base = layers_of(self.engine, BASE)

    def _empty_registry(self) -> None:
        """Nothing but the base image has been pushed from now on."""
        self.pushed = {variant: frozenset() for variant in VARIANTS}

    # --- The base image ------------------------------------------------------------------------

    def _update_base(self) -> None:
        """Give the base image's name to one with one more file."""
        context = self.folder / "base"
        context.mkdir(exist_ok=True)
        stamp = str(time.time_ns())
        (context / "updated").write_text(stamp)
        source = f"{self._mirror}@{self._first_base}"
        (context / "Dockerfile").write_text(f"FROM {source}\nCOPY updated /etc/updated\n")
        target = f"--output=type=image,name={self._mirror}:{_TAG},push=true"
        self.engine.build(context, "--provenance=false", target)
        # What has been exported was built on another base.
        self.exported.clear()

    def _base_digest(self) -> str:
        self.engine.docker("pull", "--quiet", BASE)
        names = '{{join .RepoDigests " "}}'
        found = self.engine.docker("image", "inspect", "--format", names, BASE).stdout.split()
        return next(name for name in found if name.startswith("python@")).partition("@")[2]

    @property
    def _mirror(self) -> str:
        return f"{self.engine.registry.address}/{_REPOSITORY}"

    def _cache(self, variant: Variant, subject: Subject) -> str:
        return f"{self.engine.registry.address}/cache/{subject.name}:{variant.name}"

    def _copy(self, variant: Variant, subject: Subject) -> Path:
        return self.folder / subject.name / variant.name


def _image(variant: Variant, package: str) -> str:
    return f"bench-{variant.name}-{package}"
