"""One build, from the request to what is returned: where reading, planning and emitting meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend import base as bases
from frontend import context as contexts
from frontend import image, plan
from frontend import spec as specs
from frontend import workspace as workspaces
from frontend.closure import Selection, check_python, close, export
from frontend.container import Builder
from frontend.emit import emit
from frontend.errors import FrontendError
from frontend.failure import explain
from frontend.freshness import compare
from frontend.gateway import CacheImport, GatewayError, PlatformResult, Result
from frontend.own_image import own_image
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.pylock import Pylock

    import llb
    from frontend.closure import Closure
    from frontend.context import Context
    from frontend.errors import Place
    from frontend.gateway import Gateway
    from frontend.lock import LocalPackage
    from frontend.request import Request
    from frontend.spec import Settings
    from frontend.target import Target
    from frontend.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """Everything that is known before a platform is looked at."""

    request: Request
    context: Context
    settings: Settings
    workspace: Workspace
    package: LocalPackage
    selection: Selection


def build(gateway: Gateway, request: Request) -> Result:
    """Build what `request` asks for. FrontendError for what the user can mend."""
    gateway.cache_imports = tuple(CacheImport(c.type, c.attributes) for c in request.cache_imports)
    if request.call:
        raise FrontendError(f"unsupported request {request.call}")
    job = read(gateway, request)
    (pylock, workspace), uv = gateway.together(
        lambda: read_closure(gateway, job), lambda: own_image(gateway, request)
    )
    job = replace(job, workspace=workspace)
    check_lock(gateway, job)
    images = gateway.together(
        *(_platform_builder(gateway, job, pylock, uv, platform) for platform in request.platforms)
    )
    return Result.image(images, multi_platform=request.multi_platform)


def _platform_builder(
    gateway: Gateway, job: Job, pylock: Pylock, uv: llb.Output, platform: llb.Platform
) -> Callable[[], PlatformResult]:
    return lambda: build_platform(gateway, job, pylock, uv, platform)


def read(gateway: Gateway, request: Request) -> Job:
    """Read build file, root manifest, lock and the package's manifest, and settle the spec."""
    arguments = specs.from_arguments(request.arguments)
    folder = arguments.values.get("workspace", ".")
    build_file, files = gateway.together(
        lambda: contexts.build_file(gateway, request),
        lambda: contexts.head(gateway, request, folder),
    )
    body = specs.from_build_file(TomlDocument.parse(build_file.source))
    first = specs.settle(arguments, body)
    if first.spec.workspace and contexts.workspace_path(first.spec.workspace, ".") != folder:
        folder = contexts.workspace_path(first.spec.workspace, ".")
        files = contexts.head(gateway, request, folder)
    context = contexts.Context(request, build_file.ignore or files.get(".dockerignore"))
    workspace = workspaces.open_workspace(folder, files)
    root = specs.from_manifest(workspace.root)
    settings = specs.settle(arguments, body, root)
    if settings.spec.package:
        package = workspaces.find_package(workspace, settings)
    else:
        package, workspace = workspaces.only_package(gateway, context, workspace)
    workspace = workspaces.read_manifests(gateway, context, workspace, [package])
    manifest = workspace.manifest(package)
    settings = specs.settle(arguments, body, specs.from_manifest(manifest), root)
    selection = Selection(package.name, settings.spec.extras or (), settings.spec.groups or ())
    workspaces.check_selection(workspace, settings, selection)
    return Job(request, context, settings, workspace, package, selection)


def read_closure(gateway: Gateway, job: Job) -> tuple[Pylock, Workspace]:
    """Let uv name the closure, and read the manifests of the directories in it."""
    workspace = job.workspace
    files = {
        "pyproject.toml": workspace.root.source.text,
        "uv.lock": workspace.lock.document.source.text,
    }
    if job.package.path != ".":
        manifest = workspace.manifest(job.package)
        files[f"{job.package.path}/pyproject.toml"] = manifest.source.text
    names = workspace.lock.local_closure(
        job.package.name, job.selection.extras, job.selection.groups
    )
    needed = [workspace.lock.local_packages[name] for name in names]
    return gateway.together(
        lambda: export(files, job.selection, (workspace.lock.place(job.package.name),)),
        lambda: workspaces.read_manifests(gateway, job.context, workspace, needed),
    )


def check_lock(gateway: Gateway, job: Job) -> None:
    """Compare the lock with the manifests that matter; the key `lock` says what a difference does.

    FrontendError where it is strict (the default) and more than a member's version differs.
    """
    mode = job.settings.spec.lock or "strict"
    if mode == "off":
        return
    lock, workspace, selection = job.workspace.lock, job.workspace, job.selection
    names = lock.local_closure(selection.package, selection.extras, selection.groups)
    for name in names:
        member = lock.local_packages[name]
        if name not in lock.members:
            continue
        groups = selection.groups if name == selection.package else ()
        for drift in compare(lock, member, workspace.manifest(member), groups):
            if mode == "strict" and not drift.harmless:
                raise FrontendError(
                    f"the lock is out of date: {drift.message}",
                    remedy="Run `uv lock` and commit the result "
                    '(or set `lock = "warn"` to build what the lock says).',
                    places=(drift.place,),
                )
            gateway.warn(f"uv.lock is out of date: {drift.message}", places=(drift.place,))


def build_platform(
    gateway: Gateway, job: Job, pylock: Pylock, uv: llb.Output, platform: llb.Platform
) -> PlatformResult:
    """Build the image for one platform, its steps run."""
    settings, request, workspace = job.settings, job.request, job.workspace
    base, builder = resolve_images(gateway, job, uv, platform)
    wanted = settings.spec.python or workspace.lock.requires_python
    target = bases.probe(gateway, builder, wanted, base_places(job))
    check_python(workspace.lock, target, base.name, base_places(job))
    builder = replace(builder, target=target)
    closure = close(pylock, workspace.lock, target)
    made = make_plan(job, closure, target, base)
    prefix = f"{platform.id} " if request.multi_platform else ""
    ground = bases.filesystem(base, request, platform, f"[{prefix}base] FROM {base.name}")
    emitted = emit(
        made,
        builder,
        ground,
        workspace,
        job.context,
        prefix=prefix,
        merge=settings.spec.merge is not False,
    )
    try:
        ref = gateway.solve(emitted.image, evaluate=True)
    except GatewayError as error:
        raise explain(gateway, builder, emitted, workspace, settings, error) from error
    config = image.configure(base, platform, made, runtime(job), request.source_date_epoch)
    return PlatformResult(platform, ref, config, base.raw or None)


def resolve_images(
    gateway: Gateway, job: Job, uv: llb.Output, platform: llb.Platform
) -> tuple[image.BaseImage, Builder]:
    """Resolve base and builder image."""
    request, settings = job.request, job.settings
    name = bases.choose(settings, job.workspace.lock.requires_python, job.workspace.python_pin)
    base = bases.resolve(gateway, request, name, platform, base_places(job))
    chosen = base
    if settings.spec.builder:
        places = settings.place("builder")
        chosen = bases.resolve(
            gateway, request, settings.spec.builder, platform, places, role="builder"
        )
    builder = Builder(
        chosen,
        bases.filesystem(chosen, request, platform, f"[builder] FROM {chosen.name}"),
        uv,
        platform,
        request,
        gateway.ping().llb,
    )
    return base, builder


def base_places(job: Job) -> tuple[Place, ...]:
    """Where the choice of Python was made, the nearest first."""
    chosen = job.settings.place("base") or job.settings.place("python")
    if chosen:
        return chosen
    manifest = job.workspace.manifest(job.package)
    if manifest.get("project", "requires-python"):
        return (manifest.place("project", "requires-python"),)
    return (job.workspace.root.place("project", "requires-python"),)


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
        sorted(project.get("scripts") or {}), job.package.name, spec.entrypoint, spec.cmd
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
