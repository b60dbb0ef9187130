"""From the plan to LLB: one step per layer, and how the layers become one filesystem.

Every step writes into an empty directory, so each is cached by itself and none knows of another.
With MergeOp the layers are laid over the base as they are; engines without it (Docker's graph
drivers, BuildKit before 0.10) copy them one on the other.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

import llb
from frontend.container import secrets
from frontend.container.links import link_mounts
from frontend.container.paths import DEV_SOURCES, ENVIRONMENT, ROOT, SOURCES, step_path
from frontend.container.uv_settings import builds, built, lowered, without_isolation
from frontend.emit import git_checkout
from frontend.emit.layer_lock import member_place, portable, write_layer_lock
from frontend.emit.step import BYTECODE, ISOLATED, TIMESTAMP, Building, Step, StepInput, report_name
from frontend.model.layers import (
    BaseLayer,
    FilesLayer,
    Kind,
    MembersLayer,
    PackagesLayer,
    PythonLayer,
    StdlibLayer,
    VenvLayer,
)
from frontend.project.build_requirements import build_dependencies, included, with_paths
from frontend.project.git_versions import pretended
from frontend.project.manifest import for_building
from frontend.project.uv_config import is_local_index
from frontend.project.workspace import LOCK, MANIFEST, check_inside, workspace_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.container.downloads import HermeticSources
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.context import Context
    from frontend.model.interpreter import Interpreter
    from frontend.model.layers import Layer, Plan
    from frontend.model.packages import LocalPackage, LockedPackage
    from frontend.project.workspace import Workspace


#: Script, and mode of that, of layers that are not installed as packages for the image.
_SCRIPTS = {Kind.EDITABLE: ("member", "editable"), Kind.WHEEL: ("member", "wheel")}


def steps_of(
    plan: Plan,
    writer: StepWriter,
    env: BuildEnvironment,
    workspace: Workspace,
    context: Context,
    *,
    prefix: str = "",
    hermetic: HermeticSources | None = None,
    base_env: BuildEnvironment | None = None,
    finishing: Mapping[str, str] = MappingProxyType({}),
    building: Building = ISOLATED,
) -> tuple[Step, ...]:
    """Write the step of each layer that does not change the base itself; as `emit`."""
    locked = {package.name: package.version for package in building.packages}
    emitter = _Emitter(
        writer,
        env,
        plan.interpreter,
        workspace,
        context,
        lowered(workspace.root.get("tool", "uv") or {}, locked),
        base_env or env,
        finishing,
        building,
        hermetic,
    )
    total = len(plan.layers)
    return tuple(
        emitter.step(layer, f"[{prefix}{number}/{total}] {layer.title}")
        for number, layer in enumerate(plan.layers, 1)
        if not isinstance(layer, BaseLayer)
    )


@dataclass(frozen=True)
class _Emitter:
    """What the steps of one image have in common; `settings` are those of `[tool.uv]`."""

    writer: StepWriter
    env: BuildEnvironment
    interpreter: Interpreter
    workspace: Workspace
    context: Context
    settings: Mapping[str, Any]
    base_env: BuildEnvironment
    finishing: Mapping[str, str]
    building: Building
    hermetic: HermeticSources | None = None

    def step(self, layer: Layer, name: str) -> Step:
        """Write the step of one layer; `name` is its line in the progress."""
        if isinstance(layer, PythonLayer):
            assert self.env.managed_python is not None
            return Step(layer, self.env.managed_python, "")
        if isinstance(layer, VenvLayer):
            return self._skeleton(layer, name)
        if isinstance(layer, StdlibLayer):
            return Step(layer, self._run(layer, [], name, script="stdlib", env=self.base_env), "")
        if isinstance(layer, FilesLayer):
            write = self._root_files if layer.kind is Kind.ROOT else self._copying
            return write(layer, name)
        assert isinstance(layer, PackagesLayer | MembersLayer)
        return self._installing(layer, name)

    def _interpreter(self) -> dict[str, str]:
        """The Python of the image, where it is not just that of the step."""
        runs = self.env.interpreter
        if (runs.path, runs.version) == (self.interpreter.path, self.interpreter.version):
            return {}
        return {
            "UV_FRONTEND_INTERPRETER": self.interpreter.path,
            "UV_FRONTEND_VERSION": self.interpreter.release_version,
        }

    def _skeleton(self, layer: Layer, name: str) -> Step:
        """The empty environment; it may see what the base has."""
        variables = self._interpreter()
        if self.env.visible_site_packages is not None:
            variables["UV_FRONTEND_SEEN"] = ":".join(self.env.visible_site_packages)
        output = self._run(layer, [], name, script="skeleton", variables=variables)
        return Step(layer, output, "")

    def _run(
        self,
        layer: Layer,
        arguments: Sequence[str],
        name: str,
        *,
        env: BuildEnvironment | None = None,
        variables: Mapping[str, str] | None = None,
        mounts: Sequence[llb.Mount] = (),
        locations: Sequence[llb.Location] = (),
        compiling: bool = False,
        building: bool = False,
        script: str = "packages",
    ) -> llb.Output:
        return self.writer.install(
            env or self.env,
            arguments,
            name=name,
            variables={**(variables or {}), **(ENVIRONMENT if self.hermetic else {})},
            mounts=mounts,
            locations=locations,
            compiling=compiling,
            network=self.hermetic is None,
            building=building,
            script=script,
            ignore_cache=self.writer.options.ignores_cache_for(layer.names),
        )

    def _installing(self, layer: PackagesLayer | MembersLayer, name: str) -> Step:
        """A layer that uv installs."""
        hermetic = self.hermetic is not None
        fetched = git_checkout.fetched(layer, builder_git=self.env.has_git and not hermetic)
        generated = write_layer_lock(
            layer, self.interpreter, self.settings, fetched, hermetic=hermetic
        )
        script, *mode = _SCRIPTS.get(layer.kind, ("packages",))
        report = report_name(self.env, *generated.values(), *mode)
        mounts: list[llb.Mount] = [llb.Bind(f"{ROOT}/lock", _files(generated, layer.title))]
        variables: dict[str, str] = {"UV_CONFIG_FILE": f"{ROOT}/lock/uv.toml", **self.finishing}
        building, env = builds(self.settings, layer), self.env.environment_for(report)
        if env.cross and not building and not portable(layer, self.interpreter):
            # Nothing of it is run: uv unpacks the other platform's wheels. What is built is built
            # as for this platform, and looked at afterwards (solve/native_steps).
            variables["UV_FRONTEND_PLATFORM"] = self.interpreter.uv_platform
        if building:
            # For backends and compilers that would write the build's time into what they make.
            variables["SOURCE_DATE_EPOCH"] = str(TIMESTAMP)
        visible, inputs = layer, list[StepInput]()
        if without_isolation(self.settings, layer):
            environment = self._build_environment_layer()
            packages = dict.fromkeys((*layer.packages, *environment.packages))
            visible = replace(layer, packages=tuple(packages))
            files = write_layer_lock(
                environment, self.interpreter, self.settings, hermetic=hermetic
            )
            mounts.append(llb.Bind(f"{ROOT}/beneath", _files(files, f"{layer.title}'s builds")))
        if self.hermetic:
            mounts += self.hermetic.mounts(visible)
        else:
            mounts += secrets.mounts(self.settings, visible)
            if building:
                links = link_mounts(self.settings, self.workspace, self.context)
                mounts += links
                inputs += [
                    StepInput(f"links{number}", link.source)
                    for number, link in enumerate(links)
                    if isinstance(link, llb.Bind) and isinstance(link.source, llb.Output)
                ]
        archives = _archives(layer)
        if layer.members or archives:
            # What uv notes about local packages (times, inodes) differs from machine to machine.
            variables["UV_NO_INSTALLER_METADATA"] = "1"
        mounts += self._archive_mounts([*archives, *_of_local_indexes(layer)], inputs)
        for package, source in fetched.items():
            where = git_checkout.mount_point(package)
            mounts.append(self._scratchpad(where, git_checkout.checkout(source)))
        variables |= git_checkout.environment(layer, fetched)
        needed = self._build_dependencies(layer)
        for member in (*layer.members, *needed):
            if member.name in self.building.versions:
                version = self.building.versions[member.name]
                variables |= pretended(
                    member.name, version, alone=not needed and bool(layer.member)
                )
        if needed and layer.kind in _SCRIPTS:
            variables["UV_FRONTEND_HELPERS"] = " ".join(p.name for p in needed)
        mounts += self._member_mounts(layer, needed, inputs)
        output = self._run(
            layer,
            [*mode, report, *_named(layer, needed), *fetched],
            name,
            script=script,
            variables=variables,
            mounts=mounts,
            env=env,
            locations=[self._manifest_location(member) for member in layer.members],
            compiling=bool(built(self.settings, layer)),
            # Git alone may be what was asked for the builder.
            building=building or any("git" in p.table["source"] for p in layer.packages),
        )
        return Step(layer, output, report, tuple(inputs))

    def _copying(self, layer: FilesLayer, name: str) -> Step:
        """A layer of files as they are: a virtual package's, or what the user names."""
        if layer.member:
            files = self._member_files(layer.member)
            pairs = [(".", copy.target) for copy in layer.copies]
        else:
            files = self.context.selected([copy.source for copy in layer.copies], "files")
            pairs = [(copy.source, copy.target) for copy in layer.copies]
        arguments = [part for pair in pairs for part in pair]
        report = report_name(self.env, layer.title, *arguments)
        mounts = [llb.Bind(f"{ROOT}/src", files)]
        variables = {k: v for k, v in self.finishing.items() if k == BYTECODE}
        output = self._run(
            layer, [report, *arguments], name, script="files", variables=variables, mounts=mounts
        )
        named = layer.member.name if layer.member else "files"
        return Step(layer, output, report, (StepInput(named, files),))

    def _root_files(self, layer: FilesLayer, name: str) -> Step:
        """What tools look for in the workspace's root; its manifest is there in any case."""
        folder = self.workspace.folder
        paths = [copy.source for copy in layer.copies]
        loaded = self.context.named_files(
            [workspace_path(folder, path) for path in paths], "files of the workspace's root"
        )
        source = workspace_path("/", folder)
        when, owner = TIMESTAMP * 10**9, llb.Owner(*self.env.owner)
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
        return Step(layer, output, "", (StepInput("files", output),))

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
            without += [lock, self.building.build_file, ".dockerignore"]
        context, path = self.context, workspace.path(member)
        if member.name in context.members:
            context = context.members[member.name]
            without = [posixpath.relpath(w, path) for w in without]
            path = "."
        name = f"member {member.name}"
        return context.directory(path, without=without, instead=instead, name=name)

    def _build_environment_layer(self) -> Layer:
        """Return the packages that are installed before something is built without isolation."""
        named = {canonicalize_name(n) for n in self.settings.get("no-build-isolation-package", ())}
        everything = self.settings.get("no-build-isolation") is True
        packages = tuple(
            package
            for package in sorted(self.building.packages, key=lambda p: p.name)
            if package.name not in named
            and not (everything and package.name in built(self.settings, _alone(package)))
            and "registry" in package.table["source"]
            and not is_local_index(package.registry)
        )
        return PackagesLayer(Kind.PACKAGES, packages)

    def _build_dependencies(self, layer: Layer) -> tuple[LocalPackage, ...]:
        """Return the members that builds of the layer's members need."""
        by_name = {
            p.name: p
            for member in layer.members
            for p in build_dependencies(self.workspace, member)
        }
        return tuple(by_name[name] for name in sorted(by_name))

    def _member_mounts(
        self, layer: Layer, needed: Sequence[LocalPackage], inputs: list[StepInput]
    ) -> list[llb.Mount]:
        """The directories of the layer's members, with what their builds need besides.

        What they take from the build context is added to `inputs`.
        """
        workspace, linked = self.workspace, layer.kind is Kind.EDITABLE
        root = "" if linked else ROOT
        everything = {p.name: p for p in (*layer.members, *needed)}.values()
        include = included(
            workspace, [workspace.manifest(p) for p in everything], self.building.include
        )
        if not needed and not include:
            mounts: list[llb.Mount] = []
            for member in layer.members:
                manifest = "" if linked else for_building(workspace.manifest(member).data)
                files = self._member_files(member, manifest)
                inputs.append(StepInput(member.name, files, manifest))
                mounts.append(self._scratchpad(f"{root}/{step_path(member.path)}", files))
            return mounts
        actions = self._included(include, inputs)
        for member in sorted(everything, key=lambda m: m.path):
            here = step_path(member.path)
            places = {p.name: posixpath.relpath(step_path(p.path), here) for p in needed}
            data = with_paths(workspace.manifest(member).data, workspace, places)
            manifest = "" if linked and not needed else for_building(data)
            files = self._member_files(member, manifest)
            inputs.append(StepInput(member.name, files, manifest))
            actions.append(
                llb.Copy(files, "/", f"/{here}/", contents_only=True, create_dest_path=True)
            )
        tree = llb.files(llb.SCRATCH, *actions, meta=llb.Metadata(name="[internal] sources"))
        tops = {step_path(member.path).partition("/")[0] for member in everything}
        mounts = [self._scratchpad(f"{root}/{top}", tree, f"/{top}") for top in sorted(tops)]
        if linked and needed:
            # The image gets the manifests as they are.
            texts = {f"{m.name}.toml": workspace.manifest(m).source.text for m in layer.members}
            mounts.append(llb.Bind(f"{ROOT}/manifests", _files(texts, "manifests")))
        return mounts

    def _included(self, paths: Sequence[str], inputs: list[StepInput]) -> list[llb.Action]:
        """Put files of the workspace where members expect them."""
        if not paths:
            return []
        folder = self.workspace.folder
        files = self.context.selected([workspace_path(folder, p) for p in paths], "included files")
        inputs.append(StepInput("included", files))
        source = workspace_path("/", folder)
        return [
            llb.Copy(files, source, f"/{SOURCES}/", contents_only=True, create_dest_path=True),
        ]

    def _archive_mounts(self, paths: Sequence[str], inputs: list[StepInput]) -> list[llb.Mount]:
        """Local archives that the lock names, at their places relative to the workspace."""
        levels_above: dict[str, list[str]] = {}
        for path in paths:
            check_inside(self.workspace, path, path)
            levels = posixpath.normpath(path).split("/").count("..")
            levels_above.setdefault("../" * levels or ".", []).append(path)
        mounts: list[llb.Mount] = []
        for number, (above, found) in enumerate(sorted(levels_above.items())):
            folder = workspace_path(self.workspace.folder, above)
            named = [workspace_path(self.workspace.folder, path) for path in found]
            files = self.context.only_files(named, folder, "local archives")
            inputs.append(StepInput(f"archives{number or ''}", files))
            mounts.append(llb.Bind(f"{ROOT}/{step_path(above)}", files))
        return mounts

    def _scratchpad(self, target: str, source: llb.Output, inside: str = "") -> llb.Mount:
        """Writable, with changes thrown away: setuptools builds inside the source directory."""
        if self.writer.capabilities.supports("exec.mount.bind.readwrite-nooutput"):
            return llb.Discarded(target, source, selector=inside)
        return llb.Writable(target, source, selector=inside)

    def _manifest_location(self, member: LocalPackage) -> llb.Location:
        """Where the failure of a member's step is shown, should it leave no report."""
        manifest = self.workspace.manifest(member)
        place = manifest.place("build-system")
        file = llb.SourceFile(manifest.source.filename, manifest.source.text.encode(), "TOML")
        return llb.Location(file, place.start, place.end)


def _named(layer: Layer, needed: Sequence[LocalPackage]) -> list[str]:
    """What the step is told of members: names, places, or both."""
    if layer.kind is Kind.WHEEL:
        return [posixpath.relpath(step_path(member.path), SOURCES) for member in layer.members]
    if layer.kind is Kind.EDITABLE:
        return [text for member in layer.members for text in (member.name, member_place(member))]
    return list(dict.fromkeys(p.name for p in (*layer.members, *needed)))


def _archives(layer: Layer) -> list[str]:
    sources = (package.table["source"] for package in layer.packages)
    return [str(source["path"]) for source in sources if "path" in source]


def _of_local_indexes(layer: Layer) -> list[str]:
    """The files of the workspace that the layer takes from folders used as indexes."""
    return [
        posixpath.join(package.registry, artifact["path"])
        for package in layer.packages
        if is_local_index(package.registry)
        for artifact in (*package.table.get("wheels", ()), package.table.get("sdist", {}))
        if "path" in artifact
    ]


def _alone(package: LockedPackage) -> Layer:
    return PackagesLayer(Kind.PACKAGES, (package,))


def _files(generated: Mapping[str, str], title: str) -> llb.Output:
    actions = [
        llb.Mkfile(f"/{name}", text.encode(), timestamp=0)
        for name, text in sorted(generated.items())
    ]
    return llb.files(llb.SCRATCH, *actions, meta=llb.Metadata(name=f"[internal] lock of {title}"))
