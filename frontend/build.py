"""One build, from the request to what is returned: where reading, planning and emitting meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend import base as bases
from frontend import consistency, foreign, groups, hermetic, targets, versions
from frontend.closure import check_members, check_python, close
from frontend.container import RESOURCES, Builder, Foreign, Uv
from frontend.credentials import note_passwords
from frontend.errors import FrontendError
from frontend.failure import explain
from frontend.footing import settle, with_tools
from frontend.gateway import GatewayError, PlatformResult, Result
from frontend.job import base_places, export_files, read, read_closure
from frontend.lint import report
from frontend.own_image import own_image
from frontend.targets.product import Site
from frontend.uv_settings import BUILD_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.pylock import Pylock

    import llb
    from frontend import image
    from frontend.base_system import System
    from frontend.context import FirstReads
    from frontend.footing import Footing
    from frontend.gateway import Gateway
    from frontend.gateway.result import Attestation
    from frontend.job import Job
    from frontend.request import Request
    from frontend.target import Target
    from frontend.targets import Recipe
    from frontend.targets.product import Product


@dataclass(frozen=True)
class Ground:
    """What an image for one platform stands on, and what its packages are installed in."""

    platform: llb.Platform
    base: image.BaseImage
    builder: Builder
    target: Target
    footing: Footing


def build(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Build what `request` asks for. FrontendError for what the user can mend."""
    if request.call:
        from frontend import calls

        return calls.answer(gateway, request, reads)
    recipe = targets.find(request.target).recipe
    job = recipe.select(gateway, read(gateway, request, reads))
    note_passwords(gateway, request)
    report.begin(job)
    found = sites(gateway, job)
    report.tell(gateway, found)
    images = gateway.together(*(_building(gateway, recipe, site) for site in found))
    metadata: dict[str, bytes] = {}
    if request.epoch_of_context:
        from frontend import epoch

        when = found[0].job.request.source_date_epoch
        metadata = {} if when is None else {epoch.METADATA: str(when).encode()}
    return Result.image(images, multi_platform=request.multi_platform, metadata=metadata)


def sites(gateway: Gateway, job: Job) -> tuple[Site, ...]:
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
        from frontend import epoch

        when = epoch.of_context(gateway, job.context)
        job = replace(job, request=replace(request, source_date_epoch=when))
    return tuple(
        gateway.together(*(_settling(gateway, job, pylock, tools, ground) for ground in grounds))
    )


def _uv(gateway: Gateway, job: Job) -> Uv:
    """The image that uv is taken from: our own, unless the user gives another one."""
    own = own_image(gateway, job.request)
    if not job.request.named_contexts and not job.settings.spec.uv:
        return Uv(own)
    from frontend.given_uv import given_uv

    return given_uv(gateway, job, own) or Uv(own)


def _builder(
    gateway: Gateway,
    request: Request,
    uv: Uv,
    platform: llb.Platform,
    chosen: image.BaseImage,
) -> Builder:
    filesystem = bases.filesystem(chosen, request, platform, f"[builder] FROM {chosen.name}")
    capabilities = gateway.ping().llb
    return Builder(
        chosen, filesystem, uv.filesystem, platform, request, capabilities, uv_version=uv.version
    )


def _grounding(gateway: Gateway, job: Job, uv: Uv, platform: llb.Platform) -> Callable[[], Ground]:
    if not foreign.runs_here(platform, job.request.build_platform):
        return lambda: resolve_foreign(gateway, job, uv, platform)
    return lambda: resolve(gateway, job, uv, platform)


def _settling(
    gateway: Gateway, job: Job, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> Callable[[], Site]:
    return lambda: settle_platform(gateway, job, pylock, tools, ground)


def _building(gateway: Gateway, recipe: Recipe, site: Site) -> Callable[[], PlatformResult]:
    return lambda: build_platform(gateway, recipe, site)


def resolve(gateway: Gateway, job: Job, uv: Uv, platform: llb.Platform) -> Ground:
    """Resolve base and builder image, and find the Python of the builder."""
    request, spec, lock = job.request, job.settings.spec, job.workspace.lock
    pin = bases.pinned(job.workspace.python_pin)
    name = bases.choose(job.settings, job.requires_python, pin)
    base = bases.resolve(gateway, request, name, platform, base_places(job))
    wanted = spec.python or pin or lock.requires_python
    builder = _builder(gateway, request, uv, platform, base)
    workshop = builder
    if spec.builder:
        places = job.settings.origin("builder")
        chosen = bases.resolve(gateway, request, spec.builder, platform, places, role="builder")
        workshop = _builder(gateway, request, uv, platform, chosen)
    builder, target, system = equip(gateway, job, builder, workshop, wanted, pin)
    check_python(lock, target, base.name, base_places(job))
    groups.check_python(job.python_needs, target, base.name)
    on_base = builder
    if spec.builder:
        builder = replace(workshop, python=builder.python)
        found, builders_system = bases.probe(gateway, builder, wanted, places)
        bases.check_builder(base.name, target, chosen.name, found, places)
    else:
        builders_system = system
    footing = settle(job, base, system, managed=builder.python is not None)
    owner = (footing.accounts.owner.uid, footing.accounts.owner.gid)
    builder = replace(builder, target=target, owner=owner, app=system.app)
    footing, builder = with_provided(gateway, job, on_base, target, footing, builder)
    footing, builder = with_prefix(gateway, job, on_base, target, footing, builder)
    builder = with_tools(job, builder, builders_system)
    return Ground(platform, base, builder, target, footing)


def resolve_foreign(gateway: Gateway, job: Job, uv: Uv, platform: llb.Platform) -> Ground:
    """Resolve the base of another platform, and what to install its packages in here."""
    request, lock, here = job.request, job.workspace.lock, job.request.build_platform
    if job.settings.spec.venv:
        # Its Python has to say where its packages are: by emulation.
        try:
            return resolve(gateway, job, uv, platform)
        except FrontendError:
            # Without an emulator it looks as if there were no Python.
            _check_emulated(gateway, job, uv, platform)
            raise

    def on_host(job: Job) -> Ground:
        return resolve(gateway, job, uv, here)

    places = base_places(job)
    name = bases.choose(job.settings, job.requires_python, bases.pinned(job.workspace.python_pin))
    base, host = gateway.together(
        lambda: bases.resolve(gateway, request, name, platform, places),
        lambda: foreign.host(job, on_host),
    )
    found, system = foreign.read(gateway, job, base, platform, host.builder)
    target = foreign.same_python(found, host.target)
    if target is None and found[0].release != host.target.release:
        host = on_host(foreign.with_python(job, found[0].minor))
        target = foreign.same_python(found, host.target)
    if target is None:
        # A platform that uv cannot install for from here: all of it by emulation.
        native = replace(_builder(gateway, request, uv, platform, base), target=found[0])
        foreign.check_runs(gateway, job, native)
        return resolve(gateway, job, uv, platform)
    check_python(lock, target, base.name, places)
    groups.check_python(job.python_needs, target, base.name)
    footing = settle(job, base, system)
    owner = (footing.accounts.owner.uid, footing.accounts.owner.gid)
    builder = replace(host.builder, foreign=Foreign(), owner=owner, app=system.app)
    on_base = _builder(gateway, request, uv, platform, base)
    if job.settings.spec.provided:
        foreign.check_asked(gateway, job, replace(on_base, target=target), "provided")
    footing, builder = with_provided(gateway, job, on_base, target, footing, builder)
    return Ground(platform, base, builder, target, footing)


def _check_emulated(gateway: Gateway, job: Job, uv: Uv, platform: llb.Platform) -> None:
    """Refuse `venv` on a platform of which nothing runs; its Python is found by reading."""
    name = bases.choose(job.settings, job.requires_python, bases.pinned(job.workspace.python_pin))
    base = bases.resolve(gateway, job.request, name, platform, base_places(job))
    plain = replace(job, settings=job.settings.without("venv", "provided"))
    here = job.request.build_platform
    try:
        host = foreign.host(plain, lambda job: resolve(gateway, job, uv, here))
        found, _ = foreign.read(gateway, job, base, platform, host.builder)
    except FrontendError:
        return  # The error that led here says it better.
    native = replace(_builder(gateway, job.request, uv, platform, base), target=found[0])
    foreign.check_asked(gateway, job, native, "venv")


def compile_there(
    gateway: Gateway, site: Site, product: Product, recipe: Recipe, uv: Uv
) -> Product:
    """Make `product` anew, with the steps on the image's platform that must run there."""
    job, builder = site.job, site.builder
    found = foreign.compiled(gateway, job, product.steps)
    if not found:
        return product
    image, path = site.base, site.target.path
    if job.settings.spec.builder:
        places = job.settings.origin("builder")
        name = job.settings.spec.builder
        image = bases.resolve(gateway, job.request, name, site.platform, places, role="builder")
        # As here, the builder has it where the base has it.
        path = builder.target.path if builder.target else path
    native = _builder(gateway, job.request, uv, site.platform, image)
    native = replace(native, target=replace(site.target, path=path))
    builder = foreign.there(gateway, job, builder, native, found)
    return recipe.make(replace(site, builder=builder))


def with_provided(
    gateway: Gateway,
    job: Job,
    on_base: Builder,
    target: Target,
    footing: Footing,
    builder: Builder,
) -> tuple[Footing, Builder]:
    """Look for what the base has of what `provided` names; `on_base` runs steps in the base."""
    names = job.settings.spec.provided
    if not names:
        return footing, builder
    # Imported where it is needed: most images have nothing of the kind.
    from frontend.provided import look

    there = look(gateway, on_base, target, names)
    return replace(footing, provided=there), replace(builder, seen=there.environment)


def with_prefix(
    gateway: Gateway,
    job: Job,
    on_base: Builder,
    target: Target,
    footing: Footing,
    builder: Builder,
) -> tuple[Footing, Builder]:
    """Look where the base's Python has its packages, if `venv` says that they go there."""
    if not job.settings.spec.venv:
        return footing, builder
    # Imported where it is needed, as above.
    from frontend.prefix import look

    there = look(gateway, job, on_base, target)
    # What the base has is in the same folders, and needs nothing to be seen.
    return replace(footing, prefix=there), replace(builder, prefix=there, seen=None)


def equip(
    gateway: Gateway, job: Job, builder: Builder, workshop: Builder, wanted: str, pin: str
) -> tuple[Builder, Target, System]:
    """Find the Python of the base, or install one; the builder has it then."""
    places = base_places(job)
    asked = bases.managed_wanted(job)
    if not asked:
        found, other = bases.search(gateway, builder, wanted, places)
        if found:
            return builder, *found
        if asked is False:
            raise bases.no_python(builder, wanted, other, places)
        if other:
            gateway.warn(
                f"{builder.image.name} has Python {other.version}, and Python {wanted} is "
                "required: another one is installed",
                places=places,
            )
    # Imported where it is needed: most bases need nothing of it.
    from frontend import managed_python

    requires = job.workspace.lock.requires_python
    preferred = job.settings.spec.python or pin or bases.admitted(requires)
    managed = managed_python.choose(job, wanted, preferred, places, builder.uv_version)
    return managed_python.provide(gateway, builder, workshop, managed, job.context)


def settle_platform(
    gateway: Gateway, job: Job, pylock: Pylock, tools: Pylock | None, ground: Ground
) -> Site:
    """Choose the packages for one platform; `tools` are what hermetic builds use."""
    platform = ground.platform
    closure = close(pylock, job.workspace.lock, ground.target)
    check_members(closure, job.workspace.manifest, ground.target)
    consistency.check(gateway, job, closure, ground.target)
    if any(job.workspace.root.get("tool", "uv", key) for key in BUILD_RULES):
        # Imported where it is needed: most workspaces have no such settings.
        from frontend import build_rules

        closure = build_rules.apply(job.workspace, closure)
    if ground.footing.provided:
        from frontend.provided import check

        check(gateway, job, ground.base.name, ground.footing.provided, closure)
        closure = ground.footing.provided.left(closure)
    footing = ground.footing
    if footing.prefix:
        from frontend.prefix import meet

        closure, replaced = meet(job, ground.base.name, footing.prefix, closure)
        if replaced:
            footing = replace(footing, changes=(*footing.changes, replaced))
    sealed = None
    if job.settings.spec.hermetic:
        capabilities = ground.builder.capabilities
        uv_version = ground.builder.uv_version
        sealed = hermetic.seal(job, tools, closure, ground.target, capabilities, uv_version)
    if dynamic := versions.wanted(job.workspace, closure.local):
        from frontend import history

        first = platform == job.request.platforms[0]
        found = history.settle(gateway, job, dynamic, ground.builder, sealed, tell=first)
        job = replace(job, versions=found)
    prefix = f"{platform.id} " if job.request.multi_platform else ""
    return Site(
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


def build_platform(gateway: Gateway, recipe: Recipe, site: Site) -> PlatformResult:
    """Make the target for one platform, its steps run."""
    request = site.job.request
    product = recipe.make(site)
    if site.platform == request.platforms[0]:
        note_options(gateway, request, product)
    record = recording(gateway, site, product)
    try:
        if site.builder.foreign:
            uv = Uv(site.builder.uv, site.builder.uv_version)
            product = compile_there(gateway, site, product, recipe, uv)
        ref = gateway.solve(product.filesystem, evaluate=True)
    except GatewayError as error:
        raise explain(gateway, site.builder, product.steps, site.job, error) from error
    config = record() if record else product.config
    if product.checks:
        from frontend import checks

        checks.run(gateway, site, product)
    bill: tuple[Attestation, ...] = ()
    if request.sbom:
        from frontend.sbom import attestations

        bill = attestations(gateway, site, product, ref)
    return PlatformResult(site.platform, ref, config, product.base_config, bill)


def recording(gateway: Gateway, site: Site, product: Product) -> Callable[[], bytes] | None:
    """Begin to write down what an image is made from, while it is built.

    What is returned waits for the image's configuration with that in its labels, and for what is
    said of the previous image. None for files that are no image of layers, and where the user wants
    neither.
    """
    wanted = site.job.settings.spec.plan_labels is not False
    named = site.job.request.named_contexts
    if product.plan is None or not (wanted or named):
        return None

    def record() -> bytes:
        from frontend.explain.files import complete_record
        from frontend.explain.labels import attached

        tell = None
        if named:
            from frontend.explain import told

            tell = told.begin(gateway, site)
        if not wanted and not tell:
            return product.config
        made = complete_record(gateway, site, product)
        config = attached(product.config, made) if wanted else product.config
        if tell:
            tell(made, config)
        return config

    return gateway.begin(record)


def note_options(gateway: Gateway, request: Request, product: Product) -> None:
    """Say which options of the build have no effect here."""
    known = {request.target or targets.DEFAULT, *targets.names()}
    for step in product.steps:
        known |= step.layer.names
    for name in request.no_cache or ():
        if canonicalize_name(name) not in known:
            gateway.warn(
                f"--no-cache-filter={name} has no effect: no step of this build goes by that name",
                detail=["It is the name of a package, of a target, or of a kind of layer."],
            )
    limited = request.limits.resources is not None
    if limited and not gateway.ping().llb.supports(RESOURCES):
        gateway.warn(
            "limits of memory and processors have no effect: this engine cannot limit the steps of "
            "a build (BuildKit 0.31 can)"
        )
