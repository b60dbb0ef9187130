"""The workspace as far as one package needs it: root manifest, lock, the package's own manifest.

The lock names the members and their paths, so no pattern has to be searched for; only manifests of
packages that the image holds are read.
"""

from __future__ import annotations

import difflib
import posixpath
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.errors import FrontendError, Location, SourceFile
from frontend.project.lock import Lock
from frontend.project.manifest import check
from frontend.project.uv_config import FILE, root_manifest, with_indexes_of
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from frontend.config.settings import Settings
    from frontend.model.packages import LocalPackage, Selection
    from frontend.project.lock import ConflictItem


def workspace_path(workspace: str, path: str) -> str:
    """Return `path`, relative to the workspace, as seen from the context's root."""
    return posixpath.normpath(posixpath.join(workspace, path))


MANIFEST = "pyproject.toml"
LOCK = "uv.lock"


@dataclass(frozen=True)
class Workspace:
    """A workspace, or a single project: `folder` is its place in the context (`.` for the root)."""

    folder: str
    root: TomlDocument
    lock: Lock
    python_pin: str = ""
    manifests: Mapping[str, TomlDocument] = field(default_factory=dict)

    def path(self, local: LocalPackage) -> str:
        """Return the package's directory as seen from the context's root."""
        return workspace_path(self.folder, local.path)

    def manifest_path(self, local: LocalPackage) -> str:
        """Return the package's manifest as seen from the context's root."""
        return workspace_path(self.path(local), MANIFEST)

    def manifest(self, local: LocalPackage) -> TomlDocument:
        """Return the manifest of a package that was read before."""
        return self.root if local.path == "." else self.manifests[local.name]

    def outside(self, local: LocalPackage) -> tuple[str, ...]:
        """Return the paths below the package's directory that belong to other packages."""
        directory = self.path(local)
        if directory == ".":
            return tuple(path for path in self._directories if path != ".")
        first = bisect_left(self._directories, f"{directory}/")
        below = takewhile(lambda path: path.startswith(f"{directory}/"), self._directories[first:])
        return tuple(below)

    @cached_property
    def _directories(self) -> tuple[str, ...]:
        """The directories of all local packages, as seen from the context's root, in order."""
        return tuple(sorted(self.path(local) for local in self.lock.local_packages.values()))


def open_workspace(
    folder: str, files: Mapping[str, SourceFile], chosen: tuple[Location, ...] = ()
) -> Workspace:
    """Take root manifest and lock from `files`; FrontendError where one is missing or malformed.

    `chosen` is where the user named the folder.
    """
    manifest_name, lock_name = workspace_path(folder, MANIFEST), workspace_path(folder, LOCK)
    place = "the build context" if folder == "." else f"{folder!r} of the build context"
    if manifest_name not in files:
        raise FrontendError(
            f"there is no {MANIFEST} in {place}",
            remedy="Build from the folder of the workspace, or name it with `workspace`.",
            places=chosen,
        )
    root = TomlDocument.parse(files[manifest_name])
    check(root)
    root = root_manifest(root, files.get(workspace_path(folder, FILE)))
    if lock_name not in files:
        raise FrontendError(
            f"there is no {LOCK} in {place}",
            remedy="Run `uv lock` and commit the file: it decides what the image holds.",
            places=(root.place("project"),),
        )
    pin = files.get(workspace_path(folder, ".python-version"))
    lines = [line.partition("#")[0].strip() for line in (pin.text if pin else "").splitlines()]
    pinned = next(filter(None, lines), "")
    return Workspace(folder, root, Lock.parse(files[lock_name]), pinned)


def find_packages(workspace: Workspace, settings: Settings) -> tuple[LocalPackage, ...]:
    """Return the members that `package` names; FrontendError with the nearest names otherwise."""
    members = workspace.lock.members
    for name in settings.spec.package or ():
        if name not in members:
            raise FrontendError(
                f"the workspace has no package {name!r}",
                remedy=_instead(name, members, "no package at all"),
                places=settings.place("package") or (members_place(workspace),),
            )
    return tuple(members[name] for name in settings.spec.package or ())


def members_place(workspace: Workspace) -> Location:
    """Return where the root manifest names the members of the workspace."""
    return workspace.root.place("tool", "uv", "workspace", "members")


def _instead(name: str, existing: Iterable[str], nothing: str) -> str:
    """Return the sentence about what exists where `name` was asked for, the nearest first."""
    existing = sorted(existing)
    nearest = difflib.get_close_matches(name, existing, n=3)
    question = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"{question}It has {quoted_names(existing, nothing)}."


def quoted_names(names: Iterable[str], nothing: str, most: int = 30) -> str:
    """Join up to `most` names for a message; `nothing` stands for no names."""
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more or nothing


def with_indexes(workspace: Workspace, names: Iterable[str]) -> Workspace:
    """Return the workspace with the indexes that the members of these names define."""
    manifests = {name: workspace.manifests[name] for name in names if name in workspace.manifests}
    return replace(workspace, root=with_indexes_of(workspace.root, manifests))


def check_inside(workspace: Workspace, name: str, path: str) -> None:
    """Refuse a path of the lock that leads out of the build context."""
    if not workspace_path(workspace.folder, path).startswith(("../", "/")):
        return
    raise FrontendError(
        f"{name!r} lies outside of the build context: {path}",
        remedy="Build from a folder that holds both, and name the workspace's there: "
        "`docker buildx build --build-arg workspace=FOLDER …`.",
        places=(workspace.lock.place(name),),
    )


def check_selection(workspace: Workspace, settings: Settings, selection: Selection) -> None:
    """Refuse unknown extras and groups, and combinations that the lock declares incompatible."""
    lock, names = workspace.lock, selection.packages
    package = lock.members[selection.package]
    extras = sorted({extra for name in names for extra in lock.extras(name)})
    groups = sorted({*(g for name in names for g in lock.groups(name)), *lock.root_groups()})
    for key, chosen, existing in (
        ("extras", selection.extras, extras),
        ("groups", selection.groups, groups),
    ):
        for item in chosen:
            if item in {canonicalize_name(name) for name in existing}:
                continue
            raise FrontendError(
                f"package {' or '.join(map(repr, names))} has no {key[:-1]} {item!r}",
                remedy=_instead(item, existing, f"no {key}"),
                places=settings.place(key) or (_table_place(workspace.manifest(package), key),),
            )
    conflict = lock.conflict(names, selection.extras, selection.groups)
    if conflict:
        raise _conflicting(workspace, settings, conflict)


def _conflicting(
    workspace: Workspace, settings: Settings, conflict: Sequence[ConflictItem]
) -> FrontendError:
    """Return the error that says what cannot be installed together, at the line that chose it."""
    owners = {item.package for item in conflict}
    if len(owners) == 1:
        named = " and ".join(f"{item.kind} {(item.name or item.package)!r}" for item in conflict)
        named += f" of {conflict[0].package!r}"
    else:
        named = " and ".join(
            f"{item.kind} {item.name!r} of {item.package!r}"
            if item.name
            else f"package {item.package!r}"
            for item in conflict
        )
    keys = {"extra": "extras", "group": "groups", "package": "package"}
    places = (settings.place(keys[item.kind]) for item in conflict)
    return FrontendError(
        f"{named} cannot be installed together",
        remedy="`tool.uv.conflicts` says so: choose one of them.",
        places=next(filter(None, places), ()) or (_declared(workspace, owners),),
    )


def _declared(workspace: Workspace, names: Iterable[str]) -> Location:
    """Return where conflicts are declared: in the root's manifest, or in that of one of `names`."""
    members = workspace.lock.members
    manifests = [workspace.root]
    manifests += [workspace.manifest(members[n]) for n in sorted(names) if n in members]
    declaring = (m for m in manifests if m.get("tool", "uv", "conflicts"))
    return next(declaring, workspace.root).place("tool", "uv", "conflicts")


def _table_place(manifest: TomlDocument, key: str) -> Location:
    if key == "extras":
        return manifest.place("project", "optional-dependencies")
    return manifest.place("dependency-groups")
