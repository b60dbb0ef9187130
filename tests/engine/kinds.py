"""The engines that can be started: which packages of which Debian suite make each of them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine import debian
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The oldest suite in use: its programs and libraries run on every newer one, too.
_STABLE = "bookworm"
# runc of newer suites needs a newer glibc than Debian 12 has; the engines and clients do not.
_SUPPORT = (
    "runc",
    "docker-registry",
    "iptables",
    "libip4tc2",
    "libip6tc2",
    "libxtables12",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftnl11",
    "libdevmapper1.02.1",
    "libsystemd0",
)
_ENGINE = ("docker.io", "containerd", "tini")
_CLIENT = ("docker-cli", "docker-buildx", "docker-compose")


@dataclass(frozen=True)
class Kind:
    """One sort of engine."""

    name: str
    about: str
    # What the name promises. Suites move on, so the engine may be another one; it says so then.
    major: int
    # Newest first: the first suite whose programs start here is taken.
    suites: tuple[str, ...]
    containerd_store: bool

    def described(self, version: str) -> str:
        """The kind with the version of Docker that it has become, be it another than promised."""
        known = re.match(r"\d+", version)
        promised = known is not None and int(known[0]) == self.major
        surprise = "" if promised else f", NOT {self.major} as the kind's name says"
        return f"{self.name}: Docker {version}{surprise}; {self.about}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "docker28",
            "containerd image store (BuildKit with MergeOp)",
            28,
            ("sid", "trixie"),
            containerd_store=True,
        ),
        Kind(
            "docker28-graph",
            "overlay2 graph driver (no MergeOp)",
            28,
            ("sid", "trixie"),
            containerd_store=False,
        ),
        Kind(
            "docker26",
            "containerd image store",
            26,
            ("trixie",),
            containerd_store=True,
        ),
        Kind(
            "docker20",
            "overlay2 graph driver (BuildKit 0.8)",
            20,
            (_STABLE,),
            containerd_store=False,
        ),
    )
}


@dataclass(frozen=True)
class Programs:
    """Everything that one engine runs from, unpacked."""

    daemon: debian.Prefix
    client: debian.Prefix
    support: debian.Prefix

    @property
    def path(self) -> list[Path]:
        """PATH of the daemon: its own programs before those of its helpers."""
        return [*self.daemon.search_path, *self.support.search_path]

    @property
    def libraries(self) -> list[Path]:
        """Shared libraries that a minimal machine may lack."""
        return self.support.libraries

    @property
    def xtables(self) -> Path:
        """The folder of iptables' extensions."""
        return next((self.support.root / "usr/lib").glob("*/xtables"))

    @property
    def versions(self) -> dict[str, str]:
        """Package versions, for people and for bug reports."""
        return {**self.support.versions, **self.client.versions, **self.daemon.versions}


def programs(kind: Kind) -> Programs:
    """Download and unpack what the kind needs (or find it in the cache folder).

    Raises EngineUnavailable.
    """
    return Programs(
        daemon=_newest(kind.suites, _ENGINE, "dockerd"),
        client=_newest(("sid", "trixie"), _CLIENT, "docker"),
        support=support(),
    )


def support() -> debian.Prefix:
    """The programs that all kinds share: runc, the registry, iptables and their libraries."""
    return debian.unpack(_STABLE, _SUPPORT)


def _newest(suites: Sequence[str], packages: Sequence[str], program: str) -> debian.Prefix:
    """The first of the suites whose packages can be had and whose program starts here."""
    env = {"LD_LIBRARY_PATH": ":".join(map(str, support().libraries))}
    reasons = []
    for suite in suites:
        # The static init for containers has become a package of its own there.
        names = ["tini-static" if (suite, name) == ("sid", "tini") else name for name in packages]
        try:
            prefix = debian.unpack(suite, names)
            command = [str(prefix.executable(program)), "--version"]
            subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        except (EngineUnavailable, FileNotFoundError) as error:
            reasons.append(str(error))
        except subprocess.CalledProcessError as error:
            reasons.append(f"Debian {suite}'s {error.cmd[0]} does not start: {error.stderr}")
        else:
            for reason in reasons:
                print(f"{program} of Debian {suite} is taken: {reason}", file=sys.stderr)
            return prefix
    raise EngineUnavailable("\n".join(reasons))
