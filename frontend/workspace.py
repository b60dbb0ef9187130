"""The workspace as far as one package needs it: root manifest, lock, the package's own manifest.

The lock names the members and their paths, so no pattern has to be searched for; only manifests of
packages that the image holds are read.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.context import read_text, read_texts, workspace_path
from frontend.errors import FrontendError, Place, SourceText
from frontend.lock import Lock
from frontend.manifest import check
from frontend.member_sources import required
from frontend.settings import TABLE
from frontend.toml_document import TomlDocument
from frontend.uv_configuration import FILE, root_manifest, with_indexes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from frontend.closure import Selection
    from frontend.context import Context
    from frontend.gateway import Gateway
    from frontend.lock import ConflictItem, LocalPackage
    from frontend.settings import Settings

MANIFEST = "pyproject.toml"
LOCK = "uv.lock"
#: So many packages are named one by one where their manifests are read.
_MANY = 30


@dataclass(frozen=True)
class Workspace:
    """A workspace, or a single project: `folder` is its place in the context (`.` for the root)."""

    folder: str
    root: TomlDocument
    lock: Lock
    python_pin: str = ""
    manifests: Mapping[str, TomlDocument] = field(default_factory=dict)

    def path(self, local: LocalPackage) -> str:
        """The package's directory as seen from the context's root."""
        return workspace_path(self.folder, local.path)

    def manifest_path(self, local: LocalPackage) -> str:
        """The package's manifest as seen from the context's root."""
        return workspace_path(self.path(local), MANIFEST)

    def manifest(self, local: LocalPackage) -> TomlDocument:
        """The manifest of a package that was read before."""
        return self.root if local.path == "." else self.manifests[local.name]

    def outside(self, local: LocalPackage) -> tuple[str, ...]:
        """Paths of the context below the package's directory that belong to other members."""
        own = self.path(local)
        inside = "" if own == "." else f"{own}/"
        others = (self.path(other) for other in self.lock.local_packages.values())
        return tuple(sorted(o for o in others if o != own and o.startswith(inside) and o != "."))


def open_workspace(
    folder: str, files: Mapping[str, SourceText], chosen: tuple[Place, ...] = ()
) -> Workspace:
    """Take root manifest and lock from `files`; FrontendError where one is missing or malformed.

    `chosen` is where the user named the folder.
    """
    manifest_name, lock_name = workspace_path(folder, MANIFEST), workspace_path(folder, LOCK)
    where = "the build context" if folder == "." else f"{folder!r} of the build context"
    if manifest_name not in files:
        raise FrontendError(
            f"there is no {MANIFEST} in {where}",
            remedy="Build from the folder of the workspace, or name it with `workspace`.",
            places=chosen,
        )
    root = TomlDocument.parse(files[manifest_name])
    check(root)
    root = root_manifest(root, files.get(workspace_path(folder, FILE)))
    if lock_name not in files:
        raise FrontendError(
            f"there is no {LOCK} in {where}",
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
                places=settings.place("package") or (_members_place(workspace),),
            )
    return tuple(members[name] for name in settings.spec.package or ())


def only_package(
    gateway: Gateway, context: Context, workspace: Workspace, misplaced: tuple[Place, ...] = ()
) -> tuple[LocalPackage, Workspace]:
    """Choose the package where the user names none: the only one that can run.

    `misplaced` is where the user meant to name one, and something else was set.
    """
    members = workspace.lock.members
    if len(members) == 1:
        return next(iter(members.values())), workspace
    runnable, workspace = runnable_packages(gateway, context, workspace)
    if len(runnable) == 1:
        return runnable[0], workspace
    names = _names((member.name for member in runnable or members.values()), "no package at all")
    raise FrontendError(
        "the build does not say which package the image is for",
        remedy="This line belongs to the table whose header stands above it: move `package` above "
        "the first header in brackets."
        if misplaced
        else f'Add --build-arg package=NAME, or `package = "NAME"` to the build file: {names}.',
        places=misplaced or (_members_place(workspace),),
    )


def runnable_packages(
    gateway: Gateway, context: Context, workspace: Workspace
) -> tuple[tuple[LocalPackage, ...], Workspace]:
    """Return the members that can run, with the manifests of all members read."""
    members = workspace.lock.members
    workspace = read_manifests(gateway, context, workspace, members.values(), missing_ok=True)
    runnable = (
        member
        for member in members.values()
        if member.path == "." or member.name in workspace.manifests
        if _runnable(workspace.manifest(member))
    )
    return tuple(runnable), workspace


def _runnable(manifest: TomlDocument) -> bool:
    return bool(manifest.get("project", "scripts") or manifest.get(*TABLE))


def _members_place(workspace: Workspace) -> Place:
    return workspace.root.place("tool", "uv", "workspace", "members")


def _instead(name: str, known: Iterable[str], nothing: str) -> str:
    """Say what there is where `name` was asked for, the nearest first."""
    known = sorted(known)
    nearest = difflib.get_close_matches(name, known, n=3)
    question = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"{question}It has {_names(known, nothing)}."


def _names(names: Iterable[str], nothing: str, most: int = 30) -> str:
    found = sorted(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more or nothing


def read_manifests(
    gateway: Gateway,
    context: Context,
    workspace: Workspace,
    packages: Iterable[LocalPackage],
    *,
    missing_ok: bool = False,
) -> Workspace:
    """Read the manifests of `packages`; FrontendError where the context has no such directory."""
    unread = [p for p in packages if p.path != "." and p.name not in workspace.manifests]
    if not unread:
        return workspace
    manifests = dict(workspace.manifests)
    for package in unread:
        if package.name in context.members:
            manifests[package.name] = _replaced(gateway, context.members[package.name], package)
    wanted = [p for p in unread if p.name not in manifests]
    if not wanted:
        return replace(workspace, manifests=manifests)
    for package in wanted:
        check_inside(workspace, package.name, package.path)
    paths = [workspace.manifest_path(package) for package in wanted]
    names = [package.name for package in wanted]
    if len(names) > _MANY:
        names = [f"{names[0]} … {names[-1]} ({len(names)})"]
    purpose = "manifests of " + ", ".join(names)
    loaded = gateway.solve(context.named_files(paths, purpose))
    texts = read_texts(gateway, loaded, paths)
    for package, path in zip(wanted, paths, strict=True):
        if path in texts:
            manifests[package.name] = TomlDocument.parse(texts[path])
            check(manifests[package.name])
        elif package.name not in workspace.lock.members and _has_setup(
            gateway, context, workspace.path(package)
        ):
            # Older than pyproject.toml: setuptools builds it, with what it does by default.
            manifests[package.name] = TomlDocument.parse(SourceText(path, ""))
        elif not missing_ok:
            raise _missing(context, workspace, package, path)
    return replace(workspace, manifests=manifests)


def with_indexes(workspace: Workspace, names: Iterable[str]) -> Workspace:
    """Return the workspace with the indexes that the members of these names define."""
    manifests = {name: workspace.manifests[name] for name in names if name in workspace.manifests}
    return replace(workspace, root=with_indexes_of(workspace.root, manifests))


def _replaced(gateway: Gateway, context: Context, package: LocalPackage) -> TomlDocument:
    """The manifest of a package whose directory another context stands in for."""
    name = package.name
    text = read_text(
        gateway.solve(context.named_files([MANIFEST], f"manifest of {name}")), MANIFEST
    )
    if text is None:
        line = context.ignoring(MANIFEST)
        raise FrontendError(
            f"the build context {name} stands for package {name!r}, and has no {MANIFEST}",
            remedy="It is the package's own directory. Leave out its --build-context to build what "
            "the workspace has.",
            places=(Place.line(context.ignore, line),) if line and context.ignore else (),
        )
    manifest = TomlDocument.parse(replace(text, filename=f"[context {name}]/{MANIFEST}"))
    check(manifest)
    found = str(manifest.get("project", "name") or "")
    if canonicalize_name(found) != name:
        raise FrontendError(
            f"the build context {name} stands for package {name!r}, and has package {found!r}",
            remedy=f"--build-context {name}=… is for the directory of that package.",
            places=(manifest.place("project", "name"),),
        )
    return manifest


def _has_setup(gateway: Gateway, context: Context, folder: str) -> bool:
    names = [f"{folder}/setup.py", f"{folder}/setup.cfg"]
    loaded = gateway.solve(context.named_files(names, f"setup of {folder}"))
    return bool(read_texts(gateway, loaded, names))


def check_inside(workspace: Workspace, name: str, path: str) -> None:
    """Refuse a path of the lock that leads out of the build context."""
    found = workspace_path(workspace.folder, path)
    if not found.startswith(("../", "/")):
        return
    raise FrontendError(
        f"{name!r} lies outside of the build context: {path}",
        remedy="Build from a folder that holds both, and name the workspace's there: "
        "`docker buildx build --build-arg workspace=FOLDER …`.",
        places=(workspace.lock.place(name),),
    )


def read_helpers(gateway: Gateway, context: Context, workspace: Workspace) -> Workspace:
    """Read the manifests of members that are needed to build those read before."""
    lock = workspace.lock
    while True:
        known = [p for p in lock.local_packages.values() if _known(workspace, p)]
        names = {n for p in known for n in required(workspace, workspace.manifest(p))}
        needed = {n for name in names for n in lock.local_closure(name, (), ())}
        missing = [p for n in sorted(needed) if not _known(workspace, p := lock.local_packages[n])]
        if not missing:
            return workspace
        workspace = read_manifests(gateway, context, workspace, missing)


def _known(workspace: Workspace, package: LocalPackage) -> bool:
    return package.path == "." or package.name in workspace.manifests


def _missing(
    context: Context, workspace: Workspace, package: LocalPackage, path: str
) -> FrontendError:
    line = context.ignoring(path)
    if line and context.ignore:
        return FrontendError(
            f"{context.ignore.filename} keeps package {package.name!r} out of the build: {path}",
            remedy="Remove the pattern, or make an exception for the package with a line "
            f"`!{workspace.path(package)}`.",
            places=(Place.line(context.ignore, line),),
        )
    return FrontendError(
        f"the lock has package {package.name!r} at {workspace.path(package)}, and the build "
        f"context has no {path}",
        remedy="Check that the context is the workspace's root and the directory is committed; "
        "if the package is gone, run `uv lock`.",
        places=(workspace.lock.place(package.name),),
    )


def check_selection(workspace: Workspace, settings: Settings, selection: Selection) -> None:
    """Refuse unknown extras and groups, and combinations that the lock declares incompatible."""
    lock, names = workspace.lock, selection.packages
    package = lock.members[selection.package]
    extras = sorted({extra for name in names for extra in lock.extras(name)})
    groups = sorted({*(g for name in names for g in lock.groups(name)), *lock.root_groups()})
    for key, chosen, known in (
        ("extras", selection.extras, extras),
        ("groups", selection.groups, groups),
    ):
        for item in chosen:
            if item in {canonicalize_name(k) for k in known}:
                continue
            raise FrontendError(
                f"package {' or '.join(map(repr, names))} has no {key[:-1]} {item!r}",
                remedy=_instead(item, known, f"no {key}"),
                places=settings.place(key) or (_table_place(workspace.manifest(package), key),),
            )
    found = lock.conflict(names, selection.extras, selection.groups)
    if found:
        raise _conflicting(workspace, settings, found)


def _conflicting(
    workspace: Workspace, settings: Settings, found: Sequence[ConflictItem]
) -> FrontendError:
    """Say what cannot be installed together, at the line that chose it."""
    owners = {item.package for item in found}
    if len(owners) == 1:
        named = " and ".join(f"{item.kind} {(item.name or item.package)!r}" for item in found)
        named += f" of {found[0].package!r}"
    else:
        named = " and ".join(
            f"{item.kind} {item.name!r} of {item.package!r}"
            if item.name
            else f"package {item.package!r}"
            for item in found
        )
    keys = {"extra": "extras", "group": "groups", "package": "package"}
    places = (settings.place(keys[item.kind]) for item in found)
    return FrontendError(
        f"{named} cannot be installed together",
        remedy="`tool.uv.conflicts` says so: choose one of them.",
        places=next(filter(None, places), ()) or (_declared(workspace, owners),),
    )


def _declared(workspace: Workspace, names: Iterable[str]) -> Place:
    """Where conflicts are declared: in the root's manifest, or in that of one of `names`."""
    members = workspace.lock.members
    manifests = [workspace.root]
    manifests += [workspace.manifest(members[n]) for n in sorted(names) if n in members]
    found = (m for m in manifests if m.get("tool", "uv", "conflicts"))
    return next(found, workspace.root).place("tool", "uv", "conflicts")


def _table_place(manifest: TomlDocument, key: str) -> Place:
    if key == "extras":
        return manifest.place("project", "optional-dependencies")
    return manifest.place("dependency-groups")
