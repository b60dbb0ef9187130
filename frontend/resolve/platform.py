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
from frontend.resolve import base_image, consistency, cross_platform, emulation, probe
from frontend.resolve.base_profile import profile_base, with_tools
from frontend.resolve.closure import check_members, check_python, select_packages
from frontend.resolve.export import export_files, read_closure
from frontend.resolve.frontend_image import frontend_image
from frontend.resolve.hermetic import prepare_hermetic, read_tools

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
    profile: BaseProfile


def resolve_platforms(gateway: Gateway, inputs: BuildInputs) -> tuple[ResolvedPlatform, ...]:
    """Find out all that decides the target on each platform. Nothing is installed for it."""
    request = inputs.request
    uv = _uv(gateway, inputs)
    sealing = bool(inputs.settings.spec.hermetic)
    # The base image and its Python are looked at while uv names the packages.
    (pylock, workspace), tools, grounds = gateway.together(
        lambda: read_closure(gateway, inputs),
        lambda: read_tools(inputs, export_files(inputs)) if sealing else None,
        lambda: gateway.together(*(_grounding(gateway, inputs, uv, p) for p in request.platforms)),
    )
    inputs = replace(inputs, workspace=workspace)
    if request.epoch_of_context:
        from frontend.resolve import epoch

        when = epoch.of_context(gateway, inputs.context)
        inputs = replace(inputs, request=replace(request, source_date_epoch=when))
    return tuple(
        gateway.together(*(_settling(gateway, inputs, pylock, tools, ground) for ground in grounds))
    )


def _uv(gateway: Gateway, inputs: BuildInputs) -> Uv:
    """The image that uv is taken from: our own, unless the user gives another one."""
    own = frontend_image(gateway, inputs.request)
    if not inputs.request.named_contexts and not inputs.settings.spec.uv:
        return Uv(own)
    from frontend.resolve.uv_image import uv_image

    return uv_image(gateway, inputs, own) or Uv(own)


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
    gateway: Gateway, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> Callable[[], Ground]:
    if not emulation.runs_here(platform, inputs.request.build_platform):
        return lambda: resolve_cross_base(gateway, inputs, uv, platform)
    return lambda: resolve_base(gateway, inputs, uv, platform)


def _settling(
    gateway: Gateway, inputs: BuildInputs, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> Callable[[], ResolvedPlatform]:
    return lambda: resolve_platform(gateway, inputs, pylock, tools, ground)


def resolve_base(gateway: Gateway, inputs: BuildInputs, uv: Uv, platform: llb.Platform) -> Ground:
    """Resolve base and builder image, and find the Python of the builder."""
    request, spec, lock = inputs.request, inputs.settings.spec, inputs.workspace.lock
    pin = base_image.pinned(inputs.workspace.python_pin)
    name = base_image.choose(inputs.settings, inputs.requires_python, pin)
    base = base_image.resolve(gateway, request, name, platform, base_places(inputs))
    wanted = spec.python or pin or lock.requires_python
    builder = step_builder(gateway, request, uv, platform, base)
    builder_env = builder
    if spec.builder:
        places = inputs.settings.origin("builder")
        chosen = base_image.resolve(
            gateway, request, spec.builder, platform, places, role="builder"
        )
        builder_env = step_builder(gateway, request, uv, platform, chosen)
    builder, target, system = ensure_interpreter(gateway, inputs, builder, builder_env, wanted, pin)
    check_python(lock, target, base.name, base_places(inputs))
    groups.check_python(inputs.python_needs, target, base.name)
    base_env = builder
    if spec.builder:
        builder = replace(builder_env, python=builder.python)
        found, builders_system = probe.require_interpreter(gateway, builder, wanted, places)
        probe.check_builder(base.name, target, chosen.name, found, places)
    else:
        builders_system = system
    profile = profile_base(inputs, base, system, managed=builder.python is not None)
    owner = (profile.accounts.owner.uid, profile.accounts.owner.gid)
    builder = replace(builder, target=target, owner=owner, app=system.app)
    profile, builder = with_provided(gateway, inputs, base_env, target, profile, builder)
    profile, builder = with_prefix(gateway, inputs, base_env, target, profile, builder)
    builder = with_tools(inputs, builder, builders_system)
    return Ground(platform, base, builder, target, profile)


def resolve_cross_base(
    gateway: Gateway, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> Ground:
    """Resolve the base of another platform, and what to install its packages in here."""
    request, lock, here = inputs.request, inputs.workspace.lock, inputs.request.build_platform
    if inputs.settings.spec.venv:
        # Its Python has to say where its packages are: by emulation.
        try:
            return resolve_base(gateway, inputs, uv, platform)
        except FrontendError:
            # Without an emulator it looks as if there were no Python.
            _check_emulated(gateway, inputs, uv, platform)
            raise

    def on_host(inputs: BuildInputs) -> Ground:
        return resolve_base(gateway, inputs, uv, here)

    places = base_places(inputs)
    name = _base_name(inputs)
    base, host = gateway.together(
        lambda: base_image.resolve(gateway, request, name, platform, places),
        lambda: cross_platform.build_platform_base(inputs, on_host),
    )
    found, system = cross_platform.probe_files(gateway, inputs, base, platform, host.builder)
    target = cross_platform.same_python(found, host.target)
    if target is None and found[0].release != host.target.release:
        host = on_host(cross_platform.with_python(inputs, found[0].minor))
        target = cross_platform.same_python(found, host.target)
    if target is None:
        # A platform that uv cannot install for from here: all of it by emulation.
        native = replace(step_builder(gateway, request, uv, platform, base), target=found[0])
        emulation.check_runs(gateway, inputs, native)
        return resolve_base(gateway, inputs, uv, platform)
    check_python(lock, target, base.name, places)
    groups.check_python(inputs.python_needs, target, base.name)
    profile = profile_base(inputs, base, system)
    owner = (profile.accounts.owner.uid, profile.accounts.owner.gid)
    builder = replace(host.builder, foreign=CrossBuild(), owner=owner, app=system.app)
    base_env = step_builder(gateway, request, uv, platform, base)
    if inputs.settings.spec.provided:
        emulation.check_asked(gateway, inputs, replace(base_env, target=target), "provided")
    profile, builder = with_provided(gateway, inputs, base_env, target, profile, builder)
    return Ground(platform, base, builder, target, profile)


def _base_name(inputs: BuildInputs) -> str:
    pin = base_image.pinned(inputs.workspace.python_pin)
    return base_image.choose(inputs.settings, inputs.requires_python, pin)


def _check_emulated(gateway: Gateway, inputs: BuildInputs, uv: Uv, platform: llb.Platform) -> None:
    """Refuse `venv` on a platform of which nothing runs; its Python is found by reading."""
    name = _base_name(inputs)
    base = base_image.resolve(gateway, inputs.request, name, platform, base_places(inputs))
    plain = replace(inputs, settings=inputs.settings.without("venv", "provided"))
    here = inputs.request.build_platform
    try:
        host = cross_platform.build_platform_base(
            plain, lambda inputs: resolve_base(gateway, inputs, uv, here)
        )
        found, _ = cross_platform.probe_files(gateway, inputs, base, platform, host.builder)
    except FrontendError:
        return  # The error that led here says it better.
    native = replace(step_builder(gateway, inputs.request, uv, platform, base), target=found[0])
    emulation.check_asked(gateway, inputs, native, "venv")


def with_provided(
    gateway: Gateway,
    inputs: BuildInputs,
    base_env: BuildEnvironment,
    target: Interpreter,
    profile: BaseProfile,
    builder: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look for what the base has of what `provided` names; `base_env` runs steps in the base."""
    names = inputs.settings.spec.provided
    if not names:
        return profile, builder
    # Imported where it is needed: most images have nothing of the kind.
    from frontend.resolve.provided import probe_provided

    there = probe_provided(gateway, base_env, target, names)
    return replace(profile, provided=there), replace(builder, seen=there.environment)


def with_prefix(
    gateway: Gateway,
    inputs: BuildInputs,
    base_env: BuildEnvironment,
    target: Interpreter,
    profile: BaseProfile,
    builder: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look where the base's Python has its packages, if `venv` says that they go there."""
    if not inputs.settings.spec.venv:
        return profile, builder
    # Imported where it is needed, as above.
    from frontend.resolve.prefix import probe_prefix

    there = probe_prefix(gateway, inputs, base_env, target)
    # What the base has is in the same folders, and needs nothing to be seen.
    return replace(profile, prefix=there), replace(builder, prefix=there, seen=None)


def ensure_interpreter(
    gateway: Gateway,
    inputs: BuildInputs,
    builder: BuildEnvironment,
    builder_env: BuildEnvironment,
    wanted: str,
    pin: str,
) -> tuple[BuildEnvironment, Interpreter, Distribution]:
    """Find the Python of the base, or install one; the builder has it then."""
    places = base_places(inputs)
    asked = base_image.managed_wanted(inputs)
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

    requires = inputs.workspace.lock.requires_python
    preferred = inputs.settings.spec.python or pin or base_image.admitted(requires)
    managed = managed_python.choose(inputs, wanted, preferred, places, builder.uv_version)
    return managed_python.provide(gateway, builder, builder_env, managed, inputs.context)


def resolve_platform(
    gateway: Gateway, inputs: BuildInputs, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> ResolvedPlatform:
    """Choose the packages for one platform; `tools` are what hermetic builds use."""
    platform = ground.platform
    closure = select_packages(pylock, inputs.workspace.lock, ground.target)
    check_members(closure, inputs.workspace.manifest, ground.target)
    consistency.check_consistency(gateway, inputs, closure, ground.target)
    if any(inputs.workspace.root.get("tool", "uv", key) for key in BUILD_RULES):
        # Imported where it is needed: most workspaces have no such settings.
        from frontend.resolve import build_rules

        closure = build_rules.apply_build_rules(inputs.workspace, closure)
    if ground.profile.provided:
        from frontend.resolve.provided import check_provided

        check_provided(gateway, inputs, ground.base.name, ground.profile.provided, closure)
        closure = ground.profile.provided.left(closure)
    profile = ground.profile
    if profile.prefix:
        from frontend.resolve.prefix import reconcile

        closure, replaced = reconcile(inputs, ground.base.name, profile.prefix, closure)
        if replaced:
            profile = replace(profile, changes=(*profile.changes, replaced))
    hermetic = None
    if inputs.settings.spec.hermetic:
        capabilities = ground.builder.capabilities
        uv_version = ground.builder.uv_version
        hermetic = prepare_hermetic(inputs, tools, closure, ground.target, capabilities, uv_version)
    if dynamic := git_versions.dynamic_members(inputs.workspace, closure.local):
        from frontend.resolve import git_history

        first = platform == inputs.request.platforms[0]
        found = git_history.resolve_versions(
            gateway, inputs, dynamic, ground.builder, hermetic, tell=first
        )
        inputs = replace(inputs, versions=found)
    prefix = f"{platform.id} " if inputs.request.multi_platform else ""
    return ResolvedPlatform(
        inputs,
        closure,
        platform,
        ground.base,
        ground.builder,
        ground.target,
        profile,
        prefix,
        hermetic,
    )


@dataclass(frozen=True)
class ResolvedPlatform:
    """One platform of a build; `prefix` stands before its lines in the progress."""

    inputs: BuildInputs
    closure: Closure
    platform: llb.Platform
    base: BaseImage
    builder: BuildEnvironment
    target: Interpreter
    profile: BaseProfile
    prefix: str = ""
    hermetic: HermeticSources | None = None
