"""Packages as the lock describes them, and what is selected of them for one interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Selection:
    """The packages, extras and groups of an image, as the user chose them.

    An extra or group is that of every chosen package which has one of that name. A group that none
    of them has is the workspace root's. `others` are further packages in the same image.
    """

    package: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of all chosen packages, in the order they were named."""
        return (self.package, *self.others)


@dataclass(frozen=True)
class Artifact:
    """A file that a package is installed from.

    `url` is empty for a file of the workspace, `digest` (`sha256:…`) where the lock has none.
    """

    filename: str
    url: str
    digest: str


@dataclass(frozen=True)
class LockedPackage:
    """A third-party package with the table the lock has for it.

    `size` is that of the artifact for this interpreter in bytes, 0 where the lock has none. With
    `built`, no wheel fits, so installing builds it. `artifact` is None for a package that is no
    file, such as one from git. `hashes` are those of all its files in the lock, as `ALGORITHM:HEX`.
    """

    name: str
    version: str
    table: Mapping[str, Any] = field(compare=False, hash=False)
    size: int = 0
    built: bool = False
    artifact: Artifact | None = None
    hashes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def source_artifact(self) -> Artifact | None:
        """Its source distribution, which settings may ask for although there is a wheel."""
        sdist = self.table.get("sdist")
        if sdist is None:
            return None
        places = {**self.table["source"], **sdist}
        url = str(places.get("url", ""))
        filename = filename_of(url or str(places.get("path", "")))
        return Artifact(filename, url, _sha256(str(sdist.get("hash", ""))))

    @property
    def registry(self) -> str:
        """The index it comes from; empty for other sources."""
        return str(self.table["source"].get("registry", ""))


@dataclass(frozen=True)
class Closure:
    """The packages of one image, sorted by name."""

    third_party: tuple[LockedPackage, ...]
    local: tuple[LocalPackage, ...]


@dataclass(frozen=True)
class SizeFormat:
    """How a text writes a size: its units, the largest first.

    `decimal_below` maps units to the number below which that unit has one decimal.
    """

    units: tuple[str, ...]
    decimal_below: Mapping[str, float] = field(default_factory=dict)


_FACTORS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


def size_text(size: int, form: SizeFormat) -> str:
    """Return `858 MB` for a size in bytes: powers of ten, at least 1 of the smallest unit."""
    unit = next((unit for unit in form.units if size >= _FACTORS[unit]), form.units[-1])
    number = max(size / _FACTORS[unit], 1)
    decimals = 1 if number < form.decimal_below.get(unit, 0) else 0
    return f"{number:.{decimals}f} {unit}"


def size_of_source(package: LockedPackage) -> int:
    """Return the size of the source distribution in bytes; 0 where the lock has none."""
    return int((package.table.get("sdist") or {}).get("size", 0))


def filename_of(address: str) -> str:
    """Return the name of the file at an address or a path, without query and fragment."""
    return unquote(address.partition("?")[0].partition("#")[0].rpartition("/")[2])


def _sha256(digest: str) -> str:
    return digest if digest.startswith("sha256:") else ""


@dataclass(frozen=True)
class LocalPackage:
    """A package whose source is a directory: a member, or a path dependency.

    `path` is relative to the lock (`.` for the root); `kind` is `editable`, `directory` or
    `virtual`.
    """

    name: str
    path: str
    kind: str
    version: str = ""

    @property
    def virtual(self) -> bool:
        """Whether the package is never installed (`package = false`): its files are copied."""
        return self.kind == "virtual"
