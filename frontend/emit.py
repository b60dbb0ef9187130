"""From the plan to LLB: one step per layer, and how the layers become one filesystem.

Every step writes into an empty directory, so each is cached by itself and none knows of another.
With MergeOp the layers are laid over the base as they are; engines without it (Docker's graph
drivers, BuildKit before 0.10) copy them one on the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from posixpath import relpath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import llb
from frontend import credentials, git_source
from frontend.container import ROOT
from frontend.context import workspace_path
from frontend.flatlock import DEV_SOURCES, generate, member_place, portable
from frontend.hermetic import ENVIRONMENT
from frontend.manifest import for_building
from frontend.plan import Kind, Layer
from frontend.uv_settings import builds, built
from frontend.workspace import LOCK, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.container import Builder
    from frontend.context import Context
    from frontend.hermetic import Sealed
    from frontend.lock import LocalPackage
    from frontend.plan import Plan
    from frontend.target import Target
    from frontend.workspace import Workspace


#: The variable that says whether bytecode is made: `1`, or `0`.
BYTECODE = "UV_COMPILE_BYTECODE"
#: 1980-01-01, the time that every file of a layer has (`steps/layer.py`).
TIMESTAMP = 315532800
#: Script and mode of the steps that `steps/layer.py` alone does not do.
_SCRIPTS = {Kind.EDITABLE: ("member", "editable"), Kind.WHEEL: ("member", "wheel")}


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


def steps_of(
    plan: Plan,
    builder: Builder,
    workspace: Workspace,
    context: Context,
    *,
    prefix: str = "",
    sealed: Sealed | None = None,
    on_base: Builder | None = None,
    finishing: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """Write the step of each layer that does not change the base itself; as `emit`."""
    settings = workspace.root.get("tool", "uv") or {}
    emitter = _Emitter(
        builder, plan.target, workspace, context, settings, on_base or builder, finishing, sealed
    )
    total = len(plan.layers)
    return tuple(
        emitter.step(layer, f"[{prefix}{number}/{total}] {layer.title}")
        for number, layer in enumerate(plan.layers, 1)
        if not layer.change
    )


def emit(
    plan: Plan,
    builder: Builder,
    base: llb.Output,
    workspace: Workspace,
    context: Context,
    *,
    prefix: str = "",
    merge: bool = True,
    sealed: Sealed | None = None,
    on_base: Builder | None = None,
    finishing: Mapping[str, str] = MappingProxyType({}),
) -> Emitted:
    """Write `plan` as LLB. `prefix` stands before progress lines (the platform, where several).

    Without `merge` the layers are copied even where the engine could lay them over each other.
    With `sealed` no step has a network.
    `on_base` runs steps that are about the base itself, `finishing` says what becomes of installed
    packages.
    """
    total = len(plan.layers)
    tools = builder.tools or builder.filesystem
    changes = [Step(Layer(Kind.BASE, change=p), tools, p.report) for p in builder.preparing]
    for number, layer in enumerate(plan.layers, 1):
        if layer.change:
            name = f"[{prefix}{number}/{total}] {layer.title}"
            base = layer.change.apply(base, builder, name)
            changes.append(Step(layer, base, layer.change.report))
    steps = steps_of(
        plan,
        builder,
        workspace,
        context,
        prefix=prefix,
        sealed=sealed,
        on_base=on_base,
        finishing=finishing,
    )
    merge = merge and builder.capabilities.supports("mergeop")
    return Emitted(_assemble(base, steps, merge, prefix), (*changes, *steps))


@dataclass(frozen=True)
class _Emitter:
    """What the steps of one image have in common; `settings` are those of `[tool.uv]`."""

    builder: Builder
    target: Target
    workspace: Workspace
    context: Context
    settings: Mapping[str, Any]
    on_base: Builder
    finishing: Mapping[str, str]
    sealed: Sealed | None = None

    def step(self, layer: Layer, name: str) -> Step:
        """Write the step of one layer; `name` is its line in the progress."""
        if layer.kind is Kind.PYTHON:
            assert self.builder.python is not None
            return Step(layer, self.builder.python, "")
        if layer.kind is Kind.SKELETON:
            return self._skeleton(layer, name)
        if layer.kind is Kind.STDLIB:
            return Step(layer, self._run(layer, ["stdlib"], name, builder=self.on_base), "")
        if layer.kind in (Kind.SOURCE, Kind.FILES):
            return self._copying(layer, name)
        if layer.kind is Kind.ROOT:
            return self._root_files(layer, name)
        return self._installing(layer, name)

    def _interpreter(self) -> dict[str, str]:
        """The Python of the image, where it is not just that of the step."""
        here = self.builder.target
        if here is None or (here.path, here.version) == (self.target.path, self.target.version):
            return {}
        return {
            "UV_FRONTEND_INTERPRETER": self.target.path,
            "UV_FRONTEND_VERSION": self.target.compared,
        }

    def _skeleton(self, layer: Layer, name: str) -> Step:
        """The empty environment; it may see what the base has."""
        env = self._interpreter()
        if self.builder.seen is not None:
            env["UV_FRONTEND_SEEN"] = ":".join(self.builder.seen)
        return Step(layer, self._run(layer, ["skeleton"], name, env=env), "")

    def _run(
        self,
        layer: Layer,
        arguments: Sequence[str],
        name: str,
        *,
        builder: Builder | None = None,
        env: Mapping[str, str] | None = None,
        mounts: Sequence[llb.Mount] = (),
        locations: Sequence[llb.Location] = (),
        compiling: bool = False,
        building: bool = False,
        script: str = "layer",
    ) -> llb.Output:
        return (builder or self.builder).install(
            arguments,
            name=name,
            env={**(env or {}), **(ENVIRONMENT if self.sealed else {})},
            mounts=mounts,
            locations=locations,
            compiling=compiling,
            network=self.sealed is None,
            building=building,
            script=script,
            ignore_cache=self.builder.request.unwanted(layer.names),
        )

    def _installing(self, layer: Layer, name: str) -> Step:
        """A layer that uv installs."""
        hermetic = self.sealed is not None
        fetched = git_source.fetched(layer, builder_git=self.builder.git and not hermetic)
        generated = generate(layer, self.target, self.settings, fetched, hermetic=hermetic)
        mode = _SCRIPTS.get(layer.kind, ("layer", "packages"))
        more = mode if layer.kind in _SCRIPTS else ()
        report = report_name(self.builder, *generated.values(), *more)
        mounts: list[llb.Mount] = [llb.Bind(f"{ROOT}/lock", _files(generated, layer.title))]
        env: dict[str, str] = {"UV_CONFIG_FILE": f"{ROOT}/lock/uv.toml", **self.finishing}
        building, builder = builds(self.settings, layer), self.builder.where(report)
        if builder.foreign and not building and not portable(layer, self.target):
            # Nothing of it is run: uv unpacks the other platform's wheels. What is built is built
            # as for this platform, and looked at afterwards (frontend/foreign.py).
            env["UV_FRONTEND_PLATFORM"] = self.target.uv_platform
        if building:
            # For backends and compilers that would write the build's time into what they make.
            env["SOURCE_DATE_EPOCH"] = str(TIMESTAMP)
        if self.sealed:
            mounts += self.sealed.mounts(layer)
        else:
            mounts += credentials.mounts(self.settings, layer)
        archives = _archives(layer)
        if layer.members or archives:
            # What uv notes about local packages (times, inodes) differs from machine to machine.
            env["UV_NO_INSTALLER_METADATA"] = "1"
        if archives:
            mounts.append(llb.Bind(f"{ROOT}/src", self._archive_files(archives)))
        for package, source in fetched.items():
            where = git_source.mount_point(package)
            mounts.append(self._scratchpad(where, git_source.checkout(source)))
        env |= git_source.environment(layer, fetched)
        named: list[str] = []
        for member in layer.members:
            manifest = for_building(self.workspace.manifest(member).data)
            where = f"{ROOT}/src" if member.path == "." else f"{ROOT}/src/{member.path}"
            named.append(member.path if layer.kind is Kind.WHEEL else member.name)
            if layer.kind is Kind.EDITABLE:
                manifest, where = "", member_place(member)
                named.append(where)
            mounts.append(self._scratchpad(where, self._member_files(member, manifest)))
        output = self._run(
            layer,
            [mode[1], report, *named, *fetched],
            name,
            script=mode[0],
            env=env,
            mounts=mounts,
            builder=builder,
            locations=[self._manifest_location(member) for member in layer.members],
            compiling=bool(built(self.settings, layer)),
            # Git alone may be what was asked for the builder.
            building=building or any("git" in p.table["source"] for p in layer.packages),
        )
        return Step(layer, output, report)

    def _copying(self, layer: Layer, name: str) -> Step:
        """A layer of files as they are: a virtual package's, or what the user names."""
        if layer.member:
            files = self._member_files(layer.member)
            pairs = [(".", copy.target) for copy in layer.copies]
        else:
            files = self.context.selected([copy.source for copy in layer.copies], "files")
            pairs = [(copy.source, copy.target) for copy in layer.copies]
        arguments = [part for pair in pairs for part in pair]
        report = report_name(self.builder, layer.title, *arguments)
        mounts = [llb.Bind(f"{ROOT}/src", files)]
        env = {k: v for k, v in self.finishing.items() if k == BYTECODE}
        output = self._run(layer, ["copy", report, *arguments], name, env=env, mounts=mounts)
        return Step(layer, output, report)

    def _root_files(self, layer: Layer, name: str) -> Step:
        """What tools look for in the workspace's root; its manifest is there in any case."""
        folder = self.workspace.folder
        paths = [copy.source for copy in layer.copies]
        loaded = self.context.named_files(
            [workspace_path(folder, path) for path in paths], "files of the workspace's root"
        )
        source = workspace_path("/", folder)
        when, owner = TIMESTAMP * 10**9, llb.Owner(*self.builder.owner)
        output = llb.files(
            llb.SCRATCH,
            llb.Mkdir(DEV_SOURCES, owner=owner, timestamp=when),
            *(
                llb.Copy(
                    loaded,
                    # As a pattern, which may match nothing: most of these files are not there.
                    f"{source.rstrip('/')}/[{path[0]}]{path[1:]}",
                    f"{DEV_SOURCES}/",
                    mode=0o644,
                    owner=owner,
                    timestamp=when,
                    wildcard=True,
                    allow_empty_wildcard=True,
                )
                for path in paths
            ),
            llb.Mkfile(
                f"{DEV_SOURCES}/{MANIFEST}",
                self.workspace.root.source.text.encode(),
                mode=0o644,
                owner=owner,
                timestamp=when,
            ),
            meta=llb.Metadata(name=name),
        )
        return Step(layer, output, "")

    def _member_files(self, member: LocalPackage, manifest: str = "") -> llb.Output:
        """The member's directory; `manifest` stands in for its own."""
        workspace = self.workspace
        without = list(workspace.outside(member))
        instead = {}
        if manifest:
            without.append(workspace.manifest_path(member))
            instead["pyproject.toml"] = manifest.encode()
        if member.path == ".":
            # Neither decides what the root package holds, and both change more often than it.
            lock = workspace_path(workspace.folder, LOCK)
            without += [lock, self.builder.request.filename, ".dockerignore"]
        context, path = self.context, workspace.path(member)
        if member.name in context.members:
            context, without = context.members[member.name], [relpath(w, path) for w in without]
            path = "."
        name = f"member {member.name}"
        return context.directory(path, without=without, instead=instead, name=name)

    def _archive_files(self, paths: Sequence[str]) -> llb.Output:
        """Local archives that the lock names, at their places relative to the workspace."""
        folder = self.workspace.folder
        named = [workspace_path(folder, path) for path in paths]
        return self.context.only_files(named, folder, "local archives")

    def _scratchpad(self, target: str, source: llb.Output) -> llb.Mount:
        """Writable, with changes thrown away: setuptools builds inside the source directory."""
        if self.builder.capabilities.supports("exec.mount.bind.readwrite-nooutput"):
            return llb.Discarded(target, source)
        return llb.Writable(target, source)

    def _manifest_location(self, member: LocalPackage) -> llb.Location:
        """Where the failure of a member's step is shown, should it leave no report."""
        manifest = self.workspace.manifest(member)
        place = manifest.place("build-system")
        file = llb.SourceFile(manifest.source.filename, manifest.source.text.encode(), "TOML")
        return llb.Location(file, place.start, place.end)


def _archives(layer: Layer) -> list[str]:
    sources = (package.table["source"] for package in layer.packages)
    return [str(source["path"]) for source in sources if "path" in source]


def _files(generated: Mapping[str, str], title: str) -> llb.Output:
    actions = [
        llb.Mkfile(f"/{name}", text.encode(), timestamp=0)
        for name, text in sorted(generated.items())
    ]
    return llb.files(llb.SCRATCH, *actions, meta=llb.Metadata(name=f"[internal] lock of {title}"))


def report_name(builder: Builder, *parts: str) -> str:
    """Name a report by what its step does and where, so that the step's cache key stays.

    Builds on other images may do the same at the same time, and fail for another reason.
    """
    assert builder.target is not None
    where = (builder.image.identity, builder.platform.id, builder.target.path)
    digest = hashlib.sha256("\0".join((*where, *parts)).encode()).hexdigest()
    return f"{digest[:24]}.json"


def _assemble(base: llb.Output, steps: Sequence[Step], merge: bool, prefix: str) -> llb.Output:
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
