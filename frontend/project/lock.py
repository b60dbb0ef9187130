"""`uv.lock` as far as a build needs it.

The schema is uv's own (crates/uv-resolver, `LockWire`): `version` 1 with any `revision`. Which
packages get installed is uv's decision (see `closure`); here are members, their paths and names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frontend.errors import FrontendError, Location, SourceFile
from frontend.model.packages import LocalPackage
from frontend.project.kinds import INTEGER, TEXT, TEXTS, Either, ListOf, Table, TableOf, check_kind
from frontend.project.lock_graph import (
    dependencies,
    group_dependencies,
    root_group_dependencies,
    targets,
    walk,
)
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


SCHEMA = 1
#: Stands for the hash that a lock does not have, where one must be.
NO_HASH = "sha256:" + 64 * "0"
_HASHED = {"hash": NO_HASH}
# A file as uv writes it, on one line. A file's table ends, or has another one in it, at the first
# brace: nothing is looked at twice.
_FILE = re.compile(
    r'(?<!source = )(?P<start>\{ (?:url|path|filename) = "[^"\n]*")(?P<rest>[^{}\n]*)(?=[{}])'
)
_HASH = re.compile(r"\bhash = ")
_LOCAL_KINDS = ("editable", "directory", "virtual")
_EDGES = ListOf(
    Table(
        {"name": TEXT, "version": TEXT, "source": Table(), "extra": TEXTS, "marker": TEXT},
        ("name",),
    )
)
_REQUIREMENTS = ListOf(
    Table({"name": TEXT, "extras": TEXTS, "specifier": TEXT, "marker": TEXT}, ("name",))
)
_ARTIFACT = Table({"url": TEXT, "path": TEXT, "filename": TEXT, "hash": TEXT, "size": INTEGER})
_PACKAGE = Table(
    {
        "name": TEXT,
        "version": TEXT,
        "source": Table(dict.fromkeys((*_LOCAL_KINDS, "registry", "git", "url", "path"), TEXT)),
        "dependencies": _EDGES,
        "optional-dependencies": TableOf(_EDGES),
        "dev-dependencies": TableOf(_EDGES),
        "dependency-groups": TableOf(_EDGES),
        "sdist": _ARTIFACT,
        "wheels": ListOf(_ARTIFACT),
        "metadata": Table(
            {
                "provides-extras": TEXTS,
                "requires-dist": _REQUIREMENTS,
                "requires-dev": TableOf(_REQUIREMENTS),
            }
        ),
    }
)
_NAMED = Table({"name": TEXT}, ("name",))
_LOCK = Table(
    {
        "requires-python": TEXT,
        "conflicts": ListOf(ListOf(Table({"package": TEXT, "extra": TEXT, "group": TEXT}))),
        "manifest": Table(
            {
                "members": TEXTS,
                "dependency-groups": TableOf(_EDGES),
                "dependency-metadata": ListOf(_NAMED),
                "overrides": ListOf(_NAMED),
                "excludes": ListOf(Either(TEXT, Table())),
            }
        ),
        "package": ListOf(_PACKAGE),
    }
)
_REMEDY = "uv writes this file: after a merge, take one side of it, then run `uv lock`."


@dataclass(frozen=True)
class ConflictItem:
    """A package by itself, or an extra or a group of it, that cannot be had with some others."""

    package: str
    kind: str = "package"
    name: str = ""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> ConflictItem:
        """Read an item of `conflicts`; names in it are normalised."""
        for kind in ("extra", "group"):
            if kind in table:
                return cls(str(table.get("package", "")), kind, str(table[kind]))
        return cls(str(table.get("package", "")))


@dataclass(frozen=True)
class Lock:
    """A parsed lock."""

    document: TomlDocument

    @classmethod
    def parse(cls, source: SourceFile) -> Lock:
        """Parse a lock; FrontendError where it is no TOML or of a schema that is not ours."""
        document = TomlDocument.parse(source, _REMEDY)
        version = document.get("version")
        if version is None:
            raise FrontendError(
                f"{source.filename} is not a lock of uv: it has no schema version",
                remedy="Run `uv lock`.",
                places=(document.place("version"),),
            )
        if version != SCHEMA:
            raise FrontendError(
                f"{source.filename} has schema version {version!r}, "
                f"and this frontend knows {SCHEMA}",
                remedy="Use a newer frontend image, or lock with the uv release your team pins.",
                places=(document.place("version"),),
            )
        check_kind(document, _LOCK, remedy=_REMEDY)
        for package in document.get("package") or ():
            if not package.get("name") or not isinstance(package.get("source"), dict):
                raise FrontendError(
                    f"{source.filename} is damaged: a package lacks its name or source",
                    remedy="Run `uv lock`.",
                    places=(document.array_item("package", name=package.get("name", "")),),
                )
        return cls(document)

    @cached_property
    def packages(self) -> tuple[Mapping[str, Any], ...]:
        """Every `[[package]]` table."""
        return tuple(self.document.get("package") or ())

    @property
    def for_export(self) -> str:
        """The text for `uv export`, which would download every file that the lock has no hash of.

        Indexes need not give hashes, and a PEP 751 lock needs them: these have `NO_HASH` there.
        """
        text = self.document.source.text
        files = (f for p in self.packages for f in (*p.get("wheels", ()), p.get("sdist", _HASHED)))
        if all("hash" in file for file in files):
            return text
        return _FILE.sub(_with_hash, text)

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        by_name: dict[str, list[Mapping[str, Any]]] = {}
        for package in self.packages:
            by_name.setdefault(package["name"], []).append(package)
        return {name: tuple(packages) for name, packages in by_name.items()}

    def named(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Return every `[[package]]` called `name` (a forked resolution holds several)."""
        return self._by_name.get(name, ())

    @cached_property
    def members(self) -> Mapping[str, LocalPackage]:
        """The workspace's members by name; uv omits the list for a single project."""
        names = frozenset(self.document.get("manifest", "members") or ())
        return {
            name: package
            for name, package in self.local_packages.items()
            if (name in names if names else package.path == ".")
        }

    @cached_property
    def local_packages(self) -> Mapping[str, LocalPackage]:
        """Members and path dependencies by name."""
        return {
            package["name"]: LocalPackage(
                package["name"], package["source"][kind], kind, package.get("version", "")
            )
            for package in self.packages
            for kind in _LOCAL_KINDS
            if kind in package["source"]
        }

    @property
    def requires_python(self) -> str:
        """What the whole workspace admits, as a version specifier."""
        return str(self.document.get("requires-python") or "")

    def extras(self, name: str) -> tuple[str, ...]:
        """Return the extras that member `name` offers."""
        package = self.named(name)[0]
        metadata = package.get("metadata", {}).get("provides-extras", ())
        return tuple(sorted({*metadata, *package.get("optional-dependencies", {})}))

    def groups(self, name: str) -> tuple[str, ...]:
        """Return the dependency groups of member `name`."""
        package = self.named(name)[0]
        metadata = package.get("metadata", {}).get("requires-dev", {})
        groups = package.get("dev-dependencies", package.get("dependency-groups", {}))
        return tuple(sorted({*metadata, *groups}))

    def root_groups(self) -> tuple[str, ...]:
        """Return the dependency groups of the root, with or without a `[project]` table."""
        groups = self.document.get("manifest", "dependency-groups") or {}
        root = next((p.name for p in self.members.values() if p.path == "."), None)
        return tuple(sorted({*groups, *(self.groups(root) if root else ())}))

    def group_names(self, group: str, members: Iterable[str]) -> frozenset[str]:
        """Return the packages that `group` of the root or of any of `members` names directly."""
        names = {edge["name"] for edge in root_group_dependencies(self, group)}
        root = {p.name for p in self.members.values() if p.path == "."}
        for name in {*members, *root}:
            for package in self.named(name):
                names |= {edge["name"] for edge in group_dependencies(package, group)}
        return frozenset(names)

    def local_closure(
        self, name: str, extras: Iterable[str], groups: Iterable[str]
    ) -> tuple[str, ...]:
        """Return the local packages that `name` may need on some platform, itself included.

        Markers are left out of account: this decides which manifests are read, not what is
        installed.
        """
        starts = [(name, ""), *((name, extra) for extra in extras)]
        roots = [name, *(p.name for p in self.members.values() if p.path == ".")]
        for group in groups:
            for root in roots:
                for package in self.named(root):
                    starts += targets(group_dependencies(package, group))
            starts += targets(root_group_dependencies(self, group))

        def neighbours(node: tuple[str, str]) -> Iterator[tuple[str, str]]:
            for package in self.named(node[0]):
                yield from targets(dependencies(package, node[1]))

        names = {name for name, _ in walk(starts, neighbours)}
        return tuple(sorted(names & self.local_packages.keys()))

    def conflict(
        self, names: Sequence[str], extras: Iterable[str], groups: Iterable[str]
    ) -> tuple[ConflictItem, ...]:
        """Return what the lock declares incompatible of packages, their extras and groups.

        An extra or group is that of each package that has it; else a group is the root's.
        """
        chosen = {ConflictItem(name) for name in names}
        chosen |= {ConflictItem(name, "extra", extra) for name in names for extra in extras}
        root = [package.name for package in self.members.values() if package.path == "."]
        for group in groups:
            owners = names if any(group in self.groups(name) for name in names) else root
            chosen |= {ConflictItem(name, "group", group) for name in (*names, *owners)}
        for conflict in self.document.get("conflicts") or ():
            items = [item for item in map(ConflictItem.read, conflict) if item in chosen]
            if len(items) > 1:
                return tuple(items)
        return ()

    def place(self, name: str, version: str = "") -> Location:
        """Return the lines of the lock that name a package."""
        wanted = {"name": name, "version": version} if version else {"name": name}
        return self.document.array_item("package", **wanted)


def _with_hash(match: re.Match[str]) -> str:
    """Return a file's table, as far as it matched, with a hash."""
    if _HASH.search(match["rest"]):
        return match[0]
    return f'{match["start"]}, hash = "{NO_HASH}"{match["rest"]}'
