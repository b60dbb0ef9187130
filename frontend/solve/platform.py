"""Build the image of one platform."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from frontend import targets
from frontend.container.environment import RESOURCES
from frontend.gateway import GatewayError, PlatformResult
from frontend.model.uv import Uv
from frontend.resolve import base_image
from frontend.resolve.platform import ResolvedPlatform, step_builder
from frontend.solve import native_steps
from frontend.solve.failure import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.gateway import Gateway
    from frontend.gateway.result import Attestation
    from frontend.request import Request
    from frontend.targets import TargetBuilder
    from frontend.targets.result import TargetResult


def building(
    gateway: Gateway, recipe: TargetBuilder, site: ResolvedPlatform
) -> Callable[[], PlatformResult]:
    """Return a task that builds the image of one platform."""
    return lambda: build_platform(gateway, recipe, site)


def compile_there(
    gateway: Gateway, site: ResolvedPlatform, product: TargetResult, recipe: TargetBuilder, uv: Uv
) -> TargetResult:
    """Make `product` anew, with the steps on the image's platform that must run there."""
    job, builder = site.job, site.builder
    found = native_steps.find_compiled(gateway, job, product.steps)
    if not found:
        return product
    image, path = site.base, site.target.path
    if job.settings.spec.builder:
        places = job.settings.origin("builder")
        name = job.settings.spec.builder
        image = base_image.resolve(
            gateway, job.request, name, site.platform, places, role="builder"
        )
        # As here, the builder has it where the base has it.
        path = builder.target.path if builder.target else path
    native = step_builder(gateway, job.request, uv, site.platform, image)
    native = replace(native, target=replace(site.target, path=path))
    builder = native_steps.with_native_steps(gateway, job, builder, native, found)
    return recipe.make(replace(site, builder=builder))


def build_platform(
    gateway: Gateway, recipe: TargetBuilder, site: ResolvedPlatform
) -> PlatformResult:
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
        from frontend.solve import checks

        checks.run(gateway, site, product)
    bill: tuple[Attestation, ...] = ()
    if request.sbom:
        from frontend.sbom.attach import attestations

        bill = attestations(gateway, site, product, ref)
    return PlatformResult(site.platform, ref, config, product.base_config, bill)


def recording(
    gateway: Gateway, site: ResolvedPlatform, product: TargetResult
) -> Callable[[], bytes] | None:
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
            from frontend.explain import progress

            tell = progress.start_comparison(gateway, site)
        if not wanted and not tell:
            return product.config
        made = complete_record(gateway, site, product)
        config = attached(product.config, made) if wanted else product.config
        if tell:
            tell(made, config)
        return config

    return gateway.begin(record)


def note_options(gateway: Gateway, request: Request, product: TargetResult) -> None:
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


def note_passwords(gateway: Gateway, request: Request) -> None:
    """Warn of a proxy's password in a build argument: BuildKit writes these down."""
    if any(urlsplit(address).password for address in request.proxy.values()):
        gateway.warn(
            "a build argument holds a proxy's password, which is kept in the build's provenance",
            detail=[
                "Pass the proxy's address as a secret: --secret id=HTTPS_PROXY,env=HTTPS_PROXY"
            ],
        )
