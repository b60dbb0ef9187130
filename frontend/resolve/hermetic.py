"""Builds without network: every locked file is a source of BuildKit, all that steps see.

A wheel or sdist becomes an http source with the checksum of the lock, bound read-only into the step
that installs it, which runs without network. So BuildKit downloads all files at once, keeps them in
its own cache (and exports them with it), names each in the provenance, and a source policy can deny
or redirect it. What building needs comes from the lock as well: from a dependency group whose
wheels are all that an isolated build finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

import llb
from frontend.container.downloads import HermeticSources, local
from frontend.errors import FrontendError
from frontend.model.git_source import GitSource
from frontend.project.build_requirements import build_dependencies, required
from frontend.project.uv_config import all_indexes, variable
from frontend.resolve.closure import select_packages
from frontend.resolve.export import export

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.pylock import Pylock

    from frontend.inputs.inputs import BuildInputs
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure, LocalPackage, LockedPackage


#: The group whose wheels build everything, unless the key `build-group` names another.
BUILD_GROUP = "build"
_BUILT_INTO_UV = "uv-build"


def read_tools(inputs: BuildInputs, files: Mapping[str, str]) -> Pylock | None:
    """Let uv name what the build group holds; None where the lock has no such group.

    `files` are the manifests and the lock by path.
    """
    lock, group = inputs.workspace.lock, group_name(inputs)
    if group not in {*lock.groups(inputs.package.name), *lock.root_groups()}:
        if inputs.settings.spec.build_group:
            raise FrontendError(
                f"the lock has no dependency group {group!r}",
                remedy=f"Add one with what builds need: uv add --group {group} hatchling",
                places=inputs.settings.origin("build-group"),
            )
        return None
    return export(files, inputs.selection, (lock.place(inputs.package.name),), only_group=group)


def group_name(inputs: BuildInputs) -> str:
    """The dependency group with what builds need."""
    return inputs.settings.spec.build_group or BUILD_GROUP


def prepare_hermetic(
    inputs: BuildInputs,
    tools: Pylock | None,
    closure: Closure,
    target: Interpreter,
    capabilities: llb.Capabilities,
    uv_version: str,
) -> HermeticSources:
    """Check that nothing needs the network, and say what takes its place.

    FrontendError for a file without a checksum, for a source that BuildKit cannot fetch by itself,
    and for what a member's build requires and the build group does not have.
    """
    lock, settings = inputs.workspace.lock, inputs.workspace.root.get("tool", "uv") or {}
    found = select_packages(tools, lock, target).third_party if tools else ()
    for package in (*closure.third_party, *found):
        git = GitSource.of(package)
        # Tools are what a folder of wheels offers, so no checkouts.
        if not local(package) and not (git and git.fetchable and package not in found):
            _check(inputs, package)
    workspace = inputs.workspace
    members = {
        p.name: p for each in closure.local for p in (each, *build_dependencies(workspace, each))
    }
    for member in members.values():
        if not member.virtual:
            _check_build(inputs, member, found, target, uv_version)
    headers = _headers(settings, (*closure.third_party, *found))
    if headers and not capabilities.supports(llb.capabilities.SOURCE_HTTP_AUTH):
        raise FrontendError(
            f"this engine cannot send credentials to {next(iter(headers))}",
            remedy="A hermetic build takes files from a private index with BuildKit 0.21 or later "
            "only. Use a newer engine, or build without `hermetic`.",
            places=inputs.settings.origin("hermetic"),
        )
    return HermeticSources(found, headers, settings, group_name(inputs))


def _check(inputs: BuildInputs, package: LockedPackage) -> None:
    """Refuse what BuildKit could not fetch by address and checksum."""
    artifact = package.artifact
    # uv knows no folder of an archive that is a file to it.
    folder = "subdirectory" in package.table["source"]
    if artifact and artifact.url and artifact.digest and not folder:
        return
    # Looked for in the whole lock, which for each of many packages takes longer than all else.
    place = inputs.workspace.lock.place(package.name)
    if artifact is None or not artifact.url or folder:
        raise FrontendError(
            f"a hermetic build cannot take {package.name} {package.version} from where the lock "
            f"has it: {_source(package)}",
            remedy="Publish it to an index and lock again, or build without `hermetic`.",
            places=(place,),
        )
    raise FrontendError(
        f"the lock has no SHA-256 of {artifact.filename}, so a hermetic build cannot pin it",
        remedy="Lock it from an index or an address that gives one, or build without `hermetic`.",
        places=(place,),
    )


def _source(package: LockedPackage) -> str:
    return ", ".join(f"{key} {value}" for key, value in package.table["source"].items())


def _check_build(
    inputs: BuildInputs,
    member: LocalPackage,
    tools: Sequence[LockedPackage],
    target: Interpreter,
    uv_version: str,
) -> None:
    manifest = inputs.workspace.manifest(member)
    wanted = manifest.get("build-system", "requires")
    versions = {package.name: package.version for package in tools}
    members = required(inputs.workspace, manifest)
    # Without a [build-system] it is setuptools (PEP 518).
    for text in ["setuptools"] if wanted is None else wanted:
        try:
            requirement = Requirement(str(text))
        except InvalidRequirement:
            continue  # its build will say so better
        if requirement.marker and not requirement.marker.evaluate(target.markers):
            continue
        name = canonicalize_name(requirement.name)
        if name in members:
            continue
        version = uv_version if name == _BUILT_INTO_UV else versions.get(name)
        if version is not None and _fits(requirement, version):
            continue
        if name == _BUILT_INTO_UV and name in versions and _fits(requirement, versions[name]):
            continue
        raise missing(inputs, f"package {member.name!r}", str(text), version, manifest, member)


def missing(
    inputs: BuildInputs,
    label: str,
    requirement: str,
    version: str | None,
    manifest: Any,
    member: LocalPackage,
) -> FrontendError:
    """Say that the build group lacks `requirement`, or has it in another version."""
    group = group_name(inputs)
    has = f"the group has {version}" if version else "the group does not have it"
    return FrontendError(
        f"{label} is built with {requirement}, which a hermetic build takes from the dependency "
        f"group {group!r}, and {has}",
        remedy=f"Run: uv add --package {inputs.package.name} --group {group} '{requirement}'",
        places=(manifest.place("build-system", "requires"),),
    )


def _fits(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _headers(settings: Mapping[str, Any], packages: Iterable[LockedPackage]) -> Mapping[str, str]:
    """The secrets for indexes that uv is told to authenticate at, if any package is from there."""
    used = {package.registry.rstrip("/") for package in packages}
    return {
        url: f"UV_INDEX_{variable(str(index['name']))}_AUTHORIZATION"
        for index in all_indexes(settings)
        if index.get("authenticate") == "always" and "name" in index
        for url in (str(index.get("url", "")).rstrip("/"),)
        if url in used
    }
