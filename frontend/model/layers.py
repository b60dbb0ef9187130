"""Layers of an image, in the order of their assembly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from frontend.model.packages import SizeFormat, size_text

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
    VENV = "skeleton"
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


class _Installed:
    """What layers have in common that hold neither packages of the lock nor members."""

    @property
    def packages(self) -> tuple[LockedPackage, ...]:
        """No third-party packages."""
        return ()

    @property
    def members(self) -> tuple[LocalPackage, ...]:
        """No members."""
        return ()

    @property
    def member(self) -> LocalPackage | None:
        """No member."""
        return None

    @property
    def copies(self) -> tuple[FileCopy, ...]:
        """No files that are taken as they are."""
        return ()

    @property
    def builds(self) -> bool:
        """Nothing is built from source."""
        return False


@dataclass(frozen=True)
class BaseLayer(_Installed):
    """A change of the base's own file system."""

    change: BaseChange
    kind: ClassVar = Kind.BASE
    reason: ClassVar = "changes what the base itself has, so that it must lie below all else"

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        return self.change.title

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it."""
        return frozenset((str(self.kind),))


@dataclass(frozen=True)
class PythonLayer(_Installed):
    """A Python that uv installs; `version` is complete."""

    version: str
    kind: ClassVar = Kind.PYTHON
    reason: ClassVar = "the base has none that fits: below all packages, which need it"

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        return f"Python {self.version}"

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it."""
        return frozenset((str(self.kind),))


@dataclass(frozen=True)
class StdlibLayer(_Installed):
    """Bytecode of the base's standard library."""

    kind: ClassVar = Kind.STDLIB
    title: ClassVar = "bytecode of the standard library"
    names: ClassVar = frozenset((str(Kind.STDLIB),))
    reason: ClassVar = "of the base's own library: changes with the base alone"


@dataclass(frozen=True)
class VenvLayer(_Installed):
    """The empty virtual environment."""

    kind: ClassVar = Kind.VENV
    title: ClassVar = "virtual environment"
    names: ClassVar = frozenset((str(Kind.VENV),))
    reason: ClassVar = "below all packages, and the same in every image of this Python"


@dataclass(frozen=True)
class PackagesLayer:
    """Third-party packages of the lock.

    `kind` says why they share a layer: HEAVY, BIG, BUILT or PACKAGES. A bucket of middling packages
    has those whose file is larger than `over` bytes.
    """

    kind: Kind
    packages: tuple[LockedPackage, ...]
    over: int = 0

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        sizes = [package.size for package in self.packages]
        size = size_suffix(sum(sizes)) if all(sizes) else ""
        if len(self.packages) == 1:
            return f"{self.packages[0].name} {self.packages[0].version}{size}"
        names = [package.name for package in self.packages]
        over = f" over {size_text(self.over, TITLE_SIZE)}" if self.over else ""
        return f"{len(names)} packages{over}: {_few(names)}{size}"

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it: its packages, or its kind."""
        return frozenset((str(self.kind), *(package.name for package in self.packages)))

    @property
    def reason(self) -> str:
        """Why these packages share a layer."""
        return _PACKAGES_REASONS[self.kind]

    @property
    def members(self) -> tuple[LocalPackage, ...]:
        """No members."""
        return ()

    @property
    def member(self) -> LocalPackage | None:
        """No member."""
        return None

    @property
    def copies(self) -> tuple[FileCopy, ...]:
        """No files that are taken as they are."""
        return ()

    @property
    def builds(self) -> bool:
        """Whether something is built from source, so that build settings matter."""
        return any(package.built for package in self.packages)


_PACKAGES_REASONS = {
    Kind.HEAVY: "named by `heavy`",
    Kind.BIG: "known to be big; the lock has no size",
    Kind.BUILT: "has no wheel: is built from source",
    Kind.PACKAGES: "small packages, in runs of the sorted names that stay as they are when others "
    "change",
}


@dataclass(frozen=True)
class MembersLayer:
    """Members of the workspace, which are built.

    `kind` says as what: MEMBER (installed), EDITABLE (installed as a link), WHEEL, or TEST for the
    step that tests one. `packages` are third-party packages that builds without isolation see; the
    layer holds none of them.
    """

    members: tuple[LocalPackage, ...]
    kind: Kind = Kind.MEMBER
    packages: tuple[LockedPackage, ...] = ()

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        return f"{self.kind}: {_few([member.name for member in self.members])}"

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it: its members, or its kind."""
        return frozenset((str(self.kind), *(member.name for member in self.members)))

    @property
    def reason(self) -> str:
        """Why the layer is one."""
        if self.kind is not Kind.MEMBER:
            return "a step of its own"
        if len(self.members) > 1:
            return "members for which the limit of layers leaves no layers of their own"
        return "of the workspace: changes with each edit"

    @property
    def member(self) -> LocalPackage | None:
        """The member, where the layer is of one alone."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def copies(self) -> tuple[FileCopy, ...]:
        """No files that are taken as they are."""
        return ()

    @property
    def builds(self) -> bool:
        """Whether something is built from source, so that build settings matter."""
        return self.kind is not Kind.TEST or any(package.built for package in self.packages)


@dataclass(frozen=True)
class FilesLayer:
    """Files taken as they are.

    `kind` says whose: FILES (named by the user), SOURCE (of a virtual package, the one in
    `members`), or ROOT (of the workspace's root).
    """

    copies: tuple[FileCopy, ...]
    kind: Kind = Kind.FILES
    members: tuple[LocalPackage, ...] = ()

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        if self.kind is Kind.ROOT:
            return "files of the workspace's root"
        if self.members:
            return f"{self.kind}: {_few([member.name for member in self.members])}"
        return "files: " + ", ".join(copy.source for copy in self.copies)

    @property
    def names(self) -> frozenset[str]:
        """What `--no-cache-filter` can call it: its package, or its kind."""
        return frozenset((str(self.kind), *(member.name for member in self.members)))

    @property
    def reason(self) -> str:
        """Why the layer is one."""
        return _FILES_REASONS[self.kind]

    @property
    def packages(self) -> tuple[LockedPackage, ...]:
        """No third-party packages."""
        return ()

    @property
    def member(self) -> LocalPackage | None:
        """The virtual package whose files these are."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def builds(self) -> bool:
        """Nothing is built from source."""
        return False


_FILES_REASONS = {
    Kind.FILES: "named by `files`",
    Kind.SOURCE: "of the workspace, and not built: changes with each edit",
    Kind.ROOT: "a step of its own",
}

#: One layer of the image, and one step of the build.
Layer: TypeAlias = (
    "BaseLayer | PythonLayer | StdlibLayer | VenvLayer | PackagesLayer | MembersLayer | FilesLayer"
)


@dataclass(frozen=True)
class Plan:
    """The layers of one image for one platform, the lowest first."""

    interpreter: Interpreter
    layers: tuple[Layer, ...] = ()


#: Sizes in titles of layers. Titles are names of operations: a change of this changes those.
TITLE_SIZE = SizeFormat(("MB", "kB"))


def size_suffix(size: int) -> str:
    """Return ` (858 MB)`, or nothing where the size is unknown."""
    return f" ({size_text(size, TITLE_SIZE)})" if size else ""


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
