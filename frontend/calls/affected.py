"""`--call=affected`: a digest for each package's image, so that only what changed gets built.

A digest is made from everything that decides what the image holds: its slice of the lock, the files
of its members, its settings, and its base. It is the same on every machine, whatever the context
is. Nothing is installed for it, and no package is looked at by uv.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from frontend import calls
from frontend.calls.file_digests import list_files
from frontend.calls.lock_digest import LockDigest
from frontend.config.settings import from_arguments, from_manifest, merge_sources
from frontend.container.uv_settings import deciding
from frontend.inputs.inputs import (
    BuildInputs,
    base_places,
    check_policy,
    named_for_all,
    open_workspace,
    select,
)
from frontend.inputs.manifests import read_helpers, read_manifests, runnable_packages
from frontend.lint.report import report_findings
from frontend.model.uv import UV_VERSION
from frontend.project.build_requirements import build_dependencies, included
from frontend.project.git_versions import dynamic_members
from frontend.project.manifest import for_building
from frontend.project.workspace import (
    LOCK,
    MANIFEST,
    check_selection,
    find_packages,
    with_indexes,
    workspace_path,
)
from frontend.resolve import base_image, hermetic
from frontend.resolve.frontend_image import frontend_image
from frontend.steps import every, script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import llb
    from frontend.calls.file_digests import FileDigests
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.model.base import BaseImage
    from frontend.model.packages import LocalPackage
    from frontend.project.workspace import Workspace
    from frontend.request import Request


#: What `package` is for all packages that can run.
ALL = "*"
#: Keys that say where things are, and nothing about the image.
_NOT_THE_IMAGE = ("lock", "package", "workspace")


@dataclass(frozen=True)
class Slice:
    """A package's image, what of the lock it depends on, and which local packages are in it.

    Or needed to build those.
    """

    inputs: BuildInputs
    lock: str
    local: tuple[LocalPackage, ...]

    @property
    def include(self) -> tuple[str, ...]:
        """Files of the context that builds of its members read besides."""
        workspace = self.inputs.workspace
        manifests = [workspace.manifest(package) for package in self.local]
        paths = included(workspace, manifests, named_for_all(self.inputs))
        return tuple(workspace_path(workspace.folder, path) for path in paths)


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Answer with the digests; FrontendError for what would be an error in a build as well."""
    slices = _slices(gateway, _jobs(gateway, request, reads))
    report_findings(gateway, slices[0].inputs.check_policy, slices[0].inputs.findings)
    images, listings, versions = gateway.together(
        lambda: _resolve_bases(gateway, slices),
        lambda: _list_all(gateway, request, slices),
        lambda: _all_versions(gateway, slices),
    )
    workspace = slices[0].inputs.workspace
    folders = frozenset(workspace.path(p) for p in workspace.lock.local_packages.values())
    members = {p.name: p for each in slices for p in each.local}
    digests = {
        name: _member(slices[0].inputs, package, folders, listings)
        for name, package in members.items()
    }
    packages = [
        _describe(each, digests, images, listings, made)
        for each, made in zip(slices, versions, strict=True)
    ]
    width = max(len(name) for name in ("PACKAGE", *(each["name"] for each in packages)))
    lines = [f"{each['name']:<{width}}  {each['digest']}\n" for each in packages]
    document = {"uv": UV_VERSION, "packages": packages}
    return calls.result(document, f"{'PACKAGE':<{width}}  DIGEST\n{''.join(lines)}")


def _jobs(gateway: Gateway, request: Request, reads: FirstReads) -> list[BuildInputs]:
    """One job for each package that an image is asked of."""
    everything = request.arguments.get("package", "").strip() == ALL
    given = {k: v for k, v in request.arguments.items() if not (everything and k == "package")}
    arguments = from_arguments(given)
    context, workspace, body, findings = open_workspace(gateway, request, reads, arguments)
    policy = check_policy(request, reads)
    root = from_manifest(workspace.root)
    settings = merge_sources(arguments, body, root)
    packages: Sequence[LocalPackage]
    if settings.spec.package and not everything:
        packages = find_packages(workspace, settings)
        workspace = read_manifests(gateway, context, workspace, packages)
    else:
        packages, workspace = runnable_packages(gateway, context, workspace)
    found = []
    for package in packages:
        own = from_manifest(workspace.manifest(package))
        settings = merge_sources(arguments, body, own, root).without("package")
        selection = select(workspace, (package,), settings)
        check_selection(workspace, settings, selection)
        found.append(
            BuildInputs(
                request, context, settings, workspace, (package,), selection, policy, findings
            )
        )
    return found


def _slices(gateway: Gateway, jobs: Sequence[BuildInputs]) -> list[Slice]:
    """What of the lock each job depends on; the manifests of all local packages are read."""
    first = jobs[0]
    lock = first.workspace.lock
    slices, found = LockDigest(lock), []
    for inputs in jobs:
        building = (hermetic.group_name(inputs),) if inputs.settings.spec.hermetic else ()
        digest, names = slices.of(inputs.selection, building)
        local = [lock.local_packages[name] for name in names]
        # Of what is virtual nothing is installed but what the image is for.
        installed = tuple(p for p in local if not p.virtual or p.name == inputs.package.name)
        found.append(Slice(inputs, digest, installed))
    needed = {package.name: package for each in found for package in each.local}
    workspace = read_manifests(gateway, first.context, first.workspace, needed.values())
    workspace = read_helpers(gateway, first.context, workspace)
    return [
        replace(
            each,
            inputs=replace(each.inputs, workspace=with_indexes(workspace, each.inputs.local_names)),
            local=_built(workspace, each),
        )
        for each in found
    ]


def _built(workspace: Workspace, each: Slice) -> tuple[LocalPackage, ...]:
    """The local packages of a slice, with those that only their builds need."""
    found = {
        p.name: p for local in each.local for p in (local, *build_dependencies(workspace, local))
    }
    return tuple(found[name] for name in sorted(found))


def _all_versions(gateway: Gateway, slices: Sequence[Slice]) -> list[Mapping[str, str]]:
    """Find out the versions that are made from git, as a build does; most packages have none."""
    looks = {
        number: _versions(gateway, each.inputs)
        for number, each in enumerate(slices)
        # A version that is told is one of the settings.
        if not each.inputs.settings.spec.version
        and dynamic_members(each.inputs.workspace, each.local)
    }
    found = dict(zip(looks, gateway.together(*looks.values()), strict=True))
    return [found.get(number, {}) for number in range(len(slices))]


def _versions(gateway: Gateway, inputs: BuildInputs) -> Callable[[], Mapping[str, str]]:
    def look() -> Mapping[str, str]:
        from frontend.resolve.platform import resolve_platforms

        request = replace(inputs.request, platforms=inputs.request.platforms[:1])
        platforms = resolve_platforms(gateway, replace(inputs, request=request))
        report_findings(gateway, inputs.check_policy, platforms[0].findings)
        return platforms[0].versions

    return look


def _resolve_bases(gateway: Gateway, slices: Sequence[Slice]) -> dict[tuple[str, str], str]:
    """Look up every base and builder once for each platform: contents by name and platform."""
    looks: dict[tuple[str, str], Callable[[], BaseImage]] = {}
    for each in slices:
        for role, name in _image_names(each.inputs):
            for platform in each.inputs.request.platforms:
                if (name, platform.id) not in looks:
                    look = _looking(gateway, each.inputs, role, name, platform)
                    looks[name, platform.id] = look
    images = gateway.together(*looks.values())
    return {key: image.identity for key, image in zip(looks, images, strict=True)}


def _image_names(inputs: BuildInputs) -> list[tuple[str, str]]:
    pin = base_image.pinned(inputs.workspace.python_pin)
    names = [("base", base_image.choose(inputs.settings, inputs.requires_python, pin))]
    if inputs.settings.spec.builder:
        names.append(("builder", inputs.settings.spec.builder))
    return names


def _looking(
    gateway: Gateway, inputs: BuildInputs, role: str, name: str, platform: llb.Platform
) -> Callable[[], BaseImage]:
    places = base_places(inputs) if role == "base" else inputs.settings.origin(role)
    return lambda: base_image.resolve(gateway, inputs.request, name, platform, places, role)


def _list_all(
    gateway: Gateway, request: Request, slices: Sequence[Slice]
) -> dict[str, FileDigests]:
    """Hash the files of all packages: by names of contexts that replace one, '' for the others."""
    own, inputs = frontend_image(gateway, request), slices[0].inputs
    context, workspace = inputs.context, inputs.workspace
    needed = {package.name: package for each in slices for package in each.local}
    paths = {workspace.path(p) for p in needed.values() if p.name not in context.members}
    paths |= {path.strip("/") for each in slices for path in each.inputs.settings.spec.files or ()}
    paths |= {path for each in slices for path in each.include}
    loads = {"": context.tree(sorted(paths), "all packages")} if paths else {}
    for name in needed.keys() & context.members.keys():
        loads[name] = context.members[name].tree(["."], f"package {name}")

    def hashing(name: str) -> Callable[[], FileDigests]:
        what = f"files of {name or 'all packages'}"
        return lambda: list_files(gateway, own, loads[name], request.build_platform, what)

    listings = gateway.together(*map(hashing, loads))
    return dict(zip(loads, listings, strict=True))


def _member(
    inputs: BuildInputs,
    package: LocalPackage,
    folders: frozenset[str],
    listings: Mapping[str, FileDigests],
) -> str:
    """The digest of a package's files, as its step sees them (`emit`); `folders` are all packages'.

    In a context of its own it has the root to itself.
    """
    workspace, replaced = inputs.workspace, inputs.context.members.get(package.name)
    path = "." if replaced else workspace.path(package)
    without = set() if replaced else folders - {path}
    instead = ""
    if not package.virtual:
        without |= {workspace_path(path, MANIFEST)}
        instead = for_building(workspace.manifest(package).data)
    if package.path == ".":
        lock = workspace_path(workspace.folder, LOCK)
        without |= {lock, inputs.request.filename, ".dockerignore"}
    if replaced:
        return _digest([instead, listings[package.name].below(path, without)])
    return _digest([instead, listings[""].below(path, without, keeps_git=inputs.context.keeps_git)])


@cache
def _frontend() -> str:
    """The digest of all that is of this frontend in an image."""
    return _digest([UV_VERSION, *(script(name).decode() for name in every())])


def _describe(
    each: Slice,
    members: Mapping[str, str],
    images: Mapping[tuple[str, str], str],
    listings: Mapping[str, FileDigests],
    versions: Mapping[str, str],
) -> dict[str, Any]:
    inputs, request = each.inputs, each.inputs.request
    spec, workspace = inputs.settings.spec, inputs.workspace
    values = {k: v for k, v in inputs.settings.values.items() if k not in _NOT_THE_IMAGE}
    python = spec.python or workspace.python_pin or workspace.lock.requires_python
    uv_settings = deciding(workspace.root.get("tool", "uv") or {})
    platforms = [platform.id for platform in request.platforms]
    image = [
        [role, name, images[name, platform]]
        for role, name in _image_names(inputs)
        for platform in platforms
    ]
    parts: dict[str, Any] = {
        "frontend": _frontend(),
        "base": _digest(image),
        "settings": _digest([values, uv_settings, python, platforms]),
        "lock": f"sha256:{each.lock}",
        "members": {package.name: members[package.name] for package in each.local},
    }
    if spec.files:
        parts["files"] = _digest([spec.files, listings[""].selected(spec.files)])
    if each.include:
        parts["include"] = _digest(listings[""].selected(each.include))
    if versions:
        parts["versions"] = versions
    return {
        "name": inputs.package.name,
        "path": workspace.path(inputs.package),
        "digest": _digest(parts),
        "parts": parts,
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
