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
    gateway: Gateway, recipe: TargetBuilder, resolved: ResolvedPlatform
) -> Callable[[], PlatformResult]:
    """Return a task that builds the image of one platform."""
    return lambda: build_platform(gateway, recipe, resolved)


def compile_there(
    gateway: Gateway,
    resolved: ResolvedPlatform,
    product: TargetResult,
    recipe: TargetBuilder,
    uv: Uv,
) -> TargetResult:
    """Make `product` anew, with the steps on the image's platform that must run there."""
    inputs, builder = resolved.inputs, resolved.builder
    found = native_steps.find_compiled(gateway, inputs, product.steps)
    if not found:
        return product
    image, path = resolved.base, resolved.target.path
    if inputs.settings.spec.builder:
        places = inputs.settings.origin("builder")
        name = inputs.settings.spec.builder
        image = base_image.resolve(
            gateway, inputs.request, name, resolved.platform, places, role="builder"
        )
        # As here, the builder has it where the base has it.
        path = builder.target.path if builder.target else path
    native = step_builder(gateway, inputs.request, uv, resolved.platform, image)
    native = replace(native, target=replace(resolved.target, path=path))
    builder = native_steps.with_native_steps(gateway, inputs, builder, native, found)
    return recipe.make(replace(resolved, builder=builder))


def build_platform(
    gateway: Gateway, recipe: TargetBuilder, resolved: ResolvedPlatform
) -> PlatformResult:
    """Make the target for one platform, its steps run."""
    request = resolved.inputs.request
    product = recipe.make(resolved)
    if resolved.platform == request.platforms[0]:
        note_options(gateway, request, product)
    record = recording(gateway, resolved, product)
    try:
        if resolved.builder.foreign:
            uv = Uv(resolved.builder.uv, resolved.builder.uv_version)
            product = compile_there(gateway, resolved, product, recipe, uv)
        ref = gateway.solve(product.filesystem, evaluate=True)
    except GatewayError as error:
        raise explain(gateway, resolved.builder, product.steps, resolved.inputs, error) from error
    config = record() if record else product.config
    if product.checks:
        from frontend.solve import checks

        checks.run(gateway, resolved, product)
    bill: tuple[Attestation, ...] = ()
    if request.sbom:
        from frontend.sbom.attach import attestations

        bill = attestations(gateway, resolved, product, ref)
    return PlatformResult(resolved.platform, ref, config, product.base_config, bill)


def recording(
    gateway: Gateway, resolved: ResolvedPlatform, product: TargetResult
) -> Callable[[], bytes] | None:
    """Begin to write down what an image is made from, while it is built.

    What is returned waits for the image's configuration with that in its labels, and for what is
    said of the previous image. None for files that are no image of layers, and where the user wants
    neither.
    """
    wanted = resolved.inputs.settings.spec.plan_labels is not False
    named = resolved.inputs.request.named_contexts
    if product.plan is None or not (wanted or named):
        return None

    def record() -> bytes:
        from frontend.explain.files import complete_record
        from frontend.explain.labels import attached

        tell = None
        if named:
            from frontend.explain import progress

            tell = progress.start_comparison(gateway, resolved)
        if not wanted and not tell:
            return product.config
        made = complete_record(gateway, resolved, product)
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
