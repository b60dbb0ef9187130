"""One build, from the request to what is returned: where reading, planning and emitting meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend import base as bases
from frontend import image, plan
from frontend.closure import check_members, check_python, close
from frontend.container import Builder
from frontend.emit import emit
from frontend.errors import FrontendError
from frontend.failure import explain
from frontend.gateway import GatewayError, PlatformResult, Result
from frontend.job import base_places, check_lock, read, read_closure
from frontend.own_image import own_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.pylock import Pylock

    import llb
    from frontend.closure import Closure
    from frontend.context import FirstReads
    from frontend.gateway import Gateway
    from frontend.job import Job
    from frontend.request import Request
    from frontend.target import Target


@dataclass(frozen=True)
class Ground:
    """What an image for one platform stands on, and what its packages are installed in."""

    platform: llb.Platform
    base: image.BaseImage
    builder: Builder
    target: Target


def build(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Build what `request` asks for. FrontendError for what the user can mend."""
    check_supported(request)
    job = read(gateway, request, reads)
    uv = own_image(gateway, request)
    # The base image and its Python are looked at while uv names the packages.
    (pylock, workspace), grounds = gateway.together(
        lambda: read_closure(gateway, job),
        lambda: gateway.together(*(_grounding(gateway, job, uv, p) for p in request.platforms)),
    )
    job = replace(job, workspace=workspace)
    check_lock(gateway, job)
    images = gateway.together(*(_building(gateway, job, pylock, ground) for ground in grounds))
    return Result.image(images, multi_platform=request.multi_platform)


def _builder(
    gateway: Gateway,
    request: Request,
    uv: llb.Output,
    platform: llb.Platform,
    chosen: image.BaseImage,
) -> Builder:
    filesystem = bases.filesystem(chosen, request, platform, f"[builder] FROM {chosen.name}")
    return Builder(chosen, filesystem, uv, platform, request, gateway.ping().llb)


def _grounding(
    gateway: Gateway, job: Job, uv: llb.Output, platform: llb.Platform
) -> Callable[[], Ground]:
    return lambda: resolve(gateway, job, uv, platform)


def _building(
    gateway: Gateway, job: Job, pylock: Pylock, ground: Ground
) -> Callable[[], PlatformResult]:
    return lambda: build_platform(gateway, job, pylock, ground)


def resolve(gateway: Gateway, job: Job, uv: llb.Output, platform: llb.Platform) -> Ground:
    """Resolve base and builder image, and find the Python of the builder."""
    request, spec, lock = job.request, job.settings.spec, job.workspace.lock
    pin = bases.pinned(job.workspace.python_pin)
    name = bases.choose(job.settings, lock.requires_python, pin)
    base = bases.resolve(gateway, request, name, platform, base_places(job))
    wanted = spec.python or pin or lock.requires_python
    builder = _builder(gateway, request, uv, platform, base)
    target = bases.probe(gateway, builder, wanted, base_places(job))
    check_python(lock, target, base.name, base_places(job))
    if spec.builder:
        places = job.settings.origin("builder")
        chosen = bases.resolve(gateway, request, spec.builder, platform, places, role="builder")
        builder = _builder(gateway, request, uv, platform, chosen)
        bases.check_builder(
            base.name, target, chosen.name, bases.probe(gateway, builder, wanted, places), places
        )
    return Ground(platform, base, replace(builder, target=target), target)


def build_platform(gateway: Gateway, job: Job, pylock: Pylock, ground: Ground) -> PlatformResult:
    """Build the image for one platform, its steps run."""
    settings, request, workspace = job.settings, job.request, job.workspace
    platform, base = ground.platform, ground.base
    closure = close(pylock, workspace.lock, ground.target)
    check_members(closure, workspace.manifest, ground.target)
    made = make_plan(job, closure, ground.target, base)
    note_built(gateway, job, closure)
    prefix = f"{platform.id} " if request.multi_platform else ""
    emitted = emit(
        made,
        ground.builder,
        bases.filesystem(base, request, platform, f"[{prefix}base] FROM {base.name}"),
        workspace,
        job.context,
        prefix=prefix,
        merge=settings.spec.merge is not False,
    )
    try:
        ref = gateway.solve(emitted.image, evaluate=True)
    except GatewayError as error:
        raise explain(gateway, ground.builder, emitted, job, error) from error
    config = image.configure(base, platform, made, runtime(job), request.source_date_epoch)
    return PlatformResult(platform, ref, config, base.raw or None)


def check_supported(request: Request) -> None:
    """Refuse what the user asks for and would not get."""
    if request.call:
        raise FrontendError(f"unsupported request {request.call}")
    if request.target:
        raise FrontendError(
            f"there is no target {request.target!r}",
            remedy="A build has one result, the image: leave --target out.",
        )
    if request.remote_context:
        raise FrontendError(
            "the build context must be a local directory",
            remedy="Clone or unpack it first; a context from git, a URL or standard input is not "
            "supported yet.",
        )


def note_built(gateway: Gateway, job: Job, closure: Closure) -> None:
    """Say which packages are built, since what a compiler writes may differ between machines."""
    built = [package for package in closure.third_party if package.built]
    if built:
        names = ", ".join(f"{package.name} {package.version}" for package in built)
        gateway.warn(
            f"no wheel for this image, built from source: {names}. "
            "Its layer may differ from one machine to the next.",
            places=(job.workspace.lock.place(built[0].name, built[0].version),),
        )


def make_plan(job: Job, closure: Closure, target: Target, base: image.BaseImage) -> plan.Plan:
    """Plan the layers, with what the spec says about them."""
    spec = job.settings.spec
    group = job.workspace.lock.group_names(plan.HEAVY_GROUP, [job.package.name])
    workdir = spec.workdir or "/app"
    return plan.make(
        closure,
        target,
        job.package,
        shape=plan.Shape(
            heavy=(*(spec.heavy or ()), *((tuple(sorted(group)),) if group else ())),
            big=plan.BIG if spec.big is None else spec.big,
            layers=min(spec.layers or plan.LAYERS, plan.MOST_LAYERS - base.layers),
        ),
        workdir=workdir,
        files=plan.copies(spec.files or {}, workdir),
    )


def runtime(job: Job) -> image.Runtime:
    """How containers run: the spec, and the package's metadata."""
    spec, manifest = job.settings.spec, job.workspace.manifest(job.package)
    project = manifest.get("project") or {}
    entrypoint, cmd = image.command(
        # uv installs no scripts of a virtual package: there would be nothing to start.
        sorted(project.get("scripts") or {}) if not job.package.virtual else (),
        job.package.name,
        spec.entrypoint,
        spec.cmd,
    )
    version = str(project.get("version") or job.package.version)
    labels = image.metadata_labels(project, job.package.name, version)
    return image.Runtime(
        entrypoint,
        cmd,
        spec.env or {},
        spec.workdir or "/app",
        spec.user or "",
        image.parse_ports(spec.ports or ()),
        {**labels, **(spec.labels or {}), **job.request.labels},
    )
