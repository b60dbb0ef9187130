"""What the build of a member sees besides its own directory.

Most members need nothing: they are mounted by themselves. The others get one tree, in which files
that `include` names, and members that the build itself requires, stand where the workspace has
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from frontend.config.keys import TABLE
from frontend.project.lock_graph import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from frontend.model.packages import LocalPackage
    from frontend.project.workspace import Workspace
    from frontend.toml_document import TomlDocument


def included(
    workspace: Workspace, manifests: Sequence[TomlDocument], chosen: Sequence[str]
) -> tuple[str, ...]:
    """Return the paths, seen from the workspace, that the builds of members read outside of them.

    `chosen` and those of the root hold for every member.
    """
    named = list(chosen)
    for document in (*manifests, workspace.root):
        paths = document.get(*TABLE, "include")
        named += paths if isinstance(paths, list) else ()
    return tuple(sorted({str(path).strip("/") for path in named}))


def required(workspace: Workspace, manifest: TomlDocument) -> tuple[str, ...]:
    """Return the names of the members that `manifest` needs to be built, directly."""
    member_sources = manifest.get("tool", "uv", "sources") or {}
    root_sources = workspace.root.get("tool", "uv", "sources") or {}
    sources: dict[str, Any] = {}
    for key, value in [*root_sources.items(), *member_sources.items()]:
        sources[canonicalize_name(key)] = value
    names = []
    for name in build_names(manifest):
        source = sources.get(name)
        member = isinstance(source, dict) and source.get("workspace") is True
        if member and name in workspace.lock.members:
            names.append(name)
    return tuple(names)


def build_names(manifest: TomlDocument) -> Iterator[str]:
    """Name what `manifest` says that its build requires; what is no requirement is left out."""
    for text in manifest.get("build-system", "requires") or ():
        try:
            yield canonicalize_name(Requirement(str(text)).name)
        except InvalidRequirement:
            continue


def build_dependencies(workspace: Workspace, member: LocalPackage) -> tuple[LocalPackage, ...]:
    """Return the members that building `member` needs: those required, and what these need.

    Only manifests that have been read are followed.
    """
    lock = workspace.lock
    packages = {**lock.local_packages, member.name: member}

    def neighbours(name: str) -> Iterator[str]:
        package = packages[name]
        if package.path == "." or name in workspace.manifests:
            for needed in required(workspace, workspace.manifest(package)):
                yield from lock.local_closure(needed, (), ())

    names = sorted(walk([member.name], neighbours))
    return tuple(packages[name] for name in names if name != member.name)


def with_paths(
    manifest: Mapping[str, Any], workspace: Workspace, places: Mapping[str, str]
) -> dict[str, Any]:
    """Return `manifest` with the sources of members that lie at `places` given as paths there.

    uv finds no workspace around a member's build, whose root is not part of it.
    """
    tool = dict(manifest.get("tool") or {})
    uv = dict(tool.get("uv") or {})
    named = {**(workspace.root.get("tool", "uv", "sources") or {}), **(uv.get("sources") or {})}
    sources = dict(uv.get("sources") or {})
    for key, source in named.items():
        name = canonicalize_name(key)
        if isinstance(source, dict) and source.get("workspace") is True and name in places:
            sources[key] = {"path": places[name]}
    if sources:
        tool["uv"] = {**uv, "sources": sources}
    return {**manifest, "tool": tool} if tool else dict(manifest)
