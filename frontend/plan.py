"""From a closure to layers: which package goes into which layer, and in what order.

Pure: the same closure gives the same plan, whatever the order or the machine. From the bottom: the
empty environment, the sets the user calls heavy, all other third-party packages, the workspace's
own packages, and files. What changes least lies lowest, since pullers and engines unpack again
whatever lies above a changed layer.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from glob import has_magic
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from frontend.closure import Closure, LockedPackage
    from frontend.lock import LocalPackage
    from frontend.target import Target

#: The dependency group that users already have for "install these first".
HEAVY_GROUP = "heavy"


class Kind(StrEnum):
    """What a layer holds."""

    SKELETON = "skeleton"
    HEAVY = "heavy"
    PACKAGES = "packages"
    MEMBER = "member"
    SOURCE = "source"
    FILES = "files"


@dataclass(frozen=True)
class Copied:
    """Files taken as they are: `source` in the context, `target` in the image."""

    source: str
    target: str


@dataclass(frozen=True)
class Layer:
    """One layer of the image, and at most one step of the build."""

    kind: Kind
    packages: tuple[LockedPackage, ...] = ()
    member: LocalPackage | None = None
    copies: tuple[Copied, ...] = ()

    @property
    def title(self) -> str:
        """What `docker history` and the progress say of this layer."""
        if self.kind is Kind.SKELETON:
            return "virtual environment"
        if self.kind is Kind.FILES:
            return "files: " + ", ".join(copy.source for copy in self.copies)
        if self.member:
            return f"{self.kind}: {self.member.name}"
        if len(self.packages) == 1:
            only = self.packages[0]
            return f"{only.name} {only.version}{size_text(only.size)}"
        names = [package.name for package in self.packages]
        total = sum(package.size for package in self.packages)
        shown = ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
        return f"{len(names)} packages: {shown}{size_text(total)}"

    @property
    def builds(self) -> bool:
        """Whether something is built from source, so that build settings matter."""
        return self.kind is Kind.MEMBER or any(package.built for package in self.packages)


@dataclass(frozen=True)
class Plan:
    """The layers of one image for one platform, the lowest first."""

    target: Target
    package: LocalPackage
    layers: tuple[Layer, ...] = field(default=())


def size_text(size: int) -> str:
    """Return ` (858 MB)`, or nothing where the size is unknown."""
    if size >= 1_000_000:
        return f" ({size / 1e6:.0f} MB)"
    return f" ({size / 1e3:.0f} kB)" if size else ""


def make(
    closure: Closure,
    target: Target,
    package: LocalPackage,
    *,
    heavy: Sequence[Sequence[str]] = (),
    workdir: str = "/app",
    files: Iterable[Copied] = (),
) -> Plan:
    """Lay out the image of `package`.

    Each of `heavy` is a set of name patterns (`nvidia-*`) that shares a layer; a package belongs to
    the first set that names it. A set that matches nothing has no layer.
    """
    layers = [Layer(Kind.SKELETON)]
    left = list(closure.third_party)
    for patterns in heavy:
        matched = [p for p in left if _matches(p.name, patterns)]
        left = [p for p in left if p not in matched]
        if matched:
            layers.append(Layer(Kind.HEAVY, tuple(matched)))
    if left:
        layers.append(Layer(Kind.PACKAGES, tuple(left)))
    # The package itself changes most often: its layer comes last.
    for local in sorted(closure.local, key=lambda p: (p.name == package.name, p.name)):
        if not local.virtual:
            layers.append(Layer(Kind.MEMBER, member=local))
    if package.virtual:
        layers.append(Layer(Kind.SOURCE, member=package, copies=(Copied(package.path, workdir),)))
    copies = tuple(files)
    if copies:
        layers.append(Layer(Kind.FILES, copies=copies))
    return Plan(target, package, tuple(layers))


def copies(files: Mapping[str, str], workdir: str) -> tuple[Copied, ...]:
    """Give every path of `files` its place: the one named, else the same path in `workdir`."""
    found = []
    for source, target in files.items():
        path = source.strip("/")
        if not target:
            # A pattern keeps the folder that it stands in.
            folder = posixpath.dirname(re.split(r"[*?[]", path)[0])
            target = posixpath.join(folder, "") if has_magic(path) else path
        found.append(Copied(path, posixpath.join(workdir, target)))
    return tuple(found)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(
        fnmatchcase(name, pattern if "*" in pattern else canonicalize_name(pattern))
        for pattern in patterns
    )


def text(plan: Plan) -> str:
    """Write the plan for people: a line a layer, the packages below it."""
    target = plan.target
    libc = f"{target.libc.name} {'.'.join(map(str, target.libc.version))}"
    lines = [f"{plan.package.name}: Python {target.version}, {target.machine}, {libc}"]
    for number, layer in enumerate(plan.layers, 1):
        lines.append(f"{number:>3}. {layer.kind:<9} {layer.title}")
        if layer.kind in (Kind.HEAVY, Kind.PACKAGES):
            for package in layer.packages:
                built = "  built from source" if package.built else ""
                lines.append(
                    f"       {package.name} {package.version}{size_text(package.size)}{built}"
                )
        elif layer.member and layer.kind is Kind.MEMBER:
            lines.append(f"       {layer.member.path}")
        for copy in layer.copies:
            lines.append(f"       {copy.source} -> {copy.target}")
    return "\n".join(lines) + "\n"
