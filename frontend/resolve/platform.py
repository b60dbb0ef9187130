"""Resolve one platform: base, build environment, interpreter and packages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.container.environment import CrossBuild, StepImage
from frontend.container.writer import StepWriter
from frontend.errors import FrontendError
from frontend.findings import Finding
from frontend.inputs.inputs import attached, base_places
from frontend.model.uv import Uv
from frontend.project import git_versions, groups
from frontend.project.uv_config import BUILD_RULES
from frontend.resolve import base_image, emulation, probe
from frontend.resolve.base_profile import profile_base, with_tools
from frontend.resolve.closure import check_members, check_python, select_packages
from frontend.resolve.consistency import check_consistency
from frontend.resolve.export import export_files, read_closure
from frontend.resolve.frontend_image import frontend_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.pylock import Pylock

    import llb
    from frontend.container.downloads import HermeticSources
    from frontend.container.environment import BuildEnvironment
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.base import BaseImage
    from frontend.model.distribution import Distribution
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure
    from frontend.request import Request
    from frontend.resolve.base_profile import BaseProfile


@dataclass(frozen=True)
class ResolvedBase:
    """The base for one platform, and what the packages of its image are installed in."""

    platform: llb.Platform
    base: BaseProfile
    environment: BuildEnvironment
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ResolvedPlatform:
    """Everything that decides the image for one platform; nothing is installed for it yet.

    `progress_prefix` precedes its lines in the progress. `versions` are those of members that are
    made from git, by name. `created` is the time of the image in seconds since 1970, if it has one.
    """

    inputs: BuildInputs
    platform: llb.Platform
    progress_prefix: str
    base: BaseProfile
    environment: BuildEnvironment
    writer: StepWriter
    closure: Closure
    hermetic: HermeticSources | None
    versions: Mapping[str, str]
    created: int | None
    findings: tuple[Finding, ...]


def resolve_platforms(gateway: Gateway, inputs: BuildInputs) -> tuple[ResolvedPlatform, ...]:
    """Resolve every platform of the request. Nothing is installed for it."""
    writer = StepWriter(inputs.request.exec_options, gateway.ping().llb)
    with attached(inputs.findings):
        inputs, pylock, tools, bases = _resolve_inputs(gateway, writer, inputs)
        created, findings = inputs.request.source_date_epoch, inputs.findings
        if inputs.request.epoch_of_context:
            from frontend.resolve import epoch

            created, unknown_time = epoch.of_context(gateway, inputs.context)
            findings = (*findings, *unknown_time)
        inputs = replace(inputs, findings=findings)
        return gateway.together(
            *(_resolving(gateway, writer, inputs, pylock, tools, base, created) for base in bases)
        )


def _resolve_inputs(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs
) -> tuple[BuildInputs, Pylock, Pylock | None, tuple[ResolvedBase, ...]]:
    """Look at the base images and their Pythons while uv names the packages."""
    uv = _uv(gateway, inputs)
    is_hermetic = bool(inputs.settings.spec.hermetic)
    (pylock, inputs), tools, bases = gateway.together(
        lambda: read_closure(gateway, inputs),
        lambda: _read_tools(inputs) if is_hermetic else None,
        lambda: gateway.together(
            *(_resolving_base(gateway, writer, inputs, uv, p) for p in inputs.request.platforms)
        ),
    )
    return inputs, pylock, tools, bases


def _read_tools(inputs: BuildInputs) -> Pylock | None:
    # Imported where it is needed: most builds have a network.
    from frontend.resolve.hermetic import read_tools

    return read_tools(inputs, export_files(inputs))


def _uv(gateway: Gateway, inputs: BuildInputs) -> Uv:
    """The image that uv is taken from: our own, unless the user gives another one."""
    own = frontend_image(gateway, inputs.request)
    if not inputs.request.named_contexts and not inputs.settings.spec.uv:
        return Uv(own)
    from frontend.resolve.uv_image import uv_image

    return uv_image(gateway, inputs, own) or Uv(own)


def step_image(request: Request, uv: Uv, platform: llb.Platform, image: BaseImage) -> StepImage:
    """Return what steps run in on `image`, before its interpreter is known."""
    rootfs = base_image.filesystem(image, request, platform, f"[builder] FROM {image.name}")
    return StepImage(image=image, rootfs=rootfs, platform=platform, uv=uv)


def _resolving_base(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> Callable[[], ResolvedBase]:
    if not emulation.runs_here(platform, inputs.request.build_platform):
        return lambda: resolve_cross_base(gateway, writer, inputs, uv, platform)
    return lambda: resolve_base(gateway, writer, inputs, uv, platform)


def _resolving(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    pylock: Pylock,
    tools: Pylock | None,
    base: ResolvedBase,
    created: int | None,
) -> Callable[[], ResolvedPlatform]:
    return lambda: resolve_platform(gateway, writer, inputs, pylock, tools, base, created)


def resolve_base(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> ResolvedBase:
    """Resolve base and builder image, and find the Python of the builder."""
    request, spec, lock = inputs.request, inputs.settings.spec, inputs.workspace.lock
    pin = base_image.pinned(inputs.workspace.python_pin)
    places = base_places(inputs)
    image = base_image.resolve(gateway, request, _base_name(inputs), platform, places)
    wanted = spec.python or pin or lock.requires_python
    base_step = builder_step = step_image(request, uv, platform, image)
    if spec.builder:
        builder_places = inputs.settings.origin("builder")
        builder = base_image.resolve(
            gateway, request, spec.builder, platform, builder_places, role="builder"
        )
        builder_step = step_image(request, uv, platform, builder)
    base_step, interpreter, distribution, findings = ensure_interpreter(
        gateway, writer, inputs, base_step, builder_step, wanted, pin
    )
    check_python(lock, interpreter, image.name, places)
    groups.check_python(inputs.python_needs, interpreter, image.name)
    base_env = base_step.with_interpreter(interpreter)
    if spec.builder:
        builder_step = replace(builder_step, managed_python=base_step.managed_python)
        builders, builder_distribution = probe.require_interpreter(
            gateway, writer, builder_step, wanted, builder_places
        )
        probe.check_builder(image.name, interpreter, builder.name, builders, builder_places)
    else:
        builder_step, builder_distribution = base_step, distribution
    managed = base_step.managed_python is not None
    base = profile_base(inputs, image, distribution, interpreter, managed=managed)
    owner = (base.accounts.owner.uid, base.accounts.owner.gid)
    env = replace(builder_step.with_interpreter(interpreter), owner=owner, app_dir=distribution.app)
    base, env = with_provided(gateway, writer, inputs, base_env, base, env)
    base, env = with_prefix(gateway, writer, inputs, base_env, base, env)
    env = with_tools(inputs, writer, env, builder_distribution)
    return ResolvedBase(platform, base, env, findings)


def resolve_cross_base(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> ResolvedBase:
    """Resolve the base of another platform, and what to install its packages in here."""
    # Imported where it is needed: most images are for the engine's own platform.
    from frontend.resolve import cross_platform

    request, lock = inputs.request, inputs.workspace.lock
    if inputs.settings.spec.venv:
        # Its Python has to say where its packages are: by emulation.
        try:
            return resolve_base(gateway, writer, inputs, uv, platform)
        except FrontendError:
            # Without an emulator it looks as if there were no Python.
            _check_emulated(gateway, writer, inputs, uv, platform)
            raise

    def on_build_platform(inputs: BuildInputs) -> ResolvedBase:
        return resolve_base(gateway, writer, inputs, uv, request.build_platform)

    places = base_places(inputs)
    image, host = gateway.together(
        lambda: base_image.resolve(gateway, request, _base_name(inputs), platform, places),
        lambda: cross_platform.build_platform_base(inputs, on_build_platform),
    )
    pythons, distribution = cross_platform.probe_files(
        gateway, writer, inputs, image, platform, host.environment
    )
    build_python = host.environment.interpreter
    interpreter = cross_platform.same_python(pythons, build_python)
    if interpreter is None and pythons[0].release != build_python.release:
        host = on_build_platform(cross_platform.with_python(inputs, pythons[0].minor))
        interpreter = cross_platform.same_python(pythons, host.environment.interpreter)
    base_step = step_image(request, uv, platform, image)
    if interpreter is None:
        # A platform that uv cannot install for from here: all of it by emulation.
        native_env = base_step.with_interpreter(pythons[0])
        emulation.check_runs(gateway, writer, inputs, native_env)
        return resolve_base(gateway, writer, inputs, uv, platform)
    check_python(lock, interpreter, image.name, places)
    groups.check_python(inputs.python_needs, interpreter, image.name)
    base = profile_base(inputs, image, distribution, interpreter)
    owner = (base.accounts.owner.uid, base.accounts.owner.gid)
    env = replace(host.environment, cross=CrossBuild(), owner=owner, app_dir=distribution.app)
    base_env = base_step.with_interpreter(interpreter)
    if inputs.settings.spec.provided:
        emulation.check_key_runs(gateway, writer, inputs, base_env, "provided")
    base, env = with_provided(gateway, writer, inputs, base_env, base, env)
    return ResolvedBase(platform, base, env, host.findings)


def _base_name(inputs: BuildInputs) -> str:
    pin = base_image.pinned(inputs.workspace.python_pin)
    return base_image.choose(inputs.settings, inputs.requires_python, pin)


def _check_emulated(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, uv: Uv, platform: llb.Platform
) -> None:
    """Refuse `venv` on a platform of which nothing runs; its Python is found by reading."""
    from frontend.resolve import cross_platform

    request = inputs.request
    image = base_image.resolve(gateway, request, _base_name(inputs), platform, base_places(inputs))
    plain = replace(inputs, settings=inputs.settings.without("venv", "provided"))
    try:
        host = cross_platform.build_platform_base(
            plain, lambda i: resolve_base(gateway, writer, i, uv, request.build_platform)
        )
        pythons, _ = cross_platform.probe_files(
            gateway, writer, inputs, image, platform, host.environment
        )
    except FrontendError:
        return  # The error that led here says it better.
    native_env = step_image(request, uv, platform, image).with_interpreter(pythons[0])
    emulation.check_key_runs(gateway, writer, inputs, native_env, "venv")


def with_provided(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    base_env: BuildEnvironment,
    base: BaseProfile,
    env: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look for what the base has of what `provided` names; `base_env` runs steps in the base."""
    names = inputs.settings.spec.provided
    if not names:
        return base, env
    # Imported where it is needed: most images have nothing of the kind.
    from frontend.resolve.provided import probe_provided

    provided = probe_provided(gateway, writer, base_env, names)
    return (
        replace(base, provided=provided),
        replace(env, visible_site_packages=provided.environment),
    )


def with_prefix(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    base_env: BuildEnvironment,
    base: BaseProfile,
    env: BuildEnvironment,
) -> tuple[BaseProfile, BuildEnvironment]:
    """Look where the base's Python has its packages, if `venv` says that they go there."""
    if not inputs.settings.spec.venv:
        return base, env
    # Imported where it is needed, as above.
    from frontend.resolve.prefix import probe_prefix

    prefix = probe_prefix(gateway, writer, inputs, base_env)
    # What the base has is in the same folders, and nothing is needed to see it.
    return replace(base, prefix=prefix), replace(env, prefix=prefix, visible_site_packages=None)


def ensure_interpreter(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    base_step: StepImage,
    builder_step: StepImage,
    wanted: str,
    pin: str,
) -> tuple[StepImage, Interpreter, Distribution, tuple[Finding, ...]]:
    """Find the Python of the base, or install one; what is returned for the base has it then."""
    places = base_places(inputs)
    name, findings = base_step.image.name, list[Finding]()
    managed_wanted = base_image.managed_wanted(inputs)
    if not managed_wanted:
        fitting, other = probe.probe_interpreter(gateway, writer, base_step, wanted, places)
        if fitting:
            return base_step, *fitting, ()
        if managed_wanted is False:
            raise probe.no_python(base_step, wanted, other, places)
        if other:
            finding = Finding(
                None,
                f"{name} has Python {other.version}, and Python {wanted} is required: another one "
                "is installed",
                places,
            )
            findings.append(finding)
    # Imported where it is needed: most bases need nothing of it.
    from frontend.resolve import managed_python

    requires = inputs.workspace.lock.requires_python
    preferred = inputs.settings.spec.python or pin or base_image.admitted(requires)
    managed = managed_python.choose(inputs, wanted, preferred, places, builder_step.uv.version)
    provided = managed_python.provide(
        gateway, writer, base_step, builder_step, managed, inputs.context
    )
    return *provided, tuple(findings)


def resolve_platform(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    pylock: Pylock,
    tools: Pylock | None,
    resolved: ResolvedBase,
    created: int | None = None,
) -> ResolvedPlatform:
    """Choose the packages for one platform; `tools` are what hermetic builds use."""
    platform, base, env = resolved.platform, resolved.base, resolved.environment
    interpreter, findings = base.interpreter, list(resolved.findings)
    closure = select_packages(pylock, inputs.workspace.lock, interpreter)
    check_members(closure, inputs.workspace.manifest, interpreter)
    findings += check_consistency(inputs, closure, interpreter)
    if any(inputs.workspace.root.get("tool", "uv", key) for key in BUILD_RULES):
        # Imported where it is needed: most workspaces have no such settings.
        from frontend.resolve.build_rules import apply_build_rules

        closure = apply_build_rules(inputs.workspace, closure)
    if base.provided:
        from frontend.resolve.provided import check_provided

        findings += check_provided(inputs, base.image.name, base.provided, closure)
        closure = base.provided.without_provided(closure)
    if base.prefix:
        from frontend.resolve.prefix import reconcile

        closure, replaced = reconcile(inputs, base.image.name, base.prefix, closure)
        if replaced:
            base = replace(base, changes=(*base.changes, replaced))
    hermetic = None
    if inputs.settings.spec.hermetic:
        from frontend.resolve.hermetic import prepare_hermetic

        hermetic = prepare_hermetic(
            inputs, tools, closure, interpreter, writer.capabilities, env.uv.version
        )
    versions: Mapping[str, str] = {}
    if dynamic := git_versions.dynamic_members(inputs.workspace, closure.local):
        from frontend.resolve.git_history import resolve_versions

        versions, unknown = resolve_versions(gateway, writer, inputs, dynamic, env, hermetic)
        findings += unknown
    prefix = f"{platform.id} " if inputs.request.multi_platform else ""
    return ResolvedPlatform(
        inputs=inputs,
        platform=platform,
        progress_prefix=prefix,
        base=base,
        environment=env,
        writer=writer,
        closure=closure,
        hermetic=hermetic,
        versions=versions,
        created=created,
        findings=tuple(findings),
    )
