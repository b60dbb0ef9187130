"""Resolve one platform: base, builder, interpreter and packages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.container.environment import BuildEnvironment, CrossBuild
from frontend.errors import FrontendError
from frontend.inputs.inputs import base_places
from frontend.model.uv import Uv
from frontend.project import git_versions, groups
from frontend.project.uv_config import BUILD_RULES
from frontend.resolve import base_image, consistency, cross_platform, emulation, hermetic, probe
from frontend.resolve.base_profile import profile_base, with_tools
from frontend.resolve.closure import check_members, check_python, select_packages
from frontend.resolve.export import export_files, read_closure
from frontend.resolve.frontend_image import frontend_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.pylock import Pylock

    import llb
    from frontend.container.downloads import HermeticSources
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.base import BaseImage
    from frontend.model.distribution import Distribution
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure
    from frontend.request import Request
    from frontend.resolve.base_profile import BaseProfile


@dataclass(frozen=True)
class Ground:
    """What an image for one platform stands on, and what its packages are installed in."""

    platform: llb.Platform
    base: BaseImage
    builder: BuildEnvironment
    target: Interpreter
    footing: BaseProfile


def resolve_platforms(gateway: Gateway, job: BuildInputs) -> tuple[ResolvedPlatform, ...]:
    """Find out all that decides the target on each platform. Nothing is installed for it."""
    request = job.request
    uv = _uv(gateway, job)
    sealing = bool(job.settings.spec.hermetic)
    # The base image and its Python are looked at while uv names the packages.
    (pylock, workspace), tools, grounds = gateway.together(
        lambda: read_closure(gateway, job),
        lambda: hermetic.read_tools(job, export_files(job)) if sealing else None,
        lambda: gateway.together(*(_grounding(gateway, job, uv, p) for p in request.platforms)),
    )
    job = replace(job, workspace=workspace)
    if request.epoch_of_context:
        from frontend.resolve import epoch

        when = epoch.of_context(gateway, job.context)
        job = replace(job, request=replace(request, source_date_epoch=when))
    return tuple(
        gateway.together(*(_settling(gateway, job, pylock, tools, ground) for ground in grounds))
    )


def _uv(gateway: Gateway, job: BuildInputs) -> Uv:
    """The image that uv is taken from: our own, unless the user gives another one."""
    own = frontend_image(gateway, job.request)
    if not job.request.named_contexts and not job.settings.spec.uv:
        return Uv(own)
    from frontend.resolve.uv_image import uv_image

    return uv_image(gateway, job, own) or Uv(own)


def step_builder(
    gateway: Gateway,
    request: Request,
    uv: Uv,
    platform: llb.Platform,
    chosen: BaseImage,
) -> BuildEnvironment:
    """Return what steps run in on the image `chosen`, before its interpreter is known."""
    filesystem = base_image.filesystem(chosen, request, platform, f"[builder] FROM {chosen.name}")
    capabilities = gateway.ping().llb
    return BuildEnvironment(
        chosen, filesystem, uv.filesystem, platform, request, capabilities, uv_version=uv.version
    )


def _grounding(
    gateway: Gateway, job: BuildInputs, uv: Uv, platform: llb.Platform
) -> Callable[[], Ground]:
    if not emulation.runs_here(platform, job.request.build_platform):
        return lambda: resolve_cross_base(gateway, job, uv, platform)
    return lambda: resolve_base(gateway, job, uv, platform)


def _settling(
    gateway: Gateway, job: BuildInputs, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> Callable[[], ResolvedPlatform]:
    return lambda: resolve_platform(gateway, job, pylock, tools, ground)


def resolve_base(gateway: Gateway, job: BuildInputs, uv: Uv, platform: llb.Platform) -> Ground:
    """Resolve base and builder image, and find the Python of the builder."""
    request, spec, lock = job.request, job.settings.spec, job.workspace.lock
    pin = base_image.pinned(job.workspace.python_pin)
    name = base_image.choose(job.settings, job.requires_python, pin)
    base = base_image.resolve(gateway, request, name, platform, base_places(job))
    wanted = spec.python or pin or lock.requires_python
    builder = step_builder(gateway, request, uv, platform, base)
    workshop = builder
    if spec.builder:
        places = job.settings.origin("builder")
        chosen = base_image.resolve(
            gateway, request, spec.builder, platform, places, role="builder"
        )
        workshop = step_builder(gateway, request, uv, platform, chosen)
    builder, target, system = ensure_interpreter(gateway, job, builder, workshop, wanted, pin)
    check_python(lock, target, base.name, base_places(job))
    groups.check_python(job.python_needs, target, base.name)
    on_base = builder
    if spec.builder:
        builder = replace(workshop, python=builder.python)
        found, builders_system = probe.require_interpreter(gateway, builder, wanted, places)
        probe.check_builder(base.name, target, chosen.name, found, places)
    else:
        builders_system = system
    footing = profile_base(job, base, system, managed=builder.python is not None)
    owner = (footing.accounts.owner.uid, footing.accounts.owner.gid)
    builder = replace(builder, target=target, owner=owner, app=system.app)
    footing, builder = with_provided(gateway, job, on_base, target, footing, builder)
    footing, builder = with_prefix(gateway, job, on_base, target, footing, builder)
    builder = with_tools(job, builder, builders_system)
    return Ground(platform, base, builder, target, footing)


def resolve_cross_base(
    gateway: Gateway, job: BuildInputs, uv: Uv, platform: llb.Platform
) -> Ground:
    """Resolve the base of another platform, and what to install its packages in here."""
    request, lock, here = job.request, job.workspace.lock, job.request.build_platform
    if job.settings.spec.venv:
        # Its Python has to say where its packages are: by emulation.
        try:
            return resolve_base(gateway, job, uv, platform)
        except FrontendError:
            # Without an emulator it looks as if there were no Python.
            _check_emulated(gateway, job, uv, platform)
            raise

    def on_host(job: BuildInputs) -> Ground:
        return resolve_base(gateway, job, uv, here)

    places = base_places(job)
    name = _base_name(job)
    base, host = gateway.together(
        lambda: base_image.resolve(gateway, request, name, platform, places),
        lambda: cross_platform.build_platform_base(job, on_host),
    )
    found, system = cross_platform.probe_files(gateway, job, base, platform, host.builder)
    target = cross_platform.same_python(found, host.target)
    if target is None and found[0].release != host.target.release:
        host = on_host(cross_platform.with_python(job, found[0].minor))
        target = cross_platform.same_python(found, host.target)
    if target is None:
        # A platform that uv cannot install for from here: all of it by emulation.
        native = replace(step_builder(gateway, request, uv, platform, base), target=found[0])
        emulation.check_runs(gateway, job, native)
        return resolve_base(gateway, job, uv, platform)
    check_python(lock, target, base.name, places)
    groups.check_python(job.python_needs, target, base.name)
    footing = profile_base(job, base, system)
    owner = (footing.accounts.owner.uid, footing.accounts.owner.gid)
    builder = replace(host.builder, foreign=CrossBuild(), owner=owner, app=system.app)
    on_base = step_builder(gateway, request, uv, platform, base)
    if job.settings.spec.provided:
        emulation.check_asked(gateway, job, replace(on_base, target=target), "provided")
    footing, builder = with_provided(gateway, job, on_base, target, footing, builder)
    return Ground(platform, base, builder, target, footing)


def _base_name(job: BuildInputs) -> str:
    pin = base_image.pinned(job.workspace.python_pin)
    return base_image.choose(job.settings, job.requires_python, pin)


def _check_emulated(gateway: Gateway, job: BuildInputs, uv: Uv, platform: llb.Platform) -> None:
    """Refuse `venv` on a platform of which nothing runs; its Python is found by reading."""
    name = _base_name(job)
    base = base_image.resolve(gateway, job.request, name, platform, base_places(job))
    plain = replace(job, settings=job.settings.without("venv", "provided"))
    here = job.request.build_platform
    try:
        host = cross_platform.build_platform_base(
            plain, lambda job: resolve_base(gateway, job, uv, here)
        )
        found, _ = cross_platform.probe_files(gateway, job, base, platform, host.builder)
    except FrontendError:
        return  # The error that led here says it better.
    native = replace(step_builder(gateway, job.request, uv, platform, base), target=found[0])
    emulation.check_asked(gateway, job, native, "venv")


def with_provided(
    gateway: Gateway,
    job: BuildInputs,
    on_base: BuildEnvironment,
    target: Interpreter,
    footing: BaseProfile,
    builder: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look for what the base has of what `provided` names; `on_base` runs steps in the base."""
    names = job.settings.spec.provided
    if not names:
        return footing, builder
    # Imported where it is needed: most images have nothing of the kind.
    from frontend.resolve.provided import probe_provided

    there = probe_provided(gateway, on_base, target, names)
    return replace(footing, provided=there), replace(builder, seen=there.environment)


def with_prefix(
    gateway: Gateway,
    job: BuildInputs,
    on_base: BuildEnvironment,
    target: Interpreter,
    footing: BaseProfile,
    builder: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look where the base's Python has its packages, if `venv` says that they go there."""
    if not job.settings.spec.venv:
        return footing, builder
    # Imported where it is needed, as above.
    from frontend.resolve.prefix import probe_prefix

    there = probe_prefix(gateway, job, on_base, target)
    # What the base has is in the same folders, and needs nothing to be seen.
    return replace(footing, prefix=there), replace(builder, prefix=there, seen=None)


def ensure_interpreter(
    gateway: Gateway,
    job: BuildInputs,
    builder: BuildEnvironment,
    workshop: BuildEnvironment,
    wanted: str,
    pin: str,
) -> tuple[BuildEnvironment, Interpreter, Distribution]:
    """Find the Python of the base, or install one; the builder has it then."""
    places = base_places(job)
    asked = base_image.managed_wanted(job)
    if not asked:
        found, other = probe.probe_interpreter(gateway, builder, wanted, places)
        if found:
            return builder, *found
        if asked is False:
            raise probe.no_python(builder, wanted, other, places)
        if other:
            gateway.warn(
                f"{builder.image.name} has Python {other.version}, and Python {wanted} is "
                "required: another one is installed",
                places=places,
            )
    # Imported where it is needed: most bases need nothing of it.
    from frontend.resolve import managed_python

    requires = job.workspace.lock.requires_python
    preferred = job.settings.spec.python or pin or base_image.admitted(requires)
    managed = managed_python.choose(job, wanted, preferred, places, builder.uv_version)
    return managed_python.provide(gateway, builder, workshop, managed, job.context)


def resolve_platform(
    gateway: Gateway, job: BuildInputs, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> ResolvedPlatform:
    """Choose the packages for one platform; `tools` are what hermetic builds use."""
    platform = ground.platform
    closure = select_packages(pylock, job.workspace.lock, ground.target)
    check_members(closure, job.workspace.manifest, ground.target)
    consistency.check_consistency(gateway, job, closure, ground.target)
    if any(job.workspace.root.get("tool", "uv", key) for key in BUILD_RULES):
        # Imported where it is needed: most workspaces have no such settings.
        from frontend.resolve import build_rules

        closure = build_rules.apply_build_rules(job.workspace, closure)
    if ground.footing.provided:
        from frontend.resolve.provided import check_provided

        check_provided(gateway, job, ground.base.name, ground.footing.provided, closure)
        closure = ground.footing.provided.left(closure)
    footing = ground.footing
    if footing.prefix:
        from frontend.resolve.prefix import reconcile

        closure, replaced = reconcile(job, ground.base.name, footing.prefix, closure)
        if replaced:
            footing = replace(footing, changes=(*footing.changes, replaced))
    sealed = None
    if job.settings.spec.hermetic:
        capabilities = ground.builder.capabilities
        uv_version = ground.builder.uv_version
        sealed = hermetic.prepare_hermetic(
            job, tools, closure, ground.target, capabilities, uv_version
        )
    if dynamic := git_versions.dynamic_members(job.workspace, closure.local):
        from frontend.resolve import git_history

        first = platform == job.request.platforms[0]
        found = git_history.resolve_versions(
            gateway, job, dynamic, ground.builder, sealed, tell=first
        )
        job = replace(job, versions=found)
    prefix = f"{platform.id} " if job.request.multi_platform else ""
    return ResolvedPlatform(
        job,
        closure,
        platform,
        ground.base,
        ground.builder,
        ground.target,
        footing,
        prefix,
        sealed,
    )


@dataclass(frozen=True)
class ResolvedPlatform:
    """One platform of a build; `prefix` stands before its lines in the progress."""

    job: BuildInputs
    closure: Closure
    platform: llb.Platform
    base: BaseImage
    builder: BuildEnvironment
    target: Interpreter
    footing: BaseProfile
    prefix: str = ""
    sealed: HermeticSources | None = None
