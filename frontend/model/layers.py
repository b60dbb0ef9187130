"""Layers of an image, in the order of their assembly."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.model.base_changes import BaseChange
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import LocalPackage, LockedPackage


class Kind(StrEnum):
    """What a layer holds."""

    BASE = "base"
    STDLIB = "stdlib"
    PYTHON = "python"
    SKELETON = "skeleton"
    HEAVY = "heavy"
    BIG = "big"
    BUILT = "built"
    PACKAGES = "packages"
    MEMBER = "member"
    SOURCE = "source"
    FILES = "files"
    #: Of the target `dev`: a member that is installed as a link to its sources, and these.
    EDITABLE = "editable"
    #: Of the target `dev`: what tools read in the workspace's root.
    ROOT = "root"
    #: Of the target `wheels`.
    WHEEL = "wheel"
    #: Of the target `test`: no layer, but a step all the same.
    TEST = "test"


@dataclass(frozen=True)
class FileCopy:
    """Files taken as they are: `source` in the context, `target` in the image."""

    source: str
    target: str


@dataclass(frozen=True)
class Layer:
    """One layer of the image, and one step of the build.

    A bucket of middling packages has those whose file is larger than `over` bytes.
    """

    kind: Kind
    packages: tuple[LockedPackage, ...] = ()
    members: tuple[LocalPackage, ...] = ()
    copies: tuple[FileCopy, ...] = ()
    change: BaseChange | None = None
    over: int = 0
    text: str = ""

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        if self.change or self.text:
            return self.change.title if self.change else self.text
        if self.kind is Kind.STDLIB:
            return "bytecode of the standard library"
        if self.kind is Kind.SKELETON:
            return "virtual environment"
        if self.kind is Kind.ROOT:
            return "files of the workspace's root"
        if self.kind is Kind.FILES:
            return "files: " + ", ".join(copy.source for copy in self.copies)
        if self.members:
            return f"{self.kind}: {_few([member.name for member in self.members])}"
        sizes = [package.size for package in self.packages]
        size = size_text(sum(sizes)) if all(sizes) else ""
        if len(self.packages) == 1:
            return f"{self.packages[0].name} {self.packages[0].version}{size}"
        names = [package.name for package in self.packages]
        over = f" over {_size(self.over)}" if self.over else ""
        return f"{len(names)} packages{over}: {_few(names)}{size}"

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it: its packages, or its kind."""
        return frozenset(
            (str(self.kind), *(p.name for p in self.packages), *(m.name for m in self.members))
        )

    @property
    def member(self) -> LocalPackage | None:
        """The member, where the layer is of one alone."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def builds(self) -> bool:
        """Whether something is built from source, so that build settings matter."""
        local = self.kind in (Kind.MEMBER, Kind.EDITABLE, Kind.WHEEL)
        return local or any(package.built for package in self.packages)


@dataclass(frozen=True)
class Plan:
    """The layers of one image for one platform, the lowest first."""

    target: Interpreter
    package: LocalPackage
    layers: tuple[Layer, ...] = field(default=())
    others: tuple[LocalPackage, ...] = ()


def size_text(size: int) -> str:
    """Return ` (858 MB)`, or nothing where the size is unknown."""
    return f" ({_size(size)})" if size else ""


def _size(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{max(size / 1e3, 1):.0f} kB"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
