"""Read the manifests of the workspace's members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.config.keys import TABLE
from frontend.errors import FrontendError, Location, SourceFile
from frontend.inputs.first_reads import read_text, read_texts
from frontend.project.build_requirements import required
from frontend.project.manifest import check
from frontend.project.workspace import (
    MANIFEST,
    Workspace,
    check_inside,
    members_place,
    quoted_names,
)
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from frontend.context import Context
    from frontend.gateway import Gateway
    from frontend.model.packages import LocalPackage


#: So many packages are named one by one where their manifests are read.
_MANY = 30


def only_package(
    gateway: Gateway, context: Context, workspace: Workspace, misplaced: tuple[Location, ...] = ()
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
    names = quoted_names(
        (member.name for member in runnable or members.values()), "no package at all"
    )
    raise FrontendError(
        "the build does not say which package the image is for",
        remedy="This line belongs to the table whose header stands above it: move `package` above "
        "the first header in brackets."
        if misplaced
        else f'Add --build-arg package=NAME, or `package = "NAME"` to the build file: {names}.',
        places=misplaced or (members_place(workspace),),
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
            manifests[package.name] = TomlDocument.parse(SourceFile(path, ""))
        elif not missing_ok:
            raise _missing(context, workspace, package, path)
    return replace(workspace, manifests=manifests)


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
            places=(Location.line(context.ignore, line),) if line and context.ignore else (),
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
            places=(Location.line(context.ignore, line),),
        )
    return FrontendError(
        f"the lock has package {package.name!r} at {workspace.path(package)}, and the build "
        f"context has no {path}",
        remedy="Check that the context is the workspace's root and the directory is committed; "
        "if the package is gone, run `uv lock`.",
        places=(workspace.lock.place(package.name),),
    )
