"""The target `image`: the package with everything that it needs to run."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from frontend.emit import image_config
from frontend.emit.assemble import emit
from frontend.emit.step import BYTECODE, Building
from frontend.errors import FrontendError
from frontend.inputs.inputs import base_places, named_for_all
from frontend.model.base import SCRIPTS, BaseImage
from frontend.plan import partition
from frontend.resolve import base_image
from frontend.targets.result import TargetResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import llb
    from frontend.config.schema import Spec
    from frontend.emit.assemble import Emitted
    from frontend.inputs.inputs import BuildInputs
    from frontend.model import layers
    from frontend.model.base_changes import BaseChange
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure
    from frontend.resolve.platform import ResolvedPlatform


WORKDIR = "/app"
NO_VERSIONS: Mapping[str, str] = MappingProxyType({})


def select(inputs: BuildInputs) -> BuildInputs:
    """Take what the user has named, and nothing else."""
    return inputs


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Lay the package and its closure on the base."""
    check_command(resolved.inputs)
    return checked(resolved, assemble(resolved, planned(resolved)))


def checked(resolved: ResolvedPlatform, result: TargetResult) -> TargetResult:
    """Return `result` with the checks that the user wants to be run in it."""
    if not resolved.inputs.settings.spec.checks:
        return result
    from frontend.targets import checks

    return replace(result, checks=checks.of(resolved.inputs.settings))


def planned(resolved: ResolvedPlatform, *, workdir: str = "") -> layers.Plan:
    """Plan the whole image; `workdir` instead of the spec's."""
    base = resolved.base
    return make_plan(
        resolved.inputs,
        resolved.closure,
        base.interpreter,
        base.image,
        base.changes,
        base.managed,
        environment=base.prefix is None,
        workdir=workdir,
    )


def assemble(
    resolved: ResolvedPlatform, made: layers.Plan, run: image_config.Runtime | None = None
) -> TargetResult:
    """Lay the layers of `made` on the base; containers run as the spec says, or as `run` does."""
    image = resolved.base.image
    emitted = written(resolved, made)
    config = image_config.configure(
        image, resolved.platform, made, run or started(resolved), resolved.created
    )
    return TargetResult(
        emitted.image,
        config,
        emitted.steps,
        emitted.builder_steps,
        image.raw or None,
        made,
        base_rootfs(resolved),
    )


def base_rootfs(resolved: ResolvedPlatform) -> llb.Output:
    """Return the base as a filesystem."""
    image = resolved.base.image
    name = f"[{resolved.progress_prefix}base] FROM {image.name}"
    return base_image.filesystem(image, resolved.inputs.request, resolved.platform, name)


def written(resolved: ResolvedPlatform, made: layers.Plan) -> Emitted:
    """Write the steps of `made`, and what lays their layers on the base."""
    inputs, base = resolved.inputs, resolved.base
    rootfs = base_rootfs(resolved)
    return emit(
        made,
        resolved.writer,
        resolved.environment,
        rootfs,
        inputs.workspace,
        inputs.context,
        prefix=resolved.progress_prefix,
        merge=inputs.settings.spec.merge is not False,
        hermetic=resolved.hermetic,
        base_env=replace(
            resolved.environment,
            image=base.image,
            rootfs=rootfs,
            platform=resolved.platform,
            interpreter=base.interpreter,
            owner=(0, 0),
            app_dir=None,
            cross=None,
        ),
        finishing=finishing(inputs.settings.spec),
        building=building(resolved),
    )


def finishing(spec: Spec) -> dict[str, str]:
    """What becomes of installed packages in their layers, as the steps read it."""
    found = {}
    if spec.bytecode is False:
        found[BYTECODE] = "0"
    if spec.trim:
        found["UV_FRONTEND_TRIM"] = "\n".join(spec.trim)
    return found


def building(resolved: ResolvedPlatform) -> Building:
    """What the builds of members and of packages see besides their own sources."""
    inputs = resolved.inputs
    return Building(
        named_for_all(inputs),
        resolved.closure.third_party,
        resolved.versions,
        inputs.request.filename,
    )


def make_plan(
    inputs: BuildInputs,
    closure: Closure,
    target: Interpreter,
    base: BaseImage,
    changes: tuple[BaseChange, ...] = (),
    managed: bool = False,
    *,
    environment: bool = True,
    workdir: str = "",
) -> layers.Plan:
    """Plan the layers, with what the spec says about them; `workdir` instead of the spec's."""
    spec = inputs.settings.spec
    room = partition.MOST_LAYERS - base.layers
    if room < partition.FEWEST_LAYERS:
        raise FrontendError(
            f"base image {base.name} has {base.layers} layers, and an image can have "
            f"{partition.MOST_LAYERS}: nothing can be added",
            remedy="Choose another `base`, or make one of fewer layers.",
            places=base_places(inputs),
        )
    group = inputs.workspace.lock.group_names(partition.HEAVY_GROUP, inputs.selection.packages)
    workdir = workdir or spec.workdir or WORKDIR
    return partition.make(
        closure,
        target,
        inputs.package,
        others=inputs.others,
        shape=partition.LayerPolicy(
            heavy=(*(spec.heavy or ()), *((tuple(sorted(group)),) if group else ())),
            big=partition.BIG if spec.big is None else spec.big,
            layers=min(spec.layers or partition.LAYERS, room),
        ),
        workdir=workdir,
        files=partition.copies(spec.files or {}, workdir),
        changes=changes,
        managed=managed,
        # A managed Python brings bytecode.
        stdlib=bool(spec.compile_stdlib) and not managed,
        environment=environment,
    )


def runnable(inputs: BuildInputs) -> dict[str, list[str]]:
    """The packages of the image that a container could run, each with its scripts."""
    found = {}
    for package in inputs.packages:
        project = inputs.workspace.manifest(package).get("project") or {}
        # uv installs no scripts of a virtual package: there would be nothing to start.
        scripts = sorted(project.get("scripts") or {}) if not package.virtual else []
        if image_config.command(scripts, package.name, None, None)[0]:
            found[package.name] = scripts
    return found


def check_command(inputs: BuildInputs) -> None:
    """Refuse an image of several packages that does not say which of them containers run."""
    names = list(runnable(inputs))
    if (
        len(names) > 1
        and inputs.settings.spec.entrypoint is None
        and inputs.settings.spec.cmd is None
    ):
        raise FrontendError(
            f"the build does not say which package a container runs: {', '.join(names)}",
            remedy="Set `entrypoint`, or `cmd`, to the script of one of them.",
            places=inputs.settings.origin("package"),
        )


def without_package(run: image_config.Runtime) -> image_config.Runtime:
    """How containers run where there is no package to start: a Python prompt."""
    return replace(run, entrypoint=(), cmd=("python",))


def started(resolved: ResolvedPlatform) -> image_config.Runtime:
    """How containers of the image run, with the user as the base knows it."""
    prefix = resolved.base.prefix
    run = runtime(resolved.inputs, resolved.versions, prefix.scripts if prefix else SCRIPTS)
    return replace(run, user=resolved.base.accounts.user.text)


def runtime(
    inputs: BuildInputs, versions: Mapping[str, str] = NO_VERSIONS, folder: str = SCRIPTS
) -> image_config.Runtime:
    """How containers run: the spec, and the package's metadata. Scripts are in `folder`.

    `versions` are those of members that are made from git.
    """
    spec, scripts = inputs.settings.spec, runnable(inputs)
    # Scripts of one package at most: `check_command` refuses a choice.
    name = next(iter(scripts), inputs.package.name)
    entrypoint, cmd = image_config.command(
        scripts.get(name, ()), name, spec.entrypoint, spec.cmd, folder
    )
    if inputs.others:
        # A version, a description and so on would be those of one package.
        labels = image_config.metadata_labels({}, ", ".join(inputs.selection.packages), "")
    else:
        project = inputs.workspace.manifest(inputs.package).get("project") or {}
        version = str(
            project.get("version") or versions.get(inputs.package.name, inputs.package.version)
        )
        labels = image_config.metadata_labels(project, inputs.package.name, version)
    return image_config.Runtime(
        entrypoint,
        cmd,
        spec.env or {},
        spec.workdir or WORKDIR,
        spec.user or "",
        image_config.parse_ports(spec.ports or ()),
        {**labels, **(spec.labels or {}), **inputs.request.labels},
        folder,
    )
