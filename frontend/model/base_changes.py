"""Changes of the base's own file system, below all other layers.

Unlike all other layers they are made on the base itself, one on the other: each layer is what one
step leaves different. `container/base_changes.py` describes how.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from frontend.model.accounts import Created


@dataclass(frozen=True)
class RemovePath:
    """An environment that the base brings where ours goes: the two would otherwise mix."""

    path: str
    report = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say."""
        return f"without the base's {self.path}"


@dataclass(frozen=True)
class CreateUser:
    """A user, or a group, that the base lacks. Files alone: the base needs no shell for it."""

    created: Created
    report = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say."""
        created = self.created
        if not created.home:
            return f"group {created.name} ({created.gid})"
        return f"user {created.name} ({created.uid}:{created.gid})"


@dataclass(frozen=True)
class ReplaceDistributions:
    """Packages of the base that give way to the lock's: name and version of each."""

    packages: tuple[tuple[str, str], ...]
    interpreter: str
    report = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say."""
        return "without the base's " + ", ".join(f"{name} {v}" for name, v in self.packages)


@dataclass(frozen=True)
class SystemPackages:
    """Packages by the names that the manager takes (`libgl1`, `libgl1=1.7.0-1`).

    `key` is the one of the spec that names them, `system` a name for the distribution, and
    `sources` a sources.list(5) that stands in for the image's own; empty for that.
    """

    key: str
    manager: str
    names: tuple[str, ...]
    system: str
    sources: str = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say."""
        return f"{self.manager}: {', '.join(self.names)}"

    @property
    def report(self) -> str:
        """The name of the report that a failure leaves."""
        told = "\0".join((self.key, self.manager, *self.names, self.system, self.sources))
        return f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.json"


BaseChange: TypeAlias = RemovePath | CreateUser | SystemPackages | ReplaceDistributions
