"""From a closure to layers: which package goes into which layer, and in what order.

Pure: the same closure gives the same plan, whatever the order or the machine. From the bottom:

0. what changes the base itself, and a Python where it has none
1. the empty environment
2. the sets the user calls heavy, in the user's order
3. packages that are big by themselves, a layer each, the biggest lowest
4. packages that are built from source, a layer each
5. middling third-party packages, in buckets of a few
6. all others, which are small, in buckets of many
7. the workspace's own packages, a layer each, the one the image is for last
8. files

What is big and seldom changes lies lowest, since pullers and engines unpack again whatever lies
above a changed layer. Most packages are small and come and go with small changes: many of them
share a layer, since a layer costs the first build more than installing them does; what is middling
stays out of those layers, so that a change there is cheap to push and to pull.

A bucket is a run of the sorted names that ends before a name whose hash says so (content-defined
chunking). So a package that comes, goes or moves to another version changes its own bucket only;
one bucket becomes two, or two one, if its own name is such a mark. The size of buckets is fixed: if
it followed the number of packages, all marks would move wherever it changes.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import has_magic
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.model.layers import (
    BaseLayer,
    FileCopy,
    FilesLayer,
    Kind,
    Layer,
    MembersLayer,
    PackagesLayer,
    Plan,
    PythonLayer,
    StdlibLayer,
    VenvLayer,
    size_suffix,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from frontend.model.base_changes import BaseChange
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure, LocalPackage, LockedPackage


#: The dependency group that users already have for "install these first".
HEAVY_GROUP = "heavy"
#: From this many bytes of its locked file on, a package has a layer of its own.
BIG = 20_000_000
#: The most layers an image adds to its base by default.
LAYERS = 60
#: The most layers an image can have with its base: overlayfs takes no more than some 127.
MOST_LAYERS = 125
#: A package is middling when its locked file is larger than that share of a big one's.
MIDDLING = 1 / 10
#: The fewest that every image fits in: environment, packages, members, a virtual one's files, more.
FEWEST_LAYERS = 5
#: Packages in a bucket of small ones, and of middling ones, on average.
BUCKET = 32
MIDDLING_BUCKET = 4
#: Chosen among some thousands for even runs in random draws of 300 widely used names.
_SALT = "160:"
#: Taken for big where the lock has no sizes, as locks made at some indexes have not.
BIG_NAMES = (
    "cupy-*",
    "flash-attn",
    "jax-cuda*",
    "jaxlib",
    "nvidia-*",
    "opencv-*",
    "pyarrow",
    "pyspark",
    "ray",
    "tensorflow*",
    "torch",
    "torchaudio",
    "torchvision",
    "triton",
    "vllm",
    "xformers",
    "xgboost",
)


@dataclass(frozen=True)
class LayerPolicy:
    """What the user says about layers.

    Each of `heavy` is a set of name patterns (`nvidia-*`) that shares a layer; a package belongs to
    the first set that names it. `big` is in bytes, `layers` the most that are added to the base.
    """

    heavy: tuple[tuple[str, ...], ...] = ()
    big: int = BIG
    layers: int = LAYERS


def make(
    closure: Closure,
    interpreter: Interpreter,
    package: LocalPackage,
    *,
    others: tuple[LocalPackage, ...] = (),
    shape: LayerPolicy | None = None,
    workdir: str = "/app",
    files: Iterable[FileCopy] = (),
    changes: Iterable[BaseChange] = (),
    managed: bool = False,
    stdlib: bool = False,
    environment: bool = True,
) -> Plan:
    """Lay out the image of `package`, and of `others` where there are several.

    `changes` are made on the base, the first lowest. `managed` says that the image's Python is not
    the base's, and has a layer of its own; with `stdlib` the base's library gets bytecode.
    Without `environment` packages go to the base's own Python.
    """
    below: list[Layer] = [BaseLayer(change) for change in changes]
    if managed:
        below.append(PythonLayer(interpreter.version))
    if stdlib:
        below.append(StdlibLayer())
    shape = shape or LayerPolicy()
    shape = replace(shape, layers=shape.layers - len(below))
    chosen = (package, *others)
    members = [MembersLayer((p,)) for p in _installed(closure, chosen)]
    sources: list[Layer] = []
    for virtual in (p for p in chosen if p.virtual):
        # One has the working directory for itself; among several each keeps its place in the
        # workspace.
        place = posixpath.normpath(posixpath.join(workdir, virtual.path)) if others else workdir
        copy = FileCopy(virtual.path, place)
        sources.append(FilesLayer((copy,), Kind.SOURCE, (virtual,)))
    copied = tuple(files)
    top = [FilesLayer(copied)] if copied else []
    # Venv, other packages and files need a layer each, and so does each kind of step for members.
    # Where the limit leaves nothing for heavy sets, their packages are like all others.
    needed = 2 + len(sources) + bool(members) + len(top)
    heavy, rest = _heavy(closure.third_party, shape.heavy, shape.layers - needed)
    room = shape.layers - 1 - len(heavy) - len(top)
    # Third-party packages need one layer at least; members too many to be apart share one.
    # Installed and copied packages stay separate steps, whatever room there is.
    members = _within(members, max(room - 1 - len(sources), 1))
    third_party = _third_party(rest, shape, room - len(members) - len(sources))
    venv = [VenvLayer()] if environment else []
    layers = (*below, *venv, *heavy, *third_party, *members, *sources, *top)
    return Plan(interpreter, layers)


def _installed(closure: Closure, chosen: Sequence[LocalPackage]) -> list[LocalPackage]:
    """The members to install, those the image is for last: they change most often."""
    names = {package.name for package in chosen}
    found = [local for local in closure.local if not local.virtual]
    return sorted(found, key=lambda local: (local.name in names, local.name))


def _heavy(
    packages: Iterable[LockedPackage], sets: Iterable[Sequence[str]], most: int
) -> tuple[list[Layer], list[LockedPackage]]:
    """Take the named sets out of `packages`, in at most `most` layers.

    A set that matches nothing has no layer; sets too many to be apart share the last one.
    """
    left = sorted(packages, key=lambda p: p.name)
    found: list[list[LockedPackage]] = []
    for patterns in sets if most > 0 else ():
        matched = [p for p in left if _matches(p.name, patterns)]
        left = [p for p in left if p not in matched]
        if matched and len(found) < most:
            found.append(matched)
        elif matched:
            found[-1] += matched
    return [PackagesLayer(Kind.HEAVY, tuple(p)) for p in found], left


def _within(members: list[MembersLayer], room: int) -> list[MembersLayer]:
    """Join the lowest members into one layer if there is no room for each of them."""
    if len(members) <= room:
        return members
    joined, apart = members[: len(members) - room + 1], members[len(members) - room + 1 :]
    return [MembersLayer(tuple(m for layer in joined for m in layer.members)), *apart]


def _third_party(packages: list[LockedPackage], shape: LayerPolicy, room: int) -> list[Layer]:
    """Lay out what is neither named heavy nor local, in at most `room` layers (one at least)."""
    alone = [p for p in packages if p.built or is_big(p, shape.big)]
    # Built ones first, then by size: where room is short the smallest join a bucket.
    alone = sorted(alone, key=lambda p: (not p.built, -p.size, p.name))[: max(room - 1, 0)]
    rest = [p for p in packages if p not in alone]
    big = sorted((p for p in alone if not p.built), key=lambda p: (-p.size, p.name))
    built = [p for p in alone if p.built]
    return [
        *(PackagesLayer(Kind.BIG, (p,)) for p in big),
        *(PackagesLayer(Kind.BUILT, (p,)) for p in sorted(built, key=lambda p: p.name)),
        *_shared(rest, int(shape.big * MIDDLING), room - len(alone)),
    ]


def _shared(packages: list[LockedPackage], limit: int, room: int) -> list[Layer]:
    """Put `packages` into at most `room` buckets (one at least), those over `limit` bytes lower."""
    middling = [p for p in packages if p.size > limit]
    small = [p for p in packages if p.size <= limit]
    if middling and small and room < 2:
        middling, small = [], packages
    lower = buckets(middling, room - bool(small), MIDDLING_BUCKET)
    upper = buckets(small, room - len(lower))
    return [
        *(PackagesLayer(Kind.PACKAGES, bucket, over=limit) for bucket in lower),
        *(PackagesLayer(Kind.PACKAGES, bucket) for bucket in upper),
    ]


def is_big(package: LockedPackage, threshold: int) -> bool:
    """Whether a package has a layer of its own: by its locked file, or by name without a size."""
    if package.size:
        return package.size >= threshold
    return _matches(package.name, BIG_NAMES)


def buckets(
    packages: Sequence[LockedPackage], most: int, size: int = BUCKET
) -> list[tuple[LockedPackage, ...]]:
    """Cut `packages`, sorted by name, into runs of `size` on average, at most `most` (or one).

    A run begins at a name whose hash is low. Were there too many, the lowest hashes win: one more
    name then moves the marks next to it, and the weakest one, but no others.
    """
    ordered = sorted(packages, key=lambda p: p.name)
    # The first name begins a run whatever its hash is.
    hashes = ((_mark(p.name), p.name) for p in ordered[1:])
    marks = sorted((mark, name) for mark, name in hashes if mark < 2**32 // size)
    begins = {name for _, name in marks[: max(most - 1, 0)]}
    found: list[list[LockedPackage]] = []
    for package in ordered:
        if not found or package.name in begins:
            found.append([])
        found[-1].append(package)
    return [tuple(bucket) for bucket in found]


def _mark(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{_SALT}{name}".encode()).digest()[:4], "big")


def copies(files: Mapping[str, str], workdir: str) -> tuple[FileCopy, ...]:
    """Give every path of `files` its place: the one named, else the same path in `workdir`.

    A pattern's place is a folder, which a place that ends in a slash always is.
    """
    found = []
    for source, place in files.items():
        path = source.strip("/")
        if has_magic(path):
            # It keeps the folder that it stands in.
            folder = place or posixpath.dirname(re.split(r"[*?[]", path)[0])
            target = posixpath.join(workdir, folder, "")
        else:
            target = posixpath.join(workdir, place or path)
        found.append(FileCopy(path, target))
    return tuple(found)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, canonicalize_name(pattern)) for pattern in patterns)


def text(plan: Plan, names: Sequence[str]) -> str:
    """Write the plan for people: a line a layer, the packages below it.

    `names` are those of the packages that the image is for.
    """
    python = plan.interpreter
    libc = f"{python.libc.name} {'.'.join(map(str, python.libc.version))}"
    lines = [f"{', '.join(names)}: Python {python.version}, {python.machine}, {libc}"]
    for number, layer in enumerate(plan.layers, 1):
        lines.append(f"{number:>3}. {layer.kind:<9} {layer.title}")
        for package in layer.packages if len(layer.packages) > 1 else ():
            lines.append(f"       {package.name} {package.version}{size_suffix(package.size)}")
        if layer.kind is Kind.MEMBER:
            lines += [f"       {member.path}" for member in layer.members]
        for copy in layer.copies:
            lines.append(f"       {copy.source} -> {copy.target}")
    return "\n".join(lines) + "\n"
