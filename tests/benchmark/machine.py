"""What the benchmark ran on, in general terms."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine import Engine

_SHOWN = ("docker.io", "containerd", "runc", "docker-buildx")


@dataclass(frozen=True)
class Machine:
    """Cores, memory in GiB, and the versions of the programs that took part.

    `load` is the load average of the last minute before the run: other work on the machine.
    """

    architecture: str
    cores: int
    memory: int
    load: float
    store: str
    versions: dict[str, str]

    @classmethod
    def of(cls, engine: Engine, load: float) -> Machine:
        """Describe this machine and the engine."""
        store = engine.docker("info", "--format", "{{.Driver}} ({{.DriverStatus}})").stdout
        versions = {name: upstream(engine.versions[name]) for name in _SHOWN}
        return cls(
            platform.machine(),
            os.cpu_count() or 1,
            round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
            round(load, 1),
            "containerd image store" if "snapshotter" in store else "graph driver",
            {**versions, "uv": version("uv")},
        )

    @property
    def quiet(self) -> bool:
        """Whether so little else was going on that the times mean something."""
        return self.load < self.cores / 2

    def text(self) -> str:
        """One sentence for the reader of the numbers."""
        names = {"docker.io": "Docker", "docker-buildx": "buildx"}
        programs = ", ".join(f"{names.get(n, n)} {v}" for n, v in self.versions.items())
        return (
            f"{self.cores} cores ({self.architecture}), {self.memory} GiB of memory; {programs}; "
            f"{self.store}; load average before the run {self.load}."
        )


def upstream(debian_version: str) -> str:
    """The upstream part of a Debian version, without what Debian has repackaged."""
    without_epoch = debian_version.rpartition(":")[2]
    return without_epoch.partition("-")[0].partition("+")[0]
