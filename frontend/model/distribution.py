"""What a base image holds besides Python: its distribution, its users, its own /app.

Told by the same step that looks for Python (`steps/probe.py`), so that no build needs the base's
files for it once that step is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Ownership:
    """Owner and permission bits of a directory."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True)
class Distribution:
    """A base image's own file system, as far as it matters.

    `id`, `version` and `codename` are those of os-release(5), empty where it has none; `programs`
    are those of sh, apt-get, apk and git that are on PATH; `app` is /app where the base has it,
    `environment` whether an environment is in it; `passwd` and `group` are the texts of the files.
    """

    id: str = ""
    version: str = ""
    codename: str = ""
    programs: tuple[str, ...] = ()
    app: Ownership | None = None
    environment: bool = False
    passwd: str = ""
    group: str = ""

    @classmethod
    def from_probe(cls, report: Mapping[str, Any]) -> Distribution:
        """Read the probe's report."""
        system = report.get("system") or {}
        app = system.get("app")
        return cls(
            id=system.get("id", ""),
            version=system.get("version", ""),
            codename=system.get("codename", ""),
            programs=tuple(system.get("programs", ())),
            app=Ownership(*app) if app else None,
            environment=bool(system.get("environment")),
            passwd=system.get("passwd", ""),
            group=system.get("group", ""),
        )
