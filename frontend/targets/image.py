"""The target `image`: the package with everything that it needs to run."""

from __future__ import annotations

from dataclasses import replace
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
    import llb
    from frontend.config.schema import Spec
    from frontend.emit.assemble import Emitted
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model import layers
    from frontend.model.base_changes import BaseChange
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure
    from frontend.resolve.platform import ResolvedPlatform


WORKDIR = "/app"


def select(gateway: Gateway, job: BuildInputs) -> BuildInputs:
    """Take what the user has named, and nothing else."""
    return job


def make(site: ResolvedPlatform) -> TargetResult:
    """Lay the package and its closure on the base."""
    check_command(site.job)
    return checked(site, assemble(site, planned(site)))


def checked(site: ResolvedPlatform, product: TargetResult) -> TargetResult:
    """`product` with the checks that the user wants to be run in it."""
    if not site.job.settings.spec.checks:
        return product
    from frontend.targets import checks

    return replace(product, checks=checks.of(site.job.settings))


def planned(site: ResolvedPlatform, *, workdir: str = "") -> layers.Plan:
    """Plan the whole image; `workdir` instead of the spec's."""
    footing = site.footing
    return make_plan(
        site.job,
        site.closure,
        site.target,
        site.base,
        footing.changes,
        footing.managed,
        environment=footing.prefix is None,
        workdir=workdir,
    )


def assemble(
    site: ResolvedPlatform, made: layers.Plan, run: image_config.Runtime | None = None
) -> TargetResult:
    """Lay the layers of `made` on the base; containers run as the spec says, or as `run` does."""
    job, base = site.job, site.base
    emitted = written(site, made)
    epoch = job.request.source_date_epoch
    config = image_config.configure(base, site.platform, made, run or started(site), epoch)
    return TargetResult(
        emitted.image, config, emitted.steps, base.raw or None, made, base_rootfs(site)
    )


def base_rootfs(site: ResolvedPlatform) -> llb.Output:
    """The base as a filesystem."""
    name = f"[{site.prefix}base] FROM {site.base.name}"
    return base_image.filesystem(site.base, site.job.request, site.platform, name)


def written(site: ResolvedPlatform, made: layers.Plan) -> Emitted:
    """Write the steps of `made`, and what lays their layers on the base."""
    job, base = site.job, site.base
    bottom = base_rootfs(site)
    return emit(
        made,
        site.builder,
        bottom,
        job.workspace,
        job.context,
        prefix=site.prefix,
        merge=job.settings.spec.merge is not False,
        sealed=site.sealed,
        on_base=replace(
            site.builder,
            image=base,
            filesystem=bottom,
            platform=site.platform,
            target=site.target,
            owner=(0, 0),
            app=None,
            foreign=None,
        ),
        finishing=finishing(job.settings.spec),
        building=building(site),
    )


def finishing(spec: Spec) -> dict[str, str]:
    """What becomes of installed packages in their layers, as the steps read it."""
    found = {}
    if spec.bytecode is False:
        found[BYTECODE] = "0"
    if spec.trim:
        found["UV_FRONTEND_TRIM"] = "\n".join(spec.trim)
    return found


def building(site: ResolvedPlatform) -> Building:
    """What the builds of members and of packages see besides their own sources."""
    job = site.job
    return Building(named_for_all(job), site.closure.third_party, job.versions)


def make_plan(
    job: BuildInputs,
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
    spec = job.settings.spec
    room = partition.MOST_LAYERS - base.layers
    if room < partition.FEWEST_LAYERS:
        raise FrontendError(
            f"base image {base.name} has {base.layers} layers, and an image can have "
            f"{partition.MOST_LAYERS}: nothing can be added",
            remedy="Choose another `base`, or make one of fewer layers.",
            places=base_places(job),
        )
    group = job.workspace.lock.group_names(partition.HEAVY_GROUP, job.selection.packages)
    workdir = workdir or spec.workdir or WORKDIR
    return partition.make(
        closure,
        target,
        job.package,
        others=job.others,
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


def runnable(job: BuildInputs) -> dict[str, list[str]]:
    """The packages of the image that a container could run, each with its scripts."""
    found = {}
    for package in job.packages:
        project = job.workspace.manifest(package).get("project") or {}
        # uv installs no scripts of a virtual package: there would be nothing to start.
        scripts = sorted(project.get("scripts") or {}) if not package.virtual else []
        if image_config.command(scripts, package.name, None, None)[0]:
            found[package.name] = scripts
    return found


def check_command(job: BuildInputs) -> None:
    """Refuse an image of several packages that does not say which of them containers run."""
    names = list(runnable(job))
    if len(names) > 1 and job.settings.spec.entrypoint is None and job.settings.spec.cmd is None:
        raise FrontendError(
            f"the build does not say which package a container runs: {', '.join(names)}",
            remedy="Set `entrypoint`, or `cmd`, to the script of one of them.",
            places=job.settings.origin("package"),
        )


def without_package(run: image_config.Runtime) -> image_config.Runtime:
    """How containers run where there is no package to start: a Python prompt."""
    return replace(run, entrypoint=(), cmd=("python",))


def started(site: ResolvedPlatform) -> image_config.Runtime:
    """How containers of the image run, with the user as the base knows it."""
    prefix = site.footing.prefix
    run = runtime(site.job, prefix.scripts if prefix else SCRIPTS)
    return replace(run, user=site.footing.accounts.user.text)


def runtime(job: BuildInputs, folder: str = SCRIPTS) -> image_config.Runtime:
    """How containers run: the spec, and the package's metadata. Scripts are in `folder`."""
    spec, scripts = job.settings.spec, runnable(job)
    # Scripts of one package at most: `check_command` refuses a choice.
    name = next(iter(scripts), job.package.name)
    entrypoint, cmd = image_config.command(
        scripts.get(name, ()), name, spec.entrypoint, spec.cmd, folder
    )
    if job.others:
        # A version, a description and so on would be those of one package.
        labels = image_config.metadata_labels({}, ", ".join(job.selection.packages), "")
    else:
        project = job.workspace.manifest(job.package).get("project") or {}
        version = str(
            project.get("version") or job.versions.get(job.package.name, job.package.version)
        )
        labels = image_config.metadata_labels(project, job.package.name, version)
    return image_config.Runtime(
        entrypoint,
        cmd,
        spec.env or {},
        spec.workdir or WORKDIR,
        spec.user or "",
        image_config.parse_ports(spec.ports or ()),
        {**labels, **(spec.labels or {}), **job.request.labels},
        folder,
    )
