"""Whether the lock still fits the manifests, as far as one image is concerned.

`uv sync --frozen` does not look, and `uv lock --check` needs every manifest of the workspace, an
interpreter and often the network. The lock keeps what it was made from (`[package.metadata]`), so
a comparison needs neither. Members that the image does not hold are left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from frontend import findings
from frontend.errors import FrontendError
from frontend.findings import Finding
from frontend.project.groups import group_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from frontend.errors import Location
    from frontend.model.packages import LocalPackage
    from frontend.project.lock import Lock
    from frontend.toml_document import TomlDocument


#: Keys of a locked requirement that replace its specifier: the source decides the version.
SOURCES = frozenset({"editable", "virtual", "directory", "path", "git", "url"})
_DEPENDENCIES = frozenset({"dependencies", "optional-dependencies", "dev-dependencies"})


@dataclass(frozen=True)
class LockMismatch:
    """One difference between a manifest and the lock.

    `harmless` is a version of the member itself: nothing is installed otherwise because of it.
    """

    message: str
    place: Location
    harmless: bool = False


@dataclass(frozen=True)
class _Wish:
    """A requirement as both sides can be compared by: markers are left out, uv rewrites them."""

    name: str
    extras: tuple[str, ...]
    specifier: SpecifierSet | None
    extra: str

    @property
    def text(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier or ''}"


def compare(
    lock: Lock, member: LocalPackage, manifest: TomlDocument, groups: Iterable[str]
) -> Iterator[LockMismatch]:
    """Compare one member's manifest, its `groups` included, with what the lock says of it."""
    project = manifest.get("project") or {}
    package = next(iter(lock.named(member.name)), {})
    version = project.get("version")
    if version and member.version and not _same_version(str(version), member.version):
        yield LockMismatch(
            f"package {member.name!r} is at {version}, and the lock has it at {member.version}",
            manifest.place("project", "version"),
            harmless=True,
        )
    metadata = package.get("metadata")
    if metadata is None:
        if not _DEPENDENCIES.isdisjoint(package):
            return  # a preview of uv leaves it out
        # Left out also where there is nothing to say.
        metadata = {}
    dynamic = project.get("dynamic") or ()
    wanted: list[tuple[str, str, tuple[str, ...]]] = []
    if "dependencies" not in dynamic:
        path: tuple[str, ...] = ("project", "dependencies")
        wanted += [(text, "", path) for text in project.get("dependencies") or ()]
    if "optional-dependencies" not in dynamic:
        for extra, texts in (project.get("optional-dependencies") or {}).items():
            path = ("project", "optional-dependencies", extra)
            wanted += [(text, canonicalize_name(extra), path) for text in texts]

    def locked(entries: Iterable[Mapping[str, Any]]) -> list[_Wish]:
        try:
            return [_locked(entry) for entry in entries]
        except InvalidSpecifier as error:
            raise FrontendError(
                f"{lock.document.source.filename} is damaged: package {member.name!r} has a "
                f"requirement that cannot be read: {error}",
                remedy="Run `uv lock`.",
                places=(lock.place(member.name),),
            ) from None

    requires_dist = locked(metadata.get("requires-dist", ()))
    skipped = {"dependencies", "optional-dependencies"} & set(dynamic)
    yield from _differences(member.name, manifest, wanted, requires_dist, complete=not skipped)
    locked_groups = metadata.get("requires-dev", {})
    for group in groups:
        texts = list(group_requirements(manifest, group))
        if canonicalize_name(group) == "dev":
            # uv's older name for a group, which it adds to the newer one.
            texts += manifest.get("tool", "uv", "dev-dependencies") or ()
        if not texts and group not in locked_groups:
            continue
        yield from _differences(
            member.name,
            manifest,
            [(text, "", ("dependency-groups", group)) for text in texts],
            locked(locked_groups.get(group, ())),
        )


def _differences(
    member: str,
    manifest: TomlDocument,
    wanted: list[tuple[str, str, tuple[str, ...]]],
    locked: list[_Wish],
    *,
    complete: bool = True,
) -> Iterator[LockMismatch]:
    """Compare as sets: uv writes a requirement down once, however often it stands in the manifest.

    One with several sources is written down once for each.
    """
    wishes, reported = [], set()
    for text, extra, path in wanted:
        try:
            wish = _wish(text, extra)
        except InvalidRequirement as error:
            yield LockMismatch(
                f"{text!r} of {member!r} is no requirement: {error}",
                manifest.place_of(text, *path),
            )
            continue
        wishes.append(wish)
        if any(_equal(wish, other) for other in locked):
            continue
        reported.add((wish.name, wish.extra))
        other = next((o for o in locked if (o.name, o.extra) == (wish.name, wish.extra)), None)
        has = f"the lock for {other.text}" if other else "the lock does not have that"
        yield LockMismatch(
            f"{member!r} asks for {wish.text}, and {has}", manifest.place_of(text, *path)
        )
    for other in locked:
        asked_for = any(_equal(wish, other) for wish in wishes)
        if complete and not asked_for and (other.name, other.extra) not in reported:
            yield LockMismatch(
                f"the lock has {other.text} for {member!r}, which no longer asks for it",
                manifest.place("project", "dependencies"),
            )


def _equal(wish: _Wish, other: _Wish) -> bool:
    if (wish.name, wish.extras, wish.extra) != (other.name, other.extras, other.extra):
        return False
    return other.specifier is None or wish.specifier == other.specifier


def _wish(text: str, extra: str) -> _Wish:
    requirement = Requirement(text)
    return _Wish(
        canonicalize_name(requirement.name),
        tuple(sorted(canonicalize_name(e) for e in requirement.extras)),
        requirement.specifier,
        extra,
    )


def _locked(entry: Mapping[str, Any]) -> _Wish:
    sourced = not SOURCES.isdisjoint(entry)
    marker = str(entry.get("marker", ""))
    _, of_extra, rest = marker.partition("extra == '")
    return _Wish(
        entry["name"],
        tuple(sorted(entry.get("extras", ()))),
        None if sourced else SpecifierSet(entry.get("specifier", "")),
        canonicalize_name(rest.partition("'")[0]) if of_extra else "",
    )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def stale(drift: LockMismatch) -> Finding:
    """Return the finding for a difference that is no error."""
    return Finding(findings.STALE_LOCK, f"uv.lock is out of date: {drift.message}", (drift.place,))
