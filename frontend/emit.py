"""From the plan to LLB: one step per layer, and how the layers become one filesystem.

Every step writes into an empty directory, so each is cached by itself and none knows of another.
With MergeOp the layers are laid over the base as they are; engines without it (Docker's graph
drivers, BuildKit before 0.10) copy them one on the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llb
from frontend.container import ROOT
from frontend.flatlock import generate
from frontend.manifest import for_building
from frontend.plan import Kind
from frontend.uv_settings import builds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.container import Builder
    from frontend.context import Context
    from frontend.lock import LocalPackage
    from frontend.plan import Layer, Plan
    from frontend.target import Target
    from frontend.workspace import Workspace


#: 1980-01-01, the time that every file of a layer has (`steps/layer.py`).
TIMESTAMP = 315532800


@dataclass(frozen=True)
class Step:
    """A layer and the filesystem its step writes; `report` names the report a failure leaves."""

    layer: Layer
    output: llb.Output
    report: str


@dataclass(frozen=True)
class Emitted:
    """The whole image as a filesystem, and its steps."""

    image: llb.Output
    steps: tuple[Step, ...]


def emit(
    plan: Plan,
    builder: Builder,
    base: llb.Output,
    workspace: Workspace,
    context: Context,
    *,
    prefix: str = "",
    merge: bool = True,
) -> Emitted:
    """Write `plan` as LLB. `prefix` stands before progress lines (the platform, where several).

    Without `merge` the layers are copied even where the engine could lay them over each other.
    """
    settings: Mapping[str, Any] = workspace.root.get("tool", "uv") or {}
    total = len(plan.layers)
    steps = tuple(
        _step(
            layer,
            builder,
            plan.target,
            workspace,
            context,
            settings,
            f"[{prefix}{number}/{total}] {layer.title}",
        )
        for number, layer in enumerate(plan.layers, 1)
    )
    return Emitted(
        _assemble(base, steps, merge and builder.capabilities.supports("mergeop"), prefix), steps
    )


def _step(
    layer: Layer,
    builder: Builder,
    target: Target,
    workspace: Workspace,
    context: Context,
    settings: Mapping[str, Any],
    name: str,
) -> Step:
    ignore_cache = builder.request.no_cache == ()
    if layer.kind is Kind.SKELETON:
        output = builder.install(["skeleton"], name=name, ignore_cache=ignore_cache)
        return Step(layer, output, "")
    if layer.kind in (Kind.SOURCE, Kind.FILES):
        return _copying(layer, builder, workspace, context, name, ignore_cache)
    generated = generate(layer, target, settings)
    report = _report(*generated.values())
    mounts: list[llb.Mount] = [llb.Bind(f"{ROOT}/lock", _files(generated, layer.title))]
    arguments = ["packages", report]
    env: dict[str, str] = {"UV_CONFIG_FILE": f"{ROOT}/lock/uv.toml"}
    if builds(settings, layer):
        # For backends and compilers that would write the time of the build into what they make.
        env["SOURCE_DATE_EPOCH"] = str(TIMESTAMP)
    locations: list[llb.Location] = []
    if layer.members:
        arguments += [member.name for member in layer.members]
        # What uv notes about a local package (times, inodes) differs from machine to machine.
        env["UV_NO_INSTALLER_METADATA"] = "1"
    for member in layer.members:
        manifest = for_building(workspace.manifest(member).data)
        files = _member_files(member, workspace, context, manifest)
        where = f"{ROOT}/src" if member.path == "." else f"{ROOT}/src/{member.path}"
        mounts.append(_scratchpad(where, files, builder.capabilities))
        locations.append(_manifest_location(member, workspace))
    archives = [
        str(package.table["source"]["path"])
        for package in layer.packages
        if "path" in package.table["source"]
    ]
    if archives:
        env["UV_NO_INSTALLER_METADATA"] = "1"
        mounts.append(llb.Bind(f"{ROOT}/src", _archives(archives, workspace, context)))
    output = builder.install(
        arguments,
        name=name,
        env=env,
        mounts=mounts,
        ignore_cache=ignore_cache,
        locations=locations,
    )
    return Step(layer, output, report)


def _copying(
    layer: Layer,
    builder: Builder,
    workspace: Workspace,
    context: Context,
    name: str,
    ignore_cache: bool,
) -> Step:
    """A layer of files as they are: a virtual package's, or what the user names."""
    if layer.member:
        files = _member_files(layer.member, workspace, context)
        pairs = [(".", copy.target) for copy in layer.copies]
    else:
        files = context.selected([copy.source for copy in layer.copies], "files")
        pairs = [(copy.source, copy.target) for copy in layer.copies]
    arguments = [part for pair in pairs for part in pair]
    report = _report(layer.title, *arguments)
    output = builder.install(
        ["copy", report, *arguments],
        name=name,
        mounts=[llb.Bind(f"{ROOT}/src", files)],
        ignore_cache=ignore_cache,
    )
    return Step(layer, output, report)


def _member_files(
    member: LocalPackage, workspace: Workspace, context: Context, manifest: str = ""
) -> llb.Output:
    """The member's directory; `manifest` stands in for its own."""
    path = workspace.path(member)
    without = list(workspace.outside(member))
    instead = {}
    if manifest:
        without.append(workspace.manifest_path(member))
        instead["pyproject.toml"] = manifest.encode()
    if member.path == ".":
        # Neither decides what the root package holds, and both change more often than it.
        folder = "" if workspace.folder == "." else f"{workspace.folder}/"
        without += [f"{folder}uv.lock", context.request.filename, ".dockerignore"]
    return context.directory(path, without=without, instead=instead, name=f"member {member.name}")


def _archives(paths: list[str], workspace: Workspace, context: Context) -> llb.Output:
    """Local archives that the lock names, at their places relative to the workspace."""
    folder = "" if workspace.folder == "." else f"{workspace.folder}/"
    loaded = context.named_files([folder + path for path in paths], "local archives")
    return llb.files(
        llb.SCRATCH,
        llb.Copy(loaded, f"/{folder}", "/", contents_only=True),
        meta=llb.Metadata(name="[internal] local archives"),
    )


def _scratchpad(target: str, source: llb.Output, capabilities: llb.Capabilities) -> llb.Mount:
    """Writable, with changes thrown away: setuptools builds inside the source directory."""
    if capabilities.supports("exec.mount.bind.readwrite-nooutput"):
        return llb.Discarded(target, source)
    return llb.Writable(target, source)


def _files(generated: Mapping[str, str], title: str) -> llb.Output:
    actions = [
        llb.Mkfile(f"/{name}", text.encode(), timestamp=0)
        for name, text in sorted(generated.items())
    ]
    return llb.files(llb.SCRATCH, *actions, meta=llb.Metadata(name=f"[internal] lock of {title}"))


def _report(*parts: str) -> str:
    """Name a report by what its step does, so that the step's cache key does not move."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{digest[:24]}.json"


def _manifest_location(member: LocalPackage, workspace: Workspace) -> llb.Location:
    manifest = workspace.manifest(member)
    place = manifest.place("build-system")
    file = llb.SourceFile(manifest.source.filename, manifest.source.text.encode(), "TOML")
    return llb.Location(file, place.start, place.end)


def _assemble(base: llb.Output, steps: tuple[Step, ...], merge: bool, prefix: str) -> llb.Output:
    if merge:
        meta = llb.Metadata(name=f"[{prefix}image] put {len(steps)} layers on the base")
        merged = llb.merge(base, *(step.output for step in steps), meta=meta)
        assert isinstance(merged, llb.Output)
        return merged
    result = base
    for step in steps:
        result = llb.files(
            result,
            llb.Copy(step.output, "/", "/", contents_only=True),
            meta=llb.Metadata(name=f"[{prefix}image] {step.layer.title}"),
        )
    return result
