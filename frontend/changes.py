"""Layers that change the base's own file system, below everything else.

Unlike all other layers they are made on the base itself, one on the other: each is what one step
leaves different there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import llb

if TYPE_CHECKING:
    from frontend.accounts import Created
    from frontend.container import Builder
    from frontend.prefix import Replaced
    from frontend.system_packages import Packages

#: 1980-01-01 in nanoseconds, the time of every file that is added.
_TIME = 315532800 * 10**9


@dataclass(frozen=True)
class Removed:
    """An environment that the base brings where ours goes: the two would otherwise mix."""

    path: str
    report = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say."""
        return f"without the base's {self.path}"

    def apply(self, base: llb.Output, builder: Builder, name: str) -> llb.Output:
        """`base` without it; `name` is the line in the progress."""
        return llb.files(base, llb.Rm(self.path), meta=llb.Metadata(name=name))


@dataclass(frozen=True)
class User:
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

    def apply(self, base: llb.Output, builder: Builder, name: str) -> llb.Output:
        """`base` with it; `name` is the line in the progress."""
        created = self.created
        owner = llb.Owner(created.uid, created.gid)
        # Parents that are there keep their owner and mode.
        actions: list[llb.Action] = [llb.Mkdir("/etc", parents=True, timestamp=_TIME)]
        if created.home:
            actions += [
                llb.Mkfile("/etc/passwd", created.passwd.encode(), timestamp=_TIME),
                llb.Mkdir("/home", parents=True, timestamp=_TIME),
                llb.Mkdir(created.home, parents=True, mode=0o755, owner=owner, timestamp=_TIME),
            ]
        actions.append(llb.Mkfile("/etc/group", created.group.encode(), timestamp=_TIME))
        return llb.files(base, *actions, meta=llb.Metadata(name=name))


if TYPE_CHECKING:
    Change: TypeAlias = Removed | User | Packages | Replaced
